//! What is found in which policy. Findings that AWS itself gave for policies that it manages
//! (published by the MAMIP archive) are marked; the others follow AWS's list of checks.

mod conditions;

use super::*;

/// The codes found in a policy, each with the text of its first place.
fn found(policy: &str, kind: PolicyType) -> Vec<(String, String)> {
    let lines: Vec<&str> = policy.lines().collect();
    check(policy, kind)
        .into_iter()
        .map(|finding| {
            let span = finding.locations[0].span;
            let line = lines.get(span.start.line - 1).copied().unwrap_or_default();
            let end = match span.end.line == span.start.line {
                true => span.end.column,
                false => line.chars().count(),
            };
            let text = line.chars().take(end).skip(span.start.column).collect();
            (finding.issue_code.to_owned(), text)
        })
        .collect()
}

/// The findings of one statement of an identity policy with these members.
fn identity(members: &str) -> Vec<(String, String)> {
    let text = format!(r#"{{"Version":"2012-10-17","Statement":[{{{members}}}]}}"#);
    found(&text, PolicyType::Identity)
}

/// One finding, or none: the code, and where.
fn one(members: &str) -> (String, String) {
    let mut all = identity(members);
    assert!(all.len() < 2, "{members}: {all:?}");
    all.pop().unwrap_or_default()
}

fn is(members: &str, code: &str, spot: &str) {
    assert_eq!(
        one(members),
        (code.to_owned(), spot.to_owned()),
        "{members}"
    );
}

#[test]
fn a_good_policy_has_no_findings() {
    is(
        r#""Effect":"Allow","Action":["s3:GetObject","s3:PutObject"],"Resource":"arn:aws:s3:::b/*""#,
        "",
        "",
    );
    is(
        r#""Effect":"Allow","Action":"iam:PassRole","Resource":"*","Condition":{"StringEquals":{"iam:PassedToService":"ec2.amazonaws.com"}}"#,
        "",
        "",
    );
    is(
        r#""Sid":"A1","Effect":"Deny","NotAction":"iam:*","Resource":"*","Condition":{"BoolIfExists":{"aws:MultiFactorAuthPresent":false}}"#,
        "",
        "",
    );
}

#[test]
fn what_is_not_json_is_told_with_its_place() {
    for (text, line, column) in [
        ("", 1, 0),
        ("{\n  \"Version\": \"2012-10-17\",\n}", 3, 0),
        ("{\"é\" 1}", 1, 5),
        ("[", 1, 1),
    ] {
        let findings = check(text, PolicyType::Identity);
        assert_eq!(findings[0].issue_code, "JSON_SYNTAX_ERROR", "{text}");
        let start = findings[0].locations[0].span.start;
        assert_eq!((start.line, start.column), (line, column), "{text}");
    }
}

#[test]
fn elements() {
    let ok = r#""Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*""#;
    let whole = |members: &str| format!("{{{members}}}");
    for (members, code, spot) in [
        (
            r#""Action":"s3:*","Resource":"*""#.to_owned(),
            "MISSING_EFFECT",
            whole(r#""Action":"s3:*","Resource":"*""#),
        ),
        (
            r#""Effect":"allow","Action":"s3:*","Resource":"*""#.to_owned(),
            "INVALID_EFFECT",
            r#""allow""#.to_owned(),
        ),
        (
            r#""Effect":"Allow","Resource":"*""#.to_owned(),
            "MISSING_ACTION",
            whole(r#""Effect":"Allow","Resource":"*""#),
        ),
        (
            r#""Effect":"Deny","Action":"s3:*""#.to_owned(),
            "MISSING_RESOURCE",
            whole(r#""Effect":"Deny","Action":"s3:*""#),
        ),
        (
            r#""Effect":"Deny","Action":[],"Resource":"*""#.to_owned(),
            "EMPTY_ARRAY_ACTION",
            "[]".to_owned(),
        ),
        (
            r#""Effect":"Deny","Action":"s3:*","Resource":[]"#.to_owned(),
            "EMPTY_ARRAY_RESOURCE",
            "[]".to_owned(),
        ),
        (
            r#""Effect":"Deny","Action":7,"Resource":"*""#.to_owned(),
            "DATA_TYPE_MISMATCH",
            "7".to_owned(),
        ),
        (
            r#""Effect":"Deny","Action":"s3:*","NotAction":"sqs:*","Resource":"*""#.to_owned(),
            "UNSUPPORTED_ELEMENT_COMBINATION",
            r#""s3:*""#.to_owned(),
        ),
        (
            format!(r#"{ok},"resource":"*""#),
            "INVALID_POLICY_ELEMENT",
            r#""resource""#.to_owned(),
        ),
        (
            format!(r#"{ok},"Sid":"a b""#),
            "UNSUPPORTED_SID",
            r#""a b""#.to_owned(),
        ),
        (
            format!(r#"{ok},"Sid":"""#),
            "EMPTY_SID_VALUE",
            r#""""#.to_owned(),
        ),
        (
            format!(r#"{ok},"Principal":"*""#),
            "UNSUPPORTED_PRINCIPAL",
            r#""*""#.to_owned(),
        ),
        (
            format!(r#"{ok},"Condition":{{}}"#),
            "EMPTY_OBJECT_CONDITION",
            "{}".to_owned(),
        ),
    ] {
        let all = identity(&members);
        assert!(
            all.contains(&(code.to_owned(), spot.clone())),
            "{members}: {all:?}"
        );
    }
}

#[test]
fn the_whole_policy() {
    let statement = r#"{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}"#;
    let codes = |text: &str, kind| -> Vec<String> {
        found(text, kind)
            .into_iter()
            .map(|(code, _)| code)
            .collect()
    };
    for (text, expected) in [
        (
            format!(r#"{{"Statement":{statement}}}"#),
            vec!["MISSING_VERSION"],
        ),
        (
            format!(r#"{{"Version":"2012-10-18","Statement":{statement}}}"#),
            vec!["INVALID_VERSION"],
        ),
        (
            r#"{"Version":"2012-10-17"}"#.to_owned(),
            vec!["MISSING_STATEMENT"],
        ),
        (
            r#"{"Version":"2012-10-17","Statement":[]}"#.to_owned(),
            vec!["MISSING_STATEMENT"],
        ),
        (
            format!(r#"{{"Version":"2012-10-17","Version":"2012-10-17","Statement":{statement}}}"#),
            vec!["JSON_SYNTAX_ERROR"],
        ),
        (r#"["a"]"#.to_owned(), vec!["DATA_TYPE_MISMATCH"]),
        (
            format!(
                r#"{{"Version":"2012-10-17","Id":"{}","Statement":{statement}}}"#,
                "x".repeat(10_240)
            ),
            vec!["POLICY_SIZE_EXCEEDS_IDENTITY_POLICY_QUOTA"],
        ),
    ] {
        assert_eq!(codes(&text, PolicyType::Identity), expected, "{text}");
    }
    let twice = statement.replace('{', r#"{"Sid":"A","#);
    let text = format!(r#"{{"Version":"2012-10-17","Statement":[{twice},{twice}]}}"#);
    assert_eq!(codes(&text, PolicyType::Identity), ["UNIQUE_SIDS_REQUIRED"]);
}

#[test]
fn actions() {
    let with = |action: &str| format!(r#""Effect":"Deny","Action":{action},"Resource":"*""#);
    for (action, code, spot) in [
        // AWS: MemoryDBServiceRolePolicy.
        (
            r#"["memorydb:ReplicateMultiRegionClusterData"]"#,
            "INVALID_ACTION",
            r#""memorydb:ReplicateMultiRegionClusterData""#,
        ),
        (r#""s3:GetObjekt""#, "INVALID_ACTION", r#""s3:GetObjekt""#),
        (r#""s3:Fly*""#, "INVALID_ACTION", r#""s3:Fly*""#),
        (r#""GetObject""#, "INVALID_ACTION", r#""GetObject""#),
        (
            r#""s33:GetObject""#,
            "INVALID_SERVICE_IN_ACTION",
            r#""s33:GetObject""#,
        ),
        (
            r#""s*:GetObject""#,
            "INVALID_SERVICE_IN_ACTION",
            r#""s*:GetObject""#,
        ),
        (r#""S3:getobject""#, "", ""),
        // AWS: AWSBatchFullAccess; all places in order, the wide one last.
        (
            r#"["ecs:DescribeClusters","ecs:Describe*"]"#,
            "REDUNDANT_ACTION",
            r#""ecs:DescribeClusters""#,
        ),
        // AWS: AWSMarketplaceFullAccess.
        (
            r#"["ec2:DescribeVpcs","sqs:*","ec2:DescribeVpcs"]"#,
            "REDUNDANT_ACTION",
            r#""ec2:DescribeVpcs""#,
        ),
    ] {
        is(&with(action), code, spot);
    }
}

#[test]
fn resources() {
    let with = |resource: &str| format!(r#""Effect":"Deny","Action":"*","Resource":{resource}"#);
    for (resource, code) in [
        (r#""arn:aws:s3:::b""#, ""),
        (r#""arn:aws:sqs:*:*:q""#, ""),
        (r#""arn:aws:iam::111122223333:role/a/*""#, ""),
        (r#""bucket""#, "INVALID_ARN_PREFIX"),
        (r#""arm:aws:s3:::b""#, "INVALID_ARN_PREFIX"),
        (r#""arn:aws:s3:::""#, "UNKNOWN_RESOURCE_TYPE"),
        (r#""arn:aws:s3::b""#, "MISSING_ARN_FIELD"),
        (r#""arn:amazon:s3:::b""#, "INVALID_PARTITION"),
        (r#""arn:aws:S3:::b""#, "INVALID_ARN_SERVICE_CASE"),
        (r#""arn:aws:sqs:*:1111:q""#, "INVALID_ARN_ACCOUNT"),
        (
            r#""arn:aws:iam:us-east-1:111122223333:user/a""#,
            "ARN_REGION_NOT_ALLOWED",
        ),
        (r#""arn:aws:sqs::111122223333:q""#, "MISSING_ARN_REGION"),
        (
            r#""arn:aws:iam::111122223333:usr/a""#,
            "UNKNOWN_RESOURCE_TYPE",
        ),
        // AWS: AWSDeepLensLambdaFunctionAccessPolicy.
        (
            r#"["arn:aws:s3:::deeplens*/*","arn:aws:s3:::deeplens*"]"#,
            "REDUNDANT_RESOURCE",
        ),
    ] {
        assert_eq!(one(&with(resource)).0, code, "{resource}");
    }
    let idle = "ACTION_WITHOUT_MATCHING_RESOURCE";
    for (action, resource, code) in [
        ("s3:GetObject", "arn:aws:s3:::b", idle),
        ("s3:ListBucket", "arn:aws:s3:::b/*", ""),
        ("s3:ListAllMyBuckets", "arn:aws:s3:::b", idle),
        ("iam:GetRole", "arn:aws:iam::111122223333:user/a", idle),
        ("iam:GetRole", "arn:aws:iam::111122223333:*", ""),
        ("sqs:SendMessage", "arn:aws:sqs:*:*:q-${aws:username}", ""),
    ] {
        let members = format!(r#""Effect":"Deny","Action":"{action}","Resource":"{resource}""#);
        assert_eq!(one(&members).0, code, "{members}");
    }
}

#[test]
fn rights_that_lead_to_more_rights() {
    let codes = |members: &str| -> Vec<String> {
        let mut codes: Vec<_> = identity(members)
            .into_iter()
            .map(|(code, _)| code)
            .collect();
        codes.dedup();
        codes
    };
    let allow = |action: &str, resource: &str| {
        format!(r#""Effect":"Allow","Action":{action},"Resource":"{resource}""#)
    };
    // AWS, but for the last: AdministratorAccess.
    assert_eq!(
        codes(&allow(r#""*""#, "*")),
        [
            "PASS_ROLE_WITH_STAR_IN_ACTION_AND_RESOURCE",
            "PRIVILEGE_ESCALATION",
            "CREATE_SLR_WITH_STAR_IN_ACTION_AND_RESOURCE"
        ]
    );
    // AWS: AWSElasticBeanstalkService.
    assert_eq!(
        codes(&allow(r#""iam:PassRole""#, "*")),
        ["PASS_ROLE_WITH_STAR_IN_RESOURCE"]
    );
    // AWS: AWSOrganizationsServiceTrustPolicy.
    assert_eq!(
        codes(&allow(r#""iam:CreateServiceLinkedRole""#, "*")),
        ["CREATE_SLR_WITH_STAR_IN_RESOURCE"]
    );
    let role = "arn:aws:iam::111122223333:role/app";
    assert!(codes(&allow(r#""iam:PassRole""#, role)).is_empty());
    // AWS: AWSServiceRoleForAmazonEKSNodegroup, whose condition an absent key satisfies.
    let loose = r#""Effect":"Allow","Action":"iam:PassRole","Resource":"*","Condition":{"StringEqualsIfExists":{"iam:PassedToService":["ec2.amazonaws.com"]}}"#;
    assert_eq!(codes(loose), ["PASS_ROLE_WITH_STAR_IN_RESOURCE"]);
    for action in [
        r#""iam:CreatePolicyVersion""#,
        r#""iam:Attach*Policy""#,
        r#""iam:PutUserPolicy""#,
        r#""iam:UpdateAssumeRolePolicy""#,
        r#""sts:AssumeRole""#,
    ] {
        assert_eq!(
            codes(&allow(action, "*")),
            ["PRIVILEGE_ESCALATION"],
            "{action}"
        );
        assert!(
            codes(&allow(action, "arn:aws:iam::111122223333:*/a"))
                .iter()
                .all(|code| code != "PRIVILEGE_ESCALATION")
        );
    }
    let lambda = r#"["iam:PassRole","lambda:CreateFunction","lambda:InvokeFunction"]"#;
    assert!(codes(&allow(lambda, "*")).contains(&"PRIVILEGE_ESCALATION".to_owned()));
    let half = r#"["iam:PassRole","lambda:CreateFunction"]"#;
    assert!(!codes(&allow(half, "*")).contains(&"PRIVILEGE_ESCALATION".to_owned()));
}

#[test]
fn each_kind_of_policy_has_its_own_rules() {
    let statement = |members: &str| {
        format!(r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow",{members}}}}}"#)
    };
    let assume = r#""Action":"sts:AssumeRole""#;
    let get = r#""Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*""#;
    for (kind, members, expected) in [
        (
            PolicyType::Trust,
            format!(r#""Principal":{{"AWS":"111122223333"}},{assume}"#),
            "",
        ),
        (
            PolicyType::Trust,
            format!(r#""Principal":"*",{assume}"#),
            "INVALID_PRINCIPAL_FORMAT",
        ),
        (PolicyType::Trust, assume.to_owned(), "MISSING_PRINCIPAL"),
        (
            PolicyType::Trust,
            r#""Principal":{"AWS":"*"},"Action":"s3:GetObject""#.to_owned(),
            "UNSUPPORTED_ACTION_IN_POLICY",
        ),
        (
            PolicyType::Trust,
            format!(r#""Principal":{{"AWS":"arn:aws:iam::111122223333:user/*"}},{assume}"#),
            "UNSUPPORTED_WILDCARD_IN_PRINCIPAL",
        ),
        (
            PolicyType::Trust,
            format!(r#""Principal":{{"Service":"lambda"}},{assume}"#),
            "INVALID_SERVICE_PRINCIPAL_FORMAT",
        ),
        (
            PolicyType::Trust,
            format!(r#""Principal":{{"Group":"a"}},{assume}"#),
            "INVALID_PRINCIPAL_KEY",
        ),
        (
            PolicyType::Resource,
            format!(r#""Principal":"*",{get}"#),
            "",
        ),
        (PolicyType::Resource, get.to_owned(), "MISSING_PRINCIPAL"),
        (
            PolicyType::Resource,
            format!(r#""Principal":{{}},{get}"#),
            "EMPTY_OBJECT_PRINCIPAL",
        ),
        (
            PolicyType::Resource,
            format!(r#""NotPrincipal":{{"AWS":"111122223333"}},{get}"#),
            "ALLOW_WITH_NOT_PRINCIPAL",
        ),
        (PolicyType::ServiceControl, get.to_owned(), ""),
        (
            PolicyType::ServiceControl,
            format!(r#""Principal":"*",{get}"#),
            "SCP_SYNTAX_ERROR_PRINCIPAL",
        ),
        (
            PolicyType::ResourceControl,
            r#""Principal":"*","Action":"ec2:RunInstances","Resource":"*""#.to_owned(),
            "UNSUPPORTED_ACTION_IN_POLICY",
        ),
    ] {
        let all = found(&statement(&members), kind);
        let codes: Vec<&str> = all.iter().map(|(code, _)| code.as_str()).collect();
        let expected: Vec<&str> = expected.split_whitespace().collect();
        assert_eq!(codes, expected, "{members}");
    }
}

/// Word for word where AWS put it, in a policy written on one line as AWS read it.
#[test]
fn places_are_those_of_access_analyzer() {
    // AWS: AdministratorAccess.
    let text = r#"{"Version": "2012-10-17", "Statement": [{"Action": "*", "Effect": "Allow", "Resource": "*"}]}"#;
    let findings = check(text, PolicyType::Identity);
    let pass = &serde_json::to_value(&findings[0]).unwrap();
    assert_eq!(pass["findingType"], "SECURITY_WARNING");
    assert_eq!(
        pass["learnMoreLink"],
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-reference-policy-checks.html#access-analyzer-reference-policy-checks-security-warning-pass-role-with-star-in-action-and-resource"
    );
    assert_eq!(
        pass["locations"][0],
        serde_json::json!({
            "path": [{"value": "Statement"}, {"index": 0}, {"value": "Action"}],
            "span": {
                "start": {"line": 1, "column": 51, "offset": 51},
                "end": {"line": 1, "column": 54, "offset": 54},
            },
        })
    );
    // A member's name is a place too.
    let condition = r#"{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:ViaAWSService":"true"}}}}"#;
    let finding = &serde_json::to_value(check(condition, PolicyType::Identity)).unwrap()[0];
    assert_eq!(
        finding["locations"][0]["path"],
        serde_json::json!([
            {"value": "Statement"}, {"value": "Condition"}, {"value": "StringEquals"},
            {"key": "aws:ViaAWSService"},
        ])
    );
}

proptest::proptest! {
    #[test]
    fn no_text_panics(text in "[{}\\[\\]\",:a-zé*$ \\n\\\\]{0,80}", cut in 0_usize..200) {
        let good = r#"{"Version":"2012-10-17","Statement":[{"Sid":"é","Effect":"Allow","Action":["s3:Get*","s3:GetObject"],"Resource":"arn:aws:s3:::${aws:username}/*","Condition":{"StringLike":{"s3:prefix":["a","é"]}}}]}"#;
        for kind in [PolicyType::Identity, PolicyType::Trust, PolicyType::ResourceControl] {
            let _ = check(&text, kind);
            if let Some(start) = good.get(..cut) {
                let findings = check(start, kind);
                proptest::prop_assert_eq!(findings.len(), 1);
            }
            // Foreign text in every string of a sound policy.
            let quoted = serde_json::to_string(&text).unwrap();
            let other = good.replace("\"s3:Get*\"", &quoted).replace("\"s3:prefix\"", &quoted);
            let _ = check(&other, kind);
        }
    }
}
