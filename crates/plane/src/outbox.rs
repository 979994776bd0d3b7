//! Messages to people: recorded in the transaction that causes them, delivered after it.
//!
//! An operation [`post`]s a letter while it runs. If its commit fails, there was no letter; once
//! it is acknowledged, the letter is safe. A [`Dispatcher`] hands it over, and it stays recorded
//! until that went well: a letter may come twice, and is never lost. Where nothing delivers,
//! letters wait, up to a bound.

use std::borrow::Cow;
use std::time::Duration;

use aws::{Entropy, Timestamp};
use serde::{Deserialize, Serialize};
use store::{Lookup, Read as _, Record, Store, StoreError, Transaction};

/// How many letters of one account may wait.
pub const WAITING_MAX: u64 = 10_000;
/// How often the dispatcher looks whether there is something to deliver.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// How many letters are taken at a time.
const BATCH_MAX: usize = 100;
/// The index of all letters that wait, by time.
const WAITING: &str = "waiting";

/// The way that a letter goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Channel {
    /// By mail.
    Email,
    /// By text message.
    Sms,
}

/// A letter to one person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    /// Its id, unique and in the order of time.
    pub id: String,
    /// When it was posted.
    pub posted: Timestamp,
    /// The account that sends it.
    pub account: String,
    /// The way that it goes.
    pub channel: Channel,
    /// An address or a phone number.
    pub to: String,
    /// The subject, of mail alone.
    pub subject: Option<String>,
    /// What it says.
    pub text: String,
}

impl Letter {
    /// A letter with an id of its own.
    pub fn new(
        posted: Timestamp,
        entropy: &dyn Entropy,
        account: impl Into<String>,
        channel: Channel,
        to: impl Into<String>,
        text: impl Into<String>,
    ) -> Letter {
        let id = format!("{:020}-{}", posted.as_nanosecond(), aws::uuid_v4(entropy));
        Letter {
            id,
            posted,
            account: account.into(),
            channel,
            to: to.into(),
            subject: None,
            text: text.into(),
        }
    }

    /// What it is about.
    pub fn about(mut self, subject: impl Into<String>) -> Letter {
        self.subject = Some(subject.into());
        self
    }
}

impl Record for Letter {
    const KIND: &'static str = "plane.letter";

    fn id(&self) -> Cow<'_, str> {
        (&self.id).into()
    }

    fn lookups(&self) -> Vec<Lookup> {
        vec![Lookup::many(WAITING, self.account.as_str())]
    }
}

/// The scope of all letters: they wait together, whoever sends them.
const SCOPE: &str = "outbox";

/// Why a letter was not taken.
#[derive(Debug, thiserror::Error)]
pub enum OutboxFull {
    /// As many letters of the account wait already as may.
    #[error("{WAITING_MAX} letters of the account wait to be delivered already")]
    Full,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Posts a letter, if the transaction commits.
pub fn post(tx: &mut Transaction, letter: &Letter) -> Result<(), OutboxFull> {
    tx.insert(SCOPE, letter)?;
    let account = store::Exactly(letter.account.as_str());
    if tx.within::<Letter>(SCOPE, WAITING, account, WAITING_MAX)? {
        Ok(())
    } else {
        Err(OutboxFull::Full)
    }
}

/// Somebody who carries letters. May be given the same letter again after a failure.
pub trait Deliver: Send + Sync + 'static {
    /// Carries one. What failed is tried again later.
    fn deliver(&self, letter: &Letter) -> std::io::Result<()>;
}

/// Hands over what waits, as long as it lives.
pub struct Dispatcher {
    store: Store,
    carrier: Box<dyn Deliver>,
}

impl Dispatcher {
    /// A dispatcher with this carrier.
    pub fn new(store: Store, carrier: impl Deliver) -> Dispatcher {
        Dispatcher {
            store,
            carrier: Box::new(carrier),
        }
    }

