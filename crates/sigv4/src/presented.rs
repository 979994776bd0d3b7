//! What a request claims about its signer. Nothing here is believed yet.

use crate::credential::Credential;
use crate::names::{self, SignedHeaders};
use crate::query::{Parameters, only};
use crate::split::{cut, split};
use crate::stamp::Stamp;
use crate::{Parts, Refusal};

/// The longest `Authorization` header that is looked at, in bytes.
const AUTHORIZATION_BYTES_MAX: usize = 16 * 1024;
/// The longest piece of a claim that a refusal repeats, in characters.
const QUOTED_CHARS_MAX: usize = 200;
/// The last second that an address of Signature Version 2 may name.
const EXPIRES_MAX: i64 = u32::MAX as i64;
/// The only algorithm.
pub(crate) const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// How the algorithms of Signature Version 4A begin.
pub(crate) const ASYMMETRIC: &str = "AWS4-ECDSA-P256-SHA256";

/// A claimed signature.
#[derive(Debug, Clone)]
pub struct Presented {
    pub(crate) form: Form,
    pub(crate) signature: String,
    pub(crate) session_token: Option<String>,
}

#[derive(Debug, Clone)]
pub(crate) enum Form {
    /// Signature Version 4, header or query.
    V4(Box<V4>),
    /// Signature Version 2 in the query, good until this second since 1970.
    V2 { access_key_id: String, expires: i64 },
}

#[derive(Debug, Clone)]
pub(crate) struct V4 {
    pub(crate) credential: Credential,
    pub(crate) signed_headers: SignedHeaders,
    pub(crate) stamp: Stamp,
    /// What only a presigned address says; `None` when the header signs.
    pub(crate) presigned: Option<Presigned>,
}

#[derive(Debug, Clone)]
pub(crate) struct Presigned {
    /// `X-Amz-Expires`.
    pub(crate) lifetime: Option<String>,
    /// `X-Amz-Content-Sha256`.
    pub(crate) payload: Option<String>,
}

/// Where a signature stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In the `Authorization` header.
    Header,
    /// In the query.
    Query,
}

/// What a signature is narrowed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scope<'a> {
    /// `YYYYMMDD`.
    pub date: &'a str,
    /// The region.
    pub region: &'a str,
    /// The service's signing name.
    pub service: &'a str,
}

impl V4 {
    pub(crate) fn place(&self) -> Place {
        match self.presigned {
            Some(_) => Place::Query,
            None => Place::Header,
        }
    }
}

impl Presented {
    /// Whose key.
    pub fn access_key_id(&self) -> &str {
        match &self.form {
            Form::V4(v4) => v4.credential.access_key_id(),
            Form::V2 { access_key_id, .. } => access_key_id,
        }
    }

    /// The session token that came along.
    pub fn session_token(&self) -> Option<&str> {
        self.session_token.as_deref()
    }

    /// The scope; Signature Version 2 has none.
    pub fn scope(&self) -> Option<Scope<'_>> {
        match &self.form {
            Form::V4(v4) => Some(Scope {
                date: v4.credential.date(),
                region: v4.credential.region(),
                service: v4.credential.service(),
            }),
            Form::V2 { .. } => None,
        }
    }

    /// When it was signed, seconds since 1970; Signature Version 2 does not say.
    pub fn signed_at_s(&self) -> Option<i64> {
        match &self.form {
            Form::V4(v4) => Some(v4.stamp.second()),
            Form::V2 { .. } => None,
        }
    }

    /// `AWS4-HMAC-SHA256` or `AWS`, as the condition key `s3:signatureversion` has it.
    pub fn signature_version(&self) -> &'static str {
        match self.form {
            Form::V4(_) => ALGORITHM,
            Form::V2 { .. } => "AWS",
        }
    }

    /// Whether the query carries the signature.
    pub fn is_presigned(&self) -> bool {
        match &self.form {
            Form::V4(v4) => v4.presigned.is_some(),
            Form::V2 { .. } => true,
        }
    }
}

