//! Condition keys and the types of their values.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::action::by_name;
use crate::service::{Service, service, services};

/// What the values of a condition key are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueType {
    /// Texts.
    String,
    /// Numbers.
    Numeric,
    /// `true` and `false`.
    Bool,
    /// Points in time.
    Date,
    /// ARNs.
    Arn,
    /// Addresses and ranges of them.
    IpAddress,
    /// Bytes in base64.
    Binary,
}

impl ValueType {
    /// Reads the reference's word, and whether a request may carry several.
    pub(crate) fn read(word: &str) -> (ValueType, bool) {
        let (of, many) = match word.strip_prefix("ArrayOf") {
            Some(of) => (of, true),
            None => (word, false),
        };
        let of = match of {
            "Numeric" | "Long" => ValueType::Numeric,
            "Bool" => ValueType::Bool,
            "Date" => ValueType::Date,
            "ARN" => ValueType::Arn,
            "IPAddress" => ValueType::IpAddress,
            "Binary" => ValueType::Binary,
            _ => ValueType::String,
        };
        (of, many)
    }
}

/// A condition key.
#[derive(Debug)]
pub struct ConditionKey {
    name: Cow<'static, str>,
    values: ValueType,
    many: bool,
}

impl ConditionKey {
    pub(crate) fn new(name: Cow<'static, str>, (values, many): (ValueType, bool)) -> ConditionKey {
        ConditionKey { name, values, many }
    }

    const fn global(name: &'static str, values: ValueType, many: bool) -> ConditionKey {
        ConditionKey {
            name: Cow::Borrowed(name),
            values,
            many,
        }
    }

    /// As the reference writes it; `${TagKey}`, `<key>` and `tag-key` stand for any text.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What its values are.
    #[must_use]
    pub fn values(&self) -> ValueType {
        self.values
    }

    /// Whether one request may carry several values.
    #[must_use]
    pub fn is_multivalued(&self) -> bool {
        self.many
    }

    /// Whether a key of a policy is this one, in any case.
    #[must_use]
    pub fn is(&self, key: &str) -> bool {
        is_key(&self.name, key)
    }
}

/// Whether a key of a policy is the one that the reference writes so, in any case.
#[must_use]
pub fn is_key(written: &str, key: &str) -> bool {
    // A few are written plainly: `secretsmanager:ResourceTag/tag-key`.
    if let Some(stem) = written.strip_suffix("/tag-key") {
        return is_key(&format!("{stem}/<key>"), key);
    }
    let placeholder = written
        .find("${")
        .map(|at| (at, '}'))
        .or_else(|| written.find('<').map(|at| (at, '>')));
    let Some((at, end)) = placeholder else {
        return by_name(written, key).is_eq();
    };
    let (before, rest) = written.split_at_checked(at).unwrap_or((written, ""));
    let after = rest.split_once(end).map_or("", |(_, after)| after);
    let Some((start, left)) = key.split_at_checked(before.len()) else {
        return false;
    };
    if !start.eq_ignore_ascii_case(before) {
        return false;
    }
    if after.is_empty() {
        return !left.is_empty();
    }
    // Whatever stands for the placeholder is not empty and ends where the rest begins.
    left.char_indices()
        .skip(1)
        .any(|(at, _)| left.get(at..).is_some_and(|left| is_key(after, left)))
}

/// The condition key of this name, in any case, wherever it is defined.
#[must_use]
pub fn condition_key(name: &str) -> Option<&'static ConditionKey> {
    let of_service = |service: &'static Service| {
        let mut keys = service.condition_keys().iter();
        keys.find(|key| key.is(name))
    };
    if let Some(key) = GLOBAL_KEYS.iter().find(|key| key.is(name)) {
        return Some(key);
    }
    let (prefix, _) = name.split_once(':')?;
    if let Some(key) = service(prefix).and_then(of_service) {
        return Some(key);
    }
    let guests = |prefix: &str| GUESTS.get(prefix).into_iter().flatten().copied();
    guests(&prefix.to_ascii_lowercase())
        .chain(guests(""))
        .find_map(of_service)
}

/// Which services have keys under a prefix that is not their own: identity providers give
/// theirs to STS. Those whose prefix has a placeholder stand under no prefix.
static GUESTS: LazyLock<BTreeMap<String, Vec<&'static Service>>> = LazyLock::new(|| {
    let mut guests: BTreeMap<String, Vec<&Service>> = BTreeMap::new();
    for service in services() {
        let keys = service.lines().filter_map(|line| line.strip_prefix("K\t"));
        for key in keys.filter(|key| !key.starts_with(':') && !key.starts_with("aws:")) {
            let prefix = key.split(':').next().unwrap_or_default();
            let prefix = if prefix.contains('$') { "" } else { prefix };
            let of = guests.entry(prefix.to_ascii_lowercase()).or_default();
            if of
                .last()
                .is_none_or(|last| last.prefix() != service.prefix())
            {
                of.push(service);
            }
        }
    }
    guests
});

