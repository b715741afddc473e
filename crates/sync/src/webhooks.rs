//! Deliveries: a hint that a record changed, and nothing more. The record is read by its id.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::SignedDuration;
use rand::RngExt as _;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

use super::{SyncError, Syncer};
use domain::CompanyName;
use mirror::{Kind, StoreCount};

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
    let path = secret_path(folder, company);
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
    mirror::private_folder(folder).map_err(std::io::Error::other)?;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    mirror::user_only(options).open(&path)?.write_all(secret.as_bytes())?;
    Ok(Some(SecretString::from(secret)))
}

/// Deletes the secret, so that the company's webhook address leads nowhere; one that is not there is no fault.
pub fn forget_webhook_secret(folder: &Path, company: &CompanyName) -> std::io::Result<()> {
    match std::fs::remove_file(secret_path(folder, company)) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn secret_path(folder: &Path, company: &CompanyName) -> PathBuf {
    folder.join(format!("{company}.webhook"))
}

/// Whether `given` is the secret; takes as long for a near miss as for a far one.
fn is_secret(secret: &SecretString, given: &str) -> bool {
    use subtle::ConstantTimeEq as _;
    secret.expose_secret().as_bytes().ct_eq(given.as_bytes()).into()
}

/// What became of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received {
    /// Queued; the record it names will be read.
    Queued,
    /// Not this company's secret.
    WrongSecret,
    /// It names no record, or one of another company.
    NotUnderstood,
    /// Too many wait, or the mirror cannot be written now.
    Later,
}

/// What a delivery says: which record changed. The service documents no envelope, so each spelling that was seen or is
/// likely is taken: the event as `event`, `event_type` or `type`; the record's id in a part of its own (`data`,
/// `resource`, `object`), under the record's name (`inspection_id`) or as `object_id`; and at the top as `id`, which is the
/// delivery's own where another is given.
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
        let event = ["event", "event_type", "type"].iter().find_map(|name| text_of(object.get(*name)));
        let event = event.ok_or(EnvelopeError::UnknownEvent)?;
        let subject = event.split(['.', '_', ':']).next().unwrap_or_default().to_lowercase();
        let kind = match subject.as_str() {
            "inspection" | "inspections" => Kind::Inspections,
            "contact" | "contacts" | "client" | "buyer" => Kind::Clients,
            "connection" | "connections" | "agent" => Kind::Agents,
            _ => return Err(EnvelopeError::UnknownEvent),
        };
        let id = record_id(object, kind);
        // Whatever is in the path of a request has the form of an id.
        let id = id.and_then(|id| id.parse::<domain::InspectionId>().ok()).ok_or(EnvelopeError::NoId)?;
        let nested = PARTS.iter().find_map(|part| object.get(*part)?.get("company_id"));
        let company_id = text_of(object.get("company_id")).or_else(|| text_of(nested));
        let event = domain::Text::line(&event).map(|event| event.as_str().chars().take(EVENT_CHARS_MAX).collect());
        Ok(Self { event: event.unwrap_or_default(), kind, id: id.to_string(), company_id })
    }
}

/// The parts of a delivery that may hold the record.
const PARTS: &[&str] = &["data", "resource", "object", "payload", "record"];

