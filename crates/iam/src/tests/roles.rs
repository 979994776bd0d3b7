//! Roles.

use aws::Clock as _;
use identity::LastUsed;
use serde_json::json;

use super::house::{ACCOUNT, DOCUMENT, House, TRUST, arn, says};

const MEMBERS: [&str; 6] = [
    "Arn",
    "AssumeRolePolicyDocument",
    "CreateDate",
    "Path",
    "RoleId",
    "RoleName",
];

fn members(view: &serde_json::Value) -> Vec<String> {
    view.as_object().unwrap().keys().cloned().collect()
}

fn with(more: &[&str]) -> Vec<String> {
    let mut all: Vec<_> = MEMBERS
        .iter()
        .chain(more)
        .map(ToString::to_string)
        .collect();
    all.sort();
    all
}

#[test]
fn each_operation_shows_its_own_members() {
    let house = House::new();
    let boundary = house.managed_policy("b");
    let created = house.good(
        "CreateRole",
        &[
            ("RoleName", "r"),
            ("Path", "/p/"),
            ("AssumeRolePolicyDocument", TRUST),
            ("Description", "d"),
            ("MaxSessionDuration", "7200"),
            ("PermissionsBoundary", &boundary),
            ("Tags.member.1.Key", "k"),
            ("Tags.member.1.Value", "v"),
        ],
    );
    let role = &created["Role"];
    assert_eq!(members(role), with(&["PermissionsBoundary", "Tags"]));
    assert_eq!(role["Arn"], arn("role/p/r"));
    assert!(role["RoleId"].as_str().unwrap().starts_with("AROA"));
    assert_eq!(
        role["AssumeRolePolicyDocument"],
        crate::documents::encoded(TRUST)
    );

    let whole = house.good("GetRole", &[("RoleName", "R")]);
    let everything = [
        "Description",
        "MaxSessionDuration",
        "PermissionsBoundary",
        "RoleLastUsed",
        "Tags",
    ];
    assert_eq!(members(&whole["Role"]), with(&everything));
    assert_eq!(whole["Role"]["RoleLastUsed"], json!({}));
    assert_eq!(whole["Role"]["MaxSessionDuration"], 7200);

    let listed = house.good("ListRoles", &[("PathPrefix", "/p/")]);
    assert_eq!(
        members(&listed["Roles"][0]),
        with(&["Description", "MaxSessionDuration"])
    );

    let form = [("RoleName", "r"), ("Description", "e")];
    let described = house.good("UpdateRoleDescription", &form);
    assert_eq!(members(&described["Role"]), with(&["Description"]));
    assert_eq!(described["Role"]["Description"], "e");
}

#[test]
fn an_update_changes_only_what_it_names() {
    let house = House::new();
    let by = ("RoleName", "r");
    house.good(
        "CreateRole",
        &[
            by,
            ("AssumeRolePolicyDocument", TRUST),
            ("Description", "d"),
        ],
    );
    house.good("UpdateRole", &[by, ("MaxSessionDuration", "43200")]);
    let role = house.good("GetRole", &[by])["Role"].clone();
    assert_eq!(
        (&role["Description"], &role["MaxSessionDuration"]),
        (&json!("d"), &json!(43200))
    );
    house.good("UpdateRole", &[by, ("Description", "")]);
    let role = house.good("GetRole", &[by])["Role"].clone();
    assert_eq!(
        (role.get("Description"), &role["MaxSessionDuration"]),
        (Some(&json!("")), &json!(43200))
    );
}

#[test]
fn the_last_use_is_told_once_there_is_one() {
    let house = House::new();
    let created = house.good(
        "CreateRole",
        &[("RoleName", "r"), ("AssumeRolePolicyDocument", TRUST)],
    );
    let used = LastUsed {
        id: created["Role"]["RoleId"].as_str().unwrap().to_owned(),
        at: house.clock.now(),
        region: "eu-west-1".to_owned(),
        service: "s3".to_owned(),
    };
    house.put(ACCOUNT, &used);
    let role = house.good("GetRole", &[("RoleName", "r")]);
    assert_eq!(
        role["Role"]["RoleLastUsed"],
        json!({"LastUsedDate": used.at.as_second(), "Region": "eu-west-1"})
    );
}

#[test]
fn a_role_with_policies_is_not_deleted() {
    let house = House::new();
    let by = ("RoleName", "r");
    house.good("CreateRole", &[by, ("AssumeRolePolicyDocument", TRUST)]);
    assert_eq!(
        house.refused(
            "CreateRole",
            &[("RoleName", "R"), ("AssumeRolePolicyDocument", TRUST)]
        ),
        says("EntityAlreadyExists", "Role with name R already exists.")
    );
    house.good(
        "PutRolePolicy",
        &[by, ("PolicyName", "p"), ("PolicyDocument", DOCUMENT)],
    );
    assert_eq!(
        house.refused("DeleteRole", &[by]),
        says(
            "DeleteConflict",
            "Cannot delete entity, must delete policies first."
        )
    );
    house.good("DeleteRolePolicy", &[by, ("PolicyName", "p")]);
    house.good("DeleteRole", &[by]);
    assert_eq!(
        house.refused("GetRole", &[by]),
        says("NoSuchEntity", "The role with name r cannot be found.")
    );
}

#[test]
fn a_role_made_anew_is_another_role() {
    let house = House::new();
    let form = [("RoleName", "r"), ("AssumeRolePolicyDocument", TRUST)];
    let first = house.good("CreateRole", &form);
    house.good("DeleteRole", &[("RoleName", "r")]);
    let second = house.good("CreateRole", &form);
    assert_eq!(first["Role"]["Arn"], second["Role"]["Arn"]);
    assert_ne!(first["Role"]["RoleId"], second["Role"]["RoleId"]);
}
