//! `[http]` and `[roles]`: how callers get in over HTTP, and what roles may see.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;

use ipnet::IpNet;
use url::{Position, Url};

use super::error::ConfigError;
use super::file::{RawFile, RawHttp, RawWayIn};
use super::secret::shown;
use super::{Environment, Overrides, raw_file};
use domain::{Roles, is_safe_address};

/// Calls of one caller in any minute, unless configured.
const CALLS_PER_MINUTE_DEFAULT: NonZeroU32 = NonZeroU32::MIN.saturating_add(299);

/// How callers get in over HTTP.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WayInChoice {
    /// It was not said: everybody on this machine, nobody from elsewhere.
    #[default]
    Unsaid,
    /// Everybody, from wherever the address can be reached.
    Open,
    /// With a static token.
    Tokens,
    /// By logging in, or with a static token.
    Login,
    /// With a token of an identity provider that is there already, or a static one.
    Issuer,
}

/// An identity provider whose tokens are taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuerConfig {
    /// Its issuer identifier.
    pub url: String,
    /// Whom its tokens are for, where that is not the address of `/mcp`.
    pub audience: Option<String>,
    /// The claim with the role.
    pub role_claim: String,
    /// The claim with the companies.
    pub companies_claim: String,
    /// The claim with the inspector.
    pub inspector_claim: String,
    /// Whether a token that names no company sees all.
    pub all_companies: bool,
}

/// What `[http]` and `[roles]` say.
#[derive(Clone, Debug)]
pub struct HttpConfig {
    /// How callers get in.
    pub way_in: WayInChoice,
    /// The public address, checked: scheme, host and port without a slash.
    pub public_url: Option<String>,
    /// Redirects of applications beside the known ones.
    pub redirects: Vec<String>,
    /// The file of people, tokens and grants; `None` without a data folder.
    pub access_file: Option<PathBuf>,
    /// The identity provider, where there is one.
    pub issuer: Option<IssuerConfig>,
    /// The most calls of one caller in any minute.
    pub calls_per_minute: NonZeroU32,
    /// Proxies that are believed when they say where a request comes from.
    pub trusted_proxies: Vec<IpNet>,
    /// Whether clients may open sessions.
    pub sessions: bool,
    /// The presets and the roles of the file.
    pub roles: Roles,
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self {
            way_in: WayInChoice::Unsaid,
            public_url: None,
            redirects: Vec::new(),
            access_file: None,
            issuer: None,
            calls_per_minute: CALLS_PER_MINUTE_DEFAULT,
            trusted_proxies: Vec::new(),
            sessions: false,
            roles: Roles::default(),
        }
    }
}

/// Reads and settles `[http]` and `[roles]`; companies are not looked at.
pub fn http(overrides: &Overrides, environment: &Environment) -> Result<HttpConfig, ConfigError> {
    let (raw, path) = raw_file(overrides, environment)?;
    let RawFile {
        http:
            RawHttp { way_in, public_url, redirects, access_file, calls_per_minute, trusted_proxies, sessions, issuer },
        roles,
        mirror,
        ..
    } = raw;
    let access_file = match access_file {
        Some(file) => {
            let folder = path.as_deref().and_then(std::path::Path::parent).unwrap_or(std::path::Path::new("."));
            Some(folder.join(environment.expand(file)?))
        }
        None if overrides.no_mirror || mirror.enabled == Some(false) => None,
        None => super::data_folder(overrides, environment, mirror)?.map(|(folder, _)| folder.join("access.db")),
    };
    Ok(HttpConfig {
        way_in: match way_in {
            None => WayInChoice::Unsaid,
            Some(RawWayIn::Open) => WayInChoice::Open,
            Some(RawWayIn::Tokens) => WayInChoice::Tokens,
            Some(RawWayIn::Login) => WayInChoice::Login,
            Some(RawWayIn::Issuer) => WayInChoice::Issuer,
        },
        public_url: public_url.as_deref().map(self::public_url).transpose()?,
        redirects,
        access_file,
        issuer: issuer.map(|raw| IssuerConfig {
            url: raw.url,
            audience: raw.audience,
            role_claim: raw.role_claim.unwrap_or_else(|| "spectora_role".to_owned()),
            companies_claim: raw.companies_claim.unwrap_or_else(|| "spectora_companies".to_owned()),
            inspector_claim: raw.inspector_claim.unwrap_or_else(|| "spectora_inspector".to_owned()),
            all_companies: raw.all_companies,
        }),
        calls_per_minute: calls_per_minute.unwrap_or(CALLS_PER_MINUTE_DEFAULT),
        trusted_proxies: trusted_proxies.iter().map(|given| trusted_proxy(given)).collect::<Result<_, _>>()?,
        sessions,
        roles: Roles::with(roles),
    })
}

/// The public address as people paste it, with `/mcp` or a slash at its end: `https`, or `http` on this machine.
pub fn public_url(given: &str) -> Result<String, ConfigError> {
    let wrong = || ConfigError::PublicUrl { given: shown(given) };
    let address = Url::parse(given.trim()).map_err(|_| wrong())?;
    let is_bare =
        matches!(address.path(), "/" | "/mcp" | "/mcp/") && address.query().is_none() && address.fragment().is_none();
    if !is_safe_address(&address) || !is_bare || !address.username().is_empty() || address.password().is_some() {
        return Err(wrong());
    }
    Ok(address[..Position::AfterPort].to_owned())
}

/// A proxy's address, or the network that proxies are in.
pub fn trusted_proxy(given: &str) -> Result<IpNet, ConfigError> {
    let text = given.trim();
    let network = text.parse().or_else(|_| text.parse::<IpAddr>().map(|address| IpNet::from(address.to_canonical())));
    network.map_err(|_| ConfigError::TrustedProxy { given: shown(given) })
}
