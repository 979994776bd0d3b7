//! A small house to call STS in: two accounts, people and roles made as the tests need them,
//! a provider that the first account trusts, and a clock that moves.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use aws::{AccountId, Clock as _, StandingClock, SystemEntropy};
use http::{HeaderMap, Method};
use identity::{
    Account, Ask, Caller, CredentialRefusal, Denied, Directory, GLOBAL_SCOPE, Known,
    NamedPrincipal, OidcProvider, RequestFacts, Role, User,
};
use plane::{Call, Environment, Error};
use seal::{Envelope, KeyRing, MasterKey};
use serde_json::{Value as Json, json};
use store::{Record, Store, StoreError};
use wire::{Format, Incoming, Structure, Value};

use super::provider::{CLIENT, ISSUER, KEY, Site};

/// The account that most tests happen in.
pub(super) const ACCOUNT: &str = "111122223333";
/// Another account of the house.
pub(super) const OTHER: &str = "444455556666";

/// What a call came to.
pub(super) type Answered = Result<Json, Error>;

pub(super) struct House {
    pub(super) store: Store,
    pub(super) clock: Arc<StandingClock>,
    pub(super) environment: Environment,
}

impl House {
    pub(super) fn new() -> House {
        let store = Store::in_memory().unwrap();
        let clock = Arc::new(StandingClock::default());
        let master = MasterKey::generate(&SystemEntropy);
        let envelope = Envelope::new(&master, Box::new(SystemEntropy));
        let ring = Arc::new(KeyRing::new(clock.epoch_seconds(), &SystemEntropy));
        let environment = Environment {
            directory: Directory::new(store.clone(), ring, envelope),
            clock: clock.clone(),
            entropy: Arc::new(SystemEntropy),
            outbound: Arc::new(outbound::Fetcher::new(outbound::Config::default()).unwrap()),
            oidc_keys: Arc::new(oidc::KeySource::new(Arc::new(Site))),
            dev: false,
        };
        let house = House {
            store,
            clock,
            environment,
        };
        for id in [ACCOUNT, OTHER] {
            let account = Account {
                id: account(id),
                name: "test".to_owned(),
                created: house.clock.now(),
                management: id == ACCOUNT,
                alias: None,
            };
            house.put(GLOBAL_SCOPE, &account);
        }
        house.put(ACCOUNT, &house.provider());
        house
    }

    /// The provider that the first account trusts.
    pub(super) fn provider(&self) -> OidcProvider {
        OidcProvider {
            account: account(ACCOUNT),
            issuer: ISSUER.to_owned(),
            host_and_path: KEY.to_owned(),
            client_ids: vec![CLIENT.to_owned()],
            thumbprints: Vec::new(),
            created: self.clock.now(),
            tags: Vec::new(),
        }
    }

    /// Writes a record past all operations.
    pub(super) fn put<R: Record>(&self, scope: &str, record: &R) {
        self.store
            .transact(|tx| -> Result<(), StoreError> { tx.put(scope, record) })
            .unwrap();
    }

    /// Deletes a record past all operations.
    pub(super) fn delete<R: Record>(&self, scope: &str, id: &str) {
        let gone = self
            .store
            .transact(|tx| -> Result<bool, StoreError> { tx.delete::<R>(scope, id) });
        assert!(gone.unwrap());
    }

    /// A user with these statements as policy, not kept yet.
    pub(super) fn user_record(&self, account_id: &str, name: &str, statements: Json) -> User {
        User {
            id: format!("AIDA{name}{account_id}").to_uppercase(),
            account: account(account_id),
            name: name.to_owned(),
            path: "/".to_owned(),
            created: self.clock.now(),
            tags: Vec::new(),
            groups: Vec::new(),
            attached: Vec::new(),
            inline: BTreeMap::from([("p".to_owned(), policy(statements))]),
            boundary: None,
        }
    }

    /// Keeps the user, and gives it as a caller.
    pub(super) fn caller_of(&self, user: &User) -> Caller {
        self.put(user.account.as_str(), user);
        let principal = self.environment.directory.user(user.account, &user.id);
        known(principal.unwrap().unwrap())
    }

