//! SAML responses, verified under the providers that accounts trust.
//!
//! A [`TrustedProvider`] is a provider's record made ready: metadata parsed, private keys
//! opened. Both ways in use it: `AssumeRoleWithSAML`, which names its provider, and the
//! sign-in page, which finds providers beside the roles that a response offers
//! ([`Directory::verified_roles`]).

use std::sync::{Arc, OnceLock};

use aws::{AccountId, Arn, Secret};
use saml::{Assertion, Encryption, Expectation, Metadata, PrivateKey, RolePair, Service, Sha1};
use seal::Envelope;
use store::{Record, StoreError};

use crate::saml_provider::{EncryptionMode, SamlPrivateKey, SamlProvider, SamlProviderId};
use crate::watch::Watch;
use crate::{Directory, GLOBAL_SCOPE};

/// The most providers that one response is tried with.
const PROVIDERS_TRIED_MAX: usize = 16;

/// What the configuration says about sign-ins from outside.
#[derive(Debug, Clone, Default)]
pub struct SamlSettings {
    /// ARNs of the providers whose signatures may use SHA-1.
    pub sha1_allowed: Vec<String>,
    /// Addresses of our own sign-in end point, beside AWS's.
    pub sign_in_urls: Vec<String>,
}

/// The settings, told once when the house is opened.
pub(crate) type SettingsCell = OnceLock<SamlSettings>;

/// A provider made ready to verify with.
#[derive(Debug)]
pub struct TrustedProvider {
    /// The account that trusts it.
    pub account: AccountId,
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// What its metadata says.
    pub metadata: Metadata,
    private_keys: Vec<PrivateKey>,
    encryption: Encryption,
    sha1: Sha1,
    service: Service,
    pub(crate) watch: Watch,
}

impl TrustedProvider {
    /// Verifies a response, base64 as it is posted. `request_id` is the request that it has
    /// to answer, where we made one.
    pub fn verify(
        &self,
        response: &str,
        request_id: Option<&str>,
        now_s: i64,
    ) -> Result<Assertion, saml::Refusal> {
        saml::verify(response, &self.expectation(request_id, now_s))
    }

    /// The same, and tells each step.
    pub fn explain(
        &self,
        response: &str,
        now_s: i64,
        tell: &mut dyn FnMut(saml::Step),
    ) -> Result<Assertion, saml::Refusal> {
        saml::explain(response, &self.expectation(None, now_s), tell)
    }

    fn expectation<'a>(&'a self, request_id: Option<&'a str>, now: i64) -> Expectation<'a> {
        Expectation {
            metadata: &self.metadata,
            private_keys: &self.private_keys,
            encryption: self.encryption,
            sha1: self.sha1,
            service: &self.service,
            request_id,
            now,
        }
    }
}

/// A role that a verified assertion offers.
#[derive(Debug, Clone)]
pub struct VerifiedRole {
    /// The role's ARN, as the assertion names it. Whether it exists and trusts the provider
    /// is decided when it is assumed.
    pub role_arn: String,
    /// The ARN of the provider whose keys verified the assertion.
    pub provider_arn: String,
}

/// What a verified response offers.
#[derive(Debug)]
pub struct VerifiedRoles {
    /// The roles, in the assertion's order. Never empty.
    pub roles: Vec<VerifiedRole>,
    /// How long sessions may be, in seconds, if the assertion says.
    pub session_duration_s: Option<i64>,
    /// What sessions are to be called.
    pub role_session_name: String,
}

