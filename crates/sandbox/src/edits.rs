//! Changes made to the data while the sandbox runs, as people at a real service would make them.

#![expect(clippy::indexing_slicing, clippy::cast_possible_truncation, reason = "indices were made beside short tables")]

use rand::RngExt as _;
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use serde_json::{Map, Value};

use super::names::{CANCEL_REASONS, FIRST_NAMES, LAST_NAMES};
use super::truth::{AgentRow, ClientRow, CompanyTruth, InspectionRow, RecordKind, Rhythm, Truth, uuid};

/// Seconds of a day.
const DAY: i64 = 86_400;

/// One change. `company` is the place in [`Truth::companies`]; instants are Unix seconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edit {
    /// A new inspection, like the one before it in all but its start.
    Book {
        /// Whose.
        company: usize,
        /// When it starts.
        starts_at: i64,
    },
    /// An inspection moves.
    Reschedule {
        /// Whose.
        company: usize,
        /// Which.
        id: u64,
        /// When it starts now.
        starts_at: i64,
    },
    /// An inspection is called off.
    Cancel {
        /// Whose.
        company: usize,
        /// Which.
        id: u64,
    },
    /// An inspection is deleted; services that show deleted ones go on showing it.
    Delete {
        /// Whose.
        company: usize,
        /// Which.
        id: u64,
    },
    /// An inspection is gone without a trace.
    Vanish {
        /// Whose.
        company: usize,
        /// Which.
        id: u64,
    },
    /// A report is published.
    Publish {
        /// Whose.
        company: usize,
        /// Which.
        id: u64,
    },
    /// An inspection is paid and confirmed.
    Settle {
        /// Whose.
        company: usize,
        /// Which.
        id: u64,
    },
    /// The price changes.
    Requote {
        /// Whose.
        company: usize,
        /// Which.
        id: u64,
        /// The price now, in cents.
        cents: u32,
    },
    /// An agent takes another family name.
    RenameAgent {
        /// Whose.
        company: usize,
        /// Which connection.
        connection_id: u64,
        /// The name now.
        last_name: String,
    },
    /// A connection turns out to be the person of another one.
    SamePerson {
        /// Whose.
        company: usize,
        /// Which connection.
        connection_id: u64,
        /// The connection whose person it is.
        like: u64,
    },
    /// An inspector takes the name of another one.
    NameInspector {
        /// Whose.
        company: usize,
        /// Which, by place in the list.
        inspector: usize,
        /// Whose name it is, by place in the list.
        like: usize,
    },
    /// An agency takes another name.
    RenameAgency {
        /// Whose.
        company: usize,
        /// Which.
        id: u64,
        /// The name now.
        name: String,
    },
    /// A client takes another family name, by its place in the list of names.
    RenameClient {
        /// Whose.
        company: usize,
        /// Which.
        id: u64,
        /// The name now.
        last: u8,
    },
    /// A new agent.
    NewAgent {
        /// Whose.
        company: usize,
    },
    /// A new client.
    NewClient {
        /// Whose.
        company: usize,
    },
    /// A record says something else than it would: attributes by their names, and relationships (such as
    /// `{"assignments": {"data": []}}`). What filters look at stays as it was.
    Put {
        /// Whose.
        company: usize,
        /// The kind of record.
        kind: RecordKind,
        /// Which.
        id: u64,
        /// What it says, by name.
        said: Map<String, Value>,
    },
}

/// Later than the record's last change, and not before now.
fn stamp(updated_at: i64, now: i64) -> i64 {
    now.max(updated_at + 1)
}

