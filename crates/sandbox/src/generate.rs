//! Makes the data of both companies from a seed and a civil day.
//!
//! Only the seed and the day count, never the hour: every instant other than the start of an inspection lies
//! before the day began, so two runs on one day agree exactly.

#![expect(clippy::indexing_slicing, reason = "indices are made here, beside the tables they point into")]
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "shares and small counts of invented data; every value is far from the limits of its type"
)]

mod agents;
mod calendar;

use jiff::Timestamp;
use jiff::civil::Time;
use jiff::tz::TimeZone;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use self::agents::{Flow, people};
use self::calendar::Calendar;
use super::names::{
    ADD_ONS, AGENCIES, CANCEL_REASONS, DENVER, FIRST_NAMES, INSPECTORS_1, INSPECTORS_2, INSTRUCTING_NOTE, LAST_NAMES,
    NOTES, SERVICES, STREETS, TAMPA, TEAMS, Zip,
};
use super::truth::{
    AttachmentKind, AttachmentRow, ClientRow, CompanyTruth, InspectionRow, InspectorRow, NamedRow, Rhythm, Truth, mix,
};

/// How many inspections the first company has when nobody says.
pub(crate) const INSPECTIONS_1: u64 = 6_000;
/// How many the second company has.
pub(crate) const INSPECTIONS_2: u64 = 1_500;
/// The most that can be asked for over both companies; ids of the two would meet above it.
pub(crate) const INSPECTIONS_MAX: u64 = 4_000_000;
/// How many agents the two companies have.
pub const AGENTS: [usize; 2] = [400, 120];
/// How many people are agents in both.
pub(crate) const AGENTS_SHARED: usize = 48;

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

/// What tells the two companies apart before anything is drawn.
struct Plan {
    name: &'static str,
    display_name: &'static str,
    timezone: &'static str,
    company_id: u64,
    inspectors: &'static [&'static str],
    zips: &'static [Zip],
    inspection_base: u64,
    client_base: u64,
    attachment_base: u64,
}

const PLANS: [Plan; 2] = [
    Plan {
        name: "spectora_company1",
        display_name: "Summit Ridge Home Inspections",
        timezone: "America/Denver",
        company_id: 4101,
        inspectors: &INSPECTORS_1,
        zips: &DENVER,
        inspection_base: 5_000_001,
        client_base: 20_000_001,
        attachment_base: 100_000_001,
    },
    Plan {
        name: "spectora_residential",
        display_name: "Bayline Residential Inspections",
        timezone: "America/New_York",
        company_id: 4102,
        inspectors: &INSPECTORS_2,
        zips: &TAMPA,
        inspection_base: 10_000_001,
        client_base: 40_000_001,
        attachment_base: 200_000_001,
    },
];

/// Makes both companies. `inspections` is the total over both, shared out 4 to 1.
/// `agents_max` leaves out the agents beyond so many in each company.
pub(super) fn generate(seed: u64, now: Timestamp, inspections: Option<u64>, agents_max: Option<usize>) -> Truth {
    let counts = match inspections {
        None => [INSPECTIONS_1, INSPECTIONS_2],
        Some(total) => {
            let total = total.min(INSPECTIONS_MAX);
            [total - total / 5, total / 5]
        }
    };
    let people = people(seed);
    let agents_max = agents_max.unwrap_or(usize::MAX);
    let companies = PLANS.iter().zip(counts).enumerate();
    Truth {
        companies: companies
            .map(|(at, (plan, count))| company(seed, now, at, plan, count, &people, agents_max))
            .collect(),
    }
}

fn company(
    seed: u64,
    now: Timestamp,
    at: usize,
    plan: &Plan,
    count: u64,
    people: &[agents::Person],
    agents_max: usize,
) -> CompanyTruth {
    let mut rng = ChaCha8Rng::seed_from_u64(mix(seed, 1 + at as u64));
    let zone = TimeZone::get(plan.timezone).unwrap_or(TimeZone::UTC);
    let today = zone.to_datetime(now).date();
    let midnight = zone.to_timestamp(today.to_datetime(Time::midnight())).map_or(0, Timestamp::as_second);
    let mut truth = CompanyTruth {
        name: plan.name,
        company_id: plan.company_id,
        display_name: plan.display_name,
        timezone: plan.timezone,
        zone,
        today,
        midnight,
        salt: mix(seed, 77),
        inspectors: inspectors(plan, at),
        agencies: named(3100 + 1000 * at as u64, &AGENCIES),
        teams: named(7100 + 1000 * at as u64, &TEAMS),
        agents: Vec::new(),
        clients: Vec::new(),
        zips: plan.zips,
        inspections: Vec::new(),
        attachments: Vec::new(),
        stats_off_by_one: Vec::new(),
        put: std::collections::BTreeMap::new(),
    };
    truth.agents = agents::agents(&mut rng, at, people, &truth);
    truth.agents.truncate(agents_max);
    truth.stats_off_by_one = [11, 37].iter().filter_map(|at| truth.agents.get(*at)).map(|a| a.connection_id).collect();
    book(&mut rng, at, plan, count, &mut truth);
    truth.attachments = attachments(&mut rng, plan, &truth);
    truth
}

