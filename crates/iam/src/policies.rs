//! Managed policies: documents with a name of their own, to be attached to many.

use facts::OperationFacts;
use identity::{Ask, ManagedPolicy, PolicyVersion, aws_managed_policies};
use plane::{Call, Error, Operation, Permit, Touches};
use store::{OrElseTaken as _, Transaction};
use wire::{Input, Output};

use crate::entity::is_under;
use crate::errors::{Nothing, over_quota};
use crate::managed::{self, AwsInUse, Managed, Usage, ask_to_change, ask_to_see};
use crate::paging::{Paging, bad_marker};
use crate::policy_versions::{checked_document, version_id};
use crate::tags::{self, Case, TagInput, TagPage, TagView};

/// A policy as it is shown. Which of the last members are present depends on the operation.
#[derive(Output, Debug)]
pub(crate) struct PolicyView {
    policy_name: String,
    policy_id: String,
    arn: String,
    path: String,
    default_version_id: String,
    attachment_count: i64,
    permissions_boundary_usage_count: i64,
    is_attachable: bool,
    create_date: aws::Timestamp,
    update_date: aws::Timestamp,
    description: Option<String>,
    tags: Option<Vec<TagView>>,
}

impl PolicyView {
    /// As listings show it: without description and tags.
    pub(crate) fn brief(policy: &Managed, usage: Usage) -> Result<PolicyView, Error> {
        let head = policy.head()?;
        let (attachment_count, permissions_boundary_usage_count) = usage.shown()?;
        Ok(PolicyView {
            policy_name: head.name.to_owned(),
            policy_id: head.id.to_owned(),
            arn: policy.arn(),
            path: head.path.to_owned(),
            default_version_id: version_id(policy.default_version()),
            attachment_count,
            permissions_boundary_usage_count,
            is_attachable: true,
            create_date: head.created,
            update_date: head.updated,
            description: None,
            tags: None,
        })
    }
}

/// One policy.
#[derive(Output, Debug)]
pub(crate) struct OnePolicy {
    policy: PolicyView,
}

/// Makes a policy with its first version.
#[derive(Input)]
pub(crate) struct CreatePolicy {
    policy_name: String,
    path: Option<String>,
    policy_document: String,
    description: Option<String>,
    tags: Vec<TagInput>,
}

impl CreatePolicy {
    fn path(&self) -> &str {
        self.path.as_deref().unwrap_or("/")
    }
}

impl Operation for CreatePolicy {
    const FACTS: &'static OperationFacts = facts::iam::CREATE_POLICY;
    type Output = OnePolicy;

    fn touches(&self, call: &Call, _tx: &Transaction) -> Result<Touches, Error> {
        let account = call.account()?;
        let resource = format!("policy{}{}", self.path(), self.policy_name);
        let arn = aws::Arn::new("iam", "", account.as_str(), &resource);
        let tags = tags::requested(&self.tags);
        let base = |action| {
            Ask::new(action, arn.as_str(), account.as_str())
                .called(format!("policy {}", self.policy_name))
                .request_tags(&tags)
        };
        let touches = Touches::one(base("iam:CreatePolicy"));
        Ok(if tags.is_empty() {
            touches
        } else {
            touches.and(base("iam:TagPolicy"))
        })
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<OnePolicy, Error> {
        let account = permit.account()?;
        let tags = tags::checked(&self.tags, Case::Told)?;
        let document = checked_document(&self.policy_document)?;
        let now = permit.second();
        let policy = ManagedPolicy {
            id: permit.new_id("ANPA"),
            account,
            name: self.policy_name.clone(),
            path: self.path().to_owned(),
            description: self.description.clone(),
            created: now,
            updated: now,
            tags: tags::ordered(tags.clone()),
            versions: vec![PolicyVersion {
                number: 1,
                document,
                created: now,
            }],
            default_version: 1,
            next_version: 2,
        };
        tx.insert(account.as_str(), &policy).or_else_taken(|_| {
            Error::new("EntityAlreadyExists").say(format!(
                "A policy called {} already exists. Duplicate names are not allowed.",
                self.policy_name
            ))
        })?;
        let most = permit.directory().quotas().policies;
        if !tx.within::<ManagedPolicy>(account.as_str(), "name", "", most)? {
            return Err(over_quota("PoliciesPerAccount", most));
        }
        let tags = tags::shown_if_any(&tags);
        let view = PolicyView::brief(&Managed::Own(policy), Usage::NONE)?;
        Ok(OnePolicy {
            policy: PolicyView { tags, ..view },
        })
    }
}

/// Shows a policy.
#[derive(Input)]
pub(crate) struct GetPolicy {
    policy_arn: String,
}

impl Operation for GetPolicy {
    const FACTS: &'static OperationFacts = facts::iam::GET_POLICY;
    type Output = OnePolicy;

