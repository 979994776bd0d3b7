//! What an assertion says. It is read from bytes that a signature covers, and from nothing else.

use roxmltree::Node;

use crate::refusal::Refusal;
use crate::time;
use crate::tree::{self, ASSERTION, attribute, collapsed};

/// Who is spoken of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameId {
    /// The name.
    pub value: String,
    /// What kind of name, as a URI of SAML.
    pub format: String,
}

/// Something that the provider says of the person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// Its name.
    pub name: String,
    /// Its values.
    pub values: Vec<String>,
}

/// How the subject may be confirmed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Confirmation {
    pub method: String,
    pub recipient: Option<String>,
    pub not_on_or_after: Option<i64>,
    pub not_before: Option<i64>,
    pub in_response_to: Option<String>,
}

/// What an assertion says, before its conditions are checked.
#[derive(Debug)]
pub(crate) struct Content {
    pub issuer: String,
    pub issued_at: i64,
    pub subject: NameId,
    pub confirmations: Vec<Confirmation>,
    pub not_before: Option<i64>,
    pub not_on_or_after: Option<i64>,
    /// For each restriction the audiences that it allows.
    pub audiences: Vec<Vec<String>>,
    pub session_end: Option<i64>,
    pub attributes: Vec<Attribute>,
}

/// What the conditions came to.
#[derive(Debug)]
pub(crate) struct Confirmed {
    pub recipient: String,
}

/// An assertion that counts: its signature held, and it is for us, now.
/// There is no public constructor: `verify` is the only way to hold one.
#[derive(Debug)]
pub struct Assertion {
    content: Content,
    recipient: String,
}

impl Assertion {
    pub(crate) fn new(content: Content, confirmed: Confirmed) -> Assertion {
        Assertion {
            content,
            recipient: confirmed.recipient,
        }
    }

    /// Who made it.
    pub fn issuer(&self) -> &str {
        &self.content.issuer
    }

    /// Of whom it speaks.
    pub fn subject(&self) -> &NameId {
        &self.content.subject
    }

    /// Where it was to be handed in.
    pub fn recipient(&self) -> &str {
        &self.recipient
    }

    /// When sessions that come of it have to end, seconds since 1970.
    pub fn session_end(&self) -> Option<i64> {
        self.content.session_end
    }

    /// What the provider says of the person, in the order of the document.
    pub fn attributes(&self) -> &[Attribute] {
        &self.content.attributes
    }

    /// All values of the attribute of this name, and nothing if it is not there.
    pub(crate) fn values(&self, name: &str) -> Option<Vec<&str>> {
        let mut found = self
            .content
            .attributes
            .iter()
            .filter(|attribute| attribute.name == name)
            .peekable();
        found.peek()?;
        let values = found.flat_map(|attribute| attribute.values.iter().map(String::as_str));
        Some(values.collect())
    }
}

/// What a name is when its format is not said (SAML core §2.2.2).
const UNSPECIFIED: &str = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified";
const ENTITY: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:entity";

impl Content {
    /// Reads an `Assertion` element.
    pub(crate) fn read(assertion: Node<'_, '_>) -> Result<Content, Refusal> {
        let version = attribute(assertion, "Version").unwrap_or_default();
        if version != "2.0" {
            return Err(Refusal::Version {
                element: "assertion",
                found: version.to_owned(),
            });
        }
        let issued_at =
            moment(assertion, "IssueInstant")?.ok_or(Refusal::Missing("IssueInstant"))?;
        let subject = one(assertion, "Subject")?;
        let conditions = one(assertion, "Conditions")?;
        check_conditions(conditions)?;
        let audiences = tree::children(conditions, ASSERTION, "AudienceRestriction")
            .map(|restriction| {
                tree::children(restriction, ASSERTION, "Audience")
                    .map(|audience| collapsed(&tree::text(audience)).to_owned())
                    .collect()
            })
            .collect();
        Ok(Content {
            issuer: issuer(one(assertion, "Issuer")?)?,
            issued_at,
            subject: name_id(subject)?,
            confirmations: tree::children(subject, ASSERTION, "SubjectConfirmation")
                .map(confirmation)
                .collect::<Result<_, _>>()?,
            not_before: moment(conditions, "NotBefore")?,
            not_on_or_after: moment(conditions, "NotOnOrAfter")?,
            audiences,
            session_end: session_end(assertion)?,
            attributes: attributes(assertion)?,
        })
    }
}

fn one<'a, 'input>(
    parent: Node<'a, 'input>,
    name: &'static str,
) -> Result<Node<'a, 'input>, Refusal> {
    let mut found = tree::children(parent, ASSERTION, name);
    let first = found.next().ok_or(Refusal::Missing(name))?;
    if found.next().is_some() {
        return Err(Refusal::Repeated(name));
    }
    Ok(first)
}

fn moment(node: Node<'_, '_>, name: &'static str) -> Result<Option<i64>, Refusal> {
    let Some(value) = attribute(node, name) else {
        return Ok(None);
    };
    let parsed = time::parse(value).ok_or_else(|| Refusal::Time {
        attribute: name,
        value: value.to_owned(),
    })?;
    Ok(Some(parsed))
}

