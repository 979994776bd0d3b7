//! What is known about a request: its condition keys.

use std::net::IpAddr;
use std::ops::Range;
use std::sync::OnceLock;

use crate::instant;
use crate::key::{self, Key};

/// The condition keys of one request. Names ignore case, those of tags included.
#[derive(Debug, Clone, Default)]
pub struct Context {
    /// Every name and value as they were set, one after the other: one piece of memory for all.
    text: String,
    values: Vec<Stored>,
    /// Every setting, in its order. A key that was set again has several.
    settings: Vec<Setting>,
    /// Made when the first key is looked for: many a request meets no condition.
    index: OnceLock<Index>,
}

/// A name with the values that it was given.
#[derive(Debug, Clone)]
struct Setting {
    name: Range<usize>,
    values: Range<usize>,
    shape: Shape,
}

/// Whether a key holds one value by nature or a set of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    Single,
    Many,
}

#[derive(Debug, Clone)]
struct Stored {
    text: Range<usize>,
    typed: Typed,
}

/// What a value is, where whoever set it knew; otherwise its text is read when asked.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Typed {
    Text,
    Bool(bool),
    Number(i64),
    Time(i64),
    Address(IpAddr),
}

/// One value of a key.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Value<'c> {
    pub(crate) text: &'c str,
    pub(crate) typed: Typed,
}

/// A key that is present, with at least one value.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Found<'c> {
    context: &'c Context,
    entry: &'c Entry,
}

impl<'c> Found<'c> {
    pub(crate) fn values(self) -> impl Iterator<Item = Value<'c>> {
        let stored = self.context.values.get(self.entry.values.clone());
        stored.unwrap_or_default().iter().map(move |stored| Value {
            text: self.context.slice(&stored.text),
            typed: stored.typed,
        })
    }

    /// Whether the key holds a set by nature, be it of one value.
    pub(crate) fn is_set(self) -> bool {
        self.entry.shape == Shape::Many
    }

    /// The value that stands for the key in a variable. A set has none.
    pub(crate) fn only_text(self) -> Option<&'c str> {
        let first = self.values().next()?;
        (!self.is_set()).then_some(first.text)
    }
}

impl Context {
    /// A context without keys.
    pub fn new() -> Context {
        Context::default()
    }

    /// A context without keys, with room for those of a usual request.
    pub fn with_room() -> Context {
        const KEYS: usize = 32;
        Context {
            text: String::with_capacity(48 * KEYS),
            values: Vec::with_capacity(KEYS),
            settings: Vec::with_capacity(KEYS),
            index: OnceLock::new(),
        }
    }

    /// Sets a single-valued key, replacing what it held.
    pub fn set(&mut self, key: impl AsRef<str>, value: impl AsRef<str>) -> &mut Context {
        self.set_typed(key.as_ref(), value.as_ref(), Typed::Text)
    }

    /// Sets a multivalued key, replacing what it held. A set without values is as absent.
    pub fn set_many(
        &mut self,
        key: impl AsRef<str>,
        values: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> &mut Context {
        let first = self.values.len();
        for value in values {
            self.store(value.as_ref(), Typed::Text);
        }
        self.name(key.as_ref(), first, Shape::Many);
        self
    }

    /// Sets a key to `true` or `false`.
    pub fn set_bool(&mut self, key: impl AsRef<str>, value: bool) -> &mut Context {
        let text = if value { "true" } else { "false" };
        self.set_typed(key.as_ref(), text, Typed::Bool(value))
    }

    /// Sets a key to a whole number.
    pub fn set_number(&mut self, key: impl AsRef<str>, value: i64) -> &mut Context {
        self.set_typed(key.as_ref(), &value.to_string(), Typed::Number(value))
    }

    /// Sets a key to an instant, given in seconds since 1970. Its text is the ISO 8601
    /// form that AWS gives such keys.
    pub fn set_time(&mut self, key: impl AsRef<str>, epoch_s: i64) -> &mut Context {
        let text = instant::to_text(epoch_s);
        self.set_typed(key.as_ref(), &text, Typed::Time(epoch_s))
    }

    /// Sets a key to an IP address.
    pub fn set_address(&mut self, key: impl AsRef<str>, value: IpAddr) -> &mut Context {
        self.set_typed(key.as_ref(), &value.to_string(), Typed::Address(value))
    }

    /// The values of a key; none when the key is absent.
    pub fn get(&self, key: &str) -> impl Iterator<Item = &str> {
        let folded = key::fold(key);
        self.look_up(key::hash(folded.as_bytes()), &folded)
            .into_iter()
            .flat_map(|found| found.values().map(|value| value.text))
    }

    /// All keys that are present, as whoever set them first wrote them, with their values.
    pub fn entries(&self) -> impl Iterator<Item = (&str, impl Iterator<Item = &str>)> {
        let known = self.index().entries.iter();
        known.filter_map(|entry| {
            let values = self.found(entry)?.values().map(|value| value.text);
            Some((self.slice(&entry.written), values))
        })
    }

    pub(crate) fn find(&self, key: &Key) -> Option<Found<'_>> {
        self.look_up(key.hash(), key.name())
    }

