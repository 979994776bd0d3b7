//! Bodies in chunks (`aws-chunked`): taken apart as they come, every signed chunk checked.
//!
//! ```text
//! SIZE[;chunk-signature=SIGNATURE] CRLF data CRLF … 0[;…] CRLF [trailer lines] CRLF
//! ```

use bytes::{Buf, Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue};
use sha2::{Digest, Sha256};

use crate::Refusal;
use crate::key::sha256_hex;
use crate::verify::{Seed, same};

/// The longest line before a chunk, in bytes.
const LINE_BYTES_MAX: usize = 1024;
/// The largest trailer, in bytes.
const TRAILER_BYTES_MAX: usize = 8 * 1024;
/// The largest chunk, in bytes: more than any object in one piece.
const CHUNK_BYTES_MAX: u64 = 5 * 1024 * 1024 * 1024;

/// Takes a chunked body apart.
#[derive(Debug)]
pub(crate) struct Decoder {
    signed: Option<Seed>,
    has_trailer: bool,
    state: State,
    waiting: BytesMut,
    hash: Sha256,
    /// How many decoded bytes are still to come.
    left: u64,
    trailer: HeaderMap,
    trailer_text: Vec<u8>,
}

#[derive(Debug)]
enum State {
    Line,
    Data {
        left: u64,
        signature: Option<String>,
    },
    DataEnd {
        signature: Option<String>,
    },
    Trailer,
    End,
}

impl Decoder {
    pub(crate) fn new(signed: Option<Seed>, has_trailer: bool, decoded_bytes: u64) -> Decoder {
        Decoder {
            signed,
            has_trailer,
            state: State::Line,
            waiting: BytesMut::new(),
            hash: Sha256::new(),
            left: decoded_bytes,
            trailer: HeaderMap::new(),
            trailer_text: Vec::new(),
        }
    }

