//! SAML providers: outside directories whose assertions an account's roles may trust.

use aws::{AccountId, Arn, Secret, Timestamp};
use facts::OperationFacts;
use identity::{Ask, EncryptionMode, GLOBAL_SCOPE, SamlPrivateKey, SamlProvider, SamlProviderId};
use plane::{Call, Error, Operation, Permit, Touches};
use saml::{Metadata, PrivateKey};
use store::{OrElseTaken as _, Read as _, Transaction};
use wire::{Input, Output};

use crate::errors::{Nothing, invalid_input, over_quota};
use crate::providers::{change, require, touch};
use crate::tags::{self, Case, TagInput, TagView};

/// Providers of an account.
const PROVIDERS_MAX: u64 = 100;
/// Private keys of one provider.
const PRIVATE_KEYS_MAX: usize = 2;
/// How long a provider is good whose metadata names no end, in years.
const VALID_YEARS: i64 = 100;

const RESOURCE: &str = SamlProvider::RESOURCE;

/// Makes a provider.
#[derive(Input)]
pub(crate) struct CreateSAMLProvider {
    #[wire(name = "SAMLMetadataDocument")]
    metadata: String,
    name: String,
    tags: Vec<TagInput>,
    assertion_encryption_mode: Option<String>,
    add_private_key: Option<String>,
}

/// A provider's ARN, and its tags if it got any.
#[derive(Output, Debug)]
pub(crate) struct CreatedProvider {
    #[wire(name = "SAMLProviderArn")]
    arn: String,
    tags: Option<Vec<TagView>>,
}

impl Operation for CreateSAMLProvider {
    const FACTS: &'static OperationFacts = facts::iam::CREATE_SAML_PROVIDER;
    type Output = CreatedProvider;

    fn touches(&self, call: &Call, _tx: &Transaction) -> Result<Touches, Error> {
        let account = call.account()?;
        let tags = tags::requested(&self.tags);
        let arn = Arn::new(
            "iam",
            "",
            account.as_str(),
            &format!("{RESOURCE}{}", self.name),
        );
        let base = |action| Ask::new(action, arn.as_str(), account.as_str()).request_tags(&tags);
        let touches = Touches::one(base("iam:CreateSAMLProvider"));
        Ok(if tags.is_empty() {
            touches
        } else {
            touches.and(base("iam:TagSAMLProvider"))
        })
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<CreatedProvider, Error> {
        let account = permit.account()?;
        let tags = tags::checked(&self.tags, Case::Told)?;
        let created = permit.second();
        let mut provider = SamlProvider {
            account,
            name: self.name.clone(),
            uuid: permit.new_id("SAMLSP"),
            valid_until: valid_until(&self.metadata, created)?,
            metadata: self.metadata.clone(),
            created,
            encryption_mode: None,
            private_keys: Vec::new(),
            tags: tags::ordered(tags.clone()),
        };
        let changes = EncryptionChanges {
            mode: self.assertion_encryption_mode.as_deref(),
            add: self.add_private_key.as_deref(),
            remove: None,
        };
        if changes.mode == Some("Required") && changes.add.is_none() {
            return Err(Error::validation(
                "Unable to set assertion encryption mode to Required because no private key is provided.",
            ));
        }
        changes.make(&permit, &mut provider)?;
        tx.insert(account.as_str(), &provider).or_else_taken(|_| {
            let name = &self.name;
            Error::new("EntityAlreadyExists")
                .say(format!("Provider with name {name} already exists."))
        })?;
        let most = PROVIDERS_MAX;
        if !tx.within::<SamlProvider>(account.as_str(), "arn", "", most)? {
            return Err(over_quota("SAMLProvidersPerAccount", most));
        }
        tx.insert(GLOBAL_SCOPE, &SamlProviderId::from(&provider))?;
        Ok(CreatedProvider {
            arn: provider.arn().to_string(),
            tags: tags::shown_if_any(&tags),
        })
    }
}

/// Reads the metadata, and tells how long it is good.
fn valid_until(metadata: &str, created: Timestamp) -> Result<Timestamp, Error> {
    let unreadable = || invalid_input("Could not parse metadata.");
    if metadata.starts_with('\u{feff}') {
        return Err(unreadable().because("it begins with a byte order mark"));
    }
    let parsed = Metadata::parse(metadata).map_err(|fault| unreadable().because(fault))?;
    match parsed.valid_until {
        Some(end) => Timestamp::from_second(end).map_err(Error::internal),
        None => {
            const SECONDS_PER_YEAR: i64 = 31_556_952;
            let end = created.as_second() + VALID_YEARS * SECONDS_PER_YEAR;
            Timestamp::from_second(end).map_err(Error::internal)
        }
    }
}

/// What a request changes about encryption.
struct EncryptionChanges<'a> {
    mode: Option<&'a str>,
    add: Option<&'a str>,
    remove: Option<&'a str>,
}

