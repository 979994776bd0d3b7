//! Tags of buckets and objects.

use s3s::dto::*;
use store::Transaction;

use crate::call::Call;
use crate::door::{Keys, Permit};
use crate::failure::{Answer, BAD_REQUEST, INVALID_ARGUMENT, INVALID_TAG, NO_SUCH_KEY};
use crate::house::{BucketState, House};
use crate::records::{self, Object, scope_of};

/// Most tags of a bucket.
pub(crate) const PER_BUCKET_MAX: usize = 50;

/// Most tags of an object.
pub(crate) const PER_OBJECT_MAX: usize = 10;

const KEY_CHARS_MAX: usize = 128;
const VALUE_CHARS_MAX: usize = 256;

/// Tags as they are shown.
pub(crate) fn shown(tags: &[records::Tag]) -> Vec<Tag> {
    tags.iter()
        .map(|tag| Tag {
            key: Some(tag.key.clone()),
            value: Some(tag.value.clone()),
        })
        .collect()
}

/// Reads a list of tags.
pub(crate) fn read(tags: Vec<Tag>, most: usize) -> Answer<Vec<records::Tag>> {
    let tags = tags
        .into_iter()
        .map(|tag| records::Tag {
            key: tag.key.unwrap_or_default(),
            value: tag.value.unwrap_or_default(),
        })
        .collect();
    check(tags, most)
}

/// Reads the header `x-amz-tagging`, which is written like a query.
pub(crate) fn read_header(text: &str) -> Answer<Vec<records::Tag>> {
    let decodes = |part: &str| {
        let part = part.replace('+', " ");
        let decoded = percent_encoding::percent_decode_str(&part).decode_utf8();
        decoded.map(|text| text.into_owned()).ok()
    };
    let mut tags: Vec<records::Tag> = Vec::new();
    for pair in text.split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        match (decodes(key), decodes(value)) {
            (Some(key), Some(value)) if !tags.iter().any(|tag| tag.key == key) => {
                tags.push(records::Tag { key, value });
            }
            _ => {
                return Err(INVALID_ARGUMENT
                    .say("The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name duplicates.")
                    .with("ArgumentName", "x-amz-tagging")
                    .with("ArgumentValue", text));
            }
        }
    }
    check(tags, PER_OBJECT_MAX)
}

fn check(tags: Vec<records::Tag>, most: usize) -> Answer<Vec<records::Tag>> {
    if tags.len() > most {
        return Err(match most {
            PER_OBJECT_MAX => BAD_REQUEST.say(format!("Object tags cannot be greater than {most}")),
            _ => BAD_REQUEST.say(format!("Bucket tag count cannot be greater than {most}")),
        });
    }
    for (at, tag) in tags.iter().enumerate() {
        let plain = |text: &str| {
            text.chars()
                .all(|c| c.is_alphanumeric() || " +-=._:/@".contains(c))
        };
        let key_chars = tag.key.chars().count();
        if key_chars == 0 || key_chars > KEY_CHARS_MAX || !plain(&tag.key) {
            return Err(INVALID_TAG
                .say("The TagKey you have provided is invalid")
                .with("TagKey", &tag.key));
        }
        if tag.value.chars().count() > VALUE_CHARS_MAX || !plain(&tag.value) {
            return Err(INVALID_TAG
                .say("The TagValue you have provided is invalid")
                .with("TagKey", &tag.key)
                .with("TagValue", &tag.value));
        }
        if tag.key.to_ascii_lowercase().starts_with("aws:") {
            return Err(INVALID_TAG
                .say("System tags cannot be added/updated by requester")
                .with("TagKey", &tag.key));
        }
        if tags.iter().skip(at + 1).any(|other| other.key == tag.key) {
            return Err(INVALID_TAG
                .say("Cannot provide multiple Tags with the same key")
                .with("TagKey", &tag.key));
        }
    }
    Ok(tags)
}

