//! What an attacker may try with a request that was signed by somebody else. Each attack
//! changes one thing in a request that is good without the change, and each says how it is
//! refused.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test may panic"
)]

mod common;

use common::*;
use sigv4::{LifetimeFault, Place, Refusal, ScopeFault};

type Change = fn(&mut Call);

/// Each twin is good; each attack is the twin with one change.
fn refused(twin: fn() -> Call, attacks: &[(&str, Change, Refusal)]) {
    let good = twin();
    assert!(good.verify().is_ok(), "the twin: {:?}", good.verify());
    for (name, change, expected) in attacks {
        let mut call = good.clone();
        change(&mut call);
        assert_eq!(call.verify().map(|_| ()), Err(expected.clone()), "{name}");
    }
}

fn unsigned(name: &str) -> Refusal {
    Refusal::NotSigned(vec![name.to_owned()])
}

fn twice(name: &'static str) -> Refusal {
    Refusal::Repeated(name.into())
}

fn fault(change: impl FnOnce(&mut ScopeFault)) -> Refusal {
    let mut fault = ScopeFault {
        place: Place::Header,
        region: None,
        service: None,
        terminator: None,
        date: None,
    };
    change(&mut fault);
    Refusal::Scope(Box::new(fault))
}

#[test]
fn what_the_signature_binds_cannot_be_changed() {
    refused(
        sts,
        &[
            ("method", |c| c.method = "GET".into(), Refusal::Mismatch),
            ("path", |c| c.path = "/x".into(), Refusal::Mismatch),
            (
                "query",
                |c| c.query = "Action=ListUsers".into(),
                Refusal::Mismatch,
            ),
            (
                "empty parameter",
                |c| c.query = "x".into(),
                Refusal::Mismatch,
            ),
            (
                "body",
                |c| c.body = b"Action=AssumeRole&Version=2011-06-15".into(),
                Refusal::Mismatch,
            ),
            ("longer body", |c| c.body.push(b' '), Refusal::Mismatch),
            ("no body", |c| c.body.clear(), Refusal::Mismatch),
            (
                "host",
                |c| c.set("host", "other.example:4566"),
                Refusal::Mismatch,
            ),
            (
                "port",
                |c| c.set("host", "arnold.example"),
                Refusal::Mismatch,
            ),
            (
                "no host",
                |c| c.drop("host"),
                Refusal::MissingHeader("host"),
            ),
            (
                "type",
                |c| c.set("content-type", "application/json"),
                Refusal::Mismatch,
            ),
            ("no type", |c| c.drop("content-type"), Refusal::Mismatch),
            (
                "date",
                |c| c.set("x-amz-date", "20260102T030406Z"),
                Refusal::Mismatch,
            ),
        ],
    );
}

#[test]
fn a_host_is_the_same_in_both_places_or_refused() {
    let mut call = sts();
    call.authority = Some("arnold.example:4566".into());
    assert!(call.verify().is_ok());
    call.authority = Some("ARNOLD.example:4566".into());
    assert!(call.verify().is_ok());
    call.drop("host");
    call.authority = Some("arnold.example:4566".into());
    assert!(call.verify().is_ok());
    call.authority = Some("other.example:4566".into());
    assert_eq!(call.verify().err(), Some(Refusal::Mismatch));
    call.set("host", "arnold.example:4566");
    assert_eq!(call.verify().err(), Some(twice("host")));
}

