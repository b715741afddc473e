//! Questions drawn at random: whatever is combined with whatever, the answer is that of the loops.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::plain::{Expected, Job, MEASURES};
use super::{Office, check};

/// The most pages that a question is read over.
const PAGES: usize = 6;

const BY: [&str; 21] = [
    "inspector",
    "any_inspector",
    "agent",
    "agency",
    "team",
    "tag",
    "service",
    "add_on",
    "add_ons",
    "zip",
    "city",
    "weekday",
    "start_hour",
    "day",
    "week",
    "month",
    "quarter",
    "year",
    "status",
    "reason",
    "paid",
];
const PERIODS: [&str; 10] = [
    "last_365_days",
    "this_year",
    "last_year",
    "last_quarter",
    "this_quarter",
    "last_month",
    "last_90_days",
    "next_week",
    "next_30_days",
    "this_month",
];

/// A small generator of numbers: the same ones in each run.
struct Dice(u64);

impl Dice {
    /// A number below `sides`.
    fn below(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % sides as u64).unwrap()
    }

    /// Whether one of so many chances in a hundred comes.
    fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    fn one<'a>(&mut self, all: &[&'a str]) -> &'a str {
        all[self.below(all.len())]
    }

    /// So many different ones, or fewer.
    fn some<'a>(&mut self, all: &[&'a str], count: usize) -> Vec<&'a str> {
        let mut drawn = Vec::new();
        for _ in 0..count {
            let one = self.one(all);
            if !drawn.contains(&one) {
                drawn.push(one);
            }
        }
        drawn
    }
}

/// A filter that at least this job fits.
fn filter(dice: &mut Dice, job: &Job, is_one_company: bool) -> Option<(&'static str, Value)> {
    let word = |name: &'static str, own: &Option<String>| Some((name, json!(own.as_ref()?)));
    let first = |name: &'static str, own: &[String]| Some((name, json!(own.first()?)));
    match dice.below(12) {
        0 => word("inspector", &job.is.inspector),
        1 if is_one_company => word("agent", &job.is.buyer),
        2 => word("agency", &job.is.agency),
        3 => word("team", &job.team),
        4 => first("tag", &job.tags),
        5 => first("service", &job.is.services),
        6 => first("add_on", &job.is.add_ons),
        7 => word("zip", &job.is.zip),
        8 => word("city", &job.is.city),
        9 => Some(("paid", json!(job.paid?))),
        10 => Some(("confirmed", json!(job.confirmed?))),
        _ => {
            let all = ["performed", "unpublished", "published", "canceled", "upcoming"];
            let count = 1 + dice.below(3);
            Some(("status", json!(dice.some(&all, count))))
        }
    }
}

fn question(dice: &mut Dice, office: &Office) -> Value {
    let mut asked = Map::new();
    let mut put = |name: &str, value: Value| asked.insert(name.to_owned(), value);
    let count = 1 + dice.below(4);
    let mut measures = dice.some(&MEASURES, count);
    if dice.chance(50) && !measures.contains(&"booked") {
        measures.insert(0, "booked");
        measures.truncate(4);
    }
    put("measures", json!(measures));
    let all: Vec<&str> = BY.into_iter().chain(["unpaid_age", "company"]).collect();
    let count = [0, 1, 1, 1, 2, 2][dice.below(6)];
    let by = dice.some(&all, count);
    if !by.is_empty() || dice.chance(50) {
        put("by", json!(by));
    }
    let date_of = if dice.chance(60) { "start" } else { dice.one(&["created", "canceled", "published"]) };
    if date_of != "start" || dice.chance(20) {
        put("date_of", json!(date_of));
    }
    if dice.chance(70) {
        put("period", json!(dice.one(&PERIODS)));
    } else {
        let from = format!("202{}-{:02}-{:02}", 4 + dice.below(2), 1 + dice.below(12), 1 + dice.below(28));
        let to = format!("2026-{:02}-{:02}", 1 + dice.below(12), 1 + dice.below(28));
        put("from", json!(from));
        put("to", json!(to));
    }
    if dice.chance(35) {
        put("compare", json!(dice.one(&["previous", "last_year"])));
    }
    let is_one_company = dice.chance(50);
    let company = if is_one_company { dice.one(&office.books.companies) } else { "" };
    if is_one_company {
        put("company", json!([company]));
    }
    let jobs: Vec<&Job> = office.books.jobs.iter().filter(|job| !is_one_company || job.company == company).collect();
    let count = [0, 0, 1, 1, 2][dice.below(5)];
    let job = jobs[dice.below(jobs.len())];
    for _ in 0..count {
        if let Some((name, value)) = filter(dice, job, is_one_company) {
            put(name, value);
        }
    }
    if !by.is_empty() && dice.chance(50) {
        let mut sorts = measures.clone();
        sorts.push("group");
        put("sort", json!(dice.one(&sorts)));
        put("order", json!(dice.one(&["desc", "asc"])));
    }
    if !by.is_empty() && dice.chance(30) {
        put("min_count", json!(1 + dice.below(6)));
    }
    Value::Object(asked)
}

/// What questions were about.
#[derive(Debug, Default)]
pub(super) struct Seen {
    groups: usize,
    pages: usize,
    compared: usize,
}

impl Seen {
    pub(super) fn are_enough(&self) -> bool {
        500 < self.groups && 150 < self.pages && 10 < self.compared
    }
}

/// So many questions, each over all its pages; which ones hangs on `seed`.
pub(super) async fn any_question_is_answered(office: &Office, seed: u64, questions: usize) -> Seen {
    let mut dice = Dice(seed);
    let mut seen = Seen::default();
    for _ in 0..questions {
        let mut asked = question(&mut dice, office);
        let expected = Expected::of(&asked, &office.books);
        if !expected.by.is_empty() && (20 < expected.groups.len() || dice.chance(30)) {
            let least = expected.groups.len().div_ceil(PAGES).max(1);
            asked["limit"] = json!((least + dice.below(least)).min(100));
        }
        let mut rows: BTreeSet<Vec<String>> = BTreeSet::new();
        let mut next = asked.clone();
        loop {
            let answer = office.app.answer("breakdown", next).await;
            let what = format!("{asked} after {}", rows.len());
            seen.pages += 1;
            for labels in check(&answer, &asked, &expected, rows.len(), &what) {
                assert!(rows.insert(labels.clone()), "{asked}: {labels:?} twice");
            }
            let Some(cursor) = answer.get("next_cursor") else { break };
            next = asked.clone();
            next["cursor"] = cursor.clone();
        }
        seen.groups += rows.len();
        seen.compared += usize::from(expected.is_compared && !expected.all.before.is_empty());
    }
    seen
}
