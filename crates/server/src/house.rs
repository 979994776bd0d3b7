//! The house: everything opened, in the order in which one thing needs another.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use aws::{Clock, Entropy, MovableClock, SystemClock, SystemEntropy};
use identity::{Directory, GLOBAL_SCOPE, SamlSettings};
use plane::{Environment, Plane, Recorder};
use seal::{Envelope, KeyRing, MasterKey, MasterKeyError, SealError};
use serde::{Deserialize, Serialize};
use store::{Lookup, Record, Store, StoreError};
use tokio::net::TcpListener;

use crate::bootstrap::{self, BootstrapError, FirstKey};
use crate::config::Config;
use crate::dev::{Aids, Dev};
use crate::fetching::Guarded;
use crate::front::Front;
use crate::listen;
use crate::patience::Patience;
use crate::reset_point::ResetError;
use crate::s3_front::S3Front;
use crate::s3_gate::PolicyGate;

/// How often the ring is looked at for keys that are due to change.
const ROTATION_LOOK_EVERY: Duration = Duration::from_secs(600);

/// The folder with the bytes of objects, in the data folder.
pub(crate) const OBJECTS: &str = "objects";

/// What to open, and how.
#[derive(Debug)]
pub struct Settings {
    /// The folder that holds everything; made when it is not there.
    pub data: PathBuf,
    /// The configuration.
    pub config: Config,
    /// A file that declares accounts.
    pub bootstrap: Option<PathBuf>,
    /// Whether development aids are on. They relax no check.
    pub dev: bool,
}

/// An open house, ready to be served.
pub struct House {
    front: Arc<Front>,
    keeper: Arc<Keeper>,
    first_key: Option<FirstKey>,
}

