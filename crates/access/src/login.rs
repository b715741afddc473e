//! The way of a browser: an application sends it here, a person signs in and agrees, and it is sent back with a code.
//!
//! Nothing is sent to a redirect before a person has agreed or refused: until then whoever made up the request may be
//! anybody. A request belongs to one browser (by a cookie) and is good once.

use std::collections::BTreeMap;
use std::sync::Arc;

use rusqlite::{OptionalExtension as _, params};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::Semaphore;
use url::{Host, Url};

use super::attempts::Network;
use super::clients::{Client, ClientKind, is_address};
use super::document::Documents;
use super::error::{OAuthError, PageError, StoreError};
use super::people::{Given, given_to};
use super::redirects::{RedirectRules, host_of, is_registered};
use super::secret::{SecretHash, hash_of, new_secret};
use super::store::AccessStore;

/// The one scope: to ask what the person may ask.
pub const SCOPE: &str = "spectora:read";
/// A scope that clients ask for and that grants nothing: there is always a refresh token.
pub const SCOPE_OFFLINE: &str = "offline_access";
/// How long a page waits for a person, in milliseconds.
const REQUEST_MS: i64 = 600_000;
/// How long a browser that signed in for a page of this server need not do it again, in seconds.
pub const SESSION_SECONDS: i64 = 8 * 3_600;
/// The client that this server's own pages are.
pub(super) const OWN_PAGES: &str = "own-pages";
/// How long a code is good, in milliseconds.
const CODE_MS: i64 = 60_000;
/// The most pages that wait for a person at once.
const REQUESTS_MAX: i64 = 5_000;
/// The most bytes of `state`, which is given back as it came.
const STATE_BYTES_MAX: usize = 4_096;
/// Passphrases checked at once: each takes a core and 19 MiB.
const CHECKS_MAX: usize = 2;

/// What a login server needs to know of itself.
#[derive(Clone, Debug)]
pub struct LoginSettings {
    /// Its public address, without a slash at the end: the issuer. MCP is at `/mcp` under it.
    pub public_url: String,
    /// Redirects beside the known ones.
    pub redirects: RedirectRules,
    /// How long an access token is good, in seconds.
    pub access_token_seconds: i64,
    /// For tests: client documents on this machine.
    pub allow_loopback_documents: bool,
}

impl LoginSettings {
    /// The address that tokens are for.
    pub fn resource(&self) -> String {
        format!("{}/mcp", self.public_url)
    }
}

/// The login of one server. Processes with the same file and public address are one server.
pub struct Login {
    pub(super) store: Arc<AccessStore>,
    pub(super) settings: LoginSettings,
    documents: Documents,
    checks: Semaphore,
}

/// An application's request, checked; what the person is asked about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Asked {
    client: Client,
    redirect: String,
    state: Option<String>,
    challenge: String,
}

/// What a page shows of who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asking {
    /// The name the application gives itself.
    pub name: String,
    /// The host its id stands for, where that is sure.
    pub host: Option<String>,
    /// Whether the name is only what it says of itself.
    pub unverified: bool,
    /// Where the browser goes back to, for people.
    pub returns_to: String,
    /// The origin of that, for the page's policy.
    pub redirect_origin: String,
}

/// A page for a person: the hidden values of its form, and what it shows.
#[derive(Clone, Debug)]
pub struct Page {
    /// Names the request; goes into the form.
    pub request: String,
    /// Goes into the form too; another page cannot know it.
    pub csrf: String,
    /// Who asks.
    pub asking: Asking,
}

/// What came of a passphrase.
#[derive(Debug)]
pub enum SignedIn {
    /// It is right: the person is asked to agree.
    Consent {
        /// The form.
        page: Page,
        /// The person.
        person: String,
        /// What the application would be able to ask about.
        given: Given,
    },
    /// It is right, and the person wanted a page of this server: there the browser goes, with this cookie.
    Page {
        /// Where.
        to: String,
        /// What the browser shows from now on, for [`SESSION_SECONDS`].
        session: SecretString,
    },
    /// It is not, or not now: the form again.
    Again {
        /// The form.
        page: Page,
        /// Why.
        error: PageError,
    },
}

