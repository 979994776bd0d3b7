//! Findings as a SARIF 2.1.0 log.

use policy_check::{Finding, FindingType, Location};
use serde_json::{Value, json};

use super::Checked;

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

pub(super) fn log(checked: &[Checked]) -> Value {
    let mut rules: Vec<&Finding> = checked.iter().flat_map(|one| &one.findings).collect();
    rules.sort_by_key(|finding| finding.issue_code);
    rules.dedup_by_key(|finding| finding.issue_code);
    let described: Vec<Value> = rules.iter().map(|finding| rule(finding)).collect();
    let results: Vec<Value> = checked
        .iter()
        .flat_map(|one| one.findings.iter().map(|found| result(one, found, &rules)))
        .collect();
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "arnold policy check",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": described,
            }},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn rule(finding: &Finding) -> Value {
    json!({
        "id": finding.issue_code,
        "helpUri": finding.learn_more_link,
        "defaultConfiguration": { "level": level(finding.finding_type) },
    })
}

fn result(one: &Checked, finding: &Finding, rules: &[&Finding]) -> Value {
    let index = rules
        .iter()
        .position(|rule| rule.issue_code == finding.issue_code);
    let locations: Vec<Value> = finding.locations.iter().map(|at| place(one, at)).collect();
    let (first, related) = locations.split_at(locations.len().min(1));
    let mut result = json!({
        "ruleId": finding.issue_code,
        "ruleIndex": index,
        "level": level(finding.finding_type),
        "message": { "text": finding.finding_details },
        "locations": first,
        "properties": { "findingType": finding.finding_type },
    });
    if !related.is_empty()
        && let Some(members) = result.as_object_mut()
    {
        members.insert("relatedLocations".to_owned(), related.into());
    }
    result
}

fn level(kind: FindingType) -> &'static str {
    match kind {
        FindingType::Error => "error",
        FindingType::SecurityWarning | FindingType::Warning => "warning",
        FindingType::Suggestion => "note",
    }
}

fn place(one: &Checked, location: &Location) -> Value {
    let (start, end) = (location.span.start, location.span.end);
    json!({
        "physicalLocation": {
            "artifactLocation": { "uri": uri(&one.name) },
            "region": {
                "startLine": start.line,
                "startColumn": start.column + 1,
                "endLine": end.line,
                "endColumn": end.column + 1,
            },
        },
    })
}

/// A path as a relative reference.
fn uri(path: &str) -> String {
    let mut uri = String::new();
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                uri.push(char::from(byte));
            }
            b'\\' => uri.push('/'),
            other => uri.push_str(&format!("%{other:02X}")),
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use policy_check::{PolicyType, check};

    use super::*;

    #[test]
    fn results_point_to_rules_and_places() {
        let text = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["a:b","iam:PassRole"],"Resource":"*"}}"#;
        let checked = [Checked {
            name: "a dir/p.json".to_owned(),
            text: text.to_owned(),
            findings: check(text, PolicyType::Identity),
        }];
        let log = log(&checked);
        let run = &log["runs"][0];
        let results = run["results"].as_array().unwrap();
        assert_eq!(results.len(), 2);
        for result in results {
            let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
            let rule = &run["tool"]["driver"]["rules"][index];
            assert_eq!(rule["id"], result["ruleId"]);
            let physical = &result["locations"][0]["physicalLocation"];
            assert_eq!(physical["artifactLocation"]["uri"], "a%20dir/p.json");
            assert!(physical["region"]["startColumn"].as_u64() > Some(0));
        }
        assert_eq!(results[0]["ruleId"], "INVALID_SERVICE_IN_ACTION");
        assert_eq!(results[1]["level"], "warning");
        assert_eq!(results[1]["relatedLocations"].as_array().unwrap().len(), 1);
    }
}
