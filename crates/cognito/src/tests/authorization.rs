//! Who may do what to pools: each operation needs its own action on the right resource.

use serde_json::{Value as Json, json};

use super::house::{ACCOUNT, House, REGION, refusal, text};

const DEVELOPER: &str = "login.shop";

/// Every signed operation with a good input, and whether its action knows the pool as resource.
fn operations(pool: &str, identity: &str) -> Vec<(&'static str, Json, bool)> {
    let arn = format!("arn:aws:cognito-identity:{REGION}:{ACCOUNT}:identitypool/{pool}");
    let of_pool = |more: Json| {
        let mut input = json!({"IdentityPoolId": pool});
        for (name, value) in more.as_object().unwrap() {
            input[name] = value.clone();
        }
        input
    };
    let named = json!({"IdentityPoolName": "p", "AllowUnauthenticatedIdentities": true});
    let of_provider = of_pool(json!({"IdentityProviderName": "idp.example.com/people"}));
    let merging = of_pool(json!({
        "DeveloperProviderName": DEVELOPER,
        "SourceUserIdentifier": "bob", "DestinationUserIdentifier": "ann",
    }));
    let unlinking = of_pool(json!({
        "IdentityId": identity,
        "DeveloperProviderName": DEVELOPER, "DeveloperUserIdentifier": "ann",
    }));
    vec![
        ("CreateIdentityPool", named.clone(), false),
        ("DescribeIdentityPool", of_pool(json!({})), true),
        ("UpdateIdentityPool", of_pool(named), true),
        ("ListIdentityPools", json!({"MaxResults": 1}), false),
        ("SetIdentityPoolRoles", of_pool(json!({"Roles": {}})), false),
        ("GetIdentityPoolRoles", of_pool(json!({})), true),
        ("SetPrincipalTagAttributeMap", of_provider.clone(), false),
        ("GetPrincipalTagAttributeMap", of_provider, true),
        (
            "GetOpenIdTokenForDeveloperIdentity",
            of_pool(json!({"Logins": {DEVELOPER: "ann"}})),
            true,
        ),
        (
            "LookupDeveloperIdentity",
            of_pool(json!({"DeveloperUserIdentifier": "ann"})),
            true,
        ),
        ("MergeDeveloperIdentities", merging, true),
        ("UnlinkDeveloperIdentity", unlinking, true),
        ("DescribeIdentity", json!({"IdentityId": identity}), false),
        ("ListIdentities", of_pool(json!({"MaxResults": 1})), true),
        (
            "TagResource",
            json!({"ResourceArn": arn, "Tags": {"team": "a"}}),
            true,
        ),
        ("ListTagsForResource", json!({"ResourceArn": arn}), true),
        (
            "UntagResource",
            json!({"ResourceArn": arn, "TagKeys": ["cost"]}),
            true,
        ),
        (
            "DeleteIdentities",
            json!({"IdentityIdsToDelete": [identity]}),
            false,
        ),
        ("DeleteIdentityPool", of_pool(json!({})), true),
    ]
}

#[tokio::test]
async fn each_operation_needs_its_action_on_its_resource() {
    let house = House::new();
    let pool = house.pool(true).await;
    let developers = json!({
        "IdentityPoolId": pool, "IdentityPoolName": "p", "AllowUnauthenticatedIdentities": true,
        "DeveloperProviderName": DEVELOPER,
    });
    house.good("UpdateIdentityPool", developers).await;
    let mut identity = String::new();
    for user in ["bob", "ann"] {
        let input = json!({"IdentityPoolId": pool, "Logins": {DEVELOPER: user}});
        let answer = house
            .good("GetOpenIdTokenForDeveloperIdentity", input)
            .await;
        identity = text(&answer["IdentityId"]);
    }
    let arn = format!("arn:aws:cognito-identity:{REGION}:{ACCOUNT}:identitypool/{pool}");
    for (operation, input, on_pool) in operations(&pool, &identity) {
        let action = format!("cognito-identity:{operation}");
        let resource = if on_pool { arn.as_str() } else { "*" };
        let but = json!({"Effect": "Allow", "NotAction": action, "Resource": "*"});
        let elsewhere = json!({
            "Effect": "Allow", "Action": action,
            "Resource": if on_pool { arn.replace(&pool, "x") } else { arn.clone() },
        });
        for statement in [but, elsewhere] {
            house.add_user(ACCOUNT, "user", statement);
            let caller = house.user(ACCOUNT, "user");
            let answered = house
                .call_as(&caller, REGION, operation, input.clone())
                .await;
            let (code, sentence) = refusal(answered);
            assert_eq!(code, "AccessDenied", "{operation}");
            let on = if on_pool {
                format!(" on resource: {arn}")
            } else {
                String::new()
            };
            let expected = format!(
                "User: arn:aws:iam::{ACCOUNT}:user/user is not authorized to perform: {action}{on} because no identity-based policy allows the {action} action"
            );
            assert_eq!(sentence, expected);
        }
        let allowed = json!({"Effect": "Allow", "Action": action, "Resource": resource});
        house.add_user(ACCOUNT, "user", allowed);
        let caller = house.user(ACCOUNT, "user");
        let answered = house.call_as(&caller, REGION, operation, input).await;
        assert!(answered.is_ok(), "{operation}: {}", answered.unwrap_err());
    }
}

