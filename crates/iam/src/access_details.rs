//! What an access advisor job tells: services by what was last seen of them.

use std::collections::BTreeMap;

use aws::{AccountId, Timestamp};
use catalogue::Service;
use facts::OperationFacts;
use identity::{Accessed, Use};
use plane::{Call, Error, Operation, Permit, Touches};
use store::{Read as _, Transaction};
use wire::{Input, Output};

use crate::access_jobs::AccessJob;
use crate::account::touch_account;
use crate::granting::{self, Actor, Granting, Holder};
use crate::paging::Paging;

/// How far back uses are told (IAM User Guide, "Refine permissions in AWS using last accessed
/// information").
const TOLD_S: i64 = 400 * 86_400;

/// Tells what came of a job.
#[derive(Input)]
pub(crate) struct GetServiceLastAccessedDetails {
    job_id: String,
    max_items: Option<i32>,
    marker: Option<String>,
}

/// A page of services.
#[derive(Output, Debug)]
pub(crate) struct ServicesPage {
    job_status: &'static str,
    job_type: &'static str,
    job_creation_date: Timestamp,
    services_last_accessed: Vec<ServiceView>,
    job_completion_date: Timestamp,
    is_truncated: bool,
    marker: Option<String>,
    error: Option<JobError>,
}

/// Why a job came to nothing.
#[derive(Output, Debug)]
pub(crate) struct JobError {
    message: String,
    code: &'static str,
}

/// A service, and who was last seen using it. What was never used has a count of nobody.
#[derive(Output, Debug)]
pub(crate) struct ServiceView {
    service_name: String,
    last_authenticated: Option<Timestamp>,
    service_namespace: String,
    last_authenticated_entity: Option<String>,
    last_authenticated_region: Option<String>,
    total_authenticated_entities: i32,
    tracked_actions_last_accessed: Option<Vec<ActionView>>,
}

/// An action, and who was last seen trying it.
#[derive(Output, Debug)]
pub(crate) struct ActionView {
    action_name: String,
    last_accessed_entity: Option<String>,
    last_accessed_time: Option<Timestamp>,
    last_accessed_region: Option<String>,
}

impl Operation for GetServiceLastAccessedDetails {
    const FACTS: &'static OperationFacts = facts::iam::GET_SERVICE_LAST_ACCESSED_DETAILS;
    type Output = ServicesPage;

    fn touches(&self, call: &Call, _tx: &Transaction) -> Result<Touches, Error> {
        touch_account(call, "iam:GetServiceLastAccessedDetails")
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<ServicesPage, Error> {
        let account = permit.account()?;
        let job = AccessJob::require(&permit, tx, &self.job_id)?;
        let mut answer = ServicesPage {
            job_status: "COMPLETED",
            job_type: job.level(),
            job_creation_date: job.created,
            services_last_accessed: Vec::new(),
            job_completion_date: job.created,
            is_truncated: false,
            marker: None,
            error: None,
        };
        let Some(holder) = Holder::find(tx, account, &job.arn)? else {
            answer.job_status = "FAILED";
            answer.error = Some(gone(&job));
            return Ok(answer);
        };
        let policies = holder.policies(tx, account)?;
        let sightings = Sightings::of(&permit, tx, &holder, account)?;
        let paging = Paging::new(self.marker.as_deref(), self.max_items);
        let page = paging.of(granting::services(&policies))?.map(|service| {
            let actions = job.actions.then_some(policies.as_slice());
            sightings.view(service, actions)
        });
        answer.is_truncated = page.is_truncated();
        answer.services_last_accessed = page.items;
        answer.marker = page.marker;
        Ok(answer)
    }
}

pub(crate) fn gone(job: &AccessJob) -> JobError {
    JobError {
        message: format!("ARN {} does not exist.", job.arn),
        code: "NoSuchEntity",
    }
}

/// What was seen of some users and roles.
pub(crate) struct Sightings {
    actors: Vec<(Actor, Option<Accessed>)>,
    /// Uses before this are not told.
    since: Timestamp,
}

impl Sightings {
    /// What was seen of everybody whose calls count for the holder.
    pub(crate) fn of(
        call: &Call,
        tx: &Transaction,
        holder: &Holder,
        account: AccountId,
    ) -> Result<Sightings, Error> {
        let mut actors = Vec::new();
        for actor in holder.actors(tx, account)? {
            let accessed = tx.get::<Accessed>(account.as_str(), &actor.id)?;
            actors.push((actor, accessed));
        }
        let since = call.now_s().saturating_sub(TOLD_S);
        Ok(Sightings {
            actors,
            since: Timestamp::from_second(since).unwrap_or(Timestamp::UNIX_EPOCH),
        })
    }

