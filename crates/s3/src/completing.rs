//! Puts an upload's parts together.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use s3s::crypto::{Checksum as _, Md5};
use s3s::dto::*;
use store::{Read as _, Transaction};

use crate::call::Call;
use crate::checksums::{Algorithm, Checksum, Kind};
use crate::completed::{completed, listed_parts};
use crate::conditions::Conditions;
use crate::door::Permit;
use crate::failure::{
    Answer, BAD_DIGEST, CONDITIONAL_CONFLICT, ENTITY_TOO_SMALL, Failure, INVALID_PART,
    INVALID_PART_ORDER, INVALID_REQUEST, MALFORMED_XML, NO_SUCH_KEY,
};
use crate::house::House;
use crate::objects::{Changed, Draft, store_version, youngest};
use crate::records::{
    BUCKETS, Garbage, Manifest, NULL_VERSION, Object, Part, Piece, Place, Upload, part_id, scope_of,
};
use crate::uploads::{PART_NUMBER_MAX, no_such_upload};
use crate::writing::{kind_of, with_checksum};

/// Fewest bytes of every part but the last: 5 MiB.
const PART_BYTES_MIN: u64 = 5 << 20;

impl House {
    pub(crate) async fn complete_multipart_upload(
        &self,
        call: &Call,
        input: CompleteMultipartUploadInput,
    ) -> Answer<CompleteMultipartUploadOutput> {
        let state = self.enter(call, &input.bucket)?;
        let place = (input.bucket.as_str(), input.key.as_str());
        let upload = self.upload(place.0, place.1, &input.upload_id);
        let made = match upload {
            Ok(_) => None,
            Err(_) => self.made_by(place, &input.upload_id)?,
        };
        let tags = match (&upload, &made) {
            (Ok(upload), _) => &upload.tags[..],
            (Err(_), Some(object)) => &object.tags[..],
            (Err(_), None) => &[],
        };
        let permit = self.ask_to_write(call, &state, &input.key, tags)?;
        let listed = listed_parts(call, input.multipart_upload)?;
        call.conditions.check_write_form()?;
        let upload = match (upload, made) {
            (Ok(upload), _) => upload,
            (Err(_), Some(object)) if self.is_made_of(&state, &object, &listed)? => {
                let version = self.shown_version(&state, &object);
                return Ok(completed(call, place, &object.etag, version));
            }
            (Err(gone), _) => return Err(gone),
        };
        self.check_write_early(call, &state, &input.key)?;

        let parts = self.chosen_parts(&input.bucket, &upload, &listed)?;
        let size: u64 = parts.iter().map(|part| part.size).sum();
        if let Some(claimed) = input.mpu_object_size
            && u64::try_from(claimed).ok() != Some(size)
        {
            return Err(INVALID_REQUEST.say(format!(
                "The provided 'x-amz-mp-object-size' header value {claimed} does not match what was computed: {size}"
            )));
        }
        let checksum = whole_checksum(&upload, &parts)?;
        check_claim(call, &upload, checksum.as_ref())?;
        for part in &parts {
            self.blobs
                .settle(&input.bucket, &part.blob)
                .map_err(Failure::internal)?;
        }

        let etag = etag_of_parts(parts.iter().map(|part| part.etag.as_str()));
        let etag = etag.ok_or_else(|| Failure::internal("a part's MD5 cannot be read"))?;
        let draft = self.draft(&upload, parts, size, etag.clone(), checksum.clone());
        let changed = self
            .join(permit, call, input.bucket.clone(), upload.id, draft)
            .await?;

        let place = (input.bucket.as_str(), input.key.as_str());
        Ok(with_checksum!(
            CompleteMultipartUploadOutput {
                checksum_type: kind_of(checksum.as_ref()),
                ..completed(call, place, &etag, changed.version)
            },
            checksum.as_ref()
        ))
    }

