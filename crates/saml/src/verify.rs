//! From bytes to an assertion that counts.

use std::collections::BTreeSet;

use roxmltree::{Document, Node};

use crate::algorithm::Sha1;
use crate::assertion::{Assertion, Content};
use crate::conditions;
use crate::decrypt::{self, PrivateKey};
use crate::endpoints::Service;
use crate::metadata::Metadata;
use crate::prepass::{CANONICAL, RESPONSE};
use crate::refusal::Refusal;
use crate::signature::{Signable, Signed};
use crate::tree::{self, ASSERTION, Looked, PROTOCOL, attribute, is};

/// What a response is held to.
#[derive(Debug)]
pub struct Expectation<'a> {
    /// The provider that is expected to have made it.
    pub metadata: &'a Metadata,
    /// The provider's private keys, if its assertions are encrypted.
    pub private_keys: &'a [PrivateKey],
    /// Whether plain assertions count.
    pub encryption: Encryption,
    /// Whether SHA-1 counts.
    pub sha1: Sha1,
    /// Who we are.
    pub service: &'a Service,
    /// The request that it has to answer, if we asked for it.
    pub request_id: Option<&'a str>,
    /// Seconds since 1970.
    pub now: i64,
}

/// Whether assertions have to be encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encryption {
    /// They may be plain.
    Allowed,
    /// They must not be plain.
    Required,
}

/// A step on the way, for people who want to know how far a response comes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What was looked at.
    pub what: &'static str,
    /// What was found.
    pub found: String,
}

/// Verifies a response, base64 as it is posted.
pub fn verify(response: &str, expectation: &Expectation<'_>) -> Result<Assertion, Refusal> {
    explain(response, expectation, &mut |_step| {})
}

/// The same, and tells each step that was taken.
pub fn explain(
    response: &str,
    expectation: &Expectation<'_>,
    tell: &mut dyn FnMut(Step),
) -> Result<Assertion, Refusal> {
    let bytes = tree::decode_base64(response).ok_or(Refusal::NotBase64)?;
    let looked = Looked::new(&bytes, &RESPONSE)?;
    let document = looked.parse()?;
    let response = document.root_element();
    check_response(response)?;
    let plain = Inside::of(response)?;
    tell(Step {
        what: "document",
        found: format!(
            "a SAML response of {} bytes with one assertion",
            bytes.len()
        ),
    });
    check_metadata(expectation)?;
    check_unverified_issuer(response, &plain, expectation)?;

    // Whose bytes count from here on: those that the response's signature covers, if any.
    let outer = sign_of(response, "response", expectation)?;
    tell_signature("response", outer.as_ref(), expectation, tell);
    let covered = outer
        .as_ref()
        .map(|signed| Looked::new(&signed.bytes, &CANONICAL))
        .transpose()?;
    let covered = covered.as_ref().map(Looked::parse).transpose()?;
    let envelope = match &covered {
        Some(covered) => covered.root_element(),
        None => response,
    };
    check_response(envelope)?;
    let inside = Inside::of(envelope)?;

    let content = match (plain, inside) {
        (Inside::Plain(plain), Inside::Plain(covered)) => {
            if expectation.encryption == Encryption::Required {
                return Err(Refusal::NotEncrypted);
            }
            let inner = sign_of(plain, "assertion", expectation)?;
            tell_signature("assertion", inner.as_ref(), expectation, tell);
            match (inner, &outer) {
                (Some(signed), _) => read(&signed)?,
                (None, Some(_)) => Content::read(covered)?,
                (None, None) => return Err(Refusal::NoSignature),
            }
        }
        (_, Inside::Sealed(sealed)) => {
            let opened = decrypt::open(sealed, expectation.private_keys)?;
            tell(Step {
                what: "encryption",
                found: "the assertion was opened with a private key of the provider".to_owned(),
            });
            read_opened(sealed, &opened, outer.is_some(), expectation, tell)?
        }
        (Inside::Sealed(_), Inside::Plain(_)) => return Err(Refusal::NoAssertion),
    };
    let confirmed = conditions::check(envelope, &content, expectation)?;
    tell(Step {
        what: "conditions",
        found: format!(
            "issuer, audience, recipient `{}` and times are as expected",
            confirmed.recipient
        ),
    });
    Ok(Assertion::new(content, confirmed))
}

/// The one assertion of a response.
enum Inside<'a, 'input> {
    Plain(Node<'a, 'input>),
    Sealed(Node<'a, 'input>),
}

impl<'a, 'input> Inside<'a, 'input> {
    /// Finds it, and holds the whole document to the profile: one assertion, directly inside
    /// the response; signatures nowhere but directly inside these two; no ID twice.
    fn of(response: Node<'a, 'input>) -> Result<Inside<'a, 'input>, Refusal> {
        // By local name: nothing that calls itself an assertion may stand beside the one,
        // in whatever namespace.
        let named = |node: &Node<'_, '_>| {
            node.is_element()
                && matches!(node.tag_name().name(), "Assertion" | "EncryptedAssertion")
        };
        let all: Vec<_> = response.descendants().filter(named).collect();
        let one = match all.as_slice() {
            [] => return Err(Refusal::NoAssertion),
            [one] => *one,
            several => return Err(Refusal::SeveralAssertions(several.len())),
        };
        let is_plain = is(one, ASSERTION, "Assertion");
        if !is_plain && !is(one, ASSERTION, "EncryptedAssertion") {
            return Err(Refusal::NoAssertion);
        }
        if one.parent() != Some(response) {
            return Err(Refusal::MisplacedAssertion);
        }
        match is_plain {
            true => check_signatures(response, &[response, one])?,
            false => check_signatures(response, &[response])?,
        }
        check_ids(response)?;
        Ok(if is_plain {
            Inside::Plain(one)
        } else {
            Inside::Sealed(one)
        })
    }
}

