//! Actions: do they exist, may they be here, does one cover another?

use catalogue::matches;

use crate::PolicyType;
use crate::cursor::{Cursor, places};
use crate::report::Report;
use crate::statement::Statement;

pub(crate) fn check(statement: &Statement<'_>, report: &mut Report<'_>) {
    let not_actions = statement.not_actions.iter().flatten();
    for action in statement.actions.iter().chain(not_actions) {
        check_one(statement.kind, action, report);
    }
    redundant(&statement.actions, report);
}

fn check_one(kind: PolicyType, action: &Cursor<'_>, report: &mut Report<'_>) {
    let text = action.as_str().unwrap_or_default();
    let place = [action.place()];
    if text == "*" {
        match kind {
            PolicyType::Trust => report.error(
                "UNSUPPORTED_ACTION_IN_POLICY",
                "A trust policy is about actions of sts only.".to_owned(),
                &place,
            ),
            PolicyType::ResourceControl => report.error(
                "UNSUPPORTED_ACTION_IN_POLICY",
                "A resource control policy names the services that it is about.".to_owned(),
                &place,
            ),
            _ => {}
        }
        return;
    }
    let Some((prefix, name)) = text.split_once(':') else {
        let details = format!("The action {text} lacks its service: write it as service:{text}.");
        report.error("INVALID_ACTION", details, &place);
        return;
    };
    if prefix.contains(['*', '?']) {
        let details = format!("The service {prefix} may not have wildcards. Name it, or use *.");
        report.error("INVALID_SERVICE_IN_ACTION", details, &place);
        return;
    }
    let Some(service) = catalogue::service(prefix) else {
        let details = format!("The service {prefix} of this action is not known.");
        report.error("INVALID_SERVICE_IN_ACTION", details, &place);
        return;
    };
    let mut actions = service.actions().iter();
    if !actions.any(|action| matches(name, action.name())) {
        let hint = similar(service.actions().iter().map(|a| a.name()), name)
            .map_or(String::new(), |like| {
                format!(" Did you mean {prefix}:{like}?")
            });
        let details = if name.contains(['*', '?']) {
            format!("No action of {prefix} is meant by {text}.{hint}")
        } else {
            format!("The action {text} does not exist.{hint}")
        };
        report.error("INVALID_ACTION", details, &place);
        return;
    }
    allowed_here(kind, service, &place, report);
}

fn allowed_here(
    kind: PolicyType,
    service: &catalogue::Service,
    place: &[crate::cursor::Place],
    report: &mut Report<'_>,
) {
    let prefix = service.prefix();
    match kind {
        PolicyType::Trust if prefix != "sts" => {
            let details = format!("A trust policy is about actions of sts only, not of {prefix}.");
            report.error("UNSUPPORTED_ACTION_IN_POLICY", details, place);
        }
        PolicyType::ResourceControl if !service.in_resource_control() => {
            let details = format!("Resource control policies have no effect on {prefix}.");
            report.error("UNSUPPORTED_ACTION_IN_POLICY", details, place);
        }
        _ => {}
    }
}

/// Complains of actions that another action of the statement covers.
fn redundant(actions: &[Cursor<'_>], report: &mut Report<'_>) {
    let texts: Vec<&str> = actions.iter().filter_map(Cursor::as_str).collect();
    for group in overlaps(&texts, covers) {
        let details = format!(
            "{} actions of this statement say the same: {} covers {}, which can go.",
            group.members.len(),
            group.wide,
            group.narrow
        );
        let members = group.members.iter().filter_map(|at| actions.get(*at));
        report.suggestion("REDUNDANT_ACTION", details, &places(members));
    }
}

/// Texts of which one covers the others.
pub(crate) struct Overlap<'t> {
    pub(crate) wide: &'t str,
    pub(crate) narrow: &'t str,
    /// All of them, in order.
    pub(crate) members: Vec<usize>,
}

/// At most so many texts are compared with each other.
const COMPARED_MAX: usize = 1_000;

/// The texts that others cover, each told once. Of two that cover each other the first stays.
pub(crate) fn overlaps<'t>(
    texts: &[&'t str],
    covers: impl Fn(&str, &str) -> bool,
) -> Vec<Overlap<'t>> {
    let mut told = vec![false; texts.len()];
    let mut found = Vec::new();
    for (at, wide) in texts.iter().enumerate().take(COMPARED_MAX) {
        if told.get(at) == Some(&true) {
            continue;
        }
        let mut members = vec![at];
        let mut narrow = None;
        for (other_at, other) in texts.iter().enumerate().take(COMPARED_MAX) {
            let covered =
                other_at != at && covers(wide, other) && (other_at > at || !covers(other, wide));
            if let (true, Some(told @ false)) = (covered, told.get_mut(other_at)) {
                *told = true;
                members.push(other_at);
                narrow.get_or_insert(*other);
            }
        }
        if let Some(narrow) = narrow {
            members.sort_unstable();
            found.push(Overlap {
                wide,
                narrow,
                members,
            });
        }
    }
    found
}

fn covers(pattern: &str, text: &str) -> bool {
    if pattern == "*" {
        return true;
    }
    match (pattern.split_once(':'), text.split_once(':')) {
        (Some((service, name)), Some((other, narrow))) => {
            service.eq_ignore_ascii_case(other) && matches(name, narrow)
        }
        _ => false,
    }
}

/// The name that a misspelt one is likely to mean.
pub(crate) fn similar<'n>(names: impl Iterator<Item = &'n str>, wrong: &str) -> Option<&'n str> {
    let bound = (wrong.len() / 4).max(1);
    let ranked = names.filter_map(|name| Some((distance(name, wrong, bound)?, name)));
    ranked.min().map(|(_, name)| name)
}

/// How many letters differ, if not more than `bound`; case does not count.
fn distance(one: &str, other: &str, bound: usize) -> Option<usize> {
    if one.len().abs_diff(other.len()) > bound || other.len() > 64 {
        return None;
    }
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, letter) in one.bytes().enumerate() {
        let mut diagonal = at;
        let mut left = at + 1;
        let mut next = vec![left];
        for (above, candidate) in row.iter().skip(1).zip(other.bytes()) {
            let changed = usize::from(!letter.eq_ignore_ascii_case(&candidate));
            let cost = (diagonal + changed).min(above + 1).min(left + 1);
            diagonal = *above;
            left = cost;
            next.push(cost);
        }
        row = next;
    }
    row.last().copied().filter(|cost| *cost <= bound)
}
