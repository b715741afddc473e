//! Questions about groups of inspections, as people put them in words: "average fee by inspector", "busiest weekday".
//! They become a `breakdown`.

use super::topics::is_of;
use domain::{FieldAccess, Permissions};
use insight::{GroupBy, Measure};

/// A measure, and the beginnings of words that ask for it.
const MEASURES: &[(Measure, &[&str])] = &[
    (Measure::AverageQuote, &["average", "mean", "typical"]),
    (Measure::MedianQuote, &["median"]),
    (Measure::QuotedRevenue, &["revenue", "sales", "income", "earned", "turnover", "fees", "money", "made"]),
    (Measure::CancellationRate, &["rate"]),
    (Measure::Canceled, &["cancel", "canceled", "cancelled", "cancellation"]),
    (Measure::Unpaid, &["unpaid", "outstanding", "owed", "owes", "overdue", "receivable"]),
    (Measure::Unpublished, &["unpublished"]),
    (Measure::HoursToPublish, &["turnaround", "publish", "delivery"]),
    (Measure::LeadDays, &["lead", "notice", "ahead"]),
    (Measure::RepeatClients, &["repeat", "returning"]),
    (Measure::FirstTimeAgents, &["first"]),
    (Measure::AgreementsUnsigned, &["unsigned", "agreement"]),
    (Measure::Upcoming, &["upcoming", "scheduled"]),
    (Measure::AttachRate, &["attach"]),
    (Measure::Hours, &["hours"]),
    (
        Measure::Performed,
        &["performed", "completed", "jobs", "inspections", "volume", "many", "busiest", "common", "busy"],
    ),
];

/// What to group by, and the beginnings of words that name it.
const GROUPS: &[(GroupBy, &[&str])] = &[
    (GroupBy::Inspector, &["inspector"]),
    (GroupBy::Agency, &["agency", "agencies", "brokerage"]),
    (GroupBy::Agent, &["agent", "realtor"]),
    (GroupBy::Team, &["team"]),
    (GroupBy::Tag, &["tag"]),
    (GroupBy::Service, &["service", "services"]),
    (GroupBy::AddOns, &["together", "combination", "bundle"]),
    (GroupBy::AddOn, &["addon", "addons", "radon", "sewer"]),
    (GroupBy::Zip, &["zip", "zips", "area", "neighborhood"]),
    (GroupBy::City, &["city", "cities", "town"]),
    (GroupBy::Weekday, &["weekday", "weekend", "saturday", "sunday", "monday"]),
    (GroupBy::StartHour, &["hour", "o'clock", "time"]),
    (GroupBy::Month, &["month", "monthly", "months"]),
    (GroupBy::Week, &["weekly"]),
    (GroupBy::Quarter, &["quarterly"]),
    (GroupBy::Reason, &["reason", "reasons", "why"]),
    (GroupBy::UnpaidAge, &["age", "aging", "ageing"]),
];

/// A question about groups, and how many words it took.
pub(super) struct Asked {
    pub(super) measure: Measure,
    pub(super) by: GroupBy,
    pub(super) words: usize,
}

/// What these words ask, where they name both a number and a group. Words of `days` name a period and no group.
pub(super) fn asked(words: &[&str], days: &[&str]) -> Option<Asked> {
    let telling = || words.iter().filter(|word| !days.contains(word));
    let (measure, of_measure) =
        MEASURES.iter().find_map(|(measure, known)| Some((*measure, telling().find(|word| is_of(word, known))?)))?;
    let (by, of_group) = GROUPS
        .iter()
        .find_map(|(by, known)| Some((*by, telling().find(|word| is_of(word, known) && *word != of_measure)?)))?;
    let words = telling().filter(|word| *word == of_measure || *word == of_group).count();
    // A rate alone is that of cancellations where they are named, else none.
    let names_canceled = || telling().any(|word| word.starts_with("cancel"));
    match measure {
        Measure::CancellationRate if !names_canceled() => None,
        _ => Some(Asked { measure, by, words }),
    }
}

/// The title of an answer, such as "Average quote by inspector".
pub(super) fn title(measure: Measure, by: GroupBy) -> String {
    let plain = measure.name().replace('_', " ");
    let (first, rest) = plain.split_at(plain.len().min(1));
    format!("{}{rest} by {}", first.to_uppercase(), by.name().replace('_', " "))
}

/// Whether whoever has these permissions is told this.
pub(super) fn is_shown(permissions: &Permissions, measure: Measure, by: GroupBy) -> bool {
    let fields = permissions.fields;
    permissions.allows_tool("breakdown")
        && (!measure.is_money() || fields.money != FieldAccess::Off)
        && (!(measure.tells_payment() || by.tells_payment()) || fields.money == FieldAccess::Full)
        && (by != GroupBy::Reason || fields.notes == FieldAccess::Full)
        && (!measure.metric().needs_all_history() || permissions.inspector.is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(query: &str, expected: Option<(Measure, GroupBy)>) {
        let words: Vec<&str> = query.split(' ').collect();
        assert_eq!(asked(&words, &["last", "month"]).map(|asked| (asked.measure, asked.by)), expected, "{query}");
    }

    #[test]
    fn a_number_and_a_group_are_found_in_words() {
        check("average fee by inspector last month", Some((Measure::AverageQuote, GroupBy::Inspector)));
        check("reasons of cancellations", Some((Measure::Canceled, GroupBy::Reason)));
        check("cancellation rate by weekday", Some((Measure::CancellationRate, GroupBy::Weekday)));
        check("what time do most jobs begin", Some((Measure::Performed, GroupBy::StartHour)));
        check("revenue by city", Some((Measure::QuotedRevenue, GroupBy::City)));
        check("unpaid by age", Some((Measure::Unpaid, GroupBy::UnpaidAge)));
        check("add ons sold together jobs", Some((Measure::Performed, GroupBy::AddOns)));
        check("exchange rate by city", None);
        check("smith", None);
        check("inspector", None);
    }
}
