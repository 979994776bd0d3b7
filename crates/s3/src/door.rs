//! The one place where the gate is asked.
//!
//! An operation looks its bucket up with [`House::enter`], asks for every action it takes
//! with [`House::ask`], and only then shows or changes anything. [`Permit`] can be made
//! nowhere else, and whatever writes wants to see one.

use std::sync::Arc;

use crate::call::Call;
use crate::failure::{ACCESS_DENIED, Answer, Failure, INVALID_BUCKET_OWNER};
use crate::gate::Ask;
use crate::house::{BucketState, House};
use crate::names::{bucket_arn, object_arn};
use crate::records::Tag;
use crate::request::EXPECTED_OWNER;

/// Proof that the gate allowed an action.
#[derive(Debug)]
pub(crate) struct Permit(());

/// Condition keys of one ask.
#[derive(Debug, Clone, Default)]
pub(crate) struct Keys(Vec<(String, Vec<String>)>);

impl Keys {
    pub(crate) fn new() -> Keys {
        Keys::default()
    }

    /// Adds a key with one value.
    pub(crate) fn one(mut self, key: &str, value: impl Into<String>) -> Keys {
        self.0.push((key.to_owned(), vec![value.into()]));
        self
    }

    /// Adds a key with several values.
    pub(crate) fn many(mut self, key: &str, values: Vec<String>) -> Keys {
        self.0.push((key.to_owned(), values));
        self
    }

    /// Adds a key if there is a value.
    pub(crate) fn maybe(self, key: &str, value: Option<&str>) -> Keys {
        match value {
            Some(value) => self.one(key, value),
            None => self,
        }
    }

    /// The tags that the object has now.
    pub(crate) fn existing_tags(mut self, tags: &[Tag]) -> Keys {
        for tag in tags {
            self = self.one(&format!("s3:ExistingObjectTag/{}", tag.key), &tag.value);
        }
        self
    }

    /// The tags that the request brings.
    pub(crate) fn request_tags(mut self, tags: &[Tag]) -> Keys {
        for tag in tags {
            self = self.one(&format!("s3:RequestObjectTag/{}", tag.key), &tag.value);
        }
        if !tags.is_empty() {
            let names = tags.iter().map(|tag| tag.key.clone()).collect();
            self.0.push(("s3:RequestObjectTagKeys".to_owned(), names));
        }
        self
    }

    /// What the request's headers say about the object that it writes.
    pub(crate) fn write_headers(self, call: &Call) -> Keys {
        [
            ("s3:x-amz-acl", "x-amz-acl"),
            ("s3:x-amz-grant-full-control", "x-amz-grant-full-control"),
            ("s3:x-amz-grant-read", "x-amz-grant-read"),
            ("s3:x-amz-grant-read-acp", "x-amz-grant-read-acp"),
            ("s3:x-amz-grant-write", "x-amz-grant-write"),
            ("s3:x-amz-grant-write-acp", "x-amz-grant-write-acp"),
            ("s3:x-amz-copy-source", "x-amz-copy-source"),
            ("s3:x-amz-metadata-directive", "x-amz-metadata-directive"),
            (
                "s3:x-amz-server-side-encryption",
                "x-amz-server-side-encryption",
            ),
            (
                "s3:x-amz-server-side-encryption-aws-kms-key-id",
                "x-amz-server-side-encryption-aws-kms-key-id",
            ),
            (
                "s3:x-amz-server-side-encryption-customer-algorithm",
                "x-amz-server-side-encryption-customer-algorithm",
            ),
            ("s3:x-amz-storage-class", "x-amz-storage-class"),
            (
                "s3:x-amz-website-redirect-location",
                "x-amz-website-redirect-location",
            ),
            ("s3:object-lock-mode", "x-amz-object-lock-mode"),
            ("s3:object-lock-legal-hold", "x-amz-object-lock-legal-hold"),
            ("s3:if-match", "if-match"),
            ("s3:if-none-match", "if-none-match"),
        ]
        .into_iter()
        .fold(self, |keys, (key, header)| {
            keys.maybe(key, call.header(header))
        })
    }
}

/// What an ask is about.
#[derive(Debug, Clone, Copy)]
pub(crate) enum On<'a> {
    /// The bucket itself.
    Bucket,
    /// An object in it.
    Key(&'a str),
}

