//! Attachments of managed policies.

use std::thread;

use serde_json::{Value as Json, json};

use super::house::{ACCOUNT, DOCUMENT, Form, House, OTHER, TRUST, arn, refusal, says};

const KINDS: [&str; 3] = ["User", "Group", "Role"];

/// A house with a user, a group and a role called `one`.
fn house() -> House {
    let house = House::new();
    house.good("CreateUser", &[("UserName", "one")]);
    house.good("CreateGroup", &[("GroupName", "one")]);
    let form = [("RoleName", "one"), ("AssumeRolePolicyDocument", TRUST)];
    house.good("CreateRole", &form);
    house
}

fn policy(house: &House, path: &str, name: &str) -> String {
    let form = [
        ("PolicyName", name),
        ("Path", path),
        ("PolicyDocument", DOCUMENT),
    ];
    house.good("CreatePolicy", &form);
    arn(&format!("policy{path}{name}"))
}

/// What an operation such as `AttachUserPolicy` of this kind of entity comes to.
fn operate(house: &House, verb: &str, kind: &str, its_arn: &str) -> super::house::Answered {
    let owner = format!("{kind}Name");
    let form = [(owner.as_str(), "one"), ("PolicyArn", its_arn)];
    house.call(&format!("{verb}{kind}Policy"), &form)
}

fn list(house: &House, kind: &str, form: &[(&str, &str)]) -> Json {
    let owner = format!("{kind}Name");
    let form = [&[(owner.as_str(), "one")], form].concat();
    house.good(&format!("ListAttached{kind}Policies"), &form)
}

#[test]
fn a_policy_is_attached_once_and_detached_once() {
    let house = house();
    let own = policy(&house, "/team/", "own");
    let aws = "arn:aws:iam::aws:policy/job-function/Billing";
    for (at, kind) in KINDS.into_iter().enumerate() {
        for its_arn in [&own, aws, &own] {
            assert_eq!(operate(&house, "Attach", kind, its_arn).unwrap(), json!({}));
        }
        assert_eq!(
            list(&house, kind, &[]),
            json!({
                "AttachedPolicies": [
                    {"PolicyName": "own", "PolicyArn": own},
                    {"PolicyName": "Billing", "PolicyArn": aws},
                ],
                "IsTruncated": false,
            })
        );
        let shown = house.good("GetPolicy", &[("PolicyArn", &own)]);
        assert_eq!(shown["Policy"]["AttachmentCount"], at + 1);
    }
    for kind in KINDS {
        assert_eq!(operate(&house, "Detach", kind, &own).unwrap(), json!({}));
        assert_eq!(
            refusal(operate(&house, "Detach", kind, &own)),
            says("NoSuchEntity", &format!("Policy {own} was not found."))
        );
    }
    let shown = house.good("GetPolicy", &[("PolicyArn", &own)]);
    assert_eq!(shown["Policy"]["AttachmentCount"], 0);
}

#[test]
fn attached_policies_are_listed_by_path_and_page() {
    let house = house();
    for (path, name) in [("/a/", "x"), ("/b/", "y"), ("/a/c/", "z")] {
        let its_arn = policy(&house, path, name);
        operate(&house, "Attach", "Role", &its_arn).unwrap();
    }
    let names = |page: &Json| -> Vec<String> {
        let policies = page["AttachedPolicies"].as_array().unwrap();
        let name = |policy: &Json| policy["PolicyName"].as_str().unwrap().to_owned();
        policies.iter().map(name).collect()
    };
    assert_eq!(
        names(&list(&house, "Role", &[("PathPrefix", "/a/")])),
        ["x", "z"]
    );
    let first = list(&house, "Role", &[("MaxItems", "2")]);
    assert_eq!(names(&first), ["x", "y"]);
    assert_eq!(first["IsTruncated"], true);
    let marker = first["Marker"].as_str().unwrap();
    let last = list(&house, "Role", &[("MaxItems", "2"), ("Marker", marker)]);
    assert_eq!(names(&last), ["z"]);
}

#[test]
fn ten_policies_can_be_attached() {
    let house = house();
    for kind in KINDS {
        for number in 0..10 {
            let name = format!("{kind}{number}");
            let its_arn = policy(&house, "/", &name);
            operate(&house, "Attach", kind, &its_arn).unwrap();
        }
        let over = policy(&house, "/", &format!("{kind}-over"));
        assert_eq!(
            refusal(operate(&house, "Attach", kind, &over)),
            says(
                "LimitExceeded",
                &format!("Cannot exceed quota for PoliciesPer{kind}: 10")
            )
        );
        let first = arn(&format!("policy/{kind}0"));
        operate(&house, "Attach", kind, &first).unwrap();
    }
}

