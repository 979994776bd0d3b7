//! A way in: a directory or a provider, and what is open to whom.

use std::sync::Arc;

use serde_json::Value;

use crate::grant::Grant;
use crate::name::session_name;
use crate::provider::Provider;
use crate::saml_provider::SamlProvider;
use crate::visitor::{NotAdmitted, Visitor};

/// A way in.
pub struct SignIn {
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) way: Way,
    pub(crate) name_suffix: String,
    pub(crate) grants: Vec<Grant>,
}

/// How people prove who they are there.
pub enum Way {
    /// With a name and a password of a directory.
    Directory(Arc<ldap::Directory>),
    /// At an OpenID Connect provider.
    Provider(Box<Provider>),
    /// At a SAML provider.
    Saml(Box<SamlProvider>),
}

impl SignIn {
    /// Its short name.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What people call it.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// How people prove who they are.
    pub fn way(&self) -> &Way {
        &self.way
    }

    /// What is open to this visitor. Grants that have changed since they came are not.
    pub fn open_to<'a>(&'a self, visitor: &'a Visitor) -> impl Iterator<Item = &'a Grant> {
        self.grants
            .iter()
            .filter(|grant| visitor.grants.iter().any(|open| open == grant.id()))
    }

    /// Admits somebody whom the directory vouches for.
    pub fn admit_person(&self, person: &ldap::Person) -> Result<Visitor, NotAdmitted> {
        self.admit(person.name(), |grant| grant.is_open_to_person(person))
    }

    /// Admits somebody whom the provider vouches for.
    pub fn admit_claims(&self, claims: &oidc::Claims) -> Result<Visitor, NotAdmitted> {
        let Way::Provider(provider) = &self.way else {
            return Err(NotAdmitted::NothingOpen(claims.subject().to_owned()));
        };
        let all = claims.all();
        let claim = &provider.name_claim;
        let name = match all.get(claim) {
            Some(Value::String(name)) => name,
            _ => return Err(NotAdmitted::NoName(claim.clone())),
        };
        let is_verified = match all.get("email_verified") {
            None | Some(Value::Bool(true)) => true,
            Some(Value::String(text)) => text == "true",
            Some(_) => false,
        };
        if claim == "email" && !is_verified {
            return Err(NotAdmitted::MailNotVerified);
        }
        let groups: Vec<&str> = match all.get(&provider.groups_claim) {
            Some(Value::String(group)) => vec![group],
            Some(Value::Array(groups)) => groups.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        self.admit(name, |grant| grant.is_open_to_values(&groups))
    }

    /// Admits somebody whom a SAML provider vouches for.
    pub fn admit_assertion(&self, assertion: &saml::Assertion) -> Result<Visitor, NotAdmitted> {
        let Way::Saml(provider) = &self.way else {
            let subject = assertion.subject().value.clone();
            return Err(NotAdmitted::NothingOpen(subject));
        };
        let name = provider.name_in(assertion).ok_or_else(|| {
            let attribute = provider.name_attribute.clone();
            NotAdmitted::NoNameInAssertion(attribute.unwrap_or_else(|| "NameID".to_owned()))
        })?;
        let groups = provider.groups_in(assertion);
        self.admit(name, |grant| grant.is_open_to_values(&groups))
    }

    pub(crate) fn admit(
        &self,
        name: &str,
        is_open: impl Fn(&Grant) -> bool,
    ) -> Result<Visitor, NotAdmitted> {
        let name = session_name(name, &self.name_suffix)?;
        let open = self.grants.iter().filter(|grant| is_open(grant));
        let grants: Vec<String> = open.map(|grant| grant.id().to_owned()).collect();
        if grants.is_empty() {
            return Err(NotAdmitted::NothingOpen(name));
        }
        Ok(Visitor {
            sign_in: self.id.clone(),
            name,
            grants,
        })
    }
}
