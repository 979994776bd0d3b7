//! Development aids: a clock that moves and a reset. They relax no check.

use std::sync::Arc;

use aws::{Clock, MovableClock, Timestamp};
use http::{Response, StatusCode};
use plane::Environment;
use serde::Deserialize;
use store::{Snapshot, Store};

use crate::answer::AnswerBody;
use crate::front::{json, json_error};

/// The aids, and what they act on.
pub struct Dev {
    pub(crate) clock: Arc<MovableClock>,
    pub(crate) store: Store,
    pub(crate) environment: Environment,
    pub(crate) after_bootstrap: Snapshot,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
enum Move {
    Advance(String),
    Now(String),
}

impl Dev {
    /// Presses one of the buttons.
    pub(crate) async fn press(&self, aid: &str, body: &[u8]) -> Response<AnswerBody> {
        if aid == "clock" {
            return self.move_clock(body);
        }
        match self.reset() {
            Ok(()) => json(StatusCode::OK, r#"{"status":"reset"}"#.to_owned()),
            Err(error) => {
                tracing::error!(%error, "the reset failed");
                json_error(StatusCode::INTERNAL_SERVER_ERROR, "the reset failed")
            }
        }
    }

    fn move_clock(&self, body: &[u8]) -> Response<AnswerBody> {
        const EXPECTED: &str = r#"expected {"advance":"16m"} or {"now":"2030-01-31T12:00:00Z"}"#;
        match serde_json::from_slice(body) {
            Ok(Move::Advance(text)) => {
                let Ok(by) = text.parse::<jiff::SignedDuration>() else {
                    return json_error(StatusCode::BAD_REQUEST, EXPECTED);
                };
                self.clock.advance(by);
            }
            Ok(Move::Now(text)) => {
                let Ok(now) = text.parse::<Timestamp>() else {
                    return json_error(StatusCode::BAD_REQUEST, EXPECTED);
                };
                self.clock.set(now);
            }
            Err(_) => return json_error(StatusCode::BAD_REQUEST, EXPECTED),
        }
        let now = self.clock.now().to_string();
        json(
            StatusCode::OK,
            serde_json::json!({ "now": now }).to_string(),
        )
    }

    /// Back to the state after bootstrap: records and clock. Sessions issued since belong to
    /// principals that may be gone, and end with them.
    fn reset(&self) -> Result<(), store::StoreError> {
        self.store.reset_to(&self.after_bootstrap)?;
        self.environment.directory.forget();
        self.environment.oidc_keys.forget();
        self.clock.reset();
        Ok(())
    }
}
