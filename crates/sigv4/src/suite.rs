//! AWS's own test suite for Signature Version 4 (`tests/aws-sig-v4-test-suite`).

use aws::Secret;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;

use crate::canonical::{self, PathStyle};
use crate::names::SignedHeaders;
use crate::{Parts, Refusal, Rules, presented, verify};

const CASES: &str = include_str!("../tests/aws-sig-v4-test-suite/cases.jsonl");

/// A request as the suite writes it, taken apart.
struct Request {
    method: String,
    path: String,
    query: String,
    headers: HeaderMap,
    body: String,
}

impl Request {
    fn read(text: &str) -> Request {
        let text = text.replace("\r\n", "\n");
        let (head, body) = text.split_once("\n\n").unwrap_or((&text, ""));
        // Header lines that go on in the next line are not HTTP any more: they are joined.
        let head = head.replace("\n ", " ");
        let mut lines = head.lines();
        let line = lines.next().unwrap();
        let (method, rest) = line.split_once(' ').unwrap();
        let target = rest.strip_suffix(" HTTP/1.1").unwrap_or(rest);
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let mut headers = HeaderMap::new();
        for line in lines {
            let (name, value) = line.split_once(':').unwrap();
            headers.append(
                HeaderName::from_bytes(name.as_bytes()).unwrap(),
                HeaderValue::from_bytes(value.as_bytes()).unwrap(),
            );
        }
        Request {
            method: method.to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            headers,
            body: body.to_owned(),
        }
    }

    fn parts(&self) -> Parts<'_> {
        Parts {
            method: &self.method,
            path: &self.path,
            query: &self.query,
            headers: &self.headers,
            authority: None,
        }
    }
}

fn cases() -> Vec<Value> {
    let read = |line| serde_json::from_str(line).unwrap();
    CASES.lines().map(read).collect()
}

fn text<'a>(case: &'a Value, field: &str) -> &'a str {
    case[field].as_str().unwrap()
}

fn request(case: &Value, place: &str) -> Request {
    let mut request = Request::read(text(&case[place], "request"));
    if text(case, "name") == "get-space-normalized" {
        // The suite's one request whose path is written encoded and signed as if it were not.
        request.path = request.path.replace("%20", " ");
    }
    request
}

fn style(case: &Value) -> PathStyle {
    if case["normalize"].as_bool().unwrap() {
        PathStyle::Normalized
    } else {
        PathStyle::Exact
    }
}

#[test]
fn every_canonical_request_of_the_suite_is_ours_too() {
    for case in cases() {
        for place in ["header", "query"] {
            if (text(&case, "name"), place) == ("post-sts-header-after", "query") {
                continue; // The token came after the signing, and the query shows no seam.
            }
            let request = request(&case, place);
            let expected = text(&case[place], "canonical");
            let mut lines = expected.lines().rev();
            let payload_hash = lines.next().unwrap();
            let signed = SignedHeaders::read(lines.next().unwrap()).unwrap();
            let found =
                canonical::request(&request.parts(), style(&case), &signed, payload_hash).unwrap();
            let name = text(&case, "name");
            assert_eq!(
                String::from_utf8(found).unwrap(),
                expected,
                "{name}, {place}"
            );
        }
    }
}

/// What the suite says of a signature must be what we say, but where we ask for more: a
/// session token that came after the signing is not bound, and therefore not taken.
#[test]
fn every_signature_of_the_suite_holds() {
    let mut count = 0;
    for case in cases()
        .iter()
        .filter(|case| style(case) == PathStyle::Normalized)
    {
        for place in ["header", "query"] {
            let request = request(case, place);
            let parts = request.parts();
            let now_s = text(case, "timestamp")
                .parse::<jiff::Timestamp>()
                .unwrap()
                .as_second();
            let secret = Secret::new(text(case, "secret_access_key").to_owned());
            let claim = presented(&parts).unwrap().unwrap();
            assert_eq!(claim.access_key_id(), text(case, "access_key_id"));
            let body = Some(request.body.as_bytes());
            let rules = Rules::service(text(case, "service"));
            let verdict = verify(
                &claim,
                &parts,
                &crate::SigningSecret::new(secret.clone()),
                &rules,
                now_s,
                body,
            )
            .map(|_| ());
            let expected = match (text(case, "name"), place) {
                ("post-sts-header-after", "header") => {
                    Err(Refusal::NotSigned(vec!["x-amz-security-token".to_owned()]))
                }
                ("post-sts-header-after", _) => Err(Refusal::Mismatch),
                _ => Ok(()),
            };
            assert_eq!(verdict, expected, "{}, {place}", text(case, "name"));
            count += 1;
        }
    }
    assert!(count > 50);
}
