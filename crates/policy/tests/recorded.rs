//! Decisions that IAM was seen to make on September 12, 2026: it was asked to tag a user, by
//! sessions whose policies had one condition each, once allowing and once denying. Where it
//! takes `?` for one unit of UTF-16 and mapped addresses for IPv4 ones, the engine follows the
//! case format instead.
#![expect(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

use serde_json::{Value, json};

/// What came of a condition.
#[derive(Clone, Copy, PartialEq)]
enum Outcome {
    Holds,
    Fails,
    /// A statement that allows does not apply, one that denies does.
    Errs,
}

use Outcome::{Errs, Fails, Holds};

const VALUE: &str = "aws:RequestTag/value";
const RANGE: &str = "192.0.2.0/24";
const DATE: &str = "2030-01-01T00:00:00Z";
const USERS: &str = "arn:aws:iam::*:user/*";
const ROLES: &str = "arn:aws:iam::*:role/*";
const USER: &str = "arn:aws:iam::123456789012:user/test";

fn decide(effect: &str, condition: &Value, context: &Value) -> String {
    let tag = |effect: &str, condition: &Value| json!({ "Effect": effect, "Action": "iam:TagUser", "Resource": "*", "Condition": condition });
    let mut statements = vec![tag(effect, condition)];
    if effect == "Deny" {
        statements.push(tag("Allow", &json!({})));
    }
    let case = json!({
        "id": "",
        "principal": "arn:aws:sts::123456789012:assumed-role/actor/s",
        "action": "iam:TagUser",
        "resource": "arn:aws:iam::123456789012:user/target",
        "resourceAccount": "123456789012",
        "context": context,
        "identityPolicies": [{ "Version": "2012-10-17", "Statement": { "Effect": "Allow", "Action": "*", "Resource": "*" } }],
        "sessionPolicies": [{ "Version": "2012-10-17", "Statement": statements }],
    });
    let verdict: Value = serde_json::from_str(&policy::eval::line(&case.to_string())).unwrap();
    verdict
        .get("decision")
        .and_then(Value::as_str)
        .unwrap()
        .to_owned()
}

fn check(operator: &str, key: &str, values: &Value, context: &Value, outcome: Outcome) {
    let condition = json!({ operator: { key: values } });
    let allowing = match outcome {
        Holds => "allowed",
        Fails | Errs => "implicitDeny",
    };
    let denying = match outcome {
        Holds | Errs => "explicitDeny",
        Fails => "allowed",
    };
    let shown = format!("{condition} {context}");
    assert_eq!(decide("Allow", &condition, context), allowing, "{shown}");
    assert_eq!(decide("Deny", &condition, context), denying, "{shown}");
}

/// An operator and its negation on one value.
fn check_both(operators: [&str; 2], values: &Value, value: &str, outcomes: [Outcome; 2]) {
    for (operator, outcome) in operators.into_iter().zip(outcomes) {
        check(operator, VALUE, values, &json!({ VALUE: value }), outcome);
    }
}

#[test]
fn letters_ignore_case_as_texts_in_small_letters_are_equal() {
    for (policy, value, equal) in [
        ("prod", "PrOd", true),
        ("I", "ı", false),
        ("i", "İ", false),
        ("İ", "i\u{307}", true),
        ("K", "\u{212a}", true),
        ("s", "ſ", false),
        ("ß", "ẞ", true),
        ("ß", "SS", false),
        ("Σ", "ς", false),
        ("Σ", "σ", true),
        ("ΟΣ", "ος", true),
        ("ΟΣ", "οσ", false),
        ("ΟΣΑ", "οσα", true),
        ("É", "é", true),
        ("é", "e\u{301}", false),
        ("𐐀", "𐐨", false),
        ("𐐀", "𐐀", true),
        ("AΣ𐐀", "aς𐐀", false),
        ("AΣ𐐀", "aσ𐐀", true),
        ("𐐀Σ", "𐐀σ", false),
        ("𐐀Σ", "𐐀ς", true),
    ] {
        let outcomes = if equal {
            [Holds, Fails]
        } else {
            [Fails, Holds]
        };
        let operators = ["StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase"];
        check_both(operators, &json!(policy), value, outcomes);
    }
}

#[test]
fn numbers_and_dates_have_many_spellings() {
    let numeric = ["NumericEquals", "NumericNotEquals"];
    for value in ["1", "01", "+1", "1.0", "1e0"] {
        check_both(numeric, &json!("1"), value, [Holds, Fails]);
    }
    for value in ["2", "no-number", "", "NaN", "Infinity"] {
        check_both(numeric, &json!("1"), value, [Fails, Holds]);
    }
    let dates = ["DateEquals", "DateNotEquals"];
    for value in [
        DATE,
        "1893456000",
        "+1893456000",
        "2030-01-01",
        "2030-01-01T00:00:00",
        "2030-01-01T00:00:00.0001Z",
    ] {
        check_both(dates, &json!(DATE), value, [Holds, Fails]);
    }
    for value in ["2030-01-02T00:00:00Z", "not-a-date", ""] {
        check_both(dates, &json!(DATE), value, [Fails, Holds]);
    }
}

