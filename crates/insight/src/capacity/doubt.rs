//! How far what is to be expected of a week may be off, besides chance. Chance alone makes a count vary by its square root;
//! what lies beyond is told apart by where it comes from: whether a whole week is better or worse than expected (then its
//! bookings tell of it), or jobs come several at a time (then they do not).

use statrs::distribution::{ContinuousCDF as _, Normal};

use super::models::{LEVEL_WEEKS, WAVE_MIN, YEAR_WEEKS};
use crate::common::{median, percentile};

/// Weeks differ from each other by a tenth, besides chance, where nothing else is known.
const WEEK_TO_WEEK: f64 = 0.01;
/// How sure that is: a deviation.
const WEEK_TO_WEEK_SURE: f64 = 0.1;
/// What each week ahead adds.
const EACH_WEEK: f64 = 0.0002;
/// How far the best weeks of a year may lie above its middle, where no year was seen.
const SEASON: f64 = 0.25;
/// How many weeks lie between the one forecast and the middle of those that tell the level.
const LEVEL_AGE: f64 = 4.0;
/// The model was chosen by the very tries that tell how far it is off: what is to come is off by so much more.
const CHOSEN: f64 = 0.05;
/// The middle of the squares of what is distributed normally with a variance of 1.
const MIDDLE_SQUARE: f64 = 0.455;
/// The same weeks of the year before tell of a season's edge where they vary by so many times what chance explains.
const EDGE: f64 = 3.0;
/// So much smaller than by chance alone errors may be by chance.
const SMOOTHER_BY_CHANCE: f64 = 0.1;
/// So many weeks without clumps are believed in before any is seen.
const WEEKS_WITHOUT_CLUMPS: f64 = 4.0;

/// How weeks vary from one to the next.
#[derive(Clone, Copy, Debug)]
pub(super) struct WeekToWeek {
    /// Beyond chance: a variance, in units of the square of what is expected.
    pub(super) doubt: f64,
    /// How many times the variance of single jobs the jobs have that come several at a time; at least 1.
    pub(super) clumps: f64,
}

impl WeekToWeek {
    /// By the jobs of each week that were booked early, and those that were booked late. Weeks are compared with the ones
    /// before them, so that neither season nor growth counts.
    pub(super) fn of(weeks: &[(f64, f64)]) -> Self {
        let steps = weeks.iter().zip(weeks.iter().skip(1));
        let (mut early_squares, mut late_squares, mut products, mut count) = (0.0, 0.0, 0.0, 0.0);
        for (before, after) in steps {
            let (early, late) = (after.0 - before.0, after.1 - before.1);
            early_squares += early * early / 2.0;
            late_squares += late * late / 2.0;
            products += early * late / 2.0;
            count += 1.0;
        }
        let (early, late) = weeks.iter().fold((0.0, 0.0), |sums, week| (sums.0 + week.0, sums.1 + week.1));
        let number = weeks.len() as f64;
        if count == 0.0 || early * late == 0.0 {
            return Self { doubt: WEEK_TO_WEEK, clumps: 1.0 };
        }
        let (early, late) = (early / number, late / number);
        let usual = early + late;
        let all = (early_squares + late_squares + 2.0 * products) / count;
        let seen = (all - usual) / usual.powi(2);
        // The error of a variance told by so many steps, which hang together in pairs.
        let error = (1.0 / usual + seen.max(0.0)).powi(2) * 3.0 / count;
        let trust = WEEK_TO_WEEK_SURE.powi(2) / (WEEK_TO_WEEK_SURE.powi(2) + error);
        let doubt = (trust * seen + (1.0 - trust) * WEEK_TO_WEEK).max(0.0);
        // What early and late ones have in common is of the week; what they have beyond that, of clumps.
        let of_week = (products / count / (early * late)).max(0.0);
        let apart = (early_squares + late_squares) / count - of_week * (early * early + late * late);
        let clumps = (count * apart / usual + WEEKS_WITHOUT_CLUMPS) / (count + WEEKS_WITHOUT_CLUMPS);
        // Half the error more: to believe in fewer clumps than there are is to be too sure.
        let clumps = clumps * (1.0 + 0.5 * (2.0 / count).sqrt());
        Self { doubt, clumps: clumps.clamp(1.0, 1.0 + doubt * usual) }
    }
}

