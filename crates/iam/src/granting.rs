//! Which policies give a user, a group or a role its rights, and to which services.

use std::collections::{BTreeMap, BTreeSet};

use aws::AccountId;
use catalogue::Service;
use identity::{Group, Role, User};
use plane::Error;
use policy::{AllowedActions, Document, Grammar};
use store::{Exactly, Read};

use crate::entity::{Entity, find};
use crate::errors::no_such_entity;
use crate::managed::{self, Managed};

/// What a report about rights can be about.
#[derive(Debug)]
pub(crate) enum Holder {
    /// A user, with the groups that it is in.
    User(User, Vec<Group>),
    /// A group.
    Group(Group),
    /// A role.
    Role(Role),
    /// A managed policy, whoever carries it.
    Policy(Managed),
}

/// A policy that gives rights: where it hangs, and what it says.
#[derive(Debug)]
pub(crate) struct Granting {
    /// Its name.
    pub(crate) name: String,
    /// Its ARN, if it is a managed one.
    pub(crate) arn: Option<String>,
    /// The kind and the name of what an inline policy is part of.
    pub(crate) inline_of: Option<(&'static str, String)>,
    document: Document,
}

impl Holder {
    /// The holder of this ARN in the account.
    pub(crate) fn find(
        reader: &impl Read,
        account: AccountId,
        arn: &str,
    ) -> Result<Option<Holder>, Error> {
        let Ok(parsed) = arn.parse::<aws::Arn>() else {
            return Ok(None);
        };
        let name = parsed.resource().rsplit('/').next().unwrap_or_default();
        let kind = parsed.resource().split('/').next().unwrap_or_default();
        let holder = match kind {
            "user" => match of_arn::<User>(reader, account, name, arn)? {
                Some(user) => {
                    let mut groups = Vec::new();
                    for id in &user.groups {
                        groups.extend(reader.get::<Group>(account.as_str(), id)?);
                    }
                    Some(Holder::User(user, groups))
                }
                None => None,
            },
            "group" => of_arn::<Group>(reader, account, name, arn)?.map(Holder::Group),
            "role" => of_arn::<Role>(reader, account, name, arn)?.map(Holder::Role),
            "policy" => managed::find(reader, account, arn)?.map(Holder::Policy),
            _ => None,
        };
        Ok(holder)
    }

    /// The holder of this ARN in the account, or `NoSuchEntity`.
    pub(crate) fn require(
        reader: &impl Read,
        account: AccountId,
        arn: &str,
    ) -> Result<Holder, Error> {
        Holder::find(reader, account, arn)?
            .ok_or_else(|| no_such_entity(format!("ARN {arn} does not exist.")))
    }

    /// The policies that give it its rights: its own, then those of its groups.
    pub(crate) fn policies(
        &self,
        reader: &impl Read,
        account: AccountId,
    ) -> Result<Vec<Granting>, Error> {
        let mut found = Vec::new();
        match self {
            Holder::User(user, groups) => {
                collect(reader, account, user, "USER", &mut found)?;
                for group in groups {
                    collect(reader, account, group, "GROUP", &mut found)?;
                }
            }
            Holder::Group(group) => collect(reader, account, group, "GROUP", &mut found)?,
            Holder::Role(role) => collect(reader, account, role, "ROLE", &mut found)?,
            Holder::Policy(policy) => found.extend(managed_policy(policy)?),
        }
        Ok(found)
    }

