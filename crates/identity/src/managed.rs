//! The policies that AWS manages: what they are called, and their documents as AWS
//! publishes them. The same in every account.
//!
//! The facts lie in `data/aws-managed-policies.tsv`, whose first lines say where they come
//! from. The file is part of the program. Its lines are split apart at first use, which takes
//! a millisecond; documents are parsed by whoever needs one.

use std::collections::HashMap;
use std::sync::LazyLock;

/// What every ARN of theirs begins with, up to the path.
const ARN_HEAD: &str = "arn:aws:iam::aws:policy";

/// A policy that AWS manages.
#[derive(Debug)]
pub struct AwsManagedPolicy {
    /// `arn:aws:iam::aws:policy/…`.
    pub arn: &'static str,
    /// `ANPA…`.
    pub id: &'static str,
    /// The name, the last part of the ARN.
    pub name: &'static str,
    /// `/`, `/job-function/`, `/service-role/`, …
    pub path: &'static str,
    /// What AWS says it is for, where that is known.
    pub description: Option<&'static str>,
    /// The number of the version in force. Earlier ones are not kept.
    pub version: u32,
    /// When the policy first appeared, as `YYYY-MM-DDTHH:MM:SSZ`.
    pub created: &'static str,
    /// When this version appeared.
    pub updated: &'static str,
    /// The document.
    pub document: &'static str,
}

/// All of them, the oldest first, as AWS lists them.
pub fn aws_managed_policies() -> &'static [AwsManagedPolicy] {
    &TABLE.policies
}

/// The one of this ARN.
pub fn by_arn(arn: &str) -> Option<&'static AwsManagedPolicy> {
    if !arn.starts_with(ARN_HEAD) {
        return None;
    }
    let at = TABLE.by_arn.get(arn)?;
    TABLE.policies.get(*at)
}

static TEXT: &str = include_str!("../data/aws-managed-policies.tsv");

struct Table {
    policies: Vec<AwsManagedPolicy>,
    by_arn: HashMap<&'static str, usize>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let lines = TEXT.lines().filter(|line| !line.starts_with('#'));
    let policies: Vec<AwsManagedPolicy> = lines.filter_map(read).collect();
    let places = policies.iter().enumerate();
    let by_arn = places.map(|(at, policy)| (policy.arn, at)).collect();
    Table { policies, by_arn }
});

/// Reads a line. None of the file fails; a test sees to it.
fn read(line: &'static str) -> Option<AwsManagedPolicy> {
    let mut fields = line.splitn(7, '\t');
    let arn = fields.next()?;
    let id = fields.next()?;
    let version = fields.next()?.parse().ok()?;
    let created = fields.next()?;
    let updated = fields.next()?;
    let description = fields.next().filter(|text| !text.is_empty());
    let document = fields.next()?;
    let path_and_name = arn.strip_prefix(ARN_HEAD)?;
    let (path, name) = path_and_name.split_at_checked(path_and_name.rfind('/')? + 1)?;
    Some(AwsManagedPolicy {
        arn,
        id,
        name,
        path,
        description,
        version,
        created,
        updated,
        document,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use policy::{Document, Grammar};

    use super::*;

    #[test]
    fn every_line_is_read() {
        let lines = TEXT.lines().filter(|line| !line.starts_with('#')).count();
        assert_eq!(aws_managed_policies().len(), lines);
        assert!(lines > 1500, "{lines}");
    }

    #[test]
    fn every_policy_is_found_by_its_arn() {
        for policy in aws_managed_policies() {
            let found = by_arn(policy.arn).unwrap();
            assert_eq!(found.id, policy.id, "{}", policy.arn);
            assert_eq!(
                format!("{ARN_HEAD}{}{}", policy.path, policy.name),
                policy.arn
            );
        }
        for arn in [
            "",
            "arn:aws:iam::aws:policy/",
            "arn:aws:iam::aws:policy/Administratoraccess",
            "arn:aws:iam::aws:policy/x/AdministratorAccess",
            "arn:aws:iam::111122223333:policy/AdministratorAccess",
        ] {
            assert!(by_arn(arn).is_none(), "{arn}");
        }
    }

    #[test]
    fn ids_are_ids_and_differ() {
        let mut ids = BTreeSet::new();
        for policy in aws_managed_policies() {
            assert!(policy.id.starts_with("ANPA") && policy.id.len() == 21);
            assert!(ids.insert(policy.id), "{}", policy.id);
        }
    }

    #[test]
    fn moments_are_moments_and_in_order() {
        for policy in aws_managed_policies() {
            let created: aws::Timestamp = policy.created.parse().unwrap();
            let updated: aws::Timestamp = policy.updated.parse().unwrap();
            assert!(created <= updated, "{}", policy.arn);
        }
        let ages = aws_managed_policies().iter().map(|policy| policy.created);
        assert!(ages.is_sorted());
    }

    #[test]
    fn every_document_that_can_be_attached_is_a_policy() {
        // Services alone carry these, and one of them is longer than any document that can
        // be sent to IAM.
        let attachable = aws_managed_policies()
            .iter()
            .filter(|policy| policy.path != "/aws-service-role/");
        let faults: Vec<_> = attachable
            .filter_map(|policy| {
                let parsed = Document::parse(policy.document, Grammar::Any);
                parsed.err().map(|fault| (policy.arn, fault))
            })
            .collect();
        assert!(faults.is_empty(), "{faults:#?}");
    }

    #[test]
    fn the_first_ones_people_attach_are_here() {
        for name in [
            "AdministratorAccess",
            "AmazonCognitoPowerUser",
            "AmazonDynamoDBFullAccess",
            "AmazonEC2FullAccess",
            "AmazonEC2ReadOnlyAccess",
            "AmazonS3FullAccess",
            "AmazonS3ReadOnlyAccess",
            "AmazonSNSFullAccess",
            "AmazonSQSFullAccess",
            "AmazonSSMManagedInstanceCore",
            "AWSCloudTrail_FullAccess",
            "AWSKeyManagementServicePowerUser",
            "AWSLambda_FullAccess",
            "AWSOrganizationsFullAccess",
            "AWSSSOMasterAccountAdministrator",
            "CloudWatchFullAccess",
            "IAMFullAccess",
            "IAMReadOnlyAccess",
            "IAMUserChangePassword",
            "PowerUserAccess",
            "ReadOnlyAccess",
            "SecretsManagerReadWrite",
            "SecurityAudit",
            "job-function/Billing",
            "job-function/ViewOnlyAccess",
            "root-task/IAMAuditRootUserCredentials",
            "service-role/AWSLambdaBasicExecutionRole",
        ] {
            assert!(by_arn(&format!("{ARN_HEAD}/{name}")).is_some(), "{name}");
        }
    }

    #[test]
    fn tasks_of_root_have_the_ids_that_aws_was_seen_to_give_them() {
        for (name, id) in [
            ("IAMAuditRootUserCredentials", "ANPAZKAPJZG4BDSCREYVS"),
            ("IAMCreateRootUserPassword", "ANPAZKAPJZG4OEGTN7YT5"),
            ("IAMDeleteRootUserCredentials", "ANPAZKAPJZG4CX73XKORQ"),
            ("S3UnlockBucketPolicy", "ANPAZKAPJZG4OALTIPZOF"),
            ("SQSUnlockQueuePolicy", "ANPAZKAPJZG4HPZI4FDUV"),
        ] {
            let policy = by_arn(&format!("{ARN_HEAD}/root-task/{name}")).unwrap();
            assert_eq!(policy.id, id, "{name}");
        }
    }
}