/// Finds what a request presents: nothing, one signature, or a reason to refuse it.
pub fn presented(parts: &Parts<'_>) -> Result<Option<Presented>, Refusal> {
    let authorization = parts.header(&names::AUTHORIZATION)?;
    let parameters = Parameters::read(parts.query)?;
    let v4_query = ["X-Amz-Algorithm", "X-Amz-Signature", "X-Amz-Credential"]
        .iter()
        .any(|name| parameters.has(name));
    let v2_query = parameters.has("AWSAccessKeyId");
    match (authorization, v4_query, v2_query) {
        (None, false, false) => Ok(None),
        (Some(text), false, false) => from_header(parts, text),
        (None, true, false) => from_query(parts, &parameters).map(Some),
        (None, false, true) => from_query_v2(&parameters).map(Some),
        _ => Err(Refusal::TwoMechanisms),
    }
}

fn from_header(parts: &Parts<'_>, text: &str) -> Result<Option<Presented>, Refusal> {
    if text.len() > AUTHORIZATION_BYTES_MAX {
        return Err(Refusal::Unreadable("Authorization"));
    }
    let (algorithm, rest) = text.split_once(' ').unwrap_or((text, ""));
    match algorithm {
        ALGORITHM => {}
        "Bearer" => return Ok(None),
        "AWS" => return Err(Refusal::Version2),
        ASYMMETRIC => return Err(Refusal::Asymmetric),
        other => {
            return Err(Refusal::Algorithm {
                place: Place::Header,
                found: quoted(other),
            });
        }
    }
    let fields = fields(rest)?;
    let stamp = match (parts.header(&names::AMZ_DATE)?, parts.header(&names::DATE)?) {
        (Some(at), _) => Some((at, Stamp::read(at))),
        (None, Some(at)) => Some((at, Stamp::read_http(at))),
        (None, None) => None,
    };
    let missing = [
        ("Credential", fields.credential.is_none()),
        ("Signature", fields.signature.is_none()),
        ("SignedHeaders", fields.signed_headers.is_none()),
        ("X-Amz-Date", stamp.is_none()),
    ];
    let (Some(credential), Some(signature), Some(signed_headers), Some((at, stamp))) = (
        fields.credential,
        fields.signature,
        fields.signed_headers,
        stamp,
    ) else {
        return Err(Refusal::Missing {
            place: Place::Header,
            fields: only_missing(&missing),
        });
    };
    let claim = Claim {
        credential,
        signed_headers,
        at,
        stamp,
        presigned: None,
    };
    Ok(Some(Presented {
        form: Form::V4(Box::new(claim.read()?)),
        signature: signature.to_owned(),
        session_token: parts.header(&names::SECURITY_TOKEN)?.map(str::to_owned),
    }))
}

