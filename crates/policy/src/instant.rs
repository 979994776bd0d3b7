//! Instants: the W3C forms of ISO 8601, and seconds since 1970.

/// A moment, to the millisecond: AWS compares no finer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Instant {
    epoch_s: i64,
    millisecond: u32,
}

const DAY_S: i64 = 86_400;

impl Instant {
    pub(crate) fn from_epoch(epoch_s: i64) -> Instant {
        Instant {
            epoch_s,
            millisecond: 0,
        }
    }

    /// Reads `2020`, `2020-01`, `2020-01-31`, `2020-01-31T10:15[:30[.5]](Z|+01:00)` or
    /// seconds since 1970. Four digits are a year. A time without a zone is in UTC.
    pub(crate) fn parse(text: &str) -> Option<Instant> {
        let bytes = text.as_bytes();
        let digits_only = bytes.iter().all(u8::is_ascii_digit);
        if (digits_only && bytes.len() != 4)
            || matches!(bytes.first(), Some(b'-' | b'+'))
            || is_fraction(bytes)
        {
            return parse_epoch(bytes);
        }
        let mut reader = Reader { rest: bytes };
        let year = reader.digits(4)?;
        let mut month = 1;
        let mut day = 1;
        let mut second_of_day = 0;
        let mut millisecond = 0;
        if reader.take(b'-') {
            month = reader.digits(2)?;
            if reader.take(b'-') {
                day = reader.digits(2)?;
                if reader.take(b'T') || reader.take(b't') {
                    (second_of_day, millisecond) = reader.time()?;
                    second_of_day -= reader.zone()?;
                }
            }
        }
        let exists = (1..=12).contains(&month) && (1..=days_in(year, month)).contains(&day);
        if !reader.rest.is_empty() || !exists {
            return None;
        }
        Some(Instant {
            epoch_s: days_from_epoch(year, month, day) * DAY_S + second_of_day,
            millisecond,
        })
    }
}

/// Whether a text is digits, a point and digits.
fn is_fraction(bytes: &[u8]) -> bool {
    bytes.contains(&b'.') && bytes.iter().all(|b| b.is_ascii_digit() || *b == b'.')
}

fn parse_epoch(bytes: &[u8]) -> Option<Instant> {
    let (negative, bytes) = match bytes.strip_prefix(b"-") {
        Some(rest) => (true, rest),
        None => (false, bytes.strip_prefix(b"+").unwrap_or(bytes)),
    };
    let mut reader = Reader { rest: bytes };
    let len = bytes.iter().take_while(|b| b.is_ascii_digit()).count();
    if len == 0 || len > 18 {
        return None;
    }
    let whole = reader.digits(len)?;
    let millisecond = reader.fraction()?;
    if !reader.rest.is_empty() {
        return None;
    }
    Some(match (negative, millisecond) {
        (false, _) => Instant {
            epoch_s: whole,
            millisecond,
        },
        (true, 0) => Instant::from_epoch(-whole),
        (true, _) => Instant {
            epoch_s: -whole - 1,
            millisecond: 1_000 - millisecond,
        },
    })
}

struct Reader<'t> {
    rest: &'t [u8],
}

