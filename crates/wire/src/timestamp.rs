//! Moments on the wire.

use std::fmt::Write as _;

use facts::TimestampFormat;
use jiff::Timestamp;
use jiff::tz::TimeZone;

const MILLISECONDS: i64 = 1000;

/// Reads `2026-01-02T03:04:05Z`, with any fraction and offset; or seconds since 1970.
pub(crate) fn read(text: &str) -> Option<i64> {
    let text = text.trim();
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Some(moment.as_millisecond());
    }
    if let Ok(seconds) = text.parse::<f64>() {
        return from_seconds(seconds);
    }
    if let Ok(moment) = jiff::fmt::rfc2822::parse(text) {
        return Some(moment.timestamp().as_millisecond());
    }
    // A moment without an offset is in UTC.
    let civil = text.parse::<jiff::civil::DateTime>().ok()?;
    Some(
        civil
            .to_zoned(TimeZone::UTC)
            .ok()?
            .timestamp()
            .as_millisecond(),
    )
}

/// Milliseconds from seconds with a fraction; nothing outside the years that exist.
pub(crate) fn from_seconds(seconds: f64) -> Option<i64> {
    let milliseconds = (seconds * 1000.0).round();
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the range is checked by the conversion below"
    )]
    let milliseconds = milliseconds as i64;
    seconds.is_finite().then_some(())?;
    Timestamp::from_millisecond(milliseconds)
        .ok()
        .map(Timestamp::as_millisecond)
}

/// Seconds only, as XML answers have it.
pub(crate) fn iso8601_seconds(milliseconds: i64) -> String {
    aws::iso_second(moment(milliseconds))
}

/// Writes a moment in JSON: quoted text, or a number of seconds.
pub(crate) fn write_json(out: &mut String, milliseconds: i64, format: TimestampFormat) {
    let _ = match format {
        TimestampFormat::UnixTimestamp => {
            let (seconds, rest) = (
                milliseconds.div_euclid(MILLISECONDS),
                milliseconds.rem_euclid(MILLISECONDS),
            );
            match rest {
                0 => write!(out, "{seconds}"),
                // Before 1970 a fraction counts forward from a negative second.
                _ if seconds < 0 => write!(out, "-{}.{:03}", -(seconds + 1), MILLISECONDS - rest),
                _ => write!(out, "{seconds}.{rest:03}"),
            }
        }
        TimestampFormat::Iso8601 if milliseconds.rem_euclid(MILLISECONDS) != 0 => {
            write!(
                out,
                "\"{}\"",
                moment(milliseconds).strftime("%Y-%m-%dT%H:%M:%S.%3fZ")
            )
        }
        TimestampFormat::Iso8601 => write!(out, "\"{}\"", iso8601_seconds(milliseconds)),
        TimestampFormat::Rfc822 => write!(out, "\"{}\"", rfc822(milliseconds)),
    };
}

/// `Fri, 02 Jan 2026 03:04:05 GMT`
pub(crate) fn rfc822(milliseconds: i64) -> String {
    moment(milliseconds)
        .strftime("%a, %d %b %Y %H:%M:%S GMT")
        .to_string()
}

/// `Jan 2, 2026, 3:04:05 AM`: how CloudTrail writes moments inside requests and answers.
pub(crate) fn for_audit(milliseconds: i64) -> String {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let time = jiff::tz::Offset::UTC.to_datetime(moment(milliseconds));
    let month = usize::from(time.month().unsigned_abs()) - 1;
    let (half, hour) = match time.hour() {
        0 => ("AM", 12),
        hour @ 1..12 => ("AM", hour),
        12 => ("PM", 12),
        hour => ("PM", hour - 12),
    };
    format!(
        "{} {}, {}, {hour}:{:02}:{:02} {half}",
        MONTHS.get(month).unwrap_or(&""),
        time.day(),
        time.year(),
        time.minute(),
        time.second(),
    )
}

fn moment(milliseconds: i64) -> Timestamp {
    // Only a moment outside the years -9999 to 9999 fails; it is shown as the nearest one.
    Timestamp::from_millisecond(milliseconds).unwrap_or(if milliseconds < 0 {
        Timestamp::MIN
    } else {
        Timestamp::MAX
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_in_every_form_that_clients_send() {
        let moment = Some(1_767_323_045_000);
        assert_eq!(read("2026-01-02T03:04:05Z"), moment);
        assert_eq!(read("2026-01-02T04:04:05+01:00"), moment);
        assert_eq!(read("2026-01-02T03:04:05"), moment);
        assert_eq!(read("1767323045"), moment);
        assert_eq!(read("Fri, 02 Jan 2026 03:04:05 GMT"), moment);
        assert_eq!(read("2026-01-02T03:04:05.250Z"), Some(1_767_323_045_250));
        for nonsense in ["", "yesterday", "NaN", "1e300", "2026-13-01T00:00:00Z"] {
            assert_eq!(read(nonsense), None, "{nonsense}");
        }
    }

    #[test]
    fn moments_are_written_as_each_format_wants_them() {
        let json = |milliseconds, format| {
            let mut out = String::new();
            write_json(&mut out, milliseconds, format);
            out
        };
        assert_eq!(iso8601_seconds(1_767_323_045_999), "2026-01-02T03:04:05Z");
        assert_eq!(
            json(1_767_323_045_000, TimestampFormat::UnixTimestamp),
            "1767323045"
        );
        assert_eq!(
            json(1_767_323_045_050, TimestampFormat::UnixTimestamp),
            "1767323045.050"
        );
        assert_eq!(json(-250, TimestampFormat::UnixTimestamp), "-0.250");
        assert_eq!(json(-1250, TimestampFormat::UnixTimestamp), "-1.250");
        assert_eq!(
            json(1_767_323_045_250, TimestampFormat::Iso8601),
            "\"2026-01-02T03:04:05.250Z\""
        );
        assert_eq!(rfc822(1_767_323_045_000), "Fri, 02 Jan 2026 03:04:05 GMT");
        assert_eq!(for_audit(1_767_323_045_000), "Jan 2, 2026, 3:04:05 AM");
        assert_eq!(for_audit(0), "Jan 1, 1970, 12:00:00 AM");
        assert_eq!(for_audit(1_798_718_399_000), "Dec 31, 2026, 11:59:59 AM");
        assert_eq!(for_audit(1_798_718_400_000), "Dec 31, 2026, 12:00:00 PM");
        assert_eq!(for_audit(1_798_761_599_000), "Dec 31, 2026, 11:59:59 PM");
    }
}
