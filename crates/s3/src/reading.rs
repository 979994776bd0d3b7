//! Reading objects: whole, in ranges, by parts; and only their headers.

use std::collections::VecDeque;
use std::io::{Seek as _, SeekFrom};
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use futures::stream::{self, Stream};
use http::{HeaderName, header};
use http_body::Frame;
use http_body_util::StreamBody;
use s3s::Body;
use s3s::dto::*;
use tokio::io::AsyncReadExt as _;

use crate::blobs::Blobs;
use crate::buckets::shown;
use crate::call::Call;
use crate::checksums::{Algorithm, Checksum, Kind};
use crate::door::{Keys, On};
use crate::failure::{
    Answer, Failure, INVALID_ARGUMENT, INVALID_OBJECT_STATE, INVALID_PART_NUMBER, INVALID_REQUEST,
    NO_SUCH_KEY,
};
use crate::house::{BucketState, House};
use crate::kept::KeptObject;
use crate::records::{Expires, Manifest, Object, Place, scope_of};
use crate::rfc2047;

/// How much is read from a file at a time.
const READ_BYTES: usize = 128 << 10;

/// How many files of one object are opened before its answer begins. Opened files stay
/// readable when the object is deleted meanwhile.
const OPENED_FIRST: usize = 64;

/// How often a reader looks again when the object was replaced under its hands.
const LOOKS_MAX: usize = 3;

/// The part of an object that is asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Extent {
    offset: u64,
    length: u64,
    /// Whether the answer is partial content.
    partial: bool,
    /// The part's own checksum, where one part is asked for.
    checksum: Option<Checksum>,
}

impl Extent {
    fn content_range(&self, size: u64) -> Option<String> {
        (self.partial && self.length > 0).then(|| {
            format!(
                "bytes {}-{}/{size}",
                self.offset,
                self.offset + self.length - 1
            )
        })
    }
}

/// Fills what the outputs of reading have in common.
macro_rules! headers_of {
    ($output:ident, $house:expr, $call:expr, $state:expr, $object:expr, $extent:expr, $mode:expr) => {{
        let (object, extent): (&Object, &Extent) = ($object, &$extent);
        let attributes = &object.attributes;
        let whole = extent.offset == 0 && extent.length == object.size;
        let enabled = $mode.is_some_and(|mode| mode.as_str() == ChecksumMode::ENABLED);
        let part_sum = extent.checksum.clone();
        let checksum = match &part_sum {
            Some(sum) => Some(sum).filter(|_| enabled),
            None => object.checksum.as_ref().filter(|_| enabled && whole),
        };
        let sum = |algorithm| checksum.and_then(|checksum| checksum.of(algorithm));
        $output {
            accept_ranges: Some("bytes".to_owned()),
            cache_control: attributes.cache_control.clone(),
            checksum_crc32: sum(Algorithm::Crc32),
            checksum_crc32c: sum(Algorithm::Crc32c),
            checksum_crc64nvme: sum(Algorithm::Crc64Nvme),
            checksum_sha1: sum(Algorithm::Sha1),
            checksum_sha256: sum(Algorithm::Sha256),
            checksum_type: checksum.map(|checksum| ChecksumType::from_static(checksum.kind.name())),
            content_disposition: attributes.content_disposition.clone(),
            content_encoding: attributes.content_encoding.clone(),
            content_language: attributes.content_language.clone(),
            content_length: i64::try_from(extent.length).ok(),
            content_range: extent.content_range(object.size),
            content_type: Some(
                attributes
                    .content_type
                    .clone()
                    .unwrap_or_else(|| "binary/octet-stream".to_owned()),
            ),
            e_tag: Some(ETag::Strong(object.etag.clone())),
            last_modified: Some(shown(object.modified)),
            server_side_encryption: Some(ServerSideEncryption::from_static(
                ServerSideEncryption::AES256,
            )),
            storage_class: (object.storage_class != "STANDARD")
                .then(|| object.storage_class.clone().into()),
            version_id: $house.shown_version($state, object),
            website_redirect_location: attributes.redirect.clone(),
            parts_count: match (&object.place, $call.target.parameter("partNumber")) {
                (Place::Parts(count), Some(_)) => i32::try_from(*count).ok(),
                _ => None,
            },
            ..Default::default()
        }
    }};
}

