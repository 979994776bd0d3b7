//! Vouching: what an identity provider says of somebody, verified.
//!
//! The provider is one that the role's account trusts by its IAM record, an identity pool of
//! this Arnold, or one of those that AWS has built in.

use aws::{AccountId, Arn};
use identity::Tag;
use issuer::VerifiedPoolToken;
use oidc::{Claims, Expectation, Unverified};
use plane::{Call, Error};
use wire::Structure;

use crate::claimed;
use crate::session_request::SessionTags;

/// How trust policies name identity pools.
const IDENTITY_POOLS: &str = "cognito-identity.amazonaws.com";

/// What a provider says of somebody.
pub struct Vouching {
    /// As trust policies name the provider: its ARN or, of those built in, its name.
    pub provider: String,
    /// Of whom it speaks.
    pub subject: String,
    /// To whom.
    pub audience: String,
    /// Condition keys at the role's door.
    pub keys: Vec<(String, Vec<String>)>,
    /// Those that stay with the session.
    pub session_keys: Vec<(String, Vec<String>)>,
    /// Tags for the session.
    pub tags: SessionTags,
    /// The source identity of the session.
    pub source_identity: Option<String>,
    /// The ARNs of the roles that it is for, where the provider names them.
    roles: Option<Vec<String>>,
    /// The account of the identity pool behind it, if one is.
    pool_account: Option<AccountId>,
}

impl Vouching {
    /// Whether an identity pool of another account speaks.
    pub fn is_of_foreign_pool(&self, account: AccountId) -> bool {
        self.pool_account.is_some_and(|pool| pool != account)
    }

    /// Whether the provider itself names the role. One that names others only refuses it.
    pub fn names(&self, role_arn: &str) -> Result<bool, Error> {
        match &self.roles {
            None => Ok(false),
            Some(roles) if roles.iter().any(|named| named == role_arn) => Ok(true),
            Some(_others) => Err(refuse(oidc::Refusal::OtherRoles)),
        }
    }

    /// Verifies a token that says itself who made it.
    pub async fn of_id_token(
        call: &Call,
        account: AccountId,
        token: &str,
    ) -> Result<Vouching, Error> {
        let now_s = call.now_s();
        let signing_keys = call.directory().signing_keys();
        let own = signing_keys.find(&issuer::IDENTITY_POOLS, now_s);
        let own = own.map_err(Error::internal)?;
        let of_pool = issuer::verify_pool_token(own.as_deref(), token, now_s).map_err(refuse)?;
        if let Some(verified) = of_pool {
            return Vouching::of_pool(&verified);
        }
        let unverified = Unverified::parse(token).map_err(refuse)?;
        let issuer = unverified.issuer();
        if call.directory().is_outbound_issuer(issuer) {
            // Such a token says who somebody is to others; here they sign.
            return Err(no_provider(issuer));
        }
        let Some(provider) = call.directory().oidc_provider(account, issuer)? else {
            return Vouching::of_built_in(call, issuer, token).await;
        };
        let expectation = Expectation {
            issuer: &provider.issuer,
            client_ids: &provider.client_ids,
            now: now_s,
        };
        let keys = &call.environment.oidc_keys;
        let claims = oidc::verify_pinned(token, &expectation, keys, &provider.thumbprints);
        let claims = claims.await.map_err(refuse)?;
        hold_to_sts(&claims).map_err(refuse)?;
        Vouching::of_claims(provider.arn().to_string(), &claims)
    }

    fn of_claims(provider: String, claims: &Claims) -> Result<Vouching, Error> {
        let roles = claims.roles().map_err(refuse)?;
        Ok(Vouching {
            provider,
            subject: claims.subject().to_owned(),
            audience: claims.client_id().to_owned(),
            keys: claims.condition_keys(),
            session_keys: claims.session_keys(),
            tags: session_tags(claims)?,
            source_identity: source_identity(claims)?,
            roles: roles.map(|roles| roles.into_iter().map(str::to_owned).collect()),
            pool_account: None,
        })
    }

    fn of_pool(verified: &VerifiedPoolToken) -> Result<Vouching, Error> {
        let arn: Arn = verified.pool_arn.parse().map_err(Error::internal)?;
        let account = arn.account().parse().map_err(Error::internal)?;
        Ok(Vouching {
            pool_account: Some(account),
            ..Vouching::of_claims(IDENTITY_POOLS.to_owned(), &verified.claims)?
        })
    }

    /// A token signed by a provider that needs no record in IAM. Its audience is anybody's:
    /// the trust policy says whose counts.
    async fn of_built_in(call: &Call, issuer: &str, token: &str) -> Result<Vouching, Error> {
        let absent = || no_provider(issuer);
        let name = issuer.strip_prefix("https://").ok_or_else(absent)?;
        let provider = social::Provider::named(name)
            .filter(|provider| *provider == social::Provider::Google)
            .ok_or_else(absent)?;
        let person = verify(call, provider, token).await?;
        Ok(Vouching::of_person(
            name,
            &person,
            &[("aud", person.client()), ("sub", person.subject())],
        ))
    }