    /// Takes what came.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.waiting.extend_from_slice(bytes);
    }

    /// The next decoded bytes; `None` when more must come first, or at the end.
    pub(crate) fn next(&mut self) -> Result<Option<Bytes>, Refusal> {
        loop {
            match &mut self.state {
                State::Line => {
                    let Some(line) = self.line()? else {
                        return Ok(None);
                    };
                    self.begin_chunk(&line)?;
                }
                State::Data { left, signature } => {
                    if *left == 0 {
                        let signature = signature.take();
                        self.state = State::DataEnd { signature };
                        continue;
                    }
                    if self.waiting.is_empty() {
                        return Ok(None);
                    }
                    let take = usize::try_from(*left)
                        .unwrap_or(usize::MAX)
                        .min(self.waiting.len());
                    *left -= take as u64;
                    let data = self.waiting.split_to(take).freeze();
                    if self.signed.is_some() {
                        self.hash.update(&data);
                    }
                    return Ok(Some(data));
                }
                State::DataEnd { signature } => {
                    if self.waiting.len() < 2 {
                        return Ok(None);
                    }
                    if !self.waiting.starts_with(b"\r\n") {
                        return Err(Refusal::Chunks("a chunk does not end where it should"));
                    }
                    let signature = signature.take();
                    self.waiting.advance(2);
                    self.check_chunk(signature.as_deref())?;
                    self.state = State::Line;
                }
                State::Trailer => {
                    let Some(line) = self.line()? else {
                        return Ok(None);
                    };
                    self.take_trailer(&line)?;
                }
                State::End if self.waiting.is_empty() => return Ok(None),
                State::End => return Err(Refusal::Chunks("bytes follow the end")),
            }
        }
    }

    /// The trailer, once the body has ended well.
    pub(crate) fn finish(&mut self) -> Result<Option<HeaderMap>, Refusal> {
        match self.state {
            State::End => Ok((!self.trailer.is_empty()).then(|| std::mem::take(&mut self.trailer))),
            _ => Err(Refusal::Chunks("it ends too early")),
        }
    }

    /// The next line, without its end.
    fn line(&mut self) -> Result<Option<Vec<u8>>, Refusal> {
        let end = self
            .waiting
            .iter()
            .take(LINE_BYTES_MAX)
            .position(|byte| *byte == b'\n');
        let Some(end) = end else {
            return if self.waiting.len() >= LINE_BYTES_MAX {
                Err(Refusal::Chunks("a line is too long"))
            } else {
                Ok(None)
            };
        };
        let line = self.waiting.split_to(end + 1);
        match line.strip_suffix(b"\r\n") {
            Some(line) => Ok(Some(line.to_vec())),
            None => Err(Refusal::Chunks("a line does not end in CRLF")),
        }
    }

    fn begin_chunk(&mut self, line: &[u8]) -> Result<(), Refusal> {
        let line = std::str::from_utf8(line).map_err(|_| Refusal::Chunks("a line is no text"))?;
        let (size, extension) = match line.split_once(';') {
            Some((size, extension)) => (size, Some(extension)),
            None => (line, None),
        };
        let is_hex =
            !size.is_empty() && size.len() <= 16 && size.bytes().all(|b| b.is_ascii_hexdigit());
        let size = is_hex
            .then(|| u64::from_str_radix(size, 16).ok())
            .flatten()
            .filter(|size| *size <= CHUNK_BYTES_MAX)
            .ok_or(Refusal::Chunks("a chunk has no size"))?;
        let signature = match (extension, &self.signed) {
            (Some(extension), Some(_)) => Some(
                extension
                    .strip_prefix("chunk-signature=")
                    .ok_or(Refusal::Chunk)?
                    .to_owned(),
            ),
            (None, Some(_)) => return Err(Refusal::Chunk),
            // An unsigned body has nothing that a signature could be checked against.
            (Some(_), None) => return Err(Refusal::Chunks("a chunk has an extension")),
            (None, None) => None,
        };
        if size > 0 {
            self.left = self.left.checked_sub(size).ok_or(Refusal::Length)?;
            self.state = State::Data {
                left: size,
                signature,
            };
            return Ok(());
        }
        if self.left > 0 {
            return Err(Refusal::Length);
        }
        self.check_chunk(signature.as_deref())?;
        self.state = State::Trailer;
        Ok(())
    }

    /// Every chunk's signature continues from the one before.
    fn check_chunk(&mut self, signature: Option<&str>) -> Result<(), Refusal> {
        let hash = hex::encode(self.hash.finalize_reset());
        let Some(seed) = &mut self.signed else {
            return Ok(());
        };
        let expected = seed.key.sign(&[
            b"AWS4-HMAC-SHA256-PAYLOAD\n",
            seed.at.as_bytes(),
            b"\n",
            seed.scope.as_bytes(),
            b"\n",
            seed.signature.as_bytes(),
            b"\n",
            sha256_hex(b"").as_bytes(),
            b"\n",
            hash.as_bytes(),
        ]);
        if !signature.is_some_and(|found| same(&expected, found)) {
            return Err(Refusal::Chunk);
        }
        seed.signature = expected;
        Ok(())
    }

    fn take_trailer(&mut self, line: &[u8]) -> Result<(), Refusal> {
        if line.is_empty() {
            // A trailer that is signed ends with its signature, and a last empty line.
            if self.has_trailer && self.signed.is_some() && !self.trailer_is_signed() {
                return Err(Refusal::Chunk);
            }
            self.state = State::End;
            return Ok(());
        }
        if !self.has_trailer || self.trailer_is_signed() {
            return Err(Refusal::Chunks("something follows the last chunk"));
        }
        if self.trailer_text.len() + line.len() > TRAILER_BYTES_MAX {
            return Err(Refusal::Chunks("the trailer is too long"));
        }
        let line =
            std::str::from_utf8(line).map_err(|_| Refusal::Chunks("a trailer is no text"))?;
        let (name, value) = line
            .split_once(':')
            .ok_or(Refusal::Chunks("a trailer has no value"))?;
        let (name, value) = (name.trim().to_ascii_lowercase(), value.trim());
        if name == "x-amz-trailer-signature" {
            return self.check_trailer(value);
        }
        self.trailer_text
            .extend_from_slice(format!("{name}:{value}\n").as_bytes());
        let name = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| Refusal::Chunks("a trailer has no name"))?;
        let value =
            HeaderValue::from_str(value).map_err(|_| Refusal::Chunks("a trailer has no value"))?;
        if self.trailer.insert(name, value).is_some() {
            return Err(Refusal::Chunks("a trailer is given twice"));
        }
        Ok(())
    }

    fn check_trailer(&mut self, found: &str) -> Result<(), Refusal> {
        let Some(seed) = &mut self.signed else {
            return Err(Refusal::Chunks("an unsigned body has a signed trailer"));
        };
        let expected = seed.key.sign(&[
            b"AWS4-HMAC-SHA256-TRAILER\n",
            seed.at.as_bytes(),
            b"\n",
            seed.scope.as_bytes(),
            b"\n",
            seed.signature.as_bytes(),
            b"\n",
            sha256_hex(&self.trailer_text).as_bytes(),
        ]);
        if !same(&expected, found) {
            return Err(Refusal::Chunk);
        }
        // Marks the trailer as signed.
        seed.signature = String::new();
        Ok(())
    }

    fn trailer_is_signed(&self) -> bool {
        self.signed
            .as_ref()
            .is_some_and(|seed| seed.signature.is_empty())
    }
}
