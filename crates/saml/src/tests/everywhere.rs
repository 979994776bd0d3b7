//! Intruders at every place of a signed document: whatever is put in, taken out or moved, what
//! counts is what was signed, or nothing. And the odd shapes that honest providers send, which
//! count all the same.

#![expect(
    clippy::string_slice,
    reason = "the documents are written in this folder, in ASCII"
)]

use super::idp::{ATTACKER, IDP, ROLE, ask, draft, refusal, signed, signed_whole, with};
use crate::{Assertion, Refusal, SIGN_IN};

/// Places between two pieces of markup.
fn places(document: &str) -> Vec<usize> {
    let ends = document.match_indices('>').map(|(at, _)| at + 1);
    ends.filter(|at| *at < document.len()).collect()
}

/// From the beginning of one element of this name to the end of the same.
fn element<'a>(document: &'a str, name: &str) -> &'a str {
    let starts = [format!("<{name}>"), format!("<{name} ")];
    let found = starts.iter().filter_map(|start| document.find(start));
    let from = found.min().unwrap();
    let end = format!("</{name}>");
    let to = document[from..].find(&end).unwrap() + from + end.len();
    &document[from..to]
}

/// Nothing in it comes from anybody but the provider.
fn is_genuine(assertion: &Assertion) -> bool {
    let roles = assertion.roles();
    assertion.subject().value == "ana@example.com"
        && roles.len() == 1
        && roles.iter().all(|pair| pair.role == ROLE)
        && assertion.role_session_name().as_deref() == Ok("ana@example.com")
}

fn documents() -> [String; 3] {
    let both = IDP.sign(&IDP.sign(&draft(), "a"), "r");
    [signed(&draft()), signed_whole(&draft()), both]
}

#[test]
fn a_second_assertion_is_refused_wherever_it_stands() {
    let evil = draft().replace("ana@example.com", "admin@example.com");
    let unsigned = element(&evil, "saml:Assertion").replace("{sign:a}", "");
    let attackers = ATTACKER.sign(&evil.replace("{sign:r}", ""), "a");
    let attackers = element(&attackers, "saml:Assertion");
    let mut tried = 0;
    for good in documents() {
        let genuine = element(&good, "saml:Assertion");
        let intruders = [
            unsigned.clone(),
            unsigned.replace("ID=\"a\"", "ID=\"evil\""),
            unsigned.replace("ID=\"a\"", ""),
            attackers.to_owned(),
            genuine.replace("ana@example.com", "admin@example.com"),
            genuine.to_owned(),
            "<saml:EncryptedAssertion/>".to_owned(),
            "<Assertion xmlns=\"\"/>".to_owned(),
            "<x:Assertion xmlns:x=\"urn:oasis:names:tc:SAML:1.0:assertion\"/>".to_owned(),
            format!("<saml:Advice>{unsigned}</saml:Advice>"),
        ];
        for place in places(&good) {
            for intruder in &intruders {
                let (before, after) = good.split_at(place);
                let refusal = refusal(&format!("{before}{intruder}{after}"));
                let is_expected = match &refusal {
                    Refusal::SeveralAssertions(2..) => true,
                    // Outside the root there is no document any more.
                    Refusal::Xml(_) => true,
                    _ => false,
                };
                assert!(is_expected, "{place} {intruder}: {refusal:?}");
                tried += 1;
            }
        }
    }
    assert!(tried > 1500, "{tried}");
}

