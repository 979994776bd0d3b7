//! Enveloped signatures: who signed which element, and what are the bytes that were signed.
//!
//! What is signed is described by `SignedInfo`. It is canonicalized and verified first, and
//! then read from the very bytes that were verified.

use roxmltree::Node;
use subtle::ConstantTimeEq as _;

use crate::algorithm::{Hash, Sha1, SignatureMethod};
use crate::canonical::{Canonical, Method};
use crate::certificate::Certificate;
use crate::prepass::CANONICAL;
use crate::refusal::Refusal;
use crate::tree::{self, EXCLUSIVE, Looked, SIGNATURE, attribute, base64_text, is};

const ENVELOPED: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";

/// The most prefixes that a canonicalization may list: each is looked at for each element.
const PREFIXES_MAX: usize = 64;

/// An element that may be signed.
pub(crate) struct Signable<'a, 'input> {
    /// The element: a response or an assertion.
    pub element: Node<'a, 'input>,
    /// What it is called.
    pub name: &'static str,
}

/// What was signed, and by whom.
pub(crate) struct Signed {
    /// The canonical bytes that were hashed.
    pub bytes: Vec<u8>,
    /// Which of the certificates verified it.
    pub certificate: usize,
}

impl Signable<'_, '_> {
    /// The bytes of the element that its signature vouches for; nothing if it has no
    /// signature.
    pub(crate) fn signed(
        &self,
        certificates: &[Certificate],
        sha1: Sha1,
    ) -> Result<Option<Signed>, Refusal> {
        let mut signatures = tree::children(self.element, SIGNATURE, "Signature");
        let Some(signature) = signatures.next() else {
            return Ok(None);
        };
        if signatures.next().is_some() {
            return Err(Refusal::SeveralSignatures(self.name));
        }
        let (signed_info, value) = parts(signature)?;
        let canonical = canonicalization(signed_info)?.write(signed_info);
        let looked = Looked::new(&canonical, &CANONICAL)?;
        let document = looked.parse()?;
        let info = SignedInfo::read(document.root_element(), sha1)?;

        let certificate = certificates
            .iter()
            .position(|one| info.method.verifies(&one.key, &canonical, &value))
            .ok_or(Refusal::WrongSignature(self.name))?;

        let id = attribute(self.element, "ID").unwrap_or_default();
        if id.is_empty() {
            return Err(Refusal::MissingId(self.name));
        }
        if info.uri.strip_prefix('#') != Some(id) {
            return Err(Refusal::Reference {
                found: info.uri,
                expected: id.to_owned(),
            });
        }
        let content = Canonical {
            method: info.content,
            // A reference by ID never includes comments (XMLDSig §4.4.3.3).
            comments: false,
            without: Some(signature.id()),
        };
        let bytes = content.write(self.element);
        let digest = info.hash.of(&bytes);
        if !bool::from(digest.as_ref().ct_eq(&info.digest)) {
            return Err(Refusal::Digest(self.name));
        }
        Ok(Some(Signed { bytes, certificate }))
    }
}

/// `SignedInfo` and the value over it. There may be a `KeyInfo`; nobody reads it.
fn parts<'a, 'input>(signature: Node<'a, 'input>) -> Result<(Node<'a, 'input>, Vec<u8>), Refusal> {
    let form = Refusal::SignatureForm;
    let mut children = signature.children().filter(Node::is_element);
    let info = children
        .next()
        .filter(|child| is(*child, SIGNATURE, "SignedInfo"))
        .ok_or(form("it does not begin with SignedInfo"))?;
    let value = children
        .next()
        .filter(|child| is(*child, SIGNATURE, "SignatureValue"))
        .ok_or(form("SignedInfo is not followed by SignatureValue"))?;
    let mut rest: Vec<_> = children.collect();
    rest.retain(|child| !is(*child, SIGNATURE, "KeyInfo"));
    if !rest.is_empty() {
        return Err(form(
            "it holds more than SignedInfo, SignatureValue and KeyInfo",
        ));
    }
    if info.descendants().any(|node| node.is_comment()) {
        return Err(form("there is a comment in SignedInfo"));
    }
    let value = base64_text(value).ok_or(form("SignatureValue is not base64"))?;
    Ok((info, value))
}

/// How `SignedInfo` itself is canonicalized.
fn canonicalization(signed_info: Node<'_, '_>) -> Result<Canonical, Refusal> {
    let method = tree::child(signed_info, SIGNATURE, "CanonicalizationMethod").ok_or(
        Refusal::SignatureForm("SignedInfo has no CanonicalizationMethod"),
    )?;
    let name = algorithm(method)?;
    let method = canonical_method(method, &name)?.ok_or(Refusal::Canonicalization(name))?;
    Ok(Canonical {
        method,
        comments: false,
        without: None,
    })
}

/// What `SignedInfo` says.
struct SignedInfo {
    method: SignatureMethod,
    uri: String,
    content: Method,
    hash: Hash,
    digest: Vec<u8>,
}

