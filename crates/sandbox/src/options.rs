//! What a sandbox can be told before it starts, and while it runs.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::str::FromStr;
use std::sync::Arc;

use jiff::Timestamp;

use super::differences::Difference;
use super::faults::Faults;
use domain::{Clock, SystemClock};

/// Changes a document before it leaves, told the path it was asked at.
pub type Rewrite = Arc<dyn Fn(&str, &mut serde_json::Value) + Send + Sync>;

/// Everything a sandbox starts from.
#[derive(Clone)]
pub struct SandboxOptions {
    /// Where to listen; port 0 takes a free one. Loopback is meant: the keys are public.
    pub listen: SocketAddr,
    /// What the data and the faults at a rate are drawn from.
    pub seed: u64,
    /// The instant whose civil day, in each company's zone, the data is generated around.
    pub now: Timestamp,
    /// What limits and the `Date` header go by.
    pub clock: Arc<dyn Clock>,
    /// Inspections over both companies, shared out 4 to 1; `None` for 6,000 and 1,500. At most 4 million are made.
    pub inspections: Option<u64>,
    /// The most agents of each company; `None` for 400 and 120.
    pub agents_max: Option<usize>,
    /// Which filters on inspections are honoured.
    pub profile: Profile,
    /// Whether `filter[updated_at_greater_than]` is honoured on inspections, connections and contacts.
    pub changed_since: bool,
    /// The caps on each company's calls.
    pub limits: Limits,
    /// What goes wrong, and when.
    pub faults: Faults,
    /// What a service may send that the invented data does not have.
    pub rewrite: Option<Rewrite>,
    /// What the service calls and writes otherwise.
    pub differences: Vec<Difference>,
}

impl SandboxOptions {
    /// A free loopback port, seed 1, 7,500 inspections, profile `full`, the machine's clock, no limits, no faults,
    /// documents as they are.
    pub fn new(now: Timestamp) -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            seed: 1,
            now,
            clock: Arc::new(SystemClock),
            inspections: None,
            agents_max: None,
            profile: Profile::Full,
            changed_since: false,
            limits: Limits::default(),
            faults: Faults::default(),
            rewrite: None,
            differences: Vec::new(),
        }
    }
}

impl fmt::Debug for SandboxOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SandboxOptions")
            .field("listen", &self.listen)
            .field("seed", &self.seed)
            .field("now", &self.now)
            .field("inspections", &self.inspections)
            .field("agents_max", &self.agents_max)
            .field("profile", &self.profile)
            .field("changed_since", &self.changed_since)
            .field("limits", &self.limits)
            .field("faults", &self.faults)
            .field("differences", &self.differences)
            .finish_non_exhaustive()
    }
}

/// What becomes of `filter[updated_at_greater_than]`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ChangedSince {
    /// It is ignored, as any unknown filter.
    #[default]
    Ignored,
    /// It finds what changed after the instant given.
    Works,
    /// It is taken and finds nothing, whatever is asked.
    FindsNothing,
    /// It is refused with 422.
    Refused,
}

/// How the listing of inspections treats filters. The other listings are the same under every profile.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Profile {
    /// Every documented filter; canceled, deleted and archived rows are left out unless asked for.
    #[default]
    Full,
    /// Only `fulltext`, `paid`, `confirmed`, `published`, `connection_id` and the two datetime bounds; any other is
    /// silently ignored. Canceled and archived rows come by default, deleted ones never.
    Minimal,
    /// As [`Profile::Minimal`], but a filter, sort key or include that is not known is refused with 422.
    Strict,
    /// As [`Profile::Full`], but canceled rows never come, by whatever means.
    Blind,
}

/// Every profile with its name.
const PROFILES: [(Profile, &str); 4] =
    [(Profile::Full, "full"), (Profile::Minimal, "minimal"), (Profile::Strict, "strict"), (Profile::Blind, "blind")];

impl FromStr for Profile {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = PROFILES.iter().find(|(_, name)| *name == text).map(|(profile, _)| *profile);
        found.ok_or_else(|| format!("no profile '{text}'; there are full, minimal, strict and blind"))
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = PROFILES.iter().find(|(profile, _)| profile == self).map_or("full", |(_, name)| name);
        f.pad(name)
    }
}

/// The caps on the calls of each company, counted by the sandbox's clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Answered calls within any 60 seconds; those refused by a cap do not fill the window.
    pub per_minute: Option<u32>,
    /// Calls within a calendar month of UTC; every call counts, refused and failed ones too.
    pub monthly: Option<u64>,
    /// What a 429 says about when to come back.
    pub retry_after: RetryAfter,
}

/// The shape of `Retry-After`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RetryAfter {
    /// As a number of seconds.
    #[default]
    Seconds,
    /// As an HTTP date.
    Date,
    /// Not at all.
    Absent,
}
