//! The ways a week is forecast.

use std::borrow::Cow;
use std::error::Error;

use augurs::mstl::{FittedTrendModel, MSTLModel, TrendModel};
use augurs::{Fit as _, Forecast, Predict as _};

use super::squares::{inverse, times};

/// The weeks of a year.
pub(super) const YEAR: usize = 52;
/// A year in weeks, exactly.
pub(super) const YEAR_WEEKS: f64 = 365.2425 / 7.0;
/// The weeks that show the present level.
pub(super) const LEVEL_WEEKS: usize = 8;
/// The years before whose same weeks are looked at.
const SEASON_YEARS: usize = 3;
/// The last weeks that are compared with those of the years before.
const COMPARED_WEEKS: usize = 26;
/// The least history for a wave: a year, and a little to see the level by.
pub(super) const WAVE_MIN: usize = YEAR + LEVEL_WEEKS;
/// The least history for a decomposition: two years, and a week.
const DECOMPOSED_MIN: usize = 2 * YEAR + 1;

/// How a week is forecast. All but the naive ones see the history without the effects of holidays, which are put back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Model {
    /// As many as in the same week a year before: the naive forecast where there is a year.
    SeasonalNaive,
    /// As many as in the mean of the last four weeks: the naive forecast where there is no year.
    Recent,
    /// As many as in the mean of the past year.
    Year,
    /// A level smoothed exponentially (0.3), which forgets old weeks bit by bit.
    Smoothed,
    /// The same, slower (0.1): steadier, where the level stays.
    Slow,
    /// The same weeks of the years before (mean of three around each, of up to three years), scaled by how the last half
    /// year compares with theirs.
    SeasonalLevel,
    /// Season and trend taken apart by local regression (MSTL, by the library `augurs`), the level of the last twelve weeks
    /// without the season going on.
    Decomposed,
    /// A wave through the year (a sine of a year and one of half a year) on a steady growth, fitted to the logarithms with
    /// later weeks counting more, and drawn half way to the level of the last eight weeks.
    Wave,
}

impl Model {
    /// Every model, the simplest first.
    pub const ALL: &'static [Self] = &[
        Self::SeasonalNaive,
        Self::Recent,
        Self::Year,
        Self::Slow,
        Self::Smoothed,
        Self::SeasonalLevel,
        Self::Decomposed,
        Self::Wave,
    ];

    /// The words in answers.
    pub fn name(self) -> &'static str {
        match self {
            Self::SeasonalNaive => "same week last year",
            Self::Recent => "mean of the last 4 weeks",
            Self::Year => "mean of the past year",
            Self::Smoothed => "smoothed level",
            Self::Slow => "slowly smoothed level",
            Self::SeasonalLevel => "same weeks of the years before at the present level",
            Self::Decomposed => "season and trend by local regression (MSTL)",
            Self::Wave => "yearly wave at the present level",
        }
    }

    /// Whether it is a yardstick, and takes the history as it is.
    pub(super) fn is_naive(self) -> bool {
        matches!(self, Self::SeasonalNaive | Self::Recent)
    }

    /// The weeks 2 to `ahead` + 1 after `history` (1, the present week, is part filled and nobody's question); `None` where
    /// the history is too short.
    pub(super) fn forecast(self, history: &[f64], ahead: usize) -> Vec<Option<f64>> {
        let n = history.len();
        let steps = 2..=ahead + 1;
        let level = |value: Option<f64>| vec![value; ahead];
        match self {
            Self::SeasonalNaive => {
                steps.map(|step| (n + step - 1).checked_sub(YEAR).and_then(|at| history.get(at)).copied()).collect()
            }
            Self::Recent => level(n.checked_sub(4).and_then(|from| mean(history.get(from..)?))),
            Self::Year => level(n.checked_sub(YEAR).and_then(|from| mean(history.get(from..)?))),
            Self::Smoothed => level(smoothed(history, 0.3)),
            Self::Slow => level(smoothed(history, 0.1)),
            Self::SeasonalLevel => steps.map(|step| same_weeks(history, step)).collect(),
            Self::Decomposed => match decomposed(history, ahead + 1) {
                Some(points) => points.into_iter().skip(1).map(Some).chain(level(None)).take(ahead).collect(),
                None => level(None),
            },
            Self::Wave => match Wave::fitted(history) {
                Some(wave) => steps.map(|step| Some(wave.at(n + step - 1))).collect(),
                None => level(None),
            },
        }
    }
}

fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// Each week counts less than the one after it by this share.
fn smoothed(history: &[f64], forgotten: f64) -> Option<f64> {
    let (mut sum, mut weight) = (0.0, 0.0);
    for week in history {
        sum = sum * (1.0 - forgotten) + week;
        weight = weight * (1.0 - forgotten) + 1.0;
    }
    (weight > 0.0).then(|| sum / weight)
}

fn same_weeks(history: &[f64], step: usize) -> Option<f64> {
    let n = history.len();
    let sum = |from: usize, to: usize| history.get(from..to.min(n)).map(|weeks| weeks.iter().sum::<f64>());
    // As if four weeks of the usual size had not changed: few inspections tell little of the level.
    let drawn = 4.0 * mean(history.get(n.checked_sub(YEAR)?..)?)?;
    let (mut sums, mut weeks) = (0.0, 0.0);
    for year in 1..=SEASON_YEARS {
        let Some(known) = n.checked_sub(year * YEAR).filter(|known| LEVEL_WEEKS <= *known) else { break };
        let compared = known.min(COMPARED_WEEKS);
        let (now, then) = (sum(n - compared, n)? + drawn, sum(known - compared, known)? + drawn);
        let level = if then > 0.0 { now / then } else { 1.0 };
        let center = known + step - 1;
        let (from, to) = (center.saturating_sub(1), (center + 2).min(n));
        sums += sum(from, to)? * level.clamp(0.5, 2.0);
        weeks += (to - from) as f64;
    }
    (weeks > 0.0).then(|| sums / weeks)
}

fn decomposed(history: &[f64], ahead: usize) -> Option<Vec<f64>> {
    if history.len() < DECOMPOSED_MIN {
        return None;
    }
    let fitted = MSTLModel::new(vec![YEAR], Level).fit(history).ok()?;
    Some(fitted.predict(ahead, None).ok()?.point)
}

/// The trend of a decomposition: the mean of its last twelve weeks goes on.
#[derive(Debug)]
struct Level;

#[derive(Debug)]
struct FittedLevel {
    level: f64,
    weeks: usize,
}

type Failure = Box<dyn Error + Send + Sync + 'static>;

impl TrendModel for Level {
    fn name(&self) -> Cow<'_, str> {
        "level".into()
    }

    fn fit(&self, weeks: &[f64]) -> Result<Box<dyn FittedTrendModel + Sync + Send>, Failure> {
        let last = weeks.get(weeks.len().saturating_sub(12)..).and_then(mean).ok_or("no weeks")?;
        Ok(Box::new(FittedLevel { level: last, weeks: weeks.len() }))
    }
}

impl FittedTrendModel for FittedLevel {
    fn predict_inplace(&self, horizon: usize, _: Option<f64>, forecast: &mut Forecast) -> Result<(), Failure> {
        forecast.point = vec![self.level; horizon];
        Ok(())
    }

    fn predict_in_sample_inplace(&self, _: Option<f64>, forecast: &mut Forecast) -> Result<(), Failure> {
        forecast.point = vec![self.level; self.weeks];
        Ok(())
    }

    fn training_data_size(&self) -> Option<usize> {
        Some(self.weeks)
    }
}

/// What a wave is made of: a constant, the sine and the cosine of a year and of half a year, and growth.
const TERMS: usize = 6;
/// After so many weeks a week counts half.
const HALF_LIFE: f64 = 78.0;
/// How strongly each term is drawn towards nothing: growth most, since it is carried on.
const DRAWN: [f64; TERMS] = [0.0, 0.5, 0.5, 0.5, 0.5, 20.0];

