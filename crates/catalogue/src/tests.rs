//! What AWS's service authorization reference says of well-known things, as a reader of its
//! pages finds it there.

use super::*;

#[test]
fn actions_are_found_in_any_case() {
    let action = action("S3:getobject").unwrap();
    assert_eq!(action.full_name(), "s3:GetObject");
    assert!(action.levels().contains(AccessLevel::Read));
    assert!(!action.levels().contains(AccessLevel::Write));
    let types: Vec<&str> = action.resource_types().map(|(of, _)| of.name()).collect();
    assert_eq!(types, ["accesspointobject", "object"]);
    let keys: Vec<String> = action.condition_keys().map(String::from).collect();
    assert!(keys.contains(&"s3:ExistingObjectTag/<key>".to_owned()));
    for unknown in ["s3:GetObjects", "s4:GetObject", "GetObject", "s3:", ""] {
        assert!(super::action(unknown).is_none(), "{unknown}");
    }
}

#[test]
fn what_must_be_given_is_told_from_what_may_be() {
    let pass = action("iam:PassRole").unwrap();
    let types: Vec<_> = pass
        .resource_types()
        .map(|(of, required)| (of.name(), required))
        .collect();
    assert_eq!(types, [("role", true)]);
    assert!(!action("s3:ListAllMyBuckets").unwrap().has_resource_types());
}

#[test]
fn patterns_are_expanded() {
    let names = |pattern| {
        let names = expand(pattern).into_iter().map(Action::full_name);
        names.collect::<Vec<_>>()
    };
    assert_eq!(
        names("iam:*loginprofile"),
        [
            "iam:CreateLoginProfile",
            "iam:DeleteLoginProfile",
            "iam:GetLoginProfile",
            "iam:UpdateLoginProfile"
        ]
    );
    assert_eq!(names("sts:GetCallerIdentit?"), ["sts:GetCallerIdentity"]);
    assert!(names("sqs:Fly*").is_empty());
    assert!(names("nothing:*").is_empty());
    assert_eq!(expand("*").len(), actions_count());
}

#[test]
fn numbers_are_dense_and_in_order() {
    let numbers = expand("*")
        .into_iter()
        .map(|action| usize::from(action.number()));
    assert!(numbers.eq(0..actions_count()));
}

#[test]
fn services_have_names_and_types() {
    let s3 = service("S3").unwrap();
    assert_eq!((s3.prefix(), s3.name()), ("s3", "Amazon S3"));
    assert!(s3.in_resource_control());
    assert!(!service("ec2").unwrap().in_resource_control());
    let bucket = s3.resource_type("bucket").unwrap();
    let arns: Vec<&str> = bucket.arns().collect();
    assert_eq!(arns, ["arn:${Partition}:s3:::${BucketName}"]);
}

#[test]
fn every_line_of_the_file_is_read_and_refers_to_what_is_there() {
    assert!(services().len() > 400);
    for service in services() {
        assert!(!service.name().is_empty(), "{}", service.prefix());
        for action in service.actions() {
            assert_ne!(action.levels(), Levels::default(), "{}", action.full_name());
            let listed = action::names(action.types).count();
            assert_eq!(action.resource_types().count(), listed);
            let mut keys = action.condition_keys();
            let own = service.condition_keys();
            let unknown = keys.find(|key| !own.iter().any(|own| own.name() == key));
            assert_eq!(unknown, None, "{}", action.full_name());
        }
    }
}

#[test]
fn services_are_sorted_whatever_their_case() {
    let sorted = services().is_sorted_by(|a, b| action::by_name(a.prefix(), b.prefix()).is_lt());
    assert!(sorted);
}

#[test]
fn keys_know_their_values() {
    let of = |name| condition_key(name).map(|key| (key.values(), key.is_multivalued()));
    assert_eq!(of("AWS:sourceip"), Some((ValueType::IpAddress, false)));
    assert_eq!(
        of("aws:PrincipalTag/team"),
        Some((ValueType::String, false))
    );
    assert_eq!(of("aws:PrincipalTag/"), None);
    assert_eq!(of("aws:tagkeys"), Some((ValueType::String, true)));
    assert_eq!(of("s3:max-keys"), Some((ValueType::Numeric, false)));
    assert_eq!(
        of("s3:ExistingObjectTag/a"),
        Some((ValueType::String, false))
    );
    assert_eq!(of("iam:PassedToService"), Some((ValueType::String, false)));
    assert_eq!(of("saml:aud"), Some((ValueType::String, false)));
    assert_eq!(
        of("token.actions.example.ghe.com:ref"),
        Some((ValueType::String, false))
    );
    assert_eq!(of("ec2:osuser"), Some((ValueType::String, false)));
    assert_eq!(of("s3:prefixes"), None);
    assert_eq!(of("nothing"), None);
}

#[test]
fn placeholders_stand_for_something() {
    for (written, key, expected) in [
        ("aws:RequestTag/${TagKey}", "aws:requesttag/Team", true),
        ("aws:RequestTag/${TagKey}", "aws:RequestTag/", false),
        ("a:b/${name}.value", "a:b/x.value", true),
        ("a:b/${name}.value", "a:b/x.y.value", true),
        ("a:b/${name}.value", "a:b/.value", false),
        ("a:b/${name}.value", "a:b/x.values", false),
        ("s3:T/<key>", "s3:t/é", true),
        ("a:ResourceTag/tag-key", "a:resourcetag/Team", true),
        ("a:ResourceTag/tag-key", "a:ResourceTag/", false),
        ("s3:T/<key>", "é", false),
    ] {
        assert_eq!(is_key(written, key), expected, "{written} {key}");
    }
}
