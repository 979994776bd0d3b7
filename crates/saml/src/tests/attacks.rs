//! Attacks by their names. Each starts from a response that counts, and must meet its refusal.

#![expect(
    clippy::string_slice,
    reason = "the documents are written in this folder, in ASCII"
)]

use super::idp::{
    ATTACKER, IDP, ISSUER, NEXT, ask, draft, refusal, signed, signed_info, signed_whole,
};
use crate::{Refusal, XmlFault};

/// The assertion of a document, from its first to its last character.
fn assertion_of(document: &str) -> &str {
    let from = document.find("<saml:Assertion").unwrap();
    let to = document.find("</saml:Assertion>").unwrap() + "</saml:Assertion>".len();
    &document[from..to]
}

fn signature_of(document: &str) -> &str {
    let from = document.find("<ds:Signature ").unwrap();
    let to = document.find("</ds:Signature>").unwrap() + "</ds:Signature>".len();
    &document[from..to]
}

/// The same assertion without its signature, about somebody else, under another ID.
fn evil(assertion: &str) -> String {
    let signature = signature_of(assertion);
    assertion
        .replace(signature, "")
        .replace("ID=\"a\"", "ID=\"evil\"")
        .replace("ana@example.com", "admin@example.com")
}

fn object(inside: &str) -> String {
    format!("<ds:Object>{inside}</ds:Object></ds:Signature>")
}

#[test]
fn what_the_attacks_start_from_counts() {
    ask(&signed(&draft())).unwrap();
    ask(&signed_whole(&draft())).unwrap();
    let both = IDP.sign(&IDP.sign(&draft(), "a"), "r");
    ask(&both).unwrap();
    ask(&NEXT.sign(&draft().replace("{sign:r}", ""), "a")).unwrap();
}

/// XSW 1 and 2: another response around, with the signed one inside or beside the signature.
#[test]
fn wrapped_responses_are_refused() {
    let good = signed_whole(&draft());
    let signature = signature_of(&good);
    let original = good.replace(signature, "");
    let frame = original
        .replace("ID=\"r\"", "ID=\"evil\"")
        .replace("ID=\"a\"", "ID=\"evil2\"")
        .replace("ana@example.com", "admin@example.com");
    let inside = signature.replace("</ds:Signature>", &object(&original));
    for response in [
        frame.replace("<samlp:Status>", &format!("{inside}<samlp:Status>")),
        frame.replace(
            "<samlp:Status>",
            &format!("{original}{signature}<samlp:Status>"),
        ),
    ] {
        assert!(matches!(refusal(&response), Refusal::SeveralAssertions(2)));
    }
}

/// XSW 3 to 8: another assertion before, around, or instead of the signed one.
#[test]
fn wrapped_assertions_are_refused() {
    let good = signed(&draft());
    let assertion = assertion_of(&good);
    let signature = signature_of(&good);
    let bare = assertion.replace(signature, "");
    let evil = evil(assertion);
    let end = "</saml:Assertion>";
    let with = |instead: &str| good.replace(assertion, instead);
    let evil_signed =
        |signature: &str| evil.replacen("</saml:Issuer>", &format!("</saml:Issuer>{signature}"), 1);
    let nested = signature.replace("</ds:Signature>", &object(&bare));
    for (name, response) in [
        ("3", with(&format!("{evil}{assertion}"))),
        ("3, after", with(&format!("{assertion}{evil}"))),
        ("4", with(&evil.replace(end, &format!("{assertion}{end}")))),
        ("5", with(&format!("{}{bare}", evil_signed(signature)))),
        ("6", with(&evil_signed(&nested))),
        (
            "7",
            good.replace(
                "<samlp:Status>",
                &format!("<samlp:Extensions>{evil}</samlp:Extensions><samlp:Status>"),
            ),
        ),
        (
            "8",
            with(&assertion.replace("</ds:Signature>", &object(&evil))),
        ),
    ] {
        let refusal = refusal(&response);
        assert!(
            matches!(refusal, Refusal::SeveralAssertions(2)),
            "{name}: {refusal:?}"
        );
    }
}

#[test]
fn an_assertion_of_another_namespace_is_one_too_many() {
    let good = signed(&draft());
    let odd = "<Assertion xmlns=\"urn:oasis:names:tc:SAML:1.0:assertion\"/><samlp:Status>";
    assert!(matches!(
        refusal(&good.replace("<samlp:Status>", odd)),
        Refusal::SeveralAssertions(2)
    ));
}

#[test]
fn an_assertion_elsewhere_is_refused() {
    let good = signed(&draft());
    let assertion = assertion_of(&good);
    let moved = good.replace(
        assertion,
        &format!("<samlp:Extensions>{assertion}</samlp:Extensions>"),
    );
    assert!(matches!(refusal(&moved), Refusal::MisplacedAssertion));
}

