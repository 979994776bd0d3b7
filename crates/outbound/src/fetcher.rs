//! The fetcher: every outbound request goes through [`Fetcher::get`] or
//! [`Fetcher::post_form`].

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HOST, USER_AGENT,
};
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Incoming};
use hyper_util::rt::TokioIo;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::config::{Config, ConfigError};
use crate::connect::Connection;
use crate::endpoints::Endpoints;
use crate::origin::Origin;
use crate::refusal::FetchRefusal;
use crate::resolve::{Resolve, SystemResolver};
use crate::target::{Scheme, Target};
use crate::tls::Trust;
use crate::zone::Zone;

/// How many fetches run at the same time. More wait, within their own time limit.
const FETCHES_MAX: usize = 64;

/// The head of an answer may be this large.
const HEAD_BYTES_MAX: usize = 64 * 1024;

/// How long [`Fetcher::check`] waits for the resolver.
const CHECK_MAX: Duration = Duration::from_secs(2);

/// Bounds of a single fetch.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The largest answer that is taken.
    pub bytes_max: usize,
    /// The time from the question to the last byte, name resolution included.
    pub time_max: Duration,
}

/// One megabyte and five seconds.
pub const LIMITS: Limits = Limits {
    bytes_max: 1024 * 1024,
    time_max: Duration::from_secs(5),
};

/// What was fetched.
#[derive(Debug)]
pub struct Fetched {
    /// The document.
    pub bytes: Bytes,
    /// What the other side says it is.
    pub content_type: Option<String>,
    /// The certificates that the other side showed, its own first, in DER. Empty for
    /// plain `http`.
    pub certificate_chain: Vec<Vec<u8>>,
}

/// What a form was answered with, whether it was liked or not.
#[derive(Debug)]
pub struct Answered {
    /// The status.
    pub status: StatusCode,
    /// The document.
    pub bytes: Bytes,
}

/// Fetches documents under the guard of a [`Config`].
pub struct Fetcher {
    allow: Vec<Origin>,
    endpoints: Endpoints,
    trust: Trust,
    resolver: Arc<dyn Resolve>,
    limits: Limits,
    slots: Semaphore,
}

impl Fetcher {
    /// A fetcher that resolves names as the operating system does.
    pub fn new(config: Config) -> Result<Fetcher, ConfigError> {
        Fetcher::with(config, Arc::new(SystemResolver), LIMITS)
    }

    /// A fetcher with a resolver and limits of one's own.
    pub fn with(
        config: Config,
        resolver: Arc<dyn Resolve>,
        limits: Limits,
    ) -> Result<Fetcher, ConfigError> {
        config.check()?;
        let trust = Trust::new(config.ca_files.iter().map(PathBuf::as_path))?;
        Ok(Fetcher {
            allow: config.allow,
            endpoints: Endpoints::new(config.endpoints)?,
            trust,
            resolver,
            limits,
            slots: Semaphore::new(FETCHES_MAX),
        })
    }

    /// Whether the configuration names the origin of `url`, so that it may use a port or
    /// plain `http`.
    pub fn is_allowed_origin(&self, url: &str) -> bool {
        Target::parse(url).is_ok_and(|target| self.exception(&target).is_some())
    }

