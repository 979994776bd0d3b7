//! Values that know where they stand.

use std::borrow::Cow;
use std::ops::Range;

use crate::NotJson;
use crate::reader::{Build, read};

/// A value and where it stands, in bytes.
#[derive(Debug, Clone, PartialEq)]
pub struct Node<'a> {
    /// From its first byte to behind its last one.
    pub bytes: Range<usize>,
    /// What stands there.
    pub value: Value<'a>,
}

/// A JSON value whose parts know where they stand.
#[derive(Debug, Clone, PartialEq)]
pub enum Value<'a> {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number as it is spelled.
    Number(&'a str),
    /// A string, its escapes undone.
    String(Cow<'a, str>),
    /// The elements.
    Array(Vec<Node<'a>>),
    /// Members in order, duplicates included.
    Object(Vec<PlacedMember<'a>>),
}

/// A member of an object.
#[derive(Debug, Clone, PartialEq)]
pub struct PlacedMember<'a> {
    /// Its name.
    pub name: Cow<'a, str>,
    /// Where the name stands, quotation marks included.
    pub name_bytes: Range<usize>,
    /// Its value.
    pub node: Node<'a>,
}

impl<'a> Node<'a> {
    /// The value of an object's member; of several of one name the last.
    pub fn member(&self, name: &str) -> Option<&Node<'a>> {
        let Value::Object(members) = &self.value else {
            return None;
        };
        let mut members = members.iter().rev();
        members
            .find(|member| member.name == name)
            .map(|member| &member.node)
    }

    /// The elements of an array; `None` of anything else.
    pub fn elements(&self) -> Option<&[Node<'a>]> {
        match &self.value {
            Value::Array(elements) => Some(elements),
            _ => None,
        }
    }
}

/// Reads as [`crate::parse`] does, and keeps the places.
pub fn parse_placed(text: &str) -> Result<Node<'_>, NotJson> {
    read::<Placed>(text)
}

struct Placed;

impl<'a> Build<'a> for Placed {
    type Value = Node<'a>;
    type Member = PlacedMember<'a>;

    fn null(bytes: Range<usize>) -> Node<'a> {
        let value = Value::Null;
        Node { bytes, value }
    }

    fn bool(value: bool, bytes: Range<usize>) -> Node<'a> {
        let value = Value::Bool(value);
        Node { bytes, value }
    }

    fn number(spelled: &'a str, bytes: Range<usize>) -> Node<'a> {
        let value = Value::Number(spelled);
        Node { bytes, value }
    }

    fn string(text: Cow<'a, str>, bytes: Range<usize>) -> Node<'a> {
        let value = Value::String(text);
        Node { bytes, value }
    }

    fn array(elements: Vec<Node<'a>>, bytes: Range<usize>) -> Node<'a> {
        let value = Value::Array(elements);
        Node { bytes, value }
    }

    fn member(name: Cow<'a, str>, name_bytes: Range<usize>, node: Node<'a>) -> PlacedMember<'a> {
        PlacedMember {
            name,
            name_bytes,
            node,
        }
    }

    fn object(members: Vec<PlacedMember<'a>>, bytes: Range<usize>) -> Node<'a> {
        let value = Value::Object(members);
        Node { bytes, value }
    }
}