    /// Adds a user with these statements as policy, and gives it as a caller.
    pub(super) fn user(&self, account_id: &str, name: &str, statements: Json) -> Caller {
        self.caller_of(&self.user_record(account_id, name, statements))
    }

    /// A user who may do everything.
    pub(super) fn admin(&self) -> Caller {
        self.user(ACCOUNT, "admin", everything())
    }

    /// The root user of the account.
    pub(super) fn root(&self, account_id: &str) -> Caller {
        let principal = self.environment.directory.root(account(account_id));
        known(principal.unwrap().unwrap())
    }

    /// Adds a role, or replaces it: who is trusted, and what it may do.
    pub(super) fn role(&self, account_id: &str, name: &str, trust: Json, statements: Json) -> Role {
        let role = Role {
            id: format!("AROA{name}{account_id}").to_uppercase(),
            account: account(account_id),
            name: name.to_owned(),
            path: "/team/".to_owned(),
            created: self.clock.now(),
            description: None,
            trust_policy: policy(trust),
            trust_principals: Vec::new(),
            max_session_s: 3600,
            tags: Vec::new(),
            attached: Vec::new(),
            inline: BTreeMap::from([("p".to_owned(), policy(statements))]),
            boundary: None,
        };
        self.put(account_id, &role);
        role
    }

    /// A role that trusts everybody of the first account whose own policies agree, and that
    /// may do everything.
    pub(super) fn open_role(&self, name: &str) -> Role {
        self.role(ACCOUNT, name, trusts(json!({"AWS": ACCOUNT})), everything())
    }

    /// Has the role trust this principal by the id that it has.
    pub(super) fn bind(&self, role: &mut Role, arn: &str, id: &str) {
        role.trust_principals = vec![NamedPrincipal {
            arn: arn.to_owned(),
            id: id.to_owned(),
        }];
        self.put(role.account.as_str(), role);
    }

    /// Calls an operation of STS.
    pub(super) fn call(&self, caller: &Caller, operation: &str, form: &[(&str, &str)]) -> Answered {
        at_once(self.call_later(caller, operation, form))
    }

    /// The same, and must not be refused.
    pub(super) fn good(&self, caller: &Caller, operation: &str, form: &[(&str, &str)]) -> Json {
        self.call(caller, operation, form)
            .unwrap_or_else(|refusal| panic!("{operation} {form:?}: {refusal}"))
    }

    /// The same, and must be refused: code and sentence.
    pub(super) fn refused(
        &self,
        caller: &Caller,
        operation: &str,
        form: &[(&str, &str)],
    ) -> (String, String) {
        match self.call(caller, operation, form) {
            Ok(answer) => panic!("{operation} {form:?} was not refused: {answer}"),
            Err(refusal) => (
                refusal.code().to_owned(),
                refusal.message().unwrap_or_default().to_owned(),
            ),
        }
    }

    async fn call_later(
        &self,
        caller: &Caller,
        operation: &str,
        form: &[(&str, &str)],
    ) -> Answered {
        let facts = facts::operation("sts", operation).unwrap();
        let input = decode(facts, form)?;
        wire::validate(facts, &input)?;
        let entry = crate::OPERATIONS
            .iter()
            .find(|entry| entry.facts() == facts)
            .unwrap();
        let is_signed = facts.auth == facts::Auth::SigV4;
        let call = Arc::new(Call {
            operation: facts,
            caller: match is_signed {
                true => caller.clone(),
                false => Caller::Anonymous,
            },
            request: self.request(),
            request_id: "r".to_owned(),
            environment: Arc::new(self.environment.clone()),
            vouched: OnceLock::new(),
            dpop: None,
        });
        entry.answer(&call, input).await.map(shown)
    }

    /// Puts on a role, and gives the session as a caller.
    pub(super) fn assume(&self, caller: &Caller, role: &Role, more: &[(&str, &str)]) -> Caller {
        let arn = role.arn();
        let mut form = vec![("RoleArn", arn.as_str()), ("RoleSessionName", "session")];
        form.extend(more);
        let answer = self.good(caller, "AssumeRole", &form);
        self.bearer(&answer).unwrap()
    }

