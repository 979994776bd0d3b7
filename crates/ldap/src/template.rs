//! Filters and names with places for what somebody typed.
//!
//! A template is taken apart once, when the configuration is read. What is put into a place is
//! escaped byte by byte there, so that it stays a value whatever it holds: every byte that is not
//! a plain letter, digit or one of `.`, `_`, `-` and `@` is written as `\xx`, which both filters
//! (RFC 4515 §3) and names (RFC 4514 §2.4) read as that byte and nothing else.

use std::fmt::Write as _;

/// A filter (RFC 4515) with places.
#[derive(Debug, Clone)]
pub(crate) struct Filter(Vec<Part>);

/// A distinguished name (RFC 4514) with places.
#[derive(Debug, Clone)]
pub(crate) struct Name(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Fixed(String),
    Place(Place),
}

/// What may be put in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// `{login}`: what somebody typed.
    Login,
    /// `{dn}`: the name of an entry that the directory told.
    Dn,
}

/// A template that is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotATemplate {
    /// A brace that opens or closes no place.
    #[error("`{0}` has a brace that is no place for a value: write `\\7b` and `\\7d` for braces")]
    Brace(String),
    /// There is no place in it.
    #[error("`{0}` does not say where the value goes")]
    NoPlace(String),
    /// It is not a filter, or a place stands where no value can.
    #[error("`{0}` is not a filter with places in its values")]
    NotAFilter(String),
    /// It is not a name, or a place stands where no value can.
    #[error("`{0}` is not a distinguished name with a place in its values")]
    NotAName(String),
    /// It is not a user principal name or an account name, or the place stands elsewhere.
    #[error(
        "`{0}` is no name to bind by: write `{{login}}@corp.example`, `CORP\\{{login}}` or `{{login}}`"
    )]
    NotAPrincipal(String),
}

/// What is put into the places.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Values<'a> {
    pub(crate) login: &'a str,
    pub(crate) dn: &'a str,
}

impl Filter {
    /// Takes a filter apart. At least one of `places` must be in it, and no other.
    pub(crate) fn parse(text: &str, places: &[Place]) -> Result<Filter, NotATemplate> {
        let filter = Filter(parts(text, places)?);
        // A value that is escaped throughout can stand in a value alone.
        let tried = filter.fill(&Values {
            login: "(",
            dn: "(",
        });
        match ldap3::parse_filter(&tried) {
            Ok(_) => Ok(filter),
            Err(_) => Err(NotATemplate::NotAFilter(text.to_owned())),
        }
    }

    /// The filter about these values.
    pub(crate) fn fill(&self, values: &Values<'_>) -> String {
        fill(&self.0, values)
    }

    /// Whether it asks about an entry by its name.
    pub(crate) fn asks_about_dn(&self) -> bool {
        self.0.contains(&Part::Place(Place::Dn))
    }
}

impl Name {
    /// Takes a name apart. `{login}` must be in it.
    pub(crate) fn parse(text: &str) -> Result<Name, NotATemplate> {
        let name = Name(parts(text, &[Place::Login])?);
        let tried = name.fill("=");
        match crate::Dn::parse(&tried) {
            Ok(dn) if dn.has_value("=") => Ok(name),
            _ => Err(NotATemplate::NotAName(text.to_owned())),
        }
    }

    /// The name of the entry of this login.
    pub(crate) fn fill(&self, login: &str) -> String {
        fill(&self.0, &Values { login, dn: "" })
    }
}

fn parts(text: &str, places: &[Place]) -> Result<Vec<Part>, NotATemplate> {
    let brace = || NotATemplate::Brace(text.to_owned());
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, further) = after.split_once('}').ok_or_else(brace)?;
        let place = match name {
            "login" => Place::Login,
            "dn" => Place::Dn,
            _ => return Err(brace()),
        };
        if before.contains('}') || !places.contains(&place) {
            return Err(brace());
        }
        parts.push(Part::Fixed(before.to_owned()));
        parts.push(Part::Place(place));
        rest = further;
    }
    if rest.contains('}') {
        return Err(brace());
    }
    if parts.is_empty() {
        return Err(NotATemplate::NoPlace(text.to_owned()));
    }
    parts.push(Part::Fixed(rest.to_owned()));
    Ok(parts)
}

fn fill(parts: &[Part], values: &Values<'_>) -> String {
    let mut filled = String::new();
    for part in parts {
        match part {
            Part::Fixed(text) => filled.push_str(text),
            Part::Place(Place::Login) => escape(values.login, &mut filled),
            Part::Place(Place::Dn) => escape(values.dn, &mut filled),
        }
    }
    filled
}

