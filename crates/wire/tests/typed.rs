//! Derived inputs and outputs over real operations.

#![expect(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

use std::fmt;

use facts::iam;
use http::{HeaderMap, Method, header};
use wire::{
    ErrorAnswer, Format, Incoming, Input, Output, Structure, Value, check_input, check_output,
    decode, encode, encode_error, read,
};

/// A type that would live in another crate: it knows nothing of the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
struct RoleName(String);

impl TryFrom<String> for RoleName {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text == "forbidden" {
            return Err(
                "Member must satisfy regular expression pattern: (?!forbidden).*".to_owned(),
            );
        }
        Ok(Self(text))
    }
}

impl fmt::Display for RoleName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[derive(Clone, Debug, PartialEq, Input, Output)]
struct Tag {
    key: String,
    value: String,
}

#[derive(Debug, PartialEq, Input)]
#[wire(ignores("PermissionsBoundary" = "not part of this test"))]
struct CreateRole {
    path: Option<String>,
    #[wire(text)]
    role_name: RoleName,
    assume_role_policy_document: String,
    description: Option<String>,
    #[wire(default)]
    max_session_duration: i32,
    tags: Vec<Tag>,
}

#[derive(Output)]
struct CreatedRole {
    role: Role,
}

#[derive(Output)]
struct Role {
    path: String,
    #[wire(text)]
    role_name: RoleName,
    role_id: String,
    arn: String,
    create_date: jiff::Timestamp,
    description: Option<String>,
    tags: Vec<Tag>,
}

#[derive(Input, Output)]
#[wire(case = "camel")]
struct CamelCase {
    #[wire(name = "SAMLProviderArn")]
    saml_provider_arn: Option<String>,
    role_name: Option<String>,
}

const _: () = check_input::<CreateRole>(iam::CREATE_ROLE);
const _: () = check_output::<CreatedRole>(iam::CREATE_ROLE);

fn form(body: &str) -> Structure {
    let mut headers = HeaderMap::new();
    headers.insert(
        header::CONTENT_TYPE,
        "application/x-www-form-urlencoded; charset=utf-8"
            .parse()
            .unwrap(),
    );
    let incoming = Incoming {
        method: &Method::POST,
        path: "/",
        query: "",
        headers: &headers,
        body: body.as_bytes(),
    };
    decode(iam::CREATE_ROLE, Format::QueryXml, &incoming).unwrap()
}

#[test]
fn a_form_becomes_the_operations_own_input() {
    let structure = form(
        "Action=CreateRole&Version=2010-05-08&RoleName=a+b%2Bc&AssumeRolePolicyDocument=%7B%7D&MaxSessionDuration=%2B0900\
         &Tags.member.2.Key=second&Tags.member.2.Value=&Tags.member.1.Value=v&Tags.member.1.Key=first&RoleName=later&Unknown=1",
    );
    let role: CreateRole = read(iam::CREATE_ROLE, structure).unwrap();
    assert_eq!(
        role,
        CreateRole {
            path: None,
            role_name: RoleName("a b+c".to_owned()),
            assume_role_policy_document: "{}".to_owned(),
            description: None,
            max_session_duration: 900,
            tags: vec![
                Tag {
                    key: "first".to_owned(),
                    value: "v".to_owned()
                },
                Tag {
                    key: "second".to_owned(),
                    value: String::new()
                },
            ],
        }
    );
}

#[test]
fn an_own_type_refuses_in_the_services_words() {
    let structure = form("RoleName=forbidden&AssumeRolePolicyDocument=x");
    let refusal = read::<CreateRole>(iam::CREATE_ROLE, structure).unwrap_err();
    assert_eq!(refusal.code, "ValidationError");
    assert!(refusal.message.unwrap().contains("roleName"));
}

#[test]
fn names_follow_the_case_or_the_attribute() {
    let names: Vec<&str> = <CamelCase as Input>::MEMBERS
        .iter()
        .map(|claim| claim.name)
        .collect();
    assert_eq!(names, ["SAMLProviderArn", "roleName"]);
    let written = CamelCase {
        saml_provider_arn: None,
        role_name: Some("x".to_owned()),
    }
    .into_structure();
    assert_eq!(
        written.iter().collect::<Vec<_>>(),
        [("roleName", &Value::from("x"))]
    );
}

#[test]
fn an_output_is_written_as_iam_writes_it() {
    let role = CreatedRole {
        role: Role {
            path: "/".to_owned(),
            role_name: RoleName("a<b".to_owned()),
            role_id: "AROA".to_owned(),
            arn: "arn".to_owned(),
            create_date: jiff::Timestamp::from_second(1_767_323_045).unwrap(),
            description: None,
            tags: vec![Tag {
                key: "k".to_owned(),
                value: "v".to_owned(),
            }],
        },
    };
    let answer = encode(
        iam::CREATE_ROLE,
        Format::QueryXml,
        &role.into_structure(),
        "id",
    );
    assert_eq!(answer.status, 200);
    insta::assert_snapshot!(String::from_utf8(answer.body).unwrap(), @r#"
    <CreateRoleResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">
      <CreateRoleResult>
        <Role>
          <Path>/</Path>
          <RoleName>a&lt;b</RoleName>
          <RoleId>AROA</RoleId>
          <Arn>arn</Arn>
          <CreateDate>2026-01-02T03:04:05Z</CreateDate>
          <Tags>
            <member>
              <Key>k</Key>
              <Value>v</Value>
            </member>
          </Tags>
        </Role>
      </CreateRoleResult>
      <ResponseMetadata>
        <RequestId>id</RequestId>
      </ResponseMetadata>
    </CreateRoleResponse>
    "#);
}

#[test]
fn an_error_is_written_as_iam_writes_it() {
    let error = ErrorAnswer {
        code: "NoSuchEntity".into(),
        message: Some("The role with name x cannot be found.".to_owned()),
        status: 404,
        fields: Structure::new(),
    };
    let answer = encode_error(
        iam::SERVICE,
        Some(iam::GET_ROLE),
        Format::QueryXml,
        &error,
        "id",
    );
    assert_eq!(answer.status, 404);
    insta::assert_snapshot!(String::from_utf8(answer.body).unwrap(), @r#"
    <ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">
      <Error>
        <Type>Sender</Type>
        <Code>NoSuchEntity</Code>
        <Message>The role with name x cannot be found.</Message>
      </Error>
      <RequestId>id</RequestId>
    </ErrorResponse>
    "#);
}
