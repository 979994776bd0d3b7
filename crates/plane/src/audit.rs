//! The record of every call, in CloudTrail's shape, one JSON object a line.
//!
//! A call hands over what it saw and goes on; a thread of its own writes the lines. The same
//! thread batches when keys and roles were last used. When it cannot keep up, calls wait:
//! no event is dropped.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use aws::{AccountId, Timestamp};
use facts::OperationFacts;
use identity::{Caller, CallerKind, LastUsed, RequestFacts, SessionKind, iso};
use serde_json::{Map, Value, json};
use store::Store;
use wire::Structure;

use crate::pipeline::Raw;
use crate::{Error, Vouched};

/// How many events may wait to be written before calls wait for them.
const WAITING_MAX: usize = 65_536;

/// How often lines are flushed and last-used times are written, at the latest.
const FLUSH_EVERY: Duration = Duration::from_secs(1);

/// What one call left behind.
pub struct Event {
    source: String,
    name: &'static str,
    operation: Option<&'static OperationFacts>,
    request_id: String,
    at: Timestamp,
    caller: Caller,
    vouched: Option<Vouched>,
    source_ip: Option<String>,
    user_agent: Option<String>,
    region: String,
    service: &'static str,
    input: Option<Structure>,
    resources: Vec<(String, String)>,
    /// Further facts of somebody's sign-in; `None` for every other event.
    sign_in: Option<Map<String, Value>>,
    outcome: Outcome,
}

/// How the call ended.
pub enum Outcome {
    /// Well.
    Done,
    /// With an error: its code, what the caller read, and what only we know.
    Failed {
        /// AWS's code.
        code: String,
        /// What the caller read.
        message: Option<String>,
        /// What only the record says.
        cause: Option<String>,
    },
}

impl Event {
    pub(crate) fn begin(
        operation: &'static OperationFacts,
        request_id: &str,
        raw: &Raw,
        now: Timestamp,
    ) -> Event {
        let service = operation.service;
        Event {
            source: format!("{}.amazonaws.com", event_source(service.signing_name)),
            name: operation.name,
            operation: Some(operation),
            request_id: request_id.to_owned(),
            at: now,
            caller: Caller::Anonymous,
            vouched: None,
            source_ip: raw.peer.ip.map(|ip| ip.to_canonical().to_string()),
            user_agent: raw
                .headers
                .get(http::header::USER_AGENT)
                .and_then(|value| value.to_str().ok())
                .map(str::to_owned),
            region: crate::pipeline::REGION_DEFAULT.to_owned(),
            service: service.signing_name,
            input: None,
            resources: Vec::new(),
            sign_in: None,
            outcome: Outcome::Done,
        }
    }

    /// An event of the S3 endpoint, which has no facts of ours.
    pub fn of_s3(
        name: &'static str,
        request_id: &str,
        caller: &Caller,
        request: &RequestFacts,
        bucket: Option<&str>,
        key: Option<&str>,
        outcome: Outcome,
    ) -> Event {
        let mut event = Event {
            source: "s3.amazonaws.com".to_owned(),
            name,
            operation: None,
            request_id: request_id.to_owned(),
            at: request.now,
            caller: Caller::Anonymous,
            vouched: None,
            source_ip: request.source_ip.map(|ip| ip.to_canonical().to_string()),
            user_agent: None,
            region: request.region.clone(),
            service: "s3",
            input: None,
            resources: Vec::new(),
            sign_in: None,
            outcome,
        };
        event.caller(caller, request);
        if let Some(bucket) = bucket {
            event
                .resources
                .push(("bucketName".to_owned(), bucket.to_owned()));
        }
        if let Some(key) = key {
            event.resources.push(("key".to_owned(), key.to_owned()));
        }
        event
    }

    /// An event of the sign-in pages, which are no operations of a service: `ConsoleLogin`,
    /// `GetSigninToken` and what else AWS Sign-In records.
    pub fn of_sign_in(
        name: &'static str,
        request_id: &str,
        caller: &Caller,
        request: &RequestFacts,
        details: Map<String, Value>,
        outcome: Outcome,
    ) -> Event {
        let mut event = Event {
            source: "signin.amazonaws.com".to_owned(),
            name,
            operation: None,
            request_id: request_id.to_owned(),
            at: request.now,
            caller: Caller::Anonymous,
            vouched: None,
            source_ip: request.source_ip.map(|ip| ip.to_canonical().to_string()),
            user_agent: None,
            region: request.region.clone(),
            service: "signin",
            input: None,
            resources: Vec::new(),
            sign_in: Some(details),
            outcome,
        };
        event.caller(caller, request);
        event
    }

    pub(crate) fn caller(&mut self, caller: &Caller, request: &RequestFacts) {
        self.caller = caller.clone();
        self.user_agent.clone_from(&request.user_agent);
        self.region.clone_from(&request.region);
    }

