//! A small house to call operations in: two accounts, root and an administrator in each.

use std::sync::{Arc, OnceLock};

use aws::{AccountId, Clock as _, StandingClock, SystemEntropy};
use http::{HeaderMap, Method};
use identity::{
    Account, Caller, Directory, GLOBAL_SCOPE, Known, ManagedPolicy, OpenSession, PolicyVersion,
    Principal, RequestFacts, Session, SessionKind, User,
};
use outbound::Fetcher;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use plane::{Call, Environment, Error};
use policy::PolicySet;
use seal::{Envelope, KeyRing, MasterKey};
use serde_json::{Value as Json, json};
use store::{Read as _, Record, Store};
use tokio::runtime::Runtime;
use wire::{Format, Incoming, Structure, Value};

/// The account that most tests happen in.
pub(super) const ACCOUNT: &str = "111122223333";
/// Another account of the house.
pub(super) const OTHER: &str = "444455556666";

/// A policy that anybody may attach.
pub(super) const DOCUMENT: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}"#;
/// A trust policy that names no user and no role.
pub(super) const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;

/// What a form says: names and values.
pub(super) type Form<'a> = &'a [(&'a str, &'a str)];

/// What a call came to.
pub(super) type Answered = Result<Json, Error>;

pub(super) struct House {
    pub(super) store: Store,
    pub(super) clock: Arc<StandingClock>,
    environment: Environment,
    admin: Caller,
    runtime: Runtime,
}

impl House {
    pub(super) fn new() -> House {
        let fetcher = Fetcher::new(outbound::Config::default()).unwrap();
        House::with_web(fetcher, Arc::new(NoNetwork))
    }

    /// A house from which these can be reached.
    pub(super) fn with_web(fetcher: Fetcher, documents: Arc<dyn oidc::Fetch>) -> House {
        let store = Store::in_memory().unwrap();
        let clock = Arc::new(StandingClock::default());
        let master = MasterKey::generate(&SystemEntropy);
        let envelope = Envelope::new(&master, Box::new(SystemEntropy));
        let ring = Arc::new(KeyRing::new(clock.epoch_seconds(), &SystemEntropy));
        let directory = Directory::new(store.clone(), ring, envelope);
        let environment = Environment {
            directory,
            clock: clock.clone(),
            entropy: Arc::new(SystemEntropy),
            outbound: Arc::new(fetcher),
            oidc_keys: Arc::new(oidc::KeySource::new(documents)),
            dev: false,
        };
        let mut house = House {
            store,
            clock,
            environment,
            admin: Caller::Anonymous,
            runtime: Runtime::new().unwrap(),
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
            house.put(id, &administrator(account.id, house.clock.now()));
        }
        house.admin = house.user("admin");
        house
    }

    /// Writes a record past all operations.
    pub(super) fn put<R: Record>(&self, scope: &str, record: &R) {
        self.store
            .transact(|tx| -> Result<(), store::StoreError> { tx.put(scope, record) })
            .unwrap();
    }

    /// Adds a managed policy of the account.
    pub(super) fn managed_policy(&self, name: &str) -> String {
        let now = self.clock.now();
        let policy = ManagedPolicy {
            id: format!("ANPA{name}"),
            account: account(ACCOUNT),
            name: name.to_owned(),
            path: "/".to_owned(),
            description: None,
            created: now,
            updated: now,
            tags: Vec::new(),
            versions: vec![PolicyVersion {
                number: 1,
                document: DOCUMENT.to_owned(),
                created: now,
            }],
            default_version: 1,
            next_version: 2,
        };
        self.put(ACCOUNT, &policy);
        policy.arn().to_string()
    }

    /// The record of a user.
    pub(super) fn user_record(&self, name: &str) -> User {
        self.store
            .read()
            .find(ACCOUNT, "name", name)
            .unwrap()
            .unwrap()
    }

    /// The user of this name as a caller.
    pub(super) fn user(&self, name: &str) -> Caller {
        let id = self.user_record(name).id;
        let principal = self.environment.directory.user(account(ACCOUNT), &id);
        known(principal.unwrap().unwrap(), None)
    }

    /// The administrator of the other account as a caller.
    pub(super) fn other_admin(&self) -> Caller {
        let id = format!("AIDAADMIN{OTHER}");
        let principal = self.environment.directory.user(account(OTHER), &id);
        known(principal.unwrap().unwrap(), None)
    }

    /// Root of the account as a caller.
    pub(super) fn root(&self) -> Caller {
        let principal = self.environment.directory.root(account(ACCOUNT));
        known(principal.unwrap().unwrap(), None)
    }

    /// A session of the role of this name as a caller.
    pub(super) fn session(&self, role: &str) -> Caller {
        let directory = &self.environment.directory;
        let role = directory.role_by_name(account(ACCOUNT), role);
        let role = role.unwrap().unwrap();
        let arn = format!("arn:aws:sts::{ACCOUNT}:assumed-role/{}/s", role.name);
        let open = OpenSession {
            session: Session {
                account: role.account,
                kind: SessionKind::Role {
                    role_id: role.id.clone(),
                    name: "s".to_owned(),
                },
                issued_at: 0,
                expires_at: i64::MAX,
                policy: None,
                policy_arns: Vec::new(),
                tags: Vec::new(),
                transitive_tag_keys: Vec::new(),
                source_identity: None,
                mfa_at: None,
                federation_keys: Vec::new(),
                origin: identity::Origin::Direct,
            },
            policies: None::<PolicySet>,
            user_id: format!("{}:s", role.id),
            asks_as: policy::Principal::session(&role.arn, &arn, Some(&role.id)),
            arn,
        };
        known(role, Some(open))
    }

