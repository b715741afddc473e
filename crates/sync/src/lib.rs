//! Bringing the mirror up to date with as few calls as possible.
//!
//! The ladder: a first pass over everything, newest first; then what changed, by a changed-since filter where one is
//! proven to work, else a window over the recent past and all of the future with a slow turn through older months; and
//! now and then a full pass, which also finds what was deleted. A plan with its cost is made before the first call. One
//! process at a time syncs a company; the others see what it stored.

mod absence;
mod delta;
mod error;
mod full;
mod identity;
mod stored;
mod meter;
mod plan;
mod rederive;
mod schedule;
mod tasks;
mod webhooks;

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use domain::{Clock, CompanyName};
use mirror::{
    Coverage, CoverageGap, Kind, Ledger, LedgerSettings, Mirror, MirrorError, MonthCount, Snapshot, StoreCount, Trouble,
};
use spectora::SpectoraClient;

pub use error::SyncError;
pub use identity::{Glance, glance};
pub use meter::LedgerMeter;
pub use plan::{Plan, PlannedStep, Scope, StepWay};
pub use schedule::{Begins, WANTED_FOR, keep_fresh};
pub use stored::{AGENT_INCLUDES, INSPECTION_INCLUDES};
pub use tasks::Tasks;
pub use webhooks::{Envelope, EnvelopeError, Received, forget_webhook_secret, webhook_secret};

/// Rows to a page: the most the service gives.
pub const PAGE_ROWS: u32 = 200;
/// How far back the window reaches, in days: most changes happen within it.
const WINDOW_BACK: SignedDuration = SignedDuration::from_hours(45 * 24);
/// A pass that began longer ago starts over: what it read at first is too old.
const PASS_AGE_MAX: SignedDuration = SignedDuration::from_hours(24);
/// How far before the last finished reading a delta begins: changes may be told of late.
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
    /// Inspections to a page, at most [`PAGE_ROWS`]; of the other kinds as many as the service gives.
    pub inspections_to_a_page: u32,
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
#[derive(Debug)]
pub struct SyncReport {
    /// Whose records.
    pub company: CompanyName,
    /// What was done, in order.
    pub steps: Vec<StepReport>,
    /// How many requests left, failed ones included.
    pub calls: u64,
    /// The kinds that could not be read; the others were.
    pub failed: Vec<(Kind, SyncError)>,
    /// What the mirror still lacks; empty when it is complete, unless kinds failed.
    pub gaps: Vec<(Kind, CoverageGap)>,
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
    /// Whether the mirror lacks nothing and nothing failed.
    pub fn is_complete(&self) -> bool {
        self.gaps.is_empty() && self.failed.is_empty()
    }

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
pub struct MirrorStatus {
    /// By kind, with the number of records here.
    pub kinds: Vec<(Kind, Coverage, u64)>,
    /// The calls of this month.
    pub month: MonthCount,
    /// Why those are not known, if they are not.
    pub count_problem: Option<String>,
    /// Bytes of the mirror's file.
    pub bytes: u64,
    /// What keeps failing: the company as a whole (`None`) or a kind.
    pub troubles: Vec<(Option<Kind>, Trouble)>,
}

impl MirrorStatus {
    /// How complete the mirror is for inspections.
    pub fn inspections(&self) -> Option<&Coverage> {
        self.kinds.iter().find(|(kind, ..)| *kind == Kind::Inspections).map(|(_, coverage, _)| coverage)
    }
}

/// Syncs one company's mirror.
pub struct Syncer {
    /// For work nobody waits for.
    client: SpectoraClient,
    /// The same client for what a question waits for.
    direct: SpectoraClient,
    mirror: Arc<Mirror>,
    ledger: Arc<Ledger>,
    settings: SyncSettings,
    clock: Arc<dyn Clock>,
    running: tokio::sync::Mutex<()>,
    begun: Begun,
    key: tokio::sync::Mutex<identity::KeyCheck>,
    /// When a question or a delivery came last.
    wanted: std::sync::Mutex<Option<Instant>>,
    counts: std::sync::Mutex<Counts>,
}

/// How many records there are of each kind, with the revision they were counted at.
type Counts = HashMap<Kind, (u64, u64)>;

/// When the sync under way began.
#[derive(Default)]
struct Begun(std::sync::Mutex<Option<Instant>>);

impl Begun {
    fn set(&self, at: Option<Instant>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = at;
    }

