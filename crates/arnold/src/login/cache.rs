//! Credentials that are kept until they end, in a file that only this user can read.

use std::path::PathBuf;

use sha2::{Digest as _, Sha256};

use crate::Failure;
use crate::login::credentials::Credentials;
use crate::login::profile::{home, write_secret};

/// Credentials that end sooner than this are not handed out any more, in seconds.
const REST_S: i64 = 60;

/// The largest file that is read, in bytes.
const FILE_BYTES_MAX: u64 = 64 * 1024;

/// Where the credentials of one way of signing in are kept.
pub(super) struct Cache(PathBuf);

impl Cache {
    /// The place for credentials that these words tell from all others.
    pub(super) fn of(words: &[String]) -> Result<Cache, Failure> {
        let folder = match std::env::var_os("ARNOLD_LOGIN_CACHE") {
            Some(folder) => PathBuf::from(folder),
            None => home()?.join(".aws").join("arnold").join("cache"),
        };
        // Each word with its length, so that no two lists of words are one text.
        let text: String = words
            .iter()
            .map(|word| format!("{}:{word},", word.len()))
            .collect();
        let name = hex::encode(Sha256::digest(text.as_bytes()));
        Ok(Cache(folder.join(format!("{name}.json"))))
    }

    /// What is kept, if it is good for a while.
    pub(super) fn read(&self, now_s: i64) -> Option<Credentials> {
        let size = std::fs::metadata(&self.0).ok()?.len();
        if size > FILE_BYTES_MAX {
            return None;
        }
        let kept = Credentials::parse(&std::fs::read(&self.0).ok()?)?;
        (kept.expiration.as_second() > now_s + REST_S).then_some(kept)
    }

    /// Keeps credentials.
    pub(super) fn write(&self, credentials: &Credentials) -> Result<(), Failure> {
        write_secret(&self.0, &credentials.to_json()?)
    }
}
