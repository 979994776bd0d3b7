//! Session tokens of IMDSv2: who could make a PUT request, and when. Nothing is kept: a token
//! is its end, signed with a key of this process.

use aws::{Entropy, SystemEntropy};
use hmac::{Hmac, Mac as _};
use sha2::Sha256;

/// The longest life of a token in seconds: six hours.
pub(super) const TTL_S_MAX: i64 = 21_600;

/// Gives out tokens, and knows its own.
pub(super) struct SessionTokens {
    key: [u8; 32],
}

impl SessionTokens {
    pub(super) fn new() -> SessionTokens {
        let mut key = [0; 32];
        SystemEntropy.fill(&mut key);
        SessionTokens { key }
    }

    /// A token for this many seconds.
    pub(super) fn give(&self, ttl_s: i64, now_s: i64) -> String {
        let mut chance = [0; 8];
        SystemEntropy.fill(&mut chance);
        let claim = format!("{}.{}", now_s.saturating_add(ttl_s), hex::encode(chance));
        let signature = self.mac(&claim).finalize().into_bytes();
        format!("{claim}.{}", hex::encode(signature))
    }

    /// Whether it gave out this token, and it lives.
    pub(super) fn holds(&self, token: &str, now_s: i64) -> bool {
        let Some((claim, signature)) = token.rsplit_once('.') else {
            return false;
        };
        let Ok(signature) = hex::decode(signature) else {
            return false;
        };
        // Compares in constant time.
        if self.mac(claim).verify_slice(&signature).is_err() {
            return false;
        }
        let end: Option<i64> = claim.split('.').next().and_then(|end| end.parse().ok());
        end.is_some_and(|end| now_s < end)
    }

    #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
    fn mac(&self, claim: &str) -> Hmac<Sha256> {
        let mac = Hmac::<Sha256>::new_from_slice(&self.key).expect("any length will do");
        mac.chain_update(claim.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_holds_until_its_end_and_in_one_process() {
        let tokens = SessionTokens::new();
        let token = tokens.give(60, 1000);
        assert!(tokens.holds(&token, 1059));
        assert!(!tokens.holds(&token, 1060));
        assert!(!SessionTokens::new().holds(&token, 1000));
        let later = token.replacen("1060", "9060", 1);
        for forged in [later.as_str(), "", ".", "1060.aa.", "x"] {
            assert!(!tokens.holds(forged, 1000), "{forged}");
        }
    }
}
