//! Uploads by a browser's form: `POST` of `multipart/form-data` to a bucket.
//!
//! The fields come first, the file last; what comes after the file does not count. The fields
//! are read into memory, within S3's bound, and become the headers of an ordinary upload; the
//! file streams.

mod file;
mod policy;

use std::borrow::Cow;
use std::collections::BTreeMap;

use bytes::{Bytes, BytesMut};
use http::header::{self, HeaderName};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};
use http_body::Body as HttpBody;
use http_body_util::BodyExt;

use crate::failure::{Failure, INVALID_ARGUMENT, MALFORMED_POST, POST_FIELDS_TOO_LARGE, element};
use crate::payload::BodyRefused;
use crate::request::Target;
use crate::tags;
use s3s::Body;

pub use self::file::FileOfForm;
pub use self::policy::Sizes;

/// Most bytes of everything before the file: S3's bound.
const FIELDS_BYTES_MAX: usize = 20 * 1024;
/// Most bytes of a part's own headers.
const PART_HEAD_BYTES_MAX: usize = 8 * 1024;
/// The longest boundary (RFC 2046 §5.1.1).
const BOUNDARY_BYTES_MAX: usize = 70;

/// Fields that become headers of the same name.
const HEADERS: &[&str] = &[
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-md5",
    "content-type",
    "expires",
];

/// How others of them begin. None makes anything else of an upload.
const PREFIXES: &[&str] = &[
    "x-amz-checksum-",
    "x-amz-meta-",
    "x-amz-object-lock-",
    "x-amz-sdk-checksum-",
    "x-amz-server-side-encryption",
    "x-amz-storage-class",
    "x-amz-website-redirect-location",
];

/// The fields of a form, read and not yet believed.
#[derive(Debug, Clone)]
pub struct Form {
    /// By their names in lower case.
    fields: BTreeMap<String, String>,
}

/// Whether the request is a form for a bucket.
pub fn is_form(method: &Method, headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
    method == Method::POST
        && kind.is_some_and(|kind| {
            kind.to_ascii_lowercase()
                .starts_with(b"multipart/form-data")
        })
}

/// Reads the fields, up to the file.
pub async fn read<B>(headers: &HeaderMap, mut body: B) -> Result<(Form, FileOfForm<B>), BodyRefused>
where
    B: HttpBody<Data = Bytes> + Unpin,
    B::Error: Into<BodyRefused>,
{
    let boundary = boundary(headers).ok_or_else(malformed)?;
    // As if a line had ended before the first boundary, so that all look alike.
    let mut buffer = BytesMut::from(&b"\r\n"[..]);
    let delimiter = [b"\r\n--", boundary.as_bytes()].concat();
    let mut fields = BTreeMap::new();
    let mut taken = 0usize;
    let start = pull_until(&mut body, &mut buffer, &delimiter, FIELDS_BYTES_MAX).await?;
    drop(buffer.split_to(start + delimiter.len()));
    loop {
        pull_until(&mut body, &mut buffer, b"\r\n", PART_HEAD_BYTES_MAX).await?;
        if buffer.starts_with(b"--") {
            return Err(no_file());
        }
        let end = pull_until(&mut body, &mut buffer, b"\r\n\r\n", PART_HEAD_BYTES_MAX).await?;
        let head = buffer.split_to(end + 4);
        let part = PartHead::read(&head).ok_or_else(malformed)?;
        if part.name.eq_ignore_ascii_case("file") {
            let mut form = Form { fields };
            form.name_file(&part.file_name.unwrap_or_default());
            return Ok((form, FileOfForm::new(body, buffer, delimiter)));
        }
        let left = FIELDS_BYTES_MAX.saturating_sub(taken);
        let end = pull_until(&mut body, &mut buffer, &delimiter, left).await?;
        let value = buffer.split_to(end);
        drop(buffer.split_to(delimiter.len()));
        taken = taken.saturating_add(head.len() + value.len());
        if taken > FIELDS_BYTES_MAX {
            return Err(Failure::from(POST_FIELDS_TOO_LARGE).into());
        }
        let value = std::str::from_utf8(&value).map_err(|_| malformed())?;
        let name = part.name.to_ascii_lowercase();
        if fields.insert(name.clone(), value.to_owned()).is_some() {
            return Err(INVALID_ARGUMENT
                .say("A form must contain each field once.")
                .with("ArgumentName", name)
                .into());
        }
    }
}

