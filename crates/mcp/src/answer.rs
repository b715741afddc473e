//! The shapes that hold for every tool: a list, one record, and what they are based on.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use rmcp::model::{CallToolResult, ContentBlock, MetaObject};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::basis::{self, ShownBasis};
use super::failure::ToolFailure;
use super::render;
use domain::{CompanyName, Permissions, content_hash};
use records::Basis;

/// The largest answer, in bytes of its structured content; whole rows are cut, and the rest comes by cursor.
const ANSWER_BYTES_MAX: usize = 40_000;

/// An answer: the structured content. The text is made from it.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    content: Map<String, Value>,
    /// Whether the text is the same JSON, because that is what the shape's readers expect.
    text_is_json: bool,
    /// What comes along for pictures alone, in the result's `_meta`: no model reads it.
    beside: Map<String, Value>,
}

/// Rows with the place each has in the list, and what is known about the whole.
pub(super) struct Rows<P> {
    /// Position and content of each row, in order.
    pub rows: Vec<(P, Map<String, Value>)>,
    /// How many there are in all, where that is certain.
    pub total: Option<u64>,
    /// Whether more follow.
    pub more: bool,
    /// Where to go on when there is no last row to go on from.
    pub resume: Option<P>,
}

/// How many bytes a value takes as JSON; nothing is written.
fn json_bytes(value: &impl Serialize) -> usize {
    struct Counter(usize);
    impl std::io::Write for Counter {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut counter = Counter(0);
    // A value is always JSON, and a counter always takes it.
    drop(serde_json::to_writer(&mut counter, value));
    counter.0
}

/// Whole numbers are written as such, whatever they were worked out as: no day is `79.0`, and nothing is `-0.0`.
pub(super) fn plain_numbers(value: &mut Value) {
    /// Below this every whole number is exact as it is kept.
    const EXACT_BELOW: f64 = 9_007_199_254_740_992.0;
    match value {
        Value::Number(number) if number.is_f64() => {
            let whole = number.as_f64().filter(|one| one.fract() == 0.0 && one.abs() < EXACT_BELOW);
            if let Some(whole) = whole {
                #[expect(clippy::cast_possible_truncation, reason = "a whole number that fits")]
                let whole = whole as i64;
                *value = whole.into();
            }
        }
        Value::Array(list) => list.iter_mut().for_each(plain_numbers),
        Value::Object(map) => map.values_mut().for_each(plain_numbers),
        _ => {}
    }
}

/// How many of these rows an answer has room for; one at least.
pub(super) fn fitting<'a>(rows: impl Iterator<Item = &'a Value>) -> usize {
    let sums = rows.scan(0, |sum, row| {
        *sum += json_bytes(row);
        Some(*sum)
    });
    sums.take_while(|sum| *sum <= ANSWER_BYTES_MAX).count().max(1)
}

/// Whether an answer has room for these parts.
pub(super) fn fits(parts: &[Value]) -> bool {
    parts.iter().map(json_bytes).sum::<usize>() <= ANSWER_BYTES_MAX
}

/// How many rows there are in all, and whether more follow once those after a place are cut to a page.
pub(super) struct Cut {
    /// All of them, over all pages.
    pub total: u64,
    /// Whether more follow.
    pub more: bool,
}

/// Leaves of rows in the order of their places those after `after`, at most `limit`.
pub(super) fn cut_to_page<P: Ord, T>(rows: &mut Vec<(P, T)>, after: Option<&P>, limit: usize) -> Cut {
    rows.sort_by(|left, right| left.0.cmp(&right.0));
    let total = rows.len() as u64;
    if let Some(after) = after {
        rows.retain(|(place, _)| after < place);
    }
    let more = limit < rows.len();
    rows.truncate(limit);
    Cut { total, more }
}

/// What a list of one tool, with the same arguments, goes on from: the version, the query's mark, the place, the total.
/// Without names, because it is sent back and forth.
#[derive(Serialize, Deserialize)]
struct Cursor<P>(u8, String, P, Option<u64>);

