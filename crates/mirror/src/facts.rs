//! Rows for sums: every inspection of a span of days as numbers, with the names the numbers stand for.

use std::collections::{BTreeSet, HashMap};

use super::interned::InternedKind;
use super::{MirrorError, Parts};

/// One inspection that is not deleted, as numbers. Instants are milliseconds since 1970, days count from 1970-01-01 in
/// the company's zone.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Fact {
    /// The inspection; its id where that is a decimal.
    pub pk: i64,
    /// When it begins.
    pub starts_at: i64,
    /// On which day.
    pub day: i64,
    /// The minute of that day at which it begins.
    pub minute: i64,
    /// How long it takes, in hours.
    pub hours: Option<f64>,
    /// When it was booked.
    pub created_at: Option<i64>,
    /// When it was called off.
    pub canceled_at: Option<i64>,
    /// When its report was published.
    pub published_at: Option<i64>,
    /// The quoted price, in ten-thousandths.
    pub quote: Option<i64>,
    /// The primary inspector.
    pub inspector: Option<i64>,
    /// The agent on the buying side.
    pub buying_agent: Option<i64>,
    /// The agent on the selling side.
    pub selling_agent: Option<i64>,
    /// The ZIP code's number among the names.
    pub zip: Option<i64>,
    /// The city's number among the names.
    pub city: Option<i64>,
    /// The cancellation reason's number among the names.
    pub reason: Option<i64>,
    /// Whether it is paid.
    pub paid: Option<bool>,
    /// Whether it is confirmed.
    pub confirmed: Option<bool>,
    /// Where its services and add-ons stand; see [`Facts::sold`].
    pub sold: SoldPlace,
}

/// A piece of the list of all that was sold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SoldPlace {
    start: u32,
    count: u32,
}

/// What a number among the names stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Named {
    /// A service.
    Service(String),
    /// An add-on.
    AddOn(String),
    /// Sold like an add-on, and none by the company's word: a discount, a fee.
    NotAddOn(String),
    /// Another name: a ZIP code, a city, a reason, an agency, a team.
    Other(String),
}

impl Named {
    /// The name.
    pub fn text(&self) -> &str {
        match self {
            Self::Service(text) | Self::AddOn(text) | Self::NotAddOn(text) | Self::Other(text) => text,
        }
    }
}

/// An agent, as far as sums need to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentFact {
    /// The connection id.
    pub id: String,
    /// The same person in every company.
    pub agent_id: Option<String>,
    /// The name.
    pub name: Option<String>,
    /// The agency's number among the names.
    pub agency: Option<i64>,
    /// When the company came to know them.
    pub created_at: Option<i64>,
}

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

/// Inspections of a span of days, with everything needed to name what is counted.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// From which day on they are all here, while a first reading has not come further back; `None` when all are.
    pub since: Option<i64>,
    /// The inspections, in order of their beginnings.
    pub rows: Vec<Fact>,
    /// Services and add-ons of all inspections, one after the other; numbers among the names.
    all_sold: Vec<i64>,
    /// Inspectors of each inspection that has more than the primary one, by its `pk`: those who assist.
    pub assists: HashMap<i64, Vec<i64>>,
    /// What the numbers of names stand for.
    pub names: HashMap<i64, Named>,
    /// The inspectors by number: id (where known) and name.
    pub inspectors: HashMap<i64, (Option<String>, String)>,
    /// The agents the service has, by number.
    pub agents: HashMap<i64, AgentFact>,
    /// The agents it had and has no more: what they sent stays theirs. See [`Facts::agent`].
    pub former_agents: HashMap<i64, AgentFact>,
    /// The ids of inspections that are not decimals, by number. See [`Facts::id`].
    odd_ids: HashMap<i64, String>,
}

/// Agents by number.
type Agents = HashMap<i64, AgentFact>;

const DAY_MS: i64 = 86_400_000;

impl Facts {
    /// The id of an inspection as the service knows it.
    pub fn id(&self, fact: &Fact) -> String {
        self.odd_ids.get(&fact.pk).cloned().unwrap_or_else(|| fact.pk.to_string())
    }