/// Signatures stand directly inside one of these elements, and nowhere else.
fn check_signatures(root: Node<'_, '_>, homes: &[Node<'_, '_>]) -> Result<(), Refusal> {
    for node in root.descendants().filter(Node::is_element) {
        let parent = node.parent();
        let is_home = match node.tag_name().name() {
            "Signature" => parent.is_some_and(|parent| homes.contains(&parent)),
            "SignedInfo" | "SignatureValue" => {
                parent.is_some_and(|parent| is(parent, tree::SIGNATURE, "Signature"))
            }
            _ => true,
        };
        if !is_home {
            return Err(Refusal::MisplacedSignature);
        }
    }
    Ok(())
}

/// No two elements have the same ID, however the attribute is spelled or prefixed.
fn check_ids(root: Node<'_, '_>) -> Result<(), Refusal> {
    let mut seen = BTreeSet::new();
    for node in root.descendants() {
        for attribute in node.attributes() {
            let is_id = attribute.name().eq_ignore_ascii_case("id");
            if is_id && !seen.insert(attribute.value()) {
                return Err(Refusal::RepeatedId(attribute.value().to_owned()));
            }
        }
    }
    Ok(())
}

/// The frame of the message: what it is, of which version, and with which status.
fn check_response(response: Node<'_, '_>) -> Result<(), Refusal> {
    if !is(response, PROTOCOL, "Response") {
        let name = response.tag_name();
        let namespace = name.namespace().unwrap_or_default();
        return Err(Refusal::NotAResponse(format!(
            "{{{namespace}}}{}",
            name.name()
        )));
    }
    let version = attribute(response, "Version").unwrap_or_default();
    if version != "2.0" {
        return Err(Refusal::Version {
            element: "response",
            found: version.to_owned(),
        });
    }
    let mut statuses = tree::children(response, PROTOCOL, "Status");
    let code = statuses
        .next()
        .and_then(|status| tree::child(status, PROTOCOL, "StatusCode"))
        .and_then(|code| attribute(code, "Value"));
    match (code, statuses.next()) {
        (Some("urn:oasis:names:tc:SAML:2.0:status:Success"), None) => Ok(()),
        (code, _) => Err(Refusal::Status(code.unwrap_or_default().to_owned())),
    }
}

fn check_metadata(expectation: &Expectation<'_>) -> Result<(), Refusal> {
    match expectation.metadata.valid_until {
        Some(valid_until) if expectation.now >= valid_until => Err(Refusal::MetadataExpired {
            valid_until,
            now: expectation.now,
        }),
        _ => Ok(()),
    }
}

/// Somebody else's response is told apart from a forged one. What is checked here is not
/// trusted: it is checked again once the signature holds.
fn check_unverified_issuer(
    response: Node<'_, '_>,
    inside: &Inside<'_, '_>,
    expectation: &Expectation<'_>,
) -> Result<(), Refusal> {
    conditions::check_issuer_of_response(response, expectation.metadata)?;
    if let Inside::Plain(assertion) = inside
        && let Some(issuer) = tree::child(*assertion, ASSERTION, "Issuer")
    {
        conditions::check_issuer("assertion", &tree::text(issuer), expectation.metadata)?;
    }
    Ok(())
}

fn sign_of(
    element: Node<'_, '_>,
    name: &'static str,
    expectation: &Expectation<'_>,
) -> Result<Option<Signed>, Refusal> {
    let signable = Signable { element, name };
    signable.signed(&expectation.metadata.certificates, expectation.sha1)
}

fn tell_signature(
    name: &'static str,
    signed: Option<&Signed>,
    expectation: &Expectation<'_>,
    tell: &mut dyn FnMut(Step),
) {
    let found = match signed {
        None => "not signed".to_owned(),
        Some(signed) => {
            let certificate = expectation.metadata.certificates.get(signed.certificate);
            let fingerprint = certificate.map_or("", |one| one.fingerprint.as_str());
            format!("signed; certificate with SHA-256 {fingerprint} of the metadata verifies it")
        }
    };
    let what = match name {
        "response" => "signature of the response",
        _ => "signature of the assertion",
    };
    tell(Step { what, found });
}

/// The assertion, from the bytes that were hashed.
fn read(signed: &Signed) -> Result<Content, Refusal> {
    let looked = Looked::new(&signed.bytes, &CANONICAL)?;
    let document = looked.parse()?;
    Content::read(document.root_element())
}

/// The assertion that was encrypted: signed itself, or by the response around it.
fn read_opened(
    sealed: Node<'_, '_>,
    opened: &[u8],
    is_covered: bool,
    expectation: &Expectation<'_>,
    tell: &mut dyn FnMut(Step),
) -> Result<Content, Refusal> {
    let framed = decrypt::framed(sealed, opened);
    let looked = Looked::new(&framed, &RESPONSE).map_err(Refusal::Opened)?;
    let document: Document<'_> = looked.parse().map_err(Refusal::Opened)?;
    let assertion = decrypt::unframed(&document)?;
    let is_assertion =
        |node: &Node<'_, '_>| matches!(node.tag_name().name(), "Assertion" | "EncryptedAssertion");
    let count = document.descendants().filter(is_assertion).count();
    if count != 1 {
        return Err(Refusal::SeveralAssertions(count));
    }
    check_signatures(document.root_element(), &[assertion])?;
    check_ids(document.root_element())?;
    let inner = sign_of(assertion, "assertion", expectation)?;
    tell_signature("assertion", inner.as_ref(), expectation, tell);
    match (inner, is_covered) {
        (Some(signed), _) => read(&signed),
        (None, true) => Content::read(assertion),
        (None, false) => Err(Refusal::OpenedUnsigned),
    }
}
