//! Buckets: made, found, listed and removed.

use s3s::dto::{self, *};
use store::{Read as _, Transaction};

use crate::call::Call;
use crate::door::{Keys, On, Permit};
use crate::failure::{
    ACCESS_DENIED, Answer, BUCKET_ALREADY_EXISTS, BUCKET_ALREADY_OWNED_BY_YOU, BUCKET_NOT_EMPTY,
    Code, Failure, ILLEGAL_LOCATION_CONSTRAINT, INVALID_ARGUMENT, INVALID_LOCATION_CONSTRAINT,
};
use crate::house::{BucketState, House, no_such_bucket};
use crate::names::{FIRST_REGION, bucket_arn, check_new_bucket, is_region};
use crate::owners::check_bucket_acl;
use crate::records::{
    BUCKETS, Bucket, Garbage, Object, Part, PublicAccessBlock, Tag, Upload, Versioning, owned,
    scope_of,
};
use crate::request::not_implemented;
use crate::tags;
use crate::tokens::{self, For};

/// Most buckets of an account, as AWS sets it today.
const BUCKETS_PER_ACCOUNT: u64 = 10_000;

/// Most buckets on a page.
const PAGE_MAX: i32 = 10_000;

const TOO_MANY_BUCKETS: Code = Code(
    400,
    "TooManyBuckets",
    "You have attempted to create more buckets than allowed",
);

impl House {
    pub(crate) async fn create_bucket(
        &self,
        call: &Call,
        input: CreateBucketInput,
    ) -> Answer<CreateBucketOutput> {
        let name = input.bucket;
        let configuration = input.create_bucket_configuration;
        let constraint = configuration
            .as_ref()
            .and_then(|configuration| configuration.location_constraint.as_ref())
            .map(|constraint| constraint.as_str());
        let mut keys = Keys::new()
            .write_headers(call)
            .maybe("s3:LocationConstraint", constraint);
        let ownership = call.header("x-amz-object-ownership");
        if let Some(ownership) = ownership {
            keys = keys.one("s3:x-amz-object-ownership", ownership);
        }
        let tags = tags::read_document(&call.document())?;
        let arn = bucket_arn(&name);
        let permit = self.ask_outside(call, "s3:CreateBucket", &arn, keys.clone())?;
        if !tags.is_empty() {
            self.ask_outside(call, "s3:TagResource", &arn, tag_keys(&tags))?;
        }
        if input.acl.is_some() {
            self.ask_outside(call, "s3:PutBucketAcl", &arn, keys.clone())?;
        }
        if ownership.is_some() {
            self.ask_outside(call, "s3:PutBucketOwnershipControls", &arn, keys)?;
        }
        // Nobody can own a bucket anonymously, whatever the gate says.
        let owner = self.gate.account(&call.caller).ok_or(ACCESS_DENIED)?;

        check_new_bucket(&name)?;
        let endpoint = self.gate.region(&call.caller);
        let region = region_of(constraint, endpoint.as_deref().unwrap_or(FIRST_REGION))?;
        check_bucket_acl(call, input.acl.as_ref().map(|acl| acl.as_str()))?;
        if !check_ownership(ownership)?
            || input.object_lock_enabled_for_bucket == Some(true)
            || configuration
                .as_ref()
                .is_some_and(|c| c.bucket.is_some() || c.location.is_some())
        {
            return Err(not_implemented());
        }

        let bucket = Bucket {
            name: name.clone(),
            owner,
            region,
            created: call.now,
            policy: None,
            policy_principals: Vec::new(),
            public_access_block: Some(PublicAccessBlock::ALL),
            ownership: true,
            cors: None,
            tags: tags.clone(),
            versioning: Versioning::Never,
            bucket_key: false,
            constraint: constraint.filter(|name| *name == "EU").map(str::to_owned),
            encryption: false,
        };
        let location = match bucket.region.as_str() {
            FIRST_REGION => format!("/{name}"),
            _ => format!("http://{name}.s3.amazonaws.com/"),
        };
        self.insert_bucket(permit, bucket).await?;
        call.answer_header("x-amz-bucket-arn", &arn);
        Ok(CreateBucketOutput {
            location: Some(location),
        })
    }

