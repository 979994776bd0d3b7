//! The endpoint: an HTTP request in, an HTTP answer out.
//!
//! ```text
//! target -> check -> body -> parse (s3s) -> operation -> finish
//! ```

use std::borrow::Cow;
use std::path::PathBuf;
use std::sync::Arc;

use aws::{Clock, Entropy};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::request::Parts;
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, Version, header,
};
use s3s::Body;
use s3s::service::{S3Service, S3ServiceBuilder};
use store::{Store, StoreError};

use crate::call::Call;
use crate::checksums::Claim;
use crate::cors;
use crate::described::{Described, describe};
use crate::failure::{
    Answer, Failure, INVALID_ARGUMENT, INVALID_BUCKET_NAME, INVALID_REQUEST, MALFORMED_XML,
    MAX_MESSAGE_LENGTH, from_library,
};
use crate::form::{FormUpload, find};
use crate::gate::{CallerHandle, Gate};
use crate::house::House;
use crate::lenient;
use crate::names::{check_key, is_bucket_name};
use crate::operations::Operations;
use crate::payload::{BodyRefused, Witness, watch};
use crate::request::{Target, for_library};

/// Most bytes of a document that a request may carry: a thousand keys to delete or ten
/// thousand parts to join. Other documents are far smaller.
const DOCUMENT_BYTES_MAX: usize = 4 << 20;

/// Most bytes of the document that sets cross-origin rules, as recorded from AWS.
const CORS_BYTES_MAX: usize = 64 << 10;

/// What the endpoint is made of.
pub struct Settings {
    /// Where records go.
    pub store: Store,
    /// Where the bytes of objects go. Nobody else writes there.
    pub folder: PathBuf,
    /// Who decides.
    pub gate: Arc<dyn Gate>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Where ids come from.
    pub entropy: Arc<dyn Entropy>,
    /// Host names under which `BUCKET.NAME` addresses a bucket.
    pub domains: Vec<String>,
}

