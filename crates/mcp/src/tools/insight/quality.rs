//! `data_quality`.

use futures_util::FutureExt as _;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::super::super::answer::{Answer, Row};
use super::super::super::{Context, Tool, ToolFailure, declare, schema};
use super::super::{Days, ask_each, parse};
use super::money;
use domain::{CompanyName, NamedPeriod};
use insight::{Disagreement, Looked, disagreements, quality};
use records::{Need, RecordsError, summed};

/// Disagreements named.
const EXAMPLES_MAX: usize = 5;

pub(super) fn tools(companies: &[CompanyName]) -> Vec<Tool> {
    vec![Tool {
        declaration: declare(
            "data_quality",
            "Data quality",
            "Use this for what distorts the numbers: missing agents, ZIPs, quotes, services, agents that look like one person, \
             agencies and add-ons spelled several ways, discounts among add-ons, double orders, misdated jobs, statistics \
             that disagree.",
            super::days_input(companies, "last_365_days").build(),
            schema::insight(),
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
}

async fn answer(context: &Context, arguments: Map<String, Value>) -> Result<Answer, ToolFailure> {
    let wanted: Wanted = parse(arguments)?;
    let companies = context.chosen(wanted.company.as_deref());
    let periods = super::Periods::of(context, &companies, &wanted.days, NamedPeriod::Last365Days, None)?;
    let now = context.clock.now().as_millisecond();
    let (answers, basis) = ask_each(&companies, |company| {
        let scopes = periods.scopes(company);
        async move {
            let Some((scope, _)) = scopes else { return Err(RecordsError::NoMirror) };
            let records = &company.records;
            let (facts, mut basis) = records.facts(Need::All).await?;
            let (statistics, _) = records.statistics().await?;
            let (agents, _) = records.agents().await?;
            let together = records.begun_together(scope.from, scope.to).await?;
            let naming = records.naming().clone();
            let (findings, compared) = summed(&facts, move |facts| {
                let looked = Looked { facts, agents: &agents, together: &together, naming: &naming, now };
                let compared = disagreements(facts, &statistics, now);
                (quality(&looked, scope.from, scope.to), compared)
            })
            .await;
            if compared.of != 0 {
                basis.notes.push(format!(
                    "{}: Spectora's total of an agent fits best as: {} ({} of {} agents)",
                    company.name,
                    compared.definition.said(),
                    compared.of - compared.differing.len() as u64,
                    compared.of
                ));
            }
            Ok(((findings, compared), basis))
        }
    })
    .await?;
    let mut parts = Vec::new();
    for (company, (findings, compared)) in &answers {
        let mut part = Row::default();
        part.put("company", Some(company.name.to_string()));
        let mut rows: Vec<Value> = findings
            .iter()
            .map(|finding| {
                let mut row = Row::default();
                row.put("what", Some(finding.what))
                    .put("count", Some(finding.count))
                    .put("of", Some(finding.of))
                    .put("quoted", finding.amount.map(money))
                    .put("distorts", Some(finding.distorts))
                    .list("examples", &finding.examples);
                Value::Object(row.0)
            })
            .collect();
        if !compared.differing.is_empty() {
            let distorts = format!(
                "agent_stats shows Spectora's count, agent_analysis the inspections; compared by the definition that fits \
                 best: {}",
                compared.definition.said()
            );
            let mut row = Row::default();
            row.put("what", Some("agents whose statistics in Spectora disagree with the inspections"))
                .put("count", Some(compared.differing.len()))
                .put("of", Some(compared.of))
                .put("distorts", Some(distorts))
                .list("examples", compared.differing.iter().take(EXAMPLES_MAX).map(shown));
            rows.push(Value::Object(row.0));
        }
        part.put("findings", Some(rows));
        parts.push(Value::Object(part.0));
    }
    let basis = periods.basis(basis.as_ref(), answers.iter().map(|(company, _)| *company));
    Ok(Answer::insight(parts, None, basis))
}

fn shown(one: &Disagreement) -> String {
    format!("id {}: {} by Spectora, {} inspections", one.id, one.theirs, one.ours)
}
