//! The long answer about everything in an account.

use serde_json::{Value as Json, json};

use super::house::{ACCOUNT, DOCUMENT, House, TRUST, arn, refusal, says};

const READ_ONLY: &str = "arn:aws:iam::aws:policy/ReadOnlyAccess";

fn house() -> (House, String) {
    let house = House::new();
    let policy = house.managed_policy("own");
    house.good("CreateGroup", &[("GroupName", "g")]);
    house.good(
        "PutGroupPolicy",
        &[
            ("GroupName", "g"),
            ("PolicyName", "in"),
            ("PolicyDocument", DOCUMENT),
        ],
    );
    house.good(
        "CreateUser",
        &[
            ("UserName", "ann"),
            ("Path", "/p/"),
            ("PermissionsBoundary", &policy),
            ("Tags.member.1.Key", "k"),
            ("Tags.member.1.Value", "v"),
        ],
    );
    house.good(
        "PutUserPolicy",
        &[
            ("UserName", "ann"),
            ("PolicyName", "in"),
            ("PolicyDocument", DOCUMENT),
        ],
    );
    house.good("AddUserToGroup", &[("UserName", "ann"), ("GroupName", "g")]);
    house.good(
        "CreateRole",
        &[("RoleName", "r"), ("AssumeRolePolicyDocument", TRUST)],
    );
    house.good(
        "AttachRolePolicy",
        &[("RoleName", "r"), ("PolicyArn", READ_ONLY)],
    );
    (house, policy)
}

fn keys(value: &Json) -> Vec<&str> {
    value
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect()
}

#[test]
fn everything_is_told_with_what_hangs_on_it() {
    let (house, policy) = house();
    let all = house.good("GetAccountAuthorizationDetails", &[]);
    assert_eq!(all["IsTruncated"], json!(false));
    assert_eq!(all.get("Marker"), None);
    let encoded = crate::documents::encoded(DOCUMENT);
    let inline = json!([{"PolicyName": "in", "PolicyDocument": encoded}]);

    let users = all["UserDetailList"].as_array().unwrap();
    assert_eq!(users.len(), 2);
    // A user without inline policies has no list of them, but all other lists.
    assert_eq!(users[0]["UserName"], "admin");
    assert_eq!(users[0].get("UserPolicyList"), None);
    assert_eq!(users[0]["GroupList"], json!([]));
    assert_eq!(users[0]["Tags"], json!([]));
    assert_eq!(users[1]["UserPolicyList"], inline);
    assert_eq!(users[1]["GroupList"], json!(["g"]));
    assert_eq!(users[1]["AttachedManagedPolicies"], json!([]));
    assert_eq!(users[1]["Tags"], json!([{"Key": "k", "Value": "v"}]));
    assert_eq!(
        users[1]["PermissionsBoundary"]["PermissionsBoundaryArn"],
        json!(policy)
    );

    let group = &all["GroupDetailList"][0];
    assert_eq!(group["GroupPolicyList"], inline);
    assert_eq!(group["AttachedManagedPolicies"], json!([]));
    let role = &all["RoleDetailList"][0];
    assert_eq!(
        keys(role),
        [
            "Arn",
            "AssumeRolePolicyDocument",
            "AttachedManagedPolicies",
            "CreateDate",
            "InstanceProfileList",
            "Path",
            "RoleId",
            "RoleLastUsed",
            "RoleName",
            "RolePolicyList",
            "Tags",
        ]
    );
    assert_eq!(role["RoleLastUsed"], json!({}));
    assert_eq!(
        role["AttachedManagedPolicies"],
        json!([{"PolicyName": "ReadOnlyAccess", "PolicyArn": READ_ONLY}])
    );
}

