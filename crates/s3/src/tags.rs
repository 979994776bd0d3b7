//! Tags of buckets and objects.

use quick_xml::events::Event;
use s3s::dto::*;
use store::Transaction;

use crate::call::Call;
use crate::door::{Keys, Permit};
use crate::failure::{
    Answer, BAD_REQUEST, INVALID_ARGUMENT, INVALID_TAG, MALFORMED_XML, NO_SUCH_KEY,
};
use crate::house::{BucketState, House};
use crate::records::{self, Object, scope_of};

/// Most tags of a bucket.
pub(crate) const PER_BUCKET_MAX: usize = 50;

/// Most tags of an object.
pub(crate) const PER_OBJECT_MAX: usize = 10;

/// Most units of UTF-16 in a key and in a value: S3 counts rare characters twice.
const KEY_UNITS_MAX: usize = 128;
const VALUE_UNITS_MAX: usize = 256;

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
        .map(|tag| match (tag.key, tag.value) {
            (Some(key), Some(value)) => Ok(records::Tag { key, value }),
            // The schema wants both, though they may be empty.
            _ => Err(MALFORMED_XML.into()),
        })
        .collect::<Answer<Vec<_>>>()?;
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
            // A bare `=` in a value is a sign of another way of writing lists.
            (Some(key), Some(value))
                if !pair.split_once('=').is_some_and(|(_, v)| v.contains('='))
                    && !tags.iter().any(|tag| tag.key == key) =>
            {
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

/// Reads the tags that a new bucket's configuration brings, which the library passes over.
pub(crate) fn read_document(document: &[u8]) -> Answer<Vec<records::Tag>> {
    // What is no document at all the library refuses.
    let (tags, _is_whole) = read_list(document, &[b"Tags"])?;
    if tags
        .iter()
        .any(|tag: &records::Tag| tag.key.to_ascii_lowercase().starts_with("aws:"))
    {
        return Err(INVALID_TAG.say("User-defined tag keys can't start with \"aws:\". This prefix is reserved for system tags. Remove \"aws:\" from your tag keys and try again."));
    }
    check(tags, PER_BUCKET_MAX)
}

/// The document `Tagging` that a form brings, as the header that says the same.
pub(crate) fn header_of(document: &str) -> Answer<String> {
    let list: [&[u8]; 2] = [b"Tagging", b"TagSet"];
    let (tags, Whole(true)) = read_list(document.as_bytes(), &list)? else {
        return Err(MALFORMED_XML.into());
    };
    let encode = |text: &str| percent_encoding::utf8_percent_encode(text, EVERYTHING).to_string();
    let pairs: Vec<String> = check(tags, PER_OBJECT_MAX)?
        .iter()
        .map(|tag| format!("{}={}", encode(&tag.key), encode(&tag.value)))
        .collect();
    Ok(pairs.join("&"))
}

/// What the header's values are encoded with.
const EVERYTHING: &percent_encoding::AsciiSet = percent_encoding::NON_ALPHANUMERIC;

/// Whether a document was well-formed to its end and had the list in it.
struct Whole(bool);

/// Reads the tags of a list, up to where the document breaks off.
fn read_list(document: &[u8], list: &[&[u8]]) -> Answer<(Vec<records::Tag>, Whole)> {
    let below = |names: &[&'static [u8]]| [list, names].concat();
    let (one, key, value) = (
        below(&[b"Tag"]),
        below(&[b"Tag", b"Key"]),
        below(&[b"Tag", b"Value"]),
    );
    let mut reader = quick_xml::Reader::from_reader(document);
    let mut path: Vec<Vec<u8>> = Vec::new();
    let mut tags = Vec::new();
    let mut tag: (Option<String>, Option<String>) = (None, None);
    let mut has_list = false;
    let note = |path: &[Vec<u8>], tag: &mut (Option<String>, Option<String>), text: &str| {
        if is_at(path, &key) {
            tag.0.get_or_insert_default().push_str(text);
        } else if is_at(path, &value) {
            tag.1.get_or_insert_default().push_str(text);
        }
    };
    loop {
        match reader.read_event() {
            Ok(Event::Start(start)) => path.push(start.local_name().as_ref().to_vec()),
            Ok(Event::Text(text)) => {
                let text = text.decode().map_err(|_| MALFORMED_XML)?;
                note(&path, &mut tag, &text);
            }
            Ok(Event::GeneralRef(entity)) => {
                let name = entity.decode().map_err(|_| MALFORMED_XML)?;
                let text = quick_xml::escape::unescape(&format!("&{name};"))
                    .map_err(|_| MALFORMED_XML)?
                    .into_owned();
                note(&path, &mut tag, &text);
            }
            Ok(Event::End(_)) => {
                has_list |= is_at(&path, list);
                if is_at(&path, &one) {
                    match std::mem::take(&mut tag) {
                        (Some(key), Some(value)) => tags.push(records::Tag { key, value }),
                        _ => return Err(MALFORMED_XML.into()),
                    }
                } else if is_at(&path, &value) && tag.1.is_none() {
                    tag.1 = Some(String::new());
                }
                path.pop();
            }
            Ok(Event::Empty(empty)) => {
                path.push(empty.local_name().as_ref().to_vec());
                has_list |= is_at(&path, list);
                path.pop();
            }
            Ok(Event::Eof) => return Ok((tags, Whole(has_list && path.is_empty()))),
            Err(_) => return Ok((tags, Whole(false))),
            Ok(_) => {}
        }
    }
}

fn is_at(path: &[Vec<u8>], tail: &[&[u8]]) -> bool {
    path.len() >= tail.len()
        && path
            .iter()
            .rev()
            .zip(tail.iter().rev())
            .all(|(a, b)| a.as_slice() == *b)
}

/// What a bucket's tag is told that only looks like one of the system's.
const RESERVED: &str = "Invalid Tag. Tags cannot start with \"aws:\"(case insensitive) unless they are System Tags that start with \"aws:\"(case sensitive)";

/// A space, or what else Unicode has to separate words, lines and paragraphs: whitespace
/// that is no control character.
fn is_separator(c: char) -> bool {
    c.is_whitespace() && !c.is_control()
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
                .all(|c| c.is_alphanumeric() || is_separator(c) || "+-=._:/@".contains(c))
        };
        let key_units = tag.key.encode_utf16().count();
        if key_units == 0 || key_units > KEY_UNITS_MAX || !plain(&tag.key) {
            return Err(INVALID_TAG
                .say("The TagKey you have provided is invalid")
                .with("TagKey", &tag.key));
        }
        if tag.value.encode_utf16().count() > VALUE_UNITS_MAX || !plain(&tag.value) {
            return Err(INVALID_TAG
                .say("The TagValue you have provided is invalid")
                .with("TagKey", &tag.key)
                .with("TagValue", &tag.value));
        }
        if tag.key.to_ascii_lowercase().starts_with("aws:") {
            return Err(INVALID_TAG
                .say(match most {
                    PER_OBJECT_MAX => "Your TagKey cannot be prefixed with aws:",
                    _ if tag.key.starts_with("aws:") => {
                        "System tags cannot be added/updated by requester"
                    }
                    _ => RESERVED,
                })
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
        let object = self
            .object_for(
                call,
                &state,
                action,
                &input.key,
                input.version_id.as_deref(),
            )
            .map_err(|mut failure| {
                // This operation alone names the key with its bucket.
                for (_, value) in failure
                    .details
                    .iter_mut()
                    .filter(|(name, _)| *name == "Key")
                {
                    *value = format!("{}/{value}", input.bucket);
                }
                failure
            })?;
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
        self.set_tags(permit, &state, &object, new).await?;
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
        self.set_tags(permit, &state, &object, Vec::new()).await?;
        Ok(DeleteObjectTaggingOutput { version_id })
    }

    async fn set_tags(
        &self,
        _: Permit,
        state: &BucketState,
        object: &Object,
        new: Vec<records::Tag>,
    ) -> Answer<()> {
        use store::Read as _;
        let scope = scope_of(&state.bucket.name);
        let (id, key) = (object.id.clone(), object.key.clone());
        self.transact(move |tx: &mut Transaction| {
            let gone = || NO_SUCH_KEY.with("Key", &key);
            let mut object: Object = tx.get(&scope, &id)?.ok_or_else(gone)?;
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
    fn tags_of_a_bucket_are_read_as_recorded_from_aws() {
        let read_one = |key: &str, value: &str| {
            let tag = Tag {
                key: Some(key.to_owned()),
                value: Some(value.to_owned()),
            };
            read(vec![tag], PER_BUCKET_MAX).map_err(|failure| failure.message.into_owned())
        };
        let rare = |count: usize| "\u{10400}".repeat(count);
        for (key, value) in [
            ("é中١", "é中١"),
            ("space +-=._:/@", "space +-=._:/@"),
            ("key\u{a0}", "value\u{a0}"),
            ("key\u{2003}", "value\u{2003}"),
            ("key\u{2028}", "value\u{2028}"),
            ("ordinary", "aws:owned"),
            (&rare(64), &rare(128)),
        ] {
            assert!(read_one(key, value).is_ok(), "{key}");
        }
        let no_key = "The TagKey you have provided is invalid";
        let no_value = "The TagValue you have provided is invalid";
        for (key, value, message) in [
            (rare(65).as_str(), "value", no_key),
            ("value", &rare(129), no_value),
            ("key,", "value", no_key),
            ("key", "value%", no_value),
            ("key\n", "value", no_key),
            (
                "aws:owned",
                "value",
                "System tags cannot be added/updated by requester",
            ),
            ("AWS:owned", "value", RESERVED),
            ("aWs:owned", "value", RESERVED),
        ] {
            assert_eq!(read_one(key, value).unwrap_err(), message, "{key}");
        }
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
            ("a=1,b=2", "InvalidArgument"),
            ("a%3C=1", "InvalidTag"),
            (long.as_str(), "InvalidTag"),
            (value.as_str(), "InvalidTag"),
            (many.as_str(), "BadRequest"),
        ] {
            assert_eq!(read_header(header).unwrap_err().code, code, "{header}");
        }
    }
}
