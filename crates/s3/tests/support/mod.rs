//! An endpoint in a temporary folder, with a gate that does as it is told and remembers.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test file uses a part of it"
)]

use std::sync::{Arc, Mutex};

use aws::{StandingClock, SystemEntropy};
use http::{HeaderMap, HeaderName, HeaderValue, Request};
use http_body_util::BodyExt as _;
use s3::{Ask, Body, CallerHandle, Denied, Gate, NamedPrincipal, S3Endpoint, Settings};
use store::Store;

pub const OWNER: &str = "111122223333";
pub const OTHER: &str = "444455556666";

/// A caller as the test gate knows it.
#[derive(Debug, Clone)]
pub struct Caller {
    pub account: Option<String>,
    pub region: String,
}

/// One ask that came.
#[derive(Debug, Clone)]
pub struct Asked {
    pub action: &'static str,
    pub resource: String,
    pub account: Option<String>,
    pub keys: Vec<(String, Vec<String>)>,
    pub has_policy: bool,
}

impl Asked {
    pub fn key(&self, name: &str) -> Option<Vec<String>> {
        let (_, values) = self.keys.iter().find(|(key, _)| key == name)?;
        Some(values.clone())
    }
}

/// Allows an account everything in its own buckets, and whatever is on the extra list.
#[derive(Default)]
pub struct TestGate {
    pub denied: Mutex<Vec<(String, String)>>,
    pub open: Mutex<Vec<(String, String)>>,
    pub asked: Mutex<Vec<Asked>>,
}

impl Gate for TestGate {
    fn decide(&self, caller: &CallerHandle, ask: &Ask<'_>) -> Result<(), Denied> {
        let caller: &Caller = caller.get().expect("the test's caller");
        self.asked.lock().unwrap().push(Asked {
            action: ask.action,
            resource: ask.resource.to_owned(),
            account: ask.resource_account.map(str::to_owned),
            keys: ask.keys.to_vec(),
            has_policy: ask.bucket_policy.is_some(),
        });
        let listed = |list: &Mutex<Vec<(String, String)>>| {
            list.lock().unwrap().iter().any(|(action, resource)| {
                (action == "*" || action == ask.action)
                    && (resource == ask.resource
                        || resource
                            .strip_suffix('*')
                            .is_some_and(|head| ask.resource.starts_with(head)))
            })
        };
        let own = caller.account.is_some() && caller.account.as_deref() == ask.resource_account;
        if (own || listed(&self.open)) && !listed(&self.denied) {
            return Ok(());
        }
        Err(Denied {
            message: match &caller.account {
                None => "Access Denied".to_owned(),
                Some(account) => format!(
                    "User: {account} is not authorized to perform: {}",
                    ask.action
                ),
            },
        })
    }

    fn account(&self, caller: &CallerHandle) -> Option<String> {
        caller
            .get::<Caller>()
            .and_then(|caller| caller.account.clone())
    }

    fn arn(&self, caller: &CallerHandle) -> Option<String> {
        self.account(caller)
            .map(|account| format!("arn:aws:iam::{account}:user/test"))
    }

    fn region(&self, caller: &CallerHandle) -> Option<String> {
        caller.get::<Caller>().map(|caller| caller.region.clone())
    }

    fn principal_exists(&self, principal: &str) -> bool {
        !principal.contains("nobody")
    }

    fn id_of(&self, arn: &str) -> Option<String> {
        Some(arn.to_owned())
    }

    fn arn_today(&self, principal: &NamedPrincipal) -> Option<String> {
        Some(principal.arn.clone())
    }

    fn by_id(&self, policy: &str, _principals: &[NamedPrincipal]) -> String {
        policy.to_owned()
    }

    fn canonical_id(&self, account: &str) -> String {
        format!("{account:0>64}")
    }
}

pub struct House {
    pub endpoint: S3Endpoint,
    pub gate: Arc<TestGate>,
    pub clock: Arc<StandingClock>,
    pub store: Store,
    pub folder: tempfile::TempDir,
}

/// An answer, read to the end.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
    /// Whether the body ended as it should.
    pub complete: bool,
}

impl Reply {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// The first element of this name.
    pub fn element(&self, name: &str) -> String {
        self.elements(name).into_iter().next().unwrap_or_default()
    }

    pub fn elements(&self, name: &str) -> Vec<String> {
        let text = self.text();
        let (open, close) = (format!("<{name}>"), format!("</{name}>"));
        text.split(&open)
            .skip(1)
            .map(|rest| rest.split(&close).next().unwrap_or_default().to_owned())
            .collect()
    }

    pub fn code(&self) -> String {
        self.element("Code")
    }

    #[track_caller]
    pub fn ok(self) -> Reply {
        assert!(
            (200..300).contains(&self.status),
            "{} {}",
            self.status,
            self.text()
        );
        self
    }

    #[track_caller]
    pub fn fails(self, status: u16, code: &str) -> Reply {
        assert_eq!(
            (self.status, self.code().as_str()),
            (status, code),
            "{}",
            self.text()
        );
        self
    }
}

impl House {
    pub fn new() -> House {
        House::over(Store::in_memory().unwrap(), tempfile::tempdir().unwrap())
    }

