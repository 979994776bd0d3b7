//! What partners and services of AWS's make and nobody here can, and settings of the account
//! and the organization.

use serde_json::json;

use super::house::{House, refusal, says};

#[test]
fn there_are_no_delegation_requests() {
    let house = House::new();
    assert_eq!(
        house.good("ListDelegationRequests", &[]),
        json!({"DelegationRequests": [], "isTruncated": false})
    );
    let id = "dr-0123456789abcdef";
    for operation in [
        "AcceptDelegationRequest",
        "AssociateDelegationRequest",
        "GetDelegationRequest",
        "RejectDelegationRequest",
        "SendDelegationToken",
        "UpdateDelegationRequest",
    ] {
        assert_eq!(
            house.refused(operation, &[("DelegationRequestId", id)]),
            says(
                "NoSuchEntity",
                &format!("Delegation request {id} cannot be found.")
            ),
            "{operation}"
        );
    }
    let refused = house.refused(
        "CreateDelegationRequest",
        &[
            ("Description", "d"),
            (
                "Permissions.PolicyTemplateArn",
                "arn:aws:iam::aws:delegation-template/x",
            ),
            ("RequestorWorkflowId", "workflow"),
            (
                "NotificationChannel",
                "arn:aws:sns:us-east-1:111122223333:t",
            ),
            ("SessionDuration", "3600"),
        ],
    );
    assert_eq!(refused.0, "AccessDenied");
    let arn = format!("arn:aws:iam::111122223333:delegation-request/{id}");
    let summary = house.refused("GetHumanReadableSummary", &[("EntityArn", &arn)]);
    assert_eq!(summary.0, "NoSuchEntity");
    let other = "arn:aws:iam::111122223333:user/admin";
    let summary = house.refused("GetHumanReadableSummary", &[("EntityArn", other)]);
    assert_eq!(summary.0, "InvalidInput");
}

#[test]
fn there_are_no_role_templates() {
    let house = House::new();
    let arn = "arn:aws:iam::aws:role-template/ec2.amazonaws.com/Some:1";
    for operation in ["AcquireRole", "GetRoleTemplateVersion"] {
        let missing = house.refused(operation, &[("TemplateArn", arn)]);
        assert_eq!(missing.0, "NoSuchEntity", "{operation}");
        let other = house.refused(
            operation,
            &[("TemplateArn", "arn:aws:iam::aws:policy/ReadOnlyAccess")],
        );
        assert_eq!(other.0, "InvalidInput", "{operation}");
    }
}

#[test]
fn properties_of_one_namespace_are_set_together() {
    let house = House::new();
    assert_eq!(
        house.good("GetAccountProperties", &[]),
        json!({"Properties": {"RoleManager/Enabled": "false"}})
    );
    let put = |pairs: &[(&str, &str)]| {
        let mut form = Vec::new();
        for (at, (key, value)) in pairs.iter().enumerate() {
            let at = at + 1;
            form.push((format!("Properties.entry.{at}.key"), *key));
            form.push((format!("Properties.entry.{at}.value"), *value));
        }
        let form: Vec<_> = form
            .iter()
            .map(|(name, value)| (name.as_str(), *value))
            .collect();
        house.call("PutAccountProperties", &form)
    };
    put(&[("RoleManager/One", "true"), ("RoleManager/Two", "2")]).unwrap();
    put(&[("RoleManager/One", "false")]).unwrap();
    assert_eq!(
        house.good("GetAccountProperties", &[])["Properties"],
        json!({"RoleManager/Enabled": "false", "RoleManager/One": "false", "RoleManager/Two": "2"})
    );
    put(&[("RoleManager/Enabled", "true")]).unwrap();
    assert_eq!(
        house.good("GetAccountProperties", &[])["Properties"]["RoleManager/Enabled"],
        "true"
    );
    for wrong in [
        &[("A/x", "1"), ("B/x", "1")][..],
        &[("NoSlash", "1")],
        &[("A/", "1")],
        &[("A/b/c", "1")],
    ] {
        assert_eq!(refusal(put(wrong)).0, "InvalidInput", "{wrong:?}");
    }
}

#[test]
fn the_token_version_is_told_by_the_summary() {
    let house = House::new();
    let version =
        || house.good("GetAccountSummary", &[])["SummaryMap"]["GlobalEndpointTokenVersion"].clone();
    assert_eq!(version(), 1);
    let set = |version| {
        house.good(
            "SetSecurityTokenServicePreferences",
            &[("GlobalEndpointTokenVersion", version)],
        )
    };
    set("v2Token");
    assert_eq!(version(), 2);
    set("v1Token");
    assert_eq!(version(), 1);
}

#[test]
fn the_management_account_switches_root_features() {
    let house = House::new();
    let none = house.good("ListOrganizationsFeatures", &[]);
    assert_eq!(none["EnabledFeatures"], json!([]));
    let id = none["OrganizationId"].as_str().unwrap();
    assert!(id.starts_with("o-") && id.len() == 12);
    house.good("EnableOrganizationsRootSessions", &[]);
    let both = house.good("EnableOrganizationsRootCredentialsManagement", &[]);
    assert_eq!(
        both["EnabledFeatures"],
        json!(["RootCredentialsManagement", "RootSessions"])
    );
    let one = house.good("DisableOrganizationsRootSessions", &[]);
    assert_eq!(one["EnabledFeatures"], json!(["RootCredentialsManagement"]));
    let none = house.good("DisableOrganizationsRootCredentialsManagement", &[]);
    assert_eq!(none["EnabledFeatures"], json!([]));
    // A member's administrator.
    let member = house.other_admin();
    let refused = refusal(house.call_as(&member, "EnableOrganizationsRootSessions", &[]));
    assert_eq!(
        refused.0,
        "AccountNotManagementOrDelegatedAdministratorException"
    );
}

#[test]
fn no_report_is_made_on_organizations() {
    let house = House::new();
    let refused = house.refused(
        "GenerateOrganizationsAccessReport",
        &[("EntityPath", "o-a1b2c3d4e5/r-f6g7h8i9j0example")],
    );
    assert_eq!(refused.0, "AccessDenied");
    let job = "11111111-2222-4333-8444-555555555555";
    let refused = house.refused("GetOrganizationsAccessReport", &[("JobId", job)]);
    assert_eq!(refused.0, "NoSuchEntity");
}
