//! The ring and its tokens, and what may be tried with them.

use super::*;
use crate::MasterKey;
use aws::SystemEntropy;
use proptest::prelude::*;

const NOW: i64 = 1_900_000_000;

fn account() -> AccountId {
    "111122223333".parse().unwrap()
}

fn envelope() -> Envelope {
    Envelope::new(
        &MasterKey::generate(&SystemEntropy),
        Box::new(SystemEntropy),
    )
}

fn issued(ring: &KeyRing) -> Issued {
    ring.issue(account(), b"who", &SystemEntropy).unwrap()
}

#[test]
fn a_token_opens_with_its_access_key_and_gives_the_same_secret() {
    let ring = KeyRing::new(NOW, &SystemEntropy);
    let issued = issued(&ring);
    assert_eq!(issued.secret_access_key.expose().len(), 40);
    assert!(issued.access_key_id.starts_with("ASIA"));
    let opened = ring
        .open(&issued.access_key_id, &issued.session_token)
        .unwrap();
    assert_eq!(opened.payload, b"who");
    assert_eq!(opened.secret.expose(), issued.secret_access_key.expose());
}

#[test]
fn a_token_does_not_open_with_another_access_key() {
    let ring = KeyRing::new(NOW, &SystemEntropy);
    let (one, other) = (issued(&ring), issued(&ring));
    let refusal = ring
        .open(&other.access_key_id, &one.session_token)
        .unwrap_err();
    assert_eq!(refusal, TokenRefusal::Broken);
}

/// A token of `ring`, with a payload whose length leaves bits and padding unused.
fn padded(ring: &KeyRing) -> Issued {
    (0..3)
        .map(|bytes| {
            ring.issue(account(), &vec![1; bytes], &SystemEntropy)
                .unwrap()
        })
        .find(|issued| issued.session_token.ends_with('='))
        .unwrap()
}

#[test]
fn a_token_has_one_spelling() {
    let ring = KeyRing::new(NOW, &SystemEntropy);
    let issued = padded(&ring);
    let token = &issued.session_token;
    assert!(ring.open(&issued.access_key_id, token).is_ok());
    let bare = token.trim_end_matches('=');
    // The last letter's unused bits set.
    let (front, last) = bare.split_at(bare.len() - 1);
    let padding = token.trim_start_matches(bare);
    let letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let next = letters.split(last).nth(1).unwrap().chars().next().unwrap();
    let loose = format!("{front}{next}{padding}");
    for other in [
        bare.to_owned(),
        loose,
        format!("{token}="),
        format!(" {token}"),
        format!("{token} "),
        format!("{front}\n{last}{padding}"),
        token.replace('=', "%3D"),
    ] {
        let refusal = ring.open(&issued.access_key_id, &other).unwrap_err();
        assert_eq!(refusal, TokenRefusal::Form, "{other}");
    }
}

#[test]
fn what_is_no_token_is_refused_for_what_it_is() {
    let ring = KeyRing::new(NOW, &SystemEntropy);
    let issued = issued(&ring);
    let raw = STANDARD.decode(&issued.session_token).unwrap();
    let open = |token: &str| ring.open(&issued.access_key_id, token).unwrap_err();
    let open_raw = |raw: &[u8]| open(&STANDARD.encode(raw));
    assert_eq!(open(""), TokenRefusal::Form);
    assert_eq!(open("hello"), TokenRefusal::Form);
    assert_eq!(
        open(&"A".repeat(TOKEN_BYTES_MAX + 1)),
        TokenRefusal::TooLong
    );
    assert_eq!(open_raw(&raw[..4]), TokenRefusal::Form);
    assert_eq!(open_raw(&raw[..5]), TokenRefusal::Broken);
    assert_eq!(open_raw(&[&[2], &raw[1..]].concat()), TokenRefusal::Form);
    assert_eq!(
        open_raw(&[&raw[..1], &[raw[1] ^ 1], &raw[2..]].concat()),
        TokenRefusal::UnknownKey
    );
    assert_eq!(open_raw(&[&raw[..], &[0]].concat()), TokenRefusal::Broken);
}

#[test]
fn debug_shows_neither_token_nor_payload_nor_secret() {
    let ring = KeyRing::new(NOW, &SystemEntropy);
    let issued = issued(&ring);
    let opened = ring
        .open(&issued.access_key_id, &issued.session_token)
        .unwrap();
    let shown = format!("{issued:?} {opened:?}");
    assert!(!shown.contains(&issued.session_token));
    assert!(!shown.contains(issued.secret_access_key.expose()));
    assert!(!shown.contains("119, 104, 111"));
}

#[test]
fn a_foreign_token_is_refused() {
    let issued = issued(&KeyRing::new(NOW, &SystemEntropy));
    let refusal = KeyRing::new(NOW, &SystemEntropy)
        .open(&issued.access_key_id, &issued.session_token)
        .unwrap_err();
    assert_eq!(refusal, TokenRefusal::UnknownKey);
}

