//! Bucket policies: what S3 accepts and refuses, and with which sentence.

use super::*;

#[test]
fn bucket_policies_are_about_s3() {
    let bucket = |members: &str| {
        let text = format!(r#"{{"Statement":{{"Effect":"Deny",{members}}}}}"#);
        refusal(&text, Grammar::Bucket)
    };
    for (members, expected) in [
        (
            r#""Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::b/*""#,
            "",
        ),
        (
            r#""NotPrincipal":{"AWS":"111122223333"},"Action":"s3:*","Resource":"arn:aws:s3:::b/*""#,
            "",
        ),
        (
            r#""Action":"s3:*","Resource":"arn:aws:s3:::b/*""#,
            "Missing required field Principal",
        ),
        (
            r#""Principal":"me","Action":"s3:*","Resource":"arn:aws:s3:::b/*""#,
            "Invalid principal in policy",
        ),
        (
            r#""Principal":{"AWS":"me"},"Action":"s3:*","Resource":"arn:aws:s3:::b/*""#,
            "Invalid principal in policy",
        ),
        (
            r#""Principal":"*","Resource":"arn:aws:s3:::b/*""#,
            "Missing required field Action",
        ),
        (
            r#""Principal":"*","Action":"sqs:*","Resource":"arn:aws:s3:::b/*""#,
            "Policy has invalid action",
        ),
        (
            r#""Principal":"*","Action":"s3:*""#,
            "Missing required field Resource",
        ),
        (
            r#""Principal":"*","Action":"s3:*","Resource":"*""#,
            "Policy has invalid resource",
        ),
        (
            r#""Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::b/*","Condition":{"X":{"a":"b"}}"#,
            "Invalid Condition type : X",
        ),
    ] {
        assert_eq!(bucket(members), expected, "{members}");
    }
    let first = "Policies must be valid JSON and the first byte must be '{'";
    assert_eq!(refusal(" {}", Grammar::Bucket), first);
    assert_eq!(
        refusal("{}", Grammar::Bucket),
        "Missing required field Statement"
    );
}

/// Sentences that S3 was seen to say (reports of users to aws-samples, terraform and others),
/// and for addresses what other servers say that they recorded.
#[test]
fn bucket_policies_say_nothing_that_could_never_matter() {
    let mismatch = "Action does not apply to any resource(s) in statement";
    let idle = "Conditions do not apply to combination of actions and resources in statement";
    let action = "Policy has invalid action";
    let key = "Policy has an invalid condition key";
    let address = "Invalid IP address in Conditions";
    let one = |action: &str, resource: &str, condition: &str| {
        let text = format!(
            r#"{{"Statement":{{"Effect":"Allow","Principal":"*","Action":[{action}],"Resource":[{resource}],"Condition":{{{condition}}}}}}}"#
        );
        refusal(&text, Grammar::Bucket)
    };
    let (bucket, objects) = (r#""arn:aws:s3:::b""#, r#""arn:aws:s3:::b/*""#);
    let both = format!("{bucket},{objects}");
    for (actions, resources, condition, expected) in [
        (r#""s3:GetObject""#, objects, "", ""),
        (r#""s3:GetObject""#, bucket, "", mismatch),
        (r#""s3:ListBucket""#, objects, "", mismatch),
        (r#""s3:ListBucket""#, bucket, "", ""),
        (r#""s3:GetObject","s3:GetBucketAcl""#, objects, "", mismatch),
        (r#""s3:GetObject","s3:GetBucketAcl""#, &both, "", ""),
        (r#""s3:*""#, bucket, "", ""),
        (r#""s3:Get*""#, objects, "", ""),
        (r#""s3:GetObject""#, r#""arn:aws:s3:::b*""#, "", ""),
        (r#""s3:ListBucket""#, r#""arn:aws:s3:::b*""#, "", ""),
        (r#""s3:PutObjectLockConfiguration""#, bucket, "", action),
        (r#""s3:GetObjekt*""#, objects, "", action),
        (r#""S3:getobject""#, objects, "", ""),
        (
            r#""s3:ListBucket""#,
            bucket,
            r#""StringLike":{"s3:prefix":"a/*"}"#,
            "",
        ),
        (
            r#""s3:GetObject""#,
            objects,
            r#""StringLike":{"s3:prefix":"a/*"}"#,
            idle,
        ),
        (
            r#""s3:ListBucket","s3:GetBucketAcl""#,
            bucket,
            r#""StringLike":{"s3:prefix":"a/*"}"#,
            idle,
        ),
        (
            r#""s3:*""#,
            &both,
            r#""StringLike":{"s3:prefix":"a/*"}"#,
            "",
        ),
        (
            r#""s3:*""#,
            &both,
            r#""NumericLessThan":{"s3:TlsVersion":1.2}"#,
            "",
        ),
        (
            r#""s3:PutObject""#,
            objects,
            r#""StringNotEquals":{"s3:x-amz-server-side-encryption":"AES256"}"#,
            "",
        ),
        (
            r#""s3:PutObject""#,
            objects,
            r#""StringEquals":{"s3:x-amz-acl":"bucket-owner-full-control"}"#,
            "",
        ),
        (
            r#""s3:GetObject""#,
            objects,
            r#""StringEquals":{"s3:ExistingObjectTag/team":"a"}"#,
            "",
        ),
        (
            r#""s3:GetObjectVersion""#,
            objects,
            r#""StringEquals":{"s3:VersionId":"a"}"#,
            "",
        ),
        (
            r#""s3:GetObject""#,
            objects,
            r#""StringEquals":{"s3:DataAccessPointAccount":"111122223333"}"#,
            "",
        ),
        (
            r#""s3:GetObject""#,
            objects,
            r#""StringEquals":{"s3:VersionStatus":"a"}"#,
            key,
        ),
        (
            r#""s3:GetObject""#,
            objects,
            r#""StringEquals":{"aws:Unheard":"a"}"#,
            "",
        ),
        (
            r#""s3:GetObject""#,
            objects,
            r#""StringEquals":{"idp.example.com:sub":"a"}"#,
            "",
        ),
        (
            r#""s3:GetObject""#,
            objects,
            r#""IpAddress":{"aws:SourceIp":"192.0.2.0/24"}"#,
            "",
        ),
        (
            r#""s3:GetObject""#,
            objects,
            r#""IpAddress":{"aws:SourceIp":"123"}"#,
            address,
        ),
        (
            r#""s3:GetObject""#,
            objects,
            r#""NotIpAddressIfExists":{"aws:SourceIp":["192.0.2.1",""]}"#,
            address,
        ),
        (
            r#""s3:GetObject""#,
            objects,
            r#""IpAddress":{"aws:SourceIp":[]}"#,
            "",
        ),
    ] {
        let said = one(actions, resources, condition);
        assert_eq!(said, expected, "{actions} {resources} {condition}");
    }
}
