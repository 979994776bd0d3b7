//! GetId: who gets which identity.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::json;
use store::{Exactly, Read as _};

use super::house::{House, REGION, refusal, says};
use crate::identity_record::Identity;
use crate::pool::SCOPE;

fn taken() -> (String, String) {
    says(
        "ResourceConflictException",
        "One of the logins is already linked to another identity.",
    )
}

#[tokio::test]
async fn a_login_leads_to_one_identity_of_the_pools_region() {
    let house = House::new();
    let pool = house.pool(false).await;
    let ann = house.id(&pool, &house.login("ann")).await;
    assert_eq!(ann.split_once(':').unwrap().0, REGION);
    assert_eq!(ann, house.id(&pool, &house.login("ann")).await);
    assert_ne!(ann, house.id(&pool, &house.login("bob")).await);
    assert_ne!(ann, house.id(&pool, &house.other_login("ann")).await);
    let other_pool = house.pool(false).await;
    assert_ne!(ann, house.id(&other_pool, &house.login("ann")).await);
}

#[tokio::test]
async fn every_guest_is_new() {
    let house = House::new();
    let pool = house.pool(true).await;
    let guest = house.id(&pool, &json!({})).await;
    let input = json!({"IdentityPoolId": pool, "AccountId": "1"});
    let another = house.good("GetId", input).await;
    assert_ne!(json!(guest), another["IdentityId"]);
}

#[tokio::test]
async fn guests_are_refused_where_the_pool_takes_none() {
    let house = House::new();
    let pool = house.pool(false).await;
    let input = json!({"IdentityPoolId": pool});
    assert_eq!(
        house.refused("GetId", input).await,
        says(
            "NotAuthorizedException",
            "Unauthenticated access is not supported for this identity pool."
        )
    );
}

#[tokio::test]
async fn a_pool_that_is_not_there_is_not_found() {
    let house = House::new();
    let pool = format!("{REGION}:00000000-0000-4000-8000-000000000000");
    let sentence = format!("IdentityPool '{pool}' not found.");
    for logins in [json!({}), house.login("ann")] {
        let input = json!({"IdentityPoolId": pool, "Logins": logins});
        assert_eq!(
            house.refused("GetId", input).await,
            says("ResourceNotFoundException", &sentence)
        );
    }
}

#[tokio::test]
async fn logins_that_come_together_become_one_identity() {
    let house = House::new();
    let pool = house.pool(false).await;
    let ann = house.id(&pool, &house.login("ann")).await;
    assert_eq!(ann, house.id(&pool, &house.both_logins("ann", "a")).await);
    assert_eq!(ann, house.id(&pool, &house.other_login("a")).await);

    let bob = house.id(&pool, &house.both_logins("bob", "b")).await;
    assert_eq!(bob, house.id(&pool, &house.login("bob")).await);
    assert_eq!(bob, house.id(&pool, &house.other_login("b")).await);
}

#[tokio::test]
async fn logins_of_two_identities_conflict() {
    let house = House::new();
    let pool = house.pool(false).await;
    house.id(&pool, &house.login("ann")).await;
    house.id(&pool, &house.other_login("bob")).await;
    let input = json!({"IdentityPoolId": pool, "Logins": house.both_logins("ann", "bob")});
    assert_eq!(house.refused("GetId", input).await, taken());
}

#[tokio::test]
async fn an_identity_is_one_person_at_each_provider() {
    let house = House::new();
    let pool = house.pool(false).await;
    house.id(&pool, &house.both_logins("ann", "a")).await;
    let input = json!({"IdentityPoolId": pool, "Logins": house.both_logins("ann", "b")});
    assert_eq!(house.refused("GetId", input).await, taken());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn calls_at_the_same_time_get_the_same_identity() {
    let house = Arc::new(House::new());
    let pool = house.pool(false).await;
    let logins = house.login("ann");
    let calls = (0..16).map(|_| {
        let (house, pool, logins) = (house.clone(), pool.clone(), logins.clone());
        tokio::spawn(async move { house.id(&pool, &logins).await })
    });
    let mut ids = BTreeSet::new();
    for call in calls.collect::<Vec<_>>() {
        ids.insert(call.await.unwrap());
    }
    assert_eq!(ids.len(), 1);
    let reader = house.store.read();
    let count = reader.count::<Identity>(SCOPE, "pool", Exactly(&pool));
    assert_eq!(count.unwrap(), 1);
}

#[tokio::test]
async fn a_known_login_writes_nothing() {
    let house = House::new();
    let pool = house.pool(false).await;
    let logins = house.both_logins("ann", "a");
    let id = house.id(&pool, &logins).await;
    let stamp = house.store.stamp_scope_kind(SCOPE, "cognito.identity");
    assert_eq!(id, house.id(&pool, &logins).await);
    assert_eq!(id, house.id(&pool, &house.login("ann")).await);
    let after = house.store.stamp_scope_kind(SCOPE, "cognito.identity");
    assert_eq!(stamp, after);
    house.id(&pool, &house.login("bob")).await;
    let after = house.store.stamp_scope_kind(SCOPE, "cognito.identity");
    assert_ne!(stamp, after);
}

#[tokio::test]
async fn a_deleted_pool_takes_its_identities_along() {
    let house = House::new();
    let pool = house.pool(true).await;
    let ann = house.id(&pool, &house.login("ann")).await;
    house
        .good("DeleteIdentityPool", json!({"IdentityPoolId": pool}))
        .await;
    assert_eq!(
        refusal(house.credentials(&ann, &house.login("ann")).await),
        says(
            "ResourceNotFoundException",
            &format!("Identity '{ann}' not found.")
        )
    );
    let reader = house.store.read();
    assert_eq!(reader.count::<Identity>(SCOPE, "pool", "").unwrap(), 0);
}
