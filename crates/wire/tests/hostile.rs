//! Whatever comes in, the codecs answer; nothing panics, nothing takes long.

#![expect(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use facts::{OperationFacts, Protocol, accessanalyzer, cognito_idp, iam, services, sts};
use http::{HeaderMap, Method, header};
use proptest::prelude::*;
use wire::route::route;
use wire::{Format, Incoming, Refusal, Structure, Value, decode, redact, validate};

fn headers(content_type: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, content_type.parse().unwrap());
    headers
}

fn post(operation: &OperationFacts, body: &[u8]) -> Result<Structure, Refusal> {
    let (format, content_type) = match operation.service.protocol {
        Protocol::Query => (Format::QueryXml, "application/x-www-form-urlencoded"),
        Protocol::RestJson => (Format::RestJson, "application/json"),
        _ => (Format::Json11, "application/x-amz-json-1.1"),
    };
    let headers = headers(content_type);
    decode(
        operation,
        format,
        &Incoming {
            method: &Method::POST,
            path: "/",
            query: "",
            headers: &headers,
            body,
        },
    )
}

fn refused(outcome: Result<Structure, Refusal>) -> (String, Option<String>) {
    let refusal = outcome.unwrap_err();
    assert_eq!(refusal.status, 400);
    (refusal.code.into_owned(), refusal.message)
}

/// A debug build under load takes its time; what is quadratic takes minutes.
fn soon<T>(work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let outcome = work();
    assert!(
        start.elapsed() < Duration::from_secs(20),
        "{:?}",
        start.elapsed()
    );
    outcome
}

#[test]
fn numbers_in_forms_are_read_as_aws_reads_them() {
    let duration = |text: &str| {
        let read = post(
            sts::ASSUME_ROLE,
            format!("DurationSeconds={text}").as_bytes(),
        );
        read.map(|found| found.get("DurationSeconds").cloned().unwrap())
    };
    for (text, number) in [
        ("900", 900),
        ("%2B900", 900),
        ("0900", 900),
        ("-1", -1),
        ("2147483647", i64::from(i32::MAX)),
    ] {
        assert_eq!(duration(text), Ok(Value::Integer(number)), "{text}");
    }
    let malformed =
        |message: Option<&str>| ("MalformedInput".to_owned(), message.map(str::to_owned));
    for text in ["abc", "900.0", "2147483648", "-2147483649", "%20900", "9e2"] {
        assert_eq!(
            refused(duration(text).map(|_| Structure::new())),
            malformed(None),
            "{text}"
        );
    }
    assert_eq!(
        refused(duration("").map(|_| Structure::new())),
        malformed(Some("missing value for decimal type"))
    );
}

#[test]
fn of_equal_parameters_the_first_counts() {
    let found = post(
        sts::ASSUME_ROLE,
        b"RoleArn=first&RoleArn=second&%52oleArn=third",
    )
    .unwrap();
    assert_eq!(found.text("RoleArn"), Some("first"));
    let headers = headers("application/x-www-form-urlencoded");
    let incoming = Incoming {
        method: &Method::POST,
        path: "/",
        query: "RoleArn=q",
        headers: &headers,
        body: b"RoleArn=b",
    };
    let found = decode(sts::ASSUME_ROLE, Format::QueryXml, &incoming).unwrap();
    assert_eq!(found.text("RoleArn"), Some("q"));
}

