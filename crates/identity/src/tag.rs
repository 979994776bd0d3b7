//! Tags: labels on users, roles, policies and sessions.

use serde::{Deserialize, Serialize};

/// A key and a value. Keys of one entity are unique without regard to case, of whatever
/// alphabet: a policy's `aws:PrincipalTag/KEY` does not tell them apart either.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tag {
    /// 1 to 128 characters.
    #[serde(rename = "k")]
    pub key: String,
    /// 0 to 256 characters.
    #[serde(rename = "v")]
    pub value: String,
}

/// What AWS keeps tag keys to itself by.
const RESERVED_PREFIX: &str = "aws:";

impl Tag {
    /// Whether this is the tag of that key, without regard to case.
    pub fn has_key(&self, key: &str) -> bool {
        // The same fold as the policy engine's, or two tags here could be one key there, and
        // the one that is set last would hide the other.
        if self.key.is_ascii() && key.is_ascii() {
            return self.key.eq_ignore_ascii_case(key);
        }
        self.key.to_lowercase() == key.to_lowercase()
    }

    /// Whether only AWS may set it: its key begins with `aws:`, in any case.
    pub fn is_reserved(&self) -> bool {
        self.key.to_lowercase().starts_with(RESERVED_PREFIX)
    }
}

/// Sets each of `new` in `tags`; a key that is there already takes the new value and keeps
/// its spelling's latest form.
pub fn set_tags(tags: &mut Vec<Tag>, new: &[Tag]) {
    for tag in new {
        match tags.iter_mut().find(|held| held.has_key(&tag.key)) {
            Some(held) => *held = tag.clone(),
            None => tags.push(tag.clone()),
        }
    }
}

/// Removes every tag whose key is listed, without regard to case.
pub fn remove_tags(tags: &mut Vec<Tag>, keys: &[String]) {
    tags.retain(|tag| !keys.iter().any(|key| tag.has_key(key)));
}

/// Whether two of the keys are the same without regard to case.
pub fn has_duplicate_keys(tags: &[Tag]) -> bool {
    tags.iter().enumerate().any(|(at, tag)| {
        tags.iter()
            .skip(at + 1)
            .any(|other| other.has_key(&tag.key))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(key: &str, value: &str) -> Tag {
        Tag {
            key: key.into(),
            value: value.into(),
        }
    }

    #[test]
    fn keys_ignore_case() {
        let mut tags = vec![tag("Team", "red")];
        set_tags(&mut tags, &[tag("team", "blue"), tag("cost", "1")]);
        assert_eq!(tags, [tag("team", "blue"), tag("cost", "1")]);
        assert!(has_duplicate_keys(&[tag("A", ""), tag("a", "")]));
        remove_tags(&mut tags, &["TEAM".into()]);
        assert_eq!(tags, [tag("cost", "1")]);
    }

    #[test]
    fn keys_ignore_case_in_every_alphabet() {
        // The last is the Kelvin sign, whose small letter is the Latin k.
        for (one, other) in [
            ("Größe", "GRÖSSE"),
            ("ÉQUIPE", "équipe"),
            ("kin", "\u{212A}in"),
        ] {
            let same = one.to_lowercase() == other.to_lowercase();
            assert_eq!(has_duplicate_keys(&[tag(one, ""), tag(other, "")]), same);
            let mut tags = vec![tag(one, "1")];
            set_tags(&mut tags, &[tag(other, "2")]);
            assert_eq!(tags.len(), if same { 1 } else { 2 }, "{one} {other}");
        }
    }

    #[test]
    fn what_begins_with_aws_is_reserved_in_any_case() {
        for key in ["aws:x", "AWS:x", "Aws:"] {
            assert!(tag(key, "").is_reserved(), "{key}");
        }
        for key in ["aws", "aws-x", "x:aws:", "a ws:"] {
            assert!(!tag(key, "").is_reserved(), "{key}");
        }
    }
}
