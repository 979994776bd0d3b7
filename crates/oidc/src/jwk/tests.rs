//! Keys against the examples of the standards, and keys that must not be used.

use serde_json::json;

use super::*;

/// A signature from a standard's own examples.
struct Example {
    source: String,
    keys: KeySet,
    algorithm: Algorithm,
    signed: String,
    signature: Vec<u8>,
}

fn examples() -> Vec<Example> {
    let file = include_str!("../../testdata/rfc-signatures.json");
    let list: Vec<Value> = serde_json::from_str(file).unwrap();
    list.iter().map(example).collect()
}

fn example(entry: &Value) -> Example {
    let jws = entry["jws"].as_str().unwrap();
    let (signed, signature) = jws.rsplit_once('.').unwrap();
    let (header, _) = signed.split_once('.').unwrap();
    let header = BASE64_URL_SAFE_NO_PAD.decode(header).unwrap();
    let header: Value = serde_json::from_slice(&header).unwrap();
    Example {
        source: entry["source"].as_str().unwrap().to_owned(),
        keys: set(&[entry["jwk"].clone()]),
        algorithm: Algorithm::named(header["alg"].as_str().unwrap()).unwrap(),
        signed: signed.to_owned(),
        signature: BASE64_URL_SAFE_NO_PAD.decode(signature).unwrap(),
    }
}

fn set(keys: &[Value]) -> KeySet {
    KeySet::parse(json!({"keys": keys}).to_string().as_bytes()).unwrap()
}

fn jwk(source: &str) -> Value {
    let file = include_str!("../../testdata/rfc-signatures.json");
    let list: Vec<Value> = serde_json::from_str(file).unwrap();
    let entry = list.iter().find(|entry| entry["source"] == source);
    entry.unwrap()["jwk"].clone()
}

fn changed(source: &str, member: &str, value: Value) -> Value {
    let mut jwk = jwk(source);
    jwk[member] = value;
    jwk
}

fn judge(example: &Example, keys: &KeySet, signature: &[u8]) -> Verdict {
    keys.judge(
        example.algorithm,
        None,
        example.signed.as_bytes(),
        signature,
    )
}

#[test]
fn signatures_of_the_standards_are_genuine() {
    let examples = examples();
    assert_eq!(examples.len(), 7);
    for example in examples {
        let verdict = judge(&example, &example.keys, &example.signature);
        assert_eq!(verdict, Verdict::Genuine, "{}", example.source);
    }
}

#[test]
fn any_change_to_a_signature_of_the_standards_makes_it_wrong() {
    for example in examples() {
        for at in [0, example.signature.len() / 2, example.signature.len() - 1] {
            let mut signature = example.signature.clone();
            signature[at] ^= 1;
            let verdict = judge(&example, &example.keys, &signature);
            assert_eq!(verdict, Verdict::Wrong, "{} at {at}", example.source);
        }
        let length = example.signature.len();
        for signature in [
            vec![0; length],
            vec![0xff; length],
            Vec::new(),
            example.signature[1..].to_vec(),
            [&example.signature[..], &[0]].concat(),
            [&[0], &example.signature[..]].concat(),
        ] {
            let verdict = judge(&example, &example.keys, &signature);
            assert_eq!(verdict, Verdict::Wrong, "{}", example.source);
        }
    }
}

#[test]
fn a_key_is_used_with_its_own_algorithm_only() {
    for one in examples() {
        for other in examples() {
            let verdict =
                other
                    .keys
                    .judge(one.algorithm, None, one.signed.as_bytes(), &one.signature);
            let same_kind = one.algorithm.rsa_parameters().is_some()
                == other.algorithm.rsa_parameters().is_some();
            let fits = same_kind
                && (one.algorithm.rsa_parameters().is_some() || one.algorithm == other.algorithm);
            assert_eq!(
                verdict == Verdict::NoKey,
                !fits,
                "{} {}",
                one.source,
                other.source
            );
        }
    }
}

