//! Resource patterns, compared with an ARN part by part.
//!
//! An ARN has six parts: `arn:partition:service:region:account:resource`. Colons after
//! the fifth belong to the last part. A wildcard never reaches into another part.

use memchr::memchr_iter;

use crate::Context;
use crate::glob;
use crate::index::ResourceKey;
use crate::template::{Template, Variables, Wildcards};

/// A resource pattern of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ResourcePattern {
    /// `*`: the only pattern that matches an action without resource types.
    Everything,
    /// An ARN, maybe with wildcards.
    Arn {
        head: Head,
        tail: Template,
        /// What every resource that matches begins with.
        beginning: Box<[u8]>,
    },
}

/// The first five parts of an ARN pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Head {
    /// No wildcards: the parts and the five colons as they stand.
    Literal(Box<[u8]>),
    /// Each part a pattern.
    Parts([Box<[u8]>; 5]),
}

/// The resource of a request, its parts found once for all layers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Target<'r> {
    text: &'r [u8],
    parts: Option<Parts<'r>>,
}

/// An ARN taken apart.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Parts<'a> {
    /// The first five parts, without colons.
    head: [&'a [u8]; 5],
    /// Where the sixth part starts.
    tail_at: usize,
    tail: &'a [u8],
}

impl<'a> Parts<'a> {
    /// Splits at the first five colons.
    pub(crate) fn of(text: &'a [u8]) -> Option<Parts<'a>> {
        let mut colons = memchr_iter(b':', text);
        let mut head: [&[u8]; 5] = [&[]; 5];
        let mut start = 0;
        for part in &mut head {
            let colon = colons.next()?;
            *part = text.get(start..colon)?;
            start = colon + 1;
        }
        Some(Parts {
            head,
            tail_at: start,
            tail: text.get(start..)?,
        })
    }
}

/// Whether an ARN pattern, in the bytes of [`glob`], matches an ARN part by part.
pub(crate) fn arn_matches(pattern: &[u8], arn: &[u8]) -> bool {
    let Some(arn) = Parts::of(arn) else {
        return false;
    };
    if pattern == [glob::STAR] {
        return true;
    }
    Parts::of(pattern).is_some_and(|pattern| {
        let mut pairs = pattern.head.iter().zip(&arn.head);
        pairs.all(|(pattern, part)| glob::matches(pattern, part))
            && glob::matches(pattern.tail, arn.tail)
    })
}

impl<'r> Target<'r> {
    pub(crate) fn new(resource: &'r str) -> Target<'r> {
        let text = resource.as_bytes();
        Target {
            text,
            parts: Parts::of(text),
        }
    }

    pub(crate) fn text(&self) -> &'r [u8] {
        self.text
    }

    /// Whether the resource belongs to a service and its last part begins like this.
    pub(crate) fn is(&self, service: &str, beginning: &str) -> bool {
        self.parts.is_some_and(|parts| {
            let [_, _, of, _, _] = parts.head;
            of == service.as_bytes() && parts.tail.starts_with(beginning.as_bytes())
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
        let literal = head.iter().all(|part| !part.contains(['*', '?']));
        let head = if literal {
            let joined: String = head.iter().flat_map(|part| [*part, ":"]).collect();
            Head::Literal(joined.into_bytes().into())
        } else {
            Head::Parts(head.map(|part| glob::encode(part).into()))
        };
        let beginning = beginning(&head, &tail).into();
        ResourcePattern::Arn {
            head,
            tail,
            beginning,
        }
    }

    /// By what the resources that match can be found.
    pub(crate) fn key(&self) -> ResourceKey<'_> {
        match self {
            ResourcePattern::Everything => ResourceKey::Any,
            ResourcePattern::Arn {
                head: Head::Literal(_),
                tail: Template::Fixed(tail),
                beginning,
            } if glob::literal_len(tail) == tail.len() => ResourceKey::Exact(beginning),
            ResourcePattern::Arn { beginning, .. } => ResourceKey::Beginning(beginning),
        }
    }

    pub(crate) fn matches(&self, target: &Target<'_>, context: &Context) -> bool {
        let (head, tail) = match self {
            ResourcePattern::Everything => return true,
            ResourcePattern::Arn { head, tail, .. } => (head, tail),
        };
        let Some(parts) = &target.parts else {
            return false;
        };
        let head_matches = match head {
            Head::Literal(head) => target.text.get(..parts.tail_at) == Some(head),
            Head::Parts(patterns) => patterns
                .iter()
                .zip(&parts.head)
                .all(|(pattern, part)| glob::matches(pattern, part)),
        };
        head_matches && tail.test(context, |pattern| glob::matches(pattern, parts.tail))
    }
}

/// The bytes before anything that can differ.
fn beginning(head: &Head, tail: &Template) -> Vec<u8> {
    let mut bytes = Vec::new();
    match head {
        Head::Literal(head) => {
            bytes.extend_from_slice(head);
            let fixed = tail.fixed_start();
            bytes.extend(fixed.iter().take(glob::literal_len(fixed)));
        }
        Head::Parts(parts) => {
            for part in parts {
                let literal = glob::literal_len(part);
                bytes.extend(part.iter().take(literal));
                if literal < part.len() {
                    break;
                }
                bytes.push(b':');
            }
        }
    }
    bytes
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
