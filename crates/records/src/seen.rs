//! What the caller may see: the one way out of a company's records.
//!
//! [`Records`] is all that other crates have of a company. Each of its questions is narrowed to the inspections that
//! the caller may see before anything is looked for, and what was found leaves without what is hidden. What cannot be
//! answered like that is refused. Without permissions, or with permissions to everything, a question is passed on as it is.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::cache::Cache;
use super::news::NewsSubject;
use super::sums::summed;
use super::{
    AgentEntry, AgentMeant, Basis, ClientList, ClientsAfter, FoundRecord, Hidden, InspectionList, InspectorMeant, Need,
    Note, RecordsError, Refreshed, Whole,
};
use domain::{
    Agent, AgentStatistics, Attachment, Client, ClientId, Clock, CompanyName, ConnectionId, DateRange, Fact, FactTable,
    FieldAccess, Fields, Inspection, InspectionId, InspectionOrder, InspectionQuery, InspectorWanted, Naming, Own,
    Permissions, Position, SearchTerms, SharedNames, Sight, Slug, WeekStart, epoch_day, fold, rounded_money,
};
use mirror::{Kind, News, NewsKind};
use spectora::SpectoraClient;
use sync::{MirrorStatus, Progress, Silent, Syncer, Tasks};

/// The most inspections of one inspector that are looked through for clients.
const OWN_INSPECTIONS_MAX: usize = 1_000_000;
/// How many records of each kind a search looks at, where not all that hold its words may be seen.
const SEARCH_LOOKED_MAX: usize = 1_000;
/// How many inspectors' clients are remembered.
const OWN_CLIENTS_MAX: usize = 16;
/// Pieces of news whose inspections are looked up at once.
const NEWS_AT_ONCE: usize = 1_000;

/// What the clients of one inspector's work were worked out from: the revision of inspections, the inspector, the days.
type OwnClientsKey = (u64, i64, Option<(Date, Date)>);
/// The clients of inspectors' work.
pub(super) type OwnClients = Cache<OwnClientsKey, BTreeSet<ClientId>>;

pub(super) fn own_clients() -> OwnClients {
    Cache::of(OWN_CLIENTS_MAX)
}

/// The records of one company, as far as the caller may see them.
pub struct Records {
    whole: Whole,
    /// What may be seen; `None` is everything.
    seen: Option<Arc<Permissions>>,
}

/// The inspector whose work alone may be seen.
#[derive(Clone, Debug)]
struct OwnWork {
    wanted: InspectorWanted,
    number: i64,
    name: String,
}

/// Which inspections may be seen.
#[derive(Clone, Debug, Default)]
struct Bounds {
    days: Option<DateRange>,
    /// The instants of these days.
    starts: Option<(Timestamp, Timestamp)>,
    own: Option<OwnWork>,
}

impl Bounds {
    /// Whether this one may be. One without a beginning is on no day.
    fn hold(&self, inspection: &Inspection) -> bool {
        self.starts.is_none_or(|(from, before)| inspection.starts_at.is_some_and(|at| from <= at && at < before))
            && self.own.as_ref().is_none_or(|own| own.wanted.inspects(inspection))
    }

    /// What is asked for, of those alone that may be seen.
    fn narrow(&self, query: &InspectionQuery) -> InspectionQuery {
        let mut narrowed = query.clone();
        if let Some((from, before)) = self.starts {
            let (asked_from, asked_before) = query.starts.unwrap_or((from, before));
            let from = asked_from.max(from);
            narrowed.starts = Some((from, asked_before.min(before).max(from)));
        }
        narrowed.own = self.own.as_ref().map(|own| own.wanted.clone());
        narrowed
    }

    fn are_open(&self) -> bool {
        self.days.is_none() && self.own.is_none()
    }

    /// What an answer says of it.
    fn say(&self, basis: &mut Basis) {
        if let Some(days) = self.days {
            basis.note(Note::OnlyDays(days.from(), days.to()));
        }
        if let Some(own) = &self.own {
            basis.note(Note::OnlyInspector(own.name.clone()));
        }
        if !self.are_open() {
            // It counts what others have.
            basis.notes.retain(|note| !matches!(note, Note::Undated(_)));
        }
    }
}