impl EncryptionChanges<'_> {
    fn is_any(&self) -> bool {
        self.mode.is_some() || self.add.is_some() || self.remove.is_some()
    }

    /// Makes them. Whether encryption can be required is seen when all of them are made.
    fn make(&self, call: &Call, provider: &mut SamlProvider) -> Result<(), Error> {
        if self.add.is_some() && self.remove.is_some() {
            return Err(Error::validation(
                "Unable to add and remove private keys in the same request. Set a value for only one of the two parameters.",
            ));
        }
        if let Some(pem) = self.add {
            add_key(call, provider, pem)?;
        }
        if let Some(id) = self.remove {
            remove_key(provider, id)?;
        }
        match self.mode {
            Some("Required") => provider.encryption_mode = Some(EncryptionMode::Required),
            Some("Allowed") => provider.encryption_mode = Some(EncryptionMode::Allowed),
            // The model knows no third.
            Some(_) | None => {}
        }
        let is_required = provider.encryption_mode == Some(EncryptionMode::Required);
        if !is_required || !provider.private_keys.is_empty() {
            return Ok(());
        }
        Err(if self.remove.is_some() {
            invalid_input("Failed to remove private key.")
                .because("the provider requires encryption, and this is its last private key")
        } else {
            invalid_input(
                "Failed to set assertion encryption mode to Required because no private key is present.",
            )
        })
    }
}

fn add_key(call: &Call, provider: &mut SamlProvider, pem: &str) -> Result<(), Error> {
    if provider.private_keys.len() >= PRIVATE_KEYS_MAX {
        return Err(Error::new("LimitExceeded").say(format!(
            "Private key limit of {PRIVATE_KEYS_MAX} is reached."
        )));
    }
    PrivateKey::from_pem(pem)
        .map_err(|fault| invalid_input("Invalid private key.").because(fault))?;
    let id = call.new_id("SAMLPK");
    let sealed = call
        .directory()
        .envelope()
        .seal_text(
            &SamlPrivateKey::envelope_identity(&id),
            &Secret::new(pem.to_owned()),
        )
        .map_err(Error::internal)?;
    provider.private_keys.push(SamlPrivateKey {
        id,
        created: call.second(),
        sealed,
    });
    Ok(())
}

fn remove_key(provider: &mut SamlProvider, id: &str) -> Result<(), Error> {
    let before = provider.private_keys.len();
    provider.private_keys.retain(|key| key.id != id);
    if provider.private_keys.len() == before {
        return Err(invalid_input(
            "Failed to remove private key because the Key ID does not match a private key.",
        ));
    }
    Ok(())
}

/// Changes a provider's metadata, encryption or keys.
#[derive(Input)]
pub(crate) struct UpdateSAMLProvider {
    #[wire(name = "SAMLMetadataDocument")]
    metadata: Option<String>,
    #[wire(name = "SAMLProviderArn")]
    arn: String,
    assertion_encryption_mode: Option<String>,
    add_private_key: Option<String>,
    remove_private_key: Option<String>,
}

/// The ARN of a provider that was changed.
#[derive(Output, Debug)]
pub(crate) struct UpdatedProvider {
    #[wire(name = "SAMLProviderArn")]
    arn: String,
}

impl Operation for UpdateSAMLProvider {
    const FACTS: &'static OperationFacts = facts::iam::UPDATE_SAML_PROVIDER;
    type Output = UpdatedProvider;

    fn touches(&self, call: &Call, tx: &Transaction) -> Result<Touches, Error> {
        touch::<SamlProvider>(call, tx, "iam:UpdateSAMLProvider", &self.arn)
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<UpdatedProvider, Error> {
        let changes = EncryptionChanges {
            mode: self.assertion_encryption_mode.as_deref(),
            add: self.add_private_key.as_deref(),
            remove: self.remove_private_key.as_deref(),
        };
        if self.metadata.is_none() && !changes.is_any() {
            return Err(Error::validation(
                "Unable to update identity provider. No updates are defined for metadata or encryption assertion.",
            ));
        }
        change(tx, &self.arn, |provider: &mut SamlProvider| {
            if let Some(metadata) = &self.metadata {
                provider.valid_until = valid_until(metadata, permit.second())?;
                provider.metadata.clone_from(metadata);
            }
            changes.make(&permit, provider)
        })?;
        Ok(UpdatedProvider {
            arn: self.arn.clone(),
        })
    }
}

/// Shows a provider.
#[derive(Input)]
pub(crate) struct GetSAMLProvider {
    #[wire(name = "SAMLProviderArn")]
    arn: String,
}

/// A provider. Of its private keys, only their ids are ever shown.
#[derive(Output, Debug)]
pub(crate) struct ProviderView {
    #[wire(name = "SAMLProviderUUID")]
    uuid: String,
    #[wire(name = "SAMLMetadataDocument")]
    metadata: String,
    create_date: Timestamp,
    valid_until: Timestamp,
    tags: Vec<TagView>,
    assertion_encryption_mode: &'static str,
    private_key_list: Option<Vec<KeyView>>,
}

/// A private key, by its id.
#[derive(Output, Debug)]
pub(crate) struct KeyView {
    key_id: String,
    timestamp: Timestamp,
}

impl Operation for GetSAMLProvider {
    const FACTS: &'static OperationFacts = facts::iam::GET_SAML_PROVIDER;
    type Output = ProviderView;

