//! The first accounts: declared by a file, or made with a key that is shown once.

use std::borrow::Cow;
use std::path::Path;

use aws::{AccountId, Clock, Entropy, Secret};
use identity::{AccessKey, Account, Directory, GLOBAL_SCOPE, KeyOwner, KeyStatus, User};
use serde::{Deserialize, Serialize};
use store::{Lookup, Read, Record, StoreError, Transaction};

use crate::config::{ConfigError, read_toml};

/// What the first administrator gets.
const ADMINISTRATOR_ACCESS: &str = "arn:aws:iam::aws:policy/AdministratorAccess";

/// What the bootstrap file declares.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bootstrap {
    /// The first one is the management account.
    #[serde(rename = "account")]
    pub accounts: Vec<DeclaredAccount>,
}

/// An account of a chosen id.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeclaredAccount {
    /// Twelve digits.
    pub id: AccountId,
    /// What people call it.
    pub name: String,
    /// A user with `AdministratorAccess`.
    pub administrator: Option<DeclaredUser>,
    /// A key of the root user.
    pub root: Option<DeclaredKey>,
}

/// A user with a chosen key.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeclaredUser {
    /// The user's name.
    pub user: String,
    /// The key's id.
    pub access_key_id: String,
    /// The key's secret.
    pub secret_access_key: DeclaredSecret,
}

/// A chosen key.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeclaredKey {
    /// The key's id.
    pub access_key_id: String,
    /// The key's secret.
    pub secret_access_key: DeclaredSecret,
}

/// A secret of the file, hidden from `Debug`.
#[derive(Debug, Deserialize)]
#[serde(from = "String")]
pub struct DeclaredSecret(Secret<String>);

impl From<String> for DeclaredSecret {
    fn from(text: String) -> DeclaredSecret {
        DeclaredSecret(Secret::new(text))
    }
}

/// A key that a bootstrap file has brought in. It is brought in once: if somebody removes or
/// renames what it made, no later start undoes that.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct AppliedKey {
    id: String,
    account: AccountId,
    /// The user as declared; none for root.
    user: Option<String>,
}

impl Record for AppliedKey {
    const KIND: &'static str = "bootstrap-key";

    fn id(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.id)
    }

    fn lookups(&self) -> Vec<Lookup> {
        Vec::new()
    }
}

/// The first accounts were not made.
#[derive(Debug, thiserror::Error)]
pub enum BootstrapError {
    /// The file cannot be read.
    #[error(transparent)]
    File(#[from] ConfigError),
    /// The file says something else than the store.
    #[error("the bootstrap file contradicts the store: {0}")]
    Contradiction(String),
    /// The file says something that cannot be.
    #[error("the bootstrap file is not valid: {0}")]
    Invalid(String),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The secret could not be sealed.
    #[error("cannot seal a secret: {0}")]
    Seal(#[from] seal::SealError),
}

/// The first administrator's key, to be shown once.
#[derive(Debug)]
pub struct FirstKey {
    /// The management account.
    pub account: AccountId,
    /// The user's name.
    pub user: String,
    /// The key's id.
    pub access_key_id: String,
    /// The key's secret.
    pub secret_access_key: Secret<String>,
}

/// Reads the file and applies it.
pub fn apply_file(
    directory: &Directory,
    clock: &dyn Clock,
    entropy: &dyn Entropy,
    path: &Path,
) -> Result<(), BootstrapError> {
    apply(directory, clock, entropy, &read_toml(path)?)
}

/// Makes what is declared and not yet there; what is there must be as declared. All of it
/// or nothing.
pub fn apply(
    directory: &Directory,
    clock: &dyn Clock,
    entropy: &dyn Entropy,
    bootstrap: &Bootstrap,
) -> Result<(), BootstrapError> {
    check(bootstrap)?;
    directory.store().transact(|tx| {
        for (at, declared) in bootstrap.accounts.iter().enumerate() {
            let maker = Maker {
                directory,
                clock,
                entropy,
                account: declared.id,
            };
            maker.account(tx, declared, at == 0)?;
        }
        Ok(())
    })
}

fn check(bootstrap: &Bootstrap) -> Result<(), BootstrapError> {
    let invalid = |why: String| Err(BootstrapError::Invalid(why));
    if bootstrap.accounts.is_empty() {
        return invalid("it declares no `[[account]]`".to_owned());
    }
    for account in &bootstrap.accounts {
        if account.name.trim().is_empty() {
            return invalid(format!("account {} has no name", account.id));
        }
        if let Some(admin) = &account.administrator
            && !is_user_name(&admin.user)
        {
            return invalid(format!(
                "`{}` is not a user name: expected 1 to 64 letters, digits or `_+=,.@-`",
                admin.user
            ));
        }
        let keys = account
            .administrator
            .iter()
            .map(|admin| (&admin.access_key_id, &admin.secret_access_key))
            .chain(
                account
                    .root
                    .iter()
                    .map(|root| (&root.access_key_id, &root.secret_access_key)),
            );
        for (id, secret) in keys {
            let word = id.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            if !(16..=128).contains(&id.len()) || !word {
                return invalid(format!(
                    "`{id}` is not an access key id: expected 16 to 128 letters, digits or `_`"
                ));
            }
            if secret.0.expose().is_empty() || secret.0.expose().len() > 128 {
                return invalid(format!(
                    "the secret of `{id}` is not 1 to 128 characters long"
                ));
            }
        }
    }
    Ok(())
}

fn is_user_name(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c))
}

