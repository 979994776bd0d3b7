//! Service-specific credentials: a user name and password, or an API key, for one service.

use aws::{Secret, SignedDuration, Timestamp};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use facts::OperationFacts;
use identity::{Held, KeyOwner, KeyStatus, ServiceCredential, User};
use plane::{Call, Error, Operation, Permit, Touches};
use store::{Read as _, Transaction};
use wire::{Input, Output};

use crate::caller::{Subject, subject};
use crate::errors::{Nothing, invalid_input, no_such_entity, over_quota};
use crate::holdings::{self, Holding, status_text, touch_holder};
use crate::paging::Paging;
use crate::quotas;

/// What a service takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A user name and a password.
    Password,
    /// An API key of a certain form, which may expire.
    ApiKey,
}

/// Services for which AWS gives out credentials of their own.
const SERVICES: [(&str, Kind); 4] = [
    ("bedrock.amazonaws.com", Kind::ApiKey),
    ("cassandra.amazonaws.com", Kind::Password),
    ("codecommit.amazonaws.com", Kind::Password),
    ("logs.amazonaws.com", Kind::ApiKey),
];

/// Random bytes of a secret: 44 characters of base 64.
const SECRET_BYTES: usize = 33;

fn kind_of(service: &str) -> Result<Kind, Error> {
    let found = SERVICES.iter().find(|(name, _)| *name == service);
    found.map(|(_, kind)| *kind).ok_or_else(|| {
        no_such_entity(format!(
            "No such service {service} is supported for Service Specific Credentials"
        ))
    })
}

impl Holding for ServiceCredential {
    fn held(&self) -> &Held {
        &self.held
    }

    fn held_mut(&mut self) -> &mut Held {
        &mut self.held
    }

    fn missing(id: &str) -> String {
        format!("No such credential {id} exists")
    }
}

/// A credential with its secret, shown once.
#[derive(Output)]
pub(crate) struct NewCredentialView {
    create_date: Timestamp,
    expiration_date: Option<Timestamp>,
    service_name: String,
    service_user_name: Option<String>,
    service_password: Option<String>,
    service_credential_alias: Option<String>,
    service_credential_secret: Option<String>,
    service_specific_credential_id: String,
    user_name: String,
    status: &'static str,
}

/// One credential with its secret.
#[derive(Output)]
pub(crate) struct NewCredential {
    service_specific_credential: NewCredentialView,
}

impl NewCredential {
    fn of(
        user_name: String,
        credential: &ServiceCredential,
        secret: &Secret<String>,
    ) -> Result<NewCredential, Error> {
        let name = Some(credential.name.clone());
        let secret = Some(secret.expose().clone());
        let (user, password, alias, key) = match kind_of(&credential.service)? {
            Kind::Password => (name, secret, None, None),
            Kind::ApiKey => (None, None, name, secret),
        };
        Ok(NewCredential {
            service_specific_credential: NewCredentialView {
                create_date: credential.held.since,
                expiration_date: credential.expires,
                service_name: credential.service.clone(),
                service_user_name: user,
                service_password: password,
                service_credential_alias: alias,
                service_credential_secret: key,
                service_specific_credential_id: credential.held.id.clone(),
                user_name,
                status: status_at(credential, credential.held.since),
            },
        })
    }
}

fn status_at(credential: &ServiceCredential, now: Timestamp) -> &'static str {
    match credential.expires {
        Some(end) if now >= end => "Expired",
        _ => status_text(credential.held.status),
    }
}

/// A new secret, and the same sealed for the credential of this id.
fn new_secret(call: &Call, id: &str) -> Result<(Secret<String>, String), Error> {
    let mut random = [0u8; SECRET_BYTES];
    call.environment.entropy.fill(&mut random);
    let secret = Secret::new(STANDARD.encode(random));
    let sealed = call
        .directory()
        .envelope()
        .seal_text(&ServiceCredential::envelope_identity(id), &secret)
        .map_err(Error::internal)?;
    Ok((secret, sealed))
}

fn user_name(holder: &Subject) -> Result<String, Error> {
    holder.name().ok_or_else(|| {
        Error::validation("Must specify userName when calling with non-User credentials")
    })
}

/// Gives a user a credential for a service.
#[derive(Input)]
pub(crate) struct CreateServiceSpecificCredential {
    user_name: String,
    service_name: String,
    credential_age_days: Option<u32>,
}

impl CreateServiceSpecificCredential {
    fn expiry(&self, kind: Kind, now: Timestamp) -> Result<Option<Timestamp>, Error> {
        match (self.credential_age_days, kind) {
            (None, _) => Ok(None),
            (Some(_), Kind::Password) => Err(invalid_input(format!(
                "CredentialAgeDays is not supported for {}",
                self.service_name
            ))),
            (Some(days), Kind::ApiKey) => {
                let age = SignedDuration::from_hours(24 * i64::from(days));
                Ok(Some(now.checked_add(age).map_err(Error::internal)?))
            }
        }
    }
}

