//! The demo under test: two people, one application, a clock, and a verifier like Arnold's.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use aws::Secret;
use demo_provider::{Client, DemoProvider, Handle, Person, Step};

use crate::browser::{self, Browser, Page};

/// RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
pub(crate) const CALLBACK: &str = "http://127.0.0.1:9/callback?app=1";
pub(crate) const NOW: i64 = 1_800_000_000;

/// A running provider with a clock that the test moves.
pub(crate) struct Demo {
    pub(crate) handle: Handle,
    pub(crate) clock: Arc<AtomicI64>,
}

impl Demo {
    pub(crate) async fn start() -> Demo {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let clock = Arc::new(AtomicI64::new(NOW));
        let shown = clock.clone();
        let person = |username: &str, password: &str| Person {
            username: username.to_owned(),
            password: Secret::new(password.to_owned()),
            name: format!("{username} <b>Example</b>"),
            email: format!("{username}@corp.example"),
        };
        let provider = DemoProvider {
            people: vec![person("ana", "ana's secret"), person("ben", "ben's secret")],
            clients: vec![Client {
                id: "app".to_owned(),
                redirect_uris: vec![CALLBACK.to_owned()],
            }],
            clock: Arc::new(move || shown.load(Ordering::SeqCst)),
            steps: vec![Step {
                title: "Exchange it.".to_owned(),
                command: "aws sts assume-role-with-web-identity --web-identity-token \"$TOKEN\""
                    .to_owned(),
            }],
        };
        let handle = provider.start(listener).await.unwrap();
        Demo { handle, clock }
    }

    pub(crate) fn browser(&self) -> Browser {
        Browser::at(self.handle.issuer())
    }

    /// A sound authorization request with some parameters replaced or, if empty, left out.
    pub(crate) fn request(&self, changes: &[(&str, &str)]) -> String {
        let mut parameters = vec![
            ("response_type", "code"),
            ("client_id", "app"),
            ("redirect_uri", CALLBACK),
            ("scope", "openid email"),
            ("state", "a&b"),
            ("nonce", "n-1"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ];
        for (name, value) in changes {
            parameters.retain(|(known, _)| known != name);
            parameters.push((name, value));
        }
        parameters.retain(|(_, value)| !value.is_empty());
        format!("/authorize?{}", browser::encode(&parameters))
    }

    /// Signs ana in and returns where she is sent.
    pub(crate) async fn signed_in(&self, browser: &mut Browser) -> Page {
        let path = self.request(&[]);
        let page = browser.get(&path).await;
        browser
            .post(
                &path,
                &[
                    ("form", &page.field("form")),
                    ("username", "ana"),
                    ("password", "ana's secret"),
                ],
            )
            .await
    }

    pub(crate) async fn exchange(&self, code: &str, changes: &[(&str, &str)]) -> Page {
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("client_id", "app"),
            ("redirect_uri", CALLBACK),
            ("code", code),
            ("code_verifier", VERIFIER),
        ];
        for (name, value) in changes {
            form.retain(|(known, _)| known != name);
            form.push((name, value));
        }
        self.browser().post("/token", &form).await
    }
}

/// Verifies a token as Arnold does: through the guarded fetcher, discovery and keys.
pub(crate) async fn verified(
    issuer: &str,
    token: &str,
    now: i64,
) -> Result<oidc::Claims, oidc::Refusal> {
    struct Guarded(outbound::Fetcher);
    impl oidc::Fetch for Guarded {
        fn get<'a>(&'a self, url: &'a str) -> oidc::Fetching<'a> {
            Box::pin(async move {
                let fetched = self.0.get(url).await.map_err(oidc::FetchError::new)?;
                Ok(fetched.bytes.to_vec())
            })
        }
    }
    let config = outbound::Config {
        allow: vec!["http://127.0.0.1:*".parse().unwrap()],
        dev: true,
        ..outbound::Config::default()
    };
    let fetcher = outbound::Fetcher::new(config).unwrap();
    let keys = oidc::KeySource::new(Arc::new(Guarded(fetcher)));
    let expectation = oidc::Expectation {
        issuer,
        client_ids: &[
            "app".to_owned(),
            demo_provider::TOKEN_PAGE_CLIENT.to_owned(),
        ],
        now,
    };
    oidc::verify(token, &expectation, &keys).await
}