/// Makes the management account with a random id, its root user and a first administrator,
/// if the store holds no account yet.
pub fn first_start(
    directory: &Directory,
    clock: &dyn Clock,
    entropy: &dyn Entropy,
) -> Result<Option<FirstKey>, BootstrapError> {
    let account = random_account(entropy);
    let (access_key_id, secret) = seal::long_term_key(account, entropy);
    let key = FirstKey {
        account,
        user: "admin".to_owned(),
        access_key_id,
        secret_access_key: secret,
    };
    let made = directory.store().transact(|tx| {
        if tx.count::<Account>(GLOBAL_SCOPE, "id", "")? > 0 {
            return Ok(false);
        }
        let maker = Maker {
            directory,
            clock,
            entropy,
            account,
        };
        maker.insert_account(tx, "management", true)?;
        maker.administrator(tx, &key.user, &key.access_key_id, &key.secret_access_key)?;
        Ok::<bool, BootstrapError>(true)
    })?;
    Ok(made.then_some(key))
}

fn random_account(entropy: &dyn Entropy) -> AccountId {
    loop {
        let mut bytes = [0u8; 8];
        entropy.fill(&mut bytes);
        let number = u64::from_le_bytes(bytes) % 1_000_000_000_000;
        // A leading zero is allowed by AWS, but gets lost in spreadsheets.
        if number >= 100_000_000_000
            && let Some(account) = AccountId::from_number(number)
        {
            return account;
        }
    }
}

struct Maker<'a> {
    directory: &'a Directory,
    clock: &'a dyn Clock,
    entropy: &'a dyn Entropy,
    account: AccountId,
}

