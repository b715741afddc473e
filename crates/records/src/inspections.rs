//! Lists of inspections that are right whatever the service does with its filters.

use std::sync::Arc;

use futures_util::TryStreamExt as _;
use jiff::Timestamp;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::{Basis, Gap, Listing, Note, PAGE_ROWS, PAGES_PER_QUESTION_MAX, RecordsError, Whole};
use domain::{Inspection, InspectionOrder, InspectionQuery, Position, SharedNames};
use spectora::{
    Direction, Endpoint, Filter as _, FilterSupport, InspectionFilter, InspectionInclude, InspectionSort, Inspections,
    Page, Query,
};

/// The most time one question spends on reading pages; what it has by then is answered, with what is missing.
const READING_TIME_MAX: std::time::Duration = std::time::Duration::from_secs(22);
/// So many past inspections without one canceled make it likely that canceled ones cannot be seen.
pub(super) const CANCELLATION_SAMPLE_MIN: u64 = 100;
/// Rows asked for beyond those wanted, so that the end of a list is seen without another page.
const ROWS_BEYOND: u32 = 5;

/// Inspections in the order asked for.
#[derive(Clone, Debug)]
pub struct InspectionList {
    /// At most as many as asked for.
    pub rows: Vec<Arc<Inspection>>,
    /// How many are wanted in all, over all pages of the list, when that is certain.
    pub total: Option<u64>,
    /// Whether there are (or may be) more after these.
    pub more: bool,
    /// Where the search stopped, when it stopped before it found enough.
    pub searched_to: Option<Position>,
    /// Names that more than one person of the company has, as far as is known.
    pub shared_names: SharedNames,
    /// What this is based on.
    pub basis: Basis,
}

/// Whether canceled inspections can be seen at all; found out once.
#[derive(Default)]
pub(super) struct CancellationView(Mutex<Option<bool>>);

/// What a pass over the pages found.
struct Reading {
    wanted: Vec<(Position, Inspection)>,
    matched: u64,
    to_the_end: bool,
    service_total: Option<u64>,
    canceled_seen: bool,
    undated: u64,
    last_position: Option<Position>,
    basis: Basis,
}

impl Whole {
    /// The first `limit` inspections of `wanted` in `order`, after `after` when given.
    ///
    /// The same whichever filters the service honours. The total is counted by the service only where every filter is
    /// proven to work; otherwise all pages are read, within the limits of one question, and where those do not
    /// suffice there is no total and the basis says what was not read.
    pub(super) async fn inspections(
        &self,
        wanted: &InspectionQuery,
        order: InspectionOrder,
        after: Option<&Position>,
        limit: usize,
    ) -> Result<InspectionList, RecordsError> {
        if let Some(list) = self.or_service(self.mirrored_inspections(wanted, order, after, limit).await)? {
            return Ok(list);
        }
        let reading = match self.read(wanted, order, after, limit).await {
            Ok(reading) => reading,
            Err(error) => {
                // Better a part, said to be one, than nothing.
                let part = self.or_service(self.mirrored_part(wanted, order, after, limit, &error).await)?;
                return part.ok_or(error);
            }
        };
        if order.by_quote() && !reading.to_the_end {
            return Err(RecordsError::TooMuchToSort);
        }
        let mut basis = reading.basis;
        if reading.undated != 0 {
            basis.notes.push(Note::Undated(reading.undated));
        }
        if wanted.zip.is_some() {
            basis.notes.push(Note::ServiceZip);
        }
        if wanted.asks_for_canceled() && !reading.canceled_seen && !self.cancellations_visible().await? {
            basis.gaps.push(Gap::CanceledUnseen);
        }
        let total = if reading.to_the_end { Some(reading.matched) } else { reading.service_total };
        let found = reading.wanted.len();
        let stopped_short = !reading.to_the_end && found <= limit;
        if !reading.to_the_end && total.is_none() {
            let day = |position: &Position| self.timezone().to_datetime(position.starts_at).date();
            basis.gaps.push(Gap::Beyond(reading.last_position.as_ref().map(day)));
        }
        let rows: Vec<Arc<Inspection>> =
            reading.wanted.into_iter().take(limit).map(|(_, inspection)| Arc::new(inspection)).collect();
        let shared_names = self.shared_names().await?.with_those_in(rows.iter().map(AsRef::as_ref));
        Ok(InspectionList {
            rows,
            total,
            more: limit < found || stopped_short,
            searched_to: reading.last_position.filter(|_| stopped_short),
            shared_names,
            basis,
        })
    }

