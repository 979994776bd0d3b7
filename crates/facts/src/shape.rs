//! Shapes: the types that requests and answers are made of.

use std::fmt;

/// A type of the model, with its constraints.
pub struct Shape {
    /// The model's name of it.
    pub name: &'static str,
    /// What it is.
    pub kind: Kind,
    /// Whether its value must not be shown in logs, audit events and error messages.
    pub sensitive: bool,
}

// Shapes may hold themselves; the name is enough.
impl fmt::Debug for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// What a shape is, with the constraints that the kind can have.
#[derive(Debug)]
pub enum Kind {
    /// True or false.
    Boolean,
    /// A signed whole number of 32 bits.
    Integer(Range),
    /// A signed whole number of 64 bits.
    Long(Range),
    /// A binary floating point number.
    Float,
    /// Text.
    String(Text),
    /// Bytes; the range counts bytes.
    Blob(Range),
    /// A moment.
    Timestamp(Option<TimestampFormat>),
    /// Values of one shape; the range counts them.
    List(&'static Shape, Range),
    /// Named values of one shape; the range counts them.
    Map {
        /// The names' shape.
        key: &'static Shape,
        /// The values' shape.
        value: &'static Shape,
        /// How many entries there may be.
        size: Range,
    },
    /// Named members.
    Structure {
        /// In the model's order.
        members: &'static [Member],
        /// Exactly one member is to be present.
        union: bool,
        /// The member that is the whole HTTP body.
        payload: Option<&'static str>,
    },
    /// Any JSON value.
    Document,
}

/// Constraints of a text.
#[derive(Clone, Copy, Debug)]
pub struct Text {
    /// Counted in Unicode scalar values.
    pub length: Range,
    /// To be matched from the first to the last character.
    pub pattern: Option<Pattern>,
    /// If there are any, the text is one of these.
    pub choices: &'static [&'static str],
}

/// A regular expression in Java's language, as the model has it.
#[derive(Clone, Copy, Debug)]
pub struct Pattern {
    /// Its place in [`crate::PATTERNS`].
    pub index: usize,
    /// The expression.
    pub text: &'static str,
}

/// Inclusive bounds; `None` where the model sets none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// The least value allowed.
    pub min: Option<i64>,
    /// The greatest value allowed.
    pub max: Option<i64>,
}

/// How a moment is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimestampFormat {
    /// `2026-01-02T03:04:05Z`
    Iso8601,
    /// Seconds since 1970, with a fraction where there is one.
    UnixTimestamp,
    /// `Fri, 02 Jan 2026 03:04:05 GMT`
    Rfc822,
}

/// A named part of a structure.
#[derive(Debug)]
pub struct Member {
    /// The model's name, by which our code knows it.
    pub name: &'static str,
    /// The name on the wire, mostly the same.
    pub wire_name: &'static str,
    /// Its type.
    pub shape: &'static Shape,
    /// Whether it must be present.
    pub required: bool,
    /// Where it travels; only REST protocols use anything but the body.
    pub location: Location,
    /// Whether clients fill it with a random token, so that a repeated request acts once.
    pub idempotency_token: bool,
}

/// The part of an HTTP message that a member travels in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Location {
    /// The body.
    Body,
    /// A header.
    Header,
    /// A query parameter.
    QueryString,
    /// A `{label}` of the path.
    Path,
}
