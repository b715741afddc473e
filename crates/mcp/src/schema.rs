//! Schemas every client digests: plain objects, no references, no null unions, no numeric formats.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::vocabulary::COMPANY;
use domain::CompanyName;

/// What a property says, in this order. Whatever else is made of a type (a format, a default) some client chokes on, or it
/// is not worth its tokens.
const SAID: &[&str] = &["type", "items", "enum", "minimum", "maximum", "description"];

/// The input schema of a tool.
pub(super) struct Input(Map<String, Value>);

/// The schema of the arguments that are read into a `T`: its fields, with their doc comments as what a model reads of them.
/// `company` is taken when there is a choice: one name, with more than two companies several.
///
/// What else is given is refused by the server itself (`arguments`): some models take no schema that says so.
pub(super) fn input<T: JsonSchema>(companies: &[CompanyName]) -> Input {
    let (mut properties, required) = fields::<T>();
    properties.values_mut().for_each(|property| *property = plain(property).into());
    match (choice(companies), properties.get_mut(COMPANY)) {
        (Some(choice), Some(company)) => *company = choice,
        _ => drop(properties.shift_remove(COMPANY)),
    }
    let mut schema = Map::new();
    schema.insert("type".to_owned(), "object".into());
    schema.insert("properties".to_owned(), properties.into());
    schema.extend(required.map(|names| ("required".to_owned(), names)));
    Input(schema)
}

impl Input {
    /// Says this of an argument instead of what its field says.
    pub(super) fn describe(mut self, name: &str, description: &str) -> Self {
        self.change(name, |property| drop(property.insert("description".to_owned(), description.into())));
        self
    }

    /// Takes any text for an argument, whose values are listed with another tool.
    pub(super) fn unlisted(mut self, name: &str) -> Self {
        self.change(name, |property| drop(property.shift_remove("enum")));
        self
    }

    /// The same for the items of a list.
    pub(super) fn unlisted_items(mut self, name: &str) -> Self {
        self.change(name, |property| {
            if let Some(items) = property.get_mut("items").and_then(Value::as_object_mut) {
                items.shift_remove("enum");
            }
        });
        self
    }

    /// Says nothing of the arguments that are fields of `T`.
    pub(super) fn undescribed<T: JsonSchema>(mut self) -> Self {
        for name in fields::<T>().0.keys() {
            self.change(name, |property| drop(property.shift_remove("description")));
        }
        self
    }

    /// Nothing where there is no such argument.
    fn change(&mut self, name: &str, change: impl FnOnce(&mut Map<String, Value>)) {
        let properties = self.0.get_mut("properties").and_then(Value::as_object_mut);
        if let Some(property) = properties.and_then(|all| all.get_mut(name)?.as_object_mut()) {
            change(property);
        }
    }

    pub(super) fn into_schema(self) -> Map<String, Value> {
        self.0
    }
}

/// The names of all of these: the values of a field that takes them as text.
pub(super) fn names<T: Copy>(all: &[T], name: fn(T) -> &'static str) -> Vec<&'static str> {
    all.iter().map(|one| name(*one)).collect()
}

/// The fields of a type as `schemars` draws them, and the names of those that must be given.
fn fields<T: JsonSchema>() -> (Map<String, Value>, Option<Value>) {
    let settings = SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    let mut drawn = settings.into_generator().into_root_schema_for::<T>();
    (object(drawn.remove("properties").unwrap_or_default()), drawn.remove("required"))
}

/// A property as every client digests it. What may be absent is not called null: a property that is not required may be.
fn plain(drawn: &Value) -> Map<String, Value> {
    // Names that have docs of their own come one by one.
    let documented = drawn.get("oneOf").and_then(Value::as_array);
    let documented: Option<Value> =
        documented.map(|all| all.iter().filter_map(|one| one.get("const")).cloned().collect());
    let said = SAID.iter().filter_map(|name| {
        let value = match (*name, drawn.get(name)) {
            ("type", Some(Value::Array(kinds))) => kinds.first()?.clone(),
            // The list says what its items are.
            ("items", Some(item)) => plain(item).into_iter().filter(|(said, _)| said != "description").collect(),
            ("enum", Some(Value::Array(values))) => values.iter().filter(|value| !value.is_null()).cloned().collect(),
            ("description", Some(Value::String(lines))) => lines.replace('\n', " ").into(),
            ("type", None) if documented.is_some() => "string".into(),
            ("enum", None) => documented.clone()?,
            (_, said) => said?.clone(),
        };
        Some(((*name).to_owned(), value))
    });
    said.collect()
}

/// With more companies than this they are not named in the schemas.
const NAMES_MAX: usize = 50;

/// The schema of `company`; `None` where there is nothing to choose.
fn choice(companies: &[CompanyName]) -> Option<Value> {
    let names: Vec<&str> = companies.iter().map(CompanyName::as_str).collect();
    // A long list of names in every tool would be most of what a client reads; list_companies has them.
    let one =
        if names.len() <= NAMES_MAX { json!({"type": "string", "enum": names}) } else { json!({"type": "string"}) };
    // Of two companies, one or all is every choice there is. That all are asked unless one is named stands in the server's
    // instructions.
    match companies.len() {
        0 | 1 => None,
        2 => Some(one),
        _ => Some(json!({"type": "array", "items": one})),
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
    json!({"type": "object"})
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

/// The shape of groups of inspections.
pub(super) fn breakdown() -> Map<String, Value> {
    object(json!({"type": "object", "properties": {
        "rows": {"type": "array", "items": {"type": "object"}},
        "adds_up": {"type": "boolean"},
        "next_cursor": {"type": "string"},
        "basis": basis(),
    }, "required": ["rows", "adds_up", "basis"]}))
}

/// The shape of every answer about one record.
pub(super) fn item_of(item: &Value) -> Map<String, Value> {
    object(json!({"type": "object", "properties": {"item": item, "basis": basis()}, "required": ["item", "basis"]}))
}
