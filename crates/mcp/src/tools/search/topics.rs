//! Answers as documents: what `search` offers beside records, for clients that have nothing but `search` and `fetch`.
//!
//! A document's id carries its question: the tool, the company, the days. It is put again when the document is fetched,
//! by whoever fetches it, so that it says what they may see and how things stand then.

use serde_json::{Map, Value, json};

use super::groups;
use answers::{Companies, Company};
use domain::{FieldAccess, MONTHS, NamedPeriod, Permissions, fold};
use insight::{GroupBy, Measure};

/// The beginning of such an id.
pub(super) const PREFIX: &str = "answer/";
/// The tool that answers about groups of inspections.
const GROUPS_TOOL: &str = "breakdown";
/// The most answers of one search.
const TOPICS_MAX: usize = 4;
/// Words that say nothing of a topic.
const EMPTY_WORDS: &[&str] = &[
    "a", "about", "all", "an", "and", "any", "are", "as", "at", "been", "by", "can", "compare", "did", "do", "does",
    "for", "from", "get", "give", "has", "have", "how", "i", "in", "is", "it", "list", "many", "me", "much", "my",
    "of", "on", "our", "show", "s", "the", "their", "them", "there", "to", "us", "was", "we", "were", "what", "when",
    "which", "who", "whom", "with", "you",
];

/// A question that an owner asks in many ways.
struct Topic {
    tool: &'static str,
    arguments: &'static [(&'static str, &'static str)],
    title: &'static str,
    /// Words (as folded, their beginnings) that mean this topic on their own.
    sure: &'static [&'static str],
    /// Words that go with it.
    likely: &'static [&'static str],
    /// Whether it takes days.
    has_days: bool,
}

impl Topic {
    /// Whether whoever has these permissions gets this answer: the tool, and what it is asked by.
    fn is_shown(&self, permissions: &Permissions) -> bool {
        let asks_money = self.arguments.iter().any(|(name, _)| *name == "paid");
        permissions.allows_tool(self.tool) && (!asks_money || permissions.fields.money == FieldAccess::Full)
    }
}

const TOPICS: &[Topic] = &[
    Topic {
        tool: "agent_analysis",
        arguments: &[("mode", "dormant")],
        title: "Agents who have gone quiet",
        sure: &["dormant", "quiet", "silent", "inactive", "lapsed", "sleeping"],
        likely: &["agent", "realtor", "stopped", "gone", "lost", "call", "referring", "back"],
        has_days: false,
    },
    Topic {
        tool: "agent_analysis",
        arguments: &[("mode", "top")],
        title: "Agents by referrals",
        sure: &["referr", "referral"],
        likely: &["agent", "realtor", "best", "top", "most", "biggest", "sends", "send", "source"],
        has_days: true,
    },
    Topic {
        tool: "agent_analysis",
        arguments: &[("mode", "new")],
        title: "New agents",
        sure: &[],
        likely: &["agent", "realtor", "new", "first"],
        has_days: true,
    },
    Topic {
        tool: "agent_analysis",
        arguments: &[("mode", "fading")],
        title: "Agents who send less than before",
        sure: &["fading", "declining"],
        likely: &["agent", "realtor", "less", "fewer", "losing", "down"],
        has_days: true,
    },
    Topic {
        tool: "agent_analysis",
        arguments: &[("mode", "rising")],
        title: "Agents who send more than before",
        sure: &["rising"],
        likely: &["agent", "realtor", "more", "growing", "up"],
        has_days: true,
    },
    Topic {
        tool: "inspector_scorecard",
        arguments: &[],
        title: "Scorecard of inspectors",
        sure: &["scorecard", "inspectors"],
        likely: &[
            "inspector",
            "performance",
            "best",
            "top",
            "revenue",
            "volume",
            "month",
            "attach",
            "cancellation",
            "did",
        ],
        has_days: true,
    },
    Topic {
        tool: "service_mix",
        arguments: &[("by", "zip")],
        title: "Services and add-ons by ZIP code",
        sure: &["mix", "zip", "zips"],
        likely: &["service", "add", "ons", "addons", "sell", "sold", "radon", "sewer", "area", "where", "neighborhood"],
        has_days: true,
    },
    Topic {
        tool: "prep_briefing",
        arguments: &[],
        title: "Briefing",
        sure: &["briefing", "schedule", "prep"],
        likely: &["today", "tomorrow", "day", "jobs", "morning"],
        has_days: false,
    },
    Topic {
        tool: "capacity_plan",
        arguments: &[],
        title: "Capacity plan and forecast",
        sure: &["capacity", "forecast", "hire", "hiring"],
        likely: &["weeks", "week", "ahead", "busy", "plan", "enough", "inspectors"],
        has_days: false,
    },
    Topic {
        tool: "list_inspections",
        arguments: &[("paid", "false"), ("status", "performed"), ("limit", "100")],
        title: "Unpaid inspections",
        sure: &["unpaid", "outstanding", "owe", "owes", "overdue"],
        likely: &["inspection", "paid", "payment", "not"],
        has_days: true,
    },
    Topic {
        tool: "list_inspections",
        arguments: &[("status", "unpublished"), ("limit", "100")],
        title: "Inspections whose report is not published",
        sure: &["unpublished"],
        likely: &["inspection", "report", "published", "not", "missing", "open"],
        has_days: true,
    },
    Topic {
        tool: "list_inspections",
        arguments: &[("status", "canceled"), ("limit", "100")],
        title: "Canceled inspections",
        sure: &["canceled", "cancelled", "cancellations"],
        likely: &["inspection", "reason", "why"],
        has_days: true,
    },
    Topic {
        tool: "data_quality",
        arguments: &[],
        title: "What distorts the numbers",
        sure: &["quality", "duplicates", "distort"],
        likely: &["data", "wrong", "errors", "clean"],
        has_days: false,
    },
];