    /// Says whether `url` could be fetched, without fetching it. Names are resolved; one
    /// that does not resolve now is let pass, because every fetch is judged again.
    pub async fn check(&self, url: &str) -> Result<(), FetchRefusal> {
        let target = Target::parse(url)?;
        match tokio::time::timeout(CHECK_MAX, self.judge(&target)).await {
            Ok(Err(refusal)) if refusal.is_forbidden() => Err(refusal),
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// Fetches `url` with a `GET`, from its configured end point where it has one.
    pub async fn get(&self, url: &str) -> Result<Fetched, FetchRefusal> {
        self.get_pinned(url, &[]).await
    }

    /// The same, also from a host that no known authority vouches for, if the topmost
    /// certificate that it shows has one of these SHA-1 thumbprints, in hex.
    pub async fn get_pinned(
        &self,
        url: &str,
        thumbprints: &[String],
    ) -> Result<Fetched, FetchRefusal> {
        let url = &*self.endpoints.of(url);
        let target = Target::parse(url)?;
        self.in_time(url, async {
            let connection = self.connect(&target, thumbprints).await?;
            self.exchange(&target, connection).await
        })
        .await
    }

    /// Sends a form to `url`, with these credentials of a client in its head if there are any.
    /// Token end points tell what is wrong with the form by an error status and a document.
    pub async fn post_form(
        &self,
        url: &str,
        form: &[(&str, &str)],
        authorization: Option<&str>,
    ) -> Result<Answered, FetchRefusal> {
        let url = &*self.endpoints.of(url);
        let target = Target::parse(url)?;
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(form)
            .finish();
        self.in_time(url, async {
            let connection = self.connect(&target, &[]).await?;
            let request = posting(&target, body, authorization)?;
            let (response, _driving) = send(&target, connection, request).await?;
            let status = response.status();
            self.accept_size(&target, &response)?;
            let bytes = self.read_body(&target, response.into_body()).await?;
            Ok(Answered { status, bytes })
        })
        .await
    }

    /// The certificates that the host of `url` shows, its own first, in DER. They have
    /// been verified.
    pub async fn certificate_chain(&self, url: &str) -> Result<Vec<Vec<u8>>, FetchRefusal> {
        let target = Target::parse(url)?;
        let chain = self
            .in_time(url, async {
                Ok(self.connect(&target, &[]).await?.certificate_chain())
            })
            .await?;
        if chain.is_empty() {
            return Err(FetchRefusal::NoCertificates {
                origin: target.origin(),
            });
        }
        Ok(chain)
    }

    /// Runs a fetch within one limit over all its steps, so that no step can drip.
    async fn in_time<T>(
        &self,
        url: &str,
        work: impl Future<Output = Result<T, FetchRefusal>>,
    ) -> Result<T, FetchRefusal> {
        let bounded = async {
            let _slot = self.slots.acquire().await;
            work.await
        };
        match tokio::time::timeout(self.limits.time_max, bounded).await {
            Ok(result) => result,
            Err(_elapsed) => Err(FetchRefusal::TimedOut {
                // What comes behind may be somebody's secret.
                url: url.split('?').next().unwrap_or_default().to_owned(),
                limit: self.limits.time_max,
            }),
        }
    }

    async fn connect(
        &self,
        target: &Target,
        thumbprints: &[String],
    ) -> Result<Connection, FetchRefusal> {
        // What `judge` returns is what is dialled: nobody asks the resolver again.
        let addresses = self.judge(target).await?;
        Connection::open(target, &addresses, &self.trust, thumbprints).await
    }

    fn exception(&self, target: &Target) -> Option<&Origin> {
        self.allow.iter().find(|origin| origin.covers(target))
    }

    /// Decides whether `target` may be fetched, and from which addresses. One address out
    /// of bounds condemns the name: an honest one has no reason to mix.
    async fn judge(&self, target: &Target) -> Result<Vec<IpAddr>, FetchRefusal> {
        let exception = self.exception(target);
        if exception.is_none() {
            let origin = target.origin();
            if target.scheme != Scheme::Https {
                return Err(FetchRefusal::PlainText { origin });
            }
            if target.port != Scheme::Https.default_port() {
                let port = target.port;
                return Err(FetchRefusal::Port { origin, port });
            }
        }
        let addresses = self.addresses(target).await?;
        for address in &addresses {
            let zone = Zone::of(*address);
            let permitted = match exception {
                Some(origin) => origin.permits(zone),
                None => zone == Zone::Public,
            };
            if !permitted {
                return Err(FetchRefusal::Address {
                    origin: target.origin(),
                    address: *address,
                    zone,
                });
            }
        }
        Ok(addresses)
    }

    async fn addresses(&self, target: &Target) -> Result<Vec<IpAddr>, FetchRefusal> {
        if let Some(address) = target.literal_address() {
            return Ok(vec![address]);
        }
        let host = target.host.to_string();
        match self.resolver.resolve(&host).await {
            Ok(addresses) if addresses.is_empty() => Err(FetchRefusal::NoAddress { host }),
            Ok(addresses) => Ok(addresses),
            Err(source) => Err(FetchRefusal::Resolve { host, source }),
        }
    }

    async fn exchange(
        &self,
        target: &Target,
        connection: Connection,
    ) -> Result<Fetched, FetchRefusal> {
        let certificate_chain = connection.certificate_chain();
        let (response, _driving) = send(target, connection, request(target)?).await?;
        let content_type = self.accept_head(target, &response)?;
        let bytes = self.read_body(target, response.into_body()).await?;
        Ok(Fetched {
            bytes,
            content_type,
            certificate_chain,
        })
    }

    fn accept_head(
        &self,
        target: &Target,
        response: &Response<Incoming>,
    ) -> Result<Option<String>, FetchRefusal> {
        let origin = || target.origin();
        if response.status() != StatusCode::OK {
            return Err(FetchRefusal::Status {
                origin: origin(),
                status: response.status(),
            });
        }
        self.accept_size(target, response)?;
        let content_type = response.headers().get(CONTENT_TYPE);
        Ok(content_type
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned))
    }

    fn accept_size(
        &self,
        target: &Target,
        response: &Response<Incoming>,
    ) -> Result<(), FetchRefusal> {
        let origin = target.origin();
        if is_encoded(response.headers()) {
            return Err(FetchRefusal::Encoded { origin });
        }
        if response.body().size_hint().lower() > self.limits.bytes_max as u64 {
            let bytes_max = self.limits.bytes_max;
            return Err(FetchRefusal::TooLarge { origin, bytes_max });
        }
        Ok(())
    }

    async fn read_body(&self, target: &Target, mut body: Incoming) -> Result<Bytes, FetchRefusal> {
        let mut bytes = Vec::new();
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|source| FetchRefusal::Http {
                origin: target.origin(),
                source,
            })?;
            let Ok(data) = frame.into_data() else {
                continue;
            };
            if bytes.len() + data.len() > self.limits.bytes_max {
                return Err(FetchRefusal::TooLarge {
                    origin: target.origin(),
                    bytes_max: self.limits.bytes_max,
                });
            }
            bytes.extend_from_slice(&data);
        }
        Ok(Bytes::from(bytes))
    }
}

