//! Every number of the insights against plain loops: over seeds and zones through the built server, and over rows with
//! all kinds of gaps in them against the functions alone.

#![expect(clippy::cast_possible_wrap, clippy::cast_precision_loss, reason = "small counts")]

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use domain::{AgentFact, FactTable, FactTableBuilder, InspectorNumber, Named, NewFact, WordNumber};
use insight::{self, MixBy, MixKey, Rate, Scope};
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use proptest::prelude::*;
use sandbox::CompanyTruth;
use serde_json::{Value, json};

use crate::marks::{are_strong, judged};
use crate::rhythm::rhythms;
use crate::support::{TestApp, civil, civil_of, epoch_day, middle, money, now};

/// An inspection as the loops take it. Keys of agents and inspectors are what the answers name them by.
#[derive(Clone, Debug)]
pub(crate) struct Plain {
    pub(crate) id: i64,
    pub(crate) start: Timestamp,
    pub(crate) day: Date,
    pub(crate) hours: Option<f64>,
    pub(crate) canceled: bool,
    pub(crate) published: Option<Timestamp>,
    pub(crate) cents: Option<u64>,
    pub(crate) inspector: Option<String>,
    pub(crate) assists: Vec<String>,
    pub(crate) buyer: Option<String>,
    seller: Option<String>,
    pub(crate) agency: Option<String>,
    pub(crate) zip: Option<String>,
    pub(crate) city: Option<String>,
    pub(crate) reason: Option<String>,
    pub(crate) services: Vec<String>,
    pub(crate) add_ons: Vec<String>,
}

