//! Wildcard patterns: `*` is any run of characters, `?` exactly one.
//!
//! A pattern is kept as bytes of UTF-8 with two bytes that UTF-8 never uses standing for
//! the wildcards, so that text put in for a variable can hold `*` and `?` as themselves.
//! Users write patterns, so no pattern may be slow: runs between two `*` are found left
//! to right and never looked for again, which makes the whole at worst quadratic, and
//! linear where no `?` is involved.

use memchr::{memchr, memmem};

use crate::key::load;

/// Stands for `*`. No byte of UTF-8 has this value.
pub(crate) const STAR: u8 = 0xff;
/// Stands for `?`. No byte of UTF-8 has this value.
pub(crate) const ANY: u8 = 0xfe;

/// Turns `*` and `?` of a pattern as written into their stand-ins.
pub(crate) fn encode(pattern: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(pattern.len());
    encode_into(pattern, &mut bytes);
    bytes
}

/// Like [`encode`], appending.
pub(crate) fn encode_into(pattern: &str, bytes: &mut Vec<u8>) {
    bytes.extend(pattern.bytes().map(|byte| match byte {
        b'*' => STAR,
        b'?' => ANY,
        other => other,
    }));
}

/// How many bytes stand before the first wildcard.
pub(crate) fn literal_len(pattern: &[u8]) -> usize {
    pattern
        .iter()
        .position(|byte| *byte >= ANY)
        .unwrap_or(pattern.len())
}

/// Whether the pattern matches the whole text. `text` must be UTF-8.
pub(crate) fn matches(pattern: &[u8], text: &[u8]) -> bool {
    let mut pattern = pattern;
    let mut text = text;
    loop {
        let Some((first, after)) = pattern.split_first() else {
            return text.is_empty();
        };
        pattern = after;
        let rest = match *first {
            STAR => return after.is_empty() || matches_after_star(after, text),
            ANY => skip_char(text),
            byte => text
                .split_first()
                .and_then(|(have, rest)| (*have == byte).then_some(rest)),
        };
        match rest {
            Some(rest) => text = rest,
            None => return false,
        }
    }
}

/// Whether the pattern matches some suffix of the text.
fn matches_after_star(pattern: &[u8], text: &[u8]) -> bool {
    let mut pattern = pattern;
    let mut text = text;
    while let Some(star) = memchr(STAR, pattern) {
        let (run, after) = pattern.split_at(star);
        if !run.is_empty() {
            // The leftmost place is as good as any: the star after it takes the rest.
            match find_run(run, text) {
                Some(rest) => text = rest,
                None => return false,
            }
        }
        pattern = after.split_first().map_or(&[], |(_, after)| after);
    }
    ends_with(pattern, text)
}

/// Whether a run without stars stands at the end of the text.
fn ends_with(run: &[u8], text: &[u8]) -> bool {
    let mut text = text;
    for byte in run.iter().rev() {
        let shorter = if *byte == ANY {
            drop_char(text)
        } else {
            text.split_last()
                .and_then(|(last, rest)| (last == byte).then_some(rest))
        };
        match shorter {
            Some(rest) => text = rest,
            None => return false,
        }
    }
    true
}

/// Finds the leftmost place of a run without stars and gives the text after it.
fn find_run<'t>(run: &[u8], text: &'t [u8]) -> Option<&'t [u8]> {
    if memchr(ANY, run).is_none() {
        let at = memmem::find(text, run)?;
        return text.get(at + run.len()..);
    }
    if text.is_ascii() {
        let end = find_masked(run, text)?;
        return text.get(end..);
    }
    find_by_chars(run, text)
}

/// [`find_run`] in ASCII, where a `?` is one byte: eight bytes are compared at once.
fn find_masked(run: &[u8], text: &[u8]) -> Option<usize> {
    let words: Vec<(u64, u64)> = run
        .chunks(8)
        .map(|chunk| {
            let literal = chunk.iter().map(|b| if *b == ANY { 0 } else { *b });
            let mask = chunk.iter().map(|b| if *b == ANY { 0 } else { 0xff });
            (word(literal), word(mask))
        })
        .collect();
    (0..=text.len().checked_sub(run.len())?)
        .find(|start| {
            let window = text.get(*start..start + run.len()).unwrap_or_default();
            words
                .iter()
                .zip(window.chunks(8))
                .all(|((literal, mask), chunk)| load(chunk) & mask == *literal)
        })
        .map(|start| start + run.len())
}

