//! Resource patterns, compared with an ARN part by part.
//!
//! An ARN has six parts: `arn:partition:service:region:account:resource`. Colons after
//! the fifth belong to the last part. A wildcard never reaches into another part.

use std::cell::OnceCell;

use smallvec::SmallVec;

use crate::Context;
use crate::glob;
use crate::index::ResourceKey;
use crate::key;
use crate::template::{Template, Variables, Wildcards};

/// A resource pattern of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ResourcePattern {
    /// `*`: the only pattern that matches an action without resource types.
    Everything,
    /// An ARN, maybe with wildcards.
    Arn {
        /// What every resource that matches begins with. Looked at first, and mostly short
        /// enough to stay inside the statement.
        beginning: SmallVec<[u8; 36]>,
        rest: Rest,
    },
}

/// How the text after the beginning is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Rest {
    /// The beginning is the whole.
    Nothing,
    /// `*` and nothing else.
    Anything,
    /// A pattern for the text after the beginning, inside the last part.
    Glob(Box<[u8]>),
    /// A pattern with variables, for the text after the beginning, inside the last part.
    Varying(Template),
    /// A pattern for each of the first five parts, and one for the last.
    Parts(Box<([Box<[u8]>; 5], Template)>),
}

/// The resource of a request, its colons found once for all layers, if at all.
#[derive(Debug, Clone)]
pub(crate) struct Target<'r> {
    text: &'r [u8],
    /// Where the first five colons are; `None` for what is no ARN.
    colons: OnceCell<Option<[usize; 5]>>,
}

const PLAIN_HIGH: u64 = 0x7f7f_7f7f_7f7f_7f7f;
const COLONS: u64 = 0x3a3a_3a3a_3a3a_3a3a;

/// Where the first five colons of a text are. Eight bytes are looked at together.
fn first_colons(text: &[u8]) -> Option<[usize; 5]> {
    let mut colons = [0; 5];
    let mut places = colons.iter_mut();
    let mut place = places.next()?;
    for (at, chunk) in text.chunks(8).enumerate() {
        let word = key::load(chunk) ^ COLONS;
        // A bit for each byte that is zero now, and so was a colon. What lies beyond a
        // short last chunk was zero, and is none.
        let mut found = !(((word & PLAIN_HIGH) + PLAIN_HIGH) | word | PLAIN_HIGH);
        while found != 0 {
            *place = at * 8 + (found.trailing_zeros() / 8) as usize;
            place = match places.next() {
                Some(next) => next,
                None => return Some(colons),
            };
            found &= found - 1;
        }
    }
    None
}

/// An ARN's first five parts and its last.
fn split<'a>(text: &'a [u8], colons: &[usize; 5]) -> ([&'a [u8]; 5], &'a [u8]) {
    let mut start = 0;
    let head = colons.map(|colon| {
        let part = text.get(start..colon).unwrap_or_default();
        start = colon + 1;
        part
    });
    (head, text.get(start..).unwrap_or_default())
}

/// Whether a text has the six parts of an ARN.
pub(crate) fn is_arn(text: &[u8]) -> bool {
    first_colons(text).is_some()
}

/// Whether a pattern, in the bytes of [`glob`], can be no ARN's: it is short of parts and has
/// no wildcard either.
pub(crate) fn is_broken(pattern: &[u8]) -> bool {
    !is_arn(pattern) && glob::literal_len(pattern) == pattern.len()
}

/// Whether an ARN pattern, in the bytes of [`glob`], matches an ARN part by part.
pub(crate) fn arn_matches(pattern: &[u8], arn: &[u8]) -> bool {
    let Some(colons) = first_colons(arn) else {
        return false;
    };
    if pattern == [glob::STAR] {
        return true;
    }
    let Some(pattern_colons) = first_colons(pattern) else {
        return false;
    };
    let (patterns, pattern_tail) = split(pattern, &pattern_colons);
    let (parts, tail) = split(arn, &colons);
    let mut pairs = patterns.iter().zip(&parts);
    pairs.all(|(pattern, part)| glob::matches(pattern, part)) && glob::matches(pattern_tail, tail)
}

impl<'r> Target<'r> {
    pub(crate) fn new(resource: &'r str) -> Target<'r> {
        Target {
            text: resource.as_bytes(),
            colons: OnceCell::new(),
        }
    }

    fn colons(&self) -> Option<&[usize; 5]> {
        self.colons.get_or_init(|| first_colons(self.text)).as_ref()
    }

    pub(crate) fn text(&self) -> &'r [u8] {
        self.text
    }

    /// Whether the resource belongs to a service and its last part begins like this.
    pub(crate) fn is(&self, service: &str, beginning: &str) -> bool {
        // Most are another service's, which its first letters tell.
        let third = self.text.splitn(3, |byte| *byte == b':').nth(2);
        third.is_some_and(|third| third.starts_with(service.as_bytes()))
            && self.colons().is_some_and(|colons| {
                let ([_, _, of, _, _], tail) = split(self.text, colons);
                of == service.as_bytes() && tail.starts_with(beginning.as_bytes())
            })
    }
}

impl ResourcePattern {
    pub(crate) fn compile(text: &str, variables: Variables) -> ResourcePattern {
        if text == "*" {
            return ResourcePattern::Everything;
        }
        // AWS completes an ARN that ends early: the parts that are missing match anything.
        let mut parts = text.splitn(6, ':');
        let head: [&str; 5] = std::array::from_fn(|_| parts.next().unwrap_or("*"));
        let tail = parts.next().unwrap_or("*");
        let tail = Template::read(tail, variables, Wildcards::Read);
        let mut beginning = SmallVec::new();
        for part in head {
            let wildcard = part.find(['*', '?']);
            beginning.extend(part.bytes().take(wildcard.unwrap_or(part.len())));
            if wildcard.is_some() {
                let head = head.map(|part| glob::encode(part).into());
                return ResourcePattern::Arn {
                    beginning,
                    rest: Rest::Parts(Box::new((head, tail))),
                };
            }
            beginning.push(b':');
        }
        let (literal, tail) = tail.split_literal();
        beginning.extend(literal);
        let rest = match tail {
            Template::Varying(_) => Rest::Varying(tail),
            Template::Fixed(after) => match *after {
                [] => Rest::Nothing,
                [glob::STAR] => Rest::Anything,
                _ => Rest::Glob(after),
            },
        };
        ResourcePattern::Arn { beginning, rest }
    }

    /// By what the resources that match can be found.
    pub(crate) fn key(&self) -> ResourceKey<'_> {
        match self {
            ResourcePattern::Everything => ResourceKey::Any,
            ResourcePattern::Arn {
                beginning,
                rest: Rest::Nothing,
            } => ResourceKey::Exact(beginning),
            ResourcePattern::Arn { beginning, .. } => ResourceKey::Beginning(beginning),
        }
    }

    pub(crate) fn matches(&self, target: &Target<'_>, context: &Context) -> bool {
        let (beginning, rest) = match self {
            ResourcePattern::Everything => return true,
            ResourcePattern::Arn { beginning, rest } => (beginning, rest),
        };
        let Some(after) = strip(target.text, beginning) else {
            return false;
        };
        match rest {
            Rest::Nothing => after.is_empty(),
            Rest::Anything => true,
            Rest::Glob(pattern) => glob::matches(pattern, after),
            Rest::Varying(tail) => tail.matches(context, after),
            Rest::Parts(parts) => target.colons().is_some_and(|colons| {
                let (patterns, tail) = &**parts;
                let (parts, last) = split(target.text, colons);
                let mut pairs = patterns.iter().zip(&parts);
                pairs.all(|(pattern, part)| glob::matches(pattern, part))
                    && tail.matches(context, last)
            }),
        }
    }
}

