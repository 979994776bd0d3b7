//! Which of the AWS CLI's answers a file holds, and the shorter ones among them.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::shape::Details;
use crate::Failure;

/// The largest file, in bytes: several times what the largest account prints.
const FILE_BYTES_MAX: u64 = 1024 * 1024 * 1024;

/// Everything that the files hold.
#[derive(Debug, Default)]
pub(super) struct Listings {
    /// Users, groups, roles, policies.
    pub(super) details: Details,
    /// ARNs of OpenID Connect providers.
    pub(super) oidc_providers: Vec<String>,
    /// SAML providers.
    pub(super) saml_providers: Vec<SamlEntry>,
    /// Rows of the credential report.
    pub(super) report: Vec<ReportRow>,
    /// How many pages say that another one follows.
    followed: usize,
    /// How many pages are the last.
    last: usize,
}

/// A SAML provider as its listing tells it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SamlEntry {
    pub(super) arn: String,
    pub(super) valid_until: String,
    pub(super) create_date: String,
}

/// What the credential report says of one user, as far as it can be brought in.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ReportRow {
    pub(super) user: String,
    pub(super) arn: String,
    pub(super) created: String,
    pub(super) password_last_used: String,
    /// What it proves itself by.
    pub(super) proofs: Proofs,
}

/// How many of each a user has that AWS keeps to itself.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Proofs {
    pub(super) passwords: usize,
    pub(super) access_keys: usize,
    pub(super) mfa: usize,
    pub(super) certificates: usize,
}

impl Listings {
    /// Reads a file, whichever of the answers it is.
    pub(super) fn read(&mut self, path: &Path) -> Result<(), Failure> {
        let shown = path.display();
        let read = || -> Result<String, Failure> {
            if std::fs::metadata(path)?.len() > FILE_BYTES_MAX {
                return Err(format!("it is larger than {FILE_BYTES_MAX} bytes").into());
            }
            Ok(std::fs::read_to_string(path)?)
        };
        read()
            .and_then(|text| self.take(&text))
            .map_err(|failure| format!("cannot read `{shown}`: {failure}").into())
    }

    /// Refuses pages of a listing without its last one.
    pub(super) fn must_be_whole(&self) -> Result<(), Failure> {
        if self.followed > 0 && self.last == 0 {
            return Err(
                "the last page is missing: let the AWS CLI print all pages, without `--max-items`"
                    .into(),
            );
        }
        Ok(())
    }

    fn take(&mut self, text: &str) -> Result<(), Failure> {
        if text.starts_with("user,arn,") {
            self.report.extend(report_rows(text)?);
            return Ok(());
        }
        let json: Value = serde_json::from_str(text)?;
        let has = |name: &str| json.get(name).is_some();
        if has("UserDetailList")
            || has("RoleDetailList")
            || has("GroupDetailList")
            || has("Policies")
        {
            // The CLI's own word for a cut listing, and the API's.
            let is_followed =
                has("NextToken") || json.get("IsTruncated") == Some(&Value::Bool(true));
            match is_followed {
                true => self.followed += 1,
                false => self.last += 1,
            }
            let more: Details = serde_json::from_value(json)?;
            self.details.user_detail_list.extend(more.user_detail_list);
            self.details
                .group_detail_list
                .extend(more.group_detail_list);
            self.details.role_detail_list.extend(more.role_detail_list);
            self.details.policies.extend(more.policies);
        } else if let Some(list) = json.get("OpenIDConnectProviderList") {
            self.oidc_providers.extend(arns(list)?);
        } else if let Some(list) = json.get("SAMLProviderList") {
            let entries: Vec<SamlEntry> = serde_json::from_value(list.clone())?;
            self.saml_providers.extend(entries);
        } else if let Some(content) = json.get("Content").and_then(Value::as_str) {
            let rows = String::from_utf8(STANDARD.decode(content)?)?;
            self.report.extend(report_rows(&rows)?);
        } else {
            return Err("it is none of the answers that can be brought in".into());
        }
        Ok(())
    }
}

fn arns(list: &Value) -> Result<Vec<String>, Failure> {
    let entries = list.as_array().ok_or("the list is no list")?;
    let arn = |entry: &Value| {
        let arn = entry.get("Arn").and_then(Value::as_str);
        arn.map(str::to_owned)
            .ok_or_else(|| "an entry of the list has no `Arn`".into())
    };
    entries.iter().map(arn).collect()
}

