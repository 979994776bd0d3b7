//! Managed policies.

use serde_json::{Value as Json, json};

use super::house::{ACCOUNT, DOCUMENT, Form, House, OTHER, TRUST, arn, refusal, says};

const ADMINISTRATOR: &str = "arn:aws:iam::aws:policy/AdministratorAccess";

fn create(house: &House, name: &str) -> String {
    let form = [("PolicyName", name), ("PolicyDocument", DOCUMENT)];
    let created = house.good("CreatePolicy", &form);
    created["Policy"]["Arn"].as_str().unwrap().to_owned()
}

fn get(house: &House, its_arn: &str) -> Json {
    house.good("GetPolicy", &[("PolicyArn", its_arn)])["Policy"].clone()
}

/// Names on all pages, and how many pages there were.
fn names(house: &House, form: &[(&str, &str)]) -> (Vec<String>, usize) {
    let mut names = Vec::new();
    let mut marker: Option<String> = None;
    let mut pages = 0;
    loop {
        let mut form = form.to_vec();
        form.extend(marker.as_deref().map(|marker| ("Marker", marker)));
        let page = house.good("ListPolicies", &form);
        let policies = page["Policies"].as_array().unwrap();
        names.extend(
            policies
                .iter()
                .map(|policy| policy["PolicyName"].as_str().unwrap().to_owned()),
        );
        pages += 1;
        marker = page
            .get("Marker")
            .map(|marker| marker.as_str().unwrap().to_owned());
        assert_eq!(page["IsTruncated"], marker.is_some());
        if marker.is_none() {
            return (names, pages);
        }
    }
}

#[test]
fn a_policy_lives_from_creation_to_deletion() {
    let house = House::new();
    let form = [
        ("PolicyName", "Reader"),
        ("Path", "/team/"),
        ("PolicyDocument", DOCUMENT),
        ("Description", "reads"),
    ];
    let created = house.good("CreatePolicy", &form)["Policy"].clone();
    let id = created["PolicyId"].as_str().unwrap();
    assert!(id.starts_with("ANPA") && id.len() == 21, "{id}");
    let its_arn = arn("policy/team/Reader");
    assert_eq!(
        created,
        json!({
            "PolicyName": "Reader",
            "PolicyId": id,
            "Arn": its_arn,
            "Path": "/team/",
            "DefaultVersionId": "v1",
            "AttachmentCount": 0,
            "PermissionsBoundaryUsageCount": 0,
            "IsAttachable": true,
            "CreateDate": created["CreateDate"],
            "UpdateDate": created["CreateDate"],
        })
    );
    let mut shown = created;
    shown["Description"] = json!("reads");
    shown["Tags"] = json!([]);
    assert_eq!(get(&house, &its_arn), shown);

    house.good("DeletePolicy", &[("PolicyArn", &its_arn)]);
    for operation in ["GetPolicy", "DeletePolicy", "ListPolicyTags"] {
        assert_eq!(
            house.refused(operation, &[("PolicyArn", &its_arn)]),
            says("NoSuchEntity", &format!("Policy {its_arn} was not found."))
        );
    }
}

#[test]
fn names_are_unique_without_regard_to_case_and_path() {
    let house = House::new();
    create(&house, "Reader");
    let form = [
        ("PolicyName", "rEADER"),
        ("Path", "/p/"),
        ("PolicyDocument", DOCUMENT),
    ];
    assert_eq!(
        house.refused("CreatePolicy", &form),
        says(
            "EntityAlreadyExists",
            "A policy called rEADER already exists. Duplicate names are not allowed."
        )
    );
}

#[test]
fn what_is_no_identity_based_policy_is_refused() {
    let house = House::new();
    for document in ["{}", "no json", TRUST] {
        let form = [("PolicyName", "p"), ("PolicyDocument", document)];
        assert_eq!(
            house.refused("CreatePolicy", &form).0,
            "MalformedPolicyDocument",
            "{document}"
        );
    }
}

