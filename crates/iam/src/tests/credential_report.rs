//! The credential report.

use aws::Clock as _;
use identity::LastUsed;

use super::house::{ACCOUNT, House, arn, refusal, says};
use super::user_credentials::certificate;

fn report(house: &House) -> Vec<Vec<String>> {
    let answer = house.good("GetCredentialReport", &[]);
    assert_eq!(answer["ReportFormat"], "text/csv");
    let rows = answer["Content"].as_str().unwrap();
    assert!(!rows.ends_with('\n'));
    let split = |row: &str| row.split(',').map(str::to_owned).collect();
    rows.split('\n').map(split).collect()
}

/// Moves the clock on by this many seconds.
fn later(house: &House, seconds: i64) {
    let then = house.clock.epoch_seconds() + seconds;
    house.clock.set(aws::Timestamp::from_second(then).unwrap());
}

fn value<'a>(rows: &'a [Vec<String>], user: &str, column: &str) -> &'a str {
    let at = rows[0].iter().position(|name| name == column).unwrap();
    let row = rows.iter().find(|row| row[0] == user).unwrap();
    &row[at]
}

#[test]
fn a_report_is_made_once_in_four_hours() {
    let house = House::new();
    assert_eq!(
        house.refused("GetCredentialReport", &[]),
        says("ReportNotPresent", "")
    );
    let started = house.good("GenerateCredentialReport", &[]);
    assert_eq!(started["State"], "STARTED");
    assert_eq!(
        started["Description"],
        "No report exists. Starting a new report generation task"
    );
    let complete = house.good("GenerateCredentialReport", &[]);
    assert_eq!(complete, serde_json::json!({"State": "COMPLETE"}));

    // What changes afterwards is not in it.
    house.good("CreateUser", &[("UserName", "late")]);
    let before = report(&house);
    assert!(before.iter().all(|row| row[0] != "late"));
    later(&house, 4 * 3600 - 2);
    assert_eq!(
        house.good("GenerateCredentialReport", &[])["State"],
        "COMPLETE"
    );
    assert_eq!(report(&house), before);
    later(&house, 2);
    assert_eq!(
        house.refused("GetCredentialReport", &[]),
        says("ReportExpired", "")
    );
    assert_eq!(
        house.good("GenerateCredentialReport", &[])["State"],
        "STARTED"
    );
    assert!(report(&house).iter().any(|row| row[0] == "late"));
}

