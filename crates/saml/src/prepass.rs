//! The first look: is this XML that a careful reader may take in its hands?
//!
//! Everything that has made parsers disagree or run away is refused here, before a tree is
//! built: document types, processing instructions, entities of the document's own, other
//! encodings, more names, depth or namespaces than any real message has.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use crate::refusal::XmlFault;

/// How much of everything a document may have.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// Bytes of the whole document.
    pub bytes_max: usize,
    /// Elements inside each other.
    pub depth_max: usize,
    /// Elements altogether.
    pub elements_max: usize,
    /// Attributes of one element, namespace declarations included.
    pub attributes_max: usize,
    /// Namespace declarations that are open at the same time. Their number and the depth
    /// bound what the tree costs.
    pub namespaces_max: usize,
}

/// A response may be 100,000 characters of base64 (STS's model); what an encrypted assertion
/// opens to is not longer.
pub(crate) const RESPONSE: Bounds = Bounds {
    bytes_max: 100_000,
    depth_max: 32,
    elements_max: 8_000,
    attributes_max: 32,
    namespaces_max: 64,
};

/// The canonical form of a response names namespaces again wherever they are used, so it may be
/// a few times longer.
pub(crate) const CANONICAL: Bounds = Bounds {
    bytes_max: 400_000,
    ..RESPONSE
};

/// Metadata may be 10,000,000 characters (IAM's model).
pub(crate) const METADATA: Bounds = Bounds {
    bytes_max: 10_000_000,
    depth_max: 32,
    elements_max: 200_000,
    attributes_max: 64,
    namespaces_max: 64,
};

/// The longest name of an element or attribute, prefix included, in bytes.
const NAME_BYTES_MAX: usize = 256;

/// Checks the bytes, and gives them as text whose lines end in `\n` alone, which is what an
/// XML parser has to make of them before all else (XML 1.0 §2.11).
pub(crate) fn prepass(bytes: &[u8], bounds: &Bounds) -> Result<String, XmlFault> {
    if bytes.len() > bounds.bytes_max {
        return Err(XmlFault::TooLarge {
            bytes: bytes.len(),
            bytes_max: bounds.bytes_max,
        });
    }
    let text = std::str::from_utf8(bytes).map_err(|_| XmlFault::NotUtf8)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    Look::over(&text, bounds)?;
    Ok(text)
}

/// What the look has seen so far.
struct Look<'a> {
    bounds: &'a Bounds,
    /// Namespace declarations of each open element.
    open: Vec<usize>,
    namespaces: usize,
    elements: usize,
}

impl Look<'_> {
    fn over(text: &str, bounds: &Bounds) -> Result<(), XmlFault> {
        let mut look = Look {
            bounds,
            open: Vec::new(),
            namespaces: 0,
            elements: 0,
        };
        let mut reader = Reader::from_str(text);
        reader.config_mut().check_end_names = true;
        let mut is_first = true;
        loop {
            let event = reader
                .read_event()
                .map_err(|error| XmlFault::Malformed(error.to_string()))?;
            match event {
                Event::Start(start) => look.enter(&start)?,
                Event::Empty(start) => {
                    look.enter(&start)?;
                    look.leave();
                }
                Event::End(_) => look.leave(),
                Event::DocType(_) => return Err(XmlFault::DocumentType),
                Event::PI(_) => return Err(XmlFault::ProcessingInstruction),
                Event::Decl(declaration) => {
                    if !is_first {
                        return Err(XmlFault::ProcessingInstruction);
                    }
                    check_encoding(&declaration)?;
                }
                Event::GeneralRef(reference) => check_reference(&reference)?,
                Event::Text(_) | Event::CData(_) | Event::Comment(_) => {}
                Event::Eof => return Ok(()),
            }
            is_first = false;
        }
    }

    fn enter(&mut self, start: &BytesStart<'_>) -> Result<(), XmlFault> {
        self.elements += 1;
        if self.elements > self.bounds.elements_max {
            return Err(XmlFault::TooManyElements);
        }
        if self.open.len() >= self.bounds.depth_max {
            return Err(XmlFault::TooDeep);
        }
        check_name(start.name().as_ref())?;
        let mut attributes = 0;
        let mut declared = 0;
        for attribute in start.attributes().with_checks(true) {
            let attribute = attribute.map_err(|error| XmlFault::Malformed(error.to_string()))?;
            attributes += 1;
            if attributes > self.bounds.attributes_max {
                return Err(XmlFault::TooManyAttributes);
            }
            let name = attribute.key.as_ref();
            check_name(name)?;
            check_references(&attribute.value)?;
            if name == b"xmlns" || name.starts_with(b"xmlns:") {
                declared += 1;
                check_namespace(&attribute.value)?;
                check_prefix(name, &attribute.value)?;
            }
        }
        self.namespaces += declared;
        if self.namespaces > self.bounds.namespaces_max {
            return Err(XmlFault::TooManyNamespaces);
        }
        self.open.push(declared);
        Ok(())
    }

    fn leave(&mut self) {
        let declared = self.open.pop().unwrap_or_default();
        self.namespaces = self.namespaces.saturating_sub(declared);
    }
}

