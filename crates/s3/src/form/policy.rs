//! What a signed form may upload: the conditions of its policy.
//!
//! Every condition must hold, and every field must be one that the policy speaks of.

use std::collections::BTreeSet;

use aws::Timestamp;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::Form;
use crate::failure::{ACCESS_DENIED, Answer, Failure, INVALID_POLICY_DOCUMENT};
use crate::payload::BodyRefused;

/// The most conditions that are looked at.
const CONDITIONS_MAX: usize = 200;

/// Fields that no policy speaks of: they carry it.
const CARRIERS: &[&str] = &["awsaccesskeyid", "signature", "x-amz-signature", "policy"];

/// How large the file may be, in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sizes {
    pub(super) least: u64,
    pub(super) most: Option<u64>,
}

enum Condition {
    Equals(String, String),
    StartsWith(String, String),
    Between(u64, u64),
}

impl Form {
    /// Holds the form to its policy, if it has one, and says how large the file may be.
    /// Whether somebody signed that policy is not asked here.
    pub fn check(&self, bucket: &str, now: Timestamp) -> Result<Sizes, BodyRefused> {
        match self.field("policy") {
            None => Ok(Sizes::default()),
            Some(policy) => self.hold_to(policy, bucket, now).map_err(BodyRefused::from),
        }
    }

    fn hold_to(&self, policy: &str, bucket: &str, now: Timestamp) -> Answer<Sizes> {
        let text: String = policy.split_whitespace().collect();
        let document = STANDARD
            .decode(text)
            .map_err(|_not_base64| invalid("Invalid Base64 Encoding."))?;
        let document: Value =
            serde_json::from_slice(&document).map_err(|_not_json| invalid("Invalid JSON."))?;
        let expiration = document
            .get("expiration")
            .ok_or_else(|| invalid("Policy missing expiration."))?;
        let conditions = document
            .get("conditions")
            .ok_or_else(|| invalid("Policy missing conditions."))?;
        let expiration = expiration
            .as_str()
            .and_then(|text| text.parse::<Timestamp>().ok())
            .ok_or_else(|| invalid("Invalid 'expiration' value."))?;
        if expiration <= now {
            return Err(denied("Policy expired."));
        }
        let conditions = conditions
            .as_array()
            .filter(|conditions| conditions.len() <= CONDITIONS_MAX)
            .ok_or_else(|| invalid("Invalid 'conditions' value."))?;
        let mut sizes = Sizes::default();
        let mut spoken_of = Vec::new();
        for value in conditions {
            for condition in Condition::read(value)? {
                self.check_one(&condition, bucket, &mut sizes)?;
                spoken_of.extend(condition.field().map(str::to_owned));
            }
        }
        // S3 puts the bucket among the fields, so that a policy is good for none unless it says
        // which.
        let mut fields: BTreeSet<&str> = self.fields.keys().map(String::as_str).collect();
        fields.insert("bucket");
        let extra: Vec<&str> = fields
            .into_iter()
            .filter(|name| !CARRIERS.contains(name) && !name.starts_with("x-ignore-"))
            .filter(|name| !spoken_of.iter().any(|spoken| spoken == name))
            .collect();
        if extra.is_empty() {
            return Ok(sizes);
        }
        Err(denied(&format!("Extra input fields: {}", extra.join(", "))))
    }

    fn check_one(&self, condition: &Condition, bucket: &str, sizes: &mut Sizes) -> Answer<()> {
        let value = |field: &str| match field {
            "bucket" => bucket,
            field => self.field(field).unwrap_or_default(),
        };
        let (holds, operator, field, wanted) = match condition {
            Condition::Equals(field, wanted) => (value(field) == wanted, "eq", field, wanted),
            Condition::StartsWith(field, wanted) => (
                value(field).starts_with(wanted.as_str()),
                "starts-with",
                field,
                wanted,
            ),
            Condition::Between(least, most) => {
                sizes.least = sizes.least.max(*least);
                sizes.most = Some(sizes.most.map_or(*most, |before| before.min(*most)));
                return Ok(());
            }
        };
        if holds {
            return Ok(());
        }
        let told = serde_json::json!([operator, format!("${field}"), wanted]);
        let told = told.to_string().replace(",", ", ");
        Err(denied(&format!("Policy Condition failed: {told}")))
    }
}

impl Condition {
    /// `{"field": "value"}`, `["eq", "$field", "value"]`, `["starts-with", "$field", "value"]`,
    /// `["content-length-range", least, most]`.
    fn read(value: &Value) -> Answer<Vec<Condition>> {
        let refused = || invalid("Invalid Simple-Condition.");
        match value {
            Value::Object(members) => members
                .iter()
                .map(|(field, value)| {
                    let value = value.as_str().ok_or_else(refused)?;
                    Ok(Condition::Equals(
                        field.to_ascii_lowercase(),
                        value.to_owned(),
                    ))
                })
                .collect(),
            Value::Array(items) => {
                let [operator, first, second] = items.as_slice() else {
                    return Err(refused());
                };
                let operator = operator.as_str().ok_or_else(refused)?.to_ascii_lowercase();
                if operator == "content-length-range" {
                    let (least, most) = (number(first), number(second));
                    let (Some(least), Some(most)) = (least, most) else {
                        return Err(refused());
                    };
                    return Ok(vec![Condition::Between(least, most)]);
                }
                let field = first.as_str().and_then(|text| text.strip_prefix('$'));
                let (Some(field), Some(value)) = (field, second.as_str()) else {
                    return Err(refused());
                };
                let (field, value) = (field.to_ascii_lowercase(), value.to_owned());
                match operator.as_str() {
                    "eq" => Ok(vec![Condition::Equals(field, value)]),
                    "starts-with" => Ok(vec![Condition::StartsWith(field, value)]),
                    _ => Err(refused()),
                }
            }
            _ => Err(refused()),
        }
    }

    fn field(&self) -> Option<&str> {
        match self {
            Condition::Equals(field, _) | Condition::StartsWith(field, _) => Some(field),
            Condition::Between(..) => None,
        }
    }
}

/// A number, in quotes or without, as clients write it.
fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

fn invalid(why: &str) -> Failure {
    INVALID_POLICY_DOCUMENT.say(format!("Invalid Policy: {why}"))
}

fn denied(why: &str) -> Failure {
    ACCESS_DENIED.say(format!("Invalid according to Policy: {why}"))
}
