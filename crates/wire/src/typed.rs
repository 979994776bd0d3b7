//! The typed edge: structures into our own types and back.

use std::collections::BTreeMap;
use std::fmt;

use crate::misfit::Misfit;
use crate::value::{Structure, Value};

/// The input of an operation, or a structure inside it. Made by `#[derive(Input)]`.
pub trait Input: Sized {
    /// The members that it reads.
    const MEMBERS: &'static [Claim];
    /// The members that it knowingly does not read.
    const IGNORES: &'static [&'static str];

    /// Takes what it reads out of a structure.
    fn from_members(structure: Structure) -> Result<Self, Misfit>;

    /// Takes what it reads out of a validated structure; a misfit becomes a refusal with a
    /// query service's code. [`crate::read`] knows the operation and its code.
    fn from_structure(structure: Structure) -> Result<Self, crate::Refusal> {
        Self::from_members(structure).map_err(|misfit| misfit.into_refusal(facts::sts::SERVICE))
    }
}

/// The output of an operation, or a structure inside it. Made by `#[derive(Output)]`.
pub trait Output {
    /// The members that it can write.
    const MEMBERS: &'static [Claim];

    /// Its members; those that are `None` are left out.
    fn into_structure(self) -> Structure;
}

/// What a type says of one member. The plane holds it against the model while compiling.
#[derive(Clone, Copy, Debug)]
pub struct Claim {
    /// The model's name.
    pub name: &'static str,
    /// The kind of value that the type reads or writes.
    pub fit: &'static Fit,
    /// Whether the type bears the member's absence.
    pub optional: bool,
}

/// The kind of value that a type stands for.
#[derive(Clone, Copy, Debug)]
pub enum Fit {
    /// True or false.
    Bool,
    /// A whole number.
    Integer,
    /// A floating point number.
    Float,
    /// Text.
    String,
    /// Bytes.
    Blob,
    /// A moment.
    Timestamp,
    /// Any JSON.
    Document,
    /// A list of these.
    List(&'static Fit),
    /// A map to these.
    Map(&'static Fit),
    /// Named members.
    Structure {
        /// The members that it reads or writes.
        members: &'static [Claim],
        /// The members that it knowingly does not read.
        ignores: &'static [&'static str],
    },
    /// Whatever the model says: the type takes [`Value`]s as they are.
    Any,
}

/// A type that can be made of a value.
pub trait FromValue: Sized {
    /// The kind of value.
    const FIT: &'static Fit;
    /// Whether absence makes one too.
    const OPTIONAL: bool = false;

    /// Makes one of a value.
    fn from_value(value: Value) -> Result<Self, Misfit>;

    /// Makes one of absence.
    fn from_absence() -> Result<Self, Misfit> {
        Err(Misfit::null())
    }
}

/// A type that can be written as a value.
pub trait ToValue {
    /// The kind of value.
    const FIT: &'static Fit;

    /// The value.
    fn into_value(self) -> Value;

    /// The value, or nothing if the member is to be left out.
    fn into_member(self) -> Option<Value>
    where
        Self: Sized,
    {
        Some(self.into_value())
    }
}

/// Takes one member out of a structure. For derived code.
pub fn take<T: FromValue>(structure: &mut Structure, name: &str) -> Result<T, Misfit> {
    match structure.take(name) {
        Some(value) => T::from_value(value),
        None => T::from_absence(),
    }
    .map_err(|misfit| misfit.inside(name))
}

/// Puts one member into a structure. For derived code.
pub fn put<T: ToValue>(structure: &mut Structure, name: &'static str, value: T) {
    if let Some(value) = value.into_member() {
        structure.insert(name, value);
    }
}

macro_rules! scalar {
    ($type:ty, $variant:ident, $fit:ident) => {
        impl FromValue for $type {
            const FIT: &'static Fit = &Fit::$fit;

            fn from_value(value: Value) -> Result<Self, Misfit> {
                match value {
                    Value::$variant(value) => Ok(value),
                    other => Err(Misfit::of_kind(&other)),
                }
            }
        }

        impl ToValue for $type {
            const FIT: &'static Fit = &Fit::$fit;

            fn into_value(self) -> Value {
                Value::$variant(self)
            }
        }
    };
}

scalar!(bool, Bool, Bool);
scalar!(i64, Integer, Integer);
scalar!(f64, Float, Float);
scalar!(String, String, String);
scalar!(Vec<u8>, Blob, Blob);
scalar!(serde_json::Value, Document, Document);

macro_rules! narrow {
    ($($type:ty),*) => {$(
        impl FromValue for $type {
            const FIT: &'static Fit = &Fit::Integer;

            fn from_value(value: Value) -> Result<Self, Misfit> {
                let number = i64::from_value(value)?;
                Self::try_from(number).map_err(|_| Misfit::of_kind(&Value::Integer(number)))
            }
        }

        impl ToValue for $type {
            const FIT: &'static Fit = &Fit::Integer;

            fn into_value(self) -> Value {
                Value::Integer(i64::from(self))
            }
        }
    )*};
}

narrow!(i32, u16, u32);

impl FromValue for jiff::Timestamp {
    const FIT: &'static Fit = &Fit::Timestamp;

    fn from_value(value: Value) -> Result<Self, Misfit> {
        match value {
            Value::Timestamp(milliseconds) => Self::from_millisecond(milliseconds)
                .map_err(|_| Misfit::of_kind(&Value::Timestamp(milliseconds))),
            other => Err(Misfit::of_kind(&other)),
        }
    }
}

impl ToValue for jiff::Timestamp {
    const FIT: &'static Fit = &Fit::Timestamp;

    fn into_value(self) -> Value {
        Value::Timestamp(self.as_millisecond())
    }
}

impl ToValue for &str {
    const FIT: &'static Fit = &Fit::String;