#[test]
fn headers_of_ours_cannot_be_added_or_taken_away() {
    refused(
        sts,
        &[
            (
                "a target",
                |c| c.set("x-amz-target", "A.B"),
                unsigned("x-amz-target"),
            ),
            (
                "a token",
                |c| c.set("x-amz-security-token", TOKEN),
                unsigned("x-amz-security-token"),
            ),
            (
                "any",
                |c| c.set("x-amz-meta-a", "b"),
                unsigned("x-amz-meta-a"),
            ),
            (
                "a hash",
                |c| {
                    let hash = sha256(&c.body);
                    c.set("x-amz-content-sha256", &hash);
                },
                unsigned("x-amz-content-sha256"),
            ),
            (
                "a target that is said to be signed",
                |c| {
                    c.set("x-amz-target", "A.B");
                    c.edit("x-amz-date", "x-amz-date;x-amz-target");
                },
                Refusal::Mismatch,
            ),
            (
                "the date left out",
                |c| c.edit(";x-amz-date", ""),
                unsigned("x-amz-date"),
            ),
            (
                "the host left out",
                |c| c.edit("host;", ""),
                unsigned("host"),
            ),
        ],
    );
    refused(
        json,
        &[
            (
                "another target",
                |c| {
                    c.set(
                        "x-amz-target",
                        "AWSCognitoIdentityProviderService.DeleteUserPool",
                    )
                },
                Refusal::Mismatch,
            ),
            ("no target", |c| c.drop("x-amz-target"), Refusal::Mismatch),
            (
                "two targets",
                |c| c.add("x-amz-target", "A.B"),
                twice("x-amz-target"),
            ),
            (
                "the target left out",
                |c| c.edit(";x-amz-target", ""),
                unsigned("x-amz-target"),
            ),
        ],
    );
    refused(
        session,
        &[
            (
                "another token",
                |c| c.set("x-amz-security-token", "x"),
                Refusal::Mismatch,
            ),
            (
                "no token",
                |c| c.drop("x-amz-security-token"),
                Refusal::Mismatch,
            ),
            (
                "two tokens",
                |c| c.add("x-amz-security-token", TOKEN),
                twice("x-amz-security-token"),
            ),
        ],
    );
    refused(
        put,
        &[
            (
                "another acl",
                |c| c.set("x-amz-acl", "public-read"),
                Refusal::Mismatch,
            ),
            (
                "a copy source",
                |c| c.set("x-amz-copy-source", "b/k"),
                unsigned("x-amz-copy-source"),
            ),
            (
                "one value as two headers",
                |c| {
                    c.set("x-amz-meta-a", "b");
                    c.add("x-amz-meta-a", "c");
                },
                twice("x-amz-meta-a"),
            ),
            (
                "two headers, named in order",
                |c| {
                    c.set("x-amz-tagging", "a");
                    c.set("x-amz-grant-read", "b");
                },
                Refusal::NotSigned(vec!["x-amz-grant-read".into(), "x-amz-tagging".into()]),
            ),
        ],
    );
}

#[test]
fn nothing_may_stand_twice() {
    refused(
        sts,
        &[
            (
                "two signatures",
                |c| {
                    let value = c.header("authorization");
                    c.add("authorization", &value);
                },
                twice("authorization"),
            ),
            (
                "two dates",
                |c| c.add("x-amz-date", NOW),
                twice("x-amz-date"),
            ),
            (
                "two hosts",
                |c| c.add("host", "arnold.example:4566"),
                twice("host"),
            ),
            (
                "two types",
                |c| c.add("content-type", "a/b"),
                twice("content-type"),
            ),
            (
                "a field twice",
                |c| c.edit("Signature=", "Signature=00, Signature="),
                twice("Signature"),
            ),
            (
                "a credential twice",
                |c| {
                    c.edit(
                        "Credential=",
                        "Credential=AKIA/20260102/eu-west-1/sts/aws4_request, Credential=",
                    )
                },
                twice("Credential"),
            ),
            (
                "header and query",
                |c| c.query = "X-Amz-Algorithm=AWS4-HMAC-SHA256".into(),
                Refusal::TwoMechanisms,
            ),
            (
                "header and Version 2",
                |c| c.query = "AWSAccessKeyId=A&Signature=b&Expires=1".into(),
                Refusal::TwoMechanisms,
            ),
        ],
    );
    for name in [
        "X-Amz-Algorithm",
        "X-Amz-Credential",
        "X-Amz-Date",
        "X-Amz-Expires",
        "X-Amz-SignedHeaders",
        "X-Amz-Signature",
        "X-Amz-Security-Token",
    ] {
        let mut call = address();
        let value = call.query.split(&format!("{name}=")).nth(1).unwrap();
        let value = value.split('&').next().unwrap().to_owned();
        call.query = format!("{}&{name}={value}", call.query);
        assert_eq!(call.verify().err(), Some(twice(name)), "{name}");
        // Nor is another spelling of the name a way around.
        let mut call = address();
        call.query = format!("{}&{}={value}", call.query, name.replace('-', "%2D"));
        assert_eq!(call.verify().err(), Some(twice(name)), "{name}, encoded");
    }
    let mut both = address();
    both.headers = get().headers;
    assert_eq!(both.verify().err(), Some(Refusal::TwoMechanisms));
}

