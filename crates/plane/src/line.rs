//! An event as one line of JSON, in CloudTrail's shape. Each value is bounded, and the whole
//! line is: a log that anybody can fill is none.

use std::borrow::Cow;
use std::collections::BTreeMap;

use aws::AccountId;
use identity::{Caller, CallerKind, Known, SessionKind, iso};
use serde::Serialize;
use serde::ser::Serializer;
use serde_json::{Map, Value};

use crate::event::{Event, Outcome, Parameters};
use crate::{Vouched, VouchedBy};

/// The longest text of a value, in bytes: CloudTrail's limit for what clients choose freely.
const TEXT_BYTES_MAX: usize = 1024;
/// The longest line, in bytes: CloudTrail's limit for an event.
const LINE_BYTES_MAX: usize = 256 * 1024;

impl Event {
    /// Writes the line over what `line` held before.
    pub(crate) fn line(&self, event_id: &str, line: &mut Vec<u8>) {
        self.write(event_id, self.shown(), line);
        if line.len() > LINE_BYTES_MAX {
            self.write(event_id, omitted(line.len()), line);
        }
    }

    fn shown(&self) -> Shown<'_> {
        match (&self.parameters, self.operation) {
            (Parameters::Input(input), Some(operation)) => {
                Shown::Input(wire::redact(operation, input))
            }
            (Parameters::S3 { bucket, key }, _) if bucket.is_some() => Shown::S3 {
                bucket_name: bucket.as_deref().map(cut),
                key: key.as_deref().map(cut),
            },
            (Parameters::Omitted(bytes), _) => omitted(*bytes),
            _ => Shown::Nothing(()),
        }
    }

    fn write(&self, event_id: &str, parameters: Shown<'_>, line: &mut Vec<u8>) {
        let is_s3 = self.service == "s3";
        let (code, message, cause) = match &self.outcome {
            Outcome::Done => (None, None, None),
            Outcome::Failed {
                code,
                message,
                cause,
            } => (
                Some(cut(code)),
                message.as_deref().map(cut),
                cause.as_deref().map(cut),
            ),
        };
        let account = self.account();
        let succeeded = code.is_none();
        let shown = Line {
            event_version: "1.11",
            user_identity: Identity::of(&self.caller, self.vouched.as_ref()),
            event_time: iso(self.at.as_second()),
            event_source: Source(self.source),
            event_name: &self.name,
            aws_region: cut(&self.region),
            source_ip_address: self.source_ip.map(|ip| ip.to_canonical()),
            user_agent: self.user_agent.as_deref().map(cut),
            error_code: code,
            error_message: message,
            request_parameters: parameters,
            response_elements: self.sign_in.as_ref().map(|_| {
                let word = if succeeded { "Success" } else { "Failure" };
                BTreeMap::from([(&*self.name, word)])
            }),
            additional_event_data: (cause.is_some() || self.sign_in.is_some()).then_some({
                Additional {
                    details: self.sign_in.as_ref(),
                    reason: cause,
                }
            }),
            request_id: &self.request_id,
            event_id,
            read_only: self.sign_in.is_none() && read_only(&self.name),
            event_type: match self.sign_in {
                Some(_) => "AwsConsoleSignIn",
                None => "AwsApiCall",
            },
            management_event: !is_s3,
            recipient_account_id: account.as_ref().map(AccountId::as_str),
            event_category: if is_s3 { "Data" } else { "Management" },
        };
        line.clear();
        if let Err(error) = serde_json::to_writer(&mut *line, &shown) {
            tracing::error!(%error, "an event cannot be written down");
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    event_version: &'static str,
    user_identity: Identity<'a>,
    event_time: String,
    event_source: Source,
    event_name: &'a str,
    aws_region: Cow<'a, str>,
    #[serde(rename = "sourceIPAddress")]
    source_ip_address: Option<std::net::IpAddr>,
    user_agent: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_code: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_message: Option<Cow<'a, str>>,
    request_parameters: Shown<'a>,
    response_elements: Option<BTreeMap<&'a str, &'static str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    additional_event_data: Option<Additional<'a>>,
    #[serde(rename = "requestID")]
    request_id: &'a str,
    #[serde(rename = "eventID")]
    event_id: &'a str,
    read_only: bool,
    event_type: &'static str,
    management_event: bool,
    recipient_account_id: Option<&'a str>,
    event_category: &'static str,
}

/// `sts.amazonaws.com`.
struct Source(&'static str);

impl Serialize for Source {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{}.amazonaws.com", self.0))
    }
}

#[derive(Serialize)]
struct Additional<'a> {
    #[serde(flatten)]
    details: Option<&'a Map<String, Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<Cow<'a, str>>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Shown<'a> {
    Nothing(()),
    Input(Value),
    #[serde(rename_all = "camelCase")]
    S3 {
        bucket_name: Option<Cow<'a, str>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        key: Option<Cow<'a, str>>,
    },
    #[serde(rename_all = "camelCase")]
    Omitted {
        omitted: bool,
        original_size: usize,
        reason: &'static str,
    },
}

