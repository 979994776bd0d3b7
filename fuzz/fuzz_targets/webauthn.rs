//! Whatever bytes come in as the answer of a security key: nothing panics, no registration makes
//! a key of another party, and nothing proves what nobody signed.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use webauthn::{Assertion, Challenge, Known, Party, PublicKey, Registration, proved, registered};

const ORIGIN: &str = "https://arnold.example";

static PARTY: LazyLock<Party> = LazyLock::new(|| Party::at(ORIGIN).expect("the origin is good"));

static CHALLENGE: LazyLock<Challenge> = LazyLock::new(|| Challenge::new(&aws::SystemEntropy));

/// The base point of P-256, whose private key is one: nobody signs with it here.
static KEY: LazyLock<PublicKey> = LazyLock::new(|| {
    let point = "BGsX0fLhLEJH-Lzm5WOkQPJ3A32BLeszoPShOUXYmMKWT-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU";
    serde_json::from_str(&format!(r#"{{"es256":"{point}"}}"#)).expect("the key is good")
});

fn client_data(kind: &str) -> Vec<u8> {
    let challenge = CHALLENGE.text();
    format!(r#"{{"type":"{kind}","challenge":"{challenge}","origin":"{ORIGIN}"}}"#).into_bytes()
}

fuzz_target!(|bytes: &[u8]| {
    let registration = |client_data: &[u8], attestation: &[u8]| {
        let came = Registration {
            client_data,
            attestation,
        };
        registered(&PARTY, &CHALLENGE, &came)
    };
    let _ = registration(&client_data("webauthn.create"), bytes);
    assert!(registration(bytes, bytes).is_err());
    let known = Known {
        public_key: &KEY,
        counter: 0,
        is_backup_eligible: false,
        user_handle: b"somebody",
    };
    let (data, signature) = bytes.split_at(bytes.len() / 2);
    let came = Assertion {
        client_data: &client_data("webauthn.get"),
        authenticator_data: data,
        signature,
        user_handle: None,
    };
    assert!(proved(&PARTY, &CHALLENGE, &known, &came).is_err());
});
