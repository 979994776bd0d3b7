//! The door: takes requests off the wire, bounds them, and sends each to the development
//! aids, to S3, or to the plane.

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use ipnet::IpNet;
use plane::{Head, Peer, Plane, Raw};
use wire::Outgoing;

use crate::answer::AnswerBody;
use crate::dev::Dev;
use crate::s3_front::S3Front;

/// The largest body of any call but S3's, in bytes: AWS's limit for the query protocol.
const BODY_BYTES_MAX: usize = 10_000_000;

/// How long a body of such a call may take to arrive.
const BODY_TIME_MAX: Duration = Duration::from_secs(60);

/// Everything that requests are answered with.
pub struct Front {
    pub(crate) plane: Arc<Plane>,
    pub(crate) s3: S3Front,
    pub(crate) dev: Option<Dev>,
    pub(crate) trusted_proxies: Vec<IpNet>,
}

impl Front {
    /// Answers one request from this address.
    pub async fn answer(
        &self,
        request: Request<Incoming>,
        from: IpAddr,
    ) -> Result<Response<AnswerBody>, Infallible> {
        let peer = self.peer(from, request.headers());
        let path = request.uri().path();
        if let Some(rest) = path.strip_prefix("/_arnold/") {
            let rest = rest.to_owned();
            return Ok(self.own(&rest, request, from).await);
        }
        if is_preflight(&request) && path == "/" && !self.s3.is_bucket_host(request.headers()) {
            return Ok(preflight(request.headers()));
        }
        if self.s3.takes(&request) {
            return Ok(self.s3.answer(request, peer).await);
        }
        let origin = request.headers().get(header::ORIGIN).cloned();
        let outgoing = match read(request, peer).await {
            Ok(raw) => self.plane.answer(raw).await,
            Err(status) => return Ok(bare(status)),
        };
        Ok(finish(outgoing, origin))
    }

    /// Where the request really comes from. A forwarded header counts only from a configured
    /// proxy, and only its last entry: that one the proxy wrote itself.
    fn peer(&self, from: IpAddr, headers: &HeaderMap) -> Peer {
        let from = from.to_canonical();
        let trusted = |ip: &IpAddr| self.trusted_proxies.iter().any(|net| net.contains(ip));
        if !trusted(&from) {
            return Peer {
                ip: Some(from),
                secure: false,
            };
        }
        let hops: Vec<IpAddr> = headers
            .get_all("x-forwarded-for")
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .map_while(|hop| hop.trim().parse().ok())
            .collect();
        let client = hops.iter().rev().find(|hop| !trusted(hop)).copied();
        let secure = headers
            .get("x-forwarded-proto")
            .is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"https"));
        Peer {
            ip: Some(client.unwrap_or(from)),
            secure,
        }
    }

    /// Arnold's own paths.
    async fn own(
        &self,
        path: &str,
        request: Request<Incoming>,
        from: IpAddr,
    ) -> Response<AnswerBody> {
        match (path, &self.dev) {
            ("health", _) if matches!(*request.method(), Method::GET | Method::HEAD) => {
                json(StatusCode::OK, r#"{"status":"ok"}"#.to_owned())
            }
            (aid @ ("clock" | "reset"), Some(dev)) => {
                if !from.to_canonical().is_loopback() {
                    return json_error(
                        StatusCode::FORBIDDEN,
                        "development aids answer on loopback only",
                    );
                }
                if *request.method() != Method::POST {
                    return json_error(StatusCode::METHOD_NOT_ALLOWED, "expected POST");
                }
                // A page in a browser may not press these buttons.
                if request.headers().contains_key(header::ORIGIN) {
                    return json_error(
                        StatusCode::FORBIDDEN,
                        "development aids do not answer browsers",
                    );
                }
                let peer = Peer {
                    ip: Some(from),
                    secure: false,
                };
                match read(request, peer).await {
                    Ok(raw) => dev.press(aid, &raw.body).await,
                    Err(status) => bare(status),
                }
            }
            ("clock" | "reset", None) => json_error(
                StatusCode::FORBIDDEN,
                "development aids need `arnold serve --dev`",
            ),
            _ => json_error(StatusCode::NOT_FOUND, "no such page"),
        }
    }
}

