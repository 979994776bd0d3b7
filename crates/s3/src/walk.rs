//! Walks through keys in order, rolling up what has a common prefix.

use store::Page;

use crate::failure::{Answer, INVALID_ARGUMENT};
use crate::tokens::cursor_past;

/// How many records are read at a time, at least.
const READ_RECORDS: usize = 100;

/// Most items on a page of any listing.
pub(crate) const PAGE_MAX: i32 = 1000;

/// What is asked of a listing.
#[derive(Debug, Clone, Default)]
pub(crate) struct Walk {
    pub(crate) prefix: String,
    /// Never empty.
    pub(crate) delimiter: Option<String>,
    pub(crate) limit: usize,
}

/// One line of a listing.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Item<T> {
    Entry(T),
    /// All keys that begin with this.
    Prefix(String),
}

/// A page of a listing.
#[derive(Debug)]
pub(crate) struct Walked<T> {
    pub(crate) items: Vec<Item<T>>,
    pub(crate) truncated: bool,
}

impl Walk {
    /// What a key is rolled up under, if it is.
    pub(crate) fn common_prefix<'k>(&self, key: &'k str) -> Option<&'k str> {
        let delimiter = self.delimiter.as_deref()?;
        let rest = key.strip_prefix(self.prefix.as_str())?;
        let end = self.prefix.len() + rest.find(delimiter)? + delimiter.len();
        key.get(..end)
    }

    /// Walks on from a place. `read` gives the next records from a place on, at most so many.
    pub(crate) fn walk<T>(
        &self,
        mut from: Option<String>,
        read: impl Fn(Option<&str>, usize) -> Answer<Page<T>>,
        key_of: impl Fn(&T) -> &str,
    ) -> Answer<Walked<T>> {
        let mut items: Vec<Item<T>> = Vec::new();
        if self.limit == 0 {
            return Ok(Walked {
                items,
                truncated: false,
            });
        }
        'pages: loop {
            let wanted = (self.limit + 1 - items.len()).max(READ_RECORDS);
            let page = read(from.as_deref(), wanted)?;
            let next = page.next;
            for record in page.records {
                let prefix = self.common_prefix(key_of(&record)).map(str::to_owned);
                let again = matches!((items.last(), &prefix), (Some(Item::Prefix(last)), Some(new)) if last == new);
                if again {
                    continue;
                }
                if items.len() == self.limit {
                    return Ok(Walked {
                        items,
                        truncated: true,
                    });
                }
                match prefix {
                    None => items.push(Item::Entry(record)),
                    Some(prefix) => {
                        // Everything under the prefix is passed in one step.
                        from = Some(cursor_past(&prefix));
                        items.push(Item::Prefix(prefix));
                        continue 'pages;
                    }
                }
            }
            if next.is_none() {
                return Ok(Walked {
                    items,
                    truncated: false,
                });
            }
            from = next;
        }
    }
}

/// Percent-encodes for `encoding-type=url`, as S3 does.
pub(crate) struct Encoding(bool);

impl Encoding {
    pub(crate) fn read(given: Option<&str>) -> Answer<Encoding> {
        match given {
            None => Ok(Encoding(false)),
            Some("url") => Ok(Encoding(true)),
            Some(other) => Err(INVALID_ARGUMENT
                .say("Invalid Encoding Method specified in Request")
                .with("ArgumentName", "encoding-type")
                .with("ArgumentValue", other)),
        }
    }

    pub(crate) fn text(&self, text: &str) -> String {
        const SET: &percent_encoding::AsciiSet = &percent_encoding::NON_ALPHANUMERIC
            .remove(b'-')
            .remove(b'_')
            .remove(b'.')
            .remove(b'*')
            .remove(b'/');
        match self.0 {
            false => text.to_owned(),
            true => percent_encoding::utf8_percent_encode(text, SET)
                .to_string()
                .replace("%20", "+"),
        }
    }

    pub(crate) fn maybe(&self, text: Option<&str>) -> Option<String> {
        text.map(|text| self.text(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The obvious way: all keys, one after the other.
    fn plain(keys: &[String], walk: &Walk, after: &str) -> (Vec<Item<String>>, bool) {
        let mut items: Vec<Item<String>> = Vec::new();
        for key in keys {
            if !key.starts_with(&walk.prefix) || key.as_str() <= after {
                continue;
            }
            let item = match walk.common_prefix(key) {
                Some(prefix) => Item::Prefix(prefix.to_owned()),
                None => Item::Entry(key.clone()),
            };
            if items.last() != Some(&item) {
                items.push(item);
            }
        }
        let truncated = items.len() > walk.limit && walk.limit > 0;
        items.truncate(walk.limit);
        (items, truncated)
    }

    proptest! {
        #[test]
        fn walking_gives_what_reading_everything_gives(
            keys in prop::collection::btree_set("[ab/\u{10ffff}]{1,5}", 0..40),
            prefix in "[ab/]{0,2}",
            delimiter in prop::option::of("[/b]{1,2}"),
            limit in 0usize..6,
        ) {
            let keys: Vec<String> = keys.into_iter().collect();
            let walk = Walk { prefix, delimiter, limit };
            let read = |from: Option<&str>, limit: usize| {
                // Stands for the store: a cursor is the value it begins after.
                let from = from.map(|cursor| {
                    use base64::Engine as _;
                    let raw = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(cursor).unwrap();
                    let text = String::from_utf8(raw).unwrap();
                    let (length, rest) = text.split_once(':').unwrap();
                    rest.get(..length.parse().unwrap()).unwrap().to_owned()
                });
                let mut rest = keys
                    .iter()
                    .filter(|key| key.starts_with(&walk.prefix))
                    .filter(|key| from.as_ref().is_none_or(|from| *key > from));
                let records: Vec<String> = rest.by_ref().take(limit).cloned().collect();
                let next = rest.next().and(records.last()).map(|last| crate::tokens::cursor_after(last));
                Ok(Page { records, next })
            };
            let walked = walk.walk(None, read, |key| key).unwrap();
            let (items, truncated) = plain(&keys, &walk, "");
            prop_assert_eq!(walked.items, items);
            prop_assert_eq!(walked.truncated, truncated);
        }
    }

    #[test]
    fn url_encoding_is_s3s() {
        let encoding = Encoding::read(Some("url")).unwrap();
        assert_eq!(encoding.text("a b/c+d*é~"), "a+b/c%2Bd*%C3%A9%7E");
        assert!(Encoding::read(Some("xml")).is_err());
    }
}