/// Sends a request, and gives what drives the connection: it ends when that is let go, also
/// when time runs out.
async fn send(
    target: &Target,
    connection: Connection,
    request: Request<Full<Bytes>>,
) -> Result<(Response<Incoming>, JoinSet<hyper::Result<()>>), FetchRefusal> {
    let not_http = |source| FetchRefusal::Http {
        origin: target.origin(),
        source,
    };
    let (mut sender, driver) = hyper::client::conn::http1::Builder::new()
        .max_buf_size(HEAD_BYTES_MAX)
        .handshake(TokioIo::new(connection))
        .await
        .map_err(not_http)?;
    let mut driving = JoinSet::new();
    driving.spawn(driver);
    let response = sender.send_request(request).await.map_err(not_http)?;
    Ok((response, driving))
}

fn posting(
    target: &Target,
    body: String,
    authorization: Option<&str>,
) -> Result<Request<Full<Bytes>>, FetchRefusal> {
    let mut request = Request::post(&target.path)
        .header(HOST, target.authority())
        .header(USER_AGENT, "arnold")
        .header(ACCEPT, "application/json")
        .header(ACCEPT_ENCODING, "identity")
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded");
    if let Some(authorization) = authorization {
        request = request.header(AUTHORIZATION, authorization);
    }
    request
        .body(Full::new(Bytes::from(body)))
        .map_err(FetchRefusal::Request)
}

fn request(target: &Target) -> Result<Request<Full<Bytes>>, FetchRefusal> {
    Request::get(&target.path)
        .header(HOST, target.authority())
        .header(USER_AGENT, "arnold")
        .header(ACCEPT, "application/json, */*;q=0.5")
        .header(ACCEPT_ENCODING, "identity")
        .body(Full::default())
        .map_err(FetchRefusal::Request)
}

fn is_encoded(headers: &HeaderMap) -> bool {
    headers
        .get_all(CONTENT_ENCODING)
        .iter()
        .any(|value| !value.as_bytes().eq_ignore_ascii_case(b"identity"))
}
