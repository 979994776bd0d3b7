//! How long decisions take, by the number of statements and by what is asked.

#![expect(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a benchmark stops where it breaks, and criterion's macro writes no docs"
)]

use std::hint::black_box;
use std::sync::Arc;

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use policy::{Context, Decision, Document, Grammar, Layers, PolicySet, Principal, Request, decide};

const ACCOUNT: &str = "111122223333";

fn document(statements: &[String]) -> Document {
    let text = format!(
        r#"{{"Version":"2012-10-17","Statement":[{}]}}"#,
        statements.join(",")
    );
    Document::parse(&text, Grammar::Any).unwrap()
}

/// A set of one document for each hundred statements, as large sets come about.
fn set(statements: Vec<String>) -> PolicySet {
    let documents: Vec<Document> = statements.chunks(100).map(document).collect();
    PolicySet::compile(&documents)
}

/// Statements about different buckets, every tenth with two conditions, every fiftieth a deny.
fn statements(count: usize) -> Vec<String> {
    (0..count)
        .map(|n| {
            let effect = if n % 50 == 49 { "Deny" } else { "Allow" };
            let condition = if n % 10 == 0 {
                r#","Condition":{"StringEquals":{"aws:PrincipalTag/team":["red","blue"]},"Bool":{"aws:SecureTransport":"true"}}"#
            } else {
                ""
            };
            format!(
                r#"{{"Effect":"{effect}","Action":["s3:GetObject","s3:Put*"],"Resource":["arn:aws:s3:::bucket-{n}","arn:aws:s3:::bucket-{n}/*"]{condition}}}"#
            )
        })
        .collect()
}

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

fn identity_only(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("identity");
    let context = context();
    let principal = session();
    for count in [1, 10, 100, 1_000, 10_000] {
        let set = set(statements(count));
        let layers = Layers {
            identity: Some(&set),
            ..Layers::default()
        };
        // Always a bucket whose statement has the two conditions, and each time another.
        let resources: Vec<String> = (0..count)
            .step_by(10)
            .map(|n| format!("arn:aws:s3:::bucket-{n}/reports/2024/q1.csv"))
            .collect();
        group.bench_function(BenchmarkId::new("allowed", count), |bencher| {
            let mut turn = 0;
            bencher.iter(|| {
                turn = (turn + 7) % resources.len();
                let request = Request {
                    principal: &principal,
                    action: "s3:GetObject",
                    resource: black_box(&resources[turn]),
                    resource_account: ACCOUNT,
                    context: &context,
                };
                let verdict = decide(&request, &layers);
                assert_eq!(verdict.decision, Decision::Allowed);
            });
        });
        group.bench_function(BenchmarkId::new("refused", count), |bencher| {
            bencher.iter(|| {
                let request = Request {
                    principal: &principal,
                    action: "s3:DeleteObject",
                    resource: black_box("arn:aws:s3:::bucket-0/reports/2024/q1.csv"),
                    resource_account: ACCOUNT,
                    context: &context,
                };
                let verdict = decide(&request, &layers);
                assert_eq!(verdict.decision, Decision::ImplicitDeny);
            });
        });
    }
    group.finish();
}

