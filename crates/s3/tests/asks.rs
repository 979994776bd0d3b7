//! No operation answers, or does anything, without having asked.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "test code"
)]

mod support;
use support::{House, OTHER};

const CORS: &str = "<CORSConfiguration><CORSRule><AllowedMethod>GET</AllowedMethod><AllowedOrigin>*</AllowedOrigin></CORSRule></CORSConfiguration>";
const TAGS: &str = "<Tagging><TagSet><Tag><Key>k</Key><Value>v</Value></Tag></TagSet></Tagging>";
const OWNERSHIP: &str = "<OwnershipControls><Rule><ObjectOwnership>BucketOwnerEnforced</ObjectOwnership></Rule></OwnershipControls>";
const ENCRYPTION: &str = "<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm></ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>";
const VERSIONING: &str =
    "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
const BLOCK: &str = "<PublicAccessBlockConfiguration><BlockPublicPolicy>true</BlockPublicPolicy></PublicAccessBlockConfiguration>";
const POLICY: &str = r#"{"Version":"2012-10-17","Statement":[]}"#;
const COMPLETE: &str = "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>x</ETag></Part></CompleteMultipartUpload>";
const B: &str = "arn:aws:s3:::bucket";
const K: &str = "arn:aws:s3:::bucket/key";

type Case = (
    &'static str,
    &'static str,
    &'static [(&'static str, &'static str)],
    &'static str,
    &'static str,
    &'static str,
);

