//! The ARN of a role, as callers of STS write it.

use std::sync::Arc;

use aws::{AccountId, Arn};
use identity::{Ask, Principal};
use plane::{Call, Error};
use policy::PolicySet;

/// An ARN that names a role, whether or not the role exists.
#[derive(Debug, Clone)]
pub struct RoleArn {
    /// As it was written.
    pub text: String,
    /// The account in it.
    pub account: AccountId,
    /// The role's name, the last part of the path.
    pub name: String,
}

impl RoleArn {
    /// Reads the ARN; anything else is AWS's `ValidationError`.
    pub fn parse(text: &str) -> Result<RoleArn, Error> {
        let invalid = || Error::validation(format!("{text} is invalid"));
        let arn: Arn = text.parse().map_err(|_| invalid())?;
        let account = arn.account().parse().map_err(|_| invalid())?;
        let path_and_name = arn.resource().strip_prefix("role/").ok_or_else(invalid)?;
        let name = path_and_name.rsplit('/').next().unwrap_or_default();
        let is_role = arn.partition() == aws::PARTITION
            && arn.service() == "iam"
            && arn.region().is_empty()
            && !name.is_empty();
        if !is_role {
            return Err(invalid());
        }
        Ok(RoleArn {
            text: text.to_owned(),
            account,
            name: name.to_owned(),
        })
    }
}

/// The role that an ARN names, as it was when it was looked up: what is decided about is
/// what is put on, even if the role is deleted and made anew in between.
#[derive(Debug)]
pub struct NamedRole {
    /// What the caller wrote.
    pub arn: RoleArn,
    /// The role, if there is one of this very ARN, path and case included.
    pub role: Option<Arc<Principal>>,
}

impl NamedRole {
    /// Looks the role up.
    pub fn find(call: &Call, arn: RoleArn) -> Result<NamedRole, Error> {
        let found = call.directory().role_by_name(arn.account, &arn.name)?;
        let role = found.filter(|role| role.arn == arn.text);
        Ok(NamedRole { arn, role })
    }

    /// The role's trust policy. A role that does not exist trusts nobody, and so refuses in
    /// the words of one that does.
    pub fn trust(&self) -> Arc<PolicySet> {
        let facts = self.role.as_ref().and_then(|role| role.role.as_ref());
        facts.map_or_else(
            || Arc::new(PolicySet::empty()),
            |facts| Arc::clone(&facts.trust),
        )
    }

    /// An ask about the role.
    pub fn ask(&self, action: &'static str) -> Ask {
        Ask::new(action, self.arn.text.as_str(), self.arn.account.to_string())
    }

    /// The role, once leave was given: nobody gets leave for one that is not there.
    pub fn permitted(&self) -> Result<&Principal, Error> {
        self.role
            .as_deref()
            .ok_or_else(|| Error::internal("a role that does not exist was permitted"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_arn_with_a_path_names_its_last_part() {
        let arn = RoleArn::parse("arn:aws:iam::111122223333:role/a/b/deploy").unwrap();
        assert_eq!(arn.name, "deploy");
        assert_eq!(arn.account.as_str(), "111122223333");
    }

    #[test]
    fn what_is_no_role_arn_is_said_to_be_invalid() {
        for text in [
            "arn:aws:iam::111122223333:user/a",
            "arn:aws:iam::1111:role/a",
            "arn:aws:iam::111122223333:role/",
            "arn:aws:sts::111122223333:role/a",
            "not an arn at all",
        ] {
            let error = RoleArn::parse(text).unwrap_err();
            assert_eq!(error.code(), "ValidationError");
            assert_eq!(error.message(), Some(format!("{text} is invalid").as_str()));
        }
    }
}
