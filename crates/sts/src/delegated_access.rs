//! GetDelegatedAccessToken: partners of AWS's trade a token that a customer sent them for
//! credentials. Nobody here can send one, so every token is one that is not valid.

use facts::OperationFacts;
use identity::Ask;
use plane::{Call, Error, HotOperation, Permit, Touches};
use wire::{Input, Output};

/// Trades a token.
#[derive(Input)]
#[wire(ignores("TradeInToken" = "none was ever given out, so none is valid"))]
pub struct GetDelegatedAccessToken {}

/// Credentials.
#[derive(Output)]
pub struct DelegatedAccess {
    assumed_principal: Option<String>,
}

impl HotOperation for GetDelegatedAccessToken {
    const FACTS: &'static OperationFacts = facts::sts::GET_DELEGATED_ACCESS_TOKEN;
    type Output = DelegatedAccess;
    type Found = ();

    fn find(&self, _call: &Call) -> Result<(), Error> {
        Ok(())
    }

    fn touches(&self, _found: &(), call: &Call) -> Result<Touches, Error> {
        let account = call.account()?;
        Ok(Touches::one(Ask::new(
            "sts:GetDelegatedAccessToken",
            "*",
            account.as_str(),
        )))
    }

    fn run(&self, _found: (), permit: Permit<Self>) -> Result<DelegatedAccess, Error> {
        Err(Error::access_denied(format!(
            "User: {} is not authorized to perform: sts:GetDelegatedAccessToken",
            permit.known()?.arn()
        ))
        .because("no trade-in token was ever given out"))
    }
}
