//! What a reset goes back to: all records, and the files that they speak of.
//!
//! A file of an object is written once and never changed, only removed. So a second name for
//! it is as good as a copy, and costs nothing.

use std::io;
use std::path::{Path, PathBuf};

use store::{Snapshot, Store, StoreError};

/// The state of one moment.
pub(crate) struct ResetPoint {
    records: Snapshot,
    objects: PathBuf,
    kept: PathBuf,
}

/// A moment could not be kept, or not be gone back to.
#[derive(Debug, thiserror::Error)]
pub enum ResetError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The key ring of that moment.
    #[error("the key ring does not open: {0}")]
    KeyRing(#[from] seal::SealError),
    /// A file or folder.
    #[error("cannot use `{}`: {source}", .path.display())]
    Folder {
        /// Which one.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl ResetPoint {
    /// Keeps this moment. What `kept` held of an earlier one is dropped.
    pub(crate) fn take(
        store: &Store,
        objects: &Path,
        kept: &Path,
    ) -> Result<ResetPoint, ResetError> {
        match std::fs::remove_dir_all(kept) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(at(kept)(error));
            }
            _ => {}
        }
        link_missing(objects, kept)?;
        Ok(ResetPoint {
            records: store.snapshot()?,
            objects: objects.to_owned(),
            kept: kept.to_owned(),
        })
    }

    /// Goes back. Files come first, so that no record speaks of one that is not there.
    pub(crate) fn restore(&self, store: &Store) -> Result<(), ResetError> {
        link_missing(&self.kept, &self.objects)?;
        Ok(store.reset_to(&self.records)?)
    }
}

/// Gives every file under `from` a second name under `to`, where it has none.
fn link_missing(from: &Path, to: &Path) -> Result<(), ResetError> {
    std::fs::create_dir_all(to).map_err(at(to))?;
    for entry in std::fs::read_dir(from).map_err(at(from))? {
        let entry = entry.map_err(at(from))?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if entry.file_type().map_err(at(&source))?.is_dir() {
            link_missing(&source, &target)?;
        } else if !target.exists() {
            std::fs::hard_link(&source, &target).map_err(at(&source))?;
        }
    }
    Ok(())
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> ResetError + '_ {
    |source| ResetError::Folder {
        path: path.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn files_that_were_removed_come_back_and_others_stay() {
        let folder = tempfile::tempdir().unwrap();
        let (objects, kept) = (folder.path().join("objects"), folder.path().join("kept"));
        fs::create_dir_all(objects.join("ab")).unwrap();
        fs::write(objects.join("ab/one"), "first").unwrap();
        fs::write(objects.join("ab/two"), "second").unwrap();
        let store = Store::open(&folder.path().join("data")).unwrap();
        let point = ResetPoint::take(&store, &objects, &kept).unwrap();

        fs::remove_file(objects.join("ab/one")).unwrap();
        fs::write(objects.join("ab/three"), "since").unwrap();
        point.restore(&store).unwrap();

        assert_eq!(fs::read_to_string(objects.join("ab/one")).unwrap(), "first");
        assert_eq!(
            fs::read_to_string(objects.join("ab/two")).unwrap(),
            "second"
        );
        assert_eq!(
            fs::read_to_string(objects.join("ab/three")).unwrap(),
            "since"
        );
    }

    #[test]
    fn a_later_moment_takes_the_place_of_an_earlier_one() {
        let folder = tempfile::tempdir().unwrap();
        let (objects, kept) = (folder.path().join("objects"), folder.path().join("kept"));
        fs::create_dir_all(&objects).unwrap();
        fs::write(objects.join("early"), "").unwrap();
        let store = Store::open(&folder.path().join("data")).unwrap();
        ResetPoint::take(&store, &objects, &kept).unwrap();

        fs::remove_file(objects.join("early")).unwrap();
        let later = ResetPoint::take(&store, &objects, &kept).unwrap();
        later.restore(&store).unwrap();
        assert!(!objects.join("early").exists());
    }
}
