//! Trust policies of roles.

use crate::document::{Effect, Listed, Statement};
use crate::malformed::Malformed;
use crate::{PrincipalEntry, PrincipalKind};

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
        check_principals(statement)?;
        check_actions(statement)?;
        match statement.resources {
            Listed::Absent => {}
            Listed::Only(_) => return Err(Malformed::new("Has prohibited field Resource")),
            Listed::Except(_) => {
                return Err(Malformed::new(
                    "AssumeRole policy must not contain resources.",
                ));
            }
        }
    }
    let sids = statements.iter().filter_map(|s| s.sid.as_deref());
    if super::has_duplicates(sids.filter(|sid| !sid.is_empty())) {
        return Err(Malformed::new(
            "The Statement Ids in the policy are not unique",
        ));
    }
    Ok(())
}

fn check_principals(statement: &Statement) -> Result<(), Malformed> {
    let listed = match &statement.principals {
        Listed::Absent => return Err(Malformed::new("Missing required field Principal")),
        Listed::Except(_) if statement.effect == Effect::Allow => {
            return Err(Malformed::new("Allow with NotPrincipal is not allowed."));
        }
        Listed::Except(_) => {
            return Err(Malformed::new(
                "AssumeRole policy must not contain NotPrincipal field.",
            ));
        }
        Listed::Only(listed) if listed.is_empty() => {
            return Err(Malformed::new(
                "Missing required field Principal cannot be empty!",
            ));
        }
        Listed::Only(listed) => listed,
    };
    for entry in listed {
        match entry.kind {
            PrincipalKind::Anyone => {
                return Err(Malformed::new("Principal must be a JSON object."));
            }
            PrincipalKind::CanonicalUser => {
                return Err(Voice::Resource.say(Fault::PrincipalKey("CanonicalUser".to_owned())));
            }
            _ if !principals::is_plausible(entry) => return Err(Malformed::principal(entry)),
            _ => {}
        }
        let of_cognito =
            |c: &crate::document::Condition| c.key.eq_ignore_ascii_case(COGNITO_AUDIENCE);
        if is_cognito(entry) && !statement.conditions.iter().any(of_cognito) {
            return Err(Malformed::new(
                "A condition block must be present for the Cognito provider",
            ));
        }
    }
    Ok(())
}

/// Every account shares Amazon Cognito as provider: without its audience a trust policy
/// would trust every identity pool there is.
const COGNITO_AUDIENCE: &str = "cognito-identity.amazonaws.com:aud";

fn is_cognito(entry: &PrincipalEntry) -> bool {
    entry.kind == PrincipalKind::Federated && entry.value == "cognito-identity.amazonaws.com"
}

fn check_actions(statement: &Statement) -> Result<(), Malformed> {
    let actions = statement.actions.items();
    if actions.is_empty() {
        return Err(Malformed::new("Missing required field Action"));
    }
    let of_sts = |action: &String| {
        let vendor = action.split_once(':').map(|(vendor, _)| vendor);
        vendor.is_some_and(|vendor| vendor.eq_ignore_ascii_case("sts"))
            && !catalogue::expand(action).is_empty()
    };
    if actions.iter().all(of_sts) {
        Ok(())
    } else {
        Err(Malformed::new(
            "AssumeRole policy may only specify STS AssumeRole actions.",
        ))
    }
}