fn omitted(original_size: usize) -> Shown<'static> {
    Shown::Omitted {
        omitted: true,
        original_size,
        reason: "larger than the record takes",
    }
}

/// A text within its bound; what is cut off shows as `...`.
fn cut(text: &str) -> Cow<'_, str> {
    const ENDING: &str = "...";
    if text.len() <= TEXT_BYTES_MAX {
        return Cow::Borrowed(text);
    }
    let end = text.floor_char_boundary(TEXT_BYTES_MAX - ENDING.len());
    let (kept, _) = text.split_at(end);
    Cow::Owned(format!("{kept}{ENDING}"))
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
#[derive(Serialize)]
#[serde(untagged)]
enum Identity<'a> {
    #[serde(rename_all = "camelCase")]
    Unknown {
        r#type: &'static str,
        principal_id: &'static str,
        account_id: &'static str,
    },
    #[serde(rename_all = "camelCase")]
    Web {
        r#type: &'static str,
        principal_id: Cow<'a, str>,
        user_name: Cow<'a, str>,
        identity_provider: Cow<'a, str>,
    },
    Known(KnownIdentity<'a>),
}

impl<'a> Identity<'a> {
    fn vouched(vouched: &'a Vouched) -> Identity<'a> {
        let Vouched {
            provider,
            audience,
            subject,
            ..
        } = vouched;
        let (kind, id) = match vouched.by {
            VouchedBy::WebIdentity => (
                "WebIdentityUser",
                format!("{provider}:{audience}:{subject}"),
            ),
            VouchedBy::Saml => ("SAMLUser", format!("{provider}:{subject}")),
        };
        Identity::Web {
            r#type: kind,
            principal_id: Cow::Owned(cut(&id).into_owned()),
            user_name: cut(subject),
            identity_provider: cut(provider),
        }
    }

    fn of(caller: &'a Caller, vouched: Option<&'a Vouched>) -> Identity<'a> {
        match (caller, vouched) {
            (Caller::Known(known), _) => Identity::Known(KnownIdentity::of(known)),
            (Caller::Anonymous, Some(vouched)) => Identity::vouched(vouched),
            (Caller::Anonymous, None) => Identity::Unknown {
                r#type: "Unknown",
                principal_id: "",
                account_id: "anonymous",
            },
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct KnownIdentity<'a> {
    r#type: &'static str,
    principal_id: &'a str,
    arn: &'a str,
    account_id: String,
    access_key_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session_context: Option<SessionContext<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SessionContext<'a> {
    attributes: Attributes,
    #[serde(skip_serializing_if = "Option::is_none")]
    session_issuer: Option<Issuer<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source_identity: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Attributes {
    creation_date: String,
    mfa_authenticated: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Issuer<'a> {
    r#type: &'static str,
    principal_id: &'a str,
    arn: &'a str,
    account_id: String,
    user_name: &'a str,
}

impl<'a> KnownIdentity<'a> {
    fn of(known: &'a Known) -> KnownIdentity<'a> {
        KnownIdentity {
            r#type: match known.kind() {
                CallerKind::Root => "Root",
                CallerKind::User => "IAMUser",
                CallerKind::RoleSession => "AssumedRole",
                CallerKind::FederatedUser => "FederatedUser",
            },
            principal_id: known.user_id(),
            arn: known.arn(),
            account_id: known.account().to_string(),
            access_key_id: &known.access_key_id,
            user_name: known.user().map(|user| user.name.as_str()),
            session_context: known.session().map(|session| {
                let issuer = match &session.kind {
                    SessionKind::Role { role_id, .. } => Some(Issuer {
                        r#type: "Role",
                        principal_id: role_id,
                        arn: &known.principal.arn,
                        account_id: known.account().to_string(),
                        user_name: &known.principal.name,
                    }),
                    _ => None,
                };
                SessionContext {
                    attributes: Attributes {
                        creation_date: iso(session.issued_at),
                        mfa_authenticated: match session.mfa_at {
                            Some(_) => "true",
                            None => "false",
                        },
                    },
                    source_identity: issuer.as_ref().and(session.source_identity.as_deref()),
                    session_issuer: issuer,
                }
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::S3Facts;
    use aws::Timestamp;
    use identity::RequestFacts;

    fn event(key: &str, agent: &str, cause: &str) -> Event {
        let request = RequestFacts {
            now: Timestamp::UNIX_EPOCH,
            source_ip: None,
            secure: false,
            user_agent: Some(agent.to_owned()),
            referer: None,
            region: "us-east-1".to_owned(),
        };
        let facts = S3Facts {
            name: "GetObject".into(),
            bucket: Some("bucket".to_owned()),
            key: Some(key.to_owned()),
        };
        let outcome = Outcome::Failed {
            code: "SignatureDoesNotMatch".to_owned(),
            message: Some("no".to_owned()),
            cause: Some(cause.to_owned()),
        };
        Event::of_s3(facts, "r", &Caller::Anonymous, &request, outcome)
    }

    fn written(event: &Event) -> Value {
        let mut line = Vec::new();
        event.line("e", &mut line);
        assert!(line.len() <= LINE_BYTES_MAX, "{}", line.len());
        serde_json::from_slice(&line).unwrap()
    }

    #[test]
    fn what_callers_choose_is_cut_and_the_rest_stands() {
        let long = "é".repeat(40_000);
        let line = written(&event(&long, &long, &long));
        for value in [
            &line["requestParameters"]["key"],
            &line["userAgent"],
            &line["additionalEventData"]["reason"],
        ] {
            let text = value.as_str().unwrap();
            assert!(
                text.len() <= TEXT_BYTES_MAX && text.ends_with("é..."),
                "{text}"
            );
        }
        assert_eq!(line["errorCode"], "SignatureDoesNotMatch");
        assert_eq!(line["eventSource"], "s3.amazonaws.com");
        let line = written(&event("key", "agent", "cause"));
        assert_eq!(line["requestParameters"]["key"], "key");
        assert_eq!(line["userAgent"], "agent");
    }

    #[test]
    fn parameters_that_would_fill_the_log_are_left_out() {
        let mut event = event("key", "agent", "cause");
        event.operation = Some(facts::iam::CREATE_POLICY);
        // Six bytes each once they are written down.
        let text = "\u{1}".repeat(crate::event::PARAMETERS_BYTES_MAX);
        let input = wire::Structure::new().with("PolicyDocument", text.as_str());
        event.parameters = Parameters::Input(input);
        let line = written(&event);
        assert_eq!(line["requestParameters"]["omitted"], true);
        assert!(line["requestParameters"]["originalSize"].as_u64() > Some(LINE_BYTES_MAX as u64));
        event.parameters = Parameters::Omitted(9_999_999);
        assert_eq!(
            written(&event)["requestParameters"]["originalSize"],
            9_999_999
        );
    }
}
