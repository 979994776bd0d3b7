//! What counts as a login, and what does not: each forgery beside its valid twin.

use aws::Clock as _;
use identity::OidcProvider;
use serde_json::{Value as Json, json};

use super::house::{ACCOUNT, House, OTHER, refusal, says, text};
use super::provider::{ISSUER, KEY, OTHER_ISSUER, OTHER_KEY, claims, forged, token};

const UNSUPPORTED: &str = "Token is not from a supported provider of this identity pool.";

/// Brings one login to both operations that take any; both must refuse it alike.
async fn refused(house: &House, pool: &str, key: &str, token: &str) -> String {
    let logins = json!({key: token});
    let input = json!({"IdentityPoolId": pool, "Logins": logins});
    let (code, by_id) = house.refused("GetId", input).await;
    assert_eq!(code, "NotAuthorizedException", "{by_id}");
    let ann = house.id(pool, &house.login("ann")).await;
    let by_credentials = refusal(house.credentials(&ann, &logins).await);
    assert_eq!(by_credentials, says(&code, &by_id));
    by_id
}

fn ann(house: &House) -> Json {
    claims(ISSUER, "ann", house.clock.epoch_seconds())
}

fn ann_with(house: &House, claim: &str, value: Json) -> String {
    let mut claims = ann(house);
    claims[claim] = value;
    token(&claims)
}

#[tokio::test]
async fn a_token_must_be_of_the_provider_that_its_key_names() {
    let house = House::new();
    let pool = house.pool(false).await;
    house.id(&pool, &house.login("ann")).await;
    let sentence = "Invalid login token. Issuer doesn't match providerName";
    let of_other = house.token(OTHER_ISSUER, "ann");
    assert_eq!(refused(&house, &pool, KEY, &of_other).await, sentence);
    for issuer in [
        "http://idp.example.com/people",
        "https://idp.example.com/people/",
        "https://idp.example.com",
        "idp.example.com/people",
        "https://IDP.example.com/people",
    ] {
        let token = ann_with(&house, "iss", json!(issuer));
        assert_eq!(refused(&house, &pool, KEY, &token).await, sentence);
    }
}

#[tokio::test]
async fn a_token_must_be_signed_by_the_provider() {
    let house = House::new();
    let pool = house.pool(false).await;
    let sentence = "Invalid login token. Couldn't verify signed token.";
    let forged = forged(&ann(&house));
    assert_eq!(refused(&house, &pool, KEY, &forged).await, sentence);
    let genuine = house.token(ISSUER, "ann");
    let bob = house.token(ISSUER, "bob");
    let [header, _, signature]: [&str; 3] =
        genuine.split('.').collect::<Vec<_>>().try_into().unwrap();
    let payload = bob.split('.').nth(1).unwrap();
    let mixed = format!("{header}.{payload}.{signature}");
    assert_eq!(refused(&house, &pool, KEY, &mixed).await, sentence);
}

#[tokio::test]
async fn a_token_must_be_made_for_a_client_of_the_provider() {
    let house = House::new();
    let pool = house.pool(false).await;
    let second = ann_with(&house, "aud", json!("app-2"));
    house.id(&pool, &json!({KEY: second})).await;
    let foreign = ann_with(&house, "aud", json!("app-3"));
    assert_eq!(
        refused(&house, &pool, KEY, &foreign).await,
        "Invalid login token. Incorrect token audience."
    );
    let mut none = ann(&house);
    none.as_object_mut().unwrap().remove("aud");
    assert_eq!(
        refused(&house, &pool, KEY, &token(&none)).await,
        "Invalid login token. Missing a required claim: aud"
    );
}

#[tokio::test]
async fn a_token_ends() {
    let house = House::new();
    let pool = house.pool(false).await;
    house.id(&pool, &house.login("ann")).await;
    let now_s = house.clock.epoch_seconds();
    let over = ann_with(&house, "exp", json!(now_s - 5));
    let sentence = refused(&house, &pool, KEY, &over).await;
    let times = sentence
        .strip_prefix("Invalid login token. Token expired: ")
        .unwrap();
    assert!(times.ends_with(&format!(" >= {}", now_s - 5)), "{times}");
}

#[tokio::test]
async fn what_is_no_token_is_refused() {
    let house = House::new();
    let pool = house.pool(false).await;
    for text in ["x", "a.b.c", "..", "☃", &"x".repeat(50_000)] {
        assert_eq!(
            refused(&house, &pool, KEY, text).await,
            "Invalid login token. Can't parse token"
        );
    }
    let long = house.token(ISSUER, &"x".repeat(256));
    assert_eq!(
        refused(&house, &pool, KEY, &long).await,
        "Invalid login token. Invalid claim: sub"
    );
    house.id(&pool, &house.login(&"x".repeat(255))).await;
}

