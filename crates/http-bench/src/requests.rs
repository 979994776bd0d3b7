//! Requests as clients make them, signed beforehand.

use std::fmt::Write as _;
use std::sync::Arc;

use aws::{Clock as _, Secret, SystemClock};
use http::{HeaderMap, HeaderName, HeaderValue};
use sha2::{Digest as _, Sha256};
use sigv4::{Parts, Signature};

use crate::Outcome;
use crate::load::Load;

/// What to sign with.
#[derive(Clone)]
pub(crate) struct Keys {
    pub(crate) access_key_id: String,
    pub(crate) secret: Secret<String>,
    pub(crate) token: Option<String>,
}

/// One request to be signed.
pub(crate) struct Plain<'a> {
    pub(crate) service: &'a str,
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: &'a str,
}

impl Keys {
    /// The bytes of a request, signed now; `nonce` makes it differ from every other.
    pub(crate) fn sign(&self, plain: &Plain<'_>, nonce: usize) -> Outcome<Vec<u8>> {
        let now_s = SystemClock.epoch_seconds();
        let hash = hex::encode(Sha256::digest(plain.body));
        let mut headers = HeaderMap::new();
        let mut put = |name: &'static str, value: &str| -> Outcome<()> {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_str(value)?);
            Ok(())
        };
        put("host", "127.0.0.1:4566")?;
        put(
            "user-agent",
            "aws-cli/2.31.0 md/awscrt#0.27.6 ua/2.1 os/linux lang/python#3.13",
        )?;
        put("x-amz-date", &stamp(now_s))?;
        put("x-amz-nonce", &format!("{nonce:032x}"))?;
        if plain.service == "s3" {
            put("x-amz-content-sha256", &hash)?;
        }
        if let Some(token) = &self.token {
            put("x-amz-security-token", token)?;
        }
        for (name, value) in &plain.headers {
            put(name, value)?;
        }
        if !plain.body.is_empty() {
            put("content-length", &plain.body.len().to_string())?;
        }
        let signature = Signature {
            access_key_id: &self.access_key_id,
            secret: &self.secret,
            region: "us-east-1",
            service: plain.service,
            now_s,
        };
        let parts = Parts {
            method: plain.method,
            path: plain.path,
            query: "",
            headers: &headers,
            authority: None,
        };
        let authorization = sigv4::sign(&signature, &parts, &hash)?;
        let mut text = format!("{} {} HTTP/1.1\r\n", plain.method, plain.path);
        for (name, value) in &headers {
            write!(text, "{name}: {}\r\n", value.to_str()?)?;
        }
        write!(text, "authorization: {authorization}\r\n\r\n{}", plain.body)?;
        Ok(text.into_bytes())
    }

    /// A load of such requests.
    pub(crate) fn load(
        &self,
        plain: &Plain<'_>,
        first_nonce: usize,
        count: usize,
    ) -> Outcome<Load> {
        let requests: Outcome<Vec<_>> = (first_nonce..first_nonce + count)
            .map(|nonce| self.sign(plain, nonce))
            .collect();
        Ok(Load(Arc::new(requests?)))
    }
}

/// `20260102T030405Z`.
fn stamp(now_s: i64) -> String {
    let time = aws::Timestamp::from_second(now_s).unwrap_or(aws::Timestamp::UNIX_EPOCH);
    time.to_string().replace(['-', ':'], "")
}

/// A form for a query service.
pub(crate) fn form<'a>(service: &'a str, body: &'a str) -> Plain<'a> {
    let kind = "application/x-www-form-urlencoded; charset=utf-8";
    Plain {
        service,
        method: "POST",
        path: "/",
        headers: vec![("content-type", kind.to_owned())],
        body,
    }
}
