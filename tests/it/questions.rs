//! `breakdown`: what owners, office managers and bookkeepers ask, each in one call, and questions drawn at random, all
//! against plain loops over the truth.

mod asked;
mod drawn;
mod oddities;
mod plain;

use std::collections::{BTreeMap, BTreeSet};

use domain::{WeekStart, fold};
use jiff::tz::TimeZone;
use sandbox::{Edit, Truth};
use serde_json::{Value, json};
use spectora_mcp::config::Config;

use self::asked::{Question, bookkeeper, office, owner};
use self::plain::{Books, Expected, Job, NONE, Number, Twice, behind, list};
use crate::metrics::{near, with};
use crate::support::{TestApp, money};

/// The most that an answer's text has: about 1,000 tokens.
const TEXT_MAX: usize = 4_000;
/// The groups in a page unless asked otherwise.
const PAGE: usize = 20;

/// Both companies of a seed, in a zone.
struct Office {
    app: TestApp,
    books: Books,
}

impl Office {
    async fn of(seed: u64, zone: &str) -> Self {
        Self::edited(seed, zone, |_| Vec::new()).await
    }

    async fn edited(seed: u64, zone: &str, edits: impl FnOnce(&Truth) -> Vec<Edit>) -> Self {
        let app = TestApp::edited_in_zone(seed, 900, zone, edits).await;
        let books = Books::of(&app.sandbox.truth(), &TimeZone::get(zone).unwrap());
        Self { app, books }
    }

    /// The same, where weeks begin on Sunday.
    async fn on_sundays(self, zone: &str) -> Self {
        let zone = TimeZone::get(zone).unwrap();
        let configure = |config: &mut Config| {
            for company in &mut config.companies {
                (company.timezone, company.week_starts) = (zone.clone(), WeekStart::Sunday);
            }
        };
        let Self { app, books } = self;
        Self { app: app.reconfigured(configure).await, books: Books { weeks: WeekStart::Sunday, ..books } }
    }

    /// Asks every question there is.
    async fn is_asked(&self) {
        let questions: Vec<Question> = [owner(), office(), bookkeeper()].into_iter().flatten().collect();
        assert!(60 <= questions.len(), "{}", questions.len());
        let mut empty = Vec::new();
        for question in &questions {
            let expected = Expected::of(&question.with, &self.books);
            let (answer, text) = self.app.told("breakdown", question.with.clone()).await;
            let what = format!("{} {}", question.asks, question.with);
            check(&answer, &question.with, &expected, 0, &what);
            let about: Vec<&Job> = self.books.jobs.iter().filter(|job| (question.counts)(job)).collect();
            check_headline(&answer["totals"], &expected.measures[0], &about, &what);
            assert!(text.chars().count() <= TEXT_MAX, "{what}: {} characters\n{text}", text.chars().count());
            for row in answer["rows"].as_array().into_iter().flatten() {
                for label in labels(row, &expected) {
                    assert!(text.contains(&label), "{what}: {label} is missing in\n{text}");
                }
            }
            if about.is_empty() {
                empty.push(question.asks);
            }
        }
        assert!(empty.len() <= 3, "the test must see something: {empty:?}");
    }
}

/// The first measure over all, counted once more by what the question means.
fn check_headline(totals: &Value, measure: &str, about: &[&Job], what: &str) {
    let shown = &totals[measure];
    let cents = || about.iter().filter_map(|job| job.is.cents).sum::<u64>();
    match measure {
        "quoted_revenue" | "unpaid_quoted" | "upcoming_quoted" => {
            assert_eq!(shown.as_str(), Some(money(cents()).as_str()), "{what}");
        }
        "cancellation_rate" | "attach_rate" => {
            assert_eq!(shown["of"].as_u64().unwrap_or(0), about.len() as u64, "{what}");
        }
        "hours" => near(shown, Some(about.iter().filter_map(|job| job.is.hours).sum()), 0.005_01, what),
        "average_quote" | "median_quote" | "hours_start_to_publish" | "hours_to_publish" | "lead_days" => {
            assert_eq!(shown.is_null(), about.is_empty(), "{what}");
        }
        _ => assert_eq!(shown.as_u64(), Some(about.len() as u64), "{what}"),
    }
}

