//! How an inspection lies in the tables.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use rusqlite::params;

use super::interned::{InternedKind, key};
use super::store::{Entity, GONE_DELETED};
use super::{Fresh, Kind, MirrorError, StoreCount, WriteTransaction, rows_max};
use domain::zip::area_of;
use domain::{AgentOnInspection, Inspection, Text, epoch_day, searchable};

fn millis(at: Option<Timestamp>) -> Option<i64> {
    at.map(Timestamp::as_millisecond)
}

/// The civil day and the minute of it at which an instant falls in `zone`.
pub(super) fn local(at: Timestamp, zone: &TimeZone) -> (i64, i64) {
    let local = zone.to_datetime(at);
    (epoch_day(local.date()), i64::from(local.hour()) * 60 + i64::from(local.minute()))
}

impl WriteTransaction<'_> {
    /// Stores inspections that came at `now`.
    pub fn store_inspections(
        &mut self,
        rows: &[Fresh<'_, Inspection>],
        now: Timestamp,
    ) -> Result<StoreCount, MirrorError> {
        self.store(rows, now, false)
    }

    /// Derives the typed columns of these inspections anew.
    pub fn rederive_inspections(
        &mut self,
        rows: &[Fresh<'_, Inspection>],
        now: Timestamp,
    ) -> Result<StoreCount, MirrorError> {
        self.store(rows, now, true)
    }

    fn word(&mut self, kind: InternedKind, text: Option<&Text>) -> Result<Option<i64>, MirrorError> {
        text.map(|text| self.interned.number(&self.transaction, kind, text.as_str())).transpose()
    }

    pub(super) fn shared_word(&mut self, kind: InternedKind, text: Option<&Text>) -> Result<Option<i64>, MirrorError> {
        self.word(kind, text)
    }
}

impl Entity for Inspection {
    const KIND: Kind = Kind::Inspections;

    fn id(&self) -> &str {
        self.id.as_str()
    }

    fn write(&self, tx: &mut WriteTransaction<'_>, pk: i64, hash: i64, raw: i64) -> Result<(), MirrorError> {
        let agent = |tx: &WriteTransaction<'_>, agent: &Option<AgentOnInspection>| match agent {
            Some(AgentOnInspection { id: Some(id), .. }) => key(&tx.transaction, Kind::Agents, id.as_str()).map(Some),
            _ => Ok(None),
        };
        let buying = agent(tx, &self.buying_agent)?;
        let selling = agent(tx, &self.selling_agent)?;
        let client = match &self.client {
            Some(client) => Some(key(&tx.transaction, Kind::Clients, client.id.as_str())?),
            None => None,
        };
        let inspectors = write_inspectors(self, tx, pk)?;
        let sold = write_names(self, tx, pk)?;
        let reason = tx.word(InternedKind::CancelReason, self.cancel_reason.as_ref())?;
        let area = self.address.zip.as_ref().and_then(|zip| Text::line(area_of(zip.as_str())));
        let zip = tx.word(InternedKind::Zip, area.as_ref())?;
        let city = tx.word(InternedKind::City, self.address.city.as_ref())?;
        let local = self.starts_at.map(|at| local(at, tx.zone));
        let gone = if self.deleted_at.is_some() { GONE_DELETED } else { 0 };
        tx.transaction
            .prepare_cached(
                "INSERT OR REPLACE INTO inspections (pk, starts_at, day, minute, duration, created_at, updated_at, \
                 canceled_at, deleted_at, published_at, gone, gone_at, confirmed, paid, agreements, quote, \
                 cancel_reason, zip, city, inspector, buying_agent, selling_agent, client, hash, raw, sold, slug) \
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            )?
            .execute(params![
                pk,
                millis(self.starts_at),
                local.map(|(day, _)| day),
                local.map(|(_, minute)| minute),
                self.duration_hours,
                millis(self.created_at),
                millis(self.updated_at),
                millis(self.canceled_at),
                millis(self.deleted_at),
                millis(self.published_at),
                gone,
                millis(self.deleted_at),
                self.confirmed,
                self.paid,
                self.agreements_signed,
                self.quote.map(domain::Money::ten_thousandths),
                reason,
                zip,
                city,
                inspectors,
                buying,
                selling,
                client,
                hash,
                raw,
                sold,
                self.slug.as_ref().map(domain::Slug::as_str),
            ])?;
        write_clients(self, tx, pk)?;
        let clients = self.client_names.iter().map(Text::as_str).collect::<Vec<_>>().join(" ");
        tx.transaction
            .prepare_cached("INSERT OR REPLACE INTO inspections_text (rowid, clients, place) VALUES (?, ?, ?)")?
            .execute(params![pk, searchable(&clients), searchable(&self.address_text())])?;
        Ok(())
    }
}

/// The names of several clients, each by itself. One name is all that the full-text index has of the inspection.
fn write_clients(inspection: &Inspection, tx: &WriteTransaction<'_>, pk: i64) -> Result<(), MirrorError> {
    tx.transaction.prepare_cached("DELETE FROM inspection_clients WHERE inspection = ?")?.execute([pk])?;
    if inspection.client_names.len() < 2 {
        return Ok(());
    }
    let mut statement =
        tx.transaction.prepare_cached("INSERT INTO inspection_clients (inspection, number, words) VALUES (?, ?, ?)")?;
    for (number, name) in inspection.client_names.iter().enumerate() {
        statement.execute(params![pk, rows_max(number), format!(" {}", searchable(name.as_str()))])?;
    }
    Ok(())
}

/// The inspectors of a job; gives the number of the primary one.
fn write_inspectors(
    inspection: &Inspection,
    tx: &mut WriteTransaction<'_>,
    pk: i64,
) -> Result<Option<i64>, MirrorError> {
    tx.transaction.prepare_cached("DELETE FROM inspection_inspectors WHERE inspection = ?")?.execute([pk])?;
    let mut primary = None;
    for inspector in &inspection.inspectors {
        let id = inspector.id.as_ref().map(domain::InspectorId::as_str);
        let name = inspector.name.as_ref().map(Text::as_str);
        let at = millis(inspection.starts_at).unwrap_or(0);
        let number = tx.interned.inspector(&tx.transaction, id, name, at)?;
        let name = tx.word(InternedKind::InspectorName, inspector.name.as_ref())?;
        if inspector.primary && primary.is_none() {
            primary = Some(number);
        }
        tx
            .transaction
            .prepare_cached(
                "INSERT OR IGNORE INTO inspection_inspectors (inspection, inspector, is_primary, name) VALUES (?, ?, ?, ?)",
            )?
            .execute(params![pk, number, primary == Some(number), name])?;
    }
    Ok(primary)
}

/// The services and add-ons of a job; gives their bits together.
fn write_names(inspection: &Inspection, tx: &mut WriteTransaction<'_>, pk: i64) -> Result<i64, MirrorError> {
    let mut sold = 0;
    tx.transaction.prepare_cached("DELETE FROM inspection_names WHERE inspection = ?")?.execute([pk])?;
    for (kind, names) in [
        (InternedKind::Service, &inspection.services),
        (InternedKind::AddOn, &inspection.add_ons),
        (InternedKind::NotAddOn, &inspection.not_add_ons),
    ] {
        for name in names {
            let word = tx.interned.number(&tx.transaction, kind, name.as_str())?;
            tx.transaction
                .prepare_cached("INSERT OR IGNORE INTO inspection_names (inspection, word) VALUES (?, ?)")?
                .execute([pk, word])?;
            sold |= 1_i64 << tx.interned.bit(&tx.transaction, word)?;
        }
    }
    Ok(sold)
}