    /// The parts that the caller lists, if they are what was uploaded.
    fn chosen_parts(
        &self,
        bucket: &str,
        upload: &Upload,
        listed: &[CompletedPart],
    ) -> Answer<Vec<Part>> {
        let span = format!("{}/", upload.id);
        let there: Vec<Part> = self.store.read().all(&scope_of(bucket), "number", &span)?;
        let mut there: HashMap<u32, Part> =
            there.into_iter().map(|part| (part.number, part)).collect();
        let mut parts: Vec<Part> = Vec::with_capacity(listed.len());
        let mut before = 0;
        for one in listed {
            let number = one.part_number.unwrap_or_default();
            if !(1..=PART_NUMBER_MAX).contains(&number) {
                return Err(MALFORMED_XML.into());
            }
            if number <= before {
                return Err(INVALID_PART_ORDER.with("UploadId", &upload.id));
            }
            before = number;
            check_algorithm(upload, one)?;
            let part = there
                .remove(&number.unsigned_abs())
                .filter(|part| is_same(one, part));
            let part = part.ok_or_else(|| invalid_part(upload, one))?;
            require_checksum(upload, one)?;
            parts.push(part);
        }
        if let Some((_, all_but_last)) = parts.split_last()
            && let Some(small) = all_but_last.iter().find(|part| part.size < PART_BYTES_MIN)
        {
            return Err(ENTITY_TOO_SMALL
                .with("ProposedSize", small.size.to_string())
                .with("MinSizeAllowed", PART_BYTES_MIN.to_string())
                .with("PartNumber", small.number.to_string())
                .with("ETag", &small.etag));
        }
        Ok(parts)
    }

    fn draft(
        &self,
        upload: &Upload,
        parts: Vec<Part>,
        size: u64,
        etag: String,
        checksum: Option<Checksum>,
    ) -> Draft {
        let id = self.new_id();
        let object = Object {
            id: id.clone(),
            key: upload.key.clone(),
            version: NULL_VERSION.to_owned(),
            sequence: 0,
            latest: true,
            // S3 says when the upload began.
            modified: upload.initiated,
            size,
            etag,
            place: Place::Parts(u32::try_from(parts.len()).unwrap_or(u32::MAX)),
            attributes: upload.attributes.clone(),
            tags: upload.tags.clone(),
            checksum,
            storage_class: upload.storage_class.clone(),
            upload: Some(upload.id.clone()),
        };
        let pieces = parts
            .into_iter()
            .map(|part| Piece {
                number: part.number,
                size: part.size,
                blob: part.blob,
                checksum: part.checksum.map(|checksum| checksum.value),
            })
            .collect();
        Draft {
            object,
            inline: None,
            manifest: Some(Manifest { id, pieces }),
        }
    }

    /// Makes the object and ends the upload, in one commit.
    async fn join(
        &self,
        _: Permit,
        call: &Call,
        bucket: String,
        upload: String,
        draft: Draft,
    ) -> Answer<Changed> {
        let (versions, conditions) = (self.versions, call.conditions.clone());
        let changed = self
            .transact(move |tx: &mut Transaction| {
                let scope = scope_of(&bucket);
                let begun: Upload = tx
                    .get(&scope, &upload)?
                    .ok_or_else(|| no_such_upload(&upload))?;
                check_unchanged(tx, &begun, &scope, &conditions)?;
                tx.delete::<Upload>(&scope, &upload)?;
                let used: HashMap<&str, u32> = draft
                    .manifest
                    .iter()
                    .flat_map(|manifest| &manifest.pieces)
                    .map(|piece| (piece.blob.as_str(), piece.number))
                    .collect();
                let mut unused = Vec::new();
                let mut found = 0;
                for part in tx.all::<Part>(&scope, "number", &format!("{upload}/"))? {
                    tx.delete::<Part>(&scope, &part_id(&part.upload, part.number))?;
                    if used.contains_key(part.blob.as_str()) {
                        found += 1;
                    } else {
                        unused.push(Garbage { blob: part.blob });
                    }
                }
                if found != used.len() {
                    // A part was uploaded anew since it was looked at.
                    return Err(INVALID_PART.with("UploadId", &upload));
                }
                for one in &unused {
                    tx.put(BUCKETS, one)?;
                }
                let mut changed = store_version(tx, &bucket, &draft, &conditions, versions)?;
                changed.garbage.extend(unused);
                Ok(changed)
            })
            .await?;
        self.remove_garbage(changed.garbage.clone());
        Ok(changed)
    }
}

