//! A directory: several servers that know the same people.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use aws::Secret;
use ldap3::Scope;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::config::Config;
use crate::connection::{Bound, Connection, Entry, Fault, Found, Search};
use crate::dn::Dn;
use crate::groups::{self, GROUPS_MAX, Unknown};
use crate::person::Person;
use crate::refusal::Refusal;
use crate::server::Server;
use crate::settings::{ConfigError, Finding, Settings};
use crate::template::Values;

/// The longest login, in bytes.
const LOGIN_BYTES_MAX: usize = 256;

/// The longest password, in bytes.
const PASSWORD_BYTES_MAX: usize = 1_024;

/// How many people are verified at the same time. More wait, within their own time limit.
const VERIFIED_AT_ONCE_MAX: usize = 64;

/// The entry that nobody has: whoever gives a login that does not exist waits for as many
/// answers as whoever gives one that does.
const NOBODY: &str = "cn=arnold-verifies-nobody-by-this-name";

/// One directory, by whichever of its servers answers.
pub struct Directory(Arc<Inner>);

struct Inner {
    settings: Settings,
    /// The server that answered last is asked first.
    preferred: AtomicUsize,
    slots: Semaphore,
}

/// How asking one server ended, if not well.
enum Ended {
    Refused(Refusal),
    Failed(Fault),
}

impl From<Fault> for Ended {
    fn from(fault: Fault) -> Ended {
        Ended::Failed(fault)
    }
}

impl From<Refusal> for Ended {
    fn from(refusal: Refusal) -> Ended {
        Ended::Refused(refusal)
    }
}

impl Directory {
    /// The directory of this configuration. Nothing is connected to yet.
    pub fn new(config: &Config) -> Result<Directory, ConfigError> {
        Ok(Directory(Arc::new(Inner {
            settings: Settings::check(config)?,
            preferred: AtomicUsize::new(0),
            slots: Semaphore::new(VERIFIED_AT_ONCE_MAX),
        })))
    }

    /// Verifies that somebody is who they say. The directory's word on the password is final; a
    /// server that says nothing sensible is followed by the next.
    pub async fn verify(&self, login: &str, password: &Secret<String>) -> Result<Person, Refusal> {
        check_login(login)?;
        check_password(password)?;
        let servers = &self.0.settings.servers;
        let first = self.0.preferred.load(Ordering::Relaxed);
        let mut faults = Vec::new();
        for step in 0..servers.len() {
            let number = (first + step) % servers.len();
            let Some(server) = servers.get(number) else {
                continue;
            };
            match self.ask(server, login, password).await {
                Ok(person) => {
                    self.0.preferred.store(number, Ordering::Relaxed);
                    return Ok(person);
                }
                Err(Ended::Refused(refusal)) => {
                    self.0.preferred.store(number, Ordering::Relaxed);
                    return Err(refusal);
                }
                Err(Ended::Failed(fault)) => {
                    tracing::warn!(server = %server.url, %fault, "a directory's server failed");
                    faults.push(format!("{}: {fault}", server.url));
                }
            }
        }
        Err(Refusal::Unavailable(faults.join("; ")))
    }

    /// Asks one server, within one limit over all steps. It runs as a task of its own, so that
    /// an answer which the library cannot read ends the task and nothing else.
    async fn ask(
        &self,
        server: &Server,
        login: &str,
        password: &Secret<String>,
    ) -> Result<Person, Ended> {
        let (inner, server) = (Arc::clone(&self.0), server.clone());
        let (login, password) = (login.to_owned(), password.clone());
        let limit = self.0.settings.timeout;
        let mut asking = JoinSet::new();
        asking.spawn(async move {
            let _slot = inner.slots.acquire().await;
            verify_at(&inner.settings, &server, &login, password.expose()).await
        });
        let failed = |answer: String| {
            Ended::Failed(Fault::Answer {
                doing: "verification",
                answer,
            })
        };
        match tokio::time::timeout(limit, asking.join_next()).await {
            Ok(Some(Ok(outcome))) => outcome,
            Ok(Some(Err(_)) | None) => Err(failed("the answer cannot be read".to_owned())),
            Err(_elapsed) => Err(failed(format!("no answer within {} s", limit.as_secs()))),
        }
    }
}

/// What was typed must be able to be a login: printable ASCII. Directories fold other
/// characters in ways of their own, so that one person could be tried under many logins.
fn check_login(login: &str) -> Result<(), Refusal> {
    let printable = login.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    let sized = (1..=LOGIN_BYTES_MAX).contains(&login.trim().len());
    (printable && sized).then_some(()).ok_or(Refusal::Login)
}

fn check_password(password: &Secret<String>) -> Result<(), Refusal> {
    let password = password.expose();
    if password.is_empty() {
        return Err(Refusal::EmptyPassword);
    }
    // A server that ends texts at a NUL would take what stands before it.
    if password.len() > PASSWORD_BYTES_MAX || password.contains('\0') {
        return Err(Refusal::Password);
    }
    Ok(())
}