/// Why a response offers nothing.
#[derive(Debug, thiserror::Error)]
pub enum SamlSignInRefusal {
    /// It was refused.
    #[error(transparent)]
    Refused(#[from] saml::Refusal),
    /// It names no provider that is known here.
    #[error("the response names no role with a SAML provider that exists: it names {0:?}")]
    NoProvider(Vec<String>),
    /// It is good, but gives nothing.
    #[error("the assertion is good but offers no role of the provider `{0}`")]
    NoRole(String),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Directory {
    /// Tells what the configuration says. Counts once, before anything is verified.
    pub fn set_saml_settings(&self, settings: SamlSettings) {
        if self.saml_settings_cell().set(settings).is_err() {
            tracing::error!("the settings for SAML were told twice: the first ones count");
        }
    }

    /// The SAML provider of this ARN, ready to verify with.
    pub fn saml_provider(&self, arn: &str) -> Result<Option<Arc<TrustedProvider>>, StoreError> {
        let Some((account, name)) = parse_arn(arn) else {
            return Ok(None);
        };
        let store = self.store();
        if let Some(found) = self.saml_providers().get(arn)
            && found.watch.is_current(store)
        {
            return Ok(Some(found));
        }
        let mut watch = Watch::default();
        watch.before_reading(store, account.as_str(), SamlProvider::KIND, &name);
        let Some(record) = store.get::<SamlProvider>(account.as_str(), &name)? else {
            return Ok(None);
        };
        let Some(trusted) = self.trusted(record, watch) else {
            return Ok(None);
        };
        let trusted = Arc::new(trusted);
        self.saml_providers()
            .insert(arn.to_owned(), Arc::clone(&trusted));
        Ok(Some(trusted))
    }

    /// The ARN of the SAML provider of this id, which the address for its assertions ends in.
    pub fn saml_provider_arn(&self, uuid: &str) -> Result<Option<String>, StoreError> {
        let found = self.store().get::<SamlProviderId>(GLOBAL_SCOPE, uuid)?;
        Ok(found.map(|found| found.arn))
    }

    fn trusted(&self, record: SamlProvider, watch: Watch) -> Option<TrustedProvider> {
        let arn = record.arn().to_string();
        let metadata = match Metadata::parse(&record.metadata) {
            Ok(metadata) => metadata,
            Err(fault) => {
                tracing::error!(%arn, %fault, "stored SAML metadata does not read");
                return None;
            }
        };
        let settings = self.saml_settings_cell().get();
        let is_sha1_allowed = settings.is_some_and(|settings| settings.sha1_allowed.contains(&arn));
        let open = |key: &SamlPrivateKey| open_key(self.envelope(), key);
        Some(TrustedProvider {
            account: record.account,
            metadata,
            private_keys: record.private_keys.iter().filter_map(open).collect(),
            encryption: match record.encryption_mode {
                Some(EncryptionMode::Required) => Encryption::Required,
                Some(EncryptionMode::Allowed) | None => Encryption::Allowed,
            },
            sha1: if is_sha1_allowed {
                Sha1::Allowed
            } else {
                Sha1::Refused
            },
            service: Service::SignIn {
                own: settings
                    .map(|settings| settings.sign_in_urls.clone())
                    .unwrap_or_default(),
                provider_id: Some(record.uuid),
            },
            name: record.name,
            arn,
            watch,
        })
    }

    /// Verifies a posted response under the providers that it names beside its roles, and
    /// gives the roles of the provider that verified it.
    ///
    /// An encrypted response names nobody who could be read: give the provider's ARN as
    /// `provider` if it is known, from the address that was posted to.
    pub fn verified_roles(
        &self,
        response: &str,
        provider: Option<&str>,
        now_s: i64,
    ) -> Result<VerifiedRoles, SamlSignInRefusal> {
        let named = match provider {
            Some(provider) => vec![provider.to_owned()],
            None => saml::Unverified::parse(response)?.providers,
        };
        let mut refusal = None;
        for arn in named.iter().take(PROVIDERS_TRIED_MAX) {
            let Some(provider) = self.saml_provider(arn)? else {
                continue;
            };
            match provider.verify(response, None, now_s) {
                Ok(assertion) => return self.roles_of(&assertion, &provider, &named),
                Err(found) => {
                    refusal.get_or_insert(found);
                }
            }
        }
        Err(match refusal {
            Some(refusal) => refusal.into(),
            None => SamlSignInRefusal::NoProvider(named),
        })
    }

    /// The roles of each provider that the response names and that verifies it: two accounts
    /// may trust the same identity provider, each by a record of its own.
    fn roles_of(
        &self,
        assertion: &Assertion,
        verified: &TrustedProvider,
        named: &[String],
    ) -> Result<VerifiedRoles, SamlSignInRefusal> {
        let is_same = |arn: &str| -> Result<bool, StoreError> {
            if arn == verified.arn {
                return Ok(true);
            }
            if !named.iter().take(PROVIDERS_TRIED_MAX).any(|one| one == arn) {
                return Ok(false);
            }
            // The same name and the same certificates under the same rules: what verified
            // under the one verifies under the other.
            Ok(self.saml_provider(arn)?.is_some_and(|other| {
                other.metadata == verified.metadata
                    && other.encryption == verified.encryption
                    && other.sha1 == verified.sha1
            }))
        };
        let mut roles = Vec::new();
        for RolePair { role, provider } in assertion.roles() {
            if is_same(&provider)? {
                roles.push(VerifiedRole {
                    role_arn: role,
                    provider_arn: provider,
                });
            }
        }
        if roles.is_empty() {
            return Err(SamlSignInRefusal::NoRole(verified.arn.clone()));
        }
        Ok(VerifiedRoles {
            roles,
            session_duration_s: assertion.session_duration_s()?,
            role_session_name: assertion.role_session_name()?,
        })
    }
}

fn open_key(envelope: &Envelope, key: &SamlPrivateKey) -> Option<PrivateKey> {
    let identity = SamlPrivateKey::envelope_identity(&key.id);
    let opened: Result<Secret<String>, _> = envelope.open_text(&identity, &key.sealed);
    let pem = match opened {
        Ok(pem) => pem,
        Err(refusal) => {
            tracing::error!(key = %key.id, %refusal, "a stored private key does not open");
            return None;
        }
    };
    match PrivateKey::from_pem(pem.expose()) {
        Ok(key) => Some(key),
        Err(fault) => {
            tracing::error!(key = %key.id, %fault, "a stored private key does not read");
            None
        }
    }
}

fn parse_arn(text: &str) -> Option<(AccountId, String)> {
    let arn: Arn = text.parse().ok()?;
    let is_iam =
        arn.partition() == aws::PARTITION && arn.service() == "iam" && arn.region().is_empty();
    let name = arn.resource().strip_prefix(SamlProvider::RESOURCE)?;
    let account = arn.account().parse().ok()?;
    (is_iam && !name.is_empty()).then(|| (account, name.to_owned()))
}