impl Asked {
    fn shown(&self) -> Asking {
        Asking {
            name: self.client.name.clone(),
            host: (self.client.kind == ClientKind::Document).then(|| host_of(&self.client.id)),
            unverified: self.client.kind != ClientKind::ByOwner,
            returns_to: host_of(&self.redirect),
            redirect_origin: origin_of(&self.redirect),
        }
    }
}

/// Scheme, host and port, or the scheme alone where there is no host that a policy could name.
fn origin_of(redirect: &str) -> String {
    match Url::parse(redirect) {
        // A policy cannot name the address `[::1]`; browsers leave such a source out.
        Ok(address) if matches!(address.host(), Some(Host::Ipv6(_))) => format!("{}:", address.scheme()),
        Ok(address) if matches!(address.scheme(), "http" | "https") => address.origin().ascii_serialization(),
        Ok(address) => format!("{}:", address.scheme()),
        Err(_) => "'none'".to_owned(),
    }
}

/// Work on the file, off the threads that serve.
pub(super) async fn blocking<T: Send + 'static, E: From<StoreError> + Send + 'static>(
    work: impl FnOnce() -> Result<T, E> + Send + 'static,
) -> Result<T, E> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(_) => Err(E::from(StoreError::BrokenOff)),
    }
}

impl Login {
    /// A login over this file.
    pub fn new(store: Arc<AccessStore>, settings: LoginSettings) -> Self {
        let documents = Documents::new(settings.allow_loopback_documents);
        Self { store, settings, documents, checks: Semaphore::new(CHECKS_MAX) }
    }

    /// Removes what has ended; blocks.
    pub fn tidy(&self) -> Result<(), StoreError> {
        self.store.tidy()
    }

    /// What it knows of itself.
    pub fn settings(&self) -> &LoginSettings {
        &self.settings
    }

    async fn client(&self, id: &str) -> Result<Client, PageError> {
        if is_address(id) {
            return self.documents.client(id, &self.settings.redirects).await;
        }
        let (store, wanted) = (Arc::clone(&self.store), id.to_owned());
        let found = blocking(move || store.client(&wanted)).await?;
        found.ok_or_else(|| PageError::Client("it must be connected anew".to_owned()))
    }

    /// Checks what an application asks for (the query of `/authorize`) and keeps it for the person at this browser, whose
    /// cookie `browser` is; without one it gets a new one. Gives the sign-in page and the cookie.
    pub async fn begin(
        &self,
        query: &[(String, String)],
        browser: Option<SecretString>,
    ) -> Result<(Page, SecretString), PageError> {
        let wrong = |why: &str| PageError::Request(why.to_owned());
        let mut given = BTreeMap::new();
        for (name, value) in query {
            // RFC 8707 lets `resource` come several times; all of them must be this server.
            if given.insert(name.as_str(), value.as_str()).is_some_and(|before| name != "resource" || before != value) {
                return Err(wrong("a value was given twice"));
            }
        }
        let get = |name: &str| given.get(name).copied().filter(|value| !value.is_empty());
        let client = self.client(get("client_id").ok_or_else(|| wrong("`client_id` is missing"))?).await?;
        let redirect = match (get("redirect_uri"), client.redirects.as_slice()) {
            (Some(asked), known) if is_registered(asked, known) => asked.to_owned(),
            (None, [only]) => only.clone(),
            _ => return Err(wrong("`redirect_uri` is not one that the application registered")),
        };
        if get("response_type") != Some("code") {
            return Err(wrong("`response_type` must be `code`"));
        }
        let challenge = get("code_challenge").unwrap_or_default();
        let is_s256 =
            challenge.len() == 43 && challenge.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
        if !is_s256 || get("code_challenge_method") != Some("S256") {
            return Err(wrong("PKCE with the method S256 is required"));
        }
        if let Some(resource) = get("resource")
            && !self.is_resource(resource)
        {
            return Err(wrong("`resource` is another server"));
        }
        let state = get("state").map(str::to_owned);
        if state.as_ref().is_some_and(|state| STATE_BYTES_MAX < state.len()) {
            return Err(wrong("`state` is too long"));
        }
        let asked = Asked { client, redirect, state, challenge: challenge.to_owned() };
        self.wait(asked, browser).await
    }

