//! Development aids: a clock that moves, a reset, and a folder of messages. They relax no check.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use aws::{Clock, MovableClock, Timestamp};
use http::{Response, StatusCode};
use jiff::{SignedDuration, Span, SpanRelativeTo};
use plane::{Dispatcher, Environment};
use serde::Deserialize;
use store::Store;

use crate::answer::AnswerBody;
use crate::front::{json, json_error};
use crate::house::{Keeper, OBJECTS};
use crate::letters::{self, LetterBox};
use crate::reset_point::{ResetError, ResetPoint};

/// The folder with messages that would have been sent, in the data folder.
const OUTBOX: &str = "outbox";

/// The aids, and what they act on.
pub struct Dev {
    clock: Arc<MovableClock>,
    store: Store,
    environment: Environment,
    keeper: Arc<Keeper>,
    /// Where the files of objects are, and where a reset finds them again.
    objects: PathBuf,
    kept: PathBuf,
    /// Where messages lie that would have been sent.
    outbox: PathBuf,
    reset_point: Mutex<ResetPoint>,
    /// Until somebody lets it run.
    dispatcher: Mutex<Option<Dispatcher>>,
}

/// The aids in the hand of whoever opened the house.
pub struct Aids(pub(crate) Arc<Dev>);

impl Aids {
    /// The clock that everything in the house goes by.
    pub fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.0.clock) as Arc<dyn Clock>
    }

    /// Lets a reset go back to this moment from now on. Nothing should be written meanwhile.
    pub fn reset_to_here(&self) -> Result<(), ResetError> {
        let here = ResetPoint::take(&self.0.store, &self.0.objects, &self.0.kept)?;
        *self
            .0
            .reset_point
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = here;
        Ok(())
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
enum Move {
    Advance(String),
    Now(String),
}

impl Dev {
    /// The aids of a house in this folder. A reset goes back to this moment.
    pub(crate) fn new(
        clock: Arc<MovableClock>,
        store: Store,
        environment: Environment,
        keeper: Arc<Keeper>,
        data: &Path,
    ) -> Result<Dev, ResetError> {
        let (objects, kept) = (data.join(OBJECTS), data.join("reset-point"));
        let outbox = data.join(OUTBOX);
        let carrier = LetterBox::open(&outbox).map_err(|source| ResetError::Folder {
            path: outbox.clone(),
            source,
        })?;
        let dispatcher = Dispatcher::new(store.clone(), carrier);
        Ok(Dev {
            dispatcher: Mutex::new(Some(dispatcher)),
            outbox,
            reset_point: Mutex::new(ResetPoint::take(&store, &objects, &kept)?),
            clock,
            store,
            environment,
            keeper,
            objects,
            kept,
        })
    }

    /// Takes the dispatcher of messages, for whoever lets it run.
    pub(crate) fn take_dispatcher(&self) -> Option<Dispatcher> {
        self.dispatcher
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }

    /// Moves the clock; keys that are due by the new time change at once.
    pub(crate) fn move_clock(&self, body: &[u8]) -> Response<AnswerBody> {
        const EXPECTED: &str = r#"expected {"advance":"16m"} or {"now":"2030-01-31T12:00:00Z"}"#;
        match serde_json::from_slice(body) {
            Ok(Move::Advance(text)) => {
                let Some(by) = duration(&text) else {
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
        self.keeper.change_due_keys(&self.environment.directory);
        let now = self.clock.now().to_string();
        json(
            StatusCode::OK,
            serde_json::json!({ "now": now }).to_string(),
        )
    }

    /// Back to the kept moment, as a rule that after the bootstrap: records, files and clock.
    /// Sessions issued since belong to principals that may be gone, and end with them.
    pub(crate) fn reset(&self) -> Result<(), ResetError> {
        self.reset_point
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .restore(&self.store)?;
        letters::clear(&self.outbox).map_err(|source| ResetError::Folder {
            path: self.outbox.clone(),
            source,
        })?;
        self.environment.directory.forget();
        self.environment.oidc_keys.forget();
        self.clock.reset();
        self.keeper.read_again()
    }
}

/// `16m`, `1h 30m`, `2d`, `PT1H`; a day has 24 hours.
fn duration(text: &str) -> Option<SignedDuration> {
    let span: Span = text.parse().ok()?;
    span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()
}
