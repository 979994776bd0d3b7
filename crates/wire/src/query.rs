//! Reads query requests: dotted parameter names into structures.

use base64::Engine as _;
use facts::{Kind, OperationFacts, Shape};

use crate::base64_forgiving;
use crate::form::{Branch, Form};
use crate::message::Incoming;
use crate::refusal::Refusal;
use crate::timestamp;
use crate::value::{Structure, Value};

/// Deeper structures are not looked at; the deepest model is at six.
const DEPTH_MAX: usize = 16;

/// The numbers of a list's elements may leave out this many at once, as on AWS.
const SKIPPED_MAX: usize = 10;

/// Reads what the model knows of the request; other parameters are ignored.
pub(crate) fn decode(
    operation: &OperationFacts,
    incoming: &Incoming<'_>,
) -> Result<Structure, Refusal> {
    let Some(shape) = operation.input else {
        return Ok(Structure::new());
    };
    let form = Form::read(incoming)?;
    let bare = match operation.service.name {
        "sts" => Bare::Nothing,
        _ => Bare::Empty,
    };
    structure(shape, form.root(), bare, 0)
}

/// What the bare name of a list or map stands for. Clients send it for one without elements.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Bare {
    /// An empty one, as at IAM.
    Empty,
    /// None at all, as at STS, which then misses one that is required.
    Nothing,
}

fn structure(
    shape: &'static Shape,
    branch: Branch<'_, '_>,
    bare: Bare,
    depth: usize,
) -> Result<Structure, Refusal> {
    let Kind::Structure { members, .. } = &shape.kind else {
        return Ok(Structure::new());
    };
    let mut found = Structure::new();
    for member in *members {
        if let Some(value) = value(member.shape, branch, member.wire_name, bare, depth)? {
            found.insert(member.name, value);
        }
    }
    Ok(found)
}

/// A value from the parameter of this name and those below it.
fn value(
    shape: &'static Shape,
    branch: Branch<'_, '_>,
    name: &str,
    bare: Bare,
    depth: usize,
) -> Result<Option<Value>, Refusal> {
    if depth == DEPTH_MAX {
        return Ok(None);
    }
    let leaf = || branch.leaf(name);
    let is_there =
        |below: Branch<'_, '_>| !below.is_empty() || (bare == Bare::Empty && leaf().is_some());
    match &shape.kind {
        Kind::Structure { .. } => {
            let below = branch.below(name);
            let found = (!below.is_empty()).then(|| structure(shape, below, bare, depth + 1));
            Ok(found.transpose()?.map(Value::Structure))
        }
        Kind::List(member, _) => {
            let below = branch.below(name);
            let values = list(member, below.below("member"), bare, depth + 1)?;
            Ok(is_there(below).then_some(Value::List(values)))
        }
        Kind::Map { value, .. } => {
            let below = branch.below(name);
            let pairs = map(value, below.below("entry"), bare, depth + 1)?;
            Ok(is_there(below).then_some(Value::Map(pairs)))
        }
        _ => leaf().map(|text| scalar(shape, text)).transpose(),
    }
}

/// Elements that are not numbered are null, which the check refuses in AWS's words.
fn list(
    member: &'static Shape,
    elements: Branch<'_, '_>,
    bare: Bare,
    depth: usize,
) -> Result<Vec<Value>, Refusal> {
    let mut values = Vec::new();
    let mut last = 1;
    for (index, number) in elements.numbered()? {
        let skipped = index.saturating_sub(last);
        if skipped > SKIPPED_MAX {
            return Err(Refusal::malformed_input(Some(&format!(
                "Excessively sparse input would skip {skipped} list elements"
            ))));
        }
        if let Some(value) = value(member, elements, number, bare, depth)? {
            values.resize(index - 1, Value::Null);
            values.push(value);
        }
        last = index;
    }
    Ok(values)
}

fn map(
    shape: &'static Shape,
    entries: Branch<'_, '_>,
    bare: Bare,
    depth: usize,
) -> Result<Vec<(String, Value)>, Refusal> {
    let mut pairs = Vec::new();
    for (_, number) in entries.numbered()? {
        let entry = entries.below(number);
        let value = value(shape, entry, "value", bare, depth)?;
        if let (Some(key), Some(value)) = (entry.leaf("key"), value) {
            pairs.push((key.to_owned(), value));
        }
    }
    Ok(pairs)
}

fn scalar(shape: &Shape, text: &str) -> Result<Value, Refusal> {
    let malformed = || Refusal::malformed_input(None);
    match &shape.kind {
        Kind::Boolean if matches!(text, "true" | "1") => Ok(Value::Bool(true)),
        Kind::Boolean if matches!(text, "false" | "0") => Ok(Value::Bool(false)),
        Kind::Integer(_) | Kind::Long(_) if text.is_empty() => Err(Refusal::malformed_input(Some(
            "missing value for decimal type",
        ))),
        // Both parsers take a plus sign and leading zeros, as AWS does.
        Kind::Integer(_) => text
            .parse::<i32>()
            .map(|number| Value::Integer(number.into()))
            .map_err(|_| malformed()),
        Kind::Long(_) => text.parse().map(Value::Integer).map_err(|_| malformed()),
        Kind::Float => text.parse().map(Value::Float).map_err(|_| malformed()),
        Kind::Blob(_) => base64_forgiving()
            .decode(text)
            .map(Value::Blob)
            .map_err(|_| malformed()),
        Kind::Timestamp(_) => timestamp::read(text)
            .map(Value::Timestamp)
            .ok_or_else(|| Refusal::malformed_input(Some("timestamp must follow ISO8601"))),
        Kind::String(_) => Ok(Value::String(text.to_owned())),
        _ => Err(malformed()),
    }
}