#[test]
fn elements_of_lists_are_numbered_almost_without_gaps() {
    let tags = |numbers: &[&str]| {
        let body: String = numbers.iter().fold(String::new(), |mut body, number| {
            let _ = write!(
                body,
                "&Tags.member.{number}.Key=k{number}&Tags.member.{number}.Value="
            );
            body
        });
        soon(|| post(sts::ASSUME_ROLE, body.as_bytes()))
    };
    let Some(Value::List(found)) = tags(&["2", "1", "3"]).unwrap().get("Tags").cloned() else {
        panic!("no tags")
    };
    let keys: Vec<_> = found
        .iter()
        .map(|tag| match tag {
            Value::Structure(tag) => tag.text("Key"),
            _ => None,
        })
        .collect();
    assert_eq!(keys, [Some("k1"), Some("k2"), Some("k3")]);
    // As STS and IAM answered in 2026.
    for (numbers, message) in [
        (
            &["%2B1"][..],
            Some("Start of list found where not expected"),
        ),
        (&["one"], Some("Start of list found where not expected")),
        (&["0"], Some("0 is not a valid index")),
        (&["-1"], Some("Key -1 may not have a leading '-'")),
        (
            &["12"],
            Some("Excessively sparse input would skip 11 list elements"),
        ),
        (
            &["12", "1"],
            Some("Excessively sparse input would skip 11 list elements"),
        ),
        (
            &["1", "22", "43"],
            Some("Excessively sparse input would skip 21 list elements"),
        ),
        (
            &["1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "21"],
            Some("Excessively sparse input would skip 11 list elements"),
        ),
        (&["99999999999999999999"], None),
    ] {
        assert_eq!(
            refused(tags(numbers)),
            ("MalformedInput".to_owned(), message.map(str::to_owned)),
            "{numbers:?}"
        );
    }
    let gap = tags(&["1", "3"]).unwrap();
    let refusal = validate(iam::TAG_USER, &gap).unwrap_err();
    assert!(refusal.message.unwrap().contains(
        "Value at 'tags.2.member' failed to satisfy constraint: Member must not be null"
    ));
    for numbers in [&["11"][..], &["1", "8", "15"]] {
        let mut body = String::new();
        for number in numbers {
            let _ = write!(body, "&PolicyInputList.member.{number}=x");
        }
        let operation = iam::GET_CONTEXT_KEYS_FOR_CUSTOM_POLICY;
        let found = post(operation, body.as_bytes()).unwrap();
        assert_eq!(
            validate(operation, &found).unwrap_err().message.unwrap(),
            r"1 validation error detected: Value at 'policyInputList' failed to satisfy constraint: Member must satisfy constraint: [Member must have length less than or equal to 131072, Member must have length greater than or equal to 1, Member must satisfy regular expression pattern: [\u0009\u000A\u000D\u0020-\u007E\u00A1-\u00FF]+]"
        );
    }
}

#[test]
fn truths_are_spelled_in_one_way() {
    let operation = iam::LIST_SERVICE_SPECIFIC_CREDENTIALS;
    let all = |text: &str| post(operation, format!("AllUsers={text}").as_bytes());
    for (text, truth) in [("true", true), ("1", true), ("false", false), ("0", false)] {
        assert_eq!(
            all(text).unwrap().get("AllUsers"),
            Some(&Value::Bool(truth)),
            "{text}"
        );
    }
    for text in ["True", "TRUE", "False", "%20true", "", "null", "anything"] {
        assert_eq!(
            refused(all(text)),
            ("MalformedInput".to_owned(), None),
            "{text}"
        );
    }
}

#[test]
fn the_bare_name_of_a_list_is_an_empty_one_to_iam_and_none_to_sts() {
    let form = b"SigningAlgorithm=RS256&Audience=";
    let Ok(structure) = post(sts::GET_WEB_IDENTITY_TOKEN, form) else {
        panic!("the form is not read");
    };
    assert_eq!(structure.get("Audience"), None);
    let Ok(structure) = post(iam::TAG_USER, b"UserName=ann&Tags=") else {
        panic!("the form is not read");
    };
    assert_eq!(structure.get("Tags"), Some(&Value::List(Vec::new())));
}

#[test]
fn too_many_parameters_are_refused_at_once() {
    let mut body = String::new();
    for at in 0..2_000_000 {
        let _ = write!(body, "&a{at}");
    }
    assert_eq!(
        refused(soon(|| post(iam::TAG_USER, body.as_bytes()))),
        (
            "MalformedInput".to_owned(),
            Some("Too many parameters".to_owned())
        )
    );
    let ten_thousand: String = (1..=10_000).fold(String::new(), |mut body, at| {
        let _ = write!(body, "&Tags.member.{at}.Key=k");
        body
    });
    let found = soon(|| post(iam::TAG_USER, ten_thousand.as_bytes()).unwrap());
    let refusal = soon(|| validate(iam::TAG_USER, &found).unwrap_err());
    assert!(refusal.message.unwrap().len() < 20_000);
}

#[test]
fn long_dotted_names_and_deep_json_do_not_exhaust_the_stack() {
    let dots = format!("Tags{}=x", ".member.1".repeat(100_000));
    soon(|| post(iam::TAG_USER, dots.as_bytes()).unwrap());
    let deep = format!("{{\"unknown\":{}", "[".repeat(1_000_000));
    assert_eq!(
        refused(soon(|| post(cognito_idp::SIGN_UP, deep.as_bytes()))),
        ("SerializationException".to_owned(), None)
    );
    let deep = "{\"filter\":".repeat(100_000);
    assert_eq!(
        refused(soon(|| post(
            accessanalyzer::LIST_FINDINGS,
            deep.as_bytes()
        )))
        .0,
        "SerializationException"
    );
}

#[test]
fn json_of_the_wrong_kind_is_told_so() {
    for (body, message) in [
        (
            "{\"Username\":1}",
            Some("NUMBER_VALUE can not be converted to a String"),
        ),
        (
            "{\"Username\":true}",
            Some("TRUE_VALUE can not be converted to a String"),
        ),
        (
            "{\"Username\":{}}",
            Some("Start of structure or map found where not expected."),
        ),
        (
            "{\"Username\":[]}",
            Some("Start of list found where not expected"),
        ),
        ("{\"UserAttributes\":\"x\"}", Some("Expected list or null")),
        ("[]", Some("Start of list found where not expected")),
        ("1", Some("Expected structure or null")),
        ("{", None),
        ("{} {}", None),
        ("{\"Username\":\"\\ud800\"}", None),
        ("\u{FEFF}{}", None),
    ] {
        let told = refused(post(cognito_idp::SIGN_UP, body.as_bytes()));
        assert_eq!(
            told,
            (
                "SerializationException".to_owned(),
                message.map(str::to_owned)
            ),
            "{body}"
        );
    }
    assert_eq!(
        refused(post(cognito_idp::SIGN_UP, b"{\"Username\":\"\xff\"}")).0,
        "SerializationException"
    );
    for empty in [
        "",
        " \n",
        "null",
        "{}",
        "{\"Username\":null,\"Nobody\":[{}]}",
    ] {
        assert_eq!(
            post(cognito_idp::SIGN_UP, empty.as_bytes()),
            Ok(Structure::new()),
            "{empty}"
        );
    }
}

#[test]
fn broken_escapes_in_forms_are_malformed() {
    for body in [
        "RoleArn=%",
        "RoleArn=%4",
        "RoleArn=%zz",
        "RoleArn=%ff",
        "%=x",
    ] {
        assert_eq!(
            refused(post(sts::ASSUME_ROLE, body.as_bytes())),
            ("MalformedInput".to_owned(), None),
            "{body}"
        );
    }
}

fn any_operation() -> impl Strategy<Value = &'static OperationFacts> {
    let all: Vec<_> = services()
        .iter()
        .flat_map(|service| service.operations.iter().copied())
        .collect();
    proptest::sample::select(all)
}

