//! End points: where a provider is asked instead of where it says that it is.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::config::ConfigError;
use crate::target::Target;

/// Addresses, or what they begin with, and what takes their place.
#[derive(Debug, Default)]
pub(crate) struct Endpoints(BTreeMap<String, String>);

impl Endpoints {
    /// Checks that both sides are plain addresses.
    pub(crate) fn new(written: BTreeMap<String, String>) -> Result<Endpoints, ConfigError> {
        for text in written.iter().flat_map(|(from, to)| [from, to]) {
            Target::parse(text).map_err(|source| ConfigError::Endpoint {
                text: text.clone(),
                source,
            })?;
        }
        let plain = |text: String| text.trim_end_matches('/').to_owned();
        let written = written.into_iter();
        Ok(Endpoints(
            written.map(|(from, to)| (plain(from), plain(to))).collect(),
        ))
    }

    /// Where to go for `url`. The longest beginning counts, and it ends where a part of the
    /// address ends.
    pub(crate) fn of<'a>(&self, url: &'a str) -> Cow<'a, str> {
        let found = self.0.iter().rev().filter_map(|(from, to)| {
            let rest = url.strip_prefix(from.as_str())?;
            let ends = rest.is_empty() || rest.starts_with(['/', '?']);
            ends.then_some((from.len(), to, rest))
        });
        match found.max_by_key(|(length, _, _)| *length) {
            Some((_, to, rest)) => Cow::Owned(format!("{to}{rest}")),
            None => Cow::Borrowed(url),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_beginning_counts_and_ends_where_a_part_ends() {
        let written = [
            ("https://idp.example.com", "http://127.0.0.1:1"),
            ("https://idp.example.com/a", "http://127.0.0.1:2/b/"),
        ];
        let written = written.map(|(from, to)| (from.to_owned(), to.to_owned()));
        let endpoints = Endpoints::new(BTreeMap::from(written)).unwrap();
        for (url, expected) in [
            ("https://idp.example.com", "http://127.0.0.1:1"),
            ("https://idp.example.com/x?y", "http://127.0.0.1:1/x?y"),
            ("https://idp.example.com?y", "http://127.0.0.1:1?y"),
            ("https://idp.example.com/a/x", "http://127.0.0.1:2/b/x"),
            ("https://idp.example.com/ab", "http://127.0.0.1:1/ab"),
            (
                "https://idp.example.com.evil.example/",
                "https://idp.example.com.evil.example/",
            ),
            (
                "https://idp.example.com@evil.example/",
                "https://idp.example.com@evil.example/",
            ),
            ("https://idp.example.com:1/", "https://idp.example.com:1/"),
            ("http://idp.example.com/", "http://idp.example.com/"),
        ] {
            assert_eq!(endpoints.of(url), expected);
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for (from, to) in [("google", "http://127.0.0.1:1"), ("https://a.example", "b")] {
            let written = BTreeMap::from([(from.to_owned(), to.to_owned())]);
            assert!(matches!(
                Endpoints::new(written),
                Err(ConfigError::Endpoint { .. })
            ));
        }
    }
}
