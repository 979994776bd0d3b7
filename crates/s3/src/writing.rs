//! Writing objects: the headers they come with, and `PutObject`.

use s3s::dto::*;

use crate::call::Call;
use crate::checksums::{Algorithm, Checksum, Claim};
use crate::door::{Keys, On, Permit};
use crate::failure::{
    Answer, Code, INVALID_ARGUMENT, INVALID_REQUEST, INVALID_STORAGE_CLASS, METADATA_TOO_LARGE,
    NO_SUCH_KEY,
};
use crate::house::{BucketState, House};
use crate::objects::{Changed, Draft, store_version, youngest};
use crate::owners::{brings_acl, check_acl};
use crate::receive::{INLINE_BYTES_MAX, Order, Received};
use crate::records::{Attributes, Expires, NULL_VERSION, Object, Place, Tag, scope_of};
use crate::request::not_implemented;
use crate::tags;

/// Most bytes of user metadata, names and values together.
const METADATA_BYTES_MAX: usize = 2048;

const INVALID_ENCRYPTION: Code = Code(
    400,
    "InvalidEncryptionAlgorithmError",
    "The encryption request you specified is not valid. The valid value is AES256.",
);

/// What the headers say about an object that is to be made.
#[derive(Debug, Clone)]
pub(crate) struct Wish {
    pub(crate) attributes: Attributes,
    pub(crate) tags: Vec<Tag>,
    pub(crate) storage_class: String,
}

impl Wish {
    /// Reads the headers.
    pub(crate) fn read(call: &Call) -> Answer<Wish> {
        let text = |name: &str| call.text(name);
        let metadata = call.metadata();
        let bytes: usize = metadata
            .iter()
            .map(|(name, value)| name.len() + value.len())
            .sum();
        if bytes > METADATA_BYTES_MAX {
            return Err(METADATA_TOO_LARGE
                .with("Size", bytes.to_string())
                .with("MaxSizeAllowed", METADATA_BYTES_MAX.to_string()));
        }
        let redirect = text("x-amz-website-redirect-location");
        if redirect.as_ref().is_some_and(|to| {
            !["/", "http://", "https://"]
                .iter()
                .any(|head| to.starts_with(head))
        }) {
            return Err(Code(
                400,
                "InvalidRedirectLocation",
                "The website redirect location must have a prefix of 'http://' or 'https://' or '/'.",
            )
            .into());
        }
        Ok(Wish {
            attributes: Attributes {
                content_type: text("content-type"),
                content_encoding: text("content-encoding")
                    .and_then(|encodings| plain_encodings(&encodings)),
                content_disposition: text("content-disposition"),
                content_language: text("content-language"),
                cache_control: text("cache-control"),
                expires: text("expires").map(Expires::Text),
                metadata,
                redirect,
            },
            tags: match call.header("x-amz-tagging") {
                Some(header) => tags::read_header(header)?,
                None => Vec::new(),
            },
            storage_class: storage_class(call)?,
        })
    }

    /// The object that comes of it.
    pub(crate) fn object(self, id: String, key: &str, call: &Call) -> Object {
        Object {
            id,
            key: key.to_owned(),
            version: NULL_VERSION.to_owned(),
            sequence: 0,
            latest: true,
            modified: call.now,
            size: 0,
            etag: String::new(),
            place: Place::Nowhere,
            attributes: self.attributes,
            tags: self.tags,
            checksum: None,
            storage_class: self.storage_class,
            upload: None,
        }
    }
}

/// The content encodings without the one that was only for the way.
fn plain_encodings(encodings: &str) -> Option<String> {
    let plain: Vec<&str> = encodings
        .split(',')
        .map(str::trim)
        .filter(|one| !one.is_empty() && !one.eq_ignore_ascii_case("aws-chunked"))
        .collect();
    (!plain.is_empty()).then(|| plain.join(","))
}

