//! `arnold credentials serve`: listens where programs of this machine alone can ask.

use std::io::Write as _;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use super::local::{CONTAINER_PATH, Local};
use super::{Keeper, ServeOptions, Sts};
use crate::Failure;

/// How far answers may travel: to the next machine at most, which is this one. What is
/// forwarded from a container's or a stranger's network dies on the way.
const HOPS_MAX: u32 = 1;
/// How long a request's head may take to arrive.
const HEAD_TIME_MAX: Duration = Duration::from_secs(5);
/// The most connections at once.
const CONNECTIONS_MAX: usize = 256;

pub(super) async fn run(options: ServeOptions) -> Result<(), Failure> {
    let address = options.listen;
    if !is_local(address.ip()) {
        return Err(format!(
            "`{address}` can be reached from elsewhere: listen on loopback or on a link-local address"
        )
        .into());
    }
    let keeper = Keeper::new(Sts::new(&options.role)?);
    let local = Arc::new(Local::new(
        keeper,
        options.role.role_arn,
        options.role.region,
    ));
    let listener = TcpListener::bind(address)
        .await
        .map_err(|error| format!("cannot listen on `{address}`: {error}"))?;
    bound_hops(&listener, address.ip())?;
    announce(listener.local_addr()?, &local)?;
    serve(&listener, &local).await;
    Ok(())
}

/// What is accepted later inherits it.
fn bound_hops(listener: &TcpListener, ip: IpAddr) -> std::io::Result<()> {
    match ip {
        IpAddr::V4(_) => listener.set_ttl(HOPS_MAX),
        IpAddr::V6(_) => socket2::SockRef::from(listener).set_unicast_hops_v6(HOPS_MAX),
    }
}

fn is_local(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_loopback() || ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_loopback() || ip.is_unicast_link_local(),
    }
}

/// What to put into the environment of the programs that shall find it.
fn announce(address: SocketAddr, local: &Local) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "# for programs that look for a container's credentials:"
    )?;
    writeln!(
        out,
        "export AWS_CONTAINER_CREDENTIALS_FULL_URI=http://{address}{CONTAINER_PATH}"
    )?;
    writeln!(
        out,
        "export AWS_CONTAINER_AUTHORIZATION_TOKEN={}",
        local.container_token().expose()
    )?;
    writeln!(out, "# for programs that look for an instance's:")?;
    writeln!(
        out,
        "export AWS_EC2_METADATA_SERVICE_ENDPOINT=http://{address}/"
    )?;
    writeln!(out, "arnold hands out credentials on http://{address}")?;
    out.flush()?;
    Ok(())
}

async fn serve(listener: &TcpListener, local: &Arc<Local>) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut stop = std::pin::pin!(crate::serve::stop_signal());
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else {
            return;
        };
        let stream = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    continue;
                }
            },
            () = &mut stop => return,
        };
        let local = Arc::clone(local);
        tokio::spawn(async move {
            let service = service_fn(|request: hyper::Request<hyper::body::Incoming>| {
                let local = Arc::clone(&local);
                async move {
                    let path = request.uri().path().to_owned();
                    let answer = local.answer(request.method(), &path, request.headers());
                    Ok::<_, std::convert::Infallible>(answer.await)
                }
            });
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEAD_TIME_MAX)
                .serve_connection(TokioIo::new(stream), service);
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection ended early");
            }
            drop(place);
        });
    }
}
