//! `arnold import aws`: a real account's users, groups, roles and policies, under the ids that
//! they have there.

mod brought;
mod checked;
mod entities;
mod gather;
mod outside;

use std::path::{Path, PathBuf};

use identity::{Account, GLOBAL_SCOPE, LastUsed};
use indicatif::{ProgressBar, ProgressStyle};
use store::{Read as _, Record, Store, StoreError, Transaction};

use self::brought::Brought;
use super::listings::Listings;
use crate::Failure;

/// Reads the files, and writes all that is in them, or nothing.
pub(super) fn run(data: &Path, files: &[PathBuf]) -> Result<(), Failure> {
    let progress = bar("reading", files.len());
    let mut listings = Listings::default();
    for file in files {
        listings.read(file)?;
        progress.inc(1);
    }
    progress.finish_and_clear();
    listings.must_be_whole()?;
    let brought = gather::gather(&listings)?;
    write(&super::open(data)?, &brought)?;
    println!("{}", brought.summary(&listings));
    Ok(())
}

/// Shows how far it is; only where somebody sits at a terminal.
fn bar(what: &'static str, count: usize) -> ProgressBar {
    let length = u64::try_from(count).unwrap_or(u64::MAX);
    let bar = ProgressBar::new(length).with_message(what);
    match ProgressStyle::with_template("{msg:>10} [{bar:40}] {pos}/{len}") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

/// All of it in one commit. What is there already under the same name or id refuses all of it.
fn write(store: &Store, brought: &Brought) -> Result<(), Failure> {
    let progress = bar("writing", brought.len());
    let written = store.transact(|tx| -> Result<(), Trouble> {
        progress.reset();
        account(tx, brought)?;
        let mut writing = Writing {
            tx,
            scope: brought.account.as_str(),
            progress: &progress,
        };
        writing.insert(&brought.policies, |one| one.arn().to_string())?;
        writing.insert(&brought.groups, |one| one.arn().to_string())?;
        writing.insert(&brought.users, |one| one.arn().to_string())?;
        writing.insert(&brought.roles, |one| one.arn().to_string())?;
        writing.insert(&brought.profiles, |one| one.arn().to_string())?;
        writing.insert(&brought.oidc_providers, |one| one.arn().to_string())?;
        writing.insert(&brought.saml_providers, |one| one.arn().to_string())?;
        for used in &brought.used {
            writing.tx.put::<LastUsed>(writing.scope, used)?;
            progress.inc(1);
        }
        Ok(())
    });
    progress.finish_and_clear();
    Ok(written?)
}

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    /// Something of the name or of the id is there.
    #[error(
        "the folder or the files hold `{0}` already, or something of its name or id: nothing was brought in"
    )]
    Taken(String),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The account, if it is not there yet. The first one manages the others.
fn account(tx: &mut Transaction, brought: &Brought) -> Result<(), StoreError> {
    let known: Option<Account> = tx.get(GLOBAL_SCOPE, brought.account.as_str())?;
    if known.is_some() {
        return Ok(());
    }
    let others = tx.count::<Account>(GLOBAL_SCOPE, "id", "")?;
    tx.insert(
        GLOBAL_SCOPE,
        &Account {
            id: brought.account,
            name: brought.account.to_string(),
            created: brought.created,
            management: others == 0,
            alias: None,
        },
    )
}

/// A commit in the making.
struct Writing<'a> {
    tx: &'a mut Transaction,
    scope: &'a str,
    progress: &'a ProgressBar,
}

impl Writing<'_> {
    fn insert<R: Record>(
        &mut self,
        records: &[R],
        called: impl Fn(&R) -> String,
    ) -> Result<(), Trouble> {
        for record in records {
            match self.tx.insert(self.scope, record) {
                Err(StoreError::Taken(_)) => return Err(Trouble::Taken(called(record))),
                outcome => outcome?,
            }
            self.progress.inc(1);
        }
        Ok(())
    }
}
