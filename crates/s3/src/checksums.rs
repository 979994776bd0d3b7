//! Checksums: what the caller claims about its bytes, and what they really are.
//!
//! Every object gets an MD5 (its ETag) and one checksum of S3's five algorithms: the
//! caller's choice, or CRC64NVME. A claim that does not hold refuses the upload.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crc_fast::CrcAlgorithm;
use http::HeaderMap;
use s3s::crypto::{Checksum as _, Md5, Sha1, Sha256};
use serde::{Deserialize, Serialize};

use crate::failure::{
    Answer, BAD_DIGEST, Failure, INVALID_DIGEST, INVALID_REQUEST, NOT_IMPLEMENTED,
};
use crate::payload::Witness;

/// A checksum algorithm of S3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Algorithm {
    Crc32,
    Crc32c,
    Crc64Nvme,
    Sha1,
    Sha256,
}

use Algorithm::{Crc32, Crc32c, Crc64Nvme};

impl Algorithm {
    pub(crate) const ALL: [Algorithm; 5] =
        [Crc32, Crc32c, Crc64Nvme, Algorithm::Sha1, Algorithm::Sha256];

    /// As it is written in requests: `CRC32`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Crc32 => "CRC32",
            Crc32c => "CRC32C",
            Crc64Nvme => "CRC64NVME",
            Algorithm::Sha1 => "SHA1",
            Algorithm::Sha256 => "SHA256",
        }
    }

    /// The header that carries it.
    pub(crate) fn header(self) -> &'static str {
        match self {
            Crc32 => "x-amz-checksum-crc32",
            Crc32c => "x-amz-checksum-crc32c",
            Crc64Nvme => "x-amz-checksum-crc64nvme",
            Algorithm::Sha1 => "x-amz-checksum-sha1",
            Algorithm::Sha256 => "x-amz-checksum-sha256",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Algorithm> {
        Algorithm::ALL.into_iter().find(|a| a.name() == name)
    }

    fn from_header(header: &str) -> Option<Algorithm> {
        Algorithm::ALL.into_iter().find(|a| a.header() == header)
    }

    fn bytes(self) -> usize {
        match self {
            Crc32 | Crc32c => 4,
            Crc64Nvme => 8,
            Algorithm::Sha1 => 20,
            Algorithm::Sha256 => 32,
        }
    }

    /// Can the checksum of a whole be computed from those of its parts?
    pub(crate) fn is_linear(self) -> bool {
        self.crc().is_some()
    }

    fn crc(self) -> Option<CrcAlgorithm> {
        match self {
            Crc32 => Some(CrcAlgorithm::Crc32IsoHdlc),
            Crc32c => Some(CrcAlgorithm::Crc32Iscsi),
            Crc64Nvme => Some(CrcAlgorithm::Crc64Nvme),
            Algorithm::Sha1 | Algorithm::Sha256 => None,
        }
    }

    /// The well-formed raw value of a claim.
    fn decode(self, text: &str) -> Answer<Vec<u8>> {
        match STANDARD.decode(text) {
            Ok(raw) if raw.len() == self.bytes() => Ok(raw),
            _ => {
                Err(INVALID_REQUEST.say(format!("Value for {} header is invalid.", self.header())))
            }
        }
    }

    /// The checksum of this.
    pub(crate) fn of(self, data: &[u8]) -> Vec<u8> {
        let mut sum = Sum::new(self);
        sum.update(data);
        sum.finish()
    }

    /// The checksum of a whole from those of its parts and their sizes; only for CRCs.
    pub(crate) fn combine<'a>(
        self,
        parts: impl IntoIterator<Item = (&'a str, u64)>,
    ) -> Option<Vec<u8>> {
        let algorithm = self.crc()?;
        let mut whole = 0u64;
        for (at, (part, size)) in parts.into_iter().enumerate() {
            let raw = STANDARD.decode(part).ok()?;
            let sum = raw
                .iter()
                .fold(0u64, |sum, byte| sum << 8 | u64::from(*byte));
            whole = match at {
                0 => sum,
                _ => crc_fast::checksum_combine(algorithm, whole, sum, size),
            };
        }
        Some(self.crc_bytes(whole))
    }

    fn crc_bytes(self, value: u64) -> Vec<u8> {
        let raw = value.to_be_bytes();
        raw.get(8 - self.bytes().min(8)..).unwrap_or(&raw).to_vec()
    }
}

/// Whether a checksum speaks about the whole or about the checksums of the parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Kind {
    FullObject,
    Composite,
}

