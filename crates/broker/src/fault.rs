//! Why a broker cannot be used as it is configured.

use std::path::PathBuf;

/// Why a broker cannot be used as it is configured.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A secret cannot be had.
    #[error("`{setting}`: {source}")]
    Secret {
        /// Which one.
        setting: &'static str,
        /// Why.
        source: seal::SecretSourceError,
    },
    /// There is no way in.
    #[error("`[broker.sign_in.…]` is missing: say where people sign in")]
    NoSignIn,
    /// A short name that cannot stand in an address.
    #[error(
        "`[broker.sign_in.{0}]`: a short name has letters, digits and hyphens only, 32 at most"
    )]
    ShortName(String),
    /// A way in is wrong.
    #[error("`[broker.sign_in.{name}]`: {why}")]
    SignIn {
        /// Its short name.
        name: String,
        /// What is wrong with it.
        why: String,
    },
    /// Two people could have one name.
    #[error(
        "`[broker.sign_in.…] name_suffix`: with several ways in each needs one, such as `@corp`, and none may end like another: one name must not mean two people"
    )]
    Suffixes,
    /// A grant is wrong.
    #[error("`[[broker.sign_in.{sign_in}.grant]]`, number {number}: {source}")]
    Grant {
        /// The way in.
        sign_in: String,
        /// Which of its grants, from 1.
        number: usize,
        /// What is wrong with it.
        source: GrantFault,
    },
}

/// What is wrong with a grant.
#[derive(Debug, thiserror::Error)]
pub enum GrantFault {
    /// Open to nobody, or both to some and to all.
    #[error("say `groups`, or `everyone = true`, and not both")]
    Who,
    /// A group that is no name.
    #[error(transparent)]
    Group(#[from] ldap::NotADn),
    /// Neither a role nor a federation token, or both.
    #[error("say `role_arn`, or `federation = true`, and not both")]
    What,
    /// Not a role.
    #[error("`role_arn` is not the ARN of a role")]
    RoleArn,
    /// Federation without a policy would be worth nothing.
    #[error(
        "`federation` needs `policy`, `policy_file` or `policy_arns`: without one the credentials may do nothing"
    )]
    NoPolicy,
    /// Two policies.
    #[error("say `policy` or `policy_file`, and not both")]
    TwoPolicies,
    /// The policy's file cannot be read.
    #[error("cannot read `{}`: {source}", .path.display())]
    PolicyFile {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The policy is none.
    #[error("the policy cannot be used: {0}")]
    Policy(String),
    /// The duration is out of STS's bounds.
    #[error("`duration_s` must be from 900 to {0}")]
    Duration(u32),
    /// The same twice.
    #[error("it is the same as another one")]
    Twice,
}
