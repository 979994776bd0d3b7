//! Tags and permissions boundaries of users and roles.

use serde_json::json;

use super::house::{House, TRUST, arn, says};

const OWNERS: [(&str, &str); 2] = [("User", "UserName"), ("Role", "RoleName")];

fn house() -> House {
    let house = House::new();
    house.good("CreateUser", &[("UserName", "x")]);
    house.good(
        "CreateRole",
        &[("RoleName", "x"), ("AssumeRolePolicyDocument", TRUST)],
    );
    house
}

#[test]
fn tags_are_set_listed_and_taken_away() {
    let house = house();
    for (owner, member) in OWNERS {
        let by = (member, "x");
        let list = || house.good(&format!("List{owner}Tags"), &[by])["Tags"].clone();
        assert_eq!(list(), json!([]));
        house.good(
            &format!("Tag{owner}"),
            &[
                by,
                ("Tags.member.1.Key", "a"),
                ("Tags.member.1.Value", "1"),
                ("Tags.member.2.Key", "b"),
                ("Tags.member.2.Value", ""),
            ],
        );
        house.good(
            &format!("Tag{owner}"),
            &[by, ("Tags.member.1.Key", "A"), ("Tags.member.1.Value", "2")],
        );
        let tags = json!([{"Key": "A", "Value": "2"}, {"Key": "b", "Value": ""}]);
        assert_eq!(list(), tags);
        let shown = house.good(&format!("Get{owner}"), &[by]);
        assert_eq!(shown[owner]["Tags"], tags);
        house.good(
            &format!("Untag{owner}"),
            &[by, ("TagKeys.member.1", "a"), ("TagKeys.member.2", "zz")],
        );
        assert_eq!(list(), json!([{"Key": "b", "Value": ""}]));
    }
}

#[test]
fn tags_that_differ_in_case_only_are_refused() {
    let house = house();
    let twice = [
        ("Tags.member.1.Key", "a"),
        ("Tags.member.1.Value", "1"),
        ("Tags.member.2.Key", "A"),
        ("Tags.member.2.Value", "2"),
    ];
    let refusal = says(
        "InvalidInput",
        "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
    );
    for (owner, member) in OWNERS {
        let form = [&[(member, "x")], &twice[..]].concat();
        assert_eq!(house.refused(&format!("Tag{owner}"), &form), refusal);
        let form = [
            &[(member, "y"), ("AssumeRolePolicyDocument", TRUST)],
            &twice[..],
        ]
        .concat();
        assert_eq!(house.refused(&format!("Create{owner}"), &form), refusal);
    }
}

#[test]
fn tags_under_the_prefix_of_aws_are_refused() {
    let house = house();
    let refusal = says(
        "InvalidInput",
        "aws: prefixed tag key names are not allowed for external use.",
    );
    for key in ["aws:x", "AWS:cloudformation:stack-name"] {
        let tag = [("Tags.member.1.Key", key), ("Tags.member.1.Value", "")];
        for (owner, member) in OWNERS {
            let form = [&[(member, "x")], &tag[..]].concat();
            assert_eq!(house.refused(&format!("Tag{owner}"), &form), refusal);
        }
        let form = [&[("UserName", "y")], &tag[..]].concat();
        assert_eq!(house.refused("CreateUser", &form), refusal);
    }
}

#[test]
fn to_set_no_tags_is_an_error_and_to_take_none_away_is_not() {
    let house = house();
    // As recorded from AWS of a server certificate.
    let refusal = says(
        "InvalidInput",
        "The provided tag map must not be null/empty.",
    );
    for (owner, member) in OWNERS {
        let owned = (member, "x");
        let tag = format!("Tag{owner}");
        assert_eq!(house.refused(&tag, &[owned, ("Tags", "")]), refusal);
        house.good(&format!("Untag{owner}"), &[owned, ("TagKeys", "")]);
    }
}

#[test]
fn an_entity_has_fifty_tags_at_most() {
    let house = house();
    let keys: Vec<_> = (1..=50)
        .map(|n| (format!("Tags.member.{n}.Key"), format!("k{n}")))
        .collect();
    let values: Vec<_> = (1..=50).map(|n| format!("Tags.member.{n}.Value")).collect();
    let mut form = vec![("UserName", "x")];
    for ((name, key), value) in keys.iter().zip(&values) {
        form.push((name, key));
        form.push((value, "v"));
    }
    house.good("TagUser", &form);
    house.good("TagUser", &form);
    let one_more = [
        ("UserName", "x"),
        ("Tags.member.1.Key", "new"),
        ("Tags.member.1.Value", ""),
    ];
    assert_eq!(
        house.refused("TagUser", &one_more),
        says(
            "LimitExceeded",
            "The number of tags has reached the maximum limit."
        )
    );
    let page = house.good("ListUserTags", &[("UserName", "x"), ("MaxItems", "49")]);
    assert_eq!(page["IsTruncated"], true);
    let marker = page["Marker"].as_str().unwrap();
    let rest = house.good("ListUserTags", &[("UserName", "x"), ("Marker", marker)]);
    assert_eq!(rest["Tags"], json!([{"Key": "k50", "Value": "v"}]));
}

#[test]
fn a_boundary_is_set_shown_and_taken_away() {
    let house = house();
    let own = house.managed_policy("b");
    for (owner, member) in OWNERS {
        let by = (member, "x");
        let get =
            || house.good(&format!("Get{owner}"), &[by])[owner]["PermissionsBoundary"].clone();
        for policy in [own.as_str(), "arn:aws:iam::aws:policy/AdministratorAccess"] {
            let form = [by, ("PermissionsBoundary", policy)];
            house.good(&format!("Put{owner}PermissionsBoundary"), &form);
            assert_eq!(
                get(),
                json!({"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": policy})
            );
        }
        let delete = format!("Delete{owner}PermissionsBoundary");
        house.good(&delete, &[by]);
        assert_eq!(get(), json!(null));
        // As recorded from AWS.
        assert_eq!(house.refused(&delete, &[by]).0, "NoSuchEntity");
    }
}

#[test]
fn a_boundary_is_a_policy_that_exists() {
    let house = house();
    let cases = [
        (
            arn("not_a_policy/p"),
            "InvalidInput",
            "ARN {} is not valid.",
        ),
        ("x".repeat(30), "InvalidInput", "ARN {} is not valid."),
        (
            arn("policy/none"),
            "NoSuchEntity",
            "Scope ARN: {} does not exist or is not attachable.",
        ),
        (
            "arn:aws:iam::aws:policy/NoSuchPolicyOfAws".to_owned(),
            "NoSuchEntity",
            "Scope ARN: {} does not exist or is not attachable.",
        ),
    ];
    for (policy, code, message) in cases {
        let refusal = says(code, &message.replace("{}", &policy));
        for (owner, member) in OWNERS {
            let boundary = ("PermissionsBoundary", policy.as_str());
            let put = format!("Put{owner}PermissionsBoundary");
            assert_eq!(house.refused(&put, &[(member, "x"), boundary]), refusal);
            let form = [(member, "y"), ("AssumeRolePolicyDocument", TRUST), boundary];
            assert_eq!(house.refused(&format!("Create{owner}"), &form), refusal);
        }
    }
}
