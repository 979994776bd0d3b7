//! Codes: what stands between a sign-in and a token.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use aws_lc_rs::digest::{SHA256, digest};
use subtle::ConstantTimeEq;

use crate::signing::encode;

/// How long a code can be exchanged.
const CODE_S: i64 = 60;

/// How many codes wait at the same time. The oldest make room.
const CODES_MAX: usize = 1000;

/// RFC 7636 §4.1: the length of a code verifier.
const VERIFIER_CHARS: std::ops::RangeInclusive<usize> = 43..=128;

/// The length of a SHA-256 digest in base64url.
const CHALLENGE_CHARS: usize = 43;

/// A digest that only the client which began the flow can explain.
#[derive(Debug, Clone)]
pub(crate) struct Challenge(String);

impl Challenge {
    /// Reads an S256 challenge.
    pub(crate) fn parse(text: &str) -> Option<Challenge> {
        let is_base64url = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        (text.len() == CHALLENGE_CHARS && text.bytes().all(is_base64url))
            .then(|| Challenge(text.to_owned()))
    }

    /// The challenge that `verifier` explains.
    pub(crate) fn of(verifier: &str) -> String {
        encode(digest(&SHA256, verifier.as_bytes()))
    }

    fn is_explained_by(&self, verifier: &str) -> bool {
        let expected = Challenge::of(verifier);
        VERIFIER_CHARS.contains(&verifier.len())
            && bool::from(expected.as_bytes().ct_eq(self.0.as_bytes()))
    }
}

/// What a code stands for.
#[derive(Debug, Clone)]
pub(crate) struct Grant {
    pub(crate) client_id: String,
    pub(crate) redirect_uri: String,
    pub(crate) username: String,
    pub(crate) nonce: Option<String>,
    pub(crate) challenge: Challenge,
    pub(crate) signed_in_at: i64,
}

/// What a client must show to exchange a code.
pub(crate) struct Proof<'a> {
    pub(crate) client_id: &'a str,
    pub(crate) redirect_uri: &'a str,
    pub(crate) verifier: &'a str,
}

/// Codes that wait to be exchanged.
#[derive(Default)]
pub(crate) struct Codes(Mutex<HashMap<String, Grant>>);

impl Codes {
    /// Keeps `grant` under `code`.
    pub(crate) fn keep(&self, code: String, grant: Grant) {
        let now = grant.signed_in_at;
        let mut waiting = self.waiting();
        waiting.retain(|_, grant| is_alive(grant, now));
        if waiting.len() >= CODES_MAX {
            let oldest = waiting
                .iter()
                .min_by_key(|(_, grant)| grant.signed_in_at)
                .map(|(code, _)| code.clone());
            if let Some(oldest) = oldest {
                waiting.remove(&oldest);
            }
        }
        waiting.insert(code, grant);
    }

    /// Exchanges `code`. It is gone afterwards, also when the proof is wrong.
    pub(crate) fn exchange(&self, code: &str, proof: &Proof<'_>, now: i64) -> Option<Grant> {
        let grant = self.waiting().remove(code)?;
        let genuine = is_alive(&grant, now)
            && grant.client_id == proof.client_id
            && grant.redirect_uri == proof.redirect_uri
            && grant.challenge.is_explained_by(proof.verifier);
        genuine.then_some(grant)
    }

    /// Nothing that is done under the lock can fail half-way, so a poisoned one is whole.
    fn waiting(&self) -> MutexGuard<'_, HashMap<String, Grant>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_alive(grant: &Grant, now: i64) -> bool {
    (0..CODE_S).contains(&now.saturating_sub(grant.signed_in_at))
}

#[cfg(test)]
mod tests {
    use super::*;

    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

    fn grant(signed_in_at: i64) -> Grant {
        Grant {
            client_id: "c".to_owned(),
            redirect_uri: "http://127.0.0.1/cb".to_owned(),
            username: "ana".to_owned(),
            nonce: None,
            // RFC 7636, appendix B.
            challenge: Challenge::parse("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM").unwrap(),
            signed_in_at,
        }
    }

    const PROOF: Proof<'static> = Proof {
        client_id: "c",
        redirect_uri: "http://127.0.0.1/cb",
        verifier: VERIFIER,
    };

    #[test]
    fn a_code_is_exchanged_once() {
        let codes = Codes::default();
        codes.keep("x".to_owned(), grant(1000));
        assert!(codes.exchange("y", &PROOF, 1000).is_none());
        assert!(codes.exchange("x", &PROOF, 1059).is_some());
        assert!(codes.exchange("x", &PROOF, 1059).is_none());
    }

    #[test]
    fn a_code_ends_after_a_minute_or_when_the_clock_is_set_back() {
        let codes = Codes::default();
        for now in [1060, 999] {
            codes.keep("x".to_owned(), grant(1000));
            assert!(codes.exchange("x", &PROOF, now).is_none(), "{now}");
        }
    }

    #[test]
    fn a_wrong_proof_spends_the_code() {
        let wrong = [
            Proof {
                client_id: "d",
                ..PROOF
            },
            Proof {
                redirect_uri: "http://127.0.0.1/cb/",
                ..PROOF
            },
            Proof {
                verifier: "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXl",
                ..PROOF
            },
            Proof {
                verifier: "",
                ..PROOF
            },
        ];
        for proof in wrong {
            let codes = Codes::default();
            codes.keep("x".to_owned(), grant(1000));
            assert!(codes.exchange("x", &proof, 1000).is_none());
            assert!(codes.exchange("x", &PROOF, 1000).is_none());
        }
    }

    #[test]
    fn the_number_of_waiting_codes_is_bounded() {
        let codes = Codes::default();
        for number in 0..CODES_MAX + 10 {
            codes.keep(number.to_string(), grant(1000 + i64::from(number > 20)));
        }
        assert_eq!(codes.waiting().len(), CODES_MAX);
        assert!(codes.waiting().contains_key(&(CODES_MAX + 9).to_string()));
    }
}
