//! Tokens of an identity provider that is there already: JSON Web Tokens, checked with the keys it publishes.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use biscuit::jwa::SignatureAlgorithm;
use biscuit::jwk::{JWK, JWKSet};
use biscuit::{CompactJson, Empty, jws};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::Mutex;
use url::Url;

use super::fetch;
use super::grants::Verified;
use super::people::Given;
use domain::{Clock, CompanyName, is_safe_address};

/// How long fetching a document may take.
const TIME_MAX: Duration = Duration::from_secs(5);
/// The largest document, in bytes.
const BYTES_MAX: usize = 256 * 1024;
/// How long published keys are good without being looked at again.
const KEYS_GOOD_FOR: Duration = Duration::from_secs(3_600);
/// Keys are not looked for more often than this, whatever tokens come: a made-up key id must not cause requests.
const KEYS_EVERY: Duration = Duration::from_secs(30);
/// Clocks may differ by so many seconds.
const LEEWAY_SECONDS: i64 = 30;
/// The algorithms taken: signatures with a public key. `none` and those with a shared secret are not.
const ALGORITHMS: &[SignatureAlgorithm] = &[
    SignatureAlgorithm::RS256,
    SignatureAlgorithm::RS384,
    SignatureAlgorithm::RS512,
    SignatureAlgorithm::PS256,
    SignatureAlgorithm::PS384,
    SignatureAlgorithm::PS512,
    SignatureAlgorithm::ES256,
    SignatureAlgorithm::ES384,
];

/// What is known of an identity provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuerSettings {
    /// Its issuer identifier, exactly as it writes it: `https`, or `http` on this machine.
    pub url: String,
    /// Whom its tokens must be for; the address of `/mcp` unless told otherwise.
    pub audience: String,
    /// The claim with the role's name (text, or a list of which the first known one counts).
    pub role_claim: String,
    /// The claim with names of companies (a list, or text with blanks between).
    pub companies_claim: String,
    /// The claim with the inspector, for roles about one's own work.
    pub inspector_claim: String,
    /// Whether a token that names no company sees all of them.
    pub all_companies: bool,
}

/// Why a token is not good, without anything of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IssuerError {
    /// It is no token of this issuer that is good here now.
    #[error("{0}")]
    Refused(&'static str),
    /// The issuer's keys cannot be had.
    #[error("the keys of the identity provider cannot be read: its {0}")]
    Keys(String),
}

/// What a token says, whatever that is.
#[derive(Debug, Serialize, Deserialize)]
#[serde(transparent)]
struct Claims(Value);

impl CompactJson for Claims {}

/// An identity provider whose tokens are taken.
pub struct Issuer {
    settings: IssuerSettings,
    keys: RwLock<Option<PublishedKeys>>,
    /// When keys were last looked for; held while they are fetched, so that many calls fetch once.
    looked: Mutex<Option<Instant>>,
    clock: Arc<dyn Clock>,
}

/// The keys a provider published, and when they were read.
#[derive(Clone)]
struct PublishedKeys {
    at: Instant,
    set: Arc<JWKSet<Empty>>,
}

impl Issuer {
    /// An issuer whose address is one that may be asked. `Err` says what is wrong with it.
    pub fn new(settings: IssuerSettings, clock: Arc<dyn Clock>) -> Result<Self, String> {
        checked(&settings.url).map_err(|why| format!("the issuer {why}"))?;
        Ok(Self { settings, keys: RwLock::default(), looked: Mutex::default(), clock })
    }

    /// What is known of it.
    pub fn settings(&self) -> &IssuerSettings {
        &self.settings
    }

    /// Whether a bearer token has the form of its tokens.
    pub fn may_be(token: &SecretString) -> bool {
        let token = token.expose_secret();
        token.starts_with("ey") && token.split('.').count() == 3
    }

    /// Who comes with this token, by its claims.
    pub async fn verify(&self, token: &SecretString, is_role: impl Fn(&str) -> bool) -> Result<Verified, IssuerError> {
        let refused = IssuerError::Refused;
        let encoded = jws::Compact::<Claims, Empty>::new_encoded(token.expose_secret());
        let header = encoded.unverified_header().map_err(|_| refused("a token that cannot be read"))?;
        let algorithm = header.registered.algorithm;
        if !ALGORITHMS.contains(&algorithm) {
            return Err(refused("a token with an algorithm that is not taken"));
        }
        let key_id = header.registered.key_id.clone().ok_or(refused("a token that names no key"))?;
        let keys = self.keys(&key_id).await?;
        let decoded = encoded
            .decode_with_jwks(&keys, Some(algorithm))
            .map_err(|_| refused("a token whose signature is not of the identity provider"))?;
        let claims = decoded.payload().map_err(|_| refused("a token that cannot be read"))?;
        self.read(&claims.0, is_role)
    }

