//! The front door: signed requests over HTTP, as any client of AWS makes them.

use std::net::SocketAddr;
use std::sync::Arc;

use aws::{Clock, Secret};
use bytes::Bytes;
use http::header::{AUTHORIZATION, HOST};
use http::{HeaderName, HeaderValue, Method, Request};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use sha2::{Digest, Sha256};
use sigv4::{Parts, Signature, sign};
use tokio::net::TcpStream;
use url::form_urlencoded;

use super::company::Administrator;
use crate::Failure;

/// The region that requests are signed for.
pub(super) const REGION: &str = "us-east-1";

/// The largest answer that is read.
const ANSWER_BYTES_MAX: usize = 1024 * 1024;

/// A connection to the server, and the key to sign with.
pub(super) struct FrontDoor {
    sender: SendRequest<Full<Bytes>>,
    authority: String,
    access_key_id: String,
    secret: Secret<String>,
    clock: Arc<dyn Clock>,
}

/// One request, before it is signed.
struct Ask<'a> {
    service: &'static str,
    method: Method,
    path: &'a str,
    query: &'a str,
    headers: &'a [(&'static str, &'a str)],
    body: Vec<u8>,
}

impl FrontDoor {
    /// Connects.
    pub(super) async fn open(
        address: SocketAddr,
        administrator: &Administrator,
        clock: Arc<dyn Clock>,
    ) -> Result<FrontDoor, Failure> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        // Ends when the sender is dropped; what goes wrong comes out where a request is sent.
        tokio::spawn(connection);
        Ok(FrontDoor {
            sender,
            authority: address.to_string(),
            access_key_id: administrator.access_key_id.clone(),
            secret: administrator.secret.clone(),
            clock,
        })
    }

    /// An operation of IAM, in the query protocol.
    pub(super) async fn iam(
        &mut self,
        action: &str,
        parameters: &[(&str, &str)],
    ) -> Result<(), Failure> {
        let body = form_urlencoded::Serializer::new(String::new())
            .append_pair("Action", action)
            .append_pair("Version", "2010-05-08")
            .extend_pairs(parameters)
            .finish();
        let ask = Ask {
            service: "iam",
            method: Method::POST,
            path: "/",
            query: "",
            headers: &[("content-type", "application/x-www-form-urlencoded")],
            body: body.into_bytes(),
        };
        self.send(action, ask).await.map(drop)
    }

    /// An operation of the identity pools, in JSON.
    pub(super) async fn cognito(
        &mut self,
        operation: &str,
        input: &Value,
    ) -> Result<Value, Failure> {
        let target = format!("AWSCognitoIdentityService.{operation}");
        let ask = Ask {
            service: "cognito-identity",
            method: Method::POST,
            path: "/",
            query: "",
            headers: &[
                ("content-type", "application/x-amz-json-1.1"),
                ("x-amz-target", &target),
            ],
            body: input.to_string().into_bytes(),
        };
        let answer = self.send(operation, ask).await?;
        match answer.is_empty() {
            true => Ok(Value::Null),
            false => Ok(serde_json::from_slice(&answer)?),
        }
    }

    /// Puts something into S3: a bucket, an object, or a setting named by the query.
    pub(super) async fn put(
        &mut self,
        path: &str,
        query: &str,
        body: impl Into<Vec<u8>>,
    ) -> Result<(), Failure> {
        let ask = Ask {
            service: "s3",
            method: Method::PUT,
            path,
            query,
            headers: &[],
            body: body.into(),
        };
        self.send(path, ask).await.map(drop)
    }

    /// Signs and sends; anything but a success is a failure of `what`.
    async fn send(&mut self, what: &str, ask: Ask<'_>) -> Result<Bytes, Failure> {
        let request = self.signed(ask)?;
        self.sender.ready().await?;
        let answer = self.sender.send_request(request).await?;
        let status = answer.status();
        let body = Limited::new(answer.into_body(), ANSWER_BYTES_MAX)
            .collect()
            .await?
            .to_bytes();
        if !status.is_success() {
            let said = String::from_utf8_lossy(&body);
            return Err(format!("cannot found the company: `{what}`: {status}: {said}").into());
        }
        Ok(body)
    }

    fn signed(&self, ask: Ask<'_>) -> Result<Request<Full<Bytes>>, Failure> {
        let now = self.clock.now();
        let hash = hex::encode(Sha256::digest(&ask.body));
        let target = match ask.query {
            "" => ask.path.to_owned(),
            query => format!("{}?{query}", ask.path),
        };
        let mut request = Request::builder().method(ask.method).uri(&target);
        let date = now.strftime("%Y%m%dT%H%M%SZ").to_string();
        request = request
            .header(HOST, &self.authority)
            .header("x-amz-date", date)
            .header("x-amz-content-sha256", &hash);
        for (name, value) in ask.headers {
            request = request.header(HeaderName::from_static(name), *value);
        }
        let mut request = request.body(Full::new(Bytes::from(ask.body)))?;
        let signature = Signature {
            access_key_id: &self.access_key_id,
            secret: &self.secret,
            region: REGION,
            service: ask.service,
            now_s: now.as_second(),
        };
        let parts = Parts {
            method: request.method().as_str(),
            path: ask.path,
            query: ask.query,
            headers: request.headers(),
            authority: None,
        };
        let authorization = sign(&signature, &parts, &hash)?;
        request
            .headers_mut()
            .insert(AUTHORIZATION, HeaderValue::from_str(&authorization)?);
        Ok(request)
    }
}