/// The text of an element that must hold nothing else. Comments do not cut it off.
fn plain_text(node: Node<'_, '_>, name: &'static str) -> Result<String, Refusal> {
    if node.first_element_child().is_some() {
        return Err(Refusal::Attribute {
            name: name.to_owned(),
            reason: "it holds elements where text is expected",
        });
    }
    Ok(tree::text(node))
}

/// The issuer's name, which is an entity's if it says what it is (SAML core §2.2.5).
pub(crate) fn issuer(node: Node<'_, '_>) -> Result<String, Refusal> {
    if attribute(node, "Format").is_some_and(|format| format != ENTITY) {
        return Err(Refusal::Attribute {
            name: "Issuer".to_owned(),
            reason: "its format is not that of an entity",
        });
    }
    plain_text(node, "Issuer")
}

fn name_id(subject: Node<'_, '_>) -> Result<NameId, Refusal> {
    if tree::child(subject, ASSERTION, "EncryptedID").is_some() {
        return Err(Refusal::EncryptedPart("NameID"));
    }
    let node = one(subject, "NameID")?;
    let value = plain_text(node, "NameID")?;
    if value.is_empty() {
        return Err(Refusal::Missing("NameID"));
    }
    Ok(NameId {
        value,
        format: attribute(node, "Format").unwrap_or(UNSPECIFIED).to_owned(),
    })
}

fn confirmation(node: Node<'_, '_>) -> Result<Confirmation, Refusal> {
    let method = attribute(node, "Method").unwrap_or_default().to_owned();
    let mut all = tree::children(node, ASSERTION, "SubjectConfirmationData");
    let Some(data) = all.next() else {
        return Ok(Confirmation {
            method,
            ..Confirmation::default()
        });
    };
    if all.next().is_some() {
        return Err(Refusal::Repeated("SubjectConfirmationData"));
    }
    Ok(Confirmation {
        method,
        recipient: attribute(data, "Recipient").map(|text| collapsed(text).to_owned()),
        not_on_or_after: moment(data, "NotOnOrAfter")?,
        not_before: moment(data, "NotBefore")?,
        in_response_to: attribute(data, "InResponseTo").map(str::to_owned),
    })
}

/// A condition that is not understood is not met (SAML core §2.5.1).
fn check_conditions(conditions: Node<'_, '_>) -> Result<(), Refusal> {
    for condition in conditions.children().filter(Node::is_element) {
        let name = condition.tag_name();
        let is_known = name.namespace() == Some(ASSERTION)
            && matches!(
                name.name(),
                "AudienceRestriction" | "OneTimeUse" | "ProxyRestriction"
            );
        if !is_known {
            return Err(Refusal::UnknownCondition(name.name().to_owned()));
        }
    }
    Ok(())
}

/// The earliest end that the statements about the sign-in name.
fn session_end(assertion: Node<'_, '_>) -> Result<Option<i64>, Refusal> {
    let mut earliest: Option<i64> = None;
    for statement in tree::children(assertion, ASSERTION, "AuthnStatement") {
        if let Some(end) = moment(statement, "SessionNotOnOrAfter")? {
            earliest = Some(earliest.map_or(end, |earlier| earlier.min(end)));
        }
    }
    Ok(earliest)
}

fn attributes(assertion: Node<'_, '_>) -> Result<Vec<Attribute>, Refusal> {
    let mut all = Vec::new();
    for statement in tree::children(assertion, ASSERTION, "AttributeStatement") {
        if tree::child(statement, ASSERTION, "EncryptedAttribute").is_some() {
            // It could be a tag that is meant to restrict.
            return Err(Refusal::EncryptedPart("attribute"));
        }
        for node in tree::children(statement, ASSERTION, "Attribute") {
            let name = attribute(node, "Name").ok_or(Refusal::Missing("Attribute Name"))?;
            let values = tree::children(node, ASSERTION, "AttributeValue");
            let values = values.map(|value| attribute_value(value, name));
            all.push(Attribute {
                name: name.to_owned(),
                values: values.collect::<Result<_, _>>()?,
            });
        }
    }
    Ok(all)
}

/// The text of a value. A name inside, as `eduPersonTargetedID` has, counts as its text;
/// other elements do in nothing that AWS reads.
fn attribute_value(value: Node<'_, '_>, name: &str) -> Result<String, Refusal> {
    let mut elements = value.children().filter(Node::is_element);
    match (elements.next(), elements.next()) {
        (None, _) => Ok(tree::text(value)),
        _ if name.starts_with(crate::aws_attributes::PREFIX) => Err(Refusal::Attribute {
            name: name
                .strip_prefix(crate::aws_attributes::PREFIX)
                .unwrap_or_default()
                .to_owned(),
            reason: "its value holds elements where text is expected",
        }),
        (Some(one), None) if tree::is(one, ASSERTION, "NameID") => Ok(tree::text(one)),
        _ => Ok(String::new()),
    }
}