#[test]
fn signatures_elsewhere_are_refused() {
    let good = signed(&draft());
    let signature = signature_of(&good);
    let bare = good.replace(signature, "");
    for place in ["<saml:Subject>", "<samlp:Status>", "<saml:Conditions "] {
        let (from, to) = bare.split_at(bare.find(place).unwrap() + place.len());
        if place.ends_with(' ') {
            continue;
        }
        let moved = format!("{from}{signature}{to}");
        assert!(
            matches!(refusal(&moved), Refusal::MisplacedSignature),
            "{place}"
        );
    }
    let twice = good.replace(signature, &format!("{signature}{signature}"));
    assert!(matches!(
        refusal(&twice),
        Refusal::SeveralSignatures("assertion")
    ));
    // A signature of the assertion that is put onto the response, and the other way round.
    let onto = bare.replacen("</saml:Issuer>", &format!("</saml:Issuer>{signature}"), 1);
    assert!(matches!(refusal(&onto), Refusal::Reference { .. }));
}

#[test]
fn unsigned_and_foreign_signatures_are_refused() {
    let unsigned = draft().replace("{sign:r}", "").replace("{sign:a}", "");
    assert!(matches!(refusal(&unsigned), Refusal::NoSignature));
    let foreign = ATTACKER.sign(&draft().replace("{sign:r}", ""), "a");
    assert!(matches!(
        refusal(&foreign),
        Refusal::WrongSignature("assertion")
    ));
    // The attacker's certificate beside the signature changes nothing.
    let certified = foreign.replace(
        "</ds:Signature>",
        &format!(
            "<ds:KeyInfo><ds:X509Data><ds:X509Certificate>{}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></ds:Signature>",
            ATTACKER.certificate
        ),
    );
    assert!(matches!(
        refusal(&certified),
        Refusal::WrongSignature("assertion")
    ));
    // One good signature does not make up for a bad one.
    let mixed = ATTACKER.sign(&IDP.sign(&draft(), "a"), "r");
    assert!(matches!(
        refusal(&mixed),
        Refusal::WrongSignature("response")
    ));
}

#[test]
fn changed_content_is_refused() {
    for good in [signed(&draft()), signed_whole(&draft())] {
        for (old, new) in [
            (
                "ana@example.com</saml:NameID>",
                "bob@example.com</saml:NameID>",
            ),
            ("role/team/dev", "role/team/admin"),
            ("<saml:Subject>", "<saml:Subject x=\"\">"),
            ("<saml:Subject>", "<saml:Subject> "),
        ] {
            let refusal = refusal(&good.replace(old, new));
            assert!(matches!(refusal, Refusal::Digest(_)), "{new}: {refusal:?}");
        }
    }
}

/// What is not signed must not speak either.
#[test]
fn the_frame_of_a_signed_response_is_signed() {
    let good = signed_whole(&draft());
    let refusal = refusal(&good.replace("InResponseTo", "x").replace(
        "IssueInstant=\"2026-01-15T11:59:00Z\" Destination",
        "IssueInstant=\"2026-01-15T11:59:01Z\" Destination",
    ));
    assert!(matches!(refusal, Refusal::Digest("response")));
}

#[test]
fn comments_do_not_cut_names_off() {
    let good = signed(&draft());
    for commented in [
        good.replace(
            "ana@example.com</saml:NameID>",
            "ana@exa<!---->mple.com</saml:NameID>",
        ),
        good.replace(
            "<saml:AttributeValue>ana@example.com",
            "<saml:AttributeValue>ana@<!-- x -->example.com",
        ),
    ] {
        let assertion = ask(&commented).unwrap();
        assert_eq!(assertion.subject().value, "ana@example.com");
        assert_eq!(assertion.role_session_name().unwrap(), "ana@example.com");
    }
    // A name that an attacker registered, and would like to be read up to its comment.
    let draft = draft().replace(
        "ana@example.com</saml",
        "root@example.com<!---->.evil.com</saml",
    );
    let assertion = ask(&signed(&draft)).unwrap();
    assert_eq!(assertion.subject().value, "root@example.com.evil.com");
}

