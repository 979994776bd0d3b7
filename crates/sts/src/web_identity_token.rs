//! GetWebIdentityToken: a principal gets a token that shows outside who it is.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws::Timestamp;
use facts::OperationFacts;
use identity::{Ask, CallerKind, Known, OutboundIssuer, Tag, has_duplicate_keys};
use issuer::{Algorithm, RealmKeys, WEB_IDENTITIES};
use plane::{Call, Error, HotOperation, Permit, Touches};
use serde_json::{Map, Value, json};
use wire::{Input, Output};

use crate::session_request::{TagInput, tags};

/// Five minutes, unless asked otherwise.
const DURATION_S_DEFAULT: i32 = 300;

/// The largest payload of a token. AWS's own limit is not documented; it was recorded to sign
/// one of 14,984 bytes (2026-09).
const PAYLOAD_BYTES_MAX: usize = 16 * 1024;

/// Gives the caller a token about itself.
#[derive(Input)]
pub struct GetWebIdentityToken {
    audience: Vec<String>,
    duration_seconds: Option<i32>,
    signing_algorithm: String,
    tags: Option<Vec<TagInput>>,
}

/// The token, and when it ends.
#[derive(Output)]
pub struct WebIdentityToken {
    web_identity_token: String,
    expiration: Timestamp,
}

/// Whose tokens they are, and the keys to sign with.
pub struct Found {
    issuer: Option<Arc<OutboundIssuer>>,
    keys: Option<Arc<RealmKeys>>,
}

impl HotOperation for GetWebIdentityToken {
    const FACTS: &'static OperationFacts = facts::sts::GET_WEB_IDENTITY_TOKEN;
    type Output = WebIdentityToken;
    type Found = Found;

    fn find(&self, call: &Call) -> Result<Found, Error> {
        let keys = call.directory().signing_keys();
        Ok(Found {
            issuer: call.directory().outbound_issuer(call.account()?)?,
            keys: keys
                .find(&WEB_IDENTITIES, call.now_s())
                .map_err(Error::internal)?,
        })
    }

    fn touches(&self, _found: &Found, call: &Call) -> Result<Touches, Error> {
        let mut touches = Touches::one(self.ask(call, "sts:GetWebIdentityToken")?);
        if !self.request_tags().is_empty() {
            touches = touches.and(self.ask(call, "sts:TagGetWebIdentityToken")?);
        }
        Ok(touches)
    }

    fn run(&self, found: Found, permit: Permit<Self>) -> Result<WebIdentityToken, Error> {
        let known = permit.known()?;
        let algorithm = self.algorithm()?;
        let (Some(issuer), Some(keys)) = (found.issuer.filter(|one| one.enabled), found.keys)
        else {
            return Err(Error::new("OutboundWebIdentityFederationDisabledException")
                .say("OutboundWebIdentityFederation is disabled."));
        };
        self.check_tags()?;
        let expires_at = permit.now_s() + i64::from(self.duration_s());
        let session = known.session();
        if session.is_some_and(|session| expires_at > session.expires_at) {
            return Err(Error::new("SessionDurationEscalationException").say(
                "The requested token duration would extend the session beyond its original expiration time.",
            ));
        }
        let claims = self.claims(&permit, known, &issuer.url, expires_at)?;
        let weight = serde_json::to_vec(&claims).map_err(Error::internal)?.len();
        if weight > PAYLOAD_BYTES_MAX {
            return Err(Error::new("JWTPayloadSizeExceededException")
                .say("The requested token payload size exceeds the maximum allowed size."));
        }
        Ok(WebIdentityToken {
            web_identity_token: keys
                .sign(algorithm, "JWT", &claims)
                .map_err(Error::internal)?,
            expiration: Timestamp::from_second(expires_at).map_err(Error::internal)?,
        })
    }
}

impl GetWebIdentityToken {
    fn ask(&self, call: &Call, action: &'static str) -> Result<Ask, Error> {
        let account = call.account()?;
        // The resource is the caller's account, as seen from itself.
        let resource = format!("arn:aws:sts::{account}:self");
        Ok(Ask::new(action, resource, account.as_str())
            .keys_many("sts:IdentityTokenAudience", self.audience.clone())
            .key("sts:SigningAlgorithm", self.signing_algorithm.as_str())
            .key("sts:DurationSeconds", self.duration_s().to_string())
            .request_tags(&self.request_tags()))
    }

    fn duration_s(&self) -> i32 {
        self.duration_seconds.unwrap_or(DURATION_S_DEFAULT)
    }

    fn request_tags(&self) -> Vec<Tag> {
        tags(self.tags.as_deref())
    }

    fn check_tags(&self) -> Result<(), Error> {
        if has_duplicate_keys(&self.request_tags()) {
            return Err(Error::new("InvalidParameterValue")
                .say("Duplicate tag keys found. Please note that Tag keys are case insensitive."));
        }
        Ok(())
    }

    fn algorithm(&self) -> Result<Algorithm, Error> {
        match self.signing_algorithm.as_str() {
            "RS256" => Ok(Algorithm::Rs256),
            "ES384" => Ok(Algorithm::Es384),
            _ => Err(Error::validation(
                "Requested SigningAlgorithm is not supported. See the GetWebIdentityToken documentation for supported algorithms",
            )),
        }
    }

    /// What the token says (IAM User Guide, "Understanding token claims").
    fn claims(
        &self,
        call: &Call,
        known: &Known,
        issuer: &str,
        expires_at: i64,
    ) -> Result<Value, Error> {
        let audience = match self.audience.as_slice() {
            [one] => json!(one),
            several => json!(several),
        };
        // A session of a role is the role; a federated user has an ARN of its own.
        let subject = match known.kind() {
            CallerKind::FederatedUser => known.arn(),
            _ => &known.principal.arn,
        };
        Ok(json!({
            "aud": audience,
            "sub": subject,
            "https://sts.amazonaws.com/": self.of_aws(call, known, subject)?,
            "iss": issuer,
            "exp": expires_at,
            "iat": call.now_s(),
            "jti": aws::uuid_v4(call.environment.entropy.as_ref()),
        }))
    }

    /// The claims about the principal and its session.
    fn of_aws(&self, call: &Call, known: &Known, subject: &str) -> Result<Value, Error> {
        let mut said = Map::new();
        let mut say = |name: &str, value: Value| said.insert(name.to_owned(), value);
        say("aws_account", json!(known.account().as_str()));
        say("source_region", json!(call.region()));
        say("principal_id", json!(subject));
        if let Some(session) = known.session() {
            say(
                "original_session_exp",
                json!(identity::iso(session.expires_at)),
            );
            if let Some(source_identity) = &session.source_identity {
                say("source_identity", json!(source_identity));
            }
            let provider = session.federation_keys.iter();
            let provider = provider.filter(|(key, _)| key == "aws:FederatedProvider");
            if let Some(name) = provider.flat_map(|(_, values)| values).next() {
                say("federated_provider", json!(name));
            }
        }
        let as_object = |tags: &[Tag]| -> BTreeMap<String, String> {
            let tags = tags.iter();
            tags.map(|tag| (tag.key.clone(), tag.value.clone()))
                .collect()
        };
        let principal_tags = known.tags();
        if !principal_tags.is_empty() {
            say("principal_tags", json!(as_object(&principal_tags)));
        }
        let request_tags = self.request_tags();
        if !request_tags.is_empty() {
            say("request_tags", json!(as_object(&request_tags)));
        }
        Ok(Value::Object(said))
    }
}
