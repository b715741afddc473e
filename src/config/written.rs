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

    /// Puts a company in; of one that is there, the key and the zone change.
    pub fn put(&mut self, company: &NewCompany) {
        let mut implicit = Table::new();
        implicit.set_implicit(true);
        let companies = self.0.entry("companies").or_insert(Item::Table(implicit));
        let Some(companies) = companies.as_table_like_mut() else { return };
        let entry = companies.entry(company.name.as_str()).or_insert(Item::Table(Table::new()));
        let Some(entry) = entry.as_table_like_mut() else { return };
        let (form, place) = match &company.key {
            KeyPlace::Keychain => ("keychain", company.name.as_str()),
            KeyPlace::File(path) => ("file", path.as_str()),
        };
        let mut key = InlineTable::new();
        key.insert(form, place.into());
        entry.insert("api_key", value(key));
        entry.insert("timezone", value(&company.timezone));
    }

    /// Takes a company out; whether it was there.
    pub fn remove(&mut self, name: &str) -> bool {
        let companies = self.0.get_mut("companies").and_then(Item::as_table_like_mut);
        companies.is_some_and(|companies| companies.remove(name).is_some())
    }

    /// The text.
    pub fn text(&self) -> String {
        self.0.to_string()
    }
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
}
