//! Bringing the mirror up to date with as few calls as possible.
//!
//! The ladder: a first pass over everything, newest first; then what changed, by a changed-since filter where one is
//! proven to work, else a window over the recent past and all of the future with a slow turn through older months; and
//! now and then a full pass, which also finds what was deleted. A plan with its cost is made before the first call. One
//! process at a time syncs a company; the others see what it stored.

mod delta;
mod error;
mod full;
mod kept;
mod meter;
mod plan;
mod rederive;
mod schedule;
mod tasks;
mod webhooks;

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

use crate::domain::{Clock, CompanyName};
use crate::mirror::{Coverage, Kind, Ledger, LedgerSettings, Mirror, MirrorError, MonthCount, StoreCount};
use crate::spectora::SpectoraClient;

pub use error::SyncError;
pub use meter::LedgerMeter;
pub use plan::{Plan, PlannedStep, Scope, StepWay};
pub use schedule::keep;
pub use tasks::Tasks;
pub use webhooks::{Envelope, EnvelopeError, is_secret, webhook_secret};

/// Rows to a page: the most the service gives.
const PAGE_ROWS: u32 = 200;
/// How far back the window reaches, in days: most changes happen within it.
const WINDOW_BACK: SignedDuration = SignedDuration::from_hours(45 * 24);
/// A pass that was begun longer ago is begun anew: what it read at first is too old.
const PASS_AGE_MAX: SignedDuration = SignedDuration::from_hours(24);
/// How far before the latest known change a delta begins: changes may be told of late.
const WATERMARK_OVERLAP: SignedDuration = SignedDuration::from_mins(2);
/// How old statistics may grow before a delta reads them again without a sign of change.
const STATISTICS_AGE_MAX: SignedDuration = SignedDuration::from_hours(6);
/// A full pass is due after so long, and at night already after [`FULL_AGE_AT_NIGHT`].
const FULL_AGE_MAX: SignedDuration = SignedDuration::from_hours(36);
/// How old a full pass may be when the night comes.
const FULL_AGE_AT_NIGHT: SignedDuration = SignedDuration::from_hours(20);
/// The hours of the night, in the company's zone.
const NIGHT: std::ops::Range<i8> = 1..5;

/// What is synced how.
#[derive(Clone, Debug)]
pub struct SyncSettings {
    /// The limits of the company's calls.
    pub calls: LedgerSettings,
    /// How old data may be before a question asks for a delta first.
    pub max_staleness: Duration,
    /// How long changes are kept.
    pub history: Duration,
}

/// Hears how far a sync is.
pub trait Progress: Send + Sync {
    /// A page of this kind was stored: so many rows so far, of so many when that is known.
    fn stored(&self, kind: Kind, rows: u64, of: Option<u64>);
}

/// Nobody listens.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Progress for Silent {
    fn stored(&self, _kind: Kind, _rows: u64, _of: Option<u64>) {}
}

/// What a sync did.
#[derive(Clone, Debug)]
pub struct SyncReport {
    /// Whose records.
    pub company: CompanyName,
    /// What was done, in order.
    pub steps: Vec<StepReport>,
    /// How many requests left, failed ones included.
    pub calls: u64,
    /// What the mirror still lacks; empty when it is complete.
    pub missing: Vec<String>,
}

/// One step of a sync.
#[derive(Clone, Debug)]
pub struct StepReport {
    /// The kind of record.
    pub kind: Kind,
    /// How it was read.
    pub way: StepWay,
    /// What storing did.
    pub count: StoreCount,
}

impl SyncReport {
    /// What storing did, all steps together.
    pub fn count(&self) -> StoreCount {
        let mut sum = StoreCount::default();
        for step in &self.steps {
            sum.add(step.count);
        }
        sum
    }
}

/// How complete and fresh a mirror is.
#[derive(Clone, Debug, Default)]
pub struct Status {
    /// By kind, with the number of records here.
    pub kinds: Vec<(Kind, Coverage, u64)>,
    /// The calls of this month.
    pub month: MonthCount,
    /// Bytes of the mirror's file.
    pub bytes: u64,
    /// Why the last sync of this process failed, if it did.
    pub last_failure: Option<String>,
}