/// Writes a value so that no byte of it means anything but itself.
fn escape(value: &str, out: &mut String) {
    for byte in value.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'_' | b'-' | b'@' => {
                out.push(char::from(byte));
            }
            // Writing to a string does not fail.
            _ => {
                let _ = write!(out, "\\{byte:02x}");
            }
        }
    }
}

/// A filter that is true of one attribute with this very value.
pub(crate) fn member_in_chain(dn: &str) -> String {
    let mut filter = "(member:1.2.840.113556.1.4.1941:=".to_owned();
    escape(dn, &mut filter);
    filter.push(')');
    filter
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn person() -> Filter {
        Filter::parse("(&(objectClass=person)(uid={login}))", &[Place::Login]).unwrap()
    }

    fn about(login: &str) -> String {
        person().fill(&Values { login, dn: "" })
    }

    #[test]
    fn what_was_typed_stays_a_value() {
        for (login, filter) in [
            ("ana", "(&(objectClass=person)(uid=ana))"),
            ("*", "(&(objectClass=person)(uid=\\2a))"),
            (
                "*)(uid=*",
                "(&(objectClass=person)(uid=\\2a\\29\\28uid\\3d\\2a))",
            ),
            ("\\2a", "(&(objectClass=person)(uid=\\5c2a))"),
            ("a\0", "(&(objectClass=person)(uid=a\\00))"),
        ] {
            assert_eq!(about(login), filter);
        }
    }

    #[test]
    fn a_name_takes_what_was_typed_as_one_value() {
        let name = Name::parse("uid={login},ou=people,dc=corp,dc=example").unwrap();
        assert_eq!(name.fill("ana"), "uid=ana,ou=people,dc=corp,dc=example");
        assert_eq!(
            name.fill("ana,ou=admins"),
            "uid=ana\\2cou\\3dadmins,ou=people,dc=corp,dc=example"
        );
        assert_eq!(
            name.fill(" #x+"),
            "uid=\\20\\23x\\2b,ou=people,dc=corp,dc=example"
        );
    }

    #[test]
    fn places_stand_in_values_alone() {
        let filter = |text| Filter::parse(text, &[Place::Login]).map(|_| ());
        for (text, fault) in [
            ("(uid=ana)", NotATemplate::NoPlace("(uid=ana)".to_owned())),
            (
                "({login}=x)",
                NotATemplate::NotAFilter("({login}=x)".to_owned()),
            ),
            ("{login}", NotATemplate::NotAFilter("{login}".to_owned())),
            (
                "(uid={user})",
                NotATemplate::Brace("(uid={user})".to_owned()),
            ),
            ("(uid={dn})", NotATemplate::Brace("(uid={dn})".to_owned())),
            (
                "(uid={login)",
                NotATemplate::Brace("(uid={login)".to_owned()),
            ),
            (
                "(uid={login}})",
                NotATemplate::Brace("(uid={login}})".to_owned()),
            ),
            (
                "(uid={login}",
                NotATemplate::NotAFilter("(uid={login}".to_owned()),
            ),
        ] {
            assert_eq!(filter(text), Err(fault), "{text}");
        }
        for text in ["{login},dc=x", "{login}=x,dc=x", "uid=x,dc=x"] {
            assert!(Name::parse(text).is_err(), "{text}");
        }
    }

    proptest! {
        /// Whatever is typed, the filter has the shape that the configuration gave it, and the
        /// value in it is what was typed.
        #[test]
        fn a_filter_keeps_its_shape(login in any::<String>()) {
            let escaped = about(&login);
            let value = escaped
                .strip_prefix("(&(objectClass=person)(uid=")
                .and_then(|rest| rest.strip_suffix("))"))
                .unwrap();
            prop_assert!(!value.contains(['(', ')', '*', '\0']));
            prop_assert_eq!(ldap3::ldap_unescape(value).unwrap(), login);
            prop_assert!(ldap3::parse_filter(&escaped).is_ok());
        }

        /// Whatever is typed, the name has as many parts as the configuration gave it. Blanks
        /// alone are no login, and come nowhere near a name.
        #[test]
        fn a_name_keeps_its_shape(login in "[ -~]{0,20}[!-~][ -~]{0,19}") {
            let name = Name::parse("uid={login},ou=people,dc=example").unwrap();
            let dn = crate::Dn::parse(&name.fill(&login)).unwrap();
            prop_assert_eq!(dn.depth(), 3);
        }
    }
}