fn text_of(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::String(text) => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// The id of the record that a delivery is about: the most particular place wins, for an `id` at the top may be the
/// delivery's own.
fn record_id(object: &serde_json::Map<String, Value>, kind: Kind) -> Option<String> {
    let names: &[&str] = match kind {
        Kind::Inspections => &["inspection_id"],
        Kind::Clients => &["contact_id", "client_id", "buyer_id"],
        Kind::Agents | Kind::AgentStats => &["connection_id"],
    };
    let named = |object: &serde_json::Map<String, Value>| names.iter().find_map(|name| text_of(object.get(*name)));
    let nested = |part: &Value| {
        let part = part.as_object()?;
        let inner = PARTS.iter().chain(["attributes", "inspection", "contact", "connection"].iter());
        let inner = inner.filter_map(|name| part.get(*name)?.as_object()).find_map(|inner| {
            named(inner).or_else(|| text_of(inner.get("id"))).or_else(|| text_of(inner.get("object_id")))
        });
        named(part).or(inner).or_else(|| text_of(part.get("id"))).or_else(|| text_of(part.get("object_id")))
    };
    let whole = ["inspection", "contact", "connection"];
    named(object)
        .or_else(|| PARTS.iter().chain(&whole).filter_map(|name| object.get(*name)).find_map(nested))
        .or_else(|| text_of(object.get("object_id")))
        .or_else(|| text_of(object.get("resource_id")))
        .or_else(|| text_of(object.get("id")))
}

impl Syncer {
    /// Takes a delivery: checks the secret in its address (made by [`webhook_secret`] in `folder`, read anew each time so
    /// that a rolled one holds at once), reads the body and queues what it names.
    pub async fn receive(&self, folder: &Path, secret: &str, body: &[u8]) -> Received {
        let known = webhook_secret(folder, self.company(), false, false).ok().flatten();
        if !known.is_some_and(|known| is_secret(&known, secret)) {
            return Received::WrongSecret;
        }
        let company = self.company().as_str();
        let envelope = match Envelope::parse(body) {
            Ok(envelope) => envelope,
            Err(error) => {
                tracing::info!(company, %error, "a webhook delivery was not understood");
                return Received::NotUnderstood;
            }
        };
        match self.company_id().await {
            Ok(Some(ours)) if envelope.company_id.as_ref().is_some_and(|told| *told != ours) => {
                tracing::warn!(company, "a webhook delivery of another company was refused");
                return Received::NotUnderstood;
            }
            Ok(_) => {}
            Err(_) => return Received::Later,
        }
        match self.deliver(envelope).await {
            Ok(true) => Received::Queued,
            _ => Received::Later,
        }
    }

    /// Queues a delivery durably. False when too many wait already.
    pub async fn deliver(&self, envelope: Envelope) -> Result<bool, SyncError> {
        let now = self.clock.now();
        self.note_wanted();
        Ok(self.mirror.write(move |tx| tx.queue_delivery(envelope.kind, &envelope.id, &envelope.event, now)).await?)
    }

    /// Reads the records that waiting deliveries name, oldest first; merged when many came for one. Gives how many
    /// deliveries were dealt with and what storing did. `Err(Busy)` while a sync runs, which reads them too.
    pub async fn drain(&self) -> Result<(usize, StoreCount), SyncError> {
        let now = self.clock.now();
        let waits = self.mirror.read(move |snapshot| Ok(!snapshot.waiting_deliveries(now, 1)?.is_empty())).await?;
        if !waits || self.pauses().await? {
            return Ok((0, StoreCount::default()));
        }
        let Ok(_one_at_a_time) = self.running.try_lock() else { return Err(SyncError::Busy) };
        let Some(_lock) = self.mirror.try_lock()? else { return Err(SyncError::Busy) };
        // What is stored is derived with this program's settings, and so must be all that is there already.
        self.rederive().await?;
        self.ensure_company().await?;
        self.drain_locked().await
    }

    /// As [`Self::drain`], in the middle of a sync. What fails here waits; it does not end the sync.
    pub(super) async fn drain_between_pages(&self) -> Result<(), SyncError> {
        match self.drain_locked().await {
            Err(error @ SyncError::Mirror(_)) => Err(error),
            _ => Ok(()),
        }
    }

    async fn drain_locked(&self) -> Result<(usize, StoreCount), SyncError> {
        let now = self.clock.now();
        let waiting = self.mirror.read(move |snapshot| snapshot.waiting_deliveries(now, AT_ONCE)).await?;
        let mut count = StoreCount::default();
        let mut done = 0;
        let mut failure = None;
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
                    self.mirror.write(move |tx| tx.finish_delivery(pk, outcome, now)).await?;
                }
                // The service is away: all of them wait for it, and each next try waits longer.
                Err(error) if error.is_company_wide() => {
                    self.note_trouble(None, &error).await?;
                    return Err(error);
                }
                Err(error) if TRIES_MAX <= tries + 1 => {
                    let outcome = format!("given up: {error}");
                    self.mirror.write(move |tx| tx.finish_delivery(pk, &outcome, now)).await?;
                    done += 1;
                }
                Err(error) => {
                    let wait = SignedDuration::from_secs(RETRY_FIRST_SECONDS << tries.min(10));
                    let again = now.saturating_add(wait).unwrap_or(now);
                    self.mirror.write(move |tx| tx.postpone_delivery(pk, again)).await?;
                    failure = Some(error);
                }
            }
        }
        match failure {
            Some(error) if done == 0 => Err(error),
            _ => Ok((done, count)),
        }
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
        // The delivery's own id at the top, the record's in a part of its own.
        check(
            r#"{"id":"evt_9","type":"event","event":"inspection.canceled","data":{"id":"77","type":"inspection"}}"#,
            Some((Kind::Inspections, "77")),
        );
        check(
            r#"{"id":"evt_9","event":"inspection.created","data":{"inspection_id":78}}"#,
            Some((Kind::Inspections, "78")),
        );
        check(r#"{"id":9,"type":"inspection.published","resource":{"id":79}}"#, Some((Kind::Inspections, "79")));
        check(r#"{"id":"evt_1","type":"contact.updated","data":{"object":{"id":"80"}}}"#, Some((Kind::Clients, "80")));
        check(r#"{"id":"evt_2","event":"inspection.created","inspection_id":"81"}"#, Some((Kind::Inspections, "81")));
        check(r#"{"event":"invoice.paid","id":"1"}"#, None);
        check(r#"{"event":"inspection.created","id":"../connections"}"#, None);
        check(r#"{"event":"inspection.created"}"#, None);
        check("[]", None);
        check("not json", None);
    }
}
