//! Principals as the hot path sees them: a record and every policy that binds it, compiled,
//! in memory, and known to be current.

use aws::AccountId;
use policy::{Document, Grammar, PolicySet};
use store::{Read, Record, Store, StoreError};

use crate::managed_policy::ManagedPolicy;
use crate::role::Role;
use crate::tag::Tag;
use crate::user::{Group, User};
use crate::watch::{Seen, Watch};
use crate::{Account, GLOBAL_SCOPE, managed};

/// A user, a role, or an account's root user, with the policies that bind it.
#[derive(Debug)]
pub struct Principal {
    /// Root, user or role.
    pub kind: PrincipalKind,
    /// The account that it belongs to.
    pub account: AccountId,
    /// `AIDA…`, `AROA…`, or the account id for root.
    pub id: String,
    /// The name; `root` for root.
    pub name: String,
    /// The ARN, path included.
    pub arn: String,
    /// Its tags.
    pub tags: Vec<Tag>,
    /// Identity-based policies, those of groups included.
    pub identity: PolicySet,
    /// The permissions boundary.
    pub boundary: Option<PolicySet>,
    /// What only roles have.
    pub role: Option<RoleFacts>,
    /// How the policy engine names it when it acts itself.
    pub asks_as: policy::Principal,
    watch: Watch,
}

/// The kinds of principal that records stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PrincipalKind {
    /// An account's root user.
    Root,
    /// An IAM user.
    User,
    /// An IAM role.
    Role,
}

/// What only roles have.
#[derive(Debug)]
pub struct RoleFacts {
    /// The trust policy, compiled.
    pub trust: std::sync::Arc<PolicySet>,
    /// The longest session in seconds.
    pub max_session_s: u32,
}

impl Principal {
    /// Whether the records behind it are still as they were.
    pub(crate) fn is_current(&self, store: &Store) -> bool {
        self.watch.is_current(store)
    }

    /// The root user of this account, if the account exists.
    pub(crate) fn load_root(
        store: &Store,
        account: AccountId,
    ) -> Result<Option<Principal>, StoreError> {
        let mut watch = Watch::default();
        watch.before_reading(store, GLOBAL_SCOPE, "account", account.as_str());
        let found: Option<Account> = store.read().get(GLOBAL_SCOPE, account.as_str())?;
        Ok(found.map(|_| Principal {
            kind: PrincipalKind::Root,
            account,
            id: account.to_string(),
            name: "root".to_owned(),
            arn: format!("arn:aws:iam::{account}:root"),
            tags: Vec::new(),
            identity: PolicySet::empty(),
            boundary: None,
            role: None,
            asks_as: policy::Principal::root(account.as_str()),
            watch,
        }))
    }

    /// The user of this id.
    pub(crate) fn load_user(
        store: &Store,
        account: AccountId,
        id: &str,
    ) -> Result<Option<Principal>, StoreError> {
        let mut watch = Watch::default();
        let scope = account.as_str();
        watch.before_reading(store, scope, "iam.user", id);
        let Some(user) = store.read().get::<User>(scope, id)? else {
            return Ok(None);
        };
        let mut gathering = Gathering::new(store, account, &mut watch);
        gathering.inline(user.inline.values());
        gathering.attached(&user.attached)?;
        for group_id in &user.groups {
            gathering.group(group_id)?;
        }
        let identity = gathering.compile();
        let boundary = gathering.boundary(user.boundary.as_deref())?;
        let arn = user.arn().to_string();
        Ok(Some(Principal {
            kind: PrincipalKind::User,
            account,
            asks_as: policy::Principal::user(&arn, Some(&user.id)),
            arn,
            id: user.id,
            name: user.name,
            tags: user.tags,
            identity,
            boundary,
            role: None,
            watch,
        }))
    }