    /// Tries to put on a role, and must be refused.
    pub(super) fn cannot_assume(
        &self,
        caller: &Caller,
        role: &Role,
        more: &[(&str, &str)],
    ) -> (String, String) {
        let arn = role.arn();
        let mut form = vec![("RoleArn", arn.as_str()), ("RoleSessionName", "session")];
        form.extend(more);
        self.refused(caller, "AssumeRole", &form)
    }

    /// The caller that credentials of an answer stand for, if they still do.
    pub(super) fn bearer(&self, answer: &Json) -> Result<Caller, CredentialRefusal> {
        let credentials = &answer["Credentials"];
        let text = |name: &str| credentials[name].as_str().unwrap();
        let credential = self.environment.directory.credential(
            text("AccessKeyId"),
            Some(text("SessionToken")),
            self.clock.epoch_seconds(),
        )?;
        assert_eq!(credential.secret.expose(), text("SecretAccessKey"));
        Ok(credential.caller)
    }

    /// Whether somebody may do this to a bucket of the first account.
    pub(super) fn may(&self, caller: &Caller, action: &'static str) -> Result<(), Denied> {
        let ask = Ask::new(action, "arn:aws:s3:::bucket/key", ACCOUNT);
        self.environment
            .directory
            .authorize(caller, &self.request(), &ask)
    }

    pub(super) fn request(&self) -> RequestFacts {
        RequestFacts {
            now: self.clock.now(),
            source_ip: None,
            secure: true,
            user_agent: None,
            referer: None,
            region: "us-east-1".to_owned(),
        }
    }
}

fn known(principal: Arc<identity::Principal>) -> Caller {
    Caller::Known(Arc::new(Known {
        access_key_id: "AKIATEST".to_owned(),
        principal,
        session: None,
    }))
}

/// A policy of these statements.
pub(super) fn policy(statements: Json) -> String {
    json!({"Version": "2012-10-17", "Statement": statements}).to_string()
}

/// A statement that allows everything.
pub(super) fn everything() -> Json {
    json!({"Effect": "Allow", "Action": "*", "Resource": "*"})
}

/// A statement that denies nothing and allows nothing.
pub(super) fn nothing() -> Json {
    json!({"Effect": "Allow", "Action": "none:None", "Resource": "*"})
}

/// A statement that trusts this principal with all that belongs to putting on a role.
pub(super) fn trusts(principal: Json) -> Json {
    json!({
        "Effect": "Allow",
        "Principal": principal,
        "Action": ["sts:AssumeRole", "sts:AssumeRoleWithWebIdentity", "sts:TagSession", "sts:SetSourceIdentity"],
    })
}

pub(super) fn says(code: &str, message: &str) -> (String, String) {
    (code.to_owned(), message.to_owned())
}

pub(super) fn account(id: &str) -> AccountId {
    id.parse().unwrap()
}

fn at_once<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(future)
}

fn decode(
    facts: &'static facts::OperationFacts,
    form: &[(&str, &str)],
) -> Result<Structure, wire::Refusal> {
    let pairs = form.iter().map(|(name, value)| {
        let value: String = value.bytes().map(|byte| format!("%{byte:02X}")).collect();
        format!("{name}={value}")
    });
    let query = pairs.collect::<Vec<_>>().join("&");
    let incoming = Incoming {
        method: &Method::GET,
        path: "/",
        query: &query,
        headers: &HeaderMap::new(),
        body: &[],
    };
    wire::decode(facts, Format::QueryXml, &incoming)
}

/// An answer as JSON; moments as seconds.
fn shown(answer: Structure) -> Json {
    let members = answer
        .iter()
        .map(|(name, value)| (name.to_owned(), value_json(value)));
    Json::Object(members.collect())
}

fn value_json(value: &Value) -> Json {
    match value {
        Value::Integer(value) => json!(value),
        Value::String(text) => json!(text),
        Value::Timestamp(milliseconds) => json!(milliseconds / 1000),
        Value::Structure(structure) => shown(structure.clone()),
        other => panic!("{other:?}"),
    }
}
