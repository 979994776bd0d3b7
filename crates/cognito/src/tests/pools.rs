//! Pools: made, shown, changed, listed, deleted.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};

use super::house::{ACCOUNT, House, OTHER, REGION, account, refusal, says, text};
use crate::pool::{Configuration, IdentityPool, SCOPE};

/// A whole configuration.
fn whole() -> Json {
    json!({
        "IdentityPoolName": "Our pool",
        "AllowUnauthenticatedIdentities": true,
        "AllowClassicFlow": false,
        "SupportedLoginProviders": {"accounts.google.com": "1.apps", "www.amazon.com": "amzn1.a"},
        "DeveloperProviderName": "login.mine",
        "OpenIdConnectProviderARNs": [format!("arn:aws:iam::{ACCOUNT}:oidc-provider/a.example/b")],
        "CognitoIdentityProviders": [{
            "ProviderName": "cognito-idp.eu-central-1.amazonaws.com/eu-central-1_a",
            "ClientId": "c",
            "ServerSideTokenCheck": true,
        }],
        "SamlProviderARNs": [format!("arn:aws:iam::{ACCOUNT}:saml-provider/adfs")],
        "IdentityPoolTags": {"team": "a"},
    })
}

fn with(mut input: Json, more: Json) -> Json {
    let members = input.as_object_mut().unwrap();
    for (name, value) in more.as_object().unwrap() {
        match value {
            Json::Null => members.remove(name),
            value => members.insert(name.clone(), value.clone()),
        };
    }
    input
}

fn missing(pool: &str) -> (String, String) {
    says(
        "ResourceNotFoundException",
        &format!("IdentityPool '{pool}' not found."),
    )
}

#[tokio::test]
async fn a_pool_is_shown_as_it_was_made() {
    let house = House::new();
    let created = house.good("CreateIdentityPool", whole()).await;
    let id = text(&created["IdentityPoolId"]);
    let (region, uuid) = id.split_once(':').unwrap();
    assert_eq!((region, uuid.len()), (REGION, 36));
    assert_eq!(created, with(whole(), json!({"IdentityPoolId": id})));
    let input = json!({"IdentityPoolId": id});
    assert_eq!(created, house.good("DescribeIdentityPool", input).await);
}

#[tokio::test]
async fn what_a_pool_does_not_have_is_left_out() {
    let house = House::new();
    let input = json!({"IdentityPoolName": "p", "AllowUnauthenticatedIdentities": false});
    let created = house.good("CreateIdentityPool", input).await;
    let expected = json!({
        "IdentityPoolId": created["IdentityPoolId"],
        "IdentityPoolName": "p",
        "AllowUnauthenticatedIdentities": false,
        "IdentityPoolTags": {},
    });
    assert_eq!(created, expected);
}

#[tokio::test]
async fn an_update_replaces_the_whole_configuration_but_not_tags_and_roles() {
    let house = House::new();
    let created = house.good("CreateIdentityPool", whole()).await;
    let id = text(&created["IdentityPoolId"]);
    let roles = json!({"authenticated": format!("arn:aws:iam::{ACCOUNT}:role/r")});
    house.set_roles(&id, roles.clone()).await;
    let input = json!({
        "IdentityPoolId": id, "IdentityPoolName": "q", "AllowUnauthenticatedIdentities": false,
    });
    let updated = house.good("UpdateIdentityPool", input.clone()).await;
    let kept = json!({"DeveloperProviderName": "login.mine", "IdentityPoolTags": {"team": "a"}});
    assert_eq!(updated, with(input.clone(), kept));
    let shown = house
        .good("GetIdentityPoolRoles", json!({"IdentityPoolId": id}))
        .await;
    assert_eq!(shown["Roles"], roles);

    let retagged = with(input, json!({"IdentityPoolTags": {"stage": "x"}}));
    let updated = house.good("UpdateIdentityPool", retagged).await;
    assert_eq!(updated["IdentityPoolTags"], json!({"stage": "x"}));
}

#[tokio::test]
async fn a_developer_provider_keeps_its_name() {
    let house = House::new();
    let created = house.good("CreateIdentityPool", whole()).await;
    let input = with(
        whole(),
        json!({"IdentityPoolId": created["IdentityPoolId"]}),
    );
    house.good("UpdateIdentityPool", input.clone()).await;
    let renamed = with(input, json!({"DeveloperProviderName": "login.other"}));
    assert_eq!(
        house.refused("UpdateIdentityPool", renamed).await,
        says(
            "InvalidParameterException",
            "The developer provider name cannot be changed once it is set."
        )
    );
}

