//! Service-linked roles: made for one service, changed by nobody else.

use facts::OperationFacts;
use identity::{DeletionTask, LastUsed, LinkedService, Role, linked_service};
use plane::{Call, Error, Operation, Permit, Touches};
use store::{OrElseTaken as _, Read as _, Transaction};
use wire::{Input, Output};

use crate::entity::{self, SERVICE_ROLE_PATH, arn_of};
use crate::errors::{invalid_input, no_such, no_such_entity, over_quota};
use crate::quotas;
use crate::role_view::RoleView;

/// The longest session of such a role: an hour.
const MAX_SESSION_S: u32 = 3600;

/// Makes the role of a service.
#[derive(Input)]
pub(crate) struct CreateServiceLinkedRole {
    #[wire(name = "AWSServiceName")]
    service: String,
    description: Option<String>,
    custom_suffix: Option<String>,
}

/// The new role.
#[derive(Output, Debug)]
pub(crate) struct CreatedServiceLinkedRole {
    role: RoleView,
}

impl CreateServiceLinkedRole {
    fn linked(&self) -> Option<&'static LinkedService> {
        linked_service(&self.service)
    }

    fn path(&self) -> String {
        format!("{SERVICE_ROLE_PATH}{}/", self.service)
    }

    fn name(&self) -> String {
        let name = self.linked().map_or("*", |linked| linked.role_name);
        match &self.custom_suffix {
            Some(suffix) => format!("{name}_{suffix}"),
            None => name.to_owned(),
        }
    }

    fn trust_policy(&self) -> String {
        let service = &self.service;
        format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"Service":"{service}"}},"Action":"sts:AssumeRole"}}]}}"#
        )
    }

    /// The same as the answer to its creation writes it: with lists of one.
    fn trust_policy_answered(&self) -> String {
        let service = &self.service;
        format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Action":["sts:AssumeRole"],"Effect":"Allow","Principal":{{"Service":["{service}"]}}}}]}}"#
        )
    }
}

impl Operation for CreateServiceLinkedRole {
    const FACTS: &'static OperationFacts = facts::iam::CREATE_SERVICE_LINKED_ROLE;
    type Output = CreatedServiceLinkedRole;

    fn touches(&self, call: &Call, _tx: &Transaction) -> Result<Touches, Error> {
        let account = call.account()?;
        let arn = arn_of::<Role>(account, &self.path(), &self.name());
        let ask = entity::ask_for("iam:CreateServiceLinkedRole", arn, account);
        Ok(Touches::one(
            ask.key("iam:AWSServiceName", self.service.as_str()),
        ))
    }

    fn run(
        &self,
        permit: Permit<Self>,
        tx: &mut Transaction,
    ) -> Result<CreatedServiceLinkedRole, Error> {
        let (account, service) = (permit.account()?, &self.service);
        let linked = self.linked().ok_or_else(|| {
            invalid_input(format!("Service {service} has no service-linked role."))
        })?;
        if self.custom_suffix.is_some() && !linked.takes_suffix {
            return Err(invalid_input(format!(
                "Custom suffix is not allowed for {service}"
            )));
        }
        let name = self.name();
        if u64::try_from(name.chars().count()).is_ok_and(|length| length > quotas::ROLE_NAME) {
            return Err(invalid_input(format!(
                "Service role name {name} is longer than {} characters.",
                quotas::ROLE_NAME
            )));
        }
        let description = self.description.as_ref().filter(|text| !text.is_empty());
        let role = Role {
            id: permit.new_id("AROA"),
            account,
            name,
            path: self.path(),
            created: permit.second(),
            description: description.cloned(),
            trust_policy: self.trust_policy(),
            trust_principals: Vec::new(),
            max_session_s: MAX_SESSION_S,
            tags: Vec::new(),
            attached: linked.policies.clone(),
            inline: Default::default(),
            boundary: None,
        };
        tx.insert(account.as_str(), &role).or_else_taken(|_| {
            let name = &role.name;
            invalid_input(format!(
                "Service role name {name} has been taken in this account, please try a different suffix."
            ))
        })?;
        let most = permit.directory().quotas().roles;
        if !tx.within::<Role>(account.as_str(), "name", "", most)? {
            return Err(over_quota("RolesPerAccount", most));
        }
        let answered = Role {
            trust_policy: self.trust_policy_answered(),
            ..role
        };
        Ok(CreatedServiceLinkedRole {
            role: RoleView::created(&permit, &answered)?,
        })
    }
}

