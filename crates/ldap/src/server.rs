//! The address of one server, and how it is spoken to.

use url::{Host, Url};

use crate::settings::ConfigError;

/// One server of a directory.
#[derive(Debug, Clone)]
pub(crate) struct Server {
    pub(crate) url: Url,
    pub(crate) start_tls: bool,
}

impl Server {
    /// Reads the address, and refuses one that would send passwords in the open.
    pub(crate) fn parse(
        text: &str,
        start_tls: bool,
        plain_text: bool,
    ) -> Result<Server, ConfigError> {
        let fault = |why| ConfigError::Url {
            url: text.to_owned(),
            why,
        };
        let url = Url::parse(text).map_err(|_not_a_url| fault("it is not an address"))?;
        let is_tls = match url.scheme() {
            "ldaps" => true,
            "ldap" => false,
            _ => return Err(fault("it begins with neither `ldaps://` nor `ldap://`")),
        };
        let bare = matches!(url.path(), "" | "/")
            && url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none();
        if !bare {
            return Err(fault("write scheme, host and port only"));
        }
        let host = url.host().filter(|host| !host.to_string().is_empty());
        let host = host.ok_or_else(|| fault("it names no host"))?;
        if matches!(host, Host::Ipv6(_)) && (is_tls || start_tls) {
            return Err(fault(
                "write the server's name: its certificate is held to it",
            ));
        }
        if !is_tls && !start_tls && !plain_text && !is_loopback(&host) {
            return Err(fault(
                "passwords would travel in the open: use `ldaps://`, or `start_tls = true`, or say `plain_text = true` if the way there is safe",
            ));
        }
        Ok(Server {
            start_tls: !is_tls && start_tls,
            url,
        })
    }
}

/// Whether the host can only mean this machine. The library reads hosts of unknown schemes as
/// names, addresses too.
fn is_loopback(host: &Host<&str>) -> bool {
    let name = match host {
        Host::Domain(name) => *name,
        Host::Ipv4(address) => return address.is_loopback(),
        Host::Ipv6(address) => return address.is_loopback(),
    };
    name == "localhost"
        || name
            .parse::<std::net::Ipv4Addr>()
            .is_ok_and(|address| address.is_loopback())
}
