//! How an agent's referrals run over time: steady, rising, fading, or broken off.

use std::sync::LazyLock;

/// The fewest occasions that a course is judged on.
pub const COURSE_OCCASIONS_MIN: usize = 8;
/// From so many occasions on a course that is named is right about nine times in ten (tested on invented agents whose course
/// is known), and nine in ten of those who fade or broke off are named so, three in four of those who rise; with fewer it is
/// a guess from a small sample.
pub const COURSE_OCCASIONS_SURE: u64 = 15;
/// So often each course is met before anything is known of an agent: most are steady.
const PRIOR: [(Course, f64); 4] =
    [(Course::Steady, 0.4), (Course::Rising, 0.2), (Course::Fading, 0.2), (Course::BrokenOff, 0.2)];
/// Of the fewest occasions another course than a steady one must be so much surer (in logarithms), of twice as many a
/// quarter as much. Without it up to 7 of 100 steady agents with some ten occasions were called rising or fading in the
/// bench, with it at most 4.
const DOUBT: f64 = 1.0;
/// A steady agent's referrals may still drift: the density is 1 + a (2 s - 1) with one of these.
const DRIFTS: [f64; 5] = [-0.5, -0.25, 0.0, 0.25, 0.5];
/// A rise and a fall follow one of these powers of time.
const POWERS: [i32; 3] = [1, 2, 3];
/// The part of a rising agent's referrals that comes at any time.
const RISING_FLOOR: f64 = 0.05;
/// The same for a fading one.
const FADING_FLOOR: f64 = 0.02;
/// The last part of the time in which no end can be seen yet.
const END_MAX: f64 = 0.9;
/// Ends of a broken-off course are tried at the middles of so many parts of the time.
const ENDS: u32 = 100;
/// Places are told apart as finely as this.
const PLACES: usize = 1024;
/// The densities of a steady, a rising and a fading course.
const SHAPES: usize = DRIFTS.len() + 2 * POWERS.len();

/// The logarithm of every density at every place.
static LOGS: LazyLock<Vec<[f64; SHAPES]>> = LazyLock::new(|| {
    let power = |floor: f64, s: f64, power: i32| floor + (1.0 - floor) * f64::from(power + 1) * s.powi(power);
    let at = |place: usize| {
        let s = (place as f64 + 0.5) / PLACES as f64;
        let densities = DRIFTS.iter().map(|drift| 1.0 + drift * (2.0 * s - 1.0));
        let densities = densities.chain(POWERS.iter().map(|one| power(RISING_FLOOR, s, *one)));
        let mut logs = [0.0; SHAPES];
        for (log, density) in
            logs.iter_mut().zip(densities.chain(POWERS.iter().map(|one| power(FADING_FLOOR, 1.0 - s, *one))))
        {
            *log = density.ln();
        }
        logs
    };
    (0..PLACES).map(at).collect()
});

/// The ends that are tried, each with its logarithm.
static ENDS_TRIED: LazyLock<Vec<(f64, f64)>> = LazyLock::new(|| {
    let ends = (0..ENDS).map(|end| (f64::from(end) + 0.5) / f64::from(ENDS)).filter(|end| *end <= END_MAX);
    ends.map(|end| (end, end.ln())).collect()
});

/// How referrals run through an agent's time here, from the first occasion on: the waits between occasions, measured by what
/// the company did for others in them (so that seasons and growth of the company are not taken for the agent's).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Course {
    /// As many at any time, give or take a half.
    Steady,
    /// More and more.
    Rising,
    /// Fewer and fewer.
    Fading,
    /// As many at any time, then none.
    BrokenOff,
}

