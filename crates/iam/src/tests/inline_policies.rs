//! Inline policies of users, groups and roles.

use super::house::{DOCUMENT, House, TRUST, says};

/// Operation suffix, the member that names the owner, and the quota of sizes.
const OWNERS: [(&str, &str, usize); 3] = [
    ("User", "UserName", 2048),
    ("Group", "GroupName", 5120),
    ("Role", "RoleName", 10_240),
];

fn house() -> House {
    let house = House::new();
    house.good("CreateUser", &[("UserName", "x")]);
    house.good("CreateGroup", &[("GroupName", "x")]);
    house.good(
        "CreateRole",
        &[("RoleName", "x"), ("AssumeRolePolicyDocument", TRUST)],
    );
    house
}

fn plural(owner: &str) -> String {
    format!("List{owner}Policies")
}

#[test]
fn an_inline_policy_is_put_shown_listed_and_deleted() {
    let house = house();
    for (owner, member, _) in OWNERS {
        let (by, named) = ((member, "x"), ("PolicyName", "p"));
        let put = format!("Put{owner}Policy");
        house.good(
            &put,
            &[by, ("PolicyName", "q"), ("PolicyDocument", DOCUMENT)],
        );
        house.good(&put, &[by, named, ("PolicyDocument", DOCUMENT)]);
        let shown = house.good(&format!("Get{owner}Policy"), &[by, named]);
        let encoded = crate::documents::encoded(DOCUMENT);
        assert_eq!(shown["PolicyDocument"], encoded);
        assert_eq!(
            (&shown[member], &shown["PolicyName"]),
            (&"x".into(), &"p".into())
        );
        let listed = house.good(&plural(owner), &[by]);
        assert_eq!(listed["PolicyNames"], serde_json::json!(["p", "q"]));
        house.good(&format!("Delete{owner}Policy"), &[by, named]);
        for operation in ["Get", "Delete"] {
            let noun = owner.to_lowercase();
            assert_eq!(
                house.refused(&format!("{operation}{owner}Policy"), &[by, named]),
                says(
                    "NoSuchEntity",
                    &format!("The {noun} policy with name p cannot be found.")
                )
            );
        }
    }
}

#[test]
fn names_are_one_in_capitals_and_not() {
    let house = house();
    for (owner, member, _) in OWNERS {
        let by = (member, "x");
        let named = |name| [by, ("PolicyName", name)];
        let put = |name: &str, document: &str| {
            let form = [by, ("PolicyName", name), ("PolicyDocument", document)];
            house.good(&format!("Put{owner}Policy"), &form);
        };
        // As recorded from AWS.
        put("MixedName", DOCUMENT);
        let denying = DOCUMENT.replace("Allow", "Deny");
        put("MIXEDNAME", &denying);
        let listed = house.good(&plural(owner), &[by]);
        assert_eq!(listed["PolicyNames"], serde_json::json!(["MixedName"]));
        let shown = house.good(&format!("Get{owner}Policy"), &named("MIXEDNAME"));
        assert_eq!(shown["PolicyName"], "MIXEDNAME");
        let encoded = crate::documents::encoded(&denying);
        assert_eq!(shown["PolicyDocument"], encoded);
        house.good(&format!("Delete{owner}Policy"), &named("mixedname"));
        let listed = house.good(&plural(owner), &[by]);
        assert_eq!(listed["PolicyNames"], serde_json::json!([]));
    }
}

#[test]
fn what_no_policy_can_say_is_malformed() {
    let house = house();
    for (owner, member, _) in OWNERS {
        let operation = format!("Put{owner}Policy");
        for document in ["{", r#"{"Version":"2012-10-17"}"#, TRUST] {
            let form = [
                (member, "x"),
                ("PolicyName", "p"),
                ("PolicyDocument", document),
            ];
            let (code, message) = house.refused(&operation, &form);
            assert_eq!(code, "MalformedPolicyDocument", "{document}");
            assert!(!message.is_empty());
        }
    }
}

#[test]
fn all_inline_policies_together_have_a_size_and_white_space_is_free() {
    let house = house();
    for (owner, member, most) in OWNERS {
        let operation = format!("Put{owner}Policy");
        let put = |name: &str, document: &str| {
            house.call(
                &operation,
                &[
                    (member, "x"),
                    ("PolicyName", name),
                    ("PolicyDocument", document),
                ],
            )
        };
        put("first", DOCUMENT).unwrap();
        let rest = most - DOCUMENT.len();
        assert!(put("second", &sized(rest)).is_ok());
        let spaced = format!("{}{}", " ".repeat(5000), sized(rest));
        assert!(put("second", &spaced).is_ok());
        let refused = super::house::refusal(put("second", &sized(rest + 1)));
        let noun = owner.to_lowercase();
        assert_eq!(
            refused,
            says(
                "LimitExceeded",
                &format!("Maximum policy size of {most} bytes exceeded for {noun} x")
            )
        );
    }
}

/// A document of just this many characters.
fn sized(characters: usize) -> String {
    let (head, tail) = (
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/"#,
        r#""}]}"#,
    );
    let filling = characters - head.len() - tail.len();
    format!("{head}{}{tail}", "x".repeat(filling))
}
