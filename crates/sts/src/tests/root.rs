//! AssumeRoot: for one task, and for whoever manages the organization.

use identity::{Ask, Caller, GLOBAL_SCOPE, RootFeatures};
use serde_json::json;

use super::house::{ACCOUNT, House, OTHER, everything, nothing, says};

const UNLOCK_BUCKET: &str = "arn:aws:iam::aws:policy/root-task/S3UnlockBucketPolicy";
const AUDIT: &str = "arn:aws:iam::aws:policy/root-task/IAMAuditRootUserCredentials";

fn enable(house: &House) {
    let features = RootFeatures {
        credentials_management: false,
        sessions: true,
    };
    house.put(GLOBAL_SCOPE, &features);
}

fn form<'a>(target: &'a str, task: &'a str) -> [(&'a str, &'a str); 2] {
    [("TargetPrincipal", target), ("TaskPolicyArn.arn", task)]
}

fn may(house: &House, caller: &Caller, action: &'static str, resource: &str) -> bool {
    let ask = Ask::new(action, resource, OTHER);
    let directory = &house.environment.directory;
    directory.authorize(caller, &house.request(), &ask).is_ok()
}

#[test]
fn the_task_confines_the_session() {
    let house = House::new();
    enable(&house);
    let admin = house.admin();
    let root = format!("arn:aws:iam::{OTHER}:root");
    for target in [OTHER, root.as_str()] {
        let answer = house.good(&admin, "AssumeRoot", &form(target, UNLOCK_BUCKET));
        assert_eq!(answer.get("SourceIdentity"), None);
        let session = house.bearer(&answer).unwrap();
        let me = house.good(&session, "GetCallerIdentity", &[]);
        assert_eq!(me["Account"], OTHER);
        assert_eq!(me["Arn"], root);
        let bucket = "arn:aws:s3:::locked";
        assert!(may(&house, &session, "s3:DeleteBucketPolicy", bucket));
        assert!(may(&house, &session, "s3:ListAllMyBuckets", "*"));
        assert!(!may(
            &house,
            &session,
            "s3:GetObject",
            "arn:aws:s3:::locked/key"
        ));
        assert!(!may(&house, &session, "iam:CreateUser", "*"));
        assert!(!may(&house, &session, "sts:AssumeRole", "*"));
    }
    let answer = house.good(&admin, "AssumeRoot", &form(OTHER, AUDIT));
    let session = house.bearer(&answer).unwrap();
    assert!(may(&house, &session, "iam:ListAccessKeys", &root));
    let user = format!("arn:aws:iam::{OTHER}:user/ann");
    assert!(!may(&house, &session, "iam:ListAccessKeys", &user));
    assert!(!may(&house, &session, "iam:DeleteAccessKey", &root));
}

#[test]
fn a_session_lasts_a_quarter_of_an_hour_at_most() {
    let house = House::new();
    enable(&house);
    let admin = house.admin();
    let [target, task] = form(OTHER, UNLOCK_BUCKET);
    let answer = house.good(&admin, "AssumeRoot", &[target, task]);
    assert_eq!(
        answer["Credentials"]["Expiration"].as_i64().unwrap(),
        house.request().now.as_second() + 900
    );
    let longer = house.refused(
        &admin,
        "AssumeRoot",
        &[target, task, ("DurationSeconds", "901")],
    );
    assert_eq!(longer.0, "ValidationError");
}

#[test]
fn nobody_else_becomes_root() {
    let house = House::new();
    let admin = house.admin();
    let denied = |caller: &Caller, who: &str, target: &str| {
        let message = format!(
            "User: {who} is not authorized to perform: sts:AssumeRoot on resource: arn:aws:iam::{target}:root"
        );
        let refused = house.refused(caller, "AssumeRoot", &form(target, UNLOCK_BUCKET));
        // Without a reason, as recorded from AWS.
        assert_eq!(refused, says("AccessDenied", &message));
    };
    let main = format!("arn:aws:iam::{ACCOUNT}:user/admin");
    // Not enabled.
    denied(&admin, &main, OTHER);
    enable(&house);
    // The management account itself, and one that is not there.
    denied(&admin, &main, ACCOUNT);
    denied(&admin, &main, "999988887777");
    // A member, and somebody without leave.
    let member = house.user(OTHER, "eve", everything());
    denied(&member, &format!("arn:aws:iam::{OTHER}:user/eve"), OTHER);
    let bob = house.user(ACCOUNT, "bob", nothing());
    denied(&bob, &format!("arn:aws:iam::{ACCOUNT}:user/bob"), OTHER);
    // Leave for one task is none for another.
    let audit_only = json!({
        "Effect": "Allow", "Action": "sts:AssumeRoot", "Resource": "*",
        "Condition": {"StringEquals": {"sts:TaskPolicyArn": AUDIT}},
    });
    let carl = house.user(ACCOUNT, "carl", audit_only);
    denied(&carl, &format!("arn:aws:iam::{ACCOUNT}:user/carl"), OTHER);
    house.good(&carl, "AssumeRoot", &form(OTHER, AUDIT));
    // Root's own keys.
    let root = house.refused(&house.root(ACCOUNT), "AssumeRoot", &form(OTHER, AUDIT));
    assert_eq!(root.0, "AccessDenied");
}

#[test]
fn what_is_no_root_and_no_task_is_invalid() {
    let house = House::new();
    enable(&house);
    let admin = house.admin();
    for target in ["not-an-account", "arn:aws:iam::444455556666:user/root"] {
        let refused = house.refused(&admin, "AssumeRoot", &form(target, AUDIT));
        // As recorded from AWS.
        assert_eq!(
            refused,
            says(
                "ValidationError",
                "Request must contain a valid target principal"
            ),
            "{target}"
        );
    }
    for task in [
        "arn:aws:iam::aws:policy/AdministratorAccess",
        "arn:aws:iam::aws:policy/root-task/Nothing",
        "arn:aws:iam::111122223333:policy/root-task/S3UnlockBucketPolicy",
    ] {
        let refused = house.refused(&admin, "AssumeRoot", &form(OTHER, task));
        assert_eq!(
            refused,
            says(
                "ValidationError",
                "Request must contain valid AWS managed task policy ARN"
            ),
            "{task}"
        );
    }
}

#[test]
fn no_token_is_traded_in() {
    let house = House::new();
    let refused = house.refused(
        &house.admin(),
        "GetDelegatedAccessToken",
        &[("TradeInToken", "token")],
    );
    assert_eq!(refused.0, "AccessDenied");
    assert!(
        refused
            .1
            .ends_with("is not authorized to perform: sts:GetDelegatedAccessToken")
    );
}
