//! Delegation requests: partners of AWS's ask a customer for access that ends.
//!
//! Only partners whom AWS has taken on can make one, and nobody here is. So there never is
//! one, and every operation on one says so.

use facts::OperationFacts;
use identity::Ask;
use plane::{Call, Error, Operation, Permit, Touches};
use store::Transaction;
use wire::{Input, Output};

use crate::errors::{Nothing, invalid_input, no_such_entity};

/// What the resource part of their ARNs begins with.
const RESOURCE: &str = "delegation-request/";

fn ask(call: &Call, action: &'static str, id: &str) -> Result<Ask, Error> {
    let account = call.account()?;
    let arn = aws::Arn::new("iam", "", account.as_str(), &format!("{RESOURCE}{id}"));
    Ok(Ask::new(action, arn.as_str(), account.as_str()))
}

fn no_such_request(id: &str) -> Error {
    no_such_entity(format!("Delegation request {id} cannot be found."))
}

/// An operation on the request of an id, of which there is none.
macro_rules! on_a_request {
    ($(#[$about:meta])* $name:ident = $facts:ident -> $output:ty, $(ignores($member:literal = $reason:literal))?) => {
        $(#[$about])*
        #[derive(Input)]
        $(#[wire(ignores($member = $reason))])?
        pub(crate) struct $name {
            delegation_request_id: String,
        }

        impl Operation for $name {
            const FACTS: &'static OperationFacts = facts::iam::$facts;
            type Output = $output;

            fn touches(&self, call: &Call, _tx: &Transaction) -> Result<Touches, Error> {
                let action = concat!("iam:", stringify!($name));
                Ok(Touches::one(ask(call, action, &self.delegation_request_id)?))
            }

            fn run(&self, _: Permit<Self>, _: &mut Transaction) -> Result<$output, Error> {
                Err(no_such_request(&self.delegation_request_id))
            }
        }
    };
}

on_a_request!(
    /// Grants what a request asks for.
    AcceptDelegationRequest = ACCEPT_DELEGATION_REQUEST -> Nothing,
);
on_a_request!(
    /// Makes a request the caller's own.
    AssociateDelegationRequest = ASSOCIATE_DELEGATION_REQUEST -> Nothing,
);
on_a_request!(
    /// Refuses what a request asks for.
    RejectDelegationRequest = REJECT_DELEGATION_REQUEST -> Nothing,
    ignores("Notes" = "there is no request to note it on")
);
on_a_request!(
    /// Sends the partner the token of a request that was accepted.
    SendDelegationToken = SEND_DELEGATION_TOKEN -> Nothing,
);
on_a_request!(
    /// Adds notes to a request.
    UpdateDelegationRequest = UPDATE_DELEGATION_REQUEST -> Nothing,
    ignores("Notes" = "there is no request to note it on")
);
on_a_request!(
    /// Shows a request.
    GetDelegationRequest = GET_DELEGATION_REQUEST -> OneRequest,
    ignores("DelegationPermissionCheck" = "there is no request to check")
);

/// One request.
#[derive(Output, Debug)]
pub(crate) struct OneRequest {
    delegation_request: Option<wire::Value>,
}

/// Asks a customer for access. For partners only.
#[derive(Input)]
#[wire(ignores(
    "OwnerAccountId" = "the caller is refused whatever it asks for",
    "Description" = "the caller is refused whatever it asks for",
    "RequestMessage" = "the caller is refused whatever it asks for",
    "RequestorWorkflowId" = "the caller is refused whatever it asks for",
    "RedirectUrl" = "the caller is refused whatever it asks for",
    "OnlySendByOwner" = "the caller is refused whatever it asks for"
))]
pub(crate) struct CreateDelegationRequest {
    permissions: Permissions,
    notification_channel: String,
    session_duration: i32,
}

