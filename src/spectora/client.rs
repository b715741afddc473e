//! Pages and records, with every filter applied again to what came back.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::num::NonZeroU32;
use std::sync::Arc;

use futures_util::Stream;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::SecretString;

use super::error::{SpectoraError, SpectoraErrorKind};
use super::learned::{FilterSupport, Learned};
use super::limits::{ClientLimits, Limiter};
use super::origin::BaseUrl;
use super::query::{
    ConnectionStatsFilter, Direction, Endpoint, Filter, FilterName, InspectionFilter, Query, Resource, Spelled as _,
    Verdict,
};
use super::request::{ClientBuildError, Requests};
use super::wire::{self, Decode};
use crate::domain::{Clock, CompanyName};

/// The most rows of one page (from the vendor's pages).
const PAGE_ROWS_MAX: u32 = 200;
/// The most refusals one page is adapted to before the refusal is passed on.
const REFUSALS_MAX: u32 = 12;
/// What is left out first when a service refuses without saying what: what only a prototype hints at. What public code
/// was seen to use stays.
const UNCERTAIN: &[&str] = &[
    "include_archived_by_inspector",
    "include_deleted",
    "include_canceled",
    "agreements_signed",
    "canceled",
    "buyer_2",
    "buyer",
    "agent_team",
    "agent",
];
/// What a query value is encoded with: brackets and commas stay plain in names, never in values.
const VALUE: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b':');

/// Everything a client of one company needs.
#[derive(Clone, Debug)]
pub struct ClientSettings {
    /// Whose client it is; for logs.
    pub company: CompanyName,
    /// Where the service is.
    pub base_url: BaseUrl,
    /// The company's key.
    pub api_key: SecretString,
    /// The zone of the company's civil days.
    pub timezone: TimeZone,
    /// Paths that differ from [`Endpoint::default_path`].
    pub paths: BTreeMap<Endpoint, String>,
    /// The most requests in any sixty seconds.
    pub requests_per_minute: NonZeroU32,
    /// The limits of one call.
    pub limits: ClientLimits,
    /// Services whose own names hold a comma, so that they are not split.
    pub known_services: Vec<String>,
}

/// Where a page stands in its listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pagination {
    /// This page's number, from 1.
    pub current: u32,
    /// The next page's number, if the service named one.
    pub next: Option<u32>,
    /// The last page's number, if the service named one.
    pub last: Option<u32>,
    /// How many records the service counts in the whole listing.
    pub records: Option<u64>,
}

/// What became of the filters of a page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FilterReport {
    /// Proven to filter.
    pub honoured: BTreeSet<FilterName>,
    /// Proven not to filter; applied here.
    pub ignored: BTreeSet<FilterName>,
    /// Refused by the service and left out; applied here.
    pub refused: BTreeSet<FilterName>,
    /// Sent, and nothing speaks against them.
    pub unproven: BTreeSet<FilterName>,
}

/// One page of a listing.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// The rows that no filter of the query says no to.
    pub rows: Vec<T>,
    /// How many rows came.
    pub received: usize,
    /// Where the page stands.
    pub pagination: Pagination,
    /// Whether it is the last one.
    pub last: bool,
    /// What became of the filters.
    pub filters: FilterReport,
    /// When it came.
    pub received_at: Timestamp,
    /// From [`SpectoraClient::pages`]: how many different records came so far.
    pub read_so_far: u64,
    /// From [`SpectoraClient::pages`], on the last page: how many records the service counts that never came.
    pub shortfall: Option<u64>,
}

/// A read-only client of one company. Clones share the key, the cap and what was learned.
#[derive(Clone)]
pub struct SpectoraClient(Arc<Inner>);

struct Inner {
    company: CompanyName,
    timezone: TimeZone,
    paths: BTreeMap<Endpoint, String>,
    requests: Requests,
    learned: Learned,
    decode: Decode,
    clock: Arc<dyn Clock>,
}

