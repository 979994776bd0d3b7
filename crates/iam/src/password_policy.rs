//! The account's password policy: what passwords must be like, and who may change them.

use std::sync::{Arc, LazyLock};

use facts::OperationFacts;
use identity::{Account, Ask, GLOBAL_SCOPE, PasswordPolicy};
use plane::{Call, Error, Operation, Permit, Touches};
use policy::{Document, Grammar, PolicySet};
use store::{Read, Transaction};
use wire::{Input, Output};

use crate::account::{ask_account, touch_account};
use crate::errors::{Nothing, no_such_entity};

/// Characters at least where the account's own policy does not say (IAM API Reference,
/// UpdateAccountPasswordPolicy).
const LENGTH_MIN_UNSAID: u32 = 6;
/// Characters at least where the account has no policy of its own (IAM User Guide, "Setting
/// an account password policy for IAM users").
const LENGTH_MIN_DEFAULT: usize = 8;
/// How many kinds of character at least where the account has no policy of its own.
const KINDS_MIN_DEFAULT: usize = 3;
/// What counts as a symbol.
const SYMBOLS: &str = "!@#$%^&*()_+-=[]{}|'";

/// The kinds of character that a policy can ask for, each with AWS's sentence.
const KINDS: [(Kind, &str); 4] = [
    (
        Kind::Uppercase,
        "Password should have at least one uppercase letter",
    ),
    (
        Kind::Lowercase,
        "Password should have at least one lowercase letter",
    ),
    (Kind::Number, "Password should have at least one number"),
    (Kind::Symbol, "Password should have at least one symbol"),
];

#[derive(Clone, Copy)]
enum Kind {
    Uppercase,
    Lowercase,
    Number,
    Symbol,
}

impl Kind {
    fn is_in(self, password: &str) -> bool {
        password.chars().any(|c| match self {
            Kind::Uppercase => c.is_ascii_uppercase(),
            Kind::Lowercase => c.is_ascii_lowercase(),
            Kind::Number => c.is_ascii_digit(),
            Kind::Symbol => SYMBOLS.contains(c),
        })
    }

    fn is_required_by(self, policy: &PasswordPolicy) -> bool {
        match self {
            Kind::Uppercase => policy.uppercase,
            Kind::Lowercase => policy.lowercase,
            Kind::Number => policy.numbers,
            Kind::Symbol => policy.symbols,
        }
    }
}

/// The account's own policy, if it has one.
pub(crate) fn find(reader: &impl Read, call: &Call) -> Result<Option<PasswordPolicy>, Error> {
    Ok(reader.get(call.account()?.as_str(), PasswordPolicy::ID)?)
}

/// Holds a password to the account's policy, or to AWS's default one.
pub(crate) fn check(
    tx: &Transaction,
    call: &Call,
    policy: Option<&PasswordPolicy>,
    password: &str,
) -> Result<(), Error> {
    let faults = match policy {
        Some(policy) => faults_by(policy, password),
        None => {
            let account = tx.get::<Account>(GLOBAL_SCOPE, call.account()?.as_str())?;
            faults_by_default(account.as_ref(), password)
        }
    };
    if faults.is_empty() {
        return Ok(());
    }
    Err(violation(faults.join(", ")))
}

/// `PasswordPolicyViolation`, in this sentence.
pub(crate) fn violation(message: impl Into<String>) -> Error {
    Error::new("PasswordPolicyViolation").say(message)
}

fn too_short(password: &str, least: usize) -> Option<String> {
    (password.chars().count() < least)
        .then(|| format!("Password should have a minimum length of {least}"))
}

fn faults_by(policy: &PasswordPolicy, password: &str) -> Vec<String> {
    let least = usize::try_from(policy.length_min).unwrap_or(usize::MAX);
    let missing = KINDS
        .iter()
        .filter(|(kind, _)| kind.is_required_by(policy) && !kind.is_in(password))
        .map(|(_, sentence)| (*sentence).to_owned());
    too_short(password, least)
        .into_iter()
        .chain(missing)
        .collect()
}

fn faults_by_default(account: Option<&Account>, password: &str) -> Vec<String> {
    let mut faults: Vec<String> = too_short(password, LENGTH_MIN_DEFAULT)
        .into_iter()
        .collect();
    let missing: Vec<&str> = KINDS
        .iter()
        .filter(|(kind, _)| !kind.is_in(password))
        .map(|(_, sentence)| *sentence)
        .collect();
    let more = KINDS_MIN_DEFAULT.saturating_sub(KINDS.len() - missing.len());
    if more > 0 {
        let list = missing.join(", ");
        faults.push(format!(
            "Password should meet {more} more of the following requirements: {list}"
        ));
    }
    let names = account.iter().flat_map(|account| {
        [Some(account.name.as_str()), account.alias.as_deref()]
            .into_iter()
            .flatten()
    });
    if names
        .into_iter()
        .any(|name| name.eq_ignore_ascii_case(password))
    {
        faults.push("Password should not be the same as the account name".to_owned());
    }
    faults
}

/// Shows the account's own policy.
#[derive(Input)]
pub(crate) struct GetAccountPasswordPolicy {}

/// A policy as it is shown.
#[derive(Output, Debug)]
pub(crate) struct PolicyView {
    minimum_password_length: u32,
    require_symbols: bool,
    require_numbers: bool,
    require_uppercase_characters: bool,
    require_lowercase_characters: bool,
    allow_users_to_change_password: bool,
    expire_passwords: bool,
    max_password_age: Option<u32>,
    password_reuse_prevention: Option<u32>,
    hard_expiry: Option<bool>,
}

