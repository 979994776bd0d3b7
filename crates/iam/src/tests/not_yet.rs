//! Listings of what cannot be made yet.

use serde_json::json;

use super::house::House;

#[test]
fn what_an_account_cannot_have_yet_is_listed_as_none() {
    let house = House::new();
    assert_eq!(
        house.good("ListSAMLProviders", &[]),
        json!({"SAMLProviderList": []})
    );
}