#[test]
fn the_scope_must_fit() {
    refused(
        sts,
        &[
            (
                "another service",
                |c| c.edit("/sts/", "/iam/"),
                fault(|f| f.service = Some(("iam".into(), "sts".into()))),
            ),
            (
                "the service in capitals",
                |c| c.edit("/sts/", "/STS/"),
                fault(|f| f.service = Some(("STS".into(), "sts".into()))),
            ),
            (
                "another region",
                |c| c.edit("/eu-west-1/", "/eu-west-2/"),
                Refusal::Mismatch,
            ),
            (
                "the region in capitals",
                |c| c.edit("/eu-west-1/", "/EU-WEST-1/"),
                fault(|f| f.region = Some("EU-WEST-1".into())),
            ),
            (
                "another end",
                |c| c.edit("/aws4_request", "/aws5_request"),
                fault(|f| f.terminator = Some("aws5_request".into())),
            ),
            (
                "another day",
                |c| c.edit("/20260102/", "/20260101/"),
                fault(|f| f.date = Some(("20260101".into(), NOW.into()))),
            ),
            (
                "everything",
                |c| c.edit("20260102/eu-west-1/sts/aws4_request", "x/_/y/z"),
                fault(|f| {
                    f.region = Some("_".into());
                    f.service = Some(("y".into(), "sts".into()));
                    f.terminator = Some("z".into());
                    f.date = Some(("x".into(), NOW.into()));
                }),
            ),
        ],
    );
    for credential in [
        "",
        "/",
        "A/20260102/eu-west-1/sts",
        "A/20260102/eu-west-1/sts/aws4_request/x",
        "/20260102/eu-west-1/sts/aws4_request",
        "A//eu-west-1/sts/aws4_request",
        "A/20260102//sts/aws4_request",
        "A/20260102/eu-west-1//aws4_request",
    ] {
        let mut call = sts();
        let value =
            format!("AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=0");
        call.set("authorization", &value);
        let expected = Refusal::Credential {
            place: Place::Header,
            found: credential.to_owned(),
        };
        assert_eq!(call.verify().err(), Some(expected));
    }
}

#[test]
fn a_signature_lives_a_quarter_of_an_hour_before_and_after() {
    let signed_at = |at: i64| {
        let stamp = jiff::Timestamp::from_second(at).unwrap();
        let mut call = Call::new("sts", "POST", "/", "");
        call.now_s = at;
        let mut call = call.signed();
        call.set("x-amz-date", &stamp.strftime("%Y%m%dT%H%M%SZ").to_string());
        call.drop("authorization");
        let secret = aws::Secret::new(SECRET.to_owned());
        let signature = sigv4::Signature {
            access_key_id: KEY,
            secret: &secret,
            region: "eu-west-1",
            service: "sts",
            now_s: at,
        };
        let value = sigv4::sign(&signature, &call.parts(), EMPTY).unwrap();
        call.set("authorization", &value);
        call.verify().map(|_| ())
    };
    for at in [NOW_S, NOW_S - 900, NOW_S + 900] {
        assert_eq!(signed_at(at), Ok(()));
    }
    for at in [NOW_S - 901, NOW_S - 86_400, 0] {
        let expected = Refusal::TooOld {
            signed_s: at,
            now_s: NOW_S,
        };
        assert_eq!(signed_at(at), Err(expected));
    }
    for at in [NOW_S + 901, NOW_S + 86_400] {
        let expected = Refusal::TooEarly {
            place: Place::Header,
            signed_s: at,
            now_s: NOW_S,
        };
        assert_eq!(signed_at(at), Err(expected));
    }
}

#[test]
fn a_signature_is_64_lower_case_hexadecimal_digits_of_the_right_value() {
    let good = sts().header("authorization");
    let (before, signature) = good.split_once("Signature=").unwrap();
    let last = signature.ends_with('0');
    for spoiled in [
        String::new(),
        signature[..63].to_owned(),
        format!("{signature}0"),
        format!("0{signature}"),
        signature.to_uppercase(),
        format!("{}{}", &signature[..63], if last { '1' } else { '0' }),
        "z".repeat(64),
        "0".repeat(64),
        format!("{signature} {signature}"),
        format!("\"{signature}\""),
    ] {
        let mut call = sts();
        call.set("authorization", &format!("{before}Signature={spoiled}"));
        assert_eq!(call.verify().err(), Some(Refusal::Mismatch), "{spoiled}");
    }
}

