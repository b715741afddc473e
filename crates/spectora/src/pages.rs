//! A listing read page by page, so that no record is lost silently and none comes twice.

use std::collections::HashSet;

use futures_util::Stream;

use super::client::{Page, SpectoraClient};
use super::error::SpectoraError;
use super::plan::Plan;
use super::query::Query;
use super::wired::Wired;

impl SpectoraClient {
    /// Every page, one after another, at most `pages_max` of them. No record comes twice.
    ///
    /// Records move between pages while they are read. When the service counts more than came, or its count fell
    /// meanwhile, the listing is read once more, as far as `pages_max` allows, for what was missed; the last page says
    /// how many records are still missing. The same filters are sent for every page; when the service refuses one half
    /// way, the listing begins anew without it.
    pub fn pages<R: Wired>(
        &self,
        query: Query<R>,
        size: u32,
        pages_max: u32,
    ) -> impl Stream<Item = Result<Page<R::Record>, SpectoraError>> + Send + 'static {
        let reading = Reading {
            plan: self.plan(&query),
            client: self.clone(),
            query,
            size,
            pages_left: pages_max,
            number: 1,
            read: 0,
            seen: HashSet::new(),
            given: HashSet::new(),
            counted: None,
            fallen_by: 0,
            again: false,
            ended: false,
        };
        futures_util::stream::try_unfold(reading, async move |mut reading| {
            let page = reading.next().await?;
            Ok(page.map(|page| (page, reading)))
        })
    }
}

struct Reading<R: Wired> {
    client: SpectoraClient,
    query: Query<R>,
    plan: Plan,
    size: u32,
    pages_left: u32,
    /// The page to read next.
    number: u32,
    /// Rows that came since the listing began (anew).
    read: u64,
    /// Every record that came.
    seen: HashSet<R::Id>,
    /// Every record that was passed on.
    given: HashSet<R::Id>,
    /// The service's latest count.
    counted: Option<u64>,
    /// By how much that count fell while reading: as many records may have slipped to a page already read.
    fallen_by: u64,
    /// Whether this is the second reading.
    again: bool,
    ended: bool,
}

impl<R: Wired> Reading<R> {
    async fn next(&mut self) -> Result<Option<Page<R::Record>>, SpectoraError> {
        loop {
            if self.ended || self.pages_left == 0 {
                return Ok(None);
            }
            self.pages_left -= 1;
            let omitted = self.plan.omitted().len();
            let received =
                self.client.planned_page(&self.query, &mut self.plan, self.number, self.size, self.read).await?;
            if omitted != self.plan.omitted().len() && 1 < self.number {
                // Without the refused filter the listing is another one, and its earlier pages hold other rows.
                self.begin_anew();
                continue;
            }
            let mut page = received.page;
            self.read += page.received as u64;
            self.seen.extend(received.ids);
            page.rows.retain(|row| self.given.insert(R::id(row).clone()));
            page.read_so_far = self.seen.len() as u64;
            if let Some(records) = page.pagination.records {
                self.fallen_by += self.counted.map_or(0, |before| before.saturating_sub(records));
                self.counted = Some(records);
            }
            if page.last {
                self.settle(&mut page);
            } else {
                self.number = page.pagination.after(self.number);
            }
            return Ok(Some(page));
        }
    }

    /// At the last page: reads again if something may be missing, else says what is.
    fn settle(&mut self, page: &mut Page<R::Record>) {
        let missing = self.counted.map(|counted| counted.saturating_sub(self.seen.len() as u64));
        let suspect = 0 < missing.unwrap_or(0) || 0 < self.fallen_by;
        if suspect && !self.again && 1 < self.number && self.number <= self.pages_left {
            self.again = true;
            self.begin_anew();
            page.last = false;
            return;
        }
        self.ended = true;
        // After a second reading only a count that does not fit speaks of a gap.
        let slipped = if self.again { 0 } else { self.fallen_by };
        page.shortfall = missing.map(|missing| missing.max(slipped));
    }

    fn begin_anew(&mut self) {
        self.number = 1;
        self.read = 0;
        self.counted = None;
    }
}
