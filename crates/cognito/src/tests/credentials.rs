//! GetCredentialsForIdentity: who gets credentials, and what they are good for.

use aws::Clock as _;
use identity::Role;
use serde_json::{Value as Json, json};

use super::house::{ACCOUNT, House, refusal, says, text, trust};
use super::provider::{CLIENT, KEY};
use crate::pool::SCOPE;

fn misconfigured() -> (String, String) {
    says(
        "InvalidIdentityPoolConfigurationException",
        "Invalid identity pool configuration. Check assigned IAM roles for this pool.",
    )
}

fn unmatched() -> (String, String) {
    says(
        "NotAuthorizedException",
        "Logins don't match. Please include at least one valid login for this identity or identity pool.",
    )
}

#[tokio::test]
async fn a_login_buys_an_hour_of_the_pools_role() {
    let house = House::new();
    let pool = house.pool(false).await;
    let logins = house.login("ann");
    let ann = house.id(&pool, &logins).await;
    let now_s = house.clock.epoch_seconds();
    let answer = house.credentials(&ann, &logins).await.unwrap();
    assert_eq!(answer["IdentityId"], json!(ann));
    let expires_s = answer["Credentials"]["Expiration"].as_i64().unwrap();
    assert!((now_s + 3600..now_s + 3605).contains(&expires_s));

    let bearer = house.bearer(&answer);
    let known = bearer.known().unwrap();
    assert_eq!(
        known.arn(),
        format!("arn:aws:sts::{ACCOUNT}:assumed-role/member/CognitoIdentityCredentials")
    );
    assert_eq!(known.user_id(), "AROAMEMBER:CognitoIdentityCredentials");
    // No session policy narrows those who have signed in.
    house.may(&bearer, "iam:ListUsers", "*").unwrap();
}

