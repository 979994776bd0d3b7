//! The worked examples of the Amazon S3 API Reference ("Authenticating Requests (AWS Signature
//! Version 4)"): requests with signatures that AWS published.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test may panic"
)]

use aws::Secret;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use http_body_util::{BodyExt, Full};
use sigv4::{
    BodyFault, Parts, Payload, Refusal, Rules, Signature, Verified, VerifiedBody, presented,
    presign, verify,
};

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
/// 2013-05-24T00:00:00Z.
const NOW_S: i64 = 1_369_353_600;
const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        let value = HeaderValue::from_str(value).unwrap();
        headers.append(HeaderName::from_static(name), value);
    }
    headers
}

/// The headers with an `Authorization` that signs them all.
fn signed(pairs: &[(&'static str, &str)], signature: &str) -> HeaderMap {
    let mut headers = headers(pairs);
    let mut names: Vec<&str> = headers.keys().map(HeaderName::as_str).collect();
    names.sort_unstable();
    let value = format!(
        "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,SignedHeaders={},Signature={signature}",
        names.join(";")
    );
    headers.insert("authorization", HeaderValue::from_str(&value).unwrap());
    headers
}

fn check(parts: &Parts<'_>, now_s: i64) -> Result<Verified, Refusal> {
    let claim = presented(parts)?.unwrap();
    let secret = Secret::new(SECRET.to_owned());
    verify(
        &claim,
        parts,
        &sigv4::SigningSecret::new(secret.clone()),
        &Rules::s3(None),
        now_s,
        None,
    )
}

/// Method, path, query, headers, signature.
type Example<'a> = (
    &'a str,
    &'a str,
    &'a str,
    &'a [(&'static str, &'a str)],
    &'a str,
);

#[test]
fn the_header_examples_hold() {
    const HOST: (&str, &str) = ("host", "examplebucket.s3.amazonaws.com");
    const DATE: (&str, &str) = ("x-amz-date", "20130524T000000Z");
    let empty = ("x-amz-content-sha256", EMPTY);
    let welcome = (
        "x-amz-content-sha256",
        "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072",
    );
    let examples: [Example; 4] = [
        (
            "GET",
            "/test.txt",
            "",
            &[HOST, DATE, empty, ("range", "bytes=0-9")],
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
        ),
        (
            "PUT",
            "/test$file.text",
            "",
            &[
                HOST,
                DATE,
                welcome,
                ("date", "Fri, 24 May 2013 00:00:00 GMT"),
                ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
            ],
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
        ),
        (
            "GET",
            "/",
            "lifecycle",
            &[HOST, DATE, empty],
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
        ),
        (
            "GET",
            "/",
            "max-keys=2&prefix=J",
            &[HOST, DATE, empty],
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
        ),
    ];
    for (method, path, query, pairs, signature) in examples {
        let headers = signed(pairs, signature);
        let parts = Parts {
            method,
            path,
            query,
            headers: &headers,
            authority: None,
        };
        let verified = check(&parts, NOW_S);
        assert!(verified.is_ok(), "{method} {path}?{query}: {verified:?}");
    }
}

#[test]
fn the_presigned_example_is_made_and_holds() {
    let headers = headers(&[("host", "examplebucket.s3.amazonaws.com")]);
    let parts = |query| Parts {
        method: "GET",
        path: "/test.txt",
        query,
        headers: &headers,
        authority: None,
    };
    let signature = Signature {
        access_key_id: "AKIAIOSFODNN7EXAMPLE",
        secret: &Secret::new(SECRET.to_owned()),
        region: "us-east-1",
        service: "s3",
        now_s: NOW_S,
    };
    let query = presign(&signature, &parts(""), None, 86_400).unwrap();
    let expected = "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404";
    assert!(
        query.ends_with(&format!("&X-Amz-Signature={expected}")),
        "{query}"
    );
    let verified = check(&parts(&query), NOW_S + 86_399).unwrap();
    assert_eq!(*verified.payload(), Payload::Unsigned);
    assert!(matches!(
        check(&parts(&query), NOW_S + 86_400),
        Err(Refusal::Expired { .. })
    ));
}

async fn read(
    headers: &HeaderMap,
    encoded: String,
) -> Result<(HeaderMap, Bytes), BodyFault<std::convert::Infallible>> {
    let parts = Parts {
        method: "PUT",
        path: "/examplebucket/chunkObject.txt",
        query: "",
        headers,
        authority: None,
    };
    let verified = check(&parts, NOW_S).unwrap();
    let body = VerifiedBody::new(Full::new(Bytes::from(encoded)), &verified, &parts).unwrap();
    let read = body.collect().await?;
    let trailer = read.trailers().cloned().unwrap_or_default();
    Ok((trailer, read.to_bytes()))
}

#[tokio::test]
async fn the_chunked_example_holds() {
    let headers = signed(
        &[
            ("content-encoding", "aws-chunked"),
            ("content-length", "66824"),
            ("host", "s3.amazonaws.com"),
            ("x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"),
            ("x-amz-date", "20130524T000000Z"),
            ("x-amz-decoded-content-length", "66560"),
            ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
        ],
        "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9",
    );
    let encoded = format!(
        "10000;chunk-signature=ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648\r\n{}\r\n\
         400;chunk-signature=0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497\r\n{}\r\n\
         0;chunk-signature=b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9\r\n\r\n",
        "a".repeat(65_536),
        "a".repeat(1024)
    );
    assert_eq!(encoded.len(), 66_824);
    let (_, body) = read(&headers, encoded).await.unwrap();
    assert_eq!(body, "a".repeat(66_560));
}

#[tokio::test]
async fn the_example_with_a_trailer_holds_in_both_of_its_spellings() {
    let headers = signed(
        &[
            ("content-encoding", "aws-chunked"),
            ("host", "s3.amazonaws.com"),
            (
                "x-amz-content-sha256",
                "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
            ),
            ("x-amz-date", "20130524T000000Z"),
            ("x-amz-decoded-content-length", "66560"),
            ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
            ("x-amz-trailer", "x-amz-checksum-crc32c"),
        ],
        "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e",
    );
    for between in ["\n\r\n", "\r\n"] {
        let encoded = format!(
            "10000;chunk-signature=b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2\r\n{}\r\n\
             400;chunk-signature=1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7\r\n{}\r\n\
             0;chunk-signature=2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992\r\n\
             x-amz-checksum-crc32c:sOO8/Q=={between}\
             x-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n\r\n",
            "a".repeat(65_536),
            "a".repeat(1024)
        );
        let (trailer, body) = read(&headers, encoded).await.unwrap();
        assert_eq!(body, "a".repeat(66_560));
        assert_eq!(trailer["x-amz-checksum-crc32c"], "sOO8/Q==");
    }
}
