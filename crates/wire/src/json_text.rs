//! Writes JSON by the model.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use facts::{Kind, Location, Shape, TimestampFormat};

use crate::plain;
use crate::timestamp;
use crate::value::{Structure, Value};
use crate::xml::float;

/// The body members of a structure as an object, in the model's order.
pub(crate) fn object(out: &mut String, shape: Option<&Shape>, structure: &Structure) {
    out.push('{');
    members(out, shape, structure, true);
    out.push('}');
}

/// The members of an object that is already open. `first` says whether it is still empty.
pub(crate) fn members(
    out: &mut String,
    shape: Option<&Shape>,
    structure: &Structure,
    mut first: bool,
) {
    let Some(Shape {
        kind: Kind::Structure { members, .. },
        ..
    }) = shape
    else {
        return;
    };
    for member in members
        .iter()
        .filter(|member| member.location == Location::Body)
    {
        let Some(present) = structure.get(member.name) else {
            continue;
        };
        key(out, member.wire_name, &mut first);
        value(out, member.shape, present);
    }
}

/// A key with what belongs before and after it.
pub(crate) fn key(out: &mut String, name: &str, first: &mut bool) {
    if !std::mem::take(first) {
        out.push(',');
    }
    string(out, name);
    out.push(':');
}

/// One value.
pub(crate) fn value(out: &mut String, shape: &Shape, present: &Value) {
    match (present, &shape.kind) {
        (Value::Structure(structure), _) => object(out, Some(shape), structure),
        (Value::List(values), Kind::List(member, _)) => {
            out.push('[');
            for (at, element) in values.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                value(out, member, element);
            }
            out.push(']');
        }
        (Value::Map(pairs), Kind::Map { value: shape, .. }) => {
            out.push('{');
            let mut first = true;
            for (name, entry) in pairs {
                key(out, name, &mut first);
                value(out, shape, entry);
            }
            out.push('}');
        }
        (Value::Bool(value), _) => out.push_str(if *value { "true" } else { "false" }),
        (Value::Integer(number), _) => out.push_str(&number.to_string()),
        (Value::Float(number), _) if number.is_finite() => out.push_str(&float(*number)),
        (Value::Float(number), _) => string(out, &float(*number)),
        (Value::String(text), _) => string(out, text),
        (Value::Blob(bytes), _) => string(out, &STANDARD.encode(bytes)),
        (Value::Timestamp(moment), Kind::Timestamp(Some(format))) => {
            timestamp::write_json(out, *moment, *format)
        }
        (Value::Timestamp(moment), _) => {
            timestamp::write_json(out, *moment, TimestampFormat::UnixTimestamp)
        }
        (Value::Document(document), _) => out.push_str(&document.to_string()),
        // Lists and maps of another shape cannot come from a checked operation.
        (Value::List(_) | Value::Map(_) | Value::Null, _) => out.push_str("null"),
    }
}

/// A quoted text.
pub(crate) fn string(out: &mut String, text: &str) {
    out.push('"');
    let mut rest = text;
    loop {
        let (plain, others) = plain::split(rest, is_plain);
        out.push_str(plain);
        let mut characters = others.chars();
        let Some(character) = characters.next() else {
            break;
        };
        escaped(out, character);
        rest = characters.as_str();
    }
    out.push('"');
}

/// Whether a byte is one that JSON takes as it is (RFC 8259 §7).
pub(crate) fn is_plain(byte: u8) -> bool {
    (byte >= b' ') & (byte != b'"') & (byte != b'\\')
}

fn escaped(out: &mut String, character: char) {
    match character {
        '"' => out.push_str("\\\""),
        '\\' => out.push_str("\\\\"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        '\0'..='\u{1F}' => {
            let code = u32::from(character);
            out.push_str(&format!("\\u{code:04x}"));
        }
        _ => out.push(character),
    }
}
