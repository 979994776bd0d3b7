//! Tokens before anybody has checked their signature.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use crate::algorithm::Algorithm;
use crate::refusal::{Part, Refusal};
use crate::strict_json::{JsonFault, parse_object};
use crate::verify::{audiences, text};

/// The longest token that STS takes.
const TOKEN_BYTES_MAX: usize = 20_000;

/// The longest key id that is looked up.
const KEY_ID_BYTES_MAX: usize = 1024;

/// Types of the header's `typ` that an identity token may carry, in small letters. Other
/// types are other tokens (logout tokens, proofs of possession) that providers sign with
/// the same keys.
const TYPES: &[&str] = &["jwt", "jws", "jose", "at+jwt"];

/// A token whose signature nobody has checked yet. Good for one thing: finding out whose
/// keys to try.
pub struct Unverified<'a> {
    pub(crate) algorithm: Algorithm,
    pub(crate) key_id: Option<String>,
    pub(crate) claims: Map<String, Value>,
    /// Header and payload as they were signed: the characters, not what they decode to.
    pub(crate) signed: &'a [u8],
    pub(crate) signature: Vec<u8>,
    issuer: String,
}

impl<'a> Unverified<'a> {
    /// Reads a token in the compact form, strictly: whatever two programs could read in
    /// two ways is refused.
    pub fn parse(token: &'a str) -> Result<Unverified<'a>, Refusal> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(Refusal::TooLong);
        }
        let mut parts = token.split('.');
        let (Some(header), Some(payload), Some(signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(Refusal::NotThreeParts);
        };
        let (signed, _) = token.rsplit_once('.').ok_or(Refusal::NotThreeParts)?;
        if signature.is_empty() {
            return Err(Refusal::NotBase64Url(Part::Signature));
        }
        let (algorithm, key_id) = read_header(&object(header, Part::Header)?)?;
        let claims = object(payload, Part::Payload)?;
        let issuer = match claims.get("iss") {
            None => return Err(Refusal::MissingClaim("iss")),
            Some(Value::String(issuer)) if !issuer.is_empty() => issuer.clone(),
            Some(_) => return Err(Refusal::MalformedClaim("iss")),
        };
        Ok(Unverified {
            algorithm,
            key_id,
            claims,
            signed: signed.as_bytes(),
            signature: decode(signature, Part::Signature)?,
            issuer,
        })
    }

    /// Who issued the token, if it is to be believed.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Whom it was made for, if it is to be believed.
    pub fn audiences(&self) -> Result<Vec<String>, Refusal> {
        audiences(&self.claims)
    }

    /// At whose request it was made, if it is to be believed.
    pub fn authorized_party(&self) -> Result<Option<String>, Refusal> {
        let party = text(&self.claims, "azp")?;
        Ok(party.map(str::to_owned))
    }
}

fn decode(text: &str, part: Part) -> Result<Vec<u8>, Refusal> {
    // This engine takes neither padding nor bits left over in the last character, so each
    // byte string has exactly one spelling.
    BASE64_URL_SAFE_NO_PAD
        .decode(text)
        .map_err(|_not_canonical| Refusal::NotBase64Url(part))
}

fn object(text: &str, part: Part) -> Result<Map<String, Value>, Refusal> {
    parse_object(&decode(text, part)?).map_err(|fault| match fault {
        JsonFault::RepeatedMember(member) => Refusal::RepeatedMember { part, member },
        JsonFault::TooDeep => Refusal::TooDeep(part),
        JsonFault::Syntax(_) | JsonFault::NotAnObject => Refusal::NotJson {
            part,
            reason: fault.to_string(),
        },
    })
}

/// Takes algorithm and key id from the header. Nothing else in it is used: keys that a
/// token brings along (`jwk`, `x5c`) or points to (`jku`, `x5u`) prove nothing.
fn read_header(header: &Map<String, Value>) -> Result<(Algorithm, Option<String>), Refusal> {
    // RFC 7515 §4.1.11: extensions marked critical must be understood; none is. The others
    // change what is signed or how it is packed.
    for member in ["crit", "b64", "enc", "zip"] {
        if header.contains_key(member) {
            return Err(Refusal::HeaderMember(member));
        }
    }
    match header.get("typ") {
        None => {}
        Some(Value::String(kind)) => {
            let kind = kind.to_ascii_lowercase();
            let short = kind.strip_prefix("application/").unwrap_or(&kind);
            if !TYPES.contains(&short) {
                return Err(Refusal::TokenType(kind.chars().take(64).collect()));
            }
        }
        Some(_) => return Err(Refusal::HeaderMember("typ")),
    }
    let algorithm = match header.get("alg") {
        Some(Value::String(name)) => Algorithm::named(name)
            .ok_or_else(|| Refusal::Algorithm(name.chars().take(64).collect()))?,
        _ => return Err(Refusal::HeaderMember("alg")),
    };
    let key_id = match header.get("kid") {
        None => None,
        Some(Value::String(id)) if id.len() <= KEY_ID_BYTES_MAX => Some(id.clone()),
        Some(_) => return Err(Refusal::HeaderMember("kid")),
    };
    Ok((algorithm, key_id))
}
