//! The provider over real HTTP: what a browser, a program and an attacker get from it.
#![expect(
    clippy::unwrap_used,
    reason = "a test stops at what it does not expect"
)]

mod browser;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use aws::Secret;
use demo_provider::{Client, DemoProvider, Handle, Person, Step};

use crate::browser::{Browser, Page};

/// RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const CALLBACK: &str = "http://127.0.0.1:9/callback?app=1";
const NOW: i64 = 1_800_000_000;

struct Demo {
    handle: Handle,
    clock: Arc<AtomicI64>,
}

impl Demo {
    async fn start() -> Demo {
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

    fn browser(&self) -> Browser {
        Browser::at(self.handle.issuer())
    }

    /// A sound authorization request with some parameters replaced or, if empty, left out.
    fn request(&self, changes: &[(&str, &str)]) -> String {
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
    async fn signed_in(&self, browser: &mut Browser) -> Page {
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

    async fn exchange(&self, code: &str, changes: &[(&str, &str)]) -> Page {
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
async fn verified(issuer: &str, token: &str, now: i64) -> Result<oidc::Claims, oidc::Refusal> {
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

#[tokio::test]
async fn a_code_becomes_a_token_that_verifies() {
    let demo = Demo::start().await;
    let sent = demo.signed_in(&mut demo.browser()).await;
    assert_eq!(sent.status, 303);
    let to = sent.location();
    assert!(
        to.as_str()
            .starts_with("http://127.0.0.1:9/callback?app=1&code=")
    );
    assert_eq!(sent.query("state"), "a&b");
    assert_eq!(sent.query("iss"), demo.handle.issuer());

    demo.clock.fetch_add(59, Ordering::SeqCst);
    let answer = demo.exchange(&sent.query("code"), &[]).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.header("cache-control"), "no-store");
    let token = answer.json()["id_token"].as_str().unwrap().to_owned();

    let claims = verified(demo.handle.issuer(), &token, NOW + 60)
        .await
        .unwrap();
    assert_eq!(claims.subject(), "ana");
    assert_eq!(claims.client_id(), "app");
    assert_eq!(claims.issued_at(), Some(NOW + 59));
    assert_eq!(claims.expires_at(), NOW + 59 + 3600);
    assert_eq!(claims.all()["auth_time"], NOW);
    assert_eq!(claims.all()["nonce"], "n-1");
    assert_eq!(claims.all()["email"], "ana@corp.example");
    assert!(matches!(
        verified(demo.handle.issuer(), &token, NOW + 59 + 3600).await,
        Err(oidc::Refusal::Expired { .. })
    ));
}

#[tokio::test]
async fn a_code_works_once_within_a_minute_and_with_its_proof() {
    let demo = Demo::start().await;
    let grant = |page: Page| async move { (page.status, page.json()["error"].to_string()) };
    let refused = (400, "\"invalid_grant\"".to_owned());

    let code = demo.signed_in(&mut demo.browser()).await.query("code");
    assert_eq!(demo.exchange(&code, &[]).await.status, 200);
    assert_eq!(grant(demo.exchange(&code, &[]).await).await, refused);

    for change in [
        ("code_verifier", "x".repeat(43)),
        ("redirect_uri", "http://127.0.0.1:9/callback".to_owned()),
        ("client_id", demo_provider::TOKEN_PAGE_CLIENT.to_owned()),
    ] {
        let code = demo.signed_in(&mut demo.browser()).await.query("code");
        let wrong = demo.exchange(&code, &[(change.0, &change.1)]).await;
        assert_eq!(grant(wrong).await, refused, "{change:?}");
        // The wrong proof has spent it.
        assert_eq!(grant(demo.exchange(&code, &[]).await).await, refused);
    }

    let code = demo.signed_in(&mut demo.browser()).await.query("code");
    demo.clock.fetch_add(60, Ordering::SeqCst);
    assert_eq!(grant(demo.exchange(&code, &[]).await).await, refused);
}

#[tokio::test]
async fn nobody_is_sent_to_an_address_that_was_not_registered() {
    let demo = Demo::start().await;
    for changes in [
        [("redirect_uri", "http://127.0.0.1:9/callback")],
        [("redirect_uri", "http://127.0.0.1:9/callback?app=1&x=2")],
        [(
            "redirect_uri",
            "http://127.0.0.1:9/callback/../callback?app=1",
        )],
        [("redirect_uri", "https://evil.example/")],
        [("redirect_uri", "javascript:alert(1)")],
        [("redirect_uri", "")],
        [("client_id", "other")],
        [("client_id", "")],
    ] {
        let page = demo.browser().get(&demo.request(&changes)).await;
        assert_eq!(page.status, 400, "{changes:?}");
        assert!(!page.headers.contains_key("location"), "{changes:?}");
    }
    let twice = format!("{}&client_id=app", demo.request(&[]));
    assert_eq!(demo.browser().get(&twice).await.status, 400);
}

#[tokio::test]
async fn a_known_client_is_told_what_is_wrong_with_its_request() {
    let demo = Demo::start().await;
    for (change, error) in [
        (("response_type", "token"), "unsupported_response_type"),
        (("response_mode", "fragment"), "invalid_request"),
        (("scope", "email"), "invalid_scope"),
        (("code_challenge", ""), "invalid_request"),
        (("code_challenge", "short"), "invalid_request"),
        (("code_challenge_method", "plain"), "invalid_request"),
        (("code_challenge_method", ""), "invalid_request"),
        (("prompt", "none"), "login_required"),
    ] {
        let page = demo.browser().get(&demo.request(&[change])).await;
        assert_eq!(
            (page.status, page.query("error").as_str()),
            (303, error),
            "{change:?}"
        );
        assert_eq!(page.query("state"), "a&b");
        assert_eq!(page.query("app"), "1");
    }
}

#[tokio::test]
async fn wrong_names_and_passwords_do_not_sign_in() {
    let demo = Demo::start().await;
    let path = demo.request(&[]);
    for (username, password) in [
        ("ana", "ben's secret"),
        ("ana", ""),
        ("ana", "ana's secret "),
        ("Ana", "ana's secret"),
        ("", ""),
        ("eve", "ana's secret"),
    ] {
        let mut browser = demo.browser();
        let form = browser.get(&path).await.field("form");
        let fields = [
            ("form", form.as_str()),
            ("username", username),
            ("password", password),
        ];
        let page = browser.post(&path, &fields).await;
        assert_eq!(page.status, 403, "{username} {password}");
        assert!(page.body.contains("Name or password is wrong."));
        assert!(!page.body.contains("secret"), "the password is not echoed");
    }
}

#[tokio::test]
async fn a_form_of_another_site_does_not_sign_in() {
    let demo = Demo::start().await;
    let path = demo.request(&[]);
    let sign_in = [("username", "ana"), ("password", "ana's secret")];

    let mut without_form = demo.browser();
    without_form.get(&path).await;
    let mut without_cookie = demo.browser();
    let foreign = demo.browser().get(&path).await.field("form");
    let with_foreign = [&sign_in[..], &[("form", &foreign)]].concat();
    let mut empty = demo.browser();
    empty.set_cookie("arnold_demo_form", "");
    let with_empty = [&sign_in[..], &[("form", "")]].concat();

    for page in [
        without_form.post(&path, &sign_in).await,
        without_cookie.post(&path, &with_foreign).await,
        empty.post(&path, &with_empty).await,
    ] {
        assert_eq!(page.status, 403);
        assert!(page.body.contains("The form was too old or not ours."));
    }
}

#[tokio::test]
async fn the_token_page_signs_in_and_shows_the_token() {
    let demo = Demo::start().await;
    let mut browser = demo.browser();
    let begun = browser.get("/token-page").await;
    let sign_in = begun.path();
    assert!(sign_in.starts_with("/authorize?"));
    let page = browser.get(&sign_in).await;
    let form = page.field("form");
    let fields = [
        ("form", form.as_str()),
        ("username", "ben"),
        ("password", "ben's secret"),
    ];
    let returned = browser.post(&sign_in, &fields).await.path();
    assert!(returned.starts_with("/token-page?code="));

    let page = browser.get(&returned).await;
    assert_eq!(page.status, 200);
    let token = page.between("aria-describedby=\"how\">", "</textarea>");
    let claims = verified(demo.handle.issuer(), &token, NOW).await.unwrap();
    assert_eq!(
        (claims.subject(), claims.client_id()),
        ("ben", "arnold-demo")
    );
    assert!(page.body.contains("assume-role-with-web-identity"));
    assert!(
        page.body.contains(&format!("TOKEN='{token}'")),
        "{}",
        page.body
    );
    // What people are called is text, never markup.
    assert!(
        page.body.contains("ben &#60;b&#62;Example"),
        "{}",
        page.body
    );
    assert!(!page.body.contains("<b>Example"));

    assert_eq!(browser.get(&returned).await.status, 400, "the code is used");
    assert_eq!(
        demo.browser().get(&returned).await.status,
        400,
        "another browser"
    );
}

#[tokio::test]
async fn a_sign_in_that_another_browser_began_is_not_finished() {
    let demo = Demo::start().await;
    let mut attacker = demo.browser();
    let sign_in = attacker.get("/token-page").await.path();
    let form = attacker.get(&sign_in).await.field("form");
    let fields = [
        ("form", form.as_str()),
        ("username", "ben"),
        ("password", "ben's secret"),
    ];
    let returned = attacker.post(&sign_in, &fields).await.path();

    let mut victim = demo.browser();
    victim.get("/token-page").await;
    assert_eq!(victim.get(&returned).await.status, 400);
}

#[tokio::test]
async fn a_script_gets_a_token_by_password() {
    let demo = Demo::start().await;
    let form = [
        ("grant_type", "password"),
        ("client_id", "arnold-demo"),
        ("username", "ana"),
        ("password", "ana's secret"),
    ];
    let answer = demo.browser().post("/token", &form).await;
    let token = answer.json()["id_token"].as_str().unwrap().to_owned();
    let claims = verified(demo.handle.issuer(), &token, NOW).await.unwrap();
    assert_eq!(
        (claims.subject(), claims.client_id()),
        ("ana", "arnold-demo")
    );

    for (name, value, error) in [
        ("password", "wrong", "invalid_grant"),
        ("username", "eve", "invalid_grant"),
        ("client_id", "other", "invalid_client"),
        ("grant_type", "client_credentials", "unsupported_grant_type"),
    ] {
        let mut form = form.to_vec();
        form.retain(|(known, _)| *known != name);
        form.push((name, value));
        let answer = demo.browser().post("/token", &form).await;
        assert_eq!(answer.status, 400);
        assert_eq!(answer.json()["error"], error);
        form.push((name, value));
        let answer = demo.browser().post("/token", &form).await;
        assert_eq!(answer.json()["error"], "invalid_request", "twice");
    }
}

#[tokio::test]
async fn every_answer_is_guarded() {
    let demo = Demo::start().await;
    for path in [
        "/",
        "/token-page",
        "/jwks",
        "/nothing",
        "/style.css",
        &demo.request(&[]),
    ] {
        let page = demo.browser().get(path).await;
        assert_eq!(page.header("cache-control"), "no-store", "{path}");
        assert_eq!(page.header("x-frame-options"), "DENY", "{path}");
        assert_eq!(page.header("x-content-type-options"), "nosniff", "{path}");
        let policy = page.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none';"), "{path}");
        assert!(
            !policy.contains("script-src") && !policy.contains("unsafe"),
            "{path}"
        );
    }
    let page = demo.browser().get(&demo.request(&[])).await;
    assert!(
        page.header("content-security-policy")
            .contains("form-action 'self' http://127.0.0.1:9;")
    );
    let cookie = page.header("set-cookie");
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"));
}

#[tokio::test]
async fn requests_are_bounded() {
    let demo = Demo::start().await;
    let long = "x".repeat(5000);
    let page = demo
        .browser()
        .get(&demo.request(&[("unknown", &long)]))
        .await;
    assert_eq!(page.status, 400);
    let page = demo
        .browser()
        .get(&demo.request(&[("state", &long[..1025])]))
        .await;
    assert_eq!(page.status, 400);
    let large = "x".repeat(20_000);
    let page = demo
        .browser()
        .post("/token", &[("client_id", &large)])
        .await;
    assert_eq!(page.status, 413);
}

#[tokio::test]
async fn requests_by_another_name_are_turned_away() {
    let demo = Demo::start().await;
    let mut browser = demo.browser();
    browser.host = "rebound.example".to_owned();
    for path in ["/", "/jwks", "/token-page"] {
        assert_eq!(browser.get(path).await.status, 421);
    }
}

#[tokio::test]
async fn what_the_client_sends_is_shown_as_text() {
    let demo = Demo::start().await;
    let path = demo.request(&[("state", "\"><script>alert(1)</script>")]);
    let page = demo.browser().get(&path).await;
    assert_eq!(page.status, 200);
    assert!(!page.body.contains("<script"));

    let mut browser = demo.browser();
    let form = browser.get(&path).await.field("form");
    let fields = [
        ("form", form.as_str()),
        ("username", "\"><script>alert(1)</script>"),
        ("password", "x"),
    ];
    let page = browser.post(&path, &fields).await;
    assert!(page.body.contains("&#60;script&#62;"), "{}", page.body);
    assert!(!page.body.contains("<script"));
}