impl Plain {
    pub(crate) fn performed(&self) -> bool {
        !self.canceled && self.start < now()
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Days(pub(crate) Date, pub(crate) Date);

impl Days {
    pub(crate) fn hold(self, day: Date) -> bool {
        self.0 <= day && day <= self.1
    }

    fn of(self, rows: &[Plain]) -> Vec<&Plain> {
        rows.iter().filter(|row| self.hold(row.day)).collect()
    }

    /// What is counted in a period that may still be running: nothing of what lies ahead.
    fn begun(self, rows: &[Plain]) -> Vec<&Plain> {
        self.of(rows).into_iter().filter(|row| row.start < now()).collect()
    }

    fn back(self, days: i64) -> Self {
        Self(self.0 - days.days(), self.1 - days.days())
    }

    fn length(self) -> i64 {
        i64::from((self.1 - self.0).get_days()) + 1
    }
}

/// The inspections of a company that are not deleted, in the order of the truth.
pub(crate) fn rows_of(company: &CompanyTruth, zone: &TimeZone) -> Vec<Plain> {
    let instant = |seconds: i64| Timestamp::from_second(seconds).unwrap();
    let agent = |index: Option<u32>| index.map(|index| company.agents[index as usize].connection_id.to_string());
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let kept = company.inspections.iter().filter(|row| row.deleted_at.is_none());
    kept.map(|row| {
        let mut inspectors = row.inspectors().map(|index| company.inspectors[index].name.to_owned());
        let agency = row.buying_agent.and_then(|agent| company.agents[agent as usize].agency);
        Plain {
            id: row.id as i64,
            start: instant(row.starts_at),
            day: civil_of(zone, row.starts_at).date(),
            hours: Some(f64::from(row.minutes) / 60.0),
            canceled: row.canceled_at.is_some(),
            published: row.published_at.map(instant),
            cents: Some(u64::from(row.quote_cents)),
            inspector: inspectors.next(),
            assists: inspectors.collect(),
            buyer: agent(row.buying_agent),
            seller: agent(row.selling_agent),
            agency: agency.map(|agency| words(&company.agencies[agency].name)),
            zip: company.zip(row).map(str::to_owned),
            city: Some(company.place(row).city.to_owned()),
            reason: row.cancel_reason().map(words).filter(|reason| !reason.is_empty()),
            services: row.services().map(|one| one.name.to_owned()).collect(),
            add_ons: row.add_ons().map(|one| one.name.to_owned()).collect(),
        }
    })
    .collect()
}

/// The ends of Wilson's interval, by halving: where the distance from the share is 1.96 standard errors.
fn wilson(count: u64, of: u64) -> (f64, f64) {
    let (share, n) = (count as f64 / of as f64, of as f64);
    let outside = |p: f64| (share - p).powi(2) - 1.959_963_984_540_054_f64.powi(2) * p * (1.0 - p) / n;
    let search = |mut within: f64, mut beyond: f64| {
        for _ in 0..80 {
            let half = f64::midpoint(within, beyond);
            if outside(half) <= 0.0 { within = half } else { beyond = half }
        }
        within
    };
    (search(share, 0.0), search(share, 1.0))
}

/// A share as the loops count it.
type Share = (u64, u64);

#[derive(Debug, PartialEq)]
struct Card {
    booked: u64,
    volume: u64,
    hours: f64,
    cents: u64,
    quoted: u64,
    attach: Share,
    canceled: Share,
    repeats: Share,
    to_publish: Option<f64>,
    days_worked: u64,
    per_day: Option<f64>,
    weekend: Share,
    add_ons: BTreeMap<String, u64>,
    reasons: BTreeMap<Option<String>, u64>,
}

fn count<'a>(rows: impl Iterator<Item = &'a Plain>, holds: impl Fn(&Plain) -> bool) -> u64 {
    let mut n = 0;
    for row in rows {
        if holds(row) {
            n += 1;
        }
    }
    n
}

fn card(booked: &[&Plain], all: &[Plain]) -> Card {
    let done: Vec<&Plain> = booked.iter().copied().filter(|row| row.performed()).collect();
    let share = |holds: &dyn Fn(&Plain) -> bool| (count(done.iter().copied(), holds), done.len() as u64);
    let year = 365 * 24 * 3600;
    let is_repeat = |row: &Plain| {
        row.buyer.is_some()
            && all.iter().any(|other| {
                let apart = row.start.as_second() - other.start.as_second();
                other.buyer == row.buyer && 0 < apart && apart <= year
            })
    };
    let mut add_ons = BTreeMap::new();
    for name in done.iter().flat_map(|row| &row.add_ons) {
        *add_ons.entry(name.clone()).or_default() += 1;
    }
    let mut reasons = BTreeMap::new();
    for row in booked.iter().filter(|row| row.canceled) {
        *reasons.entry(row.reason.clone()).or_default() += 1;
    }
    let to_publish = done.iter().filter_map(|row| {
        let (hours, published) = (row.hours?, row.published?);
        Some((published.as_second() - row.start.as_second()) as f64 / 3600.0 - hours)
    });
    let days: BTreeSet<Date> = done.iter().map(|row| row.day).collect();
    Card {
        booked: booked.len() as u64,
        volume: done.len() as u64,
        hours: done.iter().map(|row| row.hours.unwrap_or(0.0)).sum(),
        cents: done.iter().map(|row| row.cents.unwrap_or(0)).sum(),
        quoted: count(done.iter().copied(), |row| row.cents.is_some()),
        attach: share(&|row| !row.add_ons.is_empty()),
        canceled: (count(booked.iter().copied(), |row| row.canceled), booked.len() as u64),
        repeats: (count(done.iter().copied(), is_repeat), count(done.iter().copied(), |row| row.buyer.is_some())),
        to_publish: middle(to_publish.collect()),
        days_worked: days.len() as u64,
        per_day: (!days.is_empty()).then(|| done.len() as f64 / days.len() as f64),
        weekend: share(&|row| matches!(row.day.weekday(), Weekday::Saturday | Weekday::Sunday)),
        add_ons,
        reasons,
    }
}

#[track_caller]
pub(crate) fn near(shown: &Value, expected: Option<f64>, within: f64, what: &str) {
    match (shown.as_f64(), expected) {
        (None, None) => {}
        (Some(shown), Some(expected)) => assert!((shown - expected).abs() <= within, "{what}: {shown} for {expected}"),
        (shown, expected) => panic!("{what}: {shown:?} for {expected:?}"),
    }
}

/// A rate as shown, with its interval, to three places.
#[track_caller]
fn check_rate(shown: &Value, (part, of): Share, what: &str) {
    if of == 0 {
        assert!(shown.is_null(), "{what}: {shown} of nothing");
        return;
    }
    assert_eq!((shown["count"].as_u64(), shown["of"].as_u64()), (Some(part), Some(of)), "{what}: {shown}");
    let (low, high) = wilson(part, of);
    near(&shown["rate"], Some(part as f64 / of as f64), 0.000_501, what);
    near(&shown["low"], Some(low), 0.000_501, what);
    near(&shown["high"], Some(high), 0.000_501, what);
    assert_eq!(shown["small_sample"].as_bool().unwrap_or(false), of < 10, "{what}: {shown}");
}

/// Names with their counts of so many, most first; any order among equals.
#[track_caller]
fn check_top(shown: &Value, counts: &BTreeMap<String, u64>, of: u64, what: &str) {
    for one in shown.as_array().into_iter().flatten() {
        assert_eq!(one["of"].as_u64(), Some(of), "{what}: {one}");
        near(&one["rate"], one["count"].as_f64().map(|count| count / of as f64), 0.000_501, what);
    }
    let shown: Vec<(&str, u64)> = shown
        .as_array()
        .into_iter()
        .flatten()
        .map(|one| (one["name"].as_str().unwrap(), one["count"].as_u64().unwrap()))
        .collect();
    let mut most: Vec<u64> = counts.values().copied().collect();
    most.sort_unstable_by(|left, right| right.cmp(left));
    most.truncate(shown.len());
    assert_eq!(shown.iter().map(|one| one.1).collect::<Vec<_>>(), most, "{what}");
    assert!(shown.len() == counts.len() || 3 <= shown.len(), "{what}: {shown:?}");
    for (name, count) in shown {
        assert_eq!(counts.get(name), Some(&count), "{what}: {name}");
    }
}

fn check_card(shown: &Value, expected: &Card, what: &str) {
    assert_eq!(shown["booked"].as_u64(), Some(expected.booked), "{what}");
    assert_eq!(shown["volume"].as_u64(), Some(expected.volume), "{what}");
    near(&shown["hours"], Some(expected.hours), 0.005_01, what);
    assert_eq!(shown["quoted_revenue"].as_str(), Some(money(expected.cents).as_str()), "{what}");
    assert_eq!(shown["without_quote"].as_u64(), Some(expected.volume - expected.quoted), "{what}");
    let each = |by: f64| (by > 0.0).then(|| expected.cents as f64 / 100.0 / by);
    near(&shown["revenue_per_inspection"], each(expected.quoted as f64), 0.005_01, what);
    near(&shown["revenue_per_hour"], each(expected.hours), 0.005_01, what);
    check_rate(&shown["attach"], expected.attach, what);
    check_rate(&shown["cancellation"], expected.canceled, what);
    check_rate(&shown["repeat_agents"], expected.repeats, what);
    check_rate(&shown["weekend"], expected.weekend, what);
    near(&shown["hours_to_publish"], expected.to_publish, 0.005_01, what);
    assert_eq!(shown["days_worked"].as_u64(), Some(expected.days_worked), "{what}");
    near(&shown["per_working_day"], expected.per_day, 0.005_01, what);
    check_top(&shown["add_ons"], &expected.add_ons, expected.volume, what);
    let reasons = expected
        .reasons
        .iter()
        .map(|(reason, count)| (reason.clone().unwrap_or_else(|| "no reason given".to_owned()), *count));
    check_top(&shown["cancel_reasons"], &reasons.collect(), expected.canceled.0, what);
}

/// The period, and what it is compared with.
type Asked = (Value, Days, Option<Days>);

fn asked() -> Vec<Asked> {
    let days = |from: &str, to: &str| Days(from.parse().unwrap(), to.parse().unwrap());
    let mut asked = Vec::new();
    for (from, to, compare, before) in [
        // A calendar quarter with the one before it, which is a day shorter.
        ("2026-07-01", "2026-09-30", "previous", Some(("2026-04-01", "2026-06-30"))),
        ("2025-10-15", "2026-03-10", "last_year", Some(("2024-10-15", "2025-03-10"))),
        // Into the days to come, which nothing is counted of yet.
        ("2024-06-01", "2026-12-31", "none", None),
        // Days of change of clocks: the United States, Lord Howe Island.
        ("2026-03-08", "2026-03-08", "previous", Some(("2026-03-07", "2026-03-07"))),
        ("2025-11-01", "2025-11-02", "last_year", Some(("2024-11-01", "2024-11-02"))),
        ("2026-04-04", "2026-04-06", "previous", Some(("2026-04-01", "2026-04-03"))),
    ] {
        let before = before.map(|(from, to)| days(from, to));
        asked.push((json!({"from": from, "to": to, "compare": compare}), days(from, to), before));
    }
    asked
}

pub(crate) fn with(asked: &Value, more: Value) -> Value {
    let mut asked = asked.clone();
    asked.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    asked
}

async fn check_scorecards(app: &TestApp, company: &str, rows: &[Plain], seen: &mut u64) {
    for (period, range, before) in asked() {
        let asked = with(&period, json!({"company": company, "detail": "full"}));
        let answer = app.answer("inspector_scorecard", asked.clone()).await;
        let part = &answer["companies"][0];
        let compared = before.map(|days| json!({"from": days.0.to_string(), "to": days.1.to_string()}));
        assert_eq!(answer["basis"].get("compared"), compared.as_ref(), "{asked}");
        let booked = range.begun(rows);
        let done_before = |holds: &dyn Fn(&Plain) -> bool| {
            before.map(|before| count(before.of(rows).into_iter(), |row| row.performed() && holds(row)))
        };
        check_card(&part["whole_company"], &card(&booked, rows), &format!("{asked}"));
        assert_eq!(part["whole_company"]["volume_before"].as_u64(), done_before(&|_| true), "{asked}");
        let mut names: BTreeSet<&String> = booked.iter().filter_map(|row| row.inspector.as_ref()).collect();
        // Who only assisted, and who worked in the period before and not in this one.
        names.extend(booked.iter().filter(|row| row.performed()).flat_map(|row| &row.assists));
        for row in before.map(|before| before.of(rows)).unwrap_or_default() {
            names.extend(row.inspector.as_ref().filter(|_| row.performed()));
        }
        let shown = part["inspectors"].as_array().unwrap();
        assert_eq!(shown.len(), names.len(), "{asked}");
        let mut cards = Vec::new();
        for one in shown {
            let name = one["inspector"].as_str().unwrap();
            let what = format!("{asked} {name}");
            let theirs: Vec<&Plain> =
                booked.iter().copied().filter(|row| row.inspector.as_deref() == Some(name)).collect();
            let expected = card(&theirs, rows);
            check_card(one, &expected, &what);
            let led = |row: &Plain| row.inspector.as_deref() == Some(name);
            assert_eq!(one["volume_before"].as_u64(), done_before(&led), "{what}");
            let assists = |row: &Plain| row.performed() && row.assists.iter().any(|one| one == name);
            assert_eq!(one["assists"].as_u64(), Some(count(booked.iter().copied(), assists)), "{what}");
            *seen += expected.volume;
            cards.push(expected);
        }
        let median = &part["median_inspector"];
        let active: Vec<&Card> = cards.iter().filter(|card| card.volume != 0).collect();
        let rate = |share: Share| (10 <= share.1).then(|| share.0 as f64 / share.1 as f64);
        // Helpers with less than a quarter of what the inspector of the middle job did do not count.
        let mut jobs: Vec<u64> = active.iter().flat_map(|card| (0..card.volume).map(|_| card.volume)).collect();
        jobs.sort_unstable();
        let usual = jobs.get(jobs.len() / 2).copied().unwrap_or(0);
        let real: Vec<f64> =
            active.iter().filter(|card| usual <= 4 * card.volume).map(|card| card.volume as f64).collect();
        assert_eq!(median["inspectors"].as_u64(), (!real.is_empty()).then_some(real.len() as u64), "{asked}");
        near(&median["volume"], middle(real), 1e-9, "median");
        let attach = middle(active.iter().filter_map(|card| rate(card.attach)).collect());
        near(&median["attach"]["rate"], attach, 0.000_501, "median");
        let canceled = middle(active.iter().filter_map(|card| rate(card.canceled)).collect());
        near(&median["cancellation"]["rate"], canceled, 0.000_501, "median");
    }
}

async fn check_mix(app: &TestApp, company: &str, rows: &[Plain], names: &HashMap<String, String>, seen: &mut u64) {
    let done = |days: Days| days.of(rows).into_iter().filter(|row| row.performed()).collect::<Vec<_>>();
    let key = |by: &str, row: &Plain| match by {
        "zip" => row.zip.clone(),
        "city" => row.city.clone(),
        "month" => Some(row.day.strftime("%Y-%m").to_string()),
        "inspector" => row.inspector.clone(),
        "agent" => row.buyer.as_ref().map(|id| names[id].clone()),
        _ => row.agency.clone(),
    };
    for (period, range, before) in asked() {
        for by in ["zip", "city", "month", "inspector", "agent", "agency"] {
            let asked = with(&period, json!({"company": company, "detail": "full", "by": by, "limit": 50}));
            let answer = app.answer("service_mix", asked.clone()).await;
            let part = &answer["companies"][0];
            let volume = done(range);
            assert_eq!(part["volume"].as_u64(), Some(volume.len() as u64), "{asked}");
            assert_eq!(part["volume_before"].as_u64(), before.map(|before| done(before).len() as u64), "{asked}");
            let attached = count(volume.iter().copied(), |row| !row.add_ons.is_empty());
            check_rate(&part["attach"], (attached, volume.len() as u64), &asked.to_string());
            let past: Vec<&Plain> = before.map(done).unwrap_or_default();
            let attached_before = count(past.iter().copied(), |row| !row.add_ons.is_empty());
            check_rate(&part["attach_before"], (attached_before, past.len() as u64), &asked.to_string());
            let mut groups: HashMap<String, Vec<&Plain>> = HashMap::new();
            let of = |row: &Plain| key(by, row).unwrap_or_else(|| "(none)".to_owned());
            for row in &volume {
                groups.entry(of(row)).or_default().push(row);
            }
            let mut earlier: HashMap<String, u64> = HashMap::new();
            if let Some(before) = before.filter(|_| by != "month") {
                for row in done(before) {
                    *earlier.entry(of(row)).or_default() += 1;
                }
                for group in earlier.keys() {
                    groups.entry(group.clone()).or_default();
                }
            }
            let shown = part["groups"].as_array().unwrap();
            let hidden = part["not_shown"].as_u64().unwrap_or(0);
            // Agents of one name are groups of their own.
            if by == "agent" {
                let agents: HashSet<&Option<String>> = volume.iter().map(|row| &row.buyer).collect();
                assert!(agents.len() as u64 <= shown.len() as u64 + hidden, "{asked}");
                continue;
            }
            assert_eq!(shown.len() as u64 + hidden, groups.len() as u64, "{asked}");
            let share_of = |rows: &[&Plain], name: &str| {
                count(rows.iter().copied(), |row| row.services.iter().chain(&row.add_ons).any(|one| one == name))
            };
            let marks = marks_of(&groups, &earlier, before.is_some() && by != "month");
            let tested = marks.values().filter(|mark| mark.is_tested).count() as u64;
            assert_eq!(part["groups_tested"].as_u64(), (tested != 0).then_some(tested), "{asked}");
            for one in shown {
                let name = one["group"].as_str().unwrap();
                let group = &groups[name];
                let what = format!("{asked} {name}");
                assert_eq!(one["volume"].as_u64(), Some(group.len() as u64), "{what}");
                let was = before.filter(|_| by != "month").map(|_| earlier.get(name).copied().unwrap_or(0));
                assert_eq!(one["volume_before"].as_u64(), was, "{what}");
                let cents = group.iter().map(|row| row.cents.unwrap_or(0)).sum();
                assert_eq!(one["quoted_revenue"].as_str(), Some(money(cents).as_str()), "{what}");
                let attached = count(group.iter().copied(), |row| !row.add_ons.is_empty());
                check_rate(&one["attach"], (attached, group.len() as u64), &what);
                let here = |row: &&Plain| by != "month" && of(row) == name;
                let theirs: Vec<&Plain> = past.iter().copied().filter(here).collect();
                let attached = count(theirs.iter().copied(), |row| !row.add_ons.is_empty());
                check_rate(&one["attach_before"], (attached, theirs.len() as u64), &what);
                for sold in ["services", "add_ons"].map(|kind| one[kind].as_array()).into_iter().flatten().flatten() {
                    let count = share_of(group, sold["name"].as_str().unwrap());
                    assert_eq!(
                        (sold["count"].as_u64(), sold["of"].as_u64()),
                        (Some(count), Some(group.len() as u64)),
                        "{what}: {sold}"
                    );
                    near(&sold["rate"], Some(count as f64 / group.len() as f64), 0.000_501, &what);
                }
                let below: BTreeSet<&str> =
                    one["below_norm"].as_array().into_iter().flatten().map(|name| name.as_str().unwrap()).collect();
                assert_eq!(below, marks[name].below_norm, "{what}");
                for kind in ["growing", "shrinking"] {
                    let change = marks[name].change.filter(|(change, _)| *change == kind);
                    let is_so = change.is_some();
                    let named = part[kind].as_array().map(Vec::as_slice).unwrap_or_default();
                    let is_named = |one: &Value| {
                        one["name"] == name
                            && one["volume"].as_u64() == Some(group.len() as u64)
                            && one["volume_before"].as_u64() == was
                            && Some((kind, one["strong"] == true)) == change
                    };
                    assert!(named.len() == 5 || named.iter().any(is_named) == is_so, "{what}: {named:?}");
                    *seen += u64::from(is_so);
                }
            }
        }
    }
}

/// How a group stands out from the others.
#[derive(Default)]
struct Marks<'a> {
    is_tested: bool,
    /// More than the others (`growing`) or less, and whether strongly so.
    change: Option<(&'static str, bool)>,
    below_norm: BTreeSet<&'a str>,
}

fn marks_of<'a>(
    groups: &HashMap<String, Vec<&'a Plain>>,
    earlier: &HashMap<String, u64>,
    is_compared: bool,
) -> HashMap<String, Marks<'a>> {
    let mut marks: HashMap<String, Marks> = groups.keys().map(|name| (name.clone(), Marks::default())).collect();
    let names: Vec<&String> = groups.keys().collect();
    if is_compared {
        let both = |name: &&String| {
            let later = groups[*name].len() as u64;
            (later, later + earlier.get(*name).copied().unwrap_or(0))
        };
        let all = judged(&names.iter().map(both).collect::<Vec<_>>());
        let judged = || names.iter().zip(&all).filter_map(|(name, one)| Some((*name, (*one)?)));
        let strong = are_strong(&judged().map(|(_, (_, chance))| chance).collect::<Vec<_>>());
        for ((name, (is_more, chance)), is_strong) in judged().zip(strong) {
            let change = (chance < 0.05).then_some((if is_more { "growing" } else { "shrinking" }, is_strong));
            let mark = Marks { is_tested: true, change, ..Marks::default() };
            marks.insert(name.clone(), mark);
        }
    }
    let sold: BTreeSet<&str> = groups.values().flatten().flat_map(|row| &row.add_ons).map(String::as_str).collect();
    let mut cells: Vec<(&String, &str, f64)> = Vec::new();
    for add_on in sold {
        let with = |name: &&String| {
            let rows = &groups[*name];
            (rows.iter().filter(|row| row.add_ons.iter().any(|one| one == add_on)).count() as u64, rows.len() as u64)
        };
        let all = judged(&names.iter().map(with).collect::<Vec<_>>());
        for (name, one) in names.iter().zip(all) {
            // That it is less, one way alone.
            let chance = one.map(|(is_more, chance)| if is_more { 1.0 - chance / 2.0 } else { chance / 2.0 });
            cells.extend(chance.map(|chance| (*name, add_on, chance)));
        }
    }
    let strong = are_strong(&cells.iter().map(|(.., chance)| *chance).collect::<Vec<_>>());
    for ((name, add_on, _), _) in cells.into_iter().zip(strong).filter(|(_, is_strong)| *is_strong) {
        marks.get_mut(name).unwrap().below_norm.insert(add_on);
    }
    marks
}

