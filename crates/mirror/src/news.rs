//! What is new since an instant: from the records' own times where they have them, from the history where not.

use jiff::Timestamp;
use rusqlite::params;

use super::interned::id_of;
use super::{Change, ChangeKind, Kind, MirrorError, Snapshot};

/// The most changes of the history that are looked through.
const CHANGES_MAX: usize = 200_000;

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum NewsKind {
    /// An inspection was booked.
    Booked,
    /// An inspection was called off.
    Canceled,
    /// An inspection moved to another time.
    Rescheduled,
    /// The quoted price changed.
    QuoteChanged,
    /// A report was published.
    Published,
    /// An inspection was deleted.
    Deleted,
    /// An agent is new to the company.
    NewAgent,
}

impl NewsKind {
    /// Every kind, in the order shown.
    pub const ALL: &'static [Self] = &[
        Self::Booked,
        Self::Canceled,
        Self::Rescheduled,
        Self::QuoteChanged,
        Self::Published,
        Self::Deleted,
        Self::NewAgent,
    ];

    /// The word in arguments and answers.
    pub fn name(self) -> &'static str {
        match self {
            Self::Booked => "booked",
            Self::Canceled => "canceled",
            Self::Rescheduled => "rescheduled",
            Self::QuoteChanged => "quote_changed",
            Self::Published => "published",
            Self::Deleted => "deleted",
            Self::NewAgent => "new_agent",
        }
    }

    /// The kind with this name.
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.name() == name)
    }
}

/// One piece of news.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct News {
    /// When it happened; for moves and prices, when it was seen.
    pub at: Timestamp,
    /// What.
    pub what: NewsKind,
    /// The inspection or agent it is about.
    pub id: String,
    /// The fact before: an instant in milliseconds, or ten-thousandths of money.
    pub before: Option<i64>,
    /// The fact after.
    pub after: Option<i64>,
}

impl Snapshot<'_> {
    /// The news since `since`, latest first.
    pub fn news(&self, since: Timestamp) -> Result<Vec<News>, MirrorError> {
        let mut news = Vec::new();
        for (what, kind, sql) in [
            (
                NewsKind::Booked,
                Kind::Inspections,
                "SELECT pk, created_at FROM inspections WHERE created_at >= ? AND gone = 0",
            ),
            (
                NewsKind::Canceled,
                Kind::Inspections,
                "SELECT pk, canceled_at FROM inspections WHERE canceled_at >= ? AND gone = 0",
            ),
            (
                NewsKind::Published,
                Kind::Inspections,
                "SELECT pk, published_at FROM inspections WHERE published_at >= ? AND gone = 0",
            ),
            (
                NewsKind::Deleted,
                Kind::Inspections,
                "SELECT pk, gone_at FROM inspections WHERE gone <> 0 AND gone_at >= ?",
            ),
            (NewsKind::NewAgent, Kind::Agents, "SELECT pk, created_at FROM agents WHERE created_at >= ? AND gone = 0"),
        ] {
            let rows: Vec<(i64, i64)> = self
                .connection
                .prepare_cached(sql)?
                .query_map(params![since.as_millisecond()], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect::<Result<_, _>>()?;
            for (pk, at) in rows {
                let at = Timestamp::from_millisecond(at).unwrap_or_default();
                news.push(News { at, what, id: id_of(self.connection, kind, pk)?, before: None, after: None });
            }
        }
        for change in self.changes_since(since, CHANGES_MAX)? {
            news.extend(moved_or_requoted(&change));
        }
        news.sort_by(|left, right| {
            right.at.cmp(&left.at).then_with(|| left.what.cmp(&right.what)).then_with(|| left.id.cmp(&right.id))
        });
        Ok(news)
    }
}

fn moved_or_requoted(change: &Change) -> Vec<News> {
    let (Kind::Inspections, ChangeKind::Changed(fields)) = (change.kind, &change.what) else { return Vec::new() };
    let one = |(name, before, after): &(String, Option<String>, Option<String>)| {
        let what = match name.as_str() {
            "starts_at" => NewsKind::Rescheduled,
            "quote" => NewsKind::QuoteChanged,
            _ => return None,
        };
        let number = |text: &Option<String>| text.as_ref().and_then(|text| text.parse().ok());
        Some(News { at: change.at, what, id: change.id.clone(), before: number(before), after: number(after) })
    };
    fields.iter().filter_map(one).collect()
}
