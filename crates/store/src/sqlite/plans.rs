//! Asks SQLite how it would run every statement: by an index, or through the whole table.

use super::schema::{self, Durability};
use super::statements::SEARCHES;

/// The steps of a plan, as SQLite tells them.
fn plan(connection: &rusqlite::Connection, statement: &str) -> Vec<String> {
    let mut explain = connection
        .prepare(&format!("EXPLAIN QUERY PLAN {statement}"))
        .unwrap();
    let nothing = vec![rusqlite::types::Null; explain.parameter_count()];
    let steps = explain
        .query_map(rusqlite::params_from_iter(nothing), |row| row.get(3))
        .unwrap();
    steps.map(Result::unwrap).collect()
}

#[test]
fn every_statement_finds_its_rows_by_an_index() {
    let folder = tempfile::tempdir().unwrap();
    let file = schema::file(folder.path()).unwrap();
    let connection = schema::open_writer(folder.path(), &file, Durability::None).unwrap();

    let plans: Vec<_> = SEARCHES
        .iter()
        .map(|statement| (statement, plan(&connection, statement)))
        .collect();
    for (statement, steps) in &plans {
        let inserts = statement.starts_with("INSERT");
        assert!(inserts || !steps.is_empty(), "no plan for {statement}");
        for step in steps {
            assert!(step.starts_with("SEARCH "), "{step}: {statement}");
            assert!(!step.contains("TEMP B-TREE"), "{step}: {statement}");
        }
    }

    // Both ends of a range bound the search, and its key makes the order.
    let range = plans
        .iter()
        .find(|(statement, _)| statement.contains("ORDER BY"))
        .map(|(_, steps)| steps.join("\n"))
        .unwrap();
    assert_eq!(
        range,
        "SEARCH lookups USING PRIMARY KEY (scope=? AND kind=? AND ix=? AND (value,tie)>(?,?) AND value<?)"
    );
}

#[test]
fn every_statement_of_the_file_is_asked_about() {
    let source = include_str!("statements.rs");
    let constants = source
        .lines()
        .filter(|line| line.trim_start_matches("pub(super) ").starts_with("const "))
        .count();
    // All but four for the reset, one for opening, and the list itself.
    assert_eq!(SEARCHES.len(), constants - 4 - 1 - 1);
}