    async fn insert_bucket(&self, _: Permit, bucket: Bucket) -> Answer<()> {
        self.transact(move |tx: &mut Transaction| {
            if let Some(existing) = tx.get::<Bucket>(BUCKETS, &bucket.name)? {
                let taken = |code: Code| Err(code.with("BucketName", bucket.name.as_str()));
                return match (
                    existing.owner == bucket.owner,
                    bucket.region.as_str(),
                    existing.region.as_str(),
                ) {
                    // The first region forgives its owner; the bucket stays what it is.
                    (true, FIRST_REGION, FIRST_REGION) if bucket.tags.is_empty() => Ok(()),
                    (true, ..) => taken(BUCKET_ALREADY_OWNED_BY_YOU),
                    (false, ..) => taken(BUCKET_ALREADY_EXISTS),
                };
            }
            tx.insert(BUCKETS, &bucket)?;
            let mine = owned(&bucket.owner, "");
            if !tx.within::<Bucket>(BUCKETS, "owned", &mine, BUCKETS_PER_ACCOUNT)? {
                return Err(TOO_MANY_BUCKETS.into());
            }
            Ok(())
        })
        .await
    }

    pub(crate) async fn delete_bucket(
        &self,
        call: &Call,
        input: DeleteBucketInput,
    ) -> Answer<DeleteBucketOutput> {
        let state = self.enter(call, &input.bucket)?;
        let permit = self.ask(call, &state, "s3:DeleteBucket", On::Bucket, Keys::new())?;
        self.remove_bucket(permit, input.bucket).await?;
        Ok(DeleteBucketOutput {})
    }

    async fn remove_bucket(&self, _: Permit, name: String) -> Answer<()> {
        let garbage = self
            .transact(move |tx: &mut Transaction| {
                let scope = scope_of(&name);
                if !tx
                    .page::<Object>(&scope, "history", "", None, 1)?
                    .records
                    .is_empty()
                {
                    let known = tx.get::<Bucket>(BUCKETS, &name)?;
                    let versioned =
                        known.is_some_and(|bucket| bucket.versioning != Versioning::Never);
                    let failure = match versioned {
                        true => BUCKET_NOT_EMPTY.say(format!(
                            "{}. You must delete all versions in the bucket.",
                            BUCKET_NOT_EMPTY.2
                        )),
                        false => BUCKET_NOT_EMPTY.into(),
                    };
                    return Err(failure.with("BucketName", name.as_str()));
                }
                // Uploads that were never completed do not hold a bucket back.
                let mut garbage = Vec::new();
                for part in tx.all::<Part>(&scope, "number", "")? {
                    tx.delete::<Part>(&scope, &crate::records::part_id(&part.upload, part.number))?;
                    garbage.push(Garbage { blob: part.blob });
                }
                for upload in tx.all::<Upload>(&scope, "key", "")? {
                    tx.delete::<Upload>(&scope, &upload.id)?;
                }
                for one in &garbage {
                    tx.put(BUCKETS, one)?;
                }
                if !tx.delete::<Bucket>(BUCKETS, &name)? {
                    return Err(no_such_bucket(&name));
                }
                Ok(garbage)
            })
            .await?;
        self.remove_garbage(garbage);
        Ok(())
    }

    pub(crate) async fn head_bucket(
        &self,
        call: &Call,
        input: HeadBucketInput,
    ) -> Answer<HeadBucketOutput> {
        const REGION: http::HeaderName = http::HeaderName::from_static("x-amz-bucket-region");
        let state = self.bucket(&input.bucket)?;
        let region = state.bucket.region.clone();
        // Also those who are turned away are told where the bucket is.
        let allowed = self
            .enter(call, &input.bucket)
            .and_then(|state| self.ask(call, &state, "s3:ListBucket", On::Bucket, Keys::new()));
        allowed.map_err(|failure| failure.header(REGION, &region))?;
        call.answer_header("x-amz-bucket-arn", &bucket_arn(&input.bucket));
        call.answer_header("content-type", "application/xml");
        Ok(HeadBucketOutput {
            access_point_alias: Some(false),
            bucket_region: Some(region),
            ..Default::default()
        })
    }

