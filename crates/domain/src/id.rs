//! Typed ids, so that an agent's id cannot be handed where an inspection's is meant.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The longest id accepted, in characters. Ids seen are decimals of at most 20 digits; the rest is headroom.
const ID_LENGTH_MAX: usize = 64;

/// The text is no id: empty, too long, or with a character that has no place in one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{shown}` is not {expected}")]
pub struct IdError {
    shown: String,
    expected: &'static str,
}

impl IdError {
    fn new(text: &str, expected: &'static str) -> Self {
        Self { shown: text.chars().take(ID_LENGTH_MAX).collect(), expected }
    }
}

fn parse_plain_id(text: &str, expected: &'static str) -> Result<String, IdError> {
    let text = text.trim();
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if text.is_empty() || ID_LENGTH_MAX < text.len() || !text.chars().all(allowed) {
        return Err(IdError::new(text, expected));
    }
    if is_decimal(text) {
        let digits = text.trim_start_matches('0');
        if digits.is_empty() {
            return Err(IdError::new(text, expected));
        }
        return Ok(digits.to_owned());
    }
    Ok(text.to_owned())
}

/// The order of ids, as a text whose bytes are in that order: decimals as numbers, then everything else as text. Every
/// list that goes on by an id, in memory or in a store, is in this order.
pub fn id_order(id: &str) -> String {
    if is_decimal(id) { format!("0{:02}{id}", id.len()) } else { format!("1{id}") }
}

fn is_decimal(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit())
}

/// As [`id_order`], without making a text.
fn compare_ids(left: &str, right: &str) -> Ordering {
    match (is_decimal(left), is_decimal(right)) {
        (true, true) => left.len().cmp(&right.len()).then_with(|| left.cmp(right)),
        (true, false) => Ordering::Less,
        (false, true) => Ordering::Greater,
        (false, false) => left.cmp(right),
    }
}

/// A number or a text: the service sends ids as either.
#[derive(Deserialize)]
#[serde(untagged)]
enum NumberOrText {
    Number(u64),
    Text(String),
}

macro_rules! id_type {
    ($($(#[$doc:meta])* $name:ident, $expected:literal;)+) => {$(
        $(#[$doc])*
        ///
        /// Positive decimals without leading zeros in all that was seen; any 1–64 ASCII letters, digits, `-`
        /// and `_` are accepted, so that another scheme of ids needs no release. Ordered as numbers where
        /// both are decimals.
        #[derive(Clone, PartialEq, Eq, Hash)]
        pub struct $name(String);

        impl $name {
            /// The id as the service writes it.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                parse_plain_id(text, $expected).map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl Ord for $name {
            fn cmp(&self, other: &Self) -> Ordering {
                compare_ids(&self.0, &other.0)
            }
        }

        impl PartialOrd for $name {
            fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
                Some(self.cmp(other))
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = match NumberOrText::deserialize(deserializer)? {
                    NumberOrText::Number(number) => number.to_string(),
                    NumberOrText::Text(text) => text,
                };
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )+};
}

id_type! {
    /// One inspection.
    InspectionId, "an inspection id (digits, such as 5012345)";
    /// One agent as one company knows them; the service calls it a connection.
    ConnectionId, "an agent's connection id (digits, such as 70123)";
    /// One agent across all companies: the key to join companies by.
    AgentId, "an agent id";
    /// One agency (brokerage).
    AgencyId, "an agency id";
    /// One team of agents.
    AgentTeamId, "an agent team id";
    /// One client (the buyer or seller who ordered an inspection); the service calls it a contact.
    ClientId, "a client id (digits, such as 90123)";
    /// One file attached to an inspection.
    AttachmentId, "an attachment id";
    /// One person who inspects.
    InspectorId, "an inspector id (digits, such as 301)";
}

/// The part of an inspection's portal address that names it, as the service made it (a UUID in all that was seen).
///
/// 8 to 100 ASCII letters, digits, `-`, `_`, `.` or `~`, and not digits alone: that would be an id.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Slug(String);

/// The fewest characters of a slug; shorter ones are typing errors.
const SLUG_LENGTH_MIN: usize = 8;
/// The most characters of a slug.
const SLUG_LENGTH_MAX: usize = 100;

impl Slug {
    /// The slug as the service writes it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Slug {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let text = text.trim();
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '~');
        let fits = (SLUG_LENGTH_MIN..=SLUG_LENGTH_MAX).contains(&text.len());
        if !fits || !text.chars().all(allowed) || text.chars().all(|c| c.is_ascii_digit() || c == '.') {
            return Err(IdError::new(text, "an inspection's slug (such as 0f8fad5b-d9cb-469f-a165-70867728950e)"));
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_come_as_numbers_and_as_text() {
        assert_eq!(serde_json::from_str::<InspectionId>("42").unwrap().as_str(), "42");
        assert_eq!(serde_json::from_str::<InspectionId>("\"0042\"").unwrap().as_str(), "42");
        assert!(serde_json::from_str::<InspectionId>("-1").is_err());
        assert!(serde_json::from_str::<InspectionId>("\"0\"").is_err());
        assert!("../connections".parse::<InspectionId>().is_err());
    }

    #[test]
    fn decimals_are_ordered_as_numbers() {
        let mut ids: Vec<ConnectionId> = ["10", "9", "abc", "100"].map(|id| id.parse().unwrap()).into();
        ids.sort();
        assert_eq!(ids.iter().map(ConnectionId::as_str).collect::<Vec<_>>(), ["9", "10", "100", "abc"]);
    }

    #[test]
    fn the_order_of_ids_is_one_order_in_either_form() {
        let in_order =
            ["1", "9", "10", "99", "9223372036854775807", "9223372036854775808", "-", "1-a", "A9", "_", "a", "a1"];
        for (place, left) in in_order.iter().enumerate() {
            for (other, right) in in_order.iter().enumerate() {
                assert_eq!(id_order(left).cmp(&id_order(right)), place.cmp(&other), "{left} {right}");
                let (left, right): (InspectionId, InspectionId) = (left.parse().unwrap(), right.parse().unwrap());
                assert_eq!(left.cmp(&right), place.cmp(&other), "{left} {right}");
            }
        }
    }

    #[test]
    fn a_slug_is_neither_an_id_nor_a_path() {
        assert!("0f8fad5b-d9cb-469f-a165-70867728950e".parse::<Slug>().is_ok());
        for bad in ["", "12345678", "short", "a/../../b-long-enough", "........", "with space in it"] {
            assert!(bad.parse::<Slug>().is_err(), "{bad:?}");
        }
    }
}
