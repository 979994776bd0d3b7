//! What a bootstrap file makes, what it cannot make, and what contradicts it.

use super::*;
use std::sync::Arc;

use aws::{SystemClock, SystemEntropy};
use seal::{Envelope, KeyRing, MasterKey};
use store::Store;

const FILE: &str = r#"
    [[account]]
    id = "111122223333"
    name = "main"
    administrator = { user = "admin", access_key_id = "AKIAFIRSTFIRSTFIRST1", secret_access_key = "one" }
    root = { access_key_id = "ANYTHING_GOES_16", secret_access_key = "two" }

    [[account]]
    id = "444455556666"
    name = "other"
"#;

fn directory() -> Directory {
    let master = MasterKey::generate(&SystemEntropy);
    Directory::new(
        Store::in_memory().unwrap(),
        Arc::new(KeyRing::new(0, &SystemEntropy)),
        Envelope::new(&master, Box::new(SystemEntropy)),
    )
}

fn apply_text(directory: &Directory, text: &str) -> Result<(), BootstrapError> {
    let bootstrap = toml::from_str(text).unwrap();
    apply(directory, &SystemClock, &SystemEntropy, &bootstrap)
}

fn arn_of(directory: &Directory, access_key_id: &str) -> String {
    let credential = directory.credential(access_key_id, None, 0).unwrap();
    credential.caller.known().unwrap().arn().to_owned()
}

#[test]
fn what_is_declared_exists_and_a_second_time_changes_nothing() {
    let directory = directory();
    for _ in 0..2 {
        apply_text(&directory, FILE).unwrap();
        assert_eq!(
            arn_of(&directory, "AKIAFIRSTFIRSTFIRST1"),
            "arn:aws:iam::111122223333:user/admin"
        );
        assert_eq!(
            arn_of(&directory, "ANYTHING_GOES_16"),
            "arn:aws:iam::111122223333:root"
        );
    }
    let users = directory
        .store()
        .read()
        .count::<User>("111122223333", "name", "");
    assert_eq!(users.unwrap(), 1);
}

#[test]
fn a_file_that_contradicts_the_store_is_refused_and_changes_nothing() {
    let directory = directory();
    apply_text(&directory, FILE).unwrap();
    for (from, to) in [
        ("\"one\"", "\"another secret\""),
        ("user = \"admin\"", "user = \"somebody\""),
        ("name = \"main\"", "name = \"another name\""),
        ("111122223333", "444455556667"),
    ] {
        let changed = FILE.replace(from, to);
        let outcome = apply_text(&directory, &changed);
        assert!(
            matches!(outcome, Err(BootstrapError::Contradiction(_))),
            "{from} -> {to}: {outcome:?}"
        );
    }
    let accounts = directory
        .store()
        .read()
        .count::<Account>(GLOBAL_SCOPE, "id", "");
    assert_eq!(accounts.unwrap(), 2);
}

#[test]
fn what_cannot_be_is_said_so() {
    let directory = directory();
    for (from, to) in [
        ("AKIAFIRSTFIRSTFIRST1", "too short"),
        ("AKIAFIRSTFIRSTFIRST1", "AKIA-FIRST-FIRST-1"),
        ("\"one\"", "\"\""),
        ("user = \"admin\"", "user = \"ad min\""),
        ("name = \"other\"", "name = \"\""),
    ] {
        let outcome = apply_text(&directory, &FILE.replace(from, to));
        assert!(
            matches!(outcome, Err(BootstrapError::Invalid(_))),
            "{from} -> {to}: {outcome:?}"
        );
    }
}

#[test]
fn the_first_start_makes_one_administrator_and_the_second_none() {
    let directory = directory();
    let key = first_start(&directory, &SystemClock, &SystemEntropy)
        .unwrap()
        .unwrap();
    assert_eq!(
        arn_of(&directory, &key.access_key_id),
        format!("arn:aws:iam::{}:user/admin", key.account)
    );
    assert_eq!(seal::account_of(&key.access_key_id), Some(key.account));
    let second = first_start(&directory, &SystemClock, &SystemEntropy).unwrap();
    assert!(second.is_none());
}
