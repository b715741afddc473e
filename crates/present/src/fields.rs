//! What each field of an answer is called, how its value is written, and what it means. The same word means the same in every
//! answer, so each stands here once.

use serde::Serialize;

/// How a value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// As it is.
    Text,
    /// Names a record; shown only where somebody looks it up.
    Id,
    /// A whole number: `1,234`.
    Count,
    /// A number with at most one decimal place.
    Decimal,
    /// Hours: `4.25 h`.
    Hours,
    /// Dollars: `$101,165.50`, without cents where there are none.
    Money,
    /// A share, with its count where there is one: `62% (91 of 146)`.
    Rate,
    /// Two ends: `29–32`.
    Range,
    /// A day: `Dec 6`, or `Dec 6, 2025` in another year than that of the answer.
    Date,
    /// A time of day: `9:30 AM`.
    Time,
    /// A number of days.
    Days,
    /// Yes, or nothing.
    Flag,
    /// Texts, with commas between.
    List,
    /// Names with their shares: `Radon Test 43%, Sewer Scope 30%`.
    Rates,
    /// A change of 1.364 is `+136%`.
    Change,
}

impl Format {
    /// Whether it stands at the right of its column.
    pub fn is_number(self) -> bool {
        matches!(
            self,
            Self::Count
                | Self::Decimal
                | Self::Hours
                | Self::Money
                | Self::Rate
                | Self::Range
                | Self::Days
                | Self::Change
        )
    }
}

/// A field of an answer.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Field {
    /// Its name in the answer.
    #[serde(skip)]
    pub name: &'static str,
    /// What a person calls it.
    pub label: &'static str,
    /// How its value is written.
    pub format: Format,
    /// What it means; empty where the label says it.
    pub hint: &'static str,
}

const fn field(name: &'static str, label: &'static str, format: Format, hint: &'static str) -> Field {
    Field { name, label, format, hint }
}

