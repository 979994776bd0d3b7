//! Broken constraints, in the sentences that AWS was seen to send.

use facts::{
    OperationFacts, accessanalyzer, cognito_identity, cognito_idp, iam, organizations, sts,
};
use wire::{Refusal, Structure, Value, validate};

fn refused(operation: &OperationFacts, input: &Structure) -> (String, String) {
    let refusal = validate(operation, input)
        .err()
        .unwrap_or(Refusal::new("accepted", 200, ""));
    (
        refusal.code.into_owned(),
        refusal.message.unwrap_or_default(),
    )
}

fn assume_role(role_arn: &str, session: &str) -> Structure {
    Structure::new()
        .with("RoleArn", role_arn)
        .with("RoleSessionName", session)
}

const ROLE: &str = "arn:aws:iam::123456789012:role/r";

#[test]
fn sts_shows_the_value_that_is_wrong() {
    let cases = [
        (assume_role(ROLE, "ab"), "accepted", ""),
        (
            assume_role(ROLE, "a"),
            "ValidationError",
            "1 validation error detected: Value 'a' at 'roleSessionName' failed to satisfy constraint: Member must have length greater than or equal to 2",
        ),
        (
            assume_role(ROLE, "bad/name"),
            "ValidationError",
            r"1 validation error detected: Value 'bad/name' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w+=,.@-]*",
        ),
        (
            assume_role(ROLE, "ab").with("DurationSeconds", 899),
            "ValidationError",
            "1 validation error detected: Value '899' at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to 900",
        ),
        (
            assume_role(ROLE, "ab").with("DurationSeconds", 43_201),
            "ValidationError",
            "1 validation error detected: Value '43201' at 'durationSeconds' failed to satisfy constraint: Member must have value less than or equal to 43200",
        ),
        (
            Structure::new().with("RoleSessionName", "ab"),
            "ValidationError",
            "1 validation error detected: Value null at 'roleArn' failed to satisfy constraint: Member must not be null",
        ),
        (
            assume_role("", "ab"),
            "ValidationError",
            r"2 validation errors detected: Value '' at 'roleArn' failed to satisfy constraint: Member must satisfy regular expression pattern: [\u0009\u000A\u000D\u0020-\u007E\u0085\u00A0-\uD7FF\uE000-\uFFFD\u10000-\u10FFFF]+; Value '' at 'roleArn' failed to satisfy constraint: Member must have length greater than or equal to 20",
        ),
    ];
    for (input, code, message) in cases {
        assert_eq!(
            refused(sts::ASSUME_ROLE, &input),
            (code.to_owned(), message.to_owned())
        );
    }
}

#[test]
fn lengths_count_characters_and_not_bytes() {
    let (code, _) = refused(sts::ASSUME_ROLE, &assume_role(&"é".repeat(2048), "ab"));
    assert_eq!(code, "accepted");
    let (_, message) = refused(
        sts::ASSUME_ROLE,
        &assume_role(&"e\u{301}".repeat(1025), "ab"),
    );
    assert!(
        message.ends_with("Member must have length less than or equal to 2048"),
        "{message}"
    );
}

fn tag(key: Option<&str>, value: Option<&str>) -> Value {
    let mut tag = Structure::new();
    key.into_iter().for_each(|key| tag.insert("Key", key));
    value
        .into_iter()
        .for_each(|value| tag.insert("Value", value));
    Value::Structure(tag)
}

#[test]
fn iam_shows_no_values() {
    let tags = |tags: Vec<Value>| {
        refused(
            iam::TAG_USER,
            &Structure::new().with("UserName", "u").with("Tags", tags),
        )
        .1
    };
    assert_eq!(
        tags(vec![tag(Some("k"), None)]),
        "1 validation error detected: Value at 'tags.1.member.value' failed to satisfy constraint: Member must not be null"
    );
    assert_eq!(
        tags(vec![tag(Some(""), Some("v"))]),
        r"2 validation errors detected: Value at 'tags.1.member.key' failed to satisfy constraint: Member must have length greater than or equal to 1; Value at 'tags.1.member.key' failed to satisfy constraint: Member must satisfy regular expression pattern: [\p{L}\p{Z}\p{N}_.:/=+\-@]+"
    );
    let mut many: Vec<Value> = (0..50)
        .map(|at| tag(Some(&format!("k{at}")), Some("v")))
        .collect();
    many.push(tag(Some("bad#"), Some("v")));
    assert_eq!(
        tags(many),
        r"2 validation errors detected: Value at 'tags' failed to satisfy constraint: Member must have length less than or equal to 50; Value at 'tags.51.member.key' failed to satisfy constraint: Member must satisfy regular expression pattern: [\p{L}\p{Z}\p{N}_.:/=+\-@]+"
    );
}

