//! JSON with the place of every value and every name.
//!
//! The policy engine's own reader keeps no places, because decisions need none and should
//! not pay for them. This one is asked by people, once a policy.

use std::ops::Range;

use crate::POLICY_BYTES_MAX;

/// How deep values may nest, as in the engine.
const DEPTH_MAX: usize = 32;

/// A value and where it stands.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) bytes: Range<usize>,
    pub(crate) value: Value,
}

#[derive(Debug)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    /// As spelled.
    Number(String),
    String(String),
    Array(Vec<Node>),
    /// Members in order with the places of their names, duplicates included.
    Object(Vec<(String, Range<usize>, Node)>),
}

/// Why a text is not JSON.
#[derive(Debug)]
pub(crate) struct Fault {
    /// Byte.
    pub(crate) at: usize,
    pub(crate) why: &'static str,
}

pub(crate) fn parse(text: &str) -> Result<Node, Fault> {
    if text.len() > POLICY_BYTES_MAX {
        let at = 0;
        let why = "the text is longer than any policy";
        return Err(Fault { at, why });
    }
    let mut reader = Reader { text, at: 0 };
    let node = reader.value(0)?;
    reader.space();
    if reader.at == text.len() {
        Ok(node)
    } else {
        Err(reader.refuse("something follows the policy's last brace"))
    }
}

struct Reader<'t> {
    text: &'t str,
    // INVARIANT: a character boundary of `text`.
    at: usize,
}

impl Reader<'_> {
    fn refuse(&self, why: &'static str) -> Fault {
        Fault { at: self.at, why }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn space(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek() {
            self.at += 1;
        }
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn value(&mut self, depth: usize) -> Result<Node, Fault> {
        if depth > DEPTH_MAX {
            return Err(self.refuse("values nest too deeply"));
        }
        self.space();
        let start = self.at;
        let value = match self.peek() {
            Some(b'{') => self.object(depth)?,
            Some(b'[') => self.array(depth)?,
            Some(b'"') => Value::String(self.string()?),
            Some(b't') => self.word("true", Value::Bool(true))?,
            Some(b'f') => self.word("false", Value::Bool(false))?,
            Some(b'n') => self.word("null", Value::Null)?,
            Some(b'-' | b'0'..=b'9') => self.number()?,
            Some(_) => return Err(self.refuse("no value begins like this")),
            None => return Err(self.refuse("the text ends where a value should be")),
        };
        let bytes = start..self.at;
        Ok(Node { bytes, value })
    }

    fn word(&mut self, word: &str, value: Value) -> Result<Value, Fault> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        if rest.starts_with(word) {
            self.at += word.len();
            Ok(value)
        } else {
            Err(self.refuse("no value begins like this"))
        }
    }

    fn object(&mut self, depth: usize) -> Result<Value, Fault> {
        self.at += 1;
        let mut members = Vec::new();
        self.space();
        if self.take(b'}') {
            return Ok(Value::Object(members));
        }
        loop {
            self.space();
            let start = self.at;
            if self.peek() != Some(b'"') {
                return Err(self.refuse("a name in quotation marks should be here"));
            }
            let name = self.string()?;
            let name_bytes = start..self.at;
            self.space();
            if !self.take(b':') {
                return Err(self.refuse("a colon should follow the name"));
            }
            members.push((name, name_bytes, self.value(depth + 1)?));
            self.space();
            if self.take(b'}') {
                return Ok(Value::Object(members));
            }
            if !self.take(b',') {
                return Err(self.refuse("a comma or a closing brace should be here"));
            }
        }
    }

    fn array(&mut self, depth: usize) -> Result<Value, Fault> {
        self.at += 1;
        let mut items = Vec::new();
        self.space();
        if self.take(b']') {
            return Ok(Value::Array(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            self.space();
            if self.take(b']') {
                return Ok(Value::Array(items));
            }
            if !self.take(b',') {
                return Err(self.refuse("a comma or a closing bracket should be here"));
            }
        }
    }

    fn number(&mut self) -> Result<Value, Fault> {
        let start = self.at;
        self.take(b'-');
        if !self.take(b'0') {
            self.digits()?;
        }
        if self.take(b'.') {
            self.digits()?;
        }
        if self.take(b'e') || self.take(b'E') {
            let signed = self.take(b'-') || self.take(b'+');
            self.digits().map_err(|fault| Fault {
                at: fault.at.saturating_sub(usize::from(signed)),
                ..fault
            })?;
        }
        let spelled = self.text.get(start..self.at).unwrap_or_default();
        Ok(Value::Number(spelled.to_owned()))
    }

    fn digits(&mut self) -> Result<(), Fault> {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        if self.at > start {
            Ok(())
        } else {
            Err(self.refuse("a digit should be here"))
        }
    }

    fn string(&mut self) -> Result<String, Fault> {
        self.at += 1;
        let mut text = String::new();
        loop {
            let rest = self.text.get(self.at..).unwrap_or_default();
            let Some(character) = rest.chars().next() else {
                return Err(self.refuse("the text ends inside quotation marks"));
            };
            match character {
                '"' => {
                    self.at += 1;
                    return Ok(text);
                }
                '\\' => {
                    self.at += 1;
                    text.push(self.escape()?);
                }
                '\0'..='\u{1f}' => {
                    return Err(self.refuse("a line break or tab stands inside quotation marks"));
                }
                other => {
                    self.at += other.len_utf8();
                    text.push(other);
                }
            }
        }
    }

    fn escape(&mut self) -> Result<char, Fault> {
        const WHY: &str = "no such escape";
        let byte = self.peek().ok_or_else(|| self.refuse(WHY))?;
        let character = match byte {
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                self.at += 1;
                return self.unicode();
            }
            _ => return Err(self.refuse(WHY)),
        };
        self.at += 1;
        Ok(character)
    }

    fn unicode(&mut self) -> Result<char, Fault> {
        const WHY: &str = "the escape is not a character";
        let first = self.hex4()?;
        if !(0xd800..=0xdbff).contains(&first) {
            return char::from_u32(first).ok_or_else(|| self.refuse(WHY));
        }
        if !(self.take(b'\\') && self.take(b'u')) {
            return Err(self.refuse(WHY));
        }
        let second = self.hex4()?;
        if !(0xdc00..=0xdfff).contains(&second) {
            return Err(self.refuse(WHY));
        }
        let code = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
        char::from_u32(code).ok_or_else(|| self.refuse(WHY))
    }

    fn hex4(&mut self) -> Result<u32, Fault> {
        let mut code = 0;
        for _ in 0..4 {
            let digit = self
                .peek()
                .and_then(|byte| char::from(byte).to_digit(16))
                .ok_or_else(|| self.refuse("four hexadecimal digits should be here"))?;
            code = code * 16 + digit;
            self.at += 1;
        }
        Ok(code)
    }
}
