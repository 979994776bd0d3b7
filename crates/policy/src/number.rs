//! Decimal numbers, compared exactly: `10`, `10.0` and `1e1` are one number, and two
//! account ids that differ in the last of twenty digits are two.

use std::cmp::Ordering;

/// Digits that count, at most. Longer numbers are none.
const DIGITS_MAX: usize = 38;

/// A decimal number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Number {
    negative: bool,
    /// The number is `0.digits × 10^scale`.
    // INVARIANT: `digits` is shifted left to `DIGITS_MAX` places, its first digit not 0;
    // zero is all fields zero.
    scale: i32,
    digits: u128,
}

impl Number {
    /// Reads an optional sign, digits with at most one point, an optional exponent.
    pub(crate) fn parse(text: &str) -> Option<Number> {
        let (negative, rest) = match text.as_bytes().split_first()? {
            (b'-', rest) => (true, rest),
            (b'+', rest) => (false, rest),
            _ => (false, text.as_bytes()),
        };
        let e = rest.iter().position(|byte| matches!(byte, b'e' | b'E'));
        let (mantissa, exponent) = match e {
            None => (rest, 0),
            Some(at) => (rest.get(..at)?, parse_exponent(rest.get(at + 1..)?)?),
        };
        let mut digits: u128 = 0;
        let mut count = 0;
        let mut scale: i32 = exponent;
        let mut seen_digit = false;
        let mut seen_point = false;
        for byte in mantissa {
            match byte {
                b'.' if !seen_point => seen_point = true,
                b'0'..=b'9' => {
                    seen_digit = true;
                    let leading = digits == 0 && *byte == b'0';
                    // A zero that comes after the digits that count changes nothing.
                    if !leading && count < DIGITS_MAX {
                        digits = digits * 10 + u128::from(byte - b'0');
                        count += 1;
                    } else if !leading && *byte != b'0' {
                        return None;
                    }
                    match (seen_point, leading) {
                        (false, false) => scale = scale.checked_add(1)?,
                        (true, true) => scale = scale.checked_sub(1)?,
                        (false, true) | (true, false) => {}
                    }
                }
                _ => return None,
            }
        }
        if !seen_digit {
            return None;
        }
        if digits == 0 {
            return Some(Number::ZERO);
        }
        let places = u32::try_from(DIGITS_MAX - count).ok()?;
        let digits = digits.checked_mul(10_u128.checked_pow(places)?)?;
        Some(Number {
            negative,
            scale,
            digits,
        })
    }

    const ZERO: Number = Number {
        negative: false,
        scale: 0,
        digits: 0,
    };
}

/// An exponent's sign and one to six digits.
fn parse_exponent(bytes: &[u8]) -> Option<i32> {
    let (sign, digits) = match bytes.split_first()? {
        (b'-', rest) => (-1, rest),
        (b'+', rest) => (1, rest),
        _ => (1, bytes),
    };
    if digits.is_empty() || digits.len() > 6 {
        return None;
    }
    digits.iter().try_fold(0, |value, byte| match byte {
        b'0'..=b'9' => Some(value * 10 + sign * i32::from(byte - b'0')),
        _ => None,
    })
}

impl From<i64> for Number {
    fn from(value: i64) -> Number {
        let digits = u128::from(value.unsigned_abs());
        let Some(log) = digits.checked_ilog10() else {
            return Number::ZERO;
        };
        // At most 19 digits, so there is room for 38.
        let count = log + 1;
        Number {
            negative: value < 0,
            scale: i32::try_from(count).unwrap_or(0),
            digits: digits * 10_u128.pow(38 - count),
        }
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Number) -> Ordering {
        let size = |n: &Number| {
            (
                n.digits != 0,
                if n.digits == 0 { 0 } else { n.scale },
                n.digits,
            )
        };
        match (self.negative, other.negative) {
            (false, false) => size(self).cmp(&size(other)),
            (true, true) => size(other).cmp(&size(self)),
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
        }
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Number) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn number(text: &str) -> Number {
        Number::parse(text).unwrap()
    }

    #[test]
    fn spellings_of_one_number_are_equal() {
        for (a, b) in [
            ("10", "10.0"),
            ("10", "1e1"),
            ("0.5", ".5"),
            ("5", "5."),
            ("-0", "0"),
            ("007", "7"),
            ("0.00", "0e9"),
            ("+3", "3"),
            ("1200e-2", "12"),
            ("0.001", "1E-3"),
        ] {
            assert_eq!(number(a), number(b), "{a} {b}");
        }
    }

    #[test]
    fn order_is_exact_beyond_floats() {
        for (less, more) in [
            ("9007199254740992", "9007199254740993"),
            ("-2", "-1.5"),
            ("-1", "0"),
            ("0", "0.0001"),
            ("0.09", "0.1"),
            ("9", "10"),
            (
                "99999999999999999999999999999999999998",
                "99999999999999999999999999999999999999",
            ),
            ("-1e5", "-1e4"),
        ] {
            assert!(number(less) < number(more), "{less} {more}");
        }
    }

    #[test]
    fn what_is_not_a_number_is_none() {
        for text in [
            "",
            "-",
            ".",
            "1.2.3",
            "1e",
            "e5",
            "0x10",
            "inf",
            "NaN",
            " 1",
            "1 ",
            "1,5",
            "--1",
            "1e9999999",
            "१",
        ] {
            assert_eq!(Number::parse(text), None, "{text}");
        }
        assert_eq!(Number::parse(&"9".repeat(39)), None);
    }

    proptest! {
        #[test]
        fn whole_numbers_compare_as_they_do_in_rust(a: i64, b: i64) {
            prop_assert_eq!(number(&a.to_string()).cmp(&number(&b.to_string())), a.cmp(&b));
            prop_assert_eq!(number(&a.to_string()), Number::from(a));
        }
    }
}
