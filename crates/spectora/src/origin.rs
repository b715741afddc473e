//! Where the service is.

use std::fmt;
use std::str::FromStr;

use domain::is_this_machine;
use url::Url;

/// The service's origin: HTTPS, or plain HTTP on this machine only (for the simulated service).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseUrl(Url);

/// The text is no origin this program sends a key to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the base URL must be an https:// origin (or http:// on localhost), without path, user, query or fragment")]
pub struct BaseUrlError;

impl BaseUrl {
    /// The real service (from the vendor's pages).
    pub const DEFAULT: &'static str = "https://connect.spectora.com";

    /// Whether it is on this machine.
    pub fn is_loopback(&self) -> bool {
        is_this_machine(&self.0)
    }

    /// Whether requests go there without encryption.
    pub(super) fn is_plain(&self) -> bool {
        self.0.scheme() == "http"
    }

    /// Its host and port.
    pub(super) fn place(&self) -> (&str, u16) {
        (self.0.host_str().unwrap_or_default(), self.0.port_or_known_default().unwrap_or_default())
    }

    /// The address of `path` with `query` (already encoded) at this origin.
    pub(super) fn address(&self, path: &str, query: &str) -> Url {
        let mut url = self.0.clone();
        url.set_path(path);
        url.set_query((!query.is_empty()).then_some(query));
        url
    }
}

impl FromStr for BaseUrl {
    type Err = BaseUrlError;

    fn from_str(text: &str) -> Result<Self, BaseUrlError> {
        let url = Url::parse(text.trim()).map_err(|_| BaseUrlError)?;
        let plain = url.username().is_empty() && url.password().is_none() && url.query().is_none();
        let base = Self(url);
        let fits = plain
            && base.0.fragment().is_none()
            && base.0.path() == "/"
            && base.0.host().is_some()
            && (base.0.scheme() == "https" || (base.0.scheme() == "http" && base.is_loopback()));
        if fits { Ok(base) } else { Err(BaseUrlError) }
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str().trim_end_matches('/'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_sent_over_https_or_stays_on_this_machine() {
        for good in ["https://connect.spectora.com", "http://127.0.0.1:8080/", "http://localhost:1", "http://[::1]:9"] {
            assert!(good.parse::<BaseUrl>().is_ok(), "{good}");
        }
        for bad in
            ["http://connect.spectora.com", "https://u:p@example.com", "https://example.com/x", "ftp://localhost", "x"]
        {
            assert!(bad.parse::<BaseUrl>().is_err(), "{bad}");
        }
    }
}
