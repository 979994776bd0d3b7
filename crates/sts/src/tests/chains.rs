//! What goes along a chain of roles: transitive tags and the source identity.

use identity::Caller;
use serde_json::json;

use super::house::{ACCOUNT, House, everything, says, trusts};

/// The session tags that a caller carries.
fn tags(caller: &Caller) -> Vec<(String, String)> {
    let known = caller.known().unwrap();
    let tags = known.tags().into_iter();
    tags.map(|tag| (tag.key, tag.value)).collect()
}

const TRANSITIVE: [(&str, &str); 5] = [
    ("Tags.member.1.Key", "Project"),
    ("Tags.member.1.Value", "blue"),
    ("Tags.member.2.Key", "Team"),
    ("Tags.member.2.Value", "red"),
    ("TransitiveTagKeys.member.1", "Project"),
];

#[test]
fn transitive_tags_go_on_and_others_stay_behind() {
    let house = House::new();
    let role = house.open_role("r");
    let first = house.assume(&house.admin(), &role, &TRANSITIVE);
    let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    assert_eq!(tags(&first), [pair("Project", "blue"), pair("Team", "red")]);
    let second = house.assume(&first, &role, &[]);
    assert_eq!(tags(&second), [pair("Project", "blue")]);
    let third = house.assume(&second, &role, &[]);
    assert_eq!(tags(&third), [pair("Project", "blue")]);
}

#[test]
fn a_transitive_tag_cannot_be_overridden_in_any_spelling() {
    let house = House::new();
    let role = house.open_role("r");
    let conflict = says(
        "InvalidParameterValue",
        "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session.",
    );
    for (key, again) in [
        ("Project", "Project"),
        ("Project", "pROJECT"),
        ("Équipe", "éQUIPE"),
        ("kin", "\u{212A}in"),
    ] {
        let form = [
            ("Tags.member.1.Key", key),
            ("Tags.member.1.Value", "blue"),
            ("TransitiveTagKeys.member.1", key),
        ];
        let first = house.assume(&house.admin(), &role, &form);
        let form = [
            ("Tags.member.1.Key", again),
            ("Tags.member.1.Value", "green"),
        ];
        assert_eq!(
            house.cannot_assume(&first, &role, &form),
            conflict,
            "{again}"
        );
    }
}

#[test]
fn a_role_that_does_not_let_tags_in_refuses_inherited_ones_too() {
    let house = House::new();
    let first = house.assume(&house.admin(), &house.open_role("r"), &TRANSITIVE);
    let no_tags =
        json!({"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"});
    let second = house.role(ACCOUNT, "second", no_tags, everything());
    let (code, message) = house.cannot_assume(&first, &second, &[]);
    assert_eq!(code, "AccessDenied");
    assert!(
        message.contains("is not authorized to perform: sts:TagSession on resource"),
        "{message}"
    );
}

#[test]
fn a_source_identity_is_set_once_and_stays() {
    let house = House::new();
    let role = house.open_role("r");
    let first = house.assume(&house.admin(), &role, &[("SourceIdentity", "ana")]);
    let second = house.assume(&first, &role, &[]);
    let carried = |caller: &Caller| {
        let known = caller.known().unwrap();
        known.session().unwrap().source_identity.clone()
    };
    assert_eq!(carried(&second).as_deref(), Some("ana"));
    house.assume(&second, &role, &[("SourceIdentity", "ana")]);
    for other in ["bob", "Ana"] {
        assert_eq!(
            house.cannot_assume(&second, &role, &[("SourceIdentity", other)]),
            says(
                "ValidationError",
                "The source identity is already set for this assume role session"
            )
        );
    }
}

#[test]
fn a_source_identity_needs_leave_of_its_own_when_set_and_when_inherited() {
    let house = House::new();
    let no_source =
        json!({"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"});
    let closed = house.role(ACCOUNT, "closed", no_source, everything());
    let admin = house.admin();
    let first = house.assume(&admin, &house.open_role("r"), &[("SourceIdentity", "ana")]);
    for (caller, more) in [(&admin, vec![("SourceIdentity", "ana")]), (&first, vec![])] {
        let (code, message) = house.cannot_assume(caller, &closed, &more);
        assert_eq!(code, "AccessDenied");
        assert!(
            message.contains("is not authorized to perform: sts:SetSourceIdentity"),
            "{message}"
        );
    }
}

#[test]
fn trust_can_ask_what_tags_and_source_identity_are() {
    let house = House::new();
    let admin = house.admin();
    let mut wants = trusts(json!({"AWS": ACCOUNT}));
    wants["Condition"] = json!({
        "StringEqualsIfExists": {"sts:SourceIdentity": "ana", "aws:RequestTag/Project": "blue"},
        "ForAllValues:StringEquals": {"aws:TagKeys": ["Project"], "sts:TransitiveTagKeys": ["Project"]},
    });
    let role = house.role(ACCOUNT, "r", wants, everything());
    let tag = |value| {
        [
            ("Tags.member.1.Key", "Project"),
            ("Tags.member.1.Value", value),
        ]
    };
    house.assume(&admin, &role, &tag("blue"));
    house.assume(&admin, &role, &[("SourceIdentity", "ana")]);
    assert_eq!(
        house.cannot_assume(&admin, &role, &tag("green")).0,
        "AccessDenied"
    );
    assert_eq!(
        house.cannot_assume(&admin, &role, &TRANSITIVE).0,
        "AccessDenied"
    );
    let refused = house.cannot_assume(&admin, &role, &[("SourceIdentity", "bob")]);
    assert_eq!(refused.0, "AccessDenied");
}