#[test]
fn what_is_not_true_is_false() {
    for (value, truth) in [
        ("true", "true"),
        ("True", "true"),
        ("TRUE", "true"),
        ("false", "false"),
        ("yes", "false"),
        ("1", "false"),
        ("", "false"),
        (" true ", "false"),
    ] {
        for policy in ["true", "false", "TRUE", "yes"] {
            let same = (policy.eq_ignore_ascii_case("true")) == (truth == "true");
            let outcome = if same { Holds } else { Fails };
            check(
                "Bool",
                VALUE,
                &json!(policy),
                &json!({ VALUE: value }),
                outcome,
            );
        }
    }
    let present = json!({ VALUE: "present" });
    check("Null", VALUE, &json!("yes"), &present, Holds);
    check("Null", VALUE, &json!("TRUE"), &present, Fails);
}

#[test]
fn bytes_have_one_spelling() {
    for value in ["Yg==", "YQ", "YR==", "no-binary", "", " YQ== "] {
        let context = json!({ VALUE: value });
        check("BinaryEquals", VALUE, &json!("YQ=="), &context, Fails);
    }
    let context = json!({ VALUE: "YQ==" });
    check("BinaryEquals", VALUE, &json!("YQ=="), &context, Holds);
}

#[test]
fn what_is_no_address_is_neither_inside_nor_outside() {
    let both = ["IpAddress", "NotIpAddress"];
    for value in ["not-an-ip", "", "192.0.2.1/32", "192.0.513", "3221225985"] {
        check_both(both, &json!(RANGE), value, [Fails, Fails]);
    }
    for policy in [
        json!("192.000.002.0/24"),
        json!("192.0.2.0/+24"),
        json!(["not-an-ip", RANGE]),
        json!([RANGE, "not-an-ip"]),
    ] {
        check_both(both, &policy, "192.0.2.1", [Holds, Fails]);
        check_both(both, &policy, "192.0.3.1", [Fails, Holds]);
    }
    for policy in ["2001:db8::5/64", "2001:db8::5/127", "2001:db8::1/0"] {
        check_both(both, &json!(policy), "2001:db8::5", [Fails, Holds]);
    }
    let ranges = json!(["2001:db8::5/64", "2001:db8::/64"]);
    check_both(both, &ranges, "2001:db8::1", [Holds, Fails]);
    for policy in ["not-an-ip", "192.0.2.0/33", "::ffff:192.0.2.0/120"] {
        check_both(both, &json!(policy), "192.0.2.1", [Fails, Holds]);
    }
}

#[test]
fn what_is_no_arn_is_neither_like_nor_unlike_and_policies_with_such_err() {
    let both = ["ArnLike", "ArnNotLike"];
    for value in ["not-an-arn", ""] {
        check_both(both, &json!(USERS), value, [Fails, Fails]);
        check_both(both, &json!("not-an-arn"), value, [Fails, Fails]);
    }
    check_both(both, &json!(USERS), USER, [Holds, Fails]);
    check_both(both, &json!(ROLES), USER, [Fails, Holds]);
    check_both(both, &json!([USERS, "not-an-arn"]), USER, [Holds, Fails]);
    for policy in [
        json!("not-an-arn"),
        json!(["not-an-arn", USERS]),
        json!(["not-an-arn", ROLES]),
        json!([ROLES, "not-an-arn"]),
    ] {
        check_both(both, &policy, USER, [Errs, Errs]);
    }
    for operator in both {
        let context = json!({ VALUE: USER, "aws:RequestTag/pattern": "not-an-arn" });
        let variable = json!("${aws:RequestTag/pattern}");
        check(operator, VALUE, &variable, &context, Errs);
    }
}

#[test]
fn a_set_needs_a_set_operator() {
    let sets = [
        json!([]),
        json!(["team"]),
        json!(["env"]),
        json!(["team", "env"]),
    ];
    for (operator, outcomes) in [
        ("StringEquals", [Fails, Fails, Fails, Fails]),
        ("StringNotEquals", [Holds, Fails, Fails, Fails]),
        ("StringEqualsIfExists", [Holds, Fails, Fails, Fails]),
        ("StringNotEqualsIfExists", [Holds, Fails, Fails, Fails]),
        ("ForAnyValue:StringEquals", [Fails, Holds, Fails, Holds]),
        ("ForAllValues:StringEquals", [Holds, Holds, Fails, Fails]),
        ("ForAnyValue:StringNotEquals", [Fails, Fails, Holds, Holds]),
        ("ForAllValues:StringNotEquals", [Holds, Fails, Holds, Fails]),
    ] {
        for (set, outcome) in sets.iter().zip(outcomes) {
            let context = json!({ "aws:TagKeys": set });
            check(operator, "aws:TagKeys", &json!("team"), &context, outcome);
        }
    }
}

#[test]
fn a_set_stands_for_no_variable() {
    for variable in ["${aws:TagKeys}", "${aws:TagKeys, 'fallback'}"] {
        for (value, set) in [
            ("team", json!(["team"])),
            ("team", json!(["team", "env"])),
            ("fallback", json!(["team"])),
        ] {
            let context = json!({ VALUE: value, "aws:TagKeys": set });
            check("StringEquals", VALUE, &json!(variable), &context, Fails);
            check("StringNotEquals", VALUE, &json!(variable), &context, Holds);
        }
    }
}