    fn read(&self, claims: &Value, is_role: impl Fn(&str) -> bool) -> Result<Verified, IssuerError> {
        let refused = IssuerError::Refused;
        let now = self.clock.now().as_second();
        // A date with a fraction counts by its whole seconds.
        let seconds = |name: &str| claims.get(name).and_then(|at| at.as_i64().or_else(|| at.as_f64().map(whole)));
        if claims.get("iss").and_then(Value::as_str) != Some(self.settings.url.as_str()) {
            return Err(refused("a token of another issuer"));
        }
        let is_for_us = match claims.get("aud") {
            Some(Value::String(one)) => *one == self.settings.audience,
            Some(Value::Array(many)) => many.iter().any(|one| one == self.settings.audience.as_str()),
            _ => false,
        };
        if !is_for_us {
            return Err(refused("a token for another audience"));
        }
        let ends_at = seconds("exp").ok_or(refused("a token that never ends"))?;
        if ends_at + LEEWAY_SECONDS <= now {
            return Err(refused("a token that has ended"));
        }
        if seconds("nbf").is_some_and(|begins| now < begins - LEEWAY_SECONDS) {
            return Err(refused("a token that is not good yet"));
        }
        let name = claims.get("sub").and_then(Value::as_str).ok_or(refused("a token of nobody"))?;
        let roles = words(claims.get(&self.settings.role_claim));
        let role =
            roles.into_iter().find(|role| is_role(role)).ok_or(refused("a token without a role that is set up"))?;
        let companies = words(claims.get(&self.settings.companies_claim));
        if companies.is_empty() && !self.settings.all_companies {
            return Err(refused("a token without a company"));
        }
        let companies = companies.iter().map(|name| name.parse::<CompanyName>());
        let companies =
            companies.collect::<Result<_, _>>().map_err(|_| refused("a token with a company that is none"))?;
        let inspector = claims.get(&self.settings.inspector_claim).and_then(Value::as_str).map(str::to_owned);
        Ok(Verified { name: name.to_owned(), is_token: false, given: Given { role, companies, inspector } })
    }

    fn known(&self) -> Option<PublishedKeys> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The published keys; looked at again when they are old or when none has this id. While that goes on, calls whose key
    /// is known and not old do not wait.
    async fn keys(&self, key_id: &str) -> Result<Arc<JWKSet<Empty>>, IssuerError> {
        let good =
            || self.known().filter(|known| known.at.elapsed() < KEYS_GOOD_FOR && known.set.find(key_id).is_some());
        if let Some(known) = good() {
            return Ok(known.set);
        }
        let mut looked = self.looked.lock().await;
        if let Some(known) = good() {
            return Ok(known.set);
        }
        let before = self.known().map(|known| known.set);
        if looked.is_some_and(|at| at.elapsed() < KEYS_EVERY) {
            // Just looked: the key is not there, or the provider does not answer.
            return before.ok_or_else(|| IssuerError::Keys("documents could not be fetched a moment ago".to_owned()));
        }
        *looked = Some(Instant::now());
        match self.fetch_keys().await {
            Ok(fetched) => {
                let set = Arc::new(fetched);
                let published = PublishedKeys { at: Instant::now(), set: Arc::clone(&set) };
                *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Some(published);
                Ok(set)
            }
            // Keys of before are better than none while the provider is down.
            Err(why) => before.ok_or(IssuerError::Keys(why)),
        }
    }

    async fn fetch_keys(&self) -> Result<JWKSet<Empty>, String> {
        let url = self.settings.url.trim_end_matches('/');
        let mut metadata = Err(String::new());
        for place in ["openid-configuration", "oauth-authorization-server"] {
            let address = checked(&format!("{url}/.well-known/{place}"))?;
            metadata = fetch::json(&address, TIME_MAX, BYTES_MAX, |builder| builder).await;
            if metadata.is_ok() {
                break;
            }
        }
        let metadata = metadata.map_err(|why| format!("metadata {why}"))?;
        if metadata.get("issuer").and_then(Value::as_str) != Some(self.settings.url.as_str()) {
            return Err("metadata is of another issuer".to_owned());
        }
        let place = metadata.get("jwks_uri").and_then(Value::as_str).ok_or("metadata names no keys")?;
        let address = checked(place).map_err(|why| format!("keys' address {why}"))?;
        let document = fetch::json(&address, TIME_MAX, BYTES_MAX, |builder| builder)
            .await
            .map_err(|why| format!("list of keys {why}"))?;
        let listed = document.get("keys").and_then(Value::as_array).ok_or("list of keys holds none")?;
        // A kind of key that is not known here must not hide the others.
        let keys: Vec<JWK<Empty>> = listed.iter().filter_map(|key| serde_json::from_value(key.clone()).ok()).collect();
        Ok(JWKSet { keys })
    }
}

