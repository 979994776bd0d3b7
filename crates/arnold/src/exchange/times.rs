//! Moments as the AWS CLI, its older versions and scripts around its libraries print them.

use aws::Timestamp;

use crate::Failure;

/// Reads `2026-01-02T03:04:05+00:00`, with `Z`, or with a blank in place of the `T`.
pub(super) fn read(text: &str) -> Result<Timestamp, Failure> {
    let text = text.replacen(' ', "T", 1);
    text.parse()
        .map_err(|error| format!("`{text}` is not a moment: {error}").into())
}

/// Writes as the AWS CLI prints.
pub(super) fn print(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S+00:00").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_forms_are_read() {
        for text in [
            "2019-12-18T19:10:08+00:00",
            "2019-12-18T19:10:08Z",
            "2019-12-18 19:10:08+00:00",
        ] {
            assert_eq!(print(read(text).unwrap()), "2019-12-18T19:10:08+00:00");
        }
        assert!(read("yesterday").is_err());
    }
}
