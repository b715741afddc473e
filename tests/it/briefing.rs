//! The briefing against plain loops over the truth: days in several zones, backgrounds, overlaps, ways between jobs,
//! documents.

use std::collections::BTreeMap;

use jiff::ToSpan as _;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use sandbox::{ADD_ONS, AttachmentKind, CompanyTruth, Edit, InspectionRow, Profile};
use serde_json::{Value, json};
use sync::Scope;

use crate::support::{TestApp, civil_of, now, text};

const DAY: i64 = 86_400;

fn end(row: &InspectionRow) -> i64 {
    row.starts_at + i64::from(row.minutes) * 60
}

/// The jobs of these days that are on, in order.
fn jobs<'a>(company: &'a CompanyTruth, zone: &TimeZone, from: Date, to: Date) -> Vec<&'a InspectionRow> {
    let is_on = |row: &&InspectionRow| {
        let day = civil_of(zone, row.starts_at).date();
        row.deleted_at.is_none() && row.canceled_at.is_none() && from <= day && day <= to
    };
    let mut rows: Vec<&InspectionRow> = company.inspections.iter().filter(is_on).collect();
    rows.sort_by_key(|row| (row.starts_at, row.id));
    rows
}

/// What the briefing says of each job, by its id.
fn attention(part: &Value) -> BTreeMap<u64, String> {
    let lines = part["attention"].as_array().map(Vec::as_slice).unwrap_or_default();
    let split = lines.iter().map(|line| line.as_str().unwrap().split_once(": ").unwrap());
    split.map(|(job, what)| (job.rsplit(' ').next().unwrap().parse().unwrap(), what.to_owned())).collect()
}

