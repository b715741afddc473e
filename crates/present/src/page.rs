//! An answer as a page: facts, tables and pictures, whatever it is painted with.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde_json::{Map, Value};

use crate::beside::Beside;
use crate::fields::{Format, named};
use crate::headline;
use crate::layouts::{Layout, Picture, TableLayout, layout_of};
use crate::words::{Shown, day, number, plainly, shown};

/// One answer.
#[derive(Clone, Debug)]
pub struct Page {
    /// The heading.
    pub title: String,
    /// A part for each company, and one for all together where there is one.
    pub parts: Vec<Part>,
    /// What it stands on.
    pub basis: Basis,
}

/// One company's part.
#[derive(Clone, Debug)]
pub struct Part {
    /// The company's name; `None` for all together.
    pub company: Option<String>,
    /// What matters most, in a sentence.
    pub headline: Option<String>,
    /// What is said once: what it is called, and its value.
    pub facts: Vec<(String, String)>,
    /// What is to be looked at, a line each.
    pub attention: Vec<String>,
    /// The tables; the first one is the main one.
    pub tables: Vec<Table>,
}

/// A table.
#[derive(Clone, Debug)]
pub struct Table {
    /// Its heading.
    pub title: String,
    /// Its columns, the ones that matter most first.
    pub columns: Vec<Column>,
    /// Its rows, each as long as there are columns; sums last.
    pub rows: Vec<Row>,
    /// The picture beside it.
    pub picture: Option<Drawing>,
    /// The column by which a person reads rows as cards.
    pub cards_by: Option<usize>,
}

/// The most columns of a table on paper: more do not fit.
pub const COLUMNS_MAX: usize = 9;
/// What is said above a page that has not all.
pub const INCOMPLETE: &str = "Incomplete: not everything that was asked for is in it.";
/// A picture has no more rows than these; the table has all of them.
const PICTURE_ROWS_MAX: usize = 25;

impl Table {
    /// What is to be said below a picture that has not all rows.
    pub fn drawn_in_part(&self) -> Option<String> {
        let is_by_row =
            matches!(self.picture, Some(Drawing::Bars { .. } | Drawing::Rates { .. } | Drawing::Rhythms { .. }));
        let rows = self.rows.iter().filter(|row| !row.is_sum).count();
        (is_by_row && PICTURE_ROWS_MAX < rows).then(|| format!("The first {PICTURE_ROWS_MAX} of {rows} are drawn."))
    }

    /// What is to be said below a table on paper that has not all columns.
    pub fn left_to_workbooks(&self) -> Option<String> {
        let left: Vec<&str> = self.columns.iter().skip(COLUMNS_MAX).map(|column| column.label.as_str()).collect();
        (!left.is_empty()).then(|| format!("The workbook (--out NAME.xlsx) also has: {}.", left.join(", ")))
    }

    /// The rows by whom they have in a column, in the order in which that comes first.
    pub fn grouped<'a>(&'a self, by: usize) -> Vec<(&'a str, Vec<&'a Row>)> {
        let mut groups: Vec<(&str, Vec<&Row>)> = Vec::new();
        for row in &self.rows {
            let head = row.text(by);
            match groups.iter_mut().find(|(known, _)| *known == head) {
                Some((_, rows)) => rows.push(row),
                None => groups.push((head, vec![row])),
            }
        }
        let named = |(head, rows): (&'a str, Vec<&'a Row>)| (if head.is_empty() { "Nobody yet" } else { head }, rows);
        groups.into_iter().map(named).collect()
    }
}

/// A column.
#[derive(Clone, Debug)]
pub struct Column {
    /// The field.
    pub field: String,
    /// What a person calls it.
    pub label: String,
    /// How its values are written.
    pub format: Option<Format>,
    /// What it means; empty where the label says it.
    pub hint: &'static str,
}

impl Column {
    /// Whether it stands at the right.
    pub fn is_number(&self) -> bool {
        self.format.is_some_and(Format::is_number)
    }

    /// Whether its values say themselves what they are: an address, and what is done there.
    pub fn says_itself(&self) -> bool {
        matches!(self.field.as_str(), "address" | "services" | "hours")
    }
}

/// A row.
#[derive(Clone, Debug)]
pub struct Row {
    /// A cell for each column.
    pub cells: Vec<Shown>,
    /// Whether it sums up the others.
    pub is_sum: bool,
}