impl Kind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Kind::FullObject => "FULL_OBJECT",
            Kind::Composite => "COMPOSITE",
        }
    }
}

/// A checksum as it is kept and shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Checksum {
    pub(crate) algorithm: Algorithm,
    /// Base64; a composite one ends in `-` and the number of parts.
    pub(crate) value: String,
    pub(crate) kind: Kind,
}

impl Checksum {
    /// Its value, if it is of this algorithm.
    pub(crate) fn of(&self, algorithm: Algorithm) -> Option<String> {
        (self.algorithm == algorithm).then(|| self.value.clone())
    }
}

enum Sum {
    Crc(Algorithm, crc_fast::Digest),
    Sha1(Sha1),
    Sha256(Sha256),
}

impl Sum {
    fn new(algorithm: Algorithm) -> Sum {
        match (algorithm, algorithm.crc()) {
            (_, Some(crc)) => Sum::Crc(algorithm, crc_fast::Digest::new(crc)),
            (Algorithm::Sha1, None) => Sum::Sha1(Sha1::new()),
            (_, None) => Sum::Sha256(Sha256::new()),
        }
    }

    fn update(&mut self, data: &[u8]) {
        match self {
            Sum::Crc(_, digest) => digest.update(data),
            Sum::Sha1(digest) => digest.update(data),
            Sum::Sha256(digest) => digest.update(data),
        }
    }

    fn finish(self) -> Vec<u8> {
        match self {
            Sum::Crc(algorithm, digest) => algorithm.crc_bytes(digest.finalize()),
            Sum::Sha1(digest) => digest.finalize().to_vec(),
            Sum::Sha256(digest) => digest.finalize().to_vec(),
        }
    }
}

/// The headers of algorithms that S3 has and Arnold does not.
const NOT_BUILT: [&str; 5] = [
    "x-amz-checksum-md5",
    "x-amz-checksum-sha512",
    "x-amz-checksum-xxhash3",
    "x-amz-checksum-xxhash64",
    "x-amz-checksum-xxhash128",
];

/// What the caller says about the bytes that it sends.
#[derive(Debug, Clone, Default)]
pub(crate) struct Claim {
    md5: Option<[u8; 16]>,
    sum: Option<(Algorithm, Claimed)>,
}

#[derive(Debug, Clone)]
enum Claimed {
    Value(String),
    Trailer,
}

impl Claim {
    /// Reads the claim from a request's headers.
    pub(crate) fn read(headers: &HeaderMap) -> Answer<Claim> {
        let text = |name: &str| {
            headers
                .get(name)
                .map(|value| value.to_str().unwrap_or("\u{0}"))
        };
        let md5 = match text("content-md5") {
            None => None,
            Some(value) => match STANDARD.decode(value).map(<[u8; 16]>::try_from) {
                Ok(Ok(raw)) => Some(raw),
                _ => return Err(INVALID_DIGEST.with("Content-MD5", value)),
            },
        };
        // A claim that cannot be checked must not pass for one that held.
        if let Some(name) = NOT_BUILT.iter().find(|name| headers.contains_key(**name)) {
            return Err(NOT_IMPLEMENTED.with("Header", *name));
        }
        let mut sum = None;
        for algorithm in Algorithm::ALL {
            if let Some(value) = text(algorithm.header()) {
                algorithm.decode(value)?;
                claim_one(&mut sum, algorithm, Claimed::Value(value.to_owned()))?;
            }
        }
        if let Some(names) = text("x-amz-trailer") {
            for name in names.split(',').map(str::trim) {
                // Other trailers than checksums exist only as the signature, which is not announced.
                let algorithm =
                    Algorithm::from_header(&name.to_ascii_lowercase()).ok_or_else(|| {
                        INVALID_REQUEST
                            .say("The value specified in the x-amz-trailer header is not supported")
                    })?;
                claim_one(&mut sum, algorithm, Claimed::Trailer)?;
            }
        }
        if let Some(name) = text("x-amz-sdk-checksum-algorithm") {
            let wanted = Algorithm::from_name(&name.to_ascii_uppercase());
            match (&sum, wanted) {
                (Some((algorithm, _)), Some(wanted)) if *algorithm == wanted => {}
                (None, Some(_)) => {
                    return Err(INVALID_REQUEST.say(
                        "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found.",
                    ));
                }
                _ => {
                    return Err(INVALID_REQUEST
                        .say("Value for x-amz-sdk-checksum-algorithm header is invalid."));
                }
            }
        }
        Ok(Claim { md5, sum })
    }

