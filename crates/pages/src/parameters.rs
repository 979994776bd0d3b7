//! Parameters of a query or a form, each at most once: two readers of one parameter must
//! not see two values.

use std::collections::BTreeMap;

/// The most parameters that are read.
const PARAMETERS_MAX: usize = 64;

/// Names and values, decoded.
#[derive(Debug, Default)]
pub(crate) struct Parameters(BTreeMap<String, String>);

/// A request that can be read in two ways.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Ambiguous {
    #[error("The request has the parameter “{0}” twice.")]
    Twice(String),
    #[error("The request has too many parameters.")]
    TooMany,
}

impl Parameters {
    /// Reads the query and the form together.
    pub(crate) fn parse(query: &str, form: &[u8]) -> Result<Parameters, Ambiguous> {
        let mut found = BTreeMap::new();
        let pairs =
            url::form_urlencoded::parse(query.as_bytes()).chain(url::form_urlencoded::parse(form));
        for (name, value) in pairs {
            if found.len() >= PARAMETERS_MAX {
                return Err(Ambiguous::TooMany);
            }
            let name = name.into_owned();
            if found.contains_key(&name) {
                return Err(Ambiguous::Twice(name));
            }
            found.insert(name, value.into_owned());
        }
        Ok(Parameters(found))
    }

    /// A parameter's value; an empty one counts as absent.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// A parameter's value without the space around it, or nothing.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.get(name).unwrap_or_default().trim()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_may_come_once_in_query_and_form_together() {
        let twice = Ambiguous::Twice("a".to_owned());
        assert_eq!(Parameters::parse("a=1&a=2", b"").unwrap_err(), twice);
        assert_eq!(Parameters::parse("a=1", b"a=1").unwrap_err(), twice);
        let read = Parameters::parse("a=1", b"b=%20x+").unwrap();
        assert_eq!((read.get("a"), read.text("b")), (Some("1"), "x"));
        assert_eq!(read.get("c"), None);
    }

    #[test]
    fn the_number_of_parameters_is_bounded() {
        let many: Vec<String> = (0..=PARAMETERS_MAX).map(|n| format!("p{n}=")).collect();
        let refusal = Parameters::parse(&many.join("&"), b"").unwrap_err();
        assert_eq!(refusal, Ambiguous::TooMany);
    }
}
