//! How much work is coming, against what is booked and what was done in a week before.
//!
//! A week is what is left of the jobs booked for it and what is still to come. Models tell from the weeks that are over what
//! it will come to (`models`, `calendar`, `back_test`), and by how much that is off (`doubt`); the history is looked at for a
//! change of the level first (`level`). What is booked is weighed in by what such bookings came to before (`bookings`), and
//! all of it makes one distribution (`outcomes`), from which the forecast, the ranges and the chances come.
//!
//! All of it was tried on made-up companies whose truth is known (`tests/judgements/forecasts.rs`).

mod back_test;
mod bookings;
mod calendar;
mod doubt;
mod inspectors;
mod level;
mod models;
mod outcomes;
mod squares;
mod weeks;

use self::back_test::{History, Tried, best};
use self::bookings::{Bookings, Usual};
use self::calendar::{Effects, Holiday, WEEK, holiday};
use self::doubt::{Doubt, WeekToWeek};
use self::level::{Change, Seen};
use self::models::YEAR;
use self::outcomes::Outcomes;
use self::weeks::{Done, Weeks};
use super::common::{median, percentile};
use domain::{FactTable, WeekStart};

pub use inspectors::{BOOKED_WEEKS, Fullness, InspectorWeeks, inspector_weeks};
pub use models::Model;

/// Complete weeks of history a forecast needs at least.
pub const WEEKS_MIN: usize = 12;
/// Weeks of history from which on the season is known: a year and a little more.
pub const WEEKS_SEASON: usize = models::WAVE_MIN;
/// Milliseconds of a day.
const DAY_MS: i64 = 86_400_000;
/// The most weeks looked ahead.
pub const AHEAD_MAX: usize = 13;
/// The past weeks that show what is usual: how early jobs are booked, and how many an inspector has.
const HALF_YEAR: u8 = 26;

/// From this chance on a change of the level is told of.
const CHANGE_SURE: f64 = 0.9;
/// Below this one it is as good as none.
const CHANGE_POSSIBLE: f64 = 0.05;
/// Weeks from the present one on whose bookings tell of the level, as far as so much of a week is usually booked.
const TELLING_WEEKS: usize = 6;
const TELLING_LEAST: f64 = 0.05;
/// What is usually booked by now says what a week will come to from this share of it on: below, by-bookings is off by more
/// than the forecast itself.
const TELLING_SHARE: f64 = 0.2;
/// A week is called short, or idle, where it is more likely than not.
const LIKELY: f64 = 0.5;
/// And so many times as likely as it was in the past year: else it says nothing that was not known.
const WORTH: f64 = 2.0;
/// What the two ranges hold.
const SHARE_80: f64 = 0.8;
const SHARE_95: f64 = 0.95;
/// A week that looks far from usual does so in part by luck of the forecast: a chance is drawn down by this power of it. Tried
/// on made-up companies, of which those said .2 to .4 otherwise came true in .1 to .3.
const BY_LUCK: f64 = 1.2;
/// So many standard deviations more than usual may be booked by chance.
const BY_CHANCE: f64 = 3.0;
/// The level of all weeks ahead is known about as well as from five weeks; of few jobs not worse than by an eighth or so.
const LEVEL_KNOWN_FROM: f64 = 5.0;
const LEVEL_DOUBT_MOST: f64 = 0.02;
/// No forecast is surer: a variance, in units of the square of the forecast.
const LEAST_DOUBT: f64 = 0.001;
/// A week below this share of the middle week is idle.
const IDLE: f64 = 0.6;
/// Where the middle week has fewer jobs, idle weeks come by chance, and no week is called so.
const IDLE_MIN: f64 = 4.0;