    async fn read(
        &self,
        wanted: &InspectionQuery,
        order: InspectionOrder,
        after: Option<&Position>,
        limit: usize,
    ) -> Result<Reading, RecordsError> {
        let deadline = Instant::now() + READING_TIME_MAX;
        let query = Self::query(wanted, order, after);
        // Where the service does all the filtering, a page need not be larger than the answer. Once it turns out that it
        // does not, all will be read, and then large pages cost the fewest requests.
        let works = |filter: &InspectionFilter| {
            let support = self.client.filter_support(Endpoint::Inspections, filter.name());
            !filter.narrows() || matches!(support, FilterSupport::Unknown | FilterSupport::Honoured)
        };
        if InspectionFilter::settle(wanted) && !order.by_quote() && query.filters.iter().all(works) {
            let size = u32::try_from(limit).unwrap_or(PAGE_ROWS).saturating_add(ROWS_BEYOND).min(PAGE_ROWS);
            let reading = self.read_pages(wanted, order, after, limit, &query, size, deadline).await?;
            let settled = reading.to_the_end || reading.service_total.is_some() || after.is_some();
            if settled && query.filters.iter().all(works) {
                return Ok(reading);
            }
        }
        self.read_pages(wanted, order, after, limit, &query, PAGE_ROWS, deadline).await
    }

    #[expect(clippy::too_many_arguments, reason = "one pass is told all of it, and nobody else calls it")]
    async fn read_pages(
        &self,
        wanted: &InspectionQuery,
        order: InspectionOrder,
        after: Option<&Position>,
        limit: usize,
        query: &Query<Inspections>,
        size: u32,
        deadline: Instant,
    ) -> Result<Reading, RecordsError> {
        let mut reading = Reading {
            wanted: Vec::new(),
            matched: 0,
            to_the_end: false,
            service_total: None,
            canceled_seen: false,
            undated: 0,
            last_position: None,
            basis: self.asked_now(),
        };
        let mut in_order = !order.by_quote();
        let mut pages = std::pin::pin!(self.client.pages(query.clone(), size, PAGES_PER_QUESTION_MAX));
        while let Ok(next) = tokio::time::timeout_at(deadline, pages.try_next()).await {
            let Some(page) = next? else { break };
            for row in &page.rows {
                reading.canceled_seen |= row.canceled_at.is_some();
                let Some(position) = order.position(row) else {
                    reading.undated += 1;
                    continue;
                };
                let newest_first = reading.last_position.as_ref().map(|last| last.starts_at.cmp(&position.starts_at));
                in_order &= match order {
                    InspectionOrder::Oldest => newest_first != Some(std::cmp::Ordering::Greater),
                    _ => newest_first != Some(std::cmp::Ordering::Less),
                };
                let is_after = after.is_none_or(|after| order.goes_on(after, &position));
                if is_after && wanted.holds(row) {
                    reading.matched += 1;
                    reading.wanted.push((position.clone(), row.clone()));
                }
                reading.last_position = Some(position);
            }
            reading.to_the_end = page.last;
            if let Some(shortfall) = page.shortfall.filter(|shortfall| 0 < *shortfall) {
                reading.basis.gaps.push(Gap::Moved(Listing::Inspections, Some(shortfall)));
            }
            if page.last {
                break;
            }
            if in_order && self.enough(&reading, limit) {
                if after.is_some() {
                    break;
                }
                reading.service_total = self.service_total(wanted, query, &page).await?;
                // Without a total, a pass of small pages ends here and one of large pages goes on to count.
                if reading.service_total.is_some() || size < PAGE_ROWS {
                    break;
                }
            }
        }
        reading.wanted.sort_by(|left, right| order.compare(&left.0, &right.0));
        Ok(reading)
    }

