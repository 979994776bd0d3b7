//! Keys over time, and what is signed with them.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use aws::SystemEntropy;
use oidc::{Expectation, Refusal, verify_with};
use seal::{Envelope, MasterKey};
use serde_json::json;
use store::Store;

use crate::{
    Algorithm, IDENTITY_POOLS, PoolToken, Realm, SigningKeys, sign_pool_token, verify_pool_token,
};

const NOW: i64 = 1_800_000_000;
const DAY: i64 = 86_400;
const ISSUER: &str = "https://issuer.example";

/// Quick to make keys for.
static CURVES: LazyLock<Realm> = LazyLock::new(|| Realm {
    name: "test".into(),
    algorithms: &[Algorithm::Es384],
});

fn keys_in(store: &Store, master: &MasterKey) -> SigningKeys {
    let envelope = Envelope::new(master, Box::new(SystemEntropy));
    SigningKeys::new(store.clone(), Arc::new(envelope))
}

fn keys() -> SigningKeys {
    let master = MasterKey::generate(&SystemEntropy);
    keys_in(&Store::in_memory().unwrap(), &master)
}

fn token(keys: &crate::RealmKeys, now_s: i64) -> String {
    let claims = json!({"iss": ISSUER, "sub": "s", "aud": "a", "exp": now_s + DAY, "iat": now_s});
    keys.sign(Algorithm::Es384, "JWT", &claims).unwrap()
}

fn verify(keys: &crate::RealmKeys, token: &str, now_s: i64) -> Result<(), Refusal> {
    let client_ids = ["a".to_owned()];
    let expectation = Expectation {
        issuer: ISSUER,
        client_ids: &client_ids,
        now: now_s,
    };
    verify_with(token, &expectation, keys.verifiers()).map(|_| ())
}

fn ids(keys: &crate::RealmKeys) -> Vec<String> {
    let set = keys.key_set();
    let keys = set["keys"].as_array().unwrap();
    let id = |key: &serde_json::Value| key["kid"].as_str().unwrap().to_owned();
    keys.iter().map(id).collect()
}

#[test]
fn keys_are_made_once_and_are_the_same_after_a_restart() {
    let store = Store::in_memory().unwrap();
    let master = MasterKey::generate(&SystemEntropy);
    let first = keys_in(&store, &master);
    assert!(first.find(&CURVES, NOW).unwrap().is_none());
    let made = first.ready(&CURVES, NOW).unwrap();
    let signed = token(&made, NOW);
    let restarted = keys_in(&store, &master).ready(&CURVES, NOW).unwrap();
    verify(&restarted, &signed, NOW).unwrap();
    verify(&made, &token(&restarted, NOW), NOW).unwrap();
    // Another master key opens nothing.
    let stranger = keys_in(&store, &MasterKey::generate(&SystemEntropy));
    assert!(stranger.find(&CURVES, NOW).is_err());
}

#[test]
fn a_new_key_is_published_before_it_signs_and_an_old_one_after() {
    let keys = keys();
    let first = keys.ready(&CURVES, NOW).unwrap();
    assert_eq!(ids(&first), ["EC384_0"]);
    let due = NOW + 30 * DAY;
    assert_eq!(ids(&keys.ready(&CURVES, due - 1).unwrap()), ["EC384_0"]);
    let second = keys.ready(&CURVES, due).unwrap();
    assert_eq!(ids(&second), ["EC384_0", "EC384_1"]);
    // The first one still signs.
    let signed = token(&second, due);
    verify(&first, &signed, due).unwrap();
    let later = keys.ready(&CURVES, due + DAY).unwrap();
    let by_second = token(&later, due + DAY);
    assert!(matches!(
        verify(&first, &by_second, due + DAY),
        Err(Refusal::UnknownKey(_))
    ));
    verify(&second, &by_second, due + DAY).unwrap();
    // What the first one signed last counts until it ends.
    let end = due + 2 * DAY - 1;
    verify(
        &keys.ready(&CURVES, end).unwrap(),
        &token(&second, due + DAY),
        end,
    )
    .unwrap();
    // And with the next key the first one goes.
    let third = keys.ready(&CURVES, due + 30 * DAY).unwrap();
    assert_eq!(ids(&third), ["EC384_1", "EC384_2"]);
    assert!(matches!(
        verify(&third, &signed, due),
        Err(Refusal::UnknownKey(_))
    ));
}

#[test]
fn realms_do_not_share_keys() {
    let keys = keys();
    let other = Realm {
        name: "other".into(),
        algorithms: &[Algorithm::Es384],
    };
    let one = keys.ready(&CURVES, NOW).unwrap();
    let two = keys.ready(&other, NOW).unwrap();
    assert!(matches!(
        verify(&two, &token(&one, NOW), NOW),
        Err(Refusal::WrongSignature)
    ));
}

#[test]
fn a_token_of_a_pool_is_read_back_and_no_other() {
    let keys = keys();
    let pool_keys = keys.ready(&IDENTITY_POOLS, NOW).unwrap();
    let tags = BTreeMap::from([("a".to_owned(), "b".to_owned())]);
    let said = PoolToken {
        identity: "us-east-1:i",
        pool: "us-east-1:p",
        pool_arn: "arn:aws:cognito-identity:us-east-1:111122223333:identitypool/us-east-1:p",
        methods: &["authenticated".to_owned()],
        tags: &tags,
        issued_at: NOW,
        expires_at: NOW + 600,
    };
    let token = sign_pool_token(&pool_keys, &said).unwrap();
    let read = verify_pool_token(Some(&pool_keys), &token, NOW)
        .unwrap()
        .unwrap();
    assert_eq!(read.claims.subject(), "us-east-1:i");
    assert_eq!(read.claims.client_id(), "us-east-1:p");
    assert_eq!(read.pool_arn, said.pool_arn);
    assert_eq!(read.claims.session_tags().unwrap().tags, tags);
    assert!(matches!(
        verify_pool_token(Some(&pool_keys), &token, NOW + 600),
        Err(Refusal::Expired { .. })
    ));
    assert!(matches!(
        verify_pool_token(None, &token, NOW),
        Err(Refusal::UnknownKey(_))
    ));
    // Each byte of it counts.
    for at in (0..token.len()).step_by(7) {
        let mut changed = token.clone().into_bytes();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).unwrap();
        let verdict = verify_pool_token(Some(&pool_keys), &changed, NOW);
        assert!(!matches!(verdict, Ok(Some(_))), "byte {at}");
    }
    let foreign = keys.ready(&CURVES, NOW).unwrap();
    let foreign = self::token(&foreign, NOW);
    assert!(
        verify_pool_token(Some(&pool_keys), &foreign, NOW)
            .unwrap()
            .is_none()
    );
}