/// A forecast of one week.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Week {
    /// Its first day, as days since 1970-01-01.
    pub begins: i64,
    /// Inspections booked for it by now, not canceled.
    pub booked: u64,
    /// Hours of those.
    pub booked_hours: f64,
    /// Inspections forecast: what is likely left of those booked, and what is still to come.
    pub forecast: f64,
    /// In 80 of 100 such weeks it is one of these or lies between: whole numbers. On made-up companies with three years of
    /// history 82 to 89 of 100 did (79 where jobs come in clumps), with 12 to 80 weeks of history 81 to 95.
    pub range_80: (f64, f64),
    /// In 95 of 100. On made-up companies 94 to 99 of 100 did.
    pub range_95: (f64, f64),
    /// Hours forecast: inspections times the mean length of the past year.
    pub forecast_hours: f64,
    /// What share of a week's final bookings was there this long before it, in the past half year.
    pub usually_booked: Option<f64>,
    /// What the bookings alone say the week will come to, those likely to be canceled left out; `None` where less than a
    /// fifth is usually booked by now.
    pub by_bookings: Option<f64>,
    /// How likely more come than in a busy week so far. Of made-up weeks said .1 to .2, .2 to .4, .4 to .7 and more, .14, .24,
    /// .38 and .72 did; by the kind of company it was half as many to half as many again.
    pub chance_above_busy_week: f64,
    /// Whether that is more likely than not, and twice as likely as in the past year. Of made-up weeks said to be short, two
    /// to seven times as many exceeded a busy week as of all.
    pub short: bool,
    /// How likely fewer come than six tenths of the middle week.
    pub chance_idle: f64,
    /// The same of it as [`Self::short`] is of a busy week; said of no week where the middle one has fewer than four.
    pub idle: bool,
    /// Whether a public holiday of the United States falls on one of its working days.
    pub holiday: bool,
}

/// The weeks ahead.
#[derive(Clone, Debug, PartialEq)]
pub struct CapacityPlan {
    /// The weeks, the next one first.
    pub weeks: Vec<Week>,
    /// The model that did best in the back-test, and those that did nearly as well: the forecast is their mean.
    pub models: Vec<Model>,
    /// Its mean absolute error in the back-test, in inspections a week, bookings not looked at.
    pub error: f64,
    /// That of the naive forecast on the same weeks: the same week last year, or the mean of the last four weeks where
    /// there is no year.
    pub naive_error: f64,
    /// How many starting points the back-test had.
    pub origins: usize,
    /// Complete weeks of history, which begins where regular work does.
    pub history: usize,
    /// Inspections that lie apart, before that: of a first try, or dated wrongly. They count nowhere.
    pub apart: usize,
    /// *A busy week so far*: the 90th percentile of the weeks of the past year.
    pub busy_week: f64,
    /// The same in hours.
    pub busy_week_hours: f64,
    /// The middle week of the past year.
    pub median: f64,
    /// Where the level of the work changed at one time in the past year, beyond season, growth and chance.
    pub changed: Option<LevelChange>,
}

/// A change of the level, which is surer than nine in ten. Of made-up companies without one, fewer than 1 in 20 was said to
/// have one; the date is right within a few weeks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LevelChange {
    /// The first day of the first week of the new level, as days since 1970-01-01.
    pub begins: i64,
    /// How many times the old level the new one is.
    pub times: f64,
}

/// A week ahead, without what the hour decides.
#[derive(Clone, Copy, Debug)]
struct Coming {
    begins: i64,
    booked: u64,
    booked_hours: f64,
    /// What the model says it comes to.
    forecast: f64,
    /// How far that may be off besides chance.
    doubt: Doubt,
    /// How many times wider than that says the ranges are, since they did not hold so much of the past.
    wider: [f64; 2],
}

/// What is booked for a week at an instant, beside what is usual so long before.
#[derive(Clone, Copy, Debug)]
struct BookedNow {
    usual: Option<Usual>,
    /// The shares of those booked that are kept, and of all that are still to come.
    kept: f64,
    to_come: f64,
    /// How many of those booked are likely kept, and how many of these are booked earlier than usual.
    left: f64,
    early: f64,
    /// How many would be booked and kept, were the week as forecast.
    expected: f64,
    /// How far the week may be better or worse than forecast: a variance, in units of the square of the forecast.
    of_week: f64,
}

