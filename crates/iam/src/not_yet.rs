//! Listings of what cannot be made yet. Clients ask for them beside what does exist, and
//! "none" is the truth: for each of these kinds, no operation that makes one is built.

use facts::OperationFacts;
use identity::Ask;
use plane::{Call, Error, Operation, Permit, Touches};
use store::Transaction;
use wire::{Input, Output};

use crate::caller::subject;
use crate::errors::no_such_entity;

/// Services for which AWS gives out credentials of their own.
const CREDENTIAL_SERVICES: &[&str] = &[
    "bedrock.amazonaws.com",
    "cassandra.amazonaws.com",
    "codecommit.amazonaws.com",
];

/// The answer of an empty listing: the list under its name, and that there is no more.
macro_rules! empty_page {
    ($page:ident, $list:literal) => {
        /// A page with nothing on it.
        #[derive(Output, Debug)]
        pub(crate) struct $page {
            #[wire(name = $list)]
            items: Vec<wire::Value>,
            is_truncated: bool,
        }

        impl $page {
            /// The only page there is.
            pub(crate) fn none() -> $page {
                $page {
                    items: Vec::new(),
                    is_truncated: false,
                }
            }
        }
    };
}

/// A listing of what one user has, or whoever calls.
macro_rules! nothing_of_a_user {
    ($list:ident = $list_facts:ident -> $page:ident) => {
        /// Lists what a user has of it: nothing.
        #[derive(Input)]
        #[wire(ignores("Marker" = "the list is empty: there is one page"))]
        #[wire(ignores("MaxItems" = "the list is empty: there is one page"))]
        pub(crate) struct $list {
            user_name: Option<String>,
        }

        impl Operation for $list {
            const FACTS: &'static OperationFacts = facts::iam::$list_facts;
            type Output = $page;

            fn touches(&self, call: &Call, tx: &Transaction) -> Result<Touches, Error> {
                let subject = subject(call, tx, self.user_name.as_deref())?;
                let ask = subject.ask(call, concat!("iam:", stringify!($list)))?;
                Ok(Touches::one(ask))
            }

            fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<$page, Error> {
                subject(&permit, tx, self.user_name.as_deref())?.owner()?;
                Ok($page::none())
            }
        }
    };
}

/// A listing of what an account has under a path.
macro_rules! nothing_under_a_path {
    ($list:ident = $list_facts:ident on $noun:literal -> $page:ident) => {
        /// Lists what the account has of it: nothing.
        #[derive(Input)]
        #[wire(ignores("Marker" = "the list is empty: there is one page"))]
        #[wire(ignores("MaxItems" = "the list is empty: there is one page"))]
        pub(crate) struct $list {
            path_prefix: Option<String>,
        }

        impl Operation for $list {
            const FACTS: &'static OperationFacts = facts::iam::$list_facts;
            type Output = $page;

            fn touches(&self, call: &Call, _tx: &Transaction) -> Result<Touches, Error> {
                let under = self.path_prefix.as_deref().unwrap_or("/");
                let action = concat!("iam:", stringify!($list));
                touch_resource(call, action, &format!("{}{under}", $noun))
            }

            fn run(&self, _: Permit<Self>, _: &mut Transaction) -> Result<$page, Error> {
                Ok($page::none())
            }
        }
    };
}

fn touch_resource(call: &Call, action: &'static str, resource: &str) -> Result<Touches, Error> {
    let account = call.account()?;
    let arn = aws::Arn::new("iam", "", account.as_str(), resource);
    Ok(Touches::one(Ask::new(
        action,
        arn.as_str(),
        account.as_str(),
    )))
}

empty_page!(NoSigningCertificates, "Certificates");
empty_page!(NoSshPublicKeys, "SSHPublicKeys");
empty_page!(NoServiceSpecificCredentials, "ServiceSpecificCredentials");
empty_page!(NoServerCertificates, "ServerCertificateMetadataList");

nothing_of_a_user!(ListSigningCertificates = LIST_SIGNING_CERTIFICATES -> NoSigningCertificates);
nothing_of_a_user!(ListSSHPublicKeys = LIST_SSH_PUBLIC_KEYS -> NoSshPublicKeys);

nothing_under_a_path!(
    ListServerCertificates = LIST_SERVER_CERTIFICATES on "server-certificate" -> NoServerCertificates
);

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

/// Lists a user's passwords for single services: none.
#[derive(Input)]
#[wire(ignores(
    "AllUsers" = "no user has any",
    "Marker" = "the list is empty, so there is one page",
    "MaxItems" = "the list is empty, so there is one page"
))]
pub(crate) struct ListServiceSpecificCredentials {
    user_name: Option<String>,
    service_name: Option<String>,
}

impl Operation for ListServiceSpecificCredentials {
    const FACTS: &'static OperationFacts = facts::iam::LIST_SERVICE_SPECIFIC_CREDENTIALS;
    type Output = NoServiceSpecificCredentials;

    fn touches(&self, call: &Call, tx: &Transaction) -> Result<Touches, Error> {
        let subject = subject(call, tx, self.user_name.as_deref())?;
        let ask = subject.ask(call, "iam:ListServiceSpecificCredentials")?;
        Ok(Touches::one(ask))
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<Self::Output, Error> {
        subject(&permit, tx, self.user_name.as_deref())?.owner()?;
        match self.service_name.as_deref() {
            Some(service) if !CREDENTIAL_SERVICES.contains(&service) => Err(no_such_entity(
                format!("No such service {service} is supported for Service Specific Credentials"),
            )),
            _ => Ok(NoServiceSpecificCredentials::none()),
        }
    }
}
