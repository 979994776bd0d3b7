//! The policies of a user, a group or a role that exists.

use std::borrow::Cow;

use aws::{AccountId, Arn};
use identity::{Ask, Group, Role, User};
use plane::{Call, Error};
use policy::Context;
use policy::explain::Source;
use store::{Read, Transaction};
use wire::Input;

use crate::entity::{self, Entity};
use crate::errors::{invalid_input, no_such};
use crate::managed::{self, Managed};

use super::input::own_policy;

/// A policy that is to be left out.
#[derive(Input, Debug, Clone)]
pub(crate) struct PolicyIdentifier {
    policy_type: Option<String>,
    policy_arn: Option<String>,
    inline_policy_identifier: Option<InlinePolicyIdentifier>,
}

/// An inline policy that is to be left out.
#[derive(Input, Debug, Clone)]
pub(crate) struct InlinePolicyIdentifier {
    policy_name: String,
    attachment_type: String,
    attachment_name: String,
}

/// Whose policies are simulated, by its ARN.
#[derive(Debug, Clone)]
pub(super) struct PolicySource<'a> {
    arn: &'a str,
    kind: Kind,
    name: &'a str,
    account: AccountId,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    User,
    Group,
    Role,
}

/// The policies that bind it.
#[derive(Debug)]
pub(super) struct Bound {
    pub(super) identity: Vec<Source>,
    pub(super) boundary: Option<Vec<Source>>,
}

impl<'a> PolicySource<'a> {
    /// Reads the ARN. It must be in the caller's own account.
    pub(super) fn read(arn: &'a str, own: AccountId) -> Result<PolicySource<'a>, Error> {
        let unclear = || {
            invalid_input(format!(
                "Invalid Entity Arn: {arn} does not clearly define entity type and name."
            ))
        };
        let parts: Vec<&str> = arn.splitn(6, ':').collect();
        let ["arn", _, "iam", "", account, resource] = parts.as_slice() else {
            return Err(unclear());
        };
        let (kind, path) = resource.split_once('/').ok_or_else(unclear)?;
        let kind = match kind {
            "user" => Kind::User,
            "group" => Kind::Group,
            "role" => Kind::Role,
            _ => return Err(unclear()),
        };
        let name = path.rsplit('/').next().unwrap_or_default();
        if name.is_empty() {
            return Err(unclear());
        }
        if *account != own.as_str() {
            return Err(invalid_input(format!(
                "Invalid Policy Source Arn: caller's account {own} does not have access to policies in account {account}"
            )));
        }
        Ok(PolicySource {
            arn,
            kind,
            name,
            account: own,
        })
    }

    /// What looking at the policies of whoever has this ARN asks for. What is wrong with the
    /// ARN is told only to those who could have looked.
    pub(super) fn ask(
        call: &Call,
        tx: &Transaction,
        action: &'static str,
        arn: &str,
    ) -> Result<Ask, Error> {
        let own = call.account()?;
        let Ok(source) = PolicySource::read(arn, own) else {
            return Ok(Ask::new(action, arn, own.as_str()));
        };
        match source.kind {
            Kind::User => entity::ask::<User>(call, tx, action, source.name),
            Kind::Group => entity::ask::<Group>(call, tx, action, source.name),
            Kind::Role => entity::ask::<Role>(call, tx, action, source.name),
        }
    }

    /// Its policies, but for those that are to be left out, under the names that AWS's answers
    /// call them by.
    pub(super) fn bound(
        &self,
        tx: &Transaction,
        excluded: &[PolicyIdentifier],
    ) -> Result<Bound, Error> {
        let mut gathering = Gathering {
            tx,
            account: self.account,
            excluded,
            managed: Vec::new(),
            sources: Vec::new(),
        };
        let boundary = match self.kind {
            Kind::User => {
                let user: User = self.require(tx)?;
                gathering.add(&user)?;
                for id in &user.groups {
                    if let Some(group) = tx.get::<Group>(self.account.as_str(), id)? {
                        gathering.add(&group)?;
                    }
                }
                user.boundary
            }
            Kind::Group => {
                gathering.add(&self.require::<Group>(tx)?)?;
                None
            }
            Kind::Role => {
                let role: Role = self.require(tx)?;
                gathering.add(&role)?;
                role.boundary
            }
        };
        let boundary = match boundary {
            Some(arn) if !gathering.excludes_boundary(&arn) => {
                // A boundary that has gone allows nothing; it does not lift the bound.
                Some(gathering.managed(&arn)?.into_iter().collect())
            }
            _ => None,
        };
        Ok(Bound {
            identity: gathering.sources,
            boundary,
        })
    }

    /// What is known of a request that it makes, unless the simulation says otherwise.
    pub(super) fn fill(&self, context: &mut Context) {
        let mut set = |key: &str, value: &str| {
            if context.get(key).next().is_none() {
                context.set(key, value);
            }
        };
        if self.kind == Kind::Group {
            return;
        }
        set("aws:PrincipalArn", self.arn);
        set("aws:PrincipalAccount", self.account.as_str());
        if self.kind == Kind::User {
            set("aws:username", self.name);
        }
    }

    fn require<E: Entity>(&self, tx: &Transaction) -> Result<E, Error> {
        // The name alone tells who is meant; AWS does not ask for the right path either.
        let found = entity::find::<E>(tx, self.account, self.name)?;
        found.ok_or_else(|| no_such(E::NOUN, self.name))
    }
}

struct Gathering<'t> {
    tx: &'t Transaction,
    account: AccountId,
    excluded: &'t [PolicyIdentifier],
    /// The managed policies among the sources. One that a user and a group have counts once.
    managed: Vec<String>,
    sources: Vec<Source>,
}

