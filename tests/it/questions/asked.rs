//! The questions: in words, as the one call that answers them, and as a plain loop says whom they are about.

use jiff::civil::date;
use serde_json::{Value, json};

use super::plain::Job;
use crate::metrics::Days;

/// A question with the call that answers it.
pub(super) struct Question {
    /// In the words of the person who asks.
    pub(super) asks: &'static str,
    /// The arguments of `breakdown`.
    pub(super) with: Value,
    /// The inspections that the first measure counts, or of which it is a sum, a share or a median.
    pub(super) counts: fn(&Job) -> bool,
}

// The periods by name, as they are on Tuesday, 2026-11-24, where weeks begin on Monday.
const LAST_MONTH: Days = Days(date(2026, 10, 1), date(2026, 10, 31));
const THIS_MONTH: Days = Days(date(2026, 11, 1), date(2026, 11, 30));
const LAST_QUARTER: Days = Days(date(2026, 7, 1), date(2026, 9, 30));
const THIS_QUARTER: Days = Days(date(2026, 10, 1), date(2026, 12, 31));
const THIS_YEAR: Days = Days(date(2026, 1, 1), date(2026, 12, 31));
const LAST_YEAR: Days = Days(date(2025, 1, 1), date(2025, 12, 31));
const LAST_365_DAYS: Days = Days(date(2025, 11, 24), date(2026, 11, 23));
const LAST_90_DAYS: Days = Days(date(2026, 8, 26), date(2026, 11, 23));
const LAST_30_DAYS: Days = Days(date(2026, 10, 25), date(2026, 11, 23));
const NEXT_WEEK: Days = Days(date(2026, 11, 30), date(2026, 12, 6));
const NEXT_7_DAYS: Days = Days(date(2026, 11, 24), date(2026, 11, 30));
const NEXT_30_DAYS: Days = Days(date(2026, 11, 24), date(2026, 12, 23));

fn asked(asks: &'static str, with: Value, counts: fn(&Job) -> bool) -> Question {
    Question { asks, with, counts }
}

