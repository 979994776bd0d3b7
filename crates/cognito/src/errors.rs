//! Refusals of identity pools, in AWS's words.

use plane::Error;

/// What an operation answers that answers nothing.
#[derive(Debug, wire::Output)]
pub(crate) struct Nothing {}

/// `NotAuthorizedException`, in this sentence.
pub(crate) fn not_authorized(message: impl Into<String>) -> Error {
    Error::new("NotAuthorizedException").say(message)
}

/// `InvalidParameterException`, in this sentence.
pub(crate) fn invalid_parameter(message: impl Into<String>) -> Error {
    Error::new("InvalidParameterException").say(message)
}

/// `LimitExceededException`, in this sentence.
pub(crate) fn limit_exceeded(message: impl Into<String>) -> Error {
    Error::new("LimitExceededException").say(message)
}

/// There is no such pool, or it is not the caller's.
pub(crate) fn no_such_pool(id: &str) -> Error {
    Error::new("ResourceNotFoundException").say(format!("IdentityPool '{id}' not found."))
}

/// There is no such identity, or it is not the caller's.
pub(crate) fn no_such_identity(id: &str) -> Error {
    Error::new("ResourceNotFoundException").say(format!("Identity '{id}' not found."))
}

/// The pool lets nobody in who does not sign in.
pub(crate) fn no_guests() -> Error {
    not_authorized("Unauthenticated access is not supported for this identity pool.")
}

/// None of the logins is the identity's.
pub(crate) fn logins_do_not_match() -> Error {
    not_authorized(
        "Logins don't match. Please include at least one valid login for this identity or identity pool.",
    )
}

/// A login key that names no provider whose proof anybody could bring.
pub(crate) fn no_public_provider() -> Error {
    invalid_parameter("Please provide a valid public provider")
}

/// The pool has no developer provider of this name.
pub(crate) fn no_such_developer_provider() -> Error {
    invalid_parameter("This identity pool does not support the specified developer provider")
}

/// A provider that has to be asked does not answer.
pub(crate) fn provider_is_silent(
    why: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> Error {
    Error::new("ExternalServiceException")
        .say("The identity provider did not answer.")
        .because(why)
}

/// A login belongs to another identity than the one that it was to be added to.
pub(crate) fn login_is_taken() -> Error {
    Error::new("ResourceConflictException")
        .say("One of the logins is already linked to another identity.")
}

/// The pool's roles do not yield credentials. The caller learns no more than that.
pub(crate) fn invalid_configuration() -> Error {
    Error::new("InvalidIdentityPoolConfigurationException")
        .say("Invalid identity pool configuration. Check assigned IAM roles for this pool.")
}

/// The identity is not the caller's to use.
pub(crate) fn access_is_forbidden(id: &str) -> Error {
    not_authorized(format!("Access to Identity '{id}' is forbidden."))
}

/// A user of the developer's is another identity than the one that was named.
pub(crate) fn developer_user_is_registered() -> Error {
    Error::new("DeveloperUserAlreadyRegisteredException").say(
        "The provided developer user identifier is already registered with Cognito under a different identity ID.",
    )
}
