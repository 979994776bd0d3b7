//! The key source: the keys of providers, fetched when needed and kept for a while.
//!
//! Anybody can send a token, so anybody can make us want keys. Therefore fetching is
//! bounded per issuer, one fetch at a time serves all who wait, and keys that are known
//! keep working for a while when their provider does not answer.

use std::collections::HashMap;
use std::error::Error;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::discovery::{self, DiscoveryFault};
use crate::jwk::{KeySet, KeySetFault};

/// How long keys are used without asking again.
const FRESH_S: i64 = 300;

/// How long keys are used when the provider does not answer.
const USABLE_S: i64 = 3600;

/// How many fetches an issuer may cause at once, so that a provider which changes its keys
/// is followed at once, and how long it takes to earn another.
const FETCHES_MAX: i64 = 5;
const FETCH_EARNED_S: i64 = 10;

/// How many issuers are remembered. The one that was asked longest ago makes room.
const ISSUERS_MAX: usize = 1000;

/// The largest document that is read.
const DOCUMENT_BYTES_MAX: usize = 1024 * 1024;

/// Why a document could not be fetched. Shared by all who waited for it.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{cause}")]
pub struct FetchError {
    cause: Arc<dyn Error + Send + Sync>,
    is_of_authority: bool,
}

impl FetchError {
    /// Wraps what the fetcher says.
    pub fn new(cause: impl Error + Send + Sync + 'static) -> FetchError {
        FetchError {
            cause: Arc::new(cause),
            is_of_authority: false,
        }
    }

    /// The same, where nobody who is known vouches for the host's certificate, and no
    /// thumbprint does either.
    pub fn of_authority(cause: impl Error + Send + Sync + 'static) -> FetchError {
        FetchError {
            is_of_authority: true,
            ..FetchError::new(cause)
        }
    }
}

/// A document on its way.
pub type Fetching<'a> = Pin<Box<dyn Future<Output = Result<Vec<u8>, FetchError>> + Send + 'a>>;

/// Fetches documents from providers. Whoever implements it guards where it goes, how much
/// it takes and how long.
pub trait Fetch: Send + Sync {
    /// The document at `url`.
    fn get<'a>(&'a self, url: &'a str) -> Fetching<'a>;

    /// The document at `url`, also from a host that no known authority vouches for, if the
    /// topmost certificate that it shows has one of these thumbprints. Whoever cannot do
    /// that does without it.
    fn get_pinned<'a>(&'a self, url: &'a str, thumbprints: &'a [String]) -> Fetching<'a> {
        let _ = thumbprints;
        self.get(url)
    }
}

/// Whose keys are asked for, and which thumbprints count beside known authorities.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) issuer: &'a str,
    pub(crate) thumbprints: &'a [String],
}

impl Asked<'_> {
    /// What keys are remembered under. Those that came by a thumbprint count for nobody who
    /// does not name it.
    fn remembered_as(&self) -> String {
        let mut thumbprints = self.thumbprints.to_vec();
        thumbprints.sort();
        thumbprints.dedup();
        let mut parts = vec![self.issuer.to_owned()];
        parts.extend(thumbprints);
        // Neither issuers nor thumbprints hold blanks.
        parts.join(" ")
    }
}

