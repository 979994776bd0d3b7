//! Query strings: split once, decoded once, encoded the one way that signatures know.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};

use crate::Refusal;

/// Everything but letters, digits and `-._~` is encoded (RFC 3986, unreserved).
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The most parameters that are looked at.
const PARAMETERS_MAX: usize = 1000;

/// Encodes as AWS does.
pub(crate) fn encode(bytes: &[u8]) -> String {
    percent_encode(bytes, RESERVED).to_string()
}

/// Decodes `%XX`; a `%` without two hexadecimal digits is refused. `plus_is_space` is for
/// queries, where `+` means a space to whoever reads the request after us: the signature
/// must bind what will be read.
pub(crate) fn decode(text: &str, plus_is_space: bool) -> Result<Vec<u8>, Refusal> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => {
                let mut digit = || {
                    let byte = bytes.next().ok_or(Refusal::Unreadable("query"))?;
                    char::from(byte)
                        .to_digit(16)
                        .ok_or(Refusal::Unreadable("query"))
                };
                let (high, low) = (digit()?, digit()?);
                (high * 16 + low) as u8
            }
            b'+' if plus_is_space => b' ',
            byte => byte,
        });
    }
    Ok(decoded)
}

/// A parameter's name and value, decoded.
pub(crate) type Parameter = (Vec<u8>, Vec<u8>);

/// The parameters of a query, decoded, in the order in which they came.
pub(crate) fn parameters(query: &str) -> Result<Vec<Parameter>, Refusal> {
    let mut parameters = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        if parameters.len() == PARAMETERS_MAX {
            return Err(Refusal::Unreadable("query"));
        }
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        parameters.push((decode(name, true)?, decode(value, true)?));
    }
    Ok(parameters)
}

/// The one value of a parameter; two are a refusal.
pub(crate) fn only(
    parameters: &[Parameter],
    name: &'static str,
) -> Result<Option<String>, Refusal> {
    let mut values = parameters
        .iter()
        .filter(|(found, _)| found == name.as_bytes())
        .map(|(_, value)| value);
    let Some(value) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        return Err(Refusal::Repeated(name));
    }
    String::from_utf8(value.clone())
        .map(Some)
        .map_err(|_not_text| Refusal::Unreadable(name))
}
