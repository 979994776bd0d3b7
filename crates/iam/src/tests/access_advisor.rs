//! Access advisor: what was used of what may be used.

use aws::Clock as _;
use identity::Accessed;
use serde_json::{Value as Json, json};

use super::house::{ACCOUNT, DOCUMENT, House, TRUST, arn, refusal, says};

const IAM_READ: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["iam:List*","sts:*"],"Resource":"*"}]}"#;

/// Notes calls of a user or role as the recording thread would; gives the moment that they
/// are counted from.
fn seen(house: &House, id: &str, calls: &[(&str, &str, i64)]) -> i64 {
    let now = house.clock.epoch_seconds();
    let mut accessed = Accessed::new(id);
    for (service, operation, ago) in calls {
        let at = aws::Timestamp::from_second(now - ago).unwrap();
        accessed.note(service, operation, at, "eu-west-1");
    }
    house.put(ACCOUNT, &accessed);
    now
}

fn report(house: &House, arn: &str, granularity: Option<&str>) -> Json {
    let mut form = vec![("Arn", arn)];
    form.extend(granularity.map(|level| ("Granularity", level)));
    let job = house.good("GenerateServiceLastAccessedDetails", &form);
    let job = job["JobId"].as_str().unwrap();
    assert_eq!(job.len(), 36);
    house.good(
        "GetServiceLastAccessedDetails",
        &[("JobId", job), ("MaxItems", "1000")],
    )
}

fn service<'a>(report: &'a Json, namespace: &str) -> &'a Json {
    let services = report["ServicesLastAccessed"].as_array().unwrap();
    let found = services
        .iter()
        .find(|service| service["ServiceNamespace"] == namespace);
    found.unwrap_or_else(|| panic!("{namespace}: {report}"))
}

fn namespaces(report: &Json) -> Vec<&str> {
    let services = report["ServicesLastAccessed"].as_array().unwrap();
    services
        .iter()
        .map(|service| service["ServiceNamespace"].as_str().unwrap())
        .collect()
}

/// `ann` in the group `g`, which may list IAM and use STS; inline she may read S3.
fn house() -> (House, String) {
    let house = House::new();
    house.good("CreateUser", &[("UserName", "ann")]);
    house.good("CreateUser", &[("UserName", "bob")]);
    house.good("CreateGroup", &[("GroupName", "g")]);
    for name in ["ann", "bob"] {
        house.good("AddUserToGroup", &[("UserName", name), ("GroupName", "g")]);
    }
    house.good(
        "PutUserPolicy",
        &[
            ("UserName", "ann"),
            ("PolicyName", "s3"),
            ("PolicyDocument", DOCUMENT),
        ],
    );
    let policy = house.good(
        "CreatePolicy",
        &[("PolicyName", "p"), ("PolicyDocument", IAM_READ)],
    );
    let policy = policy["Policy"]["Arn"].as_str().unwrap().to_owned();
    house.good(
        "AttachGroupPolicy",
        &[("GroupName", "g"), ("PolicyArn", &policy)],
    );
    (house, policy)
}

#[test]
fn a_user_is_told_of_services_that_policies_allow() {
    let (house, _) = house();
    let ann = house.user_record("ann").id;
    let now = seen(
        &house,
        &ann,
        &[
            ("iam", "ListUsers", 60),
            ("iam", "CreateUser", 5),
            ("cognito-identity", "GetId", 5),
        ],
    );
    let report = report(&house, &arn("user/ann"), None);
    assert_eq!(report["JobStatus"], "COMPLETED");
    assert_eq!(report["JobType"], "SERVICE_LEVEL");
    assert_eq!(report["IsTruncated"], false);
    // Cognito was called, but no policy allows it.
    assert_eq!(namespaces(&report), ["iam", "s3", "sts"]);
    let iam = service(&report, "iam");
    assert_eq!(
        iam["ServiceName"],
        "AWS Identity and Access Management (IAM)"
    );
    assert_eq!(iam["LastAuthenticatedEntity"], arn("user/ann"));
    assert_eq!(iam["LastAuthenticatedRegion"], "eu-west-1");
    assert_eq!(iam["TotalAuthenticatedEntities"], 1);
    // Attempts that were denied count too.
    assert_eq!(iam["LastAuthenticated"], json!(now - 5));
    assert_eq!(iam.get("TrackedActionsLastAccessed"), None);
    assert_eq!(
        service(&report, "sts"),
        &json!({"ServiceName": "AWS Security Token Service", "ServiceNamespace": "sts", "TotalAuthenticatedEntities": 0})
    );
}

