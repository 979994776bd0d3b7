//! A security key made of code, and everything that may be wrong with what it says. Each attack
//! is one change of an answer that holds.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256,
    RsaKeyPair,
};
use coset::cbor::Value;
use coset::cbor::ser::into_writer;

use super::*;

const ORIGIN: &str = "https://arnold.example:8443";
const HANDLE: &[u8] = b"AIDA";
const UP: u8 = 1;
const BE: u8 = 1 << 3;
const BS: u8 = 1 << 4;
const AT: u8 = 1 << 6;
const ED: u8 = 1 << 7;

fn party() -> Party {
    Party::at(ORIGIN).unwrap()
}

fn challenge() -> Challenge {
    Challenge::new(&aws::SystemEntropy)
}

fn bytes_of_cbor(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    into_writer(value, &mut bytes).unwrap();
    bytes
}

fn map<const N: usize>(members: [(i64, Value); N]) -> Value {
    let pairs = members.into_iter();
    Value::Map(pairs.map(|(label, value)| (label.into(), value)).collect())
}

/// What the key signs with.
enum Pair {
    Es256(EcdsaKeyPair),
    EdDsa(Ed25519KeyPair),
    Rs256(Box<RsaKeyPair>),
}

impl Pair {
    fn es256() -> Pair {
        Pair::Es256(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap())
    }

    fn all() -> [Pair; 3] {
        let size = aws_lc_rs::rsa::KeySize::Rsa2048;
        [
            Pair::es256(),
            Pair::EdDsa(Ed25519KeyPair::generate().unwrap()),
            Pair::Rs256(Box::new(RsaKeyPair::generate(size).unwrap())),
        ]
    }

    fn cose(&self) -> Value {
        match self {
            Pair::Es256(pair) => {
                let point = pair.public_key().as_ref();
                map([
                    (1, 2.into()),
                    (3, (-7).into()),
                    (-1, 1.into()),
                    (-2, Value::Bytes(point[1..33].to_vec())),
                    (-3, Value::Bytes(point[33..].to_vec())),
                ])
            }
            Pair::EdDsa(pair) => map([
                (1, 1.into()),
                (3, (-8).into()),
                (-1, 6.into()),
                (-2, Value::Bytes(pair.public_key().as_ref().to_vec())),
            ]),
            Pair::Rs256(pair) => {
                let modulus = pair.public_key().modulus();
                let exponent = pair.public_key().exponent();
                map([
                    (1, 3.into()),
                    (3, (-257).into()),
                    (
                        -1,
                        Value::Bytes(modulus.big_endian_without_leading_zero().to_vec()),
                    ),
                    (
                        -2,
                        Value::Bytes(exponent.big_endian_without_leading_zero().to_vec()),
                    ),
                ])
            }
        }
    }

    fn sign(&self, signed: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match self {
            Pair::Es256(pair) => pair.sign(&random, signed).unwrap().as_ref().to_vec(),
            Pair::EdDsa(pair) => pair.sign(signed).as_ref().to_vec(),
            Pair::Rs256(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, signed, &mut signature)
                    .unwrap();
                signature
            }
        }
    }
}

/// What is made wrong.
type Change = fn(&mut Saying);

/// An answer before it is written down: every part can be made wrong.
struct Saying {
    kind: &'static str,
    challenge: String,
    origin: String,
    more: &'static str,
    party_id: String,
    flags: u8,
    counter: u32,
    tail: Vec<u8>,
}

impl Saying {
    fn new(kind: &'static str, challenge: &Challenge) -> Saying {
        Saying {
            kind,
            challenge: challenge.text().to_owned(),
            origin: ORIGIN.to_owned(),
            more: "",
            party_id: "arnold.example".to_owned(),
            flags: UP,
            counter: 5,
            tail: Vec::new(),
        }
    }

    fn client_data(&self) -> Vec<u8> {
        format!(
            r#"{{"type":"{}","challenge":"{}","origin":"{}","crossOrigin":false{}}}"#,
            self.kind, self.challenge, self.origin, self.more
        )
        .into_bytes()
    }

