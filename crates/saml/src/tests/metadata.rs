//! Metadata that is not taken. Metadata as products publish it is in `tests/documents`.

use super::idp::{IDP, ISSUER, NEXT, metadata};
use crate::{Metadata, MetadataFault};

fn fault(document: &str) -> MetadataFault {
    Metadata::parse(document).unwrap_err()
}

#[test]
fn what_matters_is_read() {
    let read = Metadata::parse(&metadata(&[&IDP, &NEXT, &IDP])).unwrap();
    assert_eq!(read.entity_id, ISSUER);
    assert_eq!(read.certificates.len(), 2);
    assert_eq!(read.valid_until, None);
    let redirect = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect";
    assert_eq!(
        read.sign_in_by(redirect),
        Some("https://idp.example.com/sso")
    );
    assert_eq!(read.sign_in_by("other"), None);
}

#[test]
fn the_earliest_end_counts() {
    let document = metadata(&[&IDP])
        .replace("entityID", "validUntil=\"2026-02-01T00:00:00Z\" entityID")
        .replace(
            "<md:IDPSSODescriptor ",
            "<md:IDPSSODescriptor validUntil=\"2026-01-20T00:00:00Z\" ",
        );
    let read = Metadata::parse(&document).unwrap();
    assert_eq!(read.valid_until, Some(1_768_867_200));
}

#[test]
fn keys_for_encryption_do_not_sign() {
    let document = metadata(&[&IDP, &NEXT]);
    let (first, rest) = document.split_once("use=\"signing\"").unwrap();
    let read = Metadata::parse(&format!("{first}use=\"encryption\"{rest}")).unwrap();
    assert_eq!(read.certificates.len(), 1);
    let read = Metadata::parse(&format!("{first}{rest}")).unwrap();
    assert_eq!(read.certificates.len(), 2);
}

#[test]
fn a_list_with_one_provider_is_taken() {
    let one = metadata(&[&IDP]);
    let list = |inside: &str| {
        format!(
            "<m:EntitiesDescriptor xmlns:m=\"urn:oasis:names:tc:SAML:2.0:metadata\">{inside}</m:EntitiesDescriptor>"
        )
    };
    Metadata::parse(&list(&one)).unwrap();
    assert_eq!(
        fault(&list(&format!("{one}{one}"))),
        MetadataFault::NotOneProvider
    );
    assert_eq!(fault(&list("")), MetadataFault::NotOneProvider);
}

#[test]
fn metadata_that_cannot_be_trusted_with_anything_is_refused() {
    let good = metadata(&[&IDP]);
    assert!(matches!(fault("no XML"), MetadataFault::Xml(_)));
    assert!(matches!(
        fault(&format!("<!DOCTYPE x>{good}")),
        MetadataFault::Xml(_)
    ));
    assert_eq!(
        fault(&good.replace("IDPSSODescriptor", "SPSSODescriptor")),
        MetadataFault::NotOneProvider
    );
    assert_eq!(
        fault(&good.replace("SAML:2.0:protocol", "SAML:1.1:protocol")),
        MetadataFault::NotOneProvider
    );
    assert_eq!(fault(&good.replace(ISSUER, "")), MetadataFault::EntityId);
    assert_eq!(
        fault(&good.replace(ISSUER, &"x".repeat(1025))),
        MetadataFault::EntityId
    );
    assert_eq!(
        fault(&good.replace("entityID", "validUntil=\"tomorrow\" entityID")),
        MetadataFault::ValidUntil
    );
    assert_eq!(
        fault(&good.replace("use=\"signing\"", "use=\"encryption\"")),
        MetadataFault::NoCertificate
    );
    assert!(matches!(
        fault(&good.replace(&IDP.certificate, "AAAA")),
        MetadataFault::Certificate(_)
    ));
}
