//! Whom a managed policy is attached to, and whom it bounds.

use std::collections::BTreeSet;

use facts::OperationFacts;
use identity::{Group, Role, User};
use plane::{Call, Error, Operation, Permit, Touches};
use store::{Exactly, Read as _, Transaction};
use wire::{Input, Output};

use crate::entity::{Entity, is_under};
use crate::managed::{self, ask_to_see};
use crate::paging::Paging;

/// Lists the users, groups and roles that use a policy.
#[derive(Input)]
pub(crate) struct ListEntitiesForPolicy {
    policy_arn: String,
    entity_filter: Option<String>,
    path_prefix: Option<String>,
    policy_usage_filter: Option<String>,
    marker: Option<String>,
    max_items: Option<i32>,
}

/// A page of entities, by kind.
#[derive(Output, Debug, Default)]
pub(crate) struct EntityPage {
    policy_groups: Vec<GroupEntry>,
    policy_users: Vec<UserEntry>,
    policy_roles: Vec<RoleEntry>,
    is_truncated: bool,
    marker: Option<String>,
}

/// A group that uses the policy.
#[derive(Output, Debug)]
pub(crate) struct GroupEntry {
    group_name: String,
    group_id: String,
}

/// A user who uses the policy.
#[derive(Output, Debug)]
pub(crate) struct UserEntry {
    user_name: String,
    user_id: String,
}

/// A role that uses the policy.
#[derive(Output, Debug)]
pub(crate) struct RoleEntry {
    role_name: String,
    role_id: String,
}

/// One entry of any kind, as long as the pages are not cut.
enum Entry {
    Group(GroupEntry),
    User(UserEntry),
    Role(RoleEntry),
}

impl Operation for ListEntitiesForPolicy {
    const FACTS: &'static OperationFacts = facts::iam::LIST_ENTITIES_FOR_POLICY;
    type Output = EntityPage;

    fn touches(&self, call: &Call, tx: &Transaction) -> Result<Touches, Error> {
        let ask = ask_to_see(call, tx, "iam:ListEntitiesForPolicy", &self.policy_arn)?;
        Ok(Touches::one(ask))
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<EntityPage, Error> {
        managed::find(tx, permit.account()?, &self.policy_arn)?
            .ok_or_else(|| managed::not_attachable(&self.policy_arn))?;
        let groups = self.using::<Group>(&permit, tx, "Group")?.into_iter();
        let users = self.using::<User>(&permit, tx, "User")?.into_iter();
        let roles = self.using::<Role>(&permit, tx, "Role")?.into_iter();
        let groups = groups.map(|group| {
            Entry::Group(GroupEntry {
                group_name: group.name,
                group_id: group.id,
            })
        });
        let users = users.map(|user| {
            Entry::User(UserEntry {
                user_name: user.name,
                user_id: user.id,
            })
        });
        let roles = roles.map(|role| {
            Entry::Role(RoleEntry {
                role_name: role.name,
                role_id: role.id,
            })
        });
        let all = groups.chain(users).chain(roles).collect();
        let page = Paging::new(self.marker.as_deref(), self.max_items).of(all)?;
        let mut answer = EntityPage {
            is_truncated: page.is_truncated(),
            marker: page.marker,
            ..EntityPage::default()
        };
        for entry in page.items {
            match entry {
                Entry::Group(group) => answer.policy_groups.push(group),
                Entry::User(user) => answer.policy_users.push(user),
                Entry::Role(role) => answer.policy_roles.push(role),
            }
        }
        Ok(answer)
    }
}

impl ListEntitiesForPolicy {
    /// The entities of one kind that use the policy as the request wants it, each once,
    /// by name.
    fn using<E: Entity>(&self, call: &Call, tx: &Transaction, kind: &str) -> Result<Vec<E>, Error> {
        if self
            .entity_filter
            .as_deref()
            .is_some_and(|filter| filter != kind)
        {
            return Ok(Vec::new());
        }
        let account = call.account()?;
        let mut seen = BTreeSet::new();
        let mut found = Vec::new();
        for (index, usage) in [
            ("policy", "PermissionsPolicy"),
            ("boundary", "PermissionsBoundary"),
        ] {
            if self
                .policy_usage_filter
                .as_deref()
                .is_some_and(|filter| filter != usage)
            {
                continue;
            }
            let using = tx.all::<E>(account.as_str(), index, Exactly(&self.policy_arn))?;
            let prefix = self.path_prefix.as_deref();
            found.extend(using.into_iter().filter(|entity| {
                is_under(entity.path(), prefix) && seen.insert(entity.id().into_owned())
            }));
        }
        found.sort_by_key(|entity| entity.name().to_lowercase());
        Ok(found)
    }
}