    pub fn over(store: Store, folder: tempfile::TempDir) -> House {
        let gate = Arc::new(TestGate::default());
        let clock = Arc::new(StandingClock::default());
        let endpoint = S3Endpoint::new(Settings {
            store: store.clone(),
            folder: folder.path().to_owned(),
            gate: Arc::<TestGate>::clone(&gate),
            clock: Arc::<StandingClock>::clone(&clock),
            entropy: Arc::new(SystemEntropy),
            domains: vec!["s3.test".to_owned()],
        })
        .unwrap();
        House {
            endpoint,
            gate,
            clock,
            store,
            folder,
        }
    }

    /// With a bucket `bucket` of [`OWNER`].
    pub async fn with_bucket() -> House {
        let house = House::new();
        house.put("/bucket", "").await.ok();
        house
    }

    pub async fn request(
        &self,
        account: Option<&str>,
        request: http::request::Builder,
        body: Body,
    ) -> Reply {
        let request = request.body(body).unwrap();
        let caller = CallerHandle::new(Arc::new(Caller {
            account: account.map(str::to_owned),
            region: "us-east-1".to_owned(),
        }));
        let answered = self.endpoint.call(request, caller, "REQUEST-ID").await;
        let (parts, mut body) = answered.response.into_parts();
        let mut bytes = Vec::new();
        let mut complete = true;
        while let Some(frame) = body.frame().await {
            match frame {
                Ok(frame) => bytes.extend_from_slice(frame.data_ref().unwrap()),
                Err(_) => {
                    complete = false;
                    break;
                }
            }
        }
        Reply {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body: bytes,
            complete,
        }
    }

    /// Sends a request as an account.
    pub async fn send_as(
        &self,
        account: Option<&str>,
        method: &str,
        uri: &str,
        headers: &[(&str, &str)],
        body: impl Into<Vec<u8>>,
    ) -> Reply {
        let body: Vec<u8> = body.into();
        let mut request = Request::builder().method(method).uri(uri);
        request = request.header("content-length", body.len().to_string());
        for (name, value) in headers {
            request = request.header(
                HeaderName::from_bytes(name.as_bytes()).unwrap(),
                HeaderValue::from_bytes(value.as_bytes()).unwrap(),
            );
        }
        let claims = |name: &str| name.starts_with("x-amz-checksum-") || name == "content-md5";
        if wants_claim(uri) && !headers.iter().any(|(name, _)| claims(name)) {
            request = request.header("x-amz-checksum-crc32", crc32(&body));
        }
        self.request(account, request, Body::from(body)).await
    }

    /// Sends a request as the owner.
    pub async fn send(
        &self,
        method: &str,
        uri: &str,
        headers: &[(&str, &str)],
        body: impl Into<Vec<u8>>,
    ) -> Reply {
        self.send_as(Some(OWNER), method, uri, headers, body).await
    }

    pub async fn get(&self, uri: &str) -> Reply {
        self.send("GET", uri, &[], "").await
    }

    pub async fn put(&self, uri: &str, body: impl Into<Vec<u8>>) -> Reply {
        self.send("PUT", uri, &[], body).await
    }

    pub async fn delete(&self, uri: &str) -> Reply {
        self.send("DELETE", uri, &[], "").await
    }

    pub fn deny(&self, action: &str, resource: &str) {
        self.gate
            .denied
            .lock()
            .unwrap()
            .push((action.to_owned(), resource.to_owned()));
    }

    pub fn open(&self, action: &str, resource: &str) {
        self.gate
            .open
            .lock()
            .unwrap()
            .push((action.to_owned(), resource.to_owned()));
    }

    /// What was asked since the last look.
    pub fn asked(&self) -> Vec<Asked> {
        std::mem::take(&mut self.gate.asked.lock().unwrap())
    }

    /// The actions that were asked for since the last look.
    pub fn actions(&self) -> Vec<String> {
        self.asked()
            .into_iter()
            .map(|asked| format!("{} {}", asked.action, asked.resource))
            .collect()
    }

    /// How many files lie in the folder.
    pub fn files(&self) -> usize {
        fn count(path: &std::path::Path) -> usize {
            std::fs::read_dir(path)
                .unwrap()
                .map(|entry| entry.unwrap().path())
                .map(|path| match path.is_dir() {
                    true => count(&path),
                    false => 1,
                })
                .sum()
        }
        count(self.folder.path())
    }

    /// Waits until so many files are left: removal is not waited for by the answer.
    pub async fn settle_files(&self, wanted: usize) {
        for _ in 0..200 {
            if self.files() == wanted {
                return;
            }
            tokio::task::yield_now().await;
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        assert_eq!(self.files(), wanted);
    }
}

/// Whether S3 takes the document of this address only with a checksum.
fn wants_claim(uri: &str) -> bool {
    matches!(uri.split_once('?'), Some((path, "cors" | "delete" | "tagging")) if path.matches('/').count() == 1)
}

/// The checksum of a body, as its header says it.
pub fn crc32(body: impl AsRef<[u8]>) -> String {
    use base64::Engine as _;
    let sum = crc_fast::checksum(crc_fast::CrcAlgorithm::Crc32IsoHdlc, body.as_ref()) as u32;
    base64::engine::general_purpose::STANDARD.encode(sum.to_be_bytes())
}
