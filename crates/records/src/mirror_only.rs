//! Questions that only a mirror can answer, and bringing it up to date on request.

use std::sync::{Arc, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::mirrored::canceled_unseen;
use super::names::resolve;
use super::reach::{Need, Reached, Standing};
use super::{Basis, Gap, Note, RecordsError, Source, Whole};
use domain::{
    Agent, Client, FactTable, Inspection, InspectionId, Naming, SearchTerms, Slug, date_of, epoch_day, fold, has_words,
};
use mirror::{Coverage, Kind, MirrorError, News, Snapshot, Trouble};
use spectora::{Connections, Contacts};
use sync::{MirrorStatus, Progress, Scope, SyncReport};

/// The longest a refresh on request runs; what is not done by then goes on in the background.
const REFRESH_TIME_MAX: Duration = Duration::from_secs(25);

/// The most inspections looked at for orders of one booking.
const TOGETHER_MAX: usize = 10_000;
/// How long rows for sums stay in memory when nobody asks for them.
const FACTS_IDLE_MAX: Duration = Duration::from_mins(5);

/// The rows for sums, good while neither inspections nor agents change.
#[derive(Default)]
pub(super) struct TableCache {
    now: std::sync::Mutex<Option<CachedTable>>,
    /// Held by whoever reads rows: the others wait for those instead of reading them too.
    reading: Mutex<()>,
}

/// What rows were read at: revisions of inspections and of agents, and how far back the first reading had come.
type ReadAt = (u64, u64, Option<Timestamp>);

struct CachedTable {
    read_at: ReadAt,
    facts: Arc<FactTable>,
    used: Instant,
}

impl TableCache {
    fn locked(&self) -> MutexGuard<'_, Option<CachedTable>> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The rows as they were read at this state of the mirror, if they are those cached.
    fn at(&self, read_at: ReadAt) -> Option<Arc<FactTable>> {
        let mut now = self.locked();
        let cached = now.as_mut().filter(|cached| cached.read_at == read_at)?;
        cached.used = Instant::now();
        Some(Arc::clone(&cached.facts))
    }

    fn read_at(&self) -> Option<ReadAt> {
        self.locked().as_ref().map(|cached| cached.read_at)
    }

    /// Keeps these rows in the place of others; gives whether there were none.
    fn put(&self, read_at: ReadAt, facts: &Arc<FactTable>) -> bool {
        let cached = CachedTable { read_at, facts: Arc::clone(facts), used: Instant::now() };
        self.locked().replace(cached).is_none()
    }
}

/// Lets go of the rows once they were not asked for in a while.
async fn drop_when_idle(cached: Weak<TableCache>) {
    loop {
        tokio::time::sleep(FACTS_IDLE_MAX / 5).await;
        let Some(cached) = cached.upgrade() else { return };
        let mut now = cached.locked();
        if now.as_ref().is_none_or(|now| FACTS_IDLE_MAX <= now.used.elapsed()) {
            *now = None;
            return;
        }
    }
}

/// What a question about sums needs to know of the mirror, read at once.
struct Look {
    coverage: Coverage,
    standing: Standing,
    read_at: ReadAt,
    canceled_unseen: bool,
    /// Why agents cannot be read, where they cannot.
    failing: Option<Trouble>,
}

impl Look {
    fn at(snapshot: &Snapshot<'_>, now: Timestamp) -> Result<Self, MirrorError> {
        let (coverage, agents) = (snapshot.coverage(Kind::Inspections)?, snapshot.coverage(Kind::Agents)?);
        let pass = snapshot.pass(Kind::Inspections)?;
        let failing = snapshot.trouble(Some(Kind::Agents))?.filter(|_| agents.full_at.is_none());
        let standing = Standing::of(&coverage, pass.as_ref()).with_agents(&agents, failing.is_some());
        let read_at = (coverage.revision, agents.revision, standing.whole_since());
        let canceled_unseen = canceled_unseen(snapshot, now)?;
        Ok(Self { coverage, standing, read_at, canceled_unseen, failing })
    }
}

/// A record found by words.
#[derive(Clone, Debug)]
pub enum FoundRecord {
    /// An agent.
    Agent(Box<Agent>),
    /// A client.
    Client(Box<Client>),
    /// An inspection.
    Inspection(Box<Inspection>),
}

/// What a refresh on request came to.
#[derive(Debug)]
pub enum Refreshed {
    /// It is done.
    Done(SyncReport),
    /// It ran out of time; what was read is stored.
    Unfinished,
}

impl Whole {
    /// How complete and fresh the mirror is; `None` without one.
    pub(super) async fn status(&self) -> Result<Option<MirrorStatus>, RecordsError> {
        let Some(syncer) = &self.syncer else { return Ok(None) };
        // Whether the service can be asked about the key just now does not matter for how the mirror stands.
        match syncer.ensure_company().await.map_err(RecordsError::from) {
            Err(RecordsError::OtherCompany) => Err(RecordsError::OtherCompany),
            _ => Ok(Some(syncer.status().await?)),
        }
    }

    /// Brings the mirror up to date, for at most [`REFRESH_TIME_MAX`]. Dropping the future calls it off; what was read
    /// by then stays.
    pub(super) async fn refresh(&self, full: bool, progress: &dyn Progress) -> Result<Refreshed, RecordsError> {
        let Some(syncer) = &self.syncer else { return Err(RecordsError::NoMirror) };
        let scope = if full { Scope::Full } else { Scope::Auto };
        match tokio::time::timeout(REFRESH_TIME_MAX, syncer.sync(scope, progress)).await {
            Ok(Ok(report)) => Ok(Refreshed::Done(report)),
            Ok(Err(error)) => Err(error.into()),
            Err(_) => Ok(Refreshed::Unfinished),
        }
    }

    /// The rows for sums that `need` speaks of, if the mirror has them; how far the first reading is, if it has not.
    pub(super) async fn facts_now(&self, need: Need) -> Result<Reached, RecordsError> {
        let Some(syncer) = &self.syncer else { return Err(RecordsError::NoMirror) };
        let now = self.clock.now();
        let from = match need {
            Need::Since(day) => day.to_zoned_datetime(self.timezone().clone()).ok().map(|start| start.timestamp()),
            Need::All => None,
        };
        let mirror = syncer.mirror();
        let look = move |snapshot: &mut Snapshot<'_>| Look::at(snapshot, now);
        let (mut look, note) = self.read_fresh(syncer, |look| &look.coverage, look).await?;
        let facts = loop {
            if !look.standing.covers(from) {
                return Ok(Reached::NotYet(look.standing));
            }
            if let Some(facts) = self.table.at(look.read_at) {
                break facts;
            }
            let _reading = self.table.reading.lock().await;
            let known = self.table.read_at();
            // Rows are read together with what is said of them.
            let read = mirror.read(move |snapshot| {
                let look = Look::at(snapshot, now)?;
                let is_new = look.standing.covers(from) && known != Some(look.read_at);
                let facts = if is_new { Some(snapshot.facts()?) } else { None };
                Ok((look, facts))
            });
            let (again, read) = read.await?;
            look = again;
            if let Some(mut facts) = read {
                facts.since = self.whole_from(&look.standing);
                let facts = Arc::new(facts);
                if self.table.put(look.read_at, &facts) {
                    drop(self.tasks.spawn("idle rows", drop_when_idle(Arc::downgrade(&self.table))));
                }
                break facts;
            }
        };
        let Some(as_of) = look.standing.as_of(from) else { return Ok(Reached::NotYet(look.standing)) };
        let mut basis = Basis::of_mirror(Kind::Inspections, &look.coverage, as_of, note);
        if let Some(since) = self.whole_from(&look.standing) {
            basis.notes.push(Note::ReadBackTo(date_of(since)));
        }
        if let Some(failing) = look.failing {
            basis.gaps.push(Gap::AgentsUnread(failing.reason));
        }
        if look.canceled_unseen {
            basis.gaps.push(Gap::CanceledUnseen);
        }
        Ok(Reached::Here(facts, basis))
    }

    /// The first day of which everything is here, during the first reading.
    fn whole_from(&self, standing: &Standing) -> Option<i64> {
        standing.whole_since().map(|since| epoch_day(self.timezone().to_datetime(since).date()) + 1)
    }

    /// Inspections of the days `from` to `to` that may be orders of one booking.
    pub(super) async fn begun_together(&self, from: i64, to: i64) -> Result<Vec<Inspection>, RecordsError> {
        let Some(syncer) = &self.syncer else { return Err(RecordsError::NoMirror) };
        let together = syncer.mirror().read(move |snapshot| snapshot.begun_together(from, to, TOGETHER_MAX)).await?;
        together.into_iter().map(|raw| self.read_inspection(raw, None)).collect()
    }

    /// What the company says about names.
    pub(super) fn naming(&self) -> &Naming {
        self.client.naming()
    }

    /// What is new since an instant, latest first.
    pub(super) async fn news(&self, since: Timestamp) -> Result<(Vec<News>, Basis), RecordsError> {
        let Some((mirror, note)) = self.fresh_mirror().await? else { return Err(RecordsError::NoMirror) };
        let (coverage, history_from, news) = mirror
            .read(move |snapshot| {
                Ok((snapshot.coverage(Kind::Inspections)?, snapshot.history_from()?, snapshot.news(since)?))
            })
            .await?;
        let Some(full_at) = coverage.full_at else {
            return Err(RecordsError::first_reading());
        };
        let as_of = coverage.fresh_at.max(coverage.window_at).unwrap_or(full_at);
        let mut basis = Basis::of_mirror(Kind::Inspections, &coverage, as_of, note);
        // Changes of time and price are known from when this mirror began to watch.
        let first = history_from.map_or(full_at, |from| from.min(full_at));
        if since < first {
            let day = self.timezone().to_datetime(first).date();
            basis.notes.push(Note::ChangesKnownSince(day));
        }
        Ok((news, basis))
    }

    /// Records that hold every word, at most `limit` of each kind.
    pub(super) async fn search(
        &self,
        words: &SearchTerms,
        limit: usize,
    ) -> Result<(Vec<FoundRecord>, Basis), RecordsError> {
        let Some((mirror, note)) = self.fresh_mirror().await? else { return Err(RecordsError::NoMirror) };
        let words = words.clone();
        let (coverage, found) = mirror
            .read(move |snapshot| {
                let mut found = Vec::new();
                for hit in snapshot.search(&words, limit)? {
                    found.extend(snapshot.raw(hit.kind, &hit.id)?.map(|(raw, gone_at)| (hit.kind, raw, gone_at)));
                }
                Ok((snapshot.coverage(Kind::Inspections)?, found))
            })
            .await?;
        let as_of = coverage.fresh_at.max(coverage.full_at).or(coverage.window_at);
        let mut basis = Basis::of(Source::Mirror, as_of.unwrap_or_else(|| self.clock.now()));
        basis.notes.extend(note);
        if coverage.full_at.is_none() {
            basis.gaps.push(Gap::FirstReading);
        }
        let mut records = Vec::new();
        for (kind, raw, gone_at) in found {
            records.push(match kind {
                Kind::Agents => FoundRecord::Agent(Box::new(self.decode::<Connections>(raw)?)),
                Kind::Clients => FoundRecord::Client(Box::new(self.decode::<Contacts>(raw)?)),
                Kind::Inspections => FoundRecord::Inspection(Box::new(self.read_inspection(raw, gone_at)?)),
                Kind::AgentStats => continue,
            });
        }
        Ok((records, basis))
    }

    /// The inspectors' names; empty without a mirror.
    pub(super) async fn inspector_names(&self) -> Result<Vec<String>, RecordsError> {
        let Some(syncer) = &self.syncer else { return Ok(Vec::new()) };
        let names = syncer.mirror().read(|snapshot| snapshot.inspector_names()).await?;
        Ok(names.into_iter().map(|entry| entry.name).collect())
    }

    /// The agents' names; empty without a mirror.
    pub(super) async fn agent_names(&self) -> Result<Vec<String>, RecordsError> {
        let Some(syncer) = &self.syncer else { return Ok(Vec::new()) };
        let names = syncer.mirror().read(|snapshot| snapshot.agent_names()).await?;
        Ok(names.into_iter().map(|entry| entry.name).collect())
    }

    /// The id of the inspection with this slug, which only a mirror finds.
    pub(super) async fn id_of_slug(&self, slug: &Slug) -> Result<Option<InspectionId>, RecordsError> {
        let Some((mirror, _)) = self.fresh_mirror().await? else { return Err(RecordsError::NoMirror) };
        let slug = slug.as_str().to_owned();
        let found = mirror.read(move |snapshot| snapshot.id_of_slug(&slug)).await?;
        Ok(found.and_then(|id| id.parse().ok()))
    }

    /// The words of a service as they are known; a note when they were typed with a slip.
    pub(super) async fn resolve_service(&self, given: &str) -> Result<(String, Option<Note>), RecordsError> {
        if self.syncer.is_none() {
            return Ok((given.to_owned(), None));
        }
        let names = self.read_mirror(|snapshot| snapshot.service_names()).await?.unwrap_or_default();
        let given = self.client.naming().one(given);
        let wanted = fold(given);
        if names.is_empty() || names.iter().any(|entry| has_words(&entry.name, &wanted)) {
            return Ok((given.to_owned(), None));
        }
        let found = resolve("service", given, &names)?;
        let note = found.note(given);
        Ok((found.entry.name, note))
    }
}
