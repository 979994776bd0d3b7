//! Instance profiles: what a machine is given so that it may put on a role.

use aws::AccountId;
use facts::OperationFacts;
use identity::{Ask, InstanceProfile, Role, Tag};
use plane::{Call, Error, Operation, Permit, Touches};
use store::{Exactly, OrElseTaken as _, Read, Transaction};
use wire::{Input, Output};

use crate::entity::{self, is_under};
use crate::errors::{Nothing, delete_conflict, no_such_entity, over_quota};
use crate::paging::{Page, Paging};
use crate::resource_tags::{Tagged, tag_operations};
use crate::role_view::RoleView;
use crate::tags::{self, Case, TagInput, TagView};

/// Who puts on a role by way of a profile.
const PASSED_TO: &str = "ec2.amazonaws.com";

/// A profile as it is shown.
#[derive(Output, Debug)]
pub(crate) struct ProfileView {
    path: String,
    instance_profile_name: String,
    instance_profile_id: String,
    arn: String,
    create_date: aws::Timestamp,
    roles: Vec<RoleView>,
    tags: Option<Vec<TagView>>,
}

impl ProfileView {
    /// As listings show it: without tags.
    pub(crate) fn listed(
        call: &Call,
        reader: &impl Read,
        profile: &InstanceProfile,
    ) -> Result<ProfileView, Error> {
        let role = match &profile.role {
            Some(id) => reader.get::<Role>(profile.account.as_str(), id)?,
            None => None,
        };
        let role = role.map(|role| RoleView::core(call, &role)).transpose()?;
        Ok(ProfileView {
            path: profile.path.clone(),
            instance_profile_name: profile.name.clone(),
            instance_profile_id: profile.id.clone(),
            arn: profile.arn().to_string(),
            create_date: profile.created,
            roles: role.into_iter().collect(),
            tags: None,
        })
    }

    /// With its tags, a list that may be empty.
    fn whole(
        call: &Call,
        reader: &impl Read,
        profile: &InstanceProfile,
    ) -> Result<ProfileView, Error> {
        Ok(ProfileView {
            tags: Some(tags::shown(&profile.tags)),
            ..ProfileView::listed(call, reader, profile)?
        })
    }
}

fn find(
    reader: &impl Read,
    account: AccountId,
    name: &str,
) -> Result<Option<InstanceProfile>, Error> {
    Ok(reader.find(account.as_str(), "name", &name.to_lowercase())?)
}

impl Tagged for InstanceProfile {
    fn ask(call: &Call, tx: &Transaction, action: &'static str, name: &str) -> Result<Ask, Error> {
        let account = call.account()?;
        Ok(match find(tx, account, name)? {
            Some(profile) => {
                entity::ask_for(action, profile.arn(), account).resource_tags("iam", &profile.tags)
            }
            None => entity::ask_for(action, InstanceProfile::arn_of(account, "/", name), account),
        }
        .called(format!("instance profile {name}")))
    }

    fn require(tx: &Transaction, call: &Call, name: &str) -> Result<InstanceProfile, Error> {
        find(tx, call.account()?, name)?
            .ok_or_else(|| no_such_entity(format!("Instance Profile {name} cannot be found.")))
    }

    fn owner(&self) -> AccountId {
        self.account
    }

    fn tags_mut(&mut self) -> &mut Vec<Tag> {
        &mut self.tags
    }
}

tag_operations! {
    of InstanceProfile, by instance_profile_name;
    TagInstanceProfile = TAG_INSTANCE_PROFILE,
    UntagInstanceProfile = UNTAG_INSTANCE_PROFILE,
    ListInstanceProfileTags = LIST_INSTANCE_PROFILE_TAGS,
}

/// Makes a profile without a role.
#[derive(Input)]
pub(crate) struct CreateInstanceProfile {
    instance_profile_name: String,
    path: Option<String>,
    tags: Vec<TagInput>,
}

/// One profile.
#[derive(Output, Debug)]
pub(crate) struct OneProfile {
    instance_profile: ProfileView,
}

impl Operation for CreateInstanceProfile {
    const FACTS: &'static OperationFacts = facts::iam::CREATE_INSTANCE_PROFILE;
    type Output = OneProfile;

