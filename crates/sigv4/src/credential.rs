//! The credential of a signature: a key, and what the signature is narrowed to.

use crate::split::split;

/// `KEY/DATE/REGION/SERVICE/TERMINATOR`, in one piece.
#[derive(Debug, Clone)]
pub(crate) struct Credential {
    text: String,
    /// Where the slashes stand.
    slashes: [usize; 4],
}

impl Credential {
    /// Five parts, none of them empty.
    pub(crate) fn read(text: &str) -> Option<Credential> {
        let mut slashes = [0; 4];
        let mut parts = split(text, b'/').filter(|part| !part.is_empty());
        let mut end = 0;
        for slash in &mut slashes {
            end += parts.next()?.len();
            *slash = end;
            end += 1;
        }
        end += parts.next()?.len();
        // Anything else, an empty part too, would make it longer.
        (end == text.len()).then(|| Credential {
            text: text.to_owned(),
            slashes,
        })
    }

    fn between(&self, start: usize, end: usize) -> &str {
        self.text.get(start..end).unwrap_or_default()
    }

    pub(crate) fn access_key_id(&self) -> &str {
        self.between(0, self.slashes[0])
    }

    pub(crate) fn date(&self) -> &str {
        self.between(self.slashes[0] + 1, self.slashes[1])
    }

    pub(crate) fn region(&self) -> &str {
        self.between(self.slashes[1] + 1, self.slashes[2])
    }

    pub(crate) fn service(&self) -> &str {
        self.between(self.slashes[2] + 1, self.slashes[3])
    }

    pub(crate) fn terminator(&self) -> &str {
        self.between(self.slashes[3] + 1, self.text.len())
    }

    /// All but the key, as it is signed.
    pub(crate) fn scope(&self) -> &str {
        self.between(self.slashes[0] + 1, self.text.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credential_has_five_parts() {
        let credential = Credential::read("AKIA/20260102/us-east-1/sts/aws4_request").unwrap();
        assert_eq!(credential.access_key_id(), "AKIA");
        assert_eq!(credential.date(), "20260102");
        assert_eq!(credential.region(), "us-east-1");
        assert_eq!(credential.service(), "sts");
        assert_eq!(credential.terminator(), "aws4_request");
        assert_eq!(credential.scope(), "20260102/us-east-1/sts/aws4_request");
        for text in [
            "",
            "/",
            "////",
            "a",
            "a/b/c/d",
            "a/b/c/d/",
            "/a/b/c/d",
            "a//b/c/d",
            "a/b/c/d/e/f",
            "a/b/c/d/e/",
            "/a/b/c/d/e",
            "a//b/c/d/e",
            "a/b/c/d//e",
        ] {
            assert!(Credential::read(text).is_none(), "{text}");
        }
    }
}
