//! Why a message is not taken, in AWS's code and words.

use std::borrow::Cow;

use facts::{OperationFacts, Protocol, ServiceFacts};

use crate::value::Structure;

/// A message that is refused before any operation has seen it.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{code} ({status}): {}", .message.as_deref().unwrap_or("no message"))]
pub struct Refusal {
    /// AWS's error code.
    pub code: Cow<'static, str>,
    /// The HTTP status.
    pub status: u16,
    /// AWS's sentence; some refusals have none.
    pub message: Option<String>,
    /// Further members of the error, where the model has them.
    pub fields: Structure,
}

impl Refusal {
    /// A refusal with a sentence.
    #[must_use]
    pub fn new(
        code: impl Into<Cow<'static, str>>,
        status: u16,
        message: impl Into<String>,
    ) -> Self {
        Self {
            code: code.into(),
            status,
            message: Some(message.into()),
            fields: Structure::new(),
        }
    }

    /// A query parameter that cannot be read. AWS mostly adds no sentence.
    pub(crate) fn malformed_input(message: Option<&str>) -> Self {
        Self {
            code: Cow::Borrowed("MalformedInput"),
            status: 400,
            message: message.map(str::to_owned),
            fields: Structure::new(),
        }
    }

    /// A JSON body that cannot be read.
    pub(crate) fn serialization(message: Option<String>) -> Self {
        Self {
            code: Cow::Borrowed("SerializationException"),
            status: 400,
            message,
            fields: Structure::new(),
        }
    }

    /// A message that the protocol of `operation` cannot read, for a reason in our own words.
    pub(crate) fn unreadable(operation: &OperationFacts, message: &str) -> Self {
        match operation.service.protocol {
            Protocol::Query => Self::malformed_input(Some(message)),
            _ => Self::serialization(Some(message.to_owned())),
        }
    }

    /// An operation that nobody knows.
    pub(crate) fn unknown_operation(service: &ServiceFacts) -> Self {
        let status = if service.protocol == Protocol::RestJson {
            404
        } else {
            400
        };
        Self {
            code: Cow::Borrowed("UnknownOperationException"),
            status,
            message: None,
            fields: Structure::new(),
        }
    }
}
