//! Uploads in parts: begun, filled, listed, given up.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use s3s::dto::{Part as ShownPart, *};
use store::{Read as _, Transaction};

use crate::buckets::shown;
use crate::call::Call;
use crate::checksums::{Algorithm, Claim, Kind};
use crate::conditions::Range;
use crate::copying::unknown_algorithm;
use crate::door::{Keys, On, Permit};
use crate::failure::{Answer, Code, Failure, INVALID_ARGUMENT, INVALID_REQUEST, NO_SUCH_UPLOAD};
use crate::house::{House, no_such_bucket};
use crate::objects::youngest;
use crate::receive::Content;
use crate::receive::{Order, Received, UPLOAD_BYTES_MAX};
use crate::records::{BUCKETS, Bucket, Garbage, Part, Upload, part_id, scope_of};
use crate::tokens::cursor_after;
use crate::writing::{Wish, check_write_headers, encryption, with_checksum};

/// Highest number of a part.
pub(crate) const PART_NUMBER_MAX: i32 = 10_000;

/// Most parts on a page.
const PAGE_MAX: i32 = 1000;

const INVALID_COPY_RANGE: Code = Code(
    400,
    "InvalidArgument",
    "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy",
);

impl House {
    pub(crate) async fn create_multipart_upload(
        &self,
        call: &Call,
        input: CreateMultipartUploadInput,
    ) -> Answer<CreateMultipartUploadOutput> {
        let state = self.enter(call, &input.bucket)?;
        let wish = Wish::read(call)?;
        let permit = self.ask_to_write(call, &state, &input.key, &wish.tags)?;
        check_write_headers(call)?;
        let algorithm = match &input.checksum_algorithm {
            Some(name) => Some(Algorithm::from_name(name.as_str()).ok_or_else(unknown_algorithm)?),
            None => None,
        };
        let kind = kind(
            algorithm,
            input.checksum_type.as_ref().map(ChecksumType::as_str),
        )?;
        let upload = Upload {
            id: self
                .versions
                .upload_id((&input.bucket, &input.key), call.now, &self.new_id()),
            key: input.key.clone(),
            initiated: call.now,
            initiator: self
                .gate
                .arn(&call.caller)
                .unwrap_or_else(|| "anonymous".to_owned()),
            attributes: wish.attributes,
            tags: wish.tags,
            storage_class: wish.storage_class,
            algorithm,
            kind,
            writes_over: None,
        };
        let id = upload.id.clone();
        self.begin_upload(permit, input.bucket.clone(), upload)
            .await?;
        Ok(CreateMultipartUploadOutput {
            bucket: Some(input.bucket),
            checksum_algorithm: input.checksum_algorithm,
            checksum_type: kind.map(|kind| ChecksumType::from_static(kind.name())),
            key: Some(input.key),
            server_side_encryption: encryption(),
            upload_id: Some(id),
            ..Default::default()
        })
    }

    async fn begin_upload(&self, _: Permit, bucket: String, upload: Upload) -> Answer<()> {
        self.transact(move |tx: &mut Transaction| {
            tx.get::<Bucket>(BUCKETS, &bucket)?
                .ok_or_else(|| no_such_bucket(&bucket))?;
            let scope = scope_of(&bucket);
            let mut upload = upload.clone();
            let there =
                youngest(tx, &scope, &upload.key)?.filter(|object| !object.is_delete_marker());
            upload.writes_over = there.map(|object| object.id);
            Ok(tx.insert(&scope, &upload)?)
        })
        .await
    }

    /// The upload, if there is one of this key.
    pub(crate) fn upload(&self, bucket: &str, key: &str, id: &str) -> Answer<Upload> {
        let upload: Option<Upload> = self.store.get(&scope_of(bucket), id)?;
        upload
            .filter(|upload| upload.key == key)
            .ok_or_else(|| no_such_upload(id))
    }

