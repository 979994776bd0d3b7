//! Whatever text comes in as a response or as metadata: nothing panics, and nothing counts but
//! what the provider signed. `cargo xtask fuzz` begins with the documents of the tests.

#![no_main]

use std::sync::LazyLock;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use libfuzzer_sys::fuzz_target;
use saml::{Encryption, Expectation, Metadata, PrivateKey, Service, Sha1, Unverified, verify};

static METADATA: LazyLock<Metadata> = LazyLock::new(|| {
    let document =
        include_str!("../../crates/saml/tests/documents/libxmlsec-cbc-shibboleth.metadata.xml");
    Metadata::parse(document).expect("the document is good")
});

static KEYS: LazyLock<[PrivateKey; 1]> = LazyLock::new(|| {
    let pem = include_str!("../../crates/saml/tests/documents/decryption-key.pem");
    [PrivateKey::from_pem(pem).expect("the key is good")]
});

fuzz_target!(|text: &str| {
    let _ = Metadata::parse(text);
    let _ = PrivateKey::from_pem(text);
    let response = BASE64_STANDARD.encode(text);
    let _ = Unverified::parse(&response);
    let service = Service::SignIn {
        own: Vec::new(),
        provider_id: None,
    };
    let verified = verify(
        &response,
        &Expectation {
            metadata: &METADATA,
            private_keys: &*KEYS,
            encryption: Encryption::Allowed,
            sha1: Sha1::Allowed,
            service: &service,
            request_id: None,
            now: 1_768_478_410,
        },
    );
    if let Ok(assertion) = verified {
        assert_eq!(assertion.subject().value, "ana@example.com");
        assert_eq!(assertion.roles().len(), 2);
    }
});
