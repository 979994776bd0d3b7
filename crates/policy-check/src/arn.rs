//! ARNs of policies, compared with the forms that resource types have.

/// An ARN's six parts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Arn<'t> {
    pub(crate) prefix: &'t str,
    pub(crate) partition: &'t str,
    pub(crate) service: &'t str,
    pub(crate) region: &'t str,
    pub(crate) account: &'t str,
    pub(crate) resource: &'t str,
}

impl<'t> Arn<'t> {
    /// Takes a text apart at its first five colons.
    pub(crate) fn parse(text: &'t str) -> Option<Arn<'t>> {
        let mut parts = text.splitn(6, ':');
        Some(Arn {
            prefix: parts.next()?,
            partition: parts.next()?,
            service: parts.next()?,
            region: parts.next()?,
            account: parts.next()?,
            resource: parts.next()?,
        })
    }
}

/// The partitions that there are.
pub(crate) const PARTITIONS: [&str; 8] = [
    "aws",
    "aws-cn",
    "aws-us-gov",
    "aws-iso",
    "aws-iso-b",
    "aws-iso-e",
    "aws-iso-f",
    "aws-eusc",
];

/// Whether a text has wildcards or variables: then it may mean many things.
pub(crate) fn is_open(text: &str) -> bool {
    text.contains(['*', '?']) || text.contains("${")
}

/// Whether some text is meant both by a pattern of a policy and by a form of the reference,
/// in which `${Name}` is any text that is not empty. Variables of the policy are any text.
pub(crate) fn may_meet(pattern: &str, form: &str) -> bool {
    let one = tokens(pattern, false);
    let other = tokens(form, true);
    // A row of the table of all pairs: whether what is left of both can meet.
    let mut row = vec![false; other.len() + 1];
    for at in (0..=one.len()).rev() {
        let mut next = vec![false; other.len() + 1];
        for with in (0..=other.len()).rev() {
            let here = (one.get(at), other.get(with));
            let down = row.get(with).copied().unwrap_or(false);
            let right = next.get(with + 1).copied().unwrap_or(false);
            let both = row.get(with + 1).copied().unwrap_or(false);
            let meets = match here {
                (None, None) => true,
                (Some(Token::Any), None) => down,
                (None, Some(Token::Any)) => right,
                (Some(Token::Any), Some(Token::Any)) => down || right,
                (Some(Token::Any), Some(_)) => right || down,
                (Some(_), Some(Token::Any)) => right || down,
                (Some(Token::One), Some(_)) | (Some(_), Some(Token::One)) => both,
                (Some(Token::Letter(a)), Some(Token::Letter(b))) => a == b && both,
                _ => false,
            };
            if let Some(slot) = next.get_mut(with) {
                *slot = meets;
            }
        }
        row = next;
    }
    row.first().copied().unwrap_or(false)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token {
    /// Any run of characters.
    Any,
    /// One character.
    One,
    Letter(char),
}

/// Longer texts are not compared letter by letter.
const LETTERS_MAX: usize = 2_048;

fn tokens(text: &str, placeholders: bool) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        if tokens.len() >= LETTERS_MAX {
            tokens.push(Token::Any);
            break;
        }
        if let Some((_, after)) = rest
            .strip_prefix("${")
            .and_then(|rest| rest.split_once('}'))
        {
            if placeholders {
                tokens.push(Token::One);
            }
            tokens.push(Token::Any);
            rest = after;
            continue;
        }
        tokens.push(match letter {
            '*' if !placeholders => Token::Any,
            '?' if !placeholders => Token::One,
            '*' => Token::Any,
            other => Token::Letter(other),
        });
        rest = rest.get(letter.len_utf8()..).unwrap_or_default();
    }
    tokens
}

/// Whether a resource of a policy may be one with an ARN of this form: part by part.
pub(crate) fn may_be(resource: &str, form: &str) -> bool {
    if resource == "*" || form == "*" {
        return true;
    }
    let (Some(one), Some(other)) = (Arn::parse(resource), Arn::parse(form)) else {
        return may_meet(resource, form);
    };
    let account = other.account.is_empty() || may_meet(one.account, other.account);
    may_meet(one.service, other.service)
        && (one.region == other.region || may_meet(one.region, other.region))
        && (one.account == other.account || account)
        && may_meet(one.resource, other.resource)
}
