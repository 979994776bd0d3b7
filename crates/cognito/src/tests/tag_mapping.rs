//! Attributes for access control: claims that become session tags.

use serde_json::{Value as Json, json};

use super::house::{House, refusal, says, text, trust};
use super::provider::{CLIENT, ISSUER, KEY, claims, token};

const SET: &str = "SetPrincipalTagAttributeMap";

async fn set(house: &House, pool: &str, more: Json) -> Json {
    let mut input = more;
    input["IdentityPoolId"] = json!(pool);
    input["IdentityProviderName"] = json!(KEY);
    house.good(SET, input).await
}

fn taking_tags(pool: &str) -> Json {
    let mut statement = trust(pool, "authenticated");
    statement["Action"] = json!(["sts:AssumeRoleWithWebIdentity", "sts:TagSession"]);
    statement
}

#[tokio::test]
async fn claims_become_tags_that_policies_can_ask_about() {
    let house = House::new();
    let pool = house.pool(false).await;
    let shown = set(
        &house,
        &pool,
        json!({"PrincipalTags": {"department": "dept"}}),
    )
    .await;
    assert_eq!(shown["UseDefaults"], json!(false));
    assert_eq!(shown["PrincipalTags"], json!({"department": "dept"}));
    let own = json!({
        "Effect": "Allow", "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::b/${aws:PrincipalTag/department}/*",
    });
    house.add_role("member", taking_tags(&pool), own);
    let mut said = claims(
        ISSUER,
        "ann",
        aws::Clock::epoch_seconds(house.clock.as_ref()),
    );
    said["dept"] = json!("sales");
    let logins = json!({KEY: token(&said)});
    let ann = house.id(&pool, &logins).await;
    let bearer = house.bearer(&house.credentials(&ann, &logins).await.unwrap());
    house
        .may(&bearer, "s3:GetObject", "arn:aws:s3:::b/sales/x")
        .unwrap();
    house
        .may(&bearer, "s3:GetObject", "arn:aws:s3:::b/legal/x")
        .unwrap_err();
    let session = bearer.known().unwrap().session().unwrap();
    assert_eq!(session.transitive_tag_keys, ["department"]);
}

#[tokio::test]
async fn the_defaults_name_client_and_person() {
    let house = House::new();
    let pool = house.pool(false).await;
    let shown = set(&house, &pool, json!({"UseDefaults": true})).await;
    assert_eq!(shown["UseDefaults"], json!(true));
    assert_eq!(
        shown["PrincipalTags"],
        json!({"client": "aud", "username": "sub"})
    );
    let everything = json!({"Effect": "Allow", "Action": "*", "Resource": "*"});
    house.add_role("member", taking_tags(&pool), everything);
    let logins = house.login("ann");
    let ann = house.id(&pool, &logins).await;
    let bearer = house.bearer(&house.credentials(&ann, &logins).await.unwrap());
    let tags = &bearer.known().unwrap().session().unwrap().tags;
    let tags: Vec<_> = tags
        .iter()
        .map(|tag| (tag.key.as_str(), tag.value.as_str()))
        .collect();
    assert_eq!(tags, [("client", CLIENT), ("username", "ann")]);
}

#[tokio::test]
async fn a_role_must_let_itself_be_tagged() {
    let house = House::new();
    let pool = house.pool(false).await;
    set(&house, &pool, json!({"UseDefaults": true})).await;
    let logins = house.login("ann");
    let ann = house.id(&pool, &logins).await;
    assert_eq!(
        refusal(house.credentials(&ann, &logins).await),
        says(
            "InvalidIdentityPoolConfigurationException",
            "Invalid identity pool configuration. Check assigned IAM roles for this pool."
        )
    );
    set(&house, &pool, json!({"UseDefaults": false})).await;
    house.credentials(&ann, &logins).await.unwrap();
}

#[tokio::test]
async fn a_claim_that_cannot_be_a_tag_refuses_the_session() {
    let house = House::new();
    let pool = house.pool(false).await;
    let everything = json!({"Effect": "Allow", "Action": "*", "Resource": "*"});
    house.add_role("member", taking_tags(&pool), everything);
    set(
        &house,
        &pool,
        json!({"PrincipalTags": {"groups": "groups"}}),
    )
    .await;
    for (groups, is_good) in [
        (json!("a"), true),
        (json!(["a"]), true),
        (json!(7), true),
        (json!([]), true),
        (json!(["a", "b"]), false),
        (json!("<script>"), false),
        (json!("x".repeat(257)), false),
    ] {
        let mut said = claims(
            ISSUER,
            "ann",
            aws::Clock::epoch_seconds(house.clock.as_ref()),
        );
        said["groups"] = groups.clone();
        let logins = json!({KEY: token(&said)});
        let ann = house.id(&pool, &logins).await;
        let answered = house.credentials(&ann, &logins).await;
        if is_good {
            answered.unwrap();
        } else {
            assert_eq!(refusal(answered).0, "InvalidParameterException", "{groups}");
        }
    }
}

#[tokio::test]
async fn mappings_are_shown_and_belong_to_the_pools_account() {
    let house = House::new();
    let pool = house.pool(false).await;
    set(&house, &pool, json!({"PrincipalTags": {"a": "b"}})).await;
    let input = json!({"IdentityPoolId": pool, "IdentityProviderName": KEY});
    let shown = house
        .good("GetPrincipalTagAttributeMap", input.clone())
        .await;
    assert_eq!(text(&shown["IdentityProviderName"]), KEY);
    assert_eq!(shown["PrincipalTags"], json!({"a": "b"}));
    let stranger = house.user(super::house::OTHER, "admin");
    for operation in [SET, "GetPrincipalTagAttributeMap"] {
        let region = super::house::REGION;
        let refused = house
            .call_as(&stranger, region, operation, input.clone())
            .await;
        assert_eq!(refusal(refused).0, "ResourceNotFoundException");
    }
    let mut both = input;
    both["UseDefaults"] = json!(true);
    both["PrincipalTags"] = json!({"a": "b"});
    assert_eq!(
        house.refused(SET, both).await.0,
        "InvalidParameterException"
    );
}
