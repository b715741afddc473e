//! An assistant's file as text: reading its entries, putting some in, taking some out. What is not asked for stays as it
//! is, byte for byte: other entries, comments, order, indentation.

mod json;
mod toml;

use super::entry::{Entry, Program};
use super::known::Format;

/// Why a file cannot be edited. Nothing of its text is repeated but names: it may hold keys.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// It is not what its format asks for.
    #[error("line {line}, column {column}: {reason}")]
    Broken {
        /// From 1.
        line: usize,
        /// From 1, in characters.
        column: usize,
        /// What was expected there.
        reason: String,
    },
    /// Something else stands where servers should be listed.
    #[error("`{0}` is there, but does not hold named entries")]
    NotAList(String),
    /// The name is taken.
    #[error("there is an entry `{0}` that starts another program")]
    OtherProgram(String),
    /// The program's path cannot be written down.
    #[error("the path of the program is no Unicode text")]
    Path,
}

/// An entry as it stands in a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// What the assistant calls the server.
    pub name: String,
    /// Empty where there is none: the entry of a server at an address.
    pub command: String,
    /// What it is started with.
    pub arguments: Vec<String>,
    /// The names of its variables; what they hold may be a key.
    pub variables: Vec<String>,
}

impl Found {
    /// Whether it starts this program.
    pub fn starts(&self, program: &Program) -> bool {
        program.is_started_by(&self.command, &self.arguments)
    }
}

/// The entries of a file with this text, in its order.
pub fn entries(text: &str, format: Format) -> Result<Vec<Found>, EditError> {
    match format {
        Format::Json { servers, .. } => json::entries(text, servers),
        Format::Toml { servers } => toml::entries(text, servers),
    }
}

/// The text with these entries in it and without those named in `removed`. An entry that is there already keeps what it has
/// besides (whether it is switched off, what needs no confirmation); of its variables, those of other programs. One that
/// starts another program than `program` is never changed.
pub(crate) fn edited(
    text: &str,
    format: Format,
    program: &Program,
    wanted: &[Entry],
    removed: &[String],
) -> Result<String, EditError> {
    let others: Vec<String> =
        entries(text, format)?.into_iter().filter(|found| !found.starts(program)).map(|found| found.name).collect();
    if let Some(taken) = wanted.iter().find(|entry| others.contains(&entry.name)) {
        return Err(EditError::OtherProgram(taken.name.clone()));
    }
    let removed: Vec<&String> = removed.iter().filter(|name| !others.contains(name)).collect();
    match format {
        Format::Json { servers, typed } => json::edited(text, servers, typed, wanted, &removed),
        Format::Toml { servers } => toml::edited(text, servers, wanted, &removed),
    }
}

/// Variables of ours begin so; what an entry is given besides stays.
const OWN_VARIABLES: &str = "SPECTORA_";

#[cfg(test)]
mod tests {
    use super::*;

    const JSON: Format = Format::Json { servers: "mcpServers", typed: false };
    const TOML: Format = Format::Toml { servers: "mcp_servers" };

    fn entry(name: &str) -> Entry {
        Entry {
            name: name.to_owned(),
            command: "/opt/spectora-mcp".into(),
            arguments: vec!["serve".to_owned()],
            environment: Vec::new(),
        }
    }

    fn program() -> Program {
        Program { name: "spectora-mcp".to_owned(), path: "/opt/spectora-mcp".into() }
    }

    fn put(text: &str, format: Format, names: &[&str]) -> String {
        let wanted: Vec<Entry> = names.iter().map(|name| entry(name)).collect();
        edited(text, format, &program(), &wanted, &[]).unwrap()
    }

