//! Which companies there are.

use futures_util::FutureExt as _;
use serde_json::{Map, Value};

use super::super::answer::{self, Answer, QueryMark, Row, Rows};
use super::super::{Context, Tool, declare, schema, zone_name};
use crate::records::Basis;

pub(super) fn tools() -> Vec<Tool> {
    let row = schema::record(&["company", "display_name", "timezone", "today"], &["company", "timezone"]);
    vec![Tool {
        declaration: declare(
            "list_companies",
            "List companies",
            "Use this to see which inspection companies can be asked about, their time zones, the date there, and how many \
             API calls were made since start. Costs no API call.",
            schema::Input::new(&[]).build(),
            schema::list_of(&row),
            false,
        ),
        run: |context, _| list(context).boxed(),
    }]
}

#[expect(clippy::unused_async, reason = "all tools are called alike")]
async fn list(context: &Context) -> Result<Answer, super::super::ToolFailure> {
    let now = context.clock.now();
    let rows = context.companies.iter().enumerate().map(|(index, company)| {
        let mut row = Row::default();
        row.put("company", Some(company.name.to_string()))
            .put("display_name", company.display_name.clone())
            .put("timezone", Some(zone_name(company.records.timezone())))
            .put("today", Some(company.records.timezone().to_datetime(now).date().to_string()))
            .put("api_calls_since_start", Some(company.records.calls_sent()));
        (index, row.0)
    });
    let rows: Vec<(usize, Map<String, Value>)> = rows.collect();
    let mut basis = answer::basis(&Basis::computed_at(now), None);
    if let Some(basis) = basis.as_object_mut() {
        basis.insert("source".to_owned(), "configuration".into());
    }
    let total = Some(rows.len() as u64);
    let mark = QueryMark::new("list_companies", &Map::new());
    Ok(Answer::list(Rows { rows, total, more: false, resume: None }, &mark, basis))
}
