//! Rows for sums: every inspection as numbers, with the names the numbers stand for.

use std::collections::HashMap;

use rusqlite::{CachedStatement, Connection, OpenFlags, Rows};

use super::inspectors::InspectorPeople;
use super::interned::{InternedKind, SHARED_BIT};
use super::state::stored_coverage;
use super::store::GONE_DELETED;
use super::{Kind, MirrorError, Snapshot};
use domain::{AgentFact, Assistants, FactTable, FactTableBuilder, InspectorFact, Named, NewFact, Sold, WordNumber};

/// From so many inspections on they are read in two halves at once.
const HALVED_MIN: usize = 50_000;
/// Milliseconds of a day.
const DAY_MS: i64 = 86_400_000;

/// An agent the service has or had, as far as finding them by name needs to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownAgent {
    /// The number in the tables; `None` where none was looked up.
    pub number: Option<i64>,
    /// The connection id.
    pub id: String,
    /// The name.
    pub name: Option<String>,
    /// The agency's name.
    pub agency: Option<String>,
    /// The person's id, the same in every company.
    pub person: Option<String>,
    /// Whether the service has them no more.
    pub is_former: bool,
}

/// A job, as far as orders of one booking are told by it.
struct Job {
    raw: i64,
    zip: Option<i64>,
    client: Option<i64>,
    agent: Option<i64>,
}

/// The jobs that begin at one instant.
#[derive(Default)]
struct Beginning {
    at: Option<i64>,
    jobs: Vec<Job>,
}

impl Beginning {
    fn at(at: i64) -> Self {
        Self { at: Some(at), jobs: Vec::new() }
    }

    /// Those that another one in the same area is like, by client or by agent.
    fn together(&self) -> Vec<i64> {
        let mut counts: HashMap<(bool, i64, Option<i64>), u32> = HashMap::new();
        let keys = |job: &Job| {
            let (zip, client, agent) = (job.zip, job.client, job.agent);
            [client.map(|client| (true, client, zip)), agent.map(|agent| (false, agent, zip))].into_iter().flatten()
        };
        for key in self.jobs.iter().flat_map(keys) {
            *counts.entry(key).or_default() += 1;
        }
        let has_partner = |job: &&Job| keys(job).any(|key| counts.get(&key).is_some_and(|count| 1 < *count));
        self.jobs.iter().filter(has_partner).map(|job| job.raw).collect()
    }
}

