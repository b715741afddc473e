//! Lists of inspections from the tables: filters combine freely, and the count is exact.

use jiff::Timestamp;
use rusqlite::types::Value;
use rusqlite::{OptionalExtension as _, params_from_iter};

use super::search::match_words;
use super::words::{IdOrder, SHARED_BIT, WordKind, known_key};
use super::{Kind, MirrorError, Parts, rows_max};
use domain::zip::is_area;
use domain::{ConnectionId, InspectorId, Money, Status, fold, has_words};

/// Which side of the deal an agent is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Either.
    Any,
    /// The buying side.
    Buying,
    /// The selling side.
    Selling,
}

/// An inspector, by id or by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InspectorWanted {
    /// By id.
    Id(InspectorId),
    /// Every word begins a word of the name.
    Words(String),
}

/// Standing at one of these at `now`; empty means every one that is not deleted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StatusWanted {
    /// The statuses.
    pub any_of: Vec<Status>,
    /// The present time, in milliseconds.
    pub now: i64,
}

/// In which order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// Latest beginning first.
    #[default]
    Newest,
    /// Earliest beginning first.
    Oldest,
    /// Highest quote first; without a quote last.
    QuoteHighest,
    /// Lowest quote first; without a quote last.
    QuoteLowest,
}

impl Order {
    fn sql(self, ids: IdOrder) -> String {
        let id = ids.sql("i");
        match self {
            Self::Newest => format!("i.starts_at DESC, {id} DESC"),
            Self::Oldest => format!("i.starts_at, {id}"),
            Self::QuoteHighest => format!("i.quote DESC NULLS LAST, i.starts_at DESC, {id} DESC"),
            Self::QuoteLowest => format!("i.quote ASC NULLS LAST, i.starts_at DESC, {id} DESC"),
        }
    }
}

/// Where a list goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct After {
    /// When it begins.
    pub starts_at: Timestamp,
    /// Its quote, in an order of quotes.
    pub quote: Option<Money>,
    /// Its id.
    pub id: String,
    /// Whether a row at this very place is still wanted.
    pub inclusive: bool,
}

/// Which inspections are wanted; all of it must hold. Words are matched by their beginnings, folded.
#[derive(Clone, Debug, Default)]
pub struct InspectionQuery {
    /// Beginning at or after the first and before the second.
    pub period: Option<(Timestamp, Timestamp)>,
    /// Where they stand.
    pub status: StatusWanted,
    /// Inspected by this person, as the primary one or not.
    pub inspector: Option<InspectorWanted>,
    /// With this agent on this side.
    pub agent: Option<(ConnectionId, Side)>,
    /// Words of a client's name.
    pub client: Option<String>,
    /// Words of one service or add-on.
    pub service: Option<String>,
    /// The ZIP code, by its first five digits.
    pub zip: Option<String>,
    /// Words of the address.
    pub place: Option<String>,
    /// Paid or not.
    pub paid: Option<bool>,
    /// Confirmed or not.
    pub confirmed: Option<bool>,
}

/// A record as it came, with when it vanished, if it did.
pub type RawRow = (Vec<u8>, Option<Timestamp>);

/// What was found.
#[derive(Clone, Debug)]
pub struct Found {
    /// The raw records in order, with when they vanished, if they did.
    pub rows: Vec<RawRow>,
    /// How many there are in all, when it was asked for.
    pub total: Option<u64>,
    /// Whether more follow.
    pub more: bool,
}

/// Conditions with their values, in order.
#[derive(Default)]
struct Conditions {
    parts: Vec<String>,
    values: Vec<Value>,
}

impl Conditions {
    fn add(&mut self, condition: impl Into<String>, values: impl IntoIterator<Item = Value>) {
        self.parts.push(condition.into());
        self.values.extend(values);
    }

    fn flag(&mut self, column: &str, wanted: Option<bool>) {
        if let Some(wanted) = wanted {
            self.add(format!("i.{column} = ?"), [Value::Integer(wanted.into())]);
        }
    }

    fn sql(&self) -> String {
        if self.parts.is_empty() { "1".to_owned() } else { self.parts.join(" AND ") }
    }
}

