//! Lists of inspections from the tables: filters combine freely, and the count is exact.

use jiff::Timestamp;
use rusqlite::types::Value;
use rusqlite::{OptionalExtension as _, params_from_iter};

use super::interned::{IdOrder, InternedKind, SHARED_BIT, known_key};
use super::search::match_words;
use super::{Kind, MirrorError, Snapshot, rows_max};
use domain::fold;
use domain::zip::is_area;
use domain::{
    AgentSide, AgentWanted, InspectionOrder, InspectionQuery, InspectorWanted, Position, SearchTerms, Status,
    StatusWanted,
};

/// A record as it came, with when it vanished, if it did.
pub type RawRow = (Vec<u8>, Option<Timestamp>);

/// Which content a record has: the same mark is the same record with the same bytes, in whichever file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ContentMark {
    pk: i64,
    hash: i64,
}

/// A record as the caller knows it already, or as it came.
#[derive(Clone, Debug)]
pub enum Row<T> {
    /// Known by its mark.
    Known(T),
    /// The bytes it came as.
    Raw(ContentMark, Vec<u8>),
}

/// What was found.
#[derive(Clone, Debug)]
pub struct Found<T> {
    /// The records in order, with when they vanished, if they did.
    pub rows: Vec<(Row<T>, Option<Timestamp>)>,
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

    /// These words begin words of what a column is found by.
    fn text(&mut self, column: &str, words: &SearchTerms) {
        let question = match_words(Some(column), words);
        self.add(
            "i.pk IN (SELECT rowid FROM inspections_text WHERE inspections_text MATCH ?)",
            [Value::Text(question)],
        );
    }

    fn sql(&self) -> String {
        if self.parts.is_empty() { "1".to_owned() } else { self.parts.join(" AND ") }
    }
}

