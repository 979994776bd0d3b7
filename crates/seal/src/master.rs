//! The master key, and where it comes from.

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use aws::Entropy;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::cipher::{KEY_BYTES, Key};
use crate::secret_source::printed;

/// The key that opens the house: 32 bytes. `Debug` hides it, its memory is wiped.
pub struct MasterKey(Key);

/// Why there is no master key.
#[derive(Debug, thiserror::Error)]
pub enum MasterKeyError {
    /// The text is not a key.
    #[error("the master key is not 32 bytes in base64 or hexadecimal")]
    Form,
    /// The file cannot be read or made.
    #[error("cannot use the master key file `{}`: {source}", .path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Others may read the file.
    #[error("the master key file `{}` can be read by others: run `chmod 600` on it", .path.display())]
    TooOpen {
        /// Which file.
        path: PathBuf,
    },
    /// The command failed.
    #[error("the master key command failed: {0}")]
    Command(String),
}

/// The most that a key's text may be long, in bytes.
const TEXT_BYTES_MAX: u64 = 1024;

impl MasterKey {
    /// A new key.
    pub fn generate(entropy: &dyn Entropy) -> MasterKey {
        let mut key = Key::default();
        entropy.fill(&mut key[..]);
        MasterKey(key)
    }

    /// Reads base64 or hexadecimal; space around it does not count.
    pub fn from_text(text: &str) -> Result<MasterKey, MasterKeyError> {
        let text = text.trim();
        let bytes = Zeroizing::new(if text.len() == KEY_BYTES * 2 {
            hex::decode(text).map_err(|_not_hex| MasterKeyError::Form)?
        } else {
            STANDARD
                .decode(text)
                .map_err(|_not_base64| MasterKeyError::Form)?
        });
        if bytes.len() != KEY_BYTES {
            return Err(MasterKeyError::Form);
        }
        let mut key = Key::default();
        key.copy_from_slice(&bytes);
        Ok(MasterKey(key))
    }

    /// Reads the file; makes it, with mode 0600, when it is not there.
    pub fn from_file(path: &Path, entropy: &dyn Entropy) -> Result<MasterKey, MasterKeyError> {
        let failed = |source| MasterKeyError::File {
            path: path.to_owned(),
            source,
        };
        match std::fs::File::open(path) {
            Ok(file) => {
                if is_open_to_others(&file).map_err(failed)? {
                    return Err(MasterKeyError::TooOpen {
                        path: path.to_owned(),
                    });
                }
                let mut text = Zeroizing::new(String::new());
                file.take(TEXT_BYTES_MAX)
                    .read_to_string(&mut text)
                    .map_err(failed)?;
                MasterKey::from_text(&text)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let key = MasterKey::generate(entropy);
                match key.write_new(path, entropy) {
                    Ok(()) => Ok(key),
                    // Another start was faster: its key is the one.
                    Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                        MasterKey::from_file(path, entropy)
                    }
                    Err(error) => Err(failed(error)),
                }
            }
            Err(error) => Err(failed(error)),
        }
    }

    /// Runs the command (program and arguments, no shell) and reads what it prints.
    pub fn from_command(command: &[String]) -> Result<MasterKey, MasterKeyError> {
        let printed = Zeroizing::new(printed(command).map_err(MasterKeyError::Command)?);
        let text = std::str::from_utf8(&printed).map_err(|_not_text| MasterKeyError::Form)?;
        MasterKey::from_text(text)
    }

    pub(crate) fn bytes(&self) -> &[u8; KEY_BYTES] {
        &self.0
    }

    /// Written whole and flushed before it has its name, so that no start finds half a key;
    /// and a name that is taken is not taken over, so that no start loses its key to another.
    fn write_new(&self, path: &Path, entropy: &dyn Entropy) -> io::Result<()> {
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or_else(|| Path::new("."));
        let mut nonce = [0u8; 8];
        entropy.fill(&mut nonce);
        let draft = path.with_extension(format!("{}.draft", hex::encode(nonce)));
        let named = self
            .write_draft(&draft)
            .and_then(|()| self.name_draft(&draft, path));
        // Whatever happened, the draft is done with; what went wrong before matters more.
        let removed = std::fs::remove_file(&draft);
        named.and(removed)?;
        std::fs::File::open(folder)?.sync_all()
    }

    fn name_draft(&self, draft: &Path, path: &Path) -> io::Result<()> {
        match std::fs::hard_link(draft, path) {
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::Unsupported | io::ErrorKind::PermissionDenied
                ) =>
            {
                // Some file systems know no links: the name at least is taken over by nobody.
                self.write_draft(path)
            }
            named => named,
        }
    }

    fn write_draft(&self, draft: &Path) -> io::Result<()> {
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt;
            options.mode(0o600);
        }
        let mut file = options.open(draft)?;
        let text = Zeroizing::new(STANDARD.encode(&self.0[..]) + "\n");
        file.write_all(text.as_bytes())?;
        file.sync_all()
    }
}

