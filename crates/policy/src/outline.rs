//! Where the statements of a policy stand in its text.
//!
//! The reader of policies keeps no places, for deciding needs none. Whoever explains a
//! decision walks over the text once more, which is known to be JSON by then.

use std::ops::Range;

use crate::json::{self, Json};

/// A place in a text. Lines and columns begin with 1; columns count characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

/// Where a statement stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatementSpan {
    /// Right after what comes before it, be it the list's bracket or the statement before:
    /// there IAM's simulator says that it starts. A statement without a list starts right
    /// after its own brace.
    pub begins: Position,
    /// Where its brace opens.
    pub opens: Position,
    /// Right after its brace closes.
    pub ends: Position,
}

/// The statements of a policy's text, in order. None of what is no policy.
pub fn statement_spans(text: &str) -> Vec<StatementSpan> {
    spans_within(text, 0..text.len())
}

/// As [`statement_spans`], of a policy that stands inside a larger text.
pub(crate) fn spans_within(text: &str, document: Range<usize>) -> Vec<StatementSpan> {
    let Some(list) = member(text, document, "Statement") else {
        return Vec::new();
    };
    let one = list.clone();
    let (statements, mut begins) = match elements(text, list.clone()) {
        Some(statements) => (statements, list.start + 1),
        None => (vec![one], list.start + 1),
    };
    let mut ruler = Ruler::new(text);
    let mut spans = Vec::with_capacity(statements.len());
    for statement in statements {
        // What is measured must not go back: of one that stands alone the brace comes first.
        let (first, second) = (begins.min(statement.start), begins.max(statement.start));
        let (first, second) = (ruler.measure(first), ruler.measure(second));
        let alone = begins > statement.start;
        let (begin, opens) = if alone {
            (second, first)
        } else {
            (first, second)
        };
        spans.push(StatementSpan {
            begins: begin,
            opens,
            ends: ruler.measure(statement.end),
        });
        begins = statement.end;
    }
    spans
}

/// Where the value of an object's member stands; of several of one name the last.
pub(crate) fn member(text: &str, object: Range<usize>, name: &str) -> Option<Range<usize>> {
    let mut walker = Walker::enter(text, object, b'{')?;
    let mut found = None;
    while let Some(key) = walker.value() {
        walker.pass(b':')?;
        let value = walker.value()?;
        let key = json::parse(text.get(key)?).ok()?;
        if matches!(&key, Json::String(key) if key == name) {
            found = Some(value);
        }
        if walker.pass(b',').is_none() {
            break;
        }
    }
    found
}

/// Where an array's elements stand; `None` if it is none.
pub(crate) fn elements(text: &str, array: Range<usize>) -> Option<Vec<Range<usize>>> {
    let mut walker = Walker::enter(text, array, b'[')?;
    let mut found = Vec::new();
    while let Some(value) = walker.value() {
        found.push(value);
        if walker.pass(b',').is_none() {
            break;
        }
    }
    Some(found)
}

/// Walks over values without reading them.
struct Walker<'t> {
    bytes: &'t [u8],
    at: usize,
}

impl<'t> Walker<'t> {
    /// Steps behind the bracket of an object or array.
    fn enter(text: &'t str, range: Range<usize>, bracket: u8) -> Option<Walker<'t>> {
        let mut walker = Walker {
            bytes: text.as_bytes().get(..range.end)?,
            at: range.start,
        };
        walker.pass(bracket)?;
        Some(walker)
    }

    fn peek(&mut self) -> Option<u8> {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.bytes.get(self.at) {
            self.at += 1;
        }
        self.bytes.get(self.at).copied()
    }

    fn pass(&mut self, byte: u8) -> Option<()> {
        if self.peek() != Some(byte) {
            return None;
        }
        self.at += 1;
        Some(())
    }

    /// The next value; `None` where the object or array closes.
    fn value(&mut self) -> Option<Range<usize>> {
        let first = self.peek()?;
        let start = self.at;
        let mut depth = 0_usize;
        loop {
            match self.bytes.get(self.at)? {
                b'"' => self.string(),
                b'{' | b'[' => {
                    depth += 1;
                    self.at += 1;
                }
                b'}' | b']' if depth == 0 => break,
                b'}' | b']' => {
                    depth -= 1;
                    self.at += 1;
                }
                b',' | b':' | b' ' | b'\n' | b'\r' | b'\t' if depth == 0 => break,
                _ => self.at += 1,
            }
            if depth == 0 && matches!(first, b'"' | b'{' | b'[') {
                break;
            }
        }
        (self.at > start).then_some(start..self.at)
    }

    /// Steps behind a string.
    fn string(&mut self) {
        self.at += 1;
        while let Some(byte) = self.bytes.get(self.at) {
            self.at += if *byte == b'\\' { 2 } else { 1 };
            if *byte == b'"' {
                return;
            }
        }
    }
}

/// Turns offsets into places; they must not shrink from call to call.
struct Ruler<'t> {
    text: &'t str,
    at: usize,
    position: Position,
}

impl<'t> Ruler<'t> {
    fn new(text: &'t str) -> Ruler<'t> {
        Ruler {
            text,
            at: 0,
            position: Position { line: 1, column: 1 },
        }
    }

    fn measure(&mut self, offset: usize) -> Position {
        for character in self.text.get(self.at..offset).unwrap_or_default().chars() {
            if character == '\n' {
                self.position.line += 1;
                self.position.column = 1;
            } else {
                self.position.column += 1;
            }
        }
        self.at = offset;
        self.position
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Vec<[(usize, usize); 3]> {
        let pair = |position: Position| (position.line, position.column);
        let spans = statement_spans(text).into_iter();
        spans
            .map(|span| [pair(span.begins), pair(span.opens), pair(span.ends)])
            .collect()
    }

    /// Text and places are those of an example in the AWS CLI's reference
    /// (`simulate-custom-policy`), and of what AWS says to policies of this layout.
    #[test]
    fn places_are_those_that_aws_says() {
        let alone = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"dynamodb:*","Resource":"*","Condition":{"DateGreaterThan":{"aws:CurrentTime":"2018-08-16T12:00:00Z"}}}}"#;
        assert_eq!(shown(alone), [[(1, 38), (1, 37), (1, 167)]]);
        let administrator = "{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [\n    {\n      \"Effect\": \"Allow\",\n      \"Action\": \"*\",\n      \"Resource\": \"*\"\n    }\n  ]\n}";
        assert_eq!(shown(administrator), [[(3, 17), (4, 5), (8, 6)]]);
        let spaced = r#"{"Version": "2012-10-17", "Statement": [{"Effect":"Allow"}]}"#;
        assert_eq!(shown(spaced), [[(1, 41), (1, 41), (1, 59)]]);
    }

    #[test]
    fn a_statement_begins_where_the_one_before_ends() {
        let two = r#"{"Statement":[{"Sid":"]},{\"é"}, {"Sid":"b"}]}"#;
        assert_eq!(
            shown(two),
            [[(1, 15), (1, 15), (1, 32)], [(1, 32), (1, 34), (1, 45)]]
        );
    }

    #[test]
    fn names_are_read_and_the_last_of_one_name_stands() {
        let text = r#"{"Statement":[{}],"\u0053tatement":[{},{}]}"#;
        assert_eq!(shown(text).len(), 2);
        for text in ["", "{", "[]", "7", r#"{"Statement":"#, r#"{"Statement":[{"#] {
            assert!(shown(text).len() <= 1, "{text}");
        }
    }
}
