//! Roles: identities that others put on for a while.

use facts::OperationFacts;
use identity::{InstanceProfile, LastUsed, Role};
use plane::{Call, Error, Operation, Permit, Touches};
use store::{Exactly, Read as _, Transaction};
use wire::{Input, Output};

use crate::boundary;
use crate::entity::{self, arn_of, ask_bounded, ask_for, require, require_ours, touch_list};
use crate::errors::{Nothing, delete_conflict};
use crate::paging::Paging;
use crate::role_view::RoleView;
use crate::tags::{self, Case, TagInput};
use crate::trust;

/// The longest session of a role, unless set otherwise: an hour.
const MAX_SESSION_S_DEFAULT: u32 = 3600;

/// One role.
#[derive(Output, Debug)]
pub(crate) struct OneRole {
    role: RoleView,
}

/// Makes a role.
#[derive(Input)]
pub(crate) struct CreateRole {
    path: Option<String>,
    role_name: String,
    assume_role_policy_document: String,
    description: Option<String>,
    max_session_duration: Option<u32>,
    permissions_boundary: Option<String>,
    tags: Vec<TagInput>,
}

impl CreateRole {
    fn path(&self) -> &str {
        self.path.as_deref().unwrap_or("/")
    }
}

impl Operation for CreateRole {
    const FACTS: &'static OperationFacts = facts::iam::CREATE_ROLE;
    type Output = OneRole;

    fn touches(&self, call: &Call, _tx: &Transaction) -> Result<Touches, Error> {
        let account = call.account()?;
        let arn = arn_of::<Role>(account, self.path(), &self.role_name);
        let tags = tags::requested(&self.tags);
        let base = |action| ask_for(action, arn.clone(), account).request_tags(&tags);
        let create = base("iam:CreateRole").key_if(
            "iam:PermissionsBoundary",
            self.permissions_boundary.as_deref(),
        );
        let touches = Touches::one(create);
        Ok(if tags.is_empty() {
            touches
        } else {
            touches.and(base("iam:TagRole"))
        })
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<OneRole, Error> {
        let account = permit.account()?;
        let tags = tags::checked(&self.tags, Case::Ignored)?;
        let trust_principals = trust::check(&permit, &self.assume_role_policy_document)?;
        if let Some(arn) = &self.permissions_boundary {
            boundary::check(tx, account, arn)?;
        }
        let role = Role {
            id: permit.new_id("AROA"),
            account,
            name: self.role_name.clone(),
            path: entity::checked_role_path(self.path.as_deref())?.to_owned(),
            created: permit.second(),
            description: self.description.clone(),
            trust_policy: self.assume_role_policy_document.clone(),
            trust_principals,
            max_session_s: self.max_session_duration.unwrap_or(MAX_SESSION_S_DEFAULT),
            tags,
            attached: Vec::new(),
            inline: Default::default(),
            boundary: self.permissions_boundary.clone(),
        };
        entity::insert(&permit, tx, &role)?;
        Ok(OneRole {
            role: RoleView::created(&permit, &role)?,
        })
    }
}

/// Shows a role.
#[derive(Input)]
pub(crate) struct GetRole {
    role_name: String,
}

impl Operation for GetRole {
    const FACTS: &'static OperationFacts = facts::iam::GET_ROLE;
    type Output = OneRole;

    fn touches(&self, call: &Call, tx: &Transaction) -> Result<Touches, Error> {
        let ask = ask_bounded::<Role>(call, tx, "iam:GetRole", &self.role_name)?;
        Ok(Touches::one(ask))
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<OneRole, Error> {
        let role = require::<Role>(tx, permit.account()?, &self.role_name)?;
        Ok(OneRole {
            role: RoleView::whole(&permit, tx, &role)?,
        })
    }
}

/// Lists the roles of the account.
#[derive(Input)]
pub(crate) struct ListRoles {
    path_prefix: Option<String>,
    marker: Option<String>,
    max_items: Option<i32>,
}

/// A page of roles.
#[derive(Output, Debug)]
pub(crate) struct RolePage {
    roles: Vec<RoleView>,
    is_truncated: bool,
    marker: Option<String>,
}

impl Operation for ListRoles {
    const FACTS: &'static OperationFacts = facts::iam::LIST_ROLES;
    type Output = RolePage;

