//! Schemas every client digests: plain objects, no references, no null unions, no numeric formats.

use serde_json::{Map, Value, json};

use domain::{CompanyName, NamedPeriod};

/// The most rows of one answer.
pub(super) const LIMIT_MAX: u32 = 100;
/// The rows of one answer unless asked otherwise.
pub(super) const LIMIT_DEFAULT: u32 = 25;

/// A schema under construction.
pub(super) struct Input {
    properties: Map<String, Value>,
    required: Vec<&'static str>,
}

impl Input {
    /// Takes `company` when there is a choice: one name, with more than two companies several.
    pub(super) fn new(companies: &[CompanyName]) -> Self {
        let mut properties = Map::new();
        if 1 < companies.len() {
            let names: Vec<&str> = companies.iter().map(CompanyName::as_str).collect();
            let one = json!({"type": "string", "enum": names});
            // Of two companies, one or all is every choice there is.
            let mut schema = if companies.len() == 2 { one } else { json!({"type": "array", "items": one}) };
            if let Some(schema) = schema.as_object_mut() {
                schema.insert("description".to_owned(), "Default all.".into());
            }
            properties.insert("company".to_owned(), schema);
        }
        Self { properties, required: Vec::new() }
    }

    pub(super) fn with(mut self, name: &str, schema: Value) -> Self {
        self.properties.insert(name.to_owned(), schema);
        self
    }

    pub(super) fn text(self, name: &str, description: &str) -> Self {
        self.with(name, json!({"type": "string", "description": description}))
    }

    pub(super) fn required_text(mut self, name: &'static str, description: &str) -> Self {
        self.required.push(name);
        self.text(name, description)
    }

    /// The argument must be given.
    pub(super) fn require(&mut self, name: &'static str) {
        self.required.push(name);
    }

    pub(super) fn flag(self, name: &str, description: &str) -> Self {
        self.with(name, json!({"type": "boolean", "description": description}))
    }

    pub(super) fn one_of(self, name: &str, values: &[&str], description: &str) -> Self {
        self.with(name, json!({"type": "string", "enum": values, "description": description}))
    }

    pub(super) fn several_of(self, name: &str, values: &[&str], description: &str) -> Self {
        self.with(
            name,
            json!({"type": "array", "items": {"type": "string", "enum": values}, "description": description}),
        )
    }

    pub(super) fn period(self) -> Self {
        let names: Vec<&str> = NamedPeriod::ALL.iter().map(|period| period.name()).collect();
        self.text("from", "First day, YYYY-MM-DD, inclusive, in the company's time zone.")
            .text("to", "Last day, inclusive.")
            .one_of("period", &names, "Instead of from/to. Weeks begin on Sunday unless the company is set to Monday.")
    }

    pub(super) fn detail(self) -> Self {
        self.one_of("detail", &["concise", "full"], "Default concise.")
    }

    pub(super) fn paged(self) -> Self {
        self.with(
            "limit",
            json!({"type": "integer", "minimum": 1, "maximum": LIMIT_MAX,
                   "description": format!("Default {LIMIT_DEFAULT}.")}),
        )
        .with("cursor", json!({"type": "string"}))
    }

    /// `limit` and `cursor` of an insight, whose rows are `what`.
    pub(super) fn paged_rows(self, what: &str, default: &str) -> Self {
        self.with(
            "limit",
            json!({"type": "integer", "minimum": 1, "maximum": LIMIT_MAX, "description": format!("{what}, default {default}.")}),
        )
        .with("cursor", json!({"type": "string"}))
    }

    /// What else is given is refused by the server itself (`arguments`): some models take no schema that says so.
    pub(super) fn build(self) -> Map<String, Value> {
        let mut schema = Map::new();
        schema.insert("type".to_owned(), "object".into());
        schema.insert("properties".to_owned(), self.properties.into());
        if !self.required.is_empty() {
            schema.insert("required".to_owned(), self.required.into());
        }
        schema
    }
}

fn object(schema: Value) -> Map<String, Value> {
    match schema {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

/// What every answer is based on. Its fields are the same everywhere and stand in the server's instructions, so that the
/// list of tools stays small.
fn basis() -> Value {
    json!({"type": "object", "required": ["as_of", "source", "complete"]})
}

/// One record: what its fields of text are called, and those that are always there.
pub(super) fn record(texts: &[&str], required: &[&str]) -> Value {
    let properties: Map<String, Value> =
        texts.iter().map(|name| ((*name).to_owned(), json!({"type": "string"}))).collect();
    json!({"type": "object", "properties": properties, "required": required})
}

/// The shape of every list.
pub(super) fn list_of(item: &Value) -> Map<String, Value> {
    object(json!({"type": "object", "properties": {
        "items": {"type": "array", "items": item},
        "total": {"type": "integer"},
        "next_cursor": {"type": "string"},
        "basis": basis(),
    }, "required": ["items", "basis"]}))
}

/// The shape of every insight.
pub(super) fn insight() -> Map<String, Value> {
    object(json!({"type": "object", "properties": {
        "companies": {"type": "array", "items": {"type": "object", "required": ["company"]}},
        "combined": {"type": "object"},
        "basis": basis(),
    }, "required": ["companies", "basis"]}))
}

/// The shape of an insight whose rows come in pages.
pub(super) fn paged_insight() -> Map<String, Value> {
    let mut schema = insight();
    if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        properties.insert("next_cursor".to_owned(), json!({"type": "string"}));
    }
    schema
}

/// The shape of every answer about one record.
pub(super) fn item_of(item: &Value) -> Map<String, Value> {
    object(json!({"type": "object", "properties": {"item": item, "basis": basis()}, "required": ["item", "basis"]}))
}
