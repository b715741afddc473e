//! Pages and records, with every filter applied again to what came back.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::tz::TimeZone;
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};

use super::capabilities::{Capabilities, FilterSupport, Part};
use super::corrections::{Corrections, PAGE_ROWS_MAX};
use super::error::{SpectoraError, SpectoraErrorKind};
use super::forgotten::Forgotten;
use super::http::ClientBuildError;
use super::meter::Purpose;
use super::plan::Plan;
use super::query::ChangedSinceName;
use super::query::{Endpoint, Filter as _, FilterName, Query, Resource, Verdict};
use super::request::{AskedAt, Call, Reply, Requests, Route};
use super::settings::ClientSettings;
use super::wire::{Decode, RawRecord, ToldPagination};
use super::wired::Wired;
use domain::{Clock, CompanyName, Naming};

/// The most pages read for one record where the filter for it is ignored.
const PAGES_FOR_ONE_MAX: u32 = 100;
/// The most refusals one call is adapted to before the refusal is passed on.
const REFUSALS_MAX: u32 = 12;

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
    /// How many rows were asked for.
    pub size: u32,
}

impl Pagination {
    /// The page to read after page `number`: the one the service names where that leads on, else the next one.
    pub fn after(&self, number: u32) -> u32 {
        self.next.filter(|next| number < *next).unwrap_or(number.saturating_add(1))
    }
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
    /// Of those ignored or refused: some row does not carry what it would take to apply them here, so rows that do not
    /// meet them may be among the page's.
    pub undecided: BTreeSet<FilterName>,
}

impl FilterReport {
    /// Whether none was left out and none is known not to filter.
    pub fn all_at_work(&self) -> bool {
        self.ignored.is_empty() && self.refused.is_empty()
    }
}

/// One page of a listing.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// The rows that no filter of the query says no to, each record once.
    pub rows: Vec<T>,
    /// How many rows came.
    pub received: usize,
    /// Where the page stands.
    pub pagination: Pagination,
    /// Whether it is the last one.
    pub last: bool,
    /// What became of the filters.
    pub filters: FilterReport,
    /// False when a sort key was refused and left out.
    pub sorted: bool,
    /// Includes the service refused, so that what they bring is not there.
    pub includes_refused: BTreeSet<&'static str>,
    /// When its request left, by both clocks.
    pub asked: AskedAt,
    /// What of the query was not sent, because the service refuses it or is known to ignore it; the same text means the
    /// same listing.
    pub omitted: String,
    /// The companies the rows say they belong to: one at most.
    pub companies: BTreeSet<String>,
    /// How many different records came so far, whether or not a filter then dropped them.
    pub read_so_far: u64,
    /// The rows as they came, by the record's id; only from [`SpectoraClient::page_with_raw`].
    pub raws: HashMap<String, RawRecord>,
    /// From [`SpectoraClient::pages`], on the last page: how many records the service counts that never came, at most;
    /// 0 when all came, `None` when the service does not count.
    pub shortfall: Option<u64>,
}

/// A page with the ids of all rows that came, the dropped ones included.
pub(super) struct Received<R: Resource> {
    pub(super) page: Page<R::Record>,
    pub(super) ids: Vec<R::Id>,
}

/// A read-only client of one company. Clones share the key, the cap and what was found out about the service.
#[derive(Clone)]
pub struct SpectoraClient(Arc<Inner>, Purpose);

/// Where a page stands in what was asked.
#[derive(Clone, Copy)]
struct Place {
    number: u32,
    size: u32,
    read_before: u64,
    keep_raw: bool,
}

struct Inner {
    company: CompanyName,
    timezone: TimeZone,
    paths: BTreeMap<Endpoint, String>,
    requests: Requests,
    capabilities: Capabilities,
    changed_since: Option<ChangedSinceName>,
    decode: Decode,
    corrections: Arc<Corrections>,
    api_key: SecretString,
    /// The id of the one company whose records are taken; not set before any record told it.
    holds: Mutex<Option<String>>,
}

