//! Test sites: real listeners on loopback with scripted answers, certificate authorities
//! made on the spot, and names that mean what the test says.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at what it does not expect"
)]

use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use outbound::{Config, Fetcher, LIMITS, Limits, Resolve, Resolving};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;

/// A certificate authority of the test's own.
pub(crate) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    pub(crate) fn new(name: &str) -> Authority {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params
            .distinguished_name
            .push(rcgen::DnType::CommonName, name);
        let key = KeyPair::generate().unwrap();
        Authority {
            issuer: CertifiedIssuer::self_signed(params, key).unwrap(),
        }
    }

    fn acceptor(&self, name: &str, expired: bool) -> (TlsAcceptor, Vec<Vec<u8>>) {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        if expired {
            params.not_before = rcgen::date_time_ymd(2020, 1, 1);
            params.not_after = rcgen::date_time_ymd(2021, 1, 1);
        }
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let chain = vec![certificate.der().to_vec(), self.issuer.der().to_vec()];
        let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                chain.iter().cloned().map(CertificateDer::from).collect(),
                PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der())),
            )
            .unwrap();
        (TlsAcceptor::from(Arc::new(config)), chain)
    }
}

/// What a site answers to every request.
#[derive(Clone)]
pub(crate) struct Reply {
    bytes: Vec<u8>,
    end: End,
}

#[derive(Clone, Copy, PartialEq)]
enum End {
    Close,
    Drip,
    Silence,
}

impl Reply {
    pub(crate) fn json(body: &str) -> Reply {
        Reply::new(
            "200 OK",
            "content-type: application/json\r\n",
            body.as_bytes(),
        )
    }

    pub(crate) fn new(status: &str, headers: &str, body: &[u8]) -> Reply {
        let head = format!(
            "HTTP/1.1 {status}\r\n{headers}content-length: {}\r\n\r\n",
            body.len()
        );
        Reply::of([head.as_bytes(), body].concat(), End::Close)
    }

    pub(crate) fn chunked(body: &[u8]) -> Reply {
        let mut bytes = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
        for chunk in body.chunks(100) {
            bytes.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
            bytes.extend_from_slice(chunk);
            bytes.extend_from_slice(b"\r\n");
        }
        bytes.extend_from_slice(b"0\r\n\r\n");
        Reply::of(bytes, End::Close)
    }

    pub(crate) fn dripping() -> Reply {
        let head = "HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n";
        Reply::of(head.into(), End::Drip)
    }

    pub(crate) fn silent() -> Reply {
        Reply::of(Vec::new(), End::Silence)
    }

    pub(crate) fn raw(text: &str) -> Reply {
        Reply::of(text.into(), End::Close)
    }

    fn of(bytes: Vec<u8>, end: End) -> Reply {
        Reply { bytes, end }
    }
}

#[derive(Default)]
struct Seen {
    connections: AtomicUsize,
    requests: AtomicUsize,
    head: Mutex<String>,
}

/// A listener on loopback that answers as told.
pub(crate) struct Site {
    port: u16,
    scheme: &'static str,
    chain: Vec<Vec<u8>>,
    seen: Arc<Seen>,
}

impl Site {
    pub(crate) async fn http(reply: Reply) -> Site {
        Site::start(None, Vec::new(), reply).await
    }

    pub(crate) async fn https(authority: &Authority, name: &str, reply: Reply) -> Site {
        let (acceptor, chain) = authority.acceptor(name, false);
        Site::start(Some(acceptor), chain, reply).await
    }

    pub(crate) async fn expired(authority: &Authority, name: &str, reply: Reply) -> Site {
        let (acceptor, chain) = authority.acceptor(name, true);
        Site::start(Some(acceptor), chain, reply).await
    }

