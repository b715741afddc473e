//! Other words for the same: names of arguments, values, days, companies, as models and people write them.
//!
//! A word is taken for another only where one thing can be meant. What changes more than the spelling is said in a note.

use serde_json::{Map, Value};

use super::failure::ToolFailure;
use domain::{SpokenDay, SpokenPeriod, Written, excerpt, fold};

/// The argument that chooses among the companies served.
pub(super) const COMPANY: &str = "company";
/// The arguments that are days.
const DAYS: &[&str] = &["from", "to", "since", "day"];
/// The argument that is a period.
const PERIOD: &str = "period";
/// The argument that says where inspections stand.
const STATUS: &str = "status";
/// Names that no argument has, by the argument they are other words for. None is the name of something else that is shown.
const ALIASES: &[(&str, &[&str])] = &[
    ("inspection", &["inspection_id", "inspection_slug", "slug", "job", "job_id"]),
    ("id", &["client_id", "client", "contact_id"]),
    ("inspector", &["inspector_id", "inspector_name"]),
    ("agent", &["connection_id", "connection", "agent_name", "realtor"]),
    ("agent_role", &["agent_side", "side", "role"]),
    ("client", &["client_name", "customer"]),
    ("agency", &["agency_name", "brokerage"]),
    ("team", &["team_name"]),
    ("service", &["service_name", "service_type"]),
    ("add_on", &["addon", "addons", "add_on_name", "addon_name"]),
    ("zip", &["zip_code", "zipcode", "postal_code", "postcode"]),
    (COMPANY, &["company_name", "company_id"]),
    ("from", &["start", "start_date", "from_date", "date_from", "since"]),
    ("since", &["from", "start", "start_date", "from_date", "date_from", "since_date"]),
    ("to", &["end", "end_date", "to_date", "date_to", "until", "through"]),
    ("day", &["date", "on"]),
    (
        PERIOD,
        &["date_range", "time_period", "timeframe", "time_frame", "range", "date", "day", "month", "quarter", "year"],
    ),
    ("limit", &["page_size", "max_results", "per_page", "max"]),
    ("cursor", &["next_cursor", "page_token"]),
    ("sort", &["sort_by", "order_by"]),
    ("text", &["query", "q", "search", "keyword"]),
    ("query", &["q", "text", "search"]),
    ("by", &["group_by", "dimension"]),
    ("measures", &["metric"]),
    ("metric", &["measure"]),
    ("compare", &["compare_to", "compared_to", "compare_with", "comparison"]),
    ("mode", &["type", "kind"]),
    ("kind", &["type"]),
    ("what", &["kind", "type", "event"]),
    (STATUS, &["state"]),
    ("weeks", &["horizon", "weeks_ahead"]),
];
/// Names of the one thing that a tool is about.
const OF_THE_ONE: &[&str] = &["id", "name"];
/// The arguments that may be the one thing a tool is about.
const THE_ONE: &[&str] = &["inspection", "agent"];
/// Other words for a status, each with what it is taken for and whether that needs to be said.
const STATUSES: &[(&str, &str, bool)] = &[
    ("completed", "performed", true),
    ("complete", "performed", true),
    ("done", "performed", true),
    ("finished", "performed", true),
    ("cancelled", "canceled", false),
    ("scheduled", "upcoming", true),
    ("future", "upcoming", true),
];
/// What says that there is no value.
const NOTHING: &[&str] = &["null", "none", "nil", "undefined", "n/a"];
/// What says that all companies are meant.
const ALL: &[&str] = &["all", "any", "both", "every", "*"];
/// The shortest part of a company's name that is taken for it, in characters.
const PART_CHARS_MIN: usize = 3;
/// With more companies than this an error does not list them.
const LISTED_MAX: usize = 50;

/// A company that may be asked about: its name, and its name for people.
pub(super) type Served<'a> = (&'a str, Option<&'a str>);