impl Parts<'_> {
    /// The first `limit` inspections in `order`, after `after`; without a beginning they are in no list.
    pub fn inspections(
        &mut self,
        query: &InspectionQuery,
        order: Order,
        after: Option<&After>,
        limit: usize,
    ) -> Result<Found, MirrorError> {
        let mut conditions = self.conditions(query)?;
        let ids = IdOrder::of(self.connection, Kind::Inspections, after.map(|after| after.id.as_str()))?;
        let total = match after {
            Some(_) => None,
            None => {
                let sql = format!("SELECT count(*) FROM inspections i WHERE {}", conditions.sql());
                let count: i64 = self
                    .connection
                    .prepare_cached(&sql)?
                    .query_row(params_from_iter(&conditions.values), |row| row.get(0))?;
                Some(count.unsigned_abs())
            }
        };
        if let Some(after) = after {
            go_on(&mut conditions, order, ids, after);
        }
        let by = order.sql(ids);
        let sql = format!(
            "SELECT r.dictionary, r.bytes, CASE i.gone WHEN 2 THEN i.gone_at END FROM \
             (SELECT i.pk FROM inspections i WHERE {} ORDER BY {by} LIMIT ?) AS chosen \
             JOIN inspections i ON i.pk = chosen.pk JOIN raw_inspections r ON r.seq = i.raw ORDER BY {by}",
            conditions.sql()
        );
        conditions.values.push(Value::Integer(rows_max(limit) + 1));
        let found: Vec<(i64, Vec<u8>, Option<i64>)> = self
            .connection
            .prepare_cached(&sql)?
            .query_map(params_from_iter(&conditions.values), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
            .collect::<Result<_, _>>()?;
        let more = limit < found.len();
        let mut rows = Vec::new();
        for (dictionary, bytes, gone_at) in found.into_iter().take(limit) {
            let raw = self.expander.expand(self.connection, dictionary, &bytes)?;
            rows.push((raw, gone_at.and_then(|at| Timestamp::from_millisecond(at).ok())));
        }
        Ok(Found { rows, total, more })
    }

    /// The ids of all inspections wanted, in `order`.
    pub fn inspection_ids(&mut self, query: &InspectionQuery, order: Order) -> Result<Vec<String>, MirrorError> {
        Ok(self.numbered_ids(query, order)?.into_iter().map(|(_, id)| id).collect())
    }

    /// The numbers and ids of all inspections wanted, in `order`.
    pub fn numbered_ids(&mut self, query: &InspectionQuery, order: Order) -> Result<Vec<(i64, String)>, MirrorError> {
        let conditions = self.conditions(query)?;
        let ids = IdOrder::of(self.connection, Kind::Inspections, None)?;
        let sql = format!("SELECT i.pk FROM inspections i WHERE {} ORDER BY {}", conditions.sql(), order.sql(ids));
        let pks: Vec<i64> = self
            .connection
            .prepare_cached(&sql)?
            .query_map(params_from_iter(&conditions.values), |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        let with_id = |pk| Ok((pk, super::words::id_of(self.connection, Kind::Inspections, pk)?));
        pks.into_iter().map(with_id).collect()
    }

    /// How many stored inspections have no beginning, so that no list can place them.
    pub fn undated(&self) -> Result<u64, MirrorError> {
        let sql = "SELECT count(*) FROM inspections WHERE gone = 0 AND starts_at IS NULL";
        let rows: i64 = self.connection.prepare_cached(sql)?.query_row([], |row| row.get(0))?;
        Ok(rows.unsigned_abs())
    }

    /// The raw record of this id, with when it vanished, if it did.
    pub fn raw(&mut self, kind: Kind, id: &str) -> Result<Option<RawRow>, MirrorError> {
        let Some(pk) = known_key(self.connection, kind, id)? else { return Ok(None) };
        let table = kind.table();
        let sql = format!(
            "SELECT r.dictionary, r.bytes, CASE t.gone WHEN 2 THEN t.gone_at END FROM {table} t \
             JOIN raw_{table} r ON r.seq = t.raw WHERE t.pk = ?"
        );
        let found: Option<(i64, Vec<u8>, Option<i64>)> = self
            .connection
            .prepare_cached(&sql)?
            .query_row([pk], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
            .optional()?;
        let Some((dictionary, bytes, gone_at)) = found else { return Ok(None) };
        let raw = self.expander.expand(self.connection, dictionary, &bytes)?;
        Ok(Some((raw, gone_at.and_then(|at| Timestamp::from_millisecond(at).ok()))))
    }

    /// Raw records of a kind after a number, in the order of their numbers; vanished ones are left out unless
    /// `with_gone`. Begin with `i64::MIN`.
    pub fn raws_after(
        &mut self,
        kind: Kind,
        after: i64,
        limit: usize,
        with_gone: bool,
    ) -> Result<Vec<(i64, Vec<u8>)>, MirrorError> {
        let table = kind.table();
        let sql = format!(
            "SELECT t.pk, r.dictionary, r.bytes FROM {table} t JOIN raw_{table} r ON r.seq = t.raw \
             WHERE t.pk > ? AND (t.gone = 0 OR ?) ORDER BY t.pk LIMIT ?"
        );
        let found: Vec<(i64, i64, Vec<u8>)> = self
            .connection
            .prepare_cached(&sql)?
            .query_map(rusqlite::params![after, with_gone, rows_max(limit)], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })?
            .collect::<Result<_, _>>()?;
        let mut raws = Vec::new();
        for (pk, dictionary, bytes) in found {
            raws.push((pk, self.expander.expand(self.connection, dictionary, &bytes)?));
        }
        Ok(raws)
    }

    fn conditions(&mut self, query: &InspectionQuery) -> Result<Conditions, MirrorError> {
        let mut all = Conditions::default();
        status_conditions(&mut all, &query.status);
        match query.period {
            Some((start, end)) => {
                let values = [start, end].map(|at| Value::Integer(at.as_millisecond()));
                all.add("i.starts_at >= ? AND i.starts_at < ?", values);
            }
            None => all.add("i.starts_at IS NOT NULL", []),
        }
        if let Some((id, side)) = &query.agent {
            let pk = known_key(self.connection, Kind::Agents, id.as_str())?.unwrap_or(0);
            let values = |count: usize| vec![Value::Integer(pk); count];
            match side {
                Side::Any => all.add(
                    "i.pk IN (SELECT pk FROM inspections WHERE buying_agent = ? UNION \
                     SELECT pk FROM inspections WHERE selling_agent = ?)",
                    values(2),
                ),
                Side::Buying => all.add("i.buying_agent = ?", values(1)),
                Side::Selling => all.add("i.selling_agent = ?", values(1)),
            }
        }
        if let Some(wanted) = &query.inspector {
            let numbers = self.inspector_numbers(wanted)?;
            let condition =
                "EXISTS (SELECT 1 FROM inspection_inspectors x WHERE x.inspection = i.pk AND x.inspector IN";
            all.add(format!("{condition} ({numbers}))"), []);
        }
        if let Some(wanted) = &query.service {
            self.sold_conditions(&mut all, &fold(wanted))?;
        }
        if let Some(zip) = &query.zip {
            let zips = self.zip_numbers(zip)?;
            all.add(format!("i.zip IN ({zips})"), []);
        }
        for (column, words) in [("clients", &query.client), ("place", &query.place)] {
            let Some(words) = words else { continue };
            match match_words(Some(column), words) {
                Some(text) => all.add(
                    "i.pk IN (SELECT rowid FROM inspections_text WHERE inspections_text MATCH ?)",
                    [Value::Text(text)],
                ),
                None => all.add("0", []),
            }
        }
        all.flag("paid", query.paid);
        all.flag("confirmed", query.confirmed);
        Ok(all)
    }

    /// The numbers of the inspectors meant, as a list for SQL; all are whole numbers of our own.
    fn inspector_numbers(&self, wanted: &InspectorWanted) -> Result<String, MirrorError> {
        let known = self.inspector_people()?;
        let is_wanted = |one: &&super::inspectors::Inspector| match wanted {
            InspectorWanted::Id(wanted) => one.id.as_deref() == Some(wanted.as_str()),
            InspectorWanted::Words(words) => one.is_called(&fold(words)),
        };
        let found = known.people.iter().filter(is_wanted);
        let numbers: Vec<String> = found.flat_map(|one| known.numbers(one.pk)).map(|pk| pk.to_string()).collect();
        Ok(numbers.join(", "))
    }

    /// One of the services or add-ons with these words was sold. Their bits stand in the index of times; only those that
    /// share a bit are looked up.
    fn sold_conditions(&self, all: &mut Conditions, folded_words: &str) -> Result<(), MirrorError> {
        let mut statement = self.connection.prepare_cached("SELECT pk, bit, text FROM words WHERE bit IS NOT NULL")?;
        let rows = statement
            .query_map([], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, u32>(1)?, row.get::<_, String>(2)?)))?;
        let (mut own, mut sharing) = (0_i64, Vec::new());
        for row in rows {
            let (pk, bit, text) = row?;
            if !has_words(&text, folded_words) {
                continue;
            }
            if bit < SHARED_BIT {
                own |= 1_i64 << bit;
            } else {
                sharing.push(pk.to_string());
            }
        }
        if sharing.is_empty() {
            all.add("(i.sold & ?) <> 0", [Value::Integer(own)]);
        } else {
            let numbers = sharing.join(", ");
            all.add(
                format!(
                    "((i.sold & ?) <> 0 OR ((i.sold & ?) <> 0 AND EXISTS (SELECT 1 FROM inspection_names x \
                     WHERE x.inspection = i.pk AND x.word IN ({numbers}))))"
                ),
                [Value::Integer(own), Value::Integer(1_i64 << SHARED_BIT)],
            );
        }
        Ok(())
    }

    fn zip_numbers(&self, zip: &str) -> Result<String, MirrorError> {
        let mut statement = self.connection.prepare_cached("SELECT pk, text FROM words WHERE kind = ?")?;
        let rows = statement
            .query_map([WordKind::Zip.number()], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?)))?;
        let known: Vec<(i64, String)> = rows.collect::<Result<_, _>>()?;
        let wanted = known.iter().filter(|(_, text)| is_area(text, zip)).map(|(pk, _)| pk.to_string());
        Ok(wanted.collect::<Vec<_>>().join(", "))
    }
}

