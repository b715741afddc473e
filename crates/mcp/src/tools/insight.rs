//! Insights: one call, one worked-out answer with its basis.

mod agents;
mod breakdown;
mod briefing;
mod capacity;
pub(in super::super) mod explain;
mod mix;
mod quality;
mod scorecard;

use schemars::JsonSchema;
use serde_json::{Map, Value, json};

use super::super::answer::{Answer, QueryMark, Row};
use super::super::basis::ShownBasis;
use super::super::{Tool, ToolFailure, schema};
use answers::{Days, Only};
use domain::{CompanyName, FactTable};
use insight::Rate;
pub(super) use insight::{agent_name, inspector_name, word_name as word};

/// Every insight.
pub(super) fn tools(companies: &[CompanyName]) -> Vec<Tool> {
    let mut tools = scorecard::tools(companies);
    tools.extend(agents::tools(companies));
    tools.extend(mix::tools(companies));
    tools.extend(briefing::tools(companies));
    tools.extend(capacity::tools(companies));
    tools.extend(quality::tools(companies));
    tools.extend(breakdown::tools(companies));
    tools.extend(explain::tools(companies));
    tools
}

/// The input of an insight about days. What `list_inspections` says of them at length is said in a word; what inspections
/// are narrowed to, once in the server's instructions.
fn input<T: JsonSchema>(companies: &[CompanyName], default: &str) -> schema::Input {
    schema::input::<T>(companies)
        .undescribed::<Days>()
        .describe("period", &format!("As in list_inspections. Default {default}."))
        .describe("compare", "Default previous.")
        .undescribed::<Only>()
}

/// A page of an insight's rows: how many to leave out first, and the most to show of each company.
struct Page {
    mark: QueryMark,
    skip: usize,
    size: usize,
}

impl Page {
    fn of(mark: QueryMark, cursor: Option<&str>, size: usize) -> Result<Self, ToolFailure> {
        let skip = cursor.map(|cursor| mark.read::<usize>(cursor)).transpose()?.map_or(0, |(skip, _)| skip);
        Ok(Self { mark, skip, size })
    }

    /// The answer whose parts `make` gives for some rows of each company, with how many rows the largest one has.
    fn answer(
        self,
        rows: usize,
        combined: Option<Value>,
        basis: ShownBasis,
        make: impl Fn(std::ops::Range<usize>) -> Vec<Value>,
    ) -> Answer {
        Answer::paged_insight(&self.mark, self.skip, self.size, rows, combined, basis, make)
    }
}

/// Puts the rows of a page into a company's part, and how many follow; gives those that follow.
fn put_page<'a, T>(
    part: &mut Row,
    name: &str,
    rows: &'a [T],
    place: &std::ops::Range<usize>,
    show: impl Fn(&T) -> Map<String, Value>,
) -> &'a [T] {
    let end = place.end.min(rows.len());
    let on_page = rows.get(place.start..end).unwrap_or_default();
    let after = rows.get(end..).unwrap_or_default();
    part.put(name, Some(on_page.iter().map(|row| Value::Object(show(row))).collect::<Vec<_>>()))
        .put("not_shown", (!after.is_empty()).then_some(after.len()));
    after
}

/// A sum over rows as shown; `None` where the caller may not see money.
fn money(facts: &FactTable, ten_thousandths: impl Into<i128>) -> Option<String> {
    facts.shows_money().then(|| amount(ten_thousandths))
}

/// Money as shown, of ten-thousandths: at least two decimal places, more only where they are not zero.
fn amount(ten_thousandths: impl Into<i128>) -> String {
    const SCALE: u128 = 10_000;
    let amount: i128 = ten_thousandths.into();
    let sign = if amount < 0 { "-" } else { "" };
    let fraction = format!("{:04}", amount.unsigned_abs() % SCALE);
    let (cents, finer) = fraction.split_at(2);
    format!("{sign}{}.{cents}{}", amount.unsigned_abs() / SCALE, finer.trim_end_matches('0'))
}

/// Two decimal places are all that a mean is good for. The sum of nothing is a negative zero, and is shown as a plain one.
fn rounded(number: f64) -> f64 {
    (number * 100.0).round() / 100.0 + 0.0
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

/// A rate in a row: how many of how many, without the interval.
fn short_rate(rate: &Rate) -> Value {
    let mut shown = rate_value(rate);
    if let Some(shown) = shown.as_object_mut() {
        shown.shift_remove("low");
        shown.shift_remove("high");
    }
    shown
}

/// A share of what is not counted in cases: of money, of hours, or a middle of rates.
fn share_value(share: f64) -> Value {
    json!({"rate": rounded3(share)})
}

/// A chance. One below a hundredth is said to be that, with `rate` 0.01 and `below` true: what may happen is never 0.
fn chance_value(chance: f64) -> Value {
    const SMALLEST: f64 = 0.01;
    if chance < SMALLEST { json!({"rate": SMALLEST, "below": true}) } else { share_value(chance) }
}

/// Something that some of the cases have: its name, and the rate.
fn named_rate(name: String, rate: &Rate) -> Value {
    let mut shown = Map::new();
    shown.insert("name".to_owned(), name.into());
    if let Value::Object(rate) = short_rate(rate) {
        shown.extend(rate.into_iter().filter(|(field, _)| field != "small_sample"));
    }
    shown.into()
}

/// The first so many of these, each with how many of `of` have it; `None` where there is none.
fn first_rates(counts: impl Iterator<Item = (String, u64)>, of: u64, first: usize) -> Option<Vec<Value>> {
    let rates = counts.take(first).filter_map(|(name, count)| Some(named_rate(name, &insight::rate(count, of)?)));
    let shown: Vec<Value> = rates.collect();
    (!shown.is_empty()).then_some(shown)
}

/// Volume, hours (where they are summed) and revenue (where it may be seen) of all companies together.
fn combined(parts: &[(u64, Option<f64>, Option<i128>)]) -> Option<Value> {
    (1 < parts.len()).then(|| {
        let mut row = Row::default();
        row.put("volume", Some(parts.iter().map(|part| part.0).sum::<u64>()))
            .put("hours", parts.iter().map(|part| part.1).sum::<Option<f64>>().map(rounded))
            .put("quoted_revenue", parts.iter().map(|part| part.2).sum::<Option<i128>>().map(amount));
        json!(row.0)
    })
}
