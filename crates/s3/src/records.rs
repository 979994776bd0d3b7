//! What is kept of buckets, objects and uploads.
//!
//! Buckets live in one scope, because their names are unique among all accounts; everything
//! inside a bucket lives in the bucket's own scope. Keys are lookup values, never paths, so
//! that listings come in the order of their bytes and any key is as good as another.

use std::borrow::Cow;
use std::collections::BTreeMap;

use aws::Timestamp;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use store::{Lookup, Record};

use crate::checksums::{Algorithm, Checksum, Kind};
use crate::gate::NamedPrincipal;

/// The scope of the buckets themselves.
pub(crate) const BUCKETS: &str = "s3";

/// The scope of what is in a bucket.
pub(crate) fn scope_of(bucket: &str) -> String {
    ["s3/", bucket].concat()
}

/// The version id of objects that were stored while the bucket kept no versions.
pub(crate) const NULL_VERSION: &str = "null";

/// A name and a value that somebody attached to something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Tag {
    pub(crate) key: String,
    pub(crate) value: String,
}

/// Whether a bucket keeps what is written over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) enum Versioning {
    /// Never has.
    #[default]
    Never,
    Enabled,
    Suspended,
}

/// What a bucket does about policies that open it to everybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PublicAccessBlock {
    pub(crate) block_public_acls: bool,
    pub(crate) ignore_public_acls: bool,
    pub(crate) block_public_policy: bool,
    pub(crate) restrict_public_buckets: bool,
}

impl PublicAccessBlock {
    /// What a new bucket has.
    pub(crate) const ALL: PublicAccessBlock = PublicAccessBlock {
        block_public_acls: true,
        ignore_public_acls: true,
        block_public_policy: true,
        restrict_public_buckets: true,
    };
}

/// One rule of a bucket's cross-origin configuration.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct CorsRule {
    pub(crate) id: Option<String>,
    pub(crate) origins: Vec<String>,
    pub(crate) methods: Vec<String>,
    pub(crate) headers: Vec<String>,
    pub(crate) expose: Vec<String>,
    pub(crate) max_age_s: Option<i32>,
}

/// A bucket and its configuration.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Bucket {
    pub(crate) name: String,
    /// The owner's account id.
    pub(crate) owner: String,
    pub(crate) region: String,
    pub(crate) created: Timestamp,
    /// The policy's text as it is shown.
    #[serde(default)]
    pub(crate) policy: Option<String>,
    /// The users and roles that the policy names.
    #[serde(default)]
    pub(crate) policy_principals: Vec<NamedPrincipal>,
    #[serde(default)]
    pub(crate) public_access_block: Option<PublicAccessBlock>,
    /// Whether ownership controls are set; they can only be `BucketOwnerEnforced`.
    #[serde(default)]
    pub(crate) ownership: bool,
    #[serde(default)]
    pub(crate) cors: Option<Vec<CorsRule>>,
    #[serde(default)]
    pub(crate) tags: Vec<Tag>,
    #[serde(default)]
    pub(crate) versioning: Versioning,
    #[serde(default)]
    pub(crate) bucket_key: bool,
    /// The location constraint as it was given, where it is not the region's name.
    #[serde(default)]
    pub(crate) constraint: Option<String>,
    /// Whether a default encryption was set.
    #[serde(default)]
    pub(crate) encryption: bool,
}

impl Record for Bucket {
    const KIND: &'static str = "s3.bucket";

    fn id(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.name)
    }

    fn lookups(&self) -> Vec<Lookup> {
        vec![Lookup::unique("owned", owned(&self.owner, &self.name))]
    }
}

/// The lookup value under which an account's bucket is found.
pub(crate) fn owned(account: &str, name: &str) -> String {
    format!("{account}/{name}")
}

/// The headers that an object was stored with and is shown with.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Attributes {
    pub(crate) content_type: Option<String>,
    pub(crate) content_encoding: Option<String>,
    pub(crate) content_disposition: Option<String>,
    pub(crate) content_language: Option<String>,
    pub(crate) cache_control: Option<String>,
    pub(crate) expires: Option<Expires>,
    pub(crate) metadata: BTreeMap<String, String>,
    pub(crate) redirect: Option<String>,
}

/// The header `Expires`, which need not be a date.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Expires {
    /// Seconds since 1970, as records of earlier versions have it.
    At(i64),
    /// As it was given.
    Text(String),
}

/// Where an object's bytes are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Place {
    /// In the [`Inline`] record with the object's id.
    Inline,
    /// In this file.
    File(String),
    /// In the files of this many parts, as the [`Manifest`] with the object's id says.
    Parts(u32),
    /// Nowhere: this is a delete marker.
    Nowhere,
}

/// One version of an object.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Object {
    /// Random; names the record only.
    pub(crate) id: String,
    pub(crate) key: String,
    pub(crate) version: String,
    /// Higher is younger, among the versions of a key.
    pub(crate) sequence: u64,
    /// Whether this is the key's youngest version.
    pub(crate) latest: bool,
    pub(crate) modified: Timestamp,
    pub(crate) size: u64,
    /// Without quotes.
    pub(crate) etag: String,
    pub(crate) place: Place,
    pub(crate) attributes: Attributes,
    pub(crate) tags: Vec<Tag>,
    pub(crate) checksum: Option<Checksum>,
    pub(crate) storage_class: String,
    /// The id of the upload in parts that made it, if one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) upload: Option<String>,
}

