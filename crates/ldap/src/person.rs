//! A person whom a directory vouches for.

use crate::dn::Dn;

/// A person whose password a directory has taken. There is no public constructor:
/// [`Directory::verify`](crate::Directory::verify) is the only way to hold one.
#[derive(Debug, Clone)]
pub struct Person {
    pub(crate) dn: Dn,
    pub(crate) name: String,
    pub(crate) mail: Option<String>,
    pub(crate) groups: Vec<Dn>,
}

impl Person {
    /// Their entry.
    pub fn dn(&self) -> &Dn {
        &self.dn
    }

    /// What they are called: the one value of the name attribute, as the directory spells it,
    /// whatever they typed.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Their mail address.
    pub fn mail(&self) -> Option<&str> {
        self.mail.as_deref()
    }

    /// The groups that they are in.
    pub fn groups(&self) -> &[Dn] {
        &self.groups
    }

    /// Whether they are in this group.
    pub fn is_in(&self, group: &Dn) -> bool {
        self.groups.contains(group)
    }
}
