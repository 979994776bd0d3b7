//! What one call left behind, until it is written down.

use std::borrow::Cow;
use std::net::IpAddr;

use aws::{AccountId, Timestamp};
use facts::OperationFacts;
use identity::{Caller, RequestFacts};
use serde_json::{Map, Value};
use wire::Structure;

use crate::pipeline::Raw;
use crate::{Error, Vouched};

/// A request larger than this leaves no parameters in the record, in bytes: CloudTrail's limit.
pub(crate) const PARAMETERS_BYTES_MAX: usize = 100 * 1024;

/// What one call left behind.
pub struct Event {
    pub(crate) source: &'static str,
    pub(crate) name: Cow<'static, str>,
    pub(crate) operation: Option<&'static OperationFacts>,
    pub(crate) request_id: String,
    pub(crate) at: Timestamp,
    pub(crate) caller: Caller,
    pub(crate) vouched: Option<Vouched>,
    pub(crate) source_ip: Option<IpAddr>,
    pub(crate) user_agent: Option<String>,
    pub(crate) region: String,
    pub(crate) service: &'static str,
    pub(crate) parameters: Parameters,
    /// What a call that changed something was answered.
    pub(crate) elements: Option<Structure>,
    /// Further facts of somebody's sign-in; `None` for every other event.
    pub(crate) sign_in: Option<Map<String, Value>>,
    pub(crate) outcome: Outcome,
}

/// What a call was about.
pub(crate) enum Parameters {
    /// Nobody knows: it was refused before it was read.
    Unknown,
    /// The input of an operation of ours.
    Input(Structure),
    /// A bucket, and an object in it.
    S3 {
        bucket: Option<String>,
        key: Option<String>,
    },
    /// More than the record takes: so many bytes.
    Omitted(usize),
}

/// How the call ended.
pub enum Outcome {
    /// Well.
    Done,
    /// With an error: its code, what the caller read, and what only we know.
    Failed {
        /// AWS's code.
        code: String,
        /// What the caller read.
        message: Option<String>,
        /// What only the record says.
        cause: Option<String>,
    },
}

impl From<&Error> for Outcome {
    fn from(error: &Error) -> Outcome {
        Outcome::Failed {
            code: error.code().to_owned(),
            message: error.message().map(str::to_owned),
            cause: error.cause().map(ToString::to_string),
        }
    }
}

/// What a request to S3 was: its operation, and what it names.
#[derive(Debug, Clone)]
pub struct S3Facts {
    /// The operation, as CloudTrail names it.
    pub name: Cow<'static, str>,
    /// The bucket, if it names one.
    pub bucket: Option<String>,
    /// The object, if it names one.
    pub key: Option<String>,
}

impl Event {
    pub(crate) fn begin(
        operation: &'static OperationFacts,
        request_id: &str,
        raw: &Raw,
        now: Timestamp,
    ) -> Event {
        let service = operation.service;
        Event {
            source: event_source(service.signing_name),
            name: Cow::Borrowed(operation.name),
            operation: Some(operation),
            request_id: request_id.to_owned(),
            at: now,
            caller: Caller::Anonymous,
            vouched: None,
            source_ip: raw.peer.ip,
            user_agent: raw
                .headers
                .get(http::header::USER_AGENT)
                .and_then(|value| value.to_str().ok())
                .map(str::to_owned),
            region: crate::pipeline::REGION_DEFAULT.to_owned(),
            service: service.signing_name,
            parameters: Parameters::Unknown,
            elements: None,
            sign_in: None,
            outcome: Outcome::Done,
        }
    }

    /// An event of the S3 endpoint, which has no facts of ours.
    pub fn of_s3(
        facts: S3Facts,
        request_id: &str,
        caller: &Caller,
        request: &RequestFacts,
        outcome: Outcome,
    ) -> Event {
        Event {
            source: "s3",
            name: facts.name,
            operation: None,
            request_id: request_id.to_owned(),
            at: request.now,
            caller: caller.clone(),
            vouched: None,
            source_ip: request.source_ip,
            user_agent: request.user_agent.clone(),
            region: request.region.clone(),
            service: "s3",
            parameters: Parameters::S3 {
                bucket: facts.bucket,
                key: facts.key,
            },
            elements: None,
            sign_in: None,
            outcome,
        }
    }

    /// An event of the sign-in pages, which are no operations of a service: `ConsoleLogin`,
    /// `GetSigninToken` and what else AWS Sign-In records.
    pub fn of_sign_in(
        name: &'static str,
        request_id: &str,
        caller: &Caller,
        request: &RequestFacts,
        details: Map<String, Value>,
        outcome: Outcome,
    ) -> Event {
        Event {
            source: "signin",
            name: Cow::Borrowed(name),
            operation: None,
            request_id: request_id.to_owned(),
            at: request.now,
            caller: caller.clone(),
            vouched: None,
            source_ip: request.source_ip,
            user_agent: request.user_agent.clone(),
            region: request.region.clone(),
            service: "signin",
            parameters: Parameters::Unknown,
            elements: None,
            sign_in: Some(details),
            outcome,
        }
    }

    pub(crate) fn caller(&mut self, caller: &Caller, region: &str) {
        self.caller = caller.clone();
        region.clone_into(&mut self.region);
    }

    pub(crate) fn vouched(&mut self, vouched: Option<&Vouched>) {
        self.vouched = vouched.cloned();
    }

    pub(crate) fn input(&mut self, input: &Structure, raw: &Raw) {
        let bytes = raw.body.len() + raw.query.len();
        self.parameters = if bytes > PARAMETERS_BYTES_MAX {
            Parameters::Omitted(bytes)
        } else {
            Parameters::Input(input.clone())
        };
    }

    /// What a deed without a wire was about.
    pub(crate) fn parameters(&mut self, parameters: Structure) {
        self.parameters = Parameters::Input(parameters);
    }

    /// Notes the answer of a call that the record shows it of.
    pub(crate) fn answered(&mut self, output: Structure) {
        if self.shows_elements() {
            self.elements = Some(output);
        }
    }

    /// Whether the record shows what was answered: as in CloudTrail, of calls that change
    /// something or give credentials, and only where the models say what is secret.
    fn shows_elements(&self) -> bool {
        match self.service {
            "sts" => {
                self.name.starts_with("Assume")
                    || matches!(&*self.name, "GetFederationToken" | "GetSessionToken")
            }
            "iam" | "organizations" | "sso" | "identitystore" => !self.is_read_only(),
            _ => false,
        }
    }

    /// Whether the call changes nothing, by AWS's naming.
    pub(crate) fn is_read_only(&self) -> bool {
        self.sign_in.is_none()
            && [
                "Get", "List", "Describe", "Head", "Simulate", "Lookup", "Validate", "Check",
                "Assume", "Decode",
            ]
            .iter()
            .any(|verb| self.name.starts_with(verb))
    }

    pub(crate) fn failed(&mut self, error: &Error) {
        self.outcome = error.into();
    }

    pub(crate) fn account(&self) -> Option<AccountId> {
        let vouched = self.vouched.as_ref().map(|vouched| vouched.account);
        self.caller
            .known()
            .map(identity::Known::account)
            .or(vouched)
    }
}

/// Services sign as one name and appear in CloudTrail as another.
fn event_source(signing_name: &'static str) -> &'static str {
    match signing_name {
        "awsssoportal" | "sso-oauth" => "sso",
        other => other,
    }
}
