//! What this program has found out about the service while it ran.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};

use super::query::ChangedSinceName;
use super::query::{Endpoint, FilterName};
use domain::Clock;

/// What was found out is believed for so long, then it is tried again: a service changes, and one bad hour of it must not
/// leave a filter out for as long as this program runs.
const AGE_MAX: SignedDuration = SignedDuration::from_hours(6);

/// What the service does with a filter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum FilterSupport {
    /// Not found out yet, or it could not be told.
    #[default]
    Unknown,
    /// It filters.
    Honoured,
    /// It takes the filter and does not filter.
    Ignored,
    /// It refuses a request with this filter.
    Refused,
}

/// A part of a request that can be left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Part {
    Filter(FilterName),
    Sort(&'static str),
    Include(&'static str),
}

impl Part {
    /// The service's spelling.
    pub(super) fn spelling(self) -> &'static str {
        match self {
            Self::Filter(name) | Self::Sort(name) | Self::Include(name) => name,
        }
    }
}

/// Shared by all clones of a client. Only short look-ups happen under the lock.
pub(super) struct Capabilities {
    known: Mutex<Known>,
    clock: Arc<dyn Clock>,
}

#[derive(Debug, Default)]
struct Known {
    filters: HashMap<(Endpoint, FilterName), (FilterSupport, Timestamp)>,
    refused: HashMap<(Endpoint, Part), Timestamp>,
    inhabited: HashSet<Endpoint>,
    changed_since: HashMap<Endpoint, Option<ChangedSinceName>>,
}

impl Capabilities {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { known: Mutex::default(), clock }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether what was found out then still counts. A clock that was moved makes it count no more.
    fn is_recent(&self, at: Timestamp) -> bool {
        self.clock.now().duration_since(at).abs() < AGE_MAX
    }

    pub(super) fn filter(&self, endpoint: Endpoint, name: FilterName) -> FilterSupport {
        let known = self.known().filters.get(&(endpoint, name)).copied();
        known.filter(|(_, at)| self.is_recent(*at)).map(|(support, _)| support).unwrap_or_default()
    }

    pub(super) fn set_filter(&self, endpoint: Endpoint, name: FilterName, support: FilterSupport) {
        let now = self.clock.now();
        let before = self.known().filters.insert((endpoint, name), (support, now)).map(|(before, _)| before);
        if before != Some(support) && support != FilterSupport::Honoured {
            tracing::info!(endpoint = endpoint.name(), filter = name, ?support, "capabilities what a filter does");
        }
    }

    /// Whether sending this part is known to be of no use.
    pub(super) fn is_useless(&self, endpoint: Endpoint, part: Part) -> bool {
        match part {
            Part::Filter(name) => {
                matches!(self.filter(endpoint, name), FilterSupport::Ignored | FilterSupport::Refused)
            }
            Part::Sort(_) | Part::Include(_) => {
                let at = self.known().refused.get(&(endpoint, part)).copied();
                at.is_some_and(|at| self.is_recent(at))
            }
        }
    }

    pub(super) fn refuse(&self, endpoint: Endpoint, part: Part) {
        match part {
            Part::Filter(name) => self.set_filter(endpoint, name, FilterSupport::Refused),
            Part::Sort(word) | Part::Include(word) => {
                let now = self.clock.now();
                if self.known().refused.insert((endpoint, part), now).is_none() {
                    tracing::info!(endpoint = endpoint.name(), word, "the service refuses a sort key or an include");
                }
            }
        }
    }

    #[expect(clippy::option_option, reason = "not looked for, looked for in vain, and found are three things")]
    /// The filter by the time of change: `None` while it was not looked for, `Some(None)` when there is none.
    pub(super) fn changed_since(&self, endpoint: Endpoint) -> Option<Option<ChangedSinceName>> {
        self.known().changed_since.get(&endpoint).copied()
    }

    pub(super) fn set_changed_since(&self, endpoint: Endpoint, name: Option<ChangedSinceName>) {
        self.known().changed_since.insert(endpoint, name);
    }

    /// Forgets what was found out about the filter by the time of change, so that it is looked for again.
    pub(super) fn forget_changed_since(&self, endpoint: Endpoint) {
        self.known().changed_since.remove(&endpoint);
    }

    /// Whether any record of this kind was ever seen: a listing that is empty anyway proves nothing about a filter.
    pub(super) fn is_inhabited(&self, endpoint: Endpoint) -> bool {
        self.known().inhabited.contains(&endpoint)
    }

    pub(super) fn set_inhabited(&self, endpoint: Endpoint) {
        self.known().inhabited.insert(endpoint);
    }
}
