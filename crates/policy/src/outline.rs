//! Where the statements of a policy stand in its text.
//!
//! Deciding needs no places. Whoever explains a decision reads the text once more, with them.

use json_text::Node;

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
    match json_text::parse_placed(text) {
        Ok(policy) => spans_within(text, &policy),
        Err(_not_json) => Vec::new(),
    }
}

/// As [`statement_spans`], of a policy that stands inside a larger text.
pub(crate) fn spans_within(text: &str, policy: &Node<'_>) -> Vec<StatementSpan> {
    let Some(list) = policy.member("Statement") else {
        return Vec::new();
    };
    let statements = match list.elements() {
        Some(statements) => statements,
        None => std::slice::from_ref(list),
    };
    let mut begins = list.bytes.start + 1;
    let mut ruler = Ruler::new(text);
    let mut spans = Vec::with_capacity(statements.len());
    for Node { bytes, .. } in statements {
        // What is measured must not go back: of one that stands alone the brace comes first.
        let (first, second) = (begins.min(bytes.start), begins.max(bytes.start));
        let alone = begins > bytes.start;
        let (first, second) = (ruler.measure(first), ruler.measure(second));
        let (begin, opens) = if alone {
            (second, first)
        } else {
            (first, second)
        };
        spans.push(StatementSpan {
            begins: begin,
            opens,
            ends: ruler.measure(bytes.end),
        });
        begins = bytes.end;
    }
    spans
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
            assert_eq!(shown(text), [] as [[(usize, usize); 3]; 0], "{text}");
        }
    }
}
