//! What is found, in the shape that `ValidatePolicy` gives it.

use std::fmt;

use serde::Serialize;

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum FindingType {
    /// It could be better.
    Suggestion,
    /// It differs from good practice, and nothing becomes unsafe by it.
    Warning,
    /// It allows more than is safe.
    SecurityWarning,
    /// It is refused, or does not do what it says.
    Error,
}

impl FindingType {
    /// As the links to AWS's pages spell it.
    fn anchor(self) -> &'static str {
        match self {
            FindingType::Suggestion => "suggestion",
            FindingType::Warning => "general-warning",
            FindingType::SecurityWarning => "security-warning",
            FindingType::Error => "error",
        }
    }
}

impl fmt::Display for FindingType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            FindingType::Suggestion => "suggestion",
            FindingType::Warning => "warning",
            FindingType::SecurityWarning => "security warning",
            FindingType::Error => "error",
        })
    }
}

/// One thing that is to be said about a policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// In a sentence or two.
    pub finding_details: String,
    /// How much it matters.
    pub finding_type: FindingType,
    /// What it is, for programs: `INVALID_ACTION`.
    pub issue_code: &'static str,
    /// Where AWS explains it; for what only we find, the page of all checks.
    pub learn_more_link: String,
    /// Where in the policy; empty only where it is about no place.
    pub locations: Vec<Location>,
}

/// The page on which AWS lists its checks.
const PAGE: &str =
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-reference-policy-checks.html";

/// What AWS does not look for, and we do.
pub(crate) const OUR_OWN: [&str; 5] = [
    "ACTION_WITHOUT_MATCHING_RESOURCE",
    "CONDITION_KEY_NOT_IN_REQUEST",
    "POLICY_TOO_LONG",
    "PRIVILEGE_ESCALATION",
    "UNKNOWN_RESOURCE_TYPE",
];

impl Finding {
    pub(crate) fn new(
        finding_type: FindingType,
        issue_code: &'static str,
        finding_details: String,
    ) -> Finding {
        let learn_more_link = if OUR_OWN.contains(&issue_code) {
            PAGE.to_owned()
        } else {
            let name = issue_code.to_ascii_lowercase().replace('_', "-");
            let of = finding_type.anchor();
            format!("{PAGE}#access-analyzer-reference-policy-checks-{of}-{name}")
        };
        Finding {
            finding_details,
            finding_type,
            issue_code,
            learn_more_link,
            locations: Vec::new(),
        }
    }
}

/// A place in a policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Location {
    /// The way from the top of the policy.
    pub path: Vec<PathElement>,
    /// The text that is meant.
    pub span: Span,
}

/// A step on the way to a place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PathElement {
    /// Into a list.
    Index(usize),
    /// To a member's name itself.
    Key(String),
    /// Into a member's value.
    Value(String),
}

/// A run of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Span {
    /// Before its first character.
    pub start: Position,
    /// Behind its last.
    pub end: Position,
}

/// A place between characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Position {
    /// From 1.
    pub line: usize,
    /// Characters since the line began.
    pub column: usize,
    /// Characters since the text began.
    pub offset: usize,
}