    fn authenticator_data(&self) -> Vec<u8> {
        let mut data = digest(&SHA256, self.party_id.as_bytes()).as_ref().to_vec();
        data.push(self.flags);
        data.extend(self.counter.to_be_bytes());
        data.extend(&self.tail);
        data
    }

    /// With a key in it, as a registration has one.
    fn with_key(mut self, key: &Value) -> Saying {
        self.flags |= AT;
        self.tail = vec![0; 16];
        self.tail.extend(4u16.to_be_bytes());
        self.tail.extend(b"cred");
        self.tail.extend(bytes_of_cbor(key));
        self
    }
}

fn attestation(format: &str, statement: Value, authenticator_data: &[u8]) -> Vec<u8> {
    bytes_of_cbor(&Value::Map(vec![
        ("fmt".into(), format.into()),
        ("attStmt".into(), statement),
        ("authData".into(), Value::Bytes(authenticator_data.to_vec())),
    ]))
}

fn register(saying: &Saying, challenge: &Challenge) -> Result<NewKey, Refusal> {
    let none = Value::Map(Vec::new());
    let came = attestation("none", none, &saying.authenticator_data());
    register_as(saying, challenge, &came)
}

fn register_as(saying: &Saying, challenge: &Challenge, came: &[u8]) -> Result<NewKey, Refusal> {
    let came = Registration {
        client_data: &saying.client_data(),
        attestation: came,
    };
    registered(&party(), challenge, &came)
}

fn prove(pair: &Pair, saying: &Saying, challenge: &Challenge, kept: u32) -> Result<Proof, Refusal> {
    prove_with(pair, saying, challenge, kept, |signature| signature)
}

fn prove_with(
    pair: &Pair,
    saying: &Saying,
    challenge: &Challenge,
    kept: u32,
    change: impl Fn(Vec<u8>) -> Vec<u8>,
) -> Result<Proof, Refusal> {
    let (client_data, authenticator_data) = (saying.client_data(), saying.authenticator_data());
    let digest = digest(&SHA256, &client_data);
    let signature = pair.sign(&[&authenticator_data, digest.as_ref()].concat());
    let known = Known {
        public_key: &PublicKey::read(pair.cose()).unwrap(),
        counter: kept,
        is_backup_eligible: false,
        user_handle: HANDLE,
    };
    let came = Assertion {
        client_data: &client_data,
        authenticator_data: &authenticator_data,
        signature: &change(signature),
        user_handle: None,
    };
    proved(&party(), challenge, &known, &came)
}

#[test]
fn keys_of_every_kind_register_and_prove() {
    for pair in Pair::all() {
        let asked = challenge();
        let saying = Saying::new("webauthn.create", &asked).with_key(&pair.cose());
        let key = register(&saying, &asked).unwrap();
        assert_eq!(
            (key.credential_id.as_slice(), key.counter),
            (&b"cred"[..], 5)
        );
        // What is kept reads back as what it was.
        let kept = serde_json::to_string(&key.public_key).unwrap();
        assert_eq!(
            serde_json::from_str::<PublicKey>(&kept).unwrap(),
            key.public_key
        );
        let asked = challenge();
        let mut saying = Saying::new("webauthn.get", &asked);
        saying.counter = 6;
        assert_eq!(
            prove(&pair, &saying, &asked, 5).unwrap(),
            Proof { counter: 6 }
        );
        let flipped = |mut signature: Vec<u8>| {
            *signature.last_mut().unwrap() ^= 1;
            signature
        };
        let refused = prove_with(&pair, &saying, &asked, 5, flipped).unwrap_err();
        assert_eq!(refused, Refusal::Signature);
    }
}

