//! A document read strictly, and the few ways in which we look at it.

use roxmltree::{Document, Node, ParsingOptions};

use crate::prepass::{Bounds, prepass};
use crate::refusal::XmlFault;

/// SAML's assertions.
pub(crate) const ASSERTION: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
/// SAML's protocol messages.
pub(crate) const PROTOCOL: &str = "urn:oasis:names:tc:SAML:2.0:protocol";
/// SAML's metadata.
pub(crate) const METADATA: &str = "urn:oasis:names:tc:SAML:2.0:metadata";
/// XML Signature.
pub(crate) const SIGNATURE: &str = "http://www.w3.org/2000/09/xmldsig#";
/// XML Encryption.
pub(crate) const ENCRYPTION: &str = "http://www.w3.org/2001/04/xmlenc#";
/// XML Encryption 1.1.
pub(crate) const ENCRYPTION_11: &str = "http://www.w3.org/2009/xmlenc11#";
/// What exclusive canonicalization adds to its transforms.
pub(crate) const EXCLUSIVE: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";

/// Text that the first look found fit to be parsed.
pub(crate) struct Looked(String);

impl Looked {
    /// Takes the first look.
    pub(crate) fn new(bytes: &[u8], bounds: &Bounds) -> Result<Looked, XmlFault> {
        prepass(bytes, bounds).map(Looked)
    }

    /// Builds the tree. The parser knows no document types, and checks what the first look
    /// did not: names, characters, namespaces.
    pub(crate) fn parse(&self) -> Result<Document<'_>, XmlFault> {
        let options = ParsingOptions {
            allow_dtd: false,
            ..ParsingOptions::default()
        };
        Document::parse_with_options(&self.0, options)
            .map_err(|error| XmlFault::Malformed(error.to_string()))
    }
}

/// Whether the node is this element of this namespace.
pub(crate) fn is(node: Node<'_, '_>, namespace: &str, name: &str) -> bool {
    node.is_element()
        && node.tag_name().name() == name
        && node.tag_name().namespace() == Some(namespace)
}

/// The child elements of this name.
pub(crate) fn children<'a, 'input>(
    node: Node<'a, 'input>,
    namespace: &'static str,
    name: &'static str,
) -> impl Iterator<Item = Node<'a, 'input>> {
    node.children()
        .filter(move |child| is(*child, namespace, name))
}

/// The first child element of this name.
pub(crate) fn child<'a, 'input>(
    node: Node<'a, 'input>,
    namespace: &'static str,
    name: &'static str,
) -> Option<Node<'a, 'input>> {
    children(node, namespace, name).next()
}

/// All text of the element: comments inside do not cut it off.
pub(crate) fn text(node: Node<'_, '_>) -> String {
    node.children()
        .filter(roxmltree::Node::is_text)
        .filter_map(|child| child.text())
        .collect()
}

/// An attribute without a prefix.
pub(crate) fn attribute<'a>(node: Node<'a, '_>, name: &str) -> Option<&'a str> {
    node.attributes()
        .find(|attribute| attribute.namespace().is_none() && attribute.name() == name)
        .map(|attribute| attribute.value())
}

/// The text of an element of base64: nothing inside but text and blanks.
pub(crate) fn base64_text(node: Node<'_, '_>) -> Option<Vec<u8>> {
    if node.children().any(|child| !child.is_text()) {
        return None;
    }
    decode_base64(&text(node))
}

/// Base64 of the standard alphabet, padded; blanks do not count (XML Schema §3.2.16).
pub(crate) fn decode_base64(text: &str) -> Option<Vec<u8>> {
    use base64::Engine as _;
    let compact: String = text
        .chars()
        .filter(|c| !matches!(c, ' ' | '\t' | '\n' | '\r'))
        .collect();
    base64::prelude::BASE64_STANDARD.decode(compact).ok()
}

/// The blanks of XML around a value of a type that collapses them, as URIs do.
pub(crate) fn collapsed(text: &str) -> &str {
    text.trim_matches([' ', '\t', '\n', '\r'])
}
