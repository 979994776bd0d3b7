//! Finds the few statements of a large set that may be about a request.
//!
//! Each statement is entered under keys of which every request that it fits has at least
//! one: an action or its service, a resource or the text its patterns begin with, or both.
//! Which of these is chosen by what sets it apart from the other statements. A request then
//! looks under the keys it has; what it finds there is only a candidate.

use std::collections::HashMap;

use crate::action::{Action, ActionKey};
use crate::key;

/// Keys that a statement may be entered under; one with more is looked at every time.
const KEYS_MAX: usize = 1024;
/// Pairs of keys that a statement may be entered under.
const PAIRS_MAX: usize = 64;
/// As many statements may share a key before another kind of key is tried.
const SHARED_MAX: usize = 4;
/// Lengths of beginnings that are looked up; others are cut to the next shorter.
const LENGTHS_MAX: usize = 8;
/// Beginnings shorter than this say nothing: every ARN starts with `arn:aws:`.
const LENGTH_MIN: usize = 9;

/// By what the resources that a statement fits can be found.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum ResourceKey<'s> {
    Any,
    /// They begin with this.
    Beginning(&'s [u8]),
    /// It is this.
    Exact(&'s [u8]),
}

/// An index over statements, which are known by their number.
#[derive(Debug, Default)]
pub(crate) struct Index {
    /// Statements that no key sets apart.
    always: Box<[u32]>,
    /// What to look up, by the part of the resource that is hashed.
    lookups: Box<[Lookup]>,
    /// For each slot a byte of its key, never 0; 0 if it is free. Keys that are not there
    /// are mostly told from these alone, and these stay in the processor's cache.
    tags: Box<[u8]>,
    /// Open addressing; the length is a power of two, at least half of it free.
    slots: Box<[Slot]>,
    /// The statements under each key, one list after the other.
    lists: Box<[u32]>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Lookup {
    extent: Extent,
    any_action: bool,
    service: bool,
    full_action: bool,
}

/// How much of the resource is hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Extent {
    Nothing,
    Beginning(usize),
    Whole,
}

#[derive(Debug, Clone, Copy, Default)]
struct Slot {
    key: u64,
    start: u32,
    len: u32,
}

/// The keys of one statement.
#[derive(Debug)]
pub(crate) struct Keys<'s> {
    pub(crate) actions: Vec<ActionKey>,
    pub(crate) resources: Vec<ResourceKey<'s>>,
}

impl<'s> Keys<'s> {
    /// The keys that set the statement apart, given with how many statements it shares
    /// its actions and its resources (none if these tell nothing).
    fn telling(
        &self,
        shared_action: Option<usize>,
        shared_resource: Option<usize>,
    ) -> (&[ActionKey], &[ResourceKey<'s>]) {
        let (actions, resources) = (self.actions.as_slice(), self.resources.as_slice());
        let any = (&[ActionKey::Any][..], &[ResourceKey::Any][..]);
        let by_action = shared_action.filter(|_| actions.len() <= KEYS_MAX);
        let by_resource = shared_resource.filter(|_| resources.len() <= KEYS_MAX);
        match (by_action, by_resource) {
            (_, Some(few)) if few <= SHARED_MAX => (any.0, resources),
            (Some(few), _) if few <= SHARED_MAX => (actions, any.1),
            (Some(_), Some(_)) if actions.len() * resources.len() <= PAIRS_MAX => {
                (actions, resources)
            }
            (Some(with), Some(among)) if with < among => (actions, any.1),
            (_, Some(_)) => (any.0, resources),
            (Some(_), None) => (actions, any.1),
            (None, None) => any,
        }
    }
}

impl Index {
    /// Builds the index over the keys of all statements, in their order.
    pub(crate) fn build(mut statements: Vec<Keys<'_>>) -> Index {
        let lengths = chosen_lengths(&statements);
        for keys in &mut statements {
            for key in &mut keys.resources {
                shorten(key, &lengths);
            }
            if keys.resources.contains(&ResourceKey::Any) {
                keys.resources = vec![ResourceKey::Any];
            }
        }
        let actions = counts(statements.iter().map(|keys| &keys.actions));
        let resources = counts(statements.iter().map(|keys| &keys.resources));
        let mut always = Vec::new();
        let mut entries: HashMap<(Extent, ActionKey, u64), Vec<u32>> = HashMap::new();
        for (number, keys) in (0_u32..).zip(&statements) {
            let (by_actions, by_resources) = keys.telling(
                shared(&keys.actions, &actions, &ActionKey::Any),
                shared(&keys.resources, &resources, &ResourceKey::Any),
            );
            if by_actions.contains(&ActionKey::Any) && by_resources.contains(&ResourceKey::Any) {
                always.push(number);
                continue;
            }
            for action in by_actions {
                for resource in by_resources {
                    let (extent, hash) = resource_hash(resource);
                    let key = (extent, *action, hash);
                    entries.entry(key).or_default().push(number);
                }
            }
        }
        Index::lay_out(always, entries)
    }

