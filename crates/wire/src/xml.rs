//! Writes XML as AWS's query services do: two blanks a level, one element a line.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use facts::{Kind, Shape};

use crate::plain;
use crate::timestamp;
use crate::value::{Structure, Value};

/// Room for most documents.
const DOCUMENT_BYTES: usize = 2048;

/// A document being written.
pub(crate) struct Xml {
    text: String,
    depth: usize,
}

impl Xml {
    pub(crate) fn new() -> Xml {
        Xml {
            text: String::with_capacity(DOCUMENT_BYTES),
            depth: 0,
        }
    }

    /// An element with others inside; written empty if there are none.
    pub(crate) fn element(
        &mut self,
        name: &str,
        namespace: Option<&str>,
        inside: impl FnOnce(&mut Self),
    ) {
        self.indent();
        let start = self.text.len();
        self.text.push('<');
        self.text.push_str(name);
        if let Some(namespace) = namespace {
            self.text.push_str(" xmlns=\"");
            self.escaped(namespace);
            self.text.push('"');
        }
        let head = self.text.len();
        self.text.push_str(">\n");
        let body = self.text.len();
        self.depth += 1;
        inside(self);
        self.depth -= 1;
        if self.text.len() == body {
            self.text.truncate(head.max(start));
            self.text.push_str("/>\n");
            return;
        }
        self.indent();
        self.close(name);
    }

    /// An element with text inside.
    pub(crate) fn leaf(&mut self, name: &str, text: &str) {
        self.indent();
        self.text.push('<');
        self.text.push_str(name);
        self.text.push('>');
        self.escaped(text);
        self.close(name);
    }

    /// The members of a structure, in the model's order.
    pub(crate) fn members(&mut self, shape: Option<&Shape>, structure: &Structure) {
        let Some(Shape {
            kind: Kind::Structure { members, .. },
            ..
        }) = shape
        else {
            return;
        };
        for member in *members {
            if let Some(value) = structure.get(member.name) {
                self.value(member.wire_name, member.shape, value);
            }
        }
    }

    fn value(&mut self, name: &str, shape: &Shape, value: &Value) {
        match (value, &shape.kind) {
            (Value::Structure(structure), _) => {
                self.element(name, None, |xml| xml.members(Some(shape), structure))
            }
            (Value::List(values), Kind::List(member, _)) => self.element(name, None, |xml| {
                values
                    .iter()
                    .for_each(|value| xml.value("member", member, value));
            }),
            (Value::Map(pairs), Kind::Map { value: shape, .. }) => {
                self.element(name, None, |xml| {
                    for (key, value) in pairs {
                        xml.element("entry", None, |xml| {
                            xml.leaf("key", key);
                            xml.value("value", shape, value);
                        });
                    }
                })
            }
            (Value::Bool(value), _) => self.leaf(name, if *value { "true" } else { "false" }),
            (Value::Integer(number), _) => self.leaf(name, &number.to_string()),
            (Value::Float(number), _) => self.leaf(name, &float(*number)),
            (Value::String(text), _) => self.leaf(name, text),
            (Value::Blob(bytes), _) => self.leaf(name, &STANDARD.encode(bytes)),
            (Value::Timestamp(moment), _) => self.leaf(name, &timestamp::iso8601_seconds(*moment)),
            (Value::Document(document), _) => self.leaf(name, &document.to_string()),
            // Lists and maps of another shape cannot come from a checked operation.
            (Value::List(_) | Value::Map(_) | Value::Null, _) => {}
        }
    }

    /// The finished document.
    pub(crate) fn finish(self) -> Vec<u8> {
        self.text.into_bytes()
    }

    fn indent(&mut self) {
        const BLANKS: &str = "                                ";
        let blanks = BLANKS.get(..2 * self.depth);
        self.text.push_str(blanks.unwrap_or(BLANKS));
    }

    fn close(&mut self, name: &str) {
        self.text.push_str("</");
        self.text.push_str(name);
        self.text.push_str(">\n");
    }

    fn escaped(&mut self, text: &str) {
        let mut rest = text;
        loop {
            let (plain, others) = plain::split(rest, is_plain);
            self.text.push_str(plain);
            let mut characters = others.chars();
            let Some(character) = characters.next() else {
                break;
            };
            self.character(character);
            rest = characters.as_str();
        }
    }

    fn character(&mut self, character: char) {
        match character {
            '&' => self.text.push_str("&amp;"),
            '<' => self.text.push_str("&lt;"),
            '>' => self.text.push_str("&gt;"),
            '"' => self.text.push_str("&quot;"),
            // A parser would read a bare one as a line feed.
            '\r' => self.text.push_str("&#xD;"),
            '\t' | '\n' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'.. => {
                self.text.push(character)
            }
            // XML 1.0 §2.2 has no way to write the others.
            _ => self.text.push('\u{FFFD}'),
        }
    }
}

/// Whether a byte is a character that XML takes as it is.
fn is_plain(byte: u8) -> bool {
    let in_ascii = (b' '..=b'~').contains(&byte) | (byte == b'\t') | (byte == b'\n');
    in_ascii & (byte != b'&') & (byte != b'<') & (byte != b'>') & (byte != b'"')
}

/// As the protocols want the numbers that are none.
pub(crate) fn float(number: f64) -> String {
    match number {
        _ if number.is_nan() => "NaN".to_owned(),
        f64::INFINITY => "Infinity".to_owned(),
        f64::NEG_INFINITY => "-Infinity".to_owned(),
        _ => format!("{number:?}"),
    }
}