#[tokio::test]
async fn a_developer_provider_has_a_name_of_its_own() {
    let house = House::new();
    let oidc = json!([format!(
        "arn:aws:iam::{ACCOUNT}:oidc-provider/idp.example.com"
    )]);
    for name in [
        "idp.example.com",
        "graph.facebook.com",
        "cognito-identity.amazonaws.com",
    ] {
        let more = json!({"DeveloperProviderName": name, "OpenIdConnectProviderARNs": oidc});
        assert_eq!(
            house
                .refused("CreateIdentityPool", with(whole(), more))
                .await,
            says(
                "InvalidParameterException",
                &format!("The developer provider name {name} is another provider's.")
            )
        );
    }
}

#[tokio::test]
async fn providers_that_cannot_be_are_refused() {
    let house = House::new();
    let refused = async |more: Json| {
        let input = with(whole(), more);
        let by_create = house.refused("CreateIdentityPool", input.clone()).await;
        let created = house.good("CreateIdentityPool", whole()).await;
        let input = with(input, json!({"IdentityPoolId": created["IdentityPoolId"]}));
        let input = with(input, json!({"DeveloperProviderName": null}));
        assert_eq!(by_create, house.refused("UpdateIdentityPool", input).await);
        by_create
    };
    assert_eq!(
        refused(json!({"SupportedLoginProviders": {"idp.example.com": "1"}})).await,
        says(
            "InvalidParameterException",
            "Please provide a valid public provider"
        )
    );
    let user_pool = "cognito-idp.eu-central-1.amazonaws.com/eu-central-1_a";
    for client in [
        json!({"ClientId": "c"}),
        json!({"ProviderName": user_pool}),
        json!({"ProviderName": "eu-central-1_a", "ClientId": "c"}),
        json!({"ProviderName": "idp.example.com/people", "ClientId": "c"}),
    ] {
        assert_eq!(
            refused(json!({"CognitoIdentityProviders": [client]})).await,
            says(
                "InvalidParameterException",
                "Invalid Cognito Identity Provider"
            )
        );
    }
    for arn in [
        "https://idp.example.com/people",
        "arn:aws:iam::111122223333:saml-provider/adfs",
        "arn:aws:iam:us-east-1:111122223333:oidc-provider/a",
        "arn:aws-cn:iam::111122223333:oidc-provider/a",
        "arn:aws:sts::111122223333:oidc-provider/a",
    ] {
        assert_eq!(
            refused(json!({"OpenIdConnectProviderARNs": [arn]})).await,
            says(
                "InvalidParameterException",
                &format!("Invalid provider ARN: {arn}")
            )
        );
    }
    let arn = "arn:aws:iam::111122223333:oidc-provider/a";
    let (code, _) = refused(json!({"SamlProviderARNs": [arn]})).await;
    assert_eq!(code, "InvalidParameterException");
    let (code, _) = refused(json!({"OpenIdConnectProviderARNs": vec![arn; 51]})).await;
    assert_eq!(code, "LimitExceededException");
}

#[tokio::test]
async fn a_deleted_pool_is_gone() {
    let house = House::new();
    let pool = house.pool(true).await;
    let input = json!({"IdentityPoolId": pool});
    let answer = house.good("DeleteIdentityPool", input.clone()).await;
    assert_eq!(answer, json!({}));
    for operation in [
        "DeleteIdentityPool",
        "DescribeIdentityPool",
        "GetIdentityPoolRoles",
        "GetId",
    ] {
        assert_eq!(
            house.refused(operation, input.clone()).await,
            missing(&pool)
        );
    }
}

#[tokio::test]
async fn a_pool_is_seen_by_its_account_in_its_region_only() {
    let house = House::new();
    let pool = house.pool(true).await;
    let own = house.user(ACCOUNT, "admin");
    let stranger = house.user(OTHER, "admin");
    let arn = format!("arn:aws:cognito-identity:{REGION}:{ACCOUNT}:identitypool/{pool}");
    for (caller, region) in [(&own, "us-east-1"), (&stranger, REGION)] {
        for (operation, more) in [
            ("DescribeIdentityPool", json!({})),
            ("DeleteIdentityPool", json!({})),
            ("GetIdentityPoolRoles", json!({})),
            ("SetIdentityPoolRoles", json!({"Roles": {}})),
            ("ListIdentities", json!({"MaxResults": 1})),
            (
                "UpdateIdentityPool",
                json!({"IdentityPoolName": "x", "AllowUnauthenticatedIdentities": true}),
            ),
            (
                "ListTagsForResource",
                json!({"IdentityPoolId": null, "ResourceArn": arn}),
            ),
        ] {
            let input = with(json!({"IdentityPoolId": pool}), more);
            let answered = house.call_as(caller, region, operation, input).await;
            assert_eq!(refusal(answered), missing(&pool), "{operation}");
        }
        let input = json!({"MaxResults": 60});
        let listed = house
            .call_as(caller, region, "ListIdentityPools", input)
            .await;
        assert_eq!(listed.unwrap(), json!({"IdentityPools": []}));
    }
}

