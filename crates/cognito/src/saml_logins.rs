//! Logins of SAML providers: an assertion says who somebody is, and may offer them roles.
//!
//! It is verified as `AssumeRoleWithSAML` verifies it, and like there it may be shown again
//! while it is fresh: clients find the identity with it first, and fetch credentials then.

use plane::{Call, Error};
use saml::{Assertion, REDEEM_S, Refusal};
use serde_json::{Map, Value};

use crate::logins::{ProvenLogin, invalid_token, unsupported};
use crate::pool::IdentityPool;

/// The claim that holds the subject's name, for providers that do not say it twice.
pub(crate) const NAME_IDENTIFIER: &str =
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier";

/// Whether a login key is the ARN of a SAML provider.
pub(crate) fn is_saml(key: &str) -> bool {
    key.starts_with("arn:") && key.contains(":saml-provider/")
}

/// Verifies a response of the provider of this ARN: the pool lists it, and the pool's account
/// has it.
pub(crate) fn prove(
    call: &Call,
    pool: &IdentityPool,
    arn: &str,
    response: &str,
) -> Result<ProvenLogin, Error> {
    let listed = &pool.configuration.saml_provider_arns;
    if !listed.iter().any(|listed| listed == arn) {
        return Err(unsupported());
    }
    let provider = call.directory().saml_provider(arn)?;
    let provider = provider
        .filter(|provider| provider.account == pool.account)
        .ok_or_else(unsupported)?;
    let assertion = provider
        .verify(response, None, call.now_s())
        .map_err(refuse)?;
    let roles = assertion.roles().into_iter();
    let roles = roles.filter(|pair| pair.provider == arn);
    let roles = roles.map(|pair| pair.role).collect();
    ProvenLogin::of_assertion(arn, &assertion.subject().value, claims(&assertion), roles)
}

/// What an assertion says, by the names of its attributes; values of one name together.
fn claims(assertion: &Assertion) -> Map<String, Value> {
    let mut said: Map<String, Value> = Map::new();
    for attribute in assertion.attributes() {
        let values = attribute.values.iter().cloned().map(Value::String);
        match said.entry(attribute.name.clone()).or_insert(Value::Null) {
            Value::Array(held) => held.extend(values),
            first => *first = values.collect(),
        }
    }
    let name = Value::from(assertion.subject().value.as_str());
    said.entry(NAME_IDENTIFIER).or_insert(name);
    said
}

/// A refused assertion, in the words for refused tokens.
fn refuse(refusal: Refusal) -> Error {
    let sentence = match &refusal {
        Refusal::NotBase64
        | Refusal::Xml(_)
        | Refusal::NotAResponse(_)
        | Refusal::Version { .. }
        | Refusal::NoAssertion
        | Refusal::Time { .. }
        | Refusal::Attribute { .. } => "Can't parse token".to_owned(),
        Refusal::Issuer { .. } => "Issuer doesn't match providerName".to_owned(),
        Refusal::Audience { .. }
        | Refusal::Recipient { .. }
        | Refusal::Destination { .. }
        | Refusal::Missing("AudienceRestriction") => "Incorrect token audience.".to_owned(),
        Refusal::Expired { end, now, .. } => format!("Token expired: {now} >= {end}"),
        Refusal::TooOld { issued_at, now } => {
            format!("Token expired: {now} >= {}", issued_at + REDEEM_S)
        }
        Refusal::NotYetValid { start, now, .. } => {
            format!("Token is not yet valid: {now} < {start}")
        }
        Refusal::Missing(part) => format!("Missing a required claim: {part}"),
        // Encrypted ones too: until the signature holds, they are answered alike.
        _ => "Couldn't verify signed token.".to_owned(),
    };
    invalid_token(&sentence).because(refusal)
}
