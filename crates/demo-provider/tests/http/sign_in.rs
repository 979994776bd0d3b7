//! Signing in: what a person, a client and an attacker get from the sign-in page.

use crate::demo::Demo;

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
        .get(&demo.request(&[("state", &"x".repeat(1025))]))
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
