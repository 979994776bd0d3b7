//! Uploads in parts.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "test code"
)]

mod support;
use support::House;

const MIB: usize = 1 << 20;

fn big(bytes: usize, seed: usize) -> Vec<u8> {
    (0..bytes).map(|n| ((n + seed) * 31 % 251) as u8).collect()
}

async fn begin(house: &House, headers: &[(&str, &str)]) -> String {
    house
        .send("POST", "/bucket/key?uploads", headers, "")
        .await
        .ok()
        .element("UploadId")
}

async fn part(house: &House, upload: &str, number: usize, data: Vec<u8>) -> String {
    let reply = house
        .put(
            &format!("/bucket/key?partNumber={number}&uploadId={upload}"),
            data,
        )
        .await
        .ok();
    reply.header("etag").to_owned()
}

fn list(parts: &[(usize, &str)]) -> String {
    let parts: String = parts
        .iter()
        .map(|(number, etag)| {
            format!("<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag></Part>")
        })
        .collect();
    format!("<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>")
}

#[tokio::test]
async fn parts_make_one_object() {
    let house = House::with_bucket().await;
    let upload = begin(&house, &[("x-amz-meta-a", "1"), ("x-amz-tagging", "t=1")]).await;
    let (one, two, three) = (big(5 * MIB, 1), big(5 * MIB, 2), big(70_000, 3));
    let a = part(&house, &upload, 1, one.clone()).await;
    part(&house, &upload, 4, two.clone()).await;
    let b = part(&house, &upload, 4, two.clone()).await;
    let c = part(&house, &upload, 9, three.clone()).await;
    part(&house, &upload, 10, b"unused".to_vec()).await;
    let listed = house
        .get(&format!("/bucket/key?uploadId={upload}"))
        .await
        .ok();
    assert_eq!(listed.elements("PartNumber"), ["1", "4", "9", "10"]);
    let paged = house
        .get(&format!(
            "/bucket/key?uploadId={upload}&max-parts=2&part-number-marker=1"
        ))
        .await
        .ok();
    assert_eq!(paged.elements("PartNumber"), ["4", "9"]);
    assert_eq!(
        (
            paged.element("IsTruncated"),
            paged.element("NextPartNumberMarker")
        ),
        ("true".into(), "9".into())
    );
    assert_eq!(
        house.get("/bucket?uploads").await.ok().elements("UploadId"),
        std::slice::from_ref(&upload)
    );
    house.get("/bucket/key").await.fails(404, "NoSuchKey");

    let document = list(&[(1, &a), (4, &b), (9, &c)]);
    let done = house
        .send(
            "POST",
            &format!("/bucket/key?uploadId={upload}"),
            &[],
            document,
        )
        .await
        .ok();
    assert!(
        done.element("ETag")
            .trim_matches(|c: char| !c.is_ascii_alphanumeric())
            .ends_with("-3")
    );
    assert_eq!(done.element("ChecksumType"), "FULL_OBJECT");
    let whole = [one.clone(), two.clone(), three.clone()].concat();
    let got = house
        .send(
            "GET",
            "/bucket/key",
            &[("x-amz-checksum-mode", "ENABLED")],
            "",
        )
        .await
        .ok();
    assert!(got.body == whole);
    assert_eq!(got.header("x-amz-meta-a"), "1");
    use base64::Engine as _;
    let crc = crc_fast::checksum(crc_fast::CrcAlgorithm::Crc64Nvme, &whole).to_be_bytes();
    assert_eq!(
        got.header("x-amz-checksum-crc64nvme"),
        base64::engine::general_purpose::STANDARD.encode(crc)
    );

    let edge = format!("bytes={}-{}", 5 * MIB - 10, 10 * MIB + 9);
    let got = house
        .send("GET", "/bucket/key", &[("range", &edge)], "")
        .await;
    assert!(got.status == 206 && got.body == whole[5 * MIB - 10..10 * MIB + 10]);
    let got = house.get("/bucket/key?partNumber=3").await;
    assert_eq!((got.status, got.header("x-amz-mp-parts-count")), (206, "3"));
    assert!(got.body == three);
    house
        .get("/bucket/key?partNumber=4")
        .await
        .fails(416, "InvalidPartNumber");
    house
        .get(&format!("/bucket/key?uploadId={upload}"))
        .await
        .fails(404, "NoSuchUpload");
    house.settle_files(3).await;

    let attributes = [(
        "x-amz-object-attributes",
        "ETag,ObjectSize,ObjectParts,Checksum",
    )];
    let shown = house
        .send("GET", "/bucket/key?attributes", &attributes, "")
        .await
        .ok();
    assert_eq!(shown.element("ObjectSize"), whole.len().to_string());
    house.delete("/bucket/key").await.ok();
    house.settle_files(0).await;
}

