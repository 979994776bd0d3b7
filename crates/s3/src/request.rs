//! Brings a request into the one shape that the parsing library reads without surprise.
//!
//! The library takes the first query parameter that it knows for the operation and falls
//! back to the plain operation (`DELETE /bucket?abac` would delete the bucket), so what is
//! meant is settled here: at most one subresource, one that exists for the method, and
//! everything that belongs to signing is gone. Buckets in host names move into the path.

use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};

use crate::failure::{
    Answer, Failure, INVALID_ARGUMENT, INVALID_BUCKET_OWNER, INVALID_URI, METHOD_NOT_ALLOWED,
    NOT_IMPLEMENTED,
};
use crate::names::is_bucket_name;

/// Whose address the request has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    Service,
    Bucket,
    Object,
}

/// Every query parameter that names a subresource or selects an operation in S3's API, with
/// the methods that it has for a bucket and for an object. What is known here but not to the
/// library has no methods: it is answered `NotImplemented`.
const SUBRESOURCES: &[(&str, &str, &str)] = &[
    ("abac", "", ""),
    ("accelerate", "GET PUT", ""),
    ("acl", "GET PUT", "GET PUT"),
    ("analytics", "GET PUT DELETE", ""),
    ("annotation", "", ""),
    ("annotations", "", ""),
    ("append", "", ""),
    ("attributes", "", "GET"),
    ("cors", "GET PUT DELETE", ""),
    ("delete", "POST", ""),
    ("encryption", "GET PUT DELETE", ""),
    ("intelligent-tiering", "GET PUT DELETE", ""),
    ("inventory", "GET PUT DELETE", ""),
    ("legal-hold", "", "GET PUT"),
    ("lifecycle", "GET PUT DELETE", ""),
    ("location", "GET", ""),
    ("logging", "GET PUT", ""),
    ("metadataConfiguration", "", ""),
    ("metadataAnnotationTable", "", ""),
    ("metadataInventoryTable", "", ""),
    ("metadataJournalTable", "", ""),
    ("metadataTable", "GET POST DELETE", ""),
    ("metrics", "GET PUT DELETE", ""),
    ("notification", "GET PUT", ""),
    ("object-lock", "GET PUT", ""),
    ("ownershipControls", "GET PUT DELETE", ""),
    ("policy", "GET PUT DELETE", ""),
    ("policyStatus", "GET", ""),
    ("publicAccessBlock", "GET PUT DELETE", ""),
    ("renameObject", "", ""),
    ("replication", "GET PUT DELETE", ""),
    ("requestPayment", "GET PUT", ""),
    ("restore", "", "POST"),
    ("retention", "", "GET PUT"),
    ("select", "", "POST"),
    ("session", "GET", ""),
    ("tagging", "GET PUT DELETE", "GET PUT DELETE"),
    ("torrent", "", "GET"),
    ("uploadId", "", "GET PUT POST DELETE"),
    ("uploads", "GET", "POST"),
    ("versioning", "GET PUT", ""),
    ("versions", "GET", ""),
    ("website", "GET PUT DELETE", ""),
];

/// What belongs to signing and has been dealt with by whoever authenticated the request.
const SIGNING_PARAMETERS: &[&str] = &[
    "x-amz-algorithm",
    "x-amz-credential",
    "x-amz-date",
    "x-amz-expires",
    "x-amz-signedheaders",
    "x-amz-signature",
    "x-amz-security-token",
    "x-amz-content-sha256",
    "awsaccesskeyid",
    "signature",
    "expires",
];

/// Says who the caller believes the bucket to belong to.
pub(crate) const EXPECTED_OWNER: &str = "x-amz-expected-bucket-owner";

/// What a request addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    /// The path with the bucket in front, as it came, still percent-encoded.
    pub(crate) path: String,
    pub(crate) bucket: Option<String>,
    /// Empty where the bucket itself is addressed.
    pub(crate) key: String,
    /// Whether the address itself is signed.
    presigned: bool,
    /// The decoded query without what belongs to signing.
    pub(crate) query: Vec<(String, String)>,
}

