//! Signed requests that can be spoiled before they are checked.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test file uses a part of it"
)]

pub mod stream;

use aws::Secret;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use http_body_util::{BodyExt as _, Full};
use sha2::{Digest, Sha256};
use sigv4::{
    BodyFault, Parts, Presented, Refusal, Rules, Signature, SigningSecret, Verified, VerifiedBody,
    presented, presign, sign, verify,
};

pub const KEY: &str = "AKIAQAAAAAAAEXAMPLE2";
pub const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
/// 2026-01-02T03:04:05Z.
pub const NOW_S: i64 = 1_767_323_045;
pub const NOW: &str = "20260102T030405Z";
pub const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
pub const TOKEN: &str = "IQoJb3JpZ2luX2VjEHUa/+==";

#[derive(Clone, Debug)]
pub struct Call {
    pub method: String,
    pub path: String,
    pub query: String,
    pub headers: HeaderMap,
    pub authority: Option<String>,
    pub body: Vec<u8>,
    pub service: &'static str,
    pub secret: String,
    pub now_s: i64,
}

pub fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

impl Call {
    pub fn new(service: &'static str, method: &str, path: &str, query: &str) -> Call {
        let call = Call {
            method: method.to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            headers: HeaderMap::new(),
            authority: None,
            body: Vec::new(),
            service,
            secret: SECRET.to_owned(),
            now_s: NOW_S,
        };
        call.with("host", "arnold.example:4566")
    }

    pub fn with(mut self, name: &'static str, value: &str) -> Call {
        self.set(name, value);
        self
    }

    pub fn with_body(mut self, body: &str) -> Call {
        self.body = body.as_bytes().to_vec();
        self
    }

    pub fn set(&mut self, name: &'static str, value: &str) {
        self.headers.insert(
            HeaderName::from_static(name),
            HeaderValue::from_str(value).unwrap(),
        );
    }

    pub fn add(&mut self, name: &'static str, value: &str) {
        self.headers.append(
            HeaderName::from_static(name),
            HeaderValue::from_str(value).unwrap(),
        );
    }

    pub fn drop(&mut self, name: &'static str) {
        self.headers.remove(name);
    }

    pub fn header(&self, name: &'static str) -> String {
        self.headers[name].to_str().unwrap().to_owned()
    }

    /// Replaces in the `Authorization` header.
    pub fn edit(&mut self, from: &str, to: &str) {
        let before = self.header("authorization");
        let after = before.replacen(from, to, 1);
        assert_ne!(before, after, "`{from}` is not there");
        self.set("authorization", &after);
    }

    /// Replaces in the query.
    pub fn edit_query(&mut self, from: &str, to: &str) {
        let after = self.query.replacen(from, to, 1);
        assert_ne!(self.query, after, "`{from}` is not there");
        self.query = after;
    }

    pub fn parts(&self) -> Parts<'_> {
        Parts {
            method: &self.method,
            path: &self.path,
            query: &self.query,
            headers: &self.headers,
            authority: self.authority.as_deref(),
        }
    }

    fn signature<'a>(&self, secret: &'a Secret<String>) -> Signature<'a> {
        Signature {
            access_key_id: KEY,
            secret,
            region: "eu-west-1",
            service: self.service,
            now_s: self.now_s,
        }
    }

    /// Signs in the header.
    pub fn signed(mut self) -> Call {
        self.set("x-amz-date", NOW);
        let payload = match self.headers.get("x-amz-content-sha256") {
            Some(word) => word.to_str().unwrap().to_owned(),
            None => sha256(&self.body),
        };
        if self.service == "s3" {
            self.set("x-amz-content-sha256", &payload);
        }
        let secret = Secret::new(self.secret.clone());
        let value = sign(&self.signature(&secret), &self.parts(), &payload).unwrap();
        self.set("authorization", &value);
        self
    }

    /// Signs in the query.
    pub fn presigned(mut self, token: Option<&str>, expires_s: u32) -> Call {
        let secret = Secret::new(self.secret.clone());
        self.query = presign(&self.signature(&secret), &self.parts(), token, expires_s).unwrap();
        self
    }

    pub fn rules(&self) -> Rules<'static> {
        match self.service {
            "s3" => Rules::s3(None),
            service => Rules::service(service),
        }
    }

    pub fn claim(&self) -> Result<Presented, Refusal> {
        Ok(presented(&self.parts())?.expect("something is presented"))
    }

    /// As [`Call::verify`], for requests that may present nothing.
    pub fn verify_if_any(&self) -> Option<Result<Verified, Refusal>> {
        match presented(&self.parts()) {
            Ok(None) => None,
            Ok(Some(_)) => Some(self.verify()),
            Err(refusal) => Some(Err(refusal)),
        }
    }

    pub fn verify(&self) -> Result<Verified, Refusal> {
        let secret = SigningSecret::new(Secret::new(SECRET.to_owned()));
        verify(
            &self.claim()?,
            &self.parts(),
            &secret,
            &self.rules(),
            NOW_S,
            Some(&self.body),
        )
    }

    /// Checks the request and then reads its body to the end, as S3 does.
    pub fn deliver(&self) -> Result<(), Refusal> {
        self.read(Full::new(Bytes::copy_from_slice(&self.body)))?;
        Ok(())
    }

    /// Checks the request and reads this body to its end, with what trails it.
    pub fn read<B>(&self, body: B) -> Result<(Vec<u8>, HeaderMap), Refusal>
    where
        B: http_body::Body<Data = Bytes, Error = std::convert::Infallible> + Unpin,
    {
        let body = VerifiedBody::new(body, &self.verify()?, &self.parts())?;
        match futures::executor::block_on(body.collect()) {
            Ok(read) => {
                let trailer = read.trailers().cloned().unwrap_or_default();
                Ok((read.to_bytes().to_vec(), trailer))
            }
            Err(BodyFault::Refused(refusal)) => Err(refusal),
            Err(BodyFault::Transport(never)) => match never {},
        }
    }
}

pub fn sts() -> Call {
    Call::new("sts", "POST", "/", "")
        .with("content-type", "application/x-www-form-urlencoded")
        .with_body("Action=GetCallerIdentity&Version=2011-06-15")
        .signed()
}

pub fn session() -> Call {
    Call::new("sts", "POST", "/", "")
        .with("x-amz-security-token", TOKEN)
        .with_body("Action=GetCallerIdentity&Version=2011-06-15")
        .signed()
}

pub fn json() -> Call {
    Call::new("cognito-idp", "POST", "/", "")
        .with("content-type", "application/x-amz-json-1.1")
        .with(
            "x-amz-target",
            "AWSCognitoIdentityProviderService.ListUserPools",
        )
        .with_body("{\"MaxResults\":1}")
        .signed()
}

pub fn get() -> Call {
    Call::new(
        "s3",
        "GET",
        "/bucket/a%20b/c",
        "versionId=1&response-content-type=a%20b",
    )
    .signed()
}

pub fn put() -> Call {
    Call::new("s3", "PUT", "/bucket/key", "")
        .with("x-amz-acl", "private")
        .with("x-amz-meta-a", "b,c")
        .with_body("hello")
        .signed()
}

pub fn address() -> Call {
    Call::new("s3", "GET", "/bucket/a%20b", "versionId=1").presigned(Some(TOKEN), 600)
}

pub fn sts_address() -> Call {
    Call::new(
        "sts",
        "GET",
        "/",
        "Action=GetCallerIdentity&Version=2011-06-15",
    )
    .presigned(Some(TOKEN), 60)
}
