//! What is read, what is refused, and agreement with another reader.

use proptest::prelude::*;

use super::*;

#[test]
fn numbers_keep_their_spelling_and_members_their_order() {
    let value = parse(r#" {"b": 10.50, "a": [1e3, -0, true, null], "b": "x"} "#).unwrap();
    let members = value.members().unwrap();
    assert_eq!(members[0], ("b".into(), Json::Number("10.50")));
    assert_eq!(members[2], ("b".into(), Json::String("x".into())));
    assert_eq!(members[1].1.one_or_many()[0], Json::Number("1e3"));
}

#[test]
fn escapes_are_undone() {
    let value = parse(r#""a\n\"\u00e9\ud83d\ude00\/""#).unwrap();
    assert_eq!(value.as_str(), Some("a\n\"é😀/"));
}

#[test]
fn places_are_bytes_of_the_text() {
    let text = r#" {"é": [1, "x"], "é":{} }"#;
    let node = parse_placed(text).unwrap();
    let at = |bytes: &std::ops::Range<usize>| text.get(bytes.clone()).unwrap();
    assert_eq!(at(&node.bytes), r#"{"é": [1, "x"], "é":{} }"#);
    let Value::Object(members) = &node.value else {
        panic!("{node:?}")
    };
    assert_eq!(at(&members[0].name_bytes), "\"é\"");
    let elements = members[0].node.elements().unwrap();
    assert_eq!(at(&elements[1].bytes), "\"x\"");
    assert_eq!(at(&node.member("é").unwrap().bytes), "{}");
    assert_eq!(node.member("x"), None);
}

#[test]
fn what_is_not_json_is_refused_where_it_stops() {
    for (text, at) in [
        ("", 0),
        ("{", 1),
        ("[1,]", 3),
        ("{\"a\":1,}", 7),
        ("01", 1),
        ("1.", 2),
        ("+1", 0),
        ("nul", 0),
        ("'a'", 0),
        ("\"\\ud800\"", 7),
        ("\"\\x\"", 2),
        ("\"é", 3),
        ("\"é\t\"", 3),
        ("{} {}", 3),
        ("{1:2}", 1),
        (".5", 0),
        ("NaN", 0),
        ("\"\\udc00\"", 7),
    ] {
        assert_eq!(parse(text).map_err(|refused| refused.at), Err(at), "{text}");
    }
}

#[test]
fn depth_is_bounded() {
    assert!(parse(&"[".repeat(100_000)).is_err());
    let nested = format!("{}{}", "[".repeat(20), "]".repeat(20));
    assert!(parse(&nested).is_ok());
}

/// A value as another reader gives it.
fn same(ours: &Json<'_>, theirs: &serde_json::Value) -> bool {
    match (ours, theirs) {
        (Json::Null, serde_json::Value::Null) => true,
        (Json::Bool(a), serde_json::Value::Bool(b)) => a == b,
        (Json::Number(a), serde_json::Value::Number(_)) => {
            serde_json::from_str::<serde_json::Value>(a).is_ok_and(|a| a == *theirs)
        }
        (Json::String(a), serde_json::Value::String(b)) => a == b,
        (Json::Array(a), serde_json::Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Json::Object(a), serde_json::Value::Object(b)) => b.iter().all(|(name, b)| {
            a.iter()
                .rev()
                .find(|(n, _)| n == name)
                .is_some_and(|(_, a)| same(a, b))
        }),
        _ => false,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn agrees_with_serde_json(text in r#"[\[\]{}:,"a0-9.eE\\un é+\-]{0,16}|\{"a":[\[\]1-9,"b\\ ]{0,8}\}"#) {
        match (parse(&text), serde_json::from_str::<serde_json::Value>(&text)) {
            (Ok(ours), Ok(theirs)) => prop_assert!(same(&ours, &theirs), "{:?}", ours),
            // A number that no float can hold is one for us: it is only spelled.
            (Ok(_), Err(error)) => prop_assert!(error.to_string().contains("number out of range")),
            (Err(_), Err(_)) => {}
            (Err(refused), Ok(_)) => prop_assert!(false, "{refused}"),
        }
    }

    #[test]
    fn a_string_ends_at_its_quote(before in "[ -!#-\\[\\]-~é😀]{0,24}", after in "[a-z\"\\\\\t]{0,12}") {
        let text = format!("[\"{before}\"]");
        let read = Json::Array(vec![Json::String(before.clone().into())]);
        prop_assert_eq!(parse(&text), Ok(read));
        let text = format!("\"{before}\t{after}");
        prop_assert_eq!(parse(&text).map_err(|refused| refused.at), Err(before.len() + 1));
    }

    #[test]
    fn whatever_is_quoted_is_read_back(text in any::<String>()) {
        let mut quoted = String::new();
        quote(&text, &mut quoted);
        prop_assert_eq!(parse(&quoted), Ok(Json::String(text.into())));
    }
}