impl Object {
    pub(crate) fn is_delete_marker(&self) -> bool {
        self.place == Place::Nowhere
    }
}

impl Record for Object {
    const KIND: &'static str = "s3.object";

    fn id(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.id)
    }

    fn lookups(&self) -> Vec<Lookup> {
        let mut lookups = vec![
            Lookup::unique("version", named_version(&self.key, &self.version)),
            Lookup::unique("history", history(&self.key, self.sequence)),
        ];
        if self.latest && !self.is_delete_marker() {
            lookups.push(Lookup::unique("key", &self.key));
        }
        if let Place::File(blob) = &self.place {
            lookups.push(Lookup::many("blob", blob));
        }
        if let Some(upload) = &self.upload {
            lookups.push(Lookup::unique("upload", upload));
        }
        lookups
    }
}

/// The lookup value of a version by its name.
pub(crate) fn named_version(key: &str, version: &str) -> String {
    format!("{version}\0{key}")
}

/// The lookup value that orders versions by key and then from the youngest to the oldest.
pub(crate) fn history(key: &str, sequence: u64) -> String {
    format!("{key}\0{:016x}", u64::MAX - sequence)
}

/// The bytes of a small object.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Inline {
    pub(crate) id: String,
    /// Base64.
    pub(crate) data: String,
}

impl Inline {
    /// The bytes themselves; none if the record is not what it should be.
    pub(crate) fn bytes(&self) -> Option<bytes::Bytes> {
        STANDARD.decode(&self.data).ok().map(bytes::Bytes::from)
    }
}

impl Record for Inline {
    const KIND: &'static str = "s3.inline";

    fn id(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.id)
    }

    fn lookups(&self) -> Vec<Lookup> {
        Vec::new()
    }
}

/// A part of an object, as a manifest lists it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Piece {
    pub(crate) number: u32,
    pub(crate) size: u64,
    pub(crate) blob: String,
    /// Base64, of the object's checksum algorithm.
    pub(crate) checksum: Option<String>,
}

/// The parts of an object that was uploaded in parts.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Manifest {
    pub(crate) id: String,
    pub(crate) pieces: Vec<Piece>,
}

impl Record for Manifest {
    const KIND: &'static str = "s3.manifest";

    fn id(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.id)
    }

    fn lookups(&self) -> Vec<Lookup> {
        self.pieces
            .iter()
            .map(|piece| Lookup::many("blob", &piece.blob))
            .collect()
    }
}

/// An upload in parts that is under way.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Upload {
    pub(crate) id: String,
    pub(crate) key: String,
    pub(crate) initiated: Timestamp,
    /// Who began it: an ARN or a canonical id.
    pub(crate) initiator: String,
    pub(crate) attributes: Attributes,
    pub(crate) tags: Vec<Tag>,
    pub(crate) storage_class: String,
    /// What the caller asked for, if it did.
    pub(crate) algorithm: Option<Algorithm>,
    pub(crate) kind: Option<Kind>,
    /// The id of the object that had the key when the upload began.
    #[serde(default)]
    pub(crate) writes_over: Option<String>,
}

impl Record for Upload {
    const KIND: &'static str = "s3.upload";

    fn id(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.id)
    }

    fn lookups(&self) -> Vec<Lookup> {
        vec![Lookup::unique(
            "key",
            upload_order(&self.key, self.initiated, &self.id),
        )]
    }
}

/// The lookup value that orders uploads by key and then by age.
pub(crate) fn upload_order(key: &str, initiated: Timestamp, id: &str) -> String {
    format!("{key}\0{:016x}{id}", initiated.as_millisecond().max(0))
}

/// A part that was uploaded.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Part {
    pub(crate) upload: String,
    pub(crate) number: u32,
    pub(crate) size: u64,
    /// Without quotes.
    pub(crate) etag: String,
    pub(crate) blob: String,
    pub(crate) modified: Timestamp,
    pub(crate) checksum: Option<Checksum>,
    /// CRC64NVME of the part, from which the whole object's is made.
    pub(crate) crc64nvme: String,
}

impl Record for Part {
    const KIND: &'static str = "s3.part";

    fn id(&self) -> Cow<'_, str> {
        Cow::Owned(part_id(&self.upload, self.number))
    }

    fn lookups(&self) -> Vec<Lookup> {
        vec![
            Lookup::unique("number", part_id(&self.upload, self.number)),
            Lookup::many("blob", &self.blob),
        ]
    }
}

/// The id of a part's record; also orders the parts of an upload.
pub(crate) fn part_id(upload: &str, number: u32) -> String {
    format!("{upload}/{number:05}")
}

/// A file that no record needs any more and that is to be removed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Garbage {
    pub(crate) blob: String,
}

impl Record for Garbage {
    const KIND: &'static str = "s3.garbage";

    fn id(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.blob)
    }

    fn lookups(&self) -> Vec<Lookup> {
        vec![Lookup::unique("blob", &self.blob)]
    }
}

/// The key under which continuation tokens are made, so that made-up ones are noticed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct TokenKey {
    /// Base64 of 32 random bytes.
    pub(crate) key: String,
}

impl TokenKey {
    pub(crate) const ID: &'static str = "token-key";
}

impl Record for TokenKey {
    const KIND: &'static str = "s3.token-key";

    fn id(&self) -> Cow<'_, str> {
        Cow::Borrowed(TokenKey::ID)
    }

    fn lookups(&self) -> Vec<Lookup> {
        Vec::new()
    }
}
