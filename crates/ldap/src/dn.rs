//! Distinguished names, read so that two spellings of one name are the same.

use std::fmt;

/// The longest name that is read, in bytes.
const DN_BYTES_MAX: usize = 8_192;

/// A distinguished name. Compared as directories compare names: without regard to case, to
/// spaces around and to how characters are escaped.
#[derive(Debug, Clone)]
pub struct Dn {
    text: String,
    /// From the entry up: each part's attributes and values, sorted, in lower case.
    parts: Vec<Vec<(String, String)>>,
}

/// A text that is no name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a distinguished name, like `cn=admins,ou=groups,dc=corp,dc=example`")]
pub struct NotADn(String);

impl Dn {
    /// Reads a name (RFC 4514). An empty one, which would be nobody's, is none.
    pub fn parse(text: &str) -> Result<Dn, NotADn> {
        let fault = || NotADn(text.chars().take(255).collect());
        if text.len() > DN_BYTES_MAX {
            return Err(fault());
        }
        let mut parts = Vec::new();
        for part in split(text, b",").ok_or_else(fault)? {
            let mut pairs = Vec::new();
            for pair in split(part, b"+").ok_or_else(fault)? {
                pairs.push(attribute(pair).ok_or_else(fault)?);
            }
            pairs.sort();
            parts.push(pairs);
        }
        Ok(Dn {
            text: text.to_owned(),
            parts,
        })
    }

    /// The name as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// How many parts it has.
    #[cfg(test)]
    pub(crate) fn depth(&self) -> usize {
        self.parts.len()
    }

    /// Whether one of its values is this one.
    pub(crate) fn has_value(&self, value: &str) -> bool {
        self.parts.iter().flatten().any(|(_, found)| found == value)
    }
}

impl PartialEq for Dn {
    fn eq(&self, other: &Dn) -> bool {
        self.parts == other.parts
    }
}

impl Eq for Dn {}

impl std::hash::Hash for Dn {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.parts.hash(state);
    }
}

impl fmt::Display for Dn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Cuts at separators that are not escaped.
fn split<'a>(text: &'a str, separator: &[u8; 1]) -> Option<Vec<&'a str>> {
    let mut pieces = Vec::new();
    let mut begin = 0;
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            // RFC 2253 let values stand in quotes and parts behind semicolons: read by one
            // reader and not by another, a name could be two.
            b'"' | b';' | b'<' | b'>' | 0 => return None,
            _ if [byte] == *separator => {
                pieces.push(text.get(begin..at)?);
                begin = at + 1;
            }
            _ => {}
        }
    }
    pieces.push(text.get(begin..)?);
    (!escaped).then_some(pieces)
}

/// An attribute and its value, as they are compared.
fn attribute(pair: &str) -> Option<(String, String)> {
    let (name, value) = pair.split_once('=')?;
    let name = name.trim().to_ascii_lowercase();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
    if name.is_empty() || !name.bytes().all(plain) {
        return None;
    }
    let value = unescape(value)?;
    // Directories fold spaces within a value too (RFC 4518 §2.6.1).
    let words: Vec<&str> = value.split(' ').filter(|word| !word.is_empty()).collect();
    let value = words.join(" ").to_lowercase();
    (!value.is_empty()).then_some((name, value))
}

fn unescape(value: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.trim_start_matches(' ').bytes();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        let first = rest.next()?;
        match char::from(first).to_digit(16) {
            Some(high) => {
                let low = char::from(rest.next()?).to_digit(16)?;
                bytes.push(u8::try_from(high * 16 + low).ok()?);
            }
            None if first.is_ascii_punctuation() || first == b' ' => bytes.push(first),
            None => return None,
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dn(text: &str) -> Dn {
        Dn::parse(text).unwrap()
    }

    #[test]
    fn spellings_of_one_name_are_the_same() {
        let admins = dn("cn=Admins, West,ou=groups,dc=corp"
            .replace(", W", "\\, W")
            .as_str());
        for other in [
            "CN=admins\\2c west,OU=Groups,DC=corp",
            "cn=admins\\,  west , ou=groups , dc=corp",
            "cn = ADMINS\\2C\\20West,ou=groups,dc=corp",
        ] {
            assert_eq!(dn(other), admins, "{other}");
        }
        assert_eq!(dn("cn=a+uid=b,dc=x"), dn("UID=B+CN=A,dc=x"));
    }

    #[test]
    fn other_names_are_others() {
        let admins = dn("cn=admins,ou=groups,dc=corp");
        for other in [
            "cn=admins,dc=corp",
            "cn=admins,ou=groups,dc=corp,dc=corp",
            "cn=admins\\,ou=groups,dc=corp",
            "ou=admins,ou=groups,dc=corp",
            "cn=admins+cn=x,ou=groups,dc=corp",
        ] {
            assert_ne!(dn(other), admins, "{other}");
        }
    }

    #[test]
    fn what_readers_could_read_differently_is_no_name() {
        for text in [
            "",
            "admins",
            "cn=",
            "cn=a,",
            ",cn=a",
            "=a",
            "cn=\"a,b\"",
            "cn=a;ou=b",
            "cn=a\\",
            "cn=a\\2",
            "cn=a\\zz",
            "cn=a\0",
            "c n=a",
        ] {
            assert!(Dn::parse(text).is_err(), "{text:?}");
        }
    }
}