/// A measure as shown.
#[track_caller]
fn check_number(shown: &Value, expected: Number, what: &str) {
    match expected {
        Number::Count(count) => assert_eq!(shown.as_u64(), Some(count), "{what}"),
        Number::Cents(cents) => assert_eq!(shown.as_str(), Some(money(cents).as_str()), "{what}"),
        Number::Hours(hours) => near(shown, Some(hours), 0.005_01, what),
        Number::Rate(_, 0) => assert!(shown.is_null(), "{what}: {shown} of nothing"),
        Number::Rate(part, of) => {
            assert_eq!((shown["count"].as_u64(), shown["of"].as_u64()), (Some(part), Some(of)), "{what}: {shown}");
            near(&shown["rate"], Some(part as f64 / of as f64), 0.000_501, what);
            assert_eq!(shown["small_sample"].as_bool().unwrap_or(false), of < 10, "{what}: {shown}");
        }
        Number::Price(price, _) => {
            let shown = shown.as_str().map(|text| {
                assert_eq!(text.rsplit_once('.').map(|(_, cents)| cents.len()), Some(2), "{what}: {text}");
                text.parse::<f64>().unwrap()
            });
            near(&json!(shown), price, 0.005_01, what);
        }
        Number::Middle(number, _) => near(shown, number, 0.005_01, what),
    }
}

/// What the numbers shown are of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Of {
    /// All inspections, those of a company included.
    All,
    /// One group.
    Group,
    /// Several groups, in which an inspection may be more than once.
    Groups,
}

/// All measures of a row, the totals, the others or a company.
#[track_caller]
fn check_numbers(shown: &Value, jobs: &Twice<'_>, expected: &Expected<'_>, of: Of, what: &str) {
    let is_compared = expected.is_compared && (of == Of::All || !expected.is_by_date());
    let is_once = of != Of::Groups || expected.adds_up;
    for measure in &expected.measures {
        let parts = [(measure.clone(), &jobs.jobs), (format!("{measure}_before"), &jobs.before)];
        for (name, jobs) in parts.into_iter().take(if is_compared { 2 } else { 1 }) {
            let number = expected.number(measure, jobs);
            // A median over jobs of which some are there twice is nobody's.
            if is_once || !matches!(number, Number::Price(..) | Number::Middle(..)) {
                check_number(&shown[&name], number, &format!("{what}: {name}"));
            }
        }
        if !is_compared {
            assert!(shown.get(format!("{measure}_before")).is_none(), "{what}: {shown}");
        }
    }
}

/// The labels of a row, in the order of `by`.
fn labels(row: &Value, expected: &Expected<'_>) -> Vec<String> {
    expected.by.iter().map(|by| row[by].as_str().unwrap_or_else(|| panic!("no {by} in {row}")).to_owned()).collect()
}

/// The same as the loops name them: any spelling of an agency is that agency.
fn known_labels(row: &Value, expected: &Expected<'_>) -> Vec<String> {
    let known = |(by, label): (&String, String)| match by.as_str() {
        "agency" => expected.agencies.get(&fold(&label)).cloned().unwrap_or(label),
        _ => label,
    };
    expected.by.iter().zip(labels(row, expected)).map(known).collect()
}

/// Where a label stands in the order of its kind, names with or without their punctuation and accents; what has none is
/// after all.
fn place(by: &str, label: &str, weeks: WeekStart, is_folded: bool) -> (usize, String) {
    const WEEK: [&str; 8] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
    const AGES: [&str; 4] = ["0-30 days", "31-60 days", "61-90 days", "over 90 days"];
    const STATES: [&str; 4] = ["canceled", "upcoming", "unpublished", "published"];
    const PAID: [&str; 3] = ["paid", "unpaid", "unknown"];
    let among = |all: &[&str]| (all.iter().position(|one| *one == label).unwrap(), String::new());
    match by {
        _ if label == NONE => (usize::MAX, String::new()),
        "weekday" => among(if weeks == WeekStart::Monday { &WEEK[1..] } else { &WEEK }),
        "unpaid_age" => among(&AGES),
        "status" => among(&STATES),
        "paid" => among(&PAID),
        "start_hour" => {
            let (hour, half) = label.split_once(' ').unwrap();
            (hour.parse::<usize>().unwrap() % 12 + if half == "PM" { 12 } else { 0 }, String::new())
        }
        _ if is_folded => (0, fold(label)),
        _ => (0, label.to_lowercase()),
    }
}

