//! An event as one line of JSON, in CloudTrail's shape. Each value is bounded, and the whole
//! line is: a log that anybody can fill is none.

use std::borrow::Cow;

use aws::AccountId;
use identity::{Caller, CallerKind, Known, OpenSession, SessionKind, iso};
use serde_json::{Map, Value};
use wire::JsonObject;

use crate::event::{Event, Outcome, Parameters};
use crate::{Vouched, VouchedBy};

/// The longest text of a value, in bytes: CloudTrail's limit for what clients choose freely.
const TEXT_BYTES_MAX: usize = 1024;
/// The longest line, in bytes: CloudTrail's limit for an event.
const LINE_BYTES_MAX: usize = 256 * 1024;
/// Room for most lines.
const LINE_BYTES: usize = 1280;

impl Event {
    /// The line, with its end.
    pub(crate) fn line(&self, event_id: &str) -> String {
        let mut line = self.write(event_id, None);
        if line.len() > LINE_BYTES_MAX {
            line = self.write(event_id, Some(line.len()));
        }
        line.push('\n');
        line
    }

    /// The line without its end. `omitted` is how large it would be with parameters and answer;
    /// they are left out then.
    fn write(&self, event_id: &str, omitted: Option<usize>) -> String {
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
        let mut out = String::with_capacity(LINE_BYTES);
        JsonObject::write(&mut out, |line| {
            line.text("eventVersion", "1.11");
            line.object("userIdentity", |identity| self.identity(identity));
            line.text("eventTime", &iso(self.at.as_second()));
            line.text("eventSource", &[self.source, ".amazonaws.com"].concat());
            line.text("eventName", &self.name);
            line.text("awsRegion", &cut(&self.region));
            let ip = self.source_ip.map(aws::address_text);
            line.text_or_null("sourceIPAddress", ip.as_deref());
            let agent = self.user_agent.as_deref().map(cut);
            line.text_or_null("userAgent", agent.as_deref());
            line.text_if("errorCode", code.as_deref());
            line.text_if("errorMessage", message.as_deref());
            match omitted {
                Some(bytes) => {
                    line.object("requestParameters", |shown| left_out(shown, bytes));
                    line.null("responseElements");
                }
                None => {
                    self.parameters_shown(line);
                    self.elements_shown(line);
                }
            }
            if cause.is_some() || self.sign_in.is_some() {
                line.object("additionalEventData", |additional| {
                    further(additional, self.sign_in.as_ref());
                    additional.text_if("reason", cause.as_deref());
                });
            }
            line.text("requestID", &self.request_id);
            line.text("eventID", event_id);
            line.truth("readOnly", self.is_read_only());
            let kind = match self.sign_in {
                Some(_) => "AwsConsoleSignIn",
                None => "AwsApiCall",
            };
            line.text("eventType", kind);
            line.truth("managementEvent", !is_s3);
            line.text_or_null(
                "recipientAccountId",
                account.as_ref().map(AccountId::as_str),
            );
            line.text("eventCategory", if is_s3 { "Data" } else { "Management" });
        });
        out
    }

    fn parameters_shown(&self, line: &mut JsonObject<'_>) {
        const NAME: &str = "requestParameters";
        match (&self.parameters, self.operation) {
            (Parameters::Input(input), Some(operation)) => {
                wire::redact(line.member(NAME), operation, input);
            }
            (
                Parameters::S3 {
                    bucket: Some(bucket),
                    key,
                },
                _,
            ) => line.object(NAME, |shown| {
                shown.text("bucketName", &cut(bucket));
                shown.text_if("key", key.as_deref().map(cut).as_deref());
            }),
            (Parameters::Omitted(bytes), _) => line.object(NAME, |shown| left_out(shown, *bytes)),
            _ => line.null(NAME),
        }
    }

    fn elements_shown(&self, line: &mut JsonObject<'_>) {
        const NAME: &str = "responseElements";
        match (&self.elements, self.operation) {
            (Some(output), Some(operation)) => {
                wire::redact_output(line.member(NAME), operation, output);
            }
            _ if self.sign_in.is_some() => line.object(NAME, |elements| {
                let word = match self.outcome {
                    Outcome::Done => "\"Success\"",
                    Outcome::Failed { .. } => "\"Failure\"",
                };
                elements.member_named(&self.name).push_str(word);
            }),
            _ => line.null(NAME),
        }
    }

    /// CloudTrail's `userIdentity` element.
    fn identity(&self, identity: &mut JsonObject<'_>) {
        match (&self.caller, &self.vouched) {
            (Caller::Known(known), _) => known_identity(identity, known),
            (Caller::Anonymous, Some(vouched)) => vouched_identity(identity, vouched),
            (Caller::Anonymous, None) => {
                identity.text("type", "Unknown");
                identity.text("principalId", "");
                identity.text("accountId", "anonymous");
            }
        }
    }
}

fn left_out(shown: &mut JsonObject<'_>, original_size: usize) {
    shown.truth("omitted", true);
    shown
        .member("originalSize")
        .push_str(&original_size.to_string());
    shown.text("reason", "larger than the record takes");
}

fn further(additional: &mut JsonObject<'_>, details: Option<&Map<String, Value>>) {
    for (name, value) in details.into_iter().flatten() {
        additional.member_named(name).push_str(&value.to_string());
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

fn vouched_identity(identity: &mut JsonObject<'_>, vouched: &Vouched) {
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
    identity.text("type", kind);
    identity.text("principalId", &cut(&id));
    identity.text("userName", &cut(subject));
    identity.text("identityProvider", &cut(provider));
}

fn known_identity(identity: &mut JsonObject<'_>, known: &Known) {
    let kind = match known.kind() {
        CallerKind::Root => "Root",
        CallerKind::User => "IAMUser",
        CallerKind::RoleSession => "AssumedRole",
        CallerKind::FederatedUser => "FederatedUser",
    };
    identity.text("type", kind);
    identity.text("principalId", known.user_id());
    identity.text("arn", known.arn());
    identity.text("accountId", known.account().as_str());
    identity.text("accessKeyId", &known.access_key_id);
    identity.text_if("userName", known.user().map(|user| user.name.as_str()));
    if let Some(open) = &known.session {
        identity.object("sessionContext", |context| {
            session_context(context, known, open)
        });
    }
}

fn session_context(context: &mut JsonObject<'_>, known: &Known, open: &OpenSession) {
    let session = &open.session;
    context.object("attributes", |attributes| {
        attributes.text("creationDate", &iso(session.issued_at));
        let with_mfa = if session.mfa_at.is_some() {
            "true"
        } else {
            "false"
        };
        attributes.text("mfaAuthenticated", with_mfa);
    });
    if let SessionKind::Role { role_id, .. } = &session.kind {
        context.object("sessionIssuer", |issuer| {
            issuer.text("type", "Role");
            issuer.text("principalId", role_id);
            issuer.text("arn", &known.principal.arn);
            issuer.text("accountId", known.account().as_str());
            issuer.text("userName", &known.principal.name);
        });
        context.text_if("sourceIdentity", session.source_identity.as_deref());
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
        let line = event.line("e");
        let line = line.strip_suffix('\n').unwrap();
        assert!(line.len() <= LINE_BYTES_MAX, "{}", line.len());
        assert!(!line.contains('\n'));
        serde_json::from_str(line).unwrap()
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