#[test]
fn what_browser_or_key_saw_elsewhere_is_refused_in_both_ceremonies() {
    let pair = Pair::es256();
    let wrong: &[(Change, Refusal)] = &[
        (
            |said| said.challenge = text_of(&[7; 32]),
            Refusal::Challenge,
        ),
        (
            |said| said.origin = "https://evil.example".to_owned(),
            Refusal::Origin {
                wanted: ORIGIN.to_owned(),
                found: "https://evil.example".to_owned(),
            },
        ),
        (
            |said| said.origin = "https://arnold.example".to_owned(),
            Refusal::Origin {
                wanted: ORIGIN.to_owned(),
                found: "https://arnold.example".to_owned(),
            },
        ),
        (
            |said| said.more = r#","topOrigin":"https://evil.example""#,
            Refusal::CrossOrigin,
        ),
        (
            |said| said.party_id = "evil.example".to_owned(),
            Refusal::PartyId("arnold.example".to_owned()),
        ),
        (|said| said.flags &= !UP, Refusal::NotPresent),
        (|said| said.flags |= BS, Refusal::Backup),
        (
            |said| said.tail.push(0),
            Refusal::AuthenticatorData("something follows it"),
        ),
        (
            |said| said.flags |= ED,
            Refusal::AuthenticatorData("its extensions are no map"),
        ),
        (
            |said| said.tail = vec![0; 5_000],
            Refusal::TooLong("the authenticator data"),
        ),
    ];
    for (change, refusal) in wrong {
        let asked = challenge();
        let mut saying = Saying::new("webauthn.create", &asked).with_key(&pair.cose());
        assert!(register(&saying, &asked).is_ok());
        change(&mut saying);
        assert_eq!(register(&saying, &asked).unwrap_err(), *refusal);
        let mut saying = Saying::new("webauthn.get", &asked);
        assert!(prove(&pair, &saying, &asked, 4).is_ok());
        change(&mut saying);
        assert_eq!(prove(&pair, &saying, &asked, 4).unwrap_err(), *refusal);
    }
}

#[test]
fn an_answer_serves_the_ceremony_that_it_was_made_for() {
    let (pair, asked) = (Pair::es256(), challenge());
    let saying = Saying::new("webauthn.get", &asked).with_key(&pair.cose());
    let refused = register(&saying, &asked).unwrap_err();
    assert!(matches!(
        refused,
        Refusal::Type {
            wanted: "webauthn.create",
            ..
        }
    ));
    let saying = Saying::new("webauthn.create", &asked);
    let refused = prove(&pair, &saying, &asked, 0).unwrap_err();
    assert!(matches!(
        refused,
        Refusal::Type {
            wanted: "webauthn.get",
            ..
        }
    ));
    assert_eq!(
        register(&saying, &asked).unwrap_err(),
        Refusal::NoKey,
        "a registration without a key"
    );
    let saying = Saying::new("webauthn.get", &asked).with_key(&pair.cose());
    assert_eq!(
        prove(&pair, &saying, &asked, 0).unwrap_err(),
        Refusal::AuthenticatorData("it holds a new key")
    );
}

#[test]
fn a_counter_grows_or_stays_at_nothing() {
    let pair = Pair::es256();
    for (kept, found, holds) in [
        (0, 0, true),
        (0, 1, true),
        (5, 6, true),
        (5, 5, false),
        (5, 4, false),
        (5, 0, false),
        (u32::MAX, 0, false),
    ] {
        let asked = challenge();
        let mut saying = Saying::new("webauthn.get", &asked);
        saying.counter = found;
        let outcome = prove(&pair, &saying, &asked, kept);
        if holds {
            assert_eq!(outcome.unwrap().counter, found);
        } else {
            assert_eq!(outcome.unwrap_err(), Refusal::Counter { kept, found });
        }
    }
}