/// The names of those that are missing.
fn only_missing(fields: &[(&'static str, bool)]) -> Vec<&'static str> {
    let missing = fields.iter().filter(|(_, is_missing)| *is_missing);
    missing.map(|(name, _)| *name).collect()
}

/// The fields of an `Authorization` header.
#[derive(Default)]
struct Fields<'a> {
    credential: Option<&'a str>,
    signed_headers: Option<&'a str>,
    signature: Option<&'a str>,
}

fn fields(text: &str) -> Result<Fields<'_>, Refusal> {
    let mut fields = Fields::default();
    for field in split(text, b',').map(str::trim) {
        if field.is_empty() && text.trim().is_empty() {
            break;
        }
        let (name, value) = cut(field, b'=').ok_or_else(|| Refusal::NotAPair(quoted(field)))?;
        let (place, name) = match name {
            "Credential" => (&mut fields.credential, "Credential"),
            "SignedHeaders" => (&mut fields.signed_headers, "SignedHeaders"),
            "Signature" => (&mut fields.signature, "Signature"),
            _ => continue,
        };
        if place.replace(value).is_some() {
            return Err(Refusal::Repeated(name.into()));
        }
    }
    Ok(fields)
}

fn from_query(parts: &Parts<'_>, parameters: &Parameters) -> Result<Presented, Refusal> {
    let algorithm = only(parameters, "X-Amz-Algorithm")?;
    let credential = only(parameters, "X-Amz-Credential")?;
    let signature = only(parameters, "X-Amz-Signature")?;
    let signed_headers = only(parameters, "X-Amz-SignedHeaders")?;
    let at = only(parameters, "X-Amz-Date")?;
    let presigned = Presigned {
        lifetime: only(parameters, "X-Amz-Expires")?.map(str::to_owned),
        payload: only(parameters, "X-Amz-Content-Sha256")?.map(str::to_owned),
    };
    let missing = [
        ("X-Amz-Algorithm", algorithm.is_none()),
        ("X-Amz-Credential", credential.is_none()),
        ("X-Amz-Signature", signature.is_none()),
        ("X-Amz-SignedHeaders", signed_headers.is_none()),
        ("X-Amz-Date", at.is_none()),
    ];
    let (Some(algorithm), Some(credential), Some(signature), Some(signed_headers), Some(at)) =
        (algorithm, credential, signature, signed_headers, at)
    else {
        return Err(Refusal::Missing {
            place: Place::Query,
            fields: only_missing(&missing),
        });
    };
    match algorithm {
        ALGORITHM => {}
        ASYMMETRIC => return Err(Refusal::Asymmetric),
        other => {
            return Err(Refusal::Algorithm {
                place: Place::Query,
                found: quoted(other),
            });
        }
    }
    let claim = Claim {
        credential,
        signed_headers,
        at,
        stamp: Stamp::read(at),
        presigned: Some(presigned),
    };
    let v4 = claim.read()?;
    let in_query = only(parameters, "X-Amz-Security-Token")?;
    // As S3 does it, the header wins over the query; `verify` refuses one that is not signed.
    let session_token = parts.header(&names::SECURITY_TOKEN)?.or(in_query);
    Ok(Presented {
        form: Form::V4(Box::new(v4)),
        signature: signature.to_owned(),
        session_token: session_token.map(str::to_owned),
    })
}

fn from_query_v2(parameters: &Parameters) -> Result<Presented, Refusal> {
    let (Some(access_key_id), Some(signature), Some(expires)) = (
        only(parameters, "AWSAccessKeyId")?,
        only(parameters, "Signature")?,
        only(parameters, "Expires")?,
    ) else {
        return Err(Refusal::MissingVersion2);
    };
    let is_number = !expires.is_empty() && expires.bytes().all(|byte| byte.is_ascii_digit());
    let expires = expires
        .parse()
        .ok()
        .filter(|seconds| is_number && *seconds <= EXPIRES_MAX)
        .ok_or_else(|| Refusal::ExpiresVersion2(quoted(expires)))?;
    Ok(Presented {
        form: Form::V2 {
            access_key_id: access_key_id.to_owned(),
            expires,
        },
        signature: signature.to_owned(),
        session_token: only(parameters, "x-amz-security-token")?.map(str::to_owned),
    })
}

/// The pieces that header and query have in common, not yet read.
struct Claim<'a> {
    credential: &'a str,
    signed_headers: &'a str,
    at: &'a str,
    stamp: Option<Stamp>,
    presigned: Option<Presigned>,
}

impl Claim<'_> {
    fn read(self) -> Result<V4, Refusal> {
        let place = match self.presigned {
            Some(_) => Place::Query,
            None => Place::Header,
        };
        let stamp = self.stamp.ok_or_else(|| Refusal::Date {
            place,
            found: quoted(self.at),
        })?;
        let credential = Credential::read(self.credential).ok_or_else(|| Refusal::Credential {
            place,
            found: quoted(self.credential),
        })?;
        let signed_headers =
            SignedHeaders::read(self.signed_headers).ok_or_else(|| Refusal::SignedHeaders {
                place,
                found: quoted(self.signed_headers),
            })?;
        Ok(V4 {
            credential,
            signed_headers,
            stamp,
            presigned: self.presigned,
        })
    }
}

pub(crate) fn quoted(text: &str) -> String {
    text.chars().take(QUOTED_CHARS_MAX).collect()
}
