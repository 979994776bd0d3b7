//! The door: takes requests off the wire, bounds them, and sends each to the development
//! aids, to S3, or to the plane.

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use ipnet::IpNet;
use pages::Pages;
use plane::{Head, Peer, Plane, Raw, Unread};
use wire::Outgoing;

use crate::answer::AnswerBody;
use crate::dev::Dev;
use crate::patience::{Hurried, Missing, Patience};
use crate::published;
use crate::s3_front::S3Front;

/// The largest body of any call but S3's, in bytes: AWS's limit for the query protocol.
const BODY_BYTES_MAX: usize = 10_000_000;

/// Everything that requests are answered with.
pub struct Front {
    pub(crate) plane: Arc<Plane>,
    pub(crate) s3: S3Front,
    pub(crate) pages: Pages,
    pub(crate) dev: Option<Arc<Dev>>,
    pub(crate) trusted_proxies: Vec<IpNet>,
}

impl Front {
    /// Answers one request from this address. What is waited for on some ways alone lies apart,
    /// so that the others carry no room for it about.
    pub async fn answer(
        &self,
        request: Request<Incoming>,
        from: IpAddr,
    ) -> Result<Response<AnswerBody>, Infallible> {
        let peer = peer(from, request.headers(), &self.trusted_proxies);
        let path = request.uri().path();
        let bucket = self.s3.bucket_in_host(request.uri(), request.headers());
        if bucket.is_none()
            && let Some(answer) = self.published(&request)
        {
            return Ok(answer);
        }
        if let Some(rest) = path.strip_prefix("/_arnold/") {
            let rest = rest.to_owned();
            return Ok(self.own(&rest, request, from).await);
        }
        if bucket.is_none() && Pages::takes(request.method(), request.uri(), request.headers()) {
            let (head, body) = request.into_parts();
            return Ok(match read(body).await {
                Ok(body) => {
                    let answer = self.pages.answer(Raw::new(head, body, peer));
                    let answer = Box::pin(answer).await;
                    answer.map(AnswerBody::full)
                }
                Err(unread) => finish(self.plane.refuse_unread(&head, unread), None),
            });
        }
        if bucket.is_none() && is_preflight(&request) && path == "/" {
            return Ok(preflight(request.headers()));
        }
        let (head, body) = request.into_parts();
        let claimed = sigv4::presented(&Head::of(&head).parts());
        if bucket.is_some() || S3Front::takes(&head, &claimed) {
            let shown = is_shown(&head) && bucket.is_none();
            let request = Request::from_parts(head, body);
            let mut response = Box::pin(self.s3.answer(request, claimed, peer, bucket)).await;
            if shown {
                // Objects share the pages' origin here: what somebody uploaded must not act
                // as a page of ours.
                response
                    .headers_mut()
                    .insert(header::CONTENT_SECURITY_POLICY, SANDBOX);
            }
            return Ok(response);
        }
        let origin = head.headers.get(header::ORIGIN).cloned();
        let outgoing = match read(body).await {
            Ok(body) => {
                let raw = Raw::new(head, body, peer);
                self.plane.answer_claimed(raw, claimed).await
            }
            Err(unread) => {
                let mut response = finish(self.plane.refuse_unread(&head, unread), origin);
                let close = HeaderValue::from_static("close");
                response.headers_mut().insert(header::CONNECTION, close);
                return Ok(response);
            }
        };
        Ok(finish(outgoing, origin))
    }

    /// What Arnold says about itself as an issuer, if that was asked.
    fn published<B>(&self, request: &Request<B>) -> Option<Response<AnswerBody>> {
        let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
        if !is_read {
            return None;
        }
        let environment = self.plane.environment();
        let host = request.uri().authority().map(http::uri::Authority::as_str);
        let host = host.or_else(|| request.headers().get(header::HOST)?.to_str().ok());
        let asked = published::Asked {
            host: host.unwrap_or_default(),
            path: request.uri().path(),
            now_s: environment.clock.epoch_seconds(),
        };
        match published::document(&environment.directory, &asked) {
            Ok(document) => {
                let mut answer = json(StatusCode::OK, document?.to_string());
                let headers = answer.headers_mut();
                headers.insert(
                    header::ACCESS_CONTROL_ALLOW_ORIGIN,
                    HeaderValue::from_static("*"),
                );
                headers.insert(
                    header::CACHE_CONTROL,
                    HeaderValue::from_static("public, max-age=300"),
                );
                Some(answer)
            }
            Err(error) => {
                tracing::error!(%error, "keys could not be published");
                Some(json_error(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "the keys are not to be had",
                ))
            }
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
                // What a proxy hands on may come from anywhere.
                let forwarded = ["forwarded", "x-forwarded-for"]
                    .iter()
                    .any(|name| request.headers().contains_key(*name));
                if forwarded || !from.to_canonical().is_loopback() {
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
                match read(request.into_body()).await {
                    Ok(body) if aid == "clock" => dev.move_clock(&body),
                    Ok(_) => self.reset(dev),
                    Err(unread) => json_error(StatusCode::BAD_REQUEST, &unread.to_string()),
                }
            }
            ("clock" | "reset", None) => json_error(
                StatusCode::FORBIDDEN,
                "development aids need `arnold serve --dev`",
            ),
            _ => json_error(StatusCode::NOT_FOUND, "no such page"),
        }
    }

