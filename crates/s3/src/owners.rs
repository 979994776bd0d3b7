//! Ownership: every bucket is `BucketOwnerEnforced`, so access control lists say one thing
//! only, that the bucket's owner has everything, and cannot be made to say another.

use s3s::dto::*;

use crate::call::Call;
use crate::door::{Keys, On};
use crate::failure::{
    ACL_NOT_SUPPORTED, Answer, Code, INVALID_ARGUMENT, INVALID_REQUEST, MALFORMED_XML,
    NO_SUCH_OWNERSHIP,
};
use crate::house::{BucketState, House};
use crate::request::not_implemented;

const GRANT_HEADERS: &[&str] = &[
    "x-amz-grant-full-control",
    "x-amz-grant-read",
    "x-amz-grant-read-acp",
    "x-amz-grant-write",
    "x-amz-grant-write-acp",
];

const UNEXPECTED_CONTENT: Code = Code(
    400,
    "UnexpectedContent",
    "This request does not support content",
);

const MISSING_SECURITY_HEADER: Code = Code(
    400,
    "MissingSecurityHeader",
    "Your request was missing a required header",
);

const CANNED: &[&str] = &[
    "private",
    "public-read",
    "public-read-write",
    "authenticated-read",
    "aws-exec-read",
    "bucket-owner-read",
    "bucket-owner-full-control",
    "log-delivery-write",
];

/// Refuses every access control list that would say something new about a bucket.
pub(crate) fn check_bucket_acl(call: &Call, canned: Option<&str>) -> Answer<()> {
    check_acl(call, canned)
}

/// Whether a request brings an access control list.
pub(crate) fn brings_acl(call: &Call) -> bool {
    call.headers.contains_key("x-amz-acl")
        || GRANT_HEADERS
            .iter()
            .any(|name| call.headers.contains_key(*name))
}

/// Refuses every access control list but those that say what is so anyway.
pub(crate) fn check_acl(call: &Call, canned: Option<&str>) -> Answer<()> {
    if GRANT_HEADERS
        .iter()
        .any(|name| call.headers.contains_key(*name))
    {
        return Err(ACL_NOT_SUPPORTED.into());
    }
    match canned {
        None | Some("private" | "bucket-owner-full-control") => Ok(()),
        Some(known) if CANNED.contains(&known) => Err(ACL_NOT_SUPPORTED.into()),
        Some(other) => Err(INVALID_ARGUMENT
            .say("")
            .with("ArgumentName", "x-amz-acl")
            .with("ArgumentValue", other)),
    }
}

impl House {
    pub(crate) async fn get_bucket_acl(
        &self,
        call: &Call,
        input: GetBucketAclInput,
    ) -> Answer<GetBucketAclOutput> {
        let state = self.enter(call, &input.bucket)?;
        self.ask(call, &state, "s3:GetBucketAcl", On::Bucket, Keys::new())?;
        Ok(GetBucketAclOutput {
            grants: Some(self.grants(&state)),
            owner: Some(self.owner(&state.bucket.owner)),
        })
    }

    pub(crate) async fn put_bucket_acl(
        &self,
        call: &Call,
        input: PutBucketAclInput,
    ) -> Answer<PutBucketAclOutput> {
        let state = self.enter(call, &input.bucket)?;
        let keys = Keys::new().write_headers(call);
        self.ask(call, &state, "s3:PutBucketAcl", On::Bucket, keys)?;
        self.check_new_acl(
            call,
            &state,
            input.acl.map(|acl| acl.as_str().to_owned()),
            input.access_control_policy,
        )?;
        Ok(PutBucketAclOutput::default())
    }

    pub(crate) async fn get_object_acl(
        &self,
        call: &Call,
        input: GetObjectAclInput,
    ) -> Answer<GetObjectAclOutput> {
        let state = self.enter(call, &input.bucket)?;
        let action = match input.version_id {
            None => "s3:GetObjectAcl",
            Some(_) => "s3:GetObjectVersionAcl",
        };
        let object = self.object_for(
            call,
            &state,
            action,
            &input.key,
            input.version_id.as_deref(),
        )?;
        self.note_version(call, &state, &object);
        Ok(GetObjectAclOutput {
            grants: Some(self.grants(&state)),
            owner: Some(self.owner(&state.bucket.owner)),
            request_charged: None,
        })
    }

    pub(crate) async fn put_object_acl(
        &self,
        call: &Call,
        input: PutObjectAclInput,
    ) -> Answer<PutObjectAclOutput> {
        let state = self.enter(call, &input.bucket)?;
        let action = match input.version_id {
            None => "s3:PutObjectAcl",
            Some(_) => "s3:PutObjectVersionAcl",
        };
        self.object_for(
            call,
            &state,
            action,
            &input.key,
            input.version_id.as_deref(),
        )?;
        self.check_new_acl(
            call,
            &state,
            input.acl.map(|acl| acl.as_str().to_owned()),
            input.access_control_policy,
        )?;
        Ok(PutObjectAclOutput::default())
    }

