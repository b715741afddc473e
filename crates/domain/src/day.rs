//! Civil days as numbers, for whatever counts and compares many of them.

use jiff::civil::Date;

const EPOCH: Date = jiff::civil::date(1970, 1, 1);

/// Days from 1970-01-01 to a date; negative before it.
pub fn epoch_day(date: Date) -> i64 {
    i64::from((date - EPOCH).get_days())
}

/// The date so many days after 1970-01-01; the first or last date there is where that lies beyond the calendar.
pub fn date_of(day: i64) -> Date {
    let beyond = if day < 0 { Date::MIN } else { Date::MAX };
    jiff::Span::new().try_days(day).and_then(|days| EPOCH.checked_add(days)).unwrap_or(beyond)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_dates_are_each_other_s_reverse() {
        for (date, day) in
            [("1970-01-01", 0), ("1969-12-31", -1), ("2024-02-29", 19_782), ("-009999-01-01", -4_371_587)]
        {
            let date: Date = date.parse().unwrap();
            assert_eq!((epoch_day(date), date_of(day)), (day, date));
        }
        assert_eq!((date_of(i64::MAX), date_of(i64::MIN)), (Date::MAX, Date::MIN));
    }
}