#[test]
fn an_authorization_that_is_no_signature_is_refused_for_what_it_is() {
    let authorization = |value: &str| {
        let mut call = sts();
        call.set("authorization", value);
        call.verify().map(|_| ())
    };
    let missing = |fields: &[&'static str]| {
        Err(Refusal::Missing {
            place: Place::Header,
            fields: fields.to_vec(),
        })
    };
    let algorithm = |found: &str| {
        Err(Refusal::Algorithm {
            place: Place::Header,
            found: found.to_owned(),
        })
    };
    let all = &["Credential", "Signature", "SignedHeaders"];
    assert_eq!(authorization("AWS4-HMAC-SHA256"), missing(all));
    assert_eq!(authorization("AWS4-HMAC-SHA256 "), missing(all));
    assert_eq!(authorization("AWS4-HMAC-SHA256 A=b"), missing(all));
    assert_eq!(
        authorization("AWS4-HMAC-SHA256 Credential=a"),
        missing(&["Signature", "SignedHeaders"])
    );
    assert_eq!(
        authorization("AWS4-HMAC-SHA256 Credential=a,SignedHeaders"),
        Err(Refusal::NotAPair("SignedHeaders".into()))
    );
    assert_eq!(
        authorization("AWS4-HMAC-SHA512 Credential=a"),
        algorithm("AWS4-HMAC-SHA512")
    );
    assert_eq!(
        authorization("aws4-hmac-sha256 Credential=a"),
        algorithm("aws4-hmac-sha256")
    );
    assert_eq!(authorization("Basic YTpi"), algorithm("Basic"));
    assert_eq!(authorization(""), algorithm(""));
    assert_eq!(authorization("AWS AKID:c2ln"), Err(Refusal::Version2));
    assert_eq!(
        authorization("AWS4-ECDSA-P256-SHA256 Credential=a/b/c/aws4_request"),
        Err(Refusal::Asymmetric)
    );
    assert_eq!(
        authorization(&format!("AWS4-HMAC-SHA256 {}", "a=b,".repeat(5000))),
        Err(Refusal::Unreadable("Authorization"))
    );
    let mut call = sts();
    call.headers.insert(
        "authorization",
        http::HeaderValue::from_bytes(b"AWS4-\xff").unwrap(),
    );
    assert_eq!(
        call.verify().err(),
        Some(Refusal::Unreadable("authorization"))
    );
    let mut call = sts();
    call.drop("x-amz-date");
    assert_eq!(call.verify().map(|_| ()), missing(&["X-Amz-Date"]));
    for date in [
        "",
        "2026-01-02T03:04:05Z",
        "20260102",
        "20260102T030405",
        "x",
    ] {
        let mut call = sts();
        call.set("x-amz-date", date);
        let expected = Refusal::Date {
            place: Place::Header,
            found: date.to_owned(),
        };
        assert_eq!(call.verify().err(), Some(expected));
    }
}

#[test]
fn the_list_of_signed_headers_has_one_spelling() {
    for list in [
        "",
        ";",
        "host;",
        ";host",
        "Host;x-amz-date",
        "x-amz-date;host",
        "host;host;x-amz-date",
        "host;;x-amz-date",
        "host x-amz-date",
    ] {
        let mut call = Call::new("sts", "POST", "/", "").signed();
        call.edit(
            "SignedHeaders=host;x-amz-date",
            &format!("SignedHeaders={list}"),
        );
        let expected = Refusal::SignedHeaders {
            place: Place::Header,
            found: list.to_owned(),
        };
        assert_eq!(call.verify().err(), Some(expected), "{list}");
    }
    // A header that is said to be signed must be there.
    let mut call = Call::new("sts", "POST", "/", "").signed();
    call.edit("host;x-amz-date", "host;range;x-amz-date");
    assert_eq!(call.verify().err(), Some(Refusal::Mismatch));
}

#[test]
fn space_in_header_values_does_not_count_where_aws_does_not_count_it() {
    let twin = || {
        Call::new("sts", "POST", "/", "")
            .with("x-amz-meta-a", "b c d")
            .signed()
    };
    let with = |value: &str| {
        let mut call = twin();
        call.set("x-amz-meta-a", value);
        call.verify().map(|_| ())
    };
    for same in ["b c d", " b c d ", "b  c   d", "b\tc d"] {
        assert_eq!(with(same), Ok(()), "{same:?}");
    }
    for other in ["bc d", "b c", "b c d e", "B c d", "\"b c d\""] {
        assert_eq!(with(other), Err(Refusal::Mismatch), "{other:?}");
    }
}

