//! Whether a group stands out from the others by more than chance.

use statrs::distribution::{ContinuousCDF as _, StudentsT};

/// A share is judged where both it and what is left of the group would be at least so many cases by the others' share: with
/// fewer the normal curve does not fit counts.
const EXPECTED_MIN: f64 = 5.0;
/// What a mark is: as far from the others as one group in twenty that does not differ.
pub(crate) const MARKED: f64 = 0.05;
/// The share of false ones that is put up with among all strong marks (the q of Benjamini and Hochberg).
const FALSE_STRONG: f64 = 0.1;
/// How much more the counts of real groups vary than chance alone, and for how many groups that knowledge stands. It is
/// what few groups are judged by; with many it is what they show themselves.
const USUAL_DISPERSION: f64 = 1.5;
const USUAL_WEIGHT: f64 = 4.0;

/// A group: in how many of its cases something is so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) count: u64,
    pub(crate) of: u64,
}

/// How a group's share compares with that of all other groups together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Unlike {
    /// Whether it is the larger one.
    pub(crate) is_more: bool,
    /// How likely a difference of this size or more, either way, is in a group that does not differ.
    pub(crate) chance: f64,
}

impl Unlike {
    /// How likely a share this small or smaller is in a group that does not differ.
    pub(crate) fn chance_of_less(self) -> f64 {
        if self.is_more { 1.0 - self.chance / 2.0 } else { self.chance / 2.0 }
    }
}

/// Each group against the rest of them; `None` for one that is too small to be judged, or whose rest is.
///
/// A group's count varies around the share of the rest as counts do, times what the *other* groups show to vary more than
/// that (never less): demand comes in clumps, and a group that does stand out must not hide itself. Few groups that vary
/// little are drawn to what is usual, and Student's distribution allows for how little is known of it.
pub(crate) fn against_the_rest(groups: &[Tally]) -> Vec<Option<Unlike>> {
    let sum =
        groups.iter().fold(Tally::default(), |sum, one| Tally { count: sum.count + one.count, of: sum.of + one.of });
    let (count, of) = (sum.count as f64, sum.of as f64);
    let share = if of > 0.0 { count / of } else { 0.0 };
    let is_enough = |of: f64| EXPECTED_MIN <= of * share.min(1.0 - share);
    let is_judged = |one: &Tally| is_enough(one.of as f64) && is_enough(of - one.of as f64);
    // Sums over the groups that are judged, from which each one's own part is taken out again.
    let (mut judged, mut squares, mut counts, mut cases) = (0.0, 0.0, 0.0, 0.0);
    let square = |one: &Tally| (one.count as f64).powi(2) / one.of as f64;
    for one in groups.iter().filter(|one| is_judged(one)) {
        judged += 1.0;
        squares += square(one);
        counts += one.count as f64;
        cases += one.of as f64;
    }
    let variance = share * (1.0 - share);
    let judge = |one: &Tally| {
        let (own, own_of) = (one.count as f64, one.of as f64);
        // Pearson's sum of squares of the others around their own share.
        let others_of = cases - own_of;
        let free = (judged - 2.0_f64).max(0.0);
        let scatter = if free > 0.0 && others_of > 0.0 {
            ((squares - square(one) - (counts - own).powi(2) / others_of) / variance).max(0.0)
        } else {
            0.0
        };
        let known = USUAL_WEIGHT + free;
        let seen = if free > 0.0 { scatter / free } else { 1.0 };
        let dispersion = ((USUAL_WEIGHT * USUAL_DISPERSION + scatter) / known).max(seen).max(1.0);
        let rest_of = of - own_of;
        let expected = own_of * (count - own) / rest_of;
        let error = (dispersion * variance * own_of * (1.0 + own_of / rest_of)).sqrt();
        // Counts are whole: half a case of the difference is none.
        let far = ((own - expected).abs() - 0.5).max(0.0) / error;
        let chance = 2.0 * StudentsT::new(0.0, 1.0, known).ok()?.sf(far);
        Some(Unlike { is_more: expected < own, chance: chance.min(1.0) })
    };
    groups.iter().map(|one| if is_judged(one) { judge(one) } else { None }).collect()
}

/// Up to which chance marks are strong: of those, at most one in ten is false on average, however many groups are looked at
/// (by the procedure of Benjamini and Hochberg over all `chances`). 0 where none is.
pub(crate) fn strong_up_to(mut chances: Vec<f64>) -> f64 {
    chances.sort_by(f64::total_cmp);
    let step = FALSE_STRONG / chances.len().max(1) as f64;
    let held = chances.iter().zip(1_u32..).filter(|(chance, rank)| **chance <= f64::from(*rank) * step);
    held.last().map_or(0.0, |(chance, _)| *chance)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_as_unlikely_as_tables_say() {
        // Two groups know nothing of dispersion but what is usual: 60 of 100 against 40 of 100, a half in all. The error is
        // the root of 1.5 * 0.25 * 100 * 2, the distance (20 - 0.5) errors; of Student's four degrees 2.2517 leaves 0.0874.
        let judged = against_the_rest(&[Tally { count: 60, of: 100 }, Tally { count: 40, of: 100 }]);
        let [Some(more), Some(less)] = judged[..] else { panic!("{judged:?}") };
        assert!(more.is_more && !less.is_more);
        assert!((more.chance - 0.0874).abs() < 5e-4 && (less.chance - more.chance).abs() < 1e-12, "{more:?}");
        assert!((less.chance_of_less() - 0.0437).abs() < 3e-4 && (more.chance_of_less() - 0.9563).abs() < 3e-4);
        // Nine cases at a half are too few, and nothing at all is nothing.
        assert_eq!(against_the_rest(&[Tally { count: 5, of: 9 }, Tally { count: 50, of: 100 }])[0], None);
        assert!(against_the_rest(&[Tally::default(), Tally::default()]).iter().all(Option::is_none));
        assert!(against_the_rest(&[]).is_empty());
    }

    #[test]
    fn strong_marks_are_those_of_benjamini_and_hochberg() {
        // Their paper's example (1995), with q = 0.05 there: of 15 chances four are strong; ten in a hundred here leave nine.
        let chances = vec![
            0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528,
            0.7590, 1.0,
        ];
        assert!((strong_up_to(chances) - 0.0459).abs() < 1e-12);
        assert!(strong_up_to(vec![0.2, 0.4]) < 1e-12 && strong_up_to(Vec::new()) < 1e-12);
    }
}