/// What an owner asks.
#[expect(clippy::too_many_lines, reason = "a list")]
pub(super) fn owner() -> Vec<Question> {
    vec![
        asked("How many jobs did we book, do and lose last month?", json!({}), |job| job.on(LAST_MONTH) && job.begun()),
        asked(
            "How did each of my companies do this year?",
            json!({"by": ["company"], "measures": ["performed", "quoted_revenue", "average_quote"], "period": "this_year"}),
            |job| job.on(THIS_YEAR) && job.performed(),
        ),
        asked(
            "What did both companies bring in together this year, on paper?",
            json!({"measures": ["quoted_revenue", "performed", "hours"], "period": "this_year"}),
            |job| job.on(THIS_YEAR) && job.performed(),
        ),
        asked(
            "Which was our best month last year?",
            json!({"by": ["month"], "measures": ["performed", "quoted_revenue"], "period": "last_year", "sort": "performed"}),
            |job| job.on(LAST_YEAR) && job.performed(),
        ),
        asked(
            "Which month of this year brought the most money?",
            json!({"by": ["month"], "measures": ["quoted_revenue"], "period": "this_year", "sort": "quoted_revenue", "limit": 3}),
            |job| job.on(THIS_YEAR) && job.performed(),
        ),
        asked(
            "What is the average fee by inspector?",
            json!({"by": ["inspector"], "measures": ["average_quote", "median_quote", "performed"], "period": "last_365_days"}),
            |job| job.on(LAST_365_DAYS) && job.performed(),
        ),
        asked(
            "How is Denver doing this quarter against the same quarter last year?",
            json!({"city": "Denver", "period": "this_quarter", "compare": "last_year", "measures": ["booked", "performed", "quoted_revenue"]}),
            |job| job.is_in("Denver") && job.on(THIS_QUARTER) && job.begun(),
        ),
        asked(
            "How many jobs of the last year were for clients who had come back?",
            json!({"measures": ["repeat_clients", "performed"], "period": "last_365_days"}),
            |job| job.on(LAST_365_DAYS) && job.is_repeat,
        ),
        asked(
            "Which agencies sent us agents we had never worked with before this year?",
            json!({"by": ["agency"], "measures": ["first_time_agents"], "period": "this_year"}),
            |job| job.on(THIS_YEAR) && job.is_first,
        ),
        asked(
            "What do agents bring, by their tag?",
            json!({"by": ["tag"], "measures": ["booked", "quoted_revenue"], "period": "this_year"}),
            |job| job.on(THIS_YEAR) && job.begun(),
        ),
        asked(
            "What share of each inspector's jobs is called off?",
            json!({"by": ["inspector"], "measures": ["cancellation_rate"], "period": "last_365_days"}),
            |job| job.on(LAST_365_DAYS) && job.begun(),
        ),
        asked(
            "How much of our quoted revenue comes from which service?",
            json!({"by": ["service"], "measures": ["quoted_revenue", "performed"], "period": "last_365_days"}),
            |job| job.on(LAST_365_DAYS) && job.performed(),
        ),
        asked(
            "Where do we work? By ZIP code, leaving out those with a handful of jobs.",
            json!({"company": ["spectora_company1"], "by": ["zip"], "measures": ["booked", "performed", "average_quote"], "period": "last_365_days", "min_count": 8}),
            |job| job.is_first_company() && job.on(LAST_365_DAYS) && job.begun(),
        ),
        asked(
            "Who works on weekends, and how much of their work is that?",
            json!({"company": ["spectora_company1"], "by": ["inspector", "weekday"], "measures": ["performed"], "period": "last_365_days", "limit": 60}),
            |job| job.is_first_company() && job.on(LAST_365_DAYS) && job.performed(),
        ),
        asked(
            "Which add-ons are sold together?",
            json!({"by": ["add_ons"], "measures": ["performed", "average_quote"], "period": "last_year"}),
            |job| job.on(LAST_YEAR) && job.performed(),
        ),
        asked(
            "How often did we sell each add-on this year?",
            json!({"by": ["add_on"], "measures": ["performed"], "period": "this_year"}),
            |job| job.on(THIS_YEAR) && job.performed(),
        ),
        asked(
            "Does everybody offer add-ons, and more than the quarter before?",
            json!({"by": ["inspector"], "measures": ["attach_rate", "performed"], "period": "last_quarter", "compare": "previous"}),
            |job| job.on(LAST_QUARTER) && job.performed(),
        ),
        asked(
            "Are we growing, quarter by quarter?",
            json!({"by": ["quarter"], "measures": ["booked", "performed", "quoted_revenue"], "from": "2024-01-01", "to": "2026-11-24"}),
            |job| job.on(Days(date(2024, 1, 1), date(2026, 11, 24))) && job.begun(),
        ),
        asked(
            "And by year?",
            json!({"by": ["year", "company"], "measures": ["performed", "quoted_revenue"], "to": "2026-12-31"}),
            Job::performed,
        ),
        asked(
            "Which ten agents brought the most money in the last year?",
            json!({"company": ["spectora_company1"], "by": ["agent"], "measures": ["quoted_revenue", "booked"], "period": "last_365_days", "limit": 10}),
            |job| job.is_first_company() && job.on(LAST_365_DAYS) && job.performed(),
        ),
        asked(
            "Which agent teams send us work?",
            json!({"by": ["team"], "measures": ["booked", "canceled", "quoted_revenue"], "period": "last_365_days"}),
            |job| job.on(LAST_365_DAYS) && job.begun(),
        ),
        asked(
            "Which cities grew since last year?",
            json!({"by": ["city"], "measures": ["performed"], "period": "last_quarter", "compare": "last_year"}),
            |job| job.on(LAST_QUARTER) && job.performed(),
        ),
        asked(
            "Where do we sell sewer scopes?",
            json!({"add_on": "Sewer Scope", "by": ["city"], "measures": ["performed", "quoted_revenue"], "period": "last_365_days"}),
            |job| job.sold("Sewer Scope") && job.on(LAST_365_DAYS) && job.performed(),
        ),
    ]
}