/// A condition on what an upload writes over holds only if nobody else wrote there since the
/// upload began.
fn check_unchanged(
    tx: &Transaction,
    begun: &Upload,
    scope: &str,
    conditions: &Conditions,
) -> Answer<()> {
    let Some(condition) = conditions.write_condition() else {
        return Ok(());
    };
    let now = youngest(tx, scope, &begun.key)?.filter(|object| !object.is_delete_marker());
    conditions.check_write(now.as_ref().map(|object| object.etag.as_str()), || {
        NO_SUCH_KEY.with("Key", &begun.key)
    })?;
    if now.map(|object| object.id) == begun.writes_over {
        return Ok(());
    }
    Err(CONDITIONAL_CONFLICT
        .with("Condition", condition)
        .with("Key", &begun.key))
}

/// The checksums that the caller gives for a part.
pub(crate) fn given_sums(listed: &CompletedPart) -> [(Algorithm, &Option<String>); 5] {
    [
        (Algorithm::Crc32, &listed.checksum_crc32),
        (Algorithm::Crc32c, &listed.checksum_crc32c),
        (Algorithm::Crc64Nvme, &listed.checksum_crc64nvme),
        (Algorithm::Sha1, &listed.checksum_sha1),
        (Algorithm::Sha256, &listed.checksum_sha256),
    ]
}

/// Refuses a checksum of another algorithm than the upload's.
fn check_algorithm(upload: &Upload, listed: &CompletedPart) -> Answer<()> {
    let Some(wanted) = upload.algorithm else {
        return Ok(());
    };
    match given_sums(listed)
        .iter()
        .find(|(algorithm, given)| given.is_some() && *algorithm != wanted)
    {
        None => Ok(()),
        Some((other, _)) => Err(BAD_DIGEST.say(format!(
            "The {} you specified for part {} did not match what we received.",
            other.name().to_ascii_lowercase(),
            listed.part_number.unwrap_or_default()
        ))),
    }
}

fn is_same(listed: &CompletedPart, part: &Part) -> bool {
    let sums = given_sums(listed);
    let etag = listed.e_tag.as_ref().map(ETag::value);
    etag == Some(&part.etag)
        && sums
            .iter()
            .all(|(algorithm, given)| match (given, &part.checksum) {
                (Some(given), Some(kept)) => kept.algorithm == *algorithm && kept.value == *given,
                // The parts of an upload without an algorithm have no checksums of their own.
                (Some(_), None) => false,
                (None, _) => true,
            })
}

fn invalid_part(upload: &Upload, listed: &CompletedPart) -> Failure {
    INVALID_PART
        .with("UploadId", &upload.id)
        .with(
            "PartNumber",
            listed.part_number.unwrap_or_default().to_string(),
        )
        .with("ETag", listed.e_tag.as_ref().map_or("", ETag::value))
}

/// A composite checksum is made of what the caller confirms for every part.
fn require_checksum(upload: &Upload, listed: &CompletedPart) -> Answer<()> {
    let (Some(algorithm), Some(Kind::Composite)) = (upload.algorithm, upload.kind) else {
        return Ok(());
    };
    let given = match algorithm {
        Algorithm::Crc32 => listed.checksum_crc32.is_some(),
        Algorithm::Crc32c => listed.checksum_crc32c.is_some(),
        Algorithm::Crc64Nvme => listed.checksum_crc64nvme.is_some(),
        Algorithm::Sha1 => listed.checksum_sha1.is_some(),
        Algorithm::Sha256 => listed.checksum_sha256.is_some(),
    };
    if given {
        return Ok(());
    }
    Err(INVALID_REQUEST.say(format!(
        "The upload was created using a {} checksum. The complete request must include the checksum for each part. It was missing for part {} in the request.",
        algorithm.name().to_ascii_lowercase(),
        listed.part_number.unwrap_or_default()
    )))
}