    /// As [`Self::begin`], for a person who wants a page of this server at `path` and is not signed in.
    pub async fn begin_for_page(
        &self,
        path: &str,
        browser: Option<SecretString>,
    ) -> Result<(Page, SecretString), PageError> {
        let redirect = format!("{}{path}", self.settings.public_url);
        let client = Client {
            id: OWN_PAGES.to_owned(),
            name: "This server".to_owned(),
            kind: ClientKind::ByOwner,
            redirects: Vec::new(),
        };
        self.wait(Asked { client, redirect, state: None, challenge: String::new() }, browser).await
    }

    /// Keeps a request for the person at this browser.
    async fn wait(&self, asked: Asked, browser: Option<SecretString>) -> Result<(Page, SecretString), PageError> {
        let shown = asked.shown();
        let text = serde_json::to_string(&asked).map_err(|_| PageError::Unavailable)?;
        let browser = browser.unwrap_or_else(|| new_secret("browser"));
        let (request, csrf) = (new_secret("request"), new_secret("csrf"));
        let (store, hashes) = (Arc::clone(&self.store), [&request, &browser, &csrf].map(hash_of));
        blocking(move || {
            let now = store.now();
            store.with(|file| {
                let waiting: i64 =
                    file.query_row("SELECT count(*) FROM requests WHERE ?1 < ends_at", [now], |row| row.get(0))?;
                if REQUESTS_MAX <= waiting {
                    return Err(PageError::Unavailable);
                }
                let [request, browser, csrf] = hashes;
                file.execute(
                    "INSERT INTO requests (hash, browser, csrf, asked, ends_at) VALUES (?1, ?2, ?3, ?4, ?5)",
                    params![request.bytes(), browser.bytes(), csrf.bytes(), text, now + REQUEST_MS],
                )?;
                Ok(())
            })
        })
        .await?;
        let page =
            Page { request: request.expose_secret().to_owned(), csrf: csrf.expose_secret().to_owned(), asking: shown };
        Ok((page, browser))
    }

    pub(super) fn is_resource(&self, given: &str) -> bool {
        given.strip_suffix('/').unwrap_or(given) == self.settings.resource()
    }

    /// The passphrase of a person, from the sign-in page at a browser in this network.
    pub async fn sign_in(
        &self,
        form: &BTreeMap<String, String>,
        browser: Option<&SecretString>,
        network: Network,
    ) -> Result<SignedIn, PageError> {
        let waiting = Waiting::of(form, browser)?;
        let page = |asked: &Asked, csrf: String| Page { request: waiting.request.clone(), csrf, asking: asked.shown() };
        let (store, looked) = (Arc::clone(&self.store), waiting.clone());
        let (asked, _) = blocking(move || store.read(|file| looked.look(file, store.now()))).await?;
        let (name, passphrase) = (field(form, "name").to_owned(), SecretString::from(field(form, "passphrase")));
        let turn = self.checks.acquire().await.map_err(|_| PageError::Unavailable)?;
        let store = Arc::clone(&self.store);
        let person = blocking(move || store.sign_in(&name, &passphrase, network)).await;
        drop(turn);
        let person = match person {
            Ok(person) => person,
            Err(error @ (PageError::WrongPassphrase | PageError::Locked(_))) => {
                return Ok(SignedIn::Again { page: page(&asked, waiting.csrf.clone()), error });
            }
            Err(error) => return Err(error),
        };
        if asked.client.id == OWN_PAGES {
            // What the person wanted is this server's own: nobody else is let in, so there is nothing to agree to.
            let (store, resource) = (Arc::clone(&self.store), self.settings.resource());
            let session = blocking(move || {
                store.with(|file| {
                    waiting.look(file, store.now())?;
                    file.execute("DELETE FROM requests WHERE hash = ?1", [waiting.hash().bytes()])?;
                    Ok::<_, PageError>(store.begin_session(file, &person, &resource)?)
                })
            });
            return Ok(SignedIn::Page { to: asked.redirect, session: session.await? });
        }
        // A new value for the next page: whoever saw this one cannot agree for the person.
        let csrf = new_secret("csrf");
        let (store, marked, next, who) = (Arc::clone(&self.store), waiting.clone(), hash_of(&csrf), person.clone());
        let given = blocking(move || {
            store.with(|file| {
                marked.look(file, store.now())?;
                file.execute(
                    "UPDATE requests SET person = ?2, csrf = ?3 WHERE hash = ?1",
                    params![marked.hash().bytes(), who, next.bytes()],
                )?;
                given_to(file, &who)?.ok_or(PageError::Stale)
            })
        })
        .await?;
        Ok(SignedIn::Consent { page: page(&asked, csrf.expose_secret().to_owned()), person, given })
    }

