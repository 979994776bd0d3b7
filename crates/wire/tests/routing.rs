//! Every way in which a request names its operation.

use facts::{OperationFacts, accessanalyzer, cognito_identity, iam, signin, sso, sso_oidc, sts};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use wire::route::{Route, route};
use wire::{Format, Incoming};

struct Request<'r> {
    method: Method,
    target: &'r str,
    headers: &'r [(&'static str, &'r str)],
    body: &'r str,
    host: Option<&'r str>,
    scope: Option<&'r str>,
}

const PLAIN: Request<'static> = Request {
    method: Method::POST,
    target: "/",
    headers: &[],
    body: "",
    host: None,
    scope: None,
};
const FORM: (&str, &str) = (
    "content-type",
    "application/x-www-form-urlencoded; charset=utf-8",
);

/// The operation, the format, or in words where else the request goes.
fn routed(request: &Request<'_>) -> String {
    let headers: HeaderMap = request
        .headers
        .iter()
        .filter_map(|(name, value)| {
            Some((
                HeaderName::from_static(name),
                HeaderValue::from_str(value).ok()?,
            ))
        })
        .collect();
    let (path, query) = request
        .target
        .split_once('?')
        .unwrap_or((request.target, ""));
    let incoming = Incoming {
        method: &request.method,
        path,
        query,
        headers: &headers,
        body: request.body.as_bytes(),
    };
    match route(&incoming, request.host, request.scope) {
        Ok(Route::Operation { op, format }) => shown(op, format),
        Ok(Route::S3) => "s3".to_owned(),
        Ok(Route::Elsewhere { location }) => location,
        Err(unrouted) => {
            let refusal = &unrouted.refusal;
            let message = refusal.message.as_deref().unwrap_or("-");
            format!(
                "{} {} {} {message}",
                unrouted.service.name, refusal.status, refusal.code
            )
        }
    }
}

fn shown(operation: &OperationFacts, format: Format) -> String {
    format!("{}:{} {format:?}", operation.service.name, operation.name)
}

#[test]
fn what_is_asked_decides_and_not_the_scope() {
    let sts = shown(sts::GET_CALLER_IDENTITY, Format::QueryXml);
    let form = |body, scope| {
        routed(&Request {
            headers: &[FORM],
            body,
            scope,
            ..PLAIN
        })
    };
    for scope in ["sts", "iam", "s3", "cognito-identity", "no-service"] {
        let body = "Action=GetCallerIdentity&Version=2011-06-15";
        assert_eq!(form(body, Some(scope)), sts, "{scope}");
        let body = "Action=ListUsers&Version=2010-05-08";
        let iam = shown(iam::LIST_USERS, Format::QueryXml);
        assert_eq!(form(body, Some(scope)), iam, "{scope}");
        let presigned = Request {
            method: Method::GET,
            target: "/?Action=GetCallerIdentity&Version=2011-06-15",
            scope: Some(scope),
            ..PLAIN
        };
        assert_eq!(routed(&presigned), sts, "{scope}");
        let target = (
            "x-amz-target",
            "AWSCognitoIdentityService.ListIdentityPools",
        );
        let json = Request {
            headers: &[target, ("content-type", "application/x-amz-json-1.1")],
            body: "{}",
            scope: Some(scope),
            ..PLAIN
        };
        let pools = shown(cognito_identity::LIST_IDENTITY_POOLS, Format::Json11);
        assert_eq!(routed(&json), pools, "{scope}");
    }
    for scope in ["sts", "organizations"] {
        let rest = Request {
            method: Method::PUT,
            target: "/analyzer",
            scope: Some(scope),
            ..PLAIN
        };
        let analyzer = shown(accessanalyzer::CREATE_ANALYZER, Format::RestJson);
        assert_eq!(routed(&rest), analyzer, "{scope}");
    }
}

#[test]
fn where_nothing_is_asked_the_scope_decides() {
    let form = |body, scope| {
        routed(&Request {
            headers: &[FORM],
            body,
            scope: Some(scope),
            ..PLAIN
        })
    };
    let unknown = "Action=GetCallerIdentity&Version=2000-01-01";
    let sentence = "Could not find operation GetCallerIdentity for version 2000-01-01";
    for scope in ["sts", "iam"] {
        let answer = format!("{scope} 400 InvalidAction {sentence}");
        assert_eq!(form(unknown, scope), answer);
    }
    assert_eq!(form(unknown, "s3"), "s3");
    // Only the scope tells an analyzer from a bucket of that name.
    let bucket = Request {
        method: Method::PUT,
        target: "/analyzer",
        headers: &[("x-amz-target", "AWSCognitoIdentityService.GetId")],
        scope: Some("s3"),
        ..PLAIN
    };
    assert_eq!(routed(&bucket), "s3");
}

