//! A call: who calls, when, from where, and the house it is answered in.

use std::sync::{Arc, OnceLock};

use aws::{AccountId, Clock, Entropy, Timestamp};
use facts::OperationFacts;
use identity::{Caller, Directory, Known, RequestFacts};

use crate::Error;

/// What every operation of every service may use. Time, chance and the network come in here.
#[derive(Clone)]
pub struct Environment {
    /// Principals, credentials, decisions.
    pub directory: Directory,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub entropy: Arc<dyn Entropy>,
    /// The guarded way out.
    pub outbound: Arc<outbound::Fetcher>,
    /// Keys of OpenID Connect providers.
    pub oidc_keys: Arc<oidc::KeySource>,
    /// Whether development aids are on. They relax no check.
    pub dev: bool,
}

/// One request, authenticated and decoded.
pub struct Call {
    /// The operation that was asked for.
    pub operation: &'static OperationFacts,
    /// Who calls.
    pub caller: Caller,
    /// Time, place and manner.
    pub request: RequestFacts,
    /// The answer's `RequestId`.
    pub request_id: String,
    /// The house.
    pub environment: Arc<Environment>,
    /// Whom a provider vouched for, once it is verified; for the record alone.
    pub vouched: OnceLock<Vouched>,
    /// What came beside the request to prove possession of a key, not yet verified.
    pub dpop: Option<Dpop>,
}

/// Proofs of possession as they came (RFC 9449), and what they must have been made for.
#[derive(Debug, Clone)]
pub struct Dpop {
    /// The headers. A good request has one.
    pub proofs: Vec<String>,
    /// The request's method.
    pub method: String,
    /// The request's address, without its query.
    pub url: String,
}

/// A person or workload that a provider outside vouched for.
#[derive(Debug, Clone)]
pub struct Vouched {
    /// By what kind of proof.
    pub by: VouchedBy,
    /// The provider's ARN; of a SAML provider, the qualifier of its names.
    pub provider: String,
    /// Whom the proof was made for: the token's audience.
    pub audience: String,
    /// Who it speaks of.
    pub subject: String,
    /// The account that trusts the provider.
    pub account: AccountId,
}

/// The kinds of proof that a provider outside gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VouchedBy {
    /// A token of OpenID Connect.
    WebIdentity,
    /// A SAML assertion.
    Saml,
}

impl Call {
    /// When the request came.
    pub fn now(&self) -> Timestamp {
        self.request.now
    }

    /// When the request came, in whole seconds since 1970.
    pub fn now_s(&self) -> i64 {
        self.request.now.as_second()
    }

    /// When the request came, cut to whole seconds as AWS's timestamps are.
    pub fn second(&self) -> Timestamp {
        Timestamp::from_second(self.now_s()).unwrap_or(self.request.now)
    }

    /// The region that it was signed for.
    pub fn region(&self) -> &str {
        &self.request.region
    }

    /// Principals, credentials, decisions.
    pub fn directory(&self) -> &Directory {
        &self.environment.directory
    }

    /// The caller, where the operation takes signed calls only.
    pub fn known(&self) -> Result<&Known, Error> {
        self.caller.known().ok_or_else(|| {
            Error::new("MissingAuthenticationToken")
                .status(403)
                .say("Request is missing Authentication Token")
        })
    }

    /// The caller's account, where the operation takes signed calls only.
    pub fn account(&self) -> Result<AccountId, Error> {
        Ok(self.known()?.account())
    }

    /// Notes for the record whom a provider vouched for. Decides nothing.
    pub fn vouch(&self, vouched: Vouched) {
        // Set by one operation once; a second note would say the same.
        let _ = self.vouched.set(vouched);
    }

    /// A new unique id with this prefix, such as `AIDA`.
    pub fn new_id(&self, prefix: &str) -> String {
        seal::unique_id(prefix, self.environment.entropy.as_ref())
    }
}
