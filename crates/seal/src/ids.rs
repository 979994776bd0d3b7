//! Ids and keys in the forms that AWS gives them.

use aws::{AccountId, Entropy, Secret};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use subtle::ConstantTimeEq;

/// The alphabet of AWS's ids: base 32 of RFC 4648.
const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// A unique id: the prefix and 17 random characters.
pub fn unique_id(prefix: &str, entropy: &dyn Entropy) -> String {
    prefix.to_owned() + &random_letters::<17>(entropy)
}

/// What a security key's serial number ends with: 26 random characters, as AWS's do.
pub fn device_id(entropy: &dyn Entropy) -> String {
    random_letters::<26>(entropy)
}

fn random_letters<const COUNT: usize>(entropy: &dyn Entropy) -> String {
    let mut random = [0u8; COUNT];
    entropy.fill(&mut random);
    random.iter().map(|byte| letter(*byte)).collect()
}

/// An access key id: the prefix, and 16 characters that hold the account as AWS's do: the
/// account above seven random bits with the top bit set, then four random bytes.
pub(crate) fn access_key_id(prefix: &str, account: AccountId, entropy: &dyn Entropy) -> String {
    let mut random = [0u8; 5];
    entropy.fill(&mut random);
    let [low, rest @ ..] = random;
    let head = (1 << 47) | (account.number() << 7) | u64::from(low & 0x7f);
    let [_, _, head @ ..] = head.to_be_bytes();
    let mut bytes = [0u8; 10];
    let (front, back) = bytes.split_at_mut(6);
    front.copy_from_slice(&head);
    back.copy_from_slice(&rest);
    let mut id = prefix.to_owned();
    let mut bits: u128 = bytes
        .iter()
        .fold(0, |bits, byte| (bits << 8) | u128::from(*byte));
    let mut letters = [0u8; 16];
    for place in letters.iter_mut().rev() {
        *place = (bits & 31) as u8;
        bits >>= 5;
    }
    id.extend(letters.iter().map(|value| letter(*value)));
    id
}

/// The account that an access key id of today's form holds.
pub fn account_of(access_key_id: &str) -> Option<AccountId> {
    let (_prefix, body) = access_key_id.as_bytes().split_at_checked(4)?;
    if body.len() != 16 {
        return None;
    }
    let mut bits: u128 = 0;
    for byte in body {
        let value = ALPHABET.iter().position(|letter| letter == byte)?;
        bits = (bits << 5) | value as u128;
    }
    let head = (bits >> 32) as u64;
    // Ids from before 2019 have the top bit clear and hold no account.
    if head & (1 << 47) == 0 {
        return None;
    }
    AccountId::from_number((head & 0x7fff_ffff_ff80) >> 7)
}

/// A new long-term key: its id and its secret.
pub fn long_term_key(account: AccountId, entropy: &dyn Entropy) -> (String, Secret<String>) {
    let mut random = [0u8; 30];
    entropy.fill(&mut random);
    (
        access_key_id("AKIA", account, entropy),
        Secret::new(STANDARD.encode(random)),
    )
}

/// Whether two secrets are the same, in time that tells nothing of where they differ.
pub fn same(a: &[u8], b: &[u8]) -> bool {
    a.ct_eq(b).into()
}

fn letter(value: u8) -> char {
    ALPHABET
        .get(usize::from(value & 31))
        .map_or('A', |letter| char::from(*letter))
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws::SystemEntropy;
    use proptest::prelude::*;

    #[test]
    fn a_key_id_of_aws_tells_its_account() {
        let account = account_of("ASIAQNZGKIQY56JQ7WML").unwrap();
        assert_eq!(account.as_str(), "029608264753");
        assert_eq!(account_of("AKIAIOSFODNN7EXAMPLE"), None);
        for text in [
            "",
            "AKIA",
            "ASIAQNZGKIQY56JQ7WM",
            "ASIAQNZGKIQY56JQ7WMLA",
            "asiaqnzgkiqy56jq7wml",
        ] {
            assert_eq!(account_of(text), None, "{text}");
        }
        assert_eq!(account_of("AKIAé234567890123456"), None);
    }

    proptest! {
        #[test]
        fn every_account_comes_back_from_its_key_ids(number in 0u64..1_000_000_000_000) {
            let account = AccountId::from_number(number).unwrap();
            let id = access_key_id("ASIA", account, &SystemEntropy);
            prop_assert_eq!(id.len(), 20);
            prop_assert_eq!(account_of(&id), Some(account));
        }
    }

    #[test]
    fn long_term_keys_have_the_form_of_awss() {
        let account = AccountId::from_number(123_456_789_012).unwrap();
        let (id, secret) = long_term_key(account, &SystemEntropy);
        assert!(id.starts_with("AKIA") && id.len() == 20);
        assert_eq!(account_of(&id), Some(account));
        assert_eq!(secret.expose().len(), 40);
        assert!(!secret.expose().contains('='));
        let (other_id, other) = long_term_key(account, &SystemEntropy);
        assert_ne!(id, other_id);
        assert!(!same(secret.expose().as_bytes(), other.expose().as_bytes()));
    }

    #[test]
    fn unique_ids_have_21_characters() {
        let id = unique_id("AIDA", &SystemEntropy);
        assert_eq!(id.len(), 21);
        assert!(
            id.bytes()
                .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
        );
    }
}
