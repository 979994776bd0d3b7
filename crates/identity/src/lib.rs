//! What the services share: accounts, principals, every policy that binds a caller, trust
//! decisions, and the issuing of sessions.
//!
//! The way through: an access key id comes in, [`Directory::credential`] finds whose it is,
//! the plane checks the signature, and [`Directory::authorize`] decides each [`Ask`] over
//! all the policies that bind the [`Caller`]. Both read memory only, once a principal is
//! known; a [`Watch`](watch) over change stamps tells when a snapshot is stale.

mod access_key;
mod accessed;
mod account;
mod authorize;
mod cache;
mod caller;
mod directory;
mod instance_profile;
mod login_profile;
mod managed;
mod managed_policy;
mod mfa_device;
mod oidc_provider;
mod outbound_issuer;
mod password;
mod principal;
mod quotas;
mod role;
mod root_features;
mod saml_provider;
mod saml_sign_in;
mod security_key;
mod server_certificate;
mod service_linked_role;
mod session;
mod sign_in;
mod tag;
mod trust;
mod user;
mod user_credential;
mod watch;

pub use self::access_key::{AccessKey, KeyOwner, KeyStatus, LastUsed};
pub use self::accessed::{Accessed, ServiceUse, Use};
pub use self::account::{Account, GLOBAL_SCOPE, canonical_user_id};
pub use self::authorize::{Ask, AskRef, Denied, Details, RequestFacts, is_unknown_to_iam, iso};
pub use self::caller::{Caller, CallerKind, Known, OpenSession};
pub use self::directory::{
    Credential, CredentialRefusal, Directory, IssueRefusal, SESSION_BYTES_MAX,
};
pub use self::instance_profile::InstanceProfile;
pub use self::login_profile::{LoginProfile, PASSWORDS_REMEMBERED, PasswordPolicy, PasswordState};
pub use self::managed::{AwsManagedPolicy, aws_managed_policies, by_arn as aws_managed_policy};
pub use self::managed_policy::{ManagedPolicy, PolicyVersion};
pub use self::mfa_device::{
    Enabled, Factor, MfaDevice, MfaFailure, MfaRefusal, MfaUse, Pair, Window,
};
pub use self::oidc_provider::OidcProvider;
pub use self::outbound_issuer::OutboundIssuer;
pub use self::password::{HashedPassword, NotHashed, PASSWORD_CHARS_MAX};
pub use self::principal::{Principal, PrincipalKind, RoleFacts};
pub use self::quotas::{QuotaBeyond, Quotas};
pub use self::role::{NamedPrincipal, Role};
pub use self::root_features::{RootFeatures, organization_id};
pub use self::saml_provider::{EncryptionMode, SamlPrivateKey, SamlProvider, SamlProviderId};
pub use self::saml_sign_in::{
    SamlSettings, SamlSignInRefusal, TrustedProvider, VerifiedRole, VerifiedRoles,
};
pub use self::security_key::{
    Asked, CHALLENGE_S, CredentialId, KeyRefusal, SecurityKey, SecurityKeyUse,
};
pub use self::server_certificate::ServerCertificate;
pub use self::service_linked_role::{DeletionTask, LinkedService, linked_service};
pub use self::session::{Origin, Session, SessionKind};
pub use self::sign_in::{PresentedName, SignInRefusal, SignedIn};
pub use self::tag::{Tag, has_duplicate_keys, remove_tags, set_tags};
pub use self::trust::by_id;
pub use self::user::{Group, User};
pub use self::user_credential::{Held, ServiceCredential, SigningCertificate, SshPublicKey};

use aws::Secret;

/// Temporary credentials, fresh from the ring.
#[derive(Debug)]
pub struct Issued {
    /// `ASIA…`.
    pub access_key_id: String,
    /// Forty characters.
    pub secret_access_key: Secret<String>,
    /// The sealed session.
    pub session_token: String,
    /// When it ends, seconds since 1970.
    pub expires_at: i64,
}
