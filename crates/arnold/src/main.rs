//! The Arnold binary: one command line for the server, the demo, and the tools around them.

mod check;
mod credentials;
mod demo;
mod exchange;
mod federation_command;
mod ldap_command;
mod login;
mod password;
mod policy_command;
mod policy_explain;
mod serve;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Answers are made of many small pieces that live for microseconds.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// An identity federation plane that speaks AWS's own wire.
#[derive(Parser)]
#[command(name = "arnold", version, about)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Start a server with a small company in it, and print what to try.
    Demo(demo::DemoOptions),
    /// Start the server.
    Serve(serve::ServeOptions),
    /// Make the data folder, the management account and its first administrator, and stop.
    Init(serve::InitOptions),
    /// Hand out credentials of a role to programs on this machine.
    #[command(subcommand)]
    Credentials(credentials::CredentialsCommand),
    /// Bring a real account into the folder of a server that is stopped.
    #[command(subcommand)]
    Import(exchange::ImportCommand),
    /// Print an account as `aws iam get-account-authorization-details` would.
    Export(exchange::ExportOptions),
    /// Sign in with an identity that you have, and get credentials for the AWS CLI and the SDKs.
    Login(Box<login::LoginOptions>),
    /// Work with policies, without a server.
    #[command(subcommand)]
    Policy(policy_command::PolicyCommand),
    /// Look into sign-ins from outside, without a server.
    #[command(subcommand)]
    Federation(federation_command::FederationCommand),
}

fn main() -> ExitCode {
    let outcome = match CommandLine::parse().command {
        Command::Demo(options) => demo::run(options).map(|()| ExitCode::SUCCESS),
        Command::Serve(options) => serve::serve(options).map(|()| ExitCode::SUCCESS),
        Command::Init(options) => serve::init(options).map(|()| ExitCode::SUCCESS),
        Command::Credentials(command) => credentials::run(command).map(|()| ExitCode::SUCCESS),
        Command::Import(command) => exchange::import(command).map(|()| ExitCode::SUCCESS),
        Command::Export(options) => exchange::export(&options).map(|()| ExitCode::SUCCESS),
        Command::Login(options) => login::run(&options).map(|()| ExitCode::SUCCESS),
        Command::Policy(command) => policy_command::run(command),
        Command::Federation(command) => {
            federation_command::run(command).map(|()| ExitCode::SUCCESS)
        }
    };
    match outcome {
        Ok(status) => status,
        Err(failure) => {
            eprintln!("arnold: {failure}");
            ExitCode::FAILURE
        }
    }
}

/// What ended a command, in words for the person who typed it.
type Failure = Box<dyn std::error::Error + Send + Sync>;
