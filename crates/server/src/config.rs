//! Configuration: one TOML file, everything in it optional.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ipnet::IpNet;
use serde::Deserialize;

/// What `arnold.toml` may say.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Where the master key comes from, if not from the file in the data folder.
    pub master_key: MasterKeySource,
    /// Which origins outside may be fetched from although they are private.
    pub outbound: outbound::Config,
    /// Where identity providers are asked, if not where they say that they are: an address
    /// such as `"https://accounts.google.com"`, and what takes its place.
    pub providers: BTreeMap<String, String>,
    /// Proxies whose forwarded headers are believed.
    pub proxy: ProxyConfig,
    /// The audit trail.
    pub audit: AuditConfig,
    /// What names this server answers to.
    pub names: NamesConfig,
    /// Sign-ins by SAML.
    pub saml: SamlConfig,
    /// Quotas of accounts, where they are to be higher than AWS's defaults.
    pub quotas: identity::Quotas,
    /// Directories of people, by their names.
    pub directory: BTreeMap<String, ldap::Config>,
    /// The identity broker.
    pub broker: Option<broker::Config>,
}

/// Where the master key comes from.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MasterKeySource {
    /// A file; made on first start with mode 0600. By default `master.key` in the data folder.
    pub file: Option<PathBuf>,
    /// A command that prints the key in base64 or hexadecimal: program and arguments.
    pub command: Option<Vec<String>>,
}

/// Proxies in front.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ProxyConfig {
    /// Networks whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed.
    pub trusted: Vec<IpNet>,
}

/// The audit trail.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AuditConfig {
    /// The JSON-lines file. By default `audit.jsonl` in the data folder.
    pub file: Option<PathBuf>,
}

/// What names this server answers to.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NamesConfig {
    /// Domains under which a bucket may be the first label (`BUCKET.s3.corp.example`).
    pub s3_domains: Vec<String>,
    /// Where this server is reached from outside (`https://arnold.corp.example`). Issuers of
    /// accounts that are made from then on have addresses below it, so that others can fetch
    /// their keys; without it they have AWS's form.
    pub public_url: Option<String>,
}

/// Sign-ins by SAML.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SamlConfig {
    /// ARNs of the providers whose signatures may use SHA-1, because they cannot do better.
    pub sha1_allowed: Vec<String>,
    /// Addresses of this server's own sign-in end point, by which assertions may be meant for
    /// it beside AWS's (`https://aws.corp.example/saml`) and the one below `public_url`.
    pub sign_in_urls: Vec<String>,
}

/// The configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read `{}`: {source}", .path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is not what it should be.
    #[error("cannot understand `{}`: {source}", .path.display())]
    Parse {
        /// Which file.
        path: PathBuf,
        /// Where and why.
        source: Box<toml::de::Error>,
    },
}

impl Config {
    /// Reads the file.
    pub fn load(path: &Path) -> Result<Config, ConfigError> {
        read_toml(path)
    }

    /// Where SAML responses may be sent: what is configured, and below the public address.
    pub(crate) fn sign_in_urls(&self) -> Vec<String> {
        let public = self.names.public_url.iter();
        let own = public.map(|url| format!("{}/saml", url.trim_end_matches('/')));
        own.chain(self.saml.sign_in_urls.iter().cloned()).collect()
    }
}

/// Reads a TOML file into its type.
pub(crate) fn read_toml<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, ConfigError> {
    let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Read {
        path: path.to_owned(),
        source,
    })?;
    toml::from_str(&text).map_err(|source| ConfigError::Parse {
        path: path.to_owned(),
        source: Box::new(source),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_file_is_a_configuration() {
        assert!(toml::from_str::<Config>("").is_ok());
    }

    #[test]
    fn a_quota_that_is_not_said_is_awss() {
        let config: Config = toml::from_str("[quotas]\nroles = 5000\n").unwrap();
        assert_eq!(config.quotas.roles, 5000);
        assert_eq!(config.quotas.groups, identity::Quotas::DEFAULT.groups);
        config.quotas.check().unwrap();
        let config: Config = toml::from_str("[quotas]\nroles = 5001\n").unwrap();
        assert_eq!(
            config.quotas.check().unwrap_err().to_string(),
            "the quota `roles` cannot be 5001: AWS gives 1000, and 5000 at most"
        );
    }

    #[test]
    fn an_unknown_setting_is_an_error_and_not_ignored() {
        let error = toml::from_str::<Config>("[outbond]\nallow = []\n").unwrap_err();
        assert!(error.to_string().contains("outbond"), "{error}");
    }
}