impl House {
    pub(crate) async fn get_object(
        &self,
        call: &Call,
        input: GetObjectInput,
    ) -> Answer<GetObjectOutput> {
        let state = self.enter(call, &input.bucket)?;
        self.apply_overrides(call)?;
        let mut looks = 0;
        loop {
            let (object, extent) = self.look(
                call,
                &state,
                &input.key,
                input.version_id.as_deref(),
                input.part_number,
            )?;
            looks += 1;
            match self.bytes_of(&state, &object, extent.offset, extent.length) {
                Ok(body) => {
                    let mut output = headers_of!(
                        GetObjectOutput,
                        self,
                        call,
                        &state,
                        &object,
                        extent,
                        input.checksum_mode
                    );
                    output.body = Some(body);
                    return Ok(output);
                }
                // The object was replaced between the two looks at it.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound && looks < LOOKS_MAX => {
                }
                Err(error) => return Err(Failure::internal(error)),
            }
        }
    }

    pub(crate) async fn head_object(
        &self,
        call: &Call,
        input: HeadObjectInput,
    ) -> Answer<HeadObjectOutput> {
        let state = self.enter(call, &input.bucket)?;
        self.apply_overrides(call)?;
        let (object, extent) = self.look(
            call,
            &state,
            &input.key,
            input.version_id.as_deref(),
            input.part_number,
        )?;
        if extent.partial && extent.length > 0 {
            call.answer_status(http::StatusCode::PARTIAL_CONTENT);
        }
        Ok(headers_of!(
            HeadObjectOutput,
            self,
            call,
            &state,
            &object,
            extent,
            input.checksum_mode
        ))
    }

    /// Finds the object, asks, and checks what the request makes conditions of.
    fn look(
        &self,
        call: &Call,
        state: &BucketState,
        key: &str,
        version: Option<&str>,
        part: Option<i32>,
    ) -> Answer<(Arc<KeptObject>, Extent)> {
        let action = match version {
            None => "s3:GetObject",
            Some(_) => "s3:GetObjectVersion",
        };
        let object = self.object_for(call, state, action, key, version)?;
        call.conditions
            .check_read(&object.etag, object.modified, call.now)
            .map_err(|failure| match failure.status {
                304 => self.not_modified(state, &object, failure),
                _ => failure,
            })?;
        if call
            .headers
            .contains_key("x-amz-server-side-encryption-customer-algorithm")
        {
            return Err(
                INVALID_REQUEST.say("The encryption parameters are not applicable to this object.")
            );
        }
        let extent = self.extent(call, state, &object, part)?;
        if call.method == http::Method::GET
            && matches!(object.storage_class.as_str(), "GLACIER" | "DEEP_ARCHIVE")
        {
            return Err(INVALID_OBJECT_STATE.with("StorageClass", &object.storage_class));
        }
        for (name, value) in &object.attributes.metadata {
            call.answer_header(&format!("x-amz-meta-{name}"), &rfc2047::encode(value));
        }
        match &object.attributes.expires {
            None => {}
            Some(Expires::Text(text)) => call.answer_header("expires", text),
            Some(Expires::At(second)) => {
                let at = aws::Timestamp::from_second(*second).ok();
                if let Some(text) = at.and_then(http_date) {
                    call.answer_header("expires", &text);
                }
            }
        }
        let readable_tags = match version {
            None => "s3:GetObjectTagging",
            Some(_) => "s3:GetObjectVersionTagging",
        };
        if !object.tags.is_empty() {
            let keys = Keys::new()
                .maybe("s3:VersionId", version)
                .existing_tags(&object.tags);
            if self
                .ask(call, state, readable_tags, On::Key(key), keys)
                .is_ok()
            {
                call.answer_header("x-amz-tagging-count", &object.tags.len().to_string());
            }
        }
        Ok((object, extent))
    }

    fn not_modified(&self, state: &BucketState, object: &Object, mut failure: Failure) -> Failure {
        failure = failure.header(header::ETAG, &format!("\"{}\"", object.etag));
        if let Some(modified) = http_date(object.modified) {
            failure = failure.header(header::LAST_MODIFIED, &modified);
        }
        match self.shown_version(state, object) {
            Some(version) => failure.header(HeaderName::from_static("x-amz-version-id"), &version),
            None => failure,
        }
    }

    /// Which bytes are asked for.
    fn extent(
        &self,
        call: &Call,
        state: &BucketState,
        object: &Object,
        part: Option<i32>,
    ) -> Answer<Extent> {
        let size = object.size;
        // Whoever holds the beginning of something else gets the whole of this.
        let range = call.range.filter(|_| {
            let held = call.if_range.as_ref();
            held.is_none_or(|held| held.is_of(&object.etag, object.modified))
        });
        match (part, range) {
            (Some(_), Some(_)) => Err(INVALID_REQUEST
                .say("Cannot specify both Range header and partNumber query parameter")),
            (None, None) => Ok(Extent {
                length: size,
                ..Extent::default()
            }),
            (None, Some(range)) => {
                let (offset, length) = range.of(size)?;
                Ok(Extent {
                    offset,
                    length,
                    partial: true,
                    checksum: None,
                })
            }
            (Some(number), None) => self.part_extent(state, object, number),
        }
    }

    fn part_extent(&self, state: &BucketState, object: &Object, number: i32) -> Answer<Extent> {
        let wanted = u32::try_from(number)
            .ok()
            .filter(|n| (1..=10_000).contains(n))
            .ok_or_else(|| {
                INVALID_ARGUMENT
                    .say("Part number must be an integer between 1 and 10000, inclusive")
                    .with("ArgumentName", "partNumber")
                    .with("ArgumentValue", number.to_string())
            })?;
        let outside = |count: u32| {
            INVALID_PART_NUMBER
                .with("ActualPartCount", count.to_string())
                .with("PartNumberRequested", number.to_string())
        };
        let Place::Parts(count) = object.place else {
            return match wanted {
                1 => Ok(Extent {
                    length: object.size,
                    partial: true,
                    ..Extent::default()
                }),
                _ => Err(outside(1)),
            };
        };
        // Parts are counted as they stand in the object, whatever numbers they were uploaded under.
        let pieces = self.pieces(state, object)?;
        let at = wanted as usize - 1;
        let piece = pieces.get(at).ok_or_else(|| outside(count))?;
        Ok(Extent {
            offset: pieces.iter().take(at).map(|piece| piece.size).sum(),
            length: piece.size,
            partial: true,
            // Only a composite checksum is made of the parts' own.
            checksum: object
                .checksum
                .as_ref()
                .filter(|sum| sum.kind == Kind::Composite)
                .zip(piece.checksum.clone())
                .map(|(sum, value)| Checksum {
                    value,
                    ..sum.clone()
                }),
        })
    }

    /// The parts of an object that was uploaded in parts.
    pub(crate) fn pieces(
        &self,
        state: &BucketState,
        object: &Object,
    ) -> Answer<Vec<crate::records::Piece>> {
        let scope = scope_of(&state.bucket.name);
        let manifest: Option<Manifest> = self.store.get(&scope, &object.id)?;
        // Gone with the object, between the two looks at the store.
        let manifest = manifest.ok_or_else(|| NO_SUCH_KEY.with("Key", &object.key))?;
        Ok(manifest.pieces)
    }

    /// The bytes of an object from here on, as a stream.
    pub(crate) fn bytes_of(
        &self,
        state: &BucketState,
        object: &KeptObject,
        offset: u64,
        length: u64,
    ) -> std::io::Result<StreamingBlob> {
        let gone = || std::io::Error::from(std::io::ErrorKind::NotFound);
        let bucket = &state.bucket.name;
        if length == 0 {
            return Ok(StreamingBlob::from(Body::empty()));
        }
        let slices = match &object.place {
            Place::Nowhere => return Err(gone()),
            Place::Inline => {
                let data = object.inline(&self.store, bucket);
                let data = data.map_err(std::io::Error::other)?.ok_or_else(gone)?;
                let (from, to) = (offset as usize, (offset + length) as usize);
                if to > data.len() {
                    return Err(gone());
                }
                return Ok(StreamingBlob::from(Body::from(data.slice(from..to))));
            }
            Place::File(blob) => VecDeque::from([Slice {
                blob: blob.clone(),
                offset,
                length,
                file: None,
            }]),
            Place::Parts(_) => {
                let pieces = self.pieces(state, object).map_err(|_| gone())?;
                cut(pieces, offset, length)
            }
        };
        let mut reader = FileReader {
            blobs: Arc::clone(&self.blobs),
            bucket: bucket.clone(),
            slices,
        };
        reader.open_first()?;
        let frames = StreamBody::new(futures::TryStreamExt::map_ok(
            reader.into_stream(),
            Frame::data,
        ));
        Ok(StreamingBlob::from(Body::http_body_unsync(frames)))
    }
}

