//! Versions of managed policies: one to five of them, one of which is in force.

use facts::OperationFacts;
use identity::PolicyVersion;
use plane::{Call, Error, Operation, Permit, Touches};
use policy::Grammar;
use store::Transaction;
use wire::{Input, Output};

use crate::documents;
use crate::errors::{Nothing, no_such_entity, over_quota};
use crate::managed::{self, ask_to_change, ask_to_see};
use crate::paging::Paging;
use crate::quotas;

/// A version as it is shown; its document by `GetPolicyVersion` only.
#[derive(Output, Debug)]
pub(crate) struct VersionView {
    document: Option<String>,
    version_id: String,
    is_default_version: bool,
    create_date: aws::Timestamp,
}

impl VersionView {
    /// As listings show it: without its document.
    pub(crate) fn brief(version: &PolicyVersion, default: u32) -> VersionView {
        VersionView {
            document: None,
            version_id: version_id(version.number),
            is_default_version: version.number == default,
            create_date: version.created,
        }
    }

    /// With its document.
    pub(crate) fn whole(version: &PolicyVersion, default: u32) -> VersionView {
        VersionView {
            document: Some(documents::encoded(&version.document)),
            ..VersionView::brief(version, default)
        }
    }
}

/// `v1`, `v2`, …
pub(crate) fn version_id(number: u32) -> String {
    format!("v{number}")
}

/// The document of a managed policy, if it is one and small enough.
pub(crate) fn checked_document(text: &str) -> Result<String, Error> {
    documents::parse(text, Grammar::Managed)?;
    if documents::size(text) > quotas::POLICY_SIZE {
        return Err(over_quota("PolicySize", quotas::POLICY_SIZE));
    }
    Ok(text.to_owned())
}

/// The version of this id among these.
fn require<'a>(
    versions: &'a [PolicyVersion],
    arn: &str,
    id: &str,
) -> Result<&'a PolicyVersion, Error> {
    let found = versions
        .iter()
        .find(|version| version_id(version.number) == id);
    found.ok_or_else(|| not_found(arn, id))
}

fn not_found(arn: &str, id: &str) -> Error {
    no_such_entity(format!(
        "Policy {arn} version {id} does not exist or is not attachable."
    ))
}

/// One version.
#[derive(Output, Debug)]
pub(crate) struct OneVersion {
    policy_version: VersionView,
}

/// Adds a version, and puts it in force if asked to.
#[derive(Input)]
pub(crate) struct CreatePolicyVersion {
    policy_arn: String,
    policy_document: String,
    set_as_default: Option<bool>,
}

impl Operation for CreatePolicyVersion {
    const FACTS: &'static OperationFacts = facts::iam::CREATE_POLICY_VERSION;
    type Output = OneVersion;

    fn touches(&self, call: &Call, tx: &Transaction) -> Result<Touches, Error> {
        let ask = ask_to_change(call, tx, "iam:CreatePolicyVersion", &self.policy_arn)?;
        Ok(Touches::one(ask))
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<OneVersion, Error> {
        let account = permit.account()?;
        let mut policy = managed::require_own(tx, account, &self.policy_arn, "update policies")?;
        let document = checked_document(&self.policy_document)?;
        if u64::try_from(policy.versions.len()).map_err(Error::internal)?
            >= quotas::VERSIONS_PER_POLICY
        {
            return Err(Error::new("LimitExceeded").say(format!(
                "A managed policy can have up to {} versions. Before you create a new version, you must delete an existing version.",
                quotas::VERSIONS_PER_POLICY
            )));
        }
        let version = PolicyVersion {
            number: policy.next_version,
            document,
            created: permit.second(),
        };
        policy.next_version += 1;
        policy.updated = version.created;
        if self.set_as_default == Some(true) {
            policy.default_version = version.number;
        }
        policy.versions.push(version.clone());
        tx.update(account.as_str(), &policy)?;
        Ok(OneVersion {
            policy_version: VersionView::brief(&version, policy.default_version),
        })
    }
}

/// Shows a version with its document.
#[derive(Input)]
pub(crate) struct GetPolicyVersion {
    policy_arn: String,
    version_id: String,
}

impl Operation for GetPolicyVersion {
    const FACTS: &'static OperationFacts = facts::iam::GET_POLICY_VERSION;
    type Output = OneVersion;

