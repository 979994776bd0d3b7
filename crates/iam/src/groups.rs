//! Groups: policies that many users share.

use facts::OperationFacts;
use identity::{Group, User};
use plane::{Call, Error, Operation, Permit, Touches};
use store::{Exactly, Read as _, Transaction};
use wire::{Input, Output};

use crate::entity::{self, arn_of, ask_for, require, touch, touch_list};
use crate::errors::{Nothing, delete_conflict, over_quota};
use crate::paging::Paging;
use crate::quotas;
use crate::users::UserView;

/// A group as it is shown.
#[derive(Output, Debug)]
pub(crate) struct GroupView {
    path: String,
    group_name: String,
    group_id: String,
    arn: String,
    create_date: aws::Timestamp,
}

impl GroupView {
    /// As all operations show it.
    pub(crate) fn of(group: &Group) -> GroupView {
        GroupView {
            path: group.path.clone(),
            group_name: group.name.clone(),
            group_id: group.id.clone(),
            arn: group.arn().to_string(),
            create_date: group.created,
        }
    }
}

/// One group.
#[derive(Output, Debug)]
pub(crate) struct OneGroup {
    group: GroupView,
}

/// Makes a group.
#[derive(Input)]
pub(crate) struct CreateGroup {
    path: Option<String>,
    group_name: String,
}

impl CreateGroup {
    fn path(&self) -> &str {
        self.path.as_deref().unwrap_or("/")
    }
}

impl Operation for CreateGroup {
    const FACTS: &'static OperationFacts = facts::iam::CREATE_GROUP;
    type Output = OneGroup;

    fn touches(&self, call: &Call, _tx: &Transaction) -> Result<Touches, Error> {
        let account = call.account()?;
        let arn = arn_of::<Group>(account, self.path(), &self.group_name);
        Ok(Touches::one(ask_for("iam:CreateGroup", arn, account)))
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<OneGroup, Error> {
        let group = Group {
            id: permit.new_id("AGPA"),
            account: permit.account()?,
            name: self.group_name.clone(),
            path: entity::path_or_root(self.path.as_deref()).to_owned(),
            created: permit.second(),
            attached: Vec::new(),
            inline: Default::default(),
        };
        entity::insert(&permit, tx, &group)?;
        Ok(OneGroup {
            group: GroupView::of(&group),
        })
    }
}

/// Shows a group and a page of its users.
#[derive(Input)]
pub(crate) struct GetGroup {
    group_name: String,
    marker: Option<String>,
    max_items: Option<i32>,
}

/// A group and a page of its users.
#[derive(Output, Debug)]
pub(crate) struct GroupWithUsers {
    group: GroupView,
    users: Vec<UserView>,
    is_truncated: bool,
    marker: Option<String>,
}

impl Operation for GetGroup {
    const FACTS: &'static OperationFacts = facts::iam::GET_GROUP;
    type Output = GroupWithUsers;

    fn touches(&self, call: &Call, tx: &Transaction) -> Result<Touches, Error> {
        touch::<Group>(call, tx, "iam:GetGroup", &self.group_name)
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<GroupWithUsers, Error> {
        let account = permit.account()?;
        let group = require::<Group>(tx, account, &self.group_name)?;
        let page = Paging::new(self.marker.as_deref(), self.max_items).stored(
            tx,
            account.as_str(),
            "group",
            Exactly(&group.id),
            |_: &User| true,
        )?;
        Ok(GroupWithUsers {
            group: GroupView::of(&group),
            is_truncated: page.is_truncated(),
            users: page.items.iter().map(UserView::brief).collect(),
            marker: page.marker,
        })
    }
}

/// A page of groups.
#[derive(Output, Debug)]
pub(crate) struct GroupPage {
    groups: Vec<GroupView>,
    is_truncated: bool,
    marker: Option<String>,
}

/// Lists the groups of the account.
#[derive(Input)]
pub(crate) struct ListGroups {
    path_prefix: Option<String>,
    marker: Option<String>,
    max_items: Option<i32>,
}

impl Operation for ListGroups {
    const FACTS: &'static OperationFacts = facts::iam::LIST_GROUPS;
    type Output = GroupPage;

    fn touches(&self, call: &Call, _tx: &Transaction) -> Result<Touches, Error> {
        touch_list::<Group>(call, "iam:ListGroups", self.path_prefix.as_deref())
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<GroupPage, Error> {
        let paging = Paging::new(self.marker.as_deref(), self.max_items);
        let page = entity::page_under::<Group>(&permit, tx, paging, self.path_prefix.as_deref())?;
        Ok(GroupPage {
            is_truncated: page.is_truncated(),
            groups: page.items.iter().map(GroupView::of).collect(),
            marker: page.marker,
        })
    }
}

/// Renames a group, or moves it to another path. Its id, users and policies stay.
#[derive(Input)]
pub(crate) struct UpdateGroup {
    group_name: String,
    new_path: Option<String>,
    new_group_name: Option<String>,
}

impl UpdateGroup {
    fn change(&self, mut group: Group) -> Group {
        if let Some(path) = &self.new_path {
            group.path.clone_from(path);
        }
        if let Some(name) = &self.new_group_name {
            group.name.clone_from(name);
        }
        group
    }
}

impl Operation for UpdateGroup {
    const FACTS: &'static OperationFacts = facts::iam::UPDATE_GROUP;
    type Output = Nothing;

