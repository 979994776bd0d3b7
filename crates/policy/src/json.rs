//! A small reader of JSON that keeps what policies need and common readers lose.
//!
//! Numbers keep their spelling (condition values are compared as text), objects keep
//! every member in order (AWS refuses duplicates, so they must be seen), strings borrow
//! from the input where they can, and depth is bounded so that no text exhausts the stack.

use std::borrow::Cow;

/// How deep values may nest. A policy needs seven levels, a case around one two more.
const DEPTH_MAX: usize = 32;

/// A JSON value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Json<'a> {
    Null,
    Bool(bool),
    /// A number as it is spelled.
    Number(&'a str),
    String(Cow<'a, str>),
    Array(Vec<Json<'a>>),
    /// Members in order, duplicates included.
    Object(Vec<(Cow<'a, str>, Json<'a>)>),
}

impl<'a> Json<'a> {
    /// The text of a string.
    pub(crate) fn as_str(&self) -> Option<&str> {
        match self {
            Json::String(text) => Some(text),
            _ => None,
        }
    }

    /// The members of an object.
    pub(crate) fn members(&self) -> Option<&[(Cow<'a, str>, Json<'a>)]> {
        match self {
            Json::Object(members) => Some(members),
            _ => None,
        }
    }

    /// The elements of an array, or the value itself as the only one.
    pub(crate) fn one_or_many(&self) -> &[Json<'a>] {
        match self {
            Json::Array(values) => values,
            other => std::slice::from_ref(other),
        }
    }

    /// A scalar's text: strings as they are, numbers as spelled, `true` and `false`.
    pub(crate) fn scalar(&self) -> Option<&str> {
        match self {
            Json::String(text) => Some(text),
            Json::Number(text) => Some(text),
            Json::Bool(true) => Some("true"),
            Json::Bool(false) => Some("false"),
            Json::Null | Json::Array(_) | Json::Object(_) => None,
        }
    }
}

/// The text is not JSON, or nests too deeply. Says where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not JSON at byte {at}")]
pub(crate) struct NotJson {
    pub(crate) at: usize,
}

/// Reads one value and nothing after it but white space.
pub(crate) fn parse(text: &str) -> Result<Json<'_>, NotJson> {
    let mut reader = Reader { text, at: 0 };
    let value = reader.value(0)?;
    reader.space();
    if reader.at == text.len() {
        Ok(value)
    } else {
        Err(reader.refuse())
    }
}

struct Reader<'a> {
    text: &'a str,
    // INVARIANT: `at` is a character boundary of `text`.
    at: usize,
}

impl<'a> Reader<'a> {
    fn refuse(&self) -> NotJson {
        NotJson { at: self.at }
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

    fn expect(&mut self, byte: u8) -> Result<(), NotJson> {
        if self.take(byte) {
            Ok(())
        } else {
            Err(self.refuse())
        }
    }

    fn word(&mut self, word: &str, value: Json<'a>) -> Result<Json<'a>, NotJson> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        if rest.starts_with(word) {
            self.at += word.len();
            Ok(value)
        } else {
            Err(self.refuse())
        }
    }

    fn value(&mut self, depth: usize) -> Result<Json<'a>, NotJson> {
        if depth > DEPTH_MAX {
            return Err(self.refuse());
        }
        self.space();
        match self.peek() {
            Some(b'{') => self.object(depth),
            Some(b'[') => self.array(depth),
            Some(b'"') => Ok(Json::String(self.string()?)),
            Some(b't') => self.word("true", Json::Bool(true)),
            Some(b'f') => self.word("false", Json::Bool(false)),
            Some(b'n') => self.word("null", Json::Null),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => Err(self.refuse()),
        }
    }

