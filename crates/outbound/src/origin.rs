//! Origins: the exceptions that an operator writes into the configuration.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;
use url::{Host, Url};

use crate::refusal::FetchRefusal;
use crate::target::{Scheme, Target, plain_port, split_scheme};
use crate::zone::Zone;

/// A scheme, host and port that may be fetched from although it is loopback, private or
/// on a port of its own. Matched exactly: no wildcards in the host, no subdomains.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Origin {
    scheme: Scheme,
    host: Host<String>,
    port: PortRule,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PortRule {
    Exactly(u16),
    Any,
}

/// The text is not an origin.
#[derive(Debug, thiserror::Error)]
pub enum NotAnOrigin {
    /// A path, query or fragment follows the port.
    #[error(
        "`{0}` is not an origin: write scheme, host and port only, like `https://idp.corp.example:8443`"
    )]
    MoreThanAnOrigin(String),
    /// Scheme, host or port cannot be read.
    #[error("`{text}` is not an origin: {source}")]
    Unreadable {
        /// What was written.
        text: String,
        /// What is wrong with it.
        source: FetchRefusal,
    },
}

impl Origin {
    /// Whether a fetch of `target` falls under this exception.
    pub(crate) fn covers(&self, target: &Target) -> bool {
        let port = match self.port {
            PortRule::Exactly(port) => port == target.port,
            PortRule::Any => true,
        };
        port && self.scheme == target.scheme && self.host == target.host
    }

    /// Whether this origin takes more trust than an exact `https` one: plain text or any
    /// port. Such an origin may only ever lead to this machine.
    pub(crate) fn is_loopback_only(&self) -> bool {
        self.scheme == Scheme::Http || self.port == PortRule::Any
    }

    /// Whether the host can only mean this machine. Names are checked again after
    /// resolution.
    pub(crate) fn names_loopback(&self) -> bool {
        match &self.host {
            Host::Domain(name) => name == "localhost" || name.ends_with(".localhost"),
            Host::Ipv4(address) => address.is_loopback(),
            Host::Ipv6(address) => address.is_loopback(),
        }
    }

    /// Whether an address that the host resolved to may be connected to.
    pub(crate) fn permits(&self, zone: Zone) -> bool {
        match zone {
            Zone::Loopback => true,
            Zone::Private | Zone::Public => !self.is_loopback_only(),
            Zone::Never(_) => false,
        }
    }
}

impl FromStr for Origin {
    type Err = NotAnOrigin;

    fn from_str(text: &str) -> Result<Origin, NotAnOrigin> {
        let unreadable = |source| NotAnOrigin::Unreadable {
            text: text.chars().take(200).collect(),
            source,
        };
        let (scheme, authority) = split_scheme(text).map_err(unreadable)?;
        if authority.contains(['/', '?', '#', '\\']) {
            return Err(NotAnOrigin::MoreThanAnOrigin(text.to_owned()));
        }
        if authority.contains('@') {
            return Err(unreadable(FetchRefusal::Userinfo));
        }
        let (authority, any_port) = match authority.strip_suffix(":*") {
            Some(host) => (host, true),
            None => (authority, false),
        };
        let url = Url::parse(&format!("{}://{authority}", scheme.as_str()))
            .map_err(|source| unreadable(FetchRefusal::NotAUrl(source)))?;
        let host = url
            .host()
            .ok_or_else(|| unreadable(FetchRefusal::OddSpelling))?
            .to_owned();
        let port = match (plain_port(authority, &host).map_err(unreadable)?, any_port) {
            (None, true) => PortRule::Any,
            (Some(_), true) => return Err(unreadable(FetchRefusal::OddSpelling)),
            (port, false) => PortRule::Exactly(port.unwrap_or(scheme.default_port())),
        };
        Ok(Origin { scheme, host, port })
    }
}

impl TryFrom<String> for Origin {
    type Error = NotAnOrigin;

    fn try_from(text: String) -> Result<Origin, NotAnOrigin> {
        text.parse()
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme.as_str(), self.host)?;
        match self.port {
            PortRule::Any => f.write_str(":*"),
            PortRule::Exactly(port) if port == self.scheme.default_port() => Ok(()),
            PortRule::Exactly(port) => write!(f, ":{port}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn covers(origin: &str, url: &str) -> bool {
        let origin: Origin = origin.parse().unwrap();
        origin.covers(&Target::parse(url).unwrap())
    }

    #[test]
    fn origins_match_exactly() {
        assert!(covers(
            "https://idp.corp.example:8443",
            "https://idp.corp.example:8443/keys"
        ));
        assert!(covers(
            "https://idp.corp.example",
            "https://idp.corp.example:443/keys"
        ));
        assert!(covers("http://127.0.0.1:*", "http://127.0.0.1:1/"));
        assert!(covers("http://[::1]:*", "http://[::1]:65535/"));

        assert!(!covers(
            "https://idp.corp.example:8443",
            "https://idp.corp.example/keys"
        ));
        assert!(!covers(
            "https://idp.corp.example:8443",
            "https://a.idp.corp.example:8443/"
        ));
        assert!(!covers(
            "https://idp.corp.example:8443",
            "http://idp.corp.example:8443/"
        ));
        assert!(!covers("http://localhost:80", "http://127.0.0.1:80/"));
    }

    #[test]
    fn what_is_not_an_origin_is_refused() {
        for text in [
            "https://a.example/",
            "https://a.example?x",
            "https://a.example#x",
        ] {
            assert!(
                matches!(
                    text.parse::<Origin>(),
                    Err(NotAnOrigin::MoreThanAnOrigin(_))
                ),
                "{text}"
            );
        }
        for text in [
            "a.example",
            "ftp://a.example",
            "https://u@a.example",
            "https://*.example",
            "https://a.example:8443:*",
            "https://a.example:99999",
            "https://127.1",
            "https://",
        ] {
            assert!(
                matches!(text.parse::<Origin>(), Err(NotAnOrigin::Unreadable { .. })),
                "{text}"
            );
        }
    }

    #[test]
    fn an_origin_prints_as_it_was_written() {
        for text in [
            "https://idp.corp.example:8443",
            "https://idp.corp.example",
            "http://127.0.0.1:*",
            "http://[::1]:8080",
        ] {
            assert_eq!(text.parse::<Origin>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_an_origin_permits_depends_on_how_exact_it_is() {
        let permits = |origin: &str, zone| origin.parse::<Origin>().unwrap().permits(zone);
        for (origin, loopback, private, public) in [
            ("https://idp.corp.example", true, true, true),
            ("https://localhost:8443", true, true, true),
            ("https://localhost:*", true, false, false),
            ("http://localhost:8080", true, false, false),
            ("http://localhost:*", true, false, false),
        ] {
            assert_eq!(permits(origin, Zone::Loopback), loopback, "{origin}");
            assert_eq!(permits(origin, Zone::Private), private, "{origin}");
            assert_eq!(permits(origin, Zone::Public), public, "{origin}");
            assert!(!permits(origin, Zone::Never("link-local")), "{origin}");
        }
    }
}
