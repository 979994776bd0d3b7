//! What an operation answers when it does not answer: AWS's code and sentence for the
//! caller, the cause for the log.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;

use facts::OperationFacts;
use identity::{Denied, Details};
use store::StoreError;
use wire::{ErrorAnswer, Structure};

/// A refusal or a failure, on its way to the wire.
#[derive(Debug)]
pub struct Error {
    code: Cow<'static, str>,
    status: Option<u16>,
    message: Option<String>,
    fields: Structure,
    details: Box<[(&'static str, String)]>,
    cause: Option<Box<dyn StdError + Send + Sync>>,
    decided: Option<policy::Verdict>,
    refused: Option<Box<Details>>,
}

impl Error {
    /// An error of this code. Its HTTP status is the one that the operation's model gives,
    /// or 400.
    pub fn new(code: impl Into<Cow<'static, str>>) -> Error {
        Error {
            code: code.into(),
            status: None,
            message: None,
            fields: Structure::new(),
            details: Box::default(),
            cause: None,
            decided: None,
            refused: None,
        }
    }

    /// What the caller reads.
    pub fn say(mut self, message: impl Into<String>) -> Error {
        self.message = Some(message.into());
        self
    }

    /// The HTTP status, where the model does not know the code.
    pub fn status(mut self, status: u16) -> Error {
        self.status = Some(status);
        self
    }

    /// A further member of the error's shape.
    pub fn field(mut self, name: &'static str, value: impl Into<String>) -> Error {
        self.fields.insert(name, value.into());
        self
    }

    /// Further elements of S3's error documents, in their order. No other protocol shows them.
    pub fn details(mut self, details: Vec<(&'static str, String)>) -> Error {
        self.details = details.into();
        self
    }

    /// What only the log reads.
    pub fn because(mut self, cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Error {
        self.cause = Some(cause.into());
        self
    }

    /// The same error under another code.
    pub(crate) fn renamed(mut self, code: &'static str) -> Error {
        self.code = Cow::Borrowed(code);
        self
    }

    /// Whether we are to blame, and not the caller.
    pub(crate) fn is_ours(&self) -> bool {
        self.status
            .is_some_and(|status| status >= 500 && status != 501)
    }

    /// The code.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// The HTTP status, or this one when none was said.
    pub fn status_or(&self, default: u16) -> u16 {
        self.status.unwrap_or(default)
    }

    /// What the caller reads.
    pub fn message(&self) -> Option<&str> {
        self.message.as_deref()
    }

    /// What [`Error::details`] was given.
    pub fn take_details(&mut self) -> Vec<(&'static str, String)> {
        std::mem::take(&mut self.details).into()
    }

    /// What only the log reads.
    pub fn cause(&self) -> Option<&(dyn StdError + Send + Sync)> {
        self.cause.as_deref()
    }

    /// What the policy engine decided, if it was the one that refused.
    pub fn decided(&self) -> Option<policy::Verdict> {
        self.decided
    }

    /// What the policy engine has to tell to those who may decode authorization messages.
    pub(crate) fn refused(&self) -> Option<&Details> {
        self.refused.as_deref()
    }

    /// As the wire takes it, in answer to this operation.
    pub(crate) fn into_answer(self, operation: &OperationFacts) -> ErrorAnswer {
        let status = self
            .status
            .unwrap_or_else(|| wire::status_of(operation, &self.code));
        ErrorAnswer {
            code: self.code,
            message: self.message,
            status,
            fields: self.fields,
        }
    }

    /// Something broke on our side. The caller learns no more than that.
    pub fn internal(cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Error {
        Error::new("InternalFailure")
            .status(500)
            .say("The request processing has failed because of an unknown error, exception or failure.")
            .because(cause)
    }

    /// `AccessDenied`, in this sentence.
    pub fn access_denied(message: impl Into<String>) -> Error {
        Error::new("AccessDenied").status(403).say(message)
    }

    /// `ValidationError`, in this sentence.
    pub fn validation(message: impl Into<String>) -> Error {
        Error::new("ValidationError").status(400).say(message)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.code)?;
        if let Some(message) = &self.message {
            write!(f, ": {message}")?;
        }
        if let Some(cause) = &self.cause {
            write!(f, " ({cause})")?;
        }
        Ok(())
    }
}

impl StdError for Error {}

impl From<Denied> for Error {
    fn from(denied: Denied) -> Error {
        let mut error = Error::access_denied(denied.message);
        error.decided = Some(denied.verdict);
        error.refused = denied.details.map(Box::new);
        error
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Error {
        match error {
            StoreError::Contended => Error::new("ConcurrentModification")
                .status(409)
                .say("The request was rejected because multiple requests to change this object were submitted simultaneously.")
                .because(error),
            StoreError::Full | StoreError::Closed | StoreError::Broken(_) => {
                Error::new("ServiceUnavailable")
                    .status(503)
                    .say("The request has failed due to a temporary failure of the server.")
                    .because(error)
            }
            other => Error::internal(other),
        }
    }
}

impl From<wire::Refusal> for Error {
    fn from(refusal: wire::Refusal) -> Error {
        let mut error = Error::new(refusal.code).status(refusal.status);
        error.message = refusal.message;
        error.fields = refusal.fields;
        error
    }
}
