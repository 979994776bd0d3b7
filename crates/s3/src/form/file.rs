//! The file of a form: what streams until the boundary comes again.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use http_body::{Body as HttpBody, Frame};

use super::{Sizes, find, malformed};
use crate::failure::{ENTITY_TOO_LARGE, ENTITY_TOO_SMALL};
use crate::payload::BodyRefused;

/// The file's bytes. It does not end well unless the boundary came and the size is allowed.
pub struct FileOfForm<B> {
    body: B,
    buffer: BytesMut,
    delimiter: Vec<u8>,
    sizes: Sizes,
    seen: u64,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Streaming,
    /// The boundary came: what follows is read and does not count.
    Rest,
    Over,
}

impl<B> FileOfForm<B> {
    pub(super) fn new(body: B, buffer: BytesMut, delimiter: Vec<u8>) -> FileOfForm<B> {
        FileOfForm {
            body,
            buffer,
            delimiter,
            sizes: Sizes::default(),
            seen: 0,
            state: State::Streaming,
        }
    }

    /// Holds the file to these sizes.
    pub fn within(self, sizes: Sizes) -> FileOfForm<B> {
        FileOfForm { sizes, ..self }
    }

    /// Bytes of the file that are there: all before the boundary, or before what may become one.
    fn next(&mut self) -> Option<Bytes> {
        let end = match find(&self.buffer, &self.delimiter) {
            Some(end) => {
                self.state = State::Rest;
                end
            }
            None => (self.buffer.len() + 1).saturating_sub(self.delimiter.len()),
        };
        let data = self.buffer.split_to(end).freeze();
        self.seen = self.seen.saturating_add(data.len() as u64);
        (!data.is_empty()).then_some(data)
    }

    fn too_large(&self) -> Option<BodyRefused> {
        let most = self.sizes.most.filter(|most| self.seen > *most)?;
        let refusal = ENTITY_TOO_LARGE
            .with("ProposedSize", self.seen.to_string())
            .with("MaxSizeAllowed", most.to_string());
        Some(refusal.into())
    }

    fn too_small(&self) -> Option<BodyRefused> {
        let least = self.sizes.least;
        let refusal = ENTITY_TOO_SMALL
            .with("ProposedSize", self.seen.to_string())
            .with("MinSizeAllowed", least.to_string());
        (self.seen < least).then(|| refusal.into())
    }
}

impl<B> HttpBody for FileOfForm<B>
where
    B: HttpBody<Data = Bytes> + Unpin,
    B::Error: Into<BodyRefused>,
{
    type Data = Bytes;
    type Error = BodyRefused;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyRefused>>> {
        let this = &mut *self;
        loop {
            match this.state {
                State::Over => return Poll::Ready(None),
                State::Streaming => {
                    let data = this.next();
                    let is_whole = this.state == State::Rest;
                    let refused = this
                        .too_large()
                        .or_else(|| is_whole.then(|| this.too_small()).flatten());
                    if let Some(refused) = refused {
                        this.state = State::Over;
                        return Poll::Ready(Some(Err(refused)));
                    }
                    if let Some(data) = data {
                        return Poll::Ready(Some(Ok(Frame::data(data))));
                    }
                }
                State::Rest => {}
            }
            match ready!(Pin::new(&mut this.body).poll_frame(cx)) {
                Some(Ok(frame)) => {
                    if let (Ok(data), State::Streaming) = (frame.into_data(), this.state) {
                        this.buffer.extend_from_slice(&data);
                    }
                }
                Some(Err(error)) => {
                    this.state = State::Over;
                    return Poll::Ready(Some(Err(error.into())));
                }
                None => {
                    let is_whole = this.state == State::Rest;
                    this.state = State::Over;
                    return Poll::Ready((!is_whole).then(|| Err(malformed())));
                }
            }
        }
    }
}
