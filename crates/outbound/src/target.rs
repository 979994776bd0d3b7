//! Targets: addresses that are written the one plain way.

use std::net::IpAddr;

use url::{Host, Url};

use crate::refusal::FetchRefusal;

/// The longest address that is looked at.
const URL_BYTES_MAX: usize = 2048;

/// The two schemes that can be fetched at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Scheme {
    Http,
    Https,
}

impl Scheme {
    pub(crate) fn default_port(self) -> u16 {
        match self {
            Scheme::Http => 80,
            Scheme::Https => 443,
        }
    }

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Scheme::Http => "http",
            Scheme::Https => "https",
        }
    }
}

/// Where a fetch would go, taken from an address that has one meaning only: what stands
/// in it is what is connected to, with no decoding in between.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) scheme: Scheme,
    pub(crate) host: Host<String>,
    pub(crate) port: u16,
    /// Path and query as they go on the request line.
    pub(crate) path: String,
}

impl Target {
    /// Reads an address, refusing every spelling that parsers are known to disagree on.
    pub(crate) fn parse(text: &str) -> Result<Target, FetchRefusal> {
        if text.len() > URL_BYTES_MAX {
            return Err(FetchRefusal::UrlTooLong);
        }
        if !text
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b'\\')
        {
            return Err(FetchRefusal::OddSpelling);
        }
        let (scheme, rest) = split_scheme(text)?;
        if rest.contains('#') {
            return Err(FetchRefusal::OddSpelling);
        }
        let authority = rest.split(['/', '?']).next().unwrap_or_default();
        if authority.contains('@') {
            return Err(FetchRefusal::Userinfo);
        }
        let url = Url::parse(text).map_err(FetchRefusal::NotAUrl)?;
        let host = url.host().ok_or(FetchRefusal::OddSpelling)?.to_owned();
        let port = plain_port(authority, &host)?.unwrap_or(scheme.default_port());

        let mut path = url.path().to_owned();
        if let Some(query) = url.query() {
            path.push('?');
            path.push_str(query);
        }
        Ok(Target {
            scheme,
            host,
            port,
            path,
        })
    }

    /// The host's IP address, where the host is one.
    pub(crate) fn literal_address(&self) -> Option<IpAddr> {
        match &self.host {
            Host::Domain(_) => None,
            Host::Ipv4(address) => Some(IpAddr::V4(*address)),
            Host::Ipv6(address) => Some(IpAddr::V6(*address)),
        }
    }

    /// Host and port as the `Host` header carries them.
    pub(crate) fn authority(&self) -> String {
        if self.port == self.scheme.default_port() {
            self.host.to_string()
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }

    /// Scheme, host and port for messages.
    pub(crate) fn origin(&self) -> String {
        format!("{}://{}", self.scheme.as_str(), self.authority())
    }
}

/// Takes the scheme off, which must be one of ours, in small letters.
pub(crate) fn split_scheme(text: &str) -> Result<(Scheme, &str), FetchRefusal> {
    if let Some(rest) = text.strip_prefix("https://") {
        Ok((Scheme::Https, rest))
    } else if let Some(rest) = text.strip_prefix("http://") {
        Ok((Scheme::Http, rest))
    } else {
        Err(FetchRefusal::Scheme)
    }
}

/// Checks that `authority` is `host` as the URL standard prints it, and a port in plain
/// decimals where there is one.
///
/// The URL standard reads `0x7f.1`, `2130706433`, `%31%32%37.0.0.1` and full-width digits
/// as IP addresses. Other programs do not. Asking for the printed form closes all of them.
pub(crate) fn plain_port(
    authority: &str,
    host: &Host<String>,
) -> Result<Option<u16>, FetchRefusal> {
    let printed = host.to_string();
    if let Host::Domain(name) = host
        && !is_plain_name(name)
    {
        return Err(FetchRefusal::OddSpelling);
    }
    let written = authority.to_ascii_lowercase();
    let rest = written
        .strip_prefix(&printed)
        .ok_or(FetchRefusal::OddSpelling)?;
    if rest.is_empty() {
        return Ok(None);
    }
    let digits = rest.strip_prefix(':').ok_or(FetchRefusal::OddSpelling)?;
    match digits.parse::<u16>() {
        Ok(port) if port != 0 && port.to_string() == digits => Ok(Some(port)),
        _ => Err(FetchRefusal::OddSpelling),
    }
}

