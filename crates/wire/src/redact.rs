//! Structures as audit events may show them.

use std::collections::BTreeMap;

use facts::{Kind, OperationFacts, Shape};

use crate::json_object::JsonObject;
use crate::json_text;
use crate::timestamp;
use crate::value::{Structure, Value};

/// What stands in place of a secret, as in CloudTrail.
pub const HIDDEN: &str = "HIDDEN_DUE_TO_SECURITY_REASONS";

/// The structures (`*` for all) and their members that hold secrets which the models do not
/// mark. Each is a credential, a one-time code, or something that a credential can be had for.
type Unmarked = &'static [(&'static str, &'static str)];

/// Those of each service that has some.
const UNMARKED: &[(&str, Unmarked)] = &[
    (
        "cognito-identity",
        &[
            ("*", "Logins"),
            // Twitter's is a key with its secret.
            ("*", "SupportedLoginProviders"),
            ("Credentials", "SessionToken"),
        ],
    ),
    (
        "cognito-idp",
        &[
            ("*", "ConfirmationCode"),
            ("DeviceSecretVerifierConfigType", "PasswordVerifier"),
            ("DeviceSecretVerifierConfigType", "Salt"),
            ("VerifyUserAttributeRequest", "Code"),
        ],
    ),
    (
        "signin",
        &[
            ("AccessToken", "secretAccessKey"),
            ("AccessToken", "sessionToken"),
            ("CreateOAuth2TokenRequestBody", "code"),
            ("CreateOAuth2TokenRequestBody", "codeVerifier"),
            ("CreateOAuth2TokenResponseBody", "idToken"),
        ],
    ),
    (
        "sso-oidc",
        &[
            ("*", "code"),
            ("*", "deviceCode"),
            ("*", "userCode"),
            ("*", "verificationUriComplete"),
        ],
    ),
    (
        "sts",
        &[
            ("*", "TokenCode"),
            ("Credentials", "SessionToken"),
            ("ProvidedContext", "ContextAssertion"),
        ],
    ),
];

/// Writes a request as CloudTrail's `requestParameters` show it.
pub fn redact(out: &mut String, operation: &OperationFacts, input: &Structure) {
    Redaction::of(operation).structure(out, operation.input, input);
}

/// Writes an answer as CloudTrail's `responseElements` show it.
pub fn redact_output(out: &mut String, operation: &OperationFacts, output: &Structure) {
    Redaction::of(operation).structure(out, operation.output, output);
}

struct Redaction {
    unmarked: Unmarked,
}

impl Redaction {
    fn of(operation: &OperationFacts) -> Redaction {
        let mut services = UNMARKED.iter();
        let found = services.find(|(service, _)| *service == operation.service.name);
        Redaction {
            unmarked: found.map_or(&[], |(_, unmarked)| unmarked),
        }
    }

    fn structure(&self, out: &mut String, shape: Option<&Shape>, found: &Structure) {
        let Some(Shape {
            kind: Kind::Structure { members, .. },
            name,
            ..
        }) = shape
        else {
            out.push_str("null");
            return;
        };
        JsonObject::write(out, |object| {
            for member in *members {
                let Some(present) = found.get(member.name) else {
                    continue;
                };
                let place = object.member_begun_small(member.name);
                if self.hides(name, member.name) {
                    json_text::string(place, HIDDEN);
                } else {
                    self.value(place, member.shape, present);
                }
            }
        });
    }

    fn value(&self, out: &mut String, shape: &Shape, present: &Value) {
        if shape.sensitive {
            return json_text::string(out, HIDDEN);
        }
        match (present, &shape.kind) {
            (Value::Structure(found), _) => self.structure(out, Some(shape), found),
            (Value::List(values), Kind::List(member, _)) => {
                out.push('[');
                for (at, element) in values.iter().enumerate() {
                    if at > 0 {
                        out.push(',');
                    }
                    self.value(out, member, element);
                }
                out.push(']');
            }
            (
                Value::Map(pairs),
                Kind::Map {
                    key, value: entry, ..
                },
            ) if !key.sensitive => {
                // Of equal names the last stands, and a name stands once.
                let pairs: BTreeMap<&str, &Value> = pairs
                    .iter()
                    .map(|(name, present)| (name.as_str(), present))
                    .collect();
                JsonObject::write(out, |object| {
                    for (name, present) in pairs {
                        self.value(object.member_named(name), entry, present);
                    }
                });
            }
            (Value::Timestamp(moment), _) => json_text::string(out, &timestamp::for_audit(*moment)),
            // What the model does not describe is not shown.
            (Value::List(_) | Value::Map(_), _) => json_text::string(out, HIDDEN),
            _ => json_text::value(out, shape, present),
        }
    }

    fn hides(&self, shape: &str, member: &str) -> bool {
        let is_it = |(structure, name): &(&str, &str)| {
            *name == member && (*structure == "*" || *structure == shape)
        };
        self.unmarked.iter().any(is_it)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unmarked_secret_is_still_in_its_model() {
        let all = UNMARKED
            .iter()
            .flat_map(|(service, unmarked)| unmarked.iter().map(move |found| (service, found)));
        for (service, (structure, member)) in all {
            let operations = facts::service(service).unwrap().operations;
            let shapes = operations
                .iter()
                .flat_map(|operation| [operation.input, operation.output])
                .flatten();
            let mut found = false;
            for shape in shapes {
                walk(shape, 0, &mut |shape| {
                    if let Kind::Structure { members, .. } = &shape.kind {
                        let named = *structure == "*" || *structure == shape.name;
                        found |= named && members.iter().any(|found| found.name == *member);
                    }
                });
            }
            assert!(found, "{service} {structure} {member}");
        }
    }

    fn walk(shape: &'static Shape, depth: usize, visit: &mut dyn FnMut(&'static Shape)) {
        visit(shape);
        match &shape.kind {
            Kind::Structure { members, .. } if depth < 8 => {
                members
                    .iter()
                    .for_each(|member| walk(member.shape, depth + 1, visit));
            }
            Kind::List(member, _) if depth < 8 => walk(member, depth + 1, visit),
            _ => {}
        }
    }

    #[test]
    fn secrets_are_hidden_and_names_begin_small() {
        let input = Structure::new()
            .with("UserName", "ann")
            .with("Password", "hunter2");
        let shown = |write: &dyn Fn(&mut String)| -> serde_json::Value {
            let mut out = String::new();
            write(&mut out);
            serde_json::from_str(&out).unwrap()
        };
        assert_eq!(
            shown(&|out| redact(out, facts::iam::CREATE_LOGIN_PROFILE, &input)),
            serde_json::json!({"userName": "ann", "password": HIDDEN})
        );
        let output = Structure::new().with(
            "Credentials",
            Structure::new()
                .with("AccessKeyId", "ASIA")
                .with("SecretAccessKey", "s")
                .with("SessionToken", "t")
                .with("Expiration", Value::Timestamp(0)),
        );
        assert_eq!(
            shown(&|out| redact_output(out, facts::sts::ASSUME_ROLE, &output)),
            serde_json::json!({"credentials": {
                "accessKeyId": "ASIA", "secretAccessKey": HIDDEN, "sessionToken": HIDDEN,
                "expiration": "Jan 1, 1970, 12:00:00 AM",
            }})
        );
    }
}
