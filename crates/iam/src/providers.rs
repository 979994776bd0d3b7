//! What SAML and OpenID Connect providers have in common: requests name them by their ARN,
//! and their tags have operations of their own.

use aws::AccountId;
use identity::{Ask, OidcProvider, SamlProvider, Tag};
use plane::{Call, Error, Touches};
use store::{Read, Record, Transaction};

use crate::arns;
use crate::errors::{Nothing, no_such_entity};
use crate::resource_tags::{Tagged, tag_operations};

/// An outside provider that an account's roles may trust.
pub(crate) trait Provider: Record {
    /// What its ARN begins its resource with.
    const RESOURCE: &'static str;

    /// What AWS says of an ARN that no provider has.
    fn absent(arn: &str) -> String;

    /// The account that trusts it.
    fn account(&self) -> AccountId;

    /// Its tags.
    fn held_tags(&mut self) -> &mut Vec<Tag>;
}

impl Provider for SamlProvider {
    const RESOURCE: &'static str = SamlProvider::RESOURCE;

    fn absent(arn: &str) -> String {
        format!("Manifest not found for arn {arn}")
    }

    fn account(&self) -> AccountId {
        self.account
    }

    fn held_tags(&mut self) -> &mut Vec<Tag> {
        &mut self.tags
    }
}

impl Provider for OidcProvider {
    const RESOURCE: &'static str = "oidc-provider/";

    fn absent(arn: &str) -> String {
        format!("OpenIDConnect Provider not found for arn {arn}")
    }

    fn account(&self) -> AccountId {
        self.account
    }

    fn held_tags(&mut self) -> &mut Vec<Tag> {
        &mut self.tags
    }
}

impl<P: Provider> Tagged for P {
    fn ask(_call: &Call, tx: &Transaction, action: &'static str, arn: &str) -> Result<Ask, Error> {
        let owner = arns::parse(arn, P::RESOURCE)?.account().to_owned();
        let tags = find::<P>(tx, arn)?.map(|mut provider| std::mem::take(provider.held_tags()));
        let ask = Ask::new(action, arn, owner);
        Ok(ask.resource_tags("iam", &tags.unwrap_or_default()))
    }

    fn require(tx: &Transaction, _call: &Call, arn: &str) -> Result<P, Error> {
        require(tx, arn)
    }

    fn owner(&self) -> AccountId {
        self.account()
    }

    fn tags_mut(&mut self) -> &mut Vec<Tag> {
        self.held_tags()
    }
}

tag_operations! {
    of SamlProvider, by arn as "SAMLProviderArn";
    TagSAMLProvider = TAG_SAML_PROVIDER,
    UntagSAMLProvider = UNTAG_SAML_PROVIDER,
    ListSAMLProviderTags = LIST_SAML_PROVIDER_TAGS,
}

tag_operations! {
    of OidcProvider, by arn as "OpenIDConnectProviderArn";
    TagOpenIDConnectProvider = TAG_OPEN_ID_CONNECT_PROVIDER,
    UntagOpenIDConnectProvider = UNTAG_OPEN_ID_CONNECT_PROVIDER,
    ListOpenIDConnectProviderTags = LIST_OPEN_ID_CONNECT_PROVIDER_TAGS,
}

/// The provider of this ARN.
pub(crate) fn find<P: Provider>(reader: &impl Read, arn: &str) -> Result<Option<P>, Error> {
    let owner = arns::parse(arn, P::RESOURCE)?.account().to_owned();
    Ok(reader.find(&owner, "arn", arn)?)
}

/// The provider of this ARN, or `NoSuchEntity`.
pub(crate) fn require<P: Provider>(reader: &impl Read, arn: &str) -> Result<P, Error> {
    find(reader, arn)?.ok_or_else(|| no_such_entity(P::absent(arn)))
}

/// A single action on the provider of this ARN, whether or not it exists.
pub(crate) fn touch<P: Provider>(
    call: &Call,
    tx: &Transaction,
    action: &'static str,
    arn: &str,
) -> Result<Touches, Error> {
    P::ask(call, tx, action, arn).map(Touches::one)
}

/// Changes the provider of this ARN, which must exist.
pub(crate) fn change<P: Provider>(
    tx: &mut Transaction,
    arn: &str,
    how: impl FnOnce(&mut P) -> Result<(), Error>,
) -> Result<Nothing, Error> {
    let mut provider: P = require(tx, arn)?;
    how(&mut provider)?;
    tx.update(provider.account().as_str(), &provider)?;
    Ok(Nothing {})
}