    fn lay_out(always: Vec<u32>, entries: HashMap<(Extent, ActionKey, u64), Vec<u32>>) -> Index {
        let mut slots = vec![Slot::default(); (entries.len() * 2 + 1).next_power_of_two()];
        let mut tags = vec![0; slots.len()];
        let mut lists = Vec::new();
        let mut lookups: Vec<Lookup> = Vec::new();
        for ((extent, action, resource), mut numbers) in entries {
            numbers.dedup();
            let at = match lookups.iter_mut().find(|lookup| lookup.extent == extent) {
                Some(lookup) => lookup,
                None => {
                    lookups.push(Lookup {
                        extent,
                        any_action: false,
                        service: false,
                        full_action: false,
                    });
                    let Some(last) = lookups.last_mut() else {
                        continue;
                    };
                    last
                }
            };
            let action = match action {
                ActionKey::Any => {
                    at.any_action = true;
                    0
                }
                ActionKey::Service(hash) => {
                    at.service = true;
                    hash
                }
                ActionKey::Full(hash) => {
                    at.full_action = true;
                    hash
                }
            };
            let key = combine(action, resource);
            let mask = slots.len() - 1;
            let mut place = place(key, mask);
            while tags.get(place).is_some_and(|tag| *tag != 0) {
                place = (place + 1) & mask;
            }
            if let (Some(slot), Some(free)) = (slots.get_mut(place), tags.get_mut(place)) {
                *free = tag(key);
                *slot = Slot {
                    key,
                    start: u32::try_from(lists.len()).unwrap_or(u32::MAX),
                    len: u32::try_from(numbers.len()).unwrap_or(u32::MAX),
                };
            }
            lists.extend(numbers);
        }
        lookups.sort_by_key(|lookup| lookup.extent);
        Index {
            always: always.into(),
            lookups: lookups.into(),
            tags: tags.into(),
            slots: slots.into(),
            lists: lists.into(),
        }
    }

    /// Gives every candidate to `visit` until it breaks off. One may come twice.
    pub(crate) fn candidates<B>(
        &self,
        action: &Action,
        resource: &[u8],
        mut visit: impl FnMut(u32) -> std::ops::ControlFlow<B>,
    ) -> std::ops::ControlFlow<B> {
        for number in &self.always {
            visit(*number)?;
        }
        let mut hasher = Hasher::new(resource);
        for lookup in &self.lookups {
            let hash = match lookup.extent {
                Extent::Nothing => NOTHING,
                Extent::Beginning(len) if len > resource.len() => continue,
                Extent::Beginning(len) => hasher.beginning(len),
                Extent::Whole => hasher.whole(),
            };
            if lookup.any_action {
                self.under(combine(0, hash), &mut visit)?;
            }
            if lookup.service {
                self.under(combine(action.service_hash(), hash), &mut visit)?;
            }
            if lookup.full_action {
                self.under(combine(action.hash(), hash), &mut visit)?;
            }
        }
        std::ops::ControlFlow::Continue(())
    }

    fn under<B>(
        &self,
        key: u64,
        visit: &mut impl FnMut(u32) -> std::ops::ControlFlow<B>,
    ) -> std::ops::ControlFlow<B> {
        let mask = self.tags.len().wrapping_sub(1);
        let (mut place, wanted) = (place(key, mask), tag(key));
        // INVARIANT: some slot is free, so the search ends.
        while let Some(have) = self.tags.get(place).filter(|tag| **tag != 0) {
            let slot = (*have == wanted).then(|| self.slots.get(place)).flatten();
            if let Some(slot) = slot.filter(|slot| slot.key == key) {
                let start = slot.start as usize;
                let list = self.lists.get(start..start + slot.len as usize);
                for number in list.unwrap_or_default() {
                    visit(*number)?;
                }
            }
            place = (place + 1) & mask;
        }
        std::ops::ControlFlow::Continue(())
    }
}

fn place(key: u64, mask: usize) -> usize {
    // The low bits are all that is asked for.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "only the low bits are kept by the mask"
    )]
    let low = key as usize;
    low & mask
}