    fn get(&self) -> Option<Instant> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
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

/// After a failure of the company as a whole nothing is tried by itself for this long; the pause doubles each time …
const FAILURE_PAUSE: SignedDuration = SignedDuration::from_secs(60);
/// … up to this.
const FAILURE_PAUSE_MAX: SignedDuration = SignedDuration::from_mins(30);
/// The same for one kind that cannot be read while others can: a wrong path or a missing right lasts longer.
const KIND_PAUSE: SignedDuration = SignedDuration::from_mins(5);
/// The longest pause of one kind.
const KIND_PAUSE_MAX: SignedDuration = SignedDuration::from_hours(6);
/// A pass that took longer than this is followed by a look at what changed since it began.
const PASS_LONG: SignedDuration = SignedDuration::from_mins(5);
/// Clocks that differ by no more agree as far as can be seen, in seconds.
const CLOCKS_AGREE: i64 = 3;

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
            direct: client.clone(),
            mirror,
            ledger,
            settings,
            clock,
            running: tokio::sync::Mutex::new(()),
            begun: Begun::default(),
            key: tokio::sync::Mutex::default(),
            wanted: std::sync::Mutex::default(),
            counts: std::sync::Mutex::default(),
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

    /// Says that somebody asks about the company, or that a delivery came for it.
    pub fn note_wanted(&self) {
        *self.wanted.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    /// Whether somebody asked about the company within this time, or a delivery came for it.
    pub fn is_wanted_within(&self, time: Duration) -> bool {
        self.wanted.lock().unwrap_or_else(PoisonError::into_inner).is_some_and(|at| at.elapsed() < time)
    }

    /// Forgets that the company failed as a whole, so that it is asked again at once: the key is another one.
    pub async fn forget_failure(&self) -> Result<(), MirrorError> {
        if !self.mirror.is_made()? {
            return Ok(());
        }
        self.mirror.write(|tx| tx.clear_trouble(None)).await
    }

    /// Rows to a page of a kind.
    fn page_rows(&self, kind: Kind) -> u32 {
        if kind == Kind::Inspections { self.settings.inspections_to_a_page } else { PAGE_ROWS }
    }

    /// The present by the earlier one of both clocks, as far as the service told its time: what the mirror's times are
    /// measured against, so that a clock that is wrong by days makes nothing look fresh or stale.
    pub fn now(&self) -> Timestamp {
        let here = self.clock.now();
        let ahead = self.client.clock_ahead().filter(|ahead| ahead.as_secs() < -CLOCKS_AGREE);
        ahead.and_then(|ahead| here.checked_add(ahead).ok()).unwrap_or(here)
    }

    /// Brings the mirror up to date. `Err(Busy)` when another process is at it.
    pub async fn sync(&self, scope: Scope, progress: &dyn Progress) -> Result<SyncReport, SyncError> {
        let _one_at_a_time = self.running.lock().await;
        self.sync_alone(scope, progress).await
    }

    /// How many calls a minute background work makes at most.
    pub fn background_per_minute(&self) -> u32 {
        self.settings.calls.per_minute_background.max(1)
    }

    /// How long the sync under way in this process has been running; `None` when there is none.
    pub fn running_for(&self) -> Option<Duration> {
        self.begun.get().map(|begun| begun.elapsed())
    }

    /// As [`Self::sync`], unless somebody else has done it meanwhile: ten questions at once make one sync.
    pub async fn freshen(&self, scope: Scope, progress: &dyn Progress) -> Result<(), SyncError> {
        let _one_at_a_time = self.running.lock().await;
        if !self.is_stale().await? {
            return Ok(());
        }
        let mut report = self.sync_alone(scope, progress).await?;
        match report.failed.iter().position(|(kind, _)| *kind == Kind::Inspections) {
            Some(place) => Err(report.failed.swap_remove(place).1),
            None => Ok(()),
        }
    }

    /// Derives the typed columns with this program's settings where they are not; no call is made. `Err(Busy)` when
    /// another process has the mirror.
    pub async fn settle(&self) -> Result<(), SyncError> {
        let _one_at_a_time = self.running.lock().await;
        let Some(_lock) = self.mirror.try_lock()? else { return Err(SyncError::Busy) };
        self.rederive().await
    }

    /// A sync, for whoever holds the turn in this process.
    async fn sync_alone(&self, scope: Scope, progress: &dyn Progress) -> Result<SyncReport, SyncError> {
        let Some(_lock) = self.mirror.try_lock()? else { return Err(SyncError::Busy) };
        let _under_way = UnderWay::from_now(&self.begun);
        let done = self.sync_locked(scope, progress).await;
        match &done {
            Ok(_) => self.mirror.write(|tx| tx.clear_trouble(None)).await?,
            // Nothing was asked, so nothing failed.
            Err(SyncError::OverBudget { .. } | SyncError::Mirror(_)) => {}
            Err(error) => self.note_trouble(None, error).await?,
        }
        done
    }

    async fn note_trouble(&self, kind: Option<Kind>, error: &SyncError) -> Result<(), MirrorError> {
        let told = (error.to_string(), error.remedy());
        let (pause, longest) = match kind {
            Some(_) => (KIND_PAUSE, KIND_PAUSE_MAX),
            None => (FAILURE_PAUSE, FAILURE_PAUSE_MAX),
        };
        self.mirror.write(move |tx| tx.note_trouble(kind, pause, longest, (&told.0, &told.1))).await
    }

    async fn sync_locked(&self, scope: Scope, progress: &dyn Progress) -> Result<SyncReport, SyncError> {
        let calls_before = self.client.calls_sent();
        if scope.is_full() {
            // What is damaged here looks unchanged to a reading of everything, which would heal nothing.
            let mirror = Arc::clone(&self.mirror);
            tokio::task::spawn_blocking(move || mirror.check()).await.map_err(|_| MirrorError::Closed)??;
        }
        self.rederive().await?;
        self.ensure_company().await?;
        let plan = self.plan(scope).await?;
        if let Some(left) = plan.left.filter(|left| *left < plan.calls()) {
            return Err(SyncError::OverBudget { needed: plan.calls(), left });
        }
        let mut steps = Vec::new();
        let mut failed = Vec::new();
        for step in &plan.steps {
            // One kind that cannot be read does not keep the others from being read.
            match self.take_step(step.kind, step.way, scope, progress).await {
                Ok(done) => {
                    let kind = step.kind;
                    self.mirror.write(move |tx| tx.clear_trouble(Some(kind))).await?;
                    steps.extend(done);
                }
                Err(error) if error.is_company_wide() => return Err(error),
                Err(error) => {
                    self.note_trouble(Some(step.kind), &error).await?;
                    failed.push((step.kind, error));
                }
            }
        }
        if plan.steps.iter().any(|step| step.way == StepWay::Full) {
            self.mirror.write(|tx| tx.note_partial().map(drop)).await?;
        }
        let now = self.clock.now();
        let oldest = now.saturating_sub(SignedDuration::try_from(self.settings.history).unwrap_or(SignedDuration::MAX));
        self.mirror.write(move |tx| tx.prune_history(oldest.unwrap_or(Timestamp::MIN))).await?;
        let gaps = self.gaps().await?;
        Ok(SyncReport {
            company: self.company().clone(),
            steps,
            calls: self.client.calls_sent() - calls_before,
            failed,
            gaps,
        })
    }

    async fn take_step(
        &self,
        kind: Kind,
        way: StepWay,
        scope: Scope,
        progress: &dyn Progress,
    ) -> Result<Vec<StepReport>, SyncError> {
        let mut steps = Vec::new();
        match way {
            StepWay::Full => {
                let count = self.full(kind, scope == Scope::AcceptGone, progress).await?;
                steps.push(StepReport { kind, way, count });
                steps.extend(self.after_long_pass(kind, progress).await?);
            }
            StepWay::Changes | StepWay::Window => steps.extend(self.delta(kind, way, progress).await?),
        }
        Ok(steps)
    }

    /// A pass that took long, or was stopped and went on hours later, shows everything as of its beginning: what changed
    /// since is asked for at once.
    async fn after_long_pass(&self, kind: Kind, progress: &dyn Progress) -> Result<Vec<StepReport>, SyncError> {
        let coverage = self.mirror.read(move |snapshot| snapshot.coverage(kind)).await?;
        let is_long = coverage.full_at.is_some_and(|at| PASS_LONG < self.now().duration_since(at));
        if !is_long || kind == Kind::AgentStats {
            return Ok(Vec::new());
        }
        let way = match self.changed_since(kind).await? {
            Some(_) => StepWay::Changes,
            None if kind == Kind::Inspections => StepWay::Window,
            None => return Ok(Vec::new()),
        };
        self.delta(kind, way, progress).await
    }

    /// What the mirror lacks, in words.
    pub async fn gaps(&self) -> Result<Vec<(Kind, CoverageGap)>, MirrorError> {
        self.mirror
            .read(|snapshot| {
                let mut gaps = Vec::new();
                for kind in Kind::ALL {
                    gaps.extend(snapshot.coverage(*kind)?.gaps().into_iter().map(|gap| (*kind, gap)));
                }
                Ok(gaps)
            })
            .await
    }

    /// How complete and fresh the mirror is, and the month's calls.
    pub async fn status(&self) -> Result<MirrorStatus, MirrorError> {
        let (known, is_made) = (self.counts(), self.mirror.is_made()?);
        let kinds = async {
            if is_made {
                self.mirror.read(move |snapshot| kinds_of(snapshot, &known)).await
            } else {
                // Asking how it stands makes no file.
                Ok((Kind::ALL.iter().map(|kind| (*kind, Coverage::default(), 0)).collect(), Vec::new()))
            }
        };
        let (kinds, month) = tokio::join!(kinds, self.month());
        let (kinds, troubles) = kinds?;
        for (kind, coverage, count) in &kinds {
            self.counts.lock().unwrap_or_else(PoisonError::into_inner).insert(*kind, (coverage.revision, *count));
        }
        let (month, count_problem) = match month {
            Ok(month) => (month, None),
            Err(error) => (MonthCount::default(), Some(error.for_note())),
        };
        Ok(MirrorStatus { kinds, month, count_problem, bytes: self.mirror.bytes_on_disk(), troubles })
    }

    fn counts(&self) -> Counts {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The calls of this month, by the machine's calendar in UTC.
    pub async fn month(&self) -> Result<MonthCount, MirrorError> {
        let (ledger, calls) = (Arc::clone(&self.ledger), self.settings.calls.clone());
        let month = meter::month_of(self.clock.now());
        mirror::changing(move || ledger.month(&calls, month)).await
    }

    /// When the mirror last learned of all changes it can learn of; `None` before the first pass is complete.
    pub async fn fresh_at(&self) -> Result<Option<Timestamp>, MirrorError> {
        self.mirror.read(|snapshot| Ok(fresh_at(&snapshot.coverage(Kind::Inspections)?))).await
    }

    /// Whether a question should ask for a delta first.
    pub async fn is_stale(&self) -> Result<bool, MirrorError> {
        Ok(self.is_stale_by(&self.mirror.read(|snapshot| snapshot.coverage(Kind::Inspections)).await?))
    }

    /// The same, where what is covered of inspections was just read.
    pub fn is_stale_by(&self, inspections: &Coverage) -> bool {
        let limit = SignedDuration::try_from(self.settings.max_staleness).unwrap_or(SignedDuration::MAX);
        fresh_at(inspections).is_some_and(|fresh_at| limit < self.now().duration_since(fresh_at))
    }

    /// Whether the company failed as a whole so lately that another try would be in vain.
    pub async fn pauses(&self) -> Result<bool, MirrorError> {
        let trouble = self.mirror.read(|snapshot| snapshot.trouble(None)).await?;
        Ok(trouble.is_some_and(|trouble| trouble.pauses_at(self.clock.now())))
    }

    /// What the schedule should do now; `None` when nothing is due, or what is due failed lately.
    pub async fn due(&self, every: Duration) -> Result<Option<Scope>, MirrorError> {
        if self.pauses().await? {
            return Ok(None);
        }
        let known = self
            .mirror
            .read(|snapshot| {
                let one = |kind: &Kind| Ok((*kind, snapshot.coverage(*kind)?, snapshot.trouble(Some(*kind))?));
                Kind::ALL.iter().map(one).collect::<Result<Vec<_>, MirrorError>>()
            })
            .await?;
        let now = self.now();
        let every = SignedDuration::try_from(every).unwrap_or(SignedDuration::MAX);
        let is_due = |(kind, coverage, trouble): &(Kind, Coverage, Option<Trouble>)| {
            if trouble.as_ref().is_some_and(|trouble| trouble.pauses_at(self.clock.now())) {
                return false;
            }
            let fresh_at = coverage.fresh_at.max(coverage.window_at);
            coverage.full_at.is_none()
                || self.is_full_due(coverage)
                || (*kind == Kind::Inspections && fresh_at.is_none_or(|at| every <= now.duration_since(at)))
        };
        Ok(known.iter().any(is_due).then_some(Scope::Due))
    }
}

/// When the mirror last learned of all changes it can learn of, by what is covered of inspections.
fn fresh_at(inspections: &Coverage) -> Option<Timestamp> {
    inspections.full_at.and(inspections.fresh_at.max(inspections.window_at))
}

/// By kind: how complete it is, and how many records; and what keeps failing.
type Kinds = (Vec<(Kind, Coverage, u64)>, Vec<(Option<Kind>, Trouble)>);

/// How complete a mirror is by kind, with the number of records, and what keeps failing. At a revision that is `known` there
/// are as many as then.
fn kinds_of(snapshot: &mut Snapshot<'_>, known: &Counts) -> Result<Kinds, MirrorError> {
    let mut kinds = Vec::new();
    let troubles = snapshot.troubles()?;
    for kind in Kind::ALL {
        let coverage = snapshot.coverage(*kind)?;
        let count = match known.get(kind).filter(|(revision, _)| *revision == coverage.revision) {
            Some((_, count)) => *count,
            None => snapshot.count(*kind)?,
        };
        kinds.push((*kind, coverage, count));
    }
    Ok((kinds, troubles))
}
