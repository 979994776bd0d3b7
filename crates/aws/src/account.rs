//! Account ids: twelve decimal digits.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// An AWS account's id. Holds twelve ASCII digits and nothing else.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AccountId([u8; 12]);

/// The text is not twelve decimal digits.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an account id: expected twelve digits")]
pub struct NotAnAccountId(String);

impl AccountId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// The id as a number, as access key ids encode it.
    pub fn number(&self) -> u64 {
        self.0
            .iter()
            .fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0'))
    }

    /// The account with this number, if it has at most twelve digits.
    pub fn from_number(number: u64) -> Option<AccountId> {
        format!("{number:012}").parse().ok()
    }
}

impl FromStr for AccountId {
    type Err = NotAnAccountId;

    fn from_str(text: &str) -> Result<AccountId, NotAnAccountId> {
        match <[u8; 12]>::try_from(text.as_bytes()) {
            Ok(digits) if digits.iter().all(u8::is_ascii_digit) => Ok(AccountId(digits)),
            _ => Err(NotAnAccountId(text.chars().take(40).collect())),
        }
    }
}

impl TryFrom<String> for AccountId {
    type Error = NotAnAccountId;

    fn try_from(text: String) -> Result<AccountId, NotAnAccountId> {
        text.parse()
    }
}

impl From<AccountId> for String {
    fn from(id: AccountId) -> String {
        id.as_str().to_owned()
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twelve_digits_make_an_account_id() {
        let id: AccountId = "000000000042".parse().unwrap();
        assert_eq!(id.as_str(), "000000000042");
        assert_eq!(id.number(), 42);
        assert_eq!(AccountId::from_number(42), Some(id));
    }

    #[test]
    fn anything_else_is_refused() {
        for text in ["", "12345678901", "1234567890123", "12345678901a", "١٢٣٤٥٦"] {
            assert!(text.parse::<AccountId>().is_err(), "{text}");
        }
        assert_eq!(AccountId::from_number(1_000_000_000_000), None);
    }
}
