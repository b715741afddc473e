//! What a week may come to, and how likely each of it is.

use statrs::distribution::{Binomial, Discrete as _, NegativeBinomial};

/// What lies further from the mean than so many standard deviations is not reckoned with.
const DEVIATIONS: f64 = 8.0;

/// How many inspections a week may come to.
#[derive(Clone, Debug)]
pub(super) struct Outcomes {
    /// The least that may be.
    least: usize,
    /// How likely that is, one more, and so on; 1 together.
    chances: Vec<f64>,
}

impl Outcomes {
    /// Of a week with `booked` jobs, each of which is kept with the chance `kept`, and with others still to come:
    /// `to_come` are expected, with a variance that is above this number.
    pub(super) fn of(booked: u64, kept: f64, to_come: f64, variance: f64) -> Self {
        let (left, comes) = (left_of(booked, kept), comes(to_come, variance));
        let mut chances = vec![0.0; left.chances.len() + comes.chances.len() - 1];
        for (at, left) in left.chances.iter().enumerate() {
            for (chance, comes) in chances.iter_mut().skip(at).zip(&comes.chances) {
                *chance += left * comes;
            }
        }
        Self { least: left.least + comes.least, chances }
    }

    fn made(least: usize, most: usize, chance: impl Fn(u64) -> f64) -> Self {
        let chances: Vec<f64> = (least..=most).map(|count| chance(count as u64)).collect();
        let sum: f64 = chances.iter().sum();
        // Nothing that adds up cannot happen; were it so, the least is as good as any.
        let chances = if sum > 0.0 { chances.into_iter().map(|chance| chance / sum).collect() } else { vec![1.0] };
        Self { least, chances }
    }

    fn each(&self) -> impl Iterator<Item = (f64, f64)> {
        self.chances.iter().enumerate().map(|(at, chance)| ((self.least + at) as f64, *chance))
    }

    /// What is expected.
    pub(super) fn mean(&self) -> f64 {
        self.each().map(|(count, chance)| count * chance).sum()
    }

    /// How likely more than `count` are.
    pub(super) fn above(&self, count: f64) -> f64 {
        self.each().filter(|(one, _)| count < *one).map(|(_, chance)| chance).sum()
    }

    /// How likely fewer than `count` are.
    pub(super) fn below(&self, count: f64) -> f64 {
        self.each().filter(|(one, _)| *one < count).map(|(_, chance)| chance).sum()
    }

    /// The range of whole numbers (both ends in it) of which one comes with at least this chance, with as much left out on
    /// one side as on the other as far as whole numbers allow; `wider` times as wide around the mean.
    pub(super) fn range(&self, chance: f64, wider: f64) -> (f64, f64) {
        let of = |at: usize| self.chances.get(at).copied().unwrap_or(0.0);
        let (mut low, mut high) = (0, self.chances.len().saturating_sub(1));
        let (mut below, mut above) = (0.0, 0.0);
        while low < high {
            let (next_below, next_above) = (below + of(low), above + of(high));
            let from_below = next_below < next_above;
            if 1.0 - chance < if from_below { next_below + above } else { below + next_above } {
                break;
            }
            if from_below {
                (low, below) = (low + 1, next_below);
            } else {
                (high, above) = (high - 1, next_above);
            }
        }
        let mean = self.mean();
        let end = |at: usize| mean + ((self.least + at) as f64 - mean) * wider;
        (end(low).round().max(0.0), end(high).round())
    }
}

/// How many of the booked ones are kept.
fn left_of(booked: u64, kept: f64) -> Outcomes {
    let Ok(all) = usize::try_from(booked) else { return Outcomes::made(0, 0, |_| 1.0) };
    match Binomial::new(kept.clamp(0.0, 1.0), booked) {
        Ok(kept_of) if kept < 1.0 => {
            let mean = booked as f64 * kept;
            let (least, most) = around(mean, mean * (1.0 - kept));
            Outcomes::made(least.min(all), most.min(all), |count| kept_of.pmf(count))
        }
        _ => Outcomes::made(all, all, |_| 1.0),
    }
}

/// A negative binomial distribution.
fn comes(mean: f64, variance: f64) -> Outcomes {
    // Next to that of counts that come by chance alone it is as good as theirs.
    let successes = mean * mean / (variance - mean).max(1e-6 * mean);
    match NegativeBinomial::new(successes, successes / (successes + mean)) {
        Ok(comes) if mean > 0.0 => {
            let (least, most) = around(mean, variance);
            Outcomes::made(least, most, |count| comes.pmf(count))
        }
        _ => Outcomes::made(0, 0, |_| 1.0),
    }
}

/// From where to where counts of this mean and variance are reckoned with.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "counts of a week")]
fn around(mean: f64, variance: f64) -> (usize, usize) {
    let half = DEVIATIONS * (variance + 1.0).sqrt();
    ((mean - half).max(0.0) as usize, (mean + half) as usize + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_booked_and_what_comes_add_up() {
        // Ten booked of which nine tenths are kept, and five to come.
        let outcomes = Outcomes::of(10, 0.9, 5.0, 6.25);
        assert!((outcomes.mean() - 14.0).abs() < 1e-6, "{}", outcomes.mean());
        let (low, high) = outcomes.range(0.8, 1.0);
        let outside = outcomes.below(low) + outcomes.above(high);
        assert!((0.1..=0.2).contains(&outside), "{low} to {high}: {outside} outside");
        // A narrower range would hold less than it must.
        let inner = outcomes.below(high) - outcomes.below(low);
        assert!(inner < 0.8 && outcomes.range(0.95, 1.0).0 < low && high < outcomes.range(0.95, 1.0).1);
        // What is sure is a point.
        let sure = Outcomes::of(7, 1.0, 0.0, 1.0);
        assert_eq!((sure.mean(), sure.range(0.95, 1.0), sure.above(6.5), sure.below(7.0)), (7.0, (7.0, 7.0), 1.0, 0.0));
    }
}
