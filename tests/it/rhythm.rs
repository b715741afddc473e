//! Agents' rhythms by plain loops: occasions, the days between them as the company works, and how likely a silence is.

use std::collections::BTreeMap;

use super::support::now;

const DAY: f64 = 86_400_000.0;
const WEEK: i64 = 7 * 86_400_000;

/// What is expected of one agent.
pub(crate) struct PlainRhythm {
    pub(crate) occasions: u64,
    pub(crate) usual_gap: Option<f64>,
    /// Days without a referral between occasions.
    pub(crate) silences: Vec<f64>,
    pub(crate) since: f64,
    pub(crate) worked_since: Option<f64>,
    pub(crate) chance: Option<f64>,
    /// The part of the company's work of the last 360 days that lies in the last 90.
    pub(crate) recent_share: Option<f64>,
    waits: Vec<f64>,
    open: f64,
    within: f64,
}

impl PlainRhythm {
    /// Whether the rule finds the agent, bookings ahead apart.
    pub(crate) fn is_dormant(&self, min_occasions: u64, min_days: f64, gap_factor: f64) -> bool {
        let occasions = self.occasions as f64;
        let chance_max = (-gap_factor).exp() * occasions / (occasions + 7.0);
        min_occasions <= self.occasions
            && min_days < self.since
            && self.worked_since.is_some_and(|worked| 0.75 * min_days <= worked)
            && self.chance.is_some_and(|chance| chance < chance_max)
    }

    fn all_waits(&self) -> f64 {
        self.waits.iter().sum()
    }
}

/// How much of the week so many weeks ago counts, by the inspections of others in each week.
fn busy(others: &[f64], week: usize) -> f64 {
    let latest = week.saturating_sub(1);
    let around: Vec<f64> = others.iter().copied().skip(latest).take(week + 2 - latest).collect();
    let year: Vec<f64> = others.iter().copied().skip(latest).take(52).collect();
    let usual = year.iter().sum::<f64>() / year.len() as f64 * around.len() as f64;
    ((1.0 + around.iter().sum::<f64>()) / (1.0 + usual)).min(1.0)
}

/// The work of others in the week so many weeks ago, and the weeks around it.
fn pace(others: &[f64], week: usize) -> f64 {
    let latest = week.saturating_sub(1);
    let around: Vec<f64> = others.iter().copied().skip(latest).take(week + 2 - latest).collect();
    (1.0 + around.iter().sum::<f64>()) / around.len() as f64
}

fn of_one(own: &[i64], all: &[i64]) -> PlainRhythm {
    let now = now().as_millisecond();
    let weeks = all.iter().map(|at| (now - at) / WEEK + 1).max().unwrap_or(0);
    let mut others = vec![0.0; usize::try_from(weeks).unwrap()];
    for at in all {
        others[usize::try_from((now - at) / WEEK).unwrap()] += 1.0;
    }
    for at in own {
        others[usize::try_from((now - at) / WEEK).unwrap()] -= 1.0;
    }
    let oldest = usize::try_from((now - own[0]) / WEEK).unwrap();
    let days: Vec<f64> = (0..=oldest).map(|week| 7.0 * busy(&others, week)).collect();
    let paces: Vec<f64> = (0..=oldest).map(|week| pace(&others, week)).collect();
    let since = |of_weeks: &[f64], at: i64| {
        let ago = (now - at).max(0);
        let whole = usize::try_from(ago / WEEK).unwrap();
        let part = (ago % WEEK) as f64 / WEEK as f64;
        let whole = whole.min(of_weeks.len());
        of_weeks[..whole].iter().sum::<f64>() + of_weeks.get(whole).map_or(0.0, |week| part * week)
    };
    let worked_since = |at: i64| since(&days, at);
    let mut begins = vec![own[0]];
    let mut silences = Vec::new();
    for (at, start) in own.iter().enumerate().skip(1) {
        if begins[begins.len() - 1] + WEEK < *start {
            begins.push(*start);
            silences.push((start - own[at - 1]) as f64 / DAY);
        }
    }
    let last = own[own.len() - 1];
    let mut plain = PlainRhythm {
        occasions: begins.len() as u64,
        usual_gap: None,
        silences,
        since: (now - last) as f64 / DAY,
        worked_since: None,
        chance: None,
        recent_share: None,
        waits: Vec::new(),
        open: 0.0,
        within: 0.0,
    };
    if 1 < begins.len() {
        let between: Vec<f64> = begins.windows(2).map(|pair| (pair[1] - pair[0]) as f64 / DAY).collect();
        plain.usual_gap = Some(between.iter().sum::<f64>() / between.len() as f64);
    }
    if 2 < begins.len() {
        plain.worked_since = Some(worked_since(last));
        plain.waits = begins.windows(2).map(|pair| worked_since(pair[0] + WEEK) - worked_since(pair[1])).collect();
        plain.open = worked_since(begins[begins.len() - 1] + WEEK);
        plain.within = worked_since(begins[0]) - plain.all_waits() - plain.open;
        let worked = |days: i64| since(&paces, now - days * 86_400_000);
        plain.recent_share = Some(worked(90) / worked(360));
    }
    plain
}

/// Every agent's rhythm: `rows` are the beginnings of all inspections of a company, and whose referral each one was.
pub(crate) fn rhythms<K: Ord + Clone>(rows: &[(i64, Option<K>)]) -> BTreeMap<K, PlainRhythm> {
    let now = now().as_millisecond();
    let all: Vec<i64> = rows.iter().map(|row| row.0).filter(|at| *at < now).collect();
    let mut own: BTreeMap<K, Vec<i64>> = BTreeMap::new();
    for (at, agent) in rows {
        if let Some(agent) = agent
            && *at < now
        {
            own.entry(agent.clone()).or_default().push(*at);
        }
    }
    let mut found: BTreeMap<K, PlainRhythm> = BTreeMap::new();
    for (agent, mut starts) in own {
        starts.sort_unstable();
        found.insert(agent, of_one(&starts, &all));
    }
    // The typical agent, as neighboring waits of all of them show: twenty pairs as by chance beside.
    let (mut sum, mut pairs) = (20.0, 20.0);
    for one in found.values() {
        for pair in one.waits.windows(2).filter(|pair| 0.0 < pair[0] + pair[1]) {
            sum += 3.0 * ((pair[0] - pair[1]) / (pair[0] + pair[1])).powi(2);
            pairs += 1.0;
        }
    }
    let variation: f64 = (sum / pairs).min(2.7);
    let spread = (2.0 * variation / (3.0 - variation)).max(1.0);
    let typical = 1.0 + 1.5 * (spread - 1.0) / 2.0;
    for one in found.values_mut().filter(|one| 3 <= one.occasions) {
        let (sum, count) = (one.all_waits(), one.waits.len() as f64);
        let squares: f64 = one.waits.iter().map(|wait| wait * wait).sum();
        one.chance = Some(1.0);
        if 0.0 < sum && 0.0 < one.open {
            let own = 1.0 + 1.5 * ((count + 1.0) * squares / (sum * sum) / 2.0 - 1.0);
            let tail = ((own * count + 20.0 * typical) / (count + 20.0)).clamp(0.9, 10.0);
            let outside = (sum + one.open) / (sum + one.open + one.within);
            one.chance = Some(outside * (sum / (sum + one.open)).powf(count / tail));
        }
    }
    found
}