#[tokio::test]
async fn what_does_not_fit_together_is_refused() {
    let house = House::with_bucket().await;
    let upload = begin(&house, &[]).await;
    let a = part(&house, &upload, 1, big(100, 1)).await;
    let b = part(&house, &upload, 2, big(100, 2)).await;
    let complete = |document: String| {
        let (house, uri) = (&house, format!("/bucket/key?uploadId={upload}"));
        async move { house.send("POST", &uri, &[], document).await }
    };
    let small = complete(list(&[(1, &a), (2, &b)]))
        .await
        .fails(400, "EntityTooSmall");
    assert_eq!(small.element("PartNumber"), "1");
    complete(list(&[(2, &b), (1, &a)]))
        .await
        .fails(400, "InvalidPartOrder");
    complete(list(&[(1, &a), (1, &a)]))
        .await
        .fails(400, "InvalidPartOrder");
    complete(list(&[(1, &b)])).await.fails(400, "InvalidPart");
    complete(list(&[(3, &b)])).await.fails(400, "InvalidPart");
    complete(list(&[])).await.fails(400, "MalformedXML");
    complete(list(&[(10_001, &a)]))
        .await
        .fails(400, "MalformedXML");
    complete("<nonsense".to_owned())
        .await
        .fails(400, "MalformedXML");
    complete(String::new()).await.fails(400, "InvalidRequest");
    let size = [("x-amz-mp-object-size", "99")];
    let uri = format!("/bucket/key?uploadId={upload}");
    house
        .send("POST", &uri, &size, list(&[(1, &a)]))
        .await
        .fails(400, "InvalidRequest");
    let sum = [("x-amz-checksum-crc64nvme", "AAAAAAAAAAA=")];
    house
        .send("POST", &uri, &sum, list(&[(1, &a)]))
        .await
        .fails(400, "BadDigest");
    house
        .send("POST", "/bucket/other?uploadId=nope", &[], list(&[(1, &a)]))
        .await
        .fails(404, "NoSuchUpload");
    house
        .send(
            "POST",
            &format!("/bucket/other?uploadId={upload}"),
            &[],
            list(&[(1, &a)]),
        )
        .await
        .fails(404, "NoSuchUpload");
    for number in ["0", "10001", "-1"] {
        house
            .put(
                &format!("/bucket/key?partNumber={number}&uploadId={upload}"),
                "x",
            )
            .await
            .fails(400, "InvalidArgument");
    }
    house.get("/bucket/key").await.fails(404, "NoSuchKey");
    complete(list(&[(1, &a)])).await.ok();
    house.settle_files(1).await;
}

#[tokio::test]
async fn an_upload_given_up_leaves_nothing() {
    let house = House::with_bucket().await;
    let upload = begin(&house, &[]).await;
    part(&house, &upload, 1, big(100_000, 1)).await;
    house
        .delete(&format!("/bucket/key?uploadId={upload}"))
        .await
        .ok();
    // As recorded from AWS: whoever gives up again is not told off.
    house
        .delete(&format!("/bucket/key?uploadId={upload}"))
        .await
        .ok();
    for never in [
        "56788",
        &"0".repeat(64),
        &begin(&house, &[]).await.replace('1', "2"),
    ] {
        house
            .delete(&format!("/bucket/key?uploadId={never}"))
            .await
            .fails(404, "NoSuchUpload");
    }
    house
        .delete(&format!("/bucket/other?uploadId={upload}"))
        .await
        .fails(404, "NoSuchUpload");
    house.settle_files(0).await;
    let upload = begin(&house, &[]).await;
    part(&house, &upload, 1, big(100_000, 1)).await;
    house.delete("/bucket").await.ok();
    house.settle_files(0).await;
}

