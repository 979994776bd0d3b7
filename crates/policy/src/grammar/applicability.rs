//! Whether the actions, resources and conditions of a bucket policy go together.
//!
//! S3 refuses what could never matter. What it knows of its actions is taken from the
//! service authorization reference; where that may know less than S3 does, a policy passes.

use catalogue::Action;

use crate::document::{Condition, Listed, Statement};
use crate::network::Network;
use crate::operator::Test;

/// Keys that come with every request to S3, whatever the reference says of an action.
const EVERYWHERE: [&str; 9] = [
    "s3:authType",
    "s3:signatureAge",
    "s3:signatureversion",
    "s3:TlsVersion",
    "s3:ResourceAccount",
    "s3:x-amz-content-sha256",
    "s3:DataAccessPointAccount",
    "s3:DataAccessPointArn",
    "s3:AccessPointNetworkOrigin",
];

/// Whether S3 knows the action, or some action that the pattern means.
pub(super) fn is_known_action(action: &str) -> bool {
    action == "*" || !catalogue::expand(action).is_empty()
}

/// S3's sentence for the first condition that it does not take.
pub(super) fn condition_fault(statement: &Statement) -> Option<&'static str> {
    for condition in &statement.conditions {
        if !is_known_key(&condition.key) {
            return Some("Policy has an invalid condition key");
        }
        if condition.operator.test == Test::Address
            && !condition.values.iter().all(|value| is_address(value))
        {
            return Some("Invalid IP address in Conditions");
        }
        if !applies(statement, condition) {
            return Some(
                "Conditions do not apply to combination of actions and resources in statement",
            );
        }
    }
    None
}

/// S3 looks at its own keys; unknown global ones pass, and those of identity providers, which
/// stand under host names, are nobody's to know.
fn is_known_key(key: &str) -> bool {
    let prefix = key.split(':').next().unwrap_or_default();
    prefix.eq_ignore_ascii_case("aws")
        || prefix.contains('.')
        || catalogue::condition_key(key).is_some()
}

fn is_address(value: &str) -> bool {
    value.contains("${") || Network::parse(value).is_some()
}

/// Whether every single action of the statement, and something of every pattern, can carry
/// the condition's key.
fn applies(statement: &Statement, condition: &Condition) -> bool {
    let key = condition.key.as_str();
    let own = key
        .get(..3)
        .is_some_and(|prefix| prefix.eq_ignore_ascii_case("s3:"));
    let everywhere = EVERYWHERE.iter().any(|of| of.eq_ignore_ascii_case(key));
    let Listed::Only(actions) = &statement.actions else {
        return true;
    };
    if !own || everywhere {
        return true;
    }
    actions.iter().all(|action| {
        let found = catalogue::expand(action);
        action == "*" || found.iter().any(|found| carries(found, key))
    })
}

fn carries(action: &Action, key: &str) -> bool {
    let is = |written: std::borrow::Cow<'_, str>| catalogue::is_key(&written, key);
    action.condition_keys().any(is)
        || action
            .resource_types()
            .any(|(of, _)| of.condition_keys().any(is))
}

/// Whether every action can be for one of the resources: those on buckets for a bucket, those
/// on objects for an object.
pub(super) fn actions_reach_resources(statement: &Statement) -> bool {
    let (Listed::Only(actions), Listed::Only(resources)) =
        (&statement.actions, &statement.resources)
    else {
        return true;
    };
    let last = |resource: &String| resource.splitn(6, ':').nth(5).map(str::to_owned);
    let lasts: Vec<String> = resources.iter().filter_map(last).collect();
    let is_point = |last: &str| last.starts_with("accesspoint/");
    // A star may run over the slash that parts bucket and key.
    let objects = lasts.iter().any(|last| last.contains(['/', '*']));
    let buckets = lasts.iter().any(|last| !last.contains('/'));
    let points = lasts.iter().any(|last| is_point(last));
    actions.iter().all(|action| {
        action == "*"
            || points
            || catalogue::expand(action).iter().any(|found| {
                let mut types = found.resource_types().map(|(of, _)| of.name());
                types.any(|of| (of == "object" && objects) || (of == "bucket" && buckets))
            })
    })
}
