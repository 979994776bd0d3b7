//! S3's door: signatures checked and bodies unwrapped before the endpoint sees a request.

use std::sync::Arc;

use http::{HeaderMap, HeaderValue, Request, Response, Uri, header};
use hyper::body::Incoming;
use identity::{Caller, RequestFacts};
use plane::{
    Claimed, Event, Head, Outcome, Peer, Plane, REGION_DEFAULT, S3Facts, authenticate,
    signing_service,
};
use s3::{Body, BodyRefused, CallerHandle, Described, S3Endpoint, Told, bucket_of_host};
use sigv4::{BodyFault, Payload, Presented, Rules, Style, Verified, VerifiedBody};
use wire::route::Route;

use crate::answer::AnswerBody;
use crate::patience::{Hurried, Missing, Patience};
use crate::s3_gate::S3Caller;
use crate::unread::{Reading, Watched};

/// What S3 says of a body that does not come.
const LATE: &str = "Your socket connection to the server was not read from or written to within the timeout period. Idle connections will be closed.";

/// The S3 endpoint behind its door.
pub(crate) struct S3Front {
    pub(crate) endpoint: S3Endpoint,
    pub(crate) plane: Arc<Plane>,
    domains: Vec<String>,
}

/// A request of which everything is known that can be known before the endpoint sees it.
pub(crate) struct Unwrapped {
    pub(crate) onward: Request<Body>,
    pub(crate) reading: Reading,
    pub(crate) caller: S3Caller,
    pub(crate) request_id: String,
}

impl S3Front {
    pub(crate) fn new(endpoint: S3Endpoint, plane: Arc<Plane>, domains: Vec<String>) -> S3Front {
        S3Front {
            endpoint,
            plane,
            domains,
        }
    }

    /// The bucket that the host name holds. Such a request is meant for S3.
    pub(crate) fn bucket_in_host(&self, uri: &Uri, headers: &HeaderMap) -> Option<String> {
        bucket_of_host(uri, headers, &self.domains)
    }

    /// Whether a request without a bucket in its host name is meant for S3, judged by its head
    /// alone.
    pub(crate) fn takes(request: &http::request::Parts, claimed: &Claimed) -> bool {
        let presented = claimed.as_ref().ok().and_then(Option::as_ref);
        if presented.is_some_and(|presented| presented.scope().is_none()) {
            // Only S3 knows Signature Version 2.
            return true;
        }
        let service = signing_service(claimed);
        let head = Head::of(request);
        let incoming = wire::Incoming {
            method: &request.method,
            path: head.path,
            query: head.query,
            headers: head.headers,
            body: &[],
        };
        // What a form asks stands in its body; S3 takes none at its root.
        let is_form = incoming.is_form()
            && (service.is_none() || head.path == "/" && request.method == http::Method::POST);
        !is_form
            && matches!(
                wire::route::route(&incoming, head.host(), service),
                Ok(Route::S3)
            )
    }

