//! Settings of the account as a whole: its properties, and the version of session tokens.

use std::borrow::Cow;
use std::collections::BTreeMap;

use facts::OperationFacts;
use identity::Ask;
use plane::{Call, Error, Operation, Permit, Touches};
use serde::{Deserialize, Serialize};
use store::{Lookup, Read, Record, Transaction};
use wire::{Input, Output};

use crate::account::touch_account;
use crate::errors::{Nothing, invalid_input};

/// A property that every account has, with what it is while nobody sets it. As recorded from
/// AWS.
const ROLE_MANAGER: (&str, &str) = ("RoleManager/Enabled", "false");

/// How many properties an account has at most.
const PROPERTIES_MAX: usize = 100;

/// The settings of an account that were changed.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct AccountSettings {
    /// `Namespace/PropertyName` to value.
    #[serde(default)]
    properties: BTreeMap<String, String>,
    /// Whether the global STS endpoint gives out tokens of the second version.
    #[serde(default)]
    second_tokens: bool,
}

impl Record for AccountSettings {
    const KIND: &'static str = "iam.account-settings";

    fn id(&self) -> Cow<'_, str> {
        SETTINGS_ID.into()
    }

    fn lookups(&self) -> Vec<Lookup> {
        Vec::new()
    }
}

const SETTINGS_ID: &str = "settings";

impl AccountSettings {
    /// The settings of the caller's account.
    pub(crate) fn of(call: &Call, reader: &impl Read) -> Result<AccountSettings, Error> {
        let found = reader.get(call.account()?.as_str(), SETTINGS_ID)?;
        Ok(found.unwrap_or_default())
    }

    /// As the account summary tells it.
    pub(crate) fn token_version(&self) -> u64 {
        match self.second_tokens {
            true => 2,
            false => 1,
        }
    }

    fn keep(&self, call: &Call, tx: &mut Transaction) -> Result<(), Error> {
        Ok(tx.put(call.account()?.as_str(), self)?)
    }
}

/// Shows the properties that were set.
#[derive(Input)]
pub(crate) struct GetAccountProperties {}

/// Properties by name.
#[derive(Output, Debug)]
pub(crate) struct Properties {
    properties: BTreeMap<String, String>,
}

impl Operation for GetAccountProperties {
    const FACTS: &'static OperationFacts = facts::iam::GET_ACCOUNT_PROPERTIES;
    type Output = Properties;

    fn touches(&self, call: &Call, tx: &Transaction) -> Result<Touches, Error> {
        let settings = AccountSettings::of(call, tx)?;
        let mut namespaces: Vec<String> = settings
            .properties
            .keys()
            .filter_map(|name| Some(name.split_once('/')?.0.to_owned()))
            .collect();
        namespaces.dedup();
        let ask = Ask::new("iam:GetAccountProperties", "*", call.account()?.as_str())
            .called("*")
            .keys_many("iam:AccountPropertyNamespaces", namespaces);
        Ok(Touches::one(ask))
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<Properties, Error> {
        let mut properties = AccountSettings::of(&permit, tx)?.properties;
        let (name, value) = ROLE_MANAGER;
        properties.entry(name.into()).or_insert(value.into());
        Ok(Properties { properties })
    }
}

/// Sets properties of one namespace.
#[derive(Input)]
pub(crate) struct PutAccountProperties {
    properties: BTreeMap<String, String>,
}

impl PutAccountProperties {
    /// The one namespace of all the keys.
    fn namespace(&self) -> Result<&str, Error> {
        let mut found: Option<&str> = None;
        for key in self.properties.keys() {
            let namespace = match key.split_once('/') {
                Some((namespace, name))
                    if !namespace.is_empty() && !name.is_empty() && !name.contains('/') =>
                {
                    namespace
                }
                _ => {
                    return Err(invalid_input(format!(
                        "Property {key} must have the format Namespace/PropertyName."
                    )));
                }
            };
            if found.is_some_and(|other| other != namespace) {
                return Err(invalid_input(
                    "All properties must belong to the same namespace.",
                ));
            }
            found = Some(namespace);
        }
        found.ok_or_else(|| invalid_input("At least one property must be given."))
    }
}

impl Operation for PutAccountProperties {
    const FACTS: &'static OperationFacts = facts::iam::PUT_ACCOUNT_PROPERTIES;
    type Output = Nothing;

    fn touches(&self, call: &Call, _tx: &Transaction) -> Result<Touches, Error> {
        let namespace = self.namespace()?.to_owned();
        let ask = Ask::new("iam:PutAccountProperties", "*", call.account()?.as_str())
            .called("*")
            .keys_many("iam:AccountPropertyNamespaces", vec![namespace]);
        Ok(Touches::one(ask))
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<Nothing, Error> {
        let mut settings = AccountSettings::of(&permit, tx)?;
        settings.properties.extend(self.properties.clone());
        if settings.properties.len() > PROPERTIES_MAX {
            return Err(invalid_input("The account has too many properties."));
        }
        settings.keep(&permit, tx)?;
        Ok(Nothing {})
    }
}

/// Chooses the version of the tokens that the global STS endpoint gives out. Arnold's are
/// good in all regions, whichever it is.
#[derive(Input)]
pub(crate) struct SetSecurityTokenServicePreferences {
    global_endpoint_token_version: String,
}

impl Operation for SetSecurityTokenServicePreferences {
    const FACTS: &'static OperationFacts = facts::iam::SET_SECURITY_TOKEN_SERVICE_PREFERENCES;
    type Output = Nothing;

    fn touches(&self, call: &Call, _tx: &Transaction) -> Result<Touches, Error> {
        touch_account(call, "iam:SetSecurityTokenServicePreferences")
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<Nothing, Error> {
        let mut settings = AccountSettings::of(&permit, tx)?;
        settings.second_tokens = self.global_endpoint_token_version == "v2Token";
        settings.keep(&permit, tx)?;
        Ok(Nothing {})
    }
}
