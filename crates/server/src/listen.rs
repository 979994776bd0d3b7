//! Listening: one port, HTTP/1.1 and HTTP/2, bounded heads, a clean end.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use crate::front::Front;
use crate::patience::{Activity, Noted, Patience};

/// The largest request head, in bytes. Presigned addresses and session tokens fit well.
const HEAD_BYTES_MAX: usize = 64 * 1024;
/// The most headers in a request.
const HEADERS_MAX: usize = 128;
/// The most connections at once.
const CONNECTIONS_MAX: usize = 10_000;
/// How long requests under way may take to end when the server stops.
const STOP_TIME_MAX: Duration = Duration::from_secs(10);

/// Serves until `stop` resolves, then lets requests under way end.
pub async fn serve(
    listener: TcpListener,
    front: Arc<Front>,
    patience: Patience,
    stop: impl Future<Output = ()>,
) -> io::Result<()> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .max_buf_size(HEAD_BYTES_MAX)
        .max_headers(HEADERS_MAX)
        // A client that has said everything may close its half and still be answered.
        .half_close(true)
        // Ours looks after heads, bodies and idleness at once.
        .header_read_timeout(None);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(HEAD_BYTES_MAX as u32)
        .max_concurrent_streams(256);
    let graceful = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut stop = std::pin::pin!(stop);
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else {
            break;
        };
        let (stream, from) = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Out of file descriptors, or a peer gone already: neither ends the server.
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    continue;
                }
            },
            () = &mut stop => break,
        };
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "cannot set TCP_NODELAY");
        }
        let front = Arc::clone(&front);
        let activity = Activity::begin();
        let requests = activity.clone();
        let open = Arc::clone(&places);
        let service = service_fn(move |request| {
            let front = Arc::clone(&front);
            let under_way = requests.request();
            let is_alone = is_alone(&open);
            async move {
                let response = front.answer(request, from.ip()).await?;
                if response.headers().contains_key(http::header::CONNECTION) {
                    // Said only where a body was not read to its end.
                    under_way.leave_rest();
                }
                if !is_alone {
                    // Sending an answer wakes who waits for it, who then takes the processor and
                    // what it has at hand; so what came together is worked on first, and then
                    // sent in one go.
                    tokio::task::yield_now().await;
                }
                Ok::<_, std::convert::Infallible>(response.map(|body| body.holding(under_way)))
            }
        });
        let stream = Noted::new(stream, activity.clone(), patience);
        let connection = builder
            .serve_connection(TokioIo::new(stream), service)
            .into_owned();
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            tokio::select! {
                ended = connection => if let Err(error) = ended {
                    tracing::debug!(%error, "a connection ended early");
                },
                () = activity.outlasted(&patience) => {
                    tracing::debug!("a connection kept us waiting for too long");
                }
            }
            drop(place);
        });
    }
    drop(listener);
    if tokio::time::timeout(STOP_TIME_MAX, graceful.shutdown())
        .await
        .is_err()
    {
        tracing::warn!("requests were still under way when the server stopped");
    }
    Ok(())
}