/// Syncs one company's mirror.
pub struct Syncer {
    client: SpectoraClient,
    mirror: Arc<Mirror>,
    ledger: Arc<Ledger>,
    settings: SyncSettings,
    clock: Arc<dyn Clock>,
    running: tokio::sync::Mutex<()>,
    last: std::sync::Mutex<LastAttempt>,
    begun: Begun,
}

/// When the sync under way began.
#[derive(Default)]
struct Begun(std::sync::Mutex<Option<Instant>>);

impl Begun {
    fn set(&self, at: Option<Instant>) {
        *self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = at;
    }

    fn get(&self) -> Option<Instant> {
        *self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// Says that a sync is under way for as long as it lives: a sync may be called off at any point.
struct UnderWay<'a>(&'a Begun);

impl<'a> UnderWay<'a> {
    fn from_now(begun: &'a Begun) -> Self {
        begun.set(Some(Instant::now()));
        Self(begun)
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.set(None);
    }
}

#[derive(Clone, Debug, Default)]
struct LastAttempt {
    failed_at: Option<Timestamp>,
    failure: Option<String>,
}

/// After a failure no question and no schedule tries again for this long.
const FAILURE_PAUSE: SignedDuration = SignedDuration::from_secs(60);

impl Syncer {
    /// A syncer that reads through `client` and stores in `mirror`.
    pub fn new(
        client: &SpectoraClient,
        mirror: Arc<Mirror>,
        ledger: Arc<Ledger>,
        settings: SyncSettings,
        clock: Arc<dyn Clock>,
    ) -> Arc<Self> {
        Arc::new(Self {
            client: client.for_background(),
            mirror,
            ledger,
            settings,
            clock,
            running: tokio::sync::Mutex::new(()),
            last: std::sync::Mutex::default(),
            begun: Begun::default(),
        })
    }

    /// Whose mirror it syncs.
    pub fn company(&self) -> &CompanyName {
        self.mirror.company()
    }

    /// The mirror it syncs.
    pub fn mirror(&self) -> &Arc<Mirror> {
        &self.mirror
    }

    /// Brings the mirror up to date. `Err(Busy)` when another process is at it.
    pub async fn sync(&self, scope: Scope, progress: &dyn Progress) -> Result<SyncReport, SyncError> {
        let _one_at_a_time = self.running.lock().await;
        let Some(_lock) = self.mirror.try_lock()? else { return Err(SyncError::Busy) };
        let _under_way = UnderWay::from_now(&self.begun);
        let done = self.sync_locked(scope, progress).await;
        let mut last = self.last.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        *last = match &done {
            Ok(_) => LastAttempt::default(),
            Err(error) => LastAttempt { failed_at: Some(self.clock.now()), failure: Some(error.to_string()) },
        };
        done
    }

    /// How long the sync under way in this process has been running; `None` when there is none.
    pub fn running_for(&self) -> Option<Duration> {
        self.begun.get().map(|begun| begun.elapsed())
    }

    /// As [`Self::sync`], unless somebody else has done it meanwhile.
    pub async fn freshen(&self, scope: Scope, progress: &dyn Progress) -> Result<(), SyncError> {
        {
            let _one_at_a_time = self.running.lock().await;
        }
        if !self.is_stale().await? {
            return Ok(());
        }
        self.sync(scope, progress).await.map(drop)
    }

    async fn sync_locked(&self, scope: Scope, progress: &dyn Progress) -> Result<SyncReport, SyncError> {
        let calls_before = self.client.calls_sent();
        self.rederive().await?;
        let plan = self.plan(scope).await?;
        if let Some(left) = plan.left.filter(|left| *left < plan.calls()) {
            return Err(SyncError::OverBudget { needed: plan.calls(), left });
        }
        let mut steps = Vec::new();
        for step in &plan.steps {
            let count = match step.way {
                StepWay::Full => self.full(step.kind, progress).await?,
                StepWay::Changes | StepWay::Window => self.delta(step.kind, step.way, progress).await?,
            };
            steps.push(StepReport { kind: step.kind, way: step.way, count });
        }
        if plan.steps.iter().any(|step| step.kind == Kind::Inspections && step.way == StepWay::Changes) {
            steps.extend(self.find_vanished(progress).await?);
        }
        let now = self.clock.now();
        let oldest = now.saturating_sub(SignedDuration::try_from(self.settings.history).unwrap_or(SignedDuration::MAX));
        self.mirror.write(move |parts| parts.prune_history(oldest.unwrap_or(Timestamp::MIN))).await?;
        Ok(SyncReport {
            company: self.company().clone(),
            steps,
            calls: self.client.calls_sent() - calls_before,
            missing: self.missing().await?,
        })
    }

