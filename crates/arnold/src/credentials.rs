//! `arnold credentials`: hands out credentials of a role to programs on this machine.
//!
//! It is a client like any other: it asks STS for the role with credentials that its user
//! configured, and keeps what it gets until it is about to end.

mod keeper;
mod local;
mod own;
mod serve;
mod session_tokens;
mod sts;

use std::net::SocketAddr;

use clap::{Args, Subcommand};
use serde_json::json;

use self::keeper::Keeper;
use self::sts::Sts;
use crate::Failure;

/// What to do with the credentials.
#[derive(Subcommand)]
pub(crate) enum CredentialsCommand {
    /// Serve the endpoints that SDKs look for in containers and on EC2 instances.
    Serve(ServeOptions),
    /// Print the role's credentials as `credential_process` wants them.
    Process(RoleOptions),
}

/// Which role, and whom to ask.
#[derive(Args)]
pub(crate) struct RoleOptions {
    /// The role's ARN.
    #[arg(long, env = "AWS_ROLE_ARN", value_name = "ARN")]
    role_arn: String,
    /// The session's name.
    #[arg(
        long,
        env = "AWS_ROLE_SESSION_NAME",
        value_name = "NAME",
        default_value = "arnold"
    )]
    session_name: String,
    /// How long each session lasts, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 3600)]
    duration: u32,
    /// The external id that the role asks for.
    #[arg(long, value_name = "ID")]
    external_id: Option<String>,
    /// Where STS is.
    #[arg(long, env = "AWS_ENDPOINT_URL_STS", value_name = "URL")]
    endpoint: Option<url::Url>,
    /// The region to sign for.
    #[arg(
        long,
        env = "AWS_REGION",
        value_name = "REGION",
        default_value = "us-east-1"
    )]
    region: String,
    /// The profile of `~/.aws/credentials` to sign with, where the environment holds no keys.
    #[arg(
        long,
        env = "AWS_PROFILE",
        value_name = "NAME",
        default_value = "default"
    )]
    profile: String,
}

/// Where to serve what.
#[derive(Args)]
pub(crate) struct ServeOptions {
    /// The address to listen on: loopback, or link-local as the real ones are.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:9911")]
    listen: SocketAddr,
    #[command(flatten)]
    role: RoleOptions,
}

pub(crate) fn run(command: CredentialsCommand) -> Result<(), Failure> {
    crate::serve::log_to_stderr("warn");
    let runtime = crate::serve::runtime()?;
    match command {
        CredentialsCommand::Serve(options) => runtime.block_on(serve::run(options)),
        CredentialsCommand::Process(role) => runtime.block_on(process(&role)),
    }
}

/// One answer in the form of `credential_process`, version 1.
async fn process(role: &RoleOptions) -> Result<(), Failure> {
    let credentials = Sts::new(role)?.assume().await?;
    let answer = json!({
        "Version": 1,
        "AccessKeyId": credentials.access_key_id,
        "SecretAccessKey": credentials.secret_access_key.expose(),
        "SessionToken": credentials.session_token.expose(),
        "Expiration": credentials.expiration(),
    });
    println!("{answer}");
    Ok(())
}