/// The slices of pieces that make up an extent.
fn cut(pieces: Vec<crate::records::Piece>, offset: u64, length: u64) -> VecDeque<Slice> {
    let mut slices = VecDeque::new();
    let (mut skip, mut left) = (offset, length);
    for piece in pieces {
        if left == 0 {
            break;
        }
        if skip >= piece.size {
            skip -= piece.size;
            continue;
        }
        let length = left.min(piece.size - skip);
        slices.push_back(Slice {
            blob: piece.blob,
            offset: skip,
            length,
            file: None,
        });
        skip = 0;
        left -= length;
    }
    slices
}

/// A slice of a file.
struct Slice {
    blob: String,
    offset: u64,
    length: u64,
    file: Option<std::fs::File>,
}

/// Reads slices of files one after the other.
struct FileReader {
    blobs: Arc<Blobs>,
    bucket: String,
    slices: VecDeque<Slice>,
}

impl FileReader {
    fn open_first(&mut self) -> std::io::Result<()> {
        for slice in self.slices.iter_mut().take(OPENED_FIRST) {
            slice.file = Some(open(&self.blobs, &self.bucket, slice)?);
        }
        Ok(())
    }

    fn into_stream(self) -> impl Stream<Item = Result<Bytes, s3s::StdError>> {
        stream::try_unfold((self, None), |(mut reader, mut current)| async move {
            loop {
                if let Some((file, left)) = &mut current
                    && *left > 0
                {
                    let mut chunk = BytesMut::with_capacity(READ_BYTES.min(*left as usize));
                    let file: &mut tokio::fs::File = file;
                    let got = file.take(*left).read_buf(&mut chunk).await?;
                    if got == 0 {
                        return Err(s3s::StdError::from(
                            "a file is shorter than its record says",
                        ));
                    }
                    *left -= got as u64;
                    return Ok(Some((chunk.freeze(), (reader, current))));
                }
                let Some(mut slice) = reader.slices.pop_front() else {
                    return Ok(None);
                };
                let file = match slice.file.take() {
                    Some(file) => file,
                    None => open(&reader.blobs, &reader.bucket, &slice)?,
                };
                current = Some((tokio::fs::File::from_std(file), slice.length));
            }
        })
    }
}