    /// Answers a request. `bucket` is the one in its host name.
    pub(crate) async fn answer(
        &self,
        request: Request<Incoming>,
        claimed: Claimed,
        peer: Peer,
        bucket: Option<String>,
    ) -> Response<AnswerBody> {
        let (mut parts, body) = request.into_parts();
        if matches!(claimed, Ok(None)) && is_form_for_bucket(&parts, bucket.as_deref()) {
            // Rare and large: the others carry no room for it about.
            return Box::pin(self.answer_form(parts, body, peer, bucket)).await;
        }
        let request_id = self.request_id();
        let environment = self.plane.environment();
        let rules = Rules::s3(bucket.as_deref());
        // A browser asks without its user. What looks like a signature then is none.
        let claimed = match parts.method == http::Method::OPTIONS {
            true => Ok(None),
            false => claimed,
        };
        let mut facts = self.facts(&parts.headers, peer);
        let head = Head::of(&parts);
        let authenticated = match authenticate(environment, &head, claimed, &rules, Style::S3, None)
        {
            Ok(authenticated) => authenticated,
            Err(error) => {
                tracing::info!(request_id, %error, "an S3 request was refused");
                let outcome = Outcome::from(&error);
                let described = self.endpoint.describe(&parts);
                self.record(described, &request_id, &Caller::Anonymous, &facts, outcome);
                return self.refusal(error, &parts, &request_id);
            }
        };
        if let Some(region) = authenticated.region {
            facts.region = region;
        }
        let caller = S3Caller {
            request: facts,
            signature_keys: signature_keys(
                authenticated.presented.as_ref(),
                authenticated.signature.as_ref(),
                &parts.headers,
                environment.clock.epoch_seconds(),
            ),
            caller: authenticated.caller,
        };
        let signature = authenticated.signature.as_ref();
        let (body, reading) = match unwrap(&mut parts, body, signature) {
            Ok(unwrapped) => unwrapped,
            Err(refused) => {
                let error = plane::refuse(&refused, Style::S3);
                let outcome = Outcome::from(&error);
                let described = self.endpoint.describe(&parts);
                let S3Caller {
                    caller, request, ..
                } = &caller;
                self.record(described, &request_id, caller, request, outcome);
                return self.refusal(error, &parts, &request_id);
            }
        };
        let onward = Request::from_parts(parts, body);
        let unwrapped = Unwrapped {
            onward,
            reading,
            caller,
            request_id,
        };
        self.pass_on(unwrapped).await
    }

    /// Lets the endpoint answer, and puts on record what came of it.
    pub(crate) async fn pass_on(&self, unwrapped: Unwrapped) -> Response<AnswerBody> {
        let Unwrapped {
            onward,
            reading,
            caller,
            request_id,
        } = unwrapped;
        let caller = Arc::new(caller);
        let is_preflight = onward.method() == http::Method::OPTIONS;
        let is_http1 = onward.version() <= http::Version::HTTP_11;
        let handle = CallerHandle::new(Arc::clone(&caller));
        let answered = self.endpoint.call(onward, handle, &request_id).await;
        if !is_preflight {
            let outcome = answered.told.map_or(Outcome::Done, failed);
            let S3Caller {
                caller, request, ..
            } = caller.as_ref();
            self.record(answered.described, &request_id, caller, request, outcome);
        }
        let mut response = answered.response;
        if is_http1 && !reading.is_over() {
            let close = HeaderValue::from_static("close");
            response.headers_mut().insert(header::CONNECTION, close);
        }
        response.map(AnswerBody::stream)
    }

    /// What policies may ask about a request.
    pub(crate) fn facts(&self, headers: &HeaderMap, peer: Peer) -> RequestFacts {
        RequestFacts {
            now: self.plane.environment().clock.now(),
            source_ip: peer.ip,
            secure: peer.secure,
            user_agent: text(headers, &header::USER_AGENT),
            referer: text(headers, &header::REFERER),
            region: REGION_DEFAULT.to_owned(),
        }
    }

    /// A refusal before the endpoint was reached.
    fn refusal(
        &self,
        error: plane::Error,
        parts: &http::request::Parts,
        request_id: &str,
    ) -> Response<AnswerBody> {
        self.endpoint
            .refuse(refused(error), parts, request_id)
            .map(AnswerBody::stream)
    }

    pub(crate) fn record(
        &self,
        described: Described,
        request_id: &str,
        caller: &Caller,
        request: &RequestFacts,
        outcome: Outcome,
    ) {
        let facts = S3Facts {
            name: described.operation,
            bucket: described.bucket,
            key: described.key,
        };
        let event = Event::of_s3(facts, request_id, caller, request, outcome);
        self.plane.recorder().record(event);
    }

