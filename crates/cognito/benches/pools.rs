//! A pool with a million identities beside one with none: how long `GetId` for a known login
//! and `GetCredentialsForIdentity` take in each, how fast identities are made, and what all of
//! them weigh in memory.
//!
//! `POOL_IDENTITIES` says how many. The folder is where temporary files are: set `TMPDIR` to
//! measure another disk.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a benchmark: what fails ends it"
)]

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, LazyLock, OnceLock};
use std::time::{Duration, Instant};

use aws::{AccountId, Clock as _, SystemClock, SystemEntropy};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use cognito::{Identity, LinkedLogin};
use identity::{
    Account, Caller, Directory, GLOBAL_SCOPE, Known, OidcProvider, RequestFacts, Role, User,
};
use plane::{Call, Environment};
use serde_json::{Value as Json, json};
use store::Store;
use wire::{Structure, Value};

const ACCOUNT: &str = "111122223333";
const REGION: &str = "us-east-1";
const ISSUER: &str = "https://idp.example.com";
const HOST: &str = "idp.example.com";
/// How often each call is made to be timed.
const CALLS: usize = 400;
/// How often all of them are made, in the small store and in the large one.
const ROUNDS: usize = 5;
/// How many new people sign in one by one, and how many at once.
const ALONE: u32 = 200;
const TOGETHER: u32 = 2_000;
/// How many identities go into one commit while the pool is filled.
const BATCH: usize = 5_000;

static KEY: LazyLock<Ed25519KeyPair> =
    LazyLock::new(|| Ed25519KeyPair::generate().expect("a key is made"));