    fn touches(&self, call: &Call, _tx: &Transaction) -> Result<Touches, Error> {
        let account = call.account()?;
        let tags = tags::requested(&self.tags);
        let path = self.path.as_deref().unwrap_or("/");
        let arn = InstanceProfile::arn_of(account, path, &self.instance_profile_name);
        let base = |action| entity::ask_for(action, arn.clone(), account).request_tags(&tags);
        let touches = Touches::one(base("iam:CreateInstanceProfile"));
        Ok(if tags.is_empty() {
            touches
        } else {
            touches.and(base("iam:TagInstanceProfile"))
        })
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<OneProfile, Error> {
        let account = permit.account()?;
        let tags = tags::checked(&self.tags, Case::Told)?;
        let profile = InstanceProfile {
            id: permit.new_id("AIPA"),
            account,
            name: self.instance_profile_name.clone(),
            path: entity::path_or_root(self.path.as_deref()).to_owned(),
            created: permit.second(),
            role: None,
            tags: tags::ordered(tags),
        };
        tx.insert(account.as_str(), &profile).or_else_taken(|_| {
            let name = &profile.name;
            Error::new("EntityAlreadyExists")
                .say(format!("Instance Profile {name} already exists."))
        })?;
        let most = permit.directory().quotas().instance_profiles;
        if !tx.within::<InstanceProfile>(account.as_str(), "name", "", most)? {
            return Err(over_quota("InstanceProfilesPerAccount", most));
        }
        Ok(OneProfile {
            instance_profile: ProfileView {
                tags: tags::shown_if_any(&profile.tags),
                ..ProfileView::listed(&permit, tx, &profile)?
            },
        })
    }
}

/// Shows a profile.
#[derive(Input)]
pub(crate) struct GetInstanceProfile {
    instance_profile_name: String,
}

impl Operation for GetInstanceProfile {
    const FACTS: &'static OperationFacts = facts::iam::GET_INSTANCE_PROFILE;
    type Output = OneProfile;

    fn touches(&self, call: &Call, tx: &Transaction) -> Result<Touches, Error> {
        let name = &self.instance_profile_name;
        let ask = InstanceProfile::ask(call, tx, "iam:GetInstanceProfile", name)?;
        Ok(Touches::one(ask))
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<OneProfile, Error> {
        let profile = InstanceProfile::require(tx, &permit, &self.instance_profile_name)?;
        Ok(OneProfile {
            instance_profile: ProfileView::whole(&permit, tx, &profile)?,
        })
    }
}

/// Deletes a profile that has no role any more.
#[derive(Input)]
pub(crate) struct DeleteInstanceProfile {
    instance_profile_name: String,
}

impl Operation for DeleteInstanceProfile {
    const FACTS: &'static OperationFacts = facts::iam::DELETE_INSTANCE_PROFILE;
    type Output = Nothing;

    fn touches(&self, call: &Call, tx: &Transaction) -> Result<Touches, Error> {
        let name = &self.instance_profile_name;
        let ask = InstanceProfile::ask(call, tx, "iam:DeleteInstanceProfile", name)?;
        Ok(Touches::one(ask))
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<Nothing, Error> {
        let profile = InstanceProfile::require(tx, &permit, &self.instance_profile_name)?;
        if profile.role.is_some() {
            return Err(delete_conflict("remove roles from instance profile"));
        }
        tx.delete::<InstanceProfile>(profile.account.as_str(), &profile.id)?;
        Ok(Nothing {})
    }
}

/// A page of profiles.
#[derive(Output, Debug)]
pub(crate) struct ProfilePage {
    instance_profiles: Vec<ProfileView>,
    is_truncated: bool,
    marker: Option<String>,
}

impl ProfilePage {
    fn of(
        call: &Call,
        tx: &Transaction,
        page: Page<InstanceProfile>,
    ) -> Result<ProfilePage, Error> {
        let view = |profile| ProfileView::listed(call, tx, profile);
        Ok(ProfilePage {
            is_truncated: page.is_truncated(),
            instance_profiles: page.items.iter().map(view).collect::<Result<_, _>>()?,
            marker: page.marker,
        })
    }
}

/// Lists the profiles of the account.
#[derive(Input)]
pub(crate) struct ListInstanceProfiles {
    path_prefix: Option<String>,
    marker: Option<String>,
    max_items: Option<i32>,
}

impl Operation for ListInstanceProfiles {
    const FACTS: &'static OperationFacts = facts::iam::LIST_INSTANCE_PROFILES;
    type Output = ProfilePage;

