//! How many inspections fall on which day: three years back and three weeks ahead.

use jiff::Span;
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;

/// The first day, counted from today.
pub(super) const FIRST_DAY: i32 = -1095;
/// The last day, counted from today.
pub(super) const LAST_DAY: i32 = 21;

/// A day and its load.
pub(super) struct Day {
    pub(super) offset: i32,
    pub(super) date: Date,
    pub(super) count: u32,
    pub(super) clocks_change: bool,
}

/// All days, in order; the counts add up to what was asked for.
pub(super) struct Calendar {
    pub(super) days: Vec<Day>,
}

impl Calendar {
    pub(super) fn new(today: Date, zone: &TimeZone, count: u64) -> Self {
        let mut days: Vec<(Day, f64)> = (FIRST_DAY..=LAST_DAY)
            .map(|offset| {
                let date = today.saturating_add(Span::new().days(offset));
                let clocks_change = clocks_change(date, zone);
                (Day { offset, date, count: 0, clocks_change }, weight(offset, date, clocks_change))
            })
            .collect();
        let total: f64 = days.iter().map(|(_, weight)| weight).sum();
        let (mut reached, mut given) = (0.0, 0_u64);
        for (day, weight) in &mut days {
            reached += *weight;
            // Rounding the running sum, not each day, keeps the total exact.
            let due = ((reached / total) * count as f64).round().min(count as f64) as u64;
            day.count = u32::try_from(due - given).unwrap_or(0);
            given = due;
        }
        let mut calendar = Self { days: days.into_iter().map(|(day, _)| day).collect() };
        calendar.ensure(1, if count < 10 { 1 } else { 3 });
        calendar.ensure(-10, 1);
        let changing: Vec<i32> = calendar.days.iter().filter(|d| d.clocks_change).map(|d| d.offset).collect();
        if count >= 500 {
            for offset in changing {
                calendar.ensure(offset, 1);
            }
        }
        calendar
    }

    /// Moves inspections from the fullest days to the one at `offset` until it has at least `least`.
    fn ensure(&mut self, offset: i32, least: u32) {
        for _ in 0..least {
            let short = self.days.iter().any(|day| day.offset == offset && day.count < least);
            let fullest = self.days.iter().filter(|day| day.offset != offset && day.offset != 1);
            let Some(from) = fullest.max_by_key(|day| day.count).filter(|day| day.count > 0).map(|day| day.offset)
            else {
                return;
            };
            if !short {
                return;
            }
            for day in &mut self.days {
                if day.offset == offset {
                    day.count += 1;
                } else if day.offset == from {
                    day.count -= 1;
                }
            }
        }
    }
}

fn weight(offset: i32, date: Date, clocks_change: bool) -> f64 {
    let weekday = match date.weekday() {
        Weekday::Tuesday | Weekday::Wednesday => 1.1,
        Weekday::Thursday => 1.15,
        Weekday::Monday | Weekday::Friday => 1.0,
        Weekday::Saturday => 0.55,
        Weekday::Sunday => 0.08,
    };
    let turn = f64::from(date.day_of_year() - 166) / 365.0 * std::f64::consts::TAU;
    let season = 1.0 + 0.3 * turn.cos();
    let growth = 1.0 + 0.15 * f64::from(offset) / 1095.0;
    let booked = if offset > 0 { 0.9 * (1.0 - f64::from(offset) / 28.0) } else { 1.0 };
    let weight = weekday * season * growth * booked;
    match offset {
        1 => weight.max(0.8),
        _ if clocks_change => weight.max(0.4),
        _ => weight,
    }
}

fn clocks_change(date: Date, zone: &TimeZone) -> bool {
    let offset = |date: Date| zone.to_timestamp(date.at(0, 0, 0, 0)).map(|instant| zone.to_offset(instant));
    let next = date.tomorrow().unwrap_or(date);
    matches!((offset(date), offset(next)), (Ok(today), Ok(tomorrow)) if today != tomorrow)
}
