//! `arnold federation debug ldap`: whether a directory vouches for somebody, and what it says
//! of them. It asks as the server does, and needs no server.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use ldap::Directory;
use server::Config;

use crate::{Failure, password};

#[derive(Args)]
pub(crate) struct LdapOptions {
    /// The directory, as `[directory.NAME]` of the configuration calls it.
    directory: String,
    /// The login of a person. Their password is asked for, or read from standard input.
    login: String,
    /// The configuration, in TOML.
    #[arg(long, env = "ARNOLD_CONFIG", value_name = "FILE")]
    config: PathBuf,
}

pub(crate) fn run(options: &LdapOptions, out: &mut dyn Write) -> Result<(), Failure> {
    let config = Config::load(&options.config)?;
    let name = &options.directory;
    let settings = config
        .directory
        .get(name)
        .ok_or_else(|| format!("the configuration has no `[directory.{name}]`"))?;
    let directory =
        Directory::new(settings).map_err(|error| format!("`[directory.{name}]`: {error}"))?;
    let password = password::ask(&format!("Password of {}: ", options.login))?;
    let person = crate::serve::runtime()?
        .block_on(directory.verify(&options.login, &password))
        .map_err(|refusal| format!("not let in: {refusal}"))?;
    writeln!(out, "entry: {}", person.dn())?;
    writeln!(out, "name: {}", person.name())?;
    if let Some(mail) = person.mail() {
        writeln!(out, "mail: {mail}")?;
    }
    for group in person.groups() {
        writeln!(out, "group: {group}")?;
    }
    Ok(())
}