#[tokio::test]
async fn days_are_those_of_the_zone_and_backgrounds_those_of_the_past() {
    for (seed, name) in [(21, "America/Denver"), (22, "America/St_Johns"), (23, "Australia/Lord_Howe")] {
        let app = TestApp::in_zone(seed, 2_000, name).await;
        let zone = TimeZone::get(name).unwrap();
        let truth = app.sandbox.truth();
        let company = &truth.companies[0];
        let (mut seen, mut back, mut overlapping) = (0, 0, 0);
        for (from, days) in [
            // Clocks change: in the United States on 2026-03-08 and 2026-11-01, on Lord Howe Island on 2026-10-04.
            ("2026-11-01", 1),
            ("2026-03-08", 1),
            ("2026-10-04", 1),
            ("2026-09-28", 7),
            ("2026-06-01", 7),
            ("2026-04-01", 7),
            ("2026-11-24", 2),
        ] {
            let from: Date = from.parse().unwrap();
            let to = from + (days - 1).days();
            let asked = json!({"company": company.name, "day": from.to_string(), "to": to.to_string()});
            let answer = app.answer("prep_briefing", asked).await;
            let part = &answer["companies"][0];
            let expected = jobs(company, &zone, from, to);
            let shown = part["jobs"].as_array().unwrap();
            let ids: Vec<String> = shown.iter().map(|job| job["id"].as_str().unwrap().to_owned()).collect();
            assert_eq!(ids, expected.iter().map(|row| row.id.to_string()).collect::<Vec<_>>(), "{from} {name}");
            let minutes: u64 = expected.iter().map(|row| u64::from(row.minutes)).sum();
            assert!((part["hours"].as_f64().unwrap() - minutes as f64 / 60.0).abs() < 0.005_01);
            if days == 1 {
                check_rounds(part, company, &zone, &expected);
            }
            let words = attention(part);
            for (job, row) in shown.iter().zip(&expected) {
                seen += 1;
                let form = if days == 1 { "%H:%M" } else { "%a %H:%M" };
                assert_eq!(job["time"].as_str().unwrap(), civil_of(&zone, row.starts_at).strftime(form).to_string());
                let said = words.get(&row.id).map(String::as_str).unwrap_or_default();
                let shares =
                    |other: &&&InspectionRow| other.inspectors().any(|one| row.inspectors().any(|two| one == two));
                for other in expected.iter().filter(|other| other.id != row.id).filter(shares) {
                    let overlaps = row.starts_at < end(other) && other.starts_at < end(row);
                    assert_eq!(said.contains(&format!("overlaps {}", other.id)), overlaps, "{} {said}", row.id);
                    overlapping += u64::from(overlaps);
                }
                let is_to_come = now().as_second() <= row.starts_at;
                assert_eq!(said.contains("unconfirmed"), is_to_come && !row.confirmed, "{} {said}", row.id);
                assert_eq!(said.contains("unpaid"), !row.paid, "{} {said}", row.id);
                let Some(agent) = row.buying_agent else {
                    assert!(job.get("agent_background").is_none() && !said.contains("agent "), "{job} {said}");
                    continue;
                };
                let before: Vec<&InspectionRow> = company
                    .inspections
                    .iter()
                    .filter(|one| {
                        one.deleted_at.is_none() && one.buying_agent == Some(agent) && one.starts_at < row.starts_at
                    })
                    .collect();
                let (kept, canceled): (Vec<&InspectionRow>, Vec<&InspectionRow>) =
                    before.iter().partition(|one| one.canceled_at.is_none());
                let background = job["agent_background"].as_str().unwrap();
                let jobs = if kept.len() == 1 { "job" } else { "jobs" };
                assert!(background.starts_with(&format!("{} {jobs} together", kept.len())), "{background}");
                assert_eq!(background.contains(" canceled"), !canceled.is_empty(), "{background}");
                if !canceled.is_empty() {
                    assert!(background.contains(&format!(", {} canceled", canceled.len())), "{background}");
                }
                let last = kept.iter().map(|one| one.starts_at).max().map(|last| (row.starts_at - last) / DAY);
                assert_eq!(said.contains("first-time agent"), last.is_none(), "{} {said}", row.id);
                if let Some(days) = last {
                    assert!(background.contains(&format!("last {days} days before")), "{background}");
                    assert_eq!(said.contains(&format!("agent back after {days} days")), 180 < days, "{said}");
                    back += u64::from(180 < days);
                }
            }
        }
        assert!(20 < seen && 0 < back, "{name}: {seen} jobs, {back} agents back, {overlapping} overlaps");
    }
}

fn check_rounds(part: &Value, company: &CompanyTruth, zone: &TimeZone, jobs: &[&InspectionRow]) {
    let rounds = part["inspectors"].as_array().unwrap();
    let busy: std::collections::BTreeSet<usize> = jobs.iter().flat_map(|row| row.inspectors()).collect();
    assert_eq!(rounds.len(), busy.len());
    for index in busy {
        let name = company.inspectors[index].name;
        let round = rounds.iter().find(|round| round["inspector"] == name).unwrap();
        let theirs: Vec<&&InspectionRow> = jobs.iter().filter(|row| row.inspectors().any(|one| one == index)).collect();
        assert_eq!(round["jobs"].as_u64(), Some(theirs.len() as u64), "{round}");
        let minutes: u64 = theirs.iter().map(|row| u64::from(row.minutes)).sum();
        assert!((round["hours"].as_f64().unwrap() - minutes as f64 / 60.0).abs() < 0.005_01, "{round}");
        let clock = |at: i64| civil_of(zone, at).strftime("%H:%M").to_string();
        assert_eq!(round["begins"], clock(theirs.iter().map(|row| row.starts_at).min().unwrap()), "{round}");
        assert_eq!(round["ends"], clock(theirs.iter().map(|row| end(row)).max().unwrap()), "{round}");
    }
}

