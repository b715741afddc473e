//! How long groups of inspections take, over all of them, on rows made by chance.
//!
//! `cargo bench -p insight --bench breakdown -- 100000 1000000` (numbers of inspections; 100,000 when none is given).

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stdout, missing_docs, reason = "a bench prints")]

use std::hint::black_box;
use std::time::Instant;

use domain::{AgentFact, FactTable, FactTableBuilder, InspectorFact, Named, NewFact, WeekStart};
use insight::{BreakdownWanted, Calendar, Counting, DateOf, GroupBy, Measure, Scope, breakdown};
use jiff::tz::TimeZone;

/// Days that the rows are spread over, ending 30 days after today.
const DAYS: i64 = 1_500;
/// Today, in days since 1970-01-01.
const TODAY: i64 = 20_780;
const DAY_MS: i64 = 86_400_000;
/// Each question is put so often; the middle time counts.
const ROUNDS: usize = 11;

/// A generator of our own, so that the rows are the same in every run.
struct Dice(u64);

impl Dice {
    /// A number from 0 to `sides` - 1.
    fn roll(&mut self, sides: i64) -> i64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        i64::try_from(self.0 >> 33).unwrap() % sides
    }
}

/// Numbers of the names: services, add-ons, ZIP codes, cities and agencies follow each other.
const SERVICES: i64 = 1;
const ADD_ONS: i64 = 10;
const ZIPS: i64 = 100;
const AGENCIES: i64 = 400;

fn rows(count: i64) -> FactTable {
    let mut dice = Dice(7);
    let mut table = FactTableBuilder::default();
    (0..6).for_each(|at| table.word(SERVICES + at, Named::Service(format!("Service {at}"))));
    (0..8).for_each(|at| table.word(ADD_ONS + at, Named::AddOn(format!("Add-on {at}"))));
    (0..200).for_each(|at| table.word(ZIPS + at, Named::Other(format!("{}", 80_000 + at))));
    (0..150).for_each(|at| table.word(AGENCIES + at, Named::Other(format!("Agency {at}"))));
    for at in 0..40 {
        table.inspector(at, InspectorFact { id: Some(at.to_string()), name: format!("Inspector {at}") });
    }
    for at in 0..5_000 {
        let agency = domain::WordNumber::by_key(AGENCIES + at % 150);
        let agent = AgentFact { id: at.to_string(), name: Some(format!("Agent {at}")), agency, ..AgentFact::default() };
        table.agent(at, agent);
    }
    for pk in 1..=count {
        let (day, minute) = (TODAY + 30 - dice.roll(DAYS), 480 + 30 * dice.roll(20));
        let starts_at = day * DAY_MS + minute * 60_000;
        let mut sold = vec![SERVICES + dice.roll(6)];
        sold.extend((0..8).filter(|_| dice.roll(6) == 0).map(|at| ADD_ONS + at));
        let sold = table.sold(&sold);
        table.push(&NewFact {
            pk,
            starts_at,
            day,
            minute,
            hours: Some(2.5),
            created_at: Some(starts_at - dice.roll(20) * DAY_MS),
            canceled_at: (dice.roll(12) == 0).then(|| starts_at - dice.roll(5) * DAY_MS),
            published_at: (day < TODAY).then(|| starts_at + dice.roll(40) * 3_600_000),
            quote: Some(4_000_000 + 50_000 * dice.roll(100)),
            inspector: Some(dice.roll(40)),
            buying_agent: Some(dice.roll(5_000)),
            zip: Some(ZIPS + dice.roll(200)),
            client: Some(dice.roll(count)),
            paid: Some(dice.roll(20) != 0),
            sold,
            ..NewFact::default()
        });
    }
    table.build()
}

fn main() {
    let sizes: Vec<i64> = std::env::args().filter_map(|argument| argument.parse().ok()).collect();
    let sizes = if sizes.is_empty() { vec![100_000] } else { sizes };
    let asked: [(&str, DateOf, &[GroupBy], &[Measure]); 5] = [
        ("inspector", DateOf::Start, &[GroupBy::Inspector], &[Measure::Performed, Measure::QuotedRevenue]),
        ("ZIP and month, median", DateOf::Start, &[GroupBy::Zip, GroupBy::Month], &[Measure::MedianQuote]),
        ("created by day", DateOf::Created, &[GroupBy::Day], &[Measure::Booked, Measure::LeadDays]),
        (
            "agency and add-on, people",
            DateOf::Start,
            &[GroupBy::Agency, GroupBy::AddOn],
            &[Measure::FirstTimeAgents, Measure::RepeatClients],
        ),
        (
            "agent and service, eight measures",
            DateOf::Start,
            &[GroupBy::Agent, GroupBy::Service],
            &[
                Measure::Booked,
                Measure::CancellationRate,
                Measure::LateCanceled24,
                Measure::AverageQuote,
                Measure::Hours,
                Measure::AttachRate,
                Measure::Unpaid,
                Measure::HoursToPublish,
            ],
        ),
    ];
    for size in sizes {
        let facts = rows(size);
        let ever = Scope { from: TODAY - DAYS - 60, to: TODAY + 60 };
        println!("{size} inspections, all of them, ms (the middle of {ROUNDS})");
        for (name, date_of, by, measures) in asked {
            let zone = TimeZone::get("America/Denver").unwrap();
            let calendar = Calendar { date_of, zone, week_starts: WeekStart::default(), today: TODAY };
            let wanted = BreakdownWanted { measures: measures.to_vec(), by: by.to_vec(), calendar };
            let mut times: Vec<f64> = (0..ROUNDS)
                .map(|_| {
                    let started = Instant::now();
                    let counting = Counting::new(&facts, &ever, TODAY * DAY_MS);
                    let counting = counting.dated(date_of, &wanted.calendar.zone);
                    black_box(breakdown(&facts, &counting, &wanted, |_| true));
                    started.elapsed().as_secs_f64() * 1e3
                })
                .collect();
            times.sort_by(f64::total_cmp);
            println!("  {name:36}{:>9.1}", times[ROUNDS / 2]);
        }
    }
}
