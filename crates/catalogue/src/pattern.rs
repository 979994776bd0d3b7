//! Patterns of names: `*` is any run of characters, `?` one character, case does not matter.

/// Whether a pattern matches the whole of a name. The time is at most their product.
#[must_use]
pub fn matches(pattern: &str, name: &str) -> bool {
    let (mut pattern, mut name) = (pattern.as_bytes(), name.as_bytes());
    // Where to go on when what follows the last star did not match: the pattern behind the
    // star, and the name less one more byte.
    let mut retry: Option<(&[u8], &[u8])> = None;
    loop {
        match (pattern.split_first(), name.split_first()) {
            (Some((b'*', rest)), _) => {
                retry = Some((rest, name));
                pattern = rest;
            }
            (Some((wanted, rest)), Some((found, left)))
                if *wanted == b'?' || wanted.eq_ignore_ascii_case(found) =>
            {
                (pattern, name) = (rest, left);
            }
            (None, None) => return true,
            _ => {
                let Some((after_star, (_, left))) =
                    retry.and_then(|(rest, from)| Some((rest, from.split_first()?)))
                else {
                    return false;
                };
                retry = Some((after_star, left));
                (pattern, name) = (after_star, left);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn stars_and_question_marks() {
        for (pattern, name, expected) in [
            ("*", "", true),
            ("", "", true),
            ("", "a", false),
            ("get*", "GetObject", true),
            ("Get?bject", "GetObject", true),
            ("Get?", "Get", false),
            ("*Object", "GetObjectObject", true),
            ("*a*b", "xaxxb", true),
            ("*a*b", "xbxxa", false),
            ("**", "x", true),
            ("GetObject", "GetObjectAcl", false),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn no_pattern_takes_long() {
        let name = "a".repeat(2_000);
        assert!(!matches(&format!("{}b", "*a".repeat(900)), &name));
    }
}
