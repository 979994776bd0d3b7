//! Session tags: attributes that a provider hands over to the session.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::refusal::Refusal;

/// The claim that holds tags as one object.
pub(crate) const TAGS: &str = "https://aws.amazon.com/tags";

/// The same, spread over several claims, for providers that cannot nest objects.
const PRINCIPAL_TAG_PREFIX: &str = "https://aws.amazon.com/tags/principal_tags/";
const TRANSITIVE_KEYS: &str = "https://aws.amazon.com/tags/transitive_tag_keys";

/// Tags that a token asks to put on the session. Their number and lengths are for the
/// caller to judge.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SessionTags {
    /// Values by key.
    pub tags: BTreeMap<String, String>,
    /// Keys of tags that later sessions of a chain inherit.
    pub transitive_keys: Vec<String>,
}

impl SessionTags {
    /// Reads the tags in either form. A malformed one refuses the token: a tag that was
    /// meant to restrict must not be lost.
    pub(crate) fn read(claims: &Map<String, Value>) -> Result<SessionTags, Refusal> {
        let malformed = || Refusal::MalformedClaim(TAGS);
        let mut read = SessionTags::default();
        if let Some(nested) = claims.get(TAGS) {
            let nested = nested.as_object().ok_or_else(malformed)?;
            if let Some(tags) = nested.get("principal_tags") {
                for (key, value) in tags.as_object().ok_or_else(malformed)? {
                    read.add(key, value)?;
                }
            }
            if let Some(keys) = nested.get("transitive_tag_keys") {
                read.add_transitive(keys)?;
            }
        }
        for (name, value) in claims {
            if let Some(key) = name.strip_prefix(PRINCIPAL_TAG_PREFIX) {
                read.add(key, value)?;
            }
        }
        if let Some(keys) = claims.get(TRANSITIVE_KEYS) {
            read.add_transitive(keys)?;
        }
        Ok(read)
    }

    fn add(&mut self, key: &str, value: &Value) -> Result<(), Refusal> {
        let value = match value {
            Value::String(value) => value,
            Value::Array(values) => match values.as_slice() {
                [Value::String(value)] => value,
                _ => return Err(Refusal::MalformedClaim(TAGS)),
            },
            _ => return Err(Refusal::MalformedClaim(TAGS)),
        };
        match self.tags.insert(key.to_owned(), value.clone()) {
            None => Ok(()),
            Some(_) => Err(Refusal::MalformedClaim(TAGS)),
        }
    }

    fn add_transitive(&mut self, keys: &Value) -> Result<(), Refusal> {
        let malformed = || Refusal::MalformedClaim(TAGS);
        for key in keys.as_array().ok_or_else(malformed)? {
            let key = key.as_str().ok_or_else(malformed)?;
            self.transitive_keys.push(key.to_owned());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<SessionTags, Refusal> {
        SessionTags::read(&serde_json::from_str(text).unwrap())
    }

    #[test]
    fn both_forms_mean_the_same() {
        let nested = read(
            r#"{"https://aws.amazon.com/tags":{
                "principal_tags":{"Project":["Automation"],"CostCenter":["987"]},
                "transitive_tag_keys":["Project"]}}"#,
        )
        .unwrap();
        let flat = read(
            r#"{"https://aws.amazon.com/tags/principal_tags/Project":"Automation",
                "https://aws.amazon.com/tags/principal_tags/CostCenter":["987"],
                "https://aws.amazon.com/tags/transitive_tag_keys":["Project"]}"#,
        )
        .unwrap();
        assert_eq!(nested, flat);
        assert_eq!(nested.tags["Project"], "Automation");
        assert_eq!(nested.transitive_keys, ["Project"]);
        assert_eq!(read("{}").unwrap(), SessionTags::default());
    }

    #[test]
    fn malformed_tags_refuse_the_token() {
        for text in [
            r#"{"https://aws.amazon.com/tags":"x"}"#,
            r#"{"https://aws.amazon.com/tags":{"principal_tags":[]}}"#,
            r#"{"https://aws.amazon.com/tags":{"principal_tags":{"a":["x","y"]}}}"#,
            r#"{"https://aws.amazon.com/tags":{"principal_tags":{"a":[]}}}"#,
            r#"{"https://aws.amazon.com/tags":{"principal_tags":{"a":1}}}"#,
            r#"{"https://aws.amazon.com/tags":{"transitive_tag_keys":"a"}}"#,
            r#"{"https://aws.amazon.com/tags":{"transitive_tag_keys":[1]}}"#,
            r#"{"https://aws.amazon.com/tags":{"principal_tags":{"a":["x"]}},
                "https://aws.amazon.com/tags/principal_tags/a":"y"}"#,
        ] {
            assert!(
                matches!(read(text), Err(Refusal::MalformedClaim(name)) if name == TAGS),
                "{text}"
            );
        }
    }
}