    fn into_value(self) -> Value {
        Value::String(self.to_owned())
    }
}

impl FromValue for Value {
    const FIT: &'static Fit = &Fit::Any;

    fn from_value(value: Value) -> Result<Self, Misfit> {
        Ok(value)
    }
}

impl ToValue for Value {
    const FIT: &'static Fit = &Fit::Any;

    fn into_value(self) -> Value {
        self
    }
}

impl<T: FromValue> FromValue for Option<T> {
    const FIT: &'static Fit = T::FIT;
    const OPTIONAL: bool = true;

    fn from_value(value: Value) -> Result<Self, Misfit> {
        T::from_value(value).map(Some)
    }

    fn from_absence() -> Result<Self, Misfit> {
        Ok(None)
    }
}

impl<T: ToValue> ToValue for Option<T> {
    const FIT: &'static Fit = T::FIT;

    fn into_value(self) -> Value {
        self.map_or(Value::Null, T::into_value)
    }

    fn into_member(self) -> Option<Value> {
        self.and_then(T::into_member)
    }
}

impl<T: FromValue> FromValue for Box<T> {
    const FIT: &'static Fit = T::FIT;
    const OPTIONAL: bool = T::OPTIONAL;

    fn from_value(value: Value) -> Result<Self, Misfit> {
        T::from_value(value).map(Self::new)
    }

    fn from_absence() -> Result<Self, Misfit> {
        T::from_absence().map(Self::new)
    }
}

impl<T: ToValue> ToValue for Box<T> {
    const FIT: &'static Fit = T::FIT;

    fn into_value(self) -> Value {
        (*self).into_value()
    }

    fn into_member(self) -> Option<Value> {
        (*self).into_member()
    }
}

/// An absent list reads as an empty one; where the difference matters, read an `Option`.
impl<T: FromValue> FromValue for Vec<T> {
    const FIT: &'static Fit = &Fit::List(T::FIT);
    const OPTIONAL: bool = true;

    fn from_value(value: Value) -> Result<Self, Misfit> {
        match value {
            Value::List(values) => values
                .into_iter()
                .enumerate()
                .map(|(at, value)| T::from_value(value).map_err(|misfit| misfit.inside_list(at)))
                .collect(),
            other => Err(Misfit::of_kind(&other)),
        }
    }

    fn from_absence() -> Result<Self, Misfit> {
        Ok(Self::new())
    }
}

impl<T: ToValue> ToValue for Vec<T> {
    const FIT: &'static Fit = &Fit::List(T::FIT);

    fn into_value(self) -> Value {
        Value::List(self.into_iter().map(T::into_value).collect())
    }
}

/// An absent map reads as an empty one; where the difference matters, read an `Option`.
impl<T: FromValue> FromValue for BTreeMap<String, T> {
    const FIT: &'static Fit = &Fit::Map(T::FIT);
    const OPTIONAL: bool = true;

    fn from_value(value: Value) -> Result<Self, Misfit> {
        match value {
            Value::Map(pairs) => pairs
                .into_iter()
                .map(|(key, value)| match T::from_value(value) {
                    Ok(value) => Ok((key, value)),
                    Err(misfit) => Err(misfit.inside(&key)),
                })
                .collect(),
            other => Err(Misfit::of_kind(&other)),
        }
    }

    fn from_absence() -> Result<Self, Misfit> {
        Ok(Self::new())
    }
}

impl<T: ToValue> ToValue for BTreeMap<String, T> {
    const FIT: &'static Fit = &Fit::Map(T::FIT);

    fn into_value(self) -> Value {
        Value::Map(
            self.into_iter()
                .map(|(key, value)| (key, value.into_value()))
                .collect(),
        )
    }
}

/// A text with a type of its own: reads by `TryFrom<String>`, writes by `Display`.
///
/// `#[wire(text)]` on a field wraps and unwraps it, so that types of other crates can be used.
/// If the type's error begins with `Member must`, it is a constraint of the model's kind; else
/// it is the whole sentence that the caller sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text<T>(pub T);

impl<T> FromValue for Text<T>
where
    T: TryFrom<String>,
    T::Error: fmt::Display,
{
    const FIT: &'static Fit = &Fit::String;

    fn from_value(value: Value) -> Result<Self, Misfit> {
        let text = String::from_value(value)?;
        match T::try_from(text.clone()) {
            Ok(value) => Ok(Self(value)),
            Err(error) => Err(Misfit::of_text(&text, &error.to_string())),
        }
    }
}

impl<T: fmt::Display> ToValue for Text<T> {
    const FIT: &'static Fit = &Fit::String;

    fn into_value(self) -> Value {
        Value::String(self.0.to_string())
    }
}

/// Lets a type of the calling crate be read by its `TryFrom<String>` and written by its `Display`,
/// as [`Text`] does, without `#[wire(text)]` on each field.
#[macro_export]
macro_rules! text {
    ($($type:ty),+ $(,)?) => {$(
        impl $crate::FromValue for $type {
            const FIT: &'static $crate::Fit = &$crate::Fit::String;

            fn from_value(value: $crate::Value) -> ::std::result::Result<Self, $crate::Misfit> {
                <$crate::Text<$type> as $crate::FromValue>::from_value(value).map(|text| text.0)
            }
        }

        impl $crate::ToValue for $type {
            const FIT: &'static $crate::Fit = &$crate::Fit::String;

            fn into_value(self) -> $crate::Value {
                $crate::ToValue::into_value($crate::Text(self))
            }
        }
    )+};
}

/// The structure in a value. For derived code.
pub fn structure(value: Value) -> Result<Structure, Misfit> {
    match value {
        Value::Structure(structure) => Ok(structure),
        other => Err(Misfit::of_kind(&other)),
    }
}
