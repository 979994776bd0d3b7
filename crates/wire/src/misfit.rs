//! A value that does not become the type that an operation wants.

use facts::ServiceFacts;

use crate::refusal::Refusal;
use crate::validate::{Violation, refuse};
use crate::value::Value;

/// Why a value does not become a type: where it stands, and what it should have been.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{path}: {reason}")]
pub struct Misfit {
    path: String,
    value: Option<String>,
    reason: String,
    /// Whether the reason is the whole sentence already.
    whole: bool,
}

impl Misfit {
    /// A value that breaks a constraint: `Member must …`.
    #[must_use]
    pub fn constraint(value: impl Into<String>, constraint: impl Into<String>) -> Self {
        Self {
            path: String::new(),
            value: Some(value.into()),
            reason: constraint.into(),
            whole: false,
        }
    }

    /// A value that is refused with a sentence of its own.
    #[must_use]
    pub fn sentence(sentence: impl Into<String>) -> Self {
        Self {
            path: String::new(),
            value: None,
            reason: sentence.into(),
            whole: true,
        }
    }

    pub(crate) fn null() -> Self {
        Self {
            path: String::new(),
            value: None,
            reason: "Member must not be null".to_owned(),
            whole: false,
        }
    }

    /// A value of another kind. A checked type over a decoded message never meets one.
    pub(crate) fn of_kind(value: &Value) -> Self {
        match value {
            Value::Null => Self::null(),
            Value::Integer(number) => {
                Self::constraint(number.to_string(), "Member must be within its type's range")
            }
            _ => Self::constraint("", "Member must be of another type"),
        }
    }

    pub(crate) fn of_text(text: &str, error: &str) -> Self {
        if error.starts_with("Member must") {
            Self::constraint(text, error)
        } else {
            Self::sentence(error)
        }
    }

    /// The same, seen from the structure around it.
    #[must_use]
    pub fn inside(mut self, member: &str) -> Self {
        let member = crate::validate::lower_first(member);
        self.path = if self.path.is_empty() {
            member
        } else {
            format!("{member}.{}", self.path)
        };
        self
    }

    pub(crate) fn inside_list(self, at: usize) -> Self {
        self.inside("member").inside(&(at + 1).to_string())
    }

    /// The refusal that the caller of this service sees.
    #[must_use]
    pub fn into_refusal(self, service: &ServiceFacts) -> Refusal {
        if self.whole {
            return refuse(service, &[], Some(self.reason));
        }
        let violation = Violation {
            path: self.path,
            value: self.value,
            // STS alone is known to show values, and none of its texts with types of their own is secret.
            hidden: service.name != "sts",
            constraint: self.reason,
        };
        refuse(service, &[violation], None)
    }
}