/// The keys that do not belong to one service, with those that services give to the sessions
/// they make (IAM User Guide, "AWS global condition context keys").
pub static GLOBAL_KEYS: &[ConditionKey] = &[
    // The principal.
    ConditionKey::global("aws:PrincipalArn", ValueType::Arn, false),
    ConditionKey::global("aws:PrincipalAccount", ValueType::String, false),
    ConditionKey::global("aws:PrincipalOrgPaths", ValueType::String, true),
    ConditionKey::global("aws:PrincipalOrgID", ValueType::String, false),
    ConditionKey::global("aws:PrincipalTag/${TagKey}", ValueType::String, false),
    ConditionKey::global("aws:PrincipalIsAWSService", ValueType::Bool, false),
    ConditionKey::global("aws:PrincipalServiceName", ValueType::String, false),
    ConditionKey::global("aws:PrincipalServiceNamesList", ValueType::String, true),
    ConditionKey::global("aws:PrincipalType", ValueType::String, false),
    ConditionKey::global("aws:userid", ValueType::String, false),
    ConditionKey::global("aws:username", ValueType::String, false),
    // Its session.
    ConditionKey::global("aws:AssumedRoot", ValueType::String, false),
    ConditionKey::global("aws:ChatbotSourceArn", ValueType::Arn, false),
    ConditionKey::global("aws:Ec2InstanceSourceVpc", ValueType::String, false),
    ConditionKey::global(
        "aws:Ec2InstanceSourcePrivateIPv4",
        ValueType::IpAddress,
        false,
    ),
    ConditionKey::global("aws:FederatedProvider", ValueType::String, false),
    ConditionKey::global("aws:MultiFactorAuthAge", ValueType::Numeric, false),
    ConditionKey::global("aws:MultiFactorAuthPresent", ValueType::Bool, false),
    ConditionKey::global("aws:SourceIdentity", ValueType::String, false),
    ConditionKey::global("aws:TokenIssueTime", ValueType::Date, false),
    ConditionKey::global("ec2:RoleDelivery", ValueType::Numeric, false),
    ConditionKey::global("ec2:SourceInstanceArn", ValueType::Arn, false),
    ConditionKey::global("glue:CredentialIssuingService", ValueType::String, false),
    ConditionKey::global("glue:RoleAssumedBy", ValueType::String, false),
    ConditionKey::global("identitystore:UserId", ValueType::String, false),
    ConditionKey::global("lambda:SourceFunctionArn", ValueType::Arn, false),
    ConditionKey::global("ssm:SourceInstanceArn", ValueType::Arn, false),
    // The network.
    ConditionKey::global("aws:SourceIp", ValueType::IpAddress, false),
    ConditionKey::global("aws:SourceVpc", ValueType::String, false),
    ConditionKey::global("aws:SourceVpcArn", ValueType::Arn, false),
    ConditionKey::global("aws:SourceVpce", ValueType::String, false),
    ConditionKey::global("aws:VpceAccount", ValueType::String, false),
    ConditionKey::global("aws:VpceOrgID", ValueType::String, false),
    ConditionKey::global("aws:VpceOrgPaths", ValueType::String, true),
    ConditionKey::global("aws:VpcSourceIp", ValueType::IpAddress, false),
    // The resource.
    ConditionKey::global("aws:ResourceAccount", ValueType::String, false),
    ConditionKey::global("aws:ResourceOrgID", ValueType::String, false),
    ConditionKey::global("aws:ResourceOrgPaths", ValueType::String, true),
    ConditionKey::global("aws:ResourceTag/${TagKey}", ValueType::String, false),
    // The request.
    ConditionKey::global("aws:CalledVia", ValueType::String, true),
    ConditionKey::global("aws:CalledViaFirst", ValueType::String, false),
    ConditionKey::global("aws:CalledViaLast", ValueType::String, false),
    ConditionKey::global("aws:CurrentTime", ValueType::Date, false),
    ConditionKey::global("aws:EpochTime", ValueType::Date, false),
    ConditionKey::global("aws:RequestedRegion", ValueType::String, false),
    ConditionKey::global("aws:RequestTag/${TagKey}", ValueType::String, false),
    ConditionKey::global("aws:SecureTransport", ValueType::Bool, false),
    ConditionKey::global("aws:SourceAccount", ValueType::String, false),
    ConditionKey::global("aws:SourceArn", ValueType::Arn, false),
    ConditionKey::global("aws:SourceOrgID", ValueType::String, false),
    ConditionKey::global("aws:SourceOrgPaths", ValueType::String, true),
    ConditionKey::global("aws:SourceOwner", ValueType::String, false),
    ConditionKey::global("aws:TagKeys", ValueType::String, true),
    ConditionKey::global("aws:UserAgent", ValueType::String, false),
    ConditionKey::global("aws:ViaAWSService", ValueType::Bool, false),
    ConditionKey::global("aws:referer", ValueType::String, false),
];
