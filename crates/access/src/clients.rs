//! Applications that ask for a login: added by the owner, registered by themselves (RFC 7591), or described by a document at
//! the address that is their id.

use rusqlite::{OptionalExtension as _, params};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::attempts::Network;
use super::error::{AccessError, OAuthError, StoreError};
use super::people::check_name;
use super::redirects::RedirectRules;
use super::secret::{SecretHash, hash_of, new_id, new_secret};
use super::store::AccessStore;

/// The most redirects of one client.
const REDIRECTS_MAX: usize = 10;
/// The most characters of a client's name that are shown.
const NAME_CHARS_MAX: usize = 80;
/// The most clients that register themselves within [`REGISTRATION_WINDOW_MS`], over all processes.
const REGISTRATIONS_MAX: i64 = 60;
/// As many, for one that asks from a network of its own: such networks are bounded one by one too.
const REGISTRATIONS_MAX_APART: i64 = 300;
/// In milliseconds.
const REGISTRATION_WINDOW_MS: i64 = 600_000;
/// The most clients that are here at once without the owner's doing.
const CLIENTS_MAX: i64 = 2_000;

/// How a client came to be known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientKind {
    /// The owner added it.
    ByOwner,
    /// It registered itself: its name is what it says.
    Registered,
    /// Its id is the address of its document: the host is sure.
    Document,
}

/// An application.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Client {
    /// Its id, an address for [`ClientKind::Document`].
    pub id: String,
    /// The name it gives itself.
    pub name: String,
    /// How it came to be known.
    pub kind: ClientKind,
    /// Its redirects.
    pub redirects: Vec<String>,
}

/// A name a client gives itself, as it may be shown: one line, no invisible characters.
pub(super) fn shown_name(given: Option<&str>) -> String {
    match given.and_then(domain::Text::line) {
        Some(name) => name.to_string().chars().take(NAME_CHARS_MAX).collect(),
        None => "an application without a name".to_owned(),
    }
}

pub(super) fn checked_redirects(value: Option<&Value>, rules: &RedirectRules) -> Result<Vec<String>, String> {
    let given =
        value.and_then(Value::as_array).filter(|given| !given.is_empty()).ok_or("`redirect_uris` is missing")?;
    if REDIRECTS_MAX < given.len() {
        return Err(format!("`redirect_uris` holds more than {REDIRECTS_MAX}"));
    }
    let one = |value: &Value| {
        let redirect = value.as_str().ok_or("`redirect_uris` holds something that is no text")?;
        rules.check(redirect).map(|()| redirect.to_owned())
    };
    given.iter().map(one).collect()
}

impl AccessStore {
    /// A client of this id; `None` for one that is not here.
    pub(super) fn client(&self, id: &str) -> Result<Option<Client>, StoreError> {
        self.read(|file| {
            let row = file.query_row("SELECT name, redirects, by_owner FROM clients WHERE id = ?1", [id], |row| {
                let redirects: String = row.get(1)?;
                let kind = if row.get(2)? { ClientKind::ByOwner } else { ClientKind::Registered };
                let redirects = serde_json::from_str(&redirects).unwrap_or_default();
                Ok(Client { id: id.to_owned(), name: row.get(0)?, kind, redirects })
            });
            Ok(row.optional()?)
        })
    }

    /// The clients that the owner added, by id.
    pub fn clients_by_owner(&self) -> Result<Vec<Client>, StoreError> {
        let ids: Vec<String> = self.read(|file| {
            let mut statement = file.prepare("SELECT id FROM clients WHERE by_owner ORDER BY name, id")?;
            let ids = statement.query_map([], |row| row.get(0))?;
            Ok::<_, StoreError>(ids.collect::<Result<_, _>>()?)
        })?;
        ids.iter().filter_map(|id| self.client(id).transpose()).collect()
    }

    /// Adds a client with these redirects, and with a secret if it is to have one. Gives its id and the secret, once.
    pub fn add_client(
        &self,
        name: &str,
        redirects: &[String],
        with_secret: bool,
        rules: &RedirectRules,
    ) -> Result<(String, Option<SecretString>), AccessError> {
        let name = check_name(name)?;
        if redirects.is_empty() {
            return Err(AccessError::Redirect("a client needs a redirect".to_owned()));
        }
        // What the owner types is known by that.
        let rules = RedirectRules { more: rules.more.iter().chain(redirects).cloned().collect() };
        for redirect in redirects {
            rules.check(redirect).map_err(AccessError::Redirect)?;
        }
        let (id, secret) = (new_id("client"), with_secret.then(|| new_secret("client")));
        self.insert(&id, name, redirects, secret.as_ref(), true)?;
        Ok((id, secret))
    }