fn open(blobs: &Blobs, bucket: &str, slice: &Slice) -> std::io::Result<std::fs::File> {
    let mut file = blobs.read(bucket, &slice.blob)?;
    if slice.offset > 0 {
        file.seek(SeekFrom::Start(slice.offset))?;
    }
    Ok(file)
}

/// The query parameters that replace headers of the answer.
const OVERRIDES: [(&str, &str); 6] = [
    ("response-cache-control", "cache-control"),
    ("response-content-disposition", "content-disposition"),
    ("response-content-encoding", "content-encoding"),
    ("response-content-language", "content-language"),
    ("response-content-type", "content-type"),
    ("response-expires", "expires"),
];

impl House {
    /// Replaces headers of the answer as the address asks for; signed requests only.
    fn apply_overrides(&self, call: &Call) -> Answer<()> {
        for (parameter, name) in OVERRIDES {
            let Some(value) = call.target.parameter(parameter) else {
                continue;
            };
            if self.gate.account(&call.caller).is_none() {
                return Err(INVALID_REQUEST.say(
                    "Request specific response headers cannot be used for anonymous GET requests.",
                ));
            }
            // As HTTP has it: one byte a character.
            let bytes: Option<Vec<u8>> = value.chars().map(|c| u8::try_from(c).ok()).collect();
            let value = bytes
                .and_then(|bytes| http::HeaderValue::from_bytes(&bytes).ok())
                .ok_or_else(|| {
                    INVALID_ARGUMENT
                        .say("Header value cannot be represented using ISO-8859-1.")
                        .with("ArgumentName", parameter)
                        .with("ArgumentValue", value)
                })?;
            call.replace_header(name, value);
        }
        Ok(())
    }
}

/// A time as HTTP writes it.
fn http_date(time: aws::Timestamp) -> Option<String> {
    let time = time.to_zoned(jiff::tz::TimeZone::UTC);
    jiff::fmt::rfc2822::DateTimePrinter::new()
        .timestamp_to_rfc9110_string(&time.timestamp())
        .ok()
}