    fn touches(&self, call: &Call, tx: &Transaction) -> Result<Touches, Error> {
        let renamed = |group| self.change(group);
        entity::touch_renaming(call, tx, "iam:UpdateGroup", &self.group_name, renamed)
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<Nothing, Error> {
        let group = require::<Group>(tx, permit.account()?, &self.group_name)?;
        entity::update(tx, &self.change(group))?;
        Ok(Nothing {})
    }
}

/// Deletes a group that has no users and no policies any more.
#[derive(Input)]
pub(crate) struct DeleteGroup {
    group_name: String,
}

impl Operation for DeleteGroup {
    const FACTS: &'static OperationFacts = facts::iam::DELETE_GROUP;
    type Output = Nothing;

    fn touches(&self, call: &Call, tx: &Transaction) -> Result<Touches, Error> {
        touch::<Group>(call, tx, "iam:DeleteGroup", &self.group_name)
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<Nothing, Error> {
        let account = permit.account()?;
        let group = require::<Group>(tx, account, &self.group_name)?;
        entity::must_hold_no_policies(&group)?;
        if tx.count::<User>(account.as_str(), "group", Exactly(&group.id))? > 0 {
            return Err(delete_conflict("remove users from group"));
        }
        tx.delete::<Group>(account.as_str(), &group.id)?;
        Ok(Nothing {})
    }
}

/// Puts a user into a group.
#[derive(Input)]
pub(crate) struct AddUserToGroup {
    group_name: String,
    user_name: String,
}

impl Operation for AddUserToGroup {
    const FACTS: &'static OperationFacts = facts::iam::ADD_USER_TO_GROUP;
    type Output = Nothing;

    fn touches(&self, call: &Call, tx: &Transaction) -> Result<Touches, Error> {
        touch::<Group>(call, tx, "iam:AddUserToGroup", &self.group_name)
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<Nothing, Error> {
        let account = permit.account()?;
        let mut user = require::<User>(tx, account, &self.user_name)?;
        let group = require::<Group>(tx, account, &self.group_name)?;
        if user.groups.contains(&group.id) {
            return Ok(Nothing {});
        }
        user.groups.push(group.id);
        if u64::try_from(user.groups.len()).is_ok_and(|count| count > quotas::GROUPS_PER_USER) {
            return Err(over_quota("GroupsPerUser", quotas::GROUPS_PER_USER));
        }
        entity::update(tx, &user)?;
        Ok(Nothing {})
    }
}

/// Takes a user out of a group. One who is not in it is no error.
#[derive(Input)]
pub(crate) struct RemoveUserFromGroup {
    group_name: String,
    user_name: String,
}

impl Operation for RemoveUserFromGroup {
    const FACTS: &'static OperationFacts = facts::iam::REMOVE_USER_FROM_GROUP;
    type Output = Nothing;

    fn touches(&self, call: &Call, tx: &Transaction) -> Result<Touches, Error> {
        touch::<Group>(call, tx, "iam:RemoveUserFromGroup", &self.group_name)
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<Nothing, Error> {
        let account = permit.account()?;
        let mut user = require::<User>(tx, account, &self.user_name)?;
        let group = require::<Group>(tx, account, &self.group_name)?;
        user.groups.retain(|id| *id != group.id);
        entity::update(tx, &user)?;
        Ok(Nothing {})
    }
}

/// Lists the groups that a user is in.
#[derive(Input)]
pub(crate) struct ListGroupsForUser {
    user_name: String,
    marker: Option<String>,
    max_items: Option<i32>,
}

impl Operation for ListGroupsForUser {
    const FACTS: &'static OperationFacts = facts::iam::LIST_GROUPS_FOR_USER;
    type Output = GroupPage;

    fn touches(&self, call: &Call, tx: &Transaction) -> Result<Touches, Error> {
        touch::<User>(call, tx, "iam:ListGroupsForUser", &self.user_name)
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<GroupPage, Error> {
        let account = permit.account()?;
        let user = require::<User>(tx, account, &self.user_name)?;
        let mut groups = Vec::new();
        for id in &user.groups {
            groups.extend(tx.get::<Group>(account.as_str(), id)?);
        }
        groups.sort_by_key(|group| group.name.to_lowercase());
        let page = Paging::new(self.marker.as_deref(), self.max_items).of(groups)?;
        Ok(GroupPage {
            is_truncated: page.is_truncated(),
            groups: page.items.iter().map(GroupView::of).collect(),
            marker: page.marker,
        })
    }
}