impl Snapshot<'_> {
    /// The first `limit` inspections in `order`, after `after`; without a beginning they are in no list.
    ///
    /// What `known` has is not read again.
    pub fn inspections<T>(
        &mut self,
        query: &InspectionQuery,
        order: InspectionOrder,
        after: Option<&Position>,
        limit: usize,
        known: impl Fn(&ContentMark) -> Option<T>,
    ) -> Result<Found<T>, MirrorError> {
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
        let by = order_sql(order, ids);
        let sql = format!(
            "SELECT i.pk, i.hash, i.raw, CASE i.gone WHEN 2 THEN i.gone_at END FROM inspections i WHERE {} \
             ORDER BY {by} LIMIT ?",
            conditions.sql()
        );
        conditions.values.push(Value::Integer(rows_max(limit) + 1));
        let found: Vec<(ContentMark, i64, Option<i64>)> = self
            .connection
            .prepare_cached(&sql)?
            .query_map(params_from_iter(&conditions.values), |row| {
                Ok((ContentMark { pk: row.get(0)?, hash: row.get(1)? }, row.get(2)?, row.get(3)?))
            })?
            .collect::<Result<_, _>>()?;
        let more = limit < found.len();
        let mut rows = Vec::new();
        for (mark, seq, gone_at) in found.into_iter().take(limit) {
            let row = match known(&mark) {
                Some(known) => Row::Known(known),
                None => {
                    let (dictionary, bytes): (i64, Vec<u8>) = self
                        .connection
                        .prepare_cached("SELECT dictionary, bytes FROM raw_inspections WHERE seq = ?")?
                        .query_row([seq], |row| Ok((row.get(0)?, row.get(1)?)))?;
                    Row::Raw(mark, self.expander.expand(self.connection, dictionary, &bytes)?)
                }
            };
            rows.push((row, gone_at.and_then(|at| Timestamp::from_millisecond(at).ok())));
        }
        Ok(Found { rows, total, more })
    }

    /// The ids of all inspections wanted, in `order`.
    pub fn inspection_ids(
        &mut self,
        query: &InspectionQuery,
        order: InspectionOrder,
    ) -> Result<Vec<String>, MirrorError> {
        Ok(self.numbered_ids(query, order)?.into_iter().map(|(_, id)| id).collect())
    }

    /// The numbers and ids of all inspections wanted, in `order`.
    pub fn numbered_ids(
        &mut self,
        query: &InspectionQuery,
        order: InspectionOrder,
    ) -> Result<Vec<(i64, String)>, MirrorError> {
        let conditions = self.conditions(query)?;
        let ids = IdOrder::of(self.connection, Kind::Inspections, None)?;
        let sql =
            format!("SELECT i.pk FROM inspections i WHERE {} ORDER BY {}", conditions.sql(), order_sql(order, ids));
        let pks: Vec<i64> = self
            .connection
            .prepare_cached(&sql)?
            .query_map(params_from_iter(&conditions.values), |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        let with_id = |pk| Ok((pk, super::interned::id_of(self.connection, Kind::Inspections, pk)?));
        pks.into_iter().map(with_id).collect()
    }

    /// The id of the inspection with this slug; of several the one that is there, and the latest.
    pub fn id_of_slug(&self, slug: &str) -> Result<Option<String>, MirrorError> {
        let sql = "SELECT pk FROM inspections WHERE slug = ? ORDER BY gone, pk DESC LIMIT 1";
        let found: Option<i64> = self.connection.prepare_cached(sql)?.query_row([slug], |row| row.get(0)).optional()?;
        found.map(|pk| super::interned::id_of(self.connection, Kind::Inspections, pk)).transpose()
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

    /// What [`InspectionQuery::holds`] says, as SQL.
    fn conditions(&self, query: &InspectionQuery) -> Result<Conditions, MirrorError> {
        let mut all = Conditions::default();
        status_conditions(&mut all, &query.statuses, query.now.as_millisecond());
        match query.starts {
            Some((from, before)) => {
                let values = [from, before].map(|at| Value::Integer(at.as_millisecond()));
                all.add("i.starts_at >= ? AND i.starts_at < ?", values);
            }
            None => all.add("i.starts_at IS NOT NULL", []),
        }
        if let Some(agent) = &query.agent {
            self.agent_conditions(&mut all, agent)?;
        }
        for inspector in [&query.inspector, &query.own].into_iter().flatten() {
            self.inspector_conditions(&mut all, inspector)?;
        }
        if let Some(buyers) = &query.buyers {
            let mut numbers = Vec::new();
            for id in buyers {
                numbers.extend(known_key(self.connection, Kind::Agents, id.as_str())?.map(|pk| pk.to_string()));
            }
            all.add(format!("i.buying_agent IN ({})", numbers.join(", ")), []);
        }
        if let Some(words) = &query.service {
            self.sold_conditions(&mut all, |_, text| words.fit(text))?;
        }
        if let Some(name) = &query.add_on {
            let add_on = InternedKind::AddOn.number();
            self.sold_conditions(&mut all, |kind, text| kind == add_on && fold(text) == *name)?;
        }
        if let Some(name) = &query.city {
            let cities = self.numbers_where(&[InternedKind::City], |text| fold(text) == *name)?;
            all.add(format!("i.city IN ({cities})"), []);
        }
        if let Some(zip) = &query.zip {
            let zips = self.zip_numbers(zip)?;
            all.add(format!("i.zip IN ({zips})"), []);
        }
        if let Some(words) = &query.client {
            client_conditions(&mut all, words);
        }
        if let Some(words) = &query.address {
            all.text("place", words);
        }
        all.flag("paid", query.paid);
        all.flag("confirmed", query.confirmed);
        Ok(all)
    }

    fn agent_conditions(&self, all: &mut Conditions, agent: &AgentWanted) -> Result<(), MirrorError> {
        let pk = known_key(self.connection, Kind::Agents, agent.id.as_str())?.unwrap_or(0);
        let values = |count: usize| vec![Value::Integer(pk); count];
        match agent.side {
            None => all.add(
                "i.pk IN (SELECT pk FROM inspections WHERE buying_agent = ? UNION \
                 SELECT pk FROM inspections WHERE selling_agent = ?)",
                values(2),
            ),
            Some(AgentSide::Buying) => all.add("i.buying_agent = ?", values(1)),
            Some(AgentSide::Selling) => all.add("i.selling_agent = ?", values(1)),
        }
        Ok(())
    }

    fn inspector_conditions(&self, all: &mut Conditions, wanted: &InspectorWanted) -> Result<(), MirrorError> {
        const OF_INSPECTION: &str = "EXISTS (SELECT 1 FROM inspection_inspectors x WHERE x.inspection = i.pk AND x.";
        match wanted {
            InspectorWanted::Person { id, names } => {
                let mut numbers = Vec::new();
                let mut add = |sql: &str, value: &str| -> Result<(), MirrorError> {
                    let mut statement = self.connection.prepare_cached(sql)?;
                    for number in statement.query_map([value], |row| row.get::<_, i64>(0))? {
                        numbers.push(number?.to_string());
                    }
                    Ok(())
                };
                if let Some(id) = id {
                    add("SELECT pk FROM inspectors WHERE id = ?", id.as_str())?;
                }
                for name in names {
                    add("SELECT pk FROM inspectors WHERE id IS NULL AND folded = ?", name)?;
                }
                all.add(format!("{OF_INSPECTION}inspector IN ({}))", numbers.join(", ")), []);
            }
            InspectorWanted::Called(words) => {
                let names = self.numbers_where(&[InternedKind::InspectorName], |text| words.fit(text))?;
                all.add(format!("{OF_INSPECTION}name IN ({names}))"), []);
            }
        }
        Ok(())
    }

    /// The numbers of the interned names of these kinds that fit, as a list for SQL; all are whole numbers of our own.
    fn numbers_where(&self, kinds: &[InternedKind], fits: impl Fn(&str) -> bool) -> Result<String, MirrorError> {
        let mut statement = self.connection.prepare_cached("SELECT pk, text FROM words WHERE kind = ?")?;
        let mut numbers = Vec::new();
        for kind in kinds {
            let mut rows = statement.query([kind.number()])?;
            while let Some(row) = rows.next()? {
                if fits(row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?) {
                    numbers.push(row.get::<_, i64>(0)?.to_string());
                }
            }
        }
        Ok(numbers.join(", "))
    }

    /// One of the services or add-ons that fit, by kind and name, was sold. Their bits stand in the index of times; only
    /// those that share a bit are looked up.
    fn sold_conditions(&self, all: &mut Conditions, fits: impl Fn(i64, &str) -> bool) -> Result<(), MirrorError> {
        let mut statement =
            self.connection.prepare_cached("SELECT pk, bit, text, kind FROM words WHERE bit IS NOT NULL")?;
        let rows = statement.query_map([], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, u32>(1)?, row.get::<_, String>(2)?, row.get::<_, i64>(3)?))
        })?;
        let (mut own, mut sharing) = (0_i64, Vec::new());
        for row in rows {
            let (pk, bit, text, kind) = row?;
            if !fits(kind, &text) {
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
        self.numbers_where(&[InternedKind::Zip], |text| is_area(text, zip))
    }
}

