//! The newest version of this program, as an address tells that whoever runs it named. Neither a key nor a company is part
//! of such a request, and it is made once.

use std::cmp::Ordering;
use std::time::Duration;

use domain::is_safe_address;
use semver::Version;
use serde_json::Value;
use url::Url;

use super::http::{ClientBuildError, Http};
use super::limits::ClientLimits;
use super::origin::BaseUrl;
use super::request::{OpenReply, get_openly};
use super::unreached::Unreached;

/// The longest it may take, in all.
const TIME_MAX: Duration = Duration::from_secs(5);
/// The largest answer, in bytes: GitHub's has the notes of the release and every file in it.
const BODY_BYTES_MAX: u64 = 1024 * 1024;
/// The longest version, and the longest address of a page, in characters.
const VERSION_CHARS_MAX: usize = 60;
const PAGE_CHARS_MAX: usize = 200;

/// Where it is asked for the newest version: HTTPS, or plain HTTP on this machine only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReleaseAddress {
    url: Url,
    origin: BaseUrl,
}

impl ReleaseAddress {
    /// `None` for what is no such address, or has a user, a password or a fragment.
    pub fn new(text: &str) -> Option<Self> {
        let url = Url::parse(text.trim()).ok()?;
        let is_plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
        let origin = url.origin().ascii_serialization().parse().ok()?;
        is_plain.then_some(Self { url, origin })
    }
}

/// A published version. Nothing in it holds what a terminal would not print as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    version: Version,
    page: Option<Url>,
}

/// Why it could not be found out which version is the newest.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReleaseError {
    /// No request can be made at all.
    #[error("{0}")]
    Connection(ClientBuildError),
    /// No connection came about.
    #[error("the address cannot be reached: {0}")]
    Unreached(Unreached),
    /// The connection ended in the middle of the answer.
    #[error("the connection broke off")]
    BrokenOff,
    /// The answer did not come, or did not end.
    #[error("there was no complete answer within {} s", .0.as_secs())]
    TimedOut(Duration),
    /// It leads to another address.
    #[error("the answer sends on to another address, which is not followed")]
    Redirected,
    /// Another status than success.
    #[error("the answer was HTTP {0}")]
    Refused(u16),
    /// Larger than is read.
    #[error("the answer is larger than {0} bytes")]
    TooLarge(u64),
    /// It tells no version.
    #[error("the answer is not understood: {0}")]
    NotUnderstood(&'static str),
}

impl ReleaseError {
    /// What to do about it.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Connection(error) => error.remedy(),
            Self::Unreached(Unreached::UnknownHost) => {
                "check this machine's network, and the spelling of `address` under [updates] in spectora.toml"
            }
            Self::Unreached(Unreached::Refused) => {
                "check `address` under [updates] in spectora.toml, and whether a firewall of this machine or network stops the \
                 program"
            }
            Self::Unreached(Unreached::Proxy(_)) => "check the proxy in HTTPS_PROXY (or ALL_PROXY)",
            Self::Unreached(why @ (Unreached::Certificate(_) | Unreached::Other(_))) => why.remedy(),
            Self::BrokenOff | Self::TimedOut(_) => "try again in a minute",
            Self::Redirected => "give the address it leads to as `address` under [updates] in spectora.toml",
            Self::Refused(_) => {
                "check `address` under [updates] in spectora.toml; where it is right, try again in an hour (GitHub answers a \
                 network only so often)"
            }
            Self::TooLarge(_) | Self::NotUnderstood(_) => {
                "check `address` under [updates] in spectora.toml: it must answer with JSON that has `tag_name` or `version`, \
                 such as v0.2.0"
            }
        }
    }
}

impl Release {
    /// Asks for it, once.
    pub async fn ask(address: &ReleaseAddress) -> Result<Self, ReleaseError> {
        let limits = ClientLimits { connect_time_max: TIME_MAX, request_time_max: TIME_MAX, ..ClientLimits::default() };
        let http = Http::new(&address.origin, &limits).map_err(ReleaseError::Connection)?;
        match get_openly(&http, address.url.clone(), BODY_BYTES_MAX).await {
            OpenReply::Whole(200..=299, body) => Self::read(&body),
            OpenReply::Whole(300..=399, _) => Err(ReleaseError::Redirected),
            OpenReply::Whole(status, _) => Err(ReleaseError::Refused(status)),
            OpenReply::TooLarge => Err(ReleaseError::TooLarge(BODY_BYTES_MAX)),
            OpenReply::TimedOut => Err(ReleaseError::TimedOut(TIME_MAX)),
            OpenReply::Unreached(why) => Err(ReleaseError::Unreached(why)),
            OpenReply::BrokenOff => Err(ReleaseError::BrokenOff),
        }
    }

