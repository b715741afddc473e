//! Deliveries: a hint that a record changed, and nothing more. The record is read by its id.

use std::io::Write as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::SignedDuration;
use rand::RngExt as _;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

use super::{SyncError, Syncer};
use crate::domain::CompanyName;
use crate::mirror::{Kind, StoreCount};

/// Deliveries read in one go.
const AT_ONCE: usize = 50;
/// A delivery whose record cannot be read is tried so often.
const TRIES_MAX: u32 = 8;
/// The pause before the second try, in seconds; it doubles each time.
const RETRY_FIRST_SECONDS: i64 = 30;
/// The longest name of an event that is kept, in characters.
const EVENT_CHARS_MAX: usize = 60;

/// Random bytes in a secret.
const SECRET_BYTES: usize = 32;

/// The secret in a company's webhook address. It is made where there is none and `make` says so, and made anew with
/// `roll`; the file is its user's alone.
pub fn webhook_secret(
    folder: &Path,
    company: &CompanyName,
    make: bool,
    roll: bool,
) -> std::io::Result<Option<SecretString>> {
    let path = folder.join(format!("{company}.webhook"));
    if !roll {
        match std::fs::read_to_string(&path) {
            Ok(text) if !text.trim().is_empty() => return Ok(Some(SecretString::from(text.trim().to_owned()))),
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        if !make {
            return Ok(None);
        }
    }
    let bytes: [u8; SECRET_BYTES] = rand::rng().random();
    let secret = URL_SAFE_NO_PAD.encode(bytes);
    crate::mirror::private_folder(folder).map_err(std::io::Error::other)?;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(&path)?.write_all(secret.as_bytes())?;
    Ok(Some(SecretString::from(secret)))
}

/// Whether `given` is the secret; takes as long for a near miss as for a far one.
pub fn is_secret(secret: &SecretString, given: &str) -> bool {
    use subtle::ConstantTimeEq as _;
    secret.expose_secret().as_bytes().ct_eq(given.as_bytes()).into()
}

/// What a delivery says: which record changed. The service documents no envelope, so each spelling that was seen or is
/// likely is taken: `event`, `event_type` or `type`; `id`, `object_id` or `data.id`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// The event's name, such as `inspection.canceled`.
    pub event: String,
    /// The kind of record.
    pub kind: Kind,
    /// The record's id.
    pub id: String,
    /// The company's id at the service, where it is given.
    pub company_id: Option<String>,
}

/// A body that names no record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    /// It is no JSON object.
    #[error("the body is not a JSON object")]
    NotAnObject,
    /// It has no event, or one about nothing this program keeps.
    #[error("the body names no event about inspections, contacts or connections")]
    UnknownEvent,
    /// It has no usable id.
    #[error("the body names no id")]
    NoId,
}

impl Envelope {
    /// Reads a body.
    pub fn parse(body: &[u8]) -> Result<Self, EnvelopeError> {
        let body: Value = serde_json::from_slice(body).map_err(|_| EnvelopeError::NotAnObject)?;
        let object = body.as_object().ok_or(EnvelopeError::NotAnObject)?;
        let text = |value: Option<&Value>| match value? {
            Value::String(text) => Some(text.trim().to_owned()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        };
        let event = ["event", "event_type", "type"].iter().find_map(|name| text(object.get(*name)));
        let event = event.ok_or(EnvelopeError::UnknownEvent)?;
        let subject = event.split(['.', '_', ':']).next().unwrap_or_default().to_lowercase();
        let kind = match subject.as_str() {
            "inspection" | "inspections" => Kind::Inspections,
            "contact" | "contacts" | "client" | "buyer" => Kind::Clients,
            "connection" | "connections" | "agent" => Kind::Agents,
            _ => return Err(EnvelopeError::UnknownEvent),
        };
        let data = object.get("data");
        let id = text(object.get("id")).or_else(|| text(object.get("object_id"))).or_else(|| text(data?.get("id")));
        // Whatever is in the path of a request has the form of an id.
        let id = id.and_then(|id| id.parse::<crate::domain::InspectionId>().ok()).ok_or(EnvelopeError::NoId)?;
        let company_id = text(object.get("company_id")).or_else(|| text(data?.get("company_id")));
        let event =
            crate::domain::Text::line(&event).map(|event| event.as_str().chars().take(EVENT_CHARS_MAX).collect());
        Ok(Self { event: event.unwrap_or_default(), kind, id: id.to_string(), company_id })
    }
}

impl Syncer {
    /// Queues a delivery durably. False when too many wait already.
    pub async fn deliver(&self, envelope: Envelope) -> Result<bool, SyncError> {
        let now = self.clock.now();
        Ok(self
            .mirror
            .write(move |parts| parts.queue_delivery(envelope.kind, &envelope.id, &envelope.event, now))
            .await?)
    }

    /// Reads the records that waiting deliveries name, oldest first; merged when many came for one. Gives how many
    /// deliveries were dealt with and what storing did.
    pub async fn drain(&self) -> Result<(usize, StoreCount), SyncError> {
        let now = self.clock.now();
        let waiting = self.mirror.read(move |parts| parts.waiting_deliveries(now, AT_ONCE)).await?;
        let mut count = StoreCount::default();
        let mut done = 0;
        for delivery in waiting {
            let (pk, tries) = (delivery.pk, delivery.tries);
            match self.read_by_id(delivery.kind, &delivery.id).await {
                Ok(stored) => {
                    count.add(stored);
                    done += 1;
                    let outcome = if stored.gone != 0 {
                        "not there any more"
                    } else if stored.touched() != 0 {
                        "stored"
                    } else {
                        "nothing new"
                    };
                    self.mirror.write(move |parts| parts.finish_delivery(pk, outcome, now)).await?;
                }
                Err(error) if TRIES_MAX <= tries + 1 => {
                    let outcome = format!("given up: {error}");
                    self.mirror.write(move |parts| parts.finish_delivery(pk, &outcome, now)).await?;
                    done += 1;
                }
                Err(error) => {
                    let wait = SignedDuration::from_secs(RETRY_FIRST_SECONDS << tries.min(10));
                    let again = now.saturating_add(wait).unwrap_or(now);
                    self.mirror.write(move |parts| parts.postpone_delivery(pk, again)).await?;
                    return Err(error);
                }
            }
        }
        Ok((done, count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(body: &str, expect: Option<(Kind, &str)>) {
        let read = Envelope::parse(body.as_bytes()).ok();
        assert_eq!(read.as_ref().map(|read| (read.kind, read.id.as_str())), expect, "{body}");
    }

    #[test]
    fn every_likely_envelope_is_read_and_no_other() {
        check(
            r#"{"event":"inspection.canceled","id":"5012345","company_id":"9"}"#,
            Some((Kind::Inspections, "5012345")),
        );
        check(r#"{"event_type":"contact.updated","object_id":77}"#, Some((Kind::Clients, "77")));
        check(r#"{"type":"connection.created","data":{"id":"12"}}"#, Some((Kind::Agents, "12")));
        check(r#"{"event":"invoice.paid","id":"1"}"#, None);
        check(r#"{"event":"inspection.created","id":"../connections"}"#, None);
        check(r#"{"event":"inspection.created"}"#, None);
        check("[]", None);
        check("not json", None);
    }
}
