//! Central access to the root users of member accounts: which features the management
//! account has switched on.

use facts::OperationFacts;
use identity::{Account, GLOBAL_SCOPE, RootFeatures};
use plane::{Call, Error, Operation, Permit, Touches};
use store::{Read as _, Transaction};
use wire::{Input, Output};

use crate::account::touch_account;

/// The organization, and what is switched on in it.
#[derive(Output, Debug)]
pub(crate) struct Features {
    organization_id: String,
    enabled_features: Vec<&'static str>,
}

impl Features {
    fn of(call: &Call, features: &RootFeatures) -> Result<Features, Error> {
        let mut enabled = Vec::new();
        if features.credentials_management {
            enabled.push("RootCredentialsManagement");
        }
        if features.sessions {
            enabled.push("RootSessions");
        }
        Ok(Features {
            organization_id: identity::organization_id(call.account()?),
            enabled_features: enabled,
        })
    }
}

/// The features, for the management account alone.
fn managed(call: &Call, tx: &Transaction) -> Result<RootFeatures, Error> {
    let account: Option<Account> = tx.get(GLOBAL_SCOPE, call.account()?.as_str())?;
    if !account.is_some_and(|account| account.management) {
        return Err(Error::new("AccountNotManagementOrDelegatedAdministratorException").say(
            "The request was rejected because the account making the request is not the management account or delegated administrator account for centralized root access.",
        ));
    }
    Ok(RootFeatures::read(tx)?)
}

macro_rules! feature {
    ($(#[$about:meta])* $name:ident = $facts:ident, $change:expr) => {
        $(#[$about])*
        #[derive(Input)]
        pub(crate) struct $name {}

        impl Operation for $name {
            const FACTS: &'static OperationFacts = facts::iam::$facts;
            type Output = Features;

            fn touches(&self, call: &Call, _tx: &Transaction) -> Result<Touches, Error> {
                touch_account(call, concat!("iam:", stringify!($name)))
            }

            fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<Features, Error> {
                let mut features = managed(&permit, tx)?;
                let change: fn(&mut RootFeatures) = $change;
                change(&mut features);
                tx.put(GLOBAL_SCOPE, &features)?;
                Features::of(&permit, &features)
            }
        }
    };
}

feature!(
    /// Lets the management account manage the credentials of members' root users.
    EnableOrganizationsRootCredentialsManagement = ENABLE_ORGANIZATIONS_ROOT_CREDENTIALS_MANAGEMENT,
    |features| features.credentials_management = true
);
feature!(
    /// No longer.
    DisableOrganizationsRootCredentialsManagement = DISABLE_ORGANIZATIONS_ROOT_CREDENTIALS_MANAGEMENT,
    |features| features.credentials_management = false
);
feature!(
    /// Lets the management account act as members' root users for single tasks.
    EnableOrganizationsRootSessions = ENABLE_ORGANIZATIONS_ROOT_SESSIONS,
    |features| features.sessions = true
);
feature!(
    /// No longer.
    DisableOrganizationsRootSessions = DISABLE_ORGANIZATIONS_ROOT_SESSIONS,
    |features| features.sessions = false
);

/// Lists what is switched on.
#[derive(Input)]
pub(crate) struct ListOrganizationsFeatures {}

impl Operation for ListOrganizationsFeatures {
    const FACTS: &'static OperationFacts = facts::iam::LIST_ORGANIZATIONS_FEATURES;
    type Output = Features;

    fn touches(&self, call: &Call, _tx: &Transaction) -> Result<Touches, Error> {
        touch_account(call, "iam:ListOrganizationsFeatures")
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<Features, Error> {
        let features = managed(&permit, tx)?;
        Features::of(&permit, &features)
    }
}
