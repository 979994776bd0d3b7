//! A bucket's configuration: tags, versioning, encryption, cross-origin rules, public access.

use s3s::dto::*;

use crate::call::Call;
use crate::door::{Keys, On};
use crate::failure::{
    Answer, Code, INVALID_ARGUMENT, INVALID_REQUEST, MALFORMED_XML, NO_SUCH_CORS,
    NO_SUCH_LIFECYCLE, NO_SUCH_OBJECT_LOCK, NO_SUCH_PUBLIC_ACCESS_BLOCK, NO_SUCH_REPLICATION,
    NO_SUCH_TAG_SET, NO_SUCH_WEBSITE,
};
use crate::house::House;
use crate::records::{self, Versioning};
use crate::request::not_implemented;
use crate::tags;

/// Most cross-origin rules of a bucket.
const CORS_RULES_MAX: usize = 100;

const ILLEGAL_VERSIONING: Code = Code(
    400,
    "IllegalVersioningConfigurationException",
    "The Versioning element must be specified",
);

/// Operations that look at one setting: enter, ask, show.
macro_rules! shown_settings {
    ($($method:ident($input:ident) -> $output:ident asks $action:literal: |$state:ident| $show:expr;)*) => {
        impl House {
            $(pub(crate) async fn $method(&self, call: &Call, input: $input) -> Answer<$output> {
                let $state = self.enter(call, &input.bucket)?;
                self.ask(call, &$state, $action, On::Bucket, Keys::new())?;
                let $state = &$state.bucket;
                $show
            })*
        }
    };
}

/// Operations that take one setting away: enter, ask, change.
macro_rules! removed_settings {
    ($($method:ident($input:ident) -> $output:ident asks $action:literal: |$bucket:ident| $remove:expr;)*) => {
        impl House {
            $(pub(crate) async fn $method(&self, call: &Call, input: $input) -> Answer<$output> {
                let state = self.enter(call, &input.bucket)?;
                let permit = self.ask(call, &state, $action, On::Bucket, Keys::new())?;
                self.change_bucket(permit, &state, |$bucket| $remove).await?;
                Ok($output::default())
            })*
        }
    };
}

