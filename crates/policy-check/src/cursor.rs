//! A value of the policy, with the way that leads to it.

use std::ops::Range;

use json_text::{Node, PlacedMember, Value};

use crate::finding::PathElement;

/// A run of the text, and how a reader finds it.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) path: Vec<PathElement>,
    pub(crate) bytes: Range<usize>,
}

impl Place {
    pub(crate) fn new(path: Vec<PathElement>, bytes: Range<usize>) -> Place {
        Place { path, bytes }
    }
}

/// A value on the walk through a policy.
#[derive(Debug, Clone)]
pub(crate) struct Cursor<'t> {
    node: &'t Node<'t>,
    path: Vec<PathElement>,
}

/// A member of an object: where its name stands, the name, its value.
pub(crate) struct Member<'t> {
    pub(crate) name: &'t str,
    pub(crate) place: Place,
    pub(crate) value: Cursor<'t>,
}

impl<'t> Cursor<'t> {
    pub(crate) fn top(node: &'t Node<'t>) -> Cursor<'t> {
        Cursor {
            node,
            path: Vec::new(),
        }
    }

    pub(crate) fn place(&self) -> Place {
        Place::new(self.path.clone(), self.node.bytes.clone())
    }

    pub(crate) fn value(&self) -> &'t Value<'t> {
        &self.node.value
    }

    pub(crate) fn as_str(&self) -> Option<&'t str> {
        match &self.node.value {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// A scalar's text, as conditions compare it.
    pub(crate) fn scalar(&self) -> Option<&'t str> {
        match &self.node.value {
            Value::String(text) => Some(text),
            Value::Number(text) => Some(text),
            Value::Bool(true) => Some("true"),
            Value::Bool(false) => Some("false"),
            Value::Null | Value::Array(_) | Value::Object(_) => None,
        }
    }

    /// The members of an object; none of anything else.
    pub(crate) fn members(&self) -> Vec<Member<'t>> {
        let Value::Object(members) = &self.node.value else {
            return Vec::new();
        };
        let with = |last: PathElement| {
            let mut path = self.path.clone();
            path.push(last);
            path
        };
        let member = |member: &'t PlacedMember<'t>| {
            let name = || member.name.clone().into_owned();
            Member {
                name: &member.name,
                place: Place::new(with(PathElement::Key(name())), member.name_bytes.clone()),
                value: Cursor {
                    node: &member.node,
                    path: with(PathElement::Value(name())),
                },
            }
        };
        members.iter().map(member).collect()
    }

    /// The value of a member.
    pub(crate) fn get(&self, name: &str) -> Option<Cursor<'t>> {
        let mut members = self.members().into_iter();
        members.find(|member| member.name == name).map(|m| m.value)
    }

    pub(crate) fn is_object(&self) -> bool {
        matches!(self.node.value, Value::Object(_))
    }

    pub(crate) fn is_empty_list(&self) -> bool {
        matches!(&self.node.value, Value::Array(items) if items.is_empty())
    }

    /// The elements of a list, or the value itself as the only one.
    pub(crate) fn items(&self) -> Vec<Cursor<'t>> {
        let Value::Array(items) = &self.node.value else {
            return vec![self.clone()];
        };
        let item = |(index, node)| {
            let mut path = self.path.clone();
            path.push(PathElement::Index(index));
            Cursor { node, path }
        };
        items.iter().enumerate().map(item).collect()
    }
}

/// The places of several values.
pub(crate) fn places<'c, 't: 'c>(cursors: impl IntoIterator<Item = &'c Cursor<'t>>) -> Vec<Place> {
    cursors.into_iter().map(Cursor::place).collect()
}
