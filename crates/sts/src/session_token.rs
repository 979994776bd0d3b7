//! GetSessionToken: a user's or root's own temporary credentials.

use facts::OperationFacts;
use identity::{Origin, Session, SessionKind};
use plane::{Call, Error, HotOperation, Permit, Touches};
use wire::{Input, Output};

use crate::session_request::{Credentials, issue};

/// Twelve hours, unless asked otherwise.
const DURATION_S_DEFAULT: i64 = 43_200;
/// Root's sessions end after an hour, whatever was asked.
const ROOT_DURATION_S_MAX: i64 = 3_600;

/// Gives the caller temporary credentials of its own.
#[derive(Input)]
#[wire(ignores("MinimumSessionTokenSize" = "sealed tokens have the size that they have"))]
pub struct GetSessionToken {
    duration_seconds: Option<i32>,
    serial_number: Option<String>,
    token_code: Option<String>,
}

/// The caller's temporary credentials.
#[derive(Output)]
pub struct SessionToken {
    credentials: Credentials,
}

impl HotOperation for GetSessionToken {
    const FACTS: &'static OperationFacts = facts::sts::GET_SESSION_TOKEN;
    type Output = SessionToken;
    type Found = ();

    fn find(&self, _call: &Call) -> Result<(), Error> {
        Ok(())
    }

    // "No permissions are required for users to perform this operation. … You cannot use
    // policies to control authentication operations" (STS API Reference).
    fn touches(&self, _found: &(), _call: &Call) -> Result<Touches, Error> {
        Ok(Touches::nothing_by_design())
    }

    fn run(&self, _found: (), permit: Permit<Self>) -> Result<SessionToken, Error> {
        let known = permit.known()?;
        if known.session.is_some() {
            return Err(Error::access_denied(
                "Cannot call GetSessionToken with session credentials",
            ));
        }
        check_mfa(self.serial_number.as_deref(), self.token_code.as_deref())?;
        let user = known.user();
        let asked = self.duration_seconds.map_or(DURATION_S_DEFAULT, i64::from);
        let (kind, duration_s) = match user {
            Some(user) => (
                SessionKind::User {
                    user_id: user.id.clone(),
                },
                asked,
            ),
            None => (SessionKind::Root, asked.min(ROOT_DURATION_S_MAX)),
        };
        let session = Session {
            account: known.account(),
            kind,
            issued_at: permit.now_s(),
            expires_at: permit.now_s() + duration_s,
            policy: None,
            policy_arns: Vec::new(),
            tags: Vec::new(),
            transitive_tag_keys: Vec::new(),
            source_identity: None,
            mfa_at: None,
            federation_keys: Vec::new(),
            origin: Origin::Direct,
        };
        Ok(SessionToken {
            credentials: issue(&permit, &session)?,
        })
    }
}

/// A code of a second factor proves something only with a device that exists; no device can
/// be registered yet, so every code is refused, in AWS's words.
pub fn check_mfa(serial_number: Option<&str>, token_code: Option<&str>) -> Result<(), Error> {
    match (serial_number, token_code) {
        (None, None) => Ok(()),
        (Some(_), Some(_)) => Err(Error::access_denied(
            "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number is valid and associated with this user.",
        )),
        _ => Err(Error::access_denied(
            "MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code.",
        )),
    }
}