const TIMES: [&str; 8] = ["day", "week", "month", "quarter", "year", "weekday", "start_hour", "unpaid_age"];

/// The groups that are rows of some page, and those too small to be.
fn large_and_small<'e, 'a>(
    arguments: &Value,
    expected: &'e Expected<'a>,
) -> (BTreeMap<&'e Vec<String>, &'e Twice<'a>>, usize) {
    let least = arguments["min_count"].as_u64().unwrap_or(0);
    let large = expected.groups.iter().filter(|(_, group)| least <= expected.counted(&group.jobs) as u64);
    let large: BTreeMap<_, _> = large.collect();
    let small = expected.groups.len() - large.len();
    (large, small)
}

/// Whether rows stand in the order asked for, and are those that stand at these places of it.
fn check_order(shown: &[Vec<String>], arguments: &Value, expected: &Expected<'_>, skip: usize, what: &str) {
    let first = &expected.by[0];
    let is_time = TIMES.contains(&first.as_str());
    let sort = match arguments["sort"].as_str() {
        Some(sort) => sort,
        None if is_time => "group",
        None => &expected.measures[0],
    };
    let is_ascending = match arguments["order"].as_str() {
        Some(order) => order == "asc",
        None => sort == "group",
    };
    let (large, _) = large_and_small(arguments, expected);
    let turned = |ordering: std::cmp::Ordering| if is_ascending { ordering } else { ordering.reverse() };
    if sort == "group" {
        let is_so = [false, true].into_iter().any(|is_folded| {
            let place = |labels: &Vec<String>| place(first, &labels[0], expected.weeks, is_folded);
            let mut all: Vec<_> = large.keys().map(|labels| place(labels)).collect();
            all.sort_by(|one, other| turned(one.cmp(other)));
            shown.iter().map(place).eq(all[skip..].iter().take(shown.len()).cloned())
        });
        assert!(is_so, "{what}: {shown:?} by group of {:?}", large.keys());
    } else {
        let size = |labels: &Vec<String>| expected.number(sort, &large[labels].jobs).size();
        let mut all: Vec<Option<f64>> = large.keys().map(|labels| size(labels)).collect();
        // What is nothing is after all that is something, whichever way.
        all.sort_by(|one, other| match (one, other) {
            (Some(one), Some(other)) => turned(one.total_cmp(other)),
            (one, other) => one.is_none().cmp(&other.is_none()),
        });
        for (at, labels) in shown.iter().enumerate() {
            near(&json!(size(labels)), all[skip + at], 1e-9, &format!("{what}: {labels:?} by {sort} at {at}"));
        }
    }
}