/// What is asked for.
#[derive(Input)]
#[wire(ignores("Parameters" = "the caller is refused whatever it asks for"))]
pub(crate) struct Permissions {
    policy_template_arn: Option<String>,
}

/// A new request.
#[derive(Output, Debug)]
pub(crate) struct NewRequest {
    delegation_request_id: Option<String>,
}

impl Operation for CreateDelegationRequest {
    const FACTS: &'static OperationFacts = facts::iam::CREATE_DELEGATION_REQUEST;
    type Output = NewRequest;

    fn touches(&self, call: &Call, _tx: &Transaction) -> Result<Touches, Error> {
        let template = self.permissions.policy_template_arn.as_deref();
        let ask = ask(call, "iam:CreateDelegationRequest", "*")?
            .key("iam:DelegationDuration", self.session_duration.to_string())
            .key("iam:NotificationChannel", &self.notification_channel)
            .key_if("iam:TemplateArn", template);
        Ok(Touches::one(ask))
    }

    fn run(&self, permit: Permit<Self>, _: &mut Transaction) -> Result<NewRequest, Error> {
        Err(Error::access_denied(format!(
            "User: {} is not authorized to perform: iam:CreateDelegationRequest: the account is not that of an onboarded partner",
            permit.known()?.arn()
        )))
    }
}

/// Lists the requests that somebody owns: none.
#[derive(Input)]
#[wire(ignores(
    "Marker" = "the list is empty: there is one page",
    "MaxItems" = "the list is empty: there is one page"
))]
pub(crate) struct ListDelegationRequests {
    owner_id: Option<String>,
}

/// The page without requests.
#[derive(Output, Debug)]
pub(crate) struct NoRequests {
    delegation_requests: Vec<wire::Value>,
    #[wire(name = "isTruncated")]
    is_truncated: bool,
}

impl Operation for ListDelegationRequests {
    const FACTS: &'static OperationFacts = facts::iam::LIST_DELEGATION_REQUESTS;
    type Output = NoRequests;

    fn touches(&self, call: &Call, _tx: &Transaction) -> Result<Touches, Error> {
        let ask = Ask::new("iam:ListDelegationRequests", "*", call.account()?.as_str())
            .called("*")
            .key_if("iam:DelegationRequestOwner", self.owner_id.as_deref());
        Ok(Touches::one(ask))
    }

    fn run(&self, _: Permit<Self>, _: &mut Transaction) -> Result<NoRequests, Error> {
        Ok(NoRequests {
            delegation_requests: Vec::new(),
            is_truncated: false,
        })
    }
}

/// Tells a request in plain words.
#[derive(Input)]
#[wire(ignores("Locale" = "there is nothing to tell in any language"))]
pub(crate) struct GetHumanReadableSummary {
    entity_arn: String,
}

/// A request in plain words.
#[derive(Output, Debug)]
pub(crate) struct Summary {
    summary_content: Option<String>,
}

impl Operation for GetHumanReadableSummary {
    const FACTS: &'static OperationFacts = facts::iam::GET_HUMAN_READABLE_SUMMARY;
    type Output = Summary;

    fn touches(&self, call: &Call, _tx: &Transaction) -> Result<Touches, Error> {
        Ok(Touches::one(Ask::new(
            "iam:GetHumanReadableSummary",
            self.entity_arn.as_str(),
            call.account()?.as_str(),
        )))
    }

    fn run(&self, _: Permit<Self>, _: &mut Transaction) -> Result<Summary, Error> {
        let arn: Option<aws::Arn> = self.entity_arn.parse().ok();
        let arn = arn.filter(|arn| arn.service() == "iam");
        match arn
            .as_ref()
            .and_then(|arn| arn.resource().strip_prefix(RESOURCE))
        {
            Some(id) if !id.is_empty() => Err(no_such_request(id)),
            _ => Err(invalid_input(format!(
                "ARN {} is not valid.",
                self.entity_arn
            ))),
        }
    }
}
