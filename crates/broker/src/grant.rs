//! Grants: what is open to whom, as a call of STS.

use ldap::Dn;
use policy::{Document, Grammar};

use crate::config::GrantConfig;
use crate::fault::GrantFault;

/// The bounds of `DurationSeconds`, from STS's API reference.
const DURATION_S_MIN: u32 = 900;
const ROLE_DURATION_S_MAX: u32 = 43_200;
const FEDERATION_DURATION_S_MAX: u32 = 129_600;

/// What is open to some people.
#[derive(Debug)]
pub struct Grant {
    id: String,
    title: String,
    who: Who,
    what: What,
    policy: Option<String>,
    policy_arns: Vec<String>,
    duration_s: u32,
}

/// To whom it is open.
#[derive(Debug)]
pub(crate) enum Who {
    Everyone,
    Entries(Vec<Dn>),
    Values(Vec<String>),
}

#[derive(Debug, PartialEq, Eq)]
enum What {
    Role(String),
    Federation,
}

/// A call of STS that hands a grant out.
#[derive(Debug, PartialEq, Eq)]
pub struct Call {
    /// The operation.
    pub action: &'static str,
    /// Its parameters, as the query protocol writes them.
    pub parameters: Vec<(String, String)>,
}

/// How groups are written at a way in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GroupKind {
    Entries,
    Values,
}

impl Grant {
    pub(crate) fn check(config: &GrantConfig, kind: GroupKind) -> Result<Grant, GrantFault> {
        let who = match (config.everyone, config.groups.is_empty(), kind) {
            (true, true, _) => Who::Everyone,
            (false, false, GroupKind::Entries) => {
                let groups = config.groups.iter().map(|group| Dn::parse(group));
                Who::Entries(groups.collect::<Result<_, _>>()?)
            }
            (false, false, GroupKind::Values) => Who::Values(config.groups.clone()),
            _ => return Err(GrantFault::Who),
        };
        let (what, duration_s_max) = match (&config.role_arn, config.federation) {
            (Some(arn), false) if role_name(arn).is_some() => {
                (What::Role(arn.clone()), ROLE_DURATION_S_MAX)
            }
            (Some(_), false) => return Err(GrantFault::RoleArn),
            (None, true) => (What::Federation, FEDERATION_DURATION_S_MAX),
            _ => return Err(GrantFault::What),
        };
        if !(DURATION_S_MIN..=duration_s_max).contains(&config.duration_s) {
            return Err(GrantFault::Duration(duration_s_max));
        }
        let policy = policy(config)?;
        if what == What::Federation && policy.is_none() && config.policy_arns.is_empty() {
            return Err(GrantFault::NoPolicy);
        }
        let title = match (&config.title, &what) {
            (Some(title), _) => title.clone(),
            (None, What::Role(arn)) => role_name(arn).unwrap_or_default().to_owned(),
            (None, What::Federation) => "Federated user".to_owned(),
        };
        let mut grant = Grant {
            id: String::new(),
            title,
            who,
            what,
            policy,
            policy_arns: config.policy_arns.clone(),
            duration_s: config.duration_s,
        };
        grant.id = grant.digest();
        Ok(grant)
    }

    /// Names exactly this grant: a changed one has another id, so that a choice that was made
    /// before the change is none any more.
    fn digest(&self) -> String {
        let text = format!("{self:?}");
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_bytes());
        hex::encode(digest.as_ref().get(..8).unwrap_or_default())
    }

    /// Its id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What people call it.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// The role, where it is one.
    pub fn role_arn(&self) -> Option<&str> {
        match &self.what {
            What::Role(arn) => Some(arn),
            What::Federation => None,
        }
    }

    /// How long the credentials are good, in seconds.
    pub fn duration_s(&self) -> u32 {
        self.duration_s
    }

    pub(crate) fn is_open_to_person(&self, person: &ldap::Person) -> bool {
        match &self.who {
            Who::Everyone => true,
            Who::Entries(groups) => groups.iter().any(|group| person.is_in(group)),
            Who::Values(_) => false,
        }
    }

    pub(crate) fn is_open_to_values(&self, values: &[&str]) -> bool {
        match &self.who {
            Who::Everyone => true,
            Who::Values(groups) => groups.iter().any(|group| values.contains(&group.as_str())),
            Who::Entries(_) => false,
        }
    }

    /// The call that hands it out to somebody of this name.
    pub(crate) fn call(&self, name: &str) -> Call {
        let mut parameters = vec![("DurationSeconds".to_owned(), self.duration_s.to_string())];
        let mut add = |key: &str, value: &str| parameters.push((key.to_owned(), value.to_owned()));
        let action = match &self.what {
            What::Role(arn) => {
                add("RoleArn", arn);
                add("RoleSessionName", name);
                add("SourceIdentity", name);
                "AssumeRole"
            }
            What::Federation => {
                add("Name", name);
                "GetFederationToken"
            }
        };
        if let Some(policy) = &self.policy {
            add("Policy", policy);
        }
        for (number, arn) in (1..).zip(&self.policy_arns) {
            add(&format!("PolicyArns.member.{number}.arn"), arn);
        }
        Call { action, parameters }
    }
}

