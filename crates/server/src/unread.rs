//! Whether a request's body was read to its end. If it was not, the connection cannot go on,
//! and the client must be told so: else its next request on it finds the line dead.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use http_body::{Body, Frame, SizeHint};

/// A body that remembers whether it was read to its end.
pub(crate) struct Watched<B> {
    inner: B,
    reading: Reading,
}

/// How far somebody else has read a [`Watched`] body.
#[derive(Clone)]
pub(crate) struct Reading(Arc<AtomicBool>);

impl Reading {
    /// Whether nothing is left to read.
    pub(crate) fn is_over(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

impl<B: Body> Watched<B> {
    /// Watches `inner`.
    pub(crate) fn new(inner: B) -> (Watched<B>, Reading) {
        let reading = Reading(Arc::new(AtomicBool::new(inner.is_end_stream())));
        let watched = Watched {
            inner,
            reading: reading.clone(),
        };
        (watched, reading)
    }
}

impl<B: Body + Unpin> Body for Watched<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let polled = Pin::new(&mut self.inner).poll_frame(context);
        if matches!(polled, Poll::Ready(None)) || self.inner.is_end_stream() {
            self.reading.0.store(true, Ordering::Release);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http_body_util::{BodyExt, Full};

    use super::*;

    #[tokio::test]
    async fn a_body_is_over_when_its_last_byte_was_read() {
        let (mut body, reading) = Watched::new(Full::new(Bytes::from_static(b"hello")));
        assert!(!reading.is_over());
        body.frame().await.unwrap().unwrap();
        assert!(reading.is_over());
    }

    #[test]
    fn an_empty_body_is_over_from_the_start() {
        let (_, reading) = Watched::new(Full::new(Bytes::new()));
        assert!(reading.is_over());
    }
}
