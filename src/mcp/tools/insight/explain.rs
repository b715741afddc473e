//! `explain`: what a number means, and the inspections behind it.

use futures_util::FutureExt as _;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::super::super::answer::{self, Answer, Row, Rows};
use super::super::super::{Context, Tool, ToolFailure, declare, schema};
use super::super::inspections::row;
use super::super::{Days, ask_each, limit, parse};
use super::{Only, agent_name, inspector_name, money, word};
use crate::domain::{CompanyName, NamedPeriod, id_order};
use crate::insight::Repeats;
use crate::mirror::{Fact, Facts, Named};
use crate::records::RecordsError;

/// A metric: its name, its definition, and which inspections it counts.
struct Metric {
    name: &'static str,
    definition: &'static str,
    counts: fn(&Seen<'_>, &Fact) -> bool,
}

/// What it takes to say whether an inspection counts.
struct Seen<'a> {
    facts: &'a Facts,
    repeats: Repeats,
    now: i64,
}

const METRICS: &[Metric] = &[
    Metric {
        name: "booked",
        definition: "Every inspection dated in the period (civil day of its start in the company's zone), canceled ones \
                     included, deleted ones not.",
        counts: |_, _| true,
    },
    Metric {
        name: "volume",
        definition: "Performed inspections: booked, not canceled, dated before now.",
        counts: |seen, fact| is_performed(fact, seen.now),
    },
    Metric {
        name: "canceled",
        definition: "Booked inspections that were canceled. The cancellation rate is canceled divided by booked.",
        counts: |_, fact| fact.canceled_at.is_some(),
    },
    Metric {
        name: "quoted_revenue",
        definition: "The sum of `quote` (the quoted price, not what was paid) over performed inspections; those without a \
                     quote add nothing.",
        counts: |seen, fact| is_performed(fact, seen.now) && fact.quote.is_some(),
    },
    Metric {
        name: "attach",
        definition: "Performed inspections with at least one add-on. The attach rate divides them by all performed ones; \
                     the interval is Wilson's at 95 %, and fewer than 10 cases are a small sample.",
        counts: |seen, fact| {
            is_performed(fact, seen.now)
                && seen.facts.sold(fact).iter().any(|word| matches!(seen.facts.names.get(word), Some(Named::AddOn(_))))
        },
    },
    Metric {
        name: "referrals",
        definition: "Inspections with the agent as buying agent, canceled ones included; the selling side is counted apart. \
                     Dormant: at least 3 referrals ever, none for longer than both 60 days and 3 times the agent's own \
                     median gap, none booked ahead.",
        counts: |_, fact| fact.buying_agent.is_some(),
    },
    Metric {
        name: "selling_side",
        definition: "Inspections with an agent on the selling side; never counted as referrals.",
        counts: |_, fact| fact.selling_agent.is_some(),
    },
    Metric {
        name: "hours",
        definition: "The sum of planned durations of performed inspections; those without a duration add nothing.",
        counts: |seen, fact| is_performed(fact, seen.now) && fact.hours.is_some(),
    },
    Metric {
        name: "weekend",
        definition: "Performed inspections that began on a Saturday or Sunday in the company's zone, of all performed ones.",
        counts: |seen, fact| is_performed(fact, seen.now) && matches!(fact.day.rem_euclid(7), 2 | 3),
    },
    Metric {
        name: "hours_to_publish",
        definition: "The middle time from the planned end of a performed inspection to its published report, in hours.",
        counts: |seen, fact| is_performed(fact, seen.now) && fact.hours.is_some() && fact.published_at.is_some(),
    },
    Metric {
        name: "repeat_agents",
        definition: "Performed inspections whose buying agent had one in the 365 days before it, of those with a buying \
                     agent.",
        counts: |seen, fact| is_performed(fact, seen.now) && seen.repeats.holds(fact),
    },
    Metric {
        name: "forecast",
        definition: "Inspections a week (from the day on which the company's weeks begin), canceled ones left out; the model that did best when it foretold \
                     past weeks from what came before them. Ranges come from its own errors there. Capacity seen is the \
                     90th percentile of the past 52 weeks. The rows are the history it is made from.",
        counts: |seen, fact| is_performed(fact, seen.now),
    },
    Metric {
        name: "unpaid",
        definition: "Performed inspections that are not paid.",
        counts: |seen, fact| is_performed(fact, seen.now) && fact.paid == Some(false),
    },
];

fn is_performed(fact: &Fact, now: i64) -> bool {
    fact.canceled_at.is_none() && fact.starts_at < now
}