/// One page of an answer, before which so many rows stood on others; gives the labels of its rows.
fn check(answer: &Value, arguments: &Value, expected: &Expected<'_>, skip: usize, what: &str) -> Vec<Vec<String>> {
    check_numbers(&answer["totals"], &expected.all, expected, Of::All, &format!("{what}: totals"));
    assert_eq!(answer["adds_up"].as_bool(), Some(expected.adds_up), "{what}");
    check_companies(answer, arguments, expected, what);
    let rows = answer["rows"].as_array().map(Vec::as_slice).unwrap_or_default();
    if expected.by.is_empty() {
        // Without groups the totals are all there is.
        for row in rows {
            check_numbers(row, &expected.all, expected, Of::All, what);
        }
        return Vec::new();
    }
    let (large, small) = large_and_small(arguments, expected);
    let limit = arguments["limit"].as_u64().map_or(PAGE, |limit| usize::try_from(limit).unwrap());
    let shown: Vec<Vec<String>> = rows.iter().map(|row| known_labels(row, expected)).collect();
    let names = || format!("{what}\nshown {shown:?}\nof {:?}", large.keys().collect::<Vec<_>>());
    assert_eq!(shown.len(), limit.min(large.len() - skip), "{}", names());
    assert_eq!(answer.get("next_cursor").is_some(), skip + shown.len() < large.len(), "{what}");
    for (row, labels) in rows.iter().zip(&shown) {
        let group = large.get(labels).unwrap_or_else(|| panic!("{labels:?} in {}", names()));
        let what = format!("{what}: {labels:?}");
        check_numbers(row, group, expected, Of::Group, &what);
        let few = |measure: &&String| match expected.number(measure, &group.jobs) {
            Number::Price(_, of) | Number::Middle(_, of) => (1..10).contains(&of),
            _ => false,
        };
        let few: BTreeSet<String> = expected.measures.iter().filter(few).cloned().collect();
        let said = list(row, "small_sample").into_iter().filter(|name| !name.ends_with("_before"));
        assert_eq!(said.collect::<BTreeSet<_>>(), few, "{what}");
    }
    check_order(&shown, arguments, expected, skip, what);
    let mut rest = Twice::default();
    for (_, group) in expected.groups.iter().filter(|(labels, _)| !shown.contains(labels)) {
        rest.extend(group);
    }
    let left = large.len() + small - shown.len();
    assert_eq!(answer["others"]["groups"].as_u64().unwrap_or(0), left as u64, "{}", names());
    assert_eq!(answer.get("others").is_some(), left != 0, "{what}");
    if left != 0 {
        check_numbers(&answer["others"], &rest, expected, Of::Groups, &format!("{what}: others"));
    }
    if expected.adds_up {
        check_sums(answer, expected, what);
    }
    shown
}

/// Rows and others as shown come to the totals as shown.
fn check_sums(answer: &Value, expected: &Expected<'_>, what: &str) {
    let sums = expected.measures.iter().filter(|measure| expected.number(measure, &[]).is_sum());
    for measure in sums {
        let value = |row: &Value| {
            let shown = &row[measure];
            shown.as_f64().or_else(|| shown.as_str()?.parse().ok())
        };
        let parts = answer["rows"].as_array().into_iter().flatten().chain(answer.get("others"));
        let sum: f64 = parts.map(|row| value(row).unwrap()).sum();
        near(&json!(sum), value(&answer["totals"]), 0.2, &format!("{what}: {measure} adds up"));
    }
}

/// Each company's totals, where several are asked together.
fn check_companies(answer: &Value, arguments: &Value, expected: &Expected<'_>, what: &str) {
    let is_split = expected.by.iter().any(|by| by == "company");
    let shown = answer["companies"].as_array().map(Vec::as_slice).unwrap_or_default();
    if is_split || expected.companies.len() == 1 {
        assert!(shown.is_empty(), "{what}: {shown:?}");
        return;
    }
    let mut missing: BTreeSet<&str> = expected.companies.keys().copied().collect();
    for one in shown {
        let company = one["company"].as_str().unwrap();
        assert!(missing.remove(company), "{what}: {company}");
        check_numbers(one, &expected.companies[company], expected, Of::All, &format!("{what}: {company}"));
    }
    // A company that does not know who or what was named may be left out; it has none of it. One alone is the total.
    let named = ["inspector", "agent", "agency", "team", "tag", "service", "add_on", "zip", "city"];
    let is_narrowed = named.iter().any(|name| arguments.get(name).is_some());
    let has_some = |company: &&&str| {
        let theirs = &expected.companies[**company];
        !theirs.jobs.is_empty() || !theirs.before.is_empty()
    };
    let lost = missing.iter().filter(has_some).count();
    assert!(lost == 0 || lost == 1 && shown.is_empty(), "{what}: {missing:?} are missing");
    assert!(missing.is_empty() || is_narrowed, "{what}: {missing:?} are missing");
}

