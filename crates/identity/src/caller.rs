//! The caller of a request, as authentication found it.

use std::sync::{Arc, LazyLock};

use aws::AccountId;
use policy::PolicySet;

use crate::principal::{Principal, PrincipalKind};
use crate::session::{Session, SessionKind};
use crate::tag::Tag;

/// The policy that allows everything.
const ADMINISTRATOR_ACCESS: &str = "arn:aws:iam::aws:policy/AdministratorAccess";

/// Who calls. Made by [`Directory`](crate::Directory) from credentials that exist; whether the
/// caller *holds* them is proved by the signature, which the plane checks before it believes.
#[derive(Debug, Clone)]
pub enum Caller {
    /// Nobody said who they are.
    Anonymous,
    /// Someone with credentials.
    Known(Arc<Known>),
}

/// A caller with credentials.
#[derive(Debug)]
pub struct Known {
    /// The key that the request was signed with.
    pub access_key_id: String,
    /// The principal behind it: root, user or role.
    pub principal: Arc<Principal>,
    /// The session, when the credentials are temporary.
    pub session: Option<Arc<OpenSession>>,
}

/// A session token that was opened, with what it says ready for use.
#[derive(Debug)]
pub struct OpenSession {
    /// What the token says.
    pub session: Session,
    /// The session's policies, compiled; `None` when it was given none.
    pub policies: Option<PolicySet>,
    /// The session's ARN, as `GetCallerIdentity` shows it.
    pub arn: String,
    /// The user id, as `GetCallerIdentity` shows it.
    pub user_id: String,
    /// How the policy engine names the session.
    pub asks_as: policy::Principal,
}

impl Caller {
    /// The caller with credentials, if there is one.
    pub fn known(&self) -> Option<&Known> {
        match self {
            Caller::Anonymous => None,
            Caller::Known(known) => Some(known),
        }
    }
}

impl Known {
    /// The account that the caller acts in.
    pub fn account(&self) -> AccountId {
        self.principal.account
    }

    /// The caller's ARN, as `GetCallerIdentity` shows it.
    pub fn arn(&self) -> &str {
        match &self.session {
            Some(open) => &open.arn,
            None => &self.principal.arn,
        }
    }

    /// The caller's id, as `GetCallerIdentity` shows it.
    pub fn user_id(&self) -> &str {
        match &self.session {
            Some(open) => &open.user_id,
            None => &self.principal.id,
        }
    }

    /// How the policy engine names the caller.
    pub fn asks_as(&self) -> &policy::Principal {
        match &self.session {
            Some(open) => &open.asks_as,
            None => &self.principal.asks_as,
        }
    }

    /// The session, when the credentials are temporary.
    pub fn session(&self) -> Option<&Session> {
        self.session.as_ref().map(|open| &open.session)
    }

    /// What kind of caller this is.
    pub fn kind(&self) -> CallerKind {
        match (
            self.session().map(|session| &session.kind),
            self.principal.kind,
        ) {
            (Some(SessionKind::Role { .. }), _) | (None, PrincipalKind::Role) => {
                CallerKind::RoleSession
            }
            (Some(SessionKind::Federated { .. }), _) => CallerKind::FederatedUser,
            (Some(SessionKind::Root), _) | (None, PrincipalKind::Root) => CallerKind::Root,
            (Some(SessionKind::User { .. }), _) | (None, PrincipalKind::User) => CallerKind::User,
        }
    }

    /// The IAM user who calls, with a long-term key or a session of their own.
    pub fn user(&self) -> Option<&Principal> {
        (self.kind() == CallerKind::User).then_some(&*self.principal)
    }

    /// The identity-based policies that count. A federated user of root's has root's rights,
    /// within its session policies.
    pub(crate) fn identity_policies(&self) -> &PolicySet {
        static EVERYTHING: LazyLock<PolicySet> = LazyLock::new(|| {
            let document = crate::managed::by_arn(ADMINISTRATOR_ACCESS)
                .map(|policy| crate::principal::parse_or_deny(policy.document));
            PolicySet::compile(&document)
        });
        match (self.kind(), self.principal.kind) {
            (CallerKind::FederatedUser, PrincipalKind::Root) => &EVERYTHING,
            _ => &self.principal.identity,
        }
    }

    /// Tags of the caller: the principal's, each overridden by a session tag of its key.
    pub fn tags(&self) -> Vec<Tag> {
        let mut tags = match self.kind() {
            CallerKind::FederatedUser => Vec::new(),
            _ => self.principal.tags.clone(),
        };
        if let Some(session) = self.session() {
            crate::tag::set_tags(&mut tags, &session.tags);
        }
        tags
    }
}

/// The kinds of caller, as operations tell them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallerKind {
    /// An account's root user, with a long-term key or a session of its own.
    Root,
    /// An IAM user, with a long-term key or a session of its own.
    User,
    /// A session of a role.
    RoleSession,
    /// A federated user of `GetFederationToken`.
    FederatedUser,
}
