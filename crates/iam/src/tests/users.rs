//! Users.

use serde_json::json;

use super::house::{ACCOUNT, DOCUMENT, House, arn, refusal, says};

#[test]
fn a_user_lives_from_creation_to_deletion() {
    let house = House::new();
    let created = house.good("CreateUser", &[("UserName", "bob"), ("Path", "/a/")]);
    let user = &created["User"];
    assert_eq!(user["Arn"], arn("user/a/bob"));
    assert_eq!(user["Path"], "/a/");
    let id = user["UserId"].as_str().unwrap();
    assert!(id.starts_with("AIDA") && id.len() == 21, "{id}");
    assert_eq!(
        user.as_object().unwrap().keys().collect::<Vec<_>>(),
        ["Arn", "CreateDate", "Path", "UserId", "UserName"]
    );
    assert_eq!(house.good("GetUser", &[("UserName", "BOB")]), created);
    assert_eq!(house.good("DeleteUser", &[("UserName", "bob")]), json!({}));
    assert_eq!(
        house.refused("GetUser", &[("UserName", "bob")]),
        says("NoSuchEntity", "The user with name bob cannot be found.")
    );
}

#[test]
fn names_are_unique_without_regard_to_case_and_path() {
    let house = House::new();
    house.good("CreateUser", &[("UserName", "Bob"), ("Path", "/a/")]);
    assert_eq!(
        house.refused("CreateUser", &[("UserName", "bOB"), ("Path", "/b/")]),
        says("EntityAlreadyExists", "User with name bOB already exists.")
    );
}

#[test]
fn get_user_without_a_name_shows_the_caller() {
    let house = House::new();
    let own = house.good("GetUser", &[]);
    assert_eq!(own["User"]["UserName"], "admin");

    let root = house.call_as(&house.root(), "GetUser", &[]).unwrap();
    assert_eq!(root["User"]["UserId"], ACCOUNT);
    assert_eq!(root["User"]["Arn"], arn("root"));
    assert_eq!(root["User"].get("UserName"), None);
}

#[test]
fn get_user_without_a_name_is_refused_to_sessions_of_roles() {
    let house = House::new();
    house.good(
        "CreateRole",
        &[
            ("RoleName", "r"),
            ("AssumeRolePolicyDocument", super::house::TRUST),
        ],
    );
    let answered = house.call_as(&house.session("r"), "GetUser", &[]);
    assert_eq!(
        refusal(answered),
        says(
            "ValidationError",
            "Must specify userName when calling with non-User credentials"
        )
    );
}

#[test]
fn a_renamed_user_keeps_its_id_and_moves_its_arn() {
    let house = House::new();
    let before = house.good("CreateUser", &[("UserName", "bob")]);
    let form = [
        ("UserName", "bob"),
        ("NewUserName", "rob"),
        ("NewPath", "/x/"),
    ];
    house.good("UpdateUser", &form);
    let after = house.good("GetUser", &[("UserName", "rob")]);
    assert_eq!(after["User"]["UserId"], before["User"]["UserId"]);
    assert_eq!(after["User"]["Arn"], arn("user/x/rob"));
    assert_eq!(
        house.refused("GetUser", &[("UserName", "bob")]).0,
        "NoSuchEntity"
    );
    house.good("CreateUser", &[("UserName", "bob")]);
    assert_eq!(
        house.refused("UpdateUser", &[("UserName", "bob"), ("NewUserName", "ROB")]),
        says("EntityAlreadyExists", "User with name ROB already exists.")
    );
    house.good("UpdateUser", &[("UserName", "rob"), ("NewUserName", "Rob")]);
}

#[test]
fn a_user_that_holds_something_is_not_deleted() {
    let house = House::new();
    let bob = ("UserName", "bob");
    house.good("CreateUser", &[bob]);
    house.good("CreateGroup", &[("GroupName", "g")]);
    house.good("AddUserToGroup", &[bob, ("GroupName", "g")]);
    let key = house.good("CreateAccessKey", &[bob]);
    let key = key["AccessKey"]["AccessKeyId"].as_str().unwrap();
    house.good(
        "PutUserPolicy",
        &[bob, ("PolicyName", "p"), ("PolicyDocument", DOCUMENT)],
    );
    let mut record = house.user_record("bob");
    record.attached.push(house.managed_policy("m"));
    house.put(ACCOUNT, &record);

    let conflict = |what: &str| {
        says(
            "DeleteConflict",
            &format!("Cannot delete entity, must {what} first."),
        )
    };
    assert_eq!(
        house.refused("DeleteUser", &[bob]),
        conflict("detach all policies")
    );
    record.attached.clear();
    house.put(ACCOUNT, &record);
    assert_eq!(
        house.refused("DeleteUser", &[bob]),
        conflict("delete policies")
    );
    house.good("DeleteUserPolicy", &[bob, ("PolicyName", "p")]);
    assert_eq!(
        house.refused("DeleteUser", &[bob]),
        conflict("delete access keys")
    );
    house.good("DeleteAccessKey", &[bob, ("AccessKeyId", key)]);
    assert_eq!(
        house.refused("DeleteUser", &[bob]),
        conflict("remove users from group")
    );
    house.good("RemoveUserFromGroup", &[bob, ("GroupName", "g")]);
    house.good("DeleteUser", &[bob]);
}

#[test]
fn listings_are_under_a_path_and_brief() {
    let house = House::new();
    for (name, path) in [("c", "/team/red/"), ("A", "/team/"), ("b", "/other/")] {
        let tag = [("Tags.member.1.Key", "k"), ("Tags.member.1.Value", "v")];
        let form = [("UserName", name), ("Path", path), tag[0], tag[1]];
        house.good("CreateUser", &form);
    }
    let listed = house.good("ListUsers", &[("PathPrefix", "/team/")]);
    let users = listed["Users"].as_array().unwrap();
    let names: Vec<_> = users.iter().map(|user| &user["UserName"]).collect();
    assert_eq!(names, ["A", "c"]);
    assert!(users.iter().all(|user| user.get("Tags").is_none()));
    assert_eq!(listed["IsTruncated"], false);
    assert_eq!(listed.get("Marker"), None);
    assert_eq!(
        house.good("ListUsers", &[("PathPrefix", "/te")])["Users"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
}

#[test]
fn accounts_do_not_see_each_other() {
    let house = House::new();
    let mut stranger = house.user_record("admin");
    stranger.account = super::house::account(super::house::OTHER);
    stranger.id = "AIDASTRANGER".to_owned();
    stranger.name = "stranger".to_owned();
    house.put(super::house::OTHER, &stranger);
    assert_eq!(
        house.refused("GetUser", &[("UserName", "stranger")]).0,
        "NoSuchEntity"
    );
    assert_eq!(
        house.good("ListUsers", &[])["Users"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}