fn encode(bytes: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

/// The provider's web site.
struct Site;

impl oidc::Fetch for Site {
    fn get<'a>(&'a self, url: &'a str) -> oidc::Fetching<'a> {
        let answer = if url.ends_with("/keys") {
            let x = encode(KEY.public_key().as_ref());
            json!({"keys": [{"kty": "OKP", "kid": "k", "crv": "Ed25519", "x": x}]})
        } else {
            json!({"issuer": ISSUER, "jwks_uri": format!("{ISSUER}/keys")})
        };
        Box::pin(async move { Ok(answer.to_string().into_bytes()) })
    }
}

struct House {
    store: Store,
    environment: Environment,
}

impl House {
    fn new(folder: &std::path::Path) -> House {
        let store = Store::open(folder).expect("the store opens");
        let master = seal::MasterKey::generate(&SystemEntropy);
        let envelope = seal::Envelope::new(&master, Box::new(SystemEntropy));
        let now_s = SystemClock.epoch_seconds();
        let ring = Arc::new(seal::KeyRing::new(now_s, &SystemEntropy));
        let fetcher = outbound::Fetcher::new(outbound::Config::default());
        let environment = Environment {
            directory: Directory::new(store.clone(), ring, envelope),
            clock: Arc::new(SystemClock),
            entropy: Arc::new(SystemEntropy),
            outbound: Arc::new(fetcher.expect("there is a way out")),
            oidc_keys: Arc::new(oidc::KeySource::new(Arc::new(Site))),
            dev: false,
        };
        House { store, environment }
    }

    fn write(&self, write: impl Fn(&mut store::Transaction) -> Result<(), store::StoreError>) {
        self.store.transact(write).expect("the commit succeeds");
    }

    /// The account, its administrator, the provider and the role.
    fn furnish(&self) -> Caller {
        let everything = json!({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "*", "Resource": "*"}]});
        let trust = json!({"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity",
            "Principal": {"Federated": "cognito-identity.amazonaws.com"}}]});
        let now = SystemClock.now();
        let account: AccountId = ACCOUNT.parse().expect("an account id");
        let inline = BTreeMap::from([("p".to_owned(), everything.to_string())]);
        let user = User {
            id: "AIDAADMIN".to_owned(),
            account,
            name: "admin".to_owned(),
            path: "/".to_owned(),
            created: now,
            tags: Vec::new(),
            groups: Vec::new(),
            attached: Vec::new(),
            inline: inline.clone(),
            boundary: None,
        };
        let role = Role {
            id: "AROAMEMBER".to_owned(),
            account,
            name: "member".to_owned(),
            path: "/".to_owned(),
            created: now,
            description: None,
            trust_policy: trust.to_string(),
            trust_principals: Vec::new(),
            max_session_s: 3600,
            tags: Vec::new(),
            attached: Vec::new(),
            inline,
            boundary: None,
        };
        let provider = OidcProvider {
            account,
            issuer: ISSUER.to_owned(),
            host_and_path: HOST.to_owned(),
            client_ids: vec!["app".to_owned()],
            thumbprints: Vec::new(),
            created: now,
            tags: Vec::new(),
        };
        let record = Account {
            id: account,
            name: "bench".to_owned(),
            created: now,
            management: true,
            alias: None,
        };
        self.write(|tx| {
            tx.put(GLOBAL_SCOPE, &record)?;
            tx.put(ACCOUNT, &user)?;
            tx.put(ACCOUNT, &role)?;
            tx.put(ACCOUNT, &provider)
        });
        let principal = self.environment.directory.user(account, "AIDAADMIN");
        Caller::Known(Arc::new(Known {
            access_key_id: "AKIABENCH".to_owned(),
            principal: principal
                .expect("the store reads")
                .expect("the user is there"),
            session: None,
        }))
    }

    async fn call(&self, caller: &Caller, name: &str, input: Structure) -> Structure {
        let facts = facts::operation("cognito-identity", name).expect("the operation exists");
        let entry = cognito::OPERATIONS
            .iter()
            .find(|entry| entry.facts() == facts)
            .expect("the operation is built");
        let call = Arc::new(Call {
            operation: facts,
            caller: caller.clone(),
            request: RequestFacts {
                now: SystemClock.now(),
                source_ip: None,
                secure: true,
                user_agent: None,
                referer: None,
                region: REGION.to_owned(),
            },
            request_id: "r".to_owned(),
            environment: Arc::new(self.environment.clone()),
            vouched: OnceLock::new(),
            dpop: None,
        });
        entry
            .answer(&call, input)
            .await
            .expect("the call is answered")
    }

    async fn pool(&self, admin: &Caller) -> String {
        let provider = format!("arn:aws:iam::{ACCOUNT}:oidc-provider/{HOST}");
        let input = Structure::new()
            .with("IdentityPoolName", "bench")
            .with("AllowUnauthenticatedIdentities", Value::Bool(false))
            .with(
                "OpenIdConnectProviderARNs",
                Value::List(vec![Value::from(provider.as_str())]),
            );
        let made = self.call(admin, "CreateIdentityPool", input).await;
        let id = text(&made, "IdentityPoolId");
        let role = format!("arn:aws:iam::{ACCOUNT}:role/member");
        let roles = Value::Map(vec![(
            "authenticated".to_owned(),
            Value::from(role.as_str()),
        )]);
        let input = Structure::new()
            .with("IdentityPoolId", id.as_str())
            .with("Roles", roles);
        self.call(admin, "SetIdentityPoolRoles", input).await;
        id
    }

    /// Makes the identity of somebody new.
    async fn sign_up(&self, pool: &str, subject: &str) {
        let input = Structure::new()
            .with("IdentityPoolId", pool)
            .with("Logins", logins(subject));
        self.call(&Caller::Anonymous, "GetId", input).await;
    }

    /// Writes many identities, as `GetId` would, but many to a commit.
    fn fill(&self, pool: &str, identities: usize) {
        let now = SystemClock.now();
        for batch in 0..identities.div_ceil(BATCH) {
            let numbers = batch * BATCH..identities.min((batch + 1) * BATCH);
            self.write(|tx| {
                numbers.clone().try_for_each(|number| {
                    let identity = Identity {
                        id: format!("{REGION}:{}", aws::uuid_v4(&SystemEntropy)),
                        pool: pool.to_owned(),
                        created: now,
                        modified: now,
                        logins: vec![LinkedLogin {
                            provider: HOST.to_owned(),
                            subject: format!("person-{number}"),
                        }],
                        signed_in: true,
                        disabled: false,
                    };
                    tx.put(cognito::SCOPE, &identity)
                })
            });
        }
    }
}

fn text(answer: &Structure, name: &str) -> String {
    let found = answer.iter().find(|(member, _)| *member == name);
    match found {
        Some((_, Value::String(text))) => text.clone(),
        other => unreachable!("{name}: {other:?}"),
    }
}

fn logins(subject: &str) -> Value {
    let now_s = SystemClock.epoch_seconds();
    let claims: Json = json!({
        "iss": ISSUER, "sub": subject, "aud": "app", "iat": now_s, "exp": now_s + 3600,
    });
    let header = json!({"alg": "EdDSA", "kid": "k"}).to_string();
    let signed = format!("{}.{}", encode(header), encode(claims.to_string()));
    let token = format!("{signed}.{}", encode(KEY.sign(signed.as_bytes())));
    Value::Map(vec![(HOST.to_owned(), Value::from(token.as_str()))])
}

/// The middle of many times.
fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

/// How long each call took, for people whom the pool knows.
#[derive(Default)]
struct Times {
    finding: Vec<Duration>,
    issuing: Vec<Duration>,
}

