//! Bookings that are not what they seem: one that became several orders, and jobs dated far from all others.

use std::collections::BTreeMap;

use super::{EXAMPLES_MAX, Finding, finding};
use domain::{Fact, FactTable, Inspection, Money, fold};

/// A silence of so many days between a few jobs and all others makes those few look misdated.
const SILENCE_DAYS: i64 = 180;
/// How many jobs before such a silence can be a slip.
const STRAYS_MAX: usize = 5;
/// And at most one of so many.
const STRAY_OF: usize = 50;
/// A job so many days ahead looks misdated.
const AHEAD_DAYS: i64 = 400;
/// Milliseconds of a day.
const DAY_MS: i64 = 86_400_000;

/// The ids of inspections whose date looks like a slip: a few before a silence of half a year that all others come
/// after, and what lies more than 400 days ahead. `now` is in milliseconds since 1970.
pub fn misdated(facts: &FactTable, now: i64) -> Vec<String> {
    let ahead = facts.rows().partition_point(|fact| fact.starts_at() <= now.saturating_add(AHEAD_DAYS * DAY_MS));
    let (known, late) = facts.rows().split_at_checked(ahead).unwrap_or((facts.rows(), &[]));
    let few = STRAYS_MAX.min(known.len() / STRAY_OF);
    let silence = |pair: &[Fact]| matches!(pair, [one, next] if SILENCE_DAYS <= next.day().saturating_sub(one.day()));
    // The last silence among the first few jobs: what lies before it is apart from the rest.
    let early = known.windows(2).take(few).rposition(silence).map_or(0, |last| last + 1);
    known.iter().take(early).chain(late).map(|fact| facts.id(fact)).collect()
}

pub(super) fn strays(facts: &FactTable, now: i64) -> Option<Finding> {
    finding(
        "inspections dated far from all others",
        "history and forecasts: they seem to begin with these, or to reach as far; look at their dates",
        misdated(facts, now),
        facts.rows().len() as u64,
    )
}

/// Orders of one client at one address that begin together and are not canceled.
pub(super) fn doubles(together: &[Inspection], of: u64, shows_money: bool) -> Option<Finding> {
    let mut groups: BTreeMap<(i64, String, String), Vec<&Inspection>> = BTreeMap::new();
    for inspection in together.iter().filter(|one| one.canceled_at.is_none() && one.deleted_at.is_none()) {
        let place = inspection.address.full.as_ref().or(inspection.address.street.as_ref());
        // One person may have two records.
        let client = match inspection.client_names.first() {
            Some(name) => Some(fold(name.as_str())),
            None => inspection.client.as_ref().map(|client| client.id.to_string()),
        };
        let (Some(at), Some(place), Some(client)) = (inspection.starts_at, place, client) else { continue };
        groups.entry((at.as_millisecond(), fold(place.as_str()), client)).or_default().push(inspection);
    }
    let quote = |one: &Inspection| one.quote.map_or(0, Money::ten_thousandths);
    let mut doubles: Vec<Vec<&Inspection>> = groups.into_values().filter(|group| 1 < group.len()).collect();
    if doubles.is_empty() {
        return None;
    }
    // The latest first.
    doubles.reverse();
    let shown = |group: &Vec<&Inspection>| {
        let ids: Vec<&str> = group.iter().map(|one| one.id.as_str()).collect();
        if !shows_money {
            return format!("ids {}", ids.join(", "));
        }
        let quotes: Vec<String> = group.iter().map(|one| Money::from_ten_thousandths(quote(one)).to_string()).collect();
        format!("ids {}: {}", ids.join(", "), quotes.join(" + "))
    };
    Some(Finding {
        what: "one booking in several orders",
        count: doubles.len() as u64,
        of,
        distorts: "volume and revenue per inspection: orders of one client at one address and time count as several jobs",
        amount: shows_money.then(|| doubles.iter().flatten().fold(0_i64, |sum, one| sum.saturating_add(quote(one)))),
        examples: doubles.iter().take(EXAMPLES_MAX).map(shown).collect(),
    })
}
