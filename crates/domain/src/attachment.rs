//! Files attached to inspections.

use std::fmt;

use super::address::is_safe_address;
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};

use super::{AttachmentId, InspectionId, Text};

/// A file of an inspection: its report, or a document added to it.
#[derive(Clone, Debug)]
pub struct Attachment {
    /// The attachment.
    pub id: AttachmentId,
    /// The inspection it belongs to.
    pub inspection_id: Option<InspectionId>,
    /// Its title.
    pub name: Option<Text>,
    /// What it is about.
    pub description: Option<Text>,
    /// True for a report, false for an additional document.
    pub report: Option<bool>,
    /// True when clients and agents do not see it.
    pub internal_only: Option<bool>,
    /// The service's word for the kind: `pest_termite`, `septic`, `water`, `other`, …
    pub kind: Option<Text>,
    /// The file's own name.
    pub file_name: Option<Text>,
    /// The file's media type.
    pub content_type: Option<Text>,
    /// The file's size in bytes.
    pub file_bytes: Option<u64>,
    /// The direct address of the file.
    pub url: Option<SecretUrl>,
    /// When it was added.
    pub created_at: Option<Timestamp>,
    /// When it last changed.
    pub updated_at: Option<Timestamp>,
    /// Attributes this program does not know, under their own names, as they came.
    pub other: Map<String, Value>,
}

/// An address that opens a file to whoever holds it: given to the user who asked, never logged, never stored.
#[derive(Clone)]
pub struct SecretUrl(SecretString);

impl SecretUrl {
    /// Takes an absolute `https` address (or `http` on loopback, for the simulated service) of at most 8,000
    /// characters; `None` for anything else, so that no `javascript:` or `file:` reaches a user.
    pub fn parse(text: &str) -> Option<Self> {
        const LENGTH_MAX: usize = 8_000;
        let url = url::Url::parse(text).ok().filter(|_| text.len() <= LENGTH_MAX)?;
        let safe = is_safe_address(&url);
        safe.then(|| Self(SecretString::from(String::from(url))))
    }

    /// The address itself, for the answer to the user who asked.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for SecretUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretUrl(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_web_addresses_pass() {
        assert!(SecretUrl::parse("https://files.example.com/a.pdf?sig=1").is_some());
        assert!(SecretUrl::parse("http://127.0.0.1:8080/a.pdf").is_some());
        for bad in ["http://files.example.com/a.pdf", "javascript:alert(1)", "file:///etc/passwd", "/a.pdf", ""] {
            assert!(SecretUrl::parse(bad).is_none(), "{bad}");
        }
        assert_eq!(format!("{:?}", SecretUrl::parse("https://a.example.com/?sig=1")), "Some(SecretUrl(..))");
    }
}
