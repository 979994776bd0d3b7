//! The two endpoints: what a container finds at the address in its environment, and what an
//! EC2 instance finds at its metadata service, version 2.

use aws::{Clock as _, Entropy as _, Secret, SystemClock, SystemEntropy};
use bytes::Bytes;
use http::{HeaderMap, Method, Response, StatusCode};
use http_body_util::Full;
use serde_json::{Value, json};

use super::keeper::Keeper;
use super::session_tokens::{SessionTokens, TTL_S_MAX};

/// Where containers ask.
pub(super) const CONTAINER_PATH: &str = "/container/credentials";
/// Where instances ask about themselves.
const METADATA_PATH: &str = "/latest/meta-data/";

const TOKEN_PATH: &str = "/latest/api/token";
const TTL_HEADER: &str = "x-aws-ec2-metadata-token-ttl-seconds";
const TOKEN_HEADER: &str = "x-aws-ec2-metadata-token";

type Answer = Response<Full<Bytes>>;

/// Everything that answers need.
pub(super) struct Local {
    pub(super) keeper: Keeper,
    pub(super) role_arn: String,
    pub(super) region: String,
    container_token: Secret<String>,
    tokens: SessionTokens,
}

impl Local {
    pub(super) fn new(keeper: Keeper, role_arn: String, region: String) -> Local {
        let mut bytes = [0; 32];
        SystemEntropy.fill(&mut bytes);
        Local {
            keeper,
            role_arn,
            region,
            container_token: Secret::new(hex::encode(bytes)),
            tokens: SessionTokens::new(),
        }
    }

    /// What a container must show in its `Authorization` header.
    pub(super) fn container_token(&self) -> &Secret<String> {
        &self.container_token
    }

    /// Answers one request.
    pub(super) async fn answer(&self, method: &Method, path: &str, headers: &HeaderMap) -> Answer {
        if !is_meant_for_us(headers) {
            return plain(StatusCode::FORBIDDEN, "");
        }
        match (method, path) {
            (&Method::GET, CONTAINER_PATH) => self.container(headers).await,
            (&Method::PUT, TOKEN_PATH) => self.token(headers),
            (&Method::GET, path) => match self.has_token(headers) {
                true => self.metadata(path).await,
                false => plain(StatusCode::UNAUTHORIZED, ""),
            },
            _ => plain(StatusCode::METHOD_NOT_ALLOWED, ""),
        }
    }

    async fn container(&self, headers: &HeaderMap) -> Answer {
        let shown = text(headers, "authorization").unwrap_or_default();
        if !seal::same(shown.as_bytes(), self.container_token.expose().as_bytes()) {
            return refusal(
                StatusCode::UNAUTHORIZED,
                "AccessDenied",
                "The authorization token is not valid.",
            );
        }
        match self.keeper.credentials().await {
            Ok(credentials) => as_json(
                StatusCode::OK,
                &json!({
                    "AccessKeyId": credentials.access_key_id,
                    "SecretAccessKey": credentials.secret_access_key.expose(),
                    "Token": credentials.session_token.expose(),
                    "Expiration": credentials.expiration(),
                    "AccountId": self.account(),
                    "RoleArn": self.role_arn,
                }),
            ),
            Err(failure) => {
                tracing::error!(%failure, "no credentials to hand out");
                refusal(
                    StatusCode::BAD_GATEWAY,
                    "AssumeRoleFailed",
                    &failure.to_string(),
                )
            }
        }
    }

    /// A session token. Requests that came through a proxy get none: an open proxy in front
    /// of a program must not lend its credentials to strangers.
    fn token(&self, headers: &HeaderMap) -> Answer {
        let ttl_s = text(headers, TTL_HEADER).and_then(|ttl| ttl.parse::<i64>().ok());
        let Some(ttl_s) = ttl_s.filter(|ttl| (1..=TTL_S_MAX).contains(ttl)) else {
            return plain(StatusCode::BAD_REQUEST, "");
        };
        let token = self.tokens.give(ttl_s, SystemClock.now().as_second());
        let mut answer = plain(StatusCode::OK, &token);
        answer
            .headers_mut()
            .insert(TTL_HEADER, http::HeaderValue::from(ttl_s));
        answer
    }

    fn has_token(&self, headers: &HeaderMap) -> bool {
        let token = text(headers, TOKEN_HEADER).unwrap_or_default();
        self.tokens.holds(token, SystemClock.now().as_second())
    }

    /// What an instance knows of itself. A slash at the end makes no difference: SDKs do both.
    async fn metadata(&self, path: &str) -> Answer {
        let role = self.role_name();
        let path = path.strip_prefix(METADATA_PATH).unwrap_or_default();
        match path.strip_suffix('/').unwrap_or(path) {
            "placement/region" => plain(StatusCode::OK, &self.region),
            "placement/availability-zone" => plain(StatusCode::OK, &format!("{}a", self.region)),
            "iam/security-credentials" => plain(StatusCode::OK, role),
            path if path.strip_prefix("iam/security-credentials/") == Some(role) => {
                self.instance().await
            }
            _ => plain(StatusCode::NOT_FOUND, ""),
        }
    }

    async fn instance(&self) -> Answer {
        match self.keeper.credentials().await {
            Ok(credentials) => as_json(
                StatusCode::OK,
                &json!({
                    "Code": "Success",
                    "LastUpdated": identity::iso(credentials.issued.as_second()),
                    "Type": "AWS-HMAC",
                    "AccessKeyId": credentials.access_key_id,
                    "SecretAccessKey": credentials.secret_access_key.expose(),
                    "Token": credentials.session_token.expose(),
                    "Expiration": credentials.expiration(),
                    "AccountId": self.account(),
                }),
            ),
            Err(failure) => {
                tracing::error!(%failure, "no credentials to hand out");
                let answer = json!({ "Code": "AssumeRoleUnauthorizedAccess", "Message": failure.to_string() });
                as_json(StatusCode::BAD_GATEWAY, &answer)
            }
        }
    }

    fn role_name(&self) -> &str {
        self.role_arn.rsplit('/').next().unwrap_or_default()
    }

    fn account(&self) -> &str {
        self.role_arn.split(':').nth(4).unwrap_or_default()
    }
}

/// Whether the request came here straight, and by an address: a name may be anybody's who
/// wants a browser to read what it finds here.
fn is_meant_for_us(headers: &HeaderMap) -> bool {
    let forwarded = ["forwarded", "x-forwarded-for", "x-forwarded-host", "via"];
    if forwarded.iter().any(|name| headers.contains_key(*name)) {
        return false;
    }
    let host = text(headers, "host").unwrap_or_default();
    let authority = host.parse::<http::uri::Authority>().ok();
    authority.is_some_and(|authority| {
        let host = authority.host().trim_matches(['[', ']']);
        host == "localhost" || host.parse::<std::net::IpAddr>().is_ok()
    })
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn refusal(status: StatusCode, code: &str, message: &str) -> Answer {
    as_json(status, &json!({ "Code": code, "Message": message }))
}

fn as_json(status: StatusCode, value: &Value) -> Answer {
    typed(status, "application/json", value.to_string())
}

fn plain(status: StatusCode, text: &str) -> Answer {
    typed(status, "text/plain", text.to_owned())
}

fn typed(status: StatusCode, content_type: &'static str, body: String) -> Answer {
    let mut answer = Response::new(Full::new(Bytes::from(body)));
    *answer.status_mut() = status;
    let value = http::HeaderValue::from_static(content_type);
    answer
        .headers_mut()
        .insert(http::header::CONTENT_TYPE, value);
    answer
}
