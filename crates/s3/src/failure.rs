//! What goes wrong, in S3's words: code, status, message and details, and the XML of it.

use std::borrow::Cow;
use std::fmt::Write as _;

use http::{HeaderName, HeaderValue, StatusCode};

/// One of S3's error codes with its usual status and sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Code(
    pub(crate) u16,
    pub(crate) &'static str,
    pub(crate) &'static str,
);

impl Code {
    /// The failure with a sentence of its own.
    pub(crate) fn say(self, message: impl Into<Cow<'static, str>>) -> Failure {
        let mut failure = Failure::from(self);
        failure.message = message.into();
        failure
    }

    /// The failure with one more element in its XML.
    pub(crate) fn with(self, name: &'static str, value: impl Into<String>) -> Failure {
        Failure::from(self).with(name, value)
    }
}

/// A request that did not succeed.
#[derive(Debug, Clone)]
pub(crate) struct Failure {
    pub(crate) status: u16,
    pub(crate) code: Cow<'static, str>,
    pub(crate) message: Cow<'static, str>,
    pub(crate) details: Vec<(&'static str, String)>,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
}

/// What a handler returns.
pub(crate) type Answer<T> = Result<T, Failure>;

impl From<Code> for Failure {
    fn from(Code(status, code, message): Code) -> Failure {
        Failure {
            status,
            code: Cow::Borrowed(code),
            message: Cow::Borrowed(message),
            details: Vec::new(),
            headers: Vec::new(),
        }
    }
}

impl Failure {
    /// Adds an element to the XML, such as `Key`.
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Failure {
        self.details.push((name, value.into()));
        self
    }

    /// Adds a header to the answer.
    pub(crate) fn header(mut self, name: HeaderName, value: &str) -> Failure {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.push((name, value));
        }
        self
    }

    /// Something broke on our side. The cause goes to the log, not to the caller.
    pub(crate) fn internal(cause: impl std::fmt::Display) -> Failure {
        tracing::error!(%cause, "s3 request failed");
        INTERNAL_ERROR.into()
    }

    pub(crate) fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// The error document.
    pub(crate) fn xml(&self, request_id: &str, host_id: &str) -> String {
        let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error>");
        element(&mut xml, "Code", &self.code);
        element(&mut xml, "Message", &self.message);
        for (name, value) in &self.details {
            element(&mut xml, name, value);
        }
        element(&mut xml, "RequestId", request_id);
        element(&mut xml, "HostId", host_id);
        xml.push_str("</Error>");
        xml
    }
}

pub(crate) fn element(xml: &mut String, name: &str, text: &str) {
    let _ = write!(xml, "<{name}>");
    for c in text.chars() {
        match c {
            '&' => xml.push_str("&amp;"),
            '<' => xml.push_str("&lt;"),
            '>' => xml.push_str("&gt;"),
            // What XML 1.0 cannot carry at all is shown as a replacement character.
            c if (c < ' ' && !matches!(c, '\t' | '\n' | '\r'))
                || matches!(c, '\u{fffe}' | '\u{ffff}') =>
            {
                xml.push('\u{fffd}');
            }
            c => xml.push(c),
        }
    }
    let _ = write!(xml, "</{name}>");
}

macro_rules! codes {
    ($($name:ident = $status:literal $code:literal $message:literal;)*) => {
        $(pub(crate) const $name: Code = Code($status, $code, $message);)*
        /// Every code here, to put S3's sentence to what the parsing library refuses.
        const ALL: &[Code] = &[$($name),*];
    };
}

