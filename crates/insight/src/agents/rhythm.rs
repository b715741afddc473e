//! The rhythm of an agent's referrals: occasions, the waits between them, and how likely the present silence is.

use statrs::distribution::{Binomial, DiscreteCDF as _};

use super::company_time::CompanyWeeks;
use super::course::Course;
use super::{BASE_DAYS, DAY_MS, Lately, RECENT_DAYS};
use crate::common::{Rate, rate};

/// All referrals within so many days from the first of them are one occasion: an inspection canceled and booked again, a
/// client who buys a second house, a builder's three on one day. Chosen once, by what an occasion is, and not tuned.
pub const OCCASION_DAYS: i64 = 7;
/// Fewer occasions have no rhythm.
pub const OCCASIONS_MIN: u64 = 3;
/// So many waits of the company's typical agent stand beside an agent's own, when it is judged how irregular they are: of
/// few waits it can hardly be seen.
const TYPICAL_WAITS: f64 = 20.0;
/// So many waits as chance makes them stand beside those of all agents together.
const CHANCE_WAITS: f64 = 20.0;
/// The longest of irregular waits are longer than their mean at any instant says: by so much of what that is above chance.
const TAIL: f64 = 1.5;
/// Waits may be so much more irregular than chance, at most.
const IRREGULAR_MAX: f64 = 10.0;
/// And so much more regular.
const IRREGULAR_MIN: f64 = 0.9;
/// The latest quarter and half of a year are each compared with what comes before them in it, in days.
const ENDS_DAYS: [i64; 2] = [RECENT_DAYS, 2 * RECENT_DAYS];
/// They speak against a rise or a fall where chance alone would make so few, or so many, less often than this.
const LATELY_CHANCE: f64 = 0.1;

/// One agent's occasions up to now. Waits are in days as the company works (see [`CompanyTime`](super::company_time)), from
/// the end of an occasion, a week after its beginning, to the beginning of the next.
#[derive(Clone, Debug, Default)]
pub(super) struct Rhythm {
    /// How many occasions there were.
    pub(super) occasions: u64,
    /// The mean days from one to the next, by the calendar.
    pub(super) usual_gap: Option<f64>,
    /// The days without a referral between occasions that were at least as long as those up to now, by the calendar.
    pub(super) gaps_as_long: Option<Rate>,
    /// Days since the last referral, as the company works; `None` without a rhythm.
    pub(super) worked_since: Option<f64>,
    waits: Vec<f64>,
    /// The present wait.
    open: f64,
    /// The company's work in the waits before each occasion but the first, and in all waits.
    work: Vec<f64>,
    all_work: f64,
    /// The days within occasions, as the company works.
    within: f64,
    /// The part of the company's work in the last 360 days that lies in the last 90, without what this agent sent; `None`
    /// without a rhythm, or where the company had nothing before those 90 days.
    pub(super) recent_share: Option<f64>,
    /// What the last quarter or half of a year has beside what comes before it in the year.
    pub(super) lately: Option<Lately>,
}

/// The end of a span of days beside what comes before it in that span.
#[derive(Clone, Copy, Debug, PartialEq)]
struct End {
    /// Occasions that began in the end, and in all of the span.
    recent: u64,
    all: u64,
    /// The part of the company's work in the span that lies in its end, between occasions.
    share: f64,
}

impl End {
    /// What the end has beside what comes before it: while the agent goes on as before, each occasion of the span lies in
    /// its end with the chance `share`.
    fn has(self) -> Option<Lately> {
        let known = Binomial::new(self.share, self.all).ok().filter(|_| self.share < 1.0)?;
        let as_many = self.recent.checked_sub(1).map_or(1.0, |fewer| known.sf(fewer));
        if known.cdf(self.recent) < LATELY_CHANCE {
            Some(Lately::Fewer)
        } else {
            (as_many < LATELY_CHANCE).then_some(Lately::More)
        }
    }
}

/// How irregular waits are beside those that chance makes: 1 is chance.
#[derive(Clone, Copy, Debug)]
pub(super) struct Irregularity {
    /// The mean wait at any instant, beside the mean wait.
    tail: f64,
    /// The variance of waits beside the square of their mean, as neighbors show it, so that a rise or a fall is none.
    spread: f64,
}

