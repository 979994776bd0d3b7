//! Deleting objects, one at a time or a thousand.

use s3s::dto::*;
use store::Transaction;

use crate::call::Call;
use crate::door::{Keys, On, Permit};
use crate::failure::{
    Answer, Code, Failure, INVALID_ARGUMENT, MALFORMED_XML, NO_SUCH_KEY, NO_SUCH_VERSION,
    NOT_IMPLEMENTED, PRECONDITION_FAILED,
};
use crate::house::{BucketState, House};
use crate::names::check_key;
use crate::objects::{Changed, Draft, delete_object, delete_version, find};
use crate::records::{Object, scope_of};
use crate::versions::Versions;

/// Most keys of one request.
const KEYS_MAX: usize = 1000;

const EMPTY_KEY: Code = Code(
    400,
    "UserKeyMustBeSpecified",
    "The bucket POST must contain the specified field name. If it is specified, check the order of the fields.",
);

/// One deletion that a request asks for.
#[derive(Debug, Clone)]
struct Deletion {
    key: String,
    version: Option<String>,
    /// The entity tag that the object must have.
    etag: Option<String>,
    /// What is put over the object if the bucket keeps versions.
    marker: Option<Draft>,
}

const NO_CONDITION_ON_VERSIONS: &str = "Conditional delete operations are not allowed when a version ID is included in the request parameters.";

impl House {
    pub(crate) async fn delete_object(
        &self,
        call: &Call,
        input: DeleteObjectInput,
    ) -> Answer<DeleteObjectOutput> {
        let state = self.enter(call, &input.bucket)?;
        let version = input.version_id.as_deref();
        let permit = self.ask_to_delete(call, &state, &input.key, version)?;
        self.check_version(&input.key, version)?;
        self.check_no_lock(call)?;
        if call.conditions.has_match() {
            self.ask_to_match(call, &state, &input.key)?;
            if version.is_some() {
                return Err(NOT_IMPLEMENTED
                    .with("Header", "If-Match")
                    .with("additionalMessage", NO_CONDITION_ON_VERSIONS));
            }
        }
        for header in ["x-amz-if-match-last-modified-time", "x-amz-if-match-size"] {
            if call.headers.contains_key(header) {
                return Err(NOT_IMPLEMENTED.with("Header", header));
            }
        }
        let marker = self.marker(call, &input.key);
        let (bucket, key, versions) = (input.bucket.clone(), input.key, self.versions);
        let (version, conditions) = (input.version_id, call.conditions.clone());
        let changed = self
            .change(permit, move |tx| {
                let there = find(tx, &scope_of(&bucket), &key, version.as_deref())?;
                let etag = there
                    .as_ref()
                    .filter(|object| !object.is_delete_marker())
                    .map(|object| object.etag.as_str());
                if conditions.has_match() {
                    conditions.check_write(etag, || NO_SUCH_KEY.with("Key", &key))?;
                }
                match &version {
                    Some(version) => delete_version(tx, &bucket, &key, version),
                    None => delete_object(tx, &bucket, &marker, versions),
                }
            })
            .await?;
        Ok(DeleteObjectOutput {
            delete_marker: changed.delete_marker.then_some(true),
            request_charged: None,
            version_id: changed.version,
        })
    }

    /// Object Lock is not built, so there is nothing to bypass.
    fn check_no_lock(&self, call: &Call) -> Answer<()> {
        const BYPASS: &str = "x-amz-bypass-governance-retention";
        if !call.headers.contains_key(BYPASS) {
            return Ok(());
        }
        Err(INVALID_ARGUMENT
            .say("x-amz-bypass-governance-retention is only applicable to Object Lock enabled buckets.")
            .with("ArgumentName", BYPASS))
    }

    fn ask_to_delete(
        &self,
        call: &Call,
        state: &BucketState,
        key: &str,
        version: Option<&str>,
    ) -> Answer<Permit> {
        let scope = scope_of(&state.bucket.name);
        let there: Option<Object> = match self.check_version(key, version) {
            Ok(()) => find(&self.store.read(), &scope, key, version)?,
            Err(_) => None,
        };
        let tags = there.map(|object| object.tags).unwrap_or_default();
        let keys = Keys::new()
            .maybe("s3:VersionId", version)
            .existing_tags(&tags)
            .write_headers(call);
        let action = match version {
            None => "s3:DeleteObject",
            Some(_) => "s3:DeleteObjectVersion",
        };
        self.ask(call, state, action, On::Key(key), keys)
    }

    async fn change(
        &self,
        _: Permit,
        change: impl FnMut(&mut Transaction) -> Answer<Changed> + Send + 'static,
    ) -> Answer<Changed> {
        let changed = self.transact(change).await?;
        self.remove_garbage(changed.garbage.clone());
        Ok(changed)
    }

