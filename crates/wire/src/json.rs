//! Reads JSON by the model: unknown members are skipped without being kept.

use std::cell::RefCell;
use std::fmt;

use base64::Engine as _;
use facts::{Kind, Location, Shape};
use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::base64_forgiving;
use crate::refusal::Refusal;
use crate::timestamp;
use crate::value::{Structure, Value};

/// More entries than this in one list or map are refused while reading.
const ENTRIES_MAX: usize = 10_000;

/// Reads a whole body as `shape`. An empty body is an empty structure.
pub(crate) fn decode(shape: &'static Shape, body: &[u8]) -> Result<Value, Refusal> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Value::Structure(Structure::new()));
    }
    let complaint = RefCell::new(None);
    let mut reader = serde_json::Deserializer::from_slice(body);
    let reading = Reading {
        shape,
        complaint: &complaint,
    };
    let value = reading
        .deserialize(&mut reader)
        .and_then(|value| reader.end().map(|()| value));
    match value {
        Ok(Value::Null) => Ok(Value::Structure(Structure::new())),
        Ok(value) => Ok(value),
        // Broken JSON has no complaint of ours: AWS adds no sentence either.
        Err(_) => Err(Refusal::serialization(complaint.into_inner())),
    }
}

/// Reads one value as its shape says.
#[derive(Clone, Copy)]
struct Reading<'c> {
    shape: &'static Shape,
    /// serde wraps our sentences in its own; the bare one is kept here.
    complaint: &'c RefCell<Option<String>>,
}