#[tokio::test]
async fn composite_checksums_are_made_of_the_parts() {
    let house = House::with_bucket().await;
    let upload = begin(&house, &[("x-amz-checksum-algorithm", "SHA256")]).await;
    let uri = format!("/bucket/key?partNumber=1&uploadId={upload}");
    house
        .send(
            "PUT",
            &uri,
            &[("x-amz-checksum-crc32", "y/Q5Jg==")],
            "123456789",
        )
        .await
        .fails(400, "InvalidRequest");
    let sum = "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=";
    let reply = house
        .send("PUT", &uri, &[("x-amz-checksum-sha256", sum)], "abc")
        .await
        .ok();
    assert_eq!(reply.header("x-amz-checksum-sha256"), sum);
    let etag = reply.header("etag").to_owned();
    let uri = format!("/bucket/key?uploadId={upload}");
    let bare = list(&[(1, &etag)]);
    house
        .send("POST", &uri, &[], bare)
        .await
        .fails(400, "InvalidRequest");
    let with = |sum: &str| {
        format!(
            "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>{etag}</ETag><ChecksumSHA256>{sum}</ChecksumSHA256></Part></CompleteMultipartUpload>"
        )
    };
    house
        .send("POST", &uri, &[], with("x"))
        .await
        .fails(400, "InvalidPart");
    let done = house.send("POST", &uri, &[], with(sum)).await.ok();
    assert_eq!(done.element("ChecksumType"), "COMPOSITE");
    // SHA-256 of the raw SHA-256 of `abc`, in base64.
    assert_eq!(
        done.element("ChecksumSHA256"),
        "T4tCwi3TcptRm6b2jS2nzFstYG0F2u1a1RKMwD5sY1g=-1"
    );

    for (headers, code) in [
        (
            vec![
                ("x-amz-checksum-algorithm", "SHA256"),
                ("x-amz-checksum-type", "FULL_OBJECT"),
            ],
            "InvalidRequest",
        ),
        (
            vec![
                ("x-amz-checksum-algorithm", "CRC64NVME"),
                ("x-amz-checksum-type", "COMPOSITE"),
            ],
            "InvalidRequest",
        ),
        (vec![("x-amz-checksum-algorithm", "MD4")], "InvalidRequest"),
    ] {
        house
            .send("POST", "/bucket/key?uploads", &headers, "")
            .await
            .fails(400, code);
    }
}

#[tokio::test]
async fn parts_can_be_copied() {
    let house = House::with_bucket().await;
    let data = big(6 * MIB, 5);
    house.put("/bucket/from", data.clone()).await.ok();
    let upload = begin(&house, &[]).await;
    let uri = |number: usize| format!("/bucket/key?partNumber={number}&uploadId={upload}");
    let whole = [("x-amz-copy-source", "/bucket/from")];
    let one = house
        .send("PUT", &uri(1), &whole, "")
        .await
        .ok()
        .element("ETag")
        .replace("&quot;", "\"");
    let range = [
        ("x-amz-copy-source", "/bucket/from"),
        ("x-amz-copy-source-range", "bytes=10-19"),
    ];
    let two = house
        .send("PUT", &uri(2), &range, "")
        .await
        .ok()
        .element("ETag")
        .replace("&quot;", "\"");
    for bad in ["bytes=0-99999999", "bytes=5-", "bytes=-5", "5-6"] {
        let range = [
            ("x-amz-copy-source", "/bucket/from"),
            ("x-amz-copy-source-range", bad),
        ];
        house
            .send("PUT", &uri(3), &range, "")
            .await
            .fails(400, "InvalidArgument");
    }
    house
        .send(
            "POST",
            &format!("/bucket/key?uploadId={upload}"),
            &[],
            list(&[(1, &one), (2, &two)]),
        )
        .await
        .ok();
    assert!(house.get("/bucket/key").await.ok().body == [&data[..], &data[10..20]].concat());
    // A copy of an object in parts is in one piece.
    house
        .send(
            "PUT",
            "/bucket/copy",
            &[("x-amz-copy-source", "/bucket/key")],
            "",
        )
        .await
        .ok();
    let copy = house.get("/bucket/copy").await.ok();
    assert!(copy.body.len() == 6 * MIB + 10 && !copy.header("etag").contains('-'));
}

