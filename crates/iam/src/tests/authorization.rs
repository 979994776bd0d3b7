//! What the operations ask leave for.

use identity::Caller;

use super::house::{DOCUMENT, House, TRUST, arn, refusal};

/// A user of this name whose only policy allows this under that.
fn limited(house: &House, name: &str, statement: &str) -> Caller {
    house.good("CreateUser", &[("UserName", name)]);
    let document = format!(r#"{{"Version":"2012-10-17","Statement":[{statement}]}}"#);
    let form = [
        ("UserName", name),
        ("PolicyName", "p"),
        ("PolicyDocument", document.as_str()),
    ];
    house.good("PutUserPolicy", &form);
    house.user(name)
}

fn allow(action: &str, resource: &str, condition: &str) -> String {
    format!(
        r#"{{"Effect":"Allow","Action":"{action}","Resource":"{resource}","Condition":{{{condition}}}}}"#
    )
}

fn is_denied(answered: super::house::Answered) -> bool {
    matches!(answered, Err(refusal) if refusal.code() == "AccessDenied")
}

#[test]
fn nobody_without_leave_does_anything() {
    let house = House::new();
    house.good("CreateUser", &[("UserName", "bob")]);
    let bob = house.user("bob");
    for entry in crate::OPERATIONS {
        let facts = entry.facts();
        let mut form: Vec<(&str, &str)> = Vec::new();
        for member in facts.input_members() {
            let value = match member.name {
                "UserName" => "admin",
                "Tags" => {
                    form.push(("Tags.member.1.Key", "k"));
                    form.push(("Tags.member.1.Value", "v"));
                    continue;
                }
                "ActionNames" => {
                    form.push(("ActionNames.member.1", "s3:GetObject"));
                    continue;
                }
                "PolicyInputList" => {
                    form.push(("PolicyInputList.member.1", DOCUMENT));
                    continue;
                }
                "PolicySourceArn" => "arn:aws:iam::111122223333:user/admin",
                "TagKeys" => {
                    form.push(("TagKeys.member.1", "k"));
                    continue;
                }
                "ServiceNamespaces" => {
                    form.push(("ServiceNamespaces.member.1", "iam"));
                    continue;
                }
                "Properties" => {
                    form.push(("Properties.entry.1.key", "A/b"));
                    form.push(("Properties.entry.1.value", "c"));
                    continue;
                }
                "Permissions" => {
                    form.push(("Permissions.PolicyTemplateArn", "arn:aws:iam::aws:x/some"));
                    continue;
                }
                "NotificationChannel" => "arn:aws:sns:us-east-1:111122223333:t",
                "RequestorWorkflowId" => "workflow",
                "SessionDuration" => "3600",
                "DelegationRequestId" => "dr-0123456789abcdef",
                "EntityArn" => "arn:aws:iam::111122223333:delegation-request/dr-0123456789abcdef",
                "EntityPath" => "o-a1b2c3d4e5/r-f6g7h8i9j0example",
                "TemplateArn" => "arn:aws:iam::aws:role-template/ec2.amazonaws.com/Some:1",
                "GlobalEndpointTokenVersion" => "v2Token",
                "ThumbprintList" => {
                    form.push(("ThumbprintList", ""));
                    continue;
                }
                "OpenIDConnectProviderArn" => "arn:aws:iam::111122223333:oidc-provider/a.example",
                "SAMLProviderArn" => "arn:aws:iam::111122223333:saml-provider/p",
                "SAMLMetadataDocument" => {
                    include_str!("../../../saml/tests/documents/libxmlsec-keycloak.metadata.xml")
                }
                "Arn" => "arn:aws:iam::111122223333:user/admin",
                "JobId" => "11111111-2222-4333-8444-555555555555",
                "PolicyArn" => "arn:aws:iam::111122223333:policy/p",
                "Url" => "https://192.0.2.1",
                "SerialNumber" => "arn:aws:iam::111122223333:mfa/none",
                name if name.starts_with("AuthenticationCode") => "123456",
                "CertificateId" | "SSHPublicKeyId" | "ServiceSpecificCredentialId" => {
                    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                }
                "Encoding" => "SSH",
                "VersionId" => "v1",
                "PolicyDocument" => DOCUMENT,
                "AssumeRolePolicyDocument" => TRUST,
                "PermissionsBoundary" => "arn:aws:iam::aws:policy/AdministratorAccess",
                "AccountAlias" => "alias",
                "AccessKeyId" => "AKIAIOSFODNN7EXAMPLE",
                "Status" => "Active",
                name if member.required && name.ends_with("Name") => "none",
                _ if !member.required => continue,
                _ => "text",
            };
            form.push((member.name, value));
        }
        let (code, message) = refusal(house.call_as(&bob, facts.name, &form));
        assert_eq!(code, "AccessDenied", "{}: {message}", facts.name);
        assert!(
            message.contains(&format!("iam:{}", facts.name)),
            "{message}"
        );
    }
}

#[test]
fn the_sentence_names_the_resource() {
    let house = House::new();
    house.good("CreateUser", &[("UserName", "bob")]);
    house.good("CreateUser", &[("UserName", "eve"), ("Path", "/p/")]);
    let bob = house.user("bob");
    let on_path = arn("user/p/");
    let new = arn("user/q/new");
    let cases: [(_, &[(&str, &str)], _); 9] = [
        ("DeleteUser", &[("UserName", "EVE")], "user EVE"),
        ("DeleteUser", &[("UserName", "none")], "user none"),
        ("ListAccessKeys", &[("UserName", "eve")], "user eve"),
        ("GetUser", &[], "user bob"),
        ("GetRole", &[("RoleName", "r")], "role r"),
        ("GetGroup", &[("GroupName", "g")], "group g"),
        ("CreateUser", &[("UserName", "new"), ("Path", "/q/")], &new),
        ("ListUsers", &[("PathPrefix", "/p/")], &on_path),
        ("ListAccountAliases", &[], "*"),
    ];
    for (operation, form, resource) in cases {
        let (_, message) = refusal(house.call_as(&bob, operation, form));
        let expected = format!(
            "User: {} is not authorized to perform: iam:{operation} on resource: {} because no identity-based policy allows the iam:{operation} action",
            arn("user/bob"),
            resource
        );
        assert_eq!(message, expected);
    }
}

#[test]
fn leave_is_asked_for_the_path() {
    let house = House::new();
    let bob = limited(&house, "bob", &allow("iam:*User", &arn("user/team/*"), ""));
    let create = |path| house.call_as(&bob, "CreateUser", &[("UserName", "new"), ("Path", path)]);
    assert!(is_denied(create("/")));
    create("/team/").unwrap();
    let form = [("UserName", "new"), ("NewPath", "/")];
    assert!(is_denied(house.call_as(&bob, "UpdateUser", &form)));
    let form = [("UserName", "new"), ("NewPath", "/team/red/")];
    house.call_as(&bob, "UpdateUser", &form).unwrap();
}

#[test]
fn a_delegate_is_held_to_a_boundary() {
    let house = House::new();
    let boundary = house.managed_policy("b");
    let condition = format!(r#""StringEquals":{{"iam:PermissionsBoundary":"{boundary}"}}"#);
    let bob = limited(&house, "bob", &allow("iam:*", "*", &condition));
    let create = |name, boundary: Option<&str>| {
        let mut form = vec![("UserName", name)];
        form.extend(boundary.map(|arn| ("PermissionsBoundary", arn)));
        house.call_as(&bob, "CreateUser", &form)
    };
    assert!(is_denied(create("new", None)));
    assert!(is_denied(create(
        "new",
        Some("arn:aws:iam::aws:policy/AdministratorAccess")
    )));
    create("new", Some(&boundary)).unwrap();

    let put = |user| {
        let form = [
            ("UserName", user),
            ("PolicyName", "p"),
            ("PolicyDocument", DOCUMENT),
        ];
        house.call_as(&bob, "PutUserPolicy", &form)
    };
    put("new").unwrap();
    assert!(is_denied(put("admin")));
    let form = [
        ("UserName", "admin"),
        ("PermissionsBoundary", boundary.as_str()),
    ];
    house
        .call_as(&bob, "PutUserPermissionsBoundary", &form)
        .unwrap();
    let form = [
        ("UserName", "new"),
        (
            "PermissionsBoundary",
            "arn:aws:iam::aws:policy/AdministratorAccess",
        ),
    ];
    assert!(is_denied(house.call_as(
        &bob,
        "PutUserPermissionsBoundary",
        &form
    )));
}

#[test]
fn tags_ask_for_their_own_leave_and_are_seen_by_policies() {
    let house = House::new();
    let tagged = |value: &'static str| {
        [
            ("Tags.member.1.Key", "team"),
            ("Tags.member.1.Value", value),
            ("UserName", "new"),
        ]
    };
    let bob = limited(&house, "bob", &allow("iam:CreateUser", "*", ""));
    let (_, message) = refusal(house.call_as(&bob, "CreateUser", &tagged("red")));
    assert!(message.contains("iam:TagUser"), "{message}");

    let condition = r#""StringEquals":{"aws:RequestTag/team":"red"}"#;
    let eve = limited(&house, "eve", &allow("iam:*User", "*", condition));
    assert!(is_denied(house.call_as(
        &eve,
        "CreateUser",
        &tagged("blue")
    )));
    house.call_as(&eve, "CreateUser", &tagged("red")).unwrap();

    let condition = r#""StringEquals":{"iam:ResourceTag/team":"red"}"#;
    let ann = limited(&house, "ann", &allow("iam:GetUser", "*", condition));
    house
        .call_as(&ann, "GetUser", &[("UserName", "new")])
        .unwrap();
    assert!(is_denied(house.call_as(
        &ann,
        "GetUser",
        &[("UserName", "admin")]
    )));
    assert!(is_denied(house.call_as(
        &ann,
        "GetUser",
        &[("UserName", "none")]
    )));
}

#[test]
fn who_may_see_a_user_learns_that_there_is_none() {
    let house = House::new();
    let bob = limited(&house, "bob", &allow("iam:GetUser", &arn("user/*"), ""));
    let (code, _) = refusal(house.call_as(&bob, "GetUser", &[("UserName", "none")]));
    assert_eq!(code, "NoSuchEntity");
}
