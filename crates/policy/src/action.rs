//! Action patterns: `s3:Get*`, in any case.

use crate::glob;
use crate::key;

/// An action pattern of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ActionPattern {
    /// `*`
    Everything,
    /// One action, folded, with its hash.
    Literal { hash: u64, name: Box<[u8]> },
    /// A pattern, folded.
    Glob(Box<[u8]>),
}

/// Actions longer than this are folded on the heap; no AWS action comes near.
const INLINE_BYTES: usize = 96;

/// The action of a request, folded once for all layers.
#[derive(Debug)]
pub(crate) struct Action {
    inline: [u8; INLINE_BYTES],
    len: usize,
    long: Option<String>,
    hash: u64,
}

impl Action {
    pub(crate) fn new(action: &str) -> Action {
        let mut folded = Action {
            inline: [0; INLINE_BYTES],
            len: 0,
            long: None,
            hash: 0,
        };
        match folded.inline.get_mut(..action.len()) {
            Some(room) if action.is_ascii() => {
                room.copy_from_slice(action.as_bytes());
                room.make_ascii_lowercase();
                folded.len = action.len();
            }
            _ => folded.long = Some(key::fold(action).into_owned()),
        }
        folded.hash = key::hash(folded.name());
        folded
    }

    pub(crate) fn name(&self) -> &[u8] {
        match &self.long {
            Some(name) => name.as_bytes(),
            None => self.inline.get(..self.len).unwrap_or_default(),
        }
    }
}

impl ActionPattern {
    pub(crate) fn compile(text: &str) -> ActionPattern {
        if text == "*" {
            return ActionPattern::Everything;
        }
        let bytes = glob::encode(&key::fold(text));
        if glob::literal_len(&bytes) == bytes.len() {
            ActionPattern::Literal {
                hash: key::hash(&bytes),
                name: bytes.into(),
            }
        } else {
            ActionPattern::Glob(bytes.into())
        }
    }

    pub(crate) fn matches(&self, action: &Action) -> bool {
        match self {
            ActionPattern::Everything => true,
            ActionPattern::Literal { hash, name } => {
                *hash == action.hash && **name == *action.name()
            }
            ActionPattern::Glob(pattern) => glob::matches(pattern, action.name()),
        }
    }
}