    pub(crate) async fn upload_part(
        &self,
        call: &Call,
        input: UploadPartInput,
    ) -> Answer<UploadPartOutput> {
        let state = self.enter(call, &input.bucket)?;
        let permit = self.ask(
            call,
            &state,
            "s3:PutObject",
            On::Key(&input.key),
            Keys::new().write_headers(call),
        )?;
        let number = part_number(input.part_number)?;
        let upload = self.upload(&input.bucket, &input.key, &input.upload_id)?;
        check_write_headers(call)?;

        let claim = Claim::read(&call.headers)?;
        let wanted = part_algorithms(&upload, &claim)?;
        let order = Order {
            bucket: &input.bucket,
            claim: &claim,
            wanted: &wanted,
            inline_bytes_max: None,
        };
        let received = self
            .receive_body(call, input.body, order)
            .await
            .map_err(digest_in_base64)?;
        // What the caller claimed is confirmed; what the upload wants is kept.
        let confirmed = claim
            .algorithm()
            .or(upload.algorithm)
            .and_then(|algorithm| received.tallied.checksum(algorithm));
        let part = self
            .keep_part(permit, call, &input.bucket, &upload, number, received)
            .await?;
        Ok(with_checksum!(
            UploadPartOutput {
                e_tag: Some(ETag::Strong(part.etag)),
                server_side_encryption: encryption(),
                ..Default::default()
            },
            confirmed.as_ref()
        ))
    }

    pub(crate) async fn upload_part_copy(
        &self,
        call: &Call,
        input: UploadPartCopyInput,
    ) -> Answer<UploadPartCopyOutput> {
        let state = self.enter(call, &input.bucket)?;
        let source = self.source(call, &input.copy_source)?;
        let permit = self.ask(
            call,
            &state,
            "s3:PutObject",
            On::Key(&input.key),
            Keys::new().write_headers(call),
        )?;
        let number = part_number(input.part_number)?;
        let upload = self.upload(&input.bucket, &input.key, &input.upload_id)?;
        check_write_headers(call)?;
        let size = source.object.size;
        let (offset, length) = match input.copy_source_range.as_deref() {
            None => (0, size),
            Some(text) => match Range::parse(text) {
                Some(Range::From(first, Some(last))) if last < size => (first, last - first + 1),
                Some(Range::From(first, Some(_))) if first >= size => {
                    return Err(INVALID_REQUEST
                        .say("The specified copy range is invalid for the source object size"));
                }
                Some(Range::From(_, Some(_))) => {
                    return Err(INVALID_ARGUMENT
                        .say(format!(
                            "Range specified is not valid for source object of size: {size}"
                        ))
                        .with("ArgumentName", "x-amz-copy-source-range")
                        .with("ArgumentValue", text));
                }
                _ => {
                    return Err(INVALID_COPY_RANGE
                        .with("ArgumentName", "x-amz-copy-source-range")
                        .with("ArgumentValue", text));
                }
            },
        };
        if length > UPLOAD_BYTES_MAX {
            return Err(INVALID_REQUEST.say(format!(
                "The specified copy source is larger than the maximum allowable size for a copy source: {UPLOAD_BYTES_MAX}"
            )));
        }
        let claim = Claim::default();
        let wanted = part_algorithms(&upload, &claim)?;
        let order = Order {
            bucket: &input.bucket,
            claim: &claim,
            wanted: &wanted,
            inline_bytes_max: None,
        };
        let received = self
            .receive_from(call, &source, (offset, length), order)
            .await?;
        let part = self
            .keep_part(permit, call, &input.bucket, &upload, number, received)
            .await?;
        let result = with_checksum!(
            CopyPartResult {
                e_tag: Some(ETag::Strong(part.etag)),
                last_modified: Some(shown(part.modified)),
            },
            part.checksum.as_ref()
        );
        Ok(UploadPartCopyOutput {
            copy_part_result: Some(result),
            copy_source_version_id: source.shown_version(),
            server_side_encryption: encryption(),
            ..Default::default()
        })
    }

    async fn keep_part(
        &self,
        _: Permit,
        call: &Call,
        bucket: &str,
        upload: &Upload,
        number: u32,
        received: Received,
    ) -> Answer<Part> {
        let Content::File(incoming) = received.content else {
            return Err(Failure::internal("a part was kept in memory"));
        };
        let tallied = &received.tallied;
        let part = Part {
            upload: upload.id.clone(),
            number,
            size: tallied.size,
            etag: hex::encode(tallied.md5),
            blob: incoming.blob.clone(),
            modified: call.now,
            checksum: upload
                .algorithm
                .and_then(|algorithm| tallied.checksum(algorithm)),
            crc64nvme: tallied
                .checksum(Algorithm::Crc64Nvme)
                .map(|sum| sum.value)
                .unwrap_or_default(),
        };
        let (kept, scope) = (part.clone(), scope_of(bucket));
        let garbage = self
            .transact_with(Some(incoming), move |tx| {
                // Reading the upload makes the commit fail if it ends meanwhile.
                tx.get::<Upload>(&scope, &part.upload)?
                    .ok_or_else(|| no_such_upload(&part.upload))?;
                let replaced: Option<Part> = tx.get(&scope, &part_id(&part.upload, part.number))?;
                let garbage: Vec<Garbage> = replaced
                    .into_iter()
                    .map(|part| Garbage { blob: part.blob })
                    .collect();
                for one in &garbage {
                    tx.put(BUCKETS, one)?;
                }
                tx.put(&scope, &part)?;
                Ok(garbage)
            })
            .await?;
        self.remove_garbage(garbage);
        Ok(kept)
    }

