//! Attributes for access control: what a provider says of somebody becomes tags of their
//! session (Cognito Developer Guide, "Using attributes for access control").

use std::collections::BTreeMap;

use facts::OperationFacts;
use identity::{Ask, Tag};
use plane::{Call, Error, Operation, Permit, Touches};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use store::Transaction;
use wire::{Input, Output, Structure, Value};

use crate::errors::invalid_parameter;
use crate::logins::ProvenLogin;
use crate::pool::{IdentityPool, SCOPE, ask};
use crate::role_mapping::texts;
use crate::saml_logins::{NAME_IDENTIFIER, is_saml};

/// The most tags of a session.
const TAGS_MAX: usize = 50;

/// The most providers with a mapping. A pool has 50 providers of each kind at most.
const MAPPINGS_MAX: usize = 200;

/// Which claims of a provider become which tags.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TagMapping {
    /// Whether AWS's own choice counts.
    pub use_defaults: bool,
    /// Tag key to claim.
    pub tags: BTreeMap<String, String>,
}

/// AWS's own choice for a provider: the client and the person, as the provider calls them.
fn defaults(provider: &str) -> BTreeMap<String, String> {
    let (client, person) = match provider {
        "www.amazon.com" => ("aud", "user_id"),
        "graph.facebook.com" => ("app_id", "user_id"),
        saml if is_saml(saml) => (
            NAME_IDENTIFIER,
            "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name",
        ),
        _ => ("aud", "sub"),
    };
    BTreeMap::from([
        ("client".to_owned(), client.to_owned()),
        ("username".to_owned(), person.to_owned()),
    ])
}

impl TagMapping {
    /// Tag key to claim, as they count.
    fn in_force(&self, provider: &str) -> BTreeMap<String, String> {
        if self.use_defaults {
            defaults(provider)
        } else {
            self.tags.clone()
        }
    }
}

/// The session tags that follow from logins. What a provider does not say makes no tag.
pub(crate) fn session_tags(
    pool: &IdentityPool,
    logins: &[ProvenLogin],
) -> Result<BTreeMap<String, String>, Error> {
    let mut tags = BTreeMap::new();
    for login in logins {
        if login.is_own_token() {
            tags.extend(tags_of_own_token(login)?);
        }
        let Some(mapping) = mapping(pool, login) else {
            continue;
        };
        for (key, claim) in mapping.in_force(login.provider()) {
            let said = login.claims().get(&claim).map(texts).unwrap_or_default();
            match said.as_slice() {
                [] => {}
                [value] => {
                    tags.insert(key, value.clone());
                }
                // A tag has one value, and none may be left out: it may be meant to confine.
                _ => return Err(not_a_tag(&key)),
            }
        }
    }
    check(&tags)?;
    Ok(tags)
}

/// The tags that the developer's back end put into a token of ours.
fn tags_of_own_token(login: &ProvenLogin) -> Result<BTreeMap<String, String>, Error> {
    let Some(tags) = login
        .claims()
        .get("https://aws.amazon.com/tags")
        .and_then(|claim| claim.get("principal_tags"))
        .and_then(Json::as_object)
    else {
        return Ok(BTreeMap::new());
    };
    let one = |(key, values): (&String, &Json)| match texts(values).as_slice() {
        [value] => Ok((key.clone(), value.clone())),
        _ => Err(not_a_tag(key)),
    };
    tags.iter().map(one).collect()
}

/// Holds tags to what a session may be tagged with.
pub(crate) fn check(tags: &BTreeMap<String, String>) -> Result<(), Error> {
    if tags.len() > TAGS_MAX {
        return Err(invalid_parameter(format!(
            "A session can have at most {TAGS_MAX} tags."
        )));
    }
    let one = |(key, value): (&String, &String)| {
        let tag = Structure::new().with("Key", key.as_str());
        Value::Structure(tag.with("Value", value.as_str()))
    };
    let request = Structure::new()
        .with("RoleArn", "arn:aws:iam::000000000000:role/any")
        .with("RoleSessionName", "any")
        .with("Tags", Value::List(tags.iter().map(one).collect()));
    wire::validate(facts::sts::ASSUME_ROLE, &request)
        .map_err(|refusal| invalid_parameter("Invalid principal tags.").because(refusal))?;
    let as_tags: Vec<Tag> = tags
        .iter()
        .map(|(key, value)| Tag {
            key: key.clone(),
            value: value.clone(),
        })
        .collect();
    if identity::has_duplicate_keys(&as_tags) {
        return Err(invalid_parameter("Duplicate principal tag keys."));
    }
    match tags
        .keys()
        .find(|key| key.to_lowercase().starts_with("aws:"))
    {
        Some(key) => Err(not_a_tag(key)),
        None => Ok(()),
    }
}

