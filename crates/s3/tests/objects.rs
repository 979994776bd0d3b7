//! Objects: stored, read, conditioned, deleted.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "test code"
)]

mod support;
use support::{House, OTHER, crc32};

fn big(bytes: usize) -> Vec<u8> {
    (0..bytes).map(|n| (n * 31 % 251) as u8).collect()
}

#[tokio::test]
async fn what_is_put_is_got() {
    let house = House::with_bucket().await;
    for data in [
        Vec::new(),
        b"hello".to_vec(),
        big(16 << 10),
        big((16 << 10) + 1),
        big(3 << 20),
    ] {
        let put = house.put("/bucket/key", data.clone()).await.ok();
        assert_eq!(put.header("x-amz-server-side-encryption"), "AES256");
        assert_eq!(put.header("x-amz-checksum-type"), "FULL_OBJECT");
        assert!(!put.header("x-amz-checksum-crc64nvme").is_empty());
        let got = house.get("/bucket/key").await.ok();
        assert!(got.body == data && got.complete);
        assert_eq!(got.header("etag"), put.header("etag"));
        assert_eq!(got.header("content-type"), "binary/octet-stream");
        assert_eq!(got.header("content-length"), data.len().to_string());
        assert_eq!(got.header("accept-ranges"), "bytes");
        assert_eq!(got.header("x-amz-checksum-crc64nvme"), "");
        assert_eq!(got.header("x-amz-request-id"), "REQUEST-ID");
        assert!(got.header("last-modified").ends_with(" GMT"));
        let head = house
            .send(
                "HEAD",
                "/bucket/key",
                &[("x-amz-checksum-mode", "ENABLED")],
                "",
            )
            .await
            .ok();
        assert!(head.body.is_empty());
        assert_eq!(head.header("content-length"), data.len().to_string());
        assert_eq!(
            head.header("x-amz-checksum-crc64nvme"),
            put.header("x-amz-checksum-crc64nvme")
        );
    }
}

#[tokio::test]
async fn any_key_is_a_key_of_its_own() {
    let house = House::with_bucket().await;
    let keys = [
        "a",
        "a/",
        "a//b",
        "/a",
        "..",
        "../x",
        "./x",
        "a b",
        "a+b",
        "é",
        "%25",
        "a%2Fb",
        "~",
        "\u{1F600}",
        "a?b",
        "CON",
    ];
    for key in keys {
        let uri = format!("/bucket/{}", encode(key));
        house.put(&uri, format!("<{key}>")).await.ok();
    }
    house
        .put(&format!("/bucket/{}", "k".repeat(1024)), "long")
        .await
        .ok();
    house
        .put(&format!("/bucket/{}", "k".repeat(1025)), "long")
        .await
        .fails(400, "KeyTooLongError");
    for key in keys {
        let uri = format!("/bucket/{}", encode(key));
        assert_eq!(house.get(&uri).await.ok().text(), format!("<{key}>"));
    }
    let listed = house.get("/bucket?list-type=2").await.ok().elements("Key");
    let mut sorted: Vec<String> = keys.iter().map(|key| (*key).to_owned()).collect();
    sorted.push("k".repeat(1024));
    sorted.sort();
    assert_eq!(listed, sorted);
}

fn encode(key: &str) -> String {
    key.bytes()
        .map(|b| {
            if b.is_ascii_alphanumeric() || b == b'/' {
                (b as char).to_string()
            } else {
                format!("%{b:02X}")
            }
        })
        .collect()
}

