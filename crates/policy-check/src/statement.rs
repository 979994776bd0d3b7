//! One statement: which elements it has, before each is looked at by itself.

use json_text::Value;

use crate::PolicyType;
use crate::cursor::{Cursor, places};
use crate::document::{known_once, wrong_type};
use crate::report::Report;
use crate::{actions, conditions, principals, privileges, resources};

const ELEMENTS: [&str; 9] = [
    "Sid",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
];

/// A statement, its elements taken apart.
pub(crate) struct Statement<'t> {
    pub(crate) kind: PolicyType,
    pub(crate) whole: Cursor<'t>,
    /// Nothing where the effect is missing or wrong.
    pub(crate) allows: Option<bool>,
    /// The texts of `Action`; empty where it is not there.
    pub(crate) actions: Vec<Cursor<'t>>,
    pub(crate) not_actions: Option<Vec<Cursor<'t>>>,
    pub(crate) resources: Vec<Cursor<'t>>,
    pub(crate) not_resources: Option<Vec<Cursor<'t>>>,
    pub(crate) condition: Option<Cursor<'t>>,
    /// Whether the policy's version knows variables.
    pub(crate) variables: bool,
}

pub(crate) fn check(
    whole: &Cursor<'_>,
    kind: PolicyType,
    variables: bool,
    report: &mut Report<'_>,
) {
    known_once(&whole.members(), &ELEMENTS, report);
    for [one, other] in [
        ["Action", "NotAction"],
        ["Resource", "NotResource"],
        ["Principal", "NotPrincipal"],
    ] {
        if let (Some(first), Some(second)) = (whole.get(one), whole.get(other)) {
            let details = format!("{one} and {other} do not go together in one statement.");
            let places = places([&first, &second]);
            report.error("UNSUPPORTED_ELEMENT_COMBINATION", details, &places);
        }
    }
    let allows = effect(whole, report);
    let actions = texts(whole, "Action", report);
    let not_actions = texts(whole, "NotAction", report);
    let resources = texts(whole, "Resource", report);
    let not_resources = texts(whole, "NotResource", report);
    if actions.is_none() && not_actions.is_none() {
        let details = "The statement has neither Action nor NotAction.".to_owned();
        report.error("MISSING_ACTION", details, &[whole.place()]);
    }
    if resources.is_none() && not_resources.is_none() && kind != PolicyType::Trust {
        let details = "The statement has neither Resource nor NotResource.".to_owned();
        report.error("MISSING_RESOURCE", details, &[whole.place()]);
    }
    let statement = Statement {
        kind,
        whole: whole.clone(),
        allows,
        actions: actions.unwrap_or_default(),
        not_actions,
        resources: resources.unwrap_or_default(),
        not_resources,
        condition: whole.get("Condition"),
        variables,
    };
    principals::check(&statement, report);
    actions::check(&statement, report);
    resources::check(&statement, report);
    conditions::check(&statement, report);
    privileges::check(&statement, report);
}

fn effect(whole: &Cursor<'_>, report: &mut Report<'_>) -> Option<bool> {
    let Some(effect) = whole.get("Effect") else {
        let details = "The statement has no Effect: say Allow or Deny.".to_owned();
        report.error("MISSING_EFFECT", details, &[whole.place()]);
        return None;
    };
    match effect.as_str() {
        Some("Allow") => Some(true),
        Some("Deny") => Some(false),
        Some(other) => {
            let details = format!("The effect {other} does not exist: write Allow or Deny.");
            report.error("INVALID_EFFECT", details, &[effect.place()]);
            None
        }
        None => {
            wrong_type(&effect, "a string", report);
            None
        }
    }
}

/// The texts of an element that takes one or a list.
fn texts<'t>(whole: &Cursor<'t>, name: &str, report: &mut Report<'_>) -> Option<Vec<Cursor<'t>>> {
    let element = whole.get(name)?;
    if element.is_empty_list() {
        let code = match name {
            "Action" | "NotAction" => "EMPTY_ARRAY_ACTION",
            _ => "EMPTY_ARRAY_RESOURCE",
        };
        let details = format!("The list of {name} is empty: the statement is about nothing.");
        report.suggestion(code, details, &[element.place()]);
    }
    let mut texts = Vec::new();
    for item in element.items() {
        match item.value() {
            Value::String(_) => texts.push(item),
            _ => wrong_type(&item, "a string", report),
        }
    }
    Some(texts)
}
