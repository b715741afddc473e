//! `breakdown`: any number of inspections by what they have.

use std::cmp::Ordering;

use futures_util::FutureExt as _;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::super::super::answer::{Answer, Row, fitting};
use super::super::super::{Tool, ToolFailure, basis, declare, mark, schema};
use super::super::{Limit, limit_or, parse};
use super::{amount, rounded, rounded3};
use answers::{BreakdownAnswer, BreakdownAsked, BreakdownRow, Companies, Compare, Days, Only, Selected, today};
use domain::{CompanyName, FieldAccess, rounded_money};
use insight::{Cell, DateOf, GroupBy, JobState, Kept, Measure, MeasureValue};

/// Groups shown unless asked otherwise.
const SHOWN: usize = 20;
/// The numbers shown unless asked otherwise.
const MEASURES: [Measure; 3] = [Measure::Booked, Measure::Performed, Measure::Canceled];
/// The most numbers of one answer.
const MEASURES_MAX: usize = 8;
/// The most kinds of group of one answer.
const BY_MAX: usize = 2;

pub(super) fn tools(companies: &[CompanyName]) -> Vec<Tool> {
    vec![Tool {
        declaration: declare(
            "breakdown",
            "Breakdown",
            "Use this to count, sum or average inspections by anything they have: fees by inspector, reasons of cancellations, \
             busiest hours, unpaid jobs by age, jobs created last month. `others` are the rows not shown, summed.",
            super::input::<Wanted>(companies, "last_month").describe("compare", "Default none."),
            schema::breakdown(),
            true,
        ),
        run: |context, arguments| answer(context, arguments).boxed(),
    }]
}

/// Which inspections, by what; the same words in `explain`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(super) struct Selecting {
    /// At most two.
    #[serde(default)]
    #[schemars(extend("items" = {"type": "string", "enum": schema::names(GroupBy::ALL, GroupBy::name)}))]
    by: Vec<String>,
    /// The date that places a job in period, day, month. Default start.
    #[schemars(extend("enum" = schema::names(DateOf::ALL, DateOf::name)))]
    date_of: Option<String>,
    #[serde(flatten)]
    only: Only,
    team: Option<String>,
    tag: Option<String>,
    #[serde(default)]
    #[schemars(extend("items" = {"type": "string", "enum": schema::names(JobState::ALL, JobState::name)}))]
    status: Vec<String>,
    paid: Option<bool>,
    confirmed: Option<bool>,
}

impl Selecting {
    /// Whether anything is said that only a breakdown knows.
    pub(super) fn is_said(&self) -> bool {
        !self.by.is_empty()
            || self.date_of() != DateOf::Start
            || self.team.is_some()
            || self.tag.is_some()
            || !self.status.is_empty()
            || self.paid.is_some()
            || self.confirmed.is_some()
    }

    fn date_of(&self) -> DateOf {
        let named = |name: &str| DateOf::ALL.iter().copied().find(|date| date.name() == name);
        self.date_of.as_deref().and_then(named).unwrap_or_default()
    }

    /// How many kinds of group are asked for.
    pub(super) fn kinds(&self) -> usize {
        self.by.len()
    }

    pub(super) fn only(&self) -> &Only {
        &self.only
    }

