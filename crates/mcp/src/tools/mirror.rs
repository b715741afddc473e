//! What the mirror makes possible: what is new, and bringing it up to date.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use futures_util::FutureExt as _;
use futures_util::future::join_all;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::super::answer::{Answer, Cut, Row, Rows, cut_to_page};
use super::super::progress::Reporter;
use super::super::{Tool, ToolFailure, basis, declare, label, mark, schema};
use super::inspections::row;
use super::{Limit, limit, parse};
use answers::{AnswerError, Companies, Company, day_meant, today};
use domain::{CompanyName, DateRange, Inspection, LATEST_DAY, Money, SharedNames, id_order};
use records::{Basis, Gap, Hidden, Kind, News, NewsKind, NewsSubject, Progress, RecordsError, Refreshed};

/// How far back `whats_new` looks unless told otherwise, in days.
const SINCE_DAYS: i64 = 7;

pub(super) fn tools(companies: &[CompanyName]) -> Vec<Tool> {
    let news = schema::record(&["company", "at", "what", "id", "starts_at", "before", "after"], &["at", "what", "id"]);
    let refreshed = schema::record(&["company", "outcome"], &["company", "outcome"]);
    vec![
        Tool {
            declaration: declare(
                "whats_new",
                "What is new",
                "Use this for what happened since a day: new bookings, cancellations, reschedules, quote changes, published \
                 reports, deletions, new agents; latest first, with counts in `basis.notes`.",
                schema::input::<WhatsNew>(companies),
                schema::list_of(&news),
                true,
            ),
            run: |context, arguments| whats_new(context, arguments).boxed(),
        },
        Tool {
            declaration: declare(
                "refresh",
                "Refresh",
                "Use this only when an answer must be newer than its `as_of`: reads what changed from Spectora (a few API \
                 calls), with `full` everything. Says what it cost.",
                schema::input::<Refresh>(companies),
                schema::list_of(&refreshed),
                true,
            ),
            run: |context, arguments| refresh(context, arguments).boxed(),
        },
    ]
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct WhatsNew {
    company: Option<Vec<String>>,
    /// First day. Default 7 days ago.
    since: Option<String>,
    /// Last day. Default today.
    to: Option<String>,
    /// Only these.
    #[serde(default)]
    #[schemars(extend("items" = {"type": "string", "enum": schema::names(NewsKind::ALL, NewsKind::name)}))]
    what: Vec<String>,
    limit: Option<Limit>,
    cursor: Option<String>,
}

/// A piece of news' place in the list, the latest first: by what it is, so that what arrives between two pages moves
/// nothing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Place {
    /// Milliseconds, turned around.
    at: i64,
    company: String,
    /// The kind's place among all kinds.
    what: usize,
    id: String,
    before: Option<i64>,
    after: Option<i64>,
}

impl Place {
    fn of(company: &CompanyName, news: &News) -> Self {
        Self {
            at: -news.at.as_millisecond(),
            company: company.to_string(),
            what: NewsKind::ALL.iter().position(|kind| *kind == news.what).unwrap_or(usize::MAX),
            id: id_order(&news.id),
            before: news.before,
            after: news.after,
        }
    }
}

