//! Small cases worked out by hand.

use super::*;
use domain::{FactTable, FactTableBuilder, Named, NewFact, WeekStart};

const DAY: i64 = 86_400_000;

fn fact(pk: i64, day: i64, inspector: i64) -> NewFact {
    NewFact {
        pk,
        starts_at: day * DAY + 9 * 3_600_000,
        day,
        minute: 540,
        hours: Some(2.0),
        quote: Some(4_500_000),
        inspector: Some(inspector),
        ..NewFact::default()
    }
}

fn table(rows: &[NewFact]) -> FactTable {
    let mut table = FactTableBuilder::default();
    for row in rows {
        table.push(row);
    }
    table.build()
}

#[test]
fn wilson_s_interval_is_the_published_one() {
    // 10 of 20: 0.2993 to 0.7007; 0 of 10: 0 to 0.2775.
    let half = rate(10, 20).unwrap();
    assert!((half.low - 0.2993).abs() < 5e-4 && (half.high - 0.7007).abs() < 5e-4, "{half:?}");
    let none = rate(0, 10).unwrap();
    assert!(none.low == 0.0 && (none.high - 0.2775).abs() < 5e-4 && !none.small_sample, "{none:?}");
    assert!(rate(0, 0).is_none() && rate(1, 9).unwrap().small_sample);
}

#[test]
fn a_scorecard_credits_the_primary_one() {
    let now = 100 * DAY;
    let mut facts = FactTableBuilder::default();
    facts.word(7, Named::AddOn("Radon Test".into()));
    let mut rows = [fact(1, 90, 1), fact(2, 90, 1), fact(3, 92, 2), fact(4, 110, 1)];
    rows[0].assistants = facts.assistants(&[2]);
    rows[0].sold = facts.sold(&[7]);
    rows[1].canceled_at = Some(80 * DAY);
    rows[2].published_at = Some(rows[2].starts_at + 5 * 3_600_000);
    for row in &rows {
        facts.push(row);
    }
    let facts = facts.build();
    let scope = Scope { from: 90, to: 120 };
    let card = scorecard(&facts, &scope, None, now);
    let of = |inspector: i64| card.rows.iter().find(|row| row.inspector == facts.inspector_by_key(inspector)).unwrap();
    // The one of day 110 lies ahead.
    assert_eq!((of(1).booked, of(1).volume, of(1).assists, of(1).revenue), (2, 1, 0, 4_500_000));
    assert_eq!((of(2).volume, of(2).assists, of(2).hours_to_publish), (1, 1, Some(3.0)));
    assert_eq!((card.company.booked, card.company.volume, card.company.hours), (3, 2, 4.0));
    assert_eq!(of(1).attach.unwrap().count, 1);
    assert_eq!(of(1).cancellation.map(|rate| (rate.count, rate.of)), Some((1, 2)));
}

#[test]
fn who_only_assists_or_has_stopped_has_a_row() {
    let mut facts = FactTableBuilder::default();
    let assistants = facts.assistants(&[2]);
    for row in [fact(1, 60, 3), NewFact { assistants, ..fact(2, 90, 1) }, NewFact { assistants, ..fact(3, 91, 1) }] {
        facts.push(&row);
    }
    let facts = facts.build();
    let card = scorecard(&facts, &Scope { from: 90, to: 95 }, Some(&Scope { from: 55, to: 65 }), 100 * DAY);
    let shown: Vec<_> = card
        .rows
        .iter()
        .map(|row| (row.inspector.map(|one| facts.inspector_key(one)), row.volume, row.assists, row.volume_before))
        .collect();
    assert_eq!(shown, [(Some(1), 2, 0, Some(0)), (Some(2), 0, 2, Some(0)), (Some(3), 0, 0, Some(1))]);
    assert_eq!(card.company.volume, card.rows.iter().map(|row| row.volume).sum::<u64>());
}

