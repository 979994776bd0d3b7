//! Addresses of Signature Version 2, and what may be tried with them.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test may panic"
)]

mod common;

use base64::Engine as _;
use common::{Call, NOW_S, SECRET};
use hmac::Mac;
use sigv4::{Refusal, Rules};

const KEY: &str = "AKIAIOSFODNN7EXAMPLE";

/// An address signed by the book.
fn address(method: &str, path: &str, query: &str, expires: i64, resource: &str) -> Call {
    let text = format!("{method}\n\n\n{expires}\n{resource}");
    let mut mac = hmac::Hmac::<sha1::Sha1>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(text.as_bytes());
    let signature = base64::engine::general_purpose::STANDARD.encode(mac.finalize().into_bytes());
    let signature = signature
        .replace('+', "%2B")
        .replace('/', "%2F")
        .replace('=', "%3D");
    let separator = if query.is_empty() { "" } else { "&" };
    let query =
        format!("{query}{separator}AWSAccessKeyId={KEY}&Expires={expires}&Signature={signature}");
    Call::new("s3", method, path, &query)
}

fn good() -> Call {
    let resource = "x-amz-security-token:tok/+=\n/bucket/a%20b?acl&versionId=1";
    let query = "versionId=1&acl&x-amz-security-token=tok%2F%2B%3D&prefix=x";
    address("GET", "/bucket/a%20b", query, NOW_S + 60, resource)
}

fn refused(change: impl FnOnce(&mut Call)) -> Refusal {
    let mut call = good();
    assert!(call.verify().is_ok(), "{:?}", call.verify());
    change(&mut call);
    call.verify().map(|_| ()).unwrap_err()
}

#[test]
fn an_address_holds_and_shows_its_token() {
    let call = good();
    let claim = call.claim().unwrap();
    assert_eq!(claim.access_key_id(), KEY);
    assert_eq!(claim.session_token(), Some("tok/+="));
    assert_eq!(claim.scope(), None);
    assert_eq!(claim.signature_version(), "AWS");
    assert!(claim.is_presigned());
    assert!(call.verify().is_ok());
}

/// The example of the S3 Developer Guide, "Query String Request Authentication Alternative".
#[test]
fn the_documented_example_holds() {
    let query = "AWSAccessKeyId=AKIAIOSFODNN7EXAMPLE&Signature=NpgCjnDzrM%2BWFzoENXmpNDUsSn8%3D&Expires=1175139620";
    let mut call = Call::new("s3", "GET", "/photos/puppy.jpg", query);
    call.set("host", "johnsmith.s3.amazonaws.com");
    let secret = aws::Secret::new("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".to_owned());
    let rules = Rules::s3(Some("johnsmith"));
    let check = |now_s| {
        let claim = call.claim().unwrap();
        sigv4::verify(
            &claim,
            &call.parts(),
            &sigv4::SigningSecret::new(secret.clone()),
            &rules,
            now_s,
            None,
        )
        .map(|_| ())
    };
    assert_eq!(check(1_175_139_619), Ok(()));
    assert_eq!(
        check(1_175_139_620),
        Err(Refusal::Expired {
            expired_s: 1_175_139_620,
            now_s: 1_175_139_620,
            lifetime_s: None
        })
    );
}

#[test]
fn a_bucket_is_the_same_with_a_slash_at_its_end() {
    for (path, resource, holds) in [
        ("/bucket", "/bucket", true),
        ("/bucket", "/bucket/", true),
        ("/bucket/", "/bucket/", true),
        ("/bucket/", "/bucket", false),
        ("/bucket", "/bucket/?acl", false),
        ("/bucket/key", "/bucket/key/", false),
    ] {
        let call = address("GET", path, "prefix=x", NOW_S + 60, resource);
        assert_eq!(call.verify().is_ok(), holds, "{path} signed as {resource}");
    }
}

#[test]
fn what_the_signature_binds_cannot_be_changed() {
    for (from, to) in [
        ("versionId=1", "versionId=2"),
        ("tok", "tik"),
        ("acl&", ""),
        ("Signature=", "Signature=A"),
    ] {
        let refusal = refused(|call| call.edit_query(from, to));
        assert_eq!(refusal, Refusal::Mismatch, "{from}");
    }
}

#[test]
fn a_longer_life_another_method_and_another_key_are_refused() {
    let expires = format!("Expires={}", NOW_S + 60);
    let longer = format!("Expires={}", NOW_S + 600);
    assert_eq!(
        refused(|call| call.edit_query(&expires, &longer)),
        Refusal::Mismatch
    );
    assert_eq!(
        refused(|call| call.method = "PUT".into()),
        Refusal::Mismatch
    );
    assert_eq!(
        refused(|call| call.path = "/bucket/a%20c".into()),
        Refusal::Mismatch
    );
    assert_eq!(
        refused(|call| call.path = "/bucket/a+b".into()),
        Refusal::Mismatch
    );
    assert_eq!(
        refused(|call| call.set("content-type", "a/b")),
        Refusal::Mismatch
    );
    assert_eq!(
        refused(|call| call.set("content-md5", "a")),
        Refusal::Mismatch
    );
    assert_eq!(
        refused(|call| call.set("x-amz-acl", "public-read")),
        Refusal::Mismatch
    );
    assert_eq!(
        refused(|call| call.set("x-amz-security-token", "tok/+=")),
        Refusal::Repeated("x-amz-security-token".into())
    );
    let bare = "&x-amz-security-token=tok%2F%2B%3D";
    assert_eq!(refused(|call| call.edit_query(bare, "")), Refusal::Mismatch);
}

