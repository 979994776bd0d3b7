//! A load: requests as bytes, ready to be sent over a few connections that stay open.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::Outcome;

/// How many connections ask at once.
const CONNECTIONS: usize = 16;
/// How much of an answer is read at a time.
const READ_BYTES: usize = 16 * 1024;

/// Requests that differ, each sent at most once.
#[derive(Clone)]
pub(crate) struct Load(pub(crate) Arc<Vec<Vec<u8>>>);

/// What one answer was.
pub(crate) struct Answered {
    pub(crate) body_bytes: usize,
    pub(crate) body: Vec<u8>,
}

impl Load {
    /// Sends the first request alone, and must be answered well.
    pub(crate) async fn once(&self, address: SocketAddr) -> Outcome<Answered> {
        let request = self.0.first().ok_or("an empty load")?;
        let mut stream = TcpStream::connect(address).await?;
        let mut buffer = Vec::new();
        exchange(&mut stream, request, &mut buffer, Keep::Body).await
    }

    /// Sends requests for as long as this; answers how many were answered a second.
    pub(crate) async fn run(self, address: SocketAddr, turn: Duration) -> Outcome<f64> {
        let next = Arc::new(AtomicUsize::new(0));
        let answered = Arc::new(AtomicUsize::new(0));
        let mut tasks = Vec::new();
        let began = Instant::now();
        for _ in 0..CONNECTIONS {
            let (load, next, answered) = (self.0.clone(), next.clone(), answered.clone());
            tasks.push(tokio::spawn(async move {
                let mut stream = TcpStream::connect(address).await?;
                stream.set_nodelay(true)?;
                let mut buffer = Vec::new();
                while began.elapsed() < turn {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let request = load.get(at).ok_or("the load is too small for the turn")?;
                    exchange(&mut stream, request, &mut buffer, Keep::Nothing).await?;
                    answered.fetch_add(1, Ordering::Relaxed);
                }
                Outcome::Ok(())
            }));
        }
        for task in tasks {
            task.await??;
        }
        Ok(answered.load(Ordering::Relaxed) as f64 / began.elapsed().as_secs_f64())
    }
}

/// What of an answer is kept.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Keep {
    Body,
    Nothing,
}

async fn exchange(
    stream: &mut TcpStream,
    request: &[u8],
    buffer: &mut Vec<u8>,
    keep: Keep,
) -> Outcome<Answered> {
    stream.write_all(request).await?;
    buffer.clear();
    loop {
        buffer.reserve(READ_BYTES);
        if stream.read_buf(buffer).await? == 0 {
            return Err("the connection was closed".into());
        }
        let Some(end) = find(buffer, b"\r\n\r\n") else {
            continue;
        };
        let (head, body) = buffer.split_at(end + 4);
        if !head.starts_with(b"HTTP/1.1 200") {
            return Err(String::from_utf8_lossy(buffer).into_owned().into());
        }
        let length = content_length(head).ok_or("an answer without a length")?;
        if body.len() >= length {
            return Ok(Answered {
                body_bytes: length,
                body: match keep {
                    Keep::Body => body.to_vec(),
                    Keep::Nothing => Vec::new(),
                },
            });
        }
    }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack
        .windows(needle.len())
        .position(|window| window == needle)
}

fn content_length(head: &[u8]) -> Option<usize> {
    let text = std::str::from_utf8(head).ok()?;
    text.lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .and_then(|(_, value)| value.trim().parse().ok())
}
