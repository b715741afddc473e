//! What would be different in an assistant's file, and making it so.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use similar::{ChangeTag, TextDiff};

use super::edit::{EditError, edited, entries};
use super::entry::{Entry, Program};
use super::known::File;

const MARK: &str = "\u{feff}";

/// What is to stand in a file.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// The program whose entries these are; entries of others are never touched.
    pub program: &'a Program,
    /// Entries to put in, or to bring up to date.
    pub entries: &'a [Entry],
    /// Names of entries to take out; one that starts another program stays.
    pub removed: &'a [String],
    /// Whether all other entries of the program are taken out too.
    pub only: bool,
}

/// Why a file is not changed.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// It is there and cannot be read.
    #[error("{} cannot be read: {error}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// It is in UTF-16, or no text at all.
    #[error("{} is not text in UTF-8", .0.display())]
    NotText(PathBuf),
    /// It is not what its format asks for, or holds something else.
    #[error("{} cannot be edited: {error}", path.display())]
    Edit {
        /// The file.
        path: PathBuf,
        /// Why.
        error: EditError,
    },
    /// Another program wrote it after it was read.
    #[error("{} was changed by another program meanwhile", .0.display())]
    ChangedMeanwhile(PathBuf),
    /// It stays as it was.
    #[error("{} cannot be written: {error}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
}

impl ChangeError {
    /// What the user can do.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Read { .. } => "check who may read the file, or leave this assistant out",
            Self::NotText(_) => "open it in an editor, save it as UTF-8, and run this again",
            Self::Edit { error: EditError::Broken { .. }, .. } => {
                "mend the file at that place (the assistant cannot read it either), and run this again"
            }
            Self::Edit { error: EditError::NotAList(_), .. } => {
                "look at the file; if the assistant does not need what is there, take it out and run this again"
            }
            Self::Edit { error: EditError::OtherProgram(_), .. } => "choose another name for the entry",
            Self::Edit { error: EditError::Path, .. } => "move the program to a folder with a plain name",
            Self::ChangedMeanwhile(_) => "close the assistant and run this again",
            Self::Write { .. } => "check who may write to the file and its folder, and that the disk is not full",
        }
    }
}

/// A text file as it is now.
#[derive(Debug)]
pub struct Current {
    path: PathBuf,
    /// `None` where there is no file yet.
    text: Option<String>,
}

