//! Authorization messages: why somebody was refused, sealed. Whoever was refused carries the
//! message and cannot read it; somebody who may decode it can.

use aws::AccountId;
use identity::Details;

use crate::{Call, Environment};

/// The header that carries the message.
pub(crate) const HEADER: http::HeaderName =
    http::HeaderName::from_static("x-amzn-encoded-authorization-message");
/// What the seal is for, before the account whose members may be told.
const PURPOSE: &str = "authorization-message";
/// How long a message can be decoded. AWS's messages expire as well, nobody says when.
const DECODES_FOR_S: i64 = 24 * 3_600;
/// Longer texts are told without what the request was known by: headers have their limits.
const TEXT_BYTES_MAX: usize = 4_096;

/// Seals what is to be told. A text that is too long for a header has no message.
pub(crate) fn seal(environment: &Environment, details: &Details) -> Option<String> {
    if details.text.len() > TEXT_BYTES_MAX {
        return None;
    }
    let now_s = environment.clock.now().as_second();
    let note = format!("{now_s}\n{}", details.text);
    let ring = environment.directory.ring();
    ring.seal_note(
        &purpose(details.account),
        note.as_bytes(),
        environment.entropy.as_ref(),
    )
    .ok()
}

/// What a message says, if it is one of ours, made for this account and not too old.
pub fn decode_authorization_message(
    call: &Call,
    account: AccountId,
    message: &str,
) -> Option<String> {
    let ring = call.directory().ring();
    let note = ring.open_note(&purpose(account), message).ok()?;
    let (sealed_s, text) = std::str::from_utf8(note.expose()).ok()?.split_once('\n')?;
    let age_s = call.now_s().saturating_sub(sealed_s.parse().ok()?);
    (age_s <= DECODES_FOR_S).then(|| text.to_owned())
}

fn purpose(account: AccountId) -> String {
    format!("{PURPOSE}:{account}")
}
