//! The configuration, checked: what cannot work is found at the start.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use aws::Secret;
use tokio::sync::Mutex;

use crate::config::{Config, SignInConfig};
use crate::fault::{ConfigError, GrantFault};
use crate::grant::{Call, Grant, GroupKind};
use crate::provider::Provider;
use crate::saml_provider::SamlProvider;
use crate::sign_in::{SignIn, Way};
use crate::visitor::Visitor;

/// The longest short name.
const SHORT_NAME_CHARS_MAX: usize = 32;

/// The access key of the broker's IAM user. Everything is called with it.
#[derive(Debug)]
pub struct Key {
    /// `AKIA…`.
    pub access_key_id: String,
    /// Its secret.
    pub secret_access_key: Secret<String>,
}

/// The broker.
pub struct Broker {
    key: Key,
    sign_ins: Vec<SignIn>,
}

impl Broker {
    /// The broker of this configuration, with these directories.
    pub fn new(
        config: &Config,
        directories: &BTreeMap<String, Arc<ldap::Directory>>,
    ) -> Result<Broker, ConfigError> {
        if config.sign_in.is_empty() {
            return Err(ConfigError::NoSignIn);
        }
        let secret_access_key =
            config
                .secret_access_key
                .read()
                .map_err(|source| ConfigError::Secret {
                    setting: "[broker] secret_access_key",
                    source,
                })?;
        let mut sign_ins = Vec::new();
        for (id, config) in &config.sign_in {
            sign_ins.push(sign_in(id, config, directories)?);
        }
        check_suffixes(&sign_ins)?;
        Ok(Broker {
            key: Key {
                access_key_id: config.access_key_id.clone(),
                secret_access_key,
            },
            sign_ins,
        })
    }

    /// The broker's own key.
    pub fn key(&self) -> &Key {
        &self.key
    }

    /// Every way in.
    pub fn sign_ins(&self) -> &[SignIn] {
        &self.sign_ins
    }

    /// The way in of this short name.
    pub fn sign_in(&self, id: &str) -> Option<&SignIn> {
        self.sign_ins.iter().find(|sign_in| sign_in.id == id)
    }

    /// What is open to a visitor.
    pub fn open_to<'a>(&'a self, visitor: &'a Visitor) -> Vec<&'a Grant> {
        match self.sign_in(visitor.sign_in()) {
            Some(sign_in) => sign_in.open_to(visitor).collect(),
            None => Vec::new(),
        }
    }

    /// The call that hands a grant to a visitor, if it is open to them.
    pub fn call(&self, visitor: &Visitor, grant_id: &str) -> Option<(&Grant, Call)> {
        let sign_in = self.sign_in(visitor.sign_in())?;
        let is_open = visitor.grants.iter().any(|open| open == grant_id);
        let mut grants = sign_in.grants.iter();
        let grant = grants.find(|grant| is_open && grant.id() == grant_id)?;
        Some((grant, grant.call(visitor.name())))
    }
}

fn sign_in(
    id: &str,
    config: &SignInConfig,
    directories: &BTreeMap<String, Arc<ldap::Directory>>,
) -> Result<SignIn, ConfigError> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    if id.is_empty() || id.len() > SHORT_NAME_CHARS_MAX || !id.bytes().all(plain) {
        return Err(ConfigError::ShortName(id.to_owned()));
    }
    let way = way(id, config, directories)?;
    let kind = match way {
        Way::Directory(_) => GroupKind::Entries,
        Way::Provider(_) | Way::Saml(_) => GroupKind::Values,
    };
    let mut grants: Vec<Grant> = Vec::new();
    let mut seen = HashSet::new();
    for (number, grant) in (1..).zip(&config.grant) {
        let fault = |source| ConfigError::Grant {
            sign_in: id.to_owned(),
            number,
            source,
        };
        let grant = Grant::check(grant, kind).map_err(fault)?;
        if !seen.insert(grant.id().to_owned()) {
            return Err(fault(GrantFault::Twice));
        }
        grants.push(grant);
    }
    Ok(SignIn {
        id: id.to_owned(),
        title: config.title.clone().unwrap_or_else(|| id.to_owned()),
        way,
        name_suffix: config.name_suffix.clone(),
        grants,
    })
}

fn way(
    id: &str,
    config: &SignInConfig,
    directories: &BTreeMap<String, Arc<ldap::Directory>>,
) -> Result<Way, ConfigError> {
    let wrong = |why: String| ConfigError::SignIn {
        name: id.to_owned(),
        why,
    };
    if let Some(file) = &config.metadata_file {
        return saml_way(config, file).map(Way::Saml).map_err(wrong);
    }
    match (&config.directory, &config.issuer, &config.client_id) {
        (Some(name), None, None) => match directories.get(name) {
            Some(directory) => Ok(Way::Directory(Arc::clone(directory))),
            None => Err(wrong(format!("there is no `[directory.{name}]`"))),
        },
        (None, Some(issuer), Some(client_id)) => {
            let client_secret = config.client_secret.as_ref().map(|source| source.read());
            let mut scopes = config.scopes.clone();
            if !scopes.iter().any(|scope| scope == "openid") {
                scopes.insert(0, "openid".to_owned());
            }
            Ok(Way::Provider(Box::new(Provider {
                issuer: issuer.clone(),
                client_id: client_id.clone(),
                client_secret: client_secret
                    .transpose()
                    .map_err(|error| wrong(format!("`client_secret`: {error}")))?,
                scopes,
                name_claim: config.name_claim.clone(),
                groups_claim: config.groups_claim.clone(),
                known: Mutex::default(),
            })))
        }
        _ => Err(wrong(
            "say `directory`, or `issuer` and `client_id`, or `metadata_file` and `entity_id`, and one of these alone".to_owned(),
        )),
    }
}

