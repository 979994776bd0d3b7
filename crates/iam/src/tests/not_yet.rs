//! Listings of what cannot be made yet.

use serde_json::json;

use super::house::{House, says};

#[test]
fn what_a_user_cannot_have_yet_is_listed_as_none() {
    let house = House::new();
    let listings = [
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
}

#[test]
fn what_an_account_cannot_have_yet_is_listed_as_none() {
    let house = House::new();
    for (operation, list) in [("ListServerCertificates", "ServerCertificateMetadataList")] {
        let empty = json!({list: [], "IsTruncated": false});
        assert_eq!(house.good(operation, &[]), empty);
    }
    assert_eq!(
        house.good("ListSAMLProviders", &[]),
        json!({"SAMLProviderList": []})
    );
}