    pub(crate) async fn get_bucket_location(
        &self,
        call: &Call,
        input: GetBucketLocationInput,
    ) -> Answer<GetBucketLocationOutput> {
        let state = self.enter(call, &input.bucket)?;
        self.ask(
            call,
            &state,
            "s3:GetBucketLocation",
            On::Bucket,
            Keys::new(),
        )?;
        let region = &state.bucket.region;
        call.rewrite(|text| text.replace("\"></LocationConstraint>", "\"/>"));
        Ok(GetBucketLocationOutput {
            location_constraint: match state.bucket.constraint.clone() {
                Some(constraint) => Some(constraint.into()),
                None => (region != FIRST_REGION).then(|| region.clone().into()),
            },
        })
    }

    pub(crate) async fn list_buckets(
        &self,
        call: &Call,
        input: ListBucketsInput,
    ) -> Answer<ListBucketsOutput> {
        self.ask_outside(call, "s3:ListAllMyBuckets", "*", Keys::new())?;
        let account = self.gate.account(&call.caller).ok_or(ACCESS_DENIED)?;
        let limit = match input.max_buckets {
            None => PAGE_MAX,
            Some(limit @ 1..=PAGE_MAX) => limit,
            Some(_) => {
                return Err(INVALID_ARGUMENT
                    .say("Argument max-buckets must be an integer between 1 and 10000.")
                    .with("ArgumentName", "max-buckets"));
            }
        };
        let prefix = input.prefix.clone().unwrap_or_default();
        if let Some(region) = input
            .bucket_region
            .as_ref()
            .filter(|region| !is_region(region))
        {
            return Err(INVALID_ARGUMENT
                .say(format!("Argument value {region} is not a valid AWS Region"))
                .with("ArgumentName", "bucket-region"));
        }
        // What only shows when a request asks for a page.
        let paged = call.target.query.iter().any(|(name, _)| name != "x-id");
        let after = match input
            .continuation_token
            .as_ref()
            .filter(|token| !token.is_empty())
        {
            Some(token) => Some(tokens::open(
                &self.token_key,
                For::Buckets(&account, &prefix),
                token,
            )?),
            None => None,
        };

        let mine = owned(&account, &prefix);
        let reader = self.store.read();
        let mut buckets = Vec::new();
        let mut cursor = after.map(|name| tokens::cursor_after(&owned(&account, &name)));
        let mut next = None;
        loop {
            let page = reader.page::<Bucket>(BUCKETS, "owned", &mine, cursor.as_deref(), 1000)?;
            for bucket in page.records {
                if input
                    .bucket_region
                    .as_ref()
                    .is_some_and(|region| *region != bucket.region)
                {
                    continue;
                }
                if buckets.len() as i64 == i64::from(limit) {
                    next = buckets
                        .last()
                        .and_then(|last: &dto::Bucket| last.name.clone());
                    break;
                }
                buckets.push(dto::Bucket {
                    bucket_region: paged.then_some(bucket.region),
                    creation_date: Some(shown(bucket.created)),
                    name: Some(bucket.name),
                });
            }
            cursor = page.next;
            if cursor.is_none() || next.is_some() {
                break;
            }
        }
        if paged {
            call.rewrite(add_arns);
        }
        Ok(ListBucketsOutput {
            buckets: Some(buckets),
            continuation_token: next
                .map(|last| tokens::seal(&self.token_key, For::Buckets(&account, &prefix), &last)),
            owner: Some(self.owner(&account)),
            prefix: input.prefix,
        })
    }

    /// Changes a bucket's configuration.
    pub(crate) async fn change_bucket(
        &self,
        _: Permit,
        state: &BucketState,
        change: impl Fn(&mut Bucket) + Send + 'static,
    ) -> Answer<()> {
        let name = state.bucket.name.clone();
        self.transact(move |tx: &mut Transaction| {
            let mut bucket = tx
                .get::<Bucket>(BUCKETS, &name)?
                .ok_or_else(|| no_such_bucket(&name))?;
            change(&mut bucket);
            Ok(tx.update(BUCKETS, &bucket)?)
        })
        .await
    }

