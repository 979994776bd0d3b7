//! What each kind of policy accepts and refuses, and with which sentence.

mod bucket;
mod shared_providers;

use super::*;

/// The sentence of the refusal; nothing when the document is accepted.
fn refusal(text: &str, grammar: Grammar) -> String {
    match parse(text, grammar) {
        Ok(_) => String::new(),
        Err(malformed) => malformed.message().to_owned(),
    }
}

fn check(grammar: Grammar, cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        assert_eq!(refusal(text, grammar), *expected, "{text}");
    }
}

/// A managed policy of one statement with these members besides `Effect`.
fn managed(members: &str) -> String {
    format!(r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow",{members}}}}}"#)
}

fn check_managed(cases: &[(&str, &str)]) {
    for (members, expected) in cases {
        assert_eq!(
            refusal(&managed(members), Grammar::Managed),
            *expected,
            "{members}"
        );
    }
}

const SYNTAX: &str = "Syntax errors in policy.";
const LEGACY: &str = "The policy failed legacy parsing";
const VENDOR: &str = "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.";
const OLD: &str = "Policy document must be version 2012-10-17 or greater.";
const NO_ACTIONS: &str = "Policy statement must contain actions.";
const NO_RESOURCES: &str = "Policy statement must contain resources.";

#[test]
fn syntax_is_checked_first() {
    check(
        Grammar::Managed,
        &[
            ("This is not a json document", SYNTAX),
            ("{}", SYNTAX),
            (r#"{"Version":"2012-10-17"}"#, SYNTAX),
            (r#"{"Version":"2012-10-17","Statement":[]}"#, SYNTAX),
            (r#"{"Version":"2012-10-17","Statement":["afd"]}"#, SYNTAX),
            (r#"{"Version":"2012-10-17","Statement":null}"#, SYNTAX),
            (
                r#"{"Version":"2013-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}"#,
                SYNTAX,
            ),
            (
                r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"},"Extra":"x"}"#,
                SYNTAX,
            ),
            (
                r#"{"Version":"2012-10-17","Id":["x"],"Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}"#,
                SYNTAX,
            ),
            (
                r#"{"Version":"2012-10-17","Statement":{"Action":"s3:*","Resource":"*"}}"#,
                SYNTAX,
            ),
            (
                r#"{"Version":"2012-10-17","Statement":{"Effect":"invalid","Action":"s3:*","Resource":"*"}}"#,
                SYNTAX,
            ),
            (
                r#"{"Version":"2012-10-17","Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}"#,
                SYNTAX,
            ),
        ],
    );
    check_managed(&[
        (r#""Action":"s3:*","Resource":"*","Extra":"x""#, SYNTAX),
        (r#""Action":"s3:*","Action":"s3:*","Resource":"*""#, SYNTAX),
        (r#""action":"s3:*","Resource":"*""#, SYNTAX),
        (r#""Action":123,"Resource":"*""#, SYNTAX),
        (r#""Action":[[]],"Resource":"*""#, SYNTAX),
        (
            r#""Action":"s3:*","NotAction":"s3:*","Resource":"*""#,
            SYNTAX,
        ),
        (r#""Action":"s3:*","Resource":"*","NotResource":[]"#, SYNTAX),
        (r#""Sid":{},"Action":"s3:*","Resource":"*""#, SYNTAX),
        (r#""Action":"s3:*","Resource":"*","Condition":[]"#, SYNTAX),
        (
            r#""Action":"s3:*","Resource":"*","Condition":{"a":"b"}"#,
            SYNTAX,
        ),
        (
            r#""Action":"s3:*","Resource":"*","Condition":{"x":{"a":"1"}}"#,
            SYNTAX,
        ),
        (
            r#""Action":"s3:*","Resource":"*","Condition":{"ForAnyValue::StringEquals":{"a":"1"}}"#,
            SYNTAX,
        ),
        (
            r#""Action":"s3:*","Resource":"*","Condition":{"DateGreaterThan":{"a":{}}}"#,
            SYNTAX,
        ),
        (
            r#""Action":"s3:*","Resource":"*","Condition":{"StringEquals":{"a":"1","a":"2"}}"#,
            SYNTAX,
        ),
    ]);
}

#[test]
fn managed_policies_must_be_in_the_current_version_and_inline_ones_need_not() {
    let old = r#"{"Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}"#;
    let named =
        r#"{"Version":"2008-10-17","Statement":{"Effect":"denY","Action":"s3:*","Resource":"*"}}"#;
    assert_eq!(refusal(old, Grammar::Managed), OLD);
    assert_eq!(refusal(named, Grammar::Managed), OLD);
    assert_eq!(refusal(old, Grammar::Identity), "");
    assert_eq!(refusal(old, Grammar::Session), "");
}

/// IAM and STS answered so on September 12, 2026; the sentence was not written down.
#[test]
fn values_of_conditions_are_what_operators_compare() {
    let with = |operator: &str, value: &str, grammar| {
        let condition = format!(r#"{{"{operator}":{{"aws:RequestTag/value":"{value}"}}}}"#);
        let text = format!(r#""Action":"iam:TagUser","Resource":"*","Condition":{condition}"#);
        refusal(&managed(&text), grammar)
    };
    let legacy = "The policy failed legacy parsing";
    for (operator, value, of_session) in [
        ("NumericEquals", "NaN", ""),
        ("NumericEquals", "no-number", ""),
        ("DateEquals", "not-a-date", ""),
        ("ArnLike", "not-an-arn", ""),
        ("IpAddress", "not-an-ip", ""),
        ("IpAddress", "192.0.2.0/33", ""),
        ("IpAddress", "2001:db8::5/64", ""),
        ("IpAddress", "2001:db8::/129", ""),
        ("IpAddress", "::ffff:192.0.2.1", ""),
        ("BinaryEquals", "no-binary", legacy),
    ] {
        for kept in [Grammar::Managed, Grammar::Identity] {
            assert_eq!(with(operator, value, kept), legacy, "{operator} {value}");
        }
        let session = with(operator, value, Grammar::Session);
        assert_eq!(session, of_session, "{operator} {value}");
    }
    for (operator, value) in [
        ("NumericEquals", "01"),
        ("Bool", "TRUE"),
        ("Bool", "yes"),
        ("Null", "yes"),
        ("IpAddress", "192.000.002.0/24"),
        ("IpAddress", "192.0.2.0/+24"),
        ("IpAddress", "192.0.2.5/24"),
        ("IpAddress", "2001:DB8::/064"),
        ("IpAddress", "::ffff:c000:200/120"),
        ("IpAddress", "::/0"),
        ("ArnLike", "arn:aws:iam::*:user/*"),
        ("ArnLike", "*"),
        ("ArnLike", "${aws:PrincipalArn}"),
        ("IpAddress", "${aws:SourceIp}"),
        ("BinaryEquals", "YQ=="),
    ] {
        let said = with(operator, value, Grammar::Managed);
        assert_eq!(said, "", "{operator} {value}");
    }
}

#[test]
fn dates_and_effects_are_parsed_as_of_old() {
    let dated = |date: &str| {
        let text = format!(
            r#""Action":"s3:*","Resource":"*","Condition":{{"DateLessThan":{{"a":"{date}"}}}}"#
        );
        refusal(&managed(&text), Grammar::Managed)
    };
    for date in [
        "2017-07-01T00:00:00Z",
        "01T",
        "2016-12-13T21:20:37.593194+00:00",
        "-292275054",
        "2016-12-13t2:00:00.593194+23",
        "1577836800",
        "2020-01-01T00:00:00-05:00",
    ] {
        assert_eq!(dated(date), "", "{date}");
    }
    for date in [
        "sdfdsf",
        "234-13",
        "2016-12-13t2:00:00.593194+1",
        "9223372036854775808",
        "2016-12-13t2:00:00.1999999999+10:59",
        "2020-01-01-01",
        "2020-01-01T24:00",
    ] {
        assert_eq!(dated(date), LEGACY, "{date}");
    }
    let other_case =
        r#"{"Version":"2012-10-17","Statement":{"Effect":"denY","Action":"s3:*","Resource":"*"}}"#;
    assert_eq!(refusal(other_case, Grammar::Managed), LEGACY);
}

#[test]
fn resources_are_star_or_arns() {
    let iam_path = "IAM resource path must either be \"*\" or start with user/, federated-user/, role/, group/, instance-profile/, mfa/, server-certificate/, policy/, sms-mfa/, saml-provider/, oidc-provider/, report/, access-report/.";
    let iam_region =
        "IAM resource arn:aws:iam:us-east-1::example_bucket cannot contain region information.";
    let s3_region =
        "Resource arn:aws:s3:us-east-1::example_bucket can not contain region information.";
    check_managed(&[
        (
            r#""Action":"s3:*","Resource":"invalid resource""#,
            "Resource invalid resource must be in ARN format or \"*\".",
        ),
        (
            r#""Action":"s3:*","Resource":"""#,
            "Resource  must be in ARN format or \"*\".",
        ),
        (
            r#""Action":"s:3:ListBucket","Resource":"sdfsadf""#,
            "Resource sdfsadf must be in ARN format or \"*\".",
        ),
        (
            r#""Action":"s3:*","Resource":"a:bsdfdsafsad""#,
            "Partition \"bsdfdsafsad\" is not valid for resource \"arn:bsdfdsafsad:*:*:*:*\".",
        ),
        (
            r#""Action":"s3:*","Resource":"a:b:c:d:e:f:g:h""#,
            "Partition \"b\" is not valid for resource \"arn:b:c:d:e:f:g:h\".",
        ),
        (
            r#""Action":"s3:*","Resource":"aws:s3:::example_bucket""#,
            "Partition \"s3\" is not valid for resource \"arn:s3:::example_bucket:*\".",
        ),
        (
            r#""Action":"s3:*","Resource":"s3::example-bucket/*""#,
            "Partition \"\" is not valid for resource \"arn::example-bucket/*:*:*:*\".",
        ),
        (
            r#""Action":"s3:*","Resource":["arn:error:s3:::example_bucket","arn:error:s3::example_bucket"]"#,
            "Partition \"error\" is not valid for resource \"arn:error:s3:::example_bucket\".",
        ),
        (
            r#""Action":"s3:*","Resource":"arn:aws""#,
            "Resource vendor must be fully qualified and cannot contain regexes.",
        ),
        (
            r#""Action":"s3:*","Resource":"arn:aws:s3::example_bucket""#,
            LEGACY,
        ),
        (r#""Resource":"arn:aws:s3::example_bucket""#, LEGACY),
        (
            r#""Action":"s3:*","Resource":"arn:awss3::example-bucket/*""#,
            LEGACY,
        ),
        (r#""Action":"s3:*","NotResource":"arn:aws::fdsasf""#, LEGACY),
        (
            r#""NotAction":"s3:*","Resource":"arn:aws::::example_bucket""#,
            LEGACY,
        ),
        (
            r#""Action":"s3:*","Resource":"arn:aws:iam:::example_bucket""#,
            iam_path,
        ),
        (
            r#""Action":"s3:*","Resource":"arn:aws:iam:us-east-1::example_bucket""#,
            iam_region,
        ),
        (
            r#""Action":"s3:*","Resource":"arn:aws:s3:us-east-1::example_bucket""#,
            s3_region,
        ),
        (
            r#""Action":"s3:*","Resource":"arn:aws:s3:us-east-1:111122223333:accesspoint/a""#,
            "",
        ),
        (r#""Action":"s3:*","Resource":"arn:aws:fdsasf""#, ""),
        (r#""Action":"s3:*","Resource":"arn:aws:iam::*:*""#, ""),
        (
            r#""Action":"s3:*","Resource":["arn:aws:s3:::example_bucket","*"]"#,
            "",
        ),
        (
            r#""Action":"s3:*","Resource":"arn:*:invalid-service:us-east-1::x""#,
            "",
        ),
    ]);
}

#[test]
fn statements_have_actions_with_vendors_and_resources() {
    check_managed(&[
        (r#""Resource":"arn:aws:s3:::b""#, NO_ACTIONS),
        (r#""Action":[],"Resource":"arn:aws:s3:::b""#, NO_ACTIONS),
        (r#""Action":"invalid""#, VENDOR),
        (r#""NotAction":"","Resource":"*""#, VENDOR),
        (
            r#""Action":"a a:ListBucket","Resource":"*""#,
            "Vendor a a is not valid",
        ),
        (
            r#""Action":":GetObject","Resource":"*""#,
            "Vendor  is not valid",
        ),
        (
            r#""Action":"s3:List:Bucket","Resource":"*""#,
            "Actions/Condition can contain only one colon.",
        ),
        (r#""Action":"s3:ListBucket""#, NO_RESOURCES),
        (r#""Action":"s3:ListBucket","Resource":[]"#, NO_RESOURCES),
        (
            r#""Action":"s3:ListBucket","Resource":[null]"#,
            NO_RESOURCES,
        ),
        (r#""Action":"s3:X","Resource":["arn:aws:s3:::b",null]"#, ""),
        (r#""Action":"s3:X","Resource":null"#, SYNTAX),
        (r#""Action":["s3:X",null],"Resource":"*""#, SYNTAX),
        (r#""Action":"iam: asdf safdsf af ","Resource":"*""#, ""),
        (r#""Action":["*","s3-s:X","s3.s:X"],"Resource":"*""#, ""),
        (r#""NotAction":"s3:X","NotResource":"*""#, ""),
        (
            r#""Action":"s3:X","Resource":"*","Condition":{"a":{},"DateGreaterThan":{"b":[]}}"#,
            "",
        ),
        (
            r#""Action":"s3:X","Resource":"*","Condition":{"Bool":{"a":true},"NumericEquals":{"b":[1,2.5]}}"#,
            "",
        ),
    ]);
}

#[test]
fn statement_ids_are_alphanumeric_and_unique() {
    let alphanumeric = "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*";
    let two = |first: &str, second: &str| {
        let text = format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Sid":"{first}","Effect":"Allow","Action":"s3:X","Resource":"*"}},{{"Sid":"{second}","Effect":"Allow"}}]}}"#
        );
        refusal(&text, Grammar::Managed)
    };
    assert_eq!(
        two("a", "a"),
        "Statement IDs (SID) in a single policy must be unique."
    );
    assert_eq!(two("a", "a b"), alphanumeric);
    assert_eq!(two("", ""), NO_ACTIONS);
}

#[test]
fn identity_policies_name_no_principal() {
    let expected = "Policy document should not specify a principal.";
    check_managed(&[
        (
            r#""Principal":"*","Action":"s3:X","Resource":"*""#,
            expected,
        ),
        (r#""Principal":{},"Action":"s3:X","Resource":"*""#, expected),
        (
            r#""NotPrincipal":{"AWS":"*"},"Action":"s3:X","Resource":"*""#,
            expected,
        ),
    ]);
}

/// A trust policy of one statement.
fn trust(effect: &str, members: &str) -> String {
    let text =
        format!(r#"{{"Version":"2008-10-17","Statement":[{{"Effect":"{effect}",{members}}}]}}"#);
    refusal(&text, Grammar::Trust)
}

#[test]
fn trust_policies_say_who_may_assume_the_role_and_nothing_else() {
    for (members, expected) in [
        (r#""Principal":{"AWS":"*"},"Action":"sts:AssumeRole""#, ""),
        (
            r#""Principal":{"AWS":["111122223333","arn:aws:iam::111122223333:role/a/b"],"Service":"ec2.amazonaws.com"},"Action":["sts:AssumeRole","sts:TagSession"]"#,
            "",
        ),
        (
            r#""Principal":{"AWS":"arn:aws:sts::111122223333:assumed-role/a/s"},"NotAction":"sts:AssumeRole""#,
            "",
        ),
        (
            r#""Principal":{"Federated":"arn:aws:iam::111122223333:oidc-provider/idp.example.com/a"},"Action":"sts:AssumeRoleWithWebIdentity""#,
            "",
        ),
        (
            r#""Principal":{"AWS":"AROAQNZGKIQY56JQ7WMLA"},"Action":"sts:AssumeRole""#,
            "",
        ),
        (
            r#""Action":"sts:AssumeRole""#,
            "Missing required field Principal",
        ),
        (
            r#""Principal":{},"Action":"sts:AssumeRole""#,
            "Missing required field Principal cannot be empty!",
        ),
        (
            r#""Principal":"*","Action":"sts:AssumeRole""#,
            "AssumeRolepolicy contained an invalid principal: \"STAR\":\"*\".",
        ),
        (
            r#""Principal":{"CanonicalUser":"abc"},"Action":"sts:AssumeRole""#,
            "Invalid principal in policy: \"CanonicalUser\"",
        ),
        (
            r#""Principal":{"Group":"abc"},"Action":"sts:AssumeRole""#,
            "Invalid principal in policy: \"Group\"",
        ),
        (
            r#""Principal":{"AWS":"arn:aws:iam::111122223333:user/*"},"Action":"sts:AssumeRole""#,
            "Invalid principal in policy: \"AWS\":\"arn:aws:iam::111122223333:user/*\"",
        ),
        (
            r#""Principal":{"AWS":"arn:aws:iam::111122223333:group/g"},"Action":"sts:AssumeRole""#,
            "Invalid principal in policy: \"AWS\":\"arn:aws:iam::111122223333:group/g\"",
        ),
        (
            r#""Principal":{"AWS":"ana"},"Action":"sts:AssumeRole""#,
            "Invalid principal in policy: \"AWS\":\"ana\"",
        ),
        (
            r#""Principal":{"Service":"lambda"},"Action":"sts:AssumeRole""#,
            "Invalid principal in policy: \"SERVICE\":\"lambda\"",
        ),
        (
            r#""NotPrincipal":{"AWS":"*"},"Action":"sts:AssumeRole""#,
            "Allow with NotPrincipal is not allowed.",
        ),
        (
            r#""Principal":{"AWS":"*"}"#,
            "Missing required field Action",
        ),
        (
            r#""Principal":{"AWS":"*"},"Action":"*""#,
            "AssumeRole policy may only specify STS AssumeRole actions.",
        ),
        (
            r#""Principal":{"AWS":"*"},"Action":"s3:GetObject""#,
            "AssumeRole policy may only specify STS AssumeRole actions.",
        ),
        // An action of STS that does not exist, and a pattern that means none.
        (
            r#""Principal":{"AWS":"*"},"Action":["sts:AssumeRole","sts:TagSessions"]"#,
            "AssumeRole policy may only specify STS AssumeRole actions.",
        ),
        (
            r#""Principal":{"AWS":"*"},"Action":"sts:Foo*""#,
            "AssumeRole policy may only specify STS AssumeRole actions.",
        ),
        (
            r#""Principal":{"AWS":"*"},"Action":"sts:*""#,
            "AssumeRole policy may only specify STS AssumeRole actions.",
        ),
        (
            r#""Principal":{"AWS":"*"},"Action":["sts:AssumeRole*","STS:tagsession","sts:SetSourceIdentity","sts:SetContext"]"#,
            "",
        ),
        (
            r#""Principal":{"AWS":"*"},"Action":"sts:AssumeRole","Resource":"*""#,
            "Has prohibited field Resource",
        ),
        (
            r#""Principal":{"AWS":"*"},"Action":"sts:AssumeRole","NotResource":"*""#,
            "AssumeRole policy must not contain resources.",
        ),
        (
            r#""Principal":{"AWS":"*"},"Action":"sts:AssumeRole","Extra":"*""#,
            "Unknown field Extra",
        ),
        (
            r#""Principal":{"Federated":"cognito-identity.amazonaws.com"},"Action":"sts:AssumeRoleWithWebIdentity""#,
            "A condition block must be present for the Cognito provider",
        ),
        (
            r#""Principal":{"Federated":"cognito-identity.amazonaws.com"},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringEquals":{"cognito-identity.amazonaws.com:aud":"p"}}"#,
            "",
        ),
    ] {
        assert_eq!(trust("Allow", members), expected, "{members}");
    }
    let deny = r#""NotPrincipal":{"AWS":"*"},"Action":"sts:AssumeRole""#;
    assert_eq!(
        trust("Deny", deny),
        "AssumeRole policy must not contain NotPrincipal field."
    );
    let any = r#""Principal":{"AWS":"*"},"Action":"sts:AssumeRole""#;
    assert_eq!(trust("Maybe", any), "Invalid effect: Maybe");
    check(
        Grammar::Trust,
        &[
            ("{not json", "This policy contains invalid Json"),
            (
                r#"{"Version":"2020-01-01","Statement":[]}"#,
                "The policy must contain a valid version string",
            ),
            (
                r#"{"Version":"2012-10-17","Statement":[]}"#,
                "Could not parse the policy: Statement is empty!",
            ),
            (
                r#"{"Version":"2012-10-17","Statement":[{"Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}]}"#,
                "Missing required field Effect",
            ),
        ],
    );
}

/// Resources of policies that AWS manages, and of access points and the like.
#[test]
fn resources_that_policies_of_aws_have_are_taken() {
    for resource in [
        "arn:aws:iam::*:root",
        "arn:aws:iam::aws:role-template/cloudwatch.amazonaws.com/T:1",
        "arn:aws:s3:*:*:access-grants/default/*",
        "arn:aws:s3:us-east-1:111122223333:storage-lens/a",
    ] {
        let members = format!(r#""Action":"s3:*","Resource":"{resource}""#);
        assert_eq!(
            refusal(&managed(&members), Grammar::Managed),
            "",
            "{resource}"
        );
    }
}

#[test]
fn organization_policies_have_their_own_limits() {
    let deny = |members: &str, grammar| {
        let text =
            format!(r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Deny",{members}}}}}"#);
        parse(&text, grammar).is_ok()
    };
    let refused = super::fault::NOT_OF_THE_TYPE;
    assert!(deny(
        r#""NotAction":"s3:*","Resource":"*""#,
        Grammar::ServiceControl
    ));
    assert!(!deny(
        r#""Principal":"*","Action":"s3:*","Resource":"*""#,
        Grammar::ServiceControl
    ));
    assert!(deny(
        r#""Principal":"*","Action":"s3:*","Resource":"*""#,
        Grammar::ResourceControl
    ));
    assert!(!deny(
        r#""Principal":"*","Action":"*","Resource":"*""#,
        Grammar::ResourceControl
    ));
    assert!(!deny(
        r#""Principal":"*","NotAction":"s3:*","Resource":"*""#,
        Grammar::ResourceControl
    ));
    assert!(!deny(
        r#""Principal":{"AWS":"111122223333"},"Action":"s3:*","Resource":"*""#,
        Grammar::ResourceControl
    ));
    let allow = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"*"}}"#;
    assert_eq!(refusal(allow, Grammar::ResourceControl), refused);
    assert_eq!(refusal("{", Grammar::ServiceControl), refused);
}

#[test]
fn size_and_depth_are_bounded() {
    let long = format!(
        r#"{{"Version":"2012-10-17","Id":"{}","Statement":[]}}"#,
        "x".repeat(POLICY_BYTES_MAX)
    );
    assert_eq!(refusal(&long, Grammar::Any), SYNTAX);
    assert_eq!(refusal(&"[".repeat(100_000), Grammar::Any), SYNTAX);
}