#[test]
fn paths_and_queries_of_s3_are_taken_as_they_are() {
    refused(
        get,
        &[
            (
                "an encoded slash",
                |c| c.path = "/bucket/a%20b%2Fc".into(),
                Refusal::Mismatch,
            ),
            (
                "a plus for a space",
                |c| c.path = "/bucket/a+b/c".into(),
                Refusal::Mismatch,
            ),
            (
                "a way around",
                |c| c.path = "/bucket/x/../a%20b/c".into(),
                Refusal::Mismatch,
            ),
            (
                "two slashes",
                |c| c.path = "/bucket//a%20b/c".into(),
                Refusal::Mismatch,
            ),
            (
                "a slash more",
                |c| c.path = "/bucket/a%20b/c/".into(),
                Refusal::Mismatch,
            ),
            (
                "a dot",
                |c| c.path = "/bucket/./a%20b/c".into(),
                Refusal::Mismatch,
            ),
            (
                "another case",
                |c| c.path = "/bucket/A%20b/c".into(),
                Refusal::Mismatch,
            ),
            (
                "encoded twice",
                |c| c.path = "/bucket/a%2520b/c".into(),
                Refusal::Mismatch,
            ),
            (
                "half an escape",
                |c| c.path = "/bucket/a%2".into(),
                Refusal::Path,
            ),
            (
                "another version",
                |c| c.edit_query("versionId=1", "versionId=2"),
                Refusal::Mismatch,
            ),
            (
                "a version less",
                |c| c.edit_query("versionId=1&", ""),
                Refusal::Mismatch,
            ),
            (
                "two versions",
                |c| c.query.push_str("&versionId=2"),
                Refusal::Mismatch,
            ),
            (
                "a parameter more",
                |c| c.query.push_str("&acl"),
                Refusal::Mismatch,
            ),
            (
                "an encoded ampersand",
                |c| c.edit_query("1&r", "1%26r"),
                Refusal::Mismatch,
            ),
            (
                "a name encoded twice",
                |c| c.edit_query("Id=", "Id%253D"),
                Refusal::Mismatch,
            ),
            (
                "half an escape in the query",
                |c| c.query.push_str("&a=%f"),
                Refusal::Unreadable("query"),
            ),
        ],
    );
    // Other spellings of the same bytes are the same request.
    for (path, query) in [
        ("/bucket/a%20b/c", "response-content-type=a%20b&versionId=1"),
        ("/bucket/a%20b/c", "versionId=1&response-content-type=a+b"),
        (
            "/bucket/%61%20b/c",
            "versionId=%31&response-content-type=a%20b&",
        ),
    ] {
        let mut call = get();
        call.path = path.into();
        call.query = query.into();
        assert!(call.verify().is_ok(), "{path}?{query}");
    }
}

#[test]
fn presigned_addresses_bind_everything_they_say() {
    refused(
        address,
        &[
            ("method", |c| c.method = "PUT".into(), Refusal::Mismatch),
            (
                "HEAD for GET",
                |c| c.method = "HEAD".into(),
                Refusal::Mismatch,
            ),
            (
                "another key",
                |c| c.path = "/bucket/a%20c".into(),
                Refusal::Mismatch,
            ),
            ("host", |c| c.set("host", "x"), Refusal::Mismatch),
            (
                "longer life",
                |c| c.edit_query("Expires=600", "Expires=6000"),
                Refusal::Mismatch,
            ),
            (
                "another token",
                |c| c.edit_query("Token=I", "Token=J"),
                Refusal::Mismatch,
            ),
            (
                "no token",
                |c| c.edit_query("X-Amz-Security-Token=IQoJb3JpZ2luX2VjEHUa%2F%2B%3D%3D&", ""),
                Refusal::Mismatch,
            ),
            (
                "a token in the header",
                |c| c.set("x-amz-security-token", TOKEN),
                unsigned("x-amz-security-token"),
            ),
            (
                "a header of ours",
                |c| c.set("x-amz-acl", "public-read"),
                unsigned("x-amz-acl"),
            ),
            (
                "an answer's type",
                |c| c.query.push_str("&response-content-type=text/html"),
                Refusal::Mismatch,
            ),
            (
                "another key's id",
                |c| c.edit_query("AKIAQ", "AKIAR"),
                Refusal::Mismatch,
            ),
            (
                "another service",
                |c| c.edit_query("%2Fs3%2F", "%2Fsts%2F"),
                Refusal::Scope(Box::new(ScopeFault {
                    place: Place::Query,
                    region: None,
                    service: Some(("sts".into(), "s3".into())),
                    terminator: None,
                    date: None,
                })),
            ),
            (
                "Version 4A",
                |c| c.edit_query("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256"),
                Refusal::Asymmetric,
            ),
            (
                "another algorithm",
                |c| c.edit_query("AWS4-HMAC-SHA256", "AWS4-HMAC-SHA1"),
                Refusal::Algorithm {
                    place: Place::Query,
                    found: "AWS4-HMAC-SHA1".into(),
                },
            ),
            (
                "no signature",
                |c| c.edit_query("X-Amz-Signature=", "x="),
                Refusal::Missing {
                    place: Place::Query,
                    fields: vec!["X-Amz-Signature"],
                },
            ),
            (
                "only an algorithm",
                |c| c.query = "X-Amz-Algorithm=AWS4-HMAC-SHA256".into(),
                Refusal::Missing {
                    place: Place::Query,
                    fields: vec![
                        "X-Amz-Credential",
                        "X-Amz-Signature",
                        "X-Amz-SignedHeaders",
                        "X-Amz-Date",
                    ],
                },
            ),
        ],
    );
}

