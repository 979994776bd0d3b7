//! The quotas that an account can ask AWS to raise: by default as AWS's, and by configuration
//! up to what AWS grants at most (IAM User Guide, "IAM and AWS STS quotas").

use serde::Deserialize;

use crate::Directory;

/// How much an account may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Quotas {
    /// Groups of an account.
    pub groups: u64,
    /// Roles of an account.
    pub roles: u64,
    /// Customer managed policies of an account.
    pub policies: u64,
    /// Instance profiles of an account.
    pub instance_profiles: u64,
    /// Server certificates of an account.
    pub server_certificates: u64,
    /// Managed policies attached to one user.
    pub policies_per_user: u64,
    /// Managed policies attached to one role.
    pub policies_per_role: u64,
    /// Characters of a trust policy, white space not counted.
    pub trust_policy_size: u64,
}

impl Quotas {
    /// What AWS gives everybody.
    pub const DEFAULT: Quotas = Quotas {
        groups: 300,
        roles: 1000,
        policies: 1500,
        instance_profiles: 1000,
        server_certificates: 20,
        policies_per_user: 10,
        policies_per_role: 10,
        trust_policy_size: 2048,
    };

    /// The most that AWS grants.
    pub const MOST: Quotas = Quotas {
        groups: 500,
        roles: 5000,
        policies: 5000,
        instance_profiles: 5000,
        server_certificates: 1000,
        policies_per_user: 20,
        policies_per_role: 20,
        trust_policy_size: 4096,
    };

    /// Refuses what AWS would not grant.
    pub fn check(&self) -> Result<(), QuotaBeyond> {
        let (default, most) = (Quotas::DEFAULT.named(), Quotas::MOST.named());
        for ((name, asked), ((_, least), (_, most))) in
            self.named().into_iter().zip(default.into_iter().zip(most))
        {
            if !(least..=most).contains(&asked) {
                return Err(QuotaBeyond {
                    name,
                    asked,
                    least,
                    most,
                });
            }
        }
        Ok(())
    }

    fn named(&self) -> [(&'static str, u64); 8] {
        [
            ("groups", self.groups),
            ("roles", self.roles),
            ("policies", self.policies),
            ("instance_profiles", self.instance_profiles),
            ("server_certificates", self.server_certificates),
            ("policies_per_user", self.policies_per_user),
            ("policies_per_role", self.policies_per_role),
            ("trust_policy_size", self.trust_policy_size),
        ]
    }
}

impl Default for Quotas {
    fn default() -> Quotas {
        Quotas::DEFAULT
    }
}

/// A quota that AWS would not grant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the quota `{name}` cannot be {asked}: AWS gives {least}, and {most} at most")]
pub struct QuotaBeyond {
    name: &'static str,
    asked: u64,
    least: u64,
    most: u64,
}

impl Directory {
    /// Tells what the configuration says. Counts once, before anything is asked.
    pub fn set_quotas(&self, quotas: Quotas) {
        if self.quotas_cell().set(quotas).is_err() {
            tracing::error!("the quotas were told twice: the first ones count");
        }
    }

    /// How much an account may hold.
    pub fn quotas(&self) -> &Quotas {
        self.quotas_cell().get().unwrap_or(&Quotas::DEFAULT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotas_rise_as_far_as_aws_lets_them() {
        Quotas::DEFAULT.check().unwrap();
        Quotas::MOST.check().unwrap();
        for (roles, fits) in [
            (999, false),
            (1000, true),
            (3000, true),
            (5000, true),
            (5001, false),
        ] {
            let quotas = Quotas {
                roles,
                ..Quotas::DEFAULT
            };
            assert_eq!(quotas.check().is_ok(), fits, "{roles}");
        }
    }
}