/// Up to eight bytes as a number, the first lowest.
fn word(bytes: impl DoubleEndedIterator<Item = u8>) -> u64 {
    bytes
        .rev()
        .fold(0, |word, byte| word << 8 | u64::from(byte))
}

/// [`find_run`] in any text, character by character.
fn find_by_chars<'t>(run: &[u8], text: &'t [u8]) -> Option<&'t [u8]> {
    let text_chars: Vec<(usize, u32)> = chars(text).collect();
    let run_chars: Vec<u32> = chars(run).map(|(_, code)| code).collect();
    let windows = text_chars.windows(run_chars.len());
    for (start, window) in windows.enumerate() {
        let same = window
            .iter()
            .zip(&run_chars)
            .all(|((_, have), want)| *want == u32::from(ANY) << 24 || have == want);
        if same {
            let end = text_chars
                .get(start + run_chars.len())
                .map_or(text.len(), |(at, _)| *at);
            return text.get(end..);
        }
    }
    None
}

/// The characters of a text or run: where each starts and its bytes as one number.
fn chars(bytes: &[u8]) -> impl Iterator<Item = (usize, u32)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = bytes.get(at..)?;
        let len = rest.len() - skip_char(rest)?.len();
        let code = (0..4).fold(0, |code, i| {
            let byte = if i < len { rest.get(i).copied() } else { None };
            code << 8 | u32::from(byte.unwrap_or(0))
        });
        let start = at;
        at += len;
        Some((start, code))
    })
}

fn is_continuation(byte: u8) -> bool {
    byte & 0xc0 == 0x80
}

/// The text without its first character.
fn skip_char(text: &[u8]) -> Option<&[u8]> {
    let (_, mut rest) = text.split_first()?;
    while let Some((first, after)) = rest.split_first() {
        if !is_continuation(*first) {
            break;
        }
        rest = after;
    }
    Some(rest)
}

/// The text without its last character.
fn drop_char(text: &[u8]) -> Option<&[u8]> {
    let mut text = text;
    loop {
        let (last, rest) = text.split_last()?;
        text = rest;
        if !is_continuation(*last) {
            return Some(text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn glob(pattern: &str, text: &str) -> bool {
        matches(&encode(pattern), text.as_bytes())
    }

    #[test]
    fn wildcards_match_runs_and_single_characters() {
        for (pattern, text, expected) in [
            ("", "", true),
            ("", "a", false),
            ("*", "", true),
            ("?", "", false),
            ("?", "é", true),
            ("??", "é", false),
            ("a*c", "abbc", true),
            ("a*c", "ab", false),
            ("a*", "a", true),
            ("*a", "ba", true),
            ("a?c", "abc", true),
            ("*?x", "éx", true),
            ("*a?b*", "zza?bzz", true),
            ("*a?b*", "zzaébzz", true),
            ("*a?b*", "zzabzz", false),
            ("ab*ba", "aba", false),
            ("**", "", true),
            ("a**b", "ab", true),
            ("*ab*ab*", "ab", false),
            ("*ab*ab*", "xabab", true),
            ("?*?", "é", false),
            ("?*?", "éé", true),
        ] {
            assert_eq!(glob(pattern, text), expected, "{pattern} {text}");
        }
    }

    /// Tries everything: what the fast matcher must agree with.
    fn naive(pattern: &[char], text: &[char]) -> bool {
        match pattern.split_first() {
            None => text.is_empty(),
            Some(('*', rest)) => (0..=text.len()).any(|skip| naive(rest, &text[skip..])),
            Some((first, rest)) => text.split_first().is_some_and(|(have, after)| {
                (*first == '?' || first == have) && naive(rest, after)
            }),
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4000))]
        #[test]
        fn agrees_with_trying_everything(pattern in "[ab*?é😀]{0,9}", text in "[abé😀]{0,12}") {
            let p: Vec<char> = pattern.chars().collect();
            let t: Vec<char> = text.chars().collect();
            prop_assert_eq!(glob(&pattern, &text), naive(&p, &t));
        }
    }
}