/// Only rows after `after`, in the same order as the list.
fn go_on(conditions: &mut Conditions, order: Order, ids: IdOrder, after: &After) {
    let (time, id) = (Value::Integer(after.starts_at.as_millisecond()), ids.place(&after.id));
    let by = ids.sql("i");
    let or_same = if after.inclusive { "=" } else { "" };
    let later = format!("(i.starts_at, {by}) <{or_same} (?, ?)");
    match (order, after.quote) {
        (Order::Newest, _) => conditions.add(later, [time, id]),
        (Order::Oldest, _) => conditions.add(format!("(i.starts_at, {by}) >{or_same} (?, ?)"), [time, id]),
        (Order::QuoteHighest | Order::QuoteLowest, None) => {
            conditions.add(format!("i.quote IS NULL AND {later}"), [time, id]);
        }
        (_, Some(quote)) => {
            let sign = if order == Order::QuoteHighest { "<" } else { ">" };
            let quote = Value::Integer(quote.ten_thousandths());
            conditions.add(
                format!("(i.quote IS NULL OR i.quote {sign} ? OR (i.quote = ? AND {later}))"),
                [quote.clone(), quote, time, id],
            );
        }
    }
}

fn status_conditions(all: &mut Conditions, wanted: &StatusWanted) {
    const LIVE: &str = "i.gone = 0 AND i.canceled_at IS NULL AND i.published_at IS NULL";
    if wanted.any_of.is_empty() {
        all.add("i.gone = 0", []);
        return;
    }
    let now = || Value::Integer(wanted.now);
    let mut parts = Vec::new();
    let mut values = Vec::new();
    for status in &wanted.any_of {
        parts.push(match status {
            Status::Deleted => "i.gone <> 0".to_owned(),
            Status::Canceled => "(i.gone = 0 AND i.canceled_at IS NOT NULL)".to_owned(),
            Status::Published => "(i.gone = 0 AND i.canceled_at IS NULL AND i.published_at IS NOT NULL)".to_owned(),
            Status::Performed => {
                values.push(now());
                format!("({LIVE} AND i.starts_at < ?)")
            }
            Status::Confirmed => {
                values.push(now());
                format!("({LIVE} AND i.starts_at >= ? AND i.confirmed = 1)")
            }
            Status::Requested => {
                values.push(now());
                format!("({LIVE} AND i.starts_at >= ? AND i.confirmed IS NOT 1)")
            }
        });
    }
    all.add(format!("({})", parts.join(" OR ")), values);
}