#[test]
fn more_can_be_attached_to_users_and_roles_where_the_quotas_say_so() {
    let house = house();
    house.directory().set_quotas(identity::Quotas {
        policies_per_user: 12,
        policies_per_role: 11,
        ..identity::Quotas::DEFAULT
    });
    let policies: Vec<String> = (0..13)
        .map(|at| policy(&house, "/", &format!("p{at}")))
        .collect();
    for (kind, most) in [("User", 12), ("Group", 10), ("Role", 11)] {
        for its_arn in policies.iter().take(most) {
            operate(&house, "Attach", kind, its_arn).unwrap();
        }
        let one_more = policies.get(most).unwrap();
        assert_eq!(
            refusal(operate(&house, "Attach", kind, one_more)),
            says(
                "LimitExceeded",
                &format!("Cannot exceed quota for PoliciesPer{kind}: {most}")
            )
        );
    }
    let summary = house.good("GetAccountSummary", &[]);
    let told = &summary["SummaryMap"];
    assert_eq!(told["AttachedPoliciesPerUserQuota"], 12);
    assert_eq!(told["AttachedPoliciesPerRoleQuota"], 11);
    assert_eq!(told["RolesQuota"], 1000);
}

#[test]
fn what_is_not_there_cannot_be_attached() {
    let house = house();
    let own = policy(&house, "/p/", "own");
    for kind in KINDS {
        for missing in [
            arn("policy/none"),
            arn("policy/own"),
            own.replace(ACCOUNT, OTHER),
            "arn:aws:iam::aws:policy/None".to_owned(),
        ] {
            assert_eq!(
                refusal(operate(&house, "Attach", kind, &missing)),
                says(
                    "NoSuchEntity",
                    &format!("Policy {missing} does not exist or is not attachable.")
                )
            );
        }
        assert_eq!(
            refusal(operate(&house, "Attach", kind, "AmazonS3ReadOnlyAccess")),
            says("ValidationError", "Invalid ARN:  Could not be parsed!")
        );
        let user = arn("user/one");
        assert_eq!(
            refusal(operate(&house, "Attach", kind, &user)),
            says("InvalidInput", &format!("ARN {user} is not valid."))
        );
    }
    assert_eq!(
        house.refused(
            "AttachUserPolicy",
            &[("UserName", "none"), ("PolicyArn", &own)]
        ),
        says("NoSuchEntity", "The user with name none cannot be found.")
    );
}

#[test]
fn a_policy_of_services_is_not_for_people() {
    let house = house();
    let its_arn = "arn:aws:iam::aws:policy/aws-service-role/AWSSSOServiceRolePolicy";
    for kind in KINDS {
        assert_eq!(
            refusal(operate(&house, "Attach", kind, its_arn)),
            says(
                "PolicyNotAttachable",
                &format!("Cannot attach a Service Role Policy to a Customer {kind}.")
            )
        );
    }
}

#[test]
fn an_entity_with_attached_policies_is_not_deleted() {
    let house = house();
    let own = policy(&house, "/", "own");
    for kind in KINDS {
        operate(&house, "Attach", kind, &own).unwrap();
        let owner = format!("{kind}Name");
        assert_eq!(
            house.refused(&format!("Delete{kind}"), &[(&owner, "one")]),
            says(
                "DeleteConflict",
                "Cannot delete entity, must detach all policies first."
            )
        );
        operate(&house, "Detach", kind, &own).unwrap();
        house.good(&format!("Delete{kind}"), &[(&owner, "one")]);
    }
}

#[test]
fn who_may_attach_can_be_held_to_certain_policies() {
    let house = house();
    let good = policy(&house, "/", "good");
    let bad = policy(&house, "/", "bad");
    let document = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":["iam:Attach*","iam:Detach*"],"Resource":"*","Condition":{{"ArnEquals":{{"iam:PolicyARN":"{good}"}}}}}}]}}"#
    );
    house.good("CreateUser", &[("UserName", "bob")]);
    let form = [
        ("UserName", "bob"),
        ("PolicyName", "i"),
        ("PolicyDocument", &document),
    ];
    house.good("PutUserPolicy", &form);
    for kind in KINDS {
        for verb in ["Attach", "Detach"] {
            let owner = format!("{kind}Name");
            let call = |its_arn: &str| {
                let form = [(owner.as_str(), "one"), ("PolicyArn", its_arn)];
                house.call_as(&house.user("bob"), &format!("{verb}{kind}Policy"), &form)
            };
            assert_eq!(refusal(call(&bad)).0, "AccessDenied", "{verb} {kind}");
            call(&good).unwrap();
        }
    }
}