/// The name under which the service knows a credential: `jane-at-123456789012` for the
/// first, `jane+1-at-123456789012` for the next (IAM User Guide, "Git credentials").
fn service_name_of(
    kind: Kind,
    user: &str,
    account: aws::AccountId,
    held: &[ServiceCredential],
) -> String {
    let name = |number: usize| match (kind, number) {
        (Kind::Password, 0) => format!("{user}-at-{account}"),
        (Kind::Password, number) => format!("{user}+{number}-at-{account}"),
        (Kind::ApiKey, number) => format!("{user}+{}-at-{account}", number + 1),
    };
    let is_free = |name: &String| !held.iter().any(|credential| credential.name == *name);
    let mut names = (0..=held.len()).map(name);
    names.find(is_free).unwrap_or_default()
}

impl Operation for CreateServiceSpecificCredential {
    const FACTS: &'static OperationFacts = facts::iam::CREATE_SERVICE_SPECIFIC_CREDENTIAL;
    type Output = NewCredential;

    fn touches(&self, call: &Call, tx: &Transaction) -> Result<Touches, Error> {
        const ACTION: &str = "iam:CreateServiceSpecificCredential";
        let ask = subject(call, tx, Some(&self.user_name))?.ask(call, ACTION)?;
        let ask = ask.key(
            "iam:ServiceSpecificCredentialServiceName",
            self.service_name.as_str(),
        );
        let days = self.credential_age_days.map(|days| days.to_string());
        Ok(Touches::one(ask.key_if(
            "iam:ServiceSpecificCredentialAgeDays",
            days.as_deref(),
        )))
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<NewCredential, Error> {
        let account = permit.account()?;
        let holder = subject(&permit, tx, Some(&self.user_name))?;
        let owner = holder.owner()?;
        let user = user_name(&holder)?;
        let kind = kind_of(&self.service_name)?;
        let mut held = holdings::all::<ServiceCredential>(tx, &permit, &owner)?;
        held.retain(|credential| credential.service == self.service_name);
        let most = quotas::SERVICE_CREDENTIALS_PER_SERVICE;
        if held.len() >= most {
            let most = u64::try_from(most).map_err(Error::internal)?;
            return Err(over_quota("ServiceSpecificCredentialsPerUser", most));
        }
        let id = permit.new_id("ACCA");
        let (secret, sealed_secret) = new_secret(&permit, &id)?;
        let credential = ServiceCredential {
            name: service_name_of(kind, &user, account, &held),
            held: Held {
                id,
                account,
                owner,
                status: KeyStatus::Active,
                since: permit.second(),
            },
            service: self.service_name.clone(),
            expires: self.expiry(kind, permit.second())?,
            sealed_secret,
        };
        tx.insert(account.as_str(), &credential)?;
        NewCredential::of(user, &credential, &secret)
    }
}

/// Gives a credential another secret.
#[derive(Input)]
pub(crate) struct ResetServiceSpecificCredential {
    user_name: Option<String>,
    service_specific_credential_id: String,
}

impl Operation for ResetServiceSpecificCredential {
    const FACTS: &'static OperationFacts = facts::iam::RESET_SERVICE_SPECIFIC_CREDENTIAL;
    type Output = NewCredential;

    fn touches(&self, call: &Call, tx: &Transaction) -> Result<Touches, Error> {
        let name = self.user_name.as_deref();
        touch_holder(call, tx, "iam:ResetServiceSpecificCredential", name)
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<NewCredential, Error> {
        let holder = subject(&permit, tx, self.user_name.as_deref())?;
        let id = &self.service_specific_credential_id;
        let mut credential = holdings::require::<ServiceCredential>(tx, &permit, &holder, id)?;
        let (secret, sealed_secret) = new_secret(&permit, id)?;
        credential.sealed_secret = sealed_secret;
        tx.update(permit.account()?.as_str(), &credential)?;
        NewCredential::of(user_name(&holder)?, &credential, &secret)
    }
}

/// Switches a credential on or off.
#[derive(Input)]
pub(crate) struct UpdateServiceSpecificCredential {
    user_name: Option<String>,
    service_specific_credential_id: String,
    status: String,
}

impl Operation for UpdateServiceSpecificCredential {
    const FACTS: &'static OperationFacts = facts::iam::UPDATE_SERVICE_SPECIFIC_CREDENTIAL;
    type Output = Nothing;