    /// Sixteen characters, as S3's are.
    pub(crate) fn request_id(&self) -> String {
        let mut bytes = [0u8; 8];
        self.plane.environment().entropy.fill(&mut bytes);
        format!("{:016X}", u64::from_be_bytes(bytes))
    }
}

/// Whether a browser's form comes to a bucket, and to nothing else: the path must not add to
/// the key that the form names.
fn is_form_for_bucket(parts: &http::request::Parts, bucket_in_host: Option<&str>) -> bool {
    let path = parts.uri.path().strip_prefix('/').unwrap_or_default();
    let path = path.strip_suffix('/').unwrap_or(path);
    let is_bucket = match bucket_in_host {
        Some(_) => path.is_empty(),
        None => !path.is_empty() && !path.contains(['/', '%']),
    };
    is_bucket && parts.uri.query().is_none() && s3::form::is_form(&parts.method, &parts.headers)
}

/// How a request ended that was not done.
fn failed(told: Told) -> Outcome {
    Outcome::Failed {
        code: told.code.into_owned(),
        message: Some(told.message.into_owned()),
        cause: None,
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
) -> Vec<(&'static str, String)> {
    let Some(presented) = presented else {
        return Vec::new();
    };
    let auth_type = if presented.is_presigned() {
        "REST-QUERY-STRING"
    } else {
        "REST-HEADER"
    };
    let mut keys = vec![
        ("s3:authType", auth_type.to_owned()),
        (
            "s3:signatureversion",
            presented.signature_version().to_owned(),
        ),
    ];
    if let Some(signed_at_s) = signature.and_then(|verified| verified.signed_at_s) {
        let age_ms = now_s.saturating_sub(signed_at_s).max(0) * 1000;
        keys.push(("s3:signatureAge", age_ms.to_string()));
    }
    let content_hash = headers
        .get("x-amz-content-sha256")
        .and_then(|value| value.to_str().ok())
        .unwrap_or("UNSIGNED-PAYLOAD");
    keys.push(("s3:x-amz-content-sha256", content_hash.to_owned()));
    keys
}

/// Takes the body out of its chunks and holds it to its signature.
fn unwrap(
    parts: &mut http::request::Parts,
    incoming: Incoming,
    signature: Option<&Verified>,
) -> Result<(Body, Reading), sigv4::Refusal> {
    let unsigned;
    let verified = if let Some(signature) = signature {
        signature
    } else {
        unsigned = Verified::without_signature(&parts.headers)?;
        &unsigned
    };
    if http_body::Body::is_end_stream(&incoming) {
        verified.check_empty()?;
    }
    let (incoming, reading) = Watched::new(Hurried::new(incoming, Patience::default()));
    let body = VerifiedBody::new(incoming, verified, &Head::of(parts).parts())?;
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
                details: answer.details,
            }) as Box<dyn std::error::Error + Send + Sync>
        }
        BodyFault::Transport(Missing::Late) => Box::new(late()),
        BodyFault::Transport(Missing::Broken(error)) => Box::new(error),
    });
    Ok((Body::http_body(body), reading))
}

/// A refusal of the plane's, for the endpoint to put into words.
pub(crate) fn refused(mut error: plane::Error) -> BodyRefused {
    BodyRefused {
        status: error.status_or(400),
        details: error.take_details(),
        code: error.code().to_owned().into(),
        message: error.message().unwrap_or_default().to_owned().into(),
    }
}

fn late() -> BodyRefused {
    BodyRefused {
        code: "RequestTimeout".into(),
        status: 400,
        message: LATE.into(),
        details: Vec::new(),
    }
}

/// What S3 says of a body that did not arrive.
pub(crate) fn body_refused(missing: Missing<hyper::Error>) -> BodyRefused {
    match missing {
        Missing::Late => late(),
        Missing::Broken(_) => BodyRefused {
            code: "IncompleteBody".into(),
            status: 400,
            message: "The request body terminated unexpectedly".into(),
            details: Vec::new(),
        },
    }
}