#[test]
fn an_aws_host_name_decides_before_all() {
    let request = Request {
        headers: &[FORM],
        body: "Action=GetCallerIdentity&Version=2011-06-15",
        host: Some("iam.amazonaws.com"),
        scope: Some("sts"),
        ..PLAIN
    };
    assert_eq!(
        routed(&request),
        "iam 400 InvalidAction Could not find operation GetCallerIdentity for version 2011-06-15"
    );
}

#[test]
fn query_requests_are_answered_as_sts_answers_them() {
    let post = |body: &'static str| {
        routed(&Request {
            headers: &[FORM],
            body,
            scope: Some("sts"),
            ..PLAIN
        })
    };
    let good = shown(sts::GET_CALLER_IDENTITY, Format::QueryXml);
    assert_eq!(
        post("Action=GetCallerIdentity&Action=NoSuchAction&Version=2011-06-15&Version=2000-01-01"),
        good
    );
    for (body, sentence) in [
        (
            "Action=NoSuchAction&Version=2011-06-15",
            "NoSuchAction for version 2011-06-15",
        ),
        (
            "Action=GetCallerIdentity",
            "GetCallerIdentity for version NO_VERSION_SPECIFIED",
        ),
        (
            "Action=GetCallerIdentity&Version=",
            "GetCallerIdentity for version ",
        ),
        ("Action=&Version=2011-06-15", " for version 2011-06-15"),
        (
            "Action=NoSuchAction&Action=GetCallerIdentity&Version=2011-06-15",
            "NoSuchAction for version 2011-06-15",
        ),
    ] {
        assert_eq!(
            post(body),
            format!("sts 400 InvalidAction Could not find operation {sentence}")
        );
    }
    assert_eq!(post("Version=2011-06-15"), "https://aws.amazon.com/iam");
    let untyped = Request {
        body: "Action=GetCallerIdentity&Version=2011-06-15",
        scope: Some("sts"),
        ..PLAIN
    };
    assert_eq!(routed(&untyped), "https://aws.amazon.com/iam");
    let get = Request {
        method: Method::GET,
        target: "/?Version=2011-06-15",
        scope: Some("sts"),
        ..PLAIN
    };
    assert_eq!(
        routed(&get),
        "https://aws.amazon.com/iam?Version=2011-06-15"
    );
    let get = Request {
        method: Method::GET,
        target: "/?Action=GetCallerIdentity&Version=2011-06-15",
        headers: &[("accept", "application/json")],
        scope: Some("sts"),
        ..PLAIN
    };
    assert_eq!(
        routed(&get),
        shown(sts::GET_CALLER_IDENTITY, Format::QueryJson)
    );
}

#[test]
fn unsigned_calls_are_found_by_target_form_host_and_path() {
    let target = ("x-amz-target", "AWSCognitoIdentityService.GetId");
    let json = ("content-type", "application/x-amz-json-1.1");
    assert_eq!(
        routed(&Request {
            headers: &[target, json],
            body: "{}",
            ..PLAIN
        }),
        shown(cognito_identity::GET_ID, Format::Json11)
    );
    let body = "Action=AssumeRoleWithWebIdentity&Version=2011-06-15";
    assert_eq!(
        routed(&Request {
            headers: &[FORM],
            body,
            ..PLAIN
        }),
        shown(sts::ASSUME_ROLE_WITH_WEB_IDENTITY, Format::QueryXml)
    );
    assert_eq!(
        routed(&Request {
            method: Method::GET,
            target: "/?Action=ListUsers&Version=2010-05-08",
            ..PLAIN
        }),
        shown(iam::LIST_USERS, Format::QueryXml)
    );
    for (method, target, operation) in [
        (Method::POST, "/token", sso_oidc::CREATE_TOKEN),
        (Method::POST, "/client/register", sso_oidc::REGISTER_CLIENT),
        (
            Method::POST,
            "/device_authorization",
            sso_oidc::START_DEVICE_AUTHORIZATION,
        ),
        (
            Method::POST,
            "/token?aws_iam=t",
            sso_oidc::CREATE_TOKEN_WITH_IAM,
        ),
        (Method::POST, "/v1/token", signin::CREATE_O_AUTH2_TOKEN),
        (
            Method::GET,
            "/federation/credentials?role_name=a&account_id=1",
            sso::GET_ROLE_CREDENTIALS,
        ),
        (
            Method::GET,
            "/assignment/roles?account_id=1",
            sso::LIST_ACCOUNT_ROLES,
        ),
    ] {
        assert_eq!(
            routed(&Request {
                method,
                target,
                ..PLAIN
            }),
            shown(operation, Format::RestJson)
        );
    }
    let bearer = [("x-amz-sso_bearer_token", "t")];
    let request = Request {
        target: "/logout",
        headers: &bearer,
        ..PLAIN
    };
    assert_eq!(routed(&request), shown(sso::LOGOUT, Format::RestJson));
    let request = Request {
        method: Method::GET,
        target: "/assignment/accounts",
        host: Some("portal.sso.eu-west-1.amazonaws.com"),
        headers: &bearer,
        ..PLAIN
    };
    assert_eq!(
        routed(&request),
        shown(sso::LIST_ACCOUNTS, Format::RestJson)
    );
}