    /// The users and roles whose calls count for it, by their ids.
    pub(crate) fn actors(
        &self,
        reader: &impl Read,
        account: AccountId,
    ) -> Result<Vec<Actor>, Error> {
        let scope = account.as_str();
        Ok(match self {
            Holder::User(user, _) => vec![Actor::user(user)],
            Holder::Role(role) => vec![Actor::role(role)],
            Holder::Group(group) => {
                let members = reader.all::<User>(scope, "group", Exactly(&group.id))?;
                members.iter().map(Actor::user).collect()
            }
            Holder::Policy(policy) => {
                let arn = policy.arn();
                let mut actors = BTreeMap::new();
                let mut add = |actor: Actor| actors.insert(actor.id.clone(), actor);
                for user in reader.all::<User>(scope, "policy", Exactly(&arn))? {
                    add(Actor::user(&user));
                }
                for role in reader.all::<Role>(scope, "policy", Exactly(&arn))? {
                    add(Actor::role(&role));
                }
                for group in reader.all::<Group>(scope, "policy", Exactly(&arn))? {
                    for user in reader.all::<User>(scope, "group", Exactly(&group.id))? {
                        add(Actor::user(&user));
                    }
                }
                actors.into_values().collect()
            }
        })
    }
}

fn of_arn<E: Entity>(
    reader: &impl Read,
    account: AccountId,
    name: &str,
    arn: &str,
) -> Result<Option<E>, Error> {
    let found = find::<E>(reader, account, name)?;
    Ok(found.filter(|entity| entity.arn().as_str() == arn))
}

fn collect<E: Entity>(
    reader: &impl Read,
    account: AccountId,
    entity: &E,
    kind: &'static str,
    found: &mut Vec<Granting>,
) -> Result<(), Error> {
    for (name, text) in entity.inline() {
        found.push(Granting {
            name: name.clone(),
            arn: None,
            inline_of: Some((kind, entity.name().to_owned())),
            document: parse(text)?,
        });
    }
    for arn in entity.attached() {
        if let Some(policy) = managed::find(reader, account, arn)? {
            found.extend(managed_policy(&policy)?);
        }
    }
    Ok(())
}

/// The policy by the version in force.
fn managed_policy(policy: &Managed) -> Result<Option<Granting>, Error> {
    let default = policy.default_version();
    let versions = policy.versions()?;
    let Some(version) = versions.iter().find(|version| version.number == default) else {
        return Ok(None);
    };
    let arn = policy.arn();
    let name = arn.rsplit('/').next().unwrap_or_default().to_owned();
    Ok(Some(Granting {
        name,
        document: parse(&version.document)?,
        arn: Some(arn),
        inline_of: None,
    }))
}

/// Stored documents were parsed before they were stored.
fn parse(text: &str) -> Result<Document, Error> {
    Document::parse(text, Grammar::Any).map_err(|malformed| Error::internal(malformed.message()))
}

impl Granting {
    /// Whether a statement of it allows anything of the service, whatever its resources and
    /// conditions are.
    pub(crate) fn grants(&self, service: &Service) -> bool {
        self.document
            .allowed_actions()
            .any(|allowed| match allowed {
                AllowedActions::Only(patterns) => {
                    patterns.iter().any(|pattern| is_of(pattern, service))
                }
                AllowedActions::Except(patterns) => !patterns.iter().any(|pattern| {
                    pattern == "*" || (is_of(pattern, service) && pattern.ends_with(":*"))
                }),
            })
    }

    /// Whether a statement of it allows this action.
    pub(crate) fn grants_action(&self, prefix: &str, action: &str) -> bool {
        let name = format!("{prefix}:{action}");
        let matches = |pattern: &String| catalogue::matches(pattern, &name);
        self.document
            .allowed_actions()
            .any(|allowed| match allowed {
                AllowedActions::Only(patterns) => patterns.iter().any(matches),
                AllowedActions::Except(patterns) => !patterns.iter().any(matches),
            })
    }
}

/// Whether a pattern of actions is about the service.
fn is_of(pattern: &str, service: &Service) -> bool {
    let prefix = pattern.split(':').next().unwrap_or_default();
    pattern == "*" || prefix.eq_ignore_ascii_case(service.prefix())
}

/// The services that any of the policies gives rights to, by their prefixes.
pub(crate) fn services(policies: &[Granting]) -> Vec<&'static Service> {
    let named: BTreeSet<_> = catalogue::services()
        .iter()
        .filter(|service| policies.iter().any(|policy| policy.grants(service)))
        .map(Service::prefix)
        .collect();
    named.into_iter().filter_map(catalogue::service).collect()
}

/// A user or a role whose calls are told.
#[derive(Debug, Clone)]
pub(crate) struct Actor {
    /// `AIDA…` or `AROA…`.
    pub(crate) id: String,
    /// Its ARN.
    pub(crate) arn: String,
    /// Its name.
    pub(crate) name: String,
    /// Its path.
    pub(crate) path: String,
    /// `USER` or `ROLE`.
    pub(crate) kind: &'static str,
}

impl Actor {
    fn user(user: &User) -> Actor {
        Actor {
            id: user.id.clone(),
            arn: user.arn().to_string(),
            name: user.name.clone(),
            path: user.path.clone(),
            kind: "USER",
        }
    }

    fn role(role: &Role) -> Actor {
        Actor {
            id: role.id.clone(),
            arn: role.arn().to_string(),
            name: role.name.clone(),
            path: role.path.clone(),
            kind: "ROLE",
        }
    }
}
