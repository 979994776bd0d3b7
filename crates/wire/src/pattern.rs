//! The models' patterns. They are written for Java; `regex` speaks another dialect.

use std::fmt::Write as _;
use std::sync::{LazyLock, OnceLock};

use facts::{PATTERNS, Pattern};
use regex::{Regex, RegexBuilder};

/// Memory for one compiled pattern; the largest of the models needs a third of it.
const COMPILED_BYTES_MAX: usize = 16 << 20;

/// Patterns with look-around, which `regex` has not, and what says the same: all must match.
const REWRITTEN: &[(&str, &[&str])] = &[
    (
        r"(-?)P(?=\d|T\d)(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)([DW]))?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?",
        &[
            r"-?P(?:\d+Y)?(?:\d+M)?(?:\d+[DW])?(?:T(?:\d+H)?(?:\d+M)?(?:\d+(?:\.\d+)?S)?)?",
            // The look-ahead: a digit comes next, at once or after the T.
            r"-?PT?\d.*",
        ],
    ),
    (
        r"^[0-9A-Za-z\.\-_]*(?<!\.)$",
        &[r"(?:[0-9A-Za-z.\-_]*[0-9A-Za-z\-_])?"],
    ),
    (
        r"^[a-z0-9]([a-z0-9]|-(?!-)){1,61}[a-z0-9]$",
        &[r"[a-z0-9](?:-?[a-z0-9])*", r".{3,63}"],
    ),
];

/// A compiled pattern: all of these, or nothing if it cannot be compiled, which a test rules out.
type Compiled = Option<Box<[Regex]>>;

static COMPILED: LazyLock<Box<[OnceLock<Compiled>]>> =
    LazyLock::new(|| PATTERNS.iter().map(|_| OnceLock::new()).collect());

/// Whether the whole text matches. Each pattern is compiled when it is first asked for.
pub(crate) fn matches(pattern: Pattern, text: &str) -> bool {
    let Some(place) = COMPILED.get(pattern.index) else {
        return false;
    };
    match place.get_or_init(|| compile(pattern.text)) {
        Some(all) => all.iter().all(|regex| regex.is_match(text)),
        None => false,
    }
}

fn compile(pattern: &str) -> Compiled {
    let rewritten = REWRITTEN
        .iter()
        .find(|(java, _)| *java == pattern)
        .map(|(_, all)| *all);
    rewritten
        .unwrap_or(&[pattern])
        .iter()
        .map(|pattern| compile_one(pattern).ok())
        .collect()
}

fn compile_one(pattern: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(&format!(r"\A(?:{})\z", translate(pattern)))
        .size_limit(COMPILED_BYTES_MAX)
        .build()
}

/// Java's dialect into ours, for what the models use of it.
///
/// `\w`, `\d` and `\s` are ASCII in Java; its `.` stops at more line ends; `\uXXXX` takes exactly
/// four digits, and two of them may be one character in surrogates.
fn translate(java: &str) -> String {
    let dot_is_all = java.starts_with("(?s)");
    let mut out = String::new();
    let mut rest = java.chars().peekable();
    let mut class_depth = 0_usize;
    while let Some(character) = rest.next() {
        match character {
            '\\' => match rest.next() {
                Some('u') => unicode(&mut out, &mut rest),
                Some(letter) => escape(&mut out, letter, class_depth > 0),
                None => out.push('\\'),
            },
            '[' => {
                class_depth += 1;
                out.push('[');
            }
            ']' => {
                class_depth = class_depth.saturating_sub(1);
                out.push(']');
            }
            '.' if class_depth == 0 && !dot_is_all => {
                out.push_str(r"[^\n\r\u{85}\u{2028}\u{2029}]")
            }
            // `--` and `~~` in a class are operators for us and plain characters for Java.
            '-' | '~' if class_depth > 0 && rest.peek() == Some(&character) => {
                out.push('\\');
                out.push(character);
            }
            _ => out.push(character),
        }
    }
    out
}

fn escape(out: &mut String, letter: char, in_class: bool) {
    let (set, negated) = match letter {
        'w' => ("0-9A-Z_a-z", false),
        'd' => ("0-9", false),
        's' => (r" \t\n\x0B\f\r", false),
        'W' => ("0-9A-Z_a-z", true),
        'D' => ("0-9", true),
        'S' => (r" \t\n\x0B\f\r", true),
        _ => {
            out.push('\\');
            out.push(letter);
            return;
        }
    };
    let _ = match (in_class, negated) {
        (true, false) => write!(out, "{set}"),
        (false, false) => write!(out, "[{set}]"),
        (_, true) => write!(out, "[^{set}]"),
    };
}