#[tokio::test]
async fn headers_come_back_as_they_went() {
    let house = House::with_bucket().await;
    let headers = [
        ("content-type", "text/plain; charset=utf-8"),
        ("content-encoding", "aws-chunked,gzip"),
        ("content-disposition", "attachment"),
        ("content-language", "de"),
        ("cache-control", "no-cache"),
        ("expires", "Wed, 01 May 2030 10:00:00 GMT"),
        ("x-amz-meta-one", "1"),
        ("x-amz-meta-umlaut", "ü"),
        ("x-amz-tagging", "a=1&b=2"),
        ("x-amz-storage-class", "STANDARD_IA"),
        ("x-amz-website-redirect-location", "/else"),
    ];
    house.send("PUT", "/bucket/key", &headers, "x").await.ok();
    let got = house.get("/bucket/key").await.ok();
    for (name, value) in [
        ("content-type", "text/plain; charset=utf-8"),
        ("content-encoding", "gzip"),
        ("content-disposition", "attachment"),
        ("content-language", "de"),
        ("cache-control", "no-cache"),
        ("expires", "Wed, 01 May 2030 10:00:00 GMT"),
        ("x-amz-meta-one", "1"),
        ("x-amz-meta-umlaut", "=?UTF-8?Q?=C3=BC?="),
        ("x-amz-tagging-count", "2"),
        ("x-amz-storage-class", "STANDARD_IA"),
        ("x-amz-website-redirect-location", "/else"),
    ] {
        assert_eq!(got.header(name), value, "{name}");
    }
    let got = house
        .get("/bucket/key?response-content-type=text%2Fhtml&response-cache-control=no-store")
        .await
        .ok();
    assert_eq!(got.header("content-type"), "text/html");
    assert_eq!(got.header("cache-control"), "no-store");
    house.open("*", "arn:aws:s3:::bucket/*");
    let refused = house
        .send_as(
            None,
            "GET",
            "/bucket/key?response-content-type=a%2Fb",
            &[],
            "",
        )
        .await;
    refused.fails(400, "InvalidRequest");
}

#[tokio::test]
async fn ranges_are_partial_content() {
    let house = House::with_bucket().await;
    let data = big(100_000);
    house.put("/bucket/key", data.clone()).await.ok();
    for (range, from, to) in [
        ("bytes=0-9", 0, 10),
        ("bytes=99990-", 99_990, 100_000),
        ("bytes=-5", 99_995, 100_000),
        ("bytes=500-600000", 500, 100_000),
    ] {
        let got = house
            .send("GET", "/bucket/key", &[("range", range)], "")
            .await;
        assert_eq!(got.status, 206);
        assert!(got.body == data[from..to], "{range}");
        assert_eq!(
            got.header("content-range"),
            format!("bytes {from}-{}/100000", to - 1)
        );
        let head = house
            .send("HEAD", "/bucket/key", &[("range", range)], "")
            .await;
        assert_eq!(
            (head.status, head.header("content-length")),
            (206, (to - from).to_string().as_str())
        );
    }
    let refused = house
        .send("GET", "/bucket/key", &[("range", "bytes=100000-")], "")
        .await
        .fails(416, "InvalidRange");
    assert_eq!(refused.element("ActualObjectSize"), "100000");
    for ignored in ["bytes=9-5", "bytes=0-1,5-6", "nonsense"] {
        let got = house
            .send("GET", "/bucket/key", &[("range", ignored)], "")
            .await;
        assert_eq!((got.status, got.body.len()), (200, 100_000), "{ignored}");
    }
}

