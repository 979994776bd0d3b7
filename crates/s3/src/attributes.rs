//! `GetObjectAttributes`: what is known of an object, without its bytes.

use s3s::dto::*;

use crate::buckets::shown;
use crate::call::Call;
use crate::checksums::Checksum as Sum;
use crate::door::{Keys, On};
use crate::failure::{Answer, INVALID_ARGUMENT, INVALID_REQUEST};
use crate::house::{BucketState, House};
use crate::records::{Object, Place};
use crate::writing::{kind_of, with_checksum};

const PARTS_PAGE_MAX: i32 = 1000;

impl House {
    pub(crate) async fn get_object_attributes(
        &self,
        call: &Call,
        input: GetObjectAttributesInput,
    ) -> Answer<GetObjectAttributesOutput> {
        let state = self.enter(call, &input.bucket)?;
        let version = input.version_id.as_deref();
        let (read, attributes) = match version {
            None => ("s3:GetObject", "s3:GetObjectAttributes"),
            Some(_) => ("s3:GetObjectVersion", "s3:GetObjectVersionAttributes"),
        };
        let object = self.object_for(call, &state, read, &input.key, version)?;
        let keys = Keys::new()
            .maybe("s3:VersionId", version)
            .existing_tags(&object.tags);
        self.ask(call, &state, attributes, On::Key(&input.key), keys)?;

        let mut wanted = Vec::new();
        // One header may list several.
        for names in &input.object_attributes {
            for name in names.as_str().split(',').map(str::trim) {
                match name {
                    "ETag" | "Checksum" | "ObjectParts" | "StorageClass" | "ObjectSize" => {
                        wanted.push(name)
                    }
                    _ => {
                        return Err(INVALID_ARGUMENT
                            .say("Invalid attribute name specified.")
                            .with("ArgumentName", "x-amz-object-attributes")
                            .with("ArgumentValue", name));
                    }
                }
            }
        }
        if wanted.is_empty() {
            return Err(INVALID_REQUEST
                .say("The x-amz-object-attributes header specifying the attributes to be retrieved is either missing or empty"));
        }
        let wants = |name: &str| wanted.contains(&name);
        let checksum = object.checksum.as_ref();
        call.rewrite(in_order);
        Ok(GetObjectAttributesOutput {
            e_tag: wants("ETag").then(|| ETag::Strong(object.etag.clone())),
            checksum: checksum.filter(|_| wants("Checksum")).map(|checksum| {
                // Here S3 leaves out of how many parts it was made.
                let bare = checksum.value.split('-').next().unwrap_or_default();
                let bare = Sum {
                    value: bare.to_owned(),
                    ..checksum.clone()
                };
                with_checksum!(
                    Checksum {
                        checksum_type: kind_of(Some(checksum))
                    },
                    Some(&bare)
                )
            }),
            object_parts: match (&object.place, wants("ObjectParts")) {
                (Place::Parts(_), true) => {
                    Some(self.parts(&state, &object, input.max_parts, input.part_number_marker)?)
                }
                _ => None,
            },
            object_size: if wants("ObjectSize") {
                i64::try_from(object.size).ok()
            } else {
                None
            },
            storage_class: wants("StorageClass").then(|| object.storage_class.clone().into()),
            last_modified: Some(shown(object.modified)),
            version_id: self.shown_version(&state, &object),
            delete_marker: None,
            request_charged: None,
        })
    }

    fn parts(
        &self,
        state: &BucketState,
        object: &Object,
        limit: Option<i32>,
        marker: Option<i32>,
    ) -> Answer<GetObjectAttributesParts> {
        let pieces = self.pieces(state, object)?;
        let total = i32::try_from(pieces.len()).ok();
        // Only checksums that were given part by part are listed part by part.
        let listed = object
            .checksum
            .as_ref()
            .is_some_and(|_| pieces.iter().any(|piece| piece.checksum.is_some()));
        let asked = limit.unwrap_or(PARTS_PAGE_MAX);
        let limit = asked.clamp(0, PARTS_PAGE_MAX);
        let marker = marker.unwrap_or(0);
        let mut rest = pieces
            .iter()
            .filter(|piece| i64::from(piece.number) > i64::from(marker))
            .peekable();
        let mut parts: Vec<ObjectPart> = Vec::new();
        while listed
            && parts.len() < limit.unsigned_abs() as usize
            && let Some(piece) = rest.next()
        {
            let checksum =
                object
                    .checksum
                    .as_ref()
                    .zip(piece.checksum.clone())
                    .map(|(sum, value)| Sum {
                        value,
                        ..sum.clone()
                    });
            parts.push(with_checksum!(
                ObjectPart {
                    part_number: i32::try_from(piece.number).ok(),
                    size: i64::try_from(piece.size).ok(),
                },
                checksum.as_ref()
            ));
        }
        // Of a page of none S3 says that there are no more.
        let more = listed && asked != 0 && rest.peek().is_some();
        Ok(GetObjectAttributesParts {
            is_truncated: listed.then_some(more),
            max_parts: listed.then_some(asked),
            next_part_number_marker: listed
                .then(|| parts.last().and_then(|part| part.part_number).unwrap_or(0)),
            part_number_marker: listed.then_some(marker),
            parts: listed.then_some(parts),
            total_parts_count: total,
        })
    }
}

/// Puts the elements in S3's order, and the entity tag without its quotes.
fn in_order(text: String) -> String {
    let Some(start) = text.find("<GetObjectAttributesResponse").and_then(|at| {
        let rest = text.get(at..)?;
        Some(at + rest.find('>')? + 1)
    }) else {
        return text;
    };
    let (head, rest) = text.split_at(start);
    let (etag, rest) = take_element(rest, "ETag");
    let (storage_class, rest) = take_element(&rest, "StorageClass");
    let etag = etag.replace(['"'], "").replace("&quot;", "");
    let mark = if rest.contains("<ObjectSize>") {
        "<ObjectSize>"
    } else {
        "</GetObjectAttributesResponse>"
    };
    let rest = rest.replacen(mark, &format!("{storage_class}{mark}"), 1);
    format!("{head}{etag}{rest}")
}

/// Cuts an element out.
fn take_element(text: &str, name: &str) -> (String, String) {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let found = text
        .find(&open)
        .zip(text.find(&close).map(|at| at + close.len()));
    match found
        .and_then(|(from, to)| Some((text.get(..from)?, text.get(from..to)?, text.get(to..)?)))
    {
        Some((before, element, after)) => (element.to_owned(), format!("{before}{after}")),
        None => (String::new(), text.to_owned()),
    }
}