    fn insert(
        &self,
        id: &str,
        name: &str,
        redirects: &[String],
        secret: Option<&SecretString>,
        by_owner: bool,
    ) -> Result<(), StoreError> {
        let redirects = json!(redirects).to_string();
        let secret = secret.map(|secret| hash_of(secret).bytes().to_vec());
        let now = self.now();
        self.with(|file| {
            file.execute(
                "INSERT INTO clients (id, name, redirects, secret, by_owner, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                params![id, name, redirects, secret, by_owner, now],
            )?;
            Ok(())
        })
    }

    /// Registers a client by what it says of itself (RFC 7591); the answer is the client information.
    pub(super) fn register(
        &self,
        metadata: &Value,
        rules: &RedirectRules,
        network: Network,
    ) -> Result<Value, OAuthError> {
        let invalid = |why: String| OAuthError::new("invalid_client_metadata", why);
        let refused = |why| OAuthError::new("invalid_redirect_uri", why);
        let given = metadata.get("redirect_uris").and_then(Value::as_array).cloned().unwrap_or_default();
        if let Some(bad) = given.iter().filter_map(Value::as_str).find_map(|one| rules.refuses(one)) {
            return Err(refused(bad));
        }
        // One more that this server does not know must not keep a known client out; that one is not taken.
        let known: Vec<Value> =
            given.iter().filter(|one| one.as_str().is_some_and(|one| rules.check(one).is_ok())).cloned().collect();
        let taken = if known.is_empty() { given } else { known };
        let redirects = checked_redirects(Some(&taken.into()), rules).map_err(refused)?;
        let text = |name: &str| metadata.get(name).and_then(Value::as_str);
        let method = text("token_endpoint_auth_method").unwrap_or("client_secret_basic");
        // A client that asks for a method this server lacks gets one that it has: the standard allows it.
        let has_secret = matches!(method, "client_secret_post" | "client_secret_basic");
        let secret = has_secret.then(|| new_secret("client"));
        let method = if secret.is_some() { method } else { "none" };
        let holds = |name: &str, only: &[&str]| {
            let given = metadata.get(name).and_then(Value::as_array);
            given.is_none_or(|given| given.iter().filter_map(Value::as_str).any(|one| only.contains(&one)))
        };
        if !holds("grant_types", &["authorization_code"]) || !holds("response_types", &["code"]) {
            return Err(invalid("this server has the authorization code grant only".to_owned()));
        }
        let now = self.now();
        let (recent, all) = self.read(|file| {
            let count = |query: &str, after: i64| file.query_row(query, [after], |row| row.get::<_, i64>(0));
            Ok::<_, OAuthError>((
                count(
                    "SELECT count(*) FROM clients WHERE NOT by_owner AND ?1 < created_at",
                    now - REGISTRATION_WINDOW_MS,
                )?,
                count("SELECT count(*) FROM clients WHERE NOT by_owner AND ?1 < created_at", 0)?,
            ))
        })?;
        let recent_max = if network.is_shared() { REGISTRATIONS_MAX } else { REGISTRATIONS_MAX_APART };
        if recent_max <= recent || CLIENTS_MAX <= all {
            return Err(OAuthError::new("slow_down", "too many applications registered; try again in ten minutes"));
        }
        let (id, name) = (new_id("app"), shown_name(text("client_name")));
        self.insert(&id, &name, &redirects, secret.as_ref(), false)?;
        let mut answer = json!({
            "client_id": id,
            "client_id_issued_at": now / 1000,
            "client_name": name,
            "redirect_uris": redirects,
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
            "token_endpoint_auth_method": method,
        });
        if let (Some(secret), Some(answer)) = (secret, answer.as_object_mut()) {
            answer.insert("client_secret".to_owned(), secret.expose_secret().into());
            answer.insert("client_secret_expires_at".to_owned(), 0.into());
        }
        Ok(answer)
    }

    /// Whether a client that says it is `id` is: with its secret where it has one. Clients whose id is an address have none.
    pub(super) fn authenticate(&self, id: &str, secret: Option<&str>) -> Result<(), OAuthError> {
        if is_address(id) {
            return Ok(());
        }
        let now = self.now();
        let unknown = || {
            OAuthError::new("invalid_client", "this client is not known here, or its secret is wrong; register again")
        };
        self.with(|file| {
            let row = file
                .query_row("SELECT secret FROM clients WHERE id = ?1", [id], |row| row.get::<_, Option<Vec<u8>>>(0));
            let stored = row.optional()?.ok_or_else(unknown)?;
            if let Some(stored) = stored
                && !secret.is_some_and(|secret| SecretHash::of(secret).is(&stored))
            {
                return Err(unknown());
            }
            file.execute("UPDATE clients SET used_at = ?2 WHERE id = ?1", params![id, now])?;
            Ok(())
        })
    }
}

/// Whether an id is the address of a document.
pub(super) fn is_address(id: &str) -> bool {
    id.starts_with("https://") || id.starts_with("http://")
}