fn not_shown<T>(what: Hidden, leave_out: Option<&'static str>) -> Result<T, RecordsError> {
    Err(RecordsError::NotShown { what, leave_out })
}

/// Says in `basis` what of the records is seen.
fn say(seen: &Permissions, bounds: &Bounds, basis: &mut Basis) {
    bounds.say(basis);
    if seen.fields.money == FieldAccess::Masked {
        basis.note(Note::MoneyRounded);
    }
}

/// Settling what these are records of, and what of them may be seen.
impl Records {
    /// Records read through `client`; everything may be seen.
    pub fn new(client: SpectoraClient, clock: Arc<dyn Clock>) -> Self {
        Self { whole: Whole::new(client, clock), seen: None }
    }

    /// The same, of a company whose weeks begin on this day.
    #[must_use]
    pub fn in_weeks(mut self, week_starts: WeekStart) -> Self {
        self.whole.week_starts = week_starts;
        self
    }

    /// The same, answering from the mirror that `syncer` keeps wherever that is complete.
    #[must_use]
    pub fn with_mirror(mut self, syncer: Arc<Syncer>) -> Self {
        self.whole.syncer = Some(syncer);
        self
    }

    /// The same, with an owner of what goes on beside questions.
    #[must_use]
    pub fn run_by(mut self, tasks: Tasks) -> Self {
        self.whole.tasks = tasks;
        self
    }

    /// The same records as whoever has these permissions may see them, and no more of them than these may see already.
    /// Shares the mirror, the client and what is remembered.
    #[must_use]
    pub fn seen_by(&self, permissions: &Arc<Permissions>) -> Self {
        let whole = self.whole.clone();
        let seen = match &self.seen {
            // Permissions are given once; a second time gives nothing back.
            Some(seen) => Some(Arc::clone(seen)),
            None if permissions.is_everything() => None,
            None => Some(Arc::clone(permissions)),
        };
        Self { whole, seen }
    }

    /// The day on which the company's weeks begin.
    pub fn week_starts(&self) -> WeekStart {
        self.whole.week_starts
    }

    /// Whose records these are.
    pub fn company(&self) -> &CompanyName {
        self.whole.company()
    }

    /// The zone of the company's civil days.
    pub fn timezone(&self) -> &TimeZone {
        self.whole.timezone()
    }

    /// How many requests have left for the service since this program started.
    pub fn calls_sent(&self) -> u64 {
        self.whole.calls_sent()
    }

    /// What the company says about names.
    pub fn naming(&self) -> &Naming {
        self.whole.naming()
    }

    /// Whether canceled inspections can be seen. True where there are too few inspections to tell.
    pub async fn cancellations_visible(&self) -> Result<bool, RecordsError> {
        self.whole.cancellations_visible().await
    }

    /// How much of each kind of field leaves these records.
    pub fn fields(&self) -> Fields {
        self.seen.as_ref().map(|seen| seen.fields).unwrap_or_default()
    }

    /// Whether totals of all inspections, of all days, may be seen: counts of the mirror, the service's statistics.
    pub fn shows_totals(&self) -> bool {
        self.seen.as_ref().is_none_or(|seen| seen.shows_totals())
    }

    /// Which inspections may be seen now.
    async fn bounds(&self, seen: &Permissions) -> Result<Bounds, RecordsError> {
        let today = self.timezone().to_datetime(self.whole.clock.now()).date();
        let days = seen.days.around(today).and_then(|(from, to)| DateRange::new(from, to).ok());
        let own = match &seen.inspector {
            Some(given) => Some(self.own_work(given.trim()).await?),
            None => None,
        };
        Ok(Bounds { days, starts: days.map(|days| days.instants(self.timezone())), own })
    }