#[tokio::test]
async fn the_identity_confines_its_bearer_to_a_prefix() {
    let house = House::new();
    let pool = house.pool(false).await;
    let own = json!({
        "Effect": "Allow",
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::b/${cognito-identity.amazonaws.com:sub}/*",
        "Condition": {"StringEquals": {
            "cognito-identity.amazonaws.com:aud": pool,
            "aws:FederatedProvider": "cognito-identity.amazonaws.com",
        }},
    });
    house.add_role("member", trust(&pool, "authenticated"), own);
    let logins = house.login("ann");
    let ann = house.id(&pool, &logins).await;
    let bob = house.id(&pool, &house.login("bob")).await;
    let bearer = house.bearer(&house.credentials(&ann, &logins).await.unwrap());
    let object = |identity: &str| format!("arn:aws:s3:::b/{identity}/x");
    house.may(&bearer, "s3:GetObject", &object(&ann)).unwrap();
    house
        .may(&bearer, "s3:GetObject", &object(&bob))
        .unwrap_err();
    house
        .may(&bearer, "s3:PutObject", &object(&ann))
        .unwrap_err();
}

#[tokio::test]
async fn guests_stay_within_what_aws_lets_guests_do() {
    let house = House::new();
    let pool = house.pool(true).await;
    let guest = house.id(&pool, &json!({})).await;
    let input = json!({"IdentityId": guest});
    let answer = house.good("GetCredentialsForIdentity", input).await;
    let bearer = house.bearer(&answer);
    // The role may do everything.
    for action in [
        "s3:GetObject",
        "dynamodb:Query",
        "rum:PutRumEvents",
        "lambda:InvokeFunction",
    ] {
        house.may(&bearer, action, "*").unwrap();
    }
    for action in [
        "iam:ListUsers",
        "sts:AssumeRole",
        "kms:CreateKey",
        "rum:GetAppMonitor",
    ] {
        house.may(&bearer, action, "*").unwrap_err();
    }
}

#[tokio::test]
async fn a_guest_gets_what_the_role_allows_and_no_more() {
    let house = House::new();
    let pool = house.pool(true).await;
    let public = json!({
        "Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/public/*",
    });
    house.add_role("guest", trust(&pool, "unauthenticated"), public);
    let guest = house.id(&pool, &json!({})).await;
    let bearer = house.bearer(&house.credentials(&guest, &json!({})).await.unwrap());
    let may = |arn| house.may(&bearer, "s3:GetObject", arn);
    may("arn:aws:s3:::b/public/x").unwrap();
    may("arn:aws:s3:::b/private/x").unwrap_err();
}

#[tokio::test]
async fn somebody_elses_login_does_not_open_an_identity() {
    let house = House::new();
    let pool = house.pool(true).await;
    let ann = house.id(&pool, &house.login("ann")).await;
    for logins in [
        // Linked to nobody, linked to another identity, at another provider.
        house.login("eve"),
        house.other_login("ann"),
    ] {
        assert_eq!(refusal(house.credentials(&ann, &logins).await), unmatched());
        house.id(&pool, &logins).await;
        assert_eq!(refusal(house.credentials(&ann, &logins).await), unmatched());
    }
}

#[tokio::test]
async fn an_identity_that_has_logins_is_closed_without_them() {
    let house = House::new();
    let pool = house.pool(true).await;
    let ann = house.id(&pool, &house.login("ann")).await;
    assert_eq!(
        refusal(house.credentials(&ann, &json!({})).await),
        says(
            "NotAuthorizedException",
            &format!("Access to Identity '{ann}' is forbidden.")
        )
    );
}

#[tokio::test]
async fn an_identity_that_is_not_there_is_not_found() {
    let house = House::new();
    house.pool(true).await;
    let id = "eu-central-1:00000000-0000-4000-8000-000000000000";
    for logins in [json!({}), house.login("ann")] {
        assert_eq!(
            refusal(house.credentials(id, &logins).await),
            says(
                "ResourceNotFoundException",
                &format!("Identity '{id}' not found.")
            )
        );
    }
}

#[tokio::test]
async fn a_login_that_comes_with_a_known_one_is_linked() {
    let house = House::new();
    let pool = house.pool(false).await;
    let ann = house.id(&pool, &house.login("ann")).await;
    let both = house.both_logins("ann", "a");
    house.credentials(&ann, &both).await.unwrap();
    let alone = house.other_login("a");
    house.credentials(&ann, &alone).await.unwrap();
    assert_eq!(ann, house.id(&pool, &alone).await);
}

#[tokio::test]
async fn a_login_of_another_identity_is_not_linked() {
    let house = House::new();
    let pool = house.pool(true).await;
    let ann = house.id(&pool, &house.login("ann")).await;
    let bob = house.id(&pool, &house.other_login("b")).await;
    let guest = house.id(&pool, &json!({})).await;
    let both = house.both_logins("ann", "b");
    for (identity, logins) in [(&ann, &both), (&bob, &both), (&guest, &house.login("ann"))] {
        let (code, _) = refusal(house.credentials(identity, logins).await);
        assert_eq!(code, "ResourceConflictException");
    }
}

#[tokio::test]
async fn a_guest_who_signs_in_keeps_the_identity_and_is_no_guest_any_more() {
    let house = House::new();
    let pool = house.pool(true).await;
    let guest = house.id(&pool, &json!({})).await;
    house.credentials(&guest, &json!({})).await.unwrap();
    let answer = house
        .credentials(&guest, &house.login("ann"))
        .await
        .unwrap();
    let bearer = house.bearer(&answer);
    assert!(bearer.known().unwrap().arn().contains("/member/"));
    assert_eq!(guest, house.id(&pool, &house.login("ann")).await);
    let (code, _) = refusal(house.credentials(&guest, &json!({})).await);
    assert_eq!(code, "NotAuthorizedException");
}

#[tokio::test]
async fn guests_are_refused_once_the_pool_takes_none() {
    let house = House::new();
    let pool = house.pool(true).await;
    let guest = house.id(&pool, &json!({})).await;
    let input = json!({
        "IdentityPoolId": pool, "IdentityPoolName": "p", "AllowUnauthenticatedIdentities": false,
    });
    house.good("UpdateIdentityPool", input).await;
    assert_eq!(
        refusal(house.credentials(&guest, &json!({})).await),
        says(
            "NotAuthorizedException",
            "Unauthenticated access is not supported for this identity pool."
        )
    );
}

#[tokio::test]
async fn a_role_that_does_not_trust_the_pool_yields_nothing() {
    let house = House::new();
    let pool = house.pool(true).await;
    let logins = house.login("ann");
    let ann = house.id(&pool, &logins).await;
    let bob = house.id(&pool, &house.login("bob")).await;
    let everything = || json!({"Effect": "Allow", "Action": "*", "Resource": "*"});
    let changed = |pointer: &str, value: Json| {
        let mut statement = trust(&pool, "authenticated");
        *statement.pointer_mut(pointer).unwrap() = value;
        statement
    };
    let condition = |operator: &str, key: &str, value: &str| {
        let key = format!("cognito-identity.amazonaws.com:{key}");
        changed("/Condition", json!({operator: {key: value}}))
    };
    let any = "ForAnyValue:StringEquals";
    let qualified = format!("{KEY}:{CLIENT}:ann");
    let other_pool = "eu-central-1:00000000-0000-4000-8000-000000000000";
    let provider = format!("arn:aws:iam::{ACCOUNT}:oidc-provider/{KEY}");
    for (trusts, statement) in [
        (true, trust(&pool, "authenticated")),
        (true, condition(any, "amr", KEY)),
        (true, condition(any, "amr", &qualified)),
        (true, condition("StringEquals", "sub", &ann)),
        (false, condition("StringEquals", "sub", &bob)),
        (false, condition("StringEquals", "aud", other_pool)),
        (false, condition(any, "amr", "unauthenticated")),
        (false, condition(any, "amr", "login.example.net")),
        (false, changed("/Effect", json!("Deny"))),
        (false, changed("/Action", json!("sts:AssumeRole"))),
        (
            false,
            changed("/Principal", json!({"Federated": "accounts.google.com"})),
        ),
        (false, changed("/Principal", json!({"Federated": provider}))),
        (
            false,
            changed(
                "/Principal",
                json!({"Service": "cognito-identity.amazonaws.com"}),
            ),
        ),
        (false, changed("/Principal", json!({"AWS": ACCOUNT}))),
    ] {
        let shown = statement.to_string();
        house.add_role("member", statement, everything());
        let answered = house.credentials(&ann, &logins).await;
        if trusts {
            answered.unwrap();
        } else {
            assert_eq!(refusal(answered), misconfigured(), "{shown}");
        }
    }
}

#[tokio::test]
async fn a_role_that_is_not_there_yields_nothing() {
    let house = House::new();
    let pool = house.pool(true).await;
    let logins = house.login("ann");
    let ann = house.id(&pool, &logins).await;
    let guest = house.id(&pool, &json!({})).await;
    house.credentials(&ann, &logins).await.unwrap();
    house.delete::<Role>(ACCOUNT, "AROAMEMBER");
    assert_eq!(
        refusal(house.credentials(&ann, &logins).await),
        misconfigured()
    );

    let member = house.add_role(
        "member",
        trust(&pool, "authenticated"),
        json!({"Effect": "Allow", "Action": "*", "Resource": "*"}),
    );
    house.credentials(&ann, &logins).await.unwrap();
    // The same name under another path is another role.
    let elsewhere = member.replace("/pool/", "/");
    for roles in [json!({"authenticated": elsewhere}), json!({})] {
        house.set_roles(&pool, roles).await;
        assert_eq!(
            refusal(house.credentials(&ann, &logins).await),
            misconfigured()
        );
        let guests = house.credentials(&guest, &json!({})).await;
        assert_eq!(refusal(guests), misconfigured());
    }
}

#[tokio::test]
async fn guests_do_not_get_the_role_of_those_who_sign_in() {
    let house = House::new();
    let pool = house.pool(true).await;
    let guest = house.id(&pool, &json!({})).await;
    let roles = house
        .good("GetIdentityPoolRoles", json!({"IdentityPoolId": pool}))
        .await;
    let member = text(&roles["Roles"]["authenticated"]);
    house
        .set_roles(&pool, json!({"authenticated": member}))
        .await;
    let guests = house.credentials(&guest, &json!({})).await;
    assert_eq!(refusal(guests), misconfigured());
    // Even where the owner hands it to guests by mistake, it does not trust them.
    house
        .set_roles(&pool, json!({"unauthenticated": member}))
        .await;
    let guests = house.credentials(&guest, &json!({})).await;
    assert_eq!(refusal(guests), misconfigured());
}

#[tokio::test]
async fn nothing_is_linked_when_credentials_are_refused() {
    let house = House::new();
    let pool = house.pool(true).await;
    let guest = house.id(&pool, &json!({})).await;
    house.set_roles(&pool, json!({})).await;
    let logins = house.login("ann");
    assert_eq!(
        refusal(house.credentials(&guest, &logins).await),
        misconfigured()
    );
    assert_ne!(guest, house.id(&pool, &logins).await);
}

#[tokio::test]
async fn credentials_for_known_logins_write_nothing() {
    let house = House::new();
    let pool = house.pool(true).await;
    let logins = house.both_logins("ann", "a");
    let ann = house.id(&pool, &logins).await;
    let guest = house.id(&pool, &json!({})).await;
    let stamps = || {
        ["cognito.identity", "cognito.identity-pool"]
            .map(|kind| house.store.stamp_scope_kind(SCOPE, kind))
    };
    let before = stamps();
    house.credentials(&ann, &logins).await.unwrap();
    house.credentials(&ann, &house.login("ann")).await.unwrap();
    house.credentials(&guest, &json!({})).await.unwrap();
    assert_eq!(before, stamps());
}

#[tokio::test]
async fn a_role_that_changes_binds_credentials_that_exist() {
    let house = House::new();
    let pool = house.pool(false).await;
    let logins = house.login("ann");
    let ann = house.id(&pool, &logins).await;
    let bearer = |answer: &Json| house.bearer(answer);
    let answer = house.credentials(&ann, &logins).await.unwrap();
    house.may(&bearer(&answer), "s3:GetObject", "*").unwrap();
    let nothing = json!({"Effect": "Deny", "Action": "*", "Resource": "*"});
    house.add_role("member", trust(&pool, "authenticated"), nothing);
    house
        .may(&bearer(&answer), "s3:GetObject", "*")
        .unwrap_err();
}