impl SpectoraClient {
    /// A client with these settings. No request is made.
    pub fn new(settings: ClientSettings, clock: Arc<dyn Clock>) -> Result<Self, ClientBuildError> {
        let requests = Requests::new(&settings, Arc::clone(&clock))?;
        let inner = Inner {
            company: settings.company,
            timezone: settings.timezone,
            paths: settings.paths,
            requests,
            capabilities: Capabilities::new(clock),
            changed_since: settings.changed_since,
            decode: Decode::new(
                settings.known_services,
                settings.naming,
                Arc::clone(&settings.corrections),
                settings.forgotten,
            ),
            corrections: settings.corrections,
            api_key: settings.api_key,
            holds: Mutex::new(None),
        };
        Ok(Self(Arc::new(inner), Purpose::Direct))
    }

    /// Whose client it is.
    pub fn company(&self) -> &CompanyName {
        &self.0.company
    }

    /// The zone of the company's civil days.
    pub fn timezone(&self) -> &TimeZone {
        &self.0.timezone
    }

    /// What the company says about names.
    pub fn naming(&self) -> &Naming {
        self.0.decode.naming()
    }

    /// How many requests have left since this client was made, failed ones included.
    pub fn calls_sent(&self) -> u64 {
        self.0.requests.sent()
    }

    /// By how much the service's clock was ahead of this machine's in its latest reply, to about a second; `None` before
    /// the first reply that told its time.
    pub fn clock_ahead(&self) -> Option<jiff::SignedDuration> {
        self.0.requests.clock_ahead()
    }

    /// The id of the company whose records these are; `None` before any record told it.
    pub fn company_id(&self) -> Option<String> {
        self.0.holds.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// From now on only records of this company are taken; a reply with another's is refused whole.
    pub fn hold_to(&self, company_id: &str) {
        *self.0.holds.lock().unwrap_or_else(PoisonError::into_inner) = Some(company_id.to_owned());
    }

    /// A mark of the key that tells whether it is the same one again, and nothing else of it (SHA-256 over a salt and the
    /// key, in base64).
    pub fn key_mark(&self, salt: &str) -> String {
        let digest = Sha256::new().chain_update(salt).chain_update(self.0.api_key.expose_secret()).finalize();
        URL_SAFE_NO_PAD.encode(digest)
    }

    /// The first company that came is the one that is held to; a reply with records of another is refused whole.
    fn check_company(&self, came: &BTreeSet<String>) -> Result<(), SpectoraErrorKind> {
        let mut holds = self.0.holds.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(first) = came.first() else { return Ok(()) };
        let expected = holds.as_ref().unwrap_or(first);
        match came.iter().find(|id| *id != expected) {
            Some(found) => Err(SpectoraErrorKind::OtherCompany { expected: expected.clone(), found: found.clone() }),
            None => {
                *holds = Some(first.clone());
                Ok(())
            }
        }
    }

    pub(super) fn expected_attributes<R: Wired>(&self) -> BTreeSet<String> {
        self.0.decode.expected::<R>()
    }

    /// What is known so far of a filter.
    pub fn filter_support(&self, endpoint: Endpoint, filter: FilterName) -> FilterSupport {
        if self.0.corrections.filter(endpoint, filter).is_none() {
            return FilterSupport::Ignored;
        }
        self.0.capabilities.filter(endpoint, filter)
    }

    pub(super) fn configured_name(&self) -> Option<ChangedSinceName> {
        self.0.changed_since
    }

    pub(super) fn capabilities(&self) -> &Capabilities {
        &self.0.capabilities
    }

    /// What is corrected about stored records, as a text that is the same for the same corrections; empty for none.
    pub fn corrections_mark(&self) -> String {
        self.0.corrections.mark()
    }

    pub(super) fn corrections(&self) -> &Arc<Corrections> {
        &self.0.corrections
    }

    pub(super) fn plan<R: Resource>(&self, query: &Query<R>) -> Plan {
        Plan::new(query, &self.0.capabilities, &self.0.corrections)
    }

    pub(super) fn path(&self, endpoint: Endpoint) -> &str {
        self.listing(endpoint).listing
    }

    /// The body of the reply to a plain question, whatever stands in it.
    pub(super) async fn body(&self, endpoint: Endpoint, path: &str, query: &str) -> Result<Vec<u8>, SpectoraError> {
        let mut call = self.call(endpoint);
        Ok(self.0.requests.get(&mut call, &Route { listing: path, id: None }, query).await?.body)
    }

    fn listing(&self, endpoint: Endpoint) -> Route<'_> {
        let listing = self.0.paths.get(&endpoint).map_or_else(|| endpoint.default_path(), String::as_str);
        Route { listing, id: None }
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
        let mut plan = self.plan(query);
        Ok(self.planned_page(query, &mut plan, number, size, 0).await?.page)
    }