/// The entity tag of a whole: the MD5 of its parts' MD5s, and how many they are.
pub(crate) fn etag_of_parts<'a>(etags: impl ExactSizeIterator<Item = &'a str>) -> Option<String> {
    let mut md5 = Md5::new();
    let count = etags.len();
    for etag in etags {
        md5.update(&hex::decode(etag).ok()?);
    }
    Some(format!("{}-{count}", hex::encode(md5.finalize())))
}

/// The checksum of the whole, made of those of the parts.
fn whole_checksum(upload: &Upload, parts: &[Part]) -> Answer<Option<Checksum>> {
    let made = match (upload.algorithm, upload.kind) {
        (Some(algorithm), Some(Kind::Composite)) => {
            let mut raw = Vec::new();
            for part in parts {
                let value = part
                    .checksum
                    .as_ref()
                    .map(|checksum| checksum.value.as_str())
                    .unwrap_or_default();
                raw.extend(STANDARD.decode(value).map_err(Failure::internal)?);
            }
            Checksum {
                algorithm,
                value: format!("{}-{}", STANDARD.encode(algorithm.of(&raw)), parts.len()),
                kind: Kind::Composite,
            }
        }
        (algorithm, _) => {
            let algorithm = algorithm.unwrap_or(Algorithm::Crc64Nvme);
            let value = |part: &'_ Part| match &part.checksum {
                Some(checksum) => checksum.value.clone(),
                None => part.crc64nvme.clone(),
            };
            let sums: Vec<(String, u64)> =
                parts.iter().map(|part| (value(part), part.size)).collect();
            let whole = algorithm.combine(sums.iter().map(|(sum, size)| (sum.as_str(), *size)));
            let whole =
                whole.ok_or_else(|| Failure::internal("a part's checksum cannot be combined"))?;
            Checksum {
                algorithm,
                value: STANDARD.encode(whole),
                kind: Kind::FullObject,
            }
        }
    };
    Ok(Some(made))
}

/// Holds what the caller says the whole's checksum is against what it is.
fn check_claim(call: &Call, upload: &Upload, checksum: Option<&Checksum>) -> Answer<()> {
    if let Some(kind) = call.header("x-amz-checksum-type")
        && upload.kind.is_none_or(|made| made.name() != kind)
    {
        return Err(INVALID_REQUEST.say(format!(
            "The upload was created using the {} checksum mode. The complete request must use the same checksum mode.",
            upload.kind.map_or("null", Kind::name)
        )));
    }
    for algorithm in Algorithm::ALL {
        let Some(claimed) = call.header(algorithm.header()) else {
            continue;
        };
        // On this request the header speaks of the object, not of the request's document.
        let made = checksum.and_then(|checksum| checksum.of(algorithm));
        let bare = |value: &str| value.split('-').next().unwrap_or_default().to_owned();
        let composite = upload.kind == Some(Kind::Composite);
        // A checksum of the whole counts only if the request says that it is one.
        let said = composite
            || upload.algorithm.is_none()
            || call.headers.contains_key("x-amz-checksum-type");
        let same = |made: &str| said && (made == claimed || (composite && bare(made) == claimed));
        if !made.as_deref().is_some_and(same) {
            let named = upload.algorithm.unwrap_or(algorithm);
            return Err(BAD_DIGEST.say(format!(
                "The {} you specified did not match the calculated checksum.",
                named.name().to_ascii_lowercase()
            )));
        }
    }
    Ok(())
}
