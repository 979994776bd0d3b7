//! Who calls: the signature checked against a credential that exists.
//!
//! The order is AWS's: what was presented, its scope, the token, the session's end, its
//! principal, the signature. Only then is the caller believed.

use http::HeaderMap;
use identity::{Caller, CredentialRefusal};
use sigv4::{Parts, Presented, Refusal, Rules, Style, Verified};

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

/// Checks what was presented. `style` chooses AWS's words for a refusal; `body` is the whole
/// body where the service hashes it (every one but S3).
pub fn authenticate(
    environment: &Environment,
    head: &Head<'_>,
    rules: &Rules<'_>,
    style: Style,
    body: Option<&[u8]>,
) -> Result<Authenticated, Error> {
    let parts = head.parts();
    let refused = |refusal: Refusal| refuse(&refusal, style);
    let Some(presented) = sigv4::presented(&parts).map_err(refused)? else {
        return Ok(Authenticated {
            caller: Caller::Anonymous,
            signature: None,
            region: None,
            presented: None,
        });
    };
    let now_s = environment.clock.epoch_seconds();
    let in_time = sigv4::check_scope(&presented, rules, now_s);
    let too_old = matches!(in_time, Err(Refusal::TooOld { .. }));
    if !too_old {
        in_time.clone().map_err(refused)?;
    }
    let credential = environment.directory.credential(
        presented.access_key_id(),
        presented.session_token(),
        now_s,
    );
    // Of a request that is both old and made with a session that has ended, AWS tells the end.
    if !matches!(credential, Err(CredentialRefusal::Expired)) {
        in_time.map_err(refused)?;
    }
    let credential = credential.map_err(|refusal| unknown(refusal, style))?;
    let verified = sigv4::verify(&presented, &parts, &credential.secret, rules, now_s, body)
        .map_err(refused)?;
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

/// A refused signature in AWS's words.
pub fn refuse(refusal: &Refusal, style: Style) -> Error {
    let answer = refusal.answer(style);
    Error::new(answer.code)
        .status(answer.status)
        .say(answer.message)
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
