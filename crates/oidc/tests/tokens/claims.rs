//! Attacks on claims: tokens that are genuine and still do not count.

use oidc::{Refusal, Unverified};
use serde_json::{Value, json};

use crate::signer::{CLIENT, ISSUER, NOW, RSA, STRANGER, check, claims_with, sound_claims};

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
        with("aud", json!([])),
        invalid("Claim is not allowed to be empty: aud")
    );
    for name in ["exp", "nbf", "iat"] {
        assert_eq!(
            with(name, json!("soon")),
            invalid("Invalid timestamp in token claims.")
        );
    }
    assert_eq!(
        with("nbf", json!(NOW + 900)),
        invalid(
            "Token not yet valid: current date/time 1800000000 must be after or equal to the not-before date/time 1800000900"
        )
    );
    assert_eq!(
        with("iat", json!(NOW + 900)),
        invalid("Token issued in the future: 1800000900")
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
