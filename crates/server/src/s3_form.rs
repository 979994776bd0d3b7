//! Browsers' forms at S3's door: the policy's signature checked, the form held to its policy,
//! and what is left sent on as an ordinary upload.

use http::{Method, Request, Response, Uri, header};
use hyper::body::Incoming;
use identity::Caller;
use plane::{Head, Outcome, Peer, authenticate_form};
use s3::form::{self, Form};
use s3::{Body, BodyRefused};
use sigv4::{SignedForm, Style};

use crate::answer::AnswerBody;
use crate::patience::{Hurried, Patience};
use crate::s3_front::{S3Front, Unwrapped, body_refused, refused};
use crate::s3_gate::S3Caller;
use crate::unread::Watched;

impl S3Front {
    /// Answers a form. `bucket` is the one in the host's name, if there is one.
    pub(crate) async fn answer_form(
        &self,
        parts: http::request::Parts,
        body: Incoming,
        peer: Peer,
        bucket: Option<String>,
    ) -> Response<AnswerBody> {
        let request_id = self.request_id();
        let mut facts = self.facts(&parts.headers, peer);
        let (body, reading) = Watched::new(Hurried::new(body, Patience::default()));
        let body = http_body_util::BodyExt::map_err(body, body_refused);
        let read = form::read(&parts.headers, Box::pin(body)).await;
        let signed = read.map(|(form, file)| {
            let signer = self.signer(&form);
            (form, file, signer)
        });
        let (form, file, signer) = match signed {
            Ok((form, file, Ok(signer))) => (form, file, signer),
            Ok((_, _, Err(refused))) | Err(refused) => {
                return self.refused_form(refused, &parts, &request_id, &Caller::Anonymous, &facts);
            }
        };
        if let Some(region) = signer.region {
            facts.region = region;
        }
        let bucket_name = bucket
            .clone()
            .unwrap_or_else(|| parts.uri.path().trim_matches('/').to_owned());
        let place = place(&parts, bucket.is_some(), peer);
        let upload = upload(&parts, &form, &bucket_name, &place).and_then(|onward| {
            let sizes = form.check(&bucket_name, facts.now)?;
            Ok((sizes, onward))
        });
        let (sizes, mut onward) = match upload {
            Ok(upload) => upload,
            Err(refused) => {
                return self.refused_form(refused, &parts, &request_id, &signer.caller, &facts);
            }
        };
        *onward.body_mut() = Body::http_body_unsync(file.within(sizes));
        let caller = S3Caller {
            caller: signer.caller,
            request: facts,
            signature_keys: signer.keys,
        };
        let unwrapped = Unwrapped {
            onward,
            reading,
            caller,
            request_id,
        };
        self.pass_on(unwrapped).await
    }

    /// Who signed the form's policy; nobody, where it has none.
    fn signer(&self, form: &Form) -> Result<Signer, BodyRefused> {
        let signed = SignedForm::read(|name| form.field(name))
            .map_err(|refusal| refused(plane::refuse(&refusal, Style::S3)))?;
        let Some(signed) = signed else {
            return Ok(Signer {
                caller: Caller::Anonymous,
                region: None,
                keys: Vec::new(),
            });
        };
        let (caller, region) =
            authenticate_form(self.plane.environment(), &signed).map_err(refused)?;
        Ok(Signer {
            caller,
            region,
            keys: vec![
                ("s3:authType", "POST".to_owned()),
                ("s3:signatureversion", signed.signature_version().to_owned()),
                ("s3:x-amz-content-sha256", "UNSIGNED-PAYLOAD".to_owned()),
            ],
        })
    }

    fn refused_form(
        &self,
        refused: BodyRefused,
        parts: &http::request::Parts,
        request_id: &str,
        caller: &Caller,
        facts: &identity::RequestFacts,
    ) -> Response<AnswerBody> {
        tracing::info!(request_id, error = %refused, "a form was refused");
        let outcome = Outcome::Failed {
            code: refused.code.clone().into_owned(),
            message: Some(refused.message.clone().into_owned()),
            cause: None,
        };
        let mut described = self.endpoint.describe(parts);
        described.operation = "PostObject".into();
        self.record(described, request_id, caller, facts, outcome);
        self.endpoint
            .refuse(refused, parts, request_id)
            .map(AnswerBody::stream)
    }
}

struct Signer {
    caller: Caller,
    region: Option<String>,
    /// The condition keys that say how the form was signed.
    keys: Vec<(&'static str, String)>,
}

/// The address below which the bucket's objects are, as the browser named it.
fn place(parts: &http::request::Parts, is_bucket_in_host: bool, peer: Peer) -> String {
    let scheme = if peer.secure { "https" } else { "http" };
    let host = Head::of(parts).host().unwrap_or_default();
    match is_bucket_in_host {
        true => format!("{scheme}://{host}"),
        false => format!("{scheme}://{host}/{}", parts.uri.path().trim_matches('/')),
    }
}

/// The form as an upload, still without its file. The bucket stands in the path and no host
/// beside it, so that nobody finds another one there.
fn upload(
    parts: &http::request::Parts,
    form: &Form,
    bucket: &str,
    place: &str,
) -> Result<Request<Body>, BodyRefused> {
    let path = format!("/{bucket}/{}", form::path_of(form.key()?));
    let uri: Uri = path.parse().map_err(|_| form::malformed())?;
    let mut headers = form.headers()?;
    for name in [header::ORIGIN, header::USER_AGENT, header::REFERER] {
        if let Some(value) = parts.headers.get(&name) {
            headers.insert(name, value.clone());
        }
    }
    let mut onward = Request::new(Body::empty());
    *onward.method_mut() = Method::PUT;
    *onward.uri_mut() = uri;
    *onward.version_mut() = parts.version;
    *onward.headers_mut() = headers;
    onward.extensions_mut().insert(form.upload(place));
    Ok(onward)
}
