//! What is found in conditions.

use super::*;

#[test]
fn conditions() {
    let with = |effect: &str, action: &str, condition: &str| {
        format!(
            r#""Effect":"{effect}","Action":"{action}","Resource":"*","Condition":{{{condition}}}"#
        )
    };
    for (condition, code, spot) in [
        (r#""StringEquals":{"aws:PrincipalOrgID":"o-1"}"#, "", ""),
        (
            r#""StringEqual":{"aws:userid":"a"}"#,
            "INVALID_CONDITION_OPERATOR",
            r#""StringEqual""#,
        ),
        (
            r#""NullIfExists":{"aws:userid":"true"}"#,
            "NULL_WITH_IF_EXISTS",
            r#""NullIfExists""#,
        ),
        (
            r#""StringEquals":{"userid":"a"}"#,
            "INVALID_CONDITION_KEY_FORMAT",
            r#""userid""#,
        ),
        (
            r#""StringEquals":{"aws:PrincipalOrgId2":"a"}"#,
            "INVALID_GLOBAL_CONDITION_KEY",
            r#""aws:PrincipalOrgId2""#,
        ),
        (
            r#""StringEquals":{"aws:RequestTag":"a"}"#,
            "MISSING_TAG_KEY_IN_CONDITION",
            r#""aws:RequestTag""#,
        ),
        // AWS: AmazonDataZoneGlueManageAccessRolePolicy.
        (
            r#""Null":{"lakeformation:GlueARN":"true"}"#,
            "INVALID_SERVICE_CONDITION_KEY",
            r#""lakeformation:GlueARN""#,
        ),
        // AWS: AIOpsAssistantPolicy.
        (
            r#""StringEquals":{"aws:ViaAWSService":"true"}"#,
            "TYPE_MISMATCH",
            r#""aws:ViaAWSService""#,
        ),
        // AWS: AWSCertificateManagerPrivateCAUser.
        (
            r#""StringLike":{"acm-pca:TemplateArn":"arn:*"}"#,
            "STRING_LIKE_OPERATOR_WITH_ARN_CONDITION_KEYS",
            r#""acm-pca:TemplateArn""#,
        ),
        (
            r#""StringEquals":{"aws:SourceArn":"arn:aws:s3:::b"}"#,
            "",
            "",
        ),
        // AWS: AmazonEKSConnectorServiceRolePolicy.
        (
            r#""StringEquals":{"events:source":"a"}"#,
            "MISSING_QUALIFIER",
            r#""events:source""#,
        ),
        (r#""ForAnyValue:StringEquals":{"aws:TagKeys":"a"}"#, "", ""),
        (
            r#""Bool":{"aws:SecureTransport":"yes"}"#,
            "TYPE_MISMATCH_BOOLEAN",
            r#""yes""#,
        ),
        (
            r#""NumericLessThan":{"aws:MultiFactorAuthAge":"1h"}"#,
            "TYPE_MISMATCH_NUMBER",
            r#""1h""#,
        ),
        (
            r#""DateLessThan":{"aws:CurrentTime":"soon"}"#,
            "TYPE_MISMATCH_DATE",
            r#""soon""#,
        ),
        (
            r#""IpAddress":{"aws:SourceIp":"192.0.2.0/33"}"#,
            "TYPE_MISMATCH_IP_RANGE",
            r#""192.0.2.0/33""#,
        ),
        (
            r#""IpAddress":{"aws:SourceIp":"10.0.0.0/8"}"#,
            "PRIVATE_IP_ADDRESS",
            r#""10.0.0.0/8""#,
        ),
        (
            r#""StringEquals":{"aws:userid":"A*"}"#,
            "WILDCARD_WITHOUT_LIKE_OPERATOR",
            r#""A*""#,
        ),
        (
            r#""StringEquals":{"aws:userid":["a","a"]}"#,
            "REDUNDANT_CONDITION_VALUE_NUM",
            r#""aws:userid""#,
        ),
        (
            r#""StringEquals":{"aws:userid":[]}"#,
            "EMPTY_ARRAY_CONDITION",
            "[]",
        ),
        (
            r#""StringLike":{"aws:userid":"${aws:userid"}"#,
            "MISSING_BRACE_IN_VARIABLE",
            r#""${aws:userid""#,
        ),
        (
            r#""StringLike":{"aws:userid":"${}"}"#,
            "EMPTY_VARIABLE",
            r#""${}""#,
        ),
        (
            r#""StringLike":{"aws:userid":"${ aws:userid}"}"#,
            "UNSUPPORTED_SPACE_IN_VARIABLE",
            r#""${ aws:userid}""#,
        ),
        (
            r#""StringLike":{"aws:userid":"${aws:userid, x}"}"#,
            "MISSING_QUOTE_IN_VARIABLE",
            r#""${aws:userid, x}""#,
        ),
        (
            r#""StringLike":{"aws:userid":"${aws:PrincipalTag/a b, 'x'}"}"#,
            "",
            "",
        ),
        (
            r#""Bool":{"aws:SecureTransport":["true","false"]}"#,
            "INVALID_CONDITION_MULTIPLE_BOOLEAN",
            r#""aws:SecureTransport""#,
        ),
    ] {
        is(&with("Deny", "*", condition), code, spot);
    }
    // AWS: TagGovernancePolicy.
    let for_all = r#""ForAllValues:StringLike":{"organizations:ServicePrincipal":"a"}"#;
    let members = with("Allow", "organizations:*", for_all);
    assert_eq!(one(&members).0, "FORALLVALUES_WITH_SINGLE_VALUED_KEY");
    let prefix = r#""StringLike":{"s3:prefix":"a"}"#;
    assert_eq!(
        one(&with("Deny", "s3:GetObject", prefix)).0,
        "CONDITION_KEY_NOT_IN_REQUEST"
    );
    assert_eq!(one(&with("Deny", "s3:ListBucket", prefix)).0, "");
}