#[tokio::test]
async fn conditions_are_kept() {
    let house = House::with_bucket().await;
    let etag = house
        .put("/bucket/key", "1")
        .await
        .ok()
        .header("etag")
        .to_owned();
    let read = |headers: Vec<(&'static str, String)>| {
        let house = &house;
        async move {
            let headers: Vec<(&str, &str)> =
                headers.iter().map(|(n, v)| (*n, v.as_str())).collect();
            house.send("GET", "/bucket/key", &headers, "").await
        }
    };
    assert_eq!(read(vec![("if-match", etag.clone())]).await.status, 200);
    read(vec![("if-match", "\"x\"".into())])
        .await
        .fails(412, "PreconditionFailed");
    let same = read(vec![("if-none-match", etag.clone())]).await;
    assert_eq!(
        (same.status, same.body.len(), same.header("etag")),
        (304, 0, etag.as_str())
    );

    let write = [("if-none-match", "*")];
    house
        .send("PUT", "/bucket/key", &write, "2")
        .await
        .fails(412, "PreconditionFailed");
    house.send("PUT", "/bucket/new", &write, "2").await.ok();
    house
        .send("PUT", "/bucket/key", &[("if-match", "\"x\"")], "2")
        .await
        .fails(412, "PreconditionFailed");
    house
        .send("PUT", "/bucket/none", &[("if-match", "\"x\"")], "2")
        .await
        .fails(404, "NoSuchKey");
    house.asked();
    house
        .send("PUT", "/bucket/key", &[("if-match", etag.as_str())], "2")
        .await
        .ok();
    assert_eq!(
        house.actions(),
        [
            "s3:PutObject arn:aws:s3:::bucket/key",
            "s3:GetObject arn:aws:s3:::bucket/key"
        ]
    );
    house
        .send("DELETE", "/bucket/key", &[("if-match", etag.as_str())], "")
        .await
        .fails(412, "PreconditionFailed");
    assert_eq!(house.get("/bucket/key").await.ok().text(), "2");
}

#[tokio::test]
async fn wrong_digests_store_nothing() {
    let house = House::with_bucket().await;
    for (name, value, code) in [
        ("content-md5", "kAFQmDzST7DWlj99KOF/cg==", "BadDigest"),
        ("content-md5", "abc", "InvalidDigest"),
        ("x-amz-checksum-crc32", "AAAAAA==", "BadDigest"),
        ("x-amz-checksum-crc32", "AAAA", "InvalidRequest"),
        (
            "x-amz-checksum-sha256",
            "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=",
            "BadDigest",
        ),
        ("x-amz-sdk-checksum-algorithm", "CRC32", "InvalidRequest"),
    ] {
        for size in [10, 200_000] {
            house
                .send("PUT", "/bucket/key", &[(name, value)], big(size))
                .await
                .fails(400, code);
        }
    }
    house.get("/bucket/key").await.fails(404, "NoSuchKey");
    assert_eq!(house.files(), 0);
    let good = [(
        "x-amz-checksum-sha256",
        "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=",
    )];
    let put = house.send("PUT", "/bucket/key", &good, "abc").await.ok();
    assert_eq!(put.header("x-amz-checksum-sha256"), good[0].1);
    let got = house
        .send(
            "GET",
            "/bucket/key",
            &[("x-amz-checksum-mode", "ENABLED")],
            "",
        )
        .await
        .ok();
    assert_eq!(got.header("x-amz-checksum-sha256"), good[0].1);
    assert_eq!(got.header("x-amz-checksum-type"), "FULL_OBJECT");
}

#[tokio::test]
async fn deleting_leaves_nothing() {
    let house = House::with_bucket().await;
    house.put("/bucket/a", big(100_000)).await.ok();
    house.put("/bucket/b", big(100_000)).await.ok();
    house.put("/bucket/b", "small").await.ok();
    house.settle_files(1).await;
    assert_eq!(house.delete("/bucket/a").await.status, 204);
    assert_eq!(house.delete("/bucket/a").await.status, 204);
    house.settle_files(0).await;
    let missing = house.get("/bucket/a").await.fails(404, "NoSuchKey");
    assert_eq!(missing.element("Key"), "a");
    assert!(!missing.element("HostId").is_empty());
}