#[test]
fn single_actions_are_told_where_they_are_tracked() {
    let (house, _) = house();
    let ann = house.user_record("ann").id;
    let now = seen(
        &house,
        &ann,
        &[("iam", "ListUsers", 60), ("iam", "CreateUser", 5)],
    );
    let report = report(&house, &arn("user/ann"), Some("ACTION_LEVEL"));
    assert_eq!(report["JobType"], "ACTION_LEVEL");
    let actions = service(&report, "iam")["TrackedActionsLastAccessed"]
        .as_array()
        .unwrap();
    let name = |action: &Json| action["ActionName"].as_str().unwrap().to_owned();
    let names: Vec<_> = actions.iter().map(name).collect();
    assert!(names.contains(&"ListRoles".to_owned()));
    assert!(
        names.iter().all(|name| name.starts_with("List")),
        "{names:?}"
    );
    let users = actions
        .iter()
        .find(|action| action["ActionName"] == "ListUsers")
        .unwrap();
    assert_eq!(
        users,
        &json!({
            "ActionName": "ListUsers",
            "LastAccessedEntity": arn("user/ann"),
            "LastAccessedTime": now - 60,
            "LastAccessedRegion": "eu-west-1",
        })
    );
    let roles = actions
        .iter()
        .find(|action| action["ActionName"] == "ListRoles")
        .unwrap();
    assert_eq!(roles, &json!({"ActionName": "ListRoles"}));
    // Of S3 only management is tracked, and the policy allows none of it.
    assert_eq!(
        service(&report, "s3")["TrackedActionsLastAccessed"],
        json!([])
    );
}

#[test]
fn groups_and_policies_are_told_by_all_who_carry_them() {
    let (house, policy) = house();
    let (ann, bob) = (house.user_record("ann").id, house.user_record("bob").id);
    seen(&house, &ann, &[("iam", "ListUsers", 60)]);
    seen(
        &house,
        &bob,
        &[
            ("iam", "ListUsers", 30),
            ("sts", "GetCallerIdentity", 401 * 86_400),
        ],
    );
    house.good(
        "CreateRole",
        &[("RoleName", "r"), ("AssumeRolePolicyDocument", TRUST)],
    );
    house.good(
        "AttachRolePolicy",
        &[("RoleName", "r"), ("PolicyArn", &policy)],
    );
    for (holder, count) in [(arn("group/g"), 2), (policy.clone(), 3)] {
        let job = house.good("GenerateServiceLastAccessedDetails", &[("Arn", &holder)]);
        let job = job["JobId"].as_str().unwrap();
        let report = house.good("GetServiceLastAccessedDetails", &[("JobId", job)]);
        assert_eq!(namespaces(&report), ["iam", "sts"]);
        assert_eq!(service(&report, "iam")["TotalAuthenticatedEntities"], 2);
        assert_eq!(
            service(&report, "iam")["LastAuthenticatedEntity"],
            arn("user/bob")
        );
        // Longer ago than is told.
        assert_eq!(service(&report, "sts")["TotalAuthenticatedEntities"], 0);
        let entities = house.good(
            "GetServiceLastAccessedDetailsWithEntities",
            &[("JobId", job), ("ServiceNamespace", "iam")],
        );
        let list = entities["EntityDetailsList"].as_array().unwrap();
        assert_eq!(list.len(), count);
        assert_eq!(list[0]["EntityInfo"]["Name"], "bob");
        assert_eq!(list[0]["EntityInfo"]["Type"], "USER");
        assert_eq!(list[1]["EntityInfo"]["Arn"], arn("user/ann"));
        if count == 3 {
            assert_eq!(list[2]["EntityInfo"]["Type"], "ROLE");
            assert_eq!(list[2].get("LastAuthenticated"), None);
        }
    }
}

