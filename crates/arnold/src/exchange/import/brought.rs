//! Everything that comes in, and the summary of it.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use aws::{AccountId, Timestamp};
use identity::{
    Group, InstanceProfile, LastUsed, ManagedPolicy, OidcProvider, Role, SamlProvider, User,
    aws_managed_policy,
};

use super::super::listings::Listings;

/// What comes in.
pub(super) struct Brought {
    pub(super) account: AccountId,
    /// When the account was made, as far as that is known.
    pub(super) created: Timestamp,
    pub(super) users: Vec<User>,
    pub(super) groups: Vec<Group>,
    pub(super) roles: Vec<Role>,
    pub(super) profiles: Vec<InstanceProfile>,
    pub(super) policies: Vec<ManagedPolicy>,
    pub(super) oidc_providers: Vec<OidcProvider>,
    pub(super) saml_providers: Vec<SamlProvider>,
    pub(super) used: Vec<LastUsed>,
}

impl Brought {
    /// Nothing yet.
    pub(super) fn new(account: AccountId, created: Timestamp) -> Brought {
        Brought {
            account,
            created,
            users: Vec::new(),
            groups: Vec::new(),
            roles: Vec::new(),
            profiles: Vec::new(),
            policies: Vec::new(),
            oidc_providers: Vec::new(),
            saml_providers: Vec::new(),
            used: Vec::new(),
        }
    }

    /// How many records there are of each kind, with what people call it.
    fn counts(&self) -> [(usize, &'static str); 8] {
        [
            (self.users.len(), "users"),
            (self.groups.len(), "groups"),
            (self.roles.len(), "roles"),
            (self.profiles.len(), "instance profiles"),
            (self.policies.len(), "managed policies"),
            (self.oidc_providers.len(), "OpenID Connect providers"),
            (self.saml_providers.len(), "SAML providers"),
            (self.used.len(), "times of last use"),
        ]
    }

    /// How many records there are.
    pub(super) fn len(&self) -> usize {
        self.counts().iter().map(|(count, _)| count).sum()
    }

    /// What came in, and what did not.
    pub(super) fn summary(&self, listings: &Listings) -> String {
        let mut text = format!("brought into account {}:\n", self.account);
        for (count, what) in self.counts() {
            // Writing into a text cannot fail.
            let _ = writeln!(text, "  {count:>6} {what}");
        }
        let left_out = self.left_out(listings);
        if !left_out.is_empty() {
            text.push_str("left out:\n");
            for what in left_out {
                let _ = writeln!(text, "  {what}");
            }
        }
        let _ = write!(
            text,
            "To get in, declare a key of the account in a bootstrap file:\n  [[account]]\n  id = \"{0}\"\n  name = \"{0}\"\n  root = {{ access_key_id = \"…\", secret_access_key = \"…\" }}",
            self.account
        );
        text
    }

    fn left_out(&self, listings: &Listings) -> Vec<String> {
        let mut left_out = Vec::new();
        let secrets = |count: fn(&super::super::listings::Proofs) -> usize| -> usize {
            listings.report.iter().map(|row| count(&row.proofs)).sum()
        };
        for (count, what) in [
            (secrets(|proofs| proofs.passwords), "passwords"),
            (secrets(|proofs| proofs.access_keys), "access keys"),
            (secrets(|proofs| proofs.mfa), "users' MFA devices"),
            (
                secrets(|proofs| proofs.certificates),
                "signing certificates",
            ),
        ] {
            if count > 0 {
                left_out.push(format!("{count} {what}: AWS does not give them out"));
            }
        }
        if !self.oidc_providers.is_empty() {
            left_out.push(
                "clients of the OpenID Connect providers: no token is taken until one is added"
                    .to_owned(),
            );
        }
        if !self.saml_providers.is_empty() {
            left_out.push(
                "metadata of the SAML providers: no assertion is taken until it is uploaded"
                    .to_owned(),
            );
        }
        for arn in self.unknown_policies() {
            left_out.push(format!(
                "the document of `{arn}`: it is attached, and allows nothing"
            ));
        }
        left_out
    }

    fn unknown_policies(&self) -> BTreeSet<&str> {
        let own: BTreeSet<String> = self
            .policies
            .iter()
            .map(|policy| policy.arn().to_string())
            .collect();
        let users = self
            .users
            .iter()
            .flat_map(|user| user.attached.iter().chain(&user.boundary));
        let groups = self.groups.iter().flat_map(|group| &group.attached);
        let roles = self
            .roles
            .iter()
            .flat_map(|role| role.attached.iter().chain(&role.boundary));
        users
            .chain(groups)
            .chain(roles)
            .filter(|arn| !own.contains(*arn) && aws_managed_policy(arn).is_none())
            .map(String::as_str)
            .collect()
    }
}
