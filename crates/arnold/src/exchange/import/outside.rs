//! What the shorter listings tell: the account's identity providers, and when passwords were
//! last used.

use std::collections::BTreeMap;

use aws::{AccountId, Arn, Timestamp};
use identity::{KeyOwner, LastUsed, LoginProfile, OidcProvider, SamlProvider};

use super::super::listings::{ReportRow, SamlEntry};
use super::super::times;
use crate::Failure;

/// What the credential report calls root.
pub(super) const ROOT: &str = "<root_account>";

/// An OpenID Connect provider as its ARN tells it. Which clients it is for the listing does
/// not say, so no token of it is taken until one is added.
pub(super) fn oidc(
    account: AccountId,
    arn: &str,
    created: Timestamp,
) -> Result<OidcProvider, Failure> {
    let parsed: Arn = arn.parse()?;
    let host_and_path = parsed
        .resource()
        .strip_prefix("oidc-provider/")
        .filter(|rest| !rest.is_empty())
        .ok_or("it is no OpenID Connect provider")?;
    Ok(OidcProvider {
        account,
        issuer: format!("https://{host_and_path}"),
        host_and_path: host_and_path.to_owned(),
        client_ids: Vec::new(),
        thumbprints: Vec::new(),
        created,
        tags: Vec::new(),
    })
}

/// A SAML provider without its metadata, which the listing does not hold: nothing is verified
/// by it until it is given some.
pub(super) fn saml(
    account: AccountId,
    entry: &SamlEntry,
    uuid: String,
) -> Result<SamlProvider, Failure> {
    let parsed: Arn = entry.arn.parse()?;
    let name = parsed
        .resource()
        .strip_prefix(SamlProvider::RESOURCE)
        .filter(|rest| !rest.is_empty() && !rest.contains('/'))
        .ok_or("it is no SAML provider")?;
    Ok(SamlProvider {
        account,
        name: name.to_owned(),
        uuid,
        metadata: String::new(),
        created: times::read(&entry.create_date)?,
        valid_until: times::read(&entry.valid_until)?,
        encryption_mode: None,
        private_keys: Vec::new(),
        tags: Vec::new(),
    })
}

/// When the password of a row was last used, if it ever was; the password itself nobody can
/// bring.
pub(super) fn password_use(
    account: AccountId,
    row: &ReportRow,
    ids: &BTreeMap<&str, &str>,
) -> Result<Option<LastUsed>, Failure> {
    let owner = match ids.get(row.arn.as_str()) {
        Some(id) => KeyOwner::User((*id).to_owned()),
        None if row.user == ROOT => KeyOwner::Root,
        None => return Err("the credential report tells of it, but no other file does".into()),
    };
    if matches!(
        row.password_last_used.as_str(),
        "N/A" | "no_information" | "not_supported"
    ) {
        return Ok(None);
    }
    Ok(Some(LastUsed {
        id: LoginProfile::use_id(account, &owner),
        at: times::read(&row.password_last_used)?,
        region: String::new(),
        service: "signin".to_owned(),
    }))
}