#[test]
fn a_managed_policy_speaks_the_current_language_and_an_inline_one_may_speak_the_old() {
    let house = House::new();
    let its_arn = create(&house, "p");
    house.good("CreateUser", &[("UserName", "bob")]);
    for old in [
        DOCUMENT.replace(r#""Version":"2012-10-17","#, ""),
        DOCUMENT.replace("2012", "2008"),
    ] {
        let document = ("PolicyDocument", old.as_str());
        let refusal = says(
            "MalformedPolicyDocument",
            "Policy document must be version 2012-10-17 or greater.",
        );
        let made = house.refused("CreatePolicy", &[("PolicyName", "q"), document]);
        assert_eq!(made, refusal);
        let added = house.refused("CreatePolicyVersion", &[("PolicyArn", &its_arn), document]);
        assert_eq!(added, refusal);
        house.good(
            "PutUserPolicy",
            &[("UserName", "bob"), ("PolicyName", "p"), document],
        );
    }
}

/// A policy of this many characters that count.
fn document_of(size: usize) -> String {
    let head = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::"#;
    let tail = "\"}]}";
    format!("{head}{}{tail}", "a".repeat(size - head.len() - tail.len()))
}

#[test]
fn a_document_has_6144_characters_without_white_space() {
    let house = House::new();
    let form = |name, document| [("PolicyName", name), ("PolicyDocument", document)];
    let largest = document_of(6144).replace(",\"", ",\n\t\"");
    assert!(largest.len() > 6144);
    house.good("CreatePolicy", &form("fits", &largest));
    assert_eq!(
        house.refused("CreatePolicy", &form("over", &document_of(6145))),
        says("LimitExceeded", "Cannot exceed quota for PolicySize: 6144")
    );
}

#[test]
fn what_aws_manages_can_be_seen_and_not_changed() {
    let house = House::new();
    let shown = get(&house, ADMINISTRATOR);
    assert_eq!(shown["PolicyId"], "ANPAIWMBCKSKIEE64ZLYK");
    assert_eq!(shown["Path"], "/");
    assert_eq!(shown["DefaultVersionId"], "v1");
    assert_eq!(shown["AttachmentCount"], 1, "the administrator's");
    assert_eq!(
        shown["Description"],
        "Provides full access to AWS services and resources."
    );
    assert_eq!(shown["CreateDate"], 1_423_247_986);
    assert_eq!(shown["Tags"], json!([]));

    let tag = &[("Tags.member.1.Key", "k"), ("Tags.member.1.Value", "v")];
    let changes: [(&str, Form<'_>, &str); 6] = [
        ("DeletePolicy", &[], "delete policies"),
        (
            "DeletePolicyVersion",
            &[("VersionId", "v1")],
            "delete policy versions for policies",
        ),
        (
            "CreatePolicyVersion",
            &[("PolicyDocument", DOCUMENT)],
            "update policies",
        ),
        (
            "SetDefaultPolicyVersion",
            &[("VersionId", "v1")],
            "update policies",
        ),
        ("TagPolicy", tag, "update policies"),
        (
            "UntagPolicy",
            &[("TagKeys.member.1", "k")],
            "update policies",
        ),
    ];
    for (operation, form, deed) in changes {
        let form = [&[("PolicyArn", ADMINISTRATOR)], form].concat();
        let message = format!("Cannot {deed} outside your own account.");
        assert_eq!(
            house.refused(operation, &form),
            says("AccessDenied", &message)
        );
    }
}

#[test]
fn a_policy_of_another_account_is_out_of_reach() {
    let house = House::new();
    let foreign = create(&house, "p").replace(ACCOUNT, OTHER);
    for operation in ["GetPolicy", "ListPolicyVersions", "DeletePolicy"] {
        let (code, _) = house.refused(operation, &[("PolicyArn", &foreign)]);
        assert_eq!(code, "AccessDenied", "{operation}");
    }
}

#[test]
fn an_arn_that_names_no_policy_is_refused() {
    let house = House::new();
    assert_eq!(
        house.refused("GetPolicy", &[("PolicyArn", "twenty characters long")]),
        says("ValidationError", "Invalid ARN:  Could not be parsed!")
    );
    let role = arn("role/r");
    assert_eq!(
        house.refused("GetPolicy", &[("PolicyArn", &role)]),
        says("InvalidInput", &format!("ARN {role} is not valid."))
    );
}

#[test]
fn a_refusal_names_the_policy() {
    let house = House::new();
    house.good("CreateUser", &[("UserName", "bob")]);
    let its_arn = create(&house, "p");
    let cases: [(&str, Form<'_>, String); 3] = [
        (
            "GetPolicy",
            &[("PolicyArn", &its_arn)],
            format!("policy {its_arn}"),
        ),
        (
            "CreatePolicy",
            &[("PolicyName", "q"), ("PolicyDocument", DOCUMENT)],
            "policy q".to_owned(),
        ),
        (
            "ListPolicies",
            &[("PathPrefix", "/x/")],
            "policy path /x/".to_owned(),
        ),
    ];
    for (operation, form, resource) in cases {
        assert_eq!(
            refusal(house.call_as(&house.user("bob"), operation, form)),
            says(
                "AccessDenied",
                &format!(
                    "User: {} is not authorized to perform: iam:{operation} on resource: {resource} because no identity-based policy allows the iam:{operation} action",
                    arn("user/bob")
                )
            )
        );
    }
}

#[test]
fn own_policies_come_before_those_of_aws_page_by_page() {
    let house = House::new();
    for name in ["c", "B", "a"] {
        create(&house, name);
    }
    let (all, pages) = names(&house, &[("MaxItems", "1000")]);
    assert_eq!(all[..4], ["a", "B", "c", "AdministratorAccess"]);
    assert_eq!(
        (all.len(), pages),
        (3 + identity::aws_managed_policies().len(), 2)
    );
    for size in ["2", "3", "4"] {
        let form = [("PathPrefix", "/job-function/"), ("MaxItems", size)];
        let (some, _) = names(&house, &form);
        assert_eq!(some.len(), 15);
    }
    let (some, pages) = names(&house, &[("Scope", "Local"), ("MaxItems", "2")]);
    assert_eq!((some, pages), (vec!["a".into(), "B".into(), "c".into()], 2));
    // The last page ends where the account's own policies do.
    let (all, _) = names(&house, &[("MaxItems", "3")]);
    assert_eq!(all.len(), 3 + identity::aws_managed_policies().len());
    let (aws, pages) = names(&house, &[("Scope", "AWS"), ("MaxItems", "1000")]);
    assert_eq!(
        (aws.len(), pages),
        (identity::aws_managed_policies().len(), 2)
    );
}

#[test]
fn a_listing_shows_no_description_and_no_tags() {
    let house = House::new();
    let form = [
        ("PolicyName", "p"),
        ("PolicyDocument", DOCUMENT),
        ("Description", "d"),
        ("Tags.member.1.Key", "k"),
        ("Tags.member.1.Value", "v"),
    ];
    let created = house.good("CreatePolicy", &form);
    assert_eq!(
        created["Policy"]["Tags"],
        json!([{"Key": "k", "Value": "v"}])
    );
    let page = house.good("ListPolicies", &[("Scope", "Local")]);
    let listed = page["Policies"][0].as_object().unwrap();
    assert!(!listed.contains_key("Tags") && !listed.contains_key("Description"));
}

#[test]
fn a_listing_is_filtered_by_use() {
    let house = House::new();
    let attached = create(&house, "attached");
    let bounding = create(&house, "bounding");
    create(&house, "idle");
    house.good(
        "CreateUser",
        &[("UserName", "bob"), ("PermissionsBoundary", &bounding)],
    );
    house.good(
        "AttachUserPolicy",
        &[("UserName", "bob"), ("PolicyArn", &attached)],
    );
    let (only, local) = (("OnlyAttached", "true"), ("Scope", "Local"));
    let as_policy = ("PolicyUsageFilter", "PermissionsPolicy");
    let as_boundary = ("PolicyUsageFilter", "PermissionsBoundary");
    // As recorded from AWS: the use filters what is in use, and nothing else.
    let cases: [(Form<'_>, &[&str]); 8] = [
        (&[only], &["attached", "bounding", "AdministratorAccess"]),
        (&[only, local], &["attached", "bounding"]),
        (&[only, as_policy], &["attached", "AdministratorAccess"]),
        (&[only, as_boundary], &["bounding"]),
        (&[local], &["attached", "bounding", "idle"]),
        (&[local, as_policy], &["attached", "bounding", "idle"]),
        (&[local, as_boundary], &["attached", "bounding", "idle"]),
        (
            &[("OnlyAttached", "false"), local],
            &["attached", "bounding", "idle"],
        ),
    ];
    for (form, expected) in cases {
        assert_eq!(names(&house, form).0, expected, "{form:?}");
    }
    let shown = get(&house, &bounding);
    assert_eq!(shown["PermissionsBoundaryUsageCount"], 1);
    assert_eq!(shown["AttachmentCount"], 0);
}

#[test]
fn a_marker_that_was_not_given_out_is_refused() {
    let house = House::new();
    for (scope, marker) in [
        ("All", "aws.x"),
        ("All", "x"),
        ("AWS", "x"),
        ("AWS", "aws.-1"),
    ] {
        let form = [("Scope", scope), ("Marker", marker)];
        assert_eq!(
            house.refused("ListPolicies", &form).0,
            "ValidationError",
            "{marker}"
        );
    }
}

#[test]
fn a_policy_in_use_is_not_deleted() {
    let house = House::new();
    let conflict = says(
        "DeleteConflict",
        "Cannot delete a policy attached to entities.",
    );
    let attached = create(&house, "attached");
    house.good("CreateGroup", &[("GroupName", "g")]);
    house.good(
        "AttachGroupPolicy",
        &[("GroupName", "g"), ("PolicyArn", &attached)],
    );
    assert_eq!(
        house.refused("DeletePolicy", &[("PolicyArn", &attached)]),
        conflict
    );
    house.good(
        "DetachGroupPolicy",
        &[("GroupName", "g"), ("PolicyArn", &attached)],
    );
    house.good("DeletePolicy", &[("PolicyArn", &attached)]);

    let bounding = create(&house, "bounding");
    house.good(
        "CreateUser",
        &[("UserName", "bob"), ("PermissionsBoundary", &bounding)],
    );
    assert_eq!(
        house.refused("DeletePolicy", &[("PolicyArn", &bounding)]),
        conflict
    );
}

#[test]
fn tags_come_and_go_and_the_shorter_keys_are_shown_first() {
    let house = House::new();
    let its_arn = create(&house, "p");
    let tag = |tags: &[(&str, &str)]| {
        let names: Vec<_> = (1..=tags.len())
            .map(|at| {
                (
                    format!("Tags.member.{at}.Key"),
                    format!("Tags.member.{at}.Value"),
                )
            })
            .collect();
        let mut form = vec![("PolicyArn", its_arn.as_str())];
        for ((key_name, value_name), (key, value)) in names.iter().zip(tags) {
            form.extend([(key_name.as_str(), *key), (value_name.as_str(), *value)]);
        }
        house.call("TagPolicy", &form)
    };
    let shown = || {
        let listed = house.good("ListPolicyTags", &[("PolicyArn", &its_arn)]);
        assert_eq!(listed["Tags"], get(&house, &its_arn)["Tags"]);
        let pair = |tag: &Json| {
            let text = |member: &str| tag[member].as_str().unwrap().to_owned();
            format!("{}={}", text("Key"), text("Value"))
        };
        let tags = listed["Tags"].as_array().unwrap();
        tags.iter().map(pair).collect::<Vec<_>>().join(" ")
    };
    tag(&[("abc", "1"), ("b", "2"), ("z", "3"), ("a", "4")]).unwrap();
    assert_eq!(shown(), "a=4 b=2 z=3 abc=1");
    tag(&[("b", ""), ("B", "5")]).unwrap();
    assert_eq!(shown(), "B=5 a=4 b= z=3 abc=1");
    let form = [("PolicyArn", its_arn.as_str()), ("TagKeys.member.1", "B")];
    house.good("UntagPolicy", &form);
    assert_eq!(shown(), "a=4 b= z=3 abc=1");
    assert_eq!(
        refusal(tag(&[("k", "1"), ("k", "2")])),
        says("InvalidInput", "Duplicate tag keys found.")
    );
    let fifty: Vec<String> = (0..50).map(|number| format!("key{number}")).collect();
    let fifty: Vec<_> = fifty.iter().map(|key| (key.as_str(), "")).collect();
    assert_eq!(
        refusal(tag(&fifty)),
        says(
            "LimitExceeded",
            "The number of tags has reached the maximum limit."
        )
    );
}

#[test]
fn permission_can_hang_on_the_policys_tags() {
    let house = House::new();
    let its_arn = create(&house, "p");
    house.good("CreateUser", &[("UserName", "bob")]);
    let document = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:GetPolicy","Resource":"*","Condition":{"StringEquals":{"aws:ResourceTag/team":"red"}}}]}"#;
    let form = [
        ("UserName", "bob"),
        ("PolicyName", "i"),
        ("PolicyDocument", document),
    ];
    house.good("PutUserPolicy", &form);
    let get = || house.call_as(&house.user("bob"), "GetPolicy", &[("PolicyArn", &its_arn)]);
    assert_eq!(refusal(get()).0, "AccessDenied");
    let form = [
        ("PolicyArn", its_arn.as_str()),
        ("Tags.member.1.Key", "team"),
        ("Tags.member.1.Value", "red"),
    ];
    house.good("TagPolicy", &form);
    get().unwrap();
}
