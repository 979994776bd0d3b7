//! What an unverified response says. Good for one thing: finding out whose keys to try.

use crate::aws_attributes::{PREFIX, RolePair};
use crate::prepass::RESPONSE;
use crate::refusal::Refusal;
use crate::tree::{self, ASSERTION, Looked, attribute, is};

/// A response whose signature nobody has checked yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unverified {
    /// Who is said to have made it.
    pub issuer: Option<String>,
    /// The providers that it names beside roles, each once, in its order. An encrypted
    /// assertion shows none.
    pub providers: Vec<String>,
}

impl Unverified {
    /// Looks into a response, base64 as it is posted.
    pub fn parse(response: &str) -> Result<Unverified, Refusal> {
        let bytes = tree::decode_base64(response).ok_or(Refusal::NotBase64)?;
        let looked = Looked::new(&bytes, &RESPONSE)?;
        let document = looked.parse()?;
        let issuer = document
            .descendants()
            .find(|node| is(*node, ASSERTION, "Issuer"))
            .map(tree::text);
        let role = format!("{PREFIX}Role");
        let mut providers: Vec<String> = Vec::new();
        let named = document.descendants().filter(|node| {
            is(*node, ASSERTION, "Attribute") && attribute(*node, "Name") == Some(role.as_str())
        });
        for value in named.flat_map(|node| tree::children(node, ASSERTION, "AttributeValue")) {
            if let Some(pair) = RolePair::parse(&tree::text(value))
                && !providers.contains(&pair.provider)
            {
                providers.push(pair.provider);
            }
        }
        Ok(Unverified { issuer, providers })
    }
}