impl House {
    /// The bucket that the request is about, if the caller is not mistaken about its owner.
    pub(crate) fn enter(&self, call: &Call, name: &str) -> Answer<Arc<BucketState>> {
        let state = self.bucket(name)?;
        check_owner(call, EXPECTED_OWNER, &state)?;
        Ok(state)
    }

    /// The bucket that something is copied from.
    pub(crate) fn enter_source(&self, call: &Call, name: &str) -> Answer<Arc<BucketState>> {
        let state = self.bucket(name)?;
        check_owner(call, "x-amz-source-expected-bucket-owner", &state)?;
        Ok(state)
    }

    /// Asks the gate whether the caller may take an action on a bucket or an object in it.
    pub(crate) fn ask(
        &self,
        call: &Call,
        state: &BucketState,
        action: &'static str,
        on: On<'_>,
        keys: Keys,
    ) -> Answer<Permit> {
        let bucket = &state.bucket;
        let resource = match on {
            On::Bucket => bucket_arn(&bucket.name),
            On::Key(key) => object_arn(&bucket.name, key),
        };
        call.note_asked();
        let public = state.policy.as_ref().is_some_and(|policy| policy.public);
        let restricted = bucket
            .public_access_block
            .is_some_and(|block| block.restrict_public_buckets);
        if public && restricted && self.gate.account(&call.caller).as_ref() != Some(&bucket.owner) {
            return Err(ACCESS_DENIED.into());
        }
        let Keys(mut keys) = keys;
        keys.push(("s3:ResourceAccount".to_owned(), vec![bucket.owner.clone()]));
        self.decide(
            call,
            &Ask {
                action,
                resource: &resource,
                resource_account: Some(&bucket.owner),
                bucket_policy: match self.is_policys_master(call, state, action) {
                    true => None,
                    false => state.policy.as_ref().map(|policy| &policy.set),
                },
                keys: &keys,
            },
        )
    }

    /// Nobody is locked out of a bucket of their own: the root user of the bucket's account
    /// reads, replaces and deletes its policy, whatever that denies.
    fn is_policys_master(&self, call: &Call, state: &BucketState, action: &str) -> bool {
        let about_policy = matches!(
            action,
            "s3:GetBucketPolicy" | "s3:PutBucketPolicy" | "s3:DeleteBucketPolicy"
        );
        about_policy
            && self.gate.arn(&call.caller)
                == Some(format!("arn:aws:iam::{}:root", state.bucket.owner))
    }

    /// Asks about what is in no bucket yet. The resource belongs to the caller's own account.
    pub(crate) fn ask_outside(
        &self,
        call: &Call,
        action: &'static str,
        resource: &str,
        keys: Keys,
    ) -> Answer<Permit> {
        call.note_asked();
        let account = self.gate.account(&call.caller);
        self.decide(
            call,
            &Ask {
                action,
                resource,
                resource_account: account.as_deref(),
                bucket_policy: None,
                keys: &keys.0,
            },
        )
    }

    fn decide(&self, call: &Call, ask: &Ask<'_>) -> Answer<Permit> {
        match self.gate.decide(&call.caller, ask) {
            Ok(()) => Ok(Permit(())),
            Err(denied) => Err(ACCESS_DENIED.say(denied.message)),
        }
    }

    /// What to say about an object that is not there: that it is not, but only to those who
    /// may list the bucket.
    pub(crate) fn missing(&self, call: &Call, state: &BucketState, failure: Failure) -> Failure {
        match self.ask(call, state, "s3:ListBucket", On::Bucket, Keys::new()) {
            Ok(_) => failure,
            Err(denied) => denied,
        }
    }
}

fn check_owner(call: &Call, header: &str, state: &BucketState) -> Answer<()> {
    let Some(expected) = call.headers.get(header) else {
        return Ok(());
    };
    let expected = expected.as_bytes();
    if expected.len() != 12 || !expected.iter().all(u8::is_ascii_digit) {
        return Err(INVALID_BUCKET_OWNER.say(format!(
            "{} [{}]",
            INVALID_BUCKET_OWNER.2,
            String::from_utf8_lossy(expected)
        )));
    }
    if expected != state.bucket.owner.as_bytes() {
        return Err(ACCESS_DENIED.into());
    }
    Ok(())
}