    /// Everybody, with their last use of the service if there is one.
    pub(crate) fn by_actor(&self, service: &str) -> impl Iterator<Item = (&Actor, Option<&Use>)> {
        self.actors.iter().map(|(actor, accessed)| {
            let used = accessed.as_ref().and_then(|accessed| {
                let last = accessed.services.get(service).map(|used| &used.last);
                last.filter(|used| used.at >= self.since)
            });
            (actor, used)
        })
    }

    fn view(&self, service: &Service, actions: Option<&[Granting]>) -> ServiceView {
        let uses: Vec<_> = self
            .by_actor(service.prefix())
            .filter_map(|(actor, used)| Some((actor, used?)))
            .collect();
        let last = uses.iter().max_by_key(|(_, used)| used.at);
        ServiceView {
            service_name: service.name().to_owned(),
            service_namespace: service.prefix().to_owned(),
            last_authenticated: last.map(|(_, used)| used.at),
            last_authenticated_entity: last.map(|(actor, _)| actor.arn.clone()),
            last_authenticated_region: last.map(|(_, used)| used.region.clone()),
            total_authenticated_entities: i32::try_from(uses.len()).unwrap_or(i32::MAX),
            tracked_actions_last_accessed: actions
                .and_then(|policies| self.actions(service, policies)),
        }
    }

    /// The tracked actions of the service that the policies allow; nothing where no action
    /// of the service is tracked.
    fn actions(&self, service: &Service, policies: &[Granting]) -> Option<Vec<ActionView>> {
        let prefix = service.prefix();
        if !TRACKED_SERVICES.contains(&prefix) {
            return None;
        }
        let uses = self.operations(prefix);
        let tracked = service.actions().iter().filter(|action| {
            is_tracked(action)
                && policies
                    .iter()
                    .any(|policy| policy.grants_action(prefix, action.name()))
        });
        let view = |action: &catalogue::Action| {
            let last = uses.get(action.name());
            ActionView {
                action_name: action.name().to_owned(),
                last_accessed_entity: last.map(|(actor, _)| actor.arn.clone()),
                last_accessed_time: last.map(|(_, used)| used.at),
                last_accessed_region: last.map(|(_, used)| used.region.clone()),
            }
        };
        Some(tracked.map(view).collect())
    }

    /// The last use of each action of a service, by whoever it was.
    fn operations(&self, service: &str) -> BTreeMap<&str, (&Actor, &Use)> {
        let mut last: BTreeMap<&str, (&Actor, &Use)> = BTreeMap::new();
        for (actor, accessed) in &self.actors {
            let Some(used) = accessed.as_ref().and_then(|all| all.services.get(service)) else {
                continue;
            };
            for (operation, used) in &used.operations {
                if used.at < self.since {
                    continue;
                }
                let entry = last
                    .entry(action_of(service, operation))
                    .or_insert((actor, used));
                if used.at > entry.1.at {
                    *entry = (actor, used);
                }
            }
        }
        last
    }
}

/// The services whose single actions are told: those whose calls are seen here.
const TRACKED_SERVICES: &[&str] = &[
    "access-analyzer",
    "cloudtrail",
    "cognito-identity",
    "cognito-idp",
    "iam",
    "identitystore",
    "organizations",
    "s3",
    "sso",
    "sts",
];

/// `iam:PassRole` is a right, not a call; and of S3 only management is told, objects are not
/// (IAM User Guide).
fn is_tracked(action: &catalogue::Action) -> bool {
    match action.prefix() {
        "iam" => action.name() != "PassRole",
        "s3" => !action
            .resource_types()
            .any(|(resource, _)| resource.name() == "object"),
        _ => true,
    }
}

/// The action that an operation is authorized as, where it has another name.
fn action_of<'a>(service: &str, operation: &'a str) -> &'a str {
    match (service, operation) {
        ("s3", "ListBuckets") => "ListAllMyBuckets",
        ("s3", "HeadBucket" | "ListObjects" | "ListObjectsV2") => "ListBucket",
        ("s3", "ListObjectVersions") => "ListBucketVersions",
        ("s3", "ListMultipartUploads") => "ListBucketMultipartUploads",
        ("s3", "GetBucketCors") => "GetBucketCORS",
        ("s3", "PutBucketCors" | "DeleteBucketCors") => "PutBucketCORS",
        ("s3", "GetPublicAccessBlock") => "GetBucketPublicAccessBlock",
        ("s3", "PutPublicAccessBlock" | "DeletePublicAccessBlock") => "PutBucketPublicAccessBlock",
        ("s3", "GetBucketEncryption") => "GetEncryptionConfiguration",
        ("s3", "PutBucketEncryption" | "DeleteBucketEncryption") => "PutEncryptionConfiguration",
        ("s3", "DeleteBucketTagging") => "PutBucketTagging",
        _ => operation,
    }
}