    /// The inspector by this id or whole name. Nobody is guessed, and nobody else is named.
    async fn own_work(&self, given: &str) -> Result<OwnWork, RecordsError> {
        if self.whole.syncer.is_none() {
            return Err(RecordsError::OwnWorkNeedsMirror);
        }
        self.whole.ensure_company().await?;
        let read = self.whole.read_mirror(|snapshot| {
            let is_complete = snapshot.coverage(Kind::Inspections)?.full_at.is_some();
            Ok((snapshot.known_inspectors()?, is_complete))
        });
        let Some((known, is_complete)) = read.await? else { return Err(RecordsError::OwnWorkNeedsMirror) };
        let name = fold(given);
        let by_id = known.iter().filter(|one| one.entry.id.as_deref() == Some(given)).collect::<Vec<_>>();
        let by_name = || known.iter().filter(|one| !name.is_empty() && fold(&one.entry.name) == name).collect();
        let found: Vec<_> = if by_id.is_empty() { by_name() } else { by_id };
        match found.as_slice() {
            [one] => {
                let id = one.entry.id.as_deref().and_then(|id| id.parse().ok());
                let wanted = InspectorWanted::Person { id, names: one.without_id.clone() };
                Ok(OwnWork { wanted, number: one.number, name: one.entry.name.clone() })
            }
            [] if !is_complete => Err(RecordsError::first_reading()),
            others => Err(RecordsError::NoOwnWork { inspector: given.to_owned(), several: !others.is_empty() }),
        }
    }
}

/// Inspections.
impl Records {
    /// The first `limit` inspections of `wanted` in `order`, after `after` when given.
    ///
    /// The same whichever filters the service honours. The total is counted by the service only where every filter is
    /// proven to work; otherwise all pages are read, within the limits of one question, and where those do not
    /// suffice there is no total and the basis says what was not read.
    pub async fn inspections(
        &self,
        wanted: &InspectionQuery,
        order: InspectionOrder,
        after: Option<&Position>,
        limit: usize,
    ) -> Result<InspectionList, RecordsError> {
        let Some(seen) = &self.seen else { return self.whole.inspections(wanted, order, after, limit).await };
        if seen.fields.money != FieldAccess::Full {
            if wanted.paid.is_some() {
                return not_shown(Hidden::Money, Some("paid"));
            }
            if order.by_quote() {
                return not_shown(Hidden::Money, Some("sort"));
            }
        }
        if seen.fields.street != FieldAccess::Full && wanted.address.is_some() {
            return not_shown(Hidden::Street, Some("address"));
        }
        let bounds = self.bounds(seen).await?;
        let mut list = self.whole.inspections(&bounds.narrow(wanted), order, after, limit).await?;
        // What is shown as it is need not be copied.
        for row in list.rows.iter_mut().filter(|_| !seen.fields.are_full()) {
            seen.fields.mask_inspection(Arc::make_mut(row));
        }
        say(seen, &bounds, &mut list.basis);
        Ok(list)
    }

    /// One inspection, with its clients' records. `None` when there is no such inspection.
    pub async fn inspection(&self, id: &InspectionId) -> Result<Option<(Inspection, Basis)>, RecordsError> {
        let Some(seen) = &self.seen else { return self.whole.inspection(id).await };
        let bounds = self.bounds(seen).await?;
        let Some((mut inspection, mut basis)) = self.whole.inspection(id).await? else { return Ok(None) };
        if !bounds.hold(&inspection) {
            return Ok(None);
        }
        seen.fields.mask_inspection(&mut inspection);
        say(seen, &bounds, &mut basis);
        Ok(Some((inspection, basis)))
    }

    /// The id of the inspection with this slug; `None` where there is none that may be seen.
    pub async fn id_of_slug(&self, slug: &Slug) -> Result<Option<InspectionId>, RecordsError> {
        let Some(id) = self.whole.id_of_slug(slug).await? else { return Ok(None) };
        Ok(self.inspection(&id).await?.map(|_| id))
    }

    /// The files of an inspection, newest first; all of them.
    pub async fn attachments(&self, id: &InspectionId) -> Result<(Vec<Attachment>, Basis), RecordsError> {
        let Some(seen) = &self.seen else { return self.whole.attachments(id).await };
        if seen.fields.notes == FieldAccess::Off {
            return not_shown(Hidden::Notes, None);
        }
        let bounds = self.bounds(seen).await?;
        if !bounds.are_open() && self.inspection(id).await?.is_none() {
            return Ok((Vec::new(), self.whole.asked_now()));
        }
        let (mut files, basis) = self.whole.attachments(id).await?;
        if !bounds.are_open() {
            // The service may ignore the filter, and another inspection's file is not that of this one.
            files.retain(|file| file.inspection_id.as_ref() == Some(id));
        }
        for file in &mut files {
            seen.fields.mask_attachment(file);
        }
        Ok((files, basis))
    }