#[test]
fn a_key_of_another_kind_or_a_weak_one_is_not_taken() {
    let es256 = Pair::es256().cose();
    let changed = |label: i64, to: Option<Value>| {
        let mut members = es256.clone().into_map().unwrap();
        members.retain(|(name, _)| *name != label.into());
        members.extend(to.map(|value| (label.into(), value)));
        Value::Map(members)
    };
    let rsa = |modulus: Vec<u8>, exponent: &[u8]| {
        map([
            (1, 3.into()),
            (3, (-257).into()),
            (-1, Value::Bytes(modulus)),
            (-2, Value::Bytes(exponent.to_vec())),
        ])
    };
    let good_modulus = vec![0xff; 256];
    let wrong = [
        ("algorithm none", changed(3, None)),
        ("an unknown algorithm", changed(3, Some((-65_535).into()))),
        ("ES384 on P-256", changed(3, Some((-35).into()))),
        ("HMAC", changed(3, Some(5.into()))),
        ("a symmetric key", changed(1, Some(4.into()))),
        ("another curve", changed(-1, Some(2.into()))),
        ("no curve", changed(-1, None)),
        (
            "a point off the curve",
            changed(-3, Some(Value::Bytes(vec![1; 32]))),
        ),
        (
            "a short coordinate",
            changed(-2, Some(Value::Bytes(vec![1; 31]))),
        ),
        ("a compressed point", changed(-3, Some(Value::Bool(true)))),
        ("no coordinate", changed(-2, None)),
        ("a short modulus", rsa(vec![0xff; 128], &[1, 0, 1])),
        (
            "a modulus with a zero before it",
            rsa([vec![0], vec![0xff; 128]].concat(), &[1, 0, 1]),
        ),
        ("an endless modulus", rsa(vec![0xff; 1_024], &[1, 0, 1])),
        ("exponent one", rsa(good_modulus.clone(), &[1])),
        ("an even exponent", rsa(good_modulus, &[2])),
        ("no map", Value::Text("key".to_owned())),
    ];
    for (name, key) in wrong {
        let asked = challenge();
        let saying = Saying::new("webauthn.create", &asked).with_key(&key);
        let refused = register(&saying, &asked).unwrap_err();
        assert!(
            matches!(refused, Refusal::PublicKey(_)),
            "{name}: {refused}"
        );
    }
}

#[test]
fn no_attestation_or_the_keys_own_is_taken() {
    let (pair, asked) = (Pair::es256(), challenge());
    let saying = Saying::new("webauthn.create", &asked).with_key(&pair.cose());
    let data = saying.authenticator_data();
    let digest = digest(&SHA256, &saying.client_data());
    let own = |signer: &Pair, algorithm: i64| {
        let signature = signer.sign(&[&data, digest.as_ref()].concat());
        Value::Map(vec![
            ("alg".into(), algorithm.into()),
            ("sig".into(), Value::Bytes(signature)),
        ])
    };
    let judged = |format: &str, statement: Value| {
        register_as(&saying, &asked, &attestation(format, statement, &data)).map(|_key| ())
    };
    assert_eq!(judged("packed", own(&pair, -7)), Ok(()));
    let refused = Err(Refusal::AttestationSignature);
    assert_eq!(judged("packed", own(&Pair::es256(), -7)), refused);
    assert_eq!(judged("packed", own(&pair, -257)), refused);
    assert_eq!(judged("packed", Value::Map(Vec::new())), refused);
    let unasked = |format: &str| Err(Refusal::AttestationFormat(format.to_owned()));
    assert_eq!(judged("fido-u2f", own(&pair, -7)), unasked("fido-u2f"));
    assert_eq!(judged("none", own(&pair, -7)), unasked("none"));
}

#[test]
fn an_attestation_object_is_one_map_of_three() {
    let (pair, asked) = (Pair::es256(), challenge());
    let saying = Saying::new("webauthn.create", &asked).with_key(&pair.cose());
    let good = attestation("none", Value::Map(Vec::new()), &saying.authenticator_data());
    assert!(register_as(&saying, &asked, &good).is_ok());
    let mut deep = vec![0x81; 4_000];
    deep.push(0);
    for (bytes, refusal) in [
        ([good.clone(), vec![0]].concat(), "it is not one CBOR map"),
        (good[..good.len() - 1].to_vec(), "it is not one CBOR map"),
        (deep, "it is not one CBOR map"),
        (Vec::new(), "it is not one CBOR map"),
        (
            bytes_of_cbor(&Value::Map(vec![("fmt".into(), "none".into())])),
            "a member is missing",
        ),
        (
            bytes_of_cbor(&Value::Map(vec![
                ("fmt".into(), "none".into()),
                ("fmt".into(), "packed".into()),
            ])),
            "a member comes twice",
        ),
        (
            bytes_of_cbor(&Value::Map(vec![("other".into(), 1.into())])),
            "a member has no place in it",
        ),
    ] {
        let refused = register_as(&saying, &asked, &bytes).unwrap_err();
        assert_eq!(refused, Refusal::Attestation(refusal));
    }
    let long = vec![0; 9_000];
    assert_eq!(
        register_as(&saying, &asked, &long).unwrap_err(),
        Refusal::TooLong("the attestation object")
    );
    // Every shorter part of an honest one is refused without a stumble.
    for length in 0..good.len() {
        assert!(register_as(&saying, &asked, &good[..length]).is_err());
    }
}

