//! Refusals: why an assertion does not count, for the log exactly and in administrators'
//! words, and for the caller in the words of STS.

/// Why bytes are not XML that we read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum XmlFault {
    /// More bytes than any real document has.
    #[error("the document is {bytes} bytes, more than {bytes_max}")]
    TooLarge {
        /// What it has.
        bytes: usize,
        /// What it may have.
        bytes_max: usize,
    },
    /// Another encoding, or none.
    #[error("the document is not UTF-8")]
    NotUtf8,
    /// A document type declaration: it could define entities.
    #[error("the document has a document type declaration")]
    DocumentType,
    /// A processing instruction.
    #[error("the document has a processing instruction")]
    ProcessingInstruction,
    /// An entity that is not one of XML's own five.
    #[error("the document refers to the entity `{0}`")]
    Entity(String),
    /// A namespace that cannot be canonicalized.
    #[error("the namespace `{0}` is not an absolute URI")]
    RelativeNamespace(String),
    /// Elements inside each other beyond reason.
    #[error("the document is nested too deeply")]
    TooDeep,
    /// Elements beyond reason.
    #[error("the document has too many elements")]
    TooManyElements,
    /// Attributes beyond reason.
    #[error("an element has too many attributes")]
    TooManyAttributes,
    /// Namespaces beyond reason.
    #[error("too many namespaces are declared around one element")]
    TooManyNamespaces,
    /// A name beyond reason.
    #[error("a name is too long")]
    LongName,
    /// Not well-formed.
    #[error("the document is not well-formed: {0}")]
    Malformed(String),
}