/// The account's own policy.
#[derive(Output, Debug)]
pub(crate) struct OnePasswordPolicy {
    password_policy: PolicyView,
}

impl Operation for GetAccountPasswordPolicy {
    const FACTS: &'static OperationFacts = facts::iam::GET_ACCOUNT_PASSWORD_POLICY;
    type Output = OnePasswordPolicy;

    fn touches(&self, call: &Call, tx: &Transaction) -> Result<Touches, Error> {
        let ask = ask_account(call, "iam:GetAccountPasswordPolicy")?;
        Ok(Touches::one(granted_to_users(
            ask,
            find(tx, call)?.as_ref(),
        )))
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<OnePasswordPolicy, Error> {
        let policy = find(tx, &permit)?.ok_or_else(|| not_set(&permit))?;
        Ok(OnePasswordPolicy {
            password_policy: PolicyView {
                minimum_password_length: policy.length_min,
                require_symbols: policy.symbols,
                require_numbers: policy.numbers,
                require_uppercase_characters: policy.uppercase,
                require_lowercase_characters: policy.lowercase,
                allow_users_to_change_password: policy.users_may_change,
                expire_passwords: policy.age_days_max.is_some(),
                max_password_age: policy.age_days_max,
                password_reuse_prevention: policy.reuse_prevention,
                hard_expiry: policy.hard_expiry,
            },
        })
    }
}

fn not_set(call: &Call) -> Error {
    match call.account() {
        Ok(account) => no_such_entity(format!(
            "The Password Policy with domain name {account} cannot be found."
        )),
        Err(error) => error,
    }
}

/// Sets the account's policy. What the request leaves out goes back to AWS's default for it.
#[derive(Input)]
pub(crate) struct UpdateAccountPasswordPolicy {
    minimum_password_length: Option<u32>,
    require_symbols: Option<bool>,
    require_numbers: Option<bool>,
    require_uppercase_characters: Option<bool>,
    require_lowercase_characters: Option<bool>,
    allow_users_to_change_password: Option<bool>,
    max_password_age: Option<u32>,
    password_reuse_prevention: Option<u32>,
    hard_expiry: Option<bool>,
}

impl Operation for UpdateAccountPasswordPolicy {
    const FACTS: &'static OperationFacts = facts::iam::UPDATE_ACCOUNT_PASSWORD_POLICY;
    type Output = Nothing;

    fn touches(&self, call: &Call, _tx: &Transaction) -> Result<Touches, Error> {
        touch_account(call, "iam:UpdateAccountPasswordPolicy")
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<Nothing, Error> {
        let policy = PasswordPolicy {
            length_min: self.minimum_password_length.unwrap_or(LENGTH_MIN_UNSAID),
            symbols: self.require_symbols.unwrap_or(false),
            numbers: self.require_numbers.unwrap_or(false),
            uppercase: self.require_uppercase_characters.unwrap_or(false),
            lowercase: self.require_lowercase_characters.unwrap_or(false),
            users_may_change: self.allow_users_to_change_password.unwrap_or(false),
            age_days_max: self.max_password_age,
            reuse_prevention: self.password_reuse_prevention,
            hard_expiry: self.hard_expiry,
        };
        tx.put(permit.account()?.as_str(), &policy)?;
        Ok(Nothing {})
    }
}

/// Takes the account's own policy away; AWS's default one counts again.
#[derive(Input)]
pub(crate) struct DeleteAccountPasswordPolicy {}

impl Operation for DeleteAccountPasswordPolicy {
    const FACTS: &'static OperationFacts = facts::iam::DELETE_ACCOUNT_PASSWORD_POLICY;
    type Output = Nothing;

    fn touches(&self, call: &Call, _tx: &Transaction) -> Result<Touches, Error> {
        touch_account(call, "iam:DeleteAccountPasswordPolicy")
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<Nothing, Error> {
        let account = permit.account()?;
        if tx.delete::<PasswordPolicy>(account.as_str(), PasswordPolicy::ID)? {
            return Ok(Nothing {});
        }
        // AWS has two sentences for one fact.
        Err(no_such_entity(
            "The account policy with name PasswordPolicy cannot be found.",
        ))
    }
}

/// "This option grants users access to iam:ChangePassword for only their user and to the
/// iam:GetAccountPasswordPolicy action. This option does not attach a permissions policy to
/// each user. Rather, IAM applies the permissions at the account-level" (IAM User Guide,
/// "Set an account password policy"). An explicit deny wins over it as over everything.
pub(crate) fn granted_to_users(ask: Ask, policy: Option<&PasswordPolicy>) -> Ask {
    match policy {
        Some(policy) if policy.users_may_change => ask.guarded_by(Arc::clone(&USERS_MAY_CHANGE)),
        _ => ask,
    }
}

static USERS_MAY_CHANGE: LazyLock<Arc<PolicySet>> = LazyLock::new(|| {
    let document = Document::parse(USERS_MAY_CHANGE_TEXT, Grammar::Any);
    Arc::new(PolicySet::compile(&document.ok()))
});

const USERS_MAY_CHANGE_TEXT: &str = r#"{
    "Version": "2012-10-17",
    "Statement": {
        "Effect": "Allow",
        "Principal": "*",
        "Action": ["iam:ChangePassword", "iam:GetAccountPasswordPolicy"],
        "Resource": "*",
        "Condition": {"StringEquals": {"aws:PrincipalType": "User"}}
    }
}"#;
