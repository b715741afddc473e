//! Insights: one call, one worked-out answer with its basis.

mod agents;
mod briefing;
mod capacity;
pub(in super::super) mod explain;
mod mix;
mod quality;
mod scorecard;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::super::answer::Row;
use super::super::{Context, ServedCompany, Tool, ToolFailure, schema, zone_name};
use crate::domain::{CompanyName, DateRange, Money, NamedPeriod, epoch_day};
use crate::insight::{Rate, Scope};
use crate::mirror::Facts;
use crate::records::{Basis, CANCELED_UNSEEN, NarrowedBy, NarrowingWanted};

/// Every insight.
pub(super) fn tools(companies: &[CompanyName]) -> Vec<Tool> {
    let mut tools = scorecard::tools(companies);
    tools.extend(agents::tools(companies));
    tools.extend(mix::tools(companies));
    tools.extend(briefing::tools(companies));
    tools.extend(capacity::tools(companies));
    tools.extend(quality::tools(companies));
    tools.extend(explain::tools(companies));
    tools
}

fn scope(range: DateRange) -> Scope {
    Scope { from: epoch_day(range.from()), to: epoch_day(range.to()) }
}

/// What a period is compared with.
fn compared(range: DateRange, with: Option<&str>) -> Option<Scope> {
    let days = range.days();
    let shift = |days: i64| Scope { from: epoch_day(range.from()) - days, to: epoch_day(range.to()) - days };
    match with.unwrap_or("previous") {
        // The days just before, as many; a year back keeps the weekdays (364 days).
        "previous" => Some(shift(days)),
        "last_year" => Some(shift(364)),
        _ => None,
    }
}

/// The arguments all insights about a period share.
fn period_input(companies: &[CompanyName], default: &str) -> schema::Input {
    days_input(companies, default).one_of("compare", &["previous", "last_year", "none"], "Default previous.")
}

/// What the inspections of an insight can be narrowed to, besides the period.
#[derive(Clone, Debug, Default, Deserialize)]
struct Only {
    inspector: Option<String>,
    agent: Option<String>,
    agency: Option<String>,
    service: Option<String>,
    add_on: Option<String>,
    zip: Option<String>,
    city: Option<String>,
}

impl Only {
    fn wanted(&self) -> NarrowingWanted {
        let one = |what, given: &Option<String>| given.clone().map(|given| (what, given));
        NarrowingWanted {
            given: [
                one(NarrowedBy::Inspector, &self.inspector),
                one(NarrowedBy::Agent, &self.agent),
                one(NarrowedBy::Agency, &self.agency),
                one(NarrowedBy::Service, &self.service),
                one(NarrowedBy::AddOn, &self.add_on),
                one(NarrowedBy::Zip, &self.zip),
                one(NarrowedBy::City, &self.city),
            ]
            .into_iter()
            .flatten()
            .collect(),
        }
    }
}

/// The arguments of [`Only`], but for those the tool declares itself. Names are said once in the server's instructions.
fn narrowed_by(input: schema::Input, names: &[&str]) -> schema::Input {
    names.iter().fold(input, |input, name| input.with(name, json!({"type": "string"})))
}

/// A period that is compared with none.
fn days_input(companies: &[CompanyName], default: &str) -> schema::Input {
    schema::Input::new(companies)
        .text("from", "YYYY-MM-DD.")
        .text("to", "Inclusive.")
        .text("period", &format!("As in list_inspections. Default {default}."))
}

/// Money as shown.
fn money(ten_thousandths: i64) -> String {
    Money::from_ten_thousandths(ten_thousandths).to_string()
}

/// Two decimal places are all that a mean is good for.
fn rounded(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}

fn rate_value(rate: &Rate) -> Value {
    let mut shown = Map::new();
    shown.insert("rate".to_owned(), rounded3(rate.rate).into());
    shown.insert("count".to_owned(), rate.count.into());
    shown.insert("of".to_owned(), rate.of.into());
    shown.insert("low".to_owned(), rounded3(rate.low).into());
    shown.insert("high".to_owned(), rounded3(rate.high).into());
    if rate.small_sample {
        shown.insert("small_sample".to_owned(), true.into());
    }
    shown.into()
}

fn rounded3(number: f64) -> f64 {
    (number * 1000.0).round() / 1000.0
}

/// The name behind a number among the names.
fn word(facts: &Facts, word: i64) -> String {
    facts.names.get(&word).map_or_else(|| "?".to_owned(), |named| named.text().to_owned())
}

fn inspector_name(facts: &Facts, inspector: Option<i64>) -> String {
    inspector.and_then(|one| facts.inspectors.get(&one)).map_or_else(|| "(none)".to_owned(), |(_, name)| name.clone())
}

fn agent_name(facts: &Facts, agent: i64) -> String {
    facts
        .agents
        .get(&agent)
        .map_or_else(|| format!("id {agent}"), |known| known.name.clone().unwrap_or_else(|| format!("id {}", known.id)))
}

/// Whether rates of cancellation may be shown.
fn sees_canceled(basis: &Basis) -> bool {
    !basis.missing.iter().any(|missing| missing == CANCELED_UNSEEN)
}

/// The period as the basis shows it.
fn shown_period<'a>(context: &'a Context, companies: &[&'a ServedCompany], range: DateRange) -> (DateRange, String) {
    let zone = companies.first().map(|company| zone_name(company.records.timezone())).unwrap_or_default();
    let several = 1 < companies.len() && 1 < context.companies.len();
    (range, if several { "each company's own".to_owned() } else { zone })
}

/// The days meant for one company; `default` when none are given.
fn range_of(
    context: &Context,
    company: &ServedCompany,
    days: &super::Days,
    default: NamedPeriod,
) -> Result<DateRange, ToolFailure> {
    let today = company.records.timezone().to_datetime(context.clock.now()).date();
    let given = super::period(
        days.from.as_deref(),
        days.to.as_deref(),
        days.period.as_deref(),
        today,
        company.records.week_starts(),
    )?;
    Ok(given.unwrap_or_else(|| default.resolve(today, company.records.week_starts())))
}

/// Volume, hours and revenue of all companies together.
fn combined(parts: &[(u64, f64, i64)]) -> Option<Value> {
    (1 < parts.len()).then(|| {
        let mut row = Row::default();
        row.put("volume", Some(parts.iter().map(|part| part.0).sum::<u64>()))
            .put("hours", Some(rounded(parts.iter().map(|part| part.1).sum())))
            .put("quoted_revenue", Some(money(parts.iter().map(|part| part.2).sum())));
        json!(row.0)
    })
}
