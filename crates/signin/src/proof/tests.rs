//! A good proof, and everything that may be wrong with one.

use super::*;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::{Value, json};

const NOW: i64 = 1_900_000_000;
const URL: &str = "http://127.0.0.1:8080/v1/token";

fn key() -> EcdsaKeyPair {
    let document =
        EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new());
    EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.unwrap().as_ref()).unwrap()
}

fn jwk(key: &EcdsaKeyPair) -> Value {
    let point = key.public_key().as_ref();
    let encode = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
    json!({ "kty": "EC", "crv": "P-256", "x": encode(&point[1..33]), "y": encode(&point[33..]) })
}

fn header(key: &EcdsaKeyPair) -> Value {
    json!({ "typ": "dpop+jwt", "alg": "ES256", "jwk": jwk(key) })
}

fn claims() -> Value {
    json!({ "htm": "POST", "htu": URL, "iat": NOW, "jti": "a" })
}

fn signed(key: &EcdsaKeyPair, header: &str, claims: &str) -> String {
    let encode = |text: &str| BASE64_URL_SAFE_NO_PAD.encode(text);
    let signed = format!("{}.{}", encode(header), encode(claims));
    let signature = key.sign(&SystemRandom::new(), signed.as_bytes()).unwrap();
    format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
}

fn presented(proofs: &[&str]) -> Dpop {
    Dpop {
        proofs: proofs.iter().map(|proof| (*proof).to_owned()).collect(),
        method: "POST".to_owned(),
        url: URL.to_owned(),
    }
}

fn judged(key: &EcdsaKeyPair, header: &Value, claims: &Value) -> Result<Possession, Refusal> {
    let proof = signed(key, &header.to_string(), &claims.to_string());
    verify(Some(&presented(&[&proof])), NOW)
}

/// `value` with a member changed, or taken away by null.
fn with(mut value: Value, member: &str, changed: Value) -> Value {
    let members = value.as_object_mut().unwrap();
    match changed {
        Value::Null => members.remove(member),
        changed => members.insert(member.to_owned(), changed),
    };
    value
}

#[test]
fn a_good_proof_names_its_key_and_itself() {
    let key = key();
    let one = judged(&key, &header(&key), &claims()).unwrap();
    let again = judged(&key, &header(&key), &claims()).unwrap();
    assert_eq!(one, again);
    let other = judged(&key, &header(&key), &with(claims(), "jti", json!("b"))).unwrap();
    assert_eq!(one.thumbprint, other.thumbprint);
    assert_ne!(one.proof_id, other.proof_id);
}

#[test]
fn the_thumbprint_is_that_of_rfc_7638() {
    // Computed with PyJWT and hashlib for the key of RFC 7515, appendix A.3.
    let header = br#"{"typ":"dpop+jwt","alg":"ES256","jwk":{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}}"#;
    let key = Key::of(header).unwrap();
    assert_eq!(
        key.thumbprint,
        "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U"
    );
}

#[test]
fn addresses_may_differ_in_spelling_and_query_alone() {
    let key = key();
    let htu = |htu: &str| judged(&key, &header(&key), &with(claims(), "htu", json!(htu)));
    for same in [
        "HTTP://127.0.0.1:8080/v1/token",
        "http://127.0.0.1:8080/v1/token?a=1#b",
    ] {
        assert!(htu(same).is_ok(), "{same}");
    }
    for other in [
        "https://127.0.0.1:8080/v1/token",
        "http://127.0.0.1/v1/token",
        "http://127.0.0.1:8081/v1/token",
        "http://127.0.0.1:8080/v1/token/",
        "http://127.0.0.1:8080/V1/token",
        "http://evil@127.0.0.1:8080/v1/token",
        "http://evil.example/v1/token",
        "/v1/token",
        "",
    ] {
        assert_eq!(htu(other).unwrap_err(), Refusal::Address, "{other}");
    }
}