/// Why the endpoint cannot open.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The folder cannot be used.
    #[error("cannot use `{}`: {source}", path.display())]
    Folder {
        /// The file or folder that failed.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

/// An answer, and what to put on record of it.
#[derive(Debug)]
pub struct Answered {
    /// The answer itself.
    pub response: Response<Body>,
    /// What was asked for.
    pub described: Described,
    /// Why it was not done, if it was not.
    pub told: Option<Told>,
}

/// The S3 endpoint.
///
/// Whoever calls it has authenticated the request, and chunked signing is decoded
/// (`Content-Length` is the decoded length, trailers come as the body's trailer frames, and a
/// body that turns out forged ends in [`BodyRefused`](crate::BodyRefused)).
#[derive(Clone)]
pub struct S3Endpoint {
    house: Arc<House>,
    library: S3Service,
}

impl S3Endpoint {
    /// Opens the endpoint and clears up what the last run left unfinished.
    pub fn new(settings: Settings) -> Result<S3Endpoint, OpenError> {
        let house = Arc::new(House::open(
            settings.store,
            &settings.folder,
            settings.gate,
            settings.clock,
            settings.entropy,
            settings.domains,
        )?);
        let library = S3ServiceBuilder::new(Operations(Arc::clone(&house))).build();
        Ok(S3Endpoint { house, library })
    }

    /// Answers one request of a caller's. The answer carries the request's id.
    pub async fn call(
        &self,
        request: Request<Body>,
        caller: CallerHandle,
        request_id: &str,
    ) -> Answered {
        let upload = request.extensions().get::<FormUpload>().cloned();
        // What a form uploads goes the way of an ordinary upload, and is shown as what it is.
        let method = match &upload {
            Some(_) => Method::POST,
            None => request.method().clone(),
        };
        // Whoever answers a page of another origin wants to know what it asked with.
        let asked = match request.headers().contains_key(header::ORIGIN) {
            true => request.headers().clone(),
            false => HeaderMap::new(),
        };
        let copies = request.headers().contains_key(COPY_SOURCE_HEADER);
        let target =
            Target::read(request.uri(), request.headers(), &self.house.domains).map(Arc::new);
        let version = request.version();
        let (parts, body) = request.into_parts();
        let (body, witness) = watch(body);
        let answer = match &target {
            Ok(target) => {
                self.answer(parts, body, caller, Arc::clone(&witness), target)
                    .await
            }
            Err(failure) => Err(failure.clone()),
        };
        let host_id = self.host_id();
        let mut told = None;
        let mut response = answer.unwrap_or_else(|failure| {
            let response = render(&failure, &method, request_id, &host_id);
            told = Some(Told {
                code: failure.code,
                message: failure.message,
            });
            response
        });

        if let (Some(upload), Ok(target)) = (&upload, &target)
            && response.status().is_success()
        {
            upload.answer(&mut response, target);
        }
        let headers = response.headers_mut();
        sign_off(headers, request_id, &host_id);
        if let Ok(target) = &target
            && method != Method::OPTIONS
        {
            cors::add_headers(&self.house, target, &method, &asked, headers);
        }
        if witness.is_unread() && version < Version::HTTP_2 {
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        let target = target.map(Arc::unwrap_or_clone);
        let mut described = Described::of(&method, target, copies);
        if upload.is_some() {
            described.operation = "PostObject".into();
        }
        Answered {
            response,
            described,
            told,
        }
    }

    /// Answers a request that was refused before it came here.
    pub fn refuse(&self, refused: BodyRefused, parts: &Parts, request_id: &str) -> Response<Body> {
        let host_id = self.host_id();
        let Parts {
            method,
            uri,
            headers: asked,
            ..
        } = parts;
        let mut response = render(&refused.into(), method, request_id, &host_id);
        let headers = response.headers_mut();
        sign_off(headers, request_id, &host_id);
        if let Ok(target) = Target::read(uri, asked, &self.house.domains) {
            cors::add_headers(&self.house, &target, method, asked, headers);
        }
        // The body was not read: the connection cannot go on.
        let close = HeaderValue::from_static("close");
        headers.insert(header::CONNECTION, close);
        response
    }

    /// What a request asks for, and of what; for the record.
    pub fn describe(&self, parts: &Parts) -> Described {
        describe(parts, &self.house.domains)
    }

    async fn answer(
        &self,
        mut parts: Parts,
        body: Body,
        caller: CallerHandle,
        witness: Arc<Witness>,
        target: &Arc<Target>,
    ) -> Answer<Response<Body>> {
        if parts.method == Method::OPTIONS {
            return cors::preflight(&self.house, target, &parts.headers);
        }
        check_form(&parts.method, target)?;

        if let Some(bucket) = &target.bucket
            && !target.makes_bucket(&parts.method)
        {
            self.house.bucket(bucket)?;
        }
        cors::check_asked(&self.house, target, &parts.headers)?;
        target.hoist(&mut parts.headers)?;
        let mut left = for_library(&parts.headers);
        let call = Call::new(
            caller,
            self.house.clock.now(),
            parts.method.clone(),
            Arc::clone(target),
            parts.headers,
            parts.extensions.get::<FormUpload>().is_some(),
            witness,
        );
        let call = Arc::new(call);
        settle_copy_source(&mut left)?;

        let mut onward = Request::new(Body::empty());
        *onward.method_mut() = parts.method.clone();
        *onward.uri_mut() = target.uri()?;
        *onward.headers_mut() = left;
        onward.extensions_mut().insert(Arc::clone(&call));
        if target.streams(&parts.method) {
            *onward.body_mut() = body;
        } else if matches!(parts.method, Method::PUT | Method::POST) {
            let document = read_document(body, &call).await?;
            call.keep_document(document.clone());
            set(
                onward.headers_mut(),
                header::CONTENT_LENGTH,
                &document.len().to_string(),
            );
            *onward.body_mut() = Body::from(document);
        }

        let response = self.library.call(onward).await;
        finish(
            response.map_err(|_| Failure::internal("the parsing library failed"))?,
            &call,
        )
    }

    /// The second id of an answer, which means nothing to anybody else.
    fn host_id(&self) -> String {
        let mut bytes = [0u8; 48];
        self.house.entropy.fill(&mut bytes);
        STANDARD.encode(bytes)
    }
}

/// Refuses what no operation would understand.
fn check_form(method: &Method, target: &Target) -> Answer<()> {
    if let Some(bucket) = &target.bucket
        && !is_bucket_name(bucket)
    {
        return Err(INVALID_BUCKET_NAME.with("BucketName", bucket.as_str()));
    }
    check_key(&target.key)?;
    target.check(method)
}

/// Reads a document that comes as a request's body, and checks what was claimed about it.
async fn read_document(mut body: Body, call: &Call) -> Answer<Bytes> {
    // The checksum of a completed upload is about the object.
    let claim = match call.target.parameter("uploadId") {
        Some(_) => Claim::read_md5(&call.headers)?,
        None => Claim::read(&call.headers)?,
    };
    let most = match call.target.has("cors") {
        true => CORS_BYTES_MAX,
        false => DOCUMENT_BYTES_MAX,
    };
    let document = body.store_all_limited(most).await.map_err(|_| {
        call.witness
            .broken()
            .unwrap_or_else(|| MAX_MESSAGE_LENGTH.with("MaxMessageLengthBytes", most.to_string()))
    })?;
    if claim.is_empty() && wants_claim(call) {
        return Err(INVALID_REQUEST
            .say("Missing required header for this request: Content-MD5 OR x-amz-checksum-*"));
    }
    claim.check_document(&document, &call.witness)?;
    // The library passes these over, and what they hold with them.
    if ["<!DOCTYPE", "<![CDATA["]
        .iter()
        .any(|mark| contains(&document, mark.as_bytes()))
        && !call.target.has("policy")
    {
        return Err(MALFORMED_XML.into());
    }
    // No tags are an empty set of them.
    if call.target.has("tagging")
        && contains(&document, b"<Tagging")
        && !contains(&document, b"<TagSet")
    {
        return Ok(Bytes::from_static(b"<Tagging><TagSet></TagSet></Tagging>"));
    }
    // No list of parts is an empty one to the library; that there was none is said later.
    if document.is_empty() && call.target.has("uploadId") {
        call.keep_document(document);
        return Ok(Bytes::from_static(
            b"<CompleteMultipartUpload></CompleteMultipartUpload>",
        ));
    }
    Ok(lenient::settle(document, call.target.subresource_name()))
}

/// Whether S3 takes this document only with a checksum, as recorded from AWS or documented.
fn wants_claim(call: &Call) -> bool {
    let target = &call.target;
    let of_bucket = target.key.is_empty();
    of_bucket
        && ["cors", "delete", "tagging"]
            .iter()
            .any(|name| target.has(name))
}

/// Checks the source of a copy, and writes it as the library reads it: a `+` stands for a
/// blank here.
fn settle_copy_source(left: &mut HeaderMap) -> Answer<()> {
    let Some(value) = left.get(COPY_SOURCE_HEADER) else {
        return Ok(());
    };
    let refused = || {
        INVALID_ARGUMENT
            .say("Invalid copy source object key")
            .with("ArgumentName", "x-amz-copy-source")
            .with("ArgumentValue", "x-amz-copy-source")
    };
    let text = std::str::from_utf8(value.as_bytes()).map_err(|_| refused())?;
    let (path, version) = match text.split_once("?versionId=") {
        Some((path, version)) => (path, Some(version)),
        None => (text, None),
    };
    let path = percent_encoding::percent_decode_str(&path.replace('+', " "))
        .decode_utf8()
        .map_err(|_| refused())?
        .into_owned();
    let named = path.strip_prefix('/').unwrap_or(&path);
    match named.split_once('/') {
        Some((bucket, key)) if !bucket.is_empty() && !key.is_empty() => check_key(key)?,
        _ if named.starts_with("arn:") => {}
        _ => return Err(refused()),
    }
    let mut settled = percent_encoding::utf8_percent_encode(named, COPY_SOURCE).to_string();
    if let Some(version) = version {
        settled.push_str("?versionId=");
        settled.push_str(version);
    }
    set(left, COPY_SOURCE_HEADER, &settled);
    Ok(())
}

/// What stays as it is in the source of a copy.
const COPY_SOURCE: &percent_encoding::AsciiSet = &percent_encoding::NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b':')
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    find(haystack, needle).is_some()
}