/// The text after a beginning. Names that differ mostly differ at their ends, so these
/// are compared first.
fn strip<'t>(text: &'t [u8], beginning: &[u8]) -> Option<&'t [u8]> {
    let (start, after) = text.split_at_checked(beginning.len())?;
    if let (Some(end), Some(wanted)) = (start.last_chunk::<8>(), beginning.last_chunk::<8>())
        && u64::from_le_bytes(*end) != u64::from_le_bytes(*wanted)
    {
        return None;
    }
    key::same(start, beginning).then_some(after)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, resource: &str) -> bool {
        let mut context = Context::new();
        context.set("aws:username", "ana*");
        ResourcePattern::compile(pattern, Variables::Read).matches(&Target::new(resource), &context)
    }

    #[test]
    fn wildcards_stay_inside_their_part() {
        let queue = "arn:aws:sqs:us-east-2:111122223333:jobs";
        for (pattern, expected) in [
            ("*", true),
            ("arn:aws:sqs:us-east-2:111122223333:jobs", true),
            ("arn:aws:sqs:*:*:jobs", true),
            ("arn:aws:sqs:*:jobs", false),
            ("arn:aws:sqs:us-east-?:1111*:j*s", true),
            ("arn:aws:sqs", true),
            ("arn:aws:sns", false),
            ("arn:aws:sqs:*:*:JOBS", false),
            ("arn:aws:*:jobs", false),
            ("**", true),
        ] {
            assert_eq!(matches(pattern, queue), expected, "{pattern}");
        }
    }

    #[test]
    fn the_last_part_may_hold_colons() {
        let group = "arn:aws:logs:us-east-1:111122223333:log-group:a:log-stream:b";
        assert!(matches("arn:aws:logs:*:*:log-group:*", group));
        assert!(matches("arn:aws:logs:*:*:log-group:?:*:b", group));
        assert!(!matches("arn:aws:logs:*:*:log-group", group));
    }

    #[test]
    fn no_resource_is_matched_by_the_star_alone() {
        assert!(matches("*", "*"));
        assert!(!matches("**", "*"));
        assert!(!matches("arn:aws:s3:::*", "*"));
        assert!(!matches("?", "*"));
    }

    #[test]
    fn variables_count_after_the_fifth_colon_only() {
        assert!(matches(
            "arn:aws:s3:::b/${aws:username}/*",
            "arn:aws:s3:::b/ana*/x"
        ));
        assert!(!matches(
            "arn:aws:s3:::b/${aws:username}/*",
            "arn:aws:s3:::b/anab/x"
        ));
        assert!(!matches("arn:aws:s3:::b/${missing}*", "arn:aws:s3:::b/x"));
        assert!(!matches(
            "arn:aws:sqs::${aws:username}:x",
            "arn:aws:sqs::ana*:x"
        ));
    }

    #[test]
    fn arn_operators_compare_six_parts() {
        let arn = |pattern: &str, arn: &str| arn_matches(&glob::encode(pattern), arn.as_bytes());
        assert!(arn("arn:aws:sns:*:*:t-?", "arn:aws:sns:eu-west-1:1:t-1"));
        assert!(!arn("arn:*", "arn:aws:sns:eu-west-1:1:t-1"));
        assert!(arn("*", "arn:aws:sns:eu-west-1:1:t-1"));
        assert!(!arn("*", "t-1"));
    }
}
