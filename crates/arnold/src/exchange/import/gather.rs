//! From what the AWS CLI prints to records, each checked before any is written.

use std::collections::{BTreeMap, BTreeSet};

use aws::{AccountId, Arn, SystemEntropy, Timestamp};
use identity::{InstanceProfile, LastUsed, Role};

use super::super::listings::Listings;
use super::super::shape::{Details, PolicyDetail, RoleDetail};
use super::super::times;
use super::brought::Brought;
use super::{bar, entities, outside};
use crate::Failure;

/// What the ARNs of AWS's own policies begin with.
const AWS_OWN: &str = "arn:aws:iam::aws:";

/// Makes records of the listings.
pub(super) fn gather(listings: &Listings) -> Result<Brought, Failure> {
    let account = account_of(listings)?;
    let details = &listings.details;
    let ids = ids_by_arn(details);
    let root = listings.report.iter().find(|row| row.user == outside::ROOT);
    let created = match root {
        Some(root) => times::read(&root.created)?,
        None => earliest(details)?,
    };
    let mut brought = Brought::new(account, created);
    principals(details, &ids, &mut brought)?;
    for arn in &listings.oidc_providers {
        let provider = outside::oidc(account, arn, created);
        brought.oidc_providers.push(provider.map_err(of(arn))?);
    }
    for entry in &listings.saml_providers {
        let uuid = seal::unique_id("SAMLSP", &SystemEntropy);
        let provider = outside::saml(account, entry, uuid);
        brought
            .saml_providers
            .push(provider.map_err(of(&entry.arn))?);
    }
    for row in &listings.report {
        let used = outside::password_use(account, row, &ids).map_err(of(&row.arn))?;
        brought.used.extend(used);
    }
    Ok(brought)
}

fn principals(
    details: &Details,
    ids: &BTreeMap<&str, &str>,
    brought: &mut Brought,
) -> Result<(), Failure> {
    let account = brought.account;
    let progress = bar("checking", details.len());
    let own = |policy: &&PolicyDetail| !policy.arn.starts_with(AWS_OWN);
    for detail in details.policies.iter().filter(own) {
        let policy = entities::policy(account, detail);
        brought.policies.push(policy.map_err(of(&detail.arn))?);
        progress.inc(1);
    }
    let mut groups = BTreeMap::new();
    for detail in &details.group_detail_list {
        let group = entities::group(account, detail);
        brought.groups.push(group.map_err(of(&detail.arn))?);
        groups.insert(detail.group_name.as_str(), detail.group_id.as_str());
        progress.inc(1);
    }
    for detail in &details.user_detail_list {
        let user = entities::user(account, detail, &groups);
        brought.users.push(user.map_err(of(&detail.arn))?);
        progress.inc(1);
    }
    for detail in &details.role_detail_list {
        let whole = whole_role(account, detail, ids).map_err(of(&detail.arn))?;
        brought.roles.push(whole.role);
        brought.profiles.extend(whole.profiles);
        brought.used.extend(whole.used);
        progress.inc(1);
    }
    progress.finish_and_clear();
    Ok(())
}

/// A role and what is told beside it.
struct WholeRole {
    role: Role,
    profiles: Vec<InstanceProfile>,
    used: Option<LastUsed>,
}

fn whole_role(
    account: AccountId,
    detail: &RoleDetail,
    ids: &BTreeMap<&str, &str>,
) -> Result<WholeRole, Failure> {
    let role = entities::role(account, detail, ids)?;
    let mut profiles = Vec::new();
    for profile in &detail.instance_profile_list {
        let made = entities::profile(account, profile, &role.id);
        profiles.push(made.map_err(of(&profile.arn))?);
    }
    let used = match &detail.role_last_used.last_used_date {
        Some(date) => Some(LastUsed {
            id: role.id.clone(),
            at: times::read(date)?,
            region: detail.role_last_used.region.clone().unwrap_or_default(),
            service: String::new(),
        }),
        None => None,
    };
    Ok(WholeRole {
        role,
        profiles,
        used,
    })
}

/// Says of what a failure speaks.
fn of(arn: &str) -> impl FnOnce(Failure) -> Failure {
    move |failure| format!("`{arn}`: {failure}").into()
}

/// The one account that everything belongs to.
fn account_of(listings: &Listings) -> Result<AccountId, Failure> {
    let details = &listings.details;
    let users = details.user_detail_list.iter().map(|user| &user.arn);
    let groups = details.group_detail_list.iter().map(|group| &group.arn);
    let roles = details.role_detail_list.iter().map(|role| &role.arn);
    let policies = details.policies.iter().map(|policy| &policy.arn);
    let report = listings.report.iter().map(|row| &row.arn);
    let saml = listings.saml_providers.iter().map(|entry| &entry.arn);
    let mut accounts = BTreeSet::new();
    for text in users
        .chain(groups)
        .chain(roles)
        .chain(policies)
        .chain(report)
        .chain(&listings.oidc_providers)
        .chain(saml)
    {
        let arn: Arn = text.parse()?;
        if !text.starts_with(AWS_OWN) {
            let account: Result<AccountId, _> = arn.account().parse();
            accounts.insert(account.map_err(|error| format!("`{text}`: {error}"))?);
        }
    }
    let mut accounts = accounts.into_iter();
    match (accounts.next(), accounts.next()) {
        (Some(only), None) => Ok(only),
        (None, _) => Err("there is nothing in the files that belongs to an account".into()),
        (Some(one), Some(other)) => {
            Err(format!("the files speak of several accounts: `{one}` and `{other}`").into())
        }
    }
}

/// From the ARNs of users and roles to their ids.
fn ids_by_arn(details: &Details) -> BTreeMap<&str, &str> {
    let users = details
        .user_detail_list
        .iter()
        .map(|user| (user.arn.as_str(), user.user_id.as_str()));
    let roles = details
        .role_detail_list
        .iter()
        .map(|role| (role.arn.as_str(), role.role_id.as_str()));
    users.chain(roles).collect()
}

fn earliest(details: &Details) -> Result<Timestamp, Failure> {
    let users = details
        .user_detail_list
        .iter()
        .map(|user| &user.create_date);
    let roles = details
        .role_detail_list
        .iter()
        .map(|role| &role.create_date);
    let mut first: Option<Timestamp> = None;
    for text in users.chain(roles) {
        let at = times::read(text)?;
        first = Some(first.map_or(at, |first| first.min(at)));
    }
    Ok(first.unwrap_or(Timestamp::UNIX_EPOCH))
}
