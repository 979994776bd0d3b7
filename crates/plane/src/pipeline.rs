//! The way of a request: route, authenticate, decode, then the operation (gather, authorize,
//! run), encode, record. One function a step; each takes what only the step before builds.

use std::net::IpAddr;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use facts::{Auth, OperationFacts, Protocol};
use http::{HeaderMap, Method};
use identity::{Caller, RequestFacts};
use sigv4::{Rules, Style};
use wire::route::Route;
use wire::{Format, Incoming, Outgoing, Structure};

use crate::audit::Recorder;
use crate::authenticate::{Claimed, Head, authenticate, signing_service};
use crate::entry::{Entry, Handler};
use crate::event::Event;
use crate::{Call, Dpop, Environment, Error, blocking, encoded};

/// The region of requests that name none.
pub const REGION_DEFAULT: &str = "us-east-1";

/// A request as it came, read to its end.
#[derive(Debug)]
pub struct Raw {
    /// `GET`, `POST`, …
    pub method: Method,
    /// The path as it came, still encoded.
    pub path: String,
    /// The query as it came, without its `?`.
    pub query: String,
    /// The headers.
    pub headers: HeaderMap,
    /// The authority of the request line, if it had one.
    pub authority: Option<String>,
    /// The whole body.
    pub body: Bytes,
    /// Who sent it.
    pub peer: Peer,
}

impl Raw {
    /// The request with this head and this body.
    pub fn new(head: http::request::Parts, body: Bytes, peer: Peer) -> Raw {
        Raw {
            method: head.method,
            path: head.uri.path().to_owned(),
            query: head.uri.query().unwrap_or_default().to_owned(),
            authority: head.uri.authority().map(|name| name.to_string()),
            headers: head.headers,
            body,
            peer,
        }
    }

    /// Its head.
    pub fn head(&self) -> Head<'_> {
        Head {
            method: self.method.as_str(),
            path: &self.path,
            query: &self.query,
            headers: &self.headers,
            authority: self.authority.as_deref(),
        }
    }
}

/// Why a body was not read to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unread {
    /// It is larger than any operation takes.
    #[error("The request body is too large.")]
    TooLarge,
    /// It did not come in time.
    #[error("The request body did not arrive in time.")]
    Late,
    /// The connection broke, or its framing did.
    #[error("The request body could not be read.")]
    Broken,
}

/// The other end of the connection, as far as it is known for sure.
#[derive(Debug, Clone, Copy)]
pub struct Peer {
    /// Its address, or what a configured proxy says of it.
    pub ip: Option<IpAddr>,
    /// Whether it speaks TLS to us or to a configured proxy.
    pub secure: bool,
}

/// The plane: every operation of every service behind one door.
pub struct Plane {
    environment: Arc<Environment>,
    /// Sorted by [`place`].
    entries: Vec<&'static Entry>,
    recorder: Recorder,
}

/// What an answered request was, for encoding and recording it.
struct Routed {
    operation: &'static OperationFacts,
    format: Format,
}