impl SpectoraClient {
    /// A client with these settings. No request is made.
    pub fn new(settings: ClientSettings, clock: Arc<dyn Clock>) -> Result<Self, ClientBuildError> {
        let requests = Requests::new(
            settings.company.clone(),
            &settings.api_key,
            settings.base_url,
            settings.limits,
            Limiter::new(settings.requests_per_minute),
            Arc::clone(&clock),
        )?;
        Ok(Self(Arc::new(Inner {
            company: settings.company,
            timezone: settings.timezone,
            paths: settings.paths,
            requests,
            learned: Learned::default(),
            decode: Decode::new(settings.known_services),
            clock,
        })))
    }

    /// Whose client it is.
    pub fn company(&self) -> &CompanyName {
        &self.0.company
    }

    /// The zone of the company's civil days.
    pub fn timezone(&self) -> &TimeZone {
        &self.0.timezone
    }

    /// How many requests have left since this client was made, failed ones included.
    pub fn calls_sent(&self) -> u64 {
        self.0.requests.sent()
    }

    /// What is known so far of a filter.
    pub fn filter_support(&self, endpoint: Endpoint, filter: FilterName) -> FilterSupport {
        self.0.learned.filter(endpoint, filter)
    }

    /// Page `number` (from 1) of at most `size` (1 to 200) rows.
    ///
    /// Filters, sort keys and includes the service refuses are left out from then on; filters are applied again to
    /// what came back.
    pub async fn page<R: Wired>(
        &self,
        query: &Query<R>,
        number: u32,
        size: u32,
    ) -> Result<Page<R::Record>, SpectoraError> {
        let size = size.clamp(1, PAGE_ROWS_MAX);
        let mut refusals = 0;
        loop {
            let text = self.query_text(query, number, size);
            let path = self.path(R::ENDPOINT);
            let body = match self.0.requests.get(R::ENDPOINT, &path, &text).await {
                Ok(body) => body,
                Err(error) => {
                    if refusals < REFUSALS_MAX && self.adapt(query, &error) {
                        refusals += 1;
                        continue;
                    }
                    return Err(error);
                }
            };
            return self.read_page(query, &body, number, size);
        }
    }

    fn read_page<R: Wired>(
        &self,
        query: &Query<R>,
        body: &[u8],
        number: u32,
        size: u32,
    ) -> Result<Page<R::Record>, SpectoraError> {
        let document =
            self.0.decode.page::<R>(body).map_err(|kind| SpectoraError { endpoint: R::ENDPOINT, attempts: 1, kind })?;
        let received = document.rows.len();
        let mut filters = FilterReport::default();
        let mut rows = document.rows;
        for filter in &query.filters {
            let name = filter.name();
            let support = self.filter_support(R::ENDPOINT, name);
            let before = rows.len();
            let wrong =
                rows.iter().filter(|row| filter.check(row) == Verdict::Fails && !filter.within_overlap(row)).count();
            rows.retain(|row| filter.check(row) != Verdict::Fails);
            debug_assert!(rows.len() <= before, "a filter only takes away");
            let support = match support {
                FilterSupport::Unknown | FilterSupport::Honoured if 0 < wrong => FilterSupport::Ignored,
                support => support,
            };
            match support {
                FilterSupport::Honoured => filters.honoured.insert(name),
                FilterSupport::Ignored => {
                    self.0.learned.set_filter(R::ENDPOINT, name, FilterSupport::Ignored);
                    filters.ignored.insert(name)
                }
                FilterSupport::Refused => filters.refused.insert(name),
                FilterSupport::Unknown => filters.unproven.insert(name),
            };
        }
        let told = document.pagination;
        let current = told.and_then(|told| told.current).unwrap_or(number);
        let next = told.and_then(|told| told.next);
        let last_number = told.and_then(|told| told.last);
        let records = told.and_then(|told| told.records);
        let reached = u64::from(number) * u64::from(size);
        let last = match (next, last_number, records) {
            (Some(_), _, _) => false,
            (None, Some(last), _) if number < last => false,
            (None, _, Some(records)) => records <= reached || received == 0,
            (None, Some(_), None) => true,
            (None, None, None) => received < size as usize,
        };
        Ok(Page {
            rows,
            received,
            pagination: Pagination { current, next, last: last_number, records },
            last,
            filters,
            received_at: self.0.clock.now(),
            read_so_far: received as u64,
            shortfall: None,
        })
    }

