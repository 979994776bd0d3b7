//! The table of operations.

use std::collections::BTreeSet;

#[test]
fn every_entry_is_another_operation_of_iam() {
    let mut names = BTreeSet::new();
    for entry in crate::OPERATIONS {
        let facts = entry.facts();
        assert_eq!(facts.service.name, "iam");
        assert!(names.insert(facts.name), "{} is listed twice", facts.name);
    }
    assert_eq!(names.len(), crate::OPERATIONS.len());
}