async fn check_agents(app: &TestApp, company: &str, rows: &[Plain], seen: &mut u64) {
    for (period, range, before) in asked() {
        let asked = with(&period, json!({"company": company, "limit": 50}));
        let answer = app.answer("agent_analysis", asked.clone()).await;
        let part = &answer["companies"][0];
        let booked = range.begun(rows);
        let done: Vec<&Plain> = booked.iter().copied().filter(|row| row.performed()).collect();
        let cents: u64 = done.iter().map(|row| row.cents.unwrap_or(0)).sum();
        assert_eq!(part["quoted_revenue"].as_str(), Some(money(cents).as_str()), "{asked}");
        let without = count(done.iter().copied(), |row| row.buyer.is_none());
        assert_eq!(part["performed_without_agent"].as_u64(), Some(without), "{asked}");
        let mut brought: HashMap<&str, u64> = HashMap::new();
        for row in &done {
            if let Some(buyer) = &row.buyer {
                *brought.entry(buyer).or_default() += row.cents.unwrap_or(0);
            }
        }
        let mut most: Vec<u64> = brought.values().copied().collect();
        most.sort_unstable_by(|left, right| right.cmp(left));
        for first in [1, 5, 10] {
            let share = if cents == 0 { 0.0 } else { most.iter().take(first).sum::<u64>() as f64 / cents as f64 };
            let shown = &part[format!("revenue_share_of_top_{first}")]["rate"];
            near(shown, Some(share), 0.000_501, &asked.to_string());
        }
        let found: HashSet<&String> = booked.iter().filter_map(|row| row.buyer.as_ref()).collect();
        assert_eq!(part["found"].as_u64(), Some(found.len() as u64), "{asked}");
        let mut last = u64::MAX;
        for one in part["agents"].as_array().unwrap() {
            let id = one["id"].as_str().unwrap();
            let what = format!("{asked} {id}");
            let is_theirs = |row: &Plain| row.buyer.as_deref() == Some(id);
            let referrals = count(booked.iter().copied(), is_theirs);
            assert_eq!(one["referrals"].as_u64(), Some(referrals), "{what}");
            let was = before.map(|before| count(before.of(rows).into_iter(), is_theirs));
            assert_eq!(one["referrals_before"].as_u64(), was, "{what}");
            let canceled = count(booked.iter().copied(), |row| is_theirs(row) && row.canceled);
            assert_eq!(one["canceled"].as_u64(), Some(canceled), "{what}");
            assert_eq!(one["performed"].as_u64(), Some(referrals - canceled), "{what}");
            let theirs = brought.get(id).copied().unwrap_or(0);
            assert_eq!(one["quoted_revenue"].as_str(), Some(money(theirs).as_str()), "{what}");
            assert!(theirs <= last, "{what}: in order of revenue");
            last = theirs;
            let share = if cents == 0 { 0.0 } else { theirs as f64 / cents as f64 };
            near(&one["revenue_share"]["rate"], Some(share), 0.000_501, &what);
            let performed = count(done.iter().copied(), is_theirs);
            let attached = count(done.iter().copied(), |row| is_theirs(row) && !row.add_ons.is_empty());
            let rate = (performed != 0).then(|| attached as f64 / performed as f64);
            near(&one["attach"]["rate"], rate, 0.000_501, &what);
            if performed != 0 {
                assert_eq!(
                    (one["attach"]["count"].as_u64(), one["attach"]["of"].as_u64()),
                    (Some(attached), Some(performed))
                );
            }
            let is_small = one["attach"]["small_sample"].as_bool().unwrap_or(false);
            assert_eq!(is_small, 0 < performed && performed < 10, "{what}");
            let selling = count(booked.iter().copied(), |row| row.seller.as_deref() == Some(id));
            assert_eq!(one["selling_side"].as_u64(), Some(selling), "{what}");
            *seen += performed;
        }
        // What is left out is summed: with the rows it makes up the whole.
        let sum = |name: &str| -> u64 {
            part["agents"].as_array().unwrap().iter().map(|one| one[name].as_u64().unwrap()).sum()
        };
        let all = count(booked.iter().copied(), |row| row.buyer.is_some());
        assert_eq!(sum("referrals") + part["referrals_not_shown"].as_u64().unwrap_or(0), all, "{asked}");
    }
}