#[test]
fn of_awss_policies_those_in_use_are_told() {
    let (house, policy) = house();
    let all = house.good("GetAccountAuthorizationDetails", &[]);
    let told: Vec<_> = all["Policies"]
        .as_array()
        .unwrap()
        .iter()
        .map(|policy| policy["Arn"].as_str().unwrap())
        .collect();
    assert_eq!(
        told,
        [
            policy.as_str(),
            "arn:aws:iam::aws:policy/AdministratorAccess",
            READ_ONLY
        ]
    );
    let own = &all["Policies"][0];
    assert_eq!(own["AttachmentCount"], 0);
    assert_eq!(own["PermissionsBoundaryUsageCount"], 1);
    assert_eq!(own.get("Description"), None);
    assert_eq!(own["PolicyVersionList"][0]["VersionId"], "v1");
    assert_eq!(own["PolicyVersionList"][0]["IsDefaultVersion"], true);
    assert_eq!(
        own["PolicyVersionList"][0]["Document"],
        crate::documents::encoded(DOCUMENT)
    );
}

#[test]
fn filters_leave_the_other_lists_empty() {
    let (house, _) = house();
    let filtered = |filter: &[(&str, &str)]| {
        let all = house.good("GetAccountAuthorizationDetails", filter);
        let length = |list: &str| all[list].as_array().unwrap().len();
        (
            length("UserDetailList"),
            length("GroupDetailList"),
            length("RoleDetailList"),
            length("Policies"),
        )
    };
    assert_eq!(filtered(&[]), (2, 1, 1, 3));
    assert_eq!(filtered(&[("Filter.member.1", "User")]), (2, 0, 0, 0));
    assert_eq!(
        filtered(&[("Filter.member.1", "Role"), ("Filter.member.2", "Group")]),
        (0, 1, 1, 0)
    );
    assert_eq!(
        filtered(&[("Filter.member.1", "LocalManagedPolicy")]),
        (0, 0, 0, 1)
    );
    assert_eq!(
        filtered(&[("Filter.member.1", "AWSManagedPolicy")]),
        (0, 0, 0, 2)
    );
    let wrong = house.refused(
        "GetAccountAuthorizationDetails",
        &[("Filter.member.1", "x")],
    );
    assert_eq!(wrong.0, "ValidationError");
}

#[test]
fn pages_of_any_size_tell_the_same() {
    let (house, _) = house();
    let names = |page: &Json| -> Vec<String> {
        let lists = [
            "UserDetailList",
            "GroupDetailList",
            "RoleDetailList",
            "Policies",
        ];
        let all = lists.iter().flat_map(|list| page[list].as_array().unwrap());
        all.map(|one| one["Arn"].as_str().unwrap().to_owned())
            .collect()
    };
    let whole = names(&house.good("GetAccountAuthorizationDetails", &[]));
    assert_eq!(whole.len(), 7);
    for size in 1..=7 {
        let size_text = size.to_string();
        let mut seen = Vec::new();
        let mut marker: Option<String> = None;
        loop {
            let mut form = vec![("MaxItems", size_text.as_str())];
            form.extend(marker.as_deref().map(|marker| ("Marker", marker)));
            let page = house.good("GetAccountAuthorizationDetails", &form);
            let told = names(&page);
            assert!(!told.is_empty() && told.len() <= size);
            seen.extend(told);
            assert_eq!(page["IsTruncated"], json!(page.get("Marker").is_some()));
            marker = page["Marker"].as_str().map(str::to_owned);
            if marker.is_none() {
                break;
            }
        }
        assert_eq!(seen, whole, "{size}");
    }
    for marker in ["x", "u", "x.1", "a.x", "u.x", "."] {
        let refused = house.refused("GetAccountAuthorizationDetails", &[("Marker", marker)]);
        assert_eq!(
            refused,
            says("ValidationError", "Invalid Marker."),
            "{marker}"
        );
    }
}

#[test]
fn it_takes_leave_of_its_own() {
    let (house, _) = house();
    let ann = house.user("ann");
    let refused = refusal(house.call_as(&ann, "GetAccountAuthorizationDetails", &[]));
    assert_eq!(
        refused,
        says(
            "AccessDenied",
            &format!(
                "User: {} is not authorized to perform: iam:GetAccountAuthorizationDetails on resource: * because no identity-based policy allows the iam:GetAccountAuthorizationDetails action",
                arn("user/p/ann")
            )
        )
    );
    assert!(refused.1.contains(ACCOUNT));
}