/// All of a plan but what the hour decides: the model and its forecasts, made by trying every model on past weeks. It
/// depends on the rows, the week of `today`, the company's weeks and how far ahead is looked; a plan for any instant of that
/// week is a few steps from it.
#[derive(Clone, Debug)]
pub struct CapacityBase {
    /// Without its weeks.
    plan: CapacityPlan,
    coming: Vec<Coming>,
    mean_hours: f64,
    bookings: Bookings,
    /// See [`WeekToWeek::clumps`].
    clumps: f64,
    /// How far the level of all weeks ahead may be off: a variance, in units of its square.
    level_doubt: f64,
    /// The shares of the weeks of the past year that were above a busy one, and idle.
    usually: [f64; 2],
}

impl CapacityBase {
    /// For `ahead` weeks (1 to 13) after the week of `today`; see [`capacity_plan`].
    pub fn of(facts: &FactTable, ahead: usize, today: i64, week_starts: WeekStart) -> Option<Self> {
        let this_week = week_starts.first_day(today);
        let ahead = ahead.clamp(1, AHEAD_MAX);
        let rows = || facts.rows().iter().filter(|fact| !fact.is_canceled());
        let mut grid = Weeks::until(this_week + WEEK * (i64::try_from(ahead).unwrap_or(0) + 1));
        // Nothing is said of what was performed here: only of what was booked and not called off.
        rows().for_each(|fact| grid.add(fact, Done::Booked, week_starts));
        let work_begins = grid.work_begins(this_week)?;
        // The first week is seldom whole.
        let first = work_begins + WEEK;
        let weeks = usize::try_from((this_week - first) / WEEK).ok()?;
        if weeks < WEEKS_MIN {
            return None;
        }
        let (counts, hours) = grid.from(first, weeks, Done::Booked);
        let (year, hours_of_year) = (last(&counts, YEAR).to_vec(), last(&hours, YEAR));
        let bookings = Bookings::of(facts, work_begins, this_week, week_starts);
        let early_and_late = bookings.early_and_late(facts, this_week, weeks.min(YEAR), week_starts);
        let week_to_week = WeekToWeek::of(&early_and_late);
        // The weeks ahead and the part-filled one lie after the history.
        let begins = |week: usize| Some(first + WEEK * i64::try_from(week).ok()?);
        let later = weeks + ahead.max(TELLING_WEEKS);
        let holidays: Vec<Option<Holiday>> = (0..=later).filter_map(begins).map(holiday).collect();
        let mut history = History { counts, holidays };
        let seen = seen(&history, &bookings, &Bookings::on_the_books(facts, this_week, TELLING_WEEKS, week_starts));
        let change = Change::seen(&seen, weeks).filter(|change| CHANGE_POSSIBLE <= change.chance);
        if let Some(change) = change {
            // As they would have been at the present level; half way where the change is half sure.
            let times = change.times.powf(change.chance);
            history.counts.iter_mut().take(change.week).for_each(|count| *count *= times);
        }
        let tried = best(&history, ahead)?;
        let of_change = change.map_or(0.0, |change| change.level_doubt());
        let usual_week = year.iter().sum::<f64>() / year.len().max(1) as f64;
        let level_doubt = (1.0 / (LEVEL_KNOWN_FROM * usual_week.max(1.0))).min(LEVEL_DOUBT_MOST) + of_change;
        let coming = coming(&history, &tried, &week_to_week, of_change, ahead).into_iter();
        let coming = coming.filter_map(|(step, forecast, doubt, wider)| {
            let begins = begins(weeks + 1 + step)?;
            let (booked, booked_hours) = grid.booked(begins);
            Some(Coming { begins, booked, booked_hours, forecast, doubt, wider })
        });
        let coming: Vec<Coming> = coming.collect();
        let (in_year, hours_in_year): (f64, f64) = (year.iter().sum(), hours_of_year.iter().sum());
        let changed = change.filter(|change| CHANGE_SURE <= change.chance);
        let plan = CapacityPlan {
            weeks: Vec::new(),
            models: tried.models,
            error: tried.error,
            naive_error: tried.naive_error,
            origins: tried.origins,
            history: weeks,
            apart: rows().filter(|fact| fact.day() < work_begins).count(),
            busy_week: percentile(year.clone(), 0.9),
            busy_week_hours: percentile(hours_of_year.to_vec(), 0.9),
            median: median(year.clone()).unwrap_or(0.0),
            changed: changed.and_then(|change| Some(LevelChange { begins: begins(change.week)?, times: change.times })),
        };
        let share = |is_so: &dyn Fn(f64) -> bool| {
            year.iter().filter(|count| is_so(**count)).count() as f64 / year.len().max(1) as f64
        };
        let usually = [share(&|count| plan.busy_week < count), share(&|count| count < IDLE * plan.median)];
        let mean_hours = if in_year > 0.0 { hours_in_year / in_year } else { 0.0 };
        Some(Self { plan, coming, mean_hours, bookings, clumps: week_to_week.clumps, level_doubt, usually })
    }

