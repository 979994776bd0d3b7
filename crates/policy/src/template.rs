//! Patterns with variables: `${aws:username}`, `${aws:PrincipalTag/team, 'none'}`, `${*}`.
//!
//! What a variable stands for is put in as literal text: a `*` in a user's name matches
//! an asterisk and nothing else.

use crate::Context;
use crate::glob;
use crate::key::Key;

/// How much text is put together without asking for memory.
const INLINE_BYTES: usize = 256;

/// Whether `*` and `?` are wildcards in the place where the text stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wildcards {
    Read,
    Literal,
}

/// Whether `${…}` is a variable: not in documents of version 2008-10-17.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Variables {
    Read,
    Literal,
}

/// A text from a policy, in the bytes of [`glob`], with places for variables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Template {
    /// Nothing to put in.
    Fixed(Box<[u8]>),
    /// Something to put in at each request.
    Varying(Box<[Piece]>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    Bytes(Box<[u8]>),
    Variable { key: Key, default: Option<Box<str>> },
}

impl Template {
    /// Reads a text as its author wrote it.
    pub(crate) fn read(text: &str, variables: Variables, wildcards: Wildcards) -> Template {
        let mut pieces = Vec::new();
        let mut bytes = Vec::with_capacity(text.len());
        let mut rest = text;
        if variables == Variables::Read {
            while let Some((before, variable, after)) = next_variable(rest) {
                append(before, wildcards, &mut bytes);
                rest = after;
                match variable {
                    Variable::Character(character) => bytes.extend(character.bytes()),
                    Variable::Key { name, default } => {
                        if !bytes.is_empty() {
                            pieces.push(Piece::Bytes(std::mem::take(&mut bytes).into()));
                        }
                        pieces.push(Piece::Variable {
                            key: Key::new(name),
                            default: default.map(Into::into),
                        });
                    }
                }
            }
        }
        append(rest, wildcards, &mut bytes);
        if pieces.is_empty() {
            return Template::Fixed(bytes.into());
        }
        if !bytes.is_empty() {
            pieces.push(Piece::Bytes(bytes.into()));
        }
        Template::Varying(pieces.into())
    }

    /// Takes off the bytes that come before every variable and wildcard.
    pub(crate) fn split_literal(self) -> (Box<[u8]>, Template) {
        let take = |bytes: &[u8]| -> (Box<[u8]>, Box<[u8]>) {
            let (literal, rest) = bytes.split_at(glob::literal_len(bytes));
            (literal.into(), rest.into())
        };
        match self {
            Template::Fixed(bytes) => {
                let (literal, rest) = take(&bytes);
                (literal, Template::Fixed(rest))
            }
            Template::Varying(pieces) => {
                let mut pieces = Vec::from(pieces);
                let literal = match pieces.first_mut() {
                    Some(Piece::Bytes(bytes)) => {
                        let (literal, rest) = take(bytes);
                        *bytes = rest;
                        literal
                    }
                    Some(Piece::Variable { .. }) | None => Box::default(),
                };
                pieces.retain(|piece| !matches!(piece, Piece::Bytes(bytes) if bytes.is_empty()));
                (literal, Template::Varying(pieces.into()))
            }
        }
    }

    /// Puts the request's values in and asks `test` about the result. A variable without
    /// a value matches nothing: then the answer is `false` and nobody is asked.
    pub(crate) fn test(&self, context: &Context, test: impl FnOnce(&[u8]) -> bool) -> bool {
        match self {
            Template::Fixed(bytes) => test(bytes),
            Template::Varying(pieces) => test_resolved(pieces, context, test),
        }
    }

    /// Whether the text matches, with the wildcards and the request's values in place.
    pub(crate) fn matches(&self, context: &Context, text: &[u8]) -> bool {
        let pieces = match self {
            Template::Fixed(bytes) => return glob::matches(bytes, text),
            Template::Varying(pieces) => pieces,
        };
        // Up to the first wildcard the pieces are compared where they are.
        let mut rest = text;
        let mut remaining = &**pieces;
        while let Some((piece, after)) = remaining.split_first() {
            let literal = match piece {
                Piece::Bytes(bytes) if glob::literal_len(bytes) < bytes.len() => {
                    return match after {
                        [] => glob::matches(bytes, rest),
                        _ => test_resolved(remaining, context, |all| glob::matches(all, rest)),
                    };
                }
                piece => piece.resolve(context),
            };
            match literal.and_then(|literal| rest.strip_prefix(literal)) {
                Some(shorter) => rest = shorter,
                None => return false,
            }
            remaining = after;
        }
        rest.is_empty()
    }
}

fn append(text: &str, wildcards: Wildcards, bytes: &mut Vec<u8>) {
    match wildcards {
        Wildcards::Read => glob::encode_into(text, bytes),
        Wildcards::Literal => bytes.extend(text.bytes()),
    }
}

fn test_resolved(pieces: &[Piece], context: &Context, test: impl FnOnce(&[u8]) -> bool) -> bool {
    let mut inline = [0; INLINE_BYTES];
    let mut len = 0;
    let mut spilled: Vec<u8> = Vec::new();
    for piece in pieces {
        let Some(text) = piece.resolve(context) else {
            return false;
        };
        let end = len + text.len();
        match inline.get_mut(len..end) {
            Some(room) if spilled.is_empty() => {
                room.copy_from_slice(text);
                len = end;
            }
            _ => {
                if spilled.is_empty() {
                    spilled.extend(inline.get(..len).unwrap_or_default());
                }
                spilled.extend(text);
            }
        }
    }
    if spilled.is_empty() {
        test(inline.get(..len).unwrap_or_default())
    } else {
        test(&spilled)
    }
}

