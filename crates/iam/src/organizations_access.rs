//! Access advisor for whole organizations. There are no service control policies yet that
//! it could tell of, so no report can be made.

use facts::OperationFacts;
use identity::Ask;
use plane::{Call, Error, Operation, Permit, Touches};
use store::Transaction;
use wire::{Input, Output};

use crate::account::touch_account;
use crate::errors::no_such_entity;

/// Asks for a report on an entity of the organization.
#[derive(Input)]
pub(crate) struct GenerateOrganizationsAccessReport {
    entity_path: String,
    organizations_policy_id: Option<String>,
}

/// The job's id.
#[derive(Output, Debug)]
pub(crate) struct JobStarted {
    job_id: Option<String>,
}

impl Operation for GenerateOrganizationsAccessReport {
    const FACTS: &'static OperationFacts = facts::iam::GENERATE_ORGANIZATIONS_ACCESS_REPORT;
    type Output = JobStarted;

    fn touches(&self, call: &Call, _tx: &Transaction) -> Result<Touches, Error> {
        let account = call.account()?;
        let resource = format!("access-report/{}", self.entity_path);
        let arn = aws::Arn::new("iam", "", account.as_str(), &resource);
        let policy = self.organizations_policy_id.as_deref();
        Ok(Touches::one(
            Ask::new(
                "iam:GenerateOrganizationsAccessReport",
                arn.as_str(),
                account.as_str(),
            )
            .key_if("iam:OrganizationsPolicyId", policy),
        ))
    }

    fn run(&self, _: Permit<Self>, _: &mut Transaction) -> Result<JobStarted, Error> {
        Err(Error::access_denied(
            "Service control policies are not enabled for the organization root.",
        ))
    }
}

/// Tells what came of a job.
#[derive(Input)]
#[wire(ignores(
    "MaxItems" = "there is no report to show pages of",
    "Marker" = "there is no report to show pages of",
    "SortKey" = "there is no report to sort"
))]
pub(crate) struct GetOrganizationsAccessReport {
    job_id: String,
}

/// A report.
#[derive(Output, Debug)]
pub(crate) struct Report {
    job_status: Option<String>,
    job_creation_date: Option<aws::Timestamp>,
}

impl Operation for GetOrganizationsAccessReport {
    const FACTS: &'static OperationFacts = facts::iam::GET_ORGANIZATIONS_ACCESS_REPORT;
    type Output = Report;

    fn touches(&self, call: &Call, _tx: &Transaction) -> Result<Touches, Error> {
        touch_account(call, "iam:GetOrganizationsAccessReport")
    }

    fn run(&self, _: Permit<Self>, _: &mut Transaction) -> Result<Report, Error> {
        Err(no_such_entity(format!(
            "Job with id {} cannot be found.",
            self.job_id
        )))
    }
}