    pub(crate) async fn delete_objects(
        &self,
        call: &Call,
        input: DeleteObjectsInput,
    ) -> Answer<DeleteObjectsOutput> {
        let state = self.enter(call, &input.bucket)?;
        let objects = input.delete.objects;
        if objects.is_empty() || objects.len() > KEYS_MAX {
            // Whoever may not even ask is told so first.
            self.ask(call, &state, "s3:DeleteObject", On::Key("*"), Keys::new())?;
            return Err(MALFORMED_XML.into());
        }
        if call
            .headers
            .contains_key("x-amz-bypass-governance-retention")
        {
            self.ask(call, &state, "s3:DeleteObject", On::Key("*"), Keys::new())?;
            self.check_no_lock(call)?;
        }
        let quiet = input.delete.quiet.unwrap_or_default();
        let mut deleted = Vec::new();
        let mut errors = Vec::new();
        let mut allowed = Vec::new();
        for object in objects {
            let unknown = object.last_modified_time.is_some() || object.size.is_some();
            let deletion = Deletion {
                key: object.key,
                version: object.version_id,
                etag: object.e_tag.map(ETag::into_value),
                marker: None,
            };
            match self.allow(call, &state, &deletion, unknown) {
                Ok(permit) => allowed.push((
                    permit,
                    Deletion {
                        marker: Some(self.marker(call, &deletion.key)),
                        ..deletion
                    },
                )),
                Err(failure) => errors.push(refused(&deletion, failure)),
            }
        }
        let (permits, deletions): (Vec<Permit>, Vec<Deletion>) = allowed.into_iter().unzip();
        for (deletion, changed) in self.delete_all(permits, &state, deletions).await? {
            match changed {
                Ok(_) if quiet => {}
                Ok(changed) => deleted.push(shown(deletion, changed)),
                Err(failure) => errors.push(refused(&deletion, failure)),
            }
        }
        Ok(DeleteObjectsOutput {
            deleted: Some(deleted),
            errors: Some(errors),
            request_charged: None,
        })
    }

    /// Every key is asked about by itself.
    fn allow(
        &self,
        call: &Call,
        state: &BucketState,
        deletion: &Deletion,
        unknown: bool,
    ) -> Answer<Permit> {
        let (key, version) = (&deletion.key, deletion.version.as_deref());
        let permit = self.ask_to_delete(call, state, key, version)?;
        check_key(key)?;
        if key.is_empty() {
            return Err(EMPTY_KEY.into());
        }
        if unknown {
            return Err(crate::request::not_implemented());
        }
        if deletion.etag.is_some() {
            self.ask_to_match(call, state, key)?;
        }
        self.check_version(key, version)
            .map_err(|_| NO_SUCH_VERSION.with("Key", key.as_str()))?;
        Ok(permit)
    }

    /// Deletes in one transaction; one key's refusal does not hold the others back.
    async fn delete_all(
        &self,
        permits: Vec<Permit>,
        state: &BucketState,
        deletions: Vec<Deletion>,
    ) -> Answer<Vec<(Deletion, Answer<Changed>)>> {
        if permits.is_empty() {
            return Ok(Vec::new());
        }
        let (bucket, versions) = (state.bucket.name.clone(), self.versions);
        let (deletions, results) = self
            .transact(move |tx| {
                let mut results = Vec::with_capacity(deletions.len());
                for deletion in &deletions {
                    match delete_one(tx, &bucket, deletion, versions) {
                        Err(failure) if failure.status >= 500 => return Err(failure),
                        other => results.push(other),
                    }
                }
                Ok((deletions.clone(), results))
            })
            .await?;
        let garbage = results
            .iter()
            .flatten()
            .flat_map(|changed| changed.garbage.clone());
        self.remove_garbage(garbage.collect());
        Ok(deletions.into_iter().zip(results).collect())
    }
}

fn delete_one(
    tx: &mut Transaction,
    bucket: &str,
    deletion: &Deletion,
    versions: Versions,
) -> Answer<Changed> {
    let key = &deletion.key;
    if let Some(etag) = &deletion.etag {
        let there = find(tx, &scope_of(bucket), key, deletion.version.as_deref())?;
        let there = there
            .filter(|object| !object.is_delete_marker())
            .ok_or_else(|| NO_SUCH_KEY.with("Key", key))?;
        if there.etag != *etag && etag != "*" {
            return Err(PRECONDITION_FAILED.with("Condition", "If-Match"));
        }
    }
    match (&deletion.version, &deletion.marker) {
        (Some(version), _) => delete_version(tx, bucket, key, version),
        (None, Some(marker)) => delete_object(tx, bucket, marker, versions),
        (None, None) => Ok(Changed::default()),
    }
}

fn refused(deletion: &Deletion, failure: Failure) -> Error {
    Error {
        code: Some(failure.code.into_owned()),
        key: Some(deletion.key.clone()),
        message: Some(failure.message.into_owned()),
        version_id: deletion.version.clone(),
    }
}

/// How one deletion that was done is shown.
fn shown(deletion: Deletion, changed: Changed) -> DeletedObject {
    DeletedObject {
        delete_marker: changed.delete_marker.then_some(true),
        delete_marker_version_id: changed.version.filter(|_| changed.delete_marker),
        key: Some(deletion.key),
        version_id: deletion.version,
    }
}