    /// Inspections of these days with their files, read from the service, for the mirror keeps no files: the earliest or
    /// the latest first, as many as a few pages hold. `None` where the service does not send files with inspections.
    pub async fn inspections_with_attachments(
        &self,
        days: DateRange,
        latest_first: bool,
    ) -> Result<Option<Vec<Inspection>>, RecordsError> {
        let Some(seen) = &self.seen else {
            return self.whole.inspections_with_attachments(days, latest_first, false).await;
        };
        if seen.fields.notes != FieldAccess::Full {
            return not_shown(Hidden::Notes, Some("attachments"));
        }
        let bounds = self.bounds(seen).await?;
        let read = self.whole.inspections_with_attachments(days, latest_first, bounds.own.is_some());
        let Some(mut rows) = read.await? else { return Ok(None) };
        rows.retain(|row| bounds.hold(row));
        for row in &mut rows {
            seen.fields.mask_inspection(row);
        }
        Ok(Some(rows))
    }

    /// Inspections of the days `from` to `to` that may be orders of one booking.
    pub async fn begun_together(&self, from: i64, to: i64) -> Result<Vec<Inspection>, RecordsError> {
        let mut together = self.whole.begun_together(from, to).await?;
        if let Some(seen) = &self.seen {
            let bounds = self.bounds(seen).await?;
            together.retain(|one| bounds.hold(one));
            for one in &mut together {
                seen.fields.mask_inspection(one);
            }
        }
        Ok(together)
    }
}

/// Sums.
impl Records {
    /// The inspections that `need` speaks of as rows for sums, from the mirror. While the first reading runs, with the
    /// latest first, they are there as soon as it has come that far back; a question waits for that up to twenty seconds
    /// and is then told when it will be. The rows say since when they are whole ([`FactTable::since`]); the basis says what
    /// else they lack. They stay in memory until the mirror changes or nobody asks for a while.
    ///
    /// Rows that may not be seen are not among them, and what they are made of is remembered with all rows.
    pub async fn facts(&self, need: Need) -> Result<(Arc<FactTable>, Basis), RecordsError> {
        let Some(seen) = &self.seen else { return self.whole.facts(need).await };
        let bounds = self.bounds(seen).await?;
        let (facts, mut basis) = self.whole.facts(need).await?;
        say(seen, &bounds, &mut basis);
        Ok((seen_facts(&facts, seen.fields, &bounds).await, basis))
    }

    /// The rows of one's own work, where that is all that may be seen.
    async fn own_facts(&self, seen: &Permissions) -> Result<Option<Arc<FactTable>>, RecordsError> {
        if seen.inspector.is_none() {
            return Ok(None);
        }
        Ok(Some(self.facts(Need::All).await?.0))
    }
}

/// The rows as they may be seen; the same table where all of it may.
async fn seen_facts(facts: &Arc<FactTable>, fields: Fields, bounds: &Bounds) -> Arc<FactTable> {
    let inspector = bounds.own.as_ref().map(|own| Own { inspector: facts.inspector_by_key(own.number) });
    let days = bounds.days.map(|days| (epoch_day(days.from()), epoch_day(days.to())));
    let sight = Sight { fields, own: inspector, days };
    if sight == Sight::default() {
        return Arc::clone(facts);
    }
    let key = format!("{sight:?}");
    if let Some(known) = facts.views().get(&key) {
        return known;
    }
    let made = Arc::new(summed(facts, move |facts| facts.seen(&sight)).await);
    facts.views().put(key, Arc::clone(&made));
    made
}

