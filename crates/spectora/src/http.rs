//! Connections to the service: encrypted, without redirects, with time limits.

use std::sync::Once;

use reqwest::header::{ACCEPT, HeaderMap, HeaderValue};

use super::limits::ClientLimits;
use super::origin::BaseUrl;

/// The HTTP client could not be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ClientBuildError {
    /// Nothing on this machine says whose certificates are to be believed.
    #[error("no encrypted connection can be made ({0})")]
    NoAuthorities(String),
    /// The key holds what no header can.
    #[error("the API key holds characters that no key has")]
    OddKey,
}

impl ClientBuildError {
    /// What to do about it.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::NoAuthorities(_) => {
                "install this system's certificate authorities (often the package `ca-certificates`), or name a file of them \
                 in SSL_CERT_FILE"
            }
            Self::OddKey => "copy the key from Spectora once more, and run `spectora-mcp keys replace NAME`",
        }
    }
}

/// Connections to one origin, which all companies share: each costs memory for its certificate authorities. The key is no
/// part of it.
#[derive(Clone, Debug)]
pub struct Http(pub(super) reqwest::Client);

impl Http {
    /// Connections to this origin. No request is made.
    pub fn new(origin: &BaseUrl, limits: &ClientLimits) -> Result<Self, ClientBuildError> {
        static PROVIDER: Once = Once::new();
        PROVIDER.call_once(|| {
            // An error means that one is installed already, which is as good.
            drop(rustls::crypto::ring::default_provider().install_default());
        });
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        let mut builder = reqwest::Client::builder()
            .default_headers(headers)
            .user_agent(concat!("spectora-mcp/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            // A request this program does not know of would be missing in its count.
            .retry(reqwest::retry::never())
            .connect_timeout(limits.connect_time_max)
            .timeout(limits.request_time_max);
        if origin.is_loopback() {
            builder = builder.no_proxy();
        }
        if origin.is_plain() {
            // Nothing is encrypted on the way to this machine itself, so it needs no certificate authorities.
            builder = builder.tls_certs_only([]);
        }
        let http = builder.build().map_err(|error| ClientBuildError::NoAuthorities(innermost(&error)))?;
        Ok(Self(http))
    }
}

/// What lies at the bottom of an error, in one line.
pub(super) fn innermost(error: &dyn std::error::Error) -> String {
    let mut last = error;
    while let Some(source) = last.source() {
        last = source;
    }
    last.to_string().lines().next().unwrap_or_default().to_owned()
}
