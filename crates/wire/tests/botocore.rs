//! The codecs against botocore, on a message of every operation in each direction.
//!
//! The vectors in `botocore/` are written by `cargo xtask models`: requests as botocore sends
//! them, and answers that botocore reads to the very values that stand beside them.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test says what went wrong by failing"
)]

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use facts::{Auth, Kind, OperationFacts, Shape, services};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde_json::Value as Json;
use wire::route::{Route, route};
use wire::{Format, Incoming, Structure, Value, decode, encode};

struct Vector {
    operation: &'static OperationFacts,
    json: Json,
}

fn vectors() -> Vec<Vector> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/botocore");
    let mut found = Vec::new();
    for service in services() {
        let text = std::fs::read_to_string(folder.join(format!("{}.jsonl", service.name))).unwrap();
        for line in text.lines() {
            let json: Json = serde_json::from_str(line).unwrap();
            let operation = service
                .operation(json["operation"].as_str().unwrap())
                .unwrap();
            found.push(Vector { operation, json });
        }
    }
    found
}

/// The value that the vectors show as `json`.
fn value(shape: &'static Shape, json: &Json) -> Value {
    match &shape.kind {
        Kind::Boolean => Value::Bool(json.as_bool().unwrap()),
        Kind::Integer(_) | Kind::Long(_) => Value::Integer(json.as_i64().unwrap()),
        Kind::Float => Value::Float(json.as_f64().unwrap()),
        Kind::String(_) => Value::from(json.as_str().unwrap()),
        Kind::Blob(_) => Value::Blob(STANDARD.decode(json.as_str().unwrap()).unwrap()),
        Kind::Timestamp(_) => Value::Timestamp(json.as_i64().unwrap()),
        Kind::List(member, _) => Value::List(
            json.as_array()
                .unwrap()
                .iter()
                .map(|json| value(member, json))
                .collect(),
        ),
        Kind::Map { value: entry, .. } => {
            let pairs = json.as_object().unwrap().iter();
            Value::Map(
                pairs
                    .map(|(key, json)| (key.clone(), value(entry, json)))
                    .collect(),
            )
        }
        Kind::Structure { .. } => Value::Structure(structure(Some(shape), json)),
        Kind::Document => Value::Document(json.clone()),
    }
}

fn structure(shape: Option<&'static Shape>, json: &Json) -> Structure {
    let Some(Shape {
        kind: Kind::Structure { members, .. },
        ..
    }) = shape
    else {
        return Structure::new();
    };
    let present = members
        .iter()
        .filter_map(|member| Some((member.name, value(member.shape, json.get(member.name)?))));
    present.collect()
}

/// Maps in the order of their keys: the vectors' JSON has lost their own.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Map(pairs) => {
            let mut pairs: Vec<_> = pairs
                .iter()
                .map(|(key, value)| (key.clone(), sorted(value)))
                .collect();
            pairs.sort_by(|a, b| a.0.cmp(&b.0));
            Value::Map(pairs)
        }
        Value::List(values) => Value::List(values.iter().map(sorted).collect()),
        Value::Structure(structure) => Value::Structure(sorted_members(structure)),
        other => other.clone(),
    }
}

fn sorted_members(structure: &Structure) -> Structure {
    let mut members: Vec<_> = structure
        .iter()
        .map(|(name, value)| (name, sorted(value)))
        .collect();
    members.sort_by_key(|(name, _)| *name);
    members.into_iter().collect()
}

/// What form encoding cannot carry: structures with nothing in them, and empty maps. STS takes
/// empty lists for none, too.
fn without_empty(value: &Value, service: &str) -> Option<Value> {
    match value {
        Value::Structure(structure) => {
            let members: Structure = structure
                .iter()
                .filter_map(|(name, value)| Some((name, without_empty(value, service)?)))
                .collect();
            (!members.is_empty()).then_some(Value::Structure(members))
        }
        Value::Map(pairs) if pairs.is_empty() => None,
        Value::List(values) if values.is_empty() => (service != "sts").then(|| value.clone()),
        Value::List(values) => {
            let values = values.iter();
            let values: Vec<_> = values
                .filter_map(|one| without_empty(one, service))
                .collect();
            (!values.is_empty()).then_some(Value::List(values))
        }
        other => Some(other.clone()),
    }
}

#[test]
fn what_botocore_sends_is_routed_and_read() {
    let mut count = 0;
    for Vector { operation, json } in vectors() {
        let name = format!("{}:{}", operation.service.name, operation.name);
        let request = &json["request"];
        let text = |key: &str| request[key].as_str().unwrap();
        let headers: HeaderMap = request["headers"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(name, value)| {
                (
                    HeaderName::try_from(name).unwrap(),
                    HeaderValue::from_str(value.as_str().unwrap()).unwrap(),
                )
            })
            .collect();
        let method: Method = text("method").parse().unwrap();
        let incoming = Incoming {
            method: &method,
            path: text("path"),
            query: text("query"),
            headers: &headers,
            body: text("body").as_bytes(),
        };
        let scope = (operation.auth == Auth::SigV4).then_some(operation.service.signing_name);
        let format = match route(&incoming, None, scope) {
            Ok(Route::Operation { op, format }) if op == operation => format,
            other => panic!("{name}: {other:?}"),
        };
        let read = decode(operation, format, &incoming)
            .unwrap_or_else(|refusal| panic!("{name}: {refusal}"));
        let mut wanted = structure(operation.input, &request["input"]);
        if format == Format::QueryXml {
            wanted = match without_empty(&Value::Structure(wanted), operation.service.name) {
                Some(Value::Structure(structure)) => structure,
                _ => Structure::new(),
            };
        }
        assert_eq!(sorted_members(&read), sorted_members(&wanted), "{name}");
        count += 1;
    }
    assert!(count > 600, "{count}");
}

#[test]
fn what_we_answer_is_what_botocore_understands() {
    for Vector { operation, json } in vectors() {
        let name = format!("{}:{}", operation.service.name, operation.name);
        let answer = &json["answer"];
        let output = structure(operation.output, &answer["output"]);
        let format = match operation.service.protocol {
            facts::Protocol::Query => Format::QueryXml,
            facts::Protocol::Json10 => Format::Json10,
            facts::Protocol::Json11 => Format::Json11,
            facts::Protocol::RestJson => Format::RestJson,
        };
        let written =
            String::from_utf8(encode(operation, format, &output, "request-id").body).unwrap();
        let wanted = answer["body"].as_str().unwrap();
        if format == Format::QueryXml {
            let lines: String = written.lines().map(str::trim_start).collect();
            assert_eq!(lines, wanted, "{name}");
        } else if wanted.is_empty() {
            assert_eq!(written, "", "{name}");
        } else {
            let read = |text: &str| {
                serde_json::from_str::<Json>(text).unwrap_or_else(|e| panic!("{name}: {e}: {text}"))
            };
            assert_eq!(read(&written), read(wanted), "{name}");
        }
    }
}
