//! The bounded pool on which everything that waits for the disk runs.

use tokio::sync::Semaphore;

use crate::Error;

/// How many calls may wait for the disk at once. Many, because writers wait together for
/// one flush; bounded, because each holds a thread.
const BLOCKING_MAX: usize = 256;

/// How many passwords may be hashed at once: each takes a core and 19 MiB for some 20 ms, and
/// nobody's signing in may starve everybody's calls.
const HASHING_MAX: usize = 4;

static HASHING: Semaphore = Semaphore::const_new(HASHING_MAX);

static PLACES: Semaphore = Semaphore::const_new(BLOCKING_MAX);

/// Runs `work` on the blocking pool and waits for it.
pub async fn run<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    let _place = PLACES.acquire().await.map_err(Error::internal)?;
    tokio::task::spawn_blocking(work)
        .await
        .map_err(Error::internal)?
}

/// Hashes passwords, or anything else as dear, on few threads, and waits for it.
pub async fn hashing<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    let _place = HASHING.acquire().await.map_err(Error::internal)?;
    tokio::task::spawn_blocking(work)
        .await
        .map_err(Error::internal)?
}