    /// Reads only the claim about the request's own document, where checksum headers speak
    /// of an object.
    pub(crate) fn read_md5(headers: &HeaderMap) -> Answer<Claim> {
        let mut only = HeaderMap::new();
        if let Some(value) = headers.get("content-md5") {
            only.insert("content-md5", value.clone());
        }
        Claim::read(&only)
    }

    /// The algorithm of the claimed checksum.
    pub(crate) fn algorithm(&self) -> Option<Algorithm> {
        self.sum.as_ref().map(|(algorithm, _)| *algorithm)
    }

    /// Whether nothing is claimed.
    pub(crate) fn is_empty(&self) -> bool {
        self.md5.is_none() && self.sum.is_none()
    }

    /// Checks the claim about a document. Its refusal shows a digest as it came, where that of
    /// an object shows it in hexadecimal, both as recorded from AWS.
    pub(crate) fn check_document(&self, data: &[u8], witness: &Witness) -> Answer<()> {
        self.check_whole(data, witness).map_err(|mut failure| {
            let expected = failure
                .details
                .iter_mut()
                .find(|(name, _)| *name == "ExpectedDigest");
            if let (Some((_, shown)), Some(md5)) = (expected, self.md5) {
                *shown = STANDARD.encode(md5);
            }
            failure
        })
    }

    /// Checks the claim about bytes that are all here.
    pub(crate) fn check_whole(&self, data: &[u8], witness: &Witness) -> Answer<()> {
        let mut tally = Tally::new(self, &[]);
        tally.update(data);
        tally.finish(self, witness).map(|_| ())
    }
}

fn claim_one(
    sum: &mut Option<(Algorithm, Claimed)>,
    algorithm: Algorithm,
    claimed: Claimed,
) -> Answer<()> {
    if sum.is_some() {
        return Err(INVALID_REQUEST.say(
            "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.",
        ));
    }
    *sum = Some((algorithm, claimed));
    Ok(())
}

/// Counts and hashes bytes as they come.
pub(crate) struct Tally {
    md5: Md5,
    sums: Vec<(Algorithm, Sum)>,
    pub(crate) size: u64,
}

/// What the bytes really are.
#[derive(Debug, Clone)]
pub(crate) struct Tallied {
    pub(crate) size: u64,
    pub(crate) md5: [u8; 16],
    sums: Vec<Checksum>,
}

impl Tallied {
    /// The checksum of an algorithm that was counted.
    pub(crate) fn checksum(&self, algorithm: Algorithm) -> Option<Checksum> {
        self.sums
            .iter()
            .find(|sum| sum.algorithm == algorithm)
            .cloned()
    }
}

impl Tally {
    /// Counts what is claimed, and what is wanted besides.
    pub(crate) fn new(claim: &Claim, wanted: &[Algorithm]) -> Tally {
        let mut algorithms: Vec<Algorithm> = wanted.to_vec();
        algorithms.extend(
            claim
                .algorithm()
                .filter(|claimed| !wanted.contains(claimed)),
        );
        Tally {
            md5: Md5::new(),
            sums: algorithms
                .into_iter()
                .map(|algorithm| (algorithm, Sum::new(algorithm)))
                .collect(),
            size: 0,
        }
    }

    pub(crate) fn update(&mut self, data: &[u8]) {
        self.md5.update(data);
        for (_, sum) in &mut self.sums {
            sum.update(data);
        }
        self.size += data.len() as u64;
    }

    /// The sums, if the claim holds. All of the body must have been read: trailers come last.
    pub(crate) fn finish(self, claim: &Claim, witness: &Witness) -> Answer<Tallied> {
        let md5 = self.md5.finalize();
        if let Some(claimed) = claim.md5
            && claimed != md5
        {
            return Err(BAD_DIGEST
                .with("ExpectedDigest", hex::encode(claimed))
                .with("CalculatedDigest", STANDARD.encode(md5)));
        }
        let sums: Vec<Checksum> = self
            .sums
            .into_iter()
            .map(|(algorithm, sum)| Checksum {
                algorithm,
                value: STANDARD.encode(sum.finish()),
                kind: Kind::FullObject,
            })
            .collect();
        if let Some((algorithm, claimed)) = &claim.sum {
            let claimed = match claimed {
                Claimed::Value(value) => value.clone(),
                Claimed::Trailer => trailer(*algorithm, witness)?,
            };
            let holds = |sum: &Checksum| sum.algorithm == *algorithm && sum.value == claimed;
            if !sums.iter().any(holds) {
                return Err(mismatch(*algorithm));
            }
        }
        Ok(Tallied {
            size: self.size,
            md5,
            sums,
        })
    }
}