/// Completes the upload of `/bucket/key`.
async fn complete(
    house: &House,
    upload: &str,
    headers: &[(&str, &str)],
    document: &str,
) -> support::Reply {
    let uri = format!("/bucket/key?uploadId={upload}");
    house.send("POST", &uri, headers, document).await
}

#[tokio::test]
async fn an_upload_is_completed_again_with_the_same_answer_as_recorded_from_aws() {
    let house = House::with_bucket().await;
    let upload = begin(&house, &[]).await;
    let a = part(&house, &upload, 1, b"never/receipt/part-1".to_vec()).await;
    let b = part(&house, &upload, 2, b"never/receipt/part-2".to_vec()).await;
    let same = list(&[(1, &a)]);
    let first = complete(&house, &upload, &[], &same).await.ok();
    let etag = "\"d98eac19a3cbd845f42bae8a46e1a6e9-1\"";
    assert_eq!(first.element("ETag").replace("&quot;", "\""), etag);
    assert_eq!(first.element("ChecksumCRC64NVME"), "EkQwNpOwey0=");

    let wrong = ("if-match", "\"00000000000000000000000000000000\"");
    for headers in [
        &[][..],
        &[("if-none-match", "*")],
        &[("if-match", etag)],
        &[wrong],
    ] {
        let again = complete(&house, &upload, headers, &same).await.ok();
        assert_eq!(again.element("ETag"), first.element("ETag"));
        assert_eq!(again.element("Location"), first.element("Location"));
        for left_out in ["ChecksumCRC64NVME", "ChecksumType"] {
            assert!(again.elements(left_out).is_empty(), "{left_out}");
        }
    }
    let zeros = format!("\"{}\"", "0".repeat(32));
    for other in [
        list(&[(2, &b)]),
        list(&[(1, &zeros)]),
        list(&[(2, &a)]),
        list(&[(1, &a), (2, &b)]),
        same.replace("</ETag>", "</ETag><ChecksumCRC32>AAAAAA==</ChecksumCRC32>"),
    ] {
        complete(&house, &upload, &[], &other)
            .await
            .fails(404, "NoSuchUpload");
    }
    complete(&house, &upload, &[], "<CompleteMultipartUpload/>")
        .await
        .fails(400, "MalformedXML");
    for headers in [
        &[("if-match", "*")][..],
        &[("if-match", etag), ("if-none-match", "*")],
    ] {
        complete(&house, &upload, headers, &same)
            .await
            .fails(501, "NotImplemented");
    }
    house
        .delete(&format!("/bucket/key?uploadId={upload}"))
        .await
        .ok();
    complete(&house, &upload, &[], &same).await.ok();
    assert_eq!(house.get("/bucket/key").await.body, b"never/receipt/part-1");

    house.deny("s3:PutObject", "arn:aws:s3:::bucket/key");
    complete(&house, &upload, &[], &same)
        .await
        .fails(403, "AccessDenied");
}

#[tokio::test]
async fn a_version_made_by_an_upload_is_told_until_it_is_gone() {
    let house = House::with_bucket().await;
    let upload = begin(&house, &[]).await;
    let a = part(&house, &upload, 1, b"abc".to_vec()).await;
    let same = list(&[(1, &a)]);
    complete(&house, &upload, &[], &same).await.ok();
    house.put("/bucket/key", "over").await.ok();
    complete(&house, &upload, &[], &same)
        .await
        .fails(404, "NoSuchUpload");

    let enabled = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
    house.put("/bucket?versioning", enabled).await.ok();
    let upload = begin(&house, &[]).await;
    let a = part(&house, &upload, 1, b"abc".to_vec()).await;
    let same = list(&[(1, &a)]);
    let first = complete(&house, &upload, &[], &same).await.ok();
    let version = first.header("x-amz-version-id").to_owned();
    house.put("/bucket/key", "over").await.ok();
    house.delete("/bucket/key").await.ok();
    let again = complete(&house, &upload, &[], &same).await.ok();
    assert_eq!(again.header("x-amz-version-id"), version);
    house
        .delete(&format!("/bucket/key?versionId={version}"))
        .await
        .ok();
    complete(&house, &upload, &[], &same)
        .await
        .fails(404, "NoSuchUpload");
}

