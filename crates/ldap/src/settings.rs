//! The configuration, checked: what cannot work is found at the start.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use aws::Secret;
use tokio_rustls::rustls::ClientConfig;

use crate::config::{Config, NestedGroups};
use crate::principal::Principal;
use crate::server::Server;
use crate::template::{Filter, Name, NotATemplate, Place};
use crate::tls;

/// The longest that a server may be given, in seconds.
const TIMEOUT_S_MAX: u64 = 60;

/// Why a directory cannot be used as it is configured.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// There is no server.
    #[error("`urls` is empty: name at least one server")]
    NoServer,
    /// An address that cannot be used.
    #[error("`{url}`: {why}")]
    Url {
        /// What was written.
        url: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// Nobody, or two, could ask.
    #[error(
        "say either `bind_dn` and `bind_password`, or `user_dn`, or `user_bind`: somebody has to ask the directory"
    )]
    WhoAsks,
    /// A search without a place or a filter.
    #[error("people are searched by `base` and `user_filter`: write both")]
    NoSearch,
    /// A filter or a name with a place for a value is none.
    #[error("`{setting}`: {source}")]
    Template {
        /// Which setting.
        setting: &'static str,
        /// What is wrong with it.
        source: NotATemplate,
    },
    /// Groups are searched nowhere.
    #[error("groups are searched: write `group_base`, or `base`")]
    NoGroupBase,
    /// `nested_groups = "walk"` with a filter that cannot be asked about a group.
    #[error("`group_filter` must have `{{dn}}` in it to find the groups of a group")]
    NoWalk,
    /// The timeout is out of bounds.
    #[error("`timeout_s` must be from 1 to {TIMEOUT_S_MAX}")]
    Timeout,
    /// The password cannot be had.
    #[error("`bind_password`: {0}")]
    Password(#[from] seal::SecretSourceError),
    /// The password is empty, which would make the bind anonymous.
    #[error("`bind_password` is empty")]
    EmptyPassword,
    /// A file of certificate authorities cannot be read.
    #[error("`ca_files`: cannot read `{}`: {reason}", .path.display())]
    CaFile {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        reason: String,
    },
    /// The TLS library refuses its own defaults.
    #[error("cannot set up TLS: {0}")]
    Tls(#[from] tokio_rustls::rustls::Error),
}

/// How a person's entry is found.
#[derive(Debug)]
pub(crate) enum Finding {
    /// By an account of our own.
    Search {
        bind_dn: String,
        password: Secret<String>,
        base: String,
        filter: Filter,
    },
    /// Its name follows from the login.
    Named { dn: Name, filter: Option<Filter> },
    /// By the person, who can bind before their entry's name is known.
    Own {
        principal: Principal,
        base: String,
        filter: Filter,
    },
}

/// How groups are found.
#[derive(Debug)]
pub(crate) struct Grouping {
    pub(crate) attribute: String,
    pub(crate) filter: Option<Filter>,
    pub(crate) base: Option<String>,
    pub(crate) nested: NestedGroups,
}

/// Everything about a directory.
pub(crate) struct Settings {
    pub(crate) servers: Vec<Server>,
    pub(crate) tls: Arc<ClientConfig>,
    pub(crate) finding: Finding,
    pub(crate) name_attribute: String,
    pub(crate) mail_attribute: String,
    pub(crate) grouping: Grouping,
    pub(crate) timeout: Duration,
}

impl Settings {
    pub(crate) fn check(config: &Config) -> Result<Settings, ConfigError> {
        let servers = config
            .urls
            .iter()
            .map(|url| Server::parse(url, config.start_tls, config.plain_text))
            .collect::<Result<Vec<_>, _>>()?;
        if servers.is_empty() {
            return Err(ConfigError::NoServer);
        }
        if !(1..=TIMEOUT_S_MAX).contains(&config.timeout_s) {
            return Err(ConfigError::Timeout);
        }
        Ok(Settings {
            servers,
            tls: tls::client(&config.ca_files)?,
            finding: finding(config)?,
            name_attribute: config.name_attribute.clone(),
            mail_attribute: config.mail_attribute.clone(),
            grouping: grouping(config)?,
            timeout: Duration::from_secs(config.timeout_s),
        })
    }
}

fn finding(config: &Config) -> Result<Finding, ConfigError> {
    let filter = config
        .user_filter
        .as_deref()
        .map(|text| filter("user_filter", text, &[Place::Login]))
        .transpose()?;
    let account = (&config.bind_dn, &config.bind_password);
    match (account, &config.user_dn, &config.user_bind) {
        ((Some(bind_dn), Some(password)), None, None) if !bind_dn.is_empty() => {
            let (base, filter) = searched(config, filter)?;
            let password = password.read()?;
            if password.expose().is_empty() {
                return Err(ConfigError::EmptyPassword);
            }
            Ok(Finding::Search {
                bind_dn: bind_dn.clone(),
                password,
                base,
                filter,
            })
        }
        ((None, None), Some(dn), None) => Ok(Finding::Named {
            dn: Name::parse(dn).map_err(|source| ConfigError::Template {
                setting: "user_dn",
                source,
            })?,
            filter,
        }),
        ((None, None), None, Some(name)) => {
            let principal = Principal::parse(name).map_err(|source| ConfigError::Template {
                setting: "user_bind",
                source,
            })?;
            let (base, filter) = searched(config, filter)?;
            Ok(Finding::Own {
                principal,
                base,
                filter,
            })
        }
        _ => Err(ConfigError::WhoAsks),
    }
}

/// Where people are searched, and which entry is somebody's.
fn searched(config: &Config, filter: Option<Filter>) -> Result<(String, Filter), ConfigError> {
    match (config.base.clone(), filter) {
        (Some(base), Some(filter)) => Ok((base, filter)),
        _ => Err(ConfigError::NoSearch),
    }
}

fn grouping(config: &Config) -> Result<Grouping, ConfigError> {
    let filter = config
        .group_filter
        .as_deref()
        .map(|text| filter("group_filter", text, &[Place::Login, Place::Dn]))
        .transpose()?;
    let nested = config.nested_groups;
    if nested == NestedGroups::Walk
        && filter
            .as_ref()
            .is_some_and(|filter| !filter.asks_about_dn())
    {
        return Err(ConfigError::NoWalk);
    }
    let base = config.group_base.clone().or_else(|| config.base.clone());
    let is_searched = filter.is_some() || nested == NestedGroups::ActiveDirectory;
    if is_searched && base.is_none() {
        return Err(ConfigError::NoGroupBase);
    }
    Ok(Grouping {
        attribute: config.group_attribute.clone(),
        filter,
        base,
        nested,
    })
}

fn filter(setting: &'static str, text: &str, places: &[Place]) -> Result<Filter, ConfigError> {
    Filter::parse(text, places).map_err(|source| ConfigError::Template { setting, source })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> Result<Settings, ConfigError> {
        Settings::check(&toml::from_str(text).unwrap())
    }

    fn refusal(text: &str) -> String {
        check(text).err().unwrap().to_string()
    }

    const NAMED: &str = "user_dn = \"uid={login},dc=example\"\n";

    #[test]
    fn passwords_travel_in_the_open_only_where_it_is_said() {
        let with = |more: &str| check(&format!("{NAMED}{more}"));
        for good in [
            "urls = [\"ldaps://dc1.corp.example\", \"ldaps://dc2.corp.example:3269\"]",
            "urls = [\"ldap://dc1.corp.example\"]\nstart_tls = true",
            "urls = [\"ldap://dc1.corp.example\"]\nplain_text = true",
            "urls = [\"ldap://127.0.0.1:389\"]",
            "urls = [\"ldap://localhost\"]",
            "urls = [\"ldap://[::1]:389\"]",
        ] {
            assert!(with(good).is_ok(), "{good}");
        }
        for (bad, why) in [
            ("urls = []", "`urls` is empty"),
            ("urls = [\"ldap://dc1.corp.example\"]", "in the open"),
            ("urls = [\"ldap://127.0.0.1.corp.example\"]", "in the open"),
            ("urls = [\"ldap://10.0.0.1\"]", "in the open"),
            ("urls = [\"ldap:///\"]", "it names no host"),
            (
                "urls = [\"https://dc1.corp.example\"]",
                "begins with neither",
            ),
            ("urls = [\"ldapi://%2frun%2fldapi\"]", "begins with neither"),
            (
                "urls = [\"ldaps://dc1.corp.example/dc=x\"]",
                "host and port only",
            ),
            (
                "urls = [\"ldaps://u:p@dc1.corp.example\"]",
                "host and port only",
            ),
            ("urls = [\"ldaps://[::1]\"]", "write the server's name"),
        ] {
            let refusal = with(bad).err().unwrap().to_string();
            assert!(refusal.contains(why), "{bad}: {refusal}");
        }
    }

    #[test]
    fn somebody_asks_and_only_one() {
        let urls = "urls = [\"ldaps://dc1.corp.example\"]\n";
        for wrong in [
            "",
            "bind_dn = \"cn=a\"\n",
            "bind_password = { command = [\"echo\", \"x\"] }\n",
            "bind_dn = \"\"\nbind_password = { command = [\"echo\", \"x\"] }\n",
            "bind_dn = \"cn=a\"\nbind_password = { command = [\"echo\", \"x\"] }\nuser_dn = \"uid={login}\"\n",
            "user_dn = \"uid={login}\"\nuser_bind = \"{login}@x\"\n",
        ] {
            let refusal = refusal(&format!(
                "{urls}{wrong}base = \"dc=x\"\nuser_filter = \"(uid={{login}})\"\n"
            ));
            assert!(refusal.starts_with("say either"), "{wrong}: {refusal}");
        }
        let account = "bind_dn = \"cn=a\"\nbind_password = { command = [\"echo\", \"x\"] }\n";
        assert!(refusal(&format!("{urls}{account}")).starts_with("people are searched"));
        let own = "user_bind = \"{login}@corp.example\"\n";
        assert!(refusal(&format!("{urls}{own}")).starts_with("people are searched"));
        let silent = "bind_dn = \"cn=a\"\nbind_password = { command = [\"true\"] }\n";
        assert!(
            refusal(&format!(
                "{urls}{silent}base = \"dc=x\"\nuser_filter = \"(uid={{login}})\"\n"
            ))
            .contains("is empty")
        );
    }

    #[test]
    fn groups_that_are_searched_are_searched_somewhere() {
        let start = format!("urls = [\"ldaps://dc1.corp.example\"]\n{NAMED}");
        assert!(
            refusal(&format!("{start}nested_groups = \"active_directory\"")).contains("group_base")
        );
        assert!(
            refusal(&format!("{start}group_filter = \"(member={{dn}})\"")).contains("group_base")
        );
        let posix = "group_base = \"dc=x\"\ngroup_filter = \"(memberUid={login})\"\nnested_groups = \"walk\"";
        assert!(refusal(&format!("{start}{posix}")).contains("`{dn}`"));
        assert!(check(&format!("{start}nested_groups = \"walk\"")).is_ok());
    }
}