    pub(crate) async fn abort_multipart_upload(
        &self,
        call: &Call,
        input: AbortMultipartUploadInput,
    ) -> Answer<AbortMultipartUploadOutput> {
        let state = self.enter(call, &input.bucket)?;
        let permit = self.ask(
            call,
            &state,
            "s3:AbortMultipartUpload",
            On::Key(&input.key),
            Keys::new(),
        )?;
        let place = (input.bucket.as_str(), input.key.as_str());
        match self.upload(place.0, place.1, &input.upload_id) {
            Ok(upload) => self.end_upload(permit, input.bucket, upload.id).await?,
            // What has ended needs no end.
            Err(_)
                if self
                    .versions
                    .upload_begun(place, &input.upload_id)
                    .is_some() => {}
            Err(never) => return Err(never),
        }
        Ok(AbortMultipartUploadOutput::default())
    }

    async fn end_upload(&self, _: Permit, bucket: String, id: String) -> Answer<()> {
        let garbage = self
            .transact(move |tx: &mut Transaction| {
                let scope = scope_of(&bucket);
                // Somebody else may have ended it meanwhile.
                tx.delete::<Upload>(&scope, &id)?;
                let mut garbage = Vec::new();
                for part in tx.all::<Part>(&scope, "number", &format!("{id}/"))? {
                    tx.delete::<Part>(&scope, &part_id(&part.upload, part.number))?;
                    garbage.push(Garbage { blob: part.blob });
                }
                for one in &garbage {
                    tx.put(BUCKETS, one)?;
                }
                Ok(garbage)
            })
            .await?;
        self.remove_garbage(garbage);
        Ok(())
    }

    pub(crate) async fn list_parts(
        &self,
        call: &Call,
        input: ListPartsInput,
    ) -> Answer<ListPartsOutput> {
        let state = self.enter(call, &input.bucket)?;
        self.ask(
            call,
            &state,
            "s3:ListMultipartUploadParts",
            On::Key(&input.key),
            Keys::new(),
        )?;
        let upload = self.upload(&input.bucket, &input.key, &input.upload_id)?;
        let limit = page_limit(input.max_parts, PAGE_MAX, "max-parts")?;
        let marker = input.part_number_marker.unwrap_or(0);
        if marker < 0 {
            return Err(not_in_range("part-number-marker", marker));
        }
        let after = cursor_after(&part_id(&upload.id, marker.unsigned_abs().min(99_999)));
        let scope = scope_of(&input.bucket);
        let span = format!("{}/", upload.id);
        let mut parts: Vec<crate::records::Part> = match limit {
            0 => Vec::new(),
            _ => {
                self.store
                    .read()
                    .page(&scope, "number", &span, Some(&after), limit + 1)?
                    .records
            }
        };
        let truncated = parts.len() > limit;
        parts.truncate(limit);
        let owner = self.owner(&state.bucket.owner);
        Ok(ListPartsOutput {
            bucket: Some(input.bucket),
            checksum_algorithm: upload
                .algorithm
                .map(|algorithm| ChecksumAlgorithm::from_static(algorithm.name())),
            checksum_type: upload
                .kind
                .map(|kind| ChecksumType::from_static(kind.name())),
            initiator: Some(initiator(upload.initiator)),
            is_truncated: Some(truncated),
            key: Some(input.key),
            max_parts: i32::try_from(limit).ok(),
            next_part_number_marker: Some(parts.last().map_or(0, |part| part.number as i32)),
            owner: Some(owner),
            part_number_marker: Some(marker),
            parts: Some(parts.iter().map(shown_part).collect()),
            storage_class: Some(upload.storage_class.into()),
            upload_id: Some(input.upload_id),
            ..Default::default()
        })
    }
}

