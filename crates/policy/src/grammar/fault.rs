//! Faults in the syntax, and the sentences of AWS's families of services for them.

use crate::document::Grammar;
use crate::malformed::Malformed;

/// What is wrong with a document before its meaning is looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fault {
    /// The text is not JSON, or not an object.
    NotJson,
    /// An element that is not in the language.
    UnknownElement(String),
    /// An element that comes twice, or beside its `Not` twin.
    Twice,
    /// A version that does not exist.
    Version,
    /// No `Statement`.
    NoStatement,
    /// A `Statement` with nothing in it.
    EmptyStatement,
    /// No `Effect`.
    NoEffect,
    /// An effect other than `Allow` and `Deny`.
    Effect(String),
    /// `Principal` is a text other than `*`, or in this family any text.
    PrincipalText,
    /// A key of the principal's map that does not exist.
    PrincipalKey(String),
    /// A condition operator that does not exist.
    Operator(String),
    /// A value of the wrong JSON type.
    Shape,
}

/// How a family of services speaks of faults.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Voice {
    /// IAM's identity policies, STS's session policies: one sentence for all.
    Identity,
    /// Policies of resources: a sentence for each fault.
    Resource,
    /// AWS Organizations.
    Organization,
}

impl Voice {
    pub(super) fn of(grammar: Grammar) -> Voice {
        match grammar {
            Grammar::Managed | Grammar::Identity | Grammar::Session | Grammar::Any => {
                Voice::Identity
            }
            Grammar::Trust | Grammar::Bucket | Grammar::VpcEndpoint => Voice::Resource,
            Grammar::ServiceControl | Grammar::ResourceControl => Voice::Organization,
        }
    }

    pub(super) fn say(self, fault: Fault) -> Malformed {
        match self {
            Voice::Identity => Malformed::new("Syntax errors in policy."),
            Voice::Organization => Malformed::new(NOT_OF_THE_TYPE),
            Voice::Resource => Malformed::new(resource_sentence(fault)),
        }
    }
}

/// What Organizations says to whatever it does not accept.
pub(super) const NOT_OF_THE_TYPE: &str =
    "The provided policy document does not meet the requirements of the specified policy type.";

fn resource_sentence(fault: Fault) -> String {
    let sentence = match fault {
        Fault::NotJson => "This policy contains invalid Json",
        Fault::Version => "The policy must contain a valid version string",
        Fault::NoStatement => "Missing required field Statement",
        Fault::EmptyStatement => "Could not parse the policy: Statement is empty!",
        Fault::NoEffect => "Missing required field Effect",
        Fault::Twice | Fault::Shape => "Syntax error in policy.",
        Fault::PrincipalText => "Invalid principal in policy",
        Fault::UnknownElement(name) => return format!("Unknown field {name}"),
        Fault::Effect(effect) => return format!("Invalid effect: {effect}"),
        Fault::PrincipalKey(key) => return format!("Invalid principal in policy: \"{key}\""),
        Fault::Operator(name) => return format!("Invalid Condition type : {name}"),
    };
    sentence.to_owned()
}
