//! What a person agreed to: codes, access tokens and refresh tokens, and what they are good for.

use std::collections::BTreeMap;
use std::sync::Arc;

use rusqlite::{OptionalExtension as _, Transaction, params};
use secrecy::{ExposeSecret, SecretString};

use super::error::{AccessError, OAuthError, StoreError};
use super::login::{Login, OWN_PAGES, SCOPE, SESSION_SECONDS, blocking};
use super::people::{Given, given_to};
use super::secret::{SecretHash, fits_challenge, hash_of, new_id, new_secret};
use super::store::AccessStore;

/// How long a refresh token is good after it was given, in milliseconds: whoever does not ask for so long signs in again.
const REFRESH_MS: i64 = 60 * 24 * 3_600_000;
/// A refresh token that was replaced is taken for so long after that, in milliseconds, even when its successor was used:
/// clients ask in bursts, and answers get lost.
const GRACE_MS: i64 = 120_000;
/// When something was last used is written down to this many milliseconds.
const USED_EVERY_MS: i64 = 60_000;

/// Written down after a token was looked at: by its hash (`?1`), now (`?2`).
const TOKEN_USED: &str = "UPDATE tokens SET used_at = ?2 WHERE hash = ?1";
const GRANT_USED: &str =
    "UPDATE grants SET used_at = ?2 WHERE id = (SELECT grant_id FROM access_tokens WHERE hash = ?1)";
/// What was seen as ended stays so, whatever the clock says next.
const ACCESS_ENDED: &str = "UPDATE access_tokens SET ends_at = 0 WHERE hash = ?1 AND ends_at <= ?2";

/// The answer of `/token` (RFC 6749, 5.1).
#[derive(Debug)]
pub struct TokenAnswer {
    /// For `/mcp`.
    pub access_token: SecretString,
    /// Seconds it is good.
    pub expires_in: i64,
    /// For the next one.
    pub refresh_token: SecretString,
    /// What it is for.
    pub scope: String,
}

/// Whoever came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The person's or the token's name.
    pub name: String,
    /// Whether it is a static token.
    pub is_token: bool,
    /// What they were given, as of now.
    pub given: Given,
}

/// A grant, for a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedGrant {
    /// Its id, to revoke it by.
    pub id: String,
    /// Who agreed.
    pub person: String,
    /// To what application.
    pub client_name: String,
    /// When, in milliseconds since 1970.
    pub created_at: i64,
    /// When it was last used, to the minute.
    pub used_at: i64,
}

fn invalid_grant(why: &str) -> OAuthError {
    OAuthError::new("invalid_grant", why)
}

impl Login {
    /// `/token`: a code or a refresh token for new tokens. `form` is its body; `basic` the client's id and secret from the
    /// `Authorization` header, where they came that way.
    pub async fn token(
        &self,
        form: BTreeMap<String, String>,
        basic: Option<(String, SecretString)>,
    ) -> Result<TokenAnswer, OAuthError> {
        let get = |name: &str| form.get(name).map(String::as_str).filter(|value| !value.is_empty());
        let (client, secret) = client_of(&form, basic)?;
        if let Some(resource) = get("resource")
            && !self.is_resource(resource)
        {
            return Err(OAuthError::new("invalid_target", "`resource` is another server"));
        }
        let missing = |name: &str| OAuthError::new("invalid_request", format!("`{name}` is missing"));
        let owned = |name: &str| get(name).map(str::to_owned).ok_or_else(|| missing(name));
        let what = match get("grant_type") {
            Some("authorization_code") => Offered::Code {
                code: owned("code")?,
                redirect: get("redirect_uri").map(str::to_owned),
                verifier: owned("code_verifier")?,
            },
            Some("refresh_token") => Offered::Refresh(owned("refresh_token")?),
            Some(_) => {
                return Err(OAuthError::new(
                    "unsupported_grant_type",
                    "this server has authorization_code and refresh_token",
                ));
            }
            None => return Err(missing("grant_type")),
        };
        let (store, resource) = (Arc::clone(&self.store), self.settings.resource());
        let access_ms = self.settings.access_token_seconds * 1000;
        let (access_token, refresh_token) = blocking(move || {
            store.authenticate(&client, secret.as_ref().map(ExposeSecret::expose_secret))?;
            // A refusal that ends a grant must stay when the refusal is told, so it is no error of the transaction.
            let terms = Terms { client: &client, resource: &resource, access_ms };
            store.with(|file| match what {
                Offered::Code { code, redirect, verifier } => {
                    store.exchange(file, &terms, &code, redirect.as_deref(), &verifier)
                }
                Offered::Refresh(token) => store.refresh(file, &terms, &token),
            })?
        })
        .await?;
        let expires_in = self.settings.access_token_seconds;
        Ok(TokenAnswer { access_token, expires_in, refresh_token, scope: SCOPE.to_owned() })
    }