/// Whether there is no connection but the one that asks.
fn is_alone(places: &Semaphore) -> bool {
    // One place is this connection's, another that of the next.
    places.available_permits() + 2 >= CONNECTIONS_MAX
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpStream;

    use super::*;
    use crate::{Config, House, Settings};

    const HASTE: Patience = Patience {
        greeting: Duration::from_secs(1),
        idle: Duration::from_secs(4),
        stall: Duration::from_secs(1),
        body: Duration::from_secs(60),
        body_bytes_per_s_min: 1,
        rest: Duration::from_secs(1),
    };

    /// A server with little patience, in a folder that goes away, and a way to it.
    async fn served() -> (tempfile::TempDir, std::net::SocketAddr) {
        let folder = tempfile::tempdir().unwrap();
        let house = House::open(Settings {
            data: folder.path().to_owned(),
            config: Config::default(),
            bootstrap: None,
            dev: false,
        })
        .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let front = house.front();
        tokio::spawn(serve(listener, front, HASTE, std::future::pending()));
        (folder, address)
    }

    /// Reads until the other end closes, and tells how long that took.
    async fn closed(stream: &mut TcpStream) -> (String, Duration) {
        let began = Instant::now();
        let mut text = Vec::new();
        let _ = stream.read_to_end(&mut text).await;
        (String::from_utf8_lossy(&text).into_owned(), began.elapsed())
    }

    const HEALTH: &[u8] = b"GET /_arnold/health HTTP/1.1\r\nhost: a\r\n\r\n";

    #[tokio::test]
    async fn a_connection_that_says_nothing_is_closed() {
        let (_folder, address) = served().await;
        for greeting in [
            &b""[..],
            b"P",
            b"PRI * HTTP/2.0",
            b"GET / HTTP/1.1\r\nhost: a\r\n",
        ] {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(greeting).await.unwrap();
            let (answer, took) = closed(&mut stream).await;
            assert_eq!(answer, "");
            assert!(took >= Duration::from_millis(500), "{took:?}");
        }
    }

    #[tokio::test]
    async fn a_head_that_comes_a_byte_at_a_time_is_not_waited_for() {
        let (_folder, address) = served().await;
        let mut stream = TcpStream::connect(address).await.unwrap();
        let began = Instant::now();
        let mut sent = 0;
        // The other end is gone when writing fails; a byte more may still fit before that.
        while stream.write_all(b"G").await.is_ok() {
            sent += 1;
            assert!(sent < 1000, "still open after {:?}", began.elapsed());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    #[tokio::test]
    async fn a_connection_is_kept_for_the_next_request_but_not_for_ever() {
        let (_folder, address) = served().await;
        let mut stream = TcpStream::connect(address).await.unwrap();
        for _ in 0..2 {
            stream.write_all(HEALTH).await.unwrap();
            let mut piece = [0; 1024];
            let read = stream.read(&mut piece).await.unwrap();
            assert!(piece[..read].starts_with(b"HTTP/1.1 200"));
            // Longer than a greeting may take.
            tokio::time::sleep(Duration::from_millis(1_200)).await;
        }
        let (rest, took) = closed(&mut stream).await;
        assert_eq!(rest, "");
        assert!(took < Duration::from_secs(20), "{took:?}");
    }

    #[tokio::test]
    async fn an_answer_waits_for_nobody_who_says_nothing() {
        let (_folder, address) = served().await;
        let _silent = TcpStream::connect(address).await.unwrap();
        let mut talking = Vec::new();
        for _ in 0..3 {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(HEALTH).await.unwrap();
            talking.push(stream);
        }
        for stream in &mut talking {
            let mut piece = [0; 1024];
            let read = stream.read(&mut piece).await.unwrap();
            assert!(piece[..read].starts_with(b"HTTP/1.1 200"));
        }
    }

    #[tokio::test]
    async fn who_still_sends_is_heard_out_for_a_while_and_answered() {
        let (_folder, address) = served().await;
        // More than the systems at both ends hold for each other.
        const BODY_BYTES: usize = 24 << 20;
        let head = format!(
            "PUT /nobucket/key HTTP/1.1\r\nhost: a\r\ncontent-length: {BODY_BYTES}\r\n\r\n"
        );
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(&vec![b'x'; BODY_BYTES]).await.unwrap();
        let (answer, _) = closed(&mut stream).await;
        assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");
        // Who never ends is not waited for.
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        let began = Instant::now();
        while stream.write_all(b"x").await.is_ok() {
            assert!(began.elapsed() < Duration::from_secs(30));
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert!(began.elapsed() >= Duration::from_millis(500));
    }

    #[tokio::test]
    async fn a_whole_exchange_outlasts_no_patience() {
        let (_folder, address) = served().await;
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(HEALTH).await.unwrap();
        stream.shutdown().await.unwrap();
        let (answer, _) = closed(&mut stream).await;
        assert!(answer.ends_with(r#"{"status":"ok"}"#), "{answer}");
    }
}
