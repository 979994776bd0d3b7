//! Provider URLs: what may stand in `CreateOpenIDConnectProvider`.

use std::borrow::Cow;
use std::fmt;

use url::Url;

use crate::condition_keys::host_and_path;

/// The longest URL that IAM takes, scheme included.
const URL_CHARS_MAX: usize = 255;

/// The URL of a provider, exactly as its tokens must name it in `iss`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ProviderUrl(String);

/// Why a URL cannot be that of a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProviderUrlFault {
    /// It is longer than IAM takes.
    #[error("the URL is longer than {URL_CHARS_MAX} characters")]
    TooLong,
    /// It is not a URL with a plainly written host.
    #[error("the URL is not a plain one")]
    NotPlain,
    /// It is not `https`, nor an allowed origin.
    #[error("the URL must begin with `https://`")]
    NotHttps,
    /// It has a query or a fragment.
    #[error("the URL must not have a query or a fragment")]
    QueryOrFragment,
    /// It has a port and is not an allowed origin.
    #[error("the URL must not have a port")]
    Port,
}

impl ProviderUrl {
    /// Reads a provider's URL. `is_allowed_origin` says whether the configuration names
    /// its origin; only then it may have a port or be plain `http`.
    pub fn parse(
        text: &str,
        is_allowed_origin: impl FnOnce(&str) -> bool,
    ) -> Result<ProviderUrl, ProviderUrlFault> {
        if text.chars().count() > URL_CHARS_MAX {
            return Err(ProviderUrlFault::TooLong);
        }
        let is_plain = |byte: u8| byte.is_ascii_graphic() && !b"\\@%\"<>^`{|}*".contains(&byte);
        if !text.bytes().all(is_plain) {
            return Err(ProviderUrlFault::NotPlain);
        }
        if text.contains(['?', '#']) {
            return Err(ProviderUrlFault::QueryOrFragment);
        }
        let url = Url::parse(text).map_err(|_not_a_url| ProviderUrlFault::NotPlain)?;
        if !matches!(url.scheme(), "https" | "http") {
            return Err(ProviderUrlFault::NotHttps);
        }
        let text = without_default_port(text);
        // The parser adds a slash to a bare host and tidies up everything else; whatever
        // it had to tidy up was not plain, but for a host in capitals.
        let (printed, plain) = (url.as_str(), with_small_host(&text));
        if printed != plain && printed.strip_suffix('/') != Some(plain.as_str()) {
            return Err(ProviderUrlFault::NotPlain);
        }
        if (url.scheme() == "http" || url.port().is_some()) && !is_allowed_origin(&text) {
            return Err(match url.scheme() {
                "http" => ProviderUrlFault::NotHttps,
                _ => ProviderUrlFault::Port,
            });
        }
        Ok(ProviderUrl(text.into_owned()))
    }

    /// The issuer whose tokens this provider is for: the URL as it was written, but for the
    /// port that goes without saying.
    pub fn issuer(&self) -> &str {
        &self.0
    }

    /// The URL without its scheme: what the provider's ARN ends in and its condition keys
    /// begin with.
    pub fn host_and_path(&self) -> &str {
        host_and_path(&self.0)
    }
}

/// The URL up to its path, and its path.
fn split_at_path(text: &str) -> Option<(&str, &str)> {
    let start = text.find("://")? + 3;
    let rest = text.get(start..)?;
    text.split_at_checked(start + rest.find('/').unwrap_or(rest.len()))
}

/// The URL without `:443`, which IAM leaves out too.
fn without_default_port(text: &str) -> Cow<'_, str> {
    let host = |(before, after)| Some((str::strip_suffix(before, ":443")?, after));
    match split_at_path(text).and_then(host) {
        Some((host, path)) if text.starts_with("https:") => format!("{host}{path}").into(),
        _ => text.into(),
    }
}

