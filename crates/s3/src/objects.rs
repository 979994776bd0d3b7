//! Finding objects, and the versions of them.

use std::sync::Arc;

use http::Method;
use s3s::dto::ObjectVersionId;
use store::{Read, Transaction};

use crate::call::Call;
use crate::conditions::Conditions;
use crate::door::{Keys, On, Permit};
use crate::failure::{
    Answer, Failure, INVALID_ARGUMENT, METHOD_NOT_ALLOWED, NO_SUCH_KEY, NO_SUCH_VERSION,
};
use crate::house::{BucketState, House, no_such_bucket};
use crate::kept::KeptObject;
use crate::records::{
    BUCKETS, Bucket, Garbage, Inline, Manifest, NULL_VERSION, Object, Place, Versioning,
    named_version, scope_of,
};
use crate::versions::Versions;

const DELETE_MARKER: http::HeaderName = http::HeaderName::from_static("x-amz-delete-marker");
const VERSION_ID: http::HeaderName = http::HeaderName::from_static("x-amz-version-id");

/// The youngest version of a key, delete markers included.
pub(crate) fn youngest(reader: &impl Read, scope: &str, key: &str) -> Answer<Option<Object>> {
    let page = reader.page::<Object>(scope, "history", &format!("{key}\0"), None, 1)?;
    Ok(page.records.into_iter().next())
}

/// A version of a key, or what it stands for now.
pub(crate) fn find(
    reader: &impl Read,
    scope: &str,
    key: &str,
    version: Option<&str>,
) -> Answer<Option<Object>> {
    match version {
        Some(version) => Ok(reader.find(scope, "version", &named_version(key, version))?),
        None => match reader.find(scope, "key", key)? {
            Some(object) => Ok(Some(object)),
            // Nothing, or a delete marker.
            None => youngest(reader, scope, key),
        },
    }
}

/// An object that is about to be stored.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    /// `version`, `sequence` and `latest` are settled when it is stored.
    pub(crate) object: Object,
    pub(crate) inline: Option<Inline>,
    pub(crate) manifest: Option<Manifest>,
}

/// What storing or deleting did.
#[derive(Debug, Clone, Default)]
pub(crate) struct Changed {
    /// The version that was made or removed; none where the bucket never had versions.
    pub(crate) version: Option<String>,
    /// Whether it is a delete marker.
    pub(crate) delete_marker: bool,
    pub(crate) garbage: Vec<Garbage>,
}

/// Stores a draft as the youngest version of its key, if the conditions hold.
pub(crate) fn store_version(
    tx: &mut Transaction,
    bucket: &str,
    draft: &Draft,
    conditions: &Conditions,
    versions: Versions,
) -> Answer<Changed> {
    // Reading the bucket here makes the commit fail if it goes away meanwhile.
    let bucket: Bucket = tx
        .get(BUCKETS, bucket)?
        .ok_or_else(|| no_such_bucket(bucket))?;
    let scope = scope_of(&bucket.name);
    let key = &draft.object.key;
    let before = youngest(tx, &scope, key)?;
    let there = before.as_ref().filter(|object| !object.is_delete_marker());
    conditions.check_write(there.map(|object| object.etag.as_str()), || {
        NO_SUCH_KEY.with("Key", key)
    })?;

    let mut changed = Changed::default();
    let mut object = draft.object.clone();
    object.latest = true;
    object.sequence = sequence_after(before.as_ref(), object.modified);
    object.version = match bucket.versioning {
        Versioning::Enabled => versions.id(&object.key, object.sequence),
        Versioning::Never | Versioning::Suspended => NULL_VERSION.to_owned(),
    };
    make_room(
        tx,
        &scope,
        key,
        before.as_ref(),
        &object.version,
        &mut changed.garbage,
    )?;
    tx.insert(&scope, &object)?;
    if let Some(inline) = &draft.inline {
        tx.insert(&scope, inline)?;
    }
    if let Some(manifest) = &draft.manifest {
        tx.insert(&scope, manifest)?;
    }
    // A version without a name of its own is not named, unless it hides what was there.
    let named = bucket.versioning == Versioning::Enabled || object.is_delete_marker();
    changed.version = named.then(|| object.version.clone());
    changed.delete_marker = object.is_delete_marker();
    Ok(changed)
}