#[test]
fn sums_of_money_never_wrap() {
    // Three quotes of nine hundred trillion: more than an amount can hold.
    let huge = 9_000_000_000_000_000_000;
    let row = |pk| NewFact { quote: Some(huge), buying_agent: Some(5), ..fact(pk, 90, 1) };
    let facts = table(&[row(1), row(2), row(3)]);
    let (scope, now) = (Scope { from: 90, to: 90 }, 100 * DAY);
    let sum = 27_000_000_000_000_000_000_i128;
    let card = scorecard(&facts, &scope, None, now);
    assert_eq!((card.company.revenue, card.rows[0].revenue), (sum, sum));
    let mix = service_mix(&facts, &scope, None, MixBy::Inspector, now);
    assert_eq!((mix.company.revenue, mix.rows[0].revenue), (sum, sum));
    let agents = agent_analysis(&facts, &scope, None, now);
    assert_eq!((agents.revenue, agents.agents[0].revenue, agents.agents[0].at_stake), (sum, sum, sum));
}

#[test]
fn a_stray_old_inspection_is_no_history() {
    // Mondays: 2026-01-05 is day 20458.
    let monday = 20_458;
    let week = |at: i64, pk: i64| fact(pk, monday + 7 * at, 1);
    let plan = |weeks: &[i64], this_week: i64| {
        let facts = table(&(1..).zip(weeks).map(|(pk, at)| week(*at, pk)).collect::<Vec<_>>());
        let today = monday + 7 * this_week;
        capacity_plan(&facts, 2, today, today * DAY, WeekStart::Monday).map(|plan| (plan.history, plan.apart))
    };
    let four: Vec<i64> = vec![96, 97, 98, 99];
    for stray in [19, 60, 84] {
        assert_eq!(plan(&[&[stray][..], &four].concat(), 100), None, "four weeks of work and one of week {stray}");
    }
    let twenty: Vec<i64> = (80..100).collect();
    assert_eq!(plan(&twenty, 100), Some((19, 0)));
    assert_eq!(plan(&[&[3, 4][..], &twenty].concat(), 100), Some((19, 2)), "two strays");
    // A company that works in summer alone, and one with a job a month, have all their history.
    let summers: Vec<i64> = (0..26).chain(52..78).chain(104..110).collect();
    assert_eq!(plan(&summers, 110), Some((109, 0)));
    let monthly: Vec<i64> = (0..100).step_by(4).collect();
    assert_eq!(plan(&monthly, 100), Some((99, 0)));
    let of = |weeks: &[i64]| {
        let facts = table(&(1..).zip(weeks).map(|(pk, at)| week(*at, pk)).collect::<Vec<_>>());
        let today = monday + 700;
        let fullness = inspector_weeks(&facts, today, today * DAY, WeekStart::Monday)[0].fullness;
        fullness.map(|full| (full.recent_hours, full.busy_hours))
    };
    let five_times = |weeks: &[i64]| weeks.repeat(5);
    let few = five_times(&[&[19][..], &four].concat());
    assert_eq!(of(&few), None, "an inspector of four weeks has no busy weeks yet");
    assert_eq!(of(&five_times(&twenty)), Some((10.0, 10.0)));
    assert_eq!(of(&twenty), None, "a job a week says nothing");
    let days_off: Vec<i64> = (78..98).collect();
    assert_eq!(of(&five_times(&days_off)), Some((10.0, 10.0)), "two weeks off");
    let away: Vec<i64> = (60..94).collect();
    assert_eq!(of(&five_times(&away)), None, "away for six of eight weeks");
}

#[test]
fn what_all_processors_make_is_in_order() {
    let numbers: Vec<u64> = (0..2_000).collect();
    for rows in [0, usize::MAX] {
        let made = common::in_parts(&numbers, rows, |number| number * 3);
        assert!(made.iter().zip(&numbers).all(|(made, number)| *made == number * 3) && made.len() == numbers.len());
    }
}
