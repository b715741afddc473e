//! Names of services and add-ons that are not what they seem.

use std::collections::{BTreeMap, BTreeSet};

use super::{Finding, Looked, finding};
use domain::{Fact, FactTable, Named, WordNumber, fold};

/// Words that begin the words of discounts and fees.
const DISCOUNT_STEMS: &[&str] =
    &["discount", "coupon", "promo", "surcharge", "deposit", "reschedul", "cancel", "mileage", "refund", "rebate"];
/// Words of discounts and fees, whole.
const DISCOUNT_WORDS: &[&str] = &["credit", "credits", "fee", "fees", "travel", "trip", "trips", "charge", "tip"];
/// Two parts that came together on so many jobs, and never apart, may be one name.
const TOGETHER_MIN: u64 = 5;
/// A service on fewer jobs says nothing about agents.
const SERVICE_JOBS_MIN: u64 = 10;
/// A service with agents on at most this share of its jobs seldom has one.
const SELDOM: f64 = 0.2;
/// Shorter words are not compared letter by letter: "well" and "wall" are two things.
const SLIP_LETTERS_MIN: usize = 5;

pub(super) fn findings(looked: &Looked<'_>, booked: &[&Fact]) -> Vec<Finding> {
    let facts = looked.facts;
    let jobs = jobs_by_word(facts, booked);
    let found = [
        discounts(facts, booked, &jobs),
        variants(facts, booked, &jobs),
        split_at_comma(facts),
        without_agents(looked, booked, &jobs),
    ];
    found.into_iter().flatten().collect()
}

/// On how many of these jobs each service and add-on is.
fn jobs_by_word(facts: &FactTable, booked: &[&Fact]) -> BTreeMap<WordNumber, u64> {
    let mut jobs = BTreeMap::new();
    for word in booked.iter().flat_map(|fact| facts.sold(fact)) {
        *jobs.entry(*word).or_default() += 1;
    }
    jobs
}

fn most_first(jobs: &BTreeMap<WordNumber, u64>, is: impl Fn(WordNumber) -> bool) -> Vec<(WordNumber, u64)> {
    let mut wanted: Vec<(WordNumber, u64)> =
        jobs.iter().map(|(word, count)| (*word, *count)).filter(|one| is(one.0)).collect();
    wanted.sort_by(|left, right| right.1.cmp(&left.1).then_with(|| left.0.cmp(&right.0)));
    wanted
}

fn jobs_with(facts: &FactTable, booked: &[&Fact], words: &BTreeSet<WordNumber>) -> u64 {
    booked.iter().filter(|fact| facts.sold(fact).iter().any(|word| words.contains(word))).count() as u64
}

fn name(facts: &FactTable, word: WordNumber) -> &str {
    facts.named(word).map_or("?", Named::text)
}

fn is_discount(name: &str) -> bool {
    fold(name)
        .split(' ')
        .any(|word| DISCOUNT_WORDS.contains(&word) || DISCOUNT_STEMS.iter().any(|stem| word.starts_with(stem)))
}

/// Add-ons that sound like discounts or fees.
fn discounts(facts: &FactTable, booked: &[&Fact], jobs: &BTreeMap<WordNumber, u64>) -> Option<Finding> {
    let is = |word: WordNumber| matches!(facts.named(word), Some(Named::AddOn(name)) if is_discount(name));
    let candidates = most_first(jobs, is);
    let of_jobs = jobs_with(facts, booked, &candidates.iter().map(|one| one.0).collect());
    let cases = candidates.iter().map(|(word, count)| format!("{} ({count} jobs)", name(facts, *word))).collect();
    let found = finding(
        "add-ons that sound like discounts or fees",
        "attach rates and add-on counts: these count as sold; list those that are none under `not_add_ons` in spectora.toml",
        cases,
        booked.len() as u64,
    )?;
    Some(Finding { count: of_jobs, ..found })
}