    async fn start(acceptor: Option<TlsAcceptor>, chain: Vec<Vec<u8>>, reply: Reply) -> Site {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let scheme = if acceptor.is_some() { "https" } else { "http" };
        let seen = Arc::new(Seen::default());
        let seen_by_server = seen.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                seen_by_server.connections.fetch_add(1, Ordering::SeqCst);
                let (seen, reply) = (seen_by_server.clone(), reply.clone());
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    let answered = match acceptor {
                        None => answer(stream, &reply, &seen).await,
                        Some(tls) => match tls.accept(stream).await {
                            Ok(stream) => answer(stream, &reply, &seen).await,
                            Err(error) => Err(error),
                        },
                    };
                    drop(answered);
                });
            }
        });
        Site {
            port,
            scheme,
            chain,
            seen,
        }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn origin(&self, host: &str) -> String {
        format!("{}://{host}:{}", self.scheme, self.port)
    }

    pub(crate) fn chain(&self) -> Vec<Vec<u8>> {
        self.chain.clone()
    }

    pub(crate) fn connections(&self) -> usize {
        self.seen.connections.load(Ordering::SeqCst)
    }

    pub(crate) fn requests(&self) -> usize {
        self.seen.requests.load(Ordering::SeqCst)
    }

    pub(crate) fn last_head(&self) -> String {
        self.seen.head.lock().unwrap().clone()
    }
}

async fn answer(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    reply: &Reply,
    seen: &Seen,
) -> io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    seen.requests.fetch_add(1, Ordering::SeqCst);
    *seen.head.lock().unwrap() = String::from_utf8_lossy(&head).into_owned();
    stream.write_all(&reply.bytes).await?;
    stream.flush().await?;
    match reply.end {
        End::Close => stream.shutdown().await,
        End::Silence => std::future::pending().await,
        End::Drip => loop {
            stream.write_all(b" ").await?;
            stream.flush().await?;
            tokio::time::sleep(Duration::from_millis(20)).await;
        },
    }
}

/// Names that mean what the test says.
#[derive(Clone, Default)]
pub(crate) struct Names {
    known: Arc<Mutex<HashMap<String, Vec<Vec<IpAddr>>>>>,
    questions: Arc<AtomicUsize>,
}

impl Names {
    pub(crate) fn new() -> Names {
        Names::default()
    }

    /// What `name` means.
    pub(crate) fn with(self, name: &str, addresses: &[&str]) -> Names {
        self.then(name, addresses)
    }

    /// What `name` means when it is asked for once more; the last meaning stays.
    pub(crate) fn then(self, name: &str, addresses: &[&str]) -> Names {
        let addresses = addresses.iter().map(|text| text.parse().unwrap()).collect();
        let mut known = self.known.lock().unwrap();
        known.entry(name.to_owned()).or_default().push(addresses);
        drop(known);
        self
    }

    pub(crate) fn questions(&self) -> usize {
        self.questions.load(Ordering::SeqCst)
    }
}

impl Resolve for Names {
    fn resolve<'a>(&'a self, host: &'a str) -> Resolving<'a> {
        self.questions.fetch_add(1, Ordering::SeqCst);
        let mut known = self.known.lock().unwrap();
        let answer = match known.get_mut(host) {
            None => Err(io::Error::from(io::ErrorKind::NotFound)),
            Some(meanings) if meanings.len() > 1 => Ok(meanings.remove(0)),
            Some(meanings) => Ok(meanings[0].clone()),
        };
        Box::pin(async move { answer })
    }
}

/// A fetcher in development mode with the usual limits.
pub(crate) fn fetcher(allow: &[&str], authorities: &[&Authority], names: &Names) -> Fetcher {
    let folder = tempfile::tempdir().unwrap();
    let mut config = config(allow);
    for (index, authority) in authorities.iter().enumerate() {
        let path = folder.path().join(format!("{index}.pem"));
        std::fs::write(&path, authority.issuer.pem()).unwrap();
        config.ca_files.push(path);
    }
    Fetcher::with(config, Arc::new(names.clone()), LIMITS).unwrap()
}

/// A fetcher in development mode with limits of the test's own.
pub(crate) fn fetcher_with(allow: &[&str], bytes_max: usize, time_max: Duration) -> Fetcher {
    let limits = Limits {
        bytes_max,
        time_max,
    };
    Fetcher::with(config(allow), Arc::new(Names::new()), limits).unwrap()
}

fn config(allow: &[&str]) -> Config {
    Config {
        allow: allow.iter().map(|text| text.parse().unwrap()).collect(),
        dev: true,
        ..Config::default()
    }
}