impl Target {
    /// Reads the target of a request.
    pub(crate) fn read(uri: &Uri, headers: &HeaderMap, domains: &[String]) -> Answer<Target> {
        let path = match bucket_of_host(uri, headers, domains) {
            Some(bucket) => format!("/{bucket}{}", uri.path()),
            None => uri.path().to_owned(),
        };
        let decoded = percent_encoding::percent_decode_str(&path)
            .decode_utf8()
            .map_err(|_| Failure::from(INVALID_URI))?
            .into_owned();
        let rest = decoded
            .strip_prefix('/')
            .ok_or_else(|| Failure::from(INVALID_URI))?;
        let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
        let query = url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes())
            .filter(|(name, _)| !SIGNING_PARAMETERS.contains(&name.to_ascii_lowercase().as_str()))
            .map(|(name, value)| (name.into_owned(), value.into_owned()))
            .collect();
        Ok(Target {
            bucket: (!bucket.is_empty()).then(|| bucket.to_owned()),
            key: key.to_owned(),
            presigned: ["X-Amz-Signature", "Signature"].iter().any(|mark| {
                url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes())
                    .any(|(name, _)| name == *mark)
            }),
            path,
            query,
        })
    }

    /// Makes headers of what a presigned address carries in place of headers. Who owns the
    /// bucket must be said in one place only, be it the same in both.
    pub(crate) fn hoist(&self, headers: &mut HeaderMap) -> Answer<()> {
        if !self.presigned {
            return Ok(());
        }
        for (name, value) in &self.query {
            let Some(name) = hoisted(name) else {
                continue;
            };
            if headers.contains_key(&name) {
                if name == EXPECTED_OWNER {
                    return Err(INVALID_BUCKET_OWNER.say(
                        "Expected bucket owner must be provided as either a header or parameter, not both",
                    ));
                }
            } else if let Ok(value) = HeaderValue::from_bytes(value.as_bytes()) {
                headers.insert(name, value);
            }
        }
        Ok(())
    }

    /// The value of a query parameter.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        let found = self.query.iter().find(|(given, _)| given == name)?;
        Some(&found.1)
    }

    /// Whether the query has this parameter.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.parameter(name).is_some()
    }

    fn level(&self) -> Level {
        match (&self.bucket, self.key.is_empty()) {
            (None, _) => Level::Service,
            (Some(_), true) => Level::Bucket,
            (Some(_), false) => Level::Object,
        }
    }

    /// Whether the request makes the bucket that it names.
    pub(crate) fn makes_bucket(&self, method: &Method) -> bool {
        method == Method::PUT && self.level() == Level::Bucket && self.subresource().is_none()
    }

    /// Does the body of this request stream into an object? Every other body is a document.
    pub(crate) fn streams(&self, method: &Method) -> bool {
        method == Method::PUT
            && self.level() == Level::Object
            && (self.subresource().is_none() || self.has("uploadId"))
    }

    /// The name of the subresource that is asked for.
    pub(crate) fn subresource_name(&self) -> Option<&'static str> {
        self.subresource().map(|(name, ..)| *name)
    }

    fn subresource(&self) -> Option<&'static (&'static str, &'static str, &'static str)> {
        SUBRESOURCES.iter().find(|(name, ..)| self.has(name))
    }

    /// Refuses what has no single meaning, or one that is not built.
    pub(crate) fn check(&self, method: &Method) -> Answer<()> {
        for (at, (name, _)) in self.query.iter().enumerate() {
            if self
                .query
                .iter()
                .skip(at + 1)
                .any(|(other, _)| other == name)
            {
                return Err(INVALID_ARGUMENT
                    .say("Query parameter must be specified once.")
                    .with("ArgumentName", name.as_str()));
            }
        }
        let named: Vec<&str> = SUBRESOURCES
            .iter()
            .map(|(name, ..)| *name)
            .filter(|name| self.has(name))
            .collect();
        if named.len() > 1 {
            let named = named.join(", ");
            return Err(INVALID_ARGUMENT
                .say(format!("Conflicting query string parameters: {named}"))
                .with("ArgumentName", "ResourceType"));
        }
        let level = self.level();
        match self.subresource() {
            Some((_, "", "")) => return Err(not_implemented()),
            Some((name, bucket, object)) => {
                let methods = if level == Level::Object {
                    object
                } else {
                    bucket
                };
                let asked = if method == Method::HEAD {
                    "GET"
                } else {
                    method.as_str()
                };
                if level == Level::Service || !methods.split(' ').any(|one| one == asked) {
                    return Err(not_allowed(method, name));
                }
            }
            None => {
                let plain = match level {
                    Level::Service => "GET",
                    Level::Bucket => "GET HEAD PUT DELETE",
                    Level::Object => "GET HEAD PUT DELETE",
                };
                if !plain.split(' ').any(|one| one == method.as_str()) {
                    let kind = match level {
                        Level::Service => "SERVICE",
                        Level::Bucket => "BUCKET",
                        Level::Object => "OBJECT",
                    };
                    return Err(not_allowed(method, kind));
                }
            }
        }
        if method == Method::PUT
            && level == Level::Object
            && self.has("partNumber") != self.has("uploadId")
        {
            return Err(INVALID_ARGUMENT.say("Part uploads need both partNumber and uploadId."));
        }
        Ok(())
    }

    /// Refuses what is no number where S3 wants one.
    fn check_numbers(&self) -> Answer<()> {
        let wrong = self.query.iter().find(|(name, value)| {
            NUMBERS.contains(&name.as_str()) && !value.is_empty() && value.parse::<i32>().is_err()
        });
        match wrong {
            None => Ok(()),
            Some((name, value)) => Err(INVALID_ARGUMENT
                .say(format!(
                    "Provided {name} not an integer or within integer range"
                ))
                .with("ArgumentName", name.as_str())
                .with("ArgumentValue", value.as_str())),
        }
    }

    /// The address as the library is to see it.
    pub(crate) fn uri(&self) -> Answer<Uri> {
        self.check_numbers()?;
        let mut text = self.path.clone();
        // What replaces headers of the answer, or stands for headers of the request, is not for it.
        let mut left = self
            .query
            .iter()
            .filter(|(name, _)| !name.starts_with("response-") && hoisted(name).is_none())
            // An empty number is none.
            .filter(|(name, value)| !value.is_empty() || !NUMBERS.contains(&name.as_str()))
            .peekable();
        if left.peek().is_some() {
            let mut query = url::form_urlencoded::Serializer::new(String::new());
            query.extend_pairs(left);
            text.push('?');
            text.push_str(&query.finish());
        }
        text.parse().map_err(|_| INVALID_URI.into())
    }
}

