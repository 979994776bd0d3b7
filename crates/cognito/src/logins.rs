//! Logins: what people bring to prove who they are, verified. None is taken on trust.

use std::collections::BTreeMap;

use identity::OidcProvider;
use oidc::{Claims, Expectation, Refusal, Unverified};
use plane::{Call, Error};
use serde_json::{Map, Value};

use crate::errors::{logins_do_not_match, no_public_provider, not_authorized, provider_is_silent};
use crate::pool::{IdentityPool, UserPoolClient};
use crate::pool_view::PUBLIC_PROVIDERS;
use crate::{saml_logins, user_pool_logins};

/// The longest subject (OpenID Connect Core §2, `sub`). It becomes part of a session.
const SUBJECT_BYTES_MAX: usize = 255;

/// The key of tokens that Cognito itself gives out.
pub(crate) const COGNITO: &str = "cognito-identity.amazonaws.com";

/// The logins of a request as they came: provider to token.
pub(crate) type PresentedLogins = BTreeMap<String, String>;

/// A login that its provider vouches for. Made by [`prove`] and its like alone.
#[derive(Debug)]
pub(crate) struct ProvenLogin {
    provider: String,
    subject: String,
    /// How `amr` names the provider and the person.
    methods: Vec<String>,
    claims: Map<String, Value>,
    /// The client that the token was made for, where it decides about roles.
    client: Option<String>,
    /// The roles that an assertion offers; nothing where the proof is none.
    offered: Option<Vec<String>>,
    own_token: bool,
}

impl ProvenLogin {
    /// The provider's login key.
    pub(crate) fn provider(&self) -> &str {
        &self.provider
    }

    /// How the provider names the person.
    pub(crate) fn subject(&self) -> &str {
        &self.subject
    }

    /// Everything that the provider says.
    pub(crate) fn claims(&self) -> &Map<String, Value> {
        &self.claims
    }

    /// How `amr` names the provider and the person.
    pub(crate) fn methods(&self) -> &[String] {
        &self.methods
    }

    /// Keys under which a pool may have a mapping for it, the most exact one first.
    pub(crate) fn mapping_keys(&self, pool: &IdentityPool) -> Vec<String> {
        let (provider, account) = (&self.provider, pool.account);
        let of_client = self.client.iter();
        of_client
            .map(|client| format!("{provider}:{client}"))
            .chain([
                provider.clone(),
                format!("arn:aws:iam::{account}:oidc-provider/{provider}"),
            ])
            .collect()
    }

    /// The roles that a SAML provider offers the person; nothing if it is no SAML provider.
    pub(crate) fn offered_roles(&self) -> Option<&[String]> {
        self.offered.as_deref()
    }

    /// The same login, known to have come through this client.
    pub(crate) fn through(mut self, client: &str) -> ProvenLogin {
        self.client = Some(client.to_owned());
        self
    }

    /// Whether it is a token of the pool's own, of somebody whom the developer vouched for.
    pub(crate) fn is_own_token(&self) -> bool {
        self.own_token
    }

    /// Somebody whom the pool's owner vouches for, by signing the request.
    pub(crate) fn of_developer(pool: &IdentityPool, provider: &str, user: &str) -> ProvenLogin {
        ProvenLogin {
            provider: provider.to_owned(),
            subject: user.to_owned(),
            methods: vec![
                provider.to_owned(),
                format!("{}{user}", developer_prefix(pool, provider)),
            ],
            claims: Map::new(),
            client: None,
            offered: None,
            own_token: false,
        }
    }

    /// Somebody of whom a verified assertion speaks.
    pub(crate) fn of_assertion(
        provider: &str,
        subject: &str,
        claims: Map<String, Value>,
        roles: Vec<String>,
    ) -> Result<ProvenLogin, Error> {
        Ok(ProvenLogin {
            offered: Some(roles),
            ..ProvenLogin::of_person(provider, provider, subject, claims)?
        })
    }

    /// Somebody of whom a verified token speaks. `qualifier` stands in `amr` before the
    /// person.
    pub(crate) fn of_claims(
        provider: &str,
        qualifier: &str,
        claims: &Claims,
    ) -> Result<ProvenLogin, Error> {
        let qualifier = format!("{provider}:{qualifier}");
        ProvenLogin::of_person(provider, &qualifier, claims.subject(), claims.all().clone())
    }

