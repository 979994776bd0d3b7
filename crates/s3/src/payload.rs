//! The body of a request, watched while it streams past.
//!
//! The layer in front verifies the body (hash, chunk signatures, signed trailers) while it
//! flows, so its refusal arrives here as the stream's error, long after the headers were
//! accepted. [`Witness`] keeps that refusal and the trailers for whoever reads the body,
//! whatever happens to the error on its way through other hands.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body as HttpBody, Frame, SizeHint};
use s3s::Body;

use crate::failure::{Failure, INCOMPLETE_BODY};

/// Why the body was refused by the layer in front. Nothing of such a body is stored, and
/// this is what the caller is told.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{code}: {message}")]
pub struct BodyRefused {
    /// Such as `SignatureDoesNotMatch`.
    pub code: Cow<'static, str>,
    /// Such as 403.
    pub status: u16,
    /// The sentence that goes with the code.
    pub message: Cow<'static, str>,
    /// Further elements of the error document, in their order.
    pub details: Vec<(&'static str, String)>,
}

impl From<BodyRefused> for Failure {
    fn from(refused: BodyRefused) -> Failure {
        Failure {
            status: refused.status,
            code: refused.code,
            message: refused.message,
            details: refused.details,
            headers: Vec::new(),
        }
    }
}

impl From<Failure> for BodyRefused {
    fn from(failure: Failure) -> BodyRefused {
        BodyRefused {
            status: failure.status,
            code: failure.code,
            message: failure.message,
            details: failure.details,
        }
    }
}

/// What was seen of a body.
#[derive(Debug, Default)]
pub(crate) struct Witness {
    broken: Mutex<Option<Failure>>,
    trailers: Mutex<Option<HeaderMap>>,
    /// Whether there is more to come that nobody has read.
    unread: AtomicBool,
}

impl Witness {
    /// Why the body ended early, if it did.
    pub(crate) fn broken(&self) -> Option<Failure> {
        self.broken
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Whether part of the body was left where it was. The connection cannot go on then: what
    /// is left would be taken for the next request.
    pub(crate) fn is_unread(&self) -> bool {
        self.unread.load(Ordering::Acquire)
    }

    /// A header that came after the body.
    pub(crate) fn trailer(&self, name: &str) -> Option<String> {
        let trailers = self.trailers.lock().unwrap_or_else(PoisonError::into_inner);
        let value = trailers.as_ref()?.get(name)?;
        value.to_str().ok().map(str::to_owned)
    }

    fn note_error(&self, error: &(dyn StdError + 'static)) {
        let mut broken = self.broken.lock().unwrap_or_else(PoisonError::into_inner);
        *broken = Some(match find_refusal(error) {
            Some(refused) => refused.clone().into(),
            None => INCOMPLETE_BODY.into(),
        });
    }
}

/// The refusal in a chain of errors.
fn find_refusal<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a BodyRefused> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(refused) = error.downcast_ref() {
            return Some(refused);
        }
        next = error.source();
    }
    None
}

/// Puts the body under the eyes of a new witness.
pub(crate) fn watch(body: Body) -> (Body, Arc<Witness>) {
    let witness = Arc::new(Witness::default());
    // A body that is already in memory can neither break nor have trailers.
    if body.bytes().is_some() {
        return (body, witness);
    }
    // A signed body is over when its signature was checked, which nobody does who asks for no
    // body; of one that is empty nothing can be left all the same.
    let is_empty = HttpBody::size_hint(&body).exact() == Some(0);
    let is_over = is_empty || HttpBody::is_end_stream(&body);
    witness.unread.store(!is_over, Ordering::Release);
    let watched = Watched {
        inner: body,
        witness: Arc::clone(&witness),
    };
    (Body::http_body_unsync(watched), witness)
}

struct Watched {
    inner: Body,
    witness: Arc<Witness>,
}

impl HttpBody for Watched {
    type Data = Bytes;
    type Error = Box<dyn StdError + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let polled = Pin::new(&mut self.inner).poll_frame(cx);
        match &polled {
            Poll::Ready(Some(Err(error))) => self.witness.note_error(error.as_ref()),
            Poll::Ready(Some(Ok(frame))) => {
                if let Some(trailers) = frame.trailers_ref() {
                    *self
                        .witness
                        .trailers
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner) = Some(trailers.clone());
                }
            }
            Poll::Ready(None) => self.witness.unread.store(false, Ordering::Release),
            Poll::Pending => {}
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        HttpBody::is_end_stream(&self.inner)
    }

    fn size_hint(&self) -> SizeHint {
        HttpBody::size_hint(&self.inner)
    }
}