#[tokio::test]
async fn ways_that_are_too_long_for_the_time_are_said() {
    let app = TestApp::build(|options| options.profile = Profile::Full, &["spectora_company1"], true).await;
    let truth = app.sandbox.truth();
    let company = &truth.companies[0];
    let zone = &company.zone;
    // A Sunday far ahead, with nothing booked by then.
    let day: Date = "2027-02-14".parse().unwrap();
    assert!(jobs(company, zone, day, day).is_empty());
    let mut used = Vec::new();
    // An inspection of an inspector in a ZIP code (or without one), with nobody helping.
    let mut take = |inspector: u8, zip: Option<&str>| {
        let is_so = |row: &&InspectionRow| {
            let is_there = company.zip(row) == zip;
            let is_on = row.canceled_at.is_none() && row.deleted_at.is_none();
            is_there && is_on && row.primary == inspector && row.helper.is_none() && !used.contains(&row.id)
        };
        let row = *company.inspections.iter().rfind(is_so).unwrap();
        used.push(row.id);
        row
    };
    let at = |hour: i8, minute: i8| zone.to_timestamp(day.at(hour, minute, 0, 0)).unwrap().as_second();
    let mut edits = Vec::new();
    let mut put = |row: &InspectionRow, starts_at: i64| {
        edits.push(Edit::Reschedule { company: 0, id: row.id, starts_at });
        starts_at + i64::from(row.minutes) * 60
    };
    // One inspector: Castle Rock, five minutes later Broomfield 37 miles away, right after that once more in Broomfield.
    let (south, north, again) = (take(0, Some("80104")), take(0, Some("80020")), take(0, Some("80020")));
    let ends = put(&south, at(8, 0));
    let ends = put(&north, ends + 5 * 60);
    put(&again, ends);
    // Another: Denver, and forty minutes later Castle Rock 25 miles away.
    let (middle, far) = (take(1, Some("80202")), take(1, Some("80104")));
    let ends = put(&middle, at(8, 0));
    put(&far, ends + 40 * 60);
    // A third: nobody knows where the second job is.
    let (known, unknown) = (take(2, Some("80202")), take(2, None));
    let ends = put(&known, at(8, 0));
    put(&unknown, ends);
    app.sandbox.edit(&edits);
    app.sync(Scope::Auto).await;

    let answer = app.answer("prep_briefing", json!({"day": day.to_string()})).await;
    let words = attention(&answer["companies"][0]);
    let hop = |row: &InspectionRow| words.get(&row.id).filter(|said| said.contains("hop")).cloned().unwrap_or_default();
    // By the generated places, which the product's own table has no part in.
    let miles = |left: &InspectionRow, right: &InspectionRow| {
        let (left, right) = (company.place(left), company.place(right));
        let north = (left.lat - right.lat) * 111.2;
        let east = (left.lng - right.lng) * 111.2 * left.lat.to_radians().cos();
        north.hypot(east) / 1.609_344
    };
    for (row, before, kind, minutes) in [(&north, &south, "impossible", 5), (&far, &middle, "tight", 40)] {
        let said = hop(row);
        let (start, rest) = said.split_once(" hop: ").unwrap();
        assert!(start.ends_with(kind), "{said}");
        assert!(rest.contains(&format!("miles from {} in {minutes} min", before.id)), "{said}");
        let shown: f64 = rest.split(' ').next().unwrap().parse().unwrap();
        // Towns and the middles of their ZIP codes are some miles apart.
        assert!((shown - miles(row, before)).abs() < 7.5, "{said}: {}", miles(row, before));
    }
    for row in [&south, &again, &middle, &known, &unknown] {
        assert_eq!(hop(row), "", "{}", row.id);
    }
    let notes = answer["basis"]["notes"].to_string();
    assert!(notes.contains("1 ways between jobs are not checked"), "{notes}");
}

