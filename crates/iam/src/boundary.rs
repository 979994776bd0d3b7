//! Permissions boundaries: which policies can bound a user or a role.

use aws::{AccountId, Arn};
use identity::ManagedPolicy;
use plane::Error;
use store::Read;
use wire::Output;

use crate::errors::{invalid_input, no_such_entity};

/// A boundary as it is shown.
#[derive(Output, Debug)]
pub(crate) struct BoundaryView {
    permissions_boundary_type: &'static str,
    permissions_boundary_arn: String,
}

/// A boundary as it is shown, if there is one. The model's only choice for the type is
/// `PermissionsBoundaryPolicy`; what AWS sends is `Policy`.
pub(crate) fn shown(boundary: Option<&str>) -> Option<BoundaryView> {
    boundary.map(|arn| BoundaryView {
        permissions_boundary_type: "Policy",
        permissions_boundary_arn: arn.to_owned(),
    })
}

/// Checks that the ARN names a managed policy of the account, or one of AWS's.
pub(crate) fn check(reader: &impl Read, account: AccountId, arn: &str) -> Result<(), Error> {
    let invalid = || invalid_input(format!("ARN {arn} is not valid."));
    let parsed: Arn = arn
        .parse()
        .map_err(|source: aws::NotAnArn| invalid().because(source))?;
    let is_policy = parsed.partition() == aws::PARTITION
        && parsed.service() == "iam"
        && parsed.region().is_empty()
        && parsed.resource().starts_with("policy/");
    if !is_policy {
        return Err(invalid());
    }
    if exists(reader, account, arn)? {
        return Ok(());
    }
    Err(no_such_entity(format!(
        "Scope ARN: {arn} does not exist or is not attachable."
    )))
}

fn exists(reader: &impl Read, account: AccountId, arn: &str) -> Result<bool, Error> {
    if identity::aws_managed_policy(arn).is_some() {
        return Ok(true);
    }
    let found: Option<ManagedPolicy> = reader.find(account.as_str(), "arn", arn)?;
    Ok(found.is_some())
}
