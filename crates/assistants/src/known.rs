//! Which assistants there are, and where their files lie.

use std::path::PathBuf;

/// An assistant whose file of servers is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Assistant {
    /// Anthropic's application.
    ClaudeDesktop,
    /// Anthropic's assistant in a terminal.
    ClaudeCode,
    /// The editor.
    Cursor,
    /// Microsoft's editor, with Copilot.
    VsCode,
    /// The editor.
    Windsurf,
    /// Google's assistant in a terminal.
    GeminiCli,
    /// Models on the own machine.
    LmStudio,
    /// OpenAI's assistant in a terminal.
    Codex,
}

/// An operating system, by where it keeps settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum System {
    /// And its like.
    Linux,
    /// Apple's.
    MacOs,
    /// Microsoft's.
    Windows,
}

impl System {
    /// The one this program was built for.
    pub fn this() -> Self {
        if cfg!(windows) {
            Self::Windows
        } else if cfg!(target_os = "macos") {
            Self::MacOs
        } else {
            Self::Linux
        }
    }
}

/// The folders of the user.
#[derive(Clone, Debug)]
pub struct Places {
    /// By which of them the others are.
    pub system: System,
    /// The user's own folder.
    pub home: PathBuf,
    /// Where programs keep settings: `%APPDATA%`, `~/Library/Application Support`, or `~/.config`.
    pub settings: PathBuf,
    /// `%LOCALAPPDATA%`; elsewhere `None`.
    pub local: Option<PathBuf>,
}

/// How a file lists servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// JSON, with comments and trailing commas where the assistant allows them; servers are the properties of the object of
    /// this name.
    Json {
        /// The object's name.
        servers: &'static str,
        /// Whether an entry says that it is of the type `stdio`.
        typed: bool,
    },
    /// TOML; servers are the tables below the one of this name.
    Toml {
        /// The table's name.
        servers: &'static str,
    },
}

/// A file in which an assistant lists servers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Whose it is.
    pub assistant: Assistant,
    /// Where it is, or would be.
    pub path: PathBuf,
    /// How it is written.
    pub format: Format,
}

const MCP_SERVERS: Format = Format::Json { servers: "mcpServers", typed: false };
/// The name under which the Microsoft Store keeps Claude Desktop; that build reads its settings there and nowhere else.
const CLAUDE_PACKAGE: &str = "Claude_pzs8sxrjxfjjc";

impl Assistant {
    /// Every one, the most used first.
    pub const ALL: [Self; 8] = [
        Self::ClaudeDesktop,
        Self::ClaudeCode,
        Self::Cursor,
        Self::VsCode,
        Self::Windsurf,
        Self::GeminiCli,
        Self::LmStudio,
        Self::Codex,
    ];

