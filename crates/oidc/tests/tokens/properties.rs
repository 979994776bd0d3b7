//! Properties: no change to a token goes unnoticed, and nothing from the outside panics.

use proptest::prelude::*;

use crate::signer::{ED25519, P256, P521, RSA, Signer, check, encode, sound_claims};

/// One token a signer, made once: signing in every case would be slow.
fn any_token() -> impl Strategy<Value = String> {
    let token = |signer: &Signer, algorithm: &str| signer.token(algorithm, &sound_claims());
    prop::sample::select(vec![
        token(&RSA, "RS256"),
        token(&RSA, "PS512"),
        token(&P256, "ES256"),
        token(&P521, "ES512"),
        token(&ED25519, "EdDSA"),
    ])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn any_changed_character_is_refused(
        token in any_token(),
        at in any::<prop::sample::Index>(),
        character in "[A-Za-z0-9_.=+/ -]",
    ) {
        let at = at.index(token.len());
        prop_assume!(token[at..=at] != character);
        let mut changed = token;
        changed.replace_range(at..=at, &character);
        prop_assert!(check(&changed).is_err());
    }

    #[test]
    fn any_flipped_bit_is_refused(
        token in any_token(),
        at in any::<prop::sample::Index>(),
        bit in 0..7,
    ) {
        let mut bytes = token.into_bytes();
        let at = at.index(bytes.len());
        bytes[at] ^= 1_u8 << bit;
        prop_assert!(check(&String::from_utf8(bytes).unwrap()).is_err());
    }

    #[test]
    fn any_truncation_is_refused(token in any_token(), at in any::<prop::sample::Index>()) {
        prop_assert!(check(&token[..at.index(token.len())]).is_err());
    }

    #[test]
    fn nothing_from_the_outside_panics(
        text in "\\PC{0,200}",
        header in "\\PC{0,60}",
        payload in "\\PC{0,60}",
        document in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        prop_assert!(check(&text).is_err());
        let token = format!("{}.{}.AA", encode(header), encode(payload));
        prop_assert!(check(&token).is_err());
        drop(oidc::KeySet::parse(&document));
        drop(oidc::ProviderUrl::parse(&text, |_| true));
    }
}
