//! One question, answered from the mirror or from the service, with what the answer covers.
//!
//! This is the seam between the tools and wherever the records are. The mirror answers when it is complete for what is
//! asked, after a short look for changes when it is stale; the service answers otherwise. Both give the same shape, and
//! every answer says what it is based on ([`Basis`]). What the caller may not see stays here: [`Records`] is the one way
//! out. Nothing here speaks MCP.

mod basis;
mod cache;
mod clients;
mod directory;
mod error;
mod inspections;
mod mirror_only;
mod mirrored;
mod names;
mod narrow;
mod news;
mod reach;
mod seen;
mod sums;

use std::sync::{Arc, Mutex, PoisonError};

use jiff::tz::TimeZone;

use domain::{
    Attachment, Client, ClientId, Clock, CompanyName, DateRange, Inspection, InspectionId, InspectionQuery,
    SharedNames, WeekStart,
};
use mirror::{ContentMark, Snapshot};
use spectora::{
    AttachmentFilter, AttachmentSort, Contacts, Direction, InspectionAttachments, InspectionFilter, InspectionInclude,
    InspectionSort, Inspections, Query, SpectoraClient,
};
use sync::{INSPECTION_INCLUDES, Syncer, Tasks};

pub use sync::{MirrorStatus, Progress};

pub use basis::{Basis, Gap, Listing, Note, Period, Source};
pub use clients::{ClientList, ClientsAfter, ListedClient};
pub use directory::AgentEntry;
pub use error::{Hidden, RecordsError};
pub use inspections::InspectionList;
pub use mirror::{ClientsFrom, CoverageGap, Kind, MirrorError, NameEntry, News, NewsKind, data_dictionary};
pub use mirror_only::{FoundRecord, Refreshed};
pub use names::{AgentMeant, InspectorMeant, Likeness, described};
pub use narrow::{NarrowedBy, NarrowingWanted};
pub use news::NewsSubject;
pub use reach::Need;
pub use seen::Records;
pub use spectora::{Cost, OTHER_COMPANY_REMEDY, SentRequest, SpectoraErrorKind as ServiceErrorKind, Uncounted, costed};
pub use sums::{remembered, summed, sums_max};

/// Rows to a page when everything will be read: the most the service gives.
const PAGE_ROWS: u32 = 200;
/// Decoded inspections that stay in memory: a few lists of the largest size, some 3 kB each.
const DECODED_MAX: usize = 2_000;
/// The most pages one question may read.
const PAGES_PER_QUESTION_MAX: u32 = 40;

/// Everything of one company, for any caller. Nothing outside this crate gets at it: what leaves goes through [`Records`].
#[derive(Clone)]
struct Whole {
    client: SpectoraClient,
    clock: Arc<dyn Clock>,
    agents: Arc<directory::Shelf<domain::Agent>>,
    statistics: Arc<directory::Shelf<domain::AgentStatistics>>,
    mirrored_agents: Arc<cache::Cache<u64, Vec<domain::Agent>>>,
    mirrored_statistics: Arc<cache::Cache<u64, Vec<domain::AgentStatistics>>>,
    table: Arc<mirror_only::TableCache>,
    cancellations: Arc<inspections::CancellationView>,
    /// Inspections of the mirror as they were last decoded.
    decoded: Arc<cache::Cache<ContentMark, Inspection>>,
    /// Names that more than one person has, by the revisions of inspections and agents.
    shared_names: Arc<cache::Cache<(u64, u64), SharedNames>>,
    syncer: Option<Arc<Syncer>>,
    tasks: Tasks,
    week_starts: WeekStart,
    /// Why the mirror could not be read the last time.
    mirror_problem: Arc<Mutex<Option<String>>>,
    /// The clients of one inspector's work, by what they were worked out from.
    own_clients: Arc<seen::OwnClients>,
}

impl Whole {
    fn new(client: SpectoraClient, clock: Arc<dyn Clock>) -> Self {
        Self {
            client,
            clock,
            agents: Arc::new(directory::Shelf::of(1)),
            statistics: Arc::new(directory::Shelf::of(1)),
            mirrored_agents: Arc::new(cache::Cache::of(1)),
            mirrored_statistics: Arc::new(cache::Cache::of(1)),
            table: Arc::default(),
            cancellations: Arc::default(),
            decoded: Arc::new(cache::Cache::of(DECODED_MAX)),
            shared_names: Arc::new(cache::Cache::of(1)),
            syncer: None,
            tasks: Tasks::default(),
            week_starts: WeekStart::default(),
            mirror_problem: Arc::default(),
            own_clients: Arc::new(seen::own_clients()),
        }
    }

    /// What the mirror answered; `None` where it could not be read: then the service is asked, and the answer says so.
    fn or_service<T>(&self, answer: Result<Option<T>, RecordsError>) -> Result<Option<T>, RecordsError> {
        let mut problem = self.mirror_problem.lock().unwrap_or_else(PoisonError::into_inner);
        match answer {
            Err(RecordsError::Mirror(error)) => {
                let text = error.for_note();
                if problem.as_ref() != Some(&text) {
                    tracing::warn!(company = %self.company(), error = text, "the mirror cannot be read; the service is asked");
                }
                *problem = Some(text);
                Ok(None)
            }
            Ok(Some(found)) => {
                *problem = None;
                Ok(Some(found))
            }
            other => other,
        }
    }

    /// What is read from the mirror as it stands; `None` without one, or where it could not be read (see
    /// [`Self::or_service`]).
    async fn read_mirror<T: Send + 'static>(
        &self,
        read: impl FnOnce(&mut Snapshot<'_>) -> Result<T, MirrorError> + Send + 'static,
    ) -> Result<Option<T>, RecordsError> {
        let Some(syncer) = &self.syncer else { return Ok(None) };
        self.or_service(syncer.mirror().read(read).await.map(Some).map_err(RecordsError::from))
    }