    /// Looks again and again, without end. Run it on a thread that may wait for the disk.
    pub async fn run(self) {
        let dispatcher = std::sync::Arc::new(self);
        let mut seen = None;
        loop {
            let stamp = dispatcher.store.stamp_scope_kind(SCOPE, Letter::KIND);
            if seen != Some(stamp) {
                let working = std::sync::Arc::clone(&dispatcher);
                match tokio::task::spawn_blocking(move || working.deliver_waiting()).await {
                    Ok(Ok(())) => seen = Some(stamp),
                    Ok(Err(error)) => tracing::warn!(%error, "letters were not delivered"),
                    Err(error) => tracing::error!(%error, "the dispatcher failed"),
                }
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Delivers everything that waits now.
    pub fn deliver_waiting(&self) -> Result<(), DeliveryError> {
        loop {
            let read = self.store.read();
            let page = read.page::<Letter>(SCOPE, WAITING, "", None, BATCH_MAX)?;
            drop(read);
            if page.records.is_empty() {
                return Ok(());
            }
            for letter in &page.records {
                self.carrier
                    .deliver(letter)
                    .map_err(DeliveryError::Carrier)?;
            }
            self.store.transact(|tx| -> Result<(), StoreError> {
                for letter in &page.records {
                    tx.delete::<Letter>(SCOPE, &letter.id)?;
                }
                Ok(())
            })?;
        }
    }
}

/// Why letters still wait.
#[derive(Debug, thiserror::Error)]
pub enum DeliveryError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The carrier failed.
    #[error("the carrier failed: {0}")]
    Carrier(std::io::Error),
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use aws::SystemEntropy;

    use super::*;

    #[derive(Clone, Default)]
    struct Bag {
        letters: Arc<Mutex<Vec<Letter>>>,
        failures: Arc<Mutex<u32>>,
    }

    impl Deliver for Bag {
        fn deliver(&self, letter: &Letter) -> std::io::Result<()> {
            let mut failures = self.failures.lock().unwrap();
            if *failures > 0 {
                *failures -= 1;
                return Err(std::io::Error::other("no wind"));
            }
            self.letters.lock().unwrap().push(letter.clone());
            Ok(())
        }
    }

    fn letter(to: &str) -> Letter {
        Letter::new(
            Timestamp::UNIX_EPOCH,
            &SystemEntropy,
            "111122223333",
            Channel::Email,
            to,
            "Your code is 123456",
        )
        .about("Your code")
    }

    fn posted(store: &Store, letter: &Letter) {
        store.transact(|tx| post(tx, letter)).unwrap();
    }

    #[test]
    fn a_letter_is_delivered_once_and_is_gone() {
        let store = Store::in_memory().unwrap();
        let bag = Bag::default();
        let sent = letter("ann@example.com");
        posted(&store, &sent);
        let dispatcher = Dispatcher::new(store, bag.clone());
        dispatcher.deliver_waiting().unwrap();
        dispatcher.deliver_waiting().unwrap();
        assert_eq!(*bag.letters.lock().unwrap(), [sent]);
    }

    #[test]
    fn a_transaction_that_fails_posts_nothing() {
        let store = Store::in_memory().unwrap();
        let failed = store.transact(|tx| -> Result<(), OutboxFull> {
            post(tx, &letter("ann@example.com"))?;
            Err(OutboxFull::Full)
        });
        assert!(failed.is_err());
        let bag = Bag::default();
        let dispatcher = Dispatcher::new(store, bag.clone());
        dispatcher.deliver_waiting().unwrap();
        assert!(bag.letters.lock().unwrap().is_empty());
    }

    #[test]
    fn what_could_not_be_delivered_waits() {
        let store = Store::in_memory().unwrap();
        let bag = Bag::default();
        *bag.failures.lock().unwrap() = 1;
        posted(&store, &letter("ann@example.com"));
        let dispatcher = Dispatcher::new(store, bag.clone());
        assert!(dispatcher.deliver_waiting().is_err());
        dispatcher.deliver_waiting().unwrap();
        assert_eq!(bag.letters.lock().unwrap().len(), 1);
    }

    #[tokio::test]
    async fn the_dispatcher_hears_of_a_letter() {
        let store = Store::in_memory().unwrap();
        let (sender, mut arrived) = tokio::sync::mpsc::unbounded_channel();
        struct Line(tokio::sync::mpsc::UnboundedSender<Letter>);
        impl Deliver for Line {
            fn deliver(&self, letter: &Letter) -> std::io::Result<()> {
                self.0.send(letter.clone()).map_err(std::io::Error::other)
            }
        }
        let running = tokio::spawn(Dispatcher::new(store.clone(), Line(sender)).run());
        let sent = letter("ann@example.com");
        posted(&store, &sent);
        assert_eq!(arrived.recv().await, Some(sent));
        running.abort();
    }
}
