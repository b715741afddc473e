//! Weeks, the public holidays in them, and what those did to the work in the past.

use std::collections::BTreeMap;

use jiff::civil::Weekday;

use domain::date_of;

/// Days of a week.
pub(super) const WEEK: i64 = 7;
/// A holiday's effect is drawn towards none as if it had been seen without any in so many more years.
const YEARS_WITHOUT: f64 = 1.0;

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

/// What each holiday does to its week: 0.6 for four tenths less work.
#[derive(Debug, Default)]
pub(super) struct Effects(BTreeMap<Holiday, f64>);

impl Effects {
    /// As seen in a history, week by week, with the holiday of each: the weeks of a holiday against the weeks up to two before
    /// and after them that have none, all years together.
    pub(super) fn seen(counts: &[f64], holidays: &[Option<Holiday>]) -> Self {
        let mut sums: BTreeMap<Holiday, (f64, f64)> = BTreeMap::new();
        for (at, (count, holiday)) in counts.iter().zip(holidays).enumerate() {
            let Some(holiday) = holiday else { continue };
            let (mut around, mut weeks) = (0.0, 0.0);
            for beside in at.saturating_sub(2)..=at + 2 {
                if let (Some(count), Some(None)) = (counts.get(beside), holidays.get(beside)) {
                    around += count;
                    weeks += 1.0;
                }
            }
            if weeks > 0.0 {
                let sum = sums.entry(*holiday).or_default();
                sum.0 += count;
                sum.1 += around / weeks;
            }
        }
        let usual = counts.iter().sum::<f64>() / counts.len().max(1) as f64 * YEARS_WITHOUT;
        let effect = |(on, around): (f64, f64)| if around > 0.0 { (on + usual) / (around + usual) } else { 1.0 };
        Self(sums.into_iter().map(|(holiday, sum)| (holiday, effect(sum))).collect())
    }

    /// What a week's work is multiplied with; never nothing, so that it can be divided by.
    pub(super) fn of(&self, holiday: Option<Holiday>) -> f64 {
        holiday.and_then(|holiday| self.0.get(&holiday)).map_or(1.0, |effect| effect.clamp(0.05, 2.0))
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
        // Three years of a half, and one of none: (3 * 20 + 40) / (3 * 40 + 40), but for the mean's last digits.
        let years = holidays.iter().flatten().filter(|one| **one == Holiday::Thanksgiving).count() as f64;
        let expected = (years * 20.0 + 40.0) / (years * 40.0 + 40.0);
        assert!((effects.of(Some(Holiday::Thanksgiving)) - expected).abs() < 0.01);
        assert!((effects.of(Some(Holiday::Labor)) - 1.0).abs() < 1e-9);
        assert!((effects.of(None) - 1.0).abs() < 1e-9);
    }
}
