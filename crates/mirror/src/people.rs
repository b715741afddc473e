//! How agents, their statistics and clients lie in the tables.

use jiff::Timestamp;
use rusqlite::params;

use super::interned::InternedKind;
use super::store::Entity;
use super::{Fresh, Kind, MirrorError, StoreCount, WriteTransaction};
use domain::{Agent, AgentStatistics, Client, Text, fold, searchable};

fn millis(at: Option<Timestamp>) -> Option<i64> {
    at.map(Timestamp::as_millisecond)
}

/// What these are found by.
fn found_by(parts: &[Option<&Text>]) -> String {
    searchable(&parts.iter().flatten().map(|text| text.as_str()).collect::<Vec<_>>().join(" "))
}

macro_rules! stores {
    ($($(#[$doc:meta])* $store:ident, $rederive:ident: $record:ty;)+) => {
        impl WriteTransaction<'_> {
            $(
                $(#[$doc])*
                pub fn $store(&mut self, rows: &[Fresh<'_, $record>], now: Timestamp) -> Result<StoreCount, MirrorError> {
                    self.store(rows, now, false)
                }

                /// Derives the typed columns of these records anew.
                pub fn $rederive(&mut self, rows: &[Fresh<'_, $record>], now: Timestamp) -> Result<StoreCount, MirrorError> {
                    self.store(rows, now, true)
                }
            )+
        }
    };
}

stores! {
    /// Stores agents that came at `now`.
    store_agents, rederive_agents: Agent;
    /// Stores statistics that came at `now`.
    store_statistics, rederive_statistics: AgentStatistics;
    /// Stores clients that came at `now`.
    store_clients, rederive_clients: Client;
}

impl Entity for Agent {
    const KIND: Kind = Kind::Agents;

    fn id(&self) -> &str {
        self.id.as_str()
    }

    fn write(&self, tx: &mut WriteTransaction<'_>, pk: i64, hash: i64, raw: i64) -> Result<(), MirrorError> {
        let name = self.name();
        let agency = tx.shared_word(InternedKind::Agency, self.agency_name.as_ref())?;
        let team = tx.shared_word(InternedKind::Team, self.team_name.as_ref())?;
        let city = tx.shared_word(InternedKind::City, self.city.as_ref())?;
        tx.transaction
            .prepare_cached(
                "INSERT OR REPLACE INTO agents (pk, agent_id, name, folded, agency, team, city, created_at, \
                 updated_at, gone, gone_at, hash, raw) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0, NULL, ?, ?)",
            )?
            .execute(params![
                pk,
                self.agent_id.as_ref().map(domain::AgentId::as_str),
                name,
                name.as_deref().map(fold),
                agency,
                team,
                city,
                millis(self.created_at),
                millis(self.updated_at),
                hash,
                raw,
            ])?;
        tx.transaction.prepare_cached("DELETE FROM agent_tags WHERE agent = ?")?.execute([pk])?;
        for tag in &self.tags {
            let word = tx.shared_word(InternedKind::Tag, Some(tag))?;
            tx.transaction
                .prepare_cached("INSERT OR IGNORE INTO agent_tags (agent, word) VALUES (?, ?)")?
                .execute(params![pk, word])?;
        }
        let text = found_by(&[
            self.first_name.as_ref(),
            self.last_name.as_ref(),
            self.agency_name.as_ref(),
            self.team_name.as_ref(),
            self.city.as_ref(),
            self.email.as_ref(),
            self.phone.as_ref(),
        ]);
        tx.transaction
            .prepare_cached("INSERT OR REPLACE INTO agents_text (rowid, text) VALUES (?, ?)")?
            .execute(params![pk, text])?;
        Ok(())
    }
}

impl Entity for AgentStatistics {
    const KIND: Kind = Kind::AgentStats;

    fn id(&self) -> &str {
        self.id.as_str()
    }

    fn write(&self, tx: &mut WriteTransaction<'_>, pk: i64, hash: i64, raw: i64) -> Result<(), MirrorError> {
        let count = |count: Option<u64>| count.and_then(|count| i64::try_from(count).ok());
        tx.transaction
            .prepare_cached(
                "INSERT OR REPLACE INTO agent_stats (pk, total, buying, selling, gone, gone_at, hash, raw) \
                 VALUES (?, ?, ?, ?, 0, NULL, ?, ?)",
            )?
            .execute(params![
                pk,
                count(self.total_inspections),
                count(self.buying_inspections),
                count(self.selling_inspections),
                hash,
                raw
            ])?;
        Ok(())
    }
}

impl Entity for Client {
    const KIND: Kind = Kind::Clients;

    fn id(&self) -> &str {
        self.id.as_str()
    }

    fn write(&self, tx: &mut WriteTransaction<'_>, pk: i64, hash: i64, raw: i64) -> Result<(), MirrorError> {
        tx.transaction
            .prepare_cached(
                "INSERT OR REPLACE INTO clients (pk, name, sort, created_at, updated_at, gone, gone_at, hash, raw) \
                 VALUES (?, ?, ?, ?, ?, 0, NULL, ?, ?)",
            )?
            .execute(params![
                pk,
                self.name(),
                self.sort_name(),
                millis(self.created_at),
                millis(self.updated_at),
                hash,
                raw
            ])?;
        let text = searchable(&self.search_text());
        tx.transaction
            .prepare_cached("INSERT OR REPLACE INTO clients_text (rowid, text) VALUES (?, ?)")?
            .execute(params![pk, text])?;
        Ok(())
    }
}