/// CVE-2025-29774 and CVE-2025-29775.
#[test]
fn what_is_smuggled_into_signed_info_is_refused() {
    let good = signed(&draft());
    for (old, new) in [
        ("<ds:DigestValue>", "<ds:DigestValue><!-- AAAA -->"),
        ("<ds:SignedInfo ", "<!-- --><ds:SignedInfo "),
        ("</ds:DigestValue>", "<!---->AAAA</ds:DigestValue>"),
    ] {
        let response = good.replace(old, new);
        if old == "<ds:SignedInfo " {
            ask(&response).unwrap();
        } else {
            let refusal = refusal(&response);
            assert!(
                matches!(refusal, Refusal::SignatureForm(_)),
                "{new}: {refusal:?}"
            );
        }
    }
    let info =
        &good[good.find("<ds:SignedInfo").unwrap()..good.find("<ds:SignatureValue").unwrap()];
    for doubled in [
        good.replace(info, &format!("{info}{info}")),
        good.replace(
            "</ds:SignatureValue>",
            &format!("</ds:SignatureValue>{info}"),
        ),
        good.replace(
            "</ds:SignatureValue>",
            &format!("</ds:SignatureValue><ds:Object>{info}</ds:Object>"),
        ),
    ] {
        let refusal = refusal(&doubled);
        assert!(
            matches!(
                refusal,
                Refusal::SignatureForm(_) | Refusal::MisplacedSignature
            ),
            "{refusal:?}"
        );
    }
}

