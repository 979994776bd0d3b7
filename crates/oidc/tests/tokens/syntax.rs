//! Attacks on the form of tokens: whatever two programs could read in two ways.

use oidc::{Part, Refusal};
use serde_json::json;

use crate::signer::{RSA, check, claims_with, parts, rsa_token, sound_claims};

#[test]
fn repeated_members_are_refused() {
    let header = r#"{"alg":"RS256","kid":"rsa"}"#;
    let payload = sound_claims().to_string();
    let twice = |extra: &str| payload.replacen('{', &format!("{{{extra},"), 1);
    assert!(check(&RSA.sign_texts("RS256", header, &twice("\"x\":1"))).is_ok());
    for (extra, name) in [
        ("\"sub\":\"admin\"", "sub"),
        ("\"s\\u0075b\":\"admin\"", "sub"),
        ("\"x\":{\"a\":1,\"a\":1}", "a"),
        ("\"x\":[{\"a\":1,\"a\":1}]", "a"),
    ] {
        let token = RSA.sign_texts("RS256", header, &twice(extra));
        refused!(token, Refusal::RepeatedMember { part: Part::Payload, member } if member == name);
    }
    for header in [
        r#"{"alg":"none","alg":"RS256","kid":"rsa"}"#,
        r#"{"alg":"RS256","kid":"rsa","alg":"none"}"#,
    ] {
        let token = RSA.sign_texts("RS256", header, &payload);
        refused!(token, Refusal::RepeatedMember { part: Part::Header, member } if member == "alg");
    }
}

#[test]
fn every_part_has_one_spelling() {
    let token = rsa_token();
    for (index, part) in [Part::Header, Part::Payload, Part::Signature]
        .into_iter()
        .enumerate()
    {
        let spelled = |spelling: &dyn Fn(&str) -> String| {
            let mut parts = parts(&token);
            parts[index] = spelling(&parts[index]);
            parts.join(".")
        };
        let padded = spelled(&|part| format!("{part}="));
        let spaced = spelled(&|part| format!("{part} "));
        let broken = spelled(&|part| format!("{part}\n"));
        let foreign = spelled(&|part| format!("+{part}"));
        let slashed = spelled(&|part| format!("/{part}"));
        let wide = spelled(&|part| format!("{part}é"));
        for token in [padded, spaced, broken, foreign, slashed, wide] {
            refused!(token, Refusal::NotBase64Url(found) if found == part, "{token}");
        }
    }
    // Bits that are left over in the last character: `AB` and `AA` would be the same byte.
    let [header, payload, _] = parts(&token);
    refused!(
        format!("{header}.{payload}.AB"),
        Refusal::NotBase64Url(Part::Signature)
    );
}

#[test]
fn a_token_has_three_parts() {
    let token = rsa_token();
    for text in [
        String::new(),
        ".".to_owned(),
        "abc".to_owned(),
        "a.b".to_owned(),
        format!("{token}."),
        format!("{token}.AA"),
        format!(".{token}"),
        "a.b.c.d.e".to_owned(),
    ] {
        refused!(text, Refusal::NotThreeParts, "{text}");
    }
    refused!("..", Refusal::NotBase64Url(Part::Signature));
    let [header, payload, signature] = parts(&token);
    refused!(
        format!(".{payload}.{signature}"),
        Refusal::NotJson {
            part: Part::Header,
            ..
        }
    );
    refused!(
        format!("{header}..{signature}"),
        Refusal::NotJson {
            part: Part::Payload,
            ..
        }
    );
    // The JSON form of signed tokens.
    let json = json!({"protected": header, "payload": payload, "signature": signature});
    refused!(json.to_string(), Refusal::NotThreeParts);
    refused!(format!(" {token}"), Refusal::NotBase64Url(Part::Header));
}

#[test]
fn both_parts_are_json_objects() {
    let header = r#"{"alg":"RS256","kid":"rsa"}"#;
    for text in [
        "",
        "[]",
        "null",
        "\"x\"",
        "{",
        "{}x",
        "\u{feff}{}",
        "{\"a\":NaN}",
        "{'a':1}",
    ] {
        let token = RSA.sign_texts("RS256", header, text);
        refused!(
            token,
            Refusal::NotJson {
                part: Part::Payload,
                ..
            },
            "{text}"
        );
        let token = RSA.sign_texts("RS256", text, &sound_claims().to_string());
        refused!(
            token,
            Refusal::NotJson {
                part: Part::Header,
                ..
            },
            "{text}"
        );
    }
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(5000), "]".repeat(5000));
    let token = RSA.sign_texts("RS256", header, &deep);
    refused!(token, Refusal::TooDeep(Part::Payload));
}

#[test]
fn tokens_are_bounded() {
    // Grown to the last character that is taken, then by one more.
    let sized =
        |filler: usize| RSA.token("RS256", &claims_with("filler", json!("x".repeat(filler))));
    let filler = (1..20_000)
        .rev()
        .find(|filler| (*filler + 300) * 4 / 3 < 19_300 && sized(*filler).len() <= 20_000)
        .unwrap();
    let mut largest = filler;
    while sized(largest + 1).len() <= 20_000 {
        largest += 1;
    }
    assert!(sized(largest).len() > 19_990);
    assert!(check(&sized(largest)).is_ok());
    refused!(sized(largest + 4), Refusal::TooLong);
    refused!("a".repeat(10_000_000), Refusal::TooLong);
}
