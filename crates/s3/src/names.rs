//! Names: what a bucket may be called, where it may live, what its resources are.

use crate::failure::{Answer, INVALID_BUCKET_NAME, INVALID_URI, KEY_TOO_LONG};

/// The longest key in bytes of UTF-8.
pub(crate) const KEY_BYTES_MAX: usize = 1024;

/// The default region, in which a bucket's location constraint is empty.
pub(crate) const FIRST_REGION: &str = "us-east-1";

/// Regions that a bucket may be in.
const REGIONS: &[&str] = &[
    "af-south-1",
    "ap-east-1",
    "ap-east-2",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-south-2",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ap-southeast-5",
    "ap-southeast-6",
    "ap-southeast-7",
    "ca-central-1",
    "ca-west-1",
    "eu-central-1",
    "eu-central-2",
    "eu-north-1",
    "eu-south-1",
    "eu-south-2",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "il-central-1",
    "me-central-1",
    "me-south-1",
    "mx-central-1",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
];

/// Whether there is such a region.
pub(crate) fn is_region(name: &str) -> bool {
    REGIONS.contains(&name)
}

/// Is this a name that some bucket could have? (Names of special kinds of buckets included.)
pub(crate) fn is_bucket_name(name: &str) -> bool {
    let bytes = name.as_bytes();
    let plain = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    (3..=63).contains(&bytes.len())
        && bytes.iter().all(|b| plain(b) || matches!(b, b'.' | b'-'))
        && bytes.first().is_some_and(plain)
        && bytes.last().is_some_and(plain)
        && !name.contains("..")
        && name.parse::<std::net::Ipv4Addr>().is_err()
}

/// May a new bucket be called this?
pub(crate) fn check_new_bucket(name: &str) -> Answer<()> {
    const PREFIXES: &[&str] = &["xn--", "sthree-", "amzn-s3-demo-"];
    const SUFFIXES: &[&str] = &["-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"];
    if is_bucket_name(name)
        && !PREFIXES.iter().any(|prefix| name.starts_with(prefix))
        && !SUFFIXES.iter().any(|suffix| name.ends_with(suffix))
    {
        return Ok(());
    }
    Err(INVALID_BUCKET_NAME.with("BucketName", name))
}

/// May an object be called this?
pub(crate) fn check_key(key: &str) -> Answer<()> {
    if key.len() > KEY_BYTES_MAX {
        return Err(KEY_TOO_LONG
            .with("Size", key.len().to_string())
            .with("MaxSizeAllowed", KEY_BYTES_MAX.to_string()));
    }
    // No XML can carry it, and our lookups end keys with it.
    if key.contains('\0') {
        return Err(INVALID_URI.into());
    }
    Ok(())
}

/// The ARN of a bucket.
pub(crate) fn bucket_arn(bucket: &str) -> String {
    ["arn:", aws::PARTITION, ":s3:::", bucket].concat()
}

/// The ARN of an object.
pub(crate) fn object_arn(bucket: &str, key: &str) -> String {
    ["arn:", aws::PARTITION, ":s3:::", bucket, "/", key].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bucket_names_follow_the_published_rules() {
        for good in [
            "abc",
            "docexamplebucket1",
            "log-delivery-march-2020",
            "my.hosted.content",
            "0ab",
            "a.b-c",
        ] {
            assert!(check_new_bucket(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "ab",
            "doc_example",
            "DocExample",
            "doc-example-",
            "-doc",
            ".doc",
            "doc.",
            "a..b",
            "192.168.5.4",
            "xn--abc",
            "sthree-abc",
            "abc-s3alias",
            "abc--ol-s3",
            "abc--x-s3",
            "a b",
            "amzn-s3-demo-x",
            "abc.mrap",
            &"a".repeat(64),
        ] {
            let failure = check_new_bucket(bad).unwrap_err();
            assert_eq!(failure.code, "InvalidBucketName", "{bad}");
        }
    }

    #[test]
    fn keys_end_at_1024_bytes() {
        assert!(check_key(&"é".repeat(512)).is_ok());
        assert_eq!(
            check_key(&"é".repeat(513)).unwrap_err().code,
            "KeyTooLongError"
        );
        assert_eq!(check_key("a\0b").unwrap_err().code, "InvalidURI");
    }
}