fn named(first_id: u64, names: &[&str]) -> Vec<NamedRow> {
    (first_id..).zip(names).map(|(id, name)| NamedRow { id, name: (*name).to_owned() }).collect()
}

fn inspectors(plan: &Plan, at: usize) -> Vec<InspectorRow> {
    const PACE: [f64; 8] = [1.5, 1.2, 1.0, 1.0, 0.8, 0.7, 0.6, 0.5];
    const HABIT: [f64; 8] = [0.8, 1.6, 1.0, 1.3, 0.5, 1.1, 0.7, 1.4];
    let last = plan.inspectors.len() - 1;
    let row = |(index, name): (usize, &&'static str)| InspectorRow {
        id: 60_001 + 1000 * at as u64 + 7 * index as u64,
        name,
        pace: PACE[index % PACE.len()],
        habit: HABIT[(index + at) % HABIT.len()],
        active: match index {
            _ if index == last => (-240, i32::MAX),
            _ if index + 1 == last => (i32::MIN, -365),
            _ => (i32::MIN, i32::MAX),
        },
    };
    plan.inspectors.iter().enumerate().map(row).collect()
}

/// Fills inspections and clients, day by day, then puts them into the order in which they were booked.
fn book(rng: &mut ChaCha8Rng, at: usize, plan: &Plan, count: u64, truth: &mut CompanyTruth) {
    let calendar = Calendar::new(truth.today, &truth.zone, count);
    let flow = Flow::new(rng, &truth.agents);
    let mut rows = Vec::with_capacity(count as usize);
    let mut clients = Vec::with_capacity(count as usize);
    let mut jobs = vec![0_u32; truth.inspectors.len()];
    for day in &calendar.days {
        jobs.fill(0);
        for nth in 0..day.count {
            let primary = choose_inspector(rng, &truth.inspectors, &jobs, day.offset);
            let slot = jobs[primary];
            jobs[primary] += 1;
            let minute = start_minute(rng, slot, nth, day);
            let civil = day.date.to_datetime(Time::midnight()).saturating_add(jiff::Span::new().minutes(minute));
            let starts_at = truth.zone.to_timestamp(civil).map_or(truth.midnight, Timestamp::as_second);
            let draft = Draft { company: at, starts_at, day: day.offset, primary, first_of_day: nth == 0 };
            rows.push(inspection(rng, draft, truth, &flow, &mut clients));
        }
    }
    one_offs(truth, &mut rows);
    // Sorting is stable, so rows booked in the same second keep the order of their start.
    rows.sort_by_key(|row| row.created_at);
    for (id, row) in (plan.inspection_base..).zip(&mut rows) {
        row.id = id;
    }
    for (id, client) in (plan.client_base..).zip(&mut clients) {
        client.id = id;
    }
    truth.inspections = rows;
    truth.clients = clients;
}

/// Gives every one-off agent a single referral, spread over the years.
fn one_offs(truth: &CompanyTruth, rows: &mut [InspectionRow]) {
    let agents: Vec<u32> =
        (0_u32..).zip(&truth.agents).filter(|(_, agent)| agent.rhythm == Rhythm::OneOff).map(|(at, _)| at).collect();
    if agents.is_empty() || rows.len() < 10 * agents.len() {
        return;
    }
    let stride = rows.len() / agents.len();
    for (place, agent) in agents.into_iter().enumerate() {
        let stretch = rows[place * stride..].iter_mut().take(stride);
        if let Some(row) = stretch.into_iter().find(|row| row.deleted_at.is_none() && row.canceled_at.is_none()) {
            row.buying_agent = Some(agent);
        }
    }
}

fn choose_inspector(rng: &mut ChaCha8Rng, inspectors: &[InspectorRow], jobs: &[u32], day: i32) -> usize {
    let weight = |index: usize| {
        let inspector: &InspectorRow = &inspectors[index];
        let here = day >= inspector.active.0 && day <= inspector.active.1;
        let busy = f64::from(1 + jobs[index]);
        if here { inspector.pace / (busy * busy) } else { 0.0 }
    };
    let total: f64 = (0..inspectors.len()).map(weight).sum();
    let mut left = rng.random::<f64>() * total;
    for index in 0..inspectors.len() {
        left -= weight(index);
        if left < 0.0 {
            return index;
        }
    }
    0
}