/// Puts together what the library and the operation made.
fn finish(mut response: Response<Body>, call: &Call) -> Answer<Response<Body>> {
    let finish = call.take_finish();
    if let Some(failure) = finish.failure {
        return Err(failure);
    }
    if response.status().is_client_error() || response.status().is_server_error() {
        return Err(call
            .witness
            .broken()
            .unwrap_or_else(|| library_failure(&response)));
    }
    if let Some(status) = finish.status {
        *response.status_mut() = status;
    }
    for (name, value) in finish.headers.into_iter().chain(finish.replaced) {
        response.headers_mut().insert(name, value);
    }
    if call.target.query.iter().any(|(name, _)| name == "policy")
        && response.status() == StatusCode::OK
    {
        set(
            response.headers_mut(),
            header::CONTENT_TYPE,
            "application/json",
        );
    }
    if let Some(document) = response.body().bytes()
        && document.starts_with(DECLARATION.as_bytes())
    {
        let mut text =
            String::from_utf8_lossy(&document).replacen(DECLARATION, DECLARATION_LINE, 1);
        if let Some(rewrite) = finish.rewrite {
            text = rewrite(text);
        }
        *response.body_mut() = Body::from(text);
    }
    Ok(response)
}

/// How the library begins a document, and how S3 does.
const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>";
const DECLARATION_LINE: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

