//! JSON as a verifier must read it: one meaning only.
//!
//! Where two members share a name, programs disagree on which one counts. A signer and a
//! verifier that disagree are an attack, so such documents are refused, at every depth.

use std::cell::RefCell;
use std::fmt;

use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// How deep arrays and objects may nest. Real tokens and key sets need five levels.
const DEPTH_MAX: u32 = 24;

/// Why a document was not read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum JsonFault {
    #[error("{0}")]
    Syntax(#[from] serde_json::Error),
    #[error("member `{0}` appears twice")]
    RepeatedMember(String),
    #[error("nested more than {DEPTH_MAX} levels deep")]
    TooDeep,
    #[error("not an object")]
    NotAnObject,
}

/// Reads a document whose outermost value is an object.
pub(crate) fn parse_object(bytes: &[u8]) -> Result<Map<String, Value>, JsonFault> {
    let found = RefCell::new(None);
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let seed = Strict {
        depth: 0,
        found: &found,
    };
    let value = seed
        .deserialize(&mut reader)
        .and_then(|value| reader.end().map(|()| value));
    match (value, found.into_inner()) {
        (Ok(Value::Object(members)), _) => Ok(members),
        (Ok(_), _) => Err(JsonFault::NotAnObject),
        (Err(_), Some(fault)) => Err(fault),
        (Err(error), None) => Err(JsonFault::Syntax(error)),
    }
}

/// Builds a value and notes the fault that made it stop, which the library's own error
/// cannot carry.
#[derive(Clone, Copy)]
struct Strict<'a> {
    depth: u32,
    found: &'a RefCell<Option<JsonFault>>,
}

impl Strict<'_> {
    fn stop<E: serde::de::Error>(self, fault: JsonFault) -> E {
        let error = E::custom(&fault);
        *self.found.borrow_mut() = Some(fault);
        error
    }

    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        if self.depth == DEPTH_MAX {
            return Err(self.stop(JsonFault::TooDeep));
        }
        Ok(Strict {
            depth: self.depth + 1,
            ..self
        })
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, reader: D) -> Result<Value, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(inner)? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut map = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            if map.contains_key(&name) {
                return Err(self.stop(JsonFault::RepeatedMember(name)));
            }
            let value = members.next_value_seed(inner)?;
            map.insert(name, value);
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_objects_are_read_as_they_stand() {
        let text = r#"{"a":[1,-2,3.5,"x",null,true],"b":{"c":{}}}"#;
        let read = parse_object(text.as_bytes()).unwrap();
        assert_eq!(
            Value::Object(read),
            serde_json::from_str::<Value>(text).unwrap()
        );
    }

    #[test]
    fn repeated_members_are_refused_at_every_depth() {
        for text in [
            r#"{"a":1,"a":2}"#,
            r#"{"x":[{"a":1,"b":2,"a":1}]}"#,
            r#"{"a":1,"\u0061":2}"#,
        ] {
            assert!(
                matches!(parse_object(text.as_bytes()), Err(JsonFault::RepeatedMember(name)) if name == "a"),
                "{text}"
            );
        }
    }

    #[test]
    fn nesting_is_bounded() {
        let nested =
            |levels: usize| format!("{{\"a\":{}{}}}", "[".repeat(levels), "]".repeat(levels));
        assert!(parse_object(nested(23).as_bytes()).is_ok());
        assert!(matches!(
            parse_object(nested(24).as_bytes()),
            Err(JsonFault::TooDeep)
        ));
        assert!(matches!(
            parse_object("[".repeat(100_000).as_bytes()),
            Err(JsonFault::TooDeep)
        ));
    }

    #[test]
    fn what_is_not_one_json_object_is_refused() {
        for text in [
            "",
            "{",
            "{}x",
            "{}{}",
            "{'a':1}",
            "{\"a\":1e999}",
            "{\"a\":\"\\ud800\"}",
        ] {
            assert!(
                matches!(parse_object(text.as_bytes()), Err(JsonFault::Syntax(_))),
                "{text}"
            );
        }
        for text in ["[]", "null", "1", "\"x\""] {
            assert!(
                matches!(parse_object(text.as_bytes()), Err(JsonFault::NotAnObject)),
                "{text}"
            );
        }
        assert!(matches!(
            parse_object(b"{\"a\":\"\xff\"}"),
            Err(JsonFault::Syntax(_))
        ));
    }
}