    /// The role of this id.
    pub(crate) fn load_role(
        store: &Store,
        account: AccountId,
        id: &str,
    ) -> Result<Option<Principal>, StoreError> {
        let mut watch = Watch::default();
        let scope = account.as_str();
        watch.before_reading(store, scope, "iam.role", id);
        let Some(role) = store.read().get::<Role>(scope, id)? else {
            return Ok(None);
        };
        let mut gathering = Gathering::new(store, account, &mut watch);
        gathering.inline(role.inline.values());
        gathering.attached(&role.attached)?;
        let identity = gathering.compile();
        let boundary = gathering.boundary(role.boundary.as_deref())?;
        let arn = role.arn().to_string();
        let trust = crate::trust::compile(&role);
        Ok(Some(Principal {
            kind: PrincipalKind::Role,
            account,
            asks_as: policy::Principal::session(&arn, &arn, Some(&role.id)),
            arn,
            id: role.id,
            name: role.name,
            tags: role.tags,
            identity,
            boundary,
            role: Some(RoleFacts {
                trust: std::sync::Arc::new(trust),
                max_session_s: role.max_session_s,
            }),
            watch,
        }))
    }
}

/// Managed policies by their ARNs, compiled as one set, with the watch over them. An ARN
/// that names nothing adds nothing: a set of deleted policies allows nothing.
pub(crate) fn compile_managed(
    store: &Store,
    account: AccountId,
    inline: Option<&str>,
    arns: &[String],
    watch: &mut Watch,
) -> Result<PolicySet, StoreError> {
    let mut gathering = Gathering::new(store, account, watch);
    gathering.inline(inline);
    gathering.attached(arns)?;
    Ok(gathering.compile())
}

struct Gathering<'a> {
    store: &'a Store,
    account: AccountId,
    watch: &'a mut Watch,
    documents: Vec<Document>,
}

impl<'a> Gathering<'a> {
    fn new(store: &'a Store, account: AccountId, watch: &'a mut Watch) -> Gathering<'a> {
        Gathering {
            store,
            account,
            watch,
            documents: Vec::new(),
        }
    }

    fn inline(&mut self, texts: impl IntoIterator<Item = impl AsRef<str>>) {
        for text in texts {
            self.documents.push(parse_or_deny(text.as_ref()));
        }
    }

    fn attached(&mut self, arns: &[String]) -> Result<(), StoreError> {
        for arn in arns {
            if let Some(document) = self.managed(arn)? {
                self.documents.push(document);
            }
        }
        Ok(())
    }

    fn managed(&mut self, arn: &str) -> Result<Option<Document>, StoreError> {
        if let Some(policy) = managed::by_arn(arn) {
            return Ok(Some(parse_or_deny(policy.document)));
        }
        let scope = self.account.as_str();
        let searching = Seen::before_searching(self.store, scope, ManagedPolicy::KIND);
        let mut policy = None;
        if let Some(found) = self.store.read().find::<ManagedPolicy>(scope, "arn", arn)? {
            self.watch
                .before_reading(self.store, scope, ManagedPolicy::KIND, &found.id);
            // Read again under the watch: the first reading only told the id.
            policy = self.store.read().get::<ManagedPolicy>(scope, &found.id)?;
        }
        if policy.is_none() {
            self.watch.found_nothing(searching);
        }
        Ok(policy
            .as_ref()
            .and_then(ManagedPolicy::default)
            .map(|version| parse_or_deny(&version.document)))
    }

    fn group(&mut self, id: &str) -> Result<(), StoreError> {
        let scope = self.account.as_str();
        self.watch
            .before_reading(self.store, scope, "iam.group", id);
        if let Some(group) = self.store.read().get::<Group>(scope, id)? {
            self.inline(group.inline.values());
            self.attached(&group.attached)?;
        }
        Ok(())
    }

    fn compile(&mut self) -> PolicySet {
        PolicySet::compile(&std::mem::take(&mut self.documents))
    }

    fn boundary(&mut self, arn: Option<&str>) -> Result<Option<PolicySet>, StoreError> {
        let Some(arn) = arn else { return Ok(None) };
        // A boundary that has gone allows nothing; it does not lift the bound.
        let document = self.managed(arn)?;
        Ok(Some(PolicySet::compile(&document)))
    }
}

/// A stored document was parsed before it was stored. Should one not parse today, it denies
/// everything: to drop it might drop a `Deny`.
pub(crate) fn parse_or_deny(text: &str) -> Document {
    Document::parse(text, Grammar::Any).unwrap_or_else(|malformed| {
        tracing::error!(%malformed, "a stored policy does not parse; it denies everything");
        deny_everything()
    })
}

#[expect(
    clippy::expect_used,
    reason = "a constant, parsed by every test of this crate"
)]
fn deny_everything() -> Document {
    const TEXT: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*"}}"#;
    Document::parse(TEXT, Grammar::Any).expect("the constant is a policy")
}
