//! Who am I, and whose is this key?

use facts::OperationFacts;
use identity::Ask;
use plane::{Call, Error, HotOperation, Permit, Touches};
use wire::{Input, Output};

/// Tells the caller who it is. Needs no permission, and none can be taken away.
#[derive(Input)]
pub struct GetCallerIdentity {}

/// The caller's name in three forms.
#[derive(Output)]
pub struct CallerIdentity {
    user_id: String,
    account: String,
    arn: String,
}

impl HotOperation for GetCallerIdentity {
    const FACTS: &'static OperationFacts = facts::sts::GET_CALLER_IDENTITY;
    type Output = CallerIdentity;
    type Found = ();

    fn find(&self, _call: &Call) -> Result<(), Error> {
        Ok(())
    }

    // "No permissions are required to perform this operation" (STS API Reference).
    fn touches(&self, _found: &(), _call: &Call) -> Result<Touches, Error> {
        Ok(Touches::nothing_by_design())
    }

    fn run(&self, _found: (), permit: Permit<Self>) -> Result<CallerIdentity, Error> {
        let known = permit.known()?;
        Ok(CallerIdentity {
            user_id: known.user_id().to_owned(),
            account: known.account().to_string(),
            arn: known.arn().to_owned(),
        })
    }
}

/// Tells which account an access key belongs to.
#[derive(Input)]
pub struct GetAccessKeyInfo {
    access_key_id: String,
}

/// The account of an access key.
#[derive(Output)]
pub struct AccessKeyInfo {
    account: String,
}

impl HotOperation for GetAccessKeyInfo {
    const FACTS: &'static OperationFacts = facts::sts::GET_ACCESS_KEY_INFO;
    type Output = AccessKeyInfo;
    type Found = ();

    fn find(&self, _call: &Call) -> Result<(), Error> {
        Ok(())
    }

    fn touches(&self, _found: &(), call: &Call) -> Result<Touches, Error> {
        Ok(Touches::one(Ask::new(
            "sts:GetAccessKeyInfo",
            "*",
            call.account()?.to_string(),
        )))
    }

    fn run(&self, _found: (), permit: Permit<Self>) -> Result<AccessKeyInfo, Error> {
        let known = permit.directory().account_of_key(&self.access_key_id)?;
        let account = known.or_else(|| seal::account_of(&self.access_key_id));
        account
            .map(|account| AccessKeyInfo {
                account: account.to_string(),
            })
            .ok_or_else(|| {
                Error::validation(format!("Invalid Access Key ID: {}", self.access_key_id))
            })
    }
}
