//! GetSessionToken: a user's or root's own temporary credentials.

use facts::OperationFacts;
use identity::{Origin, Session, SessionKind};
use plane::{Call, Error, FederatedOperation, Permit, Touches};
use wire::{Input, Output};

use crate::second_factor::SecondFactor;
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

impl FederatedOperation for GetSessionToken {
    const FACTS: &'static OperationFacts = facts::sts::GET_SESSION_TOKEN;
    type Output = SessionToken;
    type Gathered = Option<SecondFactor>;

    async fn gather(&self, call: &Call) -> Result<Option<SecondFactor>, Error> {
        if call.known()?.session.is_some() {
            return Err(Error::access_denied(
                "Cannot call GetSessionToken with session credentials",
            ));
        }
        let (serial, code) = (self.serial_number.as_deref(), self.token_code.as_deref());
        SecondFactor::of(call, serial, code).await
    }

    // "No permissions are required for users to perform this operation. … You cannot use
    // policies to control authentication operations" (STS API Reference).
    fn touches(
        &self,
        _second_factor: &Option<SecondFactor>,
        _call: &Call,
    ) -> Result<Touches, Error> {
        Ok(Touches::nothing_by_design())
    }

    fn run(
        &self,
        second_factor: &Option<SecondFactor>,
        permit: Permit<Self>,
    ) -> Result<SessionToken, Error> {
        let known = permit.known()?;
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
            mfa_at: second_factor.map(|_| permit.now_s()),
            federation_keys: Vec::new(),
            origin: Origin::Direct,
        };
        Ok(SessionToken {
            credentials: issue(&permit, &session)?,
        })
    }
}