impl SignedInfo {
    fn read(info: Node<'_, '_>, sha1: Sha1) -> Result<SignedInfo, Refusal> {
        let form = Refusal::SignatureForm;
        let [canonicalization, method, reference] = exactly(
            info,
            ["CanonicalizationMethod", "SignatureMethod", "Reference"],
            "SignedInfo does not hold exactly its three parts, with one reference",
        )?;
        let name = algorithm(canonicalization)?;
        canonical_method(canonicalization, &name)?.ok_or(Refusal::Canonicalization(name))?;
        if method.first_element_child().is_some() {
            return Err(form("SignatureMethod has parameters"));
        }
        let method = SignatureMethod::named(&algorithm(method)?, sha1)?;
        let uri = attribute(reference, "URI").ok_or(form("the reference has no URI"))?;
        let [transforms, hash, digest] = exactly(
            reference,
            ["Transforms", "DigestMethod", "DigestValue"],
            "the reference does not hold exactly its three parts",
        )?;
        if hash.first_element_child().is_some() {
            return Err(form("DigestMethod has parameters"));
        }
        Ok(SignedInfo {
            method,
            uri: uri.to_owned(),
            content: content_method(transforms)?,
            hash: Hash::named(&algorithm(hash)?, sha1)?,
            digest: base64_text(digest).ok_or(form("DigestValue is not base64"))?,
        })
    }
}

/// The child elements, which must be these.
fn exactly<'a, 'input, const N: usize>(
    node: Node<'a, 'input>,
    names: [&'static str; N],
    otherwise: &'static str,
) -> Result<[Node<'a, 'input>; N], Refusal> {
    let children: Vec<_> = node.children().filter(Node::is_element).collect();
    let fits = children
        .iter()
        .zip(names)
        .all(|(child, name)| is(*child, SIGNATURE, name));
    match <[Node<'a, 'input>; N]>::try_from(children) {
        Ok(children) if fits => Ok(children),
        _ => Err(Refusal::SignatureForm(otherwise)),
    }
}

fn algorithm(node: Node<'_, '_>) -> Result<String, Refusal> {
    attribute(node, "Algorithm")
        .map(str::to_owned)
        .ok_or(Refusal::SignatureForm("an algorithm is not named"))
}

/// The transforms that SAML allows (SAML core §5.4.4): the signature is taken out, and then
/// the rest is canonicalized.
fn content_method(transforms: Node<'_, '_>) -> Result<Method, Refusal> {
    let form = Refusal::SignatureForm;
    let mut steps = transforms.children().filter(Node::is_element);
    let first = steps.next().ok_or(form("there are no transforms"))?;
    let name = algorithm(first)?;
    if !is(first, SIGNATURE, "Transform") || name != ENVELOPED {
        return Err(Refusal::Transform(name));
    }
    if first.first_element_child().is_some() {
        return Err(form("the enveloped-signature transform has parameters"));
    }
    let Some(second) = steps.next() else {
        // What is not canonicalized by a transform is canonicalized inclusively (XMLDSig
        // §4.4.3.2).
        return Ok(Method::Inclusive);
    };
    let name = algorithm(second)?;
    if !is(second, SIGNATURE, "Transform") {
        return Err(Refusal::Transform(name));
    }
    let method = canonical_method(second, &name)?.ok_or(Refusal::Transform(name))?;
    match steps.next() {
        None => Ok(method),
        Some(third) => Err(Refusal::Transform(algorithm(third)?)),
    }
}

/// The canonical form of this name, or nothing if the name is of none that we write.
///
/// The forms with comments differ in comments alone, and there are none: `SignedInfo` must
/// not hold any, and a reference by ID leaves them out.
fn canonical_method(node: Node<'_, '_>, name: &str) -> Result<Option<Method>, Refusal> {
    let prefixes = prefixes(node)?;
    Ok(match name {
        "http://www.w3.org/2001/10/xml-exc-c14n#"
        | "http://www.w3.org/2001/10/xml-exc-c14n#WithComments" => {
            Some(Method::Exclusive(prefixes.unwrap_or_default()))
        }
        "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
        | "http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments"
            if prefixes.is_none() =>
        {
            Some(Method::Inclusive)
        }
        _ => None,
    })
}

/// The prefixes of `InclusiveNamespaces`, the only parameter that there may be.
fn prefixes(node: Node<'_, '_>) -> Result<Option<Vec<String>>, Refusal> {
    let mut children = node.children().filter(Node::is_element);
    let Some(child) = children.next() else {
        return Ok(None);
    };
    let list = attribute(child, "PrefixList");
    match list {
        Some(list) if is(child, EXCLUSIVE, "InclusiveNamespaces") && children.next().is_none() => {
            let prefix = |word: &str| match word {
                "#default" => String::new(),
                word => word.to_owned(),
            };
            let prefixes: Vec<String> = list.split_ascii_whitespace().map(prefix).collect();
            if prefixes.len() > PREFIXES_MAX {
                return Err(Refusal::SignatureForm("too many prefixes are listed"));
            }
            Ok(Some(prefixes))
        }
        _ => Err(Refusal::SignatureForm(
            "a canonicalization has parameters that are not a list of prefixes",
        )),
    }
}
