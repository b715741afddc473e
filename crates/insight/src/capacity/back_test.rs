//! Which model forecast the past best, and by how much it was wrong.

use super::calendar::{Effects, Holiday};
use super::doubt::{self, Doubt, WeekToWeek};
use super::models::{LEVEL_WEEKS, Model, WAVE_MIN, YEAR};

/// The weeks back to which a back-test starts: a year, so that all of a season is in it.
const TRIED_WEEKS: usize = YEAR;
/// In a longer history than that it starts from every second week: neighboring ones tell nearly the same.
const TRIED_EVERY: usize = 2;
/// The steps on each side that tell of a step too: few weeks alone tell little.
const STEPS_BESIDE: usize = 2;
/// Models whose error is at most so many times the least are nearly as good.
const NEARLY: f64 = 1.05;
/// A model must have been tried on this share of the weeks the naive one was.
const TRIED_MIN: f64 = 0.5;

/// Weeks that are over, from the first whole one on.
pub(super) struct History {
    /// Inspections in each.
    pub(super) counts: Vec<f64>,
    /// The holiday in each, and in the weeks after them.
    pub(super) holidays: Vec<Option<Holiday>>,
}

impl History {
    pub(super) fn holiday(&self, week: usize) -> Option<Holiday> {
        self.holidays.get(week).copied().flatten()
    }

    /// The week a year before one, and those beside it, as far as they are over.
    pub(super) fn a_year_before(&self, week: usize) -> &[f64] {
        let Some(center) = week.checked_sub(YEAR) else { return &[] };
        self.counts.get(center.saturating_sub(1)..(center + 2).min(self.counts.len())).unwrap_or_default()
    }

    /// What each model says at the end of the first `weeks` weeks, knowing no later ones.
    pub(super) fn forecast(&self, weeks: usize, models: &[Model], ahead: usize) -> Vec<Vec<Option<f64>>> {
        let known = self.counts.get(..weeks).unwrap_or(&self.counts);
        let effects = Effects::seen(known, &self.holidays);
        let plain: Vec<f64> =
            known.iter().enumerate().map(|(week, count)| count / effects.of(self.holiday(week))).collect();
        let on_holidays = |forecast: Vec<Option<f64>>| {
            let weeks = forecast.into_iter().enumerate();
            let effect = |at: usize| effects.of(self.holiday(known.len() + 1 + at));
            weeks.map(|(at, forecast)| Some((forecast? * effect(at)).max(0.0))).collect()
        };
        let say = |model: &Model| {
            if model.is_naive() { model.forecast(known, ahead) } else { on_holidays(model.forecast(&plain, ahead)) }
        };
        models.iter().map(say).collect()
    }

    /// The mean of what these say; `None` for a step of which one of them says nothing.
    pub(super) fn mean_forecast(&self, weeks: usize, models: &[Model], ahead: usize) -> Vec<Option<f64>> {
        let said = self.forecast(weeks, models, ahead);
        (0..ahead).map(|step| mean_of_all(said.iter().map(|said| said.get(step).copied().flatten()))).collect()
    }
}

/// What became of a model, or of the mean of some.
pub(super) struct Tried {
    pub(super) models: Vec<Model>,
    /// The mean absolute error, in inspections a week.
    pub(super) error: f64,
    /// That of the naive forecast on the same weeks.
    pub(super) naive_error: f64,
    /// Weeks forecast.
    weeks: usize,
    /// Starting points.
    pub(super) origins: usize,
    /// By how many weeks ahead: what was forecast, and what was.
    pairs: Vec<Vec<(f64, f64)>>,
}

impl Tried {
    fn of(models: Vec<Model>, history: &History, said: &[Said], ahead: usize) -> Self {
        let mut tried =
            Self { models, error: 0.0, naive_error: 0.0, weeks: 0, origins: 0, pairs: vec![Vec::new(); ahead] };
        for said in said {
            let mut any = false;
            for (step, pairs) in tried.pairs.iter_mut().enumerate() {
                let (Some(forecast), Some(was), Some(naive)) =
                    (said.mean(&tried.models, step), history.counts.get(said.origin + 1 + step), said.naive(step))
                else {
                    continue;
                };
                any = true;
                tried.weeks += 1;
                tried.error += (was - forecast).abs();
                tried.naive_error += (was - naive).abs();
                pairs.push((forecast, *was));
            }
            tried.origins += usize::from(any);
        }
        let weeks = tried.weeks.max(1) as f64;
        tried.error /= weeks;
        tried.naive_error /= weeks;
        tried
    }

