//! The reader itself. What becomes of what it reads is the builder's affair.

use std::borrow::Cow;
use std::ops::Range;

use crate::{DEPTH_MAX, NotJson};

/// Makes values of what was read, told where it stands.
pub(crate) trait Build<'a> {
    type Value;
    type Member;

    fn null(at: Range<usize>) -> Self::Value;
    fn bool(value: bool, at: Range<usize>) -> Self::Value;
    fn number(spelled: &'a str, at: Range<usize>) -> Self::Value;
    fn string(text: Cow<'a, str>, at: Range<usize>) -> Self::Value;
    fn array(elements: Vec<Self::Value>, at: Range<usize>) -> Self::Value;
    fn member(name: Cow<'a, str>, at: Range<usize>, value: Self::Value) -> Self::Member;
    fn object(members: Vec<Self::Member>, at: Range<usize>) -> Self::Value;
}

/// Reads one value and nothing after it but white space.
pub(crate) fn read<'a, B: Build<'a>>(text: &'a str) -> Result<B::Value, NotJson> {
    let mut reader = Reader { text, at: 0 };
    let value = reader.value::<B>(0)?;
    reader.space();
    if reader.at == text.len() {
        Ok(value)
    } else {
        Err(reader.refuse("something follows the last brace"))
    }
}

struct Reader<'a> {
    text: &'a str,
    // INVARIANT: `at` is a character boundary of `text`, except while a string is looked
    // through; then it is one again at the quote, the backslash or the fault.
    at: usize,
}

impl<'a> Reader<'a> {
    fn refuse(&self, why: &'static str) -> NotJson {
        NotJson { at: self.at, why }
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

    fn value<B: Build<'a>>(&mut self, depth: usize) -> Result<B::Value, NotJson> {
        if depth > DEPTH_MAX {
            return Err(self.refuse("values nest too deeply"));
        }
        self.space();
        let start = self.at;
        match self.peek() {
            Some(b'{') => {
                let members = self.object::<B>(depth)?;
                Ok(B::object(members, start..self.at))
            }
            Some(b'[') => {
                let elements = self.array::<B>(depth)?;
                Ok(B::array(elements, start..self.at))
            }
            Some(b'"') => {
                let text = self.string()?;
                Ok(B::string(text, start..self.at))
            }
            Some(b't') => self.word("true").map(|at| B::bool(true, at)),
            Some(b'f') => self.word("false").map(|at| B::bool(false, at)),
            Some(b'n') => self.word("null").map(B::null),
            Some(b'-' | b'0'..=b'9') => {
                let spelled = self.number()?;
                Ok(B::number(spelled, start..self.at))
            }
            Some(_) => Err(self.refuse("no value begins like this")),
            None => Err(self.refuse("the text ends where a value should be")),
        }
    }

    fn word(&mut self, word: &str) -> Result<Range<usize>, NotJson> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        if !rest.starts_with(word) {
            return Err(self.refuse("no value begins like this"));
        }
        let start = self.at;
        self.at += word.len();
        Ok(start..self.at)
    }

    fn object<B: Build<'a>>(&mut self, depth: usize) -> Result<Vec<B::Member>, NotJson> {
        self.at += 1;
        let mut members = Vec::new();
        self.space();
        if self.take(b'}') {
            return Ok(members);
        }
        loop {
            self.space();
            let start = self.at;
            if self.peek() != Some(b'"') {
                return Err(self.refuse("a name in quotation marks should be here"));
            }
            let name = self.string()?;
            let name_at = start..self.at;
            self.space();
            if !self.take(b':') {
                return Err(self.refuse("a colon should follow the name"));
            }
            let value = self.value::<B>(depth + 1)?;
            members.push(B::member(name, name_at, value));
            self.space();
            if self.take(b'}') {
                return Ok(members);
            }
            if !self.take(b',') {
                return Err(self.refuse("a comma or a closing brace should be here"));
            }
        }
    }

    fn array<B: Build<'a>>(&mut self, depth: usize) -> Result<Vec<B::Value>, NotJson> {
        self.at += 1;
        let mut values = Vec::new();
        self.space();
        if self.take(b']') {
            return Ok(values);
        }
        loop {
            values.push(self.value::<B>(depth + 1)?);
            self.space();
            if self.take(b']') {
                return Ok(values);
            }
            if !self.take(b',') {
                return Err(self.refuse("a comma or a closing bracket should be here"));
            }
        }
    }

    fn number(&mut self) -> Result<&'a str, NotJson> {
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
        Ok(self.text.get(start..self.at).unwrap_or_default())
    }

    fn digits(&mut self) -> Result<(), NotJson> {
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

    fn string(&mut self) -> Result<Cow<'a, str>, NotJson> {
        self.at += 1;
        let plain = self.plain()?;
        if self.take(b'"') {
            return Ok(Cow::Borrowed(plain));
        }
        let mut owned = plain.to_owned();
        loop {
            if self.take(b'"') {
                return Ok(Cow::Owned(owned));
            }
            // What ends a plain run and is no quote is a backslash.
            self.at += 1;
            owned.push(self.escape()?);
            owned.push_str(self.plain()?);
        }
    }

    /// The run of characters up to the next quote or backslash.
    fn plain(&mut self) -> Result<&'a str, NotJson> {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        let start = self.at;
        let Some(len) = plain_len(rest) else {
            self.at = self.text.len();
            return Err(self.refuse("the text ends inside quotation marks"));
        };
        self.at += len;
        if matches!(self.peek(), Some(0..=0x1f)) {
            return Err(self.refuse("a line break or tab stands inside quotation marks"));
        }
        Ok(self.text.get(start..self.at).unwrap_or_default())
    }

    fn escape(&mut self) -> Result<char, NotJson> {
        const WHY: &str = "no such escape";
        let character = match self.peek().ok_or_else(|| self.refuse(WHY))? {
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

    fn unicode(&mut self) -> Result<char, NotJson> {
        const WHY: &str = "the escape is not a character";
        let first = self.hex4()?;
        if !(0xd800..=0xdbff).contains(&first) {
            // A lone low surrogate is no character.
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

    fn hex4(&mut self) -> Result<u32, NotJson> {
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

/// How many bytes stand before the first quote, backslash or control character, if one comes.
/// Eight bytes are looked at together.
fn plain_len(bytes: &[u8]) -> Option<usize> {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = 0x8080_8080_8080_8080;
    let mut at = 0;
    while let Some((chunk, _)) = bytes.get(at..)?.split_first_chunk::<8>() {
        let word = u64::from_le_bytes(*chunk);
        // A high bit for each byte that is less than another; above the first one that is, some
        // that are not.
        let below = |word: u64, least: u64| word.wrapping_sub(ONES * least) & !word & HIGHS;
        let quote = below(word ^ (ONES * u64::from(b'"')), 1);
        let backslash = below(word ^ (ONES * u64::from(b'\\')), 1);
        let found = quote | backslash | below(word, 0x20);
        if found != 0 {
            return Some(at + (found.trailing_zeros() / 8) as usize);
        }
        at += 8;
    }
    let rest = bytes.get(at..)?;
    let ends = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..=0x1f);
    rest.iter().position(ends).map(|len| at + len)
}
