//! How much work is coming, against what is booked and what was done in a week before.

use std::collections::BTreeMap;

use super::common::median;
use crate::mirror::{Fact, Facts};

/// Complete weeks of history a forecast needs at least.
pub const WEEKS_MIN: usize = 12;
/// The weeks of a year.
const YEAR: usize = 52;
/// The most weeks looked ahead.
pub const AHEAD_MAX: usize = 13;
/// The most starting points a back-test uses.
const ORIGINS_MAX: usize = 40;
/// So many overlapping starting points are worth one.
const OVERLAP: f64 = 4.0;
/// Days of a week.
const WEEK: i64 = 7;

/// How a week is foretold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Model {
    /// As many as in the mean of the last four weeks.
    Recent,
    /// As many as in the same week a year before.
    SeasonalNaive,
    /// The same weeks a year before (mean of three around it), scaled by how the last eight weeks compare with theirs.
    SeasonalLevel,
    /// A level smoothed exponentially (0.3), which forgets old weeks bit by bit.
    Smoothed,
}

impl Model {
    /// Every model.
    pub const ALL: &'static [Self] = &[Self::Recent, Self::SeasonalNaive, Self::SeasonalLevel, Self::Smoothed];

    /// The words in answers.
    pub fn name(self) -> &'static str {
        match self {
            Self::Recent => "mean of the last 4 weeks",
            Self::SeasonalNaive => "same week last year",
            Self::SeasonalLevel => "same weeks last year at the present level",
            Self::Smoothed => "smoothed level",
        }
    }

    /// The week `ahead` (1 is the next) after `history`; `None` where the history is too short for it.
    fn foretell(self, history: &[f64], ahead: usize) -> Option<f64> {
        let n = history.len();
        let a_year_before = |index: usize| history.get(index.checked_sub(YEAR)?).copied();
        let mean = |values: &[f64]| (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64);
        match self {
            Self::Recent => mean(history.get(n.checked_sub(4)?..)?),
            Self::SeasonalNaive => a_year_before(n + ahead - 1),
            Self::SeasonalLevel => {
                let centre = (n + ahead - 1).checked_sub(YEAR)?;
                let around = history.get(centre.saturating_sub(1)..(centre + 2).min(n))?;
                let recent: f64 = history.get(n.checked_sub(8)?..)?.iter().sum();
                let then: f64 = history.get(n.checked_sub(8 + YEAR)?..n.checked_sub(YEAR)?)?.iter().sum();
                let level = if then > 0.0 { (recent / then).clamp(0.5, 2.0) } else { 1.0 };
                Some(mean(around)? * level)
            }
            Self::Smoothed => {
                let mut values = history.iter();
                let first = *values.next()?;
                Some(values.fold(first, |level, value| level + 0.3 * (value - level)))
            }
        }
    }
}

/// A forecast of one week.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Week {
    /// Its Monday, as days since 1970-01-01.
    pub monday: i64,
    /// Inspections booked for it by now, not canceled.
    pub booked: u64,
    /// Hours of those.
    pub booked_hours: f64,
    /// Inspections foretold.
    pub forecast: f64,
    /// 80 of 100 such weeks lie between.
    pub range_80: (f64, f64),
    /// 95 of 100 such weeks lie between.
    pub range_95: (f64, f64),
    /// Hours foretold: inspections times the mean length of the past year.
    pub forecast_hours: f64,
    /// What share of a week's final bookings was there this long before it, in the past half year.
    pub usually_booked: Option<f64>,
    /// What that says the week will come to.
    pub by_bookings: Option<f64>,
    /// Whether the upper end of the 80 % range is above the capacity seen.
    pub may_be_short: bool,
    /// Whether the forecast is below six tenths of the middle week.
    pub may_be_idle: bool,
    /// Whether a public holiday of the United States falls on one of its working days.
    pub holiday: bool,
}

/// The weeks ahead.
#[derive(Clone, Debug, PartialEq)]
pub struct CapacityPlan {
    /// The weeks, the next one first.
    pub weeks: Vec<Week>,
    /// The model that did best in the back-test.
    pub model: Model,
    /// Its mean absolute error in the back-test, over that of the same week last year (of the last four weeks where
    /// there is no year); below 1 is better.
    pub error_against_naive: Option<f64>,
    /// Its mean absolute error, in inspections a week.
    pub error: f64,
    /// How many starting points the back-test had.
    pub origins: usize,
    /// Complete weeks of history.
    pub history: usize,
    /// The capacity seen: the 90th percentile of the weeks of the past year.
    pub capacity: f64,
    /// The same in hours.
    pub capacity_hours: f64,
    /// The middle week of the past year.
    pub median: f64,
}

