//! The worked examples of the case format, each with the decision that AWS's guides give.

use serde_json::Value;

#[test]
fn every_worked_example_is_decided_as_its_source_says() {
    let mut wrong = Vec::new();
    let mut seen = 0;
    for line in include_str!("worked-examples.jsonl").lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let verdict: Value = serde_json::from_str(&policy::eval::line(line)).unwrap();
        assert_eq!(verdict["id"], case["id"]);
        if verdict["decision"] != case["expect"] {
            wrong.push(format!("{verdict}, not {}", case["expect"]));
        }
        seen += 1;
    }
    assert_eq!(wrong, Vec::<String>::new());
    assert_eq!(seen, 40);
}
