//! Action patterns: `s3:Get*`, in any case.

use smallvec::SmallVec;

use crate::document::Listed;
use crate::glob;
use crate::key;

/// Actions longer than this are folded on the heap; no AWS action comes near.
const INLINE_BYTES: usize = 64;

/// The action of a request, folded and hashed once for all layers.
#[derive(Debug)]
pub(crate) struct Action {
    inline: [u8; INLINE_BYTES],
    len: usize,
    long: Option<String>,
    hash: u64,
    service_hash: u64,
}

impl Action {
    pub(crate) fn new(action: &str) -> Action {
        let mut folded = Action {
            inline: [0; INLINE_BYTES],
            len: action.len(),
            long: None,
            hash: 0,
            service_hash: 0,
        };
        folded.hash = match key::fold_and_hash(action.as_bytes(), &mut folded.inline) {
            Some(hash) => hash,
            None => {
                let name = key::fold(action);
                let hash = key::hash(name.as_bytes());
                folded.long = Some(name.into_owned());
                hash
            }
        };
        folded.service_hash = service_hash(folded.name()).unwrap_or(0);
        folded
    }

    pub(crate) fn name(&self) -> &[u8] {
        match &self.long {
            Some(name) => name.as_bytes(),
            None => self.inline.get(..self.len).unwrap_or_default(),
        }
    }

    pub(crate) fn hash(&self) -> u64 {
        self.hash
    }

    pub(crate) fn service_hash(&self) -> u64 {
        self.service_hash
    }
}

/// The hash of the part before the colon. Never 0, which stands for none.
fn service_hash(action: &[u8]) -> Option<u64> {
    // Services have short names: a plain look is quicker than a clever one.
    let colon = action.iter().position(|byte| *byte == b':')?;
    Some(key::hash(action.get(..colon)?) | 1)
}

/// What a statement says about actions.
#[derive(Debug, Default)]
pub(crate) struct ActionList {
    /// The list is `NotAction`.
    except: bool,
    /// `*` is listed.
    everything: bool,
    /// Everything else that is listed. Lists of a thousand occur, so they are sorted by hash.
    listed: SmallVec<[ListedAction; 1]>,
}

/// An action or a pattern, with what it is found by. Most statements list one or two with
/// short names: these stay inside the statement, so that looking at them fetches little.
#[derive(Debug)]
struct ListedAction {
    /// Of an action without wildcards its own hash, of a pattern that of its service; 0 where
    /// a wildcard comes before the colon.
    hash: u64,
    text: SmallVec<[u8; 24]>,
}

impl ListedAction {
    fn compile(text: &str) -> ListedAction {
        let text = glob::encode(&key::fold(text));
        let literal = glob::literal_len(&text);
        let hash = if literal == text.len() {
            key::hash(&text)
        } else {
            text.get(..literal).and_then(service_hash).unwrap_or(0)
        };
        ListedAction {
            hash,
            text: SmallVec::from_slice(&text),
        }
    }

    /// By what the actions that fit can be found.
    fn key(&self) -> ActionKey {
        let is_pattern = glob::literal_len(&self.text) < self.text.len();
        match self.hash {
            0 => ActionKey::Any,
            service if is_pattern => ActionKey::Service(service),
            full => ActionKey::Full(full),
        }
    }
}

/// By what the actions that a statement fits can be found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum ActionKey {
    Any,
    /// Every action of a service.
    Service(u64),
    /// One action.
    Full(u64),
}

impl ActionList {
    pub(crate) fn compile(listed: &Listed<Vec<String>>) -> ActionList {
        let except = matches!(listed, Listed::Except(_));
        let texts = listed.items().iter();
        let everything = texts.clone().any(|text| text == "*");
        let mut listed: SmallVec<_> = texts
            .filter(|text| *text != "*")
            .map(|text| ListedAction::compile(text))
            .collect();
        listed.sort_by_key(|action: &ListedAction| action.hash);
        ActionList {
            except,
            everything,
            listed,
        }
    }

