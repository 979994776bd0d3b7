//! `arnold serve` and `arnold init`.

use std::io::{IsTerminal, Write};
use std::net::{AddrParseError, SocketAddr};
use std::path::PathBuf;

use clap::Args;
use clap::builder::BoolishValueParser;
use server::{Config, FirstKey, House, Settings};
use tokio::net::TcpListener;

use crate::Failure;

/// Where to start.
#[derive(Args)]
pub(crate) struct ServeOptions {
    /// The address to listen on.
    #[arg(
        long,
        env = "ARNOLD_LISTEN",
        value_name = "ADDR",
        default_value = "127.0.0.1:4566",
        value_parser = address
    )]
    listen: SocketAddr,
    #[command(flatten)]
    place: PlaceOptions,
    /// A file that declares accounts; applied once, and checked at each start.
    #[arg(long, env = "ARNOLD_BOOTSTRAP", value_name = "FILE")]
    bootstrap: Option<PathBuf>,
    /// Turn on development aids: a movable clock and a reset. They relax no
    /// check, and answer on loopback only.
    // As an option it takes no value; as a variable any word for yes and no.
    #[arg(
        long,
        env = "ARNOLD_DEV",
        action = clap::ArgAction::SetTrue,
        value_parser = BoolishValueParser::new()
    )]
    dev: bool,
}

/// An address and a port; `localhost` is this machine's own.
fn address(text: &str) -> Result<SocketAddr, AddrParseError> {
    match text.strip_prefix("localhost:") {
        Some(port) => format!("127.0.0.1:{port}").parse(),
        None => text.parse(),
    }
}

/// Where to make the data folder.
#[derive(Args)]
pub(crate) struct InitOptions {
    #[command(flatten)]
    place: PlaceOptions,
}

#[derive(Args)]
struct PlaceOptions {
    /// The folder that holds everything.
    #[arg(
        long,
        env = "ARNOLD_DATA",
        value_name = "DIR",
        default_value = "arnold-data"
    )]
    data: PathBuf,
    /// The configuration, in TOML.
    #[arg(long, env = "ARNOLD_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
}

impl PlaceOptions {
    fn config(&self) -> Result<Config, Failure> {
        Ok(match &self.config {
            Some(path) => Config::load(path)?,
            None => Config::default(),
        })
    }
}

pub(crate) fn serve(options: ServeOptions) -> Result<(), Failure> {
    log_to_stderr("info");
    let settings = Settings {
        config: options.place.config()?,
        data: options.place.data,
        bootstrap: options.bootstrap,
        dev: options.dev,
    };
    runtime()?.block_on(async {
        let listener = TcpListener::bind(options.listen)
            .await
            .map_err(|error| format!("cannot listen on `{}`: {error}", options.listen))?;
        let house = House::open(settings)?;
        if let Some(key) = house.first_key() {
            show(key);
        }
        announce(listener.local_addr()?)?;
        house.serve(listener, stop_signal()).await?;
        Ok(())
    })
}

pub(crate) fn init(options: InitOptions) -> Result<(), Failure> {
    log_to_stderr("info");
    let settings = Settings {
        config: options.place.config()?,
        data: options.place.data,
        bootstrap: None,
        dev: false,
    };
    let _runtime = runtime()?;
    let house = House::open(settings)?;
    match house.first_key() {
        Some(key) => show(key),
        None => eprintln!("arnold: the folder holds accounts already; nothing was made"),
    }
    Ok(())
}

/// The line that whoever started the server waits for.
fn announce(address: SocketAddr) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "arnold is listening on http://{address}")?;
    out.flush()?;
    Ok(())
}

/// The only time that the secret is seen.
fn show(key: &FirstKey) {
    println!("The management account is {}.", key.account);
    println!(
        "Its first administrator is the user `{}`. The secret is shown this once:",
        key.user
    );
    println!();
    println!("  AWS_ACCESS_KEY_ID={}", key.access_key_id);
    println!("  AWS_SECRET_ACCESS_KEY={}", key.secret_access_key.expose());
    println!();
}

pub(crate) fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    Ok(tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?)
}

/// `level` is what is logged unless `ARNOLD_LOG` says otherwise.
pub(crate) fn log_to_stderr(level: &str) {
    let filter = tracing_subscriber::EnvFilter::try_from_env("ARNOLD_LOG")
        // The S3 library logs refusals as errors, before the endpoint has put them into words.
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(format!("{level},s3s=off")));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    if std::io::stderr().is_terminal() {
        builder.init();
    } else {
        builder.json().init();
    }
}

/// Resolves when the process is asked to stop.
pub(crate) async fn stop_signal() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let Ok(mut terminate) = signal(SignalKind::terminate()) else {
            let _ = interrupt.await;
            return;
        };
        tokio::select! {
            _ = interrupt => {}
            _ = terminate.recv() => {}
        }
    }
    #[cfg(not(unix))]
    {
        let _ = interrupt.await;
    }
}
