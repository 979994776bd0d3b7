//! What the listed principals of a resource's policy may look like. Whether they exist is
//! asked by whoever keeps the policy.

use crate::{PrincipalEntry, PrincipalKind};

/// Whether a listed principal could name somebody.
pub(super) fn is_plausible(entry: &PrincipalEntry) -> bool {
    let value = entry.value.as_str();
    match entry.kind {
        PrincipalKind::Anyone => true,
        PrincipalKind::Aws => value == "*" || is_aws(value),
        PrincipalKind::Service => value.contains('.') && is_host(value),
        PrincipalKind::Federated => {
            let is_arn = arn_resource(value, "iam").is_some_and(|resource| {
                resource.starts_with("saml-provider/") || resource.starts_with("oidc-provider/")
            });
            is_arn || (!value.starts_with("arn:") && value.contains('.') && is_host(value))
        }
        PrincipalKind::CanonicalUser => {
            value.len() == 64 && value.bytes().all(|byte| byte.is_ascii_hexdigit())
        }
    }
}

fn is_aws(value: &str) -> bool {
    if value.contains(['*', '?']) {
        return false;
    }
    let is_account = value.len() == 12 && value.bytes().all(|byte| byte.is_ascii_digit());
    is_account || is_unique_id(value) || is_principal_arn(value)
}

/// A unique id of a user or role, which AWS shows in place of an ARN that is gone.
fn is_unique_id(value: &str) -> bool {
    let prefixed = value.starts_with("AIDA") || value.starts_with("AROA");
    prefixed && value.len() >= 16 && value.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

fn is_principal_arn(value: &str) -> bool {
    // CloudFront's origin access identities are users of an account of that name.
    if let Some(resource) = arn_resource(value, "iam") {
        return resource == "root"
            || is_named(resource, "user/", 1)
            || is_named(resource, "role/", 1);
    }
    arn_resource(value, "sts").is_some_and(|resource| {
        is_named(resource, "assumed-role/", 2) || is_named(resource, "federated-user/", 1)
    })
}

fn is_named(resource: &str, kind: &str, parts_min: usize) -> bool {
    resource.strip_prefix(kind).is_some_and(|name| {
        let mut parts = name.split('/');
        parts.clone().count() >= parts_min && parts.all(|part| !part.is_empty())
    })
}

/// The last part of a global ARN of this service that has an account.
fn arn_resource<'v>(value: &'v str, service: &str) -> Option<&'v str> {
    let mut parts = value.splitn(6, ':');
    let prefix = [parts.next()?, parts.next()?, parts.next()?, parts.next()?];
    let account = parts.next()?;
    let resource = parts.next()?;
    let [arn, partition, of, region] = prefix;
    let global = arn == "arn" && partition.starts_with("aws") && of == service && region.is_empty();
    let account_fits = !account.is_empty() && account.bytes().all(|b| b.is_ascii_alphanumeric());
    (global && account_fits).then_some(resource)
}

fn is_host(value: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b".-_/:".contains(&byte);
    value.bytes().all(allowed)
}
