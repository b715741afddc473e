//! The command line: one file a command.

mod access;
mod asking;
mod call;
mod companies;
#[cfg(feature = "demo")]
mod demo;
mod doctor;
mod export;
mod generate;
mod keys;
mod late;
mod log;
mod mirror;
mod open;
mod output;
mod places;
mod privacy;
mod remedy;
mod report;
#[cfg(feature = "demo")]
mod sandbox;
mod serve;
mod setup;
mod support;
mod sync;
mod tools;
mod version;
mod view;
mod webhooks;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::builder::{OsStringValueParser, TypedValueParser as _};
use clap::{Args, Parser, Subcommand, ValueEnum};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::config::Overrides;

/// The exit code of a command that ran and whose answer is an error.
const EXIT_ANSWER_IS_ERROR: u8 = 1;
/// The exit code of a wrong command line or configuration.
const EXIT_CANNOT_RUN: u8 = 2;

/// The crates of this program: what `--log-level` is about. Others say only what goes wrong.
const OWN_CRATES: &[&str] = &["spectora_mcp", "mcp", "records", "sync", "mirror", "spectora", "access", "sandbox"];

/// Threads for what waits on files. All work on mirrors and all sums at once leave some for standard input and output and
/// for looking up addresses; threads begin when needed, since each keeps memory of its own.
fn blocking_threads_max() -> usize {
    ::mirror::READINGS_MAX + ::mirror::CHANGES_MAX + records::sums_max() + 6
}

/// Lets AI assistants ask about a home-inspection company's Spectora data. It can only read.
///
/// New here? `spectora-mcp demo` shows it on two invented companies, without a key.
/// With a key: `spectora-mcp setup` does the rest.
#[derive(Debug, Parser)]
#[command(name = "spectora-mcp", version, arg_required_else_help = true, max_term_width = 100)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// Options of every command.
#[derive(Clone, Debug, Args)]
struct Global {
    /// The configuration file; without it, spectora.toml in the usual place of this system.
    // Nothing is a value too: clients whose user chose no file give that.
    #[arg(long, global = true, value_name = "FILE", value_parser = OsStringValueParser::new().map(PathBuf::from))]
    config: Option<PathBuf>,
    /// Another origin than <https://connect.spectora.com>: https, or http on this machine.
    #[arg(long, global = true, value_name = "URL")]
    base_url: Option<String>,
    /// The folder of the local mirrors; without it, the usual place for data of this system.
    #[arg(long, global = true, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Keep no mirror: every question asks the service.
    #[arg(long, global = true)]
    no_mirror: bool,
    /// Serve only this company (may be given several times).
    #[arg(long = "company", global = true, value_name = "NAME")]
    companies: Vec<String>,
    /// Use the two invented companies instead of a configuration.
    #[cfg(feature = "demo")]
    #[arg(long, global = true)]
    demo: bool,
    /// How many inspections the invented companies have together, to see it at another size; without it, 7,500.
    #[cfg(feature = "demo")]
    #[arg(long, global = true, value_name = "COUNT")]
    demo_inspections: Option<u64>,
    /// What goes to standard error: error, warn, info, debug or trace.
    #[arg(long, global = true, value_name = "LEVEL", default_value = "warn")]
    log_level: String,
    /// How it is written there.
    #[arg(long, global = true, value_enum, default_value_t = LogFormat::Text)]
    log_format: LogFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve MCP to an assistant: over standard input and output, or over HTTP.
    #[command(alias = "stdio")]
    Serve(Box<serve::ServeArgs>),
    /// Set everything up: keys, companies, your assistants; asks, and shows each change before it is made.
    Setup(Box<setup::SetupArgs>),
    /// Show what it answers, on two invented companies; needs no key and ends in seconds.
    #[cfg(feature = "demo")]
    Demo,
    /// Call one tool from the shell: `spectora-mcp call list_inspections period=tomorrow`.
    Call(call::CallArgs),
    /// Print an insight as tables and charts, or write it as Markdown, CSV or HTML.
    Report(report::ReportArgs),
    /// Show an answer as a chat client draws it, in a browser of this machine.
    View(view::ViewArgs),
    /// Who may come in over HTTP: people, tokens, and the applications that people let in.
    Access(access::AccessArgs),
    /// Show who asked what of an HTTP server with a login.
    Log(log::LogArgs),
    /// Show the tools an assistant sees.
    Tools(tools::ToolsArgs),
    /// Check the configuration and each key, and see what the service really answers to.
    Doctor(doctor::DoctorArgs),
    /// Where each company's key is; add a company, give it another key, or take it out.
    Keys(keys::KeysArgs),
    /// What is stored on this machine and who sees it; forget a client or an agent.
    Privacy(privacy::PrivacyArgs),
    /// Write one file for whoever helps you: what is set up and what is wrong, without keys, names or addresses.
    Support(support::SupportArgs),
    /// Bring the local mirrors up to date, with progress; --dry-run shows what it would cost.
    Sync(sync::SyncArgs),
    /// Show the local mirrors, or start them over.
    Mirror(mirror::MirrorArgs),
    /// Write a mirror as CSV files or as one SQLite file.
    Export(export::ExportArgs),
    /// The address for Spectora's webhooks, and what came.
    Webhooks(webhooks::WebhooksArgs),
    /// Which version this is; with --check, whether there is a newer one.
    Version(version::VersionArgs),
    /// Write shell completions or man pages into a folder, for packages.
    #[command(hide = true)]
    Generate(generate::GenerateArgs),
    /// Run the simulated service on its own, for trying out clients and faults.
    #[cfg(feature = "demo")]
    Sandbox(sandbox::SandboxArgs),
}

