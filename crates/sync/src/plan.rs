//! What a sync will do and what it will cost, decided before the first call.

use jiff::{SignedDuration, Timestamp};

use super::{FULL_AGE_AT_NIGHT, FULL_AGE_MAX, NIGHT, STATISTICS_AGE_MAX, SyncError, Syncer, WINDOW_BACK};
use domain::{InspectionOrder, InspectionQuery};
use mirror::{Coverage, Kind};
use spectora::{AskedAt, ChangedSinceName, ConnectionStats, Connections, Contacts, Inspections, Query, Wired};

/// Kinds of at most so many pages are read whole in every delta where no filter tells what changed.
const SMALL_PAGES_MAX: u64 = 3;
/// How long it stays believed which changed-since filters work.
const DISCOVERY_AGE_MAX: SignedDuration = SignedDuration::from_hours(7 * 24);
/// How long it stays believed that there is none.
const NOT_FOUND_AGE_MAX: SignedDuration = SignedDuration::from_hours(24);
/// Pages the slow turn reads in a delta.
const TURN_PAGES: u64 = 1;

/// How much is to be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scope {
    /// The first pass where it is not finished, else what changed.
    #[default]
    Auto,
    /// As `Auto`, for background work: full passes that are due as well, and nothing that failed lately.
    Due,
    /// Everything.
    Full,
    /// Everything; records that are no longer listed are believed gone, however many they are.
    AcceptGone,
}

impl Scope {
    pub(super) fn is_full(self) -> bool {
        matches!(self, Self::Full | Self::AcceptGone)
    }
}

/// How a kind is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepWay {
    /// All pages.
    Full,
    /// What changed since, by the service's own filter.
    Changes,
    /// The recent past, all of the future, and a part of what is older.
    Window,
}

impl StepWay {
    /// The words in messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Full => "all pages",
            Self::Changes => "what changed",
            Self::Window => "recent and coming, and a part of the older",
        }
    }
}

/// One step of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlannedStep {
    /// The kind of record.
    pub kind: Kind,
    /// How it is read.
    pub way: StepWay,
    /// How many calls it takes when all goes well; `None` when it is not known how many records there are.
    pub calls: Option<u64>,
}

/// What a sync will do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The steps, in order.
    pub steps: Vec<PlannedStep>,
    /// How many calls the month has left for background work; `None` without a budget.
    pub left: Option<u64>,
    /// The most calls in a minute that background work makes.
    pub per_minute: u32,
}

impl Plan {
    /// The calls of all steps that are known.
    pub fn calls(&self) -> u64 {
        self.steps.iter().filter_map(|step| step.calls).sum()
    }

    /// How many minutes it takes at the per-minute cap, at least.
    pub fn minutes(&self) -> u64 {
        self.calls().saturating_sub(1) / u64::from(self.per_minute.max(1))
    }
}

impl Syncer {
    fn pages(&self, kind: Kind, rows: u64) -> u64 {
        rows.div_ceil(u64::from(self.page_rows(kind))).max(1)
    }

    /// What a sync would do now. With a monthly budget the records are counted first where that is not known, at one
    /// call a kind.
    pub async fn plan(&self, scope: Scope) -> Result<Plan, SyncError> {
        let left = self.month().await?.left_for_background();
        self.plan_with(scope, left, left.is_some()).await
    }

    /// As [`Self::plan`], counting in any case.
    pub async fn counted_plan(&self, scope: Scope) -> Result<Plan, SyncError> {
        let left = self.month().await?.left_for_background();
        self.plan_with(scope, left, true).await
    }

    async fn plan_with(&self, scope: Scope, left: Option<u64>, counts: bool) -> Result<Plan, SyncError> {
        let mut steps = Vec::new();
        for kind in [Kind::Agents, Kind::Inspections, Kind::AgentStats, Kind::Clients] {
            steps.extend(self.step(kind, scope, counts).await?);
        }
        Ok(Plan { steps, left, per_minute: self.settings.calls.per_minute_background })
    }

