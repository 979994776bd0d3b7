//! Listing objects, their versions, and uploads.

use s3s::dto::{self, *};
use store::Read as _;

use crate::buckets::shown;
use crate::call::Call;
use crate::checksums::Checksum as Sum;
use crate::door::{Keys, On};
use crate::failure::{Answer, INVALID_ARGUMENT};
use crate::house::House;
use crate::records::{Object, Upload, history, named_version, scope_of, upload_order};
use crate::tokens::{self, For, cursor_after, cursor_past};
use crate::uploads::{initiator, page_limit};
use crate::walk::{Encoding, Item, PAGE_MAX, Walk, Walked};

/// What the listings have in common, as the gate wants to know it.
fn keys(prefix: Option<&str>, delimiter: Option<&str>, limit: Option<i32>) -> Keys {
    Keys::new()
        .maybe("s3:prefix", prefix)
        .maybe("s3:delimiter", delimiter)
        .maybe(
            "s3:max-keys",
            limit.map(|limit| limit.to_string()).as_deref(),
        )
}

fn walk_of(prefix: Option<&str>, delimiter: Option<&str>, limit: usize) -> Walk {
    Walk {
        prefix: prefix.unwrap_or_default().to_owned(),
        delimiter: delimiter
            .filter(|delimiter| !delimiter.is_empty())
            .map(str::to_owned),
        limit,
    }
}

/// Where a listing goes on after a key that the caller names. A prefix that it was rolled up
/// under stands before it, and is not listed again.
fn after_marker(walk: &Walk, marker: &str) -> String {
    match walk.common_prefix(marker) {
        Some(prefix) => cursor_past(prefix),
        None => cursor_after(marker),
    }
}

impl House {
    fn walk_objects(
        &self,
        bucket: &str,
        walk: &Walk,
        from: Option<String>,
    ) -> Answer<Walked<Object>> {
        let scope = scope_of(bucket);
        let reader = self.store.read();
        walk.walk(
            from,
            |from, limit| Ok(reader.page(&scope, "key", &walk.prefix, from, limit)?),
            |object: &Object| &object.key,
        )
    }

    pub(crate) async fn list_objects(
        &self,
        call: &Call,
        input: ListObjectsInput,
    ) -> Answer<ListObjectsOutput> {
        let state = self.enter(call, &input.bucket)?;
        let (prefix, delimiter) = (input.prefix.as_deref(), input.delimiter.as_deref());
        self.ask(
            call,
            &state,
            "s3:ListBucket",
            On::Bucket,
            keys(prefix, delimiter, input.max_keys),
        )?;
        let limit = page_limit(input.max_keys, PAGE_MAX, "maxKeys")?;
        let encoding = Encoding::read(input.encoding_type.as_ref().map(EncodingType::as_str))?;
        let walk = walk_of(prefix, delimiter, limit);
        let marker = input.marker.as_deref().filter(|marker| !marker.is_empty());
        let walked = self.walk_objects(
            &input.bucket,
            &walk,
            marker.map(|marker| after_marker(&walk, marker)),
        )?;

        let last = match walked.items.last() {
            Some(Item::Entry(object)) => Some(object.key.as_str()),
            Some(Item::Prefix(prefix)) => Some(prefix.as_str()),
            None => None,
        };
        // Without a delimiter the last key is the next marker, and is not said twice.
        let next_marker = last.filter(|_| walked.truncated && walk.delimiter.is_some());
        let next_marker = encoding.maybe(next_marker);
        let owner = self.owner(&state.bucket.owner);
        let (contents, common_prefixes) = split(walked.items, &encoding, |object| {
            shown_object(object, Some(&owner), &encoding)
        });
        call.answer_header("x-amz-bucket-region", &state.bucket.region);
        Ok(ListObjectsOutput {
            name: Some(input.bucket),
            prefix: Some(encoding.text(&walk.prefix)),
            marker: Some(encoding.text(input.marker.as_deref().unwrap_or_default())),
            max_keys: i32::try_from(limit).ok(),
            is_truncated: Some(walked.truncated),
            contents: Some(contents),
            common_prefixes: Some(common_prefixes),
            delimiter: encoding.maybe(walk.delimiter.as_deref()),
            next_marker,
            encoding_type: input.encoding_type,
            request_charged: None,
        })
    }

