//! `[broker]` of the configuration file, as it is written.

use std::collections::BTreeMap;
use std::path::PathBuf;

use seal::SecretSource;
use serde::Deserialize;

/// The broker: its own key, and the ways in.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The access key of the broker's IAM user.
    pub access_key_id: String,
    /// That key's secret.
    pub secret_access_key: SecretSource,
    /// Where people sign in, by short names.
    pub sign_in: BTreeMap<String, SignInConfig>,
}

/// One way in: a directory, or a provider.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignInConfig {
    /// What the page calls it; its short name if not said.
    pub title: Option<String>,
    /// A `[directory.NAME]`.
    pub directory: Option<String>,
    /// The issuer of an OpenID Connect provider.
    pub issuer: Option<String>,
    /// The broker's name at that provider.
    pub client_id: Option<String>,
    /// Its secret there, if it has one.
    pub client_secret: Option<SecretSource>,
    /// What is asked of the provider; `openid` is asked in any case.
    #[serde(default = "scopes")]
    pub scopes: Vec<String>,
    /// Which claim says what somebody is called.
    #[serde(default = "name_claim")]
    pub name_claim: String,
    /// Which claim lists their groups.
    #[serde(default = "groups_claim")]
    pub groups_claim: String,
    /// The metadata of a SAML provider, in a file.
    pub metadata_file: Option<PathBuf>,
    /// The broker's name at that provider, which its assertions have as audience.
    pub entity_id: Option<String>,
    /// A private key to which that provider may encrypt assertions, in PEM.
    pub private_key: Option<SecretSource>,
    /// Which attribute of its assertions says what somebody is called; the subject's name does
    /// if not said.
    pub name_attribute: Option<String>,
    /// Which attribute lists their groups.
    #[serde(default = "groups_claim")]
    pub groups_attribute: String,
    /// What is put behind names, so that two ways in never give one name to two people.
    #[serde(default)]
    pub name_suffix: String,
    /// What is open to whom.
    #[serde(default)]
    pub grant: Vec<GrantConfig>,
}

/// What is open to some groups.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GrantConfig {
    /// What the page calls it; the role's name if not said.
    pub title: Option<String>,
    /// The groups, each of which opens it: names of entries of the directory, or values of the
    /// claim or the attribute.
    #[serde(default)]
    pub groups: Vec<String>,
    /// Whether it is open to everybody who signs in there.
    #[serde(default)]
    pub everyone: bool,
    /// The role to assume.
    pub role_arn: Option<String>,
    /// Instead of a role: GetFederationToken of the broker's user, within a policy.
    #[serde(default)]
    pub federation: bool,
    /// A session policy, in JSON.
    pub policy: Option<String>,
    /// The same, in a file.
    pub policy_file: Option<PathBuf>,
    /// Managed policies that serve as session policies.
    #[serde(default)]
    pub policy_arns: Vec<String>,
    /// How long the credentials are good, in seconds.
    #[serde(default = "hour")]
    pub duration_s: u32,
}

fn scopes() -> Vec<String> {
    ["openid", "profile", "email"].map(str::to_owned).to_vec()
}

fn name_claim() -> String {
    "sub".to_owned()
}

fn groups_claim() -> String {
    "groups".to_owned()
}

fn hour() -> u32 {
    3_600
}
