//! What guests may do at most, whatever their role allows: AWS passes session policies with
//! the credentials of the enhanced flow (Cognito Developer Guide, "Access policies for
//! unauthenticated identities").

use std::sync::LazyLock;

/// The actions of the inline session policy and of the managed one that AWS passes with it,
/// `AmazonCognitoUnAuthedIdentitiesSessionPolicy`. What either allows is allowed.
const ACTIONS: &[&str] = &[
    "appsync:*",
    "cloudwatch:*",
    "codewhisperer:*",
    "cognito-identity:*",
    "cognito-idp:*",
    "cognito-sync:*",
    "comprehend:*",
    "dynamodb:*",
    "execute-api:*",
    "firehose:*",
    "gamelift:*",
    "geo:*DevicePosition*",
    "geo:*Geofence",
    "geo:*Geofences",
    "geo:CalculateRoute*",
    "geo:GetMap*",
    "geo:GetPlace",
    "geo:ListMaps",
    "geo:SearchPlaceIndex*",
    "iot:*",
    "kinesis:*",
    "kms:Decrypt",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyPair",
    "kms:GenerateDataKeyPairWithoutPlaintext",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
    "lambda:*",
    "lex:*",
    "logs:*",
    "machinelearning:*",
    "mobileanalytics:*",
    "mobiletargeting:*",
    "personalize:*",
    "polly:*",
    "rekognition:*",
    "rum:PutRumEvents",
    "s3:*",
    "sagemaker:InvokeEndpoint",
    "sdb:*",
    "ses:*",
    "sns:*",
    "sqs:*",
    "textract:AnalyzeDocument",
    "textract:DetectDocumentText",
    "transcribe:*",
    "translate:*",
];

/// The session policy of a guest.
pub(crate) fn session_policy() -> &'static str {
    static POLICY: LazyLock<String> = LazyLock::new(|| {
        serde_json::json!({
            "Version": "2012-10-17",
            "Statement": [{ "Effect": "Allow", "Action": ACTIONS, "Resource": "*" }],
        })
        .to_string()
    });
    &POLICY
}

#[cfg(test)]
mod tests {
    use policy::{Document, Grammar};

    use super::*;

    #[test]
    fn the_policy_is_one_that_a_session_can_have() {
        Document::parse(session_policy(), Grammar::Session).unwrap();
    }

    #[test]
    fn each_action_is_listed_once_and_in_order() {
        assert!(ACTIONS.is_sorted_by(|a, b| a < b));
    }
}
