//! Temporary credentials, as they are kept and printed.

use std::io::Write as _;

use aws::{Secret, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Failure;

/// Temporary credentials.
pub(super) struct Credentials {
    pub(super) access_key_id: String,
    pub(super) secret_access_key: Secret<String>,
    pub(super) session_token: String,
    /// When they end.
    pub(super) expiration: Timestamp,
}

/// What `credential_process` prints.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Printed {
    version: u32,
    access_key_id: String,
    secret_access_key: String,
    session_token: String,
    expiration: Timestamp,
}

impl Credentials {
    /// Reads what `credential_process` prints, with more or without.
    pub(super) fn parse(text: &[u8]) -> Option<Credentials> {
        let printed: Printed = serde_json::from_slice(text).ok()?;
        Some(Credentials {
            access_key_id: printed.access_key_id,
            secret_access_key: printed.secret_access_key.into(),
            session_token: printed.session_token,
            expiration: printed.expiration,
        })
    }

    /// Reads the `Credentials` of an answer of STS. Times are numbers there.
    pub(super) fn of_sts(answer: &Value) -> Option<Credentials> {
        let text = |name: &str| answer.get(name).and_then(Value::as_str);
        let ends = answer.get("Expiration")?;
        #[expect(
            clippy::cast_possible_truncation,
            reason = "the fraction is meant to go, and times fit"
        )]
        let expiration = match ends.as_str() {
            Some(ends) => ends.parse().ok()?,
            None => Timestamp::from_second(ends.as_f64()? as i64).ok()?,
        };
        Some(Credentials {
            access_key_id: text("AccessKeyId")?.to_owned(),
            secret_access_key: text("SecretAccessKey")?.to_owned().into(),
            session_token: text("SessionToken")?.to_owned(),
            expiration,
        })
    }

    /// As `credential_process` prints them.
    pub(super) fn to_json(&self) -> Result<String, Failure> {
        Ok(serde_json::to_string(&Printed {
            version: 1,
            access_key_id: self.access_key_id.clone(),
            secret_access_key: self.secret_access_key.expose().clone(),
            session_token: self.session_token.clone(),
            expiration: self.expiration,
        })?)
    }

    /// Prints them.
    pub(super) fn print(&self) -> Result<(), Failure> {
        let mut out = std::io::stdout().lock();
        writeln!(out, "{}", self.to_json()?)?;
        Ok(out.flush()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_is_read_again() {
        let answer = serde_json::json!({
            "AccessKeyId": "ASIA", "SecretAccessKey": "s", "SessionToken": "t",
            "Expiration": 1_767_225_600.0,
        });
        let read = Credentials::of_sts(&answer).unwrap();
        let printed = read.to_json().unwrap();
        assert_eq!(
            printed,
            r#"{"Version":1,"AccessKeyId":"ASIA","SecretAccessKey":"s","SessionToken":"t","Expiration":"2026-01-01T00:00:00Z"}"#
        );
        let again = Credentials::parse(printed.as_bytes()).unwrap();
        assert_eq!(again.to_json().unwrap(), printed);
        assert!(Credentials::parse(b"{}").is_none());
    }
}