#[test]
fn old_tokens_open_after_rotation_until_the_longest_session_has_ended() {
    let envelope = envelope();
    let ring = KeyRing::new(NOW, &SystemEntropy);
    let old = issued(&ring);
    assert!(!ring.is_rotation_due(NOW + SEALS_FOR_S - 1));
    assert!(ring.is_rotation_due(NOW + SEALS_FOR_S));

    let rotate = |now_s| {
        let stored = ring.rotated(&envelope, now_s, &SystemEntropy).unwrap();
        ring.adopt(&envelope, &stored).unwrap();
    };
    rotate(NOW + SEALS_FOR_S);
    assert!(ring.open(&old.access_key_id, &old.session_token).is_ok());
    let new = issued(&ring);
    rotate(NOW + SEALS_FOR_S + OPENS_AFTER_S);
    assert!(ring.open(&new.access_key_id, &new.session_token).is_ok());
    assert_eq!(
        ring.open(&old.access_key_id, &old.session_token)
            .unwrap_err(),
        TokenRefusal::UnknownKey
    );
}

#[test]
fn a_key_that_sealed_for_too_long_opens_for_as_long_as_any_other() {
    let envelope = envelope();
    let ring = KeyRing::new(NOW, &SystemEntropy);
    // Nobody looked at the ring for ten days.
    let late = NOW + 10 * SEALS_FOR_S;
    let issued = issued(&ring);
    for (now_s, opens) in [(late, true), (late + OPENS_AFTER_S, false)] {
        let stored = ring.rotated(&envelope, now_s, &SystemEntropy).unwrap();
        ring.adopt(&envelope, &stored).unwrap();
        let opened = ring.open(&issued.access_key_id, &issued.session_token);
        assert_eq!(opened.is_ok(), opens, "{now_s}");
    }
}

#[test]
fn a_stored_ring_opens_under_its_master_key_only() {
    let envelope = envelope();
    let ring = KeyRing::new(NOW, &SystemEntropy);
    let issued = issued(&ring);
    let stored = ring.seal(&envelope).unwrap();
    let read = KeyRing::unseal(&envelope, &stored).unwrap();
    assert!(
        read.open(&issued.access_key_id, &issued.session_token)
            .is_ok()
    );
    assert!(KeyRing::unseal(&self::envelope(), &stored).is_err());
}

proptest! {
    #[test]
    fn no_changed_character_and_no_cut_opens(at in 0usize..200, flip in 1u8..128, cut in 0usize..64) {
        let ring = KeyRing::new(NOW, &SystemEntropy);
        let issued = ring.issue(account(), &[7; 100], &SystemEntropy).unwrap();
        let token = issued.session_token;
        let mut bytes = token.clone().into_bytes();
        let at = at % bytes.len();
        bytes[at] ^= flip;
        if let Ok(changed) = String::from_utf8(bytes) {
            prop_assert!(ring.open(&issued.access_key_id, &changed).is_err());
        }
        let short: String = token.chars().take(cut % token.len()).collect();
        prop_assert!(ring.open(&issued.access_key_id, &short).is_err());
        let spaced = format!("{token}\n");
        prop_assert!(ring.open(&issued.access_key_id, &spaced).is_err());
    }
}

#[test]
fn a_note_opens_for_its_purpose_only_and_never_as_a_token() {
    let ring = KeyRing::new(NOW, &SystemEntropy);
    let note = ring.seal_note("cookie", b"who", &SystemEntropy).unwrap();
    assert_eq!(ring.open_note("cookie", &note).unwrap().expose(), b"who");
    let refusal = ring.open_note("code", &note).unwrap_err();
    assert_eq!(refusal, TokenRefusal::Broken);
    let token = issued(&ring).session_token;
    let bytes = STANDARD.decode(token).unwrap();
    let refusal = ring.open_note("cookie", &URL_SAFE_NO_PAD.encode(bytes));
    assert_eq!(refusal.unwrap_err(), TokenRefusal::Broken);
}

#[test]
fn no_changed_or_shortened_note_opens() {
    let ring = KeyRing::new(NOW, &SystemEntropy);
    let note = ring.seal_note("cookie", b"who", &SystemEntropy).unwrap();
    let bytes = URL_SAFE_NO_PAD.decode(&note).unwrap();
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        let changed = URL_SAFE_NO_PAD.encode(changed);
        assert!(ring.open_note("cookie", &changed).is_err(), "byte {at}");
    }
    for length in 0..note.len() {
        assert!(
            ring.open_note("cookie", note.get(..length).unwrap())
                .is_err()
        );
    }
    assert_eq!(
        ring.open_note("cookie", &"A".repeat(NOTE_BYTES_MAX + 1))
            .unwrap_err(),
        TokenRefusal::TooLong
    );
}