    /// The basis of what the service is asked for because the mirror does not have it, or cannot be read.
    fn asked_now(&self) -> Basis {
        let mut basis = Basis::read_at(self.clock.now());
        let problem = self.mirror_problem.lock().unwrap_or_else(PoisonError::into_inner);
        basis.notes.extend(problem.clone().map(Note::MirrorUnread));
        basis
    }

    /// A record of the mirror, decoded. One that cannot be read is damaged.
    fn decode<R: spectora::Wired>(&self, raw: Vec<u8>) -> Result<R::Record, RecordsError> {
        let read = self.client.read_back::<R>(&spectora::RawRecord::from_bytes(raw));
        read.map_err(|_| {
            let path = self.syncer.as_ref().map(|syncer| syncer.mirror().path().to_owned()).unwrap_or_default();
            MirrorError::Damaged { path, reason: "a record of it is damaged".to_owned() }.into()
        })
    }

    /// Whose records these are.
    fn company(&self) -> &CompanyName {
        self.client.company()
    }

    /// The zone of the company's civil days.
    fn timezone(&self) -> &TimeZone {
        self.client.timezone()
    }

    /// How many requests have left for the service since this program started.
    fn calls_sent(&self) -> u64 {
        self.client.calls_sent()
    }

    /// One inspection, with its clients' records. `None` when there is no such inspection.
    async fn inspection(&self, id: &InspectionId) -> Result<Option<(Inspection, Basis)>, RecordsError> {
        if let Some(found) = self.or_service(self.mirrored_inspection(id).await)? {
            return Ok(Some(found));
        }
        let found = self.client.one::<Inspections>(id, INSPECTION_INCLUDES).await;
        Ok(error::found(found)?.map(|inspection| (inspection, self.asked_now())))
    }

    /// One client. `None` when there is no such client.
    async fn client(&self, id: &ClientId) -> Result<Option<(Client, Basis)>, RecordsError> {
        let mirrored = self.mirrored_one::<Contacts>(Kind::Clients, id.as_str()).await;
        if let Some(found) = self.or_service(mirrored)? {
            return Ok(Some(found));
        }
        let found = self.client.one::<Contacts>(id, &[]).await;
        Ok(error::found(found)?.map(|client| (client, self.asked_now())))
    }

    /// The files of an inspection, newest first; all of them.
    async fn attachments(&self, id: &InspectionId) -> Result<(Vec<Attachment>, Basis), RecordsError> {
        let query = Query::<InspectionAttachments> {
            filters: vec![AttachmentFilter::Inspection(id.clone())],
            sort: vec![(Direction::Descending, AttachmentSort::CreatedAt)],
            include: Vec::new(),
        };
        self.ensure_company().await?;
        let mut basis = Basis::read_at(self.clock.now());
        let mut rows = self.read_all(query, &mut basis, Listing::Attachments).await?;
        rows.sort_by(|a, b| b.created_at.cmp(&a.created_at).then_with(|| b.id.cmp(&a.id)));
        Ok((rows, basis))
    }

    /// Inspections of these days with their files, read from the service, for the mirror keeps no files: the earliest or
    /// the latest first, as many as a few pages hold. `None` where the service does not send files with inspections.
    async fn inspections_with_attachments(
        &self,
        days: DateRange,
        latest_first: bool,
        with_inspectors: bool,
    ) -> Result<Option<Vec<Inspection>>, RecordsError> {
        use futures_util::TryStreamExt as _;
        const PAGES_MAX: u32 = 2;
        self.ensure_company().await?;
        let wanted = InspectionQuery { starts: Some(days.instants(self.timezone())), ..InspectionQuery::default() };
        let direction = if latest_first { Direction::Descending } else { Direction::Ascending };
        let mut include = vec![InspectionInclude::Attachments];
        include.extend(with_inspectors.then_some(InspectionInclude::Assignments));
        let query = Query::<Inspections> {
            filters: InspectionFilter::of(&wanted),
            sort: vec![(direction, InspectionSort::Datetime)],
            include,
        };
        let mut pages = std::pin::pin!(self.client.pages(query, PAGE_ROWS, PAGES_MAX));
        let mut rows = Vec::new();
        while let Some(page) = pages.try_next().await? {
            rows.extend(page.rows);
        }
        let any_known = rows.is_empty() || rows.iter().any(|row| row.attachments.is_some());
        Ok(any_known.then_some(rows))
    }

    /// Reads a listing to its end, within the limits of one question; says in `basis` when it is not all.
    async fn read_all<R: spectora::Wired>(
        &self,
        query: Query<R>,
        basis: &mut Basis,
        what: Listing,
    ) -> Result<Vec<R::Record>, RecordsError> {
        use futures_util::TryStreamExt as _;
        let mut pages = std::pin::pin!(self.client.pages(query, PAGE_ROWS, PAGES_PER_QUESTION_MAX));
        let mut rows = Vec::new();
        let mut ended = false;
        while let Some(page) = pages.try_next().await? {
            ended = page.last;
            if let Some(shortfall) = page.shortfall.filter(|shortfall| 0 < *shortfall) {
                basis.gaps.push(Gap::Moved(what, Some(shortfall)));
            }
            rows.extend(page.rows);
        }
        if !ended {
            basis.gaps.push(Gap::AfterPages(what, PAGES_PER_QUESTION_MAX));
        }
        Ok(rows)
    }
}
