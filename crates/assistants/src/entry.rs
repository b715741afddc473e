//! An entry of an assistant's file.

use std::path::{Path, PathBuf};

/// How an assistant starts a server over stdio.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What the assistant calls the server.
    pub name: String,
    /// The program, as an absolute path: assistants start it without a shell.
    pub command: PathBuf,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// Variables it is given.
    pub environment: Vec<(String, String)>,
}

/// The program whose entries are put in and taken out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// What its file is called, and its packages.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
}

impl Program {
    /// Whether an entry with this command and these arguments starts it: the file at its path, any file of its name, or its
    /// package by `npx` and the like, which take the name as an argument.
    pub(crate) fn is_started_by(&self, command: &str, arguments: &[String]) -> bool {
        // Paths of the other system too: a file may have been copied.
        let file = command.rsplit(['/', '\\']).next().unwrap_or(command);
        let stem = file.strip_suffix(".exe").or_else(|| file.strip_suffix(".cmd")).unwrap_or(file);
        let is_named = |argument: &String| {
            *argument == self.name || argument.split_once('@').is_some_and(|(name, _)| name == self.name)
        };
        self.path.to_str() == Some(command)
            || stem == self.name
            || (matches!(stem, "npx" | "uvx" | "bunx") && arguments.iter().any(is_named))
    }
}

impl Entry {
    /// The command as text; a path that is no Unicode cannot stand in JSON.
    pub(crate) fn command_text(&self) -> Option<&str> {
        Path::to_str(&self.command)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_known_by_its_file_or_its_package() {
        let starts = |command: &str, arguments: &[&str]| {
            let arguments: Vec<String> = arguments.iter().map(|one| (*one).to_owned()).collect();
            let program = Program { name: "spectora-mcp".to_owned(), path: "/opt/renamed".into() };
            program.is_started_by(command, &arguments)
        };
        assert!(starts("/usr/local/bin/spectora-mcp", &["serve"]));
        assert!(starts(r"C:\Programs\spectora-mcp.exe", &[]));
        assert!(starts("npx", &["-y", "spectora-mcp@1.2.0", "serve"]) && starts("uvx", &["spectora-mcp", "serve"]));
        assert!(starts("/opt/renamed", &[]));
        assert!(!starts("npx", &["-y", "other"]) && !starts("/bin/other", &["spectora-mcp"]));
        assert!(!starts("/bin/spectora-mcp-wrapper", &[]));
    }
}