/// Forms that the identity provider itself would have to sign, and that count nevertheless
/// not: nobody honest makes them.
#[test]
fn odd_signed_info_is_refused_even_if_it_is_signed() {
    let digest = {
        let good = signed(&draft());
        let from = good.find("<ds:DigestValue>").unwrap() + "<ds:DigestValue>".len();
        good[from..good.find("</ds:DigestValue>").unwrap()].to_owned()
    };
    let info = signed_info("a", &digest);
    let transform =
        "<ds:Transform Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"></ds:Transform>";
    let reference =
        &info[info.find("<ds:Reference").unwrap()..info.find("</ds:SignedInfo>").unwrap()];
    let with = |old: &str, new: &str| {
        assert!(info.contains(old), "{old}");
        let signature = IDP.signature(&info.replace(old, new));
        refusal(
            &draft()
                .replace("{sign:r}", "")
                .replace("{sign:a}", &signature),
        )
    };
    let algorithm =
        |name: &str| format!("<ds:Transform Algorithm=\"{name}\"></ds:Transform>{transform}");
    assert!(matches!(
        with("URI=\"#a\"", "URI=\"\""),
        Refusal::Reference { .. }
    ));
    assert!(matches!(
        with("URI=\"#a\"", "URI=\"#r\""),
        Refusal::Reference { .. }
    ));
    assert!(matches!(
        with("URI=\"#a\"", "URI=\"a\""),
        Refusal::Reference { .. }
    ));
    assert!(matches!(
        with("URI=\"#a\"", "URI=\"#xpointer(id('a'))\""),
        Refusal::Reference { .. }
    ));
    assert!(matches!(
        with("URI=\"#a\"", "URI=\"http://evil.example.com/a\""),
        Refusal::Reference { .. }
    ));
    assert!(matches!(with(" URI=\"#a\"", ""), Refusal::SignatureForm(_)));
    assert!(matches!(
        with(reference, &format!("{reference}{reference}")),
        Refusal::SignatureForm(_)
    ));
    for name in [
        "http://www.w3.org/TR/1999/REC-xslt-19991116",
        "http://www.w3.org/TR/1999/REC-xpath-19991116",
        "http://www.w3.org/2002/06/xmldsig-filter2",
        "http://www.w3.org/2000/09/xmldsig#base64",
    ] {
        assert!(
            matches!(with(transform, &algorithm(name)), Refusal::Transform(_)),
            "{name}"
        );
    }
    assert!(matches!(
        with(
            "http://www.w3.org/2000/09/xmldsig#enveloped-signature",
            "http://www.w3.org/2001/10/xml-exc-c14n#"
        ),
        Refusal::Transform(_)
    ));
    let method = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256";
    for name in [
        "http://www.w3.org/2000/09/xmldsig#hmac-sha1",
        "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256",
        "http://www.w3.org/2000/09/xmldsig#dsa-sha1",
        "http://www.w3.org/2001/04/xmldsig-more#rsa-md5",
        "none",
        "",
    ] {
        assert!(
            matches!(with(method, name), Refusal::SignatureAlgorithm(_)),
            "{name}"
        );
    }
    assert!(matches!(
        with(method, "http://www.w3.org/2000/09/xmldsig#rsa-sha1"),
        Refusal::Sha1
    ));
    let rsa = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
    assert!(matches!(with(method, rsa), Refusal::WrongSignature(_)));
    let hash = "http://www.w3.org/2001/04/xmlenc#sha256";
    assert!(matches!(
        with(hash, "http://www.w3.org/2000/09/xmldsig#sha1"),
        Refusal::Sha1
    ));
    assert!(matches!(
        with(hash, "http://www.w3.org/2001/04/xmldsig-more#md5"),
        Refusal::DigestAlgorithm(_)
    ));
    assert!(matches!(
        with(&digest, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="),
        Refusal::Digest(_)
    ));
    assert!(matches!(with(&digest, ""), Refusal::Digest(_)));
}

#[test]
fn an_id_that_is_there_twice_is_refused() {
    let good = signed(&draft());
    for second in ["ID=\"a\"", "Id=\"a\"", "id=\"a\"", "xml:id=\"a\""] {
        let response = good.replace("<samlp:Status>", &format!("<samlp:Status {second}>"));
        assert!(
            matches!(refusal(&response), Refusal::RepeatedId(id) if id == "a"),
            "{second}"
        );
    }
    let same = draft().replace("ID=\"r\"", "ID=\"a\"");
    assert!(matches!(
        refusal(&IDP.sign(&same.replace("{sign:r}", ""), "a")),
        Refusal::RepeatedId(_) | Refusal::WrongSignature(_)
    ));
}

/// Parser differentials: what one parser sees and another does not (CVE-2025-25291, -25292).
#[test]
fn documents_that_parsers_read_differently_are_refused() {
    let good = signed(&draft());
    let xml = |document: String| match refusal(&document) {
        Refusal::Xml(fault) => fault,
        other => panic!("{other:?}"),
    };
    let doctype =
        format!("<!DOCTYPE x [<!ENTITY e \"x\"><!ATTLIST samlp:Response ID ID #IMPLIED>]>{good}");
    assert!(matches!(xml(doctype), XmlFault::DocumentType));
    let laughs = format!(
        "<!DOCTYPE x [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\">]>{}",
        good.replace("ana@example.com", "&b;")
    );
    assert!(matches!(xml(laughs), XmlFault::DocumentType));
    assert!(matches!(
        xml(good.replace("ana@example.com", "&b;")),
        XmlFault::Entity(_)
    ));
    assert!(matches!(
        xml(good.replace("<samlp:Status>", "<?php x?><samlp:Status>")),
        XmlFault::ProcessingInstruction
    ));
    assert!(matches!(
        xml(good.replace("<samlp:Status>", "<samlp:Status xmlns:x=\"1\">")),
        XmlFault::RelativeNamespace(_)
    ));
    for malformed in [
        good.replace("ID=\"a\"", "ID=\"a\" ID=\"a\""),
        good.replace(
            "<samlp:Status>",
            "<samlp:Status xmlns:p=\"urn:x\" xmlns:q=\"urn:x\" p:a=\"\" q:a=\"\">",
        ),
        good.replace("<samlp:Status>", "<samlp:Status undeclared:a=\"\">"),
        good.replace("<samlp:Status>", "<samlp:Status xmlns:xmlns=\"urn:x\">"),
        format!("{good}{good}"),
        format!("{good}<x/>"),
        format!("x{good}"),
        good.replace("ana@example.com", "ana\u{0}@example.com"),
        good.replace("ana@example.com", "ana&#0;@example.com"),
        good.replace("</samlp:Response>", ""),
        String::new(),
    ] {
        assert!(matches!(xml(malformed), XmlFault::Malformed(_)));
    }
}

/// The same element of the same name, in a namespace of the attacker's.
#[test]
fn namespaces_redeclared_do_not_mislead() {
    let good = signed(&draft());
    let moved = good.replace(
        "<saml:Assertion ",
        "<saml:Assertion xmlns:saml=\"urn:evil\" ",
    );
    let refusal = refusal(&moved);
    assert!(matches!(refusal, Refusal::NoAssertion), "{refusal:?}");
}

#[test]
fn what_is_no_response_is_refused() {
    let good = signed(&draft());
    let assertion = assertion_of(&good).replacen(
        "<saml:Assertion ",
        "<saml:Assertion xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" ",
        1,
    );
    assert!(matches!(refusal(&assertion), Refusal::NotAResponse(_)));
    let none = good.replace(assertion_of(&good), "");
    assert!(matches!(refusal(&none), Refusal::NoAssertion));
    let logout = good.replace("samlp:Response", "samlp:LogoutResponse");
    assert!(matches!(refusal(&logout), Refusal::NotAResponse(_)));
    assert!(good.contains(ISSUER));
}

/// Whatever is cut off or flipped, nothing but the original counts.
#[test]
fn no_flipped_byte_counts() {
    let good = signed_whole(&draft());
    for at in 0..good.len() {
        let mut bytes = good.clone().into_bytes();
        bytes[at] ^= 1;
        let Ok(text) = String::from_utf8(bytes) else {
            continue;
        };
        if let Ok(assertion) = ask(&text) {
            // Bytes that mean nothing may change: the prefix of the signature's own element.
            assert_eq!(assertion.subject().value, "ana@example.com", "{at}");
            assert_eq!(assertion.roles().len(), 1, "{at}");
        }
    }
}
