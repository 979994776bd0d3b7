//! The credential report: all users of the account and root, with the state of everything
//! that they can prove themselves by, as comma-separated values.
//!
//! A report is made at most once in four hours. Until then everybody gets the same bytes.

use std::borrow::Cow;

use aws::{AccountId, Timestamp};
use facts::OperationFacts;
use plane::{Call, Error, Operation, Permit, Touches};
use serde::{Deserialize, Serialize};
use store::{Lookup, Read as _, Record, Transaction};
use wire::{Input, Output};

use crate::account::touch_account;
use crate::credential_rows;

/// How long a report stands before another can be made (IAM User Guide, "Generate credential
/// reports for your AWS account").
const STANDS_S: i64 = 4 * 3600;

/// The one report of an account.
#[derive(Debug, Serialize, Deserialize)]
struct CredentialReport {
    account: AccountId,
    generated: Timestamp,
    rows: String,
}

impl Record for CredentialReport {
    const KIND: &'static str = "iam.credential-report";
    const QUIET: bool = true;

    fn id(&self) -> Cow<'_, str> {
        REPORT_ID.into()
    }

    fn lookups(&self) -> Vec<Lookup> {
        Vec::new()
    }
}

const REPORT_ID: &str = "report";

impl CredentialReport {
    fn latest(call: &Call, tx: &Transaction) -> Result<Option<CredentialReport>, Error> {
        Ok(tx.get(call.account()?.as_str(), REPORT_ID)?)
    }

    fn stands(&self, now_s: i64) -> bool {
        let age_s = now_s.saturating_sub(self.generated.as_second());
        age_s < STANDS_S
    }
}

/// Makes a report, unless one still stands.
#[derive(Input)]
pub(crate) struct GenerateCredentialReport {}

/// How far the report is.
#[derive(Output, Debug)]
pub(crate) struct ReportState {
    state: &'static str,
    description: Option<&'static str>,
}

impl Operation for GenerateCredentialReport {
    const FACTS: &'static OperationFacts = facts::iam::GENERATE_CREDENTIAL_REPORT;
    type Output = ReportState;

    fn touches(&self, call: &Call, _tx: &Transaction) -> Result<Touches, Error> {
        touch_account(call, "iam:GenerateCredentialReport")
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<ReportState, Error> {
        let latest = CredentialReport::latest(&permit, tx)?;
        if latest.is_some_and(|report| report.stands(permit.now_s())) {
            return Ok(ReportState {
                state: "COMPLETE",
                description: None,
            });
        }
        let account = permit.account()?;
        // Read beside the transaction: the report is of one moment, and keys that are used
        // meanwhile must not make it start anew.
        let rows = credential_rows::write(&permit.directory().store().read(), account)?;
        let report = CredentialReport {
            account,
            generated: permit.second(),
            rows,
        };
        tx.put(account.as_str(), &report)?;
        Ok(ReportState {
            state: "STARTED",
            description: Some("No report exists. Starting a new report generation task"),
        })
    }
}

/// Shows the report.
#[derive(Input)]
pub(crate) struct GetCredentialReport {}

/// The report.
#[derive(Output, Debug)]
pub(crate) struct ReportContent {
    content: Vec<u8>,
    report_format: &'static str,
    generated_time: Timestamp,
}

impl Operation for GetCredentialReport {
    const FACTS: &'static OperationFacts = facts::iam::GET_CREDENTIAL_REPORT;
    type Output = ReportContent;

    fn touches(&self, call: &Call, _tx: &Transaction) -> Result<Touches, Error> {
        touch_account(call, "iam:GetCredentialReport")
    }

    // AWS says nothing beside these codes.
    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<ReportContent, Error> {
        let latest = CredentialReport::latest(&permit, tx)?;
        let report = latest.ok_or_else(|| Error::new("ReportNotPresent"))?;
        if !report.stands(permit.now_s()) {
            return Err(Error::new("ReportExpired"));
        }
        Ok(ReportContent {
            content: report.rows.into_bytes(),
            report_format: "text/csv",
            generated_time: report.generated,
        })
    }
}