/// The columns that matter, found by their names: newer reports have more of them.
fn report_rows(text: &str) -> Result<Vec<ReportRow>, Failure> {
    let mut lines = text.lines();
    let head = fields(lines.next().unwrap_or_default());
    let place = |name: &str| {
        let at = head.iter().position(|column| column == name);
        at.ok_or_else(|| format!("the credential report has no column `{name}`"))
    };
    let (user, arn) = (place("user")?, place("arn")?);
    let (created, used) = (place("user_creation_time")?, place("password_last_used")?);
    let proofs = proof_columns(&head);
    let mut rows = Vec::new();
    for line in lines.filter(|line| !line.is_empty()) {
        let fields = fields(line);
        let field = |at: usize| {
            let found = fields.get(at).cloned();
            found.ok_or_else(|| format!("a row of the credential report is too short: `{line}`"))
        };
        rows.push(ReportRow {
            user: field(user)?,
            arn: field(arn)?,
            created: field(created)?,
            password_last_used: field(used)?,
            proofs: Proofs {
                passwords: proofs.passwords.count(&fields),
                access_keys: proofs.access_keys.count(&fields),
                mfa: proofs.mfa.count(&fields),
                certificates: proofs.certificates.count(&fields),
            },
        });
    }
    Ok(rows)
}

/// Columns that say `true` where a user has one of something.
struct Yes(Vec<usize>);

impl Yes {
    fn count(&self, fields: &[String]) -> usize {
        let is_yes = |at: &&usize| {
            let field = fields.get(**at);
            field.is_some_and(|field| field.eq_ignore_ascii_case("true"))
        };
        self.0.iter().filter(is_yes).count()
    }
}

struct ProofColumns {
    passwords: Yes,
    access_keys: Yes,
    mfa: Yes,
    certificates: Yes,
}

fn proof_columns(head: &[String]) -> ProofColumns {
    let places = |names: &[&str]| {
        let is_named = |(_, column): &(usize, &String)| names.contains(&column.as_str());
        let found = head.iter().enumerate().filter(is_named);
        Yes(found.map(|(at, _)| at).collect())
    };
    ProofColumns {
        passwords: places(&["password_enabled"]),
        access_keys: places(&["access_key_1_active", "access_key_2_active"]),
        mfa: places(&["mfa_active"]),
        certificates: places(&["cert_1_active", "cert_2_active"]),
    }
}

/// The fields of a line, quoted ones unquoted (RFC 4180 §2).
fn fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut quoted = false;
    let mut letters = line.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if quoted && letters.peek() == Some(&'"') => {
                letters.next();
                push(&mut fields, '"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => fields.push(String::new()),
            other => push(&mut fields, other),
        }
    }
    fields
}

fn push(fields: &mut [String], letter: char) {
    if let Some(last) = fields.last_mut() {
        last.push(letter);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_found_by_name() {
        let rows = report_rows(
            "user,more,arn,user_creation_time,password_last_used,access_key_1_active,access_key_2_active,mfa_active\n\"a,b\",x,arn:1,2026-01-02T03:04:05Z,N/A,true,TRUE,false\n",
        )
        .unwrap();
        assert_eq!(
            rows,
            [ReportRow {
                user: "a,b".into(),
                arn: "arn:1".into(),
                created: "2026-01-02T03:04:05Z".into(),
                password_last_used: "N/A".into(),
                proofs: Proofs {
                    access_keys: 2,
                    ..Proofs::default()
                },
            }]
        );
        assert!(report_rows("user,arn").is_err());
        assert!(report_rows("user,arn,user_creation_time,password_last_used\na").is_err());
    }

    #[test]
    fn each_answer_is_known_by_its_members() {
        let mut listings = Listings::default();
        listings
            .take(r#"{"SAMLProviderList":[{"Arn":"s","ValidUntil":"x","CreateDate":"y"}]}"#)
            .unwrap();
        listings
            .take(r#"{"OpenIDConnectProviderList":[{"Arn":"o"}]}"#)
            .unwrap();
        listings
            .take(r#"{"UserDetailList":[],"Policies":[]}"#)
            .unwrap();
        assert_eq!(listings.saml_providers.first().unwrap().arn, "s");
        assert_eq!(listings.oidc_providers, ["o"]);
        for wrong in [
            "{}",
            "[]",
            "x",
            r#"{"SAMLProviderList":3}"#,
            r#"{"UserDetailList":[{}]}"#,
        ] {
            assert!(listings.take(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn pages_without_their_last_one_are_refused() {
        let mut listings = Listings::default();
        for page in [
            r#"{"UserDetailList":[],"IsTruncated":true,"Marker":"m"}"#,
            r#"{"UserDetailList":[],"NextToken":"t"}"#,
        ] {
            listings.take(page).unwrap();
            assert!(listings.must_be_whole().is_err(), "{page}");
        }
        listings
            .take(r#"{"UserDetailList":[],"IsTruncated":false}"#)
            .unwrap();
        listings.must_be_whole().unwrap();
    }
}
