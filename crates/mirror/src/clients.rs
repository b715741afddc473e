//! Lists of clients from the tables.

use rusqlite::params_from_iter;
use rusqlite::types::Value;

use super::interned::IdOrder;
use super::search::match_words;
use super::{Kind, MirrorError, Snapshot, rows_max};
use domain::SearchTerms;

/// Where a list of clients goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientsFrom {
    /// After the client of this sort name and id.
    Client {
        /// What the client was sorted by.
        sort: String,
        /// The client's id.
        id: String,
    },
    /// At the first client of this sort name.
    Name(String),
    /// After the last client of this sort name.
    AfterName(String),
}

/// A client found: what it is sorted by, and the record as it came.
pub type RawClient = (String, Vec<u8>);

/// Clients found.
#[derive(Clone, Debug, Default)]
pub struct ClientsFound {
    /// In order.
    pub rows: Vec<RawClient>,
    /// How many there are in all, over all pages of the list.
    pub total: u64,
    /// Whether more follow.
    pub more: bool,
}

impl Snapshot<'_> {
    /// The first `limit` clients in the order of their names, then their ids; with `words`, those that hold them all.
    pub fn clients(
        &mut self,
        words: Option<&SearchTerms>,
        from: Option<&ClientsFrom>,
        limit: usize,
    ) -> Result<ClientsFound, MirrorError> {
        let mut conditions = vec!["c.gone = 0".to_owned()];
        let mut values = Vec::new();
        if let Some(words) = words {
            let text = match_words(None, words);
            conditions.push("c.pk IN (SELECT rowid FROM clients_text WHERE clients_text MATCH ?)".to_owned());
            values.push(Value::Text(text));
        }
        let count = format!("SELECT count(*) FROM clients c WHERE {}", conditions.join(" AND "));
        let total: i64 =
            self.connection.prepare_cached(&count)?.query_row(params_from_iter(&values), |row| row.get(0))?;
        let after = match from {
            Some(ClientsFrom::Client { id, .. }) => Some(id.as_str()),
            _ => None,
        };
        let ids = IdOrder::of(self.connection, Kind::Clients, after)?;
        let by = ids.sql("c");
        match from {
            None => {}
            Some(ClientsFrom::Client { sort, id }) => {
                conditions.push(format!("(c.sort, {by}) > (?, ?)"));
                values.extend([Value::Text(sort.clone()), ids.place(id)]);
            }
            Some(ClientsFrom::Name(sort)) => {
                conditions.push("c.sort >= ?".to_owned());
                values.push(Value::Text(sort.clone()));
            }
            Some(ClientsFrom::AfterName(sort)) => {
                conditions.push("c.sort > ?".to_owned());
                values.push(Value::Text(sort.clone()));
            }
        }
        values.push(Value::Integer(rows_max(limit).saturating_add(1)));
        let sql = format!(
            "SELECT c.sort, r.dictionary, r.bytes FROM clients c JOIN raw_clients r ON r.seq = c.raw WHERE {} \
             ORDER BY c.sort, {by} LIMIT ?",
            conditions.join(" AND ")
        );
        let found: Vec<(String, i64, Vec<u8>)> = self
            .connection
            .prepare_cached(&sql)?
            .query_map(params_from_iter(&values), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
            .collect::<Result<_, _>>()?;
        let more = limit < found.len();
        let mut rows = Vec::new();
        for (sort, dictionary, bytes) in found.into_iter().take(limit) {
            rows.push((sort, self.expander.expand(self.connection, dictionary, &bytes)?));
        }
        Ok(ClientsFound { rows, total: total.unsigned_abs(), more })
    }
}
