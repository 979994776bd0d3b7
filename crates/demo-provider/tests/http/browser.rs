//! A browser without a screen: cookies, forms, redirects that are looked at and not
//! followed.

use std::collections::BTreeMap;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use url::Url;

/// Somebody's browser.
pub(crate) struct Browser {
    issuer: String,
    /// What the `Host` header says.
    pub(crate) host: String,
    cookies: BTreeMap<String, String>,
}

/// What came back.
pub(crate) struct Page {
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

impl Browser {
    pub(crate) fn at(issuer: &str) -> Browser {
        Browser {
            issuer: issuer.to_owned(),
            host: issuer.strip_prefix("http://").unwrap().to_owned(),
            cookies: BTreeMap::new(),
        }
    }

    pub(crate) fn set_cookie(&mut self, name: &str, value: &str) {
        self.cookies.insert(name.to_owned(), value.to_owned());
    }

    pub(crate) async fn get(&mut self, path: &str) -> Page {
        self.send(&format!("GET {path} HTTP/1.1"), "").await
    }

    pub(crate) async fn post(&mut self, path: &str, form: &[(&str, &str)]) -> Page {
        self.send(&format!("POST {path} HTTP/1.1"), &encode(form))
            .await
    }

    async fn send(&mut self, request: &str, body: &str) -> Page {
        let cookies: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let text = format!(
            "{request}\r\nhost: {}\r\ncookie: {}\r\nconnection: close\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{body}",
            self.host,
            cookies.join("; "),
            body.len()
        );
        let address = self.issuer.strip_prefix("http://").unwrap();
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(text.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let page = Page::read(&answer);
        if let Some(cookie) = page.headers.get("set-cookie") {
            let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
            self.set_cookie(name, value);
        }
        page
    }
}

impl Page {
    fn read(answer: &str) -> Page {
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let mut lines = head.lines();
        let status = lines.next().unwrap()[9..12].parse().unwrap();
        let headers = lines
            .map(|line| line.split_once(": ").unwrap())
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        Page {
            status,
            headers,
            body: body.to_owned(),
        }
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        &self.headers[name]
    }

    pub(crate) fn location(&self) -> Url {
        Url::parse(self.header("location")).unwrap()
    }

    /// Path and query of the place that the page sends to.
    pub(crate) fn path(&self) -> String {
        let url = self.location();
        format!("{}?{}", url.path(), url.query().unwrap_or_default())
    }

    /// A parameter of the place that the page sends to.
    pub(crate) fn query(&self, name: &str) -> String {
        let url = self.location();
        let mut pairs = url.query_pairs();
        pairs
            .find(|(found, _)| found == name)
            .unwrap()
            .1
            .into_owned()
    }

    /// The value of a hidden field.
    pub(crate) fn field(&self, name: &str) -> String {
        self.between(&format!("name=\"{name}\" value=\""), "\"")
    }

    pub(crate) fn between(&self, before: &str, after: &str) -> String {
        let (_, rest) = self.body.split_once(before).unwrap();
        rest.split_once(after).unwrap().0.to_owned()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// Parameters as a form or query.
pub(crate) fn encode(parameters: &[(&str, &str)]) -> String {
    let mut text = url::form_urlencoded::Serializer::new(String::new());
    text.extend_pairs(parameters);
    text.finish()
}