/// The name of a role, without its path.
fn role_name(arn: &str) -> Option<&str> {
    let parsed: aws::Arn = arn.parse().ok()?;
    let is_role = parsed.service() == "iam" && parsed.resource().starts_with("role/");
    let name = arn.rsplit('/').next()?;
    (is_role && !name.is_empty()).then_some(name)
}

fn policy(config: &GrantConfig) -> Result<Option<String>, GrantFault> {
    let text = match (&config.policy, &config.policy_file) {
        (Some(_), Some(_)) => return Err(GrantFault::TwoPolicies),
        (Some(text), None) => text.clone(),
        (None, Some(path)) => {
            std::fs::read_to_string(path).map_err(|source| GrantFault::PolicyFile {
                path: path.clone(),
                source,
            })?
        }
        (None, None) => return Ok(None),
    };
    Document::parse(&text, Grammar::Session)
        .map_err(|malformed| GrantFault::Policy(malformed.to_string()))?;
    Ok(Some(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> Result<Grant, GrantFault> {
        Grant::check(&toml::from_str(text).unwrap(), GroupKind::Entries)
    }

    const ROLE: &str = "role_arn = \"arn:aws:iam::111122223333:role/people/Developer\"\n";
    const POLICY: &str = r#"policy = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:Get*","Resource":"*"}]}'"#;

    #[test]
    fn a_role_is_assumed_in_the_persons_name() {
        let grant = check(&format!("everyone = true\n{ROLE}duration_s = 900")).unwrap();
        assert_eq!(grant.title(), "Developer");
        let call = grant.call("ana");
        assert_eq!(call.action, "AssumeRole");
        let pairs: Vec<(&str, &str)> = call
            .parameters
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_str()))
            .collect();
        assert_eq!(
            pairs,
            [
                ("DurationSeconds", "900"),
                ("RoleArn", "arn:aws:iam::111122223333:role/people/Developer"),
                ("RoleSessionName", "ana"),
                ("SourceIdentity", "ana"),
            ]
        );
    }

    #[test]
    fn a_federated_user_is_kept_within_a_policy() {
        let grant = check(&format!("everyone = true\nfederation = true\n{POLICY}")).unwrap();
        let call = grant.call("ana");
        assert_eq!(call.action, "GetFederationToken");
        assert!(
            call.parameters
                .contains(&("Name".to_owned(), "ana".to_owned()))
        );
        assert!(call.parameters.iter().any(|(key, _)| key == "Policy"));
        let arns = "everyone = true\nfederation = true\npolicy_arns = [\"arn:aws:iam::aws:policy/ReadOnlyAccess\"]";
        let call = check(arns).unwrap().call("ana");
        assert!(call.parameters.contains(&(
            "PolicyArns.member.1.arn".to_owned(),
            "arn:aws:iam::aws:policy/ReadOnlyAccess".to_owned()
        )));
    }

    #[test]
    fn a_grant_that_says_too_little_or_too_much_is_refused() {
        for (text, why) in [
            (ROLE.to_owned(), "say `groups`"),
            (
                format!("{ROLE}everyone = true\ngroups = [\"cn=a\"]"),
                "say `groups`",
            ),
            (
                format!("{ROLE}groups = [\"admins\"]"),
                "is not a distinguished name",
            ),
            ("everyone = true".to_owned(), "say `role_arn`"),
            (
                format!("{ROLE}everyone = true\nfederation = true"),
                "say `role_arn`",
            ),
            (
                "everyone = true\nrole_arn = \"arn:aws:iam::111122223333:user/ana\"".to_owned(),
                "not the ARN of a role",
            ),
            (
                "everyone = true\nrole_arn = \"arn:aws:iam::111122223333:role/\"".to_owned(),
                "not the ARN of a role",
            ),
            (
                "everyone = true\nfederation = true".to_owned(),
                "needs `policy`",
            ),
            (
                format!("{ROLE}everyone = true\nduration_s = 899"),
                "from 900 to 43200",
            ),
            (
                format!("{ROLE}everyone = true\nduration_s = 43201"),
                "from 900 to 43200",
            ),
            (
                format!("everyone = true\nfederation = true\n{POLICY}\nduration_s = 129601"),
                "from 900 to 129600",
            ),
            (
                format!("{ROLE}everyone = true\npolicy = \"{{}}\""),
                "the policy cannot be used",
            ),
            (
                format!("{ROLE}everyone = true\npolicy_file = \"/nowhere\""),
                "cannot read `/nowhere`",
            ),
        ] {
            let refusal = check(&text).unwrap_err().to_string();
            assert!(refusal.contains(why), "{text}: {refusal}");
        }
    }

    #[test]
    fn a_changed_grant_is_another_one() {
        let id = |text: &str| check(&format!("{ROLE}{text}")).unwrap().id().to_owned();
        assert_eq!(id("everyone = true"), id("everyone = true"));
        assert_ne!(
            id("everyone = true"),
            id("everyone = true\nduration_s = 900")
        );
        assert_ne!(id("everyone = true"), id("groups = [\"cn=a\"]"));
        assert_ne!(id("groups = [\"cn=b\"]"), id("groups = [\"cn=a\"]"));
    }
}
