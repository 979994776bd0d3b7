//! Bucket policies. Whether resources lie in the bucket is asked by whoever keeps it.

use crate::document::{Effect, Listed, Statement};
use crate::malformed::Malformed;

use super::applicability;
use super::fault::{Fault, Voice};
use super::principals;
use super::reading::Draft;

pub(super) fn check(draft: &Draft) -> Result<(), Malformed> {
    let statements = &draft.document.statements;
    if statements.is_empty() {
        return Err(Voice::Resource.say(Fault::EmptyStatement));
    }
    if let Some(effect) = &draft.odd_effect {
        return Err(Voice::Resource.say(Fault::Effect(effect.clone())));
    }
    for statement in statements {
        check_statement(statement)?;
    }
    let sids = statements.iter().filter_map(|s| s.sid.as_deref());
    if super::has_duplicates(sids.filter(|sid| !sid.is_empty())) {
        return Err(Malformed::new(
            "The Statement Ids in the policy are not unique",
        ));
    }
    Ok(())
}

fn check_statement(statement: &Statement) -> Result<(), Malformed> {
    match &statement.principals {
        Listed::Absent => return Err(Malformed::new("Missing required field Principal")),
        Listed::Except(_) if statement.effect == Effect::Allow => {
            return Err(Malformed::new("Allow with NotPrincipal is not allowed."));
        }
        Listed::Only(listed) | Listed::Except(listed) => {
            if listed.is_empty() {
                return Err(Malformed::new(
                    "Missing required field Principal cannot be empty!",
                ));
            }
            if !listed.iter().all(principals::is_plausible) {
                return Err(Malformed::new("Invalid principal in policy"));
            }
        }
    }
    if statement.actions.items().is_empty() {
        return Err(Malformed::new("Missing required field Action"));
    }
    if !statement
        .actions
        .items()
        .iter()
        .all(|action| is_s3_action(action))
    {
        return Err(Malformed::new("Policy has invalid action"));
    }
    if statement.resources.items().is_empty() {
        return Err(Malformed::new("Missing required field Resource"));
    }
    if !statement
        .resources
        .items()
        .iter()
        .all(|resource| is_s3_resource(resource))
    {
        return Err(Malformed::new("Policy has invalid resource"));
    }
    if let Some(sentence) = applicability::condition_fault(statement) {
        return Err(Malformed::new(sentence));
    }
    if !applicability::actions_reach_resources(statement) {
        return Err(Malformed::new(
            "Action does not apply to any resource(s) in statement",
        ));
    }
    Ok(())
}

fn is_s3_action(action: &str) -> bool {
    if action == "*" {
        return true;
    }
    action.split_once(':').is_some_and(|(vendor, name)| {
        vendor.eq_ignore_ascii_case("s3") && !name.is_empty() && !name.contains(':')
    }) && applicability::is_known_action(action)
}

fn is_s3_resource(resource: &str) -> bool {
    let mut parts = resource.splitn(6, ':');
    let arn = parts.next() == Some("arn") && parts.next().is_some_and(|p| p.starts_with("aws"));
    arn && parts.next() == Some("s3")
        && parts.next().is_some()
        && parts.next().is_some()
        && parts.next().is_some_and(|last| !last.is_empty())
}
