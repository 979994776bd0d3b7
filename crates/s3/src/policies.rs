//! Bucket policies: put, shown, taken away, and whether they open a bucket to everybody.

use policy::{Document, Grammar, PrincipalKind};
use s3s::dto::*;
use serde_json::Value;

use crate::call::Call;
use crate::door::{Keys, On};
use crate::failure::{
    ACCESS_DENIED, Answer, Failure, MALFORMED_POLICY, METHOD_NOT_ALLOWED, NO_SUCH_BUCKET_POLICY,
};
use crate::gate::NamedPrincipal;
use crate::house::{BucketState, House};
use crate::names::bucket_arn;
use crate::public::is_public;

/// Most bytes of a bucket policy.
const POLICY_BYTES_MAX: usize = 20 << 10;

impl House {
    pub(crate) async fn get_bucket_policy(
        &self,
        call: &Call,
        input: GetBucketPolicyInput,
    ) -> Answer<GetBucketPolicyOutput> {
        let state = self.enter(call, &input.bucket)?;
        self.ask(call, &state, "s3:GetBucketPolicy", On::Bucket, Keys::new())?;
        self.check_home(call, &state)?;
        let text = state.bucket.policy.as_ref();
        let text = text.ok_or_else(|| no_policy(&state))?;
        Ok(GetBucketPolicyOutput {
            policy: Some(self.shown(text, &state.bucket.policy_principals)),
        })
    }

    pub(crate) async fn get_bucket_policy_status(
        &self,
        call: &Call,
        input: GetBucketPolicyStatusInput,
    ) -> Answer<GetBucketPolicyStatusOutput> {
        let state = self.enter(call, &input.bucket)?;
        self.ask(
            call,
            &state,
            "s3:GetBucketPolicyStatus",
            On::Bucket,
            Keys::new(),
        )?;
        let policy = state.policy.as_ref().ok_or_else(|| no_policy(&state))?;
        Ok(GetBucketPolicyStatusOutput {
            policy_status: Some(PolicyStatus {
                is_public: Some(policy.public),
            }),
        })
    }

    pub(crate) async fn delete_bucket_policy(
        &self,
        call: &Call,
        input: DeleteBucketPolicyInput,
    ) -> Answer<DeleteBucketPolicyOutput> {
        let state = self.enter(call, &input.bucket)?;
        let permit = self.ask(
            call,
            &state,
            "s3:DeleteBucketPolicy",
            On::Bucket,
            Keys::new(),
        )?;
        self.check_home(call, &state)?;
        self.change_bucket(permit, &state, |bucket| {
            bucket.policy = None;
            bucket.policy_principals = Vec::new();
        })
        .await?;
        Ok(DeleteBucketPolicyOutput::default())
    }

    pub(crate) async fn put_bucket_policy(
        &self,
        call: &Call,
        input: PutBucketPolicyInput,
    ) -> Answer<PutBucketPolicyOutput> {
        let state = self.enter(call, &input.bucket)?;
        let permit = self.ask(call, &state, "s3:PutBucketPolicy", On::Bucket, Keys::new())?;
        self.check_home(call, &state)?;
        let text = input.policy;
        let principals = self.check_policy(&input.bucket, &text)?;
        let blocked = state
            .bucket
            .public_access_block
            .is_some_and(|block| block.block_public_policy);
        if blocked && is_public(&text) {
            let caller = self.gate.arn(&call.caller).unwrap_or_default();
            return Err(ACCESS_DENIED.say(format!(
                "User: {caller} is not authorized to perform: s3:PutBucketPolicy on resource: \"{}\" because public policies are prevented by the BlockPublicPolicy setting in S3 Block Public Access.",
                bucket_arn(&input.bucket),
            )));
        }
        self.change_bucket(permit, &state, move |bucket| {
            bucket.policy = Some(text.clone());
            bucket.policy_principals.clone_from(&principals);
        })
        .await?;
        Ok(PutBucketPolicyOutput::default())
    }

