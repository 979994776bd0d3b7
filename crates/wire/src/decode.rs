//! Requests into structures.

use facts::OperationFacts;

use crate::message::{Format, Incoming};
use crate::refusal::Refusal;
use crate::value::{Structure, Value};
use crate::{json, query, rest};

/// Reads what the model knows of a request. Members that it does not know are ignored; nothing
/// is checked here but that values can be read as their kinds: see [`crate::validate`].
pub fn decode(
    operation: &OperationFacts,
    format: Format,
    incoming: &Incoming<'_>,
) -> Result<Structure, Refusal> {
    match (format, operation.input) {
        (Format::QueryXml | Format::QueryJson, _) => query::decode(operation, incoming),
        (Format::RestJson, _) => rest::decode(operation, incoming),
        (Format::Json10 | Format::Json11, None) => Ok(Structure::new()),
        (Format::Json10 | Format::Json11, Some(shape)) => match json::decode(shape, incoming.body)?
        {
            Value::Structure(structure) => Ok(structure),
            _ => Err(Refusal::unreadable(operation, "Expected structure or null")),
        },
    }
}