struct Wave {
    terms: [f64; TERMS],
    weeks: usize,
    level: f64,
}

impl Wave {
    #[expect(clippy::indexing_slicing, reason = "a square of a fixed size, walked by its own size")]
    fn fitted(history: &[f64]) -> Option<Self> {
        let weeks = history.len();
        if weeks < WAVE_MIN {
            return None;
        }
        // The normal equations; the weights and what is drawn keep every pivot above nothing.
        let (mut sums, mut targets) = ([[0.0; TERMS]; TERMS], [0.0; TERMS]);
        for (week, value) in history.iter().enumerate() {
            let shape = shape(week, weeks);
            let weight = 0.5_f64.powf((weeks - week) as f64 / HALF_LIFE);
            let target = (value.max(0.0) + 0.5).ln();
            for ((row, sum), of_row) in sums.iter_mut().zip(&mut targets).zip(shape) {
                row.iter_mut().zip(shape).for_each(|(sum, of_column)| *sum += weight * of_row * of_column);
                *sum += weight * of_row * target;
            }
        }
        for (at, drawn) in DRAWN.iter().enumerate() {
            sums[at][at] += drawn;
        }
        let mut wave = Self { terms: times(&inverse(sums)?, &targets), weeks, level: 1.0 };
        let from = weeks - LEVEL_WEEKS;
        let was: f64 = history.get(from..)?.iter().sum();
        let fitted: f64 = (from..weeks).map(|week| wave.at(week)).sum();
        wave.level = (was / fitted).midpoint(1.0).clamp(0.5, 2.0);
        Some(wave)
    }

    fn at(&self, week: usize) -> f64 {
        let logarithm: f64 = shape(week, self.weeks).iter().zip(self.terms).map(|(shape, term)| shape * term).sum();
        logarithm.exp() * self.level
    }
}

/// The terms of a week, counted from the last one known.
fn shape(week: usize, weeks: usize) -> [f64; TERMS] {
    let turn = week as f64 / YEAR_WEEKS * std::f64::consts::TAU;
    let years = (week as f64 - weeks as f64) / YEAR_WEEKS;
    [1.0, turn.sin(), turn.cos(), (2.0 * turn).sin(), (2.0 * turn).cos(), years]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn season(week: usize) -> f64 {
        40.0 * (1.0 + 0.3 * (week as f64 / YEAR_WEEKS * std::f64::consts::TAU).sin())
    }

    #[test]
    fn a_clean_season_is_carried_on() {
        let history: Vec<f64> = (0..156).map(season).collect();
        for model in Model::ALL {
            let forecast = model.forecast(&history, 8);
            assert_eq!(forecast.len(), 8, "{model:?}");
            let off = |(at, forecast): (usize, Option<f64>)| (forecast.unwrap() - season(156 + 1 + at)).abs();
            let worst = forecast.into_iter().enumerate().map(off).fold(0.0, f64::max);
            match model {
                Model::Recent | Model::Year | Model::Slow | Model::Smoothed => {
                    assert!(worst < 20.0, "{model:?} {worst}");
                }
                _ => assert!(worst < 2.5, "{model:?} {worst}"),
            }
        }
    }

    #[test]
    fn short_histories_have_the_simple_models_alone() {
        let history = vec![5.0; 20];
        let starts = |model: Model| model.forecast(&history, 3).iter().all(Option::is_some);
        let able: Vec<&Model> = Model::ALL.iter().filter(|model| starts(**model)).collect();
        assert_eq!(able, [&Model::Recent, &Model::Slow, &Model::Smoothed]);
        assert_eq!(Model::Wave.forecast(&[], 2), [None, None]);
        // Nothing at all for years is forecast as next to nothing.
        let nothing = vec![0.0; 156];
        for model in Model::ALL {
            assert!(model.forecast(&nothing, 3).iter().all(|week| week.unwrap().abs() < 0.6), "{model:?}");
        }
    }
}
