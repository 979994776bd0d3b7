//! Why was that request refused? Told to those who may know.

use facts::OperationFacts;
use identity::Ask;
use plane::{Call, Error, HotOperation, Permit, Touches};
use wire::{Input, Output};

/// Decodes the message that came with a refusal.
#[derive(Input)]
pub struct DecodeAuthorizationMessage {
    encoded_message: String,
}

/// What the message says.
#[derive(Output)]
pub struct DecodedMessage {
    decoded_message: String,
}

impl HotOperation for DecodeAuthorizationMessage {
    const FACTS: &'static OperationFacts = facts::sts::DECODE_AUTHORIZATION_MESSAGE;
    type Output = DecodedMessage;
    type Found = ();

    fn find(&self, _call: &Call) -> Result<(), Error> {
        Ok(())
    }

    fn touches(&self, _found: &(), call: &Call) -> Result<Touches, Error> {
        Ok(Touches::one(Ask::new(
            "sts:DecodeAuthorizationMessage",
            "*",
            call.account()?.to_string(),
        )))
    }

    fn run(&self, _found: (), permit: Permit<Self>) -> Result<DecodedMessage, Error> {
        let account = permit.account()?;
        plane::decode_authorization_message(&permit, account, &self.encoded_message)
            .map(|decoded_message| DecodedMessage { decoded_message })
            .ok_or_else(|| {
                Error::new("InvalidAuthorizationMessageException").say("Message is not valid")
            })
    }
}
