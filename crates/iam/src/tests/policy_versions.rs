//! Versions of managed policies.

use percent_encoding::percent_decode_str;
use serde_json::{Value as Json, json};

use super::house::{DOCUMENT, House, arn, refusal, says};

const LISTING: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:ListRoles","Resource":"*"}]}"#;

fn policy(house: &House) -> String {
    house.good(
        "CreatePolicy",
        &[("PolicyName", "p"), ("PolicyDocument", DOCUMENT)],
    );
    arn("policy/p")
}

fn add(house: &House, its_arn: &str, default: &str) -> Json {
    let form = [
        ("PolicyArn", its_arn),
        ("PolicyDocument", LISTING),
        ("SetAsDefault", default),
    ];
    house.good("CreatePolicyVersion", &form)["PolicyVersion"].clone()
}

/// Ids of all versions, the default one marked.
fn list(house: &House, its_arn: &str) -> Vec<String> {
    let page = house.good("ListPolicyVersions", &[("PolicyArn", its_arn)]);
    let versions = page["Versions"].as_array().unwrap();
    let mark = |version: &Json| {
        let id = version["VersionId"].as_str().unwrap();
        match version["IsDefaultVersion"] == true {
            true => format!("[{id}]"),
            false => id.to_owned(),
        }
    };
    versions.iter().map(mark).collect()
}

#[test]
fn versions_are_numbered_and_one_is_in_force() {
    let house = House::new();
    let its_arn = policy(&house);
    let second = add(&house, &its_arn, "false");
    assert_eq!(second["VersionId"], "v2");
    assert_eq!(second["IsDefaultVersion"], false);
    assert_eq!(second.get("Document"), None);
    assert_eq!(list(&house, &its_arn), ["v2", "[v1]"]);
    add(&house, &its_arn, "true");
    assert_eq!(list(&house, &its_arn), ["[v3]", "v2", "v1"]);
    let form = [("PolicyArn", its_arn.as_str()), ("VersionId", "v2")];
    house.good("SetDefaultPolicyVersion", &form);
    assert_eq!(list(&house, &its_arn), ["v3", "[v2]", "v1"]);
    let shown = house.good("GetPolicy", &[("PolicyArn", &its_arn)]);
    assert_eq!(shown["Policy"]["DefaultVersionId"], "v2");
}

#[test]
fn a_number_is_never_used_again() {
    let house = House::new();
    let its_arn = policy(&house);
    add(&house, &its_arn, "false");
    let form = [("PolicyArn", its_arn.as_str()), ("VersionId", "v2")];
    house.good("DeletePolicyVersion", &form);
    assert_eq!(add(&house, &its_arn, "false")["VersionId"], "v3");
    assert_eq!(list(&house, &its_arn), ["v3", "[v1]"]);
}

#[test]
fn a_policy_has_five_versions() {
    let house = House::new();
    let its_arn = policy(&house);
    for _ in 2..=5 {
        add(&house, &its_arn, "false");
    }
    let form = [("PolicyArn", its_arn.as_str()), ("PolicyDocument", LISTING)];
    assert_eq!(
        house.refused("CreatePolicyVersion", &form),
        says(
            "LimitExceeded",
            "A managed policy can have up to 5 versions. Before you create a new version, you must delete an existing version."
        )
    );
}

#[test]
fn the_document_comes_percent_encoded_as_it_was_given() {
    let house = House::new();
    let its_arn = policy(&house);
    let form = [("PolicyArn", its_arn.as_str()), ("VersionId", "v1")];
    let version = house.good("GetPolicyVersion", &form)["PolicyVersion"].clone();
    let text = version["Document"].as_str().unwrap();
    assert!(text.starts_with("%7B%22Version%22%3A"), "{text}");
    let decoded = percent_decode_str(text).decode_utf8().unwrap();
    assert_eq!(decoded, DOCUMENT);
    assert_eq!(version["IsDefaultVersion"], true);
}

#[test]
fn a_version_that_is_not_there_is_not_found() {
    let house = House::new();
    let its_arn = policy(&house);
    let none = arn("policy/none");
    for operation in [
        "GetPolicyVersion",
        "SetDefaultPolicyVersion",
        "DeletePolicyVersion",
    ] {
        for (its_arn, id) in [
            (&its_arn, "v2"),
            (&its_arn, "v10"),
            (&its_arn, "v1.a"),
            (&none, "v1"),
        ] {
            let form = [("PolicyArn", its_arn.as_str()), ("VersionId", id)];
            let message =
                format!("Policy {its_arn} version {id} does not exist or is not attachable.");
            assert_eq!(
                house.refused(operation, &form),
                says("NoSuchEntity", &message)
            );
        }
    }
}

#[test]
fn the_version_in_force_and_other_versions_keep_a_policy_from_deletion() {
    let house = House::new();
    let its_arn = policy(&house);
    add(&house, &its_arn, "true");
    let form = [("PolicyArn", its_arn.as_str()), ("VersionId", "v2")];
    assert_eq!(
        house.refused("DeletePolicyVersion", &form),
        says(
            "DeleteConflict",
            "Cannot delete the default version of a policy."
        )
    );
    assert_eq!(
        house.refused("DeletePolicy", &[("PolicyArn", &its_arn)]),
        says(
            "DeleteConflict",
            "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy."
        )
    );
    let form = [("PolicyArn", its_arn.as_str()), ("VersionId", "v1")];
    house.good("DeletePolicyVersion", &form);
    house.good("DeletePolicy", &[("PolicyArn", &its_arn)]);
}

#[test]
fn the_version_in_force_is_what_counts_at_once() {
    let house = House::new();
    let its_arn = policy(&house);
    house.good("CreateUser", &[("UserName", "bob")]);
    house.good(
        "AttachUserPolicy",
        &[("UserName", "bob"), ("PolicyArn", &its_arn)],
    );
    let list_roles = || house.call_as(&house.user("bob"), "ListRoles", &[]);
    assert_eq!(refusal(list_roles()).0, "AccessDenied");
    add(&house, &its_arn, "false");
    assert_eq!(refusal(list_roles()).0, "AccessDenied");
    let set = |id| {
        let form = [("PolicyArn", its_arn.as_str()), ("VersionId", id)];
        house.good("SetDefaultPolicyVersion", &form);
    };
    set("v2");
    list_roles().unwrap();
    set("v1");
    assert_eq!(refusal(list_roles()).0, "AccessDenied");
}

#[test]
fn of_what_aws_manages_the_version_in_force_is_shown() {
    let house = House::new();
    let its_arn = "arn:aws:iam::aws:policy/SecurityAudit";
    let listed = list(&house, its_arn);
    assert_eq!(listed.len(), 1);
    let id = listed[0].trim_matches(['[', ']']);
    let form = [("PolicyArn", its_arn), ("VersionId", id)];
    let version = house.good("GetPolicyVersion", &form)["PolicyVersion"].clone();
    let text = percent_decode_str(version["Document"].as_str().unwrap());
    let document: Json = serde_json::from_str(&text.decode_utf8().unwrap()).unwrap();
    assert_eq!(document["Version"], "2012-10-17");
    assert_eq!(
        house.good("GetPolicy", &[("PolicyArn", its_arn)])["Policy"]["DefaultVersionId"],
        json!(id)
    );
}
