//! Attacks on headers, keys and signatures. Each token differs from one that counts in one
//! thing.

use aws_lc_rs::hmac;
use oidc::{Part, Refusal};
use serde_json::json;

use crate::signer::{
    CLIENT, ED25519, ISSUER, NOW, P256, P384, P521, RSA, STRANGER, check, check_with, claims_with,
    encode, key_set, parts, rsa_token, sound_claims,
};

#[test]
fn sound_tokens_of_every_algorithm_count() {
    for (signer, algorithms) in [
        (
            &*RSA,
            &["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"][..],
        ),
        (&*P256, &["ES256"]),
        (&*P384, &["ES384"]),
        (&*P521, &["ES512"]),
        (&*ED25519, &["EdDSA", "Ed25519"]),
    ] {
        for algorithm in algorithms {
            let claims = check(&signer.token(algorithm, &sound_claims())).unwrap();
            assert_eq!(claims.issuer(), ISSUER, "{algorithm}");
            assert_eq!(claims.subject(), "person-1");
            assert_eq!(claims.client_id(), CLIENT);
            assert_eq!(claims.expires_at(), NOW + 3600);
            // Without an id, every fitting key is tried.
            let unnamed = signer.sign(&json!({"alg": algorithm}), &sound_claims());
            assert!(check(&unnamed).is_ok(), "{algorithm}");
        }
    }
}

#[test]
fn a_changed_payload_is_refused() {
    let [header, _, signature] = parts(&rsa_token());
    let other = encode(claims_with("sub", json!("person-2")).to_string());
    refused!(
        format!("{header}.{other}.{signature}"),
        Refusal::WrongSignature
    );
    // The same members in another order are other bytes.
    let spaced = encode(sound_claims().to_string().replace(',', ", "));
    refused!(
        format!("{header}.{spaced}.{signature}"),
        Refusal::WrongSignature
    );
}

#[test]
fn a_changed_header_is_refused() {
    let [_, payload, signature] = parts(&rsa_token());
    for header in [
        json!({"alg": "RS256", "kid": "rsa", "typ": "JWT"}),
        json!({"kid": "rsa", "alg": "RS384"}),
        json!({"kid": "rsa", "alg": "PS256"}),
        json!({"alg": "RS256"}),
    ] {
        let header = encode(header.to_string());
        refused!(
            format!("{header}.{payload}.{signature}"),
            Refusal::WrongSignature
        );
    }
}

#[test]
fn a_wrong_signature_is_refused() {
    let [header, payload, signature] = parts(&rsa_token());
    let of_another = parts(&RSA.token("RS256", &claims_with("sub", json!("x"))))[2].clone();
    for wrong in [
        of_another,
        encode([0; 256]),
        encode([0; 1]),
        signature[..signature.len() - 2].to_owned(),
        format!("{signature}AAAA"),
    ] {
        refused!(
            format!("{header}.{payload}.{wrong}"),
            Refusal::WrongSignature
        );
    }
    refused!(
        format!("{header}.{payload}."),
        Refusal::NotBase64Url(Part::Signature)
    );
    refused!(
        STRANGER.token("RS256", &sound_claims()),
        Refusal::WrongSignature
    );
    let unnamed = STRANGER.sign(&json!({"alg": "RS256"}), &sound_claims());
    refused!(unnamed, Refusal::WrongSignature);
}

