//! Takes the bytes of an object in: hashed, counted, and on the disk before anybody is told.

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures::{Stream, StreamExt as _};
use s3s::dto::StreamingBlob;
use s3s::stream::ByteStream as _;

use crate::blobs::Incoming;
use crate::call::Call;
use crate::checksums::{Algorithm, Claim, Tallied, Tally};
use crate::failure::{Answer, ENTITY_TOO_LARGE, Failure, INCOMPLETE_BODY, MISSING_CONTENT_LENGTH};
use crate::house::House;
use crate::payload::Witness;
use crate::records::{Inline, Place};

/// Most bytes of one upload: 5 GiB.
pub(crate) const UPLOAD_BYTES_MAX: u64 = 5 << 30;

/// Objects up to this size live in the store, beside their record.
pub(crate) const INLINE_BYTES_MAX: usize = 16 << 10;

/// How much is gathered before it is written to the file.
const WRITE_BYTES: usize = 1 << 20;

/// Bytes that have arrived whole.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) content: Content,
    pub(crate) tallied: Tallied,
}

/// Where they are now.
#[derive(Debug)]
pub(crate) enum Content {
    Memory(Vec<u8>),
    File(Incoming),
}

impl Received {
    /// The entity tag: MD5 in hexadecimal.
    pub(crate) fn etag(&self) -> String {
        hex::encode(self.tallied.md5)
    }

    /// The place for an object's record, with what has to be stored or kept beside it.
    pub(crate) fn into_place(self, id: &str) -> (Place, Option<Inline>, Option<Incoming>) {
        match self.content {
            Content::Memory(data) => {
                let data = STANDARD.encode(data);
                let inline = Inline {
                    id: id.to_owned(),
                    data,
                };
                (Place::Inline, Some(inline), None)
            }
            Content::File(incoming) => (Place::File(incoming.blob.clone()), None, Some(incoming)),
        }
    }
}

/// What is to be done with the bytes.
pub(crate) struct Order<'a> {
    pub(crate) bucket: &'a str,
    pub(crate) claim: &'a Claim,
    pub(crate) wanted: &'a [Algorithm],
    /// Up to how many bytes may stay in memory; none if everything goes to a file.
    pub(crate) inline_bytes_max: Option<usize>,
}

/// How many bytes are to come.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Length {
    Exactly(u64),
    /// Only the end tells: so it is with the file of a form.
    AtMost(u64),
}

impl Length {
    fn most(self) -> u64 {
        match self {
            Length::Exactly(bytes) | Length::AtMost(bytes) => bytes,
        }
    }

    /// Whether this many are too many, or at the end too few.
    fn check(self, bytes: u64, is_end: bool) -> Answer<()> {
        match self {
            Length::Exactly(expected) if bytes > expected || is_end && bytes != expected => {
                Err(incomplete(expected, bytes))
            }
            Length::AtMost(most) if bytes > most => Err(too_large(bytes)),
            Length::Exactly(_) | Length::AtMost(_) => Ok(()),
        }
    }
}

impl House {
    /// Takes in the body of a request.
    pub(crate) async fn receive_body(
        &self,
        call: &Call,
        body: Option<StreamingBlob>,
        order: Order<'_>,
    ) -> Answer<Received> {
        let body = body.unwrap_or_else(|| StreamingBlob::from(s3s::Body::empty()));
        let length = match call.header("content-length") {
            Some(text) => text.parse().ok(),
            None => body.remaining_length().exact().map(|bytes| bytes as u64),
        };
        let length = match length {
            Some(bytes) => Length::Exactly(bytes),
            None if call.is_form => Length::AtMost(UPLOAD_BYTES_MAX),
            None => return Err(MISSING_CONTENT_LENGTH.into()),
        };
        if length.most() > UPLOAD_BYTES_MAX {
            return Err(too_large(length.most()));
        }
        let body = body.map(|chunk| {
            chunk.map_err(|_| {
                call.witness
                    .broken()
                    .unwrap_or_else(|| INCOMPLETE_BODY.into())
            })
        });
        self.receive(body, length, order, &call.witness).await
    }

    /// Takes in a stream of this length. Nothing stays behind if it fails.
    pub(crate) async fn receive(
        &self,
        mut body: impl Stream<Item = Answer<Bytes>> + Unpin,
        length: Length,
        order: Order<'_>,
        witness: &Witness,
    ) -> Answer<Received> {
        let mut tally = Tally::new(order.claim, order.wanted);
        let mut buffer: Vec<u8> = Vec::new();
        let mut file = None;
        while let Some(chunk) = body.next().await {
            let chunk = chunk?;
            tally.update(&chunk);
            length.check(tally.size, false)?;
            buffer.extend_from_slice(&chunk);
            if buffer.len() >= WRITE_BYTES {
                file = Some(
                    self.write(order.bucket, file, std::mem::take(&mut buffer))
                        .await?,
                );
            }
        }
        length.check(tally.size, true)?;
        let inline_bytes_max = order.inline_bytes_max.map(|most| most as u64);
        let in_memory = file.is_none() && inline_bytes_max.is_some_and(|most| tally.size <= most);
        let tallied = tally.finish(order.claim, witness)?;
        let content = match in_memory {
            true => Content::Memory(buffer),
            false => {
                let (file, incoming) = self.write(order.bucket, file, buffer).await?;
                Content::File(flush(file, incoming).await?)
            }
        };
        Ok(Received { content, tallied })
    }

    /// Appends to the file, which is made when there is something to write.
    async fn write(
        &self,
        bucket: &str,
        file: Option<(std::fs::File, Incoming)>,
        data: Vec<u8>,
    ) -> Answer<(std::fs::File, Incoming)> {
        let (mut file, incoming) = match file {
            Some(open) => open,
            None => self
                .blobs
                .begin(bucket, self.new_id())
                .map_err(Failure::internal)?,
        };
        let written = tokio::task::spawn_blocking(move || file.write_all(&data).map(|()| file));
        let file = written
            .await
            .map_err(Failure::internal)?
            .map_err(Failure::internal)?;
        Ok((file, incoming))
    }
}

/// Waits until the file and its name are on the disk.
async fn flush(file: std::fs::File, incoming: Incoming) -> Answer<Incoming> {
    let flushed = tokio::task::spawn_blocking(move || {
        file.sync_all()?;
        incoming.flush_name()?;
        Ok::<_, std::io::Error>(incoming)
    });
    flushed
        .await
        .map_err(Failure::internal)?
        .map_err(Failure::internal)
}

fn too_large(bytes: u64) -> Failure {
    ENTITY_TOO_LARGE
        .with("ProposedSize", bytes.to_string())
        .with("MaxSizeAllowed", UPLOAD_BYTES_MAX.to_string())
}

fn incomplete(expected: u64, provided: u64) -> Failure {
    INCOMPLETE_BODY
        .with("NumberBytesExpected", expected.to_string())
        .with("NumberBytesProvided", provided.to_string())
}