    async fn step(&self, kind: Kind, scope: Scope, counts: bool) -> Result<Option<PlannedStep>, SyncError> {
        let (coverage, pass, listed, trouble) = self
            .mirror
            .read(move |snapshot| {
                Ok((
                    snapshot.coverage(kind)?,
                    snapshot.pass(kind)?,
                    snapshot.listed(kind)?,
                    snapshot.trouble(Some(kind))?,
                ))
            })
            .await?;
        if scope == Scope::Due && trouble.is_some_and(|trouble| trouble.pauses_at(self.clock.now())) {
            return Ok(None);
        }
        let here = listed.1;
        let full = |calls| Some(PlannedStep { kind, way: StepWay::Full, calls });
        if let Some(pass) = pass {
            let read = u64::from(pass.next_page - 1);
            return Ok(full(pass.records.map(|records| self.pages(kind, records).saturating_sub(read))));
        }
        if coverage.full_at.is_none() {
            return Ok(full(if counts { Some(self.pages(kind, self.count(kind).await?)) } else { None }));
        }
        if scope.is_full() || (scope == Scope::Due && self.is_full_due(&coverage)) {
            return Ok(full(Some(self.pages(kind, here))));
        }
        let one = |way, calls| Some(PlannedStep { kind, way, calls: Some(calls) });
        if coverage.read_from.is_some() && self.changed_since(kind).await?.is_some() {
            // Of inspections the service's count is compared as well.
            return Ok(one(StepWay::Changes, if kind == Kind::Inspections { 2 } else { 1 }));
        }
        Ok(match kind {
            Kind::Inspections => {
                let from = self.now().saturating_sub(WINDOW_BACK).unwrap_or(Timestamp::MIN);
                let rows = self.inspections_between(from, Timestamp::MAX).await?;
                one(StepWay::Window, self.pages(kind, rows) + TURN_PAGES)
            }
            // Counts about agents may lag by some hours; the answers say as of when they are.
            Kind::AgentStats if !self.is_old(&coverage) && 1 < self.pages(kind, here) => None,
            _ if self.pages(kind, here) <= SMALL_PAGES_MAX => full(Some(self.pages(kind, here))),
            _ if self.is_old(&coverage) && kind != Kind::Clients => full(Some(self.pages(kind, here))),
            _ => None,
        })
    }

    fn is_old(&self, coverage: &Coverage) -> bool {
        let age = coverage.full_at.map_or(FULL_AGE_MAX, |at| self.now().duration_since(at));
        STATISTICS_AGE_MAX <= age
    }

    /// Whether a full pass of a kind is due: after [`FULL_AGE_MAX`], at night already after [`FULL_AGE_AT_NIGHT`].
    pub(super) fn is_full_due(&self, coverage: &Coverage) -> bool {
        let now = self.now();
        let hour = self.mirror.timezone().to_datetime(now).hour();
        let age = coverage.full_at.map_or(FULL_AGE_MAX, |at| now.duration_since(at));
        FULL_AGE_MAX <= age || (FULL_AGE_AT_NIGHT <= age && NIGHT.contains(&hour))
    }

    /// How many stored inspections begin in this span.
    pub(super) async fn inspections_between(&self, from: Timestamp, to: Timestamp) -> Result<u64, SyncError> {
        let query = InspectionQuery { starts: Some((from, to)), ..InspectionQuery::default() };
        let found = self
            .mirror
            .read(move |snapshot| snapshot.inspections(&query, InspectionOrder::Newest, None, 0, |_| None::<()>))
            .await?;
        Ok(found.total.unwrap_or(0))
    }

    /// How many records the service counts.
    async fn count(&self, kind: Kind) -> Result<u64, SyncError> {
        match kind {
            Kind::Inspections => self.count_of(<Inspections as super::stored::Stored>::listing()).await,
            Kind::Agents => self.count_of(Query::<Connections>::default()).await,
            Kind::AgentStats => self.count_of(Query::<ConnectionStats>::default()).await,
            Kind::Clients => self.count_of(Query::<Contacts>::default()).await,
        }
    }

