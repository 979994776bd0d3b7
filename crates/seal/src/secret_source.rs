//! Where secrets of the configuration come from: a file, or a program that prints them. They
//! never stand in the configuration itself.

use std::io::{self, Read};
use std::path::PathBuf;
use std::process::Command;

use aws::Secret;
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::master::is_open_to_others;

/// The longest secret, in bytes.
const SECRET_BYTES_MAX: u64 = 4_096;

/// `{ file = "…" }` or `{ command = ["…"] }`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SecretSource {
    /// A file that only we can read.
    File(PathBuf),
    /// A command that prints it: program and arguments, no shell.
    Command(Vec<String>),
}

/// Why there is no secret.
#[derive(Debug, thiserror::Error)]
pub enum SecretSourceError {
    /// The file cannot be read.
    #[error("cannot read `{}`: {source}", .path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Others may read the file.
    #[error("`{}` can be read by others: run `chmod 600` on it", .path.display())]
    TooOpen {
        /// Which file.
        path: PathBuf,
    },
    /// The command failed.
    #[error("the command failed: {0}")]
    Command(String),
    /// What it says is no text, or too much.
    #[error("the secret is not a text of at most {SECRET_BYTES_MAX} bytes")]
    Form,
}

impl SecretSource {
    /// Reads the secret. A line's end behind it does not count.
    pub fn read(&self) -> Result<Secret<String>, SecretSourceError> {
        let bytes = Zeroizing::new(match self {
            SecretSource::File(path) => {
                let failed = |source| SecretSourceError::File {
                    path: path.clone(),
                    source,
                };
                let file = std::fs::File::open(path).map_err(failed)?;
                if is_open_to_others(&file).map_err(failed)? {
                    return Err(SecretSourceError::TooOpen { path: path.clone() });
                }
                let mut bytes = Vec::new();
                file.take(SECRET_BYTES_MAX + 1)
                    .read_to_end(&mut bytes)
                    .map_err(failed)?;
                bytes
            }
            SecretSource::Command(command) => {
                printed(command).map_err(SecretSourceError::Command)?
            }
        });
        if bytes.len() as u64 > SECRET_BYTES_MAX {
            return Err(SecretSourceError::Form);
        }
        let text = std::str::from_utf8(&bytes).map_err(|_not_text| SecretSourceError::Form)?;
        let text = text.strip_suffix('\n').unwrap_or(text);
        let text = text.strip_suffix('\r').unwrap_or(text);
        Ok(Secret::new(text.to_owned()))
    }
}

/// What a command (program and arguments, no shell) prints; or why there is nothing.
pub(crate) fn printed(command: &[String]) -> Result<Vec<u8>, String> {
    let (program, arguments) = command
        .split_first()
        .ok_or_else(|| "it is empty".to_owned())?;
    let output = Command::new(program)
        .args(arguments)
        .output()
        .map_err(|error| format!("`{program}`: {error}"))?;
    if !output.status.success() {
        return Err(format!("`{program}` ended with {}", output.status));
    }
    Ok(output.stdout)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(words: &[&str]) -> Result<String, SecretSourceError> {
        let command = words.iter().map(ToString::to_string).collect();
        let secret = SecretSource::Command(command).read()?;
        Ok(secret.expose().clone())
    }

    #[test]
    fn a_secret_is_what_is_printed_without_its_line_end() {
        assert_eq!(command(&["printf", " a b \r\n"]).unwrap(), " a b ");
        assert_eq!(command(&["printf", "a\n\n"]).unwrap(), "a\n");
        assert!(matches!(
            command(&["false"]),
            Err(SecretSourceError::Command(_))
        ));
        assert!(matches!(command(&[]), Err(SecretSourceError::Command(_))));
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        std::fs::write(&path, "hush\n").unwrap();
        let mode = |mode| {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            SecretSource::File(path.clone()).read()
        };
        assert_eq!(mode(0o600).unwrap().expose(), "hush");
        assert!(matches!(
            mode(0o640),
            Err(SecretSourceError::TooOpen { .. })
        ));
    }
}