impl Global {
    /// Whether the invented companies are asked for.
    #[cfg_attr(
        not(feature = "demo"),
        expect(clippy::unused_self, reason = "without the demo there is nothing to look at")
    )]
    fn is_demo(&self) -> bool {
        #[cfg(feature = "demo")]
        return self.demo;
        #[cfg(not(feature = "demo"))]
        return false;
    }

    fn overrides(&self) -> Overrides {
        Overrides {
            config_file: self.config.clone(),
            base_url: self.base_url.clone(),
            data_dir: self.data_dir.clone(),
            no_mirror: self.no_mirror,
            companies: self.companies.clone(),
        }
    }
}

/// Runs the program.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    start_log(&cli.global);
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(error) => return report(&error.into()),
    };
    let result = runtime.block_on(run(cli));
    // A read of standard input cannot be called off; waiting for it would keep the program alive.
    runtime.shutdown_background();
    match result {
        Ok(code) => code,
        Err(error) => report(&error),
    }
}

fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().max_blocking_threads(blocking_threads_max()).build()
}

async fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    let global = cli.global;
    match cli.command {
        Command::Serve(args) => serve::run(&global, &args).await,
        Command::Setup(args) => setup::run(&global, &args).await,
        #[cfg(feature = "demo")]
        Command::Demo => demo::run(&global).await,
        Command::Call(args) => call::run(&global, &args).await,
        Command::Report(args) => report::run(&global, &args).await,
        Command::View(args) => view::run(&global, &args).await,
        Command::Access(args) => access::run(&global, args).await,
        Command::Log(args) => log::run(&global, &args),
        Command::Tools(args) => tools::run(&global, &args).await,
        Command::Doctor(args) => doctor::run(&global, &args).await,
        Command::Keys(args) => keys::run(&global, args).await,
        Command::Privacy(args) => privacy::run(&global, args).await,
        Command::Support(args) => support::run(&global, &args).await,
        Command::Sync(args) => sync::run(&global, &args).await,
        Command::Mirror(args) => mirror::run(&global, &args).await,
        Command::Export(args) => export::run(&global, &args).await,
        Command::Webhooks(args) => webhooks::run(&global, &args).await,
        Command::Version(args) => version::run(&global, &args).await,
        Command::Generate(args) => generate::run(&global, &args).await,
        #[cfg(feature = "demo")]
        Command::Sandbox(args) => sandbox::run(&global, &args).await,
    }
}

/// The only place that prints an error.
fn report(error: &anyhow::Error) -> ExitCode {
    eprintln!("error: {error:#}");
    if let Some(remedy) = remedy::of(error) {
        eprintln!("what to do: {remedy}");
    }
    ExitCode::from(EXIT_CANNOT_RUN)
}

/// Logs go to standard error: standard output belongs to the protocol. Other crates speak only of faults.
fn start_log(global: &Global) {
    let level = &global.log_level;
    let filter = OWN_CRATES.iter().fold("warn".to_owned(), |filter, name| format!("{filter},{name}={level}"));
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("warn"));
    let registry = tracing_subscriber::registry().with(filter);
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_target(false);
    match global.log_format {
        LogFormat::Text => registry.with(lines.with_ansi(false)).init(),
        LogFormat::Json => registry.with(lines.json()).init(),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn work_on_files_and_sums_never_take_every_thread() {
        let runtime = super::runtime().unwrap();
        let (release, held) = std::sync::mpsc::channel::<()>();
        let held = std::sync::Arc::new(std::sync::Mutex::new(held));
        // As long as the sender lives, each of these waits, as on a file that another process has.
        let wait = || {
            let held = std::sync::Arc::clone(&held);
            move || drop(held.lock().map(|held| held.recv()))
        };
        runtime.block_on(async {
            let facts = std::sync::Arc::new(::domain::FactTable::default());
            let mut waiting = Vec::new();
            for _ in 0..20 {
                let (reads, changes, sums) = (wait(), wait(), wait());
                let facts = std::sync::Arc::clone(&facts);
                waiting.push(tokio::spawn(async move {
                    let reading = ::mirror::reading(move || {
                        reads();
                        Ok(())
                    });
                    let changing = ::mirror::changing(move || {
                        changes();
                        Ok(())
                    });
                    let summing = records::summed(&facts, move |_| sums());
                    drop(tokio::join!(reading, changing, summing));
                }));
            }
            tokio::task::yield_now().await;
            // What standard input, standard output and the look-up of an address need.
            for _ in 0..3 {
                let other = tokio::task::spawn_blocking(|| 7);
                assert_eq!(tokio::time::timeout(std::time::Duration::from_secs(60), other).await.unwrap().unwrap(), 7);
            }
            drop(release);
            for one in waiting {
                one.await.unwrap();
            }
        });
    }

    #[test]
    fn the_command_line_is_well_defined() {
        super::Cli::command().debug_assert();
    }
}