    /// Every page, one after another, at most `pages_max` of them. No record comes twice; the last page says how many
    /// the service counts that never came.
    pub fn pages<R: Wired>(
        &self,
        query: Query<R>,
        size: u32,
        pages_max: u32,
    ) -> impl Stream<Item = Result<Page<R::Record>, SpectoraError>> + Send + 'static {
        let client = self.clone();
        let start = Some((1_u32, HashSet::<R::Id>::new()));
        futures_util::stream::try_unfold(start, move |state| {
            let client = client.clone();
            let query = query.clone();
            async move {
                let Some((number, mut seen)) = state else { return Ok(None) };
                let mut page = client.page(&query, number, size).await?;
                // Rows dropped by a filter are counted as read by their number only: they may come twice, which makes
                // the count too high and never hides a gap in what is wanted.
                let dropped = page.received - page.rows.len();
                page.rows.retain(|row| seen.insert(R::id(row).clone()));
                page.read_so_far = (seen.len() + dropped) as u64;
                if page.last {
                    let counted = page.pagination.records;
                    let all_kept = dropped == 0 && page.filters.ignored.is_empty() && page.filters.refused.is_empty();
                    let read = seen.len() as u64;
                    page.shortfall = counted.filter(|_| all_kept).map(|counted| counted.saturating_sub(read));
                }
                let state = (!page.last && number < pages_max).then_some((number + 1, seen));
                Ok(Some((page, state)))
            }
        })
    }

    /// One record by its id. Statistics about agents have no address of their own and are asked for by filter.
    pub async fn one<R: Wired>(&self, id: &R::Id, include: &[R::Include]) -> Result<R::Record, SpectoraError> {
        let fail = |kind| SpectoraError { endpoint: R::ENDPOINT, attempts: 1, kind };
        if let Some(filter) = R::id_filter(id) {
            let query = Query::<R> { filters: vec![filter], ..Query::default() };
            let page = self.page(&query, 1, PAGE_ROWS_MAX).await?;
            let row = page.rows.into_iter().find(|row| R::id(row) == id);
            return row.ok_or_else(|| fail(SpectoraErrorKind::NotFound { assumed_path: None }));
        }
        let mut refusals = 0;
        loop {
            let wanted: Vec<&str> = include
                .iter()
                .map(|include| include.spelling())
                .filter(|word| !self.0.learned.word_is_refused(R::ENDPOINT, word))
                .collect();
            let text = if wanted.is_empty() { String::new() } else { format!("include={}", wanted.join(",")) };
            let path = format!("{}/{id}", self.path(R::ENDPOINT));
            match self.0.requests.get(R::ENDPOINT, &path, &text).await {
                Ok(body) => return self.0.decode.one::<R>(&body).map_err(fail),
                Err(error) => {
                    let query = Query::<R> { include: include.to_vec(), ..Query::default() };
                    if refusals < REFUSALS_MAX && self.adapt(&query, &error) {
                        refusals += 1;
                        continue;
                    }
                    return Err(self.own_absence(R::ENDPOINT, error).await);
                }
            }
        }
    }

    /// A missing record at an assumed path: is it the record, or the path? The listing tells.
    async fn own_absence(&self, endpoint: Endpoint, error: SpectoraError) -> SpectoraError {
        if !matches!(error.kind, SpectoraErrorKind::NotFound { assumed_path: Some(_) }) {
            return error;
        }
        match self.0.requests.get(endpoint, &self.path(endpoint), "page[size]=1").await {
            Ok(_) => SpectoraError { kind: SpectoraErrorKind::NotFound { assumed_path: None }, ..error },
            Err(_) => error,
        }
    }

    /// Finds out what the service does with a filter, with at most two cheap requests, and remembers it.
    ///
    /// A value that cannot exist must find nothing; of true and false together one must find less than the other.
    pub async fn probe<R: Wired>(&self, filter: &R::Filter) -> Result<FilterSupport, SpectoraError> {
        let known = self.filter_support(R::ENDPOINT, filter.name());
        if known != FilterSupport::Unknown {
            return Ok(known);
        }
        let mut counts = Vec::new();
        for probe in R::probes(filter) {
            let query = Query::<R> { filters: vec![probe], ..Query::default() };
            let page = self.page(&query, 1, 1).await?;
            let learned = self.filter_support(R::ENDPOINT, filter.name());
            if learned != FilterSupport::Unknown {
                return Ok(learned);
            }
            counts.push(page.pagination.records.unwrap_or(page.received as u64));
        }
        let support = match counts.as_slice() {
            [0] => FilterSupport::Honoured,
            [_] => FilterSupport::Ignored,
            [yes, no] if yes != no => FilterSupport::Honoured,
            _ => return Ok(FilterSupport::Unknown),
        };
        self.0.learned.set_filter(R::ENDPOINT, filter.name(), support);
        Ok(support)
    }

    fn path(&self, endpoint: Endpoint) -> String {
        self.0.paths.get(&endpoint).cloned().unwrap_or_else(|| endpoint.default_path().to_owned())
    }

    fn query_text<R: Wired>(&self, query: &Query<R>, number: u32, size: u32) -> String {
        let endpoint = R::ENDPOINT;
        let sent =
            |name| !matches!(self.filter_support(endpoint, name), FilterSupport::Ignored | FilterSupport::Refused);
        let mut parts = vec![format!("page[number]={number}"), format!("page[size]={size}")];
        for filter in query.filters.iter().filter(|filter| sent(filter.name())) {
            parts.push(format!("filter[{}]={}", filter.name(), utf8_percent_encode(&filter.value(), VALUE)));
        }
        let sort: Vec<String> = query
            .sort
            .iter()
            .map(|(direction, key)| (direction, key.spelling()))
            .filter(|(_, key)| !self.0.learned.word_is_refused(endpoint, key))
            .map(
                |(direction, key)| if *direction == Direction::Descending { format!("-{key}") } else { key.to_owned() },
            )
            .collect();
        if !sort.is_empty() {
            parts.push(format!("sort={}", sort.join(",")));
        }
        let include: Vec<&str> = query
            .include
            .iter()
            .map(|include| include.spelling())
            .filter(|word| !self.0.learned.word_is_refused(endpoint, word))
            .collect();
        if !include.is_empty() {
            parts.push(format!("include={}", include.join(",")));
        }
        parts.join("&")
    }

    /// Learns from a refused request which of its words to leave out. False when there is nothing to leave out.
    fn adapt<R: Wired>(&self, query: &Query<R>, error: &SpectoraError) -> bool {
        let SpectoraErrorKind::RequestRefused { status: 400 | 422, detail } = &error.kind else { return false };
        let endpoint = R::ENDPOINT;
        let still_sent =
            |name| !matches!(self.filter_support(endpoint, name), FilterSupport::Ignored | FilterSupport::Refused);
        let names = |word: &str| detail.split(|c: char| !c.is_alphanumeric() && c != '_').any(|part| part == word);
        let filters: Vec<FilterName> =
            query.filters.iter().map(Filter::name).filter(|name| still_sent(*name)).collect();
        let sort = query.sort.iter().map(|(_, key)| key.spelling());
        let include = query.include.iter().map(|include| include.spelling());
        let words: Vec<&'static str> =
            sort.chain(include).filter(|word| !self.0.learned.word_is_refused(endpoint, word)).collect();
        if let Some(named) = filters.iter().find(|name| names(name)) {
            self.0.learned.set_filter(endpoint, named, FilterSupport::Refused);
            return true;
        }
        if let Some(named) = words.iter().find(|word| names(word)) {
            self.0.learned.refuse_word(endpoint, named);
            return true;
        }
        // The service does not say what it refuses.
        for uncertain in UNCERTAIN {
            if let Some(name) = filters.iter().find(|name| *name == uncertain) {
                self.0.learned.set_filter(endpoint, name, FilterSupport::Refused);
                return true;
            }
            if let Some(word) = words.iter().find(|word| *word == uncertain) {
                self.0.learned.refuse_word(endpoint, word);
                return true;
            }
        }
        false
    }
}

