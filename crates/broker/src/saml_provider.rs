//! Signing in at a SAML provider: our request by redirect, its response by the browser's post.

use aws::Entropy;
use saml::{
    Assertion, AuthnRequest, Encryption, Expectation, Metadata, PrivateKey, Refusal, Service, Sha1,
};

/// What names are that a provider makes anew for each sign-in.
const TRANSIENT: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient";

/// A SAML provider that the broker is a service of.
#[derive(Debug)]
pub struct SamlProvider {
    pub(crate) metadata: Metadata,
    /// The broker's name at that provider. It stands in the configuration: an audience that
    /// followed from the address that a browser asked for would be the browser's to choose.
    pub(crate) entity_id: String,
    pub(crate) private_keys: Vec<PrivateKey>,
    pub(crate) name_attribute: Option<String>,
    pub(crate) groups_attribute: String,
}

/// A sign-in that has begun.
#[derive(Debug)]
pub struct SamlStarted {
    /// The provider's page, with our request.
    pub address: String,
    /// The request's id, which the response has to name.
    pub request_id: String,
}

/// What a browser brought back, and what had been kept for it.
#[derive(Debug)]
pub struct SamlReturn<'a> {
    /// The response, base64 as it was posted.
    pub response: &'a str,
    /// As of [`SamlStarted`].
    pub request_id: &'a str,
    /// Where the browser was sent back to.
    pub answer_to: &'a str,
    /// The time, in seconds since 1970.
    pub now_s: i64,
}

impl SamlProvider {
    /// Begins a sign-in that comes back to `answer_to`. Nothing is asked of the provider yet.
    pub fn start(&self, answer_to: &str, now_s: i64, entropy: &dyn Entropy) -> Option<SamlStarted> {
        let mut bytes = [0; 20];
        entropy.fill(&mut bytes);
        // XML names do not begin with a digit.
        let request_id = format!("_{}", hex::encode(bytes));
        let request = AuthnRequest {
            id: &request_id,
            entity_id: &self.entity_id,
            answer_to,
            now: now_s,
        };
        Some(SamlStarted {
            address: request.address(&self.metadata)?,
            request_id,
        })
    }

    /// Ends a sign-in: verifies that the response is the provider's answer to this very request.
    pub fn finish(&self, back: &SamlReturn<'_>) -> Result<Assertion, Refusal> {
        let service = Service::Other {
            entity_id: self.entity_id.clone(),
            endpoint: back.answer_to.to_owned(),
        };
        let expectation = Expectation {
            metadata: &self.metadata,
            private_keys: &self.private_keys,
            encryption: Encryption::Allowed,
            sha1: Sha1::Refused,
            service: &service,
            request_id: Some(back.request_id),
            now: back.now_s,
        };
        saml::verify(back.response, &expectation)
    }

    /// What the provider has to know of the broker.
    pub fn own_metadata(&self, answer_to: &str) -> String {
        saml::service_metadata(&self.entity_id, answer_to)
    }

    /// What somebody is called: the one value of the attribute of the configuration, or the
    /// subject's name.
    pub(crate) fn name_in<'a>(&self, assertion: &'a Assertion) -> Option<&'a str> {
        let Some(attribute) = &self.name_attribute else {
            let subject = assertion.subject();
            return (subject.format != TRANSIENT).then_some(subject.value.as_str());
        };
        match values(assertion, attribute).as_slice() {
            [one] => Some(one),
            _ => None,
        }
    }

    pub(crate) fn groups_in<'a>(&self, assertion: &'a Assertion) -> Vec<&'a str> {
        values(assertion, &self.groups_attribute)
    }
}

/// All values of the attributes of this name.
fn values<'a>(assertion: &'a Assertion, name: &str) -> Vec<&'a str> {
    let named = assertion.attributes().iter();
    named
        .filter(|attribute| attribute.name == name)
        .flat_map(|attribute| attribute.values.iter().map(String::as_str))
        .collect()
}
