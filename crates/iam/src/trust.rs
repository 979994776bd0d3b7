//! Trust policies as they come and go: principals that exist, bound to their ids.
//!
//! What a trust policy means by a user or a role is the one who had that ARN when the policy
//! was saved. It is kept by its id; shown, the id turns back into the ARN of the day, or
//! stands for itself when its bearer is gone.

use aws::{AccountId, Arn};
use identity::{NamedPrincipal, Role};
use plane::{Call, Error};
use policy::{Grammar, PrincipalEntry, PrincipalKind};

use crate::documents;
use crate::errors::over_quota;

/// Identity providers that are known to all accounts by their name.
const BUILT_IN_PROVIDERS: &[&str] = &[
    "accounts.google.com",
    "cognito-identity.amazonaws.com",
    "graph.facebook.com",
    "www.amazon.com",
];

/// Checks a trust policy and finds out whom it names.
pub(crate) fn check(call: &Call, text: &str) -> Result<Vec<NamedPrincipal>, Error> {
    let document = documents::parse(text, Grammar::Trust)?;
    let most = call.directory().quotas().trust_policy_size;
    if documents::size(text) > most {
        return Err(over_quota("ACLSizePerRole", most));
    }
    let mut named: Vec<NamedPrincipal> = Vec::new();
    for entry in document.principals() {
        match entry.kind {
            PrincipalKind::Anyone => {}
            PrincipalKind::Aws => {
                let known = named.iter().any(|principal| principal.arn == entry.value);
                if !known && let Some(id) = aws_principal(call, entry)? {
                    named.push(NamedPrincipal {
                        arn: entry.value.clone(),
                        id,
                    });
                }
            }
            PrincipalKind::Service => service(entry)?,
            PrincipalKind::Federated => provider(entry)?,
            PrincipalKind::CanonicalUser => return Err(invalid("CANONICALUSER", entry)),
        }
    }
    Ok(named)
}

/// The trust policy as it is shown today.
pub(crate) fn shown(call: &Call, role: &Role) -> Result<String, Error> {
    let mut moved = Vec::new();
    for principal in &role.trust_principals {
        let today = arn_today(call, principal)?.unwrap_or_else(|| principal.id.clone());
        if today != principal.arn {
            moved.push(NamedPrincipal {
                arn: principal.arn.clone(),
                id: today,
            });
        }
    }
    let text = identity::by_id(&role.trust_policy, &moved);
    Ok(documents::encoded(&text))
}

/// The ARN that the bearer of the id has today.
fn arn_today(call: &Call, principal: &NamedPrincipal) -> Result<Option<String>, Error> {
    let arn: Result<Arn, _> = principal.arn.parse();
    let account = arn.ok().and_then(|arn| arn.account().parse().ok());
    let Some(account) = account else {
        return Ok(None);
    };
    let directory = call.directory();
    let found = if principal.id.starts_with("AIDA") {
        directory.user(account, &principal.id)?
    } else {
        directory.role_by_id(account, &principal.id)?
    };
    Ok(found.map(|bearer| bearer.arn.clone()))
}

/// The id of the user or role that an entry of `AWS` names, if it names one.
fn aws_principal(call: &Call, entry: &PrincipalEntry) -> Result<Option<String>, Error> {
    let value = entry.value.as_str();
    let invalid = || invalid("AWS", entry);
    if value == "*" || value.parse::<AccountId>().is_ok() {
        return Ok(None);
    }
    if value.starts_with("AIDA") || value.starts_with("AROA") {
        return match bearer_exists(call, value)? {
            true => Ok(None),
            false => Err(invalid()),
        };
    }
    let arn: Arn = value
        .parse()
        .map_err(|source: aws::NotAnArn| invalid().because(source))?;
    let account: AccountId = arn
        .account()
        .parse()
        .map_err(|source: aws::NotAnAccountId| invalid().because(source))?;
    if arn.partition() != aws::PARTITION || !arn.region().is_empty() || value.contains(['*', '?']) {
        return Err(invalid());
    }
    let mut parts = arn.resource().split('/');
    match (arn.service(), parts.next(), parts.next(), parts.next()) {
        ("iam", Some("root"), None, None) => Ok(None),
        ("iam", Some("user" | "role"), Some(_), _) => {
            let id = call.directory().id_of_arn(value)?;
            id.map(Some).ok_or_else(invalid)
        }
        // The role must exist; which sessions it will have nobody knows.
        ("sts", Some("assumed-role"), Some(role), Some(_)) => {
            let role = call.directory().role_by_name(account, role)?;
            role.map(|_| None).ok_or_else(invalid)
        }
        ("sts", Some("federated-user"), Some(_), None) => Ok(None),
        _ => Err(invalid()),
    }
}

/// Whether a user or role of the caller's account has this id. An id says nothing of the
/// account that it belongs to, so others' cannot be named by it.
fn bearer_exists(call: &Call, id: &str) -> Result<bool, Error> {
    let account = call.account()?;
    let directory = call.directory();
    let bearer = if id.starts_with("AIDA") {
        directory.user(account, id)?
    } else {
        directory.role_by_id(account, id)?
    };
    Ok(bearer.is_some())
}

fn service(entry: &PrincipalEntry) -> Result<(), Error> {
    let name = entry.value.as_str();
    let is_domain = [
        "amazonaws.com",
        "amazonaws.com.cn",
        "amazon.com",
        "aws.internal",
    ]
    .iter()
    .filter_map(|domain| name.strip_suffix(domain))
    .any(|host| host.len() > 1 && host.ends_with('.'));
    let is_clean = name
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'));
    if is_domain && is_clean {
        return Ok(());
    }
    Err(invalid("SERVICE", entry))
}

fn provider(entry: &PrincipalEntry) -> Result<(), Error> {
    let name = entry.value.as_str();
    if BUILT_IN_PROVIDERS.contains(&name) {
        return Ok(());
    }
    let is_provider = |arn: Arn| {
        let (kind, rest) = arn.resource().split_once('/').unwrap_or_default();
        arn.service() == "iam"
            && arn.account().parse::<AccountId>().is_ok()
            && matches!(kind, "oidc-provider" | "saml-provider")
            && !rest.is_empty()
            && !name.contains(['*', '?'])
    };
    if name.parse().is_ok_and(is_provider) {
        return Ok(());
    }
    Err(Error::new("MalformedPolicyDocument")
        .say("Federated principals must be valid domain names or SAML metadata ARNs"))
}

fn invalid(kind: &str, entry: &PrincipalEntry) -> Error {
    Error::new("MalformedPolicyDocument").say(format!(
        "Invalid principal in policy: \"{kind}\":\"{}\"",
        entry.value
    ))
}
