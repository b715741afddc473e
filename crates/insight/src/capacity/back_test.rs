//! Which model forecast the past best, and by how much it was wrong.

use super::calendar::{Effects, Holiday};
use super::models::Model;
use crate::common::percentile;

/// The most starting points a back-test uses.
const ORIGINS_MAX: usize = 40;
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
    fn holiday(&self, week: usize) -> Option<Holiday> {
        self.holidays.get(week).copied().flatten()
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
}

/// What became of a model.
pub(super) struct Tried {
    pub(super) model: Model,
    /// The mean absolute error, in inspections a week.
    pub(super) error: f64,
    /// That of the naive forecast on the same weeks.
    pub(super) naive_error: f64,
    /// Weeks forecast.
    weeks: usize,
    /// Starting points.
    pub(super) origins: usize,
    /// By how many weeks ahead: what was minus what was forecast, in units of the square root of what was forecast.
    residuals: Vec<Vec<f64>>,
}

impl Tried {
    /// Below 1 it beats the naive forecast.
    fn against_naive(&self) -> f64 {
        if self.naive_error > 0.0 { self.error / self.naive_error } else { 1.0 }
    }

    /// Between which values `low` and `high` (shares of such weeks) lie, `step` weeks ahead (from 0) of `forecast`.
    pub(super) fn range(&self, step: usize, forecast: f64, low: f64, high: f64) -> (f64, f64) {
        let residuals = self.residuals.get(step).map(Vec::as_slice).unwrap_or_default();
        // The model was chosen by these very residuals, so they are a little smaller than those to come; the fewer, the more.
        let chosen = 1.0 + 1.0 / residuals.len().max(1) as f64;
        let wider = |share: f64| (0.5 + (share - 0.5) * chosen).clamp(0.0, 1.0);
        let end = |share: f64| (forecast + spread(forecast) * percentile(residuals.to_vec(), wider(share))).max(0.0);
        (end(low), end(high))
    }
}

/// Counts vary by the square root of what they are.
fn spread(forecast: f64) -> f64 {
    (forecast.max(0.0) + 1.0).sqrt()
}

/// The best model by the weeks known by now, each forecast from what was known before it. Every model is measured against
/// the naive forecast of the same weeks; the naive one is taken where none is better. `None` without any week to try.
pub(super) fn best(history: &History, ahead: usize) -> Option<Tried> {
    let weeks = history.counts.len();
    let none = |model: &Model| Tried {
        model: *model,
        error: 0.0,
        naive_error: 0.0,
        weeks: 0,
        origins: 0,
        residuals: vec![Vec::new(); ahead],
    };
    let mut tried: Vec<Tried> = Model::ALL.iter().map(none).collect();
    for origin in weeks.saturating_sub(ORIGINS_MAX + ahead)..weeks {
        let said = history.forecast(origin, Model::ALL, ahead);
        // The same week last year where there is one, else the last four weeks.
        let naive = |step: usize| said.iter().take(2).find_map(|said| said.get(step).copied().flatten());
        for (one, said) in tried.iter_mut().zip(&said) {
            let mut any = false;
            for (step, forecast) in said.iter().enumerate() {
                let (Some(forecast), Some(was), Some(naive)) =
                    (forecast, history.counts.get(origin + 1 + step), naive(step))
                else {
                    continue;
                };
                any = true;
                one.weeks += 1;
                one.error += (was - forecast).abs();
                one.naive_error += (was - naive).abs();
                if let Some(residuals) = one.residuals.get_mut(step) {
                    residuals.push((was - forecast) / spread(*forecast));
                }
            }
            one.origins += usize::from(any);
        }
    }
    let most = tried.iter().map(|one| one.weeks).max().unwrap_or(0) as f64;
    for one in &mut tried {
        let weeks = one.weeks.max(1) as f64;
        one.error /= weeks;
        one.naive_error /= weeks;
    }
    let able = tried.into_iter().filter(|one| one.weeks != 0 && TRIED_MIN * most <= one.weeks as f64);
    // Ties go to the simpler one, which comes first.
    able.min_by(|left, right| left.against_naive().total_cmp(&right.against_naive()))
}