    pub(super) async fn count_of<R: Wired>(&self, query: Query<R>) -> Result<u64, SyncError> {
        Ok(self.counted(query).await?.0)
    }

    /// The same, with when it was asked.
    pub(super) async fn counted<R: Wired>(&self, query: Query<R>) -> Result<(u64, AskedAt), SyncError> {
        let query = Query { sort: Vec::new(), include: Vec::new(), ..query };
        let page = self.client.page(&query, 1, 1).await?;
        Ok((page.pagination.records.unwrap_or(page.received as u64), page.asked))
    }

    /// The filter that finds what changed in a kind, if one is proven. What was found is kept with the mirror for a week.
    pub(super) async fn changed_since(&self, kind: Kind) -> Result<Option<ChangedSinceName>, SyncError> {
        match kind {
            Kind::Inspections => self.changed_since_of::<Inspections>(kind).await,
            Kind::Agents => self.changed_since_of::<Connections>(kind).await,
            Kind::Clients => self.changed_since_of::<Contacts>(kind).await,
            Kind::AgentStats => Ok(None),
        }
    }

    async fn changed_since_of<R: Wired>(&self, kind: Kind) -> Result<Option<ChangedSinceName>, SyncError> {
        let key = discovery_key(kind);
        let now = self.clock.now();
        let read = key.clone();
        let known = self.mirror.read(move |snapshot| snapshot.metadata(&read)).await?;
        let configured = self.client.configured_changed_since().map_or("-", ChangedSinceName::as_str);
        if let Some(found) = known.as_deref().and_then(Discovery::read)
            && found.configured == configured
            && found.is_believed(now)
        {
            self.client.assume_changed_since::<R>(found.name);
            return Ok(found.name);
        }
        // Where inspections have no such filter, asking for one elsewhere is hardly worth its calls.
        if kind != Kind::Inspections
            && Box::pin(self.changed_since_of::<Inspections>(Kind::Inspections)).await?.is_none()
        {
            return Ok(None);
        }
        self.client.forget_changed_since::<R>();
        let name = self.client.changed_since_filter::<R>().await?;
        self.note_discovery(&key, name).await?;
        Ok(name)
    }

    async fn note_discovery(&self, key: &str, name: Option<ChangedSinceName>) -> Result<(), SyncError> {
        let configured = self.client.configured_changed_since().map_or("-", ChangedSinceName::as_str);
        let text = format!("{} {} {configured}", self.clock.now(), name.map_or("-", ChangedSinceName::as_str));
        let key = key.to_owned();
        Ok(self.mirror.write(move |tx| tx.set_metadata(&key, &text)).await?)
    }

    /// The filter by the time of change works no more: it is not used until it is looked for again.
    pub(super) async fn distrust_changed_since<R: super::stored::Stored>(&self) -> Result<(), SyncError> {
        self.client.assume_changed_since::<R>(None);
        self.note_discovery(&discovery_key(R::KIND), None).await
    }
}

fn discovery_key(kind: Kind) -> String {
    format!("changed_since {}", kind.name())
}

/// What was found out about the filter by the time of change, as it stands in the mirror: when, the name found, and the
/// name configured then (`-` for none).
struct Discovery<'a> {
    at: Timestamp,
    name: Option<ChangedSinceName>,
    configured: &'a str,
}

impl<'a> Discovery<'a> {
    fn read(text: &'a str) -> Option<Self> {
        let mut parts = text.split(' ');
        let at = parts.next()?.parse().ok()?;
        let name = ChangedSinceName::new(parts.next()?);
        Some(Self { at, name, configured: parts.next().unwrap_or("-") })
    }

    /// A filter that was found is checked by every delta; one that was not found is looked for again sooner.
    fn is_believed(&self, now: Timestamp) -> bool {
        let age = now.duration_since(self.at);
        let longest = if self.name.is_some() { DISCOVERY_AGE_MAX } else { NOT_FOUND_AGE_MAX };
        !age.is_negative() && age < longest
    }
}