pub(super) fn tools(companies: &[CompanyName]) -> Vec<Tool> {
    let names: Vec<&str> = METRICS.iter().map(|metric| metric.name).collect();
    let mut input = super::narrowed_by(
        super::days_input(companies, "last_month").one_of("metric", &names, "Which number."),
        &["inspector", "agent", "agency", "service", "add_on", "zip", "city"],
    )
    .paged();
    input.require("metric");
    vec![Tool {
        declaration: declare(
            "explain",
            "Explain a number",
            "Use this to check a number of another tool: its definition (in `basis.notes`) and the inspections behind it.",
            input.build(),
            schema::list_of(&schema::record(&["company", "id", "starts_at"], &["id"])),
            true,
        ),
        run: |context, arguments| answer(context, arguments).boxed(),
    }]
}

#[derive(Debug, Deserialize)]
struct Wanted {
    company: Option<String>,
    #[serde(flatten)]
    days: Days,
    metric: String,
    #[serde(flatten)]
    only: Only,
    limit: Option<u32>,
    cursor: Option<String>,
}

/// The latest first, then by company and id.
type Place = (i64, String, String);

async fn answer(context: &Context, arguments: Map<String, Value>) -> Result<Answer, ToolFailure> {
    let mark = context.mark("explain", &arguments);
    let wanted: Wanted = parse(arguments)?;
    let after = wanted.cursor.as_deref().map(|cursor| mark.read::<Place>(cursor)).transpose()?;
    let Some(metric) = METRICS.iter().find(|metric| metric.name == wanted.metric) else {
        return Err(ToolFailure::new("there is no such metric", "see the tool's schema"));
    };
    let companies = context.chosen(wanted.company.as_deref());
    let now = context.clock.now();
    let mut range = None;
    let mut scopes = Vec::new();
    for company in &companies {
        let days = super::range_of(context, company, &wanted.days, NamedPeriod::LastMonth)?;
        range = range.or(Some(days));
        scopes.push((company.name.clone(), super::scope(days)));
    }
    let (answers, basis) = ask_each(&companies, |company| {
        let scope = scopes.iter().find(|(name, _)| *name == company.name).map(|(_, scope)| *scope);
        let wanted = &wanted;
        async move {
            let Some(scope) = scope else { return Err(RecordsError::NoMirror) };
            let (facts, basis) = company.records.facts_of(&wanted.only.wanted(), crate::records::Need::All).await?;
            let seen = Seen { facts: &facts, repeats: Repeats::around(&facts, &scope), now: now.as_millisecond() };
            let mut rows: Vec<Fact> =
                facts.rows.iter().filter(|fact| scope.holds(fact) && (metric.counts)(&seen, fact)).copied().collect();
            rows.sort_by_key(|fact| (-fact.starts_at, fact.pk));
            Ok(((facts, rows), basis))
        }
    })
    .await?;
    let mut rows: Vec<(Place, Map<String, Value>)> = Vec::new();
    for (company, (facts, counted)) in &answers {
        let zone = company.records.timezone();
        for fact in counted {
            let mut shown = Row::default();
            let at = jiff::Timestamp::from_millisecond(fact.starts_at).unwrap_or_default();
            shown
                .put("company", context.label(company))
                .put("id", Some(facts.id(fact)))
                .put("starts_at", Some(row::local(at, zone)))
                .put("inspector", Some(inspector_name(facts, fact.inspector)))
                .put("buying_agent", fact.buying_agent.map(|agent| agent_name(facts, agent)))
                .put("zip", fact.zip.map(|zip| word(facts, zip)))
                .put("quote", fact.quote.map(money))
                .put("canceled", fact.canceled_at.map(|_| true));
            rows.push(((-fact.starts_at, company.name.to_string(), id_order(&facts.id(fact))), shown.0));
        }
    }
    rows.sort_by(|left, right| left.0.cmp(&right.0));
    let total = Some(rows.len() as u64);
    if let Some((after, _)) = after {
        rows.retain(|(place, _)| after < *place);
    }
    let more = limit(wanted.limit) < rows.len();
    rows.truncate(limit(wanted.limit));
    let period = range.map(|range| super::shown_period(context, &companies, range));
    let period = period.as_ref().map(|(range, zone)| (*range, zone.as_str()));
    let basis = basis.map(|mut basis| {
        basis.notes.insert(0, format!("{}: {}", metric.name, metric.definition));
        answer::basis(&basis, period)
    });
    Ok(Answer::list(Rows { rows, total, more, resume: None }, &mark, basis.unwrap_or_default()))
}

/// Every definition, for the resource.
pub(in super::super::super) fn definitions() -> String {
    let lines: Vec<String> =
        METRICS.iter().map(|metric| format!("- **{}**: {}", metric.name, metric.definition)).collect();
    lines.join("\n")
}
