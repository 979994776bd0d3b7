//! The first accounts: declared by a file, or made with a key that is shown once.

use std::path::Path;

use aws::{AccountId, Clock, Entropy, Secret};
use identity::{AccessKey, Account, Directory, GLOBAL_SCOPE, KeyOwner, KeyStatus, User};
use serde::Deserialize;
use store::{Read, StoreError, Transaction};

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
            Some(_) => {}
        }
        if let Some(admin) = &declared.administrator {
            self.administrator(
                tx,
                &admin.user,
                &admin.access_key_id,
                &admin.secret_access_key.0,
            )?;
        }
        if let Some(root) = &declared.root {
            self.key(
                tx,
                &root.access_key_id,
                KeyOwner::Root,
                &root.secret_access_key.0,
            )?;
        }
        Ok(())
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
        let envelope = self.directory.envelope();
        let bound_to = AccessKey::envelope_identity(id);
        if let Some(found) = tx.get::<AccessKey>(GLOBAL_SCOPE, id)? {
            let held = envelope.open_text(&bound_to, &found.sealed_secret)?;
            if found.account != self.account || found.owner != owner {
                return Err(BootstrapError::Contradiction(format!(
                    "access key `{id}` belongs to somebody else"
                )));
            }
            if !seal::same(held.expose().as_bytes(), secret.expose().as_bytes()) {
                return Err(BootstrapError::Contradiction(format!(
                    "access key `{id}` has another secret"
                )));
            }
            return Ok(());
        }
        tx.insert(
            GLOBAL_SCOPE,
            &AccessKey {
                id: id.to_owned(),
                account: self.account,
                owner,
                status: KeyStatus::Active,
                created: self.now(),
                sealed_secret: envelope.seal_text(&bound_to, secret)?,
            },
        )?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    use aws::{SystemClock, SystemEntropy};
    use seal::{Envelope, KeyRing, MasterKey};
    use store::Store;

    const FILE: &str = r#"
        [[account]]
        id = "111122223333"
        name = "main"
        administrator = { user = "admin", access_key_id = "AKIAFIRSTFIRSTFIRST1", secret_access_key = "one" }
        root = { access_key_id = "ANYTHING_GOES_16", secret_access_key = "two" }

        [[account]]
        id = "444455556666"
        name = "other"
    "#;

    fn directory() -> Directory {
        let master = MasterKey::generate(&SystemEntropy);
        Directory::new(
            Store::in_memory().unwrap(),
            Arc::new(KeyRing::new(0, &SystemEntropy)),
            Envelope::new(&master, Box::new(SystemEntropy)),
        )
    }

    fn apply_text(directory: &Directory, text: &str) -> Result<(), BootstrapError> {
        let bootstrap = toml::from_str(text).unwrap();
        apply(directory, &SystemClock, &SystemEntropy, &bootstrap)
    }

    fn arn_of(directory: &Directory, access_key_id: &str) -> String {
        let credential = directory.credential(access_key_id, None, 0).unwrap();
        credential.caller.known().unwrap().arn().to_owned()
    }

    #[test]
    fn what_is_declared_exists_and_a_second_time_changes_nothing() {
        let directory = directory();
        for _ in 0..2 {
            apply_text(&directory, FILE).unwrap();
            assert_eq!(
                arn_of(&directory, "AKIAFIRSTFIRSTFIRST1"),
                "arn:aws:iam::111122223333:user/admin"
            );
            assert_eq!(
                arn_of(&directory, "ANYTHING_GOES_16"),
                "arn:aws:iam::111122223333:root"
            );
        }
        let users = directory
            .store()
            .read()
            .count::<User>("111122223333", "name", "");
        assert_eq!(users.unwrap(), 1);
    }

    #[test]
    fn a_file_that_contradicts_the_store_is_refused_and_changes_nothing() {
        let directory = directory();
        apply_text(&directory, FILE).unwrap();
        for (from, to) in [
            ("\"one\"", "\"another secret\""),
            ("user = \"admin\"", "user = \"somebody\""),
            ("111122223333", "444455556667"),
        ] {
            let changed = FILE.replace(from, to);
            let outcome = apply_text(&directory, &changed);
            assert!(
                matches!(outcome, Err(BootstrapError::Contradiction(_))),
                "{from} -> {to}: {outcome:?}"
            );
        }
        let accounts = directory
            .store()
            .read()
            .count::<Account>(GLOBAL_SCOPE, "id", "");
        assert_eq!(accounts.unwrap(), 2);
    }

    #[test]
    fn what_cannot_be_is_said_so() {
        let directory = directory();
        for (from, to) in [
            ("AKIAFIRSTFIRSTFIRST1", "too short"),
            ("AKIAFIRSTFIRSTFIRST1", "AKIA-FIRST-FIRST-1"),
            ("\"one\"", "\"\""),
        ] {
            let outcome = apply_text(&directory, &FILE.replace(from, to));
            assert!(
                matches!(outcome, Err(BootstrapError::Invalid(_))),
                "{from} -> {to}: {outcome:?}"
            );
        }
    }

    #[test]
    fn the_first_start_makes_one_administrator_and_the_second_none() {
        let directory = directory();
        let key = first_start(&directory, &SystemClock, &SystemEntropy)
            .unwrap()
            .unwrap();
        assert_eq!(
            arn_of(&directory, &key.access_key_id),
            format!("arn:aws:iam::{}:user/admin", key.account)
        );
        assert_eq!(seal::account_of(&key.access_key_id), Some(key.account));
        let second = first_start(&directory, &SystemClock, &SystemEntropy).unwrap();
        assert!(second.is_none());
    }
}