    /// Policies are handled in the bucket's own account only, whatever another is allowed.
    fn check_home(&self, call: &Call, state: &BucketState) -> Answer<()> {
        if self.gate.account(&call.caller).as_ref() == Some(&state.bucket.owner) {
            return Ok(());
        }
        Err(METHOD_NOT_ALLOWED
            .with(
                "Method",
                call.target.parameter("policy").map_or("GET", |_| "POLICY"),
            )
            .with("ResourceType", "BUCKETPOLICY"))
    }

    /// The policy as it is shown today: whoever moved under its new ARN, whoever is gone as an id.
    fn shown(&self, text: &str, principals: &[NamedPrincipal]) -> String {
        let mut moved = Vec::new();
        for named in principals {
            let today = self.gate.arn_today(named);
            let today = today.unwrap_or_else(|| named.id.clone());
            if today != named.arn {
                moved.push(NamedPrincipal {
                    arn: named.arn.clone(),
                    id: today,
                });
            }
        }
        self.gate.by_id(text, &moved)
    }

    /// Checks a policy and finds out whom it names.
    fn check_policy(&self, bucket: &str, text: &str) -> Answer<Vec<NamedPrincipal>> {
        if !text.trim_start().starts_with('{') {
            return Err(MALFORMED_POLICY.into());
        }
        if text.len() > POLICY_BYTES_MAX {
            return Err(MALFORMED_POLICY.say(format!(
                "Policy document exceeds the maximum allowed size of {POLICY_BYTES_MAX} bytes."
            )));
        }
        let document = Document::parse(text, Grammar::Bucket)
            .map_err(|malformed| MALFORMED_POLICY.say(malformed.message().to_owned()))?;
        check_resources(bucket, text)?;
        let mut named = Vec::new();
        for principal in document.principals() {
            let known = match principal.kind {
                PrincipalKind::Anyone => true,
                PrincipalKind::Aws | PrincipalKind::CanonicalUser | PrincipalKind::Federated => {
                    principal.value == "*" || self.gate.principal_exists(&principal.value)
                }
                PrincipalKind::Service => principal.value.contains('.'),
            };
            let unknown = || {
                MALFORMED_POLICY
                    .say("Invalid principal in policy")
                    .with("Detail", principal.value.as_str())
            };
            if !known {
                return Err(unknown());
            }
            if principal.kind == PrincipalKind::Aws && is_user_or_role(&principal.value) {
                named.push(NamedPrincipal {
                    arn: principal.value.clone(),
                    id: self.gate.id_of(&principal.value).ok_or_else(unknown)?,
                });
            }
        }
        Ok(named)
    }
}

fn no_policy(state: &BucketState) -> Failure {
    NO_SUCH_BUCKET_POLICY.with("BucketName", state.bucket.name.as_str())
}

fn is_user_or_role(principal: &str) -> bool {
    principal.parse::<aws::Arn>().is_ok_and(|arn| {
        let resource = arn.resource();
        arn.service() == "iam" && (resource.starts_with("user/") || resource.starts_with("role/"))
    })
}

/// A bucket's policy speaks of this bucket and what is in it.
fn check_resources(bucket: &str, text: &str) -> Answer<()> {
    let policy: Value = serde_json::from_str(text).map_err(|_| Failure::from(MALFORMED_POLICY))?;
    let statements = match policy.get("Statement") {
        Some(Value::Array(statements)) => statements.iter().collect(),
        Some(statement) => vec![statement],
        None => Vec::new(),
    };
    let arn = bucket_arn(bucket);
    let is_here = |resource: &str| {
        resource
            .strip_prefix(&arn)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || rest.starts_with('*'))
            || resource == "*"
    };
    for statement in statements {
        for name in ["Resource", "NotResource"] {
            let resources: Vec<&str> = match statement.get(name) {
                Some(Value::String(one)) => vec![one],
                Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).collect(),
                _ => Vec::new(),
            };
            if let Some(wrong) = resources.iter().find(|resource| !is_here(resource)) {
                return Err(MALFORMED_POLICY
                    .say("Policy has invalid resource")
                    .with("Detail", *wrong));
            }
        }
    }
    Ok(())
}