async fn whats_new(companies: &Companies, arguments: Map<String, Value>) -> Result<Answer, ToolFailure> {
    let mark = mark(companies, "whats_new", &arguments);
    let wanted: WhatsNew = parse(arguments)?;
    let after = wanted.cursor.as_deref().map(|cursor| mark.read::<Place>(cursor)).transpose()?;
    let chosen = companies.chosen(wanted.company.as_deref());
    let kinds: Vec<NewsKind> = wanted.what.iter().filter_map(|name| NewsKind::by_name(name)).collect();
    if kinds.contains(&NewsKind::QuoteChanged) && !companies.fields().shows_money() {
        let (what, leave_out) = (Hidden::Money, Some("what=quote_changed"));
        return Err(RecordsError::NotShown { what, leave_out }.into());
    }
    let now = companies.now();
    let mut times = BTreeMap::new();
    for company in &chosen {
        times.insert(&company.name, wanted.times(company, now)?);
    }
    let answered = companies.each(&chosen, |company| {
        let (since, before) = times.get(&company.name).copied().unwrap_or((now, None));
        async move {
            let (mut news, basis) = company.records.news(since).await?;
            news.retain(|one| before.is_none_or(|before| one.at < before));
            Ok((news, basis))
        }
    });
    let answered = answered.await?;
    let mut all: Vec<(Place, (&Company, &News))> = Vec::new();
    for (company, news) in &answered.parts {
        for one in news.iter().filter(|one| kinds.is_empty() || kinds.contains(&one.what)) {
            all.push((Place::of(&company.name, one), (company, one)));
        }
    }
    let mut basis = basis::shown(&answered.basis);
    basis.first_note(counts(&all, &kinds, companies.fields().shows_money()));
    let Cut { total, more } = cut_to_page(&mut all, after.as_ref().map(|(place, _)| place), limit(wanted.limit));
    let mut subjects = Vec::new();
    for company in &chosen {
        let of_company: Vec<&News> =
            all.iter().filter(|(_, (other, _))| other.name == company.name).map(|(_, (_, news))| *news).collect();
        if !of_company.is_empty() {
            let shared_names = company.records.shared_names().await?;
            let of_company = company.records.news_subjects(&of_company).await?.into_iter();
            subjects.push((&company.name, shared_names, of_company));
        }
    }
    let mut rows = Vec::new();
    for (place, (company, news)) in all {
        let of_company = subjects.iter_mut().find(|(name, ..)| **name == company.name);
        let subject = of_company.and_then(|(_, names, subjects)| Some((subjects.next()??, &**names)));
        rows.push((place, news_row(companies, company, news, subject.as_ref())));
    }
    let rows = Rows { rows, total: Some(total), more, resume: None };
    Ok(Answer::list(rows, &mark, basis))
}

impl WhatsNew {
    /// The instants of a company between which news are wanted: the first is one of them, the second no more.
    fn times(&self, company: &Company, now: Timestamp) -> Result<(Timestamp, Option<Timestamp>), ToolFailure> {
        let zone = company.records.timezone();
        let today = today(company, now);
        let since = match &self.since {
            Some(text) => day_meant("since", text, today)?,
            None => today.saturating_sub(jiff::Span::new().days(SINCE_DAYS)),
        };
        let to = self.to.as_deref().map(|text| day_meant("to", text, today)).transpose()?;
        let days = DateRange::new(since, to.unwrap_or(LATEST_DAY)).map_err(AnswerError::from)?;
        let (since, before) = days.instants(zone);
        Ok((since, to.map(|_| before)))
    }
}

/// How many there are of each kind, of those alone that were asked for.
fn counts(all: &[(Place, (&Company, &News))], asked: &[NewsKind], shows_money: bool) -> String {
    let count = |kind: NewsKind| all.iter().filter(|(_, (_, news))| news.what == kind).count();
    let kinds = NewsKind::ALL.iter().filter(|kind| shows_money || **kind != NewsKind::QuoteChanged);
    let kinds = kinds.filter(|kind| asked.is_empty() || asked.contains(kind));
    let parts = kinds.map(|kind| format!("{} {}", kind.name(), count(*kind)));
    parts.collect::<Vec<_>>().join(", ")
}

fn news_row(
    companies: &Companies,
    company: &Company,
    news: &News,
    subject: Option<&(NewsSubject, &SharedNames)>,
) -> Map<String, Value> {
    let zone = company.records.timezone();
    let mut shown = Row::default();
    shown
        .put("company", label(companies, company))
        .put("at", Some(row::local(news.at, zone)))
        .put("what", Some(news.what.name()))
        .put("id", Some(news.id.clone()));
    let value = |number: Option<i64>| {
        number.and_then(|number| match news.what {
            NewsKind::Rescheduled => Some(row::local(Timestamp::from_millisecond(number).ok()?, zone)),
            _ => Some(Money::from_ten_thousandths(number).to_string()),
        })
    };
    shown.put("before", value(news.before)).put("after", value(news.after));
    match subject {
        Some((NewsSubject::Agent(agent), _)) => {
            shown.put("name", agent.name()).show("agency", agent.agency_name.as_ref());
        }
        Some((NewsSubject::Inspection(inspection), names)) => describe(&mut shown, inspection, names, zone),
        None => {}
    }
    shown.0
}

