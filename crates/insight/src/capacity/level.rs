//! Whether the level of the work changed at one time in the past year, beyond what season, growth and chance explain.

use super::models::{WAVE_MIN, YEAR, YEAR_WEEKS};
use super::squares::{dot, inverse, times};

/// A week as it is looked at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen {
    /// Inspections, those booked by now in a week that is not over.
    pub(super) count: f64,
    /// What share of its work that is, and what its holiday leaves of a usual week: 1 for a week that is over, without any.
    pub(super) share: f64,
}

/// A change of the level.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Change {
    /// The first week of the new level, by its place.
    pub(super) week: usize,
    /// How many times the old level the new one is.
    pub(super) times: f64,
    /// How likely there is a change at all.
    pub(super) chance: f64,
    /// How far `times` may be off: the variance of its logarithm.
    pub(super) doubt: f64,
}

/// Weeks of the new level it takes at least.
const SINCE_MIN: usize = 3;
/// Weeks of the old one.
const BEFORE_MIN: usize = 6;
/// The square of the standardized change at which a change and none are equally likely; and where no year was seen, so that
/// a season may look like one.
const EVEN_ODDS: f64 = 8.5;
const EVEN_ODDS_SHORT: f64 = 15.0;

/// A change must be this part of itself beside the year before, too: what recurs each year is season.
const AGREEING: f64 = 0.5;

/// What a week's logarithm is made of: a constant, growth, the wave of a year and that of half a year (in a history too
/// short for waves: a parabola), and the change.
const TERMS: usize = 7;
const CHANGE: usize = TERMS - 1;
/// Draws what is not told by the weeks to nothing.
const RIDGE: f64 = 0.01;

fn shape(week: usize, weeks: usize) -> [f64; TERMS] {
    let years = (week as f64 - weeks as f64) / YEAR_WEEKS;
    if weeks < WAVE_MIN {
        return [1.0, years, years * years, 0.0, 0.0, 0.0, 0.0];
    }
    let turn = years * std::f64::consts::TAU;
    [1.0, years, turn.sin(), turn.cos(), (2.0 * turn).sin(), (2.0 * turn).cos(), 0.0]
}

/// A fit of the weeks: what it expects of each, and the inverse of what the weeks tell of each term.
struct Fit {
    terms: [f64; TERMS],
    expected: Vec<f64>,
    inverse: [[f64; TERMS]; TERMS],
}

impl Fit {
    /// By iterated least squares: counts around the exponential of the sum of terms, varying as counts by chance do.
    fn of(seen: &[Seen], shapes: &[[f64; TERMS]]) -> Option<Self> {
        let (sum, shares) = seen.iter().fold((0.5, 0.5), |sums, one| (sums.0 + one.count, sums.1 + one.share));
        let mut terms = [0.0; TERMS];
        if let Some(constant) = terms.first_mut() {
            *constant = f64::ln(sum / shares);
        }
        let expect = |terms: &[f64; TERMS]| -> Vec<f64> {
            let one = |(seen, shape): (&Seen, &[f64; TERMS])| seen.share * dot(shape, terms).clamp(-20.0, 20.0).exp();
            seen.iter().zip(shapes).map(one).collect()
        };
        let mut expected = expect(&terms);
        for _ in 0..6 {
            let inverse = inverse(told(&expected, shapes))?;
            let mut slopes = terms.map(|term| -RIDGE * term);
            if let Some(slope) = slopes.first_mut() {
                *slope = 0.0;
            }
            for ((seen, shape), expected) in seen.iter().zip(shapes).zip(&expected) {
                let over = seen.count - expected;
                slopes.iter_mut().zip(shape).for_each(|(slope, shape)| *slope += over * shape);
            }
            let step = times(&inverse, &slopes);
            terms.iter_mut().zip(step).for_each(|(term, step)| *term += step.clamp(-1.0, 1.0));
            expected = expect(&terms);
        }
        let inverse = inverse(told(&expected, shapes))?;
        Some(Self { terms, expected, inverse })
    }

    /// How many times more the first `weeks` weeks vary around the fit than by chance; never less than once.
    fn variability(&self, seen: &[Seen], weeks: usize) -> f64 {
        let squares = seen.iter().zip(&self.expected).take(weeks);
        let sum: f64 = squares.map(|(seen, expected)| (seen.count - expected).powi(2) / expected.max(0.1)).sum();
        (sum / (weeks.saturating_sub(TERMS)).max(1) as f64).max(1.0)
    }
}

/// What weeks of such an expectation tell of each pair of terms.
#[expect(clippy::indexing_slicing, reason = "a square of a fixed size, walked by its own size")]
fn told(expected: &[f64], shapes: &[[f64; TERMS]]) -> [[f64; TERMS]; TERMS] {
    let mut told = [[0.0; TERMS]; TERMS];
    for (expected, shape) in expected.iter().zip(shapes) {
        for (row, of_row) in told.iter_mut().zip(shape) {
            row.iter_mut().zip(shape).for_each(|(sum, of_column)| *sum += expected * of_row * of_column);
        }
    }
    for (at, row) in told.iter_mut().enumerate() {
        row[at] += RIDGE;
    }
    told
}

