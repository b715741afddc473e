//! The sandbox from outside: a plain socket asks, a plain loop over the truth knows the answer.

mod answers;
mod trouble;

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::date;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::*;
use domain::FixedClock;

const KEY: &str = "sandbox-company1-key";
const EVERYTHING: &str = "filter[include_canceled]=true&filter[include_deleted]=true&\
                          filter[include_archived_by_inspector]=true";

/// A Saturday in Denver, so that tomorrow is a Sunday.
fn now() -> Timestamp {
    "2026-03-14T18:00:00Z".parse().unwrap()
}

fn options() -> SandboxOptions {
    SandboxOptions { clock: Arc::new(FixedClock(now())), inspections: Some(2_500), ..SandboxOptions::new(now()) }
}

async fn start() -> Sandbox {
    Sandbox::start(options()).await.unwrap()
}

struct Answer {
    status: u16,
    head: String,
    body: String,
    /// Whether as many bytes came as were promised.
    whole: bool,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error} in {}", self.body))
    }
}

async fn send(sandbox: &Sandbox, method: &str, target: &str, key: Option<&str>) -> Option<Answer> {
    let mut stream = TcpStream::connect(sandbox.address()).await.unwrap();
    let authorization = key.map_or(String::new(), |key| format!("Authorization: {key}\r\n"));
    let request =
        format!("{method} {target} HTTP/1.1\r\nHost: sandbox.test\r\nConnection: close\r\n{authorization}\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut bytes = Vec::new();
    // A reset after a part of the reply is what some tests are about.
    let _outcome = stream.read_to_end(&mut bytes).await;
    let text = String::from_utf8(bytes).unwrap();
    let (head, body) = text.split_once("\r\n\r\n")?;
    let length: Option<usize> = header(head, "content-length").map(|text| text.parse().unwrap());
    Some(Answer {
        status: head.split(' ').nth(1).unwrap().parse().unwrap(),
        head: head.to_owned(),
        body: body.to_owned(),
        whole: length == Some(body.len()),
    })
}

fn header(head: &str, name: &str) -> Option<String> {
    let mut lines = head.lines().filter_map(|line| line.split_once(": "));
    lines.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned())
}

async fn get(sandbox: &Sandbox, target: &str) -> Answer {
    send(sandbox, "GET", target, Some(&format!("Bearer {KEY}"))).await.unwrap()
}

fn ids(document: &Value) -> Vec<u64> {
    document["data"].as_array().unwrap().iter().map(|record| record["id"].as_str().unwrap().parse().unwrap()).collect()
}

/// Every id of a listing, page by page as `meta.pagination` leads, and the `records` of the last page.
async fn all(sandbox: &Sandbox, path: &str, query: &str) -> (Vec<u64>, u64) {
    let (mut found, mut number) = (Vec::new(), 1);
    loop {
        let document = get(sandbox, &format!("/v2/{path}?{query}&page[number]={number}")).await.json();
        found.extend(ids(&document));
        let pagination = &document["meta"]["pagination"];
        match pagination["next"].as_u64() {
            Some(next) => number = next,
            None => return (found, pagination["records"].as_u64().unwrap()),
        }
    }
}

fn sorted(mut ids: Vec<u64>) -> Vec<u64> {
    ids.sort_unstable();
    ids
}

/// The ids that a plain loop finds.
fn expected(truth: &Truth, holds: impl Fn(&CompanyTruth, &InspectionRow) -> bool) -> Vec<u64> {
    let company = &truth.companies[0];
    company.inspections.iter().filter(|row| holds(company, row)).map(|row| row.id).collect()
}

fn shown(row: &InspectionRow) -> bool {
    row.canceled_at.is_none() && row.deleted_at.is_none() && !row.archived
}

