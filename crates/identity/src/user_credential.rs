//! What users have besides access keys and passwords: certificates to sign with, SSH keys,
//! and credentials for single services.

use std::borrow::Cow;

use aws::{AccountId, Timestamp};
use serde::{Deserialize, Serialize};
use store::{Lookup, Record};

use crate::access_key::{AccessKey, KeyOwner, KeyStatus};

/// What all of them have.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Held {
    /// The id that it is named by.
    pub id: String,
    /// The account that it belongs to.
    pub account: AccountId,
    /// Whose it is.
    pub owner: KeyOwner,
    /// Whether it may be used.
    pub status: KeyStatus,
    /// When it came.
    pub since: Timestamp,
}

impl Held {
    /// The value of the lookup `owner`: all of one kind of one user, or of root.
    pub fn owner_value(account: AccountId, owner: &KeyOwner) -> String {
        AccessKey::owner_value(account, owner)
    }

    fn owner_lookup(&self) -> Lookup {
        Lookup::many("owner", Held::owner_value(self.account, &self.owner))
    }
}

/// A certificate whose key a user signs with.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SigningCertificate {
    /// Its id, owner and status.
    pub held: Held,
    /// The certificate as it was uploaded, PEM.
    pub body: String,
    /// SHA-256 of the certificate, hexadecimal.
    pub digest: String,
}

impl Record for SigningCertificate {
    const KIND: &'static str = "iam.signing-certificate";

    fn id(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.held.id)
    }

    fn lookups(&self) -> Vec<Lookup> {
        vec![
            self.held.owner_lookup(),
            Lookup::many("digest", &self.digest),
        ]
    }
}

/// The public half of a user's SSH key.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SshPublicKey {
    /// Its id, owner and status.
    pub held: Held,
    /// The key as it was uploaded.
    pub body: String,
    /// The MD5 of the key as SSH writes it, as `aa:bb:…`.
    pub fingerprint: String,
}

impl Record for SshPublicKey {
    const KIND: &'static str = "iam.ssh-public-key";

    fn id(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.held.id)
    }

    fn lookups(&self) -> Vec<Lookup> {
        vec![self.held.owner_lookup()]
    }
}

/// A user's credential for one service.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ServiceCredential {
    /// Its id, owner and status.
    pub held: Held,
    /// `codecommit.amazonaws.com`, …
    pub service: String,
    /// The name that is shown to the service: a user name, or the alias of an API key.
    pub name: String,
    /// When an API key stops working.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
    /// The password or the API key in an envelope bound to the id, base64.
    pub sealed_secret: String,
}

impl ServiceCredential {
    /// What the envelope of the secret is bound to.
    pub fn envelope_identity(id: &str) -> String {
        format!("service-credential/{id}")
    }
}

impl Record for ServiceCredential {
    const KIND: &'static str = "iam.service-credential";

    fn id(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.held.id)
    }

    fn lookups(&self) -> Vec<Lookup> {
        vec![
            self.held.owner_lookup(),
            Lookup::many("id", &self.held.id),
            Lookup::unique("name", format!("{}/{}", self.service, self.name)),
        ]
    }
}
