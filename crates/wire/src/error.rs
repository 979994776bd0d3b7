//! Errors into answers.

use std::borrow::Cow;

use facts::{Auth, Kind, OperationFacts, Protocol, ServiceFacts, Shape};
use http::HeaderName;

use crate::encode::{REQUEST_ID, content_type, header_members};
use crate::json_text;
use crate::message::{Format, Outgoing};
use crate::refusal::Refusal;
use crate::value::{Structure, Value};
use crate::xml::Xml;

/// The namespace of errors that come before any operation is found.
const FAULT_NAMESPACE: &str = "http://webservices.amazon.com/AWSFault/2005-15-09";

/// An error as the caller is to see it.
#[derive(Clone, Debug, PartialEq)]
pub struct ErrorAnswer {
    /// AWS's code, as it stands on the wire.
    pub code: Cow<'static, str>,
    /// AWS's sentence.
    pub message: Option<String>,
    /// The HTTP status.
    pub status: u16,
    /// Further members of the error's shape, by the model's names.
    pub fields: Structure,
}

impl From<Refusal> for ErrorAnswer {
    fn from(refusal: Refusal) -> Self {
        Self {
            code: refusal.code,
            message: refusal.message,
            status: refusal.status,
            fields: refusal.fields,
        }
    }
}

/// Errors of AWS's common list that no model declares, with a status other than 400.
const COMMON: &[(&str, u16)] = &[
    ("AccessDenied", 403),
    ("ExpiredToken", 403),
    ("InternalFailure", 500),
    ("InternalServerError", 500),
    ("InvalidClientTokenId", 403),
    ("MissingAuthenticationToken", 403),
    ("NotImplemented", 501),
    ("OptInRequired", 403),
    ("RequestEntityTooLarge", 413),
    ("RequestExpired", 400),
    ("ServiceUnavailable", 503),
    ("SignatureDoesNotMatch", 403),
    ("UnknownOperationException", 404),
];

/// The HTTP status that goes with an error code: the model's, else that of AWS's common errors.
#[must_use]
pub fn status_of(operation: &OperationFacts, code: &str) -> u16 {
    if let Some(error) = operation.error(code) {
        return error.status;
    }
    let common = COMMON
        .iter()
        .find(|(name, _)| *name == code)
        .map(|(_, status)| *status);
    match (operation.service.protocol, common) {
        // JSON services answer nearly everything of the caller's making with 400.
        (Protocol::Json10 | Protocol::Json11, Some(status)) if status < 500 => 400,
        (_, Some(status)) => status,
        (_, None) => 400,
    }
}

/// Writes an error answer. Without an operation it is one of the dispatcher's.
#[must_use]
pub fn encode_error(
    service: &'static ServiceFacts,
    operation: Option<&'static OperationFacts>,
    format: Format,
    error: &ErrorAnswer,
    request_id: &str,
) -> Outgoing {
    let declared = match operation {
        Some(operation) => operation.error(&error.code),
        None => service.error(&error.code),
    };
    let shape = declared.map(|declared| declared.shape);
    let mut headers = vec![
        (REQUEST_ID, request_id.to_owned()),
        (http::header::CONTENT_TYPE, content_type(format).to_owned()),
    ];
    let body = match format {
        Format::QueryXml => {
            let namespace = if operation.is_some() {
                service.xml_namespace
            } else {
                Some(FAULT_NAMESPACE)
            };
            xml(namespace, shape, error, request_id)
        }
        Format::QueryJson => query_json(error, request_id),
        Format::Json10 | Format::Json11 | Format::RestJson => {
            headers.extend(error_headers(service, format, error));
            headers.extend(header_members(shape, &error.fields));
            json(service, shape, format, error)
        }
    };
    Outgoing {
        status: error.status,
        headers,
        body,
    }
}

fn fault(error: &ErrorAnswer) -> &'static str {
    if error.status >= 500 {
        "Receiver"
    } else {
        "Sender"
    }
}

