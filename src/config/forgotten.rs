//! The file of people who were forgotten: ids alone, by company. It stands in the data folder, beside the mirrors.

use std::collections::BTreeMap;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml_edit::{Array, DocumentMut, Item, Table, value};

use super::error::ConfigError;
use domain::{ClientId, CompanyName, ConnectionId};
use spectora::Forgotten;

/// Its name in the data folder.
const FILE_NAME: &str = "forgotten.toml";
/// What stands at its beginning.
const HEAD: &str = "# People whom spectora-mcp forgot: their ids in Spectora, and nothing else about them.\n\
                    # `spectora-mcp privacy forget` writes this file. While an id stands here, nothing that Spectora says of\n\
                    # that person is stored or shown; delete it, and it is read again.\n\n";

/// Somebody who can be forgotten.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Person {
    /// By the id of the client.
    Client(ClientId),
    /// By the id of the agent's connection to the company.
    Agent(ConnectionId),
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct People {
    clients: Vec<String>,
    agents: Vec<String>,
}

/// The file as it was read.
#[derive(Clone, Debug)]
pub struct ForgottenFile {
    path: PathBuf,
    companies: BTreeMap<CompanyName, Forgotten>,
}

impl ForgottenFile {
    /// Where it stands.
    pub fn path_in(data_folder: &Path) -> PathBuf {
        data_folder.join(FILE_NAME)
    }

    /// The one in this folder; nobody is forgotten where there is none. One that cannot be used is an error: as long as it
    /// is not clear whom it names, nobody's data may be read.
    pub fn read(data_folder: &Path) -> Result<Self, ConfigError> {
        let path = Self::path_in(data_folder);
        let unusable = |reason: String| ConfigError::Forgotten { path: path.clone(), reason };
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => String::new(),
            Err(error) => return Err(unusable(error.to_string())),
        };
        let raw: BTreeMap<String, People> = toml::from_str(&text).map_err(|error| {
            let start = error.span().map_or(0, |span| span.start);
            let line = 1 + text.get(..start).map_or(0, |before| before.matches('\n').count());
            unusable(format!("line {line} is not understood"))
        })?;
        let mut companies = BTreeMap::new();
        for (name, people) in raw {
            let no_id = |_| unusable(format!("what stands under [{name}] is not only ids"));
            let clients = people.clients.iter().map(|id| id.parse().map_err(no_id)).collect::<Result<_, _>>()?;
            let agents = people.agents.iter().map(|id| id.parse().map_err(no_id)).collect::<Result<_, _>>()?;
            let company = name.parse().map_err(|_| unusable("a heading is no name of a company".to_owned()))?;
            companies.insert(company, Forgotten { clients, agents, clients_before: None });
        }
        Ok(Self { path, companies })
    }

    /// Where it stands.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whom a company forgot.
    pub fn of(&self, company: &CompanyName) -> Forgotten {
        self.companies.get(company).cloned().unwrap_or_default()
    }

    /// Adds somebody; whether they were not there.
    pub fn add(&mut self, company: &CompanyName, person: &Person) -> bool {
        let people = self.companies.entry(company.clone()).or_default();
        match person {
            Person::Client(id) => people.clients.insert(id.clone()),
            Person::Agent(id) => people.agents.insert(id.clone()),
        }
    }

    /// Takes somebody out; whether they were there.
    pub fn remove(&mut self, company: &CompanyName, person: &Person) -> bool {
        let Some(people) = self.companies.get_mut(company) else { return false };
        match person {
            Person::Client(id) => people.clients.remove(id),
            Person::Agent(id) => people.agents.remove(id),
        }
    }

    /// Writes it, in one step, readable by its user alone. The folder must be there.
    ///
    /// # Errors
    /// When the file system refuses, in its words.
    pub fn write(&self) -> std::io::Result<()> {
        let mut text = DocumentMut::new();
        for (company, people) in self.companies.iter().filter(|(_, people)| !people.is_empty()) {
            let mut table = Table::new();
            let clients: Array = people.clients.iter().map(ClientId::as_str).collect();
            let agents: Array = people.agents.iter().map(ConnectionId::as_str).collect();
            for (name, ids) in [("clients", clients), ("agents", agents)] {
                if !ids.is_empty() {
                    table.insert(name, value(ids));
                }
            }
            text.insert(company.as_str(), Item::Table(table));
        }
        let folder = self.path.parent().unwrap_or(Path::new("."));
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        write!(file, "{HEAD}{text}")?;
        file.as_file().sync_all()?;
        file.persist(&self.path)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_come_and_go_and_the_file_holds_ids_alone() {
        let folder = tempfile::tempdir().unwrap();
        let (one, two): (CompanyName, CompanyName) = ("one".parse().unwrap(), "two".parse().unwrap());
        let mut file = ForgottenFile::read(folder.path()).unwrap();
        assert!(file.of(&one).is_empty());
        let client = Person::Client("12".parse().unwrap());
        assert!(file.add(&one, &client) && !file.add(&one, &client));
        assert!(file.add(&one, &Person::Agent("70001".parse().unwrap())));
        assert!(file.add(&two, &client));
        file.write().unwrap();
        let text = std::fs::read_to_string(file.path()).unwrap();
        assert!(
            text.ends_with("[one]\nclients = [\"12\"]\nagents = [\"70001\"]\n\n[two]\nclients = [\"12\"]\n"),
            "{text}"
        );
        let mut file = ForgottenFile::read(folder.path()).unwrap();
        assert_eq!(file.of(&one).clients.iter().map(ToString::to_string).collect::<Vec<_>>(), ["12"]);
        assert!(file.remove(&two, &client) && !file.remove(&two, &client));
        file.write().unwrap();
        assert!(ForgottenFile::read(folder.path()).unwrap().of(&two).is_empty());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(std::fs::metadata(file.path()).unwrap().permissions().mode() & 0o077, 0);
        }
    }

    #[test]
    fn a_file_that_is_not_understood_is_an_error_and_never_nobody() {
        let folder = tempfile::tempdir().unwrap();
        for text in [
            "[one\n",
            "[one]\nclient = [\"1\"]\n",
            "[one]\nclients = [\"not an id\\n\"]\n",
            "[\"A B\"]\nclients = []\n",
        ] {
            std::fs::write(ForgottenFile::path_in(folder.path()), text).unwrap();
            assert!(ForgottenFile::read(folder.path()).is_err(), "{text}");
        }
    }
}
