//! Cases made from a tape of choices: the same tape makes the same case, a shorter or
//! smaller tape a simpler one, so that a failing case shrinks.
//!
//! Names come from a small world on purpose: only where things collide do rules decide.

use serde_json::{Map, Value, json};

/// A tape of choices, endlessly followed by zeros.
pub(crate) struct Tape<'t> {
    choices: &'t [u16],
    at: usize,
}

impl<'t> Tape<'t> {
    pub(crate) fn new(choices: &'t [u16]) -> Tape<'t> {
        Tape { choices, at: 0 }
    }

    /// A number below `bound`.
    fn below(&mut self, bound: usize) -> usize {
        let choice = self.choices.get(self.at).copied().unwrap_or(0);
        self.at += 1;
        usize::from(choice) % bound
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }

    /// True once in `n` times.
    fn once_in(&mut self, n: usize) -> bool {
        self.below(n) == n - 1
    }

    fn some(&mut self, from: &[&str], most: usize) -> Value {
        let count = 1 + self.below(most);
        let items: Vec<&str> = (0..count).map(|_| self.pick(from)).collect();
        match items.as_slice() {
            [one] if self.below(2) == 0 => json!(one),
            items => json!(items),
        }
    }
}

const HOME: &str = "111122223333";
const AWAY: &str = "444455556666";

const PRINCIPALS: [&str; 21] = [
    "arn:aws:iam::111122223333:user/ana",
    "arn:aws:sts::111122223333:assumed-role/app/s1",
    "arn:aws:iam::444455556666:user/ana",
    "arn:aws:sts::111122223333:assumed-role/app/s2",
    "arn:aws:sts::444455556666:assumed-role/app/s1",
    "arn:aws:sts::111122223333:federated-user/bob",
    "arn:aws:iam::111122223333:root",
    "arn:aws:iam::444455556666:root",
    "sns.amazonaws.com",
    "arn:aws:iam::111122223333:saml-provider/corp",
    "cognito-identity.amazonaws.com",
    "*",
    "arn:aws:iam::111122223333:role/team/app",
    "arn:aws:iam::111122223333:user/team/ana",
    "arn:aws:sts::111122223333:federated-user/ana",
    "arn:aws:sts::111122223333:assumed-role/App/s1",
    "arn:aws:iam::111122223333:oidc-provider/idp.example.com",
    "events.amazonaws.com",
    "arn:aws-us-gov:iam::111122223333:user/ana",
    "accounts.google.com",
    "arn:aws:iam::444455556666:role/app",
];

const PROVIDERS: [&str; 5] = [
    "arn:aws:iam::111122223333:saml-provider/corp",
    "cognito-identity.amazonaws.com",
    "arn:aws:iam::111122223333:oidc-provider/idp.example.com",
    "accounts.google.com",
    "sns.amazonaws.com",
];

const LISTED: [&str; 26] = [
    "arn:aws:iam::111122223333:user/bob",
    "*",
    "111122223333",
    "444455556666",
    "arn:aws:iam::111122223333:root",
    "arn:aws:iam::444455556666:root",
    "arn:aws:iam::111122223333:user/ana",
    "arn:aws:iam::444455556666:user/ana",
    "arn:aws:iam::111122223333:role/team/app",
    "arn:aws:iam::111122223333:role/app",
    "arn:aws:iam::444455556666:role/app",
    "arn:aws:sts::111122223333:assumed-role/app/s1",
    "arn:aws:sts::444455556666:assumed-role/app/s1",
    "arn:aws:sts::111122223333:federated-user/bob",
    "arn:aws:iam::111122223333:user/*",
    "arn:aws:iam::111122223333:user/ANA",
    "arn:aws-us-gov:iam::111122223333:root",
    "arn:aws:iam::111122223333:user/team/ana",
    "arn:aws:iam::111122223333:role/team/x/app",
    "arn:aws:iam::111122223333:role/App",
    "arn:aws:sts::111122223333:assumed-role/app/s2",
    "arn:aws:sts::111122223333:assumed-role/app/*",
    "arn:aws:sts::111122223333:federated-user/ana",
    "AIDACKCEVSQ6C2EXAMPLE",
    "arn:aws:iam::111122223333:role/*",
    "sns.amazonaws.com",
];

const ACTIONS: [&str; 12] = [
    "s3:GetObject",
    "s3:PutObject",
    "s3:ListBucket",
    "kms:Decrypt",
    "sts:AssumeRole",
    "sqs:SendMessage",
    "sts:GetCallerIdentity",
    "iam:GetRole",
    "sts:TagSession",
    "sts:AssumeRoleWithSAML",
    "sts:AssumeRoleWithWebIdentity",
    "S3:getobject",
];

const ACTION_PATTERNS: [&str; 23] = [
    "*",
    "s3:*",
    "s3:GetObject",
    "S3:getobject",
    "s3:Get*",
    "s3:*Object",
    "s3:?etObject",
    "kms:Decrypt",
    "kms:*",
    "sts:AssumeRole",
    "sts:*",
    "sqs:SendMessage",
    "s3:P*t",
    "*:*",
    "sts:AssumeRole*",
    "*:Get*",
    "s3*",
    "s?:*",
    "sts:TagSession",
    "*Object",
    "S3:GET??????",
    "s3:**t",
    "sts:GetCallerIdentity",
];

const RESOURCES: [&str; 18] = [
    "arn:aws:s3:::reports/home/ana/x",
    "arn:aws:s3:::reports",
    "arn:aws:s3:::reports/a*b",
    "arn:aws:s3:::reports/home/ané/x",
    "arn:aws:kms:us-east-1:111122223333:key/k1",
    "arn:aws:iam::111122223333:role/target",
    "arn:aws:sqs:us-east-1:111122223333:ana-queue",
    "arn:aws:logs:us-east-1:111122223333:log-group:a:b",
    "*",
    "arn:aws:s3:::reports/home/an?/x",
    "arn:aws:s3:::reports/home/${aws:username}/x",
    "arn:aws:iam::111122223333:role/team/target",
    "arn:aws:kms:us-east-1:111122223333:alias/k1",
    "arn:aws:s3:::reports/home/a😀b/x",
    "arn:aws:s3:::REPORTS/home/ana/x",
    "arn:aws:dynamodb:us-east-1:111122223333:table/T/index/a:b:c",
    "arn:aws:s3:::reports/a}b/x",
    "arn:aws:s3:::reports/a,b/x",
];

const RESOURCE_PATTERNS: [&str; 46] = [
    "*",
    "arn:aws:s3:::reports/*",
    "arn:aws:s3:::reports",
    "arn:aws:s3:::reports/home/${aws:username}/*",
    "arn:aws:s3:::reports/home/${aws:username}*",
    "arn:aws:s3:::reports/home/an?/x",
    "arn:aws:s3:::reports/home/${aws:PrincipalTag/team, 'ana'}/x",
    "arn:aws:s3:::reports/a${*}b",
    "arn:aws:s3:::reports/a*b",
    "arn:aws:s3:::${missing}",
    "arn:aws:s3:::*",
    "arn:aws:*:*:*:*",
    "arn:aws:kms:*:111122223333:key/*",
    "arn:aws:kms:us-east-?:*:key/k?",
    "arn:aws:iam::111122223333:role/*",
    "arn:aws:iam::*:role/target",
    "arn:aws:sqs:*:*:${aws:username}-queue",
    "arn:aws:sqs:us-east-1:111122223333:*",
    "arn:aws:logs:*:*:log-group:*",
    "arn:aws:logs:*:*:log-group:a:?",
    "arn:aws:logs:*:log-group:a:b",
    "arn:aws:sqs",
    "arn:aws:s3:::reports/*/${aws:username}/${dynamodb:LeadingKeys}",
    "arn:aws-cn:s3:::reports/*",
    "**",
    "?",
    "arn:aws:s3:::reports/home/a?b/x",
    "arn:aws:s3:::reports/home/a??b/x",
    "arn:aws:s3:::reports/home/${*}/x",
    "arn:aws:s3:::reports/home/an${?}/x",
    "arn:aws:s3:::reports/home/${$}{aws:username}/x",
    "arn:aws:s3:::reports/${missing, 'a}b'}/x",
    "arn:aws:s3:::reports/${missing,'a,b'}/x",
    "arn:aws:s3:::reports/${ missing , 'home' }/*",
    "arn:aws:s3:::reports/${missing, '*'}/x",
    "arn:aws:sqs:us-east-1:${aws:PrincipalAccount}:ana-queue",
    "arn:aws:sqs:us-east-1:${*}:ana-queue",
    "arn:aws:iam::111122223333:role/${aws:PrincipalTag/team}",
    "arn:aws:s3:::reports/*${aws:username}*",
    "arn:aws:s3:::reports/home/${aws:username",
    "arn:aws:s3:::reports/${}home/*",
    "arn:aws:kms:*:*:alias/*",
    "arn:aws:s3:::?eports/*/x",
    "arn:*:s3:::reports/*",
    "arn:aws:dynamodb:*:*:table/T/index/a:*",
    "arn:aws:s3:::reports/*/*/*",
];

const KEYS: [&str; 13] = [
    "aws:username",
    "aws:PrincipalTag/team",
    "dynamodb:LeadingKeys",
    "s3:max-keys",
    "aws:CurrentTime",
    "aws:SourceIp",
    "aws:SourceArn",
    "aws:SecureTransport",
    "saml:aud",
    "x:blob",
    "AWS:principaltag/TEAM",
    "aws:PrincipalAccount",
    "aws:TagKeys",
];

const TEXT_KEYS: [&str; 7] = [
    "aws:username",
    "aws:PrincipalTag/team",
    "AWS:principaltag/TEAM",
    "dynamodb:LeadingKeys",
    "aws:TagKeys",
    "aws:PrincipalAccount",
    "s3:max-keys",
];

const TEXTS: [&str; 30] = [
    "ana",
    "Ana",
    "an?",
    "a*",
    "",
    "team",
    "ané",
    "ANÉ",
    "${aws:username}",
    "a*b",
    "?",
    "${*}",
    "an${?}",
    "${missing}",
    "${missing, 'ana'}",
    "${aws:PrincipalTag/team, 'team'}-x",
    "team-x",
    "ana*",
    "😀",
    "?na",
    "1",
    "true",
    "Straße",
    "STRASSE",
    "${aws:TagKeys}",
    "${dynamodb:LeadingKeys, 'ana'}",
    "\u{3bf}\u{3c2}",
    "\u{39f}\u{3a3}",
    "\u{10400}\u{3a3}",
    "\u{10428}\u{3c2}",
];
const NUMBERS: [&str; 24] = [
    "10",
    "10.0",
    "9",
    "-1",
    "0",
    "10.5",
    "x",
    "100",
    "1e1",
    "1E2",
    "-0",
    "+10",
    "007",
    "7",
    "123456789012345678901234567890",
    "123456789012345678901234567891",
    ".5",
    "0.5",
    "5.",
    "-1.5",
    "1e-1",
    "0.1",
    "",
    "10 ",
];
const DATES: [&str; 21] = [
    "2020-01-01T00:00:01Z",
    "2020-01-01T01:00:01+01:00",
    "2020-01-01",
    "2020",
    "1577836801",
    "2019-12-31T23:59:59Z",
    "2021-06",
    "soon",
    "2020-01-01T00:00:02Z",
    "2020-01-01T00:00Z",
    "2020-01-01T00:00:01.5Z",
    "2020-01-01T00:00:01.50Z",
    "1577836801.5",
    "2019-12-31T19:00:01-05:00",
    "-1",
    "1969-12-31T23:59:59Z",
    "2020-02-30",
    "2020-01-01T00:00:01",
    "0",
    "+1577836801",
    "2020-01-01T00:00:01.5009Z",
];
const ADDRESSES: [&str; 14] = [
    "10.0.0.1",
    "10.0.1.1",
    "2001:db8::1",
    "2001:DB8:0::1",
    "::ffff:10.0.0.1",
    "x",
    "10.0.0.256",
    "::1",
    "fe80::1",
    "10.0.0.1/32",
    "0:0:0:0:0:0:0:1",
    "::ffff:a00:1",
    "010.000.0.01",
    "2001:db8::10.0.0.1",
];
const RANGES: [&str; 18] = [
    "10.0.0.0/24",
    "10.0.0.1",
    "0.0.0.0/0",
    "2001:db8::/32",
    "::/0",
    "10.0.0.1/33",
    "10.0.0.77/24",
    "2001:db8::1",
    "::ffff:0:0/96",
    "10.0.0.0/8",
    "10.0.0.0/0",
    "::1/128",
    "fe80::/10",
    "10.0.0.0/31",
    "x",
    "010.0.0.0/+24",
    "2001:db8::1/32",
    "::10.0.0.0/104",
];
const ARNS: [&str; 8] = [
    "arn:aws:sns:us-east-1:111122223333:topic-1",
    "arn:aws:sns:us-east-1:111122223333:topic:1",
    "arn:aws:iam::111122223333:role/ana",
    "arn:aws:s3:::ana",
    "ana",
    "arn:aws:iam::111122223333:user/team/ana",
    "arn:aws:sns:us-east-1:111122223333:a*b",
    "arn:aws:sns:eu-west-1:444455556666:topic-1",
];
const ARN_PATTERNS: [&str; 17] = [
    "arn:aws:sns:*:*:topic-?",
    "arn:aws:sns:us-east-1:111122223333:topic-1",
    "arn:aws:sns:*:topic-1",
    "arn:aws:iam::*:role/${aws:username}",
    "${aws:SourceArn}",
    "*",
    "arn:aws:s3:::${missing, 'ana'}",
    "arn:aws:*:*:*:*",
    "arn:aws:sns:*:111122223333:*",
    "arn:aws:iam::111122223333:user/*/${aws:username}",
    "arn:aws:sns:*:*:a${*}b",
    "arn:aws:sns:??-east-?:*:*",
    "arn:aws:sns:us-east-1:${aws:PrincipalAccount}:topic-1",
    "ARN:aws:s3:::ana",
    "arn:aws:s3:::${missing}",
    "ana",
    "topic",
];
const BLOBS: [&str; 10] = [
    "QUJD", "QUJE", "QQ==", "!", "", "QUI=", "QUI", "QUJDRA==", "QQ", "QR==",
];
const BOOLS: [&str; 5] = ["true", "false", "True", "yes", "FALSE"];

/// One case of the JSON-lines form.
pub(crate) fn case(tape: &mut Tape<'_>) -> Value {
    let principal = tape.pick(&PRINCIPALS);
    let mut case = json!({
        "id": "c",
        "principal": principal,
        "action": tape.pick(&ACTIONS),
        "resource": tape.pick(&RESOURCES),
        "resourceAccount": if tape.once_in(4) { AWAY } else { HOME },
    });
    let fields = case.as_object_mut().unwrap();
    if principal.contains("assumed-role") && tape.below(2) == 0 {
        let account = if principal.contains(HOME) { HOME } else { AWAY };
        let path = if tape.below(2) == 0 { "team/" } else { "" };
        fields.insert(
            "roleArn".into(),
            json!(format!("arn:aws:iam::{account}:role/{path}app")),
        );
    }
    fields.insert("context".into(), context(tape));
    if !tape.once_in(4) {
        fields.insert("identityPolicies".into(), documents(tape, false, 2));
    }
    if tape.once_in(3) {
        fields.insert("permissionsBoundary".into(), document(tape, false));
    }
    if tape.once_in(3) {
        fields.insert("sessionPolicies".into(), documents(tape, false, 2));
    }
    if tape.below(3) != 0 {
        fields.insert("resourcePolicy".into(), document(tape, true));
    }
    if tape.once_in(4) {
        let levels: Vec<Value> = (0..tape.below(3))
            .map(|_| documents(tape, false, 2))
            .collect();
        fields.insert("scps".into(), json!(levels));
    }
    if tape.once_in(5) {
        let levels: Vec<Value> = (0..tape.below(3))
            .map(|_| documents(tape, true, 1))
            .collect();
        fields.insert("rcps".into(), json!(levels));
    }
    if tape.once_in(6) {
        fields.insert("vpcEndpointPolicy".into(), document(tape, true));
    }
    case
}

fn context(tape: &mut Tape<'_>) -> Value {
    let mut context = Map::new();
    let mut set = |key: &str, value: Value| {
        // One key twice in different case is no case AWS can make.
        if !context
            .keys()
            .any(|known: &String| known.to_lowercase() == key.to_lowercase())
        {
            context.insert(key.to_owned(), value);
        }
    };
    for _ in 0..tape.below(7) {
        let key = tape.pick(&KEYS);
        let from: &[&str] = match key {
            "s3:max-keys" => &NUMBERS,
            "aws:CurrentTime" => &DATES,
            "aws:SourceIp" => &ADDRESSES,
            "aws:SourceArn" => &ARNS,
            "aws:SecureTransport" => &BOOLS,
            "x:blob" => &BLOBS,
            "aws:PrincipalAccount" => &[HOME, AWAY],
            _ => &TEXTS,
        };
        let value = match tape.below(5) {
            0 => json!(
                (0..tape.below(3))
                    .map(|_| tape.pick(from))
                    .collect::<Vec<_>>()
            ),
            _ => json!(tape.pick(from)),
        };
        set(key, value);
    }
    Value::Object(context)
}

fn documents(tape: &mut Tape<'_>, with_principal: bool, most: usize) -> Value {
    let count = tape.below(most + 1);
    Value::Array((0..count).map(|_| document(tape, with_principal)).collect())
}

fn document(tape: &mut Tape<'_>, with_principal: bool) -> Value {
    // Now and then a policy is large enough to be indexed.
    let most = if tape.once_in(8) { 40 } else { 3 };
    let count = 1 + tape.below(most);
    let statements: Vec<Value> = (0..count)
        .map(|_| statement(tape, with_principal))
        .collect();
    let mut document = json!({ "Statement": statements });
    match tape.below(6) {
        0 => document["Version"] = json!("2008-10-17"),
        1 => {}
        _ => document["Version"] = json!("2012-10-17"),
    }
    if count == 1 && tape.below(2) == 0 {
        document["Statement"] = document["Statement"][0].clone();
    }
    document
}

fn statement(tape: &mut Tape<'_>, with_principal: bool) -> Value {
    let mut statement = Map::new();
    let deny = tape.once_in(4);
    statement.insert("Effect".into(), json!(if deny { "Deny" } else { "Allow" }));
    if with_principal && !tape.once_in(12) {
        let element = if deny && tape.once_in(3) {
            "NotPrincipal"
        } else {
            "Principal"
        };
        statement.insert(element.into(), principals(tape));
    }
    let not = if tape.once_in(6) {
        "NotAction"
    } else {
        "Action"
    };
    // Half of all statements are about every action, a third about every resource: what
    // comes after would hardly ever be asked otherwise.
    let actions = match tape.below(2) {
        0 => json!("*"),
        _ => tape.some(&ACTION_PATTERNS, 3),
    };
    statement.insert(not.into(), actions);
    if !(with_principal && tape.once_in(4)) {
        let not = if tape.once_in(6) {
            "NotResource"
        } else {
            "Resource"
        };
        let resources = match tape.below(3) {
            0 => json!("*"),
            _ => tape.some(&RESOURCE_PATTERNS, 3),
        };
        statement.insert(not.into(), resources);
    }
    if tape.below(2) == 1 {
        statement.insert("Condition".into(), conditions(tape));
    }
    Value::Object(statement)
}

fn principals(tape: &mut Tape<'_>) -> Value {
    match tape.below(8) {
        0 => json!("*"),
        1 => json!({ "Service": tape.some(&["sns.amazonaws.com", "events.amazonaws.com"], 2) }),
        2 => json!({ "Federated": tape.some(&PROVIDERS, 2) }),
        3 => json!({ "AWS": tape.some(&LISTED, 2), "Service": "sns.amazonaws.com" }),
        4 => json!({ "CanonicalUser": "79a59df900b949e5", "AWS": tape.pick(&LISTED) }),
        _ => json!({ "AWS": tape.some(&LISTED, 3) }),
    }
}

fn conditions(tape: &mut Tape<'_>) -> Value {
    let mut block = Map::new();
    for _ in 0..1 + tape.below(2) {
        let set = tape.pick(&["", "", "", "ForAnyValue:", "ForAllValues:"]);
        let base = operator(tape);
        let if_exists = if base != "Null" && tape.once_in(4) {
            "IfExists"
        } else {
            ""
        };
        let set = if base == "Null" { "" } else { set };
        let mut tests = Map::new();
        for _ in 0..1 + tape.below(2) {
            let (keys, values): (&[&str], &[&str]) = match base {
                _ if base.starts_with("Numeric") => (&["s3:max-keys"], &NUMBERS),
                _ if base.starts_with("Date") => (&["aws:CurrentTime"], &DATES),
                _ if base.starts_with("Arn") => {
                    (&["aws:SourceArn", "AWS:SOURCEARN"], &ARN_PATTERNS)
                }
                _ if base.ends_with("IpAddress") => (&["aws:SourceIp"], &RANGES),
                "Bool" => (&["aws:SecureTransport"], &BOOLS),
                "BinaryEquals" => (&["x:blob"], &BLOBS),
                "Null" => (&KEYS, &BOOLS),
                _ => (&TEXT_KEYS, &TEXTS),
            };
            tests.insert(tape.pick(keys).to_owned(), tape.some(values, 3));
        }
        block.insert(format!("{set}{base}{if_exists}"), Value::Object(tests));
    }
    Value::Object(block)
}

fn operator<'a>(tape: &mut Tape<'_>) -> &'a str {
    tape.pick(&[
        "StringEquals",
        "StringNotEquals",
        "StringLike",
        "StringNotLike",
        "StringEqualsIgnoreCase",
        "StringNotEqualsIgnoreCase",
        "NumericEquals",
        "NumericNotEquals",
        "NumericLessThan",
        "NumericLessThanEquals",
        "NumericGreaterThan",
        "NumericGreaterThanEquals",
        "DateEquals",
        "DateNotEquals",
        "DateLessThan",
        "DateLessThanEquals",
        "DateGreaterThan",
        "DateGreaterThanEquals",
        "Bool",
        "BinaryEquals",
        "IpAddress",
        "NotIpAddress",
        "ArnEquals",
        "ArnNotEquals",
        "ArnLike",
        "ArnNotLike",
        "Null",
    ])
}