    /// As [`Self::page`], with the rows as they came beside the records. `read_before` rows came on the pages before.
    pub async fn page_with_raw<R: Wired>(
        &self,
        query: &Query<R>,
        number: u32,
        size: u32,
        read_before: u64,
    ) -> Result<Page<R::Record>, SpectoraError> {
        let mut plan = self.plan(query);
        let place = Place { number, size, read_before, keep_raw: true };
        Ok(self.page_at(query, &mut plan, place).await?.page)
    }

    /// The record of a row that was kept; no request is made.
    pub fn read_back<R: Wired>(&self, raw: &RawRecord) -> Result<R::Record, SpectoraError> {
        self.0.decode.one::<R>(raw.as_bytes()).map_err(|kind| self.call(R::ENDPOINT).fail(kind))
    }

    /// The same, with the row as it is to be kept from now on: without people who were forgotten since it came.
    pub fn read_back_to_keep<R: Wired>(&self, raw: RawRecord) -> Result<(R::Record, RawRecord), SpectoraError> {
        if self.forgotten().is_empty() {
            return Ok((self.read_back::<R>(&raw)?, raw));
        }
        self.0.decode.one_as_kept::<R>(raw.as_bytes()).map_err(|kind| self.call(R::ENDPOINT).fail(kind))
    }

    /// Whom no record tells of.
    pub fn forgotten(&self) -> &Forgotten {
        self.0.decode.forgotten()
    }

    fn call(&self, endpoint: Endpoint) -> Call {
        self.0.requests.call(endpoint, self.1)
    }

    /// The same client for work nobody waits for: it stops earlier when the month's calls run low.
    pub fn for_background(&self) -> Self {
        Self(Arc::clone(&self.0), Purpose::Background)
    }

    /// As [`Self::page`], sending what `plan` says; the plan is changed where the service refuses it. `read_before` rows
    /// came on the pages before.
    pub(super) async fn planned_page<R: Wired>(
        &self,
        query: &Query<R>,
        plan: &mut Plan,
        number: u32,
        size: u32,
        read_before: u64,
    ) -> Result<Received<R>, SpectoraError> {
        self.page_at(query, plan, Place { number, size, read_before, keep_raw: false }).await
    }

    async fn page_at<R: Wired>(
        &self,
        query: &Query<R>,
        plan: &mut Plan,
        place: Place,
    ) -> Result<Received<R>, SpectoraError> {
        let place = Place { size: place.size.clamp(1, self.0.corrections.size_max()), ..place };
        let paging = self.0.corrections.page(place.number, place.size);
        let mut call = self.call(R::ENDPOINT);
        let reply = self.ask(&mut call, &self.listing(R::ENDPOINT), &paging, query, plan).await?;
        self.read_page(query, plan, &reply, place).map_err(|kind| call.fail(kind))
    }

