//! Whom trust policies name.

use percent_encoding::percent_decode_str;

use super::house::{ACCOUNT, House, OTHER, arn, says};

fn trust(kind: &str, principal: &str) -> String {
    let what = match kind {
        "Federated" => {
            r#""Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringEquals":{"cognito-identity.amazonaws.com:aud":"us-east-1:x"}}"#
        }
        _ => r#""Action":"sts:AssumeRole""#,
    };
    format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"{kind}":"{principal}"}},{what}}}]}}"#
    )
}

fn create(house: &House, name: &str, document: &str) -> super::house::Answered {
    house.call(
        "CreateRole",
        &[("RoleName", name), ("AssumeRolePolicyDocument", document)],
    )
}

fn shown(house: &House, role: &str) -> String {
    let role = house.good("GetRole", &[("RoleName", role)]);
    let document = role["Role"]["AssumeRolePolicyDocument"].as_str().unwrap();
    percent_decode_str(document)
        .decode_utf8()
        .unwrap()
        .into_owned()
}

#[test]
fn principals_that_exist_are_taken() {
    let house = House::new();
    house.good("CreateUser", &[("UserName", "bob"), ("Path", "/p/")]);
    create(&house, "base", &trust("Service", "ec2.amazonaws.com")).unwrap();
    let bob = house.user_record("bob").id;
    let cases = [
        ("AWS", "*".to_owned()),
        ("AWS", "123456789012".to_owned()),
        ("AWS", "arn:aws:iam::999999999999:root".to_owned()),
        ("AWS", arn("user/p/bob")),
        ("AWS", arn("role/base")),
        ("AWS", format!("arn:aws:iam::{OTHER}:user/admin")),
        (
            "AWS",
            format!("arn:aws:sts::{ACCOUNT}:assumed-role/base/session"),
        ),
        ("AWS", format!("arn:aws:sts::{ACCOUNT}:federated-user/anna")),
        ("AWS", bob),
        ("Service", "lambda.amazonaws.com".to_owned()),
        ("Federated", "cognito-identity.amazonaws.com".to_owned()),
        ("Federated", arn("oidc-provider/idp.example.com/tenant")),
    ];
    for (number, (kind, principal)) in cases.iter().enumerate() {
        let document = trust(kind, principal);
        let created = create(&house, &format!("r{number}"), &document);
        assert!(created.is_ok(), "{principal}: {created:?}");
        assert_eq!(shown(&house, &format!("r{number}")), document);
    }
}

#[test]
fn principals_that_do_not_exist_are_refused() {
    let house = House::new();
    house.good("CreateUser", &[("UserName", "bob"), ("Path", "/p/")]);
    house.good("CreateGroup", &[("GroupName", "g")]);
    let strangers = [
        arn("user/bob"),
        arn("user/p/BOB"),
        arn("user/*"),
        arn("role/none"),
        arn("group/g"),
        arn("root/x"),
        arn("policy/p"),
        "arn:aws:iam::123:root".to_owned(),
        "arn:aws-cn:iam::999999999999:root".to_owned(),
        "arn:aws:iam::999999999999:user/bob".to_owned(),
        format!("arn:aws:sts::{ACCOUNT}:assumed-role/none/s"),
        "AROANOBODYNOBODYNOBOD".to_owned(),
        "bob".to_owned(),
        "12345678901".to_owned(),
    ];
    for stranger in strangers {
        let answered = create(&house, "r", &trust("AWS", &stranger));
        let (code, message) = super::house::refusal(answered);
        assert_eq!(code, "MalformedPolicyDocument", "{stranger}");
        assert_eq!(
            message,
            format!("Invalid principal in policy: \"AWS\":\"{stranger}\"")
        );
    }
    for service in [
        "ec2",
        "*",
        "*.amazonaws.com",
        "ec2.example.com",
        "evilamazonaws.com",
    ] {
        let (code, _) = super::house::refusal(create(&house, "r", &trust("Service", service)));
        assert_eq!(code, "MalformedPolicyDocument", "{service}");
    }
    for provider in ["idp", "arn:aws:iam::1:oidc-provider/x", "*"] {
        let message = "Federated principals must be valid domain names or SAML metadata ARNs";
        assert_eq!(
            super::house::refusal(create(&house, "r", &trust("Federated", provider))),
            super::house::says("MalformedPolicyDocument", message),
            "{provider}"
        );
    }
}

#[test]
fn a_named_principal_is_shown_by_its_arn_of_today_and_when_gone_by_its_id() {
    let house = House::new();
    house.good("CreateUser", &[("UserName", "bob")]);
    let id = house.user_record("bob").id;
    create(&house, "r", &trust("AWS", &arn("user/bob"))).unwrap();

    house.good("UpdateUser", &[("UserName", "bob"), ("NewUserName", "rob")]);
    assert!(shown(&house, "r").contains(&arn("user/rob")));

    house.good("DeleteUser", &[("UserName", "rob")]);
    let gone = shown(&house, "r");
    assert!(gone.contains(&id) && !gone.contains("user/"), "{gone}");

    // One who takes the name is not the one who was named.
    house.good("CreateUser", &[("UserName", "bob")]);
    assert_eq!(shown(&house, "r"), gone);
}

#[test]
fn an_update_is_checked_as_a_new_policy_is() {
    let house = House::new();
    create(&house, "r", &trust("Service", "ec2.amazonaws.com")).unwrap();
    let update = |document: &str| {
        house.call(
            "UpdateAssumeRolePolicy",
            &[("RoleName", "r"), ("PolicyDocument", document)],
        )
    };
    update(&trust("AWS", &arn("user/admin"))).unwrap();
    assert!(shown(&house, "r").contains("user/admin"));
    let refused = super::house::refusal(update(&trust("AWS", &arn("user/none"))));
    let message = format!(
        "Invalid principal in policy: \"AWS\":\"{}\"",
        arn("user/none")
    );
    assert_eq!(refused, says("MalformedPolicyDocument", &message));
    assert!(shown(&house, "r").contains("user/admin"));
}

#[test]
fn a_trust_policy_has_a_size() {
    let house = House::new();
    let many: Vec<_> = (0..40)
        .map(|n| format!("\"arn:aws:iam::{:012}:root\"", 100_000 + n))
        .collect();
    let long = trust("AWS", "X").replace("\"X\"", &format!("[{}]", many.join(",")));
    assert!(long.len() < 2048);
    assert!(create(&house, "fits", &format!("{long}{}", " ".repeat(4000))).is_ok());
    let many: Vec<_> = (0..80)
        .map(|n| format!("\"arn:aws:iam::{:012}:root\"", 100_000 + n))
        .collect();
    let too_long = trust("AWS", "X").replace("\"X\"", &format!("[{}]", many.join(",")));
    assert_eq!(
        super::house::refusal(create(&house, "r", &too_long)),
        says(
            "LimitExceeded",
            "Cannot exceed quota for ACLSizePerRole: 2048"
        )
    );
}
