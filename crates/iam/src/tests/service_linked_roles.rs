//! Service-linked roles.

use super::house::{DOCUMENT, House, TRUST, arn, says};

const SCALING: (&str, &str) = ("AWSServiceName", "autoscaling.amazonaws.com");
const NAME: &str = "AWSServiceRoleForAutoScaling";

#[test]
fn the_role_of_a_service_has_the_name_path_and_policy_that_it_has_at_aws() {
    let house = House::new();
    let form = [SCALING, ("Description", "for scaling")];
    let made = house.good("CreateServiceLinkedRole", &form);
    let role = &made["Role"];
    assert_eq!(role["RoleName"], NAME);
    assert_eq!(role["Path"], "/aws-service-role/autoscaling.amazonaws.com/");
    assert_eq!(
        role["Arn"],
        arn("role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling")
    );
    let attached = house.good("ListAttachedRolePolicies", &[("RoleName", NAME)]);
    assert_eq!(
        attached["AttachedPolicies"][0]["PolicyArn"],
        "arn:aws:iam::aws:policy/aws-service-role/AutoScalingServiceRolePolicy"
    );
    assert_eq!(
        house.refused("CreateServiceLinkedRole", &[SCALING]),
        says(
            "InvalidInput",
            &format!(
                "Service role name {NAME} has been taken in this account, please try a different suffix."
            )
        )
    );
    let other = [SCALING, ("CustomSuffix", "other")];
    let other = house.good("CreateServiceLinkedRole", &other);
    assert_eq!(other["Role"]["RoleName"], format!("{NAME}_other"));
}

#[test]
fn a_suffix_is_for_some_services_only() {
    let house = House::new();
    let form = [
        ("AWSServiceName", "batch.amazonaws.com"),
        ("CustomSuffix", "x"),
    ];
    assert_eq!(
        house.refused("CreateServiceLinkedRole", &form),
        says(
            "InvalidInput",
            "Custom suffix is not allowed for batch.amazonaws.com"
        )
    );
    let form = [("AWSServiceName", "no.amazonaws.com")];
    assert_eq!(
        house.refused("CreateServiceLinkedRole", &form).0,
        "InvalidInput"
    );
    let form = [SCALING, ("CustomSuffix", &"x".repeat(64))];
    assert_eq!(
        house.refused("CreateServiceLinkedRole", &form).0,
        "InvalidInput"
    );
}

#[test]
fn nobody_but_its_service_changes_the_role() {
    let house = House::new();
    house.good("CreateServiceLinkedRole", &[SCALING]);
    house.good("CreateInstanceProfile", &[("InstanceProfileName", "p")]);
    let role = ("RoleName", NAME);
    let policy = ("PolicyArn", "arn:aws:iam::aws:policy/ReadOnlyAccess");
    let protected = format!(
        "Cannot perform the operation on the protected role '{NAME}' - this role is only modifiable by AWS"
    );
    let protected = says("UnmodifiableEntity", &protected);
    assert_eq!(
        house.refused("UpdateRole", &[role, ("MaxSessionDuration", "7200")]),
        says(
            "UnmodifiableEntity",
            &format!(
                "{NAME} is an AWS service linked role, max session duration cannot be changed."
            )
        )
    );
    let attempts: [(&str, &[(&str, &str)]); 8] = [
        ("DeleteRole", &[role]),
        ("UpdateAssumeRolePolicy", &[role, ("PolicyDocument", TRUST)]),
        ("AttachRolePolicy", &[role, policy]),
        ("DetachRolePolicy", &[role, policy]),
        (
            "PutRolePolicy",
            &[role, ("PolicyName", "p"), ("PolicyDocument", DOCUMENT)],
        ),
        ("DeleteRolePolicy", &[role, ("PolicyName", "p")]),
        (
            "PutRolePermissionsBoundary",
            &[
                role,
                (
                    "PermissionsBoundary",
                    "arn:aws:iam::aws:policy/ReadOnlyAccess",
                ),
            ],
        ),
        (
            "AddRoleToInstanceProfile",
            &[role, ("InstanceProfileName", "p")],
        ),
    ];
    for (operation, form) in attempts {
        assert_eq!(house.refused(operation, form), protected, "{operation}");
    }
    house.good("UpdateRole", &[role, ("Description", "mine")]);
    assert_eq!(
        house.good("GetRole", &[role])["Role"]["Description"],
        "mine"
    );
}

#[test]
fn a_role_of_a_service_is_deleted_by_a_task() {
    let house = House::new();
    house.good("CreateServiceLinkedRole", &[SCALING]);
    let started = house.good("DeleteServiceLinkedRole", &[("RoleName", NAME)]);
    let task = started["DeletionTaskId"].as_str().unwrap();
    let head = format!("task/aws-service-role/autoscaling.amazonaws.com/{NAME}/");
    assert!(task.starts_with(&head), "{task}");
    let status = house.good(
        "GetServiceLinkedRoleDeletionStatus",
        &[("DeletionTaskId", task)],
    );
    assert_eq!(status["Status"], "SUCCEEDED");
    assert_eq!(
        house.refused("GetRole", &[("RoleName", NAME)]).0,
        "NoSuchEntity"
    );
    let ask = |task: &str| {
        let form = [("DeletionTaskId", task)];
        house.refused("GetServiceLinkedRoleDeletionStatus", &form).0
    };
    assert_eq!(ask(&format!("{head}none")), "NoSuchEntity");
    assert_eq!(ask("none"), "InvalidInput");
    house.good(
        "CreateRole",
        &[("RoleName", "r"), ("AssumeRolePolicyDocument", TRUST)],
    );
    assert_eq!(
        house
            .refused("DeleteServiceLinkedRole", &[("RoleName", "r")])
            .0,
        "NoSuchEntity"
    );
}

#[test]
fn nobody_makes_a_role_where_those_of_services_lie() {
    let house = House::new();
    for path in [
        "/aws-service-role/autoscaling.amazonaws.com/",
        "/aws-reserved/x/",
    ] {
        let form = [
            ("RoleName", "r"),
            ("Path", path),
            ("AssumeRolePolicyDocument", TRUST),
        ];
        assert_eq!(
            house.refused("CreateRole", &form).0,
            "ValidationError",
            "{path}"
        );
    }
}