/// What the library says in its error document.
fn library_failure(response: &Response<Body>) -> Failure {
    let document = response.body().bytes().unwrap_or_default();
    let text = String::from_utf8_lossy(&document);
    let element = |name: &str| {
        let (_, rest) = text.split_once(&format!("<{name}>"))?;
        let (inside, _) = rest.split_once(&format!("</{name}>"))?;
        quick_xml::escape::unescape(inside)
            .ok()
            .map(|text| text.into_owned())
    };
    let code = element("Code").unwrap_or_else(|| "InternalError".to_owned());
    from_library(
        response.status().as_u16(),
        &code,
        element("Message").as_deref(),
    )
}

// Read anew at each use, a name costs more than the header that it names.
const COPY_SOURCE_HEADER: HeaderName = HeaderName::from_static("x-amz-copy-source");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-amz-request-id");
const HOST_ID: HeaderName = HeaderName::from_static("x-amz-id-2");

/// What every answer carries.
fn sign_off(headers: &mut HeaderMap, request_id: &str, host_id: &str) {
    set(headers, REQUEST_ID, request_id);
    set(headers, HOST_ID, host_id);
    headers.insert(header::SERVER, HeaderValue::from_static("AmazonS3"));
}

/// Which failure an answer tells of.
#[derive(Debug, Clone)]
pub struct Told {
    /// Such as `NoSuchKey`.
    pub code: Cow<'static, str>,
    /// The sentence that goes with the code.
    pub message: Cow<'static, str>,
}

/// The answer of a request that failed.
fn render(failure: &Failure, method: &Method, request_id: &str, host_id: &str) -> Response<Body> {
    let bare = method == Method::HEAD || failure.status == 304;
    let mut response = Response::new(match bare {
        true => Body::empty(),
        false => Body::from(failure.xml(request_id, host_id)),
    });
    *response.status_mut() = failure.status();
    if !bare {
        set(
            response.headers_mut(),
            header::CONTENT_TYPE,
            "application/xml",
        );
    }
    for (name, value) in &failure.headers {
        response.headers_mut().insert(name, value.clone());
    }
    response
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}