/// The minute of the civil day: usual hours, with a late one now and then, and a night one when clocks change.
fn start_minute(rng: &mut ChaCha8Rng, slot: u32, nth: u32, day: &calendar::Day) -> i64 {
    const SLOTS: [i64; 6] = [540, 780, 990, 480, 660, 1110];
    let usual = SLOTS[slot as usize % SLOTS.len()] + 30 * rng.random_range(0..2_i64);
    let late = rng.random_bool(0.003);
    match () {
        () if day.clocks_change && nth == 0 => 90,
        () if late || (day.offset == -10 && nth == 0) => 23 * 60 + 30,
        () => usual,
    }
}

/// What is settled about an inspection before its details are drawn.
#[derive(Clone, Copy)]
struct Draft {
    company: usize,
    starts_at: i64,
    day: i32,
    primary: usize,
    first_of_day: bool,
}

/// Whether an inspection is in the ZIP code where houses are being built: one in seven of the last 60 days, a third of that
/// share with every quarter before. Nothing is drawn from the generator for it.
fn is_in_new_area(draft: Draft) -> bool {
    let quarters = f64::from(-draft.day - 60).max(0.0) / 91.0;
    let share = 0.14 * 3.0_f64.powf(-quarters);
    ((mix(0x5eed, draft.starts_at as u64 + draft.primary as u64) % 1000) as f64) < 1000.0 * share
}

fn inspection(
    rng: &mut ChaCha8Rng,
    draft: Draft,
    truth: &CompanyTruth,
    flow: &Flow,
    clients: &mut Vec<ClientRow>,
) -> InspectionRow {
    let Draft { starts_at, day, .. } = draft;
    let midnight = truth.midnight;
    let lead = rng.random_range(DAY..14 * DAY) + rng.random_range(0..DAY);
    let created_at = (starts_at - lead).min(midnight - rng.random_range(60..6 * DAY));
    let new_area = truth.zips.len() - 1;
    let place = (rng.random::<f64>().powf(1.4) * new_area as f64) as u8;
    let place = if is_in_new_area(draft) { new_area as u8 } else { place };
    let (buying_agent, selling_agent) = flow.draw(rng, day);
    let client = client(rng, clients, created_at, place);
    let client_2 = (client > 0 && rng.random_bool(0.06)).then(|| rng.random_range(0..client));
    let mut row = InspectionRow {
        id: 0,
        starts_at,
        created_at,
        updated_at: created_at,
        canceled_at: None,
        vanished: false,
        deleted_at: None,
        published_at: None,
        buying_agent,
        selling_agent,
        client_2,
        client,
        quote_cents: 0,
        minutes: 0,
        number: rng.random_range(1..9999),
        services: 0,
        add_ons: 0,
        primary: draft.primary as u8,
        helper: None,
        place,
        zip_missing: rng.random_bool(0.012),
        street: rng.random_range(0..STREETS.len()) as u8,
        unit: rng.random_bool(0.14).then(|| rng.random_range(1..60)),
        reason: None,
        note: note(rng),
        paid: false,
        confirmed: rng.random_bool(if day < 0 { 0.985 } else { 0.76 }),
        archived: false,
        agreements_signed: rng.random_bool(if day < 0 { 0.97 } else { 0.6 }),
    };
    work(rng, draft, truth, &mut row);
    fate(rng, draft, midnight, &mut row);
    row
}

fn note(rng: &mut ChaCha8Rng) -> u8 {
    if rng.random_bool(0.003) {
        return INSTRUCTING_NOTE;
    }
    if !rng.random_bool(0.22) {
        return 0;
    }
    let ordinary = rng.random_range(1..NOTES.len() as u8);
    if ordinary == INSTRUCTING_NOTE { 1 } else { ordinary }
}

/// A new client for about 85 inspections in 100, one who came before for the others.
fn client(rng: &mut ChaCha8Rng, clients: &mut Vec<ClientRow>, created_at: i64, zip: u8) -> u32 {
    let known = clients.len() as u32;
    if known > 0 && rng.random_bool(0.15) {
        return rng.random_range(0..known);
    }
    let first = rng.random_range(0..FIRST_NAMES.len()) as u8;
    let last = rng.random_range(0..LAST_NAMES.len()) as u8;
    clients.push(ClientRow { id: 0, created_at, updated_at: created_at, first, last, zip });
    known
}