    pub(crate) async fn list_objects_v2(
        &self,
        call: &Call,
        input: ListObjectsV2Input,
    ) -> Answer<ListObjectsV2Output> {
        let state = self.enter(call, &input.bucket)?;
        let (prefix, delimiter) = (input.prefix.as_deref(), input.delimiter.as_deref());
        self.ask(
            call,
            &state,
            "s3:ListBucket",
            On::Bucket,
            keys(prefix, delimiter, input.max_keys),
        )?;
        let limit = page_limit(input.max_keys, PAGE_MAX, "maxKeys")?;
        let encoding = Encoding::read(input.encoding_type.as_ref().map(EncodingType::as_str))?;
        let walk = walk_of(prefix, delimiter, limit);
        let sealed = For::Objects(&input.bucket);
        // A token knows where to go on; what the listing began after is no longer said.
        let start_after = input
            .start_after
            .as_deref()
            .filter(|key| !key.is_empty() && input.continuation_token.is_none());
        let from = match (&input.continuation_token, start_after) {
            (Some(token), _) => {
                let place = tokens::open(&self.token_key, sealed, token)?;
                match place.strip_prefix('p') {
                    Some(prefix) => Some(cursor_past(prefix)),
                    None => Some(cursor_after(place.get(1..).unwrap_or_default())),
                }
            }
            (None, Some(key)) => Some(after_marker(&walk, key)),
            (None, None) => None,
        };
        let walked = self.walk_objects(&input.bucket, &walk, from)?;

        let place = match walked.items.last() {
            Some(Item::Entry(object)) => Some(format!("k{}", object.key)),
            Some(Item::Prefix(prefix)) => Some(format!("p{prefix}")),
            None => None,
        };
        let next = place
            .filter(|_| walked.truncated)
            .map(|place| tokens::seal(&self.token_key, sealed, &place));
        let owner = self.owner(&state.bucket.owner);
        let owner = input.fetch_owner.unwrap_or_default().then_some(&owner);
        let count = walked.items.len();
        let (contents, common_prefixes) = split(walked.items, &encoding, |object| {
            shown_object(object, owner, &encoding)
        });
        call.answer_header("x-amz-bucket-region", &state.bucket.region);
        Ok(ListObjectsV2Output {
            name: Some(input.bucket),
            prefix: Some(encoding.text(&walk.prefix)),
            max_keys: i32::try_from(limit).ok(),
            key_count: i32::try_from(count).ok(),
            continuation_token: input.continuation_token,
            is_truncated: Some(walked.truncated),
            next_continuation_token: next,
            contents: Some(contents),
            common_prefixes: Some(common_prefixes),
            delimiter: encoding.maybe(walk.delimiter.as_deref()),
            encoding_type: input.encoding_type,
            start_after: encoding.maybe(start_after),
            request_charged: None,
        })
    }

