//! Refusals: why an answer of a security key does not count, for the log.

/// Why an answer was refused. People hear less.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A part is longer than any honest one.
    #[error("{0} is too long")]
    TooLong(&'static str),
    /// The client data cannot be read.
    #[error("the client data is not the JSON object that browsers write: {0}")]
    ClientData(String),
    /// The answer was made for the other ceremony.
    #[error("the answer is a `{found}`, not a `{wanted}`")]
    Type {
        /// What it must be.
        wanted: &'static str,
        /// What it is.
        found: String,
    },
    /// The answer was made for another challenge.
    #[error("the answer was made for another challenge")]
    Challenge,
    /// The answer was made at another origin.
    #[error("the answer was made at `{found}`, not at `{wanted}`")]
    Origin {
        /// Ours.
        wanted: String,
        /// Theirs.
        found: String,
    },
    /// The answer was made in a frame of another site.
    #[error("the answer was made in a frame of another site")]
    CrossOrigin,
    /// The authenticator data has another form.
    #[error("the authenticator data cannot be read: {0}")]
    AuthenticatorData(&'static str),
    /// The key was used for another relying party.
    #[error("the key answered for another relying party than `{0}`")]
    PartyId(String),
    /// Nobody touched the key.
    #[error("nobody touched the key: its answer lacks the user's presence")]
    NotPresent,
    /// Flags that contradict each other, or what is known of the key.
    #[error("the key's answer contradicts itself about backups")]
    Backup,
    /// A registration without a key in it.
    #[error("the registration holds no key")]
    NoKey,
    /// The attestation object cannot be read.
    #[error("the attestation object cannot be read: {0}")]
    Attestation(&'static str),
    /// An attestation that was not asked for.
    #[error("the attestation is of the format `{0}`, and none was asked for")]
    AttestationFormat(String),
    /// The key's own signature over its registration does not hold.
    #[error("the attestation's signature does not hold")]
    AttestationSignature,
    /// The public key is of a kind that was not asked for.
    #[error("the public key cannot be used: {0}")]
    PublicKey(&'static str),
    /// The answer is from somebody else.
    #[error("the answer names another user")]
    UserHandle,
    /// The signature does not hold.
    #[error("the signature does not hold")]
    Signature,
    /// The count of signatures did not grow.
    #[error("the key's counter went from {kept} to {found}: there may be a copy of the key")]
    Counter {
        /// What was kept.
        kept: u32,
        /// What came.
        found: u32,
    },
}