/// Every operation that is built: method, address, headers, body, the first action that it
/// asks for and on what.
const CASES: &[Case] = &[
    ("GET", "/", &[], "", "s3:ListAllMyBuckets", "*"),
    (
        "PUT",
        "/brand-new",
        &[],
        "",
        "s3:CreateBucket",
        "arn:aws:s3:::brand-new",
    ),
    ("DELETE", "/bucket", &[], "", "s3:DeleteBucket", B),
    ("HEAD", "/bucket", &[], "", "s3:ListBucket", B),
    ("GET", "/bucket", &[], "", "s3:ListBucket", B),
    ("GET", "/bucket?list-type=2", &[], "", "s3:ListBucket", B),
    (
        "GET",
        "/bucket?versions",
        &[],
        "",
        "s3:ListBucketVersions",
        B,
    ),
    (
        "GET",
        "/bucket?uploads",
        &[],
        "",
        "s3:ListBucketMultipartUploads",
        B,
    ),
    (
        "GET",
        "/bucket?location",
        &[],
        "",
        "s3:GetBucketLocation",
        B,
    ),
    ("GET", "/bucket?acl", &[], "", "s3:GetBucketAcl", B),
    (
        "PUT",
        "/bucket?acl",
        &[("x-amz-acl", "private")],
        "",
        "s3:PutBucketAcl",
        B,
    ),
    ("GET", "/bucket?cors", &[], "", "s3:GetBucketCORS", B),
    ("PUT", "/bucket?cors", &[], CORS, "s3:PutBucketCORS", B),
    ("DELETE", "/bucket?cors", &[], "", "s3:PutBucketCORS", B),
    (
        "GET",
        "/bucket?encryption",
        &[],
        "",
        "s3:GetEncryptionConfiguration",
        B,
    ),
    (
        "PUT",
        "/bucket?encryption",
        &[],
        ENCRYPTION,
        "s3:PutEncryptionConfiguration",
        B,
    ),
    (
        "DELETE",
        "/bucket?encryption",
        &[],
        "",
        "s3:PutEncryptionConfiguration",
        B,
    ),
    (
        "GET",
        "/bucket?ownershipControls",
        &[],
        "",
        "s3:GetBucketOwnershipControls",
        B,
    ),
    (
        "PUT",
        "/bucket?ownershipControls",
        &[],
        OWNERSHIP,
        "s3:PutBucketOwnershipControls",
        B,
    ),
    (
        "DELETE",
        "/bucket?ownershipControls",
        &[],
        "",
        "s3:PutBucketOwnershipControls",
        B,
    ),
    ("GET", "/bucket?policy", &[], "", "s3:GetBucketPolicy", B),
    (
        "PUT",
        "/bucket?policy",
        &[],
        POLICY,
        "s3:PutBucketPolicy",
        B,
    ),
    (
        "DELETE",
        "/bucket?policy",
        &[],
        "",
        "s3:DeleteBucketPolicy",
        B,
    ),
    (
        "GET",
        "/bucket?policyStatus",
        &[],
        "",
        "s3:GetBucketPolicyStatus",
        B,
    ),
    (
        "GET",
        "/bucket?publicAccessBlock",
        &[],
        "",
        "s3:GetBucketPublicAccessBlock",
        B,
    ),
    (
        "PUT",
        "/bucket?publicAccessBlock",
        &[],
        BLOCK,
        "s3:PutBucketPublicAccessBlock",
        B,
    ),
    (
        "DELETE",
        "/bucket?publicAccessBlock",
        &[],
        "",
        "s3:PutBucketPublicAccessBlock",
        B,
    ),
    ("GET", "/bucket?tagging", &[], "", "s3:GetBucketTagging", B),
    (
        "PUT",
        "/bucket?tagging",
        &[],
        TAGS,
        "s3:PutBucketTagging",
        B,
    ),
    (
        "DELETE",
        "/bucket?tagging",
        &[],
        "",
        "s3:PutBucketTagging",
        B,
    ),
    (
        "GET",
        "/bucket?versioning",
        &[],
        "",
        "s3:GetBucketVersioning",
        B,
    ),
    (
        "PUT",
        "/bucket?versioning",
        &[],
        VERSIONING,
        "s3:PutBucketVersioning",
        B,
    ),
    (
        "GET",
        "/bucket?accelerate",
        &[],
        "",
        "s3:GetAccelerateConfiguration",
        B,
    ),
    (
        "GET",
        "/bucket?lifecycle",
        &[],
        "",
        "s3:GetLifecycleConfiguration",
        B,
    ),
    ("GET", "/bucket?logging", &[], "", "s3:GetBucketLogging", B),
    (
        "GET",
        "/bucket?notification",
        &[],
        "",
        "s3:GetBucketNotification",
        B,
    ),
    (
        "GET",
        "/bucket?object-lock",
        &[],
        "",
        "s3:GetBucketObjectLockConfiguration",
        B,
    ),
    (
        "GET",
        "/bucket?replication",
        &[],
        "",
        "s3:GetReplicationConfiguration",
        B,
    ),
    (
        "GET",
        "/bucket?requestPayment",
        &[],
        "",
        "s3:GetBucketRequestPayment",
        B,
    ),
    ("GET", "/bucket?website", &[], "", "s3:GetBucketWebsite", B),
    ("GET", "/bucket/key", &[], "", "s3:GetObject", K),
    (
        "GET",
        "/bucket/key?versionId=null",
        &[],
        "",
        "s3:GetObjectVersion",
        K,
    ),
    ("HEAD", "/bucket/key", &[], "", "s3:GetObject", K),
    (
        "HEAD",
        "/bucket/key?versionId=null",
        &[],
        "",
        "s3:GetObjectVersion",
        K,
    ),
    ("PUT", "/bucket/key", &[], "data", "s3:PutObject", K),
    (
        "PUT",
        "/bucket/key",
        &[("x-amz-copy-source", "/bucket/other")],
        "",
        "s3:GetObject",
        "arn:aws:s3:::bucket/other",
    ),
    ("DELETE", "/bucket/key", &[], "", "s3:DeleteObject", K),
    (
        "DELETE",
        "/bucket/key?versionId=null",
        &[],
        "",
        "s3:DeleteObjectVersion",
        K,
    ),
    (
        "GET",
        "/bucket/key?attributes",
        &[("x-amz-object-attributes", "ETag")],
        "",
        "s3:GetObject",
        K,
    ),
    ("GET", "/bucket/key?acl", &[], "", "s3:GetObjectAcl", K),
    (
        "GET",
        "/bucket/key?acl&versionId=null",
        &[],
        "",
        "s3:GetObjectVersionAcl",
        K,
    ),
    (
        "PUT",
        "/bucket/key?acl",
        &[("x-amz-acl", "private")],
        "",
        "s3:PutObjectAcl",
        K,
    ),
    (
        "GET",
        "/bucket/key?tagging",
        &[],
        "",
        "s3:GetObjectTagging",
        K,
    ),
    (
        "GET",
        "/bucket/key?tagging&versionId=null",
        &[],
        "",
        "s3:GetObjectVersionTagging",
        K,
    ),
    (
        "PUT",
        "/bucket/key?tagging",
        &[],
        TAGS,
        "s3:PutObjectTagging",
        K,
    ),
    (
        "PUT",
        "/bucket/key?tagging&versionId=null",
        &[],
        TAGS,
        "s3:PutObjectVersionTagging",
        K,
    ),
    (
        "DELETE",
        "/bucket/key?tagging",
        &[],
        "",
        "s3:DeleteObjectTagging",
        K,
    ),
    (
        "DELETE",
        "/bucket/key?tagging&versionId=null",
        &[],
        "",
        "s3:DeleteObjectVersionTagging",
        K,
    ),
    ("POST", "/bucket/key?uploads", &[], "", "s3:PutObject", K),
    (
        "PUT",
        "/bucket/key?partNumber=1&uploadId=UPLOAD",
        &[],
        "data",
        "s3:PutObject",
        K,
    ),
    (
        "PUT",
        "/bucket/key?partNumber=1&uploadId=UPLOAD",
        &[("x-amz-copy-source", "/bucket/other")],
        "",
        "s3:GetObject",
        "arn:aws:s3:::bucket/other",
    ),
    (
        "POST",
        "/bucket/key?uploadId=UPLOAD",
        &[],
        COMPLETE,
        "s3:PutObject",
        K,
    ),
    (
        "GET",
        "/bucket/key?uploadId=UPLOAD",
        &[],
        "",
        "s3:ListMultipartUploadParts",
        K,
    ),
    (
        "DELETE",
        "/bucket/key?uploadId=UPLOAD",
        &[],
        "",
        "s3:AbortMultipartUpload",
        K,
    ),
];

