//! Tokens: what becomes of a code, of a password, and of the token page.

use std::sync::atomic::Ordering;

use crate::browser::Page;
use crate::demo::{Demo, NOW, verified};

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