/// The Monday of the week a day lies in.
fn monday(day: i64) -> i64 {
    // 1970-01-05 was a Monday.
    day - (day - 4).rem_euclid(WEEK)
}

/// The plan for `ahead` weeks (1 to 13) after the week of `today`, from inspections that were not canceled; narrowed to
/// one primary inspector when given. `None` with fewer than 12 complete weeks of history. The week of `today` is part
/// filled and is neither history nor forecast. `now` is in milliseconds since 1970.
pub fn capacity_plan(
    facts: &Facts,
    inspector: Option<i64>,
    ahead: usize,
    today: i64,
    now: i64,
) -> Option<CapacityPlan> {
    let this_week = monday(today);
    let counted =
        |fact: &&Fact| fact.canceled_at.is_none() && inspector.is_none_or(|wanted| fact.inspector == Some(wanted));
    let rows: Vec<&Fact> = facts.rows.iter().filter(counted).collect();
    let first = monday(rows.first()?.day);
    // The first week is seldom whole.
    let weeks = usize::try_from((this_week - first) / WEEK - 1).ok()?;
    if weeks < WEEKS_MIN {
        return None;
    }
    let (mut counts, mut hours) = (vec![0.0; weeks], vec![0.0; weeks]);
    for fact in &rows {
        let index = usize::try_from((monday(fact.day) - first) / WEEK - 1).ok().filter(|index| *index < weeks);
        if let Some((count, sum)) = index.and_then(|index| Some((counts.get_mut(index)?, hours.get_mut(index)?))) {
            *count += 1.0;
            *sum += fact.hours.unwrap_or(0.0);
        }
    }
    let ahead = ahead.clamp(1, AHEAD_MAX);
    let tests: Vec<(Model, BackTest)> =
        Model::ALL.iter().filter_map(|model| Some((*model, back_test(&counts, *model, ahead)?))).collect();
    let naive = tests
        .iter()
        .find(|(model, _)| *model == Model::SeasonalNaive)
        .or_else(|| tests.iter().find(|(model, _)| *model == Model::Recent))
        .map(|(_, test)| test.error);
    // Each model is judged on the starting points it can start from; ties go to the simpler one, which comes first.
    let (model, test) = tests.iter().min_by(|left, right| left.1.error.total_cmp(&right.1.error))?;
    let year = counts.get(weeks.saturating_sub(YEAR)..).unwrap_or(&counts);
    let hours_of_year = hours.get(weeks.saturating_sub(YEAR)..).unwrap_or(&hours);
    let mean_hours = {
        let (sum, count): (f64, f64) = (hours_of_year.iter().sum(), year.iter().sum());
        if count > 0.0 { sum / count } else { 0.0 }
    };
    let capacity = percentile(year.to_vec(), 0.9);
    let middle = median(year.to_vec()).unwrap_or(0.0);
    let shown = (1..=ahead)
        .filter_map(|step| {
            let monday_of = this_week + WEEK * i64::try_from(step).ok()?;
            // The part-filled week lies between the history and the first week shown.
            let forecast = model.foretell(&counts, step + 1)?.max(0.0);
            let residuals = test.residuals.get(&step).cloned().unwrap_or_default();
            let range = |low: f64, high: f64| {
                // Weeks foretold from neighbouring starting points overlap, so they are worth fewer than they are.
                let worth = residuals.len().max(1) as f64 / OVERLAP;
                let wider = |share: f64| (0.5 + (share - 0.5) * (1.0 + 1.0 / worth)).clamp(0.0, 1.0);
                let end = |share: f64| (forecast + percentile(residuals.clone(), wider(share))).max(0.0);
                (end(low), end(high))
            };
            let booked: Vec<&&Fact> =
                rows.iter().filter(|fact| (monday_of..monday_of + WEEK).contains(&fact.day)).collect();
            let usually_booked = usual_share(&rows, monday_of, this_week, now);
            let range_80 = range(0.1, 0.9);
            Some(Week {
                monday: monday_of,
                booked: booked.len() as u64,
                booked_hours: booked.iter().filter_map(|fact| fact.hours).sum(),
                forecast,
                range_80,
                range_95: range(0.025, 0.975),
                forecast_hours: forecast * mean_hours,
                usually_booked,
                by_bookings: usually_booked.filter(|share| *share >= 0.1).map(|share| booked.len() as f64 / share),
                may_be_short: capacity < range_80.1,
                may_be_idle: forecast < 0.6 * middle,
                holiday: holds_holiday(monday_of),
            })
        })
        .collect();
    Some(CapacityPlan {
        weeks: shown,
        model: *model,
        error_against_naive: naive.filter(|naive| *naive > 0.0).map(|naive| test.error / naive),
        error: test.error,
        origins: test.origins,
        history: weeks,
        capacity,
        capacity_hours: percentile(hours_of_year.to_vec(), 0.9),
        median: middle,
    })
}

