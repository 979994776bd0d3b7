//! Where the next page begins, as text that travels through clients.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::StoreError;
use crate::engine::Entry;
use crate::record::KEY_BYTES_MAX;

/// Longest text that can be a cursor: a value and an id, their border, in base64.
const CURSOR_BYTES_MAX: usize = (2 * KEY_BYTES_MAX + 8) / 3 * 4 + 4;

/// Writes the last entry of a page down.
pub(crate) fn print(entry: &Entry) -> String {
    let Entry { value, id } = entry;
    URL_SAFE_NO_PAD.encode(format!("{}:{value}{id}", value.len()))
}

/// Reads what [`print`] wrote. Anything else is refused; what is well-formed but made up
/// is only another place to begin, never a way out of the range that is asked for.
pub(crate) fn parse(text: &str) -> Result<Entry, StoreError> {
    (text.len() <= CURSOR_BYTES_MAX)
        .then(|| URL_SAFE_NO_PAD.decode(text).ok())
        .flatten()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .and_then(|plain| {
            let (border, rest) = plain.split_once(':')?;
            let (value, id) = rest.split_at_checked(border.parse().ok()?)?;
            Some(Entry {
                value: value.to_owned(),
                id: id.to_owned(),
            })
        })
        .ok_or(StoreError::Cursor)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_printed_is_parsed(value in ".*", id in ".*") {
            let entry = Entry { value, id };
            prop_assert_eq!(parse(&print(&entry)).unwrap(), entry);
        }

        #[test]
        fn no_text_makes_the_parser_fall_over(text in ".{0,80}", bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            let _ = parse(&text);
            let _ = parse(&URL_SAFE_NO_PAD.encode(bytes));
        }
    }

    #[test]
    fn longest_keys_fit() {
        let entry = Entry {
            value: "v".repeat(KEY_BYTES_MAX),
            id: "i".repeat(KEY_BYTES_MAX),
        };
        assert_eq!(parse(&print(&entry)).unwrap(), entry);
    }

    #[test]
    fn foreign_text_is_refused_as_no_cursor() {
        for text in ["", "!", "OTk6eA", "eA", "LTE6eA", &"A".repeat(30_000)] {
            assert!(matches!(parse(text), Err(StoreError::Cursor)), "{text}");
        }
    }
}
