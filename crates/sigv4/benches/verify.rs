//! What a signature costs to check. Every request differs, so nothing can be remembered.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    missing_docs,
    reason = "a benchmark may panic"
)]

use std::hint::black_box;

use aws::Secret;
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use http::{HeaderMap, HeaderValue};
use sigv4::{Parts, Rules, Signature, SigningSecret, presented, presign, sign, verify};

const NOW_S: i64 = 1_767_323_045;
const BODY: &[u8] = b"Action=GetCallerIdentity&Version=2011-06-15";

fn secret() -> Secret<String> {
    Secret::new("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned())
}

fn signature<'a>(secret: &'a Secret<String>, service: &'a str) -> Signature<'a> {
    Signature {
        access_key_id: "ASIAQAAAAAAAEXAMPLE2",
        secret,
        region: "us-east-1",
        service,
        now_s: NOW_S,
    }
}

fn parts<'a>(method: &'a str, path: &'a str, query: &'a str, headers: &'a HeaderMap) -> Parts<'a> {
    Parts {
        method,
        path,
        query,
        headers,
        authority: None,
    }
}

fn headers(number: u64) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let token = format!("{number:0700}");
    for (name, value) in [
        ("host", "127.0.0.1:4566"),
        ("accept-encoding", "identity"),
        (
            "content-type",
            "application/x-www-form-urlencoded; charset=utf-8",
        ),
        (
            "user-agent",
            "Boto3/1.44.5 md/Botocore#1.44.5 ua/2.1 os/linux",
        ),
        ("x-amz-date", "20260102T030405Z"),
        ("x-amz-security-token", &token),
    ] {
        headers.insert(name, HeaderValue::from_str(value).unwrap());
    }
    headers
}

fn header_signed(bench: &mut Criterion) {
    let secret = secret();
    let signing = SigningSecret::new(secret.clone());
    let mut number = 0;
    let mut make = || {
        number += 1;
        let mut headers = headers(number);
        let hash = "ab821ae955788b0e33ebd34c208442ccfc2d406e2edc5e7a39bd6458fbb4f843";
        let value = sign(
            &signature(&secret, "sts"),
            &parts("POST", "/", "", &headers),
            hash,
        );
        headers.insert(
            "authorization",
            HeaderValue::from_str(&value.unwrap()).unwrap(),
        );
        headers
    };
    bench.bench_function("verify a session's call to STS", |bench| {
        bench.iter_batched(
            &mut make,
            |headers| {
                let parts = parts("POST", "/", "", &headers);
                let claim = presented(&parts).unwrap().unwrap();
                let rules = Rules::service("sts");
                black_box(verify(&claim, &parts, &signing, &rules, NOW_S, Some(BODY)).unwrap())
            },
            BatchSize::SmallInput,
        );
    });
}

fn presigned(bench: &mut Criterion) {
    let secret = secret();
    let signing = SigningSecret::new(secret.clone());
    let headers = HeaderMap::from_iter([(http::header::HOST, HeaderValue::from_static("h"))]);
    let mut number = 0;
    let mut make = || {
        number += 1;
        let path = format!("/bucket/{number}");
        let token = format!("{number:0700}");
        let unsigned = parts("GET", &path, "", &headers);
        let query = presign(&signature(&secret, "s3"), &unsigned, Some(&token), 600).unwrap();
        (path, query)
    };
    bench.bench_function("verify a presigned address of S3", |bench| {
        bench.iter_batched(
            &mut make,
            |(path, query)| {
                let parts = parts("GET", &path, &query, &headers);
                let claim = presented(&parts).unwrap().unwrap();
                black_box(verify(&claim, &parts, &signing, &Rules::s3(None), NOW_S, None).unwrap())
            },
            BatchSize::SmallInput,
        );
    });
}

criterion_group!(benches, header_signed, presigned);
criterion_main!(benches);