impl Snapshot<'_> {
    /// Every inspection that has a beginning and has not vanished from the service; those it calls deleted apart. Of many,
    /// half is read on a thread of its own.
    pub fn facts(&self) -> Result<FactTable, MirrorError> {
        self.facts_halved_from(HALVED_MIN)
    }

    /// The same, read in halves from so many inspections on.
    pub(super) fn facts_halved_from(&self, halved_min: usize) -> Result<FactTable, MirrorError> {
        let mut table = FactTableBuilder::default();
        self.add_words(&mut table)?;
        self.add_agents(&mut table)?;
        for (pk, id) in self.odd_ids(Kind::Inspections)? {
            table.odd_id(pk, id);
        }
        let inspectors = self.inspector_people()?;
        for one in &inspectors.people {
            table.inspector(one.pk, InspectorFact { id: one.id.clone(), name: one.shown() });
        }
        let rows = usize::try_from(self.count(Kind::Inspections)?).unwrap_or(0);
        table.reserve(rows);
        let twin = if rows < halved_min { None } else { self.twin()? };
        let Some(twin) = twin else {
            add_rows(self.connection, (i64::MIN, i64::MAX), &inspectors, &mut table)?;
            return Ok(table.build());
        };
        let sql = "SELECT coalesce(min(pk), 0), coalesce(max(pk), 0) FROM inspections";
        let (least, most) = self.connection.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let middle = i64::midpoint(least, most);
        let upper = std::thread::scope(|scope| {
            let upper = scope.spawn(|| {
                let mut upper = FactTableBuilder::default();
                upper.reserve(rows / 2);
                // The connection ends with this thread.
                let twin = twin;
                add_rows(&twin, (middle.saturating_add(1), i64::MAX), &inspectors, &mut upper).map(|()| upper)
            });
            add_rows(self.connection, (i64::MIN, middle), &inspectors, &mut table)?;
            upper.join().unwrap_or_else(|fault| std::panic::resume_unwind(fault))
        })?;
        table.absorb(upper);
        Ok(table.build())
    }

    /// A second connection that sees the same inspections; `None` where they have changed meanwhile.
    fn twin(&self) -> Result<Option<Connection>, MirrorError> {
        let twin = super::connect(self.path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        twin.execute_batch("BEGIN DEFERRED")?;
        let seen =
            |connection: &Connection| Ok::<_, MirrorError>(stored_coverage(connection, Kind::Inspections)?.revision);
        let is_same = seen(&twin)? == seen(self.connection)?;
        Ok(is_same.then_some(twin))
    }

    fn add_words(&self, table: &mut FactTableBuilder) -> Result<(), MirrorError> {
        let mut statement = self.connection.prepare_cached("SELECT pk, kind, text FROM words")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let (kind, text): (i64, String) = (row.get(1)?, row.get(2)?);
            let named = if kind == InternedKind::Service.number() {
                Named::Service(text)
            } else if kind == InternedKind::AddOn.number() {
                Named::AddOn(text)
            } else if kind == InternedKind::NotAddOn.number() {
                Named::NotAddOn(text)
            } else {
                Named::Other(text)
            };
            table.word(row.get(0)?, named);
        }
        Ok(())
    }

    /// The agents the service has, and those it had.
    fn add_agents(&self, table: &mut FactTableBuilder) -> Result<(), MirrorError> {
        let odd_ids = self.odd_ids(Kind::Agents)?;
        let mut tags: HashMap<i64, Vec<WordNumber>> = HashMap::new();
        let mut statement =
            self.connection.prepare_cached("SELECT agent, word FROM agent_tags ORDER BY agent, word")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            tags.entry(row.get(0)?).or_default().extend(WordNumber::by_key(row.get(1)?));
        }
        let mut statement =
            self.connection.prepare_cached("SELECT pk, agent_id, name, agency, created_at, gone, team FROM agents")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let pk: i64 = row.get(0)?;
            let agent = AgentFact {
                id: odd_ids.get(&pk).cloned().unwrap_or_else(|| pk.to_string()),
                agent_id: row.get(1)?,
                name: row.get(2)?,
                agency: row.get::<_, Option<i64>>(3)?.and_then(WordNumber::by_key),
                team: row.get::<_, Option<i64>>(6)?.and_then(WordNumber::by_key),
                tags: tags.remove(&pk).unwrap_or_default().into(),
                created_at: row.get(4)?,
                is_former: row.get::<_, i64>(5)? != 0,
            };
            table.agent(pk, agent);
        }
        Ok(())
    }

    /// Raw inspections that may be orders of one booking: not canceled, beginning together on one of these days in one
    /// area, for one client or from one agent; at most `limit`, the latest first.
    pub fn begun_together(&mut self, from: i64, to: i64, limit: usize) -> Result<Vec<Vec<u8>>, MirrorError> {
        // The index is by instant; a day lies within these in any zone.
        let first = from.saturating_sub(1).saturating_mul(DAY_MS);
        let last = to.saturating_add(2).saturating_mul(DAY_MS);
        let mut statement = self.connection.prepare_cached(
            "SELECT raw, starts_at, zip, client, buying_agent FROM inspections WHERE gone = 0 AND canceled_at IS NULL \
             AND starts_at BETWEEN ?3 AND ?4 AND day BETWEEN ?1 AND ?2 ORDER BY starts_at DESC, pk DESC",
        )?;
        let mut rows = statement.query([from, to, first, last])?;
        // One walk along the index, a beginning at a time. Asking for partners row by row would cost, for each, as many looks
        // as jobs begin then.
        let mut found: Vec<i64> = Vec::new();
        let mut beginning = Beginning::default();
        while let Some(row) = rows.next()?
            && found.len() < limit
        {
            let at: i64 = row.get(1)?;
            if beginning.at != Some(at) {
                found.extend(std::mem::replace(&mut beginning, Beginning::at(at)).together());
            }
            beginning.jobs.push(Job { raw: row.get(0)?, zip: row.get(2)?, client: row.get(3)?, agent: row.get(4)? });
        }
        found.extend(beginning.together());
        found.truncate(limit);
        let mut statement =
            self.connection.prepare_cached("SELECT dictionary, bytes FROM raw_inspections WHERE seq = ?1")?;
        let read = |raw| statement.query_row([raw], |row| Ok((row.get(0)?, row.get(1)?)));
        let found: Vec<(i64, Vec<u8>)> = found.into_iter().map(read).collect::<Result<_, _>>()?;
        let mut raws = Vec::new();
        for (dictionary, bytes) in found {
            raws.push(self.expander.expand(self.connection, dictionary, &bytes)?);
        }
        Ok(raws)
    }

    /// Every agent the service has or had, by name.
    pub fn known_agents(&self) -> Result<Vec<KnownAgent>, MirrorError> {
        let odd_ids = self.odd_ids(Kind::Agents)?;
        let mut statement = self.connection.prepare_cached(
            "SELECT a.pk, a.name, w.text, a.agent_id, a.gone FROM agents a LEFT JOIN words w ON w.pk = a.agency \
             ORDER BY a.folded, a.pk",
        )?;
        let rows = statement.query_map([], |row| {
            let pk: i64 = row.get(0)?;
            Ok(KnownAgent {
                number: Some(pk),
                id: odd_ids.get(&pk).cloned().unwrap_or_else(|| pk.to_string()),
                name: row.get(1)?,
                agency: row.get(2)?,
                person: row.get(3)?,
                is_former: row.get::<_, i64>(4)? != 0,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The number of an agent whom an inspection names, whether or not the agent's own record is here.
    pub fn agent_in_inspections(&self, id: &str) -> Result<Option<i64>, MirrorError> {
        let Some(pk) = super::interned::known_key(self.connection, Kind::Agents, id)? else { return Ok(None) };
        let sql = "SELECT EXISTS (SELECT 1 FROM inspections WHERE buying_agent = ?1) \
                   OR EXISTS (SELECT 1 FROM inspections WHERE selling_agent = ?1)";
        let is_there: bool = self.connection.prepare_cached(sql)?.query_row([pk], |row| row.get(0))?;
        Ok(is_there.then_some(pk))
    }

    /// The ids of a kind that are not decimals, by number.
    fn odd_ids(&self, kind: Kind) -> Result<HashMap<i64, String>, MirrorError> {
        let mut statement = self.connection.prepare_cached("SELECT pk, id FROM odd_ids WHERE kind = ?")?;
        let rows = statement.query_map([kind.id_kind()], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

/// Adds the inspections whose numbers lie from `span.0` to `span.1`. They are read in the order in which they lie in the
/// file: most of them are wanted, and looking each up in the order of time takes several times as long as sorting them
/// afterwards.
fn add_rows(
    connection: &Connection,
    span: (i64, i64),
    inspectors: &InspectorPeople,
    table: &mut FactTableBuilder,
) -> Result<(), MirrorError> {
    let mut assisting = connection.prepare_cached(Assisting::SQL)?;
    let mut assisting = Assisting::of(assisting.query(span)?)?;
    let mut sold = SoldByBits::read(connection)?;
    let mut statement = connection.prepare_cached(
        "SELECT pk, starts_at, day, minute, duration, created_at, canceled_at, published_at, quote, inspector, \
         buying_agent, selling_agent, zip, city, cancel_reason, paid, confirmed, sold, gone, client, agreements \
         FROM inspections NOT INDEXED \
         WHERE pk BETWEEN ?1 AND ?2 AND gone IN (0, ?3) AND starts_at IS NOT NULL ORDER BY pk",
    )?;
    let mut rows = statement.query((span.0, span.1, GONE_DELETED))?;
    while let Some(row) = rows.next()? {
        let (pk, is_deleted): (i64, bool) = (row.get(0)?, row.get::<_, i64>(18)? != 0);
        let inspector = row.get::<_, Option<i64>>(9)?.map(|one| inspectors.person(one));
        let new = NewFact {
            pk,
            starts_at: row.get(1)?,
            day: row.get(2)?,
            minute: row.get(3)?,
            hours: row.get(4)?,
            created_at: row.get(5)?,
            canceled_at: row.get(6)?,
            published_at: row.get(7)?,
            quote: row.get(8)?,
            inspector,
            buying_agent: row.get(10)?,
            selling_agent: row.get(11)?,
            zip: row.get(12)?,
            city: row.get(13)?,
            reason: row.get(14)?,
            paid: row.get(15)?,
            confirmed: row.get(16)?,
            client: row.get(19)?,
            agreements_signed: row.get(20)?,
            sold: sold.with(pk, row.get(17)?, table)?,
            assistants: assisting.with(pk, inspectors, inspector, table)?,
        };
        if is_deleted { table.push_deleted(&new) } else { table.push(&new) }
    }
    Ok(())
}

/// Who assists with which inspection, read beside the inspections in the order of their numbers.
struct Assisting<'a> {
    rows: Rows<'a>,
    /// The inspection and the assistant that were read last and not taken yet.
    next: Option<(i64, i64)>,
}

impl<'a> Assisting<'a> {
    const SQL: &'static str = "SELECT inspection, inspector FROM inspection_inspectors \
                               WHERE inspection BETWEEN ? AND ? AND is_primary = 0 ORDER BY inspection, inspector";

    fn of(rows: Rows<'a>) -> Result<Self, MirrorError> {
        let mut assisting = Self { rows, next: None };
        assisting.step()?;
        Ok(assisting)
    }

    fn step(&mut self) -> Result<(), MirrorError> {
        self.next = match self.rows.next()? {
            Some(row) => Some((row.get(0)?, row.get(1)?)),
            None => None,
        };
        Ok(())
    }

    /// The assistants of an inspection; the numbers of inspections asked for must grow.
    fn with(
        &mut self,
        pk: i64,
        inspectors: &InspectorPeople,
        primary: Option<i64>,
        table: &mut FactTableBuilder,
    ) -> Result<Assistants, MirrorError> {
        let mut others = Vec::new();
        while let Some((inspection, inspector)) = self.next.filter(|(inspection, _)| *inspection <= pk) {
            if inspection == pk {
                others.push(inspectors.person(inspector));
            }
            self.step()?;
        }
        // A record may name one person twice, once by the id and once by the name.
        others.retain(|other| Some(*other) != primary);
        others.sort_unstable();
        others.dedup();
        Ok(if others.is_empty() { Assistants::default() } else { table.assistants(&others) })
    }
}

/// What was sold by the bits that stand with each inspection: they say all but what shares the last bit.
struct SoldByBits<'a> {
    names: CachedStatement<'a>,
    words: HashMap<u32, i64>,
    known: HashMap<i64, Sold>,
}

impl<'a> SoldByBits<'a> {
    fn read(connection: &'a Connection) -> Result<Self, MirrorError> {
        let mut statement = connection.prepare_cached("SELECT bit, pk FROM words WHERE bit < ?")?;
        let words = statement.query_map([SHARED_BIT], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let words = words.collect::<Result<_, _>>()?;
        let names =
            connection.prepare_cached("SELECT word FROM inspection_names WHERE inspection = ? ORDER BY word")?;
        Ok(Self { names, words, known: HashMap::new() })
    }

    fn with(&mut self, pk: i64, bits: i64, table: &mut FactTableBuilder) -> Result<Sold, MirrorError> {
        if let Some(sold) = self.known.get(&bits) {
            return Ok(*sold);
        }
        let set = (0..i64::BITS).filter(|bit| bits >> bit & 1 != 0);
        match set.map(|bit| self.words.get(&bit).copied()).collect::<Option<Vec<i64>>>() {
            Some(mut words) => {
                words.sort_unstable();
                let sold = table.sold(&words);
                self.known.insert(bits, sold);
                Ok(sold)
            }
            None => {
                let words = self.names.query_map([pk], |row| row.get(0))?;
                Ok(table.sold(&words.collect::<Result<Vec<i64>, _>>()?))
            }
        }
    }
}
