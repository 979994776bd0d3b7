//! Identities: one for each person who comes to a pool, or for each device of a guest.

use std::borrow::Cow;

use aws::Timestamp;
use plane::Error;
use serde::{Deserialize, Serialize};
use store::{Lookup, Read, Record};

use crate::errors::{limit_exceeded, login_is_taken};
use crate::logins::ProvenLogin;
use crate::pool::{IdentityPool, SCOPE};

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
    /// Whether it once had a login. It is nobody's then without one, and no guest any more.
    #[serde(default, skip_serializing_if = "is_false")]
    pub signed_in: bool,
    /// Whether it was merged into another one, and counts no more.
    #[serde(default, skip_serializing_if = "is_false")]
    pub disabled: bool,
}

fn is_false(value: &bool) -> bool {
    !value
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
    pub(crate) fn new(pool: &IdentityPool, uuid: &str, now: Timestamp) -> Identity {
        Identity {
            id: format!("{}:{uuid}", pool.region()),
            pool: pool.id.clone(),
            created: now,
            modified: now,
            logins: Vec::new(),
            signed_in: false,
            disabled: false,
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
        Identity::of_person(reader, pool, login.provider(), login.subject())
    }

    /// Each login with the identity of the pool that it is linked to, if any.
    pub(crate) fn holders<'l>(
        reader: &impl Read,
        pool: &str,
        logins: &'l [ProvenLogin],
    ) -> Result<Vec<(&'l ProvenLogin, Option<Identity>)>, Error> {
        let holder = |login| Ok((login, Identity::of_login(reader, pool, login)?));
        logins.iter().map(holder).collect()
    }

    /// The identity of the pool that this person of a provider is.
    pub(crate) fn of_person(
        reader: &impl Read,
        pool: &str,
        provider: &str,
        subject: &str,
    ) -> Result<Option<Identity>, Error> {
        let value = login_value(pool, provider, subject);
        Ok(reader.find(SCOPE, "login", &value)?)
    }

    /// Whether its person has ever signed in.
    pub(crate) fn is_authenticated(&self) -> bool {
        self.signed_in || !self.logins.is_empty()
    }

    /// Links a login that is linked to no identity yet. An identity is one person at each
    /// provider, not two; only the developer's own may know it under several names.
    pub(crate) fn link(
        &mut self,
        pool: &IdentityPool,
        login: &ProvenLogin,
        now: Timestamp,
    ) -> Result<(), Error> {
        let provider = login.provider();
        let is_developers = pool.configuration.developer_provider.as_deref() == Some(provider);
        if !is_developers && self.logins.iter().any(|held| held.provider == provider) {
            return Err(login_is_taken());
        }
        self.take_over(
            LinkedLogin {
                provider: provider.to_owned(),
                subject: login.subject().to_owned(),
            },
            now,
        )
    }

    /// Adds a login, within the limit.
    pub(crate) fn take_over(&mut self, login: LinkedLogin, now: Timestamp) -> Result<(), Error> {
        if self.logins.len() >= LOGINS_MAX {
            return Err(limit_exceeded(format!(
                "An identity can have at most {LOGINS_MAX} linked logins."
            )));
        }
        self.logins.push(login);
        self.signed_in = true;
        self.modified = now;
        Ok(())
    }

    /// Removes the logins that `goes` says yes to, and says whether there were any.
    pub(crate) fn unlink(&mut self, now: Timestamp, goes: impl Fn(&LinkedLogin) -> bool) -> bool {
        let before = self.logins.len();
        self.logins.retain(|login| !goes(login));
        let some_went = self.logins.len() < before;
        if some_went {
            self.signed_in = true;
            self.modified = now;
        }
        some_went
    }

    /// What the developer calls its person.
    pub(crate) fn developer_users(&self, provider: &str) -> Vec<String> {
        let of_developer = self.logins.iter().filter(|held| held.provider == provider);
        let mut users: Vec<String> = of_developer.map(|held| held.subject.clone()).collect();
        users.sort();
        users
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
