//! The algorithms that are signed with.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A signature algorithm (RFC 7518 §3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Algorithm {
    /// RSA with SHA-256, keys of 2048 bits.
    #[serde(rename = "RS256")]
    Rs256,
    /// ECDSA on P-384 with SHA-384.
    #[serde(rename = "ES384")]
    Es384,
}

impl Algorithm {
    /// What tokens and keys call it.
    pub fn name(self) -> &'static str {
        match self {
            Algorithm::Rs256 => "RS256",
            Algorithm::Es384 => "ES384",
        }
    }

    /// What ids of its keys begin with, as AWS's do.
    pub(crate) fn key_prefix(self) -> &'static str {
        match self {
            Algorithm::Rs256 => "RSA",
            Algorithm::Es384 => "EC384",
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
