//! Twitter, whose tokens prove something only in a request that the application signs
//! (RFC 5849).

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::answers::{ask, text};
use crate::{Asking, Person, Refusal};

/// Says whose a token is.
const URL: &str = "https://api.twitter.com/1.1/account/verify_credentials.json";

/// RFC 5849 §3.6: what stays as it is.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A key and its secret, written with a semicolon between them, as AWS takes them.
struct Secret<'a> {
    key: &'a str,
    secret: &'a str,
}

impl<'a> Secret<'a> {
    fn parse(text: &'a str) -> Option<Secret<'a>> {
        let (key, secret) = text.split_once(';')?;
        let both = !key.is_empty() && !secret.is_empty();
        both.then_some(Secret { key, secret })
    }
}

/// Asks as the application that the token must be of: Twitter takes no other's.
pub(crate) async fn twitter(token: &str, asking: &Asking<'_>) -> Result<Person, Refusal> {
    let token = Secret::parse(token).ok_or(Refusal::Malformed)?;
    let application = asking.applications.and_then(<[String]>::first);
    let application = application
        .and_then(|text| Secret::parse(text))
        .ok_or(Refusal::Answer("an application"))?;
    let url = signed_url(&application, &token, asking.nonce, asking.now_s);
    let claims = ask(&url, asking).await?;
    Ok(Person {
        subject: text(&claims, "id_str")?,
        client: application.key.to_owned(),
        claims,
    })
}

/// The address with its signed parameters. They stand in the order of their names, which is
/// also that of the signature's base (§3.4.1.3.2).
fn signed_url(application: &Secret<'_>, token: &Secret<'_>, nonce: &str, now_s: i64) -> String {
    let parameters = format!(
        "oauth_consumer_key={}&oauth_nonce={}&oauth_signature_method=HMAC-SHA1&oauth_timestamp={now_s}&oauth_token={}&oauth_version=1.0",
        encode(application.key),
        encode(nonce),
        encode(token.key),
    );
    let base = format!("GET&{}&{}", encode(URL), encode(&parameters));
    let key = format!("{}&{}", encode(application.secret), encode(token.secret));
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, key.as_bytes());
    let signature = BASE64_STANDARD.encode(hmac::sign(&key, base.as_bytes()));
    format!("{URL}?{parameters}&oauth_signature={}", encode(&signature))
}

fn encode(text: &str) -> String {
    utf8_percent_encode(text, ENCODED).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_secrets_are_two_texts() {
        for text in ["", ";", "a", "a;", ";b"] {
            assert!(Secret::parse(text).is_none(), "{text}");
        }
        let both = Secret::parse("a;b;c").unwrap();
        assert_eq!((both.key, both.secret), ("a", "b;c"));
    }

    #[test]
    fn the_signature_depends_on_every_part() {
        let url = |application: &str, token: &str, nonce: &str, now_s| {
            let application = Secret::parse(application).unwrap();
            signed_url(&application, &Secret::parse(token).unwrap(), nonce, now_s)
        };
        let one = url("a;b", "c;d", "n", 1);
        assert!(one.starts_with(
            "https://api.twitter.com/1.1/account/verify_credentials.json?oauth_consumer_key=a&oauth_nonce=n&oauth_signature_method=HMAC-SHA1&oauth_timestamp=1&oauth_token=c&oauth_version=1.0&oauth_signature="
        ));
        for other in [
            url("a;x", "c;d", "n", 1),
            url("a;b", "c;x", "n", 1),
            url("a;b", "c;d", "x", 1),
            url("a;b", "c;d", "n", 2),
        ] {
            assert_ne!(one.rsplit('=').next(), other.rsplit('=').next());
        }
    }
}