fn xml(
    namespace: Option<&str>,
    shape: Option<&Shape>,
    error: &ErrorAnswer,
    request_id: &str,
) -> Vec<u8> {
    let mut xml = Xml::new();
    xml.element("ErrorResponse", namespace, |xml| {
        xml.element("Error", None, |xml| {
            xml.leaf("Type", fault(error));
            xml.leaf("Code", &error.code);
            if let Some(message) = &error.message {
                xml.leaf("Message", message);
            }
            xml.members(shape, &error.fields);
        });
        xml.leaf("RequestId", request_id);
    });
    xml.finish()
}

fn query_json(error: &ErrorAnswer, request_id: &str) -> Vec<u8> {
    let mut out = String::from("{\"Error\":{");
    let mut first = true;
    json_text::key(&mut out, "Code", &mut first);
    json_text::string(&mut out, &error.code);
    if let Some(message) = &error.message {
        json_text::key(&mut out, "Message", &mut first);
        json_text::string(&mut out, message);
    }
    json_text::key(&mut out, "Type", &mut first);
    json_text::string(&mut out, fault(error));
    out.push_str("},");
    json_text::key(&mut out, "RequestId", &mut true);
    json_text::string(&mut out, request_id);
    out.push('}');
    out.into_bytes()
}

fn json(
    service: &ServiceFacts,
    shape: Option<&Shape>,
    format: Format,
    error: &ErrorAnswer,
) -> Vec<u8> {
    let mut out = String::from("{");
    let mut first = true;
    if format != Format::RestJson {
        json_text::key(&mut out, "__type", &mut first);
        json_text::string(&mut out, &error.code);
    }
    let mut fields = error.fields.clone();
    if let Some(message) = &error.message {
        match oauth_members(shape) {
            true => {
                fields.insert("error_description", message.as_str());
                if fields.get("error").is_none() {
                    fields.insert("error", oauth_code(&error.code));
                }
            }
            false => {
                let name = message_member(service, shape);
                fields.take(name);
                json_text::key(&mut out, name, &mut first);
                json_text::string(&mut out, message);
            }
        }
    }
    json_text::members(&mut out, shape, &fields, first);
    out.push('}');
    out.into_bytes()
}

/// `message` in most services, `Message` in some: as the error, or else any of the service's, has it.
fn message_member(service: &ServiceFacts, shape: Option<&Shape>) -> &'static str {
    let of = |shape: &Shape| match &shape.kind {
        Kind::Structure { members, .. } => members
            .iter()
            .map(|member| member.wire_name)
            .find(|name| name.eq_ignore_ascii_case("message")),
        _ => None,
    };
    shape
        .and_then(of)
        .or_else(|| service.errors.iter().find_map(|error| of(error.shape)))
        .unwrap_or("message")
}

/// Whether the error speaks OAuth: `error` and `error_description` instead of a message.
fn oauth_members(shape: Option<&Shape>) -> bool {
    matches!(shape, Some(Shape { kind: Kind::Structure { members, .. }, .. })
        if members.iter().any(|member| member.name == "error_description"))
}

/// `AuthorizationPendingException` is `authorization_pending` in RFC 8628 §3.5.
fn oauth_code(code: &str) -> String {
    let name = code.strip_suffix("Exception").unwrap_or(code);
    if name == "InternalServer" {
        return "server_error".to_owned();
    }
    let mut out = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.push(letter.to_ascii_lowercase());
    }
    out
}

/// The error's type as headers, where the service sends it so: browsers and REST clients read them.
fn error_headers(
    service: &ServiceFacts,
    format: Format,
    error: &ErrorAnswer,
) -> impl Iterator<Item = (HeaderName, String)> {
    // Services that browsers call directly repeat the sentence, and end the type with a colon.
    let browsers = service
        .operations
        .iter()
        .any(|operation| operation.auth == Auth::None);
    let (kind, sentence) = match format {
        Format::RestJson => (Some(error.code.to_string()), None),
        _ if browsers => (Some(format!("{}:", error.code)), error.message.clone()),
        _ => (None, None),
    };
    let sentence = sentence.filter(|text| text.bytes().all(|byte| (b' '..=b'~').contains(&byte)));
    [
        (HeaderName::from_static("x-amzn-errortype"), kind),
        (HeaderName::from_static("x-amzn-errormessage"), sentence),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name, value?)))
}

/// A value of an error's field; a convenience for handlers.
impl ErrorAnswer {
    /// Adds a member of the error's shape.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.fields.insert(name, value);
        self
    }
}