    /// Asks, leaving out what is refused one by one. A refusal that stays is passed on as it was first.
    ///
    /// One refusal is not believed: the same request is sent again before anything is left out. What was left out without
    /// being named is proven once the request goes through, by asking with all of it again: a fault that passed must not
    /// leave a filter out for hours.
    pub(super) async fn ask<R: Wired>(
        &self,
        call: &mut Call,
        route: &Route<'_>,
        paging: &str,
        query: &Query<R>,
        plan: &mut Plan,
    ) -> Result<Reply, SpectoraError> {
        let whole = plan.clone();
        let mut first_refusal = None;
        let mut refused_text = None;
        for _ in 0..=2 * REFUSALS_MAX {
            let asked = plan.request(query, paging);
            let (status, detail) = match self.0.requests.get(call, route, &asked).await {
                Ok(reply) => {
                    if plan.has_guessed() {
                        // It went through without what was guessed at. Does it still not go through with it?
                        let named = plan.without_guesses(&whole);
                        match self.0.requests.get(call, route, &named.request(query, paging)).await {
                            Ok(reply) => {
                                *plan = named;
                                plan.succeeded::<R>(&self.0.capabilities);
                                return Ok(reply);
                            }
                            Err(error) if matches!(error.kind, SpectoraErrorKind::RequestRefused { .. }) => {}
                            // That it cannot be asked now proves nothing.
                            Err(error) => return Err(error),
                        }
                    }
                    plan.succeeded::<R>(&self.0.capabilities);
                    return Ok(reply);
                }
                Err(SpectoraError {
                    kind: SpectoraErrorKind::RequestRefused { status: status @ (400 | 422), detail },
                    ..
                }) => (status, detail),
                Err(error) => return Err(error),
            };
            if refused_text.as_ref() != Some(&asked) {
                refused_text = Some(asked);
                first_refusal.get_or_insert(SpectoraErrorKind::RequestRefused { status, detail });
                continue;
            }
            let adapted = plan.adapt(query, &detail);
            first_refusal.get_or_insert(SpectoraErrorKind::RequestRefused { status, detail });
            if !adapted {
                break;
            }
        }
        let nothing = || SpectoraErrorKind::RequestRefused { status: 400, detail: "no reason given".to_owned() };
        Err(call.fail(first_refusal.unwrap_or_else(nothing)))
    }

    fn read_page<R: Wired>(
        &self,
        query: &Query<R>,
        plan: &Plan,
        reply: &Reply,
        place: Place,
    ) -> Result<Received<R>, SpectoraErrorKind> {
        let Place { number, size, read_before, keep_raw } = place;
        let document = self.0.decode.page::<R>(&reply.body, keep_raw)?;
        self.check_company(&document.companies)?;
        let received = document.rows.len();
        if 0 < received {
            self.0.capabilities.set_inhabited(R::ENDPOINT);
        }
        let mut rows = document.rows;
        let mut seen = HashSet::new();
        rows.retain(|row| seen.insert(R::id(row).clone()));
        let ids: Vec<R::Id> = rows.iter().map(|row| R::id(row).clone()).collect();
        let filters = self.apply_filters(query, plan, &mut rows);
        let told = document.pagination.unwrap_or_default();
        let includes_refused = plan.omitted().iter().filter_map(|part| match part {
            Part::Include(word) => Some(*word),
            Part::Filter(_) | Part::Sort(_) => None,
        });
        let page = Page {
            rows,
            received,
            pagination: Pagination {
                current: told.current.unwrap_or(number),
                next: told.next,
                last: told.last,
                records: told.records,
                size,
            },
            last: is_last(told, number, size, received as u64, read_before),
            filters,
            sorted: !plan.omitted().iter().any(|part| matches!(part, Part::Sort(_))),
            includes_refused: includes_refused.collect(),
            asked: reply.asked,
            omitted: plan.omitted_text(),
            companies: document.companies,
            read_so_far: ids.len() as u64,
            raws: document.raws,
            shortfall: None,
        };
        Ok(Received { page, ids })
    }

    /// Drops the rows that a filter says no to. A row that should not have come proves its filter ignored, unless it
    /// lies where the filter as sent reaches further than the filter as meant.
    fn apply_filters<R: Wired>(&self, query: &Query<R>, plan: &Plan, rows: &mut Vec<R::Record>) -> FilterReport {
        let mut report = FilterReport::default();
        let mut names = HashSet::new();
        for filter in &query.filters {
            let name = filter.name();
            let sent = plan.sends(Part::Filter(name)) && names.insert(name);
            let proven =
                sent && rows.iter().any(|row| filter.check(row) == Verdict::Fails && !filter.within_overlap(row));
            if proven {
                self.0.capabilities.set_filter(R::ENDPOINT, name, FilterSupport::Ignored);
            }
            rows.retain(|row| filter.check(row) != Verdict::Fails);
            let support = match self.filter_support(R::ENDPOINT, name) {
                FilterSupport::Unknown | FilterSupport::Honoured if !plan.sends(Part::Filter(name)) => {
                    FilterSupport::Refused
                }
                support => support,
            };
            let undecided = !sent || support == FilterSupport::Ignored;
            if undecided && rows.iter().any(|row| filter.check(row) == Verdict::CannotTell) {
                report.undecided.insert(name);
            }
            match support {
                FilterSupport::Honoured => report.honoured.insert(name),
                FilterSupport::Ignored => report.ignored.insert(name),
                FilterSupport::Refused => report.refused.insert(name),
                FilterSupport::Unknown => report.unproven.insert(name),
            };
        }
        report
    }

