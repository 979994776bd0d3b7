//! An account of any size, as the AWS CLI prints it: what `arnold import aws` takes.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::Outcome;
use crate::subject::ACCOUNT;

/// How many of each an account holds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    pub(crate) users: usize,
    pub(crate) roles: usize,
    pub(crate) policies: usize,
}

/// Users that share a group.
const USERS_PER_GROUP: usize = 50;
const BORN: &str = "2024-01-02T03:04:05+00:00";

impl Size {
    /// Brings an account of this size into a folder.
    pub(crate) fn bring_into(self, arnold: &str, folder: &Path) -> Outcome<()> {
        let file = folder.join("account.json");
        std::fs::write(&file, self.listing().to_string())?;
        let done = Command::new(arnold)
            .args(["import", "aws", "--data"])
            .arg(folder.join("data"))
            .arg(&file)
            .output()?;
        if !done.status.success() {
            return Err(String::from_utf8_lossy(&done.stderr).into_owned().into());
        }
        Ok(())
    }

    fn listing(self) -> Value {
        let groups = self.users.div_ceil(USERS_PER_GROUP);
        let users: Vec<Value> = (0..self.users).map(|at| self.user(at)).collect();
        let groups: Vec<Value> = (0..groups).map(|at| self.group(at)).collect();
        let roles: Vec<Value> = (0..self.roles).map(|at| self.role(at)).collect();
        let policies: Vec<Value> = (0..self.policies).map(policy).collect();
        json!({
            "UserDetailList": users,
            "GroupDetailList": groups,
            "RoleDetailList": roles,
            "Policies": policies,
        })
    }

    fn user(self, at: usize) -> Value {
        let name = format!("user-{at:05}");
        json!({
            "Path": "/people/",
            "UserName": name,
            "UserId": format!("AIDASCALEUSER{at:07}"),
            "Arn": arn(&format!("user/people/{name}")),
            "CreateDate": BORN,
            "UserPolicyList": [{ "PolicyName": "own", "PolicyDocument": document(at) }],
            "GroupList": [group_name(at / USERS_PER_GROUP)],
            "AttachedManagedPolicies": self.attached(at),
            "Tags": [{ "Key": "team", "Value": format!("team-{}", at % 40) }],
        })
    }

    fn group(self, at: usize) -> Value {
        let name = group_name(at);
        json!({
            "Path": "/",
            "GroupName": name,
            "GroupId": format!("AGPASCALEGROUP{at:06}"),
            "Arn": arn(&format!("group/{name}")),
            "CreateDate": BORN,
            "GroupPolicyList": [],
            "AttachedManagedPolicies": self.attached(at),
        })
    }

    fn role(self, at: usize) -> Value {
        let name = format!("role-{at:05}");
        json!({
            "Path": "/services/",
            "RoleName": name,
            "RoleId": format!("AROASCALEROLE{at:07}"),
            "Arn": arn(&format!("role/services/{name}")),
            "CreateDate": BORN,
            "AssumeRolePolicyDocument": {
                "Version": "2012-10-17",
                "Statement": [{
                    "Effect": "Allow",
                    "Principal": { "AWS": arn(&format!("user/people/user-{:05}", at % self.users)) },
                    "Action": "sts:AssumeRole",
                }],
            },
            "InstanceProfileList": [],
            "RolePolicyList": [{ "PolicyName": "own", "PolicyDocument": document(at) }],
            "AttachedManagedPolicies": self.attached(at),
            "Tags": [],
            "RoleLastUsed": { "LastUsedDate": BORN, "Region": "us-east-1" },
        })
    }

    fn attached(self, at: usize) -> Value {
        let name = policy_name(at % self.policies);
        json!([{ "PolicyName": name, "PolicyArn": arn(&format!("policy/{name}")) }])
    }
}

fn policy(at: usize) -> Value {
    let name = policy_name(at);
    json!({
        "PolicyName": name,
        "PolicyId": format!("ANPASCALEPOLICY{at:05}"),
        "Arn": arn(&format!("policy/{name}")),
        "Path": "/",
        "DefaultVersionId": "v1",
        "AttachmentCount": 0,
        "PermissionsBoundaryUsageCount": 0,
        "IsAttachable": true,
        "CreateDate": BORN,
        "UpdateDate": BORN,
        "PolicyVersionList": [{
            "Document": document(at),
            "VersionId": "v1",
            "IsDefaultVersion": true,
            "CreateDate": BORN,
        }],
    })
}

fn document(at: usize) -> Value {
    json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow",
            "Action": ["s3:GetObject", "s3:ListBucket", "sqs:SendMessage"],
            "Resource": [format!("arn:aws:s3:::bucket-{at}/*"), format!("arn:aws:sqs:*:*:queue-{at}")],
            "Condition": { "StringEquals": { "aws:PrincipalTag/team": format!("team-{}", at % 40) } },
        }],
    })
}

fn arn(resource: &str) -> String {
    format!("arn:aws:iam::{ACCOUNT}:{resource}")
}

fn group_name(at: usize) -> String {
    format!("group-{at:04}")
}

fn policy_name(at: usize) -> String {
    format!("policy-{at:05}")
}
