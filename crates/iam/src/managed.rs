//! A managed policy, be it the account's own or AWS's: found, asked leave for, and counted.

use std::collections::BTreeSet;

use aws::{AccountId, Timestamp};
use identity::{
    Ask, AwsManagedPolicy, Group, ManagedPolicy, PolicyVersion, Role, Tag, User, aws_managed_policy,
};
use plane::{Call, Error};
use store::{Exactly, Read, Record};

use crate::arns;
use crate::errors::no_such_entity;

/// What stands for the account in the ARNs of policies that AWS manages.
const AWS: &str = "aws";

/// What a policy's ARN begins its resource with.
const RESOURCE: &str = "policy/";

/// What the ARNs of AWS's policies begin with.
const AWS_ARN: &str = "arn:aws:iam::aws:policy/";

/// A managed policy.
#[derive(Debug)]
pub(crate) enum Managed {
    /// One of the account's own.
    Own(ManagedPolicy),
    /// One of AWS's.
    Aws(&'static AwsManagedPolicy),
}

impl Managed {
    /// Its ARN.
    pub(crate) fn arn(&self) -> String {
        match self {
            Managed::Own(policy) => policy.arn().to_string(),
            Managed::Aws(policy) => policy.arn.to_owned(),
        }
    }

    /// Its tags. AWS's have none.
    pub(crate) fn tags(&self) -> &[Tag] {
        match self {
            Managed::Own(policy) => &policy.tags,
            Managed::Aws(_) => &[],
        }
    }

    /// What all views of it show.
    pub(crate) fn head(&self) -> Result<Head<'_>, Error> {
        Ok(match self {
            Managed::Own(own) => Head {
                name: &own.name,
                id: &own.id,
                path: &own.path,
                created: own.created,
                updated: own.updated,
            },
            Managed::Aws(aws) => Head {
                name: aws.name,
                id: aws.id,
                path: aws.path,
                created: moment(aws.created)?,
                updated: moment(aws.updated)?,
            },
        })
    }

    /// Whether only services may carry it, each in a role of its own making.
    pub(crate) fn is_for_services_only(&self) -> bool {
        matches!(self, Managed::Aws(policy) if policy.path == "/aws-service-role/")
    }

    /// The number of the version in force.
    pub(crate) fn default_version(&self) -> u32 {
        match self {
            Managed::Own(policy) => policy.default_version,
            Managed::Aws(policy) => policy.version,
        }
    }

    /// All versions that are kept, the newest first. Of AWS's only the one in force is.
    pub(crate) fn versions(&self) -> Result<Vec<PolicyVersion>, Error> {
        match self {
            Managed::Own(policy) => Ok(policy.versions.iter().rev().cloned().collect()),
            Managed::Aws(policy) => Ok(vec![PolicyVersion {
                number: policy.version,
                document: policy.document.to_owned(),
                created: moment(policy.updated)?,
            }]),
        }
    }
}

/// What all views of a managed policy show beside its ARN and its versions.
#[derive(Debug)]
pub(crate) struct Head<'a> {
    /// Its name.
    pub(crate) name: &'a str,
    /// `ANPA…`.
    pub(crate) id: &'a str,
    /// Its path.
    pub(crate) path: &'a str,
    /// When it was made.
    pub(crate) created: Timestamp,
    /// When a version was last made or chosen.
    pub(crate) updated: Timestamp,
}

/// A moment of the table of AWS's policies.
pub(crate) fn moment(text: &str) -> Result<Timestamp, Error> {
    text.parse().map_err(Error::internal)
}

/// The policy of this ARN that the account can attach.
pub(crate) fn find(
    reader: &impl Read,
    account: AccountId,
    arn: &str,
) -> Result<Option<Managed>, Error> {
    if let Some(policy) = aws_managed_policy(arn) {
        return Ok(Some(Managed::Aws(policy)));
    }
    let own: Option<ManagedPolicy> = reader.find(account.as_str(), "arn", arn)?;
    Ok(own.map(Managed::Own))
}

/// The policy of this ARN, or `NoSuchEntity`.
pub(crate) fn require(reader: &impl Read, account: AccountId, arn: &str) -> Result<Managed, Error> {
    find(reader, account, arn)?.ok_or_else(|| not_found(arn))
}

/// The account's own policy of this ARN, or `NoSuchEntity`. What is somebody else's is
/// refused: nobody may do this to it, whatever policies say.
pub(crate) fn require_own(
    reader: &impl Read,
    account: AccountId,
    arn: &str,
    deed: &str,
) -> Result<ManagedPolicy, Error> {
    find_own(reader, account, arn, deed)?.ok_or_else(|| not_found(arn))
}

