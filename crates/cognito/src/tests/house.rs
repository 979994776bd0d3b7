//! A small house to call operations in: two accounts, an administrator in each, a provider
//! that both trust, and roles for those who sign in.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use aws::{AccountId, Clock as _, StandingClock, SystemEntropy};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use http::{HeaderMap, Method};
use identity::{
    Account, Ask, Caller, Denied, Directory, GLOBAL_SCOPE, Known, OidcProvider, RequestFacts, Role,
    User,
};
use plane::{Call, Environment, Error};
use seal::{Envelope, KeyRing, MasterKey};
use serde_json::{Value as Json, json};
use store::{Read as _, Record, Store};
use wire::{Format, Incoming, Structure, Value};

use super::provider::{CLIENT, ISSUER, KEY, OTHER_ISSUER, OTHER_KEY, Sites, claims, token};

/// The account that most tests happen in.
pub(super) const ACCOUNT: &str = "111122223333";
/// Another account of the house.
pub(super) const OTHER: &str = "444455556666";
/// The region that calls are signed for.
pub(super) const REGION: &str = "eu-central-1";

/// What a call came to.
pub(super) type Answered = Result<Json, Error>;

pub(super) struct House {
    pub(super) store: Store,
    pub(super) clock: Arc<StandingClock>,
    environment: Environment,
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
            oidc_keys: Arc::new(oidc::KeySource::new(Arc::new(Sites))),
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
            let everything = json!({"Effect": "Allow", "Action": "*", "Resource": "*"});
            house.add_user(id, "admin", everything);
            house.put(id, &house.provider(id, ISSUER, KEY));
            house.put(id, &house.provider(id, OTHER_ISSUER, OTHER_KEY));
        }
        house
    }

    fn provider(&self, account_id: &str, issuer: &str, key: &str) -> OidcProvider {
        OidcProvider {
            account: account(account_id),
            issuer: issuer.to_owned(),
            host_and_path: key.to_owned(),
            client_ids: vec![CLIENT.to_owned(), "app-2".to_owned()],
            thumbprints: Vec::new(),
            created: self.clock.now(),
            tags: Vec::new(),
        }
    }

    /// Writes a record past all operations.
    pub(super) fn put<R: Record>(&self, scope: &str, record: &R) {
        self.store
            .transact(|tx| -> Result<(), store::StoreError> { tx.put(scope, record) })
            .unwrap();
    }

    /// Deletes a record past all operations.
    pub(super) fn delete<R: Record>(&self, scope: &str, id: &str) {
        let gone = self
            .store
            .transact(|tx| -> Result<bool, store::StoreError> { tx.delete::<R>(scope, id) });
        assert!(gone.unwrap());
    }

    /// Adds a user with one statement as policy.
    pub(super) fn add_user(&self, account_id: &str, name: &str, statement: Json) {
        let user = User {
            id: format!("AIDA{name}{account_id}").to_uppercase(),
            account: account(account_id),
            name: name.to_owned(),
            path: "/".to_owned(),
            created: self.clock.now(),
            tags: Vec::new(),
            groups: Vec::new(),
            attached: Vec::new(),
            inline: BTreeMap::from([("p".to_owned(), policy(statement))]),
            boundary: None,
        };
        self.put(account_id, &user);
    }

    /// Adds a role, or replaces it: a trust statement and a permission statement.
    pub(super) fn add_role(&self, name: &str, trust: Json, permission: Json) -> String {
        let role = Role {
            id: format!("AROA{name}").to_uppercase(),
            account: account(ACCOUNT),
            name: name.to_owned(),
            path: "/pool/".to_owned(),
            created: self.clock.now(),
            description: None,
            trust_policy: policy(trust),
            trust_principals: Vec::new(),
            max_session_s: 3600,
            tags: Vec::new(),
            attached: Vec::new(),
            inline: BTreeMap::from([("p".to_owned(), policy(permission))]),
            boundary: None,
        };
        self.put(ACCOUNT, &role);
        role.arn().to_string()
    }

    /// A pool that takes both providers, with roles `member` and `guest` that may do
    /// everything.
    pub(super) async fn pool(&self, guests: bool) -> String {
        let created = self
            .good(
                "CreateIdentityPool",
                json!({
                    "IdentityPoolName": "pool",
                    "AllowUnauthenticatedIdentities": guests,
                    "OpenIdConnectProviderARNs": [provider_arn(KEY), provider_arn(OTHER_KEY)],
                }),
            )
            .await;
        let id = text(&created["IdentityPoolId"]);
        let everything = json!({"Effect": "Allow", "Action": "*", "Resource": "*"});
        let member = self.add_role("member", trust(&id, "authenticated"), everything.clone());
        let guest = self.add_role("guest", trust(&id, "unauthenticated"), everything);
        self.set_roles(
            &id,
            json!({"authenticated": member, "unauthenticated": guest}),
        )
        .await;
        id
    }

    /// Hands roles to a pool.
    pub(super) async fn set_roles(&self, pool: &str, roles: Json) {
        let input = json!({"IdentityPoolId": pool, "Roles": roles});
        self.good("SetIdentityPoolRoles", input).await;
    }

    /// A token of the provider for this person.
    pub(super) fn token(&self, issuer: &str, subject: &str) -> String {
        token(&claims(issuer, subject, self.clock.epoch_seconds()))
    }

    /// The login of a person with the provider.
    pub(super) fn login(&self, subject: &str) -> Json {
        json!({KEY: self.token(ISSUER, subject)})
    }

    /// The login of a person with the other provider.
    pub(super) fn other_login(&self, subject: &str) -> Json {
        json!({OTHER_KEY: self.token(OTHER_ISSUER, subject)})
    }

    /// The logins of a person with both.
    pub(super) fn both_logins(&self, subject: &str, other_subject: &str) -> Json {
        json!({
            KEY: self.token(ISSUER, subject),
            OTHER_KEY: self.token(OTHER_ISSUER, other_subject),
        })
    }

    /// The identity behind logins.
    pub(super) async fn id(&self, pool: &str, logins: &Json) -> String {
        let input = json!({"IdentityPoolId": pool, "Logins": logins});
        text(&self.good("GetId", input).await["IdentityId"])
    }

    /// Credentials of an identity.
    pub(super) async fn credentials(&self, identity: &str, logins: &Json) -> Answered {
        let input = json!({"IdentityId": identity, "Logins": logins});
        self.call("GetCredentialsForIdentity", input).await
    }

    /// Header and claims of a token of the pool's own, verified.
    pub(super) fn read_token(&self, token: &str) -> (Json, Json) {
        let now_s = self.clock.epoch_seconds();
        let keys = self.environment.directory.signing_keys();
        let keys = keys.find(&issuer::IDENTITY_POOLS, now_s).unwrap().unwrap();
        issuer::verify_pool_token(Some(&keys), token, now_s)
            .unwrap()
            .unwrap();
        let part = |at: usize| {
            let part = token.split('.').nth(at).unwrap();
            let bytes = BASE64_URL_SAFE_NO_PAD.decode(part).unwrap();
            serde_json::from_slice(&bytes).unwrap()
        };
        (part(0), part(1))
    }

    /// The caller that credentials stand for.
    pub(super) fn bearer(&self, answer: &Json) -> Caller {
        let credentials = &answer["Credentials"];
        let credential = self
            .environment
            .directory
            .credential(
                &text(&credentials["AccessKeyId"]),
                Some(&text(&credentials["SessionToken"])),
                self.clock.epoch_seconds(),
            )
            .unwrap();
        assert_eq!(
            credential.secret.expose(),
            credentials["SecretKey"].as_str().unwrap()
        );
        credential.caller
    }

    /// Whether somebody may do this.
    pub(super) fn may(
        &self,
        caller: &Caller,
        action: &'static str,
        arn: &str,
    ) -> Result<(), Denied> {
        let ask = Ask::new(action, arn, ACCOUNT);
        let facts = self.request(REGION);
        self.environment.directory.authorize(caller, &facts, &ask)
    }

    /// The user of this name as a caller.
    pub(super) fn user(&self, account_id: &str, name: &str) -> Caller {
        let reader = self.store.read();
        let user: User = reader.find(account_id, "name", name).unwrap().unwrap();
        let directory = &self.environment.directory;
        let principal = directory.user(account(account_id), &user.id);
        Caller::Known(Arc::new(Known {
            access_key_id: "AKIATEST".to_owned(),
            principal: principal.unwrap().unwrap(),
            session: None,
        }))
    }

    /// Calls as the administrator, or as nobody where the operation takes no signature.
    pub(super) async fn call(&self, operation: &str, input: Json) -> Answered {
        let caller = self.user(ACCOUNT, "admin");
        self.call_as(&caller, REGION, operation, input).await
    }

    /// The same, and must not be refused.
    pub(super) async fn good(&self, operation: &str, input: Json) -> Json {
        let shown = input.to_string();
        self.call(operation, input)
            .await
            .unwrap_or_else(|refusal| panic!("{operation} {shown}: {refusal}"))
    }

    /// The same, and must be refused: code and sentence.
    pub(super) async fn refused(&self, operation: &str, input: Json) -> (String, String) {
        refusal(self.call(operation, input).await)
    }

    /// Calls as somebody from somewhere.
    pub(super) async fn call_as(
        &self,
        caller: &Caller,
        region: &str,
        operation: &str,
        input: Json,
    ) -> Answered {
        let facts = facts::operation("cognito-identity", operation).unwrap();
        let input = decode(facts, &input)?;
        wire::validate(facts, &input)?;
        let entry = crate::OPERATIONS
            .iter()
            .find(|entry| entry.facts() == facts)
            .unwrap();
        let is_signed = facts.auth == facts::Auth::SigV4;
        let call = Arc::new(Call {
            operation: facts,
            caller: if is_signed {
                caller.clone()
            } else {
                Caller::Anonymous
            },
            request: self.request(if is_signed { region } else { "us-east-1" }),
            request_id: "r".to_owned(),
            environment: Arc::new(self.environment.clone()),
            vouched: OnceLock::new(),
            dpop: None,
        });
        entry.answer(&call, input).await.map(shown)
    }

    fn request(&self, region: &str) -> RequestFacts {
        RequestFacts {
            now: self.clock.now(),
            source_ip: None,
            secure: true,
            user_agent: None,
            referer: None,
            region: region.to_owned(),
        }
    }
}