#[test]
fn attached_policies_count_at_once_and_no_longer_than_they_are_attached() {
    let house = house();
    let its_arn = "arn:aws:iam::aws:policy/IAMReadOnlyAccess";
    house.good(
        "AddUserToGroup",
        &[("GroupName", "one"), ("UserName", "one")],
    );
    let list_roles = || house.call_as(&house.user("one"), "ListRoles", &[]);
    for kind in ["User", "Group"] {
        assert_eq!(refusal(list_roles()).0, "AccessDenied");
        operate(&house, "Attach", kind, its_arn).unwrap();
        list_roles().unwrap();
        operate(&house, "Detach", kind, its_arn).unwrap();
    }
    assert_eq!(refusal(list_roles()).0, "AccessDenied");
}

fn entities(house: &House, form: &[(&str, &str)]) -> Vec<String> {
    let mut found = Vec::new();
    let mut marker: Option<String> = None;
    loop {
        let mut form = form.to_vec();
        form.extend(marker.as_deref().map(|marker| ("Marker", marker)));
        let page = house.good("ListEntitiesForPolicy", &form);
        for kind in ["Group", "User", "Role"] {
            for entry in page[format!("Policy{kind}s")].as_array().unwrap() {
                assert!(entry[format!("{kind}Id")].is_string());
                let name = entry[format!("{kind}Name")].as_str().unwrap();
                found.push(format!("{kind} {name}"));
            }
        }
        marker = page
            .get("Marker")
            .map(|marker| marker.as_str().unwrap().to_owned());
        assert_eq!(page["IsTruncated"], marker.is_some());
        if marker.is_none() {
            return found;
        }
    }
}

#[test]
fn the_entities_of_a_policy_are_found_by_kind_path_and_use() {
    let house = house();
    let own = policy(&house, "/", "own");
    for kind in KINDS {
        operate(&house, "Attach", kind, &own).unwrap();
    }
    let form = [
        ("UserName", "two"),
        ("Path", "/t/"),
        ("PermissionsBoundary", &own),
    ];
    house.good("CreateUser", &form);
    let form = [("UserName", "one"), ("PermissionsBoundary", &own)];
    house.good("PutUserPermissionsBoundary", &form);
    let of =
        |form: &[(&str, &str)]| entities(&house, &[&[("PolicyArn", own.as_str())], form].concat());
    let all = ["Group one", "User one", "User two", "Role one"];
    let cases: [(Form<'_>, &[&str]); 9] = [
        (&[], &all),
        (&[("MaxItems", "1")], &all),
        (&[("EntityFilter", "User")], &["User one", "User two"]),
        (&[("EntityFilter", "Role")], &["Role one"]),
        (&[("EntityFilter", "Group")], &["Group one"]),
        (&[("EntityFilter", "LocalManagedPolicy")], &[]),
        (&[("PathPrefix", "/t/")], &["User two"]),
        (
            &[("PolicyUsageFilter", "PermissionsPolicy")],
            &["Group one", "User one", "Role one"],
        ),
        (
            &[("PolicyUsageFilter", "PermissionsBoundary")],
            &["User one", "User two"],
        ),
    ];
    for (form, expected) in cases {
        assert_eq!(of(form), expected, "{form:?}");
    }
    let aws = "arn:aws:iam::aws:policy/AdministratorAccess";
    assert_eq!(entities(&house, &[("PolicyArn", aws)]), ["User admin"]);
    let none = arn("policy/none");
    assert_eq!(
        house.refused("ListEntitiesForPolicy", &[("PolicyArn", &none)]),
        says(
            "NoSuchEntity",
            &format!("Policy {none} does not exist or is not attachable.")
        )
    );
}

#[test]
fn a_policy_is_not_deleted_while_it_is_being_attached() {
    let house = house();
    for round in 0..20 {
        let own = policy(&house, "/", &format!("p{round}"));
        let (attached, deleted) = thread::scope(|scope| {
            let attaching = scope.spawn(|| operate(&house, "Attach", "User", &own));
            let deleting = scope.spawn(|| house.call("DeletePolicy", &[("PolicyArn", &own)]));
            (attaching.join().unwrap(), deleting.join().unwrap())
        });
        match (attached, deleted) {
            (Ok(_), Err(refused)) => {
                assert_eq!(refused.code(), "DeleteConflict");
                operate(&house, "Detach", "User", &own).unwrap();
            }
            (Err(refused), Ok(_)) => assert_eq!(refused.code(), "NoSuchEntity"),
            (attached, deleted) => panic!("{attached:?} {deleted:?}"),
        }
    }
}
