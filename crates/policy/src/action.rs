//! Action patterns: `s3:Get*`, in any case.

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

/// What a statement says about actions. Lists of a thousand occur, so each is sorted by
/// what an action can be found by.
#[derive(Debug, Default)]
pub(crate) struct ActionList {
    /// The list is `NotAction`.
    except: bool,
    /// `*` is listed.
    everything: bool,
    /// Actions without wildcards, by hash.
    literals: Box<[(u64, Box<[u8]>)]>,
    /// Patterns by the hash of their service; 0 where a wildcard comes before the colon.
    patterns: Box<[(u64, Box<[u8]>)]>,
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
    pub(crate) fn compile(listed: &Listed<String>) -> ActionList {
        let mut literals = Vec::new();
        let mut patterns = Vec::new();
        let mut everything = false;
        for text in listed.items() {
            if text == "*" {
                everything = true;
                continue;
            }
            let bytes = glob::encode(&key::fold(text));
            let literal = glob::literal_len(&bytes);
            if literal == bytes.len() {
                literals.push((key::hash(&bytes), bytes.into()));
            } else {
                let service = bytes.get(..literal).and_then(service_hash);
                patterns.push((service.unwrap_or(0), bytes.into()));
            }
        }
        literals.sort_by_key(|(hash, _)| *hash);
        patterns.sort_by_key(|(service, _)| *service);
        ActionList {
            except: matches!(listed, Listed::Except(_)),
            everything,
            literals: literals.into(),
            patterns: patterns.into(),
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
        let literal = run(&self.literals, action.hash).any(|literal| key::same(literal, name));
        let matches = |pattern: &[u8]| glob::matches(pattern, name);
        literal
            || run(&self.patterns, 0).any(matches)
            || (action.service_hash != 0 && run(&self.patterns, action.service_hash).any(matches))
    }

    /// Keys of which every action that fits has one.
    pub(crate) fn keys(&self) -> Vec<ActionKey> {
        let unknown = self
            .patterns
            .first()
            .is_some_and(|(service, _)| *service == 0);
        if self.except || self.everything || unknown {
            return vec![ActionKey::Any];
        }
        let literals = self.literals.iter().map(|(hash, _)| ActionKey::Full(*hash));
        let patterns = self
            .patterns
            .iter()
            .map(|(hash, _)| ActionKey::Service(*hash));
        let mut keys: Vec<ActionKey> = literals.chain(patterns).collect();
        keys.dedup();
        keys
    }

    /// A bit for each service of which an action may fit; actions of services that share
    /// a bit have to be looked at.
    pub(crate) fn services(&self) -> u64 {
        let unknown = self
            .patterns
            .first()
            .is_some_and(|(service, _)| *service == 0);
        if self.except || self.everything || unknown {
            return u64::MAX;
        }
        let literals = self.literals.iter();
        let literals = literals.map(|(_, name)| service_hash(name).unwrap_or(0));
        let patterns = self.patterns.iter().map(|(service, _)| *service);
        literals
            .chain(patterns)
            .fold(0, |bits, service| bits | service_bit(service))
    }
}

/// The bit of [`ActionList::services`] for a service.
pub(crate) fn service_bit(service_hash: u64) -> u64 {
    1 << (service_hash >> 58)
}

/// The entries under one hash of a sorted list.
fn run(sorted: &[(u64, Box<[u8]>)], hash: u64) -> impl Iterator<Item = &[u8]> {
    // Most lists are short; a look along them is quicker than halving.
    let start = if sorted.len() <= 8 {
        sorted.iter().position(|(have, _)| *have >= hash)
    } else {
        Some(sorted.partition_point(|(have, _)| *have < hash))
    };
    sorted
        .get(start.unwrap_or(sorted.len())..)
        .unwrap_or_default()
        .iter()
        .take_while(move |(have, _)| *have == hash)
        .map(|(_, bytes)| &**bytes)
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