    /// Principals and credentials.
    pub(super) fn directory(&self) -> &Directory {
        &self.environment.directory
    }

    /// Calls as the administrator.
    pub(super) fn call(&self, operation: &str, form: &[(&str, &str)]) -> Answered {
        self.call_as(&self.admin, operation, form)
    }

    /// Calls as the administrator, who must not be refused.
    pub(super) fn good(&self, operation: &str, form: &[(&str, &str)]) -> Json {
        self.call(operation, form)
            .unwrap_or_else(|refusal| panic!("{operation} {form:?}: {refusal}"))
    }

    /// Calls as the administrator, who must be refused: code and sentence.
    pub(super) fn refused(&self, operation: &str, form: &[(&str, &str)]) -> (String, String) {
        refusal(self.call(operation, form))
    }

    /// Calls an operation with a form.
    pub(super) fn call_as(
        &self,
        caller: &Caller,
        operation: &str,
        form: &[(&str, &str)],
    ) -> Answered {
        let facts = facts::operation("iam", operation).unwrap();
        let input = decode(facts, form)?;
        wire::validate(facts, &input)?;
        let entry = crate::OPERATIONS
            .iter()
            .find(|entry| entry.facts() == facts)
            .unwrap();
        let call = Arc::new(Call {
            operation: facts,
            caller: caller.clone(),
            request: RequestFacts {
                now: self.clock.now(),
                source_ip: None,
                secure: true,
                user_agent: None,
                referer: None,
                region: "us-east-1".to_owned(),
            },
            request_id: "r".to_owned(),
            environment: Arc::new(self.environment.clone()),
            vouched: OnceLock::new(),
            dpop: None,
        });
        let answer = self.runtime.block_on(entry.answer(&call, input))?;
        let encoded = wire::encode(facts, Format::QueryXml, &answer, "r");
        let body = String::from_utf8(encoded.body).unwrap();
        assert_eq!(encoded.status, 200, "{body}");
        assert!(body.contains(&format!("<{operation}Response")), "{body}");
        Ok(shown(answer))
    }
}

/// Code and sentence of a refusal.
pub(super) fn refusal(answered: Answered) -> (String, String) {
    match answered {
        Ok(answer) => panic!("not refused: {answer}"),
        Err(refusal) => (
            refusal.code().to_owned(),
            refusal.message().unwrap_or_default().to_owned(),
        ),
    }
}

/// What [`House::refused`] gives, to compare with.
pub(super) fn says(code: &str, message: &str) -> (String, String) {
    (code.to_owned(), message.to_owned())
}

pub(super) fn account(id: &str) -> AccountId {
    id.parse().unwrap()
}

/// `arn:aws:iam::ACCOUNT:…`
pub(super) fn arn(resource: &str) -> String {
    format!("arn:aws:iam::{ACCOUNT}:{resource}")
}

fn administrator(account: AccountId, now: aws::Timestamp) -> User {
    User {
        id: format!("AIDAADMIN{account}"),
        account,
        name: "admin".to_owned(),
        path: "/".to_owned(),
        created: now,
        tags: Vec::new(),
        groups: Vec::new(),
        attached: vec!["arn:aws:iam::aws:policy/AdministratorAccess".to_owned()],
        inline: Default::default(),
        boundary: None,
    }
}

fn known(principal: Arc<Principal>, session: Option<OpenSession>) -> Caller {
    Caller::Known(Arc::new(Known {
        access_key_id: "AKIATEST".to_owned(),
        principal,
        session: session.map(Arc::new),
    }))
}

fn decode(
    facts: &'static facts::OperationFacts,
    form: &[(&str, &str)],
) -> Result<Structure, wire::Refusal> {
    let pair = |(name, value): &(&str, &str)| {
        format!("{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC))
    };
    let body = form.iter().map(pair).collect::<Vec<_>>().join("&");
    let mut headers = HeaderMap::new();
    let content_type = "application/x-www-form-urlencoded".parse().unwrap();
    headers.insert("content-type", content_type);
    let incoming = Incoming {
        method: &Method::POST,
        path: "/",
        query: "",
        headers: &headers,
        body: body.as_bytes(),
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
        Value::Bool(value) => json!(value),
        Value::Integer(value) => json!(value),
        Value::String(text) => json!(text),
        Value::Blob(bytes) => json!(String::from_utf8_lossy(bytes)),
        Value::Timestamp(milliseconds) => json!(milliseconds / 1000),
        Value::List(values) => values.iter().map(value_json).collect(),
        Value::Map(pairs) => {
            let pairs = pairs
                .iter()
                .map(|(key, value)| (key.clone(), value_json(value)));
            Json::Object(pairs.collect())
        }
        Value::Structure(structure) => shown(structure.clone()),
        other => panic!("{other:?}"),
    }
}

/// No test goes out.
struct NoNetwork;

impl oidc::Fetch for NoNetwork {
    fn get<'a>(&'a self, url: &'a str) -> oidc::Fetching<'a> {
        panic!("{url}")
    }
}