/// A policy of one statement.
pub(super) fn policy(statement: Json) -> String {
    json!({"Version": "2012-10-17", "Statement": [statement]}).to_string()
}

/// A statement that trusts a pool's identities of one kind.
pub(super) fn trust(pool: &str, method: &str) -> Json {
    json!({
        "Effect": "Allow",
        "Principal": {"Federated": "cognito-identity.amazonaws.com"},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {
            "StringEquals": {"cognito-identity.amazonaws.com:aud": pool},
            "ForAnyValue:StringLike": {"cognito-identity.amazonaws.com:amr": method},
        },
    })
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

pub(super) fn text(value: &Json) -> String {
    value.as_str().unwrap().to_owned()
}

pub(super) fn account(id: &str) -> AccountId {
    id.parse().unwrap()
}

/// The ARN of a provider of the account.
pub(super) fn provider_arn(key: &str) -> String {
    format!("arn:aws:iam::{ACCOUNT}:oidc-provider/{key}")
}

fn decode(facts: &'static facts::OperationFacts, input: &Json) -> Result<Structure, wire::Refusal> {
    let mut headers = HeaderMap::new();
    let content_type = "application/x-amz-json-1.1".parse().unwrap();
    headers.insert("content-type", content_type);
    let body = input.to_string();
    let incoming = Incoming {
        method: &Method::POST,
        path: "/",
        query: "",
        headers: &headers,
        body: body.as_bytes(),
    };
    wire::decode(facts, Format::Json11, &incoming)
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
