//! The AWS managed policies that people attach first: ARN and document, as AWS publishes them.

/// A policy that AWS manages; the same in every account.
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
    /// What AWS says it is for.
    pub description: &'static str,
    /// The number of the version in force.
    pub version: u32,
    /// When the policy first appeared, as `YYYY-MM-DDTHH:MM:SSZ`.
    pub created: &'static str,
    /// When this version appeared.
    pub updated: &'static str,
    /// The document.
    pub document: &'static str,
}

/// All of them, ordered by ARN.
pub fn aws_managed_policies() -> &'static [AwsManagedPolicy] {
    POLICIES
}

/// The one of this ARN.
pub fn by_arn(arn: &str) -> Option<&'static AwsManagedPolicy> {
    POLICIES
        .binary_search_by(|policy| policy.arn.cmp(arn))
        .ok()
        .and_then(|at| POLICIES.get(at))
}

const POLICIES: &[AwsManagedPolicy] = &[AwsManagedPolicy {
    arn: "arn:aws:iam::aws:policy/AdministratorAccess",
    id: "ANPAIWMBCKSKIEE64ZLYK",
    name: "AdministratorAccess",
    path: "/",
    description: "Provides full access to AWS services and resources.",
    version: 1,
    created: "2015-02-06T18:39:46Z",
    updated: "2015-02-06T18:39:46Z",
    document: r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#,
}];