impl Rhythm {
    /// `starts` are an agent's referrals before `now`, in order, in milliseconds.
    pub(super) fn of(starts: &[i64], company: &CompanyWeeks, now: i64) -> Self {
        let Some(last) = starts.last() else { return Self::default() };
        let mut begins: Vec<i64> = Vec::new();
        let mut silences: Vec<i64> = Vec::new();
        let mut before: Option<i64> = None;
        for start in starts {
            if begins.last().is_none_or(|begin| end_of(*begin) < *start) {
                silences.extend(before.map(|before| start - before));
                begins.push(*start);
            }
            before = Some(*start);
        }
        let since = now - last;
        let as_long = silences.iter().filter(|silence| since <= **silence).count() as u64;
        let mut rhythm = Self {
            occasions: begins.len() as u64,
            gaps_as_long: rate(as_long, silences.len() as u64),
            ..Self::default()
        };
        let (Some(first), Some(begin)) = (begins.first(), begins.last()) else { return rhythm };
        if first == begin {
            return rhythm;
        }
        rhythm.usual_gap = Some((begin - first) as f64 / DAY_MS / silences.len() as f64);
        if rhythm.occasions < OCCASIONS_MIN {
            return rhythm;
        }
        let time = company.without(starts);
        rhythm.worked_since = Some(time.since(*last).days);
        let mut end = time.since(end_of(*first));
        let mut work = 0.0;
        // Where each wait begins and ends, by the company's work since then.
        let mut waits = Vec::with_capacity(begins.len());
        for begin in begins.iter().skip(1) {
            let next = time.since(*begin);
            rhythm.waits.push((end.days - next.days).max(0.0));
            work += (end.work - next.work).max(0.0);
            waits.push((end.work, next.work));
            rhythm.work.push(work);
            end = time.since(end_of(*begin));
        }
        waits.push((end.work, 0.0));
        rhythm.open = end.days;
        rhythm.all_work = work + end.work;
        let waited = rhythm.waits.iter().sum::<f64>() + rhythm.open;
        rhythm.within = (time.since(*first).days - waited).max(0.0);
        let instant = |days: i64| now - days * 86_400_000;
        let began = |days: i64| begins.iter().filter(|begin| instant(days) <= **begin).count() as u64;
        let worked = |days: i64| time.since(instant(days)).work;
        // Only what lies between occasions: in the week of one, no other can begin.
        let waited = |days: i64| -> f64 {
            let within = worked(days);
            waits.iter().map(|(from, to)| (from.min(within) - to.min(within)).max(0.0)).sum()
        };
        let share = |part: f64, whole: f64| if 0.0 < whole { part / whole } else { 1.0 };
        let year = RECENT_DAYS + BASE_DAYS;
        let (all, all_waited) = (began(year), waited(year));
        let end = |recent: i64| End { recent: began(recent), all, share: share(waited(recent), all_waited) };
        rhythm.lately = ENDS_DAYS.into_iter().find_map(|recent| end(recent).has());
        rhythm.recent_share = Some(share(worked(RECENT_DAYS), worked(year))).filter(|share| *share < 1.0);
        rhythm
    }

    /// How likely a silence as long as the present one is at any instant while the agent is still active, from the agent's
    /// own waits; with waits more irregular than chance, longer ones are likelier. `None` with fewer than 3 occasions.
    ///
    /// Waits that chance makes, with their mean known from `k` of them that sum up to `s`, are longer than `t` with the
    /// chance (s / (s + t))^k. Where waits are so irregular that the mean wait at any instant is `tail` times as long, they
    /// are worth k / tail.
    pub(super) fn chance_of_silence(&self, irregularity: Irregularity) -> Option<f64> {
        if self.occasions < OCCASIONS_MIN {
            return None;
        }
        let (sum, worth) = (self.waits.iter().sum::<f64>(), self.waits.len() as f64 / irregularity.tail);
        if self.open <= 0.0 || sum <= 0.0 {
            return Some(1.0);
        }
        let outside = (sum + self.open) / (sum + self.open + self.within);
        Some(outside * (sum / (sum + self.open)).powf(worth))
    }

    /// The course of the occasions from the first one on.
    pub(super) fn course(&self, irregularity: Irregularity) -> Option<(Course, f64)> {
        let all = self.all_work;
        let places: Vec<f64> =
            self.work.iter().map(|work| if 0.0 < all { (work / all).min(1.0) } else { 0.0 }).collect();
        Course::of(&places, irregularity.spread)
    }

    /// How irregular these waits are by themselves, and how much that is worth.
    fn own_tail(&self) -> (f64, f64) {
        let (sum, count) = (self.waits.iter().sum::<f64>(), self.waits.len() as f64);
        if sum <= 0.0 {
            return (1.0, 0.0);
        }
        let squares: f64 = self.waits.iter().map(|wait| (wait / sum).powi(2)).sum();
        // One in the mean where chance makes the waits, however few they are.
        (1.0 + TAIL * ((count + 1.0) * squares / 2.0 - 1.0), count)
    }

    /// The local variation of the waits: 1 where chance makes them, 0 where all are alike, at most 3.
    fn own_variation(&self) -> (f64, f64) {
        let pairs = self.waits.windows(2).filter_map(|pair| {
            let (one, next) = (pair.first()?, pair.get(1)?);
            (0.0 < one + next).then(|| 3.0 * ((one - next) / (one + next)).powi(2))
        });
        let (sum, count) = pairs.fold((0.0, 0.0), |(sum, count), one| (sum + one, count + 1.0));
        if count == 0.0 { (1.0, 0.0) } else { (sum / count, count) }
    }

    /// How irregular an agent's waits are: the own ones beside those of the typical agent; never less than chance.
    pub(super) fn irregularity(&self, typical: Irregularity) -> Irregularity {
        let beside = |(own, worth): (f64, f64), typical: f64| {
            ((own * worth + typical * TYPICAL_WAITS) / (worth + TYPICAL_WAITS)).clamp(IRREGULAR_MIN, IRREGULAR_MAX)
        };
        let (variation, worth) = self.own_variation();
        Irregularity {
            tail: beside(self.own_tail(), typical.tail),
            spread: beside((spread_of(variation), worth), typical.spread),
        }
    }
}

impl Irregularity {
    /// That of a company's typical agent, by what neighboring waits of all of them show.
    pub(super) fn typical<'a>(all: impl Iterator<Item = &'a Rhythm>) -> Self {
        let own = all.map(Rhythm::own_variation);
        let (sum, count) =
            own.fold((CHANCE_WAITS, CHANCE_WAITS), |(sum, count), (own, worth)| (sum + own * worth, count + worth));
        let spread = spread_of(sum / count).max(1.0);
        Self { tail: 1.0 + TAIL * (spread - 1.0) / 2.0, spread }
    }
}

/// The variance of waits beside the square of their mean that goes with a local variation (of waits of a gamma
/// distribution).
fn spread_of(variation: f64) -> f64 {
    let variation = variation.min(2.7);
    2.0 * variation / (3.0 - variation)
}

/// When the occasion that began at an instant is over.
fn end_of(begin: i64) -> i64 {
    begin + OCCASION_DAYS * 86_400_000
}