impl Times {
    /// Makes both calls for many people, and adds what they took.
    async fn measure(&mut self, house: &House, pool: &str, subjects: &[String]) {
        for number in 0..CALLS {
            let logins = logins(&subjects[number % subjects.len()]);
            let input = Structure::new()
                .with("IdentityPoolId", pool)
                .with("Logins", logins.clone());
            let start = Instant::now();
            let found = house.call(&Caller::Anonymous, "GetId", input).await;
            self.finding.push(start.elapsed());
            let id = text(&found, "IdentityId");
            let input = Structure::new()
                .with("IdentityId", id.as_str())
                .with("Logins", logins);
            let start = Instant::now();
            house
                .call(&Caller::Anonymous, "GetCredentialsForIdentity", input)
                .await;
            self.issuing.push(start.elapsed());
        }
    }
}

/// The memory of this process, in megabytes.
fn memory_mb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
    kilobytes.unwrap_or_default() / 1024
}

/// Fills a pool in a process of its own, whose memory is not that of serving it.
fn fill_elsewhere(folder: &Path, pool: &str, identities: usize) {
    let start = Instant::now();
    let bench = std::env::current_exe().expect("this program has a path");
    let filled = Command::new(bench)
        .env(FILLING, format!("{pool} {identities}"))
        .env("POOL_FOLDER", folder)
        .status();
    assert!(filled.is_ok_and(|status| status.success()), "it is filled");
    println!("filled {identities} identities in {:.1?}", start.elapsed());
}

async fn compare(identities: usize) {
    let (small_folder, folder) = (tempfile::tempdir(), tempfile::tempdir());
    let small_folder = small_folder.expect("a folder is made");
    let small = House::new(small_folder.path());
    let small_pool = small.pool(&small.furnish()).await;
    let few: Vec<String> = (0..10).map(|number| format!("person-{number}")).collect();
    small.fill(&small_pool, few.len());
    Times::default().measure(&small, &small_pool, &few).await;
    let before_mb = memory_mb();

    let folder = folder.expect("a folder is made");
    let house = House::new(folder.path());
    let large = house.pool(&house.furnish()).await;
    drop(house);
    fill_elsewhere(folder.path(), &large, identities);
    let house = House::new(folder.path());
    let step = (identities / CALLS).max(1);
    let many: Vec<String> = (0..CALLS)
        .map(|number| format!("person-{}", (number * step) % identities))
        .collect();
    Times::default().measure(&house, &large, &many).await;
    // In turns, so that whatever else the machine does slows down both.
    let (mut empty, mut full) = (Times::default(), Times::default());
    for _ in 0..ROUNDS {
        empty.measure(&small, &small_pool, &few).await;
        full.measure(&house, &large, &many).await;
    }
    for (what, empty, full) in [
        ("GetId for a known login", empty.finding, full.finding),
        ("GetCredentialsForIdentity", empty.issuing, full.issuing),
    ] {
        let (empty, full) = (median(empty), median(full));
        println!(
            "{what}: {empty:?} in a small store, {full:?} among {identities}: {:.2} times",
            full.as_secs_f64() / empty.as_secs_f64()
        );
    }
    println!("memory: {before_mb} MB before, {} MB after", memory_mb());

    // Each waits for the disk alone, and then many share one wait.
    let start = Instant::now();
    for number in 0..ALONE {
        house.sign_up(&large, &format!("alone-{number}")).await;
    }
    let alone = f64::from(ALONE) / start.elapsed().as_secs_f64();
    let house = Arc::new(house);
    let start = Instant::now();
    let made = (0..TOGETHER).map(|number| {
        let (house, large) = (Arc::clone(&house), large.clone());
        tokio::spawn(async move { house.sign_up(&large, &format!("new-{number}")).await })
    });
    for one in made.collect::<Vec<_>>() {
        one.await.expect("the call ends");
    }
    let together = f64::from(TOGETHER) / start.elapsed().as_secs_f64();
    println!("GetId for new logins: {alone:.0} a second one by one, {together:.0} at once");
}

/// Says that this process is to fill a pool only: its id and how many identities.
const FILLING: &str = "POOL_FILL";

fn main() {
    if let Ok(asked) = std::env::var(FILLING) {
        let folder = std::env::var("POOL_FOLDER").expect("a folder");
        let (pool, identities) = asked.split_once(' ').expect("a pool and a number");
        let identities = identities.parse().expect("a number");
        return House::new(Path::new(&folder)).fill(pool, identities);
    }
    let identities = std::env::var("POOL_IDENTITIES");
    let identities = identities.map_or(1_000_000, |text| text.parse().expect("a number"));
    tokio::runtime::Runtime::new()
        .expect("a runtime starts")
        .block_on(compare(identities));
}