/// Makes the version that was youngest an older one, or removes it if the new one has its name.
fn make_room(
    tx: &mut Transaction,
    scope: &str,
    key: &str,
    before: Option<&Object>,
    version: &str,
    garbage: &mut Vec<Garbage>,
) -> Answer<()> {
    if let Some(before) = before
        && before.version != version
    {
        let mut older = before.clone();
        older.latest = false;
        tx.update(scope, &older)?;
    }
    if version == NULL_VERSION
        && let Some(replaced) = tx.find::<Object>(scope, "version", &named_version(key, version))?
    {
        remove_version(tx, scope, &replaced, garbage)?;
    }
    Ok(())
}

fn sequence_after(before: Option<&Object>, now: aws::Timestamp) -> u64 {
    let now = u64::try_from(now.as_nanosecond()).unwrap_or_default();
    before.map_or(now, |before| now.max(before.sequence + 1))
}

/// Removes a version's records and notes its files as garbage.
fn remove_version(
    tx: &mut Transaction,
    scope: &str,
    object: &Object,
    garbage: &mut Vec<Garbage>,
) -> Answer<()> {
    let first = garbage.len();
    tx.delete::<Object>(scope, &object.id)?;
    match &object.place {
        Place::Nowhere => {}
        Place::Inline => {
            tx.delete::<Inline>(scope, &object.id)?;
        }
        Place::File(blob) => garbage.push(Garbage { blob: blob.clone() }),
        Place::Parts(_) => {
            if let Some(manifest) = tx.get::<Manifest>(scope, &object.id)? {
                garbage.extend(
                    manifest
                        .pieces
                        .into_iter()
                        .map(|piece| Garbage { blob: piece.blob }),
                );
                tx.delete::<Manifest>(scope, &object.id)?;
            }
        }
    }
    for one in garbage.iter().skip(first) {
        tx.put(BUCKETS, one)?;
    }
    Ok(())
}

/// Removes one version for good; the next younger one takes its place.
pub(crate) fn delete_version(
    tx: &mut Transaction,
    bucket: &str,
    key: &str,
    version: &str,
) -> Answer<Changed> {
    let scope = scope_of(bucket);
    let mut changed = Changed {
        version: Some(version.to_owned()),
        ..Changed::default()
    };
    let Some(object) = tx.find::<Object>(&scope, "version", &named_version(key, version))? else {
        return Ok(changed);
    };
    changed.delete_marker = object.is_delete_marker();
    remove_version(tx, &scope, &object, &mut changed.garbage)?;
    if object.latest
        && let Some(mut next) = youngest(tx, &scope, key)?
    {
        next.latest = true;
        tx.update(&scope, &next)?;
    }
    Ok(changed)
}

/// Deletes an object as its bucket does it: for good, or under a delete marker.
pub(crate) fn delete_object(
    tx: &mut Transaction,
    bucket: &str,
    marker: &Draft,
    versions: Versions,
) -> Answer<Changed> {
    let known: Bucket = tx
        .get(BUCKETS, bucket)?
        .ok_or_else(|| no_such_bucket(bucket))?;
    if known.versioning != Versioning::Never {
        return store_version(tx, bucket, marker, &Conditions::default(), versions);
    }
    let mut changed = delete_version(tx, bucket, &marker.object.key, NULL_VERSION)?;
    changed.version = None;
    Ok(changed)
}

impl House {
    /// The object, if it exists and the gate allows the action on it.
    pub(crate) fn object_for(
        &self,
        call: &Call,
        state: &BucketState,
        action: &'static str,
        key: &str,
        version: Option<&str>,
    ) -> Answer<Arc<KeptObject>> {
        let (_, object) = self.object_to_change(call, state, action, key, version, Keys::new())?;
        Ok(object)
    }