/// Deletes the role of a service.
#[derive(Input)]
pub(crate) struct DeleteServiceLinkedRole {
    role_name: String,
}

/// The task that does it.
#[derive(Output, Debug)]
pub(crate) struct StartedDeletion {
    deletion_task_id: String,
}

impl Operation for DeleteServiceLinkedRole {
    const FACTS: &'static OperationFacts = facts::iam::DELETE_SERVICE_LINKED_ROLE;
    type Output = StartedDeletion;

    fn touches(&self, call: &Call, tx: &Transaction) -> Result<Touches, Error> {
        entity::touch::<Role>(call, tx, "iam:DeleteServiceLinkedRole", &self.role_name)
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<StartedDeletion, Error> {
        let account = permit.account()?;
        let role = entity::require::<Role>(tx, account, &self.role_name)?;
        if !role.path.starts_with(SERVICE_ROLE_PATH) {
            return Err(no_such("service-linked role", &self.role_name));
        }
        let uuid = aws::uuid_v4(permit.environment.entropy.as_ref());
        let task = DeletionTask {
            id: format!("task{}{}/{uuid}", role.path, role.name),
            account,
            done: permit.now(),
        };
        tx.insert(account.as_str(), &task)?;
        tx.delete::<Role>(account.as_str(), &role.id)?;
        tx.delete::<LastUsed>(account.as_str(), &role.id)?;
        Ok(StartedDeletion {
            deletion_task_id: task.id,
        })
    }
}

/// Tells how far a deletion is.
#[derive(Input)]
pub(crate) struct GetServiceLinkedRoleDeletionStatus {
    deletion_task_id: String,
}

/// How far a deletion is.
#[derive(Output, Debug)]
pub(crate) struct DeletionStatus {
    status: &'static str,
}

impl GetServiceLinkedRoleDeletionStatus {
    /// The path and the name of the role, as the task's id tells them.
    fn role(&self) -> Option<(&str, &str)> {
        let path_name_uuid = self.deletion_task_id.strip_prefix("task")?;
        let (path_and_name, _uuid) = path_name_uuid.rsplit_once('/')?;
        let border = path_and_name.rfind('/')? + 1;
        let (path, name) = path_and_name.split_at_checked(border)?;
        (path.starts_with(SERVICE_ROLE_PATH) && !name.is_empty()).then_some((path, name))
    }
}

impl Operation for GetServiceLinkedRoleDeletionStatus {
    const FACTS: &'static OperationFacts = facts::iam::GET_SERVICE_LINKED_ROLE_DELETION_STATUS;
    type Output = DeletionStatus;

    fn touches(&self, call: &Call, _tx: &Transaction) -> Result<Touches, Error> {
        let account = call.account()?;
        let (path, name) = self.role().unwrap_or(("/", "*"));
        let arn = arn_of::<Role>(account, path, name);
        let action = "iam:GetServiceLinkedRoleDeletionStatus";
        Ok(Touches::one(entity::ask_for(action, arn, account)))
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<DeletionStatus, Error> {
        let id = &self.deletion_task_id;
        if self.role().is_none() {
            return Err(invalid_input("Invalid task id"));
        }
        tx.get::<DeletionTask>(permit.account()?.as_str(), id)?
            .ok_or_else(|| no_such_entity("Cannot find deletion status for given id."))?;
        Ok(DeletionStatus {
            status: "SUCCEEDED",
        })
    }
}
