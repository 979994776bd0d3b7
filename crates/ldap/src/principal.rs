//! Names that Active Directory takes in a bind beside those of entries: user principal names
//! (`ana@corp.example`) and account names (`CORP\ana`).
//!
//! Neither form can be escaped, so a login goes into one only if all of it is what such a name
//! is made of.

use crate::template::NotATemplate;

const PLACE: &str = "{login}";

/// Characters that no account name has, from Active Directory's own rules; a blank and `@` too.
const NEVER_IN_NAMES: &str = "\"/\\[]:;|=,+*?<> @";

/// A name with a place for the login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Principal {
    before: String,
    after: String,
}

impl Principal {
    /// Takes a name apart: `{login}@SUFFIX`, `DOMAIN\{login}`, or `{login}` for those who type
    /// their whole user principal name.
    pub(crate) fn parse(text: &str) -> Result<Principal, NotATemplate> {
        let wrong = || NotATemplate::NotAPrincipal(text.to_owned());
        let (before, after) = text.split_once(PLACE).ok_or_else(wrong)?;
        // Braces are for places, and there is one.
        let is_part = |part: &str| {
            !part.is_empty() && part.chars().all(is_in_names) && !part.contains(['{', '}'])
        };
        let is_domain = before.strip_suffix('\\').is_some_and(is_part) && after.is_empty();
        let is_suffix = before.is_empty() && after.strip_prefix('@').is_some_and(is_part);
        let is_whole = before.is_empty() && after.is_empty();
        if !(is_domain || is_suffix || is_whole) {
            return Err(wrong());
        }
        Ok(Principal {
            before: before.to_owned(),
            after: after.to_owned(),
        })
    }

    /// The name for this login, if there can be one.
    pub(crate) fn fill(&self, login: &str) -> Option<String> {
        let is_name = |part: &str| !part.is_empty() && part.chars().all(is_in_names);
        let fits = match login.split_once('@') {
            Some((name, suffix)) if self.before.is_empty() && self.after.is_empty() => {
                is_name(name) && is_name(suffix)
            }
            Some(_) => false,
            None => is_name(login),
        };
        fits.then(|| format!("{}{login}{}", self.before, self.after))
    }
}

fn is_in_names(character: char) -> bool {
    !NEVER_IN_NAMES.contains(character) && !character.is_control()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_becomes_a_name_of_the_domains() {
        let fill = |template: &str, login: &str| Principal::parse(template).unwrap().fill(login);
        for (template, login, name) in [
            ("{login}@corp.example", "ana", Some("ana@corp.example")),
            (
                "{login}@corp.example",
                "o'brien-1",
                Some("o'brien-1@corp.example"),
            ),
            ("CORP\\{login}", "ana", Some("CORP\\ana")),
            ("{login}", "ana@corp.example", Some("ana@corp.example")),
            // What would make another name of it.
            ("{login}@corp.example", "ana@evil.example", None),
            ("CORP\\{login}", "EVIL\\ana", None),
            ("CORP\\{login}", "ana@evil.example", None),
            ("{login}", "CORP\\ana", None),
            ("{login}", "cn=ana,dc=corp", None),
            ("{login}", "ana@a@b", None),
            ("{login}", "@corp.example", None),
            ("{login}@corp.example", "", None),
            ("{login}@corp.example", "*", None),
            ("{login}@corp.example", "a b", None),
        ] {
            assert_eq!(fill(template, login).as_deref(), name, "{template} {login}");
        }
    }

    #[test]
    fn what_is_no_such_name_is_no_template() {
        for text in [
            "",
            "ana@corp.example",
            "cn={login},dc=corp",
            "{login}@",
            "\\{login}",
            "CORP\\{login}@corp.example",
            "x{login}",
            "{login}{login}",
            "{login}@{login}",
            "{dn}@corp.example",
        ] {
            let fault = NotATemplate::NotAPrincipal(text.to_owned());
            assert_eq!(Principal::parse(text), Err(fault), "{text}");
        }
    }
}
