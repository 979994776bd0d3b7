//! The directory: finds the principal behind an access key, in memory when it can.

mod issuers;

use std::sync::{Arc, OnceLock};

use aws::{AccountId, Entropy, Secret};
use issuer::SigningKeys;
use seal::{Envelope, KeyRing};
use sigv4::SigningSecret;
use store::{Read, Record, Store, StoreError};

use crate::access_key::{AccessKey, KeyOwner, KeyStatus};
use crate::cache::{Cache, cache};
use crate::caller::{Caller, Known, OpenSession};
use crate::managed_policy::ManagedPolicy;
use crate::oidc_provider::OidcProvider;
use crate::outbound_issuer::OutboundIssuer;
use crate::principal::{Principal, compile_managed};
use crate::quotas::Quotas;
use crate::role::Role;
use crate::saml_sign_in::{SettingsCell, TrustedProvider};
use crate::session::{Session, SessionKind};
use crate::user::User;
use crate::watch::Watch;
use crate::{GLOBAL_SCOPE, Issued};

/// How many principals, keys and opened sessions are kept in memory, each.
const CACHED_MAX: u64 = 20_000;

/// How many SAML providers are kept in memory: each holds its parsed metadata and keys.
const SAML_PROVIDERS_CACHED_MAX: u64 = 2_000;

/// Finds principals and opens sessions. Cheap to clone.
#[derive(Clone)]
pub struct Directory(Arc<Inner>);

struct Inner {
    store: Store,
    ring: Arc<KeyRing>,
    envelope: Arc<Envelope>,
    signing_keys: SigningKeys,
    /// Where this Arnold is reached from outside, if anybody said.
    public_url: OnceLock<String>,
    principals: Cache<String, Arc<Principal>>,
    roles_by_name: Cache<String, Arc<Principal>>,
    keys: Cache<String, Arc<LongTermKey>>,
    sessions: Cache<String, Arc<CachedSession>>,
    oidc_providers: Cache<String, Arc<(Arc<OidcProvider>, Watch)>>,
    outbound_issuers: Cache<AccountId, Arc<(Arc<OutboundIssuer>, Watch)>>,
    saml_providers: Cache<String, Arc<TrustedProvider>>,
    saml_settings: SettingsCell,
    quotas: OnceLock<Quotas>,
}

struct LongTermKey {
    account: AccountId,
    owner: KeyOwner,
    status: KeyStatus,
    secret: Arc<SigningSecret>,
    watch: Watch,
}

struct CachedSession {
    access_key_id: String,
    open: Arc<OpenSession>,
    secret: Arc<SigningSecret>,
    watch: Watch,
}

/// Credentials that exist: the caller that they stand for, and the secret that a signature
/// must have been made with.
#[derive(Debug)]
pub struct Credential {
    /// Who calls, if the signature holds.
    pub caller: Caller,
    /// What the signature must have been made with.
    pub secret: Arc<SigningSecret>,
}

