//! Companies put into `spectora.toml` and taken out; all else in it, comments too, stays as it is.

use std::path::Path;

use toml_edit::{DocumentMut, InlineTable, Item, Table, TableLike, value};

use super::error::ConfigError;
use super::file;
use domain::CompanyName;

/// Where the key of a new company is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyPlace {
    /// In the system's keychain, under the company's name.
    Keychain,
    /// In a file; relative paths start from the folder of `spectora.toml`.
    File(String),
}

/// A company to be written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewCompany {
    /// Its name.
    pub name: CompanyName,
    /// Its key.
    pub key: KeyPlace,
    /// Its zone, an IANA name.
    pub timezone: String,
}

/// What a setting is set to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Setting {
    /// A text.
    Text(String),
    /// A whole number.
    Number(i64),
    /// True or false.
    Flag(bool),
    /// Texts by name.
    Table(Vec<(&'static str, String)>),
}

/// A configuration file as text that can be changed.
#[derive(Debug)]
pub struct WrittenConfig(DocumentMut);

impl WrittenConfig {
    /// From the text of the file at `path`, which errors name. One that cannot be used is refused as it is when it is
    /// loaded.
    pub fn parse(text: &str, path: &Path) -> Result<Self, ConfigError> {
        file::parse(text, path)?.api.corrections().map_err(ConfigError::Correction)?;
        let broken = |_| ConfigError::Unreadable { path: path.to_owned(), reason: "it is no TOML".to_owned() };
        text.parse().map(Self).map_err(broken)
    }

    /// A file with nothing in it.
    pub fn empty() -> Self {
        Self(DocumentMut::new())
    }

    /// Sets `name` in a table, which is made where it is not there.
    pub fn set(&mut self, table: &[&str], name: &str, setting: &Setting) {
        let mut place: &mut dyn TableLike = self.0.as_table_mut();
        for (depth, step) in table.iter().enumerate() {
            let mut new = Table::new();
            new.set_implicit(depth + 1 < table.len());
            let Some(next) = place.entry(step).or_insert(Item::Table(new)).as_table_like_mut() else { return };
            place = next;
        }
        place.insert(
            name,
            match setting {
                Setting::Text(text) => value(text),
                Setting::Number(number) => value(*number),
                Setting::Flag(flag) => value(*flag),
                Setting::Table(parts) => {
                    let mut table = InlineTable::new();
                    for (name, text) in parts {
                        table.insert(*name, text.into());
                    }
                    value(table)
                }
            },
        );
    }

    /// The names of its companies, in its order.
    pub fn names(&self) -> Vec<String> {
        let companies = self.0.get("companies").and_then(Item::as_table_like);
        companies.map(|table| table.iter().map(|(name, _)| name.to_owned()).collect()).unwrap_or_default()
    }

    /// Puts a company in, behind all that stands there; of one that is there, the key and the zone change.
    pub fn put(&mut self, company: &NewCompany) {
        let new = self.section_at_the_end();
        let mut implicit = Table::new();
        implicit.set_implicit(true);
        let companies = self.0.entry("companies").or_insert(Item::Table(implicit));
        let is_listed = companies.is_table();
        let Some(companies) = companies.as_table_like_mut() else { return };
        let is_new = !companies.contains_key(company.name.as_str());
        let entry = companies.entry(company.name.as_str()).or_insert(Item::Table(new));
        let Some(entry) = entry.as_table_like_mut() else { return };
        let (form, place) = match &company.key {
            KeyPlace::Keychain => ("keychain", company.name.as_str()),
            KeyPlace::File(path) => ("file", path.as_str()),
        };
        let mut key = InlineTable::new();
        key.insert(form, place.into());
        entry.insert("api_key", value(key));
        entry.insert("timezone", value(&company.timezone));
        if is_new && is_listed {
            // It stands above the new section now.
            self.0.set_trailing("");
        }
    }

    /// A section that comes after everything, comments at the end of the file too: those belong to what is above them.
    fn section_at_the_end(&self) -> Table {
        let mut above = self.0.trailing().as_str().unwrap_or_default().to_owned();
        if !above.is_empty() && !above.ends_with('\n') {
            above.push('\n');
        }
        if !self.0.is_empty() || !above.is_empty() {
            above.push('\n');
        }
        let mut section = Table::new();
        section.set_position(positions(self.0.as_table()).max().map(|last| last + 1));
        section.decor_mut().set_prefix(above);
        section
    }

    /// Takes a company out, from its heading to its last setting; whether it was there. What stands above the heading stays:
    /// it may be about the whole file.
    pub fn remove(&mut self, name: &str) -> bool {
        let companies = self.0.get_mut("companies").and_then(Item::as_table_like_mut);
        let Some(removed) = companies.and_then(|companies| companies.remove(name)) else { return false };
        let Item::Table(removed) = removed else { return true };
        let above = removed.decor().prefix().and_then(|above| above.as_str()).unwrap_or_default().to_owned();
        let kept = if above.contains('#') { above.as_str() } else { "" };
        let joined = |below: &str| match below.strip_prefix('\n') {
            // The file does not begin with an empty line.
            Some(below) if above.is_empty() => below.to_owned(),
            _ => format!("{kept}{below}"),
        };
        let after = |position: &isize| removed.position().is_some_and(|own| own < *position);
        match positions(self.0.as_table()).filter(after).min() {
            Some(next) => {
                if let Some(next) = table_at(self.0.as_table_mut(), next) {
                    let below = next.decor().prefix().and_then(|below| below.as_str()).unwrap_or_default();
                    let joined = joined(below);
                    next.decor_mut().set_prefix(joined);
                }
            }
            None => {
                let joined = joined(self.0.trailing().as_str().unwrap_or_default());
                self.0.set_trailing(joined);
            }
        }
        true
    }

    /// The text.
    pub fn text(&self) -> String {
        self.0.to_string()
    }
}

/// Where the headings of a document stand among each other.
fn positions(table: &Table) -> Box<dyn Iterator<Item = isize> + '_> {
    let below = table.iter().filter_map(|(_, item)| item.as_table()).flat_map(positions);
    Box::new(below.chain(table.position()))
}

