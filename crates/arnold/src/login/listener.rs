//! Listens on this machine for the browser that comes back, and for nothing else.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::Failure;

/// How long the person may take.
const WAIT: Duration = Duration::from_secs(600);

/// How long a browser may take over one request.
const REQUEST: Duration = Duration::from_secs(30);

/// The largest form that is read: SAML responses are some ten thousand bytes.
const FORM_BYTES_MAX: usize = 1024 * 1024;

/// Everything that a browser is shown here stands by itself.
const POLICY: &str = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'";

const DONE: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\"><meta name=\"color-scheme\" content=\"light dark\"><title>Signed in</title><h1>You can close this window</h1><p>What comes next stands in your terminal.</p></html>";

/// A port of this machine.
pub(super) struct Listener {
    listener: TcpListener,
    port: u16,
}

/// What is waited for: a method and a path.
#[derive(Clone, Copy)]
pub(super) struct Awaited {
    pub(super) method: &'static Method,
    pub(super) path: &'static str,
}

/// What came with a request.
pub(super) type Parameters = BTreeMap<String, String>;

impl Listener {
    /// Opens a port; any, if none is asked for.
    pub(super) async fn open(port: Option<u16>) -> Result<Listener, Failure> {
        let wanted = port.unwrap_or(0);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, wanted))
            .await
            .map_err(|error| format!("cannot listen on port {wanted}: {error}"))?;
        let port = listener.local_addr()?.port();
        Ok(Listener { listener, port })
    }

    /// The address of a path here.
    pub(super) fn address(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// Waits for the browser. What is not what is waited for gets 404, and does not count;
    /// `counts` says whether parameters are ours to take.
    pub(super) async fn wait(
        self,
        awaited: Awaited,
        counts: fn(&Parameters, &str) -> bool,
        secret: &str,
    ) -> Result<Parameters, Failure> {
        let (sender, mut came) = mpsc::channel(1);
        let mut serving = JoinSet::new();
        let end = tokio::time::sleep(WAIT);
        tokio::pin!(end);
        let found = loop {
            tokio::select! {
                () = &mut end => return Err("nobody came back from the browser in time".into()),
                Some(found) = came.recv() => break found,
                accepted = self.listener.accept() => {
                    let (stream, _) = accepted?;
                    let (sender, secret) = (sender.clone(), secret.to_owned());
                    let service = service_fn(move |request| {
                        take(request, awaited, counts, secret.clone(), sender.clone())
                    });
                    serving.spawn(async move {
                        let connection = hyper::server::conn::http1::Builder::new()
                            .keep_alive(false)
                            .serve_connection(TokioIo::new(stream), service);
                        // A browser that breaks off is no fault of ours.
                        let _ = tokio::time::timeout(REQUEST, connection).await;
                    });
                }
            }
        };
        // The browser gets its page before the port is gone.
        let _ = tokio::time::timeout(Duration::from_secs(2), async {
            while serving.join_next().await.is_some() {}
        })
        .await;
        Ok(found)
    }
}

async fn take(
    request: Request<Incoming>,
    awaited: Awaited,
    counts: fn(&Parameters, &str) -> bool,
    secret: String,
    sender: mpsc::Sender<Parameters>,
) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let not_here = || answer(StatusCode::NOT_FOUND, "");
    if request.method() != awaited.method || request.uri().path() != awaited.path {
        return Ok(not_here());
    }
    let query = request.uri().query().unwrap_or_default().to_owned();
    let body = match Limited::new(request.into_body(), FORM_BYTES_MAX)
        .collect()
        .await
    {
        Ok(body) => body.to_bytes(),
        Err(_) => return Ok(answer(StatusCode::BAD_REQUEST, "")),
    };
    let parameters: Parameters = url::form_urlencoded::parse(query.as_bytes())
        .chain(url::form_urlencoded::parse(&body))
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect();
    if !counts(&parameters, &secret) {
        return Ok(not_here());
    }
    // Whoever comes second comes too late.
    let _ = sender.try_send(parameters);
    Ok(answer(StatusCode::OK, DONE))
}

fn answer(status: StatusCode, text: &'static str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from_static(text.as_bytes())));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ] {
        headers.insert(name, http::HeaderValue::from_static(value));
    }
    response
}