    pub(crate) async fn list_object_versions(
        &self,
        call: &Call,
        input: ListObjectVersionsInput,
    ) -> Answer<ListObjectVersionsOutput> {
        let state = self.enter(call, &input.bucket)?;
        let (prefix, delimiter) = (input.prefix.as_deref(), input.delimiter.as_deref());
        self.ask(
            call,
            &state,
            "s3:ListBucketVersions",
            On::Bucket,
            keys(prefix, delimiter, input.max_keys),
        )?;
        let limit = page_limit(input.max_keys, PAGE_MAX, "maxKeys")?;
        let encoding = Encoding::read(input.encoding_type.as_ref().map(EncodingType::as_str))?;
        let walk = walk_of(prefix, delimiter, limit);
        let scope = scope_of(&input.bucket);
        let reader = self.store.read();
        let key_marker = input
            .key_marker
            .as_deref()
            .filter(|marker| !marker.is_empty());
        let version_marker = input
            .version_id_marker
            .as_deref()
            .filter(|marker| !marker.is_empty());
        let from = match (key_marker, version_marker) {
            (None, None) => None,
            (None, Some(version)) => {
                return Err(INVALID_ARGUMENT
                    .say("A version-id marker cannot be specified without a key marker.")
                    .with("ArgumentName", "version-id-marker")
                    .with("ArgumentValue", version));
            }
            (Some(key), _) if walk.common_prefix(key).is_some() => Some(after_marker(&walk, key)),
            (Some(key), None) => Some(cursor_past(&format!("{key}\0"))),
            (Some(key), Some(version)) => {
                self.check_version(key, Some(version))?;
                let place = match self.versions.sequence(key, version) {
                    // The place is in the name, whether the version still exists or not.
                    Some(sequence) => Some(sequence),
                    None => reader
                        .find::<Object>(&scope, "version", &named_version(key, version))?
                        .map(|object| object.sequence),
                };
                Some(match place {
                    Some(sequence) => cursor_after(&history(key, sequence)),
                    None => cursor_past(&format!("{key}\0")),
                })
            }
        };
        let walked = walk.walk(
            from,
            |from, limit| Ok(reader.page(&scope, "history", &walk.prefix, from, limit)?),
            |object: &Object| &object.key,
        )?;

        let (next_key, next_version) = match walked.items.last().filter(|_| walked.truncated) {
            Some(Item::Entry(object)) => (
                Some(encoding.text(&object.key)),
                Some(object.version.clone()),
            ),
            Some(Item::Prefix(prefix)) => (Some(encoding.text(prefix)), None),
            None => (None, None),
        };
        let owner = self.owner(&state.bucket.owner);
        let (entries, common_prefixes) = split(walked.items, &encoding, |object| object);
        let (markers, versions): (Vec<Object>, Vec<Object>) =
            entries.into_iter().partition(Object::is_delete_marker);
        Ok(ListObjectVersionsOutput {
            name: Some(input.bucket),
            prefix: Some(encoding.text(&walk.prefix)),
            key_marker: Some(encoding.text(key_marker.unwrap_or_default())),
            version_id_marker: Some(version_marker.unwrap_or_default().to_owned()),
            max_keys: i32::try_from(limit).ok(),
            is_truncated: Some(walked.truncated),
            next_key_marker: next_key,
            next_version_id_marker: next_version,
            versions: Some(
                versions
                    .into_iter()
                    .map(|object| shown_version(object, &owner, &encoding))
                    .collect(),
            ),
            delete_markers: Some(
                markers
                    .into_iter()
                    .map(|object| shown_marker(object, &owner, &encoding))
                    .collect(),
            ),
            common_prefixes: Some(common_prefixes),
            delimiter: encoding.maybe(walk.delimiter.as_deref()),
            encoding_type: input.encoding_type,
            request_charged: None,
        })
    }

    pub(crate) async fn list_multipart_uploads(
        &self,
        call: &Call,
        input: ListMultipartUploadsInput,
    ) -> Answer<ListMultipartUploadsOutput> {
        let state = self.enter(call, &input.bucket)?;
        let (prefix, delimiter) = (input.prefix.as_deref(), input.delimiter.as_deref());
        self.ask(
            call,
            &state,
            "s3:ListBucketMultipartUploads",
            On::Bucket,
            keys(prefix, delimiter, None),
        )?;
        let limit = page_limit(input.max_uploads, PAGE_MAX, "max-uploads")?;
        let encoding = Encoding::read(input.encoding_type.as_ref().map(EncodingType::as_str))?;
        let walk = walk_of(prefix, delimiter, limit);
        let scope = scope_of(&input.bucket);
        let reader = self.store.read();
        let key_marker = input
            .key_marker
            .as_deref()
            .filter(|marker| !marker.is_empty());
        // Ignored without a key marker.
        let upload_marker = input
            .upload_id_marker
            .as_deref()
            .filter(|marker| !marker.is_empty() && key_marker.is_some());
        let from = match (key_marker, upload_marker) {
            (None, _) => None,
            (Some(key), _) if walk.common_prefix(key).is_some() => Some(after_marker(&walk, key)),
            (Some(key), None) => Some(cursor_past(&format!("{key}\0"))),
            (Some(key), Some(id)) => {
                // It may have ended since it was seen.
                let seen: Option<Upload> = reader.get(&scope, id)?;
                let begun = match seen.filter(|seen| seen.key == key) {
                    Some(seen) => Some(seen.initiated),
                    None => self.versions.upload_begun((&input.bucket, key), id),
                };
                let begun = begun.ok_or_else(|| {
                    INVALID_ARGUMENT
                        .say("Invalid uploadId marker")
                        .with("ArgumentName", "upload-id-marker")
                        .with("ArgumentValue", id)
                })?;
                Some(cursor_after(&upload_order(key, begun, id)))
            }
        };
        let walked = walk.walk(
            from,
            |from, limit| Ok(reader.page(&scope, "key", &walk.prefix, from, limit)?),
            |upload: &Upload| &upload.key,
        )?;

        // The last upload is named whether there are more or not.
        let last = walked.items.iter().rev().find_map(|item| match item {
            Item::Entry(upload) => Some((encoding.text(&upload.key), upload.id.clone())),
            Item::Prefix(_) => None,
        });
        let (next_key, next_id) = last.unwrap_or_default();
        call.answer_header("x-amz-bucket-region", &state.bucket.region);
        let owner = self.owner(&state.bucket.owner);
        let (uploads, common_prefixes) =
            split(walked.items, &encoding, |upload: Upload| MultipartUpload {
                checksum_algorithm: upload
                    .algorithm
                    .map(|one| ChecksumAlgorithm::from_static(one.name())),
                checksum_type: upload
                    .kind
                    .map(|kind| ChecksumType::from_static(kind.name())),
                initiated: Some(shown(upload.initiated)),
                initiator: Some(initiator(upload.initiator)),
                key: Some(encoding.text(&upload.key)),
                owner: Some(owner.clone()),
                storage_class: Some(upload.storage_class.into()),
                upload_id: Some(upload.id),
            });
        Ok(ListMultipartUploadsOutput {
            bucket: Some(input.bucket),
            key_marker: Some(encoding.text(key_marker.unwrap_or_default())),
            upload_id_marker: Some(upload_marker.unwrap_or_default().to_owned()),
            next_key_marker: Some(next_key),
            next_upload_id_marker: Some(next_id),
            prefix: prefix
                .filter(|prefix| !prefix.is_empty())
                .map(|prefix| encoding.text(prefix)),
            delimiter: encoding.maybe(walk.delimiter.as_deref()),
            encoding_type: input.encoding_type,
            max_uploads: i32::try_from(limit).ok(),
            is_truncated: Some(walked.truncated),
            uploads: Some(uploads),
            common_prefixes: Some(common_prefixes),
            request_charged: None,
        })
    }
}

