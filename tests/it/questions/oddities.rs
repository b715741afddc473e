//! What real data has and the invented data has not: gaps, several spellings, and what lies on the edges of definitions.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use sandbox::{CompanyTruth, Edit, InspectionRow, RecordKind, Truth};
use serde_json::{Value, json};

use crate::support::{civil, civil_of, now};

/// Of so many inspections in a row those after the first ten have no gap.
const ROUND: u64 = 16;
const WITHOUT_GAPS: u64 = 10;

pub(super) fn all(truth: &Truth, zone: &TimeZone) -> Vec<Edit> {
    let mut edits = Vec::new();
    for (company, known) in truth.companies.iter().enumerate() {
        for row in &known.inspections {
            let Some(said) = gap(known, row) else { continue };
            edits.push(put(company, RecordKind::Inspection, row.id, &said));
        }
        for (index, agent) in known.agents.iter().enumerate() {
            let Some(agency) = agent.agency.map(|agency| &known.agencies[agency].name) else { continue };
            let spelled = if index % 3 == 0 { agency.to_uppercase() } else { agency.replace('ó', "o") };
            if index % 3 != 2 {
                let said = json!({"agency_name": spelled});
                edits.push(put(company, RecordKind::Agent, agent.connection_id, &said));
            }
        }
        edits.extend(edges(company, known, zone));
    }
    edits
}

fn put(company: usize, kind: RecordKind, id: u64, said: &Value) -> Edit {
    Edit::Put { company, kind, id, said: said.as_object().unwrap().clone() }
}

/// What is not known of an inspection; a report published before the start, a cancellation after it.
fn gap(company: &CompanyTruth, row: &InspectionRow) -> Option<Value> {
    let instant = |seconds: i64| Timestamp::from_second(seconds).unwrap().to_string();
    Some(match row.id % ROUND {
        0 => json!({"quote": null}),
        1 => json!({"duration": null}),
        2 => json!({"paid": null}),
        3 => json!({"created_at": null}),
        4 => json!({"confirmed": null}),
        5 => json!({"agreements_signed": null}),
        6 if row.published_at.is_some() => json!({"published_at": instant(row.starts_at - 1800)}),
        7 => json!({"assignments": {"data": []}, "inspector_id": null, "inspector_name": null}),
        8 => json!({"service_names": null, "service_add_on_names": null}),
        9 if row.id.is_multiple_of(5) => json!({"datetime": null}),
        _ if row.canceled_at.is_some() && row.starts_at < company.midnight => {
            json!({"canceled_at": instant(row.starts_at + 1800)})
        }
        _ => return None,
    })
}

/// Unpaid jobs as old as an age begins and ends, jobs at midnight, and two jobs of one client on one day.
fn edges(company: usize, known: &CompanyTruth, zone: &TimeZone) -> Vec<Edit> {
    let today = civil(zone, now()).date();
    let at = |days: i64, hour: i8| zone.to_timestamp((today - days.days()).at(hour, 30, 0, 0)).unwrap().as_second();
    let is_past = |row: &&InspectionRow| row.canceled_at.is_none() && row.starts_at < known.midnight;
    let past = known.inspections.iter().filter(is_past).filter(|row| row.deleted_at.is_none());
    let past: Vec<&InspectionRow> = past.filter(|row| WITHOUT_GAPS <= row.id % ROUND).collect();
    let unpaid = past.iter().filter(|row| !row.paid).zip([30, 31, 60, 61, 90, 91].map(|days| at(days, 10)));
    let by_night = past.iter().filter(|row| row.paid).zip([at(40, 0), at(41, 12), at(42, 0)]);
    let mut by_client: BTreeMap<u32, Vec<&InspectionRow>> = BTreeMap::new();
    for row in past.iter().skip(past.len() / 2).filter(|row| row.paid) {
        by_client.entry(row.client).or_default().push(row);
    }
    let same_day = by_client.values().filter_map(|theirs| match theirs.as_slice() {
        [one, other] if civil_of(zone, one.starts_at).hour() < 23 => Some((other, one.starts_at + 3600)),
        _ => None,
    });
    let moved = unpaid.chain(by_night).map(|(row, starts_at)| (row.id, starts_at));
    let moved = moved.chain(same_day.map(|(row, starts_at)| (row.id, starts_at)));
    moved.map(|(id, starts_at)| Edit::Reschedule { company, id, starts_at }).collect()
}
