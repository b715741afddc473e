//! `doctor`: is the configuration right, does each key work, and what does the service really answer to.

mod drift;
mod entries;
mod folder;
mod keys;
mod mirrors;
mod network;
mod updates;
mod webhooks;

use std::process::ExitCode;

use clap::Args;
use serde_json::{Value, json};

use super::open::Opened;
use super::{EXIT_ANSWER_IS_ERROR, Global, output, remedy};
use crate::config::Environment;
use domain::{Clock, ConnectionId, InspectorId};
use records::Records;
use spectora::{
    ConnectionStats, Connections, Contacts, Filter as _, FilterSupport, InspectionAttachments, InspectionFilter,
    InspectionInclude, Inspections, SpectoraClient, SpectoraError, Wired,
};
use sync::AGENT_INCLUDES;

/// Clocks that differ by more are worth a word, in seconds.
const CLOCK_SECONDS_MAX: i64 = 60;

/// Exit code 0 when all is well, 1 when something needs attention. At most sixty requests a company.
#[derive(Debug, Args)]
pub(super) struct DoctorArgs {
    /// The findings as JSON.
    #[arg(long)]
    json: bool,
    /// Compare the service with what this program expects of it: paths, documents, pages, attributes, filters. Nothing else is
    /// checked; at most about a hundred requests a company. The report has nothing about a person or a job.
    #[arg(long, conflicts_with = "public")]
    drift: bool,
    /// With --drift: put the corrections into spectora.toml; a copy of the file is kept.
    #[arg(long, requires = "drift")]
    write: bool,
    /// Look at a server with a login from outside, as ChatGPT and Claude reach it: <https://mcp.example.com/mcp>. Nothing
    /// else is checked.
    #[arg(long, value_name = "URL")]
    public: Option<String>,
}

/// What was found about one thing.
pub(super) struct Finding {
    pub(super) about: String,
    pub(super) fine: bool,
    pub(super) what: String,
    /// What to do where it is not fine.
    pub(super) next: Option<String>,
}

impl Finding {
    fn fine(about: &str, what: impl Into<String>) -> Self {
        Self { about: about.to_owned(), fine: true, what: what.into(), next: None }
    }

    fn wrong(about: &str, what: impl Into<String>, next: impl Into<String>) -> Self {
        Self { about: about.to_owned(), fine: false, what: what.into(), next: Some(next.into()) }
    }

    /// The service did not answer the question behind this finding.
    fn unanswered(about: &str, error: &SpectoraError) -> Self {
        Self::wrong(about, error.kind.to_string(), error.remedy())
    }
}

pub(super) async fn run(global: &Global, args: &DoctorArgs) -> anyhow::Result<ExitCode> {
    if args.drift {
        return drift::run(global, args).await;
    }
    if let Some(address) = &args.public {
        let seen = access::look_from_outside(address).await.map_err(anyhow::Error::msg)?;
        let found = seen.into_iter().map(|seen| Finding {
            about: seen.about.to_owned(),
            fine: seen.next.is_none(),
            what: seen.what,
            next: seen.next.map(str::to_owned),
        });
        return told(args, &found.collect::<Vec<_>>());
    }
    told(args, &findings(global).await)
}

/// Looks at everything.
pub(super) async fn findings(global: &Global) -> Vec<Finding> {
    let environment = Environment::capture();
    let assistants = entries::examine(&environment);
    let updates = updates::examine(global, &environment).await;
    let opened = match Opened::new(global).await {
        Ok(opened) => opened,
        Err(error) => {
            let next = remedy::of(&error).unwrap_or_else(|| "run `spectora-mcp setup`".to_owned());
            let mut findings = vec![Finding::wrong("configuration", format!("{error:#}"), next)];
            findings.extend(assistants);
            findings.extend(updates);
            return findings;
        }
    };
    let mut findings = vec![Finding::fine("configuration", opened.config.sources.join(", "))];
    findings.extend(assistants);
    findings.extend(updates);
    for warning in &opened.config.warnings {
        findings.push(Finding::wrong("configuration", warning.clone(), "set it in spectora.toml"));
    }
    findings.extend(keys::examine(global, &environment));
    findings.extend(network::examine(&opened.config, &environment));
    let app = match opened.app() {
        Ok(app) => app,
        Err(error) => {
            let next = remedy::of(&error).unwrap_or_else(|| "correct `base_url`, or leave it out".to_owned());
            findings.push(Finding::wrong("service", format!("{error:#}"), next));
            return findings;
        }
    };
    if let Some(folder) = &opened.config.data_dir {
        findings.extend(folder::examine(&app, folder));
    }
    for (company, syncer) in app.mirrors() {
        if let Ok(Some(syncer)) = syncer {
            findings.extend(mirrors::examine(company.as_str(), syncer).await);
        }
    }
    findings.extend(webhooks::examine(global, &environment, &app, &opened.config).await);
    for client in app.clients() {
        findings.extend(examine(client, &opened.clock).await);
    }
    findings
}

