//! Who calls: the signature checked against a credential that exists.
//!
//! The order is AWS's: what was presented, its scope, the token, the session's end, its
//! principal, the signature. Only then is the caller believed.

use http::HeaderMap;
use identity::{Caller, CredentialRefusal};
use sigv4::{Age, Parts, Presented, Refusal, Rules, SignedForm, Style, Verified};

use crate::{Environment, Error};

/// The head of a request, as it came.
#[derive(Debug, Clone, Copy)]
pub struct Head<'a> {
    /// `GET`, `POST`, …
    pub method: &'a str,
    /// The path as it came, still encoded.
    pub path: &'a str,
    /// The query as it came, without its `?`.
    pub query: &'a str,
    /// The headers.
    pub headers: &'a HeaderMap,
    /// The authority of the request line, if it had one (HTTP/2, absolute form).
    pub authority: Option<&'a str>,
}

impl<'a> Head<'a> {
    /// The head of this request.
    pub fn of(parts: &'a http::request::Parts) -> Head<'a> {
        Head {
            method: parts.method.as_str(),
            path: parts.uri.path(),
            query: parts.uri.query().unwrap_or_default(),
            headers: &parts.headers,
            authority: parts.uri.authority().map(http::uri::Authority::as_str),
        }
    }

    /// The host that is called, as far as it can be read.
    pub fn host(&self) -> Option<&'a str> {
        self.authority
            .or_else(|| self.headers.get(http::header::HOST)?.to_str().ok())
    }

    /// As the signature verifier takes it.
    pub fn parts(&self) -> Parts<'a> {
        Parts {
            method: self.method,
            path: self.path,
            query: self.query,
            headers: self.headers,
            authority: self.authority,
        }
    }
}

/// A request whose signature held, or that had none.
#[derive(Debug)]
pub struct Authenticated {
    /// Who calls.
    pub caller: Caller,
    /// What the signature says of the body; `None` when there was no signature.
    pub signature: Option<Verified>,
    /// The region that it was signed for; `None` when there was no signature, or one of
    /// Signature Version 2, which knows none.
    pub region: Option<String>,
    /// What was presented, for condition keys that ask how a request was signed.
    pub presented: Option<Presented>,
}

/// What a request presents as found in its head, where the door looked for it first.
pub type Claimed = Result<Option<Presented>, Refusal>;

/// The service that a request claims to be signed for.
pub fn signing_service(claimed: &Claimed) -> Option<&str> {
    let presented = claimed.as_ref().ok()?.as_ref()?;
    presented.scope().map(|scope| scope.service)
}

/// Checks what was presented. `style` chooses AWS's words for a refusal; `body` is the whole
/// body where the service hashes it (every one but S3).
pub fn authenticate(
    environment: &Environment,
    head: &Head<'_>,
    claimed: Claimed,
    rules: &Rules<'_>,
    style: Style,
    body: Option<&[u8]>,
) -> Result<Authenticated, Error> {
    let parts = head.parts();
    let refused = |refusal: Refusal| refuse(&refusal, style);
    let Some(presented) = claimed.map_err(refused)? else {
        return Ok(Authenticated {
            caller: Caller::Anonymous,
            signature: None,
            region: None,
            presented: None,
        });
    };
    let now_s = environment.clock.epoch_seconds();
    let age = sigv4::check_scope(&presented, rules, now_s).map_err(refused)?;
    let credential = environment.directory.credential(
        presented.access_key_id(),
        presented.session_token(),
        now_s,
    );
    match age {
        // Of a request that is both old and made with a session that has ended, AWS tells the end.
        Age::Stale(refusal) if !matches!(credential, Err(CredentialRefusal::Expired)) => {
            return Err(refused(refusal));
        }
        Age::Stale(_) | Age::Fresh => {}
    }
    let credential = credential.map_err(|refusal| {
        let error = unknown(refusal, style);
        match error.code() {
            "InvalidAccessKeyId" => {
                let key = presented.access_key_id().to_owned();
                error.details(vec![("AWSAccessKeyId", key)])
            }
            _ => error,
        }
    })?;
    let verified = sigv4::verify(&presented, &parts, &credential.secret, rules, now_s, body)
        .map_err(|refusal| match (&refusal, style) {
            (Refusal::Mismatch, Style::S3) => {
                let told = sigv4::explain_mismatch(&presented, &parts, rules, body);
                refused(refusal).details(told)
            }
            _ => refused(refusal),
        })?;
    if presented
        .scope()
        .is_some_and(|scope| scope.service == "iam")
        && identity::is_unknown_to_iam(&credential.caller)
    {
        return Err(unknown(CredentialRefusal::NotForIam, style));
    }
    Ok(Authenticated {
        caller: credential.caller,
        region: presented.scope().map(|scope| scope.region.to_owned()),
        signature: Some(verified),
        presented: Some(presented),
    })
}

/// Checks what a form claims about its signer: who that is, and the region of its scope.
pub fn authenticate_form(
    environment: &Environment,
    form: &SignedForm,
) -> Result<(Caller, Option<String>), Error> {
    let now_s = environment.clock.epoch_seconds();
    let credential = environment
        .directory
        .credential(form.access_key_id(), form.session_token(), now_s)
        .map_err(|refusal| unknown(refusal, Style::S3))?;
    form.verify(&credential.secret)
        .map_err(|refusal| refuse(&refusal, Style::S3))?;
    let region = form.scope().map(|scope| scope.region.to_owned());
    Ok((credential.caller, region))
}

/// A refused signature in AWS's words.
pub fn refuse(refusal: &Refusal, style: Style) -> Error {
    let answer = refusal.answer(style);
    Error::new(answer.code)
        .status(answer.status)
        .say(answer.message)
        .details(answer.details)
        .because(refusal.to_string())
}

/// A credential that does not exist, or no longer, in AWS's words.
fn unknown(refusal: CredentialRefusal, style: Style) -> Error {
    let (code, status, message) = match (&refusal, style) {
        (CredentialRefusal::Store(_), _) => return Error::internal(refusal),
        (CredentialRefusal::Expired, Style::Query) => (
            "ExpiredToken",
            403,
            "The security token included in the request is expired",
        ),
        (CredentialRefusal::Expired, Style::Json) => (
            "ExpiredTokenException",
            400,
            "The security token included in the request is expired",
        ),
        (CredentialRefusal::Expired, Style::S3) => {
            ("ExpiredToken", 400, "The provided token has expired.")
        }
        (_, Style::Query) => (
            "InvalidClientTokenId",
            403,
            "The security token included in the request is invalid.",
        ),
        (_, Style::Json) => (
            "UnrecognizedClientException",
            400,
            "The security token included in the request is invalid.",
        ),
        (CredentialRefusal::Token, Style::S3) => (
            "InvalidToken",
            400,
            "The provided token is malformed or otherwise invalid.",
        ),
        (_, Style::S3) => (
            "InvalidAccessKeyId",
            403,
            "The AWS Access Key Id you provided does not exist in our records.",
        ),
    };
    Error::new(code)
        .status(status)
        .say(message)
        .because(refusal)
}