/// Why the keys of an issuer are not to be had.
#[derive(Debug, Clone, thiserror::Error)]
pub enum KeysFault {
    /// A document could not be fetched.
    #[error("cannot fetch `{url}`: {source}")]
    Fetch {
        /// Which one.
        url: String,
        /// Why.
        source: FetchError,
    },
    /// A document is larger than any real one.
    #[error("`{url}` is too large")]
    TooLarge {
        /// Which one.
        url: String,
    },
    /// The discovery document cannot be used.
    #[error(transparent)]
    Discovery(#[from] DiscoveryFault),
    /// The key set cannot be used.
    #[error(transparent)]
    KeySet(#[from] KeySetFault),
    /// The issuer was asked too often.
    #[error("the issuer was asked too often")]
    TooOften,
}

impl KeysFault {
    /// Whether the provider's certificate is to blame.
    pub(crate) fn is_of_authority(&self) -> bool {
        matches!(self, KeysFault::Fetch { source, .. } if source.is_of_authority)
    }
}

/// Keys as a question for them found them.
pub(crate) enum Found {
    /// They were known from before; the provider may have newer ones.
    Kept(Arc<Known>),
    /// They came from the provider because of this question.
    Fetched(Arc<Known>),
}

/// Keys of one issuer as of some moment.
pub(crate) struct Known {
    pub(crate) keys: KeySet,
    fetched_at: i64,
}

impl Known {
    /// A clock that was set back makes an age negative: then nothing is known about it.
    fn is_younger_than(&self, seconds: i64, now: i64) -> bool {
        (0..seconds).contains(&now.saturating_sub(self.fetched_at))
    }
}

/// The keys of providers by issuer.
pub struct KeySource {
    fetch: Arc<dyn Fetch>,
    issuers: Mutex<HashMap<String, Arc<Issuer>>>,
}

struct Issuer {
    known: Mutex<Option<Arc<Known>>>,
    asked_at: Mutex<i64>,
    /// Raised by every fetch, whatever its end.
    fetches: AtomicU64,
    /// Held while fetching: who waits for it gets what the holder found.
    turn: tokio::sync::Mutex<Turn>,
}

struct Turn {
    budget: Budget,
    last_fault: Option<KeysFault>,
}

impl KeySource {
    /// A source that knows no keys yet.
    pub fn new(fetch: Arc<dyn Fetch>) -> KeySource {
        KeySource {
            fetch,
            issuers: Mutex::new(HashMap::new()),
        }
    }

    /// Forgets all keys, as after a change of the clock or the configuration.
    pub fn forget(&self) {
        locked(&self.issuers).clear();
    }

    /// Where `issuer` says that its keys are. Asks it each time.
    pub async fn location(&self, issuer: &str) -> Result<String, KeysFault> {
        let thumbprints = &[];
        self.location_of(Asked {
            issuer,
            thumbprints,
        })
        .await
    }

    /// Where `issuer` can be asked whether a token still counts, if anywhere. Asks it each
    /// time.
    pub async fn introspection(&self, issuer: &str) -> Result<Option<String>, KeysFault> {
        let document = self.document(&discovery::location(issuer), &[]).await?;
        Ok(discovery::introspection_location(&document, issuer)?)
    }

    async fn location_of(&self, asked: Asked<'_>) -> Result<String, KeysFault> {
        let location = discovery::location(asked.issuer);
        let document = self.document(&location, asked.thumbprints).await?;
        Ok(discovery::key_location(&document, asked.issuer)?)
    }

    /// The keys of an issuer: known ones while they are fresh, else fetched ones, else
    /// known ones while they are usable. `now` is in seconds since 1970.
    pub(crate) async fn keys(&self, issuer: Asked<'_>, now: i64) -> Result<Found, KeysFault> {
        let entry = self.entry(issuer, now);
        let known = entry.known();
        if let Some(known) = known.as_ref().filter(|k| k.is_younger_than(FRESH_S, now)) {
            return Ok(Found::Kept(known.clone()));
        }
        let usable = known.filter(|known| known.is_younger_than(USABLE_S, now));
        let seen = entry.fetches.load(Ordering::SeqCst);
        let turn = match &usable {
            None => entry.turn.lock().await,
            // Somebody is asking already; what is known is good enough meanwhile.
            Some(usable) => match entry.turn.try_lock() {
                Ok(turn) => turn,
                Err(_held) => return Ok(Found::Kept(usable.clone())),
            },
        };
        match (self.fetched(issuer, &entry, turn, seen, now).await, usable) {
            (Ok(known), _) => Ok(Found::Fetched(known)),
            (Err(_fault), Some(usable)) => Ok(Found::Kept(usable)),
            (Err(fault), None) => Err(fault),
        }
    }

    /// Keys of an issuer that were fetched after `old`, which did not fit a token.
    pub(crate) async fn newer(
        &self,
        issuer: Asked<'_>,
        old: &Arc<Known>,
        now: i64,
    ) -> Result<Arc<Known>, KeysFault> {
        let entry = self.entry(issuer, now);
        let seen = entry.fetches.load(Ordering::SeqCst);
        let turn = entry.turn.lock().await;
        match entry.known() {
            Some(known) if !Arc::ptr_eq(&known, old) => Ok(known),
            _ => self.fetched(issuer, &entry, turn, seen, now).await,
        }
    }

    /// Fetches, unless somebody did since `seen` was read.
    async fn fetched(
        &self,
        issuer: Asked<'_>,
        entry: &Issuer,
        mut turn: tokio::sync::MutexGuard<'_, Turn>,
        seen: u64,
        now: i64,
    ) -> Result<Arc<Known>, KeysFault> {
        if entry.fetches.load(Ordering::SeqCst) != seen {
            let found = entry.known().filter(|k| k.is_younger_than(FRESH_S, now));
            return match (&turn.last_fault, found) {
                (None, Some(known)) => Ok(known),
                (Some(fault), _) => Err(fault.clone()),
                (None, None) => Err(KeysFault::TooOften),
            };
        }
        if !turn.budget.take(now) {
            return Err(KeysFault::TooOften);
        }
        let result = self.fetch(issuer).await;
        entry.fetches.fetch_add(1, Ordering::SeqCst);
        match result {
            Ok(keys) => {
                let known = Arc::new(Known {
                    keys,
                    fetched_at: now,
                });
                *locked(&entry.known) = Some(known.clone());
                turn.last_fault = None;
                Ok(known)
            }
            Err(fault) => {
                turn.last_fault = Some(fault.clone());
                Err(fault)
            }
        }
    }

    async fn fetch(&self, issuer: Asked<'_>) -> Result<KeySet, KeysFault> {
        let location = self.location_of(issuer).await?;
        let document = self.document(&location, issuer.thumbprints).await?;
        Ok(KeySet::parse(&document)?)
    }

    async fn document(&self, url: &str, thumbprints: &[String]) -> Result<Vec<u8>, KeysFault> {
        let url = || url.to_owned();
        let fetched = match thumbprints {
            [] => self.fetch.get(&url()).await,
            some => self.fetch.get_pinned(&url(), some).await,
        };
        match fetched {
            Ok(document) if document.len() <= DOCUMENT_BYTES_MAX => Ok(document),
            Ok(_) => Err(KeysFault::TooLarge { url: url() }),
            Err(source) => Err(KeysFault::Fetch { url: url(), source }),
        }
    }

    fn entry(&self, issuer: Asked<'_>, now: i64) -> Arc<Issuer> {
        let remembered_as = issuer.remembered_as();
        let mut issuers = locked(&self.issuers);
        if let Some(entry) = issuers.get(&remembered_as) {
            *locked(&entry.asked_at) = now;
            return entry.clone();
        }
        if issuers.len() >= ISSUERS_MAX {
            let oldest = issuers
                .iter()
                .min_by_key(|(_, entry)| *locked(&entry.asked_at))
                .map(|(issuer, _)| issuer.clone());
            if let Some(oldest) = oldest {
                issuers.remove(&oldest);
            }
        }
        let entry = Arc::new(Issuer::new(now));
        issuers.insert(remembered_as, entry.clone());
        entry
    }
}

impl Issuer {
    fn new(now: i64) -> Issuer {
        Issuer {
            known: Mutex::new(None),
            asked_at: Mutex::new(now),
            fetches: AtomicU64::new(0),
            turn: tokio::sync::Mutex::new(Turn {
                budget: Budget {
                    left: FETCHES_MAX,
                    counted_at: now,
                },
                last_fault: None,
            }),
        }
    }

    fn known(&self) -> Option<Arc<Known>> {
        locked(&self.known).clone()
    }
}

/// How many fetches are left, with one more earned as time goes by.
struct Budget {
    left: i64,
    counted_at: i64,
}

impl Budget {
    fn take(&mut self, now: i64) -> bool {
        // A clock that was set back starts the count anew.
        self.counted_at = self.counted_at.min(now);
        let earned = now.saturating_sub(self.counted_at) / FETCH_EARNED_S;
        self.left = self.left.saturating_add(earned).min(FETCHES_MAX);
        self.counted_at += earned * FETCH_EARNED_S;
        if self.left == 0 {
            return false;
        }
        self.left -= 1;
        true
    }
}

/// Nothing that is done under these locks can fail half-way, so a poisoned one is whole.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
