//! Structures as audit events may show them.

use std::collections::BTreeMap;

use facts::{Kind, OperationFacts, Shape};

use crate::json_object::JsonObject;
use crate::json_text;
use crate::timestamp;
use crate::validate::lower_first;
use crate::value::{Structure, Value};

/// What stands in place of a secret, as in CloudTrail.
pub const HIDDEN: &str = "HIDDEN_DUE_TO_SECURITY_REASONS";

/// Secrets that the models do not mark, by the service, the structure and the member.
/// Each is a credential, a one-time code, or something that a credential can be had for.
const UNMARKED: &[(&str, &str, &str)] = &[
    ("cognito-identity", "*", "Logins"),
    // Twitter's is a key with its secret.
    ("cognito-identity", "*", "SupportedLoginProviders"),
    ("cognito-identity", "Credentials", "SessionToken"),
    ("cognito-idp", "*", "ConfirmationCode"),
    (
        "cognito-idp",
        "DeviceSecretVerifierConfigType",
        "PasswordVerifier",
    ),
    ("cognito-idp", "DeviceSecretVerifierConfigType", "Salt"),
    ("cognito-idp", "VerifyUserAttributeRequest", "Code"),
    ("signin", "AccessToken", "secretAccessKey"),
    ("signin", "AccessToken", "sessionToken"),
    ("signin", "CreateOAuth2TokenRequestBody", "code"),
    ("signin", "CreateOAuth2TokenRequestBody", "codeVerifier"),
    ("signin", "CreateOAuth2TokenResponseBody", "idToken"),
    ("sso-oidc", "*", "code"),
    ("sso-oidc", "*", "deviceCode"),
    ("sso-oidc", "*", "userCode"),
    ("sso-oidc", "*", "verificationUriComplete"),
    ("sts", "*", "TokenCode"),
    ("sts", "Credentials", "SessionToken"),
    ("sts", "ProvidedContext", "ContextAssertion"),
];

/// Writes a request as CloudTrail's `requestParameters` show it.
pub fn redact(out: &mut String, operation: &OperationFacts, input: &Structure) {
    structure(out, operation, operation.input, input);
}

/// Writes an answer as CloudTrail's `responseElements` show it.
pub fn redact_output(out: &mut String, operation: &OperationFacts, output: &Structure) {
    structure(out, operation, operation.output, output);
}

fn structure(
    out: &mut String,
    operation: &OperationFacts,
    shape: Option<&Shape>,
    found: &Structure,
) {
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
            let place = object.member_named(&lower_first(member.name));
            if unmarked(operation, name, member.name) {
                json_text::string(place, HIDDEN);
            } else {
                value(place, operation, member.shape, present);
            }
        }
    });
}

fn value(out: &mut String, operation: &OperationFacts, shape: &Shape, present: &Value) {
    if shape.sensitive {
        return json_text::string(out, HIDDEN);
    }
    match (present, &shape.kind) {
        (Value::Structure(found), _) => structure(out, operation, Some(shape), found),
        (Value::List(values), Kind::List(member, _)) => {
            out.push('[');
            for (at, element) in values.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                value(out, operation, member, element);
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
                    value(object.member_named(name), operation, entry, present);
                }
            });
        }
        (Value::Timestamp(moment), _) => json_text::string(out, &timestamp::for_audit(*moment)),
        // What the model does not describe is not shown.
        (Value::List(_) | Value::Map(_), _) => json_text::string(out, HIDDEN),
        _ => json_text::value(out, shape, present),
    }
}

fn unmarked(operation: &OperationFacts, shape: &str, member: &str) -> bool {
    UNMARKED.iter().any(|(service, structure, name)| {
        *service == operation.service.name
            && *name == member
            && (*structure == "*" || *structure == shape)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unmarked_secret_is_still_in_its_model() {
        for (service, structure, member) in UNMARKED {
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
