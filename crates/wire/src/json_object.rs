//! An object of JSON, written member by member.

use crate::json_text;

/// An object that is being written behind what a text holds already. Names that are our own
/// are written as they are.
pub struct JsonObject<'o> {
    out: &'o mut String,
    is_empty: bool,
}

impl<'o> JsonObject<'o> {
    /// Writes an object with the members that `inside` puts into it.
    pub fn write(out: &'o mut String, inside: impl FnOnce(&mut JsonObject<'_>)) {
        let mut object = JsonObject {
            out,
            is_empty: true,
        };
        object.out.push('{');
        inside(&mut object);
        object.out.push('}');
    }

    /// A text.
    pub fn text(&mut self, name: &'static str, text: &str) {
        json_text::string(self.member(name), text);
    }

    /// A text, or null.
    pub fn text_or_null(&mut self, name: &'static str, text: Option<&str>) {
        match text {
            Some(text) => self.text(name, text),
            None => self.null(name),
        }
    }

    /// A text; without one there is no member.
    pub fn text_if(&mut self, name: &'static str, text: Option<&str>) {
        if let Some(text) = text {
            self.text(name, text);
        }
    }

    /// True or false.
    pub fn truth(&mut self, name: &'static str, value: bool) {
        self.member(name)
            .push_str(if value { "true" } else { "false" });
    }

    /// Null.
    pub fn null(&mut self, name: &'static str) {
        self.member(name).push_str("null");
    }

    /// An object inside.
    pub fn object(&mut self, name: &'static str, inside: impl FnOnce(&mut JsonObject<'_>)) {
        JsonObject::write(self.member(name), inside);
    }

    /// The place for a value of any kind, which whoever asks must write.
    pub fn member(&mut self, name: &'static str) -> &mut String {
        debug_assert!(name.bytes().all(json_text::is_plain), "{name}");
        self.separate();
        self.out.push('"');
        self.out.push_str(name);
        self.out.push_str("\":");
        self.out
    }

    /// The same under a name of a model, which begins with a small letter here.
    pub(crate) fn member_begun_small(&mut self, name: &'static str) -> &mut String {
        const AFTER: &str = "\":";
        self.member(name);
        let start = self.out.len().saturating_sub(name.len() + AFTER.len());
        if let Some(first) = self.out.get_mut(start..=start) {
            first.make_ascii_lowercase();
        }
        self.out
    }

    /// The same under a name that others may have chosen.
    pub fn member_named(&mut self, name: &str) -> &mut String {
        self.separate();
        json_text::string(self.out, name);
        self.out.push(':');
        self.out
    }

    fn separate(&mut self) {
        if !std::mem::take(&mut self.is_empty) {
            self.out.push(',');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_reads_as_what_was_put_into_it() {
        let mut out = String::from("> ");
        JsonObject::write(&mut out, |object| {
            object.text("a", "say \"\u{e9}\\\n\u{1}\"");
            object.text_if("b", None);
            object.text_or_null("c", None);
            JsonObject::write(object.member_named("d \""), |inner| inner.truth("e", true));
            object.member("f").push_str("[1]");
            object.object("g", |_| {});
        });
        let read: serde_json::Value =
            serde_json::from_str(out.strip_prefix("> ").unwrap()).unwrap();
        let expected = serde_json::json!({
            "a": "say \"\u{e9}\\\n\u{1}\"", "c": null, "d \"": {"e": true}, "f": [1], "g": {},
        });
        assert_eq!(read, expected);
    }
}
