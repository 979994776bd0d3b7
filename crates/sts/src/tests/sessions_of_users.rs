//! GetSessionToken and GetFederationToken: who gets them, and what their bearers may not do.

use identity::{Ask, Caller, CredentialRefusal, User};
use serde_json::json;

use super::house::{ACCOUNT, House, everything, nothing, policy, says};

fn may(house: &House, caller: &Caller, action: &'static str) -> bool {
    let ask = Ask::new(action, "*", ACCOUNT);
    let directory = &house.environment.directory;
    directory.authorize(caller, &house.request(), &ask).is_ok()
}

#[test]
fn no_session_makes_sessions_of_this_kind() {
    let house = House::new();
    let admin = house.admin();
    let role_session = house.assume(&admin, &house.open_role("r"), &[]);
    let own = house
        .bearer(&house.good(&admin, "GetSessionToken", &[]))
        .unwrap();
    let all = policy(everything());
    let form = [("Name", "bob"), ("Policy", all.as_str())];
    let federated = house
        .bearer(&house.good(&admin, "GetFederationToken", &form))
        .unwrap();
    for caller in [role_session, own, federated] {
        assert_eq!(
            house.refused(&caller, "GetSessionToken", &[]),
            says(
                "AccessDenied",
                "Cannot call GetSessionToken with session credentials"
            )
        );
        assert_eq!(
            house.refused(&caller, "GetFederationToken", &form),
            says(
                "AccessDenied",
                "Cannot call GetFederationToken with session credentials"
            )
        );
    }
}

#[test]
fn a_session_of_one_s_own_does_everything_but_iam_and_most_of_sts() {
    let house = House::new();
    for caller in [house.admin(), house.root(ACCOUNT)] {
        let session = house
            .bearer(&house.good(&caller, "GetSessionToken", &[]))
            .unwrap();
        assert!(may(&house, &session, "s3:ListAllMyBuckets"));
        assert!(may(&house, &session, "sts:AssumeRole"));
        assert!(may(&house, &session, "sts:GetCallerIdentity"));
        assert!(!may(&house, &session, "iam:ListUsers"));
        assert!(!may(&house, &session, "sts:GetAccessKeyInfo"));
        assert!(!may(&house, &session, "sts:GetFederationToken"));
    }
}

#[test]
fn a_federated_user_does_no_iam_and_no_sts_whoever_sent_it() {
    let house = House::new();
    let all = policy(everything());
    let form = [("Name", "bob"), ("Policy", all.as_str())];
    let role = house.open_role("r");
    for caller in [house.admin(), house.root(ACCOUNT)] {
        let session = house
            .bearer(&house.good(&caller, "GetFederationToken", &form))
            .unwrap();
        assert!(may(&house, &session, "s3:ListAllMyBuckets"));
        assert!(may(&house, &session, "sts:GetCallerIdentity"));
        for action in [
            "iam:ListUsers",
            "sts:AssumeRole",
            "sts:GetAccessKeyInfo",
            "sts:TagSession",
        ] {
            assert!(!may(&house, &session, action), "{action}");
        }
        assert_eq!(house.cannot_assume(&session, &role, &[]).0, "AccessDenied");
    }
}

#[test]
fn what_root_sends_without_policies_may_do_nothing() {
    let house = House::new();
    let answer = house.good(
        &house.root(ACCOUNT),
        "GetFederationToken",
        &[("Name", "bob")],
    );
    let session = house.bearer(&answer).unwrap();
    assert!(!may(&house, &session, "s3:ListAllMyBuckets"));
    assert_eq!(
        answer["FederatedUser"],
        json!({
            "Arn": "arn:aws:sts::111122223333:federated-user/bob",
            "FederatedUserId": "111122223333:bob",
        })
    );
}

#[test]
fn root_s_sessions_end_after_an_hour_and_a_user_s_when_asked() {
    let house = House::new();
    house.clock.set("2030-01-01T00:00:00Z".parse().unwrap());
    let ends = |caller: &Caller, operation: &str, seconds: &str| {
        let mut form = vec![("DurationSeconds", seconds)];
        if operation == "GetFederationToken" {
            form.push(("Name", "bob"));
        }
        let answer = house.good(caller, operation, &form);
        answer["Credentials"]["Expiration"].as_i64().unwrap() - 1_893_456_000
    };
    for operation in ["GetSessionToken", "GetFederationToken"] {
        assert_eq!(ends(&house.root(ACCOUNT), operation, "129600"), 3_600);
        assert_eq!(ends(&house.root(ACCOUNT), operation, "900"), 900);
        assert_eq!(ends(&house.admin(), operation, "129600"), 129_600);
    }
    let (code, message) = house.refused(
        &house.admin(),
        "GetSessionToken",
        &[("DurationSeconds", "129601")],
    );
    assert_eq!(code, "ValidationError");
    assert!(
        message.ends_with("Member must have value less than or equal to 129600"),
        "{message}"
    );
}

#[test]
fn a_federation_needs_leave_for_that_name_and_a_tag_needs_more() {
    let house = House::new();
    let only_bob = json!({
        "Effect": "Allow", "Action": "sts:GetFederationToken",
        "Resource": "arn:aws:sts::111122223333:federated-user/bob",
    });
    let broker = house.user(ACCOUNT, "broker", only_bob);
    house.good(&broker, "GetFederationToken", &[("Name", "bob")]);
    assert_eq!(
        house.refused(&broker, "GetFederationToken", &[("Name", "eve")]),
        says(
            "AccessDenied",
            "User: arn:aws:iam::111122223333:user/broker is not authorized to perform: sts:GetFederationToken on resource: arn:aws:sts::111122223333:federated-user/eve because no identity-based policy allows the sts:GetFederationToken action"
        )
    );
    let form = [
        ("Name", "bob"),
        ("Tags.member.1.Key", "a"),
        ("Tags.member.1.Value", "b"),
    ];
    let (code, message) = house.refused(&broker, "GetFederationToken", &form);
    assert_eq!(code, "AccessDenied");
    assert!(message.contains("sts:TagSession"), "{message}");
}

#[test]
fn get_session_token_needs_no_leave() {
    let house = House::new();
    let denied = json!({"Effect": "Deny", "Action": "sts:*", "Resource": "*"});
    let caller = house.user(ACCOUNT, "ana", denied);
    house.good(&caller, "GetSessionToken", &[]);
}

#[test]
fn sessions_end_with_the_user_whose_they_are() {
    let house = House::new();
    let user = house.user_record(ACCOUNT, "ana", everything());
    let ana = house.caller_of(&user);
    let own = house.good(&ana, "GetSessionToken", &[]);
    let federated = house.good(&ana, "GetFederationToken", &[("Name", "bob")]);
    for answer in [&own, &federated] {
        house.bearer(answer).unwrap();
    }
    house.delete::<User>(ACCOUNT, &user.id);
    for answer in [&own, &federated] {
        assert!(matches!(
            house.bearer(answer),
            Err(CredentialRefusal::Unknown)
        ));
    }
}

#[test]
fn what_the_user_may_no_longer_do_its_sessions_may_not_either() {
    let house = House::new();
    let ana = house.user(ACCOUNT, "ana", everything());
    let own = house.good(&ana, "GetSessionToken", &[]);
    assert!(
        house
            .may(&house.bearer(&own).unwrap(), "s3:GetObject")
            .is_ok()
    );
    house.user(ACCOUNT, "ana", nothing());
    assert!(
        house
            .may(&house.bearer(&own).unwrap(), "s3:GetObject")
            .is_err()
    );
}