shown_settings! {
    get_bucket_tagging(GetBucketTaggingInput) -> GetBucketTaggingOutput asks "s3:GetBucketTagging": |bucket| {
        match bucket.tags.as_slice() {
            [] => Err(NO_SUCH_TAG_SET.with("BucketName", bucket.name.as_str())),
            tags => Ok(GetBucketTaggingOutput { tag_set: tags::shown(tags) }),
        }
    };
    get_bucket_versioning(GetBucketVersioningInput) -> GetBucketVersioningOutput asks "s3:GetBucketVersioning": |bucket| {
        let status = match bucket.versioning {
            Versioning::Never => None,
            Versioning::Enabled => Some(BucketVersioningStatus::ENABLED),
            Versioning::Suspended => Some(BucketVersioningStatus::SUSPENDED),
        };
        Ok(GetBucketVersioningOutput { mfa_delete: None, status: status.map(BucketVersioningStatus::from_static) })
    };
    get_public_access_block(GetPublicAccessBlockInput) -> GetPublicAccessBlockOutput asks "s3:GetBucketPublicAccessBlock": |bucket| {
        let block = bucket
            .public_access_block
            .ok_or_else(|| NO_SUCH_PUBLIC_ACCESS_BLOCK.with("BucketName", bucket.name.as_str()))?;
        Ok(GetPublicAccessBlockOutput {
            public_access_block_configuration: Some(PublicAccessBlockConfiguration {
                block_public_acls: Some(block.block_public_acls),
                ignore_public_acls: Some(block.ignore_public_acls),
                block_public_policy: Some(block.block_public_policy),
                restrict_public_buckets: Some(block.restrict_public_buckets),
            }),
        })
    };
    get_bucket_cors(GetBucketCorsInput) -> GetBucketCorsOutput asks "s3:GetBucketCORS": |bucket| {
        let rules = bucket.cors.as_ref().ok_or_else(|| NO_SUCH_CORS.with("BucketName", bucket.name.as_str()))?;
        let some = |list: &Vec<String>| (!list.is_empty()).then(|| list.clone());
        Ok(GetBucketCorsOutput {
            cors_rules: Some(rules.iter().map(|rule| CORSRule {
                allowed_headers: some(&rule.headers),
                allowed_methods: rule.methods.clone(),
                allowed_origins: rule.origins.clone(),
                expose_headers: some(&rule.expose),
                id: rule.id.clone(),
                max_age_seconds: rule.max_age_s,
            }).collect()),
        })
    };
    // What is not built is not set.
    get_bucket_accelerate_configuration(GetBucketAccelerateConfigurationInput) -> GetBucketAccelerateConfigurationOutput asks "s3:GetAccelerateConfiguration": |_bucket| {
        Ok(GetBucketAccelerateConfigurationOutput::default())
    };
    get_bucket_logging(GetBucketLoggingInput) -> GetBucketLoggingOutput asks "s3:GetBucketLogging": |_bucket| {
        Ok(GetBucketLoggingOutput::default())
    };
    get_bucket_notification_configuration(GetBucketNotificationConfigurationInput) -> GetBucketNotificationConfigurationOutput asks "s3:GetBucketNotification": |_bucket| {
        Ok(GetBucketNotificationConfigurationOutput::default())
    };
    get_bucket_request_payment(GetBucketRequestPaymentInput) -> GetBucketRequestPaymentOutput asks "s3:GetBucketRequestPayment": |_bucket| {
        Ok(GetBucketRequestPaymentOutput { payer: Some(Payer::from_static(Payer::BUCKET_OWNER)) })
    };
    get_bucket_website(GetBucketWebsiteInput) -> GetBucketWebsiteOutput asks "s3:GetBucketWebsite": |bucket| {
        Err(NO_SUCH_WEBSITE.with("BucketName", bucket.name.as_str()))
    };
    get_bucket_replication(GetBucketReplicationInput) -> GetBucketReplicationOutput asks "s3:GetReplicationConfiguration": |bucket| {
        Err(NO_SUCH_REPLICATION.with("BucketName", bucket.name.as_str()))
    };
    get_bucket_lifecycle_configuration(GetBucketLifecycleConfigurationInput) -> GetBucketLifecycleConfigurationOutput asks "s3:GetLifecycleConfiguration": |bucket| {
        Err(NO_SUCH_LIFECYCLE.with("BucketName", bucket.name.as_str()))
    };
    get_object_lock_configuration(GetObjectLockConfigurationInput) -> GetObjectLockConfigurationOutput asks "s3:GetBucketObjectLockConfiguration": |bucket| {
        Err(NO_SUCH_OBJECT_LOCK.with("BucketName", bucket.name.as_str()))
    };
}

removed_settings! {
    delete_bucket_tagging(DeleteBucketTaggingInput) -> DeleteBucketTaggingOutput asks "s3:PutBucketTagging": |bucket| bucket.tags.clear();
    delete_bucket_encryption(DeleteBucketEncryptionInput) -> DeleteBucketEncryptionOutput asks "s3:PutEncryptionConfiguration": |bucket| (bucket.bucket_key, bucket.encryption) = (false, false);
    delete_public_access_block(DeletePublicAccessBlockInput) -> DeletePublicAccessBlockOutput asks "s3:PutBucketPublicAccessBlock": |bucket| bucket.public_access_block = None;
    delete_bucket_cors(DeleteBucketCorsInput) -> DeleteBucketCorsOutput asks "s3:PutBucketCORS": |bucket| bucket.cors = None;
}