/// What is usual of a forecast `step` weeks ahead (from 0) of so many inspections, after so many weeks of history, before
/// it was tried: a variance, in units of the square of the forecast.
pub(super) fn usual(step: usize, forecast: f64, weeks: usize, week_to_week: &WeekToWeek) -> f64 {
    let ahead = step as f64 + 2.0;
    // The level is seen in some weeks alone.
    let level = (1.0 / forecast.max(0.5) + week_to_week.doubt) / LEVEL_WEEKS as f64;
    // Where no year was seen, the season is not known, and a short history cannot tell how far it will go: between two
    // weeks of a wave whose phase is not known lies this in the mean.
    let apart = ((ahead + LEVEL_AGE) / YEAR_WEEKS * std::f64::consts::PI).sin();
    let season = if weeks < WAVE_MIN { 2.0 * (SEASON * apart).powi(2) } else { 0.0 };
    week_to_week.doubt + level + EACH_WEEK * ahead + season
}

/// How far a forecast may be off, told by tries.
#[derive(Clone, Copy, Debug)]
pub(super) struct Doubt {
    /// In all: a variance, in units of the square of the forecast.
    pub(super) all: f64,
    /// In most weeks, those left out in which a season came early or late: by so much a week may be better or worse than
    /// expected when its bookings are.
    pub(super) of_most: f64,
}

/// The same after `tries` tries, with what was forecast and what was. What is usual counts as much as tries that would be
/// off by twice of it.
pub(super) fn tried<'a>(usual: f64, pairs: impl Iterator<Item = &'a (f64, f64)>, tries: usize) -> Doubt {
    let (mut over, mut squares, mut sum, mut count) = (0.0, 0.0, 0.0, 0.0);
    let mut relative = Vec::new();
    for (forecast, was) in pairs {
        let square = (was - forecast).powi(2);
        over += square - forecast;
        squares += forecast * forecast;
        sum += forecast;
        count += 1.0;
        relative.push(square / forecast.max(0.5));
    }
    let (Some(middle), true) = (median(relative), squares > 0.0) else { return Doubt { all: usual, of_most: usual } };
    let mean = (sum / count).max(0.1);
    let drawn = 2.0 * (1.0 / mean + usual).powi(2) / (2.0 * usual).powi(2);
    let tries = tries as f64;
    let drawn_to_usual = |seen: f64| (tries * seen + drawn * usual) / (tries + drawn);
    let all = drawn_to_usual(over / squares);
    let of_most = drawn_to_usual((middle / MIDDLE_SQUARE - 1.0) / mean);
    Doubt { all: all + CHOSEN * (1.0 / mean + all), of_most: of_most.clamp(0.0, all.max(0.0)) }
}

/// The least a forecast may be where weeks like those a year before were so many: next to nothing may be forecast, nothing
/// cannot.
pub(super) fn least(around: &[f64]) -> f64 {
    0.5 * (around.iter().sum::<f64>() + 0.5) / around.len().max(1) as f64
}

/// What is added where a season has an edge, by the week a year before the one forecast and those beside it: it may come a
/// week earlier or later. A variance, in units of the square of the forecast.
pub(super) fn edge(around: &[f64], forecast: f64, doubt: f64) -> f64 {
    let number = around.len() as f64;
    if number < 2.0 {
        return 0.0;
    }
    let mean = around.iter().sum::<f64>() / number;
    let variance = around.iter().map(|one| (one - mean).powi(2)).sum::<f64>() / (number - 1.0);
    let by_chance = mean + mean * mean * doubt;
    (variance - EDGE * by_chance).max(0.0) / forecast.max(1.0).powi(2)
}

