//! Service-linked roles: roles that services make for themselves in people's accounts. Only
//! their service changes them.
//!
//! The facts lie in `data/service-linked-roles.tsv`, whose first lines say where they come
//! from.

use std::borrow::Cow;
use std::sync::LazyLock;

use aws::{AccountId, Timestamp};
use serde::{Deserialize, Serialize};
use store::{Lookup, Record};

/// A service that has a linked role.
#[derive(Debug)]
pub struct LinkedService {
    /// `autoscaling.amazonaws.com`, …
    pub service: &'static str,
    /// What its role is called.
    pub role_name: &'static str,
    /// Whether an account may have several, told apart by a suffix.
    pub takes_suffix: bool,
    /// ARNs of the managed policies attached to it.
    pub policies: Vec<String>,
}

/// The service of this name, if it has a linked role.
pub fn linked_service(service: &str) -> Option<&'static LinkedService> {
    SERVICES.iter().find(|linked| linked.service == service)
}

static SERVICES: LazyLock<Vec<LinkedService>> = LazyLock::new(|| {
    include_str!("../data/service-linked-roles.tsv")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(linked)
        .collect()
});

fn linked(line: &'static str) -> Option<LinkedService> {
    let mut cells = line.split('\t');
    Some(LinkedService {
        service: cells.next()?,
        role_name: cells.next()?,
        takes_suffix: cells.next()? == "suffix",
        policies: cells
            .next()?
            .split_whitespace()
            .map(|policy| format!("arn:aws:iam::aws:policy/{policy}"))
            .collect(),
    })
}

/// A service-linked role that was to be deleted. No service here keeps one in use, so that
/// each was deleted at once.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DeletionTask {
    /// `task/aws-service-role/SERVICE/ROLE/UUID`.
    pub id: String,
    /// The account.
    pub account: AccountId,
    /// When it was done.
    pub done: Timestamp,
}

impl Record for DeletionTask {
    const KIND: &'static str = "iam.deletion-task";

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

    #[test]
    fn every_line_of_the_table_reads() {
        let lines = include_str!("../data/service-linked-roles.tsv").lines();
        let rows = lines.filter(|line| !line.starts_with('#')).count();
        assert_eq!(SERVICES.len(), rows);
        let scaling = linked_service("autoscaling.amazonaws.com").unwrap();
        assert_eq!(scaling.role_name, "AWSServiceRoleForAutoScaling");
        assert!(scaling.takes_suffix);
        assert_eq!(scaling.policies.len(), 1);
        assert!(linked_service("nothing.amazonaws.com").is_none());
    }
}
