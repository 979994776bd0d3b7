//! Structures as audit events may show them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use facts::{Kind, OperationFacts, Shape};
use serde_json::{Map, Value as Json};

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

/// A request as CloudTrail's `requestParameters` show it.
#[must_use]
pub fn redact(operation: &OperationFacts, input: &Structure) -> Json {
    structure(operation, operation.input, input)
}

/// An answer as CloudTrail's `responseElements` show it.
#[must_use]
pub fn redact_output(operation: &OperationFacts, output: &Structure) -> Json {
    structure(operation, operation.output, output)
}

fn structure(operation: &OperationFacts, shape: Option<&Shape>, found: &Structure) -> Json {
    let Some(Shape {
        kind: Kind::Structure { members, .. },
        name,
        ..
    }) = shape
    else {
        return Json::Null;
    };
    let present = members
        .iter()
        .filter_map(|member| Some((member, found.get(member.name)?)));
    let shown = present.map(|(member, present)| {
        let shown = if unmarked(operation, name, member.name) {
            hidden()
        } else {
            value(operation, member.shape, present)
        };
        (lower_first(member.name), shown)
    });
    Json::Object(shown.collect::<Map<_, _>>())
}

fn value(operation: &OperationFacts, shape: &Shape, present: &Value) -> Json {
    if shape.sensitive {
        return hidden();
    }
    match (present, &shape.kind) {
        (Value::Structure(found), _) => structure(operation, Some(shape), found),
        (Value::List(values), Kind::List(member, _)) => values
            .iter()
            .map(|element| value(operation, member, element))
            .collect(),
        (
            Value::Map(pairs),
            Kind::Map {
                key, value: entry, ..
            },
        ) if !key.sensitive => Json::Object(
            pairs
                .iter()
                .map(|(name, present)| (name.clone(), value(operation, entry, present)))
                .collect(),
        ),
        (Value::Bool(flag), _) => Json::Bool(*flag),
        (Value::Integer(number), _) => Json::from(*number),
        (Value::Float(number), _) => Json::from(*number),
        (Value::String(text), _) => Json::from(text.as_str()),
        (Value::Blob(bytes), _) => Json::from(STANDARD.encode(bytes)),
        (Value::Timestamp(moment), _) => Json::from(timestamp::for_audit(*moment)),
        (Value::Document(document), _) => document.clone(),
        (Value::Null, _) => Json::Null,
        // What the model does not describe is not shown.
        (Value::List(_) | Value::Map(_), _) => hidden(),
    }
}

fn hidden() -> Json {
    Json::from(HIDDEN)
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
        assert_eq!(
            redact(facts::iam::CREATE_LOGIN_PROFILE, &input),
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
            redact_output(facts::sts::ASSUME_ROLE, &output),
            serde_json::json!({"credentials": {
                "accessKeyId": "ASIA", "secretAccessKey": HIDDEN, "sessionToken": HIDDEN,
                "expiration": "Jan 1, 1970, 12:00:00 AM",
            }})
        );
    }
}