#[test]
fn keys_of_other_uses_and_kinds_are_left_out() {
    const RSA: &str = "RFC 7515 A.2";
    const EC: &str = "RFC 7515 A.3";
    const OKP: &str = "RFC 8037 A.4";
    let n_1024 = BASE64_URL_SAFE_NO_PAD.encode([&[0x80; 127][..], &[1]].concat());
    let n_2047 = BASE64_URL_SAFE_NO_PAD.encode([&[0x7f; 255][..], &[1]].concat());
    let n_long = BASE64_URL_SAFE_NO_PAD.encode([&[0x80; 1024][..], &[1]].concat());
    for (key, why) in [
        (changed(RSA, "use", json!("enc")), "for encryption"),
        (changed(RSA, "use", json!(["sig"])), "use is not a text"),
        (changed(RSA, "key_ops", json!(["sign"])), "for signing"),
        (
            changed(RSA, "key_ops", json!("verify")),
            "operations are not a list",
        ),
        (changed(RSA, "d", json!("AQAB")), "private"),
        (changed(RSA, "alg", json!("RSA-OAEP")), "for encryption"),
        (changed(RSA, "alg", json!("HS256")), "shared secret"),
        (
            changed(RSA, "alg", json!("ES256")),
            "algorithm of another kind",
        ),
        (changed(RSA, "alg", json!(256)), "algorithm is not a text"),
        (changed(RSA, "kid", json!(1)), "id is not a text"),
        (changed(RSA, "kty", json!("rsa")), "kind is exact"),
        (changed(RSA, "kty", json!("oct")), "shared secret"),
        (changed(RSA, "n", json!(n_1024)), "too short"),
        (changed(RSA, "n", json!(n_2047)), "one bit too short"),
        (changed(RSA, "n", json!(n_long)), "too long"),
        (changed(RSA, "n", json!("")), "no modulus"),
        (changed(RSA, "e", json!("AQ")), "exponent one"),
        (
            changed(RSA, "e", json!("AAAAAQ")),
            "exponent one with zeros",
        ),
        (changed(RSA, "e", json!("Ag")), "even exponent"),
        (changed(RSA, "e", json!("")), "no exponent"),
        (changed(RSA, "e", json!("AQAAAAAB")), "huge exponent"),
        (changed(RSA, "e", json!("AQAB=")), "padding"),
        (
            changed(EC, "alg", json!("ES384")),
            "algorithm of another curve",
        ),
        (changed(EC, "crv", json!("P-384")), "another curve"),
        (changed(EC, "crv", json!("secp256k1")), "curve not accepted"),
        (
            changed(EC, "crv", json!("Ed25519")),
            "curve of another kind",
        ),
        (changed(EC, "y", json!("AAAA")), "coordinate too short"),
        (changed(EC, "y", jwk(EC)["x"].clone()), "not on the curve"),
        (changed(OKP, "crv", json!("Ed448")), "curve not accepted"),
        (changed(OKP, "crv", json!("X25519")), "for key exchange"),
        (changed(OKP, "crv", json!("P-256")), "curve of another kind"),
        (changed(OKP, "x", json!("AAAA")), "too short"),
        (json!({"kty": "oct", "k": "c2VjcmV0"}), "shared secret"),
        (json!({}), "empty"),
        (json!("key"), "not an object"),
    ] {
        assert!(set(&[key]).is_empty(), "{why}");
    }
    for key in [
        changed(RSA, "use", json!("sig")),
        changed(RSA, "key_ops", json!(["verify"])),
        changed(RSA, "alg", json!("PS512")),
        changed(EC, "alg", json!("ES256")),
        changed(OKP, "alg", json!("Ed25519")),
        changed(OKP, "alg", json!("EdDSA")),
    ] {
        assert_eq!(set(&[key]).len(), 1);
    }
}

#[test]
fn a_broken_key_does_not_spoil_the_set() {
    let keys = set(&[json!({"kty": "RSA"}), jwk("RFC 7515 A.2"), json!(null)]);
    assert_eq!(keys.len(), 1);
}

#[test]
fn leading_zeros_of_an_integer_are_forgiven() {
    let n = bytes(jwk("RFC 7515 A.2").as_object().unwrap(), "n").unwrap();
    let padded = BASE64_URL_SAFE_NO_PAD.encode([&[0][..], &n].concat());
    let keys = set(&[changed("RFC 7515 A.2", "n", json!(padded))]);
    let example = &examples()[0];
    assert_eq!(judge(example, &keys, &example.signature), Verdict::Genuine);
}

#[test]
fn without_an_id_a_bounded_number_of_keys_is_tried() {
    let example = &examples()[0];
    let stranger = jwk("RFC 7520 4.1");
    let right = jwk("RFC 7515 A.2");
    let after = |strangers: usize| {
        let mut keys = vec![stranger.clone(); strangers];
        keys.push(right.clone());
        judge(example, &set(&keys), &example.signature)
    };
    assert_eq!(after(KEYS_TRIED_MAX - 1), Verdict::Genuine);
    assert_eq!(after(KEYS_TRIED_MAX), Verdict::Wrong);
}

#[test]
fn what_is_not_a_key_set_is_refused() {
    for text in ["", "[]", "{\"keys\":[],\"keys\":[]}"] {
        assert!(
            matches!(KeySet::parse(text.as_bytes()), Err(KeySetFault::NotJson(_))),
            "{text}"
        );
    }
    for text in ["{}", "{\"keys\":{}}", "{\"keys\":null}"] {
        assert!(
            matches!(KeySet::parse(text.as_bytes()), Err(KeySetFault::NoKeys)),
            "{text}"
        );
    }
    assert!(KeySet::parse(b"{\"keys\":[]}").unwrap().is_empty());
}