/// What is done, by whom, how long it takes and what it costs.
fn work(rng: &mut ChaCha8Rng, draft: Draft, truth: &CompanyTruth, row: &mut InspectionRow) {
    let taste = |what: u64| {
        let share = mix(what, u64::from(row.place) + 100 * draft.company as u64) % 1000;
        0.4 + 1.2 * (share as f64 / 1000.0)
    };
    let total: f64 = (0_u64..).zip(&SERVICES).map(|(at, service)| service.weight * taste(at)).sum();
    let mut left = rng.random::<f64>() * total;
    let mut main = 0;
    for (at, service) in SERVICES.iter().enumerate() {
        left -= service.weight * taste(at as u64);
        if left < 0.0 {
            main = at;
            break;
        }
    }
    let mut services = 1_u16 << main;
    if main == 0 && rng.random_bool(0.05) {
        services |= 1 << 5;
    }
    let habit = truth.inspectors[draft.primary].habit;
    let mut add_ons = 0_u16;
    for (at, add_on) in ADD_ONS.iter().enumerate() {
        let chance = add_on.chance[draft.company % 2] * taste(50 + at as u64) * habit;
        if main != 6 && rng.random_bool(chance.clamp(0.0, 0.95)) {
            add_ons |= 1 << at;
        }
    }
    row.services = services;
    row.add_ons = add_ons;
    let price: u32 = row.services().map(|s| s.cents).sum::<u32>() + row.add_ons().map(|a| a.cents).sum::<u32>();
    let size = rng.random_range(80..150_u32);
    row.quote_cents = match rng.random_range(0..200) {
        0 => 0,
        1 => price * size / 100 / 100 * 100 + 50,
        2 => price * size / 100 / 100 * 100 + 25,
        _ => price * size / 100 / 500 * 500,
    };
    let minutes: u16 = row.services().map(|s| s.minutes).sum::<u16>() + row.add_ons().map(|a| a.minutes).sum::<u16>();
    row.minutes = minutes.div_ceil(15) * 15;
    let others = truth.inspectors.len() as u8;
    if main == 3 && rng.random_bool(0.5) || rng.random_bool(0.03) {
        row.helper = (0..others).map(|step| (row.primary + 1 + step) % others).find(|other| {
            let active = truth.inspectors[usize::from(*other)].active;
            *other != row.primary && draft.day >= active.0 && draft.day <= active.1
        });
    }
}

/// How it ended: called off, deleted, published, paid. The first job of tomorrow always stands.
fn fate(rng: &mut ChaCha8Rng, draft: Draft, midnight: i64, row: &mut InspectionRow) {
    let past = draft.day < 0;
    let stands = draft.day == 1 && draft.first_of_day;
    let before = (row.starts_at - 2 * HOUR).min(midnight - 1);
    if rng.random_bool(if past { 0.07 } else { 0.04 }) && !stands {
        row.canceled_at = Some(rng.random_range(row.created_at..=before.max(row.created_at)));
        row.reason = rng.random_bool(0.9).then(|| rng.random_range(0..CANCEL_REASONS.len()) as u8);
    }
    if rng.random_bool(0.005) && !stands {
        row.deleted_at = Some((row.canceled_at.unwrap_or(row.created_at) + 2 * HOUR).min(midnight - 1));
    }
    if past && row.canceled_at.is_none() {
        let done = row.starts_at + i64::from(row.minutes) * 60;
        let published = done + rng.random_range(2 * HOUR..30 * HOUR);
        let forgotten = rng.random_bool(0.004);
        row.published_at = (published < midnight && !forgotten).then_some(published);
        row.paid = rng.random_bool(0.96);
    } else if row.canceled_at.is_none() {
        row.paid = rng.random_bool(0.25);
    }
    row.archived = past && rng.random_bool(0.01);
    row.updated_at = [Some(row.created_at), row.canceled_at, row.deleted_at, row.published_at]
        .into_iter()
        .flatten()
        .max()
        .unwrap_or(0);
}

/// A report for every published inspection, and the documents of some add-ons a few days later.
fn attachments(rng: &mut ChaCha8Rng, plan: &Plan, truth: &CompanyTruth) -> Vec<AttachmentRow> {
    let mut rows = Vec::new();
    for (inspection, row) in (0_u32..).zip(&truth.inspections) {
        let Some(published) = row.published_at else { continue };
        let mut add = |created_at: i64, kind| {
            if created_at < truth.midnight {
                rows.push(AttachmentRow { id: 0, created_at, inspection, kind });
            }
        };
        add(published, AttachmentKind::Report);
        for (at, add_on) in ADD_ONS.iter().enumerate() {
            if row.add_ons & (1 << at) != 0 && add_on.document.is_some() && rng.random_bool(0.92) {
                add(published + rng.random_range(DAY..5 * DAY), AttachmentKind::AddOn(at as u8));
            }
        }
        if rng.random_bool(0.05) {
            add(published + HOUR, AttachmentKind::Internal);
        }
    }
    for (id, row) in (plan.attachment_base..).zip(&mut rows) {
        row.id = id;
    }
    rows
}