#[test]
fn client_data_is_one_small_object_that_says_nothing_twice() {
    let (pair, asked) = (Pair::es256(), challenge());
    let judged = |client_data: &[u8]| {
        let saying = Saying::new("webauthn.create", &asked).with_key(&pair.cose());
        let none = Value::Map(Vec::new());
        let came = Registration {
            client_data,
            attestation: &attestation("none", none, &saying.authenticator_data()),
        };
        registered(&party(), &asked, &came).map(|_key| ())
    };
    let good = |more: &str| {
        let text = asked.text();
        format!(r#"{{"type":"webauthn.create","challenge":"{text}","origin":"{ORIGIN}"{more}}}"#)
    };
    assert_eq!(judged(good("").as_bytes()), Ok(()));
    assert_eq!(
        judged(good(r#","other_keys_can_be_added_here":"x""#).as_bytes()),
        Ok(())
    );
    let cross = good(r#","crossOrigin":true"#);
    assert_eq!(judged(cross.as_bytes()), Err(Refusal::CrossOrigin));
    let long = good(&format!(r#","x":"{}""#, "x".repeat(4_096)));
    assert_eq!(
        judged(long.as_bytes()),
        Err(Refusal::TooLong("the client data"))
    );
    for unreadable in [
        good(r#","origin":"https://arnold.example:8443""#),
        good(r#","type":"webauthn.get""#),
        "[]".to_owned(),
        "{}".to_owned(),
        String::new(),
        good("").replacen('{', "", 1),
    ] {
        let refused = judged(unreadable.as_bytes());
        assert!(
            matches!(refused, Err(Refusal::ClientData(_))),
            "{unreadable}"
        );
    }
}

#[test]
fn an_answer_of_another_user_or_about_another_backup_is_refused() {
    let (pair, asked) = (Pair::es256(), challenge());
    let judged = |flags: u8, handle: Option<&[u8]>| {
        let mut saying = Saying::new("webauthn.get", &asked);
        saying.flags |= flags;
        let (client_data, data) = (saying.client_data(), saying.authenticator_data());
        let digest = digest(&SHA256, &client_data);
        let known = Known {
            public_key: &PublicKey::read(pair.cose()).unwrap(),
            counter: 0,
            is_backup_eligible: true,
            user_handle: HANDLE,
        };
        let came = Assertion {
            client_data: &client_data,
            authenticator_data: &data,
            signature: &pair.sign(&[&data, digest.as_ref()].concat()),
            user_handle: handle,
        };
        proved(&party(), &asked, &known, &came).map(|_proof| ())
    };
    assert_eq!(judged(BE | BS, Some(HANDLE)), Ok(()));
    assert_eq!(judged(BE, None), Ok(()));
    assert_eq!(judged(BE, Some(b"AIDB")), Err(Refusal::UserHandle));
    assert_eq!(judged(0, None), Err(Refusal::Backup));
}

#[test]
fn a_party_has_a_name_and_a_safe_way_to_it() {
    let id = |origin: &str| Party::at(origin).map(|party| party.id().to_owned());
    assert_eq!(id("https://arnold.example").unwrap(), "arnold.example");
    assert_eq!(id("https://arnold.example:8443").unwrap(), "arnold.example");
    assert_eq!(id("http://localhost:8080").unwrap(), "localhost");
    assert_eq!(id("http://127.0.0.1:8080").unwrap_err(), NoParty::Address);
    assert_eq!(id("https://[::1]:8080").unwrap_err(), NoParty::Address);
    assert_eq!(id("http://arnold.example").unwrap_err(), NoParty::Insecure);
    assert_eq!(
        id("http://localhost.evil.example").unwrap_err(),
        NoParty::Insecure
    );
    assert_eq!(id("http://").unwrap_err(), NoParty::Unreadable);
    let party = Party::at("https://ARNOLD.example:443/").unwrap();
    assert_eq!(party.origin(), "https://arnold.example");
}