const CURSOR_VERSION: u8 = 2;

/// The query a cursor belongs to: the tool, its arguments but for `cursor` and `limit`, and the companies served, for
/// the same words ask a server of other companies for another list.
pub(super) struct QueryMark(String);

impl QueryMark {
    pub(super) fn new<'a>(
        tool: &str,
        arguments: &Map<String, Value>,
        served: impl IntoIterator<Item = &'a CompanyName>,
    ) -> Self {
        let mut names: Vec<&String> = arguments.keys().filter(|name| *name != "cursor" && *name != "limit").collect();
        names.sort();
        let mut text = tool.to_owned();
        for name in names {
            text.push_str(&format!("\n{name}={}", arguments.get(name).unwrap_or(&Value::Null)));
        }
        for company in served {
            text.push_str(&format!("\n{company}"));
        }
        Self::of(text)
    }

    /// The mark of the same query by whoever has these permissions: their lists are others.
    pub(super) fn seen_by(self, permissions: &Permissions) -> Self {
        if permissions.is_everything() { self } else { Self::of(format!("{}\n{permissions:?}", self.0)) }
    }

    fn of(text: String) -> Self {
        Self(format!("{:016x}", content_hash(text.as_bytes())))
    }

    /// What `cursor` goes on from, and the total it carries.
    pub(super) fn read<P: for<'de> Deserialize<'de>>(&self, cursor: &str) -> Result<(P, Option<u64>), ToolFailure> {
        let refused = |what: &str| {
            ToolFailure::new(
                format!("this `cursor` {what}"),
                "give `next_cursor` of the answer before unchanged, with the same other arguments and to the same server, or \
                 leave `cursor` out to start over",
            )
        };
        let bytes = URL_SAFE_NO_PAD.decode(cursor.trim()).map_err(|_| refused("is not one of ours"))?;
        let Cursor(version, mark, place, total): Cursor<P> =
            serde_json::from_slice(&bytes).map_err(|_| refused("is not one of this list"))?;
        if version != CURSOR_VERSION || mark != self.0 {
            return Err(refused("belongs to a list with other arguments, or of other companies"));
        }
        Ok((place, total))
    }

    fn write<P: Serialize>(&self, position: &P, total: Option<u64>) -> Option<String> {
        let cursor = Cursor(CURSOR_VERSION, self.0.clone(), position, total);
        serde_json::to_vec(&cursor).ok().map(|bytes| URL_SAFE_NO_PAD.encode(bytes))
    }
}