impl House {
    pub(crate) async fn get_object_tagging(
        &self,
        call: &Call,
        input: GetObjectTaggingInput,
    ) -> Answer<GetObjectTaggingOutput> {
        let state = self.enter(call, &input.bucket)?;
        let action = match input.version_id {
            None => "s3:GetObjectTagging",
            Some(_) => "s3:GetObjectVersionTagging",
        };
        let object = self.object_for(
            call,
            &state,
            action,
            &input.key,
            input.version_id.as_deref(),
        )?;
        Ok(GetObjectTaggingOutput {
            tag_set: shown(&object.tags),
            version_id: self.shown_version(&state, &object),
        })
    }

    pub(crate) async fn put_object_tagging(
        &self,
        call: &Call,
        input: PutObjectTaggingInput,
    ) -> Answer<PutObjectTaggingOutput> {
        let state = self.enter(call, &input.bucket)?;
        let action = match input.version_id {
            None => "s3:PutObjectTagging",
            Some(_) => "s3:PutObjectVersionTagging",
        };
        let new = read(input.tagging.tag_set, PER_OBJECT_MAX)?;
        let keys = Keys::new().request_tags(&new);
        let (permit, object) = self.object_to_change(
            call,
            &state,
            action,
            &input.key,
            input.version_id.as_deref(),
            keys,
        )?;
        let version_id = self.shown_version(&state, &object);
        self.set_tags(permit, &state, object, new).await?;
        Ok(PutObjectTaggingOutput { version_id })
    }

    pub(crate) async fn delete_object_tagging(
        &self,
        call: &Call,
        input: DeleteObjectTaggingInput,
    ) -> Answer<DeleteObjectTaggingOutput> {
        let state = self.enter(call, &input.bucket)?;
        let action = match input.version_id {
            None => "s3:DeleteObjectTagging",
            Some(_) => "s3:DeleteObjectVersionTagging",
        };
        let version = input.version_id.as_deref();
        let (permit, object) =
            self.object_to_change(call, &state, action, &input.key, version, Keys::new())?;
        let version_id = self.shown_version(&state, &object);
        self.set_tags(permit, &state, object, Vec::new()).await?;
        Ok(DeleteObjectTaggingOutput { version_id })
    }

    async fn set_tags(
        &self,
        _: Permit,
        state: &BucketState,
        object: Object,
        new: Vec<records::Tag>,
    ) -> Answer<()> {
        use store::Read as _;
        let scope = scope_of(&state.bucket.name);
        self.transact(move |tx: &mut Transaction| {
            let gone = || NO_SUCH_KEY.with("Key", &object.key);
            let mut object: Object = tx.get(&scope, &object.id)?.ok_or_else(gone)?;
            object.tags.clone_from(&new);
            Ok(tx.update(&scope, &object)?)
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tagging_header_reads_like_a_query() {
        let tags = read_header("a=1&b%20c=%C3%A9+x&d").unwrap();
        let pairs: Vec<_> = tags
            .iter()
            .map(|t| (t.key.as_str(), t.value.as_str()))
            .collect();
        assert_eq!(pairs, [("a", "1"), ("b c", "é x"), ("d", "")]);
    }

    #[test]
    fn bad_tags_are_refused_in_s3s_words() {
        let long = format!("{}=1", "k".repeat(129));
        let value = format!("k={}", "v".repeat(257));
        let many: String = (0..11).map(|n| format!("k{n}=v&")).collect();
        for (header, code) in [
            ("a=1&a=2", "InvalidArgument"),
            ("a=%ff", "InvalidArgument"),
            ("=1", "InvalidTag"),
            ("aws:x=1", "InvalidTag"),
            ("a%3C=1", "InvalidTag"),
            (long.as_str(), "InvalidTag"),
            (value.as_str(), "InvalidTag"),
            (many.as_str(), "BadRequest"),
        ] {
            assert_eq!(read_header(header).unwrap_err().code, code, "{header}");
        }
    }
}
