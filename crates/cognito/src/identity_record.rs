//! Identities: one for each person who comes to a pool, or for each device of a guest.

use std::borrow::Cow;

use aws::Timestamp;
use plane::Error;
use serde::{Deserialize, Serialize};
use store::{Lookup, Read, Record};

use crate::errors::{limit_exceeded, login_is_taken};
use crate::logins::ProvenLogin;
use crate::pool::SCOPE;

/// The most logins of an identity (API reference, `MergeDeveloperIdentities`).
const LOGINS_MAX: usize = 20;

/// An identity of a pool. All identities live in one scope, for an unsigned call names one by
/// nothing but its id. They are quiet: nothing in memory watches them.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Identity {
    /// `REGION:UUID`, of the pool's region.
    pub id: String,
    /// The id of its pool.
    pub pool: String,
    /// When it was made.
    pub created: Timestamp,
    /// When a login was last added.
    pub modified: Timestamp,
    /// What its person can sign in with; none for a guest.
    #[serde(default)]
    pub logins: Vec<LinkedLogin>,
}

/// A person of a provider who is this identity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkedLogin {
    /// The provider's login key.
    pub provider: String,
    /// How the provider names the person.
    pub subject: String,
}

impl Identity {
    /// A new identity without logins.
    pub(crate) fn new(pool: &crate::pool::IdentityPool, uuid: &str, now: Timestamp) -> Identity {
        Identity {
            id: format!("{}:{uuid}", pool.region()),
            pool: pool.id.clone(),
            created: now,
            modified: now,
            logins: Vec::new(),
        }
    }

    /// The identity of this id.
    pub(crate) fn find(reader: &impl Read, id: &str) -> Result<Option<Identity>, Error> {
        Ok(reader.get(SCOPE, id)?)
    }

    /// The identity of the pool that a login is linked to.
    pub(crate) fn of_login(
        reader: &impl Read,
        pool: &str,
        login: &ProvenLogin,
    ) -> Result<Option<Identity>, Error> {
        let value = login_value(pool, login.provider(), login.subject());
        Ok(reader.find(SCOPE, "login", &value)?)
    }

    /// Whether its person has ever signed in.
    pub(crate) fn is_authenticated(&self) -> bool {
        !self.logins.is_empty()
    }

    /// Links a login that is linked to no identity yet. An identity is one person at each
    /// provider, not two.
    pub(crate) fn link(&mut self, login: &ProvenLogin, now: Timestamp) -> Result<(), Error> {
        let provider = login.provider();
        if self.logins.iter().any(|held| held.provider == provider) {
            return Err(login_is_taken());
        }
        if self.logins.len() >= LOGINS_MAX {
            return Err(limit_exceeded(format!(
                "An identity can have at most {LOGINS_MAX} linked logins."
            )));
        }
        self.logins.push(LinkedLogin {
            provider: provider.to_owned(),
            subject: login.subject().to_owned(),
        });
        self.modified = now;
        Ok(())
    }
}

/// The value of the lookup `login`. Neither ids nor providers hold line breaks, and the
/// subject comes last, so no two logins share one.
fn login_value(pool: &str, provider: &str, subject: &str) -> String {
    format!("{pool}\n{provider}\n{subject}")
}

impl Record for Identity {
    const KIND: &'static str = "cognito.identity";
    const QUIET: bool = true;

    fn id(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.id)
    }

    fn lookups(&self) -> Vec<Lookup> {
        let mut lookups = vec![Lookup::many("pool", &self.pool)];
        lookups.extend(self.logins.iter().map(|login| {
            let value = login_value(&self.pool, &login.provider, &login.subject);
            Lookup::unique("login", value)
        }));
        lookups
    }
}