/// Ten statements about different services, the two conditions on the one that allows.
fn ten_services(criterion: &mut Criterion) {
    let mut list: Vec<String> = [
        "ec2", "sqs", "sns", "kms", "iam", "logs", "dynamodb", "lambda", "events",
    ]
    .iter()
    .map(|service| format!(r#"{{"Effect":"Allow","Action":"{service}:Describe*","Resource":"*"}}"#))
    .collect();
    list.push(
        r#"{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::reports/home/${aws:username}/*","Condition":{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"},"StringLike":{"aws:PrincipalTag/team":"b*"}}}"#.to_owned(),
    );
    let set = set(list);
    let (context, principal) = (context(), session());
    let layers = Layers {
        identity: Some(&set),
        ..Layers::default()
    };
    criterion.bench_function("ten statements, variable, two conditions", |bencher| {
        bencher.iter(|| {
            let request = Request {
                principal: &principal,
                action: "s3:GetObject",
                resource: black_box("arn:aws:s3:::reports/home/ana/q1.csv"),
                resource_account: ACCOUNT,
                context: &context,
            };
            assert!(decide(&request, &layers).is_allowed());
        });
    });
}

fn full_chain(criterion: &mut Criterion) {
    let everything = r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#.to_owned();
    let identity = set(statements(30));
    let boundary = set(vec![
        r#"{"Effect":"Allow","Action":["s3:*","sqs:*","dynamodb:*"],"Resource":"*"}"#.to_owned(),
        r#"{"Effect":"Deny","Action":"iam:*","Resource":"*"}"#.to_owned(),
    ]);
    let session_policy = set(vec![
        r#"{"Effect":"Allow","Action":"s3:Get*","Resource":"arn:aws:s3:::bucket-*"}"#.to_owned(),
    ]);
    let scp = |deny: &str| {
        Arc::new(set(vec![
            everything.clone(),
            format!(
                r#"{{"Effect":"Deny","Action":"{deny}","Resource":"*","Condition":{{"StringNotEquals":{{"aws:RequestedRegion":["us-east-1","eu-west-1"]}}}}}}"#
            ),
        ]))
    };
    let scps = [scp("*"), scp("organizations:*"), scp("s3:*")];
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
    criterion.bench_function("full chain", |bencher| {
        bencher.iter(|| {
            let request = Request {
                principal: &principal,
                action: "s3:GetObject",
                resource: black_box("arn:aws:s3:::bucket-10/reports/2024/q1.csv"),
                resource_account: ACCOUNT,
                context: &context,
            };
            assert!(decide(&request, &layers).is_allowed());
        });
    });
}

fn eval_lines(criterion: &mut Criterion) {
    let lines: Vec<&str> = include_str!("../tests/worked-examples.jsonl")
        .lines()
        .collect();
    let mut group = criterion.benchmark_group("eval");
    group.throughput(Throughput::Elements(lines.len() as u64));
    group.bench_function("the worked examples", |bencher| {
        bencher.iter(|| {
            for line in &lines {
                black_box(policy::eval::line(black_box(line)));
            }
        });
    });
    group.finish();
}

/// Patterns that make careless matchers slow, 2 KB each against 2 KB.
fn hostile_patterns(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("2 KB against 2 KB");
    let patterns = [
        ("stars", "*a".repeat(1024) + "b"),
        ("one long run", format!("*{}b*", "a".repeat(1024))),
        ("a long run of any", format!("*{}b*", "?a".repeat(512))),
        ("accents", format!("*{}b*", "?é".repeat(256))),
    ];
    for (name, pattern) in patterns {
        let text = if name == "accents" {
            "é".repeat(1024)
        } else {
            "a".repeat(2048)
        };
        let set = set(vec![format!(
            r#"{{"Effect":"Allow","Action":"*","Resource":"*","Condition":{{"StringLike":{{"k":"{pattern}"}}}}}}"#
        )]);
        let mut context = Context::new();
        context.set("k", &text);
        let principal = session();
        let layers = Layers {
            identity: Some(&set),
            ..Layers::default()
        };
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let request = Request {
                    principal: &principal,
                    action: "s3:GetObject",
                    resource: "*",
                    resource_account: ACCOUNT,
                    context: &context,
                };
                assert!(!decide(black_box(&request), &layers).is_allowed());
            });
        });
    }
    group.finish();
}

fn compile(criterion: &mut Criterion) {
    criterion.bench_function("compile 100 statements", |bencher| {
        let document = document(&statements(100));
        bencher.iter_batched(
            || (),
            |()| PolicySet::compile([black_box(&document)]),
            BatchSize::SmallInput,
        );
    });
}

criterion_group!(
    benches,
    identity_only,
    ten_services,
    full_chain,
    eval_lines,
    hostile_patterns,
    compile
);
criterion_main!(benches);