    fn look_up(&self, hash: u64, name: &str) -> Option<Found<'_>> {
        let index = self.index();
        self.found(index.entries.get(index.position(hash, name)?)?)
    }

    /// What a key was given last. A set without values cannot be told from no set.
    fn found<'c>(&'c self, entry: &'c Entry) -> Option<Found<'c>> {
        (!entry.values.is_empty()).then_some(Found {
            context: self,
            entry,
        })
    }

    fn index(&self) -> &Index {
        match self.index.get() {
            Some(index) => index,
            None => self.index.get_or_init(|| self.indexed()),
        }
    }

    #[cold]
    fn indexed(&self) -> Index {
        let mut index = Index::with_room(self.settings.len(), self.text.len());
        for setting in &self.settings {
            index.enter(self.slice(&setting.name), setting);
        }
        index
    }

    fn slice(&self, range: &Range<usize>) -> &str {
        self.text.get(range.clone()).unwrap_or_default()
    }

    fn set_typed(&mut self, key: &str, value: &str, typed: Typed) -> &mut Context {
        let first = self.values.len();
        self.store(value, typed);
        self.name(key, first, Shape::Single);
        self
    }

    fn store(&mut self, value: &str, typed: Typed) {
        let text = self.push(value);
        self.values.push(Stored { text, typed });
    }

    fn push(&mut self, text: &str) -> Range<usize> {
        let start = self.text.len();
        self.text.push_str(text);
        start..self.text.len()
    }

    /// Gives the values from `first` on to a key.
    fn name(&mut self, key: &str, first: usize, shape: Shape) {
        self.index.take();
        let name = self.push(key);
        self.settings.push(Setting {
            name,
            values: first..self.values.len(),
            shape,
        });
    }
}

/// Where to find the setting of each key that counts: its last one.
#[derive(Debug, Clone)]
struct Index {
    /// The keys' names in lower case: what is looked up is folded too.
    names: String,
    /// Where to find the first entries: their numbers from 1 on, under the highest bits of
    /// their names' hashes or the next free place.
    places: Places,
    /// The hash of each entry's name.
    hashes: Vec<u64>,
    entries: Vec<Entry>,
}

#[derive(Debug, Clone)]
struct Entry {
    name: Range<usize>,
    /// The name in the context's text, as it was written when it was set first.
    written: Range<usize>,
    values: Range<usize>,
    shape: Shape,
}

impl Index {
    /// An empty index with room for so many keys, whose names have at most so many bytes.
    fn with_room(keys: usize, bytes: usize) -> Index {
        Index {
            names: String::with_capacity(bytes),
            places: Places::default(),
            hashes: Vec::with_capacity(keys),
            entries: Vec::with_capacity(keys),
        }
    }

    /// Enters a setting under its name.
    fn enter(&mut self, written: &str, setting: &Setting) {
        let start = self.names.len();
        self.push_folded(written);
        let name = start..self.names.len();
        let folded = self.names.get(name.clone()).unwrap_or_default();
        let hash = key::hash(folded.as_bytes());
        let known = self.position(hash, folded);
        if let Some(entry) = known.and_then(|at| self.entries.get_mut(at)) {
            entry.values = setting.values.clone();
            entry.shape = setting.shape;
            self.names.truncate(start);
            return;
        }
        self.places.put(hash, self.entries.len());
        self.hashes.push(hash);
        self.entries.push(Entry {
            name,
            written: setting.name.clone(),
            values: setting.values.clone(),
            shape: setting.shape,
        });
    }