/// The days of referrals that come along for pictures: the latest ones of each agent shown, and never many in all.
async fn check_days_beside(app: &TestApp, company: &str, ever: &BTreeMap<&str, Vec<&Plain>>) {
    for limit in [5, 100] {
        let result = app.call("agent_analysis", json!({"company": company, "limit": limit})).await;
        let answer = result.structured_content.as_ref().unwrap();
        let agents = answer["companies"][0]["agents"].as_array().unwrap();
        let beside = serde_json::to_value(result.meta.as_ref().unwrap()).unwrap();
        let beside = beside["spectora/referrals"][company].as_object().unwrap();
        assert_eq!(beside.len(), agents.len(), "{company} {limit}");
        let days_of = |agent: &Value| -> Vec<f64> {
            let rows = ever[agent["id"].as_str().unwrap()].iter().rev();
            rows.map(|row| ((now().as_millisecond() - row.start.as_millisecond()) as f64 / 86_400_000.0).round())
                .collect()
        };
        // Of too many the latest are there, from the same day on for all agents.
        let mut all: Vec<f64> = agents.iter().flat_map(days_of).collect();
        all.sort_by(f64::total_cmp);
        let before = all.get(4_000).copied().unwrap_or(f64::MAX);
        for agent in agents {
            let id = agent["id"].as_str().unwrap();
            let told: Vec<f64> = beside[id].as_array().unwrap().iter().map(|ago| ago.as_f64().unwrap()).collect();
            assert_eq!(
                told,
                days_of(agent).into_iter().filter(|ago| *ago < before).collect::<Vec<_>>(),
                "{company} {id}"
            );
        }
        assert!(serde_json::to_string(beside).unwrap().len() < 25_000, "{company} {limit}");
    }
}