    pub(super) fn selected(&self) -> Result<Selected, ToolFailure> {
        let by: Vec<GroupBy> = self.by.iter().filter_map(|name| GroupBy::by_name(name)).collect();
        if BY_MAX < by.len() {
            return Err(ToolFailure::new("`by` takes two names at most", "ask once for each pair"));
        }
        if let [one, other] = by.as_slice()
            && one == other
        {
            return Err(ToolFailure::new("`by` has the same name twice", "give it once"));
        }
        let state = |name: &String| JobState::ALL.iter().copied().find(|state| state.name() == name);
        Ok(Selected {
            only: self.only.clone(),
            team: self.team.clone(),
            tag: self.tag.clone(),
            kept: Kept {
                states: self.status.iter().filter_map(state).collect(),
                paid: self.paid,
                confirmed: self.confirmed,
            },
            date_of: self.date_of(),
            by,
        })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Order {
    Desc,
    Asc,
}

#[derive(Debug, Deserialize, JsonSchema)]
struct Wanted {
    company: Option<Vec<String>>,
    /// Default booked, performed, canceled.
    #[serde(default)]
    #[schemars(extend("items" = {"type": "string", "enum": schema::names(Measure::ALL, Measure::name)}))]
    measures: Vec<String>,
    #[serde(flatten)]
    selecting: Selecting,
    #[serde(flatten)]
    days: Days,
    #[serde(default = "no_comparison")]
    compare: Compare,
    /// group, or a measure.
    sort: Option<String>,
    order: Option<Order>,
    /// Smaller ones go to others.
    min_count: Option<u64>,
    /// Groups, default 20.
    limit: Option<Limit>,
    cursor: Option<String>,
}

fn no_comparison() -> Compare {
    Compare::None
}

/// What rows are sorted by.
#[derive(Clone, Copy)]
enum SortBy {
    Group,
    /// The measure at this place.
    Measure(usize),
}

impl Wanted {
    fn measures(&self) -> Result<Vec<Measure>, ToolFailure> {
        let mut measures: Vec<Measure> = Vec::new();
        for measure in self.measures.iter().filter_map(|name| Measure::by_name(name)) {
            if !measures.contains(&measure) {
                measures.push(measure);
            }
        }
        if MEASURES_MAX < measures.len() {
            let said = format!("`measures` takes {MEASURES_MAX} names at most");
            return Err(ToolFailure::new(said, "ask for the others in another call"));
        }
        Ok(if measures.is_empty() { MEASURES.to_vec() } else { measures })
    }

    /// What to sort by, and whether the largest comes first.
    fn sorting(&self, measures: &[Measure], by: &[GroupBy]) -> Result<(SortBy, bool), ToolFailure> {
        let sort = match self.sort.as_deref().map(str::trim) {
            Some("group") => SortBy::Group,
            Some(name) => match measures.iter().position(|measure| measure.name() == name) {
                Some(place) => SortBy::Measure(place),
                None => {
                    let names = measures.iter().map(|measure| measure.name()).collect::<Vec<_>>().join(", ");
                    let what = format!("`sort` is not among the measures asked for: {}", domain::excerpt(name, 60));
                    return Err(ToolFailure::new(what, format!("give group, or one of {names}")));
                }
            },
            None if by.first().is_some_and(|by| by.is_ordered()) => SortBy::Group,
            None => SortBy::Measure(0),
        };
        let most_first = match (self.order, sort) {
            (Some(order), _) => order == Order::Desc,
            (None, SortBy::Group) => false,
            (None, SortBy::Measure(_)) => true,
        };
        Ok((sort, most_first))
    }
}

async fn answer(companies: &Companies, arguments: Map<String, Value>) -> Result<Answer, ToolFailure> {
    let mark = mark(companies, "breakdown", &arguments);
    let wanted: Wanted = parse(arguments)?;
    let selected = wanted.selecting.selected()?;
    let measures = wanted.measures()?;
    let (sort, most_first) = wanted.sorting(&measures, &selected.by)?;
    let skip =
        wanted.cursor.as_deref().map(|cursor| mark.read::<usize>(cursor)).transpose()?.map_or(0, |(skip, _)| skip);
    let asked = BreakdownAsked {
        companies: wanted.company.clone(),
        days: wanted.days.clone(),
        compare: wanted.compare,
        measures,
        selected,
    };
    let found = companies.breakdown(&asked).await?;
    let measures = asked.measures.as_slice();
    let by = asked.selected.by.as_slice();
    let mut shown = basis::shown(&found.basis);
    for note in notes(companies, &asked, &found) {
        shown.note(note);
    }
    let BreakdownAnswer { mut rows, totals, companies: parts, .. } = found;
    let is_masked = companies.fields().money == FieldAccess::Masked;
    let min = wanted.min_count.unwrap_or(0);
    let (mut small, size) = (Vec::new(), limit_or(wanted.limit, SHOWN));
    if by.is_empty() {
        rows.clear();
    } else {
        (rows, small) = rows.into_iter().partition(|row| min <= row.cell.inspections);
        rows = sorted(rows, sort, most_first, measures);
    }
    let start = skip.min(rows.len());
    let mut lines: Vec<Value> =
        rows.iter().skip(start).take(size).map(|row| line(by, measures, row, is_masked).into()).collect();
    lines.truncate(fitting(lines.iter()));
    let end = start + lines.len();
    let others = rows.iter().take(start).chain(rows.iter().skip(end)).chain(&small);
    let mut content = Map::new();
    content.insert("rows".to_owned(), lines.into());
    if let Some((groups, sum)) = summed(others, measures) {
        let mut others = Map::from_iter([("groups".to_owned(), groups.into())]);
        others.extend(values(measures, &sum, is_masked));
        content.insert("others".to_owned(), others.into());
    }
    // Over companies of which one did not answer, a total is not certain.
    if !shown.lacks_a_company() {
        content.insert("totals".to_owned(), values(measures, &totals, is_masked).into());
    }
    content.insert("adds_up".to_owned(), (!by.iter().any(|by| by.is_several())).into());
    if 1 < parts.len() && !by.contains(&GroupBy::Company) {
        let of = |(company, row): &(&answers::Company, BreakdownRow)| {
            let mut part = Row::default();
            part.put("company", Some(company.name.to_string()));
            part.0.extend(values(measures, row, is_masked));
            Value::from(part.0)
        };
        content.insert("companies".to_owned(), parts.iter().map(of).collect::<Vec<_>>().into());
    }
    let next = (end < rows.len()).then_some(end);
    Ok(Answer::breakdown(content, &mark, next, shown))
}

/// Sorts rows by one of their values, or by what they are called. What has no value comes last, whichever way it goes.
fn sorted(rows: Vec<BreakdownRow>, sort: SortBy, most_first: bool, measures: &[Measure]) -> Vec<BreakdownRow> {
    // A middle is worked out once for each row, not at each comparison.
    let ranked = |row: BreakdownRow| {
        let value = match sort {
            SortBy::Group => MeasureValue::Count(0),
            SortBy::Measure(place) => {
                measures.get(place).map_or(MeasureValue::Nothing, |measure| row.cell.value(place, *measure).0)
            }
        };
        (value, row)
    };
    let mut rows: Vec<(MeasureValue, BreakdownRow)> = rows.into_iter().map(ranked).collect();
    let ordered = |ordering: Ordering| if most_first { ordering.reverse() } else { ordering };
    let lacks = |value: MeasureValue| value == MeasureValue::Nothing;
    rows.sort_by(|(left, left_row), (right, right_row)| {
        let by_label = left_row.labels.cmp(&right_row.labels);
        match sort {
            SortBy::Group => ordered(by_label),
            SortBy::Measure(_) => {
                let by_value = ordered(left.rank().total_cmp(&right.rank()));
                lacks(*left).cmp(&lacks(*right)).then(by_value).then(by_label)
            }
        }
    });
    rows.into_iter().map(|(_, row)| row).collect()
}

/// How many groups these are, and all of them in one; `None` of none.
fn summed<'a>(rows: impl Iterator<Item = &'a BreakdownRow>, measures: &[Measure]) -> Option<(u64, BreakdownRow)> {
    let mut sum: Option<(u64, BreakdownRow)> = None;
    for row in rows {
        let empty = || {
            let before = row.before.as_ref().map(|_| Cell::new(measures));
            (0, BreakdownRow { labels: Vec::new(), cell: Cell::new(measures), before })
        };
        let (groups, sum) = sum.get_or_insert_with(empty);
        *groups += 1;
        sum.cell.absorb(&row.cell);
        if let (Some(sum), Some(before)) = (&mut sum.before, &row.before) {
            sum.absorb(before);
        }
    }
    sum
}

fn line(by: &[GroupBy], measures: &[Measure], row: &BreakdownRow, is_masked: bool) -> Map<String, Value> {
    let labels = by.iter().zip(&row.labels);
    let mut line: Map<String, Value> =
        labels.map(|(by, label)| (by.name().to_owned(), Value::from(label.name.clone()))).collect();
    line.extend(values(measures, row, is_masked));
    line
}

/// Each measure with that of the period compared with, and which stand on few inspections. Where money `is_masked`, means and
/// middles of it are rounded as quotes are: no digit may look like a quote's own.
fn values(measures: &[Measure], row: &BreakdownRow, is_masked: bool) -> Map<String, Value> {
    let mut shown = Map::new();
    let mut small: Vec<Value> = Vec::new();
    for (place, measure) in measures.iter().enumerate() {
        let mut put = |name: String, cell: &Cell| {
            let (value, is_small) = cell.value(place, *measure);
            let value = if is_masked && !measure.adds_up() { about(value) } else { value };
            if let Some(value) = value_shown(value) {
                if is_small && !value.is_object() {
                    small.push(name.clone().into());
                }
                shown.insert(name, value);
            }
        };
        put(measure.name().to_owned(), &row.cell);
        if let Some(before) = &row.before {
            put(format!("{}_before", measure.name()), before);
        }
    }
    if !small.is_empty() {
        shown.insert("small_sample".to_owned(), small.into());
    }
    shown
}

/// Money to the nearest hundred.
fn about(value: MeasureValue) -> MeasureValue {
    match value {
        MeasureValue::Money(money) => {
            MeasureValue::Money(i64::try_from(money).map_or(money, |money| rounded_money(money).into()))
        }
        value => value,
    }
}

fn value_shown(value: MeasureValue) -> Option<Value> {
    Some(match value {
        MeasureValue::Count(count) => count.into(),
        MeasureValue::Money(money) => amount(money).into(),
        MeasureValue::Number(number) => rounded(number).into(),
        MeasureValue::Rate(rate) => {
            let mut shown = Row::default();
            shown
                .put("rate", Some(rounded3(rate.rate)))
                .put("count", Some(rate.count))
                .put("of", Some(rate.of))
                .put("small_sample", rate.small_sample.then_some(true));
            shown.0.into()
        }
        MeasureValue::Nothing => return None,
    })
}

/// What a reader should know of these numbers.
fn notes(companies: &Companies, asked: &BreakdownAsked, found: &BreakdownAnswer<'_>) -> Vec<String> {
    let mut notes = Vec::new();
    let selected = &asked.selected;
    let dated = match selected.date_of {
        DateOf::Start => None,
        DateOf::Created => Some("by when they were created"),
        DateOf::Canceled => Some("by when they were canceled"),
        DateOf::Published => Some("by when their reports were published"),
    };
    notes.extend(dated.map(|dated| format!("inspections are dated {dated}, those still to come included")));
    if selected.by.iter().any(|by| by.is_several()) {
        notes.push("an inspection can be in several rows, so rows add up to more than the totals".to_owned());
    }
    if asked.compare != Compare::None && selected.by.iter().any(|by| by.is_of_one_period()) {
        notes.push("a row is in one period alone; only the totals are compared".to_owned());
    }
    let looks_ahead = asked
        .measures
        .iter()
        .any(|measure| matches!(measure, Measure::Upcoming | Measure::UpcomingQuoted | Measure::AgreementsUnsigned));
    let reaches_ahead = found.basis.periods.iter().any(|period| {
        let company = companies.all.iter().find(|company| company.name == period.company);
        company.is_some_and(|company| today(company, companies.now()) <= period.days.to())
    });
    if selected.date_of == DateOf::Start && reaches_ahead && !looks_ahead {
        notes.push("these count up to now; upcoming counts what is still to come".to_owned());
    }
    notes
}