fn storage_class(call: &Call) -> Answer<String> {
    match call.header("x-amz-storage-class") {
        None => Ok("STANDARD".to_owned()),
        Some(
            class @ ("STANDARD"
            | "STANDARD_IA"
            | "ONEZONE_IA"
            | "INTELLIGENT_TIERING"
            | "GLACIER_IR"
            | "REDUCED_REDUNDANCY"
            | "GLACIER"
            | "DEEP_ARCHIVE"),
        ) => Ok(class.to_owned()),
        Some(other) => Err(INVALID_STORAGE_CLASS.with("StorageClassRequested", other)),
    }
}

/// Refuses headers that ask for what is not built: silence would be a lie.
pub(crate) fn check_write_headers(call: &Call) -> Answer<()> {
    match call.header("x-amz-server-side-encryption") {
        None | Some("AES256") => {}
        Some("aws:kms" | "aws:kms:dsse" | "aws:fsx") => return Err(not_implemented()),
        Some(other) => {
            return Err(INVALID_ENCRYPTION
                .with("ArgumentName", "x-amz-server-side-encryption")
                .with("ArgumentValue", other));
        }
    }
    if call
        .headers
        .contains_key("x-amz-server-side-encryption-aws-kms-key-id")
        || call
            .headers
            .contains_key("x-amz-server-side-encryption-context")
    {
        return Err(INVALID_ARGUMENT
            .say("Server Side Encryption with AWS KMS managed key requires HTTP header x-amz-server-side-encryption : aws:kms")
            .with("ArgumentName", "x-amz-server-side-encryption"));
    }
    if [
        "x-amz-server-side-encryption-customer-algorithm",
        "x-amz-copy-source-server-side-encryption-customer-algorithm",
        "x-amz-write-offset-bytes",
    ]
    .iter()
    .any(|name| call.headers.contains_key(*name))
    {
        return Err(not_implemented());
    }
    if [
        "x-amz-object-lock-mode",
        "x-amz-object-lock-retain-until-date",
        "x-amz-object-lock-legal-hold",
    ]
    .iter()
    .any(|name| call.headers.contains_key(*name))
    {
        return Err(INVALID_REQUEST.say("Bucket is missing Object Lock Configuration"));
    }
    check_acl(call, call.header("x-amz-acl"))
}

/// The five checksum members of an output that has them.
macro_rules! with_checksum {
    ($output:ident { $($rest:tt)* }, $checksum:expr) => {{
        let checksum: Option<&$crate::checksums::Checksum> = $checksum;
        let sum = |algorithm| checksum.and_then(|checksum| checksum.of(algorithm));
        $output {
            checksum_crc32: sum($crate::checksums::Algorithm::Crc32),
            checksum_crc32c: sum($crate::checksums::Algorithm::Crc32c),
            checksum_crc64nvme: sum($crate::checksums::Algorithm::Crc64Nvme),
            checksum_sha1: sum($crate::checksums::Algorithm::Sha1),
            checksum_sha256: sum($crate::checksums::Algorithm::Sha256),
            $($rest)*
        }
    }};
}
pub(crate) use with_checksum;

/// How objects are said to be encrypted.
pub(crate) fn encryption() -> Option<ServerSideEncryption> {
    Some(ServerSideEncryption::from_static(
        ServerSideEncryption::AES256,
    ))
}

/// How a checksum's kind is shown.
pub(crate) fn kind_of(checksum: Option<&Checksum>) -> Option<ChecksumType> {
    checksum.map(|checksum| ChecksumType::from_static(checksum.kind.name()))
}

