//! The account's alias and summary.

use serde_json::json;

use super::house::{House, OTHER, account, says};
use identity::{Account, GLOBAL_SCOPE};
use store::Read as _;

#[test]
fn an_account_has_one_alias_of_its_own() {
    let house = House::new();
    let aliases = || house.good("ListAccountAliases", &[])["AccountAliases"].clone();
    assert_eq!(aliases(), json!([]));
    house.good("CreateAccountAlias", &[("AccountAlias", "first")]);
    house.good("CreateAccountAlias", &[("AccountAlias", "second-one")]);
    assert_eq!(aliases(), json!(["second-one"]));

    let other: Account = house
        .store
        .read()
        .get(GLOBAL_SCOPE, OTHER)
        .unwrap()
        .unwrap();
    let other = Account {
        alias: Some("taken".to_owned()),
        id: account(OTHER),
        ..other
    };
    house.put(GLOBAL_SCOPE, &other);
    for taken in ["taken", "second-one"] {
        assert_eq!(
            house.refused("CreateAccountAlias", &[("AccountAlias", taken)]),
            says(
                "EntityAlreadyExists",
                &format!("The account alias {taken} already exists.")
            )
        );
    }
    assert_eq!(
        house
            .refused("CreateAccountAlias", &[("AccountAlias", "123456789012")])
            .0,
        "ValidationError"
    );
    assert_eq!(
        house
            .refused("DeleteAccountAlias", &[("AccountAlias", "first")])
            .0,
        "NoSuchEntity"
    );
    house.good("DeleteAccountAlias", &[("AccountAlias", "second-one")]);
    assert_eq!(aliases(), json!([]));
}

#[test]
fn the_summary_counts_and_names_every_quota() {
    let house = House::new();
    house.good("CreateGroup", &[("GroupName", "g")]);
    house.managed_policy("p");
    let summary = house.good("GetAccountSummary", &[])["SummaryMap"].clone();
    let facts = facts::iam::GET_ACCOUNT_SUMMARY;
    let facts::Kind::Map { key, .. } = &facts.output_members()[0].shape.kind else {
        panic!("{facts:?}");
    };
    let facts::Kind::String(text) = &key.kind else {
        panic!("{key:?}");
    };
    for name in text.choices {
        assert!(summary[name].is_i64(), "{name}");
    }
    assert_eq!(summary.as_object().unwrap().len(), text.choices.len());
    assert_eq!(summary["Users"], 1);
    assert_eq!(summary["Groups"], 1);
    assert_eq!(summary["Policies"], 1);
    assert_eq!(summary["PolicyVersionsInUse"], 1);
    assert_eq!(summary["UsersQuota"], 5000);
    assert_eq!(summary["AssumeRolePolicySizeQuota"], 2048);
}
