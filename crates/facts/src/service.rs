//! Services and their operations, as AWS's models describe them.

use std::fmt;

use crate::shape::{Kind, Member, Shape};

/// How a service speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// Form-encoded requests, XML answers.
    Query,
    /// JSON 1.0 with an `X-Amz-Target` header.
    Json10,
    /// JSON 1.1 with an `X-Amz-Target` header.
    Json11,
    /// JSON bodies; the operation is found by method and path.
    RestJson,
}

/// Who may call an operation at all, before any policy is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Auth {
    /// Only with a Signature Version 4 signature.
    SigV4,
    /// Also without a signature. A signature that comes anyway decides nothing.
    None,
    /// Without a signature; a required header carries a bearer token instead.
    Bearer,
}

/// One AWS service.
pub struct ServiceFacts {
    /// AWS's name of the model: `iam`, `sso-admin`.
    pub name: &'static str,
    /// The id that the SDKs derive names from: `IAM`, `SSO Admin`.
    pub service_id: &'static str,
    /// The service's full name in prose.
    pub full_name: &'static str,
    /// The version that query requests must name.
    pub api_version: &'static str,
    /// How it speaks.
    pub protocol: Protocol,
    /// The service name in a credential scope.
    pub signing_name: &'static str,
    /// The first part of the host name: `portal.sso`.
    pub endpoint_prefix: &'static str,
    /// The host name without a region, where there is one.
    pub global_endpoint: Option<&'static str>,
    /// What comes before the dot in `X-Amz-Target`.
    pub target_prefix: Option<&'static str>,
    /// The namespace of XML answers.
    pub xml_namespace: Option<&'static str>,
    /// All operations. INVARIANT: sorted by name.
    pub operations: &'static [&'static OperationFacts],
    /// All errors that some operation declares. INVARIANT: sorted by name.
    pub errors: &'static [&'static ErrorFacts],
}

impl ServiceFacts {
    /// The operation of this name.
    #[must_use]
    pub fn operation(&self, name: &str) -> Option<&'static OperationFacts> {
        let at = self
            .operations
            .binary_search_by(|operation| operation.name.cmp(name))
            .ok()?;
        self.operations.get(at).copied()
    }

    /// The error with this code on the wire.
    #[must_use]
    pub fn error(&self, code: &str) -> Option<&'static ErrorFacts> {
        self.errors.iter().find(|error| error.code == code).copied()
    }
}

impl PartialEq for ServiceFacts {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for ServiceFacts {}

/// One operation of a service.
pub struct OperationFacts {
    /// `CreateRole`.
    pub name: &'static str,
    /// The service it belongs to.
    pub service: &'static ServiceFacts,
    /// The HTTP method that clients use.
    pub method: &'static str,
    /// The path, with `{labels}` and constant query parameters.
    pub uri: &'static str,
    /// The status of a good answer.
    pub status: u16,
    /// Who may call it.
    pub auth: Auth,
    /// What goes in, if anything.
    pub input: Option<&'static Shape>,
    /// What comes out, if anything.
    pub output: Option<&'static Shape>,
    /// The XML element around the output in query answers.
    pub result_wrapper: Option<&'static str>,
    /// The errors that it declares.
    pub errors: &'static [&'static ErrorFacts],
    /// Whether the model marks it as changing nothing. Query models mark nothing.
    pub read_only: bool,
}

impl OperationFacts {
    /// The declared error with this code on the wire; else another operation's of the service.
    #[must_use]
    pub fn error(&self, code: &str) -> Option<&'static ErrorFacts> {
        let own = self.errors.iter().find(|error| error.code == code).copied();
        own.or_else(|| self.service.error(code))
    }

    /// The members of the input; none if it takes nothing.
    #[must_use]
    pub const fn input_members(&self) -> &'static [Member] {
        members(self.input)
    }

    /// The members of the output; none if it gives nothing.
    #[must_use]
    pub const fn output_members(&self) -> &'static [Member] {
        members(self.output)
    }
}

impl PartialEq for OperationFacts {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.service == other.service
    }
}

impl Eq for OperationFacts {}

const fn members(shape: Option<&'static Shape>) -> &'static [Member] {
    match shape {
        Some(Shape {
            kind: Kind::Structure { members, .. },
            ..
        }) => members,
        _ => &[],
    }
}

/// An error that operations declare.
pub struct ErrorFacts {
    /// The shape's name: `NoSuchEntityException`.
    pub name: &'static str,
    /// What stands on the wire: `NoSuchEntity`.
    pub code: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// Its members, the message among them.
    pub shape: &'static Shape,
}

// Facts refer to each other in circles; a name is enough to tell one from another.

impl fmt::Debug for ServiceFacts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl fmt::Debug for OperationFacts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.service.name, self.name)
    }
}

impl fmt::Debug for ErrorFacts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}