impl Row {
    /// What stands in a column; empty where there is none.
    pub fn text(&self, place: usize) -> &str {
        self.cells.get(place).map(|cell| cell.text.as_str()).unwrap_or_default()
    }
}

/// A picture's numbers.
#[derive(Clone, Debug, PartialEq)]
pub enum Drawing {
    /// A bar for each.
    Bars {
        /// What is drawn.
        title: String,
        /// What each is called, how long it is, and that as text.
        bars: Vec<(String, f64, String)>,
    },
    /// A dot for each share.
    Rates {
        /// What is drawn.
        title: String,
        /// Each of them.
        dots: Vec<Dot>,
        /// The share of all.
        all: Option<f64>,
    },
    /// The weeks ahead.
    Forecast {
        /// Each week.
        weeks: Vec<Week>,
        /// A busy week so far.
        busy: Option<f64>,
    },
    /// Dots where places are.
    Map {
        /// What is drawn.
        title: String,
        /// What each is called, where it is (latitude, longitude), and how large.
        dots: Vec<(String, (f64, f64), f64)>,
    },
    /// When agents sent work, and how long they have been silent.
    Rhythms {
        /// Each agent.
        rows: Vec<Rhythm>,
    },
}

/// An agent's referrals over time.
#[derive(Clone, Debug, PartialEq)]
pub struct Rhythm {
    /// Who.
    pub label: String,
    /// How many days ago each was, the latest first; empty where nobody told.
    pub referrals: Vec<f64>,
    /// The usual gap in days, where there is a rhythm.
    pub gap: Option<f64>,
    /// Days since the last one.
    pub since: f64,
}

impl Rhythm {
    /// The days in which one would have been due again and none came.
    pub(crate) fn overdue(&self) -> f64 {
        self.gap.map_or(0.0, |gap| (self.since - gap).max(0.0))
    }
}

/// A share.
#[derive(Clone, Debug, PartialEq)]
pub struct Dot {
    /// Whose it is.
    pub label: String,
    /// From 0 to 1.
    pub share: f64,
    /// Where it may truly be.
    pub range: Option<(f64, f64)>,
}

impl Dot {
    /// The highest it may truly be.
    pub(crate) fn highest(&self) -> f64 {
        self.range.map_or(self.share, |(_, high)| high)
    }
}

/// A week of a forecast.
#[derive(Clone, Debug, PartialEq)]
pub struct Week {
    /// Its first day.
    pub label: String,
    /// What is in the calendar.
    pub booked: f64,
    /// What is likely.
    pub forecast: f64,
    /// Where 8 of 10 such weeks are.
    pub likely: (f64, f64),
    /// Where 19 of 20 are.
    pub sure: (f64, f64),
}

/// What an answer stands on.
#[derive(Clone, Debug, Default)]
pub struct Basis {
    /// As of when and from where; complete or not.
    pub source: String,
    /// Whether it holds all that was asked for.
    pub is_complete: bool,
    /// The days it is about, and those it is compared with.
    pub periods: Vec<String>,
    /// What is not in it.
    pub missing: Vec<String>,
    /// What is to be known.
    pub notes: Vec<String>,
    /// The year of the answer.
    pub year: i16,
}

impl Page {
    /// The page of a tool's structured answer, with what comes along for its pictures. An answer that nobody laid out is
    /// shown as its fields.
    pub fn of(tool: &str, answer: &Map<String, Value>, beside: &Beside) -> Self {
        let layout = layout_of(tool);
        let basis = basis_of(answer.get("basis").and_then(Value::as_object), beside);
        let context = Context { layout, year: basis.year, beside };
        let name_of = |fields: &Map<String, Value>| match fields.get("company") {
            Some(name) => Some(beside.company(plainly(name))),
            None => beside.only_company(),
        };
        let mut parts: Vec<Part> =
            by_company(answer).iter().map(|fields| context.part(name_of(fields), fields)).collect();
        if let Some(combined) = answer.get("combined").and_then(Value::as_object) {
            parts.push(context.part(None, combined));
        }
        let title = layout.map_or_else(|| named(tool).label, |layout| layout.title.to_owned());
        Self { title, parts, basis }
    }