/// The agents of these rows, by connection id.
fn agents_in(facts: &FactTable) -> BTreeSet<String> {
    let both = |fact: &Fact| [fact.buying_agent(), fact.selling_agent()];
    let numbers: BTreeSet<_> = facts.rows().iter().flat_map(both).flatten().collect();
    let id = |number| facts.agent(number).map_or_else(|| facts.agent_key(number).to_string(), |agent| agent.id.clone());
    numbers.into_iter().map(id).collect()
}

/// The inspectors of these rows, by the mirror's number.
fn inspectors_in(facts: &FactTable) -> BTreeSet<i64> {
    let rows = facts.rows().iter();
    let all = rows.flat_map(|fact| fact.inspector().into_iter().chain(facts.assistants(fact).iter().copied()));
    all.map(|number| facts.inspector_key(number)).collect()
}

/// People.
impl Records {
    /// Every agent, in the service's order.
    pub async fn agents(&self) -> Result<(Arc<Vec<Agent>>, Basis), RecordsError> {
        let (agents, mut basis) = self.whole.agents().await?;
        let Some(seen) = &self.seen else { return Ok((agents, basis)) };
        let bounds = self.bounds(seen).await?;
        if seen.fields.are_full() && bounds.are_open() {
            return Ok((agents, basis));
        }
        let own = self.own_facts(seen).await?.map(|facts| agents_in(&facts));
        let is_seen = |agent: &&Agent| own.as_ref().is_none_or(|own| own.contains(agent.id.as_str()));
        let agents = agents.iter().filter(is_seen).cloned().map(|agent| self.seen_agent(seen, agent)).collect();
        bounds.say(&mut basis);
        Ok((Arc::new(agents), basis))
    }

    fn seen_agent(&self, seen: &Permissions, mut agent: Agent) -> Agent {
        seen.fields.mask_agent(&mut agent);
        if !self.shows_totals() {
            for count in [&mut agent.inspections, &mut agent.buying_inspections, &mut agent.selling_inspections] {
                *count = None;
            }
        }
        agent
    }

    /// The service's statistics about every agent. They count everybody's work on all days: whoever may not see that is
    /// refused, see [`Self::shows_totals`].
    pub async fn statistics(&self) -> Result<(Arc<Vec<AgentStatistics>>, Basis), RecordsError> {
        if !self.shows_totals() {
            return not_shown(Hidden::Statistics, None);
        }
        let (statistics, mut basis) = self.whole.statistics().await?;
        let Some(seen) = self.seen.as_ref().filter(|seen| seen.fields.money != FieldAccess::Full) else {
            return Ok((statistics, basis));
        };
        let mut masked = statistics.as_ref().clone();
        for one in &mut masked {
            seen.fields.mask_statistics(one);
        }
        say(seen, &Bounds::default(), &mut basis);
        Ok((Arc::new(masked), basis))
    }

    /// One agent with the statistics about them, where those may be seen. `None` when there is no such agent.
    pub async fn agent(&self, id: &ConnectionId) -> Result<Option<(AgentEntry, Basis)>, RecordsError> {
        let Some(seen) = &self.seen else { return self.whole.agent(id).await };
        let bounds = self.bounds(seen).await?;
        if let Some(own) = self.own_facts(seen).await?
            && !agents_in(&own).contains(id.as_str())
        {
            return Ok(None);
        }
        let Some((entry, mut basis)) = self.whole.agent(id).await? else { return Ok(None) };
        let mut statistics = entry.statistics.filter(|_| self.shows_totals());
        if let Some(one) = &mut statistics {
            seen.fields.mask_statistics(one);
        }
        if statistics.is_some() {
            say(seen, &bounds, &mut basis);
        } else {
            bounds.say(&mut basis);
        }
        Ok(Some((AgentEntry { agent: self.seen_agent(seen, entry.agent), statistics }, basis)))
    }

    /// One client. `None` when there is no such client.
    pub async fn client(&self, id: &ClientId) -> Result<Option<(Client, Basis)>, RecordsError> {
        let Some(seen) = &self.seen else { return self.whole.client(id).await };
        let bounds = self.bounds(seen).await?;
        if let Some(own) = self.own_clients(seen, &bounds).await?
            && !own.contains(id)
        {
            return Ok(None);
        }
        let Some((mut client, mut basis)) = self.whole.client(id).await? else { return Ok(None) };
        seen.fields.mask_client(&mut client);
        bounds.say(&mut basis);
        Ok(Some((client, basis)))
    }

