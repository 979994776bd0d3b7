//! Values without their places.

use std::borrow::Cow;
use std::ops::Range;

use crate::NotJson;
use crate::reader::{Build, read};

/// A JSON value.
#[derive(Debug, Clone, PartialEq)]
pub enum Json<'a> {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number as it is spelled.
    Number(&'a str),
    /// A string, its escapes undone.
    String(Cow<'a, str>),
    /// The elements.
    Array(Vec<Json<'a>>),
    /// Members in order, duplicates included.
    Object(Vec<Member<'a>>),
}

/// A name and its value.
pub type Member<'a> = (Cow<'a, str>, Json<'a>);

impl<'a> Json<'a> {
    /// The text of a string.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Json::String(text) => Some(text),
            _ => None,
        }
    }

    /// The members of an object.
    pub fn members(&self) -> Option<&[Member<'a>]> {
        match self {
            Json::Object(members) => Some(members),
            _ => None,
        }
    }

    /// The elements of an array, or the value itself as the only one.
    pub fn one_or_many(&self) -> &[Json<'a>] {
        match self {
            Json::Array(values) => values,
            other => std::slice::from_ref(other),
        }
    }

    /// A scalar's text: strings as they are, numbers as spelled, `true` and `false`.
    pub fn scalar(&self) -> Option<&str> {
        match self {
            Json::String(text) => Some(text),
            Json::Number(text) => Some(text),
            Json::Bool(true) => Some("true"),
            Json::Bool(false) => Some("false"),
            Json::Null | Json::Array(_) | Json::Object(_) => None,
        }
    }
}

/// Reads one value and nothing after it but white space.
pub fn parse(text: &str) -> Result<Json<'_>, NotJson> {
    read::<Plain>(text)
}

struct Plain;

impl<'a> Build<'a> for Plain {
    type Value = Json<'a>;
    type Member = Member<'a>;

    fn null(_at: Range<usize>) -> Json<'a> {
        Json::Null
    }

    fn bool(value: bool, _at: Range<usize>) -> Json<'a> {
        Json::Bool(value)
    }

    fn number(spelled: &'a str, _at: Range<usize>) -> Json<'a> {
        Json::Number(spelled)
    }

    fn string(text: Cow<'a, str>, _at: Range<usize>) -> Json<'a> {
        Json::String(text)
    }

    fn array(elements: Vec<Json<'a>>, _at: Range<usize>) -> Json<'a> {
        Json::Array(elements)
    }

    fn member(name: Cow<'a, str>, _at: Range<usize>, value: Json<'a>) -> Member<'a> {
        (name, value)
    }

    fn object(members: Vec<Member<'a>>, _at: Range<usize>) -> Json<'a> {
        Json::Object(members)
    }
}
