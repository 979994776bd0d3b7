//! S3's door: signatures checked and bodies unwrapped before the endpoint sees a request.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use hyper::body::Incoming;
use identity::RequestFacts;
use plane::{Event, Outcome, Peer, Plane, REGION_DEFAULT, authenticate};
use s3::{Body, BodyRefused, CallerHandle, RequestId, S3Endpoint, bucket_in_host};
use sigv4::{BodyFault, Payload, Presented, Rules, Style, Verified, VerifiedBody};
use wire::route::Route;

use crate::answer::AnswerBody;
use crate::front::head;
use crate::s3_gate::S3Caller;
use crate::unread::{Reading, Watched};

/// The S3 endpoint behind its door.
pub(crate) struct S3Front {
    endpoint: S3Endpoint,
    plane: Arc<Plane>,
    domains: Vec<String>,
}

impl S3Front {
    pub(crate) fn new(endpoint: S3Endpoint, plane: Arc<Plane>, domains: Vec<String>) -> S3Front {
        S3Front {
            endpoint,
            plane,
            domains,
        }
    }

    /// Whether the host name holds a bucket.
    pub(crate) fn is_bucket_host(&self, headers: &HeaderMap) -> bool {
        self.bucket(headers).is_some()
    }

    fn bucket(&self, headers: &HeaderMap) -> Option<String> {
        let host = headers.get(header::HOST)?.to_str().ok()?;
        bucket_in_host(host, &self.domains)
    }

    /// Whether the request is meant for S3, judged by its head alone.
    pub(crate) fn takes<B>(&self, request: &Request<B>) -> bool {
        let head = head(request);
        if self.is_bucket_host(request.headers()) {
            return true;
        }
        let presented = sigv4::presented(&head.parts()).ok().flatten();
        if presented
            .as_ref()
            .is_some_and(|presented| presented.scope().is_none())
        {
            // Only S3 knows Signature Version 2.
            return true;
        }
        let service = presented
            .as_ref()
            .and_then(Presented::scope)
            .map(|scope| scope.service);
        let host = head.authority.or_else(|| {
            request
                .headers()
                .get(header::HOST)
                .and_then(|host| host.to_str().ok())
        });
        let incoming = wire::Incoming {
            method: request.method(),
            path: head.path,
            query: head.query,
            headers: head.headers,
            body: &[],
        };
        let is_form = incoming.is_form() && service.is_none();
        !is_form && matches!(wire::route::route(&incoming, host, service), Ok(Route::S3))
    }

    /// Answers a request.
    pub(crate) async fn answer(
        &self,
        request: Request<Incoming>,
        peer: Peer,
    ) -> Response<AnswerBody> {
        let request_id = self.request_id();
        let bucket = self.bucket(request.headers());
        let environment = self.plane.environment();
        let rules = Rules::s3(bucket.as_deref());
        let authenticated =
            match authenticate(environment, &head(&request), &rules, Style::S3, None) {
                Ok(authenticated) => authenticated,
                Err(error) => {
                    tracing::info!(request_id, %error, "an S3 request was refused");
                    return refusal(&error, request.method() == http::Method::HEAD, &request_id);
                }
            };
        let caller = Arc::new(S3Caller {
            request: RequestFacts {
                now: environment.clock.now(),
                source_ip: peer.ip,
                secure: peer.secure,
                user_agent: text(request.headers(), &header::USER_AGENT),
                referer: text(request.headers(), &header::REFERER),
                region: authenticated
                    .region
                    .unwrap_or_else(|| REGION_DEFAULT.to_owned()),
            },
            signature_keys: signature_keys(
                authenticated.presented.as_ref(),
                authenticated.signature.as_ref(),
                request.headers(),
                environment.clock.epoch_seconds(),
            ),
            caller: authenticated.caller,
            first_ask: Mutex::new(None),
        });
        let is_head = request.method() == http::Method::HEAD;
        let is_http1 = request.version() <= http::Version::HTTP_11;
        let (mut onward, reading) = match unwrap(request, authenticated.signature.as_ref()) {
            Ok(onward) => onward,
            Err(refused) => {
                let error = plane::refuse(&refused, Style::S3);
                return refusal(&error, is_head, &request_id);
            }
        };
        let extensions = onward.extensions_mut();
        extensions.insert(CallerHandle::new(Arc::clone(&caller)));
        extensions.insert(RequestId(request_id.clone()));
        let mut response = self.endpoint.call(onward).await;
        self.record(&caller, &request_id, response.status());
        if is_http1 && !reading.is_over() {
            let close = HeaderValue::from_static("close");
            response.headers_mut().insert(header::CONNECTION, close);
        }
        response.map(AnswerBody::stream)
    }

