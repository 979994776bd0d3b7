//! Times of SAML: `xs:dateTime` in UTC (SAML core §1.3.3).

/// Seconds since 1970, fractions cut off; nothing if it is not a time in UTC.
pub(crate) fn parse(text: &str) -> Option<i64> {
    let text = crate::tree::collapsed(text);
    let plain = text
        .strip_suffix('Z')
        .or_else(|| text.strip_suffix("+00:00"))?;
    let (whole, fraction) = plain.split_once('.').unwrap_or((plain, "0"));
    let is_shaped = whole.len() == 19
        && whole.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            10 => byte == b'T',
            13 | 16 => byte == b':',
            _ => byte.is_ascii_digit(),
        });
    let is_fraction =
        (1..=30).contains(&fraction.len()) && fraction.bytes().all(|byte| byte.is_ascii_digit());
    if !is_shaped || !is_fraction {
        return None;
    }
    // A leap second would be taken for the second before it.
    if whole.get(17..).is_none_or(|seconds| seconds > "59") {
        return None;
    }
    let moment: jiff::civil::DateTime = whole.parse().ok()?;
    let zoned = moment.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(zoned.timestamp().as_second())
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn times_in_utc_are_read() {
        assert_eq!(parse("1970-01-01T00:00:10Z"), Some(10));
        assert_eq!(parse(" 1970-01-01T00:01:00.9999999Z "), Some(60));
        assert_eq!(parse("1970-01-02T00:00:00+00:00"), Some(86_400));
    }

    #[test]
    fn nothing_else_is_a_time() {
        for text in [
            "",
            "1970-01-01",
            "1970-01-01T00:00:10",
            "1970-01-01T00:00:10+01:00",
            "1970-01-01 00:00:10Z",
            "1970-13-01T00:00:10Z",
            "1970-01-01T00:00:60Z",
            "1970-01-01T00:00:10.Z",
            "19700-01-01T00:00:10Z",
            "-1970-01-01T00:00:10Z",
            "1970-01-01T00:00:10Zx",
            "1970-01-01T00:00:10.1.1Z",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