/// Prints what was found; the exit code says whether all is well.
fn told(args: &DoctorArgs, findings: &[Finding]) -> anyhow::Result<ExitCode> {
    let all_fine = findings.iter().all(|finding| finding.fine);
    if args.json {
        let shown: Vec<Value> = findings
            .iter()
            .map(|one| json!({"about": one.about, "fine": one.fine, "what": one.what, "next": one.next}))
            .collect();
        output::line(&serde_json::to_string_pretty(&json!({"fine": all_fine, "findings": shown}))?);
    } else {
        for one in findings {
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
    let includes = [
        InspectionInclude::BuyingAgent,
        InspectionInclude::SellingAgent,
        InspectionInclude::Assignments,
        InspectionInclude::Buyer,
    ];
    // Where nothing at all can be asked, the first failure says so, and the others would only repeat it.
    let goes_on = look_at::<Inspections>(client, &company, &includes, &mut findings).await == Looked::Answered
        && look_at::<Connections>(client, &company, AGENT_INCLUDES, &mut findings).await != Looked::InVain
        && look_at::<ConnectionStats>(client, &company, &[], &mut findings).await != Looked::InVain
        && look_at::<Contacts>(client, &company, &[], &mut findings).await != Looked::InVain
        && look_at::<InspectionAttachments>(client, &company, &[], &mut findings).await != Looked::InVain;
    if !goes_on {
        return findings;
    }
    findings.push(clocks(client, &company));
    findings.push(filters(client, &company, clock.as_ref()).await);
    findings.push(changes(client, &company).await);
    let about = format!("{company}, canceled inspections");
    let records = Records::new(client.clone(), std::sync::Arc::clone(clock));
    findings.push(match records.cancellations_visible().await {
        Ok(true) => Finding::fine(&about, "can be seen (or there are too few inspections to tell)"),
        Ok(false) => Finding::wrong(
            &about,
            "none can be seen",
            "cancellation figures will be marked as missing; ask Spectora whether this key may see them",
        ),
        Err(error) => Finding::wrong(&about, error.to_string(), mcp::ToolFailure::from(error).remedy()),
    });
    let about = format!("{company}, deleted inspections");
    findings.push(match client.probe::<Inspections>(&InspectionFilter::IncludeDeleted).await {
        Ok(FilterSupport::Honoured) => Finding::fine(&about, "can be seen"),
        Ok(_) => Finding::fine(&about, "cannot be seen, or there are none; a full pass finds what is gone"),
        Err(error) => Finding::unanswered(&about, &error),
    });
    findings
}

/// Whether a listing answered.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Looked {
    Answered,
    /// This one is not answered; others may be.
    Refused,
    /// Nothing can be asked now.
    InVain,
}

/// One page of a listing: does the path exist, has the key the right to it, and are the attributes those expected?
async fn look_at<R: Wired>(
    client: &SpectoraClient,
    company: &str,
    include: &[R::Include],
    findings: &mut Vec<Finding>,
) -> Looked {
    let about = format!("{company}, {}", R::ENDPOINT);
    let survey = match client.survey::<R>(include).await {
        Ok(survey) => survey,
        Err(error) => {
            findings.push(Finding::unanswered(&about, &error));
            return if error.is_of_all() { Looked::InVain } else { Looked::Refused };
        }
    };
    let counted = survey.records.map_or("not counted".to_owned(), |records| records.to_string());
    let mut what = format!("answered in {} ms, records: {counted}", survey.took.as_millis());
    if !survey.absent.is_empty() {
        what.push_str(&format!("; not on any of {} rows: {}", survey.rows, survey.absent.join(", ")));
    }
    if !survey.unknown.is_empty() {
        what.push_str(&format!("; new to this program: {}", survey.unknown.join(", ")));
    }
    if !survey.includes_refused.is_empty() {
        what.push_str(&format!("; refused includes: {}", survey.includes_refused.join(", ")));
    }
    findings.push(Finding::fine(&about, what));
    Looked::Answered
}

/// Clocks that differ make "tomorrow" and retry times differ.
fn clocks(client: &SpectoraClient, company: &str) -> Finding {
    let about = format!("{company}, clock");
    match client.clock_ahead().map(|ahead| ahead.as_secs()) {
        None => Finding::fine(&about, "the service does not tell its time"),
        Some(seconds) if seconds.abs() <= CLOCK_SECONDS_MAX => Finding::fine(&about, "agrees with the service's"),
        Some(seconds) => Finding::wrong(
            &about,
            format!("the service's clock is {} s {}", seconds.abs(), if 0 < seconds { "ahead" } else { "behind" }),
            "set this machine's clock by the network",
        ),
    }
}

/// Whether what changed can be asked for. Without it the mirror reads more.
async fn changes(client: &SpectoraClient, company: &str) -> Finding {
    let about = format!("{company}, changes since");
    match client.changed_since_filter::<Inspections>().await {
        Ok(Some(name)) => Finding::fine(&about, format!("`{}` works", name.as_str())),
        Ok(None) => Finding::fine(&about, "no filter found: recent and coming inspections are read again instead"),
        Err(error) => Finding::unanswered(&about, &error),
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
            Err(error) => return Finding::unanswered(&about, &error),
        };
        words.push(format!("{} {support}", filter.name()));
    }
    Finding::fine(&about, words.join(", "))
}