    fn touches(&self, call: &Call, tx: &Transaction) -> Result<Touches, Error> {
        let ask = ask_to_see(call, tx, "iam:GetPolicy", &self.policy_arn)?;
        Ok(Touches::one(ask))
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<OnePolicy, Error> {
        let account = permit.account()?;
        let policy = managed::require(tx, account, &self.policy_arn)?;
        let usage = Usage::of(tx, account, &self.policy_arn)?;
        let description = match &policy {
            Managed::Own(own) => own.description.clone(),
            Managed::Aws(aws) => aws.description.map(str::to_owned),
        };
        Ok(OnePolicy {
            policy: PolicyView {
                description,
                tags: Some(tags::shown(policy.tags())),
                ..PolicyView::brief(&policy, usage)?
            },
        })
    }
}

/// Lists the account's own policies by name, then AWS's by age.
#[derive(Input)]
pub(crate) struct ListPolicies {
    scope: Option<String>,
    only_attached: Option<bool>,
    path_prefix: Option<String>,
    policy_usage_filter: Option<String>,
    marker: Option<String>,
    max_items: Option<i32>,
}

/// A page of policies.
#[derive(Output, Debug)]
pub(crate) struct PolicyPage {
    policies: Vec<PolicyView>,
    is_truncated: bool,
    marker: Option<String>,
}

/// What a marker into AWS's policies begins with; the rest is a place among them.
const AWS_MARKER: &str = "aws.";

impl Operation for ListPolicies {
    const FACTS: &'static OperationFacts = facts::iam::LIST_POLICIES;
    type Output = PolicyPage;

    fn touches(&self, call: &Call, _tx: &Transaction) -> Result<Touches, Error> {
        let account = call.account()?;
        let path = self.path_prefix.as_deref().unwrap_or("/");
        let arn = aws::Arn::new("iam", "", account.as_str(), &format!("policy{path}"));
        Ok(Touches::one(
            Ask::new("iam:ListPolicies", arn.as_str(), account.as_str())
                .called(format!("policy path {path}")),
        ))
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<PolicyPage, Error> {
        let (policies, marker) = self.page(&permit, tx)?;
        Ok(PolicyPage {
            policies,
            is_truncated: marker.is_some(),
            marker,
        })
    }
}

impl ListPolicies {
    fn page(
        &self,
        call: &Call,
        tx: &Transaction,
    ) -> Result<(Vec<PolicyView>, Option<String>), Error> {
        let scope = self.scope.as_deref().unwrap_or("All");
        let marker = self.marker.as_deref();
        let mut policies = Vec::new();
        let mut place = 0;
        if let Some(text) = marker.and_then(|marker| marker.strip_prefix(AWS_MARKER)) {
            place = text.parse().map_err(|_| bad_marker())?;
        } else if scope != "AWS" {
            let marker = self.add_own(call, tx, &mut policies)?;
            if marker.is_some() {
                return Ok((policies, marker));
            }
        } else if marker.is_some() {
            return Err(bad_marker());
        }
        if scope == "Local" {
            return Ok((policies, None));
        }
        let marker = self.add_aws(call, tx, place, &mut policies)?;
        Ok((policies, marker))
    }

    /// Adds the account's own, and says where more of them begin.
    fn add_own(
        &self,
        call: &Call,
        tx: &Transaction,
        policies: &mut Vec<PolicyView>,
    ) -> Result<Option<String>, Error> {
        let account = call.account()?;
        let pick = |own: ManagedPolicy| {
            if !is_under(&own.path, self.path_prefix.as_deref()) {
                return Ok(None);
            }
            let own = Managed::Own(own);
            let usage = Usage::of(tx, account, &own.arn())?;
            match self.takes(usage) {
                true => PolicyView::brief(&own, usage).map(Some),
                false => Ok(None),
            }
        };
        let page = Paging::new(self.marker.as_deref(), self.max_items).picked(
            tx,
            account.as_str(),
            "name",
            "",
            pick,
        )?;
        policies.extend(page.items);
        Ok(page.marker)
    }

    /// Adds AWS's from a place on, and says where more of them begin.
    fn add_aws(
        &self,
        call: &Call,
        tx: &Transaction,
        place: usize,
        policies: &mut Vec<PolicyView>,
    ) -> Result<Option<String>, Error> {
        let account = call.account()?;
        let most = Paging::new(None, self.max_items).most();
        let used = AwsInUse::of(tx, account)?;
        for (at, aws) in aws_managed_policies().iter().enumerate().skip(place) {
            if !is_under(aws.path, self.path_prefix.as_deref()) {
                continue;
            }
            let usage = used.usage(tx, account, aws.arn)?;
            if !self.takes(usage) {
                continue;
            }
            if policies.len() >= most {
                return Ok(Some(format!("{AWS_MARKER}{at}")));
            }
            policies.push(PolicyView::brief(&Managed::Aws(aws), usage)?);
        }
        Ok(None)
    }