/// Names of members between marks that forms and JSON know: closer to the mark than random bytes.
fn likely_body() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        Just("Tags"),
        Just("member"),
        Just("entry"),
        Just("1"),
        Just("0"),
        Just("Key"),
        Just("key"),
        Just("Value"),
        Just("."),
        Just("="),
        Just("&"),
        Just("%"),
        Just("{"),
        Just("}"),
        Just("["),
        Just("]"),
        Just("\""),
        Just(":"),
        Just(","),
        Just("null"),
        Just("-1e9"),
        Just("RoleArn"),
        Just("Username"),
        Just("filter"),
        Just("é"),
        Just("+"),
    ];
    proptest::collection::vec(word, 0..60).prop_map(|words| words.concat())
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(operation in any_operation(), body in proptest::collection::vec(any::<u8>(), 0..300)) {
        if let Ok(found) = post(operation, &body) {
            let _ = validate(operation, &found);
            redact(&mut String::new(), operation, &found);
        }
    }

    #[test]
    fn likely_bodies_never_panic(operation in any_operation(), body in likely_body()) {
        if let Ok(found) = post(operation, body.as_bytes()) {
            let _ = validate(operation, &found);
            redact(&mut String::new(), operation, &found);
        }
    }

    #[test]
    fn arbitrary_requests_are_routed_somewhere(
        path in "/[ -~é]{0,40}", query in "[ -~é]{0,60}", host in "[ -~é]{0,40}", scope in "[a-z0-9-]{0,12}",
        target in "[ -~]{0,40}", body in likely_body(), form in any::<bool>(),
    ) {
        let mut headers = headers(if form { "application/x-www-form-urlencoded" } else { "application/json" });
        headers.insert("x-amz-target", target.parse().unwrap());
        let incoming = Incoming { method: &Method::GET, path: &path, query: &query, headers: &headers, body: body.as_bytes() };
        match route(&incoming, Some(&host), Some(&scope)) {
            Ok(_) => {}
            Err(unrouted) => prop_assert!((400..500).contains(&unrouted.encode("id").status)),
        }
        let _ = route(&incoming, None, None);
    }
}