/// The table whose heading stands there.
fn table_at(table: &mut Table, position: isize) -> Option<&mut Table> {
    if table.position() == Some(position) {
        return Some(table);
    }
    table.iter_mut().filter_map(|(_, item)| item.as_table_mut()).find_map(|below| table_at(below, position))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn company(name: &str, key: KeyPlace) -> NewCompany {
        NewCompany { name: name.parse().unwrap(), key, timezone: "America/Denver".to_owned() }
    }

    #[test]
    fn a_company_comes_and_goes_and_the_rest_stays() {
        let before = "# mine\n[api]\nbase_url = \"https://x.example.com\" # why\n\n[companies.old]\napi_key = { env = \"K\" }\n\
                      monthly_budget = 9 # keep\n";
        let path = Path::new("spectora.toml");
        let mut config = WrittenConfig::parse(before, path).unwrap();
        config.put(&company("new", KeyPlace::File("keys/new".to_owned())));
        config.put(&company("old", KeyPlace::Keychain));
        assert_eq!(config.names(), ["old", "new"]);
        let after = config.text();
        for kept in ["# mine", "base_url = \"https://x.example.com\" # why", "monthly_budget = 9 # keep"] {
            assert!(after.contains(kept), "{after}");
        }
        assert!(after.contains("[companies.new]\napi_key = { file = \"keys/new\" }\ntimezone = \"America/Denver\"\n"));
        assert!(after.contains("api_key = { keychain = \"old\" }"), "{after}");
        let mut config = WrittenConfig::parse(&after, path).unwrap();
        assert!(config.remove("new") && !config.remove("new"));
        assert_eq!(config.names(), ["old"]);
        let mut config = WrittenConfig::parse("", path).unwrap();
        config.put(&company("first", KeyPlace::Keychain));
        assert_eq!(config.text().lines().next(), Some("[companies.first]"));
        assert!(WrittenConfig::parse("[companies", path).is_err());
    }

    /// What is in front of a company's heading, behind its last setting and in other tables is the same, byte for byte.
    #[test]
    fn nothing_else_in_the_file_changes() {
        const BEFORE: &str =
            "# The office's settings.\n\n# Denver\n[companies.denver] # since 2019\ntimezone   = 'America/Denver'\n";
        const DENVER_TAGS: &str = "[companies.denver.same_names]\nRadon = [ 'Radon 48 h' ]\n";
        const MIDDLE: &str = "# monthly_budget = 9\n\n# Tampa\n[companies.tampa]\ntimezone = \"America/New_York\"\n\n";
        const API: &str = "[api]\nbase_url = \"https://x.example.com\"   # why\n";
        const END: &str = "\n# the end\n# [mirror]";
        let path = Path::new("spectora.toml");
        let all = [BEFORE, DENVER_TAGS, MIDDLE, API, END].concat();
        let mut config = WrittenConfig::parse(&all, path).unwrap();
        config.put(&company("boulder", KeyPlace::File("keys/boulder".to_owned())));
        let boulder = "[companies.boulder]\napi_key = { file = \"keys/boulder\" }\ntimezone = \"America/Denver\"\n";
        assert_eq!(config.text(), format!("{all}\n\n{boulder}"));
        config.put(&company("aspen", KeyPlace::File("keys/aspen".to_owned())));
        assert_eq!(config.text(), format!("{all}\n\n{boulder}\n{}", boulder.replace("boulder", "aspen")));

        let without = |names: &[&str]| {
            let mut config = WrittenConfig::parse(&all, path).unwrap();
            assert!(names.iter().all(|name| config.remove(name)));
            config.text()
        };
        let above = "# The office's settings.\n\n# Denver\n";
        let without_denver = [above, MIDDLE, API, END].concat();
        assert_eq!(without(&["denver"]), without_denver);
        let tampa = "[companies.tampa]\ntimezone = \"America/New_York\"\n";
        assert_eq!(without(&["tampa"]), all.replace(tampa, ""));
        assert_eq!(without(&["denver", "tampa"]), without_denver.replace(tampa, ""));
        // The last one in the file, and one with nothing but settings around it.
        let mut config = WrittenConfig::parse("[companies.a]\n\n[companies.b]\n# b\n", path).unwrap();
        assert!(config.remove("a"));
        assert_eq!(config.text(), "[companies.b]\n# b\n");
        assert!(config.remove("b"));
        assert_eq!(config.text(), "# b\n");
    }
}