impl Piece {
    fn resolve<'a>(&'a self, context: &'a Context) -> Option<&'a [u8]> {
        match self {
            Piece::Bytes(bytes) => Some(bytes),
            Piece::Variable { key, default } => {
                let value = match context.find(key) {
                    Some(found) => found.only_text(),
                    None => default.as_deref(),
                };
                value.map(str::as_bytes)
            }
        }
    }
}

/// What stands between `${` and `}`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Variable<'t> {
    /// `${*}`, `${?}` or `${$}`: the character itself.
    Character(&'t str),
    /// A condition key, and what to put in when it is absent.
    Key {
        name: &'t str,
        default: Option<&'t str>,
    },
}

/// The first variable of a text: what comes before it, the variable, what comes after.
/// A `${` that begins no variable is text.
pub(crate) fn next_variable(text: &str) -> Option<(&str, Variable<'_>, &str)> {
    let mut from = 0;
    loop {
        let start = from + text.get(from..)?.find("${")?;
        let inside = start + 2;
        if let Some((variable, after)) = read_variable(text.get(inside..)?) {
            return Some((text.get(..start)?, variable, after));
        }
        from = inside;
    }
}

fn read_variable(inside: &str) -> Option<(Variable<'_>, &str)> {
    for character in ["*", "?", "$"] {
        let after = inside.strip_prefix(character);
        if let Some(after) = after.and_then(|rest| rest.strip_prefix('}')) {
            let (character, _) = inside.split_at_checked(1)?;
            return Some((Variable::Character(character), after));
        }
    }
    let end = inside.find([',', '}'])?;
    let (name, rest) = inside.split_at_checked(end)?;
    let name = name.trim();
    if name.is_empty() {
        return None;
    }
    if let Some(after) = rest.strip_prefix('}') {
        let default = None;
        return Some((Variable::Key { name, default }, after));
    }
    let quoted = rest.strip_prefix(',')?.trim_start().strip_prefix('\'')?;
    let (default, rest) = quoted.split_once('\'')?;
    let after = rest.trim_start().strip_prefix('}')?;
    let default = Some(default);
    Some((Variable::Key { name, default }, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(text: &str, context: &Context) -> Option<String> {
        let template = Template::read(text, Variables::Read, Wildcards::Read);
        let mut result = None;
        template.test(context, |bytes| {
            let shown = bytes.iter().map(|byte| match *byte {
                glob::STAR => b'%',
                glob::ANY => b'_',
                other => other,
            });
            result = Some(String::from_utf8(shown.collect()).unwrap());
            true
        });
        result
    }

    #[test]
    fn variables_are_put_in_as_literal_text() {
        let mut context = Context::new();
        context.set("aws:username", "a*b").set("empty", "");
        context.set_many("many", ["x", "y"]);
        context.set_many("set", ["x"]);
        for (text, expected) in [
            ("home/${aws:username}/*", Some("home/a*b/%")),
            ("${AWS:UserName}?", Some("a*b_")),
            ("${missing}", None),
            ("${missing, 'all*'}/*", Some("all*/%")),
            ("${missing,''}", Some("")),
            ("${aws:username , 'x' }", Some("a*b")),
            ("[${empty, 'x'}]", Some("[]")),
            ("${many, 'x'}", None),
            ("${set, 'x'}", None),
            ("${*}${?}${$}{*", Some("*?${%")),
            ("${}", Some("${}")),
            ("${open", Some("${open")),
            ("${${aws:username}", None),
            ("$ {a} ${", Some("$ {a} ${")),
            ("${bad, default}${$}", Some("${bad, default}$")),
        ] {
            assert_eq!(resolved(text, &context).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn texts_are_matched_as_if_all_was_put_in_first() {
        let mut context = Context::new();
        context.set("k", "a*b").set("empty", "");
        for pattern in [
            "${k}",
            "x${k}",
            "x${k}/*",
            "x*${k}",
            "x?${k}${k}",
            "${empty}${k}y",
            "${missing}*",
            "*${missing}",
            "x${missing}",
            "${k}*${k}",
            "x${empty}?",
            "*",
        ] {
            let template = Template::read(pattern, Variables::Read, Wildcards::Read);
            for text in [
                "", "a*b", "ab", "axb", "xa*b", "xa*b/", "xa*b/c", "xxa*b", "xyza*b", "xya*ba*b",
                "a*by", "a*b a*b", "xé", "x",
            ] {
                let whole = |all: &[u8]| glob::matches(all, text.as_bytes());
                assert_eq!(
                    template.matches(&context, text.as_bytes()),
                    template.test(&context, whole),
                    "{pattern} {text}"
                );
            }
        }
    }

    #[test]
    fn long_values_are_put_in_whole() {
        let mut context = Context::new();
        let long = "x".repeat(3 * INLINE_BYTES);
        context.set("k", &long);
        let expected = format!("a{long}b{long}c");
        assert_eq!(resolved("a${k}b${k}c", &context), Some(expected));
    }

    #[test]
    fn the_old_version_has_no_variables() {
        let template = Template::read("${*}", Variables::Literal, Wildcards::Read);
        let expected = Template::Fixed(Box::from([b'$', b'{', glob::STAR, b'}']));
        assert_eq!(template, expected);
    }
}
