//! What an assertion is bound to, one thing wrong at a time.

use super::idp::{NOW, ask, ask_at, draft, refusal, signed, with};
use crate::{CLOCK_SKEW_S, REDEEM_S, Refusal, SIGN_IN};

#[test]
fn an_assertion_that_meets_everything_counts() {
    let assertion = ask(&signed(&draft())).unwrap();
    assert_eq!(assertion.subject().value, "ana@example.com");
    assert_eq!(assertion.subject_type(), "persistent");
    assert_eq!(assertion.recipient(), SIGN_IN);
    assert_eq!(assertion.roles().len(), 1);
    assert_eq!(assertion.role_session_name().unwrap(), "ana@example.com");
    assert_eq!(assertion.session_end(), Some(NOW + 8 * 3600));
}

/// An assertion that is changed before it is signed, and the refusal that it meets.
macro_rules! refused {
    ($($name:ident: $old:expr => $new:expr, $refusal:pat,)*) => {
        $(
            #[test]
            fn $name() {
                let refusal = refusal(&with($old, $new));
                assert!(matches!(refusal, $refusal), "{refusal:?}");
            }
        )*
    };
}

const AUDIENCE: &str = "<saml:Audience>urn:amazon:webservices</saml:Audience>";
const RESTRICTION: &str = "<saml:AudienceRestriction><saml:Audience>urn:amazon:webservices</saml:Audience></saml:AudienceRestriction>";
const RECIPIENT: &str = "Recipient=\"https://signin.aws.amazon.com/saml\"";
const CONFIRMED_UNTIL: &str = "NotOnOrAfter=\"2026-01-15T12:04:00Z\"";
const NAME_ID: &str = "<saml:NameID Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:persistent\">ana@example.com</saml:NameID>";
const ASSERTION: &str = "<saml:Assertion ID=\"a\" Version=\"2.0\" IssueInstant=\"2026-01-15T11:59:00Z\"><saml:Issuer>https://idp.example.com/saml";