fn order_sql(order: InspectionOrder, ids: IdOrder) -> String {
    let id = ids.sql("i");
    match order {
        InspectionOrder::Newest => format!("i.starts_at DESC, {id} DESC"),
        InspectionOrder::Oldest => format!("i.starts_at, {id}"),
        InspectionOrder::QuoteHighest => format!("i.quote DESC NULLS LAST, i.starts_at DESC, {id} DESC"),
        InspectionOrder::QuoteLowest => format!("i.quote ASC NULLS LAST, i.starts_at DESC, {id} DESC"),
    }
}

/// The words are of one client: where an inspection has several, each one's name is looked at by itself.
fn client_conditions(all: &mut Conditions, words: &SearchTerms) {
    all.text("clients", words);
    if words.iter().nth(1).is_none() {
        return;
    }
    // Every name begins with a blank, so that a word of it is found by its beginning.
    let has_all = vec!["instr(x.words, ?) > 0"; words.iter().count()].join(" AND ");
    all.add(
        format!(
            "(NOT EXISTS (SELECT 1 FROM inspection_clients x WHERE x.inspection = i.pk) OR \
             EXISTS (SELECT 1 FROM inspection_clients x WHERE x.inspection = i.pk AND {has_all}))"
        ),
        words.iter().map(|word| Value::Text(format!(" {word}"))),
    );
}