impl House {
    pub(crate) async fn get_bucket_encryption(
        &self,
        call: &Call,
        input: GetBucketEncryptionInput,
    ) -> Answer<GetBucketEncryptionOutput> {
        const ACTION: &str = "s3:GetEncryptionConfiguration";
        let state = self.enter(call, &input.bucket)?;
        self.ask(call, &state, ACTION, On::Bucket, Keys::new())?;
        // As recorded from AWS of new buckets in 2026. The library does not know the member, and
        // nothing is ever encrypted with a key of the caller's.
        call.rewrite(|text| {
            let blocked = "<BlockedEncryptionTypes><EncryptionType>SSE-C</EncryptionType></BlockedEncryptionTypes></Rule>";
            text.replace("</Rule>", blocked)
        });
        Ok(GetBucketEncryptionOutput {
            server_side_encryption_configuration: Some(ServerSideEncryptionConfiguration {
                rules: vec![ServerSideEncryptionRule {
                    apply_server_side_encryption_by_default: Some(ServerSideEncryptionByDefault {
                        kms_master_key_id: None,
                        sse_algorithm: ServerSideEncryption::from_static(
                            ServerSideEncryption::AES256,
                        ),
                    }),
                    bucket_key_enabled: Some(state.bucket.bucket_key),
                }],
            }),
        })
    }

    pub(crate) async fn put_bucket_tagging(
        &self,
        call: &Call,
        input: PutBucketTaggingInput,
    ) -> Answer<PutBucketTaggingOutput> {
        let state = self.enter(call, &input.bucket)?;
        let permit = self.ask(call, &state, "s3:PutBucketTagging", On::Bucket, Keys::new())?;
        let new = tags::read(input.tagging.tag_set, tags::PER_BUCKET_MAX)?;
        self.change_bucket(permit, &state, move |bucket| bucket.tags.clone_from(&new))
            .await?;
        // AWS answers 204, where the library would say 200.
        call.answer_status(http::StatusCode::NO_CONTENT);
        Ok(PutBucketTaggingOutput::default())
    }

    pub(crate) async fn put_bucket_versioning(
        &self,
        call: &Call,
        input: PutBucketVersioningInput,
    ) -> Answer<PutBucketVersioningOutput> {
        let state = self.enter(call, &input.bucket)?;
        let permit = self.ask(
            call,
            &state,
            "s3:PutBucketVersioning",
            On::Bucket,
            Keys::new(),
        )?;
        let configuration = input.versioning_configuration;
        let new = match configuration
            .status
            .as_ref()
            .map(BucketVersioningStatus::as_str)
        {
            Some(BucketVersioningStatus::ENABLED) => Versioning::Enabled,
            Some(BucketVersioningStatus::SUSPENDED) => Versioning::Suspended,
            Some(_) => return Err(MALFORMED_XML.into()),
            None => return Err(ILLEGAL_VERSIONING.into()),
        };
        match configuration.mfa_delete.as_ref().map(MFADelete::as_str) {
            None | Some(MFADelete::DISABLED) => {}
            Some(MFADelete::ENABLED) => return Err(not_implemented()),
            Some(_) => return Err(MALFORMED_XML.into()),
        }
        self.change_bucket(permit, &state, move |bucket| bucket.versioning = new)
            .await?;
        Ok(PutBucketVersioningOutput::default())
    }

    pub(crate) async fn put_bucket_encryption(
        &self,
        call: &Call,
        input: PutBucketEncryptionInput,
    ) -> Answer<PutBucketEncryptionOutput> {
        let state = self.enter(call, &input.bucket)?;
        let permit = self.ask(
            call,
            &state,
            "s3:PutEncryptionConfiguration",
            On::Bucket,
            Keys::new(),
        )?;
        let rules = input.server_side_encryption_configuration.rules;
        let [rule] = rules.as_slice() else {
            return Err(MALFORMED_XML.into());
        };
        let bucket_key = rule.bucket_key_enabled.unwrap_or_default();
        if let Some(default) = &rule.apply_server_side_encryption_by_default {
            match default.sse_algorithm.as_str() {
                ServerSideEncryption::AES256 if default.kms_master_key_id.is_none() => {}
                ServerSideEncryption::AES256 => {
                    return Err(INVALID_ARGUMENT
                        .say("a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse")
                        .with("ArgumentName", "ApplyServerSideEncryptionByDefault"));
                }
                ServerSideEncryption::AWS_KMS | ServerSideEncryption::AWS_KMS_DSSE => {
                    return Err(not_implemented());
                }
                _ => return Err(MALFORMED_XML.into()),
            }
        }
        self.change_bucket(permit, &state, move |bucket| {
            (bucket.bucket_key, bucket.encryption) = (bucket_key, true);
        })
        .await?;
        Ok(PutBucketEncryptionOutput::default())
    }

