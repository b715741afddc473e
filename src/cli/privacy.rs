//! `privacy`: what is stored where, and forgetting people.

mod overview;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use clap::{Args, Subcommand, ValueEnum};
use tokio::time::Instant;

use super::asking::Asking;
use super::keys::{self, RemoveArgs};
use super::open::Opened;
use super::{EXIT_ANSWER_IS_ERROR, Global, output};
use crate::app::App;
use crate::config::{Config, Environment, ForgottenFile, Person, draft};
use domain::{ClientId, CompanyName, ConnectionId, SearchTerms};
use mirror::Kind;
use spectora::{Connections, Contacts, RawRecord, SpectoraClient};
use sync::{SyncError, Syncer};

/// How long a reading that is under way is waited for.
const READING_TIME_MAX: Duration = Duration::from_secs(20);
const READING_LOOK_EVERY: Duration = Duration::from_millis(200);
/// Running servers read their settings again within this time.
const SERVERS_NOTICE: Duration = Duration::from_millis(2_500);
/// The most people who are shown where a name fits several.
const SHOWN_MAX: usize = 10;

/// What is stored on this machine, and who sees it; forgetting a client or an agent.
#[derive(Debug, Args)]
pub(super) struct PrivacyArgs {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Show what is stored where, how much, and who sees it; the same as `privacy` alone.
    Show,
    /// Forget a client or an agent: what is stored of them is deleted, history included, and nothing that Spectora still says
    /// of them is stored or shown again. Their inspections stay, without them. Of a company all is deleted, its key too.
    Forget(ForgetArgs),
}

#[derive(Debug, Args)]
struct ForgetArgs {
    /// What is forgotten.
    #[arg(value_enum)]
    who: What,
    /// The id, as answers tell it; or the name, an e-mail address or a phone number, if one person alone has it. Of a company
    /// its name.
    #[arg(value_name = "ID_OR_NAME")]
    name: String,
    /// Remember the person again: what Spectora has of them is read from the next full reading on.
    #[arg(long)]
    undo: bool,
    /// Do not ask.
    #[arg(long, short)]
    yes: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum What {
    Client,
    Agent,
    Company,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    Client,
    Agent,
}

impl Who {
    fn kind(self) -> Kind {
        match self {
            Self::Client => Kind::Clients,
            Self::Agent => Kind::Agents,
        }
    }
}

pub(super) async fn run(global: &Global, args: PrivacyArgs) -> anyhow::Result<ExitCode> {
    match args.action.unwrap_or(Action::Show) {
        Action::Show => overview::show(global).await,
        Action::Forget(args) => match args.who {
            What::Client => forget(global, Who::Client, &args).await,
            What::Agent => forget(global, Who::Agent, &args).await,
            What::Company => {
                anyhow::ensure!(
                    !args.undo,
                    "a company that was deleted comes back with `spectora-mcp keys add {}`",
                    args.name
                );
                let args = RemoveArgs { name: args.name, with_data: true, yes: args.yes };
                keys::remove(global, &Environment::capture(), &args).await.map(|()| ExitCode::SUCCESS)
            }
        },
    }
}

/// The configuration; no key is looked for, since nothing is asked of Spectora here.
struct Settled {
    config: Config,
    /// The invented companies last as long as this.
    _demo: Option<Opened>,
}

impl Settled {
    async fn new(global: &Global) -> anyhow::Result<Self> {
        if global.is_demo() {
            let opened = Opened::new(global).await?;
            return Ok(Self { config: opened.config.clone(), _demo: Some(opened) });
        }
        let config = draft(&global.overrides(), &Environment::capture())?.without_keys();
        Ok(Self { config, _demo: None })
    }

