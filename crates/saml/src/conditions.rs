//! Is it for us, from the expected provider, now?

use roxmltree::Node;

use crate::assertion::{Confirmation, Confirmed, Content, issuer};
use crate::metadata::Metadata;
use crate::refusal::Refusal;
use crate::tree::{self, ASSERTION, attribute, collapsed};
use crate::verify::Expectation;

/// How long after it was issued an assertion may be handed in, as AWS has it.
pub const REDEEM_S: i64 = 300;

/// How far a provider's clock may be ahead of ours. One that is behind needs no allowance:
/// what it makes only ends earlier.
pub const CLOCK_SKEW_S: i64 = 60;

const BEARER: &str = "urn:oasis:names:tc:SAML:2.0:cm:bearer";

/// Checks everything that an assertion and the response around it are bound to.
pub(crate) fn check(
    response: Node<'_, '_>,
    content: &Content,
    expectation: &Expectation<'_>,
) -> Result<Confirmed, Refusal> {
    check_issuer_of_response(response, expectation.metadata)?;
    check_issuer("assertion", &content.issuer, expectation.metadata)?;
    check_destination(response, expectation)?;
    check_audiences(content, expectation)?;
    check_times(content, expectation.now)?;
    let confirmation = bearer(content, expectation)?;
    check_request(response, confirmation, expectation.request_id)?;
    let recipient = confirmation.recipient.clone().ok_or(Refusal::NoBearer)?;
    Ok(Confirmed { recipient })
}

/// The response need not name its issuer; if it does, it is the same.
pub(crate) fn check_issuer_of_response(
    response: Node<'_, '_>,
    metadata: &Metadata,
) -> Result<(), Refusal> {
    for node in tree::children(response, ASSERTION, "Issuer") {
        check_issuer("response", &issuer(node)?, metadata)?;
    }
    Ok(())
}

pub(crate) fn check_issuer(
    element: &'static str,
    found: &str,
    metadata: &Metadata,
) -> Result<(), Refusal> {
    if found == metadata.entity_id {
        return Ok(());
    }
    Err(Refusal::Issuer {
        element,
        found: found.to_owned(),
        expected: metadata.entity_id.clone(),
    })
}

fn check_destination(response: Node<'_, '_>, expectation: &Expectation<'_>) -> Result<(), Refusal> {
    match attribute(response, "Destination").map(collapsed) {
        Some(found) if !expectation.service.is_endpoint(found) => Err(Refusal::Destination {
            found: found.to_owned(),
            expected: expectation.service.endpoints(),
        }),
        _ => Ok(()),
    }
}

/// SAML core §2.5.1.4: each restriction must name us; inside one, any name is enough.
fn check_audiences(content: &Content, expectation: &Expectation<'_>) -> Result<(), Refusal> {
    let service = expectation.service;
    if content.audiences.is_empty() {
        return Err(Refusal::Missing("AudienceRestriction"));
    }
    for audiences in &content.audiences {
        if !audiences.iter().any(|one| service.is_audience(one)) {
            return Err(Refusal::Audience {
                found: audiences.clone(),
                expected: service.audiences(),
            });
        }
    }
    Ok(())
}

fn check_times(content: &Content, now: i64) -> Result<(), Refusal> {
    not_before("IssueInstant", Some(content.issued_at), now)?;
    if now > content.issued_at.saturating_add(REDEEM_S) {
        return Err(Refusal::TooOld {
            issued_at: content.issued_at,
            now,
        });
    }
    not_before("NotBefore", content.not_before, now)?;
    not_on_or_after("NotOnOrAfter", content.not_on_or_after, now)?;
    not_on_or_after("SessionNotOnOrAfter", content.session_end, now)
}

fn not_before(attribute: &'static str, start: Option<i64>, now: i64) -> Result<(), Refusal> {
    match start {
        Some(start) if now.saturating_add(CLOCK_SKEW_S) < start => Err(Refusal::NotYetValid {
            attribute,
            start,
            now,
        }),
        _ => Ok(()),
    }
}

fn not_on_or_after(attribute: &'static str, end: Option<i64>, now: i64) -> Result<(), Refusal> {
    match end {
        Some(end) if now >= end => Err(Refusal::Expired {
            attribute,
            end,
            now,
        }),
        _ => Ok(()),
    }
}

/// SAML profiles §4.1.4.3: whoever bears the assertion is its subject if one confirmation
/// says so, and says where and until when.
fn bearer<'a>(
    content: &'a Content,
    expectation: &Expectation<'_>,
) -> Result<&'a Confirmation, Refusal> {
    let mut refusal = Refusal::NoBearer;
    for confirmation in &content.confirmations {
        if confirmation.method != BEARER {
            continue;
        }
        match check_bearer(confirmation, expectation) {
            Ok(()) => return Ok(confirmation),
            Err(found) => refusal = found,
        }
    }
    Err(refusal)
}

fn check_bearer(confirmation: &Confirmation, expectation: &Expectation<'_>) -> Result<(), Refusal> {
    let (Some(recipient), Some(end)) = (&confirmation.recipient, confirmation.not_on_or_after)
    else {
        return Err(Refusal::NoBearer);
    };
    if !expectation.service.is_endpoint(recipient) {
        return Err(Refusal::Recipient {
            found: recipient.clone(),
            expected: expectation.service.endpoints(),
        });
    }
    not_before(
        "SubjectConfirmationData NotBefore",
        confirmation.not_before,
        expectation.now,
    )?;
    not_on_or_after(
        "SubjectConfirmationData NotOnOrAfter",
        Some(end),
        expectation.now,
    )
}

/// What we asked for answers what we asked. What we did not ask for at least says the same in
/// both places.
fn check_request(
    response: Node<'_, '_>,
    confirmation: &Confirmation,
    expected: Option<&str>,
) -> Result<(), Refusal> {
    let outer = attribute(response, "InResponseTo");
    let inner = confirmation.in_response_to.as_deref();
    let fits = match expected {
        Some(id) => inner == Some(id) && outer.is_none_or(|outer| outer == id),
        None => match (outer, inner) {
            (Some(outer), Some(inner)) => outer == inner,
            _ => true,
        },
    };
    if fits {
        return Ok(());
    }
    Err(Refusal::InResponseTo {
        found: inner.or(outer).map(str::to_owned),
        expected: expected.or(outer).map(str::to_owned),
    })
}
