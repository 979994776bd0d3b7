//! What every session may be given: policies, tags, a source identity, a duration.

use identity::{Ask, Known, Session, SessionKind, Tag, has_duplicate_keys};
use plane::{Call, Error};
use policy::{Document, Grammar};
use wire::{Input, Output};

/// The most that session policies and tags may take together, packed, in bytes.
const PACKED_BYTES_MAX: usize = 4096;
/// The most that session policies may take together as they are written, in characters.
const PLAIN_CHARS_MAX: usize = 2048;

/// A managed policy that serves as a session policy.
#[derive(Input, Clone, Debug)]
pub struct PolicyArn {
    /// Its ARN.
    #[wire(name = "arn")]
    pub arn: Option<String>,
}

/// A session tag.
#[derive(Input, Clone, Debug)]
pub struct TagInput {
    /// 1 to 128 characters.
    pub key: String,
    /// 0 to 256 characters.
    pub value: String,
}

/// Temporary credentials, as STS shows them.
#[derive(Output, Debug)]
pub struct Credentials {
    access_key_id: String,
    secret_access_key: String,
    session_token: String,
    expiration: aws::Timestamp,
}

/// A role session's two names.
#[derive(Output, Debug)]
pub struct AssumedRoleUser {
    assumed_role_id: String,
    arn: String,
}

impl AssumedRoleUser {
    /// The names of this session of this role.
    pub fn new(role: &identity::Principal, session_name: &str) -> AssumedRoleUser {
        let account = role.account.as_str();
        let of_role = ["arn:aws:sts::", account, ":assumed-role/", &role.name];
        AssumedRoleUser {
            assumed_role_id: [&role.id, ":", session_name].concat(),
            arn: [&of_role.concat(), "/", session_name].concat(),
        }
    }
}

/// Session policies, checked.
#[derive(Debug, Default)]
pub struct SessionPolicies {
    /// The inline policy.
    pub inline: Option<String>,
    /// ARNs of managed policies that exist.
    pub arns: Vec<String>,
}

impl SessionPolicies {
    /// Checks what was asked for: the document's grammar, and that each managed policy exists
    /// in the account of the session.
    pub fn check(
        call: &Call,
        account: aws::AccountId,
        inline: Option<&str>,
        arns: Option<&[PolicyArn]>,
    ) -> Result<SessionPolicies, Error> {
        if let Some(text) = inline {
            Document::parse(text, Grammar::Session).map_err(malformed)?;
        }
        let arns: Vec<String> = arns
            .unwrap_or_default()
            .iter()
            .filter_map(|policy| policy.arn.clone())
            .collect();
        if arns.len() > 10 {
            return Err(Error::validation(format!(
                "1 validation error detected: Value '{arns:?}' at 'policyArns' failed to satisfy constraint: Member must have length less than or equal to 10"
            )));
        }
        for arn in &arns {
            if !call.directory().managed_policy_exists(account, arn)? {
                return Err(Error::new("MalformedPolicyDocument").say(format!(
                    "The managed policy {arn} does not exist or is not attachable."
                )));
            }
        }
        Ok(SessionPolicies {
            inline: inline.map(str::to_owned),
            arns,
        })
    }

    fn is_empty(&self) -> bool {
        self.inline.is_none() && self.arns.is_empty()
    }
}

fn malformed(malformed: policy::Malformed) -> Error {
    Error::new("MalformedPolicyDocument").say(malformed.to_string())
}

/// Session tags, those inherited along a chain included.
#[derive(Debug, Default)]
pub struct SessionTags {
    /// Tags that the request brings.
    pub requested: Vec<Tag>,
    /// Tags that came along with the calling session.
    pub inherited: Vec<Tag>,
    /// Keys that go on along the chain.
    pub transitive: Vec<String>,
}

impl SessionTags {
    /// Checks the tags asked for against those that the calling session must pass on.
    pub fn check(
        requested: Vec<Tag>,
        transitive: &[String],
        calling: Option<&Session>,
    ) -> Result<SessionTags, Error> {
        let invalid = |message: &str| Error::new("InvalidParameterValue").say(message);
        if requested.iter().any(Tag::is_reserved) {
            return Err(invalid(
                "aws: prefixed tag key names are not allowed for external use.",
            ));
        }
        if has_duplicate_keys(&requested) {
            return Err(invalid(
                "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
            ));
        }
        let requests = |key: &String| requested.iter().any(|tag| tag.has_key(key));
        if !transitive.iter().all(requests) {
            return Err(invalid(
                "The specified transitive tag key must be included in the requested tags.",
            ));
        }
        let mut inherited = Vec::new();
        let mut keys = transitive.to_vec();
        if let Some(session) = calling {
            if session.transitive_tag_keys.iter().any(requests) {
                return Err(invalid(
                    "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session.",
                ));
            }
            for key in &session.transitive_tag_keys {
                let held = session.tags.iter().find(|tag| tag.has_key(key));
                inherited.extend(held.cloned());
                keys.push(key.clone());
            }
        }
        Ok(SessionTags {
            requested,
            inherited,
            transitive: keys,
        })
    }

    /// All tags of the new session.
    pub fn all(&self) -> Vec<Tag> {
        let mut tags = self.inherited.clone();
        identity::set_tags(&mut tags, &self.requested);
        tags
    }

