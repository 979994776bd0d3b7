//! Which operation a request is for. One port serves every service, so whatever a client says
//! of itself counts, most binding first: AWS's own host names, the target header, the action and
//! version of a form. Where these say nothing, the credential scope does, and then the path.
//!
//! The scope comes late on purpose: a request that asks one service and is signed for another
//! must be refused for its scope by the service that it asks.

mod host;

use std::borrow::Cow;
use std::cell::OnceCell;

use facts::{Auth, Location, OperationFacts, Protocol, ServiceFacts, services};
use http::HeaderName;

use crate::encode::REQUEST_ID;
use crate::error::encode_error;
use crate::form;
use crate::message::{Format, Incoming, Outgoing};
use crate::refusal::Refusal;
use crate::rest;

use self::host::Named;

const TARGET: HeaderName = HeaderName::from_static("x-amz-target");

/// Where AWS sends browsers that come to a query endpoint without an action.
const FRONT_PAGE: &str = "https://aws.amazon.com/iam";

/// Where a request goes.
#[derive(Clone, Debug, PartialEq)]
pub enum Route {
    /// To an operation of ours.
    Operation {
        /// The operation.
        op: &'static OperationFacts,
        /// The language of this exchange.
        format: Format,
    },
    /// To S3, which owns every path that nobody else claims.
    S3,
    /// To a page elsewhere: a query endpoint without an action.
    Elsewhere {
        /// The page.
        location: String,
    },
}

impl Route {
    /// The answer that sends a client elsewhere.
    #[must_use]
    pub fn redirect(location: &str, request_id: &str) -> Outgoing {
        let headers = vec![
            (REQUEST_ID, request_id.to_owned()),
            (http::header::LOCATION, location.to_owned()),
        ];
        Outgoing {
            status: 302,
            headers,
            body: Vec::new(),
        }
    }
}

/// A request for a service of ours that has no such operation.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{}: {refusal}", .service.name)]
pub struct Unrouted {
    /// The service.
    pub service: &'static ServiceFacts,
    /// The language to answer in.
    pub format: Format,
    /// What AWS says of it.
    pub refusal: Refusal,
}

impl Unrouted {
    /// The answer.
    #[must_use]
    pub fn encode(self, request_id: &str) -> Outgoing {
        encode_error(
            self.service,
            None,
            self.format,
            &self.refusal.into(),
            request_id,
        )
    }
}

/// Finds the operation. `host` is the authority of the request, `signing_service` the service
/// of the credential scope, read but not yet verified.
pub fn route(
    incoming: &Incoming<'_>,
    host: Option<&str>,
    signing_service: Option<&str>,
) -> Result<Route, Unrouted> {
    let asked = Asked::of(incoming);
    match service(&asked, host, signing_service) {
        Found::S3 => Ok(Route::S3),
        Found::Service(service) => within(service, &asked),
    }
}

/// A request, of whose form action and version are read once and only where they are asked for.
struct Asked<'a> {
    incoming: &'a Incoming<'a>,
    named: OnceCell<[Option<Cow<'a, str>>; 2]>,
}

impl<'a> Asked<'a> {
    fn of(incoming: &'a Incoming<'a>) -> Asked<'a> {
        Asked {
            incoming,
            named: OnceCell::new(),
        }
    }

    fn action(&self) -> Option<&str> {
        self.named()[0].as_deref()
    }

    fn version(&self) -> Option<&str> {
        self.named()[1].as_deref()
    }

    fn named(&self) -> &[Option<Cow<'a, str>>; 2] {
        self.named
            .get_or_init(|| form::firsts(self.incoming, ["Action", "Version"]))
    }
}