#[test]
fn an_address_of_s3_lives_as_long_as_it_says_and_a_week_at_most() {
    let signed_at = |signed_s: i64, lifetime: &str| {
        let mut call = Call::new("s3", "GET", "/bucket/key", "");
        call.now_s = signed_s;
        let secret = aws::Secret::new(SECRET.to_owned());
        let mut call = call.presigned(None, 7);
        // Signed anew with the lifetime as given: whoever has the secret may write anything.
        let unsigned = call
            .query
            .replace("X-Amz-Expires=7", &format!("X-Amz-Expires={lifetime}"));
        let unsigned = unsigned
            .split("&X-Amz-Signature")
            .next()
            .unwrap()
            .to_owned();
        call.query = common_resign(&call, unsigned, &secret, signed_s);
        call.verify().map(|_| ())
    };
    assert_eq!(signed_at(NOW_S, "1"), Ok(()));
    assert_eq!(signed_at(NOW_S - 604_799, "604800"), Ok(()));
    assert_eq!(signed_at(NOW_S + 900, "60"), Ok(()));
    assert_eq!(
        signed_at(NOW_S - 60, "60"),
        Err(Refusal::Expired {
            expired_s: NOW_S,
            now_s: NOW_S,
            lifetime_s: Some(60)
        })
    );
    assert_eq!(
        signed_at(NOW_S + 901, "60"),
        Err(Refusal::TooEarly {
            place: Place::Query,
            signed_s: NOW_S + 901,
            now_s: NOW_S
        })
    );
    for (lifetime, fault) in [
        ("604801", LifetimeFault::TooLong),
        ("0", LifetimeFault::TooShort),
        ("-1", LifetimeFault::TooShort),
        ("", LifetimeFault::NotANumber),
        ("x", LifetimeFault::NotANumber),
        ("1.5", LifetimeFault::NotANumber),
        ("9223372036854775808", LifetimeFault::NotANumber),
    ] {
        assert_eq!(
            signed_at(NOW_S, lifetime),
            Err(Refusal::Lifetime(fault)),
            "{lifetime}"
        );
    }
    let mut call = address();
    call.edit_query("X-Amz-Expires=600&", "");
    assert_eq!(
        call.verify().err(),
        Some(Refusal::Lifetime(LifetimeFault::Missing))
    );
}

/// Signs a query that is all written but for its signature.
fn common_resign(
    call: &Call,
    unsigned: String,
    secret: &aws::Secret<String>,
    signed_s: i64,
) -> String {
    use sha2::{Digest, Sha256};
    let at = jiff::Timestamp::from_second(signed_s)
        .unwrap()
        .strftime("%Y%m%dT%H%M%SZ")
        .to_string();
    let mut pairs: Vec<&str> = unsigned.split('&').collect();
    pairs.sort_unstable();
    let canonical = format!(
        "{}\n{}\n{}\nhost:{}\n\nhost\nUNSIGNED-PAYLOAD",
        call.method,
        call.path,
        pairs.join("&"),
        call.header("host")
    );
    let scope = format!("{}/eu-west-1/s3/aws4_request", &at[..8]);
    let text = format!(
        "AWS4-HMAC-SHA256\n{at}\n{scope}\n{}",
        hex::encode(Sha256::digest(canonical))
    );
    let mut key = format!("AWS4{}", secret.expose()).into_bytes();
    for part in scope.split('/') {
        key = hmac(&key, part.as_bytes());
    }
    format!(
        "{unsigned}&X-Amz-Signature={}",
        hex::encode(hmac(&key, text.as_bytes()))
    )
}

