//! Listings of what cannot be made yet. Clients ask for them beside what does exist, and
//! "none" is the truth: for each of these kinds, no operation that makes one is built.

use facts::OperationFacts;
use identity::Ask;
use plane::{Call, Error, Operation, Permit, Touches};
use store::Transaction;
use wire::{Input, Output};

fn touch_resource(call: &Call, action: &'static str, resource: &str) -> Result<Touches, Error> {
    let account = call.account()?;
    let arn = aws::Arn::new("iam", "", account.as_str(), resource);
    Ok(Touches::one(Ask::new(
        action,
        arn.as_str(),
        account.as_str(),
    )))
}

/// Lists the account's SAML providers: none.
#[derive(Input)]
pub(crate) struct ListSAMLProviders {}

/// The account's SAML providers.
#[derive(Output, Debug)]
pub(crate) struct NoSamlProviders {
    #[wire(name = "SAMLProviderList")]
    providers: Vec<wire::Value>,
}

impl Operation for ListSAMLProviders {
    const FACTS: &'static OperationFacts = facts::iam::LIST_SAML_PROVIDERS;
    type Output = NoSamlProviders;

    fn touches(&self, call: &Call, _tx: &Transaction) -> Result<Touches, Error> {
        touch_resource(call, "iam:ListSAMLProviders", "saml-provider/*")
    }

    fn run(&self, _: Permit<Self>, _: &mut Transaction) -> Result<NoSamlProviders, Error> {
        Ok(NoSamlProviders {
            providers: Vec::new(),
        })
    }
}