/// How many times wider than `doubt` says a range must be of which `share` of what was lies in it, by what was forecast and
/// what was. Where a year and more was seen, weeks can be known to be smoother than chance, as where no more jobs fit in a
/// week than are done in most: then it may be narrower.
pub(super) fn wider<'a>(doubt: f64, pairs: impl Iterator<Item = &'a (f64, f64)>, share: f64, weeks: usize) -> f64 {
    let off = |(forecast, was): &(f64, f64)| {
        let usual = forecast.max(0.5);
        (was - forecast).abs() / (usual + usual * usual * doubt).sqrt()
    };
    let needed = percentile(pairs.map(off).collect(), share);
    let times = needed / Normal::standard().inverse_cdf(0.5 + share / 2.0);
    if 1.0 <= times {
        // Half way, since tries are few, and some needed more by chance.
        times.midpoint(1.0)
    } else if weeks < WAVE_MIN {
        1.0
    } else {
        (times + SMOOTHER_BY_CHANCE).clamp(0.5, 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weeks_that_vary_as_a_whole_are_told_from_clumps() {
        // Early and late jobs rise and fall together, or each for itself.
        let turns = [1.0, -1.0, 0.5, -0.5, 1.0, 0.0, -1.0];
        let whole = |week: usize| (12.0 + 6.0 * turns[week % 7], 12.0 + 6.0 * turns[week % 7]);
        let apart = |week: usize| (12.0 + 8.0 * turns[week % 7], 12.0 + 8.0 * turns[(week / 2) % 7]);
        let [whole, apart] = [WeekToWeek::of(&(0..52).map(whole).collect::<Vec<_>>()), {
            WeekToWeek::of(&(0..52).map(apart).collect::<Vec<_>>())
        }];
        assert!(whole.doubt > 0.1 && whole.clumps < 1.3, "{whole:?}");
        assert!(apart.doubt > 0.05 && apart.clumps > 1.5, "{apart:?}");
        let still = WeekToWeek::of(&[(12.0, 12.0); 52]);
        assert!(still.doubt < 0.001 && still.clumps < 1.01, "{still:?}");
        assert!(WeekToWeek::of(&[]).doubt > 0.0);
    }

    #[test]
    fn tries_tell_and_few_of_them_little() {
        let off = |by: f64, count: usize| -> Vec<(f64, f64)> {
            (0..count).map(|at| (25.0, if at % 2 == 0 { 25.0 + by } else { 25.0 - by })).collect()
        };
        let usual = 0.015;
        let tried_all = |pairs: &[(f64, f64)]| tried(usual, pairs.iter(), pairs.len()).all;
        assert!(tried_all(&off(15.0, 40)) > tried_all(&off(15.0, 4)));
        assert!(tried_all(&off(15.0, 4)) > tried_all(&off(5.0, 4)));
        assert!(tried_all(&off(1.0, 40)) < usual);
        // A season that comes early now and then does not make bookings tell of the week.
        let mut early = off(4.0, 40);
        early.extend([(25.0, 1.0), (25.0, 0.0)]);
        let doubt = tried(usual, early.iter(), early.len());
        assert!(doubt.of_most < 0.6 * doubt.all, "{doubt:?}");
    }

    #[test]
    fn ranges_are_wider_where_they_did_not_hold() {
        let pairs = |off: f64| [(25.0, 25.0 + off), (25.0, 25.0 - off), (25.0, 25.0 + off), (25.0, 25.0 - off)];
        let times = |off: f64, weeks: usize| wider(0.0, pairs(off).iter(), 0.8, weeks);
        assert!((times(2.0, 20) - 1.0).abs() < 1e-9 && times(15.0, 20) > 1.5);
        assert!(times(2.0, 156) < 0.8 && (times(6.0, 156) - 1.0).abs() < 1e-9);
    }

    #[test]
    fn an_edge_of_a_season_is_seen_a_year_before() {
        assert!(edge(&[25.0, 28.0, 22.0], 25.0, 0.01) < 1e-9);
        assert!(edge(&[25.0, 24.0, 0.0], 16.0, 0.01) > 0.2);
        assert!(least(&[0.0, 0.0, 0.0]) > 0.0 && least(&[25.0, 1.0, 0.0]) > 4.0 && least(&[]) > 0.0);
    }
}
