//! What a sync will do and what it will cost, decided before the first call.

use jiff::{SignedDuration, Timestamp};

use super::{FULL_AGE_MAX, PAGE_ROWS, STATISTICS_AGE_MAX, SyncError, Syncer, WINDOW_BACK};
use crate::mirror::{Coverage, InspectionQuery, Kind, Order};
use crate::spectora::{ChangedSinceName, ConnectionStats, Connections, Contacts, Inspections, Query, Wired};

/// Kinds of at most so many pages are read whole in every delta where no filter tells what changed.
const SMALL_PAGES_MAX: u64 = 3;
/// How long it stays believed which changed-since filters work.
const DISCOVERY_AGE_MAX: SignedDuration = SignedDuration::from_hours(7 * 24);
/// Pages the slow turn reads in a delta.
const TURN_PAGES: u64 = 1;

/// How much is to be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scope {
    /// What is due: the first pass where it is not finished, else what changed.
    #[default]
    Auto,
    /// Everything.
    Full,
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
    /// The most calls in a minute.
    pub per_minute: u32,
}

impl Plan {
    /// The calls of all steps that are known.
    pub fn calls(&self) -> u64 {
        self.steps.iter().filter_map(|step| step.calls).sum()
    }

    /// Whether the calls of every step are known.
    pub fn is_counted(&self) -> bool {
        self.steps.iter().all(|step| step.calls.is_some())
    }

    /// How many minutes it takes at the per-minute cap, at least.
    pub fn minutes(&self) -> u64 {
        self.calls().saturating_sub(1) / u64::from(self.per_minute.max(1))
    }
}

fn pages(rows: u64) -> u64 {
    rows.div_ceil(u64::from(PAGE_ROWS)).max(1)
}

impl Syncer {
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
        Ok(Plan { steps, left, per_minute: self.settings.calls.per_minute })
    }

    async fn step(&self, kind: Kind, scope: Scope, counts: bool) -> Result<Option<PlannedStep>, SyncError> {
        let (coverage, pass, here) =
            self.mirror.read(move |parts| Ok((parts.coverage(kind)?, parts.pass(kind)?, parts.listed(kind)?))).await?;
        let full = |calls| Some(PlannedStep { kind, way: StepWay::Full, calls });
        if let Some(pass) = pass {
            let read = u64::from(pass.next_page - 1);
            return Ok(full(pass.records.map(|records| pages(records).saturating_sub(read))));
        }
        if coverage.full_at.is_none() {
            return Ok(full(if counts { Some(pages(self.count(kind).await?)) } else { None }));
        }
        if scope == Scope::Full || coverage.shortfall != 0 {
            return Ok(full(Some(pages(here))));
        }
        let one = |way, calls| Some(PlannedStep { kind, way, calls: Some(calls) });
        if self.changed_since(kind).await?.is_some() {
            return Ok(one(StepWay::Changes, 1));
        }
        Ok(match kind {
            Kind::Inspections => {
                let now = self.clock.now();
                let from = now.saturating_sub(WINDOW_BACK).unwrap_or(Timestamp::MIN);
                let rows = self.inspections_between(from, Timestamp::MAX).await?;
                one(StepWay::Window, pages(rows) + TURN_PAGES)
            }
            // Counts about agents may lag by some hours; the answers say as of when they are.
            Kind::AgentStats if !self.is_old(&coverage) && 1 < pages(here) => None,
            _ if pages(here) <= SMALL_PAGES_MAX => full(Some(pages(here))),
            _ if self.is_old(&coverage) && kind != Kind::Clients => full(Some(pages(here))),
            _ => None,
        })
    }

    fn is_old(&self, coverage: &Coverage) -> bool {
        let age = coverage.full_at.map_or(FULL_AGE_MAX, |at| self.clock.now().duration_since(at));
        STATISTICS_AGE_MAX <= age
    }

    /// How many stored inspections begin in this span.
    pub(super) async fn inspections_between(&self, from: Timestamp, to: Timestamp) -> Result<u64, SyncError> {
        let query = InspectionQuery { period: Some((from, to)), ..InspectionQuery::default() };
        let found = self.mirror.read(move |parts| parts.inspections(&query, Order::Newest, None, 0)).await?;
        Ok(found.total.unwrap_or(0))
    }

    /// How many records the service counts.
    async fn count(&self, kind: Kind) -> Result<u64, SyncError> {
        match kind {
            Kind::Inspections => self.count_of(<Inspections as super::kept::Kept>::listing()).await,
            Kind::Agents => self.count_of(Query::<Connections>::default()).await,
            Kind::AgentStats => self.count_of(Query::<ConnectionStats>::default()).await,
            Kind::Clients => self.count_of(Query::<Contacts>::default()).await,
        }
    }

    pub(super) async fn count_of<R: Wired>(&self, query: Query<R>) -> Result<u64, SyncError> {
        let query = Query { sort: Vec::new(), include: Vec::new(), ..query };
        let page = self.client.page(&query, 1, 1).await?;
        Ok(page.pagination.records.unwrap_or(page.received as u64))
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
        let key = format!("changed_since {}", kind.name());
        let now = self.clock.now();
        let read = key.clone();
        let kept = self.mirror.read(move |parts| parts.about(&read)).await?;
        let kept = kept.as_deref().and_then(|text| text.split_once(' '));
        if let Some((at, name)) = kept
            && at.parse::<Timestamp>().is_ok_and(|at| now.duration_since(at) < DISCOVERY_AGE_MAX)
        {
            let name = ChangedSinceName::new(name);
            self.client.assume_changed_since::<R>(name);
            return Ok(name);
        }
        // Where inspections have no such filter, asking for one elsewhere is hardly worth its calls.
        if kind != Kind::Inspections
            && Box::pin(self.changed_since_of::<Inspections>(Kind::Inspections)).await?.is_none()
        {
            return Ok(None);
        }
        let name = self.client.changed_since_filter::<R>().await?;
        let text = format!("{now} {}", name.map_or("-", ChangedSinceName::as_str));
        self.mirror.write(move |parts| parts.set_about(&key, &text)).await?;
        Ok(name)
    }
}
