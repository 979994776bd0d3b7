//! What the query and JSON services say of a refused signature.

use std::borrow::Cow;

use crate::presented::{ALGORITHM, Place};
use crate::refusal::{Answer, Refusal, ScopeFault, Style};
use crate::stamp::basic;
use crate::verify::SKEW_S_MAX;

const MISMATCH: &str = "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.";

/// The two kinds of refusal that these services tell apart.
enum Kind {
    /// What was presented is not a whole signature.
    Incomplete,
    /// It is one, but not of this request.
    Mismatch,
}

pub(crate) fn answer(refusal: &Refusal, style: Style) -> Answer {
    let (kind, message) = words(refusal);
    let (code, status) = match (kind, style) {
        (Kind::Incomplete, Style::Json) => ("IncompleteSignatureException", 400),
        (Kind::Incomplete, _) => ("IncompleteSignature", 400),
        (Kind::Mismatch, Style::Json) => ("InvalidSignatureException", 400),
        (Kind::Mismatch, _) => ("SignatureDoesNotMatch", 403),
    };
    Answer {
        code,
        status,
        message,
        details: Vec::new(),
    }
}

fn words(refusal: &Refusal) -> (Kind, Cow<'static, str>) {
    let incomplete = |message: String| (Kind::Incomplete, Cow::Owned(message));
    let mismatch = |message: String| (Kind::Mismatch, Cow::Owned(message));
    match refusal {
        Refusal::Repeated(name) => incomplete(format!("'{name}' must be given once.")),
        Refusal::Unreadable(name) => incomplete(format!("'{name}' cannot be read.")),
        Refusal::Path => incomplete("Incomplete trailing escape % sequence".to_owned()),
        Refusal::TwoMechanisms => incomplete(
            "Only one authentication mechanism is allowed: the Authorization header or the query string."
                .to_owned(),
        ),
        Refusal::Algorithm { found, .. } => incomplete(unsupported(found)),
        Refusal::Asymmetric => incomplete(unsupported("AWS4-ECDSA-P256-SHA256")),
        Refusal::Version2 | Refusal::MissingVersion2 | Refusal::ExpiresVersion2(_) => {
            incomplete(unsupported("AWS"))
        }
        Refusal::NotAPair(field) => incomplete(format!(
            "'{field}' not a valid key=value pair (missing equal-sign) in Authorization header."
        )),
        Refusal::Missing { place, fields } => incomplete(missing(*place, fields)),
        Refusal::MissingHeader(name) => {
            incomplete(format!("The request requires the header '{name}'."))
        }
        Refusal::Date { found, .. } => incomplete(format!(
            "Date must be in ISO-8601 'basic format'. Got '{found}'. See http://en.wikipedia.org/wiki/ISO_8601"
        )),
        Refusal::Credential { found, .. } => incomplete(format!(
            "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '{found}'"
        )),
        Refusal::SignedHeaders { found, .. } => incomplete(format!(
            "SignedHeaders must be lower-case names, sorted, each once, got '{found}'"
        )),
        Refusal::Scope(fault) => mismatch(scope(fault)),
        Refusal::TooOld { signed_s, now_s } => mismatch(format!(
            "Signature expired: {} is now earlier than {} ({} - 15 min.)",
            basic(*signed_s),
            basic(now_s.saturating_sub(SKEW_S_MAX)),
            basic(*now_s)
        )),
        Refusal::TooEarly {
            signed_s, now_s, ..
        } => mismatch(format!(
            "Signature not yet current: {} is still later than {} ({} + 15 min.)",
            basic(*signed_s),
            basic(now_s.saturating_add(SKEW_S_MAX)),
            basic(*now_s)
        )),
        Refusal::NotSigned(names) => mismatch(not_signed(names)),
        Refusal::Expired { .. }
        | Refusal::Lifetime(_)
        | Refusal::Unbound(_)
        | Refusal::Ambiguous(_)
        | Refusal::MissingField(_)
        | Refusal::Mismatch
        | Refusal::PayloadWord(_)
        | Refusal::Body { .. }
        | Refusal::Chunk
        | Refusal::Chunks(_)
        | Refusal::Trailer(_)
        | Refusal::Length => (Kind::Mismatch, MISMATCH.into()),
    }
}

fn unsupported(algorithm: &str) -> String {
    format!("Unsupported AWS 'algorithm': '{algorithm}' (only {ALGORITHM} for now). ")
}

fn missing(place: Place, fields: &[&str]) -> String {
    let mut text = String::new();
    for field in fields {
        text.push_str(&match (place, *field) {
            (Place::Header, "X-Amz-Date") => {
                "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. "
                    .to_owned()
            }
            (Place::Header, field) => format!("Authorization header requires '{field}' parameter. "),
            (Place::Query, field) => {
                format!("AWS query-string parameters must include '{field}'. ")
            }
        });
    }
    text.push_str(match place {
        Place::Header => "Authorization=AWS4-HMAC-SHA256",
        Place::Query => "Re-examine the query-string parameters.",
    });
    text
}

/// Every fault in AWS's order, each with its trailing space.
fn scope(fault: &ScopeFault) -> String {
    let mut text = String::new();
    if fault.region.is_some() {
        text.push_str("Credential should be scoped to a valid region. ");
    }
    if let Some((_, expected)) = &fault.service {
        text.push_str(&format!(
            "Credential should be scoped to correct service: '{expected}'. "
        ));
    }
    if let Some(found) = &fault.terminator {
        text.push_str(&format!(
            "Credential should be scoped with a valid terminator: 'aws4_request', not '{found}'. "
        ));
    }
    if let Some((found, signed)) = &fault.date {
        let day = signed.get(..8).unwrap_or(signed);
        text.push_str(&format!(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{found}' != '{day}', from '{signed}'. "
        ));
    }
    text
}

fn not_signed(names: &[String]) -> String {
    let sentences = names.iter().map(|name| match name.as_str() {
        "host" => {
            "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.".to_owned()
        }
        name => format!("'{name}' must be a 'SignedHeader' in the AWS Authorization."),
    });
    sentences.collect::<Vec<_>>().join(" ")
}