    fn object(&mut self, depth: usize) -> Result<Json<'a>, NotJson> {
        self.expect(b'{')?;
        let mut members = Vec::new();
        self.space();
        if self.take(b'}') {
            return Ok(Json::Object(members));
        }
        loop {
            self.space();
            if self.peek() != Some(b'"') {
                return Err(self.refuse());
            }
            let key = self.string()?;
            self.space();
            self.expect(b':')?;
            let value = self.value(depth + 1)?;
            members.push((key, value));
            self.space();
            if self.take(b'}') {
                return Ok(Json::Object(members));
            }
            self.expect(b',')?;
        }
    }

    fn array(&mut self, depth: usize) -> Result<Json<'a>, NotJson> {
        self.expect(b'[')?;
        let mut values = Vec::new();
        self.space();
        if self.take(b']') {
            return Ok(Json::Array(values));
        }
        loop {
            values.push(self.value(depth + 1)?);
            self.space();
            if self.take(b']') {
                return Ok(Json::Array(values));
            }
            self.expect(b',')?;
        }
    }

    fn number(&mut self) -> Result<Json<'a>, NotJson> {
        let start = self.at;
        self.take(b'-');
        if !self.take(b'0') {
            self.digits()?;
        }
        if self.take(b'.') {
            self.digits()?;
        }
        if self.take(b'e') || self.take(b'E') {
            if !self.take(b'-') {
                self.take(b'+');
            }
            self.digits()?;
        }
        let spelled = self.text.get(start..self.at).ok_or_else(|| self.refuse())?;
        Ok(Json::Number(spelled))
    }

    fn digits(&mut self) -> Result<(), NotJson> {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        if self.at > start {
            Ok(())
        } else {
            Err(self.refuse())
        }
    }

    fn string(&mut self) -> Result<Cow<'a, str>, NotJson> {
        self.expect(b'"')?;
        let plain = self.plain()?;
        if self.take(b'"') {
            return Ok(Cow::Borrowed(plain));
        }
        let mut owned = plain.to_owned();
        loop {
            if self.take(b'"') {
                return Ok(Cow::Owned(owned));
            }
            self.expect(b'\\')?;
            owned.push(self.escape()?);
            owned.push_str(self.plain()?);
        }
    }

    /// The run of characters up to the next quote or backslash.
    fn plain(&mut self) -> Result<&'a str, NotJson> {
        let start = self.at;
        while let Some(byte) = self.peek() {
            match byte {
                b'"' | b'\\' => {
                    return self.text.get(start..self.at).ok_or_else(|| self.refuse());
                }
                0..=0x1f => break,
                _ => self.at += 1,
            }
        }
        // The text ended, or a control character stands bare: look for a boundary to
        // stand on, so that the invariant holds for the refusal as well.
        Err(self.refuse())
    }

    fn escape(&mut self) -> Result<char, NotJson> {
        let byte = self.peek().ok_or_else(|| self.refuse())?;
        self.at += 1;
        Ok(match byte {
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => return self.unicode(),
            _ => {
                self.at -= 1;
                return Err(self.refuse());
            }
        })
    }

    fn unicode(&mut self) -> Result<char, NotJson> {
        let first = self.hex4()?;
        let code = match first {
            0xd800..=0xdbff => {
                self.expect(b'\\')?;
                self.expect(b'u')?;
                let second = self.hex4()?;
                if !(0xdc00..=0xdfff).contains(&second) {
                    return Err(self.refuse());
                }
                0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00)
            }
            other => other,
        };
        // A lone low surrogate is no character.
        char::from_u32(code).ok_or_else(|| self.refuse())
    }

    fn hex4(&mut self) -> Result<u32, NotJson> {
        let mut code = 0;
        for _ in 0..4 {
            let digit = self
                .peek()
                .and_then(|byte| char::from(byte).to_digit(16))
                .ok_or_else(|| self.refuse())?;
            code = code * 16 + digit;
            self.at += 1;
        }
        Ok(code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_their_spelling_and_members_their_order() {
        let value = parse(r#" {"b": 10.50, "a": [1e3, -0, true, null], "b": "x"} "#).unwrap();
        let members = value.members().unwrap();
        assert_eq!(members[0], ("b".into(), Json::Number("10.50")));
        assert_eq!(members[2], ("b".into(), Json::String("x".into())));
        assert_eq!(members[1].1.one_or_many()[0], Json::Number("1e3"));
    }

    #[test]
    fn escapes_are_undone() {
        let value = parse(r#""a\n\"\u00e9\ud83d\ude00\/""#).unwrap();
        assert_eq!(value.as_str(), Some("a\n\"é😀/"));
    }

    #[test]
    fn what_is_not_json_is_refused() {
        for text in [
            "",
            "{",
            "[1,]",
            "{\"a\":1,}",
            "01",
            "1.",
            "+1",
            "nul",
            "'a'",
            "\"\\ud800\"",
            "\"\\x\"",
            "\"a",
            "\"\t\"",
            "{} {}",
            "{1:2}",
            ".5",
            "NaN",
            "\"\\udc00\"",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn depth_is_bounded() {
        assert!(parse(&"[".repeat(100_000)).is_err());
        let nested = format!("{}{}", "[".repeat(20), "]".repeat(20));
        assert!(parse(&nested).is_ok());
    }

    #[test]
    fn agrees_with_serde_json_on_what_is_json() {
        for text in [
            r#"{"a":[1,2,{"b":null}]}"#,
            "[]",
            "{}",
            r#""\u0041""#,
            "-1.5e-7",
            "true",
            " 1 ",
        ] {
            assert!(serde_json::from_str::<serde_json::Value>(text).is_ok());
            assert!(parse(text).is_ok(), "{text}");
        }
    }
}