    fn is_empty(&self) -> bool {
        self.requested.is_empty() && self.inherited.is_empty()
    }

    /// The keys that the trust policy may ask about: what this request tags with.
    pub fn keys(&self, ask: Ask) -> Ask {
        ask.request_tags(&self.all())
            .keys_many("sts:TransitiveTagKeys", self.transitive.clone())
    }

    /// `sts:TagSession` on the same resource, if the session is tagged at all.
    pub fn ask(&self, base: impl Fn(&'static str) -> Ask) -> Option<Ask> {
        (!self.is_empty()).then(|| self.keys(base("sts:TagSession")))
    }
}

/// Tags of the wire as ours.
pub fn tags(input: Option<&[TagInput]>) -> Vec<Tag> {
    input
        .unwrap_or_default()
        .iter()
        .map(|tag| Tag {
            key: tag.key.clone(),
            value: tag.value.clone(),
        })
        .collect()
}

/// How much of the space for policies and tags is taken, in percent; over 100 is refused.
pub fn packed_percent(policies: &SessionPolicies, tags: &SessionTags) -> Result<u32, Error> {
    let inline = policies.inline.as_deref().unwrap_or_default();
    let plain: usize =
        inline.chars().count() + policies.arns.iter().map(|arn| arn.len()).sum::<usize>();
    let packed = inline
        .chars()
        .filter(|c| !c.is_whitespace())
        .map(char::len_utf8)
        .sum::<usize>()
        + policies.arns.iter().map(|arn| arn.len() / 4).sum::<usize>()
        + tags
            .all()
            .iter()
            .map(|tag| tag.key.len() + tag.value.len())
            .sum::<usize>();
    let mut percent = (packed * 100).div_ceil(PACKED_BYTES_MAX);
    if plain > PLAIN_CHARS_MAX {
        percent = percent.max((plain * 100).div_ceil(PLAIN_CHARS_MAX));
    }
    if percent <= 100 {
        return Ok(u32::try_from(percent).unwrap_or(100));
    }
    let message = match (policies.is_empty(), tags.is_empty()) {
        (true, _) => format!("Packed size of session tags consumes {percent}% of allotted space."),
        (false, true) => format!(
            "Packed policy consumes {percent}% of allotted space, please use smaller policy."
        ),
        (false, false) => format!(
            "Packed size of session policies and session tags combined consumes {percent}% of allotted space."
        ),
    };
    Err(Error::new("PackedPolicyTooLarge").say(message))
}

/// `PackedPolicySize` of a web identity: what its provider says of it is packed too, so that the
/// size is never left out. It takes nothing of the space for policies and tags.
pub fn packed_with_identity(
    policies: &SessionPolicies,
    tags: &SessionTags,
    identity: &[(String, Vec<String>)],
) -> Result<i32, Error> {
    let said: usize = identity
        .iter()
        .map(|(key, values)| key.len() + values.iter().map(String::len).sum::<usize>())
        .sum();
    let said = u32::try_from((said * 100).div_ceil(PACKED_BYTES_MAX)).unwrap_or(100);
    let percent = packed_percent(policies, tags)?
        .saturating_add(said)
        .min(100);
    Ok(i32::try_from(percent).unwrap_or(100))
}

/// `PackedPolicySize` where AWS leaves it out when nothing was packed.
pub fn packed_if_any(policies: &SessionPolicies, tags: &SessionTags) -> Result<Option<i32>, Error> {
    let percent = packed_percent(policies, tags)?;
    let any = !policies.is_empty() || !tags.is_empty();
    Ok(any.then(|| i32::try_from(percent).unwrap_or(100)))
}

/// The role's bound and, for a caller that is itself a role's session, the chain's.
pub fn role_duration_s(
    requested: Option<i32>,
    role: &identity::Principal,
    caller: Option<&Known>,
) -> Result<i64, Error> {
    const CHAINED_S_MAX: i64 = 3600;
    const DEFAULT_S: i64 = 3600;
    let requested = requested.map_or(DEFAULT_S, i64::from);
    let max = role
        .role
        .as_ref()
        .map_or(DEFAULT_S, |facts| i64::from(facts.max_session_s));
    if requested > max {
        return Err(Error::validation(
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
        ));
    }
    let chained = caller
        .and_then(Known::session)
        .is_some_and(|session| matches!(session.kind, SessionKind::Role { .. }));
    if chained && requested > CHAINED_S_MAX {
        return Err(Error::validation(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.",
        ));
    }
    Ok(requested)
}

/// Seals the session.
pub fn issue(call: &Call, session: &Session) -> Result<Credentials, Error> {
    let issued = call
        .directory()
        .issue(session, call.environment.entropy.as_ref())
        .map_err(|refusal| match refusal {
            identity::IssueRefusal::TooLarge { .. } => Error::new("PackedPolicyTooLarge")
                .say("Serialized token too large for session")
                .because(refusal),
            other => Error::internal(other),
        })?;
    Ok(Credentials {
        access_key_id: issued.access_key_id,
        secret_access_key: issued.secret_access_key.expose().clone(),
        session_token: issued.session_token,
        expiration: aws::Timestamp::from_second(issued.expires_at).map_err(Error::internal)?,
    })
}
