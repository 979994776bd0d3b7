//! Uploads that were put together already: whoever asks again, because the first answer was lost,
//! is told the same.

use s3s::dto::*;
use store::Read as _;

use crate::call::Call;
use crate::completing::{etag_of_parts, given_sums};
use crate::failure::{Answer, INVALID_REQUEST, MALFORMED_XML};
use crate::house::{BucketState, House};
use crate::records::{Object, scope_of};
use crate::writing::encryption;

/// What stays as it is in a path.
const PATH: &percent_encoding::AsciiSet = &percent_encoding::NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

impl House {
    /// The version that an upload made of this bucket's key, if it is still there.
    pub(crate) fn made_by(&self, place: (&str, &str), upload: &str) -> Answer<Option<Object>> {
        let (bucket, key) = place;
        let made: Option<Object> = self
            .store
            .read()
            .find(&scope_of(bucket), "upload", upload)?;
        Ok(made.filter(|object| object.key == key))
    }

    /// Whether these are the parts of which an upload made the object.
    pub(crate) fn is_made_of(
        &self,
        state: &BucketState,
        object: &Object,
        listed: &[CompletedPart],
    ) -> Answer<bool> {
        let etags = listed
            .iter()
            .map(|part| part.e_tag.as_ref().map_or("", ETag::value));
        if etag_of_parts(etags).as_deref() != Some(&object.etag) {
            return Ok(false);
        }
        let algorithm = object.checksum.as_ref().map(|checksum| checksum.algorithm);
        let pieces = self.pieces(state, object)?;
        Ok(pieces.len() == listed.len()
            && pieces.iter().zip(listed).all(|(piece, part)| {
                let kept = piece.checksum.as_deref();
                part.part_number.map(i64::from) == Some(i64::from(piece.number))
                    && given_sums(part).iter().all(|(named, given)| {
                        given.is_none() || Some(*named) == algorithm && given.as_deref() == kept
                    })
            }))
    }
}

/// The parts that a request lists.
pub(crate) fn listed_parts(
    call: &Call,
    list: Option<CompletedMultipartUpload>,
) -> Answer<Vec<CompletedPart>> {
    let parts = list.and_then(|list| list.parts).unwrap_or_default();
    match (parts.is_empty(), call.document().is_empty()) {
        (false, _) => Ok(parts),
        (true, true) => Err(INVALID_REQUEST.say("You must specify at least one part")),
        (true, false) => Err(MALFORMED_XML.into()),
    }
}

/// What is said of the object that came of an upload, but for its checksum.
pub(crate) fn completed(
    call: &Call,
    (bucket, key): (&str, &str),
    etag: &str,
    version: Option<ObjectVersionId>,
) -> CompleteMultipartUploadOutput {
    let host = call.header("host").unwrap_or("s3.amazonaws.com");
    let path = format!("/{bucket}/{key}");
    let path = percent_encoding::utf8_percent_encode(&path, PATH);
    CompleteMultipartUploadOutput {
        bucket: Some(bucket.to_owned()),
        e_tag: Some(ETag::Strong(etag.to_owned())),
        key: Some(key.to_owned()),
        location: Some(format!("http://{host}{path}")),
        server_side_encryption: encryption(),
        version_id: version,
        ..Default::default()
    }
}
