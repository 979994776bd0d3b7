//! The rows of a credential report, in AWS's columns and AWS's conventions.

use aws::{AccountId, Timestamp};
use identity::{
    AccessKey, Account, GLOBAL_SCOPE, Held, KeyOwner, KeyStatus, LastUsed, LoginProfile, MfaDevice,
    PasswordPolicy, SigningCertificate, User, iso,
};
use plane::Error;
use store::{Exactly, Read};

/// The first line (IAM User Guide, "Understanding the report format").
pub(crate) const COLUMNS: [&str; 22] = [
    "user",
    "arn",
    "user_creation_time",
    "password_enabled",
    "password_last_used",
    "password_last_changed",
    "password_next_rotation",
    "mfa_active",
    "access_key_1_active",
    "access_key_1_last_rotated",
    "access_key_1_last_used_date",
    "access_key_1_last_used_region",
    "access_key_1_last_used_service",
    "access_key_2_active",
    "access_key_2_last_rotated",
    "access_key_2_last_used_date",
    "access_key_2_last_used_region",
    "access_key_2_last_used_service",
    "cert_1_active",
    "cert_1_last_rotated",
    "cert_2_active",
    "cert_2_last_rotated",
];

/// There is nothing that this could be said of.
const NOT_APPLICABLE: &str = "N/A";
/// It was never used.
const NEVER: &str = "no_information";
/// Root's password does not expire by the password policy.
const NOT_SUPPORTED: &str = "not_supported";
/// What stands for root's name.
const ROOT: &str = "<root_account>";

/// How many keys and certificates have columns, each.
const SLOTS: usize = 2;

/// How many users are read at a time.
const USERS_PAGE: usize = 500;

/// The whole report: root, then the users by name. No line ends the last row.
pub(crate) fn write(reader: &impl Read, account: AccountId) -> Result<String, Error> {
    let root: Account = reader
        .get(GLOBAL_SCOPE, account.as_str())?
        .ok_or_else(|| Error::internal("the caller's account is gone"))?;
    let mut rows = Rows(COLUMNS.join(","));
    rows.add(&root_row(reader, &root)?);
    let policy: Option<PasswordPolicy> = reader.get(account.as_str(), PasswordPolicy::ID)?;
    let mut after = None;
    loop {
        let page =
            reader.page::<User>(account.as_str(), "name", "", after.as_deref(), USERS_PAGE)?;
        for user in &page.records {
            rows.add(&user_row(reader, user, policy.as_ref())?);
        }
        after = page.next;
        if after.is_none() {
            return Ok(rows.0);
        }
    }
}

/// The text so far.
struct Rows(String);

impl Rows {
    fn add(&mut self, row: &[String]) {
        self.0.push('\n');
        for (at, field) in row.iter().enumerate() {
            if at > 0 {
                self.0.push(',');
            }
            // RFC 4180 §2.6: names and paths may hold commas and quotes.
            if field.contains([',', '"']) {
                self.0.push('"');
                self.0.push_str(&field.replace('"', "\"\""));
                self.0.push('"');
            } else {
                self.0.push_str(field);
            }
        }
    }
}

fn root_row(reader: &impl Read, account: &Account) -> Result<Vec<String>, Error> {
    let owner = KeyOwner::Root;
    let mut row = vec![
        ROOT.to_owned(),
        format!("arn:aws:iam::{}:root", account.id),
        time(account.created),
    ];
    let id = LoginProfile::id_of(account.id, &owner);
    match reader.get::<LoginProfile>(account.id.as_str(), &id)? {
        Some(profile) => row.extend([
            truth(true),
            password_last_used(reader, account.id, &owner)?,
            time(profile.changed),
        ]),
        None => {
            row.push(truth(false));
            row.extend(std::iter::repeat_n(NOT_APPLICABLE.to_owned(), 2));
        }
    }
    row.push(NOT_SUPPORTED.to_owned());
    row.push(truth(has_device(reader, account.id, &owner)?));
    keys(reader, account.id, &owner, &mut row)?;
    certificates(reader, account.id, &owner, &mut row)?;
    Ok(row)
}