/// Why the house did not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The data folder, or a file in it.
    #[error("cannot use `{}`: {source}", .path.display())]
    Folder {
        /// Which one.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The master key.
    #[error(transparent)]
    MasterKey(#[from] MasterKeyError),
    /// The key ring in the store does not open.
    #[error(
        "the store's key ring does not open: {0}: is this the master key that the folder was made with?"
    )]
    KeyRing(SealError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The first accounts.
    #[error(transparent)]
    Bootstrap(#[from] BootstrapError),
    /// The outbound configuration.
    #[error(transparent)]
    Outbound(#[from] outbound::ConfigError),
    /// The moment that a reset goes back to.
    #[error(transparent)]
    Reset(#[from] ResetError),
    /// A quota.
    #[error(transparent)]
    Quota(#[from] identity::QuotaBeyond),
    /// The S3 endpoint.
    #[error(transparent)]
    S3(#[from] s3::OpenError),
    /// A directory.
    #[error("`[directory.{name}]`: {source}")]
    Directory {
        /// Which one.
        name: String,
        /// What is wrong with it.
        source: ldap::ConfigError,
    },
    /// The broker.
    #[error(transparent)]
    Broker(#[from] broker::ConfigError),
}

/// The ring's keys at rest.
#[derive(Serialize, Deserialize)]
struct StoredRing {
    sealed: Vec<u8>,
}

impl Record for StoredRing {
    const KIND: &'static str = "key-ring";

    fn id(&self) -> std::borrow::Cow<'_, str> {
        RING_ID.into()
    }

    fn lookups(&self) -> Vec<Lookup> {
        Vec::new()
    }
}

const RING_ID: &str = "sessions";

impl House {
    /// Opens everything. What is there is taken as it is; what is missing is made.
    pub fn open(settings: Settings) -> Result<House, OpenError> {
        let Settings {
            data,
            mut config,
            bootstrap,
            dev,
        } = settings;
        let movable = dev.then(|| Arc::new(MovableClock::default()));
        let clock: Arc<dyn Clock> = match &movable {
            Some(clock) => Arc::clone(clock) as Arc<dyn Clock>,
            None => Arc::new(SystemClock),
        };
        let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy);

        let store = Store::open(&data)?;
        let master = master_key(&config, &data, entropy.as_ref())?;
        let keeper = Keeper::open(store.clone(), &master, Arc::clone(&clock))?;
        let keeper = Arc::new(keeper);
        let directory = Directory::new(
            store.clone(),
            Arc::clone(&keeper.ring),
            Envelope::new(&master, Box::new(SystemEntropy)),
        );
        if let Some(url) = &config.names.public_url {
            directory.publish_at(url);
        }
        config.quotas.check()?;
        directory.set_quotas(config.quotas);
        directory.set_saml_settings(SamlSettings {
            sha1_allowed: config.saml.sha1_allowed.clone(),
            sign_in_urls: config.sign_in_urls(),
        });
        let first_key = match &bootstrap {
            Some(path) => {
                bootstrap::apply_file(&directory, clock.as_ref(), entropy.as_ref(), path)?;
                None
            }
            None => bootstrap::first_start(&directory, clock.as_ref(), entropy.as_ref())?,
        };

        let broker = open_broker(&config)?;
        config.outbound.dev = dev;
        config.outbound.endpoints = std::mem::take(&mut config.providers);
        let outbound = Arc::new(outbound::Fetcher::new(config.outbound.clone())?);
        let environment = Environment {
            directory: directory.clone(),
            clock: Arc::clone(&clock),
            entropy: Arc::clone(&entropy),
            oidc_keys: Arc::new(oidc::KeySource::new(Arc::new(Guarded(Arc::clone(
                &outbound,
            ))))),
            outbound,
            dev,
        };
        let audit = config
            .audit
            .file
            .clone()
            .unwrap_or_else(|| data.join("audit.jsonl"));
        let recorder =
            Recorder::start(&audit, store.clone()).map_err(|source| OpenError::Folder {
                path: audit,
                source,
            })?;
        let plane = Arc::new(Plane::new(
            environment.clone(),
            &[
                cognito::OPERATIONS,
                iam::OPERATIONS,
                signin::OPERATIONS,
                sts::OPERATIONS,
            ],
            recorder,
        ));
        // SDKs put the bucket before a host that has a name.
        let mut s3_domains = config.names.s3_domains;
        s3_domains.push("localhost".to_owned());
        let endpoint = s3::S3Endpoint::new(s3::Settings {
            store: store.clone(),
            folder: data.join(OBJECTS),
            gate: Arc::new(PolicyGate::new(directory.clone())),
            clock,
            entropy,
            domains: s3_domains.clone(),
        })?;
        let dev = match movable {
            Some(clock) => {
                let keeper = Arc::clone(&keeper);
                let dev = Dev::new(clock, store, environment, keeper, &data)?;
                Some(Arc::new(dev))
            }
            None => None,
        };
        Ok(House {
            front: Arc::new(Front {
                s3: S3Front::new(endpoint, Arc::clone(&plane), s3_domains),
                pages: pages::Pages::new(Arc::clone(&plane), broker),
                plane,
                dev,
                trusted_proxies: config.proxy.trusted,
            }),
            keeper,
            first_key,
        })
    }

    /// The first administrator's key, if this start made it. Show it now: it is not kept.
    pub fn first_key(&self) -> Option<&FirstKey> {
        self.first_key.as_ref()
    }

    #[cfg(test)]
    pub(crate) fn front(&self) -> Arc<Front> {
        Arc::clone(&self.front)
    }

    /// The development aids, if they are on.
    pub fn aids(&self) -> Option<Aids> {
        self.front.dev.clone().map(Aids)
    }

    /// Serves until `stop` resolves.
    pub async fn serve(
        self,
        listener: TcpListener,
        stop: impl Future<Output = ()>,
    ) -> io::Result<()> {
        let keeper = self.keeper;
        let environment = self.front.plane.environment();
        let directory = environment.directory.clone();
        let rotation = tokio::spawn(async move {
            loop {
                tokio::time::sleep(ROTATION_LOOK_EVERY).await;
                let (keeper, directory) = (Arc::clone(&keeper), directory.clone());
                let looked = tokio::task::spawn_blocking(move || {
                    keeper.change_due_keys(&directory);
                });
                if let Err(error) = looked.await {
                    tracing::error!(%error, "keys were not looked at");
                }
            }
        });
        let dispatcher = self
            .front
            .dev
            .as_ref()
            .and_then(|dev| dev.take_dispatcher());
        let delivery = dispatcher.map(|dispatcher| tokio::spawn(dispatcher.run()));
        let outcome =
            listen::serve(listener, Arc::clone(&self.front), Patience::default(), stop).await;
        rotation.abort();
        if let Some(delivery) = delivery {
            delivery.abort();
        }
        self.front.plane.recorder().flush();
        outcome
    }
}

/// The directories, and the broker that lets people of them in.
fn open_broker(config: &Config) -> Result<Option<broker::Broker>, OpenError> {
    let mut directories = BTreeMap::new();
    for (name, config) in &config.directory {
        let directory = ldap::Directory::new(config).map_err(|source| OpenError::Directory {
            name: name.clone(),
            source,
        })?;
        directories.insert(name.clone(), Arc::new(directory));
    }
    let broker = config.broker.as_ref();
    Ok(broker
        .map(|config| broker::Broker::new(config, &directories))
        .transpose()?)
}

fn master_key(
    config: &Config,
    data: &Path,
    entropy: &dyn Entropy,
) -> Result<MasterKey, MasterKeyError> {
    if let Ok(text) = std::env::var("ARNOLD_MASTER_KEY") {
        return MasterKey::from_text(&text);
    }
    if let Some(command) = &config.master_key.command {
        return MasterKey::from_command(command);
    }
    let file = config.master_key.file.clone();
    let file = file.unwrap_or_else(|| data.join("master.key"));
    MasterKey::from_file(&file, entropy)
}

/// Keeps the key ring: in the store, in memory, and fresh.
pub(crate) struct Keeper {
    store: Store,
    ring: Arc<KeyRing>,
    envelope: Envelope,
    clock: Arc<dyn Clock>,
}

impl Keeper {
    fn open(store: Store, master: &MasterKey, clock: Arc<dyn Clock>) -> Result<Keeper, OpenError> {
        let envelope = Envelope::new(master, Box::new(SystemEntropy));
        let ring = match store.get::<StoredRing>(GLOBAL_SCOPE, RING_ID)? {
            Some(stored) => {
                KeyRing::unseal(&envelope, &stored.sealed).map_err(OpenError::KeyRing)?
            }
            None => {
                let ring = KeyRing::new(clock.epoch_seconds(), &SystemEntropy);
                let sealed = ring.seal(&envelope).map_err(OpenError::KeyRing)?;
                store.transact(|tx| {
                    tx.insert(
                        GLOBAL_SCOPE,
                        &StoredRing {
                            sealed: sealed.clone(),
                        },
                    )
                })?;
                ring
            }
        };
        let keeper = Keeper {
            store,
            ring: Arc::new(ring),
            envelope,
            clock,
        };
        keeper.rotate_if_due();
        Ok(keeper)
    }

    /// Changes the keys whose time has come: those of sessions, and those that tokens are
    /// signed with.
    pub(crate) fn change_due_keys(&self, directory: &Directory) {
        self.rotate_if_due();
        let realms = [&issuer::IDENTITY_POOLS, &issuer::WEB_IDENTITIES];
        let now_s = self.clock.epoch_seconds();
        directory.signing_keys().rotate_if_due(&realms, now_s);
    }

    /// Takes the ring that is in the store, after that went back to an earlier moment.
    pub(crate) fn read_again(&self) -> Result<(), ResetError> {
        if let Some(stored) = self.store.get::<StoredRing>(GLOBAL_SCOPE, RING_ID)? {
            self.ring.adopt(&self.envelope, &stored.sealed)?;
        }
        Ok(())
    }

    /// A failure leaves the old keys in force, and is tried again.
    fn rotate_if_due(&self) {
        let now_s = self.clock.epoch_seconds();
        if !self.ring.is_rotation_due(now_s) {
            return;
        }
        if let Err(error) = self.rotate(now_s) {
            tracing::error!(%error, "the key ring did not rotate");
        }
    }

    fn rotate(&self, now_s: i64) -> Result<(), Box<dyn std::error::Error>> {
        let sealed = self.ring.rotated(&self.envelope, now_s, &SystemEntropy)?;
        let stored = StoredRing {
            sealed: sealed.clone(),
        };
        self.store.transact(|tx| tx.put(GLOBAL_SCOPE, &stored))?;
        self.ring.adopt(&self.envelope, &sealed)?;
        tracing::info!("the key ring has a new key");
        Ok(())
    }
}
