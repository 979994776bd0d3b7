//! Server certificates: what load balancers show.

use std::borrow::Cow;

use aws::{AccountId, Arn, Timestamp};
use serde::{Deserialize, Serialize};
use store::{Lookup, Record};

use crate::tag::Tag;

/// A certificate with its private key.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ServerCertificate {
    /// `ASCA…`.
    pub id: String,
    /// The account that it belongs to.
    pub account: AccountId,
    /// Unique in the account without regard to case.
    pub name: String,
    /// `/` or `/division/team/`.
    pub path: String,
    /// The certificate as it was uploaded, PEM.
    pub body: String,
    /// The certificates above it as they were uploaded, PEM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chain: Option<String>,
    /// The private key in an envelope bound to the id, base64.
    pub sealed_key: String,
    /// When it was uploaded.
    pub uploaded: Timestamp,
    /// When it ends.
    pub expires: Timestamp,
    /// At most 50.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<Tag>,
}

impl ServerCertificate {
    /// The certificate's ARN, path included.
    pub fn arn(&self) -> Arn {
        ServerCertificate::arn_of(self.account, &self.path, &self.name)
    }

    /// The ARN of a certificate of that path and name.
    pub fn arn_of(account: AccountId, path: &str, name: &str) -> Arn {
        let resource = format!("server-certificate{path}{name}");
        Arn::new("iam", "", account.as_str(), &resource)
    }

    /// What the envelope of the private key is bound to.
    pub fn envelope_identity(id: &str) -> String {
        format!("server-certificate/{id}")
    }
}

impl Record for ServerCertificate {
    const KIND: &'static str = "iam.server-certificate";

    fn id(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.id)
    }

    fn lookups(&self) -> Vec<Lookup> {
        vec![Lookup::unique("name", self.name.to_lowercase())]
    }
}
