//! The engine and the plain reference evaluator give one answer to every generated case.
//!
//! `POLICY_CASES` sets how many cases are tried; the default keeps the test short.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "the reference and the generator are tests as well"
)]

mod generate;
mod reference;

use std::collections::HashMap;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestError, TestRunner};
use serde_json::Value;

/// What the engine decides, and the layer that it names.
fn engine(case: &Value) -> (String, String) {
    let line = policy::eval::line(&case.to_string());
    let verdict: Value = serde_json::from_str(&line).unwrap();
    match (verdict["decision"].as_str(), verdict["layer"].as_str()) {
        (Some(decision), Some(layer)) => (decision.to_owned(), layer.to_owned()),
        _ => panic!("{line}"),
    }
}

/// What the explaining evaluator decides, and the layer that it names.
fn explained(case: &Value) -> (String, String) {
    let verdict = policy::eval::explain(&case.to_string())
        .unwrap()
        .explanation
        .verdict;
    let decision = policy::eval::decision_name(verdict.decision);
    let layer = policy::eval::layer_name(verdict.layer);
    (decision.to_owned(), layer.to_owned())
}

#[test]
fn the_reference_decides_the_worked_examples() {
    for line in include_str!("worked-examples.jsonl").lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        assert_eq!(reference::decide(&case), case["expect"], "{line}");
    }
}

#[test]
fn engine_and_reference_agree_on_generated_cases() {
    let cases = std::env::var("POLICY_CASES")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(5_000);
    let config = Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    };
    let mut runner = TestRunner::new(config);
    let tapes = prop::collection::vec(any::<u16>(), 0..600);
    let result = runner.run(&tapes, |tape| {
        let case = generate::case(&mut generate::Tape::new(&tape));
        let (fast, slow) = (engine(&case), reference::decide(&case));
        prop_assert!(
            fast.0 == slow,
            "engine {:?}, reference {}: {}",
            fast,
            slow,
            case
        );
        let why = explained(&case);
        prop_assert!(
            fast == why,
            "engine {:?}, explained {:?}: {}",
            fast,
            why,
            case
        );
        Ok(())
    });
    match result {
        Err(TestError::Fail(reason, _)) => panic!("{reason}"),
        Err(failure) => panic!("{failure}"),
        Ok(()) => {}
    }
}

#[test]
fn generated_cases_end_in_every_decision() {
    let mut seen: HashMap<String, usize> = HashMap::new();
    let mut state: u64 = 1;
    for _ in 0..3_000 {
        let tape: Vec<u16> = (0..400)
            .map(|_| {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                u16::try_from(state >> 48).unwrap()
            })
            .collect();
        let case = generate::case(&mut generate::Tape::new(&tape));
        *seen.entry(engine(&case).0).or_default() += 1;
    }
    for decision in ["allowed", "explicitDeny", "implicitDeny"] {
        assert!(
            seen.get(decision).is_some_and(|count| *count > 300),
            "{seen:?}"
        );
    }
}