#[tokio::test]
async fn many_are_deleted_at_once_each_by_itself() {
    let house = House::with_bucket().await;
    for key in ["a", "b", "c"] {
        house.put(&format!("/bucket/{key}"), "x").await.ok();
    }
    let list = "<Delete><Object><Key>a</Key></Object><Object><Key>b</Key></Object><Object><Key>zz</Key></Object></Delete>";
    let wrong = [("content-md5", "kAFQmDzST7DWlj99KOF/cg==")];
    house
        .send("POST", "/bucket?delete", &wrong, list)
        .await
        .fails(400, "BadDigest");
    house.deny("s3:DeleteObject", "arn:aws:s3:::bucket/b");
    house.asked();
    let sum = crc32(list);
    let done = house
        .send(
            "POST",
            "/bucket?delete",
            &[("x-amz-checksum-crc32", &sum)],
            list,
        )
        .await
        .ok();
    assert_eq!(done.elements("Key"), ["a", "zz", "b"]);
    assert_eq!(done.element("Code"), "AccessDenied");
    assert_eq!(
        house.actions(),
        ["a", "b", "zz"].map(|key| format!("s3:DeleteObject arn:aws:s3:::bucket/{key}"))
    );
    assert_eq!(
        house.get("/bucket?list-type=2").await.ok().elements("Key"),
        ["b", "c"]
    );

    let quiet = "<Delete><Quiet>true</Quiet><Object><Key>c</Key></Object></Delete>";
    let done = house
        .send(
            "POST",
            "/bucket?delete",
            &[("x-amz-checksum-crc32", &crc32(quiet))],
            quiet,
        )
        .await
        .ok();
    assert!(done.elements("Key").is_empty());
}

#[tokio::test]
async fn a_missing_object_is_told_only_to_those_who_may_list() {
    let house = House::with_bucket().await;
    house.deny("s3:ListBucket", "arn:aws:s3:::bucket");
    let refused = house.get("/bucket/none").await.fails(403, "AccessDenied");
    assert!(refused.element("Message").ends_with("s3:ListBucket"));
    let head = house.send("HEAD", "/bucket/none", &[], "").await;
    assert_eq!((head.status, head.body.len()), (403, 0));
    house
        .send_as(Some(OTHER), "GET", "/bucket/none", &[], "")
        .await
        .fails(403, "AccessDenied");
    house.get("/nobucket/none").await.fails(404, "NoSuchBucket");
}

#[tokio::test]
async fn an_uploads_length_is_what_was_said() {
    let house = House::with_bucket().await;
    let request = |length: &str| {
        http::Request::builder()
            .method("PUT")
            .uri("/bucket/k")
            .header(http::header::CONTENT_LENGTH, length)
    };
    for (said, sent) in [("3", "ab"), ("3", "abcd")] {
        let reply = house
            .request(
                Some(support::OWNER),
                request(said),
                s3::Body::from(sent.to_owned()),
            )
            .await;
        reply.fails(400, "IncompleteBody");
    }
    let unknown = futures::stream::iter([Ok::<_, std::io::Error>(http_body::Frame::data(
        bytes::Bytes::from("abc"),
    ))]);
    let body = s3::Body::http_body_unsync(http_body_util::StreamBody::new(unknown));
    let request = http::Request::builder().method("PUT").uri("/bucket/k");
    house
        .request(Some(support::OWNER), request, body)
        .await
        .fails(411, "MissingContentLength");
    house.get("/bucket/k").await.fails(404, "NoSuchKey");
}

#[tokio::test]
async fn a_refused_body_stores_nothing_and_says_why() {
    let house = House::with_bucket().await;
    for (uri, method) in [
        ("/bucket/k", "PUT"),
        ("/bucket?tagging", "PUT"),
        ("/bucket?delete", "POST"),
    ] {
        for size in [10u64, 300_000] {
            let refused = s3::BodyRefused {
                code: "SignatureDoesNotMatch".into(),
                status: 403,
                message: "The request signature we calculated does not match.".into(),
                details: Vec::new(),
            };
            let frames = futures::stream::iter([
                Ok(http_body::Frame::data(bytes::Bytes::from(vec![
                    b'x';
                    size
                        as usize
                        - 1
                ]))),
                Err(refused),
            ]);
            let body = s3::Body::http_body_unsync(http_body_util::StreamBody::new(frames));
            let request = http::Request::builder()
                .method(method)
                .uri(uri)
                .header("content-length", size);
            let reply = house.request(Some(support::OWNER), request, body).await;
            reply.fails(403, "SignatureDoesNotMatch");
        }
    }
    house.get("/bucket/k").await.fails(404, "NoSuchKey");
    assert_eq!(house.files(), 0);
}

