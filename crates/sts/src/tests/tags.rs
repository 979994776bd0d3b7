//! Session tags as they are asked for.

use serde_json::json;

use super::house::{ACCOUNT, House, everything, says, trusts};

#[test]
fn two_spellings_of_one_key_are_one_too_many() {
    let house = House::new();
    let role = house.open_role("r");
    let sentence = "Duplicate tag keys found. Please note that Tag keys are case insensitive.";
    for (one, other) in [("Team", "team"), ("É", "é"), ("Team", "Team")] {
        let form = [
            ("Tags.member.1.Key", one),
            ("Tags.member.1.Value", "a"),
            ("Tags.member.2.Key", other),
            ("Tags.member.2.Value", "b"),
        ];
        let expected = says("InvalidParameterValue", sentence);
        assert_eq!(house.cannot_assume(&house.admin(), &role, &form), expected);
        let mut form = form.to_vec();
        form.push(("Name", "bob"));
        assert_eq!(
            house.refused(&house.admin(), "GetFederationToken", &form),
            expected
        );
    }
}

#[test]
fn only_tags_of_the_request_can_be_made_transitive() {
    let house = House::new();
    let role = house.open_role("r");
    let form = [
        ("Tags.member.1.Key", "Team"),
        ("Tags.member.1.Value", "a"),
        ("TransitiveTagKeys.member.1", "Project"),
    ];
    assert_eq!(
        house.cannot_assume(&house.admin(), &role, &form),
        says(
            "InvalidParameterValue",
            "The specified transitive tag key must be included in the requested tags."
        )
    );
}

#[test]
fn keys_under_aws_are_aws_s_own() {
    let house = House::new();
    let role = house.open_role("r");
    for key in ["aws:x", "AWS:PrincipalArn"] {
        let form = [("Tags.member.1.Key", key), ("Tags.member.1.Value", "a")];
        assert_eq!(
            house.cannot_assume(&house.admin(), &role, &form),
            says(
                "InvalidParameterValue",
                "aws: prefixed tag key names are not allowed for external use."
            )
        );
    }
}

#[test]
fn tags_beyond_the_space_are_told_how_far_beyond() {
    let house = House::new();
    let role = house.open_role("r");
    let value = "v".repeat(250);
    let names: Vec<(String, String, String)> = (1..=20)
        .map(|at| {
            let tag = format!("Tags.member.{at}");
            (
                format!("{tag}.Key"),
                format!("key{at}"),
                format!("{tag}.Value"),
            )
        })
        .collect();
    let mut form = Vec::new();
    for (key_name, key, value_name) in &names {
        form.extend([(key_name.as_str(), key.as_str()), (value_name, &value)]);
    }
    assert_eq!(
        house.cannot_assume(&house.admin(), &role, &form),
        says(
            "PackedPolicyTooLarge",
            "Packed size of session tags consumes 125% of allotted space."
        )
    );
}

#[test]
fn more_than_fifty_tags_are_too_many() {
    let house = House::new();
    let role = house.open_role("r");
    let names: Vec<(String, String)> = (1..=51)
        .map(|at| {
            (
                format!("Tags.member.{at}.Key"),
                format!("Tags.member.{at}.Value"),
            )
        })
        .collect();
    let form: Vec<(&str, &str)> = names
        .iter()
        .flat_map(|(key, value)| [(key.as_str(), key.as_str()), (value.as_str(), "")])
        .collect();
    let (code, message) = house.cannot_assume(&house.admin(), &role, &form);
    assert_eq!(code, "ValidationError");
    assert!(
        message.ends_with("Member must have length less than or equal to 50"),
        "{message}"
    );
}

#[test]
fn session_tags_hide_the_role_s_own_of_the_same_key_and_policies_see_them() {
    let house = House::new();
    let by_tag = json!({
        "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*",
        "Condition": {"StringEquals": {"aws:PrincipalTag/team": "blue"}},
    });
    let mut role = house.role(ACCOUNT, "r", trusts(json!({"AWS": ACCOUNT})), by_tag);
    role.tags = vec![identity::Tag {
        key: "Team".to_owned(),
        value: "red".to_owned(),
    }];
    house.put(ACCOUNT, &role);
    let admin = house.user(ACCOUNT, "admin", everything());
    let tag = |value| {
        [
            ("Tags.member.1.Key", "TEAM"),
            ("Tags.member.1.Value", value),
        ]
    };
    assert!(
        house
            .may(&house.assume(&admin, &role, &[]), "s3:GetObject")
            .is_err()
    );
    assert!(
        house
            .may(&house.assume(&admin, &role, &tag("blue")), "s3:GetObject")
            .is_ok()
    );
    assert!(
        house
            .may(&house.assume(&admin, &role, &tag("green")), "s3:GetObject")
            .is_err()
    );
}
