//! `[directory.NAME]` of the configuration file, as it is written.

use std::path::PathBuf;

use seal::SecretSource;
use serde::Deserialize;

/// One directory: where it is, who asks it, and how people stand in it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Its servers (`ldaps://dc1.corp.example`), in the order in which they are tried.
    pub urls: Vec<String>,
    /// Whether `ldap://` goes over to TLS before anything is said (StartTLS).
    #[serde(default)]
    pub start_tls: bool,
    /// Whether `ldap://` may stay without TLS. Servers on this machine always may.
    #[serde(default)]
    pub plain_text: bool,
    /// Authorities whose certificates are believed, in PEM, instead of the system's.
    #[serde(default)]
    pub ca_files: Vec<PathBuf>,
    /// Who searches for people: the name of an account of our own.
    pub bind_dn: Option<String>,
    /// That account's password.
    pub bind_password: Option<SecretSource>,
    /// The name of a person's entry, with `{login}` in it: instead of an account of our own.
    pub user_dn: Option<String>,
    /// Instead of both: the name by which people bind to Active Directory, with `{login}` in it
    /// (`{login}@corp.example`, `CORP\{login}`). They then search for their own entry.
    pub user_bind: Option<String>,
    /// Where people are searched.
    pub base: Option<String>,
    /// Which entry is a person's, with `{login}` in it.
    pub user_filter: Option<String>,
    /// What a person is called from then on; it has one value and never changes.
    #[serde(default = "uid")]
    pub name_attribute: String,
    /// Where their mail address stands.
    #[serde(default = "mail")]
    pub mail_attribute: String,
    /// Where the names of their groups stand.
    #[serde(default = "member_of")]
    pub group_attribute: String,
    /// Where groups are searched; where people are, if not said.
    pub group_base: Option<String>,
    /// Which groups somebody is in, with `{dn}` or `{login}` in it, where no attribute says so.
    pub group_filter: Option<String>,
    /// How groups within groups are found.
    #[serde(default)]
    pub nested_groups: NestedGroups,
    /// How long a server may take for one sign-in, in seconds.
    #[serde(default = "five")]
    pub timeout_s: u64,
}

/// How groups within groups are found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NestedGroups {
    /// They are not looked for.
    #[default]
    No,
    /// Each group is asked which groups it is in.
    Walk,
    /// Active Directory looks through them itself (matching rule 1.2.840.113556.1.4.1941).
    ActiveDirectory,
}

fn uid() -> String {
    "uid".to_owned()
}

fn mail() -> String {
    "mail".to_owned()
}

fn member_of() -> String {
    "memberOf".to_owned()
}

fn five() -> u64 {
    5
}