fn trailer(algorithm: Algorithm, witness: &Witness) -> Answer<String> {
    let value = witness.trailer(algorithm.header()).ok_or_else(|| Failure {
        code: "MalformedTrailerError".into(),
        message: "The request contained trailing data that was not well-formed or did not conform to our published schema.".into(),
        ..Failure::from(INVALID_REQUEST)
    })?;
    algorithm.decode(&value)?;
    Ok(value)
}

/// The refusal of a claimed checksum that does not hold.
pub(crate) fn mismatch(algorithm: Algorithm) -> Failure {
    BAD_DIGEST.say(format!(
        "The {} you specified did not match the calculated checksum.",
        algorithm.name()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (http::HeaderName::from_static(name), value.parse().unwrap()))
            .collect()
    }

    fn check(pairs: &[(&'static str, &str)], data: &[u8]) -> Answer<()> {
        Claim::read(&headers(pairs))?.check_whole(data, &Witness::default())
    }

    #[test]
    fn published_check_values_hold() {
        // The catalogue's check values for `123456789`, and FIPS 180's for `abc`.
        for (name, value) in [
            ("x-amz-checksum-crc32", "y/Q5Jg=="),
            ("x-amz-checksum-crc32c", "4waSgw=="),
            ("x-amz-checksum-crc64nvme", "rosUhgp5mIg="),
        ] {
            check(&[(name, value)], b"123456789").unwrap();
            let failure = check(&[(name, value)], b"12345678").unwrap_err();
            assert_eq!(failure.code, "BadDigest");
        }
        check(
            &[("x-amz-checksum-sha1", "qZk+NkcGgWq6PiVxeFDCbJzQ2J0=")],
            b"abc",
        )
        .unwrap();
        let sha256 = "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=";
        check(&[("x-amz-checksum-sha256", sha256)], b"abc").unwrap();
        check(&[("content-md5", "kAFQmDzST7DWlj99KOF/cg==")], b"abc").unwrap();
        let failure = check(&[("content-md5", "kAFQmDzST7DWlj99KOF/cg==")], b"abd").unwrap_err();
        assert_eq!(failure.code, "BadDigest");
    }

    #[test]
    fn malformed_and_ambiguous_claims_are_refused() {
        for (pairs, code) in [
            (vec![("content-md5", "AAAA")], "InvalidDigest"),
            (vec![("content-md5", "%%%")], "InvalidDigest"),
            (vec![("x-amz-checksum-crc32", "AAAA")], "InvalidRequest"),
            (vec![("x-amz-checksum-sha512", "AAAA")], "NotImplemented"),
            (vec![("x-amz-trailer", "x-other")], "InvalidRequest"),
            (
                vec![("x-amz-sdk-checksum-algorithm", "CRC32")],
                "InvalidRequest",
            ),
            (
                vec![
                    ("x-amz-checksum-crc32", "y/Q5Jg=="),
                    ("x-amz-checksum-crc32c", "4waSgw=="),
                ],
                "InvalidRequest",
            ),
            (
                vec![
                    ("x-amz-checksum-crc32", "y/Q5Jg=="),
                    ("x-amz-sdk-checksum-algorithm", "SHA1"),
                ],
                "InvalidRequest",
            ),
            (
                vec![("x-amz-trailer", "x-amz-checksum-crc32")],
                "MalformedTrailerError",
            ),
        ] {
            let failure = check(&pairs, b"123456789").unwrap_err();
            assert_eq!(failure.code, code, "{pairs:?}");
        }
    }

    #[test]
    fn the_sum_of_parts_is_the_sum_of_the_whole() {
        let data: Vec<u8> = (0..5000u32).map(|n| (n * 7 % 251) as u8).collect();
        for algorithm in [Crc32, Crc32c, Crc64Nvme] {
            let (a, rest) = data.split_at(1234);
            let (b, c) = rest.split_at(1);
            let sums: Vec<String> = [a, b, c]
                .iter()
                .map(|p| STANDARD.encode(algorithm.of(p)))
                .collect();
            let parts = sums.iter().map(String::as_str).zip([1234, 1, 3765]);
            assert_eq!(algorithm.combine(parts), Some(algorithm.of(&data)));
        }
        assert_eq!(Algorithm::Sha256.combine([]), None);
    }
}
