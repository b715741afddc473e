//! The login, step by step, on a clock of its own.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::HandClock;
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::*;

mod clocks;
mod guesses;

const REDIRECT: &str = "https://claude.ai/api/mcp/auth_callback";
const VERIFIER: &str = "a-verifier-of-forty-three-characters-or-more";
const PASSPHRASE: &str = "correct horse battery staple";

struct World {
    clock: Arc<HandClock>,
    store: Arc<AccessStore>,
    login: Login,
    client: String,
    _folder: tempfile::TempDir,
}

fn given(role: &str) -> Given {
    Given { role: role.to_owned(), companies: vec!["spectora_company1".parse().unwrap()], inspector: None }
}

fn login_at(store: &Arc<AccessStore>, url: &str) -> Login {
    let settings = LoginSettings {
        public_url: url.to_owned(),
        redirects: RedirectRules::default(),
        access_token_seconds: 3_600,
        allow_loopback_documents: false,
    };
    Login::new(Arc::clone(store), settings)
}

/// A network of the documentation's.
fn here() -> Network {
    Network::of([192, 0, 2, 1].into())
}

fn form(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

impl World {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(HandClock::new("2026-11-25T12:00:00Z".parse::<Timestamp>().unwrap()));
        let store = AccessStore::at(&folder.path().join("access.sqlite"), Arc::clone(&clock) as _);
        store.add_person("Ann", &PASSPHRASE.into(), &given("owner")).unwrap();
        let login = login_at(&store, "https://mcp.example.com");
        let answer =
            login.register(json!({"redirect_uris": [REDIRECT], "token_endpoint_auth_method": "none"}), here()).await;
        let client = answer.unwrap()["client_id"].as_str().unwrap().to_owned();
        Self { clock, store, login, client, _folder: folder }
    }

    fn query(&self, change: &[(&str, &str)]) -> Vec<(String, String)> {
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER.as_bytes()));
        let mut query = form(&[
            ("client_id", &self.client),
            ("redirect_uri", REDIRECT),
            ("response_type", "code"),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
            ("state", "st/ate"),
            ("resource", "https://mcp.example.com/mcp"),
            ("scope", "spectora:read offline_access"),
        ]);
        query.extend(form(change));
        query.into_iter().collect()
    }

    async fn consent(&self) -> (Page, SecretString) {
        let (page, browser) = self.login.begin(&self.query(&[]), None).await.unwrap();
        let filled = filled(&page, &[("name", " ann "), ("passphrase", PASSPHRASE)]);
        match self.login.sign_in(&filled, Some(&browser), here()).await.unwrap() {
            SignedIn::Consent { page, person, given } => {
                assert_eq!((person.as_str(), given.role.as_str()), ("Ann", "owner"));
                (page, browser)
            }
            SignedIn::Again { error, .. } => panic!("{error}"),
            SignedIn::Page { .. } => panic!("an application asked"),
        }
    }

    async fn code(&self) -> String {
        let (page, browser) = self.consent().await;
        let (to, grant) = self.login.decide(&filled(&page, &[("decision", "allow")]), Some(&browser)).await.unwrap();
        assert!(grant.is_some());
        let to = url::Url::parse(&to).unwrap();
        let query: BTreeMap<String, String> = to.query_pairs().into_owned().collect();
        assert_eq!((query["state"].as_str(), query["iss"].as_str()), ("st/ate", "https://mcp.example.com"));
        query["code"].clone()
    }

    async fn exchange(&self, code: &str, change: &[(&str, &str)]) -> Result<TokenAnswer, OAuthError> {
        let mut asked = form(&[
            ("grant_type", "authorization_code"),
            ("client_id", &self.client),
            ("code", code),
            ("redirect_uri", REDIRECT),
            ("code_verifier", VERIFIER),
        ]);
        asked.extend(form(change));
        self.login.token(asked, None).await
    }

    async fn refresh(&self, token: &SecretString) -> Result<TokenAnswer, OAuthError> {
        let asked =
            [("grant_type", "refresh_token"), ("client_id", &self.client), ("refresh_token", token.expose_secret())];
        self.login.token(form(&asked), None).await
    }

    async fn who(&self, token: &SecretString) -> Option<String> {
        self.login.verify(token.clone()).await.unwrap().map(|verified| verified.name)
    }

    fn pass(&self, seconds: i64) {
        self.clock.forward(SignedDuration::from_secs(seconds));
    }
}

fn filled(page: &Page, more: &[(&str, &str)]) -> BTreeMap<String, String> {
    let mut filled = form(&[("request", &page.request), ("csrf", &page.csrf)]);
    filled.extend(form(more));
    filled
}