    /// An account as an owner of things.
    pub(crate) fn owner(&self, account: &str) -> Owner {
        Owner {
            display_name: None,
            id: Some(self.gate.canonical_id(account)),
        }
    }
}

/// Tags as the gate wants to know them where a bucket is tagged as it is made.
fn tag_keys(tags: &[Tag]) -> Keys {
    let mut keys = Keys::new();
    for tag in tags {
        keys = keys.one(&format!("aws:RequestTag/{}", tag.key), &tag.value);
    }
    keys.many(
        "aws:TagKeys",
        tags.iter().map(|tag| tag.key.clone()).collect(),
    )
}

/// Whether a new bucket's ownership is the one that is built.
fn check_ownership(asked: Option<&str>) -> Answer<bool> {
    match asked {
        None | Some(ObjectOwnership::BUCKET_OWNER_ENFORCED) => Ok(true),
        Some(ObjectOwnership::BUCKET_OWNER_PREFERRED | ObjectOwnership::OBJECT_WRITER) => Ok(false),
        Some(other) => Err(INVALID_ARGUMENT
            .say(format!("Invalid x-amz-object-ownership header: {other}"))
            .with("ArgumentName", "x-amz-object-ownership")),
    }
}

/// Adds to each listed bucket its ARN, which the library does not know of.
fn add_arns(text: String) -> String {
    let mut parts = text.split("<Name>");
    let mut with = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let name = part.split("</Name>").next().unwrap_or_default();
        with.push_str(&format!(
            "<BucketArn>{}</BucketArn><Name>{part}",
            bucket_arn(name)
        ));
    }
    with
}

/// A time as the library writes it.
pub(crate) fn shown(time: aws::Timestamp) -> Timestamp {
    // S3 shows whole seconds.
    let time = aws::Timestamp::from_second(time.as_second()).unwrap_or(time);
    std::time::SystemTime::from(time).into()
}

/// Where a new bucket goes, by what was asked for and at which region's endpoint.
fn region_of(constraint: Option<&str>, endpoint: &str) -> Answer<String> {
    let illegal = |name: &str| -> Failure {
        ILLEGAL_LOCATION_CONSTRAINT.say(format!(
            "The {name} location constraint is incompatible for the region specific endpoint this request was sent to."
        ))
    };
    let region = match constraint {
        None | Some("") if endpoint == FIRST_REGION => return Ok(FIRST_REGION.to_owned()),
        None | Some("") => return Err(illegal("unspecified")),
        Some(region) => region,
    };
    let place = if region == "EU" { "eu-west-1" } else { region };
    if endpoint != FIRST_REGION && endpoint != place {
        return Err(illegal(region));
    }
    if place == FIRST_REGION || !is_region(place) {
        return Err(INVALID_LOCATION_CONSTRAINT.with("LocationConstraint", region));
    }
    Ok(place.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_follow_the_endpoint() {
        for (constraint, endpoint, answer) in [
            (None, "us-east-1", Ok("us-east-1")),
            (Some(""), "us-east-1", Ok("us-east-1")),
            (Some("eu-west-3"), "us-east-1", Ok("eu-west-3")),
            (Some("EU"), "us-east-1", Ok("eu-west-1")),
            (
                Some("us-east-1"),
                "us-east-1",
                Err("InvalidLocationConstraint"),
            ),
            (
                Some("mars-1"),
                "us-east-1",
                Err("InvalidLocationConstraint"),
            ),
            (None, "eu-west-3", Err("IllegalLocationConstraintException")),
            (Some("eu-west-3"), "eu-west-3", Ok("eu-west-3")),
            (
                Some("us-west-2"),
                "eu-west-3",
                Err("IllegalLocationConstraintException"),
            ),
        ] {
            let got = region_of(constraint, endpoint);
            let got = got.as_deref().map_err(|failure| failure.code.as_ref());
            assert_eq!(got, answer, "{constraint:?} {endpoint}");
        }
    }
}
