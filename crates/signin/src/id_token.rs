//! The identity token of a login: it tells the tool whose session it has. The tool reads it
//! and asks nobody about it; the key behind it is kept all the same, so that it is genuine.

use std::borrow::Cow;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use identity::{Directory, GLOBAL_SCOPE};
use plane::Error;
use serde::{Deserialize, Serialize};
use store::{Lookup, Read, Record, Transaction};

/// The one key's id, and what its secret is sealed for.
const KEY_ID: &str = "signin-id-token";

/// The signing key at rest.
#[derive(Serialize, Deserialize)]
struct SigningKey {
    sealed: Vec<u8>,
}

impl Record for SigningKey {
    const KIND: &'static str = "signin.signing-key";

    fn id(&self) -> Cow<'_, str> {
        KEY_ID.into()
    }

    fn lookups(&self) -> Vec<Lookup> {
        Vec::new()
    }
}

/// What the token says.
#[derive(Serialize)]
pub(crate) struct Claims<'a> {
    pub(crate) iss: &'a str,
    /// The ARN of the one who signed in.
    pub(crate) sub: &'a str,
    pub(crate) aud: &'a str,
    pub(crate) iat: i64,
    pub(crate) exp: i64,
    /// The ARN of the sign-in.
    pub(crate) session_arn: &'a str,
}

/// Signs the claims with the house's key, which is made when it is first needed.
pub(crate) fn sign(
    directory: &Directory,
    tx: &mut Transaction,
    claims: &Claims<'_>,
) -> Result<String, Error> {
    let key = key(directory, tx)?;
    let header = r#"{"typ":"JWT","alg":"ES256","kid":"signin-id-token"}"#;
    let claims = serde_json::to_vec(claims).map_err(Error::internal)?;
    let signed = format!(
        "{}.{}",
        BASE64_URL_SAFE_NO_PAD.encode(header),
        BASE64_URL_SAFE_NO_PAD.encode(claims)
    );
    let signature = key
        .sign(&SystemRandom::new(), signed.as_bytes())
        .map_err(|_unspecified| Error::internal("the identity token could not be signed"))?;
    Ok(format!(
        "{signed}.{}",
        BASE64_URL_SAFE_NO_PAD.encode(signature)
    ))
}

fn key(directory: &Directory, tx: &mut Transaction) -> Result<EcdsaKeyPair, Error> {
    let envelope = directory.envelope();
    let broken = |_rejected| Error::internal("the key of identity tokens is not a key");
    if let Some(stored) = tx.get::<SigningKey>(GLOBAL_SCOPE, KEY_ID)? {
        let opened = envelope
            .open(KEY_ID, &stored.sealed)
            .map_err(Error::internal)?;
        return EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, opened.expose())
            .map_err(broken);
    }
    let made = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new())
        .map_err(|_unspecified| Error::internal("no key could be made"))?;
    let sealed = envelope
        .seal(KEY_ID, made.as_ref())
        .map_err(Error::internal)?;
    tx.insert(GLOBAL_SCOPE, &SigningKey { sealed })?;
    EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, made.as_ref()).map_err(broken)
}
