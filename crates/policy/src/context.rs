//! What is known about a request: its condition keys.

use std::net::IpAddr;

/// The condition keys of one request. Names ignore case, those of tags included.
#[derive(Debug, Clone, Default)]
pub struct Context {
    keys: Vec<(String, Vec<String>)>,
}

impl Context {
    /// A context without keys.
    pub fn new() -> Context {
        Context::default()
    }

    /// Sets a single-valued key, replacing what it held.
    pub fn set(&mut self, key: impl AsRef<str>, value: impl AsRef<str>) -> &mut Context {
        self.set_many(key, [value])
    }

    /// Sets a multivalued key, replacing what it held.
    pub fn set_many(
        &mut self,
        key: impl AsRef<str>,
        values: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> &mut Context {
        let key = key.as_ref().to_lowercase();
        let values = values.into_iter().map(|v| v.as_ref().to_owned()).collect();
        self.keys.retain(|(k, _)| *k != key);
        self.keys.push((key, values));
        self
    }

    /// Sets a key to `true` or `false`.
    pub fn set_bool(&mut self, key: impl AsRef<str>, value: bool) -> &mut Context {
        self.set(key, if value { "true" } else { "false" })
    }

    /// Sets a key to a whole number.
    pub fn set_number(&mut self, key: impl AsRef<str>, value: i64) -> &mut Context {
        self.set(key, value.to_string())
    }

    /// Sets a key to an instant, given in seconds since 1970.
    pub fn set_time(&mut self, key: impl AsRef<str>, epoch_s: i64) -> &mut Context {
        self.set(key, epoch_s.to_string())
    }

    /// Sets a key to an IP address.
    pub fn set_address(&mut self, key: impl AsRef<str>, value: IpAddr) -> &mut Context {
        self.set(key, value.to_string())
    }

    /// The values of a key; empty when the key is absent.
    pub fn get(&self, key: &str) -> impl Iterator<Item = &str> {
        let key = key.to_lowercase();
        self.keys
            .iter()
            .filter(move |(k, _)| *k == key)
            .flat_map(|(_, values)| values.iter().map(String::as_str))
    }

    /// Forgets every key and keeps the memory.
    pub fn clear(&mut self) {
        self.keys.clear();
    }
}
