//! Bodies in chunks (`aws-chunked`): taken apart as they come, every signed chunk checked.
//!
//! ```text
//! SIZE[;chunk-signature=SIGNATURE] CRLF data CRLF … 0[;…] CRLF [trailer lines] CRLF
//! ```

use bytes::{Buf, Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue};
use sha2::{Digest, Sha256};

use crate::Refusal;
use crate::key::{EMPTY_SHA256, sha256_hex};
use crate::verify::{Seed, same};

/// The longest line before a chunk, in bytes.
const LINE_BYTES_MAX: usize = 1024;
/// The largest trailer, in bytes.
const TRAILER_BYTES_MAX: usize = 8 * 1024;
/// The largest chunk, in bytes: as much as S3 takes in one piece.
const CHUNK_BYTES_MAX: u64 = 5 * 1024 * 1024 * 1024;

const NO_CRLF: Refusal = Refusal::Chunks("a line does not end in CRLF");

/// Takes a chunked body apart.
#[derive(Debug)]
pub(crate) struct Decoder {
    signed: Option<Seed>,
    /// The trailer's names that the head announced, in lower case; `None` where no trailer
    /// may come.
    announced: Option<Vec<String>>,
    state: State,
    waiting: BytesMut,
    hash: Sha256,
    /// How many decoded bytes are still to come.
    left: u64,
    trailer: HeaderMap,
    trailer_text: Vec<u8>,
    trailer_is_signed: bool,
    trailer_gap: bool,
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
    pub(crate) fn new(
        signed: Option<Seed>,
        announced: Option<Vec<String>>,
        decoded_bytes: u64,
    ) -> Decoder {
        Decoder {
            signed,
            announced,
            state: State::Line,
            waiting: BytesMut::new(),
            hash: Sha256::new(),
            left: decoded_bytes,
            trailer: HeaderMap::new(),
            trailer_text: Vec::new(),
            trailer_is_signed: false,
            trailer_gap: false,
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
                    let line = line.strip_suffix(b"\r\n").ok_or(NO_CRLF)?;
                    self.begin_chunk(line)?;
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

    /// The next line, with its end.
    fn line(&mut self) -> Result<Option<BytesMut>, Refusal> {
        let end = self
            .waiting
            .iter()
            .take(LINE_BYTES_MAX)
            .position(|byte| *byte == b'\n');
        match end {
            Some(end) => Ok(Some(self.waiting.split_to(end + 1))),
            None if self.waiting.len() >= LINE_BYTES_MAX => {
                Err(Refusal::Chunks("a line is too long"))
            }
            None => Ok(None),
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
            seed.stamp.as_str().as_bytes(),
            b"\n",
            seed.scope.as_bytes(),
            b"\n",
            seed.signature.as_bytes(),
            b"\n",
            EMPTY_SHA256.as_bytes(),
            b"\n",
            hash.as_bytes(),
        ]);
        if !signature.is_some_and(|found| same(&expected, found)) {
            return Err(Refusal::Chunk);
        }
        seed.signature = expected;
        Ok(())
    }

    /// Takes a line after the last chunk. The line before the trailer's signature may be
    /// empty, and trailers may end in a bare LF: AWS's own example is written so.
    fn take_trailer(&mut self, line: &[u8]) -> Result<(), Refusal> {
        let text = match line {
            [text @ .., b'\r', b'\n'] => text,
            [text @ .., b'\n'] if self.announced.is_some() && !text.is_empty() => text,
            _ => return Err(NO_CRLF),
        };
        if !text.is_empty() {
            return self.take_trailer_line(text);
        }
        let is_owed = self.announced.is_some() && self.signed.is_some() && !self.trailer_is_signed;
        if is_owed && !self.trailer_gap && !self.trailer.is_empty() {
            self.trailer_gap = true;
            return Ok(());
        }
        if is_owed {
            return Err(Refusal::Trailer("its signature is missing"));
        }
        let announced = self.announced.as_deref().unwrap_or_default();
        if announced
            .iter()
            .any(|name| !self.trailer.contains_key(name))
        {
            return Err(Refusal::Trailer("not everything announced came"));
        }
        self.state = State::End;
        Ok(())
    }

    fn take_trailer_line(&mut self, line: &[u8]) -> Result<(), Refusal> {
        let Some(announced) = &self.announced else {
            return Err(Refusal::Chunks("something follows the last chunk"));
        };
        if self.trailer_is_signed {
            return Err(Refusal::Trailer("something follows its signature"));
        }
        if self.trailer_text.len() + line.len() > TRAILER_BYTES_MAX {
            return Err(Refusal::Trailer("it is too long"));
        }
        let line = std::str::from_utf8(line).map_err(|_| Refusal::Trailer("it is no text"))?;
        let (name, value) = line
            .split_once(':')
            .ok_or(Refusal::Trailer("a name has no value"))?;
        let (name, value) = (name.trim().to_ascii_lowercase(), value.trim());
        if name == "x-amz-trailer-signature" {
            return self.check_trailer(value);
        }
        if self.trailer_gap {
            return Err(Refusal::Trailer("it goes on after its end"));
        }
        if !announced.contains(&name) {
            return Err(Refusal::Trailer("a name was not announced"));
        }
        self.trailer_text
            .extend_from_slice(format!("{name}:{value}\n").as_bytes());
        let name = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| Refusal::Trailer("a name is none"))?;
        let value =
            HeaderValue::from_str(value).map_err(|_| Refusal::Trailer("a value is none"))?;
        if self.trailer.insert(name, value).is_some() {
            return Err(Refusal::Trailer("a name is given twice"));
        }
        Ok(())
    }

    fn check_trailer(&mut self, found: &str) -> Result<(), Refusal> {
        let Some(seed) = &self.signed else {
            return Err(Refusal::Trailer(
                "the body is not signed, but the trailer is",
            ));
        };
        let expected = seed.key.sign(&[
            b"AWS4-HMAC-SHA256-TRAILER\n",
            seed.stamp.as_str().as_bytes(),
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
        self.trailer_is_signed = true;
        Ok(())
    }
}
