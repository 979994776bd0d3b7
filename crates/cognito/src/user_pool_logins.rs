//! Logins of user pools: identity tokens that a user pool signed for a client which the
//! identity pool lists.

use oidc::{Claims, Refusal};
use plane::{Call, Error};
use serde_json::{Map, Value};

use crate::errors::{not_authorized, provider_is_silent};
use crate::logins::{ProvenLogin, invalid_token, refuse, unsupported, verified};
use crate::pool::UserPoolClient;

/// Whether a name is one of a user pool: `cognito-idp.REGION.amazonaws.com/REGION_ID`.
pub(crate) fn is_user_pool(name: &str) -> bool {
    let parts = name.strip_prefix("cognito-idp.").and_then(|rest| {
        let (region, pool) = rest.split_once(".amazonaws.com/")?;
        let (of_pool, id) = pool.split_once('_')?;
        Some((region, of_pool, id))
    });
    let is_region = |text: &str| {
        let mut bytes = text.bytes();
        !text.is_empty() && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    parts.is_some_and(|(region, of_pool, id)| {
        let is_id = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
        is_region(region) && is_region(of_pool) && is_id
    })
}

/// Verifies the identity token of a user pool, for one of the clients that the identity pool
/// lists.
pub(crate) async fn prove(
    call: &Call,
    key: &str,
    clients: &[&UserPoolClient],
    token: &str,
) -> Result<ProvenLogin, Error> {
    let ids: Vec<String> = clients
        .iter()
        .filter_map(|client| client.client_id.clone())
        .collect();
    let issuer = format!("https://{key}");
    let claims =
        verified(call, &issuer, &ids, &[], token)
            .await
            .map_err(|refusal| match refusal {
                // A user pool is listed together with its client.
                Refusal::WrongAudience { .. } => unsupported().because(refusal),
                other => refuse(other),
            })?;
    // Access tokens are signed with the same keys, and say less.
    if claims.all().get("token_use").and_then(Value::as_str) != Some("id") {
        return Err(invalid_token("Token is not an id token."));
    }
    let wants_check = clients.iter().any(|client| {
        client.client_id.as_deref() == Some(claims.client_id())
            && client.server_side_token_check == Some(true)
    });
    if wants_check {
        check(call, &issuer, &claims, token).await?;
    }
    ProvenLogin::of_claims(key, "CognitoSignIn", &claims)
        .map(|login| login.through(claims.client_id()))
}

/// Asks the user pool whether its user is still signed in, where it can be asked: at the
/// introspection end point that it publishes (RFC 7662).
async fn check(call: &Call, issuer: &str, claims: &Claims, token: &str) -> Result<(), Error> {
    let keys = &call.environment.oidc_keys;
    let end_point = keys.introspection(issuer).await;
    let Some(end_point) = end_point.map_err(provider_is_silent)? else {
        return Err(inactive("the user pool has no end point to be asked at"));
    };
    let form = [("token", token), ("token_type_hint", "id_token")];
    let outbound = &call.environment.outbound;
    let answered = outbound.post_form(&end_point, &form, None).await;
    let answered = answered.map_err(provider_is_silent)?;
    if answered.status.is_server_error() {
        return Err(provider_is_silent(format!("it said {}", answered.status)));
    }
    if !answered.status.is_success() {
        return Err(inactive(format!("the user pool said {}", answered.status)));
    }
    let said: Map<String, Value> = serde_json::from_slice(&answered.bytes)
        .map_err(|fault| inactive("the user pool did not say whether").because(fault))?;
    let of_whom = said.get("sub").and_then(Value::as_str);
    let is_active = said.get("active") == Some(&Value::Bool(true))
        && of_whom.is_none_or(|subject| subject == claims.subject());
    if is_active {
        return Ok(());
    }
    Err(inactive("the user pool said so"))
}

/// The user has been signed out, disabled or deleted, or nobody knows.
fn inactive(why: impl Into<String>) -> Error {
    not_authorized("Token is inactive").because(why.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_pool_has_a_name_of_its_own_shape() {
        for name in [
            "cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Abc123",
            "cognito-idp.us-gov-west-1.amazonaws.com/us-gov-west-1_a",
        ] {
            assert!(is_user_pool(name), "{name}");
        }
        for name in [
            "",
            "eu-west-1_Abc123",
            "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Abc123",
            "cognito-idp.eu-west-1.amazonaws.com",
            "cognito-idp.eu-west-1.amazonaws.com/",
            "cognito-idp.eu-west-1.amazonaws.com/eu-west-1",
            "cognito-idp.eu-west-1.amazonaws.com/eu-west-1_",
            "cognito-idp.eu-west-1.amazonaws.com/eu-west-1_a/b",
            "cognito-idp.eu-west-1.amazonaws.com/x/eu-west-1_a",
            "cognito-idp.evil.example/eu-west-1.amazonaws.com/eu-west-1_a",
            "cognito-idp..amazonaws.com/eu-west-1_a",
            "evil.example/cognito-idp.eu-west-1.amazonaws.com/eu-west-1_a",
        ] {
            assert!(!is_user_pool(name), "{name}");
        }
    }
}