fn check_encoding(declaration: &quick_xml::events::BytesDecl<'_>) -> Result<(), XmlFault> {
    let malformed = |error: quick_xml::Error| XmlFault::Malformed(error.to_string());
    let version = declaration.version().map_err(malformed)?;
    if version.as_ref() != b"1.0" {
        return Err(XmlFault::Malformed("it is not XML 1.0".to_owned()));
    }
    match declaration.encoding() {
        None => Ok(()),
        Some(Ok(name)) if name.eq_ignore_ascii_case(b"utf-8") => Ok(()),
        Some(_) => Err(XmlFault::NotUtf8),
    }
}

fn check_name(name: &[u8]) -> Result<(), XmlFault> {
    if name.len() > NAME_BYTES_MAX {
        return Err(XmlFault::LongName);
    }
    Ok(())
}

/// A namespace is an absolute URI: canonicalization fails on a relative one (C14N 1.0 §1.3),
/// and libraries have hashed the empty result of that failure.
fn check_namespace(uri: &[u8]) -> Result<(), XmlFault> {
    let is_scheme = |scheme: &[u8]| {
        scheme.first().is_some_and(u8::is_ascii_alphabetic)
            && scheme
                .iter()
                .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(byte))
    };
    let colon = uri.iter().position(|byte| *byte == b':');
    let scheme = colon.and_then(|at| uri.get(..at));
    if uri.is_empty() || scheme.is_some_and(is_scheme) {
        return Ok(());
    }
    Err(XmlFault::RelativeNamespace(
        String::from_utf8_lossy(uri).into_owned(),
    ))
}

/// Prefixes that mean something by themselves are not given another meaning, and no prefix is
/// taken back (Namespaces in XML 1.0 §3, §6.1).
fn check_prefix(name: &[u8], uri: &[u8]) -> Result<(), XmlFault> {
    const XML: &[u8] = b"http://www.w3.org/XML/1998/namespace";
    const XMLNS: &[u8] = b"http://www.w3.org/2000/xmlns/";
    let prefix = name.strip_prefix(b"xmlns:");
    let is_fit = match prefix {
        Some(b"xmlns" | b"") => false,
        Some(b"xml") => uri == XML,
        Some(_) => !uri.is_empty() && uri != XML && uri != XMLNS,
        None => uri != XML && uri != XMLNS,
    };
    if is_fit {
        return Ok(());
    }
    let name = String::from_utf8_lossy(name);
    Err(XmlFault::Malformed(format!(
        "`{name}` must not be declared so"
    )))
}

/// The entities that every parser knows, and characters by number.
fn check_reference(name: &[u8]) -> Result<(), XmlFault> {
    let is_number = |digits: &[u8], is_digit: fn(&u8) -> bool| {
        !digits.is_empty() && digits.len() <= 8 && digits.iter().all(is_digit)
    };
    let is_known = match name {
        b"lt" | b"gt" | b"amp" | b"apos" | b"quot" => true,
        [b'#', b'x', digits @ ..] => is_number(digits, u8::is_ascii_hexdigit),
        [b'#', digits @ ..] => is_number(digits, u8::is_ascii_digit),
        _ => false,
    };
    if is_known {
        return Ok(());
    }
    Err(XmlFault::Entity(String::from_utf8_lossy(name).into_owned()))
}

