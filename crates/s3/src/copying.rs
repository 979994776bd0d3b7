//! Copying objects.

use std::sync::Arc;

use futures::StreamExt as _;
use s3s::dto::*;

use crate::buckets::shown;
use crate::call::Call;
use crate::checksums::{Algorithm, Claim};
use crate::door::{Keys, On};
use crate::failure::{
    Answer, Failure, INVALID_ARGUMENT, INVALID_BUCKET_NAME, INVALID_OBJECT_STATE, INVALID_REQUEST,
};
use crate::house::{BucketState, House};
use crate::kept::KeptObject;
use crate::names::is_bucket_name;
use crate::receive::{INLINE_BYTES_MAX, Length, Order, Received, UPLOAD_BYTES_MAX};
use crate::records::{NULL_VERSION, Tag};
use crate::request::not_implemented;
use crate::writing::{Wish, check_write_headers, encryption, kind_of, with_checksum};

const SELF_COPY: &str = "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.";

/// The object that a copy takes from.
pub(crate) struct Source {
    pub(crate) state: Arc<BucketState>,
    pub(crate) object: Arc<KeptObject>,
    /// The version that was named.
    pub(crate) version: Option<String>,
}

impl Source {
    /// The version's name, if it has one of its own.
    pub(crate) fn shown_version(&self) -> Option<String> {
        (self.object.version != NULL_VERSION).then(|| self.object.version.clone())
    }
}

impl House {
    /// Finds the source of a copy, and asks whether the caller may read it. Its own bucket's
    /// policy counts.
    pub(crate) fn source(&self, call: &Call, source: &CopySource) -> Answer<Source> {
        let CopySource::Bucket {
            bucket,
            key,
            version_id,
        } = source
        else {
            return Err(not_implemented());
        };
        if !is_bucket_name(bucket) {
            return Err(INVALID_BUCKET_NAME.with("BucketName", bucket.as_ref()));
        }
        let state = self.enter_source(call, bucket)?;
        let version = version_id.as_deref();
        let action = match version {
            None => "s3:GetObject",
            Some(_) => "s3:GetObjectVersion",
        };
        let object = self.object_for(call, &state, action, key, version).map_err(|failure| match failure.status {
            405 => INVALID_REQUEST.say("The source of a copy request may not specifically refer to a delete marker by version id."),
            _ => failure,
        })?;
        if matches!(object.storage_class.as_str(), "GLACIER" | "DEEP_ARCHIVE") {
            return Err(INVALID_OBJECT_STATE.with("StorageClass", &object.storage_class));
        }
        call.source_conditions
            .check_copy_source(&object.etag, object.modified, call.now)?;
        Ok(Source {
            state,
            object,
            version: version_id.as_deref().map(str::to_owned),
        })
    }

    /// Reads a part of the source and takes it in again.
    pub(crate) async fn receive_from(
        &self,
        call: &Call,
        source: &Source,
        (offset, length): (u64, u64),
        order: Order<'_>,
    ) -> Answer<Received> {
        let bytes = self
            .bytes_of(&source.state, &source.object, offset, length)
            .map_err(Failure::internal)?;
        let bytes = bytes.map(|chunk| chunk.map_err(Failure::internal));
        self.receive(bytes, Length::Exactly(length), order, &call.witness)
            .await
    }

