//! People and tokens: who may come in, and as what.

use std::sync::OnceLock;

use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Argon2, PasswordHash};
use rusqlite::{OptionalExtension as _, Transaction, params};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};

use super::attempts::{self, Attempt, Network};
use super::error::{AccessError, PageError, StoreError};
use super::secret::{SecretHash, hash_of, new_secret};
use super::store::AccessStore;
use domain::CompanyName;

/// The least characters of a passphrase.
const PASSPHRASE_CHARS_MIN: usize = 12;
/// The most bytes of a passphrase; hashing more would be work for an attacker to give.
const PASSPHRASE_BYTES_MAX: usize = 1024;
/// The most characters of a name.
const NAME_CHARS_MAX: usize = 60;
/// What a person or a token was given: a role by name, companies (none named is all), and whose work a role about one's
/// own work shows.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Given {
    /// The role's name; what it allows is configuration.
    pub role: String,
    /// Companies; empty is all.
    #[serde(default, with = "names")]
    pub companies: Vec<CompanyName>,
    /// The inspector, by id or whole name.
    #[serde(default)]
    pub inspector: Option<String>,
}

/// Company names as texts.
mod names {
    use domain::CompanyName;
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    pub(super) fn serialize<S: Serializer>(names: &[CompanyName], to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(names.iter().map(CompanyName::as_str))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<CompanyName>, D::Error> {
        let names = Vec::<String>::deserialize(from)?;
        names.iter().map(|name| name.parse().map_err(D::Error::custom)).collect()
    }
}

/// A person or a token, for a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The name.
    pub name: String,
    /// What was given.
    pub given: Given,
    /// When it was added, in milliseconds since 1970.
    pub created_at: i64,
    /// When it ends; tokens only.
    pub ends_at: Option<i64>,
    /// When it was last used, to the minute; tokens only.
    pub used_at: Option<i64>,
}

pub(super) fn check_name(name: &str) -> Result<&str, AccessError> {
    let name = name.trim();
    let is_good = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '.' | '-' | '_' | '@');
    if name.is_empty() || NAME_CHARS_MAX < name.chars().count() || !name.chars().all(is_good) {
        return Err(AccessError::BadName(name.chars().take(NAME_CHARS_MAX).collect()));
    }
    Ok(name)
}

pub(super) fn given_of(text: &str) -> Result<Given, rusqlite::Error> {
    serde_json::from_str(text)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, Box::new(error)))
}

fn text_of(given: &Given) -> String {
    serde_json::to_string(given).unwrap_or_default()
}

/// Argon2id with the parameters OWASP names (19 MiB, two passes, one lane): the crate's own default.
fn hashed(passphrase: &str) -> Result<String, AccessError> {
    let hash = Argon2::default().hash_password(passphrase.as_bytes());
    hash.map(|hash| hash.to_string()).map_err(|error| AccessError::Hash(error.to_string()))
}

/// Whether the passphrase is the one of this hash. Takes as long for nobody as for somebody.
fn is_passphrase(given: &str, hash: Option<&str>) -> bool {
    static NOBODY: OnceLock<String> = OnceLock::new();
    let nobody = NOBODY.get_or_init(|| hashed("nobody has this passphrase").unwrap_or_default());
    let stored = PasswordHash::new(hash.unwrap_or(nobody));
    let fits = stored.is_ok_and(|stored| Argon2::default().verify_password(given.as_bytes(), &stored).is_ok());
    fits && hash.is_some()
}

impl AccessStore {
    /// Adds a person.
    pub fn add_person(&self, name: &str, passphrase: &SecretString, given: &Given) -> Result<(), AccessError> {
        let name = check_name(name)?;
        let passphrase = passphrase.expose_secret();
        if passphrase.chars().count() < PASSPHRASE_CHARS_MIN {
            return Err(AccessError::ShortPassphrase { min: PASSPHRASE_CHARS_MIN });
        }
        let hash = hashed(passphrase)?;
        let now = self.now();
        self.with(|file| {
            let added = file.execute(
                "INSERT OR IGNORE INTO people (name, passphrase, given, created_at) VALUES (?1, ?2, ?3, ?4)",
                params![name, hash, text_of(given), now],
            )?;
            if added == 0 {
                return Err(AccessError::Taken { what: "person", name: name.to_owned() });
            }
            // A new person of an old name starts without the old one's wrong passphrases.
            attempts::forget(file, name)?;
            Ok(())
        })
    }

