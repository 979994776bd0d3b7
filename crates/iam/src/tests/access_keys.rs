//! Access keys.

use aws::Clock as _;
use identity::LastUsed;

use super::house::{ACCOUNT, House, account, arn, refusal, says};

#[test]
fn a_key_is_shown_with_its_secret_once_and_opens_the_door() {
    let house = House::new();
    house.good("CreateUser", &[("UserName", "bob")]);
    let created = house.good("CreateAccessKey", &[("UserName", "bob")]);
    let key = &created["AccessKey"];
    let (id, secret) = (
        key["AccessKeyId"].as_str().unwrap(),
        key["SecretAccessKey"].as_str().unwrap(),
    );
    assert_eq!((id.len(), secret.len()), (20, 40));
    assert_eq!(seal::account_of(id), Some(account(ACCOUNT)));
    assert_eq!(key["Status"], "Active");

    let credential = house.directory().credential(id, None, 0).unwrap();
    assert_eq!(credential.secret.expose(), secret);
    assert_eq!(credential.caller.known().unwrap().arn(), arn("user/bob"));

    let listed = house.good("ListAccessKeys", &[("UserName", "bob")]);
    let view = listed["AccessKeyMetadata"][0].as_object().unwrap();
    assert_eq!(
        view.keys().collect::<Vec<_>>(),
        ["AccessKeyId", "CreateDate", "Status", "UserName"]
    );
}

#[test]
fn a_user_has_two_keys_at_most() {
    let house = House::new();
    for _ in 0..2 {
        house.good("CreateAccessKey", &[]);
    }
    assert_eq!(
        house.refused("CreateAccessKey", &[]),
        says(
            "LimitExceeded",
            "Cannot exceed quota for AccessKeysPerUser: 2"
        )
    );
}

#[test]
fn an_inactive_key_opens_nothing_until_it_is_active_again() {
    let house = House::new();
    let id = new_key(&house, "admin");
    let set = |status| {
        house.good(
            "UpdateAccessKey",
            &[("AccessKeyId", &id), ("Status", status)],
        )
    };
    set("Inactive");
    let listed = house.good("ListAccessKeys", &[]);
    assert_eq!(listed["AccessKeyMetadata"][0]["Status"], "Inactive");
    let refused = house.directory().credential(&id, None, 0).unwrap_err();
    assert!(
        matches!(refused, identity::CredentialRefusal::Inactive),
        "{refused}"
    );
    set("Active");
    assert!(house.directory().credential(&id, None, 0).is_ok());
    let form = [("AccessKeyId", id.as_str()), ("Status", "Expired")];
    assert_eq!(house.refused("UpdateAccessKey", &form).0, "InvalidInput");
}

#[test]
fn a_deleted_key_opens_nothing() {
    let house = House::new();
    let id = new_key(&house, "admin");
    house.good("DeleteAccessKey", &[("AccessKeyId", &id)]);
    let refused = house.directory().credential(&id, None, 0).unwrap_err();
    assert!(
        matches!(refused, identity::CredentialRefusal::Unknown),
        "{refused}"
    );
    assert_eq!(
        house.refused("DeleteAccessKey", &[("AccessKeyId", &id)]),
        says(
            "NoSuchEntity",
            &format!("The Access Key with id {id} cannot be found.")
        )
    );
}

#[test]
fn the_key_of_one_user_is_no_key_of_another() {
    let house = House::new();
    house.good("CreateUser", &[("UserName", "bob")]);
    let id = new_key(&house, "admin");
    let form = [("UserName", "bob"), ("AccessKeyId", id.as_str())];
    assert_eq!(house.refused("DeleteAccessKey", &form).0, "NoSuchEntity");
}

#[test]
fn root_makes_keys_of_its_own() {
    let house = House::new();
    let root = house.root();
    let created = house.call_as(&root, "CreateAccessKey", &[]).unwrap();
    assert_eq!(created["AccessKey"].get("UserName"), None);
    let id = created["AccessKey"]["AccessKeyId"].as_str().unwrap();
    let credential = house.directory().credential(id, None, 0).unwrap();
    assert_eq!(credential.caller.known().unwrap().arn(), arn("root"));
    assert_eq!(
        house.good("GetAccountSummary", &[])["SummaryMap"]["AccountAccessKeysPresent"],
        1
    );
}

#[test]
fn the_last_use_is_told_once_there_is_one() {
    let house = House::new();
    let id = new_key(&house, "admin");
    let ask = || house.good("GetAccessKeyLastUsed", &[("AccessKeyId", &id)]);
    let never = ask();
    assert_eq!(never["UserName"], "admin");
    assert_eq!(
        never["AccessKeyLastUsed"],
        serde_json::json!({"ServiceName": "N/A", "Region": "N/A"})
    );
    let used = LastUsed {
        id: id.clone(),
        at: house.clock.now(),
        region: "eu-west-1".to_owned(),
        service: "s3".to_owned(),
    };
    house.put(ACCOUNT, &used);
    let once = ask();
    assert_eq!(once["AccessKeyLastUsed"]["Region"], "eu-west-1");
    assert_eq!(once["AccessKeyLastUsed"]["ServiceName"], "s3");
    assert_eq!(
        once["AccessKeyLastUsed"]["LastUsedDate"],
        used.at.as_second()
    );
}

#[test]
fn the_last_use_of_a_key_that_does_not_exist_is_denied() {
    let house = House::new();
    let answered = house.call(
        "GetAccessKeyLastUsed",
        &[("AccessKeyId", "AKIAIOSFODNN7EXAMPLE")],
    );
    let expected = format!(
        "User: {} is not authorized to perform iam:GetAccessKeyLastUsed on resource: access key AKIAIOSFODNN7EXAMPLE",
        arn("user/admin")
    );
    assert_eq!(refusal(answered), says("AccessDenied", &expected));
}

fn new_key(house: &House, user: &str) -> String {
    let created = house.good("CreateAccessKey", &[("UserName", user)]);
    created["AccessKey"]["AccessKeyId"]
        .as_str()
        .unwrap()
        .to_owned()
}
