//! Services by AWS's host names.

use facts::{ServiceFacts, services};

/// Whom a host name means.
pub(super) enum Named {
    Service(&'static ServiceFacts),
    S3,
}

/// What ends an AWS host name.
const ENDINGS: &[&str] = &[
    ".amazonaws.com",
    ".amazonaws.com.cn",
    ".api.aws",
    ".api.amazonwebservices.com.cn",
];

/// Whom an AWS host name means; nothing for any other name.
pub(super) fn named(host: &str) -> Option<Named> {
    let name = without_port(host).to_ascii_lowercase();
    if name.ends_with(".signin.aws.amazon.com")
        || name.ends_with(".signin.aws")
        || name == "signin.aws.amazon.com"
    {
        return facts::service("signin").map(Named::Service);
    }
    let front = ENDINGS
        .iter()
        .find_map(|ending| name.strip_suffix(ending))?;
    let parts: Vec<&str> = front.split('.').collect();
    // `bucket.s3.region`, `s3-region`, `s3`; a bucket's name may hold dots and any service's name.
    if parts
        .iter()
        .any(|part| *part == "s3" || part.starts_with("s3-"))
    {
        return Some(Named::S3);
    }
    services()
        .iter()
        .find(|service| begins(&parts, service.endpoint_prefix))
        .map(|service| Named::Service(service))
}

/// Whether a name is a service's: its prefix alone, or the prefix and a region; FIPS or not.
fn begins(parts: &[&str], prefix: &str) -> bool {
    let wanted: Vec<&str> = prefix.split('.').collect();
    let Some((head, region)) = parts.split_at_checked(wanted.len()) else {
        return false;
    };
    let same = head
        .iter()
        .zip(&wanted)
        .all(|(part, wanted)| part.strip_suffix("-fips").unwrap_or(part) == *wanted);
    same && region.len() <= 1
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}
