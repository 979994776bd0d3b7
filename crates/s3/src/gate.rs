//! What S3 asks of the plane: who is calling, and may they?
//!
//! The endpoint knows buckets, objects and bucket policies; it does not know users, roles,
//! sessions or their policies. Everything it wants to do for a caller it first puts to the
//! [`Gate`] as an [`Ask`].

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The caller, as the layer in front found out. Opaque to the endpoint, which only hands it
/// back to the [`Gate`].
#[derive(Clone)]
pub struct CallerHandle(Arc<dyn Any + Send + Sync>);

impl CallerHandle {
    /// Wraps whatever the gate understands.
    pub fn new<T: Any + Send + Sync>(caller: Arc<T>) -> CallerHandle {
        CallerHandle(caller)
    }

    /// What was wrapped, if it is of this type.
    pub fn get<T: Any + Send + Sync>(&self) -> Option<&T> {
        self.0.downcast_ref()
    }
}

impl fmt::Debug for CallerHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CallerHandle")
    }
}

/// One thing that the caller wants to do. Everything about the caller itself (its ARN, the
/// address it calls from, how it signed) is the gate's to add.
#[derive(Clone, Copy)]
pub struct Ask<'a> {
    /// Such as `s3:GetObject`.
    pub action: &'static str,
    /// The resource's ARN; `*` for what has none.
    pub resource: &'a str,
    /// The account that owns the resource; for what has no owner yet, none.
    pub resource_account: Option<&'a str>,
    /// The bucket's policy, if it has one.
    pub bucket_policy: Option<&'a policy::PolicySet>,
    /// Condition keys that only S3 knows, such as `s3:prefix`.
    pub keys: &'a [(String, Vec<String>)],
}

/// The caller may not. The message is what the caller reads.
#[derive(Debug, Clone)]
pub struct Denied {
    /// AWS's sentence: `User: … is not authorized to perform: … on resource: "…" because …`,
    /// or `Access Denied` for callers without a name.
    pub message: String,
}

/// Decides, and tells the little that S3 needs to know about callers.
pub trait Gate: Send + Sync + 'static {
    /// May the caller do this?
    fn decide(&self, caller: &CallerHandle, ask: &Ask<'_>) -> Result<(), Denied>;

    /// The caller's account; none for an anonymous caller.
    fn account(&self, caller: &CallerHandle) -> Option<String>;

    /// The caller's ARN; none for an anonymous caller.
    fn arn(&self, caller: &CallerHandle) -> Option<String>;

    /// The region that the request was signed for; none for an anonymous caller.
    fn region(&self, caller: &CallerHandle) -> Option<String>;

    /// Does this principal of a policy exist? (An account id, an ARN, a unique or canonical id.)
    fn principal_exists(&self, principal: &str) -> bool;

    /// The unique id of the user or role that has this ARN; none for other principals.
    fn id_of(&self, arn: &str) -> Option<String>;

    /// The ARN that a principal has today; none if it is gone.
    fn arn_today(&self, principal: &NamedPrincipal) -> Option<String>;

    /// The policy with the ARNs of these principals replaced by their ids.
    fn by_id(&self, policy: &str, principals: &[NamedPrincipal]) -> String;

    /// The canonical user id of an account.
    fn canonical_id(&self, account: &str) -> String;
}

/// A user or role that a bucket policy names by its ARN, with the unique id that its bearer had
/// when the policy was put. Who takes the ARN later is somebody else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedPrincipal {
    /// As the policy says it.
    pub arn: String,
    /// `AIDA…`, `AROA…`.
    pub id: String,
}