impl Reading<'_> {
    fn of(self, shape: &'static Shape) -> Self {
        Self { shape, ..self }
    }

    fn complain<T, E: de::Error>(self, sentence: String) -> Result<T, E> {
        let error = E::custom(&sentence);
        *self.complaint.borrow_mut() = Some(sentence);
        Err(error)
    }

    fn misplaced<T, E: de::Error>(self, token: &str) -> Result<T, E> {
        let sentence = match &self.shape.kind {
            Kind::List(..) => "Expected list or null".to_owned(),
            Kind::Map { .. } => "Expected map or null".to_owned(),
            Kind::Structure { .. } => "Expected structure or null".to_owned(),
            Kind::Boolean => format!("{token} can not be converted to a Boolean"),
            Kind::Integer(_) => format!("{token} can not be converted to an Integer"),
            Kind::Long(_) => format!("{token} can not be converted to a Long"),
            Kind::Float => format!("{token} can not be converted to a Double"),
            Kind::Timestamp(_) => {
                format!("{token} can not be converted to milliseconds since epoch")
            }
            Kind::Blob(_) => format!("{token} can not be converted to a Blob"),
            Kind::String(_) | Kind::Document => format!("{token} can not be converted to a String"),
        };
        self.complain(sentence)
    }

    fn whole<E: de::Error>(self, number: i64) -> Result<Value, E> {
        match &self.shape.kind {
            Kind::Integer(_) if i32::try_from(number).is_ok() => Ok(Value::Integer(number)),
            Kind::Long(_) => Ok(Value::Integer(number)),
            #[expect(
                clippy::cast_precision_loss,
                reason = "the model asks for a floating point number"
            )]
            Kind::Float => Ok(Value::Float(number as f64)),
            Kind::Timestamp(_) => match number.checked_mul(1000) {
                Some(milliseconds) if jiff::Timestamp::from_millisecond(milliseconds).is_ok() => {
                    Ok(Value::Timestamp(milliseconds))
                }
                _ => self.misplaced("NUMBER_VALUE"),
            },
            _ => self.misplaced("NUMBER_VALUE"),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Reading<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        if matches!(self.shape.kind, Kind::Document) {
            return de::Deserialize::deserialize(deserializer).map(Value::Document);
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reading<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.shape.name)
    }

    fn visit_unit<E: de::Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Value, E> {
        match self.shape.kind {
            Kind::Boolean => Ok(Value::Bool(value)),
            _ => self.misplaced(if value { "TRUE_VALUE" } else { "FALSE_VALUE" }),
        }
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Value, E> {
        self.whole(number)
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Value, E> {
        match i64::try_from(number) {
            Ok(number) => self.whole(number),
            Err(_) => self.misplaced("NUMBER_VALUE"),
        }
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Value, E> {
        match &self.shape.kind {
            Kind::Float => Ok(Value::Float(number)),
            Kind::Timestamp(_) => match timestamp::from_seconds(number) {
                Some(milliseconds) => Ok(Value::Timestamp(milliseconds)),
                None => self.misplaced("NUMBER_VALUE"),
            },
            // `900.0` and `9e2` are whole numbers in another dress.
            #[expect(
                clippy::cast_possible_truncation,
                reason = "only whole numbers within 53 bits pass"
            )]
            Kind::Integer(_) | Kind::Long(_) if number.fract() == 0.0 && number.abs() < 9e15 => {
                self.whole(number as i64)
            }
            _ => self.misplaced("NUMBER_VALUE"),
        }
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Value, E> {
        match &self.shape.kind {
            Kind::String(_) => Ok(Value::String(text.to_owned())),
            Kind::Blob(_) => match base64_forgiving().decode(text) {
                Ok(bytes) => Ok(Value::Blob(bytes)),
                Err(_) => self.misplaced("STRING_VALUE"),
            },
            Kind::Timestamp(_) => match timestamp::read(text) {
                Some(milliseconds) => Ok(Value::Timestamp(milliseconds)),
                None => self.misplaced("STRING_VALUE"),
            },
            Kind::Float if matches!(text, "NaN" | "Infinity" | "-Infinity") => {
                Ok(Value::Float(text.parse().unwrap_or(f64::NAN)))
            }
            _ => self.misplaced("STRING_VALUE"),
        }
    }

    fn visit_string<E: de::Error>(self, text: String) -> Result<Value, E> {
        match self.shape.kind {
            Kind::String(_) => Ok(Value::String(text)),
            _ => self.visit_str(&text),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Value, A::Error> {
        let Kind::List(member, _) = &self.shape.kind else {
            return self.complain("Start of list found where not expected".to_owned());
        };
        let mut values = Vec::new();
        while let Some(value) = sequence.next_element_seed(self.of(member))? {
            if values.len() == ENTRIES_MAX {
                return self.complain("Too many entries".to_owned());
            }
            values.push(value);
        }
        Ok(Value::List(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        match &self.shape.kind {
            Kind::Map { value: shape, .. } => {
                let mut pairs: Vec<(String, Value)> = Vec::new();
                while let Some(key) = map.next_key::<String>()? {
                    if pairs.len() == ENTRIES_MAX {
                        return self.complain("Too many entries".to_owned());
                    }
                    pairs.push((key, map.next_value_seed(self.of(shape))?));
                }
                Ok(Value::Map(last_of_each(pairs)))
            }
            Kind::Structure { members, .. } => {
                let mut found: Vec<Option<Value>> = vec![None; members.len()];
                while let Some(key) = map.next_key::<std::borrow::Cow<'de, str>>()? {
                    let at = members.iter().position(|member| {
                        member.wire_name == key && member.location == Location::Body
                    });
                    match at.and_then(|at| Some((members.get(at)?, found.get_mut(at)?))) {
                        Some((member, place)) => {
                            let value = map.next_value_seed(self.of(member.shape))?;
                            // Null says the same as silence.
                            *place = (value != Value::Null).then_some(value);
                        }
                        None => {
                            map.next_value::<IgnoredAny>()?;
                        }
                    }
                }
                let present = members
                    .iter()
                    .zip(found)
                    .filter_map(|(member, value)| Some((member.name, value?)));
                Ok(Value::Structure(present.collect()))
            }
            _ => self.complain("Start of structure or map found where not expected.".to_owned()),
        }
    }
}

/// Of equal keys the last one counts, as with members.
fn last_of_each(mut pairs: Vec<(String, Value)>) -> Vec<(String, Value)> {
    let mut seen = std::collections::HashSet::new();
    let mut keep: Vec<bool> = pairs
        .iter()
        .rev()
        .map(|(key, _)| seen.insert(key.clone()))
        .collect();
    if keep.iter().any(|keep| !keep) {
        pairs.retain(|_| keep.pop().unwrap_or(true));
    }
    pairs
}