/// What does not hang on a period: every dormant, new, rising and fading agent.
async fn check_courses(app: &TestApp, company: &str, rows: &[Plain], seen: &mut u64) {
    let day_of = 86_400.0;
    let mut ever: BTreeMap<&str, Vec<&Plain>> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.start < now()) {
        if let Some(buyer) = &row.buyer {
            ever.entry(buyer).or_default().push(row);
        }
    }
    for past in ever.values_mut() {
        past.sort_by_key(|row| row.start);
    }
    let since = |row: &Plain| (now().as_second() - row.start.as_second()) as f64 / day_of;
    let begun: Vec<(i64, Option<&str>)> =
        rows.iter().map(|row| (row.start.as_millisecond(), row.buyer.as_deref())).collect();
    let rhythms = rhythms(&begun);
    let is_booked =
        |id: &str| rows.iter().any(|row| row.buyer.as_deref() == Some(id) && now() <= row.start && !row.canceled);
    check_days_beside(app, company, &ever).await;
    for mode in ["dormant", "new", "rising", "fading"] {
        let asked = json!({"company": company, "mode": mode, "limit": 50});
        let answer = app.answer("agent_analysis", asked.clone()).await;
        let part = &answer["companies"][0];
        if mode == "new" {
            let new = ever.values().filter(|past| since(past[0]) <= 90.0).count();
            assert_eq!(part["found"].as_u64(), Some(new as u64), "{asked}");
        }
        if mode == "dormant" {
            let by_90 = ever
                .iter()
                .filter(|(id, past)| 3 <= past.len() && 90.0 < since(past[past.len() - 1]) && !is_booked(id));
            let by_90 = by_90.count();
            assert_eq!(part["found_by_90_days_rule"].as_u64(), Some(by_90 as u64), "{asked}");
        }
        for one in part["agents"].as_array().unwrap() {
            let id = one["id"].as_str().unwrap();
            let what = format!("{asked} {id}");
            let past = &ever[id];
            let last = past[past.len() - 1];
            let rhythm = &rhythms[id];
            let year = last.start.as_second() - 365 * 86_400;
            let stake = past.iter().filter(|row| !row.canceled && year < row.start.as_second());
            let stake: u64 = stake.map(|row| row.cents.unwrap_or(0)).sum();
            if mode != "new" {
                assert_eq!(one["at_stake_a_year"].as_str(), Some(money(stake).as_str()), "{what}");
                assert_eq!(one["last"].as_str(), Some(last.day.to_string().as_str()), "{what}");
            }
            match mode {
                "dormant" => {
                    near(&one["days_since"], Some(since(last).round()), 1e-9, &what);
                    near(&one["usual_gap_days"], rhythm.usual_gap, 0.005_01, &what);
                    assert_eq!(one["occasions_ever"].as_u64(), Some(rhythm.occasions), "{what}");
                    let worked = rhythm.worked_since.unwrap();
                    let is_told = 30.0 < since(last) && worked < 0.75 * since(last);
                    near(&one["days_since_as_worked"], is_told.then_some(worked.round()), 1e-9, &what);
                    let chance = rhythm.chance.unwrap();
                    // What may happen is never said to have no chance.
                    near(&one["chance_of_such_silence"]["rate"], Some(chance.max(0.01)), 0.000_501, &what);
                    assert_eq!(one["chance_of_such_silence"]["below"] == true, chance < 0.01, "{what}");
                    let as_long = rhythm.silences.iter().filter(|silence| since(last) <= **silence).count() as u64;
                    assert_eq!(one["gaps_as_long"]["count"].as_u64(), Some(as_long), "{what}");
                    assert_eq!(one["gaps_as_long"]["of"].as_u64(), Some(rhythm.silences.len() as u64), "{what}");
                    check_ever(one, past, &what);
                }
                "new" => {
                    assert_eq!(one["first"].as_str(), Some(past[0].day.to_string().as_str()), "{what}");
                    check_ever(one, past, &what);
                }
                _ => {
                    let recent = past.iter().filter(|row| since(row) <= 90.0).count();
                    let base = past.iter().filter(|row| 90.0 < since(row) && since(row) <= 360.0).count();
                    assert_eq!(one["last_90_days"].as_u64(), Some(recent as u64), "{what}");
                    near(&one["per_90_days_before"], Some(base as f64 / 3.0), 0.005_01, &what);
                    let share = rhythm.recent_share.filter(|share| base != 0 && *share < 1.0);
                    let expected = share.map(|share| base as f64 * share / (1.0 - share));
                    near(&one["expected_last_90_days"], expected, 0.005_01, &what);
                    for (name, range) in [("referrals", "period"), ("referrals_before", "compared")] {
                        let day = |end: &str| answer["basis"][range][end].as_str().unwrap().parse::<Date>().unwrap();
                        let within = past.iter().filter(|row| day("from") <= row.day && row.day <= day("to"));
                        assert_eq!(one[name].as_u64(), Some(within.count() as u64), "{what}");
                    }
                    assert_eq!(one["small_sample"].as_bool().unwrap_or(false), rhythm.occasions < 15, "{what}");
                }
            }
            *seen += 1;
        }
    }
}

