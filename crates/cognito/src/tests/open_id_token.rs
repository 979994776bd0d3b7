//! GetOpenIdToken: what the pool says of an identity, and to whom.

use aws::Clock as _;
use serde_json::{Value as Json, json};

use super::house::{ACCOUNT, House, refusal, says, text};
use super::provider::{CLIENT, ISSUER, KEY};

/// A pool whose basic flow is open.
async fn classic_pool(house: &House, guests: bool) -> String {
    let pool = house.pool(guests).await;
    open_classic_flow(house, &pool, guests).await;
    pool
}

async fn open_classic_flow(house: &House, pool: &str, guests: bool) {
    let mut shown = house
        .good("DescribeIdentityPool", json!({"IdentityPoolId": pool}))
        .await;
    shown["AllowClassicFlow"] = json!(true);
    shown["AllowUnauthenticatedIdentities"] = json!(guests);
    shown.as_object_mut().unwrap().remove("IdentityPoolTags");
    house.good("UpdateIdentityPool", shown).await;
}

#[tokio::test]
async fn a_token_says_who_signed_in_and_how() {
    let house = House::new();
    let pool = classic_pool(&house, true).await;
    let logins = house.login("ann");
    let ann = house.id(&pool, &logins).await;
    let input = json!({"IdentityId": ann, "Logins": logins});
    let answer = house.good("GetOpenIdToken", input).await;
    assert_eq!(answer["IdentityId"], json!(ann));
    let now_s = house.clock.epoch_seconds();
    let (header, said) = house.read_token(&text(&answer["Token"]));
    assert_eq!(header["alg"], "RS256");
    assert_eq!(header["typ"], "JWS");
    assert_eq!(said["iss"], "https://cognito-identity.amazonaws.com");
    assert_eq!(said["sub"], json!(ann));
    assert_eq!(said["aud"], json!(pool));
    let qualified = format!("{KEY}:{CLIENT}:ann");
    assert_eq!(said["amr"], json!(["authenticated", KEY, qualified]));
    assert_eq!(
        said["https://cognito-identity.amazonaws.com/identity-pool-arn"],
        json!(format!(
            "arn:aws:cognito-identity:eu-central-1:{ACCOUNT}:identitypool/{pool}"
        ))
    );
    let issued_s = said["iat"].as_i64().unwrap();
    assert!((now_s - 5..=now_s).contains(&issued_s));
    assert_eq!(said["exp"].as_i64().unwrap() - issued_s, 600);
    assert!(said.get("https://aws.amazon.com/tags").is_none());
}

#[tokio::test]
async fn a_guest_is_said_to_be_one() {
    let house = House::new();
    let pool = classic_pool(&house, true).await;
    let guest = house.id(&pool, &json!({})).await;
    let answer = house
        .good("GetOpenIdToken", json!({"IdentityId": guest}))
        .await;
    let (_, said) = house.read_token(&text(&answer["Token"]));
    assert_eq!(said["amr"], json!(["unauthenticated"]));
}

#[tokio::test]
async fn the_basic_flow_is_closed_unless_it_was_opened() {
    let house = House::new();
    let pool = house.pool(true).await;
    let guest = house.id(&pool, &json!({})).await;
    assert_eq!(
        house
            .refused("GetOpenIdToken", json!({"IdentityId": guest}))
            .await,
        says(
            "InvalidParameterException",
            "Basic (classic) flow is not enabled, please use enhanced flow."
        )
    );
}

#[tokio::test]
async fn nobody_gets_a_token_of_an_identity_that_is_not_theirs() {
    let house = House::new();
    let pool = classic_pool(&house, true).await;
    let ann = house.id(&pool, &house.login("ann")).await;
    house.id(&pool, &house.login("bob")).await;
    let other_pool = classic_pool(&house, true).await;
    house.id(&other_pool, &house.login("ann")).await;
    for logins in [house.login("bob"), house.login("new"), json!({})] {
        let input = json!({"IdentityId": ann, "Logins": logins});
        let (code, _) = house.refused("GetOpenIdToken", input).await;
        assert_eq!(code, "NotAuthorizedException", "{logins}");
    }
    let mut forged = super::provider::claims(ISSUER, "ann", house.clock.epoch_seconds());
    forged["aud"] = json!("another-app");
    for token in [
        super::provider::forged(&super::provider::claims(
            ISSUER,
            "ann",
            house.clock.epoch_seconds(),
        )),
        super::provider::token(&forged),
    ] {
        let input = json!({"IdentityId": ann, "Logins": {KEY: token}});
        let (code, _) = house.refused("GetOpenIdToken", input).await;
        assert_eq!(code, "NotAuthorizedException");
    }
}

#[tokio::test]
async fn a_token_of_the_basic_flow_is_no_login() {
    let house = House::new();
    let pool = classic_pool(&house, true).await;
    let logins = house.login("ann");
    let ann = house.id(&pool, &logins).await;
    let input = json!({"IdentityId": ann, "Logins": logins});
    let token = text(&house.good("GetOpenIdToken", input).await["Token"]);
    let own = json!({"cognito-identity.amazonaws.com": token});
    let refused = refusal(house.credentials(&ann, &own).await);
    assert_eq!(refused.0, "NotAuthorizedException");
    let again = json!({"IdentityId": ann, "Logins": own});
    let (code, _) = house.refused("GetOpenIdToken", again).await;
    assert_eq!(code, "NotAuthorizedException");
    let find: Json = json!({"IdentityPoolId": pool, "Logins": own});
    assert_eq!(
        house.refused("GetId", find).await,
        says(
            "NotAuthorizedException",
            "Invalid login token. Can't pass in a Cognito token."
        )
    );
}

#[tokio::test]
async fn mapped_claims_become_tags_of_the_token() {
    let house = House::new();
    let pool = classic_pool(&house, false).await;
    let input = json!({
        "IdentityPoolId": pool, "IdentityProviderName": KEY, "UseDefaults": true,
    });
    house.good("SetPrincipalTagAttributeMap", input).await;
    let logins = house.login("ann");
    let ann = house.id(&pool, &logins).await;
    let input = json!({"IdentityId": ann, "Logins": logins});
    let answer = house.good("GetOpenIdToken", input).await;
    let (_, said) = house.read_token(&text(&answer["Token"]));
    assert_eq!(
        said["https://aws.amazon.com/tags"],
        json!({
            "principal_tags": {"client": [CLIENT], "username": ["ann"]},
            "transitive_tag_keys": ["client", "username"],
        })
    );
}
