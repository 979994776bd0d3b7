//! How long the other end of a connection may keep us waiting. Whoever opens connections and
//! says nothing, or says it a byte at a time, must not hold them; but who still sends what we
//! have answered already is heard out for a moment, so that the answer reaches them.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep, sleep_until};

/// The bounds of our patience.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    /// From the opening of a connection to the end of its first request's head.
    pub(crate) greeting: Duration,
    /// From the end of an answer to the end of the next request's head.
    pub(crate) idle: Duration,
    /// From one piece of a body to the next, and from one of an answer's that is taken to
    /// the next.
    pub(crate) stall: Duration,
    /// For a whole body, beside what its length allows.
    pub(crate) body: Duration,
    /// The slowest that a body may come on the whole, in bytes a second.
    pub(crate) body_bytes_per_s_min: u64,
    /// For the rest of a body that nobody reads, after its answer.
    pub(crate) rest: Duration,
}

/// How much of such a rest is taken in, in bytes.
const REST_BYTES_MAX: usize = 64 << 20;
/// How much of it at a time, in bytes.
const REST_PIECE_BYTES: usize = 16 << 10;

impl Default for Patience {
    fn default() -> Patience {
        Patience {
            greeting: Duration::from_secs(20),
            idle: Duration::from_secs(60),
            stall: Duration::from_secs(30),
            body: Duration::from_secs(60),
            body_bytes_per_s_min: 1024,
            rest: Duration::from_secs(10),
        }
    }
}

/// What one connection is doing. Cheap to clone; every clone speaks of the same connection.
#[derive(Clone)]
pub(crate) struct Activity(Arc<Doing>);

struct Doing {
    opened: Instant,
    /// Requests whose answers have not ended.
    under_way: AtomicUsize,
    /// When the last answer ended, in milliseconds after `opened`; 0 before there was one.
    rested_ms: AtomicU64,
    /// Since when the other end has not taken what we have for it, likewise; 0 while it does.
    blocked_ms: AtomicU64,
    /// Whether the rest of a body was left where it was.
    left_rest: AtomicBool,
}

impl Activity {
    /// A connection was opened.
    pub(crate) fn begin() -> Activity {
        Activity(Arc::new(Doing {
            opened: Instant::now(),
            under_way: AtomicUsize::new(0),
            rested_ms: AtomicU64::new(0),
            blocked_ms: AtomicU64::new(0),
            left_rest: AtomicBool::new(false),
        }))
    }

    /// A request's head has come. It is under way until what is returned is dropped.
    pub(crate) fn request(&self) -> UnderWay {
        self.0.under_way.fetch_add(1, Ordering::AcqRel);
        UnderWay(self.clone())
    }

    /// Milliseconds since the opening; never 0, which has a meaning of its own.
    fn now_ms(&self) -> u64 {
        let elapsed = self.0.opened.elapsed().as_millis();
        u64::try_from(elapsed).unwrap_or(u64::MAX).max(1)
    }

    fn at(&self, ms: u64) -> Instant {
        self.0.opened + Duration::from_millis(ms)
    }

    /// When patience ends, if nothing happens before.
    fn deadline(&self, patience: &Patience) -> Instant {
        let blocked = self.0.blocked_ms.load(Ordering::Acquire);
        if blocked > 0 {
            return self.at(blocked) + patience.stall;
        }
        if self.0.under_way.load(Ordering::Acquire) > 0 {
            return Instant::now() + patience.stall;
        }
        match self.0.rested_ms.load(Ordering::Acquire) {
            0 => self.0.opened + patience.greeting,
            rested => self.at(rested) + patience.idle,
        }
    }

    /// Resolves when the connection has been waited for long enough.
    pub(crate) async fn outlasted(&self, patience: &Patience) {
        loop {
            let deadline = self.deadline(patience);
            if deadline <= Instant::now() {
                return;
            }
            sleep_until(deadline).await;
        }
    }
}

/// A request that is under way.
pub(crate) struct UnderWay(Activity);

impl UnderWay {
    /// The request was answered without its body being read to the end.
    pub(crate) fn leave_rest(&self) {
        let Activity(doing) = &self.0;
        doing.left_rest.store(true, Ordering::Release);
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let Activity(doing) = &self.0;
        doing.rested_ms.store(self.0.now_ms(), Ordering::Release);
        doing.under_way.fetch_sub(1, Ordering::AcqRel);
    }
}

/// A stream that notes since when the other end takes nothing. Where the rest of a body was
/// left, it closes only when the other end has sent it: a system that has unread bytes for a
/// closed connection breaks it off, and the answer with it.
pub(crate) struct Noted<S> {
    inner: S,
    activity: Activity,
    patience: Patience,
    rest: Option<Rest>,
}

/// How much longer the rest of a body is taken in.
struct Rest {
    ends: Pin<Box<Sleep>>,
    bytes: usize,
}

impl<S> Noted<S> {
    pub(crate) fn new(inner: S, activity: Activity, patience: Patience) -> Noted<S> {
        Noted {
            inner,
            activity,
            patience,
            rest: None,
        }
    }