#[test]
fn a_signature_elsewhere_makes_nothing_count() {
    for good in documents() {
        let signature = element(&good, "ds:Signature");
        let info = element(signature, "ds:SignedInfo");
        let value = element(signature, "ds:SignatureValue");
        let attackers = ATTACKER.signature(info);
        let intruders = [
            signature.to_owned(),
            attackers.clone(),
            format!("<ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"/>{attackers}"),
            format!("<x xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">{info}</x>"),
            format!("<x xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">{value}</x>"),
            "<Signature xmlns=\"http://www.w3.org/2000/09/xmldsig#\"/>".to_owned(),
        ];
        for place in places(&good) {
            for intruder in &intruders {
                let (before, after) = good.split_at(place);
                refusal(&format!("{before}{intruder}{after}"));
            }
        }
    }
}

#[test]
fn strange_elements_and_characters_never_speak() {
    let intruders = [
        "<x/>",
        "<Signature xmlns=\"urn:x\"/>",
        "<saml:NameID>admin@example.com</saml:NameID>",
        "<saml:Issuer>https://idp.example.com/saml</saml:Issuer>",
        "<saml:Conditions/>",
        "<saml:AttributeValue>arn:aws:iam::1:role/x,arn:aws:iam::1:saml-provider/x</saml:AttributeValue>",
        "<samlp:Status><samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"/></samlp:Status>",
        "<!-- admin -->",
        "<!---->",
        "<![CDATA[admin]]>",
        "<![CDATA[]]>",
        "admin",
        "\n",
        "&#x20;",
        "&amp;",
        "<?php x?>",
        "&evil;",
        "<!DOCTYPE x>",
    ];
    let mut counted = 0;
    for good in documents() {
        for place in places(&good) {
            for intruder in intruders {
                let (before, after) = good.split_at(place);
                if let Ok(assertion) = ask(&format!("{before}{intruder}{after}")) {
                    assert!(is_genuine(&assertion), "{place} {intruder}");
                    counted += 1;
                }
            }
        }
    }
    // Comments, and blanks around what is not signed, change nothing.
    assert!(counted > 100, "{counted}");
}

#[test]
fn nothing_can_be_taken_out_of_what_is_signed() {
    let names = [
        "saml:Issuer",
        "saml:Subject",
        "saml:NameID",
        "saml:SubjectConfirmation",
        "saml:Conditions",
        "saml:AudienceRestriction",
        "saml:Audience",
        "saml:AuthnStatement",
        "saml:AuthnContext",
        "saml:AttributeStatement",
        "saml:AttributeValue",
    ];
    for good in documents() {
        // The response's own issuer comes first; it is another's matter where it is not signed.
        let assertion = element(&good, "saml:Assertion");
        for name in names {
            let without = assertion.replacen(element(assertion, name), "", 1);
            let refusal = refusal(&good.replace(assertion, &without));
            assert!(
                matches!(refusal, Refusal::Digest(_) | Refusal::Missing(_)),
                "{name}: {refusal:?}"
            );
        }
        for (at, _) in assertion.match_indices("=\"") {
            let start = assertion[..at].rfind(' ').unwrap();
            let end = assertion[at + 2..].find('"').unwrap() + at + 3;
            if assertion[start..].starts_with(" xmlns") {
                // One that is declared around it as well changes nothing.
                continue;
            }
            let without = format!("{}{}", &assertion[..start], &assertion[end..]);
            refusal(&good.replace(assertion, &without));
        }
    }
}

#[test]
fn names_in_other_namespaces_say_nothing() {
    // Signed by the provider itself: no attacker is needed to misunderstand these.
    let foreign = with(
        "<saml:Subject>",
        "<x:Subject xmlns:x=\"urn:x\"><x:NameID>admin</x:NameID></x:Subject><saml:Subject>",
    );
    assert!(is_genuine(&ask(&foreign).unwrap()));
    let attribute = with(
        "<saml:Attribute Name=\"https://aws.amazon.com/SAML/Attributes/RoleSessionName\">",
        "<x:Attribute xmlns:x=\"urn:x\" Name=\"https://aws.amazon.com/SAML/Attributes/RoleSessionName\"><saml:AttributeValue>admin</saml:AttributeValue></x:Attribute><saml:Attribute xmlns:x=\"urn:x\" x:Name=\"admin\" Name=\"https://aws.amazon.com/SAML/Attributes/RoleSessionName\">",
    );
    assert!(is_genuine(&ask(&attribute).unwrap()));
    let recipient = format!("Recipient=\"{SIGN_IN}\"");
    let prefixed = format!("xmlns:x=\"urn:x\" x:Recipient=\"{SIGN_IN}\"");
    assert!(matches!(
        refusal(&with(&recipient, &prefixed)),
        Refusal::NoBearer
    ));
}

#[test]
fn two_names_for_a_session_are_refused() {
    let name = "https://aws.amazon.com/SAML/Attributes/RoleSessionName";
    let attribute = |value: &str| {
        format!(
            "<saml:Attribute Name=\"{name}\"><saml:AttributeValue>{value}</saml:AttributeValue></saml:Attribute>"
        )
    };
    let end = "</saml:AttributeStatement>";
    for more in [
        format!("{}{end}", attribute("admin")),
        format!("{}{end}", attribute("ana@example.com")),
        format!("{end}<saml:AttributeStatement>{}{end}", attribute("admin")),
    ] {
        let assertion = ask(&with(end, &more)).unwrap();
        assert!(matches!(
            assertion.role_session_name(),
            Err(Refusal::Attribute { .. })
        ));
    }
}

/// One thing that honest providers do differently, each signed.
#[test]
fn what_honest_providers_send_counts() {
    let restriction = "<saml:AudienceRestriction><saml:Audience>urn:amazon:webservices</saml:Audience></saml:AudienceRestriction>";
    let role = "<saml:AttributeValue>arn:aws:iam::111122223333:role/team/dev,arn:aws:iam::111122223333:saml-provider/idp</saml:AttributeValue>";
    let confirmation = "<saml:SubjectConfirmation Method";
    for (old, new) in [
        (" Destination=\"https://signin.aws.amazon.com/saml\"", ""),
        (
            "Recipient=\"https://signin.aws.amazon.com/saml\"",
            "Address=\"192.0.2.1\" Recipient=\"https://signin.aws.amazon.com/saml\"",
        ),
        ("11:59:00Z\" NotOnOrAfter", "11:59:00.123Z\" NotOnOrAfter"),
        (
            "11:59:00Z\" NotOnOrAfter",
            "11:59:00.1234567Z\" NotOnOrAfter",
        ),
        ("11:59:00Z\" NotOnOrAfter", "11:59:00+00:00\" NotOnOrAfter"),
        (" NotOnOrAfter=\"2026-01-15T12:59:00Z\"", ""),
        (
            "Conditions NotBefore=\"2026-01-15T11:59:00Z\"",
            "Conditions",
        ),
        (" SessionNotOnOrAfter=\"2026-01-15T20:00:00Z\"", ""),
        ("Status>", "Status><!-- fine -->"),
        (
            "urn:oasis:names:tc:SAML:2.0:status:Success\"/>",
            "urn:oasis:names:tc:SAML:2.0:status:Success\"/><samlp:StatusMessage>welcome</samlp:StatusMessage>",
        ),
        (
            "<samlp:Status>",
            "<samlp:Extensions><x/></samlp:Extensions><samlp:Status>",
        ),
        (restriction, &format!("{restriction}<saml:OneTimeUse/>")),
        (
            restriction,
            &format!("{restriction}<saml:ProxyRestriction Count=\"0\"/>"),
        ),
        (restriction, &format!("{restriction}{restriction}")),
        (
            "<saml:Audience>",
            "<saml:Audience>https://other.example.com</saml:Audience><saml:Audience>",
        ),
        ("<saml:Audience>", "<saml:Audience>\n  "),
        (
            "urn:amazon:webservices",
            "https://signin.aws.amazon.com/saml",
        ),
        (
            confirmation,
            &format!(
                "<saml:SubjectConfirmation Method=\"urn:oasis:names:tc:SAML:2.0:cm:holder-of-key\"/>{confirmation}"
            ),
        ),
        (role, &format!("{role}{role}")),
        (
            role,
            &format!("{role}<saml:AttributeValue></saml:AttributeValue>"),
        ),
        (
            role,
            "<saml:AttributeValue> arn:aws:iam::111122223333:saml-provider/idp ,\n arn:aws:iam::111122223333:role/team/dev </saml:AttributeValue>",
        ),
        (
            "<saml:AttributeValue>ana",
            "<saml:AttributeValue xmlns:xs=\"http://www.w3.org/2001/XMLSchema\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"xs:string\">ana",
        ),
        (
            "<saml:AttributeValue>ana@example.com",
            "<saml:AttributeValue><![CDATA[ana@example.com]]>",
        ),
        (
            "<saml:AttributeValue>ana@",
            "<saml:AttributeValue>&#97;na&#x40;",
        ),
        (
            "<saml:NameID ",
            "<saml:NameID NameQualifier=\"https://idp.example.com/saml\" SPNameQualifier=\"urn:amazon:webservices\" ",
        ),
        ("nameid-format:persistent", "nameid-format:transient"),
        (
            " Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:persistent\"",
            "",
        ),
        ("<saml:Subject>", "\r\n  <saml:Subject>\r\n"),
        (
            "<saml:Issuer>",
            "<saml:Issuer Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:entity\">",
        ),
        (
            "<saml:Assertion ",
            "<saml:Assertion xmlns:xs=\"http://www.w3.org/2001/XMLSchema\" ",
        ),
    ] {
        for sign in [signed, signed_whole] {
            let draft = draft();
            assert!(draft.contains(old), "{old}");
            let answer = ask(&sign(&draft.replace(old, new)));
            let assertion = answer.unwrap_or_else(|refusal| panic!("{old} => {new}: {refusal}"));
            assert!(is_genuine(&assertion), "{new}");
        }
    }
    let statement = draft();
    let statement = element(&statement, "saml:AuthnStatement");
    assert!(is_genuine(&ask(&with(statement, "")).unwrap()));
    let issuer = "<saml:Issuer>https://idp.example.com/saml</saml:Issuer>{sign:r}";
    assert!(is_genuine(&ask(&with(issuer, "{sign:r}")).unwrap()));
}
