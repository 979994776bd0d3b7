//! Documents that S3 reads more leniently than the parsing library: names with a prefix, and
//! booleans in whatever spelling.

use bytes::Bytes;
use quick_xml::Reader;
use quick_xml::events::Event;

/// Subresources whose documents S3 was seen to read so.
const SUBRESOURCES: &[&str] = &["encryption", "ownershipControls", "publicAccessBlock"];

/// Elements that hold a boolean.
const BOOLEANS: &[&[u8]] = &[
    b"BlockPublicAcls",
    b"BlockPublicPolicy",
    b"BucketKeyEnabled",
    b"IgnorePublicAcls",
    b"RestrictPublicBuckets",
];

/// The document as the library reads it. What is not well-formed stays as it is, to be refused.
pub(crate) fn settle(document: Bytes, subresource: Option<&str>) -> Bytes {
    if !subresource.is_some_and(|name| SUBRESOURCES.contains(&name)) {
        return document;
    }
    match rewrite(&document) {
        Some(settled) => Bytes::from(settled),
        None => document,
    }
}

fn rewrite(document: &[u8]) -> Option<Vec<u8>> {
    let mut reader = Reader::from_reader(document);
    let mut settled = Vec::with_capacity(document.len());
    // The text of the boolean that is being read.
    let mut boolean: Option<String> = None;
    loop {
        let from = usize::try_from(reader.buffer_position()).ok()?;
        let event = reader.read_event().ok()?;
        let to = usize::try_from(reader.buffer_position()).ok()?;
        let raw = document.get(from..to)?;
        match (&event, &mut boolean) {
            (Event::Eof, None) => return Some(settled),
            (Event::Text(text), Some(said)) => said.push_str(&text.decode().ok()?),
            (Event::Comment(_), Some(_)) => {}
            (Event::End(end), said) => {
                if let Some(said) = said.take() {
                    settled.extend_from_slice(spelled(&said));
                }
                settled.extend_from_slice(b"</");
                settled.extend_from_slice(end.local_name().as_ref());
                settled.push(b'>');
            }
            (Event::Start(start), None) => {
                let name = start.local_name();
                open(&mut settled, raw, start.name().as_ref(), name.as_ref())?;
                boolean = BOOLEANS.contains(&name.as_ref()).then(String::new);
            }
            (Event::Empty(empty), None) => {
                let name = empty.local_name();
                if BOOLEANS.contains(&name.as_ref()) {
                    for part in [
                        b"<".as_slice(),
                        name.as_ref(),
                        b">false</",
                        name.as_ref(),
                        b">",
                    ] {
                        settled.extend_from_slice(part);
                    }
                } else {
                    open(&mut settled, raw, empty.name().as_ref(), name.as_ref())?;
                }
            }
            (_, None) => settled.extend_from_slice(raw),
            // Nothing else belongs into a boolean.
            (_, Some(_)) => return None,
        }
    }
}

/// Writes a tag with its name alone.
fn open(settled: &mut Vec<u8>, raw: &[u8], name: &[u8], local: &[u8]) -> Option<()> {
    settled.push(b'<');
    settled.extend_from_slice(local);
    settled.extend_from_slice(raw.strip_prefix(b"<")?.strip_prefix(name)?);
    Some(())
}

/// As recorded from AWS, what is not true is false.
fn spelled(said: &str) -> &'static [u8] {
    let said = said.trim();
    match said.eq_ignore_ascii_case("true") || said == "1" {
        true => b"true",
        false => b"false",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settled(document: &str) -> String {
        let settled = settle(Bytes::from(document.to_owned()), Some("publicAccessBlock"));
        String::from_utf8(settled.to_vec()).unwrap()
    }

    #[test]
    fn booleans_are_read_as_recorded_from_aws() {
        for (said, is) in [
            ("true", true),
            ("TRUE", true),
            ("True", true),
            (" true ", true),
            ("\tTRUE\n", true),
            ("1", true),
            ("\n1\t", true),
            ("false", false),
            ("0", false),
            ("2", false),
            ("", false),
            ("   ", false),
            (" true\nfalse ", false),
        ] {
            assert_eq!(
                settled(&format!("<A><BlockPublicAcls>{said}</BlockPublicAcls></A>")),
                format!("<A><BlockPublicAcls>{is}</BlockPublicAcls></A>"),
                "{said:?}"
            );
        }
        assert_eq!(
            settled("<A><BlockPublicAcls/></A>"),
            "<A><BlockPublicAcls>false</BlockPublicAcls></A>"
        );
    }

    #[test]
    fn prefixes_do_not_matter() {
        assert_eq!(
            settled("<s:A xmlns:s=\"urn:x\"><s:B c=\"d\">1</s:B><s:E/></s:A>"),
            "<A xmlns:s=\"urn:x\"><B c=\"d\">1</B><E/></A>"
        );
    }

    #[test]
    fn what_is_no_boolean_or_no_document_stays_as_it_is() {
        for document in [
            "<A><BlockPublicAcls><x>true</x></BlockPublicAcls></A>",
            "<A><BlockPublicAcls>&#116;rue</BlockPublicAcls></A>",
            "<A><BlockPublicAcls>true</A>",
            "<A><BlockPublicAcls>true",
        ] {
            assert_eq!(settled(document), document);
        }
        let other = Bytes::from_static(b"<s:A/>");
        assert_eq!(settle(other.clone(), Some("tagging")), other);
    }
}
