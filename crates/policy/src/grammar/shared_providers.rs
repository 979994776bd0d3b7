//! Identity providers that many companies share.
//!
//! Such a provider vouches for people and machines of everybody. A role that trusts it and
//! does not say whose it means is open to the world, so a trust policy has to say it (IAM
//! User Guide, "Identity-provider controls for shared OIDC providers").

use crate::document::{Condition, Effect, Listed, Statement};
use crate::malformed::Malformed;
use crate::operator::{Operator, Test};
use crate::{PrincipalEntry, PrincipalKind};

const COGNITO: &str = "cognito-identity.amazonaws.com";
const GITHUB: &str = "token.actions.githubusercontent.com";

/// Providers that need no record in IAM, and the claims one of which says which application
/// or whom of its people is meant.
const OF_APPLICATIONS: [(&str, &[&str]); 3] = [
    ("accounts.google.com", &["aud", "oaud", "sub"]),
    ("graph.facebook.com", &["app_id", "sub"]),
    ("www.amazon.com", &["app_id", "sub"]),
];

/// Others, and the claim that says whose.
const SHARED: [(&str, &str); 21] = [
    (COGNITO, "aud"),
    ("agent.buildkite.com", "sub"),
    ("api.pulumi.com/oidc", "aud"),
    ("app.terraform.io", "sub"),
    ("gitlab.com", "sub"),
    ("oidc-configuration.audit-log.githubusercontent.com", "sub"),
    ("oidc.codefresh.io", "sub"),
    (
        "oidc.op1.openshiftapps.com/2c51blsaqa9gkjt0o9rt11mle8mmropu",
        "sub",
    ),
    (
        "oidc.op1.openshiftapps.com/2f785sojlpb85i7402pk3qogugim5nfb",
        "sub",
    ),
    ("oidc.vercel.com", "aud"),
    ("proidc.upbound.io", "sub"),
    (
        "rh-oidc.s3.us-east-1.amazonaws.com/22ejnvnnturfmt6km08idd0nt4hekbn7",
        "sub",
    ),
    (
        "rh-oidc.s3.us-east-1.amazonaws.com/23e3sd27sju1hoou6ohfs68vbno607tr",
        "sub",
    ),
    (
        "rh-oidc.s3.us-east-1.amazonaws.com/23ne21h005qjl3n33d8dui5dlrmv2tmg",
        "sub",
    ),
    (
        "rh-oidc.s3.us-east-1.amazonaws.com/24jrf12m5dj7ljlfb4ta2frhrcoadm26",
        "sub",
    ),
    ("sandboxes.cloud", "aud"),
    ("scalr.io", "sub"),
    ("studio.datachain.ai/api", "sub"),
    (
        "sts.windows.net/33e01921-4d64-4f8c-a055-5bdaffd5e33d",
        SESSION_NAME,
    ),
    ("tokens.cloud.shisho.dev", "sub"),
    ("vstoken.actions.githubusercontent.com", "sub"),
];

/// Not a claim: the session's name, which that provider's people are told apart by.
const SESSION_NAME: &str = "sts:RoleSessionName";

const WEB_IDENTITY: &str = "sts:AssumeRoleWithWebIdentity";

/// Checks that a statement which lets a shared provider's people in says whose it means.
pub(super) fn check(statement: &Statement) -> Result<(), Malformed> {
    if statement.effect != Effect::Allow || !lets_web_identities_in(statement) {
        return Ok(());
    }
    let listed = statement.principals.items().iter();
    for entry in listed.filter(|entry| entry.kind == PrincipalKind::Federated) {
        check_provider(entry, &statement.conditions)?;
    }
    Ok(())
}

fn lets_web_identities_in(statement: &Statement) -> bool {
    let means = |pattern: &String| {
        let meant = catalogue::expand(pattern);
        meant
            .iter()
            .any(|action| action.full_name() == WEB_IDENTITY)
    };
    match &statement.actions {
        Listed::Absent => false,
        Listed::Only(patterns) => patterns.iter().any(means),
        Listed::Except(patterns) => !patterns.iter().any(means),
    }
}

fn check_provider(entry: &PrincipalEntry, conditions: &[Condition]) -> Result<(), Malformed> {
    let name = entry.value.as_str();
    for (provider, claims) in OF_APPLICATIONS {
        if name == provider
            && !conditions
                .iter()
                .any(|c| names_application(c, name, claims))
        {
            return Err(Malformed::new(format!(
                "Policy trusting {name} requires a StringEquals condition on an application id"
            )));
        }
    }
    if name == COGNITO && conditions.is_empty() {
        return Err(Malformed::new(
            "A condition block must be present for the Cognito provider",
        ));
    }
    let host = match name.split_once(":oidc-provider/") {
        Some((_account, host)) => host,
        None => name,
    };
    // GitHub gives companies providers of their own below its host.
    if host.starts_with(GITHUB) {
        return check_github(name, host, conditions);
    }
    let Some((_, claim)) = SHARED.iter().find(|(shared, _)| *shared == host) else {
        return Ok(());
    };
    let key = match *claim {
        SESSION_NAME => SESSION_NAME.to_owned(),
        claim => format!("{host}:{claim}"),
    };
    let means_somebody = |condition: &&Condition| !condition.values.iter().any(|v| v == "*");
    match asking(conditions, &key).any(|condition| means_somebody(&condition)) {
        true => Ok(()),
        false => Err(unscoped(host, &key)),
    }
}

/// Of GitHub either of two claims will do, and none of them may begin with anything.
fn check_github(arn: &str, host: &str, conditions: &[Condition]) -> Result<(), Malformed> {
    let keys = [format!("{host}:sub"), format!("{host}:job_workflow_ref")];
    let mut asked = keys
        .iter()
        .flat_map(|key| asking(conditions, key))
        .peekable();
    let is_asked = asked.peek().is_some();
    let means_all = |value: &String| value.trim().is_empty() || value.starts_with('*');
    if is_asked && !asked.any(|condition| condition.values.iter().any(means_all)) {
        return Ok(());
    }
    Err(unscoped(arn, &keys.join(" or ")))
}

fn unscoped(provider: &str, keys: &str) -> Malformed {
    Malformed::new(format!(
        "Trust policy with trusted principal {provider} must evaluate, using StringEquals, StringLike or StringEqualsIgnoreCase, {keys} which is not scoped to all."
    ))
}

/// The conditions that hold only where this key has one of their values.
fn asking<'c>(
    conditions: &'c [Condition],
    key: &'c str,
) -> impl Iterator<Item = &'c Condition> + 'c {
    conditions.iter().filter(move |condition| {
        let test = condition.operator.test;
        condition.key.eq_ignore_ascii_case(key)
            && demands(condition.operator)
            && (names_exactly(test) || test == Test::StringLike)
    })
}

fn names_application(condition: &Condition, provider: &str, claims: &[&str]) -> bool {
    let claim = condition
        .key
        .strip_prefix(provider)
        .and_then(|rest| rest.strip_prefix(':'));
    demands(condition.operator)
        && names_exactly(condition.operator.test)
        && claim.is_some_and(|claim| claims.contains(&claim))
}

/// Whether the operator fails where nothing matches.
fn demands(operator: Operator) -> bool {
    !operator.negated && !operator.if_exists
}

fn names_exactly(test: Test) -> bool {
    matches!(test, Test::StringEquals | Test::StringEqualsIgnoreCase)
}
