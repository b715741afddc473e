//! `data_quality`.

use futures_util::FutureExt as _;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::super::super::answer::{Answer, Row};
use super::super::super::{Tool, ToolFailure, basis, declare, schema};
use super::super::parse;
use super::amount;
use answers::{Companies, Days, QualityPart};
use domain::CompanyName;
use insight::Disagreement;

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
            super::input::<Wanted>(companies, "last_365_days"),
            schema::insight(),
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
}

async fn answer(companies: &Companies, arguments: Map<String, Value>) -> Result<Answer, ToolFailure> {
    let wanted: Wanted = parse(arguments)?;
    let answered = companies.quality(wanted.company.as_deref(), &wanted.days).await?;
    let mut basis = basis::shown(&answered.basis);
    let mut parts = Vec::new();
    for (company, QualityPart { findings, compared }) in &answered.parts {
        if compared.of != 0 {
            basis.note(format!(
                "{}: Spectora's total of an agent fits best as: {} ({} of {} agents)",
                company.name,
                compared.definition.said(),
                compared.of - compared.differing.len() as u64,
                compared.of
            ));
        }
        let mut part = Row::default();
        part.put("company", Some(company.name.to_string()));
        let mut rows: Vec<Value> = findings
            .iter()
            .map(|finding| {
                let mut row = Row::default();
                row.put("what", Some(finding.what))
                    .put("count", Some(finding.count))
                    .put("of", Some(finding.of))
                    .put("quoted", finding.amount.map(amount))
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
    Ok(Answer::insight(parts, None, basis))
}

fn shown(one: &Disagreement) -> String {
    format!("id {}: {} by Spectora, {} inspections", one.id, one.theirs, one.ours)
}