impl Gathering<'_> {
    fn add<E: Entity>(&mut self, entity: &E) -> Result<(), Error> {
        for (name, text) in entity.inline() {
            if !self.excludes_inline::<E>(entity.name(), name) {
                let called = format!("{}_{}_{name}", E::NOUN, entity.name());
                self.sources.push(own_policy(&called, text)?);
            }
        }
        for arn in entity.attached() {
            if !self.excludes_managed(arn) && !self.managed.contains(arn) {
                self.sources.extend(self.managed(arn)?);
                self.managed.push(arn.clone());
            }
        }
        Ok(())
    }

    /// The version in force of a managed policy, under its name.
    fn managed(&self, arn: &str) -> Result<Option<Source>, Error> {
        let Some(policy) = managed::find(self.tx, self.account, arn)? else {
            return Ok(None);
        };
        let (name, text): (&str, Cow<'_, str>) = match &policy {
            Managed::Aws(policy) => (policy.name, policy.document.into()),
            Managed::Own(policy) => match policy.default() {
                Some(version) => (&policy.name, version.document.as_str().into()),
                None => return Ok(None),
            },
        };
        own_policy(name, &text).map(Some)
    }

    fn excludes_inline<E: Entity>(&self, owner: &str, name: &str) -> bool {
        self.excluded.iter().any(|excluded| {
            let one = excluded.inline_policy_identifier.as_ref();
            excluded.policy_type.as_deref() == Some("inline")
                || one.is_some_and(|one| {
                    one.policy_name == name
                        && one.attachment_type == E::NOUN
                        && one.attachment_name.eq_ignore_ascii_case(owner)
                })
        })
    }

    fn excludes_managed(&self, arn: &str) -> bool {
        let kind = if is_aws_managed(arn) {
            "aws-managed"
        } else {
            "user-managed"
        };
        self.excluded.iter().any(|excluded| {
            excluded.policy_type.as_deref() == Some(kind)
                || excluded.policy_arn.as_deref() == Some(arn)
        })
    }

    fn excludes_boundary(&self, arn: &str) -> bool {
        self.excluded.iter().any(|excluded| {
            excluded.policy_type.as_deref() == Some("permission-boundary")
                || excluded.policy_arn.as_deref() == Some(arn)
        })
    }
}

fn is_aws_managed(arn: &str) -> bool {
    arn.parse::<Arn>().is_ok_and(|arn| arn.account() == "aws")
}
