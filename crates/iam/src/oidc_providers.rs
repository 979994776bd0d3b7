//! OpenID Connect providers: outside issuers whose tokens an account's roles may trust.
//!
//! Trust in a provider's keys rests on TLS with a certificate of a known authority; where none
//! vouches for it, on the thumbprints that are kept here.

use aws::{AccountId, Arn};
use facts::OperationFacts;
use identity::{Ask, OidcProvider};
use oidc::{ProviderUrl, ProviderUrlFault};
use plane::{Call, Error, GatheringOperation, Operation, Permit, Touches};
use store::{OrElseTaken as _, Read as _, Transaction};
use wire::{Input, Output};

use crate::errors::{Nothing, invalid_input, no_such_entity, over_quota};
use crate::providers::{Provider as _, change, find, require, touch};
use crate::tags::{self, Case, TagInput, TagView};

/// Providers of an account.
const PROVIDERS_MAX: u64 = 100;
/// Client ids of one provider.
const CLIENT_IDS_MAX: u64 = 100;
/// Thumbprints of one provider.
const THUMBPRINTS_MAX: usize = 5;

const RESOURCE: &str = OidcProvider::RESOURCE;

/// Makes a provider.
#[derive(Input)]
pub(crate) struct CreateOpenIDConnectProvider {
    url: String,
    #[wire(name = "ClientIDList")]
    client_ids: Vec<String>,
    #[wire(name = "ThumbprintList")]
    thumbprints: Option<Vec<String>>,
    tags: Vec<TagInput>,
}

/// A provider's ARN, and its tags if it got any.
#[derive(Output, Debug)]
pub(crate) struct CreatedProvider {
    #[wire(name = "OpenIDConnectProviderArn")]
    arn: String,
    tags: Option<Vec<TagView>>,
}

/// What became known of a provider before it is made.
pub(crate) struct Reached {
    url: ProviderUrl,
    /// Refusals wait here until what else was asked for is judged.
    thumbprints: Result<Vec<String>, Error>,
}

impl GatheringOperation for CreateOpenIDConnectProvider {
    const FACTS: &'static OperationFacts = facts::iam::CREATE_OPEN_ID_CONNECT_PROVIDER;
    type Output = CreatedProvider;
    type Gathered = Reached;

    async fn gather(&self, call: &Call) -> Result<Reached, Error> {
        let outbound = &call.environment.outbound;
        let url = ProviderUrl::parse(&self.url, |url| outbound.is_allowed_origin(url)).map_err(
            |fault| {
                match fault {
                    // AWS says no more.
                    ProviderUrlFault::QueryOrFragment => invalid_input("Unknown"),
                    _ => Error::validation("Invalid Open ID Connect Provider URL"),
                }
                .because(fault)
            },
        )?;
        // Nobody else makes this machine ask somebody, nor learns what can be reached from it.
        self.touched(call, &url)?.check(call)?;
        let thumbprints = self.reach(call, &url).await;
        Ok(Reached { url, thumbprints })
    }

    fn touches(&self, reached: &Reached, call: &Call, _tx: &Transaction) -> Result<Touches, Error> {
        self.touched(call, &reached.url)
    }

    fn run(
        &self,
        reached: &Reached,
        permit: Permit<Self>,
        tx: &mut Transaction,
    ) -> Result<CreatedProvider, Error> {
        let account = permit.account()?;
        let tags = tags::checked(&self.tags, Case::Told)?;
        let mut client_ids = Vec::new();
        for client_id in &self.client_ids {
            add_client_id(&mut client_ids, client_id)?;
        }
        let thumbprints = match &reached.thumbprints {
            Ok(thumbprints) => checked_thumbprints(thumbprints)?,
            Err(refusal) => return Err(again(refusal)),
        };
        let provider = OidcProvider {
            account,
            issuer: reached.url.issuer().to_owned(),
            host_and_path: reached.url.host_and_path().to_owned(),
            client_ids,
            thumbprints,
            created: permit.now(),
            tags: tags::ordered(tags.clone()),
        };
        tx.insert(account.as_str(), &provider).or_else_taken(|_| {
            let url = &self.url;
            Error::new("EntityAlreadyExists")
                .say(format!("Provider with url {url} already exists."))
        })?;
        let most = PROVIDERS_MAX;
        if !tx.within::<OidcProvider>(account.as_str(), "arn", "", most)? {
            return Err(over_quota("OpenIdConnectProvidersPerAccount", most));
        }
        Ok(CreatedProvider {
            arn: provider.arn().to_string(),
            tags: tags::shown_if_any(&tags),
        })
    }
}