async fn furnished() -> (House, String) {
    let house = House::with_bucket().await;
    house
        .send("PUT", "/bucket/key", &[("x-amz-tagging", "t=1")], "data")
        .await
        .ok();
    house.put("/bucket/other", "data").await.ok();
    let upload = house
        .send("POST", "/bucket/key?uploads", &[], "")
        .await
        .ok()
        .element("UploadId");
    house.asked();
    (house, upload)
}

/// How often anything was written.
fn commits(house: &House) -> [u64; 2] {
    ["s3", "s3/bucket"].map(|scope| house.store.counter(scope).unwrap())
}

#[tokio::test]
async fn whoever_is_denied_gets_nothing_and_changes_nothing() {
    let (house, upload) = furnished().await;
    let before = commits(&house);
    house.deny("*", "*");
    house.deny("*", "arn:*");
    for (method, uri, headers, body, action, resource) in CASES {
        let uri = uri.replace("UPLOAD", &upload);
        let reply = house.send(method, &uri, headers, *body).await;
        assert_eq!(reply.status, 403, "{method} {uri}: {}", reply.text());
        let asked = house.asked();
        assert_eq!(
            (asked[0].action, asked[0].resource.as_str()),
            (*action, *resource),
            "{method} {uri}"
        );
        assert_eq!(commits(&house), before, "{method} {uri} changed something");
        assert_eq!(house.files(), 0, "{method} {uri} left a file");
    }
}

#[tokio::test]
async fn a_stranger_gets_nothing_either() {
    let (house, upload) = furnished().await;
    for account in [Some(OTHER), None] {
        for (method, uri, headers, body, action, _) in CASES {
            // What one may do in one's own account.
            if matches!(*action, "s3:ListAllMyBuckets" | "s3:CreateBucket") && account.is_some() {
                continue;
            }
            let uri = uri.replace("UPLOAD", &upload);
            let reply = house.send_as(account, method, &uri, headers, *body).await;
            assert_eq!(
                reply.status,
                403,
                "{account:?} {method} {uri}: {}",
                reply.text()
            );
        }
    }
}

