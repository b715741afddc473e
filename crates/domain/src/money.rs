//! Exact amounts of money.

use std::fmt;
use std::str::FromStr;

/// An amount in the company's own currency, which the service does not name. Exact to four decimal places; what is finer
/// is rounded to those, halves away from zero. The record as it came keeps every digit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Money {
    ten_thousandths: i64,
}

/// The text is no amount: not a decimal, or too large.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an amount of money (a plain decimal such as 450.00)")]
pub struct MoneyError(String);

const SCALE: i64 = 10_000;
const DECIMAL_PLACES: usize = 4;
/// The largest exponent read, either way: the largest amount has 15 digits, and nothing is left of much smaller ones.
const EXPONENT_MAX: usize = 40;
/// The longest text read, in bytes.
const AMOUNT_BYTES_MAX: usize = 100;

impl Money {
    /// An amount of whole cents.
    pub const fn from_cents(cents: i64) -> Self {
        Self { ten_thousandths: cents * (SCALE / 100) }
    }

    /// Whole cents, what is finer cut off.
    pub const fn cents_rounded_down(self) -> i64 {
        self.ten_thousandths.div_euclid(SCALE / 100)
    }

    /// The amount in ten-thousandths, for a store.
    pub const fn ten_thousandths(self) -> i64 {
        self.ten_thousandths
    }

    /// The amount of this many ten-thousandths.
    pub const fn from_ten_thousandths(ten_thousandths: i64) -> Self {
        Self { ten_thousandths }
    }

    /// The sum, or `None` past the largest amount.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.ten_thousandths.checked_add(other.ten_thousandths).map(|ten_thousandths| Self { ten_thousandths })
    }
}

impl FromStr for Money {
    type Err = MoneyError;

    fn from_str(text: &str) -> Result<Self, MoneyError> {
        let refused = || MoneyError(text.chars().take(40).collect());
        let trimmed = text.trim();
        let (negative, digits) = match trimmed.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, trimmed),
        };
        // A number may come as the shortest text of a float: 4.5e2.
        let (digits, exponent) = digits.split_once(['e', 'E']).unwrap_or((digits, "0"));
        let exponent: i32 = exponent.parse().map_err(|_| refused())?;
        let shift = exponent.unsigned_abs() as usize;
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let all_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() || !all_digits(whole) || !all_digits(fraction) {
            return Err(refused());
        }
        if EXPONENT_MAX < shift || AMOUNT_BYTES_MAX < trimmed.len() {
            return Err(refused());
        }
        // The point moved to where the exponent says: the digits before it, and those after it.
        let (whole, fraction) = if exponent < 0 {
            let padded = format!("{whole:0>width$}", width = whole.len().max(shift + 1));
            let (whole, moved) = padded.split_at(padded.len() - shift);
            (whole.to_owned(), format!("{moved}{fraction}"))
        } else {
            let padded = format!("{fraction:0<shift$}");
            let (moved, fraction) = padded.split_at(shift);
            (format!("{whole}{moved}"), fraction.to_owned())
        };
        let whole: i64 = whole.parse().map_err(|_| refused())?;
        let padded = format!("{fraction:0<DECIMAL_PLACES$}");
        let (kept, finer) = padded.split_at(DECIMAL_PLACES);
        let rounds_up = finer.bytes().next().is_some_and(|digit| b'5' <= digit);
        let fraction = kept.parse::<i64>().map_err(|_| refused())? + i64::from(rounds_up);
        let magnitude = whole.checked_mul(SCALE).and_then(|scaled| scaled.checked_add(fraction)).ok_or_else(refused)?;
        Ok(Self { ten_thousandths: if negative { -magnitude } else { magnitude } })
    }
}

/// At least two decimal places, more only where they are not zero: `450.00`, `0.125`.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.ten_thousandths < 0 { "-" } else { "" };
        let magnitude = self.ten_thousandths.unsigned_abs();
        let scale = SCALE.unsigned_abs();
        let fraction = format!("{:04}", magnitude % scale);
        let (cents, finer) = fraction.split_at(2);
        write!(f, "{sign}{}.{cents}{}", magnitude / scale, finer.trim_end_matches('0'))
    }
}

impl serde::Serialize for Money {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Money {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_and_written_exactly() {
        for (text, shown) in
            [("450.0", "450.00"), ("450", "450.00"), ("0.1", "0.10"), ("-12.345", "-12.345"), ("7.10000", "7.10")]
        {
            assert_eq!(text.parse::<Money>().unwrap().to_string(), shown);
        }
        assert_eq!("450.0".parse::<Money>().unwrap(), Money::from_cents(45_000));
    }

    #[test]
    fn what_is_finer_than_four_places_is_rounded_and_never_lost() {
        for (text, shown) in [
            ("449.99995", "450.00"),
            ("449.99994", "449.9999"),
            ("-0.00005", "-0.0001"),
            ("1.234549999999999", "1.2345"),
            ("333.3333333333333", "333.3333"),
            ("4.5e2", "450.00"),
            ("45000E-2", "450.00"),
            ("1.25e-1", "0.125"),
            ("1e-9", "0.00"),
            ("1.5e+1", "15.00"),
        ] {
            assert_eq!(text.parse::<Money>().map(|money| money.to_string()).as_deref(), Ok(shown), "{text}");
        }
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        for text in
            ["", ".", "e3", "1e", "1e99", "1e15", "4,50", "$450", "99999999999999999999", "--1", "1.2.3", "1.-2"]
        {
            assert!(text.parse::<Money>().is_err(), "{text:?}");
        }
    }
}