    /// Writes a name in lower case.
    fn push_folded(&mut self, name: &str) {
        let start = self.names.len();
        if !name.is_ascii() {
            self.names.push_str(&key::fold(name));
            return;
        }
        self.names.push_str(name);
        if let Some(written) = self.names.get_mut(start..) {
            written.make_ascii_lowercase();
        }
    }

    /// Where the key of this folded name is.
    fn position(&self, hash: u64, name: &str) -> Option<usize> {
        let is_it = |at: &usize| {
            let named = |entry: &Entry| {
                let known = self.names.get(entry.name.clone()).unwrap_or_default();
                key::same(known.as_bytes(), name.as_bytes())
            };
            self.hashes.get(*at) == Some(&hash) && self.entries.get(*at).is_some_and(named)
        };
        let found = self.places.under(hash).find(is_it);
        found.or_else(|| (PLACED_MAX..self.entries.len()).find(is_it))
    }
}

/// How many places there are. A power of two.
const PLACES: usize = 64;
/// How many entries are put into places: few enough that some places stay free. What
/// comes after them is looked for one by one.
const PLACED_MAX: usize = 40;

#[derive(Debug, Clone)]
struct Places([u8; PLACES]);

impl Default for Places {
    fn default() -> Places {
        Places([0; PLACES])
    }
}

impl Places {
    fn first(hash: u64) -> usize {
        // Fewer than PLACES, so nothing is lost.
        usize::try_from(hash >> (u64::BITS - PLACES.ilog2())).unwrap_or(0)
    }

    /// Enters an entry, if it is one of the first.
    fn put(&mut self, hash: u64, entry: usize) {
        let Some(number) = u8::try_from(entry + 1).ok().filter(|_| entry < PLACED_MAX) else {
            return;
        };
        let mut at = Places::first(hash);
        while let Some(place) = self.0.get_mut(at % PLACES) {
            if *place == 0 {
                *place = number;
                return;
            }
            at += 1;
        }
    }

    /// The entries that may have this hash.
    fn under(&self, hash: u64) -> impl Iterator<Item = usize> {
        let first = Places::first(hash);
        (first..first + PLACES).map_while(|at| {
            let number = usize::from(*self.0.get(at % PLACES)?);
            number.checked_sub(1)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_ignore_case_and_the_last_value_stands() {
        let mut context = Context::new();
        context.set("aws:PrincipalTag/Team", "red");
        context.set("AWS:principaltag/TEAM", "blue");
        let values: Vec<&str> = context.get("aws:principalTag/team").collect();
        assert_eq!(values, ["blue"]);
        let entries = context
            .entries()
            .map(|(name, values)| (name, values.count()));
        assert_eq!(entries.collect::<Vec<_>>(), [("aws:PrincipalTag/Team", 1)]);
    }

    #[test]
    fn a_set_without_values_is_absent() {
        let mut context = Context::new();
        context.set_many("aws:TagKeys", Vec::<String>::new());
        assert!(context.find(&Key::new("aws:tagkeys")).is_none());
        context.set_many("aws:TagKeys", ["a", "b"]);
        let found = context.find(&Key::new("aws:tagkeys")).unwrap();
        assert_eq!(found.values().count(), 2);
        assert_eq!(found.only_text(), None);
    }

    #[test]
    fn many_keys_are_all_found_and_none_that_is_not_there() {
        let mut context = Context::new();
        for n in 0..300 {
            context.set(format!("aws:PrincipalTag/{n}"), n.to_string());
            let found = |n: i32| {
                context.get(&format!("aws:principaltag/{n}")).next() == Some(&n.to_string())
            };
            assert!((0..=n).all(found), "{n}");
            assert!(!(n + 1..310).any(found), "{n}");
        }
    }

    #[test]
    fn typed_values_read_as_text_too() {
        let mut context = Context::new();
        context.set_time("aws:CurrentTime", 1_577_836_801);
        context.set_address("aws:SourceIp", "::1".parse().unwrap());
        context.set_number("s3:max-keys", -3).set_bool("b", true);
        let text = |key: &str| context.get(key).next().unwrap().to_owned();
        assert_eq!(text("aws:CurrentTime"), "2020-01-01T00:00:01Z");
        assert_eq!(text("aws:SourceIp"), "::1");
        assert_eq!(text("s3:max-keys"), "-3");
        assert_eq!(text("b"), "true");
    }
}
