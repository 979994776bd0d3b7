//! Refusals of IAM, in AWS's words.

use plane::Error;
use policy::Malformed;

/// What an operation answers that answers nothing.
#[derive(Debug, wire::Output)]
pub(crate) struct Nothing {}

/// `The user with name X cannot be found.`
pub(crate) fn no_such(noun: &str, name: &str) -> Error {
    Error::new("NoSuchEntity").say(format!("The {noun} with name {name} cannot be found."))
}

/// `NoSuchEntity`, in this sentence.
pub(crate) fn no_such_entity(message: impl Into<String>) -> Error {
    Error::new("NoSuchEntity").say(message)
}

/// `User with name X already exists.`
pub(crate) fn already_exists(noun: &str, name: &str) -> Error {
    let noun = capitalized(noun);
    Error::new("EntityAlreadyExists").say(format!("{noun} with name {name} already exists."))
}

/// A noun as it begins sentences and names of quotas: `User`.
pub(crate) fn capitalized(noun: &str) -> String {
    let mut noun = noun.to_owned();
    if let Some(first) = noun.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    noun
}

/// `Cannot exceed quota for UsersPerAccount: 5000`
pub(crate) fn over_quota(quota: &str, most: u64) -> Error {
    Error::new("LimitExceeded").say(format!("Cannot exceed quota for {quota}: {most}"))
}

/// `Cannot delete entity, must delete policies first.`
pub(crate) fn delete_conflict(what: &str) -> Error {
    Error::new("DeleteConflict").say(format!("Cannot delete entity, must {what} first."))
}

/// `InvalidInput`, in this sentence.
pub(crate) fn invalid_input(message: impl Into<String>) -> Error {
    Error::new("InvalidInput").say(message)
}

/// `MalformedPolicyDocument`, in the policy engine's sentence, which is AWS's.
pub(crate) fn malformed(malformed: Malformed) -> Error {
    Error::new("MalformedPolicyDocument").say(malformed.message())
}