    /// Whether a policy is used as the request wants it to be. How it is used matters only to
    /// those that are used at all, as recorded from AWS.
    fn takes(&self, usage: Usage) -> bool {
        if self.only_attached != Some(true) {
            return true;
        }
        match self.policy_usage_filter.as_deref() {
            Some("PermissionsBoundary") => usage.bounds > 0,
            Some(_) => usage.attached > 0,
            None => usage.attached > 0 || usage.bounds > 0,
        }
    }
}

/// Deletes a policy that nobody uses and that has one version left.
#[derive(Input)]
pub(crate) struct DeletePolicy {
    policy_arn: String,
}

impl Operation for DeletePolicy {
    const FACTS: &'static OperationFacts = facts::iam::DELETE_POLICY;
    type Output = Nothing;

    fn touches(&self, call: &Call, tx: &Transaction) -> Result<Touches, Error> {
        let ask = ask_to_change(call, tx, "iam:DeletePolicy", &self.policy_arn)?;
        Ok(Touches::one(ask))
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<Nothing, Error> {
        let account = permit.account()?;
        let policy = managed::require_own(tx, account, &self.policy_arn, "delete policies")?;
        let conflict = |message| Err(Error::new("DeleteConflict").say(message));
        if Usage::of(tx, account, &self.policy_arn)?.is_any() {
            return conflict("Cannot delete a policy attached to entities.");
        }
        if policy.versions.len() > 1 {
            return conflict(
                "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy.",
            );
        }
        tx.delete::<ManagedPolicy>(account.as_str(), &policy.id)?;
        Ok(Nothing {})
    }
}

/// Sets tags.
#[derive(Input)]
pub(crate) struct TagPolicy {
    policy_arn: String,
    tags: Vec<TagInput>,
}

impl Operation for TagPolicy {
    const FACTS: &'static OperationFacts = facts::iam::TAG_POLICY;
    type Output = Nothing;

    fn touches(&self, call: &Call, tx: &Transaction) -> Result<Touches, Error> {
        let ask = ask_to_change(call, tx, "iam:TagPolicy", &self.policy_arn)?;
        Ok(Touches::one(ask.request_tags(&tags::requested(&self.tags))))
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<Nothing, Error> {
        let account = permit.account()?;
        let mut policy = managed::require_own(tx, account, &self.policy_arn, "update policies")?;
        tags::add(&mut policy.tags, &self.tags, Case::Told)?;
        tx.update(account.as_str(), &policy)?;
        Ok(Nothing {})
    }
}

/// Takes tags away; a key that is not there is no error.
#[derive(Input)]
pub(crate) struct UntagPolicy {
    policy_arn: String,
    tag_keys: Vec<String>,
}

impl Operation for UntagPolicy {
    const FACTS: &'static OperationFacts = facts::iam::UNTAG_POLICY;
    type Output = Nothing;

    fn touches(&self, call: &Call, tx: &Transaction) -> Result<Touches, Error> {
        let ask = ask_to_change(call, tx, "iam:UntagPolicy", &self.policy_arn)?;
        Ok(Touches::one(
            ask.keys_many("aws:TagKeys", self.tag_keys.clone()),
        ))
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<Nothing, Error> {
        let account = permit.account()?;
        let mut policy = managed::require_own(tx, account, &self.policy_arn, "update policies")?;
        tags::remove(&mut policy.tags, &self.tag_keys, Case::Told)?;
        tx.update(account.as_str(), &policy)?;
        Ok(Nothing {})
    }
}

/// Lists tags.
#[derive(Input)]
pub(crate) struct ListPolicyTags {
    policy_arn: String,
    marker: Option<String>,
    max_items: Option<i32>,
}

impl Operation for ListPolicyTags {
    const FACTS: &'static OperationFacts = facts::iam::LIST_POLICY_TAGS;
    type Output = TagPage;

    fn touches(&self, call: &Call, tx: &Transaction) -> Result<Touches, Error> {
        let ask = ask_to_see(call, tx, "iam:ListPolicyTags", &self.policy_arn)?;
        Ok(Touches::one(ask))
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<TagPage, Error> {
        let policy = managed::require(tx, permit.account()?, &self.policy_arn)?;
        let paging = Paging::new(self.marker.as_deref(), self.max_items);
        tags::page(policy.tags(), paging)
    }
}