    #[test]
    fn comments_order_and_indentation_stay() {
        let before = "{\n    // mine\n    \"theme\": \"dark\", /* why */\n    \"mcpServers\": {\n        \"files\": {\"command\": \
                      \"npx\", \"args\": [\"files\"]}, // keep\n    },\n}\n";
        let after = put(before, JSON, &["spectora"]);
        for kept in [
            "// mine",
            "\"theme\": \"dark\", /* why */",
            "\"files\": {\"command\": \"npx\", \"args\": [\"files\"]}",
            "// keep",
        ] {
            assert!(after.contains(kept), "{kept}: {after}");
        }
        assert_eq!(put(&after, JSON, &["spectora"]), after, "twice is once");
        let names: Vec<String> = entries(&after, JSON).unwrap().into_iter().map(|found| found.name).collect();
        assert_eq!(names, ["files", "spectora"]);
        let removed = edited(&after, JSON, &program(), &[], &["spectora".to_owned(), "files".to_owned()]).unwrap();
        let names: Vec<String> = entries(&removed, JSON).unwrap().into_iter().map(|found| found.name).collect();
        assert_eq!(names, ["files"], "another program's entry is never removed: {removed}");
        assert!(removed.contains("// keep") && removed.contains("// mine"), "{removed}");
    }

    #[test]
    fn an_empty_file_becomes_one_with_the_entry() {
        for before in ["", "\n", "{}", "{ \"mcpServers\": {} }"] {
            let after = put(before, JSON, &["a", "b"]);
            let names: Vec<String> = entries(&after, JSON).unwrap().into_iter().map(|found| found.name).collect();
            assert_eq!(names, ["a", "b"], "{before:?}: {after}");
        }
        let typed = put("", Format::Json { servers: "servers", typed: true }, &["a"]);
        assert!(typed.contains("\"type\": \"stdio\""), "{typed}");
        assert!(
            put("", TOML, &["a"]).contains("[mcp_servers.a]\ncommand = \"/opt/spectora-mcp\"\nargs = [\"serve\"]\n")
        );
    }

    #[test]
    fn an_entry_keeps_what_is_not_ours() {
        let before = r#"{"mcpServers": {"s": {"command": "/old/spectora-mcp", "args": ["serve", "--x"], "disabled": true,
            "env": {"HTTPS_PROXY": "http://127.0.0.1:9", "SPECTORA_API_KEY": "old"}}}}"#;
        let after = put(before, JSON, &["s"]);
        assert!(
            after.contains("\"disabled\": true") && after.contains("HTTPS_PROXY") && !after.contains("old"),
            "{after}"
        );
        let mut with_key = entry("s");
        with_key.environment = vec![("SPECTORA_API_KEY".to_owned(), "new".to_owned())];
        let after = edited(&after, JSON, &program(), &[with_key], &[]).unwrap();
        assert!(after.contains("\"SPECTORA_API_KEY\": \"new\"") && after.contains("HTTPS_PROXY"), "{after}");
        let before = "# mine\n[mcp_servers.s]\ncommand = \"/old/spectora-mcp\" # here\nargs = []\nstartup_timeout_sec = 20\n\n[mcp_servers.s.env]\nSPECTORA_API_KEY = \"old\"\nA = \"1\"\n\n[other]\nx = 1\n";
        let after = put(before, TOML, &["s"]);
        for kept in ["# mine", "startup_timeout_sec = 20", "A = \"1\"", "[other]\nx = 1"] {
            assert!(after.contains(kept), "{kept}: {after}");
        }
        assert!(!after.contains("old"), "{after}");
        assert_eq!(put(&after, TOML, &["s"]), after, "twice is once");
    }

    #[test]
    fn what_cannot_be_edited_is_said_and_where() {
        let broken = edited("{\n  \"mcpServers\": {\n    \"a\" {}\n  }\n}", JSON, &program(), &[entry("s")], &[]);
        assert!(matches!(broken, Err(EditError::Broken { line: 3, .. })), "{broken:?}");
        let broken = edited("a = 1\nb = = 2\n", TOML, &program(), &[entry("s")], &[]);
        assert!(matches!(broken, Err(EditError::Broken { line: 2, .. })), "{broken:?}");
        let list = edited("{\"mcpServers\": []}", JSON, &program(), &[entry("s")], &[]);
        assert_eq!(list, Err(EditError::NotAList("mcpServers".to_owned())));
        let list = edited("[]", JSON, &program(), &[entry("s")], &[]);
        assert!(matches!(list, Err(EditError::NotAList(_))), "{list:?}");
        let taken = edited(r#"{"mcpServers": {"s": {"command": "node"}}}"#, JSON, &program(), &[entry("s")], &[]);
        assert_eq!(taken, Err(EditError::OtherProgram("s".to_owned())));
    }
}