    fn check_new_acl(
        &self,
        call: &Call,
        state: &BucketState,
        canned: Option<String>,
        policy: Option<AccessControlPolicy>,
    ) -> Answer<()> {
        let granted = GRANT_HEADERS
            .iter()
            .any(|name| call.headers.contains_key(*name));
        if granted && canned.is_some() {
            return Err(
                INVALID_REQUEST.say("Specifying both Canned ACLs and Header Grants is not allowed")
            );
        }
        if policy.is_some() && (granted || canned.is_some()) {
            return Err(UNEXPECTED_CONTENT.into());
        }
        check_acl(call, canned.as_deref())?;
        match policy {
            None if canned.is_none() => {
                Err(MISSING_SECURITY_HEADER.with("MissingHeaderName", "x-amz-acl"))
            }
            None => Ok(()),
            // Only the list that is already so may be put.
            Some(policy) => {
                let same = policy.grants.as_ref() == Some(&self.grants(state))
                    && policy.owner.and_then(|owner| owner.id)
                        == self.owner(&state.bucket.owner).id;
                same.then_some(()).ok_or_else(|| ACL_NOT_SUPPORTED.into())
            }
        }
    }

    /// The owner has everything, nobody else anything.
    fn grants(&self, state: &BucketState) -> Vec<Grant> {
        let owner = self.owner(&state.bucket.owner);
        vec![Grant {
            grantee: Some(Grantee {
                display_name: None,
                email_address: None,
                id: owner.id,
                type_: Type::from_static(Type::CANONICAL_USER),
                uri: None,
            }),
            permission: Some(Permission::from_static(Permission::FULL_CONTROL)),
        }]
    }

    pub(crate) async fn get_bucket_ownership_controls(
        &self,
        call: &Call,
        input: GetBucketOwnershipControlsInput,
    ) -> Answer<GetBucketOwnershipControlsOutput> {
        let state = self.enter(call, &input.bucket)?;
        self.ask(
            call,
            &state,
            "s3:GetBucketOwnershipControls",
            On::Bucket,
            Keys::new(),
        )?;
        if !state.bucket.ownership {
            return Err(NO_SUCH_OWNERSHIP.with("BucketName", input.bucket));
        }
        Ok(GetBucketOwnershipControlsOutput {
            ownership_controls: Some(OwnershipControls {
                rules: vec![OwnershipControlsRule {
                    object_ownership: ObjectOwnership::from_static(
                        ObjectOwnership::BUCKET_OWNER_ENFORCED,
                    ),
                }],
            }),
        })
    }

    pub(crate) async fn put_bucket_ownership_controls(
        &self,
        call: &Call,
        input: PutBucketOwnershipControlsInput,
    ) -> Answer<PutBucketOwnershipControlsOutput> {
        let state = self.enter(call, &input.bucket)?;
        let permit = self.ask(
            call,
            &state,
            "s3:PutBucketOwnershipControls",
            On::Bucket,
            Keys::new(),
        )?;
        match input.ownership_controls.rules.as_slice() {
            [rule] => match rule.object_ownership.as_str() {
                ObjectOwnership::BUCKET_OWNER_ENFORCED => {}
                ObjectOwnership::BUCKET_OWNER_PREFERRED | ObjectOwnership::OBJECT_WRITER => {
                    return Err(not_implemented());
                }
                _ => return Err(MALFORMED_XML.into()),
            },
            _ => return Err(MALFORMED_XML.into()),
        }
        self.change_bucket(permit, &state, |bucket| bucket.ownership = true)
            .await?;
        Ok(PutBucketOwnershipControlsOutput::default())
    }

    pub(crate) async fn delete_bucket_ownership_controls(
        &self,
        call: &Call,
        input: DeleteBucketOwnershipControlsInput,
    ) -> Answer<DeleteBucketOwnershipControlsOutput> {
        let state = self.enter(call, &input.bucket)?;
        let permit = self.ask(
            call,
            &state,
            "s3:PutBucketOwnershipControls",
            On::Bucket,
            Keys::new(),
        )?;
        // Without controls S3 goes by access control lists, which are not built: the setting
        // is gone from sight and lists stay without effect.
        self.change_bucket(permit, &state, |bucket| bucket.ownership = false)
            .await?;
        Ok(DeleteBucketOwnershipControlsOutput::default())
    }
}