impl Reader<'_> {
    fn take(&mut self, byte: u8) -> bool {
        match self.rest.split_first() {
            Some((first, rest)) if *first == byte => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    /// Exactly `count` digits, at most 18 of them.
    fn digits(&mut self, count: usize) -> Option<i64> {
        let (digits, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        digits.iter().try_fold(0, |value, byte| match byte {
            b'0'..=b'9' => Some(value * 10 + i64::from(byte - b'0')),
            _ => None,
        })
    }

    /// `hh:mm[:ss[.s]]`, as second of the day and millisecond.
    fn time(&mut self) -> Option<(i64, u32)> {
        let hour = self.digits(2)?;
        if !self.take(b':') {
            return None;
        }
        let minute = self.digits(2)?;
        let mut second = 0;
        let mut millisecond = 0;
        if self.take(b':') {
            second = self.digits(2)?;
            millisecond = self.fraction()?;
        }
        let exists = hour <= 23 && minute <= 59 && second <= 59;
        exists.then_some((hour * 3600 + minute * 60 + second, millisecond))
    }

    /// An optional fraction of a second; digits after the third are dropped.
    fn fraction(&mut self) -> Option<u32> {
        if !self.take(b'.') {
            return Some(0);
        }
        let len = self.rest.iter().take_while(|b| b.is_ascii_digit()).count();
        let (digits, rest) = self.rest.split_at_checked(len)?;
        self.rest = rest;
        if digits.is_empty() {
            return None;
        }
        let padded = digits.iter().copied().chain(std::iter::repeat(b'0'));
        Some(
            padded
                .take(3)
                .fold(0, |value, byte| value * 10 + u32::from(byte - b'0')),
        )
    }

    /// The zone's offset in seconds.
    fn zone(&mut self) -> Option<i64> {
        if self.rest.is_empty() || self.take(b'Z') || self.take(b'z') {
            return Some(0);
        }
        let sign = match (self.take(b'+'), self.take(b'-')) {
            (true, false) => 1,
            (false, true) => -1,
            _ => return None,
        };
        let hour = self.digits(2)?;
        let colon = self.take(b':');
        let minute = if colon || !self.rest.is_empty() {
            self.digits(2)?
        } else {
            0
        };
        (hour <= 23 && minute <= 59).then_some(sign * (hour * 3600 + minute * 60))
    }
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01. Years are counted from March so that the leap day comes last.
fn days_from_epoch(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let month_from_march = (month + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    // 719,468 days lie between 0000-03-01 and 1970-01-01.
    year * 365 + leap_days + day_of_year - 719_468
}

/// An instant as AWS writes it: `2020-01-31T10:15:30Z`.
pub(crate) fn to_text(epoch_s: i64) -> String {
    let days = epoch_s.div_euclid(DAY_S) + 719_468;
    let second = epoch_s.rem_euclid(DAY_S);
    // The inverse of `days_from_epoch`, by eras of 400 years (146,097 days).
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12 + 1;
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn instant(text: &str) -> Instant {
        Instant::parse(text).unwrap_or_else(|| panic!("{text}"))
    }

    #[test]
    fn forms_of_one_instant_are_equal() {
        for (a, b) in [
            ("2020-01-01T01:00:02+01:00", "2020-01-01T00:00:02Z"),
            ("2020-01-01T00:00:01Z", "1577836801"),
            ("2020", "2020-01-01T00:00Z"),
            ("2020-03", "2020-03-01"),
            ("2019-12-31T22:30-01:30", "2020-01-01"),
            ("2020-01-01T00:00:00.5Z", "1577836800.50"),
            ("1969-12-31T23:59:59.75Z", "-0.25"),
            ("0", "1970-01-01"),
            // As IAM compared them on September 12, 2026.
            ("2030-01-01T00:00:00.0001Z", "2030-01-01T00:00:00Z"),
            ("2030-01-01T00:00:00.1231Z", "2030-01-01T00:00:00.1239Z"),
            ("2030-01-01T00:00:00", "+1893456000"),
        ] {
            assert_eq!(instant(a), instant(b), "{a} {b}");
        }
        assert!(instant("2020-02-29") < instant("2020-03-01T00:00:00.001Z"));
        assert!(instant("-1") < instant("0"));
    }

    #[test]
    fn what_is_not_an_instant_is_none() {
        for text in [
            "",
            "-",
            "+",
            "+-1",
            "2020-13",
            "2020-02-30",
            "2019-02-29",
            "2020-1-1",
            "2020-01-01T",
            "now",
            "2020-01-01T24:00Z",
            "2020-01-01T00:00:60Z",
            "2020-01-01T00:00:00.Z",
            "2020-01-01Z",
            "2020-01-01T00:00:00+1",
            "20200101T000000Z",
            "1577836801x",
            " 2020",
            "1e9",
            "2020-01-01T00:00:00ZZ",
        ] {
            assert_eq!(Instant::parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn text_and_seconds_are_inverse(epoch_s in -62_135_596_800_i64..253_402_300_800) {
            prop_assert_eq!(instant(&to_text(epoch_s)), Instant::from_epoch(epoch_s));
        }
    }
}
