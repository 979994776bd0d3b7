//! Logins: what people bring to prove who they are, verified. None is taken on trust.

use std::collections::BTreeMap;

use identity::OidcProvider;
use oidc::{Claims, Expectation, Refusal};
use plane::{Call, Error};

use crate::errors::not_authorized;
use crate::pool::IdentityPool;

/// The longest subject (OpenID Connect Core §2, `sub`). It becomes part of a session.
const SUBJECT_BYTES_MAX: usize = 255;

/// The key of tokens that Cognito itself gives out.
pub(crate) const COGNITO: &str = "cognito-identity.amazonaws.com";

/// The logins of a request as they came: provider to token.
pub(crate) type PresentedLogins = BTreeMap<String, String>;

/// A login that its provider vouches for. Made by [`prove`] alone.
#[derive(Debug)]
pub(crate) struct ProvenLogin {
    provider: String,
    claims: Claims,
}

impl ProvenLogin {
    /// The provider's login key.
    pub(crate) fn provider(&self) -> &str {
        &self.provider
    }

    /// How the provider names the person.
    pub(crate) fn subject(&self) -> &str {
        self.claims.subject()
    }

    /// Everything that the provider says.
    pub(crate) fn claims(&self) -> &Claims {
        &self.claims
    }

    /// How `amr` names the person: `PROVIDER:CLIENT:SUBJECT`.
    pub(crate) fn qualified(&self) -> String {
        let client = self.claims.client_id();
        format!("{}:{client}:{}", self.provider, self.subject())
    }
}

/// Verifies every login against the providers of the pool.
pub(crate) async fn prove(
    call: &Call,
    pool: &IdentityPool,
    presented: &PresentedLogins,
) -> Result<Vec<ProvenLogin>, Error> {
    let mut proven = Vec::with_capacity(presented.len());
    for (key, token) in presented {
        proven.push(prove_one(call, pool, key, token).await?);
    }
    Ok(proven)
}

async fn prove_one(
    call: &Call,
    pool: &IdentityPool,
    key: &str,
    token: &str,
) -> Result<ProvenLogin, Error> {
    let provider = oidc_provider(call, pool, key)?.ok_or_else(|| {
        not_authorized("Token is not from a supported provider of this identity pool.")
    })?;
    let expectation = Expectation {
        issuer: &provider.issuer,
        client_ids: &provider.client_ids,
        now: call.now_s(),
    };
    let claims = oidc::verify(token, &expectation, &call.environment.oidc_keys)
        .await
        .map_err(refuse)?;
    if claims.subject().len() > SUBJECT_BYTES_MAX {
        return Err(invalid_token("Invalid claim: sub"));
    }
    Ok(ProvenLogin {
        provider: key.to_owned(),
        claims,
    })
}

/// The provider behind a login key: the pool lists its ARN, and the pool's account has it.
fn oidc_provider(
    call: &Call,
    pool: &IdentityPool,
    key: &str,
) -> Result<Option<OidcProvider>, Error> {
    let store = call.directory().store();
    let found = store.get::<OidcProvider>(pool.account.as_str(), key)?;
    Ok(found.filter(|provider| {
        let arn = provider.arn();
        let listed = &pool.configuration.oidc_provider_arns;
        listed.iter().any(|listed| listed == arn.as_str())
    }))
}

/// A refused token in AWS's words.
fn refuse(refusal: Refusal) -> Error {
    let sentence = match &refusal {
        Refusal::WrongIssuer { .. } => "Issuer doesn't match providerName".to_owned(),
        Refusal::WrongAudience { .. } | Refusal::WrongAuthorizedParty { .. } => {
            "Incorrect token audience.".to_owned()
        }
        Refusal::Expired { now, expires_at } => format!("Token expired: {now} >= {expires_at}"),
        Refusal::MissingClaim(claim) => format!("Missing a required claim: {claim}"),
        Refusal::MalformedClaim(claim) => format!("Invalid claim: {claim}"),
        Refusal::NotYetValid { now, not_before } => {
            format!("Token is not yet valid: {now} < {not_before}")
        }
        Refusal::IssuedInFuture { now, issued_at } => {
            format!("Token is not yet valid: {now} < {issued_at}")
        }
        Refusal::KeysUnavailable(_) | Refusal::UnknownKey(_) | Refusal::WrongSignature => {
            "Couldn't verify signed token.".to_owned()
        }
        Refusal::TooLong
        | Refusal::NotThreeParts
        | Refusal::NotBase64Url(_)
        | Refusal::NotJson { .. }
        | Refusal::RepeatedMember { .. }
        | Refusal::TooDeep(_)
        | Refusal::Algorithm(_)
        | Refusal::HeaderMember(_)
        | Refusal::TokenType(_) => "Can't parse token".to_owned(),
    };
    invalid_token(&sentence).because(refusal)
}

/// A login that proves nothing, and why.
pub(crate) fn invalid_token(why: &str) -> Error {
    not_authorized(format!("Invalid login token. {why}"))
}
