//! Asks STS for a role, over http or https, signed as any client signs.

use std::sync::Arc;
use std::time::Duration;

use aws::{Clock as _, Secret, SystemClock, Timestamp};
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST};
use http::{HeaderValue, Request};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1::handshake;
use hyper_util::rt::TokioIo;
use rustls_pki_types::ServerName;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use sigv4::{Parts, Signature, sign};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use url::Url;
use url::form_urlencoded::Serializer;

use super::RoleOptions;
use super::own::OwnCredentials;
use crate::Failure;

/// How long an answer may take.
const TIME_MAX: Duration = Duration::from_secs(20);
/// The largest answer, in bytes.
const ANSWER_BYTES_MAX: usize = 256 * 1024;

/// Credentials of the role.
pub(super) struct RoleCredentials {
    pub(super) access_key_id: String,
    pub(super) secret_access_key: Secret<String>,
    pub(super) session_token: Secret<String>,
    pub(super) issued: Timestamp,
    pub(super) ends: Timestamp,
}

impl RoleCredentials {
    /// When they end, as credential endpoints write it.
    pub(super) fn expiration(&self) -> String {
        identity::iso(self.ends.as_second())
    }
}

/// One role at one STS.
pub(super) struct Sts {
    endpoint: Url,
    region: String,
    profile: String,
    form: String,
}

impl Sts {
    pub(super) fn new(role: &RoleOptions) -> Result<Sts, Failure> {
        let of_environment = || std::env::var("AWS_ENDPOINT_URL").ok();
        let endpoint = match (&role.endpoint, of_environment()) {
            (Some(endpoint), _) => endpoint.clone(),
            (None, Some(text)) => text
                .parse()
                .map_err(|error| format!("`AWS_ENDPOINT_URL` is not an address: {error}"))?,
            (None, None) => format!("https://sts.{}.amazonaws.com/", role.region).parse()?,
        };
        let mut form = Serializer::new(String::new());
        form.append_pair("Action", "AssumeRole")
            .append_pair("Version", "2011-06-15")
            .append_pair("RoleArn", &role.role_arn)
            .append_pair("RoleSessionName", &role.session_name)
            .append_pair("DurationSeconds", &role.duration.to_string());
        if let Some(id) = &role.external_id {
            form.append_pair("ExternalId", id);
        }
        Ok(Sts {
            endpoint,
            region: role.region.clone(),
            profile: role.profile.clone(),
            form: form.finish(),
        })
    }

    /// New credentials of the role.
    pub(super) async fn assume(&self) -> Result<RoleCredentials, Failure> {
        let issued = SystemClock.now();
        let asked = tokio::time::timeout(TIME_MAX, self.ask(issued)).await;
        let (status, body) = asked.map_err(|_elapsed| {
            format!(
                "`{}` did not answer in {} s",
                self.endpoint,
                TIME_MAX.as_secs()
            )
        })??;
        let answer: Value = serde_json::from_slice(&body).map_err(|error| {
            format!(
                "`{}` answered {status}, and no JSON: {error}",
                self.endpoint
            )
        })?;
        if let Some(error) = answer.get("Error") {
            let text = |name: &str| error.get(name).and_then(Value::as_str).unwrap_or("?");
            return Err(format!(
                "cannot assume the role: {}: {}",
                text("Code"),
                text("Message")
            )
            .into());
        }
        let credentials = answer
            .pointer("/AssumeRoleResponse/AssumeRoleResult/Credentials")
            .ok_or("the answer of STS holds no credentials")?;
        let text = |name: &str| {
            let value = credentials.get(name).and_then(Value::as_str);
            value
                .map(str::to_owned)
                .ok_or_else(|| format!("the answer of STS holds no `{name}`"))
        };
        let ends = credentials.get("Expiration").and_then(moment);
        Ok(RoleCredentials {
            access_key_id: text("AccessKeyId")?,
            secret_access_key: Secret::new(text("SecretAccessKey")?),
            session_token: Secret::new(text("SessionToken")?),
            issued,
            ends: ends.ok_or("the answer of STS does not say when the credentials end")?,
        })
    }

    async fn ask(&self, now: Timestamp) -> Result<(http::StatusCode, Bytes), Failure> {
        let host = self.endpoint.host_str().ok_or("the endpoint has no host")?;
        let port = self
            .endpoint
            .port_or_known_default()
            .ok_or("the endpoint has no port")?;
        let request = self.signed(host, now)?;
        let stream = TcpStream::connect((host.trim_matches(['[', ']']), port))
            .await
            .map_err(|error| format!("cannot reach `{}`: {error}", self.endpoint))?;
        match self.endpoint.scheme() {
            "http" => send(TokioIo::new(stream), request).await,
            "https" => {
                let name = ServerName::try_from(host.to_owned())?;
                let stream = tls()?.connect(name, stream).await?;
                send(TokioIo::new(stream), request).await
            }
            other => Err(format!("`{other}` is no scheme of an endpoint").into()),
        }
    }

    fn signed(&self, host: &str, now: Timestamp) -> Result<Request<Full<Bytes>>, Failure> {
        let own = OwnCredentials::find(&self.profile)?;
        let authority = match self.endpoint.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        };
        let hash = hex::encode(Sha256::digest(self.form.as_bytes()));
        let mut request = Request::builder()
            .method("POST")
            .uri("/")
            .header(HOST, &authority)
            .header(ACCEPT, "application/json")
            .header(
                CONTENT_TYPE,
                "application/x-www-form-urlencoded; charset=utf-8",
            )
            .header("x-amz-date", now.strftime("%Y%m%dT%H%M%SZ").to_string());
        if let Some(token) = &own.session_token {
            request = request.header("x-amz-security-token", token.expose());
        }
        let mut request = request.body(Full::new(Bytes::from(self.form.clone())))?;
        let signature = Signature {
            access_key_id: &own.access_key_id,
            secret: &own.secret_access_key,
            region: &self.region,
            service: "sts",
            now_s: now.as_second(),
        };
        let parts = Parts {
            method: "POST",
            path: "/",
            query: "",
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

/// A moment as JSON answers of AWS hold it: seconds since 1970, or text.
fn moment(value: &Value) -> Option<Timestamp> {
    match value {
        Value::String(text) => text.parse().ok(),
        #[expect(
            clippy::cast_possible_truncation,
            reason = "seconds of our time fit many times over; a fraction is cut off"
        )]
        number => Timestamp::from_second(number.as_f64()? as i64).ok(),
    }
}

async fn send<S>(
    stream: TokioIo<S>,
    request: Request<Full<Bytes>>,
) -> Result<(http::StatusCode, Bytes), Failure>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin + 'static,
{
    let (mut sender, connection) = handshake(stream).await?;
    // Ends when the sender is dropped; what goes wrong comes out where the request is sent.
    tokio::spawn(connection);
    let answer = sender.send_request(request).await?;
    let status = answer.status();
    let body = Limited::new(answer.into_body(), ANSWER_BYTES_MAX).collect();
    Ok((status, body.await?.to_bytes()))
}

/// TLS that believes the platform's authorities.
fn tls() -> Result<TlsConnector, Failure> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}
