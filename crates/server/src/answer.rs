//! The body of an answer: bytes at hand, or a stream from S3.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::Full;

use crate::patience::UnderWay;

/// What may go wrong while a body is sent.
pub type BodyError = Box<dyn std::error::Error + Send + Sync>;

/// An answer's body.
pub struct AnswerBody {
    inner: Inner,
    /// The request that it answers is under way as long as it is.
    _under_way: Option<UnderWay>,
}

enum Inner {
    Full(Full<Bytes>),
    Stream(Pin<Box<dyn Body<Data = Bytes, Error = BodyError> + Send>>),
}

impl AnswerBody {
    /// Bytes at hand.
    pub fn full(bytes: impl Into<Bytes>) -> AnswerBody {
        Inner::Full(Full::new(bytes.into())).into()
    }

    /// A stream.
    pub fn stream(body: impl Body<Data = Bytes, Error = BodyError> + Send + 'static) -> AnswerBody {
        Inner::Stream(Box::pin(body)).into()
    }

    pub(crate) fn holding(mut self, under_way: UnderWay) -> AnswerBody {
        self._under_way = Some(under_way);
        self
    }
}

impl From<Inner> for AnswerBody {
    fn from(inner: Inner) -> AnswerBody {
        AnswerBody {
            inner,
            _under_way: None,
        }
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match &mut self.inner {
            Inner::Full(full) => Pin::new(full)
                .poll_frame(cx)
                .map_err(|never| match never {}),
            Inner::Stream(stream) => stream.as_mut().poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.inner {
            Inner::Full(full) => full.is_end_stream(),
            Inner::Stream(stream) => stream.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.inner {
            Inner::Full(full) => full.size_hint(),
            Inner::Stream(stream) => stream.size_hint(),
        }
    }
}
