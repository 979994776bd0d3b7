//! Parameters of queries and forms, each at most once.

use std::collections::BTreeMap;

/// The longest query that is read.
const QUERY_BYTES_MAX: usize = 4096;

/// Parameters by name.
pub(crate) struct Parameters(BTreeMap<String, String>);

/// The parameters are too long, or one appears twice.
#[derive(Debug)]
pub(crate) struct Ambiguous;

impl Parameters {
    /// Reads a query.
    pub(crate) fn of_query(query: Option<&str>) -> Result<Parameters, Ambiguous> {
        let query = query.unwrap_or_default();
        if query.len() > QUERY_BYTES_MAX {
            return Err(Ambiguous);
        }
        Parameters::parse(query.as_bytes())
    }

    /// Reads a form of type `application/x-www-form-urlencoded`.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Parameters, Ambiguous> {
        let mut read = BTreeMap::new();
        for (name, value) in url::form_urlencoded::parse(bytes) {
            // RFC 6749 §3.1: parameters must not be included more than once.
            if read.insert(name.into_owned(), value.into_owned()).is_some() {
                return Err(Ambiguous);
            }
        }
        Ok(Parameters(read))
    }

    /// The value of `name`, if there is one. RFC 6749 §3.1: no value is no parameter.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let value = self.0.get(name).map(String::as_str);
        value.filter(|value| !value.is_empty())
    }
}