/// What [`Index::tags`] has of a key: its highest bits, which [`place`] does not use.
fn tag(key: u64) -> u8 {
    let [.., highest] = key.to_le_bytes();
    highest | 1
}

fn combine(action: u64, resource: u64) -> u64 {
    key::finish(key::mix(action, resource))
}

/// How many statements have each key.
fn counts<'k, K: Eq + std::hash::Hash + 'k>(
    lists: impl Iterator<Item = &'k Vec<K>>,
) -> HashMap<&'k K, usize> {
    let mut counts = HashMap::new();
    for key in lists.flatten() {
        *counts.entry(key).or_default() += 1;
    }
    counts
}

/// With how many statements one shares its commonest key; none if it has no keys.
fn shared<K: Eq + std::hash::Hash>(
    keys: &[K],
    counts: &HashMap<&K, usize>,
    any: &K,
) -> Option<usize> {
    if keys.contains(any) {
        return None;
    }
    Some(
        keys.iter()
            .filter_map(|key| counts.get(key))
            .copied()
            .max()
            .unwrap_or(0),
    )
}

/// The lengths of beginnings to look up: the commonest, in order.
fn chosen_lengths(statements: &[Keys<'_>]) -> Vec<usize> {
    let mut counts: HashMap<usize, usize> = HashMap::new();
    for key in statements.iter().flat_map(|keys| &keys.resources) {
        if let ResourceKey::Beginning(bytes) = key
            && bytes.len() >= LENGTH_MIN
        {
            *counts.entry(bytes.len()).or_default() += 1;
        }
    }
    let mut lengths: Vec<(usize, usize)> = counts.into_iter().collect();
    lengths.sort_by_key(|(len, count)| (std::cmp::Reverse(*count), *len));
    // Keep the shortest as well, so that few beginnings are cut to nothing.
    let shortest = lengths.iter().map(|(len, _)| *len).min();
    lengths.truncate(LENGTHS_MAX);
    let mut lengths: Vec<usize> = lengths.into_iter().map(|(len, _)| len).collect();
    lengths.extend(shortest);
    lengths.sort_unstable();
    lengths.dedup();
    lengths
}

fn shorten(key: &mut ResourceKey<'_>, lengths: &[usize]) {
    if let ResourceKey::Beginning(bytes) = key {
        let fitting = lengths.iter().rev().find(|len| **len <= bytes.len());
        *key = match fitting.and_then(|len| bytes.get(..*len)) {
            Some(bytes) => ResourceKey::Beginning(bytes),
            None => ResourceKey::Any,
        };
    }
}

/// Stands for the resource where it is not looked at.
const NOTHING: u64 = 1;

fn resource_hash(key: &ResourceKey<'_>) -> (Extent, u64) {
    match key {
        ResourceKey::Any => (Extent::Nothing, NOTHING),
        ResourceKey::Beginning(bytes) => {
            let hash = Hasher::new(bytes).beginning(bytes.len());
            (Extent::Beginning(bytes.len()), hash)
        }
        ResourceKey::Exact(bytes) => (Extent::Whole, Hasher::new(bytes).whole()),
    }
}

/// Hashes longer and longer beginnings of one text without starting over.
struct Hasher<'t> {
    text: &'t [u8],
    state: u64,
    /// Whole words that are in the state.
    words: usize,
}

impl<'t> Hasher<'t> {
    fn new(text: &'t [u8]) -> Hasher<'t> {
        Hasher {
            text,
            state: 0,
            words: 0,
        }
    }

    /// The hash of the first `len` bytes; `len` must not shrink from call to call.
    fn beginning(&mut self, len: usize) -> u64 {
        while (self.words + 1) * 8 <= len {
            let word = self.text.get(self.words * 8..self.words * 8 + 8);
            self.state = key::mix(self.state, key::load(word.unwrap_or_default()));
            self.words += 1;
        }
        let whole = self.words * 8;
        let rest = key::load_part(self.text, whole, len - whole);
        key::mix(key::mix(self.state, rest), len as u64)
    }

    fn whole(&mut self) -> u64 {
        // A beginning may be as long as the whole: the two must not look the same.
        self.beginning(self.text.len()).rotate_left(1)
    }
}
