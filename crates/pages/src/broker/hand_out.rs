//! Handing out: STS is called with the broker's key, and decides.

use broker::{Broker, Grant, Visitor};
use identity::{Issued, Session};
use serde_json::Value;

use crate::client::{self, Refused, Signer};
use crate::visit::Visit;

/// What STS gave.
pub(super) struct Handed {
    /// The credentials.
    pub(super) issued: Issued,
    /// The session that they stand for.
    pub(super) session: Session,
    /// Whom they act as.
    pub(super) arn: String,
}

/// Why nothing was handed out.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotHanded {
    /// The grant is not open to this visitor, or not as it was.
    #[error("This is not open to you any more. Sign in again to see what is.")]
    NotOpen,
    /// STS refused.
    #[error("{0}")]
    Refused(Refused),
}

/// Calls STS for a visitor.
pub(super) async fn hand_out(
    visit: &Visit<'_>,
    broker: &Broker,
    visitor: &Visitor,
    grant_id: &str,
) -> Result<Handed, NotHanded> {
    let (grant, call) = broker.call(visitor, grant_id).ok_or(NotHanded::NotOpen)?;
    let parameters: Vec<(&str, &str)> = call
        .parameters
        .iter()
        .map(|(key, value)| (key.as_str(), value.as_str()))
        .collect();
    let answer = client::call_as(
        visit,
        Signer::Broker(broker.key()),
        facts::sts::SERVICE,
        call.action,
        &parameters,
    )
    .await
    .map_err(|refused| {
        tracing::warn!(grant = grant.title(), visitor = visitor.name(), %refused, "the broker was refused");
        NotHanded::Refused(refused)
    })?;
    read(visit, grant, &answer).ok_or_else(|| {
        NotHanded::Refused(Refused {
            code: "InternalFailure".to_owned(),
            message: "The answer could not be read.".to_owned(),
        })
    })
}

fn read(visit: &Visit<'_>, grant: &Grant, answer: &Value) -> Option<Handed> {
    let session = client::session_of(visit, answer)?;
    let text = |path: &str| answer.pointer(path).and_then(Value::as_str);
    let arn = match grant.role_arn() {
        Some(_) => text("/AssumedRoleUser/Arn"),
        None => text("/FederatedUser/Arn"),
    };
    Some(Handed {
        issued: Issued {
            access_key_id: text("/Credentials/AccessKeyId")?.to_owned(),
            secret_access_key: text("/Credentials/SecretAccessKey")?.to_owned().into(),
            session_token: text("/Credentials/SessionToken")?.to_owned(),
            expires_at: session.expires_at,
        },
        arn: arn?.to_owned(),
        session,
    })
}
