//! Canonical XML: the bytes that are hashed.
//!
//! Exclusive XML Canonicalization 1.0 and Canonical XML 1.0, of one element and all that is
//! in it, with or without one child left out (the enveloped signature) and with or without
//! comments. There are no processing instructions: the first look refuses them.

use std::collections::BTreeMap;

use roxmltree::{Attribute, Node, NodeId};

/// Which canonical form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Method {
    /// Canonical XML 1.0: every namespace in scope is written.
    Inclusive,
    /// Exclusive: namespaces are written where they are used; those of these prefixes as in
    /// the inclusive form. The default namespace is the empty prefix.
    Exclusive(Vec<String>),
}

/// How to write an element.
#[derive(Debug, Clone)]
pub(crate) struct Canonical {
    /// Which form.
    pub method: Method,
    /// Whether comments are written.
    pub comments: bool,
    /// A child element that is left out.
    pub without: Option<NodeId>,
}

/// The namespace of `xml:` attributes.
const XML: &str = "http://www.w3.org/XML/1998/namespace";

/// Namespaces by prefix; the default one has the empty prefix.
type Namespaces<'a> = BTreeMap<&'a str, &'a str>;

impl Canonical {
    /// Writes the element.
    pub(crate) fn write(&self, element: Node<'_, '_>) -> Vec<u8> {
        let mut out = Vec::new();
        self.element(element, &Namespaces::new(), true, &mut out);
        out
    }

    fn element(
        &self,
        element: Node<'_, '_>,
        written: &Namespaces<'_>,
        is_apex: bool,
        out: &mut Vec<u8>,
    ) {
        let name = qualified_name(element);
        let in_scope = namespaces_in_scope(element);
        let mut here = written.clone();
        let mut declarations = Namespaces::new();
        for prefix in self.candidates(element, name, &in_scope) {
            let uri = in_scope.get(prefix).copied().unwrap_or_default();
            let before = here.get(prefix).copied().unwrap_or_default();
            if uri != before {
                declarations.insert(prefix, uri);
                here.insert(prefix, uri);
            }
        }
        out.push(b'<');
        out.extend_from_slice(name.as_bytes());
        for (prefix, uri) in &declarations {
            out.extend_from_slice(if prefix.is_empty() {
                b" xmlns"
            } else {
                b" xmlns:"
            });
            out.extend_from_slice(prefix.as_bytes());
            value(uri, out);
        }
        for attribute in self.attributes(element, is_apex) {
            out.push(b' ');
            out.extend_from_slice(attribute.name.as_bytes());
            value(attribute.value, out);
        }
        out.push(b'>');
        for child in element.children() {
            if Some(child.id()) == self.without {
                continue;
            }
            if child.is_element() {
                self.element(child, &here, false, out);
            } else if child.is_comment() && self.comments {
                out.extend_from_slice(b"<!--");
                out.extend_from_slice(child.text().unwrap_or_default().as_bytes());
                out.extend_from_slice(b"-->");
            } else if child.is_text() {
                text(child.text().unwrap_or_default(), out);
            }
        }
        out.extend_from_slice(b"</");
        out.extend_from_slice(name.as_bytes());
        out.push(b'>');
    }

    /// Prefixes whose namespaces may have to be written at this element.
    fn candidates<'a>(
        &'a self,
        element: Node<'a, '_>,
        name: &'a str,
        in_scope: &Namespaces<'a>,
    ) -> Vec<&'a str> {
        match &self.method {
            // The empty prefix too, for a default namespace that is taken back.
            Method::Inclusive => in_scope.keys().copied().chain([""]).collect(),
            Method::Exclusive(listed) => {
                let mut prefixes = vec![prefix_of(name)];
                for attribute in element.attributes() {
                    let prefix = prefix_of(attribute_name(element, &attribute));
                    if !prefix.is_empty() && prefix != "xml" {
                        prefixes.push(prefix);
                    }
                }
                let listed = listed.iter().map(String::as_str);
                // A listed prefix that is not bound here says nothing, except that a default
                // namespace may be taken back.
                prefixes.extend(
                    listed.filter(|prefix| prefix.is_empty() || in_scope.contains_key(prefix)),
                );
                prefixes
            }
        }
    }

    /// Attributes in order: those without a namespace first, then by namespace and name.
    fn attributes<'a>(&self, element: Node<'a, 'a>, is_apex: bool) -> Vec<Written<'a>> {
        let mut attributes: Vec<Written<'a>> = element
            .attributes()
            .map(|attribute| Written::new(element, attribute))
            .collect();
        if is_apex && self.method == Method::Inclusive {
            inherit_xml(element, &mut attributes);
        }
        attributes.sort_by(|a, b| (a.namespace, a.local).cmp(&(b.namespace, b.local)));
        attributes
    }
}