/// All referrals up to now, and what became of them.
fn check_ever(shown: &Value, past: &[&Plain], what: &str) {
    let canceled = past.iter().filter(|row| row.canceled).count() as u64;
    let all = past.len() as u64;
    assert_eq!(shown["referrals_ever"].as_u64(), Some(all), "{what}");
    assert_eq!(shown["performed_ever"].as_u64(), Some(all - canceled), "{what}");
    assert_eq!(shown["canceled_ever"].as_u64(), Some(canceled), "{what}");
}

async fn check_quality(app: &TestApp, company: &CompanyTruth, rows: &[Plain], seen: &mut u64) {
    for (period, range, _) in asked() {
        let mut asked = with(&period, json!({"company": company.name}));
        asked.as_object_mut().unwrap().remove("compare");
        let answer = app.answer("data_quality", asked.clone()).await;
        let found: HashMap<&str, u64> = answer["companies"][0]["findings"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| (one["what"].as_str().unwrap(), one["count"].as_u64().unwrap()))
            .collect();
        let booked = range.of(rows);
        let of = |holds: &dyn Fn(&Plain) -> bool| count(booked.iter().copied(), holds);
        let mut names: HashMap<String, u64> = HashMap::new();
        for agent in &company.agents {
            let name: String = agent.name().chars().filter(|one| one.is_alphanumeric()).collect();
            *names.entry(name.to_lowercase()).or_default() += 1;
        }
        for (what, expected) in [
            ("inspections without a buying agent", of(&|row| row.buyer.is_none() && row.seller.is_none())),
            ("inspections with a selling agent only", of(&|row| row.buyer.is_none() && row.seller.is_some())),
            ("inspections without a ZIP code", of(&|row| row.zip.is_none())),
            ("inspections without a quote", of(&|row| row.cents.is_none())),
            ("inspections without a service", of(&|row| row.services.is_empty() && row.add_ons.is_empty())),
            ("inspections without an inspector", of(&|row| row.inspector.is_none())),
            ("canceled without a reason", of(&|row| row.canceled && row.reason.is_none())),
            ("agents that look like one person", 0),
            ("agents of one name, maybe one person", names.values().filter(|count| 1 < **count).count() as u64),
            // Planted: one business in two spellings, in each company.
            ("agencies spelled several ways", 1),
            (
                "agents whose statistics in Spectora disagree with the inspections",
                company.stats_off_by_one.len() as u64,
            ),
        ] {
            assert_eq!(found.get(what).copied().unwrap_or(0), expected, "{asked}: {what}");
            *seen += expected;
        }
    }
}

/// Through the server, for several seeds, each with its own zone for the days.
#[tokio::test]
async fn every_number_is_that_of_plain_loops_in_any_zone() {
    let mut marks = 0;
    for (seed, inspections, zone) in [
        // Groups stand out in companies of some size alone.
        (11, 4_000, "America/Denver"),
        (12, 600, "America/St_Johns"),
        (13, 600, "Australia/Lord_Howe"),
        (14, 600, "Pacific/Kiritimati"),
    ] {
        let app = TestApp::in_zone(seed, inspections, zone).await;
        let zone = TimeZone::get(zone).unwrap();
        let truth = app.sandbox.truth();
        let company = &truth.companies[0];
        let rows = rows_of(company, &zone);
        let names: HashMap<String, String> =
            company.agents.iter().map(|agent| (agent.connection_id.to_string(), agent.name())).collect();
        let mut seen = [0; 4];
        check_scorecards(&app, company.name, &rows, &mut seen[0]).await;
        check_mix(&app, company.name, &rows, &names, &mut marks).await;
        check_agents(&app, company.name, &rows, &mut seen[1]).await;
        check_courses(&app, company.name, &rows, &mut seen[2]).await;
        check_quality(&app, company, &rows, &mut seen[3]).await;
        assert!(seen.iter().all(|seen| 0 < *seen), "the test must see something: {seen:?}");
    }
    assert!(0 < marks, "no group grows or shrinks in these companies");
}

