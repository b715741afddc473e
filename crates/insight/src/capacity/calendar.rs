//! Weeks, the public holidays in them, and what those did to the work in the past.

use std::collections::BTreeMap;

use jiff::civil::Weekday;

use domain::date_of;

/// Days of a week.
pub(super) const WEEK: i64 = 7;

/// The six great public holidays of the United States.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Holiday {
    NewYear,
    Memorial,
    Independence,
    Labor,
    Thanksgiving,
    Christmas,
}

/// The holiday that falls on Monday to Friday of the week that begins on this day; no week has two of the six.
pub(super) fn holiday(begins: i64) -> Option<Holiday> {
    (0..WEEK).find_map(|offset| {
        let date = date_of(begins + offset);
        match (date.month(), date.day(), date.weekday()) {
            (_, _, Weekday::Saturday | Weekday::Sunday) => None,
            (1, 1, _) => Some(Holiday::NewYear),
            (5, 25..=31, Weekday::Monday) => Some(Holiday::Memorial),
            (7, 4, _) => Some(Holiday::Independence),
            (9, 1..=7, Weekday::Monday) => Some(Holiday::Labor),
            (11, 22..=28, Weekday::Thursday) => Some(Holiday::Thanksgiving),
            (12, 25, _) => Some(Holiday::Christmas),
            _ => None,
        }
    })
}

/// What the effect of a holiday that was never seen may be: a variance.
const UNSEEN: f64 = 0.04;

/// What a holiday does to its week.
#[derive(Clone, Copy, Debug)]
struct Effect {
    /// What the week's work is multiplied with: 0.6 for four tenths less.
    times: f64,
    /// How far that may be off: a variance, in units of its square.
    doubt: f64,
}

/// Inspections of all years: in the weeks of a holiday, in as many usual weeks around them, and in all weeks around them.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    on: f64,
    around: f64,
    all_around: f64,
}

impl Sums {
    fn effect(&self, variability: f64) -> Effect {
        if self.around <= 0.0 {
            return Effect { times: 1.0, doubt: UNSEEN };
        }
        let seen = self.on / self.around;
        let error = variability * (seen.max(0.2) / self.around + seen * seen / self.all_around);
        let less = 1.0 - seen;
        // A holiday brings no work: where it seems to, that is chance.
        let times = if less > 0.0 { 1.0 - less * less * less / (less * less + error) } else { 1.0 };
        let times = times.max(0.05);
        Effect { times, doubt: error / (times * times) }
    }
}

/// What each holiday does.
#[derive(Debug, Default)]
pub(super) struct Effects(BTreeMap<Holiday, Effect>);

impl Effects {
    /// As seen in a history, week by week, with the holiday of each: the weeks of a holiday against the weeks up to two before
    /// and after them that have none, all years together. An effect is drawn towards none the more, the more of it may be
    /// chance.
    pub(super) fn seen(counts: &[f64], holidays: &[Option<Holiday>]) -> Self {
        let mut sums: BTreeMap<Holiday, Sums> = BTreeMap::new();
        let (mut squares, mut free) = (0.0, 0.0);
        for (at, (count, holiday)) in counts.iter().zip(holidays).enumerate() {
            let Some(holiday) = holiday else { continue };
            let around = at.saturating_sub(2)..=at + 2;
            let plain = around.filter_map(|beside| match (counts.get(beside), holidays.get(beside)) {
                (Some(count), Some(None)) => Some(*count),
                _ => None,
            });
            let plain: Vec<f64> = plain.collect();
            let weeks = plain.len() as f64;
            if weeks < 2.0 {
                continue;
            }
            let mean = plain.iter().sum::<f64>() / weeks;
            squares += plain.iter().map(|one| (one - mean).powi(2)).sum::<f64>() / mean.max(0.5);
            free += weeks - 1.0;
            let sums = sums.entry(*holiday).or_default();
            sums.on += count;
            sums.around += mean;
            sums.all_around += mean * weeks;
        }
        // How many times more weeks vary than by chance.
        let variability = if free > 0.0 { f64::max(squares / free, 1.0) } else { 1.0 };
        Self(sums.into_iter().map(|(holiday, sums)| (holiday, sums.effect(variability))).collect())
    }

    /// What a week's work is multiplied with; never nothing, so that it can be divided by.
    pub(super) fn of(&self, holiday: Option<Holiday>) -> f64 {
        holiday.and_then(|holiday| self.0.get(&holiday)).map_or(1.0, |effect| effect.times)
    }

    /// How far that may be off: a variance, in units of its square.
    pub(super) fn doubt(&self, holiday: Option<Holiday>) -> f64 {
        holiday.map_or(0.0, |holiday| self.0.get(&holiday).map_or(UNSEEN, |effect| effect.doubt))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(date: &str) -> i64 {
        domain::epoch_day(date.parse().unwrap())
    }

    #[test]
    fn holidays_are_those_of_the_calendar() {
        for (week, expected) in [
            ("2026-11-23", Some(Holiday::Thanksgiving)),
            ("2026-12-21", Some(Holiday::Christmas)),
            ("2026-12-28", Some(Holiday::NewYear)),
            ("2026-05-25", Some(Holiday::Memorial)),
            ("2026-09-07", Some(Holiday::Labor)),
            ("2025-06-30", Some(Holiday::Independence)),
            // The fourth of July is a Saturday.
            ("2026-06-29", None),
            ("2026-11-16", None),
        ] {
            assert_eq!(holiday(day(week)), expected, "{week}");
            // The same working days.
            assert_eq!(holiday(day(week) - 1), expected, "{week}");
        }
    }

    #[test]
    fn a_planted_effect_is_seen_and_drawn_towards_none() {
        let mondays: Vec<i64> = (0..156).map(|week| day("2023-11-06") + 7 * week).collect();
        let holidays: Vec<Option<Holiday>> = mondays.iter().map(|monday| holiday(*monday)).collect();
        let halved = |holiday: &Option<Holiday>| if *holiday == Some(Holiday::Thanksgiving) { 20.0 } else { 40.0 };
        let counts: Vec<f64> = holidays.iter().map(halved).collect();
        let effects = Effects::seen(&counts, &holidays);
        // A half, drawn a little towards none by what chance may do in so few weeks.
        assert!((0.5..0.56).contains(&effects.of(Some(Holiday::Thanksgiving))), "{effects:?}");
        assert!(effects.doubt(None) < 1e-9);
        assert!((0.001..UNSEEN).contains(&effects.doubt(Some(Holiday::Thanksgiving))), "{effects:?}");
        assert!((effects.of(Some(Holiday::Labor)) - 1.0).abs() < 1e-9);
        assert!((effects.of(None) - 1.0).abs() < 1e-9);
    }
}
