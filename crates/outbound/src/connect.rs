//! Connections: to exactly the addresses that were judged.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use rustls_pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use url::Host;

use crate::refusal::FetchRefusal;
use crate::target::{Scheme, Target};
use crate::tls::Trust;

/// How long one address may stay silent before the next one is tried. A few of them fit
/// into the time of a fetch.
const CONNECT_MAX: Duration = Duration::from_millis(1500);

/// How many addresses of one name are tried.
const ADDRESSES_MAX: usize = 4;

/// A connection to the other side, with or without TLS.
pub(crate) enum Connection {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Connection {
    /// Connects to the first of `addresses` that answers.
    pub(crate) async fn open(
        target: &Target,
        addresses: &[IpAddr],
        trust: &Trust,
        thumbprints: &[String],
    ) -> Result<Connection, FetchRefusal> {
        let stream = dial(target, addresses)
            .await
            .map_err(|source| FetchRefusal::Connect {
                origin: target.origin(),
                source,
            })?;
        match target.scheme {
            Scheme::Http => Ok(Connection::Plain(stream)),
            Scheme::Https => {
                let tls = handshake(target, stream, trust, thumbprints).await;
                let tls = tls.map_err(|source| FetchRefusal::Tls {
                    origin: target.origin(),
                    source,
                })?;
                Ok(Connection::Tls(Box::new(tls)))
            }
        }
    }

    /// The certificates that the other side showed, its own first.
    pub(crate) fn certificate_chain(&self) -> Vec<Vec<u8>> {
        match self {
            Connection::Plain(_) => Vec::new(),
            Connection::Tls(tls) => {
                let (_, session) = tls.get_ref();
                let shown = session.peer_certificates().unwrap_or_default();
                shown.iter().map(|der| der.as_ref().to_vec()).collect()
            }
        }
    }
}

async fn dial(target: &Target, addresses: &[IpAddr]) -> io::Result<TcpStream> {
    let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for address in addresses.iter().take(ADDRESSES_MAX) {
        let socket = SocketAddr::new(*address, target.port);
        match tokio::time::timeout(CONNECT_MAX, TcpStream::connect(socket)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => last = error,
            Err(elapsed) => last = io::Error::new(io::ErrorKind::TimedOut, elapsed),
        }
    }
    Err(last)
}

async fn handshake(
    target: &Target,
    stream: TcpStream,
    trust: &Trust,
    thumbprints: &[String],
) -> io::Result<TlsStream<TcpStream>> {
    let name = match &target.host {
        Host::Domain(name) => ServerName::try_from(name.clone()).map_err(io::Error::other)?,
        Host::Ipv4(address) => ServerName::from(IpAddr::V4(*address)),
        Host::Ipv6(address) => ServerName::from(IpAddr::V6(*address)),
    };
    let client = trust.client(thumbprints).map_err(io::Error::other)?;
    TlsConnector::from(client).connect(name, stream).await
}

impl AsyncRead for Connection {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Connection::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Connection::Tls(stream) => Pin::new(stream.as_mut()).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Connection::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Connection::Tls(stream) => Pin::new(stream.as_mut()).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Connection::Plain(stream) => Pin::new(stream).poll_flush(context),
            Connection::Tls(stream) => Pin::new(stream.as_mut()).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Connection::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Connection::Tls(stream) => Pin::new(stream.as_mut()).poll_shutdown(context),
        }
    }
}
