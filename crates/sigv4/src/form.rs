//! Signatures of forms by which browsers upload to S3. What is signed is no request, but a
//! policy that says what may be uploaded: its base64 text, as it came.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use sha1::Sha1;

use crate::Refusal;
use crate::key::SigningSecret;
use crate::presented::{ALGORITHM, ASYMMETRIC, Place, Scope, quoted};
use crate::refusal::ScopeFault;
use crate::stamp::Stamp;
use crate::verify::{TERMINATOR, same};

/// What a form claims about its signer.
#[derive(Debug, Clone)]
pub struct SignedForm {
    access_key_id: String,
    session_token: Option<String>,
    policy: String,
    signature: String,
    kind: Kind,
}

#[derive(Debug, Clone)]
enum Kind {
    V4 {
        date: String,
        region: String,
        service: String,
    },
    V2,
}

impl SignedForm {
    /// Reads the claim from a form's fields, whose names are in lower case; none where the
    /// form names no key. Nothing of it is believed yet.
    pub fn read<'a>(
        field: impl Fn(&str) -> Option<&'a str>,
    ) -> Result<Option<SignedForm>, Refusal> {
        let (key_v2, credential) = (field("awsaccesskeyid"), field("x-amz-credential"));
        let needed = |name: &'static str| {
            let value = field(&name.to_ascii_lowercase());
            value.map(str::to_owned).ok_or(Refusal::MissingField(name))
        };
        let (access_key_id, signature, kind) = match (key_v2, credential) {
            (Some(_), Some(_)) => return Err(Refusal::TwoMechanisms),
            (Some(key), None) => (key.to_owned(), needed("Signature")?, Kind::V2),
            (None, Some(credential)) => {
                let algorithm = needed("X-Amz-Algorithm")?;
                if algorithm.starts_with(ASYMMETRIC) {
                    return Err(Refusal::Asymmetric);
                }
                if algorithm != ALGORITHM {
                    return Err(Refusal::Algorithm {
                        place: Place::Query,
                        found: quoted(&algorithm),
                    });
                }
                let (key, kind) = scope(credential, &needed("X-Amz-Date")?)?;
                (key, needed("X-Amz-Signature")?, kind)
            }
            (None, None) if field("policy").is_none() && field("x-amz-signature").is_none() => {
                return Ok(None);
            }
            (None, None) => return Err(Refusal::MissingField("AWSAccessKeyId")),
        };
        Ok(Some(SignedForm {
            access_key_id,
            session_token: field("x-amz-security-token").map(str::to_owned),
            policy: needed("Policy")?,
            signature,
            kind,
        }))
    }

    /// Whose key.
    pub fn access_key_id(&self) -> &str {
        &self.access_key_id
    }

    /// The session's token, if it came with one.
    pub fn session_token(&self) -> Option<&str> {
        self.session_token.as_deref()
    }

    /// What the signature is narrowed to; Version 2 knows no scope.
    pub fn scope(&self) -> Option<Scope<'_>> {
        match &self.kind {
            Kind::V4 {
                date,
                region,
                service,
            } => Some(Scope {
                date,
                region,
                service,
            }),
            Kind::V2 => None,
        }
    }

    /// As `s3:signatureversion` has it.
    pub fn signature_version(&self) -> &'static str {
        match self.kind {
            Kind::V4 { .. } => ALGORITHM,
            Kind::V2 => "AWS",
        }
    }

    /// Checks that this secret signed the policy.
    pub fn verify(&self, secret: &SigningSecret) -> Result<(), Refusal> {
        let expected = match &self.kind {
            Kind::V4 {
                date,
                region,
                service,
            } => secret
                .key(date, region, service)
                .sign(&[self.policy.as_bytes()]),
            Kind::V2 => {
                #[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
                let mut mac = Hmac::<Sha1>::new_from_slice(secret.expose().as_bytes())
                    .expect("any key length");
                mac.update(self.policy.as_bytes());
                STANDARD.encode(mac.finalize().into_bytes())
            }
        };
        match same(&expected, &self.signature) {
            true => Ok(()),
            false => Err(Refusal::Mismatch),
        }
    }
}

/// The key, and what its signature is narrowed to; the date of signing must be of its day.
fn scope(credential: &str, at: &str) -> Result<(String, Kind), Refusal> {
    let place = Place::Query;
    let refused = || Refusal::Credential {
        place,
        found: quoted(credential),
    };
    let stamp = Stamp::read(at).ok_or_else(|| Refusal::Date {
        place,
        found: quoted(at),
    })?;
    let fields: Vec<&str> = credential.split('/').collect();
    let [key, date, region, service, terminator] = fields[..] else {
        return Err(refused());
    };
    if fields.iter().any(|field| field.is_empty()) {
        return Err(refused());
    }
    let fault = ScopeFault {
        place,
        region: None,
        service: (service != "s3").then(|| (service.to_owned(), "s3".to_owned())),
        terminator: (terminator != TERMINATOR).then(|| terminator.to_owned()),
        date: (date != stamp.date()).then(|| (date.to_owned(), stamp.as_str().to_owned())),
    };
    if fault.service.is_some() || fault.terminator.is_some() || fault.date.is_some() {
        return Err(Refusal::Scope(Box::new(fault)));
    }
    let kind = Kind::V4 {
        date: date.to_owned(),
        region: region.to_owned(),
        service: service.to_owned(),
    };
    Ok((key.to_owned(), kind))
}
