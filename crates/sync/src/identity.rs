//! Whose records the mirror holds, and whether the key is theirs.
//!
//! The mirror remembers the id of the company that its records name, and a mark of each key that was seen to answer for it.
//! A key not seen before is checked with one call before anything is shown or stored; records of another company are
//! refused by the client from then on.

use std::collections::BTreeSet;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use rand::RngExt as _;

use super::stored::Stored;
use super::{SyncError, Syncer};
use domain::CompanyName;
use mirror::{Kind, Mirror, MirrorError};
use spectora::{Inspections, Query, SpectoraErrorKind};

/// Under these names a mirror remembers its company, the salt of the marks of keys, and the marks, separated by blanks.
const COMPANY_ID: &str = "company_id";
const KEY_SALT: &str = "key_salt";
const KEY_MARKS: &str = "key_marks";
/// The most keys remembered.
const KEYS_MAX: usize = 8;
/// Rows looked at to see whether a key answers for the company.
const SAMPLE_ROWS: u32 = 25;
/// A key that was refused is not asked about again for so long.
const REFUSED_FOR: SignedDuration = SignedDuration::from_mins(5);

/// What is known of the key in use.
#[derive(Debug, Default)]
pub(super) enum KeyCheck {
    /// Nothing yet.
    #[default]
    Open,
    /// It answers for the company; whether the mirror has the id of the company that it answers for.
    Good { is_noted: bool },
    /// It answered for another one then.
    Refused(Timestamp),
}

/// What the mirror remembers.
struct Remembered {
    company_id: Option<String>,
    salt: String,
    marks: Vec<String>,
    /// Whether all inspections were read once, so that the latest ones should be known.
    is_filled: bool,
}

/// What a mirror tells of its company and key without being opened for use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glance {
    /// The id of the company whose records it holds; `None` before any told it.
    pub company_id: Option<String>,
    /// When the service last answered; `None` where it never did.
    pub answered_at: Option<Timestamp>,
}

/// Looks at the mirror of a company in this folder; makes and changes nothing. `None` where there is none that can be looked
/// at so.
pub fn glance(folder: &Path, company: &CompanyName, now: Timestamp) -> Result<Option<Glance>, MirrorError> {
    Mirror::glance(folder, company, now, |snapshot| {
        Ok(Glance { company_id: snapshot.metadata(COMPANY_ID)?, answered_at: snapshot.answered_at()? })
    })
}

impl Syncer {
    /// The id of the company whose records are here, by its records; `None` before any told it.
    pub async fn company_id(&self) -> Result<Option<String>, MirrorError> {
        self.mirror.read(|snapshot| snapshot.metadata(COMPANY_ID)).await
    }

    /// Makes sure that the key answers for the company whose records are here, before any is shown or replaced. Costs one
    /// call for a key not seen before, else none. `Err(OtherCompany)` for the key of another company.
    pub async fn ensure_company(&self) -> Result<(), SyncError> {
        let mut check = self.key.lock().await;
        match *check {
            KeyCheck::Good { .. } => return Ok(()),
            KeyCheck::Refused(at) if self.clock.now().duration_since(at).abs() < REFUSED_FOR => {
                return Err(SyncError::OtherCompany);
            }
            KeyCheck::Refused(_) | KeyCheck::Open => {}
        }
        if !self.mirror.is_made()? {
            return Ok(());
        }
        let remembered = self.remembered().await?;
        if let Some(company_id) = &remembered.company_id {
            self.client.hold_to(company_id);
        } else if !remembered.is_filled {
            // Nothing is here that a key could be wrong for; the first record tells the company.
            return Ok(());
        }
        let mark = self.client.key_mark(&remembered.salt);
        if !remembered.marks.contains(&mark) {
            match self.answers_for(&remembered).await {
                Ok(company_id) => {
                    self.remember(company_id).await?;
                    // What failed, failed with another key.
                    self.forget_failure().await?;
                }
                Err(error) => {
                    if matches!(error, SyncError::OtherCompany) {
                        *check = KeyCheck::Refused(self.clock.now());
                    }
                    return Err(error);
                }
            }
        }
        *check = KeyCheck::Good { is_noted: false };
        Ok(())
    }

    /// Asks for the latest inspections: they must be of the company known, or, where records name none, be known here.
    /// Gives the company they name.
    async fn answers_for(&self, remembered: &Remembered) -> Result<Option<String>, SyncError> {
        let listing = <Inspections as Stored>::listing();
        let query = Query::<Inspections> { include: Vec::new(), ..listing };
        let page = match self.direct.page_with_raw(&query, 1, SAMPLE_ROWS, 0).await {
            Ok(page) => page,
            Err(error) if matches!(error.kind, SpectoraErrorKind::OtherCompany { .. }) => {
                return Err(SyncError::OtherCompany);
            }
            Err(error) => return Err(error.into()),
        };
        let told = page.companies.first().cloned();
        if remembered.company_id.is_some() && told.is_some() {
            return Ok(told);
        }
        let ids: Vec<String> = page.rows.iter().map(|row| row.id.to_string()).collect();
        let shown = ids.len();
        let known = self.mirror.read(move |snapshot| snapshot.known_ids(Kind::Inspections, &ids)).await?;
        if known == 0 && shown != 0 && remembered.is_filled {
            return Err(SyncError::OtherCompany);
        }
        Ok(told)
    }

    /// Remembers the company that stored records name, and that the key in use answers for it; once.
    pub(super) async fn note_company(&self, companies: &BTreeSet<String>) -> Result<(), MirrorError> {
        let Some(company_id) = companies.first() else { return Ok(()) };
        let mut check = self.key.lock().await;
        if matches!(*check, KeyCheck::Good { is_noted: true }) && self.client.company_id().as_ref() == Some(company_id)
        {
            return Ok(());
        }
        self.remember(Some(company_id.clone())).await?;
        *check = KeyCheck::Good { is_noted: true };
        Ok(())
    }

    async fn remembered(&self) -> Result<Remembered, MirrorError> {
        let fresh_salt: [u8; 16] = rand::rng().random();
        let fresh_salt = URL_SAFE_NO_PAD.encode(fresh_salt);
        self.mirror
            .read(move |snapshot| {
                let marks = snapshot.metadata(KEY_MARKS)?.unwrap_or_default();
                Ok(Remembered {
                    company_id: snapshot.metadata(COMPANY_ID)?,
                    salt: snapshot.metadata(KEY_SALT)?.unwrap_or(fresh_salt),
                    marks: marks.split_whitespace().map(str::to_owned).collect(),
                    is_filled: snapshot.coverage(Kind::Inspections)?.full_at.is_some(),
                })
            })
            .await
    }

    async fn remember(&self, company_id: Option<String>) -> Result<(), MirrorError> {
        let remembered = self.remembered().await?;
        let mark = self.client.key_mark(&remembered.salt);
        let mut marks = remembered.marks;
        if !marks.contains(&mark) {
            marks.insert(0, mark);
            marks.truncate(KEYS_MAX);
        }
        let company_id = remembered.company_id.or(company_id);
        self.mirror
            .write(move |tx| {
                tx.set_metadata(KEY_SALT, &remembered.salt)?;
                tx.set_metadata(KEY_MARKS, &marks.join(" "))?;
                match &company_id {
                    Some(company_id) => tx.set_metadata(COMPANY_ID, company_id),
                    None => Ok(()),
                }
            })
            .await
    }
}
