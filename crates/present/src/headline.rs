//! What matters most in an answer, in a sentence or two.

use serde_json::{Map, Value};

use crate::fields::Format;
use crate::words::{grouped, number, plainly, shown, trimmed};

/// The headline of one company's part of an answer; `None` where there is nothing to say.
pub(crate) fn of(tool: &str, part: &Map<String, Value>, year: i16) -> Option<String> {
    match tool {
        "inspector_scorecard" => scorecard(part),
        "agent_analysis" => agents(part),
        "service_mix" => mix(part),
        "prep_briefing" => briefing(part),
        "capacity_plan" => capacity(part, year),
        "whats_new" => Some(news(part)),
        "data_quality" => quality(part),
        _ => None,
    }
}

fn rows<'a>(part: &'a Map<String, Value>, name: &str) -> Vec<&'a Map<String, Value>> {
    part.get(name).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object).collect()
}

fn count(map: &Map<String, Value>, name: &str) -> Option<u64> {
    map.get(name)?.as_u64()
}

/// `1 inspection`, `2 inspections`.
fn so_many(count: u64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(count), if count == 1 { one } else { many })
}

fn percent(map: &Map<String, Value>, name: &str) -> Option<String> {
    Some(format!("{}%", trimmed(map.get(name)?.get("rate")?.as_f64()? * 100.0, 0)))
}

/// `up 9% from 134`.
fn against(now: u64, before: u64) -> String {
    if before == 0 {
        return "none before".to_owned();
    }
    #[expect(clippy::cast_precision_loss, reason = "counts of inspections")]
    let change = (now as f64 / before as f64 - 1.0) * 100.0;
    let change = change.round();
    match change {
        0.0 => format!("as many as before ({})", grouped(before)),
        _ if change < 0.0 => format!("down {}% from {}", trimmed(-change, 0), grouped(before)),
        _ => format!("up {}% from {}", trimmed(change, 0), grouped(before)),
    }
}

fn scorecard(part: &Map<String, Value>) -> Option<String> {
    let whole = part.get("whole_company")?.as_object()?;
    let volume = count(whole, "volume")?;
    let mut text = so_many(volume, "inspection", "inspections");
    if let Some(before) = count(whole, "volume_before") {
        text.push_str(&format!(", {}", against(volume, before)));
    }
    if let Some(rate) = percent(whole, "attach") {
        text.push_str(&format!("; {rate} with an add-on"));
    }
    let all = rows(part, "inspectors");
    let most = all.iter().max_by_key(|row| count(row, "volume"))?;
    if let (Some(name), Some(volume)) = (most.get("inspector"), count(most, "volume")) {
        text.push_str(&format!(". Most: {} with {}", plainly(name), grouped(volume)));
    }
    Some(format!("{text}."))
}

fn agents(part: &Map<String, Value>) -> Option<String> {
    let all = rows(part, "agents");
    let first = all.first()?;
    let name = plainly(first.get("agent")?);
    let found = count(part, "found").unwrap_or(all.len() as u64);
    if let Some(at_stake) = first.get("at_stake_a_year") {
        let amount = shown(at_stake, Some(Format::Money), 0).text;
        let silent = count(first, "days_since").map(|days| format!(", silent for {days} days")).unwrap_or_default();
        let verb = if found == 1 { "agent has gone quiet" } else { "agents have gone quiet" };
        return Some(format!("{} {verb}. First to call: {name}{silent}, worth {amount} a year.", grouped(found)));
    }
    let top =
        percent(part, "revenue_share_of_top_10").map(|share| format!(" The top 10 bring {share} of quoted revenue."));
    Some(format!("{} sent work; most from {name}.{}", so_many(found, "agent", "agents"), top.unwrap_or_default()))
}

fn mix(part: &Map<String, Value>) -> Option<String> {
    let volume = count(part, "volume")?;
    let mut text = so_many(volume, "inspection", "inspections");
    if let Some(before) = count(part, "volume_before") {
        text.push_str(&format!(", {}", against(volume, before)));
    }
    for (name, word) in [("growing", "Growing"), ("shrinking", "Shrinking")] {
        let names: Vec<String> =
            rows(part, name).iter().filter_map(|row| row.get("name").map(plainly)).take(3).collect();
        if !names.is_empty() {
            text.push_str(&format!(". {word}: {}", names.join(", ")));
        }
    }
    Some(format!("{text}."))
}

fn briefing(part: &Map<String, Value>) -> Option<String> {
    let jobs = count(part, "jobs_booked")?;
    if jobs == 0 {
        return Some("Nothing is booked.".to_owned());
    }
    let hours = part.get("hours").and_then(number).map(|hours| format!(", {} hours", trimmed(hours, 2)));
    let attention = part.get("attention").and_then(Value::as_array).map_or(0, Vec::len) as u64;
    let attention = match attention {
        0 => String::new(),
        1 => ". 1 needs attention".to_owned(),
        many => format!(". {many} need attention"),
    };
    Some(format!("{}{}{attention}.", so_many(jobs, "job", "jobs"), hours.unwrap_or_default()))
}

fn capacity(part: &Map<String, Value>, year: i16) -> Option<String> {
    let weeks = rows(part, "weeks");
    let week = weeks.first()?;
    let day = shown(week.get("week_of")?, Some(Format::Date), year);
    let likely = week.get("range_80").map(|range| shown(range, None, year).text)?;
    let mut text = format!("The week of {}: {} booked so far, likely {likely}", day.text, count(week, "booked")?);
    let short: Vec<String> = weeks
        .iter()
        .filter(|week| week.get("short") == Some(&Value::Bool(true)))
        .filter_map(|week| Some(shown(week.get("week_of")?, Some(Format::Date), year).text))
        .collect();
    if let Some(busy) = part.get("busy_week").and_then(number) {
        text.push_str(&format!(" (a busy week so far: {})", trimmed(busy, 1)));
    }
    if !short.is_empty() {
        text.push_str(&format!(". Short of people: {}", short.join(", ")));
    }
    Some(format!("{text}."))
}

/// The kinds of news in the order in which they are said, with the words for one and for more.
const NEWS: &[(&str, &str, &str)] = &[
    ("booked", "booked", "booked"),
    ("canceled", "canceled", "canceled"),
    ("rescheduled", "rescheduled", "rescheduled"),
    ("quote_changed", "changed price", "changed prices"),
    ("published", "published", "published"),
    ("deleted", "deleted", "deleted"),
    ("new_agent", "new agent", "new agents"),
];

fn news(part: &Map<String, Value>) -> String {
    let all = rows(part, "items");
    let said = NEWS.iter().filter_map(|(kind, one, many)| {
        let count = all.iter().filter(|row| row.get("what").and_then(Value::as_str) == Some(kind)).count() as u64;
        (count != 0).then(|| so_many(count, one, many))
    });
    let said: Vec<String> = said.collect();
    if said.is_empty() { "Nothing changed.".to_owned() } else { format!("{}.", said.join(", ")) }
}

fn quality(part: &Map<String, Value>) -> Option<String> {
    let findings = rows(part, "findings");
    let first = findings.first()?;
    Some(format!("{}. First: {}.", so_many(findings.len() as u64, "finding", "findings"), plainly(first.get("what")?)))
}
