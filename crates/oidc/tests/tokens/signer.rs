//! Signers: keys made on the spot, and the tokens that they sign, honest or not.

use std::sync::LazyLock;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING,
    ECDSA_P521_SHA512_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256,
    RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_SHA256, RSA_PSS_SHA384, RSA_PSS_SHA512,
};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use oidc::{Claims, Expectation, KeySet, Refusal, verify_with};
use serde_json::{Value, json};

pub(crate) const ISSUER: &str = "https://idp.example.com";
pub(crate) const CLIENT: &str = "client-1";
pub(crate) const NOW: i64 = 1_800_000_000;

/// Somebody who can sign.
pub(crate) struct Signer {
    pair: Pair,
    pub(crate) jwk: Value,
}

enum Pair {
    Rsa(RsaKeyPair),
    Curve(EcdsaKeyPair),
    Edwards(Ed25519KeyPair),
}

/// The provider's RSA key, and the one of somebody else.
pub(crate) static RSA: LazyLock<Signer> = LazyLock::new(|| Signer::rsa("rsa"));
pub(crate) static STRANGER: LazyLock<Signer> = LazyLock::new(|| Signer::rsa("rsa"));
/// The provider's other keys.
pub(crate) static P256: LazyLock<Signer> = LazyLock::new(|| Signer::curve("P-256"));
pub(crate) static P384: LazyLock<Signer> = LazyLock::new(|| Signer::curve("P-384"));
pub(crate) static P521: LazyLock<Signer> = LazyLock::new(|| Signer::curve("P-521"));
pub(crate) static ED25519: LazyLock<Signer> = LazyLock::new(Signer::edwards);

/// All keys of the provider.
pub(crate) static KEYS: LazyLock<KeySet> =
    LazyLock::new(|| key_set(&[&RSA, &P256, &P384, &P521, &ED25519]));

impl Signer {
    pub(crate) fn rsa(id: &str) -> Signer {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
        let public = pair.public_key();
        let jwk = json!({
            "kty": "RSA", "kid": id, "use": "sig",
            "n": encode(public.modulus().big_endian_without_leading_zero()),
            "e": encode(public.exponent().big_endian_without_leading_zero()),
        });
        Signer {
            pair: Pair::Rsa(pair),
            jwk,
        }
    }

    fn curve(curve: &str) -> Signer {
        let algorithm = match curve {
            "P-256" => &ECDSA_P256_SHA256_FIXED_SIGNING,
            "P-384" => &ECDSA_P384_SHA384_FIXED_SIGNING,
            _ => &ECDSA_P521_SHA512_FIXED_SIGNING,
        };
        let pair = EcdsaKeyPair::generate(algorithm).unwrap();
        let point = &pair.public_key().as_ref()[1..];
        let (x, y) = point.split_at(point.len() / 2);
        let jwk = json!({
            "kty": "EC", "kid": curve, "crv": curve, "x": encode(x), "y": encode(y),
        });
        Signer {
            pair: Pair::Curve(pair),
            jwk,
        }
    }

    fn edwards() -> Signer {
        let pair = Ed25519KeyPair::generate().unwrap();
        let x = encode(pair.public_key().as_ref());
        Signer {
            pair: Pair::Edwards(pair),
            jwk: json!({"kty": "OKP", "kid": "ed", "crv": "Ed25519", "x": x}),
        }
    }

    pub(crate) fn id(&self) -> &str {
        self.jwk["kid"].as_str().unwrap()
    }

    pub(crate) fn signature(&self, algorithm: &str, signed: &str) -> Vec<u8> {
        let random = SystemRandom::new();
        match &self.pair {
            Pair::Rsa(pair) => {
                let encoding = match algorithm {
                    "RS384" => &RSA_PKCS1_SHA384,
                    "RS512" => &RSA_PKCS1_SHA512,
                    "PS256" => &RSA_PSS_SHA256,
                    "PS384" => &RSA_PSS_SHA384,
                    "PS512" => &RSA_PSS_SHA512,
                    _ => &RSA_PKCS1_SHA256,
                };
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(encoding, &random, signed.as_bytes(), &mut signature)
                    .unwrap();
                signature
            }
            Pair::Curve(pair) => {
                let signature = pair.sign(&random, signed.as_bytes()).unwrap();
                signature.as_ref().to_vec()
            }
            Pair::Edwards(pair) => pair.sign(signed.as_bytes()).as_ref().to_vec(),
        }
    }

    /// A token whose parts are these very texts, signed honestly.
    pub(crate) fn sign_texts(&self, algorithm: &str, header: &str, payload: &str) -> String {
        let signed = format!("{}.{}", encode(header), encode(payload));
        let signature = self.signature(algorithm, &signed);
        format!("{signed}.{}", encode(signature))
    }

    /// A token with this header and these claims.
    pub(crate) fn sign(&self, header: &Value, claims: &Value) -> String {
        let algorithm = header["alg"].as_str().unwrap_or("RS256");
        self.sign_texts(algorithm, &header.to_string(), &claims.to_string())
    }

    /// A plain token with these claims.
    pub(crate) fn token(&self, algorithm: &str, claims: &Value) -> String {
        self.sign(&json!({"alg": algorithm, "kid": self.id()}), claims)
    }
}

pub(crate) fn key_set(signers: &[&Signer]) -> KeySet {
    let keys: Vec<&Value> = signers.iter().map(|signer| &signer.jwk).collect();
    KeySet::parse(json!({"keys": keys}).to_string().as_bytes()).unwrap()
}

/// Claims of a token that counts.
pub(crate) fn sound_claims() -> Value {
    json!({
        "iss": ISSUER, "sub": "person-1", "aud": CLIENT,
        "iat": NOW - 60, "nbf": NOW - 60, "exp": NOW + 3600,
    })
}

/// Sound claims with one replaced, or taken out where the value is null.
pub(crate) fn claims_with(name: &str, value: Value) -> Value {
    let mut claims = sound_claims();
    match value {
        Value::Null => {
            claims.as_object_mut().unwrap().remove(name);
        }
        value => claims[name] = value,
    }
    claims
}

/// Verifies against all keys of the provider.
pub(crate) fn check(token: &str) -> Result<Claims, Refusal> {
    check_with(token, &KEYS)
}

pub(crate) fn check_with(token: &str, keys: &KeySet) -> Result<Claims, Refusal> {
    let client_ids = [CLIENT.to_owned(), "client-2".to_owned()];
    let expectation = Expectation {
        issuer: ISSUER,
        client_ids: &client_ids,
        now: NOW,
    };
    verify_with(token, &expectation, keys)
}

pub(crate) fn encode(bytes: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

/// A token that counts.
pub(crate) fn rsa_token() -> String {
    RSA.token("RS256", &sound_claims())
}

/// The three parts of a token.
pub(crate) fn parts(token: &str) -> [String; 3] {
    let parts: Vec<String> = token.split('.').map(str::to_owned).collect();
    parts.try_into().unwrap()
}