/// What follows `\u`: four digits, or four and the other surrogate.
fn unicode(out: &mut String, rest: &mut (impl Iterator<Item = char> + Clone)) {
    let digits = |rest: &mut dyn Iterator<Item = char>| {
        let text: String = rest.take(4).collect();
        u32::from_str_radix(&text, 16).unwrap_or(0xFFFD)
    };
    let mut code = digits(rest);
    if (0xD800..0xDC00).contains(&code) {
        let mut ahead = rest.clone();
        if ahead.next() == Some('\\') && ahead.next() == Some('u') {
            let low = digits(&mut ahead);
            code = 0x10000 + ((code - 0xD800) << 10) + (low.wrapping_sub(0xDC00) & 0x3FF);
            rest.nth(5);
        }
    }
    let _ = write!(out, "\\u{{{code:X}}}");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> Pattern {
        let index = PATTERNS
            .iter()
            .position(|pattern| *pattern == text)
            .unwrap();
        Pattern {
            index,
            text: PATTERNS[index],
        }
    }

    #[test]
    fn every_pattern_of_every_model_compiles() {
        for text in PATTERNS {
            let rewritten = REWRITTEN
                .iter()
                .find(|(java, _)| java == text)
                .map(|(_, all)| *all);
            for one in rewritten.unwrap_or(&[text]) {
                if let Err(error) = compile_one(one) {
                    panic!("{text}\n{}\n{error}", translate(one));
                }
            }
        }
    }

    #[test]
    fn every_rewritten_pattern_is_still_in_a_model() {
        for (java, _) in REWRITTEN {
            assert!(PATTERNS.contains(java), "{java}");
        }
    }

    #[test]
    fn classes_are_ascii_as_in_java() {
        let name = pattern(r"[\w+=,.@-]+");
        assert!(matches(name, "a.b-C_9"));
        assert!(!matches(name, "é"));
        assert!(!matches(name, "a\n"));
        assert!(!matches(name, ""));
    }

    #[test]
    fn four_digit_escapes_keep_supplementary_characters_out_as_aws_does() {
        let arn = pattern(
            r"[\u0009\u000A\u000D\u0020-\u007E\u0085\u00A0-\uD7FF\uE000-\uFFFD\u10000-\u10FFFF]+",
        );
        assert!(matches(arn, "é"));
        assert!(!matches(arn, "😀"));
    }

    #[test]
    fn surrogates_in_pairs_are_one_character() {
        let text = pattern(r"[\u0020-\uD7FF\uE000-\uFFFD\uD800\uDC00-\uDBFF\uDFFF\t]*");
        assert!(matches(text, "a😀\u{10FFFF}"));
        assert!(!matches(text, "\n"));
    }

    #[test]
    fn look_around_is_rewritten_to_say_the_same() {
        let alias = pattern(r"^[a-z0-9]([a-z0-9]|-(?!-)){1,61}[a-z0-9]$");
        for (good, text) in [
            (true, "a-b"),
            (true, "abc"),
            (false, "ab"),
            (false, "a--b"),
            (false, "-ab"),
            (false, "ab-"),
        ] {
            assert_eq!(matches(alias, text), good, "{text}");
        }
        assert!(matches(alias, &"a".repeat(63)));
        assert!(!matches(alias, &"a".repeat(64)));
        let duration = PATTERNS
            .iter()
            .find(|text| text.starts_with("(-?)P"))
            .map(|text| pattern(text))
            .unwrap();
        for (good, text) in [
            (true, "PT8H"),
            (true, "P1DT2H"),
            (true, "P1D"),
            (false, "P"),
            (false, "PT"),
            (false, "8H"),
        ] {
            assert_eq!(matches(duration, text), good, "{text}");
        }
        let dotless = pattern(r"^[0-9A-Za-z\.\-_]*(?<!\.)$");
        for (good, text) in [(true, "a.b"), (true, ""), (false, "a."), (false, ".")] {
            assert_eq!(matches(dotless, text), good, "{text}");
        }
    }
}
