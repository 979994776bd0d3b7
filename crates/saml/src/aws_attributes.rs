//! The attributes by which a provider tells AWS what a person may have.

use crate::assertion::Assertion;
use crate::refusal::Refusal;

/// What the names of AWS's attributes begin with. They are told apart by case.
pub const PREFIX: &str = "https://aws.amazon.com/SAML/Attributes/";

/// The most roles that one assertion may offer. Its size allows no more anyway.
const ROLES_MAX: usize = 1000;

/// A role that the person may have, and the provider that it comes through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RolePair {
    /// The role's ARN.
    pub role: String,
    /// The provider's ARN.
    pub provider: String,
}

impl RolePair {
    /// Reads a pair, which may be written either way round.
    pub(crate) fn parse(value: &str) -> Option<RolePair> {
        let blank = [' ', '\t', '\n', '\r'];
        let mut parts = value.split(',').map(|part| part.trim_matches(blank));
        let (one, other) = (parts.next()?, parts.next()?);
        if parts.next().is_some() {
            return None;
        }
        let pair = |role: &str, provider: &str| RolePair {
            role: role.to_owned(),
            provider: provider.to_owned(),
        };
        match (kind(one)?, kind(other)?) {
            (Kind::Role, Kind::Provider) => Some(pair(one, other)),
            (Kind::Provider, Kind::Role) => Some(pair(other, one)),
            _ => None,
        }
    }
}

#[derive(PartialEq, Eq)]
enum Kind {
    Role,
    Provider,
}

fn kind(arn: &str) -> Option<Kind> {
    let resource = arn.strip_prefix("arn:aws:iam::")?.split_once(':')?.1;
    if resource.starts_with("role/") {
        Some(Kind::Role)
    } else if resource.starts_with("saml-provider/") {
        Some(Kind::Provider)
    } else {
        None
    }
}

impl Assertion {
    /// The roles that the person may have. Values that name none are passed over: they give
    /// nothing.
    pub fn roles(&self) -> Vec<RolePair> {
        let values = self.values(&format!("{PREFIX}Role")).unwrap_or_default();
        let mut pairs: Vec<RolePair> = Vec::new();
        for pair in values.into_iter().filter_map(RolePair::parse) {
            if !pairs.contains(&pair) && pairs.len() < ROLES_MAX {
                pairs.push(pair);
            }
        }
        pairs
    }

    /// What the session is to be called.
    pub fn role_session_name(&self) -> Result<String, Refusal> {
        let name = self
            .single("RoleSessionName")?
            .ok_or(Refusal::Missing("RoleSessionName"))?;
        if !is_name(name) {
            return Err(refused(
                "RoleSessionName",
                "it has other characters or length",
            ));
        }
        Ok(name.to_owned())
    }

    /// Whom the session is to be laid to.
    pub fn source_identity(&self) -> Result<Option<String>, Refusal> {
        let Some(identity) = self.single("SourceIdentity")? else {
            return Ok(None);
        };
        if !is_name(identity) || identity.starts_with("aws:") {
            return Err(refused(
                "SourceIdentity",
                "it has other characters or length",
            ));
        }
        Ok(Some(identity.to_owned()))
    }

    /// How long the session may be, in seconds.
    pub fn session_duration_s(&self) -> Result<Option<i64>, Refusal> {
        let Some(text) = self.single("SessionDuration")? else {
            return Ok(None);
        };
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let seconds = text.parse().ok().filter(|_| is_number);
        match seconds {
            Some(seconds @ 900..=43_200) => Ok(Some(seconds)),
            _ => Err(refused("SessionDuration", "it is not from 900 to 43200")),
        }
    }

    /// Tags for the session, in the order of the document.
    pub fn tags(&self) -> Result<Vec<(String, String)>, Refusal> {
        let prefix = format!("{PREFIX}PrincipalTag:");
        let mut tags: Vec<(String, String)> = Vec::new();
        for attribute in self.attributes() {
            let Some(key) = attribute.name.strip_prefix(&prefix) else {
                continue;
            };
            let name = format!("PrincipalTag:{key}");
            let value = self.single(&name)?.unwrap_or_default();
            tags.push((key.to_owned(), value.to_owned()));
        }
        Ok(tags)
    }

    /// Keys of the tags that later sessions of a chain inherit.
    pub fn transitive_tag_keys(&self) -> Vec<String> {
        let values = self.values(&format!("{PREFIX}TransitiveTagKeys"));
        values
            .unwrap_or_default()
            .into_iter()
            .map(str::to_owned)
            .collect()
    }

    /// The value of an attribute that has one value.
    fn single(&self, name: &str) -> Result<Option<&str>, Refusal> {
        match self.values(&format!("{PREFIX}{name}")).as_deref() {
            None => Ok(None),
            Some([one]) => Ok(Some(one)),
            Some(_) => Err(refused(name, "it does not have exactly one value")),
        }
    }
}

fn refused(name: &str, reason: &'static str) -> Refusal {
    Refusal::Attribute {
        name: name.to_owned(),
        reason,
    }
}

/// `[a-zA-Z_0-9+=,.@-]{2,64}`
fn is_name(text: &str) -> bool {
    (2..=64).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_read_either_way_round() {
        let role = "arn:aws:iam::111122223333:role/a/b";
        let provider = "arn:aws:iam::111122223333:saml-provider/p";
        let pair = Some(RolePair {
            role: role.to_owned(),
            provider: provider.to_owned(),
        });
        assert_eq!(RolePair::parse(&format!("{role},{provider}")), pair);
        assert_eq!(RolePair::parse(&format!("\n {provider} , {role}\n")), pair);
        for text in [
            "",
            role,
            &format!("{role},{role}"),
            &format!("{role},{provider},{role}"),
            &format!("{role};{provider}"),
        ] {
            assert_eq!(RolePair::parse(text), None, "{text}");
        }
    }
}
