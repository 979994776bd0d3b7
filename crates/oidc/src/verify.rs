//! Verification: every check that makes a token count, in the order in which it is made.

use serde_json::{Map, Value};

use crate::claims::{Claims, time};
use crate::condition_keys::{GOOGLE, host_and_path};
use crate::jwk::{KeySet, Verdict};
use crate::key_source::{Asked, Found, KeySource};
use crate::refusal::Refusal;
use crate::unverified::Unverified;

/// How far a provider's clock may run ahead of ours. It forgives `nbf` and `iat`; `exp` is
/// not forgiven, because a token that is over is of no use to an honest client.
pub const LEEWAY_S: i64 = 30;

/// What a token must be to count.
#[derive(Debug, Clone, Copy)]
pub struct Expectation<'a> {
    /// Who must have issued it, exactly.
    pub issuer: &'a str,
    /// The clients, one of which it must have been made for.
    pub client_ids: &'a [String],
    /// The time, in seconds since 1970.
    pub now: i64,
}

/// Verifies a token against the keys that its issuer publishes.
pub async fn verify(
    token: &str,
    expectation: &Expectation<'_>,
    source: &KeySource,
) -> Result<Claims, Refusal> {
    verify_pinned(token, expectation, source, &[]).await
}

/// The same, where an issuer whose certificate no known authority vouches for is believed if
/// the topmost certificate that it shows has one of these thumbprints.
pub async fn verify_pinned(
    token: &str,
    expectation: &Expectation<'_>,
    source: &KeySource,
    thumbprints: &[String],
) -> Result<Claims, Refusal> {
    let issuer = Asked {
        issuer: expectation.issuer,
        thumbprints,
    };
    let mut unverified = Unverified::parse(token)?;
    // Judged before the signature, so that only tokens which could count cost a fetch.
    // What is learned from it leaves this function only if the signature holds.
    let claims = judge_claims(&mut unverified, expectation)?;

    let known = match source.keys(issuer, expectation.now).await? {
        Found::Fetched(known) => {
            return judge_signature(&unverified, &known.keys).map(|()| claims);
        }
        Found::Kept(known) => known,
    };
    let refusal = match judge_signature(&unverified, &known.keys) {
        Ok(()) => return Ok(claims),
        Err(refusal) => refusal,
    };
    // The provider may have changed its keys since they were fetched.
    let newer = source.newer(issuer, &known, expectation.now).await;
    match newer {
        Ok(newer) => judge_signature(&unverified, &newer.keys).map(|()| claims),
        // Whoever answers there now is not whom we know.
        Err(fault) if fault.is_of_authority() => Err(fault.into()),
        Err(_fault) => Err(refusal),
    }
}

/// Verifies a token against keys that are at hand.
pub fn verify_with(
    token: &str,
    expectation: &Expectation<'_>,
    keys: &KeySet,
) -> Result<Claims, Refusal> {
    let mut unverified = Unverified::parse(token)?;
    let claims = judge_claims(&mut unverified, expectation)?;
    judge_signature(&unverified, keys).map(|()| claims)
}

fn judge_signature(unverified: &Unverified<'_>, keys: &KeySet) -> Result<(), Refusal> {
    let key_id = unverified.key_id.as_deref();
    match keys.judge(
        unverified.algorithm,
        key_id,
        unverified.signed,
        &unverified.signature,
    ) {
        Verdict::Genuine => Ok(()),
        Verdict::Wrong => Err(Refusal::WrongSignature),
        Verdict::NoKey => Err(Refusal::UnknownKey(key_id.map(str::to_owned))),
    }
}

/// Judges what the token says, and takes it out of the unverified one.
fn judge_claims(
    unverified: &mut Unverified<'_>,
    expectation: &Expectation<'_>,
) -> Result<Claims, Refusal> {
    let claims = &unverified.claims;
    let now = expectation.now;
    if !is_named(unverified.issuer(), expectation.issuer) {
        return Err(Refusal::WrongIssuer {
            found: unverified.issuer().to_owned(),
        });
    }
    let subject = text(claims, "sub")?.ok_or(Refusal::MissingClaim("sub"))?;
    let audiences = audiences(claims)?;
    let authorized_party = text(claims, "azp")?;
    let clients = clients(&audiences, authorized_party, expectation)?;

    let expires_at = time(claims, "exp")?.ok_or(Refusal::MissingClaim("exp"))?;
    if now >= expires_at {
        return Err(Refusal::Expired { now, expires_at });
    }
    let latest_start = now.saturating_add(LEEWAY_S);
    if let Some(not_before) = time(claims, "nbf")?.filter(|nbf| *nbf > latest_start) {
        return Err(Refusal::NotYetValid { now, not_before });
    }
    let issued_at = time(claims, "iat")?;
    if let Some(issued_at) = issued_at.filter(|iat| *iat > latest_start) {
        return Err(Refusal::IssuedInFuture { now, issued_at });
    }
    Ok(Claims {
        issuer: expectation.issuer.to_owned(),
        subject: subject.to_owned(),
        clients,
        audiences,
        authorized_party: authorized_party.map(str::to_owned),
        expires_at,
        issued_at,
        all: std::mem::take(&mut unverified.claims),
    })
}

/// Whether a token names this issuer. Google's may leave out the scheme (Google's "OpenID
/// Connect", on validating an ID token).
fn is_named(found: &str, issuer: &str) -> bool {
    found == issuer || (found == GOOGLE && host_and_path(issuer) == GOOGLE)
}

/// The clients of ours that the token was made for.
///
/// The audience must hold one of ours. Where the token also says at whose request it was
/// made (`azp`), that party must be ours too and is the client: a token that another
/// client obtained is not ours, even if it may be used with us. Google fills the audience
/// with whatever its caller likes, so there the party alone decides, as with AWS.
fn clients(
    audiences: &[String],
    authorized_party: Option<&str>,
    expectation: &Expectation<'_>,
) -> Result<Vec<String>, Refusal> {
    let is_ours = |id: &str| expectation.client_ids.iter().any(|ours| ours == id);
    let is_google = host_and_path(expectation.issuer) == GOOGLE;
    let addressed = audiences.iter().filter(|audience| is_ours(audience));
    let addressed: Vec<String> = addressed.cloned().collect();
    match authorized_party {
        Some(party) if !is_ours(party) => Err(Refusal::WrongAuthorizedParty {
            found: party.to_owned(),
        }),
        Some(party) if is_google => Ok(vec![party.to_owned()]),
        _ if addressed.is_empty() => Err(Refusal::WrongAudience {
            found: audiences.to_vec(),
        }),
        Some(party) => Ok(vec![party.to_owned()]),
        None => Ok(addressed),
    }
}

pub(crate) fn audiences(claims: &Map<String, Value>) -> Result<Vec<String>, Refusal> {
    const MALFORMED: Refusal = Refusal::MalformedClaim("aud");
    match claims.get("aud") {
        None => Err(Refusal::MissingClaim("aud")),
        Some(Value::String(audience)) => Ok(vec![audience.clone()]),
        Some(Value::Array(list)) => list
            .iter()
            .map(|item| item.as_str().map(str::to_owned).ok_or(MALFORMED))
            .collect(),
        Some(_) => Err(MALFORMED),
    }
}

/// A claim that is a text with something in it.
pub(crate) fn text<'a>(
    claims: &'a Map<String, Value>,
    name: &'static str,
) -> Result<Option<&'a str>, Refusal> {
    match claims.get(name) {
        None => Ok(None),
        Some(Value::String(text)) if !text.is_empty() => Ok(Some(text)),
        Some(_) => Err(Refusal::MalformedClaim(name)),
    }
}