refused! {
    another_issuer_is_refused:
        ASSERTION => &ASSERTION.replace("idp.example.com", "evil.example.com"),
        Refusal::Issuer { element: "assertion", .. },
    another_issuer_of_the_response_is_refused:
        "<saml:Issuer>https://idp.example.com/saml</saml:Issuer>{sign:r}" =>
        "<saml:Issuer>https://evil.example.com/saml</saml:Issuer>{sign:r}",
        Refusal::Issuer { element: "response", .. },
    an_issuer_that_is_no_entity_is_refused:
        "<saml:Issuer>https://idp.example.com/saml</saml:Issuer>{sign:a}" =>
        "<saml:Issuer Format=\"urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress\">https://idp.example.com/saml</saml:Issuer>{sign:a}",
        Refusal::Attribute { .. },
    another_audience_is_refused:
        AUDIENCE => "<saml:Audience>https://other.example.com</saml:Audience>",
        Refusal::Audience { .. },
    no_audience_is_refused:
        RESTRICTION => "", Refusal::Missing("AudienceRestriction"),
    every_restriction_counts:
        RESTRICTION => &format!("{RESTRICTION}<saml:AudienceRestriction><saml:Audience>https://other.example.com</saml:Audience></saml:AudienceRestriction>"),
        Refusal::Audience { .. },
    an_unknown_condition_is_refused:
        RESTRICTION => &format!("{RESTRICTION}<saml:Condition xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"x\"/>"),
        Refusal::UnknownCondition(_),
    another_recipient_is_refused:
        RECIPIENT => "Recipient=\"https://other.example.com/saml\"", Refusal::Recipient { .. },
    no_recipient_is_refused: RECIPIENT => "", Refusal::NoBearer,
    a_confirmation_without_end_is_refused: CONFIRMED_UNTIL => "", Refusal::NoBearer,
    a_confirmation_that_ended_is_refused:
        CONFIRMED_UNTIL => "NotOnOrAfter=\"2026-01-15T12:00:00Z\"", Refusal::Expired { .. },
    a_confirmation_by_another_method_is_refused:
        "cm:bearer" => "cm:holder-of-key", Refusal::NoBearer,
    another_destination_is_refused:
        "Destination=\"https://signin.aws.amazon.com/saml\"" => "Destination=\"https://other.example.com/saml\"",
        Refusal::Destination { .. },
    a_failed_status_is_refused:
        "status:Success" => "status:Responder", Refusal::Status(_),
    another_version_of_the_response_is_refused:
        "ID=\"r\" Version=\"2.0\"" => "ID=\"r\" Version=\"1.1\"", Refusal::Version { element: "response", .. },
    another_version_of_the_assertion_is_refused:
        "ID=\"a\" Version=\"2.0\"" => "ID=\"a\" Version=\"2.1\"", Refusal::Version { element: "assertion", .. },
    no_name_is_refused: NAME_ID => "", Refusal::Missing("NameID"),
    an_empty_name_is_refused: ">ana@example.com</saml:NameID>" => "></saml:NameID>", Refusal::Missing("NameID"),
    two_names_are_refused: NAME_ID => &format!("{NAME_ID}{NAME_ID}"), Refusal::Repeated("NameID"),
    elements_in_a_name_are_refused:
        ">ana@example.com</saml:NameID>" => ">ana@example.com<x/></saml:NameID>", Refusal::Attribute { .. },
    an_end_that_passed_is_refused:
        "NotOnOrAfter=\"2026-01-15T12:59:00Z\"" => "NotOnOrAfter=\"2026-01-15T12:00:00Z\"",
        Refusal::Expired { attribute: "NotOnOrAfter", .. },
    a_session_that_ended_is_refused:
        "SessionNotOnOrAfter=\"2026-01-15T20:00:00Z\"" => "SessionNotOnOrAfter=\"2026-01-15T11:59:59Z\"",
        Refusal::Expired { attribute: "SessionNotOnOrAfter", .. },
    a_beginning_to_come_is_refused:
        "Conditions NotBefore=\"2026-01-15T11:59:00Z\"" => "Conditions NotBefore=\"2026-01-15T12:01:01Z\"",
        Refusal::NotYetValid { attribute: "NotBefore", .. },
    an_issue_to_come_is_refused:
        "ID=\"a\" Version=\"2.0\" IssueInstant=\"2026-01-15T11:59:00Z\"" => "ID=\"a\" Version=\"2.0\" IssueInstant=\"2026-01-15T12:01:01Z\"",
        Refusal::NotYetValid { attribute: "IssueInstant", .. },
    an_old_issue_is_refused:
        "ID=\"a\" Version=\"2.0\" IssueInstant=\"2026-01-15T11:59:00Z\"" => "ID=\"a\" Version=\"2.0\" IssueInstant=\"2026-01-15T11:54:59Z\"",
        Refusal::TooOld { .. },
    a_time_of_no_zone_is_refused:
        "Conditions NotBefore=\"2026-01-15T11:59:00Z\"" => "Conditions NotBefore=\"2026-01-15T11:59:00\"",
        Refusal::Time { .. },
}

#[test]
fn an_answer_to_two_requests_is_refused() {
    let draft = draft()
        .replace("ID=\"r\"", "ID=\"r\" InResponseTo=\"_1\"")
        .replace(RECIPIENT, &format!("{RECIPIENT} InResponseTo=\"_2\""));
    assert!(matches!(
        refusal(&signed(&draft)),
        Refusal::InResponseTo { .. }
    ));
}

#[test]
fn the_bounds_of_time_are_exact() {
    let response = signed(&draft());
    let issued = NOW - 60;
    let refused = |now| ask_at(&response, now).unwrap_err();
    ask_at(&response, issued - CLOCK_SKEW_S).unwrap();
    assert!(matches!(
        refused(issued - CLOCK_SKEW_S - 1),
        Refusal::NotYetValid { .. }
    ));
    ask_at(&response, NOW + 239).unwrap();
    // The confirmation ends here, and five minutes have not passed yet.
    assert!(matches!(refused(NOW + 240), Refusal::Expired { .. }));
    let long = with(CONFIRMED_UNTIL, "NotOnOrAfter=\"2026-01-15T12:59:00Z\"");
    ask_at(&long, issued + REDEEM_S).unwrap();
    assert!(matches!(
        ask_at(&long, issued + REDEEM_S + 1),
        Err(Refusal::TooOld { .. })
    ));
}

