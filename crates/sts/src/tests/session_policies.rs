//! Policies that a session is given to stay within.

use aws::Clock as _;
use identity::{ManagedPolicy, PolicyVersion};
use serde_json::json;

use super::house::{ACCOUNT, House, OTHER, account, everything, policy, says};

const READ: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}}"#;

fn managed(house: &House, account_id: &str, id: &str, document: String) -> ManagedPolicy {
    let policy = ManagedPolicy {
        id: id.to_owned(),
        account: account(account_id),
        name: "read".to_owned(),
        path: "/".to_owned(),
        description: None,
        created: house.clock.now(),
        updated: house.clock.now(),
        tags: Vec::new(),
        versions: vec![PolicyVersion {
            number: 1,
            document,
            created: house.clock.now(),
        }],
        default_version: 1,
        next_version: 2,
    };
    house.put(account_id, &policy);
    policy
}

fn reads() -> String {
    policy(json!({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}))
}

#[test]
fn a_session_stays_within_its_policies() {
    let house = House::new();
    let role = house.open_role("r");
    let session = house.assume(&house.admin(), &role, &[("Policy", READ)]);
    assert!(house.may(&session, "s3:GetObject").is_ok());
    let denied = house.may(&session, "s3:PutObject").unwrap_err();
    assert!(
        denied
            .message
            .ends_with("because no session policy allows the s3:PutObject action"),
        "{}",
        denied.message
    );
}

#[test]
fn a_policy_has_the_characters_that_aws_takes() {
    let house = House::new();
    let (role, admin) = (house.open_role("r"), house.admin());
    house.assume(
        &admin,
        &role,
        &[("Policy", &READ.replace("*", "arn:aws:s3:::\u{e9}*"))],
    );
    // As recorded from AWS, whose model says otherwise.
    for character in ['\u{7f}', '\u{80}', '\u{a0}', '\u{100}'] {
        let text = READ.replace('*', &format!("{character}*"));
        assert_eq!(
            house.cannot_assume(&admin, &role, &[("Policy", &text)]),
            says(
                "ValidationError",
                &format!(
                    r"1 validation error detected: Value '{text}' at 'policy' failed to satisfy constraint: Member must satisfy regular expression pattern: [\u0009\u000A\u000D\u0020-\u007E\u00A1-\u00FF]+"
                )
            )
        );
    }
}

#[test]
fn a_policy_that_is_none_is_malformed() {
    let house = House::new();
    let role = house.open_role("r");
    for text in [
        "{",
        "{}",
        "null",
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}"#,
    ] {
        let form = [("Policy", text)];
        let refused = house.cannot_assume(&house.admin(), &role, &form);
        assert_eq!(refused.0, "MalformedPolicyDocument", "{text}");
        let form = [("Policy", text), ("Name", "bob")];
        let refused = house.refused(&house.admin(), "GetFederationToken", &form);
        assert_eq!(refused.0, "MalformedPolicyDocument", "{text}");
    }
}

#[test]
fn managed_policies_of_other_accounts_are_not_there() {
    let house = House::new();
    let role = house.open_role("r");
    managed(&house, OTHER, "ANPAOTHER", reads());
    for arn in [
        "arn:aws:iam::444455556666:policy/read",
        "arn:aws:iam::111122223333:policy/absent",
        "arn:aws:iam::aws:policy/Absent",
    ] {
        let refused =
            house.cannot_assume(&house.admin(), &role, &[("PolicyArns.member.1.arn", arn)]);
        assert_eq!(refused.0, "MalformedPolicyDocument", "{arn}");
        assert!(refused.1.contains(arn), "{}", refused.1);
    }
}