    /// Services and add-ons of an inspection; numbers among the names.
    pub fn sold(&self, fact: &Fact) -> &[i64] {
        let start = fact.sold.start as usize;
        self.all_sold.get(start..start + fact.sold.count as usize).unwrap_or_default()
    }

    /// The same names, and no inspection.
    pub fn without_rows(&self) -> Self {
        Self {
            names: self.names.clone(),
            inspectors: self.inspectors.clone(),
            agents: self.agents.clone(),
            former_agents: self.former_agents.clone(),
            odd_ids: self.odd_ids.clone(),
            ..Self::default()
        }
    }

    /// An agent, whether or not the service still has them.
    pub fn agent(&self, number: i64) -> Option<&AgentFact> {
        self.agents.get(&number).or_else(|| self.former_agents.get(&number))
    }

    /// Every agent with their number, those included whom the service has no more.
    pub fn all_agents(&self) -> impl Iterator<Item = (i64, &AgentFact)> {
        self.agents.iter().chain(&self.former_agents).map(|(number, agent)| (*number, agent))
    }

    /// The folded names that more than one inspector has.
    pub fn shared_inspector_names(&self) -> BTreeSet<String> {
        let mut seen = BTreeSet::new();
        let names = self.inspectors.values().map(|(_, name)| domain::fold(name));
        names.filter(|name| !seen.insert(name.clone())).collect()
    }

    /// Notes what was sold with one of the rows.
    pub fn sell(&mut self, row: usize, words: &[i64]) {
        let Some(fact) = self.rows.get_mut(row) else { return };
        let start = u32::try_from(self.all_sold.len()).unwrap_or(u32::MAX);
        fact.sold = SoldPlace { start, count: u32::try_from(words.len()).unwrap_or(0) };
        self.all_sold.extend(words);
    }

    /// The rows that can begin on the days `from` to `to` (both included); a few of the days beside them may be among
    /// them.
    pub fn around(&self, from: i64, to: i64) -> &[Fact] {
        let [_, _, first, last] = span(from, to);
        let start = self.rows.partition_point(|fact| fact.starts_at < first);
        let end = self.rows.partition_point(|fact| fact.starts_at <= last);
        self.rows.get(start..end).unwrap_or_default()
    }
}

/// The days asked for, and the instants they lie within in any zone; the index is by instant.
fn span(from: i64, to: i64) -> [i64; 4] {
    [from, to, from.saturating_sub(1).saturating_mul(DAY_MS), to.saturating_add(2).saturating_mul(DAY_MS)]
}

