//! The account itself: its alias, and the summary of what is in it.

use std::collections::BTreeMap;

use aws::AccountId;
use facts::OperationFacts;
use identity::{
    AccessKey, Account, Ask, GLOBAL_SCOPE, Group, Held, InstanceProfile, KeyOwner, LoginProfile,
    ManagedPolicy, MfaDevice, OidcProvider, Quotas, Role, SamlProvider, ServerCertificate,
    SigningCertificate, User,
};
use plane::{Call, Error, Operation, Permit, Touches};
use store::{Exactly, OrElseTaken as _, Read as _, Record, Transaction};
use wire::{Input, Output};

use crate::account_properties::AccountSettings;
use crate::errors::{Nothing, no_such_entity};
use crate::quotas;

/// An action that is not on any resource; a refusal says `on resource: *` all the same.
pub(crate) fn touch_account(call: &Call, action: &'static str) -> Result<Touches, Error> {
    Ok(Touches::one(ask_account(call, action)?))
}

/// As [`touch_account`], to be added to.
pub(crate) fn ask_account(call: &Call, action: &'static str) -> Result<Ask, Error> {
    Ok(Ask::new(action, "*", call.account()?.as_str()).called("*"))
}

fn account(call: &Call, tx: &Transaction) -> Result<Account, Error> {
    tx.get::<Account>(GLOBAL_SCOPE, call.account()?.as_str())?
        .ok_or_else(|| Error::internal("the caller's account is gone"))
}

/// Gives the account an alias, in place of the one that it had.
#[derive(Input)]
pub(crate) struct CreateAccountAlias {
    account_alias: String,
}

impl Operation for CreateAccountAlias {
    const FACTS: &'static OperationFacts = facts::iam::CREATE_ACCOUNT_ALIAS;
    type Output = Nothing;

    fn touches(&self, call: &Call, _tx: &Transaction) -> Result<Touches, Error> {
        touch_account(call, "iam:CreateAccountAlias")
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<Nothing, Error> {
        // It would be taken for an account id where either may stand.
        if self.account_alias.parse::<AccountId>().is_ok() {
            return Err(Error::validation(
                "The specified value for accountAlias is invalid. It must not be a 12-digit number.",
            ));
        }
        let taken = || {
            let alias = &self.account_alias;
            Error::new("EntityAlreadyExists")
                .say(format!("The account alias {alias} already exists."))
        };
        let mut account = account(&permit, tx)?;
        if account.alias.as_ref() == Some(&self.account_alias) {
            return Err(taken());
        }
        account.alias = Some(self.account_alias.clone());
        tx.update(GLOBAL_SCOPE, &account)
            .or_else_taken(|_| taken())?;
        Ok(Nothing {})
    }
}

/// Takes the account's alias away.
#[derive(Input)]
pub(crate) struct DeleteAccountAlias {
    account_alias: String,
}

impl Operation for DeleteAccountAlias {
    const FACTS: &'static OperationFacts = facts::iam::DELETE_ACCOUNT_ALIAS;
    type Output = Nothing;

    fn touches(&self, call: &Call, _tx: &Transaction) -> Result<Touches, Error> {
        touch_account(call, "iam:DeleteAccountAlias")
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<Nothing, Error> {
        let mut account = account(&permit, tx)?;
        if account.alias.as_ref() != Some(&self.account_alias) {
            return Err(no_such_entity(format!(
                "The account alias {} cannot be found.",
                self.account_alias
            )));
        }
        account.alias = None;
        tx.update(GLOBAL_SCOPE, &account)?;
        Ok(Nothing {})
    }
}

/// Lists the account's alias, of which there is at most one.
#[derive(Input)]
#[wire(ignores(
    "Marker" = "an account has one alias at most, so there is one page",
    "MaxItems" = "an account has one alias at most, so there is one page"
))]
pub(crate) struct ListAccountAliases {}

/// The account's aliases.
#[derive(Output, Debug)]
pub(crate) struct AliasPage {
    account_aliases: Vec<String>,
    is_truncated: bool,
}

impl Operation for ListAccountAliases {
    const FACTS: &'static OperationFacts = facts::iam::LIST_ACCOUNT_ALIASES;
    type Output = AliasPage;

    fn touches(&self, call: &Call, _tx: &Transaction) -> Result<Touches, Error> {
        touch_account(call, "iam:ListAccountAliases")
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<AliasPage, Error> {
        Ok(AliasPage {
            account_aliases: account(&permit, tx)?.alias.into_iter().collect(),
            is_truncated: false,
        })
    }
}

/// Counts what is in the account, beside the quotas.
#[derive(Input)]
pub(crate) struct GetAccountSummary {}

/// Counts and quotas by name.
#[derive(Output, Debug)]
pub(crate) struct AccountSummary {
    summary_map: BTreeMap<String, i64>,
}

impl Operation for GetAccountSummary {
    const FACTS: &'static OperationFacts = facts::iam::GET_ACCOUNT_SUMMARY;
    type Output = AccountSummary;

