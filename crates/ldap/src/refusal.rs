//! Why somebody is not let in.

/// Why somebody is not let in. What it says is for the record: whoever signs in must not learn
/// from us whether a login exists.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Nothing was given that could be a login.
    #[error("the login is empty, too long, or has characters that no login has")]
    Login,
    /// RFC 4513 §5.1.2: a bind with a name and no password succeeds, and proves nothing.
    #[error("the password is empty, which a directory would take for an anonymous bind")]
    EmptyPassword,
    /// The password is none that anybody can have.
    #[error("the password is too long, or has a NUL character")]
    Password,
    /// There is no such person.
    #[error("the directory has no entry for this login")]
    Unknown,
    /// Several entries match: which of them it is, nobody knows.
    #[error("the directory has several entries for this login")]
    Ambiguous,
    /// The directory did not take the password.
    #[error("the directory refused the password of `{dn}`: {why}")]
    Refused {
        /// The entry.
        dn: String,
        /// What the directory said.
        why: String,
    },
    /// The entry does not say what the person is called.
    #[error("the entry `{dn}` does not have exactly one `{attribute}`")]
    NoName {
        /// The entry.
        dn: String,
        /// The attribute of the configuration.
        attribute: String,
    },
    /// Groups without end.
    #[error("the entry `{dn}` is in more than {max} groups")]
    TooManyGroups {
        /// The entry.
        dn: String,
        /// How many are looked at.
        max: usize,
    },
    /// No server of the directory could be asked. This says nothing about the person.
    #[error("no server of the directory answered as it should: {0}")]
    Unavailable(String),
}

impl Refusal {
    /// Whether nobody could be asked: the person may try again and is not to blame.
    pub fn is_outage(&self) -> bool {
        matches!(self, Refusal::Unavailable(_))
    }
}