#[test]
fn the_bucket_of_the_host_is_bound() {
    let call = address("GET", "/key", "", NOW_S + 60, "/bucket-1/key");
    let secret = aws::Secret::new(SECRET.to_owned());
    let check = |bucket| {
        let claim = call.claim().unwrap();
        let rules = Rules::s3(bucket);
        sigv4::verify(
            &claim,
            &call.parts(),
            &sigv4::SigningSecret::new(secret.clone()),
            &rules,
            NOW_S,
            None,
        )
        .map(|_| ())
    };
    assert_eq!(check(Some("bucket-1")), Ok(()));
    assert_eq!(check(Some("bucket-2")), Err(Refusal::Mismatch));
    assert_eq!(check(None), Err(Refusal::Mismatch));
}

#[test]
fn parameters_that_change_the_call_are_bound_or_refused() {
    for bound in [
        "uploads",
        "tagging",
        "response-content-type=text/html",
        "partNumber=1",
    ] {
        let refusal = refused(|call| call.query.push_str(&format!("&{bound}")));
        assert_eq!(refusal, Refusal::Mismatch, "{bound}");
    }
    for unbound in [
        "retention",
        "legal-hold",
        "attributes",
        "encryption",
        "X-Amz-Meta-A",
        "x",
    ] {
        let refusal = refused(|call| call.query.push_str(&format!("&{unbound}=1")));
        assert_eq!(refusal, Refusal::Unbound(unbound.into()), "{unbound}");
    }
    for harmless in ["prefix=y", "max-keys=3", "x-id=GetObject"] {
        let mut call = good();
        call.query.push_str(&format!("&{harmless}"));
        assert!(call.verify().is_ok(), "{harmless}");
    }
}

/// One text to sign, and two requests that have it.
fn same_text(honest: &str, forged: &str, resource: &str) -> (Call, Call) {
    let address = |query: &str| address("GET", "/bucket/a", query, NOW_S + 60, resource);
    (address(honest), address(forged))
}

#[test]
fn a_request_does_not_pass_for_another_one_that_is_signed_alike() {
    for (honest, forged, name, resource) in [
        (
            "response-content-type=a&versionId=1",
            "response-content-type=a%26versionId%3D1",
            "response-content-type",
            "/bucket/a?response-content-type=a&versionId=1",
        ),
        (
            "acl=x&uploads",
            "acl=x%26uploads",
            "acl",
            "/bucket/a?acl=x&uploads",
        ),
        (
            "x-amz-acl=private&x-amz-tagging=a",
            "x-amz-acl=private%0Ax-amz-tagging:a",
            "x-amz-acl",
            "x-amz-acl:private\nx-amz-tagging:a\n/bucket/a",
        ),
        (
            "x-amz-object-lock-retain-until-date=2030-01-01T00:00:00Z",
            "x-amz-object-lock-retain-until-date:2030-01-01T00=00:00Z",
            "x-amz-object-lock-retain-until-date:2030-01-01T00",
            "x-amz-object-lock-retain-until-date:2030-01-01T00:00:00Z\n/bucket/a",
        ),
    ] {
        let (honest, forged) = same_text(honest, forged, resource);
        assert!(honest.verify().is_ok(), "{resource}: {:?}", honest.verify());
        assert_eq!(
            forged.verify().err(),
            Some(Refusal::Ambiguous(name.into())),
            "{resource}"
        );
    }
    let mut call = good();
    call.query.push_str("&content-type=a%0Ab");
    assert_eq!(
        call.verify().err(),
        Some(Refusal::Ambiguous("content-type".into()))
    );
}

#[test]
fn a_value_may_hold_what_is_no_parameter() {
    let name = r#"attachment; filename="salt & pepper=2&more.txt""#;
    let query = "response-content-disposition=attachment%3B%20filename%3D%22salt%20%26%20pepper%3D2%26more.txt%22";
    let resource = format!("/bucket/a?response-content-disposition={name}");
    let call = address("GET", "/bucket/a", query, NOW_S + 60, &resource);
    assert!(call.verify().is_ok(), "{:?}", call.verify());
}

#[test]
fn nothing_may_stand_twice() {
    for (name, value) in [
        ("AWSAccessKeyId", KEY),
        ("Signature", "x"),
        ("Expires", "1"),
        ("x-amz-security-token", "x"),
        ("versionId", "1"),
        ("content-type", "a"),
    ] {
        let refusal = refused(|call| {
            call.query.push_str(&format!("&{name}={value}"));
            if name == "content-type" {
                call.query.push_str("&content-type=a");
            }
        });
        assert_eq!(refusal, Refusal::Repeated(name.into()), "{name}");
    }
}

#[test]
fn parts_that_are_missing_or_no_second_are_named() {
    for name in ["Signature", "Expires"] {
        let refusal = refused(|call| call.edit_query(&format!("{name}="), "prefix="));
        assert_eq!(refusal, Refusal::MissingVersion2, "{name}");
    }
    for expires in [
        "",
        "x",
        "-1",
        "+1",
        "1.5",
        "4294967296",
        "99999999999999999999",
    ] {
        let spoiled = format!("Expires={expires}");
        let refusal = refused(|call| {
            call.edit_query(&format!("Expires={}", NOW_S + 60), &spoiled);
        });
        let found = expires.replace('+', " ");
        assert_eq!(refusal, Refusal::ExpiresVersion2(found), "{expires}");
    }
}

#[test]
fn no_other_service_takes_version_2() {
    let mut call = good();
    call.service = "sts";
    assert_eq!(call.verify().err(), Some(Refusal::Version2));
}
