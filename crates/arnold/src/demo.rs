//! `arnold demo`: a server with a small company in it, and a guide to try it by.
//!
//! The demo is what `arnold serve --dev` with two small files would be, and a provider of
//! identities beside it. Everything in the company is made through the front door, by
//! signed requests of its administrator: what the guide shows is what anybody can do.

mod company;
mod front_door;
mod guide;

use std::io;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::path::Path;
use std::sync::Arc;

use clap::Args;
use demo_provider::DemoProvider;
use server::{Config, House, Settings};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use self::company::{Administrator, Company};
use self::front_door::FrontDoor;
use self::guide::Guide;
use crate::Failure;
use crate::serve::{log_to_stderr, runtime, stop_signal};

/// Where the provider listens if it can.
const PROVIDER_USUAL: SocketAddr = SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 4567));

/// Where to start.
#[derive(Args)]
pub(crate) struct DemoOptions {
    /// The address to listen on; it must be of this machine only.
    #[arg(long, default_value = "127.0.0.1:4566")]
    listen: SocketAddr,
    /// The address of the provider of identities; it must be of this machine only. By
    /// default 127.0.0.1:4567, or any free port if that one is taken.
    #[arg(long, value_name = "ADDR")]
    provider_listen: Option<SocketAddr>,
}

pub(crate) fn run(options: DemoOptions) -> Result<(), Failure> {
    log_to_stderr("warn");
    let folder =
        fresh_folder().map_err(|error| format!("cannot make a temporary folder: {error}"))?;
    let outcome = runtime()?.block_on(demo(&options, folder.path()));
    let path = folder.path().display().to_string();
    folder
        .close()
        .map_err(|error| format!("cannot remove `{path}`: {error}"))?;
    outcome
}

/// A folder that only its owner can look into: there are keys in it.
fn fresh_folder() -> io::Result<TempDir> {
    let mut builder = tempfile::Builder::new();
    builder.prefix("arnold-demo-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(0o700));
    }
    builder.tempdir()
}

async fn demo(options: &DemoOptions, folder: &Path) -> Result<(), Failure> {
    // Listened for from the start, so that whoever stops the demo early stops it cleanly.
    let mut stop = Box::pin(stop_signal());
    let listener = listen(options.listen).await?;
    let address = listener.local_addr()?;
    let provider_listener = match options.provider_listen {
        Some(address) => listen(address).await?,
        None => listen_as_usual().await?,
    };
    let issuer = format!("http://{}", provider_listener.local_addr()?);

    let company = Company::new(&issuer);
    let administrator = Administrator::new()?;
    let house = open(folder, &issuer, &administrator)?;
    let aids = house.aids().ok_or("the development aids are off")?;
    let clock = aids.clock();
    let provider = DemoProvider {
        people: company.people.to_vec(),
        clients: Vec::new(),
        clock: Arc::new({
            let clock = Arc::clone(&clock);
            move || clock.epoch_seconds()
        }),
        steps: guide::steps(address),
    };
    let (end, ended) = oneshot::channel::<()>();
    let serving = tokio::spawn(house.serve(listener, async {
        // Either side of the channel ending is a reason to stop.
        let _ = ended.await;
    }));
    // Kept until the end: it stops when it is dropped.
    let _provider = provider.start(provider_listener).await?;

    let mut serving = serving;
    let door = FrontDoor::open(address, &administrator, clock).await?;
    let pool = tokio::select! {
        made = company.found(door) => made?,
        () = &mut stop => return finish(end, serving).await,
    };
    aids.reset_to_here()?;
    Guide {
        url: &format!("http://{address}"),
        issuer: &issuer,
        company: &company,
        administrator: &administrator,
        pool: &pool,
        folder: &folder.display().to_string(),
    }
    .print()?;
    tokio::select! {
        () = stop => finish(end, serving).await,
        outcome = &mut serving => Ok(outcome??),
    }
}

/// Lets requests under way end.
async fn finish(
    end: oneshot::Sender<()>,
    serving: tokio::task::JoinHandle<io::Result<()>>,
) -> Result<(), Failure> {
    drop(end);
    Ok(serving.await??)
}

async fn listen(address: SocketAddr) -> Result<TcpListener, Failure> {
    if !address.ip().is_loopback() {
        // The guide shows passwords, and the clock can be moved by whoever reaches it.
        return Err(format!(
            "the demo is for this machine only: `{address}` is not loopback: try `127.0.0.1:{}`",
            address.port()
        )
        .into());
    }
    TcpListener::bind(address)
        .await
        .map_err(|error| format!("cannot listen on `{address}`: {error}").into())
}

async fn listen_as_usual() -> Result<TcpListener, Failure> {
    match TcpListener::bind(PROVIDER_USUAL).await {
        Ok(listener) => Ok(listener),
        Err(_taken) => listen(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await,
    }
}

/// Opens the house as `arnold serve --dev` would, from files that can be looked at.
fn open(folder: &Path, issuer: &str, administrator: &Administrator) -> Result<House, Failure> {
    let config = folder.join("arnold.toml");
    std::fs::write(
        &config,
        format!(
            "# The one origin beyond the public web that may be fetched from.\n[outbound]\nallow = [\"{issuer}\"]\n"
        ),
    )?;
    let bootstrap = folder.join("bootstrap.toml");
    std::fs::write(&bootstrap, administrator.bootstrap())?;
    Ok(House::open(Settings {
        data: folder.join("data"),
        config: Config::load(&config)?,
        bootstrap: Some(bootstrap),
        dev: true,
    })?)
}