    fn touches(&self, call: &Call, _tx: &Transaction) -> Result<Touches, Error> {
        let account = call.account()?;
        let under = self.path_prefix.as_deref().unwrap_or("/");
        let arn = InstanceProfile::arn_of(account, under, "");
        let ask = entity::ask_for("iam:ListInstanceProfiles", arn, account);
        Ok(Touches::one(ask))
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<ProfilePage, Error> {
        let scope = permit.account()?;
        let under =
            |profile: &InstanceProfile| is_under(&profile.path, self.path_prefix.as_deref());
        let paging = Paging::new(self.marker.as_deref(), self.max_items);
        let page = paging.stored(tx, scope.as_str(), "name", "", under)?;
        ProfilePage::of(&permit, tx, page)
    }
}

/// Lists the profiles that a role is in.
#[derive(Input)]
pub(crate) struct ListInstanceProfilesForRole {
    role_name: String,
    marker: Option<String>,
    max_items: Option<i32>,
}

impl Operation for ListInstanceProfilesForRole {
    const FACTS: &'static OperationFacts = facts::iam::LIST_INSTANCE_PROFILES_FOR_ROLE;
    type Output = ProfilePage;

    fn touches(&self, call: &Call, tx: &Transaction) -> Result<Touches, Error> {
        entity::touch::<Role>(call, tx, "iam:ListInstanceProfilesForRole", &self.role_name)
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<ProfilePage, Error> {
        let scope = permit.account()?;
        let role = entity::require::<Role>(tx, scope, &self.role_name)?;
        let paging = Paging::new(self.marker.as_deref(), self.max_items);
        let of_role = Exactly(&role.id);
        let page = paging.stored(
            tx,
            scope.as_str(),
            "role",
            of_role,
            |_: &InstanceProfile| true,
        )?;
        ProfilePage::of(&permit, tx, page)
    }
}

/// Puts a role into a profile.
#[derive(Input)]
pub(crate) struct AddRoleToInstanceProfile {
    instance_profile_name: String,
    role_name: String,
}

impl Operation for AddRoleToInstanceProfile {
    const FACTS: &'static OperationFacts = facts::iam::ADD_ROLE_TO_INSTANCE_PROFILE;
    type Output = Nothing;

    // "The caller of this operation must be granted the PassRole permission on the IAM role"
    // (IAM API Reference, AddRoleToInstanceProfile).
    fn touches(&self, call: &Call, tx: &Transaction) -> Result<Touches, Error> {
        let name = &self.instance_profile_name;
        let add = InstanceProfile::ask(call, tx, "iam:AddRoleToInstanceProfile", name)?;
        let mut pass = entity::ask::<Role>(call, tx, "iam:PassRole", &self.role_name)?;
        // As every service does that a role is handed to, a refusal says the role's ARN.
        pass.called = None;
        Ok(Touches::one(add).and(pass.key("iam:PassedToService", PASSED_TO)))
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<Nothing, Error> {
        let account = permit.account()?;
        let mut profile = InstanceProfile::require(tx, &permit, &self.instance_profile_name)?;
        let role = entity::require::<Role>(tx, account, &self.role_name)?;
        entity::must_be_ours(&role)?;
        if profile.role.is_some() {
            return Err(over_quota("InstanceSessionsPerInstanceProfile", 1));
        }
        profile.role = Some(role.id);
        tx.update(account.as_str(), &profile)?;
        Ok(Nothing {})
    }
}

/// Takes a role out of a profile.
#[derive(Input)]
pub(crate) struct RemoveRoleFromInstanceProfile {
    instance_profile_name: String,
    role_name: String,
}

impl Operation for RemoveRoleFromInstanceProfile {
    const FACTS: &'static OperationFacts = facts::iam::REMOVE_ROLE_FROM_INSTANCE_PROFILE;
    type Output = Nothing;

    fn touches(&self, call: &Call, tx: &Transaction) -> Result<Touches, Error> {
        let name = &self.instance_profile_name;
        let ask = InstanceProfile::ask(call, tx, "iam:RemoveRoleFromInstanceProfile", name)?;
        Ok(Touches::one(ask))
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<Nothing, Error> {
        let account = permit.account()?;
        let mut profile = InstanceProfile::require(tx, &permit, &self.instance_profile_name)?;
        let role = entity::require::<Role>(tx, account, &self.role_name)?;
        if profile.role.as_deref() != Some(role.id.as_str()) {
            let (role, profile) = (&self.role_name, &self.instance_profile_name);
            return Err(no_such_entity(format!(
                "Role {role} is not in instance profile {profile}."
            )));
        }
        profile.role = None;
        tx.update(account.as_str(), &profile)?;
        Ok(Nothing {})
    }
}