/// Parameters that are whole numbers.
const NUMBERS: &[&str] = &[
    "max-buckets",
    "max-keys",
    "max-parts",
    "max-uploads",
    "part-number-marker",
];

/// The header that a query parameter of a presigned address stands for.
fn hoisted(name: &str) -> Option<HeaderName> {
    let name = name.to_ascii_lowercase();
    // S3 takes no checksum from an address. Clients put that of an empty body there, for want
    // of the one that will be sent.
    let is_checksum = name.starts_with("x-amz-checksum-") || name == "x-amz-sdk-checksum-algorithm";
    (!is_checksum && name.starts_with("x-amz-")
        || matches!(
            name.as_str(),
            "content-md5" | "content-type" | "if-match" | "if-none-match"
        ))
    .then(|| HeaderName::try_from(name).ok())
    .flatten()
}

fn not_allowed(method: &Method, kind: &str) -> Failure {
    METHOD_NOT_ALLOWED
        .with("Method", method.as_str())
        .with("ResourceType", kind.to_ascii_uppercase())
}

/// For operations that are not built.
pub(crate) fn not_implemented() -> Failure {
    NOT_IMPLEMENTED.say("This operation is not implemented.")
}

/// The headers that are left for the parsing library.
pub(crate) fn for_library(headers: &HeaderMap) -> HeaderMap {
    let mut left = HeaderMap::with_capacity(headers.len());
    for (name, value) in headers {
        if !is_read_here(name.as_str()) {
            left.append(name, value.clone());
        }
    }
    left
}

/// Whether a header belongs to signing, which whoever authenticated the request has dealt
/// with, or is one that we read ourselves: because S3 is more forgiving than the library, or
/// takes bytes where the library wants plain text.
fn is_read_here(name: &str) -> bool {
    matches!(
        name,
        "authorization"
            | "x-amz-date"
            | "x-amz-security-token"
            | "x-amz-content-sha256"
            | "x-amz-decoded-content-length"
            | "if-match"
            | "if-none-match"
            | "if-modified-since"
            | "if-unmodified-since"
            | "if-range"
            | "range"
            | "cache-control"
            | "content-disposition"
            | "content-encoding"
            | "content-language"
            | "content-type"
            | "expires"
            | "x-amz-object-ownership"
            | "x-amz-website-redirect-location"
    ) || name.starts_with("x-amz-meta-")
        || name.starts_with("x-amz-copy-source-if-")
}

/// The bucket that the host name of a request carries. A request of HTTP/2 says its host in
/// the authority of its address, without a header.
pub fn bucket_of_host(uri: &Uri, headers: &HeaderMap, domains: &[String]) -> Option<String> {
    let host = headers
        .get(http::header::HOST)
        .and_then(|host| host.to_str().ok())
        .or_else(|| uri.authority().map(|authority| authority.as_str()));
    bucket_in_host(host?, domains)
}

