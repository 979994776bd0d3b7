//! One request on its way through the endpoint: what was said outside the operation's own
//! input, and what its answer carries besides the output.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use aws::Timestamp;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};

use crate::conditions::{Conditions, IfRange, Range};
use crate::failure::Failure;
use crate::gate::CallerHandle;
use crate::payload::Witness;
use crate::request::Target;
use crate::rfc2047;

/// A request under way.
pub(crate) struct Call {
    pub(crate) caller: CallerHandle,
    pub(crate) now: Timestamp,
    pub(crate) method: Method,
    pub(crate) target: Arc<Target>,
    /// As they came, with those that a presigned address stands for.
    pub(crate) headers: HeaderMap,
    pub(crate) conditions: Conditions,
    pub(crate) source_conditions: Conditions,
    pub(crate) range: Option<Range>,
    pub(crate) if_range: Option<IfRange>,
    /// Whether a browser's form uploads: nobody knows then how long the file is.
    pub(crate) is_form: bool,
    pub(crate) witness: Arc<Witness>,
    asked: AtomicBool,
    document: OnceLock<Bytes>,
    finish: Mutex<Finish>,
}

/// What the answer gets besides the operation's output.
#[derive(Default)]
pub(crate) struct Finish {
    pub(crate) failure: Option<Failure>,
    pub(crate) status: Option<StatusCode>,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    /// What stands above the object's own headers.
    pub(crate) replaced: Vec<(HeaderName, HeaderValue)>,
    pub(crate) rewrite: Option<Rewrite>,
}

/// Changes a document that the library wrote where S3 writes it otherwise.
pub(crate) type Rewrite = Box<dyn FnOnce(String) -> String + Send>;

impl Call {
    /// A call that nobody has asked the gate about.
    pub(crate) fn new(
        caller: CallerHandle,
        now: Timestamp,
        method: Method,
        target: Arc<Target>,
        headers: HeaderMap,
        is_form: bool,
        witness: Arc<Witness>,
    ) -> Call {
        Call {
            caller,
            now,
            method,
            target,
            conditions: Conditions::read(&headers),
            source_conditions: Conditions::read_copy_source(&headers),
            range: Range::read(&headers),
            if_range: IfRange::read(&headers),
            headers,
            is_form,
            witness,
            asked: AtomicBool::new(false),
            document: OnceLock::new(),
            finish: Mutex::default(),
        }
    }

    /// A header's text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// A header's text where clients send more than ASCII: UTF-8, or else Latin-1.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        let bytes = self.headers.get(name)?.as_bytes();
        (!bytes.is_empty()).then(|| text_of(bytes))
    }

    /// The metadata that the request brings, without the prefix of the headers.
    pub(crate) fn metadata(&self) -> BTreeMap<String, String> {
        let mut metadata = BTreeMap::new();
        for name in self.headers.keys() {
            let Some(key) = name
                .as_str()
                .strip_prefix("x-amz-meta-")
                .filter(|key| !key.is_empty())
            else {
                continue;
            };
            let values: Vec<String> = self
                .headers
                .get_all(name)
                .iter()
                .map(|value| rfc2047::decode(text_of(value.as_bytes()).trim()))
                .collect();
            metadata.insert(key.to_owned(), values.join(","));
        }
        metadata
    }

    /// Keeps the request's document, for what the library does not read in it.
    pub(crate) fn keep_document(&self, document: Bytes) {
        // A request has one body; a second one is not listened to.
        let _ = self.document.set(document);
    }

    /// The request's document; empty if it has none.
    pub(crate) fn document(&self) -> Bytes {
        self.document.get().cloned().unwrap_or_default()
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
    pub(crate) fn answer_header(&self, name: &str, value: &str) {
        if let (Ok(name), Ok(value)) = (
            HeaderName::try_from(name),
            HeaderValue::from_bytes(value.as_bytes()),
        ) {
            self.finish_mut(|finish| finish.headers.push((name, value)));
        }
    }

    /// Sets a header of the answer to what the caller chose for it.
    pub(crate) fn replace_header(&self, name: &'static str, value: HeaderValue) {
        self.finish_mut(|finish| finish.replaced.push((HeaderName::from_static(name), value)));
    }

    /// Changes the answer's document on its way out.
    pub(crate) fn rewrite(&self, rewrite: impl FnOnce(String) -> String + Send + 'static) {
        self.finish_mut(|finish| finish.rewrite = Some(Box::new(rewrite)));
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

fn text_of(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().copied().map(char::from).collect(),
    }
}
