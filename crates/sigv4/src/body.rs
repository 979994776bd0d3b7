//! A streamed body held to what was signed.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use http_body::{Body, Frame, SizeHint};
use sha2::{Digest, Sha256};

use crate::chunks::Decoder;
use crate::verify::{Payload, Verified, same};
use crate::{Parts, Refusal, names};

/// What may go wrong while a body is read.
#[derive(Debug, thiserror::Error)]
pub enum BodyFault<E> {
    /// It is not what was signed.
    #[error(transparent)]
    Refused(Refusal),
    /// It did not arrive.
    #[error("the body did not arrive: {0}")]
    Transport(E),
}

/// Yields the body that was signed, taken out of its chunks. Does not end well unless every
/// signature and the length hold; whoever reads must not act before the end.
#[derive(Debug)]
pub struct VerifiedBody<B> {
    inner: B,
    check: Check,
    /// Bytes still to come, if that is known.
    bytes: Option<u64>,
    ended: bool,
}

#[derive(Debug)]
enum Check {
    None,
    Hash { expected: String, hash: Sha256 },
    Chunks(Box<Decoder>),
}

impl<B> VerifiedBody<B> {
    /// Holds `inner` to what the signature says of it.
    pub fn new(inner: B, verified: &Verified, parts: &Parts<'_>) -> Result<Self, Refusal> {
        let (check, bytes) = match verified.payload() {
            Payload::Unsigned => (Check::None, None),
            Payload::Hash(expected) => (
                Check::Hash {
                    expected: expected.clone(),
                    hash: Sha256::new(),
                },
                None,
            ),
            Payload::Chunks { trailer, .. } => {
                let length = parts
                    .header(&names::DECODED_LENGTH)?
                    .filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))
                    .and_then(|text| text.parse().ok())
                    .ok_or(Refusal::MissingHeader(names::DECODED_LENGTH.text))?;
                let announced = trailer.then(|| announced(parts)).transpose()?;
                let decoder = Decoder::new(verified.seed.clone(), announced, length);
                (Check::Chunks(Box::new(decoder)), Some(length))
            }
        };
        Ok(VerifiedBody {
            inner,
            check,
            bytes,
            ended: false,
        })
    }

    /// The length of the body without its chunks, where the chunks hide it.
    pub fn decoded_bytes(&self) -> Option<u64> {
        self.bytes
    }
}

/// Refuses a body of this hash unless it is the one that was signed.
pub(crate) fn held_to(signed: &str, found: String) -> Result<(), Refusal> {
    if same(signed, &found) {
        return Ok(());
    }
    Err(Refusal::Body {
        signed: signed.to_owned(),
        found,
    })
}

/// The names that `x-amz-trailer` announces.
fn announced(parts: &Parts<'_>) -> Result<Vec<String>, Refusal> {
    let names = parts.header(&names::TRAILER)?.unwrap_or_default();
    Ok(names
        .split(',')
        .map(|name| name.trim().to_ascii_lowercase())
        .filter(|name| !name.is_empty())
        .collect())
}

/// Makes the headers say what the body is without its chunks.
pub fn unchunk(headers: &mut HeaderMap, decoded_bytes: u64) {
    headers.insert(
        http::header::CONTENT_LENGTH,
        HeaderValue::from(decoded_bytes),
    );
    headers.remove(http::header::TRANSFER_ENCODING);
    let rest: Vec<String> = headers
        .get_all(http::header::CONTENT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|word| word.trim().to_owned())
        .filter(|word| !word.is_empty() && !word.eq_ignore_ascii_case("aws-chunked"))
        .collect();
    headers.remove(http::header::CONTENT_ENCODING);
    if let Ok(value) = HeaderValue::from_str(&rest.join(","))
        && !rest.is_empty()
    {
        headers.insert(http::header::CONTENT_ENCODING, value);
    }
}

impl<B: Body<Data = Bytes> + Unpin> VerifiedBody<B> {
    /// What the end of the stream means.
    fn end(&mut self) -> Result<Option<HeaderMap>, Refusal> {
        self.ended = true;
        match &mut self.check {
            Check::None => Ok(None),
            Check::Hash { expected, hash } => {
                let found = hex::encode(hash.finalize_reset());
                held_to(expected, found).map(|()| None)
            }
            Check::Chunks(decoder) => decoder.finish(),
        }
    }
}

impl<B: Body<Data = Bytes> + Unpin> Body for VerifiedBody<B> {
    type Data = Bytes;
    type Error = BodyFault<B::Error>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let this = &mut *self;
        loop {
            if this.ended {
                return Poll::Ready(None);
            }
            if let Check::Chunks(decoder) = &mut this.check {
                match decoder.next() {
                    Ok(Some(data)) => return Poll::Ready(Some(Ok(Frame::data(data)))),
                    Ok(None) => {}
                    Err(refusal) => {
                        this.ended = true;
                        return Poll::Ready(Some(Err(BodyFault::Refused(refusal))));
                    }
                }
            }
            match std::task::ready!(Pin::new(&mut this.inner).poll_frame(cx)) {
                Some(Ok(frame)) => {
                    // Trailers of the transport are not signed: they do not count.
                    let Ok(data) = frame.into_data() else {
                        continue;
                    };
                    match &mut this.check {
                        Check::None => return Poll::Ready(Some(Ok(Frame::data(data)))),
                        Check::Hash { hash, .. } => {
                            hash.update(&data);
                            return Poll::Ready(Some(Ok(Frame::data(data))));
                        }
                        Check::Chunks(decoder) => decoder.push(&data),
                    }
                }
                Some(Err(error)) => {
                    this.ended = true;
                    return Poll::Ready(Some(Err(BodyFault::Transport(error))));
                }
                None => {
                    return Poll::Ready(match this.end() {
                        Ok(Some(trailer)) => Some(Ok(Frame::trailers(trailer))),
                        Ok(None) => None,
                        Err(refusal) => Some(Err(BodyFault::Refused(refusal))),
                    });
                }
            }
        }
    }

    fn size_hint(&self) -> SizeHint {
        match (&self.check, self.bytes) {
            (Check::Chunks(_), Some(bytes)) => SizeHint::with_exact(bytes),
            _ => self.inner.size_hint(),
        }
    }
}