    /// The same with little more than its headlines, for a letter of several.
    #[must_use]
    pub fn in_short(mut self, tool: &str) -> Self {
        /// The most rows of a table, and lines of what is to be looked at.
        const ROWS: usize = 5;
        const LINES: usize = 3;
        let layouts = layout_of(tool).map(|layout| layout.tables).unwrap_or_default();
        // Without the companies in sum.
        if 1 < self.parts.len() {
            self.parts.retain(|part| part.company.is_some());
        }
        for part in &mut self.parts {
            part.facts.clear();
            part.attention.truncate(LINES);
            let tables = std::mem::take(&mut part.tables);
            part.tables = tables.into_iter().filter_map(|table| shortened(table, layouts, ROWS)).collect();
        }
        self.basis.notes.clear();
        self
    }

    /// What a part is called; `None` where it is the only one and has no name.
    pub fn name_of<'a>(&self, part: &'a Part) -> Option<&'a str> {
        let all = if self.parts.len() > 1 { Some("All companies together") } else { None };
        part.company.as_deref().or(all)
    }

    /// What the columns mean that a label does not say, each once.
    pub fn definitions(&self) -> BTreeMap<&str, &'static str> {
        let columns = self.parts.iter().flat_map(|part| &part.tables).flat_map(|table| &table.columns);
        columns.filter(|column| !column.hint.is_empty()).map(|column| (column.label.as_str(), column.hint)).collect()
    }
}

/// What pages stand on and what is to be known, each once.
pub fn sources(pages: &[Page]) -> Vec<&str> {
    let mut said: Vec<&str> = Vec::new();
    for line in pages.iter().flat_map(|page| std::iter::once(&page.basis.source).chain(&page.basis.notes)) {
        if !said.contains(&line.as_str()) {
            said.push(line);
        }
    }
    said
}

/// What is to be said of shares, where some are drawn.
pub fn of_few_cases(pages: &[Page]) -> Option<&'static str> {
    let mut tables = pages.iter().flat_map(|page| &page.parts).flat_map(|part| &part.tables);
    let has_shares = tables.any(|table| matches!(table.picture, Some(Drawing::Rates { .. })));
    has_shares
        .then_some("A share of few cases says little: the bar through a dot shows within what range it may truly be.")
}

/// The parts of an answer, one for each company. A list is put into parts by whose each of its rows is; where there is one
/// company only, no row says it.
fn by_company(answer: &Map<String, Value>) -> Vec<Map<String, Value>> {
    let list = |name: &str| answer.get(name).and_then(Value::as_array);
    if let Some(parts) = list("companies") {
        return parts.iter().filter_map(Value::as_object).cloned().collect();
    }
    let Some(items) = list("items") else { return Vec::new() };
    let mut parts: Vec<(Option<&Value>, Vec<Value>)> = Vec::new();
    for item in items {
        let company = item.get("company");
        match parts.iter_mut().find(|(known, _)| *known == company) {
            Some((_, rows)) => rows.push(item.clone()),
            None => parts.push((company, vec![item.clone()])),
        }
    }
    if parts.is_empty() {
        parts.push((None, Vec::new()));
    }
    let part = |(company, rows): (Option<&Value>, Vec<Value>)| {
        let company = company.map(|company| ("company".to_owned(), company.clone()));
        company.into_iter().chain([("items".to_owned(), Value::from(rows))]).collect()
    };
    parts.into_iter().map(part).collect()
}

/// A table with the columns that are left in short, and at most so many rows.
fn shortened(mut table: Table, layouts: &[TableLayout], rows: usize) -> Option<Table> {
    let layout =
        layouts.iter().find(|layout| layout.title == table.title).filter(|layout| !layout.in_short.is_empty())?;
    let place = |name: &&str| table.columns.iter().position(|column| column.field == *name);
    let places: Vec<usize> = layout.in_short.iter().filter_map(place).collect();
    table.rows.retain(|row| !row.is_sum);
    table.rows.truncate(rows);
    for row in &mut table.rows {
        row.cells = places.iter().filter_map(|place| row.cells.get(*place).cloned()).collect();
    }
    table.columns = places.iter().filter_map(|place| table.columns.get(*place).cloned()).collect();
    // Of an address the street is enough.
    if let Some(place) = table.columns.iter().position(|column| column.field == "address") {
        for cell in table.rows.iter_mut().filter_map(|row| row.cells.get_mut(place)) {
            cell.text.truncate(cell.text.find(", ").unwrap_or(cell.text.len()));
        }
    }
    (table.picture, table.cards_by) = (None, None);
    Some(table)
}

