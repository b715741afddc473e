//! Small cases worked out by hand.

use super::*;
use crate::mirror::{Fact, Facts, Named};

const DAY: i64 = 86_400_000;

fn fact(pk: i64, day: i64, inspector: i64) -> Fact {
    Fact {
        pk,
        starts_at: day * DAY + 9 * 3_600_000,
        day,
        minute: 540,
        hours: Some(2.0),
        quote: Some(4_500_000),
        inspector: Some(inspector),
        ..Fact::default()
    }
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
    let mut facts = Facts::default();
    facts.rows = vec![fact(1, 90, 1), fact(2, 90, 1), fact(3, 92, 2), fact(4, 110, 1)];
    facts.rows[1].canceled_at = Some(80 * DAY);
    facts.rows[2].published_at = Some(facts.rows[2].starts_at + 5 * 3_600_000);
    facts.assists.insert(1, vec![2]);
    facts.names.insert(7, Named::AddOn("Radon Test".into()));
    facts.sell(0, &[7]);
    let scope = Scope { from: 90, to: 120 };
    let card = scorecard(&facts, &scope, None, now);
    let of = |inspector: i64| card.rows.iter().find(|row| row.inspector == Some(inspector)).unwrap();
    assert_eq!((of(1).booked, of(1).volume, of(1).assists, of(1).revenue), (3, 1, 0, 4_500_000));
    assert_eq!((of(2).volume, of(2).assists, of(2).hours_to_publish), (1, 1, Some(3.0)));
    assert_eq!((card.company.booked, card.company.volume, card.company.hours), (4, 2, 4.0));
    assert_eq!(of(1).attach.unwrap().count, 1);
    assert_eq!(of(1).cancellation.map(|rate| (rate.count, rate.of)), Some((1, 3)));
}
