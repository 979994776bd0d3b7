//! Form parameters, from a query string and a body.

use std::borrow::Cow;

use memchr::{memchr, memchr2};

use crate::message::Incoming;
use crate::refusal::Refusal;

/// More parameters than this are refused: the longest honest request has a few hundred.
pub(crate) const PARAMETERS_MAX: usize = 10_000;

type Pair<'a> = (Cow<'a, str>, Cow<'a, str>);

/// The decoded parameters of a request.
///
/// INVARIANT: sorted by name, each name once.
pub(crate) struct Form<'a> {
    pairs: Vec<Pair<'a>>,
}

impl<'a> Form<'a> {
    /// Reads the query string and, if it is a form, the body. Of equal names the first wins.
    pub(crate) fn read(incoming: &Incoming<'a>) -> Result<Self, Refusal> {
        let mut pairs = Vec::with_capacity(16);
        for pair in pieces(incoming.query.as_bytes()).chain(pieces(incoming.form_body())) {
            if pairs.len() == PARAMETERS_MAX {
                return Err(Refusal::malformed_input(Some("Too many parameters")));
            }
            pairs.push(decode_pair(pair).ok_or_else(|| Refusal::malformed_input(None))?);
        }
        pairs.sort_by(|a, b| a.0.cmp(&b.0));
        pairs.dedup_by(|later, first| later.0 == first.0);
        Ok(Self { pairs })
    }

    /// All of it, as the root of the tree of dotted names.
    pub(crate) fn root(&self) -> Branch<'_, 'a> {
        Branch {
            pairs: &self.pairs,
            depth: 0,
        }
    }
}

/// The first value of each of these parameters, read no further than to the last of them.
pub(crate) fn firsts<'a, const N: usize>(
    incoming: &Incoming<'a>,
    names: [&str; N],
) -> [Option<Cow<'a, str>>; N] {
    let mut found = [const { None }; N];
    let pairs = pieces(incoming.query.as_bytes())
        .chain(pieces(incoming.form_body()))
        .take(PARAMETERS_MAX)
        .filter_map(decode_pair);
    for (key, value) in pairs {
        let wanted = names.iter().zip(&mut found);
        for (_, place) in wanted.filter(|(name, place)| **name == key && place.is_none()) {
            *place = Some(value.clone());
        }
        if found.iter().all(Option::is_some) {
            break;
        }
    }
    found
}

/// All pairs of a query string in their order; those that cannot be decoded are left out.
pub(crate) fn query_pairs(query: &str) -> impl Iterator<Item = Pair<'_>> {
    pieces(query.as_bytes())
        .take(PARAMETERS_MAX)
        .filter_map(decode_pair)
}

fn pieces(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut left = text;
    let pieces = std::iter::from_fn(move || {
        if left.is_empty() {
            return None;
        }
        let end = memchr(b'&', left).unwrap_or(left.len());
        let (piece, rest) = left.split_at_checked(end)?;
        left = rest.get(1..).unwrap_or_default();
        Some(piece)
    });
    pieces.filter(|piece| !piece.is_empty())
}

fn decode_pair(piece: &[u8]) -> Option<Pair<'_>> {
    let name_ends = memchr(b'=', piece).unwrap_or(piece.len());
    let (name, value) = piece.split_at_checked(name_ends)?;
    let value = value.get(1..).unwrap_or_default();
    Some((unescape(name, true)?, unescape(value, true)?))
}

/// Undoes percent-encoding, and in forms the plus sign. Broken escapes and broken UTF-8 give nothing.
pub(crate) fn unescape(text: &[u8], plus_is_blank: bool) -> Option<Cow<'_, str>> {
    let first = match plus_is_blank {
        true => memchr2(b'%', b'+', text),
        false => memchr(b'%', text),
    };
    let Some((plain, escaped)) = first.and_then(|first| text.split_at_checked(first)) else {
        return std::str::from_utf8(text).ok().map(Cow::Borrowed);
    };
    let mut unescaped = Vec::with_capacity(text.len());
    unescaped.extend_from_slice(plain);
    let mut bytes = escaped.iter();
    while let Some(byte) = bytes.next() {
        unescaped.push(match byte {
            b'%' => {
                let mut digit = || char::from(*bytes.next()?).to_digit(16);
                let (high, low) = (digit()?, digit()?);
                (high * 16 + low) as u8
            }
            b'+' if plus_is_blank => b' ',
            byte => *byte,
        });
    }
    String::from_utf8(unescaped).ok().map(Cow::Owned)
}

/// The parameters below one dotted name: `Tags.member.1` knows `Key` and `Value`.
#[derive(Clone, Copy)]
pub(crate) struct Branch<'f, 'a> {
    pairs: &'f [Pair<'a>],
    /// How many bytes of each name lie behind us.
    depth: usize,
}

impl<'f, 'a> Branch<'f, 'a> {
    /// Whether nothing lies below.
    pub(crate) fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// The value of exactly this name.
    pub(crate) fn leaf(&self, name: &str) -> Option<&'f str> {
        let at = self
            .pairs
            .binary_search_by(|(key, _)| self.rest(key).cmp(name))
            .ok()?;
        self.pairs.get(at).map(|(_, value)| &**value)
    }

    /// What lies below this name.
    pub(crate) fn below(&self, name: &str) -> Self {
        let begins = |key: &str| {
            key.strip_prefix(name)
                .is_some_and(|rest| rest.starts_with('.'))
        };
        // Whether a key comes before `name.`, of which it may be the beginning.
        let before = |key: &str| match key.as_bytes().split_at_checked(name.len()) {
            Some((head, tail)) => head
                .cmp(name.as_bytes())
                .then_with(|| tail.cmp(b"."))
                .is_lt(),
            None => key < name,
        };
        let start = self
            .pairs
            .partition_point(|(key, _)| before(self.rest(key)));
        let tail = self.pairs.get(start..).unwrap_or_default();
        let length = tail.partition_point(|(key, _)| begins(self.rest(key)));
        Self {
            pairs: tail.get(..length).unwrap_or_default(),
            depth: self.depth + name.len() + 1,
        }
    }

    /// The numbered children in the order of their numbers: `(1, "1")`, `(2, "2")`. All
    /// children have to be numbered, from one.
    pub(crate) fn numbered(&self) -> Result<Vec<(usize, &'f str)>, Refusal> {
        let mut found: Vec<(usize, &str)> = Vec::new();
        for (key, _) in self.pairs {
            let segment = self.rest(key).split('.').next().unwrap_or_default();
            if found.last().is_none_or(|(_, last)| *last != segment) {
                found.push((index(segment)?, segment));
            }
        }
        found.sort_unstable();
        found.dedup_by_key(|(number, _)| *number);
        Ok(found)
    }

    fn rest<'k>(&self, key: &'k str) -> &'k str {
        key.get(self.depth..).unwrap_or_default()
    }
}

/// The number of a list's element, which is at least one.
fn index(segment: &str) -> Result<usize, Refusal> {
    let malformed = |message: &str| Refusal::malformed_input(Some(message));
    if segment.starts_with('-') {
        return Err(malformed(&format!(
            "Key {segment} may not have a leading '-'"
        )));
    }
    if segment.is_empty() || !segment.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(malformed("Start of list found where not expected"));
    }
    match segment.parse() {
        Ok(0) => Err(malformed(&format!("{segment} is not a valid index"))),
        Ok(number) => Ok(number),
        Err(_too_large) => Err(Refusal::malformed_input(None)),
    }
}