/// Takes more of the body until `mark` is there, and says where; refuses what is too long or
/// ends before.
async fn pull_until<B>(
    body: &mut B,
    buffer: &mut BytesMut,
    mark: &[u8],
    bytes_max: usize,
) -> Result<usize, BodyRefused>
where
    B: HttpBody<Data = Bytes> + Unpin,
    B::Error: Into<BodyRefused>,
{
    // What was looked through is not looked through again: bytes may come one by one.
    let mut seen = 0usize;
    loop {
        let found = find(buffer.get(seen..).unwrap_or_default(), mark);
        match found.map(|at| at.saturating_add(seen)) {
            Some(at) if at <= bytes_max => return Ok(at),
            None if buffer.len() <= bytes_max => {}
            Some(_) | None => return Err(Failure::from(POST_FIELDS_TOO_LARGE).into()),
        }
        seen = (buffer.len() + 1).saturating_sub(mark.len());
        match body.frame().await {
            Some(Ok(frame)) => {
                if let Ok(data) = frame.into_data() {
                    buffer.extend_from_slice(&data);
                }
            }
            Some(Err(error)) => return Err(error.into()),
            None => return Err(malformed()),
        }
    }
}

fn boundary(headers: &HeaderMap) -> Option<String> {
    let kind = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    let (_, parameters) = kind.split_once(';')?;
    let boundary = parameters.split(';').find_map(|parameter| {
        let (name, value) = parameter.trim().split_once('=')?;
        name.trim()
            .eq_ignore_ascii_case("boundary")
            .then(|| value.trim().trim_matches('"').to_owned())
    })?;
    (1..=BOUNDARY_BYTES_MAX)
        .contains(&boundary.len())
        .then_some(boundary)
}

/// Where `needle` begins.
pub(crate) fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack
        .windows(needle.len())
        .position(|window| window == needle)
}

/// What is no form, or none that can be read.
pub fn malformed() -> BodyRefused {
    Failure::from(MALFORMED_POST).into()
}

fn no_file() -> BodyRefused {
    INVALID_ARGUMENT
        .say("POST requires exactly one file upload per request.")
        .with("ArgumentName", "file")
        .with("ArgumentValue", "0")
        .into()
}

/// What a part's own headers say.
struct PartHead {
    name: String,
    file_name: Option<String>,
}

impl PartHead {
    fn read(head: &[u8]) -> Option<PartHead> {
        let text = std::str::from_utf8(head).ok()?;
        let disposition = text.split("\r\n").find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.trim()
                .eq_ignore_ascii_case("content-disposition")
                .then(|| value.trim())
        })?;
        let parameters = disposition.strip_prefix("form-data")?;
        Some(PartHead {
            name: parameter(parameters, "name")?,
            file_name: parameter(parameters, "filename"),
        })
    }
}

/// A parameter of `Content-Disposition`, in quotes or without. Browsers write `"` as `%22`.
fn parameter(mut text: &str, wanted: &str) -> Option<String> {
    loop {
        let (name, rest) = text.trim_start_matches([';', ' ']).split_once('=')?;
        let (value, rest) = match rest.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"')?,
            None => rest.split_once(';').unwrap_or((rest, "")),
        };
        if name.trim().eq_ignore_ascii_case(wanted) {
            return Some(value.trim().replace("%22", "\""));
        }
        text = rest;
    }
}

