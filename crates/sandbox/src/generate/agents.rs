//! The agents: who they are, and how their referrals run over the years.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::calendar::{FIRST_DAY, LAST_DAY};
use super::{AGENTS, AGENTS_SHARED, DAY};
use crate::names::{AGENCIES, FIRST_NAMES, LAST_NAMES, TAGS, TEAMS};
use crate::truth::{AgentRow, CompanyTruth, Rhythm, mix, uuid};

/// A person who is an agent in one company or in both.
pub(super) struct Person {
    agent_id: u64,
    uuid: String,
    first_name: String,
    last_name: Option<String>,
    email: Option<String>,
    phone: String,
}

/// The people of both companies: first those of the first one, then those only the second one knows.
pub(super) fn people(seed: u64) -> Vec<Person> {
    let mut rng = ChaCha8Rng::seed_from_u64(mix(seed, 500));
    let count = AGENTS[0] + AGENTS[1] - AGENTS_SHARED;
    (0..count)
        .map(|at| {
            let agent_id = 64_001 + 3 * at as u64;
            let first_name = FIRST_NAMES[rng.random_range(0..FIRST_NAMES.len())].to_owned();
            let last = LAST_NAMES[rng.random_range(0..LAST_NAMES.len())];
            let last_name = match at {
                5 => None,
                6 => Some("  ".to_owned()),
                _ => Some(last.to_owned()),
            };
            Person {
                agent_id,
                uuid: uuid(mix(seed, 9), agent_id),
                email: (at % 50 != 9).then(|| format!("agent{agent_id}@example.com")),
                phone: format!("(303) 555-01{:02}", agent_id % 100),
                first_name,
                last_name,
            }
        })
        .collect()
}

/// The connections of company `at`. Every eighth agent of the first company is one of the second's too.
pub(super) fn agents(rng: &mut ChaCha8Rng, at: usize, people: &[Person], truth: &CompanyTruth) -> Vec<AgentRow> {
    let mine: Vec<&Person> = if at == 0 {
        people.iter().take(AGENTS[0]).collect()
    } else {
        let shared = people.iter().step_by(AGENTS[0] / AGENTS_SHARED).take(AGENTS_SHARED);
        shared.chain(people.iter().skip(AGENTS[0])).collect()
    };
    let base = [310_001, 820_001][at % 2];
    (0_u64..).zip(mine).map(|(nth, person)| agent(rng, base + 3 * nth, person, truth)).collect()
}

fn agent(rng: &mut ChaCha8Rng, connection_id: u64, person: &Person, truth: &CompanyTruth) -> AgentRow {
    let rhythm = match rng.random_range(0..100) {
        0..35 => Rhythm::Steady,
        35..47 => Rhythm::Rising,
        47..60 => Rhythm::Fading,
        60..75 => Rhythm::Lapsed,
        75..85 => Rhythm::New,
        _ => Rhythm::OneOff,
    };
    let age = if rhythm == Rhythm::New { rng.random_range(80..100) } else { rng.random_range(1100..1400) };
    let created_at = truth.midnight - age * DAY;
    let updated_at = rng.random_range(created_at..truth.midnight);
    AgentRow {
        connection_id,
        agent_id: person.agent_id,
        uuid: person.uuid.clone(),
        first_name: person.first_name.clone(),
        last_name: person.last_name.clone(),
        email: person.email.clone(),
        phone: person.phone.clone(),
        agency: rng.random_bool(0.93).then(|| (rng.random::<f64>().powi(2) * AGENCIES.len() as f64) as usize),
        team: rng.random_bool(0.2).then(|| rng.random_range(0..TEAMS.len())),
        place: rng.random_range(0..truth.zips.len()),
        tags: TAGS.iter().copied().filter(|_| rng.random_bool(0.07)).collect(),
        rhythm,
        created_at,
        updated_at,
    }
}

/// Who refers in which week: for each week the running sum of all agents' weights.
pub(super) struct Flow {
    weeks: Vec<Vec<f64>>,
}

impl Flow {
    pub(super) fn new(rng: &mut ChaCha8Rng, agents: &[AgentRow]) -> Self {
        let weeks = week_of(LAST_DAY) + 1;
        let today = week_of(0);
        let flows: Vec<(f64, usize)> = agents
            .iter()
            .map(|agent| {
                let base = 0.3 + 6.0 * rng.random::<f64>().powi(3);
                let turn = match agent.rhythm {
                    Rhythm::Lapsed => today - rng.random_range(23..70),
                    Rhythm::New => today - rng.random_range(2..11),
                    _ => 0,
                };
                (base, turn)
            })
            .collect();
        let week = |week: usize| {
            let share = week as f64 / today as f64;
            let mut sum = 0.0;
            agents
                .iter()
                .zip(&flows)
                .map(|(agent, (base, turn))| {
                    sum += base
                        * match agent.rhythm {
                            Rhythm::Steady => 1.0,
                            Rhythm::Rising => 0.1 + 1.9 * share * share,
                            Rhythm::Fading => 2.2 * (1.03 - share).max(0.0).powi(2),
                            Rhythm::Lapsed if week <= *turn => 1.2,
                            Rhythm::New if week >= *turn => 1.6,
                            Rhythm::Lapsed | Rhythm::New | Rhythm::OneOff => 0.0,
                        };
                    sum
                })
                .collect()
        };
        Self { weeks: (0..weeks).map(week).collect() }
    }

    /// The buying and the selling agent of an inspection on `day`; either may be missing, and they differ.
    pub(super) fn draw(&self, rng: &mut ChaCha8Rng, day: i32) -> (Option<u32>, Option<u32>) {
        let sums = &self.weeks[week_of(day)];
        let total = sums.last().copied().unwrap_or(0.0);
        let mut one = || {
            let at = rng.random::<f64>() * total;
            sums.partition_point(|sum| *sum <= at) as u32
        };
        let (buying, selling) = (one(), one());
        let selling = (rng.random_bool(0.35) && selling != buying).then_some(selling);
        let buying = rng.random_bool(0.9).then_some(buying);
        // With few agents there are weeks in which none refers.
        if 0.0 < total { (buying, selling) } else { (None, None) }
    }
}

fn week_of(day: i32) -> usize {
    usize::try_from(day - FIRST_DAY).unwrap_or(0) / 7
}
