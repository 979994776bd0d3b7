//! Which layer grants or stops a request, and with which words it is refused.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "the helpers of these tests are tests as well"
)]

use std::sync::Arc;

use policy::{
    Context, Decision, Document, Grammar, Layer, Layers, PolicySet, Principal, Refused, Request,
    Verdict, authorization_message, decide, denial_message,
};

const ACCOUNT: &str = "111122223333";
const ROLE: &str = "arn:aws:iam::111122223333:role/app";
const SESSION: &str = "arn:aws:sts::111122223333:assumed-role/app/s1";

/// A set of one statement about everything.
fn set(effect: &str, principal: &str) -> PolicySet {
    let principal = match principal {
        "" => String::new(),
        "*" => r#""Principal":"*","#.to_owned(),
        arn => format!(r#""Principal":{{"AWS":"{arn}"}},"#),
    };
    let text = format!(
        r#"{{"Version":"2012-10-17","Statement":{{"Effect":"{effect}",{principal}"Action":"*","Resource":"*"}}}}"#
    );
    PolicySet::compile([&Document::parse(&text, Grammar::Any).unwrap()])
}

fn ask(principal: &Principal, action: &str, resource: &str, layers: &Layers<'_>) -> Verdict {
    let request = Request {
        principal,
        action,
        resource,
        resource_account: ACCOUNT,
        context: &Context::new(),
    };
    decide(&request, layers)
}

/// What one layer of a line says: `-` is absent, `silent` is there and says nothing.
fn layer(word: &str) -> Option<PolicySet> {
    match word {
        "-" => None,
        "silent" => Some(PolicySet::empty()),
        "allow" => Some(set("Allow", "")),
        "deny" => Some(set("Deny", "")),
        "anyone" => Some(set("Allow", "*")),
        "account" => Some(set("Allow", ACCOUNT)),
        "role" => Some(set("Allow", ROLE)),
        "session" => Some(set("Allow", SESSION)),
        "refuse" => Some(set("Deny", "*")),
        other => panic!("{other}"),
    }
}

#[test]
fn layers_are_put_together_as_aws_does() {
    use Layer::*;
    let object = "arn:aws:s3:::b/o";
    let key = "arn:aws:kms:us-east-1:111122223333:key/k";
    let role = "arn:aws:iam::111122223333:role/target";
    #[rustfmt::skip]
    let lines = [
        // target identity   boundary  session   resource   scp       rcp       endpoint  => decision, layer
        (object, "allow",  "-",      "-",      "-",       "-",      "-",      "-",      Decision::Allowed, Identity),
        (object, "-",      "-",      "-",      "-",       "-",      "-",      "-",      Decision::ImplicitDeny, Identity),
        (object, "deny",   "-",      "-",      "session", "-",      "-",      "-",      Decision::ExplicitDeny, Identity),
        (object, "allow",  "silent", "-",      "-",       "-",      "-",      "-",      Decision::ImplicitDeny, Boundary),
        (object, "allow",  "allow",  "silent", "-",       "-",      "-",      "-",      Decision::ImplicitDeny, Session),
        (object, "allow",  "allow",  "deny",   "-",       "-",      "-",      "-",      Decision::ExplicitDeny, Session),
        (object, "silent", "silent", "silent", "session", "-",      "-",      "-",      Decision::Allowed, Resource),
        (object, "silent", "silent", "silent", "anyone",  "-",      "-",      "-",      Decision::Allowed, Resource),
        (object, "silent", "allow",  "allow",  "role",    "-",      "-",      "-",      Decision::Allowed, Resource),
        (object, "silent", "silent", "-",      "role",    "-",      "-",      "-",      Decision::ImplicitDeny, Identity),
        (object, "silent", "-",      "-",      "account", "-",      "-",      "-",      Decision::ImplicitDeny, Identity),
        (object, "allow",  "-",      "-",      "refuse",  "-",      "-",      "-",      Decision::ExplicitDeny, Resource),
        (object, "allow",  "-",      "-",      "-",       "silent", "-",      "-",      Decision::ImplicitDeny, ServiceControl),
        (object, "allow",  "-",      "-",      "session", "deny",   "-",      "-",      Decision::ExplicitDeny, ServiceControl),
        (object, "allow",  "-",      "-",      "-",       "allow",  "-",      "-",      Decision::Allowed, Identity),
        (object, "allow",  "-",      "-",      "session", "-",      "refuse", "-",      Decision::ExplicitDeny, ResourceControl),
        (object, "allow",  "-",      "-",      "-",       "-",      "-",      "silent", Decision::ImplicitDeny, VpcEndpoint),
        (object, "allow",  "-",      "-",      "-",       "-",      "-",      "anyone", Decision::Allowed, Identity),
        (key,    "allow",  "-",      "-",      "silent",  "-",      "-",      "-",      Decision::ImplicitDeny, Resource),
        (key,    "allow",  "-",      "-",      "account", "-",      "-",      "-",      Decision::Allowed, Identity),
        (key,    "silent", "-",      "-",      "account", "-",      "-",      "-",      Decision::ImplicitDeny, Identity),
        (role,   "allow",  "-",      "-",      "silent",  "-",      "-",      "-",      Decision::ImplicitDeny, Trust),
        (role,   "silent", "-",      "-",      "role",    "-",      "-",      "-",      Decision::Allowed, Trust),
    ];
    for (number, line) in lines.into_iter().enumerate() {
        let (target, identity, boundary, session, resource, scp, rcp, endpoint, decision, by) =
            line;
        let sets = [identity, boundary, session, resource, endpoint].map(layer);
        let level = |word| layer(word).map(Arc::new).into_iter().collect::<Vec<_>>();
        let (scps, rcps) = (level(scp), level(rcp));
        let layers = Layers {
            identity: sets[0].as_ref(),
            boundary: sets[1].as_ref(),
            session: sets[2].as_ref(),
            resource: sets[3].as_ref(),
            scps: &scps,
            rcps: &rcps,
            vpc_endpoint: sets[4].as_ref(),
        };
        let action = if target == role {
            "sts:AssumeRole"
        } else {
            "x:Y"
        };
        let caller = Principal::session(ROLE, SESSION, None);
        let verdict = ask(&caller, action, target, &layers);
        assert_eq!(
            (verdict.decision, verdict.layer),
            (decision, by),
            "line {number}"
        );
    }
}

#[test]
fn unique_ids_stand_for_users_and_roles() {
    let id = "AROAQNZGKIQY56JQ7WMLA";
    let trust = set("Allow", id);
    let layers = Layers {
        resource: Some(&trust),
        ..Layers::default()
    };
    let target = "arn:aws:iam::111122223333:role/target";
    let same = Principal::session(ROLE, SESSION, Some(id));
    let made_anew = Principal::session(ROLE, SESSION, Some("AROAQNZGKIQY5AAAAAAAA"));
    assert!(ask(&same, "sts:AssumeRole", target, &layers).is_allowed());
    assert!(!ask(&made_anew, "sts:AssumeRole", target, &layers).is_allowed());
}

#[test]
fn a_caller_without_an_account_is_in_nobodys_account() {
    let allow = set("Allow", "");
    let layers = Layers {
        identity: Some(&allow),
        ..Layers::default()
    };
    let broken = Principal::user("not an arn", None);
    let request = Request {
        principal: &broken,
        action: "s3:GetObject",
        resource: "arn:aws:s3:::b/o",
        resource_account: "",
        context: &Context::new(),
    };
    assert_eq!(decide(&request, &layers).decision, Decision::ImplicitDeny);
}

#[test]
fn whoever_signed_may_ask_who_they_are() {
    let deny = set("Deny", "");
    let layers = Layers {
        identity: Some(&deny),
        ..Layers::default()
    };
    let caller = Principal::session(ROLE, SESSION, None);
    assert!(ask(&caller, "STS:getcalleridentity", "*", &layers).is_allowed());
    let unsigned = Principal::anonymous();
    assert!(!ask(&unsigned, "sts:GetCallerIdentity", "*", &layers).is_allowed());
}

#[test]
fn refusals_are_said_in_the_words_of_aws() {
    let say = |decision, layer, resource| {
        denial_message(
            Verdict { decision, layer },
            SESSION,
            "s3:GetObject",
            resource,
        )
    };
    assert_eq!(
        say(
            Decision::ImplicitDeny,
            Layer::Identity,
            Some("arn:aws:s3:::b/o")
        ),
        "User: arn:aws:sts::111122223333:assumed-role/app/s1 is not authorized to perform: s3:GetObject on resource: arn:aws:s3:::b/o because no identity-based policy allows the s3:GetObject action"
    );
    assert_eq!(
        say(Decision::ExplicitDeny, Layer::ServiceControl, None),
        "User: arn:aws:sts::111122223333:assumed-role/app/s1 is not authorized to perform: s3:GetObject with an explicit deny in a service control policy"
    );
}

#[test]
fn organizations_do_not_bind_service_linked_roles() {
    let linked = "arn:aws:iam::111122223333:role/aws-service-role/x.amazonaws.com/LinkedForX";
    let session = "arn:aws:sts::111122223333:assumed-role/LinkedForX/s1";
    let allow = set("Allow", "");
    let (scps, rcps) = ([Arc::new(set("Deny", ""))], [Arc::new(set("Deny", "*"))]);
    let layers = Layers {
        identity: Some(&allow),
        scps: &scps,
        rcps: &rcps,
        ..Layers::default()
    };
    for (role, allowed) in [(linked, true), (ROLE, false)] {
        let caller = Principal::session(role, session, None);
        let verdict = ask(&caller, "s3:GetObject", "arn:aws:s3:::b/o", &layers);
        assert_eq!(verdict.is_allowed(), allowed, "{role}");
    }
}

/// The form of AWS's messages, as the AWS CLI's reference shows one (`decode-authorization-message`).
#[test]
fn an_authorization_message_tells_which_statements_denied_and_what_was_known() {
    let text = r#"{"Version":"2012-10-17","Statement":[
        {"Sid":"NoLaunch","Effect":"Deny","Action":"ec2:RunInstances","Resource":["*"],"Condition":{"Bool":{"aws:MultiFactorAuthPresent":false}}},
        {"Effect":"Deny","NotAction":"iam:*","Resource":"arn:aws:ec2:*:*:instance/*"},
        {"Sid":"Other","Effect":"Deny","Action":"s3:*","Resource":"*"},
        {"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
    let own = PolicySet::compile([&Document::parse(text, Grammar::Identity).unwrap()]);
    let guard = set("Deny", "*");
    let layers = Layers {
        identity: Some(&own),
        resource: Some(&guard),
        ..Layers::default()
    };
    let mut context = Context::new();
    context.set_bool("aws:MultiFactorAuthPresent", false);
    context.set_many("aws:TagKeys", ["Te\"am", "x"]);
    let caller = Principal::session(ROLE, SESSION, None);
    let request = Request {
        principal: &caller,
        action: "ec2:RunInstances",
        resource: "arn:aws:ec2:us-east-1:111122223333:instance/*",
        resource_account: ACCOUNT,
        context: &context,
    };
    let verdict = decide(&request, &layers);
    let refused = Refused {
        id: "AROA1:s1",
        name: None,
        arn: SESSION,
    };
    let told = authorization_message(&request, &layers, verdict, refused);
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    let items = |values: &[&str]| {
        let values = values
            .iter()
            .map(|value| serde_json::json!({ "value": value }));
        serde_json::json!({ "items": values.collect::<Vec<_>>() })
    };
    let statement = |id: &str, of: &[&str], actions: (&str, &str), resource: &str| {
        serde_json::json!({
            "statementId": id, "effect": "DENY", "principals": items(of),
            "principalGroups": { "items": [] }, actions.0: items(&[actions.1]),
            "resources": items(&[resource]), "conditions": { "items": [] },
        })
    };
    let mut first = statement(
        "NoLaunch",
        &["AROA1:s1"],
        ("actions", "ec2:RunInstances"),
        "*",
    );
    first["conditions"] = serde_json::json!({ "items": [
        { "key": "aws:MultiFactorAuthPresent", "values": items(&["false"]) }] });
    let second = statement(
        "",
        &["AROA1:s1"],
        ("notActions", "iam:*"),
        "arn:aws:ec2:*:*:instance/*",
    );
    let third = statement("", &["*"], ("actions", "*"), "*");
    assert_eq!(
        told,
        serde_json::json!({
            "allowed": false, "explicitDeny": true,
            "matchedStatements": { "items": [first, second, third] },
            "failures": { "items": [] },
            "context": {
                "principal": { "id": "AROA1:s1", "arn": SESSION },
                "action": "ec2:RunInstances",
                "resource": "arn:aws:ec2:us-east-1:111122223333:instance/*",
                "conditions": { "items": [
                    { "key": "aws:MultiFactorAuthPresent", "values": items(&["false"]) },
                    { "key": "aws:TagKeys", "values": items(&["Te\"am", "x"]) },
                ] },
            },
        })
    );
}

#[test]
fn principals_can_be_listed_and_replaced() {
    let text = format!(
        r#"{{"Statement":{{"Effect":"Allow","Principal":{{"AWS":["{ROLE}","*"],"Service":"ec2.amazonaws.com"}},"Action":"sts:AssumeRole"}}}}"#
    );
    let mut document = Document::parse(&text, Grammar::Trust).unwrap();
    let listed: Vec<&str> = document
        .principals()
        .map(|entry| entry.value.as_str())
        .collect();
    assert_eq!(listed, [ROLE, "*", "ec2.amazonaws.com"]);
    document.replace_principals(|entry| (entry.value == ROLE).then(|| "AROA1".to_owned()));
    assert_eq!(document.principals().next().unwrap().value, "AROA1");
}

#[test]
fn context_keys_are_listed_once_as_first_written() {
    let text = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::${aws:username}/${*}","Condition":{"StringLike":{"aws:PrincipalTag/Team":"${AWS:UserName}-${aws:userid, 'x'}"}}}}"#;
    let document = Document::parse(text, Grammar::Identity).unwrap();
    let keys = document.context_keys();
    assert_eq!(
        keys,
        ["aws:PrincipalTag/Team", "aws:username", "aws:userid"]
    );
}