#[test]
fn one_bearer_among_confirmations_is_enough() {
    let other = "<saml:SubjectConfirmation Method=\"urn:oasis:names:tc:SAML:2.0:cm:sender-vouches\"/><saml:SubjectConfirmation";
    ask(&with("<saml:SubjectConfirmation", other)).unwrap();
}

#[test]
fn attributes_are_read_as_aws_reads_them() {
    let more = r#"<saml:Attribute Name="https://aws.amazon.com/SAML/Attributes/PrincipalTag:Team"><saml:AttributeValue>blue</saml:AttributeValue></saml:Attribute><saml:Attribute Name="https://aws.amazon.com/SAML/Attributes/TransitiveTagKeys"><saml:AttributeValue>Team</saml:AttributeValue></saml:Attribute><saml:Attribute Name="https://aws.amazon.com/SAML/Attributes/SessionDuration"><saml:AttributeValue>1800</saml:AttributeValue></saml:Attribute><saml:Attribute Name="https://aws.amazon.com/SAML/Attributes/SourceIdentity"><saml:AttributeValue>ana</saml:AttributeValue></saml:Attribute><saml:Attribute Name="urn:oid:1.3.6.1.4.1.5923.1.1.1.1"><saml:AttributeValue>staff</saml:AttributeValue><saml:AttributeValue>member</saml:AttributeValue></saml:Attribute></saml:AttributeStatement>"#;
    let assertion = ask(&with("</saml:AttributeStatement>", more)).unwrap();
    assert_eq!(
        assertion.tags().unwrap(),
        [("Team".to_owned(), "blue".to_owned())]
    );
    assert_eq!(assertion.transitive_tag_keys(), ["Team"]);
    assert_eq!(assertion.session_duration_s().unwrap(), Some(1800));
    assert_eq!(assertion.source_identity().unwrap().as_deref(), Some("ana"));
    let keys = assertion.condition_keys("111122223333", "idp");
    let of = |name: &str| {
        let found = keys.iter().find(|(key, _)| key == name);
        found
            .map(|(_, values)| values.join("|"))
            .unwrap_or_default()
    };
    assert_eq!(of("saml:edupersonaffiliation"), "staff|member");
    assert_eq!(of("saml:aud"), SIGN_IN);
    assert_eq!(of("saml:iss"), "https://idp.example.com/saml");
    assert_eq!(of("saml:sub"), "ana@example.com");
    assert_eq!(of("saml:sub_type"), "persistent");
    assert_eq!(of("saml:doc"), "111122223333/idp");
    // printf 'https://idp.example.com/saml111122223333/idp' | openssl sha1 -binary | base64
    assert_eq!(of("saml:namequalifier"), "w9623T/DM68QqX6yODhgW5uvh0U=");
}

#[test]
fn attributes_that_break_the_rules_are_refused_when_they_are_asked_for() {
    let name = "RoleSessionName\"><saml:AttributeValue>ana@example.com</saml:AttributeValue>";
    let named = |values: &str| {
        ask(&with(name, &format!("RoleSessionName\">{values}")))
            .unwrap()
            .role_session_name()
    };
    let value = |text: &str| format!("<saml:AttributeValue>{text}</saml:AttributeValue>");
    for values in [
        value("a"),
        value("ana smith"),
        value(""),
        value("ana\u{e9}"),
        value(&"a".repeat(65)),
        format!("{}{}", value("ana"), value("bob")),
        String::new(),
    ] {
        let refusal = named(&values).unwrap_err();
        assert!(matches!(refusal, Refusal::Attribute { .. }), "{values}");
    }
    let missing = ask(&with("RoleSessionName", "rolesessionname")).unwrap();
    assert!(matches!(
        missing.role_session_name(),
        Err(Refusal::Missing("RoleSessionName"))
    ));
}
