//! What goes wrong, and when: scripted exactly, or at a rate drawn from the seed.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::truth::mix;

/// The rules in force; the first one that applies to a request decides. None by default.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Faults {
    /// The rules, in order.
    pub rules: Vec<FaultRule>,
}

impl Faults {
    /// Nothing goes wrong.
    pub fn none() -> Self {
        Self::default()
    }

    /// Reads one rule from each text; see [`FaultRule`] for the grammar.
    pub fn parse<'a>(rules: impl IntoIterator<Item = &'a str>) -> Result<Self, String> {
        Ok(Self { rules: rules.into_iter().map(str::parse).collect::<Result<_, _>>()? })
    }
}

impl FromIterator<FaultRule> for Faults {
    fn from_iter<I: IntoIterator<Item = FaultRule>>(rules: I) -> Self {
        Self { rules: rules.into_iter().collect() }
    }
}

/// One rule, written `TARGET:WHEN=KIND`.
///
/// `TARGET` is `inspections`, `connections`, `connection_stats`, `contacts`, `inspection_attachments`, or `*` for any
/// path; a request for one record counts as one to its listing. `WHEN` counts the requests to that target since the
/// rules were set, over all companies: `3` is the third, `3+` the third and all later ones, `2-4` three of them;
/// `20%` is each one with that chance, drawn from the seed. `KIND` is one of
///
/// - `400`, `500`, `502`, `503`: that status with a JSON body; `500-html` and so on, and `404-html`, with an HTML one
/// - `429` (`Retry-After` of one second), `429:SECONDS`, `429-bare` (without the header)
/// - `cut` (the document ends early, the length is honest), `broken` (the connection ends in the middle of the body),
///   `drop` (the connection ends without a reply)
/// - `type` (the right document as `text/plain`), `page` (an HTML page with 200)
/// - `slow:MILLISECONDS` (3,000 when left out), `endless` (a body that never ends)
/// - `redirect` (302 to `https://other.example.com`), `redirect:URL` (to that origin, path and query kept)
/// - `shuffle:K` (5 when left out): K rows at the front of every listing appear only from then on, so that borders
///   between pages move back; `vanish:K`: the first K rows are gone from then on, so that borders move forward
/// - `any`: one of those a repeated request overcomes, drawn from the seed
///
/// Examples: `inspections:3=503`, `*:20%=any`, `inspections:2=redirect:http://127.0.0.1:9`, `contacts:2=shuffle:7`.
#[derive(Clone, Debug, PartialEq)]
pub struct FaultRule {
    /// The last part of the path, or `None` for any.
    pub target: Option<String>,
    /// Which of the requests to the target.
    pub when: When,
    /// What happens then.
    pub kind: FaultKind,
}

/// Which requests a rule applies to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum When {
    /// From the first number to the second one, both counted from 1 and both included.
    Between(u64, u64),
    /// Each one with this chance, from 0 to 1.
    Chance(f64),
}

/// What goes wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// A status with a JSON or an HTML body.
    Status {
        /// 400, 404, 500, 502 or 503.
        status: u16,
        /// Whether the body is HTML.
        html: bool,
    },
    /// 429, with `Retry-After` in seconds or without.
    TooMany(Option<u32>),
    /// The document ends early; the length is honest.
    Cut,
    /// The connection ends in the middle of the body.
    Broken,
    /// The connection ends without a reply.
    Drop,
    /// The right document under the wrong content type.
    WrongType,
    /// An HTML page with status 200.
    Page,
    /// The right reply, late.
    Slow(Duration),
    /// A body that never ends.
    Endless,
    /// 302 to another origin, with path and query kept.
    Redirect(String),
    /// Rows appear at the front of the listing from then on.
    Shuffle(usize),
    /// Rows vanish from the front of the listing from then on.
    Vanish(usize),
    /// One of [`RECOVERABLE`].
    Any,
}

/// What `any` chooses from.
pub(crate) const RECOVERABLE: [FaultKind; 9] = [
    FaultKind::Status { status: 500, html: false },
    FaultKind::Status { status: 502, html: true },
    FaultKind::Status { status: 503, html: false },
    FaultKind::TooMany(Some(1)),
    FaultKind::TooMany(None),
    FaultKind::Cut,
    FaultKind::Broken,
    FaultKind::Drop,
    FaultKind::Slow(Duration::from_millis(150)),
];

const TARGETS: [&str; 5] = ["inspections", "connections", "connection_stats", "contacts", "inspection_attachments"];
const REDIRECT_DEFAULT: &str = "https://other.example.com";
const SLOW_DEFAULT: Duration = Duration::from_secs(3);
const MOVED_ROWS_DEFAULT: usize = 5;