/// A word in small letters with `_` between its parts, as all our own are.
pub(super) fn snake(text: &str) -> String {
    let mut snake = String::new();
    let mut before = '_';
    for c in text.trim().chars() {
        match c {
            ' ' | '-' | '_' => snake.push('_'),
            c => {
                if c.is_uppercase() && (before.is_lowercase() || before.is_ascii_digit()) {
                    snake.push('_');
                }
                snake.extend(c.to_lowercase());
            }
        }
        before = c;
    }
    snake
}

/// Whether two words differ by one being the plural of the other.
fn is_plural(one: &str, other: &str) -> bool {
    let of = |one: &str, many: &str| {
        many.strip_suffix('s') == Some(one)
            || many.strip_suffix("es") == Some(one)
            || many.strip_suffix("ies").is_some_and(|stem| one.strip_suffix('y') == Some(stem))
    };
    of(one, other) || of(other, one)
}

/// The argument that `given` is another name of.
pub(super) fn argument<'a>(given: &str, schema: &'a Map<String, Value>) -> Option<&'a str> {
    let properties = schema.get("properties")?.as_object()?;
    let known = |name: &str| properties.get_key_value(name).map(|(name, _)| name.as_str());
    let snake = snake(given);
    known(&snake)
        .or_else(|| {
            let mut targets = ALIASES
                .iter()
                .filter(|(_, others)| others.iter().any(|other| *other == snake || is_plural(other, &snake)));
            targets.find_map(|(name, _)| known(name))
        })
        .or_else(|| properties.keys().map(String::as_str).find(|name| is_plural(name, &snake)))
        .or_else(|| {
            let required = schema.get("required").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
            let is_one = |name: &&&str| required.iter().any(|one| one == **name);
            let one = THE_ONE.iter().find(is_one).filter(|_| OF_THE_ONE.contains(&snake.as_str()))?;
            known(one)
        })
}

/// The value of an enumeration that `given` is another spelling of.
pub(super) fn value<'a>(name: &str, given: &str, valid: &[&'a str], notes: &mut Vec<String>) -> Option<&'a str> {
    let snake = snake(given);
    let known = |word: &str| valid.iter().copied().find(|valid| *valid == word);
    let spelled = known(&snake).or_else(|| valid.iter().copied().find(|valid| is_plural(valid, &snake)));
    if spelled.is_some() || name != STATUS {
        return spelled;
    }
    status(given, notes).and_then(known)
}

/// The status that another word stands for.
fn status(given: &str, notes: &mut Vec<String>) -> Option<&'static str> {
    let snake = snake(given);
    let (_, name, is_said) = STATUSES.iter().find(|(other, ..)| *other == snake)?;
    if *is_said {
        notes.push(format!("status `{}` was taken for `{name}`", excerpt(given.trim(), 40)));
    }
    Some(name)
}

/// What to give instead of a value that is none, where it is another thing's name.
pub(super) fn instead(name: &str, given: &str) -> Option<&'static str> {
    let is_booked = name == STATUS && snake(given) == "booked";
    is_booked.then_some(
        "leave `status` out for every inspection booked, canceled ones too; `upcoming` are those to come, `performed` those \
         past",
    )
}

/// Whether a text says that there is no value. `none` may be one of an enumeration's.
pub(super) fn is_nothing(text: &str, property: &Value) -> bool {
    let text = text.trim();
    let says_so = text.is_empty() || NOTHING.iter().any(|word| word.eq_ignore_ascii_case(text));
    let values = property.get("enum").or_else(|| property.get("items")?.get("enum")).and_then(Value::as_array);
    let is_value = |value: &Value| value.as_str().is_some_and(|value| value.eq_ignore_ascii_case(text));
    says_so && !values.is_some_and(|values| values.iter().any(is_value))
}