    /// The clients of one's own work that is not deleted, where that is all that may be seen.
    async fn own_clients(
        &self,
        seen: &Permissions,
        bounds: &Bounds,
    ) -> Result<Option<Arc<BTreeSet<ClientId>>>, RecordsError> {
        let Some(own) = &bounds.own else { return Ok(None) };
        // Rows first: they wait for the first reading, and say when it will be done.
        drop(self.own_facts(seen).await?);
        let read = self.whole.read_mirror(|snapshot| Ok(snapshot.coverage(Kind::Inspections)?.revision)).await?;
        let Some(revision) = read else { return Err(RecordsError::OwnWorkNeedsMirror) };
        let key = (revision, own.number, bounds.days.map(|days| (days.from(), days.to())));
        if let Some(known) = self.whole.own_clients.get(&key) {
            return Ok(Some(known));
        }
        let query = bounds.narrow(&InspectionQuery { now: self.whole.clock.now(), ..InspectionQuery::default() });
        let newest = InspectionOrder::Newest;
        let list = self.whole.mirrored_inspections(&query, newest, None, OWN_INSPECTIONS_MAX).await?;
        let Some(list) = list else { return Err(RecordsError::OwnWorkNeedsMirror) };
        let of_row =
            |row: &Arc<Inspection>| [&row.client, &row.client_2].map(|one| one.as_ref().map(|one| one.id.clone()));
        let clients = list.rows.iter().flat_map(of_row).flatten().collect();
        Ok(Some(self.whole.own_clients.put(key, clients)))
    }

    /// The first `limit` clients by family name, after `after` when given; all `words` must begin a word of the
    /// name, e-mail address, phone number or city. Contact details that are not shown as they are are not searched, which
    /// the basis says.
    ///
    /// The mirror, and the service where it is asked for words, go on by the key of the last client. All clients of the
    /// service come in its own order and only by pages: there the page of the last client is read once more, so that
    /// neither a client who is gone nor a new one makes another fall between two pages.
    pub async fn clients(
        &self,
        words: Option<&SearchTerms>,
        after: Option<&ClientsAfter>,
        limit: usize,
    ) -> Result<ClientList, RecordsError> {
        let Some(seen) = &self.seen else { return self.whole.clients(words, after, limit).await };
        let fields = seen.fields;
        let bounds = self.bounds(seen).await?;
        let own = self.own_clients(seen, &bounds).await?;
        let hides_words = words.is_some() && fields.contact != FieldAccess::Full;
        let mut list = if own.is_some() || hides_words {
            let is_seen = |client: &Client| own.as_ref().is_none_or(|own| own.contains(&client.id));
            let text = |client: &Client| fields.client_text(client);
            let mirrored = self.whole.mirrored_clients_by(words, is_seen, text, after, limit).await;
            match self.whole.or_service(mirrored)? {
                Some(list) => list,
                None if own.is_some() => return Err(RecordsError::OwnWorkNeedsMirror),
                None => self.whole.listed_clients(words, text, after, limit).await?,
            }
        } else {
            self.whole.clients(words, after, limit).await?
        };
        list.rows.iter_mut().for_each(|row| fields.mask_client(&mut row.client));
        bounds.say(&mut list.basis);
        if hides_words {
            list.basis.note(Note::NotSearched(Hidden::Contact));
        }
        Ok(list)
    }

    /// The inspector meant by an id or a name; `None` where the names are not known, or not all of them and none fits.
    pub async fn inspector_meant(&self, given: &str) -> Result<Option<InspectorMeant>, RecordsError> {
        let own = match &self.seen {
            Some(seen) => self.own_facts(seen).await?,
            None => None,
        };
        let own = own.map(|facts| inspectors_in(&facts));
        self.whole.inspector_meant(given, own.as_ref()).await
    }

