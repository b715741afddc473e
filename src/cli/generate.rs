//! `generate`: what packages and documents carry beside the program.

#[cfg(feature = "demo")]
mod docs;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, CommandFactory as _, Subcommand};
use clap_complete::Shell;

use super::{Cli, Global};

/// Writes shell completions or man pages into a folder, which is made where it is missing.
#[derive(Debug, Args)]
pub(super) struct GenerateArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Completions for bash, zsh, fish and PowerShell.
    Completions {
        /// The folder.
        folder: PathBuf,
    },
    /// A man page for the program, and one for each command.
    Man {
        /// The folder.
        folder: PathBuf,
    },
    /// What fields are called and which pictures answers have, for the page that is shown in a chat.
    Layouts {
        /// The file.
        file: PathBuf,
    },
    /// The pages of the documents that are made from the program: cookbook, tools, definitions, settings, commands.
    #[cfg(feature = "demo")]
    Docs {
        /// The questions of the cookbook.
        questions: PathBuf,
        /// The folder.
        folder: PathBuf,
    },
}

#[cfg_attr(not(feature = "demo"), expect(clippy::unused_async, unused_variables, reason = "documents show the demo"))]
pub(super) async fn run(global: &Global, args: &GenerateArgs) -> anyhow::Result<ExitCode> {
    let mut command = Cli::command();
    let name = command.get_name().to_owned();
    match &args.what {
        What::Completions { folder } => {
            std::fs::create_dir_all(folder)?;
            for shell in [Shell::Bash, Shell::Zsh, Shell::Fish, Shell::PowerShell] {
                clap_complete::generate_to(shell, &mut command, &name, folder)?;
            }
        }
        What::Man { folder } => {
            std::fs::create_dir_all(folder)?;
            clap_mangen::generate_to(command, folder)?;
        }
        What::Layouts { file } => std::fs::write(file, format!("{:#}\n", present::description()))?,
        #[cfg(feature = "demo")]
        What::Docs { questions, folder } => docs::write(global, questions, folder).await?,
    }
    Ok(ExitCode::SUCCESS)
}