/// Whether an argument of this name chooses companies.
pub(super) fn is_company(given: &str) -> bool {
    let snake = snake(given);
    let others = ALIASES.iter().find(|(name, _)| *name == COMPANY).map_or(&[][..], |(_, others)| others);
    snake == COMPANY || is_plural(COMPANY, &snake) || others.contains(&snake.as_str())
}

/// A value of an argument that takes any text: days, periods and statuses in the one way each is written here, and else as
/// it was given.
pub(super) fn free(name: &str, given: String, notes: &mut Vec<String>) -> String {
    match name {
        STATUS => status(&given, notes).map_or(given, str::to_owned),
        _ => days(name, &given, notes),
    }
}

/// A day or a period in the one way each is written here; as it was given where it is none.
fn days(name: &str, given: &str, notes: &mut Vec<String>) -> String {
    let (text, us_dates) = if DAYS.contains(&name) {
        SpokenDay::read(given).map(|Written { what, us_dates }| (what.to_string(), us_dates))
    } else if name == PERIOD {
        SpokenPeriod::read(given).map(|Written { what, us_dates }| (what.to_string(), us_dates))
    } else {
        None
    }
    .unwrap_or_else(|| (given.to_owned(), Vec::new()));
    notes.extend(us_dates.iter().map(|(given, date)| format!("{given} was read as {}", date.strftime("%B %-d, %Y"))));
    text
}

/// The companies chosen; `None` where they are all there are.
pub(super) fn companies(
    given: &Value,
    served: &[Served<'_>],
    notes: &mut Vec<String>,
) -> Result<Option<Vec<String>>, ToolFailure> {
    let mut names = Vec::new();
    for text in texts(given, served)? {
        if ALL.iter().any(|all| all.eq_ignore_ascii_case(&text)) && named(&text, served).is_none() {
            return Ok(None);
        }
        let (name, is_said) = company(&text, served)?;
        if is_said {
            notes.push(format!("`{}` was taken for {name}", excerpt(&text, 80)));
        }
        names.push(name.to_owned());
    }
    // The same choice is the same list.
    names.sort_unstable();
    names.dedup();
    Ok((!names.is_empty() && names.len() < served.len()).then_some(names))
}

/// The names given. A name for people may have a comma in it.
fn texts(given: &Value, served: &[Served<'_>]) -> Result<Vec<String>, ToolFailure> {
    let several = |text: &str| match serde_json::from_str(text) {
        Ok(Value::Array(list)) => list,
        _ if named(text, served).is_some() => vec![text.into()],
        _ => text.split(',').map(|part| part.trim().into()).collect(),
    };
    let list = match given {
        Value::String(text) => several(text),
        Value::Array(list) => list.clone(),
        other => vec![other.clone()],
    };
    let text = |one: &Value| match one {
        Value::String(text) => Ok(text.trim().to_owned()),
        Value::Number(number) => Ok(number.to_string()),
        Value::Null => Ok(String::new()),
        _ => Err(ToolFailure::new(
            "`company` takes names of companies",
            "give `company` as one text, or leave it out for all",
        )),
    };
    let texts = list.iter().map(text).collect::<Result<Vec<_>, _>>()?;
    Ok(texts.into_iter().filter(|text| !is_nothing(text, &Value::Null)).collect())
}

/// The company that is called so, whole.
fn named<'a>(given: &str, served: &[Served<'a>]) -> Option<(&'a str, bool)> {
    let wanted = words(given);
    let by_name = served.iter().find(|(name, _)| words(name) == wanted).map(|(name, _)| (*name, false));
    by_name.or_else(|| {
        let mut fitting = served.iter().filter(|(_, display)| display.is_some_and(|display| words(display) == wanted));
        match (fitting.next(), fitting.next()) {
            (Some((name, _)), None) => Some((*name, true)),
            _ => None,
        }
    })
}