    /// `/revoke` (RFC 7009): the grant of a token of either kind ends. A token nobody knows is as good as revoked.
    pub async fn revoke(
        &self,
        form: BTreeMap<String, String>,
        basic: Option<(String, SecretString)>,
    ) -> Result<(), OAuthError> {
        let token =
            form.get("token").cloned().ok_or_else(|| OAuthError::new("invalid_request", "`token` is missing"))?;
        // Whoever has a token may end it; a client that says who it is ends its own only.
        let client = match (form.get("client_id"), &basic) {
            (None, None) => None,
            _ => Some(client_of(&form, basic)?),
        };
        let store = Arc::clone(&self.store);
        blocking(move || {
            if let Some((client, secret)) = &client {
                store.authenticate(client, secret.as_ref().map(ExposeSecret::expose_secret))?;
            }
            let (hash, client) = (SecretHash::of(&token), client.map(|(client, _)| client));
            store.with(|file| {
                file.execute(
                    "DELETE FROM grants WHERE (?2 IS NULL OR client = ?2) AND id IN (SELECT grant_id FROM access_tokens
                     WHERE hash = ?1 UNION SELECT grant_id FROM refresh_tokens WHERE hash = ?1)",
                    params![hash.bytes(), client],
                )?;
                Ok(())
            })
        })
        .await
    }

    /// Who comes with this bearer token, of a login or a static one, and what they may see now; `None` for no token that is
    /// good here.
    pub async fn verify(&self, bearer: SecretString) -> Result<Option<Verified>, StoreError> {
        self.look_up(bearer, &[Good::Static, Good::Application]).await
    }

    /// As [`Self::verify`], for static tokens alone.
    pub async fn verify_static(&self, bearer: SecretString) -> Result<Option<Verified>, StoreError> {
        self.look_up(bearer, &[Good::Static]).await
    }

    /// Who is signed in at this browser for this server's own pages, by its cookie.
    pub async fn verify_session(&self, session: SecretString) -> Result<Option<Verified>, StoreError> {
        self.look_up(session, &[Good::OwnPages]).await
    }

    async fn look_up(&self, bearer: SecretString, good: &'static [Good]) -> Result<Option<Verified>, StoreError> {
        let (store, resource) = (Arc::clone(&self.store), self.settings.resource());
        blocking(move || store.verify(&bearer, &resource, good)).await
    }
}

/// The kinds of tokens there are, each good at some places only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Good {
    /// A static token.
    Static,
    /// An access token that an application was given.
    Application,
    /// The session of a browser at this server's own pages.
    OwnPages,
}

enum Offered {
    Code { code: String, redirect: Option<String>, verifier: String },
    Refresh(String),
}

fn client_of(
    form: &BTreeMap<String, String>,
    basic: Option<(String, SecretString)>,
) -> Result<(String, Option<SecretString>), OAuthError> {
    let id = form.get("client_id").filter(|id| !id.is_empty());
    match (basic, id) {
        (Some((id, _)), Some(other)) if id != *other => {
            Err(OAuthError::new("invalid_request", "two clients are named"))
        }
        (Some((id, secret)), _) => Ok((id, Some(secret))),
        (None, Some(id)) => {
            Ok((id.clone(), form.get("client_secret").map(|secret| SecretString::from(secret.as_str()))))
        }
        (None, None) => Err(OAuthError::new("invalid_client", "`client_id` is missing")),
    }
}

/// Who asks for tokens, for what, and how long an access token is good.
struct Terms<'a> {
    client: &'a str,
    resource: &'a str,
    access_ms: i64,
}

/// An access token and a refresh token.
type Issued = (SecretString, SecretString);
/// Inside: a refusal whose effects stay.
type Outcome = Result<Result<Issued, OAuthError>, OAuthError>;

