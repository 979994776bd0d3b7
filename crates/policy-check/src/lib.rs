//! Reads a policy as a careful colleague would, and says what is wrong with it and where.
//!
//! Text goes in, [`Finding`]s come out, in the shape of Access Analyzer's `ValidatePolicy`:
//! errors (the policy does not do what it says, or is refused), security warnings, warnings
//! and suggestions. No I/O. What is said of actions, resources and condition keys rests on
//! the [`catalogue`].
//!
//! The way through: [`json_text`] (JSON with positions) → `cursor` (a walk that knows its path) →
//! the checks, one file an element of a policy. Nothing stops at the first fault: whoever
//! mends a policy wants to see all of them.

mod actions;
mod arn;
mod conditions;
mod cursor;
mod document;
mod finding;
mod principals;
mod privileges;
mod report;
mod resources;
mod statement;
mod values;
mod variables;

use json_text::NotJson;

pub use self::finding::{Finding, FindingType, Location, PathElement, Position, Span};

/// What a policy is attached to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PolicyType {
    /// Users, groups, roles; permissions boundaries.
    Identity,
    /// A resource: bucket, queue, key.
    Resource,
    /// A role, as its trust policy.
    Trust,
    /// A session, while it is made.
    Session,
    /// An organization: service control policy.
    ServiceControl,
    /// An organization: resource control policy.
    ResourceControl,
}

/// The longest text that is read, in bytes, as in the engine.
pub const POLICY_BYTES_MAX: usize = 262_144;

/// Everything that is to be said about a policy, in the order of its text.
#[must_use]
pub fn check(policy: &str, kind: PolicyType) -> Vec<Finding> {
    let mut report = report::Report::new(policy);
    if policy.len() > POLICY_BYTES_MAX {
        report.unreadable(&NotJson {
            at: 0,
            why: "the text is longer than any policy",
        });
        return report.finish();
    }
    match json_text::parse_placed(policy) {
        Ok(root) => document::check(&root, policy, kind, &mut report),
        Err(fault) => report.unreadable(&fault),
    }
    report.finish()
}

#[cfg(test)]
mod tests;