    pub(crate) async fn put_public_access_block(
        &self,
        call: &Call,
        input: PutPublicAccessBlockInput,
    ) -> Answer<PutPublicAccessBlockOutput> {
        let state = self.enter(call, &input.bucket)?;
        let permit = self.ask(
            call,
            &state,
            "s3:PutBucketPublicAccessBlock",
            On::Bucket,
            Keys::new(),
        )?;
        let given = input.public_access_block_configuration;
        let new = records::PublicAccessBlock {
            block_public_acls: given.block_public_acls.unwrap_or_default(),
            ignore_public_acls: given.ignore_public_acls.unwrap_or_default(),
            block_public_policy: given.block_public_policy.unwrap_or_default(),
            restrict_public_buckets: given.restrict_public_buckets.unwrap_or_default(),
        };
        self.change_bucket(permit, &state, move |bucket| {
            bucket.public_access_block = Some(new)
        })
        .await?;
        Ok(PutPublicAccessBlockOutput::default())
    }

    pub(crate) async fn put_bucket_cors(
        &self,
        call: &Call,
        input: PutBucketCorsInput,
    ) -> Answer<PutBucketCorsOutput> {
        let state = self.enter(call, &input.bucket)?;
        let permit = self.ask(call, &state, "s3:PutBucketCORS", On::Bucket, Keys::new())?;
        let rules = input.cors_configuration.cors_rules;
        if rules.is_empty() || rules.len() > CORS_RULES_MAX {
            return Err(MALFORMED_XML.into());
        }
        let rules = rules
            .into_iter()
            .map(cors_rule)
            .collect::<Answer<Vec<_>>>()?;
        self.change_bucket(permit, &state, move |bucket| {
            bucket.cors = Some(rules.clone())
        })
        .await?;
        Ok(PutBucketCorsOutput::default())
    }
}

fn cors_rule(rule: CORSRule) -> Answer<records::CorsRule> {
    if rule.allowed_methods.is_empty() || rule.allowed_origins.is_empty() {
        return Err(MALFORMED_XML.into());
    }
    for method in &rule.allowed_methods {
        if !matches!(method.as_str(), "GET" | "PUT" | "HEAD" | "POST" | "DELETE") {
            return Err(INVALID_REQUEST.say(format!(
                "Found unsupported HTTP method in CORS config. Unsupported method is {method}"
            )));
        }
    }
    let headers = rule.allowed_headers.unwrap_or_default();
    for (name, patterns) in [
        ("AllowedOrigin", &rule.allowed_origins),
        ("AllowedHeader", &headers),
    ] {
        if let Some(pattern) = patterns
            .iter()
            .find(|pattern| pattern.matches('*').count() > 1)
        {
            return Err(INVALID_REQUEST.say(format!(
                "{name} \"{pattern}\" can not have more than one wildcard."
            )));
        }
    }
    let is_name = |name: &&String| {
        let plain = name.replace('*', "");
        plain.is_empty() || http::HeaderName::try_from(plain).is_ok()
    };
    if let Some(header) = headers.iter().find(|name| !is_name(name)) {
        return Err(INVALID_REQUEST.say(format!(
            "AllowedHeader \"{header}\" contains invalid character."
        )));
    }
    let expose = rule.expose_headers.unwrap_or_default();
    if let Some(header) = expose.iter().find(|header| header.contains('*')) {
        return Err(INVALID_REQUEST.say(format!(
            "ExposeHeader \"{header}\" contains wildcard. We currently do not support wildcard for ExposeHeader."
        )));
    }
    Ok(records::CorsRule {
        id: rule.id,
        origins: rule.allowed_origins,
        methods: rule.allowed_methods,
        headers,
        expose,
        max_age_s: rule.max_age_seconds,
    })
}
