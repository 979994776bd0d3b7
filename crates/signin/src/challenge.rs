//! Proof key for code exchange (RFC 7636), by SHA-256 alone.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

/// A digest that only the client which began the flow can explain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Challenge(String);

impl Challenge {
    /// Reads a challenge: a SHA-256 digest in base64url, in its one spelling.
    pub(crate) fn parse(text: &str) -> Option<Challenge> {
        let digest = BASE64_URL_SAFE_NO_PAD.decode(text).ok()?;
        (digest.len() == SHA256.output_len()).then(|| Challenge(text.to_owned()))
    }

    /// Whether this verifier is what the challenge was made of. Its length and letters are
    /// the model's to check.
    pub(crate) fn is_explained_by(&self, verifier: &str) -> bool {
        let made = BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()));
        seal::same(made.as_bytes(), self.0.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_rfc_7636_appendix_b_holds() {
        let challenge = Challenge::parse("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM").unwrap();
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        assert!(challenge.is_explained_by(verifier));
        assert!(!challenge.is_explained_by("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXl"));
        assert!(!challenge.is_explained_by(""));
    }

    #[test]
    fn a_challenge_is_a_digest_in_one_spelling() {
        for text in [
            "",
            "short",
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM=",
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cN",
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw+cM",
        ] {
            assert_eq!(Challenge::parse(text), None, "{text}");
        }
    }
}