#[test]
fn a_managed_session_policy_counts_as_it_is_today() {
    let house = House::new();
    let role = house.open_role("r");
    let mut held = managed(&house, ACCOUNT, "ANPAREAD", reads());
    let form = [(
        "PolicyArns.member.1.arn",
        "arn:aws:iam::111122223333:policy/read",
    )];
    let arn = role.arn().to_string();
    let mut request = vec![("RoleArn", arn.as_str()), ("RoleSessionName", "session")];
    request.extend(form);
    let answer = house.good(&house.admin(), "AssumeRole", &request);
    let may = |action| house.may(&house.bearer(&answer).unwrap(), action).is_ok();
    assert!(may("s3:GetObject") && !may("s3:PutObject"));

    held.versions.push(PolicyVersion {
        number: 2,
        document: policy(json!({"Effect": "Allow", "Action": "s3:PutObject", "Resource": "*"})),
        created: house.clock.now(),
    });
    held.default_version = 2;
    house.put(ACCOUNT, &held);
    assert!(!may("s3:GetObject") && may("s3:PutObject"));

    // Gone, it allows nothing; come back under its ARN, it counts again.
    house.delete::<ManagedPolicy>(ACCOUNT, "ANPAREAD");
    assert!(!may("s3:GetObject") && !may("s3:PutObject"));
    managed(&house, ACCOUNT, "ANPAAGAIN", reads());
    assert!(may("s3:GetObject") && !may("s3:PutObject"));
}

#[test]
fn policies_beyond_what_may_be_written_are_told_how_far_beyond() {
    let house = House::new();
    let role = house.open_role("r");
    let arns = |count: usize| -> Vec<String> {
        (0..count)
            .map(|at| format!("arn:aws:s3:::bucket{at:04}/*"))
            .collect()
    };
    let text =
        |count| policy(json!({"Effect": "Allow", "Action": "s3:*", "Resource": arns(count)}));
    let long = text(71);
    assert!((2049..2100).contains(&long.len()), "{}", long.len());
    assert_eq!(
        house.cannot_assume(&house.admin(), &role, &[("Policy", &long)]),
        says(
            "PackedPolicyTooLarge",
            "Packed policy consumes 102% of allotted space, please use smaller policy."
        )
    );
    house.assume(&house.admin(), &role, &[("Policy", &text(60))]);
}

#[test]
fn what_was_packed_is_told_in_percent_and_nothing_is_not_told() {
    let house = House::new();
    let admin = house.admin();
    let role = house.open_role("r");
    let arn = role.arn().to_string();
    let mut form = vec![("RoleArn", arn.as_str()), ("RoleSessionName", "session")];
    assert!(
        house
            .good(&admin, "AssumeRole", &form)
            .get("PackedPolicySize")
            .is_none()
    );
    form.push(("Policy", READ));
    let size = house.good(&admin, "AssumeRole", &form)["PackedPolicySize"].clone();
    assert!((1..=100).contains(&size.as_i64().unwrap()));
    let federated = house.good(&admin, "GetFederationToken", &[("Name", "bob")]);
    assert_eq!(federated["PackedPolicySize"], 0);
}

#[test]
fn a_federated_user_has_what_both_its_user_and_its_policies_allow() {
    let house = House::new();
    let may_read = json!([
        {"Effect": "Allow", "Action": ["sts:GetFederationToken", "s3:GetObject"], "Resource": "*"},
    ]);
    let broker = house.user(ACCOUNT, "broker", may_read);
    let federated = |more: &[(&str, &str)]| {
        let mut form = vec![("Name", "bob")];
        form.extend(more);
        house
            .bearer(&house.good(&broker, "GetFederationToken", &form))
            .unwrap()
    };
    let everything = policy(everything());
    assert!(
        house
            .may(&federated(&[("Policy", READ)]), "s3:GetObject")
            .is_ok()
    );
    assert!(
        house
            .may(&federated(&[("Policy", &everything)]), "s3:GetObject")
            .is_ok()
    );
    assert!(
        house
            .may(&federated(&[("Policy", &everything)]), "s3:PutObject")
            .is_err()
    );
    assert!(house.may(&federated(&[]), "s3:GetObject").is_err());
}