fn user_row(
    reader: &impl Read,
    user: &User,
    policy: Option<&PasswordPolicy>,
) -> Result<Vec<String>, Error> {
    let owner = KeyOwner::User(user.id.clone());
    let mut row = vec![
        user.name.clone(),
        user.arn().to_string(),
        time(user.created),
    ];
    let id = LoginProfile::id_of(user.account, &owner);
    match reader.get::<LoginProfile>(user.account.as_str(), &id)? {
        Some(profile) => {
            row.push(truth(true));
            row.push(password_last_used(reader, user.account, &owner)?);
            row.push(time(profile.changed));
            let next = policy.and_then(|policy| policy.expiry_of(profile.changed));
            row.push(next.map_or_else(|| NOT_APPLICABLE.to_owned(), time));
        }
        None => {
            row.push(truth(false));
            row.extend(std::iter::repeat_n(NOT_APPLICABLE.to_owned(), 3));
        }
    }
    row.push(truth(has_device(reader, user.account, &owner)?));
    keys(reader, user.account, &owner, &mut row)?;
    certificates(reader, user.account, &owner, &mut row)?;
    Ok(row)
}

/// When the password was last signed in with.
fn password_last_used(
    reader: &impl Read,
    account: AccountId,
    owner: &KeyOwner,
) -> Result<String, Error> {
    let id = LoginProfile::use_id(account, owner);
    let used = reader.get::<LastUsed>(account.as_str(), &id)?;
    Ok(used.map_or_else(|| NEVER.to_owned(), |used| time(used.at)))
}

/// Whether a second factor is on.
fn has_device(reader: &impl Read, account: AccountId, owner: &KeyOwner) -> Result<bool, Error> {
    let owner = MfaDevice::owner_value(account, owner);
    Ok(reader.count::<MfaDevice>(account.as_str(), "owner", Exactly(&owner))? > 0)
}

/// The columns of both keys, the older one first.
fn keys(
    reader: &impl Read,
    account: AccountId,
    owner: &KeyOwner,
    row: &mut Vec<String>,
) -> Result<(), Error> {
    let owner = AccessKey::owner_value(account, owner);
    let mut keys = reader.all::<AccessKey>(GLOBAL_SCOPE, "owner", Exactly(&owner))?;
    keys.sort_by(|a, b| (a.created, &a.id).cmp(&(b.created, &b.id)));
    for slot in 0..SLOTS {
        let Some(key) = keys.get(slot) else {
            row.push(truth(false));
            row.extend(std::iter::repeat_n(NOT_APPLICABLE.to_owned(), 4));
            continue;
        };
        row.push(truth(key.status == KeyStatus::Active));
        row.push(time(key.created));
        match reader.get::<LastUsed>(account.as_str(), &key.id)? {
            Some(used) => row.extend([time(used.at), used.region, used.service]),
            None => row.extend(std::iter::repeat_n(NOT_APPLICABLE.to_owned(), 3)),
        }
    }
    Ok(())
}

/// The columns of both signing certificates: one that is switched off comes first, as recorded
/// from AWS, then the older one.
fn certificates(
    reader: &impl Read,
    account: AccountId,
    owner: &KeyOwner,
    row: &mut Vec<String>,
) -> Result<(), Error> {
    let owner = Held::owner_value(account, owner);
    let mut held = reader.all::<SigningCertificate>(account.as_str(), "owner", Exactly(&owner))?;
    let place = |certificate: &SigningCertificate| {
        let held = &certificate.held;
        (
            held.status == KeyStatus::Active,
            held.since,
            held.id.clone(),
        )
    };
    held.sort_by_key(place);
    for slot in 0..SLOTS {
        match held.get(slot) {
            Some(certificate) => row.extend([
                truth(certificate.held.status == KeyStatus::Active),
                time(certificate.held.since),
            ]),
            None => row.extend([truth(false), NOT_APPLICABLE.to_owned()]),
        }
    }
    Ok(())
}

/// As the report writes moments: whole seconds, `Z`.
fn time(at: Timestamp) -> String {
    iso(at.as_second())
}

fn truth(value: bool) -> String {
    value.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_with_commas_are_quoted() {
        let mut rows = Rows("h".to_owned());
        rows.add(&["a,b".to_owned(), "c\"d".to_owned(), "e".to_owned()]);
        assert_eq!(rows.0, "h\n\"a,b\",\"c\"\"d\",e");
    }
}
