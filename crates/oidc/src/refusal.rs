//! Refusals: why a token does not count, for the log exactly and for the caller in the
//! words of STS.

use std::fmt;

use crate::key_source::KeysFault;
use crate::session_tags;

/// The two parts of a token that hold JSON, and the one that does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Says how the token is signed.
    Header,
    /// Says what the token claims.
    Payload,
    /// Proves it.
    Signature,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Part::Header => "header",
            Part::Payload => "payload",
            Part::Signature => "signature",
        })
    }
}

/// Why a token was refused.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The token is longer than STS takes.
    #[error("the token is longer than 20000 characters")]
    TooLong,
    /// The token is not three parts joined by dots.
    #[error("the token does not have three parts")]
    NotThreeParts,
    /// A part is not unpadded, canonical base64url.
    #[error("the {0} is not base64url")]
    NotBase64Url(Part),
    /// A part is not a JSON object.
    #[error("the {part} is not a JSON object: {reason}")]
    NotJson {
        /// The part.
        part: Part,
        /// What the parser says.
        reason: String,
    },
    /// A member appears twice in one object.
    #[error("the {part} has member `{member}` twice")]
    RepeatedMember {
        /// The part.
        part: Part,
        /// The member.
        member: String,
    },
    /// A part nests deeper than any real token.
    #[error("the {0} is nested too deeply")]
    TooDeep(Part),
    /// The algorithm is missing or not an accepted one.
    #[error("algorithm `{0}` is not accepted")]
    Algorithm(String),
    /// The header asks for something that is not understood, or is malformed.
    #[error("header member `{0}` is not accepted")]
    HeaderMember(&'static str),
    /// The header says that this is another kind of token.
    #[error("a token of type `{0}` is not an identity token")]
    TokenType(String),
    /// A claim that must be there is not.
    #[error("claim `{0}` is missing")]
    MissingClaim(&'static str),
    /// A claim has the wrong type or an impossible value.
    #[error("claim `{0}` is malformed")]
    MalformedClaim(&'static str),
    /// Another issuer made the token.
    #[error("issuer `{found}` is not the expected one")]
    WrongIssuer {
        /// Who made it, as the token says.
        found: String,
    },
    /// The token was made for other clients.
    #[error("audience {found:?} holds none of the expected clients")]
    WrongAudience {
        /// Whom it was made for.
        found: Vec<String>,
    },
    /// The token was made for several clients, and does not say at whose request.
    #[error("the token is for {found:?} and has no authorized party")]
    SeveralAudiences {
        /// Whom it was made for.
        found: Vec<String>,
    },
    /// The token was made at the request of another client.
    #[error("authorized party `{found}` is none of the expected clients")]
    WrongAuthorizedParty {
        /// At whose request.
        found: String,
    },
    /// The roles claim is neither a text nor a list.
    #[error("the roles claim is neither a text nor a list")]
    RolesFormat,
    /// The roles claim names no role.
    #[error("the roles claim names no role")]
    NoRoles,
    /// The roles claim names other roles.
    #[error("the roles claim does not name the role")]
    OtherRoles,
    /// The token's time is over.
    #[error("the token expired at {expires_at}, it is {now}")]
    Expired {
        /// Seconds since 1970.
        now: i64,
        /// Seconds since 1970.
        expires_at: i64,
    },
    /// The token's time has not come.
    #[error("the token is not valid before {not_before}, it is {now}")]
    NotYetValid {
        /// Seconds since 1970.
        now: i64,
        /// Seconds since 1970.
        not_before: i64,
    },
    /// The token claims to come from the future.
    #[error("the token was issued at {issued_at}, it is {now}")]
    IssuedInFuture {
        /// Seconds since 1970.
        now: i64,
        /// Seconds since 1970.
        issued_at: i64,
    },
    /// The provider's keys could not be had.
    #[error("no keys: {0}")]
    KeysUnavailable(#[from] KeysFault),
    /// The provider has no key that fits the header.
    #[error("the provider has no fitting key of id {0:?}")]
    UnknownKey(Option<String>),
    /// No fitting key of the provider made the signature.
    #[error("the signature is wrong")]
    WrongSignature,
}

/// What the caller is told: one of STS's error codes and a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The error code.
    pub code: &'static str,
    /// The sentence.
    pub message: String,
}

const INVALID: &str = "InvalidIdentityToken";
const EXPIRED: &str = "ExpiredTokenException";

impl Refusal {
    /// What STS answers to such a token.
    ///
    /// A provider that cannot be reached is answered as one without a fitting key: that
    /// is what AWS does in practice, for outages and slow answers alike.
    pub fn answer(&self) -> Answer {
        let (code, message) = match self {
            Refusal::TooLong
            | Refusal::NotThreeParts
            | Refusal::NotBase64Url(_)
            | Refusal::NotJson { .. }
            | Refusal::RepeatedMember { .. }
            | Refusal::TooDeep(_)
            | Refusal::Algorithm(_)
            | Refusal::HeaderMember(_)
            | Refusal::TokenType(_) => (
                INVALID,
                "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)".to_owned(),
            ),
            Refusal::MissingClaim(claim) => {
                (INVALID, format!("Missing a required claim: {claim}"))
            }
            Refusal::WrongIssuer { found } => (
                INVALID,
                format!("No OpenIDConnect provider found in your account for {found}"),
            ),
            Refusal::MalformedClaim("exp" | "nbf" | "iat") => {
                (INVALID, "Invalid timestamp in token claims.".to_owned())
            }
            Refusal::MalformedClaim(claim) if *claim == session_tags::TAGS => (
                INVALID,
                "principal_tags passed in claim is not in correct format.".to_owned(),
            ),
            Refusal::NotYetValid { now, not_before } => (
                INVALID,
                format!("Token not yet valid: current date/time {now} must be after or equal to the not-before date/time {not_before}"),
            ),
            Refusal::IssuedInFuture { issued_at, .. } => {
                (INVALID, format!("Token issued in the future: {issued_at}"))
            }
            Refusal::WrongAudience { found } if found.is_empty() => {
                (INVALID, "Claim is not allowed to be empty: aud".to_owned())
            }
            Refusal::SeveralAudiences { .. } => (
                INVALID,
                "Token audience contains more than one audience while authorized party is not present".to_owned(),
            ),
            Refusal::WrongAudience { .. } | Refusal::WrongAuthorizedParty { .. } => {
                (INVALID, "Incorrect token audience".to_owned())
            }
            Refusal::Expired { now, expires_at } => (
                EXPIRED,
                format!("Token expired: current date/time {now} must be before the expiration date/time {expires_at}"),
            ),
            Refusal::RolesFormat => (
                INVALID,
                "The roles claim is not in a supported format".to_owned(),
            ),
            Refusal::NoRoles => (
                INVALID,
                "The roles claim contains no valid role ARNs".to_owned(),
            ),
            Refusal::OtherRoles => (
                INVALID,
                "The target role ARN is not present in the roles claim of the identity token"
                    .to_owned(),
            ),
            Refusal::KeysUnavailable(fault) if fault.is_of_authority() => (
                INVALID,
                "OpenIDConnect provider's HTTPS certificate doesn't match configured thumbprint"
                    .to_owned(),
            ),
            Refusal::KeysUnavailable(_) | Refusal::UnknownKey(_) => (
                INVALID,
                // Two spaces, as AWS writes it.
                "Couldn't retrieve verification key from your identity provider,  please reference AssumeRoleWithWebIdentity documentation for requirements".to_owned(),
            ),
            Refusal::MalformedClaim(_) | Refusal::WrongSignature => (
                INVALID,
                "The web identity token that was passed could not be validated by AWS. Get a new identity token from the identity provider and then retry the request.".to_owned(),
            ),
        };
        Answer { code, message }
    }
}