async fn verify_at(
    settings: &Settings,
    server: &Server,
    login: &str,
    password: &str,
) -> Result<Person, Ended> {
    let mut connection = Connection::open(server, settings).await?;
    let entry = match &settings.finding {
        Finding::Search { .. } => {
            let entry = found_by_search(&mut connection, settings, login, password).await?;
            prove(&mut connection, &entry.dn, password).await?;
            // Groups are asked for by our own account again: people may not see them.
            bind_own(&mut connection, &settings.finding).await?;
            entry
        }
        Finding::Named { dn, filter } => {
            let dn = dn.fill(login);
            prove(&mut connection, &dn, password).await?;
            let filter = filter.as_ref().map_or_else(
                || "(objectClass=*)".to_owned(),
                |filter| filter.fill(&Values { login, dn: &dn }),
            );
            one(&mut connection, settings, &dn, Scope::Base, &filter).await?
        }
        Finding::Own {
            principal,
            base,
            filter,
        } => {
            let name = principal.fill(login).ok_or(Refusal::Login)?;
            prove(&mut connection, &name, password).await?;
            let filter = filter.fill(&Values { login, dn: "" });
            let entry = one(&mut connection, settings, base, Scope::Subtree, &filter).await?;
            // The name may be somebody's and the entry somebody else's, such as where one
            // account's principal name is another's account name. The entry is whose password
            // it is.
            prove(&mut connection, &entry.dn, password).await?;
            entry
        }
    };
    person(&mut connection, settings, &entry).await
}

async fn bind_own(connection: &mut Connection, finding: &Finding) -> Result<(), Ended> {
    let Finding::Search {
        bind_dn, password, ..
    } = finding
    else {
        return Ok(());
    };
    match connection.bind(bind_dn, password.expose()).await? {
        Bound::Yes => Ok(()),
        Bound::No(why) => Err(Ended::Failed(Fault::Answer {
            doing: "bind of the configured account",
            answer: why,
        })),
    }
}

async fn found_by_search(
    connection: &mut Connection,
    settings: &Settings,
    login: &str,
    password: &str,
) -> Result<Entry, Ended> {
    let Finding::Search { base, filter, .. } = &settings.finding else {
        return Err(Refusal::Unknown.into());
    };
    bind_own(connection, &settings.finding).await?;
    let filter = filter.fill(&Values { login, dn: "" });
    let found = one(connection, settings, base, Scope::Subtree, &filter).await;
    if let Err(Ended::Refused(_)) = found {
        connection
            .bind(&format!("{NOBODY},{base}"), password)
            .await?;
    }
    found
}

/// The one entry that matches.
async fn one(
    connection: &mut Connection,
    settings: &Settings,
    base: &str,
    scope: Scope,
    filter: &str,
) -> Result<Entry, Ended> {
    let search = Search {
        base,
        scope,
        filter,
        attributes: &[
            &settings.name_attribute,
            &settings.mail_attribute,
            &settings.grouping.attribute,
        ],
        entries_max: 1,
    };
    let Found::All(mut found) = connection.search(&search).await? else {
        return Err(Refusal::Ambiguous.into());
    };
    match found.pop() {
        // An entry without a name would be bound to as nobody.
        Some(entry) if !entry.dn.is_empty() => Ok(entry),
        _ => Err(Refusal::Unknown.into()),
    }
}

/// The proof: the directory takes the password for this entry.
async fn prove(connection: &mut Connection, dn: &str, password: &str) -> Result<(), Ended> {
    match connection.bind(dn, password).await? {
        Bound::Yes => Ok(()),
        Bound::No(why) => Err(Refusal::Refused {
            dn: dn.to_owned(),
            why,
        }
        .into()),
    }
}

async fn person(
    connection: &mut Connection,
    settings: &Settings,
    entry: &Entry,
) -> Result<Person, Ended> {
    let dn = entry.dn.clone();
    let [name] = entry.values(&settings.name_attribute) else {
        let attribute = settings.name_attribute.clone();
        return Err(Refusal::NoName { dn, attribute }.into());
    };
    let groups = groups::of_person(connection, &settings.grouping, entry, name)
        .await
        .map_err(|unknown| match unknown {
            Unknown::TooMany => Ended::Refused(Refusal::TooManyGroups {
                dn: dn.clone(),
                max: GROUPS_MAX,
            }),
            Unknown::Fault(fault) => Ended::Failed(fault),
        })?;
    let mail = entry.values(&settings.mail_attribute).first().cloned();
    Ok(Person {
        dn: Dn::parse(&dn).map_err(|_not_a_name| Refusal::Unknown)?,
        name: name.clone(),
        mail,
        groups,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_a_login_or_a_password_is_not_asked_about() {
        for login in ["", "   ", "a\0", "a\nb", "ana\u{e9}", "\u{ff41}na"] {
            assert_eq!(check_login(login), Err(Refusal::Login), "{login:?}");
        }
        assert_eq!(check_login(&"a".repeat(257)), Err(Refusal::Login));
        assert_eq!(check_login("*)(uid=*"), Ok(()));
        let password = |text: &str| check_password(&Secret::new(text.to_owned()));
        assert_eq!(password(""), Err(Refusal::EmptyPassword));
        assert_eq!(password("right\0wrong"), Err(Refusal::Password));
        assert_eq!(password(&"a".repeat(1_025)), Err(Refusal::Password));
        assert_eq!(password(" "), Ok(()));
    }
}
