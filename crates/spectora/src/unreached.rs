//! Why no connection to the service came about: what whoever set the program up can change is different for each.

use std::error::Error;
use std::io;

use super::http::innermost;

/// No connection, so nothing was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unreached {
    /// The name of the host is not known: no network, or a wrong address.
    #[error("its address cannot be looked up")]
    UnknownHost,
    /// Nobody listens there, or something on the way says so.
    #[error("the connection was refused")]
    Refused,
    /// The proxy of this network does not let the program through.
    #[error("the proxy of this network did not connect to it ({0})")]
    Proxy(String),
    /// The certificate is not one this machine trusts, as where a company's network opens what is encrypted.
    #[error("its certificate is not trusted here ({0})")]
    Certificate(String),
    /// Anything else.
    #[error("the connection failed: {0}")]
    Other(String),
}

impl Unreached {
    /// What a connection failed of, by all that lies under the error. None of it is anything a person typed.
    pub(super) fn of(error: &reqwest::Error) -> Self {
        let first: &(dyn Error + 'static) = error;
        let chain: Vec<&(dyn Error + 'static)> =
            std::iter::successors(Some(first), |error| Error::source(*error)).collect();
        let says = |word: &str| chain.iter().any(|error| error.to_string().contains(word));
        let last = innermost(error);
        if says("proxy") || says("tunnel") || says("SOCKS") {
            return Self::Proxy(last);
        }
        if says("invalid peer certificate") {
            return Self::Certificate(last.trim_start_matches("invalid peer certificate: ").to_owned());
        }
        if says("dns error") {
            return Self::UnknownHost;
        }
        let refused = |error: &&(dyn Error + 'static)| {
            error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::ConnectionRefused)
        };
        if chain.iter().any(refused) { Self::Refused } else { Self::Other(last) }
    }

    /// What to do about it.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::UnknownHost => "check this machine's network, and the spelling of `base_url` where one is set",
            Self::Refused => {
                "check `base_url` where one is set, and whether a firewall of this machine or network stops the program"
            }
            Self::Proxy(_) => {
                "check the proxy in HTTPS_PROXY (or ALL_PROXY); to go without it for Spectora, put connect.spectora.com \
                 into NO_PROXY"
            }
            Self::Certificate(_) => {
                "where your network's own authority signs certificates, add it to this system's authorities, or name a \
                 file with all of them in SSL_CERT_FILE; else somebody else may be answering: do not go on"
            }
            Self::Other(_) => "check the network, then try again in a minute",
        }
    }
}
