//! `explain`: what a number means, and the inspections behind it.

use futures_util::FutureExt as _;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::super::super::answer::{Answer, Cut, Row, Rows, cut_to_page};
use super::super::super::arguments::nearest;
use super::super::super::{Tool, ToolFailure, basis, declare, label, mark, schema};
use super::super::inspections::row;
use super::super::{Limit, limit, parse};
use super::breakdown::Selecting;
use super::{agent_name, inspector_name, money, word};
use answers::{Companies, Days, ExplainedPart};
use domain::{CompanyName, Fact, excerpt, id_order};
use insight::{Measure, Metric};

/// A number by its name in answers: its definition, and which inspections it counts.
struct Explained {
    name: &'static str,
    definition: &'static str,
    metric: Metric,
}

const METRICS: &[Explained] = &[
    Explained {
        name: "booked",
        definition: "Every inspection dated in the period (civil day of its start in the company's zone) and before now, \
                     canceled ones included, deleted ones not.",
        metric: Metric::Booked,
    },
    Explained {
        name: "volume",
        definition: "Performed inspections: booked, not canceled, dated before now.",
        metric: Metric::Volume,
    },
    Explained {
        name: "canceled",
        definition: "Booked inspections that were canceled. The cancellation rate is canceled divided by booked.",
        metric: Metric::Canceled,
    },
    Explained {
        name: "quoted_revenue",
        definition: "The sum of `quote` (the quoted price, not what was paid) over performed inspections; those without a \
                     quote add nothing.",
        metric: Metric::Quoted,
    },
    Explained {
        name: "attach",
        definition: "Performed inspections with at least one add-on. The attach rate divides them by all performed ones; \
                     the interval is Wilson's at 95 %, and fewer than 10 cases are a small sample.",
        metric: Metric::Attach,
    },
    Explained {
        name: "referrals",
        definition: "Inspections with the agent as buying agent, dated before now, canceled ones included; the selling side \
                     is counted apart. \
                     Dormant: at least 3 referrals ever, none for longer than both 60 days and 3 times the agent's own \
                     median gap, none booked ahead.",
        metric: Metric::Referrals,
    },
    Explained {
        name: "selling_side",
        definition: "Inspections with an agent on the selling side, dated before now, canceled ones included; never counted \
                     as referrals. `agent` is here the selling agent.",
        metric: Metric::SellingSide,
    },
    Explained {
        name: "hours",
        definition: "The sum of planned durations of performed inspections; those without a duration add nothing.",
        metric: Metric::Hours,
    },
    Explained {
        name: "assists",
        definition: "Performed inspections of others with an inspector as an assistant; they are in the volume of the primary \
                     inspector alone. `inspector` is here an assistant.",
        metric: Metric::Assists,
    },
    Explained {
        name: "weekend",
        definition: "Performed inspections that began on a Saturday or Sunday in the company's zone, of all performed ones.",
        metric: Metric::Weekend,
    },
    Explained {
        name: "hours_to_publish",
        definition: "The middle time from the planned end of a performed inspection to its published report, in hours.",
        metric: Metric::Published,
    },
    Explained {
        name: "repeat_agents",
        definition: "Performed inspections whose buying agent had one in the 365 days before it, of those with a buying \
                     agent.",
        metric: Metric::RepeatAgents,
    },
    Explained {
        name: "forecast",
        definition: "Inspections a week (from the day on which the company's weeks begin), canceled ones left out: what is \
                     likely left of those booked, and what is still to come by the models that did best when they forecast \
                     past weeks from what came before. Ranges come from chance and from the errors there. A busy week so \
                     far is the 90th percentile of the past 52 weeks. The rows are the history it is made from.",
        metric: Metric::Volume,
    },
    Explained { name: "unpaid", definition: "Performed inspections that are not paid.", metric: Metric::Unpaid },
    of(Measure::Performed, "Inspections that are not canceled and dated before now, published or not."),
    of(Measure::CancellationRate, "Canceled divided by booked. The rows are those canceled."),
    of(Measure::LateCanceled24, "Canceled within 24 hours of the start, or after it."),
    of(Measure::LateCanceled48, "Canceled within 48 hours of the start, or after it."),
    of(Measure::AverageQuote, "The mean of `quote` over performed inspections that have one."),
    of(Measure::MedianQuote, "The middle `quote` of performed inspections that have one."),
    of(
        Measure::AttachRate,
        "Performed inspections with at least one add-on, divided by all performed. The rows have one.",
    ),
    of(Measure::UnpaidQuoted, "The sum of `quote` over performed inspections that are not paid."),
    of(Measure::Unpublished, "Performed inspections without a published report."),
    of(
        Measure::HoursStartToPublish,
        "The middle time from the start of a performed inspection to its published report, in hours.",
    ),
    of(Measure::LeadDays, "The middle time from when a booked inspection was created to its start, in days."),
    of(
        Measure::FirstTimeAgents,
        "Booked inspections that are the first of their buying agent, of all that ever began before now.",
    ),
    of(
        Measure::RepeatClients,
        "Performed inspections whose client (the first one named) had one performed on an earlier day.",
    ),
    of(
        Measure::AgreementsUnsigned,
        "Inspections that are not canceled, past or still to come, whose agreements are not signed.",
    ),
    of(Measure::Upcoming, "Inspections that are not canceled and begin now or later."),
    of(Measure::UpcomingQuoted, "The sum of `quote` over inspections that are not canceled and begin now or later."),
];