#[test]
fn curve_signatures_have_one_form() {
    let [header, payload, signature] = parts(&P256.token("ES256", &sound_claims()));
    for wrong in [
        encode([0; 64]),
        encode([[0; 32], [0xff; 32]].concat()),
        // The DER form of X.509, which is not that of tokens.
        encode([&[0x30, 0x44, 2, 32][..], &[1; 32], &[2, 32], &[1; 32]].concat()),
        encode([0; 0x48]),
        signature[..signature.len() - 2].to_owned(),
    ] {
        match check(&format!("{header}.{payload}.{wrong}")) {
            Err(Refusal::WrongSignature | Refusal::NotBase64Url(Part::Signature)) => {}
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn algorithm_none_is_refused() {
    for name in ["none", "None", "NONE", "nOnE", "", " none", "null"] {
        let header = encode(json!({"alg": name, "kid": "rsa"}).to_string());
        let payload = encode(sound_claims().to_string());
        refused!(format!("{header}.{payload}.AA"), Refusal::Algorithm(found) if found == name);
        let signed = RSA.sign(&json!({"alg": name, "kid": "rsa"}), &sound_claims());
        refused!(signed, Refusal::Algorithm(_));
        // An empty signature is none.
        refused!(
            format!("{header}.{payload}."),
            Refusal::NotBase64Url(Part::Signature) | Refusal::Algorithm(_)
        );
    }
    for alg in [
        json!(null),
        json!(1),
        json!(["RS256"]),
        json!({"a": 1}),
        json!(true),
    ] {
        let header = json!({"alg": alg, "kid": "rsa"});
        refused!(
            RSA.sign(&header, &sound_claims()),
            Refusal::HeaderMember("alg")
        );
    }
    let header = json!({"kid": "rsa"});
    refused!(
        RSA.sign(&header, &sound_claims()),
        Refusal::HeaderMember("alg")
    );
}

#[test]
fn a_public_key_is_not_a_shared_secret() {
    let modulus = RSA.jwk["n"].as_str().unwrap().to_owned();
    for (name, algorithm) in [
        ("HS256", hmac::HMAC_SHA256),
        ("HS384", hmac::HMAC_SHA384),
        ("HS512", hmac::HMAC_SHA512),
    ] {
        for secret in [modulus.clone(), RSA.jwk.to_string(), String::new()] {
            let header = encode(json!({"alg": name, "kid": "rsa"}).to_string());
            let signed = format!("{header}.{}", encode(sound_claims().to_string()));
            let key = hmac::Key::new(algorithm, secret.as_bytes());
            let tag = encode(hmac::sign(&key, signed.as_bytes()));
            refused!(format!("{signed}.{tag}"), Refusal::Algorithm(found) if found == name);
        }
    }
}

#[test]
fn other_algorithms_are_refused() {
    for name in [
        "ES256K",
        "Ed448",
        "RSA-OAEP",
        "dir",
        "RS1",
        "rs256",
        "RS256\u{0}",
    ] {
        let header = json!({"alg": name, "kid": "rsa"});
        refused!(
            RSA.sign(&header, &sound_claims()),
            Refusal::Algorithm(_),
            "{name}"
        );
    }
}

#[test]
fn a_key_id_is_compared_and_nothing_else() {
    for id in [
        "../../../../dev/null",
        "/dev/null",
        "rsa' OR '1'='1",
        "https://evil.example/keys",
        "rsa\u{0}",
        "RSA",
        "",
        " rsa",
        "*",
    ] {
        let token = RSA.sign(&json!({"alg": "RS256", "kid": id}), &sound_claims());
        refused!(token, Refusal::UnknownKey(Some(found)) if found == id, "{id}");
    }
    for id in [
        json!(1),
        json!(null),
        json!(["rsa"]),
        json!({}),
        json!("x".repeat(1025)),
    ] {
        let token = RSA.sign(&json!({"alg": "RS256", "kid": id}), &sound_claims());
        refused!(token, Refusal::HeaderMember("kid"));
    }
}

#[test]
fn a_key_is_not_used_with_another_algorithm() {
    for (algorithm, id) in [
        ("RS256", "P-256"),
        ("ES256", "rsa"),
        ("ES384", "P-256"),
        ("ES256", "P-384"),
        ("EdDSA", "P-256"),
        ("ES256", "ed"),
    ] {
        let token = RSA.sign(&json!({"alg": algorithm, "kid": id}), &sound_claims());
        refused!(token, Refusal::UnknownKey(_), "{algorithm} {id}");
    }
    let mut pinned = RSA.jwk.clone();
    pinned["alg"] = json!("RS256");
    let document = json!({"keys": [pinned]}).to_string();
    let keys = oidc::KeySet::parse(document.as_bytes()).unwrap();
    assert!(check_with(&rsa_token(), &keys).is_ok());
    for algorithm in ["RS384", "RS512", "PS256"] {
        let token = RSA.token(algorithm, &sound_claims());
        assert!(matches!(
            check_with(&token, &keys),
            Err(Refusal::UnknownKey(_))
        ));
    }
}

#[test]
fn keys_that_a_token_brings_along_prove_nothing() {
    for (member, value) in [
        ("jwk", STRANGER.jwk.clone()),
        ("jku", json!("https://evil.example/keys")),
        ("x5u", json!("https://evil.example/certificate")),
        ("x5c", json!(["MIIB"])),
        ("x5t", json!("AAAA")),
    ] {
        for id in [Some("rsa"), None] {
            let mut header = json!({"alg": "RS256", member: value});
            if let Some(id) = id {
                header["kid"] = json!(id);
            }
            refused!(
                STRANGER.sign(&header, &sound_claims()),
                Refusal::WrongSignature
            );
            // Beside an honest signature they do no harm either.
            assert!(
                check(&RSA.sign(&header, &sound_claims())).is_ok(),
                "{member}"
            );
        }
    }
}

#[test]
fn extensions_that_are_not_understood_are_refused() {
    for (member, value) in [
        ("crit", json!(["exp"])),
        ("crit", json!([])),
        ("b64", json!(false)),
        ("b64", json!(true)),
        ("zip", json!("DEF")),
        ("enc", json!("A256GCM")),
    ] {
        let header = json!({"alg": "RS256", "kid": "rsa", member: value});
        let token = RSA.sign(&header, &sound_claims());
        refused!(token, Refusal::HeaderMember(found) if found == member);
    }
}

#[test]
fn tokens_of_other_types_are_refused() {
    for (kind, counts) in [
        ("JWT", true),
        ("jwt", true),
        ("JOSE", true),
        ("at+jwt", true),
        ("application/jwt", true),
        ("logout+jwt", false),
        ("dpop+jwt", false),
        ("secevent+jwt", false),
        ("JWE", false),
        ("", false),
    ] {
        let header = json!({"alg": "RS256", "kid": "rsa", "typ": kind});
        let token = RSA.sign(&header, &sound_claims());
        if counts {
            assert!(check(&token).is_ok(), "{kind}");
        } else {
            refused!(token, Refusal::TokenType(_), "{kind}");
        }
    }
    let header = json!({"alg": "RS256", "kid": "rsa", "typ": 1});
    refused!(
        RSA.sign(&header, &sound_claims()),
        Refusal::HeaderMember("typ")
    );
}

#[test]
fn keys_at_hand_verify_as_well() {
    let keys = key_set(&[&P256]);
    assert!(check_with(&P256.token("ES256", &sound_claims()), &keys).is_ok());
    assert!(matches!(
        check_with(&rsa_token(), &keys),
        Err(Refusal::UnknownKey(_))
    ));
}
