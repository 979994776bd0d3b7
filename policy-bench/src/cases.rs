//! What the engine is asked.

use std::hint::black_box;
use std::sync::Arc;

use policy::{Context, Document, Grammar, Layers, PolicySet, Principal, Request, decide};

use crate::timing::nanoseconds;

const ACCOUNT: &str = "111122223333";
/// How many buckets the homes of all principals are in.
const HOMES: usize = 97;
const EVERYTHING: &str = r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#;

fn document(statements: &[String]) -> Document {
    let statements = statements.join(",");
    let text = format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#);
    Document::parse(&text, Grammar::Any).expect("the bench writes good policies")
}

/// A set of one document for each hundred statements, as large sets come about.
fn set(statements: Vec<String>) -> PolicySet {
    let documents: Vec<Document> = statements.chunks(100).map(document).collect();
    PolicySet::compile(&documents)
}

/// Statements about different buckets, every tenth with two conditions, every fiftieth a deny.
fn statements(count: usize) -> Vec<String> {
    let statement = |n: usize| {
        let effect = if n % 50 == 49 { "Deny" } else { "Allow" };
        let condition = if n % 10 == 0 {
            r#","Condition":{"StringEquals":{"aws:PrincipalTag/team":["red","blue"]},"Bool":{"aws:SecureTransport":"true"}}"#
        } else {
            ""
        };
        format!(
            r#"{{"Effect":"{effect}","Action":["s3:GetObject","s3:Put*"],"Resource":["arn:aws:s3:::bucket-{n}","arn:aws:s3:::bucket-{n}/*"]{condition}}}"#
        )
    };
    (0..count).map(statement).collect()
}

/// As many keys as a request to the server has.
fn context() -> Context {
    let mut context = Context::new();
    context
        .set("aws:PrincipalArn", "arn:aws:iam::111122223333:role/app")
        .set("aws:PrincipalAccount", ACCOUNT)
        .set("aws:PrincipalType", "AssumedRole")
        .set("aws:userid", "AROAQNZGKIQY56JQ7WMLA:s1")
        .set("aws:username", "ana")
        .set("aws:PrincipalTag/team", "blue")
        .set("aws:RequestedRegion", "us-east-1")
        .set("aws:UserAgent", "aws-cli/2.17.1")
        .set("s3:authType", "REST-HEADER")
        .set("s3:signatureversion", "AWS4-HMAC-SHA256")
        .set_bool("aws:SecureTransport", true)
        .set_address("aws:SourceIp", [10, 0, 0, 1].into())
        .set_time("aws:CurrentTime", 1_700_000_000)
        .set_number("aws:EpochTime", 1_700_000_000);
    context
}

fn session() -> Principal {
    Principal::session(
        "arn:aws:iam::111122223333:role/app",
        "arn:aws:sts::111122223333:assumed-role/app/s1",
        Some("AROAQNZGKIQY56JQ7WMLA"),
    )
}

fn decides(resource: &str, layers: &Layers<'_>, context: &Context, principal: &Principal) -> bool {
    let request = Request {
        principal,
        action: "s3:GetObject",
        resource,
        resource_account: ACCOUNT,
        context,
    };
    decide(black_box(&request), layers).is_allowed()
}