/// The company meant, and whether that is to be said.
fn company<'a>(given: &str, served: &[Served<'a>]) -> Result<(&'a str, bool), ToolFailure> {
    if let Some(found) = named(given, served) {
        return Ok(found);
    }
    let wanted = words(given);
    let has = |text: &str| PART_CHARS_MIN <= wanted.chars().count() && words(text).contains(&wanted);
    let fitting: Vec<&str> =
        served.iter().filter(|(name, display)| has(name) || display.is_some_and(has)).map(|(name, _)| *name).collect();
    let shown = excerpt(given, 80);
    match fitting.as_slice() {
        [one] => Ok((one, true)),
        [_, ..] if fitting.len() <= LISTED_MAX => Err(ToolFailure::new(
            format!("`{shown}` may be more than one company"),
            format!("give `company`: {}", fitting.join(" or ")),
        )),
        _ => {
            let names = || served.iter().map(|(name, _)| *name);
            let near = super::arguments::nearest(given, names());
            let near = near.map(|near| format!("did you mean `{near}`? ")).unwrap_or_default();
            let all = match served {
                [] => "list_companies names them".to_owned(),
                served if LISTED_MAX < served.len() => "list_companies names them".to_owned(),
                _ => format!("valid: {}; all of them without `company`", names().collect::<Vec<_>>().join(", ")),
            };
            Err(ToolFailure::new(format!("there is no company `{shown}`"), format!("{near}{all}")))
        }
    }
}

fn words(text: &str) -> String {
    fold(&text.replace(['_', '-'], " "))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const SERVED: &[Served<'_>] = &[
        ("spectora_company1", Some("Peak Inspections, LLC")),
        ("spectora_residential", Some("Home & Hearth")),
        ("all_county", None),
    ];

    #[track_caller]
    fn check(given: Value, expect: Option<&[&str]>, said: usize) {
        let mut notes = Vec::new();
        let found = companies(&given, SERVED, &mut notes).unwrap();
        let expect = expect.map(|names| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
        assert_eq!(found, expect, "{given}");
        assert_eq!(notes.len(), said, "{given}: {notes:?}");
    }

    #[test]
    fn companies_go_by_name_by_their_name_for_people_and_by_a_part_of_either() {
        check(json!("spectora_company1"), Some(&["spectora_company1"]), 0);
        check(json!("Spectora Company1"), Some(&["spectora_company1"]), 0);
        check(json!("peak inspections, llc"), Some(&["spectora_company1"]), 1);
        check(json!("residential"), Some(&["spectora_residential"]), 1);
        check(json!("Hearth"), Some(&["spectora_residential"]), 1);
        check(json!("peak inspections, hearth"), Some(&["spectora_company1", "spectora_residential"]), 2);
        check(json!(["hearth", "spectora_residential"]), Some(&["spectora_residential"]), 1);
        check(json!("all"), None, 0);
        check(json!("none"), None, 0);
        check(json!([]), None, 0);
        check(json!("all county"), Some(&["all_county"]), 0);
        check(json!("company1, residential, county"), None, 3);
        for (given, expect) in [
            (json!("spectora"), "spectora_company1 or spectora_residential"),
            (json!("pe"), "there is no company `pe`"),
            (json!("spectora_compny1"), "did you mean `spectora_company1`"),
            (json!({"name": "x"}), "one text"),
        ] {
            let failure = companies(&given, SERVED, &mut Vec::new()).unwrap_err().to_string();
            assert!(failure.contains(expect), "{failure}");
        }
    }

    #[test]
    fn words_are_spelled_one_way() {
        for (given, expect) in [
            ("zipCode", "zip_code"),
            ("Add-On", "add_on"),
            ("last 7 days", "last_7_days"),
            ("from", "from"),
            ("last7Days", "last7_days"),
        ] {
            assert_eq!(snake(given), expect);
        }
        assert!(is_plural("agency", "agencies") && is_plural("statuses", "status") && is_plural("by", "bys"));
        assert!(!is_plural("city", "cite"));
    }
}