    /// The person's decision, from the consent page; the request is over with it. Gives where the browser goes, and the id
    /// of the grant where the person agreed.
    pub async fn decide(
        &self,
        form: &BTreeMap<String, String>,
        browser: Option<&SecretString>,
    ) -> Result<(String, Option<String>), PageError> {
        let waiting = Waiting::of(form, browser)?;
        let agrees = match field(form, "decision") {
            "allow" => true,
            "deny" => false,
            _ => return Err(PageError::Request("the form was not filled in".to_owned())),
        };
        let code = new_secret("code");
        let (store, code_hash, resource) = (Arc::clone(&self.store), hash_of(&code), self.settings.resource());
        let (asked, grant) = blocking(move || {
            store.with(|file| {
                let now = store.now();
                let (asked, person) = waiting.look(file, now)?;
                let person = person.ok_or(PageError::Stale)?;
                file.execute("DELETE FROM requests WHERE hash = ?1", [waiting.hash().bytes()])?;
                if !agrees {
                    return Ok((asked, None));
                }
                given_to(file, &person)?.ok_or(PageError::Stale)?;
                let grant = store.begin_grant(file, &person, &asked.client.id, &asked.client.name, &resource)?;
                file.execute(
                    "INSERT INTO codes (hash, grant_id, redirect, challenge, ends_at, used) VALUES (?1, ?2, ?3, ?4, ?5, 0)",
                    params![code_hash.bytes(), grant, asked.redirect, asked.challenge, now + CODE_MS],
                )?;
                Ok::<_, PageError>((asked, Some(grant)))
            })
        })
        .await?;
        let mut to = Url::parse(&asked.redirect).map_err(|_| PageError::Stale)?;
        {
            let mut query = to.query_pairs_mut();
            if grant.is_some() {
                query.append_pair("code", code.expose_secret());
            } else {
                query.append_pair("error", "access_denied");
            }
            if let Some(state) = &asked.state {
                query.append_pair("state", state);
            }
            query.append_pair("iss", &self.settings.public_url);
        }
        Ok((to.into(), grant))
    }

    /// Registers an application (RFC 7591) that asks from this network.
    pub async fn register(&self, metadata: Value, network: Network) -> Result<Value, OAuthError> {
        let (store, rules) = (Arc::clone(&self.store), self.settings.redirects.clone());
        blocking(move || store.register(&metadata, &rules, network)).await
    }
}

fn field<'a>(form: &'a BTreeMap<String, String>, name: &str) -> &'a str {
    form.get(name).map_or("", String::as_str)
}

/// What a form and a cookie say of the request they belong to.
#[derive(Clone)]
struct Waiting {
    request: String,
    csrf: String,
    browser: SecretString,
}

impl Waiting {
    fn of(form: &BTreeMap<String, String>, browser: Option<&SecretString>) -> Result<Self, PageError> {
        let browser = browser.ok_or(PageError::Stale)?.clone();
        Ok(Self { request: field(form, "request").to_owned(), csrf: field(form, "csrf").to_owned(), browser })
    }

    fn hash(&self) -> SecretHash {
        SecretHash::of(&self.request)
    }

    /// The request, if it waits, belongs to this browser, and the form is the one it waits for.
    fn look(&self, file: &rusqlite::Transaction<'_>, now: i64) -> Result<(Asked, Option<String>), PageError> {
        let row = file.query_row(
            "SELECT browser, csrf, asked, person FROM requests WHERE hash = ?1 AND ?2 < ends_at",
            params![self.hash().bytes(), now],
            |row| {
                let (browser, csrf): (Vec<u8>, Vec<u8>) = (row.get(0)?, row.get(1)?);
                Ok((browser, csrf, row.get::<_, String>(2)?, row.get(3)?))
            },
        );
        let (browser, csrf, asked, person) = row.optional()?.ok_or(PageError::Stale)?;
        let belongs = hash_of(&self.browser).is(&browser) & SecretHash::of(&self.csrf).is(&csrf);
        if !belongs {
            return Err(PageError::Stale);
        }
        Ok((serde_json::from_str(&asked).map_err(|_| PageError::Stale)?, person))
    }
}
