//! AssumeRoot: the management account acts as a member's root user, for one task.

use aws::AccountId;
use facts::OperationFacts;
use identity::{
    Account, Ask, CallerKind, GLOBAL_SCOPE, Known, Origin, RootFeatures, Session, SessionKind,
};
use plane::{Call, Error, Operation, Permit, Touches};
use store::{Read as _, Transaction};
use wire::{Input, Output};

use crate::session_request::{Credentials, PolicyArn, issue};

/// What the ARNs of the policies begin with that a task can be.
const TASK_POLICIES: &str = "arn:aws:iam::aws:policy/root-task/";

/// A quarter of an hour, and no more than that.
const DURATION_S_DEFAULT: i64 = 900;

/// Puts on a member's root user.
#[derive(Input)]
#[wire(ignores("MinimumSessionTokenSize" = "sealed tokens have the size that they have"))]
pub struct AssumeRoot {
    target_principal: String,
    task_policy_arn: PolicyArn,
    duration_seconds: Option<i32>,
}

/// Credentials of the root user, good for the task.
#[derive(Output)]
pub struct AssumedRoot {
    credentials: Credentials,
    source_identity: Option<String>,
}

impl AssumeRoot {
    /// The account whose root user is meant.
    fn target(&self) -> Result<AccountId, Error> {
        let text = self.target_principal.as_str();
        let invalid = || Error::validation("Request must contain a valid target principal");
        if let Ok(account) = text.parse() {
            return Ok(account);
        }
        let arn: aws::Arn = text
            .parse()
            .map_err(|source: aws::NotAnArn| invalid().because(source))?;
        let is_root = arn.partition() == aws::PARTITION
            && arn.service() == "iam"
            && arn.region().is_empty()
            && arn.resource() == "root";
        match arn.account().parse() {
            Ok(account) if is_root => Ok(account),
            _ => Err(invalid()),
        }
    }

    /// The task's policy: one of those that AWS keeps for tasks.
    fn task(&self) -> Result<&str, Error> {
        let arn = self.task_policy_arn.arn.as_deref().unwrap_or_default();
        if arn.starts_with(TASK_POLICIES) && identity::aws_managed_policy(arn).is_some() {
            return Ok(arn);
        }
        Err(Error::validation(
            "Request must contain valid AWS managed task policy ARN",
        ))
    }
}

impl Operation for AssumeRoot {
    const FACTS: &'static OperationFacts = facts::sts::ASSUME_ROOT;
    type Output = AssumedRoot;

    fn touches(&self, call: &Call, _tx: &Transaction) -> Result<Touches, Error> {
        let known = call.known()?;
        if known.kind() == CallerKind::Root {
            return Err(Error::access_denied(
                "Root sessions may not be assumed by root accounts.",
            ));
        }
        let (target, task) = (self.target()?, self.task()?);
        // That the target trusts the caller's account is for `run` to say: the organization
        // does, no policy of the target's. AWS was recorded to tell nobody why it is refused
        // (2026-09).
        let ask = Ask::new(
            "sts:AssumeRoot",
            root_arn(target),
            known.account().to_string(),
        )
        .key("aws:ResourceAccount", target.to_string())
        .key("sts:TaskPolicyArn", task)
        .without_reason();
        Ok(Touches::one(ask))
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<AssumedRoot, Error> {
        let known = permit.known()?;
        let target = self.target()?;
        if let Some(reason) = refusal(tx, known.account(), target)? {
            return Err(denied(known, target).because(reason));
        }
        let asked = self.duration_seconds.map_or(DURATION_S_DEFAULT, i64::from);
        let source_identity = known
            .session()
            .and_then(|session| session.source_identity.clone());
        let session = Session {
            account: target,
            kind: SessionKind::Root,
            issued_at: permit.now_s(),
            expires_at: permit.now_s() + asked,
            policy: None,
            policy_arns: vec![self.task()?.to_owned()],
            tags: Vec::new(),
            transitive_tag_keys: Vec::new(),
            source_identity: source_identity.clone(),
            mfa_at: None,
            federation_keys: vec![Session::assumed_root_key()],
            origin: Origin::Direct,
        };
        Ok(AssumedRoot {
            credentials: issue(&permit, &session)?,
            source_identity,
        })
    }
}

/// A refusal without a reason, as recorded from AWS: the caller might learn which accounts
/// there are.
fn denied(known: &Known, target: AccountId) -> Error {
    Error::access_denied(format!(
        "User: {} is not authorized to perform: sts:AssumeRoot on resource: {}",
        known.arn(),
        root_arn(target)
    ))
}

/// Why the account may not act as the root user of the other, if it may not.
fn refusal(
    tx: &Transaction,
    caller: AccountId,
    target: AccountId,
) -> Result<Option<&'static str>, Error> {
    let account = |id: AccountId| tx.get::<Account>(GLOBAL_SCOPE, id.as_str());
    if !account(caller)?.is_some_and(|account| account.management) {
        return Ok(Some("the caller's account is not the management account"));
    }
    if !RootFeatures::read(tx)?.sessions {
        return Ok(Some("root sessions are not enabled in the organization"));
    }
    if account(target)?.is_none_or(|account| account.management) {
        return Ok(Some("the target is no member of the organization"));
    }
    Ok(None)
}

fn root_arn(account: AccountId) -> String {
    format!("arn:aws:iam::{account}:root")
}