#[tokio::test]
async fn a_person_lets_an_application_in_and_it_stays_in() {
    let world = World::new().await;
    let answer = world.exchange(&world.code().await, &[]).await.unwrap();
    assert_eq!((answer.expires_in, answer.scope.as_str()), (3_600, SCOPE));
    assert_eq!(world.who(&answer.access_token).await.as_deref(), Some("Ann"));
    // Nothing but the access token opens the door.
    assert_eq!(world.who(&answer.refresh_token).await, None);
    assert_eq!(world.who(&"spm_at_wrong".into()).await, None);
    world.pass(3_601);
    assert_eq!(world.who(&answer.access_token).await, None);
    let next = world.refresh(&answer.refresh_token).await.unwrap();
    assert_eq!(world.who(&next.access_token).await.as_deref(), Some("Ann"));
    // What is known after a restart, and in another process.
    let other = AccessStore::at(world.store.path(), Arc::clone(&world.clock) as _);
    let other = login_at(&other, "https://mcp.example.com");
    assert!(other.verify(next.access_token.clone()).await.unwrap().is_some());
    // A token is for one server.
    let elsewhere = login_at(&world.store, "https://other.example.com");
    assert!(elsewhere.verify(next.access_token.clone()).await.unwrap().is_none());
    // Rights are those of now, and end with the person.
    assert_eq!(world.store.revoke("ann").unwrap(), ["person"]);
    assert_eq!(world.who(&next.access_token).await, None);
    assert_eq!(world.refresh(&next.refresh_token).await.unwrap_err().code, "invalid_grant");
}

#[tokio::test]
async fn a_code_is_good_once_for_a_minute_for_its_client() {
    let world = World::new().await;
    let code = world.code().await;
    for change in [
        ("code_verifier", "another-verifier-of-forty-three-characters-xx"),
        ("redirect_uri", "https://claude.com/api/mcp/auth_callback"),
    ] {
        assert_eq!(world.exchange(&code, &[change]).await.unwrap_err().code, "invalid_grant", "{change:?}");
    }
    assert_eq!(world.exchange(&code, &[("client_id", "app-x")]).await.unwrap_err().code, "invalid_client");
    assert_eq!(world.exchange(&code, &[("client_id", "https://claude.ai/x")]).await.unwrap_err().code, "invalid_grant");
    let resource = ("resource", "https://other.example.com/mcp");
    assert_eq!(world.exchange(&code, &[resource]).await.unwrap_err().code, "invalid_target");
    assert_eq!(world.exchange(&code, &[("code_verifier", "")]).await.unwrap_err().code, "invalid_request");
    let answer = world.exchange(&code, &[]).await.unwrap();
    assert!(world.who(&answer.access_token).await.is_some());
    // A replay takes back what was given, and is told so again and again.
    for _ in 0..2 {
        assert_eq!(world.exchange(&code, &[]).await.unwrap_err().code, "invalid_grant");
        assert_eq!(world.who(&answer.access_token).await, None);
        assert_eq!(world.refresh(&answer.refresh_token).await.unwrap_err().code, "invalid_grant");
    }
    let late = world.code().await;
    world.pass(61);
    assert_eq!(world.exchange(&late, &[]).await.unwrap_err().code, "invalid_grant");
}

#[tokio::test]
async fn refresh_tokens_rotate_without_logging_anybody_out() {
    let world = World::new().await;
    let first = world.exchange(&world.code().await, &[]).await.unwrap().refresh_token;
    // An answer that got lost: the token before is still good, hours later, as its successor was never used.
    world.refresh(&first).await.unwrap();
    world.pass(7_200);
    let second = world.refresh(&first).await.unwrap().refresh_token;
    let third = world.refresh(&second).await.unwrap().refresh_token;
    // A burst: within two minutes of its replacement the one before is good too.
    world.pass(100);
    let sibling = world.refresh(&second).await.unwrap().refresh_token;
    // Later it is not, and whoever has it ends the grant.
    world.refresh(&third).await.unwrap();
    world.pass(121);
    assert!(world.refresh(&second).await.unwrap_err().description.contains("sign in again"));
    assert_eq!(world.refresh(&third).await.unwrap_err().code, "invalid_grant");
    assert_eq!(world.refresh(&sibling).await.unwrap_err().code, "invalid_grant");
}

#[tokio::test]
async fn two_months_of_silence_end_a_grant() {
    let world = World::new().await;
    let first = world.exchange(&world.code().await, &[]).await.unwrap();
    world.pass(59 * 86_400);
    world.store.tidy().unwrap();
    let next = world.refresh(&first.refresh_token).await.unwrap();
    world.pass(61 * 86_400);
    assert_eq!(world.refresh(&next.refresh_token).await.unwrap_err().code, "invalid_grant");
    world.store.tidy().unwrap();
    assert_eq!(world.store.grants().unwrap(), []);
}