impl Form {
    /// A field, by its name in lower case.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.get(name).map(String::as_str)
    }

    /// What the file is called stands where the key says so.
    fn name_file(&mut self, file_name: &str) {
        let bare = file_name.rsplit(['/', '\\']).next().unwrap_or_default();
        if let Some(key) = self.fields.get_mut("key") {
            *key = key.replace("${filename}", bare);
        }
    }

    /// The key of the object that the form makes.
    pub fn key(&self) -> Result<&str, BodyRefused> {
        self.field("key")
            .filter(|key| !key.is_empty())
            .ok_or_else(|| {
                INVALID_ARGUMENT
                    .say("Bucket POST must contain a field named 'key'.  If it is specified, please check the order of the fields.")
                    .with("ArgumentName", "key")
                    .with("ArgumentValue", "")
                    .into()
            })
    }

    /// The fields as the headers of an ordinary upload.
    pub fn headers(&self) -> Result<HeaderMap, BodyRefused> {
        let mut headers = HeaderMap::new();
        for (name, value) in &self.fields {
            let mut value = Cow::Borrowed(value);
            let header = match name.as_str() {
                "acl" => "x-amz-acl",
                // A document where the header has a query.
                "tagging" => {
                    value = Cow::Owned(tags::header_of(&value)?);
                    "x-amz-tagging"
                }
                name if HEADERS.contains(&name)
                    || PREFIXES.iter().any(|prefix| name.starts_with(prefix)) =>
                {
                    name
                }
                _ => continue,
            };
            let named = HeaderName::from_bytes(header.as_bytes());
            let valued = HeaderValue::from_bytes(value.as_bytes());
            let (Ok(named), Ok(valued)) = (named, valued) else {
                return Err(malformed());
            };
            headers.insert(named, valued);
        }
        Ok(headers)
    }

    /// What marks the upload as this form's, for the endpoint.
    /// `place` is the address below which the bucket's objects are.
    pub fn upload(&self, place: &str) -> FormUpload {
        FormUpload {
            wanted: self.wanted(),
            place: place.to_owned(),
        }
    }

    /// What the answer is to be; taken from the fields as S3 takes it.
    fn wanted(&self) -> Wanted {
        let address = self
            .field("success_action_redirect")
            .or_else(|| self.field("redirect"))
            .and_then(|text| url::Url::parse(text).ok())
            .filter(|url| matches!(url.scheme(), "http" | "https"));
        match (address, self.field("success_action_status")) {
            (Some(address), _) => Wanted::Redirect(address),
            (None, Some("200")) => Wanted::Status(200),
            (None, Some("201")) => Wanted::Document,
            (None, _) => Wanted::Status(204),
        }
    }
}

/// Marks an upload as a form's; among the extensions of its request.
#[derive(Debug, Clone)]
pub struct FormUpload {
    wanted: Wanted,
    place: String,
}

impl FormUpload {
    /// Makes the answer to a form of the answer to an upload.
    pub(crate) fn answer(&self, response: &mut Response<Body>, target: &Target) {
        let headers = response.headers_mut();
        let etag = headers
            .get(header::ETAG)
            .and_then(|tag| tag.to_str().ok())
            .unwrap_or_default()
            .to_owned();
        let bucket = target.bucket.as_deref().unwrap_or_default();
        let place = format!("{}/{}", self.place, path_of(&target.key));
        let (status, place, document) = match &self.wanted {
            Wanted::Status(status) => (*status, place, None),
            Wanted::Document => {
                let document = document(&place, bucket, &target.key, &etag);
                (201, place, Some(document))
            }
            Wanted::Redirect(address) => {
                let mut address = address.clone();
                address
                    .query_pairs_mut()
                    .append_pair("bucket", bucket)
                    .append_pair("key", &target.key)
                    .append_pair("etag", &etag);
                (303, address.into(), None)
            }
        };
        if let Ok(place) = HeaderValue::from_str(&place) {
            headers.insert(header::LOCATION, place);
        }
        if let Some(document) = document {
            headers.insert(
                header::CONTENT_TYPE,
                HeaderValue::from_static("application/xml"),
            );
            *response.body_mut() = Body::from(document);
        }
        *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::NO_CONTENT);
    }
}

/// What stays as it is in the path of a key.
const KEY: &percent_encoding::AsciiSet = &percent_encoding::NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// Where the upload of a key goes.
pub fn path_of(key: &str) -> String {
    percent_encoding::utf8_percent_encode(key, KEY).to_string()
}

fn document(place: &str, bucket: &str, key: &str, etag: &str) -> String {
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<PostResponse>");
    for (name, text) in [
        ("Location", place),
        ("Bucket", bucket),
        ("Key", key),
        ("ETag", etag),
    ] {
        element(&mut xml, name, text);
    }
    xml.push_str("</PostResponse>");
    xml
}

/// How a form's upload is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Wanted {
    /// With nothing but a status.
    Status(u16),
    /// With 201 and a document that says where the object is.
    Document,
    /// By sending the browser on.
    Redirect(url::Url),
}

#[cfg(test)]
mod tests;
