//! `version`: which one this is, and whether there is a newer one, where an address is named that may be asked.

use std::cmp::Ordering;
use std::process::ExitCode;

use clap::Args;

use super::{EXIT_ANSWER_IS_ERROR, Global, output};
use crate::config::{Environment, updates};
use domain::Text;
use spectora::{Release, ReleaseAddress, ReleaseError};

/// This one.
const VERSION: &str = env!("CARGO_PKG_VERSION");

#[derive(Debug, Args)]
pub(super) struct VersionArgs {
    /// Ask the address under [updates] in spectora.toml whether there is a newer one. Exit code 1 when that could not be found
    /// out, 2 when no address is set: then nobody is asked.
    #[arg(long)]
    check: bool,
}

pub(super) async fn run(global: &Global, args: &VersionArgs) -> anyhow::Result<ExitCode> {
    if !args.check {
        output::line(&format!("{} {VERSION}, built for {}", env!("CARGO_PKG_NAME"), system()));
        return Ok(ExitCode::SUCCESS);
    }
    let Some(address) = updates(&global.overrides(), &Environment::capture())? else {
        anyhow::bail!(
            "nobody was asked whether there is a newer version than {VERSION}: to have that asked, set `address` under \
             [updates] in spectora.toml, such as address = \"https://api.github.com/repos/OWNER/NAME/releases/latest\""
        );
    };
    Ok(match look(&address).await {
        Ok(seen) => {
            output::line(&seen.words());
            ExitCode::SUCCESS
        }
        Err(error) => {
            output::error_line(&format!("{}\nwhat to do: {}", unknown(&error), error.remedy()));
            ExitCode::from(EXIT_ANSWER_IS_ERROR)
        }
    })
}

/// What is published, beside this version.
pub(super) enum Published {
    /// Nothing that is newer; what is there, where that is older.
    NothingNewer(Option<Release>),
    Newer(Release),
}

impl Published {
    pub(super) fn words(&self) -> String {
        match self {
            Self::NothingNewer(None) => format!("{VERSION} is the newest"),
            Self::NothingNewer(Some(older)) => {
                format!("{VERSION} is the newest ({} is published)", older.version())
            }
            Self::Newer(release) => {
                let page = release.page().map(|page| format!(" ({page})")).unwrap_or_default();
                format!("{} is there{page}; you have {VERSION}", release.version())
            }
        }
    }
}

/// Asks the address, once.
pub(super) async fn look(address: &ReleaseAddress) -> Result<Published, ReleaseError> {
    let release = Release::ask(address).await?;
    Ok(match release.compared_with(VERSION) {
        Some(Ordering::Greater) => Published::Newer(release),
        Some(Ordering::Less) => Published::NothingNewer(Some(release)),
        Some(Ordering::Equal) | None => Published::NothingNewer(None),
    })
}

/// That nothing could be found out. Where the network says why, its words are cleaned.
pub(super) fn unknown(error: &ReleaseError) -> String {
    let why = Text::line(&error.to_string()).map(|why| why.to_string()).unwrap_or_default();
    format!("it could not be found out whether there is a newer version: {why}")
}

/// What the packages call the system that this program is for.
fn system() -> String {
    let processor = match (std::env::consts::OS, std::env::consts::ARCH) {
        ("macos", "aarch64") => "arm64",
        (_, processor) => processor,
    };
    let libraries = if cfg!(target_env = "musl") { "-musl" } else { "" };
    format!("{}-{processor}{libraries}", std::env::consts::OS)
}