#[tokio::test]
async fn requests_that_are_wrong_end_at_a_page() {
    let world = World::new().await;
    for change in [
        ("client_id", "app-x"),
        ("client_id", ""),
        ("redirect_uri", "https://claude.com/api/mcp/auth_callback"),
        ("redirect_uri", "javascript:alert(1)"),
        ("response_type", "token"),
        ("code_challenge", ""),
        ("code_challenge", "short"),
        ("code_challenge_method", "plain"),
        ("code_challenge_method", ""),
        ("resource", "https://other.example.com/mcp"),
    ] {
        assert!(world.login.begin(&world.query(&[change]), None).await.is_err(), "{change:?}");
    }
    let mut twice = world.query(&[]);
    twice.push(("redirect_uri".to_owned(), "https://evil.example.com/".to_owned()));
    assert!(world.login.begin(&twice, None).await.is_err());
    for fine in [("resource", ""), ("resource", "https://mcp.example.com/mcp/"), ("scope", ""), ("state", "")] {
        assert!(world.login.begin(&world.query(&[fine]), None).await.is_ok(), "{fine:?}");
    }
}

#[tokio::test]
async fn a_consent_belongs_to_one_browser_and_is_given_once() {
    let world = World::new().await;
    let (page, browser) = world.consent().await;
    let allow = filled(&page, &[("decision", "allow")]);
    let other = SecretString::from("spm_browser_other");
    for wrong in [None, Some(&other)] {
        assert_eq!(world.login.decide(&allow, wrong).await.unwrap_err(), PageError::Stale);
    }
    let mut forged = allow.clone();
    forged.insert("csrf".to_owned(), "spm_csrf_guess".to_owned());
    assert_eq!(world.login.decide(&forged, Some(&browser)).await.unwrap_err(), PageError::Stale);
    assert!(world.login.decide(&allow, Some(&browser)).await.is_ok());
    assert_eq!(world.login.decide(&allow, Some(&browser)).await.unwrap_err(), PageError::Stale);
    // Without a passphrase nobody agrees: the value of the sign-in page does not open the next one.
    let (page, browser) = world.login.begin(&world.query(&[]), None).await.unwrap();
    let unsigned = world.login.decide(&filled(&page, &[("decision", "allow")]), Some(&browser)).await;
    assert_eq!(unsigned.unwrap_err(), PageError::Stale);
    let (page, browser) = world.consent().await;
    let (to, grant) = world.login.decide(&filled(&page, &[("decision", "deny")]), Some(&browser)).await.unwrap();
    assert!(
        grant.is_none() && to.contains("error=access_denied") && to.contains("iss=") && !to.contains("code="),
        "{to}"
    );
    let (page, browser) = world.consent().await;
    world.pass(601);
    let late = world.login.decide(&filled(&page, &[("decision", "allow")]), Some(&browser)).await;
    assert_eq!(late.unwrap_err(), PageError::Stale);
}