/// Seconds without their fraction; a date beyond all time is the last.
#[expect(clippy::cast_possible_truncation, reason = "beyond its range the last instant is meant")]
fn whole(seconds: f64) -> i64 {
    seconds as i64
}

/// The texts of a claim: a list, or text with blanks between.
fn words(claim: Option<&Value>) -> Vec<String> {
    match claim {
        Some(Value::String(text)) => text.split_whitespace().map(str::to_owned).collect(),
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

fn checked(address: &str) -> Result<Url, String> {
    let parsed = Url::parse(address).map_err(|_| "is no address".to_owned())?;
    if is_safe_address(&parsed) { Ok(parsed) } else { Err("is no https address".to_owned()) }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;
    use std::sync::Mutex as StdMutex;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use ring::rand::SystemRandom;
    use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
    use serde_json::json;

    use super::*;

    const AUDIENCE: &str = "https://mcp.example.com/mcp";

    fn key() -> EcdsaKeyPair {
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new()).unwrap();
        EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref(), &SystemRandom::new()).unwrap()
    }

    fn published(key: &EcdsaKeyPair, id: &str) -> Value {
        let (x, y) = key.public_key().as_ref()[1..].split_at(32);
        let coded = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        json!({"kty": "EC", "crv": "P-256", "x": coded(x), "y": coded(y), "kid": id, "alg": "ES256", "use": "sig"})
    }

    fn signed(key: &EcdsaKeyPair, header: &Value, claims: &Value) -> SecretString {
        let coded = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let content = format!("{}.{}", coded(header), coded(claims));
        let signature = key.sign(&SystemRandom::new(), content.as_bytes()).unwrap();
        SecretString::from(format!("{content}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    /// A provider on this machine, whose keys can be changed; counts how often they are read.
    struct Provider {
        url: String,
        keys: Arc<StdMutex<Vec<Value>>>,
        read: Arc<AtomicUsize>,
    }

    impl Provider {
        fn start() -> Self {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let url = format!("http://{}", listener.local_addr().unwrap());
            let (keys, read) = (Arc::new(StdMutex::new(Vec::new())), Arc::new(AtomicUsize::new(0)));
            let (listed, counted, issuer) = (Arc::clone(&keys), Arc::clone(&read), url.clone());
            std::thread::spawn(move || {
                for stream in listener.incoming() {
                    let mut stream = stream.unwrap();
                    let mut piece = [0; 4096];
                    let length = stream.read(&mut piece).unwrap_or(0);
                    let asked = String::from_utf8_lossy(&piece[..length]).into_owned();
                    let body = if asked.starts_with("GET /keys ") {
                        counted.fetch_add(1, Ordering::SeqCst);
                        json!({"keys": *listed.lock().unwrap()}).to_string()
                    } else {
                        json!({"issuer": issuer, "jwks_uri": format!("{issuer}/keys")}).to_string()
                    };
                    let head =
                        format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
                    drop(write!(stream, "{head}{body}"));
                }
            });
            Self { url, keys, read }
        }

        fn issuer(&self) -> Issuer {
            let settings = IssuerSettings {
                url: self.url.clone(),
                audience: AUDIENCE.to_owned(),
                role_claim: "role".to_owned(),
                companies_claim: "companies".to_owned(),
                inspector_claim: "inspector".to_owned(),
                all_companies: false,
            };
            Issuer::new(settings, Arc::new(domain::SystemClock)).unwrap()
        }

        fn claims(&self, change: &Value) -> Value {
            let now = domain::SystemClock.now().as_second();
            let mut claims = json!({"iss": self.url, "aud": [AUDIENCE, "other"], "exp": now + 60, "sub": "user-7",
                "role": ["staff", "office"], "companies": "spectora_company1"});
            let changed = claims.as_object_mut().unwrap();
            for (name, value) in change.as_object().unwrap() {
                if value.is_null() {
                    changed.remove(name);
                } else {
                    changed.insert(name.clone(), value.clone());
                }
            }
            claims
        }
    }

    #[tokio::test]
    async fn a_token_is_taken_for_what_it_says_and_nothing_else_is() {
        let (provider, key, other) = (Provider::start(), key(), key());
        // A kind of key that is not known stands beside the one that counts, and a shared secret that is not taken.
        *provider.keys.lock().unwrap() = vec![
            json!({"kty": "XYZ", "kid": "odd"}),
            json!({"kty": "oct", "kid": "shared", "k": "c2VjcmV0", "alg": "HS256"}),
            published(&key, "one"),
        ];
        let issuer = provider.issuer();
        let is_role = |role: &str| role == "office" || role == "inspector";
        let header = json!({"alg": "ES256", "kid": "one", "typ": "at+jwt"});
        let come = async |token: &SecretString| issuer.verify(token, is_role).await;
        let good = signed(&key, &header, &provider.claims(&json!({})));
        assert!(Issuer::may_be(&good));
        let verified = come(&good).await.unwrap();
        assert_eq!((verified.name.as_str(), verified.given.role.as_str()), ("user-7", "office"));
        assert_eq!(verified.given.companies, ["spectora_company1".parse().unwrap()]);
        let now = domain::SystemClock.now().as_second();
        for change in [
            json!({"iss": "https://other.example.com"}),
            json!({"aud": "https://other.example.com/mcp"}),
            json!({"aud": null}),
            json!({"exp": now - 60}),
            json!({"exp": null}),
            json!({"nbf": now + 600}),
            json!({"sub": null}),
            json!({"role": "king"}),
            json!({"role": null}),
            json!({"companies": null}),
            json!({"companies": ["Not A Name!"]}),
        ] {
            let refused = come(&signed(&key, &header, &provider.claims(&change))).await;
            assert!(matches!(refused, Err(IssuerError::Refused(_))), "{change}: {refused:?}");
        }
        // Another's key under this one's id, no signature, a shared secret, a key that is not there, a changed body.
        let claims = provider.claims(&json!({}));
        let none = json!({"alg": "none", "kid": "one"});
        let shared = json!({"alg": "HS256", "kid": "shared"});
        let unknown = json!({"alg": "ES256", "kid": "two"});
        let no_key = json!({"alg": "ES256"});
        let own_key = json!({"alg": "ES256", "kid": "one", "jwk": published(&other, "one")});
        let mut bad: Vec<SecretString> =
            [&none, &shared, &unknown, &no_key].iter().map(|header| signed(&key, header, &claims)).collect();
        bad.push(signed(&other, &header, &claims));
        bad.push(signed(&other, &own_key, &claims));
        let parts: Vec<String> = good.expose_secret().split('.').map(str::to_owned).collect();
        let owner = URL_SAFE_NO_PAD.encode(provider.claims(&json!({"role": "inspector"})).to_string());
        bad.push(format!("{}.{owner}.{}", parts[0], parts[2]).into());
        bad.push(format!("{}.{}.", parts[0], parts[1]).into());
        for token in &bad {
            assert!(come(token).await.is_err(), "{}", token.expose_secret());
        }
        // An unknown key caused no second look within half a minute.
        assert_eq!(provider.read.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn keys_that_change_are_found() {
        let (provider, before, after) = (Provider::start(), key(), key());
        *provider.keys.lock().unwrap() = vec![published(&before, "one")];
        let issuer = provider.issuer();
        let token = |key: &EcdsaKeyPair, id: &str| {
            signed(key, &json!({"alg": "ES256", "kid": id}), &provider.claims(&json!({})))
        };
        let is_role = |role: &str| role == "office";
        issuer.verify(&token(&before, "one"), is_role).await.unwrap();
        *provider.keys.lock().unwrap() = vec![published(&after, "two")];
        assert!(issuer.verify(&token(&after, "two"), is_role).await.is_err());
        // Half a minute later.
        *issuer.looked.lock().await = None;
        issuer.verify(&token(&after, "two"), is_role).await.unwrap();
        assert!(issuer.verify(&token(&before, "one"), is_role).await.is_err());
        assert_eq!(provider.read.load(Ordering::SeqCst), 2);
    }

    #[test]
    fn an_issuer_is_an_https_address() {
        for bad in ["http://login.example.com", "login.example.com", "ftp://login.example.com"] {
            assert!(checked(bad).is_err(), "{bad}");
        }
        assert!(checked("https://login.example.com/realm").is_ok());
    }
}