/// Only rows after `after`, in the same order as the list.
fn go_on(conditions: &mut Conditions, order: InspectionOrder, ids: IdOrder, after: &Position) {
    let (time, id) = (Value::Integer(after.starts_at.as_millisecond()), ids.place(after.id.as_str()));
    let by = ids.sql("i");
    let or_same = if after.inclusive { "=" } else { "" };
    let later = format!("(i.starts_at, {by}) <{or_same} (?, ?)");
    match (order, after.quote) {
        (InspectionOrder::Newest, _) => conditions.add(later, [time, id]),
        (InspectionOrder::Oldest, _) => conditions.add(format!("(i.starts_at, {by}) >{or_same} (?, ?)"), [time, id]),
        (InspectionOrder::QuoteHighest | InspectionOrder::QuoteLowest, None) => {
            conditions.add(format!("i.quote IS NULL AND {later}"), [time, id]);
        }
        (_, Some(quote)) => {
            let sign = if order == InspectionOrder::QuoteHighest { "<" } else { ">" };
            let quote = Value::Integer(quote.ten_thousandths());
            conditions.add(
                format!("(i.quote IS NULL OR i.quote {sign} ? OR (i.quote = ? AND {later}))"),
                [quote.clone(), quote, time, id],
            );
        }
    }
}

fn status_conditions(all: &mut Conditions, statuses: &[StatusWanted], now: i64) {
    const ON: &str = "i.gone = 0 AND i.canceled_at IS NULL";
    const LIVE: &str = "i.gone = 0 AND i.canceled_at IS NULL AND i.published_at IS NULL";
    if statuses.is_empty() {
        all.add("i.gone = 0", []);
        return;
    }
    let now = || Value::Integer(now);
    let mut parts = Vec::new();
    let mut values = Vec::new();
    for status in statuses {
        parts.push(match status {
            StatusWanted::Is(Status::Deleted) => "i.gone <> 0".to_owned(),
            StatusWanted::Is(Status::Canceled) => "(i.gone = 0 AND i.canceled_at IS NOT NULL)".to_owned(),
            StatusWanted::Is(Status::Published) => {
                "(i.gone = 0 AND i.canceled_at IS NULL AND i.published_at IS NOT NULL)".to_owned()
            }
            StatusWanted::Performed => {
                values.push(now());
                format!("({ON} AND i.starts_at < ?)")
            }
            StatusWanted::Upcoming => {
                values.push(now());
                format!("({ON} AND i.starts_at >= ?)")
            }
            StatusWanted::Is(Status::Unpublished) => {
                values.push(now());
                format!("({LIVE} AND i.starts_at < ?)")
            }
            StatusWanted::Is(Status::Confirmed) => {
                values.push(now());
                format!("({LIVE} AND i.starts_at >= ? AND i.confirmed = 1)")
            }
            StatusWanted::Is(Status::Requested) => {
                values.push(now());
                format!("({LIVE} AND i.starts_at >= ? AND i.confirmed IS NOT 1)")
            }
        });
    }
    all.add(format!("({})", parts.join(" OR ")), values);
}