/// The inspections behind a cell are those of the loops, and as many as the cell says.
async fn cells_are_explained(office: &Office) {
    let mut seen = 0;
    let asked = [
        ("unpaid", json!({"by": ["unpaid_age"], "to": "2026-11-24"})),
        ("canceled", json!({"by": ["reason"], "from": "2025-01-01", "to": "2026-11-24"})),
        ("canceled", json!({"by": ["weekday"], "date_of": "canceled", "period": "last_365_days"})),
        (
            "booked",
            json!({"by": ["month"], "date_of": "created", "period": "last_quarter", "company": ["spectora_company1"]}),
        ),
        ("performed", json!({"by": ["inspector", "weekday"], "period": "last_365_days"})),
        ("performed", json!({"by": ["add_ons"], "period": "last_year"})),
        ("performed", json!({"by": ["any_inspector", "service"], "period": "this_year", "city": "Denver"})),
        ("repeat_clients", json!({"by": ["tag"], "period": "last_365_days"})),
        ("first_time_agents", json!({"by": ["agency", "company"], "period": "this_year"})),
        ("attach_rate", json!({"by": ["inspector"], "period": "last_quarter"})),
        ("late_canceled_48h", json!({"by": ["start_hour"], "to": "2026-11-24"})),
        ("upcoming", json!({"by": ["day"], "period": "next_30_days", "confirmed": true})),
        ("agreements_unsigned", json!({"by": ["status"], "period": "this_quarter"})),
    ];
    for (measure, arguments) in asked {
        let table = with(&arguments, json!({"measures": [measure], "limit": 100}));
        let expected = Expected::of(&table, &office.books);
        let answer = office.app.answer("breakdown", table.clone()).await;
        let shown = check(&answer, &table, &expected, 0, &table.to_string());
        let rows = answer["rows"].as_array().unwrap();
        let without = shown.iter().position(|labels| labels[0] == NONE);
        let sample: BTreeSet<usize> = [0, shown.len() / 2, shown.len() - 1].into_iter().chain(without).collect();
        for at in sample {
            let cell = labels(&rows[at], &expected);
            let asked = with(&arguments, json!({"metric": measure, "cell": cell, "limit": 50}));
            let (mut ids, total) = office.app.all_ids("explain", asked.clone()).await;
            let jobs = behind(measure, &expected.groups[&shown[at]].jobs, &expected.date_of);
            let mut theirs: Vec<String> = jobs.iter().map(|job| job.is.id.to_string()).collect();
            ids.sort();
            theirs.sort();
            assert_eq!(ids, theirs, "{asked}");
            let number = &rows[at][measure];
            let count = number.as_u64().or(number["count"].as_u64());
            assert_eq!((total, Some(ids.len() as u64)), (count, count), "{asked}");
            seen += ids.len();
        }
    }
    assert!(100 < seen, "the test must see something: {seen}");
}

#[tokio::test]
async fn what_people_ask_is_answered_in_denver() {
    let office = Office::of(7, "America/Denver").await;
    office.is_asked().await;
    cells_are_explained(&office).await;
}

#[tokio::test]
async fn what_people_ask_is_answered_in_new_york() {
    let zone = "America/New_York";
    let office = Office::of(11, zone).await;
    office.is_asked().await;
    let seen = drawn::any_question_is_answered(&office, 1, 110).await;
    assert!(seen.are_enough(), "the test must see something: {seen:?}");
    drawn::any_question_is_answered(&office.on_sundays(zone).await, 2, 40).await;
}

#[tokio::test]
async fn what_people_ask_is_answered_in_honolulu_where_data_is_odd() {
    let zone = "Pacific/Honolulu";
    let odd = |truth: &Truth| oddities::all(truth, &TimeZone::get(zone).unwrap());
    let office = Office::edited(23, zone, odd).await;
    office.is_asked().await;
    cells_are_explained(&office).await;
    drawn::any_question_is_answered(&office, 3, 40).await;
}
