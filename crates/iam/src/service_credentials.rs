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
use crate::entity;
use crate::errors::{Nothing, invalid_input, no_such_entity, over_quota};
use crate::holdings::{self, Holding, status_text, touch_holder};
use crate::paging::Paging;
use crate::quotas;

/// What a service takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A user name and a password.
    Password,
    /// An API key: this, and then the alias and a secret in base 64.
    ApiKey(&'static str),
}

/// Services for which AWS gives out credentials of their own, as recorded in 2026-09.
const SERVICES: [(&str, Kind); 6] = [
    ("aws-external-anthropic.amazonaws.com", Kind::ApiKey("AEAA")),
    ("bedrock.amazonaws.com", Kind::ApiKey("ABSK")),
    ("cassandra.amazonaws.com", Kind::Password),
    ("cloudwatch.amazonaws.com", Kind::ApiKey("APIAACWM")),
    ("codecommit.amazonaws.com", Kind::Password),
    ("logs.amazonaws.com", Kind::ApiKey("ACWL")),
];

/// Random bytes of a secret: 60 characters of base 64.
const SECRET_BYTES: usize = 45;

/// A service by its name, in capitals or not, and what it takes.
fn service_of(name: &str) -> Result<(&'static str, Kind), Error> {
    let found = SERVICES
        .iter()
        .find(|(service, _)| service.eq_ignore_ascii_case(name));
    found.copied().ok_or_else(|| {
        no_such_entity(format!(
            "No such service {name} is supported for Service Specific Credentials"
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

    fn of_another(user: &str, id: &str) -> Error {
        Error::validation(format!(
            "User {user} does not have a service specific credential with id {id}"
        ))
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
        let (_, kind) = service_of(&credential.service)?;
        let (user, password, alias, key) = match kind {
            Kind::Password => (name, secret, None, None),
            Kind::ApiKey(_) => (None, None, name, secret),
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

/// A new secret, and the same sealed for the credential of this id and name.
fn new_secret(
    call: &Call,
    kind: Kind,
    name: &str,
    id: &str,
) -> Result<(Secret<String>, String), Error> {
    let mut random = [0u8; SECRET_BYTES];
    call.environment.entropy.fill(&mut random);
    let secret = STANDARD.encode(random);
    let secret = Secret::new(match kind {
        Kind::Password => secret,
        Kind::ApiKey(prefix) => {
            let key = STANDARD.encode(format!("{name}:{secret}"));
            format!("{prefix}{key}")
        }
    });
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
    fn expiry(&self, now: Timestamp) -> Result<Option<Timestamp>, Error> {
        let Some(days) = self.credential_age_days else {
            return Ok(None);
        };
        let age = SignedDuration::from_hours(24 * i64::from(days));
        Ok(Some(now.checked_add(age).map_err(Error::internal)?))
    }
}

/// The name under which the service knows a credential: `jane-at-123456789012` for the
/// first, `jane+1-at-123456789012` for the next (IAM User Guide, "Git credentials").
fn service_name_of(user: &str, account: aws::AccountId, held: &[ServiceCredential]) -> String {
    let name = |number: usize| match number {
        0 => format!("{user}-at-{account}"),
        number => format!("{user}+{number}-at-{account}"),
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
        // A policy that names a service means it in capitals too.
        let ask = ask.key(
            "iam:ServiceSpecificCredentialServiceName",
            self.service_name.to_ascii_lowercase(),
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
        let (service, kind) = service_of(&self.service_name)?;
        let mut held = holdings::all::<ServiceCredential>(tx, &permit, &owner)?;
        held.retain(|credential| credential.service == service);
        let most = quotas::SERVICE_CREDENTIALS_PER_SERVICE;
        if held.len() >= most {
            let most = u64::try_from(most).map_err(Error::internal)?;
            return Err(over_quota(
                "ContextSpecificCredentialsPerUserPerContext",
                most,
            ));
        }
        let id = permit.new_id("ACCA");
        let name = service_name_of(&user, account, &held);
        let (secret, sealed_secret) = new_secret(&permit, kind, &name, &id)?;
        let credential = ServiceCredential {
            name,
            held: Held {
                id,
                account,
                owner,
                status: KeyStatus::Active,
                since: permit.second(),
            },
            service: service.to_owned(),
            expires: self.expiry(permit.second())?,
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
        let (_, kind) = service_of(&credential.service)?;
        let (secret, sealed_secret) = new_secret(&permit, kind, &credential.name, id)?;
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

impl ListServiceSpecificCredentials {
    /// The service that is asked for; an empty name asks for all of them, as at AWS.
    fn service(&self) -> Result<Option<&'static str>, Error> {
        let Some(name) = self.service_name.as_deref().filter(|name| !name.is_empty()) else {
            return Ok(None);
        };
        let is_named = |letter: char| letter.is_ascii_alphanumeric() || ".-".contains(letter);
        if !name.chars().all(is_named) {
            return Err(Error::validation("ServiceName must match [a-zA-Z0-9.-]*"));
        }
        service_of(name).map(|(service, _)| Some(service))
    }
}

/// A page of credentials.
#[derive(Output, Debug)]
pub(crate) struct CredentialPage {
    service_specific_credentials: Vec<CredentialView>,
    is_truncated: bool,
    marker: Option<String>,
}

impl Operation for ListServiceSpecificCredentials {
    const FACTS: &'static OperationFacts = facts::iam::LIST_SERVICE_SPECIFIC_CREDENTIALS;
    type Output = CredentialPage;

    fn touches(&self, call: &Call, tx: &Transaction) -> Result<Touches, Error> {
        const ACTION: &str = "iam:ListServiceSpecificCredentials";
        if self.all_users == Some(true) {
            // As recorded from AWS: a policy on all users of the account allows this, one on
            // some of them does not.
            let arn = aws::Arn::new("iam", "", call.account()?.as_str(), "user/*");
            return Ok(Touches::one(entity::ask_for(ACTION, arn, call.account()?)));
        }
        touch_holder(call, tx, ACTION, self.user_name.as_deref())
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<CredentialPage, Error> {
        let account = permit.account()?;
        let service = self.service()?;
        let wanted = |credential: &ServiceCredential| {
            service.is_none_or(|service| credential.service == service)
        };
        let paging = Paging::new(self.marker.as_deref(), self.max_items);
        let page = if self.all_users == Some(true) {
            if self.user_name.is_some() {
                return Err(invalid_input(
                    "Cannot list credentials for all users if a username is given",
                ));
            }
            paging.stored(tx, account.as_str(), "id", "", wanted)?
        } else {
            let holder = subject(&permit, tx, self.user_name.as_deref())?;
            let mut all = holdings::all::<ServiceCredential>(tx, &permit, &holder.owner()?)?;
            all.retain(wanted);
            paging.of(all)?
        };
        let is_truncated = page.is_truncated();
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
    let (_, kind) = service_of(&credential.service)?;
    let (user_name, alias) = match kind {
        Kind::Password => (Some(credential.name.clone()), None),
        Kind::ApiKey(_) => (None, Some(credential.name.clone())),
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