    fn of_person(
        provider: &str,
        qualifier: &str,
        subject: &str,
        claims: Map<String, Value>,
    ) -> Result<ProvenLogin, Error> {
        if subject.len() > SUBJECT_BYTES_MAX {
            return Err(invalid_token("Invalid claim: sub"));
        }
        Ok(ProvenLogin {
            provider: provider.to_owned(),
            subject: subject.to_owned(),
            methods: vec![provider.to_owned(), format!("{qualifier}:{subject}")],
            claims,
            client: None,
            offered: None,
            own_token: false,
        })
    }
}

/// What `amr` says before the developer's name for somebody.
fn developer_prefix(pool: &IdentityPool, provider: &str) -> String {
    format!("{provider}:{}:", pool.id)
}

/// Verifies every login against the providers of the pool.
pub(crate) async fn prove(
    call: &Call,
    pool: &IdentityPool,
    presented: &PresentedLogins,
) -> Result<Vec<ProvenLogin>, Error> {
    if presented.contains_key(COGNITO) {
        // Such a token is of an identity that its bearer knows already.
        return Err(invalid_token("Can't pass in a Cognito token."));
    }
    let mut proven = Vec::with_capacity(presented.len());
    for (key, token) in presented {
        proven.push(prove_one(call, pool, key, token).await?);
    }
    Ok(proven)
}

/// The same, where a token that the developer's back end fetched for this identity counts too.
pub(crate) async fn prove_for_identity(
    call: &Call,
    pool: &IdentityPool,
    identity: &str,
    presented: &PresentedLogins,
) -> Result<Vec<ProvenLogin>, Error> {
    let mut others = presented.clone();
    let own = others.remove(COGNITO);
    let mut proven = prove(call, pool, &others).await?;
    if let Some(token) = own {
        proven.push(prove_own(call, pool, identity, &token)?);
    }
    Ok(proven)
}

/// Verifies a token of the pool's own.
fn prove_own(
    call: &Call,
    pool: &IdentityPool,
    identity: &str,
    token: &str,
) -> Result<ProvenLogin, Error> {
    let now_s = call.now_s();
    let keys = call.directory().signing_keys();
    let keys = keys
        .find(&issuer::IDENTITY_POOLS, now_s)
        .map_err(Error::internal)?;
    let verified = issuer::verify_pool_token(keys.as_deref(), token, now_s)
        .map_err(refuse)?
        .ok_or_else(|| invalid_token("Not a Cognito token"))?;
    let claims = verified.claims;
    if claims.client_id() != pool.id {
        return Err(invalid_token("Incorrect token audience."));
    }
    if claims.subject() != identity {
        return Err(logins_do_not_match());
    }
    let methods = claims.authentication_methods();
    let developer = pool.configuration.developer_provider.as_deref();
    let developer = developer.ok_or_else(unsupported)?;
    let prefix = developer_prefix(pool, developer);
    let user = methods
        .iter()
        .find_map(|method| method.strip_prefix(&prefix));
    let user = user.ok_or_else(|| invalid_token("Can't pass in a Cognito token."))?;
    Ok(ProvenLogin {
        provider: developer.to_owned(),
        subject: user.to_owned(),
        claims: claims.all().clone(),
        client: None,
        offered: None,
        own_token: true,
        methods,
    })
}

async fn prove_one(
    call: &Call,
    pool: &IdentityPool,
    key: &str,
    token: &str,
) -> Result<ProvenLogin, Error> {
    if let Some(application) = pool.configuration.public_providers.get(key) {
        let application = application.open(call, &pool.id, key)?;
        return prove_public(call, key, application, token).await;
    }
    if saml_logins::is_saml(key) {
        return saml_logins::prove(call, pool, key, token);
    }
    let user_pool = pool.configuration.user_pools.iter();
    let clients: Vec<&UserPoolClient> = user_pool
        .filter(|client| client.provider_name.as_deref() == Some(key))
        .collect();
    if !clients.is_empty() {
        return user_pool_logins::prove(call, key, &clients, token).await;
    }
    let provider = oidc_provider(call, pool, key)?.ok_or_else(|| unlisted(pool, key, token))?;
    let (clients, thumbprints) = (&provider.client_ids, &provider.thumbprints);
    let claims = verified(call, &provider.issuer, clients, thumbprints, token)
        .await
        .map_err(refuse)?;
    ProvenLogin::of_claims(key, claims.client_id(), &claims)
}