    /// Whether the statement is about the action.
    pub(crate) fn fits(&self, action: &Action) -> bool {
        self.lists(action) != self.except
    }

    fn lists(&self, action: &Action) -> bool {
        if self.everything {
            return true;
        }
        let name = action.name();
        let matches = |pattern: &[u8]| glob::matches(pattern, name);
        // A hash may be that of an action and of a service: both are looked for.
        self.under(action.hash).any(|text| key::same(text, name))
            || self.under(0).any(matches)
            || (action.service_hash != 0 && self.under(action.service_hash).any(matches))
    }

    /// What is listed under one hash.
    fn under(&self, hash: u64) -> impl Iterator<Item = &[u8]> {
        // Most lists are short; a look along them is quicker than halving.
        let start = if self.listed.len() <= 8 {
            self.listed.iter().position(|have| have.hash >= hash)
        } else {
            Some(self.listed.partition_point(|have| have.hash < hash))
        };
        self.listed
            .get(start.unwrap_or(self.listed.len())..)
            .unwrap_or_default()
            .iter()
            .take_while(move |have| have.hash == hash)
            .map(|have| &*have.text)
    }

    /// Keys of which every action that fits has one.
    pub(crate) fn keys(&self) -> Vec<ActionKey> {
        if self.except || self.everything {
            return vec![ActionKey::Any];
        }
        let mut keys: Vec<ActionKey> = self.listed.iter().map(ListedAction::key).collect();
        keys.sort_unstable();
        keys.dedup();
        if keys.first() == Some(&ActionKey::Any) {
            keys.truncate(1);
        }
        keys
    }

    /// A bit for each service of which an action may fit; actions of services that share
    /// a bit have to be looked at.
    pub(crate) fn services(&self) -> u64 {
        if self.except || self.everything {
            return u64::MAX;
        }
        let bits = |action: &ListedAction| match action.key() {
            ActionKey::Any => u64::MAX,
            ActionKey::Service(service) => service_bit(service),
            ActionKey::Full(_) => service_bit(service_hash(&action.text).unwrap_or(0)),
        };
        self.listed.iter().fold(0, |all, action| all | bits(action))
    }
}

/// The bit of [`ActionList::services`] for a service.
pub(crate) fn service_bit(service_hash: u64) -> u64 {
    1 << (service_hash >> 58)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(patterns: &[&str]) -> ActionList {
        let listed = patterns.iter().map(|&text| text.to_owned()).collect();
        ActionList::compile(&Listed::Only(listed))
    }

    #[test]
    fn actions_ignore_case() {
        for pattern in ["S3:getOBJECT", "s3:GET*", "*:GetObject", "s?:*", "*", "s3*"] {
            assert!(
                list(&[pattern]).fits(&Action::new("s3:GetObject")),
                "{pattern}"
            );
            assert!(!list(&["s3:Get"]).fits(&Action::new("s3:GetObject")));
        }
    }

    #[test]
    fn long_lists_and_long_actions_are_found() {
        let many: Vec<String> = (0..500).map(|n| format!("s{n}:Get{n}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).chain(["x:Y*"]).collect();
        let list = list(&many);
        assert!(list.fits(&Action::new("s77:get77")));
        assert!(list.fits(&Action::new(&format!("X:y{}", "é".repeat(200)))));
        assert!(!list.fits(&Action::new("s77:get78")));
        assert_eq!(list.keys().len(), 501);
    }

    #[test]
    fn a_list_of_exceptions_turns_the_answer_around() {
        let except = ActionList::compile(&Listed::Except(vec!["iam:*".to_owned()]));
        assert!(except.fits(&Action::new("s3:GetObject")));
        assert!(!except.fits(&Action::new("IAM:GetRole")));
        assert_eq!(except.keys(), [ActionKey::Any]);
        // Nothing is listed, so nothing is excepted, and nothing fits.
        assert!(ActionList::compile(&Listed::Except(vec![])).fits(&Action::new("a:b")));
        assert!(!list(&[]).fits(&Action::new("a:b")));
    }
}