#[test]
fn claims_must_be_there_and_right() {
    let key = key();
    for (member, changed, refusal) in [
        ("htm", json!("GET"), Refusal::Method),
        ("htm", json!("post"), Refusal::Method),
        ("htm", Value::Null, Refusal::Claims),
        ("htu", Value::Null, Refusal::Claims),
        ("iat", Value::Null, Refusal::Claims),
        ("iat", json!("1900000000"), Refusal::Claims),
        ("iat", json!(NOW - 301), Refusal::Time),
        ("iat", json!(NOW + 301), Refusal::Time),
        ("iat", json!(i64::MAX), Refusal::Time),
        ("iat", json!(1e300), Refusal::Claims),
        ("jti", Value::Null, Refusal::Claims),
        ("jti", json!(""), Refusal::Claims),
        ("jti", json!("x".repeat(257)), Refusal::Claims),
        ("ath", json!("x"), Refusal::AccessToken),
    ] {
        let claims = with(claims(), member, changed.clone());
        let judged = judged(&key, &header(&key), &claims);
        assert_eq!(judged.unwrap_err(), refusal, "{member} {changed}");
    }
    for iat in [json!(NOW - 300), json!(NOW + 300), json!(NOW as f64 + 0.5)] {
        assert!(judged(&key, &header(&key), &with(claims(), "iat", iat)).is_ok());
    }
}

#[test]
fn headers_must_be_right_to_the_letter() {
    let key = key();
    for (member, changed, refusal) in [
        ("typ", json!("jwt"), Refusal::Header),
        ("typ", Value::Null, Refusal::Header),
        ("alg", json!("none"), Refusal::Header),
        ("alg", json!("HS256"), Refusal::Header),
        ("alg", json!("ES384"), Refusal::Header),
        ("alg", json!("RS256"), Refusal::Header),
        ("crit", json!(["exp"]), Refusal::Header),
        ("b64", json!(false), Refusal::Header),
        ("jwk", Value::Null, Refusal::Header),
        ("jwk", with(jwk(&key), "d", json!("AAAA")), Refusal::Key),
        ("jwk", with(jwk(&key), "kty", json!("RSA")), Refusal::Key),
        ("jwk", with(jwk(&key), "crv", json!("P-384")), Refusal::Key),
        ("jwk", with(jwk(&key), "x", json!("AAAA")), Refusal::Key),
        (
            "jwk",
            with(jwk(&key), "x", json!("A".repeat(43))),
            Refusal::Signature,
        ),
    ] {
        let header = with(header(&key), member, changed.clone());
        let judged = judged(&key, &header, &claims());
        assert_eq!(judged.unwrap_err(), refusal, "{member} {changed}");
    }
    let stranger = self::key();
    let judged = judged(&stranger, &header(&key), &claims());
    assert_eq!(judged.unwrap_err(), Refusal::Signature);
}

#[test]
fn a_member_that_stands_twice_is_refused() {
    let key = key();
    let claims = claims().to_string();
    let twice = format!(r#"{{"htm":"GET",{}"#, claims.trim_start_matches('{'));
    let proof = signed(&key, &header(&key).to_string(), &twice);
    let judged = verify(Some(&presented(&[&proof])), NOW);
    assert_eq!(judged.unwrap_err(), Refusal::Claims);
}

#[test]
fn there_is_one_proof_in_one_form() {
    let key = key();
    let good = signed(&key, &header(&key).to_string(), &claims().to_string());
    let judged = |proofs: &[&str]| verify(Some(&presented(proofs)), NOW).unwrap_err();
    assert_eq!(verify(None, NOW).unwrap_err(), Refusal::Missing);
    assert_eq!(judged(&[&good, &good]), Refusal::Several);
    assert_eq!(judged(&[&"x".repeat(9_000)]), Refusal::TooLong);
    for broken in [
        "",
        "a.b",
        &format!("{good}.x"),
        &format!("{good}="),
        "a.b.c d",
    ] {
        assert_eq!(judged(&[broken]), Refusal::Form, "{broken}");
    }
    let (signed, _) = good.rsplit_once('.').unwrap();
    assert_eq!(judged(&[&format!("{signed}.")]), Refusal::Signature);
}