struct Context<'a> {
    layout: Option<&'static Layout>,
    year: i16,
    beside: &'a Beside,
}

impl Context<'_> {
    fn part(&self, company: Option<String>, fields: &Map<String, Value>) -> Part {
        let layouts = self.layout.map(|layout| layout.tables).unwrap_or_default();
        let laid = |name: &str| layouts.iter().any(|table| table.field == name);
        let sums = |name: &str| layouts.iter().flat_map(|table| table.sums).any(|(sum, _)| *sum == name);
        let mut tables: Vec<Table> = layouts.iter().filter_map(|layout| self.table(layout, fields)).collect();
        let facts_first = self.layout.map(|layout| layout.facts).unwrap_or_default();
        let mut names: Vec<&str> = facts_first.iter().copied().filter(|name| fields.contains_key(*name)).collect();
        names.extend(fields.keys().map(String::as_str).filter(|name| !facts_first.contains(name)));
        let mut facts = Vec::new();
        let mut attention = Vec::new();
        let left = self.layout.map(|layout| layout.left).unwrap_or_default();
        let is_said = |name: &&str| *name != "company" && !laid(name) && !sums(name) && !left.contains(name);
        for name in names.into_iter().filter(is_said) {
            let Some(value) = fields.get(name) else { continue };
            match value {
                Value::Array(list) if name == "attention" => {
                    attention.extend(list.iter().map(|one| self.by_address(&plainly(one), fields)));
                }
                Value::Array(list) if list.is_empty() => {}
                Value::Array(rows) if rows.iter().all(is_row) => {
                    let rows: Vec<&Map<String, Value>> = rows.iter().filter_map(Value::as_object).collect();
                    tables.push(self.plain_table(name, &rows));
                }
                Value::Object(inner) if !inner.contains_key("rate") && !inner.contains_key("low") => {
                    facts.extend(inner.iter().filter(|(field, _)| named(field).format != Some(Format::Id)).map(
                        |(field, value)| {
                            let field = named(field);
                            (field.label.clone(), shown(value, field.format, self.year).text)
                        },
                    ));
                }
                value => {
                    let field = named(name);
                    facts.push((field.label.clone(), shown(value, field.format, self.year).text));
                }
            }
        }
        facts.retain(|(_, value)| !value.is_empty());
        let headline = self.layout.and_then(|layout| headline::of(layout.tool, fields, self.year));
        Part { company, headline, facts, attention, tables }
    }

    /// A line about a job (`09:30 5005955: unpaid`) with its address in the place of its id.
    fn by_address(&self, line: &str, fields: &Map<String, Value>) -> String {
        let jobs = fields.get("jobs").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object);
        let told = line.split_once(": ").and_then(|(job, rest)| Some((job.split_once(' ')?, rest)));
        let Some(((time, id), rest)) = told else { return line.to_owned() };
        let address = jobs.into_iter().find(|job| job.get("id").map(plainly).as_deref() == Some(id));
        let Some(address) = address.and_then(|job| job.get("address")).map(plainly) else { return line.to_owned() };
        let street = address.split(", ").next().unwrap_or_default();
        let time = shown(&Value::from(time), Some(Format::Time), self.year).text;
        format!("{time}, {street}: {rest}")
    }

    fn table(&self, layout: &TableLayout, fields: &Map<String, Value>) -> Option<Table> {
        let rows: Vec<&Map<String, Value>> =
            fields.get(layout.field)?.as_array()?.iter().filter_map(Value::as_object).collect();
        if rows.is_empty() {
            return None;
        }
        let has = |name: &str| rows.iter().any(|row| row.contains_key(name));
        let mut names: Vec<String> =
            layout.columns.iter().filter(|name| has(name)).map(|name| (*name).to_owned()).collect();
        for name in rows.iter().flat_map(|row| row.keys()) {
            // Whose a row is stands above the table.
            if !names.contains(name) && named(name).format != Some(Format::Id) && name != "company" {
                names.push(name.clone());
            }
        }
        let first = names.first().cloned().unwrap_or_default();
        let sums = layout.sums.iter().filter_map(|(field, label)| {
            let mut sum = fields.get(*field)?.as_object()?.clone();
            sum.insert(first.clone(), Value::from(*label));
            Some(sum)
        });
        let sums: Vec<Map<String, Value>> = sums.collect();
        let columns: Vec<Column> = names.iter().map(|name| column(name)).collect();
        let shown_rows = rows.iter().map(|row| (*row, false)).chain(sums.iter().map(|row| (row, true)));
        let rows_shown = shown_rows.map(|(row, is_sum)| Row { cells: self.cells(row, &columns), is_sum }).collect();
        let cards_by = layout.cards_by.and_then(|name| names.iter().position(|known| known == name));
        let picture = layout.picture.and_then(|picture| self.drawing(picture, &rows, fields));
        Some(Table { title: layout.title.to_owned(), columns, rows: rows_shown, picture, cards_by })
    }

    fn plain_table(&self, name: &str, rows: &[&Map<String, Value>]) -> Table {
        let mut names: Vec<String> = Vec::new();
        for name in rows.iter().flat_map(|row| row.keys()) {
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
        let columns: Vec<Column> = names.iter().map(|name| column(name)).collect();
        let rows = rows.iter().map(|row| Row { cells: self.cells(row, &columns), is_sum: false }).collect();
        Table { title: named(name).label, columns, rows, picture: None, cards_by: None }
    }

    fn cells(&self, row: &Map<String, Value>, columns: &[Column]) -> Vec<Shown> {
        let cell = |column: &Column| {
            let value = row.get(&column.field).unwrap_or(&Value::Null);
            shown(value, column.format, self.year)
        };
        columns.iter().map(cell).collect()
    }

    fn drawing(&self, picture: Picture, rows: &[&Map<String, Value>], fields: &Map<String, Value>) -> Option<Drawing> {
        let text = |row: &Map<String, Value>, name: &str| row.get(name).map(plainly).unwrap_or_default();
        let read = |row: &Map<String, Value>, name: &str| row.get(name).and_then(number);
        let share = |map: &Value| map.get("rate").and_then(number);
        let all = rows;
        let rows = all.get(..PICTURE_ROWS_MAX).unwrap_or(all);
        let ends = |map: &Value| map.get("low").and_then(number).zip(map.get("high").and_then(number));
        let drawing = match picture {
            Picture::Bars { label, value } => bars(rows, label, value, self.year),
            Picture::Rates { label, rate, beside } => Drawing::Rates {
                title: named(rate).label,
                dots: rows
                    .iter()
                    .filter_map(|row| {
                        let value = row.get(rate)?;
                        Some(Dot { label: text(row, label), share: share(value)?, range: ends(value) })
                    })
                    .collect(),
                all: fields.get(beside).and_then(|all| share(all.get(rate)?)),
            },
            Picture::Forecast => Drawing::Forecast {
                weeks: all.iter().filter_map(|row| week(row, self.year)).collect(),
                busy: fields.get("busy_week").and_then(number),
            },
            Picture::Map { label, value } => {
                let dots: Vec<_> = all
                    .iter()
                    .filter_map(|row| {
                        Some((text(row, label), self.beside.place(&text(row, label))?, read(row, value)?))
                    })
                    .collect();
                // By anything but ZIP codes there is no map.
                if dots.len() * 2 < all.len() {
                    bars(rows, label, value, self.year)
                } else {
                    Drawing::Map { title: named(value).label, dots }
                }
            }
            Picture::Rhythms => {
                let company = fields.get("company").map(plainly).unwrap_or_default();
                let rhythm = |row: &&Map<String, Value>| {
                    let referrals = self.beside.referrals(&company, &text(row, "id")).to_vec();
                    let gap = read(row, "usual_gap_days");
                    let since = read(row, "days_since").or_else(|| referrals.first().copied())?;
                    // Without either there is nothing to see but a number.
                    let is_drawn = gap.is_some() || !referrals.is_empty();
                    is_drawn.then(|| Rhythm { label: text(row, "agent"), referrals, gap, since })
                };
                let rhythms: Vec<Rhythm> = rows.iter().filter_map(rhythm).collect();
                if rhythms.is_empty() {
                    bars(rows, "agent", "quoted_revenue", self.year)
                } else {
                    Drawing::Rhythms { rows: rhythms }
                }
            }
        };
        let is_empty = match &drawing {
            Drawing::Bars { bars, .. } => bars.is_empty(),
            Drawing::Rates { dots, .. } => dots.is_empty(),
            Drawing::Forecast { weeks, .. } => weeks.is_empty(),
            Drawing::Map { dots, .. } => dots.is_empty(),
            Drawing::Rhythms { rows } => rows.is_empty(),
        };
        (!is_empty).then_some(drawing)
    }
}