fn split<T, S>(
    items: Vec<Item<T>>,
    encoding: &Encoding,
    show: impl Fn(T) -> S,
) -> (Vec<S>, Vec<CommonPrefix>) {
    let mut entries = Vec::new();
    let mut prefixes = Vec::new();
    for item in items {
        match item {
            Item::Entry(entry) => entries.push(show(entry)),
            Item::Prefix(prefix) => prefixes.push(CommonPrefix {
                prefix: Some(encoding.text(&prefix)),
            }),
        }
    }
    (entries, prefixes)
}

fn algorithms(checksum: Option<&Sum>) -> Option<Vec<ChecksumAlgorithm>> {
    checksum.map(|checksum| vec![ChecksumAlgorithm::from_static(checksum.algorithm.name())])
}

fn shown_object(object: Object, owner: Option<&Owner>, encoding: &Encoding) -> dto::Object {
    dto::Object {
        checksum_algorithm: algorithms(object.checksum.as_ref()),
        checksum_type: crate::writing::kind_of(object.checksum.as_ref()),
        e_tag: Some(ETag::Strong(object.etag)),
        key: Some(encoding.text(&object.key)),
        last_modified: Some(shown(object.modified)),
        owner: owner.cloned(),
        restore_status: None,
        size: i64::try_from(object.size).ok(),
        storage_class: Some(object.storage_class.into()),
    }
}

fn shown_version(object: Object, owner: &Owner, encoding: &Encoding) -> ObjectVersion {
    ObjectVersion {
        checksum_algorithm: algorithms(object.checksum.as_ref()),
        checksum_type: crate::writing::kind_of(object.checksum.as_ref()),
        e_tag: Some(ETag::Strong(object.etag)),
        is_latest: Some(object.latest),
        key: Some(encoding.text(&object.key)),
        last_modified: Some(shown(object.modified)),
        owner: Some(owner.clone()),
        restore_status: None,
        size: i64::try_from(object.size).ok(),
        storage_class: Some(object.storage_class.into()),
        version_id: Some(object.version),
    }
}

fn shown_marker(object: Object, owner: &Owner, encoding: &Encoding) -> DeleteMarkerEntry {
    DeleteMarkerEntry {
        is_latest: Some(object.latest),
        key: Some(encoding.text(&object.key)),
        last_modified: Some(shown(object.modified)),
        owner: Some(owner.clone()),
        version_id: Some(object.version),
    }
}