impl CreateOpenIDConnectProvider {
    fn touched(&self, call: &Call, url: &ProviderUrl) -> Result<Touches, Error> {
        let account = call.account()?;
        let tags = tags::requested(&self.tags);
        let arn = arn_of(account, url);
        let base = |action| Ask::new(action, arn.as_str(), account.as_str()).request_tags(&tags);
        let touches = Touches::one(base("iam:CreateOpenIDConnectProvider"));
        Ok(if tags.is_empty() {
            touches
        } else {
            touches.and(base("iam:TagOpenIDConnectProvider"))
        })
    }

    /// Makes sure that the provider may be reached at all, and finds out its thumbprint if
    /// none was given. A list that is given empty asks for none.
    async fn reach(&self, call: &Call, url: &ProviderUrl) -> Result<Vec<String>, Error> {
        let outbound = &call.environment.outbound;
        let issuer = url.issuer();
        outbound.check(issuer).await.map_err(|refusal| {
            invalid_input(format!(
                "Invalid Open ID Connect Provider URL: {issuer} must not be reached from here."
            ))
            .because(refusal)
        })?;
        if let Some(given) = &self.thumbprints {
            return Ok(given.clone());
        }
        // Plain text shows no certificate. The configuration allows it to this machine only.
        if !issuer.starts_with("https://") {
            return Ok(Vec::new());
        }
        let silent = || {
            Error::new("OpenIdIdpCommunicationError").say(format!(
                "The OpenID Connect identity provider {issuer} did not answer as one."
            ))
        };
        let keys = &call.environment.oidc_keys;
        let location = keys
            .location(issuer)
            .await
            .map_err(|fault| silent().because(fault))?;
        let chain = outbound
            .certificate_chain(&location)
            .await
            .map_err(|refusal| silent().because(refusal))?;
        Ok(oidc::thumbprint(&chain).into_iter().collect())
    }
}

/// The same refusal for another try of the transaction. Its cause was logged at the first.
fn again(refusal: &Error) -> Error {
    let said = refusal.message().unwrap_or_default();
    Error::new(refusal.code().to_owned())
        .say(said)
        .because(refusal.to_string())
}

/// The ARN that a provider of this URL has or would have.
fn arn_of(account: AccountId, url: &ProviderUrl) -> Arn {
    let resource = format!("{RESOURCE}{}", url.host_and_path());
    Arn::new("iam", "", account.as_str(), &resource)
}

/// Adds a client id; one that is there already changes nothing.
fn add_client_id(client_ids: &mut Vec<String>, client_id: &str) -> Result<(), Error> {
    if client_ids.iter().any(|held| held == client_id) {
        return Ok(());
    }
    client_ids.push(client_id.to_owned());
    if u64::try_from(client_ids.len()).is_ok_and(|count| count <= CLIENT_IDS_MAX) {
        return Ok(());
    }
    Err(over_quota(
        "ClientIdsPerOpenIdConnectProvider",
        CLIENT_IDS_MAX,
    ))
}