fn describe(shown: &mut Row, inspection: &Inspection, names: &SharedNames, zone: &jiff::tz::TimeZone) {
    shown
        .put("starts_at", inspection.starts_at.map(|at| row::local(at, zone)))
        .list("clients", &inspection.client_names)
        .list("inspectors", inspection.inspectors.iter().map(|one| names.inspector(one)))
        .put("buying_agent", inspection.buying_agent.as_ref().map(|agent| names.agent(agent)))
        .show("cancel_reason", inspection.cancel_reason.as_ref());
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Refresh {
    company: Option<Vec<String>>,
    /// Read everything again (many calls).
    #[serde(default)]
    full: bool,
}

/// Passes the steps on and keeps the latest of each kind, so that a part can be told.
struct Steps {
    reporter: Reporter,
    latest: Mutex<BTreeMap<Kind, String>>,
}

impl Progress for Steps {
    fn stored(&self, kind: Kind, rows: u64, of: Option<u64>) {
        let of_all = of.map(|of| format!(" of {of}")).unwrap_or_default();
        let step = format!("{}: {rows}{of_all}", kind.name());
        self.latest.lock().unwrap_or_else(PoisonError::into_inner).insert(kind, step);
        self.reporter.stored(kind, rows, of);
    }
}

async fn refresh(companies: &Companies, arguments: Map<String, Value>) -> Result<Answer, ToolFailure> {
    let mark = mark(companies, "refresh", &arguments);
    let wanted: Refresh = parse(arguments)?;
    let chosen = companies.chosen(wanted.company.as_deref());
    // All at once: each has its own service's cap, and the time one may take is the time all may take together.
    let refreshed = join_all(chosen.iter().map(|company| async {
        let steps = Steps { reporter: Reporter::current(), latest: Mutex::default() };
        let outcome = company.records.refresh(wanted.full, &steps).await;
        (*company, outcome, steps.latest.into_inner().unwrap_or_else(PoisonError::into_inner))
    }))
    .await;
    let mut rows = Vec::new();
    let mut basis = Basis::computed_at(companies.now());
    for (index, (company, outcome, steps)) in refreshed.into_iter().enumerate() {
        let mut shown = Row::default();
        shown.put("company", Some(company.name.to_string()));
        match outcome {
            Ok(Refreshed::Done(report)) => {
                // They count what everybody has.
                let count = company.records.shows_totals().then(|| report.count());
                shown
                    .put("outcome", Some("up to date"))
                    .put("api_calls", Some(report.calls))
                    .put("new", count.map(|count| count.new))
                    .put("changed", count.map(|count| count.changed))
                    .put("gone", count.map(|count| count.gone));
                basis.gaps.extend(report.gaps.into_iter().map(|(kind, gap)| Gap::Mirror(kind, gap)));
                let failed = report.failed.iter().map(|(kind, error)| format!("{}: {}", kind.name(), error.for_note()));
                basis.gaps.extend(failed.map(|what| Gap::ChangesFailed(company.name.clone(), what)));
            }
            Ok(Refreshed::Unfinished) => {
                shown
                    .put("outcome", Some("not finished yet; it goes on in the background"))
                    .list("read_so_far", steps.into_values());
                basis.gaps.push(Gap::Changes(company.name.clone()));
            }
            Err(error) => {
                shown.put("outcome", Some("failed")).list("read_so_far", steps.into_values());
                basis.gaps.push(Gap::ChangesFailed(company.name.clone(), error.for_note()));
            }
        }
        rows.push((index, shown.0));
    }
    let total = Some(rows.len() as u64);
    Ok(Answer::list(Rows { rows, total, more: false, resume: None }, &mark, basis::shown(&basis)))
}