#[tokio::test]
async fn what_is_allowed_has_asked_too() {
    for (method, uri, headers, body, action, resource) in CASES {
        let (house, upload) = furnished().await;
        let uri = uri.replace("UPLOAD", &upload);
        let reply = house.send(method, &uri, headers, *body).await;
        assert!(reply.status < 500, "{method} {uri}: {}", reply.text());
        let asked = house.asked();
        assert_eq!(
            (asked[0].action, asked[0].resource.as_str()),
            (*action, *resource),
            "{method} {uri}"
        );
        assert_eq!(asked[0].account.as_deref(), Some(support::OWNER));
    }
}

#[tokio::test]
async fn what_is_not_built_says_so_and_does_nothing() {
    let (house, _) = furnished().await;
    let before = commits(&house);
    for (method, uri) in [
        ("DELETE", "/bucket?abac"),
        ("DELETE", "/bucket?metadataConfiguration"),
        ("DELETE", "/bucket?lifecycle"),
        ("DELETE", "/bucket?website"),
        ("DELETE", "/bucket?replication"),
        ("DELETE", "/bucket?metrics&id=1"),
        ("PUT", "/bucket/key?renameObject"),
        ("PUT", "/bucket/key?legal-hold"),
        ("PUT", "/bucket/key?retention"),
        ("GET", "/bucket/key?torrent"),
        ("GET", "/bucket?session"),
    ] {
        let reply = house.send(method, uri, &[], "").await;
        assert!(
            matches!(reply.status, 400 | 501),
            "{method} {uri}: {}",
            reply.text()
        );
    }
    assert_eq!(commits(&house), before);
}

#[tokio::test]
async fn conditions_reach_the_gate() {
    let (house, _) = furnished().await;
    house
        .get("/bucket?list-type=2&prefix=a%2F&delimiter=%2F&max-keys=7")
        .await
        .ok();
    let asked = house.asked().remove(0);
    for (key, value) in [
        ("s3:prefix", "a/"),
        ("s3:delimiter", "/"),
        ("s3:max-keys", "7"),
        ("s3:ResourceAccount", support::OWNER),
    ] {
        assert_eq!(asked.key(key), Some(vec![value.to_owned()]), "{key}");
    }
    house.get("/bucket").await.ok();
    assert_eq!(house.asked().remove(0).key("s3:prefix"), None);

    let headers = [
        ("x-amz-tagging", "a=1&b=2"),
        ("x-amz-storage-class", "STANDARD_IA"),
        ("x-amz-server-side-encryption", "AES256"),
        ("x-amz-acl", "bucket-owner-full-control"),
    ];
    house.send("PUT", "/bucket/new", &headers, "x").await.ok();
    let asked = house.asked();
    let actions: Vec<&str> = asked.iter().map(|asked| asked.action).collect();
    assert_eq!(
        actions,
        ["s3:PutObject", "s3:PutObjectTagging", "s3:PutObjectAcl"]
    );
    for (key, values) in [
        ("s3:RequestObjectTag/a", vec!["1"]),
        ("s3:RequestObjectTagKeys", vec!["a", "b"]),
        ("s3:x-amz-storage-class", vec!["STANDARD_IA"]),
        ("s3:x-amz-server-side-encryption", vec!["AES256"]),
        ("s3:x-amz-acl", vec!["bucket-owner-full-control"]),
    ] {
        assert_eq!(asked[0].key(key).unwrap(), values, "{key}");
    }
    house.get("/bucket/new").await.ok();
    let asked = house.asked();
    assert_eq!(
        asked[0].key("s3:ExistingObjectTag/b"),
        Some(vec!["2".to_owned()])
    );

    let copy = [
        ("x-amz-copy-source", "/bucket/key"),
        ("x-amz-metadata-directive", "REPLACE"),
    ];
    house.send("PUT", "/bucket/new", &copy, "").await.ok();
    let asked = house.asked();
    let put = asked
        .iter()
        .find(|asked| asked.action == "s3:PutObject")
        .unwrap();
    assert_eq!(
        put.key("s3:x-amz-copy-source"),
        Some(vec!["/bucket/key".to_owned()])
    );
    assert_eq!(
        put.key("s3:x-amz-metadata-directive"),
        Some(vec!["REPLACE".to_owned()])
    );
    house.get("/bucket/key?versionId=null").await.ok();
    assert_eq!(
        house.asked()[0].key("s3:VersionId"),
        Some(vec!["null".to_owned()])
    );
}
