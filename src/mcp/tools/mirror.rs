//! What the mirror makes possible: what is new, and bringing it up to date.

use futures_util::FutureExt as _;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::super::answer::{self, Answer, QueryMark, Row, Rows};
use super::super::progress::Reporter;
use super::super::{Context, ServedCompany, Tool, ToolFailure, declare, schema};
use super::inspections::row;
use super::{ask_each, limit, parse};
use crate::domain::{CompanyName, Inspection, Money};
use crate::mirror::{News, NewsKind};
use crate::records::{Basis, Refreshed};

/// How far back `whats_new` looks unless told otherwise, in days.
const SINCE_DAYS: i64 = 7;

pub(super) fn tools(companies: &[CompanyName]) -> Vec<Tool> {
    let kinds: Vec<&str> = NewsKind::ALL.iter().map(|kind| kind.name()).collect();
    let news = schema::record(&["company", "at", "what", "id", "starts_at", "before", "after"], &["at", "what", "id"]);
    let refreshed = schema::record(&["company", "outcome"], &["company", "outcome"]);
    vec![
        Tool {
            declaration: declare(
                "whats_new",
                "What is new",
                "Use this for what happened since a day: new bookings, cancellations, reschedules, quote changes, published \
                 reports, deletions, new agents; latest first, with counts in `basis.notes`.",
                schema::Input::new(companies)
                    .text("since", "First day, YYYY-MM-DD. Default 7 days ago.")
                    .several_of("what", &kinds, "Only these.")
                    .paged()
                    .build(),
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
                schema::Input::new(companies).flag("full", "Read everything again (many calls).").build(),
                schema::list_of(&refreshed),
                true,
            ),
            run: |context, arguments| refresh(context, arguments).boxed(),
        },
    ]
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WhatsNew {
    company: Option<String>,
    since: Option<String>,
    #[serde(default)]
    what: Vec<String>,
    limit: Option<u32>,
    cursor: Option<String>,
}

/// A piece of news' place in the list: latest first.
type Place = (i64, String);

async fn whats_new(context: &Context, arguments: Map<String, Value>) -> Result<Answer, ToolFailure> {
    let mark = QueryMark::new("whats_new", &arguments);
    let wanted: WhatsNew = parse(arguments)?;
    let after = wanted.cursor.as_deref().map(|cursor| mark.read::<Place>(cursor)).transpose()?;
    let companies = context.chosen(wanted.company.as_deref());
    let kinds: Vec<NewsKind> = wanted.what.iter().filter_map(|name| NewsKind::by_name(name)).collect();
    let since: Option<Date> = match &wanted.since {
        Some(text) => Some(
            text.parse().map_err(|_| ToolFailure::new("`since` is not a date", "give the first day as YYYY-MM-DD"))?,
        ),
        None => None,
    };
    let now = context.clock.now();
    let (answers, basis) = ask_each(&companies, |company| async move {
        let since = begins(company, since, now);
        let (news, basis) = company.records.news(since).await?;
        Ok((news, basis))
    })
    .await?;
    let mut all: Vec<(Place, &ServedCompany, &News)> = Vec::new();
    for (company, news) in &answers {
        for (index, one) in news.iter().enumerate() {
            if kinds.is_empty() || kinds.contains(&one.what) {
                let place = (-one.at.as_millisecond(), format!("{} {index:08}", company.name));
                all.push((place, company, one));
            }
        }
    }
    all.sort_by(|left, right| left.0.cmp(&right.0));
    let mut basis = basis.unwrap_or_else(|| Basis::computed_at(now));
    basis.notes.insert(0, counts(&all));
    let total = Some(all.len() as u64);
    if let Some((after, _)) = after {
        all.retain(|(place, _, _)| after < *place);
    }
    let more = limit(wanted.limit) < all.len();
    all.truncate(limit(wanted.limit));
    let mut rows = Vec::new();
    for (place, company, news) in all {
        rows.push((place, news_row(context, company, news).await?));
    }
    let rows = Rows { rows, total, more, resume: None };
    Ok(Answer::list(rows, &mark, answer::basis(&basis, None)))
}

/// The instant the company's day begins.
fn begins(company: &ServedCompany, since: Option<Date>, now: Timestamp) -> Timestamp {
    let zone = company.records.timezone();
    let day = since.unwrap_or_else(|| {
        let today = zone.to_datetime(now).date();
        today.saturating_sub(jiff::Span::new().days(SINCE_DAYS))
    });
    day.to_zoned_datetime(zone.clone()).map_or(Timestamp::MIN, |start| start.timestamp())
}

fn counts(all: &[(Place, &ServedCompany, &News)]) -> String {
    let count = |kind: NewsKind| all.iter().filter(|(_, _, news)| news.what == kind).count();
    let parts = NewsKind::ALL.iter().map(|kind| format!("{} {}", kind.name(), count(*kind)));
    parts.collect::<Vec<_>>().join(", ")
}

async fn news_row(context: &Context, company: &ServedCompany, news: &News) -> Result<Map<String, Value>, ToolFailure> {
    let zone = company.records.timezone();
    let mut shown = Row::default();
    shown
        .put("company", context.label(company))
        .put("at", Some(row::local(news.at, zone)))
        .put("what", Some(news.what.name()))
        .put("id", Some(news.id.clone()));
    if news.what == NewsKind::NewAgent {
        if let Ok(id) = news.id.parse()
            && let Some((entry, _)) = company.records.agent(&id).await?
        {
            shown.put("name", entry.agent.name()).show("agency", entry.agent.agency_name.as_ref());
        }
        return Ok(shown.0);
    }
    let value = |number: Option<i64>| {
        number.and_then(|number| match news.what {
            NewsKind::Rescheduled => Some(row::local(Timestamp::from_millisecond(number).ok()?, zone)),
            _ => Some(Money::from_ten_thousandths(number).to_string()),
        })
    };
    shown.put("before", value(news.before)).put("after", value(news.after));
    if let Ok(id) = news.id.parse()
        && let Some((inspection, _)) = company.records.inspection(&id).await?
    {
        describe(&mut shown, &inspection, zone);
    }
    Ok(shown.0)
}

fn describe(shown: &mut Row, inspection: &Inspection, zone: &jiff::tz::TimeZone) {
    shown
        .put("starts_at", inspection.starts_at.map(|at| row::local(at, zone)))
        .list("clients", &inspection.client_names)
        .list("inspectors", inspection.inspectors.iter().filter_map(|inspector| inspector.name.as_ref()))
        .show("buying_agent", inspection.buying_agent.as_ref().and_then(|agent| agent.name.as_ref()))
        .show("cancel_reason", inspection.cancel_reason.as_ref())
        .put("portal_link", inspection.slug.as_ref().map(row::portal_link));
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Refresh {
    company: Option<String>,
    #[serde(default)]
    full: bool,
}

async fn refresh(context: &Context, arguments: Map<String, Value>) -> Result<Answer, ToolFailure> {
    let mark = QueryMark::new("refresh", &arguments);
    let wanted: Refresh = parse(arguments)?;
    let reporter = Reporter::current();
    let mut rows = Vec::new();
    let mut basis = Basis::computed_at(context.clock.now());
    for (index, company) in context.chosen(wanted.company.as_deref()).into_iter().enumerate() {
        let mut shown = Row::default();
        shown.put("company", Some(company.name.to_string()));
        match company.records.refresh(wanted.full, &reporter).await {
            Ok(Refreshed::Done(report)) => {
                let count = report.count();
                shown
                    .put("outcome", Some("up to date"))
                    .put("api_calls", Some(report.calls))
                    .put("new", Some(count.new))
                    .put("changed", Some(count.changed))
                    .put("gone", Some(count.gone));
                basis.missing.extend(report.missing);
            }
            Ok(Refreshed::Unfinished) => {
                shown.put("outcome", Some("not finished yet; it goes on in the background"));
                basis.missing.push(format!("{}: some changes are not read yet", company.name));
            }
            Err(error) => {
                shown.put("outcome", Some("failed"));
                basis.missing.push(format!("{}: {error}", company.name));
            }
        }
        rows.push((index, shown.0));
    }
    let total = Some(rows.len() as u64);
    Ok(Answer::list(Rows { rows, total, more: false, resume: None }, &mark, answer::basis(&basis, None)))
}