#[tokio::test]
async fn listings_go_on_after_an_upload_that_has_ended_as_recorded_from_aws() {
    let house = House::with_bucket().await;
    begin(&house, &[]).await;
    begin(&house, &[]).await;
    let uploads = house.get("/bucket?uploads").await.ok().elements("UploadId");
    let [first, second] = &uploads[..] else {
        panic!("{uploads:?}")
    };
    let after = format!("/bucket?uploads&key-marker=key&upload-id-marker={first}");
    let before = house.get(&after).await.ok().elements("UploadId");
    house
        .delete(&format!("/bucket/key?uploadId={first}"))
        .await
        .ok();
    assert_eq!(house.get(&after).await.ok().elements("UploadId"), before);
    assert_eq!(&before, std::slice::from_ref(second));
    house
        .get("/bucket?uploads&key-marker=key&upload-id-marker=nope")
        .await
        .fails(400, "InvalidArgument");
    house
        .get(&after.replace("key-marker=key", "key-marker=other"))
        .await
        .fails(400, "InvalidArgument");
}

#[tokio::test]
async fn attributes_of_parts_are_told_as_recorded_from_aws() {
    let house = House::with_bucket().await;
    let upload = begin(&house, &[("x-amz-checksum-algorithm", "SHA256")]).await;
    let sum = "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=";
    let uri = format!("/bucket/key?partNumber=1&uploadId={upload}");
    let headers = [("x-amz-checksum-sha256", sum)];
    let reply = house.send("PUT", &uri, &headers, "abc").await.ok();
    let named = format!("</ETag><ChecksumSHA256>{sum}</ChecksumSHA256>");
    let document = list(&[(1, reply.header("etag"))]).replace("</ETag>", &named);
    complete(&house, &upload, &[], &document).await.ok();

    let ask = async |headers: &[(&str, &str)]| {
        house
            .send("GET", "/bucket/key?attributes", headers, "")
            .await
    };
    let wanted = |names| ("x-amz-object-attributes", names);
    let told = ask(&[wanted("Checksum")]).await.ok();
    // Without the number of parts, which the object's header has.
    assert_eq!(
        told.element("ChecksumSHA256"),
        "T4tCwi3TcptRm6b2jS2nzFstYG0F2u1a1RKMwD5sY1g="
    );
    assert_eq!(told.element("ChecksumType"), "COMPOSITE");
    for (most, shown, truncated) in [
        ("1", "1", "false"),
        ("1001", "1001", "false"),
        ("0", "0", "false"),
        ("-1", "-1", "true"),
    ] {
        let told = ask(&[wanted("ObjectParts"), ("x-amz-max-parts", most)])
            .await
            .ok();
        let members = (told.element("MaxParts"), told.element("IsTruncated"));
        assert_eq!(members, (shown.to_owned(), truncated.to_owned()), "{most}");
    }
    for name in ["x-amz-max-parts", "x-amz-part-number-marker"] {
        let refused = ask(&[wanted("ObjectParts"), (name, "abc")]).await;
        let refused = refused.fails(400, "InvalidArgument");
        assert_eq!(refused.element("ArgumentName"), name);
        assert_eq!(refused.element("ArgumentValue"), "abc");
    }
    let refused = house.get("/bucket/key?partNumber=abc").await;
    let refused = refused.fails(400, "InvalidArgument");
    assert_eq!(refused.element("ArgumentName"), "partNumber");
    assert_eq!(refused.element("ArgumentValue"), "abc");
    house.get("/bucket/key?partNumber=1").await.ok();
    ask(&[]).await.fails(400, "InvalidRequest");
}