impl AccessStore {
    fn exchange(
        &self,
        file: &Transaction<'_>,
        terms: &Terms<'_>,
        code: &str,
        redirect: Option<&str>,
        verifier: &str,
    ) -> Outcome {
        let now = self.now();
        let hash = SecretHash::of(code);
        let row = file.query_row(
            "SELECT c.grant_id, c.redirect, c.challenge, c.ends_at, c.used, g.client, g.resource FROM codes c
             JOIN grants g ON g.id = c.grant_id WHERE c.hash = ?1",
            [hash.bytes()],
            |row| {
                let texts: [String; 3] = [row.get(0)?, row.get(1)?, row.get(2)?];
                let (ends_at, used): (i64, bool) = (row.get(3)?, row.get(4)?);
                let of: [String; 2] = [row.get(5)?, row.get(6)?];
                Ok((texts, ends_at, used, of))
            },
        );
        let Some(([grant, known_redirect, challenge], ends_at, used, [known_client, known_resource])) =
            row.optional()?
        else {
            return Ok(Err(invalid_grant("the code is not known")));
        };
        if used {
            // Somebody else has the code: what was given for it is taken back.
            file.execute("DELETE FROM grants WHERE id = ?1", [&grant])?;
            return Ok(Err(invalid_grant("the code was used before")));
        }
        if terms.client != known_client || terms.resource != known_resource {
            return Ok(Err(invalid_grant("the code was given to another client")));
        }
        if ends_at <= now {
            file.execute("UPDATE codes SET ends_at = 0 WHERE hash = ?1", [hash.bytes()])?;
            return Ok(Err(invalid_grant("the code is too old")));
        }
        if redirect.is_some_and(|redirect| redirect != known_redirect) {
            return Ok(Err(invalid_grant("`redirect_uri` is another than before")));
        }
        if !fits_challenge(verifier, &challenge) {
            return Ok(Err(invalid_grant("`code_verifier` does not fit")));
        }
        file.execute("UPDATE codes SET used = 1 WHERE hash = ?1", [hash.bytes()])?;
        Ok(Ok(self.issue(file, &grant, None, terms.access_ms)?))
    }

    fn refresh(&self, file: &Transaction<'_>, terms: &Terms<'_>, token: &str) -> Outcome {
        let now = self.now();
        let hash = SecretHash::of(token);
        let row = file.query_row(
            "SELECT r.grant_id, r.parent, r.ends_at, r.replaced_at, r.successor_used, g.client, g.resource, g.person
             FROM refresh_tokens r JOIN grants g ON g.id = r.grant_id WHERE r.hash = ?1",
            [hash.bytes()],
            |row| {
                let parent: Option<Vec<u8>> = row.get(1)?;
                let times: (i64, Option<i64>, bool) = (row.get(2)?, row.get(3)?, row.get(4)?);
                let texts: [String; 4] = [row.get(0)?, row.get(5)?, row.get(6)?, row.get(7)?];
                Ok((parent, times, texts))
            },
        );
        let Some((parent, (ends_at, replaced_at, successor_used), [grant, known_client, known_resource, person])) =
            row.optional()?
        else {
            return Ok(Err(invalid_grant("the refresh token is not known, or was revoked")));
        };
        if terms.client != known_client || terms.resource != known_resource {
            return Ok(Err(invalid_grant("the refresh token was given to another client")));
        }
        if ends_at <= now || given_to(file, &person)?.is_none() {
            file.execute("UPDATE refresh_tokens SET ends_at = 0 WHERE hash = ?1", [hash.bytes()])?;
            return Ok(Err(invalid_grant("the refresh token is too old, or its person is no longer here")));
        }
        match replaced_at {
            None => {
                file.execute("UPDATE refresh_tokens SET replaced_at = ?2 WHERE hash = ?1", params![hash.bytes(), now])?;
            }
            Some(at) if successor_used && at + GRACE_MS < now => {
                // Two parties have it: nobody knows which is the thief.
                file.execute("DELETE FROM grants WHERE id = ?1", [&grant])?;
                return Ok(Err(invalid_grant("the refresh token was used before; sign in again")));
            }
            Some(_) => {}
        }
        if let Some(parent) = parent {
            file.execute("UPDATE refresh_tokens SET successor_used = 1 WHERE hash = ?1", [parent])?;
        }
        Ok(Ok(self.issue(file, &grant, Some(&hash), terms.access_ms)?))
    }

    fn issue(
        &self,
        file: &Transaction<'_>,
        grant: &str,
        parent: Option<&SecretHash>,
        access_ms: i64,
    ) -> Result<Issued, rusqlite::Error> {
        let now = self.now();
        let (access, refresh) = (new_secret("at"), new_secret("rt"));
        file.execute(
            "INSERT INTO access_tokens (hash, grant_id, ends_at) VALUES (?1, ?2, ?3)",
            params![hash_of(&access).bytes(), grant, now + access_ms],
        )?;
        file.execute(
            "INSERT INTO refresh_tokens (hash, grant_id, parent, ends_at, successor_used) VALUES (?1, ?2, ?3, ?4, 0)",
            params![hash_of(&refresh).bytes(), grant, parent.map(SecretHash::bytes), now + REFRESH_MS],
        )?;
        file.execute("UPDATE grants SET used_at = ?2 WHERE id = ?1", params![grant, now])?;
        Ok((access, refresh))
    }