    /// The object and the permit, where more than the object's own tags has to be asked with.
    pub(crate) fn object_to_change(
        &self,
        call: &Call,
        state: &BucketState,
        action: &'static str,
        key: &str,
        version: Option<&str>,
        keys: Keys,
    ) -> Answer<(Permit, Arc<KeptObject>)> {
        let kept = match version {
            None => self.kept.find(&self.store, &state.bucket.name, key)?,
            Some(_) => None,
        };
        let object = match kept {
            Some(kept) => Some(kept),
            None => find(
                &self.store.read(),
                &scope_of(&state.bucket.name),
                key,
                version,
            )?
            .map(|object| Arc::new(KeptObject::passing(object))),
        };
        let mut keys = keys.maybe("s3:VersionId", version);
        if let Some(object) = &object {
            keys = keys.existing_tags(&object.tags);
        }
        let permit = match (self.ask(call, state, action, On::Key(key), keys), &object) {
            (Ok(permit), _) => permit,
            (Err(denied), Some(marker)) if marker.is_delete_marker() => {
                return Err(self.denied_marker(call, state, version, marker, denied));
            }
            (Err(denied), _) => return Err(denied),
        };
        self.check_version(key, version)?;
        let not_found = |failure: Failure| self.missing(call, state, failure);
        match object {
            Some(object) if !object.is_delete_marker() => Ok((permit, object)),
            Some(marker) => Err(self.deleted(call, state, version, &marker)),
            None => Err(not_found(match version {
                None => NO_SUCH_KEY.with("Key", key),
                Some(version) => NO_SUCH_VERSION.with("Key", key).with("VersionId", version),
            })),
        }
    }

    /// Refuses what was never given as a version id.
    pub(crate) fn check_version(&self, key: &str, version: Option<&str>) -> Answer<()> {
        match version.filter(|id| !self.versions.is_id(key, id)) {
            None => Ok(()),
            Some(text) => Err(INVALID_ARGUMENT
                .say("Invalid version id specified")
                .with("ArgumentName", "versionId")
                .with("ArgumentValue", text)),
        }
    }

    /// What to say of a delete marker to those who may not read the object: whoever may list the
    /// bucket knows of the marker, and is told of it where the object itself is asked for.
    fn denied_marker(
        &self,
        call: &Call,
        state: &BucketState,
        version: Option<&str>,
        marker: &Object,
        denied: Failure,
    ) -> Failure {
        let reads = matches!(call.method, Method::GET | Method::HEAD)
            && call.target.subresource_name().is_none();
        let listing = || self.ask(call, state, "s3:ListBucket", On::Bucket, Keys::new());
        if reads && listing().is_ok() {
            return self.deleted(call, state, version, marker);
        }
        denied
    }

    /// What to say of a delete marker: that nothing is there, where the object is asked for;
    /// that this cannot be done to it, where it is meant itself or something is to be changed.
    fn deleted(
        &self,
        call: &Call,
        state: &BucketState,
        version: Option<&str>,
        marker: &Object,
    ) -> Failure {
        let about_object =
            !(call.target.has("tagging") || call.target.has("acl") && call.method == Method::PUT);
        let failure = match version {
            None if about_object => self.missing(call, state, NO_SUCH_KEY.with("Key", &marker.key)),
            _ => METHOD_NOT_ALLOWED
                .with("Method", call.method.as_str())
                .with("ResourceType", "DeleteMarker")
                .header(http::header::ALLOW, "DELETE"),
        };
        if failure.status == 403 {
            return failure;
        }
        failure
            .header(DELETE_MARKER, "true")
            .header(VERSION_ID, &marker.version)
    }

    /// The version's name, as far as the bucket has versions.
    pub(crate) fn shown_version(
        &self,
        state: &BucketState,
        object: &Object,
    ) -> Option<ObjectVersionId> {
        (state.bucket.versioning != Versioning::Never).then(|| object.version.clone())
    }

    /// Names the version in the answer, for outputs that cannot carry it.
    pub(crate) fn note_version(&self, call: &Call, state: &BucketState, object: &Object) {
        if let Some(version) = self.shown_version(state, object) {
            call.answer_header("x-amz-version-id", &version);
        }
    }

    /// A delete marker for a key.
    pub(crate) fn marker(&self, call: &Call, key: &str) -> Draft {
        Draft {
            object: Object {
                id: self.new_id(),
                key: key.to_owned(),
                version: NULL_VERSION.to_owned(),
                sequence: 0,
                latest: true,
                modified: call.now,
                size: 0,
                etag: String::new(),
                place: Place::Nowhere,
                attributes: Default::default(),
                tags: Vec::new(),
                checksum: None,
                storage_class: "STANDARD".to_owned(),
                upload: None,
            },
            inline: None,
            manifest: None,
        }
    }
}