enum Found {
    Service(&'static ServiceFacts),
    S3,
}

fn service(asked: &Asked<'_>, host: Option<&str>, signing_service: Option<&str>) -> Found {
    let incoming = asked.incoming;
    let for_s3 = signing_service.is_some_and(is_s3);
    match host.and_then(host::named) {
        Some(Named::Service(service)) => return Found::Service(service),
        Some(Named::S3) => return Found::S3,
        None => {}
    }
    // An object's name is no place to call a service at, whatever other headers say.
    if for_s3 && incoming.path != "/" {
        return Found::S3;
    }
    let called = by_target(incoming).or_else(|| by_version(asked));
    if let Some(service) = called {
        return Found::Service(service);
    }
    if let Some(name) = signing_service
        && let Some(found) = by_scope(incoming, name)
    {
        return found;
    }
    let service = by_action(asked).or_else(|| by_path(incoming, |auth| auth != Auth::SigV4));
    service.map_or(Found::S3, Found::Service)
}

fn is_s3(signing_service: &str) -> bool {
    matches!(
        signing_service,
        "s3" | "s3express" | "s3-object-lambda" | "s3-outposts"
    )
}

/// The service that the scope names; but a path that is another service's alone binds more.
fn by_scope(incoming: &Incoming<'_>, name: &str) -> Option<Found> {
    if is_s3(name) {
        return Some(Found::S3);
    }
    let named = services()
        .iter()
        .copied()
        .find(|service| service.signing_name == name)?;
    if incoming.path == "/" || named.protocol == Protocol::RestJson {
        return Some(Found::Service(named));
    }
    Some(Found::Service(by_path(incoming, |_| true).unwrap_or(named)))
}

fn by_target(incoming: &Incoming<'_>) -> Option<&'static ServiceFacts> {
    let (prefix, _) = target(incoming)?;
    services()
        .iter()
        .copied()
        .find(|service| service.target_prefix == Some(prefix))
}

/// The query service that has this version.
fn by_version(asked: &Asked<'_>) -> Option<&'static ServiceFacts> {
    if asked.incoming.path != "/" {
        return None;
    }
    asked.action()?;
    let version = asked.version()?;
    query_services().find(|service| version == service.api_version)
}

/// The query service that has this action.
fn by_action(asked: &Asked<'_>) -> Option<&'static ServiceFacts> {
    let incoming = asked.incoming;
    if incoming.path != "/" {
        return None;
    }
    let action = asked.action()?;
    let known = query_services().find(|service| service.operation(action).is_some());
    // A form can be nothing else than a query request; who knows which, so the smaller service answers.
    known.or_else(|| incoming.is_form().then_some(facts::sts::SERVICE))
}

fn query_services() -> impl Iterator<Item = &'static ServiceFacts> {
    services()
        .iter()
        .copied()
        .filter(|service| service.protocol == Protocol::Query)
}

/// The REST service that has an operation at this path, among those of these kinds.
fn by_path(incoming: &Incoming<'_>, auth: impl Fn(Auth) -> bool) -> Option<&'static ServiceFacts> {
    services().iter().copied().find(|service| {
        service.protocol == Protocol::RestJson
            && service
                .operations
                .iter()
                .any(|operation| auth(operation.auth) && fits(operation, incoming).is_some())
    })
}

/// `X-Amz-Target: prefix.operation`; the prefix may hold dots itself.
fn target<'a>(incoming: &Incoming<'a>) -> Option<(&'a str, &'a str)> {
    incoming.header(TARGET)?.rsplit_once('.')
}

fn within(service: &'static ServiceFacts, asked: &Asked<'_>) -> Result<Route, Unrouted> {
    let incoming = asked.incoming;
    let format = format(service, incoming);
    let found = match service.protocol {
        Protocol::Query => return query(service, format, asked),
        Protocol::Json10 | Protocol::Json11 => match target(incoming) {
            Some((prefix, name)) if Some(prefix) == service.target_prefix => {
                service.operation(name)
            }
            _ => None,
        },
        Protocol::RestJson => {
            let fitting = service.operations.iter().copied();
            fitting
                .filter_map(|operation| Some((fits(operation, incoming)?, operation)))
                .max_by_key(|(rank, _)| *rank)
                .map(|(_, operation)| operation)
        }
    };
    match found {
        Some(op) => Ok(Route::Operation { op, format }),
        None => Err(Unrouted {
            service,
            format,
            refusal: Refusal::unknown_operation(service),
        }),
    }
}

fn query(
    service: &'static ServiceFacts,
    format: Format,
    asked: &Asked<'_>,
) -> Result<Route, Unrouted> {
    let Some(action) = asked.action() else {
        let location = match asked.incoming.query {
            "" => FRONT_PAGE.to_owned(),
            query => format!("{FRONT_PAGE}?{}", printable(query)),
        };
        return Ok(Route::Elsewhere { location });
    };
    let version = asked.version().unwrap_or("NO_VERSION_SPECIFIED");
    match service.operation(action) {
        Some(op) if version == service.api_version => Ok(Route::Operation { op, format }),
        _ => {
            let message = format!("Could not find operation {action} for version {version}");
            Err(Unrouted {
                service,
                format,
                refusal: Refusal::new("InvalidAction", 400, message),
            })
        }
    }
}

/// What may stand in a header; a query string as it came holds nothing else.
fn printable(text: &str) -> String {
    text.chars()
        .filter(|character| ('!'..='~').contains(character))
        .collect()
}

fn format(service: &ServiceFacts, incoming: &Incoming<'_>) -> Format {
    match service.protocol {
        Protocol::Query if wants_json(incoming) => Format::QueryJson,
        Protocol::Query => Format::QueryXml,
        Protocol::RestJson => Format::RestJson,
        Protocol::Json10 | Protocol::Json11 => match incoming.media_type() {
            Some(b"application/x-amz-json-1.0") => Format::Json10,
            Some(b"application/x-amz-json-1.1") => Format::Json11,
            _ if service.protocol == Protocol::Json10 => Format::Json10,
            _ => Format::Json11,
        },
    }
}

/// Whether the client prefers JSON: it is named before any XML.
fn wants_json(incoming: &Incoming<'_>) -> bool {
    let mut media = incoming
        .header(http::header::ACCEPT)
        .unwrap_or_default()
        .split(',');
    let first = media.find_map(|item| {
        let name = item.split(';').next().unwrap_or_default().trim();
        if name.eq_ignore_ascii_case("application/json") {
            return Some(true);
        }
        (name.eq_ignore_ascii_case("text/xml") || name.eq_ignore_ascii_case("application/xml"))
            .then_some(false)
    });
    first.unwrap_or_default()
}

/// How well a REST operation fits a request, if it does: constant query parameters and constant
/// path segments bind more than labels do.
fn fits(operation: &OperationFacts, incoming: &Incoming<'_>) -> Option<(usize, usize)> {
    if operation.method != incoming.method.as_str() {
        return None;
    }
    let (template, constants) = operation.uri.split_once('?').unwrap_or((operation.uri, ""));
    let labels = rest::labels(template, incoming.path)?;
    let mut count = 0;
    for (name, value) in form::query_pairs(constants) {
        form::query_pairs(incoming.query).find(|pair| *pair == (name.clone(), value.clone()))?;
        count += 1;
    }
    // A secret header tells a portal's call from an object of the same path.
    let bearer = operation
        .input_members()
        .iter()
        .find(|member| member.required && member.location == Location::Header);
    let absent = bearer.is_some_and(|member| incoming.header(member.wire_name).is_none());
    if absent && operation.auth == Auth::Bearer && !has_required_query(operation, incoming) {
        return None;
    }
    Some((count, usize::MAX - labels.len()))
}

/// Whether the query parameters that a portal's call must have are there.
fn has_required_query(operation: &OperationFacts, incoming: &Incoming<'_>) -> bool {
    let mut required = operation
        .input_members()
        .iter()
        .filter(|member| member.required && member.location == Location::QueryString)
        .peekable();
    required.peek().is_some()
        && required.all(|member| {
            form::query_pairs(incoming.query).any(|(name, _)| name == member.wire_name)
        })
}
