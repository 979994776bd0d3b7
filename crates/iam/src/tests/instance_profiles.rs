//! Instance profiles.

use serde_json::json;

use super::house::{DOCUMENT, House, TRUST, arn, refusal, says};

const PROFILE: (&str, &str) = ("InstanceProfileName", "p");
const ROLE: (&str, &str) = ("RoleName", "r");

fn with_role() -> House {
    let house = House::new();
    house.good("CreateRole", &[ROLE, ("AssumeRolePolicyDocument", TRUST)]);
    house
}

#[test]
fn a_profile_lives_from_creation_to_deletion() {
    let house = with_role();
    let created = house.good("CreateInstanceProfile", &[PROFILE, ("Path", "/a/")]);
    let profile = &created["InstanceProfile"];
    assert_eq!(profile["Arn"], arn("instance-profile/a/p"));
    assert_eq!(profile["Roles"], json!([]));
    assert!(
        profile["InstanceProfileId"]
            .as_str()
            .unwrap()
            .starts_with("AIPA")
    );
    assert_eq!(
        house.refused("CreateInstanceProfile", &[("InstanceProfileName", "P")]),
        says("EntityAlreadyExists", "Instance Profile P already exists.")
    );
    house.good("AddRoleToInstanceProfile", &[PROFILE, ROLE]);
    assert_eq!(
        house.refused("AddRoleToInstanceProfile", &[PROFILE, ROLE]),
        says(
            "LimitExceeded",
            "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1"
        )
    );
    let shown = house.good("GetInstanceProfile", &[PROFILE]);
    let role = shown["InstanceProfile"]["Roles"][0].as_object().unwrap();
    assert_eq!(
        role.keys().collect::<Vec<_>>(),
        [
            "Arn",
            "AssumeRolePolicyDocument",
            "CreateDate",
            "Path",
            "RoleId",
            "RoleName"
        ]
    );
    let conflict = says(
        "DeleteConflict",
        "Cannot delete entity, must remove roles from instance profile first.",
    );
    assert_eq!(house.refused("DeleteInstanceProfile", &[PROFILE]), conflict);
    assert_eq!(house.refused("DeleteRole", &[ROLE]), conflict);
    let of_role = house.good("ListInstanceProfilesForRole", &[ROLE]);
    assert_eq!(of_role["InstanceProfiles"][0]["InstanceProfileName"], "p");
    house.good("RemoveRoleFromInstanceProfile", &[PROFILE, ROLE]);
    assert_eq!(
        house
            .refused("RemoveRoleFromInstanceProfile", &[PROFILE, ROLE])
            .0,
        "NoSuchEntity"
    );
    house.good("DeleteRole", &[ROLE]);
    house.good("DeleteInstanceProfile", &[PROFILE]);
    assert_eq!(
        house.refused("GetInstanceProfile", &[PROFILE]),
        says("NoSuchEntity", "Instance Profile p cannot be found.")
    );
}

#[test]
fn a_role_is_put_into_a_profile_by_who_may_pass_it() {
    let house = with_role();
    house.good("CreateInstanceProfile", &[PROFILE]);
    house.good("CreateUser", &[("UserName", "bob")]);
    let add = || {
        house.call_as(
            &house.user("bob"),
            "AddRoleToInstanceProfile",
            &[PROFILE, ROLE],
        )
    };
    let put = |document: &str| {
        let form = [
            ("UserName", "bob"),
            ("PolicyName", "p"),
            ("PolicyDocument", document),
        ];
        house.good("PutUserPolicy", &form);
    };
    let may_add = DOCUMENT.replace("s3:GetObject", "iam:AddRoleToInstanceProfile");
    put(&may_add);
    let (code, message) = refusal(add());
    assert_eq!(code, "AccessDenied");
    let refused = format!("iam:PassRole on resource: {} because", arn("role/r"));
    assert!(message.contains(&refused), "{message}");
    put(&format!(
        r#"{{"Version":"2012-10-17","Statement":[
            {{"Effect":"Allow","Action":"iam:AddRoleToInstanceProfile","Resource":"*"}},
            {{"Effect":"Allow","Action":"iam:PassRole","Resource":"{}",
              "Condition":{{"StringEquals":{{"iam:PassedToService":"ec2.amazonaws.com"}}}}}}]}}"#,
        arn("role/r")
    ));
    add().unwrap();
}

#[test]
fn profiles_are_listed_under_a_path_and_have_tags() {
    let house = with_role();
    for (name, path) in [("b", "/x/"), ("a", "/x/y/"), ("c", "/")] {
        house.good(
            "CreateInstanceProfile",
            &[("InstanceProfileName", name), ("Path", path)],
        );
    }
    let listed = house.good("ListInstanceProfiles", &[("PathPrefix", "/x/")]);
    let names: Vec<_> = listed["InstanceProfiles"]
        .as_array()
        .unwrap()
        .iter()
        .map(|profile| profile["InstanceProfileName"].clone())
        .collect();
    assert_eq!(names, ["a", "b"]);
    let name = ("InstanceProfileName", "a");
    let tag = [("Tags.member.1.Key", "k"), ("Tags.member.1.Value", "v")];
    house.good("TagInstanceProfile", &[name, tag[0], tag[1]]);
    let tags = json!([{"Key": "k", "Value": "v"}]);
    assert_eq!(house.good("ListInstanceProfileTags", &[name])["Tags"], tags);
    assert_eq!(
        house.good("GetInstanceProfile", &[name])["InstanceProfile"]["Tags"],
        tags
    );
    house.good("UntagInstanceProfile", &[name, ("TagKeys.member.1", "k")]);
    assert_eq!(
        house.good("ListInstanceProfileTags", &[name])["Tags"],
        json!([])
    );
    let summary = house.good("GetAccountSummary", &[]);
    assert_eq!(summary["SummaryMap"]["InstanceProfiles"], 3);
}
