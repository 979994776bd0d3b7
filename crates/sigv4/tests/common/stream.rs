//! Bodies in chunks, signed by the book, that can be spoiled before they are read.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hmac::Mac;
use http::HeaderMap;
use http_body::{Body, Frame};
use sigv4::Refusal;

use super::{Call, EMPTY, NOW, SECRET, sha256};

/// How a body is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Signed,
    SignedWithTrailer,
    UnsignedWithTrailer,
}

pub const KINDS: [Kind; 3] = [
    Kind::Signed,
    Kind::SignedWithTrailer,
    Kind::UnsignedWithTrailer,
];
const SCOPE: &str = "20260102/eu-west-1/s3/aws4_request";

#[derive(Clone, Debug)]
pub struct Stream {
    pub kind: Kind,
    pub call: Call,
    /// Data and signature; the last is empty.
    pub chunks: Vec<(Vec<u8>, String)>,
    pub trailer: Vec<(String, String)>,
    pub trailer_signature: String,
}

fn hmac(key: &[u8], text: &[u8]) -> Vec<u8> {
    let mut mac = hmac::Hmac::<sha2::Sha256>::new_from_slice(key).unwrap();
    mac.update(text);
    mac.finalize().into_bytes().to_vec()
}

fn signature(text: &str) -> String {
    let mut key = format!("AWS4{SECRET}").into_bytes();
    for part in SCOPE.split('/') {
        key = hmac(&key, part.as_bytes());
    }
    hex::encode(hmac(&key, text.as_bytes()))
}

impl Stream {
    pub fn new(kind: Kind, body: &[u8], chunk_bytes: usize) -> Stream {
        Stream::announcing(kind, body, chunk_bytes, body.len())
    }

    /// A stream whose head says another length.
    pub fn announcing(kind: Kind, body: &[u8], chunk_bytes: usize, announced: usize) -> Stream {
        let word = match kind {
            Kind::Signed => "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
            Kind::SignedWithTrailer => "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
            Kind::UnsignedWithTrailer => "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        };
        let mut call = Call::new("s3", "PUT", "/bucket/key", "")
            .with("content-encoding", "aws-chunked")
            .with("x-amz-content-sha256", word)
            .with("x-amz-decoded-content-length", &announced.to_string());
        let mut trailer = Vec::new();
        if kind != Kind::Signed {
            call.set("x-amz-trailer", "x-amz-checksum-crc32");
            trailer.push(("x-amz-checksum-crc32".to_owned(), "AAAAAA==".to_owned()));
        }
        let call = call.signed();
        let mut chunks: Vec<Vec<u8>> = body.chunks(chunk_bytes).map(<[u8]>::to_vec).collect();
        chunks.push(Vec::new());
        let mut stream = Stream {
            kind,
            call,
            chunks: chunks
                .into_iter()
                .map(|chunk| (chunk, String::new()))
                .collect(),
            trailer,
            trailer_signature: String::new(),
        };
        stream.sign();
        stream
    }

    /// Signs all chunks and the trailer, in a chain from the head's signature.
    pub fn sign(&mut self) {
        let head = self.call.header("authorization");
        let mut previous = head.split("Signature=").nth(1).unwrap().to_owned();
        for (data, signed) in &mut self.chunks {
            *signed = signature(&format!(
                "AWS4-HMAC-SHA256-PAYLOAD\n{NOW}\n{SCOPE}\n{previous}\n{EMPTY}\n{}",
                sha256(data)
            ));
            previous.clone_from(signed);
        }
        let trailer: String = self
            .trailer
            .iter()
            .map(|(name, value)| format!("{name}:{value}\n"))
            .collect();
        self.trailer_signature = signature(&format!(
            "AWS4-HMAC-SHA256-TRAILER\n{NOW}\n{SCOPE}\n{previous}\n{}",
            sha256(trailer.as_bytes())
        ));
    }

    pub fn encoded(&self) -> Vec<u8> {
        let mut encoded = Vec::new();
        for (data, signed) in &self.chunks {
            let line = match self.kind {
                Kind::UnsignedWithTrailer => format!("{:x}\r\n", data.len()),
                _ => format!("{:x};chunk-signature={signed}\r\n", data.len()),
            };
            encoded.extend_from_slice(line.as_bytes());
            encoded.extend_from_slice(data);
            if !data.is_empty() {
                encoded.extend_from_slice(b"\r\n");
            }
        }
        for (name, value) in &self.trailer {
            encoded.extend_from_slice(format!("{name}:{value}\r\n").as_bytes());
        }
        if self.kind == Kind::SignedWithTrailer {
            let line = format!("x-amz-trailer-signature:{}\r\n", self.trailer_signature);
            encoded.extend_from_slice(line.as_bytes());
        }
        encoded.extend_from_slice(b"\r\n");
        encoded
    }

    pub fn read(&self) -> Result<(Vec<u8>, HeaderMap), Refusal> {
        self.read_as(&self.encoded(), usize::MAX)
    }

    /// Reads other bytes in pieces of at most this many.
    pub fn read_as(
        &self,
        encoded: &[u8],
        piece_bytes: usize,
    ) -> Result<(Vec<u8>, HeaderMap), Refusal> {
        let pieces = encoded
            .chunks(piece_bytes.min(encoded.len().max(1)))
            .map(Bytes::copy_from_slice)
            .collect();
        self.call.read(Pieces(pieces))
    }
}

/// A body that comes in these pieces.
pub struct Pieces(pub VecDeque<Bytes>);

impl Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.pop_front().map(|piece| Ok(Frame::data(piece))))
    }
}