    /// Adds a token that ends at `ends_at` (milliseconds since 1970; `None` never). The secret is given this once.
    pub fn add_token(&self, name: &str, given: &Given, ends_at: Option<i64>) -> Result<SecretString, AccessError> {
        let name = check_name(name)?;
        let secret = new_secret("token");
        let now = self.now();
        self.with(|file| {
            let added = file.execute(
                "INSERT OR IGNORE INTO tokens (name, hash, given, created_at, ends_at) VALUES (?1, ?2, ?3, ?4, ?5)",
                params![name, hash_of(&secret).bytes(), text_of(given), now, ends_at],
            )?;
            if added == 0 {
                return Err(AccessError::Taken { what: "token", name: name.to_owned() });
            }
            Ok(())
        })?;
        Ok(secret)
    }

    /// All people, by name.
    pub fn people(&self) -> Result<Vec<Listed>, StoreError> {
        self.listed("SELECT name, given, created_at, NULL, NULL FROM people ORDER BY name")
    }

    /// All tokens, by name, ended ones too.
    pub fn tokens(&self) -> Result<Vec<Listed>, StoreError> {
        self.listed("SELECT name, given, created_at, ends_at, used_at FROM tokens ORDER BY name")
    }

    fn listed(&self, query: &str) -> Result<Vec<Listed>, StoreError> {
        self.read(|file| {
            let mut statement = file.prepare(query)?;
            let rows = statement.query_map([], |row| {
                Ok(Listed {
                    name: row.get(0)?,
                    given: given_of(&row.get::<_, String>(1)?)?,
                    created_at: row.get(2)?,
                    ends_at: row.get(3)?,
                    used_at: row.get(4)?,
                })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// Checks a passphrase that came from this network, slowly on purpose. Wrong ones make wait, longer each time.
    pub(super) fn sign_in(&self, name: &str, passphrase: &SecretString, network: Network) -> Result<String, PageError> {
        let name: String = name.trim().chars().take(NAME_CHARS_MAX).collect();
        let passphrase = passphrase.expose_secret();
        let attempt = Attempt::new(&name, network);
        let hash = self.with(|file| {
            attempt.begin(file, self.now())?;
            let row = file.query_row("SELECT name, passphrase FROM people WHERE name = ?1", [&name], |row| {
                Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))
            });
            Ok::<_, PageError>(row.optional()?)
        })?;
        let is_right = passphrase.len() <= PASSPHRASE_BYTES_MAX
            && is_passphrase(passphrase, hash.as_ref().map(|(_, hash)| hash.as_str()));
        let Some((name, _)) = hash.filter(|_| is_right) else { return Err(PageError::WrongPassphrase) };
        self.with(|file| Ok::<_, PageError>(attempt.succeeded(file)?))?;
        Ok(name)
    }

    /// Whose static token this is, with what it was given and when it was last used; `None` for none that is good now.
    pub(super) fn token_of(
        &self,
        file: &Transaction<'_>,
        hash: &SecretHash,
    ) -> Result<Option<(String, Given, Option<i64>)>, rusqlite::Error> {
        let now = self.now();
        let mut statement = file.prepare_cached(
            "SELECT name, given, used_at FROM tokens WHERE hash = ?1 AND (ends_at IS NULL OR ?2 < ends_at)",
        )?;
        let row = statement.query_row(params![hash.bytes(), now], |row| {
            Ok((row.get(0)?, given_of(&row.get::<_, String>(1)?)?, row.get(2)?))
        });
        row.optional()
    }
}

/// What this person was given; `None` for one who is no longer here.
pub(super) fn given_to(file: &Transaction<'_>, person: &str) -> Result<Option<Given>, rusqlite::Error> {
    let mut statement = file.prepare_cached("SELECT given FROM people WHERE name = ?1")?;
    let row = statement.query_row([person], |row| row.get::<_, String>(0));
    row.optional()?.map(|text| given_of(&text)).transpose()
}
