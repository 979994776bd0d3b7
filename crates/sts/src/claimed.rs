//! What a provider asks for in its token or assertion, held to what AssumeRole may be asked
//! for: numbers, lengths and characters. A provider may put anything into what it signs.

use plane::Error;
use wire::{Structure, Value};

/// Holds tags and keys of transitive ones to the model.
pub(crate) fn hold_tags_to_model(
    tags: &[(String, String)],
    transitive: &[String],
    invalid: &dyn Fn() -> Error,
) -> Result<(), Error> {
    let pairs = tags.iter().map(|(key, value)| {
        let tag = Structure::new().with("Key", key.as_str());
        Value::Structure(tag.with("Value", value.as_str()))
    });
    let keys = transitive.iter().map(|key| Value::from(key.as_str()));
    hold_to_model(
        Structure::new()
            .with("Tags", Value::List(pairs.collect()))
            .with("TransitiveTagKeys", Value::List(keys.collect())),
        invalid,
    )
}

/// Holds anything of AssumeRole's input to the model.
pub(crate) fn hold_to_model(asked: Structure, invalid: &dyn Fn() -> Error) -> Result<(), Error> {
    let request = asked
        .with("RoleArn", "arn:aws:iam::000000000000:role/any")
        .with("RoleSessionName", "any");
    wire::validate(facts::sts::ASSUME_ROLE, &request).map_err(|refusal| invalid().because(refusal))
}