/// As [`require_own`], where the caller has its own words for a policy that is not there.
pub(crate) fn find_own(
    reader: &impl Read,
    account: AccountId,
    arn: &str,
    deed: &str,
) -> Result<Option<ManagedPolicy>, Error> {
    if arns::parse(arn, RESOURCE)?.account() != account.as_str() {
        let message = format!("Cannot {deed} outside your own account.");
        return Err(Error::access_denied(message));
    }
    Ok(reader.find(account.as_str(), "arn", arn)?)
}

/// `Policy ARN does not exist or is not attachable.`
pub(crate) fn not_attachable(arn: &str) -> Error {
    no_such_entity(format!("Policy {arn} does not exist or is not attachable."))
}

/// `Policy ARN was not found.`
pub(crate) fn not_found(arn: &str) -> Error {
    no_such_entity(format!("Policy {arn} was not found."))
}

/// What looking at the policy of this ARN asks for. AWS's may be looked at by everybody whom
/// their own account lets.
pub(crate) fn ask_to_see(
    call: &Call,
    reader: &impl Read,
    action: &'static str,
    arn: &str,
) -> Result<Ask, Error> {
    let owner = arns::parse(arn, RESOURCE)?.account().to_owned();
    let mut ask = ask_to_change(call, reader, action, arn)?;
    if owner != AWS {
        ask.resource_account = owner;
    }
    Ok(ask)
}

/// What changing the policy of this ARN asks for. That it must be the account's own is for
/// [`require_own`] to say.
pub(crate) fn ask_to_change(
    call: &Call,
    reader: &impl Read,
    action: &'static str,
    arn: &str,
) -> Result<Ask, Error> {
    arns::parse(arn, RESOURCE)?;
    let account = call.account()?;
    let found = find(reader, account, arn)?;
    let tags = found.as_ref().map(Managed::tags).unwrap_or_default();
    Ok(Ask::new(action, arn, account.as_str())
        .called(format!("policy {arn}"))
        .resource_tags("iam", tags))
}

/// Which of AWS's policies an account uses: a few of more than a thousand.
#[derive(Debug)]
pub(crate) struct AwsInUse(BTreeSet<String>);

impl AwsInUse {
    /// Looks.
    pub(crate) fn of(reader: &impl Read, account: AccountId) -> Result<AwsInUse, Error> {
        let account = account.as_str();
        let attached = "policy";
        let bounding = "boundary";
        let used = [
            reader.values::<User>(account, attached, AWS_ARN)?,
            reader.values::<Group>(account, attached, AWS_ARN)?,
            reader.values::<Role>(account, attached, AWS_ARN)?,
            reader.values::<User>(account, bounding, AWS_ARN)?,
            reader.values::<Role>(account, bounding, AWS_ARN)?,
        ];
        Ok(AwsInUse(used.into_iter().flatten().collect()))
    }

    /// How often a policy of AWS's is used; it is counted only if it is.
    pub(crate) fn usage(
        &self,
        reader: &impl Read,
        account: AccountId,
        arn: &str,
    ) -> Result<Usage, Error> {
        if self.0.contains(arn) {
            Usage::of(reader, account, arn)
        } else {
            Ok(Usage::NONE)
        }
    }
}

/// How often a policy is used in an account.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Usage {
    /// Users, groups and roles that it is attached to.
    pub(crate) attached: u64,
    /// Users and roles that it bounds.
    pub(crate) bounds: u64,
}

impl Usage {
    /// Nobody uses it.
    pub(crate) const NONE: Usage = Usage {
        attached: 0,
        bounds: 0,
    };

    /// Counts.
    pub(crate) fn of(reader: &impl Read, account: AccountId, arn: &str) -> Result<Usage, Error> {
        Ok(Usage {
            attached: count::<User>(reader, account, "policy", arn)?
                + count::<Group>(reader, account, "policy", arn)?
                + count::<Role>(reader, account, "policy", arn)?,
            bounds: count::<User>(reader, account, "boundary", arn)?
                + count::<Role>(reader, account, "boundary", arn)?,
        })
    }

    /// Both numbers as views show them.
    pub(crate) fn shown(self) -> Result<(i64, i64), Error> {
        let shown = |count| i64::try_from(count).map_err(Error::internal);
        Ok((shown(self.attached)?, shown(self.bounds)?))
    }

    /// Whether somebody would feel it if the policy were gone.
    pub(crate) fn is_any(self) -> bool {
        self.attached > 0 || self.bounds > 0
    }
}

fn count<R: Record>(
    reader: &impl Read,
    account: AccountId,
    index: &str,
    arn: &str,
) -> Result<u64, Error> {
    Ok(reader.count::<R>(account.as_str(), index, Exactly(arn))?)
}