fn not_a_tag(key: &str) -> Error {
    invalid_parameter(format!("Invalid value for principal tag {key}."))
}

/// The mapping of a login's provider, under its login key or its ARN.
fn mapping<'a>(pool: &'a IdentityPool, login: &ProvenLogin) -> Option<&'a TagMapping> {
    let keys = login.mapping_keys(pool);
    keys.iter().find_map(|key| pool.tag_mappings.get(key))
}

/// Says which claims of a provider become tags.
#[derive(Input)]
pub(crate) struct SetPrincipalTagAttributeMap {
    identity_pool_id: String,
    identity_provider_name: String,
    use_defaults: Option<bool>,
    principal_tags: BTreeMap<String, String>,
}

/// Shows which claims of a provider become tags.
#[derive(Input)]
pub(crate) struct GetPrincipalTagAttributeMap {
    identity_pool_id: String,
    identity_provider_name: String,
}

/// Which claims of a provider become tags.
#[derive(Output, Debug)]
pub(crate) struct TagMappingView {
    identity_pool_id: String,
    identity_provider_name: String,
    use_defaults: bool,
    principal_tags: BTreeMap<String, String>,
}

impl TagMappingView {
    fn of(pool: &IdentityPool, provider: &str) -> TagMappingView {
        let mapping = pool.tag_mappings.get(provider).cloned().unwrap_or_default();
        TagMappingView {
            identity_pool_id: pool.id.clone(),
            identity_provider_name: provider.to_owned(),
            use_defaults: mapping.use_defaults,
            principal_tags: mapping.in_force(provider),
        }
    }
}

impl Operation for SetPrincipalTagAttributeMap {
    const FACTS: &'static OperationFacts = facts::cognito_identity::SET_PRINCIPAL_TAG_ATTRIBUTE_MAP;
    type Output = TagMappingView;

    fn touches(&self, call: &Call, _tx: &Transaction) -> Result<Touches, Error> {
        // The service authorization reference knows no resource type for it.
        let action = "cognito-identity:SetPrincipalTagAttributeMap";
        let account = call.account()?.to_string();
        Ok(Touches::one(Ask::new(action, "*", account)))
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<TagMappingView, Error> {
        let mut pool = IdentityPool::require(tx, &permit, &self.identity_pool_id)?;
        let use_defaults = self.use_defaults.unwrap_or(false);
        let provider = &self.identity_provider_name;
        let given = &self.principal_tags;
        if use_defaults && !given.is_empty() && *given != defaults(provider) {
            return Err(invalid_parameter(
                "PrincipalTags can only be given when UseDefaults is false.",
            ));
        }
        let keys = self.principal_tags.keys();
        check(&keys.map(|key| (key.clone(), String::new())).collect())?;
        let mapping = TagMapping {
            use_defaults,
            tags: if use_defaults {
                BTreeMap::new()
            } else {
                given.clone()
            },
        };
        if mapping == TagMapping::default() {
            pool.tag_mappings.remove(provider);
        } else {
            pool.tag_mappings.insert(provider.clone(), mapping);
        }
        if pool.tag_mappings.len() > MAPPINGS_MAX {
            return Err(invalid_parameter(format!(
                "An identity pool can have at most {MAPPINGS_MAX} principal tag mappings."
            )));
        }
        tx.update(SCOPE, &pool)?;
        Ok(TagMappingView::of(&pool, provider))
    }
}

impl Operation for GetPrincipalTagAttributeMap {
    const FACTS: &'static OperationFacts = facts::cognito_identity::GET_PRINCIPAL_TAG_ATTRIBUTE_MAP;
    type Output = TagMappingView;

    fn touches(&self, call: &Call, tx: &Transaction) -> Result<Touches, Error> {
        let id = &self.identity_pool_id;
        ask("cognito-identity:GetPrincipalTagAttributeMap", tx, call, id).map(Touches::one)
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<TagMappingView, Error> {
        let pool = IdentityPool::require(tx, &permit, &self.identity_pool_id)?;
        Ok(TagMappingView::of(&pool, &self.identity_provider_name))
    }
}
