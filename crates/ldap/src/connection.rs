//! A connection to one server: bind, search, and nothing else. Referrals are not followed:
//! where else to ask is the configuration's to say.

use std::collections::HashMap;
use std::time::Duration;

use ldap3::{
    Ldap, LdapConnAsync, LdapConnSettings, LdapError, LdapResult, Scope, SearchEntry, SearchOptions,
};
use tokio::task::JoinSet;

use crate::server::Server;
use crate::settings::Settings;

/// Result codes of RFC 4511 §4.1.9.
const SUCCESS: u32 = 0;
const SIZE_LIMIT_EXCEEDED: u32 = 4;
const NO_SUCH_OBJECT: u32 = 32;
const BUSY: u32 = 51;
const UNAVAILABLE: u32 = 52;

/// The longest diagnostic of a server that is written down, in characters.
const DIAGNOSTIC_CHARS_MAX: usize = 300;

/// A server did not do what it is there for. The next one may.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    #[error("{0}")]
    Protocol(#[from] LdapError),
    #[error("{doing}: {answer}")]
    Answer { doing: &'static str, answer: String },
}

/// Whether the server took a name and a password.
pub(crate) enum Bound {
    Yes,
    /// It did not, for this reason.
    No(String),
}

/// An entry as it was found. Attribute names are in lower case.
pub(crate) struct Entry {
    pub(crate) dn: String,
    attributes: HashMap<String, Vec<String>>,
}

impl Entry {
    /// The values of an attribute.
    pub(crate) fn values(&self, attribute: &str) -> &[String] {
        self.attributes
            .get(&attribute.to_ascii_lowercase())
            .map(Vec::as_slice)
            .unwrap_or_default()
    }
}

/// What to search, and where.
pub(crate) struct Search<'a> {
    pub(crate) base: &'a str,
    pub(crate) scope: Scope,
    pub(crate) filter: &'a str,
    pub(crate) attributes: &'a [&'a str],
    /// How many entries are taken.
    pub(crate) entries_max: usize,
}

/// What a search found.
pub(crate) enum Found {
    /// All of it.
    All(Vec<Entry>),
    /// More entries than were asked for.
    TooMany,
}

pub(crate) struct Connection {
    ldap: Ldap,
    timeout: Duration,
    /// Ends with the connection.
    _driver: JoinSet<()>,
}

impl Connection {
    pub(crate) async fn open(server: &Server, settings: &Settings) -> Result<Connection, Fault> {
        let how = LdapConnSettings::new()
            .set_conn_timeout(settings.timeout)
            .set_config(settings.tls.clone())
            .set_starttls(server.start_tls);
        let (driver, ldap) = LdapConnAsync::from_url_with_settings(how, &server.url).await?;
        let mut driving = JoinSet::new();
        driving.spawn(async move {
            if let Err(error) = driver.drive().await {
                tracing::debug!(%error, "a connection to a directory ended");
            }
        });
        Ok(Connection {
            ldap,
            timeout: settings.timeout,
            _driver: driving,
        })
    }

    /// Binds. Neither may be empty: such a bind would be anonymous, and succeed.
    pub(crate) async fn bind(&mut self, dn: &str, password: &str) -> Result<Bound, Fault> {
        if dn.is_empty() || password.is_empty() {
            return Ok(Bound::No("an anonymous bind proves nothing".to_owned()));
        }
        let answer = self
            .ldap
            .with_timeout(self.timeout)
            .simple_bind(dn, password)
            .await?;
        match answer.rc {
            SUCCESS => Ok(Bound::Yes),
            BUSY | UNAVAILABLE => Err(fault("bind", &answer)),
            _ => Ok(Bound::No(told(&answer))),
        }
    }

    /// Searches. Where there is nothing to search in, nothing is found.
    pub(crate) async fn search(&mut self, search: &Search<'_>) -> Result<Found, Fault> {
        let limit_s = i32::try_from(self.timeout.as_secs()).unwrap_or(i32::MAX);
        // One more than is taken tells whether there are more.
        let limit = search.entries_max.saturating_add(1);
        let options = SearchOptions::new()
            .timelimit(limit_s)
            .sizelimit(i32::try_from(limit).unwrap_or(i32::MAX));
        let mut stream = self
            .ldap
            .with_timeout(self.timeout)
            .with_search_options(options)
            .streaming_search(search.base, search.scope, search.filter, search.attributes)
            .await?;
        let mut entries = Vec::new();
        while let Some(item) = stream.next().await? {
            if item.is_ref() || item.is_intermediate() {
                continue;
            }
            entries.push(entry(item));
            if entries.len() > search.entries_max {
                return Ok(Found::TooMany);
            }
        }
        let answer = stream.finish().await;
        match answer.rc {
            SUCCESS => Ok(Found::All(entries)),
            NO_SUCH_OBJECT => Ok(Found::All(Vec::new())),
            SIZE_LIMIT_EXCEEDED => Ok(Found::TooMany),
            _ => Err(fault("search", &answer)),
        }
    }
}

fn entry(item: ldap3::ResultEntry) -> Entry {
    let found = SearchEntry::construct(item);
    let attributes = found
        .attrs
        .into_iter()
        .map(|(name, values)| (name.to_ascii_lowercase(), values))
        .collect();
    Entry {
        dn: found.dn,
        attributes,
    }
}

fn fault(doing: &'static str, answer: &LdapResult) -> Fault {
    Fault::Answer {
        doing,
        answer: told(answer),
    }
}

/// An answer in words, bounded.
fn told(answer: &LdapResult) -> String {
    let meaning = match answer.rc {
        8 => "strongerAuthRequired",
        10 => "referral",
        13 => "confidentialityRequired",
        19 => "constraintViolation",
        48 => "inappropriateAuthentication",
        49 => "invalidCredentials",
        50 => "insufficientAccessRights",
        53 => "unwillingToPerform",
        _ => "result",
    };
    let text: String = answer
        .text
        .chars()
        .filter(|character| !character.is_control())
        .take(DIAGNOSTIC_CHARS_MAX)
        .collect();
    if text.is_empty() {
        return format!("{meaning} ({})", answer.rc);
    }
    match active_directory(&text) {
        Some(reason) => format!("{meaning} ({}): {reason}: {text}", answer.rc),
        None => format!("{meaning} ({}): {text}", answer.rc),
    }
}

/// Why Active Directory refuses somebody, which it tells by a number alone.
fn active_directory(text: &str) -> Option<&'static str> {
    let (_, data) = text.split_once(", data ")?;
    let (code, _) = data.split_once(',')?;
    Some(match code {
        "525" => "no such account",
        "52e" => "wrong password",
        "530" => "not at this time of day",
        "531" => "not from this machine",
        "532" => "the password has expired",
        "533" => "the account is disabled",
        "701" => "the account has expired",
        "773" => "the password must be changed first",
        "775" => "the account is locked",
        _ => return None,
    })
}