/// The row the tests aim their filters at: nothing about it is missing.
fn sample(truth: &Truth) -> (&CompanyTruth, &InspectionRow) {
    let company = &truth.companies[0];
    let row = company.inspections.iter().find(|row| {
        shown(row)
            && row.buying_agent.is_some()
            && row.selling_agent.is_some()
            && row.unit.is_some()
            && row.add_ons != 0
            && !row.zip_missing
            && row.helper.is_some()
    });
    (company, row.unwrap())
}

#[tokio::test]
async fn two_starts_on_one_day_agree_and_another_seed_does_not() {
    let (first, later) = (start().await, "2026-03-14T23:30:00Z".parse().unwrap());
    let second = Sandbox::start(SandboxOptions { now: later, ..options() }).await.unwrap();
    assert_eq!(format!("{:?}", first.truth()), format!("{:?}", second.truth()));
    let target = "/v2/inspections?sort=-datetime&include=assignments,buyer,buying_agent,property";
    assert_eq!(get(&first, target).await.json(), get(&second, target).await.json());
    let other = Sandbox::start(SandboxOptions { seed: 2, ..options() }).await.unwrap();
    assert_ne!(get(&first, target).await.json(), get(&other, target).await.json());
}

#[tokio::test]
async fn the_data_has_the_shapes_and_the_dirt_of_a_real_business() {
    let truth = start().await.truth();
    assert_eq!(truth.companies.iter().map(|c| c.inspections.len()).collect::<Vec<_>>(), [2_000, 500]);
    for company in &truth.companies {
        let day = |row: &InspectionRow| company.zone.to_datetime(Timestamp::from_second(row.starts_at).unwrap()).date();
        let tomorrow = company.today.tomorrow().unwrap();
        let standing = company.inspections.iter().filter(|row| day(row) == tomorrow && shown(row)).count();
        assert!(standing > 0, "{} has nothing tomorrow", company.name);
        assert!(company.inspections.iter().all(|row| row.created_at < company.midnight), "booked after today began");
        assert!(company.inspections.windows(2).all(|pair| pair[0].id < pair[1].id));
        let clock = |row: &InspectionRow| {
            company.zone.to_datetime(Timestamp::from_second(row.starts_at).unwrap()).time().to_string()
        };
        assert!(company.inspections.iter().any(|row| clock(row) == "23:30:00"), "no late appointment");
        // The spring change of 2025, in both zones.
        assert!(company.inspections.iter().any(|row| day(row) == date(2025, 3, 9)), "none when clocks change");
    }
    let rows = &truth.companies[0].inspections;
    let share = |holds: fn(&InspectionRow) -> bool| rows.iter().filter(|row| holds(row)).count() * 1000 / rows.len();
    assert!((40..100).contains(&share(|row| row.canceled_at.is_some())), "canceled");
    assert!((1..12).contains(&share(|row| row.deleted_at.is_some())), "deleted");
    assert!((3..20).contains(&share(|row| row.archived)), "archived");
    assert!((70..130).contains(&share(|row| row.buying_agent.is_none())), "no agent");
    assert!(share(|row| row.zip_missing) > 2, "no ZIP");
    assert!(rows.iter().any(|row| row.note == INSTRUCTING_NOTE));
    let distinct: HashSet<u32> = rows.iter().map(|row| row.client).collect();
    assert!((820..880).contains(&(distinct.len() * 1000 / rows.len())), "distinct clients");
    assert!(rows.iter().all(|row| row.buying_agent.is_none() || row.buying_agent != row.selling_agent));
    let people =
        |at: usize| truth.companies[at].agents.iter().map(|a| (a.agent_id, a.uuid.clone())).collect::<HashSet<_>>();
    assert_eq!(people(0).intersection(&people(1)).count(), generate::AGENTS_SHARED);
    assert!(size_of::<InspectionRow>() <= 150);
}