/// Why a response was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The response is not base64.
    #[error("the response is not base64")]
    NotBase64,
    /// The response is not XML that we read.
    #[error("the response cannot be read: {0}")]
    Xml(#[from] XmlFault),
    /// The document is something else.
    #[error("the document is `{0}`, not a SAML 2.0 response")]
    NotAResponse(String),
    /// Another version of SAML.
    #[error("the {element} is of SAML version `{found}`, expected 2.0")]
    Version {
        /// Which element.
        element: &'static str,
        /// What it says.
        found: String,
    },
    /// The provider reports a failure.
    #[error("the identity provider reports the status `{0}`")]
    Status(String),
    /// Nothing is asserted.
    #[error("the response holds no assertion")]
    NoAssertion,
    /// More than one assertion, wherever they are.
    #[error("the document holds {0} assertions, expected exactly one")]
    SeveralAssertions(usize),
    /// The assertion is not where a response has it.
    #[error("the assertion is not directly inside the response")]
    MisplacedAssertion,
    /// An element that is signed or could be has no ID.
    #[error("the {0} has no ID")]
    MissingId(&'static str),
    /// Two elements have the same ID.
    #[error("the ID `{0}` is there twice")]
    RepeatedId(String),
    /// Neither the response nor the assertion is signed.
    #[error("neither the response nor the assertion is signed")]
    NoSignature,
    /// A signature that is not directly inside the response or its assertion.
    #[error("a signature is not directly inside the response or the assertion")]
    MisplacedSignature,
    /// Two signatures on one element.
    #[error("the {0} has more than one signature")]
    SeveralSignatures(&'static str),
    /// The signature is not built as SAML wants it.
    #[error("the signature's form is not accepted: {0}")]
    SignatureForm(&'static str),
    /// The signature refers to something else.
    #[error("the signature refers to `{found}`, expected its own element `#{expected}`")]
    Reference {
        /// What it refers to.
        found: String,
        /// The ID of the element that it is in.
        expected: String,
    },
    /// The content would be transformed before it is hashed.
    #[error("the transform `{0}` is not accepted")]
    Transform(String),
    /// Another canonical form.
    #[error("the canonicalization `{0}` is not accepted")]
    Canonicalization(String),
    /// Another signature algorithm.
    #[error("the signature algorithm `{0}` is not accepted")]
    SignatureAlgorithm(String),
    /// Another hash.
    #[error("the digest algorithm `{0}` is not accepted")]
    DigestAlgorithm(String),
    /// SHA-1, and the provider is not allowed it.
    #[error("the signature uses SHA-1, which this provider is not allowed")]
    Sha1,
    /// What was signed has been changed.
    #[error("the {0} was changed after it was signed: its digest differs")]
    Digest(&'static str),
    /// No key of the metadata made the signature.
    #[error("no certificate of the provider's metadata verifies the signature of the {0}")]
    WrongSignature(&'static str),
    /// The provider's metadata is no longer valid.
    #[error("the provider's metadata was valid until {valid_until}, it is {now}")]
    MetadataExpired {
        /// When it ended, seconds since 1970.
        valid_until: i64,
        /// Seconds since 1970.
        now: i64,
    },
    /// The provider has to encrypt and did not.
    #[error("the assertion is not encrypted, and the provider requires encryption")]
    NotEncrypted,
    /// No private key to open it with.
    #[error("the assertion is encrypted, and the provider has no private key")]
    NoPrivateKey,
    /// The encryption is not built as expected.
    #[error("the encrypted assertion's form is not accepted: {0}")]
    EncryptionForm(&'static str),
    /// Another cipher.
    #[error("the encryption algorithm `{0}` is not accepted")]
    EncryptionAlgorithm(String),
    /// What it opened to is not XML that we read.
    #[error("the assertion opens to something that cannot be read: {0}")]
    Opened(XmlFault),
    /// An encrypted assertion that nobody signed, nor the response around it.
    #[error("neither the response nor the encrypted assertion in it is signed")]
    OpenedUnsigned,
    /// No private key opens it, or it was changed.
    #[error("no private key of the provider opens the assertion")]
    Decryption,
    /// Another issuer.
    #[error("the issuer of the {element} is `{found}`, the provider's metadata says `{expected}`")]
    Issuer {
        /// Which element.
        element: &'static str,
        /// Who it says made it.
        found: String,
        /// The entity of the metadata.
        expected: String,
    },
    /// Sent to somebody else.
    #[error("the response's destination is `{found}`, expected one of {expected:?}")]
    Destination {
        /// Whom.
        found: String,
        /// Whom else.
        expected: Vec<String>,
    },
    /// An answer to another question.
    #[error("the response answers the request {found:?}, expected {expected:?}")]
    InResponseTo {
        /// Which it says.
        found: Option<String>,
        /// Which was asked.
        expected: Option<String>,
    },
    /// Something that has to be there is not.
    #[error("the assertion has no {0}")]
    Missing(&'static str),
    /// Something is there twice.
    #[error("the assertion has more than one {0}")]
    Repeated(&'static str),
    /// A time that is none.
    #[error("`{value}` in {attribute} is not a UTC time")]
    Time {
        /// Where.
        attribute: &'static str,
        /// What it says.
        value: String,
    },
    /// Made for somebody else.
    #[error("the assertion's audience was {found:?}, expected one of {expected:?}")]
    Audience {
        /// For whom.
        found: Vec<String>,
        /// Who we are.
        expected: Vec<String>,
    },
    /// To be handed in elsewhere.
    #[error("the assertion's recipient was `{found}`, expected one of {expected:?}")]
    Recipient {
        /// Where.
        found: String,
        /// Where we are.
        expected: Vec<String>,
    },
    /// No bearer confirmation with the members that are needed.
    #[error("the assertion has no bearer confirmation with a recipient and an end")]
    NoBearer,
    /// A condition that we do not know, and so cannot say is met.
    #[error("the condition `{0}` is not understood")]
    UnknownCondition(String),
    /// Its time is over.
    #[error("the assertion's {attribute} was {end}, it is {now}")]
    Expired {
        /// Which of its ends.
        attribute: &'static str,
        /// Seconds since 1970.
        end: i64,
        /// Seconds since 1970.
        now: i64,
    },
    /// Its time has not come.
    #[error("the assertion's {attribute} is {start}, it is {now}")]
    NotYetValid {
        /// Which of its beginnings.
        attribute: &'static str,
        /// Seconds since 1970.
        start: i64,
        /// Seconds since 1970.
        now: i64,
    },
    /// Issued too long ago.
    #[error(
        "the assertion was issued at {issued_at}, more than {} seconds before {now}",
        crate::conditions::REDEEM_S
    )]
    TooOld {
        /// Seconds since 1970.
        issued_at: i64,
        /// Seconds since 1970.
        now: i64,
    },
    /// An attribute that cannot be read as what it has to be.
    #[error("the attribute `{name}` is not accepted: {reason}")]
    Attribute {
        /// Its name, without AWS's prefix.
        name: String,
        /// Why.
        reason: &'static str,
    },
    /// Something inside stays sealed, and might have said something that matters.
    #[error("the assertion holds an encrypted {0}, which is not supported")]
    EncryptedPart(&'static str),
}

/// What the caller is told: one of STS's error codes and a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The error code.
    pub code: &'static str,
    /// The sentence.
    pub message: String,
}

const INVALID: &str = "InvalidIdentityToken";
const EXPIRED: &str = "ExpiredTokenException";

impl Refusal {
    /// What STS answers to such a response.
    pub fn answer(&self) -> Answer {
        let invalid = |message: &str| (INVALID, message.to_owned());
        let (code, message) = match self {
            // Observed live: whatever cannot be read as the profile wants it is answered so.
            Refusal::NotBase64
            | Refusal::Xml(_)
            | Refusal::NotAResponse(_)
            | Refusal::NoAssertion
            | Refusal::NotEncrypted
            | Refusal::NoBearer
            | Refusal::Repeated(_)
            | Refusal::Time { .. }
            | Refusal::Missing("Conditions" | "AuthnStatement" | "IssueInstant") => {
                invalid("Invalid base64 SAMLResponse")
            }
            Refusal::NoSignature => invalid(
                "Response (with optional signature) must contain an assertion with a mandatory signature",
            ),
            Refusal::Issuer { .. } => invalid("Issuer not present in specified provider"),
            Refusal::Audience { .. } | Refusal::Missing("AudienceRestriction") => {
                invalid("Response does not contain the required audience.")
            }
            // IAM User Guide, "Troubleshooting SAML 2.0 federation with AWS".
            Refusal::Missing("Subject" | "NameID") => (
                "AccessDenied",
                "Not authorized to perform sts:AssumeRoleWithSAML".to_owned(),
            ),
            Refusal::Missing("RoleSessionName") => {
                invalid("RoleSessionName is required in AuthnResponse")
            }
            Refusal::Attribute { name, .. } if name == "RoleSessionName" => invalid(
                "RoleSessionName in AuthnResponse must match [a-zA-Z_0-9+=,.@-]{2,64}",
            ),
            Refusal::Attribute { name, .. } if name == "SourceIdentity" => invalid(
                "Source Identity must match [a-zA-Z_0-9+=,.@-]{2,64} and not begin with \"aws:\"",
            ),
            Refusal::Expired { .. } => (EXPIRED, "Response has expired".to_owned()),
            Refusal::TooOld { .. } => (
                EXPIRED,
                "Token must be redeemed within 5 minutes of issuance".to_owned(),
            ),
            Refusal::MisplacedSignature
            | Refusal::SeveralSignatures(_)
            | Refusal::SignatureForm(_)
            | Refusal::Reference { .. }
            | Refusal::Transform(_)
            | Refusal::Canonicalization(_)
            | Refusal::SignatureAlgorithm(_)
            | Refusal::DigestAlgorithm(_)
            | Refusal::Sha1
            | Refusal::Digest(_)
            | Refusal::WrongSignature(_)
            | Refusal::RepeatedId(_)
            | Refusal::MissingId(_)
            | Refusal::SeveralAssertions(_)
            | Refusal::MisplacedAssertion
            | Refusal::MetadataExpired { .. }
            // Until its signature holds, every encrypted assertion is answered alike: else
            // the answers would open it, try by try.
            | Refusal::EncryptionForm(_)
            | Refusal::EncryptionAlgorithm(_)
            | Refusal::NoPrivateKey
            | Refusal::Decryption
            | Refusal::Opened(_)
            | Refusal::OpenedUnsigned => invalid("Response signature invalid"),
            Refusal::Status(_) => (
                "IDPRejectedClaim",
                "The identity provider reported that authentication failed.".to_owned(),
            ),
            Refusal::Version { .. }
            | Refusal::Destination { .. }
            | Refusal::Recipient { .. }
            | Refusal::InResponseTo { .. }
            | Refusal::Missing(_)
            | Refusal::UnknownCondition(_)
            | Refusal::NotYetValid { .. }
            | Refusal::Attribute { .. }
            | Refusal::EncryptedPart(_) => {
                invalid("Your request included an invalid SAML response.")
            }
        };
        Answer { code, message }
    }
}