#[tokio::test]
async fn checksums_come_in_trailers_too() {
    let house = House::with_bucket().await;
    for (sum, status) in [("y/Q5Jg==", 200), ("AAAAAA==", 400), ("A", 400)] {
        let mut trailers = http::HeaderMap::new();
        trailers.insert("x-amz-checksum-crc32", sum.parse().unwrap());
        let frames = futures::stream::iter([
            Ok::<_, std::io::Error>(http_body::Frame::data(bytes::Bytes::from("123456789"))),
            Ok(http_body::Frame::trailers(trailers)),
        ]);
        let body = s3::Body::http_body_unsync(http_body_util::StreamBody::new(frames));
        let request = http::Request::builder()
            .method("PUT")
            .uri("/bucket/k")
            .header("content-length", 9)
            .header("x-amz-trailer", "x-amz-checksum-crc32")
            .header("x-amz-sdk-checksum-algorithm", "CRC32");
        let reply = house.request(Some(support::OWNER), request, body).await;
        assert_eq!(reply.status, status, "{}", reply.text());
        if status == 200 {
            assert_eq!(reply.header("x-amz-checksum-crc32"), sum);
        }
    }
}

#[tokio::test]
async fn copies_keep_or_replace() {
    let house = House::with_bucket().await;
    let headers = [
        ("x-amz-meta-a", "1"),
        ("x-amz-tagging", "t=1"),
        ("content-type", "text/plain"),
    ];
    house
        .send("PUT", "/bucket/from", &headers, big(50_000))
        .await
        .ok();
    house.asked();
    let copied = house
        .send(
            "PUT",
            "/bucket/to",
            &[("x-amz-copy-source", "/bucket/from")],
            "",
        )
        .await
        .ok();
    assert_eq!(
        house.actions(),
        [
            "s3:GetObject arn:aws:s3:::bucket/from",
            "s3:GetObjectTagging arn:aws:s3:::bucket/from",
            "s3:PutObject arn:aws:s3:::bucket/to",
            "s3:PutObjectTagging arn:aws:s3:::bucket/to",
        ]
    );
    assert!(copied.element("ETag").contains('"') || copied.element("ETag").contains("&quot;"));
    let got = house.get("/bucket/to").await.ok();
    assert!(got.body == big(50_000));
    assert_eq!(
        (got.header("x-amz-meta-a"), got.header("content-type")),
        ("1", "text/plain")
    );
    assert_eq!(
        house.get("/bucket/to?tagging").await.ok().element("Key"),
        "t"
    );

    let replace = [
        ("x-amz-copy-source", "bucket/from"),
        ("x-amz-metadata-directive", "REPLACE"),
        ("x-amz-tagging-directive", "REPLACE"),
        ("x-amz-meta-b", "2"),
    ];
    house.send("PUT", "/bucket/to", &replace, "").await.ok();
    let got = house.get("/bucket/to").await.ok();
    assert_eq!(
        (got.header("x-amz-meta-a"), got.header("x-amz-meta-b")),
        ("", "2")
    );
    assert_eq!(
        house
            .get("/bucket/to?tagging")
            .await
            .ok()
            .elements("Key")
            .len(),
        0
    );

    let itself = [("x-amz-copy-source", "/bucket/from")];
    house
        .send("PUT", "/bucket/from", &itself, "")
        .await
        .fails(400, "InvalidRequest");
    let itself = [
        ("x-amz-copy-source", "/bucket/from"),
        ("x-amz-metadata-directive", "REPLACE"),
    ];
    house.send("PUT", "/bucket/from", &itself, "").await.ok();
    let unmatched = [
        ("x-amz-copy-source", "/bucket/from"),
        ("x-amz-copy-source-if-match", "x"),
    ];
    house
        .send("PUT", "/bucket/to", &unmatched, "")
        .await
        .fails(412, "PreconditionFailed");
    let missing = [("x-amz-copy-source", "/bucket/none")];
    house
        .send("PUT", "/bucket/to", &missing, "")
        .await
        .fails(404, "NoSuchKey");
}