/// Makes the change; gives the id of what it touched.
pub(super) fn apply(truth: &mut Truth, edit: &Edit, now: i64) -> Option<u64> {
    let on = |truth: &mut Truth, company: usize, id: u64, change: &dyn Fn(&mut InspectionRow)| {
        let company = truth.companies.get_mut(company)?;
        let at = company.inspection_index(id)? as usize;
        let row = &mut company.inspections[at];
        change(row);
        row.updated_at = stamp(row.updated_at, now);
        Some(id)
    };
    match edit {
        Edit::Book { company, starts_at } => {
            let company = truth.companies.get_mut(*company)?;
            let like = *company.inspections.last()?;
            let id = like.id + 1;
            company.inspections.push(InspectionRow {
                id,
                starts_at: *starts_at,
                created_at: now,
                updated_at: now,
                canceled_at: None,
                deleted_at: None,
                published_at: None,
                reason: None,
                vanished: false,
                ..like
            });
            Some(id)
        }
        Edit::Reschedule { company, id, starts_at } => on(truth, *company, *id, &|row| row.starts_at = *starts_at),
        Edit::Cancel { company, id } => on(truth, *company, *id, &|row| {
            row.canceled_at = Some(now);
            row.reason = Some((id % CANCEL_REASONS.len() as u64) as u8);
        }),
        Edit::Delete { company, id } => on(truth, *company, *id, &|row| row.deleted_at = Some(now)),
        Edit::Vanish { company, id } => on(truth, *company, *id, &|row| row.vanished = true),
        Edit::Publish { company, id } => on(truth, *company, *id, &|row| row.published_at = Some(now)),
        Edit::Settle { company, id } => on(truth, *company, *id, &|row| (row.paid, row.confirmed) = (true, true)),
        Edit::Requote { company, id, cents } => on(truth, *company, *id, &|row| row.quote_cents = *cents),
        Edit::RenameAgent { company, connection_id, last_name } => {
            let agents = &mut truth.companies.get_mut(*company)?.agents;
            let agent = agents.iter_mut().find(|agent| agent.connection_id == *connection_id)?;
            agent.last_name = Some(last_name.clone());
            agent.updated_at = stamp(agent.updated_at, now);
            Some(*connection_id)
        }
        Edit::SamePerson { company, connection_id, like } => {
            let agents = &mut truth.companies.get_mut(*company)?.agents;
            let person = agents.iter().find(|agent| agent.connection_id == *like)?;
            let (agent_id, uuid) = (person.agent_id, person.uuid.clone());
            let agent = agents.iter_mut().find(|agent| agent.connection_id == *connection_id)?;
            (agent.agent_id, agent.uuid) = (agent_id, uuid);
            agent.updated_at = stamp(agent.updated_at, now);
            Some(*connection_id)
        }
        Edit::NameInspector { company, inspector, like } => {
            let inspectors = &mut truth.companies.get_mut(*company)?.inspectors;
            let name = inspectors.get(*like)?.name;
            let inspector = inspectors.get_mut(*inspector)?;
            inspector.name = name;
            Some(inspector.id)
        }
        Edit::RenameAgency { company, id, name } => {
            let company = truth.companies.get_mut(*company)?;
            let place = company.agencies.iter().position(|agency| agency.id == *id)?;
            company.agencies[place].name.clone_from(name);
            for agent in company.agents.iter_mut().filter(|agent| agent.agency == Some(place)) {
                agent.updated_at = stamp(agent.updated_at, now);
            }
            Some(*id)
        }
        Edit::RenameClient { company, id, last } => {
            let clients = &mut truth.companies.get_mut(*company)?.clients;
            let client = clients.iter_mut().find(|client| client.id == *id)?;
            client.last = last % LAST_NAMES.len() as u8;
            client.updated_at = stamp(client.updated_at, now);
            Some(*id)
        }
        Edit::NewAgent { company } => new_agent(truth.companies.get_mut(*company)?, now),
        Edit::NewClient { company } => new_client(truth.companies.get_mut(*company)?, now),
        Edit::Put { company, kind, id, said } => put(truth.companies.get_mut(*company)?, *kind, *id, said, now),
    }
}