fn bars(rows: &[&Map<String, Value>], label: &str, value: &str, year: i16) -> Drawing {
    let field = named(value);
    let bar = |row: &&Map<String, Value>| {
        let length = shown(row.get(value)?, field.format, year);
        Some((row.get(label).map(plainly).unwrap_or_default(), length.exact?.number()?, length.text))
    };
    Drawing::Bars { title: field.label, bars: rows.iter().filter_map(bar).collect() }
}

fn week(row: &Map<String, Value>, year: i16) -> Option<Week> {
    let read = |name: &str| row.get(name).and_then(number);
    let ends = |name: &str| {
        let map = row.get(name)?;
        map.get("low").and_then(number).zip(map.get("high").and_then(number))
    };
    let forecast = read("forecast")?;
    Some(Week {
        label: shown(row.get("week_of")?, Some(Format::Date), year).text,
        booked: read("booked").unwrap_or(0.0),
        forecast,
        likely: ends("range_80").unwrap_or((forecast, forecast)),
        sure: ends("range_95").unwrap_or((forecast, forecast)),
    })
}

fn column(name: &str) -> Column {
    let field = named(name);
    Column { field: name.to_owned(), label: field.label, format: field.format, hint: field.hint }
}

/// Whether a value belongs into a table of its own; what has a name and a share stands on one line with others.
fn is_row(value: &Value) -> bool {
    value.as_object().is_some_and(|row| !(row.contains_key("name") && row.contains_key("rate")))
}