    /// The agent meant by a connection id or a name. Case, accents, punctuation and the order of words do not count, and
    /// a small slip is forgiven where one agent only can be meant; two that fit are not guessed between. Who is no longer
    /// in the service is found too, after those who are.
    pub async fn agent_meant(&self, given: &str) -> Result<AgentMeant, RecordsError> {
        let own = match &self.seen {
            Some(seen) => self.own_facts(seen).await?,
            None => None,
        };
        let own = own.map(|facts| agents_in(&facts));
        self.whole.agent_meant(given, own.as_ref()).await
    }

    /// The inspectors' names; empty without a mirror.
    pub async fn inspector_names(&self) -> Result<Vec<String>, RecordsError> {
        let Some(seen) = self.seen.as_ref().filter(|seen| seen.inspector.is_some()) else {
            return self.whole.inspector_names().await;
        };
        let Some(facts) = self.own_facts(seen).await? else { return Ok(Vec::new()) };
        let number = |key: &i64| facts.inspector_by_key(*key);
        let numbers: Vec<_> = inspectors_in(&facts).iter().filter_map(number).collect();
        Ok(numbers.into_iter().filter_map(|one| Some(facts.inspector(one)?.name.clone())).collect())
    }

    /// The agents' names; empty without a mirror.
    pub async fn agent_names(&self) -> Result<Vec<String>, RecordsError> {
        let Some(seen) = self.seen.as_ref().filter(|seen| seen.inspector.is_some()) else {
            return self.whole.agent_names().await;
        };
        let Some(facts) = self.own_facts(seen).await? else { return Ok(Vec::new()) };
        let own = agents_in(&facts);
        let of_own = facts.all_agents().filter(|(_, agent)| !agent.is_former && own.contains(&agent.id));
        Ok(of_own.filter_map(|(_, agent)| agent.name.clone()).collect())
    }

    /// The words of a service as they are known; a note when they were typed with a slip.
    pub async fn resolve_service(&self, given: &str) -> Result<(String, Option<Note>), RecordsError> {
        self.whole.resolve_service(given).await
    }
}

/// What only a mirror can answer.
impl Records {
    /// How complete and fresh the mirror is; `None` without one. Its counts of records are to be shown only with
    /// [`Self::shows_totals`]; they are zero without.
    pub async fn status(&self) -> Result<Option<MirrorStatus>, RecordsError> {
        let mut status = self.whole.status().await?;
        if !self.shows_totals() {
            status.iter_mut().flat_map(|status| &mut status.kinds).for_each(|(.., count)| *count = 0);
        }
        Ok(status)
    }

    /// Brings the mirror up to date, for at most 25 seconds. Dropping the future calls it off; what was read by then
    /// stays. Steps count all records, so only who may see totals is told of them.
    pub async fn refresh(&self, full: bool, progress: &dyn Progress) -> Result<Refreshed, RecordsError> {
        let progress = if self.shows_totals() { progress } else { &Silent };
        self.whole.refresh(full, progress).await
    }

    /// What is new since an instant, latest first.
    pub async fn news(&self, since: Timestamp) -> Result<(Vec<News>, Basis), RecordsError> {
        let (mut news, mut basis) = self.whole.news(since).await?;
        let Some(seen) = &self.seen else { return Ok((news, basis)) };
        if seen.fields.money == FieldAccess::Off {
            news.retain(|one| one.what != NewsKind::QuoteChanged);
        }
        if seen.fields.money == FieldAccess::Masked {
            for one in news.iter_mut().filter(|one| one.what == NewsKind::QuoteChanged) {
                one.before = one.before.map(rounded_money);
                one.after = one.after.map(rounded_money);
            }
        }
        let bounds = self.bounds(seen).await?;
        if !bounds.are_open() {
            let own_agents = self.own_facts(seen).await?.map(|facts| agents_in(&facts));
            let mut left = Vec::new();
            for some in news.chunks(NEWS_AT_ONCE) {
                let subjects = self.whole.news_subjects(&some.iter().collect::<Vec<_>>()).await?;
                let is_seen = |subject: &Option<NewsSubject>| match subject {
                    Some(NewsSubject::Agent(agent)) => {
                        own_agents.as_ref().is_none_or(|own| own.contains(agent.id.as_str()))
                    }
                    Some(NewsSubject::Inspection(inspection)) => bounds.hold(inspection),
                    None => false,
                };
                left.extend(some.iter().zip(&subjects).filter(|(_, of)| is_seen(of)).map(|(one, _)| one.clone()));
            }
            news = left;
        }
        say(seen, &bounds, &mut basis);
        Ok((news, basis))
    }