    fn note<T>(&self, polled: Poll<T>) -> Poll<T> {
        let blocked = &self.activity.0.blocked_ms;
        match &polled {
            Poll::Ready(_) if blocked.load(Ordering::Relaxed) > 0 => {
                blocked.store(0, Ordering::Release);
            }
            Poll::Pending if blocked.load(Ordering::Relaxed) == 0 => {
                blocked.store(self.activity.now_ms(), Ordering::Release);
            }
            Poll::Ready(_) | Poll::Pending => {}
        }
        polled
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Noted<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(context, buffer)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Noted<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.inner).poll_write(context, bytes);
        self.note(polled)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.inner).poll_write_vectored(context, slices);
        self.note(polled)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.rest.is_none() {
            ready!(Pin::new(&mut self.inner).poll_shutdown(context))?;
            if !self.activity.0.left_rest.load(Ordering::Acquire) {
                return Poll::Ready(Ok(()));
            }
        }
        self.poll_rest(context).map(Ok)
    }
}

impl<S: AsyncRead + Unpin> Noted<S> {
    /// Takes in the rest of a body: all of it, or as much as we have patience for.
    fn poll_rest(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let patience = self.patience.rest;
        let rest = self.rest.get_or_insert_with(|| Rest {
            ends: Box::pin(sleep(patience)),
            bytes: 0,
        });
        let mut piece = [0; REST_PIECE_BYTES];
        while rest.bytes < REST_BYTES_MAX && rest.ends.as_mut().poll(context).is_pending() {
            let mut buffer = ReadBuf::new(&mut piece);
            let read = ready!(Pin::new(&mut self.inner).poll_read(context, &mut buffer));
            if read.is_err() || buffer.filled().is_empty() {
                break;
            }
            rest.bytes += buffer.filled().len();
        }
        Poll::Ready(())
    }
}

/// A request's body that must come at a decent pace.
pub(crate) struct Hurried<B> {
    inner: B,
    patience: Patience,
    began: Instant,
    bytes: u64,
    /// Only while nothing comes.
    waiting: Option<Pin<Box<Sleep>>>,
}

/// Why a body did not arrive.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Missing<E> {
    /// It was waited for long enough.
    #[error("it was waited for long enough")]
    Late,
    /// The connection broke.
    #[error(transparent)]
    Broken(E),
}

impl<B> Hurried<B> {
    pub(crate) fn new(inner: B, patience: Patience) -> Hurried<B> {
        Hurried {
            inner,
            patience,
            began: Instant::now(),
            bytes: 0,
            waiting: None,
        }
    }

    fn deadline(&self) -> Instant {
        let allowed = Duration::from_secs(self.bytes / self.patience.body_bytes_per_s_min.max(1));
        let whole = self.began + self.patience.body + allowed;
        whole.min(Instant::now() + self.patience.stall)
    }
}

impl<B: Body<Data = Bytes> + Unpin> Body for Hurried<B> {
    type Data = Bytes;
    type Error = Missing<B::Error>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.inner).poll_frame(context) {
            self.waiting = None;
            if let Some(Ok(frame)) = &frame {
                let bytes = frame.data_ref().map_or(0, Bytes::len);
                self.bytes = self.bytes.saturating_add(bytes as u64);
            }
            return Poll::Ready(frame.map(|frame| frame.map_err(Missing::Broken)));
        }
        let deadline = self.deadline();
        let waiting = self
            .waiting
            .get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        ready!(waiting.as_mut().poll(context));
        Poll::Ready(Some(Err(Missing::Late)))
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
    use std::collections::VecDeque;

    use http_body_util::BodyExt as _;

    use super::*;

    /// Yields pieces, each so long after the one before.
    struct Slow {
        pieces: VecDeque<&'static [u8]>,
        every: Duration,
        sleep: Pin<Box<Sleep>>,
    }

    impl Slow {
        fn new(pieces: usize, every: Duration) -> Slow {
            Slow {
                pieces: std::iter::repeat_n(&b"x"[..], pieces).collect(),
                every,
                sleep: Box::pin(sleep_until(Instant::now() + every)),
            }
        }
    }

    impl Body for Slow {
        type Data = Bytes;
        type Error = std::convert::Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            context: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
            ready!(self.sleep.as_mut().poll(context));
            let next = Instant::now() + self.every;
            self.sleep.as_mut().reset(next);
            let piece = self.pieces.pop_front();
            Poll::Ready(piece.map(|piece| Ok(Frame::data(Bytes::from_static(piece)))))
        }
    }

    async fn arrives(body: Slow, patience: Patience) -> bool {
        match Hurried::new(body, patience).collect().await {
            Ok(_) => true,
            Err(missing) => {
                assert!(matches!(missing, Missing::Late));
                false
            }
        }
    }

    #[tokio::test]
    async fn a_body_may_neither_stall_nor_dribble() {
        let ms = Duration::from_millis;
        let patience = Patience {
            stall: ms(1_500),
            body: ms(2_500),
            body_bytes_per_s_min: 1000,
            ..Patience::default()
        };
        assert!(arrives(Slow::new(3, ms(20)), patience).await);
        assert!(!arrives(Slow::new(1, ms(5_000)), patience).await);
        assert!(!arrives(Slow::new(500, ms(100)), patience).await);
        // What comes at a decent pace may take as long as it takes.
        let decent = Patience {
            body_bytes_per_s_min: 1,
            ..patience
        };
        assert!(arrives(Slow::new(35, ms(100)), decent).await);
    }
}