    /// One record by its id. Statistics about agents have no address of their own and are asked for by filter.
    pub async fn one<R: Wired>(&self, id: &R::Id, include: &[R::Include]) -> Result<R::Record, SpectoraError> {
        Ok(self.one_with_raw::<R>(id, include).await?.0)
    }

    /// As [`Self::one`], with the record as it came.
    pub async fn one_with_raw<R: Wired>(
        &self,
        id: &R::Id,
        include: &[R::Include],
    ) -> Result<(R::Record, RawRecord), SpectoraError> {
        let mut call = self.call(R::ENDPOINT);
        let absent = |in_service_form| SpectoraErrorKind::NotFound { assumed_path: None, in_service_form };
        if let Some(filter) = R::id_filter(id) {
            let found = self.one_by_filter::<R>(id, filter).await?;
            return found.ok_or_else(|| call.fail(absent(true)));
        }
        let query = Query::<R> { include: include.to_vec(), ..Query::default() };
        let mut plan = self.plan(&query);
        let route = Route { id: Some(id.to_string()), ..self.listing(R::ENDPOINT) };
        let error = match self.ask(&mut call, &route, "", &query, &mut plan).await {
            Ok(reply) => {
                let read = self.0.decode.one_with_raw::<R>(&reply.body);
                let (record, raw, company) = read.map_err(|kind| call.fail(kind))?;
                self.check_company(&company.into_iter().collect()).map_err(|kind| call.fail(kind))?;
                return Ok((record, raw));
            }
            Err(error) => error,
        };
        match error.kind {
            SpectoraErrorKind::NotFound { assumed_path: Some(_), in_service_form } => {
                // Is it the record that is missing, or the path that is wrong? The listing tells.
                match self.0.requests.get(&mut call, &self.listing(R::ENDPOINT), &self.0.corrections.page(1, 1)).await {
                    Ok(_) => Err(call.fail(absent(in_service_form))),
                    Err(_) => Err(error),
                }
            }
            _ => Err(error),
        }
    }

    /// A record that has no address of its own: found by the filter, or among all where the service ignores that.
    async fn one_by_filter<R: Wired>(
        &self,
        id: &R::Id,
        filter: R::Filter,
    ) -> Result<Option<(R::Record, RawRecord)>, SpectoraError> {
        let query = Query::<R> { filters: vec![filter], ..Query::default() };
        let (mut number, mut read_before, mut starts_over) = (1, 0, false);
        loop {
            let mut page = self.page_with_raw(&query, number, PAGE_ROWS_MAX, read_before).await?;
            let raw = page.raws.remove(&id.to_string());
            let row = page.rows.into_iter().find(|row| R::id(row) == id);
            let is_filtered = page.filters.all_at_work();
            if !starts_over && page.omitted.is_empty() && !is_filtered && row.is_none() {
                // The filter was sent in vain, which is known now: all are read from the first page on.
                starts_over = true;
                continue;
            }
            if row.is_some() || page.last || is_filtered || PAGES_FOR_ONE_MAX <= number {
                return Ok(row.zip(raw));
            }
            read_before += page.received as u64;
            number += 1;
        }
    }
}

/// Whether no page follows, by what the service says of it: `next` and `last` where it gives them, else its count, else
/// the length of the page. An empty page before the last one ends nothing.
fn is_last(told: ToldPagination, number: u32, size: u32, received: u64, read_before: u64) -> bool {
    let reached = u64::from(number) * u64::from(size);
    let next = told.next.filter(|next| number < *next);
    match (next, told.last, told.records) {
        // A service that always names a next page would never end.
        (Some(_), Some(last), _) if last <= number && received == 0 => true,
        (Some(_), _, _) => false,
        (None, Some(last), _) => last <= number,
        // A service that gives shorter pages than asked for has not shown all yet.
        (None, None, Some(records)) => {
            let alone = 1 < number && read_before == 0;
            records <= read_before + received || (records <= reached && (received == 0 || alone))
        }
        (None, None, None) => received < u64::from(size),
    }
}