/// An attribute as it is written.
struct Written<'a> {
    namespace: &'a str,
    local: &'a str,
    name: &'a str,
    value: &'a str,
}

impl<'a> Written<'a> {
    fn new(element: Node<'a, 'a>, attribute: Attribute<'a, 'a>) -> Written<'a> {
        Written {
            namespace: attribute.namespace().unwrap_or_default(),
            local: attribute.name(),
            name: attribute_name(element, &attribute),
            value: attribute.value(),
        }
    }
}

/// The inclusive form of a part of a document has the `xml:` attributes of what is around it
/// (Canonical XML 1.0 §2.4).
fn inherit_xml<'a>(element: Node<'a, 'a>, attributes: &mut Vec<Written<'a>>) {
    for ancestor in element.ancestors().skip(1) {
        for attribute in ancestor.attributes() {
            let is_new = attribute.namespace() == Some(XML)
                && !attributes
                    .iter()
                    .any(|own| own.namespace == XML && own.local == attribute.name());
            if is_new {
                attributes.push(Written::new(ancestor, attribute));
            }
        }
    }
}

fn namespaces_in_scope<'a>(element: Node<'a, '_>) -> Namespaces<'a> {
    element
        .namespaces()
        .map(|namespace| (namespace.name().unwrap_or_default(), namespace.uri()))
        .filter(|(prefix, _)| *prefix != "xml")
        .collect()
}

/// The name with its prefix, as the document writes it: the tree keeps names without.
fn qualified_name<'a>(element: Node<'a, '_>) -> &'a str {
    let source = element.document().input_text();
    let tag = source
        .get(element.range())
        .and_then(|tag| tag.strip_prefix('<'))
        .unwrap_or_default();
    let end = tag.find(['>', '/', ' ', '\t', '\n', '\r']);
    end.and_then(|end| tag.get(..end)).unwrap_or(tag)
}

fn attribute_name<'a>(element: Node<'a, '_>, attribute: &Attribute<'_, '_>) -> &'a str {
    let source = element.document().input_text();
    source.get(attribute.range_qname()).unwrap_or_default()
}

fn prefix_of(name: &str) -> &str {
    name.split_once(':').map_or("", |(prefix, _)| prefix)
}

fn value(value: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(b"=\"");
    for byte in value.bytes() {
        match byte {
            b'&' => out.extend_from_slice(b"&amp;"),
            b'<' => out.extend_from_slice(b"&lt;"),
            b'"' => out.extend_from_slice(b"&quot;"),
            b'\t' => out.extend_from_slice(b"&#x9;"),
            b'\n' => out.extend_from_slice(b"&#xA;"),
            b'\r' => out.extend_from_slice(b"&#xD;"),
            byte => out.push(byte),
        }
    }
    out.push(b'"');
}

fn text(text: &str, out: &mut Vec<u8>) {
    for byte in text.bytes() {
        match byte {
            b'&' => out.extend_from_slice(b"&amp;"),
            b'<' => out.extend_from_slice(b"&lt;"),
            b'>' => out.extend_from_slice(b"&gt;"),
            b'\r' => out.extend_from_slice(b"&#xD;"),
            byte => out.push(byte),
        }
    }
}