/// The same for an attribute's value.
fn check_references(value: &[u8]) -> Result<(), XmlFault> {
    for part in value.split(|byte| *byte == b'&').skip(1) {
        let end = part.iter().position(|byte| *byte == b';');
        let name = end.and_then(|end| part.get(..end)).unwrap_or(part);
        check_reference(name)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str) -> XmlFault {
        prepass(text.as_bytes(), &RESPONSE).unwrap_err()
    }

    #[test]
    fn plain_documents_pass_and_lines_end_alike() {
        let text =
            "\u{feff}<?xml version=\"1.0\" encoding=\"utf-8\"?>\r\n<a b='&amp;&#x41;'>\r&lt;</a>";
        assert_eq!(
            prepass(text.as_bytes(), &RESPONSE).unwrap(),
            "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<a b='&amp;&#x41;'>\n&lt;</a>"
        );
    }

    #[test]
    fn document_types_are_refused_wherever_they_stand() {
        for text in [
            "<!DOCTYPE a><a/>",
            "<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>",
            "<!DOCTYPE a SYSTEM 'http://127.0.0.1/x.dtd'><a/>",
            "<!-- c --><!DOCTYPE a><a/>",
        ] {
            assert!(matches!(fault(text), XmlFault::DocumentType), "{text}");
        }
    }

    #[test]
    fn what_the_parser_would_have_to_obey_is_refused() {
        assert!(matches!(
            fault("<?xml-stylesheet href='x'?><a/>"),
            XmlFault::ProcessingInstruction
        ));
        assert!(matches!(
            fault("<a><?x y?></a>"),
            XmlFault::ProcessingInstruction
        ));
        assert!(matches!(fault("<a>&own;</a>"), XmlFault::Entity(name) if name == "own"));
        assert!(matches!(fault("<a b='&own;'/>"), XmlFault::Entity(name) if name == "own"));
        assert!(matches!(
            fault("<?xml version='1.0' encoding='utf-16'?><a/>"),
            XmlFault::NotUtf8
        ));
        assert!(matches!(
            prepass(b"<a>\xff</a>", &RESPONSE).unwrap_err(),
            XmlFault::NotUtf8
        ));
    }

    #[test]
    fn relative_namespaces_are_refused() {
        for text in [
            "<a xmlns='b'/>",
            "<a xmlns:x='./ns'/>",
            "<a xmlns:x='1:x'/>",
        ] {
            assert!(
                matches!(fault(text), XmlFault::RelativeNamespace(_)),
                "{text}"
            );
        }
        prepass(b"<a xmlns='urn:a'><b xmlns=''/></a>", &RESPONSE).unwrap();
    }

    #[test]
    fn everything_is_bounded() {
        let deep = format!("{}{}", "<a>".repeat(33), "</a>".repeat(33));
        assert!(matches!(fault(&deep), XmlFault::TooDeep));
        let wide = format!("<a>{}</a>", "<b/>".repeat(8_000));
        assert!(matches!(fault(&wide), XmlFault::TooManyElements));
        let attributes: String = (0..33).map(|n| format!(" a{n}=''")).collect();
        assert!(matches!(
            fault(&format!("<a{attributes}/>")),
            XmlFault::TooManyAttributes
        ));
        let nested: String = (0..22)
            .map(|n| format!("<a xmlns:a{n}='urn:1' xmlns:b{n}='urn:1' xmlns:c{n}='urn:1'>"))
            .collect();
        assert!(matches!(fault(&nested), XmlFault::TooManyNamespaces));
        assert!(matches!(
            fault(&format!("<{}/>", "a".repeat(257))),
            XmlFault::LongName
        ));
        assert!(matches!(
            fault(&format!("<a>{}</a>", "x".repeat(100_000))),
            XmlFault::TooLarge { .. }
        ));
    }
}
