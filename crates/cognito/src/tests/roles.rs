//! Handing roles to a pool.

use serde_json::{Value as Json, json};

use super::house::{ACCOUNT, House, OTHER, REGION, provider_arn, refusal, says};
use super::provider::KEY;

fn role(name: &str) -> String {
    format!("arn:aws:iam::{ACCOUNT}:role/pool/{name}")
}

fn rules(role_arn: &str) -> Json {
    json!({
        "Type": "Rules",
        "AmbiguousRoleResolution": "Deny",
        "RulesConfiguration": {"Rules": [
            {"Claim": "dep", "MatchType": "Equals", "Value": "x", "RoleARN": role_arn},
            {"Claim": "dep", "MatchType": "NotEqual", "Value": "x", "RoleARN": role_arn},
            {"Claim": "dep", "MatchType": "Contains", "Value": "x", "RoleARN": role_arn},
            {"Claim": "dep", "MatchType": "StartsWith", "Value": "x", "RoleARN": role_arn},
        ]},
    })
}

const USER_POOL: &str = "cognito-idp.eu-central-1.amazonaws.com/eu-central-1_a";

/// Gives the pool a provider of each kind.
async fn with_providers(house: &House, pool: &str) {
    let input = json!({
        "IdentityPoolId": pool,
        "IdentityPoolName": "pool",
        "AllowUnauthenticatedIdentities": true,
        "OpenIdConnectProviderARNs": [provider_arn(KEY)],
        "SupportedLoginProviders": {"accounts.google.com": "1"},
        "DeveloperProviderName": "login.mine",
        "CognitoIdentityProviders": [{"ProviderName": USER_POOL, "ClientId": "client"}],
        "SamlProviderARNs": [saml()],
    });
    house.good("UpdateIdentityPool", input).await;
}

fn saml() -> String {
    format!("arn:aws:iam::{ACCOUNT}:saml-provider/adfs")
}

#[tokio::test]
async fn a_mapping_is_for_a_provider_that_the_pool_has() {
    let house = House::new();
    let pool = house.pool(true).await;
    with_providers(&house, &pool).await;
    let set = |name: &str| {
        let mappings = json!({name: rules(&role("a"))});
        json!({"IdentityPoolId": pool, "Roles": {}, "RoleMappings": mappings})
    };
    let of_client = format!("{USER_POOL}:client");
    for name in [
        KEY,
        &provider_arn(KEY),
        "accounts.google.com",
        "login.mine",
        &saml(),
        &of_client,
    ] {
        house.good("SetIdentityPoolRoles", set(name)).await;
    }
    let of_other = format!("{USER_POOL}:other");
    let address = format!("https://{KEY}");
    for name in [
        "graph.facebook.com",
        "other.example.com",
        &provider_arn("other.example.com"),
        &address,
        USER_POOL,
        &of_other,
        "ACCOUNTS.google.com",
        &format!("{}2", saml()),
    ] {
        let sentence = format!(
            "({name}) is not a valid RoleMapping ProviderName or is not a configured provider."
        );
        let refused = house.refused("SetIdentityPoolRoles", set(name)).await;
        assert_eq!(refused, says("InvalidParameterException", &sentence));
    }
}

#[tokio::test]
async fn roles_and_mappings_are_shown_as_they_were_set() {
    let house = House::new();
    let pool = house.pool(true).await;
    with_providers(&house, &pool).await;
    let by_id = json!({"IdentityPoolId": pool});
    let input = json!({
        "IdentityPoolId": pool,
        "Roles": {"authenticated": role("a"), "unauthenticated": role("b")},
        "RoleMappings": {
            KEY: rules(&role("c")),
            format!("{USER_POOL}:client"): {
                "Type": "Token", "AmbiguousRoleResolution": "AuthenticatedRole",
            },
        },
    });
    assert_eq!(
        house.good("SetIdentityPoolRoles", input.clone()).await,
        json!({})
    );
    assert_eq!(
        house.good("GetIdentityPoolRoles", by_id.clone()).await,
        input
    );
    // What is not given is taken away.
    house.set_roles(&pool, json!({})).await;
    assert_eq!(
        house.good("GetIdentityPoolRoles", by_id.clone()).await,
        by_id
    );
}

#[tokio::test]
async fn only_roles_of_the_account_can_be_handed_over() {
    let house = House::new();
    let pool = house.pool(true).await;
    for arn in [
        "arn:aws:iam::111122223333:user/ann".to_owned(),
        "arn:aws:sts::111122223333:assumed-role/a/b".to_owned(),
        "arn:aws-cn:iam::111122223333:role/a".to_owned(),
        "arn:aws:iam:eu-central-1:111122223333:role/a".to_owned(),
        "a-role-without-an-arn-form".to_owned(),
    ] {
        let input = json!({"IdentityPoolId": pool, "Roles": {"authenticated": arn}});
        assert_eq!(
            house.refused("SetIdentityPoolRoles", input).await,
            says(
                "InvalidParameterException",
                &format!("Invalid role ARN: {arn}")
            )
        );
    }
    let arn = format!("arn:aws:iam::{OTHER}:role/a");
    for input in [
        json!({"IdentityPoolId": pool, "Roles": {"authenticated": arn}}),
        json!({"IdentityPoolId": pool, "Roles": {}, "RoleMappings": {KEY: rules(&arn)}}),
    ] {
        assert_eq!(
            house.refused("SetIdentityPoolRoles", input).await,
            says("AccessDenied", "Cross-account pass role is not allowed.")
        );
    }
}