    /// Verifies an access token, which says nothing by itself.
    pub async fn of_access_token(
        call: &Call,
        provider_id: &str,
        token: &str,
    ) -> Result<Vouching, Error> {
        let provider = social::Provider::named(provider_id);
        let (provider, person_key) = match provider {
            Some(amazon @ social::Provider::Amazon) => (amazon, "user_id"),
            Some(facebook @ social::Provider::Facebook) => (facebook, "id"),
            _ => {
                let message = "Not authorized to perform sts:AssumeRoleWithWebIdentity";
                return Err(Error::access_denied(message).because(
                    "ProviderId is for access tokens of www.amazon.com and graph.facebook.com; an ID token names its provider itself",
                ));
            }
        };
        // Somebody's ID token is not shown to a provider that did not make it.
        if provider == social::Provider::Amazon && Unverified::parse(token).is_ok() {
            return Err(Error::new("InvalidIdentityToken")
                .say("Provided Token is not a Login With Amazon token"));
        }
        let person = verify(call, provider, token).await?;
        Ok(Vouching::of_person(
            provider_id,
            &person,
            &[("app_id", person.client()), (person_key, person.subject())],
        ))
    }

    fn of_person(name: &str, person: &social::Person, keys: &[(&str, &str)]) -> Vouching {
        let keys: Vec<(String, Vec<String>)> = keys
            .iter()
            .map(|(key, value)| (format!("{name}:{key}"), vec![(*value).to_owned()]))
            .collect();
        Vouching {
            provider: name.to_owned(),
            subject: person.subject().to_owned(),
            audience: person.client().to_owned(),
            session_keys: keys.clone(),
            keys,
            tags: SessionTags::default(),
            source_identity: None,
            roles: None,
            pool_account: None,
        }
    }
}

/// What STS demands of a token beyond what makes it genuine: that it says when it was made
/// and, where it was made for several clients, at the request of which.
fn hold_to_sts(claims: &Claims) -> Result<(), oidc::Refusal> {
    if claims.audiences().len() > 1 && claims.authorized_party().is_none() {
        return Err(oidc::Refusal::SeveralAudiences {
            found: claims.audiences().to_vec(),
        });
    }
    match claims.issued_at() {
        Some(_) => Ok(()),
        None => Err(oidc::Refusal::MissingClaim("iat")),
    }
}

/// The account trusts nobody of this name.
fn no_provider(issuer: &str) -> Error {
    Error::new("InvalidIdentityToken").say(format!(
        "No OpenIDConnect provider found in your account for {issuer}"
    ))
}

async fn verify(
    call: &Call,
    provider: social::Provider,
    token: &str,
) -> Result<social::Person, Error> {
    let asking = social::Asking {
        applications: None,
        now_s: call.now_s(),
        nonce: &call.request_id,
        keys: &call.environment.oidc_keys,
        fetcher: &call.environment.outbound,
    };
    provider
        .verify(token, &asking)
        .await
        .map_err(|refusal| match refusal {
            social::Refusal::Token(refusal) => refuse(refusal),
            other => Error::new("InvalidIdentityToken")
                .say("The web identity token that was passed could not be validated by AWS. Get a new identity token from the identity provider and then retry the request.")
                .because(other),
        })
}

/// The claim `https://aws.amazon.com/source_identity`.
fn source_identity(claims: &Claims) -> Result<Option<String>, Error> {
    let Some(found) = claims.source_identity().map_err(refuse)? else {
        return Ok(None);
    };
    let asked = Structure::new().with("SourceIdentity", found);
    claimed::hold_to_model(asked, &malformed_tags)?;
    Ok(Some(found.to_owned()))
}

/// The tags of the claim `https://aws.amazon.com/tags`.
fn session_tags(claims: &Claims) -> Result<SessionTags, Error> {
    let asked = claims.session_tags().map_err(refuse)?;
    let tags: Vec<(String, String)> = asked.tags.into_iter().collect();
    claimed::hold_tags_to_model(&tags, &asked.transitive_keys, &malformed_tags)?;
    let requested = tags
        .into_iter()
        .map(|(key, value)| Tag { key, value })
        .collect();
    SessionTags::check(requested, &asked.transitive_keys, None)
}

fn malformed_tags() -> Error {
    refuse(oidc::Refusal::MalformedClaim("https://aws.amazon.com/tags"))
}

/// A refused token in AWS's words.
fn refuse(refusal: oidc::Refusal) -> Error {
    let answer = refusal.answer();
    Error::new(answer.code).say(answer.message).because(refusal)
}
