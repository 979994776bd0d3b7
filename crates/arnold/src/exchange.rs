//! `arnold import aws` and `arnold export`: an account in the shape in which the AWS CLI
//! prints it.
//!
//! Ids of AWS's cannot be asked for through any operation, so both work on the folder of a
//! server that is stopped; the store's own lock sees to that. What comes in is read and
//! checked whole before the first record is written, and is written in one commit.

mod export;
mod import;
mod listings;
mod shape;
mod times;

use std::path::{Path, PathBuf};

use aws::AccountId;
use clap::{Args, Subcommand, ValueEnum};
use store::Store;

use crate::Failure;

/// Where what comes in comes from.
#[derive(Subcommand)]
pub(crate) enum ImportCommand {
    /// What `aws iam get-account-authorization-details`, `list-saml-providers`,
    /// `list-open-id-connect-providers` and `get-credential-report` print.
    Aws(ImportOptions),
}

/// Where an account is brought in or taken from.
#[derive(Args)]
struct StoppedFolder {
    /// The folder of a server that is stopped.
    #[arg(
        long,
        env = "ARNOLD_DATA",
        value_name = "DIR",
        default_value = "arnold-data"
    )]
    data: PathBuf,
}

/// What to bring in, and where.
#[derive(Args)]
pub(crate) struct ImportOptions {
    #[command(flatten)]
    at: StoppedFolder,
    /// Files with the output of the AWS CLI, as JSON.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

/// What to print.
#[derive(Args)]
pub(crate) struct ExportOptions {
    #[command(flatten)]
    at: StoppedFolder,
    /// The account; needed where the folder holds several.
    #[arg(long, value_name = "ID")]
    account: Option<AccountId>,
    /// Which of the AWS CLI's answers to print.
    #[arg(long, value_enum, default_value = "details")]
    listing: Listing,
}

/// An answer of the AWS CLI.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Listing {
    /// `get-account-authorization-details`.
    Details,
    /// `list-saml-providers`.
    SamlProviders,
    /// `list-open-id-connect-providers`.
    OidcProviders,
}

pub(crate) fn import(command: ImportCommand) -> Result<(), Failure> {
    let ImportCommand::Aws(options) = command;
    import::run(&options.at.data, &options.files)
}

pub(crate) fn export(options: &ExportOptions) -> Result<(), Failure> {
    export::run(&options.at.data, options.account, options.listing)
}

/// The store in this folder, if no server runs on it.
fn open(data: &Path) -> Result<Store, Failure> {
    Store::open(data).map_err(|error| format!("cannot open `{}`: {error}", data.display()).into())
}