    /// The plan as it is at `now`, in milliseconds since 1970.
    pub fn at(&self, now: i64) -> CapacityPlan {
        let mut plan = self.plan.clone();
        let booked: Vec<BookedNow> = self.coming.iter().map(|coming| self.booked_now(coming, now)).collect();
        plan.weeks = (0..).zip(&self.coming).filter_map(|(at, coming)| self.week(coming, &booked, at)).collect();
        plan
    }

    fn booked_now(&self, coming: &Coming, now: i64) -> BookedNow {
        let Coming { begins, booked, forecast, doubt, .. } = *coming;
        let usual = self.bookings.before(begins * DAY_MS - now);
        let (kept, to_come) = usual.map_or_else(
            // Where it is not known when jobs are booked, what is booked is as good as any.
            || (1.0, 1.0 - (booked as f64 / forecast.max(1.0)).min(0.95)),
            |usual| (usual.kept, usual.to_come),
        );
        let (left, expected) = (booked as f64 * kept, forecast * (1.0 - to_come));
        // What is booked tells of the whole week as far as jobs do not come in clumps, and the more, the less sure the
        // forecast is.
        let of_week = (doubt.of_most - (self.clumps - 1.0) / forecast.max(1.0)).max(LEAST_DOUBT);
        // More than chance explains are jobs booked earlier than usual, not more of them.
        let usual_spread = (self.clumps * expected + expected * expected * of_week + 1.0).sqrt();
        let early = (left - expected - BY_CHANCE * usual_spread).max(0.0);
        BookedNow { usual, kept, to_come, left, early, expected, of_week }
    }

    /// How many times the level of the forecast the bookings of the other weeks ahead show: those of all weeks together tell
    /// of a change that the weeks that are over do not show yet.
    fn level(&self, booked: &[BookedNow], but: usize) -> f64 {
        let others = booked.iter().enumerate().filter(|(at, _)| *at != but);
        let (mut shown, mut expected) = (1.0 / self.level_doubt, 1.0 / self.level_doubt);
        for (_, one) in others {
            let weight = 1.0 / (self.clumps + one.expected * one.of_week);
            shown += weight * (one.left - one.early);
            expected += weight * one.expected;
        }
        shown / expected
    }

