//! Requests: how we ask a provider to sign somebody in, and what we tell it of ourselves.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use crate::metadata::Metadata;
use crate::tree::{ASSERTION, METADATA, PROTOCOL};

/// How requests travel: in the address to which the browser goes (SAML bindings §3.4).
pub const REDIRECT: &str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect";
/// How responses travel: in a form that the browser posts (SAML bindings §3.5).
const POST: &str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST";

/// The most that one block of DEFLATE holds as it is (RFC 1951 §3.2.4).
const STORED_BYTES_MAX: usize = 65_535;

/// A question to a provider: who is this?
#[derive(Debug)]
pub struct AuthnRequest<'a> {
    /// Names the question; the answer says it.
    pub id: &'a str,
    /// Our name.
    pub entity_id: &'a str,
    /// Where the answer goes.
    pub answer_to: &'a str,
    /// Seconds since 1970.
    pub now: i64,
}

impl AuthnRequest<'_> {
    /// The address that carries it to the provider, if that takes requests in addresses.
    pub fn address(&self, provider: &Metadata) -> Option<String> {
        let location = provider.sign_in_by(REDIRECT)?;
        let deflated = stored(self.document(location)?.as_bytes())?;
        let mut address = url::Url::parse(location).ok()?;
        address
            .query_pairs_mut()
            .append_pair("SAMLRequest", &BASE64_STANDARD.encode(deflated));
        Some(address.into())
    }

    fn document(&self, location: &str) -> Option<String> {
        let issued_at = jiff::Timestamp::from_second(self.now).ok()?;
        let mut out = format!(
            "<samlp:AuthnRequest xmlns:samlp=\"{PROTOCOL}\" xmlns:saml=\"{ASSERTION}\" ID=\""
        );
        escape(self.id, &mut out);
        // Writing to a string does not fail.
        let _ = write!(
            out,
            "\" Version=\"2.0\" IssueInstant=\"{issued_at}\" ProtocolBinding=\"{POST}\" Destination=\""
        );
        escape(location, &mut out);
        out.push_str("\" AssertionConsumerServiceURL=\"");
        escape(self.answer_to, &mut out);
        out.push_str("\"><saml:Issuer>");
        escape(self.entity_id, &mut out);
        out.push_str("</saml:Issuer></samlp:AuthnRequest>");
        Some(out)
    }
}

/// What a provider has to know of a service: its name, and where answers go.
pub fn service_metadata(entity_id: &str, answer_to: &str) -> String {
    let mut out = format!("<md:EntityDescriptor xmlns:md=\"{METADATA}\" entityID=\"");
    escape(entity_id, &mut out);
    // Writing to a string does not fail.
    let _ = write!(
        out,
        "\"><md:SPSSODescriptor protocolSupportEnumeration=\"{PROTOCOL}\" AuthnRequestsSigned=\"false\" WantAssertionsSigned=\"true\"><md:AssertionConsumerService index=\"0\" isDefault=\"true\" Binding=\"{POST}\" Location=\""
    );
    escape(answer_to, &mut out);
    out.push_str("\"/></md:SPSSODescriptor></md:EntityDescriptor>");
    out
}

/// DEFLATE without compression: one block, as it is. A request is short, and an address is not
/// read by people.
fn stored(bytes: &[u8]) -> Option<Vec<u8>> {
    let length = u16::try_from(bytes.len().min(STORED_BYTES_MAX + 1)).ok()?;
    let mut out = vec![1];
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(&(!length).to_le_bytes());
    out.extend_from_slice(bytes);
    Some(out)
}

fn escape(text: &str, out: &mut String) {
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            _ => out.push(character),
        }
    }
}