/// At most five, kept in lower case. Their length the model has checked; what else they are
/// made of AWS does not ask, and what is no thumbprint matches no certificate.
fn checked_thumbprints(thumbprints: &[String]) -> Result<Vec<String>, Error> {
    if thumbprints.len() > THUMBPRINTS_MAX {
        return Err(invalid_input(
            "Thumbprint list must contain fewer than 5 entries.",
        ));
    }
    Ok(thumbprints
        .iter()
        .map(|thumbprint| thumbprint.to_ascii_lowercase())
        .collect())
}

/// Shows a provider.
#[derive(Input)]
pub(crate) struct GetOpenIDConnectProvider {
    #[wire(name = "OpenIDConnectProviderArn")]
    arn: String,
}

/// A provider. The URL stands without its scheme, as AWS shows it.
#[derive(Output, Debug)]
pub(crate) struct ProviderView {
    url: String,
    #[wire(name = "ClientIDList")]
    client_ids: Vec<String>,
    #[wire(name = "ThumbprintList")]
    thumbprints: Vec<String>,
    create_date: aws::Timestamp,
    tags: Vec<TagView>,
}

impl Operation for GetOpenIDConnectProvider {
    const FACTS: &'static OperationFacts = facts::iam::GET_OPEN_ID_CONNECT_PROVIDER;
    type Output = ProviderView;

    fn touches(&self, call: &Call, tx: &Transaction) -> Result<Touches, Error> {
        touch::<OidcProvider>(call, tx, "iam:GetOpenIDConnectProvider", &self.arn)
    }

    fn run(&self, _permit: Permit<Self>, tx: &mut Transaction) -> Result<ProviderView, Error> {
        let provider: OidcProvider = require(tx, &self.arn)?;
        Ok(ProviderView {
            tags: tags::shown(&provider.tags),
            url: provider.host_and_path,
            client_ids: provider.client_ids,
            thumbprints: provider.thumbprints,
            create_date: provider.created,
        })
    }
}

/// Lists the providers of the account, all on one page.
#[derive(Input)]
pub(crate) struct ListOpenIDConnectProviders {}

/// The providers of the account.
#[derive(Output, Debug)]
pub(crate) struct ProviderList {
    #[wire(name = "OpenIDConnectProviderList")]
    providers: Vec<ProviderEntry>,
}

/// One provider of the list.
#[derive(Output, Debug)]
pub(crate) struct ProviderEntry {
    arn: String,
}

impl Operation for ListOpenIDConnectProviders {
    const FACTS: &'static OperationFacts = facts::iam::LIST_OPEN_ID_CONNECT_PROVIDERS;
    type Output = ProviderList;

    fn touches(&self, call: &Call, _tx: &Transaction) -> Result<Touches, Error> {
        let account = call.account()?;
        let every = Arn::new("iam", "", account.as_str(), &format!("{RESOURCE}*"));
        let action = "iam:ListOpenIDConnectProviders";
        Ok(Touches::one(Ask::new(
            action,
            every.as_str(),
            account.as_str(),
        )))
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<ProviderList, Error> {
        let providers = tx.all::<OidcProvider>(permit.account()?.as_str(), "arn", "")?;
        let entry = |provider: &OidcProvider| ProviderEntry {
            arn: provider.arn().to_string(),
        };
        Ok(ProviderList {
            providers: providers.iter().map(entry).collect(),
        })
    }
}

/// Deletes a provider. Sessions that its tokens bought live on, as on AWS.
#[derive(Input)]
pub(crate) struct DeleteOpenIDConnectProvider {
    #[wire(name = "OpenIDConnectProviderArn")]
    arn: String,
}

impl Operation for DeleteOpenIDConnectProvider {
    const FACTS: &'static OperationFacts = facts::iam::DELETE_OPEN_ID_CONNECT_PROVIDER;
    type Output = Nothing;

    fn touches(&self, call: &Call, tx: &Transaction) -> Result<Touches, Error> {
        touch::<OidcProvider>(call, tx, "iam:DeleteOpenIDConnectProvider", &self.arn)
    }

