//! The user's own credentials: from the environment, or from the shared credentials file.

use std::path::PathBuf;

use aws::Secret;

use crate::Failure;

/// What requests are signed with.
pub(super) struct OwnCredentials {
    pub(super) access_key_id: String,
    pub(super) secret_access_key: Secret<String>,
    pub(super) session_token: Option<Secret<String>>,
}

impl OwnCredentials {
    /// The environment's if it has any, the profile's otherwise. Read at each use: whoever
    /// changes the file need not start anew.
    pub(super) fn find(profile: &str) -> Result<OwnCredentials, Failure> {
        let set = |name: &str| std::env::var(name).ok().filter(|text| !text.is_empty());
        if let (Some(id), Some(secret)) = (set("AWS_ACCESS_KEY_ID"), set("AWS_SECRET_ACCESS_KEY")) {
            return Ok(OwnCredentials {
                access_key_id: id,
                secret_access_key: Secret::new(secret),
                session_token: set("AWS_SESSION_TOKEN").map(Secret::new),
            });
        }
        let path = match set("AWS_SHARED_CREDENTIALS_FILE") {
            Some(path) => PathBuf::from(path),
            None => PathBuf::from(set("HOME").unwrap_or_default()).join(".aws/credentials"),
        };
        let text = std::fs::read_to_string(&path).map_err(|error| {
            format!(
                "no keys in the environment, and cannot read `{}`: {error}",
                path.display()
            )
        })?;
        of_profile(&text, profile).ok_or_else(|| {
            format!(
                "no keys in the environment, and no profile `{profile}` in `{}`",
                path.display()
            )
            .into()
        })
    }
}

/// The keys of one profile of the shared credentials file.
fn of_profile(text: &str, profile: &str) -> Option<OwnCredentials> {
    let mut within = false;
    let (mut id, mut secret, mut token) = (None, None, None);
    for line in text.lines().map(str::trim) {
        if let Some(name) = line.strip_prefix('[') {
            within = name.strip_suffix(']').map(str::trim) == Some(profile);
            continue;
        }
        let Some((name, value)) = line.split_once('=').filter(|_| within) else {
            continue;
        };
        let value = Some(value.trim().to_owned());
        match name.trim() {
            "aws_access_key_id" => id = value,
            "aws_secret_access_key" => secret = value,
            "aws_session_token" => token = value,
            _ => {}
        }
    }
    Some(OwnCredentials {
        access_key_id: id?,
        secret_access_key: Secret::new(secret?),
        session_token: token.map(Secret::new),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_is_found_among_others() {
        let text = "[default]\naws_access_key_id=A\naws_secret_access_key = a\n\n# of work\n[ work ]\naws_access_key_id = B\naws_secret_access_key = b=\naws_session_token=t\n";
        let work = of_profile(text, "work").unwrap();
        assert_eq!(work.access_key_id, "B");
        assert_eq!(work.secret_access_key.expose(), "b=");
        assert_eq!(work.session_token.unwrap().expose(), "t");
        assert_eq!(of_profile(text, "default").unwrap().access_key_id, "A");
        assert!(of_profile(text, "none").is_none());
    }
}
