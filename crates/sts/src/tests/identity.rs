//! GetCallerIdentity and GetAccessKeyInfo.

use identity::Caller;
use serde_json::json;

use super::house::{ACCOUNT, House, policy};

fn identity(house: &House, caller: &Caller) -> (String, String) {
    let answer = house.good(caller, "GetCallerIdentity", &[]);
    assert_eq!(answer["Account"], ACCOUNT);
    let text = |name: &str| answer[name].as_str().unwrap().to_owned();
    (text("Arn"), text("UserId"))
}

#[test]
fn every_kind_of_caller_is_told_its_names() {
    let house = House::new();
    let admin = house.admin();
    let root = house.root(ACCOUNT);
    let own = house
        .bearer(&house.good(&admin, "GetSessionToken", &[]))
        .unwrap();
    let of_root = house
        .bearer(&house.good(&root, "GetSessionToken", &[]))
        .unwrap();
    let federated = house.good(&admin, "GetFederationToken", &[("Name", "bob")]);
    let federated = house.bearer(&federated).unwrap();
    let role = house.assume(&admin, &house.open_role("r"), &[]);
    for (caller, arn, id) in [
        (
            &admin,
            "iam::111122223333:user/admin",
            "AIDAADMIN111122223333",
        ),
        (
            &own,
            "iam::111122223333:user/admin",
            "AIDAADMIN111122223333",
        ),
        (&root, "iam::111122223333:root", "111122223333"),
        (&of_root, "iam::111122223333:root", "111122223333"),
        (
            &federated,
            "sts::111122223333:federated-user/bob",
            "111122223333:bob",
        ),
        (
            &role,
            "sts::111122223333:assumed-role/r/session",
            "AROAR111122223333:session",
        ),
    ] {
        assert_eq!(
            identity(&house, caller),
            (format!("arn:aws:{arn}"), id.to_owned())
        );
    }
}

#[test]
fn no_policy_takes_the_question_who_am_i_away() {
    let house = House::new();
    let denied = json!({"Effect": "Deny", "Action": "*", "Resource": "*"});
    identity(&house, &house.user(ACCOUNT, "ana", denied.clone()));
    let denied = policy(denied);
    let session = house.assume(
        &house.admin(),
        &house.open_role("r"),
        &[("Policy", &denied)],
    );
    identity(&house, &session);
}

#[test]
fn a_key_id_tells_its_account() {
    let house = House::new();
    let ask = |id: &str| house.call(&house.admin(), "GetAccessKeyInfo", &[("AccessKeyId", id)]);
    assert_eq!(
        ask("ASIAQNZGKIQY56JQ7WML").unwrap(),
        json!({"Account": "029608264753"})
    );
    for id in ["AKIAIOSFODNN7EXAMPLE", "nothing_like_a_key"] {
        assert_eq!(ask(id).unwrap_err().code(), "ValidationError", "{id}");
    }
}