#[tokio::test]
async fn mappings_that_say_too_little_or_too_much_are_refused() {
    let house = House::new();
    let pool = house.pool(true).await;
    let good = rules(&role("a"));
    let one = good["RulesConfiguration"]["Rules"][0].clone();
    let many = |count: usize| json!({"Rules": vec![one.clone(); count]});
    for (mapping, sentence) in [
        (
            json!({"Type": "Rules", "RulesConfiguration": many(1)}),
            "AmbiguousRoleResolution is required for role mappings of type Token and Rules.",
        ),
        (
            json!({"Type": "Token"}),
            "AmbiguousRoleResolution is required for role mappings of type Token and Rules.",
        ),
        (
            json!({"Type": "Rules", "AmbiguousRoleResolution": "Deny"}),
            "RulesConfiguration is required for role mappings of type Rules.",
        ),
        (
            json!({
                "Type": "Token", "AmbiguousRoleResolution": "Deny", "RulesConfiguration": many(1),
            }),
            "RulesConfiguration is only for role mappings of type Rules.",
        ),
        (
            json!({
                "Type": "Rules", "AmbiguousRoleResolution": "Deny", "RulesConfiguration": many(26),
            }),
            "A role mapping can have at most 25 rules.",
        ),
    ] {
        let mappings = json!({KEY: mapping});
        let input = json!({"IdentityPoolId": pool, "Roles": {}, "RoleMappings": mappings});
        assert_eq!(
            house.refused("SetIdentityPoolRoles", input).await,
            says("InvalidParameterException", sentence)
        );
    }
    let mapping = json!({
        "Type": "Rules", "AmbiguousRoleResolution": "Deny", "RulesConfiguration": many(25),
    });
    let mappings = json!({KEY: mapping});
    let input = json!({"IdentityPoolId": pool, "Roles": {}, "RoleMappings": mappings});
    house.good("SetIdentityPoolRoles", input).await;
}

#[tokio::test]
async fn each_role_must_be_one_that_the_caller_may_pass() {
    let house = House::new();
    let pool = house.pool(true).await;
    let set = json!({
        "Effect": "Allow", "Action": "cognito-identity:SetIdentityPoolRoles", "Resource": "*",
    });
    let pass = |resource: &str, service: &str| {
        json!({
            "Effect": "Allow",
            "Action": ["iam:PassRole", "cognito-identity:SetIdentityPoolRoles"],
            "Resource": ["*", resource],
            "Condition": {"StringEqualsIfExists": {"iam:PassedToService": service}},
        })
    };
    house.add_user(ACCOUNT, "setter", set);
    house.add_user(
        ACCOUNT,
        "passer",
        pass("*", "cognito-identity.amazonaws.com"),
    );
    house.add_user(ACCOUNT, "wrong", pass("*", "ec2.amazonaws.com"));
    let only = json!({
        "Effect": "Allow",
        "NotAction": "iam:PassRole",
        "Resource": "*",
    });
    house.add_user(ACCOUNT, "other", only);

    let roles = json!({"authenticated": role("a")});
    let mappings = json!({KEY: rules(&role("b"))});
    let set_by = async |user: &str, input: Json| {
        let caller = house.user(ACCOUNT, user);
        house
            .call_as(&caller, REGION, "SetIdentityPoolRoles", input)
            .await
    };
    let plain = json!({"IdentityPoolId": pool, "Roles": roles});
    let mapped = json!({"IdentityPoolId": pool, "Roles": {}, "RoleMappings": mappings});
    for user in ["setter", "wrong", "other"] {
        for (input, arn) in [(&plain, role("a")), (&mapped, role("b"))] {
            let (code, sentence) = refusal(set_by(user, input.clone()).await);
            assert_eq!(code, "AccessDenied");
            let who = format!("arn:aws:iam::{ACCOUNT}:user/{user}");
            let expected = format!(
                "User: {who} is not authorized to perform: iam:PassRole on resource: {arn} because no identity-based policy allows the iam:PassRole action"
            );
            assert_eq!(sentence, expected);
        }
    }
    set_by("passer", plain).await.unwrap();
    set_by("passer", mapped).await.unwrap();
    // Without roles there is nothing to pass.
    let empty = json!({"IdentityPoolId": pool, "Roles": {}});
    set_by("setter", empty).await.unwrap();
}
