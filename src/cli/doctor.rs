//! `doctor`: is the configuration right, does each key work, and what does the service really answer to.

use std::process::ExitCode;

use clap::Args;
use serde_json::{Value, json};

use super::open::Opened;
use super::{EXIT_ANSWER_IS_ERROR, Global, output};
use crate::domain::{Clock, ConnectionId, InspectorId};
use crate::records::Records;
use crate::spectora::{
    ConnectionStats, Connections, Contacts, Endpoint, Filter as _, FilterSupport, InspectionAttachments,
    InspectionFilter, Inspections, Query, SpectoraClient, SpectoraError, SpectoraErrorKind, Wired,
};

/// Exit code 0 when all is well, 1 when something needs attention. About twenty requests a company.
#[derive(Debug, Args)]
pub(super) struct DoctorArgs {
    /// The findings as JSON.
    #[arg(long)]
    json: bool,
}

/// What was found about one thing.
struct Finding {
    about: String,
    fine: bool,
    what: String,
    next: Option<String>,
}

impl Finding {
    fn fine(about: &str, what: impl Into<String>) -> Self {
        Self { about: about.to_owned(), fine: true, what: what.into(), next: None }
    }

    fn wrong(about: &str, what: impl Into<String>, next: impl Into<String>) -> Self {
        Self { about: about.to_owned(), fine: false, what: what.into(), next: Some(next.into()) }
    }
}

pub(super) async fn run(global: &Global, args: &DoctorArgs) -> anyhow::Result<ExitCode> {
    let opened = Opened::new(global).await?;
    let mut findings = vec![Finding::fine("configuration", opened.config.sources.join(", "))];
    for warning in &opened.config.warnings {
        findings.push(Finding::wrong("configuration", warning.clone(), "set it in spectora.toml"));
    }
    for client in opened.app()?.clients() {
        findings.extend(examine(client, &opened.clock).await);
    }
    let all_fine = findings.iter().all(|finding| finding.fine);
    if args.json {
        let shown: Vec<Value> = findings
            .iter()
            .map(|one| json!({"about": one.about, "fine": one.fine, "what": one.what, "next": one.next}))
            .collect();
        output::line(&serde_json::to_string_pretty(&json!({"fine": all_fine, "findings": shown}))?);
    } else {
        for one in &findings {
            output::line(&format!("{}  {}: {}", if one.fine { "ok   " } else { "CHECK" }, one.about, one.what));
            if let Some(next) = &one.next {
                output::line(&format!("         -> {next}"));
            }
        }
        output::line(if all_fine { "\nAll is well." } else { "\nSome things need attention (CHECK)." });
    }
    Ok(if all_fine { ExitCode::SUCCESS } else { ExitCode::from(EXIT_ANSWER_IS_ERROR) })
}

async fn examine(client: &SpectoraClient, clock: &std::sync::Arc<dyn Clock>) -> Vec<Finding> {
    let company = client.company().to_string();
    let mut findings = Vec::new();
    let inspections = reach::<Inspections>(client, &company, &mut findings).await;
    if !inspections {
        return findings;
    }
    reach::<Connections>(client, &company, &mut findings).await;
    reach::<ConnectionStats>(client, &company, &mut findings).await;
    reach::<Contacts>(client, &company, &mut findings).await;
    reach::<InspectionAttachments>(client, &company, &mut findings).await;
    findings.push(filters(client, &company, clock.as_ref()).await);
    let about = format!("{company}, canceled inspections");
    let records = Records::new(client.clone(), std::sync::Arc::clone(clock));
    findings.push(match records.cancellations_visible().await {
        Ok(true) => Finding::fine(&about, "can be seen (or there are too few inspections to tell)"),
        Ok(false) => Finding::wrong(
            &about,
            "none can be seen",
            "cancellation figures will be marked as missing; ask Spectora whether this key may see them",
        ),
        Err(error) => Finding::wrong(&about, error.to_string(), "run doctor again in a minute"),
    });
    findings
}

/// One row of a listing: does the path exist, and does the key have the right to it?
async fn reach<R: Wired>(client: &SpectoraClient, company: &str, findings: &mut Vec<Finding>) -> bool {
    let about = format!("{company}, {}", R::ENDPOINT);
    let started = std::time::Instant::now();
    match client.page::<R>(&Query::default(), 1, 1).await {
        Ok(page) => {
            let counted = page.pagination.records.map_or("not counted".to_owned(), |records| records.to_string());
            let what = format!("answered in {} ms, records: {counted}", started.elapsed().as_millis());
            findings.push(Finding::fine(&about, what));
            true
        }
        Err(error) => {
            findings.push(Finding::wrong(&about, error.to_string(), advice(R::ENDPOINT, &error)));
            false
        }
    }
}

fn advice(endpoint: Endpoint, error: &SpectoraError) -> String {
    match &error.kind {
        SpectoraErrorKind::KeyRefused => "make a new key in Spectora and put it into the configuration".to_owned(),
        SpectoraErrorKind::KeyWithoutRight => "the user who made the key needs the right to see this".to_owned(),
        SpectoraErrorKind::NotFound { .. } => {
            format!("correct `{}` under [api.paths] in spectora.toml", endpoint.name())
        }
        SpectoraErrorKind::RateLimited { .. } => "wait, then run doctor again".to_owned(),
        _ => "check the network and base_url, then run doctor again".to_owned(),
    }
}

/// Which filters of inspections work. One that does not costs calls, never a wrong answer.
async fn filters(client: &SpectoraClient, company: &str, clock: &dyn Clock) -> Finding {
    let about = format!("{company}, filters of inspections");
    let mut wanted = vec![
        InspectionFilter::StartsAtOrAfter(clock.now()),
        InspectionFilter::StartsBefore(clock.now()),
        InspectionFilter::Zip("00000".to_owned()),
        InspectionFilter::FullText("a".to_owned()),
        InspectionFilter::Paid(true),
        InspectionFilter::Confirmed(true),
        InspectionFilter::Published(true),
        InspectionFilter::Canceled(true),
    ];
    wanted.extend("1".parse::<ConnectionId>().ok().map(InspectionFilter::Connection));
    wanted.extend("1".parse::<InspectorId>().ok().map(InspectionFilter::Inspector));
    let mut words = Vec::new();
    for filter in wanted {
        let support = match client.probe::<Inspections>(&filter).await {
            Ok(FilterSupport::Honoured) => "works",
            Ok(FilterSupport::Ignored) => "ignored",
            Ok(FilterSupport::Refused) => "refused",
            Ok(FilterSupport::Unknown) => "unclear",
            Err(error) => return Finding::wrong(&about, error.to_string(), "run doctor again in a minute"),
        };
        words.push(format!("{} {support}", filter.name()));
    }
    Finding::fine(&about, words.join(", "))
}
