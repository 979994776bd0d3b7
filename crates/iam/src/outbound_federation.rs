//! Outbound identity federation of the account: whether its principals may have tokens that
//! show outside who they are, and whose tokens these are.

use aws::AccountId;
use facts::OperationFacts;
use identity::{Ask, GLOBAL_SCOPE, OutboundIssuer};
use issuer::WEB_IDENTITIES;
use plane::{Call, Error, GatheringOperation, Operation, Permit, Touches};
use store::{Read as _, Transaction};
use wire::{Input, Output};

use crate::errors::Nothing;

/// An action that is not on any resource; a refusal says `on resource: *` all the same.
fn ask(call: &Call, action: &'static str) -> Result<Ask, Error> {
    Ok(Ask::new(action, "*", call.account()?.as_str()).called("*"))
}

fn find(call: &Call, tx: &Transaction) -> Result<Option<OutboundIssuer>, Error> {
    Ok(tx.get::<OutboundIssuer>(GLOBAL_SCOPE, call.account()?.as_str())?)
}

fn disabled(account: AccountId) -> Error {
    Error::new("FeatureDisabled").say(format!(
        "Outbound identity federation is disabled for account {account}"
    ))
}

/// Lets the account's principals have tokens.
#[derive(Input)]
pub(crate) struct EnableOutboundWebIdentityFederation {}

/// The issuer's URL.
#[derive(Output, Debug)]
pub(crate) struct EnabledIssuer {
    issuer_identifier: String,
}

impl GatheringOperation for EnableOutboundWebIdentityFederation {
    const FACTS: &'static OperationFacts = facts::iam::ENABLE_OUTBOUND_WEB_IDENTITY_FEDERATION;
    type Output = EnabledIssuer;
    type Gathered = ();

    /// Sees to it that there are keys, before the first token is asked for.
    async fn gather(&self, call: &Call) -> Result<(), Error> {
        let asked = ask(call, ENABLE)?;
        call.directory()
            .authorize(&call.caller, &call.request, &asked)?;
        let directory = call.directory().clone();
        let now_s = call.now_s();
        plane::blocking(move || {
            let keys = directory.signing_keys().ready(&WEB_IDENTITIES, now_s);
            keys.map(|_| ()).map_err(Error::internal)
        })
        .await
    }

    fn touches(&self, _gathered: &(), call: &Call, _tx: &Transaction) -> Result<Touches, Error> {
        ask(call, ENABLE).map(Touches::one)
    }

    fn run(
        &self,
        _gathered: &(),
        permit: Permit<Self>,
        tx: &mut Transaction,
    ) -> Result<EnabledIssuer, Error> {
        let mut issuer = match find(&permit, tx)? {
            Some(issuer) if issuer.enabled => {
                return Err(Error::new("FeatureEnabled").say(format!(
                    "Outbound identity federation is already enabled for account {}",
                    permit.account()?
                )));
            }
            Some(issuer) => issuer,
            None => {
                let id = aws::uuid_v4(permit.environment.entropy.as_ref());
                OutboundIssuer {
                    account: permit.account()?,
                    url: permit.directory().outbound_issuer_url(&id),
                    id,
                    enabled: false,
                }
            }
        };
        issuer.enabled = true;
        tx.put(GLOBAL_SCOPE, &issuer)?;
        Ok(EnabledIssuer {
            issuer_identifier: issuer.url,
        })
    }
}

const ENABLE: &str = "iam:EnableOutboundWebIdentityFederation";

/// Lets them have none any more. Tokens that exist keep counting until they end.
#[derive(Input)]
pub(crate) struct DisableOutboundWebIdentityFederation {}

impl Operation for DisableOutboundWebIdentityFederation {
    const FACTS: &'static OperationFacts = facts::iam::DISABLE_OUTBOUND_WEB_IDENTITY_FEDERATION;
    type Output = Nothing;

    fn touches(&self, call: &Call, _tx: &Transaction) -> Result<Touches, Error> {
        ask(call, "iam:DisableOutboundWebIdentityFederation").map(Touches::one)
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<Nothing, Error> {
        let account = permit.account()?;
        let issuer = find(&permit, tx)?.filter(|issuer| issuer.enabled);
        let mut issuer = issuer.ok_or_else(|| disabled(account))?;
        issuer.enabled = false;
        tx.put(GLOBAL_SCOPE, &issuer)?;
        Ok(Nothing {})
    }
}

/// Says whose tokens they are.
#[derive(Input)]
pub(crate) struct GetOutboundWebIdentityFederationInfo {}

/// The issuer's URL, and that tokens are given out.
#[derive(Output, Debug)]
pub(crate) struct OutboundIssuerView {
    issuer_identifier: String,
    jwt_vending_enabled: bool,
}

impl Operation for GetOutboundWebIdentityFederationInfo {
    const FACTS: &'static OperationFacts = facts::iam::GET_OUTBOUND_WEB_IDENTITY_FEDERATION_INFO;
    type Output = OutboundIssuerView;

    fn touches(&self, call: &Call, _tx: &Transaction) -> Result<Touches, Error> {
        ask(call, "iam:GetOutboundWebIdentityFederationInfo").map(Touches::one)
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<OutboundIssuerView, Error> {
        let account = permit.account()?;
        let issuer = find(&permit, tx)?.filter(|issuer| issuer.enabled);
        let issuer = issuer.ok_or_else(|| disabled(account))?;
        Ok(OutboundIssuerView {
            issuer_identifier: issuer.url,
            jwt_vending_enabled: true,
        })
    }
}