impl Plane {
    /// A plane with these services' tables of operations.
    pub fn new(environment: Environment, tables: &[&'static [Entry]], recorder: Recorder) -> Plane {
        let mut entries: Vec<_> = tables.iter().flat_map(|table| table.iter()).collect();
        entries.sort_unstable_by_key(|entry| place(entry.facts));
        Plane {
            environment: Arc::new(environment),
            entries,
            recorder,
        }
    }

    /// The house that operations are answered in.
    pub fn environment(&self) -> &Environment {
        &self.environment
    }

    /// The same, for what outlives a borrow.
    pub(crate) fn shared_environment(&self) -> Arc<Environment> {
        Arc::clone(&self.environment)
    }

    /// The audit trail.
    pub fn recorder(&self) -> &Recorder {
        &self.recorder
    }

    /// Answers one request to any service but S3.
    pub async fn answer(&self, raw: Raw) -> Outgoing {
        let claimed = sigv4::presented(&raw.head().parts());
        self.answer_claimed(raw, claimed).await
    }

    /// Answers one request to any service but S3, where what its head presents is known.
    pub async fn answer_claimed(&self, raw: Raw, claimed: Claimed) -> Outgoing {
        let request_id = aws::uuid_v4(self.environment.entropy.as_ref());
        let routed = match route(&raw, &claimed, &request_id) {
            Ok(routed) => routed,
            Err(refused) => return refused,
        };
        let mut event = Event::begin(
            routed.operation,
            &request_id,
            &raw,
            self.environment.clock.now(),
        );
        let answer = self
            .operate(&raw, claimed, &routed, &request_id, &mut event)
            .await;
        let told = answer.as_ref().err().and_then(Error::refused);
        let told = told.and_then(|details| encoded::seal(&self.environment, details));
        let mut outgoing = encode(&routed, answer, &request_id, &mut event);
        outgoing
            .headers
            .extend(told.map(|message| (encoded::HEADER, message)));
        self.recorder.record(event);
        outgoing
    }

    /// The answer to a request whose body was not read: its head alone says whom it is for.
    pub fn refuse_unread(&self, head: &http::request::Parts, unread: Unread) -> Outgoing {
        let (query, json, status) = match unread {
            Unread::TooLarge => (
                "RequestEntityTooLarge",
                "RequestEntityTooLargeException",
                413,
            ),
            Unread::Late => ("RequestTimeout", "RequestTimeoutException", 408),
            Unread::Broken => ("MalformedInput", "SerializationException", 400),
        };
        let target = head.headers.get("x-amz-target");
        let service = target
            .and_then(|target| target.to_str().ok()?.rsplit_once('.'))
            .and_then(|(prefix, _)| {
                let mut services = facts::services().iter();
                services.find(|service| service.target_prefix == Some(prefix))
            });
        let (service, format, code) = match service {
            Some(service) => (*service, Format::Json11, json),
            None => (facts::sts::SERVICE, Format::QueryXml, query),
        };
        let refusal = wire::Refusal::new(code, status, unread.to_string());
        let request_id = aws::uuid_v4(self.environment.entropy.as_ref());
        wire::encode_error(service, None, format, &refusal.into(), &request_id)
    }

    async fn operate(
        &self,
        raw: &Raw,
        claimed: Claimed,
        routed: &Routed,
        request_id: &str,
        event: &mut Event,
    ) -> Result<Structure, Error> {
        let operation = routed.operation;
        let (caller, region) = self.caller(raw, claimed, routed)?;
        let request = request_facts(&self.environment, raw, region);
        event.caller(&caller, &request.region);
        let call = Arc::new(Call {
            operation,
            caller,
            request,
            request_id: request_id.to_owned(),
            environment: Arc::clone(&self.environment),
            vouched: OnceLock::new(),
            dpop: dpop(raw),
        });
        let input = wire::decode(operation, routed.format, &incoming(raw))?;
        event.input(&input, raw);
        wire::validate(operation, &input)?;
        let entry = self.entry(operation).ok_or_else(|| not_built(operation))?;
        match entry.handler {
            Handler::Hot(run) => run(&call, input),
            Handler::Stored(run) => blocking::run(move || run(&call, input)).await,
            Handler::Gathering(run) => {
                let answer = run(Arc::clone(&call), input).await;
                event.vouched(call.vouched.get());
                answer
            }
        }
    }

    /// The operation's line in its service's table, if it is built.
    fn entry(&self, operation: &OperationFacts) -> Option<&'static Entry> {
        let wanted = place(operation);
        let found = self
            .entries
            .binary_search_by(|entry| place(entry.facts).cmp(&wanted))
            .ok()?;
        self.entries.get(found).copied()
    }

    /// Checks the signature, where the operation takes one.
    fn caller(
        &self,
        raw: &Raw,
        claimed: Claimed,
        routed: &Routed,
    ) -> Result<(Caller, Option<String>), Error> {
        let service = routed.operation.service;
        if routed.operation.auth != Auth::SigV4 {
            // These carry their own proof, or need none; a signature would change nothing.
            return Ok((Caller::Anonymous, None));
        }
        let style = style(service.protocol);
        let rules = Rules::service(service.signing_name);
        let authenticated = authenticate(
            &self.environment,
            &raw.head(),
            claimed,
            &rules,
            style,
            Some(&raw.body),
        )?;
        // What was signed is the hash of the body that came: it needs no second look.
        if authenticated.signature.is_none() {
            return Err(missing_token(style));
        }
        Ok((authenticated.caller, authenticated.region))
    }
}

/// By what operations are looked up: few services have operations of one name.
fn place(operation: &OperationFacts) -> (&'static str, &'static str) {
    (operation.name, operation.service.name)
}

fn incoming(raw: &Raw) -> Incoming<'_> {
    Incoming {
        method: &raw.method,
        path: &raw.path,
        query: &raw.query,
        headers: &raw.headers,
        body: &raw.body,
    }
}

