//! `data_quality`.

use futures_util::FutureExt as _;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::super::super::answer::{Answer, Row};
use super::super::super::{Context, Tool, ToolFailure, declare, schema};
use super::super::{Days, ask_each, parse};
use crate::domain::{CompanyName, NamedPeriod};
use crate::insight::{Disagreement, disagreements, quality};
use crate::records::RecordsError;

/// Disagreements named.
const EXAMPLES_MAX: usize = 5;

pub(super) fn tools(companies: &[CompanyName]) -> Vec<Tool> {
    vec![Tool {
        declaration: declare(
            "data_quality",
            "Data quality",
            "Use this for what distorts the numbers: missing agents, ZIPs, quotes, services, agents that look like one person, \
             agencies spelled several ways, statistics that disagree.",
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
    let (answers, basis) = ask_each(&companies, |company| {
        let scopes = periods.scopes(company);
        async move {
            let Some((scope, _)) = scopes else { return Err(RecordsError::NoMirror) };
            let (facts, basis) = company.records.facts().await?;
            let (statistics, _) = company.records.statistics().await?;
            let differing = disagreements(&facts, &statistics);
            Ok(((quality(&facts, scope.from, scope.to), differing, statistics.len()), basis))
        }
    })
    .await?;
    let mut parts = Vec::new();
    for (company, (findings, differing, statistics)) in &answers {
        let mut part = Row::default();
        part.put("company", Some(company.name.to_string()));
        let mut rows: Vec<Value> = findings
            .iter()
            .map(|finding| {
                let mut row = Row::default();
                row.put("what", Some(finding.what))
                    .put("count", Some(finding.count))
                    .put("of", Some(finding.of))
                    .put("distorts", Some(finding.distorts))
                    .list("examples", &finding.examples);
                Value::Object(row.0)
            })
            .collect();
        if !differing.is_empty() {
            let mut row = Row::default();
            row.put("what", Some("agents whose statistics in Spectora disagree with the inspections"))
                .put("count", Some(differing.len()))
                .put("of", Some(*statistics))
                .put("distorts", Some("agent_stats shows Spectora's count, agent_analysis the inspections"))
                .list("examples", differing.iter().take(EXAMPLES_MAX).map(shown));
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