/// One name in several spellings. Services and add-ons are compared among themselves.
fn variants(facts: &FactTable, booked: &[&Fact], jobs: &BTreeMap<WordNumber, u64>) -> Option<Finding> {
    let (mut cases, mut others) = (Vec::new(), BTreeSet::new());
    let kinds: [fn(&Named) -> bool; 2] =
        [|named| matches!(named, Named::Service(_)), |named| matches!(named, Named::AddOn(_))];
    for is_kind in kinds {
        // The spelling used most is the name.
        let mut groups: Vec<Vec<(WordNumber, u64)>> = Vec::new();
        for (word, count) in most_first(jobs, |word| facts.named(word).is_some_and(is_kind)) {
            let is_same = |group: &&mut Vec<(WordNumber, u64)>| {
                group.first().is_some_and(|(first, _)| is_spelling(name(facts, *first), name(facts, word)))
            };
            match groups.iter_mut().find(is_same) {
                Some(group) => group.push((word, count)),
                None => groups.push(vec![(word, count)]),
            }
        }
        for group in groups.iter().filter(|group| 1 < group.len()) {
            let Some(((first, most), rest)) = group.split_first() else { continue };
            let spellings: Vec<String> = rest.iter().map(|(word, _)| format!("{:?}", name(facts, *word))).collect();
            let counts: Vec<String> = rest.iter().map(|(_, count)| count.to_string()).collect();
            let (first, spellings, counts) = (name(facts, *first), spellings.join(", "), counts.join(" + "));
            cases.push(format!("{first:?} = [{spellings}]: {most} + {counts} jobs"));
            others.extend(rest.iter().map(|one| one.0));
        }
    }
    let found = finding(
        "one service or add-on in several spellings",
        "service mix and counts of add-ons are split over the spellings; join them under `same_names` in spectora.toml",
        cases,
        booked.len() as u64,
    )?;
    Some(Finding { count: jobs_with(facts, booked, &others), ..found })
}

/// Whether two names differ in endings, the order of their words or one letter alone.
fn is_spelling(one: &str, other: &str) -> bool {
    let (one, other) = (fold(one), fold(other));
    let squashed = |text: &str| text.replace(' ', "");
    if squashed(&one) == squashed(&other) {
        return true;
    }
    let (mut left, mut right): (Vec<&str>, Vec<&str>) =
        (one.split(' ').map(stem).collect(), other.split(' ').map(stem).collect());
    let in_order = left.len() == right.len() && left.iter().zip(&right).all(|(left, right)| is_slip(left, right));
    left.sort_unstable();
    right.sort_unstable();
    in_order || left == right
}

/// The same word, or one that differs in a single letter and in no digit.
fn is_slip(one: &str, other: &str) -> bool {
    let is_long = |word: &str| SLIP_LETTERS_MIN <= word.chars().count() && word.chars().all(char::is_alphabetic);
    one == other || (is_long(one) && is_long(other) && strsim::osa_distance(one, other) <= 1)
}

/// A word without its ending: "tests" and "testing" are "test".
fn stem(word: &str) -> &str {
    const LETTERS_LEFT_MIN: usize = 3;
    ["s", "ing", "e"].iter().fold(word, |word, ending| {
        word.strip_suffix(ending).filter(|left| LETTERS_LEFT_MIN <= left.chars().count()).unwrap_or(word)
    })
}

/// Names of one kind that were never seen apart, in all years: parts of one name that holds a comma, it may be.
fn split_at_comma(facts: &FactTable) -> Option<Finding> {
    // What was sold together is one of few combinations: words in the same ones were never apart.
    let mut jobs_of_set = vec![0_u64; facts.sold_together().len()];
    for fact in facts.rows() {
        if let Some(jobs) = jobs_of_set.get_mut(fact.sold().index()) {
            *jobs += 1;
        }
    }
    let mut sets_of: BTreeMap<WordNumber, (u64, Vec<usize>)> = BTreeMap::new();
    for (at, (words, jobs)) in facts.sold_together().zip(&jobs_of_set).enumerate().filter(|(_, (_, jobs))| **jobs != 0)
    {
        for word in words {
            let (of_word, sets) = sets_of.entry(*word).or_default();
            *of_word += jobs;
            sets.push(at);
        }
    }
    let mut together: BTreeMap<(bool, &[usize]), Vec<WordNumber>> = BTreeMap::new();
    for (word, (_, sets)) in sets_of.iter().filter(|(_, (jobs, _))| TOGETHER_MIN <= *jobs) {
        let is_service = matches!(facts.named(*word), Some(Named::Service(_)));
        together.entry((is_service, sets.as_slice())).or_default().push(*word);
    }
    let jobs_of = |words: &[WordNumber]| words.first().and_then(|word| sets_of.get(word)).map_or(0, |(jobs, _)| *jobs);
    let several = together.into_values().filter(|words| 1 < words.len());
    let mut groups: Vec<(u64, Vec<WordNumber>)> = several.map(|words| (jobs_of(&words), words)).collect();
    groups.sort_by(|left, right| right.0.cmp(&left.0).then_with(|| left.1.cmp(&right.1)));
    let jobs = groups.iter().map(|(jobs, _)| *jobs).max();
    // Words are numbered as they come: parts that never come apart are numbered in the order of the name.
    let shown = |(jobs, words): &(u64, Vec<WordNumber>)| {
        let parts: Vec<&str> = words.iter().map(|word| name(facts, *word)).collect();
        format!("{:?}: {jobs} jobs", parts.join(", "))
    };
    let found = finding(
        "names never seen apart",
        "service mix and attach rates: if this is one name with a comma in it, add it to `known_services` in spectora.toml",
        groups.iter().map(shown).collect(),
        facts.rows().len() as u64,
    )?;
    Some(Finding { count: jobs.unwrap_or(0), ..found })
}