codes! {
    ACCESS_DENIED = 403 "AccessDenied" "Access Denied";
    ACL_NOT_SUPPORTED = 400 "AccessControlListNotSupported" "The bucket does not allow ACLs";
    BAD_DIGEST = 400 "BadDigest" "The Content-MD5 you specified did not match what we received.";
    BAD_REQUEST = 400 "BadRequest" "Bad Request";
    BUCKET_ALREADY_EXISTS = 409 "BucketAlreadyExists" "The requested bucket name is not available. The bucket namespace is shared by all users of the system. Please select a different name and try again.";
    BUCKET_ALREADY_OWNED_BY_YOU = 409 "BucketAlreadyOwnedByYou" "Your previous request to create the named bucket succeeded and you already own it.";
    CONDITIONAL_CONFLICT = 409 "ConditionalRequestConflict" "The conditional request cannot succeed due to a conflicting operation against this resource.";
    BUCKET_NOT_EMPTY = 409 "BucketNotEmpty" "The bucket you tried to delete is not empty";
    CORS_FORBIDDEN = 403 "AccessForbidden" "CORSResponse: This CORS request is not allowed. This is usually because the evalution of Origin, request method / Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted by the resource's CORS spec.";
    ENTITY_TOO_LARGE = 400 "EntityTooLarge" "Your proposed upload exceeds the maximum allowed size";
    ENTITY_TOO_SMALL = 400 "EntityTooSmall" "Your proposed upload is smaller than the minimum allowed size";
    ILLEGAL_LOCATION_CONSTRAINT = 400 "IllegalLocationConstraintException" "The unspecified location constraint is incompatible for the region specific endpoint this request was sent to.";
    INCOMPLETE_BODY = 400 "IncompleteBody" "The request body terminated unexpectedly";
    INTERNAL_ERROR = 500 "InternalError" "We encountered an internal error. Please try again.";
    INVALID_ARGUMENT = 400 "InvalidArgument" "Invalid Argument";
    INVALID_BUCKET_NAME = 400 "InvalidBucketName" "The specified bucket is not valid.";
    INVALID_BUCKET_OWNER = 400 "InvalidBucketOwnerAWSAccountID" "The value of the expected bucket owner parameter must be an AWS Account ID...";
    INVALID_DIGEST = 400 "InvalidDigest" "The Content-MD5 you specified was invalid.";
    INVALID_LOCATION_CONSTRAINT = 400 "InvalidLocationConstraint" "The specified location-constraint is not valid";
    INVALID_OBJECT_STATE = 403 "InvalidObjectState" "The operation is not valid for the object's storage class";
    INVALID_PART = 400 "InvalidPart" "One or more of the specified parts could not be found.  The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.";
    INVALID_PART_NUMBER = 416 "InvalidPartNumber" "The requested partnumber is not satisfiable";
    INVALID_PART_ORDER = 400 "InvalidPartOrder" "The list of parts was not in ascending order. Parts must be ordered by part number.";
    INVALID_POLICY_DOCUMENT = 400 "InvalidPolicyDocument" "The content of the form does not meet the conditions specified in the policy document.";
    INVALID_RANGE = 416 "InvalidRange" "The requested range is not satisfiable";
    INVALID_REQUEST = 400 "InvalidRequest" "Invalid Request";
    INVALID_STORAGE_CLASS = 400 "InvalidStorageClass" "The storage class you specified is not valid";
    INVALID_TAG = 400 "InvalidTag" "The tag provided was not a valid tag.";
    INVALID_URI = 400 "InvalidURI" "Couldn't parse the specified URI.";
    KEY_TOO_LONG = 400 "KeyTooLongError" "Your key is too long";
    MALFORMED_ACL = 400 "MalformedACLError" "The XML you provided was not well-formed or did not validate against our published schema";
    MALFORMED_POLICY = 400 "MalformedPolicy" "Policies must be valid JSON and the first byte must be '{'";
    MALFORMED_POST = 400 "MalformedPOSTRequest" "The body of your POST request is not well-formed multipart/form-data.";
    MALFORMED_XML = 400 "MalformedXML" "The XML you provided was not well-formed or did not validate against our published schema";
    MAX_MESSAGE_LENGTH = 400 "MaxMessageLengthExceeded" "Your request was too big.";
    METADATA_TOO_LARGE = 400 "MetadataTooLarge" "Your metadata headers exceed the maximum allowed metadata size";
    METHOD_NOT_ALLOWED = 405 "MethodNotAllowed" "The specified method is not allowed against this resource.";
    MISSING_CONTENT_LENGTH = 411 "MissingContentLength" "You must provide the Content-Length HTTP header.";
    MISSING_REQUEST_BODY = 400 "MissingRequestBodyError" "Request Body is empty";
    NO_SUCH_BUCKET = 404 "NoSuchBucket" "The specified bucket does not exist";
    NO_SUCH_BUCKET_POLICY = 404 "NoSuchBucketPolicy" "The bucket policy does not exist";
    NO_SUCH_CORS = 404 "NoSuchCORSConfiguration" "The CORS configuration does not exist";
    NO_SUCH_KEY = 404 "NoSuchKey" "The specified key does not exist.";
    NO_SUCH_LIFECYCLE = 404 "NoSuchLifecycleConfiguration" "The lifecycle configuration does not exist";
    NO_SUCH_OBJECT_LOCK = 404 "ObjectLockConfigurationNotFoundError" "Object Lock configuration does not exist for this bucket";
    NO_SUCH_OWNERSHIP = 404 "OwnershipControlsNotFoundError" "The bucket ownership controls were not found";
    NO_SUCH_PUBLIC_ACCESS_BLOCK = 404 "NoSuchPublicAccessBlockConfiguration" "The public access block configuration was not found";
    NO_SUCH_REPLICATION = 404 "ReplicationConfigurationNotFoundError" "The replication configuration was not found";
    NO_SUCH_TAG_SET = 404 "NoSuchTagSet" "The TagSet does not exist";
    NO_SUCH_UPLOAD = 404 "NoSuchUpload" "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.";
    NO_SUCH_VERSION = 404 "NoSuchVersion" "The specified version does not exist.";
    NO_SUCH_WEBSITE = 404 "NoSuchWebsiteConfiguration" "The specified bucket does not have a website configuration";
    NOT_IMPLEMENTED = 501 "NotImplemented" "A header you provided implies functionality that is not implemented";
    NOT_MODIFIED = 304 "NotModified" "Not Modified";
    POST_FIELDS_TOO_LARGE = 400 "MaxPostPreDataLengthExceededError" "Your POST request fields preceding the upload file were too large.";
    OPERATION_ABORTED = 409 "OperationAborted" "A conflicting conditional operation is currently in progress against this resource. Please try again.";
    PRECONDITION_FAILED = 412 "PreconditionFailed" "At least one of the pre-conditions you specified did not hold";
    REQUEST_TIMEOUT = 400 "RequestTimeout" "Your socket connection to the server was not read from or written to within the timeout period. Idle connections will be closed.";
    SLOW_DOWN = 503 "SlowDown" "Please reduce your request rate.";
}

