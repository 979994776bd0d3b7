//! Service control policies and resource control policies.

use crate::PrincipalKind;
use crate::document::{Effect, Listed, Statement};
use crate::malformed::Malformed;
use crate::template::Variables;

use super::fault::NOT_OF_THE_TYPE;
use super::reading::Draft;

pub(super) fn check_service_control(draft: &Draft) -> Result<(), Malformed> {
    check(draft, |statement| {
        statement.principals == Listed::Absent && !statement.resources.items().is_empty()
    })
}

/// Resource control policies only deny, to everybody, and name the services they are about.
pub(super) fn check_resource_control(draft: &Draft) -> Result<(), Malformed> {
    check(draft, |statement| {
        let to_anyone = match &statement.principals {
            Listed::Only(listed) => {
                !listed.is_empty() && listed.iter().all(|e| e.kind == PrincipalKind::Anyone)
            }
            Listed::Absent | Listed::Except(_) => false,
        };
        let names_services = match &statement.actions {
            Listed::Only(actions) => !actions.iter().any(|action| action == "*"),
            Listed::Absent | Listed::Except(_) => false,
        };
        statement.effect == Effect::Deny
            && to_anyone
            && names_services
            && !statement.resources.items().is_empty()
    })
}

fn check(draft: &Draft, fits: impl Fn(&Statement) -> bool) -> Result<(), Malformed> {
    let document = &draft.document;
    let sids = document.statements.iter().filter_map(|s| s.sid.as_deref());
    let acceptable = document.variables == Variables::Read
        && draft.odd_effect.is_none()
        && !document.statements.is_empty()
        && !super::has_duplicates(sids.filter(|sid| !sid.is_empty()))
        && document.statements.iter().all(|statement| {
            let actions = statement.actions.items();
            !actions.is_empty() && actions.iter().all(|action| is_action(action)) && fits(statement)
        });
    if acceptable {
        Ok(())
    } else {
        Err(Malformed::new(NOT_OF_THE_TYPE))
    }
}

fn is_action(action: &str) -> bool {
    action == "*"
        || action
            .split_once(':')
            .is_some_and(|(vendor, name)| !vendor.is_empty() && !name.contains(':'))
}
