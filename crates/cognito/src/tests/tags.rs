//! Tags of pools.

use serde_json::{Value as Json, json};

use super::house::{ACCOUNT, House, OTHER, REGION, refusal, says};

async fn tagged(house: &House) -> (String, String) {
    let input = json!({
        "IdentityPoolName": "p",
        "AllowUnauthenticatedIdentities": false,
        "IdentityPoolTags": {"team": "a", "Team": "b"},
    });
    let created = house.good("CreateIdentityPool", input).await;
    let id = created["IdentityPoolId"].as_str().unwrap().to_owned();
    let arn = format!("arn:aws:cognito-identity:{REGION}:{ACCOUNT}:identitypool/{id}");
    (id, arn)
}

async fn tags(house: &House, arn: &str) -> Json {
    let input = json!({"ResourceArn": arn});
    house.good("ListTagsForResource", input).await["Tags"].clone()
}

#[tokio::test]
async fn tags_are_set_replaced_and_taken_away() {
    let house = House::new();
    let (_, arn) = tagged(&house).await;
    assert_eq!(tags(&house, &arn).await, json!({"team": "a", "Team": "b"}));
    let input = json!({"ResourceArn": arn, "Tags": {"team": "c", "cost": ""}});
    assert_eq!(house.good("TagResource", input).await, json!({}));
    let input = json!({"ResourceArn": arn, "TagKeys": ["Team", "none"]});
    assert_eq!(house.good("UntagResource", input).await, json!({}));
    assert_eq!(tags(&house, &arn).await, json!({"cost": "", "team": "c"}));
}

#[tokio::test]
async fn tags_are_bounded_and_aws_keeps_some_to_itself() {
    let house = House::new();
    let (_, arn) = tagged(&house).await;
    let many = |count: usize| -> Json {
        let tags = (0..count).map(|at| (format!("k{at}"), json!("v")));
        json!({"ResourceArn": arn, "Tags": Json::Object(tags.collect())})
    };
    let (code, _) = house.refused("TagResource", many(49)).await;
    assert_eq!(code, "InvalidParameterException");
    house.good("TagResource", many(48)).await;
    for key in ["aws:x", "AWS:x"] {
        let input = json!({"ResourceArn": arn, "Tags": {key: "v"}});
        assert_eq!(
            house.refused("TagResource", input).await,
            says(
                "InvalidParameterException",
                &format!("The tag key {key} begins with aws:, which is reserved.")
            )
        );
    }
}

#[tokio::test]
async fn only_arns_of_the_callers_pools_are_taken() {
    let house = House::new();
    let (id, arn) = tagged(&house).await;
    for wrong in [
        arn.replace("identitypool/", "userpool/"),
        arn.replace("cognito-identity", "cognito-idp"),
        arn.replace("arn:aws:", "arn:aws-cn:"),
        "arn:aws:cognito-identity".to_owned(),
    ] {
        let (code, _) = house
            .refused("ListTagsForResource", json!({"ResourceArn": wrong}))
            .await;
        assert_eq!(code, "InvalidParameterException", "{wrong}");
    }
    let missing = says(
        "ResourceNotFoundException",
        &format!("IdentityPool '{id}' not found."),
    );
    for wrong in [
        arn.replace(ACCOUNT, OTHER),
        arn.replacen(REGION, "eu-west-1", 1),
    ] {
        let said = house
            .refused("ListTagsForResource", json!({"ResourceArn": wrong}))
            .await;
        assert_eq!(said, missing);
    }
    let stranger = house.user(OTHER, "admin");
    let input = json!({"ResourceArn": arn, "Tags": {"a": "b"}});
    let answered = house.call_as(&stranger, REGION, "TagResource", input).await;
    assert_eq!(refusal(answered), missing);
}
