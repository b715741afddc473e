//! Finding records by words and by names.

use rusqlite::params;

use super::interned::{InternedKind, id_of};
use super::{Kind, MirrorError, Snapshot, rows_max};
use domain::SearchTerms;

/// The most words of one search that are used; SQLite takes 256 parts of a question.
const WORDS_MAX: usize = 200;

/// A record found by words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// The kind of record.
    pub kind: Kind,
    /// The record's id.
    pub id: String,
}

/// A name that something is called by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameEntry {
    /// The id, where there is one.
    pub id: Option<String>,
    /// The name as it is written.
    pub name: String,
    /// What tells two of the same name apart, such as the agency.
    pub beside: Option<String>,
}

/// A full-text question: every word begins a word of the column, or of any.
pub(super) fn match_words(column: Option<&str>, words: &SearchTerms) -> String {
    // Folded words hold letters, digits and nothing else, so quoting them is enough.
    let all: Vec<String> = words.iter().take(WORDS_MAX).map(|word| format!("\"{word}\"*")).collect();
    let all = all.join(" AND ");
    match column {
        Some(column) => format!("{column} : ({all})"),
        None => all,
    }
}

impl Snapshot<'_> {
    /// Records of all kinds that hold every word, agents first, then clients, then inspections with the latest first; at
    /// most `limit` of each kind.
    pub fn search(&self, words: &SearchTerms, limit: usize) -> Result<Vec<Hit>, MirrorError> {
        let text = match_words(None, words);
        let mut hits = Vec::new();
        for (kind, sql) in [
            (
                Kind::Agents,
                "SELECT pk FROM agents WHERE gone = 0 AND pk IN (SELECT rowid FROM agents_text WHERE agents_text \
                 MATCH ?) ORDER BY folded, pk LIMIT ?",
            ),
            (
                Kind::Clients,
                "SELECT pk FROM clients WHERE gone = 0 AND pk IN (SELECT rowid FROM clients_text WHERE clients_text \
                 MATCH ?) ORDER BY sort, pk LIMIT ?",
            ),
            (
                Kind::Inspections,
                "SELECT pk FROM inspections WHERE gone = 0 AND pk IN (SELECT rowid FROM inspections_text WHERE \
                 inspections_text MATCH ?) ORDER BY starts_at DESC, pk DESC LIMIT ?",
            ),
        ] {
            let pks: Vec<i64> = self
                .connection
                .prepare_cached(sql)?
                .query_map(params![text, rows_max(limit)], |row| row.get(0))?
                .collect::<Result<_, _>>()?;
            for pk in pks {
                hits.push(Hit { kind, id: id_of(self.connection, kind, pk)? });
            }
        }
        Ok(hits)
    }

    /// Every inspector's name.
    pub fn inspector_names(&self) -> Result<Vec<NameEntry>, MirrorError> {
        Ok(self.known_inspectors()?.into_iter().map(|one| one.entry).collect())
    }

    /// Every agent's name, with the agency beside it.
    pub fn agent_names(&self) -> Result<Vec<NameEntry>, MirrorError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT a.pk, a.name, (SELECT text FROM words WHERE pk = a.agency) FROM agents a \
             WHERE a.gone = 0 AND a.name IS NOT NULL ORDER BY a.folded, a.pk",
        )?;
        let rows: Vec<(i64, String, Option<String>)> =
            statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?.collect::<Result<_, _>>()?;
        let one =
            |(pk, name, beside)| Ok(NameEntry { id: Some(id_of(self.connection, Kind::Agents, pk)?), name, beside });
        rows.into_iter().map(one).collect()
    }

    /// Everything ever sold: services, add-ons, and what is like an add-on and none.
    pub fn service_names(&self) -> Result<Vec<NameEntry>, MirrorError> {
        let mut statement =
            self.connection.prepare_cached("SELECT text FROM words WHERE kind IN (?, ?, ?) ORDER BY folded, pk")?;
        let kinds = [InternedKind::Service.number(), InternedKind::AddOn.number(), InternedKind::NotAddOn.number()];
        let rows = statement.query_map(kinds, |row| Ok(NameEntry { id: None, name: row.get(0)?, beside: None }))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}
