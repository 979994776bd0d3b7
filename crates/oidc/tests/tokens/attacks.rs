//! Attacks on tokens. Each differs from a token that counts in one thing.

use aws_lc_rs::hmac;
use oidc::{Part, Refusal, Unverified};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::signer::{
    CLIENT, ED25519, ISSUER, NOW, P256, P384, P521, RSA, STRANGER, Signer, check, check_with,
    claims_with, encode, key_set, sound_claims,
};

/// Asserts that a token is refused for exactly this reason.
macro_rules! refused {
    ($token:expr, $reason:pat $(if $guard:expr)?) => {
        refused!($token, $reason $(if $guard)?, "")
    };
    ($token:expr, $reason:pat $(if $guard:expr)?, $($note:tt)+) => {
        match check(&$token) {
            Err($reason) $(if $guard)? => {}
            other => panic!("{:?} {}", other.map(|_| "taken"), format!($($note)+)),
        }
    };
}

fn rsa_token() -> String {
    RSA.token("RS256", &sound_claims())
}

fn parts(token: &str) -> [String; 3] {
    let parts: Vec<String> = token.split('.').map(str::to_owned).collect();
    parts.try_into().unwrap()
}

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
fn the_issuer_is_compared_exactly() {
    for issuer in [
        "https://idp.example.com/",
        "https://IDP.example.com",
        "http://idp.example.com",
        "https://idp.example.com:443",
        "https://idp.example.com.evil.example",
        "https://idp.example.com@evil.example",
        "idp.example.com",
        " https://idp.example.com",
        "https://idp.example.com\u{0}",
    ] {
        let token = RSA.token("RS256", &claims_with("iss", json!(issuer)));
        refused!(token, Refusal::WrongIssuer { found } if found == issuer, "{issuer}");
        assert_eq!(Unverified::parse(&token).unwrap().issuer(), issuer);
    }
    for (issuer, reason) in [
        (json!([ISSUER]), "malformed"),
        (json!(""), "malformed"),
        (json!(1), "malformed"),
        (json!(null), "missing"),
    ] {
        let token = RSA.token("RS256", &claims_with("iss", issuer));
        match check(&token) {
            Err(Refusal::MalformedClaim("iss")) => assert_eq!(reason, "malformed"),
            Err(Refusal::MissingClaim("iss")) => assert_eq!(reason, "missing"),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn the_audience_must_hold_one_of_the_clients() {
    for (audience, client) in [
        (json!(CLIENT), CLIENT),
        (json!([CLIENT]), CLIENT),
        (json!(["other", CLIENT]), CLIENT),
        (json!(["client-2", CLIENT]), "client-2"),
    ] {
        let claims = check(&RSA.token("RS256", &claims_with("aud", audience))).unwrap();
        assert_eq!(claims.client_id(), client);
    }
    for audience in [
        json!("other"),
        json!("Client-1"),
        json!("client-1 "),
        json!("client-1,other"),
        json!(""),
        json!([]),
        json!(["other"]),
        json!(["client-", "1"]),
    ] {
        let token = RSA.token("RS256", &claims_with("aud", audience.clone()));
        refused!(token, Refusal::WrongAudience { .. }, "{audience}");
    }
    for audience in [
        json!(1),
        json!({"a": CLIENT}),
        json!([CLIENT, 1]),
        json!([[CLIENT]]),
        json!(true),
    ] {
        let token = RSA.token("RS256", &claims_with("aud", audience));
        refused!(token, Refusal::MalformedClaim("aud"));
    }
    let token = RSA.token("RS256", &claims_with("aud", Value::Null));
    refused!(token, Refusal::MissingClaim("aud"));
}

#[test]
fn an_authorized_party_must_be_one_of_the_clients_too() {
    let with_party = |audience: Value, party: Value| {
        let mut claims = claims_with("aud", audience);
        claims["azp"] = party;
        RSA.token("RS256", &claims)
    };
    let claims = check(&with_party(json!(CLIENT), json!(CLIENT))).unwrap();
    assert_eq!(claims.authorized_party(), Some(CLIENT));
    let claims = check(&with_party(json!([CLIENT, "other"]), json!("client-2"))).unwrap();
    assert_eq!(claims.client_id(), "client-2");
    for audience in [json!(CLIENT), json!([CLIENT, "other"])] {
        let token = with_party(audience, json!("other"));
        refused!(token, Refusal::WrongAuthorizedParty { found } if found == "other");
    }
    refused!(
        with_party(json!("other"), json!(CLIENT)),
        Refusal::WrongAudience { .. }
    );
    for party in [json!(1), json!([CLIENT]), json!("")] {
        refused!(
            with_party(json!(CLIENT), party),
            Refusal::MalformedClaim("azp")
        );
    }
}

#[test]
fn a_token_ends_when_it_says() {
    let ends = |exp: Value| RSA.token("RS256", &claims_with("exp", exp));
    assert!(check(&ends(json!(NOW + 1))).is_ok());
    assert_eq!(
        check(&ends(json!(NOW as f64 + 1.5))).unwrap().expires_at(),
        NOW + 1
    );
    for exp in [NOW, NOW - 1, NOW - 3600, 0] {
        refused!(ends(json!(exp)), Refusal::Expired { now: NOW, expires_at } if expires_at == exp);
    }
    for exp in [
        json!("1900000000"),
        json!(""),
        json!(true),
        json!([NOW + 1]),
        json!({}),
        json!(-1),
        json!(-1.0e300),
        json!(1.0e300),
        json!(i64::MAX),
        json!(u64::MAX),
        json!(253_402_300_800_i64),
    ] {
        refused!(ends(exp.clone()), Refusal::MalformedClaim("exp"), "{exp}");
    }
    refused!(ends(Value::Null), Refusal::MissingClaim("exp"));
    let null = sound_claims().to_string().replace("1800003600", "null");
    let header = r#"{"alg":"RS256","kid":"rsa"}"#;
    refused!(
        RSA.sign_texts("RS256", header, &null),
        Refusal::MalformedClaim("exp")
    );
}

#[test]
fn a_token_does_not_begin_in_the_future() {
    for name in ["nbf", "iat"] {
        let begins = |time: Value| RSA.token("RS256", &claims_with(name, time));
        assert!(check(&begins(Value::Null)).is_ok(), "{name} may be missing");
        assert!(check(&begins(json!(NOW + oidc::LEEWAY_S))).is_ok());
        let late = NOW + oidc::LEEWAY_S + 1;
        match check(&begins(json!(late))) {
            Err(Refusal::NotYetValid { not_before, .. }) => {
                assert_eq!((name, not_before), ("nbf", late));
            }
            Err(Refusal::IssuedInFuture { issued_at, .. }) => {
                assert_eq!((name, issued_at), ("iat", late));
            }
            other => panic!("{other:?}"),
        }
        for time in [json!("1800000000"), json!(-1), json!(1.0e300), json!([1])] {
            refused!(begins(time), Refusal::MalformedClaim(found) if found == name);
        }
    }
}

#[test]
fn a_token_is_about_somebody() {
    let about = |sub: Value| RSA.token("RS256", &claims_with("sub", sub));
    refused!(about(Value::Null), Refusal::MissingClaim("sub"));
    for sub in [json!(""), json!(1), json!(["a"]), json!({}), json!(true)] {
        refused!(about(sub), Refusal::MalformedClaim("sub"));
    }
}

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

#[test]
fn answers_are_those_of_sts() {
    let answer = |token: &str| {
        let answer = check(token).unwrap_err().answer();
        (answer.code, answer.message)
    };
    let with = |name: &str, value: Value| answer(&RSA.token("RS256", &claims_with(name, value)));
    let invalid = |message: &str| ("InvalidIdentityToken", message.to_owned());

    assert_eq!(
        answer("abc"),
        invalid(
            "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)"
        )
    );
    assert_eq!(
        with("iss", json!("https://other.example")),
        invalid("No OpenIDConnect provider found in your account for https://other.example")
    );
    assert_eq!(
        with("aud", json!("other")),
        invalid("Incorrect token audience")
    );
    assert_eq!(
        with("azp", json!("other")),
        invalid("Incorrect token audience")
    );
    assert_eq!(
        with("aud", Value::Null),
        invalid("Missing a required claim: aud")
    );
    assert_eq!(
        with("exp", json!(NOW - 5)),
        (
            "ExpiredTokenException",
            "Token expired: current date/time 1800000000 must be before the expiration date/time 1799999995".to_owned()
        )
    );
    let unknown = RSA.sign(&json!({"alg": "RS256", "kid": "x"}), &sound_claims());
    assert_eq!(
        answer(&unknown),
        invalid(
            "Couldn't retrieve verification key from your identity provider,  please reference AssumeRoleWithWebIdentity documentation for requirements"
        )
    );
    assert_eq!(
        answer(&STRANGER.token("RS256", &sound_claims())).0,
        "InvalidIdentityToken"
    );
}

/// One token a signer, made once: signing in every case would be slow.
fn any_token() -> impl Strategy<Value = String> {
    let token = |signer: &Signer, algorithm: &str| signer.token(algorithm, &sound_claims());
    prop::sample::select(vec![
        token(&RSA, "RS256"),
        token(&RSA, "PS512"),
        token(&P256, "ES256"),
        token(&P521, "ES512"),
        token(&ED25519, "EdDSA"),
    ])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn any_changed_character_is_refused(
        token in any_token(),
        at in any::<prop::sample::Index>(),
        character in "[A-Za-z0-9_.=+/ -]",
    ) {
        let at = at.index(token.len());
        prop_assume!(token[at..=at] != character);
        let mut changed = token;
        changed.replace_range(at..=at, &character);
        prop_assert!(check(&changed).is_err());
    }

    #[test]
    fn any_flipped_bit_is_refused(
        token in any_token(),
        at in any::<prop::sample::Index>(),
        bit in 0..7,
    ) {
        let mut bytes = token.into_bytes();
        let at = at.index(bytes.len());
        bytes[at] ^= 1_u8 << bit;
        prop_assert!(check(&String::from_utf8(bytes).unwrap()).is_err());
    }

    #[test]
    fn any_truncation_is_refused(token in any_token(), at in any::<prop::sample::Index>()) {
        prop_assert!(check(&token[..at.index(token.len())]).is_err());
    }

    #[test]
    fn nothing_from_the_outside_panics(
        text in "\\PC{0,200}",
        header in "\\PC{0,60}",
        payload in "\\PC{0,60}",
        document in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        prop_assert!(check(&text).is_err());
        let token = format!("{}.{}.AA", encode(header), encode(payload));
        prop_assert!(check(&token).is_err());
        drop(oidc::KeySet::parse(&document));
        drop(oidc::ProviderUrl::parse(&text, |_| true));
    }
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