    /// What a person agreed to, before anything is given for it; its id.
    pub(super) fn begin_grant(
        &self,
        file: &Transaction<'_>,
        person: &str,
        client: &str,
        client_name: &str,
        resource: &str,
    ) -> Result<String, rusqlite::Error> {
        let grant = new_id("grant");
        file.execute(
            "INSERT INTO grants (id, person, client, client_name, resource, created_at, used_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6)",
            params![grant, person, client, client_name, resource, self.now()],
        )?;
        Ok(grant)
    }

    /// A session of a person at this server's own pages: a grant with an access token, and nothing to renew it with.
    pub(super) fn begin_session(
        &self,
        file: &Transaction<'_>,
        person: &str,
        resource: &str,
    ) -> Result<SecretString, rusqlite::Error> {
        let (now, session) = (self.now(), new_secret("session"));
        let grant = self.begin_grant(file, person, OWN_PAGES, "this server's pages", resource)?;
        file.execute(
            "INSERT INTO access_tokens (hash, grant_id, ends_at) VALUES (?1, ?2, ?3)",
            params![hash_of(&session).bytes(), grant, now + SESSION_SECONDS * 1000],
        )?;
        Ok(session)
    }

    /// Who comes with this token to `resource`, if it is of a kind that is good there.
    fn verify(&self, bearer: &SecretString, resource: &str, good: &[Good]) -> Result<Option<Verified>, StoreError> {
        let hash = hash_of(bearer);
        let now = self.now();
        let (found, then) = self.read(|file| {
            if good.contains(&Good::Static)
                && let Some((name, given, used)) = self.token_of(file, &hash)?
            {
                let then = used.is_none_or(|used| used + USED_EVERY_MS < now).then_some(TOKEN_USED);
                return Ok::<_, StoreError>((Some(Verified { name, is_token: true, given }), then));
            }
            let mut statement = file.prepare_cached(
                "SELECT g.person, g.client, g.used_at, a.ends_at FROM access_tokens a JOIN grants g ON g.id = a.grant_id
                 WHERE a.hash = ?1 AND g.resource = ?2",
            )?;
            let row = statement.query_row(params![hash.bytes(), resource], |row| {
                let (texts, times): ([String; 2], [i64; 2]) = ([row.get(0)?, row.get(1)?], [row.get(2)?, row.get(3)?]);
                Ok((texts, times))
            });
            let Some(([person, client], [used, ends_at])) = row.optional()? else { return Ok((None, None)) };
            let kind = if client == OWN_PAGES { Good::OwnPages } else { Good::Application };
            if !good.contains(&kind) {
                return Ok((None, None));
            }
            if ends_at <= now {
                return Ok((None, (ends_at != 0).then_some(ACCESS_ENDED)));
            }
            let given = given_to(file, &person)?;
            let then = (given.is_some() && used + USED_EVERY_MS < now).then_some(GRANT_USED);
            Ok((given.map(|given| Verified { name: person, is_token: false, given }), then))
        })?;
        if let Some(then) = then {
            self.with(|file| {
                file.execute(then, params![hash.bytes(), now])?;
                Ok::<_, StoreError>(())
            })?;
        }
        Ok(found)
    }

    /// All grants, the latest used first.
    pub fn grants(&self) -> Result<Vec<ListedGrant>, StoreError> {
        self.read(|file| {
            let mut statement = file
                .prepare("SELECT id, person, client_name, created_at, used_at FROM grants ORDER BY used_at DESC, id")?;
            let rows = statement.query_map([], |row| {
                Ok(ListedGrant {
                    id: row.get(0)?,
                    person: row.get(1)?,
                    client_name: row.get(2)?,
                    created_at: row.get(3)?,
                    used_at: row.get(4)?,
                })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// Takes back whatever is called so: a person with all grants, a token, a client, or one grant by its id. Gives what it
    /// was.
    pub fn revoke(&self, name: &str) -> Result<Vec<&'static str>, AccessError> {
        let name = name.trim();
        self.with(|file| {
            let mut gone = Vec::new();
            for (what, query) in [
                ("person", "DELETE FROM people WHERE name = ?1"),
                ("token", "DELETE FROM tokens WHERE name = ?1"),
                ("client", "DELETE FROM clients WHERE id = ?1 AND by_owner"),
                ("grant", "DELETE FROM grants WHERE id = ?1"),
            ] {
                if file.execute(query, [name])? != 0 {
                    gone.push(what);
                }
            }
            if gone.contains(&"person") {
                file.execute("DELETE FROM grants WHERE person = ?1", [name])?;
                file.execute("DELETE FROM requests WHERE person = ?1 COLLATE NOCASE", [name])?;
            }
            if gone.contains(&"client") {
                file.execute("DELETE FROM grants WHERE client = ?1", [name])?;
            }
            if gone.is_empty() { Err(AccessError::Unknown(name.chars().take(60).collect())) } else { Ok(gone) }
        })
    }
}