/// S3's own failure for a code that the parsing library names; its message stays if S3 has
/// several sentences for the code.
pub(crate) fn from_library(status: u16, code: &str, message: Option<&str>) -> Failure {
    if let Some(failure) = message.and_then(no_number) {
        return failure;
    }
    let known = ALL.iter().find(|known| known.1 == code);
    let mut failure = match known {
        Some(known) => Failure::from(*known),
        None => Failure {
            status,
            code: Cow::Owned(code.to_owned()),
            message: Cow::Borrowed(""),
            details: Vec::new(),
            headers: Vec::new(),
        },
    };
    if let Some(message) = message.filter(|text| !text.is_empty()) {
        failure.message = Cow::Owned(message.to_owned());
    }
    failure
}

/// What the library says of a text where a number belongs, in S3's words.
fn no_number(message: &str) -> Option<Failure> {
    let rest = message
        .strip_prefix("invalid header: ")
        .or_else(|| message.strip_prefix("invalid query: "))?;
    let (name, value) = rest.split_once(": ")?;
    let words = match name {
        "partNumber" => "Part number must be an integer between 1 and 10000, inclusive".to_owned(),
        "x-amz-max-parts" | "x-amz-part-number-marker" => {
            format!("Provided {name} not an integer or within integer range")
        }
        _ => return None,
    };
    let failure = INVALID_ARGUMENT.say(words).with("ArgumentName", name);
    Some(failure.with("ArgumentValue", value.trim_matches('"')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_document_escapes_what_the_caller_chose() {
        let xml = NO_SUCH_KEY.with("Key", "<a>&\u{1}b").xml("R", "H");
        assert_eq!(
            xml,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>NoSuchKey</Code>\
             <Message>The specified key does not exist.</Message>\
             <Key>&lt;a&gt;&amp;\u{fffd}b</Key><RequestId>R</RequestId><HostId>H</HostId></Error>"
        );
    }
}