fn hmac(key: &[u8], text: &[u8]) -> Vec<u8> {
    use hmac::Mac;
    let mut mac = hmac::Hmac::<sha2::Sha256>::new_from_slice(key).unwrap();
    mac.update(text);
    mac.finalize().into_bytes().to_vec()
}

#[test]
fn other_services_hold_addresses_to_a_quarter_of_an_hour() {
    assert!(sts_address().verify().is_ok());
    let mut old = Call::new(
        "sts",
        "GET",
        "/",
        "Action=GetCallerIdentity&Version=2011-06-15",
    );
    old.now_s = NOW_S - 899;
    assert!(old.clone().presigned(None, 60).verify().is_ok());
    old.now_s = NOW_S - 901;
    assert_eq!(
        old.presigned(None, 3600).verify().err(),
        Some(Refusal::TooOld {
            signed_s: NOW_S - 901,
            now_s: NOW_S
        })
    );
    refused(
        sts_address,
        &[
            (
                "another action",
                |c| c.edit_query("GetCallerIdentity", "AssumeRole"),
                Refusal::Mismatch,
            ),
            (
                "a second action",
                |c| c.query.push_str("&Action=AssumeRole"),
                Refusal::Mismatch,
            ),
            (
                "a body",
                |c| c.body = b"Action=AssumeRole".into(),
                Refusal::Mismatch,
            ),
            (
                "a target",
                |c| c.set("x-amz-target", "A.B"),
                unsigned("x-amz-target"),
            ),
        ],
    );
}

#[test]
fn the_body_of_s3_is_what_its_header_says() {
    assert_eq!(put().deliver(), Ok(()));
    for body in [&b"hellO"[..], b"hello ", b""] {
        let spoiled = Call {
            body: body.to_vec(),
            ..put()
        };
        assert!(matches!(spoiled.deliver(), Err(Refusal::Body { .. })));
    }
    refused(
        put,
        &[
            (
                "another hash",
                |c| c.set("x-amz-content-sha256", EMPTY),
                Refusal::Mismatch,
            ),
            (
                "no hash",
                |c| c.drop("x-amz-content-sha256"),
                Refusal::MissingHeader("x-amz-content-sha256"),
            ),
            (
                "unsigned",
                |c| c.set("x-amz-content-sha256", "UNSIGNED-PAYLOAD"),
                Refusal::Mismatch,
            ),
            (
                "streaming",
                |c| c.set("x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"),
                Refusal::Mismatch,
            ),
            (
                "no word",
                |c| c.set("x-amz-content-sha256", "STREAMING-PAYLOAD"),
                Refusal::PayloadWord("STREAMING-PAYLOAD".into()),
            ),
            (
                "Version 4A chunks",
                |c| {
                    c.set(
                        "x-amz-content-sha256",
                        "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD",
                    )
                },
                Refusal::Asymmetric,
            ),
        ],
    );
}

#[test]
fn other_services_take_no_unsigned_body() {
    for word in [
        "UNSIGNED-PAYLOAD",
        "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        EMPTY,
    ] {
        let call = Call::new("sts", "POST", "/", "")
            .with("x-amz-content-sha256", word)
            .with_body("Action=GetCallerIdentity")
            .signed();
        assert!(
            matches!(call.verify().err(), Some(Refusal::Body { .. })),
            "{word}"
        );
    }
    let body = "Action=GetCallerIdentity";
    let call = Call::new("sts", "POST", "/", "")
        .with("x-amz-content-sha256", &sha256(body.as_bytes()))
        .with_body(body)
        .signed();
    assert!(call.verify().is_ok());
}

#[test]
fn nothing_presented_is_nobody() {
    let mut call = sts();
    call.drop("authorization");
    assert!(sigv4::presented(&call.parts()).unwrap().is_none());
    call.set("authorization", "Bearer abc");
    assert!(sigv4::presented(&call.parts()).unwrap().is_none());
}