#[tokio::test]
async fn documents_are_named_and_late_ones_are_missed() {
    let app = TestApp::kept(Profile::Full).await;
    let truth = app.sandbox.truth();
    let company = &truth.companies[0];
    let (from, to): (Date, Date) = ("2026-11-02".parse().unwrap(), "2026-11-08".parse().unwrap());
    let asked =
        json!({"company": company.name, "day": from.to_string(), "to": to.to_string(), "include": "attachments"});
    let before = app.sandbox.log().len();
    let answer = app.answer("prep_briefing", asked.clone()).await;
    assert!(app.sandbox.log().len() - before <= 4, "two pages of each span at most");
    let part = &answer["companies"][0];
    let words = attention(part);
    let (mut late, mut there) = (0, 0);
    let rows = jobs(company, &company.zone, from, to);
    for (job, row) in part["jobs"].as_array().unwrap().iter().zip(&rows) {
        assert_eq!(job["id"], row.id.to_string());
        let files = company.attachments_of(company.inspection_index(row.id).unwrap());
        let shown = job["attachments"].as_str().unwrap();
        let quoted: Vec<&str> = shown.split('"').skip(1).step_by(2).collect();
        assert_eq!(quoted.len(), files.len(), "{} {shown}", row.id);
        let said = words.get(&row.id).map(String::as_str).unwrap_or_default();
        for (at, add_on) in ADD_ONS.iter().enumerate() {
            let has =
                files.iter().any(|file| matches!(file.kind, AttachmentKind::AddOn(one) if usize::from(one) == at));
            assert_eq!(quoted.contains(&add_on.name), has, "{} {shown}", row.id);
            there += u64::from(has);
            // These jobs are more than two weeks old: what has not come is late, where it comes at all.
            let is_late = row.add_ons().any(|one| one.name == add_on.name) && add_on.document.is_some() && !has;
            let line = format!("no {} document", add_on.name);
            assert_eq!(said.contains(&line), is_late, "{} {said}", row.id);
            late += u64::from(is_late);
        }
    }
    assert!(0 < late && 0 < there, "the test must see both: {late} late, {there} there");
    assert!(!answer.to_string().contains("/files/"), "names, no links");
    // Nothing is due on the day after tomorrow's jobs; without asking nothing is read.
    let asked = json!({"company": company.name, "include": ["attachments"]});
    let answer = app.answer("prep_briefing", asked).await;
    assert!(!answer.to_string().contains(" document (usually"), "{answer}");
    let before = app.sandbox.log().len();
    let plain = app.call("prep_briefing", json!({"company": company.name})).await;
    assert_eq!(app.sandbox.log().len(), before);
    assert!(text(&plain).contains("attachments are not read"), "{}", text(&plain));
}

#[tokio::test]
async fn a_briefing_stands_when_attachments_cannot_be_read() {
    let app = TestApp::kept(Profile::Full).await;
    app.set_faults(&["inspections:1+=503"]);
    let answer = app.answer("prep_briefing", json!({"include": ["attachments"]})).await;
    assert!(!answer["companies"][0]["jobs"].as_array().unwrap().is_empty());
    assert!(answer["basis"]["notes"].to_string().contains("attachments could not be read"), "{}", answer["basis"]);
}

#[tokio::test]
async fn a_service_that_filters_nothing_leaves_attachments_unknown_and_says_so() {
    for profile in [Profile::Minimal, Profile::Strict] {
        let app = TestApp::build(|options| options.profile = profile, &["spectora_residential"], true).await;
        app.sync(Scope::Auto).await;
        check_unknown(&app).await;
    }
}

async fn check_unknown(app: &TestApp) {
    let answer = app.answer("prep_briefing", json!({"include": ["attachments"]})).await;
    let jobs = answer["companies"][0]["jobs"].as_array().unwrap();
    let unknown = jobs.iter().filter(|job| job["attachments"] == "not known").count();
    let notes = answer["basis"]["notes"].to_string();
    assert!(!notes.contains("not known for 0") && !notes.contains("not read"), "{notes}");
    let said = notes.contains(&format!("not known for {unknown} ")) || notes.contains("cannot be read");
    assert_eq!(said, unknown != 0, "{notes}");
    assert!(!jobs.is_empty() && !answer.to_string().contains(" document (usually"), "{answer}");
}