    /// What the mirror lacks, in words.
    pub async fn missing(&self) -> Result<Vec<String>, MirrorError> {
        self.mirror
            .read(|parts| {
                let mut missing = Vec::new();
                for kind in Kind::ALL {
                    let coverage = parts.coverage(*kind)?;
                    if coverage.full_at.is_none() {
                        missing.push(format!("{}: the first reading is not finished", kind.name()));
                    } else if coverage.shortfall != 0 {
                        missing.push(format!(
                            "{}: the service counts {} more than it lists",
                            kind.name(),
                            coverage.shortfall
                        ));
                    }
                }
                Ok(missing)
            })
            .await
    }

    /// How complete and fresh the mirror is, and the month's calls.
    pub async fn status(&self) -> Result<Status, MirrorError> {
        let month = self.month().await?;
        let kinds = self
            .mirror
            .read(|parts| {
                Kind::ALL.iter().map(|kind| Ok((*kind, parts.coverage(*kind)?, parts.count(*kind)?))).collect()
            })
            .await?;
        let last = self.last.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
        Ok(Status { kinds, month, bytes: self.mirror.bytes_on_disk(), last_failure: last.failure })
    }

    /// The calls of this month, by the machine's calendar in UTC.
    pub async fn month(&self) -> Result<MonthCount, MirrorError> {
        let (ledger, calls) = (Arc::clone(&self.ledger), self.settings.calls.clone());
        let month = meter::month_of(self.clock.now());
        crate::mirror::changing(move || ledger.month(&calls, month)).await
    }

    /// When the mirror last learned of all changes it can learn of; `None` before the first pass is complete.
    pub async fn fresh_at(&self) -> Result<Option<Timestamp>, MirrorError> {
        self.mirror
            .read(|parts| {
                let coverage = parts.coverage(Kind::Inspections)?;
                Ok(coverage.full_at.and(coverage.fresh_at.max(coverage.window_at)))
            })
            .await
    }

    /// Whether a question should ask for a delta first.
    pub async fn is_stale(&self) -> Result<bool, MirrorError> {
        let Some(fresh_at) = self.fresh_at().await? else { return Ok(false) };
        let limit = SignedDuration::try_from(self.settings.max_staleness).unwrap_or(SignedDuration::MAX);
        Ok(limit < self.clock.now().duration_since(fresh_at))
    }

    /// Whether an attempt failed so lately that another would be in vain.
    pub fn pauses(&self) -> bool {
        let last = self.last.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        last.failed_at.is_some_and(|at| self.clock.now().duration_since(at) < FAILURE_PAUSE)
    }

    /// What the schedule should do now; `None` when nothing is due.
    pub async fn due(&self, every: Duration) -> Result<Option<Scope>, MirrorError> {
        let now = self.clock.now();
        let hour = self.mirror.timezone().to_datetime(now).hour();
        let coverages = self
            .mirror
            .read(|parts| Kind::ALL.iter().map(|kind| parts.coverage(*kind)).collect::<Result<Vec<_>, _>>())
            .await?;
        let oldest_full = coverages.iter().map(|coverage| coverage.full_at).min().flatten();
        let Some(full_at) = oldest_full else { return Ok(Some(Scope::Auto)) };
        let age = now.duration_since(full_at);
        if FULL_AGE_MAX <= age || (FULL_AGE_AT_NIGHT <= age && NIGHT.contains(&hour)) {
            return Ok(Some(Scope::Full));
        }
        let fresh_at = coverages.first().and_then(|inspections| inspections.fresh_at.max(inspections.window_at));
        let every = SignedDuration::try_from(every).unwrap_or(SignedDuration::MAX);
        Ok(fresh_at.is_none_or(|at| every <= now.duration_since(at)).then_some(Scope::Auto))
    }
}
