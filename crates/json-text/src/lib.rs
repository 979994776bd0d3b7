//! Reads JSON and keeps what policies need and common readers lose.
//!
//! Numbers keep their spelling (condition values are compared as text), objects keep every
//! member in order (AWS refuses duplicates, so they must be seen), strings borrow from the
//! text where they can, and depth is bounded so that no text exhausts the stack.
//!
//! One reader, two results: [`parse`] gives a [`Json`] for those who decide and should not pay
//! for more; [`parse_placed`] gives a [`Node`], which also knows where everything stands, for
//! those who explain to people.

mod placed;
mod plain;
mod reader;

use std::fmt::Write;

pub use self::placed::{Node, PlacedMember, Value, parse_placed};
pub use self::plain::{Json, Member, parse};

/// How deep values may nest. A policy needs seven levels, a case around one two more.
const DEPTH_MAX: usize = 32;

/// The text is not JSON, or nests too deeply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not JSON at byte {at}")]
pub struct NotJson {
    /// The byte at which reading stopped.
    pub at: usize,
    /// What is wrong there, for people.
    pub why: &'static str,
}

/// Writes a text as a JSON string.
pub fn quote(text: &str, out: &mut String) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{0}'..='\u{1f}' | '\u{7f}' | '\u{2028}' | '\u{2029}' => {
                // Writing to a string cannot fail.
                let _ = write!(out, "\\u{:04x}", u32::from(character));
            }
            _ => out.push(character),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests;