    fn read(body: &[u8]) -> Result<Self, ReleaseError> {
        let told: Value = serde_json::from_slice(body).map_err(|_| ReleaseError::NotUnderstood("it is not JSON"))?;
        let text = |name: &str| told.get(name).and_then(Value::as_str).map(str::trim);
        let version = text("tag_name").or_else(|| text("version"));
        let version = version.ok_or(ReleaseError::NotUnderstood("it has neither `tag_name` nor `version`"))?;
        let number = version.strip_prefix(['v', 'V']).unwrap_or(version);
        let version = (number.len() <= VERSION_CHARS_MAX).then(|| Version::parse(number).ok()).flatten();
        let version = version.ok_or(ReleaseError::NotUnderstood("its version is not one like v0.2.0"))?;
        Ok(Self { version, page: text("html_url").and_then(page) })
    }

    /// Its number, without a `v`.
    pub fn version(&self) -> String {
        self.version.to_string()
    }

    /// Where it can be read about.
    pub fn page(&self) -> Option<&str> {
        self.page.as_ref().map(Url::as_str)
    }

    /// How it stands to another version; `None` where that is none. What is built of one version in several ways is one.
    pub fn compared_with(&self, other: &str) -> Option<Ordering> {
        Some(self.version.cmp_precedence(&Version::parse(other).ok()?))
    }
}

/// An address that may be shown: what a terminal or a person could take for something else is left out.
fn page(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let shown = url.as_str();
    let is_fit = is_safe_address(&url)
        && url.username().is_empty()
        && url.password().is_none()
        && shown.len() <= PAGE_CHARS_MAX
        && shown.chars().all(|c| c.is_ascii_graphic());
    is_fit.then_some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_encrypted_or_stay_on_this_machine() {
        for good in
            ["https://api.example.com/repos/o/n/releases/latest?x=1", "http://127.0.0.1:8080/v.json", "http://[::1]:9"]
        {
            assert!(ReleaseAddress::new(good).is_some(), "{good}");
        }
        for bad in [
            "http://example.com/v.json",
            "https://u:p@example.com",
            "https://example.com/#x",
            "ftp://localhost",
            "x",
            "",
        ] {
            assert!(ReleaseAddress::new(bad).is_none(), "{bad}");
        }
    }

    #[track_caller]
    fn read(body: &str, expect: Result<(&str, Option<&str>), &str>) {
        let read = Release::read(body.as_bytes());
        let found = read.as_ref().map(|release| (release.version(), release.page()));
        let found = found.map_err(ToString::to_string);
        match (&found, expect) {
            (Ok((version, page)), Ok(expect)) => assert_eq!((version.as_str(), *page), expect, "{body}"),
            (Err(error), Err(expect)) => assert!(error.contains(expect), "{body}: {error}"),
            _ => panic!("{body}: {found:?}"),
        }
    }

    #[test]
    fn a_version_is_read_and_nothing_else_comes_through() {
        read(
            r#"{"tag_name":"v0.2.0","html_url":"https://example.com/r/0.2.0"}"#,
            Ok(("0.2.0", Some("https://example.com/r/0.2.0"))),
        );
        read(r#"{"version":" 1.0.0-rc.1 ","html_url":7}"#, Ok(("1.0.0-rc.1", None)));
        read(r#"{"tag_name":null,"version":"V3.1.4"}"#, Ok(("3.1.4", None)));
        for page in [
            "javascript:alert(1)",
            "http://example.com/",
            "https://u:p@example.com/",
            "x",
            &format!("https://example.com/{}", "x".repeat(200)),
        ] {
            read(&format!(r#"{{"version":"1.0.0","html_url":"{page}"}}"#), Ok(("1.0.0", None)));
        }
        let escaped = r#"{"version":"1.0.0","html_url":"https://example.com/a\u001b[31m\u0007b"}"#;
        read(escaped, Ok(("1.0.0", Some("https://example.com/a%1B[31m%07b"))));
        for odd in ["1.0", "v", "1.0.0\\u001b[31m", "latest", &format!("1.0.0-{}", "a".repeat(80))] {
            read(&format!(r#"{{"tag_name":"{odd}"}}"#), Err("not one like v0.2.0"));
        }
        read("[]", Err("neither"));
        read(r#"{"tag_name":2}"#, Err("neither"));
        read("<html>", Err("not JSON"));
    }

    #[test]
    fn versions_order_as_numbers() {
        let release = Release { version: Version::parse("0.10.0").unwrap(), page: None };
        assert_eq!(release.compared_with("0.9.9"), Some(Ordering::Greater));
        assert_eq!(release.compared_with("0.10.0+musl"), Some(Ordering::Equal));
        assert_eq!(release.compared_with("0.11.0-rc.1"), Some(Ordering::Less));
        assert_eq!(release.compared_with("x"), None);
    }
}
