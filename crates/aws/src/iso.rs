//! Moments as AWS writes them.

use jiff::Timestamp;
use jiff::tz::Offset;

/// `2026-01-02T03:04:05Z`: ISO 8601 in UTC, cut to the second.
pub fn iso_second(moment: Timestamp) -> String {
    let time = Offset::UTC.to_datetime(moment);
    let Ok(year) = u8::try_from(time.year() / 100) else {
        // Years before 0 are nobody's, and longer.
        return moment.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    };
    let mut text = String::with_capacity("2026-01-02T03:04:05Z".len());
    let mut put = |before: &str, number: u8| {
        text.push_str(before);
        text.push(char::from(b'0' + number / 10));
        text.push(char::from(b'0' + number % 10));
    };
    // None of these is negative, and none has three digits.
    let small = |number: i8| number.unsigned_abs();
    put("", year);
    put("", small((time.year() % 100) as i8));
    put("-", small(time.month()));
    put("-", small(time.day()));
    put("T", small(time.hour()));
    put(":", small(time.minute()));
    put(":", small(time.second()));
    text.push('Z');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_as_jiff_writes_them() {
        // Far apart and without a common measure, so that every part of a date comes up.
        for n in 0..20_000i64 {
            let second = n * 12_613_711 - 60_000_000_000;
            let moment = Timestamp::from_second(second).unwrap();
            assert_eq!(iso_second(moment), moment.to_string());
        }
        let cut = Timestamp::from_millisecond(-1).unwrap();
        assert_eq!(iso_second(cut), "1969-12-31T23:59:59Z");
        assert_eq!(iso_second(Timestamp::MAX), "9999-12-30T22:00:00Z");
        assert_eq!(iso_second(Timestamp::MIN), "-9999-01-02T01:59:59Z");
    }
}
