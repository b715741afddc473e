//! The day on which a company's weeks begin.

use serde::Deserialize;

/// The day on which a company's weeks begin. Offices in the United States expect Sunday.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WeekStart {
    /// Sunday to Saturday.
    #[default]
    Sunday,
    /// Monday to Sunday.
    Monday,
}

/// Days of a week.
const WEEK: i64 = 7;

impl WeekStart {
    /// The day by name, for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sunday => "Sunday",
            Self::Monday => "Monday",
        }
    }

    /// The first day of the week a day lies in; days count from 1970-01-01.
    pub fn first_day(self, day: i64) -> i64 {
        // 1970-01-04 was a Sunday.
        let known = match self {
            Self::Sunday => 3,
            Self::Monday => 4,
        };
        day - (day - known).rem_euclid(WEEK)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::epoch_day;

    #[test]
    fn weeks_begin_where_the_company_says() {
        let day = |date: &str| epoch_day(date.parse().unwrap());
        for (date, sunday, monday) in [
            ("2026-11-28", "2026-11-22", "2026-11-23"),
            ("2026-11-29", "2026-11-29", "2026-11-23"),
            ("2026-11-30", "2026-11-29", "2026-11-30"),
            ("1969-12-31", "1969-12-28", "1969-12-29"),
        ] {
            assert_eq!(WeekStart::Sunday.first_day(day(date)), day(sunday), "{date}");
            assert_eq!(WeekStart::Monday.first_day(day(date)), day(monday), "{date}");
        }
    }
}