    fn touches(&self, call: &Call, tx: &Transaction) -> Result<Touches, Error> {
        let name = self.user_name.as_deref();
        touch_holder(call, tx, "iam:UpdateServiceSpecificCredential", name)
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<Nothing, Error> {
        let holder = subject(&permit, tx, self.user_name.as_deref())?;
        let id = &self.service_specific_credential_id;
        holdings::set_status::<ServiceCredential>(tx, &permit, &holder, id, &self.status)?;
        Ok(Nothing {})
    }
}

/// Deletes a credential.
#[derive(Input)]
pub(crate) struct DeleteServiceSpecificCredential {
    user_name: Option<String>,
    service_specific_credential_id: String,
}

impl Operation for DeleteServiceSpecificCredential {
    const FACTS: &'static OperationFacts = facts::iam::DELETE_SERVICE_SPECIFIC_CREDENTIAL;
    type Output = Nothing;

    fn touches(&self, call: &Call, tx: &Transaction) -> Result<Touches, Error> {
        let name = self.user_name.as_deref();
        touch_holder(call, tx, "iam:DeleteServiceSpecificCredential", name)
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<Nothing, Error> {
        let holder = subject(&permit, tx, self.user_name.as_deref())?;
        let id = &self.service_specific_credential_id;
        holdings::delete::<ServiceCredential>(tx, &permit, &holder, id)?;
        Ok(Nothing {})
    }
}

/// A credential without its secret.
#[derive(Output, Debug)]
pub(crate) struct CredentialView {
    user_name: String,
    status: &'static str,
    service_user_name: Option<String>,
    service_credential_alias: Option<String>,
    create_date: Timestamp,
    expiration_date: Option<Timestamp>,
    service_specific_credential_id: String,
    service_name: String,
}

/// Lists the credentials of a user, of whoever calls, or of all users.
#[derive(Input)]
pub(crate) struct ListServiceSpecificCredentials {
    user_name: Option<String>,
    service_name: Option<String>,
    all_users: Option<bool>,
    marker: Option<String>,
    max_items: Option<i32>,
}

/// A page of credentials.
#[derive(Output, Debug)]
pub(crate) struct CredentialPage {
    service_specific_credentials: Vec<CredentialView>,
    /// Told where there is more, or where the credentials of all users were asked for.
    is_truncated: Option<bool>,
    marker: Option<String>,
}

impl Operation for ListServiceSpecificCredentials {
    const FACTS: &'static OperationFacts = facts::iam::LIST_SERVICE_SPECIFIC_CREDENTIALS;
    type Output = CredentialPage;

    fn touches(&self, call: &Call, tx: &Transaction) -> Result<Touches, Error> {
        const ACTION: &str = "iam:ListServiceSpecificCredentials";
        if self.all_users == Some(true) {
            return crate::account::touch_account(call, ACTION);
        }
        touch_holder(call, tx, ACTION, self.user_name.as_deref())
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<CredentialPage, Error> {
        let account = permit.account()?;
        if let Some(service) = &self.service_name {
            kind_of(service)?;
        }
        let wanted = |credential: &ServiceCredential| {
            let service = self.service_name.as_ref();
            service.is_none_or(|service| credential.service == *service)
        };
        let paging = Paging::new(self.marker.as_deref(), self.max_items);
        let page = if self.all_users == Some(true) {
            if self.user_name.is_some() {
                return Err(invalid_input(
                    "UserName and AllUsers cannot be given together.",
                ));
            }
            paging.stored(tx, account.as_str(), "id", "", wanted)?
        } else {
            let holder = subject(&permit, tx, self.user_name.as_deref())?;
            let mut all = holdings::all::<ServiceCredential>(tx, &permit, &holder.owner()?)?;
            all.retain(wanted);
            paging.of(all)?
        };
        let is_told = page.is_truncated() || self.all_users == Some(true);
        let is_truncated = is_told.then_some(page.is_truncated());
        let marker = page.marker.clone();
        let views = page
            .items
            .into_iter()
            .map(|credential| view(tx, credential, permit.now()));
        Ok(CredentialPage {
            service_specific_credentials: views.collect::<Result<_, _>>()?,
            is_truncated,
            marker,
        })
    }
}

fn view(
    tx: &Transaction,
    credential: ServiceCredential,
    now: Timestamp,
) -> Result<CredentialView, Error> {
    let held = &credential.held;
    let user = match &held.owner {
        KeyOwner::User(id) => tx.get::<User>(held.account.as_str(), id)?,
        KeyOwner::Root => None,
    };
    let (user_name, alias) = match kind_of(&credential.service)? {
        Kind::Password => (Some(credential.name.clone()), None),
        Kind::ApiKey => (None, Some(credential.name.clone())),
    };
    Ok(CredentialView {
        user_name: user.map(|user| user.name).unwrap_or_default(),
        status: status_at(&credential, now),
        service_user_name: user_name,
        service_credential_alias: alias,
        create_date: held.since,
        expiration_date: credential.expires,
        service_specific_credential_id: held.id.clone(),
        service_name: credential.service.clone(),
    })
}