#[tokio::test]
async fn a_copy_needs_leave_to_read_its_source() {
    let house = House::with_bucket().await;
    house.put("/bucket/from", "secret").await.ok();
    house
        .send_as(Some(OTHER), "PUT", "/other-bucket", &[], "")
        .await
        .ok();
    let copy = [("x-amz-copy-source", "/bucket/from")];
    house
        .send_as(Some(OTHER), "PUT", "/other-bucket/to", &copy, "")
        .await
        .fails(403, "AccessDenied");
    house.open("s3:GetObject", "arn:aws:s3:::bucket/from");
    house
        .send_as(Some(OTHER), "PUT", "/other-bucket/to", &copy, "")
        .await
        .ok();
    let owner = [
        ("x-amz-copy-source", "/bucket/from"),
        ("x-amz-source-expected-bucket-owner", OTHER),
    ];
    house
        .send_as(Some(OTHER), "PUT", "/other-bucket/to", &owner, "")
        .await
        .fails(403, "AccessDenied");
}

#[tokio::test]
async fn a_body_that_was_not_read_ends_the_connection() {
    let house = House::with_bucket().await;
    house.deny("s3:PutObject", "arn:aws:s3:::bucket/no");
    for (uri, connection) in [("/bucket/no", "close"), ("/bucket/yes", "")] {
        let frames = futures::stream::iter([Ok::<_, std::io::Error>(http_body::Frame::data(
            bytes::Bytes::from("abc"),
        ))]);
        let body = s3::Body::http_body_unsync(http_body_util::StreamBody::new(frames));
        let request = http::Request::builder()
            .method("PUT")
            .uri(uri)
            .header("content-length", 3);
        let reply = house.request(Some(support::OWNER), request, body).await;
        assert_eq!(reply.header("connection"), connection, "{uri}");
    }
}

#[tokio::test]
async fn a_version_is_deleted_without_conditions_only_as_recorded_from_aws() {
    let house = House::with_bucket().await;
    house.put("/bucket/key", "null").await.ok();
    let enabled = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
    house.put("/bucket?versioning", enabled).await.ok();
    let new = house.put("/bucket/key", "new").await.ok();
    let (etag, version) = (new.header("etag"), new.header("x-amz-version-id"));
    let wrong = format!("\"{}\"", "0".repeat(32));
    for (version, asked) in [
        (version, etag),
        (version, wrong.as_str()),
        ("null", "*"),
        ("null", etag),
    ] {
        let uri = format!("/bucket/key?versionId={version}");
        let refused = house.send("DELETE", &uri, &[("if-match", asked)], "").await;
        let refused = refused.fails(501, "NotImplemented");
        assert_eq!(refused.element("Header"), "If-Match");
        assert_eq!(
            refused.element("additionalMessage"),
            "Conditional delete operations are not allowed when a version ID is included in the request parameters."
        );
        house.get(&uri).await.ok();
    }
    house
        .send("DELETE", "/bucket/key", &[("if-match", &wrong)], "")
        .await
        .fails(412, "PreconditionFailed");
    house
        .send("DELETE", "/bucket/key", &[("if-match", etag)], "")
        .await
        .ok();
    house
        .delete(&format!("/bucket/key?versionId={version}"))
        .await
        .ok();
}