/// Rows as dirty as rows can be: anything may be missing, several may begin at one instant.
fn dirty_rows() -> impl Strategy<Value = Vec<Plain>> {
    let names = |prefix: &'static str, count: usize| {
        prop::option::weighted(0.8, (0..count).prop_map(move |at| format!("{prefix}{at}")))
    };
    let when = -500_i64..40;
    let row = (
        (when, 0..24_i64, prop::option::weighted(0.8, 0..40_u32), prop::bool::weighted(0.2)),
        (prop::option::weighted(0.6, -5..90_i64), prop::option::weighted(0.8, 0..200_000_u64)),
        (names("inspector", 3), prop::collection::vec(0..3_usize, 0..2), names("agent", 6), names("agent", 6)),
        (names("zip", 3), names("city", 2), names("reason", 3)),
        (prop::collection::btree_set(0..4_usize, 0..3), prop::collection::btree_set(0..4_usize, 0..3)),
    );
    prop::collection::vec(row, 0..120).prop_map(|rows| {
        let mut id = 0;
        let made = rows.into_iter().map(|(when, (published, cents), people, (zip, city, reason), sold)| {
            id += 1;
            let (day, hour, quarters, canceled) = when;
            let (inspector, assists, buyer, seller) = people;
            let start = now() + jiff::SignedDuration::from_hours(24 * day + hour);
            let hours = quarters.map(|quarters| f64::from(quarters) / 4.0);
            let assists: Vec<String> = assists.into_iter().map(|at| format!("inspector{at}")).collect();
            Plain {
                id,
                start,
                day: civil(&TimeZone::UTC, start).date(),
                hours,
                canceled,
                published: published.map(|hours| start + jiff::SignedDuration::from_hours(hours)),
                cents,
                assists: assists.into_iter().filter(|one| Some(one) != inspector.as_ref()).collect(),
                inspector,
                agency: buyer.as_ref().filter(|one| !one.ends_with('0')).map(|one| format!("agency of {one}")),
                buyer,
                seller,
                zip,
                city,
                reason,
                services: sold.0.into_iter().map(|at| format!("service{at}")).collect(),
                add_ons: sold.1.into_iter().map(|at| format!("add-on{at}")).collect(),
            }
        });
        let mut made: Vec<Plain> = made.collect();
        made.sort_by_key(|row| (row.start, row.id));
        made
    })
}

/// Numbers for names, in the order in which they come.
#[derive(Default)]
struct Numbers(BTreeMap<String, i64>);

impl Numbers {
    fn of(&mut self, name: &str) -> i64 {
        let next = self.0.len() as i64 + 1;
        *self.0.entry(name.to_owned()).or_insert(next)
    }
}

/// The same rows as an insight takes them, and what the numbers stand for.
fn facts_of(rows: &[Plain]) -> (FactTable, BTreeMap<i64, String>) {
    let mut facts = FactTableBuilder::default();
    let mut numbers = Numbers::default();
    let mut agents: BTreeMap<i64, AgentFact> = BTreeMap::new();
    for row in rows {
        let mut number = |name: &Option<String>| name.as_ref().map(|name| numbers.of(name));
        let mut fact = NewFact {
            pk: row.id,
            starts_at: row.start.as_millisecond(),
            day: epoch_day(row.day),
            hours: row.hours,
            canceled_at: row.canceled.then(|| row.start.as_millisecond() - 1),
            published_at: row.published.map(Timestamp::as_millisecond),
            quote: row.cents.map(|cents| cents as i64 * 100),
            inspector: number(&row.inspector),
            buying_agent: number(&row.buyer),
            selling_agent: number(&row.seller),
            zip: number(&row.zip),
            city: number(&row.city),
            reason: number(&row.reason),
            ..NewFact::default()
        };
        let agency = number(&row.agency);
        for (name, number) in [(&row.buyer, fact.buying_agent), (&row.seller, fact.selling_agent)] {
            if let (Some(name), Some(number)) = (name, number) {
                let agency = if Some(number) == fact.buying_agent { agency } else { None };
                let known =
                    agents.entry(number).or_insert_with(|| AgentFact { id: name.clone(), ..AgentFact::default() });
                known.agency = known.agency.or(agency.and_then(WordNumber::by_key));
            }
        }
        let assists: Vec<i64> = row.assists.iter().map(|name| numbers.of(name)).collect();
        fact.assistants = facts.assistants(&assists);
        let words: Vec<i64> = row.services.iter().chain(&row.add_ons).map(|name| numbers.of(name)).collect();
        fact.sold = facts.sold(&words);
        facts.push(&fact);
    }
    for (number, agent) in agents {
        facts.agent(number, agent);
    }
    let names: BTreeMap<i64, String> = numbers.0.into_iter().map(|(name, number)| (number, name)).collect();
    for (number, name) in &names {
        let named = match name {
            name if name.starts_with("service") => Named::Service(name.clone()),
            name if name.starts_with("add-on") => Named::AddOn(name.clone()),
            name => Named::Other(name.clone()),
        };
        facts.word(*number, named);
    }
    (facts.build(), names)
}

fn is(rate: Option<Rate>, share: Share) -> bool {
    rate.map_or((0, 0), |rate| (rate.count, rate.of)) == share || share.1 == 0 && rate.is_none()
}