fn saml_way(config: &SignInConfig, file: &Path) -> Result<Box<SamlProvider>, String> {
    let others = [&config.directory, &config.issuer, &config.client_id];
    let entity_id = match &config.entity_id {
        Some(entity_id) if !entity_id.is_empty() => entity_id.clone(),
        _ => {
            return Err(
                "`metadata_file` needs `entity_id`: the broker's name at that provider".to_owned(),
            );
        }
    };
    if others.iter().any(|other| other.is_some()) {
        return Err("say `metadata_file`, or another way to sign in, and not both".to_owned());
    }
    let document = std::fs::read_to_string(file)
        .map_err(|error| format!("cannot read `{}`: {error}", file.display()))?;
    let metadata = saml::Metadata::parse(&document)
        .map_err(|fault| format!("`{}`: {fault}", file.display()))?;
    let location = metadata
        .sign_in_by(saml::REDIRECT)
        .and_then(|location| url::Url::parse(location).ok());
    if !location.is_some_and(|location| matches!(location.scheme(), "https" | "http")) {
        return Err(format!(
            "`{}` names no address for sign-in by redirect",
            file.display()
        ));
    }
    let mut private_keys = Vec::new();
    if let Some(source) = &config.private_key {
        let pem = source
            .read()
            .map_err(|error| format!("`private_key`: {error}"))?;
        let key = saml::PrivateKey::from_pem(pem.expose())
            .map_err(|fault| format!("`private_key`: {fault}"))?;
        private_keys.push(key);
    }
    Ok(Box::new(SamlProvider {
        metadata,
        entity_id,
        private_keys,
        name_attribute: config.name_attribute.clone(),
        groups_attribute: config.groups_attribute.clone(),
    }))
}

/// With several ways in, the end of a name tells which way somebody came.
fn check_suffixes(sign_ins: &[SignIn]) -> Result<(), ConfigError> {
    if sign_ins.len() < 2 {
        return Ok(());
    }
    for (at, one) in sign_ins.iter().enumerate() {
        let others = sign_ins
            .iter()
            .enumerate()
            .filter(|(other, _)| *other != at);
        let clashes = others
            .map(|(_, other)| other)
            .any(|other| one.name_suffix.ends_with(&other.name_suffix));
        if one.name_suffix.is_empty() || clashes {
            return Err(ConfigError::Suffixes);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str =
        "access_key_id = \"AKIA\"\nsecret_access_key = { command = [\"echo\", \"s\"] }\n";

    fn broker(text: &str) -> Result<Broker, ConfigError> {
        Broker::new(
            &toml::from_str(&format!("{KEY}{text}")).unwrap(),
            &BTreeMap::new(),
        )
    }

    fn provider(name: &str, more: &str) -> String {
        format!(
            "[sign_in.{name}]\nissuer = \"https://{name}.example\"\nclient_id = \"arnold\"\n{more}\n"
        )
    }

    #[test]
    fn one_name_never_means_two_people() {
        let two = |a: &str, b: &str| {
            let suffix = |suffix: &str| format!("name_suffix = \"{suffix}\"");
            broker(&[provider("a", &suffix(a)), provider("b", &suffix(b))].concat())
        };
        assert!(two("@a", "@b").is_ok());
        assert!(two("@a.example", "@b.example").is_ok());
        for (a, b) in [
            ("", ""),
            ("@a", ""),
            ("", "@b"),
            ("@a", "@a"),
            ("@x@a", "@a"),
            ("a", "@a"),
        ] {
            assert!(matches!(two(a, b), Err(ConfigError::Suffixes)), "{a} {b}");
        }
        assert!(broker(&provider("a", "")).is_ok());
    }

    #[test]
    fn a_way_in_is_one_way() {
        for (text, why) in [
            ("[sign_in.a]\n".to_owned(), "say `directory`"),
            (
                "[sign_in.a]\ndirectory = \"corp\"\n".to_owned(),
                "there is no `[directory.corp]`",
            ),
            (provider("a", "directory = \"corp\""), "say `directory`"),
            (
                provider("a", "").replace("sign_in.a", "sign_in.\"a b\""),
                "short name",
            ),
            ("[sign_in]\n".to_owned(), "is missing"),
        ] {
            let refusal = broker(&text).err().unwrap().to_string();
            assert!(refusal.contains(why), "{text}: {refusal}");
        }
    }

    #[test]
    fn a_grant_is_handed_to_whom_it_is_open_and_to_nobody_else() {
        let grant = |name: &str, who: &str| {
            format!(
                "[[sign_in.a.grant]]\nrole_arn = \"arn:aws:iam::111122223333:role/{name}\"\n{who}\n"
            )
        };
        let text = [
            provider("a", ""),
            grant("All", "everyone = true"),
            grant("Admin", "groups = [\"admins\"]"),
        ];
        let broker = broker(&text.concat()).unwrap();
        let sign_in = broker.sign_in("a").unwrap();
        let visitor = sign_in
            .admit("ana", |grant| grant.is_open_to_values(&["people"]))
            .unwrap();
        let titles: Vec<&str> = broker
            .open_to(&visitor)
            .iter()
            .map(|grant| grant.title())
            .collect();
        assert_eq!(titles, ["All"]);
        let admin = sign_in
            .grants
            .iter()
            .find(|grant| grant.title() == "Admin")
            .unwrap();
        assert!(broker.call(&visitor, admin.id()).is_none());
        let all = broker.open_to(&visitor)[0].id();
        assert_eq!(broker.call(&visitor, all).unwrap().1.action, "AssumeRole");
        assert!(broker.call(&visitor, "").is_none());
    }
}