#[test]
fn hosts_name_services() {
    for (host, answer) in [
        ("sts.amazonaws.com", "https://aws.amazon.com/iam"),
        (
            "sts.eu-central-1.amazonaws.com:443",
            "https://aws.amazon.com/iam",
        ),
        (
            "sts-fips.us-east-1.amazonaws.com",
            "https://aws.amazon.com/iam",
        ),
        ("iam.amazonaws.com", "https://aws.amazon.com/iam"),
        (
            "cognito-identity.us-east-1.amazonaws.com",
            "cognito-identity 400 UnknownOperationException -",
        ),
        (
            "oidc.us-east-1.amazonaws.com",
            "sso-oidc 404 UnknownOperationException -",
        ),
        (
            "sso.us-east-1.amazonaws.com",
            "sso-admin 400 UnknownOperationException -",
        ),
        (
            "eu-west-1.signin.aws.amazon.com",
            "signin 404 UnknownOperationException -",
        ),
        (
            "organizations.us-east-1.amazonaws.com",
            "organizations 400 UnknownOperationException -",
        ),
        ("s3.amazonaws.com", "s3"),
        ("sts.s3.eu-west-1.amazonaws.com", "s3"),
        ("127.0.0.1:4566", "s3"),
        ("[::1]:4566", "s3"),
        ("example.com", "s3"),
    ] {
        assert_eq!(
            routed(&Request {
                host: Some(host),
                ..PLAIN
            }),
            answer,
            "{host}"
        );
    }
}

#[test]
fn rest_paths_bind_by_their_constant_parts() {
    let signed = |method, target| Request {
        method,
        target,
        scope: Some("access-analyzer"),
        ..PLAIN
    };
    for (method, target, operation) in [
        (Method::PUT, "/analyzer", accessanalyzer::CREATE_ANALYZER),
        (Method::GET, "/analyzer/a%2Fb", accessanalyzer::GET_ANALYZER),
        (
            Method::GET,
            "/analyzer/a/archive-rule/r",
            accessanalyzer::GET_ARCHIVE_RULE,
        ),
        (
            Method::POST,
            "/analyzer/findings/statistics",
            accessanalyzer::GET_FINDINGS_STATISTICS,
        ),
        (
            Method::GET,
            "/policy/generation",
            accessanalyzer::LIST_POLICY_GENERATIONS,
        ),
        (
            Method::DELETE,
            "/tags/arn%3Aaws%3Ax?tagKeys=a",
            accessanalyzer::UNTAG_RESOURCE,
        ),
    ] {
        assert_eq!(
            routed(&signed(method, target)),
            shown(operation, Format::RestJson)
        );
    }
    for (method, target) in [
        (Method::POST, "/analyzer"),
        (Method::GET, "/analyzer/"),
        (Method::GET, "/nothing"),
        (Method::GET, "/analyzer/%zz"),
    ] {
        assert_eq!(
            routed(&signed(method, target)),
            "accessanalyzer 404 UnknownOperationException -"
        );
    }
}

#[test]
fn everything_else_is_for_s3() {
    for (method, target) in [
        (Method::GET, "/"),
        (Method::GET, "/bucket/key"),
        (Method::PUT, "/token"),
        (Method::GET, "/federation/credentials"),
        (Method::POST, "/bucket?delete"),
        (Method::GET, "/bucket?Action=ListUsers&Version=2010-05-08"),
    ] {
        assert_eq!(
            routed(&Request {
                method,
                target,
                ..PLAIN
            }),
            "s3"
        );
    }
}

#[test]
fn a_query_endpoint_without_an_action_sends_browsers_to_its_page() {
    let answer = Route::redirect("https://aws.amazon.com/iam", "id");
    assert_eq!(
        (answer.status, answer.header("location")),
        (302, Some("https://aws.amazon.com/iam"))
    );
    assert!(answer.body.is_empty());
}