fn with_small_host(text: &str) -> String {
    let parts = |(before, path)| Some((str::split_once(before, "://")?, path));
    match split_at_path(text).and_then(parts) {
        Some(((scheme, host), path)) => format!("{scheme}://{}{path}", host.to_ascii_lowercase()),
        None => text.to_owned(),
    }
}

impl fmt::Display for ProviderUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<ProviderUrl, ProviderUrlFault> {
        ProviderUrl::parse(text, |_| false)
    }

    #[test]
    fn real_providers_are_taken_as_they_are_written() {
        for (text, rest) in [
            (
                "https://token.actions.githubusercontent.com",
                "token.actions.githubusercontent.com",
            ),
            ("https://accounts.google.com", "accounts.google.com"),
            ("https://tenant.auth0.com/", "tenant.auth0.com/"),
            (
                "https://oidc.eks.us-west-2.amazonaws.com/id/EXAMPLED539D4633E53DE1B71EXAMPLE",
                "oidc.eks.us-west-2.amazonaws.com/id/EXAMPLED539D4633E53DE1B71EXAMPLE",
            ),
            (
                "https://login.microsoftonline.com/0b8f/v2.0",
                "login.microsoftonline.com/0b8f/v2.0",
            ),
            (
                "https://IDP.Example.COM/MixedCase",
                "IDP.Example.COM/MixedCase",
            ),
        ] {
            let url = parse(text).unwrap();
            assert_eq!((url.issuer(), url.host_and_path()), (text, rest));
        }
    }

    #[test]
    fn the_port_that_goes_without_saying_is_left_out() {
        for (text, issuer) in [
            ("https://idp.example.com:443", "https://idp.example.com"),
            (
                "https://idp.example.com:443/a/",
                "https://idp.example.com/a/",
            ),
            (
                "https://idp.example.com/a:443",
                "https://idp.example.com/a:443",
            ),
        ] {
            assert_eq!(parse(text).unwrap().issuer(), issuer);
        }
    }

    #[test]
    fn what_iam_does_not_take_is_refused() {
        use ProviderUrlFault::*;
        for (text, fault) in [
            ("idp.example.com", NotPlain),
            ("", NotPlain),
            ("https://", NotPlain),
            ("https:idp.example.com", NotPlain),
            ("https://user@idp.example.com", NotPlain),
            ("https://idp.example.com/a/../b", NotPlain),
            ("HTTPS://idp.example.com", NotPlain),
            ("https://idp.example.com:0443", NotPlain),
            ("https://idp.example.com:443:443", NotPlain),
            ("https://127.1", NotPlain),
            ("https://idp.example.com\\a", NotPlain),
            ("https://idp.example.com/ä", NotPlain),
            ("https://idp.example.com/*", NotPlain),
            ("ftp://idp.example.com", NotHttps),
            ("http://idp.example.com", NotHttps),
            ("http://127.0.0.1:8080", NotHttps),
            ("https://idp.example.com?x=1", QueryOrFragment),
            ("https://idp.example.com/#x", QueryOrFragment),
            ("https://idp.example.com:8443", Port),
        ] {
            assert_eq!(parse(text), Err(fault), "{text}");
        }
        let longest = format!("https://idp.example.com/{}", "a".repeat(231));
        assert_eq!(longest.len(), 255);
        assert!(parse(&longest).is_ok());
        assert_eq!(parse(&format!("{longest}a")), Err(TooLong));
    }

    #[test]
    fn an_allowed_origin_may_have_a_port_or_be_plain() {
        for (text, rest) in [
            ("http://127.0.0.1:8080", "127.0.0.1:8080"),
            ("http://localhost:8080/realms/a", "localhost:8080/realms/a"),
            ("https://idp.corp.example:8443", "idp.corp.example:8443"),
        ] {
            let url = ProviderUrl::parse(text, |origin| origin == text).unwrap();
            assert_eq!((url.issuer(), url.host_and_path()), (text, rest));
        }
    }
}
