//! Trust policies of roles.

use crate::PrincipalKind;
use crate::document::{Effect, Listed, Statement};
use crate::malformed::Malformed;

use super::fault::{Fault, Voice};
use super::principals;
use super::reading::Draft;
use super::shared_providers;

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
        shared_providers::check(statement)?;
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
                // Spelled as AWS spells it.
                return Err(Malformed::new(
                    "AssumeRolepolicy contained an invalid principal: \"STAR\":\"*\".",
                ));
            }
            PrincipalKind::CanonicalUser => {
                return Err(Voice::Resource.say(Fault::PrincipalKey("CanonicalUser".to_owned())));
            }
            PrincipalKind::Federated if !principals::is_plausible(entry) => {
                return Err(Malformed::new(
                    "Federated principals must be valid domain names or SAML metadata ARNs",
                ));
            }
            _ if !principals::is_plausible(entry) => return Err(Malformed::principal(entry)),
            _ => {}
        }
    }
    Ok(())
}

fn check_actions(statement: &Statement) -> Result<(), Malformed> {
    let actions = statement.actions.items();
    if actions.is_empty() {
        return Err(Malformed::new("Missing required field Action"));
    }
    let of_sts = |action: &String| {
        let vendor = action.split_once(':').map(|(vendor, _)| vendor);
        vendor.is_some_and(|vendor| vendor.eq_ignore_ascii_case("sts"))
            && !action.ends_with(":*")
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