#[tokio::test]
async fn providers_that_cannot_be_verified_are_refused() {
    let house = House::new();
    let pool = house.pool(false).await;
    let input = json!({
        "IdentityPoolId": pool,
        "IdentityPoolName": "pool",
        "AllowUnauthenticatedIdentities": false,
        "OpenIdConnectProviderARNs": [format!("arn:aws:iam::{ACCOUNT}:oidc-provider/{KEY}")],
        "SupportedLoginProviders": {"accounts.google.com": "1", "www.digits.com": "2"},
        "DeveloperProviderName": "login.mine",
        "CognitoIdentityProviders": [{
            "ProviderName": "cognito-idp.eu-central-1.amazonaws.com/eu-central-1_a",
            "ClientId": "c",
        }],
        "SamlProviderARNs": [format!("arn:aws:iam::{ACCOUNT}:saml-provider/adfs")],
    });
    house.good("UpdateIdentityPool", input).await;
    let token = house.token(ISSUER, "ann");
    for key in [
        "www.digits.com",
        "graph.facebook.com",
        "arn:aws:iam::111122223333:saml-provider/adfs",
    ] {
        assert_eq!(
            refused(&house, &pool, key, &token).await,
            UNSUPPORTED,
            "{key}"
        );
    }
    // Trusted by the account, but no longer by the pool.
    let other = house.token(OTHER_ISSUER, "ann");
    assert_eq!(refused(&house, &pool, OTHER_KEY, &other).await, UNSUPPORTED);
    let input = json!({"IdentityPoolId": pool, "Logins": {"login.mine": token}});
    assert_eq!(
        house.refused("GetId", input).await,
        says(
            "InvalidParameterException",
            "Please provide a valid public provider"
        )
    );
    // A token speaks for its issuer alone, whether the pool knows the name beside it or not.
    for key in [
        "cognito-idp.eu-central-1.amazonaws.com/eu-central-1_b",
        "nobody.example.com",
        ISSUER,
        "IDP.example.com/people",
        "idp.example.com/people/",
        OTHER_KEY,
        "accounts.google.com",
        "cognito-idp.eu-central-1.amazonaws.com/eu-central-1_a",
    ] {
        assert_eq!(
            refused(&house, &pool, key, &token).await,
            "Invalid login token. Issuer doesn't match providerName",
            "{key}"
        );
    }
    // One bad login spoils the good one beside it.
    let both = house.both_logins("ann", "ann");
    let input = json!({"IdentityPoolId": pool, "Logins": both});
    let said = house.refused("GetId", input).await;
    assert_eq!(said, says("NotAuthorizedException", UNSUPPORTED));
}

#[tokio::test]
async fn a_login_that_nobody_takes_is_read_all_the_same() {
    let house = House::new();
    let input = json!({"IdentityPoolName": "open", "AllowUnauthenticatedIdentities": true});
    let pool = text(&house.good("CreateIdentityPool", input).await["IdentityPoolId"]);
    let mut nobody = ann(&house);
    nobody.as_object_mut().unwrap().remove("aud");
    for (token, sentence) in [
        (
            "nonsense".to_owned(),
            "Invalid login token. Can't parse token",
        ),
        (
            token(&nobody),
            "Invalid login token. Missing a required claim: aud",
        ),
        (
            house.token(OTHER_ISSUER, "ann"),
            "Invalid login token. Issuer doesn't match providerName",
        ),
        (
            house.token(ISSUER, "ann"),
            "Logins don't match. Please include at least one valid login for this identity or identity pool.",
        ),
    ] {
        let input = json!({"IdentityPoolId": pool, "Logins": {KEY: token}});
        let refused = house.refused("GetId", input).await;
        assert_eq!(refused, says("NotAuthorizedException", sentence));
    }
}

#[tokio::test]
async fn a_provider_must_still_be_trusted_by_the_pools_account() {
    let house = House::new();
    let pool = house.pool(false).await;
    let ann = house.id(&pool, &house.login("ann")).await;
    house.delete::<OidcProvider>(ACCOUNT, KEY);
    let logins = house.login("ann");
    let said = refusal(house.credentials(&ann, &logins).await);
    assert_eq!(said, says("NotAuthorizedException", UNSUPPORTED));
}

#[tokio::test]
async fn a_provider_of_another_account_is_not_the_pools() {
    let house = House::new();
    let pool = house.pool(false).await;
    let input = json!({
        "IdentityPoolId": pool,
        "IdentityPoolName": "pool",
        "AllowUnauthenticatedIdentities": false,
        "OpenIdConnectProviderARNs": [format!("arn:aws:iam::{OTHER}:oidc-provider/{KEY}")],
    });
    house.good("UpdateIdentityPool", input).await;
    let input = json!({"IdentityPoolId": pool, "Logins": house.login("ann")});
    let said = house.refused("GetId", input).await;
    assert_eq!(said, says("NotAuthorizedException", UNSUPPORTED));
}

#[tokio::test]
async fn tokens_of_cognito_itself_have_no_place_in_get_id() {
    let house = House::new();
    let pool = house.pool(true).await;
    let logins = json!({"cognito-identity.amazonaws.com": house.token(ISSUER, "ann")});
    let input = json!({"IdentityPoolId": pool, "Logins": logins});
    assert_eq!(
        house.refused("GetId", input).await,
        says(
            "NotAuthorizedException",
            "Invalid login token. Can't pass in a Cognito token."
        )
    );
    let guest = house.id(&pool, &json!({})).await;
    let said = refusal(house.credentials(&guest, &logins).await);
    assert_eq!(
        said,
        says(
            "NotAuthorizedException",
            "Invalid login token. Not a Cognito token"
        )
    );
}
