//! Whose records a mirror holds, how old they are, what they lack, and what is left of the month's calls.

use super::Finding;
use jiff::Timestamp;
use sync::{MirrorStatus, SyncError, Syncer};

/// A mirror that nothing has brought up to date for longer is worth a word, in hours: no server runs.
const AGE_HOURS_MAX: i64 = 48;

/// Whose records the mirror holds, and what it lacks.
pub(super) async fn examine(company: &str, syncer: &Syncer) -> Vec<Finding> {
    let about = format!("{company}, mirror");
    if let Err(error) = syncer.ensure_company().await {
        let next = error.remedy();
        let what = match error {
            SyncError::OtherCompany => error.to_string(),
            error => format!("whether this key is its company's could not be checked ({error})"),
        };
        return vec![Finding::wrong(&about, what, next)];
    }
    let Ok(status) = syncer.status().await else { return Vec::new() };
    let mut findings: Vec<Finding> = calls(company, &status).into_iter().collect();
    let started = status.kinds.iter().all(|(_, coverage, _)| coverage.full_at.is_some());
    if !started {
        findings.push(Finding::fine(&about, "the first reading is not finished (spectora-mcp sync)"));
        return findings;
    }
    let read_at = status.inspections().and_then(mirror::Coverage::read_at);
    findings.extend(read_at.and_then(|at| age(&about, at, syncer.now())));
    for (kind, coverage, _) in &status.kinds {
        for gap in coverage.gaps().into_iter().map(|gap| mcp::mirror_gap_words(*kind, gap)) {
            let next = if coverage.held != 0 {
                "it is looked at again in some hours; if they are gone for good, run `spectora-mcp sync --accept-gone`"
            } else {
                "make the key with a staff user for this alone who may see all jobs and money (a key has its user's rights), \
                 then run `spectora-mcp sync --full`"
            };
            findings.push(Finding::wrong(&about, gap, next));
        }
    }
    for (kind, trouble) in &status.troubles {
        let what = kind.map_or("the last sync", mirror::Kind::name);
        let what = format!("{what} failed {} times ({})", trouble.failures, trouble.reason);
        let next = format!("{}; it is tried again by itself, and `spectora-mcp sync` tries now", trouble.remedy);
        findings.push(Finding::wrong(&about, what, next));
    }
    if findings.iter().all(|finding| finding.fine) {
        let mine = match syncer.company_id().await {
            Ok(Some(id)) => format!("complete, of the company with the id {id}"),
            _ => "complete".to_owned(),
        };
        findings.push(Finding::fine(&about, mine));
    }
    findings
}

/// The calls of this month, beside what they may be; nothing where the count is broken, which is told of all companies.
fn calls(company: &str, status: &MirrorStatus) -> Option<Finding> {
    let about = format!("{company}, API calls");
    if status.count_problem.is_some() {
        return None;
    }
    let used = status.month.total;
    Some(match status.month.budget {
        None => Finding::fine(&about, format!("{used} this month, without a limit of your own (`monthly_budget`)")),
        Some(budget) if status.month.is_low() => Finding::wrong(
            &about,
            format!("{used} of the {budget} of this month are used"),
            "raise `monthly_budget` where Spectora allows more; else reading in the background stops at 95 %, and all \
             questions are answered from what is here",
        ),
        Some(budget) => Finding::fine(&about, format!("{used} of the {budget} of this month are used")),
    })
}

/// Says so where nothing was read for long.
fn age(about: &str, read_at: Timestamp, now: Timestamp) -> Option<Finding> {
    let hours = now.duration_since(read_at).as_hours();
    (AGE_HOURS_MAX < hours).then(|| {
        let next = "run `spectora-mcp sync`; an assistant that runs keeps it fresh by itself";
        Finding::wrong(about, format!("last read {} days ago", hours / 24), next)
    })
}