/// Why there is no credential to check a signature with.
#[derive(Debug, thiserror::Error)]
pub enum CredentialRefusal {
    /// No such key, or its owner is gone.
    #[error("no such access key, or its owner is gone")]
    Unknown,
    /// The key exists but is inactive.
    #[error("the access key is inactive")]
    Inactive,
    /// The session token is missing, broken, foreign, or belongs to another key.
    #[error("the session token is not valid for the access key")]
    Token,
    /// The session has ended.
    #[error("the session has ended")]
    Expired,
    /// The session is good, but not for this service.
    #[error("a session of this kind may not be used with IAM")]
    NotForIam,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Directory {
    /// A directory over this store, with the ring that seals sessions and the envelope that
    /// seals secrets at rest.
    pub fn new(store: Store, ring: Arc<KeyRing>, envelope: Envelope) -> Directory {
        let envelope = Arc::new(envelope);
        Directory(Arc::new(Inner {
            signing_keys: SigningKeys::new(store.clone(), Arc::clone(&envelope)),
            public_url: OnceLock::new(),
            store,
            ring,
            envelope,
            principals: cache(CACHED_MAX),
            roles_by_name: cache(CACHED_MAX),
            keys: cache(CACHED_MAX),
            sessions: cache(CACHED_MAX),
            oidc_providers: cache(CACHED_MAX),
            outbound_issuers: cache(CACHED_MAX),
            saml_providers: cache(SAML_PROVIDERS_CACHED_MAX),
            saml_settings: SettingsCell::new(),
            quotas: OnceLock::new(),
        }))
    }

    /// The store beneath.
    pub fn store(&self) -> &Store {
        &self.0.store
    }

    /// The ring that seals session tokens.
    pub fn ring(&self) -> &KeyRing {
        &self.0.ring
    }

    /// The envelope that seals secrets at rest.
    pub fn envelope(&self) -> &Envelope {
        &self.0.envelope
    }

    /// The keys with which Arnold signs as an issuer.
    pub fn signing_keys(&self) -> &SigningKeys {
        &self.0.signing_keys
    }

    /// SAML providers that are ready to verify with.
    pub(crate) fn saml_providers(&self) -> &Cache<String, Arc<TrustedProvider>> {
        &self.0.saml_providers
    }

    /// What the configuration says about SAML.
    pub(crate) fn saml_settings_cell(&self) -> &SettingsCell {
        &self.0.saml_settings
    }

    /// What the configuration says about quotas.
    pub(crate) fn quotas_cell(&self) -> &OnceLock<Quotas> {
        &self.0.quotas
    }

    /// Forgets everything that is in memory.
    pub fn forget(&self) {
        self.0.signing_keys.forget();
        self.0.principals.invalidate_all();
        self.0.roles_by_name.invalidate_all();
        self.0.keys.invalidate_all();
        self.0.sessions.invalidate_all();
        self.0.oidc_providers.invalidate_all();
        self.0.outbound_issuers.invalidate_all();
        self.0.saml_providers.invalidate_all();
    }

    /// The credential behind an access key id and the session token that came with it.
    pub fn credential(
        &self,
        access_key_id: &str,
        session_token: Option<&str>,
        now_s: i64,
    ) -> Result<Credential, CredentialRefusal> {
        match session_token {
            Some(token) => self.temporary(access_key_id, token, now_s),
            None => self.long_term(access_key_id),
        }
    }

    fn long_term(&self, access_key_id: &str) -> Result<Credential, CredentialRefusal> {
        let key = self.key(access_key_id)?.ok_or(CredentialRefusal::Unknown)?;
        if key.status == KeyStatus::Inactive {
            return Err(CredentialRefusal::Inactive);
        }
        let principal = match &key.owner {
            KeyOwner::Root => self.root(key.account)?,
            KeyOwner::User(id) => self.user(key.account, id)?,
        };
        Ok(Credential {
            caller: Caller::Known(Arc::new(Known {
                access_key_id: access_key_id.to_owned(),
                principal: principal.ok_or(CredentialRefusal::Unknown)?,
                session: None,
            })),
            secret: Arc::clone(&key.secret),
        })
    }

    fn key(&self, id: &str) -> Result<Option<Arc<LongTermKey>>, CredentialRefusal> {
        let store = &self.0.store;
        if let Some(key) = self.0.keys.get(id)
            && key.watch.is_current(store)
        {
            return Ok(Some(key));
        }
        let mut watch = Watch::default();
        watch.before_reading(store, GLOBAL_SCOPE, "iam.access-key", id);
        let Some(record) = store.read().get::<AccessKey>(GLOBAL_SCOPE, id)? else {
            return Ok(None);
        };
        let Some(secret) = self.open_secret(&record) else {
            return Err(CredentialRefusal::Unknown);
        };
        let key = Arc::new(LongTermKey {
            account: record.account,
            owner: record.owner,
            status: record.status,
            secret: Arc::new(SigningSecret::new(secret)),
            watch,
        });
        self.0.keys.insert(id.to_owned(), Arc::clone(&key));
        Ok(Some(key))
    }

    fn open_secret(&self, record: &AccessKey) -> Option<Secret<String>> {
        let opened = self.0.envelope.open_text(
            &AccessKey::envelope_identity(&record.id),
            &record.sealed_secret,
        );
        match opened {
            Ok(secret) => Some(secret),
            Err(refusal) => {
                tracing::error!(access_key_id = %record.id, %refusal, "a stored secret does not open");
                None
            }
        }
    }

    fn temporary(
        &self,
        access_key_id: &str,
        token: &str,
        now_s: i64,
    ) -> Result<Credential, CredentialRefusal> {
        let session = self.open(access_key_id, token)?;
        if now_s >= session.open.session.expires_at {
            return Err(CredentialRefusal::Expired);
        }
        let claims = &session.open.session;
        let principal = match &claims.kind {
            SessionKind::Role { role_id, .. } => self.role_by_id(claims.account, role_id)?,
            SessionKind::User { user_id } => self.user(claims.account, user_id)?,
            SessionKind::Federated {
                user_id: Some(user_id),
                ..
            } => self.user(claims.account, user_id)?,
            SessionKind::Root | SessionKind::Federated { user_id: None, .. } => {
                self.root(claims.account)?
            }
        };
        Ok(Credential {
            caller: Caller::Known(Arc::new(Known {
                access_key_id: access_key_id.to_owned(),
                principal: principal.ok_or(CredentialRefusal::Unknown)?,
                session: Some(Arc::clone(&session.open)),
            })),
            secret: Arc::clone(&session.secret),
        })
    }

    /// Opens a session token, or finds it opened.
    fn open(
        &self,
        access_key_id: &str,
        token: &str,
    ) -> Result<Arc<CachedSession>, CredentialRefusal> {
        let store = &self.0.store;
        if let Some(found) = self.0.sessions.get(token)
            && found.watch.is_current(store)
        {
            return if found.access_key_id == access_key_id {
                Ok(found)
            } else {
                Err(CredentialRefusal::Token)
            };
        }
        let opened = self.0.ring.open(access_key_id, token).map_err(|refusal| {
            tracing::debug!(%refusal, "a session token was refused");
            CredentialRefusal::Token
        })?;
        let session: Session = serde_json::from_slice(&opened.payload).map_err(|error| {
            tracing::error!(%error, "a sealed session does not read");
            CredentialRefusal::Token
        })?;
        let mut watch = Watch::default();
        let policies = if session.has_policies() {
            Some(compile_managed(
                store,
                session.account,
                session.policy.as_deref(),
                &session.policy_arns,
                &mut watch,
            )?)
        } else {
            None
        };
        let scope = session.account.as_str();
        match &session.kind {
            SessionKind::Role { role_id: id, .. } => {
                watch.before_reading(store, scope, "iam.role", id);
            }
            SessionKind::User { user_id: id }
            | SessionKind::Federated {
                user_id: Some(id), ..
            } => watch.before_reading(store, scope, "iam.user", id),
            SessionKind::Root | SessionKind::Federated { user_id: None, .. } => {}
        }
        let open = self.describe(session, policies)?;
        let cached = Arc::new(CachedSession {
            access_key_id: access_key_id.to_owned(),
            open: Arc::new(open),
            secret: Arc::new(SigningSecret::new(opened.secret)),
            watch,
        });
        self.0
            .sessions
            .insert(token.to_owned(), Arc::clone(&cached));
        Ok(cached)
    }

    /// What a session is called. Needs the principal, for its name stands in the ARN.
    fn describe(
        &self,
        session: Session,
        policies: Option<policy::PolicySet>,
    ) -> Result<OpenSession, CredentialRefusal> {
        let account = session.account;
        let (arn, user_id, asks_as) = match &session.kind {
            SessionKind::Role { role_id, name } => {
                let role = self
                    .role_by_id(account, role_id)?
                    .ok_or(CredentialRefusal::Unknown)?;
                let arn = format!("arn:aws:sts::{account}:assumed-role/{}/{name}", role.name);
                let asks_as = policy::Principal::session(&role.arn, &arn, Some(role_id));
                (arn, format!("{role_id}:{name}"), asks_as)
            }
            SessionKind::User { user_id } => {
                let user = self
                    .user(account, user_id)?
                    .ok_or(CredentialRefusal::Unknown)?;
                let asks_as = policy::Principal::user(&user.arn, Some(user_id));
                (user.arn.clone(), user_id.clone(), asks_as)
            }
            SessionKind::Root => (
                format!("arn:aws:iam::{account}:root"),
                account.to_string(),
                policy::Principal::root(account.as_str()),
            ),
            SessionKind::Federated { name, user_id } => {
                let user_arn = match user_id {
                    Some(id) => Some(
                        self.user(account, id)?
                            .ok_or(CredentialRefusal::Unknown)?
                            .arn
                            .clone(),
                    ),
                    None => None,
                };
                let arn = format!("arn:aws:sts::{account}:federated-user/{name}");
                let asks_as = policy::Principal::federated_user(&arn, user_arn.as_deref());
                (arn, format!("{account}:{name}"), asks_as)
            }
        };
        Ok(OpenSession {
            session,
            policies,
            arn,
            user_id,
            asks_as,
        })
    }

    /// The root user of an account.
    pub fn root(&self, account: AccountId) -> Result<Option<Arc<Principal>>, StoreError> {
        self.cached(account.as_str(), || {
            Principal::load_root(&self.0.store, account)
        })
    }

    /// The user of this id.
    pub fn user(&self, account: AccountId, id: &str) -> Result<Option<Arc<Principal>>, StoreError> {
        self.cached(id, || Principal::load_user(&self.0.store, account, id))
            .map(|found| found.filter(|user| user.account == account))
    }

    /// The role of this id.
    pub fn role_by_id(
        &self,
        account: AccountId,
        id: &str,
    ) -> Result<Option<Arc<Principal>>, StoreError> {
        self.cached(id, || Principal::load_role(&self.0.store, account, id))
            .map(|found| found.filter(|role| role.account == account))
    }

    /// The role of this name, without regard to case.
    pub fn role_by_name(
        &self,
        account: AccountId,
        name: &str,
    ) -> Result<Option<Arc<Principal>>, StoreError> {
        let store = &self.0.store;
        let name = name.to_lowercase();
        let key = [account.as_str(), "/", &name].concat();
        if let Some(found) = self.0.roles_by_name.get(&key)
            && found.is_current(store)
        {
            return Ok(Some(found));
        }
        let Some(record) = store.read().find::<Role>(account.as_str(), "name", &name)? else {
            return Ok(None);
        };
        let role = self.role_by_id(account, &record.id)?;
        if let Some(role) = &role {
            self.0.roles_by_name.insert(key, Arc::clone(role));
        }
        Ok(role)
    }

    /// Whether a principal that a policy names exists: any account, a user or a role of an
    /// account that lives here, a session of such a role.
    pub fn principal_exists(&self, principal: &str) -> bool {
        if principal.parse::<AccountId>().is_ok() {
            return true;
        }
        let Ok(arn) = principal.parse::<aws::Arn>() else {
            return false;
        };
        if arn.account().parse::<AccountId>().is_err() {
            return false;
        }
        match (arn.service(), arn.resource().split_once('/')) {
            ("iam", None) => arn.resource() == "root",
            ("iam", Some(("user" | "role", _))) => {
                matches!(self.id_of_arn(principal), Ok(Some(_)))
            }
            ("sts", Some(("assumed-role" | "federated-user", _))) => true,
            _ => false,
        }
    }

    /// The id of the user or role that this ARN names exactly, path and case included.
    pub fn id_of_arn(&self, arn: &str) -> Result<Option<String>, StoreError> {
        let Ok(parsed) = arn.parse::<aws::Arn>() else {
            return Ok(None);
        };
        let Ok(account) = parsed.account().parse::<AccountId>() else {
            return Ok(None);
        };
        let resource = parsed.resource();
        let name = resource
            .rsplit('/')
            .next()
            .unwrap_or_default()
            .to_lowercase();
        let reader = self.0.store.read();
        let found = if resource.starts_with("user/") {
            reader
                .find::<User>(account.as_str(), "name", &name)?
                .map(|user| (user.arn(), user.id))
        } else if resource.starts_with("role/") {
            reader
                .find::<Role>(account.as_str(), "name", &name)?
                .map(|role| (role.arn(), role.id))
        } else {
            None
        };
        Ok(found
            .filter(|(found, _)| found.as_str() == arn)
            .map(|(_, id)| id))
    }

    /// The OpenID Connect provider of this issuer that the account trusts.
    pub fn oidc_provider(
        &self,
        account: AccountId,
        issuer: &str,
    ) -> Result<Option<Arc<OidcProvider>>, StoreError> {
        let store = &self.0.store;
        let key = format!("{account}/{issuer}");
        if let Some(found) = self.0.oidc_providers.get(&key)
            && found.1.is_current(store)
        {
            return Ok(Some(Arc::clone(&found.0)));
        }
        let scope = account.as_str();
        let reader = store.read();
        let Some(named) = reader.find::<OidcProvider>(scope, "issuer", issuer)? else {
            return Ok(None);
        };
        let mut watch = Watch::default();
        watch.before_reading(store, scope, OidcProvider::KIND, &named.host_and_path);
        // Read again under the watch: the first reading only told the id.
        let Some(provider) = store.get::<OidcProvider>(scope, &named.host_and_path)? else {
            return Ok(None);
        };
        let provider = Arc::new(provider);
        let entry = Arc::new((Arc::clone(&provider), watch));
        self.0.oidc_providers.insert(key, entry);
        Ok(Some(provider))
    }

    /// Whether this ARN names a managed policy of the account's, or of AWS's.
    pub fn managed_policy_exists(&self, account: AccountId, arn: &str) -> Result<bool, StoreError> {
        if crate::managed::by_arn(arn).is_some() {
            return Ok(true);
        }
        let reader = self.0.store.read();
        let found = reader.find::<ManagedPolicy>(account.as_str(), "arn", arn)?;
        Ok(found.is_some())
    }

    /// The account of a long-term key that exists.
    pub fn account_of_key(&self, access_key_id: &str) -> Result<Option<AccountId>, StoreError> {
        let key = self.0.store.get::<AccessKey>(GLOBAL_SCOPE, access_key_id)?;
        Ok(key.map(|key| key.account))
    }

    fn cached(
        &self,
        key: &str,
        load: impl FnOnce() -> Result<Option<Principal>, StoreError>,
    ) -> Result<Option<Arc<Principal>>, StoreError> {
        if let Some(found) = self.0.principals.get(key)
            && found.is_current(&self.0.store)
        {
            return Ok(Some(found));
        }
        let Some(loaded) = load()? else {
            self.0.principals.invalidate(key);
            return Ok(None);
        };
        let loaded = Arc::new(loaded);
        self.0
            .principals
            .insert(key.to_owned(), Arc::clone(&loaded));
        Ok(Some(loaded))
    }

    /// Seals a session into credentials. Touches no store.
    pub fn issue(&self, session: &Session, entropy: &dyn Entropy) -> Result<Issued, IssueRefusal> {
        let payload = serde_json::to_vec(session).map_err(IssueRefusal::Encoding)?;
        if payload.len() > SESSION_BYTES_MAX {
            return Err(IssueRefusal::TooLarge {
                bytes: payload.len(),
            });
        }
        let issued = self
            .0
            .ring
            .issue(session.account, &payload, entropy)
            .map_err(IssueRefusal::Seal)?;
        Ok(Issued {
            access_key_id: issued.access_key_id,
            secret_access_key: issued.secret_access_key,
            session_token: issued.session_token,
            expires_at: session.expires_at,
        })
    }
}

/// The most that a session may weigh before it is sealed, in bytes. Keeps tokens in a header.
pub const SESSION_BYTES_MAX: usize = 12 * 1024;

/// Why a session was not issued.
#[derive(Debug, thiserror::Error)]
pub enum IssueRefusal {
    /// More policies and tags than a token can carry.
    #[error("the session is {bytes} bytes, more than {SESSION_BYTES_MAX}")]
    TooLarge {
        /// What it weighs.
        bytes: usize,
    },
    /// The session could not be written.
    #[error("the session cannot be written: {0}")]
    Encoding(serde_json::Error),
    /// The ring has no key.
    #[error("the session cannot be sealed: {0}")]
    Seal(seal::SealError),
}
