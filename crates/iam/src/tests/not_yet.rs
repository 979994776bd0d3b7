//! Listings of what cannot be made yet.

use serde_json::json;

use super::house::{House, TRUST, says};

#[test]
fn what_a_user_cannot_have_yet_is_listed_as_none() {
    let house = House::new();
    let listings = [
        ("ListMFADevices", "MFADevices"),
        ("ListSigningCertificates", "Certificates"),
        ("ListSSHPublicKeys", "SSHPublicKeys"),
        (
            "ListServiceSpecificCredentials",
            "ServiceSpecificCredentials",
        ),
    ];
    for (operation, list) in listings {
        let empty = json!({list: [], "IsTruncated": false});
        assert_eq!(house.good(operation, &[]), empty);
        assert_eq!(house.good(operation, &[("UserName", "admin")]), empty);
        assert_eq!(
            house.refused(operation, &[("UserName", "none")]),
            says("NoSuchEntity", "The user with name none cannot be found.")
        );
    }
    assert_eq!(
        house.refused("ListServiceSpecificCredentials", &[("ServiceName", "x")]),
        says(
            "NoSuchEntity",
            "No such service x is supported for Service Specific Credentials"
        )
    );
    assert_eq!(
        house.refused("GetLoginProfile", &[("UserName", "admin")]),
        says(
            "NoSuchEntity",
            "Login Profile for User admin cannot be found."
        )
    );
}

#[test]
fn what_an_account_cannot_have_yet_is_listed_as_none() {
    let house = House::new();
    house.good(
        "CreateRole",
        &[("RoleName", "r"), ("AssumeRolePolicyDocument", TRUST)],
    );
    let profiles = json!({"InstanceProfiles": [], "IsTruncated": false});
    let of_role = |name| house.call("ListInstanceProfilesForRole", &[("RoleName", name)]);
    assert_eq!(house.good("ListInstanceProfiles", &[]), profiles);
    assert_eq!(of_role("r").unwrap(), profiles);
    for (operation, list) in [
        ("ListServerCertificates", "ServerCertificateMetadataList"),
        ("ListVirtualMFADevices", "VirtualMFADevices"),
    ] {
        let empty = json!({list: [], "IsTruncated": false});
        assert_eq!(house.good(operation, &[]), empty);
    }
    assert_eq!(
        house.good("ListSAMLProviders", &[]),
        json!({"SAMLProviderList": []})
    );
    assert_eq!(super::house::refusal(of_role("none")).0, "NoSuchEntity");
}