/// What an office manager asks.
#[expect(clippy::too_many_lines, reason = "a list")]
pub(super) fn office() -> Vec<Question> {
    vec![
        asked(
            "How many jobs does each inspector have next week?",
            json!({"by": ["inspector"], "measures": ["upcoming", "upcoming_quoted"], "period": "next_week"}),
            |job| job.on(NEXT_WEEK) && job.upcoming(),
        ),
        asked(
            "How many agreements of next week's jobs are not signed yet, by day?",
            json!({"by": ["day"], "measures": ["agreements_unsigned", "upcoming"], "period": "next_week"}),
            |job| job.on(NEXT_WEEK) && !job.is.canceled && job.signed == Some(false),
        ),
        asked(
            "What is the most common hour to start?",
            json!({"by": ["start_hour"], "measures": ["booked"], "period": "last_365_days", "sort": "booked"}),
            |job| job.on(LAST_365_DAYS) && job.begun(),
        ),
        asked(
            "What are all the reasons why jobs are called off?",
            json!({"by": ["reason"], "measures": ["canceled"], "to": "2026-11-24", "limit": 100}),
            |job| job.begun() && job.is.canceled,
        ),
        asked(
            "On which weekday are jobs called off?",
            json!({"by": ["weekday"], "date_of": "canceled", "measures": ["canceled"], "from": "2025-01-01", "to": "2026-11-24"}),
            |job| job.called_off_on(Days(date(2025, 1, 1), date(2026, 11, 24))),
        ),
        asked(
            "How many called off at the last moment this year, month by month?",
            json!({"by": ["month"], "measures": ["late_canceled_48h", "late_canceled_24h", "canceled"], "period": "this_year"}),
            |job| job.on(THIS_YEAR) && job.begun() && job.called_off_late(48),
        ),
        asked(
            "How many jobs came in last month, week by week?",
            json!({"by": ["week"], "date_of": "created", "measures": ["booked"], "period": "last_month"}),
            |job| job.booked_on(LAST_MONTH),
        ),
        asked(
            "On which weekday do people book?",
            json!({"by": ["weekday"], "date_of": "created", "measures": ["booked", "lead_days"], "period": "last_365_days"}),
            |job| job.booked_on(LAST_365_DAYS),
        ),
        asked(
            "How long does each inspector take to publish?",
            json!({"by": ["inspector"], "measures": ["hours_to_publish", "hours_start_to_publish", "performed"], "period": "last_90_days"}),
            |job| job.on(LAST_90_DAYS) && job.performed() && job.is.published.is_some(),
        ),
        asked(
            "Whose reports are still missing?",
            json!({"by": ["inspector"], "measures": ["unpublished"], "from": "2023-01-01", "to": "2026-11-24"}),
            |job| job.performed() && job.is.published.is_none(),
        ),
        asked(
            "How far ahead do people book, by month?",
            json!({"by": ["month"], "measures": ["lead_days", "booked"], "period": "this_year"}),
            |job| job.on(THIS_YEAR) && job.begun(),
        ),
        asked(
            "What do the next seven days look like?",
            json!({"by": ["day", "company"], "measures": ["upcoming"], "period": "next_7_days"}),
            |job| job.on(NEXT_7_DAYS) && job.upcoming(),
        ),
        asked(
            "Which days have jobs that nobody confirmed?",
            json!({"confirmed": false, "by": ["day"], "measures": ["upcoming"], "period": "next_30_days"}),
            |job| job.confirmed == Some(false) && job.on(NEXT_30_DAYS) && job.upcoming(),
        ),
        asked(
            "How many jobs was each of us on this year, helping others included?",
            json!({"by": ["any_inspector"], "measures": ["performed", "hours"], "period": "this_year"}),
            |job| job.on(THIS_YEAR) && job.performed(),
        ),
        asked(
            "Where does this month stand?",
            json!({"by": ["status"], "measures": ["booked", "upcoming"], "period": "this_month"}),
            |job| job.on(THIS_MONTH) && job.begun(),
        ),
        asked(
            "How many reports did each inspector publish in the last 30 days?",
            json!({"by": ["inspector"], "date_of": "published", "measures": ["performed"], "period": "last_30_days"}),
            |job| job.published_on(LAST_30_DAYS) && job.performed(),
        ),
        asked(
            "How many hours were we out each week of last quarter?",
            json!({"by": ["week"], "measures": ["hours", "performed"], "period": "last_quarter"}),
            |job| job.on(LAST_QUARTER) && job.performed(),
        ),
        asked(
            "Why are each inspector's jobs called off?",
            json!({"status": ["canceled"], "by": ["inspector", "reason"], "measures": ["booked"], "from": "2025-01-01", "to": "2026-11-24"}),
            |job| job.on(Days(date(2025, 1, 1), date(2026, 11, 24))) && job.begun() && job.is.canceled,
        ),
        asked(
            "Which weekdays does Aurora want?",
            json!({"city": "Aurora", "by": ["weekday"], "measures": ["booked"], "period": "last_365_days"}),
            |job| job.is_in("Aurora") && job.on(LAST_365_DAYS) && job.begun(),
        ),
        asked(
            "Who does our new construction?",
            json!({"service": "New Construction Inspection", "by": ["inspector"], "measures": ["performed", "hours"], "period": "last_365_days"}),
            |job| job.sold("New Construction Inspection") && job.on(LAST_365_DAYS) && job.performed(),
        ),
        asked(
            "Which jobs did we do without a signed agreement, by inspector?",
            json!({"status": ["performed"], "by": ["inspector"], "measures": ["agreements_unsigned"], "period": "last_365_days"}),
            |job| job.on(LAST_365_DAYS) && job.performed() && job.signed == Some(false),
        ),
        asked(
            "Of what was booked this month, how much is off again?",
            json!({"date_of": "created", "measures": ["cancellation_rate", "booked", "upcoming"], "period": "this_month"}),
            |job| job.booked_on(THIS_MONTH),
        ),
    ]
}