impl Parts<'_> {
    /// The inspections that begin on the days `from` to `to` (both included), deleted ones left out.
    pub fn facts(&self, from: i64, to: i64) -> Result<Facts, MirrorError> {
        let mut facts = Facts { rows: self.fact_rows(from, to)?, ..Facts::default() };
        self.add_sold(&mut facts, from, to)?;
        let mut statement = self.connection.prepare_cached(
            "SELECT x.inspection, x.inspector FROM inspections i JOIN inspection_inspectors x ON x.inspection = i.pk \
             WHERE i.gone = 0 AND i.starts_at BETWEEN ?3 AND ?4 AND i.day BETWEEN ?1 AND ?2 AND x.is_primary = 0 ORDER BY 1, 2",
        )?;
        let mut rows = statement.query(span(from, to))?;
        let known = self.inspector_people()?;
        let mut assists: HashMap<i64, Vec<i64>> = HashMap::new();
        while let Some(row) = rows.next()? {
            assists.entry(row.get(0)?).or_default().push(known.person(row.get(1)?));
        }
        for fact in &mut facts.rows {
            fact.inspector = fact.inspector.map(|inspector| known.person(inspector));
            let Some(mut others) = assists.remove(&fact.pk) else { continue };
            // A record may name one person twice, once by the id and once by the name.
            others.retain(|other| Some(*other) != fact.inspector);
            others.sort_unstable();
            others.dedup();
            if !others.is_empty() {
                facts.assists.insert(fact.pk, others);
            }
        }
        facts.names = self.all_names()?;
        let shown = |one: &super::inspectors::Inspector| (one.pk, (one.id.clone(), one.shown()));
        facts.inspectors = known.people.iter().map(shown).collect();
        (facts.agents, facts.former_agents) = self.all_agents()?;
        facts.odd_ids = self.odd_ids(super::Kind::Inspections)?;
        Ok(facts)
    }

    fn add_sold(&self, facts: &mut Facts, from: i64, to: i64) -> Result<(), MirrorError> {
        let numbers: HashMap<i64, usize> =
            facts.rows.iter().enumerate().map(|(number, fact)| (fact.pk, number)).collect();
        // Most of the table is read in order; few of its rows are looked up one by one.
        let of_all: u64 = self.count(super::Kind::Inspections)?;
        let reads_all = of_all / 2 < numbers.len() as u64;
        let mut statement = self.connection.prepare_cached(if reads_all {
            "SELECT inspection, word FROM inspection_names WHERE ?1 <= ?2 AND ?3 <= ?4 ORDER BY inspection, word"
        } else {
            "SELECT n.inspection, n.word FROM inspections i JOIN inspection_names n ON n.inspection = i.pk \
             WHERE i.gone = 0 AND i.starts_at BETWEEN ?3 AND ?4 AND i.day BETWEEN ?1 AND ?2 \
             ORDER BY n.inspection, n.word"
        })?;
        let mut rows = statement.query(span(from, to))?;
        let mut current: Option<i64> = None;
        let mut words = Vec::new();
        let mut note = |inspection: Option<i64>, words: &[i64]| {
            if let Some(row) = inspection.and_then(|inspection| numbers.get(&inspection)) {
                facts.sell(*row, words);
            }
        };
        while let Some(row) = rows.next()? {
            let inspection: i64 = row.get(0)?;
            if current != Some(inspection) {
                note(current, &words);
                words.clear();
                current = Some(inspection);
            }
            words.push(row.get(1)?);
        }
        note(current, &words);
        Ok(())
    }

    /// The inspections that are deleted by the service's word, as numbers; without what was sold.
    pub fn deleted_facts(&self) -> Result<Vec<Fact>, MirrorError> {
        self.fact_rows_of(super::store::GONE_DELETED, i32::MIN.into(), i32::MAX.into())
    }

    /// Raw inspections that may be orders of one booking: not canceled, beginning together on one of these days in one
    /// area, for one client or from one agent; at most `limit`, the latest first.
    pub fn begun_together(&mut self, from: i64, to: i64, limit: usize) -> Result<Vec<Vec<u8>>, MirrorError> {
        let together = |column: &str| {
            format!(
                "SELECT i.pk, i.starts_at FROM inspections i WHERE i.gone = 0 AND i.canceled_at IS NULL AND i.{column} IS NOT \
                 NULL AND i.starts_at BETWEEN ?3 AND ?4 AND i.day BETWEEN ?1 AND ?2 AND EXISTS (SELECT 1 FROM inspections o \
                 WHERE o.gone = 0 AND o.starts_at = i.starts_at AND o.pk <> i.pk AND o.canceled_at IS NULL AND \
                 o.{column} = i.{column} AND o.zip IS i.zip)"
            )
        };
        let sql = format!(
            "SELECT r.dictionary, r.bytes FROM ({} UNION {}) AS chosen JOIN inspections i ON i.pk = chosen.pk \
             JOIN raw_inspections r ON r.seq = i.raw ORDER BY i.starts_at DESC, i.pk DESC LIMIT ?5",
            together("client"),
            together("buying_agent")
        );
        let [first_day, last_day, first, last] = span(from, to);
        let found: Vec<(i64, Vec<u8>)> = self
            .connection
            .prepare_cached(&sql)?
            .query_map([first_day, last_day, first, last, super::rows_max(limit)], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?
            .collect::<Result<_, _>>()?;
        let mut raws = Vec::new();
        for (dictionary, bytes) in found {
            raws.push(self.expander.expand(self.connection, dictionary, &bytes)?);
        }
        Ok(raws)
    }

    fn fact_rows(&self, from: i64, to: i64) -> Result<Vec<Fact>, MirrorError> {
        self.fact_rows_of(0, from, to)
    }

    fn fact_rows_of(&self, gone: i64, from: i64, to: i64) -> Result<Vec<Fact>, MirrorError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT pk, starts_at, day, minute, duration, created_at, canceled_at, published_at, quote, inspector, \
             buying_agent, selling_agent, zip, city, cancel_reason, paid, confirmed FROM inspections \
             WHERE gone = ?5 AND starts_at BETWEEN ?3 AND ?4 AND day BETWEEN ?1 AND ?2 ORDER BY starts_at, pk",
        )?;
        let [first_day, last_day, first, last] = span(from, to);
        let rows = statement.query_map([first_day, last_day, first, last, gone], |row| {
            Ok(Fact {
                pk: row.get(0)?,
                starts_at: row.get(1)?,
                day: row.get(2)?,
                minute: row.get(3)?,
                hours: row.get(4)?,
                created_at: row.get(5)?,
                canceled_at: row.get(6)?,
                published_at: row.get(7)?,
                quote: row.get(8)?,
                inspector: row.get(9)?,
                buying_agent: row.get(10)?,
                selling_agent: row.get(11)?,
                zip: row.get(12)?,
                city: row.get(13)?,
                reason: row.get(14)?,
                paid: row.get(15)?,
                confirmed: row.get(16)?,
                sold: SoldPlace::default(),
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    fn all_names(&self) -> Result<HashMap<i64, Named>, MirrorError> {
        let mut statement = self.connection.prepare_cached("SELECT pk, kind, text FROM words")?;
        let rows = statement.query_map([], |row| {
            let (pk, kind, text): (i64, i64, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
            let named = if kind == InternedKind::Service.number() {
                Named::Service(text)
            } else if kind == InternedKind::AddOn.number() {
                Named::AddOn(text)
            } else if kind == InternedKind::NotAddOn.number() {
                Named::NotAddOn(text)
            } else {
                Named::Other(text)
            };
            Ok((pk, named))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The agents the service has, and those it had.
    fn all_agents(&self) -> Result<(Agents, Agents), MirrorError> {
        let odd_ids = self.odd_ids(super::Kind::Agents)?;
        let mut statement =
            self.connection.prepare_cached("SELECT pk, agent_id, name, agency, created_at, gone FROM agents")?;
        let mut rows = statement.query([])?;
        let (mut agents, mut former) = (Agents::new(), Agents::new());
        while let Some(row) = rows.next()? {
            let pk: i64 = row.get(0)?;
            let agent = AgentFact {
                id: odd_ids.get(&pk).cloned().unwrap_or_else(|| pk.to_string()),
                agent_id: row.get(1)?,
                name: row.get(2)?,
                agency: row.get(3)?,
                created_at: row.get(4)?,
            };
            let is_former = row.get::<_, i64>(5)? != 0;
            if is_former { &mut former } else { &mut agents }.insert(pk, agent);
        }
        Ok((agents, former))
    }

    /// Every agent the service has or had, by name.
    pub fn known_agents(&self) -> Result<Vec<KnownAgent>, MirrorError> {
        let odd_ids = self.odd_ids(super::Kind::Agents)?;
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
        let Some(pk) = super::interned::known_key(self.connection, super::Kind::Agents, id)? else { return Ok(None) };
        let sql = "SELECT EXISTS (SELECT 1 FROM inspections WHERE buying_agent = ?1) \
                   OR EXISTS (SELECT 1 FROM inspections WHERE selling_agent = ?1)";
        let is_there: bool = self.connection.prepare_cached(sql)?.query_row([pk], |row| row.get(0))?;
        Ok(is_there.then_some(pk))
    }

    /// The ids of a kind that are not decimals, by number.
    fn odd_ids(&self, kind: super::Kind) -> Result<HashMap<i64, String>, MirrorError> {
        let mut statement = self.connection.prepare_cached("SELECT pk, id FROM odd_ids WHERE kind = ?")?;
        let rows = statement.query_map([kind.id_kind()], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The first and the last day on which any inspection that is not deleted begins.
    pub fn days(&self) -> Result<Option<(i64, i64)>, MirrorError> {
        let sql = "SELECT (SELECT day FROM inspections WHERE gone = 0 AND starts_at IS NOT NULL ORDER BY starts_at LIMIT 1), (SELECT day FROM inspections WHERE gone = 0 ORDER BY starts_at DESC LIMIT 1)";
        let (first, last): (Option<i64>, Option<i64>) =
            self.connection.prepare_cached(sql)?.query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(first.zip(last))
    }
}
