//! What distorts the numbers.

mod agents;
mod bookings;
mod names;

use std::collections::BTreeSet;

use domain::{Agent, Fact, FactTable, FieldAccess, Inspection, Named, Naming, WordNumber};

pub use bookings::misdated;

/// Something that distorts a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What it is.
    pub what: &'static str,
    /// How many records.
    pub count: u64,
    /// Of how many.
    pub of: u64,
    /// Which number it distorts, and how.
    pub distorts: &'static str,
    /// The quoted prices of these records together, where money is what is distorted; in ten-thousandths.
    pub amount: Option<i64>,
    /// Some of the records, for checking: ids, or names.
    pub examples: Vec<String>,
}

/// What is looked at.
#[derive(Clone, Copy, Debug)]
pub struct Looked<'a> {
    /// Every inspection that is not deleted.
    pub facts: &'a FactTable,
    /// The agents.
    pub agents: &'a [Agent],
    /// Inspections that may be orders of one booking, with their clients and addresses.
    pub together: &'a [Inspection],
    /// What the company says about names.
    pub naming: &'a Naming,
    /// The present time, in milliseconds since 1970.
    pub now: i64,
}

impl<'a> Looked<'a> {
    /// Inspections alone.
    pub fn at(facts: &'a FactTable, naming: &'a Naming, now: i64) -> Self {
        Self { facts, agents: &[], together: &[], naming, now }
    }
}

/// The most examples of one finding.
const EXAMPLES_MAX: usize = 5;
/// A quote above this is taken for a slip of the keyboard: 100,000.00, in ten-thousandths.
const QUOTE_MAX: i64 = 100_000 * 10_000;

/// What in the inspections of the days `from` to `to` (days since 1970-01-01, both included) and in the agents distorts
/// the numbers; findings without a case are left out.
pub fn quality(looked: &Looked<'_>, from: i64, to: i64) -> Vec<Finding> {
    let facts = looked.facts;
    let booked: Vec<&Fact> = facts.around(from, to).iter().filter(|fact| (from..=to).contains(&fact.day())).collect();
    let mut findings = of_rows(looked, &booked);
    findings.extend(bookings::strays(facts, looked.now));
    findings.extend(bookings::doubles(looked.together, booked.len() as u64, facts.shows_money()));
    findings.extend(names::findings(looked, &booked));
    findings.extend(agents::findings(looked.agents, facts.fields().contact == FieldAccess::Full));
    findings
}

/// A finding of these cases; `None` without any.
fn finding(what: &'static str, distorts: &'static str, cases: Vec<String>, of: u64) -> Option<Finding> {
    let count = cases.len() as u64;
    let examples = cases.into_iter().take(EXAMPLES_MAX).collect();
    (count != 0).then_some(Finding { what, count, of, distorts, amount: None, examples })
}

fn of_rows(looked: &Looked<'_>, booked: &[&Fact]) -> Vec<Finding> {
    let facts = looked.facts;
    let of = booked.len() as u64;
    let on_purpose: BTreeSet<WordNumber> = facts
        .words()
        .filter(|(_, named)| matches!(named, Named::Service(name) if looked.naming.is_without_agent(name)))
        .map(|(word, _)| word)
        .collect();
    let lacks_agent = |fact: &Fact| {
        fact.buying_agent().is_none() && !facts.sold(fact).iter().any(|service| on_purpose.contains(service))
    };
    let is_absurd = |fact: &Fact| fact.quote().is_some_and(|quote| !(0..=QUOTE_MAX).contains(&quote));
    let rows = |what, distorts, holds: &dyn Fn(&Fact) -> bool| {
        let cases = booked.iter().rev().filter(|fact| holds(fact)).map(|fact| facts.id(fact)).collect();
        finding(what, distorts, cases, of)
    };
    // What may not be seen looks like what is not there, and is not missed.
    let shows_money = facts.shows_money();
    let shows_reasons = facts.fields().notes == FieldAccess::Full;
    let found = [
        rows(
            "inspections without a buying agent",
            "referral counts and shares of agents: these count for nobody",
            &|fact| lacks_agent(fact) && fact.selling_agent().is_none(),
        ),
        rows(
            "inspections with a selling agent only",
            "referral counts: these count for nobody; right where the seller ordered it, as before a listing (then name the \
             service under `services_without_agents`)",
            &|fact| lacks_agent(fact) && fact.selling_agent().is_some(),
        ),
        rows("inspections without a ZIP code", "service mix by ZIP: these stand in a row of their own", &|fact| {
            fact.zip().is_none()
        }),
        rows("inspections without a quote", "revenue: these add nothing to it", &|fact| {
            shows_money && fact.quote().is_none()
        }),
        rows(
            "quotes below zero or above 100,000.00",
            "revenue: a slip in one of these outweighs all others",
            &is_absurd,
        ),
        rows("inspections without a service", "service mix: these have no service", &|fact| {
            facts.sold(fact).is_empty()
        }),
        rows("inspections without an inspector", "scorecards: these are credited to nobody", &|fact| {
            fact.inspector().is_none()
        }),
        rows("canceled without a reason", "reasons of cancellations", &|fact| {
            shows_reasons && fact.is_canceled() && fact.reason().is_none()
        }),
    ];
    found.into_iter().flatten().collect()
}