/// What a bookkeeper asks.
pub(super) fn bookkeeper() -> Vec<Question> {
    vec![
        asked(
            "How many jobs older than 30 days are unpaid, and what do they come to?",
            json!({"measures": ["unpaid", "unpaid_quoted"], "to": "2026-10-24"}),
            |job| job.unpaid() && 30 < job.age(),
        ),
        asked(
            "What is unpaid, by age?",
            json!({"by": ["unpaid_age"], "measures": ["unpaid", "unpaid_quoted"], "to": "2026-11-24"}),
            Job::unpaid,
        ),
        asked(
            "Agents of which agency leave jobs unpaid?",
            json!({"by": ["agency"], "measures": ["unpaid_quoted", "unpaid"], "period": "this_year"}),
            |job| job.on(THIS_YEAR) && job.unpaid(),
        ),
        asked(
            "Whose jobs are unpaid, and since when?",
            json!({"by": ["inspector", "unpaid_age"], "measures": ["unpaid", "unpaid_quoted"], "period": "last_365_days"}),
            |job| job.on(LAST_365_DAYS) && job.unpaid(),
        ),
        asked(
            "How much is unpaid in each company?",
            json!({"by": ["company"], "measures": ["unpaid_quoted", "unpaid"], "to": "2026-11-24"}),
            Job::unpaid,
        ),
        asked(
            "How much of this year's work is paid?",
            json!({"by": ["paid"], "status": ["performed"], "measures": ["quoted_revenue", "performed"], "period": "this_year"}),
            |job| job.on(THIS_YEAR) && job.performed(),
        ),
        asked(
            "Quoted revenue month by month last year, please.",
            json!({"by": ["month"], "measures": ["quoted_revenue", "performed"], "period": "last_year"}),
            |job| job.on(LAST_YEAR) && job.performed(),
        ),
        asked(
            "What can we expect to invoice in the coming weeks?",
            json!({"by": ["week"], "measures": ["upcoming_quoted", "upcoming"], "period": "next_30_days"}),
            |job| job.on(NEXT_30_DAYS) && job.upcoming(),
        ),
        asked(
            "What is the usual price of each service?",
            json!({"by": ["service"], "measures": ["median_quote", "average_quote", "performed"], "period": "last_year"}),
            |job| job.on(LAST_YEAR) && job.performed(),
        ),
        asked(
            "What did each inspector in Tampa bring last quarter?",
            json!({"company": ["spectora_residential"], "by": ["inspector"], "measures": ["quoted_revenue", "performed"], "period": "last_quarter"}),
            |job| !job.is_first_company() && job.on(LAST_QUARTER) && job.performed(),
        ),
        asked(
            "Last month's quoted revenue, day by day?",
            json!({"by": ["day"], "measures": ["quoted_revenue"], "period": "last_month", "limit": 31}),
            |job| job.on(LAST_MONTH) && job.performed(),
        ),
        asked(
            "What came due last month, by the day on which reports went out?",
            json!({"by": ["company"], "date_of": "published", "measures": ["quoted_revenue", "performed"], "period": "last_month"}),
            |job| job.published_on(LAST_MONTH) && job.performed(),
        ),
        asked(
            "Which months have published reports that nobody paid for?",
            json!({"status": ["published"], "paid": false, "by": ["month"], "measures": ["performed", "quoted_revenue"], "period": "last_365_days"}),
            |job| job.on(LAST_365_DAYS) && job.unpaid() && job.is.published.is_some(),
        ),
        asked(
            "Are there unpaid commercial jobs?",
            json!({"service": "Commercial Inspection", "by": ["year"], "measures": ["unpaid", "unpaid_quoted", "performed"], "to": "2026-11-24"}),
            |job| job.sold("Commercial Inspection") && job.unpaid(),
        ),
        asked(
            "Revenue by ZIP code, the ten largest and the rest in one line?",
            json!({"by": ["zip"], "measures": ["quoted_revenue", "performed"], "period": "this_year", "limit": 10}),
            |job| job.on(THIS_YEAR) && job.performed(),
        ),
        asked(
            "Last quarter against the one before, by company?",
            json!({"by": ["company"], "measures": ["quoted_revenue", "average_quote", "unpaid"], "period": "last_quarter", "compare": "previous"}),
            |job| job.on(LAST_QUARTER) && job.performed(),
        ),
        asked(
            "And both companies in one sum?",
            json!({"measures": ["quoted_revenue", "average_quote", "unpaid"], "period": "last_quarter", "compare": "previous"}),
            |job| job.on(LAST_QUARTER) && job.performed(),
        ),
        asked(
            "How much does each service bring for the hours it takes?",
            json!({"by": ["service"], "measures": ["hours", "quoted_revenue"], "period": "last_365_days", "sort": "hours"}),
            |job| job.on(LAST_365_DAYS) && job.performed(),
        ),
    ]
}
