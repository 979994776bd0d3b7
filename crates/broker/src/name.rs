//! Names that STS takes for sessions and source identities.

/// A text that cannot name a session.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` cannot name a session: STS takes 2 to 64 letters, digits and characters of `_+=,.@-`"
)]
pub struct NotAName(String);

/// The most characters of a session's name or a source identity.
const NAME_CHARS_MAX: usize = 64;

/// The name of somebody's session. It is taken as it is or not at all: a changed one could be
/// somebody else's.
pub(crate) fn session_name(name: &str, suffix: &str) -> Result<String, NotAName> {
    let full = format!("{name}{suffix}");
    let allowed = |character: char| {
        character.is_ascii_alphanumeric()
            || matches!(character, '_' | '+' | '=' | ',' | '.' | '@' | '-')
    };
    let sized = (2..=NAME_CHARS_MAX).contains(&full.len());
    if name.is_empty() || !sized || !full.chars().all(allowed) {
        return Err(NotAName(full.chars().take(NAME_CHARS_MAX).collect()));
    }
    Ok(full)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_taken_as_it_is_or_not_at_all() {
        assert_eq!(session_name("ana", "").unwrap(), "ana");
        assert_eq!(session_name("ana", "@corp").unwrap(), "ana@corp");
        assert_eq!(session_name("a", "@corp").unwrap(), "a@corp");
        assert!(session_name(&"a".repeat(64), "").is_ok());
        for (name, suffix) in [
            ("", ""),
            ("", "@corp"),
            ("a", ""),
            ("Ana Smith", ""),
            ("an\u{e1}", ""),
            ("corp\\ana", ""),
            ("ana:admin", ""),
            ("ana/admin", ""),
        ] {
            assert!(session_name(name, suffix).is_err(), "{name}{suffix}");
        }
        assert!(session_name(&"a".repeat(60), "@corp").is_err());
    }
}