#[tokio::test]
async fn tags_and_pools_can_be_asked_about() {
    let house = House::new();
    let pool = house.pool(true).await;
    let identity = house.id(&pool, &json!({})).await;
    let arn = format!("arn:aws:cognito-identity:{REGION}:{ACCOUNT}:identitypool/{pool}");
    let input = json!({"ResourceArn": arn, "Tags": {"team": "red"}});
    house.good("TagResource", input).await;
    let tagging = json!({"ResourceArn": arn, "Tags": {"stage": "x"}});
    let untagging = json!({"ResourceArn": arn, "TagKeys": ["stage"]});
    let making = json!({
        "IdentityPoolName": "p", "AllowUnauthenticatedIdentities": true,
        "IdentityPoolTags": {"stage": "x"},
    });
    let by_id = json!({"IdentityPoolId": pool});
    let describing = json!({"IdentityId": identity});
    let deleting = json!({"IdentityIdsToDelete": [identity]});
    let pool_arn = "cognito-identity:IdentityPoolArn";
    for (operation, input, key, right, wrong) in [
        (
            "DescribeIdentityPool",
            &by_id,
            "aws:ResourceTag/team",
            "red",
            "blue",
        ),
        (
            "TagResource",
            &tagging,
            "aws:ResourceTag/team",
            "red",
            "blue",
        ),
        ("TagResource", &tagging, "aws:RequestTag/stage", "x", "y"),
        ("TagResource", &tagging, "aws:TagKeys", "stage", "team"),
        ("UntagResource", &untagging, "aws:TagKeys", "stage", "team"),
        (
            "CreateIdentityPool",
            &making,
            "aws:RequestTag/stage",
            "x",
            "y",
        ),
        (
            "DescribeIdentity",
            &describing,
            pool_arn,
            arn.as_str(),
            "arn:x",
        ),
        (
            "DeleteIdentities",
            &deleting,
            pool_arn,
            arn.as_str(),
            "arn:x",
        ),
    ] {
        for (value, is_allowed) in [(wrong, false), (right, true)] {
            let operator = if key == "aws:TagKeys" {
                "ForAllValues:StringEquals"
            } else {
                "StringEquals"
            };
            let statement = json!({
                "Effect": "Allow", "Action": "*", "Resource": "*",
                "Condition": {operator: {key: value}},
            });
            house.add_user(ACCOUNT, "user", statement);
            let caller = house.user(ACCOUNT, "user");
            let answered = house
                .call_as(&caller, REGION, operation, input.clone())
                .await;
            if is_allowed {
                answered.unwrap();
            } else {
                let (code, _) = refusal(answered);
                assert_eq!(code, "AccessDenied", "{operation} {key}");
            }
        }
    }
}

#[tokio::test]
async fn an_update_that_changes_tags_needs_the_right_to_tag() {
    let house = House::new();
    let pool = house.pool(true).await;
    let arn = format!("arn:aws:cognito-identity:{REGION}:{ACCOUNT}:identitypool/{pool}");
    let input = json!({"ResourceArn": arn, "Tags": {"team": "red"}});
    house.good("TagResource", input).await;
    let updating = json!({
        "Effect": "Allow", "Action": "cognito-identity:UpdateIdentityPool", "Resource": "*",
    });
    house.add_user(ACCOUNT, "user", updating);
    let caller = house.user(ACCOUNT, "user");
    let update = async |tags: Json| {
        let input = json!({
            "IdentityPoolId": pool, "IdentityPoolName": "p",
            "AllowUnauthenticatedIdentities": true, "IdentityPoolTags": tags,
        });
        house
            .call_as(&caller, REGION, "UpdateIdentityPool", input)
            .await
    };
    update(json!({"team": "red"})).await.unwrap();
    for tags in [
        json!({"team": "blue"}),
        json!({}),
        json!({"team": "red", "a": "b"}),
    ] {
        let (code, sentence) = refusal(update(tags).await);
        assert_eq!(code, "AccessDenied");
        assert!(
            sentence.contains("cognito-identity:TagResource"),
            "{sentence}"
        );
    }
}

#[tokio::test]
async fn a_pool_with_tags_needs_the_right_to_tag() {
    let house = House::new();
    let making = json!({
        "Effect": "Allow", "Action": "cognito-identity:CreateIdentityPool", "Resource": "*",
    });
    house.add_user(ACCOUNT, "maker", making);
    let tagging = json!({
        "Effect": "Allow",
        "Action": ["cognito-identity:CreateIdentityPool", "cognito-identity:TagResource"],
        "Resource": "*",
    });
    house.add_user(ACCOUNT, "tagger", tagging);
    let create = async |user: &str, tags: Json| {
        let input = json!({
            "IdentityPoolName": "p", "AllowUnauthenticatedIdentities": true,
            "IdentityPoolTags": tags,
        });
        let caller = house.user(ACCOUNT, user);
        house
            .call_as(&caller, REGION, "CreateIdentityPool", input)
            .await
    };
    create("maker", json!({})).await.unwrap();
    create("tagger", json!({"team": "red"})).await.unwrap();
    let (code, sentence) = refusal(create("maker", json!({"team": "red"})).await);
    assert_eq!(code, "AccessDenied");
    assert!(
        sentence.contains("cognito-identity:TagResource"),
        "{sentence}"
    );
}
