//! The moment of signing, as text and as a number.

use std::fmt;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// `20260102T030405Z`, and the second since 1970 that it names.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    text: [u8; 16],
    second: i64,
}

impl Stamp {
    /// The stamp of a second; years before 0 and after 9999 have none.
    pub(crate) fn of(second: i64) -> Option<Stamp> {
        let time = jiff::Timestamp::from_second(second)
            .ok()?
            .to_zoned(TimeZone::UTC)
            .datetime();
        let year = u32::try_from(time.year()).ok()?;
        let mut text = *b"00000000T000000Z";
        let (date, clock) = text.split_at_mut(9);
        write(date.get_mut(..4)?, year);
        write(date.get_mut(4..6)?, narrow(time.month())?);
        write(date.get_mut(6..8)?, narrow(time.day())?);
        write(clock.get_mut(..2)?, narrow(time.hour())?);
        write(clock.get_mut(2..4)?, narrow(time.minute())?);
        write(clock.get_mut(4..6)?, narrow(time.second())?);
        Some(Stamp { text, second })
    }

    /// Reads the basic form of ISO 8601, the only one that signatures are made with.
    pub(crate) fn read(text: &str) -> Option<Stamp> {
        let bytes: [u8; 16] = text.as_bytes().try_into().ok()?;
        let [y @ .., b'T', h1, h2, m1, m2, s1, s2, b'Z'] = bytes else {
            return None;
        };
        let [y1, y2, y3, y4, o1, o2, d1, d2] = y;
        let year = number(&[y1, y2, y3, y4])?;
        let time = DateTime::new(
            year,
            i8::try_from(number(&[o1, o2])?).ok()?,
            i8::try_from(number(&[d1, d2])?).ok()?,
            i8::try_from(number(&[h1, h2])?).ok()?,
            i8::try_from(number(&[m1, m2])?).ok()?,
            i8::try_from(number(&[s1, s2])?).ok()?,
            0,
        )
        .ok()?;
        let second = time.to_zoned(TimeZone::UTC).ok()?.timestamp().as_second();
        Some(Stamp {
            text: bytes,
            second,
        })
    }

    /// Reads a `Date` header, for clients that sign with it in place of `x-amz-date`.
    pub(crate) fn read_http(text: &str) -> Option<Stamp> {
        Stamp::read(text).or_else(|| {
            let time = jiff::fmt::rfc2822::parse(text).ok()?;
            Stamp::of(time.timestamp().as_second())
        })
    }

    pub(crate) fn second(&self) -> i64 {
        self.second
    }

    pub(crate) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.text).unwrap_or_default()
    }

    /// `20260102`.
    pub(crate) fn date(&self) -> &str {
        self.as_str().get(..8).unwrap_or_default()
    }
}

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The basic form of any second, for messages.
pub(crate) fn basic(second: i64) -> String {
    Stamp::of(second).map_or_else(|| second.to_string(), |stamp| stamp.to_string())
}

/// The extended form, `2026-01-02T03:04:05Z`, as S3 writes times in errors.
pub(crate) fn extended(second: i64) -> String {
    jiff::Timestamp::from_second(second)
        .map_or_else(|_out_of_range| second.to_string(), |time| time.to_string())
}

fn narrow(value: i8) -> Option<u32> {
    u32::try_from(value).ok()
}

fn write(place: &mut [u8], mut value: u32) {
    for digit in place.iter_mut().rev() {
        *digit = b'0' + (value % 10) as u8;
        value /= 10;
    }
}

fn number(digits: &[u8]) -> Option<i16> {
    digits.iter().try_fold(0i16, |sum, digit| {
        digit
            .is_ascii_digit()
            .then(|| sum * 10 + i16::from(digit - b'0'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_date_header_is_read_in_its_own_form() {
        let stamp = Stamp::read_http("Sun, 30 Aug 2015 12:36:00 GMT").unwrap();
        assert_eq!(stamp.as_str(), "20150830T123600Z");
        assert_eq!(stamp.date(), "20150830");
    }

    #[test]
    fn what_is_no_moment_is_not_read() {
        for text in [
            "",
            "20150830",
            "20150830T123600",
            "20150830t123600Z",
            "20150830T123600z",
            "20150230T123600Z",
            "20151330T123600Z",
            "20150830T243600Z",
            "20150830T126000Z",
            "2015-08-30T12:36:00Z",
            "20150830T123600ZZ",
            "+0150830T123600Z",
            "٢0150830T12360Z",
        ] {
            assert!(Stamp::read(text).is_none(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_second_of_this_era_comes_back(second in -62_000_000_000i64..250_000_000_000) {
            let stamp = Stamp::of(second).unwrap();
            prop_assert_eq!(Stamp::read(stamp.as_str()).unwrap().second(), second);
        }
    }
}
