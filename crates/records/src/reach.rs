//! How far back the first reading has come, and waiting for it: an answer needs no more of the past than it speaks of.

use std::sync::Arc;
use std::time::Duration;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use super::mirrored::as_of_all;
use super::{Basis, RecordsError, Whole};
use domain::FactTable;
use mirror::{Coverage, Kind, Pass};
use sync::{Scope, Silent, Syncer};

/// How long a question waits for the first reading to come far enough back; within the time of a call.
const FIRST_READING_WAIT_MAX: Duration = Duration::from_secs(20);
/// How often it looks.
const LOOK_EVERY: Duration = Duration::from_millis(150);

/// How much of the past an answer needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Inspections from this day on, in the company's zone.
    Since(Date),
    /// All there ever were: rhythms, forecasts, first times.
    All,
}

impl Need {
    /// The earlier need of two.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Since(one), Self::Since(two)) => Self::Since(one.min(two)),
            _ => Self::All,
        }
    }
}

/// Rows for sums, or how far the first reading is.
pub(super) enum Reached {
    Here(Arc<FactTable>, Basis),
    NotYet(Standing),
}

/// How far a mirror can answer for sums.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Standing {
    /// As of when everything is here; `None` during the first reading.
    all: Option<Timestamp>,
    /// During the first reading: everything from here on is, as of when that began.
    reach: Option<(Timestamp, Timestamp)>,
    /// Pages that are still to be read, as far as known.
    pages_left: Option<u64>,
    /// Whether it waits for agents, because without them nobody could be named.
    agents_missing: bool,
}

impl Standing {
    /// Of inspections alone.
    pub(super) fn of(inspections: &Coverage, pass: Option<&Pass>) -> Self {
        let left = pass.and_then(|pass| {
            let records = pass.records?;
            Some(records.saturating_sub(pass.read_before).div_ceil(u64::from(pass.size.max(1))))
        });
        Self {
            all: as_of_all(inspections),
            reach: inspections.reach.zip(pass.map(|pass| pass.started_at)),
            pages_left: left,
            agents_missing: false,
        }
    }

    /// The same, waiting for agents too, unless they cannot be read (a missing right, a wrong path).
    pub(super) fn with_agents(self, agents: &Coverage, agents_fail: bool) -> Self {
        Self { agents_missing: agents.full_at.is_none() && !agents_fail, ..self }
    }

    /// From where on everything is here; `None` when all of it is, or nothing.
    pub(super) fn whole_since(&self) -> Option<Timestamp> {
        self.reach.filter(|_| self.all.is_none()).map(|(reach, _)| reach)
    }

    /// As of when everything from `from` on (all there ever was, without one) is here; `None` when it is not.
    pub(super) fn as_of(&self, from: Option<Timestamp>) -> Option<Timestamp> {
        if self.agents_missing {
            return None;
        }
        let reached = self.reach.zip(from).filter(|((reach, _), from)| reach < from).map(|((_, began), _)| began);
        self.all.or(reached)
    }

    pub(super) fn covers(&self, from: Option<Timestamp>) -> bool {
        self.as_of(from).is_some()
    }
}

impl Whole {
    /// The inspections that `need` speaks of as rows for sums, from the mirror. While the first reading runs, with the
    /// latest first, they are there as soon as it has come that far back; a question waits for that up to twenty seconds
    /// and is then told when it will be. The rows say since when they are whole ([`FactTable::since`]); the basis says what
    /// else they lack. They stay in memory until the mirror changes or nobody asks for a while.
    pub(super) async fn facts(&self, need: Need) -> Result<(Arc<FactTable>, Basis), RecordsError> {
        let deadline = Instant::now() + FIRST_READING_WAIT_MAX;
        loop {
            let standing = match self.facts_now(need).await? {
                Reached::Here(facts, basis) => return Ok((facts, basis)),
                Reached::NotYet(standing) => standing,
            };
            let Some(syncer) = self.syncer.as_ref() else { return Err(RecordsError::NoMirror) };
            // What keeps it from being read is not waited for.
            if let Some(trouble) = syncer.mirror().read(|snapshot| snapshot.trouble_with(Kind::Inspections)).await?
                && trouble.pauses_at(syncer.now())
            {
                let why = format!("the first reading is held up ({})", trouble.reason);
                let remedy = format!("{}; list_companies shows how far it is", trouble.remedy);
                return Err(RecordsError::NotRefreshed { why, remedy: Some(remedy) });
            }
            if deadline <= Instant::now() {
                let why = self.told(syncer, &standing, need);
                return Err(RecordsError::NotRefreshed { why, remedy: None });
            }
            self.begin_first_reading(syncer);
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Begins the first reading where nobody is at it: a question need not wait for a schedule.
    fn begin_first_reading(&self, syncer: &Arc<Syncer>) {
        if syncer.running_for().is_some() {
            return;
        }
        let syncer = Arc::clone(syncer);
        // Another process may be at it; then there is nothing to do, and its pages are seen here.
        drop(self.tasks.spawn("the first reading", async move { drop(syncer.sync(Scope::Due, &Silent).await) }));
    }

    /// How far the first reading is, and when it will have come far enough, in words.
    fn told(&self, syncer: &Syncer, standing: &Standing, need: Need) -> String {
        let zone = self.timezone();
        let back_to = match standing.reach {
            Some((reach, _)) => format!("the first reading has come back to {}", zone.to_datetime(reach).date()),
            None => "the first reading has just begun".to_owned(),
        };
        let needs = match need {
            Need::Since(day) if !standing.agents_missing => format!("this needs it back to {day}"),
            _ => "this needs all of it".to_owned(),
        };
        let minutes = standing.pages_left.map(|pages| pages.div_ceil(u64::from(syncer.background_per_minute())).max(1));
        let ready = minutes.and_then(|minutes| {
            let wait = SignedDuration::from_mins(i64::try_from(minutes).ok()?);
            let at = zone.to_datetime(self.clock.now().checked_add(wait).ok()?);
            Some(format!("; ready at about {}", at.strftime("%-I:%M %p")))
        });
        format!("{back_to} and {needs}{}", ready.unwrap_or_default())
    }
}
