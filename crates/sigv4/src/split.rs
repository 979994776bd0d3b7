//! Cutting texts at a byte, many of them in every request.

use memchr::memchr;

/// What stands before the first such byte, and what after it. `at` is ASCII.
pub(crate) fn cut(text: &str, at: u8) -> Option<(&str, &str)> {
    let (before, rest) = text.split_at_checked(memchr(at, text.as_bytes())?)?;
    Some((before, rest.get(1..).unwrap_or_default()))
}

/// The pieces between such bytes; one more than there are of them. `at` is ASCII.
pub(crate) fn split(text: &str, at: u8) -> impl Iterator<Item = &str> {
    let mut left = Some(text);
    std::iter::from_fn(move || {
        let text = left?;
        let (piece, rest) = match cut(text, at) {
            Some((piece, rest)) => (piece, Some(rest)),
            None => (text, None),
        };
        left = rest;
        Some(piece)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn texts_are_cut_as_the_standard_library_cuts_them(text in "[aé,]{0,12}") {
            prop_assert_eq!(cut(&text, b','), text.split_once(','));
            let pieces: Vec<_> = split(&text, b',').collect();
            prop_assert_eq!(pieces, text.split(',').collect::<Vec<_>>());
        }
    }
}