struct BackTest {
    /// The mean absolute error over all starting points and steps.
    error: f64,
    origins: usize,
    /// What was minus what was foretold, by how many weeks ahead (as shown: 1 is after the part-filled week).
    residuals: BTreeMap<usize, Vec<f64>>,
}

/// Foretells weeks that are known by now from what was known before them.
fn back_test(counts: &[f64], model: Model, ahead: usize) -> Option<BackTest> {
    let mut residuals: BTreeMap<usize, Vec<f64>> = BTreeMap::new();
    let mut errors = Vec::new();
    let mut origins = 0;
    for origin in (counts.len().saturating_sub(ORIGINS_MAX + ahead)..counts.len()).rev() {
        let history = counts.get(..origin)?;
        let mut any = false;
        for step in 1..=ahead {
            let (Some(foretold), Some(was)) = (model.foretell(history, step + 1), counts.get(origin + step)) else {
                continue;
            };
            any = true;
            residuals.entry(step).or_default().push(was - foretold.max(0.0));
            errors.push((was - foretold.max(0.0)).abs());
        }
        origins += usize::from(any);
    }
    (!errors.is_empty()).then(|| BackTest {
        error: errors.iter().sum::<f64>() / errors.len() as f64,
        origins,
        residuals,
    })
}

/// The value below which this share of the values lies, between neighbours in proportion; 0 of nothing.
fn percentile(mut values: Vec<f64>, share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    // Ranks are spread so that few values still leave room at both ends.
    let place = share * (values.len() as f64 + 1.0) - 1.0;
    let last = values.len().saturating_sub(1);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place among the values")]
    let lower = (place.max(0.0) as usize).min(last);
    let upper = (lower + 1).min(last);
    match (values.get(lower), values.get(upper)) {
        (Some(low), Some(high)) => low + (high - low) * (place - lower as f64).clamp(0.0, 1.0),
        _ => 0.0,
    }
}

/// Of the inspections that half a year's weeks came to, the share that was booked as long before each week as now is
/// before `monday_of`.
fn usual_share(rows: &[&Fact], monday_of: i64, this_week: i64, now: i64) -> Option<f64> {
    const HALF_YEAR: i64 = 26;
    let lead = monday_of * 86_400_000 - now;
    let (mut booked, mut all) = (0_u64, 0_u64);
    let from = this_week - WEEK * HALF_YEAR;
    for fact in rows.iter().filter(|fact| (from..this_week).contains(&fact.day)) {
        let Some(created_at) = fact.created_at else { continue };
        all += 1;
        booked += u64::from(created_at <= monday(fact.day) * 86_400_000 - lead);
    }
    (all != 0).then(|| booked as f64 / all as f64)
}

/// Whether one of the six great public holidays of the United States falls on Monday to Friday of this week.
fn holds_holiday(monday_of: i64) -> bool {
    (0..5).any(|offset| {
        let date = jiff::civil::date(1970, 1, 1).saturating_add(jiff::Span::new().days(monday_of + offset));
        let (month, day, weekday) = (date.month(), date.day(), date.weekday());
        match (month, day) {
            (1, 1) | (7, 4) | (12, 25) => true,
            (5, 25..=31) | (9, 1..=7) => weekday == jiff::civil::Weekday::Monday,
            (11, 22..=28) => weekday == jiff::civil::Weekday::Thursday,
            _ => false,
        }
    })
}