    /// Whether the rows at hand settle which ones come first: one more than wanted, and a later one seen.
    #[expect(clippy::unused_self, reason = "a question about a reading of these records")]
    fn enough(&self, reading: &Reading, limit: usize) -> bool {
        let Some((last_wanted, _)) = reading.wanted.get(limit) else { return false };
        reading.last_position.as_ref().is_some_and(|last| last.starts_at != last_wanted.starts_at)
    }

    fn query(wanted: &InspectionQuery, order: InspectionOrder, after: Option<&Position>) -> Query<Inspections> {
        let mut filters = InspectionFilter::of(wanted);
        let second = jiff::SignedDuration::from_secs(1);
        match (order, after) {
            (InspectionOrder::Newest, Some(after)) => {
                let before = after.starts_at.saturating_add(second).unwrap_or(Timestamp::MAX);
                filters.retain(|filter| !matches!(filter, InspectionFilter::StartsBefore(end) if before <= *end));
                if !filters.iter().any(|filter| matches!(filter, InspectionFilter::StartsBefore(_))) {
                    filters.push(InspectionFilter::StartsBefore(before));
                }
            }
            (InspectionOrder::Oldest, Some(after)) => {
                filters.retain(|filter| !matches!(filter, InspectionFilter::StartsAtOrAfter(_)));
                filters.push(InspectionFilter::StartsAtOrAfter(after.starts_at));
            }
            _ => {}
        }
        let sort = match order {
            InspectionOrder::Newest => (Direction::Descending, InspectionSort::Datetime),
            InspectionOrder::Oldest => (Direction::Ascending, InspectionSort::Datetime),
            // The quote's order is made here: all rows are read anyway, and the date is the sort key that is known.
            InspectionOrder::QuoteHighest | InspectionOrder::QuoteLowest => {
                (Direction::Descending, InspectionSort::Datetime)
            }
        };
        let include =
            vec![InspectionInclude::BuyingAgent, InspectionInclude::SellingAgent, InspectionInclude::Assignments];
        Query { filters, sort: vec![sort], include }
    }

    /// The service's own count, if every filter that narrows is proven to work. Asks for proof where it is missing.
    async fn service_total(
        &self,
        wanted: &InspectionQuery,
        query: &Query<Inspections>,
        page: &Page<Inspection>,
    ) -> Result<Option<u64>, RecordsError> {
        if !InspectionFilter::settle(wanted) {
            return Ok(None);
        }
        for filter in query.filters.iter().filter(|filter| filter.narrows()) {
            if self.client.probe::<Inspections>(filter).await? != FilterSupport::Honoured {
                return Ok(None);
            }
        }
        Ok(page.pagination.records)
    }

    /// Whether canceled inspections can be seen. True where there are too few inspections to tell.
    pub(super) async fn cancellations_visible(&self) -> Result<bool, RecordsError> {
        let mut known = self.cancellations.0.lock().await;
        if let Some(visible) = *known {
            return Ok(visible);
        }
        let newest_past = Query::<Inspections> {
            filters: vec![InspectionFilter::IncludeCanceled, InspectionFilter::StartsBefore(self.clock.now())],
            sort: vec![(Direction::Descending, InspectionSort::Datetime)],
            include: Vec::new(),
        };
        let page = self.client.page(&newest_past, 1, PAGE_ROWS).await?;
        let mut visible = page.rows.iter().any(|row| row.canceled_at.is_some());
        let seen = page.pagination.records.unwrap_or(page.received as u64);
        if !visible && seen < CANCELLATION_SAMPLE_MIN {
            return Ok(true);
        }
        if !visible {
            let canceled = Query::<Inspections> {
                filters: vec![InspectionFilter::IncludeCanceled, InspectionFilter::Canceled(true)],
                ..Query::default()
            };
            let page = self.client.page(&canceled, 1, 1).await?;
            visible = page.rows.iter().any(|row| row.canceled_at.is_some());
        }
        *known = Some(visible);
        Ok(visible)
    }
}