/// Letters, digits, hyphens and underscores in labels that are not empty, which also rules
/// out a dot at the end.
fn is_plain_name(name: &str) -> bool {
    name.split('.').all(|label| {
        !label.is_empty()
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_addresses_are_read() {
        let target = Target::parse("https://idp.example.com/realms/a/.well-known/x?y=1").unwrap();
        assert_eq!(target.scheme, Scheme::Https);
        assert_eq!(target.host, Host::Domain("idp.example.com".to_owned()));
        assert_eq!(target.port, 443);
        assert_eq!(target.path, "/realms/a/.well-known/x?y=1");
        assert_eq!(target.authority(), "idp.example.com");

        let target = Target::parse("https://IDP.example.com:8443").unwrap();
        assert_eq!((target.port, target.path.as_str()), (8443, "/"));
        assert_eq!(target.authority(), "idp.example.com:8443");

        let target = Target::parse("http://[::1]:80/").unwrap();
        assert_eq!((target.port, target.authority().as_str()), (80, "[::1]"));
    }

    #[test]
    fn odd_spellings_are_refused() {
        for text in [
            "https://0x7f.1/",
            "https://0x7f000001/",
            "https://2130706433/",
            "https://0177.0.0.1/",
            "https://127.1/",
            "https://127.0.0.1./",
            "https://%31%32%37.0.0.1/",
            "https://idp%2eexample.com/",
            "https://idp.example.com./",
            "https://idp.example.com../",
            "https://idp.example.com:0443/",
            "https://idp.example.com:0/",
            "https://idp.example.com:/",
            "https://idp.example.com:+443/",
            "https://[0:0:0:0:0:0:0:1]/",
            "https://[::ffff:127.0.0.1]/",
            "https://idp.example.com/#fragment",
            "https://idp.example.com\\@evil.example/",
            "https://idp.exa\tmple.com/",
            "https://idp.example.com/a b",
            " https://idp.example.com/",
            "https://１２７.0.0.1/",
            "https://idp。example.com/",
            "https://*.example.com/",
            "https://idp..example.com/",
            "https://",
            "https:///path",
        ] {
            assert!(
                matches!(
                    Target::parse(text),
                    Err(FetchRefusal::OddSpelling | FetchRefusal::NotAUrl(_))
                ),
                "{text}: {:?}",
                Target::parse(text)
            );
        }
    }

    #[test]
    fn userinfo_is_refused_even_when_empty() {
        for text in [
            "https://user@idp.example.com/",
            "https://user:secret@idp.example.com/",
            "https://@idp.example.com/",
            "https://:@idp.example.com/",
            "https://idp.example.com@127.0.0.1/",
        ] {
            assert!(
                matches!(Target::parse(text), Err(FetchRefusal::Userinfo)),
                "{text}"
            );
        }
    }

    #[test]
    fn other_schemes_are_refused() {
        for text in [
            "ftp://idp.example.com/",
            "file:///etc/passwd",
            "HTTPS://idp.example.com/",
            "https:idp.example.com",
            "//idp.example.com/",
            "idp.example.com",
            "",
        ] {
            assert!(
                matches!(Target::parse(text), Err(FetchRefusal::Scheme)),
                "{text}"
            );
        }
        let long = format!("https://idp.example.com/{}", "a".repeat(URL_BYTES_MAX));
        assert!(matches!(
            Target::parse(&long),
            Err(FetchRefusal::UrlTooLong)
        ));
    }

    proptest::proptest! {
        #[test]
        fn an_address_has_one_spelling(bits: u32) {
            let [a, b, c, d] = bits.to_be_bytes();
            let plain = std::net::Ipv4Addr::from(bits).to_string();
            let read = Target::parse(&format!("https://{plain}/"));
            proptest::prop_assert!(read.is_ok());
            for odd in [
                format!("{bits}"),
                format!("0x{bits:x}"),
                format!("0x{a:x}.{b}.{c}.{d}"),
                format!("0{a:o}.{b}.{c}.{d}"),
                format!("{a}.{b}.{}", u32::from(c) << 8 | u32::from(d)),
                format!("{plain}."),
                plain.replacen('.', "%2e", 1),
                plain.replacen('.', "。", 1),
            ] {
                let read = Target::parse(&format!("https://{odd}/"));
                proptest::prop_assert!(
                    matches!(read, Err(FetchRefusal::OddSpelling | FetchRefusal::NotAUrl(_))),
                    "{odd}: {read:?}"
                );
            }
        }

        #[test]
        fn what_is_read_is_what_was_written(text in "https?://[a-z0-9.:@%\\\\/?#\\[\\]-]{0,30}") {
            if let Ok(target) = Target::parse(&text) {
                let (_, rest) = split_scheme(&text).unwrap();
                let host = target.host.to_string();
                proptest::prop_assert!(rest.starts_with(&host), "{text}: {target:?}");
            }
        }
    }
}
