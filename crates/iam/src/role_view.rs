//! A role as it is shown.

use identity::{LastUsed, Role};
use plane::{Call, Error};
use store::{Read as _, Transaction};
use wire::Output;

use crate::boundary::{self, BoundaryView};
use crate::tags::{self, TagView};
use crate::trust;

/// A role as it is shown. Which members are present depends on the operation.
#[derive(Output, Debug)]
pub(crate) struct RoleView {
    path: String,
    role_name: String,
    role_id: String,
    arn: String,
    create_date: aws::Timestamp,
    assume_role_policy_document: String,
    description: Option<String>,
    max_session_duration: Option<u32>,
    permissions_boundary: Option<BoundaryView>,
    tags: Option<Vec<TagView>>,
    role_last_used: Option<RoleLastUsedView>,
}

/// When and where a role was last used; empty if never.
#[derive(Output, Debug)]
pub(crate) struct RoleLastUsedView {
    last_used_date: Option<aws::Timestamp>,
    region: Option<String>,
}

impl RoleLastUsedView {
    /// The last use that is on record.
    pub(crate) fn of(tx: &Transaction, role: &Role) -> Result<RoleLastUsedView, Error> {
        let used = tx.get::<LastUsed>(role.account.as_str(), &role.id)?;
        let (last_used_date, region) = used.map(|used| (used.at, used.region)).unzip();
        Ok(RoleLastUsedView {
            last_used_date,
            region,
        })
    }
}

impl RoleView {
    /// What all operations show, and all that instance profiles show.
    pub(crate) fn core(call: &Call, role: &Role) -> Result<RoleView, Error> {
        Ok(RoleView {
            path: role.path.clone(),
            role_name: role.name.clone(),
            role_id: role.id.clone(),
            arn: role.arn().to_string(),
            create_date: role.created,
            assume_role_policy_document: trust::shown(call, role)?,
            description: None,
            max_session_duration: None,
            permissions_boundary: None,
            tags: None,
            role_last_used: None,
        })
    }

    /// As it is shown to whoever made it: neither description nor duration.
    pub(crate) fn created(call: &Call, role: &Role) -> Result<RoleView, Error> {
        Ok(RoleView {
            permissions_boundary: boundary::shown(role.boundary.as_deref()),
            tags: tags::shown_if_any(&role.tags),
            ..RoleView::core(call, role)?
        })
    }

    /// As listings show it: without tags, boundary and last use.
    pub(crate) fn listed(call: &Call, role: &Role) -> Result<RoleView, Error> {
        Ok(RoleView {
            description: description(role),
            max_session_duration: Some(role.max_session_s),
            ..RoleView::core(call, role)?
        })
    }

    /// As `UpdateRoleDescription` answers.
    pub(crate) fn described(call: &Call, role: &Role) -> Result<RoleView, Error> {
        Ok(RoleView {
            description: description(role),
            ..RoleView::core(call, role)?
        })
    }

    /// With everything.
    pub(crate) fn whole(call: &Call, tx: &Transaction, role: &Role) -> Result<RoleView, Error> {
        Ok(RoleView {
            permissions_boundary: boundary::shown(role.boundary.as_deref()),
            tags: tags::shown_if_any(&role.tags),
            role_last_used: Some(RoleLastUsedView::of(tx, role)?),
            ..RoleView::listed(call, role)?
        })
    }
}

fn description(role: &Role) -> Option<String> {
    role.description.clone()
}
