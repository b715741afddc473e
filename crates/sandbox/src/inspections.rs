//! Which inspections a query asks for, in which order.

#![expect(clippy::indexing_slicing, reason = "indices were made beside the tables they point into")]

use std::cmp::Ordering;

use super::names::{ADD_ONS, FIRST_NAMES, LAST_NAMES, NOTES, SERVICES, STREETS};
use super::options::{ChangedSince, Profile};
use super::query::{Query, Refusal, boolean, ids, instant, search_words};
use super::truth::{CompanyTruth, InspectionRow};
use super::world::Scene;

/// The filters of the document.
const FILTERS: [&str; 26] = [
    "id",
    "fulltext",
    "datetime_greater_than",
    "datetime_less_than",
    "datetime_between",
    "connection_id",
    "agent_id",
    "inspector_id",
    "service_id",
    "service_category_id",
    "service_add_on_id",
    "paid",
    "confirmed",
    "published",
    "canceled",
    "deleted",
    "agreements_signed",
    "archived_by_inspector",
    "address",
    "zip",
    "unit",
    "lat",
    "lng",
    "include_canceled",
    "include_deleted",
    "include_archived_by_inspector",
];
/// Those of a later, smaller list.
const FILTERS_MINIMAL: [&str; 7] =
    ["fulltext", "paid", "confirmed", "published", "connection_id", "datetime_greater_than", "datetime_less_than"];
/// The name of the filter that only exists when the sandbox was told so.
pub(super) const CHANGED_SINCE: &str = "updated_at_greater_than";
const SORTS: [&str; 4] = ["datetime", "quote", "confirmed", "cancel_reason"];
const INCLUDES: [&str; 9] = [
    "buying_agent",
    "selling_agent",
    "company",
    "assignments",
    "inspection_attachments",
    "buyer",
    "buyer_2",
    "custom_fields",
    "property",
];
/// How far apart, in degrees, two spellings of one latitude may be.
const DEGREES_SAME: f64 = 0.000_001;

const NANOSECONDS: i128 = 1_000_000_000;

/// One condition on a row.
type Condition<'a> = Box<dyn Fn(&InspectionRow) -> bool + 'a>;

/// The matching rows, as indices, in the order asked for; without a sort, in the order in which they were booked.
pub(super) fn select(scene: Scene<'_>, query: &Query) -> Result<Vec<u32>, Refusal> {
    if scene.profile == Profile::Strict {
        refuse_unknown(scene, query)?;
    }
    let honoured = |name: &str| honoured(scene, name);
    let mut conditions: Vec<Condition<'_>> = Vec::new();
    let (mut after, mut before) = (i128::MIN, i128::MAX);
    let mut between = Vec::new();
    for (name, value) in query.filters().filter(|(name, _)| honoured(name)) {
        match name {
            "datetime_greater_than" => after = after.max(instant(name, value)?),
            "datetime_less_than" => before = before.min(instant(name, value)?),
            "datetime_between" => between.push(instant("datetime_between][", value)?),
            _ => conditions.extend(condition(scene, query, name, value)?),
        }
    }
    match between.as_slice() {
        [] => {}
        [from, to] => {
            after = after.max(*from - 1);
            before = before.min(*to + 1);
        }
        _ => return Err(Refusal::invalid("filter[datetime_between][]", "must be sent exactly twice")),
    }
    conditions.extend(presence(scene, query)?);
    let rows = &scene.company.inspections;
    let starts = |index: &u32| i128::from(rows[*index as usize].starts_at) * NANOSECONDS;
    let by_time = scene.index.by_time.as_slice();
    let from = by_time.partition_point(|index| starts(index) <= after);
    let to = by_time.partition_point(|index| starts(index) < before);
    let matching = by_time.get(from..to).unwrap_or(&[]).iter().copied();
    let mut found: Vec<u32> =
        matching.filter(|index| conditions.iter().all(|holds| holds(&rows[*index as usize]))).collect();
    order(&mut found, rows, &query.sort());
    Ok(found)
}

/// Whether the inspection with this id can be seen at all: listings leave more out.
pub(super) fn visible_by_id(scene: Scene<'_>, row: &InspectionRow) -> bool {
    if row.vanished || (scene.own_jobs && !is_own(row)) {
        return false;
    }
    match scene.profile {
        Profile::Full => true,
        Profile::Minimal | Profile::Strict => row.deleted_at.is_none(),
        Profile::Blind => row.canceled_at.is_none(),
    }
}

/// Whether a job is the first inspector's.
fn is_own(row: &InspectionRow) -> bool {
    row.inspectors().any(|inspector| inspector == 0)
}

fn honoured(scene: Scene<'_>, name: &str) -> bool {
    if name == CHANGED_SINCE {
        return scene.changed_since == ChangedSince::Works;
    }
    match scene.profile {
        Profile::Full | Profile::Blind => FILTERS.contains(&name),
        Profile::Minimal | Profile::Strict => FILTERS_MINIMAL.contains(&name),
    }
}