/// Reads the request to its end, within bounds.
async fn read(request: Request<Incoming>, peer: Peer) -> Result<Raw, StatusCode> {
    let (parts, body) = request.into_parts();
    let reading = Limited::new(body, BODY_BYTES_MAX).collect();
    let body = match tokio::time::timeout(BODY_TIME_MAX, reading).await {
        Err(_) => return Err(StatusCode::REQUEST_TIMEOUT),
        Ok(Err(error)) if error.is::<http_body_util::LengthLimitError>() => {
            return Err(StatusCode::PAYLOAD_TOO_LARGE);
        }
        Ok(Err(_)) => return Err(StatusCode::BAD_REQUEST),
        Ok(Ok(body)) => body.to_bytes(),
    };
    Ok(Raw {
        method: parts.method,
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        authority: parts.uri.authority().map(|name| name.to_string()),
        headers: parts.headers,
        body,
        peer,
    })
}

/// The head of a request that still has its body.
pub(crate) fn head<B>(request: &Request<B>) -> Head<'_> {
    Head {
        method: request.method().as_str(),
        path: request.uri().path(),
        query: request.uri().query().unwrap_or_default(),
        headers: request.headers(),
        authority: request.uri().authority().map(http::uri::Authority::as_str),
    }
}

fn finish(outgoing: Outgoing, origin: Option<HeaderValue>) -> Response<AnswerBody> {
    let mut response = Response::new(AnswerBody::full(outgoing.body));
    *response.status_mut() =
        StatusCode::from_u16(outgoing.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in outgoing.headers {
        let name = HeaderName::from_bytes(name.as_ref());
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(&value)) {
            response.headers_mut().append(name, value);
        }
    }
    if origin.is_some() {
        // Credentials travel in the request itself, never in cookies: any page may ask.
        let headers = response.headers_mut();
        headers.insert(
            header::ACCESS_CONTROL_ALLOW_ORIGIN,
            HeaderValue::from_static("*"),
        );
        headers.insert(
            header::ACCESS_CONTROL_EXPOSE_HEADERS,
            HeaderValue::from_static("x-amzn-RequestId,x-amzn-ErrorType,x-amzn-ErrorMessage,Date"),
        );
    }
    response
}

fn is_preflight<B>(request: &Request<B>) -> bool {
    *request.method() == Method::OPTIONS
        && request.headers().contains_key(header::ORIGIN)
        && request
            .headers()
            .contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

/// What AWS's API endpoints tell browsers: any page may ask.
fn preflight(asked: &HeaderMap) -> Response<AnswerBody> {
    let mut response = bare(StatusCode::OK);
    let headers = response.headers_mut();
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_ORIGIN,
        HeaderValue::from_static("*"),
    );
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_METHODS,
        HeaderValue::from_static("GET,POST,PUT,DELETE"),
    );
    if let Some(names) = asked.get(header::ACCESS_CONTROL_REQUEST_HEADERS) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, names.clone());
    }
    headers.insert(
        header::ACCESS_CONTROL_MAX_AGE,
        HeaderValue::from_static("172800"),
    );
    response
}

fn bare(status: StatusCode) -> Response<AnswerBody> {
    let mut response = Response::new(AnswerBody::full(Vec::new()));
    *response.status_mut() = status;
    response
}

/// A JSON answer of Arnold's own.
pub(crate) fn json(status: StatusCode, text: String) -> Response<AnswerBody> {
    let mut response = Response::new(AnswerBody::full(text.into_bytes()));
    *response.status_mut() = status;
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    response
}

/// A refusal of Arnold's own.
pub(crate) fn json_error(status: StatusCode, message: &str) -> Response<AnswerBody> {
    json(status, serde_json::json!({ "error": message }).to_string())
}
