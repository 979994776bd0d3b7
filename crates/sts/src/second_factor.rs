//! A second factor that comes with a request: its code is checked, and spent.

use identity::{Ask, CallerKind, KeyOwner, MfaRefusal};
use plane::{Call, Error};

/// A code held at this moment.
#[derive(Debug, Clone, Copy)]
pub struct SecondFactor(());

const UNKNOWN_DEVICE: &str = "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number is valid and associated with this user.";
const INCOMPLETE: &str =
    "MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code.";
// The blank at the end is AWS's.
const WRONG_CODE: &str = "MultiFactorAuthentication failed with invalid MFA one time pass code. ";

impl SecondFactor {
    /// Checks what the request brings, if it brings anything. The code is spent whatever comes
    /// of the request: a code that was shown once must not be good twice.
    pub async fn of(
        call: &Call,
        serial_number: Option<&str>,
        presented_code: Option<&str>,
    ) -> Result<Option<SecondFactor>, Error> {
        let (serial, code) = match (serial_number, presented_code) {
            (None, None) => return Ok(None),
            (Some(serial), Some(code)) => (serial.to_owned(), code.to_owned()),
            _ => return Err(Error::access_denied(INCOMPLETE)),
        };
        let known = call.known()?;
        let owner = match known.kind() {
            CallerKind::User => KeyOwner::User(known.principal.id.clone()),
            CallerKind::Root => KeyOwner::Root,
            // Devices belong to users and to root.
            CallerKind::RoleSession | CallerKind::FederatedUser => {
                return Err(Error::access_denied(UNKNOWN_DEVICE));
            }
        };
        let (directory, account, now) = (call.directory().clone(), known.account(), call.now());
        let verified = plane::blocking(move || {
            directory
                .verify_mfa_code(account, &owner, &serial, &code, now)
                .map_err(|failure| match failure {
                    identity::MfaFailure::Store(error) => error.into(),
                    sealed => Error::internal(sealed),
                })
        })
        .await?;
        match verified {
            Ok(()) => Ok(Some(SecondFactor(()))),
            Err(refusal) => {
                let message = match refusal {
                    MfaRefusal::NoDevice | MfaRefusal::Locked => UNKNOWN_DEVICE,
                    MfaRefusal::WrongCode | MfaRefusal::Replayed | MfaRefusal::NoCodes => {
                        WRONG_CODE
                    }
                };
                Err(Error::access_denied(message).because(refusal))
            }
        }
    }

    /// What policies may ask about it.
    pub fn keys(self, ask: Ask) -> Ask {
        ask.key("aws:MultiFactorAuthPresent", "true")
            .key("aws:MultiFactorAuthAge", "0")
    }
}