    /// Back to the kept moment, the memory of the rooms included.
    fn reset(&self, dev: &Dev) -> Response<AnswerBody> {
        // What waits to be written is of before, and so is what was written.
        self.plane.recorder().forget_uses();
        if let Err(error) = dev.reset() {
            tracing::error!(%error, "the reset failed");
            return json_error(StatusCode::INTERNAL_SERVER_ERROR, "the reset failed");
        }
        self.pages.forget();
        json(StatusCode::OK, r#"{"status":"reset"}"#.to_owned())
    }
}

/// Where a request really comes from. A forwarded header counts only from a configured proxy,
/// and of its entries only the last that is no such proxy: the others anyone may have written.
fn peer(from: IpAddr, headers: &HeaderMap, trusted_proxies: &[IpNet]) -> Peer {
    let from = from.to_canonical();
    let is_trusted = |ip: &IpAddr| trusted_proxies.iter().any(|net| net.contains(ip));
    if !is_trusted(&from) {
        return Peer {
            ip: Some(from),
            secure: false,
        };
    }
    let mut client = from;
    let hops: Vec<&str> = headers
        .get_all("x-forwarded-for")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .collect();
    for hop in hops.iter().rev() {
        let Ok(hop) = hop.trim().parse::<IpAddr>() else {
            break;
        };
        client = hop.to_canonical();
        if !is_trusted(&client) {
            break;
        }
    }
    // The last word is the proxy's own; those before it anyone may have written.
    let secure = headers
        .get_all("x-forwarded-proto")
        .iter()
        .next_back()
        .and_then(|value| value.to_str().ok()?.rsplit(',').next())
        .is_some_and(|scheme| scheme.trim().eq_ignore_ascii_case("https"));
    Peer {
        ip: Some(client),
        secure,
    }
}

/// Reads a body to its end, within bounds.
async fn read(body: Incoming) -> Result<Bytes, Unread> {
    let body = Hurried::new(body, Patience::default());
    match Limited::new(body, BODY_BYTES_MAX).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => Err(Unread::TooLarge),
        Err(error) => match error.downcast_ref() {
            Some(Missing::<hyper::Error>::Late) => Err(Unread::Late),
            _ => Err(Unread::Broken),
        },
    }
}

fn finish(outgoing: Outgoing, origin: Option<HeaderValue>) -> Response<AnswerBody> {
    let mut response = Response::new(AnswerBody::full(outgoing.body));
    *response.status_mut() =
        StatusCode::from_u16(outgoing.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in outgoing.headers {
        if let Ok(value) = HeaderValue::try_from(value) {
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

/// What an object may do that a browser shows: anything but act for this origin.
const SANDBOX: HeaderValue =
    HeaderValue::from_static("sandbox allow-scripts allow-forms allow-popups allow-downloads");

/// What a browser means to do with an answer (Fetch Metadata Request Headers §2.1).
const SEC_FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");

/// Whether a browser asks for something to show, and not a program for something to read.
fn is_shown(request: &http::request::Parts) -> bool {
    let text = |name| request.headers.get(name)?.to_str().ok();
    match text(SEC_FETCH_DEST) {
        Some(shown) => !matches!(shown, "empty" | "image" | "audio" | "video" | "font"),
        None => text(header::ACCEPT).is_some_and(|accept| accept.contains("text/html")),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn client(from: &str, forwarded: &[&str], proxies: &[&str]) -> (String, bool) {
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append("x-forwarded-for", HeaderValue::from_str(value).unwrap());
        }
        headers.insert("x-forwarded-proto", HeaderValue::from_static("https"));
        let proxies: Vec<IpNet> = proxies.iter().map(|net| net.parse().unwrap()).collect();
        let peer = peer(from.parse().unwrap(), &headers, &proxies);
        (peer.ip.unwrap().to_string(), peer.secure)
    }

    #[test]
    fn forwarded_headers_of_strangers_do_not_count() {
        let seen = client("203.0.113.9", &["10.0.0.1"], &["192.0.2.0/24"]);
        assert_eq!(seen, ("203.0.113.9".to_owned(), false));
    }

    #[test]
    fn a_proxy_names_its_client_and_the_client_cannot_name_another() {
        let of = |forwarded: &[&str]| client("192.0.2.1", forwarded, &["192.0.2.0/24"]);
        let secure = |ip: &str| (ip.to_owned(), true);
        assert_eq!(of(&["203.0.113.9"]), secure("203.0.113.9"));
        assert_eq!(of(&["10.0.0.1, 203.0.113.9"]), secure("203.0.113.9"));
        assert_eq!(
            of(&["10.0.0.1", "203.0.113.9, 192.0.2.7"]),
            secure("203.0.113.9")
        );
        assert_eq!(of(&["nonsense"]), secure("192.0.2.1"));
        assert_eq!(of(&["203.0.113.9, nonsense"]), secure("192.0.2.1"));
        assert_eq!(of(&[]), secure("192.0.2.1"));
    }

    #[test]
    fn an_ipv4_address_in_ipv6_clothes_is_the_ipv4_address() {
        let seen = client("::ffff:203.0.113.9", &[], &[]);
        assert_eq!(seen.0, "203.0.113.9");
    }
}