    pub(crate) async fn copy_object(
        &self,
        call: &Call,
        input: CopyObjectInput,
    ) -> Answer<CopyObjectOutput> {
        let target = self.enter(call, &input.bucket)?;
        let source = self.source(call, &input.copy_source)?;
        let metadata = directive(
            input
                .metadata_directive
                .as_ref()
                .map(MetadataDirective::as_str),
            "x-amz-metadata-directive",
        )?;
        let tagging = directive(
            input
                .tagging_directive
                .as_ref()
                .map(TaggingDirective::as_str),
            "x-amz-tagging-directive",
        )?;

        let mut wish = Wish::read(call)?;
        if !tagging {
            wish.tags = self.copied_tags(call, &source)?;
        }
        let permit = self.ask_to_write(call, &target, &input.key, &wish.tags)?;
        let same = source.state.bucket.name == input.bucket
            && source.object.key == input.key
            && source.version.is_none();
        let changes = [
            "x-amz-storage-class",
            "x-amz-website-redirect-location",
            "x-amz-server-side-encryption",
        ]
        .iter()
        .any(|name| call.headers.contains_key(*name));
        if same && !metadata && !changes && !source.state.bucket.encryption {
            return Err(INVALID_REQUEST.say(SELF_COPY));
        }
        check_write_headers(call)?;
        if source.object.size > UPLOAD_BYTES_MAX {
            return Err(INVALID_REQUEST.say(format!(
                "The specified copy source is larger than the maximum allowable size for a copy source: {UPLOAD_BYTES_MAX}"
            )));
        }
        if !metadata {
            let redirect = wish.attributes.redirect.take();
            wish.attributes = source.object.attributes.clone();
            wish.attributes.redirect = redirect;
        }
        // Conditions on the target speak of what is there; those on the source are checked.
        self.check_write_early(call, &target, &input.key)?;

        let algorithm = match &input.checksum_algorithm {
            Some(name) => Algorithm::from_name(name.as_str()).ok_or_else(unknown_algorithm)?,
            None => source
                .object
                .checksum
                .as_ref()
                .map_or(Algorithm::Crc64Nvme, |checksum| checksum.algorithm),
        };
        let order = Order {
            bucket: &input.bucket,
            claim: &Claim::default(),
            wanted: &[algorithm],
            inline_bytes_max: Some(INLINE_BYTES_MAX),
        };
        let received = self
            .receive_from(call, &source, (0, source.object.size), order)
            .await?;
        let mut object = wish.object(self.new_id(), &input.key, call);
        object.checksum = received.tallied.checksum(algorithm);
        let (checksum, etag) = (object.checksum.clone(), received.etag());
        let changed = self
            .commit(permit, call, &input.bucket, object, received)
            .await?;

        let result = with_checksum!(
            CopyObjectResult {
                checksum_type: kind_of(checksum.as_ref()),
                e_tag: Some(ETag::Strong(etag)),
                last_modified: Some(shown(call.now)),
            },
            checksum.as_ref()
        );
        Ok(CopyObjectOutput {
            copy_object_result: Some(result),
            copy_source_version_id: source.shown_version(),
            server_side_encryption: encryption(),
            version_id: changed.version,
            ..Default::default()
        })
    }

    /// The source's tags come along; whoever copies them has to be allowed to read them.
    fn copied_tags(&self, call: &Call, source: &Source) -> Answer<Vec<Tag>> {
        let tags = source.object.tags.clone();
        if !tags.is_empty() {
            let action = match source.version {
                None => "s3:GetObjectTagging",
                Some(_) => "s3:GetObjectVersionTagging",
            };
            let keys = Keys::new()
                .maybe("s3:VersionId", source.version.as_deref())
                .existing_tags(&tags);
            self.ask(
                call,
                &source.state,
                action,
                On::Key(&source.object.key),
                keys,
            )?;
        }
        Ok(tags)
    }
}

/// Whether a directive says to replace.
fn directive(given: Option<&str>, header: &'static str) -> Answer<bool> {
    match given {
        None | Some("COPY") => Ok(false),
        Some("REPLACE") => Ok(true),
        Some(other) => Err(INVALID_ARGUMENT
            .say(match header {
                "x-amz-metadata-directive" => "Unknown metadata directive.",
                _ => "Unknown tagging directive.",
            })
            .with("ArgumentName", header)
            .with("ArgumentValue", other)),
    }
}

/// The refusal of a checksum algorithm that does not exist.
pub(crate) fn unknown_algorithm() -> Failure {
    INVALID_REQUEST.say("Checksum algorithm provided is unsupported. Please try again with any of the valid types: [CRC32, CRC32C, CRC64NVME, SHA1, SHA256]")
}
