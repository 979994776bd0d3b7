//! Canonical forms, word for word as the specifications have them.

use crate::canonical::{Canonical, Method};

fn canonical(document: &str, path: &[&str], method: Method, comments: bool) -> String {
    let document = roxmltree::Document::parse(document).unwrap();
    let mut node = document.root_element();
    for name in path {
        node = node
            .children()
            .find(|child| child.tag_name().name() == *name)
            .unwrap();
    }
    let form = Canonical {
        method,
        comments,
        without: None,
    };
    String::from_utf8(form.write(node)).unwrap()
}

fn exclusive(prefixes: &[&str]) -> Method {
    Method::Exclusive(prefixes.iter().map(|prefix| (*prefix).to_owned()).collect())
}

/// Exclusive XML Canonicalization §2.2, its own example.
#[test]
fn exclusive_form_leaves_out_what_is_not_used() {
    let document = r#"<n0:pdu xmlns:n0="http://a.example" xmlns:n1="http://b.example" xml:lang="en" xml:space="retain"><n1:elem2 xmlns:n1="http://b.example" xml:lang="en"><n3:stuff xmlns:n3="ftp://example.org"/></n1:elem2></n0:pdu>"#;
    assert_eq!(
        canonical(document, &["elem2"], exclusive(&[]), false),
        r#"<n1:elem2 xmlns:n1="http://b.example" xml:lang="en"><n3:stuff xmlns:n3="ftp://example.org"></n3:stuff></n1:elem2>"#
    );
    assert_eq!(
        canonical(document, &["elem2"], Method::Inclusive, false),
        r#"<n1:elem2 xmlns:n0="http://a.example" xmlns:n1="http://b.example" xml:lang="en" xml:space="retain"><n3:stuff xmlns:n3="ftp://example.org"></n3:stuff></n1:elem2>"#
    );
}

#[test]
fn listed_prefixes_are_written_where_they_are_in_scope() {
    let document = r#"<a xmlns="urn:d" xmlns:x="urn:x" xmlns:y="urn:y"><b><c/></b></a>"#;
    assert_eq!(
        canonical(document, &["b"], exclusive(&["x", "nowhere"]), false),
        r#"<b xmlns="urn:d" xmlns:x="urn:x"><c></c></b>"#
    );
    let prefixed = r#"<p:a xmlns="urn:d" xmlns:p="urn:p"><p:b><p:c/></p:b></p:a>"#;
    assert_eq!(
        canonical(prefixed, &["b"], exclusive(&[""]), false),
        r#"<p:b xmlns="urn:d" xmlns:p="urn:p"><p:c></p:c></p:b>"#
    );
}

#[test]
fn default_namespaces_are_taken_back() {
    let document = r#"<a xmlns="urn:d"><b xmlns=""><c xmlns="urn:e"/></b></a>"#;
    for method in [exclusive(&[]), Method::Inclusive] {
        assert_eq!(
            canonical(document, &[], method, false),
            r#"<a xmlns="urn:d"><b xmlns=""><c xmlns="urn:e"></c></b></a>"#
        );
    }
    assert_eq!(
        canonical(document, &["b"], exclusive(&[]), false),
        r#"<b><c xmlns="urn:e"></c></b>"#
    );
}

/// Canonical XML §3.3 and §3.4: order of attributes, characters, white space.
#[test]
fn attributes_and_characters_are_written_one_way() {
    let document = "<e  b='2' a='1'\n x:c='3' xmlns:x='urn:a' y:c='4' xmlns:y='urn:b' t=\"a\tb&#9;c&#xA;d&#13;&quot;'&lt;>\">1 &lt; 2 &gt; &amp; &#xD;\"<![CDATA[<x>]]></e>";
    assert_eq!(
        canonical(document, &[], exclusive(&[]), false),
        "<e xmlns:x=\"urn:a\" xmlns:y=\"urn:b\" a=\"1\" b=\"2\" t=\"a b&#x9;c&#xA;d&#xD;&quot;'&lt;>\" x:c=\"3\" y:c=\"4\">1 &lt; 2 &gt; &amp; &#xD;\"&lt;x&gt;</e>"
    );
}

#[test]
fn comments_are_written_where_they_are_asked_for() {
    let document = "<a>x<!-- c -->y</a>";
    assert_eq!(canonical(document, &[], exclusive(&[]), false), "<a>xy</a>");
    assert_eq!(canonical(document, &[], exclusive(&[]), true), document);
}
