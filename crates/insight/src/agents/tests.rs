//! Small cases worked out by hand.

use super::*;
use domain::{AgentFact, FactTableBuilder, NewFact};

const DAY: i64 = 86_400_000;
/// Days since 1970-01-01.
const NOW: i64 = 20_000;

/// The one agent's numbers: `referrals` are days, each with whether it was canceled; others have a job on each day for which
/// `works` says so.
fn agent(referrals: &[(f64, bool)], works: impl Fn(i64) -> bool) -> AgentNumbers {
    let mut table = FactTableBuilder::default();
    table.agent(5, AgentFact { id: "5".to_owned(), created_at: Some((NOW - 1_900) * DAY), ..AgentFact::default() });
    let mut pk = 0;
    let mut push = |at: f64, agent: Option<i64>, canceled: bool| {
        pk += 1;
        #[expect(clippy::cast_possible_truncation, reason = "days")]
        let starts_at = (at * DAY as f64) as i64;
        let canceled_at = canceled.then_some(starts_at - DAY);
        table.push(&NewFact {
            pk,
            starts_at,
            day: starts_at / DAY,
            buying_agent: agent,
            canceled_at,
            ..NewFact::default()
        });
    };
    for day in (NOW - 2_000..NOW).filter(|day| works(*day)) {
        push(day as f64 + 0.25, None, false);
    }
    for (ago, canceled) in referrals {
        push(NOW as f64 - ago, Some(5), *canceled);
    }
    let scope = Scope { from: 0, to: 100_000 };
    agent_analysis(&table.build(), &scope, None, NOW * DAY).agents.remove(0)
}

/// One in so many days, from the day so many days ago to another.
fn every(days: u16, from: u16, to: u16) -> Vec<(f64, bool)> {
    (to..=from).rev().step_by(days.into()).map(|ago| (f64::from(ago), false)).collect()
}

#[test]
fn a_silence_is_as_likely_as_the_waits_say() {
    // Three waits of 23 days (a week after each of four occasions until the next), and one of 203 up to now.
    let one = agent(&every(30, 300, 210), |_| true);
    assert_eq!((one.occasions, one.ever, one.usual_gap, one.days_since), (4, 4, Some(30.0), Some(210.0)));
    assert_eq!(one.gaps_as_long.map(|rate| (rate.count, rate.of)), Some((0, 3)));
    // More regular than chance, so that three waits are worth a little more: 1 + 1.5 (2 / 3 - 1) of the own ones beside 20.
    let tail = (3.0 * 0.5 + 20.0) / 23.0;
    let chance = 272.0 / 300.0 * (69.0_f64 / 272.0).powf(3.0 / tail);
    assert!((one.chance_of_silence.unwrap() - chance).abs() < 1e-3, "{one:?} {chance}");
    assert!(one.is_dormant(DormantRule::default()) == (chance < DormantRule::default().chance_max(4)));
    let many = agent(&every(30, 1_500, 210), |_| true);
    assert!(many.is_dormant(DormantRule::default()) && many.chance_of_silence < one.chance_of_silence);
}

#[test]
fn what_comes_within_a_week_is_one_occasion() {
    // Two in a minute, three in a day of which the first is canceled and booked again, and one in six days.
    let days = [
        (400.0, false),
        (400.0, false),
        (330.0, true),
        (329.9, false),
        (329.7, false),
        (200.0, false),
        (194.0, false),
        (110.0, false),
    ];
    let one = agent(&days, |_| true);
    assert_eq!((one.ever, one.occasions), (8, 4));
    assert!(one.chance_of_silence.unwrap() > 0.2 && !one.is_dormant(DormantRule::default()), "{one:?}");
    assert!(one.is_dormant_by_90_days());
    let two = agent(&days[..5], |_| true);
    assert_eq!((two.occasions, two.chance_of_silence, two.course), (2, None, None));
    let rule = DormantRule { min_referrals: 2, ..DormantRule::default() };
    assert!(!two.is_dormant(rule) && two.is_dormant_by_90_days());
}

#[test]
fn a_dead_winter_is_no_silence() {
    let days = every(15, 1_500, 105);
    let dormant = agent(&days, |_| true);
    assert!(dormant.is_dormant(DormantRule::default()), "{dormant:?}");
    let winter = agent(&days, |day| !(NOW - 100..=NOW - 4).contains(&day));
    assert!(winter.worked_since.unwrap() < 30.0 && winter.chance_of_silence.unwrap() > 0.1, "{winter:?}");
    assert!(!winter.is_dormant(DormantRule::default()) && winter.is_dormant_by_90_days());
    // Whoever is all of the company is measured by the calendar.
    let alone = agent(&days, |_| false);
    assert!(alone.is_dormant(DormantRule::default()) && alone.worked_since == alone.days_since, "{alone:?}");
}

#[test]
fn nobody_with_a_booking_is_dormant_by_any_rule() {
    let days = every(15, 1_500, 105);
    let booked = agent(&[&days[..], &[(-3.0, false)]].concat(), |_| true);
    assert!(booked.booked_ahead && !booked.is_dormant(DormantRule::default()) && !booked.is_dormant_by_90_days());
    let canceled = agent(&[&days[..], &[(-3.0, true)]].concat(), |_| true);
    assert!(canceled.is_dormant(DormantRule::default()) && canceled.is_dormant_by_90_days());
}

#[test]
fn a_course_begins_with_the_first_referral() {
    // The record is five years old.
    let one = agent(&every(20, 365, 5), |_| true);
    assert_eq!(one.course.map(|(course, _)| course), Some(Course::Steady), "{one:?}");
    let few = agent(&every(20, 125, 5), |_| true);
    assert_eq!((few.occasions, few.course), (7, None));
}