/// A resource this client can decode and probe.
pub trait Wired: Resource + wire::FromWire {
    /// The filter that finds one record, for what has no address of its own.
    fn id_filter(_id: &Self::Id) -> Option<Self::Filter> {
        None
    }

    /// Filters of the same name whose answers tell whether it filters: one that must find nothing, or two that must
    /// differ. Empty when it cannot be told.
    fn probes(_filter: &Self::Filter) -> Vec<Self::Filter> {
        Vec::new()
    }
}

impl Wired for super::query::Inspections {
    fn probes(filter: &InspectionFilter) -> Vec<InspectionFilter> {
        // No id is that large, no ZIP code is that, and nothing is booked that far ahead.
        const NO_ID: &str = "9999999999999999";
        let far = "2190-01-01T00:00:00Z".parse::<Timestamp>();
        let long_ago = "1900-01-01T00:00:00Z".parse::<Timestamp>();
        let by_id = |filter: fn(&str) -> Option<InspectionFilter>| filter(NO_ID).into_iter().collect::<Vec<_>>();
        match filter {
            InspectionFilter::Id(_) => by_id(|id| id.parse().ok().map(InspectionFilter::Id)),
            InspectionFilter::Connection(_) => by_id(|id| id.parse().ok().map(InspectionFilter::Connection)),
            InspectionFilter::Agent(_) => by_id(|id| id.parse().ok().map(InspectionFilter::Agent)),
            InspectionFilter::Inspector(_) => by_id(|id| id.parse().ok().map(InspectionFilter::Inspector)),
            InspectionFilter::Zip(_) => vec![InspectionFilter::Zip("00000".to_owned())],
            InspectionFilter::FullText(_) => vec![InspectionFilter::FullText("zqxjkvbwpzqxjk".to_owned())],
            InspectionFilter::Address(_) => vec![InspectionFilter::Address("zqxjkvbwpzqxjk".to_owned())],
            InspectionFilter::StartsAtOrAfter(_) => far.into_iter().map(InspectionFilter::StartsAtOrAfter).collect(),
            InspectionFilter::StartsBefore(_) => long_ago.into_iter().map(InspectionFilter::StartsBefore).collect(),
            InspectionFilter::Paid(_) => vec![InspectionFilter::Paid(true), InspectionFilter::Paid(false)],
            InspectionFilter::Confirmed(_) => {
                vec![InspectionFilter::Confirmed(true), InspectionFilter::Confirmed(false)]
            }
            InspectionFilter::Published(_) => {
                vec![InspectionFilter::Published(true), InspectionFilter::Published(false)]
            }
            InspectionFilter::Canceled(_) => vec![InspectionFilter::Canceled(true), InspectionFilter::Canceled(false)],
            InspectionFilter::AgreementsSigned(_) => {
                vec![InspectionFilter::AgreementsSigned(true), InspectionFilter::AgreementsSigned(false)]
            }
            InspectionFilter::IncludeCanceled
            | InspectionFilter::IncludeDeleted
            | InspectionFilter::IncludeArchived => Vec::new(),
        }
    }
}

impl Wired for super::query::Connections {}
impl Wired for super::query::Contacts {}
impl Wired for super::query::InspectionAttachments {}

impl Wired for super::query::ConnectionStats {
    fn id_filter(id: &Self::Id) -> Option<Self::Filter> {
        Some(ConnectionStatsFilter::Id(id.clone()))
    }
}
