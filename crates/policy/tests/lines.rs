//! The JSON-lines form: whatever comes in, one line of JSON comes out.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "the helpers of these tests are tests as well"
)]

use policy::eval::line;
use proptest::prelude::*;
use serde_json::{Value, json};

fn evaluate(case: &Value) -> Value {
    serde_json::from_str(&line(&case.to_string())).unwrap()
}

fn case() -> Value {
    json!({
        "id": "c",
        "principal": "arn:aws:iam::111122223333:user/ana",
        "action": "s3:GetObject",
        "resource": "arn:aws:s3:::b/o",
        "resourceAccount": "111122223333",
        "identityPolicies": [{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}],
    })
}

/// The case with one field changed.
fn with(field: &str, value: Value) -> Value {
    let mut case = case();
    case[field] = value;
    case
}

fn error(case: &Value) -> String {
    let answer = evaluate(case);
    assert_eq!(answer["id"], case["id"]);
    answer["error"]
        .as_str()
        .unwrap_or_else(|| panic!("{answer}"))
        .to_owned()
}

#[test]
fn the_case_that_the_others_spoil_is_allowed() {
    assert_eq!(evaluate(&case())["decision"], "allowed");
    assert_eq!(
        evaluate(&with("unknownField", json!([1])))["decision"],
        "allowed"
    );
    assert_eq!(
        evaluate(&with("context", Value::Null))["decision"],
        "allowed"
    );
}

#[test]
fn what_cannot_be_read_is_an_error_that_says_what() {
    assert_eq!(
        error(&with("principal", json!("nobody"))),
        "`nobody` is not a principal"
    );
    assert_eq!(error(&with("action", json!(7))), "`action` is not a string");
    assert_eq!(
        error(&with("resource", Value::Null)),
        "`resource` is missing"
    );
    assert_eq!(
        error(&with("context", json!([]))),
        "`context` is not an object"
    );
    assert_eq!(
        error(&with("context", json!({"k": {"a": "b"}}))),
        "the value of context key `k` is not text"
    );
    assert_eq!(
        error(&with("scps", json!({}))),
        "`scps` is not a list of levels"
    );
    assert_eq!(
        error(&with(
            "resourcePolicy",
            json!({"Statement": {"Effect": "Allow", "Actoin": "*"}})
        )),
        "`resourcePolicy`: Syntax errors in policy."
    );
}

#[test]
fn lines_that_are_no_cases_have_no_id() {
    for text in ["", "null", "[]", "{", "\u{0}", "{\"id\":\"x\"", "7"] {
        let answer: Value = serde_json::from_str(&line(text)).unwrap();
        assert_eq!(answer["id"], Value::Null, "{text}");
        assert!(answer["error"].is_string(), "{text}");
    }
}

#[test]
fn ids_come_back_as_they_were() {
    let id = "a\"b\\c\n\u{1}\u{2028}é😀";
    assert_eq!(evaluate(&with("id", json!(id)))["id"], json!(id));
}

#[test]
fn lists_without_documents_are_no_layer_and_levels_without_documents_allow_nothing() {
    let decision = |field: &str, value: Value| evaluate(&with(field, value))["decision"].clone();
    assert_eq!(decision("sessionPolicies", json!([])), "allowed");
    assert_eq!(decision("scps", json!([])), "allowed");
    assert_eq!(decision("scps", json!([[]])), "implicitDeny");
    assert_eq!(decision("rcps", json!([[]])), "allowed");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_gives_one_line_of_json(text in ".{0,200}") {
        let answer = line(&text);
        prop_assert!(!answer.contains('\n'));
        prop_assert!(serde_json::from_str::<Value>(&answer).is_ok());
    }

    #[test]
    fn broken_cases_give_one_line_of_json(at in 0..40_usize, from in 0..3_000_usize, len in 0..20_usize, with in "[\\[\\]{}\":,$*a0\\\\]{0,6}") {
        let examples = include_str!("worked-examples.jsonl");
        let mut text: Vec<char> = examples.lines().nth(at).unwrap().chars().collect();
        let from = from.min(text.len());
        let to = (from + len).min(text.len());
        text.splice(from..to, with.chars());
        let text: String = text.into_iter().collect();
        let answer: Value = serde_json::from_str(&line(&text)).unwrap();
        prop_assert!(answer["decision"].is_string() != answer["error"].is_string());
        let explained = policy::eval::explain(&text);
        prop_assert_eq!(explained.is_ok(), answer["decision"].is_string());
    }
}
