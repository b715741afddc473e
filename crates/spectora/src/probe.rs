//! Finding out what the service does with a filter.

use super::capabilities::FilterSupport;
use super::client::SpectoraClient;
use super::error::SpectoraError;
use super::query::{Filter as _, Query, Verdict};
use super::wired::{Probe, Wired};

impl SpectoraClient {
    /// Finds out what the service does with a filter, with at most two cheap requests, and remembers it.
    ///
    /// A value that cannot exist must find nothing; true and false must not find the same; a filter that widens must
    /// find more than none. `Unknown` when that does not settle it, such as in a company without records.
    pub async fn probe<R: Wired>(&self, filter: &R::Filter) -> Result<FilterSupport, SpectoraError> {
        let known = self.filter_support(R::ENDPOINT, filter.name());
        if known != FilterSupport::Unknown {
            return Ok(known);
        }
        let support = match R::probe(filter) {
            Probe::Impossible(filter) => self.probe_impossible::<R>(filter).await?,
            Probe::EitherWay(yes, no) => self.probe_either_way::<R>(yes, no).await?,
            Probe::Widens(filter) => self.probe_widening::<R>(filter).await?,
            Probe::CannotTell => FilterSupport::Unknown,
        };
        // What a row proved meanwhile stands.
        let proven = self.filter_support(R::ENDPOINT, filter.name());
        if proven != FilterSupport::Unknown {
            return Ok(proven);
        }
        if support != FilterSupport::Unknown {
            self.capabilities().set_filter(R::ENDPOINT, filter.name(), support);
        }
        Ok(support)
    }

    async fn probe_impossible<R: Wired>(&self, filter: R::Filter) -> Result<FilterSupport, SpectoraError> {
        if 0 < self.count::<R>(vec![filter]).await?.0 {
            return Ok(FilterSupport::Ignored);
        }
        if self.capabilities().is_inhabited(R::ENDPOINT) || 0 < self.count::<R>(Vec::new()).await?.0 {
            return Ok(FilterSupport::Honoured);
        }
        Ok(FilterSupport::Unknown)
    }

    async fn probe_either_way<R: Wired>(&self, yes: R::Filter, no: R::Filter) -> Result<FilterSupport, SpectoraError> {
        let (count_yes, holds_yes) = self.count::<R>(vec![yes]).await?;
        let (count_no, holds_no) = self.count::<R>(vec![no]).await?;
        Ok(match (count_yes, count_no) {
            (0, 0) => FilterSupport::Unknown,
            (yes, no) if yes != no => FilterSupport::Honoured,
            // As many of the one as of the other, and each row is as asked: chance, not neglect.
            _ if holds_yes && holds_no => FilterSupport::Honoured,
            _ => FilterSupport::Ignored,
        })
    }

    async fn probe_widening<R: Wired>(&self, filter: R::Filter) -> Result<FilterSupport, SpectoraError> {
        let (narrow, _) = self.count::<R>(Vec::new()).await?;
        let (wide, _) = self.count::<R>(vec![filter]).await?;
        // As many with as without: the company may have none of what would come in addition.
        Ok(if narrow < wide { FilterSupport::Honoured } else { FilterSupport::Unknown })
    }

    /// How many records these filters find, and whether the first of them meets them.
    async fn count<R: Wired>(&self, filters: Vec<R::Filter>) -> Result<(u64, bool), SpectoraError> {
        let query = Query::<R> { filters, ..Query::default() };
        let page = self.page(&query, 1, 1).await?;
        let holds =
            page.rows.first().is_some_and(|row| query.filters.iter().all(|filter| filter.check(row) == Verdict::Holds));
        Ok((page.pagination.records.unwrap_or(page.received as u64), holds))
    }
}
