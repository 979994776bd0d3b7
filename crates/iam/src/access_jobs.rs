//! Access advisor: what users and roles really used of what they may use.
//!
//! A job is what was asked for and by whom; only whoever asked may see what came of it. It is
//! done as soon as it is there: what it tells is read when it is asked for.

use std::borrow::Cow;

use aws::{AccountId, Timestamp};
use facts::OperationFacts;
use identity::Ask;
use plane::{Call, Error, Operation, Permit, Touches};
use serde::{Deserialize, Serialize};
use store::{Lookup, Read as _, Record, Transaction};
use wire::{Input, Output};

use crate::errors::no_such_entity;
use crate::granting::Holder;

/// How long a job can be looked at.
const KEPT_S: i64 = 7 * 86_400;

/// How many jobs that are too old are cleared away by each new one.
const CLEARED_MAX: usize = 20;

/// A report that was asked for.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct AccessJob {
    id: String,
    account: AccountId,
    /// The ARN of whoever asked, session included.
    asked_by: String,
    /// What it is about.
    pub(crate) arn: String,
    /// Whether single actions are told too.
    pub(crate) actions: bool,
    /// When it was asked for.
    pub(crate) created: Timestamp,
}

impl Record for AccessJob {
    const KIND: &'static str = "iam.access-job";
    const QUIET: bool = true;

    fn id(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.id)
    }

    fn lookups(&self) -> Vec<Lookup> {
        // Ordered by time as long as seconds have ten digits: to the year 2286.
        let created = self.created.as_second();
        vec![Lookup::many("created", format!("{created:010}"))]
    }
}

impl AccessJob {
    /// The job of this id that the caller asked for.
    pub(crate) fn require(call: &Call, tx: &Transaction, id: &str) -> Result<AccessJob, Error> {
        let known = call.known()?;
        let job: Option<AccessJob> = tx.get(known.account().as_str(), id)?;
        job.filter(|job| job.asked_by == known.arn() && job.is_kept(call.now_s()))
            .ok_or_else(|| no_such_entity(format!("Job with id {id} cannot be found.")))
    }

    /// `SERVICE_LEVEL` or `ACTION_LEVEL`.
    pub(crate) fn level(&self) -> &'static str {
        match self.actions {
            true => "ACTION_LEVEL",
            false => "SERVICE_LEVEL",
        }
    }

    fn is_kept(&self, now_s: i64) -> bool {
        now_s.saturating_sub(self.created.as_second()) < KEPT_S
    }
}

/// Asks for a report.
#[derive(Input)]
pub(crate) struct GenerateServiceLastAccessedDetails {
    arn: String,
    granularity: Option<String>,
}

/// The job's id.
#[derive(Output, Debug)]
pub(crate) struct JobStarted {
    job_id: String,
}

impl Operation for GenerateServiceLastAccessedDetails {
    const FACTS: &'static OperationFacts = facts::iam::GENERATE_SERVICE_LAST_ACCESSED_DETAILS;
    type Output = JobStarted;

    fn touches(&self, call: &Call, _tx: &Transaction) -> Result<Touches, Error> {
        let account = call.account()?;
        Ok(Touches::one(Ask::new(
            "iam:GenerateServiceLastAccessedDetails",
            self.arn.as_str(),
            account.as_str(),
        )))
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<JobStarted, Error> {
        let account = permit.account()?;
        Holder::require(tx, account, &self.arn)?;
        clear_old(tx, account, permit.now_s())?;
        let job = AccessJob {
            id: aws::uuid_v4(permit.environment.entropy.as_ref()),
            account,
            asked_by: permit.known()?.arn().to_owned(),
            arn: self.arn.clone(),
            actions: self.granularity.as_deref() == Some("ACTION_LEVEL"),
            created: permit.second(),
        };
        tx.insert(account.as_str(), &job)?;
        Ok(JobStarted { job_id: job.id })
    }
}

fn clear_old(tx: &mut Transaction, account: AccountId, now_s: i64) -> Result<(), Error> {
    let scope = account.as_str();
    let oldest = tx.page::<AccessJob>(scope, "created", "", None, CLEARED_MAX)?;
    for job in oldest.records.iter().filter(|job| !job.is_kept(now_s)) {
        tx.delete::<AccessJob>(scope, &job.id)?;
    }
    Ok(())
}