    /// Sixteen characters, as S3's are.
    fn request_id(&self) -> String {
        let mut bytes = [0u8; 8];
        self.plane.environment().entropy.fill(&mut bytes);
        bytes.iter().map(|byte| format!("{byte:02X}")).collect()
    }

    fn record(&self, caller: &S3Caller, request_id: &str, status: StatusCode) {
        let Some(asked) = caller.first_ask() else {
            return;
        };
        let outcome = if status.is_client_error() || status.is_server_error() {
            Outcome::Failed {
                code: status.as_str().to_owned(),
                message: status.canonical_reason().map(str::to_owned),
                cause: None,
            }
        } else {
            Outcome::Done
        };
        let name = asked.action.strip_prefix("s3:").unwrap_or(asked.action);
        let path = asked.resource.strip_prefix("arn:aws:s3:::");
        let (bucket, key) = match path.map(|path| path.split_once('/')) {
            Some(Some((bucket, key))) => (Some(bucket), Some(key)),
            Some(None) => (path, None),
            None => (None, None),
        };
        self.plane.recorder().record(Event::of_s3(
            name,
            request_id,
            &caller.caller,
            &caller.request,
            bucket,
            key,
            outcome,
        ));
    }
}

fn text(headers: &HeaderMap, name: &header::HeaderName) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

/// The condition keys that say how a request was signed.
fn signature_keys(
    presented: Option<&Presented>,
    signature: Option<&Verified>,
    headers: &HeaderMap,
    now_s: i64,
) -> Vec<(String, Vec<String>)> {
    let Some(presented) = presented else {
        return Vec::new();
    };
    let auth_type = if presented.is_presigned() {
        "REST-QUERY-STRING"
    } else {
        "REST-HEADER"
    };
    let mut keys = vec![
        ("s3:authType".to_owned(), vec![auth_type.to_owned()]),
        (
            "s3:signatureversion".to_owned(),
            vec![presented.signature_version().to_owned()],
        ),
    ];
    if let Some(signed_at_s) = signature.and_then(|verified| verified.signed_at_s) {
        let age_ms = now_s.saturating_sub(signed_at_s).max(0) * 1000;
        keys.push(("s3:signatureAge".to_owned(), vec![age_ms.to_string()]));
    }
    let content_hash = headers
        .get("x-amz-content-sha256")
        .and_then(|value| value.to_str().ok())
        .unwrap_or("UNSIGNED-PAYLOAD");
    keys.push((
        "s3:x-amz-content-sha256".to_owned(),
        vec![content_hash.to_owned()],
    ));
    keys
}

/// Takes the body out of its chunks and holds it to its signature.
fn unwrap(
    request: Request<Incoming>,
    signature: Option<&Verified>,
) -> Result<(Request<Body>, Reading), sigv4::Refusal> {
    let unsigned;
    let verified = if let Some(signature) = signature {
        signature
    } else {
        unsigned = Verified::without_signature(head(&request).parts().headers)?;
        &unsigned
    };
    let (mut parts, incoming) = request.into_parts();
    let view = sigv4::Parts {
        method: parts.method.as_str(),
        path: parts.uri.path(),
        query: parts.uri.query().unwrap_or_default(),
        headers: &parts.headers,
        authority: None,
    };
    let (incoming, reading) = Watched::new(incoming);
    let body = VerifiedBody::new(incoming, verified, &view)?;
    if matches!(verified.payload(), Payload::Chunks { .. })
        && let Some(bytes) = body.decoded_bytes()
    {
        sigv4::unchunk(&mut parts.headers, bytes);
    }
    let body = http_body_util::BodyExt::map_err(body, |fault| match fault {
        BodyFault::Refused(refused) => {
            let answer = refused.answer(Style::S3);
            Box::new(BodyRefused {
                code: answer.code.into(),
                status: answer.status,
                message: answer.message,
            }) as Box<dyn std::error::Error + Send + Sync>
        }
        BodyFault::Transport(error) => Box::new(error),
    });
    let request = Request::from_parts(parts, Body::http_body(body));
    Ok((request, reading))
}

/// A refusal before the endpoint was reached, in S3's form.
fn refusal(error: &plane::Error, is_head: bool, request_id: &str) -> Response<AnswerBody> {
    let status = StatusCode::from_u16(error.status_or(400)).unwrap_or(StatusCode::BAD_REQUEST);
    let text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{}</Code><Message>{}</Message><RequestId>{request_id}</RequestId></Error>",
        escape(error.code()),
        escape(error.message().unwrap_or_default()),
    );
    let body = if is_head { Bytes::new() } else { text.into() };
    let mut response = Response::new(AnswerBody::full(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/xml"),
    );
    if let Ok(value) = HeaderValue::from_str(request_id) {
        headers.insert("x-amz-request-id", value);
    }
    // The body was not read: the connection cannot go on.
    headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
