//! Who of those that an access advisor job is about used one service.

use facts::OperationFacts;
use plane::{Call, Error, Operation, Permit, Touches};
use store::Transaction;
use wire::{Input, Output};

use crate::access_details::{JobError, Sightings, gone};
use crate::access_jobs::AccessJob;
use crate::account::touch_account;
use crate::granting::{self, Actor, Holder};
use crate::paging::Paging;

/// Tells who may use a service, and when they last did.
#[derive(Input)]
pub(crate) struct GetServiceLastAccessedDetailsWithEntities {
    job_id: String,
    service_namespace: String,
    max_items: Option<i32>,
    marker: Option<String>,
}

/// A page of users and roles, the latest first.
#[derive(Output, Debug)]
pub(crate) struct EntitiesPage {
    job_status: &'static str,
    job_creation_date: aws::Timestamp,
    job_completion_date: aws::Timestamp,
    entity_details_list: Vec<EntityDetails>,
    is_truncated: bool,
    marker: Option<String>,
    error: Option<JobError>,
}

/// A user or a role, and when it last used the service.
#[derive(Output, Debug)]
pub(crate) struct EntityDetails {
    entity_info: EntityInfo,
    last_authenticated: Option<aws::Timestamp>,
}

/// Who it is.
#[derive(Output, Debug)]
pub(crate) struct EntityInfo {
    arn: String,
    name: String,
    #[wire(name = "Type")]
    kind: &'static str,
    id: String,
    path: Option<String>,
}

impl Operation for GetServiceLastAccessedDetailsWithEntities {
    const FACTS: &'static OperationFacts =
        facts::iam::GET_SERVICE_LAST_ACCESSED_DETAILS_WITH_ENTITIES;
    type Output = EntitiesPage;

    fn touches(&self, call: &Call, _tx: &Transaction) -> Result<Touches, Error> {
        touch_account(call, "iam:GetServiceLastAccessedDetailsWithEntities")
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<EntitiesPage, Error> {
        let account = permit.account()?;
        let job = AccessJob::require(&permit, tx, &self.job_id)?;
        let mut answer = EntitiesPage {
            job_status: "COMPLETED",
            job_creation_date: job.created,
            job_completion_date: job.created,
            entity_details_list: Vec::new(),
            is_truncated: false,
            marker: None,
            error: None,
        };
        let Some(holder) = Holder::find(tx, account, &job.arn)? else {
            answer.job_status = "FAILED";
            answer.error = Some(gone(&job));
            return Ok(answer);
        };
        let services = granting::services(&holder.policies(tx, account)?);
        let mut entities = Vec::new();
        if let Some(service) = services
            .iter()
            .find(|service| service.prefix() == self.service_namespace)
        {
            let sightings = Sightings::of(&permit, tx, &holder, account)?;
            let of = |(actor, used): (&Actor, Option<&identity::Use>)| EntityDetails {
                entity_info: EntityInfo::of(actor),
                last_authenticated: used.map(|used| used.at),
            };
            entities = sightings.by_actor(service.prefix()).map(of).collect();
        }
        entities
            .sort_by_key(|details: &EntityDetails| std::cmp::Reverse(details.last_authenticated));
        let page = Paging::new(self.marker.as_deref(), self.max_items).of(entities)?;
        answer.is_truncated = page.is_truncated();
        answer.entity_details_list = page.items;
        answer.marker = page.marker;
        Ok(answer)
    }
}

impl EntityInfo {
    fn of(actor: &Actor) -> EntityInfo {
        EntityInfo {
            arn: actor.arn.clone(),
            name: actor.name.clone(),
            kind: actor.kind,
            id: actor.id.clone(),
            path: Some(actor.path.clone()),
        }
    }
}