    pub(crate) fn vouched(&mut self, vouched: Option<&Vouched>) {
        self.vouched = vouched.cloned();
    }

    pub(crate) fn input(&mut self, input: &Structure) {
        self.input = Some(input.clone());
    }

    pub(crate) fn failed(&mut self, error: &Error) {
        self.outcome = Outcome::Failed {
            code: error.code().to_owned(),
            message: error.message().map(str::to_owned),
            cause: error.cause().map(ToString::to_string),
        };
    }

    fn to_json(&self, event_id: &str) -> Value {
        let mut parameters = match (&self.input, self.operation) {
            (Some(input), Some(operation)) => wire::redact(operation, input),
            _ => Value::Null,
        };
        if !self.resources.is_empty() {
            let members = self
                .resources
                .iter()
                .map(|(name, value)| (name.clone(), Value::from(value.as_str())));
            parameters = Value::Object(members.collect());
        }
        let mut line = json!({
            "eventVersion": "1.11",
            "userIdentity": user_identity(&self.caller, self.vouched.as_ref()),
            "eventTime": iso(self.at.as_second()),
            "eventSource": self.source,
            "eventName": self.name,
            "awsRegion": self.region,
            "sourceIPAddress": self.source_ip,
            "userAgent": self.user_agent,
            "requestParameters": parameters,
            "responseElements": null,
            "requestID": self.request_id,
            "eventID": event_id,
            "readOnly": read_only(self.name),
            "eventType": "AwsApiCall",
            "managementEvent": self.service != "s3",
            "recipientAccountId": self.account().map(|account| account.to_string()),
            "eventCategory": if self.service == "s3" { "Data" } else { "Management" },
        });
        if let (Some(line), Some(details)) = (line.as_object_mut(), &self.sign_in) {
            let word = match self.outcome {
                Outcome::Done => "Success",
                Outcome::Failed { .. } => "Failure",
            };
            line.insert("eventType".into(), "AwsConsoleSignIn".into());
            line.insert("responseElements".into(), json!({ self.name: word }));
            line.insert("readOnly".into(), false.into());
            line.insert("additionalEventData".into(), details.clone().into());
        }
        if let (
            Some(line),
            Outcome::Failed {
                code,
                message,
                cause,
            },
        ) = (line.as_object_mut(), &self.outcome)
        {
            line.insert("errorCode".into(), code.as_str().into());
            insert(line, "errorMessage", message.as_deref());
            if let Some(cause) = cause {
                let mut details = self.sign_in.clone().unwrap_or_default();
                details.insert("reason".into(), cause.as_str().into());
                line.insert("additionalEventData".into(), details.into());
            }
        }
        line
    }

    fn account(&self) -> Option<AccountId> {
        let vouched = self.vouched.as_ref().map(|vouched| vouched.account);
        self.caller
            .known()
            .map(identity::Known::account)
            .or(vouched)
    }
}

fn insert(line: &mut Map<String, Value>, name: &str, value: Option<&str>) {
    if let Some(value) = value {
        line.insert(name.to_owned(), value.into());
    }
}

/// Services sign as one name and appear in CloudTrail as another.
fn event_source(signing_name: &str) -> &str {
    match signing_name {
        "access-analyzer" | "accessanalyzer" => "access-analyzer",
        "awsssoportal" | "sso-oauth" => "sso",
        other => other,
    }
}

/// Whether a call of this name changes nothing, by AWS's naming.
fn read_only(name: &str) -> bool {
    [
        "Get", "List", "Describe", "Head", "Simulate", "Lookup", "Validate", "Check", "Assume",
        "Decode",
    ]
    .iter()
    .any(|verb| name.starts_with(verb))
}

/// CloudTrail's `userIdentity` element.
fn user_identity(caller: &Caller, vouched: Option<&Vouched>) -> Value {
    let Caller::Known(known) = caller else {
        if let Some(vouched) = vouched {
            let Vouched {
                provider,
                audience,
                subject,
                ..
            } = vouched;
            return json!({
                "type": "WebIdentityUser",
                "principalId": format!("{provider}:{audience}:{subject}"),
                "userName": subject,
                "identityProvider": provider,
            });
        }
        return json!({ "type": "Unknown", "principalId": "", "accountId": "anonymous" });
    };
    let kind = match known.kind() {
        CallerKind::Root => "Root",
        CallerKind::User => "IAMUser",
        CallerKind::RoleSession => "AssumedRole",
        CallerKind::FederatedUser => "FederatedUser",
    };
    let mut identity = json!({
        "type": kind,
        "principalId": known.user_id(),
        "arn": known.arn(),
        "accountId": known.account().as_str(),
        "accessKeyId": known.access_key_id,
    });
    let Some(members) = identity.as_object_mut() else {
        return identity;
    };
    if let Some(user) = known.user() {
        members.insert("userName".into(), user.name.as_str().into());
    }
    let Some(session) = known.session() else {
        return identity;
    };
    let mut context = json!({
        "attributes": {
            "creationDate": iso(session.issued_at),
            "mfaAuthenticated": if session.mfa_at.is_some() { "true" } else { "false" },
        }
    });
    if let (Some(context), SessionKind::Role { role_id, .. }) =
        (context.as_object_mut(), &session.kind)
    {
        context.insert(
            "sessionIssuer".into(),
            json!({
                "type": "Role",
                "principalId": role_id,
                "arn": known.principal.arn,
                "accountId": known.account().as_str(),
                "userName": known.principal.name,
            }),
        );
        insert(
            context,
            "sourceIdentity",
            session.source_identity.as_deref(),
        );
    }
    members.insert("sessionContext".into(), context);
    identity
}