impl Change {
    /// The likeliest change within the past year, by the weeks that are over (the first `weeks` of those seen) and what is
    /// booked for later ones; `None` where there is next to no sign of one.
    pub(super) fn seen(seen: &[Seen], weeks: usize) -> Option<Self> {
        let first = BEFORE_MIN.max(weeks.saturating_sub(YEAR));
        let mut shapes: Vec<[f64; TERMS]> = (0..seen.len()).map(|week| shape(week, weeks)).collect();
        let without = Fit::of(seen, &shapes)?;
        // From each week on: what came beyond the expected, what was expected, and what of that the terms share.
        let (mut over, mut all, mut shared) = (0.0, 0.0, [0.0; TERMS]);
        let mut best: Option<(usize, f64)> = None;
        for (week, (one, (expected, shape))) in seen.iter().zip(without.expected.iter().zip(&shapes)).enumerate().rev()
        {
            over += one.count - expected;
            all += expected;
            shared.iter_mut().zip(shape).for_each(|(sum, shape)| *sum += expected * shape);
            if week < first {
                break;
            }
            let free = all - dot(&shared, &times(&without.inverse, &shared));
            if week + SINCE_MIN <= weeks && 0.05 * all < free {
                let square = over * over / free;
                if best.is_none_or(|(_, best)| best < square) {
                    best = Some((week, square));
                }
            }
        }
        let (week, square) = best?;
        shapes.iter_mut().skip(week).for_each(|shape| shape[CHANGE] = 1.0);
        let with = Fit::of(seen, &shapes)?;
        let variability = with.variability(seen, weeks);
        let (sign, log) = (square / variability, with.terms[CHANGE].clamp(-2.0, 2.0));
        let doubt = (variability * with.inverse[CHANGE][CHANGE]).max(0.0);
        if against_last_year(seen, week, weeks).is_some_and(|beside| beside * log.signum() < AGREEING * log.abs()) {
            return None;
        }
        let even_odds = if weeks < WAVE_MIN { EVEN_ODDS_SHORT } else { EVEN_ODDS };
        let chance = 1.0 / (1.0 + (even_odds - sign).exp());
        Some(Self { week, times: log.exp(), chance, doubt })
    }

    /// How far the level may be off for not being sure whether there was a change, and how large: a variance, in units of
    /// its square.
    pub(super) fn level_doubt(&self) -> f64 {
        self.chance * (1.0 - self.chance) * self.times.ln().powi(2) + self.chance * self.doubt
    }
}

/// The same change told without any wave, as a logarithm: the weeks from `week` on (the first `weeks` are over) beside the
/// same weeks of the year before, against the half year before `week` beside its own. Seasons may come a week earlier or
/// later; the least change is what is sure. `None` where there is no such year.
fn against_last_year(seen: &[Seen], week: usize, weeks: usize) -> Option<f64> {
    let sum = |from: usize, to: usize| -> Option<f64> {
        let weeks = seen.get(from..to).filter(|weeks| !weeks.is_empty())?;
        Some(0.5 + weeks.iter().map(|one| one.count / one.share.max(0.05)).sum::<f64>())
    };
    let back = |at: usize, by: usize| at.checked_sub(by);
    let half_year_before = week.saturating_sub(YEAR / 2);
    let before = sum(half_year_before, week)?;
    let usual =
        back(half_year_before, YEAR).and_then(|from| Some(before / sum(from, back(week, YEAR)?)?)).unwrap_or(1.0);
    let since = sum(week, weeks)?;
    let logs =
        (YEAR - 1..=YEAR + 1).filter_map(|by| Some((since / sum(back(week, by)?, back(weeks, by)?)? / usual).ln()));
    logs.min_by(|left, right| left.abs().total_cmp(&right.abs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Weeks of a wave, with what looks like chance.
    fn weeks(level: impl Fn(usize) -> f64) -> Vec<Seen> {
        let unevenness = [1.0, -3.0, 4.0, -1.0, 2.0, -4.0, 0.0, 3.0, -2.0];
        let seen = |week: usize| {
            let wave = 1.0 + 0.3 * (week as f64 / YEAR_WEEKS * std::f64::consts::TAU).sin();
            Seen { count: (25.0 * wave * level(week) + unevenness[week % 9]).round(), share: 1.0 }
        };
        (0..156).map(seen).collect()
    }

    #[test]
    fn a_planted_change_is_seen_and_a_season_is_none() {
        let dropped = weeks(|week| if week < 146 { 1.0 } else { 0.6 });
        let change = Change::seen(&dropped, 156).unwrap();
        assert!((144..=148).contains(&change.week), "{change:?}");
        assert!((0.5..0.7).contains(&change.times) && change.chance > 0.99, "{change:?}");
        for still in [weeks(|_| 1.0), weeks(|week| 1.0 + week as f64 / 300.0)] {
            assert!(Change::seen(&still, 156).is_none_or(|change| change.chance < 0.05));
        }
        // A winter without work is a season too, though no wave fits it.
        let winters = weeks(|week| if week % 52 < 10 { 0.03 } else { 1.0 });
        assert!(Change::seen(&winters[..108], 108).is_none_or(|change| change.chance < 0.05));
    }

    #[test]
    fn what_is_booked_tells_of_the_level_too() {
        let mut dropped = weeks(|week| if week < 153 { 1.0 } else { 0.6 });
        let before = Change::seen(&dropped, 156).map_or(0.0, |change| change.chance);
        for (week, share) in [(156, 0.7), (157, 0.3), (158, 0.2)] {
            let wave = 1.0 + 0.3 * (f64::from(week) / YEAR_WEEKS * std::f64::consts::TAU).sin();
            dropped.push(Seen { count: (25.0 * wave * 0.6 * share).round(), share });
        }
        assert!(before < Change::seen(&dropped, 156).unwrap().chance);
    }
}