/// The number of a breakdown.
const fn of(measure: Measure, definition: &'static str) -> Explained {
    Explained { name: measure.name(), definition, metric: measure.metric() }
}

pub(super) fn tools(companies: &[CompanyName]) -> Vec<Tool> {
    vec![Tool {
        declaration: declare(
            "explain",
            "Explain a number",
            "Use this to check a number of another tool: its definition (in `basis.notes`) and the inspections behind it.",
            super::input::<Wanted>(companies, "last_month")
                .describe(
                    "metric",
                    "volume, attach, referrals, selling_side, assists, weekend, repeat_agents, forecast, or a measure of \
                     breakdown.",
                )
                .describe("by", "With `cell`, as in breakdown.")
                .unlisted_items("by")
                .describe("date_of", "As there.")
                .unlisted("date_of")
                .unlisted_items("status"),
            schema::list_of(&schema::record(&["company", "id", "starts_at"], &["id"])),
            true,
        ),
        run: |context, arguments| answer(context, arguments).boxed(),
    }]
}

#[derive(Debug, Deserialize, JsonSchema)]
struct Wanted {
    company: Option<Vec<String>>,
    #[serde(flatten)]
    days: Days,
    /// Which number.
    metric: String,
    #[serde(flatten)]
    selecting: Selecting,
    /// Labels of a row of breakdown.
    #[serde(default)]
    cell: Vec<String>,
    limit: Option<Limit>,
    cursor: Option<String>,
}

/// The latest first, then by company and id.
type Place = (i64, String, String);

async fn answer(companies: &Companies, arguments: Map<String, Value>) -> Result<Answer, ToolFailure> {
    let mark = mark(companies, "explain", &arguments);
    let wanted: Wanted = parse(arguments)?;
    let after = wanted.cursor.as_deref().map(|cursor| mark.read::<Place>(cursor)).transpose()?;
    let Some(explained) = METRICS.iter().find(|explained| explained.name == wanted.metric) else {
        return Err(unknown(&wanted.metric));
    };
    let metric = explained.metric;
    let (company, days, selecting) = (wanted.company.as_deref(), &wanted.days, &wanted.selecting);
    if wanted.cell.len() != selecting.kinds() {
        return Err(ToolFailure::new(
            "`cell` needs one label for each name of `by`",
            "give both as in the row of breakdown, or leave both out",
        ));
    }
    let answered = if selecting.is_said() || metric.needs_all_history() {
        companies.explain_cell(company, days, &selecting.selected()?, metric, &wanted.cell).await?
    } else {
        companies.explain(company, days, selecting.only(), metric).await?
    };
    let selling = |fact: &Fact| fact.selling_agent().filter(|_| metric == Metric::SellingSide);
    let mut rows: Vec<(Place, Map<String, Value>)> = Vec::new();
    for (company, ExplainedPart { facts, counted }) in &answered.parts {
        let zone = company.records.timezone();
        for fact in counted {
            let mut shown = Row::default();
            let at = jiff::Timestamp::from_millisecond(fact.starts_at()).unwrap_or_default();
            shown
                .put("company", label(companies, company))
                .put("id", Some(facts.id(fact)))
                .put("starts_at", Some(row::local(at, zone)))
                .put("inspector", Some(inspector_name(facts, fact.inspector())))
                .put("buying_agent", fact.buying_agent().map(|agent| agent_name(facts, agent)))
                .put("selling_agent", selling(fact).map(|agent| agent_name(facts, agent)))
                .put("zip", fact.zip().map(|zip| word(facts, zip)))
                .put("quote", fact.quote().and_then(|quote| money(facts, quote)))
                .put("canceled", fact.canceled_at().map(|_| true));
            rows.push(((-fact.starts_at(), company.name.to_string(), id_order(&facts.id(fact))), shown.0));
        }
    }
    let Cut { total, more } = cut_to_page(&mut rows, after.as_ref().map(|(place, _)| place), limit(wanted.limit));
    let mut basis = basis::shown(&answered.basis);
    basis.first_note(format!("{}: {}", explained.name, explained.definition));
    Ok(Answer::list(Rows { rows, total: Some(total), more, resume: None }, &mark, basis))
}

/// No number has this name.
fn unknown(given: &str) -> ToolFailure {
    let names = || METRICS.iter().map(|known| known.name);
    let near = nearest(given, names()).map(|near| format!("did you mean `{near}`? ")).unwrap_or_default();
    let all = names().collect::<Vec<_>>().join(", ");
    ToolFailure::new(format!("there is no metric `{}`", excerpt(given, 60)), format!("{near}There are: {all}"))
}

/// Every definition, for the resource.
pub(in super::super::super) fn definitions() -> String {
    let lines: Vec<String> =
        METRICS.iter().map(|metric| format!("- **{}**: {}", metric.name, metric.definition)).collect();
    lines.join("\n")
}