fn basis_of(basis: Option<&Map<String, Value>>, beside: &Beside) -> Basis {
    let Some(basis) = basis else { return Basis::default() };
    let text = |name: &str| basis.get(name).map(plainly).unwrap_or_default();
    let as_of = text("as_of");
    let year = as_of.get(..10).and_then(|date| date.parse::<Date>().ok()).map_or(0, Date::year);
    let is_complete = basis.get("complete") == Some(&Value::Bool(true));
    let from = if text("source") == "mirror" { "the local copy" } else { "Spectora" };
    let when = as_of.parse::<jiff::Timestamp>().map_or(as_of, |at| at.strftime("%b %-d, %Y, %H:%M UTC").to_string());
    let mut periods = Vec::new();
    for (name, title) in [("period", "Period"), ("compared", "Compared with")] {
        let Some(period) = basis.get(name).and_then(Value::as_object) else { continue };
        match period.get("companies").and_then(Value::as_array) {
            // Each company has its own days.
            Some(each) => periods.extend(each.iter().filter_map(Value::as_object).map(|one| {
                let company = beside.company(one.get("company").map(plainly).unwrap_or_default());
                format!("{title} of {company}: {}", days(one, year))
            })),
            None => periods.push(format!("{title}: {}", days(period, year))),
        }
    }
    let list = |name: &str| -> Vec<String> {
        basis.get(name).and_then(Value::as_array).into_iter().flatten().map(plainly).collect()
    };
    Basis {
        source: format!("From {from}, as of {when}"),
        is_complete,
        periods,
        missing: list("missing"),
        notes: list("notes").iter().map(|note| in_labels(note)).collect(),
        year,
    }
}

/// A note with the labels of fields in the place of their names.
fn in_labels(note: &str) -> String {
    let is_part = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let mut out = String::new();
    let mut rest = note;
    while let Some(begin) = rest.find(is_part) {
        let (before, from) = rest.split_at(begin);
        let end = from.find(|c| !is_part(c)).unwrap_or(from.len());
        let (word, after) = from.split_at(end);
        out.push_str(before);
        let is_field = word.contains('_') && crate::fields::FIELDS.iter().any(|field| field.name == word);
        if is_field {
            out.push_str(&format!("“{}”", named(word).label));
        } else {
            out.push_str(word);
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

fn days(period: &Map<String, Value>, year: i16) -> String {
    let one = |name: &str| match period.get(name).and_then(Value::as_str) {
        Some(text) => text.parse::<Date>().map_or_else(|_| text.to_owned(), |date| day(date, year)),
        None => String::new(),
    };
    let zone = period.get("timezone").map(|zone| format!(" ({})", plainly(zone))).unwrap_or_default();
    if one("from") == one("to") {
        format!("{}{zone}", one("from"))
    } else {
        format!("{} to {}{zone}", one("from"), one("to"))
    }
}