/// Every field of every worked-out answer.
pub const FIELDS: &[Field] = &[
    field("company", "Company", Format::Text, ""),
    field("inspector", "Inspector", Format::Text, ""),
    field("id", "Id", Format::Id, ""),
    field("agent_id", "Agent id", Format::Id, ""),
    field("volume", "Inspections", Format::Count, "Performed: dated before now and not canceled."),
    field("volume_before", "Inspections before", Format::Count, "The same in the period before."),
    field("assists", "Assists", Format::Count, "Inspections of others that this inspector helped with."),
    field("hours", "Hours", Format::Hours, "Planned hours of the inspections."),
    field("quoted_revenue", "Quoted revenue", Format::Money, "The sum of quoted prices of performed inspections."),
    field("attach", "Add-on rate", Format::Rate, "Share of performed inspections with at least one add-on."),
    field("attach_before", "Add-on rate before", Format::Rate, "The same in the period before."),
    field("cancellation", "Canceled", Format::Rate, "Share of booked inspections that were canceled."),
    field("inspectors", "Inspectors", Format::List, ""),
    field("booked", "Booked", Format::Count, "Dated in the period, canceled ones included."),
    field("revenue_per_inspection", "Per inspection", Format::Money, "Quoted revenue by inspection with a price."),
    field("revenue_per_hour", "Per hour", Format::Money, "Quoted revenue by planned hour."),
    field("without_quote", "Without a price", Format::Count, ""),
    field("repeat_agents", "Repeat agents", Format::Rate, "Share of agents who sent work more than once."),
    field(
        "hours_to_publish",
        "Hours to report",
        Format::Decimal,
        "Middle time from the start to the published report.",
    ),
    field("days_worked", "Days worked", Format::Count, ""),
    field("per_working_day", "Per day worked", Format::Decimal, "Inspections on a day with work."),
    field("weekend", "On weekends", Format::Rate, ""),
    field("add_ons", "Add-ons", Format::Rates, "Those sold most, as shares of the inspections."),
    field("cancel_reason", "Reason", Format::Text, ""),
    field("before", "Before", Format::Text, ""),
    field("after", "After", Format::Text, ""),
    field("cancel_reasons", "Reasons of cancellation", Format::Rates, ""),
    field("agent", "Agent", Format::Text, ""),
    field("agency", "Agency", Format::Text, ""),
    field("found", "Agents in all", Format::Count, ""),
    field("performed_without_agent", "Inspections without an agent", Format::Count, "They count for nobody."),
    field("referrals", "Referrals", Format::Count, "Inspections with the agent on the buying side, dated before now."),
    field("referrals_before", "Referrals before", Format::Count, "The same in the period before."),
    field("performed", "Performed", Format::Count, "Dated before now and not canceled."),
    field("canceled", "Canceled", Format::Count, ""),
    field("revenue_share", "Share of revenue", Format::Rate, "Of the company's quoted revenue."),
    field("revenue_share_of_top_1", "Revenue from the top agent", Format::Rate, ""),
    field("revenue_share_of_top_5", "From the top 5", Format::Rate, ""),
    field("revenue_share_of_top_10", "From the top 10", Format::Rate, ""),
    field("selling_side", "Selling side", Format::Count, "Inspections with the agent on the seller's side."),
    field("companies", "Companies", Format::List, ""),
    field("found_in_several_companies", "Known in several companies", Format::Count, ""),
    field("last", "Last referral", Format::Date, ""),
    field("first", "First referral", Format::Date, ""),
    field("days_since", "Days since", Format::Days, "Days since the last referral."),
    field(
        "days_since_as_worked",
        "Days as worked",
        Format::Days,
        "The same, counting weeks by how busy the company was.",
    ),
    field("usual_gap_days", "Usual gap", Format::Days, "The middle wait between this agent's referrals."),
    field(
        "chance_of_such_silence",
        "Chance of the silence",
        Format::Rate,
        "How likely so long a silence is by the agent's own rhythm.",
    ),
    field("gaps_as_long", "Gaps as long before", Format::Rate, ""),
    field("at_stake_a_year", "At stake a year", Format::Money, "Quoted revenue of the year up to the last referral."),
    field("referrals_ever", "Referrals ever", Format::Count, ""),
    field("performed_ever", "Performed ever", Format::Count, ""),
    field("canceled_ever", "Canceled ever", Format::Count, ""),
    field("occasions_ever", "Occasions", Format::Count, "Referrals within 7 days are one occasion."),
    field("course", "Course", Format::Text, "Steady, rising, fading or broken off."),
    field("odds_for_that_course", "Odds for it", Format::Text, ""),
    field("last_90_days", "Last 90 days", Format::Count, ""),
    field("per_90_days_before", "Per 90 days before", Format::Decimal, ""),
    field(
        "expected_last_90_days",
        "Expected in 90 days",
        Format::Decimal,
        "As in the 270 days before, by how busy the company was in both.",
    ),
    field("dormant", "Gone quiet", Format::Flag, ""),
    field("dormant_rule", "Rule for gone quiet", Format::Text, ""),
    field("new", "New", Format::Flag, ""),
    field("booked_ahead", "Booked ahead", Format::Flag, "A job with this agent is in the calendar."),
    field("usual_services", "Usual services", Format::Rates, ""),
    field("usual_add_ons", "Usual add-ons", Format::Rates, ""),
    field("usual_inspectors", "Usual inspectors", Format::Rates, ""),
    field("by_year", "By year", Format::Text, ""),
    field("year", "Year", Format::Text, ""),
    field("date", "Date", Format::Date, ""),
    field("status", "Status", Format::Text, ""),
    field("services", "Services", Format::List, ""),
    field("group", "Group", Format::Text, ""),
    field("name", "Name", Format::Text, ""),
    field("change", "Change", Format::Change, "Against the period before."),
    field("strong", "Stands out", Format::Flag, "Hardly ever chance."),
    field("growing", "Growing", Format::List, ""),
    field("shrinking", "Shrinking", Format::List, ""),
    field("below_norm", "Sold less than elsewhere", Format::Text, ""),
    field("groups_tested", "Groups tested", Format::Count, ""),
    field("marked_by_chance_about", "Marked by chance alone, about", Format::Decimal, ""),
    field("not_shown", "Rows not shown", Format::Count, "They follow on the next page."),
    field("volume_not_shown", "Inspections not shown", Format::Count, ""),
    field("referrals_not_shown", "Referrals not shown", Format::Count, ""),
    field("referrals_ever_not_shown", "Referrals ever not shown", Format::Count, ""),
    field("at_stake_a_year_not_shown", "At stake a year not shown", Format::Money, ""),
    field(
        "found_by_90_days_rule",
        "Silent for 90 days",
        Format::Count,
        "By the common rule of thumb, which knows no rhythm.",
    ),
    field("quoted_revenue_not_shown", "Quoted revenue not shown", Format::Money, ""),
    field("jobs_booked", "Jobs", Format::Count, ""),
    field("jobs", "Jobs", Format::Count, ""),
    field("attention", "Needs attention", Format::List, ""),
    field("begins", "Begins", Format::Time, ""),
    field("ends", "Ends", Format::Time, ""),
    field("time", "Time", Format::Time, ""),
    field("address", "Address", Format::Text, ""),
    field("clients", "Clients", Format::List, ""),
    field("attachments", "Documents", Format::Text, ""),
    field("agent_background", "About the agent", Format::Text, ""),
    field("notes", "Notes", Format::Text, ""),
    field("request_notes", "Client's wishes", Format::Text, ""),
    field("model", "Forecast by", Format::Text, ""),
    field("error_per_week", "Usually off by, a week", Format::Decimal, "Measured on past weeks."),
    field("naive_error_per_week", "Last year's weeks would be off by", Format::Decimal, ""),
    field("back_test_starts", "Tried on so many starts", Format::Count, ""),
    field("weeks_of_history", "Weeks of history", Format::Count, ""),
    field("busy_week", "A busy week so far", Format::Count, "Nine of ten weeks of the past year were below it."),
    field("busy_week_hours", "Hours of a busy week", Format::Hours, ""),
    field("median_week", "A usual week", Format::Count, "The middle week of the past year."),
    field("week_of", "Week of", Format::Date, ""),
    field("forecast", "Forecast", Format::Decimal, "What is likely left of what is booked, and what is still to come."),
    field("range_80", "Likely", Format::Range, "Eight of ten weeks fall into this range."),
    field("range_95", "Almost surely", Format::Range, "About 19 of 20 weeks fall into this range."),
    field(
        "usually_booked_by_now",
        "Usually booked by now",
        Format::Rate,
        "What share of such a week stands in the calendar so early.",
    ),
    field("by_bookings", "By bookings alone", Format::Count, "What the present bookings came to before."),
    field("chance_above_busy_week", "Chance of a busy week", Format::Rate, ""),
    field("chance_idle", "Chance of an idle week", Format::Rate, ""),
    field("short", "Short of people", Format::Flag, "More likely than not above a busy week."),
    field("idle", "Idle", Format::Flag, ""),
    field("holiday", "Holiday", Format::Flag, ""),
    field("level_changed_around", "Level changed around", Format::Date, ""),
    field("level_times", "To so many times", Format::Decimal, ""),
    field("usual_week", "Usual week", Format::Decimal, ""),
    field("hours_a_week", "Hours a week", Format::Hours, "Over the last four weeks with work."),
    field("busy_hours_a_week", "Busy hours a week", Format::Hours, "The 90th percentile of the past year."),
    field("utilization", "Utilization", Format::Rate, "Hours a week now, of a busy time's."),
    field("booked_next_week", "Booked next week", Format::Count, ""),
    field("hours_next_week", "Hours next week", Format::Hours, ""),
    field("booked_week_after", "Week after", Format::Count, ""),
    field("hours_week_after", "Hours the week after", Format::Hours, ""),
    field("what", "What", Format::Text, ""),
    field("count", "How many", Format::Count, ""),
    field("of", "Of", Format::Count, ""),
    field("distorts", "What it distorts", Format::Text, ""),
    field("examples", "Examples", Format::List, ""),
    field("zip", "ZIP", Format::Text, ""),
    field("city", "City", Format::Text, ""),
    field("service", "Service", Format::Text, ""),
    field("add_on", "Add-on", Format::Text, ""),
    field("month", "Month", Format::Text, ""),
    field("cancellation_rate", "Canceled", Format::Rate, "Share of booked inspections that were canceled."),
    field("attach_rate", "Add-on rate", Format::Rate, "Share of performed inspections with at least one add-on."),
    field("booked_before", "Booked before", Format::Count, ""),
    field("performed_before", "Performed before", Format::Count, ""),
    field("canceled_before", "Canceled before", Format::Count, ""),
    field("quoted_revenue_before", "Quoted revenue before", Format::Money, ""),
    field("starts_at", "Starts", Format::Text, ""),
    field("buying_agent", "Buying agent", Format::Text, ""),
    field("quote", "Price", Format::Money, ""),
    field("any_inspector", "Inspector", Format::Text, ""),
    field("team", "Team", Format::Text, ""),
    field("tag", "Tag", Format::Text, ""),
    field("weekday", "Weekday", Format::Text, ""),
    field("start_hour", "Start", Format::Text, ""),
    field("day", "Day", Format::Date, ""),
    field("week", "Week of", Format::Date, ""),
    field("quarter", "Quarter", Format::Text, ""),
    field("reason", "Reason", Format::Text, ""),
    field("paid", "Paid", Format::Text, ""),
    field("unpaid_age", "Unpaid for", Format::Text, ""),
    field("late_canceled_24h", "Canceled within a day", Format::Count, "Canceled less than 24 hours before the start."),
    field(
        "late_canceled_48h",
        "Canceled within two days",
        Format::Count,
        "Canceled less than 48 hours before the start.",
    ),
    field("unpaid", "Unpaid", Format::Count, ""),
    field("unpaid_quoted", "Unpaid amount", Format::Money, ""),
    field("unpublished", "Without a report", Format::Count, ""),
    field("hours_start_to_publish", "Hours from start to report", Format::Decimal, ""),
    field("lead_days", "Days booked ahead", Format::Decimal, ""),
    field("first_time_agents", "First-time agents", Format::Count, ""),
    field("repeat_clients", "Repeat clients", Format::Count, ""),
    field("agreements_unsigned", "Agreements unsigned", Format::Count, ""),
    field("upcoming", "Coming up", Format::Count, "Not canceled, and ahead of now."),
    field("upcoming_quoted", "Coming up, quoted", Format::Money, ""),
    field("groups", "Groups", Format::Count, ""),
    field("portal_link", "In Spectora", Format::Text, ""),
    field("at", "When", Format::Text, ""),
    field("rule", "Rule", Format::Text, ""),
    field("tried", "How it was tried", Format::Text, ""),
    field("odds_against_steady", "Odds against steady", Format::Text, ""),
    field("rate", "Share", Format::Rate, ""),
    field("average_quote", "Average price", Format::Money, ""),
    field("median_quote", "Middle price", Format::Money, ""),
];

/// The field of this name; one that nobody described is called by its own words.
pub(crate) fn named(name: &str) -> Described {
    match FIELDS.iter().find(|field| field.name == name) {
        Some(field) => Described { label: field.label.to_owned(), format: Some(field.format), hint: field.hint },
        None => Described { label: in_words(name), format: None, hint: "" },
    }
}

/// A field, described or not.
#[derive(Clone, Debug)]
pub(crate) struct Described {
    /// What a person calls it.
    pub label: String,
    /// How its value is written; `None` where its shape decides.
    pub format: Option<Format>,
    /// What it means.
    pub hint: &'static str,
}

fn in_words(name: &str) -> String {
    let words = name.replace('_', " ");
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
