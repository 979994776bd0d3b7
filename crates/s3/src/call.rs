//! One request on its way through the endpoint: what was said outside the operation's own
//! input, and what its answer carries besides the output.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use aws::Timestamp;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use crate::conditions::{Conditions, Range};
use crate::failure::Failure;
use crate::gate::CallerHandle;
use crate::payload::Witness;
use crate::request::Target;

/// The request's id, if the layer in front has given it one. Put it in the extensions.
#[derive(Debug, Clone)]
pub struct RequestId(pub String);

/// A request under way.
pub(crate) struct Call {
    pub(crate) caller: CallerHandle,
    pub(crate) now: Timestamp,
    pub(crate) target: Target,
    /// As they came, without what belongs to signing.
    pub(crate) headers: HeaderMap,
    pub(crate) conditions: Conditions,
    pub(crate) source_conditions: Conditions,
    pub(crate) range: Option<Range>,
    pub(crate) witness: Arc<Witness>,
    asked: AtomicBool,
    finish: Mutex<Finish>,
}

/// What the answer gets besides the operation's output.
#[derive(Debug, Default)]
pub(crate) struct Finish {
    pub(crate) failure: Option<Failure>,
    pub(crate) status: Option<StatusCode>,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
}

impl Call {
    /// The call, and the headers that are left for the parsing library.
    pub(crate) fn new(
        caller: CallerHandle,
        now: Timestamp,
        target: Target,
        headers: HeaderMap,
        witness: Arc<Witness>,
    ) -> (Call, HeaderMap) {
        let mut left = headers.clone();
        let call = Call {
            caller,
            now,
            target,
            conditions: Conditions::take(&mut left),
            source_conditions: Conditions::take_copy_source(&mut left),
            range: Range::take(&mut left),
            headers,
            witness,
            asked: AtomicBool::new(false),
            finish: Mutex::default(),
        };
        (call, left)
    }

    /// A header's text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Notes that the gate was asked about this request.
    pub(crate) fn note_asked(&self) {
        self.asked.store(true, Ordering::Relaxed);
    }

    /// Was the gate asked? What answers without asking is a fault of ours.
    pub(crate) fn was_asked(&self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }

    /// Adds a header to the answer.
    pub(crate) fn answer_header(&self, name: &'static str, value: &str) {
        if let Ok(value) = HeaderValue::from_str(value) {
            let name = HeaderName::from_static(name);
            self.finish_mut(|finish| finish.headers.push((name, value)));
        }
    }

    /// Sets the status of a successful answer.
    pub(crate) fn answer_status(&self, status: StatusCode) {
        self.finish_mut(|finish| finish.status = Some(status));
    }

    /// Keeps why the operation failed, for the endpoint to tell.
    pub(crate) fn fail(&self, failure: Failure) {
        self.finish_mut(|finish| finish.failure = Some(failure));
    }

    /// Takes what was collected for the answer.
    pub(crate) fn take_finish(&self) -> Finish {
        let mut taken = Finish::default();
        self.finish_mut(|finish| taken = std::mem::take(finish));
        taken
    }

    fn finish_mut(&self, change: impl FnOnce(&mut Finish)) {
        change(&mut self.finish.lock().unwrap_or_else(PoisonError::into_inner));
    }
}