/// Services whose jobs seldom have an agent, in a company where most jobs have one.
fn without_agents(looked: &Looked<'_>, booked: &[&Fact], jobs: &BTreeMap<WordNumber, u64>) -> Option<Finding> {
    let facts = looked.facts;
    let mut with_agent: BTreeMap<WordNumber, u64> = BTreeMap::new();
    for fact in booked.iter().filter(|fact| fact.buying_agent().is_some()) {
        for word in facts.sold(fact) {
            *with_agent.entry(*word).or_default() += 1;
        }
    }
    let all = booked.iter().filter(|fact| fact.buying_agent().is_some()).count();
    if all * 2 < booked.len() {
        return None;
    }
    let with = |word: WordNumber| with_agent.get(&word).copied().unwrap_or(0);
    let candidates: Vec<(WordNumber, u64)> = most_first(jobs, |word| {
        let count = jobs.get(&word).copied().unwrap_or(0);
        let is_open = matches!(facts.named(word), Some(Named::Service(name)) if !looked.naming.is_without_agent(name));
        is_open && SERVICE_JOBS_MIN <= count && with(word) as f64 <= SELDOM * count as f64
    });
    let words: BTreeSet<WordNumber> = candidates.iter().map(|one| one.0).collect();
    let cases = candidates
        .iter()
        .map(|(word, count)| format!("{} ({} of {count} without one)", name(facts, *word), count - with(*word)))
        .collect();
    let found = finding(
        "services that seldom have an agent",
        "inspections without a buying agent: name services ordered without one, such as before a listing, under \
         `services_without_agents` in spectora.toml",
        cases,
        booked.len() as u64,
    )?;
    Some(Finding { count: jobs_with(facts, booked, &words), ..found })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_name_are_told_from_other_names() {
        for (one, other) in [
            ("Radon Test", "Radon Testing"),
            ("Radon Test", "RADON-TEST"),
            ("Sewer Scope", "Sewer Scoping"),
            ("Mold Sample", "Mold Sampling"),
            ("Pool Inspection", "Inspection, Pool"),
            ("Termite Inspection", "Termite Inspections"),
            ("Radon Test", "Raddon Test"),
            ("Re-Inspection", "Reinspection"),
        ] {
            assert!(is_spelling(one, other) && is_spelling(other, one), "{one} / {other}");
        }
        for (one, other) in [
            ("Well Flow", "Wall Flow"),
            ("Radon 48 h", "Radon 72 h"),
            ("Radon Test", "Radon Test 2"),
            ("Mold Test", "Water Test"),
            ("Pool Inspection", "Pest Inspection"),
            ("Radon", "Radon Test"),
        ] {
            assert!(!is_spelling(one, other), "{one} / {other}");
        }
    }

    #[test]
    fn discounts_and_fees_are_known_by_their_words() {
        for name in
            ["Veteran Discount", "Coupon -25", "Trip Fee", "Rescheduling", "Cancellation charge", "Mileage > 30 mi"]
        {
            assert!(is_discount(name), "{name}");
        }
        for name in ["Radon Test", "Coffee Table", "Stripping", "Feed Store", "Tripod Photos", "Accredited Lab Test"] {
            assert!(!is_discount(name), "{name}");
        }
    }
}