    fn touches(&self, call: &Call, tx: &Transaction) -> Result<Touches, Error> {
        let ask = ask_to_see(call, tx, "iam:GetPolicyVersion", &self.policy_arn)?;
        Ok(Touches::one(ask))
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<OneVersion, Error> {
        let policy = managed::find(tx, permit.account()?, &self.policy_arn)?
            .ok_or_else(|| not_found(&self.policy_arn, &self.version_id))?;
        let versions = policy.versions()?;
        let version = require(&versions, &self.policy_arn, &self.version_id)?;
        Ok(OneVersion {
            policy_version: VersionView::whole(version, policy.default_version()),
        })
    }
}

/// Lists the versions, the newest first.
#[derive(Input)]
pub(crate) struct ListPolicyVersions {
    policy_arn: String,
    marker: Option<String>,
    max_items: Option<i32>,
}

/// A page of versions.
#[derive(Output, Debug)]
pub(crate) struct VersionPage {
    versions: Vec<VersionView>,
    is_truncated: bool,
    marker: Option<String>,
}

impl Operation for ListPolicyVersions {
    const FACTS: &'static OperationFacts = facts::iam::LIST_POLICY_VERSIONS;
    type Output = VersionPage;

    fn touches(&self, call: &Call, tx: &Transaction) -> Result<Touches, Error> {
        let ask = ask_to_see(call, tx, "iam:ListPolicyVersions", &self.policy_arn)?;
        Ok(Touches::one(ask))
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<VersionPage, Error> {
        let policy = managed::require(tx, permit.account()?, &self.policy_arn)?;
        let default = policy.default_version();
        let page = Paging::new(self.marker.as_deref(), self.max_items)
            .of(policy.versions()?)?
            .map(|version| VersionView::brief(&version, default));
        Ok(VersionPage {
            is_truncated: page.is_truncated(),
            versions: page.items,
            marker: page.marker,
        })
    }
}

/// Puts a version in force.
#[derive(Input)]
pub(crate) struct SetDefaultPolicyVersion {
    policy_arn: String,
    version_id: String,
}

impl Operation for SetDefaultPolicyVersion {
    const FACTS: &'static OperationFacts = facts::iam::SET_DEFAULT_POLICY_VERSION;
    type Output = Nothing;

    fn touches(&self, call: &Call, tx: &Transaction) -> Result<Touches, Error> {
        let ask = ask_to_change(call, tx, "iam:SetDefaultPolicyVersion", &self.policy_arn)?;
        Ok(Touches::one(ask))
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<Nothing, Error> {
        let account = permit.account()?;
        let mut policy = managed::find_own(tx, account, &self.policy_arn, "update policies")?
            .ok_or_else(|| not_found(&self.policy_arn, &self.version_id))?;
        let version = require(&policy.versions, &self.policy_arn, &self.version_id)?;
        policy.default_version = version.number;
        policy.updated = permit.second();
        tx.update(account.as_str(), &policy)?;
        Ok(Nothing {})
    }
}

/// Deletes a version that is not in force.
#[derive(Input)]
pub(crate) struct DeletePolicyVersion {
    policy_arn: String,
    version_id: String,
}

impl Operation for DeletePolicyVersion {
    const FACTS: &'static OperationFacts = facts::iam::DELETE_POLICY_VERSION;
    type Output = Nothing;

    fn touches(&self, call: &Call, tx: &Transaction) -> Result<Touches, Error> {
        let ask = ask_to_change(call, tx, "iam:DeletePolicyVersion", &self.policy_arn)?;
        Ok(Touches::one(ask))
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<Nothing, Error> {
        let account = permit.account()?;
        let mut policy = managed::find_own(
            tx,
            account,
            &self.policy_arn,
            "delete policy versions for policies",
        )?
        .ok_or_else(|| not_found(&self.policy_arn, &self.version_id))?;
        let number = require(&policy.versions, &self.policy_arn, &self.version_id)?.number;
        if number == policy.default_version {
            return Err(
                Error::new("DeleteConflict").say("Cannot delete the default version of a policy.")
            );
        }
        policy.versions.retain(|version| version.number != number);
        tx.update(account.as_str(), &policy)?;
        Ok(Nothing {})
    }
}