impl House {
    /// Asks for everything that writing an object with these headers takes.
    pub(crate) fn ask_to_write(
        &self,
        call: &Call,
        state: &BucketState,
        key: &str,
        tags: &[Tag],
    ) -> Answer<Permit> {
        let keys = Keys::new().write_headers(call).request_tags(tags);
        let permit = self.ask(call, state, "s3:PutObject", On::Key(key), keys.clone())?;
        if !tags.is_empty() {
            self.ask(
                call,
                state,
                "s3:PutObjectTagging",
                On::Key(key),
                keys.clone(),
            )?;
        }
        if brings_acl(call) {
            self.ask(call, state, "s3:PutObjectAcl", On::Key(key), keys)?;
        }
        if call.conditions.has_match() {
            // Whoever learns whether an entity tag matches has read something of the object.
            self.ask_to_match(call, state, key)?;
        }
        Ok(permit)
    }

    /// Asks for what `If-Match` on a write takes.
    pub(crate) fn ask_to_match(&self, call: &Call, state: &BucketState, key: &str) -> Answer<()> {
        let scope = scope_of(&state.bucket.name);
        let there = youngest(&self.store.read(), &scope, key)?;
        let tags = there.map(|object| object.tags).unwrap_or_default();
        self.ask(
            call,
            state,
            "s3:GetObject",
            On::Key(key),
            Keys::new().existing_tags(&tags),
        )?;
        Ok(())
    }

    /// Refuses a conditional write early, before its body is read. What counts is the check
    /// in the transaction.
    pub(crate) fn check_write_early(
        &self,
        call: &Call,
        state: &BucketState,
        key: &str,
    ) -> Answer<()> {
        call.conditions.check_write_form()?;
        let scope = scope_of(&state.bucket.name);
        let there =
            youngest(&self.store.read(), &scope, key)?.filter(|object| !object.is_delete_marker());
        call.conditions
            .check_write(there.as_ref().map(|object| object.etag.as_str()), || {
                NO_SUCH_KEY.with("Key", key)
            })
    }

    pub(crate) async fn put_object(
        &self,
        call: &Call,
        input: PutObjectInput,
    ) -> Answer<PutObjectOutput> {
        let state = self.enter(call, &input.bucket)?;
        let wish = Wish::read(call)?;
        let permit = self.ask_to_write(call, &state, &input.key, &wish.tags)?;
        check_write_headers(call)?;
        self.check_write_early(call, &state, &input.key)?;

        let claim = Claim::read(&call.headers)?;
        let algorithm = claim.algorithm().unwrap_or(Algorithm::Crc64Nvme);
        let received = self
            .receive_body(
                call,
                input.body,
                Order {
                    bucket: &input.bucket,
                    claim: &claim,
                    wanted: &[algorithm],
                    inline_bytes_max: Some(INLINE_BYTES_MAX),
                },
            )
            .await?;
        let mut object = wish.object(self.new_id(), &input.key, call);
        object.checksum = received.tallied.checksum(algorithm);
        let (checksum, etag) = (object.checksum.clone(), received.etag());
        let changed = self
            .commit(permit, call, &input.bucket, object, received)
            .await?;

        Ok(with_checksum!(
            PutObjectOutput {
                checksum_type: kind_of(checksum.as_ref()),
                e_tag: Some(ETag::Strong(etag)),
                server_side_encryption: encryption(),
                version_id: changed.version,
                ..Default::default()
            },
            checksum.as_ref()
        ))
    }

    /// Stores what was received as a new version of its key.
    pub(crate) async fn commit(
        &self,
        _: Permit,
        call: &Call,
        bucket: &str,
        mut object: Object,
        received: Received,
    ) -> Answer<Changed> {
        object.size = received.tallied.size;
        object.etag = received.etag();
        let (place, inline, incoming) = received.into_place(&object.id);
        object.place = place;
        let draft = Draft {
            object,
            inline,
            manifest: None,
        };
        let (bucket, versions, conditions) =
            (bucket.to_owned(), self.versions, call.conditions.clone());
        let changed = self
            .transact_with(incoming, move |tx| {
                store_version(tx, &bucket, &draft, &conditions, versions)
            })
            .await?;
        self.remove_garbage(changed.garbage.clone());
        Ok(changed)
    }
}
