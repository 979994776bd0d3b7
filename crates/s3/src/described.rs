//! What a request asks for, in CloudTrail's words: read from its address alone, so that a
//! request can be put on record whatever becomes of it.

use std::borrow::Cow;

use http::Method;
use http::request::Parts;

use crate::failure::Answer;
use crate::request::Target;

/// What a request asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Described {
    /// The operation, such as `GetObject`.
    pub operation: Cow<'static, str>,
    /// The bucket, if it names one.
    pub bucket: Option<String>,
    /// The object, if it names one.
    pub key: Option<String>,
}

pub(crate) fn describe(parts: &Parts, domains: &[String]) -> Described {
    let target = Target::read(&parts.uri, &parts.headers, domains);
    let copies = parts.headers.contains_key("x-amz-copy-source");
    Described::of(&parts.method, target, copies)
}

impl Described {
    pub(crate) fn of(method: &Method, target: Answer<Target>, copies: bool) -> Described {
        match target {
            Ok(target) => Described {
                operation: operation(method, &target, copies),
                key: (!target.key.is_empty()).then_some(target.key),
                bucket: target.bucket,
            },
            Err(_) => Described {
                operation: verb(method).into(),
                bucket: None,
                key: None,
            },
        }
    }
}

fn verb(method: &Method) -> &'static str {
    match *method {
        Method::GET => "Get",
        Method::PUT => "Put",
        Method::DELETE => "Delete",
        Method::HEAD => "Head",
        Method::POST => "Post",
        _ => "Unknown",
    }
}

fn operation(method: &Method, target: &Target, copies: bool) -> Cow<'static, str> {
    let is_object = !target.key.is_empty();
    let Some(subresource) = target.subresource_name() else {
        return plain(method, target.bucket.is_some(), is_object, copies).into();
    };
    let special = match (method.as_str(), subresource) {
        ("POST", "delete") => "DeleteObjects",
        ("GET", "uploads") => "ListMultipartUploads",
        ("POST", "uploads") => "CreateMultipartUpload",
        ("GET", "uploadId") => "ListParts",
        ("PUT", "uploadId") if copies => "UploadPartCopy",
        ("PUT", "uploadId") => "UploadPart",
        ("POST", "uploadId") => "CompleteMultipartUpload",
        ("DELETE", "uploadId") => "AbortMultipartUpload",
        ("GET", "versions") => "ListObjectVersions",
        ("POST", "restore") => "RestoreObject",
        ("POST", "select") => "SelectObjectContent",
        _ => "",
    };
    if !special.is_empty() {
        return special.into();
    }
    let level = if is_object { "Object" } else { "Bucket" };
    let words = subresource.split('-').map(|word| {
        let (first, rest) = word.split_at(word.chars().next().map_or(0, char::len_utf8));
        format!("{}{rest}", first.to_ascii_uppercase())
    });
    format!("{}{level}{}", verb(method), words.collect::<String>()).into()
}

fn plain(method: &Method, in_bucket: bool, is_object: bool, copies: bool) -> &'static str {
    match (method.as_str(), in_bucket, is_object) {
        ("GET", false, _) => "ListBuckets",
        ("GET", true, false) => "ListObjects",
        ("HEAD", true, false) => "HeadBucket",
        ("PUT", true, false) => "CreateBucket",
        ("DELETE", true, false) => "DeleteBucket",
        ("GET", _, true) => "GetObject",
        ("HEAD", _, true) => "HeadObject",
        ("PUT", _, true) if copies => "CopyObject",
        ("PUT", _, true) => "PutObject",
        ("DELETE", _, true) => "DeleteObject",
        _ => verb(method),
    }
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    #[test]
    fn requests_are_called_as_cloudtrail_calls_them() {
        for (method, uri, operation, bucket, key) in [
            (Method::GET, "/", "ListBuckets", "", ""),
            (Method::GET, "/b?list-type=2", "ListObjects", "b", ""),
            (
                Method::GET,
                "/b/k/l%20m?versionId=1",
                "GetObject",
                "b",
                "k/l m",
            ),
            (Method::PUT, "/b", "CreateBucket", "b", ""),
            (Method::GET, "/b?acl", "GetBucketAcl", "b", ""),
            (
                Method::PUT,
                "/b?publicAccessBlock",
                "PutBucketPublicAccessBlock",
                "b",
                "",
            ),
            (
                Method::PUT,
                "/b/k?legal-hold",
                "PutObjectLegalHold",
                "b",
                "k",
            ),
            (Method::POST, "/b?delete", "DeleteObjects", "b", ""),
            (
                Method::PUT,
                "/b/k?partNumber=1&uploadId=u",
                "UploadPart",
                "b",
                "k",
            ),
            (
                Method::POST,
                "/b/k?uploads",
                "CreateMultipartUpload",
                "b",
                "k",
            ),
            (Method::POST, "/b/k", "Post", "b", "k"),
            (Method::GET, "/%ff", "Get", "", ""),
        ] {
            let request = Request::builder().method(method).uri(uri).body(()).unwrap();
            let (parts, ()) = request.into_parts();
            let described = describe(&parts, &[]);
            assert_eq!(described.operation, operation, "{uri}");
            assert_eq!(described.bucket.unwrap_or_default(), bucket, "{uri}");
            assert_eq!(described.key.unwrap_or_default(), key, "{uri}");
        }
    }
}