impl Maker<'_> {
    fn now(&self) -> aws::Timestamp {
        aws::Timestamp::from_second(self.clock.epoch_seconds()).unwrap_or_default()
    }

    fn account(
        &self,
        tx: &mut Transaction,
        declared: &DeclaredAccount,
        management: bool,
    ) -> Result<(), BootstrapError> {
        match tx.get::<Account>(GLOBAL_SCOPE, self.account.as_str())? {
            None => self.insert_account(tx, &declared.name, management)?,
            Some(found) if found.management != management => {
                return Err(BootstrapError::Contradiction(format!(
                    "account {} {} the management account",
                    self.account,
                    if found.management { "is" } else { "is not" }
                )));
            }
            Some(found) if found.name != declared.name => {
                return Err(BootstrapError::Contradiction(format!(
                    "account {} is called `{}`",
                    self.account, found.name
                )));
            }
            Some(_) => {}
        }
        if let Some(admin) = &declared.administrator {
            let (id, secret) = (&admin.access_key_id, &admin.secret_access_key.0);
            if !self.is_applied(tx, id, Some(&admin.user), secret)? {
                self.administrator(tx, &admin.user, id, secret)?;
            }
        }
        if let Some(root) = &declared.root {
            let (id, secret) = (&root.access_key_id, &root.secret_access_key.0);
            if !self.is_applied(tx, id, None, secret)? {
                self.key(tx, id, KeyOwner::Root, secret)?;
            }
        }
        Ok(())
    }

    /// Whether an earlier start brought this key in; if not, this one does. What became of it
    /// since is nobody's business here, but the file must still say the same.
    fn is_applied(
        &self,
        tx: &mut Transaction,
        id: &str,
        user: Option<&str>,
        secret: &Secret<String>,
    ) -> Result<bool, BootstrapError> {
        let declared = AppliedKey {
            id: id.to_owned(),
            account: self.account,
            user: user.map(str::to_owned),
        };
        let Some(applied) = tx.get::<AppliedKey>(GLOBAL_SCOPE, id)? else {
            tx.insert(GLOBAL_SCOPE, &declared)?;
            return Ok(false);
        };
        if applied != declared {
            return Err(of_somebody_else(id));
        }
        match tx.get::<AccessKey>(GLOBAL_SCOPE, id)? {
            Some(held) => self.check_secret(&held, secret)?,
            None => tracing::info!(
                key = id,
                "a key of the bootstrap file was deleted and stays so"
            ),
        }
        Ok(true)
    }

    fn check_secret(
        &self,
        held: &AccessKey,
        declared: &Secret<String>,
    ) -> Result<(), BootstrapError> {
        let bound_to = AccessKey::envelope_identity(&held.id);
        let envelope = self.directory.envelope();
        let secret = envelope.open_text(&bound_to, &held.sealed_secret)?;
        if seal::same(secret.expose().as_bytes(), declared.expose().as_bytes()) {
            return Ok(());
        }
        Err(BootstrapError::Contradiction(format!(
            "access key `{}` has another secret",
            held.id
        )))
    }

    fn insert_account(
        &self,
        tx: &mut Transaction,
        name: &str,
        management: bool,
    ) -> Result<(), BootstrapError> {
        tx.insert(
            GLOBAL_SCOPE,
            &Account {
                id: self.account,
                name: name.to_owned(),
                created: self.now(),
                management,
                alias: None,
            },
        )?;
        Ok(())
    }

    fn administrator(
        &self,
        tx: &mut Transaction,
        name: &str,
        access_key_id: &str,
        secret: &Secret<String>,
    ) -> Result<(), BootstrapError> {
        let scope = self.account.as_str();
        let user = match tx.find::<User>(scope, "name", &name.to_lowercase())? {
            Some(user) => user,
            None => {
                let user = User {
                    id: seal::unique_id("AIDA", self.entropy),
                    account: self.account,
                    name: name.to_owned(),
                    path: "/".to_owned(),
                    created: self.now(),
                    tags: Vec::new(),
                    groups: Vec::new(),
                    attached: vec![ADMINISTRATOR_ACCESS.to_owned()],
                    inline: std::collections::BTreeMap::new(),
                    boundary: None,
                };
                tx.insert(scope, &user)?;
                user
            }
        };
        self.key(tx, access_key_id, KeyOwner::User(user.id), secret)
    }

    fn key(
        &self,
        tx: &mut Transaction,
        id: &str,
        owner: KeyOwner,
        secret: &Secret<String>,
    ) -> Result<(), BootstrapError> {
        if let Some(found) = tx.get::<AccessKey>(GLOBAL_SCOPE, id)? {
            if found.account != self.account || found.owner != owner {
                return Err(of_somebody_else(id));
            }
            return self.check_secret(&found, secret);
        }
        let bound_to = AccessKey::envelope_identity(id);
        let sealed_secret = self.directory.envelope().seal_text(&bound_to, secret)?;
        tx.insert(
            GLOBAL_SCOPE,
            &AccessKey {
                id: id.to_owned(),
                account: self.account,
                owner,
                status: KeyStatus::Active,
                created: self.now(),
                sealed_secret,
            },
        )?;
        Ok(())
    }
}

fn of_somebody_else(id: &str) -> BootstrapError {
    BootstrapError::Contradiction(format!("access key `{id}` belongs to somebody else"))
}

#[cfg(test)]
mod tests;
