//! Values between the wire and typed operations: what a message says, by the model's names.

use serde_json::Value as Json;

/// One value of a message.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// True or false.
    Bool(bool),
    /// A whole number, of 32 or 64 bits in the model.
    Integer(i64),
    /// A floating point number.
    Float(f64),
    /// Text.
    String(String),
    /// Bytes, already decoded.
    Blob(Vec<u8>),
    /// Milliseconds since 1970.
    Timestamp(i64),
    /// Values in order.
    List(Vec<Value>),
    /// Named values in the order of the message.
    Map(Vec<(String, Value)>),
    /// Members known to the model.
    Structure(Structure),
    /// Any JSON.
    Document(Json),
    /// A hole in a list or map. An absent member is simply not there.
    Null,
}

/// Members by the model's names. Absent members are not there.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Structure {
    // A structure has a handful of members: walking beats hashing.
    members: Vec<(&'static str, Value)>,
}

impl Structure {
    /// A structure without members.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            members: Vec::new(),
        }
    }

    /// The member of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.members
            .iter()
            .find(|(member, _)| *member == name)
            .map(|(_, value)| value)
    }

    /// The text of the member of this name, if it is there and text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.get(name) {
            Some(Value::String(text)) => Some(text),
            _ => None,
        }
    }

    /// Takes the member of this name out.
    pub fn take(&mut self, name: &str) -> Option<Value> {
        let at = self
            .members
            .iter()
            .position(|(member, _)| *member == name)?;
        Some(self.members.swap_remove(at).1)
    }

    /// Sets a member, replacing what was there.
    pub fn insert(&mut self, name: &'static str, value: impl Into<Value>) {
        let value = value.into();
        match self.members.iter_mut().find(|(member, _)| *member == name) {
            Some((_, old)) => *old = value,
            None => self.members.push((name, value)),
        }
    }

    /// Sets a member; for building in one expression.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.insert(name, value);
        self
    }

    /// The members that are present.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &Value)> {
        self.members.iter().map(|(name, value)| (*name, value))
    }

    /// Whether no member is present.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// How many members are present.
    #[must_use]
    pub fn len(&self) -> usize {
        self.members.len()
    }
}

impl FromIterator<(&'static str, Value)> for Structure {
    fn from_iter<I: IntoIterator<Item = (&'static str, Value)>>(members: I) -> Self {
        Self {
            members: members.into_iter().collect(),
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::String(text)
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Integer(value)
    }
}

impl From<Structure> for Value {
    fn from(structure: Structure) -> Self {
        Self::Structure(structure)
    }
}

impl From<Vec<Value>> for Value {
    fn from(values: Vec<Value>) -> Self {
        Self::List(values)
    }
}

impl From<i32> for Value {
    fn from(value: i32) -> Self {
        Self::Integer(value.into())
    }
}