fn refuse_unknown(scene: Scene<'_>, query: &Query) -> Result<(), Refusal> {
    if let Some((name, _)) = query.filters().find(|(name, _)| !honoured(scene, name)) {
        return Err(Refusal::invalid(&format!("filter[{name}]"), "is not a supported filter"));
    }
    if let Some((key, _)) = query.sort().iter().find(|(key, _)| !SORTS.contains(key)) {
        return Err(Refusal::invalid(&format!("sort={key}"), "is not a supported sort key"));
    }
    if let Some(name) = query.words("include").iter().find(|name| !INCLUDES.contains(name)) {
        return Err(Refusal::invalid(&format!("include={name}"), "is not a supported include"));
    }
    Ok(())
}

/// Whether canceled, deleted and archived rows come: the trap of the service.
fn presence<'a>(scene: Scene<'a>, query: &Query) -> Result<Vec<Condition<'a>>, Refusal> {
    let asked = |name: &str| -> Result<bool, Refusal> {
        match query.filter(name).last() {
            Some(value) => boolean(name, value),
            None => Ok(false),
        }
    };
    let mut conditions: Vec<Condition<'a>> = vec![Box::new(|row| !row.vanished)];
    if scene.own_jobs {
        conditions.push(Box::new(is_own));
    }
    if matches!(scene.profile, Profile::Minimal | Profile::Strict) {
        conditions.push(Box::new(|row| row.deleted_at.is_none()));
        return Ok(conditions);
    }
    let blind = scene.profile == Profile::Blind;
    if blind || !(asked("include_canceled")? || asked("canceled")?) {
        conditions.push(Box::new(|row| row.canceled_at.is_none()));
    }
    if !(asked("include_deleted")? || asked("deleted")?) {
        conditions.push(Box::new(|row| row.deleted_at.is_none()));
    }
    if !(asked("include_archived_by_inspector")? || asked("archived_by_inspector")?) {
        conditions.push(Box::new(|row| !row.archived));
    }
    Ok(conditions)
}

fn condition<'a>(scene: Scene<'a>, query: &Query, name: &str, value: &str) -> Result<Option<Condition<'a>>, Refusal> {
    let company = scene.company;
    let text = value.trim().to_lowercase();
    let wanted = || ids(&[value]);
    let condition: Condition<'a> = match name {
        "id" => {
            let wanted = ids(&query.filter("id"));
            Box::new(move |row| wanted.contains(&row.id))
        }
        "fulltext" => fulltext(company, value),
        "connection_id" => on_either_side(company, &wanted(), |agent| agent.connection_id),
        "agent_id" => on_either_side(company, &wanted(), |agent| agent.agent_id),
        "inspector_id" => {
            let wanted = wanted();
            let mine: Vec<bool> = company.inspectors.iter().map(|inspector| wanted.contains(&inspector.id)).collect();
            Box::new(move |row| row.inspectors().any(|at| mine[at]))
        }
        "service_id" | "service_category_id" => {
            let (wanted, by_category) = (wanted(), name == "service_category_id");
            let ids = SERVICES.iter().map(|s| if by_category { s.category_id } else { s.id });
            let bits = bits(ids, &wanted);
            Box::new(move |row| row.services & bits != 0)
        }
        "service_add_on_id" => {
            let bits = bits(ADD_ONS.iter().map(|add_on| add_on.id), &wanted());
            Box::new(move |row| row.add_ons & bits != 0)
        }
        "paid" | "confirmed" | "published" | "canceled" | "deleted" | "agreements_signed" | "archived_by_inspector" => {
            let wanted = boolean(name, value)?;
            flag(name, wanted)
        }
        "address" => Box::new(move |row| company.full_address(row).to_lowercase().contains(&text)),
        "zip" => Box::new(move |row| company.zip(row).is_some_and(|zip| zip == text)),
        "unit" => Box::new(move |row| row.unit.is_some_and(|unit| unit.to_string() == text)),
        "lat" | "lng" => {
            let wanted: f64 =
                text.parse().map_err(|_| Refusal::invalid(&format!("filter[{name}]"), "must be a number"))?;
            let north = name == "lat";
            Box::new(move |row| {
                let (lat, lng) = position(company, row);
                ((if north { lat } else { lng }) - wanted).abs() < DEGREES_SAME
            })
        }
        CHANGED_SINCE => {
            let since = instant(name, value)?;
            Box::new(move |row| i128::from(row.updated_at) * NANOSECONDS > since)
        }
        _ => return Ok(None),
    };
    Ok(Some(condition))
}

fn flag<'a>(name: &str, wanted: bool) -> Condition<'a> {
    let read: fn(&InspectionRow) -> bool = match name {
        "paid" => |row| row.paid,
        "confirmed" => |row| row.confirmed,
        "published" => |row| row.published_at.is_some(),
        "canceled" => |row| row.canceled_at.is_some(),
        "deleted" => |row| row.deleted_at.is_some(),
        "archived_by_inspector" => |row| row.archived,
        _ => |row| row.agreements_signed,
    };
    Box::new(move |row| read(row) == wanted)
}

