//! Documents that others made: responses signed and encrypted by libraries that are not ours,
//! and metadata as products publish it. `documents/make.py` tells how they came to be.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on says so by failing"
)]

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use saml::{Encryption, Expectation, Metadata, PrivateKey, Refusal, Service, Sha1};
use serde_json::Value;

fn read(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/documents");
    fs::read_to_string(folder.join(name)).unwrap()
}

fn cases() -> Vec<Value> {
    serde_json::from_str(&read("cases.json")).unwrap()
}

fn verify(
    case: &Value,
    encryption: Encryption,
    with_keys: bool,
) -> Result<saml::Assertion, Refusal> {
    let name = case["name"].as_str().unwrap();
    let metadata = Metadata::parse(&read(&format!("{name}.metadata.xml"))).unwrap();
    let keys = match with_keys {
        true => vec![PrivateKey::from_pem(&read("decryption-key.pem")).unwrap()],
        false => Vec::new(),
    };
    let service = Service::SignIn {
        own: Vec::new(),
        provider_id: None,
    };
    let expectation = Expectation {
        metadata: &metadata,
        private_keys: &keys,
        encryption,
        sha1: match case["sha1"] {
            Value::Bool(true) => Sha1::Allowed,
            _ => Sha1::Refused,
        },
        service: &service,
        request_id: None,
        now: case["now"].as_i64().unwrap(),
    };
    let response = BASE64_STANDARD.encode(read(&format!("{name}.xml")));
    saml::verify(&response, &expectation)
}

#[test]
fn what_others_sign_counts() {
    for case in cases() {
        let name = case["name"].as_str().unwrap();
        let verified = verify(&case, Encryption::Allowed, true);
        if let Some(expected) = case["refusal"].as_str() {
            let refusal = format!("{:?}", verified.unwrap_err());
            assert!(refusal.starts_with(expected), "{name}: {refusal}");
            continue;
        }
        let assertion = verified.unwrap_or_else(|refusal| panic!("{name}: {refusal}"));
        let subject = case["subject"].as_str().unwrap_or("ana@example.com");
        assert_eq!(assertion.subject().value, subject, "{name}");
        assert_eq!(
            assertion.role_session_name().unwrap(),
            "ana@example.com",
            "{name}"
        );
        let provider = case["provider"].as_str().unwrap();
        let arn = |resource: &str| format!("arn:aws:iam::111122223333:{resource}");
        let roles: Vec<_> = assertion
            .roles()
            .into_iter()
            .map(|pair| (pair.role, pair.provider))
            .collect();
        let trusted = arn(&format!("saml-provider/{provider}"));
        assert_eq!(
            roles,
            [
                (arn("role/dev"), trusted.clone()),
                (arn("role/ops"), trusted)
            ],
            "{name}"
        );
    }
}

#[test]
fn encryption_is_required_where_it_is() {
    for case in cases() {
        if case["refusal"].is_string() {
            continue;
        }
        let name = case["name"].as_str().unwrap();
        if case["encrypted"] == true {
            verify(&case, Encryption::Required, true).unwrap();
            let refusal = verify(&case, Encryption::Allowed, false).unwrap_err();
            assert_eq!(refusal, Refusal::NoPrivateKey, "{name}");
        } else {
            let refusal = verify(&case, Encryption::Required, true).unwrap_err();
            assert_eq!(refusal, Refusal::NotEncrypted, "{name}");
        }
    }
}

#[test]
fn what_is_sealed_cannot_be_changed() {
    let case = cases()
        .into_iter()
        .find(|case| case["name"] == "libxmlsec-cbc-shibboleth");
    let case = case.unwrap();
    let name = case["name"].as_str().unwrap();
    let document = read(&format!("{name}.xml"));
    let metadata = Metadata::parse(&read(&format!("{name}.metadata.xml"))).unwrap();
    let keys = [PrivateKey::from_pem(&read("decryption-key.pem")).unwrap()];
    let service = Service::SignIn {
        own: Vec::new(),
        provider_id: None,
    };
    let from = document.rfind("CipherValue>").unwrap() - 400;
    let mut answers = Vec::new();
    for at in from..from + 60 {
        let mut bytes = document.clone().into_bytes();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        let refusal = saml::verify(
            &BASE64_STANDARD.encode(bytes),
            &Expectation {
                metadata: &metadata,
                private_keys: &keys,
                encryption: Encryption::Allowed,
                sha1: Sha1::Refused,
                service: &service,
                request_id: None,
                now: case["now"].as_i64().unwrap(),
            },
        );
        answers.push(refusal.unwrap_err().answer());
    }
    // Whatever it was that went wrong inside, the answer tells nothing of it.
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
}