#[test]
fn wrong_texts_in_a_list_are_one_violation_that_names_every_rule() {
    let keys = vec![Value::from("bad#"), Value::from("good"), Value::from("")];
    let input = Structure::new().with("UserName", "u").with("TagKeys", keys);
    assert_eq!(
        refused(iam::UNTAG_USER, &input).1,
        r"1 validation error detected: Value at 'tagKeys' failed to satisfy constraint: Member must satisfy constraint: [Member must have length less than or equal to 128, Member must have length greater than or equal to 1, Member must satisfy regular expression pattern: [\p{L}\p{Z}\p{N}_.:/=+\-@]+]"
    );
}

#[test]
fn wrong_values_in_a_map_are_told_as_cognito_tells_them() {
    let logins = Value::Map(vec![("accounts.google.com".to_owned(), Value::from(""))]);
    let input = Structure::new()
        .with(
            "IdentityPoolId",
            "us-east-1:00000000-0000-0000-0000-000000000000",
        )
        .with("Logins", logins);
    let (code, message) = refused(cognito_identity::GET_ID, &input);
    assert_eq!(code, "ValidationException");
    assert!(
        message.ends_with("at 'logins' failed to satisfy constraint: Map value must satisfy constraint: [Member must have length less than or equal to 50000, Member must have length greater than or equal to 1]"),
        "{message}"
    );
}

#[test]
fn secrets_are_never_shown() {
    let input = Structure::new()
        .with("ClientId", "c")
        .with("Username", "")
        .with("Password", "bad password\u{0}");
    let (code, message) = refused(cognito_idp::SIGN_UP, &input);
    assert_eq!(code, "InvalidParameterException");
    assert!(
        message.contains("Value at 'password' failed to satisfy constraint"),
        "{message}"
    );
    assert!(!message.contains("bad password"), "{message}");
}

#[test]
fn enums_name_their_values() {
    let input = Structure::new()
        .with("policyDocument", "{}")
        .with("policyType", "NONE");
    let (code, message) = refused(accessanalyzer::VALIDATE_POLICY, &input);
    assert_eq!(code, "ValidationException");
    assert!(message.starts_with("1 validation error detected: Value 'NONE' at 'policyType' failed to satisfy constraint: Member must satisfy enum value set: [IDENTITY_POLICY, "), "{message}");
}

#[test]
fn organizations_gives_a_reason_instead() {
    let refusal = validate(
        organizations::CLOSE_ACCOUNT,
        &Structure::new().with("AccountId", "x"),
    )
    .err();
    let refusal = refusal.unwrap_or(Refusal::new("accepted", 200, ""));
    assert_eq!(refusal.code, "InvalidInputException");
    assert_eq!(refusal.fields.text("Reason"), Some("INVALID_PATTERN"));
}

#[test]
fn iam_has_sentences_of_its_own_for_names_and_paths_once_the_model_is_content() {
    let role = |name: &str, path: &str| {
        let input = Structure::new()
            .with("RoleName", name)
            .with("Path", path)
            .with("AssumeRolePolicyDocument", "{}");
        refused(iam::CREATE_ROLE, &input).1
    };
    assert_eq!(
        role("bad/name", "bad"),
        "The specified value for path is invalid. It must begin and end with / and contain only alphanumeric characters and/or / characters."
    );
    assert_eq!(
        role("bad/name", "/"),
        "The specified value for roleName is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-"
    );
    assert_eq!(
        role(&"a".repeat(65), "bad"),
        "1 validation error detected: Value at 'roleName' failed to satisfy constraint: Member must have length less than or equal to 64"
    );
}

#[test]
fn iam_names_no_enum_values() {
    let input = Structure::new()
        .with("ServiceSpecificCredentialId", "ACCA0000000000000000")
        .with("Status", "Invalid");
    assert_eq!(
        refused(iam::UPDATE_SERVICE_SPECIFIC_CREDENTIAL, &input).1,
        "1 validation error detected: Value at 'status' failed to satisfy constraint: Member must satisfy enum value set"
    );
}

#[test]
fn structures_in_lists_are_shown_as_java_prints_them() {
    let contexts: Vec<Value> = (0..6)
        .map(|_| {
            Value::Structure(
                Structure::new().with("ProviderArn", "arn:aws:iam::aws:contextProvider/x"),
            )
        })
        .collect();
    let (_, message) = refused(
        sts::ASSUME_ROLE,
        &assume_role(ROLE, "ab").with("ProvidedContexts", contexts),
    );
    assert!(
        message.starts_with("1 validation error detected: Value '[ProvidedContext(providerArn=arn:aws:iam::aws:contextProvider/x, contextAssertion=null), "),
        "{message}"
    );
    assert!(
        message.ends_with("' at 'providedContexts' failed to satisfy constraint: Member must have length less than or equal to 5"),
        "{message}"
    );
}
