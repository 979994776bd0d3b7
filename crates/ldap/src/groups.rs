//! Which groups somebody is in.

use std::collections::HashSet;

use ldap3::Scope;

use crate::config::NestedGroups;
use crate::connection::{Connection, Entry, Fault, Found, Search};
use crate::dn::Dn;
use crate::settings::Grouping;
use crate::template::{Values, member_in_chain};

/// In how many groups somebody may be; who is in more is told so, not half known.
pub(crate) const GROUPS_MAX: usize = 1_000;

/// No attributes: RFC 4511 §4.5.1.8.
const NONE: &[&str] = &["1.1"];

/// Every entry there is.
const ANY: &str = "(objectClass=*)";

/// Why the groups are not known.
pub(crate) enum Unknown {
    TooMany,
    Fault(Fault),
}

impl From<Fault> for Unknown {
    fn from(fault: Fault) -> Unknown {
        Unknown::Fault(fault)
    }
}

/// Asks for the groups of the person with this entry.
pub(crate) async fn of_person(
    connection: &mut Connection,
    grouping: &Grouping,
    person: &Entry,
    login: &str,
) -> Result<Vec<Dn>, Unknown> {
    let mut known = Known::default();
    let direct = direct(connection, grouping, person, login).await?;
    let mut open = known.add(direct)?;
    match grouping.nested {
        NestedGroups::No => {}
        NestedGroups::ActiveDirectory => {
            let filter = member_in_chain(&person.dn);
            let all = search(connection, grouping, &filter).await?;
            known.add(all)?;
        }
        NestedGroups::Walk => {
            // Every group is asked once, however the groups are wound.
            while let Some(group) = open.pop() {
                let asked = Search {
                    base: &group,
                    scope: Scope::Base,
                    filter: ANY,
                    attributes: &[&grouping.attribute],
                    entries_max: 1,
                };
                let Found::All(found) = connection.search(&asked).await? else {
                    continue;
                };
                // A group that we may not see is in no group that we know.
                let Some(entry) = found.first() else {
                    continue;
                };
                let above = direct_of_group(connection, grouping, entry).await?;
                open.extend(known.add(above)?);
            }
        }
    }
    Ok(known.groups)
}

#[derive(Default)]
struct Known {
    seen: HashSet<Dn>,
    groups: Vec<Dn>,
}

impl Known {
    /// Takes groups in and says which of them are new. What is no name, as we read names, is
    /// no group: nobody gets rights by it.
    fn add(&mut self, names: Vec<String>) -> Result<Vec<String>, Unknown> {
        let mut new = Vec::new();
        for name in names {
            let Ok(group) = Dn::parse(&name) else {
                tracing::debug!(name, "a group's name cannot be read");
                continue;
            };
            if self.seen.insert(group.clone()) {
                self.groups.push(group);
                new.push(name);
            }
            if self.groups.len() > GROUPS_MAX {
                return Err(Unknown::TooMany);
            }
        }
        Ok(new)
    }
}

async fn direct(
    connection: &mut Connection,
    grouping: &Grouping,
    entry: &Entry,
    login: &str,
) -> Result<Vec<String>, Unknown> {
    let mut names = entry.values(&grouping.attribute).to_vec();
    if let Some(filter) = &grouping.filter {
        let dn = &entry.dn;
        names.extend(search(connection, grouping, &filter.fill(&Values { login, dn })).await?);
    }
    Ok(names)
}

/// As of a person, but by name alone: a group has no login.
async fn direct_of_group(
    connection: &mut Connection,
    grouping: &Grouping,
    entry: &Entry,
) -> Result<Vec<String>, Unknown> {
    direct(connection, grouping, entry, &entry.dn).await
}

async fn search(
    connection: &mut Connection,
    grouping: &Grouping,
    filter: &str,
) -> Result<Vec<String>, Unknown> {
    let search = Search {
        base: grouping.base.as_deref().unwrap_or_default(),
        scope: Scope::Subtree,
        filter,
        attributes: NONE,
        entries_max: GROUPS_MAX,
    };
    match connection.search(&search).await? {
        Found::All(found) => Ok(found.into_iter().map(|entry| entry.dn).collect()),
        Found::TooMany => Err(Unknown::TooMany),
    }
}
