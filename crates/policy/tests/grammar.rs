//! The grammars on texts that nobody wrote by hand: no text makes them panic, white space and
//! escapes change nothing, and a text that one kind of policy takes is taken again.

use policy::{Document, Grammar};
use proptest::prelude::*;
use serde_json::{Value, json};

const GRAMMARS: [Grammar; 9] = [
    Grammar::Managed,
    Grammar::Identity,
    Grammar::Trust,
    Grammar::Bucket,
    Grammar::Session,
    Grammar::ServiceControl,
    Grammar::ResourceControl,
    Grammar::VpcEndpoint,
    Grammar::Any,
];

fn answer(text: &str, grammar: Grammar) -> Result<String, String> {
    match Document::parse(text, grammar) {
        Ok(document) => Ok(format!("{document:?}")),
        Err(malformed) => Err(malformed.message().to_owned()),
    }
}

/// Words that mean something to a grammar, right and wrong ones.
fn word() -> impl Strategy<Value = Value> {
    prop_oneof![
        prop::sample::select(vec![
            "Allow",
            "Deny",
            "allow",
            "2012-10-17",
            "2008-10-17",
            "*",
            "s3:GetObject",
            "s3:*",
            "sts:AssumeRole",
            "s3:",
            ":",
            "a:b:c",
            "arn:aws:s3:::b/*",
            "arn:aws:iam::*:user/*",
            "arn:x:s3:::b",
            "arn:aws:iam:r::a",
            "${aws:username}",
            "${",
            "true",
            "1",
            "Sid 1",
            "111122223333",
            "lambda.amazonaws.com",
            "192.0.2.0/24",
            "é",
            "",
        ])
        .prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        any::<i16>().prop_map(Value::from),
        Just(Value::Null),
    ]
}

fn element() -> impl Strategy<Value = Value> {
    prop_oneof![
        4 => word(),
        1 => prop::collection::vec(word(), 0..3).prop_map(Value::from),
        1 => (name(), word()).prop_map(|(name, word)| json!({ name: word })),
    ]
}

fn name() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "AWS",
        "Service",
        "Federated",
        "CanonicalUser",
        "StringEquals",
        "IpAddress",
        "Bool",
        "ForAnyValue:StringLike",
        "Null",
        "NullIfExists",
        "aws:SourceIp",
        "s3:prefix",
        "other",
    ])
    .prop_map(str::to_owned)
}

fn statement() -> impl Strategy<Value = Value> {
    let members = prop::sample::subsequence(
        vec![
            "Effect",
            "Action",
            "Resource",
            "Principal",
            "Condition",
            "Sid",
            "NotAction",
            "NotResource",
            "NotPrincipal",
            "Other",
        ],
        0..6,
    );
    let nested = (name(), name(), element()).prop_map(|(a, b, c)| json!({ a: { b: c } }));
    let value = prop_oneof![3 => element(), 1 => nested];
    members.prop_flat_map(move |names| {
        prop::collection::vec(value.clone(), names.len()).prop_map(move |values| {
            let members = names.iter().map(|name| (*name).to_owned()).zip(values);
            Value::Object(members.collect())
        })
    })
}

fn policy() -> impl Strategy<Value = Value> {
    let statements = prop::collection::vec(statement(), 0..3);
    (word(), statements, any::<bool>()).prop_map(|(version, statements, bare)| {
        let version = if bare { json!("2012-10-17") } else { version };
        json!({ "Version": version, "Statement": statements })
    })
}

/// The text with every letter of every string written as an escape.
fn escaped(value: &Value) -> String {
    let text = |text: &str| {
        let units = text.encode_utf16().map(|unit| format!("\\u{unit:04x}"));
        format!("\"{}\"", units.collect::<String>())
    };
    match value {
        Value::String(string) => text(string),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(escaped).collect();
            format!("[ {} ]", items.join(" ,\n"))
        }
        Value::Object(members) => {
            let members = members.iter();
            let members: Vec<String> = members
                .map(|(name, value)| format!("{} :\t{}", text(name), escaped(value)))
                .collect();
            format!("{{ {} }}", members.join(" , "))
        }
        other => other.to_string(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn no_text_panics(text in ".{0,60}", policy in policy(), cut in 0_usize..400) {
        let written = policy.to_string();
        let end = (0..=cut.min(written.len())).rev().find(|at| written.is_char_boundary(*at));
        let broken = written.get(..end.unwrap_or(0)).unwrap();
        for grammar in GRAMMARS {
            let _ = answer(&text, grammar);
            let _ = answer(broken, grammar);
        }
    }

    #[test]
    fn white_space_and_escapes_change_nothing(policy in policy()) {
        for grammar in GRAMMARS {
            let plain = answer(&policy.to_string(), grammar);
            prop_assert_eq!(&plain, &answer(&escaped(&policy), grammar));
            prop_assert_eq!(&plain, &answer(&format!("{policy:#}"), grammar));
        }
    }
}