    fn week(&self, coming: &Coming, all_booked: &[BookedNow], at: usize) -> Option<Week> {
        let Coming { begins, booked, booked_hours, forecast, doubt, wider } = *coming;
        let BookedNow { usual, kept, to_come, left, early, expected, of_week } = *all_booked.get(at)?;
        let level = self.level(all_booked, at);
        let (forecast, expected) = (forecast * level, expected * level);
        let sureness = self.clumps / of_week;
        let to_come = (forecast * to_come - early).max(0.0) * (sureness + left - early) / (sureness + expected);
        let left_of_doubt = self.clumps / (sureness + expected) + (doubt.all - doubt.of_most).max(0.0);
        let variance = to_come * self.clumps + to_come * to_come * left_of_doubt;
        let outcomes = Outcomes::of(booked, kept, to_come, variance);
        let forecast = outcomes.mean();
        // As much wider as the range.
        let at = |count: f64| forecast + (count - forecast) / wider[0];
        let (above, below) = (outcomes.above(at(self.plan.busy_week)), outcomes.below(at(IDLE * self.plan.median)));
        let (above, below) = (above.powf(BY_LUCK), below.powf(BY_LUCK));
        let telling = usual.filter(|usual| TELLING_SHARE <= usual.booked);
        Some(Week {
            begins,
            booked,
            booked_hours,
            forecast,
            range_80: outcomes.range(SHARE_80, wider[0]),
            range_95: outcomes.range(SHARE_95, wider[1]),
            forecast_hours: forecast * self.mean_hours,
            usually_booked: usual.map(|usual| usual.booked),
            by_bookings: telling.map(|usual| left / usual.booked),
            chance_above_busy_week: above,
            short: LIKELY.max(WORTH * self.usually[0]) < above,
            chance_idle: below,
            idle: IDLE_MIN <= self.plan.median && LIKELY.max(WORTH * self.usually[1]) < below,
            holiday: holiday(begins).is_some(),
        })
    }
}

/// The plan for `ahead` weeks (1 to 13) after the week of `today`, from inspections that were not canceled. `None` with
/// fewer than 12 complete weeks of history since regular work began. The week of `today` is part filled and is neither
/// history nor forecast. `now` is in milliseconds since 1970; weeks begin on the company's day.
pub fn capacity_plan(
    facts: &FactTable,
    ahead: usize,
    today: i64,
    now: i64,
    week_starts: WeekStart,
) -> Option<CapacityPlan> {
    CapacityBase::of(facts, ahead, today, week_starts).map(|base| base.at(now))
}

/// What is forecast of each week ahead, by its step: how many, how far that may be off, and how much wider the ranges are.
fn coming(
    history: &History,
    tried: &Tried,
    week_to_week: &WeekToWeek,
    level: f64,
    ahead: usize,
) -> Vec<(usize, f64, Doubt, [f64; 2])> {
    let weeks = history.counts.len();
    let effects = Effects::seen(&history.counts, &history.holidays);
    let of = |(step, forecast): (usize, Option<f64>)| {
        let week = weeks + 1 + step;
        let a_year_before = history.a_year_before(week);
        let forecast = forecast?.max(doubt::least(a_year_before));
        let doubt = tried.doubt(step, forecast, weeks, week_to_week);
        // Weeks before a change are scaled, and with them their chance: they do not show how smooth weeks are.
        let least = if level > 0.0 { 1.0 } else { 0.0 };
        let wider = [SHARE_80, SHARE_95].map(|share| tried.wider(step, doubt.all, share, weeks).max(least));
        let edge = doubt::edge(a_year_before, forecast, doubt.all);
        let more = level + edge + effects.doubt(history.holiday(week));
        Some((step, forecast, Doubt { all: doubt.all + more, of_most: doubt.of_most + more }, wider))
    };
    history.mean_forecast(weeks, &tried.models, ahead).into_iter().enumerate().filter_map(of).collect()
}

/// The weeks that are over, and those from the present one on by what was on the books when the present one began.
fn seen(history: &History, bookings: &Bookings, on_the_books: &[f64]) -> Vec<Seen> {
    let effects = Effects::seen(&history.counts, &history.holidays);
    let effect = |week: usize| effects.of(history.holiday(week));
    let over = history.counts.iter().enumerate().map(|(week, count)| Seen { count: *count, share: effect(week) });
    let booked = (0_i64..).zip(on_the_books).zip(history.counts.len()..).map_while(|((after, count), week)| {
        let usual = bookings.before(WEEK * after * DAY_MS).filter(|usual| TELLING_LEAST <= usual.booked)?;
        Some(Seen { count: *count, share: effect(week) * usual.booked / usual.kept })
    });
    over.chain(booked).collect()
}

/// The last `weeks` values, or all of fewer.
fn last(values: &[f64], weeks: usize) -> &[f64] {
    values.get(values.len().saturating_sub(weeks)..).unwrap_or_default()
}