fn close(one: Option<f64>, other: Option<f64>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => (one - other).abs() < 1e-9 * other.abs().max(1.0),
        (one, other) => one == other,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn dirty_rows_are_counted_as_plain_loops_count_them(rows in dirty_rows(), from in -520_i64..10, length in 0_i64..400) {
        let today = civil(&TimeZone::UTC, now()).date();
        let range = Days(today + from.days(), today + (from + length).days());
        let before = range.back(range.length());
        let (facts, names) = facts_of(&rows);
        let scope = |days: Days| Scope { from: epoch_day(days.0), to: epoch_day(days.1) };
        let ms = now().as_millisecond();
        let booked = range.begun(&rows);
        let name = |number: Option<i64>| number.map(|number| names[&number].clone());
        let inspector = |number: Option<InspectorNumber>| name(number.map(|number| facts.inspector_key(number)));

        let cards = insight::scorecard(&facts, &scope(range), Some(&scope(before)), ms);
        let theirs = |inspector: &Option<String>| -> Vec<&Plain> {
            booked.iter().copied().filter(|row| row.inspector == *inspector).collect()
        };
        for (row, expected) in cards
            .rows
            .iter()
            .map(|row| (row, card(&theirs(&inspector(row.inspector)), &rows)))
            .chain([(&cards.company, card(&booked, &rows))])
        {
            prop_assert_eq!((row.booked, row.volume), (expected.booked, expected.volume));
            prop_assert!(close(Some(row.hours), Some(expected.hours)));
            prop_assert_eq!(row.revenue, i128::from(expected.cents) * 100);
            prop_assert_eq!(row.volume - row.without_quote, expected.quoted);
            prop_assert!(is(row.attach, expected.attach) && is(row.cancellation, expected.canceled));
            prop_assert!(is(row.repeat_agents, expected.repeats) && is(row.weekend, expected.weekend));
            prop_assert!(close(row.hours_to_publish, expected.to_publish), "{:?} {:?}", row, expected);
            prop_assert_eq!(row.days_worked, expected.days_worked);
            prop_assert!(close(row.per_working_day, expected.per_day));
            let add_ons: BTreeMap<String, u64> =
                row.add_ons.iter().map(|(number, count)| (names[&number.key()].clone(), *count)).collect();
            prop_assert_eq!(add_ons, expected.add_ons);
            let reasons: BTreeMap<Option<String>, u64> =
                row.reasons.iter().map(|(number, count)| (name(number.map(WordNumber::key)), *count)).collect();
            prop_assert_eq!(reasons, expected.reasons);
        }
        let mut inspectors: BTreeSet<Option<String>> = booked.iter().map(|row| row.inspector.clone()).collect();
        inspectors.extend(booked.iter().filter(|row| row.performed()).flat_map(|row| row.assists.iter().cloned().map(Some)));
        inspectors.extend(before.of(&rows).into_iter().filter(|row| row.performed()).map(|row| row.inspector.clone()));
        prop_assert_eq!(cards.rows.len(), inspectors.len());

        for (by, key) in [
            (MixBy::Zip, (|row: &Plain| row.zip.clone()) as fn(&Plain) -> Option<String>),
            (MixBy::City, |row| row.city.clone()),
            (MixBy::Inspector, |row| row.inspector.clone()),
            (MixBy::Agent, |row| row.buyer.clone()),
            (MixBy::Agency, |row| row.agency.clone()),
        ] {
            let mix = insight::service_mix(&facts, &scope(range), Some(&scope(before)), by, ms);
            let mut groups: BTreeMap<Option<String>, (u64, u64, u64, u64)> = BTreeMap::new();
            for row in booked.iter().filter(|row| row.performed()) {
                let group = groups.entry(key(row)).or_default();
                group.0 += 1;
                group.1 += row.cents.unwrap_or(0);
                group.2 += u64::from(!row.add_ons.is_empty());
            }
            for row in before.of(&rows).into_iter().filter(|row| row.performed()) {
                groups.entry(key(row)).or_default().3 += 1;
            }
            prop_assert_eq!(mix.rows.len(), groups.len());
            for row in &mix.rows {
                let key = row.key.map(|key| match key {
                    MixKey::Word(word) => word.key(),
                    MixKey::Inspector(inspector) => facts.inspector_key(inspector),
                    MixKey::Agent(agent) => facts.agent_key(agent),
                    MixKey::Month(..) => unreachable!("not asked for"),
                });
                let expected = groups[&name(key)];
                let attached = row.attach.map_or(0, |rate| rate.count);
                let found = (row.volume, u64::try_from(row.revenue / 100).unwrap(), attached, row.volume_before.unwrap());
                prop_assert_eq!(found, expected);
            }
        }

        let analysis = insight::agent_analysis(&facts, &scope(range), Some(&scope(before)), ms);
        let begun: Vec<(i64, Option<String>)> =
            rows.iter().map(|row| (row.start.as_millisecond(), row.buyer.clone())).collect();
        let rhythms = rhythms(&begun);
        for one in &analysis.agents {
            let id = Some(names[&facts.agent_key(one.agent)].clone());
            let all: Vec<&Plain> = rows.iter().filter(|row| row.buyer == id).collect();
            let past: Vec<&Plain> = all.iter().copied().filter(|row| row.start < now()).collect();
            let in_period: Vec<&Plain> = booked.iter().copied().filter(|row| row.buyer == id).collect();
            prop_assert_eq!(one.referrals, in_period.len() as u64);
            prop_assert_eq!(one.canceled, count(in_period.iter().copied(), |row| row.canceled));
            prop_assert_eq!(one.performed, count(in_period.iter().copied(), Plain::performed));
            prop_assert_eq!(one.referrals_before, Some(count(before.begun(&rows).into_iter(), |row| row.buyer == id)));
            prop_assert_eq!(one.ever_canceled, count(past.iter().copied(), |row| row.canceled));
            prop_assert_eq!(one.selling, count(booked.iter().copied(), |row| row.seller == id));
            prop_assert_eq!(one.ever, past.len() as u64);
            prop_assert_eq!(one.booked_ahead, all.iter().any(|row| now() <= row.start && !row.canceled));
            let days = |row: &Plain| (ms - row.start.as_millisecond()) as f64 / 86_400_000.0;
            prop_assert_eq!(one.recent, past.iter().filter(|row| days(row) <= 90.0).count() as u64);
            prop_assert_eq!(one.base, past.iter().filter(|row| 90.0 < days(row) && days(row) <= 360.0).count() as u64);
            let rhythm = id.as_ref().and_then(|id| rhythms.get(id));
            prop_assert_eq!(one.occasions, rhythm.map_or(0, |rhythm| rhythm.occasions));
            prop_assert!(close(one.usual_gap, rhythm.and_then(|rhythm| rhythm.usual_gap)));
            prop_assert!(close(one.worked_since, rhythm.and_then(|rhythm| rhythm.worked_since)));
            prop_assert!(close(one.chance_of_silence, rhythm.and_then(|rhythm| rhythm.chance)), "{:?}", one);
            prop_assert!(close(one.days_since, past.last().map(|row| days(row))));
        }
        let someone: BTreeSet<&String> = rows
            .iter()
            .filter_map(|row| row.buyer.as_ref())
            .chain(booked.iter().filter_map(|row| row.seller.as_ref()))
            .collect();
        prop_assert_eq!(analysis.agents.len(), someone.len());

        let naming = domain::Naming::default();
        let looked = insight::Looked::at(&facts, &naming, ms);
        let findings = insight::quality(&looked, epoch_day(range.0), epoch_day(range.1));
        for (what, holds) in [
            (
                "inspections without a buying agent",
                (|row: &Plain| row.buyer.is_none() && row.seller.is_none()) as fn(&Plain) -> bool,
            ),
            ("inspections with a selling agent only", |row| row.buyer.is_none() && row.seller.is_some()),
            ("inspections without a ZIP code", |row| row.zip.is_none()),
            ("inspections without a quote", |row| row.cents.is_none()),
            ("inspections without a service", |row| row.services.is_empty() && row.add_ons.is_empty()),
            ("inspections without an inspector", |row| row.inspector.is_none()),
            ("canceled without a reason", |row| row.canceled && row.reason.is_none()),
        ] {
            let found = findings.iter().find(|one| one.what == what).map_or(0, |one| one.count);
            prop_assert_eq!(found, count(range.of(&rows).into_iter(), holds), "{}", what);
        }
    }
}
