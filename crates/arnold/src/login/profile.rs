//! A profile in the file of credentials that the AWS CLI and the SDKs read.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use crate::Failure;
use crate::login::credentials::Credentials;

/// The region of a profile that is not for AWS.
const REGION: &str = "us-east-1";

/// Writes the profile and says where. Everything else in the file stays as it is.
pub(super) fn write(
    name: &str,
    credentials: &Credentials,
    endpoint: Option<&str>,
) -> Result<PathBuf, Failure> {
    let path = match std::env::var_os("AWS_SHARED_CREDENTIALS_FILE") {
        Some(path) => PathBuf::from(path),
        None => home()?.join(".aws").join("credentials"),
    };
    // A link stays a link: what it leads to is written.
    let path = std::fs::canonicalize(&path).unwrap_or(path);
    let before = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(format!("cannot read `{}`: {error}", path.display()).into()),
    };
    let mut section = format!(
        "[{name}]\naws_access_key_id = {}\naws_secret_access_key = {}\naws_session_token = {}\nx_security_token_expires = {}\n",
        credentials.access_key_id,
        credentials.secret_access_key.expose(),
        credentials.session_token,
        credentials.expiration,
    );
    if let Some(endpoint) = endpoint {
        // Writing to a string does not fail.
        let _ = write!(section, "endpoint_url = {endpoint}\nregion = {REGION}\n");
    }
    write_secret(&path, &with_section(&before, name, &section)?)?;
    Ok(path)
}

/// The text with the section in the place of the one of this name, or behind everything.
fn with_section(text: &str, name: &str, section: &str) -> Result<String, Failure> {
    if name.trim() != name || name.is_empty() || name.contains(['[', ']', '\n', '\r']) {
        return Err(format!("`{name}` is not a name for a profile").into());
    }
    let mut out = String::new();
    let mut old = Vec::new();
    let mut written = false;
    let mut inside = false;
    for line in text.lines() {
        if let Some(found) = heading(line) {
            inside = found == name;
            if inside && !written {
                out.push_str(section);
                out.push('\n');
                written = true;
            }
        }
        if inside {
            old.push(line);
        } else {
            out.push_str(line);
            out.push('\n');
        }
    }
    let has = |key: &str| {
        old.iter()
            .filter_map(|line| line.split_once('='))
            .any(|(found, _)| found.trim() == key)
    };
    if has("aws_access_key_id") && !has("aws_session_token") {
        return Err(format!(
            "the profile `{name}` holds a long-term access key, which would be lost: choose another with `--profile`"
        )
        .into());
    }
    if !written {
        if !out.is_empty() && !out.ends_with("\n\n") {
            out.push('\n');
        }
        out.push_str(section);
    }
    Ok(out)
}

/// The name of the section that begins with this line.
fn heading(line: &str) -> Option<&str> {
    let inside = line.trim().strip_prefix('[')?;
    inside.split_once(']').map(|(name, _)| name.trim())
}

/// The person's home.
pub(super) fn home() -> Result<PathBuf, Failure> {
    match std::env::var_os("HOME").or_else(|| std::env::var_os("USERPROFILE")) {
        Some(home) if !home.is_empty() => Ok(PathBuf::from(home)),
        _ => Err("there is no home folder: set `HOME`".into()),
    }
}

/// Writes a file that nobody else can read, whole or not at all.
pub(super) fn write_secret(path: &Path, text: &str) -> Result<(), Failure> {
    let failed = |error: std::io::Error| format!("cannot write `{}`: {error}", path.display());
    let folder = path.parent().unwrap_or_else(|| Path::new("."));
    make_folder(folder).map_err(failed)?;
    // A temporary file is made with mode 0600.
    let mut draft = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    draft.write_all(text.as_bytes()).map_err(failed)?;
    draft.as_file().sync_all().map_err(failed)?;
    draft.persist(path).map_err(|error| failed(error.error))?;
    Ok(())
}

fn make_folder(folder: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder.create(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECTION: &str = "[arnold]\naws_access_key_id = new\naws_session_token = t\n";

    #[test]
    fn a_profile_takes_the_place_of_its_older_self_and_of_nothing_else() {
        let written = |before: &str| with_section(before, "arnold", SECTION).unwrap();
        assert_eq!(written(""), SECTION);
        assert_eq!(
            written("# mine\n[default]\naws_access_key_id = a\n"),
            format!("# mine\n[default]\naws_access_key_id = a\n\n{SECTION}")
        );
        let old = "[arnold]\naws_access_key_id = old\naws_session_token = t\n";
        assert_eq!(
            written(&format!("[a]\nx = 1\n\n{old}\n[b]\ny = 2\n")),
            format!("[a]\nx = 1\n\n{SECTION}\n[b]\ny = 2\n")
        );
        assert_eq!(written(&written(old)).matches("[arnold]").count(), 1);
    }

    #[test]
    fn a_long_term_key_is_not_overwritten() {
        let key = "[arnold]\naws_access_key_id = AKIA\naws_secret_access_key = s\n";
        let refusal = with_section(key, "arnold", SECTION)
            .unwrap_err()
            .to_string();
        assert!(refusal.contains("long-term access key"), "{refusal}");
    }

    #[test]
    fn a_name_cannot_break_the_file() {
        for name in ["", " a", "a]\n[default", "[", "a\nb"] {
            assert!(with_section("", name, SECTION).is_err(), "{name:?}");
        }
    }
}
