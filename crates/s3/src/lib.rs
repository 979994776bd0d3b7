//! The S3 endpoint: buckets and objects on AWS's wire, every request asked about first.
//!
//! A request comes in authenticated and with its body decoded; [`S3Endpoint`] finds out what
//! it means, asks the [`Gate`] about every action that it takes, and answers. Records go to
//! the store, the bytes of objects to a folder of files that have nothing to do with keys.
//!
//! A browser's form is read by [`form`] and comes in as an upload.
//!
//! The way through: `request` (what is meant?) → `payload` (the body, watched) → the library
//! `s3s` (from the wire to types and back) → `operations` (which operation) → `door` (may
//! they?) → `buckets`, `objects`, `reading`, `writing`, `uploads`, `listing` … (do it) →
//! `endpoint` (the answer, in S3's words).

mod attributes;
mod blobs;
mod buckets;
mod call;
mod checksums;
mod completed;
mod completing;
mod conditions;
mod copying;
mod cors;
mod deleting;
mod described;
mod door;
mod endpoint;
mod failure;
pub mod form;
mod gate;
mod house;
mod kept;
mod lenient;
mod listing;
mod names;
mod objects;
mod operations;
mod owners;
mod payload;
mod policies;
mod public;
mod reading;
mod receive;
mod records;
mod request;
mod rfc2047;
mod settings;
mod tags;
mod tokens;
mod uploads;
mod versions;
mod walk;
mod writing;

pub use self::described::Described;
pub use self::endpoint::{Answered, OpenError, S3Endpoint, Settings, Told};
pub use self::gate::{Ask, CallerHandle, Denied, Gate, NamedPrincipal};
pub use self::payload::BodyRefused;
pub use self::request::bucket_of_host;
pub use s3s::Body;
