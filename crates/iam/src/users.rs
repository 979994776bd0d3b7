//! Users: people and programs with long-term credentials of their own.

use facts::OperationFacts;
use identity::{
    AccessKey, Account, GLOBAL_SCOPE, KeyOwner, LastUsed, LoginProfile, MfaDevice,
    ServiceCredential, SigningCertificate, SshPublicKey, User,
};
use plane::{Call, Error, Operation, Permit, Touches};
use store::{Exactly, Read as _, Transaction};
use wire::{Input, Output};

use crate::boundary::{self, BoundaryView};
use crate::caller::{Subject, subject};
use crate::entity::{self, arn_of, ask_for, require, touch, touch_list};
use crate::errors::{Nothing, delete_conflict, no_such};
use crate::holdings;
use crate::paging::Paging;
use crate::tags::{self, Case, TagInput, TagView};

/// A user as it is shown. `UserName` and `Path` are absent for root only; which of the others
/// are present depends on the operation.
#[derive(Output, Debug)]
pub(crate) struct UserView {
    path: Option<String>,
    user_name: Option<String>,
    user_id: String,
    arn: String,
    create_date: aws::Timestamp,
    password_last_used: Option<aws::Timestamp>,
    permissions_boundary: Option<BoundaryView>,
    tags: Option<Vec<TagView>>,
}

impl UserView {
    /// As listings show it: without tags and boundary.
    pub(crate) fn brief(user: &User) -> UserView {
        UserView {
            path: Some(user.path.clone()),
            user_name: Some(user.name.clone()),
            user_id: user.id.clone(),
            arn: user.arn().to_string(),
            create_date: user.created,
            password_last_used: None,
            permissions_boundary: None,
            tags: None,
        }
    }

    /// The root user.
    pub(crate) fn root(account: &Account) -> UserView {
        UserView {
            path: None,
            user_name: None,
            user_id: account.id.to_string(),
            arn: format!("arn:aws:iam::{}:root", account.id),
            create_date: account.created,
            password_last_used: None,
            permissions_boundary: None,
            tags: None,
        }
    }

    /// With the last use of the password of that user, or of root. Only `GetUser` and
    /// `ListUsers` tell it (IAM API Reference, User), and listings of devices.
    pub(crate) fn with_password_use(
        self,
        tx: &Transaction,
        account: aws::AccountId,
        owner: &KeyOwner,
    ) -> Result<UserView, Error> {
        let use_id = LoginProfile::use_id(account, owner);
        let used = tx.get::<LastUsed>(account.as_str(), &use_id)?;
        Ok(UserView {
            password_last_used: used.map(|used| used.at),
            ..self
        })
    }

    fn whole(user: &User) -> UserView {
        UserView {
            permissions_boundary: boundary::shown(user.boundary.as_deref()),
            tags: tags::shown_if_any(&user.tags),
            ..UserView::brief(user)
        }
    }
}

/// One user.
#[derive(Output, Debug)]
pub(crate) struct OneUser {
    user: UserView,
}

/// Makes a user.
#[derive(Input)]
pub(crate) struct CreateUser {
    path: Option<String>,
    user_name: String,
    permissions_boundary: Option<String>,
    tags: Vec<TagInput>,
}

impl CreateUser {
    fn path(&self) -> &str {
        self.path.as_deref().unwrap_or("/")
    }
}

impl Operation for CreateUser {
    const FACTS: &'static OperationFacts = facts::iam::CREATE_USER;
    type Output = OneUser;

    fn touches(&self, call: &Call, _tx: &Transaction) -> Result<Touches, Error> {
        let account = call.account()?;
        let arn = arn_of::<User>(account, self.path(), &self.user_name);
        let tags = tags::requested(&self.tags);
        let base = |action| ask_for(action, arn.clone(), account).request_tags(&tags);
        let create = base("iam:CreateUser").key_if(
            "iam:PermissionsBoundary",
            self.permissions_boundary.as_deref(),
        );
        let touches = Touches::one(create);
        Ok(if tags.is_empty() {
            touches
        } else {
            touches.and(base("iam:TagUser"))
        })
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<OneUser, Error> {
        let account = permit.account()?;
        let tags = tags::checked(&self.tags, Case::Ignored)?;
        if let Some(arn) = &self.permissions_boundary {
            boundary::check(tx, account, arn)?;
        }
        let user = User {
            id: permit.new_id("AIDA"),
            account,
            name: self.user_name.clone(),
            path: entity::path_or_root(self.path.as_deref()).to_owned(),
            created: permit.second(),
            tags,
            groups: Vec::new(),
            attached: Vec::new(),
            inline: Default::default(),
            boundary: self.permissions_boundary.clone(),
        };
        entity::insert(&permit, tx, &user)?;
        Ok(OneUser {
            user: UserView::whole(&user),
        })
    }
}

/// Shows a user, or whoever calls.
#[derive(Input)]
pub(crate) struct GetUser {
    user_name: Option<String>,
}

impl Operation for GetUser {
    const FACTS: &'static OperationFacts = facts::iam::GET_USER;
    type Output = OneUser;