/// The id of the document with all definitions.
pub(super) const DEFINITIONS: &str = "answer/definitions";
/// Its title.
pub(super) const DEFINITIONS_TITLE: &str = "Definitions: what each number counts";
/// Words that ask for it.
const DEFINITIONS_WORDS: &[&str] =
    &["definition", "define", "defined", "mean", "means", "meaning", "glossary", "counted"];

/// A document that `search` offers.
pub(super) struct Offer {
    pub(super) id: String,
    pub(super) title: String,
    /// Whether the words mean it and nothing else: it comes before records.
    pub(super) is_sure: bool,
}

/// The days a query names: the arguments for them, how they are said, and the words that are used up by it.
struct Said {
    arguments: Vec<(&'static str, String)>,
    title: String,
    words: usize,
}

/// The days named by these words, as of `today`.
fn days_of(words: &[&str], today: jiff::civil::Date) -> Option<Said> {
    let text = words.join(" ");
    let named = NamedPeriod::ALL.iter().filter(|period| text.contains(&period.name().replace('_', " ")));
    // The longest: `last 90 days` holds no other, but names may come to.
    if let Some(period) = named.max_by_key(|period| period.name().len()) {
        let name = period.name();
        let title = name.replace('_', " ");
        let words = title.split(' ').count();
        return Some(Said { arguments: vec![("period", name.to_owned())], title, words });
    }
    let year = words.iter().find_map(|word| word.parse::<i16>().ok().filter(|year| (2000..2100).contains(year)));
    let month = words.iter().find_map(|word| {
        let is_one = |name: &&str| *name == *word || (word.len() == 3 && name.starts_with(word));
        // `may` asks more often than it names a month.
        MONTHS.iter().position(is_one).filter(|_| *word != "may" || year.is_some())
    });
    let (first, last, title) = match (month, year) {
        (Some(month), year) => {
            let number = i8::try_from(month + 1).ok()?;
            // Without a year the latest such month that has begun.
            let year = year.unwrap_or_else(|| today.year() - i16::from(today.month() < number));
            let first = jiff::civil::Date::new(year, number, 1).ok()?;
            let name = MONTHS.get(month)?;
            let title = format!("{}{} {year}", name.get(..1)?.to_uppercase(), name.get(1..)?);
            (first, first.last_of_month(), title)
        }
        (None, Some(year)) => {
            let first = jiff::civil::Date::new(year, 1, 1).ok()?;
            (first, first.last_of_year(), year.to_string())
        }
        (None, None) => return None,
    };
    let words = usize::from(month.is_some()) + usize::from(year.is_some());
    Some(Said { arguments: vec![("from", first.to_string()), ("to", last.to_string())], title, words })
}

/// Whether a word begins like one of these.
pub(super) fn is_of(word: &str, known: &[&str]) -> bool {
    known.iter().any(|known| word == *known || (4 <= known.len() && word.starts_with(known)))
}

/// The answers that these words may mean, the likeliest first, for whoever may call the tools they come from.
pub(super) fn offers(companies: &Companies, query: &str) -> Vec<Offer> {
    let folded = fold(query).replace(['-', '/', '?', '!', ',', '.', '\'', '’', '"'], " ");
    let words: Vec<&str> = folded.split_whitespace().collect();
    let named: Vec<&Company> = companies.all.iter().filter(|company| is_named(company, &words)).collect();
    let chosen: Vec<&Company> = if named.is_empty() { companies.all.iter().collect() } else { named.clone() };
    let telling: Vec<&str> = words.iter().copied().filter(|word| !EMPTY_WORDS.contains(word)).collect();
    let mut found: Vec<(usize, bool, Offer)> = Vec::new();
    if words.iter().any(|word| is_of(word, DEFINITIONS_WORDS)) {
        let offer = Offer { id: DEFINITIONS.to_owned(), title: DEFINITIONS_TITLE.to_owned(), is_sure: true };
        found.push((usize::MAX, true, offer));
    }
    for topic in TOPICS.iter().filter(|topic| topic.is_shown(companies.permissions())) {
        let sure = telling.iter().filter(|word| is_of(word, topic.sure)).count();
        let likely = telling.iter().filter(|word| is_of(word, topic.likely) && !is_of(word, topic.sure)).count();
        if sure == 0 && likely < 2 {
            continue;
        }
        for company in &chosen {
            let today = company.records.timezone().to_datetime(companies.now()).date();
            let said = days_of(&words, today).filter(|_| topic.has_days || topic.tool == "prep_briefing");
            let of_days = said.as_ref().map_or(0, |said| said.words);
            let of_company = telling.iter().filter(|word| names_of(company).contains(**word)).count();
            // A word that is neither of the topic nor of the days is likely of a record.
            let is_sure = telling.len() <= sure + likely + of_days + of_company;
            let offer = Offer {
                id: id_of(topic, company, said.as_ref()),
                title: with_company(topic.title, company, said),
                is_sure,
            };
            found.push((3 * sure + likely, is_sure, offer));
        }
    }
    for company in &chosen {
        let today = company.records.timezone().to_datetime(companies.now()).date();
        found.extend(of_groups(company, companies.permissions(), &words, &telling, today));
    }
    found.sort_by_key(|(score, is_sure, _)| std::cmp::Reverse((*is_sure, *score)));
    found.into_iter().map(|(_, _, offer)| offer).take(TOPICS_MAX * chosen.len().max(1)).collect()
}

/// The answer about groups of a company's inspections that these words ask for; how well, and whether they ask nothing else.
fn of_groups(
    company: &Company,
    permissions: &Permissions,
    words: &[&str],
    telling: &[&str],
    today: jiff::civil::Date,
) -> Option<(usize, bool, Offer)> {
    let said = days_of(words, today);
    let days_title = said.as_ref().map(|said| said.title.to_lowercase()).unwrap_or_default();
    let days: Vec<&str> = days_title.split_whitespace().collect();
    let asked = groups::asked(words, &days).filter(|asked| groups::is_shown(permissions, asked.measure, asked.by))?;
    let of_company = telling.iter().filter(|word| names_of(company).contains(**word)).count();
    let is_sure = telling.len() <= asked.words + said.as_ref().map_or(0, |said| said.words) + of_company;
    let (measure, by) = (asked.measure.name(), asked.by.name());
    let mut id = format!("{PREFIX}{GROUPS_TOOL}?company={}&measures={measure}&by={by}", company.name);
    for (name, value) in said.iter().flat_map(|said| &said.arguments) {
        id.push_str(&format!("&{name}={value}"));
    }
    let title = with_company(&groups::title(asked.measure, asked.by), company, said);
    Some((3 * asked.words, is_sure, Offer { id, title, is_sure }))
}

/// Whether an argument of the tool of groups is one that `search` gives.
fn is_of_groups(name: &str, value: &str) -> bool {
    match name {
        "measures" => Measure::by_name(value).is_some(),
        "by" => GroupBy::by_name(value).is_some(),
        _ => false,
    }
}

/// The company's names as words.
fn names_of(company: &Company) -> String {
    let display = company.display_name.as_deref().unwrap_or_default();
    fold(&format!("{} {display}", company.name)).replace('_', " ")
}

/// Whether the words name this company: its whole name, or the first two words of the name for people.
fn is_named(company: &Company, words: &[&str]) -> bool {
    let text = format!(" {} ", words.join(" "));
    let display = fold(company.display_name.as_deref().unwrap_or_default());
    let first: Vec<&str> = display.split_whitespace().take(2).collect();
    text.contains(&format!(" {} ", company.name))
        || (first.len() == 2 && text.contains(&format!(" {} ", first.join(" "))))
}

fn with_company(title: &str, company: &Company, said: Option<Said>) -> String {
    let name = company.display_name.clone().unwrap_or_else(|| company.name.to_string());
    let days = said.map(|said| format!(", {}", said.title)).unwrap_or_default();
    format!("{title}{days}, {name}")
}

fn id_of(topic: &Topic, company: &Company, said: Option<&Said>) -> String {
    let mut query = format!("{PREFIX}{}?company={}", topic.tool, company.name);
    for (name, value) in topic.arguments {
        query.push_str(&format!("&{name}={value}"));
    }
    for (name, value) in said.iter().flat_map(|said| &said.arguments) {
        // A briefing is about one day.
        let name = if topic.tool == "prep_briefing" { "date" } else { name };
        query.push_str(&format!("&{name}={value}"));
    }
    query
}

/// The tool and the arguments of an answer's id, and its title; `None` for an id that `search` never gives.
pub(super) fn question(companies: &Companies, id: &str) -> Option<(&'static str, Map<String, Value>, String)> {
    let (tool, query) = id.strip_prefix(PREFIX)?.split_once('?')?;
    let pairs: Vec<(&str, &str)> = query.split('&').map(|pair| pair.split_once('=')).collect::<Option<_>>()?;
    let value_of = |wanted: &str| pairs.iter().find(|(name, _)| *name == wanted).map(|(_, value)| *value);
    let (tool, known, title): (&'static str, &[(&str, &str)], String) = if tool == GROUPS_TOOL {
        let (measure, by) = (Measure::by_name(value_of("measures")?)?, GroupBy::by_name(value_of("by")?)?);
        (GROUPS_TOOL, &[], groups::title(measure, by))
    } else {
        let has_all = |topic: &&Topic| topic.tool == tool && topic.arguments.iter().all(|known| pairs.contains(known));
        let topic = TOPICS.iter().find(has_all)?;
        (topic.tool, topic.arguments, topic.title.to_owned())
    };
    let mut arguments = Map::new();
    let mut days = Vec::new();
    for (name, value) in pairs {
        let fits = match name {
            "company" => true,
            "period" | "from" | "to" | "date" => {
                days.push(value.replace('_', " "));
                true
            }
            _ => known.contains(&(name, value)) || (tool == GROUPS_TOOL && is_of_groups(name, value)),
        };
        if !fits {
            return None;
        }
        let value = if name == "status" { json!(value.split(',').collect::<Vec<_>>()) } else { value.into() };
        if arguments.insert(name.to_owned(), value).is_some() {
            return None;
        }
    }
    let name = arguments.get("company").and_then(Value::as_str)?.to_owned();
    let company = *companies.chosen(Some(std::slice::from_ref(&name))).first()?;
    let shown = company.display_name.clone().unwrap_or(name);
    let days = if days.is_empty() { String::new() } else { format!(", {}", days.join(" to ")) };
    Some((tool, arguments, format!("{title}{days}, {shown}")))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn days_are_understood_as_they_are_said() {
        let days = |query: &str| {
            let folded = fold(query);
            let words: Vec<&str> = folded.split_whitespace().collect();
            days_of(&words, date(2026, 11, 28)).map(|said| (said.title, said.arguments))
        };
        let range = |from: &str, to: &str| vec![("from", from.to_owned()), ("to", to.to_owned())];
        assert_eq!(days("unpaid last month").unwrap().1, vec![("period", "last_month".to_owned())]);
        assert_eq!(
            days("scorecard of October 2026").unwrap(),
            ("October 2026".to_owned(), range("2026-10-01", "2026-10-31"))
        );
        assert_eq!(
            days("scorecard december").unwrap(),
            ("December 2025".to_owned(), range("2025-12-01", "2025-12-31"))
        );
        assert_eq!(days("agents in 2025").unwrap().1, range("2025-01-01", "2025-12-31"));
        assert_eq!(days("who may I call"), None);
        assert_eq!(days("May 2026 cancellations").unwrap().0, "May 2026");
        assert_eq!(days("feb scorecard").unwrap().1, range("2026-02-01", "2026-02-28"));
    }
}