fn style(protocol: Protocol) -> Style {
    match protocol {
        Protocol::Query => Style::Query,
        Protocol::Json10 | Protocol::Json11 | Protocol::RestJson => Style::Json,
    }
}

fn missing_token(style: Style) -> Error {
    match style {
        Style::Json => Error::new("MissingAuthenticationTokenException")
            .status(400)
            .say("Missing Authentication Token"),
        Style::Query | Style::S3 => Error::new("MissingAuthenticationToken")
            .status(403)
            .say("Request is missing Authentication Token"),
    }
}

fn not_built(operation: &OperationFacts) -> Error {
    Error::new("NotImplemented").status(501).say(format!(
        "{}:{} is not built yet.",
        operation.service.name, operation.name
    ))
}

/// Facts of the request that policies may ask about.
pub fn request_facts(environment: &Environment, raw: &Raw, region: Option<String>) -> RequestFacts {
    let text = |name: http::HeaderName| {
        raw.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned)
    };
    RequestFacts {
        now: environment.clock.now(),
        source_ip: raw.peer.ip,
        secure: raw.peer.secure,
        user_agent: text(http::header::USER_AGENT),
        referer: text(http::header::REFERER),
        region: region.unwrap_or_else(|| REGION_DEFAULT.to_owned()),
    }
}

/// What came to prove that the sender holds a key, if anything did.
fn dpop(raw: &Raw) -> Option<Dpop> {
    const DPOP: http::HeaderName = http::HeaderName::from_static("dpop");
    let proofs: Vec<String> = raw
        .headers
        .get_all(DPOP)
        .iter()
        .map(|value| value.to_str().unwrap_or_default().to_owned())
        .collect();
    if proofs.is_empty() {
        return None;
    }
    let scheme = if raw.peer.secure { "https" } else { "http" };
    let host = raw.head().host().unwrap_or_default();
    Some(Dpop {
        proofs,
        method: raw.method.to_string(),
        url: format!("{scheme}://{host}{}", raw.path),
    })
}

/// Finds the operation. A refusal is encoded in the protocol that the request seems to speak.
fn route(raw: &Raw, claimed: &Claimed, request_id: &str) -> Result<Routed, Outgoing> {
    let signing_service = signing_service(claimed);
    let host = raw.head().host();
    match wire::route::route(&incoming(raw), host, signing_service) {
        Ok(Route::Operation { op, format }) => Ok(Routed {
            operation: op,
            format,
        }),
        Ok(Route::Elsewhere { location }) => Err(Route::redirect(&location, request_id)),
        // The door sends what is meant for S3 to S3; what still comes here means nothing.
        Ok(Route::S3) => Err(wire::encode_error(
            facts::sts::SERVICE,
            None,
            Format::QueryXml,
            &wire::Refusal::new(
                "MissingAction",
                400,
                "The request names no service and no action.",
            )
            .into(),
            request_id,
        )),
        Err(unrouted) => Err(unrouted.encode(request_id)),
    }
}

fn encode(
    routed: &Routed,
    answer: Result<Structure, Error>,
    request_id: &str,
    event: &mut Event,
) -> Outgoing {
    match answer {
        Ok(output) => {
            let outgoing = wire::encode(routed.operation, routed.format, &output, request_id);
            event.answered(output);
            outgoing
        }
        Err(error) => {
            event.failed(&error);
            log(routed.operation, &error, request_id);
            encode_error(routed, error, request_id)
        }
    }
}

fn encode_error(routed: &Routed, error: Error, request_id: &str) -> Outgoing {
    let operation = routed.operation;
    let answer = in_words_of(operation.service.protocol, error).into_answer(operation);
    wire::encode_error(
        operation.service,
        Some(operation),
        routed.format,
        &answer,
        request_id,
    )
}

/// The same refusals have other names in the JSON protocols.
fn in_words_of(protocol: Protocol, error: Error) -> Error {
    if matches!(style(protocol), Style::Query | Style::S3) {
        return error;
    }
    match error.code() {
        "AccessDenied" => error.renamed("AccessDeniedException").status(400),
        "ValidationError" => error.renamed("ValidationException").status(400),
        _ => error,
    }
}

fn log(operation: &OperationFacts, error: &Error, request_id: &str) {
    let name = operation.name;
    if error.is_ours() {
        tracing::error!(request_id, operation = name, %error, "a call failed");
    } else {
        tracing::info!(request_id, operation = name, %error, "a call was refused");
    }
}