    fn touches(&self, call: &Call, tx: &Transaction) -> Result<Touches, Error> {
        let subject = subject(call, tx, self.user_name.as_deref())?;
        Ok(Touches::one(subject.ask(call, "iam:GetUser")?))
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<OneUser, Error> {
        let subject = subject(&permit, tx, self.user_name.as_deref())?;
        let owner = subject.owner()?;
        let user = match subject {
            Subject::User(user) => UserView::whole(&user),
            Subject::Root(account) => UserView::root(&account),
            Subject::Nobody(name) => return Err(no_such("user", &name)),
        };
        Ok(OneUser {
            user: user.with_password_use(tx, permit.account()?, &owner)?,
        })
    }
}

/// Lists the users of the account.
#[derive(Input)]
pub(crate) struct ListUsers {
    path_prefix: Option<String>,
    marker: Option<String>,
    max_items: Option<i32>,
}

/// A page of users.
#[derive(Output, Debug)]
pub(crate) struct UserPage {
    users: Vec<UserView>,
    is_truncated: bool,
    marker: Option<String>,
}

impl Operation for ListUsers {
    const FACTS: &'static OperationFacts = facts::iam::LIST_USERS;
    type Output = UserPage;

    fn touches(&self, call: &Call, _tx: &Transaction) -> Result<Touches, Error> {
        touch_list::<User>(call, "iam:ListUsers", self.path_prefix.as_deref())
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<UserPage, Error> {
        let account = permit.account()?;
        let paging = Paging::new(self.marker.as_deref(), self.max_items);
        let page = entity::page_under::<User>(&permit, tx, paging, self.path_prefix.as_deref())?;
        let view = |user: &User| {
            let owner = KeyOwner::User(user.id.clone());
            UserView::brief(user).with_password_use(tx, account, &owner)
        };
        Ok(UserPage {
            is_truncated: page.is_truncated(),
            users: page.items.iter().map(view).collect::<Result<_, _>>()?,
            marker: page.marker,
        })
    }
}

/// Renames a user, or moves it to another path. Its id, keys, groups and policies stay.
#[derive(Input)]
pub(crate) struct UpdateUser {
    user_name: String,
    new_path: Option<String>,
    new_user_name: Option<String>,
}

impl UpdateUser {
    fn change(&self, mut user: User) -> User {
        if let Some(path) = &self.new_path {
            user.path.clone_from(path);
        }
        if let Some(name) = &self.new_user_name {
            user.name.clone_from(name);
        }
        user
    }
}

impl Operation for UpdateUser {
    const FACTS: &'static OperationFacts = facts::iam::UPDATE_USER;
    type Output = Nothing;

    fn touches(&self, call: &Call, tx: &Transaction) -> Result<Touches, Error> {
        let renamed = |user| self.change(user);
        entity::touch_renaming(call, tx, "iam:UpdateUser", &self.user_name, renamed)
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<Nothing, Error> {
        let user = require::<User>(tx, permit.account()?, &self.user_name)?;
        entity::update(tx, &self.change(user))?;
        Ok(Nothing {})
    }
}

/// Deletes a user that holds nothing any more.
#[derive(Input)]
pub(crate) struct DeleteUser {
    user_name: String,
}

impl Operation for DeleteUser {
    const FACTS: &'static OperationFacts = facts::iam::DELETE_USER;
    type Output = Nothing;

    fn touches(&self, call: &Call, tx: &Transaction) -> Result<Touches, Error> {
        touch::<User>(call, tx, "iam:DeleteUser", &self.user_name)
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<Nothing, Error> {
        let account = permit.account()?;
        let user = require::<User>(tx, account, &self.user_name)?;
        entity::must_hold_no_policies(&user)?;
        let owner = KeyOwner::User(user.id.clone());
        let keys = AccessKey::owner_value(account, &owner);
        if tx.count::<AccessKey>(GLOBAL_SCOPE, "owner", Exactly(&keys))? > 0 {
            return Err(delete_conflict("delete access keys"));
        }
        let profile = LoginProfile::id_of(account, &owner);
        if tx
            .get::<LoginProfile>(account.as_str(), &profile)?
            .is_some()
        {
            return Err(delete_conflict("delete login profile"));
        }
        let devices = MfaDevice::owner_value(account, &owner);
        if tx.count::<MfaDevice>(account.as_str(), "owner", Exactly(&devices))? > 0 {
            return Err(delete_conflict("remove tokens from principal"));
        }
        let first = "delete certificates";
        holdings::must_hold_none::<SigningCertificate>(tx, &permit, &owner, first)?;
        let first = "remove referenced objects";
        holdings::must_hold_none::<SshPublicKey>(tx, &permit, &owner, first)?;
        holdings::must_hold_none::<ServiceCredential>(tx, &permit, &owner, first)?;
        if !user.groups.is_empty() {
            return Err(delete_conflict("remove users from group"));
        }
        tx.delete::<User>(account.as_str(), &user.id)?;
        tx.delete::<LastUsed>(account.as_str(), &user.id)?;
        Ok(Nothing {})
    }
}