#[test]
fn agents_keep_their_planted_rhythm() {
    let truth = generate::generate(1, now(), None, None);
    let company = &truth.companies[0];
    let mut referrals: BTreeMap<u32, Vec<i64>> = BTreeMap::new();
    for row in &company.inspections {
        if let Some(agent) = row.buying_agent {
            referrals.entry(agent).or_default().push((row.starts_at - company.midnight).div_euclid(86_400));
        }
    }
    for (at, agent) in (0_u32..).zip(&company.agents) {
        let days = referrals.get(&at).cloned().unwrap_or_default();
        match agent.rhythm {
            Rhythm::OneOff => assert_eq!(days.len(), 1, "agent {at}"),
            Rhythm::Lapsed => assert!(days.iter().all(|day| *day < -150), "agent {at}: {days:?}"),
            Rhythm::New => assert!(days.iter().all(|day| *day >= -80), "agent {at}: {days:?}"),
            Rhythm::Steady | Rhythm::Rising | Rhythm::Fading => {}
        }
    }
    let halves = |rhythm: Rhythm| {
        let mine = (0_u32..).zip(&company.agents).filter(|(_, agent)| agent.rhythm == rhythm);
        let days: Vec<i64> = mine.filter_map(|(at, _)| referrals.get(&at)).flatten().copied().collect();
        let early = days.iter().filter(|day| **day < -548).count();
        (early, days.len() - early)
    };
    let ((rising_early, rising_late), (fading_early, fading_late)) = (halves(Rhythm::Rising), halves(Rhythm::Fading));
    assert!(rising_late > 2 * rising_early, "{rising_early} then {rising_late}");
    assert!(fading_early > 2 * fading_late, "{fading_early} then {fading_late}");
}

#[tokio::test]
async fn pages_cover_every_row_once_and_canceled_deleted_archived_stay_away() {
    let sandbox = start().await;
    let truth = sandbox.truth();
    for sort in ["", "sort=-datetime&", "sort=quote,-datetime&", "sort=cancel_reason&", "sort=datetime&"] {
        let (found, records) = all(&sandbox, "inspections", &format!("{sort}page[size]=150")).await;
        assert_eq!(found.len() as u64, records, "{sort}");
        assert_eq!(sorted(found), expected(&truth, |_, row| shown(row)), "{sort}");
    }
    let (found, _) = all(&sandbox, "inspections", EVERYTHING).await;
    assert_eq!(sorted(found), expected(&truth, |_, _| true));
    let mut newest: Vec<&InspectionRow> = truth.companies[0].inspections.iter().filter(|row| shown(row)).collect();
    newest.sort_by_key(|row| (std::cmp::Reverse(row.starts_at), row.id));
    let (found, _) = all(&sandbox, "inspections", "sort=-datetime").await;
    assert_eq!(found, newest.iter().map(|row| row.id).collect::<Vec<_>>());
    newest.sort_by_key(|row| (row.quote_cents, std::cmp::Reverse(row.starts_at), row.id));
    let (found, _) = all(&sandbox, "inspections", "sort=quote,-datetime").await;
    assert_eq!(found, newest.iter().map(|row| row.id).collect::<Vec<_>>());

    let past = get(&sandbox, "/v2/inspections?page%5Bnumber%5D=900&page%5Bsize%5D=5000").await.json();
    assert!(ids(&past).is_empty());
    assert_eq!(past["meta"]["pagination"]["current"], 900);
    assert!(past["meta"]["pagination"].get("next").is_none());
    let first = get(&sandbox, "/v2/inspections?page[size]=5000").await.json();
    assert_eq!(ids(&first).len(), 200);
    assert!(first["links"]["next"].as_str().unwrap().starts_with("https://api.example.com/v2/inspections?"));
    assert!(first["links"]["records"].is_string());
    for (path, count) in [("contacts", truth.companies[0].clients.len()), ("connections", AGENTS[0])] {
        let (found, records) = all(&sandbox, path, "sort=last_first_name").await;
        assert_eq!((found.iter().collect::<HashSet<_>>().len(), records), (count, count as u64), "{path}");
    }
}