/// An instant in UTC, to the second.
pub(super) fn seconds(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

impl Answer {
    fn of(content: Map<String, Value>) -> Self {
        Self { content, text_is_json: false, beside: Map::new() }
    }

    /// A list. Rows that would make it too large are cut from its end and come with the cursor.
    pub(super) fn list<P: Serialize>(rows: Rows<P>, mark: &QueryMark, mut basis: ShownBasis) -> Self {
        let found = rows.rows.len();
        let mut bytes = 0;
        let mut kept = Vec::new();
        let mut last = None;
        for (position, row) in rows.rows {
            bytes += json_bytes(&row);
            if ANSWER_BYTES_MAX < bytes && !kept.is_empty() {
                break;
            }
            kept.push(Value::Object(row));
            last = Some(position);
        }
        let cut = found - kept.len();
        if 0 < cut {
            basis.note(format!("{cut} rows of this page were left out to keep the answer small; next_cursor has them"));
        }
        // Over companies of which one did not answer, a total is not certain.
        let total = rows.total.filter(|_| !basis.lacks_a_company());
        let mut answer = Map::new();
        answer.insert("items".to_owned(), kept.into());
        if let Some(total) = total {
            answer.insert("total".to_owned(), total.into());
        }
        if (rows.more || 0 < cut)
            && let Some(position) = if 0 < cut { last } else { rows.resume.or(last) }
            && let Some(cursor) = mark.write(&position, total)
        {
            answer.insert("next_cursor".to_owned(), cursor.into());
        }
        answer.insert("basis".to_owned(), basis.into_value());
        Self::of(answer)
    }

    /// An insight: a part for each company, sums where they make sense and no company is missing, and the basis.
    pub(super) fn insight(companies: Vec<Value>, combined: Option<Value>, basis: ShownBasis) -> Self {
        let mut content = Map::new();
        content.insert("companies".to_owned(), companies.into());
        if let Some(combined) = combined.filter(|_| !basis.lacks_a_company()) {
            content.insert("combined".to_owned(), combined);
        }
        content.insert("basis".to_owned(), basis.into_value());
        Self::of(content)
    }

    /// A page of an insight: of each company `size` rows after the first `skip`, of at most `rows`; fewer where they would
    /// make the answer too large. `make` gives the parts with these rows.
    pub(super) fn paged_insight(
        mark: &QueryMark,
        skip: usize,
        size: usize,
        rows: usize,
        combined: Option<Value>,
        basis: ShownBasis,
        make: impl Fn(std::ops::Range<usize>) -> Vec<Value>,
    ) -> Self {
        let made = |size: usize| make(skip..skip.saturating_add(size));
        let mut size = size.clamp(1, rows.saturating_sub(skip).max(1));
        let mut parts = made(size);
        if !fits(&parts) {
            // As many rows as there is room for, one at least.
            let (mut fitting, mut too_many) = (1, size);
            while fitting + 1 < too_many {
                let middle = usize::midpoint(fitting, too_many);
                if fits(&made(middle)) { fitting = middle } else { too_many = middle }
            }
            size = fitting;
            parts = made(size);
        }
        let next = skip.saturating_add(size);
        let cursor = if next < rows { mark.write(&next, None) } else { None };
        let mut answer = Self::insight(parts, combined, basis);
        if let Some(cursor) = cursor {
            answer.content.insert("next_cursor".to_owned(), cursor.into());
        }
        answer
    }

    /// Groups of inspections; `next` is where the following page begins.
    pub(super) fn breakdown(
        mut content: Map<String, Value>,
        mark: &QueryMark,
        next: Option<usize>,
        basis: ShownBasis,
    ) -> Self {
        if let Some(cursor) = next.and_then(|next| mark.write(&next, None)) {
            content.insert("next_cursor".to_owned(), cursor.into());
        }
        content.insert("basis".to_owned(), basis.into_value());
        Self::of(content)
    }

    /// A shape of its own, whose text is the same JSON.
    pub(super) fn json(content: Map<String, Value>) -> Self {
        Self { text_is_json: true, ..Self::of(content) }
    }

    /// The same answer, whose basis says this before all else. A shape without a basis stays as it is.
    pub(super) fn noting(mut self, notes: Vec<String>) -> Self {
        if let Some(basis) = self.content.get_mut("basis").and_then(Value::as_object_mut)
            && !notes.is_empty()
        {
            let said = basis.get_mut("notes").and_then(Value::as_array_mut).map(std::mem::take).unwrap_or_default();
            let notes = notes.into_iter().map(Value::from).chain(said).collect();
            basis::put_notes(basis, notes);
        }
        self
    }

    /// The same answer, with something for its pictures where there is any; see [`views`](super::views).
    pub(super) fn with_beside(mut self, name: &str, value: Map<String, Value>) -> Self {
        if !value.is_empty() {
            self.beside.insert(name.to_owned(), value.into());
        }
        self
    }

    /// The structured content.
    pub(super) fn content(&self) -> &Map<String, Value> {
        &self.content
    }

    /// The structured content, for what only the server knows.
    pub(super) fn content_mut(&mut self) -> &mut Map<String, Value> {
        &mut self.content
    }

    /// One record.
    pub(super) fn item(item: Map<String, Value>, basis: &Basis) -> Self {
        Self::item_with(item, basis::shown(basis))
    }

    /// One record, with a basis that has more to say.
    pub(super) fn item_with(item: Map<String, Value>, basis: ShownBasis) -> Self {
        let mut answer = Map::new();
        answer.insert("item".to_owned(), item.into());
        answer.insert("basis".to_owned(), basis.into_value());
        Self::of(answer)
    }

    /// The tool result: text and structured content, each enough alone.
    pub(super) fn into_result(mut self) -> CallToolResult {
        self.content.values_mut().for_each(plain_numbers);
        let text = if self.text_is_json {
            Value::Object(self.content.clone()).to_string()
        } else {
            render::text(&self.content)
        };
        let mut result = CallToolResult::success(vec![ContentBlock::text(text)]);
        result.structured_content = Some(Value::Object(self.content));
        result.meta = (!self.beside.is_empty()).then(|| MetaObject(self.beside));
        result
    }
}

/// A row under construction; what is not known is not in it.
#[derive(Default)]
pub(super) struct Row(pub Map<String, Value>);

impl Row {
    /// Adds `name` unless there is no value.
    pub(super) fn put(&mut self, name: &str, value: Option<impl Into<Value>>) -> &mut Self {
        if let Some(value) = value {
            self.0.insert(name.to_owned(), value.into());
        }
        self
    }

    /// Adds a text that shows as it is.
    pub(super) fn show(&mut self, name: &str, value: Option<&impl ToString>) -> &mut Self {
        self.put(name, value.map(ToString::to_string))
    }

    /// Adds a list unless it is empty.
    pub(super) fn list<T: ToString>(&mut self, name: &str, values: impl IntoIterator<Item = T>) -> &mut Self {
        let values: Vec<Value> = values.into_iter().map(|value| value.to_string().into()).collect();
        let some = !values.is_empty();
        self.put(name, some.then_some(values))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(text: &str) -> Map<String, Value> {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn a_cursor_belongs_to_its_query() {
        let one: CompanyName = "one".parse().unwrap();
        let other: CompanyName = "other".parse().unwrap();
        let mark = QueryMark::new("list_agents", &arguments(r#"{"text":"ann","limit":5}"#), [&one]);
        let cursor = mark.write(&"position", Some(7)).unwrap();
        assert_eq!(mark.read::<String>(&cursor).unwrap(), ("position".to_owned(), Some(7)));
        let same = QueryMark::new("list_agents", &arguments(r#"{"limit":9,"cursor":"x","text":"ann"}"#), [&one]);
        assert!(same.read::<String>(&cursor).is_ok());
        for other in [
            QueryMark::new("list_agents", &arguments("{}"), [&one]),
            QueryMark::new("list_clients", &arguments(r#"{"text":"ann"}"#), [&one]),
            QueryMark::new("list_agents", &arguments(r#"{"text":"ann"}"#), [&other]),
            QueryMark::new("list_agents", &arguments(r#"{"text":"ann"}"#), [&one, &other]),
        ] {
            assert!(other.read::<String>(&cursor).unwrap_err().to_string().contains("other arguments"));
        }
        assert!(mark.read::<String>("%%%").is_err());
    }

    #[test]
    fn a_large_list_is_cut_at_whole_rows() {
        let row = |n: usize| (n, arguments(&format!(r#"{{"id":"{n}","text":"{}"}}"#, "x".repeat(10_000))));
        let rows = Rows { rows: (0..6).map(row).collect(), total: Some(6), more: false, resume: None };
        let mark = QueryMark::new("t", &Map::new(), []);
        let Answer { content: answer, .. } =
            Answer::list(rows, &mark, basis::shown(&Basis::computed_at(Timestamp::UNIX_EPOCH)));
        assert_eq!(answer["items"].as_array().unwrap().len(), 3);
        assert_eq!(mark.read::<usize>(answer["next_cursor"].as_str().unwrap()).unwrap(), (2, Some(6)));
        assert!(answer["basis"]["notes"][0].as_str().unwrap().starts_with("3 rows"));
    }
}
