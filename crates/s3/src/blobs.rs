//! The folder with the bytes of objects.
//!
//! A file is born in `incoming/` under `BUCKET~ID`, written and flushed to the disk there,
//! and moves to `kept/` after the record that speaks of it is committed. A file in `kept/`
//! is removed after the commit that made it [`Garbage`]. So whatever moment the machine
//! stops at, what is in `incoming/` and spoken of by no record was never acknowledged, and
//! the next start removes it together with the garbage; nothing else needs to be searched.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use store::{Exactly, Read as _, Store, StoreError};

use crate::endpoint::OpenError;
use crate::records::{BUCKETS, Garbage, Object, Part, scope_of};

/// How many garbage records go in one transaction.
const GARBAGE_PAGE: usize = 500;

/// The folder, with its two rooms.
pub(crate) struct Blobs {
    incoming: PathBuf,
    kept: PathBuf,
}

/// A file that is being written. Removed when dropped, unless it was told to stay.
#[derive(Debug)]
pub(crate) struct Incoming {
    pub(crate) blob: String,
    path: PathBuf,
    kept: PathBuf,
    stays: bool,
}

impl Blobs {
    /// Opens the folder and makes it if it is not there.
    pub(crate) fn open(folder: &Path) -> Result<Blobs, OpenError> {
        let blobs = Blobs {
            incoming: folder.join("incoming"),
            kept: folder.join("kept"),
        };
        for path in [&blobs.incoming, &blobs.kept] {
            std::fs::create_dir_all(path).map_err(|source| OpenError::Folder {
                path: path.clone(),
                source,
            })?;
        }
        Ok(blobs)
    }

    /// Begins a new file.
    pub(crate) fn begin(&self, bucket: &str, blob: String) -> io::Result<(File, Incoming)> {
        let path = self.incoming.join(format!("{bucket}~{blob}"));
        let file = File::create_new(&path)?;
        let incoming = Incoming {
            kept: self.kept_path(&blob),
            blob,
            path,
            stays: false,
        };
        Ok((file, incoming))
    }

    /// Opens a file for reading.
    pub(crate) fn read(&self, bucket: &str, blob: &str) -> io::Result<File> {
        match File::open(self.kept_path(blob)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                match File::open(self.incoming.join(format!("{bucket}~{blob}"))) {
                    // It may have moved between the two looks.
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {
                        File::open(self.kept_path(blob))
                    }
                    other => other,
                }
            }
            other => other,
        }
    }

    /// Makes sure that a file has left `incoming/`.
    pub(crate) fn settle(&self, bucket: &str, blob: &str) -> io::Result<()> {
        let kept = self.kept_path(blob);
        if kept.exists() {
            return Ok(());
        }
        move_file(&self.incoming.join(format!("{bucket}~{blob}")), &kept)
    }

    /// Removes the files of garbage, then the garbage.
    pub(crate) fn remove(&self, store: &Store, garbage: &[Garbage]) -> Result<(), StoreError> {
        let gone: Vec<&Garbage> = garbage
            .iter()
            .filter(
                |one| match std::fs::remove_file(self.kept_path(&one.blob)) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => {
                        tracing::warn!(%error, blob = one.blob, "cannot remove a file");
                        false
                    }
                    _ => true,
                },
            )
            .collect();
        for some in gone.chunks(GARBAGE_PAGE) {
            store.transact(|tx| -> Result<(), StoreError> {
                for one in some {
                    tx.delete::<Garbage>(BUCKETS, &one.blob)?;
                }
                Ok(())
            })?;
        }
        Ok(())
    }

    /// Clears up after the last run: files that were never acknowledged, and garbage.
    pub(crate) fn sweep(&self, store: &Store) -> Result<(), OpenError> {
        let cannot = |path: &Path| {
            let path = path.to_owned();
            move |source| OpenError::Folder { path, source }
        };
        for entry in std::fs::read_dir(&self.incoming).map_err(cannot(&self.incoming))? {
            let entry = entry.map_err(cannot(&self.incoming))?;
            let path = entry.path();
            let name = entry.file_name();
            let spoken_of = match name.to_str().and_then(|name| name.split_once('~')) {
                Some((bucket, blob)) => is_spoken_of(store, bucket, blob)?.then(|| blob.to_owned()),
                None => None,
            };
            match spoken_of {
                Some(blob) => move_file(&path, &self.kept_path(&blob)),
                None => std::fs::remove_file(&path),
            }
            .map_err(cannot(&path))?;
        }
        let garbage: Vec<Garbage> = store.read().all(BUCKETS, "blob", "")?;
        Ok(self.remove(store, &garbage)?)
    }

    fn kept_path(&self, blob: &str) -> PathBuf {
        // Two digits of the name make 256 folders.
        self.kept.join(blob.get(..2).unwrap_or("00")).join(blob)
    }
}

impl Incoming {
    /// Flushes the folder, so that the file's name is as durable as its bytes.
    pub(crate) fn flush_name(&self) -> io::Result<()> {
        match self.path.parent() {
            Some(folder) => File::open(folder)?.sync_all(),
            None => Ok(()),
        }
    }

    /// Keeps the file: a committed record speaks of it.
    pub(crate) fn keep(mut self) {
        self.stays = true;
        if let Err(error) = move_file(&self.path, &self.kept) {
            // It is found where it is; the next start tries again.
            tracing::warn!(%error, blob = self.blob, "cannot move a file to its place");
        }
    }

    /// Leaves the file where it is, for the next start to judge.
    pub(crate) fn leave(mut self) {
        self.stays = true;
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        if !self.stays
            && let Err(error) = std::fs::remove_file(&self.path)
        {
            tracing::warn!(%error, blob = self.blob, "cannot remove an unfinished file");
        }
    }
}

fn is_spoken_of(store: &Store, bucket: &str, blob: &str) -> Result<bool, StoreError> {
    let scope = scope_of(bucket);
    let reader = store.read();
    Ok(reader.count::<Object>(&scope, "blob", Exactly(blob))? > 0
        || reader.count::<Part>(&scope, "blob", Exactly(blob))? > 0)
}

/// Moves a file within the folder, and makes the folder it goes to if need be.
fn move_file(from: &Path, to: &Path) -> io::Result<()> {
    match std::fs::rename(from, to) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            if let Some(folder) = to.parent() {
                std::fs::create_dir_all(folder)?;
            }
            std::fs::rename(from, to)
        }
        other => other,
    }
}
