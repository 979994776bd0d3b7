//! Identities as the pool's owner sees them.

use std::collections::BTreeSet;

use aws::Clock as _;
use serde_json::{Value as Json, json};

use super::house::{ACCOUNT, House, OTHER, REGION, refusal, says, text};
use super::provider::{KEY, OTHER_KEY};

#[tokio::test]
async fn an_identity_is_shown_with_its_providers_and_times() {
    let house = House::new();
    let pool = house.pool(true).await;
    let made_s = house.clock.epoch_seconds();
    let guest = house.id(&pool, &json!({})).await;
    let input = json!({"IdentityId": guest});
    let shown = house.good("DescribeIdentity", input.clone()).await;
    assert_eq!(shown["IdentityId"], json!(guest));
    assert_eq!(shown["Logins"], json!([]));
    assert_eq!(shown["CreationDate"], shown["LastModifiedDate"]);
    let created = shown["CreationDate"].as_i64().unwrap();
    assert!((made_s..made_s + 5).contains(&created));

    let later = aws::Timestamp::from_second(made_s + 120).unwrap();
    house.clock.set(later);
    let both = house.both_logins("ann", "a");
    house.credentials(&guest, &both).await.unwrap();
    let shown = house.good("DescribeIdentity", input).await;
    assert_eq!(shown["Logins"], json!([KEY, OTHER_KEY]));
    assert_eq!(shown["CreationDate"], json!(created));
    assert!(shown["LastModifiedDate"].as_i64().unwrap() >= made_s + 120);
}

#[tokio::test]
async fn identities_are_listed_by_pool_in_pages() {
    let house = House::new();
    let pool = house.pool(true).await;
    let other_pool = house.pool(true).await;
    house.id(&other_pool, &json!({})).await;
    let mut made = BTreeSet::from([house.id(&pool, &house.login("ann")).await]);
    for _ in 0..3 {
        made.insert(house.id(&pool, &json!({})).await);
    }
    let mut listed = BTreeSet::new();
    let mut input = json!({"IdentityPoolId": pool, "MaxResults": 3, "HideDisabled": true});
    let mut pages = 0;
    loop {
        let page = house.good("ListIdentities", input.clone()).await;
        assert_eq!(page["IdentityPoolId"], json!(pool));
        for identity in page["Identities"].as_array().unwrap() {
            listed.insert(text(&identity["IdentityId"]));
        }
        pages += 1;
        let Some(next) = page.get("NextToken") else {
            break;
        };
        input["NextToken"] = next.clone();
    }
    assert_eq!((listed, pages), (made, 2));
}

#[tokio::test]
async fn a_deleted_identity_does_not_come_back() {
    let house = House::new();
    let pool = house.pool(true).await;
    let logins = house.login("ann");
    let ann = house.id(&pool, &logins).await;
    let guest = house.id(&pool, &json!({})).await;
    let input = json!({"IdentityIdsToDelete": [ann, guest, ann]});
    let answer = house.good("DeleteIdentities", input).await;
    assert_eq!(answer, json!({"UnprocessedIdentityIds": []}));
    for id in [&ann, &guest] {
        let said = refusal(house.credentials(id, &logins).await);
        let missing = format!("Identity '{id}' not found.");
        assert_eq!(said, says("ResourceNotFoundException", &missing));
        let said = house
            .refused("DescribeIdentity", json!({"IdentityId": id}))
            .await;
        assert_eq!(said, says("ResourceNotFoundException", &missing));
    }
    assert_ne!(ann, house.id(&pool, &logins).await);
}

#[tokio::test]
async fn identities_of_others_are_neither_shown_nor_deleted() {
    let house = House::new();
    let pool = house.pool(true).await;
    let guest = house.id(&pool, &json!({})).await;
    let absent = "eu-central-1:00000000-0000-4000-8000-000000000000";
    let stranger = house.user(OTHER, "admin");
    let own = house.user(ACCOUNT, "admin");
    for (caller, region) in [(&stranger, REGION), (&own, "us-east-1")] {
        let call = async |operation: &str, input: Json| {
            house.call_as(caller, region, operation, input).await
        };
        let said = refusal(call("DescribeIdentity", json!({"IdentityId": guest})).await);
        assert_eq!(
            said,
            says(
                "ResourceNotFoundException",
                &format!("Identity '{guest}' not found.")
            )
        );
        let input = json!({"IdentityIdsToDelete": [guest, absent]});
        let unprocessed = |id: &str| json!({"IdentityId": id, "ErrorCode": "AccessDenied"});
        let answer = call("DeleteIdentities", input).await.unwrap();
        assert_eq!(
            answer["UnprocessedIdentityIds"],
            json!([unprocessed(&guest), unprocessed(absent)])
        );
    }
    house.credentials(&guest, &json!({})).await.unwrap();
}
