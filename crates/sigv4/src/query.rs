//! Query strings: split once, decoded once, encoded the one way that signatures know.

use std::borrow::Cow;

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
pub(crate) fn encode(bytes: &[u8]) -> Cow<'_, str> {
    percent_encode(bytes, RESERVED).into()
}

/// Decodes `%XX`; `None` where a `%` lacks its two hexadecimal digits.
pub(crate) fn decode(text: &str) -> Option<Cow<'_, [u8]>> {
    decode_with(text, false)
}

/// `plus_is_space` is for queries, where `+` means a space to whoever reads the request after
/// us: the signature must bind what will be read.
fn decode_with(text: &str, plus_is_space: bool) -> Option<Cow<'_, [u8]>> {
    let is_plain = |byte: u8| byte != b'%' && !(plus_is_space && byte == b'+');
    if text.bytes().all(is_plain) {
        return Some(Cow::Borrowed(text.as_bytes()));
    }
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => {
                let mut digit = || char::from(bytes.next()?).to_digit(16);
                let (high, low) = (digit()?, digit()?);
                (high * 16 + low) as u8
            }
            b'+' if plus_is_space => b' ',
            byte => byte,
        });
    }
    Some(Cow::Owned(decoded))
}

/// The parameters of a query, decoded, in the order in which they came.
pub(crate) struct Parameters<'a>(Vec<Parameter<'a>>);

/// Name and value, decoded.
type Parameter<'a> = (Cow<'a, [u8]>, Cow<'a, [u8]>);

impl<'a> Parameters<'a> {
    pub(crate) fn read(query: &'a str) -> Result<Parameters<'a>, Refusal> {
        if query.is_empty() {
            return Ok(Parameters(Vec::new()));
        }
        let mut parameters = Vec::with_capacity(16);
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            if parameters.len() == PARAMETERS_MAX {
                return Err(Refusal::Unreadable("query"));
            }
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let decoded = decode_with(name, true).zip(decode_with(value, true));
            parameters.push(decoded.ok_or(Refusal::Unreadable("query"))?);
        }
        Ok(Parameters(parameters))
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(found, _)| **found == *name.as_bytes())
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.0.iter().map(|(name, value)| (&**name, &**value))
    }
}

/// The one value of a parameter; two are a refusal.
pub(crate) fn only<'p>(
    parameters: &'p Parameters<'_>,
    name: &'static str,
) -> Result<Option<&'p str>, Refusal> {
    let mut values = parameters
        .iter()
        .filter(|(found, _)| *found == name.as_bytes())
        .map(|(_, value)| value);
    let Some(value) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        return Err(Refusal::Repeated(name.into()));
    }
    std::str::from_utf8(value)
        .map(Some)
        .map_err(|_not_text| Refusal::Unreadable(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_escape_without_its_digits_is_refused() {
        for text in ["%", "%2", "%zz", "a%2", "%é", "%+1"] {
            assert!(decode(text).is_none(), "{text}");
            assert_eq!(
                Parameters::read(text).err(),
                Some(Refusal::Unreadable("query"))
            );
        }
    }

    #[test]
    fn a_plus_is_a_space_in_queries_only() {
        assert_eq!(decode("a+b").unwrap().as_ref(), b"a+b");
        let parameters = Parameters::read("a+b=c+d%2B").unwrap();
        let pairs: Vec<_> = parameters.iter().collect();
        assert_eq!(pairs, [(&b"a b"[..], &b"c d+"[..])]);
    }

    #[test]
    fn more_parameters_than_anybody_sends_are_refused() {
        let query = |count: usize| vec!["a"; count].join("&");
        assert!(Parameters::read(&query(PARAMETERS_MAX)).is_ok());
        assert_eq!(
            Parameters::read(&query(PARAMETERS_MAX + 1)).err(),
            Some(Refusal::Unreadable("query"))
        );
    }

    proptest! {
        #[test]
        fn whatever_is_encoded_decodes_to_itself(bytes: Vec<u8>) {
            let encoded = encode(&bytes).into_owned();
            prop_assert_eq!(decode(&encoded).unwrap().into_owned(), bytes);
        }
    }
}