    fn touches(&self, call: &Call, _tx: &Transaction) -> Result<Touches, Error> {
        touch_account(call, "iam:GetAccountSummary")
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<AccountSummary, Error> {
        let account = permit.account()?;
        let root = AccessKey::owner_value(account, &KeyOwner::Root);
        let root_keys = tx.count::<AccessKey>(GLOBAL_SCOPE, "owner", Exactly(&root))?;
        let root_certificates = Held::owner_value(account, &KeyOwner::Root);
        let root_certificates =
            tx.count::<SigningCertificate>(account.as_str(), "owner", Exactly(&root_certificates))?;
        let root_devices = MfaDevice::owner_value(account, &KeyOwner::Root);
        let root_devices =
            tx.count::<MfaDevice>(account.as_str(), "owner", Exactly(&root_devices))?;
        let root_profile = LoginProfile::id_of(account, &KeyOwner::Root);
        let root_password = tx.get::<LoginProfile>(account.as_str(), &root_profile)?;
        let policies = tx.all::<ManagedPolicy>(account.as_str(), "name", "")?;
        let versions: usize = policies.iter().map(|policy| policy.versions.len()).sum();
        let providers =
            count::<OidcProvider>(tx, account, "arn")? + count::<SamlProvider>(tx, account, "arn")?;
        let counts = [
            ("Users", count::<User>(tx, account, "name")?),
            ("Groups", count::<Group>(tx, account, "name")?),
            ("Roles", count::<Role>(tx, account, "name")?),
            ("Policies", whole(policies.len())),
            ("PolicyVersionsInUse", whole(versions)),
            ("Providers", providers),
            ("AccountAccessKeysPresent", root_keys.min(1)),
            (
                "InstanceProfiles",
                count::<InstanceProfile>(tx, account, "name")?,
            ),
            (
                "ServerCertificates",
                count::<ServerCertificate>(tx, account, "name")?,
            ),
            (
                "AccountSigningCertificatesPresent",
                root_certificates.min(1),
            ),
            ("AccountMFAEnabled", root_devices.min(1)),
            ("MFADevices", count::<MfaDevice>(tx, account, "serial")?),
            (
                "MFADevicesInUse",
                count::<MfaDevice>(tx, account, "enabled")?,
            ),
            ("AccountPasswordPresent", u64::from(root_password.is_some())),
            (
                "GlobalEndpointTokenVersion",
                AccountSettings::of(&permit, tx)?.token_version(),
            ),
        ];
        let quotas = told_quotas(permit.directory().quotas());
        let entries = counts.iter().chain(&quotas);
        let summary_map = entries
            .map(|(name, value)| {
                let value = i64::try_from(*value).map_err(Error::internal)?;
                Ok(((*name).to_owned(), value))
            })
            .collect::<Result<_, Error>>()?;
        Ok(AccountSummary { summary_map })
    }
}

/// How many records of a kind the account has.
fn count<R: Record>(tx: &Transaction, account: AccountId, index: &str) -> Result<u64, Error> {
    Ok(tx.count::<R>(account.as_str(), index, "")?)
}

fn whole(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

/// The quotas that the summary tells.
fn told_quotas(quotas: &Quotas) -> [(&'static str, u64); 19] {
    [
        ("AccessKeysPerUserQuota", quotas::ACCESS_KEYS_PER_USER),
        ("AssumeRolePolicySizeQuota", quotas.trust_policy_size),
        ("AttachedPoliciesPerGroupQuota", quotas::POLICIES_PER_GROUP),
        ("AttachedPoliciesPerRoleQuota", quotas.policies_per_role),
        ("AttachedPoliciesPerUserQuota", quotas.policies_per_user),
        ("GroupPolicySizeQuota", quotas::GROUP_POLICY_SIZE),
        ("GroupsPerUserQuota", quotas::GROUPS_PER_USER),
        ("GroupsQuota", quotas.groups),
        ("InstanceProfilesQuota", quotas.instance_profiles),
        ("PoliciesQuota", quotas.policies),
        ("PolicySizeQuota", quotas::POLICY_SIZE),
        ("PolicyVersionsInUseQuota", quotas::POLICY_VERSIONS),
        ("RolePolicySizeQuota", quotas::ROLE_POLICY_SIZE),
        ("RolesQuota", quotas.roles),
        ("ServerCertificatesQuota", quotas.server_certificates),
        (
            "SigningCertificatesPerUserQuota",
            quotas::SIGNING_CERTIFICATES_PER_USER,
        ),
        ("UserPolicySizeQuota", quotas::USER_POLICY_SIZE),
        ("UsersQuota", quotas::USERS),
        ("VersionsPerPolicyQuota", quotas::VERSIONS_PER_POLICY),
    ]
}
