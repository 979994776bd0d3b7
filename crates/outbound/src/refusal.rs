//! Refusals: why a fetch did not happen or did not succeed.

use std::net::IpAddr;
use std::time::Duration;

use http::StatusCode;
use tokio_rustls::rustls;

use crate::zone::Zone;

/// Why nothing was fetched. [`FetchRefusal::is_forbidden`] parts what the guard refused
/// from what went wrong on the way.
#[derive(Debug, thiserror::Error)]
pub enum FetchRefusal {
    /// The address is longer than any real one.
    #[error("the address is too long")]
    UrlTooLong,
    /// The address is not a URL.
    #[error("the address is not a URL: {0}")]
    NotAUrl(#[source] url::ParseError),
    /// The scheme is neither `https` nor `http`.
    #[error("the address must begin with `https://`")]
    Scheme,
    /// There is a user name, a password or an empty place for them.
    #[error("the address must not carry a user name or password")]
    Userinfo,
    /// Host or port are written in a form that programs read differently.
    #[error("host and port must be written plainly")]
    OddSpelling,
    /// Plain `http` to an origin that is not allowed.
    #[error("`{origin}` is not `https`")]
    PlainText {
        /// Where the fetch would have gone.
        origin: String,
    },
    /// A port of its own on an origin that is not allowed.
    #[error("port {port} of `{origin}` is not allowed")]
    Port {
        /// Where the fetch would have gone.
        origin: String,
        /// The port.
        port: u16,
    },
    /// The host is, or resolves to, an address that is out of bounds.
    #[error("`{origin}` leads to {address}, which is {zone}")]
    Address {
        /// Where the fetch would have gone.
        origin: String,
        /// The address.
        address: IpAddr,
        /// What kind of address it is.
        zone: Zone,
    },
    /// The name could not be resolved.
    #[error("cannot resolve `{host}`: {source}")]
    Resolve {
        /// The name.
        host: String,
        /// What the resolver says.
        source: std::io::Error,
    },
    /// The name resolves to nothing.
    #[error("`{host}` has no address")]
    NoAddress {
        /// The name.
        host: String,
    },
    /// No address of the host answered.
    #[error("cannot connect to `{origin}`: {source}")]
    Connect {
        /// Where the fetch went.
        origin: String,
        /// The last failure.
        source: std::io::Error,
    },
    /// The host's certificate is not to be believed, or TLS failed otherwise.
    #[error("no trusted connection to `{origin}`: {source}")]
    Tls {
        /// Where the fetch went.
        origin: String,
        /// What the TLS library says.
        source: std::io::Error,
    },
    /// There is no TLS, so there are no certificates.
    #[error("`{origin}` has no certificates")]
    NoCertificates {
        /// Where the question went.
        origin: String,
    },
    /// The answer is not HTTP, or was cut off.
    #[error("`{origin}` does not answer in HTTP: {source}")]
    Http {
        /// Where the fetch went.
        origin: String,
        /// What the HTTP library says.
        source: hyper::Error,
    },
    /// The request could not be built from the address.
    #[error("the address cannot be put into a request: {0}")]
    Request(#[source] http::Error),
    /// The answer is not `200 OK`. Redirects end here too.
    #[error("`{origin}` answered {status}")]
    Status {
        /// Where the fetch went.
        origin: String,
        /// The answer's status.
        status: StatusCode,
    },
    /// The answer is compressed, which was not asked for.
    #[error("`{origin}` sent a compressed answer")]
    Encoded {
        /// Where the fetch went.
        origin: String,
    },
    /// The answer is larger than the limit.
    #[error("the answer of `{origin}` is larger than {bytes_max} bytes")]
    TooLarge {
        /// Where the fetch went.
        origin: String,
        /// The limit.
        bytes_max: usize,
    },
    /// The whole took longer than the limit.
    #[error("`{url}` was not answered within {limit:?}")]
    TimedOut {
        /// What was fetched.
        url: String,
        /// The limit.
        limit: Duration,
    },
}

impl FetchRefusal {
    /// Whether the guard refused before a packet left. All else are failures of the
    /// network or of the other side.
    pub fn is_forbidden(&self) -> bool {
        matches!(
            self,
            FetchRefusal::UrlTooLong
                | FetchRefusal::NotAUrl(_)
                | FetchRefusal::Scheme
                | FetchRefusal::Userinfo
                | FetchRefusal::OddSpelling
                | FetchRefusal::PlainText { .. }
                | FetchRefusal::Port { .. }
                | FetchRefusal::Address { .. }
        )
    }

    /// Whether nobody who is known vouches for the host's certificate, and no thumbprint does.
    pub fn is_of_authority(&self) -> bool {
        let FetchRefusal::Tls { source, .. } = self else {
            return false;
        };
        let cause = source.get_ref().and_then(|cause| cause.downcast_ref());
        matches!(
            cause,
            Some(rustls::Error::InvalidCertificate(
                rustls::CertificateError::UnknownIssuer
            ))
        )
    }
}
