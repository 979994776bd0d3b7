//! Actions, and how deep they reach.

use std::borrow::Cow;

use crate::resource_type::ResourceType;
use crate::service::{Service, service};

/// An action of a service.
#[derive(Debug)]
pub struct Action {
    pub(crate) prefix: &'static str,
    pub(crate) name: &'static str,
    pub(crate) number: u16,
    pub(crate) levels: Levels,
    /// Parted by commas, `?` behind what may be left out.
    pub(crate) types: &'static str,
    /// Parted by commas, the service's own beginning with a colon.
    pub(crate) keys: &'static str,
}

impl Action {
    /// Without its service: `GetObject`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The service's prefix: `s3`.
    #[must_use]
    pub fn prefix(&self) -> &'static str {
        self.prefix
    }

    /// As policies write it: `s3:GetObject`.
    #[must_use]
    pub fn full_name(&self) -> String {
        format!("{}:{}", self.prefix, self.name)
    }

    /// The action's place among all actions; it changes when the catalogue does.
    #[must_use]
    pub fn number(&self) -> u16 {
        self.number
    }

    /// What kind of access it is.
    #[must_use]
    pub fn levels(&self) -> Levels {
        self.levels
    }

    /// The types of resources it works on, and whether one of that type must be given. None
    /// means that it works on `*` alone.
    pub fn resource_types(&self) -> impl Iterator<Item = (&'static ResourceType, bool)> {
        let owner = service(self.prefix);
        names(self.types).filter_map(move |name| {
            let bare = name.trim_end_matches('?');
            let found = owner.and_then(|owner| owner.resource_type(bare))?;
            Some((found, bare.len() == name.len()))
        })
    }

    /// Whether it works on resources at all.
    #[must_use]
    pub fn has_resource_types(&self) -> bool {
        !self.types.is_empty()
    }

    /// The condition keys that it brings, besides the global ones and those of its resources.
    pub fn condition_keys(&self) -> impl Iterator<Item = Cow<'static, str>> {
        let prefix = self.prefix;
        names(self.keys).map(move |key| whole(prefix, key))
    }
}

/// The entries of a list parted by commas.
pub(crate) fn names(list: &'static str) -> impl Iterator<Item = &'static str> {
    list.split(',').filter(|name| !name.is_empty())
}

/// A key with its prefix, which the file leaves out where it is the service's own.
pub(crate) fn whole(prefix: &str, key: &'static str) -> Cow<'static, str> {
    if key.starts_with(':') {
        Cow::Owned(format!("{prefix}{key}"))
    } else {
        Cow::Borrowed(key)
    }
}

/// A kind of access.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccessLevel {
    /// Says which resources there are.
    List,
    /// Reads them.
    Read,
    /// Makes, changes or deletes them.
    Write,
    /// Changes their tags.
    Tagging,
    /// Changes who may use them.
    PermissionsManagement,
}

/// The kinds of access that an action is; mostly one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Levels(u8);

impl Levels {
    pub(crate) fn read(letters: &str) -> Levels {
        let bit = |letter| match letter {
            'L' => Levels::bit(AccessLevel::List),
            'R' => Levels::bit(AccessLevel::Read),
            'W' => Levels::bit(AccessLevel::Write),
            'T' => Levels::bit(AccessLevel::Tagging),
            'P' => Levels::bit(AccessLevel::PermissionsManagement),
            _ => 0,
        };
        Levels(letters.chars().map(bit).fold(0, |all, bit| all | bit))
    }

    fn bit(level: AccessLevel) -> u8 {
        match level {
            AccessLevel::List => 1,
            AccessLevel::Read => 2,
            AccessLevel::Write => 4,
            AccessLevel::Tagging => 8,
            AccessLevel::PermissionsManagement => 16,
        }
    }

    /// Whether this kind of access is among them.
    #[must_use]
    pub fn contains(self, level: AccessLevel) -> bool {
        self.0 & Levels::bit(level) != 0
    }
}

impl Service {
    /// The action of this name, `GetObject`, in any case.
    #[must_use]
    pub fn action(&self, name: &str) -> Option<&Action> {
        let actions = self.actions();
        let at = actions
            .binary_search_by(|action| by_name(action.name, name))
            .ok()?;
        actions.get(at)
    }
}

/// Orders names whatever their case.
pub(crate) fn by_name(one: &str, other: &str) -> std::cmp::Ordering {
    let fold = |byte: u8| byte.to_ascii_lowercase();
    one.bytes().map(fold).cmp(other.bytes().map(fold))
}