impl FromStr for FaultRule {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("the fault '{text}' is not TARGET:WHEN=KIND, such as inspections:3=503");
        let (place, kind) = text.split_once('=').ok_or_else(wrong)?;
        let (target, when) = place.split_once(':').ok_or_else(wrong)?;
        let target = match target {
            "*" => None,
            name if TARGETS.contains(&name) => Some(name.to_owned()),
            name => return Err(format!("no target '{name}' in '{text}'; there are {} and *", TARGETS.join(", "))),
        };
        Ok(Self { target, when: when.parse()?, kind: kind.parse()? })
    }
}

impl FromStr for When {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("'{text}' does not say when; write 3, 3+, 2-4 or 20%");
        if let Some(percent) = text.strip_suffix('%') {
            let percent: f64 = percent.parse().map_err(|_| wrong())?;
            return if (0.0..=100.0).contains(&percent) { Ok(Self::Chance(percent / 100.0)) } else { Err(wrong()) };
        }
        let number = |text: &str| text.parse().ok().filter(|n: &u64| *n > 0).ok_or_else(wrong);
        if let Some(from) = text.strip_suffix('+') {
            return Ok(Self::Between(number(from)?, u64::MAX));
        }
        match text.split_once('-') {
            Some((from, to)) => Ok(Self::Between(number(from)?, number(to)?)),
            None => number(text).map(|n| Self::Between(n, n)),
        }
    }
}

impl FromStr for FaultKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("no fault '{text}'; `spectora-mcp sandbox --help` names them");
        let (name, argument) = match text.split_once(':') {
            Some((name, argument)) => (name, Some(argument)),
            None => (text, None),
        };
        let count = || argument.map_or(Ok(MOVED_ROWS_DEFAULT), |k| k.parse().map_err(|_| wrong()));
        if let Some(status) = name.strip_suffix("-html").filter(|s| ["400", "404", "500", "502", "503"].contains(s)) {
            return Ok(Self::Status { status: status.parse().map_err(|_| wrong())?, html: true });
        }
        Ok(match name {
            "400" | "500" | "502" | "503" => Self::Status { status: name.parse().map_err(|_| wrong())?, html: false },
            "429" => Self::TooMany(Some(argument.map_or(Ok(1), |s| s.parse().map_err(|_| wrong()))?)),
            "429-bare" => Self::TooMany(None),
            "cut" => Self::Cut,
            "broken" => Self::Broken,
            "drop" => Self::Drop,
            "type" => Self::WrongType,
            "page" => Self::Page,
            "slow" => match argument {
                Some(ms) => Self::Slow(Duration::from_millis(ms.parse().map_err(|_| wrong())?)),
                None => Self::Slow(SLOW_DEFAULT),
            },
            "endless" => Self::Endless,
            "redirect" => Self::Redirect(argument.unwrap_or(REDIRECT_DEFAULT).trim_end_matches('/').to_owned()),
            "shuffle" => Self::Shuffle(count()?),
            "vanish" => Self::Vanish(count()?),
            "any" => Self::Any,
            _ => return Err(wrong()),
        })
    }
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

/// What the rules decided about one request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Verdict {
    /// The fault; never [`FaultKind::Any`] and never one that moves rows.
    pub(super) fault: Option<FaultKind>,
    /// How many rows at the front of the listing are not there now.
    pub(super) hidden: usize,
}

/// The rules with what they have counted since they were set.
#[derive(Debug)]
pub(super) struct FaultState {
    faults: Faults,
    counts: Vec<u64>,
    seed: u64,
}

impl FaultState {
    pub(super) fn new(faults: Faults, seed: u64) -> Self {
        let counts = vec![0; faults.rules.len()];
        Self { faults, counts, seed }
    }

    /// Counts a request to `target` and says what happens to it.
    pub(super) fn decide(&mut self, target: &str) -> Verdict {
        let mut verdict = Verdict::default();
        for (at, (rule, count)) in (0_u64..).zip(self.faults.rules.iter().zip(&mut self.counts)) {
            if rule.target.as_deref().is_some_and(|name| name != target) {
                continue;
            }
            *count += 1;
            let drawn = mix(mix(self.seed, at), *count);
            let (fires, reached) = match rule.when {
                When::Between(from, to) => (*count >= from && *count <= to, *count >= from),
                When::Chance(chance) => {
                    let fires = f64::from(u32::try_from(drawn >> 32).unwrap_or(0)) < chance * f64::from(u32::MAX);
                    (fires, fires)
                }
            };
            match rule.kind {
                FaultKind::Shuffle(rows) if !reached => verdict.hidden += rows,
                FaultKind::Vanish(rows) if reached => verdict.hidden += rows,
                FaultKind::Shuffle(_) | FaultKind::Vanish(_) => {}
                _ if !fires || verdict.fault.is_some() => {}
                FaultKind::Any => {
                    let place = usize::try_from(mix(drawn, 3) % 1000).unwrap_or(0) % RECOVERABLE.len();
                    verdict.fault = RECOVERABLE.get(place).cloned();
                }
                ref kind => verdict.fault = Some(kind.clone()),
            }
        }
        verdict
    }
}