#[test]
fn a_job_is_for_whoever_asked() {
    let (house, _) = house();
    let job = house.good(
        "GenerateServiceLastAccessedDetails",
        &[("Arn", &arn("user/ann"))],
    );
    let job = job["JobId"].as_str().unwrap().to_owned();
    let root = house.root();
    let gone = || {
        says(
            "NoSuchEntity",
            &format!("Job with id {job} cannot be found."),
        )
    };
    let others = house.call_as(&root, "GetServiceLastAccessedDetails", &[("JobId", &job)]);
    assert_eq!(refusal(others), gone());
    let now = house.clock.epoch_seconds();
    house
        .clock
        .set(aws::Timestamp::from_second(now + 7 * 86_400 + 1).unwrap());
    assert_eq!(
        house.refused("GetServiceLastAccessedDetails", &[("JobId", &job)]),
        gone()
    );
    for missing in [
        arn("user/none"),
        arn("policy/none"),
        arn("user/p/ann"),
        arn("mfa/ann"),
    ] {
        let refused = house.refused("GenerateServiceLastAccessedDetails", &[("Arn", &missing)]);
        assert_eq!(refused.0, "NoSuchEntity", "{missing}");
    }
}

#[test]
fn what_is_deleted_meanwhile_fails_the_job() {
    let (house, _) = house();
    house.good("CreateUser", &[("UserName", "eve")]);
    let job = house.good(
        "GenerateServiceLastAccessedDetails",
        &[("Arn", &arn("user/eve"))],
    );
    house.good("DeleteUser", &[("UserName", "eve")]);
    let job = job["JobId"].as_str().unwrap();
    let report = house.good("GetServiceLastAccessedDetails", &[("JobId", job)]);
    assert_eq!(report["JobStatus"], "FAILED");
    assert_eq!(report["Error"]["Code"], "NoSuchEntity");
}

#[test]
fn the_policies_that_grant_a_service_are_named() {
    let (house, policy) = house();
    let asked = |holder: &str| {
        house.good(
            "ListPoliciesGrantingServiceAccess",
            &[
                ("Arn", holder),
                ("ServiceNamespaces.member.1", "iam"),
                ("ServiceNamespaces.member.2", "s3"),
                ("ServiceNamespaces.member.3", "ec2"),
            ],
        )
    };
    let managed = json!([{"PolicyName": "p", "PolicyType": "MANAGED", "PolicyArn": policy}]);
    let inline = json!([{"PolicyName": "s3", "PolicyType": "INLINE", "EntityType": "USER", "EntityName": "ann"}]);
    assert_eq!(
        asked(&arn("user/ann")),
        json!({
            "PoliciesGrantingServiceAccess": [
                {"ServiceNamespace": "iam", "Policies": managed},
                {"ServiceNamespace": "s3", "Policies": inline},
                {"ServiceNamespace": "ec2", "Policies": []},
            ],
            "IsTruncated": false,
        })
    );
    assert_eq!(
        asked(&arn("group/g"))["PoliciesGrantingServiceAccess"][0]["Policies"],
        managed
    );
    let everything = asked(&arn("user/admin"));
    assert_eq!(
        everything["PoliciesGrantingServiceAccess"][2]["Policies"][0]["PolicyName"],
        "AdministratorAccess"
    );
    let refused = house.refused(
        "ListPoliciesGrantingServiceAccess",
        &[("Arn", &policy), ("ServiceNamespaces.member.1", "iam")],
    );
    assert_eq!(refused.0, "NoSuchEntity");
}