/// Who began an upload. People know the last part of an ARN.
pub(crate) fn initiator(id: String) -> Initiator {
    Initiator {
        display_name: id.rsplit(['/', ':']).next().map(str::to_owned),
        id: Some(id),
    }
}

fn shown_part(part: &Part) -> ShownPart {
    let checksum = part.checksum.as_ref();
    with_checksum!(
        ShownPart {
            e_tag: Some(ETag::Strong(part.etag.clone())),
            last_modified: Some(shown(part.modified)),
            part_number: i32::try_from(part.number).ok(),
            size: i64::try_from(part.size).ok(),
        },
        checksum
    )
}

/// For parts S3 tells the expected digest as it was sent.
fn digest_in_base64(mut failure: Failure) -> Failure {
    for (name, value) in &mut failure.details {
        if *name == "ExpectedDigest"
            && let Ok(raw) = hex::decode(&*value)
        {
            *value = STANDARD.encode(raw);
        }
    }
    failure
}

pub(crate) fn no_such_upload(id: &str) -> Failure {
    NO_SUCH_UPLOAD.with("UploadId", id)
}

fn part_number(number: i32) -> Answer<u32> {
    match u32::try_from(number) {
        Ok(valid @ 1..=10_000) => Ok(valid),
        _ => Err(INVALID_ARGUMENT
            .say(format!(
                "Part number must be an integer between 1 and {PART_NUMBER_MAX}, inclusive"
            ))
            .with("ArgumentName", "partNumber")
            .with("ArgumentValue", number.to_string())),
    }
}

/// How many a page may have; what is too much is cut, what is less than nothing refused.
pub(crate) fn page_limit(given: Option<i32>, most: i32, name: &'static str) -> Answer<usize> {
    match given {
        None => Ok(most.unsigned_abs() as usize),
        Some(limit) if limit < 0 => Err(not_in_range(name, limit)),
        Some(limit) => Ok(limit.min(most).unsigned_abs() as usize),
    }
}

fn not_in_range(name: &'static str, value: i32) -> Failure {
    INVALID_ARGUMENT
        .say(format!(
            "Argument {name} must be an integer between 0 and 2147483647"
        ))
        .with("ArgumentName", name)
        .with("ArgumentValue", value.to_string())
}

/// The kind of checksum that the whole object will have.
fn kind(algorithm: Option<Algorithm>, asked: Option<&str>) -> Answer<Option<Kind>> {
    let cannot = |kind: &str, algorithm: Algorithm| {
        Err(INVALID_REQUEST.say(format!(
            "The {kind} checksum type cannot be used with the {} checksum algorithm.",
            algorithm.name().to_ascii_lowercase()
        )))
    };
    match (algorithm, asked) {
        (None, None) => Ok(None),
        (None, Some(_)) => Err(INVALID_REQUEST
            .say("The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.")),
        (Some(algorithm @ Algorithm::Crc64Nvme), Some("COMPOSITE")) => cannot("COMPOSITE", algorithm),
        (Some(Algorithm::Crc64Nvme), None) => Ok(Some(Kind::FullObject)),
        (Some(_), None | Some("COMPOSITE")) => Ok(Some(Kind::Composite)),
        (Some(algorithm), Some("FULL_OBJECT")) if algorithm.is_linear() => Ok(Some(Kind::FullObject)),
        (Some(algorithm), Some("FULL_OBJECT")) => cannot("FULL_OBJECT", algorithm),
        (Some(_), Some(_)) => Err(INVALID_REQUEST.say("Value for x-amz-checksum-type header is invalid.")),
    }
}

/// What is counted of a part: the upload's algorithm, and the one that makes up for none.
fn part_algorithms(upload: &Upload, claim: &Claim) -> Answer<Vec<Algorithm>> {
    if let (Some(wanted), Some(claimed)) = (upload.algorithm, claim.algorithm())
        && wanted != claimed
    {
        return Err(INVALID_REQUEST.say(format!(
            "Checksum Type mismatch occurred, expected checksum Type: {}, actual checksum Type: {}",
            wanted.name().to_ascii_lowercase(),
            claimed.name().to_ascii_lowercase()
        )));
    }
    let mut algorithms = vec![Algorithm::Crc64Nvme];
    algorithms.extend(
        upload
            .algorithm
            .filter(|wanted| *wanted != Algorithm::Crc64Nvme),
    );
    Ok(algorithms)
}