    fn run(&self, _permit: Permit<Self>, tx: &mut Transaction) -> Result<Nothing, Error> {
        // AWS's reference calls this idempotent; AWS is not.
        let provider: OidcProvider = find(tx, &self.arn)?.ok_or_else(|| {
            let arn = &self.arn;
            no_such_entity(format!("OpenId connect Provider {arn} cannot be found."))
        })?;
        tx.delete::<OidcProvider>(provider.account.as_str(), &provider.host_and_path)?;
        Ok(Nothing {})
    }
}

/// Adds a client id; one that is there already is no error.
#[derive(Input)]
pub(crate) struct AddClientIDToOpenIDConnectProvider {
    #[wire(name = "OpenIDConnectProviderArn")]
    arn: String,
    #[wire(name = "ClientID")]
    client_id: String,
}

impl Operation for AddClientIDToOpenIDConnectProvider {
    const FACTS: &'static OperationFacts = facts::iam::ADD_CLIENT_ID_TO_OPEN_ID_CONNECT_PROVIDER;
    type Output = Nothing;

    fn touches(&self, call: &Call, tx: &Transaction) -> Result<Touches, Error> {
        touch::<OidcProvider>(
            call,
            tx,
            "iam:AddClientIDToOpenIDConnectProvider",
            &self.arn,
        )
    }

    fn run(&self, _permit: Permit<Self>, tx: &mut Transaction) -> Result<Nothing, Error> {
        change(tx, &self.arn, |provider: &mut OidcProvider| {
            add_client_id(&mut provider.client_ids, &self.client_id)
        })
    }
}

/// Takes a client id away; one that is not there is no error.
#[derive(Input)]
pub(crate) struct RemoveClientIDFromOpenIDConnectProvider {
    #[wire(name = "OpenIDConnectProviderArn")]
    arn: String,
    #[wire(name = "ClientID")]
    client_id: String,
}

impl Operation for RemoveClientIDFromOpenIDConnectProvider {
    const FACTS: &'static OperationFacts =
        facts::iam::REMOVE_CLIENT_ID_FROM_OPEN_ID_CONNECT_PROVIDER;
    type Output = Nothing;

    fn touches(&self, call: &Call, tx: &Transaction) -> Result<Touches, Error> {
        touch::<OidcProvider>(
            call,
            tx,
            "iam:RemoveClientIDFromOpenIDConnectProvider",
            &self.arn,
        )
    }

    fn run(&self, _permit: Permit<Self>, tx: &mut Transaction) -> Result<Nothing, Error> {
        change(tx, &self.arn, |provider: &mut OidcProvider| {
            provider.client_ids.retain(|held| *held != self.client_id);
            Ok(())
        })
    }
}

/// Replaces all thumbprints.
#[derive(Input)]
pub(crate) struct UpdateOpenIDConnectProviderThumbprint {
    #[wire(name = "OpenIDConnectProviderArn")]
    arn: String,
    #[wire(name = "ThumbprintList")]
    thumbprints: Vec<String>,
}

impl Operation for UpdateOpenIDConnectProviderThumbprint {
    const FACTS: &'static OperationFacts = facts::iam::UPDATE_OPEN_ID_CONNECT_PROVIDER_THUMBPRINT;
    type Output = Nothing;

    fn touches(&self, call: &Call, tx: &Transaction) -> Result<Touches, Error> {
        touch::<OidcProvider>(
            call,
            tx,
            "iam:UpdateOpenIDConnectProviderThumbprint",
            &self.arn,
        )
    }

    fn run(&self, _permit: Permit<Self>, tx: &mut Transaction) -> Result<Nothing, Error> {
        change(tx, &self.arn, |provider: &mut OidcProvider| {
            if self.thumbprints.is_empty() {
                return Err(invalid_input(
                    "Thumbprint list must contain at least one entry.",
                ));
            }
            provider.thumbprints = checked_thumbprints(&self.thumbprints)?;
            Ok(())
        })
    }
}