impl std::fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MasterKey(…)")
    }
}

#[cfg(unix)]
pub(crate) fn is_open_to_others(file: &std::fs::File) -> io::Result<bool> {
    use std::os::unix::fs::PermissionsExt;
    Ok(file.metadata()?.permissions().mode() & 0o077 != 0)
}

#[cfg(not(unix))]
pub(crate) fn is_open_to_others(_file: &std::fs::File) -> io::Result<bool> {
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws::SystemEntropy;

    #[test]
    fn the_file_is_made_once_and_closed_to_others() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.key");
        let made = MasterKey::from_file(&path, &SystemEntropy).unwrap();
        let read = MasterKey::from_file(&path, &SystemEntropy).unwrap();
        assert_eq!(made.bytes(), read.bytes());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
            assert!(matches!(
                MasterKey::from_file(&path, &SystemEntropy),
                Err(MasterKeyError::TooOpen { .. })
            ));
        }
    }

    #[test]
    fn starts_at_the_same_time_agree_on_one_key() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.key");
        let starts: Vec<_> = (0..8)
            .map(|_| {
                let path = path.clone();
                std::thread::spawn(move || {
                    *MasterKey::from_file(&path, &SystemEntropy).unwrap().bytes()
                })
            })
            .collect();
        let keys: Vec<_> = starts
            .into_iter()
            .map(|start| start.join().unwrap())
            .collect();
        assert!(keys.windows(2).all(|pair| pair[0] == pair[1]));
        // And no draft stays behind.
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_that_holds_no_key_is_refused_and_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.key");
        let made = MasterKey::from_file(&path, &SystemEntropy).unwrap();
        drop(made);
        std::fs::write(&path, "half a ke").unwrap();
        let refusal = MasterKey::from_file(&path, &SystemEntropy).unwrap_err();
        assert!(matches!(refusal, MasterKeyError::Form));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "half a ke");
        let nowhere = folder.path().join("no/such/folder/key");
        let refusal = MasterKey::from_file(&nowhere, &SystemEntropy).unwrap_err();
        assert!(matches!(refusal, MasterKeyError::File { .. }));
    }

    #[test]
    fn debug_hides_the_key() {
        let key = MasterKey::from_text(&"ab".repeat(32)).unwrap();
        assert_eq!(format!("{key:?}"), "MasterKey(…)");
    }

    #[test]
    fn base64_and_hexadecimal_are_the_same_key() {
        let hex = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
        let base64 = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n";
        let of = |text| *MasterKey::from_text(text).unwrap().bytes();
        assert_eq!(of(hex), of(base64));
        for text in ["", "short", "0001020304", &format!("{hex}00")] {
            assert!(MasterKey::from_text(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_command_prints_the_key() {
        let command = |words: &[&str]| {
            MasterKey::from_command(&words.iter().map(ToString::to_string).collect::<Vec<_>>())
        };
        assert!(command(&["echo", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="]).is_ok());
        assert!(matches!(
            command(&["false"]),
            Err(MasterKeyError::Command(_))
        ));
        assert!(matches!(command(&[]), Err(MasterKeyError::Command(_))));
    }
}