impl Current {
    /// Reads it.
    pub fn read(path: &Path) -> Result<Self, ChangeError> {
        let text = match std::fs::read(path) {
            Ok(bytes) => Some(String::from_utf8(bytes).map_err(|_| ChangeError::NotText(path.to_owned()))?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(ChangeError::Read { path: path.to_owned(), error }),
        };
        Ok(Self { path: path.to_owned(), text })
    }

    /// What stands in it, without a byte-order mark; nothing where there is no file.
    pub fn text(&self) -> &str {
        let text = self.text.as_deref().unwrap_or_default();
        text.strip_prefix(MARK).unwrap_or(text)
    }

    /// The change that makes it this text. A byte-order mark stays, and so do the ends of lines of another system.
    pub fn becomes(self, after: &str) -> Change {
        let before = self.text.as_deref().unwrap_or_default();
        let mark = if before.starts_with(MARK) { MARK } else { "" };
        let is_windows = before.contains("\r\n");
        let after = if is_windows { after.replace("\r\n", "\n").replace('\n', "\r\n") } else { after.to_owned() };
        Change { path: self.path, before: self.text, after: format!("{mark}{after}") }
    }
}

/// A change that is planned and not made yet.
#[derive(Debug)]
pub struct Change {
    path: PathBuf,
    before: Option<String>,
    after: String,
}

impl Change {
    /// Reads an assistant's file and works out what would stand in it.
    pub fn plan(file: &File, wanted: Wanted<'_>) -> Result<Self, ChangeError> {
        let current = Current::read(&file.path)?;
        let fail = |error| ChangeError::Edit { path: file.path.clone(), error };
        let text = current.text();
        let mut removed = wanted.removed.to_vec();
        if wanted.only {
            let own =
                entries(text, file.format).map_err(fail)?.into_iter().filter(|found| found.starts(wanted.program));
            removed.extend(own.map(|found| found.name));
        }
        let after = edited(text, file.format, wanted.program, wanted.entries, &removed).map_err(fail)?;
        Ok(current.becomes(&after))
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether there is nothing to do.
    pub fn is_nothing(&self) -> bool {
        self.before.as_deref().unwrap_or_default() == self.after
    }

    /// The lines that go (`-`) and come (`+`), each with its end. What variables hold is hidden: it may be a key.
    pub fn shown(&self) -> String {
        let before = self.before.as_deref().unwrap_or_default();
        let diff = TextDiff::from_lines(before, &self.after);
        let mut shown = String::new();
        for change in diff.iter_all_changes() {
            let sign = match change.tag() {
                ChangeTag::Equal => continue,
                ChangeTag::Delete => '-',
                ChangeTag::Insert => '+',
            };
            shown.push(sign);
            shown.push(' ');
            shown.push_str(&without_values(change.value().trim_end_matches(['\r', '\n'])));
            shown.push('\n');
        }
        shown
    }

    /// Makes the change, all of it or nothing; gives the copy of the file as it was, if there was one. A file that changed
    /// since it was read stays.
    pub fn write(&self) -> Result<Option<PathBuf>, ChangeError> {
        if self.is_nothing() {
            return Ok(None);
        }
        if Current::read(&self.path)?.text != self.before {
            return Err(ChangeError::ChangedMeanwhile(self.path.clone()));
        }
        let fail = |error| ChangeError::Write { path: self.path.clone(), error };
        // A link to a file elsewhere stays a link.
        let path = std::fs::canonicalize(&self.path).unwrap_or_else(|_| self.path.clone());
        let folder = path.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder).map_err(fail)?;
        let copy = match &self.before {
            Some(before) => Some(keep_copy(&path, before).map_err(fail)?),
            None => None,
        };
        let mut file = tempfile::NamedTempFile::new_in(folder).map_err(fail)?;
        file.write_all(self.after.as_bytes()).map_err(fail)?;
        if let Ok(metadata) = std::fs::metadata(&path) {
            file.as_file().set_permissions(metadata.permissions()).map_err(fail)?;
        }
        file.as_file().sync_all().map_err(fail)?;
        file.persist(&path).map_err(|error| fail(error.error))?;
        Ok(copy)
    }
}

/// Beside the file, under the first name that is free; readable by whoever may read the file.
fn keep_copy(path: &Path, text: &str) -> io::Result<PathBuf> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut number = 1;
    loop {
        let last = if number == 1 { String::new() } else { format!("-{number}") };
        let copy = path.with_file_name(format!("{name}.backup{last}"));
        match std::fs::OpenOptions::new().write(true).create_new(true).open(&copy) {
            Ok(mut file) => {
                file.set_permissions(std::fs::metadata(path)?.permissions())?;
                file.write_all(text.as_bytes())?;
                file.sync_all()?;
                return Ok(copy);
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
            Err(error) => return Err(error),
        }
    }
}

/// A line without what variables hold: names in capitals are variables, in JSON and in TOML.
fn without_values(line: &str) -> String {
    let mut shown = String::new();
    let mut rest = line;
    while let Some(at) = rest.find([':', '=']) {
        let (name, value) = rest.split_at(at + 1);
        let word = name.trim_end_matches([':', '=']).trim_end().trim_end_matches('"');
        let word = word.rsplit(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap_or_default();
        let is_variable = 1 < word.len() && word.chars().all(|c| !c.is_ascii_lowercase());
        shown.push_str(name);
        let spaces = value.len() - value.trim_start().len();
        rest = value;
        if is_variable && let Some(text) = value.trim_start().strip_prefix('"') {
            let mut escaped = false;
            let end = text.find(|c: char| {
                let ends = c == '"' && !escaped;
                escaped = c == '\\' && !escaped;
                ends
            });
            shown.push_str(value.get(..spaces).unwrap_or_default());
            shown.push_str("\"…\"");
            rest = end.and_then(|end| text.get(end + 1..)).unwrap_or_default();
        }
    }
    shown + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::known::{Assistant, Format};

    const ENTRY: &str = "spectora";

    fn file(path: PathBuf) -> File {
        File { assistant: Assistant::ClaudeDesktop, path, format: Format::Json { servers: "mcpServers", typed: false } }
    }

    fn entry() -> Entry {
        Entry {
            name: ENTRY.to_owned(),
            command: "/opt/spectora-mcp".into(),
            arguments: vec!["serve".to_owned()],
            environment: vec![("SPECTORA_API_KEY".to_owned(), "example-key-\"1".to_owned())],
        }
    }

    static PROGRAM: std::sync::LazyLock<Program> =
        std::sync::LazyLock::new(|| Program { name: "spectora-mcp".to_owned(), path: "/opt/spectora-mcp".into() });

    fn wanted(entries: &[Entry]) -> Wanted<'_> {
        Wanted { program: &PROGRAM, entries, removed: &[], only: true }
    }

    #[test]
    fn a_change_is_shown_without_keys_made_once_and_undone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.json");
        let before = "\u{feff}{\r\n  \"mcpServers\": {\r\n    \"old\": {\"command\": \"/x/spectora-mcp\"},\r\n    \"a\": {\"command\": \
                      \"a\", \"env\": {\"TOKEN\": \"secret-1\"}}\r\n  }\r\n}\r\n";
        std::fs::write(&path, before).unwrap();
        let entries = [entry()];
        let change = Change::plan(&file(path.clone()), wanted(&entries)).unwrap();
        let shown = change.shown();
        assert!(!shown.contains("example-key") && !shown.contains("secret-1") && shown.contains("spectora"), "{shown}");
        let copy = change.write().unwrap().unwrap();
        assert_eq!(std::fs::read_to_string(&copy).unwrap(), before);
        let after = std::fs::read_to_string(&path).unwrap();
        assert!(after.starts_with(MARK) && after.contains("secret-1") && !after.contains("\"old\""), "{after}");
        assert_eq!(after.matches('\n').count(), after.matches("\r\n").count());
        let again = Change::plan(&file(path.clone()), wanted(&entries)).unwrap();
        assert!(again.is_nothing() && again.write().unwrap().is_none());
        let undone = Change::plan(&file(path.clone()), wanted(&[])).unwrap();
        assert_ne!(undone.write().unwrap().unwrap(), copy, "the first copy stays");
        let left = std::fs::read_to_string(&path).unwrap();
        assert!(left.contains("secret-1") && !left.contains("spectora"), "{left}");
    }

