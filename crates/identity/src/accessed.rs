//! What a principal was last seen doing, for access advisor.

use std::borrow::Cow;
use std::collections::BTreeMap;

use aws::Timestamp;
use serde::{Deserialize, Serialize};
use store::{Lookup, Record};

/// A moment and a region.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Use {
    /// When.
    #[serde(rename = "t")]
    pub at: Timestamp,
    /// In which region.
    #[serde(rename = "r")]
    pub region: String,
}

/// The last use of each service and each operation by one user, role or root. Denied calls
/// count too. Written in groups, some seconds late.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Accessed {
    /// `AIDA…`, `AROA…`, or the account's id for root.
    pub id: String,
    /// By the service's signing name.
    pub services: BTreeMap<String, ServiceUse>,
}

/// The last use of one service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceUse {
    /// Of the service as a whole.
    #[serde(flatten)]
    pub last: Use,
    /// Of each operation, as the record of calls names it.
    #[serde(rename = "o", default)]
    pub operations: BTreeMap<String, Use>,
}

impl Use {
    /// The later of two uses.
    fn or_later(&mut self, other: &Use) {
        if other.at >= self.at {
            *self = other.clone();
        }
    }
}

impl Accessed {
    /// Nothing yet.
    pub fn new(id: impl Into<String>) -> Accessed {
        Accessed {
            id: id.into(),
            services: BTreeMap::new(),
        }
    }

    /// Notes one call.
    pub fn note(&mut self, service: &str, operation: &str, at: Timestamp, region: &str) {
        let used = Use {
            at,
            region: region.to_owned(),
        };
        if let Some(known) = self.services.get_mut(service) {
            known.last.or_later(&used);
            match known.operations.get_mut(operation) {
                Some(last) => last.or_later(&used),
                None => {
                    known.operations.insert(operation.to_owned(), used);
                }
            }
            return;
        }
        let first = ServiceUse {
            last: used.clone(),
            operations: BTreeMap::from([(operation.to_owned(), used)]),
        };
        self.services.insert(service.to_owned(), first);
    }

    /// Takes over what is later in the other.
    pub fn merge(&mut self, other: &Accessed) {
        for (service, theirs) in &other.services {
            let Some(ours) = self.services.get_mut(service) else {
                self.services.insert(service.clone(), theirs.clone());
                continue;
            };
            ours.last.or_later(&theirs.last);
            for (operation, used) in &theirs.operations {
                match ours.operations.get_mut(operation) {
                    Some(last) => last.or_later(used),
                    None => {
                        ours.operations.insert(operation.clone(), used.clone());
                    }
                }
            }
        }
    }
}

impl Record for Accessed {
    const KIND: &'static str = "accessed";
    const QUIET: bool = true;

    fn id(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.id)
    }

    fn lookups(&self) -> Vec<Lookup> {
        Vec::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn the_latest_use_counts_whatever_comes_last() {
        let mut one = Accessed::new("AIDAX");
        one.note("iam", "ListUsers", at(5), "us-east-1");
        one.note("iam", "GetUser", at(3), "eu-west-1");
        let mut other = Accessed::new("AIDAX");
        other.note("iam", "GetUser", at(4), "eu-north-1");
        other.note("s3", "ListBuckets", at(1), "us-east-1");
        one.merge(&other);
        let iam = &one.services["iam"];
        assert_eq!(
            (iam.last.at, iam.last.region.as_str()),
            (at(5), "us-east-1")
        );
        assert_eq!(iam.operations["GetUser"].at, at(4));
        assert_eq!(one.services["s3"].last.at, at(1));
        let text = serde_json::to_string(&one).unwrap();
        let read: Accessed = serde_json::from_str(&text).unwrap();
        assert_eq!(read.services, one.services);
    }
}