fn put(company: &mut CompanyTruth, kind: RecordKind, id: u64, said: &Map<String, Value>, now: i64) -> Option<u64> {
    let updated_at = match kind {
        RecordKind::Inspection => {
            let at = company.inspection_index(id)? as usize;
            &mut company.inspections[at].updated_at
        }
        RecordKind::Agent | RecordKind::Statistics => {
            &mut company.agents.iter_mut().find(|agent| agent.connection_id == id)?.updated_at
        }
        RecordKind::Client => &mut company.clients.iter_mut().find(|client| client.id == id)?.updated_at,
    };
    *updated_at = stamp(*updated_at, now);
    company.put.entry((kind, id)).or_default().extend(said.clone());
    Some(id)
}

fn new_agent(company: &mut CompanyTruth, now: i64) -> Option<u64> {
    let connection_id = company.agents.iter().map(|agent| agent.connection_id).max()? + 1;
    let agent_id = 900_000_000 + connection_id;
    let first_name = FIRST_NAMES[(connection_id % FIRST_NAMES.len() as u64) as usize].to_owned();
    company.agents.push(AgentRow {
        connection_id,
        agent_id,
        uuid: uuid(company.salt, agent_id),
        first_name,
        last_name: Some("Newcomer".to_owned()),
        email: Some(format!("newcomer.{connection_id}@example.com")),
        phone: "(303) 555-0199".to_owned(),
        agency: Some(0),
        team: None,
        place: 0,
        tags: Vec::new(),
        rhythm: Rhythm::New,
        created_at: now,
        updated_at: now,
    });
    Some(connection_id)
}

fn new_client(company: &mut CompanyTruth, now: i64) -> Option<u64> {
    let id = company.clients.iter().map(|client| client.id).max()? + 1;
    let (first, last) = ((id % FIRST_NAMES.len() as u64) as u8, (id % LAST_NAMES.len() as u64) as u8);
    company.clients.push(ClientRow { id, created_at: now, updated_at: now, first, last, zip: 0 });
    Some(id)
}

impl Edit {
    /// A mix of `count` edits of one company, decided by the seed alone: most near today, some far back, some ahead.
    /// `vanishing` allows what leaves no trace.
    pub fn random(truth: &Truth, company: usize, seed: u64, count: usize, vanishing: bool) -> Vec<Self> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let Some(known) = truth.companies.get(company) else { return Vec::new() };
        let live: Vec<&InspectionRow> =
            known.inspections.iter().filter(|row| row.deleted_at.is_none() && !row.vanished).collect();
        let mut edits = Vec::new();
        while edits.len() < count && !live.is_empty() {
            // Two of three among the latest fifth, the rest anywhere.
            let from = if rng.random_bool(0.66) { live.len() * 4 / 5 } else { 0 };
            let id = live[rng.random_range(from..live.len())].id;
            let starts_at = known.midnight + rng.random_range(-30..30) * DAY + rng.random_range(28..68) * 900;
            edits.push(match rng.random_range(0..12) {
                0 | 1 => Self::Book { company, starts_at },
                2 | 3 => Self::Reschedule { company, id, starts_at },
                4 => Self::Cancel { company, id },
                5 => Self::Delete { company, id },
                6 if vanishing => Self::Vanish { company, id },
                6 | 7 => Self::Publish { company, id },
                8 => Self::Settle { company, id },
                9 => Self::Requote { company, id, cents: rng.random_range(300..900) * 100 },
                10 if rng.random_bool(0.5) => Self::RenameAgent {
                    company,
                    connection_id: known.agents[rng.random_range(0..known.agents.len())].connection_id,
                    last_name: format!("Married-{seed}"),
                },
                10 => Self::NewAgent { company },
                _ if rng.random_bool(0.5) => Self::RenameClient {
                    company,
                    id: known.clients[rng.random_range(0..known.clients.len())].id,
                    last: rng.random_range(0..40),
                },
                _ => Self::NewClient { company },
            });
        }
        edits
    }
}