/// The bucket that a host name carries: `BUCKET.DOMAIN` for one of our domains, or AWS's own
/// `BUCKET.s3.REGION.amazonaws.com`.
fn bucket_in_host(host: &str, domains: &[String]) -> Option<String> {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    };
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    let bucket = domains
        .iter()
        .filter_map(|domain| name.strip_suffix(domain.as_str())?.strip_suffix('.'))
        .min_by_key(|bucket| bucket.len())
        .or_else(|| {
            let rest = name
                .strip_suffix(".amazonaws.com")
                .or_else(|| name.strip_suffix(".amazonaws.com.cn"))?;
            // `bucket.s3`, `bucket.s3.region`, `bucket.s3-region`, `bucket.s3.dualstack.region`
            let at = rest
                .rfind(".s3.")
                .or_else(|| rest.rfind(".s3-"))
                .or_else(|| rest.strip_suffix(".s3").map(str::len))?;
            rest.get(..at)
        })?;
    is_bucket_name(bucket).then(|| bucket.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(uri: &str) -> Target {
        Target::read(&uri.parse().unwrap(), &HeaderMap::new(), &[]).unwrap()
    }

    fn refusal(method: &str, uri: &str) -> String {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        match target(uri).check(&method) {
            Ok(()) => "ok".to_owned(),
            Err(failure) => failure.code.into_owned(),
        }
    }

    #[test]
    fn what_has_no_single_meaning_is_refused() {
        for (method, uri, answer) in [
            ("GET", "/", "ok"),
            ("PUT", "/", "MethodNotAllowed"),
            ("DELETE", "/bucket", "ok"),
            ("DELETE", "/bucket?x-id=DeleteBucket", "ok"),
            ("DELETE", "/bucket?abac", "NotImplemented"),
            ("DELETE", "/bucket?metadataConfiguration", "NotImplemented"),
            ("DELETE", "/bucket?versioning", "MethodNotAllowed"),
            ("DELETE", "/bucket?policy&cors", "InvalidArgument"),
            ("GET", "/bucket?acl&acl", "InvalidArgument"),
            ("PUT", "/bucket/key?renameObject", "NotImplemented"),
            ("PUT", "/bucket/key?partNumber=1", "InvalidArgument"),
            ("PUT", "/bucket/key?uploadId=1", "InvalidArgument"),
            ("PUT", "/bucket/key?uploadId=1&partNumber=1", "ok"),
            ("PUT", "/bucket/key?policy", "MethodNotAllowed"),
            ("POST", "/bucket/key", "MethodNotAllowed"),
            ("POST", "/bucket?delete", "ok"),
            ("POST", "/bucket", "MethodNotAllowed"),
            ("PATCH", "/bucket/key", "MethodNotAllowed"),
            ("GET", "/bucket/key?versionId=1&response-expires=x", "ok"),
        ] {
            assert_eq!(refusal(method, uri), answer, "{method} {uri}");
        }
    }

    #[test]
    fn signing_parameters_do_not_reach_the_library() {
        let target = target("/b/k?X-Amz-Signature=1&versionId=a%20b&Expires=1&Signature=2");
        assert_eq!(target.uri().unwrap(), "/b/k?versionId=a+b");
    }

    #[test]
    fn keys_are_taken_as_they_are() {
        for (path, key) in [
            ("/bucket//a", "/a"),
            ("/bucket/a//b/", "a//b/"),
            ("/bucket/../x", "../x"),
            ("/bucket/%2E%2E/x", "../x"),
            ("/bucket/a+b%20c", "a+b c"),
            ("/bucket/", ""),
        ] {
            assert_eq!(target(path).key, key, "{path}");
        }
        assert!(Target::read(&"/b/%ff".parse().unwrap(), &HeaderMap::new(), &[]).is_err());
    }

    #[test]
    fn buckets_are_found_in_host_names() {
        let domains = ["s3.example.test".to_owned(), "localhost".to_owned()];
        for (host, bucket) in [
            ("my-bucket.s3.example.test:4566", Some("my-bucket")),
            ("my.bucket.localhost", Some("my.bucket")),
            ("s3.example.test", None),
            ("localhost:4566", None),
            ("127.0.0.1:4566", None),
            ("abc.s3.us-east-2.amazonaws.com", Some("abc")),
            ("abc.s3.amazonaws.com", Some("abc")),
            ("abc.s3-us-west-1.amazonaws.com", Some("abc")),
            ("s3.us-east-2.amazonaws.com", None),
            ("iam.amazonaws.com", None),
        ] {
            assert_eq!(bucket_in_host(host, &domains).as_deref(), bucket, "{host}");
        }
    }

    #[test]
    fn a_request_without_a_host_header_names_its_bucket_all_the_same() {
        let uri: Uri = "http://mine.s3.amazonaws.com/console/a".parse().unwrap();
        let mut headers = HeaderMap::new();
        assert_eq!(bucket_of_host(&uri, &headers, &[]).as_deref(), Some("mine"));
        let target = Target::read(&uri, &headers, &[]).unwrap();
        assert_eq!(target.bucket.as_deref(), Some("mine"));
        headers.insert(
            http::header::HOST,
            "other.s3.amazonaws.com".parse().unwrap(),
        );
        assert_eq!(
            bucket_of_host(&uri, &headers, &[]).as_deref(),
            Some("other")
        );
    }
}
