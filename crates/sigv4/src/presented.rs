//! What a request claims about its signer. Nothing here is believed yet.

use crate::query::{Parameter, only, parameters};
use crate::{Parts, Refusal};

/// The longest `Authorization` header that is looked at, in bytes.
const AUTHORIZATION_BYTES_MAX: usize = 16 * 1024;
/// The only algorithm.
pub(crate) const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// Where a scope ends.
const TERMINATOR: &str = "aws4_request";

/// A claimed signature.
#[derive(Debug, Clone)]
pub struct Presented {
    pub(crate) form: Form,
    pub(crate) access_key_id: String,
    pub(crate) signature: String,
    pub(crate) session_token: Option<String>,
}

#[derive(Debug, Clone)]
pub(crate) enum Form {
    /// Signature Version 4, header or query.
    V4(V4),
    /// Signature Version 2 in the query, good until this second since 1970.
    V2 { expires: i64 },
}

#[derive(Debug, Clone)]
pub(crate) struct V4 {
    pub(crate) date: String,
    pub(crate) region: String,
    pub(crate) service: String,
    pub(crate) signed_headers: Vec<String>,
    pub(crate) at: String,
    /// The lifetime of a presigned address; `None` when the header signs.
    pub(crate) presigned: Option<Option<String>>,
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

impl Presented {
    /// Whose key.
    pub fn access_key_id(&self) -> &str {
        &self.access_key_id
    }

    /// The session token that came along.
    pub fn session_token(&self) -> Option<&str> {
        self.session_token.as_deref()
    }

    /// The scope; Signature Version 2 has none.
    pub fn scope(&self) -> Option<Scope<'_>> {
        match &self.form {
            Form::V4(v4) => Some(Scope {
                date: &v4.date,
                region: &v4.region,
                service: &v4.service,
            }),
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
    let authorization = parts.header("authorization")?;
    let parameters = if parts.query.is_empty() {
        Vec::new()
    } else {
        parameters(parts.query)?
    };
    let has = |name: &str| parameters.iter().any(|(found, _)| found == name.as_bytes());
    let v4_query = has("X-Amz-Algorithm") || has("X-Amz-Signature") || has("X-Amz-Credential");
    let v2_query = has("AWSAccessKeyId") && has("Signature");
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
        other if other.starts_with("AWS4-ECDSA") => return Err(Refusal::Asymmetric),
        _ => return Err(Refusal::Unsupported),
    }
    let (mut credential, mut signed_headers, mut signature) = (None, None, None);
    for field in rest.split(',') {
        let (name, value) = field
            .trim()
            .split_once('=')
            .ok_or(Refusal::Unreadable("Authorization"))?;
        let (place, name) = match name {
            "Credential" => (&mut credential, "Credential"),
            "SignedHeaders" => (&mut signed_headers, "SignedHeaders"),
            "Signature" => (&mut signature, "Signature"),
            _ => return Err(Refusal::Unreadable("Authorization")),
        };
        if place.replace(value).is_some() {
            return Err(Refusal::Repeated(name));
        }
    }
    let credential = credential.ok_or(Refusal::Missing("Credential"))?;
    let signed_headers = signed_headers.ok_or(Refusal::Missing("SignedHeaders"))?;
    let signature = signature.ok_or(Refusal::Missing("Signature"))?;
    let at = match parts.header("x-amz-date")? {
        Some(at) => at.to_owned(),
        None => match parts.header("date")? {
            Some(at) => at.to_owned(),
            None => return Err(Refusal::Missing("x-amz-date")),
        },
    };
    let (access_key_id, v4) = v4(credential, signed_headers, at, None)?;
    Ok(Some(Presented {
        form: Form::V4(v4),
        access_key_id,
        signature: signature.to_owned(),
        session_token: parts.header("x-amz-security-token")?.map(str::to_owned),
    }))
}

fn from_query(parts: &Parts<'_>, parameters: &[Parameter]) -> Result<Presented, Refusal> {
    let required = |name: &'static str| only(parameters, name)?.ok_or(Refusal::Missing(name));
    match required("X-Amz-Algorithm")?.as_str() {
        ALGORITHM => {}
        other if other.starts_with("AWS4-ECDSA") => return Err(Refusal::Asymmetric),
        _ => return Err(Refusal::Unsupported),
    }
    let (access_key_id, v4) = v4(
        &required("X-Amz-Credential")?,
        &required("X-Amz-SignedHeaders")?,
        required("X-Amz-Date")?,
        Some(only(parameters, "X-Amz-Expires")?),
    )?;
    let in_query = only(parameters, "X-Amz-Security-Token")?;
    let in_header = parts.header("x-amz-security-token")?;
    // A header counts only if it is signed; `verify` refuses one that is not.
    let session_token = in_header.map(str::to_owned).or(in_query);
    Ok(Presented {
        form: Form::V4(v4),
        access_key_id,
        signature: required("X-Amz-Signature")?,
        session_token,
    })
}

fn from_query_v2(parameters: &[Parameter]) -> Result<Presented, Refusal> {
    let required = |name: &'static str| only(parameters, name)?.ok_or(Refusal::Missing(name));
    let expires = required("Expires")?
        .parse()
        .map_err(|_not_a_number| Refusal::Unreadable("Expires"))?;
    Ok(Presented {
        form: Form::V2 { expires },
        access_key_id: required("AWSAccessKeyId")?,
        signature: required("Signature")?,
        session_token: only(parameters, "x-amz-security-token")?,
    })
}

fn v4(
    credential: &str,
    signed_headers: &str,
    at: String,
    presigned: Option<Option<String>>,
) -> Result<(String, V4), Refusal> {
    let mut fields = credential.split('/');
    let mut next = || fields.next().map(str::to_owned);
    let (Some(key), Some(date), Some(region), Some(service), Some(end), None) =
        (next(), next(), next(), next(), next(), next())
    else {
        return Err(Refusal::Scope(credential.chars().take(200).collect()));
    };
    let is_date = date.len() == 8 && date.bytes().all(|byte| byte.is_ascii_digit());
    if end != TERMINATOR || key.is_empty() || !is_date {
        return Err(Refusal::Scope(credential.chars().take(200).collect()));
    }
    let signed_headers: Vec<String> = signed_headers.split(';').map(str::to_owned).collect();
    let is_name = |name: &String| {
        !name.is_empty()
            && name
                .bytes()
                .all(|byte| byte.is_ascii_graphic() && !byte.is_ascii_uppercase())
    };
    if !signed_headers.iter().all(is_name) {
        return Err(Refusal::Unreadable("SignedHeaders"));
    }
    // Sorted and each once: there is one way to write what was signed.
    if !signed_headers.is_sorted_by(|a, b| a < b) {
        return Err(Refusal::Repeated("SignedHeaders"));
    }
    Ok((
        key,
        V4 {
            date,
            region,
            service,
            signed_headers,
            at,
            presigned,
        },
    ))
}
