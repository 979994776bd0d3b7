//! Who asks, and in which ways a policy can name them.

use crate::{PrincipalEntry, PrincipalKind};

/// The caller of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    pub(crate) kind: Kind,
    /// The account the caller belongs to.
    account: Option<Box<str>>,
    /// The ARN or name that names this caller and no other.
    name: Box<str>,
    /// What stands behind a session: the role, or the user who called `GetFederationToken`.
    behind: Behind,
    /// The user's or the role's unique id.
    unique_id: Option<Box<str>>,
    /// `*` grants it nothing: a policy has to name it.
    by_name_only: bool,
}

/// What kind of caller it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Root,
    User,
    /// A role's session, or in simulations the role itself.
    Session,
    FederatedUser,
    Service,
    IdentityProvider,
    Anonymous,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Behind {
    Nothing,
    /// The role or user with this ARN.
    Arn(Box<str>),
    /// A role or user (`role/`, `user/`) of which only the name is known: its path may be
    /// anything.
    Named(&'static str, Box<str>),
}

/// The ways in which listed principals name a caller; a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Ways(u8);

impl Ways {
    pub(crate) const NONE: Ways = Ways(0);
    /// `*`
    pub(crate) const ANYONE: Ways = Ways(1);
    /// The caller's account.
    pub(crate) const ACCOUNT: Ways = Ways(2);
    /// The very caller.
    pub(crate) const DIRECT: Ways = Ways(4);
    /// The role or user behind the session.
    pub(crate) const INDIRECT: Ways = Ways(8);

    pub(crate) fn or(self, other: Ways) -> Ways {
        Ways(self.0 | other.0)
    }

    /// Whether any of the other's ways is among these.
    pub(crate) fn any_of(self, other: Ways) -> bool {
        self.0 & other.0 != 0
    }

    pub(crate) fn any(self) -> bool {
        self.0 != 0
    }

    /// Whether the other adds nothing to these.
    pub(crate) fn covers(self, other: Ways) -> bool {
        self.0 | other.0 == self.0
    }
}

impl Principal {
    /// The root user of an account.
    pub fn root(account: &str) -> Principal {
        let name = format!("arn:aws:iam::{account}:root");
        Principal::new(Kind::Root, Some(account), &name)
    }

    /// An IAM user. Policies name it by its ARN or by its unique id.
    pub fn user(arn: &str, unique_id: Option<&str>) -> Principal {
        Principal {
            unique_id: unique_id.map(Into::into),
            ..Principal::new(Kind::User, account_of(arn), arn)
        }
    }

    /// A role itself, for simulations; requests come from its sessions.
    pub fn role(arn: &str, unique_id: Option<&str>) -> Principal {
        Principal {
            behind: Behind::Arn(arn.into()),
            unique_id: unique_id.map(Into::into),
            ..Principal::new(Kind::Session, account_of(arn), "")
        }
    }

    /// A session of a role.
    pub fn session(role_arn: &str, session_arn: &str, role_unique_id: Option<&str>) -> Principal {
        Principal {
            behind: Behind::Arn(role_arn.into()),
            unique_id: role_unique_id.map(Into::into),
            ..Principal::new(Kind::Session, account_of(session_arn), session_arn)
        }
    }

    /// A federated user, with the ARN of the IAM user who called `GetFederationToken`.
    pub fn federated_user(arn: &str, user_arn: Option<&str>) -> Principal {
        Principal {
            behind: user_arn.map_or(Behind::Nothing, |arn| Behind::Arn(arn.into())),
            ..Principal::new(Kind::FederatedUser, account_of(arn), arn)
        }
    }

    /// A service, such as `sns.amazonaws.com`.
    pub fn service(name: &str) -> Principal {
        Principal::new(Kind::Service, None, name)
    }

    /// An identity provider, at the door of a role that somebody of it wants to put on: the
    /// ARN of a SAML or OIDC provider, or the name of a built-in one. STS opens the door only
    /// where the trust policy names the provider; anyone is not enough.
    pub fn identity_provider(name_or_arn: &str) -> Principal {
        Principal {
            by_name_only: true,
            ..Principal::new(Kind::IdentityProvider, None, name_or_arn)
        }
    }

    /// The caller of an unsigned request.
    pub fn anonymous() -> Principal {
        Principal::new(Kind::Anonymous, None, "")
    }

    /// Reads a principal as the JSON-lines form writes it: an ARN, a service, a built-in
    /// identity provider or `*`. `role_arn` is the role's own ARN for a session.
    pub fn parse(text: &str, role_arn: Option<&str>) -> Option<Principal> {
        if text == "*" {
            return Some(Principal::anonymous());
        }
        if BUILT_IN_PROVIDERS.contains(&text) {
            return Some(Principal::new(Kind::IdentityProvider, None, text));
        }
        if !text.starts_with("arn:") {
            let is_service =
                text.ends_with(".amazonaws.com") || text.ends_with(".amazonaws.com.cn");
            return is_service.then(|| Principal::service(text));
        }
        let mut parts = text.splitn(6, ':').skip(2);
        let service = parts.next()?;
        let account = parts.nth(1)?;
        let resource = parts.next()?;
        match (service, resource.split_once('/')) {
            ("iam", None) if resource == "root" => {
                Some(Principal::new(Kind::Root, Some(account), text))
            }
            ("iam", Some(("user", _))) => Some(Principal::user(text, None)),
            ("iam", Some(("role", _))) => Some(Principal::role(text, None)),
            ("iam", Some(("saml-provider" | "oidc-provider", _))) => {
                Some(Principal::new(Kind::IdentityProvider, None, text))
            }
            ("sts", Some(("assumed-role", rest))) => {
                let (role, _session) = rest.split_once('/')?;
                let behind = match role_arn {
                    Some(arn) => Behind::Arn(arn.into()),
                    None => Behind::Named("role/", role.into()),
                };
                let session = Principal::new(Kind::Session, Some(account), text);
                Some(Principal { behind, ..session })
            }
            ("sts", Some(("federated-user", name))) => {
                let federated = Principal::federated_user(text, role_arn);
                // Without more, a federated user is taken to carry its user's name.
                let behind = match role_arn {
                    Some(arn) => Behind::Arn(arn.into()),
                    None => Behind::Named("user/", name.into()),
                };
                Some(Principal {
                    behind,
                    ..federated
                })
            }
            _ => None,
        }
    }

    fn new(kind: Kind, account: Option<&str>, name: &str) -> Principal {
        Principal {
            kind,
            account: account.filter(|id| !id.is_empty()).map(Into::into),
            name: name.into(),
            behind: Behind::Nothing,
            unique_id: None,
            by_name_only: false,
        }
    }

    /// The ARN or the name that the caller goes by.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether a policy that names the caller in these ways grants it something, where the
    /// caller has no policies of its own.
    pub(crate) fn is_granted(&self, ways: Ways) -> bool {
        if self.by_name_only {
            ways.any_of(Ways::DIRECT)
        } else {
            ways.any()
        }
    }

    /// The account that the caller belongs to; services, identity providers and unsigned
    /// callers have none.
    pub fn account(&self) -> Option<&str> {
        self.account.as_deref()
    }

    /// The partition that the caller's ARN says.
    fn partition(&self) -> Option<&str> {
        let arn = match &self.behind {
            Behind::Arn(arn) if self.name.is_empty() => arn,
            _ => &self.name,
        };
        arn.split(':').nth(1)
    }

    /// Whether the caller signed with credentials of an account.
    pub(crate) fn is_signed(&self) -> bool {
        match self.kind {
            Kind::Root | Kind::User | Kind::Session | Kind::FederatedUser => true,
            Kind::Service | Kind::IdentityProvider | Kind::Anonymous => false,
        }
    }

    /// Whether it is a session of a role that a service made for itself.
    pub(crate) fn is_service_linked(&self) -> bool {
        let Behind::Arn(role) = &self.behind else {
            return false;
        };
        // In a role's ARN the first slash comes after its kind.
        self.kind == Kind::Session
            && memchr::memchr(b'/', role.as_bytes())
                .and_then(|slash| role.split_at_checked(slash))
                .is_some_and(|(head, path)| {
                    path.starts_with("/aws-service-role/") && head.ends_with(":role")
                })
    }

    /// The ways in which one listed principal names the caller.
    pub(crate) fn named_by(&self, named: &Named) -> Ways {
        match named {
            Named::Anyone => Ways::ANYONE,
            Named::Account { partition, id } => {
                // One number may be an account's in several partitions.
                let same = self.account.as_deref() == Some(id)
                    && partition
                        .as_deref()
                        .is_none_or(|named| self.partition().is_none_or(|own| own == named));
                if same { Ways::ACCOUNT } else { Ways::NONE }
            }
            Named::Aws(text) => self.named_by_aws(text),
            Named::Service(name) => self.named_as(Kind::Service, name),
            Named::Federated(name) => self.named_as(Kind::IdentityProvider, name),
            Named::Nobody => Ways::NONE,
        }
    }

    fn named_as(&self, kind: Kind, name: &str) -> Ways {
        if self.kind == kind && *self.name == *name {
            Ways::DIRECT
        } else {
            Ways::NONE
        }
    }

    fn named_by_aws(&self, text: &str) -> Ways {
        if !self.is_signed() || text.is_empty() {
            return Ways::NONE;
        }
        let is_unique_id = self.unique_id.as_deref() == Some(text);
        if *self.name == *text || (is_unique_id && self.kind == Kind::User) {
            return Ways::DIRECT;
        }
        let is_behind = match &self.behind {
            Behind::Nothing => false,
            Behind::Arn(arn) => **arn == *text,
            Behind::Named(kind, name) => is_named(text, self.account(), kind, name),
        };
        if is_behind || is_unique_id {
            Ways::INDIRECT
        } else {
            Ways::NONE
        }
    }
}

/// Identity providers that every account has.
const BUILT_IN_PROVIDERS: [&str; 4] = [
    "cognito-identity.amazonaws.com",
    "accounts.google.com",
    "graph.facebook.com",
    "www.amazon.com",
];

fn account_of(arn: &str) -> Option<&str> {
    arn.split(':').nth(4)
}

/// Whether an ARN is that of a role or user with this name, whatever its path.
fn is_named(arn: &str, account: Option<&str>, kind: &str, name: &str) -> bool {
    let mut parts = arn.splitn(6, ':').skip(2);
    parts.next() == Some("iam")
        && parts.nth(1) == account
        && parts
            .next()
            .and_then(|resource| resource.strip_prefix(kind))
            .is_some_and(|path| path.rsplit('/').next() == Some(name))
}

/// A listed principal, compiled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Named {
    Anyone,
    /// Everybody in an account; its root's ARN says the partition as well.
    Account {
        partition: Option<Box<str>>,
        id: Box<str>,
    },
    /// A user, role, session or federated user by ARN, a user or role by unique id.
    Aws(Box<str>),
    Service(Box<str>),
    Federated(Box<str>),
    /// A canonical user: no caller carries one.
    Nobody,
}

