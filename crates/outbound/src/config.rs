//! The `[outbound]` table of the configuration file.

use std::path::PathBuf;

use serde::Deserialize;

use crate::origin::Origin;

/// What may be reached beyond the public web, and whose certificates are believed.
///
/// Both lists are empty unless written: development mode by itself opens nothing.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The exact origins that may be loopback or private and carry a port.
    pub allow: Vec<Origin>,
    /// PEM files with certificate authorities to believe beside the platform's.
    pub ca_files: Vec<PathBuf>,
    /// Where providers are asked instead of where they say they are: their address, or what
    /// it begins with, and its replacement. Comes from the configuration's `[providers]`.
    #[serde(skip)]
    pub endpoints: std::collections::BTreeMap<String, String>,
    /// Whether the server runs in development mode. Not part of the file: it comes from
    /// the command line.
    #[serde(skip)]
    pub dev: bool,
}

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A plain-text origin or one of any port, without development mode.
    #[error(
        "`[outbound] allow`: `{0}` needs `--dev`: without it write an `https` origin with its port"
    )]
    NeedsDev(String),
    /// A plain-text origin or one of any port that is not this machine.
    #[error(
        "`[outbound] allow`: `{0}` is not loopback: `http` and a port of `*` are for `localhost`, `127.0.0.1` and `[::1]` only"
    )]
    NotLoopback(String),
    /// A provider or its end point that is no address.
    #[error("`[providers]`: `{text}` is not an address that can be fetched: {source}")]
    Endpoint {
        /// What was written.
        text: String,
        /// What is wrong with it.
        source: crate::FetchRefusal,
    },
    /// A file of certificate authorities cannot be read.
    #[error("`[outbound] ca_files`: cannot read `{path}`: {reason}")]
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

impl Config {
    /// Checks the rules that go beyond a single origin's spelling.
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        for origin in self.allow.iter().filter(|origin| origin.is_loopback_only()) {
            if !origin.names_loopback() {
                return Err(ConfigError::NotLoopback(origin.to_string()));
            }
            if !self.dev {
                return Err(ConfigError::NeedsDev(origin.to_string()));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(text: &str, dev: bool) -> Config {
        Config {
            dev,
            ..toml::from_str(text).unwrap()
        }
    }

    #[test]
    fn the_table_is_read() {
        let config = config(
            "allow = [\"https://idp.corp.example:8443\"]\nca_files = [\"/etc/corp.pem\"]",
            false,
        );
        assert_eq!(config.allow[0].to_string(), "https://idp.corp.example:8443");
        assert_eq!(config.ca_files, [PathBuf::from("/etc/corp.pem")]);
        assert!(config.check().is_ok());
        assert!(toml::from_str::<Config>("").unwrap().allow.is_empty());
    }

    #[test]
    fn unknown_keys_and_the_dev_switch_in_the_file_are_refused() {
        assert!(toml::from_str::<Config>("alow = []").is_err());
        assert!(toml::from_str::<Config>("dev = true").is_err());
        assert!(toml::from_str::<Config>("allow = [\"idp.corp.example\"]").is_err());
    }

    #[test]
    fn plain_text_and_any_port_need_dev_and_loopback() {
        for origin in [
            "http://127.0.0.1:8080",
            "http://localhost:*",
            "http://idp.localhost:*",
            "https://[::1]:*",
        ] {
            let text = format!("allow = [\"{origin}\"]");
            assert!(config(&text, true).check().is_ok(), "{origin}");
            assert!(
                matches!(config(&text, false).check(), Err(ConfigError::NeedsDev(_))),
                "{origin}"
            );
        }
        for origin in [
            "http://10.0.0.1:8080",
            "http://idp.corp.example",
            "https://idp.corp.example:*",
            "http://localhost.corp.example:*",
        ] {
            let text = format!("allow = [\"{origin}\"]");
            for dev in [false, true] {
                assert!(
                    matches!(config(&text, dev).check(), Err(ConfigError::NotLoopback(_))),
                    "{origin}"
                );
            }
        }
    }

    #[test]
    fn errors_say_what_to_do() {
        let error = config("allow = [\"http://127.0.0.1:8080\"]", false)
            .check()
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "`[outbound] allow`: `http://127.0.0.1:8080` needs `--dev`: without it write an `https` origin with its port"
        );
    }
}