/// Nine statements about other services, and one with a variable and two conditions.
pub(crate) fn ten_statements() -> f64 {
    let others = [
        "ec2", "sqs", "sns", "kms", "iam", "logs", "dynamodb", "lambda", "events",
    ];
    let describe =
        |service| format!(r#"{{"Effect":"Allow","Action":"{service}:Describe*","Resource":"*"}}"#);
    let mut list: Vec<String> = others.iter().map(describe).collect();
    list.push(r#"{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::reports/home/${aws:username}/*","Condition":{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"},"StringLike":{"aws:PrincipalTag/team":"b*"}}}"#.to_owned());
    let set = set(list);
    let layers = Layers {
        identity: Some(&set),
        ..Layers::default()
    };
    let (context, principal) = (context(), session());
    nanoseconds(|| {
        let resource = "arn:aws:s3:::reports/home/ana/q1.csv";
        assert!(decides(resource, &layers, &context, &principal));
    })
}

/// Always a bucket whose statement has the two conditions, and each time another.
pub(crate) fn many_statements(count: usize) -> f64 {
    let set = set(statements(count));
    let layers = Layers {
        identity: Some(&set),
        ..Layers::default()
    };
    let (context, principal) = (context(), session());
    let resources: Vec<String> = (0..count)
        .step_by(10)
        .map(|n| format!("arn:aws:s3:::bucket-{n}/reports/2024/q1.csv"))
        .collect();
    let mut turns = (0..resources.len()).cycle().step_by(7);
    nanoseconds(|| {
        let resource = &resources[turns.next().unwrap_or_default()];
        assert!(decides(resource, &layers, &context, &principal));
    })
}

/// Each principal has a set of its own, and each time another one asks. What is asked for
/// comes with the request, and so it is at hand; the set is wherever it was left.
pub(crate) fn many_principals(count: usize) -> f64 {
    let own = |n: usize| {
        let home = n % HOMES;
        set(vec![
            format!(
                r#"{{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::home-{home}/*"}}"#
            ),
            r#"{"Effect":"Allow","Action":"sqs:*","Resource":"*"}"#.to_owned(),
        ])
    };
    let sets: Vec<PolicySet> = (0..count).map(own).collect();
    let resources: Vec<String> = (0..HOMES)
        .map(|home| format!("arn:aws:s3:::home-{home}/q1.csv"))
        .collect();
    let (context, principal) = (context(), session());
    let mut turn = 0;
    nanoseconds(|| {
        turn = (turn + 7_919) % count;
        let layers = Layers {
            identity: Some(&sets[turn]),
            ..Layers::default()
        };
        assert!(decides(&resources[turn % HOMES], &layers, &context, &principal));
    })
}

/// Three identity policies with thirty statements, boundary, session policy, three levels of
/// service control policies, resource policy.
pub(crate) fn full_chain() -> f64 {
    let identity: Vec<Document> = statements(30).chunks(10).map(document).collect();
    let identity = PolicySet::compile(&identity);
    let boundary = set(vec![
        r#"{"Effect":"Allow","Action":["s3:*","sqs:*","dynamodb:*"],"Resource":"*"}"#.to_owned(),
        r#"{"Effect":"Deny","Action":"iam:*","Resource":"*"}"#.to_owned(),
    ]);
    let session_policy = set(vec![
        r#"{"Effect":"Allow","Action":"s3:Get*","Resource":"arn:aws:s3:::bucket-*"}"#.to_owned(),
    ]);
    let level = |deny: &str| {
        Arc::new(set(vec![
            EVERYTHING.to_owned(),
            format!(
                r#"{{"Effect":"Deny","Action":"{deny}","Resource":"*","Condition":{{"StringNotEquals":{{"aws:RequestedRegion":["us-east-1","eu-west-1"]}}}}}}"#
            ),
        ]))
    };
    let scps = [level("*"), level("organizations:*"), level("s3:*")];
    let resource = set(vec![
        r#"{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::bucket-10","arn:aws:s3:::bucket-10/*"],"Condition":{"Bool":{"aws:SecureTransport":"false"}}}"#.to_owned(),
        r#"{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::444455556666:role/other"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::bucket-10/*"}"#.to_owned(),
    ]);
    let layers = Layers {
        identity: Some(&identity),
        boundary: Some(&boundary),
        session: Some(&session_policy),
        resource: Some(&resource),
        scps: &scps,
        ..Layers::default()
    };
    let (context, principal) = (context(), session());
    nanoseconds(|| {
        let resource = "arn:aws:s3:::bucket-10/reports/2024/q1.csv";
        assert!(decides(resource, &layers, &context, &principal));
    })
}

/// Patterns that make careless matchers slow.
pub(crate) fn hostile_patterns() -> Vec<(&'static str, f64)> {
    let patterns = [
        ("stars", "*a".repeat(1024) + "b", "a".repeat(2048)),
        (
            "one long run",
            format!("*{}b*", "a".repeat(1024)),
            "a".repeat(2048),
        ),
        (
            "a long run of any",
            format!("*{}b*", "?a".repeat(512)),
            "a".repeat(2048),
        ),
        (
            "accents",
            format!("*{}b*", "?é".repeat(256)),
            "é".repeat(1024),
        ),
    ];
    let took = |(name, pattern, text): (&'static str, String, String)| {
        let set = set(vec![format!(
            r#"{{"Effect":"Allow","Action":"*","Resource":"*","Condition":{{"StringLike":{{"k":"{pattern}"}}}}}}"#
        )]);
        let layers = Layers {
            identity: Some(&set),
            ..Layers::default()
        };
        let mut context = Context::new();
        context.set("k", &text);
        let principal = session();
        let took = nanoseconds(|| assert!(!decides("*", &layers, &context, &principal)));
        (name, took)
    };
    patterns.into_iter().map(took).collect()
}

/// The worked examples of the case format.
pub(crate) fn worked_examples() -> Vec<&'static str> {
    include_str!("../../crates/policy/tests/worked-examples.jsonl")
        .lines()
        .collect()
}