    fn touches(&self, call: &Call, tx: &Transaction) -> Result<Touches, Error> {
        touch::<SamlProvider>(call, tx, "iam:GetSAMLProvider", &self.arn)
    }

    fn run(&self, _permit: Permit<Self>, tx: &mut Transaction) -> Result<ProviderView, Error> {
        let provider: SamlProvider = require(tx, &self.arn)?;
        let key = |key: &SamlPrivateKey| KeyView {
            key_id: key.id.clone(),
            timestamp: key.created,
        };
        let keys: Vec<_> = provider.private_keys.iter().map(key).collect();
        Ok(ProviderView {
            uuid: provider.uuid,
            metadata: provider.metadata,
            create_date: provider.created,
            valid_until: provider.valid_until,
            tags: tags::shown(&provider.tags),
            assertion_encryption_mode: match provider.encryption_mode {
                Some(EncryptionMode::Required) => "Required",
                Some(EncryptionMode::Allowed) | None => "Allowed",
            },
            private_key_list: (!keys.is_empty()).then_some(keys),
        })
    }
}

/// Lists the providers of the account, all on one page.
#[derive(Input)]
pub(crate) struct ListSAMLProviders {}

/// The providers of the account.
#[derive(Output, Debug)]
pub(crate) struct ProviderList {
    #[wire(name = "SAMLProviderList")]
    providers: Vec<ProviderEntry>,
}

/// One provider of the list.
#[derive(Output, Debug)]
pub(crate) struct ProviderEntry {
    arn: String,
    valid_until: Timestamp,
    create_date: Timestamp,
}

impl Operation for ListSAMLProviders {
    const FACTS: &'static OperationFacts = facts::iam::LIST_SAML_PROVIDERS;
    type Output = ProviderList;

    fn touches(&self, call: &Call, _tx: &Transaction) -> Result<Touches, Error> {
        touch_all(call.account()?)
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<ProviderList, Error> {
        let providers = tx.all::<SamlProvider>(permit.account()?.as_str(), "arn", "")?;
        let entry = |provider: &SamlProvider| ProviderEntry {
            arn: provider.arn().to_string(),
            valid_until: provider.valid_until,
            create_date: provider.created,
        };
        Ok(ProviderList {
            providers: providers.iter().map(entry).collect(),
        })
    }
}

fn touch_all(account: AccountId) -> Result<Touches, Error> {
    let every = Arn::new("iam", "", account.as_str(), &format!("{RESOURCE}*"));
    let action = "iam:ListSAMLProviders";
    Ok(Touches::one(Ask::new(
        action,
        every.as_str(),
        account.as_str(),
    )))
}

/// Deletes a provider. Roles that trust it stay, and nobody comes through it any more.
#[derive(Input)]
pub(crate) struct DeleteSAMLProvider {
    #[wire(name = "SAMLProviderArn")]
    arn: String,
}

impl Operation for DeleteSAMLProvider {
    const FACTS: &'static OperationFacts = facts::iam::DELETE_SAML_PROVIDER;
    type Output = Nothing;

    fn touches(&self, call: &Call, tx: &Transaction) -> Result<Touches, Error> {
        touch::<SamlProvider>(call, tx, "iam:DeleteSAMLProvider", &self.arn)
    }

    fn run(&self, _permit: Permit<Self>, tx: &mut Transaction) -> Result<Nothing, Error> {
        let provider: SamlProvider = require(tx, &self.arn)?;
        tx.delete::<SamlProvider>(provider.account.as_str(), &provider.name)?;
        tx.delete::<SamlProviderId>(GLOBAL_SCOPE, &provider.uuid)?;
        Ok(Nothing {})
    }
}
