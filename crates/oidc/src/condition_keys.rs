//! Condition keys: what policies can ask about a token.

use serde_json::Value;

use crate::claims::{Claims, strings};

/// Google's issuer without its scheme. Its `azp` takes the place of `aud`.
pub(crate) const GOOGLE: &str = "accounts.google.com";

/// Claims beside `aud` and `sub` that can be asked about by their own name. The first
/// ones are every provider's, the others are those that STS knows of GitHub Actions.
const NAMED: &[&str] = &[
    "amr",
    "azp",
    "email",
    "actor",
    "actor_id",
    "enterprise_id",
    "environment",
    "job_workflow_ref",
    "ref",
    "repository",
    "repository_id",
    "workflow",
];

/// An issuer without its scheme: what provider ARNs end in and condition keys begin with.
pub(crate) fn host_and_path(issuer: &str) -> &str {
    issuer
        .strip_prefix("https://")
        .or_else(|| issuer.strip_prefix("http://"))
        .unwrap_or(issuer)
}

impl Claims {
    /// The condition keys that follow from the token, each `HOST[/path]:claim`.
    ///
    /// `aud` holds the clients of ours that the token was made for, not all of its
    /// audience; `oaud` is the audience as it stands, where an authorized party took its
    /// place.
    pub fn condition_keys(&self) -> Vec<(String, Vec<String>)> {
        let prefix = host_and_path(&self.issuer);
        let key = |name: &str| format!("{prefix}:{name}");
        let mut keys = vec![
            (key("aud"), self.clients.clone()),
            (key("sub"), vec![self.subject.clone()]),
        ];
        if self.authorized_party.is_some() {
            keys.push((key("oaud"), self.audiences.clone()));
        }
        for name in NAMED {
            let values = match self.all.get(*name) {
                Some(Value::Bool(value)) => vec![value.to_string()],
                Some(Value::Number(value)) => vec![value.to_string()],
                Some(value) => strings(value),
                None => continue,
            };
            if !values.is_empty() {
                keys.push((key(name), values));
            }
        }
        keys
    }

    /// The condition keys that stay with a session: AWS keeps who and for whom, not what
    /// else the provider said.
    pub fn session_keys(&self) -> Vec<(String, Vec<String>)> {
        let kept = ["aud", "oaud", "sub", "amr"];
        let mut keys = self.condition_keys();
        keys.retain(|(key, _)| {
            key.rsplit(':')
                .next()
                .is_some_and(|name| kept.contains(&name))
        });
        keys
    }
}
