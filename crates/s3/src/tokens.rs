//! Continuation tokens: where the next page begins, sealed so that made-up ones are noticed.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::failure::{Answer, INVALID_ARGUMENT};

/// How many bytes of the tag a token carries.
const TAG_BYTES: usize = 16;

/// Which listing a token continues. A token is good for that one only.
#[derive(Debug, Clone, Copy)]
pub(crate) enum For<'a> {
    /// The account and the prefix.
    Buckets(&'a str, &'a str),
    /// The bucket.
    Objects(&'a str),
}

/// Makes the token that continues after a name.
pub(crate) fn seal(key: &[u8; 32], listing: For<'_>, last: &str) -> String {
    let mut token = tag(key, listing, last);
    token.extend_from_slice(last.as_bytes());
    URL_SAFE_NO_PAD.encode(token)
}

/// Reads the name that a token continues after.
pub(crate) fn open(key: &[u8; 32], listing: For<'_>, token: &str) -> Answer<String> {
    let refused = || {
        INVALID_ARGUMENT
            .say("The continuation token provided is incorrect")
            .with("ArgumentName", "continuation-token")
    };
    let raw = URL_SAFE_NO_PAD.decode(token).map_err(|_| refused())?;
    let (given, last) = raw.split_at_checked(TAG_BYTES).ok_or_else(refused)?;
    let last = std::str::from_utf8(last).map_err(|_| refused())?;
    let expected = tag(key, listing, last);
    aws_lc_rs::constant_time::verify_slices_are_equal(&expected, given).map_err(|_| refused())?;
    Ok(last.to_owned())
}

fn tag(key: &[u8; 32], listing: For<'_>, last: &str) -> Vec<u8> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    let mut context = hmac::Context::with_key(&key);
    let (kind, parts) = match listing {
        For::Buckets(account, prefix) => ("buckets", [account, prefix]),
        For::Objects(bucket) => ("objects", [bucket, ""]),
    };
    for part in [kind, parts[0], parts[1], last] {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part.as_bytes());
    }
    let tag = context.sign();
    tag.as_ref().iter().copied().take(TAG_BYTES).collect()
}

/// The store's cursor just after a value of a unique lookup.
pub(crate) fn cursor_after(value: &str) -> String {
    // A cursor names the value and the id of the last entry that was seen; no id is higher.
    cursor(value, "\u{10ffff}")
}

/// The store's cursor after every value that begins with this.
pub(crate) fn cursor_past(prefix: &str) -> String {
    cursor(&format!("{prefix}\u{10ffff}"), "\u{10ffff}")
}

fn cursor(value: &str, id: &str) -> String {
    URL_SAFE_NO_PAD.encode(format!("{}:{value}{id}", value.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: [u8; 32] = [7; 32];

    #[test]
    fn a_token_opens_only_where_it_was_made() {
        let token = seal(&KEY, For::Objects("b"), "a/b\u{e9}");
        assert_eq!(open(&KEY, For::Objects("b"), &token).unwrap(), "a/b\u{e9}");
        for other in [For::Objects("c"), For::Buckets("b", "")] {
            assert_eq!(
                open(&KEY, other, &token).unwrap_err().code,
                "InvalidArgument"
            );
        }
        assert!(open(&[8; 32], For::Objects("b"), &token).is_err());
    }

    #[test]
    fn no_changed_token_opens() {
        let token = seal(&KEY, For::Objects("b"), "key");
        for at in 0..token.len() {
            let mut changed = token.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            let opened = open(&KEY, For::Objects("b"), &changed);
            // The last character may carry bits that decode to nothing.
            assert!(opened.is_err() || opened.unwrap() == "key", "{at}");
        }
        for text in ["", "!!", "AAAA"] {
            assert!(open(&KEY, For::Objects("b"), text).is_err());
        }
    }
}