    #[test]
    fn a_file_that_changed_meanwhile_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sub").join("config.json");
        let entries = [entry()];
        let change = Change::plan(&file(path.clone()), wanted(&entries)).unwrap();
        assert!(change.write().unwrap().is_none(), "there was no file to copy");
        std::fs::write(&path, "{}").unwrap();
        let change = Change::plan(&file(path.clone()), wanted(&entries)).unwrap();
        std::fs::write(&path, "{ }").unwrap();
        assert!(matches!(change.write(), Err(ChangeError::ChangedMeanwhile(_))));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "{ }");
        std::fs::write(&path, [0xff, 0xfe, b'{', 0]).unwrap();
        assert!(matches!(Change::plan(&file(path), wanted(&entries)), Err(ChangeError::NotText(_))));
    }

    #[test]
    fn values_of_variables_are_hidden_in_both_formats() {
        assert_eq!(
            without_values(r#"  "env": {"A_KEY": "x\"y", "B": 1, "CD":"z"},"#),
            r#"  "env": {"A_KEY": "…", "B": 1, "CD":"…"},"#
        );
        assert_eq!(without_values(r#"A_KEY = "x" # why"#), r#"A_KEY = "…" # why"#);
        assert_eq!(without_values(r#""command": "/opt/a""#), r#""command": "/opt/a""#);
    }
}