#[tokio::test]
async fn applications_register_within_bounds() {
    let world = World::new().await;
    let cursor = json!({"client_name": "Cursor\u{202e}\n<b>", "redirect_uris": [
        "cursor://anysphere.cursor-mcp/oauth/callback", "https://www.cursor.com/agents/mcp/oauth/callback",
        "http://localhost:8787/callback"], "token_endpoint_auth_method": "client_secret_post",
        "grant_types": ["authorization_code", "refresh_token"], "response_types": ["code"]});
    let answer = world.login.register(cursor, here()).await.unwrap();
    assert_eq!(answer["client_name"], "Cursor <b>");
    assert_eq!(answer["client_secret_expires_at"], 0);
    let (id, secret) = (answer["client_id"].as_str().unwrap(), answer["client_secret"].as_str().unwrap());
    let refused = |secret: Option<&str>| world.store.authenticate(id, secret).unwrap_err().code;
    assert_eq!((refused(None), refused(Some("spm_client_x"))), ("invalid_client", "invalid_client"));
    world.store.authenticate(id, Some(secret)).unwrap();
    for bad in ["javascript:alert(1)", "data:text/html,x", "https://claude.ai/api/mcp/auth_callback#x"] {
        let refused = world.login.register(json!({"redirect_uris": [REDIRECT, bad]}), here()).await.unwrap_err();
        assert_eq!(refused.code, "invalid_redirect_uri", "{bad}");
    }
    // One that is not known is not taken; the others are.
    let mixed =
        world.login.register(json!({"redirect_uris": [REDIRECT, "https://evil.example.com/x"]}), here()).await.unwrap();
    assert_eq!(mixed["redirect_uris"], json!([REDIRECT]));
    let unknown =
        world.login.register(json!({"redirect_uris": ["https://evil.example.com/x"]}), here()).await.unwrap_err();
    assert!(unknown.code == "invalid_redirect_uri" && unknown.description.contains("evil.example.com"), "{unknown:?}");
    let implicit = json!({"redirect_uris": [REDIRECT], "grant_types": ["implicit"]});
    assert_eq!(world.login.register(implicit, here()).await.unwrap_err().code, "invalid_client_metadata");
    let mut flood = 0;
    let refused = loop {
        match world.login.register(json!({"redirect_uris": [REDIRECT]}), Network::of([127, 0, 0, 1].into())).await {
            Ok(_) => flood += 1,
            Err(error) => break error,
        }
    };
    assert!(flood < 60 && refused.status() == 429, "{flood}");
    // Where all seem to come from one place, that is all; a network of its own still gets in.
    assert!(world.login.register(json!({"redirect_uris": [REDIRECT]}), here()).await.is_ok());
    // Those never used are gone after a day; what is in use stays.
    world.pass(25 * 3_600);
    world.store.tidy().unwrap();
    assert!(world.store.client(&world.client).unwrap().is_none() && world.store.client(id).unwrap().is_some());
}

#[tokio::test]
async fn static_tokens_end_and_are_taken_back() {
    let world = World::new().await;
    let ends_at = world.clock_ms() + 3_600_000;
    let token = world.store.add_token("nightly report", &given("office"), Some(ends_at)).unwrap();
    let verified = world.login.verify(token.clone()).await.unwrap().unwrap();
    assert!(verified.is_token && verified.given.role == "office");
    assert!(world.store.add_token("Nightly Report", &given("office"), None).is_err());
    world.pass(3_601);
    assert_eq!(world.who(&token).await, None);
    let other = world.store.add_token("other", &given("office"), None).unwrap();
    assert!(world.who(&other).await.is_some());
    assert_eq!(world.store.revoke("other").unwrap(), ["token"]);
    assert_eq!(world.who(&other).await, None);
    assert!(world.store.revoke("other").is_err());
}

#[tokio::test]
async fn a_revoked_grant_is_over_and_an_unknown_one_is_as_good() {
    let world = World::new().await;
    let answer = world.exchange(&world.code().await, &[]).await.unwrap();
    let revoke = async |token: &str, client: &str| {
        world.login.revoke(form(&[("token", token), ("client_id", client)]), None).await
    };
    revoke("spm_rt_unknown", &world.client).await.unwrap();
    // Another client cannot.
    revoke(answer.refresh_token.expose_secret(), "https://claude.ai/x").await.unwrap();
    assert!(world.who(&answer.access_token).await.is_some());
    revoke(answer.refresh_token.expose_secret(), &world.client).await.unwrap();
    assert_eq!(world.who(&answer.access_token).await, None);
    // Whoever has the token, and does not say who it is.
    let answer = world.exchange(&world.code().await, &[]).await.unwrap();
    world.login.revoke(form(&[("token", answer.access_token.expose_secret())]), None).await.unwrap();
    assert_eq!(world.who(&answer.access_token).await, None);
}

#[test]
fn nothing_secret_is_in_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("access.sqlite");
    let store = AccessStore::at(&path, Arc::new(domain::SystemClock));
    store.add_person("Ann", &PASSPHRASE.into(), &given("owner")).unwrap();
    let token = store.add_token("t", &given("owner"), None).unwrap();
    let (_, secret) =
        store.add_client("c", &["https://app.example.com/x".to_owned()], true, &RedirectRules::default()).unwrap();
    drop(store);
    let mut bytes = Vec::new();
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let path = entry.unwrap().path();
        #[cfg(unix)]
        assert_eq!(std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&path).unwrap().permissions()) & 0o77, 0);
        bytes.extend(std::fs::read(path).unwrap());
    }
    let holds = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(holds("Ann") && holds("$argon2id$"));
    for secret in [PASSPHRASE, token.expose_secret(), secret.unwrap().expose_secret()] {
        assert!(!holds(secret));
    }
    assert!(
        AccessStore::at(&path, Arc::new(domain::SystemClock))
            .add_person("b", &"short".into(), &given("owner"))
            .is_err()
    );
}

impl World {
    fn clock_ms(&self) -> i64 {
        domain::Clock::now(self.clock.as_ref()).as_millisecond()
    }
}