    fn app(&self) -> anyhow::Result<App> {
        let clock: Arc<dyn domain::Clock> = Arc::new(domain::SystemClock);
        Ok(App::build(&self.config, &clock)?)
    }
}

async fn forget(global: &Global, who: Who, args: &ForgetArgs) -> anyhow::Result<ExitCode> {
    let settled = Settled::new(global).await?;
    let company = match settled.config.companies.as_slice() {
        [company] => company.name.clone(),
        companies => {
            let names: Vec<&str> = companies.iter().map(|company| company.name.as_str()).collect();
            anyhow::bail!("say of which company, with --company NAME; there are: {}", names.join(", "));
        }
    };
    let folder = settled.config.data_dir.clone().context(
        "nothing is stored without a mirror, so there is nothing to forget; what Spectora has is shown as it is",
    )?;
    let mut file = ForgottenFile::read(&folder)?;
    let app = settled.app()?;
    let syncer = Arc::clone(syncer_of(&app)?);
    let client = app.clients().next().context("there is no company")?;
    if args.undo {
        let person = by_id(who, args.name.trim())
            .with_context(|| format!("{} is no id; {} has them", args.name, file.path().display()))?;
        if !file.remove(&company, &person) {
            anyhow::bail!("{} of {company} was not forgotten", described(&person));
        }
        file.write().with_context(|| file.path().display().to_string())?;
        output::line(&format!(
            "{} of {company} is remembered again. What Spectora has of them comes with `spectora-mcp sync --full`; a running \
             server takes this up by itself.",
            described(&person)
        ));
        return Ok(ExitCode::SUCCESS);
    }
    let Found { person, shown } = find(&syncer, client, &company, who, args.name.trim()).await?;
    let question = format!("Forget {shown} on this machine? What is stored here of them is deleted for good.");
    if !args.yes && !Asking::new(false)?.agrees(&question, true)? {
        output::line("Nothing was changed.");
        return Ok(ExitCode::SUCCESS);
    }
    mirror::private_folder(&folder)?;
    let is_new = file.add(&company, &person);
    file.write().with_context(|| file.path().display().to_string())?;
    let told = if is_new { "nothing more of them is stored or shown from now on" } else { "was forgotten before" };
    output::line(&format!("{} of {company}: {told}.", described(&person)));
    // Running servers take it up first, so that none stores what is deleted here.
    tokio::time::sleep(SERVERS_NOTICE).await;
    // Built anew: what is read back is read without them.
    let settled = Settled::new(global).await?;
    let app = settled.app()?;
    deleted(syncer_of(&app)?, &company).await
}

fn syncer_of(app: &App) -> anyhow::Result<&Arc<Syncer>> {
    let (_, syncer) = app.mirrors().next().context("there is no company")?;
    syncer?.context("there is no mirror")
}

/// Deletes what is stored, once nobody else changes the mirror.
async fn deleted(syncer: &Arc<Syncer>, company: &CompanyName) -> anyhow::Result<ExitCode> {
    let deadline = Instant::now() + READING_TIME_MAX;
    loop {
        match syncer.settle().await {
            Ok(()) => {
                if syncer.is_clean().await? {
                    output::line(
                        "What was stored is deleted: records, changes, and what was left of them in the file.",
                    );
                    output::line(LEFT);
                    return Ok(ExitCode::SUCCESS);
                }
                output::line(&format!(
                    "The names are gone from all records. Old pages of the file are still in use by a program that reads; \
                     run `spectora-mcp sync --company {company}` later, or restart that program."
                ));
                return Ok(ExitCode::from(EXIT_ANSWER_IS_ERROR));
            }
            Err(SyncError::Busy) if Instant::now() < deadline => tokio::time::sleep(READING_LOOK_EVERY).await,
            Err(SyncError::Busy) => {
                output::line(&format!(
                    "{company} is being read from Spectora right now, so what is stored is deleted when that has ended: a \
                     running server does it by itself, else run `spectora-mcp sync --company {company}`."
                ));
                return Ok(ExitCode::from(EXIT_ANSWER_IS_ERROR));
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// What this program cannot delete.
const LEFT: &str = "Not touched: Spectora itself, files you exported, copies of this machine (backups), and what an assistant has \
                    in its conversations.";

fn described(person: &Person) -> String {
    match person {
        Person::Client(id) => format!("client {id}"),
        Person::Agent(id) => format!("agent {id}"),
    }
}

fn by_id(who: Who, text: &str) -> Option<Person> {
    match who {
        Who::Client => text.parse::<ClientId>().ok().map(Person::Client),
        Who::Agent => text.parse::<ConnectionId>().ok().map(Person::Agent),
    }
}

/// Who is meant, as a person would say it.
struct Found {
    person: Person,
    shown: String,
}

async fn find(
    syncer: &Arc<Syncer>,
    client: &SpectoraClient,
    company: &CompanyName,
    who: Who,
    text: &str,
) -> anyhow::Result<Found> {
    let is_number = text.chars().all(|c| c.is_ascii_digit());
    let mut found = Vec::new();
    if !is_number
        && let Some(words) = SearchTerms::of(text)
        && syncer.mirror().is_made()?
    {
        let hits = syncer.mirror().read(move |snapshot| snapshot.search(&words, SHOWN_MAX + 1)).await?;
        for hit in hits.into_iter().filter(|hit| hit.kind == who.kind()) {
            found.extend(known(syncer, client, company, who, &hit.id).await?);
        }
    }
    // What fits no name may be an id.
    if found.is_empty() && by_id(who, text).is_some() {
        found.extend(known(syncer, client, company, who, text).await?);
    }
    match (found.len(), by_id(who, text)) {
        (1, _) => Ok(found.swap_remove(0)),
        // Whoever is not in the mirror is not let into it.
        (0, Some(person)) if is_number => {
            let shown = format!("{} of {company}, who is not in the mirror,", described(&person));
            Ok(Found { person, shown })
        }
        (0, _) => anyhow::bail!(
            "nobody in the mirror fits; give the id, as list_clients and list_agents tell it (of a new client run \
             `spectora-mcp sync` first)"
        ),
        (many, _) => {
            let shown: Vec<String> = found.iter().take(SHOWN_MAX).map(|one| format!("  {}", one.shown)).collect();
            let more = if SHOWN_MAX < many { "\n  and more" } else { "" };
            anyhow::bail!("several fit; give the id of one:\n{}{more}", shown.join("\n"))
        }
    }
}

/// The person of this id, if the mirror has them.
async fn known(
    syncer: &Arc<Syncer>,
    client: &SpectoraClient,
    company: &CompanyName,
    who: Who,
    id: &str,
) -> anyhow::Result<Option<Found>> {
    let Some(person) = by_id(who, id).filter(|_| syncer.mirror().is_made().unwrap_or(false)) else { return Ok(None) };
    let wanted = id.to_owned();
    let Some((raw, _)) = syncer.mirror().read(move |snapshot| snapshot.raw(who.kind(), &wanted)).await? else {
        return Ok(None);
    };
    let raw = RawRecord::from_bytes(raw);
    let name = match who {
        Who::Client => client.read_back::<Contacts>(&raw)?.name(),
        Who::Agent => client.read_back::<Connections>(&raw)?.name(),
    };
    let shown = match name {
        Some(name) => format!("{name} ({} of {company})", described(&person)),
        None => format!("{} of {company}, without a name here,", described(&person)),
    };
    Ok(Some(Found { person, shown }))
}