impl Course {
    /// The words in answers.
    pub fn name(self) -> &'static str {
        match self {
            Self::Steady => "steady",
            Self::Rising => "rising",
            Self::Fading => "fading",
            Self::BrokenOff => "broken off",
        }
    }

    /// The course of these places (0 to 1, in order) of all occasions but the first, and the logarithm of how much more
    /// likely it is than a steady one; for a steady one, than the next likely. `None` with fewer than 7 places. Waits of so
    /// much more `spread` (variance beside the square of the mean) than chance makes say so much less.
    ///
    /// Each course stands for several densities (see the constants), each as likely beforehand; that of a broken-off one is
    /// even up to an end that may lie anywhere in the first nine tenths. The course with the largest posterior probability
    /// is taken.
    pub(super) fn of(places: &[f64], spread: f64) -> Option<(Self, f64)> {
        if places.len() + 1 < COURSE_OCCASIONS_MIN {
            return None;
        }
        let mut sums = [0.0; SHAPES];
        for place in places {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place lies in 0 to 1")]
            let index = ((place * PLACES as f64).max(0.0) as usize).min(PLACES - 1);
            let logs = LOGS.get(index)?;
            sums.iter_mut().zip(logs).for_each(|(sum, log)| *sum += log);
        }
        let (steady, others) = sums.split_at(DRIFTS.len());
        let (rising, fading) = others.split_at(POWERS.len());
        let last = places.last().copied().unwrap_or(1.0);
        let of_end =
            |(end, log): &(f64, f64)| if last <= *end { -(places.len() as f64) * log } else { f64::NEG_INFINITY };
        let broken_off: Vec<f64> = ENDS_TRIED.iter().map(of_end).collect();
        let doubt = DOUBT * (COURSE_OCCASIONS_MIN as f64 / (places.len() as f64 + 1.0)).powi(2);
        let posterior = PRIOR.map(|(course, prior)| {
            let likelihood = match course {
                Self::Steady => log_mean(steady),
                Self::Rising => log_mean(rising),
                Self::Fading => log_mean(fading),
                Self::BrokenOff => log_mean(&broken_off),
            };
            let doubt = if course == Self::Steady { 0.0 } else { doubt };
            (course, prior.ln() - doubt + likelihood / spread)
        });
        let best = |among: &dyn Fn(Self) -> bool| {
            let held = posterior.iter().filter(|(course, _)| among(*course));
            held.max_by(|left, right| left.1.total_cmp(&right.1)).copied()
        };
        let (course, likely) = best(&|_| true)?;
        let beside =
            if course == Self::Steady { best(&|one| one != Self::Steady) } else { best(&|one| one == Self::Steady) };
        Some((course, likely - beside?.1))
    }
}

/// The logarithm of the mean of numbers given by their logarithms.
fn log_mean(logs: &[f64]) -> f64 {
    let most = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if most == f64::NEG_INFINITY {
        return most;
    }
    most + (logs.iter().map(|log| (log - most).exp()).sum::<f64>() / logs.len() as f64).ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Places at the middles of equal parts of a density whose inverse distribution is given.
    fn places(n: u32, inverse: impl Fn(f64) -> f64) -> Vec<f64> {
        (0..n).map(|at| inverse((f64::from(at) + 0.5) / f64::from(n))).collect()
    }

    fn course(places: &[f64]) -> Course {
        Course::of(places, 1.0).unwrap().0
    }

    #[test]
    fn plain_courses_are_named() {
        for n in [15, 60, 600] {
            assert_eq!(course(&places(n, |u| u)), Course::Steady, "{n}");
            assert_eq!(course(&places(n, f64::sqrt)), Course::Rising, "{n}");
            assert_eq!(course(&places(n, |u| 1.0 - (1.0 - u).cbrt())), Course::Fading, "{n}");
            assert_eq!(course(&places(n, |u| 0.6 * u)), Course::BrokenOff, "{n}");
        }
        // From three quarters of the mean to five quarters is no rise: the density is 0.75 + 0.5 s.
        assert_eq!(course(&places(60, |u| ((0.5625 + u).sqrt() - 0.75) * 2.0)), Course::Steady);
        assert_eq!(Course::of(&places(6, |u| u), 1.0), None);
    }

    #[test]
    fn more_of_the_same_is_surer() {
        let (_, few) = Course::of(&places(10, |u| u * 0.5), 1.0).unwrap();
        let (_, many) = Course::of(&places(40, |u| u * 0.5), 1.0).unwrap();
        assert!(0.0 < few && few < many, "{few} {many}");
    }
}
