//! Reads rest-json requests: path labels, query parameters, headers, and a JSON body.

use facts::{Kind, Location, Member, OperationFacts, Shape};

use crate::form;
use crate::json;
use crate::message::Incoming;
use crate::refusal::Refusal;
use crate::timestamp;
use crate::value::{Structure, Value};

/// Reads what the model knows of the request.
pub(crate) fn decode(
    operation: &OperationFacts,
    incoming: &Incoming<'_>,
) -> Result<Structure, Refusal> {
    let Some(Shape {
        kind: Kind::Structure {
            members, payload, ..
        },
        ..
    }) = operation.input
    else {
        return Ok(Structure::new());
    };
    let mut found = body(operation, *payload, incoming)?;
    let labels = labels(operation.uri, incoming.path).unwrap_or_default();
    for member in *members {
        let value = match member.location {
            Location::Body => None,
            Location::Header => incoming
                .header(member.wire_name)
                .map(|text| one(member.shape, text))
                .transpose()?,
            Location::QueryString => parameter(member, incoming.query)?,
            Location::Path => {
                let label = labels.iter().find(|(name, _)| *name == member.wire_name);
                label.map(|(_, text)| one(member.shape, text)).transpose()?
            }
        };
        if let Some(value) = value {
            found.insert(member.name, value);
        }
    }
    Ok(found)
}

fn body(
    operation: &OperationFacts,
    payload: Option<&str>,
    incoming: &Incoming<'_>,
) -> Result<Structure, Refusal> {
    let member = payload.and_then(|name| {
        operation
            .input_members()
            .iter()
            .find(|member| member.name == name)
    });
    let (shape, wrap) = match (member, operation.input) {
        (Some(member), _) => (member.shape, Some(member.name)),
        (None, Some(input)) if takes_body(input) => (input, None),
        _ => return Ok(Structure::new()),
    };
    let absent = incoming.body.is_empty();
    match (json::decode(shape, incoming.body)?, wrap) {
        (_, Some(_)) if absent => Ok(Structure::new()),
        (value, Some(name)) => Ok(Structure::new().with(name, value)),
        (Value::Structure(found), None) => Ok(found),
        _ => Ok(Structure::new()),
    }
}

fn takes_body(shape: &Shape) -> bool {
    matches!(&shape.kind, Kind::Structure { members, .. } if members.iter().any(|m| m.location == Location::Body))
}

fn parameter(member: &Member, query: &str) -> Result<Option<Value>, Refusal> {
    let mut texts = form::query_pairs(query)
        .filter(|(name, _)| name == member.wire_name)
        .map(|(_, text)| text);
    match &member.shape.kind {
        Kind::List(element, _) => {
            let values = texts
                .map(|text| one(element, &text))
                .collect::<Result<Vec<_>, _>>()?;
            Ok((!values.is_empty()).then_some(Value::List(values)))
        }
        _ => texts
            .next()
            .map(|text| one(member.shape, &text))
            .transpose(),
    }
}

/// A scalar outside the body is text.
fn one(shape: &Shape, text: &str) -> Result<Value, Refusal> {
    let unreadable = |what: &str| {
        Refusal::serialization(Some(format!("STRING_VALUE can not be converted to {what}")))
    };
    match &shape.kind {
        Kind::Boolean => match text {
            "true" => Ok(Value::Bool(true)),
            "false" => Ok(Value::Bool(false)),
            _ => Err(unreadable("a Boolean")),
        },
        Kind::Integer(_) => text
            .parse::<i32>()
            .map(|number| Value::Integer(number.into()))
            .map_err(|_| unreadable("an Integer")),
        Kind::Long(_) => text
            .parse()
            .map(Value::Integer)
            .map_err(|_| unreadable("a Long")),
        Kind::Float => text
            .parse()
            .map(Value::Float)
            .map_err(|_| unreadable("a Double")),
        Kind::Timestamp(_) => timestamp::read(text)
            .map(Value::Timestamp)
            .ok_or_else(|| unreadable("milliseconds since epoch")),
        _ => Ok(Value::String(text.to_owned())),
    }
}

/// The labels of a path that fits the template, decoded; nothing if it does not fit.
pub(crate) fn labels<'t>(template: &'t str, path: &str) -> Option<Vec<(&'t str, String)>> {
    let template = template.split('?').next().unwrap_or_default();
    let (mut wanted, mut given) = (template.split('/'), path.split('/'));
    let mut labels = Vec::new();
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return Some(labels),
            (Some(wanted), Some(given)) => match wanted
                .strip_prefix('{')
                .and_then(|name| name.strip_suffix('}'))
            {
                Some(_) if given.is_empty() => return None,
                Some(name) => {
                    labels.push((name, form::unescape(given.as_bytes(), false)?.into_owned()))
                }
                None if wanted == given => {}
                None => return None,
            },
            _ => return None,
        }
    }
}