    /// Below 1 it beats the naive forecast.
    fn against_naive(&self) -> f64 {
        if self.naive_error > 0.0 { self.error / self.naive_error } else { 1.0 }
    }

    /// How far a forecast for `step` weeks ahead (from 0) of `forecast` inspections may be off besides chance, after `weeks`
    /// weeks of history.
    pub(super) fn doubt(&self, step: usize, forecast: f64, weeks: usize, week_to_week: &WeekToWeek) -> Doubt {
        let usual = doubt::usual(step, forecast, weeks, week_to_week);
        let tried = doubt::tried(usual, self.beside(step), self.pairs.get(step).map_or(0, Vec::len));
        // A year must have been seen before a forecast can be known to be surer than usual.
        let least = if weeks < WAVE_MIN { usual } else { 1.0 / (LEVEL_WEEKS as f64 * forecast.max(0.5)) };
        Doubt { all: tried.all.max(least), of_most: tried.of_most.max(least) }
    }

    /// How many times wider than such a doubt says a range must be that holds this share of weeks.
    pub(super) fn wider(&self, step: usize, doubt: f64, share: f64, weeks: usize) -> f64 {
        doubt::wider(doubt, self.beside(step), share, weeks)
    }

    /// What was forecast and what was, about so many weeks ahead.
    fn beside(&self, step: usize) -> impl Iterator<Item = &(f64, f64)> {
        self.pairs.iter().take(step + STEPS_BESIDE + 1).skip(step.saturating_sub(STEPS_BESIDE)).flatten()
    }
}

/// The mean of these; `None` where one of them is.
fn mean_of_all(said: impl ExactSizeIterator<Item = Option<f64>>) -> Option<f64> {
    let count = said.len().max(1) as f64;
    Some(said.sum::<Option<f64>>()? / count)
}

/// What every model said from one starting point, by the models' places.
struct Said {
    origin: usize,
    by_model: Vec<Vec<Option<f64>>>,
}

impl Said {
    /// The mean of what these say of a step; all of them must say something.
    fn mean(&self, models: &[Model], step: usize) -> Option<f64> {
        let of = |model: &Model| {
            let at = Model::ALL.iter().position(|one| one == model)?;
            self.by_model.get(at)?.get(step).copied().flatten()
        };
        mean_of_all(models.iter().map(of))
    }

    /// The same week last year where there is one, else the last four weeks.
    fn naive(&self, step: usize) -> Option<f64> {
        self.by_model.iter().take(2).find_map(|said| said.get(step).copied().flatten())
    }
}

/// The mean of the best models by the weeks known by now, each forecast from what was known before it: the best one, and
/// those that were nearly as good, since which of them was best is chance. Every model is measured against the naive
/// forecast of the same weeks; the naive one is taken where none is better. `None` without any week to try.
pub(super) fn best(history: &History, ahead: usize) -> Option<Tried> {
    let weeks = history.counts.len();
    let every = if TRIED_WEEKS <= weeks { TRIED_EVERY } else { 1 };
    let said = (weeks.saturating_sub(TRIED_WEEKS + ahead)..weeks)
        .step_by(every)
        .map(|origin| Said { origin, by_model: history.forecast(origin, Model::ALL, ahead) });
    let said: Vec<Said> = said.collect();
    let tried: Vec<Tried> = Model::ALL.iter().map(|model| Tried::of(vec![*model], history, &said, ahead)).collect();
    let most = tried.iter().map(|one| one.weeks).max().unwrap_or(0) as f64;
    let able = || tried.iter().filter(|one| one.weeks != 0 && TRIED_MIN * most <= one.weeks as f64);
    let least = able().map(Tried::against_naive).min_by(f64::total_cmp)?;
    let near = able().filter(|one| one.against_naive() <= NEARLY * least);
    let models: Vec<Model> = near.flat_map(|one| one.models.iter().copied()).collect();
    Some(Tried::of(models, history, &said, ahead))
}
