//! `generate`: what packages carry beside the program.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, CommandFactory as _, Subcommand};
use clap_complete::Shell;

use super::Cli;

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
}

pub(super) fn run(args: &GenerateArgs) -> anyhow::Result<ExitCode> {
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
    }
    Ok(ExitCode::SUCCESS)
}
