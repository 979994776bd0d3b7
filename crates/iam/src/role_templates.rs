//! Role templates: AWS's services publish them, and roles are made from them. No service
//! publishes any here, so every operation on one says that there is none.

use facts::OperationFacts;
use identity::Ask;
use plane::{Call, Error, Operation, Permit, Touches};
use store::Transaction;
use wire::{Input, Output};

use crate::arns;
use crate::errors::no_such_entity;

/// What the resource part of their ARNs begins with.
const RESOURCE: &str = "role-template/";

fn no_such_template(arn: &str) -> Error {
    match arns::parse(arn, RESOURCE) {
        Ok(_) => no_such_entity(format!("Role template {arn} cannot be found.")),
        Err(refusal) => refusal,
    }
}

/// Shows a version of a template.
#[derive(Input)]
#[wire(ignores("MinorVersion" = "there is no template, so no version of it"))]
pub(crate) struct GetRoleTemplateVersion {
    template_arn: String,
}

/// A version of a template.
#[derive(Output, Debug)]
pub(crate) struct OneTemplateVersion {
    role_template_version: Option<wire::Value>,
}

impl Operation for GetRoleTemplateVersion {
    const FACTS: &'static OperationFacts = facts::iam::GET_ROLE_TEMPLATE_VERSION;
    type Output = OneTemplateVersion;

    fn touches(&self, call: &Call, _tx: &Transaction) -> Result<Touches, Error> {
        Ok(Touches::one(Ask::new(
            "iam:GetRoleTemplateVersion",
            self.template_arn.as_str(),
            call.account()?.as_str(),
        )))
    }

    fn run(&self, _: Permit<Self>, _: &mut Transaction) -> Result<OneTemplateVersion, Error> {
        Err(no_such_template(&self.template_arn))
    }
}

/// Makes a role from a template.
#[derive(Input)]
#[wire(ignores(
    "TemplateMinorVersion" = "there is no template, so no version of it",
    "ReplacementValues" = "there is no template, so nothing to replace in it"
))]
pub(crate) struct AcquireRole {
    template_arn: String,
}

/// The role that was made.
#[derive(Output, Debug)]
pub(crate) struct AcquiredRole {
    role: Option<wire::Value>,
}

impl Operation for AcquireRole {
    const FACTS: &'static OperationFacts = facts::iam::ACQUIRE_ROLE;
    type Output = AcquiredRole;

    // Making a role from a template asks for what making the role asks for; its name stands
    // in the template.
    fn touches(&self, call: &Call, _tx: &Transaction) -> Result<Touches, Error> {
        let account = call.account()?;
        let any = aws::Arn::new("iam", "", account.as_str(), "role/*");
        let ask = Ask::new("iam:AcquireRole", any.as_str(), account.as_str())
            .key("iam:RoleTemplateARN", self.template_arn.as_str());
        Ok(Touches::one(ask))
    }

    fn run(&self, _: Permit<Self>, _: &mut Transaction) -> Result<AcquiredRole, Error> {
        Err(no_such_template(&self.template_arn))
    }
}