/// Takes events from calls and gives them to the writing thread.
pub struct Recorder {
    sender: Option<SyncSender<Message>>,
    thread: Option<JoinHandle<()>>,
}

enum Message {
    Event(Box<Event>),
    Flush(SyncSender<()>),
}

impl Recorder {
    /// Starts the writing thread. Lines are appended to `file` (made with mode 0600);
    /// last-used times go to the store.
    pub fn start(file: &Path, store: Store) -> io::Result<Recorder> {
        let mut options = OpenOptions::new();
        options.create(true).append(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt;
            options.mode(0o600);
        }
        let file = options.open(file)?;
        let (sender, receiver) = sync_channel(WAITING_MAX);
        let thread = std::thread::Builder::new()
            .name("audit".to_owned())
            .spawn(move || Writer::new(file, store).run(&receiver))?;
        Ok(Recorder {
            sender: Some(sender),
            thread: Some(thread),
        })
    }

    /// Hands an event over. Waits only when the writer is far behind.
    pub fn record(&self, event: Event) {
        self.send(Message::Event(Box::new(event)));
    }

    /// Waits until everything handed over so far is written.
    pub fn flush(&self) {
        let (done, written) = sync_channel(1);
        self.send(Message::Flush(done));
        // An error says that the writer is gone, and with it all that could be waited for.
        let _ = written.recv();
    }

    fn send(&self, message: Message) {
        if let Some(sender) = &self.sender
            && sender.send(message).is_err()
        {
            tracing::error!("the audit writer is gone: an event is lost");
        }
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        drop(self.sender.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the audit writer ended badly");
        }
    }
}

/// The writing thread's own.
struct Writer {
    out: io::BufWriter<File>,
    store: Store,
    last_used: HashMap<String, (String, LastUsed)>,
    flushed: Instant,
}

impl Writer {
    fn new(file: File, store: Store) -> Writer {
        Writer {
            out: io::BufWriter::new(file),
            store,
            last_used: HashMap::new(),
            flushed: Instant::now(),
        }
    }

    fn run(mut self, receiver: &Receiver<Message>) {
        loop {
            match receiver.recv_timeout(FLUSH_EVERY) {
                Ok(Message::Event(event)) => self.write(&event),
                Ok(Message::Flush(done)) => {
                    self.flush();
                    let _ = done.send(());
                }
                Err(RecvTimeoutError::Timeout) => self.flush(),
                Err(RecvTimeoutError::Disconnected) => break,
            }
            if self.flushed.elapsed() >= FLUSH_EVERY {
                self.flush();
            }
        }
        self.flush();
    }

    fn write(&mut self, event: &Event) {
        self.note_use(event);
        let line = event.to_json(&aws::uuid_v4(&aws::SystemEntropy));
        if let Err(error) = writeln!(self.out, "{line}") {
            tracing::error!(%error, "cannot write to the audit file");
        }
    }

    /// The key, and the role or user behind it, were used now.
    fn note_use(&mut self, event: &Event) {
        let Some(known) = event.caller.known() else {
            return;
        };
        let mut ids = vec![known.principal.id.clone()];
        if known.session.is_none() {
            ids.push(known.access_key_id.clone());
        }
        for id in ids {
            let used = LastUsed {
                id: id.clone(),
                at: event.at,
                region: event.region.clone(),
                service: event.service.to_owned(),
            };
            self.last_used
                .insert(id, (known.account().to_string(), used));
        }
    }

    fn flush(&mut self) {
        self.flushed = Instant::now();
        if let Err(error) = self.out.flush() {
            tracing::error!(%error, "cannot write to the audit file");
        }
        if self.last_used.is_empty() {
            return;
        }
        let batch: Vec<_> = self.last_used.drain().map(|(_, used)| used).collect();
        let written = self.store.transact(|tx| -> Result<(), store::StoreError> {
            for (account, used) in &batch {
                tx.put(account, used)?;
            }
            Ok(())
        });
        if let Err(error) = written {
            tracing::error!(%error, "last-used times were not kept");
        }
    }
}