    fn touches(&self, call: &Call, _tx: &Transaction) -> Result<Touches, Error> {
        touch_list::<Role>(call, "iam:ListRoles", self.path_prefix.as_deref())
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<RolePage, Error> {
        let paging = Paging::new(self.marker.as_deref(), self.max_items);
        let page = entity::page_under::<Role>(&permit, tx, paging, self.path_prefix.as_deref())?;
        let views = page
            .items
            .iter()
            .map(|role| RoleView::listed(&permit, role));
        Ok(RolePage {
            is_truncated: page.is_truncated(),
            roles: views.collect::<Result<_, _>>()?,
            marker: page.marker,
        })
    }
}

/// Changes a role's description or its longest session; what is not given stays.
#[derive(Input)]
pub(crate) struct UpdateRole {
    role_name: String,
    description: Option<String>,
    max_session_duration: Option<u32>,
}

impl Operation for UpdateRole {
    const FACTS: &'static OperationFacts = facts::iam::UPDATE_ROLE;
    type Output = Nothing;

    fn touches(&self, call: &Call, tx: &Transaction) -> Result<Touches, Error> {
        let ask = ask_bounded::<Role>(call, tx, "iam:UpdateRole", &self.role_name)?;
        Ok(Touches::one(ask))
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<Nothing, Error> {
        let mut role = require::<Role>(tx, permit.account()?, &self.role_name)?;
        if self.description.is_some() {
            role.description.clone_from(&self.description);
        }
        if let Some(seconds) = self.max_session_duration {
            // The description is all that may be changed of the role of a service.
            if entity::must_be_ours(&role).is_err() {
                return Err(Error::new("UnmodifiableEntity").say(format!(
                    "{} is an AWS service linked role, max session duration cannot be changed.",
                    role.name
                )));
            }
            role.max_session_s = seconds;
        }
        entity::update(tx, &role)?;
        Ok(Nothing {})
    }
}

/// Changes a role's description.
#[derive(Input)]
pub(crate) struct UpdateRoleDescription {
    role_name: String,
    description: String,
}

impl Operation for UpdateRoleDescription {
    const FACTS: &'static OperationFacts = facts::iam::UPDATE_ROLE_DESCRIPTION;
    type Output = OneRole;

    fn touches(&self, call: &Call, tx: &Transaction) -> Result<Touches, Error> {
        let ask = ask_bounded::<Role>(call, tx, "iam:UpdateRoleDescription", &self.role_name)?;
        Ok(Touches::one(ask))
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<OneRole, Error> {
        let mut role = require::<Role>(tx, permit.account()?, &self.role_name)?;
        role.description = Some(self.description.clone());
        entity::update(tx, &role)?;
        Ok(OneRole {
            role: RoleView::described(&permit, &role)?,
        })
    }
}

/// Replaces a role's trust policy. Sessions that exist go on.
#[derive(Input)]
pub(crate) struct UpdateAssumeRolePolicy {
    role_name: String,
    policy_document: String,
}

impl Operation for UpdateAssumeRolePolicy {
    const FACTS: &'static OperationFacts = facts::iam::UPDATE_ASSUME_ROLE_POLICY;
    type Output = Nothing;

    fn touches(&self, call: &Call, tx: &Transaction) -> Result<Touches, Error> {
        let ask = ask_bounded::<Role>(call, tx, "iam:UpdateAssumeRolePolicy", &self.role_name)?;
        Ok(Touches::one(ask))
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<Nothing, Error> {
        let mut role = require_ours::<Role>(tx, permit.account()?, &self.role_name)?;
        role.trust_principals = trust::check(&permit, &self.policy_document)?;
        role.trust_policy.clone_from(&self.policy_document);
        entity::update(tx, &role)?;
        Ok(Nothing {})
    }
}

/// Deletes a role that has no policies any more. Its sessions end with it.
#[derive(Input)]
pub(crate) struct DeleteRole {
    role_name: String,
}

impl Operation for DeleteRole {
    const FACTS: &'static OperationFacts = facts::iam::DELETE_ROLE;
    type Output = Nothing;

    fn touches(&self, call: &Call, tx: &Transaction) -> Result<Touches, Error> {
        let ask = ask_bounded::<Role>(call, tx, "iam:DeleteRole", &self.role_name)?;
        Ok(Touches::one(ask))
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<Nothing, Error> {
        let account = permit.account()?;
        let role = require_ours::<Role>(tx, account, &self.role_name)?;
        if tx.count::<InstanceProfile>(account.as_str(), "role", Exactly(&role.id))? > 0 {
            return Err(delete_conflict("remove roles from instance profile"));
        }
        entity::must_hold_no_policies(&role)?;
        tx.delete::<Role>(account.as_str(), &role.id)?;
        tx.delete::<LastUsed>(account.as_str(), &role.id)?;
        Ok(Nothing {})
    }
}
