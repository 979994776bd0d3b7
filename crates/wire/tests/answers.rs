//! Answers and errors as each protocol words them.

#![expect(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

use facts::{
    OperationFacts, accessanalyzer, cognito_identity, cognito_idp, iam, organizations, sso,
    sso_oidc, sts,
};
use wire::{ErrorAnswer, Format, Outgoing, Structure, Value, encode, encode_error, status_of};

fn error(code: &'static str, message: &str, status: u16) -> ErrorAnswer {
    ErrorAnswer {
        code: code.into(),
        message: Some(message.to_owned()),
        status,
        fields: Structure::new(),
    }
}

fn body(answer: &Outgoing) -> &str {
    std::str::from_utf8(&answer.body).unwrap()
}

fn fail(operation: &'static OperationFacts, format: Format, error: &ErrorAnswer) -> Outgoing {
    encode_error(operation.service, Some(operation), format, error, "id")
}

#[test]
fn a_query_service_answers_json_when_asked() {
    let output = Structure::new().with(
        "Credentials",
        Structure::new()
            .with("AccessKeyId", "ASIA")
            .with("SecretAccessKey", "s")
            .with("SessionToken", "t")
            .with("Expiration", Value::Timestamp(1_767_323_045_000)),
    );
    let answer = encode(sts::ASSUME_ROLE, Format::QueryJson, &output, "id");
    assert_eq!(answer.header("content-type"), Some("application/json"));
    insta::assert_snapshot!(body(&answer), @r#"{"AssumeRoleResponse":{"AssumeRoleResult":{"Credentials":{"AccessKeyId":"ASIA","SecretAccessKey":"s","SessionToken":"t","Expiration":1767323045}},"ResponseMetadata":{"RequestId":"id"}}}"#);
    let answer = encode(iam::DELETE_ROLE, Format::QueryJson, &Structure::new(), "id");
    insta::assert_snapshot!(body(&answer), @r#"{"DeleteRoleResponse":{"ResponseMetadata":{"RequestId":"id"}}}"#);
    let answer = fail(
        sts::ASSUME_ROLE,
        Format::QueryJson,
        &error("AccessDenied", "no", 403),
    );
    insta::assert_snapshot!(body(&answer), @r#"{"Error":{"Code":"AccessDenied","Message":"no","Type":"Sender"},"RequestId":"id"}"#);
}

#[test]
fn empty_results_and_lists_are_empty_elements() {
    let answer = encode(
        iam::LIST_ROLES,
        Format::QueryXml,
        &Structure::new().with("Roles", vec![]),
        "id",
    );
    assert!(
        body(&answer).contains("<ListRolesResult>\n    <Roles/>\n  </ListRolesResult>"),
        "{}",
        body(&answer)
    );
    let answer = encode(iam::GET_ROLE, Format::QueryXml, &Structure::new(), "id");
    assert!(
        body(&answer).contains("  <GetRoleResult/>\n"),
        "{}",
        body(&answer)
    );
    let answer = encode(iam::DELETE_ROLE, Format::QueryXml, &Structure::new(), "id");
    assert!(!body(&answer).contains("Result"), "{}", body(&answer));
}

#[test]
fn texts_are_escaped_so_that_parsers_read_them_back() {
    let output = Structure::new().with("Arn", "a\r\n\t\u{0}<&>\"é😀\u{FFFF}");
    let answer = encode(sts::GET_CALLER_IDENTITY, Format::QueryXml, &output, "id");
    assert!(
        body(&answer).contains("<Arn>a&#xD;\n\t\u{FFFD}&lt;&amp;&gt;&quot;é😀\u{FFFD}</Arn>"),
        "{}",
        body(&answer)
    );
    let output = Structure::new().with("IdentityId", "a\r\n\t\u{0}\u{1f}\"\\é😀");
    let answer = encode(cognito_identity::GET_ID, Format::Json11, &output, "id");
    assert_eq!(
        body(&answer),
        r#"{"IdentityId":"a\r\n\t\u0000\u001f\"\\é😀"}"#
    );
}

#[test]
fn errors_before_any_operation_have_the_dispatchers_namespace_and_may_have_no_sentence() {
    let mut malformed = error("MalformedInput", "", 400);
    malformed.message = None;
    let answer = encode_error(sts::SERVICE, None, Format::QueryXml, &malformed, "id");
    insta::assert_snapshot!(body(&answer), @r#"
    <ErrorResponse xmlns="http://webservices.amazon.com/AWSFault/2005-15-09">
      <Error>
        <Type>Sender</Type>
        <Code>MalformedInput</Code>
      </Error>
      <RequestId>id</RequestId>
    </ErrorResponse>
    "#);
    let answer = fail(
        iam::GET_ROLE,
        Format::QueryXml,
        &error("ServiceFailure", "x", 500),
    );
    assert!(
        body(&answer).contains("<Type>Receiver</Type>"),
        "{}",
        body(&answer)
    );
}

#[test]
fn cognito_tells_browsers_in_headers_too() {
    let answer = fail(
        cognito_identity::GET_ID,
        Format::Json11,
        &error(
            "NotAuthorizedException",
            "Token is not from a supported provider of this identity pool.",
            400,
        ),
    );
    assert_eq!(answer.status, 400);
    assert_eq!(
        answer.header("x-amzn-errortype"),
        Some("NotAuthorizedException:")
    );
    assert_eq!(
        answer.header("x-amzn-errormessage"),
        Some("Token is not from a supported provider of this identity pool.")
    );
    assert_eq!(answer.header("x-amzn-requestid"), Some("id"));
    assert_eq!(
        answer.header("content-type"),
        Some("application/x-amz-json-1.1")
    );
    insta::assert_snapshot!(body(&answer), @r#"{"__type":"NotAuthorizedException","message":"Token is not from a supported provider of this identity pool."}"#);
    let answer = fail(
        cognito_idp::SIGN_UP,
        Format::Json11,
        &error("UsernameExistsException", "line\nbreak", 400),
    );
    assert_eq!(answer.header("x-amzn-errormessage"), None);
}

#[test]
fn organizations_says_message_with_a_capital_and_adds_the_reason() {
    let refused = error("InvalidInputException", "no", 400).with("Reason", "INVALID_PATTERN");
    let answer = fail(organizations::CLOSE_ACCOUNT, Format::Json11, &refused);
    insta::assert_snapshot!(body(&answer), @r#"{"__type":"InvalidInputException","Message":"no","Reason":"INVALID_PATTERN"}"#);
    let common = fail(
        organizations::CLOSE_ACCOUNT,
        Format::Json11,
        &error("SerializationException", "x", 400),
    );
    insta::assert_snapshot!(body(&common), @r#"{"__type":"SerializationException","Message":"x"}"#);
}

#[test]
fn the_token_endpoint_speaks_oauth_and_names_the_type_in_a_header() {
    let pending = error("AuthorizationPendingException", "wait", 400);
    let answer = fail(sso_oidc::CREATE_TOKEN, Format::RestJson, &pending);
    assert_eq!(
        answer.header("x-amzn-errortype"),
        Some("AuthorizationPendingException")
    );
    insta::assert_snapshot!(body(&answer), @r#"{"error":"authorization_pending","error_description":"wait"}"#);
    let own = error("InternalServerException", "x", 500);
    insta::assert_snapshot!(body(&fail(sso_oidc::CREATE_TOKEN, Format::RestJson, &own)), @r#"{"error":"server_error","error_description":"x"}"#);
    let portal = error(
        "UnauthorizedException",
        "Session token not found or invalid",
        401,
    );
    let answer = fail(sso::LIST_ACCOUNTS, Format::RestJson, &portal);
    assert_eq!(
        (answer.status, answer.header("x-amzn-errortype")),
        (401, Some("UnauthorizedException"))
    );
    insta::assert_snapshot!(body(&answer), @r#"{"message":"Session token not found or invalid"}"#);
}

#[test]
fn members_of_errors_travel_as_headers_where_the_model_says_so() {
    let slow = error("ThrottlingException", "slow down", 429).with("retryAfterSeconds", 3);
    let answer = fail(accessanalyzer::LIST_ANALYZERS, Format::RestJson, &slow);
    assert_eq!(answer.header("retry-after"), Some("3"));
    insta::assert_snapshot!(body(&answer), @r#"{"message":"slow down"}"#);
}

#[test]
fn an_operation_that_gives_nothing_answers_nothing() {
    for operation in [cognito_idp::DELETE_USER, sso::LOGOUT] {
        let format = if operation == sso::LOGOUT {
            Format::RestJson
        } else {
            Format::Json11
        };
        assert_eq!(
            body(&encode(operation, format, &Structure::new(), "id")),
            ""
        );
    }
    assert_eq!(
        body(&encode(
            cognito_idp::SIGN_UP,
            Format::Json11,
            &Structure::new(),
            "id"
        )),
        "{}"
    );
}

#[test]
fn statuses_go_with_codes() {
    for (operation, code, status) in [
        (iam::GET_ROLE, "NoSuchEntity", 404),
        (iam::GET_ROLE, "EntityAlreadyExists", 409),
        (iam::GET_ROLE, "AccessDenied", 403),
        (iam::GET_ROLE, "ValidationError", 400),
        (sts::ASSUME_ROLE, "SignatureDoesNotMatch", 403),
        (cognito_idp::SIGN_UP, "InternalErrorException", 500),
        (cognito_idp::SIGN_UP, "AccessDeniedException", 400),
        (accessanalyzer::LIST_ANALYZERS, "AccessDeniedException", 403),
        (organizations::CLOSE_ACCOUNT, "NotImplemented", 501),
        (
            organizations::CLOSE_ACCOUNT,
            "UnknownOperationException",
            400,
        ),
    ] {
        assert_eq!(status_of(operation, code), status, "{code}");
    }
}
