//! Tags: labels on users, roles, policies and sessions.

use serde::{Deserialize, Serialize};

/// A key and a value. Keys of one entity are unique without regard to case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tag {
    /// 1 to 128 characters.
    #[serde(rename = "k")]
    pub key: String,
    /// 0 to 256 characters.
    #[serde(rename = "v")]
    pub value: String,
}

/// Sets each of `new` in `tags`; a key that is there already takes the new value and keeps
/// its spelling's latest form.
pub fn set_tags(tags: &mut Vec<Tag>, new: &[Tag]) {
    for tag in new {
        match tags
            .iter_mut()
            .find(|held| held.key.eq_ignore_ascii_case(&tag.key))
        {
            Some(held) => *held = tag.clone(),
            None => tags.push(tag.clone()),
        }
    }
}

/// Removes every tag whose key is listed, without regard to case.
pub fn remove_tags(tags: &mut Vec<Tag>, keys: &[String]) {
    tags.retain(|tag| !keys.iter().any(|key| key.eq_ignore_ascii_case(&tag.key)));
}

/// Whether two of the keys are the same without regard to case.
pub fn has_duplicate_keys(tags: &[Tag]) -> bool {
    tags.iter().enumerate().any(|(at, tag)| {
        tags.iter()
            .skip(at + 1)
            .any(|other| other.key.eq_ignore_ascii_case(&tag.key))
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
}
