//! Files on inspections: which ones a query asks for, and how they are written.

#![expect(clippy::indexing_slicing, reason = "indices were made beside the tables they point into")]

use serde_json::{Value, json};

use super::inspection_json::file_token;
use super::names::ADD_ONS;
use super::options::Profile;
use super::query::{Query, Refusal, boolean, ids};
use super::truth::{AttachmentKind, AttachmentRow};
use super::world::{Scene, utc};

/// The matching attachments, as indices; without a sort by id. Files of inspections that `blind` hides stay away.
pub(super) fn select(scene: Scene<'_>, query: &Query) -> Result<Vec<u32>, Refusal> {
    let company = scene.company;
    let report = query.filter("report").last().map(|value| boolean("report", value)).transpose()?;
    let wanted = ids(&query.filter("inspection_id"));
    let all = (0_u32..).zip(&company.attachments);
    let mut found: Vec<u32> = all
        .filter(|(_, file)| {
            let inspection = &company.inspections[file.inspection as usize];
            let seen = scene.profile != Profile::Blind || inspection.canceled_at.is_none();
            let right_kind = report.is_none_or(|report| report == (file.kind == AttachmentKind::Report));
            seen && right_kind && (wanted.is_empty() || wanted.contains(&inspection.id))
        })
        .map(|(at, _)| at)
        .collect();
    match query.sort().first() {
        Some(("created_at", descending)) => {
            found.sort_by_key(|at| company.attachments[*at as usize].created_at);
            if *descending {
                found.reverse();
            }
        }
        _ => found.sort_unstable(),
    }
    Ok(found)
}

/// Renders one attachment.
pub(super) fn render(scene: Scene<'_>, at: u32) -> Value {
    let file = &scene.company.attachments[at as usize];
    json!({"id": file.id.to_string(), "type": "inspection_attachment", "attributes": attributes(scene, file)})
}

/// An attachment's attributes, here and where an inspection includes it.
pub(super) fn attributes(scene: Scene<'_>, file: &AttachmentRow) -> Value {
    let inspection = &scene.company.inspections[file.inspection as usize];
    let (name, kind, file_name, content_type) = match file.kind {
        AttachmentKind::Report => ("Inspection Report", None, report_file_name(inspection.id), "application/pdf"),
        AttachmentKind::AddOn(at) => {
            let add_on = &ADD_ONS[usize::from(at)];
            let file_name = format!("{}-{}.pdf", add_on.name.replace([' ', '/'], "-").to_lowercase(), inspection.id);
            (add_on.name, add_on.document, file_name, "application/pdf")
        }
        AttachmentKind::Internal => {
            ("Office photos", Some("other"), format!("photos {}.zip", file.id), "application/zip")
        }
    };
    json!({
        "inspection_id": Scene::loose_id(inspection.id, file.id),
        "name": name,
        "description": if file.id.is_multiple_of(3) { json!("") } else { Value::Null },
        "report": file.kind == AttachmentKind::Report,
        "internal_only": file.kind == AttachmentKind::Internal,
        "attachment_type": kind,
        "file_file_name": file_name,
        "file_content_type": content_type,
        "file_file_size": 20_000 + file.id % 900_000,
        "created_at": utc(file.created_at),
        "updated_at": utc(file.created_at),
        "file_url": format!("{}/files/{}", scene.base_url, file_token(scene.company.salt, file.id)),
    })
}

/// A report's file name; some carry characters that change the order of the text or cannot be seen.
fn report_file_name(inspection: u64) -> String {
    match inspection % 31 {
        3 => format!("report-{inspection}-\u{202e}fdp.exe\u{202c}.pdf"),
        4 => format!("Bericht\u{200b} für {inspection}.pdf"),
        _ => format!("report-{inspection}.pdf"),
    }
}
