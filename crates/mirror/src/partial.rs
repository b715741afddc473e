//! Whether the key seems to see a part of the records only.

use super::{Kind, MirrorError, WriteTransaction};

/// What a key seems not to see: a key has the rights of the user who made it, and nothing in a reply says what they leave
/// out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Partial {
    /// Many jobs: the service's own statistics about agents count far more than came.
    pub jobs: bool,
    /// Prices: not one inspection has a quote.
    pub quotes: bool,
}

impl Partial {
    pub(super) fn number(self) -> i64 {
        i64::from(self.jobs) + 2 * i64::from(self.quotes)
    }

    pub(super) fn of(number: i64) -> Self {
        Self { jobs: number & 1 != 0, quotes: number & 2 != 0 }
    }
}

/// So many inspections must be here before what they lack says something about the key.
const PARTIAL_SAMPLE_MIN: i64 = 30;
/// Statistics may count other things than inspections show (deleted ones, say): up to so many percent more is no sign …
const PARTIAL_PERCENT: i64 = 150;
/// … and up to so many more.
const PARTIAL_SLACK: i64 = 20;

impl WriteTransaction<'_> {
    /// Looks whether the key seems to see a part only, and notes it with the inspections.
    pub fn note_partial(&mut self) -> Result<Partial, MirrorError> {
        let (inspections, quoted, sides): (i64, i64, i64) = self.transaction.query_row(
            "SELECT count(*), count(quote), count(buying_agent) + count(selling_agent) FROM inspections WHERE gone = 0",
            [],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )?;
        let told: i64 = self.transaction.query_row(
            "SELECT coalesce(sum(coalesce(buying, 0) + coalesce(selling, 0)), 0) FROM agent_stats WHERE gone = 0",
            [],
            |row| row.get(0),
        )?;
        let partial = Partial {
            jobs: sides.saturating_mul(PARTIAL_PERCENT) / 100 + PARTIAL_SLACK < told,
            quotes: quoted == 0 && PARTIAL_SAMPLE_MIN <= inspections,
        };
        let kind = Kind::Inspections.number();
        self.transaction.execute("UPDATE states SET partial = ? WHERE kind = ?", [partial.number(), kind])?;
        Ok(partial)
    }
}