impl Named {
    pub(crate) fn compile(entry: &PrincipalEntry) -> Named {
        let value = entry.value.as_str();
        match entry.kind {
            PrincipalKind::Anyone => Named::Anyone,
            PrincipalKind::Aws if value == "*" => Named::Anyone,
            PrincipalKind::Aws => match account_named(value) {
                Some((partition, id)) => Named::Account {
                    partition: partition.map(Into::into),
                    id: id.into(),
                },
                None => Named::Aws(value.into()),
            },
            PrincipalKind::Service => Named::Service(value.into()),
            PrincipalKind::Federated => Named::Federated(value.into()),
            PrincipalKind::CanonicalUser => Named::Nobody,
        }
    }
}

/// The account that a principal's text means as a whole, by its id or by its root's ARN;
/// the latter says the partition too.
pub(crate) fn account_named(text: &str) -> Option<(Option<&str>, &str)> {
    if text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some((None, text));
    }
    let mut parts = text.splitn(6, ':');
    let is_arn = parts.next() == Some("arn");
    let partition = parts.next();
    let is_root = is_arn && parts.next() == Some("iam") && parts.next() == Some("");
    let account = parts.next().filter(|id| is_root && !id.is_empty())?;
    (parts.next() == Some("root")).then_some((partition, account))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn aws(value: &str) -> Named {
        Named::compile(&PrincipalEntry {
            kind: PrincipalKind::Aws,
            value: value.to_owned(),
        })
    }

    const ROLE: &str = "arn:aws:iam::111122223333:role/team/app";
    const SESSION: &str = "arn:aws:sts::111122223333:assumed-role/app/s1";
    const USER: &str = "arn:aws:iam::111122223333:user/ana";

    #[test]
    fn a_session_is_named_directly_by_its_arn_and_indirectly_by_its_role() {
        let session = Principal::session(ROLE, SESSION, Some("AROA1"));
        assert_eq!(session.named_by(&aws(SESSION)), Ways::DIRECT);
        assert_eq!(session.named_by(&aws(ROLE)), Ways::INDIRECT);
        assert_eq!(session.named_by(&aws("AROA1")), Ways::INDIRECT);
        assert_eq!(session.named_by(&aws("111122223333")), Ways::ACCOUNT);
        assert_eq!(
            session.named_by(&aws("arn:aws:iam::111122223333:root")),
            Ways::ACCOUNT
        );
        assert_eq!(session.named_by(&aws("*")), Ways::ANYONE);
        let other_path = "arn:aws:iam::111122223333:role/app";
        assert_eq!(session.named_by(&aws(other_path)), Ways::NONE);
    }

    #[test]
    fn an_account_of_another_partition_is_another_account() {
        let user = Principal::user(USER, None);
        let elsewhere = aws("arn:aws-us-gov:iam::111122223333:root");
        assert_eq!(user.named_by(&elsewhere), Ways::NONE);
        let there = Principal::role("arn:aws-us-gov:iam::111122223333:role/app", None);
        assert_eq!(there.named_by(&elsewhere), Ways::ACCOUNT);
        assert_eq!(there.named_by(&aws("111122223333")), Ways::ACCOUNT);
    }

    #[test]
    fn without_its_arn_a_role_is_known_by_account_and_name() {
        let session = Principal::parse(SESSION, None).unwrap();
        assert_eq!(session.named_by(&aws(ROLE)), Ways::INDIRECT);
        assert_eq!(
            session.named_by(&aws("arn:aws:iam::111122223333:role/app")),
            Ways::INDIRECT
        );
        assert_eq!(
            session.named_by(&aws("arn:aws:iam::444455556666:role/app")),
            Ways::NONE
        );
        assert_eq!(
            session.named_by(&aws("arn:aws:iam::111122223333:role/app/x")),
            Ways::NONE
        );
    }

    #[test]
    fn users_are_named_by_arn_and_unique_id() {
        let user = Principal::user(USER, Some("AIDA1"));
        assert_eq!(user.named_by(&aws(USER)), Ways::DIRECT);
        assert_eq!(user.named_by(&aws("AIDA1")), Ways::DIRECT);
        assert_eq!(user.named_by(&aws(&USER.to_uppercase())), Ways::NONE);
        assert_eq!(
            user.named_by(&aws("arn:aws:iam::111122223333:user/*")),
            Ways::NONE
        );
        assert_eq!(user.named_by(&aws("")), Ways::NONE);
    }

    #[test]
    fn a_federated_user_is_named_indirectly_by_its_user() {
        let arn = "arn:aws:sts::111122223333:federated-user/bob";
        let federated = Principal::federated_user(arn, Some(USER));
        assert_eq!(federated.named_by(&aws(arn)), Ways::DIRECT);
        assert_eq!(federated.named_by(&aws(USER)), Ways::INDIRECT);
        // Known by its own ARN alone, it is taken to be of the user of its name.
        let parsed = Principal::parse(arn, None).unwrap();
        let bob = "arn:aws:iam::111122223333:user/team/bob";
        assert_eq!(parsed.named_by(&aws(bob)), Ways::INDIRECT);
        assert_eq!(parsed.named_by(&aws(USER)), Ways::NONE);
        assert_eq!(federated.named_by(&aws(bob)), Ways::NONE);
    }

    #[test]
    fn services_and_providers_are_named_under_their_own_key() {
        let service = Principal::parse("sns.amazonaws.com", None).unwrap();
        assert_eq!(
            service.named_by(&Named::Service("sns.amazonaws.com".into())),
            Ways::DIRECT
        );
        assert_eq!(service.named_by(&aws("sns.amazonaws.com")), Ways::NONE);
        let provider = Principal::parse("cognito-identity.amazonaws.com", None).unwrap();
        let named = Named::Federated("cognito-identity.amazonaws.com".into());
        assert_eq!(provider.named_by(&named), Ways::DIRECT);
        assert_eq!(service.named_by(&named), Ways::NONE);
    }

    #[test]
    fn what_is_no_principal_is_none() {
        for text in [
            "",
            "ana",
            "arn:aws:iam::111122223333:group/g",
            "arn:aws:sts::1:assumed-role/x",
            "arn:aws:iam",
            "example.com",
        ] {
            assert_eq!(Principal::parse(text, None), None, "{text}");
        }
    }
}