    /// Its name, as its makers write it.
    pub fn title(self) -> &'static str {
        match self {
            Self::ClaudeDesktop => "Claude Desktop",
            Self::ClaudeCode => "Claude Code",
            Self::Cursor => "Cursor",
            Self::VsCode => "VS Code",
            Self::Windsurf => "Windsurf",
            Self::GeminiCli => "Gemini CLI",
            Self::LmStudio => "LM Studio",
            Self::Codex => "Codex",
        }
    }

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::ClaudeDesktop => "claude-desktop",
            Self::ClaudeCode => "claude-code",
            Self::Cursor => "cursor",
            Self::VsCode => "vs-code",
            Self::Windsurf => "windsurf",
            Self::GeminiCli => "gemini-cli",
            Self::LmStudio => "lm-studio",
            Self::Codex => "codex",
        }
    }

    /// What a user does so that the assistant reads its file again.
    pub fn restart(self) -> &'static str {
        match self {
            Self::ClaudeDesktop => "quit (closing the window is not enough) and open it again",
            Self::ClaudeCode | Self::GeminiCli | Self::Codex => "start a new session",
            Self::Cursor | Self::VsCode | Self::Windsurf => "reload the window, or quit and open it again",
            Self::LmStudio => "nothing more is needed",
        }
    }

    /// Its files for these folders, whether they are there or not. Claude Desktop has two on Windows.
    pub fn files(self, places: &Places) -> Vec<File> {
        let Places { system, home, settings, local } = places;
        let file = |path: PathBuf, format| File { assistant: self, path, format };
        match self {
            Self::ClaudeDesktop => {
                let packaged = local.as_ref().filter(|_| *system == System::Windows).map(|local| {
                    let package = local.join("Packages").join(CLAUDE_PACKAGE);
                    package.join("LocalCache").join("Roaming").join("Claude")
                });
                let folders = packaged.into_iter().chain([settings.join("Claude")]);
                folders.map(|folder| file(folder.join("claude_desktop_config.json"), MCP_SERVERS)).collect()
            }
            // The servers of all projects.
            Self::ClaudeCode => {
                vec![file(home.join(".claude.json"), Format::Json { servers: "mcpServers", typed: true })]
            }
            Self::Cursor => vec![file(home.join(".cursor").join("mcp.json"), MCP_SERVERS)],
            Self::VsCode => {
                let path = settings.join("Code").join("User").join("mcp.json");
                vec![file(path, Format::Json { servers: "servers", typed: true })]
            }
            Self::Windsurf => vec![file(home.join(".codeium").join("windsurf").join("mcp_config.json"), MCP_SERVERS)],
            Self::GeminiCli => vec![file(home.join(".gemini").join("settings.json"), MCP_SERVERS)],
            Self::LmStudio => vec![file(home.join(".lmstudio").join("mcp.json"), MCP_SERVERS)],
            Self::Codex => {
                vec![file(home.join(".codex").join("config.toml"), Format::Toml { servers: "mcp_servers" })]
            }
        }
    }

    /// Its files on this machine: those whose folder is there, because the assistant makes it when it is installed. Claude
    /// Code's file lies in the home itself and must be there.
    pub fn installed(self, places: &Places) -> Vec<File> {
        let is_installed = |file: &File| match self {
            Self::ClaudeCode => file.path.is_file() || places.home.join(".claude").is_dir(),
            _ => file.path.parent().is_some_and(std::path::Path::is_dir),
        };
        self.files(places).into_iter().filter(is_installed).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_package_folder_of_windows_comes_before_the_usual_one() {
        let home = tempfile::tempdir().unwrap();
        let settings = home.path().join("AppData").join("Roaming");
        let local = home.path().join("AppData").join("Local");
        let places = Places { system: System::Windows, home: home.path().into(), settings, local: Some(local.clone()) };
        assert_eq!(Assistant::ClaudeDesktop.files(&places).len(), 2);
        assert!(Assistant::ClaudeDesktop.installed(&places).is_empty());
        let folder = local.join("Packages/Claude_pzs8sxrjxfjjc/LocalCache/Roaming/Claude");
        std::fs::create_dir_all(&folder).unwrap();
        let installed = Assistant::ClaudeDesktop.installed(&places);
        assert_eq!(installed.len(), 1);
        assert_eq!(installed[0].path, folder.join("claude_desktop_config.json"));
    }

    #[test]
    fn only_what_is_installed_is_found() {
        let home = tempfile::tempdir().unwrap();
        let path = |part: &str| home.path().join(part);
        let places = Places { system: System::Linux, home: home.path().into(), settings: path(".config"), local: None };
        let found = || -> Vec<&str> {
            let installed = |one: &Assistant| !one.installed(&places).is_empty();
            Assistant::ALL.into_iter().filter(installed).map(Assistant::name).collect()
        };
        assert!(found().is_empty());
        for folder in [".config/Claude", ".cursor", ".config/Code/User", ".codeium/windsurf", ".codex"] {
            std::fs::create_dir_all(path(folder)).unwrap();
        }
        std::fs::write(path(".claude.json"), "{}").unwrap();
        assert_eq!(found(), ["claude-desktop", "claude-code", "cursor", "vs-code", "windsurf", "codex"]);
    }
}
