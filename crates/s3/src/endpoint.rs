//! The endpoint: an HTTP request in, an HTTP answer out.
//!
//! ```text
//! target -> check -> body -> parse (s3s) -> operation -> finish
//! ```

use std::path::PathBuf;
use std::sync::Arc;

use aws::{Clock, Entropy};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use s3s::Body;
use s3s::service::{S3Service, S3ServiceBuilder};
use store::{Store, StoreError};

use crate::call::{Call, RequestId};
use crate::checksums::Claim;
use crate::cors;
use crate::failure::{
    ACCESS_DENIED, Answer, Failure, INVALID_BUCKET_NAME, INVALID_REQUEST, MAX_MESSAGE_LENGTH,
    from_library,
};
use crate::gate::{CallerHandle, Gate};
use crate::house::House;
use crate::names::{check_key, is_bucket_name};
use crate::operations::Operations;
use crate::payload::watch;
use crate::request::{Target, not_implemented, strip_signing};

/// Most bytes of a document that a request may carry: a thousand keys to delete or ten
/// thousand parts to join. Other documents are far smaller.
const DOCUMENT_BYTES_MAX: usize = 4 << 20;

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

/// The S3 endpoint.
///
/// Whoever calls it has authenticated the request: the extensions hold a [`CallerHandle`],
/// chunked signing is decoded (`Content-Length` is the decoded length, trailers come as the
/// body's trailer frames, and a body that turns out forged ends in
/// [`BodyRefused`](crate::BodyRefused)). A request without a caller is denied.
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

    /// Answers one request.
    pub async fn call(&self, request: Request<Body>) -> Response<Body> {
        let method = request.method().clone();
        let asked = request.headers().clone();
        let request_id = match request.extensions().get::<RequestId>() {
            Some(RequestId(id)) => id.clone(),
            None => self
                .house
                .new_id()
                .to_ascii_uppercase()
                .chars()
                .take(16)
                .collect(),
        };
        let target = Target::read(request.uri(), &asked, &self.house.domains);
        let resource = target
            .as_ref()
            .map_or("", |target| &target.resource)
            .to_owned();

        let answer = match &target {
            Ok(target) => self.answer(request, target).await,
            Err(failure) => Err(failure.clone()),
        };
        let host_id = self.host_id();
        let mut response = answer
            .unwrap_or_else(|failure| render(&failure, &method, &resource, &request_id, &host_id));

        let headers = response.headers_mut();
        set(headers, "x-amz-request-id", &request_id);
        set(headers, "x-amz-id-2", &host_id);
        headers.insert(header::SERVER, HeaderValue::from_static("AmazonS3"));
        if let Ok(target) = &target
            && method != Method::OPTIONS
        {
            cors::add_headers(&self.house, target, &method, &asked, headers);
        }
        response
    }

    async fn answer(&self, request: Request<Body>, target: &Target) -> Answer<Response<Body>> {
        let (mut parts, body) = request.into_parts();
        if parts.method == Method::OPTIONS {
            return cors::preflight(&self.house, target, &parts.headers);
        }
        let caller = parts.extensions.remove::<CallerHandle>();
        let caller = caller.ok_or_else(|| Failure::from(ACCESS_DENIED))?;
        check_form(&parts.method, target, &parts.headers)?;

        strip_signing(&mut parts.headers);
        let (body, witness) = watch(body);
        let (call, left) = Call::new(
            caller,
            self.house.clock.now(),
            target.clone(),
            parts.headers,
            witness,
        );
        let call = Arc::new(call);

        let mut onward = Request::new(Body::empty());
        *onward.method_mut() = parts.method.clone();
        *onward.uri_mut() = target.uri()?;
        *onward.headers_mut() = left;
        onward.extensions_mut().insert(Arc::clone(&call));
        if target.streams(&parts.method) {
            *onward.body_mut() = body;
        } else if matches!(parts.method, Method::PUT | Method::POST) {
            let document = read_document(body, &call).await?;
            set(
                onward.headers_mut(),
                "content-length",
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
fn check_form(method: &Method, target: &Target, headers: &HeaderMap) -> Answer<()> {
    if let Some(bucket) = &target.bucket
        && !is_bucket_name(bucket)
    {
        return Err(INVALID_BUCKET_NAME.with("BucketName", bucket.as_str()));
    }
    check_key(&target.key)?;
    let content_type = headers.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
    if method == Method::POST
        && content_type.is_some_and(|kind| {
            kind.to_ascii_lowercase()
                .starts_with(b"multipart/form-data")
        })
    {
        return Err(not_implemented());
    }
    target.check(method)
}

/// Reads a document that comes as a request's body, and checks what was claimed about it.
async fn read_document(mut body: Body, call: &Call) -> Answer<Bytes> {
    // The checksum of a completed upload is about the object.
    let claim = match call.target.parameter("uploadId") {
        Some(_) => Claim::read_md5(&call.headers)?,
        None => Claim::read(&call.headers)?,
    };
    let document = body
        .store_all_limited(DOCUMENT_BYTES_MAX)
        .await
        .map_err(|_| {
            call.witness
                .broken()
                .unwrap_or_else(|| MAX_MESSAGE_LENGTH.into())
        })?;
    claim.check_whole(&document, &call.witness)?;
    if call.target.parameter("delete").is_some() && !claim.is_some() {
        return Err(INVALID_REQUEST.say("Missing required header for this request: Content-MD5"));
    }
    Ok(document)
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
    for (name, value) in finish.headers {
        response.headers_mut().insert(name, value);
    }
    if call.target.query.iter().any(|(name, _)| name == "policy")
        && response.status() == StatusCode::OK
    {
        set(response.headers_mut(), "content-type", "application/json");
    }
    Ok(response)
}

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

/// The answer of a request that failed.
fn render(
    failure: &Failure,
    method: &Method,
    resource: &str,
    request_id: &str,
    host_id: &str,
) -> Response<Body> {
    let bare = method == Method::HEAD || failure.status == 304;
    let mut response = Response::new(match bare {
        true => Body::empty(),
        false => Body::from(failure.xml(resource, request_id, host_id)),
    });
    *response.status_mut() = failure.status();
    if !bare {
        set(response.headers_mut(), "content-type", "application/xml");
    }
    for (name, value) in &failure.headers {
        response.headers_mut().insert(name, value.clone());
    }
    response
}

fn set(headers: &mut HeaderMap, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}
