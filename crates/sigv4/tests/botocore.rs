//! Requests as botocore signs them (`tests/botocore/make.py`) hold, whole and unchanged, and
//! not with another secret.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test may panic"
)]

use aws::Secret;
use base64::Engine as _;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;
use sigv4::{Parts, Payload, Presented, Refusal, Rules, VerifiedBody, presented, verify};

const REQUESTS: &str = include_str!("botocore/requests.jsonl");

struct Request {
    case: Value,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Request {
    fn read(line: &str) -> Request {
        let case: Value = serde_json::from_str(line).unwrap();
        let mut headers = HeaderMap::new();
        for pair in case["headers"].as_array().unwrap() {
            headers.append(
                HeaderName::from_bytes(pair[0].as_str().unwrap().as_bytes()).unwrap(),
                HeaderValue::from_str(pair[1].as_str().unwrap()).unwrap(),
            );
        }
        let body = base64::engine::general_purpose::STANDARD
            .decode(case["body"].as_str().unwrap())
            .unwrap();
        Request {
            case,
            headers,
            body,
        }
    }

    fn text(&self, field: &str) -> &str {
        self.case[field].as_str().unwrap()
    }

    fn parts(&self) -> Parts<'_> {
        Parts {
            method: self.text("method"),
            path: self.text("path"),
            query: self.text("query"),
            headers: &self.headers,
            authority: None,
        }
    }

    fn rules(&self) -> Rules<'_> {
        match self.text("service") {
            "s3" => Rules::s3(self.case["bucket_in_host"].as_str()),
            service => Rules::service(service),
        }
    }

    fn claim(&self) -> Presented {
        presented(&self.parts()).unwrap().unwrap()
    }

    fn verify(&self, secret: &str) -> Result<sigv4::Verified, Refusal> {
        let now_s = self.case["now_s"].as_i64().unwrap();
        let secret = sigv4::SigningSecret::new(Secret::new(secret.to_owned()));
        verify(
            &self.claim(),
            &self.parts(),
            &secret,
            &self.rules(),
            now_s,
            Some(&self.body),
        )
    }
}

fn requests() -> impl Iterator<Item = Request> {
    REQUESTS.lines().map(Request::read)
}

#[test]
fn every_request_of_botocore_holds() {
    let mut count = 0;
    for request in requests() {
        let name = request.text("name").to_owned();
        let verified = request.verify(request.text("secret"));
        assert!(verified.is_ok(), "{name}: {verified:?}");
        assert_eq!(
            request.claim().session_token(),
            request.case["token"].as_str(),
            "{name}"
        );
        count += 1;
    }
    assert!(count > 850, "{count}");
}

#[test]
fn no_request_holds_with_another_secret() {
    for request in requests() {
        let verdict = request.verify("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEy");
        assert_eq!(
            verdict.err(),
            Some(Refusal::Mismatch),
            "{}",
            request.text("name")
        );
    }
}

#[tokio::test]
async fn every_body_of_botocore_is_the_one_that_was_signed() {
    use http_body_util::{BodyExt, Full};
    let mut chunked = 0;
    for request in requests() {
        let name = request.text("name");
        let verified = request.verify(request.text("secret")).unwrap();
        let body = Full::new(bytes::Bytes::copy_from_slice(&request.body));
        let body = VerifiedBody::new(body, &verified, &request.parts()).unwrap();
        let decoded = body.decoded_bytes();
        let read = body
            .collect()
            .await
            .unwrap_or_else(|fault| panic!("{name}: {fault}"));
        if let Payload::Chunks { .. } = verified.payload() {
            chunked += 1;
            let trailer = read.trailers().unwrap().clone();
            assert!(trailer.contains_key("x-amz-checksum-crc32"), "{name}");
            assert_eq!(decoded, Some(read.to_bytes().len() as u64), "{name}");
        }
    }
    assert!(chunked > 10, "{chunked}");
}
