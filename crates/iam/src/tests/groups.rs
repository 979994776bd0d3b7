//! Groups and who is in them.

use super::house::{DOCUMENT, House, arn, says};

#[test]
fn a_group_shows_its_users() {
    let house = House::new();
    let created = house.good("CreateGroup", &[("GroupName", "G"), ("Path", "/x/")]);
    assert_eq!(created["Group"]["Arn"], arn("group/x/G"));
    assert!(
        created["Group"]["GroupId"]
            .as_str()
            .unwrap()
            .starts_with("AGPA")
    );
    for user in ["bob", "eve"] {
        house.good("CreateUser", &[("UserName", user)]);
        house.good("AddUserToGroup", &[("UserName", user), ("GroupName", "g")]);
        house.good("AddUserToGroup", &[("UserName", user), ("GroupName", "g")]);
    }
    let shown = house.good("GetGroup", &[("GroupName", "g")]);
    assert_eq!(shown["Group"], created["Group"]);
    assert_eq!(shown["Users"].as_array().unwrap().len(), 2);
    house.good(
        "RemoveUserFromGroup",
        &[("UserName", "bob"), ("GroupName", "g")],
    );
    house.good(
        "RemoveUserFromGroup",
        &[("UserName", "bob"), ("GroupName", "g")],
    );
    let shown = house.good("GetGroup", &[("GroupName", "g")]);
    assert_eq!(shown["Users"][0]["UserName"], "eve");
    assert_eq!(shown["IsTruncated"], false);
}

#[test]
fn a_user_is_in_ten_groups_at_most() {
    let house = House::new();
    for number in 0..=10 {
        let name = format!("g{number}");
        house.good("CreateGroup", &[("GroupName", &name)]);
        let form = [("UserName", "admin"), ("GroupName", name.as_str())];
        if number < 10 {
            house.good("AddUserToGroup", &form);
        } else {
            assert_eq!(
                house.refused("AddUserToGroup", &form),
                says("LimitExceeded", "Cannot exceed quota for GroupsPerUser: 10")
            );
        }
    }
    let listed = house.good(
        "ListGroupsForUser",
        &[("UserName", "admin"), ("MaxItems", "4")],
    );
    assert_eq!(listed["Groups"].as_array().unwrap().len(), 4);
    assert_eq!(listed["IsTruncated"], true);
}

#[test]
fn what_does_not_exist_is_named_in_order() {
    let house = House::new();
    house.good("CreateGroup", &[("GroupName", "g")]);
    let no = |noun: &str, name: &str| {
        says(
            "NoSuchEntity",
            &format!("The {noun} with name {name} cannot be found."),
        )
    };
    for operation in ["AddUserToGroup", "RemoveUserFromGroup"] {
        let form = |user, group| [("UserName", user), ("GroupName", group)];
        assert_eq!(house.refused(operation, &form("x", "y")), no("user", "x"));
        assert_eq!(house.refused(operation, &form("x", "g")), no("user", "x"));
        assert_eq!(
            house.refused(operation, &form("admin", "y")),
            no("group", "y")
        );
    }
    assert_eq!(
        house.refused("GetGroup", &[("GroupName", "y")]),
        no("group", "y")
    );
}

#[test]
fn a_renamed_group_keeps_its_id_and_its_users() {
    let house = House::new();
    let before = house.good("CreateGroup", &[("GroupName", "g")]);
    house.good(
        "AddUserToGroup",
        &[("UserName", "admin"), ("GroupName", "g")],
    );
    house.good(
        "UpdateGroup",
        &[
            ("GroupName", "g"),
            ("NewGroupName", "h"),
            ("NewPath", "/p/"),
        ],
    );
    let after = house.good("GetGroup", &[("GroupName", "h")]);
    assert_eq!(after["Group"]["GroupId"], before["Group"]["GroupId"]);
    assert_eq!(after["Group"]["Arn"], arn("group/p/h"));
    assert_eq!(after["Users"][0]["UserName"], "admin");
    house.good("CreateGroup", &[("GroupName", "g")]);
    assert_eq!(
        house.refused("UpdateGroup", &[("GroupName", "g"), ("NewGroupName", "H")]),
        says("EntityAlreadyExists", "Group with name H already exists.")
    );
}

#[test]
fn a_group_in_use_is_not_deleted() {
    let house = House::new();
    let group = ("GroupName", "g");
    house.good("CreateGroup", &[group]);
    house.good("AddUserToGroup", &[("UserName", "admin"), group]);
    house.good(
        "PutGroupPolicy",
        &[group, ("PolicyName", "p"), ("PolicyDocument", DOCUMENT)],
    );
    let conflict = |what: &str| {
        says(
            "DeleteConflict",
            &format!("Cannot delete entity, must {what} first."),
        )
    };
    assert_eq!(
        house.refused("DeleteGroup", &[group]),
        conflict("delete policies")
    );
    house.good("DeleteGroupPolicy", &[group, ("PolicyName", "p")]);
    assert_eq!(
        house.refused("DeleteGroup", &[group]),
        conflict("remove users from group")
    );
    house.good("RemoveUserFromGroup", &[("UserName", "admin"), group]);
    house.good("DeleteGroup", &[group]);
}

#[test]
fn the_policies_of_a_group_bind_its_users() {
    let house = House::new();
    house.good("CreateUser", &[("UserName", "bob")]);
    house.good("CreateGroup", &[("GroupName", "g")]);
    let allows = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iam:ListUsers","Resource":"*"}}"#;
    let form = [
        ("GroupName", "g"),
        ("PolicyName", "p"),
        ("PolicyDocument", allows),
    ];
    house.good("PutGroupPolicy", &form);
    assert!(house.call_as(&house.user("bob"), "ListUsers", &[]).is_err());
    house.good("AddUserToGroup", &[("UserName", "bob"), ("GroupName", "g")]);
    assert!(house.call_as(&house.user("bob"), "ListUsers", &[]).is_ok());
}