#[tokio::test]
async fn lists_are_paged_to_their_end() {
    let house = House::new();
    let mut made = BTreeSet::new();
    for _ in 0..5 {
        made.insert(house.pool(true).await);
    }
    let mut listed = BTreeSet::new();
    let mut input = json!({"MaxResults": 2});
    let mut pages = 0;
    loop {
        let page = house.good("ListIdentityPools", input.clone()).await;
        for pool in page["IdentityPools"].as_array().unwrap() {
            assert_eq!(pool["IdentityPoolName"], json!("pool"));
            assert!(listed.insert(text(&pool["IdentityPoolId"])));
        }
        pages += 1;
        let Some(next) = page.get("NextToken") else {
            break;
        };
        input["NextToken"] = next.clone();
    }
    assert_eq!((listed, pages), (made, 3));
    let input = json!({"MaxResults": 2, "NextToken": "nonsense"});
    assert_eq!(
        house.refused("ListIdentityPools", input).await,
        says("InvalidParameterException", "Invalid pagination token.")
    );
}

#[tokio::test]
async fn an_account_has_a_thousand_pools() {
    let house = House::new();
    let pool = |number: u32| IdentityPool {
        id: format!("us-east-1:00000000-0000-4000-8000-{number:012}"),
        account: account(ACCOUNT),
        created: aws::Timestamp::UNIX_EPOCH,
        configuration: Configuration {
            name: "p".to_owned(),
            allows_guests: false,
            allows_classic_flow: None,
            public_providers: Default::default(),
            developer_provider: None,
            oidc_provider_arns: Vec::new(),
            user_pools: Vec::new(),
            saml_provider_arns: Vec::new(),
        },
        tags: Default::default(),
        roles: Default::default(),
        tag_mappings: Default::default(),
    };
    let made = house.store.transact(|tx| -> Result<(), store::StoreError> {
        (0..999).try_for_each(|number| tx.put(SCOPE, &pool(number)))
    });
    made.unwrap();
    house.good("CreateIdentityPool", whole()).await;
    let (code, _) = house.refused("CreateIdentityPool", whole()).await;
    assert_eq!(code, "LimitExceededException");
    let stranger = house.user(OTHER, "admin");
    let created = house.call_as(&stranger, REGION, "CreateIdentityPool", whole());
    created.await.unwrap();
}

#[tokio::test]
async fn ids_carry_no_region_that_does_not_fit_them() {
    let house = House::new();
    let admin = house.user(ACCOUNT, "admin");
    for region in ["", "a b", "a:b", "eu_central_1", "ap-southeast-10000x"] {
        let answered = house.call_as(&admin, region, "CreateIdentityPool", whole());
        let (code, _) = refusal(answered.await);
        assert_eq!(code, "InvalidParameterException", "{region}");
    }
}

#[tokio::test]
async fn the_secret_of_an_application_is_shown_to_its_owner_and_lies_nowhere() {
    let house = House::new();
    let mut input = whole();
    let applications = json!({"api.twitter.com": "key;very-secret", "graph.facebook.com": "7346"});
    input["SupportedLoginProviders"] = applications.clone();
    let mut made = house.good("CreateIdentityPool", input).await;
    assert_eq!(made["SupportedLoginProviders"], applications);
    let id = text(&made["IdentityPoolId"]);
    let shown = house
        .good("DescribeIdentityPool", json!({"IdentityPoolId": id}))
        .await;
    assert_eq!(shown["SupportedLoginProviders"], applications);
    let kept = || {
        let pool = house.store.get::<IdentityPool>(SCOPE, &id);
        serde_json::to_string(&pool.unwrap().unwrap()).unwrap()
    };
    assert!(!kept().contains("secret") && kept().contains("7346"));
    made["SupportedLoginProviders"]["api.twitter.com"] = json!("key;another-secret");
    let changed = house.good("UpdateIdentityPool", made).await;
    assert_eq!(
        changed["SupportedLoginProviders"]["api.twitter.com"],
        "key;another-secret"
    );
    assert!(!kept().contains("secret"));
}