    /// The names that more than one inspector or agent has; none without a mirror.
    pub async fn shared_names(&self) -> Result<Arc<SharedNames>, RecordsError> {
        self.whole.shared_names().await
    }

    /// What each piece of news is about, as the mirror has it: news come from there, so nothing else is asked.
    pub async fn news_subjects(&self, news: &[&News]) -> Result<Vec<Option<NewsSubject>>, RecordsError> {
        let subjects = self.whole.news_subjects(news).await?;
        let Some(seen) = &self.seen else { return Ok(subjects) };
        let bounds = self.bounds(seen).await?;
        let as_seen = |subject: NewsSubject| match subject {
            NewsSubject::Agent(agent) => Some(NewsSubject::Agent(Box::new(self.seen_agent(seen, *agent)))),
            NewsSubject::Inspection(mut inspection) => {
                let is_seen = bounds.hold(&inspection);
                seen.fields.mask_inspection(&mut inspection);
                is_seen.then_some(NewsSubject::Inspection(inspection))
            }
        };
        Ok(subjects.into_iter().map(|subject| subject.and_then(as_seen)).collect())
    }

    /// Records that hold every word, at most `limit` of each kind. Words are looked for only in what may be seen; the basis
    /// says where they were not.
    pub async fn search(&self, words: &SearchTerms, limit: usize) -> Result<(Vec<FoundRecord>, Basis), RecordsError> {
        let Some(seen) = &self.seen else { return self.whole.search(words, limit).await };
        let fields = seen.fields;
        let bounds = self.bounds(seen).await?;
        if fields.are_full() && bounds.are_open() {
            return self.whole.search(words, limit).await;
        }
        let own_agents = self.own_facts(seen).await?.map(|facts| agents_in(&facts));
        let own_clients = self.own_clients(seen, &bounds).await?;
        let (found, mut basis) = self.whole.search(words, SEARCH_LOOKED_MAX).await?;
        let as_seen = |record: FoundRecord| match record {
            FoundRecord::Agent(agent) => {
                let is_seen = own_agents.as_ref().is_none_or(|own| own.contains(agent.id.as_str()))
                    && words.fit(&fields.agent_text(&agent));
                is_seen.then(|| FoundRecord::Agent(Box::new(self.seen_agent(seen, *agent))))
            }
            FoundRecord::Client(mut client) => {
                let is_seen = own_clients.as_ref().is_none_or(|own| own.contains(&client.id))
                    && words.fit(&fields.client_text(&client));
                fields.mask_client(&mut client);
                is_seen.then_some(FoundRecord::Client(client))
            }
            FoundRecord::Inspection(mut inspection) => {
                let is_held = bounds.hold(&inspection);
                fields.mask_inspection(&mut inspection);
                let names = inspection.client_names.iter().map(ToString::to_string);
                let text = names.chain([inspection.address_text()]).collect::<Vec<_>>().join(" ");
                (is_held && words.fit(&text)).then_some(FoundRecord::Inspection(inspection))
            }
        };
        let mut records = Vec::new();
        let mut counts = [0_usize; 3];
        for record in found.into_iter().filter_map(as_seen) {
            let kind = match &record {
                FoundRecord::Agent(_) => 0,
                FoundRecord::Client(_) => 1,
                FoundRecord::Inspection(_) => 2,
            };
            if let Some(count) = counts.get_mut(kind).filter(|count| **count < limit) {
                *count += 1;
                records.push(record);
            }
        }
        bounds.say(&mut basis);
        for (access, what) in [(fields.contact, Hidden::Contact), (fields.street, Hidden::Street)] {
            if access != FieldAccess::Full {
                basis.note(Note::NotSearched(what));
            }
        }
        Ok((records, basis))
    }
}