fn bits(list: impl Iterator<Item = u64>, wanted: &[u64]) -> u16 {
    list.enumerate().filter(|(_, id)| wanted.contains(id)).fold(0, |bits, (at, _)| bits | 1 << at)
}

fn on_either_side<'a>(
    company: &CompanyTruth,
    wanted: &[u64],
    id: impl Fn(&super::truth::AgentRow) -> u64,
) -> Condition<'a> {
    let hits: Vec<bool> = company.agents.iter().map(|agent| wanted.contains(&id(agent))).collect();
    let hit = move |agent: Option<u32>| agent.is_some_and(|at| hits[at as usize]);
    Box::new(move |row| hit(row.buying_agent) || hit(row.selling_agent))
}

/// Where the property is, in degrees.
pub(super) fn position(company: &CompanyTruth, row: &InspectionRow) -> (f64, f64) {
    let place = company.place(row);
    let round = |degrees: f64| (degrees * 1e6).round() / 1e6;
    (round(place.lat + f64::from(row.number % 100) / 1e4), round(place.lng + f64::from(row.street) / 1e4))
}

/// Which parts of a row hold one word: looked up once for each table, so that a million rows stay quick.
struct WordHits {
    first_names: Vec<bool>,
    last_names: Vec<bool>,
    streets: Vec<bool>,
    places: Vec<bool>,
    zips: Vec<bool>,
    agents: Vec<bool>,
    inspectors: Vec<bool>,
    notes: Vec<bool>,
    /// The word itself when it may stand in a house number or a unit.
    number: Option<String>,
}

impl WordHits {
    fn new(company: &CompanyTruth, word: String) -> Self {
        let holds = |text: &str| text.to_lowercase().contains(&word);
        let table = |texts: &[&str]| texts.iter().map(|text| holds(text)).collect::<Vec<_>>();
        Self {
            first_names: table(&FIRST_NAMES),
            last_names: table(&LAST_NAMES),
            streets: table(&STREETS),
            places: company.zips.iter().map(|zip| holds(zip.city) || holds(zip.state)).collect(),
            zips: company.zips.iter().map(|zip| holds(zip.code)).collect(),
            agents: company.agents.iter().map(|agent| holds(&agent.name())).collect(),
            inspectors: company.inspectors.iter().map(|inspector| holds(inspector.name)).collect(),
            notes: table(&NOTES),
            number: word.chars().all(|c| c.is_ascii_digit() || c == '#').then_some(word),
        }
    }

    fn in_row(&self, company: &CompanyTruth, row: &InspectionRow) -> bool {
        let agent = |agent: Option<u32>| agent.is_some_and(|at| self.agents[at as usize]);
        let number = || {
            self.number.as_deref().is_some_and(|word| {
                row.number.to_string().contains(word) || row.unit.is_some_and(|unit| format!("#{unit}").contains(word))
            })
        };
        self.streets[usize::from(row.street)]
            || self.places[usize::from(row.place)]
            || (self.zips[usize::from(row.place)] && !row.zip_missing)
            || self.notes[usize::from(row.note)]
            || agent(row.buying_agent)
            || agent(row.selling_agent)
            || row.inspectors().any(|at| self.inspectors[at])
            || company
                .clients_of(row)
                .any(|client| self.first_names[usize::from(client.first)] || self.last_names[usize::from(client.last)])
            || number()
    }
}

fn fulltext<'a>(company: &'a CompanyTruth, value: &str) -> Condition<'a> {
    let words: Vec<WordHits> = search_words(&[value]).into_iter().map(|word| WordHits::new(company, word)).collect();
    Box::new(move |row| words.iter().all(|word| word.in_row(company, row)))
}

/// Puts indices, which come ordered by start, into the order asked for. Equal rows stand by id.
fn order(found: &mut [u32], rows: &[InspectionRow], sort: &[(&str, bool)]) {
    let keys: Vec<(&str, bool)> = sort.iter().copied().filter(|(key, _)| SORTS.contains(key)).collect();
    match keys.as_slice() {
        [] => found.sort_unstable(),
        [("datetime", false)] => {}
        [("datetime", true)] => {
            found.reverse();
            let by_id = |a: &u32, b: &u32| rows[*a as usize].starts_at == rows[*b as usize].starts_at;
            found.chunk_by_mut(by_id).for_each(<[u32]>::reverse);
        }
        keys => found.sort_unstable_by(|a, b| {
            let (left, right) = (&rows[*a as usize], &rows[*b as usize]);
            let compared = keys.iter().map(|(key, descending)| {
                let ordering = compare(key, left, right);
                if *descending { ordering.reverse() } else { ordering }
            });
            compared.fold(Ordering::Equal, Ordering::then).then(a.cmp(b))
        }),
    }
}

fn compare(key: &str, left: &InspectionRow, right: &InspectionRow) -> Ordering {
    match key {
        "datetime" => left.starts_at.cmp(&right.starts_at),
        "quote" => left.quote_cents.cmp(&right.quote_cents),
        "confirmed" => left.confirmed.cmp(&right.confirmed),
        _ => left.cancel_reason().cmp(&right.cancel_reason()),
    }
}