#[test]
fn every_column_follows_the_conventions() {
    let house = House::new();
    house.good("CreateUser", &[("UserName", "Zoe"), ("Path", "/p/")]);
    house.good("CreateUser", &[("UserName", "bob")]);
    let first = house.good("CreateAccessKey", &[("UserName", "bob")]);
    let first_made = identity::iso(first["AccessKey"]["CreateDate"].as_i64().unwrap());
    let first = first["AccessKey"]["AccessKeyId"]
        .as_str()
        .unwrap()
        .to_owned();
    let root = house.call_as(&house.root(), "GetUser", &[]).unwrap();
    let root_made = identity::iso(root["User"]["CreateDate"].as_i64().unwrap());
    let now = house.clock.now();
    later(&house, 10);
    let second = house.good("CreateAccessKey", &[("UserName", "bob")]);
    let second = second["AccessKey"]["AccessKeyId"]
        .as_str()
        .unwrap()
        .to_owned();
    house.good(
        "UpdateAccessKey",
        &[
            ("UserName", "bob"),
            ("AccessKeyId", &first),
            ("Status", "Inactive"),
        ],
    );
    house.put(
        ACCOUNT,
        &LastUsed {
            id: second,
            at: now,
            region: "eu-west-1".to_owned(),
            service: "s3".to_owned(),
        },
    );
    house.good("GenerateCredentialReport", &[]);
    let rows = report(&house);
    assert_eq!(rows[0].join(","), crate::credential_rows::COLUMNS.join(","));
    assert!(rows.iter().all(|row| row.len() == 22));
    let users: Vec<_> = rows[1..].iter().map(|row| row[0].as_str()).collect();
    assert_eq!(users, ["<root_account>", "admin", "bob", "Zoe"]);

    let used = identity::iso(now.as_second());
    assert!(used.ends_with('Z') && used.len() == 20);
    for (user, column, expected) in [
        (
            "<root_account>",
            "arn",
            format!("arn:aws:iam::{ACCOUNT}:root").as_str(),
        ),
        ("<root_account>", "user_creation_time", &root_made),
        // Of root's password AWS was recorded to tell all but when it must change.
        ("<root_account>", "password_enabled", "false"),
        ("<root_account>", "password_last_used", "N/A"),
        ("<root_account>", "password_last_changed", "N/A"),
        ("<root_account>", "password_next_rotation", "not_supported"),
        ("<root_account>", "mfa_active", "false"),
        ("<root_account>", "access_key_1_active", "false"),
        ("Zoe", "arn", &arn("user/p/Zoe")),
        ("Zoe", "password_enabled", "false"),
        ("Zoe", "password_last_used", "N/A"),
        ("Zoe", "password_last_changed", "N/A"),
        ("Zoe", "password_next_rotation", "N/A"),
        ("Zoe", "access_key_1_last_rotated", "N/A"),
        ("Zoe", "cert_2_active", "false"),
        ("Zoe", "cert_2_last_rotated", "N/A"),
        // The older key comes first; an inactive one keeps its time.
        ("bob", "access_key_1_active", "false"),
        ("bob", "access_key_1_last_rotated", &first_made),
        ("bob", "access_key_1_last_used_date", "N/A"),
        ("bob", "access_key_2_active", "true"),
        ("bob", "access_key_2_last_used_date", &used),
        ("bob", "access_key_2_last_used_region", "eu-west-1"),
        ("bob", "access_key_2_last_used_service", "s3"),
    ] {
        assert_eq!(value(&rows, user, column), expected, "{user} {column}");
    }
}

#[test]
fn a_certificate_that_is_switched_off_comes_first() {
    let house = House::new();
    // As recorded from AWS of two users: the older one is switched off, and the newer one.
    for (user, switched_off) in [("ann", 0), ("bob", 1)] {
        let name = ("UserName", user);
        house.good("CreateUser", &[name]);
        let mut ids = Vec::new();
        for _ in 0..2 {
            let form = [name, ("CertificateBody", &certificate())];
            let uploaded = house.good("UploadSigningCertificate", &form);
            let id = uploaded["Certificate"]["CertificateId"].as_str().unwrap();
            ids.push((id.to_owned(), identity::iso(house.clock.epoch_seconds())));
            later(&house, 1);
        }
        let id = ("CertificateId", ids[switched_off].0.as_str());
        let form = [name, id, ("Status", "Inactive")];
        house.good("UpdateSigningCertificate", &form);
        ids.swap(0, switched_off);
        house.good("GenerateCredentialReport", &[]);
        let rows = report(&house);
        assert_eq!(value(&rows, user, "cert_1_active"), "false");
        assert_eq!(value(&rows, user, "cert_1_last_rotated"), ids[0].1);
        assert_eq!(value(&rows, user, "cert_2_active"), "true");
        assert_eq!(value(&rows, user, "cert_2_last_rotated"), ids[1].1);
        house.clock.advance(aws::SignedDuration::from_hours(5));
    }
}

#[test]
fn making_and_reading_take_leave_each() {
    let house = House::new();
    house.good("CreateUser", &[("UserName", "ann")]);
    let ann = house.user("ann");
    for operation in ["GenerateCredentialReport", "GetCredentialReport"] {
        let refused = refusal(house.call_as(&ann, operation, &[]));
        assert_eq!(refused.0, "AccessDenied");
        assert!(
            refused
                .1
                .contains(&format!("iam:{operation} on resource: *"))
        );
    }
}