/// Verifies a signed token. `thumbprints` count beside known authorities.
pub(crate) async fn verified(
    call: &Call,
    issuer: &str,
    client_ids: &[String],
    thumbprints: &[String],
    token: &str,
) -> Result<Claims, Refusal> {
    let expectation = Expectation {
        issuer,
        client_ids,
        now: call.now_s(),
    };
    let keys = &call.environment.oidc_keys;
    oidc::verify_pinned(token, &expectation, keys, thumbprints).await
}

/// Why a login counts for nothing whose provider the pool does not list. AWS reads such a
/// token before it looks for the provider, and so tells who confused two names.
fn unlisted(pool: &IdentityPool, key: &str, token: &str) -> Error {
    let configuration = &pool.configuration;
    if configuration.developer_provider.as_deref() == Some(key) {
        // The developer's users come with the developer's signature.
        return no_public_provider();
    }
    if PUBLIC_PROVIDERS.contains(&key) {
        return unsupported();
    }
    let unverified = match Unverified::parse(token) {
        Ok(unverified) => unverified,
        Err(refusal) => return refuse(refusal),
    };
    if let Err(refusal) = unverified.audiences() {
        return refuse(refusal);
    }
    let named = unverified.issuer().split_once("://").map(|(_, name)| name);
    if named != Some(key) {
        return invalid_token("Issuer doesn't match providerName");
    }
    if configuration.has_providers() {
        unsupported()
    } else {
        logins_do_not_match()
    }
}

/// Verifies the token of a provider that AWS has built in.
async fn prove_public(
    call: &Call,
    key: &str,
    application: String,
    token: &str,
) -> Result<ProvenLogin, Error> {
    let provider = social::Provider::named(key).ok_or_else(unsupported)?;
    let asking = social::Asking {
        applications: Some(&[application]),
        now_s: call.now_s(),
        nonce: &call.request_id,
        keys: &call.environment.oidc_keys,
        fetcher: &call.environment.outbound,
    };
    let person = provider
        .verify(token, &asking)
        .await
        .map_err(refuse_public)?;
    let claims = person.claims().clone();
    let qualifier = format!("{key}:{}", person.client());
    ProvenLogin::of_person(key, &qualifier, person.subject(), claims)
}

fn refuse_public(refusal: social::Refusal) -> Error {
    match refusal {
        social::Refusal::Token(refusal) => refuse(refusal),
        social::Refusal::WrongApplication(_) => {
            invalid_token("Incorrect token audience.").because(refusal)
        }
        social::Refusal::Silent(fetch) => provider_is_silent(fetch),
        social::Refusal::Malformed => invalid_token("Can't parse token").because(refusal),
        other => invalid_token("Couldn't verify token.").because(other),
    }
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

/// The pool does not take logins of this provider.
pub(crate) fn unsupported() -> Error {
    not_authorized("Token is not from a supported provider of this identity pool.")
}

/// A refused token in AWS's words.
pub(crate) fn refuse(refusal: Refusal) -> Error {
    let sentence = match &refusal {
        Refusal::WrongIssuer { .. } => "Issuer doesn't match providerName".to_owned(),
        Refusal::WrongAudience { .. }
        | Refusal::WrongAuthorizedParty { .. }
        | Refusal::SeveralAudiences { .. } => "Incorrect token audience.".to_owned(),
        Refusal::Expired { now, expires_at } => format!("Token expired: {now} >= {expires_at}"),
        Refusal::MissingClaim(claim) => format!("Missing a required claim: {claim}"),
        Refusal::MalformedClaim(claim) => format!("Invalid claim: {claim}"),
        Refusal::RolesFormat | Refusal::NoRoles | Refusal::OtherRoles => {
            "Invalid claim: https://aws.amazon.com/roles".to_owned()
        }
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
